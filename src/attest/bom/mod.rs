//! The CycloneDX BoM of an audit.
//!
//! Built with `cyclonedx-bom`'s model, which ends at version 1.5; its JSON is then completed to
//! 1.6 in `upgrade`: `declarations` and `definitions`, line numbers of occurrences,
//! acknowledgement of licences. What CycloneDX has no field for stands in properties named
//! `bomvet:…`; `properties.rs` lists them, and [`super::read`] reads them back.

pub(super) mod component;
pub(super) mod declarations;
mod external;
pub(super) mod properties;
mod upgrade;
mod vulnerability;

use std::collections::BTreeMap;

use cyclonedx_bom::models::bom::{Bom, BomReference, SpecVersion as CrateVersion, UrnUuid};
use cyclonedx_bom::models::component::{Classification, Component, Components};
use cyclonedx_bom::models::composition::{AggregateType, Composition, Compositions};
use cyclonedx_bom::models::dependency::{Dependencies, Dependency as CrateDependency};
use cyclonedx_bom::models::metadata::Metadata;
use cyclonedx_bom::models::property::{Properties, Property};
use cyclonedx_bom::models::tool::Tools;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{SpecVersion, json};
use crate::model::{Audit, Decision, GapKind, Node};

pub use properties::{CAPABILITY_SPANS, reason_line};

/// The bom-ref of the audited project itself.
pub const PROJECT_REF: &str = "bomvet:project";

/// Builds the unsigned document.
pub(super) fn build(audit: &Audit, spec: SpecVersion, unsigned: bool) -> Value {
    let mut edges: BTreeMap<&str, Vec<&crate::model::Dependency>> = BTreeMap::new();
    for dependency in &audit.dependencies {
        edges.entry(&dependency.from).or_default().push(dependency);
    }
    let components = audit.nodes.iter().map(|node| {
        component::component(node, edges.get(node.package.purl.as_str()).map_or(&[][..], Vec::as_slice))
    });
    let bom = Bom {
        version: 1,
        serial_number: None,
        metadata: Some(metadata(audit, unsigned)),
        components: Some(Components(components.collect())),
        services: None,
        external_references: None,
        dependencies: Some(dependencies(audit, &edges)),
        compositions: Some(compositions(audit)),
        properties: None,
        vulnerabilities: vulnerability::vulnerabilities(audit),
        signature: None,
        annotations: None,
        formulation: None,
        spec_version: CrateVersion::V1_5,
    };
    let mut bytes = Vec::new();
    // Writing to memory cannot fail, and the model refuses only what 1.3 and 1.4 lack.
    let written = bom.output_as_json(&mut bytes, CrateVersion::V1_5).is_ok();
    let mut document = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    debug_assert!(written && document.is_object());
    upgrade::complete(&mut document, audit);
    if spec == SpecVersion::V1_6 {
        upgrade::to_1_6(&mut document, audit);
        declarations::add(&mut document, audit);
    }
    let serial = serial_number(&document);
    document["serialNumber"] = serial.into();
    in_order(document)
}

/// `urn:uuid:` of RFC 9562 version 8, made of the first 122 free bits of the SHA-256 of the
/// canonical document without its serial number and signature: the same audit has the same one.
pub(super) fn serial_number(document: &Value) -> String {
    let mut document = document.clone();
    if let Some(map) = document.as_object_mut() {
        map.shift_remove("serialNumber");
        map.shift_remove("signature");
    }
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(json::canonical(&document));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = hex::encode(bytes);
    let value =
        format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
    UrnUuid::new(value.clone()).map_or(value, |urn| urn.0)
}

/// RFC 3339, whole seconds. A time outside of what a calendar can show is the epoch.
pub(super) fn timestamp(seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(seconds)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .format(&Rfc3339)
        .unwrap_or_else(|_| "1970-01-01T00:00:00Z".to_owned())
}

