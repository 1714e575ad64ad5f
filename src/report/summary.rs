//! The numbers that every output shows.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{Audit, CapabilityKind, Change, Decision, Standing};

/// Counts over a finished audit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Packages, the project's own included.
    pub packages: usize,
    /// Of these, the project's own.
    pub first_party: usize,
    /// Approved.
    pub approved: usize,
    /// Denied.
    pub denied: usize,
    /// Denied for something else than an advisory.
    pub denied_beyond_advisories: usize,
    /// Packages by ecosystem.
    pub ecosystems: BTreeMap<String, usize>,
    /// Packages whose contents were verified or are the project's own.
    pub contents: usize,
    /// Advisory hits.
    pub advisories: usize,
    /// Findings by severity.
    pub findings: BTreeMap<String, usize>,
    /// Packages that have each capability themselves.
    pub capabilities: BTreeMap<String, usize>,
    /// Gaps by kind.
    pub gaps: BTreeMap<String, usize>,
    /// Bytes of verified contents.
    pub bytes: u64,
    /// Of these, bytes that nothing looked at.
    pub bytes_unseen: u64,
    /// Files.
    pub files: u64,
    /// Packages that evidence settles, and those that a review would say more of.
    pub settled_by_evidence: usize,
    /// See `settled_by_evidence`.
    pub review_queue: usize,
    /// Packages by change, where there is a base.
    pub changes: BTreeMap<String, usize>,
}

/// The word for a change.
pub fn change_name(change: &Change) -> &'static str {
    match change {
        Change::Added => "added",
        Change::Removed => "removed",
        Change::Upgraded { .. } => "upgraded",
        Change::Downgraded { .. } => "downgraded",
        Change::Resourced { .. } => "resourced",
        Change::Edited { .. } => "edited",
        Change::Unchanged => "unchanged",
    }
}

impl Summary {
    /// Counts.
    pub fn of(audit: &Audit) -> Self {
        let mut sum = Self { packages: audit.nodes.len(), ..Self::default() };
        for node in &audit.nodes {
            sum.first_party += usize::from(node.package.first_party);
            *sum.ecosystems.entry(node.package.ecosystem.to_string()).or_default() += 1;
            match node.verdict.decision {
                Decision::Approve => sum.approved += 1,
                Decision::Deny => {
                    sum.denied += 1;
                    let beyond =
                        node.verdict.reasons.iter().any(|reason| !reason.rule().starts_with("advisory/"));
                    sum.denied_beyond_advisories += usize::from(beyond);
                }
            }
            sum.contents += usize::from(node.contents.is_some());
            sum.advisories += node.hits.len();
            for finding in &node.findings {
                *sum.findings.entry(finding.severity.to_string()).or_default() += 1;
            }
            for gap in &node.gaps {
                *sum.gaps.entry(gap.kind.as_str().to_owned()).or_default() += 1;
            }
            if let Some(analysis) = &node.analysis {
                for kind in analysis.capability_set().iter() {
                    *sum.capabilities.entry(CapabilityKind::as_str(kind).to_owned()).or_default() += 1;
                }
                sum.bytes += analysis.coverage.bytes;
                sum.bytes_unseen += analysis.coverage.unseen_bytes();
                sum.files += analysis.coverage.files;
            }
            match node.risk.standing {
                Standing::Evidence => sum.settled_by_evidence += 1,
                Standing::Review => sum.review_queue += 1,
                Standing::Denied => {}
            }
            if let Some(change) = &node.change {
                *sum.changes.entry(change_name(change).to_owned()).or_default() += 1;
            }
        }
        if audit.base.is_some() {
            *sum.changes.entry("removed".to_owned()).or_default() += audit.removed.len();
        }
        sum
    }
}
