//! SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>).
//!
//! Code-scanning services show a result at a file of the repository, so the location of a result
//! is the line of the lockfile that pins the package; the places within the package are related
//! locations. Findings in the project's own code stand where they are.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::{Audit, Decision, Digest, Finding, Node, Reason, ReasonKind, Severity, Span};

/// The log. Results are what denies (level `error`), then the other findings of medium severity
/// and above (`warning`); what is less is in the BoM.
pub fn log(audit: &Audit) -> Value {
    let mut rules: BTreeMap<String, Value> = BTreeMap::new();
    let mut results = Vec::new();
    for node in &audit.nodes {
        let denies = node.verdict.decision == Decision::Deny;
        for reason in node.verdict.reasons.iter().filter(|_| denies) {
            rules.entry(reason.rule()).or_insert_with(|| rule(&reason.rule(), reason_finding(reason)));
            results.push(result(node, &reason.rule(), "error", reason.message(), reason.spans()));
        }
        for finding in node.findings.iter().filter(|finding| finding.severity >= Severity::Medium) {
            let listed =
                denies && node.verdict.reasons.iter().any(|reason| reason_finding(reason) == Some(finding));
            if !listed {
                rules.entry(finding.rule.clone()).or_insert_with(|| rule(&finding.rule, Some(finding)));
                results.push(result(node, &finding.rule, "warning", &finding.message, &finding.spans));
            }
        }
    }
    let index: BTreeMap<&String, usize> = rules.keys().enumerate().map(|(at, id)| (id, at)).collect();
    for result in &mut results {
        let id = result["ruleId"].as_str().unwrap_or_default().to_owned();
        result["ruleIndex"] = json!(index.get(&id));
    }
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "bomvet",
                "version": audit.tool_version,
                "semanticVersion": audit.tool_version,
                "rules": rules.into_values().collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"PROJECT": {"description": {"text": "the audited folder"}}},
            "results": results,
        }],
    })
}

fn reason_finding(reason: &Reason) -> Option<&Finding> {
    match &reason.kind {
        ReasonKind::Finding(finding) => Some(finding),
        _ => None,
    }
}

fn rule(id: &str, finding: Option<&Finding>) -> Value {
    let help = finding.map(|finding| finding.help.as_str()).filter(|help| !help.is_empty());
    // Services sort by this number; see GitHub's documentation of `security-severity`.
    let score = match finding.map_or(Severity::High, |finding| finding.severity) {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.0",
    };
    json!({
        "id": id,
        "shortDescription": {"text": id},
        "help": {"text": help.unwrap_or("run `bomvet explain` on the BoM for the evidence")},
        "properties": {"security-severity": score, "tags": ["security", "supply-chain"]},
    })
}

fn result(node: &Node, rule: &str, level: &str, message: &str, spans: &[Span]) -> Value {
    let declared = &node.package.declared;
    let own = node.package.first_party.then(|| spans.first()).flatten();
    let primary = match own {
        Some(span) => {
            json!({"physicalLocation": physical(&span.file, span.line.max(1), span.column.max(1), true)})
        }
        None => {
            json!({"physicalLocation": physical(&declared.file, declared.line.max(1), declared.column.max(1), true)})
        }
    };
    let related: Vec<Value> = spans
        .iter()
        .enumerate()
        .filter(|_| !node.package.first_party)
        .map(|(at, span)| {
            json!({
                "id": at,
                "message": {"text": if span.text.is_empty() { "the file" } else { span.text.trim() }},
                "logicalLocations": [{"fullyQualifiedName": format!("{}/{}", node.package.purl, span.file)}],
                "physicalLocation": physical(&format!("{}/{}", node.package.label(), span.file), span.line.max(1), span.column.max(1), false),
            })
        })
        .collect();
    // Stable over runs and line shifts: rule, package and the text that was found.
    let text = spans.first().map(|span| span.text.trim()).unwrap_or_default();
    let print = Digest::sha256(format!("{rule}\n{}\n{text}", node.package.purl).as_bytes()).hex();
    let mut out = json!({
        "ruleId": rule,
        "level": level,
        "message": {"text": format!("{}: {message}", node.package.purl)},
        "locations": [primary],
        "partialFingerprints": {"bomvet/v1": print},
    });
    if !related.is_empty() {
        out["relatedLocations"] = Value::Array(related);
    }
    out
}

fn physical(file: &str, line: u32, column: u32, in_project: bool) -> Value {
    let uri: String = percent_encoding::utf8_percent_encode(file, PATH).collect();
    let artifact = if in_project { json!({"uri": uri, "uriBaseId": "PROJECT"}) } else { json!({"uri": uri}) };
    json!({"artifactLocation": artifact, "region": {"startLine": line, "startColumn": column}})
}

/// What a URI path needs escaped (RFC 3986).
const PATH: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@')
    .remove(b'+');
