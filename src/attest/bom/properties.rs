//! The `bomvet:…` properties: what CycloneDX has no field for.
//!
//! On every component, in this order (R: may be repeated, J: compact JSON of the model's type):
//!
//! | name | value |
//! |---|---|
//! | `bomvet:verdict` | `approve` or `deny`, exactly once |
//! | `bomvet:reason` R | `rule: message (file:line)`, at least once |
//! | `bomvet:basis` R J | for each reason, in the same order: the policy clause and what it rests on; `finding` and `gap` are indices into `bomvet:finding` and `bomvet:gap` |
//! | `bomvet:package` J | the package as the lockfile pins it: source, integrity, line, platforms |
//! | `bomvet:contents` | `verified`, `first-party`, `unverified` or `none` |
//! | `bomvet:contents:against`, `:sha256`, `:archive-bytes` | the lockfile's digest that matched; SHA-256 of the canonical file list; size of the archive |
//! | `bomvet:origin` J | what its registry says: found, times, number of versions, publisher, deprecated, withdrawn, repository, attested, provenance (verified or not, repository, workflow, commit) |
//! | `bomvet:place` J | depth, dependants, path from the root, cycle, dominator, reach |
//! | `bomvet:dependency` R J | edges: kind, requirement, platform condition and the line that asks |
//! | `bomvet:capability` R J | kind, count, and the first places that give it |
//! | `bomvet:reached` R, `bomvet:gained` R | kinds of capability reached through dependencies; gained against the base |
//! | `bomvet:coverage:bytes`, `:files`, `:parsed`, `:text`, `:data`, `:unseen` | the sums; `parsed + text + data + unseen = bytes` |
//! | `bomvet:coverage:parsed:<parser>`, `:data:<what>` | the parts of two of them |
//! | `bomvet:coverage:unseen-file` R J | path, bytes, why |
//! | `bomvet:micro:code-lines`, `:exports`; `bomvet:install-script` R; `bomvet:licence`, `bomvet:licence-text` R | facts of the analysis |
//! | `bomvet:finding` R J, `bomvet:gap` R J | every finding with its spans and excerpts, every gap |
//! | `bomvet:advisory` R J | every hit; `finding` is an index into `bomvet:finding` |
//! | `bomvet:standing`, `bomvet:risk`, `bomvet:risk:part` R | place in the review queue; `part=points` |
//! | `bomvet:change`, `:from`, `:file` R | how it differs from the base |
//!
//! Where contents were found (cache, registry, store) is left out: it differs from run to run.

use serde::Serialize;
use serde_json::{Value, json};

use super::external;
use crate::model::{
    Audit, Capability, CapabilitySet, Change, Dependency, Finding, Gap, Hit, Node, Reason, ReasonKind, Source,
};

/// Places per capability in the BoM; `count` says how many there are. Fewer than
/// [`Capability::MAX_SPANS`], since a graph of thousands of packages would give a BoM of tens of megabytes.
pub const CAPABILITY_SPANS: usize = 5;

/// A list of properties under construction.
#[derive(Default)]
struct List(Vec<(String, String)>);

impl List {
    fn text(&mut self, name: &str, value: impl ToString) {
        self.0.push((format!("bomvet:{name}"), value.to_string()));
    }

    fn json(&mut self, name: &str, value: &impl Serialize) {
        // The model's types have string keys and no floats, so that serialising cannot fail.
        self.text(name, serde_json::to_string(value).unwrap_or_default());
    }

