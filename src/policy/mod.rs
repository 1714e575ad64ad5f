//! The decision: evidence and policy in, exactly one verdict out.
//!
//! Fail closed: a gap that the profile does not tolerate denies, and a package without
//! evidence is never approved. Nothing here looks at files.

use serde::{Deserialize, Serialize};

use crate::model::{
    Analysis, Confidence, Decision, Finding, Gap, GapKind, Hit, Package, Reason, ReasonKind, Severity,
    Verdict,
};

/// Everything that a decision rests on.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The package.
    pub package: &'a Package,
    /// What the checks say, if the contents were had.
    pub analysis: Option<&'a Analysis>,
    /// One line on how the contents were verified.
    pub verified: Option<&'a str>,
    /// All findings, those of the analysis and of advisories included.
    pub findings: &'a [Finding],
    /// Advisories.
    pub hits: &'a [Hit],
    /// Missing evidence.
    pub gaps: &'a [Gap],
}

/// The effective policy of one run: profile and file merged and validated.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Policy {
    /// `ci`, `skill`, `periodic` or `micro`.
    pub profile: String,
    /// Findings at least this severe…
    pub deny_severity: Severity,
    /// …and at least this sure deny.
    pub deny_confidence: Confidence,
    /// Gaps that deny.
    pub deny_gaps: Vec<GapKind>,
    /// Glob patterns (from the root) that discovery leaves out.
    pub exclude: Vec<String>,
}

impl Policy {
    /// The built-in policy of a profile; `None` for an unknown name.
    pub fn builtin(profile: &str) -> Option<Self> {
        ["ci", "skill", "periodic", "micro"].contains(&profile).then(|| Self {
            profile: profile.to_owned(),
            deny_severity: Severity::High,
            deny_confidence: Confidence::Medium,
            deny_gaps: vec![
                GapKind::NotFetched,
                GapKind::Unverified,
                GapKind::NotSeen,
                GapKind::NoAdvisories,
            ],
            exclude: Vec::new(),
        })
    }

    /// Hexadecimal SHA-256 of the policy in canonical JSON.
    pub fn digest(&self) -> String {
        let json = serde_jcs::to_vec(self).unwrap_or_default();
        crate::model::Digest::sha256(&json).hex()
    }

    /// Decides one package.
    pub fn decide(&self, evidence: &Evidence<'_>) -> Verdict {
        let mut reasons = Vec::new();
        for finding in evidence.findings {
            if finding.severity >= self.deny_severity && finding.confidence >= self.deny_confidence {
                reasons.push(Reason {
                    kind: ReasonKind::Finding(finding.clone()),
                    clause: format!("{}.deny-severity = \"{}\"", self.profile, self.deny_severity),
                });
            }
        }
        for gap in evidence.gaps {
            if self.deny_gaps.contains(&gap.kind) {
                reasons.push(Reason {
                    kind: ReasonKind::Gap(gap.clone()),
                    clause: format!("{}.deny-gaps contains \"{}\"", self.profile, gap.kind.as_str()),
                });
            }
        }
        if !reasons.is_empty() {
            reasons.sort();
            return Verdict { decision: Decision::Deny, reasons };
        }
        let message = match (evidence.verified, evidence.analysis) {
            (Some(verified), Some(analysis)) => {
                format!(
                    "{verified}; {} files checked, nothing that the policy denies",
                    analysis.coverage.files
                )
            }
            _ => {
                // No contents and yet no gap said so: that is a hole in the evidence, not an approval.
                return Verdict {
                    decision: Decision::Deny,
                    reasons: vec![Reason {
                        kind: ReasonKind::Gap(Gap::new(GapKind::NotFetched, "no contents were checked")),
                        clause: "always".to_owned(),
                    }],
                };
            }
        };
        Verdict {
            decision: Decision::Approve,
            reasons: vec![Reason { kind: ReasonKind::Evidence { message }, clause: self.profile.clone() }],
        }
    }
}