fn metadata(audit: &Audit, unsigned: bool) -> Metadata {
    let tool = Component::new(Classification::Application, "bomvet", &audit.tool_version, None);
    let mut project =
        Component::new(Classification::Application, &audit.project, "", Some(PROJECT_REF.into()));
    project.version = audit
        .nodes
        .iter()
        .find(|node| node.package.first_party && node.package.name == audit.project)
        .map(|node| node.package.version.as_str().into());
    let properties = properties::of_audit(audit, unsigned);
    Metadata {
        timestamp: timestamp(audit.time).try_into().ok(),
        tools: Some(Tools::Object { services: None, components: Some(Components(vec![tool])) }),
        component: Some(project),
        properties: Some(as_properties(properties)),
        ..Metadata::default()
    }
}

fn as_properties(list: Vec<(String, String)>) -> Properties {
    Properties(list.into_iter().map(|(name, value)| Property::new(name, &value)).collect())
}

fn dependencies(audit: &Audit, edges: &BTreeMap<&str, Vec<&crate::model::Dependency>>) -> Dependencies {
    let own = audit.nodes.iter().filter(|node| node.package.first_party);
    let mut all = vec![CrateDependency {
        dependency_ref: PROJECT_REF.to_owned(),
        dependencies: own.map(|node| node.package.purl.clone()).collect(),
    }];
    for node in &audit.nodes {
        let mut to: Vec<_> = edges
            .get(node.package.purl.as_str())
            .into_iter()
            .flatten()
            // An edge whose end is not in the audit would be a reference to nothing.
            .filter(|edge| audit.node(&edge.to).is_some())
            .map(|edge| edge.to.clone())
            .collect();
        to.sort();
        to.dedup();
        all.push(CrateDependency { dependency_ref: node.package.purl.clone(), dependencies: to });
    }
    all.sort_by(|a, b| a.dependency_ref.cmp(&b.dependency_ref));
    Dependencies(all)
}

/// What is known of a package's parts and edges: everything, some of it, or nothing.
fn compositions(audit: &Audit) -> Compositions {
    let has = |node: &Node, kinds: &[GapKind]| node.gaps.iter().any(|gap| kinds.contains(&gap.kind));
    let assembly = |node: &Node| match &node.analysis {
        None => "unknown",
        Some(_) if has(node, &[GapKind::Unverified, GapKind::NotParsed, GapKind::NotSeen]) => "incomplete",
        Some(_) => "complete",
    };
    let edges = |node: &Node| match () {
        () if has(node, &[GapKind::NotExamined]) => "unknown",
        () if has(node, &[GapKind::NotResolved, GapKind::NotCovered]) => "incomplete",
        () => "complete",
    };
    let list = ["complete", "incomplete", "unknown"].into_iter().filter_map(|aggregate| {
        let refs = |of: &dyn Fn(&Node) -> &'static str| {
            let refs = audit.nodes.iter().filter(|node| of(node) == aggregate);
            let refs: Vec<_> = refs.map(|node| BomReference::new(&node.package.purl)).collect();
            (!refs.is_empty()).then_some(refs)
        };
        let (assemblies, dependencies) = (refs(&assembly), refs(&edges));
        (assemblies.is_some() || dependencies.is_some()).then(|| Composition {
            bom_ref: None,
            aggregate: AggregateType::new_unchecked(aggregate),
            assemblies,
            dependencies,
            vulnerabilities: None,
            signature: None,
        })
    });
    Compositions(list.collect())
}

/// Top-level members in the order of the specification.
fn in_order(document: Value) -> Value {
    const ORDER: [&str; 10] = [
        "$schema",
        "bomFormat",
        "specVersion",
        "serialNumber",
        "version",
        "metadata",
        "components",
        "dependencies",
        "compositions",
        "vulnerabilities",
    ];
    let Value::Object(mut map) = document else { return document };
    let mut out = serde_json::Map::new();
    for name in ORDER {
        if let Some(value) = map.shift_remove(name) {
            out.insert(name.to_owned(), value);
        }
    }
    out.extend(map);
    Value::Object(out)
}

/// The sentence on how many packages are approved.
pub(super) use declarations::rationale as counts_text;

/// How many packages have each verdict: approved, denied.
pub(super) fn counts(audit: &Audit) -> (usize, usize) {
    let denied = audit.nodes.iter().filter(|node| node.verdict.decision == Decision::Deny).count();
    (audit.nodes.len() - denied, denied)
}
