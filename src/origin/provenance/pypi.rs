//! PyPI: a provenance object beside each archive
//! (<https://packaging.python.org/en/latest/specifications/index-hosted-attestations/>, PEP 740).

use url::Url;

use super::{Archive, Failure, Metadata, Missing, Tally, identity, is_about};
use crate::model::{Ecosystem, Package, Release};
use crate::sigstore::{self, Bundle, Identity, Problem, Publisher, TrustRoot};

/// What the index asks for beside the media type of plain JSON.
const ACCEPT: &str = "application/vnd.pypi.integrity.v1+json, application/json;q=0.5";
/// The publisher's word that the archive is its.
const PUBLISH: &str = "https://docs.pypi.org/attestations/publish/v1";
/// Any version of SLSA's provenance.
const SLSA: &str = "https://slsa.dev/provenance/";

impl Metadata {
    pub(super) fn pypi_statements(
        &self,
        package: &Package,
        release: &Release,
        archives: &[Archive],
    ) -> Result<Tally, Missing> {
        let page = self.target(Ecosystem::Pypi, &package.name).map_err(Missing::Unknown)?;
        let mut tally = Tally::default();
        let mut described = None;
        for archive in archives {
            let same = |digest: &&crate::model::Digest| archive.digests.contains(digest);
            let Some(file) = release.files.iter().find(|file| file.integrity.iter().any(|d| same(&d))) else {
                let why = format!("the registry lists no archive with the digest of `{}`", archive.name);
                tally.failures.push(Failure::Unchecked(why));
                continue;
            };
            let Some(address) = &file.provenance else {
                tally.bare.push(file.name.clone());
                continue;
            };
            described = described.or(Some(file));
            let url = Url::parse(address);
            let url = url.map_err(|_| Missing::Broken("its address is no URL".to_owned()))?;
            let target = self.options.pypi.on_page(&page, url);
            match self.statements(&target, ACCEPT) {
                Ok(answer) => read(&answer, &file.name, archive, TrustRoot::builtin(), &mut tally),
                Err(Missing::Broken(why)) => tally.failures.push(Failure::Unchecked(why)),
                Err(unknown) => return Err(unknown),
            }
        }
        if let Some(file) = described.filter(|_| !tally.verified.is_empty()) {
            match self.core(&package.name, file) {
                Ok(text) => tally.named = super::repository::in_metadata(&text),
                Err(_) => {
                    tally.notes.push("its metadata, which may name its repository, was not had".to_owned())
                }
            }
        }
        Ok(tally)
    }
}

/// What the index' answer about one archive comes to.
pub(super) fn read(answer: &[u8], file: &str, archive: &Archive, root: &TrustRoot, tally: &mut Tally) {
    let list = match sigstore::pypi(answer) {
        Ok(list) => list,
        Err(problem) => return tally.failures.push(Failure::answer(problem)),
    };
    let (mut held_one, before) = (false, tally.failures.len());
    for one in list {
        for bundle in one.bundles {
            match held(bundle, &one.publisher, file, archive, root) {
                Ok(Some(who)) => {
                    held_one = true;
                    tally.verified.push(who);
                }
                Ok(None) => {}
                Err(failure) => tally.failures.push(failure),
            }
        }
    }
    if !held_one && tally.failures.len() == before {
        tally.failures.push(Failure::Unchecked(format!("there is none about `{file}` by who built it")));
    }
}

type Held = Option<(Identity, i64, u64)>;

fn held(
    bundle: Result<Bundle, Problem>,
    publisher: &Publisher,
    file: &str,
    archive: &Archive,
    root: &TrustRoot,
) -> Result<Held, Failure> {
    let verified = sigstore::verify(&bundle?, root)?;
    let kind = verified.statement.predicate_type.as_str();
    is_about(&verified.statement, "sha256", archive, |name| same_file(name, file))?;
    let who =
        identity(&verified).ok_or_else(|| Failure::Invalid("nobody is named as its signer".to_owned()))?;
    published_by(publisher, &who.0)?;
    Ok((kind == PUBLISH || kind.starts_with(SLSA)).then_some(who))
}

/// Names of archives are equal in any of their spellings.
fn same_file(a: &str, b: &str) -> bool {
    let plain = |name: &str| -> String {
        name.chars().map(|c| if matches!(c, '-' | '.') { '_' } else { c.to_ascii_lowercase() }).collect()
    };
    plain(a) == plain(b)
}

/// Who published by the index' word is who signed.
fn published_by(publisher: &Publisher, who: &Identity) -> Result<(), Failure> {
    let host = match publisher.kind.as_str() {
        "GitHub" => "https://github.com/",
        "GitLab" => "https://gitlab.com/",
        // Others have no repository in their certificates, or none to compare with.
        _ => return Ok(()),
    };
    let repository = publisher.repository.as_deref().unwrap_or_default();
    let signed = who.repository.as_deref().unwrap_or_default();
    if !signed.eq_ignore_ascii_case(&format!("{host}{repository}")) {
        return Err(Failure::Invalid(format!(
            "the index says that `{repository}` published it, the certificate says `{signed}`"
        )));
    }
    // The workflow that was started, or the shared one that it called.
    let ran = |workflow: &str| {
        let file = format!("/{workflow}@");
        who.workflow.iter().chain([&who.name]).any(|address| address.contains(&file))
    };
    match publisher.workflow.as_deref() {
        Some(workflow) if publisher.kind == "GitHub" && !ran(workflow) => Err(Failure::Invalid(format!(
            "the index says that the workflow `{workflow}` published it, the certificate says `{}`",
            who.workflow.as_deref().unwrap_or(&who.name)
        ))),
        _ => Ok(()),
    }
}
