//! Versions with several archives (Python's wheels and source archives): each is found, verified
//! and unpacked by itself, one after the other, so that one of them is in memory at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use url::Url;

use super::archive::{self, Limits, TopFolder};
use super::local::cache;
use super::net;
use super::refusal::{declared_at, hostile, not_fetched, remark, wrong_digest};
use super::registry::Target;
use super::registry::pypi::{self, PageFile};
use super::{Acquired, Acquirer, Refusal, Remarks, limits};
use crate::model::{
    Artifact, Contents, Digest, File, Finding, Gap, GapKind, HashAlgorithm, Package, Provenance, Source,
};
use crate::resolve::pypi::name::{self, ArchiveKind};
use crate::store::blob_key;

/// Bucket of the store: what file name a digest was downloaded under.
const NAMES: &str = "names";

/// One archive of a version, verified.
#[derive(Debug, Clone)]
pub struct Distribution {
    /// File name.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// How it was checked.
    pub provenance: Provenance,
    /// Its bytes, where the store does not keep them.
    bytes: Option<Arc<Vec<u8>>>,
}

/// What is looked for.
#[derive(Debug, Clone, Default)]
struct Want {
    name: Option<String>,
    url: Option<String>,
    digests: Vec<Digest>,
}

impl Want {
    /// The digests that count: those of the strongest algorithm.
    fn strongest(&self) -> Vec<&Digest> {
        let best = self.digests.iter().map(|digest| digest.algorithm).max();
        self.digests.iter().filter(|digest| Some(digest.algorithm) == best).collect()
    }

    fn label(&self) -> String {
        match (&self.name, self.digests.first()) {
            (Some(name), _) => format!("`{name}`"),
            (None, Some(digest)) => format!("the file with {digest}"),
            (None, None) => "the files of the version".to_owned(),
        }
    }
}

/// What a version's archives are, and what is left to say of them.
#[derive(Debug, Default)]
struct Found {
    list: Vec<Distribution>,
    remarks: Remarks,
    /// Why some are missing.
    missing: Vec<String>,
}

impl Acquirer {
    /// Every archive of a version.
    pub(super) fn distributions(&self, package: &Package) -> Result<Acquired, Box<Refusal>> {
        let label = package.label();
        if package.version.is_empty() && matches!(package.source, Source::Registry { .. }) {
            return Err(not_fetched(format!(
                "no version of `{}` is pinned, so there are no contents to check; lock it (`uv lock`, `pip-compile --generate-hashes`)",
                package.name
            )));
        }
        let mut found = Found::default();
        let wants = wants(package);
        let mut open: Vec<Want> = Vec::new();
        for want in wants {
            if want.name.as_deref().is_some_and(|name| ArchiveKind::of(name).is_none()) {
                found.unreadable(&want.label());
            } else if !self.kept(package, &want, &mut found) {
                open.push(want);
            }
        }
        if !open.is_empty() && self.options.offline {
            let names: Vec<String> = open.iter().map(Want::label).collect();
            found.missing.push(format!(
                "{} of {label} not on this machine and `--offline` forbids to download: {}",
                names.len(),
                some(&names)
            ));
        } else if !open.is_empty() {
            self.fetch_all(package, open, &mut found);
        }
        found.finish(package)
    }

