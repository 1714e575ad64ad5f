//! `--format json`: one document on standard output.
//!
//! ```json
//! {"bomvet": 1, "verdict": "approve", "summary": {}, "packages": [], "gaps": []}
//! ```
//! A key is never taken away or given another meaning within a format version.

use serde_json::{Map, Value, json};

use super::summary::change_name;
use super::{Summary, severity};
use crate::model::{Audit, Change, Finding, Gap, Node, Reason, Span, ToolUse};

/// Version of the document's shape.
pub const FORMAT: u32 = 1;

/// The document.
pub fn document(audit: &Audit) -> Value {
    let summary = serde_json::to_value(Summary::of(audit)).unwrap_or(Value::Null);
    json!({
        "bomvet": FORMAT,
        "verdict": audit.decision().as_str(),
        "summary": summary,
        "project": audit.project,
        "time": audit.time,
        "tool": {"name": "bomvet", "version": audit.tool_version},
        "policy": {"profile": audit.profile, "digest": audit.policy_digest, "unused": audit.unused_policy},
        "rules": {"digest": audit.rules_digest},
        "databases": audit.databases,
        "inputs": audit.inputs.iter().map(|(file, digest)| json!({"file": file, "sha256": digest})).collect::<Vec<_>>(),
        "base": audit.base,
        "notes": audit.notes,
        "packages": audit.nodes.iter().map(package).collect::<Vec<_>>(),
        "removed": audit.removed,
        "reviews": audit.reviews,
        "gaps": audit.nodes.iter().flat_map(|node| node.gaps.iter().map(move |g| gap(node, g))).collect::<Vec<_>>(),
    })
}

/// A span as every output gives it.
pub fn span(span: &Span) -> Value {
    json!({"file": &*span.file, "line": span.line, "column": span.column, "text": span.text})
}

fn spans(list: &[Span]) -> Vec<Value> {
    list.iter().map(span).collect()
}

fn reason(reason: &Reason) -> Value {
    json!({
        "rule": reason.rule(),
        "severity": severity(reason).as_str(),
        "message": reason.message(),
        "clause": reason.clause,
        "spans": spans(reason.spans()),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "rule": finding.rule,
        "severity": finding.severity.as_str(),
        "confidence": finding.confidence.as_str(),
        "message": finding.message,
        "help": finding.help,
        "references": finding.references,
        "spans": spans(&finding.spans),
    })
}

fn gap(node: &Node, gap: &Gap) -> Value {
    let denies = node
        .verdict
        .reasons
        .iter()
        .any(|reason| matches!(&reason.kind, crate::model::ReasonKind::Gap(denied) if denied == gap));
    json!({
        "purl": node.package.purl,
        "kind": gap.kind.as_str(),
        "message": gap.message,
        "spans": spans(&gap.spans),
        "tolerated": !denies,
    })
}

fn package(node: &Node) -> Value {
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    put("purl", json!(node.package.purl));
    put("ecosystem", json!(node.package.ecosystem.as_str()));
    put("name", json!(node.package.name));
    put("version", json!(node.package.version));
    put("first_party", json!(node.package.first_party));
    put("verdict", json!(node.verdict.decision.as_str()));
    put("reasons", node.verdict.reasons.iter().map(reason).collect());
    put("risk", json!({"standing": node.risk.standing, "score": node.risk.score, "parts": node.risk.parts}));
    if let Some(testimony) = &node.testimony {
        put("review", json!(testimony));
    }
    let analysis = node.analysis.as_ref();
    put(
        "capabilities",
        analysis
            .map(|analysis| analysis.capabilities.as_slice())
            .unwrap_or_default()
            .iter()
            .map(|capability| {
                let places: Vec<Value> = capability
                    .spans
                    .iter()
                    .map(|(call, at)| {
                        let mut value = span(at);
                        value["call"] = json!(call);
                        value
                    })
                    .collect();
                json!({"name": capability.kind.as_str(), "count": capability.count, "spans": places})
            })
            .collect(),
    );
    if let Some(analysis) = analysis.filter(|_| node.package.agent.is_some()) {
        let uses = |list: &[ToolUse]| -> Value {
            list.iter().map(|one| json!({"tool": one.tool, "on": one.on, "span": span(&one.span)})).collect()
        };
        let permissions = &analysis.permissions;
        put(
            "permissions",
            json!({
                "purpose": permissions.purpose,
                "declared": uses(&permissions.declared),
                "used": uses(&permissions.used),
            }),
        );
    }
    let flows = analysis.map(|analysis| analysis.flows.as_slice()).unwrap_or_default();
    put("flows", flows.iter().map(|(name, at)| json!({"name": name, "span": span(at)})).collect());
    put("reached", node.reached.iter().map(|kind| json!(kind.as_str())).collect());
    put("path", json!(node.place.path));
    put("findings", node.findings.iter().map(finding).collect());
    put(
        "advisories",
        node.hits
            .iter()
            .map(|hit| {
                json!({
                    "id": hit.id, "aliases": hit.aliases, "kind": hit.kind, "title": hit.title,
                    "cvss": hit.cvss, "score": hit.score.map(|score| f64::from(score) / 10.0),
                    "patched": hit.patched, "url": hit.url,
                })
            })
            .collect(),
    );
    // Which cache, registry or store they were found in differs from run to run and is left out.
    let mut contents = json!(node.contents);
    if contents["verified_against"].is_string() {
        contents["from"] = json!("verified");
    }
    put("contents", contents);
    if let Some(origin) = &node.origin {
        put("origin", json!(origin));
    }
    put("coverage", json!(analysis.map(|analysis| &analysis.coverage)));
    put("licence", json!(analysis.and_then(|a| a.licence.as_ref()).or(node.package.licence.as_ref())));
    put("micro", json!(analysis.map(|analysis| &analysis.micro)));
    put(
        "graph",
        json!({
            "depth": node.place.depth, "dependants": node.place.dependants,
            "direct_dependants": node.place.direct_dependants, "cycle": node.place.cycle,
            "only_through": node.place.only_through, "brings_alone": node.place.brings_alone,
            "reach": node.place.reach,
        }),
    );
    put("review", json!(node.risk));
    put("declared", json!(node.package.declared));
    if let Some(change) = &node.change {
        put("change", change_value(change));
        put("gained", node.gained.iter().map(|kind| json!(kind.as_str())).collect());
    }
    Value::Object(out)
}

fn change_value(change: &Change) -> Value {
    match change {
        Change::Upgraded { from } | Change::Downgraded { from } | Change::Resourced { from } => {
            json!({"kind": change_name(change), "from": from})
        }
        Change::Edited { files } => json!({"kind": "edited", "files": files}),
        Change::Added | Change::Removed | Change::Unchanged => json!({"kind": change_name(change)}),
    }
}
