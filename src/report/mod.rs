//! What people and machines read: table, JSON, SARIF, Markdown, HTML, and code frames.
//!
//! In: a finished [`crate::model::Audit`]. Out: text. Nothing is decided here, everything is
//! sorted already, and text from audited packages is escaped for the medium that it goes to.

pub mod agent;
pub mod explain;
pub mod frame;
pub mod html;
pub mod json;
pub mod markdown;
pub mod reviews;
pub mod sarif;
mod summary;
pub mod table;

pub use summary::Summary;

use crate::model::{Reason, ReasonKind, Severity};

/// Severity that outputs show for a reason: the finding's; missing evidence and policy clauses
/// count as high, what supports an approval as info.
pub fn severity(reason: &Reason) -> Severity {
    match &reason.kind {
        ReasonKind::Finding(finding) => finding.severity,
        ReasonKind::Gap(_) | ReasonKind::Policy { .. } => Severity::High,
        ReasonKind::Evidence { .. } => Severity::Info,
    }
}

/// `1 package`, `2 packages`.
pub fn count(n: usize, noun: &str) -> String {
    let plural = if n == 1 {
        noun.to_owned()
    } else if let Some(stem) = noun.strip_suffix('y') {
        format!("{stem}ies")
    } else {
        format!("{noun}s")
    };
    format!("{n} {plural}")
}