    /// Looks on this machine: bomvet's store, and the folders that the user's configuration names.
    fn kept(&self, package: &Package, want: &Want, found: &mut Found) -> bool {
        for digest in want.strongest() {
            let key = blob_key(digest);
            let known = match &want.name {
                Some(name) => Some(name.clone()),
                None => self.store.get(NAMES, &key).ok().flatten().and_then(|b| String::from_utf8(b).ok()),
            };
            match (known, self.store.get("blobs", &key)) {
                (Some(name), Ok(Some(bytes))) => {
                    return self.verified(package, &name, want, bytes, "store", "bomvet's store", found);
                }
                (_, Err(damaged)) => {
                    let message = damaged.to_string();
                    let finding = Finding::new("store/damaged", message, vec![declared_at(package)]);
                    found.remarks.findings.push(finding);
                }
                _ => {}
            }
        }
        let Some(name) = want.name.as_ref().filter(|name| !name.contains(['/', '\\'])) else { return false };
        if want.digests.is_empty() {
            return false;
        }
        for folder in &self.options.pypi.folders {
            // A file of that name may be another build; then the index has the right one.
            if let Ok(Some(bytes)) = cache::read(&folder.join(name))
                && want.strongest().iter().any(|digest| digest.matches(&bytes))
            {
                return self.verified(
                    package,
                    name,
                    want,
                    bytes,
                    "find-links",
                    "a `find-links` folder",
                    found,
                );
            }
        }
        false
    }

    /// Checks bytes, keeps them in the store and lists them.
    #[allow(clippy::too_many_arguments, reason = "what, where from, and where to put it")]
    fn verified(
        &self,
        package: &Package,
        name: &str,
        want: &Want,
        bytes: Vec<u8>,
        from: &'static str,
        place: &str,
        found: &mut Found,
    ) -> bool {
        let declared = want.strongest();
        let algorithm = declared.first().map_or(HashAlgorithm::Sha256, |digest| digest.algorithm);
        let digest = Digest::of(algorithm, &bytes);
        let provenance = match declared.first() {
            None => Provenance::Unverified(format!("the lockfile gives no digest for `{name}`")),
            Some(_) if declared.contains(&&digest) => Provenance::Verified { against: digest.clone(), from },
            Some(first) => {
                found.remarks.findings.push(wrong_digest(
                    package,
                    &format!("`{name}` from {place}"),
                    first,
                    &digest,
                ));
                found
                    .missing
                    .push(format!("`{name}` from {place} is not what the lockfile pins and was thrown away"));
                return from != "store";
            }
        };
        if ArchiveKind::of(name).is_none() {
            found.unreadable(&format!("`{name}`"));
            return true;
        }
        let sha256 =
            if digest.algorithm == HashAlgorithm::Sha256 { digest.clone() } else { Digest::sha256(&bytes) };
        let size = bytes.len() as u64;
        let key = blob_key(&digest);
        let mut kept = from == "store";
        if !kept && matches!(provenance, Provenance::Verified { .. }) {
            match self.store.put("blobs", &key, &bytes).and_then(|()| self.store.put(NAMES, &key, name.as_bytes())) {
                Ok(()) => kept = self.store.root().is_some(),
                Err(error) => self.note(format!(
                    "bomvet's store cannot be written ({}); the audit goes on, what was downloaded is not kept",
                    error.kind()
                )),
            }
        }
        let bytes = (!kept).then(|| Arc::new(bytes));
        found.list.push(Distribution { name: name.to_owned(), sha256, size, provenance, bytes });
        true
    }

    fn fetch_all(&self, package: &Package, open: Vec<Want>, found: &mut Found) {
        let foreign = match &package.source {
            Source::Registry { registry, .. } => registry.as_deref(),
            Source::Tarball { .. } => Some(""),
            _ => None,
        };
        let (mut direct, mut by_page) = (Vec::new(), Vec::new());
        for want in open {
            let target = want.url.as_deref().and_then(|url| match package.source {
                Source::Tarball { .. } => Some(self.options.pypi.at(Url::parse(url).ok()?)),
                _ => self.options.pypi.direct(url, foreign.is_some()),
            });
            match (target, &want.name) {
                (Some(target), Some(_)) => direct.push((want, target)),
                _ => by_page.push(want),
            }
        }
        if !by_page.is_empty() {
            match self.page(package, foreign) {
                Ok((index, files)) => self.match_page(package, by_page, &index, &files, &mut direct, found),
                Err(why) => {
                    let names: Vec<String> = by_page.iter().map(Want::label).collect();
                    found.missing.push(format!("{} cannot be looked up: {why}", some(&names)));
                }
            }
        }
        for (want, target) in direct {
            self.fetch(package, &want, &target, found);
        }
    }

