//! Why a package is approved or denied, from a BoM alone.
//!
//! In: the packages of a BoM as `attest` reads them. Out: the verdict with its policy clauses, every
//! finding with its code lines, capabilities, coverage, the path from a root, and what would change
//! the verdict as lines to paste into the policy.

use std::fmt::Write as _;

use serde_json::Value;

use super::frame::{self, Style};
use super::summary::change_name;
use super::table::short;
use crate::attest::bom::reason_line;
use crate::attest::read::Recovered;
use crate::model::{
    BuildProvenance, CapabilityKind, Change, Decision, Finding, GapKind, Node, Origin, Permissions,
    ProvenanceState, ReasonKind, Span, Standing, escape,
};

/// Places shown per capability.
const PLACES: usize = 3;

/// Explains every package that `query` names (a purl, `name` or `name@version`).
///
/// # Errors
/// Where no package has that name, with near ones.
pub fn render(bom: &Recovered, query: &str, style: Style) -> Result<String, String> {
    let named: Vec<&Node> = bom
        .nodes
        .iter()
        .filter(|node| {
            let label = short(&node.package.purl);
            node.package.purl == query
                || label == query
                || node.package.name == query
                || label.rsplit_once('@').is_some_and(|(name, _)| name == query)
        })
        .collect();
    if named.is_empty() {
        let mut near: Vec<(f64, String)> = bom
            .nodes
            .iter()
            .map(|node| short(&node.package.purl))
            .map(|label| {
                (strsim::jaro_winkler(query, label.rsplit_once('@').map_or(&label, |(name, _)| name)), label)
            })
            .filter(|(score, _)| *score > 0.8)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let near: Vec<_> =
            near.into_iter().take(3).map(|(_, label)| format!("`{}`", escape(&label))).collect();
        let hint =
            if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) };
        return Err(format!("no package `{}` in this BoM{hint}", escape(query)));
    }
    Ok(named.into_iter().map(|node| explain(node, style)).collect::<Vec<_>>().join("\n"))
}

fn explain(node: &Node, style: Style) -> String {
    let purl = escape(&node.package.purl);
    let mut out = String::new();
    let _ = writeln!(out, "{}: {purl}", node.verdict.decision);
    for reason in &node.verdict.reasons {
        let _ = writeln!(out, "  because {}", escape(&reason_line(reason)));
        let _ = writeln!(out, "    policy: {}", escape(&reason.clause));
    }
    let path = (node.place.path.len() > 1)
        .then(|| node.place.path.iter().map(|purl| escape(&short(purl))).collect::<Vec<_>>().join(" > "));
    if let Some(path) = &path {
        let _ = writeln!(out, "  path: {path}");
    }
    if let Some(change) = &node.change {
        let from = match change {
            Change::Upgraded { from } | Change::Downgraded { from } | Change::Resourced { from } => {
                format!(" from {}", escape(from))
            }
            _ => String::new(),
        };
        let _ = writeln!(out, "  change: {}{from}", change_name(change));
    }
    out.push('\n');

    let mut findings: Vec<&Finding> = node.findings.iter().collect();
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.cmp(b)));
    let context: Vec<String> = path.iter().map(|path| format!("path: {path}")).collect();
    for finding in findings {
        let _ = writeln!(out, "{}\n", frame::finding(finding, &purl, &context, style));
    }
    facts(node, &mut out);
    if node.verdict.decision == Decision::Deny {
        settle(node, &mut out);
    }
    out
}

/// What a skill says that it is for, and the tools that it declares and uses.
fn permissions(permissions: &Permissions, out: &mut String) {
    if !permissions.purpose.is_empty() {
        let _ = writeln!(out, "purpose, as it says: {}", escape(&permissions.purpose));
    }
    for (what, list) in [("declares", &permissions.declared), ("uses", &permissions.used)] {
        for tool in list.iter() {
            let on = if tool.on.is_empty() { String::new() } else { format!(" on {}", escape(&tool.on)) };
            let (name, file) = (escape(&tool.tool), escape(&tool.span.file));
            let _ = writeln!(out, "{what} {name}{on} at {file}:{}:{}", tool.span.line, tool.span.column);
        }
    }
}

/// Capabilities, coverage and the place in the review queue.
fn facts(node: &Node, out: &mut String) {
    let analysis = node.analysis.clone().unwrap_or_default();
    if analysis.capabilities.is_empty() {
        out.push_str("capabilities of its own: none\n");
    } else {
        out.push_str("capabilities of its own:\n");
        for capability in &analysis.capabilities {
            let _ = writeln!(out, "  {} ({} places)", capability.kind, capability.count);
            for (call, span) in capability.spans.iter().take(PLACES) {
                let (call, file) = (escape(call), escape(&span.file));
                let _ = writeln!(out, "    {call} at {file}:{}:{}", span.line, span.column);
            }
        }
    }
    permissions(&analysis.permissions, out);
    for (name, span) in &analysis.flows {
        let _ =
            writeln!(out, "flow: {} at {}:{}:{}", escape(name), escape(&span.file), span.line, span.column);
    }
    let reached: Vec<_> = node.reached.iter().map(CapabilityKind::as_str).collect();
    if !reached.is_empty() {
        let _ = writeln!(out, "reached through dependencies: {}", reached.join(", "));
    }
    let coverage = &analysis.coverage;
    let _ = writeln!(
        out,
        "looked at: {} bytes in {} files: {} parsed, {} as text, {} data, {} not looked at",
        coverage.bytes,
        coverage.files,
        coverage.parsed.values().sum::<u64>(),
        coverage.text,
        coverage.data.values().sum::<u64>(),
        coverage.unseen_bytes(),
    );
    if let Some(origin) = &node.origin {
        let _ = writeln!(out, "registry: {}", escape(&origin_line(origin)));
        if let Some(provenance) = &origin.provenance {
            let _ = writeln!(out, "provenance: {}", escape(&provenance_line(provenance)));
        }
    }
    let standing = match node.risk.standing {
        Standing::Evidence => "evidence",
        Standing::Review => "review",
        Standing::Denied => "denied",
    };
    let parts: Vec<_> =
        node.risk.parts.iter().map(|(part, points)| format!("{}={points}", escape(part))).collect();
    let parts = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
    let _ = writeln!(out, "review: {standing}, risk {}{parts}", node.risk.score);
}

