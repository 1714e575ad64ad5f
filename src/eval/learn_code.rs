//! Learns what weighs in lines of code, and says how far that can be trusted.
//!
//! In: files of labelled snippets (`fixtures/code`), labelled cases with two sides, folders of honest
//! packages to learn from, and other ones that are only measured. Out: weights, and for several limits the
//! share of harmful snippets, of their look-alikes, of cases' sides and of packages that would wait. Snippets'
//! and cases' shares are of weights that were learned without the fifth that they are in.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Deserialize;

use crate::check::likeness::features::{self, Purpose};
use crate::check::likeness::{self, LIMIT, SMALL, is_code};
use crate::check::parse;
use crate::weights::Weights;
use crate::weights::learn::{Bag, Settings, learn};

use super::learn::{LearnError, Learned, Numbers as Windows, below, labelled, most};

/// Largest file that is read, in bytes.
const MAX_FILE: u64 = 200_000;
/// Windows of one package that are learned from.
const MOST: usize = 200;
/// Lines of this many characters were not written by hand.
const MAX_LINE: usize = 1000;
/// Folders of a package whose code is not the package's.
const ASIDE: &[&str] = &[
    "test",
    "tests",
    "__tests__",
    "node_modules",
    ".git",
    "benches",
    "examples",
    "docs",
    "fixtures",
    "testing",
];
/// Stack of a thread that parses, in bytes.
const STACK: usize = 64 << 20;
/// Parts, each left out once.
const PARTS: usize = 5;

/// What a harmful snippet, or file of a case, counts beside a window of a package.
const HARMFUL: f32 = 4.0;
/// What a look-alike counts.
const ALIKE: f32 = 4.0;
/// What a window of an honest side counts.
const WRITTEN: f32 = 3.0;

/// A harmful piece of code and its honest look-alike.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Snippet {
    /// What kind of harm it is.
    class: String,
    /// `js`, `ts`, `python`, `rust`, `shell`, `c`.
    language: String,
    /// Where it stands: `install`, `import`, `call`, `cli`, `hook`.
    place: String,
    /// What the package says that it is for.
    purpose: String,
    /// The honest one.
    honest: String,
    /// The harmful one.
    harmful: String,
}

/// What to learn from.
#[derive(Debug)]
pub struct From<'a> {
    /// Folder with files of labelled snippets.
    pub snippets: &'a Path,
    /// Folders of labelled cases; held-out ones do not count.
    pub corpora: &'a [PathBuf],
    /// Folders of honest packages, one folder each.
    pub honest: &'a [PathBuf],
    /// The same, measured only.
    pub apart: &'a [PathBuf],
}

/// The largest score of some windows, less what it is by chance.
fn surely(weights: &Weights, windows: &Windows) -> f32 {
    match windows.len() {
        0 => f32::MIN,
        many => most(weights, windows) - likeness::by_chance(many),
    }
}

/// An honest package.
#[derive(Debug)]
struct Published {
    /// Some of its windows, to learn from.
    learned: Windows,
    /// Those that the check weighs.
    weighed: Windows,
}

/// Scores of pairs by their place: the harmful side's and the honest one's.
type Scored = Vec<(usize, f32, f32)>;

/// Both sides of something labelled.
#[derive(Debug, Default)]
struct Pair {
    class: String,
    /// A harmful passage each: windows with changed lines.
    harmful: Vec<Windows>,
    honest: Windows,
    /// All windows of the harmful side.
    whole: Windows,
}

/// Learns, and measures.
///
/// # Errors
/// A file that cannot be read or holds no snippets, or a folder without one.
pub fn run(from: &From<'_>, settings: Settings) -> Result<Learned, LearnError> {
    // Parsers recurse.
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK).build();
    let pool = pool.map_err(|error| LearnError::new(from.snippets, format!("no threads: {error}")))?;
    pool.install(|| learned(from, settings))
}

