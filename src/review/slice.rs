//! Which lines of a package a reviewer is shown.
//!
//! In: contents, and the places that the questions are about. Out: files with numbered lines, as
//! parts that each fit a limit of tokens. Small packages are shown whole; of others the lines
//! around the places, the manifest's head and what it says of itself.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::{fence, tokens};
use crate::model::{Contents, Span};

/// Lines shown before and after a place.
const CONTEXT: u32 = 12;
/// Lines shown of a manifest and of a README.
const HEAD: u32 = 40;
/// Lines of a changed file that are shown around what changed.
const AROUND: u32 = 4;
/// Largest file that is looked into, in bytes.
const MAX_FILE: usize = 4 << 20;

/// One file, or some lines of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Path within the package.
    pub path: Arc<str>,
    /// 1-based numbers and lines as shown ([`fence::line`]), ascending.
    pub lines: Vec<(u32, String)>,
}

/// What is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slices {
    /// Parts, each within the limit.
    pub parts: Vec<Vec<Shown>>,
    /// Lines that were chosen and did not fit into [`Limits::parts`].
    pub left_out: usize,
    /// Whether every text file is shown from its first line to its last.
    pub whole: bool,
}

/// How much may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Tokens of a part's lines.
    pub tokens: usize,
    /// Parts.
    pub parts: usize,
}

/// Chooses the lines. `places` come with paths of `contents`; `base` is an approved version, of
/// which only the difference is shown.
pub fn slice(contents: &Contents, places: &[Span], base: Option<&Contents>, limits: Limits) -> Slices {
    let texts = texts(contents);
    let asked: BTreeSet<&str> = places.iter().map(|span| &*span.file).collect();
    let budget = limits.tokens.saturating_mul(limits.parts);
    let shown = |path: &str| asked.contains(path) || (is_source(path) && !is_beside(path));
    let bytes: usize = texts.iter().filter(|(path, _)| shown(path)).map(|(_, text)| text.len()).sum();
    let mut chosen: BTreeMap<Arc<str>, BTreeSet<u32>> = BTreeMap::new();
    let mut whole = base.is_none() && bytes <= limits.tokens.saturating_mul(3);
    if let Some(base) = base {
        for (path, text) in texts.iter().filter(|(path, _)| shown(path)) {
            let old = base.get(path).map(String::from_utf8_lossy).unwrap_or_default();
            let changed = changed(&old, text);
            if !changed.is_empty() {
                chosen.insert(Arc::clone(path), changed);
            }
        }
    } else if whole {
        for (path, text) in texts.iter().filter(|(path, _)| shown(path)) {
            chosen.insert(Arc::clone(path), (1..=lines(text)).collect());
        }
    } else {
        for (path, text) in &texts {
            if is_manifest(path) || is_readme(path) {
                chosen.entry(Arc::clone(path)).or_default().extend(1..=HEAD.min(lines(text)));
            }
        }
    }
    for span in places {
        let Some((path, text)) = texts.get_key_value(&*span.file) else { continue };
        let at = span.line.max(1);
        let range = at.saturating_sub(CONTEXT).max(1)..=(at + CONTEXT).min(lines(text));
        chosen.entry(Arc::clone(path)).or_default().extend(range);
    }
    let (parts, left_out) = pack(&texts, &chosen, limits, budget);
    whole &= left_out == 0;
    Slices { parts, left_out, whole }
}

/// The files that are text, lines ending with a line feed.
fn texts(contents: &Contents) -> BTreeMap<Arc<str>, String> {
    contents
        .files
        .iter()
        .filter(|file| file.range.len() <= MAX_FILE)
        .filter_map(|file| {
            let bytes = contents.bytes(file);
            let head = &bytes[..bytes.len().min(8192)];
            (!head.contains(&0))
                .then(|| (Arc::clone(&file.path), String::from_utf8_lossy(bytes).into_owned()))
        })
        .collect()
}

fn lines(text: &str) -> u32 {
    u32::try_from(text.lines().count()).unwrap_or(u32::MAX)
}

/// Puts chosen lines into parts, in order of path; a file goes on in the next part where it must.
fn pack(
    texts: &BTreeMap<Arc<str>, String>,
    chosen: &BTreeMap<Arc<str>, BTreeSet<u32>>,
    limits: Limits,
    budget: usize,
) -> (Vec<Vec<Shown>>, usize) {
    let mut parts: Vec<Vec<Shown>> = vec![Vec::new()];
    let (mut used, mut left_out, mut total) = (0, 0, 0);
    for (path, wanted) in chosen {
        let Some(text) = texts.get(path) else { continue };
        for (at, line) in (1_u32..).zip(text.lines()) {
            if !wanted.contains(&at) {
                continue;
            }
            let line = fence::line(line);
            // Number, bar and line feed are some four tokens.
            let cost = tokens::count(&line) + 4;
            if used + cost > limits.tokens && used > 0 {
                if parts.len() == limits.parts || total + cost > budget {
                    left_out += 1;
                    continue;
                }
                parts.push(Vec::new());
                used = 0;
            }
            used += cost;
            total += cost;
            let part = parts.last_mut().expect("there is a first part");
            match part.last_mut().filter(|shown| shown.path == *path) {
                Some(shown) => shown.lines.push((at, line)),
                None => part.push(Shown { path: Arc::clone(path), lines: vec![(at, line)] }),
            }
        }
    }
    parts.retain(|part| !part.is_empty());
    (parts, left_out)
}

