//! The BoM's own logic: one verdict each, references that exist, sums and declarations that agree.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Failures;
use crate::attest::bom::{counts_text, declarations, serial_number};
use crate::attest::json::token;
use crate::attest::statement::CONTENTS_DIGEST;

/// What the attestations must agree with.
#[derive(Debug, Default)]
pub struct Facts {
    /// Components by purl, which is their bom-ref.
    pub components: BTreeMap<String, Facet>,
    /// The serial number.
    pub serial: String,
    /// SHA-256 of policy and rules.
    pub policy: String,
    /// SHA-256 of the rules.
    pub rules: String,
    /// The audit's time.
    pub time: String,
    /// Findings of all components.
    pub findings: usize,
    /// Gaps of all components.
    pub gaps: usize,
}

/// One component.
#[derive(Debug)]
pub struct Facet {
    /// JSON pointer of it.
    pub pointer: String,
    /// `approve` or `deny`.
    pub verdict: String,
    /// `bomvet:reason`.
    pub reasons: Vec<String>,
    /// `verified`, `first-party`, `unverified` or `none`.
    pub contents: String,
    /// Kinds of capability, in the order of the BoM.
    pub capabilities: Vec<String>,
    /// The digests that a statement about it must have; empty where there are no contents.
    pub digest: BTreeMap<String, String>,
}

impl Facts {
    /// How many are denied.
    pub fn denied(&self) -> usize {
        self.components.values().filter(|facet| facet.verdict == "deny").count()
    }
}

/// Values of the properties named `name` in a list of properties.
pub(super) fn property<'a>(list: Option<&'a Value>, name: &'a str) -> impl Iterator<Item = &'a str> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter(move |property| property["name"] == name).filter_map(|property| property["value"].as_str())
}

/// Checks everything that needs no key.
pub(super) fn check(document: &Value, failures: &mut Failures<'_>) -> Facts {
    if document["bomFormat"] != "CycloneDX" {
        failures.add("/bomFormat", "expected `CycloneDX`");
    }
    let spec = document["specVersion"].as_str().unwrap_or_default();
    if !["1.5", "1.6"].contains(&spec) {
        failures.add("/specVersion", format!("bomvet writes 1.5 and 1.6; found `{spec}`"));
    }
    let expected = serial_number(document);
    if document["serialNumber"] != expected.as_str() {
        failures.add("/serialNumber", format!("the contents give {expected}"));
    }
    let metadata = document.pointer("/metadata/properties");
    let text = |name: &str| property(metadata, name).next().unwrap_or_default().to_owned();
    let mut facts = Facts {
        serial: expected,
        policy: text("bomvet:policy:sha256"),
        rules: text("bomvet:rules:sha256"),
        time: document.pointer("/metadata/timestamp").and_then(Value::as_str).unwrap_or_default().to_owned(),
        ..Facts::default()
    };
    let components = document["components"].as_array().map_or(&[][..], Vec::as_slice);
    for (at, component) in components.iter().enumerate() {
        one_component(component, format!("/components/{at}"), &mut facts, failures);
    }
    references(document, &facts, failures);
    summary(document, &facts, failures);
    if spec == "1.6" {
        declared(document, &facts, failures);
    }
    facts
}

