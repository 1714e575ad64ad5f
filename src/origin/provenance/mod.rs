//! Statements on how a version was built, verified against the archive that was looked at.
//!
//! In: packages with the digests of their archives, as acquired. Out: a [`BuildProvenance`] and
//! findings for each that has such statements. npm's lie in one list for a version (SLSA
//! provenance by whoever built it, and npm's own word that it was published), PyPI's beside each
//! archive (PEP 740). [`crate::sigstore`] verifies signatures and log; here the subject is compared
//! with the archive, and the repository with the one that the package names.
//!
//! What lacks a statement gets no finding for that; what has one that does not hold does. The
//! predicate of a statement is its builder's own word and is not read: repository, workflow and
//! commit are those of the certificate.

mod fetch;
mod npm;
mod pypi;
mod repository;
#[cfg(test)]
mod tests;

use super::facts;
use super::{Metadata, limits};
use crate::model::{BuildProvenance, Digest, Ecosystem, Finding, Package, ProvenanceState};
use crate::resolve::newest::Registry as _;
use crate::sigstore::{Identity, Problem, Statement, TrustRoot, Verified};

/// One archive of a package, as it was acquired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// File name; empty where the version has one archive.
    pub name: String,
    /// Its digests, of the bytes that were looked at.
    pub digests: Vec<Digest>,
}

/// What came of one package's statements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attested {
    /// The result; `None` where there are none.
    pub provenance: Option<BuildProvenance>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Why they were not looked at, for a note.
    pub unknown: Option<String>,
}

/// For a note, where the built-in trust root is too old to know of keys that were withdrawn.
pub fn stale_root(now: i64) -> Option<String> {
    let dated = TrustRoot::builtin().dated;
    (now > dated.good_until).then(|| {
        format!(
            "provenance was verified with Sigstore's trust root of {}, which has expired: keys that were added or withdrawn since are not known; update bomvet",
            dated.of
        )
    })
}

/// Why statements were not had.
enum Missing {
    /// Nobody answered, or nobody was asked: a note.
    Unknown(String),
    /// The registry does not have what it says that it has.
    Broken(String),
}

/// What was said about one statement that is not verified.
#[derive(Debug)]
enum Failure {
    Invalid(String),
    Unchecked(String),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Invalid(why) => Self::Invalid(why),
            Problem::Unsupported(why) => Self::Unchecked(why),
        }
    }
}

impl Failure {
    /// Of an answer as a whole.
    fn answer(problem: Problem) -> Self {
        match problem {
            Problem::Invalid(why) => Self::Invalid(format!("what the registry answered {why}")),
            Problem::Unsupported(why) => Self::Unchecked(format!("what the registry answered {why}")),
        }
    }
}

/// What came of all statements of one version.
#[derive(Debug, Default)]
struct Tally {
    /// Signed by whoever built it, subject compared.
    verified: Vec<(Identity, i64, u64)>,
    failures: Vec<Failure>,
    /// The registry's own statement was by a key that is not known here.
    notes: Vec<String>,
    /// Archives that have none although others of the version do.
    bare: Vec<String>,
    /// Repositories that the package names, as written.
    named: Vec<String>,
}

impl Metadata {
    /// Verifies the statements of packages that [`Metadata::all`] knows, in their order.
    pub fn attested(&self, list: &[(&Package, &[Archive])]) -> Vec<Attested> {
        self.each(list, |(package, archives)| self.attested_one(package, archives))
    }

    fn attested_one(&self, package: &Package, archives: &[Archive]) -> Attested {
        let Ok(listing) = self.listing(package.ecosystem, &package.name) else { return Attested::default() };
        let Some(release) = facts::release(package.ecosystem, &listing, &package.version) else {
            return Attested::default();
        };
        let there =
            release.attested == Some(true) || release.files.iter().any(|file| file.provenance.is_some());
        if !there || !self.can_ask(package) {
            return Attested::default();
        }
        if archives.is_empty() {
            return unchecked("its archive is not here to compare with");
        }
        let tally = match package.ecosystem {
            Ecosystem::Npm => self.npm_statements(package, release, archives),
            Ecosystem::Pypi => self.pypi_statements(package, release, archives),
            _ => return Attested::default(),
        };
        match tally {
            Ok(tally) => judge(package, tally),
            Err(Missing::Unknown(why)) => Attested { unknown: Some(why.clone()), ..unchecked(&why) },
            Err(Missing::Broken(why)) => {
                judge(package, Tally { failures: vec![Failure::Unchecked(why)], ..Tally::default() })
            }
        }
    }
}

