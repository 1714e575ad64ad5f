//! What of the graph could serve instead of a package.
//!
//! Said of the graph alone, and no more than it shows: a package of the same ecosystem that is
//! approved, is reached at run time, shares a word of its name, and can do no more than the package
//! asked about (where that is known). Whether it does the job, a reader has to see. And where nothing
//! needs the package, that it can go.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::model::{CapabilitySet, Decision, Ecosystem, Node, Reach};
use crate::report::agent::{self, plain};

/// Alternatives that are told.
const MAX: usize = 5;

/// Words that say nothing of a purpose.
const EMPTY: [&str; 28] = [
    "js", "ts", "node", "npm", "py", "python", "rs", "rust", "lib", "libs", "core", "util", "utils",
    "common", "base", "api", "sys", "types", "the", "for", "and", "is", "to", "es", "cli", "plugin", "impl",
    "simple",
];

fn tokens(name: &str) -> BTreeSet<String> {
    let parts = name.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase);
    parts.filter(|part| part.len() > 1 && !EMPTY.contains(&part.as_str())).collect()
}

/// Name and, where the query says so, ecosystem.
fn asked(query: &str, subject: Option<&Node>) -> (String, Option<Ecosystem>) {
    if let Some(node) = subject {
        return (node.package.name.clone(), Some(node.package.ecosystem));
    }
    if let Ok(wanted) = crate::resolve::newest::Wanted::parse(query) {
        return (wanted.name, Some(wanted.ecosystem));
    }
    let at = query.char_indices().skip(1).find(|(_, c)| *c == '@').map_or(query.len(), |(at, _)| at);
    (query[..at].to_owned(), None)
}

fn size(set: CapabilitySet) -> usize {
    set.iter().count()
}

/// The answer of the tool. `subject` is the package where it is known, `graph` the project's.
pub fn find(query: &str, subject: Option<&Node>, graph: &[Node]) -> Value {
    let (name, ecosystem) = asked(query, subject);
    let words = tokens(&name);
    let power = subject.map(|node| agent::power(node).1);
    let mut found: Vec<(usize, usize, u64, &Node)> = Vec::new();
    for node in graph {
        let fits = node.verdict.decision == Decision::Approve
            && !node.package.first_party
            && node.place.reach == Reach::Normal
            && ecosystem.is_none_or(|ecosystem| ecosystem == node.package.ecosystem);
        let same = node.package.name == name;
        let is_subject = subject.is_some_and(|subject| subject.package.purl == node.package.purl);
        let shared = tokens(&node.package.name).intersection(&words).count();
        let can = agent::power(node).1;
        let more = power.is_some_and(|power| !can.minus(power).is_empty());
        if !fits || is_subject || more || (shared == 0 && !same) {
            continue;
        }
        let lines = node.analysis.as_ref().map_or(u64::MAX, |analysis| analysis.micro.code_lines);
        found.push((if same { usize::MAX } else { shared }, size(can), lines, node));
    }
    found.sort_by(|a, b| {
        b.0.cmp(&a.0)
            .then(a.1.cmp(&b.1))
            .then(a.2.cmp(&b.2))
            .then_with(|| a.3.package.purl.cmp(&b.3.package.purl))
    });
    let told: Vec<Value> = found
        .iter()
        .take(MAX)
        .map(|(shared, _, lines, node)| {
            json!({
                "package": agent::label(&node.package),
                "basis": if *shared == usize::MAX { "the same package in an approved version" } else { "a word of its name" },
                "capabilities_with_dependencies": agent::capabilities(agent::power(node).1),
                "code_lines": (*lines != u64::MAX).then_some(*lines),
            })
        })
        .collect();
    let here = subject.filter(|node| graph.iter().any(|other| other.package.purl == node.package.purl));
    let removal = here.map(removal);
    let note = match (told.is_empty(), power) {
        (true, _) => "none: no approved package of the graph has a word of its name and can do as little",
        (false, Some(_)) => {
            "each is approved and can do no more; whether it does the job, read its interface"
        }
        (false, None) => {
            "each is approved; the package asked about was not checked, so they were not compared with it"
        }
    };
    json!({"alternatives": told, "removal": removal, "note": note})
}

/// Whether the package could go, by the graph.
fn removal(node: &Node) -> Value {
    let place = &node.place;
    if place.reach == Reach::None {
        return json!({"possible": true, "why": "nothing in the project reaches it"});
    }
    let through = place.only_through.as_deref().map(plain::purl);
    let why = match (&through, place.direct_dependants) {
        (Some(_), _) => "it comes in through one package alone; without that one it would be gone",
        (None, _) => "several packages or the project itself ask for it",
    };
    json!({"possible": false, "why": why, "only_through": through, "asked_for_by": place.direct_dependants})
}