fn learned(from: &From<'_>, settings: Settings) -> Result<Learned, LearnError> {
    let snippets = snippets(from.snippets)?;
    let mut cases = Vec::new();
    for corpus in from.corpora {
        let list = super::case::load(corpus).map_err(|error| LearnError::new(corpus, error.to_string()))?;
        cases.extend(
            list.par_iter()
                .filter(|(_, case)| !case.held_out)
                .map(|(_, case)| of_case(case))
                .collect::<Vec<_>>(),
        );
    }
    let honest = packages(from.honest)?;
    let apart = packages(from.apart)?;
    let learn_without = |part: usize| {
        let mut bags = Vec::new();
        for (pairs, alike) in [(&snippets, ALIKE), (&cases, WRITTEN)] {
            for (_, pair) in pairs.iter().enumerate().filter(|(at, _)| at % PARTS != part) {
                let harmful = pair.harmful.iter();
                bags.extend(harmful.map(|windows| Bag { windows, harmful: true, weight: HARMFUL }));
                bags.push(Bag { windows: &pair.honest, harmful: false, weight: alike });
            }
        }
        let learned = honest.iter().map(|package| &package.learned);
        bags.extend(learned.map(|windows| Bag { windows, harmful: false, weight: 1.0 }));
        // What has no code has nothing to say, and would make all else look rarer.
        bags.retain(|bag| !bag.windows.is_empty());
        learn(&bags, settings)
    };
    let scored: Vec<(Scored, Scored)> = (0..PARTS)
        .into_par_iter()
        .map(|part| {
            let weights = learn_without(part);
            let of = |pairs: &[Pair]| {
                let own = pairs.iter().enumerate().filter(|(at, _)| at % PARTS == part);
                own.map(|(at, pair)| (at, surely(&weights, &pair.whole), surely(&weights, &pair.honest)))
                    .collect()
            };
            (of(&snippets), of(&cases))
        })
        .collect();
    let weights = learn_without(usize::MAX);
    let snippets_scored: Vec<_> = scored.iter().flat_map(|(first, _)| first.iter().copied()).collect();
    let cases_scored: Vec<_> = scored.iter().flat_map(|(_, second)| second.iter().copied()).collect();
    let of_packages = |list: &[Published]| {
        list.iter().map(|package| surely(&weights, &package.weighed)).collect::<Vec<f32>>()
    };
    let (own, other) = (of_packages(&honest), of_packages(&apart));
    let mut out = String::from(
        "limit  snippets  alike  harmful sides  honest sides  packages learned  packages apart\n",
    );
    for tenths in [-30i16, -20, -15, -10, -5, 0, 5, 10, 20] {
        let limit = f32::from(tenths) / 10.0;
        let _ = writeln!(
            out,
            "{limit:5.2}  {:6.1} %  {:4.1} %  {:11.1} %  {:10.1} %  {:14.1} %  {:12.1} %",
            share(snippets_scored.iter().map(|one| one.1), limit),
            share(snippets_scored.iter().map(|one| one.2), limit),
            share(cases_scored.iter().map(|one| one.1), limit),
            share(cases_scored.iter().map(|one| one.2), limit),
            share(own.iter().copied(), limit),
            share(other.iter().copied(), limit),
        );
    }
    let mut classes: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for (at, harmful, alike) in &snippets_scored {
        let Some(pair) = snippets.get(*at) else { continue };
        let counts = classes.entry(&pair.class).or_default();
        counts[0] += usize::from(*harmful > LIMIT);
        counts[1] += usize::from(*alike > LIMIT);
        counts[2] += 1;
    }
    out += "\nclass of snippets: harmful and alike above the limit in use\n";
    for (class, [harmful, alike, all]) in classes {
        let _ = writeln!(out, "{class:16} {harmful:4} {alike:4} of {all}");
    }
    Ok(Learned { weights, figures: out })
}

/// Per cent of scores above a limit; what has no score is not counted.
fn share(scores: impl Iterator<Item = f32>, limit: f32) -> f64 {
    let (mut above, mut all) = (0usize, 0usize);
    for score in scores.filter(|score| *score > f32::MIN) {
        all += 1;
        above += usize::from(score > limit);
    }
    100.0 * above as f64 / all.max(1) as f64
}

fn windows(path: &str, text: &str, purpose: &Purpose) -> Windows {
    of_lines(path, text, purpose, |_, _| true)
}

fn of_lines(path: &str, text: &str, purpose: &Purpose, wanted: impl Fn(u32, u32) -> bool) -> Windows {
    let parsed = parse::file(path, text.as_bytes());
    let marks = features::marks(parsed.facts.iter());
    features::windows(path, text, purpose, &marks, wanted).into_iter().map(|window| window.features).collect()
}

fn snippets(folder: &Path) -> Result<Vec<Pair>, LearnError> {
    let files: Vec<Vec<Snippet>> = labelled(folder, "snippets", "fixtures/code")?;
    Ok(files.into_iter().flatten().map(of_snippet).collect())
}

