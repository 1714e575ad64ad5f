//! Why a package is approved or denied, from a BoM alone.
//!
//! In: a component as `attest` writes it. Out: the verdict with its policy clauses, every finding
//! with its code lines, capabilities, coverage, the path from a root, and what would change the
//! verdict as lines to paste into the policy.

use std::fmt::Write as _;

use serde_json::Value;

use super::frame::{self, Style};
use super::table::short;
use crate::model::{Capability, CapabilityKind, Finding, Gap, Place, escape};

/// Places shown per capability.
const PLACES: usize = 3;

/// Explains every component that `query` names (a purl, `name` or `name@version`).
///
/// # Errors
/// Where no component has that name, with near ones.
pub fn render(bom: &Value, query: &str, style: Style) -> Result<String, String> {
    let components: Vec<&Value> = bom["components"].as_array().into_iter().flatten().collect();
    let label = |component: &Value| short(component["purl"].as_str().unwrap_or_default());
    let named: Vec<&&Value> = components
        .iter()
        .filter(|component| {
            let label = label(component);
            component["purl"] == query
                || label == query
                || label.rsplit_once('@').is_some_and(|(name, _)| name == query)
        })
        .collect();
    if named.is_empty() {
        let mut near: Vec<(f64, String)> = components
            .iter()
            .map(|component| label(component))
            .map(|label| {
                (strsim::jaro_winkler(query, label.rsplit_once('@').map_or(&label, |(name, _)| name)), label)
            })
            .filter(|(score, _)| *score > 0.8)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let near: Vec<_> = near.into_iter().take(3).map(|(_, label)| format!("`{label}`")).collect();
        let hint =
            if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) };
        return Err(format!("no package `{query}` in this BoM{hint}"));
    }
    Ok(named.into_iter().map(|component| explain(component, style)).collect::<Vec<_>>().join("\n"))
}

/// The `bomvet:` properties of a component.
struct Properties<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Properties<'a> {
    fn of(component: &'a Value) -> Self {
        let list = component["properties"].as_array().into_iter().flatten();
        Self(
            list.filter_map(|p| Some((p["name"].as_str()?.strip_prefix("bomvet:")?, p["value"].as_str()?)))
                .collect(),
        )
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| *key == name).map(|(_, value)| *value)
    }

    fn one(&self, name: &str) -> &'a str {
        self.all(name).next().unwrap_or("")
    }

    fn json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Vec<T> {
        self.all(name).filter_map(|text| serde_json::from_str(text).ok()).collect()
    }
}

fn explain(component: &Value, style: Style) -> String {
    let properties = Properties::of(component);
    let purl = component["purl"].as_str().unwrap_or_default();
    let mut out = String::new();
    let verdict = properties.one("verdict");
    let _ = writeln!(out, "{verdict}: {purl}");
    let bases: Vec<Value> = properties.json("basis");
    for (reason, basis) in properties.all("reason").zip(bases.iter().chain(std::iter::repeat(&Value::Null))) {
        let _ = writeln!(out, "  because {}", escape(reason));
        if let Some(clause) = basis["clause"].as_str() {
            let _ = writeln!(out, "    policy: {clause}");
        }
    }
    let place: Option<Place> = properties.json("place").into_iter().next();
    let path = place
        .filter(|place| place.path.len() > 1)
        .map(|place| place.path.iter().map(|purl| short(purl)).collect::<Vec<_>>().join(" > "));
    if let Some(path) = &path {
        let _ = writeln!(out, "  path: {path}");
    }
    if !properties.one("change").is_empty() {
        let from = properties.all("change:from").map(|from| format!(" from {from}")).collect::<String>();
        let _ = writeln!(out, "  change: {}{from}", properties.one("change"));
    }
    out.push('\n');

    let mut findings: Vec<Finding> = properties.json("finding");
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.cmp(b)));
    let context: Vec<String> = path.iter().map(|path| format!("path: {path}")).collect();
    for finding in &findings {
        let _ = writeln!(out, "{}\n", frame::finding(finding, purl, &context, style));
    }

    let capabilities: Vec<Capability> = properties.json("capability");
    if capabilities.is_empty() {
        out.push_str("capabilities of its own: none\n");
    } else {
        out.push_str("capabilities of its own:\n");
        for capability in &capabilities {
            let _ = writeln!(out, "  {} ({} places)", capability.kind, capability.count);
            for (call, span) in capability.spans.iter().take(PLACES) {
                let _ = writeln!(
                    out,
                    "    {} at {}:{}:{}",
                    escape(call),
                    escape(&span.file),
                    span.line,
                    span.column
                );
            }
        }
    }
    let reached: Vec<_> = properties.all("reached").collect();
    if !reached.is_empty() {
        let _ = writeln!(out, "reached through dependencies: {}", reached.join(", "));
    }
    let _ = writeln!(
        out,
        "looked at: {} bytes in {} files: {} parsed, {} as text, {} data, {} not looked at",
        or_zero(properties.one("coverage:bytes")),
        or_zero(properties.one("coverage:files")),
        or_zero(properties.one("coverage:parsed")),
        or_zero(properties.one("coverage:text")),
        or_zero(properties.one("coverage:data")),
        or_zero(properties.one("coverage:unseen")),
    );
    let parts: Vec<_> = properties.all("risk:part").collect();
    let _ = writeln!(
        out,
        "review: {}, risk {}{}",
        properties.one("standing"),
        properties.one("risk"),
        if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
    );
    if verdict == "deny" {
        out.push_str(&settle(component, &properties, &findings, &bases));
    }
    out
}