    fn some(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    fn each(&mut self, name: &str, values: impl IntoIterator<Item = impl ToString>) {
        values.into_iter().for_each(|value| self.text(name, value));
    }
}

/// One line for a person: `rule: message (file:line)`.
pub fn reason_line(reason: &Reason) -> String {
    let mut line = format!("{}: {}", reason.rule(), reason.message());
    if let Some(span) = reason.spans().first() {
        line += &match span.line {
            0 => format!(" ({})", span.file),
            n => format!(" ({}:{n})", span.file),
        };
    }
    // The form that `cyclonedx-bom` normalises strings to (XML's `normalizedString`).
    line.replace(['\r', '\n', '\t'], " ")
}

/// The properties of one component.
pub(super) fn of_node(node: &Node, edges: &[&Dependency]) -> Vec<(String, String)> {
    let mut list = List::default();
    list.text("verdict", node.verdict.decision);
    list.each("reason", node.verdict.reasons.iter().map(reason_line));
    for reason in &node.verdict.reasons {
        list.json("basis", &basis(reason, &node.findings, &node.gaps));
    }
    list.json("package", &package(node));
    list.text("contents", contents(node));
    if let Some(contents) = &node.contents {
        list.some("contents:against", contents.verified_against.as_ref());
        if contents.archive_sha256.is_some() {
            list.text("contents:archive-bytes", contents.archive_size);
        }
    }
    if let Some(origin) = &node.origin {
        list.json("origin", origin);
    }
    if let Some(testimony) = &node.testimony {
        list.json("review", testimony);
    }
    list.json("place", &node.place);
    for edge in edges {
        list.json("dependency", edge);
    }
    if let Some(analysis) = &node.analysis {
        list.text("contents:sha256", &analysis.contents);
        list.some("contents:tree", Some(&analysis.tree).filter(|tree| !tree.is_empty()));
        list.some("purpose", Some(&analysis.permissions.purpose).filter(|text| !text.is_empty()));
        for tool in &analysis.permissions.declared {
            list.json("tool:declared", tool);
        }
        for tool in &analysis.permissions.used {
            list.json("tool:used", tool);
        }
        for flow in &analysis.flows {
            list.json("flow", flow);
        }
        for capability in &analysis.capabilities {
            let mut spans = capability.spans.clone();
            spans.truncate(CAPABILITY_SPANS);
            list.json("capability", &Capability { spans, ..capability.clone() });
        }
        let coverage = &analysis.coverage;
        list.text("coverage:bytes", coverage.bytes);
        list.text("coverage:files", coverage.files);
        list.text("coverage:parsed", coverage.parsed.values().sum::<u64>());
        list.text("coverage:text", coverage.text);
        list.text("coverage:data", coverage.data.values().sum::<u64>());
        list.text("coverage:unseen", coverage.unseen_bytes());
        for (by, bytes) in &coverage.parsed {
            list.text(&format!("coverage:parsed:{by}"), bytes);
        }
        for (what, bytes) in &coverage.data {
            list.text(&format!("coverage:data:{what}"), bytes);
        }
        for file in &coverage.unseen {
            list.json("coverage:unseen-file", file);
        }
        list.text("micro:code-lines", analysis.micro.code_lines);
        list.text("micro:exports", analysis.micro.exports);
        list.each("install-script", &analysis.install_scripts);
        list.some("licence", analysis.licence.as_ref());
        list.each("licence-text", &analysis.licence_texts);
    }
    list.each("reached", node.reached.iter());
    list.each("gained", CapabilitySet::iter(node.gained));
    for finding in &node.findings {
        list.json("finding", finding);
    }
    for gap in &node.gaps {
        list.json("gap", gap);
    }
    for hit in &node.hits {
        list.json("advisory", &advisory(hit, &node.findings));
    }
    list.json("standing", &node.risk.standing);
    if let Some((_, value)) = list.0.last_mut() {
        *value = value.trim_matches('"').to_owned();
    }
    list.text("risk", node.risk.score);
    list.each("risk:part", node.risk.parts.iter().map(|(part, points)| format!("{part}={points}")));
    if let Some(change) = &node.change {
        change_of(&mut list, change);
    }
    list.0
}

/// `verified`, `first-party`, `unverified` or `none`.
pub(in crate::attest) fn contents(node: &Node) -> &'static str {
    match &node.contents {
        None => "none",
        Some(contents) if contents.verified_against.is_some() => "verified",
        Some(contents) if contents.from == "first-party" => "first-party",
        // A vendored folder is checked file by file against its own checksum list.
        Some(contents) if contents.from == "cargo-vendor" => "verified",
        Some(_) => "unverified",
    }
}

