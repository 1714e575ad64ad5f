//! What is uncertain: findings that somebody has to look at.

use crate::model::{Confidence, Finding, Gap, GapKind, Severity};

/// Findings that would matter if they were surer: somebody has to look.
pub fn uncertain<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<Gap> {
    findings
        .into_iter()
        .filter(|finding| finding.severity >= Severity::Medium && finding.confidence == Confidence::Low)
        .map(|finding| Gap {
            kind: GapKind::NeedsReview,
            message: format!("uncertain: {} ({})", finding.message, finding.rule),
            spans: finding.spans.clone(),
        })
        .collect()
}

/// Those of a package that is none of an agent's: reach that nothing which it says of itself explains.
/// Whether it waits for a review is for the policy to say.
pub fn unexplained(findings: &[Finding]) -> Vec<Gap> {
    // Of the rules on identity, those on what a package does not say.
    uncertain(findings.iter().filter(|finding| {
        let (folder, name) = finding.rule.split_once('/').unwrap_or((&finding.rule, ""));
        matches!(folder, "install" | "malice") || folder == "identity" && name.starts_with("un")
    }))
}
