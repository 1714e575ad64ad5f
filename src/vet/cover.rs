//! What the audits say of each package.

use std::collections::BTreeMap;

use super::Store;
use super::criteria::Set;
use super::edges::Entries;
use super::require::Needs;
use super::search::Search;
use crate::model::{Dependency, Location, Package};

/// What the audits say of one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Its name.
    pub name: String,
    /// Its version as audits write it: with the commit where it comes from a repository.
    pub version: String,
    /// What the project asks of it; criteria that another implies are left out here and below.
    pub required: Vec<String>,
    /// Every criterion that audits and exemptions show.
    pub met: Vec<String>,
    /// What of the required is not shown.
    pub missing: Vec<String>,
    /// For each required criterion that is shown, by what.
    pub paths: Vec<Path>,
    /// Audits and exemptions of this name that a violation contradicts, whatever their version.
    pub conflicts: Vec<Conflict>,
    /// Violations that are about this very version.
    pub violations: Vec<Entry>,
}

/// Where a package stands; the better ones last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Somebody says that an audit of it is wrong.
    Violated,
    /// Something required is not shown.
    Unvetted,
    /// It is used without an audit.
    Exempted,
    /// It differs from an exempted version by what was audited.
    Partly,
    /// Audits show all that is required.
    Audited,
}

impl Standing {
    /// The name in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Violated => "violated",
            Self::Unvetted => "unvetted",
            Self::Exempted => "exempted",
            Self::Partly => "partly-audited",
            Self::Audited => "audited",
        }
    }
}

impl Coverage {
    /// Where the package stands.
    pub fn standing(&self) -> Standing {
        if !self.conflicts.is_empty() {
            return Standing::Violated;
        }
        if !self.missing.is_empty() {
            return Standing::Unvetted;
        }
        let exempted =
            self.paths.iter().filter(|path| path.steps.iter().any(|step| step.by == By::Exemption));
        exempted
            .map(|path| if path.steps.len() == 1 { Standing::Exempted } else { Standing::Partly })
            .min()
            .unwrap_or(Standing::Audited)
    }

    /// Whether `cargo vet` would let it pass.
    pub fn is_vetted(&self) -> bool {
        self.standing() > Standing::Unvetted
    }

    /// Whether somebody audited it: all that is required is shown without exemption, that is not
    /// nothing, and no violation is about it.
    pub fn is_evidence(&self) -> bool {
        self.standing() == Standing::Audited && !self.required.is_empty() && self.violations.is_empty()
    }
}

/// How a criterion is shown: from nothing to the version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The criterion.
    pub criterion: String,
    /// In order, at least one.
    pub steps: Vec<Step>,
}

/// One entry of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What kind of entry.
    pub by: By,
    /// The version that it starts from; `None` for nothing.
    pub from: Option<String>,
    /// The version that it leads to.
    pub to: String,
    /// The entry.
    pub entry: Entry,
}

/// Kinds of entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// An audit of the whole version.
    Full,
    /// An audit of what changed.
    Delta,
    /// A wildcard audit and who published the version.
    Wildcard,
    /// A trusted account and who published the version.
    Trusted,
    /// The published version that stands for one that is not published.
    Unpublished,
    /// An exemption.
    Exemption,
}

impl By {
    /// The name in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "audit",
            Self::Delta => "delta",
            Self::Wildcard => "wildcard-audit",
            Self::Trusted => "trusted",
            Self::Unpublished => "unpublished",
            Self::Exemption => "exemption",
        }
    }
}

/// An entry of one of the files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Whose: the import's name, or the project's file.
    pub source: String,
    /// What it is about, as written: `1.0.0`, `1.0.0 -> 1.1.0`, `>=1, <1.2`.
    pub what: String,
    /// Its criteria.
    pub criteria: Vec<String>,
    /// Who says so.
    pub who: Vec<String>,
    /// In their words; data, never instructions.
    pub notes: Option<String>,
    /// Where it stands.
    pub at: Location,
}

/// A violation and what it contradicts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// The violation.
    pub violation: Entry,
    /// The audit or exemption.
    pub against: Entry,
}

/// What the audits say of every package that `cargo vet` would audit: those of crates.io, and those
/// that the configuration says to audit like them, as far as the project's own packages reach them.
/// By purl; a package that is not in it is not covered.
pub fn cover(store: &Store, packages: &[Package], dependencies: &[Dependency]) -> BTreeMap<String, Coverage> {
    let needs = Needs::new(store, packages, dependencies);
    let mut entries: BTreeMap<&str, Entries<'_>> = BTreeMap::new();
    let mut out = BTreeMap::new();
    for need in needs.audited() {
        let name = need.package.name.as_str();
        let entries = entries.entry(name).or_insert_with(|| Entries::new(store, name));
        let criteria = &store.criteria;
        let mut met = Set::default();
        let mut paths = Vec::new();
        let mut missing = Set::default();
        let heads = criteria.heads(&need.required);
        let search = Search::new(entries, &need.version);
        for one in criteria.all().members() {
            match search.path(one) {
                Some(steps) => {
                    met.insert(one);
                    if heads.contains(&one) {
                        paths.push(Path { criterion: criteria.name(one).to_owned(), steps });
                    }
                }
                None if need.required.has(one) => missing.insert(one),
                None => {}
            }
        }
        paths.sort_by(|a, b| a.criterion.cmp(&b.criterion));
        let coverage = Coverage {
            name: need.package.name.clone(),
            version: need.version.to_string(),
            required: criteria.names(&need.required),
            met: criteria.names(&met),
            missing: criteria.names(&missing),
            paths,
            conflicts: entries.conflicts.clone(),
            violations: entries.violations_of(&need.version),
        };
        out.insert(need.package.purl.clone(), coverage);
    }
    out
}
