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
    /// Combinations that need a grant: `source -> sink` of flows (`secret -> net`) and of an agent's
    /// tools that one package uses together (`mail.read -> http.post`); `*` stands for any characters.
    pub deny_flows: Vec<String>,
    /// Tools of an agent that need a grant (`mail.send`, `*.delete`).
    pub deny_tools: Vec<String>,
    /// SPDX ids that a package's licence may not require.
    pub deny_licences: Vec<String>,
    /// A package of more lines of code than this is denied; 0 for no limit.
    pub max_code_lines: u64,
    /// A version that was published less than this many days before the audit is denied; 0 for
    /// no such limit. Counts where its registry tells the time.
    pub cooling_off_days: u32,
    /// Whether a package waits for a review where a finding is uncertain (confidence low, severity
    /// medium or more): reach that nothing which the package says of itself explains.
    pub review_uncertain: bool,
}

impl Profile {
    /// The built-in profile of that name.
    pub fn builtin(name: &str) -> Option<Self> {
        use GapKind::{
            NeedsReview, NoAdvisories, NotCovered, NotExamined, NotFetched, NotParsed, NotResolved, NotSeen,
            Unverified,
        };
        let base = Self {
            name: name.to_owned(),
            deny_severity: Severity::High,
            deny_confidence: Confidence::Medium,
            deny_advisories: vec!["malware".to_owned(), "vulnerability".to_owned()],
            deny_advisory_severity: Severity::Info,
            // Unknown features and platforms make the graph larger, never smaller, so they hide
            // nothing and are tolerated; all that hides something denies. Contents that are not looked
            // at by design are tolerated where something pins them: what is not pinned has another gap.
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
            deny_flows: Vec::new(),
            deny_tools: Vec::new(),
            deny_licences: Vec::new(),
            max_code_lines: 0,
            // Taken-over versions of the past years were mostly withdrawn within hours, nearly all
            // within three days; who merges can wait that long.
            cooling_off_days: 3,
            // Who merges has seen it in the report; a model may be asked by `[review] above`.
            review_uncertain: false,
        };
        match name {
            "ci" => Some(base),
            "skill" => {
                let deny_gaps = [base.deny_gaps.as_slice(), &[NotResolved, NotExamined]].concat();
                // Nobody has vetted what a skill brings, and seldom is there a hurry: a week.
                Some(Self {
                    deny_severity: Severity::Medium,
                    deny_gaps,
                    cooling_off_days: 7,
                    review_uncertain: true,
                    ..base
                })
            }
            // A report is read by people: what could not be parsed or seen is shown, not denied.
            "periodic" => Some(Self {
                deny_gaps: vec![NotFetched, Unverified, NotCovered, NoAdvisories, NeedsReview],
                // It looks at what is in use already.
                cooling_off_days: 0,
                ..base
            }),
            "micro" => Some(Self {
                deny_severity: Severity::Medium,
                deny_gaps: [base.deny_gaps.as_slice(), &[NotExamined]].concat(),
                deny_capabilities: CapabilityKind::ALL.to_vec(),
                max_code_lines: 2000,
                cooling_off_days: 7,
                review_uncertain: true,
                ..base
            }),
            _ => None,
        }
    }
}
