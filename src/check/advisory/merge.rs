//! One problem is one hit: records of one package that name each other are put together.
//!
//! Records that share an id (their own, an alias, an upstream) are one component. `related` does
//! not join: the schema means by it *another* problem. RustSec gives each of its problems an id of
//! its own even where they share a CVE, so a component with several RustSec records gives one hit
//! for each, and the other records go to those that name them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Confidence, Finding, Hit, Package, Severity, Span, escape};

use super::limits::MAX_TITLE;
use super::record::{Kind, Match, Record};
use super::severity;

/// The hits of one package, from the records that bear its name.
pub(super) fn hits(package: &Package, records: &[Record]) -> Vec<Hit> {
    let matching: Vec<(&Record, Option<String>)> = records
        .iter()
        .filter_map(|record| match record.hits(package) {
            Match::Yes => Some((record, None)),
            Match::Unknown(why) => Some((record, Some(why))),
            Match::No => None,
        })
        .collect();
    let mut hits: Vec<Hit> = components(&matching)
        .into_iter()
        .flat_map(|component| split(&component))
        .map(|group| hit(package, &group))
        .collect();
    hits.sort();
    hits.dedup();
    hits
}

type Group<'a> = Vec<&'a (&'a Record, Option<String>)>;

fn ids(record: &Record) -> impl Iterator<Item = &String> {
    std::iter::once(&record.id).chain(&record.aliases)
}

/// Union-find over the ids.
fn components<'a>(matching: &'a [(&'a Record, Option<String>)]) -> Vec<Group<'a>> {
    let mut up: Vec<usize> = (0..matching.len()).collect();
    fn root(up: &mut [usize], mut at: usize) -> usize {
        while up[at] != at {
            up[at] = up[up[at]];
            at = up[at];
        }
        at
    }
    let mut first: BTreeMap<&String, usize> = BTreeMap::new();
    for (at, (record, _)) in matching.iter().enumerate() {
        for id in ids(record) {
            let other = *first.entry(id).or_insert(at);
            let (a, b) = (root(&mut up, at), root(&mut up, other));
            up[a.max(b)] = a.min(b);
        }
    }
    let mut groups: BTreeMap<usize, Group<'a>> = BTreeMap::new();
    for (at, entry) in matching.iter().enumerate() {
        let root = root(&mut up, at);
        groups.entry(root).or_default().push(entry);
    }
    groups.into_values().collect()
}

/// Splits a component at its RustSec ids.
fn split<'a>(component: &Group<'a>) -> Vec<Group<'a>> {
    let mut main: BTreeMap<&str, Group<'a>> = BTreeMap::new();
    for entry in component.iter().filter(|(record, _)| record.id.starts_with("RUSTSEC-")) {
        main.entry(&entry.0.id).or_default().push(entry);
    }
    if main.len() < 2 {
        return vec![component.clone()];
    }
    let named: BTreeMap<&str, BTreeSet<&String>> = main
        .iter()
        .map(|(id, group)| (*id, group.iter().flat_map(|(record, _)| ids(record)).collect()))
        .collect();
    for entry in component.iter().filter(|(record, _)| !record.id.starts_with("RUSTSEC-")) {
        let mut to: Vec<&str> = named
            .iter()
            .filter(|(id, names)| ids(entry.0).any(|own| names.contains(own) || own == *id))
            .map(|(id, _)| *id)
            .collect();
        if to.is_empty() {
            // Joined through another record only: no choice is better than the first.
            to.extend(named.keys().next());
        }
        for id in to {
            main.entry(id).or_default().push(entry);
        }
    }
    main.into_values().collect()
}

/// Which id speaks for a problem: RustSec's, then those that say malware, then GitHub's, then the
/// rest.
fn rank(id: &str) -> u8 {
    match id.split('-').next() {
        Some("RUSTSEC") => 0,
        Some("MAL") => 1,
        Some("GHSA") => 2,
        Some("CVE") => 4,
        _ => 3,
    }
}

fn hit(package: &Package, group: &[&(&Record, Option<String>)]) -> Hit {
    let mut records: Vec<&Record> = group.iter().map(|(record, _)| *record).collect();
    records.sort_by(|a, b| (rank(&a.id), &a.id, &a.title).cmp(&(rank(&b.id), &b.id, &b.title)));
    let main = records[0];
    let kind = records.iter().map(|record| record.kind).max().unwrap_or(Kind::Vulnerability);
    let aliases: BTreeSet<&String> =
        records.iter().flat_map(|record| ids(record)).filter(|id| **id != main.id).collect();
    let cvss: BTreeSet<&String> = records.iter().flat_map(|record| &record.cvss).collect();
    let score = cvss.iter().filter_map(|vector| severity::score(vector)).max();
    let rating: Option<Severity> = records.iter().filter_map(|record| record.rating).max();
    let patched = records.iter().map(|record| &record.patched).find(|patched| !patched.is_empty());
    let patched: Vec<String> = patched.cloned().unwrap_or_default();
    // One record that is sure settles it.
    let unknown = if group.iter().any(|(_, unknown)| unknown.is_none()) {
        None
    } else {
        group.iter().find_map(|(_, unknown)| unknown.clone())
    };
    let title = title(&main.title);
    let fixed = match (kind, patched.is_empty()) {
        (Kind::Malware, _) => String::new(),
        (_, false) => format!("; fixed in {}", escape(&patched.join(", "))),
        (Kind::Vulnerability | Kind::Unsound, true) => "; no fixed version".to_owned(),
        (_, true) => String::new(),
    };
    let mut references: BTreeSet<String> = aliases.iter().map(|id| (*id).clone()).collect();
    references.insert(main.id.clone());
    references.extend(main.url.clone());
    references.extend(records.iter().flat_map(|record| record.cwes.iter().chain(&record.related).cloned()));
    let finding = Finding {
        rule: kind.rule().to_owned(),
        severity: severity::severity(kind, score, rating),
        confidence: if unknown.is_some() { Confidence::Low } else { Confidence::High },
        message: match &unknown {
            None => format!("{}: {title}{fixed}", escape(&main.id)),
            Some(why) => format!("{} may hit it: {title}{fixed}; {}", escape(&main.id), escape(why)),
        },
        spans: vec![declared(package)],
        help: help(kind, &patched),
        references: references.into_iter().collect(),
    };
    Hit {
        purl: package.purl.clone(),
        id: main.id.clone(),
        aliases: aliases.into_iter().cloned().collect(),
        kind: kind.as_str().to_owned(),
        cvss: cvss.into_iter().cloned().collect(),
        score,
        patched,
        title,
        url: main.url.clone(),
        finding,
    }
}

/// The line that pins the package.
pub(super) fn declared(package: &Package) -> Span {
    Span {
        line: package.declared.line,
        column: package.declared.column,
        ..Span::file(std::sync::Arc::clone(&package.declared.file))
    }
}

/// A title is text from outside: one line, nothing invisible, not endless.
fn title(text: &str) -> String {
    let text = escape(text.trim());
    match text.char_indices().nth(MAX_TITLE) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

fn help(kind: Kind, patched: &[String]) -> String {
    let ignore = "or ignore the advisory in `bomvet.toml` with a reason and an expiry date";
    match kind {
        Kind::Malware => {
            "remove it now, and replace every secret that the machines which installed or built \
                          it could reach"
                .to_owned()
        }
        Kind::Unmaintained => {
            "replace it with a maintained package when there is time; the advisory names some".to_owned()
        }
        Kind::Notice => "read the advisory".to_owned(),
        _ if patched.is_empty() => format!("replace the package, {ignore}"),
        _ => format!("update to {}, {ignore}", escape(&patched.join(", or "))),
    }
}
