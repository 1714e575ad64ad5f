//! `declarations` of CycloneDX 1.6: bomvet as the assessor, the policy as the standard, one claim
//! for each component (its verdict), and how far the project conforms.
//!
//! Approved packages are the attestation's claims, denied ones its counter claims; the score is
//! their share. Evidence is described once and linked from each claim that rests on it.

use serde_json::{Value, json};

use super::properties::reason_line;
use crate::model::{Audit, Decision, Node, ReasonKind};

/// The requirement that each claim is about.
pub(in crate::attest) const REQUIREMENT: &str = "bomvet:requirement:approved";
const ASSESSOR: &str = "bomvet:assessor";

/// Adds `declarations` and, for the policy that they refer to, `definitions`.
pub(super) fn add(document: &mut Value, audit: &Audit) {
    let claims: Vec<_> = audit.nodes.iter().map(claim).collect();
    let refs = |decision| -> Vec<String> {
        audit
            .nodes
            .iter()
            .filter(|node| node.verdict.decision == decision)
            .map(|node| claim_ref(&node.package.purl))
            .collect()
    };
    let (approved, denied) = super::counts(audit);
    let mut map = json!({ "requirement": REQUIREMENT });
    for (name, decision) in [("claims", Decision::Approve), ("counterClaims", Decision::Deny)] {
        let refs = refs(decision);
        if !refs.is_empty() {
            map[name] = refs.into();
        }
    }
    map["conformance"] = json!({"score": score(approved, denied), "rationale": rationale(approved, denied)});
    map["confidence"] = json!({
        "score": 1,
        "rationale": "verdicts follow from the evidence and the policy alone; the same input gives the same verdict",
    });
    document["declarations"] = json!({
        "assessors": [{
            "bom-ref": ASSESSOR,
            "thirdParty": false,
            "organization": {"name": format!("bomvet {}", audit.tool_version)},
        }],
        "attestations": [{
            "summary": format!("{}: {}", audit.decision(), rationale(approved, denied)),
            "assessor": ASSESSOR,
            "map": [map],
        }],
        "claims": claims,
        "evidence": evidence(audit),
    });
    document["definitions"] = json!({
        "standards": [{
            "bom-ref": "bomvet:policy",
            "name": format!("bomvet policy, profile {}", audit.profile),
            "version": audit.policy_digest,
            "description": "the effective policy; the version is the SHA-256 of its canonical JSON",
            "requirements": [{
                "bom-ref": REQUIREMENT,
                "identifier": "approved",
                "title": "every package is approved",
            }],
        }],
    });
}

/// The bom-ref of a component's claim.
pub(in crate::attest) fn claim_ref(purl: &str) -> String {
    format!("claim:{purl}")
}

/// The share of approved packages, three decimals, rounded down so that 1 means all; 1 for none at all.
pub(in crate::attest) fn score(approved: usize, denied: usize) -> Value {
    let thousandths = (approved * 1000).checked_div(approved + denied).unwrap_or(1000);
    match thousandths {
        0 => 0.into(),
        1000 => 1.into(),
        n => json!(n as f64 / 1000.0),
    }
}

/// The sentence beside the score.
pub(in crate::attest) fn rationale(approved: usize, denied: usize) -> String {
    format!("{approved} of {} packages approved, {denied} denied", approved + denied)
}

fn claim(node: &Node) -> Value {
    let reasons = &node.verdict.reasons;
    let mut reasoning = reasons.first().map(reason_line).unwrap_or_default();
    if reasons.len() > 1 {
        reasoning += &format!(" (and {} more in bomvet:reason)", reasons.len() - 1);
    }
    let mut evidence = Vec::new();
    match node.verdict.decision {
        Decision::Approve => {
            if node.contents.is_some() {
                evidence.push("evidence:contents");
            }
            if node.analysis.is_some() {
                evidence.push("evidence:coverage");
            }
            evidence.push("evidence:findings");
        }
        Decision::Deny => {
            let is = |test: fn(&ReasonKind) -> bool| reasons.iter().any(|reason| test(&reason.kind));
            if is(|kind| matches!(kind, ReasonKind::Finding(_) | ReasonKind::Policy { .. })) {
                evidence.push("evidence:findings");
            }
            if is(|kind| matches!(kind, ReasonKind::Gap(_))) {
                evidence.push("evidence:gaps");
            }
        }
    }
    json!({
        "bom-ref": claim_ref(&node.package.purl),
        "target": node.package.purl,
        "predicate": node.verdict.decision.as_str(),
        "reasoning": reasoning,
        "evidence": evidence,
    })
}

fn evidence(audit: &Audit) -> Value {
    let item = |name: &str, property: &str, description: String| {
        json!({
            "bom-ref": format!("evidence:{name}"),
            "propertyName": property,
            "description": description,
            "created": super::timestamp(audit.time),
        })
    };
    let databases: Vec<_> = audit
        .databases
        .iter()
        .map(|db| match &db.commit {
            Some(commit) => format!("{} at {commit}", db.kind),
            None => format!("{} {}", db.kind, db.digest),
        })
        .collect();
    let databases = if databases.is_empty() { "none".to_owned() } else { databases.join(", ") };
    json!([
        item(
            "contents",
            "bomvet:contents",
            "the archive or folder was hashed and, where a lockfile declares a digest, compared with it"
                .to_owned()
        ),
        item(
            "coverage",
            "bomvet:coverage:bytes",
            "every byte of the contents is counted as parsed, scanned as text, data, or not looked at"
                .to_owned()
        ),
        item(
            "findings",
            "bomvet:finding",
            format!(
                "findings of the rules {} and of the advisory databases: {databases}",
                audit.rules_digest
            )
        ),
        item("gaps", "bomvet:gap", "evidence that is missing".to_owned()),
    ])
}