    fn fetch(&self, package: &Package, want: &Want, target: &Target, found: &mut Found) {
        let got =
            self.client.get(&target.url, target.by, target.authorization.as_ref(), limits::ARCHIVE_BYTES);
        let name = want.name.clone().unwrap_or_else(|| name::file_name(target.url.path()));
        match got {
            Ok(bytes) => {
                let place = format!("what `{}` answered", net::shown(&target.url));
                self.verified(package, &name, want, bytes, "registry", &place, found);
            }
            Err(error) => {
                found.missing.push(format!("`{name}` was not downloaded: {error}; {}", error.help()));
                if let net::FetchError::TooLarge { .. } = error {
                    let spans = vec![declared_at(package)];
                    found.remarks.findings.push(Finding::new("acquire/too-large", error.to_string(), spans));
                }
            }
        }
    }

    /// The page of the first index that knows the distribution.
    fn page(&self, package: &Package, foreign: Option<&str>) -> Result<(Target, Vec<PageFile>), String> {
        let config = &self.options.pypi;
        let indices = match foreign {
            Some(index) => vec![Url::parse(index).map_err(|_| "the lockfile's index is no URL".to_owned())?],
            None => config.indices(),
        };
        let mut why = "no index is configured".to_owned();
        for index in indices {
            let Some(target) = config.page(&index, &package.name) else {
                return Err(format!(
                    "`{}` is not the name of a distribution",
                    crate::model::escape(&package.name)
                ));
            };
            let got = self.client.get_as(
                &target.url,
                target.by,
                target.authorization.as_ref(),
                pypi::PAGE_BYTES,
                pypi::ACCEPT,
            );
            let files = match got {
                Ok(bytes) => pypi::parse_page(&bytes, &target.url),
                Err(error) => Err(format!("{error}; {}", error.help())),
            };
            match files {
                Ok(files) => return Ok((target, files)),
                Err(message) => why = message,
            }
        }
        Err(why)
    }

    /// Finds the files of a page that are wanted.
    fn match_page(
        &self,
        package: &Package,
        wants: Vec<Want>,
        index: &Target,
        files: &[PageFile],
        direct: &mut Vec<(Want, Target)>,
        found: &mut Found,
    ) {
        let mut absent = Vec::new();
        let mut yanked = BTreeSet::new();
        for want in wants {
            let any = want.name.is_none() && want.digests.is_empty();
            let fits = |file: &&PageFile| match &want.name {
                Some(name) => file.name == *name,
                None if any => name::of_file(&file.name, &package.name)
                    .is_some_and(|version| name::same_version(&version, &package.version)),
                None => file.digests.iter().any(|digest| want.digests.contains(digest)),
            };
            let mut some_file = false;
            for file in files.iter().filter(fits) {
                some_file = true;
                yanked.extend(file.yanked.clone());
                let want = Want { name: Some(file.name.clone()), ..want.clone() };
                if ArchiveKind::of(&file.name).is_none() {
                    found.unreadable(&want.label());
                    continue;
                }
                direct.push((want, self.options.pypi.on_page(index, file.url.clone())));
                if !any {
                    break;
                }
            }
            if !some_file {
                absent.push(want.label());
            }
        }
        if !absent.is_empty() {
            let index = net::shown(&index.url);
            found
                .missing
                .push(format!("{} not on `{index}`; the lockfile may be old or made up", some(&absent)));
        }
        if let Some(why) = yanked.first() {
            let why = if why.is_empty() { String::new() } else { format!(": {}", crate::model::escape(why)) };
            let message = format!("the index has withdrawn (yanked) {}{why}", package.label());
            found.remarks.findings.push(Finding::new("advisory/yanked", message, vec![declared_at(package)]));
        }
    }