fn one_component(component: &Value, pointer: String, facts: &mut Facts, failures: &mut Failures<'_>) {
    let Some(purl) = component["bom-ref"].as_str() else {
        return failures.add(pointer, "the component has no `bom-ref`");
    };
    if component["purl"] != purl {
        failures.add(format!("{pointer}/purl"), format!("differs from the bom-ref `{purl}`"));
    }
    let properties = component.get("properties");
    let place = format!("{pointer}/properties");
    let all = |name: &'static str| -> Vec<String> { property(properties, name).map(str::to_owned).collect() };
    let verdicts = all("bomvet:verdict");
    if verdicts.len() != 1 || !["approve", "deny"].contains(&verdicts[0].as_str()) {
        failures.add(
            &place,
            format!(
                "`{purl}` must have exactly one verdict, `approve` or `deny`; found [{}]",
                verdicts.join(", ")
            ),
        );
    }
    let reasons = all("bomvet:reason");
    if reasons.is_empty() {
        failures.add(&place, format!("`{purl}` has no reason for its verdict"));
    }
    if all("bomvet:basis").len() != reasons.len() {
        failures.add(&place, format!("`{purl}` has not one `bomvet:basis` for each `bomvet:reason`"));
    }
    facts.findings += property(properties, "bomvet:finding").count();
    facts.gaps += property(properties, "bomvet:gap").count();
    let contents = all("bomvet:contents");
    if contents.len() != 1 {
        failures.add(&place, format!("`{purl}` must say exactly once whether there are contents"));
    }
    let contents = contents.into_iter().next().unwrap_or_default();
    coverage(purl, properties, &place, failures);
    let mut digest = BTreeMap::new();
    if contents != "none" {
        for hash in component["hashes"].as_array().into_iter().flatten() {
            let name = hash["alg"].as_str().unwrap_or_default().replace('-', "").to_ascii_lowercase();
            digest.insert(name, hash["content"].as_str().unwrap_or_default().to_owned());
        }
        if digest.is_empty()
            && let Some(list) = property(properties, "bomvet:contents:sha256").next()
        {
            digest.insert(CONTENTS_DIGEST.to_owned(), list.to_owned());
        }
    }
    let verdict = verdicts.into_iter().next().unwrap_or_default();
    let capabilities = property(properties, "bomvet:capability")
        .filter_map(|text| serde_json::from_str::<Value>(text).ok()?["kind"].as_str().map(str::to_owned))
        .collect();
    let facet = Facet { pointer: pointer.clone(), verdict, reasons, contents, capabilities, digest };
    if facts.components.insert(purl.to_owned(), facet).is_some() {
        failures.add(pointer, format!("`{purl}` is there twice"));
    }
}

/// The parts of the coverage must sum to the bytes of the contents.
fn coverage(purl: &str, properties: Option<&Value>, place: &str, failures: &mut Failures<'_>) {
    let number =
        |name: &'static str| property(properties, name).next().and_then(|text| text.parse::<u64>().ok());
    let Some(bytes) = number("bomvet:coverage:bytes") else { return };
    let parts =
        ["bomvet:coverage:parsed", "bomvet:coverage:text", "bomvet:coverage:data", "bomvet:coverage:unseen"];
    let sum = parts.into_iter().map(number).try_fold(0u64, |sum, part| sum.checked_add(part?));
    if sum != Some(bytes) {
        failures.add(place, format!("the coverage of `{purl}` does not sum to its {bytes} bytes"));
    }
}

/// Every `bom-ref` once in the whole document; every reference points to one.
fn references(document: &Value, facts: &Facts, failures: &mut Failures<'_>) {
    let mut refs = BTreeMap::new();
    collect_refs(document, String::new(), &mut refs, failures);
    let check = |value: &Value, pointer: String, failures: &mut Failures<'_>| match value.as_str() {
        Some(text) if refs.contains_key(text) => {}
        Some(text) => failures.add(pointer, format!("refers to `{text}`, which is not in the BoM")),
        None => failures.add(pointer, "is not a reference"),
    };
    let mut with_edges = BTreeSet::new();
    for (at, dependency) in list(document, "/dependencies").iter().enumerate() {
        let pointer = format!("/dependencies/{at}");
        check(&dependency["ref"], format!("{pointer}/ref"), failures);
        if let Some(own) = dependency["ref"].as_str()
            && !with_edges.insert(own)
        {
            failures.add(format!("{pointer}/ref"), format!("the dependencies of `{own}` are there twice"));
        }
        for (n, to) in list(dependency, "/dependsOn").iter().enumerate() {
            check(to, format!("{pointer}/dependsOn/{n}"), failures);
        }
    }
    for (purl, facet) in &facts.components {
        if !with_edges.contains(purl.as_str()) {
            failures.add(&facet.pointer, format!("`{purl}` has no entry in `dependencies`"));
        }
    }
    for (outer, inner) in [("compositions", "assemblies"), ("compositions", "dependencies")] {
        for (at, composition) in list(document, &format!("/{outer}")).iter().enumerate() {
            for (n, to) in list(composition, &format!("/{inner}")).iter().enumerate() {
                check(to, format!("/{outer}/{at}/{inner}/{n}"), failures);
            }
        }
    }
    for (at, vulnerability) in list(document, "/vulnerabilities").iter().enumerate() {
        for (n, target) in list(vulnerability, "/affects").iter().enumerate() {
            check(&target["ref"], format!("/vulnerabilities/{at}/affects/{n}/ref"), failures);
        }
    }
}