fn of_snippet(snippet: Snippet) -> Pair {
    let purpose = Purpose::of(&snippet.purpose);
    let path = match (snippet.language.as_str(), snippet.place.as_str()) {
        ("python", "install") => "setup.py",
        ("python", "import") => "pkg/__init__.py",
        ("python", "cli") => "pkg/cli.py",
        ("python", "hook") => "hooks/mod.py",
        ("python", _) => "pkg/mod.py",
        ("rust", "install") => "build.rs",
        ("rust", "cli") => "src/main.rs",
        ("rust", _) => "src/lib.rs",
        ("shell", "install") => "install.sh",
        ("shell", "hook") => "hooks/run.sh",
        ("shell", _) => "scripts/run.sh",
        ("c", _) => "src/a.c",
        ("ts", "cli") => "bin/index.ts",
        ("ts", _) => "src/index.ts",
        (_, "install") => "postinstall.js",
        (_, "cli") => "bin/index.js",
        (_, "hook") => "hooks/index.js",
        _ => "index.js",
    };
    let harmful = windows(path, &snippet.harmful, &purpose);
    Pair {
        class: snippet.class,
        whole: harmful.clone(),
        harmful: vec![harmful],
        honest: windows(path, &snippet.honest, &purpose),
    }
}

fn of_case(case: &super::Case) -> Pair {
    let said = |files: &BTreeMap<String, String>| {
        Purpose::of_files(files.iter().map(|(path, text)| (path.as_str(), text.as_str())))
    };
    let (none, mut pair) = (BTreeMap::new(), Pair::default());
    let good = case.good.as_ref().unwrap_or(&none);
    let purpose = said(good);
    for (path, text) in good.iter().filter(|(path, _)| is_code(path)) {
        pair.honest.extend(windows(path, text, &purpose));
    }
    let bad = case.bad.as_ref().unwrap_or(&none);
    let purpose = said(bad);
    for (path, text) in bad.iter().filter(|(path, _)| is_code(path)) {
        pair.whole.extend(windows(path, text, &purpose));
        let before: std::collections::BTreeSet<&str> =
            good.get(path).map(|text| text.lines().map(str::trim).collect()).unwrap_or_default();
        let new: Vec<u32> = text
            .lines()
            .zip(1u32..)
            .filter(|(line, _)| !before.contains(line.trim()))
            .map(|(_, at)| at)
            .collect();
        // Most of a window has to be new; where little is, what there is.
        let few = (new.len() / 2).clamp(1, 3);
        let changed =
            |first: u32, last: u32| new.iter().filter(|at| (first..=last).contains(*at)).count() >= few;
        let changed = of_lines(path, text, &purpose, changed);
        if !changed.is_empty() {
            pair.harmful.push(changed);
        }
    }
    pair
}

/// The packages below the folders, one folder each.
fn packages(folders: &[PathBuf]) -> Result<Vec<Published>, LearnError> {
    let mut all = Vec::new();
    for folder in folders {
        let entries =
            std::fs::read_dir(folder).map_err(|error| LearnError::new(folder, error.to_string()))?;
        let mut found: Vec<PathBuf> =
            entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
        if found.is_empty() {
            return Err(LearnError::new(folder, "no folder of a package in it".to_owned()));
        }
        found.sort();
        all.extend(found);
    }
    Ok(all
        .par_iter()
        .map(|folder| of_package(folder))
        .filter(|package| !package.learned.is_empty())
        .collect())
}

fn of_package(folder: &Path) -> Published {
    let mut paths = Vec::new();
    let want = |name: &str, size| (is_code(name) || features::speaks(name)) && size <= MAX_FILE;
    below(folder, 0, &|name| !ASIDE.contains(&name), &want, &mut paths);
    paths.sort();
    let (mut texts, mut said) = (Vec::new(), Vec::new());
    for path in paths {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let inside = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
        // npm's archives hold everything in one folder.
        let inside = inside.strip_prefix("package/").map(str::to_owned).unwrap_or(inside);
        if features::speaks(&inside) {
            said.push((inside, text));
        } else if is_code(&inside) && text.lines().take(50).all(|line| line.len() <= MAX_LINE) {
            texts.push((inside, text));
        }
    }
    let purpose = Purpose::of_files(said.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    let small = texts.iter().map(|(_, text)| text.len()).sum::<usize>() <= SMALL;
    let (mut all, mut weighed) = (Vec::new(), Vec::new());
    for (path, text) in &texts {
        let parsed = parse::file(path, text.as_bytes());
        let marks = features::marks(parsed.facts.iter());
        let near = likeness::near(parsed.facts.iter());
        for window in features::windows(path, text, &purpose, &marks, |_, _| true) {
            if small || near(window.first, window.last) {
                weighed.push(window.features.clone());
            }
            all.push(window.features);
        }
    }
    let learned = all.iter().step_by(all.len().div_ceil(MOST).max(1)).cloned().collect();
    Published { learned, weighed }
}
