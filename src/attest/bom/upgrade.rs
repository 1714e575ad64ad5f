//! What the JSON of `cyclonedx-bom` lacks: added for both versions, then what 1.6 has beyond 1.5.

use serde_json::{Value, json};

use crate::model::Audit;

/// For every version: the schema's address, purls as they are, and the name of one member that
/// `cyclonedx-bom` 0.8 writes wrong (`responses`; the schemas say `response`).
pub(super) fn complete(document: &mut Value, audit: &Audit) {
    document["$schema"] = "http://cyclonedx.org/schema/bom-1.5.schema.json".into();
    for (component, node) in components(document).zip(&audit.nodes) {
        component["purl"] = node.package.purl.as_str().into();
    }
    for vulnerability in
        document.get_mut("vulnerabilities").and_then(Value::as_array_mut).into_iter().flatten()
    {
        if let Some(analysis) = vulnerability.get_mut("analysis").and_then(Value::as_object_mut)
            && let Some(response) = analysis.shift_remove("responses")
        {
            analysis.insert("response".to_owned(), response);
        }
    }
}

/// To 1.6: version, the line of each occurrence, and that licences are what the manifest declares.
pub(super) fn to_1_6(document: &mut Value, audit: &Audit) {
    document["$schema"] = "http://cyclonedx.org/schema/bom-1.6.schema.json".into();
    document["specVersion"] = "1.6".into();
    for (component, node) in components(document).zip(&audit.nodes) {
        let declared = &node.package.declared;
        if let Some(occurrence) = component.pointer_mut("/evidence/occurrences/0")
            && declared.line > 0
        {
            occurrence["line"] = declared.line.into();
        }
        for licence in component.get_mut("licenses").and_then(Value::as_array_mut).into_iter().flatten() {
            let of = if licence.get("license").is_some() { &mut licence["license"] } else { licence };
            of["acknowledgement"] = json!("declared");
        }
    }
}

/// The components, in the order of the audit's nodes.
fn components(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    document.get_mut("components").and_then(Value::as_array_mut).into_iter().flatten()
}