/// Recursion is bounded by the parser's limit of 128.
fn collect_refs(
    value: &Value,
    pointer: String,
    refs: &mut BTreeMap<String, String>,
    failures: &mut Failures<'_>,
) {
    match value {
        Value::Object(map) => {
            if let Some(own) = map.get("bom-ref").and_then(Value::as_str)
                && let Some(first) = refs.insert(own.to_owned(), pointer.clone())
            {
                failures.add(format!("{pointer}/bom-ref"), format!("`{own}` is the bom-ref of {first} too"));
            }
            for (key, value) in map {
                if value.is_object() || value.is_array() {
                    collect_refs(value, format!("{pointer}/{}", token(key)), refs, failures);
                }
            }
        }
        Value::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                if value.is_object() || value.is_array() {
                    collect_refs(value, format!("{pointer}/{at}"), refs, failures);
                }
            }
        }
        _ => {}
    }
}

/// The counts and the overall verdict in `metadata`.
fn summary(document: &Value, facts: &Facts, failures: &mut Failures<'_>) {
    let metadata = document.pointer("/metadata/properties");
    let (all, denied) = (facts.components.len(), facts.denied());
    let verdict = if denied == 0 { "approve" } else { "deny" };
    for (name, expected) in [
        ("bomvet:verdict", verdict.to_owned()),
        ("bomvet:summary:packages", all.to_string()),
        ("bomvet:summary:approved", (all - denied).to_string()),
        ("bomvet:summary:denied", denied.to_string()),
        ("bomvet:summary:findings", facts.findings.to_string()),
        ("bomvet:summary:gaps", facts.gaps.to_string()),
    ] {
        let found: Vec<_> = property(metadata, name).collect();
        if found != [expected.as_str()] {
            failures.add(
                "/metadata/properties",
                format!("`{name}` is [{}], the components give {expected}", found.join(", ")),
            );
        }
    }
}

/// One claim for each component, with its verdict; the attestation's lists and score follow.
fn declared(document: &Value, facts: &Facts, failures: &mut Failures<'_>) {
    let mut claimed = BTreeSet::new();
    for (at, claim) in list(document, "/declarations/claims").iter().enumerate() {
        let pointer = format!("/declarations/claims/{at}");
        let target = claim["target"].as_str().unwrap_or_default();
        match facts.components.get(target) {
            None => failures.add(format!("{pointer}/target"), format!("`{target}` is no component")),
            Some(facet) if claim["predicate"] != facet.verdict.as_str() => failures.add(
                format!("{pointer}/predicate"),
                format!(
                    "`{target}` is claimed as {}, its verdict is `{}`",
                    claim["predicate"], facet.verdict
                ),
            ),
            Some(_) => {}
        }
        if !claimed.insert(target) {
            failures.add(pointer, format!("`{target}` is claimed twice"));
        }
    }
    for (purl, facet) in &facts.components {
        if !claimed.contains(purl.as_str()) {
            failures.add(&facet.pointer, format!("`{purl}` has no claim in `declarations`"));
        }
    }
    let map = "/declarations/attestations/0/map/0";
    for (name, verdict) in [("claims", "approve"), ("counterClaims", "deny")] {
        let expected: Vec<_> = facts
            .components
            .iter()
            .filter(|(_, facet)| facet.verdict == verdict)
            .map(|(purl, _)| declarations::claim_ref(purl))
            .collect();
        let pointer = format!("{map}/{name}");
        let mut found: Vec<_> = list(document, &pointer).iter().filter_map(Value::as_str).collect();
        found.sort_unstable();
        if found != expected {
            failures
                .add(pointer, format!("must hold the claims of every component with verdict `{verdict}`"));
        }
    }
    let (all, denied) = (facts.components.len(), facts.denied());
    let conformance = document.pointer(&format!("{map}/conformance")).unwrap_or(&Value::Null);
    if conformance["score"] != declarations::score(all - denied, denied)
        || conformance["rationale"] != counts_text(all - denied, denied)
    {
        failures.add(format!("{map}/conformance"), "score and rationale do not follow from the verdicts");
    }
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