fn or_zero(text: &str) -> &str {
    if text.is_empty() { "0" } else { text }
}

/// What would change the verdict: a command or lines for the policy, one for each reason.
fn settle(component: &Value, properties: &Properties<'_>, sorted: &[Finding], bases: &[Value]) -> String {
    let purl = component["purl"].as_str().unwrap_or_default();
    let ecosystem = purl.strip_prefix("pkg:").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let package = format!("{ecosystem}:{}", short(purl));
    let unsorted: Vec<Finding> = properties.json("finding");
    let gaps: Vec<Gap> = properties.json("gap");
    let advisories: Vec<Value> = properties.json("advisory");
    let mut out = String::from("\nwhat would change the verdict:\n");
    for basis in bases {
        if let Some(finding) = basis["finding"].as_u64().and_then(|at| unsorted.get(at as usize)) {
            debug_assert!(sorted.contains(finding));
            let hit = advisories.iter().find(|hit| hit["finding"] == basis["finding"]);
            if let Some(hit) = hit {
                let patched: Vec<_> =
                    hit["patched"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                if !patched.is_empty() {
                    let _ = writeln!(out, "  upgrade to {}, or in the policy:", patched.join(" or "));
                }
                let _ = writeln!(
                    out,
                    "  [[ignore]]\n  advisory = {}\n  package = \"{package}\"\n  reason = \"…\"\n  expires = \"YYYY-MM-DD\"\n",
                    hit["id"]
                );
            } else {
                let file = finding
                    .spans
                    .first()
                    .filter(|first| finding.spans.iter().all(|span| span.file == first.file))
                    .map(|span| format!("\n  file = {}", Value::from(&*span.file)))
                    .unwrap_or_default();
                let _ = writeln!(
                    out,
                    "  another version, or, once read and understood, in the policy:\n  [[accept]]\n  rule = \"{}\"\n  package = \"{package}\"{file}\n  reason = \"…\"\n",
                    finding.rule
                );
            }
        } else if let Some(gap) = basis["gap"].as_u64().and_then(|at| gaps.get(at as usize)) {
            let _ =
                writeln!(out, "  the missing evidence ({}): {}\n", gap.kind.as_str(), escape(&gap.message));
        } else if basis["reason"]["clause"]
            .as_str()
            .is_some_and(|c| c.starts_with("deny-capabilities") || c == "deny-gained")
        {
            let message = basis["reason"]["message"].as_str().unwrap_or_default();
            let kind = message.split('`').nth(1).and_then(CapabilityKind::parse);
            let _ = writeln!(
                out,
                "  in the policy:\n  [[grant]]\n  package = \"{package}\"\n  capabilities = [\"{}\"]\n  reason = \"…\"\n  owner = \"…\"\n  expires = \"YYYY-MM-DD\"\n",
                kind.map_or("…", CapabilityKind::as_str)
            );
        }
    }
    out
}
