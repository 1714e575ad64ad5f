//! Audits in the format of cargo-vet (<https://mozilla.github.io/cargo-vet>): read, written, and
//! used as evidence with the answers that `cargo vet` gives.
//!
//! In: a folder `supply-chain` (`config.toml`, `audits.toml`, `imports.lock`) and the graph. Out:
//! for every package of crates.io whether audits lead to its version, by which, and what
//! contradicts them. Nothing is fetched: what imports say and who published a version is what
//! `imports.lock` holds; a package on which it is silent is not covered.
//!
//! The order: [`read`] the files, [`criteria`] and what they imply, what the project requires of
//! each package ([`require`]), the audits as edges between versions ([`edges`]), a [`search`] from
//! nothing to the version.

mod cover;
mod criteria;
mod edges;
pub mod entry;
mod export;
mod import;
mod place;
mod problems;
mod read;
mod require;
mod search;
pub mod show;
#[cfg(test)]
mod tests;
mod version;
pub mod write;

pub use cover::{By, Conflict, Coverage, Entry, Path, Standing, Step, cover};
pub use criteria::{SAFE_TO_DEPLOY, SAFE_TO_RUN};
pub use export::{Approval, export};
pub use place::store_folder;
pub use read::{VetError, audits as read_audits, foreign as read_foreign};
pub use show::findings;
pub use version::{Range, VetVersion};

use criteria::Criteria;
use entry::{Audits, Config, Lock};

impl Store {
    /// What counts here of a published file that [`read_foreign`] gave; beside it what was left out,
    /// a line each.
    pub fn imported(&self, import: &entry::Import, theirs: Audits) -> (Audits, Vec<String>) {
        import::imported(&self.criteria, import, theirs)
    }
}

/// The files of one project, read and found sound.
#[derive(Debug, Clone)]
pub struct Store {
    /// `config.toml`.
    pub config: Config,
    /// `audits.toml`.
    pub audits: Audits,
    /// `imports.lock`.
    pub lock: Lock,
    criteria: Criteria,
}
