//! Advisories that hit a package, and the databases that they come from.

use serde::{Deserialize, Serialize};

use super::{Ecosystem, Finding};

/// What is written into the BoM of each database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DatabaseInfo {
    /// `rustsec` or `osv`.
    pub kind: &'static str,
    /// Ecosystems that it covers.
    pub ecosystems: Vec<Ecosystem>,
    /// Commit, where known.
    pub commit: Option<String>,
    /// Newest record or commit time, seconds since the epoch, where known.
    pub updated: Option<i64>,
    /// Records read.
    pub records: usize,
    /// SHA-256 over the records read.
    pub digest: String,
    /// Records that could not be read: path within the database and why, sorted; a last entry
    /// `~` counts those beyond the first hundred.
    pub skipped: Vec<(String, String)>,
}

/// One advisory that hits a package: the finding, and what CycloneDX needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hit {
    /// Purl of the package.
    pub purl: String,
    /// Main id (`RUSTSEC-…` for crates, else the OSV id).
    pub id: String,
    /// Other ids of the same problem, sorted.
    pub aliases: Vec<String>,
    /// `vulnerability`, `unmaintained`, `unsound`, `yanked`, `notice`, `malware`.
    pub kind: String,
    /// CVSS vectors, sorted.
    pub cvss: Vec<String>,
    /// Base score of the best vector, times ten.
    pub score: Option<u32>,
    /// Versions that fix it, as the record writes them.
    pub patched: Vec<String>,
    /// Title.
    pub title: String,
    /// Where to read more.
    pub url: Option<String>,
    /// The finding.
    pub finding: Finding,
}