/// The package without secrets in its URLs and with digests as text.
fn package(node: &Node) -> Value {
    let mut package = node.package.clone();
    match &mut package.source {
        Source::Registry { registry, url } => {
            *registry = registry.as_deref().map(external::public_url_or_name);
            *url = url.as_deref().and_then(external::public_url);
        }
        Source::Git { url, .. } | Source::Tarball { url } | Source::Remote { url } => {
            *url = external::public_url_or_name(url)
        }
        Source::Path { .. } | Source::File { .. } | Source::Bundled { .. } | Source::Entry { .. } => {}
    }
    let integrity: Vec<_> = package.integrity.drain(..).map(|digest| digest.to_string()).collect();
    let artifacts: Vec<Value> = package
        .artifacts
        .drain(..)
        .map(|artifact| {
            let url = artifact.url.as_deref().and_then(external::public_url);
            let digests: Vec<_> = artifact.integrity.iter().map(ToString::to_string).collect();
            json!({"name": artifact.name, "url": url, "integrity": digests})
        })
        .collect();
    let mut value = serde_json::to_value(&package).unwrap_or_default();
    value["integrity"] = integrity.into();
    if !artifacts.is_empty() {
        value["artifacts"] = artifacts.into();
    }
    value
}

fn basis(reason: &Reason, findings: &[Finding], gaps: &[Gap]) -> Value {
    let clause = &reason.clause;
    match &reason.kind {
        ReasonKind::Finding(finding) => match findings.iter().position(|own| own == finding) {
            Some(at) => json!({"clause": clause, "finding": at}),
            None => json!({"clause": clause, "reason": reason.kind}),
        },
        ReasonKind::Gap(gap) => match gaps.iter().position(|own| own == gap) {
            Some(at) => json!({"clause": clause, "gap": at}),
            None => json!({"clause": clause, "reason": reason.kind}),
        },
        kind => json!({"clause": clause, "reason": kind}),
    }
}

fn advisory(hit: &Hit, findings: &[Finding]) -> Value {
    let mut value = serde_json::to_value(hit).unwrap_or_default();
    if let Some(at) = findings.iter().position(|finding| *finding == hit.finding) {
        value["finding"] = at.into();
    }
    value
}

fn change_of(list: &mut List, change: &Change) {
    let (name, from) = match change {
        Change::Added => ("added", None),
        Change::Removed => ("removed", None),
        Change::Upgraded { from } => ("upgraded", Some(from)),
        Change::Downgraded { from } => ("downgraded", Some(from)),
        Change::Resourced { from } => ("resourced", Some(from)),
        Change::Edited { .. } => ("edited", None),
        Change::Unchanged => ("unchanged", None),
    };
    list.text("change", name);
    list.some("change:from", from);
    if let Change::Edited { files } = change {
        list.each("change:file", files);
    }
}

/// The properties of the whole audit: verdict and counts, then what it rests on.
pub(super) fn of_audit(audit: &Audit, unsigned: bool) -> Vec<(String, String)> {
    let (approved, denied) = super::counts(audit);
    let mut list = List::default();
    list.text("verdict", audit.decision());
    list.text("summary:packages", audit.nodes.len());
    list.text("summary:approved", approved);
    list.text("summary:denied", denied);
    list.text("summary:findings", audit.nodes.iter().map(|node| node.findings.len()).sum::<usize>());
    list.text("summary:gaps", audit.nodes.iter().map(|node| node.gaps.len()).sum::<usize>());
    list.text("profile", &audit.profile);
    list.text("policy:sha256", &audit.policy_digest);
    list.text("rules:sha256", &audit.rules_digest);
    for database in &audit.databases {
        let mut value = serde_json::to_value(database).unwrap_or_default();
        if let Some(updated) = database.updated {
            value["ageDays"] = (audit.time.saturating_sub(updated) / 86_400).into();
        }
        list.json("database", &value);
    }
    for (path, digest) in &audit.inputs {
        list.json("input", &json!({"file": path, "sha256": digest}));
    }
    list.some("base", audit.base.as_ref());
    list.each("removed", &audit.removed);
    list.each("note", &audit.notes);
    list.each("unused-policy", &audit.unused_policy);
    if unsigned {
        list.text("unsigned", true);
    }
    list.0
}
