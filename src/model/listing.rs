//! What a registry says of one package: its versions and what each asks for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{DependencyKind, Digest, PlatformSpec};

/// A package's entry in its registry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The name, as the registry writes it.
    pub name: String,
    /// When the package was first published, seconds since the epoch.
    pub created: Option<i64>,
    /// Names for versions (npm's dist-tags).
    pub tags: BTreeMap<String, String>,
    /// Its versions, in the registry's order.
    pub releases: Vec<Release>,
}

impl Listing {
    /// The version as written, if the registry has it.
    pub fn release(&self, version: &str) -> Option<&Release> {
        self.releases.iter().find(|release| release.version == version)
    }
}

/// One version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// As written.
    pub version: String,
    /// When it was published, seconds since the epoch.
    pub published: Option<i64>,
    /// Who published it, where the registry says so.
    pub publisher: Option<String>,
    /// Why it should not be used any more.
    pub deprecated: Option<String>,
    /// Why it was withdrawn; empty where no reason is given.
    pub yanked: Option<String>,
    /// The repository that it names.
    pub repository: Option<String>,
    /// Whether a statement on how it was built lies beside it; `None` where the registry does not say.
    pub attested: Option<bool>,
    /// Where those statements are, for a version of one archive.
    pub attestations: Option<String>,
    /// Digests of the archive, strongest first.
    pub integrity: Vec<Digest>,
    /// The archive's address.
    pub url: Option<String>,
    /// Licence as stated.
    pub licence: Option<String>,
    /// Platforms that it names.
    pub platform: PlatformSpec,
    /// What it asks for.
    pub needs: Vec<Need>,
    /// Features and what each turns on (Cargo).
    pub features: BTreeMap<String, Vec<String>>,
    /// Its archives, where it has several (Python), in the registry's order.
    pub files: Vec<ReleaseFile>,
}

/// One of several archives of a version, as the registry lists it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseFile {
    /// File name.
    pub name: String,
    /// Its address, absolute.
    pub url: String,
    /// Bytes, where the registry says so.
    pub size: Option<u64>,
    /// When it was published, seconds since the epoch.
    pub published: Option<i64>,
    /// Digests of the archive.
    pub integrity: Vec<Digest>,
    /// Whether it was withdrawn.
    pub yanked: bool,
    /// Versions of Python that it is for, as written (`>=3.8`).
    pub requires_python: Option<String>,
    /// Where the statements on how it was built are.
    pub provenance: Option<String>,
    /// Digests of the metadata that lies beside it (PEP 658); `None` where none does, empty where
    /// the registry gives no digest of it.
    pub metadata: Option<Vec<Digest>>,
}

/// One requirement of a version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Need {
    /// Name of the package.
    pub name: String,
    /// The name within the package that asks, where it differs.
    pub alias: Option<String>,
    /// As written.
    pub requirement: String,
    /// Why.
    pub kind: DependencyKind,
    /// Whether it can do without.
    pub optional: bool,
    /// Only where this holds (`cfg(windows)`, a marker).
    pub condition: Option<String>,
    /// Features asked for (Cargo).
    pub features: Vec<String>,
    /// Whether the default features are asked for too (Cargo).
    pub default_features: bool,
}
