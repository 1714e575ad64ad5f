//! The verdict and its reasons.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Finding, Span};

/// Approve or deny; there is nothing between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Evidence and policy allow it.
    Approve,
    /// At least one reason stands against it.
    Deny,
}

impl Decision {
    /// `approve` or `deny`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What kind of evidence is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapKind {
    /// The contents could not be had.
    NotFetched,
    /// There is no digest to check the contents against, or they were not checked.
    Unverified,
    /// A file that a parser should have read could not be read.
    NotParsed,
    /// Bytes that nothing looked at.
    NotSeen,
    /// No advisory database covers the ecosystem.
    NoAdvisories,
    /// What it could make an agent do, or an uncertain finding, needs a review that nobody made.
    NeedsReview,
    /// Something about the graph is unknown (features, platforms, kinds).
    NotResolved,
    /// A file asks for packages that are not in the graph: nothing pins them, or its package
    /// manager is not one that is read.
    NotCovered,
}

impl GapKind {
    /// The name in policies and outputs; `gap/<name>` is the rule id.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFetched => "not-fetched",
            Self::Unverified => "unverified",
            Self::NotParsed => "not-parsed",
            Self::NotSeen => "not-seen",
            Self::NoAdvisories => "no-advisories",
            Self::NeedsReview => "needs-review",
            Self::NotResolved => "not-resolved",
            Self::NotCovered => "not-covered",
        }
    }
}

/// Evidence that is missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// What is missing.
    pub kind: GapKind,
    /// Why, in one line.
    pub message: String,
    /// Where, if it is at a place.
    pub spans: Vec<Span>,
}

impl Gap {
    /// A gap without a place.
    pub fn new(kind: GapKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), spans: Vec::new() }
    }
}

/// What a reason rests on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum ReasonKind {
    /// A finding that the policy denies.
    Finding(Finding),
    /// Evidence that is missing and that the policy asks for.
    Gap(Gap),
    /// A clause of the policy, e.g. a denied capability without a grant.
    Policy {
        /// The clause (`deny.capabilities`).
        clause: String,
        /// One line.
        message: String,
        /// The places that broke it.
        spans: Vec<Span>,
    },
    /// Why it is approved: verified contents, grants used, ignores used.
    Evidence {
        /// One line.
        message: String,
    },
}

/// One reason of a verdict.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reason {
    /// What it rests on.
    pub kind: ReasonKind,
    /// The policy clause that makes it count (`profile.ci.deny-severity = "high"`).
    pub clause: String,
}

impl Reason {
    /// The rule id that outputs show: the finding's, `gap/…`, `policy/…` or `evidence`.
    pub fn rule(&self) -> String {
        match &self.kind {
            ReasonKind::Finding(finding) => finding.rule.clone(),
            ReasonKind::Gap(gap) => format!("gap/{}", gap.kind.as_str()),
            ReasonKind::Policy { clause, .. } => format!("policy/{clause}"),
            ReasonKind::Evidence { .. } => "evidence".to_owned(),
        }
    }

    /// One line for a person.
    pub fn message(&self) -> &str {
        match &self.kind {
            ReasonKind::Finding(finding) => &finding.message,
            ReasonKind::Gap(gap) => &gap.message,
            ReasonKind::Policy { message, .. } | ReasonKind::Evidence { message } => message,
        }
    }

    /// The places it points to.
    pub fn spans(&self) -> &[Span] {
        match &self.kind {
            ReasonKind::Finding(finding) => &finding.spans,
            ReasonKind::Gap(gap) => &gap.spans,
            ReasonKind::Policy { spans, .. } => spans,
            ReasonKind::Evidence { .. } => &[],
        }
    }
}

/// Exactly one of these is given for every package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The decision.
    pub decision: Decision,
    /// Every reason: what denies, or, for an approval, what it rests on. Never empty.
    pub reasons: Vec<Reason>,
}