fn unchecked(why: &str) -> Attested {
    let provenance = BuildProvenance {
        state: ProvenanceState::Unchecked,
        root: TrustRoot::builtin().dated.of.to_owned(),
        why: Some(facts::line(why)),
        ..BuildProvenance::default()
    };
    Attested { provenance: Some(provenance), ..Attested::default() }
}

/// From what was seen to a result and findings.
fn judge(package: &Package, tally: Tally) -> Attested {
    let mut findings = Vec::new();
    let mut find = |rule: &str, message: String| {
        findings.push(Finding::new(rule, message, vec![facts::place(package)]));
    };
    let label = package.label();
    let mut state = ProvenanceState::Verified;
    let mut why = None;
    for failure in &tally.failures {
        let (failed, rule, said) = match failure {
            Failure::Invalid(said) => (ProvenanceState::Invalid, "origin/provenance-invalid", said),
            Failure::Unchecked(said) => (ProvenanceState::Unchecked, "origin/provenance-unchecked", said),
        };
        let verb = if failed == ProvenanceState::Invalid { "does not hold" } else { "could not be verified" };
        find(rule, format!("a statement on how {label} was built {verb}: {}", facts::line(said)));
        if state != ProvenanceState::Invalid {
            (state, why) = (failed, Some(facts::line(said)));
        }
    }
    if !tally.bare.is_empty() {
        let names = facts::line(&tally.bare.join(", "));
        find(
            "origin/provenance-partial",
            format!(
                "archives of {label} have no statement on how they were built, others of it have one: {names}"
            ),
        );
        if state == ProvenanceState::Verified {
            (state, why) =
                (ProvenanceState::Unchecked, Some(format!("archives without a statement: {names}")));
        }
    }
    if state == ProvenanceState::Verified && tally.verified.is_empty() {
        state = ProvenanceState::Unchecked;
        why = Some("there is no statement by who built it".to_owned());
    }
    let mut provenance = BuildProvenance {
        state,
        root: TrustRoot::builtin().dated.of.to_owned(),
        why,
        ..BuildProvenance::default()
    };
    if let (ProvenanceState::Verified, Some((who, logged, index))) = (state, tally.verified.first()) {
        let said = |text: &Option<String>| text.as_deref().map(facts::line);
        provenance = BuildProvenance {
            repository: said(&who.repository),
            workflow: said(&who.workflow),
            commit: said(&who.commit),
            reference: said(&who.reference),
            trigger: said(&who.trigger),
            run: said(&who.run),
            signer: Some(facts::line(&who.name)),
            issuer: said(&who.issuer),
            logged: Some(*logged),
            log_index: Some(*index),
            ..provenance
        };
    }
    // Also of what holds for some archives only: who built those is shown.
    let mut told = std::collections::BTreeSet::new();
    for (who, ..) in &tally.verified {
        if let Some(message) = repository::differs(&label, who, &tally.named)
            && told.insert(message.clone())
        {
            find("origin/provenance-mismatch", message);
        }
    }
    let unknown = tally.notes.into_iter().next();
    Attested { provenance: Some(provenance), findings, unknown }
}

/// The statement is about this archive: under that name, with the digest of that algorithm.
fn is_about(
    statement: &Statement,
    algorithm: &str,
    archive: &Archive,
    named: impl Fn(&str) -> bool,
) -> Result<(), Failure> {
    let digest = archive.digests.iter().find(|digest| digest.algorithm.as_str() == algorithm);
    let Some(digest) = digest else {
        return Err(Failure::Unchecked(format!("the archive's {algorithm} is not known")));
    };
    let mut subjects = statement.subjects.iter().filter(|subject| named(&subject.name)).peekable();
    let Some(first) = subjects.peek() else {
        let name = statement.subjects.first().map(|subject| subject.name.as_str()).unwrap_or_default();
        return Err(Failure::Invalid(format!("it is about `{name}`")));
    };
    let stated = first.digests.iter().find(|(name, _)| name == algorithm).map(|(_, hex)| hex.as_str());
    let wanted = digest.hex();
    let same = |(name, hex): &(String, String)| name == algorithm && *hex == wanted;
    if subjects.all(|subject| subject.digests.iter().any(same)) {
        return Ok(());
    }
    let short = |hex: &str| hex.chars().take(16).collect::<String>();
    let (stated, wanted) = (stated.map_or_else(|| "none".to_owned(), short), short(&wanted));
    Err(Failure::Invalid(format!(
        "it is about an archive with another {algorithm} ({stated}…, not {wanted}…)"
    )))
}

/// Who signed, where that is no key of a registry.
fn identity(verified: &Verified) -> Option<(Identity, i64, u64)> {
    match &verified.signer {
        crate::sigstore::Signer::Identity(who) => Some(((**who).clone(), verified.logged, verified.index)),
        crate::sigstore::Signer::Key(_) => None,
    }
}
