//! Evasion: harmful cases of the corpora that are kept out today, changed in ways that leave what they do as it
//! is, and how many are still kept out.
//!
//! Every change is made by a program, the same each time; translations are written by hand. Only cases that
//! rules may be written with are used. `fixtures/evasion.figures` holds the numbers that were reached; one that
//! falls fails the test. What gets through is printed.

mod code;
mod prose;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bomvet::eval::{self, Case, Kind, Outcome};
use bomvet::policy::Policy;
use serde::{Deserialize, Serialize};

/// Files of a case.
pub type Files = BTreeMap<String, String>;

/// A change: the case's files made different, `None` where it does not apply. The second map is the honest side.
pub type Change = fn(&Files, &Files) -> Option<Files>;

/// Cases that one kind of change is tried on.
const CASES: usize = 12;

/// 2026-11-24T00:00:00Z.
const NOW: i64 = 1_795_478_400;

#[derive(Serialize)]
struct Written<'a> {
    source: &'a str,
    class: &'a str,
    ecosystem: Kind,
    name: &'a str,
    version: &'a str,
    harm: &'a str,
    bad: &'a Files,
}

/// What was reached for one kind of change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Reached {
    /// Changed cases.
    tried: usize,
    /// Those still denied or held back for a review.
    kept_out: usize,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn policy() -> Policy {
    Policy::builtin("skill").expect("a profile")
}

fn kept_out(outcome: &Outcome) -> bool {
    *outcome != Outcome::Approved
}

/// The cases that are kept out as they are, by id.
fn known() -> BTreeMap<String, Case> {
    let mut out = BTreeMap::new();
    for corpus in ["corpus", "malice"] {
        let folder = fixtures().join(corpus);
        let kept: BTreeSet<String> = eval::run(&folder, &policy(), NOW)
            .expect("the corpus is measured")
            .into_iter()
            .filter(|row| !row.held_out && row.bad.as_ref().is_some_and(kept_out))
            .map(|row| row.id)
            .collect();
        let cases = eval::load(&folder).expect("the corpus is read");
        out.extend(
            cases
                .into_iter()
                .filter(|(id, _)| kept.contains(id))
                .map(|(id, case)| (format!("{corpus}/{id}"), case)),
        );
    }
    out
}

fn write(folder: &Path, id: &str, kind: &str, case: &Case, bad: &Files) {
    let written = Written {
        source: id,
        class: kind,
        ecosystem: case.kind,
        name: &case.name,
        version: &case.version,
        harm: "as in the case that it was made from",
        bad,
    };
    let path = folder.join(kind).join(format!("{}.toml", id.replace('/', "-")));
    std::fs::create_dir_all(path.parent().expect("below a folder")).expect("a folder");
    std::fs::write(path, toml::to_string(&written).expect("is TOML")).expect("is written");
}

#[test]
fn changed_attacks_are_still_kept_out() {
    let known = known();
    let folder = tempfile::tempdir().expect("a folder");
    for (kind, change) in code::CHANGES.iter().chain(prose::CHANGES) {
        let none = Files::new();
        let changed = known.iter().filter_map(|(id, case)| {
            let (bad, good) = (case.bad.as_ref()?, case.good.as_ref().unwrap_or(&none));
            change(bad, good).filter(|files| files != bad).map(|files| (id, case, files))
        });
        for (id, case, files) in changed.take(CASES) {
            write(folder.path(), id, kind, case, &files);
        }
    }
    let skill = Case {
        class: String::new(),
        kind: Kind::Skill,
        held_out: false,
        name: "notes".to_owned(),
        twin_name: None,
        version: String::new(),
        bad: None,
        good: None,
    };
    for (language, number, order) in prose::translations() {
        let body = format!(
            "---\nname: notes\ndescription: Tidies notes.\n---\n# Notes\n\nSort the list by date.\n\n{order}\n"
        );
        let files = Files::from([("SKILL.md".to_owned(), body)]);
        write(
            folder.path(),
            &format!("{language}-{number}"),
            &format!("language-{language}"),
            &skill,
            &files,
        );
    }
    let mut now: BTreeMap<String, Reached> = BTreeMap::new();
    let mut through: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in eval::run(folder.path(), &policy(), NOW).expect("the changed cases are measured") {
        let reached = now.entry(row.class.clone()).or_default();
        reached.tried += 1;
        match row.bad.as_ref().is_some_and(kept_out) {
            true => reached.kept_out += 1,
            false => through.entry(row.class).or_default().push(row.id),
        }
    }
    let (mut tried, mut kept) = (0, 0);
    for (kind, reached) in &now {
        let share = 100 * reached.kept_out / reached.tried.max(1);
        println!("{kind:<24} {:>3} of {:>3} ({share} %)", reached.kept_out, reached.tried);
        tried += reached.tried;
        kept += reached.kept_out;
    }
    println!("all: {kept} of {tried} ({} %) over {} kinds", 100 * kept / tried.max(1), now.len());
    for (kind, ids) in &through {
        println!("gets through {kind}: {}", ids.join(", "));
    }
    assert!(tried >= 60, "only {tried} changes apply");
    let path = fixtures().join("evasion.figures");
    let before: BTreeMap<String, Reached> =
        toml::from_str(&std::fs::read_to_string(&path).unwrap_or_default()).expect("figures");
    let worse: Vec<String> = before
        .iter()
        .filter_map(|(kind, floor)| {
            let now = now.get(kind).copied().unwrap_or_default();
            (now.kept_out < floor.kept_out).then(|| format!("{kind}: {now:?}, was {floor:?}"))
        })
        .collect();
    let missing: Vec<&String> = now.keys().filter(|kind| !before.contains_key(*kind)).collect();
    let figures = toml::to_string(&now).expect("is TOML");
    assert!(
        worse.is_empty() && missing.is_empty(),
        "{worse:#?}\nnot in {}: {missing:?}\n{figures}",
        path.display()
    );
}
