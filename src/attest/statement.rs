//! `attestations.jsonl`: in-toto Statements v1 with SLSA's Verification Summary predicate
//! (<https://slsa.dev/spec/v1.0/verification_summary>), extended under the key `bomvet`.
//!
//! Subjects: `name` is the purl. `digest` holds `sha256` of the archive, and the lockfile's digest
//! where it is of another algorithm. A package without an archive (the project's own, vendored,
//! bundled) has `contentsSha256` instead: SHA-256 of the canonical file list, which is, for each
//! file in order of path, the path, a NUL, the file's SHA-256 in hexadecimal and a line feed.
//! The last statement's subject is the BoM file itself.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::bom::{component, properties, timestamp};
use super::{Signer, dsse};
use crate::model::{Audit, Decision, Digest, Node};

/// The predicate's type.
pub const PREDICATE_TYPE: &str = "https://slsa.dev/verification_summary/v1";
/// The statement's type.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// Name of the digest of a folder's canonical file list.
pub const CONTENTS_DIGEST: &str = "contentsSha256";
/// The name of the BoM as a subject.
pub const BOM_NAME: &str = "bom.cdx.json";

/// All envelopes: packages in order of purl, then the BoM. `document` is the signed BoM and
/// `bytes` its file.
pub(super) fn attestations(
    audit: &Audit,
    document: &Value,
    bytes: &[u8],
    signer: Option<&Signer>,
) -> Vec<u8> {
    let serial = document["serialNumber"].as_str().unwrap_or_default();
    let bom = Digest::sha256(bytes).hex();
    let mut out = Vec::new();
    for node in &audit.nodes {
        let digest = subject_digest(node);
        if digest.is_empty() {
            continue;
        }
        let reasons: Vec<_> = node.verdict.reasons.iter().map(properties::reason_line).collect();
        let capabilities: Vec<_> = node
            .analysis
            .iter()
            .flat_map(|analysis| &analysis.capabilities)
            .map(|capability| capability.kind.as_str())
            .collect();
        let own = json!({
            "contents": properties::contents(node),
            "reasons": reasons,
            "capabilities": capabilities,
            "rulesDigest": {"sha256": audit.rules_digest},
        });
        let predicate = predicate(audit, &node.package.purl, node.verdict.decision, (serial, &bom), own);
        out.extend(dsse::envelope(&statement(&node.package.purl, &json!(digest), &predicate), signer));
        out.push(b'\n');
    }
    let (approved, denied) = super::bom::counts(audit);
    let own = json!({
        "approved": approved,
        "denied": denied,
        "rulesDigest": {"sha256": audit.rules_digest},
    });
    let predicate = predicate(audit, serial, audit.decision(), (serial, &bom), own);
    out.extend(dsse::envelope(&statement(BOM_NAME, &json!({"sha256": bom}), &predicate), signer));
    out.push(b'\n');
    out
}

/// The digests that name a package's contents; empty where there are none.
fn subject_digest(node: &Node) -> BTreeMap<&'static str, String> {
    let mut digest = BTreeMap::new();
    if let Some(contents) = &node.contents {
        if contents.archive_sha256.is_some() {
            digest.extend(component::hashes(node).into_iter().map(|(alg, hex)| (alg.as_str(), hex)));
        } else if let Some(analysis) = &node.analysis {
            digest.insert(CONTENTS_DIGEST, analysis.contents.clone());
        }
    }
    digest
}

fn statement(name: &str, digest: &Value, predicate: &Value) -> Value {
    json!({
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": digest}],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    })
}

fn predicate(
    audit: &Audit,
    resource: &str,
    decision: Decision,
    (serial, bom): (&str, &str),
    own: Value,
) -> Value {
    json!({
        "verifier": {"id": "pkg:cargo/bomvet", "version": {"bomvet": audit.tool_version}},
        "timeVerified": timestamp(audit.time),
        "resourceUri": resource,
        "policy": {
            "uri": format!("urn:bomvet:policy:{}", audit.profile),
            "digest": {"sha256": audit.policy_digest},
        },
        "inputAttestations": [{"uri": serial, "digest": {"sha256": bom}}],
        "verificationResult": result(decision),
        "verifiedLevels": [],
        "bomvet": own,
    })
}

/// SLSA's word for a decision.
pub(super) fn result(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "PASSED",
        Decision::Deny => "FAILED",
    }
}
