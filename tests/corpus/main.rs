//! The labelled corpus: `fixtures/malice/*.toml`, one incident each, with an honest twin.
//!
//! Every case goes through the whole program: its files are packed as the registry would, pinned in a
//! lockfile, put into the package manager's cache, and audited offline by the binary. The attack must be
//! denied for one of the rules that the case names; the twin, which looks alike, must be approved.

#[path = "../support/project.rs"]
mod project;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use project::{Packed, Project};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The public report that it was written after.
    report: String,
    /// `npm` or `cargo`.
    ecosystem: String,
    /// Rules, at least one of which must be among the reasons.
    expect: Vec<String>,
    /// Not looked at while rules were written.
    #[serde(default)]
    held_out: bool,
    name: String,
    version: String,
    /// Name of the twin where it differs (typosquats).
    twin_name: Option<String>,
    bad: BTreeMap<String, String>,
    good: BTreeMap<String, String>,
}

fn cases() -> BTreeMap<String, Case> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/malice");
    std::fs::read_dir(&dir)
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|ending| ending == "toml"))
        .map(|entry| {
            let name = entry.path().file_stem().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(entry.path()).unwrap();
            let case = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, case)
        })
        .collect()
}

/// Audits one side of all cases, each in a project of its own (names may repeat), and gives verdict and
/// rules of the package under test.
fn audit(cases: &BTreeMap<String, Case>, bad: bool) -> BTreeMap<String, (String, BTreeSet<String>)> {
    cases
        .iter()
        .map(|(id, case)| {
            let mut project = Project::new();
            let name = if bad { &case.name } else { case.twin_name.as_ref().unwrap_or(&case.name) };
            let packed = Packed {
                name: name.clone(),
                version: case.version.clone(),
                files: if bad { case.bad.clone() } else { case.good.clone() },
                reversed: false,
            };
            match case.ecosystem.as_str() {
                "npm" => project.npm(&[packed]),
                "cargo" => project.cargo(&[packed]),
                other => panic!("{id}: ecosystem `{other}`"),
            }
            let document = project.audit(&[]);
            let package = document["packages"]
                .as_array()
                .unwrap()
                .iter()
                .find(|package| package["name"] == name.as_str() && package["first_party"] == false)
                .unwrap_or_else(|| panic!("{id}: `{name}` is not in the result"));
            let rules = package["reasons"]
                .as_array()
                .unwrap()
                .iter()
                .map(|reason| reason["rule"].as_str().unwrap().to_owned())
                .collect();
            (id.clone(), (package["verdict"].as_str().unwrap().to_owned(), rules))
        })
        .collect()
}

#[test]
fn attacks_are_denied_and_their_twins_approved() {
    let cases = cases();
    let bad = audit(&cases, true);
    let good = audit(&cases, false);
    let mut wrong = Vec::new();
    let mut counts: BTreeMap<bool, Figures> = BTreeMap::new();
    for (id, case) in &cases {
        assert!(!case.report.is_empty() && !case.expect.is_empty(), "{id} names no report or no rule");
        let count = counts.entry(case.held_out).or_default();
        count.attacks += 1;
        let (verdict, rules) = &bad[id];
        let right = verdict == "deny" && case.expect.iter().any(|rule| rules.contains(rule));
        count.denied += usize::from(verdict == "deny");
        count.for_a_reason_expected += usize::from(right);
        if !right && !case.held_out {
            wrong.push(format!("{id}: {verdict} for {rules:?}, expected one of {:?}", case.expect));
        }
        let (verdict, rules) = &good[id];
        count.twins_approved += usize::from(verdict == "approve");
        if verdict != "approve" && !case.held_out {
            wrong.push(format!("{id}: the honest twin is denied for {rules:?}"));
        }
    }
    for (held_out, figures) in &counts {
        println!("{}: {figures:?}", if *held_out { "held out" } else { "seen" });
    }
    let fixture = |name: &str| {
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/malice").join(name))
            .unwrap()
    };
    // What is not found yet is listed, so that each gain and each loss changes this test.
    let known = fixture("not-yet.txt");
    let known: BTreeSet<&str> =
        known.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let failed: BTreeSet<&str> = wrong.iter().filter_map(|line| line.split(':').next()).collect();
    let fresh: Vec<_> =
        wrong.iter().filter(|line| !known.contains(line.split(':').next().unwrap_or(""))).collect();
    let mended: Vec<_> = known.difference(&failed).collect();
    assert!(fresh.is_empty(), "{} of {} cases went wrong:\n{fresh:#?}", fresh.len(), cases.len());
    assert!(mended.is_empty(), "found now, take them out of fixtures/malice/not-yet.txt: {mended:?}");
    // Of the held-out cases only the figures are known, so that nobody tunes for one of them.
    let figures: Figures = toml::from_str(&fixture("held-out.figures")).unwrap();
    assert_eq!(
        counts.get(&true),
        Some(&figures),
        "the figures of the held-out cases changed: if none is worse, write them to \
         fixtures/malice/held-out.figures and say so in the changelog"
    );
}

/// What became of a part of the corpus.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Figures {
    attacks: usize,
    denied: usize,
    for_a_reason_expected: usize,
    twins_approved: usize,
}

#[test]
fn both_ecosystems_are_covered_and_nothing_can_work() {
    let cases = cases();
    assert!(cases.len() >= 40, "only {} cases", cases.len());
    for ecosystem in ["npm", "cargo"] {
        let count = cases.values().filter(|case| case.ecosystem == ecosystem).count();
        assert!(count >= 12, "only {count} cases for {ecosystem}");
    }
}
