//! What was approved, as audits that others can import.

use serde::Deserialize;

use super::criteria::SAFE_TO_DEPLOY;
use super::entry::{Audit, Audits, Kind};
use super::version::VetVersion;
use crate::model::{Location, escape};

/// An approved package.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The crate's name.
    pub name: String,
    /// Its version, with the commit where it comes from a repository.
    pub version: String,
    /// What it meets; `safe-to-deploy` where nothing is said.
    #[serde(default)]
    pub criteria: Vec<String>,
    /// Who says so.
    #[serde(default)]
    pub who: Vec<String>,
    /// Why, in one's own words.
    #[serde(default)]
    pub notes: Option<String>,
}

/// Audits of whole versions for what was approved. What is the same twice stands there once.
///
/// # Errors
/// Names the first package whose name or version is none.
pub fn export(approved: &[Approval]) -> Result<Audits, String> {
    let at = Location { file: "approved".into(), line: 1, column: 1 };
    let mut out = Audits::default();
    for one in approved {
        let name = &one.name;
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(format!("`{}` is no name of a crate", escape(name)));
        }
        let version: VetVersion = one.version.parse().map_err(|why| format!("`{}`: {why}", escape(name)))?;
        let criteria =
            if one.criteria.is_empty() { vec![SAFE_TO_DEPLOY.to_owned()] } else { one.criteria.clone() };
        let audit = Audit {
            who: one.who.clone(),
            criteria,
            kind: Kind::Full(version),
            importable: true,
            notes: one.notes.clone(),
            aggregated_from: Vec::new(),
            at: at.clone(),
        };
        let entries = out.audits.entry(name.clone()).or_default();
        if !entries.contains(&audit) {
            entries.push(audit);
        }
    }
    Ok(out)
}

impl Audits {
    /// Takes another file's entries in; those that are there already, but for where they stand, are
    /// not doubled. Criteria that are here win.
    pub fn merge(&mut self, other: Self) {
        for (name, criterion) in other.criteria {
            self.criteria.entry(name).or_insert(criterion);
        }
        for (name, entries) in other.audits {
            let here = self.audits.entry(name).or_default();
            for entry in entries {
                if !here.iter().any(|known| Audit { at: entry.at.clone(), ..known.clone() } == entry) {
                    here.push(entry);
                }
            }
        }
        for (name, entries) in other.wildcards {
            self.wildcards.entry(name).or_default().extend(entries);
        }
        for (name, entries) in other.trusted {
            self.trusted.entry(name).or_default().extend(entries);
        }
    }
}
