//! What a record says of one package, whichever database it is from.

use std::collections::BTreeSet;

use rustsec::advisory::Versions;
use serde::{Deserialize, Serialize};

use crate::model::{Ecosystem, Package, Severity, Source};

use super::osv;

/// What sort of advisory it is, the gravest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Kind {
    Notice,
    Unmaintained,
    Unsound,
    Vulnerability,
    Malware,
}

impl Kind {
    /// The id of its rule.
    pub(super) fn rule(self) -> &'static str {
        match self {
            Self::Notice => "advisory/notice",
            Self::Unmaintained => "advisory/unmaintained",
            Self::Unsound => "advisory/unsound",
            Self::Vulnerability => "advisory/vulnerability",
            Self::Malware => "advisory/malware",
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        self.rule().trim_start_matches("advisory/")
    }
}

/// One record, for one package.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    pub id: String,
    /// Other ids of the same problem: `aliases` and `upstream`.
    pub aliases: BTreeSet<String>,
    /// Ids of other problems, for the references.
    pub related: BTreeSet<String>,
    pub ecosystem: Ecosystem,
    /// The package's name, as the record has it.
    pub name: String,
    pub kind: Kind,
    pub title: String,
    pub url: Option<String>,
    /// CVSS vectors as written.
    pub cvss: BTreeSet<String>,
    /// The database's own word for the severity, used where no vector gives a score.
    pub rating: Option<Severity>,
    /// Versions that fix it, as written.
    pub patched: Vec<String>,
    /// `CWE-…`.
    pub cwes: BTreeSet<String>,
    pub affected: Affected,
}

/// Which versions it is about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Affected {
    RustSec(Versions),
    Osv(Vec<osv::Affected>),
}

/// Whether a record hits a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Match {
    No,
    Yes,
    /// It may, and why that cannot be known.
    Unknown(String),
}

impl Record {
    /// Whether it hits `package`.
    pub(super) fn hits(&self, package: &Package) -> Match {
        match &self.affected {
            Affected::RustSec(versions) => {
                if !is_public(package) {
                    return Match::No;
                }
                match rustsec::Version::parse(&package.version) {
                    Ok(version) if versions.is_vulnerable(&version) => Match::Yes,
                    Ok(_) => Match::No,
                    Err(error) => {
                        Match::Unknown(format!("`{}` is not a semantic version ({error})", package.version))
                    }
                }
            }
            Affected::Osv(affected) => {
                let mut best = Match::No;
                for affected in affected {
                    match affected.hits(package) {
                        Match::Yes => return Match::Yes,
                        Match::Unknown(why) => best = Match::Unknown(why),
                        Match::No => {}
                    }
                }
                best
            }
        }
    }
}

/// Whether the package is the one that the ecosystem's public registry has under its name. A
/// crate of another registry, a fork in git or a folder may bear the same name and be another.
/// npm's lockfiles name mirrors as the origin, so any registry counts there, as do copies that
/// another package ships and archives by URL.
pub(super) fn is_public(package: &Package) -> bool {
    match (package.ecosystem, &package.source) {
        (Ecosystem::Cargo, Source::Registry { registry, .. }) => match registry.as_deref() {
            None => true,
            Some(url) => {
                let url = url.trim_start_matches("sparse+").trim_end_matches('/');
                url == "https://github.com/rust-lang/crates.io-index" || url == "https://index.crates.io"
            }
        },
        (Ecosystem::Npm, Source::Registry { .. } | Source::Bundled { .. } | Source::Tarball { .. }) => true,
        _ => false,
    }
}

/// The key under which records and packages meet. crates.io holds `-` and `_` and the case of
/// letters for the same; npm's names are taken as they are.
pub(super) fn key(ecosystem: Ecosystem, name: &str) -> (Ecosystem, String) {
    let name = match ecosystem {
        Ecosystem::Cargo => name.to_ascii_lowercase().replace('_', "-"),
        _ => name.to_owned(),
    };
    (ecosystem, name)
}
