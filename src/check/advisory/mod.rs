//! Advisories: RustSec and OSV records against the resolved packages.

use std::path::PathBuf;

use crate::model::{DatabaseInfo, Ecosystem, Hit, Package};

/// Where the databases are.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// RustSec: a clone, a folder or an archive (`.tar.gz`). OSV: a folder or `.zip` of JSON
    /// records. Told apart by what is in them.
    pub databases: Vec<PathBuf>,
    /// The audit's time, seconds since the epoch, for the age.
    pub now: i64,
}

/// Loaded databases.
#[derive(Debug, Default)]
pub struct Advisories {
    /// One entry each.
    pub databases: Vec<DatabaseInfo>,
}

/// Why a database could not be read. Exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("advisory database `{path}`: {message}")]
pub struct AdvisoryError {
    /// Its path.
    pub path: PathBuf,
    /// What is wrong.
    pub message: String,
}

impl Advisories {
    /// Loads the databases, only the records of packages in `packages`.
    ///
    /// # Errors
    /// Where a database cannot be read or a record in it is not one.
    pub fn load(options: &Options, packages: &[Package]) -> Result<Self, AdvisoryError> {
        let _ = (options, packages);
        Ok(Self::default())
    }

    /// Whether any database covers the ecosystem.
    pub fn covers(&self, ecosystem: Ecosystem) -> bool {
        self.databases.iter().any(|database| database.ecosystems.contains(&ecosystem))
    }

    /// Every hit of every package, aliases merged, sorted.
    pub fn hits(&self, packages: &[Package]) -> Vec<Hit> {
        let _ = packages;
        Vec::new()
    }
}
