//! What a coding agent may read of an audit: values that hold no text of what was audited.
//!
//! In: nodes of an audit or of a BoM. Out: JSON made of bomvet's own words (rule ids and titles,
//! kinds of gap and capability), numbers, and names that passed [`plain`]. Messages, excerpts,
//! descriptions, licences and calls are left out: a package writes those, and whoever reads this
//! obeys what it reads.

pub mod plain;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use crate::model::{
    CapabilityKind, CapabilitySet, Decision, Finding, GapKind, Node, Package, Reach, Reason, ReasonKind, Span,
};
use crate::rules::RuleSet;

/// Reasons of one package that are told; the number of all is told too.
pub const MAX_REASONS: usize = 12;

/// Places of one reason or finding that are told.
pub const MAX_PLACES: usize = 3;

/// Findings of one package that are told.
pub const MAX_FINDINGS: usize = 60;

/// What missing evidence means, in bomvet's words.
fn gap_title(kind: GapKind) -> &'static str {
    match kind {
        GapKind::NotFetched => "its contents could not be had",
        GapKind::Unverified => "nothing was there to check its contents against",
        GapKind::NotParsed => "a file could not be parsed",
        GapKind::NotSeen => "some of its bytes were not looked at",
        GapKind::NoAdvisories => "no advisory database covers its ecosystem; `bomvet db update` gets one",
        GapKind::NeedsReview => "it needs a person's review",
        GapKind::NotResolved => "something about the graph is not known",
        GapKind::NotCovered => "it asks for packages that nothing pins",
        GapKind::NotExamined => "contents of this ecosystem are not looked at",
    }
}

/// A clause of the policy, in bomvet's words. `message` is read for the name of a capability alone.
fn clause_title(clause: &str, message: &str) -> String {
    let capability = message.split('`').nth(1).and_then(CapabilityKind::parse);
    match (clause, capability) {
        ("deny-capabilities", Some(kind)) => format!("has the capability `{kind}`, which needs a grant"),
        ("deny-gained", Some(kind)) => format!("gains the capability `{kind}`, which needs a grant"),
        ("cooling-off-days", _) => "was published too recently; an older version may be approved".to_owned(),
        ("deny-licences", _) => "its licence is denied".to_owned(),
        ("max-code-lines", _) => "has more code than the policy allows".to_owned(),
        _ => "is denied by a clause of the policy".to_owned(),
    }
}

/// File and line of each place, the first [`MAX_PLACES`].
fn places(spans: &[Span]) -> Vec<Value> {
    let place = |span: &Span| json!({"file": plain::path(&span.file), "line": span.line});
    let mut out: Vec<Value> = spans.iter().map(place).collect();
    out.dedup();
    out.truncate(MAX_PLACES);
    out
}

/// The id and title of a finding's rule; `rule/unknown` for one that the rule set does not hold.
fn rule<'a>(rules: &'a RuleSet, finding: &Finding) -> (&'a str, &'a str) {
    rules.get(&finding.rule).map_or(("rule/unknown", "is a finding of a rule of another version"), |rule| {
        (rule.id.as_str(), rule.title.as_str())
    })
}

/// Id and title of a reason.
pub fn reason_text(rules: &RuleSet, reason: &Reason) -> (String, String) {
    match &reason.kind {
        ReasonKind::Finding(finding) => {
            let (id, title) = rule(rules, finding);
            (id.to_owned(), title.to_owned())
        }
        ReasonKind::Gap(gap) => (format!("gap/{}", gap.kind.as_str()), gap_title(gap.kind).to_owned()),
        ReasonKind::Policy { clause, message, .. } => {
            // Only those that are letters; all of bomvet's are.
            let known = clause.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && clause.len() < 40;
            let name = if known { clause.as_str() } else { "other" };
            (format!("policy/{name}"), clause_title(clause, message))
        }
        ReasonKind::Evidence { .. } => {
            ("evidence".to_owned(), "verified contents hold nothing that the policy denies".to_owned())
        }
    }
}

