//! What a terminal shows: what is denied and why, then the numbers.

use std::fmt::Write as _;

use super::frame::Style;
use super::summary::change_name;
use super::{Summary, count, severity};
use crate::model::{Audit, Change, Decision, Node, escape};

/// Reasons shown per package; `explain` shows all.
const REASONS: usize = 6;

/// The text. `all` lists approved packages too.
pub fn render(audit: &Audit, all: bool, style: Style) -> String {
    let paint = Paint(style);
    let mut out = String::new();
    changes(audit, &mut out);
    for node in audit.nodes.iter().filter(|node| node.verdict.decision == Decision::Deny) {
        denied(node, paint, &mut out);
    }
    if all {
        for node in audit.nodes.iter().filter(|node| node.verdict.decision == Decision::Approve) {
            let _ = writeln!(
                out,
                "{} {}  {}",
                paint.green("approve"),
                node.package.purl,
                escape(node.verdict.reasons[0].message())
            );
        }
        out.push('\n');
    }
    numbers(audit, paint, &mut out);
    out
}

fn denied(node: &Node, paint: Paint, out: &mut String) {
    let _ = writeln!(out, "{} {}", paint.red("deny"), paint.bold(&node.package.purl));
    for reason in node.verdict.reasons.iter().take(REASONS) {
        let _ = write!(out, "  {}[{}]: {}", severity(reason), reason.rule(), escape(reason.message()));
        if let Some(span) = reason.spans().first() {
            let _ = match span.line {
                0 => write!(out, " ({})", escape(&span.file)),
                line => write!(out, " ({}:{line}:{})", escape(&span.file), span.column),
            };
        }
        out.push('\n');
    }
    let more = node.verdict.reasons.len().saturating_sub(REASONS);
    if more > 0 {
        let _ = writeln!(out, "  and {}; see `bomvet explain`", count(more, "more reason"));
    }
    if let Some(testimony) = &node.testimony {
        let _ = writeln!(out, "  review: {}", super::reviews::testimony(testimony));
    }
    if node.place.path.len() > 1 {
        let path: Vec<_> = node.place.path.iter().map(|purl| short(purl)).collect();
        let _ = writeln!(out, "  path: {}", path.join(" > "));
    }
    out.push('\n');
}

/// `name@version` of a purl.
pub(super) fn short(purl: &str) -> String {
    let body = purl.split_once('/').map_or(purl, |(_, body)| body);
    body.split('?').next().unwrap_or(body).replace("%40", "@")
}

fn changes(audit: &Audit, out: &mut String) {
    let Some(base) = &audit.base else { return };
    let _ = writeln!(out, "changes since {base}:");
    let mut any = false;
    for node in &audit.nodes {
        let Some(change) = node.change.as_ref().filter(|change| **change != Change::Unchanged) else {
            continue;
        };
        any = true;
        let detail = match change {
            Change::Upgraded { from } | Change::Downgraded { from } | Change::Resourced { from } => {
                format!(" (was {from})")
            }
            Change::Edited { files } => format!(" ({})", count(files.len(), "file")),
            _ => String::new(),
        };
        let gained: Vec<_> = node.gained.iter().map(|kind| kind.as_str()).collect();
        let gained = if gained.is_empty() { String::new() } else { format!(", gains {}", gained.join(", ")) };
        let _ = writeln!(
            out,
            "  {:<10} {}{}{gained}: {}",
            change_name(change),
            node.package.purl,
            escape(&detail),
            node.verdict.decision
        );
    }
    for purl in &audit.removed {
        any = true;
        let _ = writeln!(out, "  {:<10} {purl}", "removed");
    }
    if !any {
        out.push_str("  none\n");
    }
    out.push('\n');
}

fn numbers(audit: &Audit, paint: Paint, out: &mut String) {
    let sum = Summary::of(audit);
    let ecosystems: Vec<_> = sum.ecosystems.iter().map(|(name, n)| format!("{n} {name}")).collect();
    let verdict = match audit.decision() {
        Decision::Approve => paint.green("approve"),
        Decision::Deny => paint.red("deny"),
    };
    let _ = writeln!(
        out,
        "{verdict}: {} ({}), {} approved, {} denied ({} for more than an advisory)",
        count(sum.packages, "package"),
        ecosystems.join(", "),
        sum.approved,
        sum.denied,
        sum.denied_beyond_advisories
    );
    let _ = writeln!(
        out,
        "  contents: {} verified or own, {}, {} bytes, {} not looked at",
        count(sum.contents, "package"),
        count(sum.files as usize, "file"),
        sum.bytes,
        sum.bytes_unseen
    );
    let list = |map: &std::collections::BTreeMap<String, usize>| {
        map.iter().map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>().join(", ")
    };
    if !sum.capabilities.is_empty() {
        let _ = writeln!(out, "  capabilities: {}", list(&sum.capabilities));
    }
    if !sum.findings.is_empty() {
        let _ = writeln!(out, "  findings: {}; advisories: {}", list(&sum.findings), sum.advisories);
    }
    if !sum.gaps.is_empty() {
        let _ = writeln!(out, "  gaps: {}", list(&sum.gaps));
    }
    let _ = writeln!(
        out,
        "  review: {} settled by evidence, {} would gain from one",
        sum.settled_by_evidence, sum.review_queue
    );
    for line in audit.reviews.iter().flat_map(super::reviews::lines) {
        let _ = writeln!(out, "  {line}");
    }
    for database in &audit.databases {
        let _ = writeln!(
            out,
            "  advisories: {} with {}{}",
            database.kind,
            count(database.records, "record"),
            database
                .commit
                .iter()
                .map(|commit| format!(" at {}", &commit[..commit.len().min(12)]))
                .collect::<String>()
        );
    }
    for unused in &audit.unused_policy {
        let _ = writeln!(out, "  unused in the policy: {unused}");
    }
    for note in &audit.notes {
        let _ = writeln!(out, "  note: {}", escape(note));
    }
}

#[derive(Clone, Copy)]
struct Paint(Style);

impl Paint {
    fn wrap(self, code: &str, text: &str) -> String {
        match self.0 {
            Style::Plain => text.to_owned(),
            Style::Colour => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
    fn red(self, text: &str) -> String {
        self.wrap("1;31", text)
    }
    fn green(self, text: &str) -> String {
        self.wrap("1;32", text)
    }
    fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }
}
