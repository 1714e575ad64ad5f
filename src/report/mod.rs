//! What people and machines read: table, JSON, SARIF, Markdown, HTML, and code frames.

use std::fmt::Write as _;

use crate::model::Audit;

/// A table for the terminal.
pub fn table(audit: &Audit) -> String {
    let mut out = String::new();
    for node in &audit.nodes {
        for reason in &node.verdict.reasons {
            let _ = writeln!(
                out,
                "{} {}: {}: {}",
                node.verdict.decision,
                node.package.label(),
                reason.rule(),
                reason.message()
            );
        }
    }
    out
}
