//! Publishes the audit as a signed CycloneDX BoM and as in-toto attestations, and verifies them.

use crate::model::Audit;

/// The BoM as a JSON value, unsigned, in the order of the specification.
pub fn bom(audit: &Audit) -> serde_json::Value {
    let components: Vec<_> = audit
        .nodes
        .iter()
        .map(|node| {
            serde_json::json!({
                "type": "library", "bom-ref": node.package.purl, "name": node.package.name,
                "version": node.package.version, "purl": node.package.purl,
                "properties": [{"name": "bomvet:verdict", "value": node.verdict.decision.as_str()}],
            })
        })
        .collect();
    serde_json::json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components})
}