/// The stretch of `new` between what both have at the start and at the end, and some lines around
/// it; so what was only moved is shown too.
fn changed(old: &str, new: &str) -> BTreeSet<u32> {
    let (a, b): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let tail = a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(x, y)| x == y).count();
    let (from, to) = (head, b.len() - tail);
    if from == to && head + tail == a.len() {
        return BTreeSet::new();
    }
    let around = |from: usize, to: usize| -> RangeInclusive<u32> {
        let first = u32::try_from(from + 1).unwrap_or(u32::MAX);
        let last = u32::try_from(to.max(from + 1)).unwrap_or(u32::MAX);
        first.saturating_sub(AROUND).max(1)..=last.saturating_add(AROUND)
    };
    let end = u32::try_from(b.len()).unwrap_or(u32::MAX);
    around(from, to).filter(|line| *line <= end).collect()
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_manifest(path: &str) -> bool {
    matches!(path, "package.json" | "Cargo.toml" | "pyproject.toml" | "setup.py" | "setup.cfg" | "SKILL.md")
        || path.ends_with(".dist-info/METADATA")
        || path.ends_with("/PKG-INFO")
}

fn is_readme(path: &str) -> bool {
    !path.contains('/') && path.to_ascii_lowercase().starts_with("readme")
}

/// Files that hold code, configuration or instructions.
fn is_source(path: &str) -> bool {
    const ENDINGS: [&str; 34] = [
        "rs", "js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx", "py", "pyi", "pth", "sh", "bash", "zsh",
        "ps1", "bat", "cmd", "rb", "go", "c", "h", "cc", "cpp", "hpp", "toml", "yaml", "yml", "md", "mdc",
        "json", "cfg", "gyp", "swift",
    ];
    let name = name(path);
    match name.rsplit_once('.') {
        Some((_, ending)) => ENDINGS.contains(&ending.to_ascii_lowercase().as_str()),
        None => !name.to_ascii_uppercase().starts_with("LICEN"),
    }
}

/// Files that say nothing of what the package does: locks, sums, licences, changes.
fn is_beside(path: &str) -> bool {
    let name = name(path).to_ascii_lowercase();
    [
        "license",
        "licence",
        "copying",
        "changelog",
        "cargo.lock",
        "package-lock.json",
        ".cargo_vcs_info",
        "cargo.toml.orig",
    ]
    .iter()
    .any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{File, Provenance};

    pub(crate) fn contents(files: &[(&str, &str)]) -> Contents {
        let mut buffer = Vec::new();
        let mut list = Vec::new();
        for (path, text) in files {
            let start = buffer.len();
            buffer.extend_from_slice(text.as_bytes());
            list.push(File { path: (*path).into(), range: start..buffer.len(), executable: false });
        }
        Contents::new(Provenance::FirstParty, None, list, Arc::new(buffer))
    }

    const LIMITS: Limits = Limits { tokens: 1000, parts: 3 };

    #[test]
    fn a_small_package_is_shown_whole_and_without_its_licence() {
        let contents = contents(&[("index.js", "a()\nb()\n"), ("LICENSE", "MIT"), ("x.png", "\0\0")]);
        let got = slice(&contents, &[], None, LIMITS);
        assert!(got.whole && got.left_out == 0);
        let paths: Vec<&str> = got.parts[0].iter().map(|shown| &*shown.path).collect();
        assert_eq!(paths, ["index.js"]);
        assert_eq!(got.parts[0][0].lines, [(1, "a()".to_owned()), (2, "b()".to_owned())]);
    }

    #[test]
    fn of_a_large_package_the_lines_around_the_places_are_shown() {
        let text: String = (1..=2000).map(|n| format!("line number {n}\n")).collect();
        let contents = contents(&[("src/big.rs", &text), ("Cargo.toml", "[package]\n")]);
        let place = Span { line: 1000, column: 1, ..Span::file("src/big.rs") };
        let got = slice(&contents, &[place], None, LIMITS);
        assert!(!got.whole);
        let all: Vec<(&str, u32)> = got
            .parts
            .iter()
            .flatten()
            .flat_map(|shown| shown.lines.iter().map(|(at, _)| (&*shown.path, *at)))
            .collect();
        assert_eq!(all.first(), Some(&("Cargo.toml", 1)));
        assert_eq!((all[1], all[all.len() - 1]), (("src/big.rs", 988), ("src/big.rs", 1012)));
    }

    #[test]
    fn what_fits_into_no_part_is_counted_and_every_part_keeps_the_limit() {
        let text: String = (1..=900).map(|n| format!("value_{n} = {n}\n")).collect();
        let places: Vec<Span> =
            (1..=90).map(|n| Span { line: n * 10, column: 1, ..Span::file("a.py") }).collect();
        let got = slice(&contents(&[("a.py", &text)]), &places, None, LIMITS);
        assert_eq!(got.parts.len(), 3);
        let shown: usize = got.parts.iter().flatten().map(|shown| shown.lines.len()).sum();
        assert_eq!(shown + got.left_out, 900);
        for part in &got.parts {
            let tokens: usize =
                part.iter().flat_map(|shown| &shown.lines).map(|(_, line)| tokens::count(line) + 4).sum();
            assert!(tokens <= LIMITS.tokens);
        }
    }

    #[test]
    fn against_an_approved_version_only_the_difference_is_shown() {
        let old: String = (1..=100).map(|n| format!("f{n}()\n")).collect();
        let new = old.replace("f50()\n", "f50()\nsend()\n");
        let got = slice(&contents(&[("a.js", &new)]), &[], Some(&contents(&[("a.js", &old)])), LIMITS);
        let lines: Vec<u32> = got.parts[0][0].lines.iter().map(|(at, _)| *at).collect();
        assert_eq!(lines, (47..=55).collect::<Vec<_>>());
        let same = slice(&contents(&[("a.js", &old)]), &[], Some(&contents(&[("a.js", &old)])), LIMITS);
        assert!(same.parts.is_empty());
    }
}
