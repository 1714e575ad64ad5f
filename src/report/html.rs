//! `report.html`: one file that people read and keep; no script, no link to anywhere.

use std::fmt::Write as _;

use super::summary::change_name;
use super::{Summary, count, severity};
use crate::model::{Audit, Change, Decision, Node, Span, escape};

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}\
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #d8dee4}\
code,pre{font:13px/1.4 ui-monospace,monospace}pre{background:#f6f8fa;padding:.5rem;overflow-x:auto;margin:.3rem 0}\
mark{background:#ffd8d3}.deny{color:#b3261e;font-weight:600}.approve{color:#1a7f37;font-weight:600}\
.meta{color:#57606a}details{margin:.4rem 0}summary{cursor:pointer}";

/// The page.
pub fn render(audit: &Audit) -> String {
    let sum = Summary::of(audit);
    let verdict = audit.decision();
    let mut out = String::new();
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
<meta name=\"viewport\" content=\"width=device-width\"><title>bomvet: {0}</title><style>{STYLE}</style></head><body>\n\
<h1>{0}: <span class=\"{1}\">{1}</span></h1>\n",
        html(&audit.project),
        verdict,
    );
    let _ = writeln!(
        out,
        "<p class=\"meta\">{} · profile {} · bomvet {} · policy {} · rules {}</p>",
        timestamp(audit.time),
        html(&audit.profile),
        html(&audit.tool_version),
        &audit.policy_digest[..audit.policy_digest.len().min(12)],
        &audit.rules_digest[..audit.rules_digest.len().min(12)],
    );
    let _ = writeln!(
        out,
        "<table><tr><th>packages</th><th>approved</th><th>denied</th><th>advisories</th><th>files</th><th>bytes</th><th>bytes not looked at</th></tr>\
<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr></table>",
        sum.packages, sum.approved, sum.denied, sum.advisories, sum.files, sum.bytes, sum.bytes_unseen
    );
    for database in &audit.databases {
        let _ = writeln!(
            out,
            "<p class=\"meta\">advisories: {} with {}, commit {}, updated {}</p>",
            database.kind,
            count(database.records, "record"),
            html(database.commit.as_deref().unwrap_or("unknown")),
            database.updated.map_or_else(|| "unknown".to_owned(), timestamp),
        );
    }
    changes(audit, &mut out);
    let denied: Vec<_> = audit.nodes.iter().filter(|n| n.verdict.decision == Decision::Deny).collect();
    if !denied.is_empty() {
        out.push_str("<h2>Denied</h2>\n");
        denied.into_iter().for_each(|node| deny(node, &mut out));
    }
    reviews(audit, &mut out);
    out.push_str("<h2>All packages</h2>\n<table><tr><th>package</th><th>verdict</th><th>capabilities</th><th>reached</th><th>depth</th><th>dependants</th><th>review</th></tr>\n");
    for node in &audit.nodes {
        row(node, &mut out);
    }
    out.push_str("</table>\n");
    if !audit.notes.is_empty() {
        out.push_str("<h2>Notes</h2>\n<ul>");
        audit.notes.iter().for_each(|note| {
            let _ = write!(out, "<li>{}</li>", html(note));
        });
        out.push_str("</ul>\n");
    }
    out.push_str("</body></html>\n");
    out
}

fn changes(audit: &Audit, out: &mut String) {
    let Some(base) = &audit.base else { return };
    let _ = writeln!(out, "<h2>Changes since {}</h2>\n<table>", html(base));
    for node in &audit.nodes {
        let Some(change) = node.change.as_ref().filter(|change| **change != Change::Unchanged) else {
            continue;
        };
        let gained: Vec<_> = node.gained.iter().map(|kind| kind.as_str()).collect();
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td><code>{}</code></td><td>{}</td><td class=\"{3}\">{3}</td></tr>",
            change_name(change),
            html(&node.package.purl),
            if gained.is_empty() { String::new() } else { format!("gains {}", gained.join(", ")) },
            node.verdict.decision
        );
    }
    for purl in &audit.removed {
        let _ =
            writeln!(out, "<tr><td>removed</td><td><code>{}</code></td><td></td><td></td></tr>", html(purl));
    }
    out.push_str("</table>\n");
}

/// How far each reviewer's word goes, and what was said of which package, with the lines that claims
/// against it rest on.
fn reviews(audit: &Audit, out: &mut String) {
    let lines = audit.reviews.iter().flat_map(super::reviews::lines).collect::<Vec<_>>();
    let said: Vec<_> = audit.nodes.iter().filter_map(|node| Some((node, node.testimony.as_ref()?))).collect();
    if lines.is_empty() && said.is_empty() {
        return;
    }
    out.push_str("<h2>Reviews</h2>\n<ul>");
    lines.iter().for_each(|line| {
        let _ = write!(out, "<li>{}</li>", html(line));
    });
    out.push_str("</ul>\n<table><tr><th>package</th><th>what was said</th></tr>\n");
    for (node, testimony) in said {
        let _ = write!(
            out,
            "<tr><td><code>{}</code></td><td>{}",
            html(&node.package.purl),
            html(&super::reviews::testimony(testimony))
        );
        for (who, claim) in &testimony.against {
            let _ = write!(
                out,
                "<p>{} on {}: {}</p>",
                html(who),
                super::reviews::topic(&claim.topic),
                html(&claim.why)
            );
            for cite in &claim.cites {
                let _ = write!(
                    out,
                    "<pre><span class=\"meta\">{}:{}</span>\n{}</pre>",
                    html(&cite.file),
                    cite.line,
                    html(&cite.quote)
                );
            }
        }
        out.push_str("</td></tr>\n");
    }
    out.push_str("</table>\n");
}

fn deny(node: &Node, out: &mut String) {
    let _ = writeln!(
        out,
        "<details open><summary><span class=\"deny\">deny</span> <code>{}</code></summary>",
        html(&node.package.purl)
    );
    for reason in &node.verdict.reasons {
        let _ = writeln!(
            out,
            "<p><strong>{}</strong> <code>{}</code>: {} <span class=\"meta\">{}</span></p>",
            severity(reason),
            html(&reason.rule()),
            html(reason.message()),
            html(&reason.clause)
        );
        for span in reason.spans().iter().take(5) {
            code(span, out);
        }
    }
    if node.place.path.len() > 1 {
        let _ = writeln!(out, "<p class=\"meta\">path: {}</p>", html(&node.place.path.join(" > ")));
    }
    out.push_str("</details>\n");
}

fn code(span: &Span, out: &mut String) {
    let end = (span.text_start + span.text_len) as usize;
    let parts = (
        span.text.get(..span.text_start as usize),
        span.text.get(span.text_start as usize..end),
        span.text.get(end..),
    );
    let (Some(before), Some(marked), Some(after)) = parts else { return };
    let _ = writeln!(
        out,
        "<pre><span class=\"meta\">{}:{}:{}</span>\n{}<mark>{}</mark>{}</pre>",
        html(&span.file),
        span.line,
        span.column,
        html(before),
        html(marked),
        html(after)
    );
}

fn row(node: &Node, out: &mut String) {
    let own: Vec<_> = node
        .analysis
        .iter()
        .flat_map(|analysis| analysis.capabilities.iter())
        .map(|capability| capability.kind.as_str())
        .collect();
    let reached: Vec<_> = node.reached.iter().map(|kind| kind.as_str()).collect();
    let _ = writeln!(
        out,
        "<tr><td><code>{}</code></td><td class=\"{1}\">{1}</td><td>{2}</td><td class=\"meta\">{3}</td><td>{4}</td><td>{5}</td><td>{6}</td></tr>",
        html(&node.package.purl),
        node.verdict.decision,
        own.join(", "),
        reached.join(", "),
        node.place.depth.map_or_else(|| "–".to_owned(), |depth| depth.to_string()),
        node.place.dependants,
        node.risk.score
    );
}

/// RFC 3339, UTC.
pub fn timestamp(seconds: i64) -> String {
    time::OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|time| time.format(&time::format_description::well_known::Rfc3339).ok())
        .unwrap_or_else(|| seconds.to_string())
}

fn html(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    for c in escape(raw).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
