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
mod read;
mod require;
mod search;
mod version;

pub use cover::{By, Conflict, Coverage, Entry, Path, Standing, Step, cover};
pub use criteria::{SAFE_TO_DEPLOY, SAFE_TO_RUN};
pub use read::{VetError, audits as read_audits, foreign as read_foreign};
pub use version::{Range, VetVersion};

use criteria::Criteria;
use entry::{Audits, Config, Lock};

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
