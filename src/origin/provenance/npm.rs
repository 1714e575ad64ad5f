//! npm: `dist.attestations.url` leads to a list of bundles
//! (<https://github.com/npm/attestation/tree/main/specs/publish/v0.1>). As npm does, its path is
//! asked of the configured registry.

use super::{Archive, Failure, Metadata, Missing, Tally, identity, is_about};
use crate::model::{Ecosystem, Package, Release, purl};
use crate::sigstore::{self, Labelled, TrustRoot};

/// npm's own word that it took the archive in.
const PUBLISH: &str = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1";
/// Any version of SLSA's provenance, by who built it.
const SLSA: &str = "https://slsa.dev/provenance/";

impl Metadata {
    pub(super) fn npm_statements(
        &self,
        package: &Package,
        release: &Release,
        archives: &[Archive],
    ) -> Result<Tally, Missing> {
        let address = release.attestations.as_deref();
        let address = address.ok_or_else(|| Missing::Broken("the registry names no address".to_owned()))?;
        let target = self.options.npm.attestations(&package.name, address).map_err(Missing::Broken)?;
        let answer = self.statements(&target, "application/json")?;
        let mut tally = read(&answer, package, archives, TrustRoot::builtin());
        tally.named = release.repository.iter().cloned().collect();
        Ok(tally)
    }
}

/// What npm's answer comes to.
pub(super) fn read(answer: &[u8], package: &Package, archives: &[Archive], root: &TrustRoot) -> Tally {
    let mut tally = Tally::default();
    let list = match sigstore::npm(answer) {
        Ok(list) => list,
        Err(problem) => {
            tally.failures.push(Failure::answer(problem));
            return tally;
        }
    };
    let [archive] = archives else {
        tally.failures.push(Failure::Unchecked("the version does not have exactly one archive".to_owned()));
        return tally;
    };
    let mut any = false;
    for one in list {
        let by_builder = one.predicate_type.starts_with(SLSA);
        any |= by_builder;
        if !by_builder && one.predicate_type != PUBLISH {
            continue;
        }
        match held(one, by_builder, package, archive, root) {
            Ok(who) => tally.verified.extend(who),
            // npm changes its keys; that says nothing of the builder's statement.
            Err(Failure::Unchecked(why)) if !by_builder => tally.notes.push(why),
            Err(failure) => tally.failures.push(failure),
        }
    }
    if !any {
        tally.failures.push(Failure::Unchecked("there is none by who built it".to_owned()));
    }
    tally
}

type Held = Option<(sigstore::Identity, i64, u64)>;

fn held(
    one: Labelled,
    by_builder: bool,
    package: &Package,
    archive: &Archive,
    root: &TrustRoot,
) -> Result<Held, Failure> {
    let verified = sigstore::verify(&one.bundle?, root)?;
    if verified.statement.predicate_type != one.predicate_type {
        return Err(Failure::Invalid("it is of another kind than the registry says".to_owned()));
    }
    let who = identity(&verified);
    if who.is_some() != by_builder {
        return Err(Failure::Invalid("it is signed by somebody whose word it is not".to_owned()));
    }
    // npm takes provenance from builds of a repository only.
    if let Some((who, ..)) = who.as_ref().filter(|(who, ..)| who.repository.is_none()) {
        return Err(Failure::Invalid(format!(
            "it is signed by `{}`, which is no build of a repository",
            who.name
        )));
    }
    let own = purl(Ecosystem::Npm, &package.name, &package.version, &[]);
    let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    is_about(&verified.statement, "sha512", archive, |name| plain(name) == plain(&own))?;
    Ok(who)
}
