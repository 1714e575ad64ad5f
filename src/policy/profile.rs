//! The built-in profiles.

use serde::Serialize;

use crate::model::{CapabilityKind, Confidence, GapKind, Severity};

/// Names of the built-in profiles.
pub const PROFILES: [&str; 4] = ["ci", "skill", "periodic", "micro"];

/// What denies under a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Findings at least this severe…
    pub deny_severity: Severity,
    /// …and at least this sure deny.
    pub deny_confidence: Confidence,
    /// Kinds of advisory that deny (`vulnerability`, `malware`, `unsound`, `unmaintained`,
    /// `yanked`, `notice`)…
    pub deny_advisories: Vec<String>,
    /// …when at least this severe.
    pub deny_advisory_severity: Severity,
    /// Missing evidence that denies.
    pub deny_gaps: Vec<GapKind>,
    /// Capabilities that need a grant.
    pub deny_capabilities: Vec<CapabilityKind>,
    /// Capabilities that need a grant when a version gains them against the base.
    pub deny_gained: Vec<CapabilityKind>,
    /// SPDX ids that a package's licence may not require.
    pub deny_licences: Vec<String>,
    /// A package of more lines of code than this is denied; 0 for no limit.
    pub max_code_lines: u64,
}

impl Profile {
    /// The built-in profile of that name.
    pub fn builtin(name: &str) -> Option<Self> {
        use GapKind::{
            NeedsReview, NoAdvisories, NotCovered, NotFetched, NotParsed, NotResolved, NotSeen, Unverified,
        };
        let base = Self {
            name: name.to_owned(),
            deny_severity: Severity::High,
            deny_confidence: Confidence::Medium,
            deny_advisories: vec!["malware".to_owned(), "vulnerability".to_owned()],
            deny_advisory_severity: Severity::Info,
            // Unknown features and platforms make the graph larger, never smaller, so they hide
            // nothing and are tolerated; all that hides something denies.
            deny_gaps: vec![
                NotFetched,
                Unverified,
                NotParsed,
                NotSeen,
                NotCovered,
                NoAdvisories,
                NeedsReview,
            ],
            deny_capabilities: Vec::new(),
            deny_gained: Vec::new(),
            deny_licences: Vec::new(),
            max_code_lines: 0,
        };
        match name {
            "ci" => Some(base),
            "skill" => {
                let deny_gaps = [base.deny_gaps.as_slice(), &[NotResolved]].concat();
                Some(Self { deny_severity: Severity::Medium, deny_gaps, ..base })
            }
            // A report is read by people: what could not be parsed or seen is shown, not denied.
            "periodic" => Some(Self {
                deny_gaps: vec![NotFetched, Unverified, NotCovered, NoAdvisories, NeedsReview],
                ..base
            }),
            "micro" => Some(Self {
                deny_severity: Severity::Medium,
                deny_capabilities: CapabilityKind::ALL.to_vec(),
                max_code_lines: 2000,
                ..base
            }),
            _ => None,
        }
    }
}
