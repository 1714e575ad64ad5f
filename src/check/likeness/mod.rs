//! How much lines of code read like those of malicious packages: learned weights of their names and
//! of what the stated purpose speaks of.
//!
//! Rules know acts that somebody wrote down, and flows that the parsers follow. This knows what such
//! code has in common, also where a value was lost on its way; it cannot say what the code does, so it
//! never denies: what weighs much waits for a review where the policy asks for that. Of a small package
//! every line is weighed, of another those beside something that reaches out of the program; and where
//! many are weighed, one of them reads oddly by chance, so that more is asked of it. Learned by `bomvet rules learn
//! --code` from `fixtures/code`, both sides of labelled cases and published packages; the same lines
//! give the same weight everywhere.

pub mod features;
mod tokens;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rayon::prelude::*;

use super::{Check, Subject, context};
use crate::model::{Confidence, Ecosystem, Fact, FactKind, Finding, LineIndex, Severity, Span, escape};
use crate::weights::Weights;

use features::{Purpose, Window};

/// The score of a window, and the path of the file that it is in.
type Heavy<'a> = (f32, &'a str, Window);

/// Lines that read like those of malicious packages.
#[derive(Debug)]
pub struct Likeness;

const RULE: &str = "malice/reads-harmful";

/// A score above this one has somebody look; see `fixtures/code/README.md`.
pub const LIMIT: f32 = -1.0;

/// Bytes of code up to which a package is weighed as a whole.
pub const SMALL: usize = 1 << 16;
/// Windows from which on chance counts.
const FEW: f32 = 40.0;
/// What the largest score of honest code grows by when there is e times as much of it.
const CHANCE: f32 = 0.5;

/// What is taken off the largest score of so many windows: the largest of many is large by chance.
pub fn by_chance(windows: usize) -> f32 {
    CHANCE * (windows as f32 / FEW).max(1.0).ln()
}

/// Places of a finding at most.
const PLACES: usize = 3;
/// Words that are shown as what weighed.
const WORDS: usize = 4;
/// Largest file that is weighed, in bytes: what is larger was not written by hand.
const MAX_FILE: usize = 1 << 19;

/// The shipped weights.
static WEIGHTS: LazyLock<Weights> = LazyLock::new(|| {
    Weights::read(include_bytes!("../../../rules/data/code-weights.bin")).expect("the shipped file is tested")
});