/// What the registry says, in one line.
fn origin_line(origin: &Origin) -> String {
    if !origin.found {
        return "does not have it".to_owned();
    }
    let day = |seconds: i64| {
        time::OffsetDateTime::from_unix_timestamp(seconds)
            .map_or_else(|_| "?".to_owned(), |at| at.date().to_string())
    };
    let mut parts = Vec::new();
    parts.extend(origin.published.map(|at| format!("published {}", day(at))));
    parts.extend(origin.publisher.as_ref().map(|who| format!("by {who}")));
    parts.extend(origin.publisher_before.as_ref().map(|who| format!("the version before by {who}")));
    parts.extend(origin.first_published.map(|at| format!("first version {}", day(at))));
    parts.push(format!("{} versions", origin.versions));
    parts.extend(origin.deprecated.as_ref().map(|why| format!("deprecated ({why})")));
    parts.extend(origin.yanked.as_ref().map(|_| "withdrawn".to_owned()));
    parts.extend(origin.repository.as_ref().map(|url| format!("repository {url}")));
    let attested =
        origin.attested.map(|there| if there { "a build statement is there" } else { "no build statement" });
    parts.extend(attested.map(str::to_owned));
    parts.join(", ")
}

/// What the statements on how it was built come to, in one line.
fn provenance_line(provenance: &BuildProvenance) -> String {
    let state = provenance.state.as_str();
    if provenance.state != ProvenanceState::Verified {
        return format!("{state} ({})", provenance.why.as_deref().unwrap_or("no reason is given"));
    }
    let mut parts = Vec::new();
    parts.extend(provenance.repository.iter().cloned());
    parts.extend(provenance.workflow.as_ref().map(|file| format!("workflow {file}")));
    parts.extend(provenance.commit.as_ref().map(|commit| format!("commit {commit}")));
    if parts.is_empty() {
        parts.extend(provenance.signer.as_ref().map(|who| format!("signed by {who}")));
    }
    format!("{state} ({})", parts.join(", "))
}

/// What would change the verdict: a command or lines for the policy, one for each reason.
fn settle(node: &Node, out: &mut String) {
    let package = escape(&format!("{}:{}", node.package.ecosystem.as_str(), short(&node.package.purl)));
    out.push_str("\nwhat would change the verdict:\n");
    for reason in &node.verdict.reasons {
        match &reason.kind {
            ReasonKind::Finding(finding) => {
                if let Some(hit) = node.hits.iter().find(|hit| hit.finding == *finding) {
                    if !hit.patched.is_empty() {
                        let patched = escape(&hit.patched.join(" or "));
                        let _ = writeln!(out, "  upgrade to {patched}, or in the policy:");
                    }
                    let _ = writeln!(
                        out,
                        "  [[ignore]]\n  advisory = {}\n  package = \"{package}\"\n  reason = \"…\"\n  expires = \"YYYY-MM-DD\"\n",
                        Value::from(escape(&hit.id))
                    );
                } else {
                    let lines = accept(&finding.rule, &package, &finding.spans);
                    let _ = writeln!(
                        out,
                        "  another version, or, once read and understood, in the policy:\n{lines}"
                    );
                }
            }
            ReasonKind::Gap(gap) => {
                let message = escape(&gap.message);
                let _ = writeln!(out, "  the missing evidence ({}): {message}", gap.kind.as_str());
                // Nobody can know what was never had; the others can be looked at by a person.
                if !matches!(gap.kind, GapKind::NotFetched | GapKind::NoAdvisories) {
                    let lines = accept(&format!("gap/{}", gap.kind.as_str()), &package, &gap.spans);
                    let _ = writeln!(out, "  or, once you know what it is, in the policy:\n{lines}");
                } else {
                    out.push('\n');
                }
            }
            ReasonKind::Policy { clause, message, .. }
                if clause.starts_with("deny-capabilities") || clause == "deny-gained" =>
            {
                let kind = message.split('`').nth(1).and_then(CapabilityKind::parse);
                let _ = writeln!(
                    out,
                    "  in the policy:\n  [[grant]]\n  package = \"{package}\"\n  capabilities = [\"{}\"]\n  reason = \"…\"\n  owner = \"…\"\n  expires = \"YYYY-MM-DD\"\n",
                    kind.map_or("…", CapabilityKind::as_str)
                );
            }
            ReasonKind::Policy { .. } | ReasonKind::Evidence { .. } => {}
        }
    }
}

/// Lines for the policy that accept a finding or gap; in one file, where all of its places are in one.
fn accept(rule: &str, package: &str, spans: &[Span]) -> String {
    let file = spans
        .first()
        .filter(|first| spans.iter().all(|span| span.file == first.file))
        .map(|span| format!("\n  file = {}", Value::from(escape(&span.file))))
        .unwrap_or_default();
    let rule = escape(rule);
    format!("  [[accept]]\n  rule = \"{rule}\"\n  package = \"{package}\"{file}\n  reason = \"…\"\n")
}
