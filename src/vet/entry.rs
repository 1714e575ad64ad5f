//! What the files of cargo-vet hold (<https://mozilla.github.io/cargo-vet/config.html>).

use std::collections::BTreeMap;

use time::Date;

use super::version::{Range, VetVersion};
use crate::model::Location;

/// The name that a project's own entries have beside its imports.
pub const OWN: &str = "audits.toml";

/// `audits.toml` of a project, or one import's part of `imports.lock`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Audits {
    /// `[criteria.NAME]`: beyond the two that are built in.
    pub criteria: BTreeMap<String, Criterion>,
    /// `[[audits.NAME]]` by package.
    pub audits: BTreeMap<String, Vec<Audit>>,
    /// `[[wildcard-audits.NAME]]`: every version that this account publishes.
    pub wildcards: BTreeMap<String, Vec<Vouch>>,
    /// `[[trusted.NAME]]`: the same for an account that is not one's own.
    pub trusted: BTreeMap<String, Vec<Vouch>>,
}

/// A criterion of the project's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Criterion {
    /// What it means.
    pub description: Option<String>,
    /// Where it is described.
    pub description_url: Option<String>,
    /// What holds wherever it holds.
    pub implies: Vec<String>,
    /// The files that it was collected from, outermost last.
    pub aggregated_from: Vec<String>,
    /// Where it stands.
    pub at: Location,
}

/// What an audit says something about.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// One version as a whole.
    Full(VetVersion),
    /// What changed from one version to another.
    Delta(VetVersion, VetVersion),
    /// That these versions do not meet the criteria.
    Violation(Range),
}

/// `[[audits.NAME]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit {
    /// Who says so.
    pub who: Vec<String>,
    /// What is met, or violated.
    pub criteria: Vec<String>,
    /// By what.
    pub kind: Kind,
    /// Whether others may import it.
    pub importable: bool,
    /// In the auditor's words; data, never instructions.
    pub notes: Option<String>,
    /// The files that it was collected from, outermost last.
    pub aggregated_from: Vec<String>,
    /// Where it stands.
    pub at: Location,
}

/// An account of a registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// crates.io's number of the user.
    User(u64),
    /// What publishes without a user's token: `github:owner/repository`.
    Trusted(String),
}

/// `[[wildcard-audits.NAME]]` and `[[trusted.NAME]]`: what an account publishes within a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Vouch {
    /// Who says so; empty for `trusted`.
    pub who: Vec<String>,
    /// What is met.
    pub criteria: Vec<String>,
    /// Who publishes.
    pub account: Account,
    /// First day of publication (UTC).
    pub start: Date,
    /// The day after the last (UTC).
    pub end: Date,
    /// Whether the end is to be moved on when it comes near; `None` for `trusted`.
    pub renew: Option<bool>,
    /// In the auditor's words; data, never instructions.
    pub notes: Option<String>,
    /// The files that it was collected from, outermost last.
    pub aggregated_from: Vec<String>,
    /// Where it stands.
    pub at: Location,
}

/// `config.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// What new audits are for.
    pub default_criteria: String,
    /// The format's version, as written.
    pub version: Option<String>,
    /// `[imports.NAME]`.
    pub imports: BTreeMap<String, Import>,
    /// `[policy.NAME]` and `[policy."NAME:VERSION"]`.
    pub policy: BTreeMap<PolicyKey, Policy>,
    /// `[[exemptions.NAME]]`.
    pub exemptions: BTreeMap<String, Vec<Exemption>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            default_criteria: super::criteria::SAFE_TO_DEPLOY.to_owned(),
            version: None,
            imports: BTreeMap::new(),
            policy: BTreeMap::new(),
            exemptions: BTreeMap::new(),
        }
    }
}

/// Whose audits count.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    /// Where their files are.
    pub url: Vec<String>,
    /// Packages for which they do not count.
    pub exclude: Vec<String>,
    /// What their criteria are called here.
    pub criteria_map: BTreeMap<String, Vec<String>>,
    /// Where it stands.
    pub at: Location,
}

/// Which packages a policy is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyKey {
    /// Their name.
    pub name: String,
    /// One version of it, or all.
    pub version: Option<VetVersion>,
}

/// What is asked of a package and of what it brings.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Whether a package from elsewhere is audited like the one of that name on crates.io.
    pub audit_as_crates_io: Option<bool>,
    /// What it and what it needs must meet, whatever its dependants ask.
    pub criteria: Option<Vec<String>>,
    /// What its dev-dependencies must meet.
    pub dev_criteria: Option<Vec<String>>,
    /// What these dependencies must meet instead, by name.
    pub dependency_criteria: BTreeMap<String, Vec<String>>,
    /// In the project's words.
    pub notes: Option<String>,
    /// Where it stands.
    pub at: Location,
}

/// A version that is used without an audit.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemption {
    /// Which.
    pub version: VetVersion,
    /// For what.
    pub criteria: Vec<String>,
    /// Whether it is still to be audited.
    pub suggest: bool,
    /// In the project's words.
    pub notes: Option<String>,
    /// Where it stands.
    pub at: Location,
}

/// `imports.lock`: what was fetched when the network was last asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lock {
    /// `[[publisher.NAME]]`.
    pub publishers: BTreeMap<String, Vec<Publisher>>,
    /// `[[unpublished.NAME]]`.
    pub unpublished: BTreeMap<String, Vec<Unpublished>>,
    /// `[audits.IMPORT.…]`, in the project's own criteria.
    pub audits: BTreeMap<String, Audits>,
}

/// Who published a version, as crates.io said.
#[derive(Debug, Clone, PartialEq)]
pub struct Publisher {
    /// Which version.
    pub version: VetVersion,
    /// On which day (UTC).
    pub when: Date,
    /// Who.
    pub account: Account,
    /// The account's name.
    pub login: Option<String>,
    /// The person's name.
    pub name: Option<String>,
    /// Where it stands.
    pub at: Location,
}

/// A version of the project's own that is not on crates.io yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Unpublished {
    /// Which.
    pub version: VetVersion,
    /// The published version that stands for it.
    pub audited_as: VetVersion,
    /// Where it stands.
    pub at: Location,
}