    /// Unpacks one archive of a version in memory. Findings are about its form.
    ///
    /// # Errors
    /// Where it is refused, or the store lost it.
    pub fn unpack_distribution(
        &self,
        package: &Package,
        one: &Distribution,
    ) -> Result<(Contents, Vec<Finding>), Box<Refusal>> {
        let bytes = match &one.bytes {
            Some(bytes) => Arc::clone(bytes),
            None => {
                let key = match &one.provenance {
                    Provenance::Verified { against, .. } => blob_key(against),
                    _ => blob_key(&one.sha256),
                };
                let bytes = self.store.get("blobs", &key).ok().flatten();
                let bytes = bytes.filter(|bytes| one.sha256.matches(bytes));
                Arc::new(bytes.ok_or_else(|| {
                    not_fetched(format!("bomvet's store no longer holds `{}`; run the audit again", one.name))
                })?)
            }
        };
        let limits = Limits::default();
        let unpacked = match ArchiveKind::of(&one.name) {
            Some(ArchiveKind::Wheel) => archive::zip(&bytes, TopFolder::None, &limits),
            Some(ArchiveKind::SourceZip) => archive::zip(&bytes, TopFolder::AnyOne, &limits),
            _ => archive::tar_gz(&bytes, TopFolder::AnyOne, &limits),
        };
        let unpacked = unpacked.map_err(|error| hostile(package, &error))?;
        let findings = unpacked.remarks.iter().map(remark).collect();
        let files = unpacked
            .files
            .into_iter()
            .map(|entry| File { path: entry.path.into(), range: entry.range, executable: entry.executable })
            .collect();
        let archive = Some((one.sha256.clone(), one.size));
        Ok((Contents::new(one.provenance.clone(), archive, files, Arc::new(unpacked.buffer)), findings))
    }
}

impl Found {
    fn unreadable(&mut self, what: &str) {
        let message = format!("{what} is an archive of a form that is not read");
        self.remarks.gaps.push(Gap::new(GapKind::NotSeen, message));
    }

    fn finish(mut self, package: &Package) -> Result<Acquired, Box<Refusal>> {
        if self.list.is_empty() {
            let why = match self.missing.as_slice() {
                [] => "no archive of it could be read".to_owned(),
                all => all.join("; "),
            };
            let mut refusal = not_fetched(format!("{}: {why}", package.label()));
            refusal.findings = self.remarks.findings;
            return Err(refusal);
        }
        let spans = vec![declared_at(package)];
        let gaps = self.missing.into_iter().map(|message| Gap {
            kind: GapKind::NotFetched,
            message,
            spans: spans.clone(),
        });
        self.remarks.gaps.extend(gaps);
        self.list.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.sha256.cmp(&b.sha256)));
        self.list.dedup_by(|a, b| a.name == b.name && a.sha256 == b.sha256);
        Ok(Acquired::Distributions { list: self.list, remarks: self.remarks })
    }
}

/// What a package's lockfile asks for.
fn wants(package: &Package) -> Vec<Want> {
    let mut out: Vec<Want> = package
        .artifacts
        .iter()
        .map(|Artifact { name, url, integrity }| Want {
            name: Some(name.clone()),
            url: url.clone(),
            digests: integrity.clone(),
        })
        .collect();
    // Digests that no file name goes with (`requirements.txt`): one file each.
    let tied =
        |digest: &&Digest| package.artifacts.iter().any(|artifact| artifact.integrity.contains(digest));
    let loose = package.integrity.iter().filter(|digest| !tied(digest));
    out.extend(loose.map(|digest| Want { digests: vec![digest.clone()], ..Want::default() }));
    if out.is_empty() {
        out.push(Want::default());
    }
    out
}

/// The first few of a list.
fn some(names: &[String]) -> String {
    let shown = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    match names.len() {
        0..=3 => shown,
        more => format!("{shown} and {} more", more - 3),
    }
}