/// The reasons of a verdict.
pub fn reasons(rules: &RuleSet, node: &Node) -> Vec<Value> {
    let one = |reason: &Reason| {
        let (rule, title) = reason_text(rules, reason);
        json!({"rule": rule, "title": title, "places": places(reason.spans())})
    };
    let mut out: Vec<Value> = node.verdict.reasons.iter().map(one).collect();
    out.dedup();
    out.truncate(MAX_REASONS);
    out
}

/// A package's name and version as far as both are plain, and its verdict.
pub fn subject(node: &Node) -> Value {
    json!({
        "package": label(&node.package),
        "ecosystem": node.package.ecosystem.as_str(),
        "verdict": node.verdict.decision.as_str(),
    })
}

/// `name@version`, of what is plain.
pub fn label(package: &Package) -> String {
    let name = plain::name(&package.name);
    if package.version.is_empty() { name } else { format!("{name}@{}", plain::version(&package.version)) }
}

/// Names of capabilities.
pub fn capabilities(set: CapabilitySet) -> Vec<&'static str> {
    set.iter().map(CapabilityKind::as_str).collect()
}

/// What a package can do itself, and what it can do with all that it reaches.
pub fn power(node: &Node) -> (CapabilitySet, CapabilitySet) {
    let own = node.analysis.as_ref().map(|analysis| analysis.capability_set()).unwrap_or_default();
    let mut all = own;
    all.merge(node.reached);
    (own, all)
}

/// How it is reached, as a word.
fn reach(reach: Reach) -> &'static str {
    match reach {
        Reach::None => "not reached",
        Reach::Dev => "dev",
        Reach::Build => "build",
        Reach::Normal => "normal",
    }
}

/// Everything of one package that an agent may read.
pub fn explain(rules: &RuleSet, node: &Node) -> Value {
    let mut findings: Vec<&Finding> = node.findings.iter().collect();
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.cmp(b)));
    let total = findings.len();
    let findings: Vec<Value> = findings
        .into_iter()
        .take(MAX_FINDINGS)
        .map(|finding| {
            let (id, title) = rule(rules, finding);
            json!({
                "rule": id,
                "title": title,
                "severity": finding.severity.as_str(),
                "confidence": finding.confidence.as_str(),
                "places": places(&finding.spans),
            })
        })
        .collect();
    let advisories: Vec<Value> = node
        .hits
        .iter()
        .take(MAX_FINDINGS)
        .map(|hit| {
            let patched: Vec<String> =
                hit.patched.iter().take(4).map(|one| plain::requirement(one)).collect();
            json!({"id": plain::advisory(&hit.id), "patched": patched})
        })
        .collect();
    let (own, all) = power(node);
    let path: Vec<String> = node.place.path.iter().take(20).map(|purl| plain::purl(purl)).collect();
    let mut out = subject(node);
    out["reasons"] = reasons(rules, node).into();
    out["findings"] = findings.into();
    out["findings_in_all"] = total.into();
    out["advisories"] = advisories.into();
    out["gaps"] = node
        .gaps
        .iter()
        .take(MAX_REASONS)
        .map(|gap| json!({"kind": gap.kind.as_str(), "title": gap_title(gap.kind), "places": places(&gap.spans)}))
        .collect::<Vec<_>>()
        .into();
    out["capabilities"] = capabilities(own).into();
    out["capabilities_with_dependencies"] = capabilities(all).into();
    out["path"] = path.into();
    out["reach"] = reach(node.place.reach).into();
    out
}

/// One line on why a package is denied: the first reasons, each with one place.
pub fn why(rules: &RuleSet, node: &Node) -> String {
    if node.verdict.decision == Decision::Approve {
        return "approved".to_owned();
    }
    let mut parts: Vec<String> = Vec::new();
    let mut ids: Vec<String> = Vec::new();
    for reason in &node.verdict.reasons {
        let (id, title) = reason_text(rules, reason);
        if ids.contains(&id) {
            continue;
        }
        let place = reason.spans().first().filter(|span| span.line > 0);
        let place =
            place.map_or(String::new(), |span| format!(" ({}:{})", plain::path(&span.file), span.line));
        parts.push(format!("{id}: {title}{place}"));
        ids.push(id);
    }
    let more = parts.len().saturating_sub(2);
    parts.truncate(2);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("{}{more}", parts.join("; "))
}
