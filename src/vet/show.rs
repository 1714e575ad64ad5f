//! What `bomvet vet check` prints.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::cover::{Conflict, Coverage, Entry, Path, Standing, Step};
use crate::model::{Finding, escape};

/// How many packages stand where, in the order of [`Standing`].
fn counts(covered: &BTreeMap<String, Coverage>) -> BTreeMap<Standing, usize> {
    let all =
        [Standing::Violated, Standing::Unvetted, Standing::Exempted, Standing::Partly, Standing::Audited];
    let mut out: BTreeMap<Standing, usize> = all.into_iter().map(|standing| (standing, 0)).collect();
    for coverage in covered.values() {
        *out.entry(coverage.standing()).or_default() += 1;
    }
    out
}

/// The lines that `cargo vet` would print, with what contradicts what. `how` shows the entries by
/// which each package is vetted as well.
pub fn text(covered: &BTreeMap<String, Coverage>, how: bool) -> String {
    let counts = counts(covered);
    let numbers = format!(
        "{} fully audited, {} partially audited, {} exempted",
        counts[&Standing::Audited],
        counts[&Standing::Partly],
        counts[&Standing::Exempted]
    );
    let mut out = String::new();
    let bad = counts[&Standing::Violated] + counts[&Standing::Unvetted];
    if bad == 0 {
        let _ = writeln!(out, "Vetting Succeeded ({numbers})");
    } else {
        let _ = writeln!(
            out,
            "Vetting Failed! ({} violated, {} unvetted, {numbers})",
            counts[&Standing::Violated],
            counts[&Standing::Unvetted]
        );
    }
    for standing in [Standing::Violated, Standing::Unvetted] {
        for coverage in covered.values().filter(|coverage| coverage.standing() == standing) {
            unvetted(&mut out, coverage);
        }
    }
    if how {
        for coverage in covered.values().filter(|coverage| coverage.is_vetted()) {
            let _ = writeln!(
                out,
                "  {}:{} {} for {}",
                escape(&coverage.name),
                coverage.version,
                coverage.standing().as_str(),
                list(&coverage.required)
            );
            for path in &coverage.paths {
                for step in &path.steps {
                    let _ = writeln!(
                        out,
                        "    {}: {} {}",
                        escape(&path.criterion),
                        step.by.as_str(),
                        entry(&step.entry)
                    );
                }
            }
        }
    }
    out
}

fn unvetted(out: &mut String, coverage: &Coverage) {
    let package = format!("{}:{}", escape(&coverage.name), coverage.version);
    if coverage.conflicts.is_empty() {
        let _ = writeln!(out, "  {package} missing {}", list(&coverage.missing));
    }
    for conflict in &coverage.conflicts {
        let _ = writeln!(
            out,
            "  {package} violation of {} by {} contradicts {}",
            list(&conflict.violation.criteria),
            entry(&conflict.violation),
            entry(&conflict.against)
        );
    }
}

fn list(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("\"{}\"", escape(name))).collect();
    format!("[{}]", names.join(", "))
}

/// `1.0.0 (mozilla, Alice <a@b>, imports.lock:7)`.
fn entry(entry: &Entry) -> String {
    let mut from = vec![escape(&entry.source)];
    from.extend(entry.who.iter().map(|who| escape(who)));
    from.push(format!("{}:{}", entry.at.file, entry.at.line));
    format!("{} ({})", escape(&entry.what), from.join(", "))
}

/// What a package's violations and contradictions are as findings of `review/violation`.
pub fn findings(coverage: &Coverage) -> Vec<Finding> {
    let said = coverage.violations.iter().map(|violation| {
        let message = format!("{} violates {}", entry(violation), list(&violation.criteria));
        Finding::new("review/violation", message, vec![violation.at.span()])
    });
    let contradicted = coverage.conflicts.iter().map(|conflict| {
        let message = format!(
            "the violation of {} by {} contradicts {}",
            list(&conflict.violation.criteria),
            entry(&conflict.violation),
            entry(&conflict.against)
        );
        let spans = vec![conflict.violation.at.span(), conflict.against.at.span()];
        Finding::new("review/violation", message, spans)
    });
    said.chain(contradicted).collect()
}

/// The same as one document.
pub fn json(covered: &BTreeMap<String, Coverage>) -> Value {
    let counts = counts(covered);
    let conclusion = match (counts[&Standing::Violated], counts[&Standing::Unvetted]) {
        (0, 0) => "success",
        (0, _) => "fail (vetting)",
        _ => "fail (violation)",
    };
    let packages: Vec<_> = covered.iter().map(|(purl, coverage)| package(purl, coverage)).collect();
    let counts: serde_json::Map<String, Value> =
        counts.into_iter().map(|(standing, count)| (standing.as_str().to_owned(), json!(count))).collect();
    json!({"bomvet": 1, "conclusion": conclusion, "counts": counts, "packages": packages})
}

fn package(purl: &str, coverage: &Coverage) -> Value {
    json!({
        "purl": purl,
        "name": coverage.name,
        "version": coverage.version,
        "standing": coverage.standing().as_str(),
        "required": coverage.required,
        "met": coverage.met,
        "missing": coverage.missing,
        "paths": coverage.paths.iter().map(path).collect::<Vec<_>>(),
        "conflicts": coverage.conflicts.iter().map(conflict).collect::<Vec<_>>(),
        "violations": coverage.violations.iter().map(entry_json).collect::<Vec<_>>(),
    })
}

fn path(path: &Path) -> Value {
    json!({"criterion": path.criterion, "steps": path.steps.iter().map(step).collect::<Vec<_>>()})
}

fn step(step: &Step) -> Value {
    json!({"by": step.by.as_str(), "from": step.from, "to": step.to, "entry": entry_json(&step.entry)})
}

fn conflict(conflict: &Conflict) -> Value {
    json!({"violation": entry_json(&conflict.violation), "against": entry_json(&conflict.against)})
}

fn entry_json(entry: &Entry) -> Value {
    json!({
        "source": entry.source,
        "what": entry.what,
        "criteria": entry.criteria,
        "who": entry.who,
        "notes": entry.notes,
        "file": entry.at.file,
        "line": entry.at.line,
        "column": entry.at.column,
    })
}
