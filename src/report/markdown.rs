//! A comment for a pull request: what changed, what is denied and why.

use std::fmt::Write as _;

use super::summary::change_name;
use super::{Summary, count, severity, table};
use crate::model::{Audit, Change, Decision, Span, escape};

/// Rows shown in a table before the rest is only counted: hosting services cut comments at
/// 65,536 characters.
const ROWS: usize = 60;

/// The comment, CommonMark with tables. Text of audited packages is escaped so that it can
/// neither form markup nor mention anyone.
pub fn render(audit: &Audit) -> String {
    let sum = Summary::of(audit);
    let mut out = String::new();
    let (word, mark) = match audit.decision() {
        Decision::Approve => ("approved", "✅"),
        Decision::Deny => ("denied", "⛔"),
    };
    let _ = writeln!(out, "## {mark} bomvet: {word}\n");
    let _ = writeln!(
        out,
        "{} in `{}` under profile `{}`: {} approved, {} denied.\n",
        count(sum.packages, "package"),
        code(&audit.project),
        audit.profile,
        sum.approved,
        sum.denied
    );
    changes(audit, &mut out);
    let denied: Vec<_> = audit.nodes.iter().filter(|node| node.verdict.decision == Decision::Deny).collect();
    if !denied.is_empty() {
        out.push_str("### Denied\n\n| package | reason | where |\n|---|---|---|\n");
        let mut rows =
            denied.iter().flat_map(|node| node.verdict.reasons.iter().map(move |reason| (node, reason)));
        for (node, reason) in rows.by_ref().take(ROWS) {
            let place = reason.spans().first().map(at).unwrap_or_default();
            let _ = writeln!(
                out,
                "| `{}` | **{}** `{}`: {} | {place} |",
                code(&table::short(&node.package.purl)),
                severity(reason),
                reason.rule(),
                text(reason.message()),
            );
        }
        let rest = rows.count();
        if rest > 0 {
            let _ = writeln!(out, "\nand {}.", count(rest, "more reason"));
        }
        out.push_str(
            "\n`bomvet explain bom.cdx.json PACKAGE` shows the code and what would change the verdict.\n",
        );
    }
    let reviews: Vec<String> = audit.reviews.iter().flat_map(super::reviews::lines).collect();
    if !reviews.is_empty() {
        out.push_str("\n### Reviews\n\n");
        for line in reviews.iter().take(ROWS) {
            let _ = writeln!(out, "- {}", text(line));
        }
    }
    out
}

fn changes(audit: &Audit, out: &mut String) {
    let Some(base) = &audit.base else { return };
    let changed: Vec<_> = audit
        .nodes
        .iter()
        .filter_map(|node| Some((node, node.change.as_ref().filter(|change| **change != Change::Unchanged)?)))
        .collect();
    let _ = writeln!(out, "### Changes since `{}`\n", code(base));
    if changed.is_empty() && audit.removed.is_empty() {
        out.push_str("None.\n\n");
        return;
    }
    out.push_str("| change | package | from | gained | verdict |\n|---|---|---|---|---|\n");
    for (node, change) in changed.iter().take(ROWS) {
        let from = match change {
            Change::Upgraded { from } | Change::Downgraded { from } | Change::Resourced { from } => {
                code(from)
            }
            Change::Edited { files } => count(files.len(), "file"),
            _ => String::new(),
        };
        let gained: Vec<_> = node.gained.iter().map(|kind| format!("`{kind}`")).collect();
        let _ = writeln!(
            out,
            "| {} | `{}` | {from} | {} | {} |",
            change_name(change),
            code(&table::short(&node.package.purl)),
            gained.join(" "),
            node.verdict.decision
        );
    }
    if changed.len() > ROWS {
        let _ = writeln!(out, "\nand {}.", count(changed.len() - ROWS, "more change"));
    }
    for purl in audit.removed.iter().take(ROWS) {
        let _ = writeln!(out, "| removed | `{}` | | | |", code(&table::short(purl)));
    }
    out.push('\n');
}

fn at(span: &Span) -> String {
    match span.line {
        0 => format!("`{}`", code(&span.file)),
        line => format!("`{}:{line}`", code(&span.file)),
    }
}

/// Text for a code span in a table cell.
fn code(raw: &str) -> String {
    escape(raw).replace('`', "'").replace('|', "\\|")
}

/// Plain text: everything that Markdown or HTML gives a meaning is escaped.
fn text(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for c in escape(raw).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '!' | '|' | '~' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    // `http://` would become a link even without markup.
    out.replace("://", ":&#8203;//")
}

#[cfg(test)]
mod tests {
    #[test]
    fn package_text_cannot_form_markup_or_mention_anyone() {
        let got = super::text("<img src=x> @team [a](http://x.invalid) | `b`");
        assert_eq!(got, "&lt;img src=x&gt; &#64;team \\[a\\]\\(http:&#8203;//x.invalid\\) \\| \\`b\\`");
    }
}