impl Check for Likeness {
    fn rules(&self) -> &'static [&'static str] {
        &[RULE]
    }

    fn run(&self, subject: &Subject<'_>, out: &mut Vec<Finding>) {
        let package = subject.package;
        if package.first_party && package.ecosystem != Ecosystem::Agent {
            return;
        }
        let text = |path: &str| subject.contents.get(path).and_then(|bytes| std::str::from_utf8(bytes).ok());
        let weighs = |path: &str| is_code(path) && !context::is_test_path(path);
        let files = || subject.contents.files.iter().map(|file| &*file.path);
        // No further than it takes to know.
        let lengths = files().filter(|path| weighs(path)).filter_map(text).map(str::len);
        let small = { lengths }.try_fold(SMALL, usize::checked_sub).is_some();
        let mut by_file: BTreeMap<&str, Vec<&Fact>> = BTreeMap::new();
        if small {
            files().filter(|path| weighs(path)).for_each(|path| drop(by_file.insert(path, Vec::new())));
        }
        for fact in subject.facts {
            by_file.entry(&fact.span.file).or_default().push(fact);
        }
        by_file.retain(|path, facts| small && weighs(path) || facts.iter().any(|fact| reaches(fact)));
        if by_file.is_empty() {
            return;
        }
        let purpose = Purpose::of_files(
            files().filter(|path| features::speaks(path)).filter_map(|path| Some((path, text(path)?))),
        );
        // Of each file how many windows it has, and which may be above the limit.
        let weighed: Vec<(usize, Vec<Heavy<'_>>)> = by_file
            .into_par_iter()
            .filter_map(|(path, facts)| {
                let text = text(path).filter(|text| text.len() <= MAX_FILE)?;
                let near = near(facts.iter().copied());
                let marks = features::marks(facts.iter().copied());
                let wanted = |first, last| small || near(first, last);
                let text = &*context::without_unit_tests(path.rsplit('.').next().unwrap_or_default(), text);
                let windows = features::windows(path, text, &purpose, &marks, wanted);
                let all = windows.len();
                let scored =
                    windows.into_iter().map(|window| (WEIGHTS.score(&window.features), path, window));
                Some((all, scored.filter(|(score, ..)| *score > LIMIT).collect()))
            })
            .collect();
        let limit = LIMIT + by_chance(weighed.iter().map(|(all, _)| all).sum());
        let mut found: Vec<Heavy<'_>> =
            weighed.into_iter().flat_map(|(_, heavy)| heavy).filter(|(score, ..)| *score > limit).collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| (a.1, a.2.first).cmp(&(b.1, b.2.first))));
        let mut apart: Vec<&Heavy<'_>> = Vec::new();
        for one in &found {
            let beside = |other: &&Heavy<'_>| {
                other.1 == one.1 && other.2.first <= one.2.last && one.2.first <= other.2.last
            };
            if apart.len() < PLACES && !apart.iter().any(beside) {
                apart.push(one);
            }
        }
        let Some((_, path, window)) = apart.first() else { return };
        let words = heaviest(text(path).unwrap_or_default(), window, &purpose);
        let words: Vec<String> = words.iter().map(|word| format!("`{}`", escape(word))).collect();
        let message = format!(
            "lines {} to {} of `{}` read like those of malicious packages (by {})",
            window.first,
            window.last,
            escape(path),
            words.join(", ")
        );
        let spans = apart.iter().filter_map(|(_, path, window)| span(subject, path, window)).collect();
        let found = Finding::new(RULE, message, spans);
        out.push(Finding { severity: Severity::Medium, confidence: Confidence::Low, ..found });
    }
}

/// Whether one of the facts of a file that reach out stands between two lines.
pub fn near<'a>(facts: impl Iterator<Item = &'a Fact>) -> impl Fn(u32, u32) -> bool {
    let mut lines: Vec<u32> = facts.filter(|fact| reaches(fact)).map(|fact| fact.span.line).collect();
    lines.sort_unstable();
    move |first, last| {
        let at = lines.partition_point(|line| *line < first);
        lines.get(at).is_some_and(|line| *line <= last)
    }
}

/// Whether a fact is one of what reaches out of the program, in code that runs.
fn reaches(fact: &Fact) -> bool {
    let kind = fact.capability.is_some() || matches!(fact.kind, FactKind::Flow | FactKind::Literal);
    kind && !fact.context.test && is_code(&fact.span.file) && !context::is_test_path(&fact.span.file)
}

/// Whether a file is code that somebody wrote, by its name.
pub fn is_code(path: &str) -> bool {
    context::is_code(path) && !path.ends_with(".min.js") || path.ends_with(".ps1") || path.ends_with(".bat")
}

fn span(subject: &Subject<'_>, path: &str, window: &Window) -> Option<Span> {
    let file = subject.contents.files.iter().find(|file| &*file.path == path)?;
    let text = std::str::from_utf8(subject.contents.bytes(file)).ok()?;
    let index = LineIndex::new(std::sync::Arc::clone(&file.path), text);
    let start = |line: u32| index.offset(line as usize, 0) as usize;
    let last = start(window.last);
    let end = text.get(last..)?.find('\n').map_or(text.len(), |len| last + len);
    Some(index.span(start(window.first), end))
}

/// The words of a window that weigh most.
fn heaviest(text: &str, window: &Window, purpose: &Purpose) -> Vec<String> {
    let lines = text.lines().zip(1u32..).filter(|(_, at)| (window.first..=window.last).contains(at));
    WEIGHTS.heaviest(WORDS, |out| features::each(lines.map(|(line, _)| line), purpose, out))
}
