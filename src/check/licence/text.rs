//! The licence files: which licence's text they are.
//!
//! `spdx` compares the word pairs of a text with those of every known licence (Sørensen–Dice,
//! the method of askalono). Its own search walks a hash map and so gives any of several equal
//! matches; here the licences are compared in order of their names and the first of the best wins.
//! Most files are one of a few texts, so those are tried first, and each distinct text (copyright
//! lines aside) is compared once in a run.

use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, Mutex};

use spdx::detection::{LicenseEntry, Store, TextData};

use crate::model::{Contents, Digest};

/// A licence file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// Its path.
    pub file: String,
    /// The SPDX id of its text, if it was recognised.
    pub id: Option<String>,
}

/// Largest file compared, in bytes; the longest licence in use (GPL-3.0) has 35 kB. What is larger
/// collects the licences of others.
const MAX_TEXT: usize = 64 << 10;

/// Most files compared in one package.
const MAX_FILES: usize = 8;

/// A text is a licence's from this score on (what askalono's program uses): short texts lose a
/// tenth with their title and copyright line alone.
const ENOUGH: f32 = 0.8;

/// Licences of one project whose text is a usual one with a few words changed. Copies of the usual
/// one that lack its appendix come closer to them than to the original.
const SHADOWS: [&str; 1] = ["Pixar"];

/// From this score on no other licence is looked at.
const CERTAIN: f32 = 0.98;

/// What most packages carry, the most frequent first.
const USUAL: [&str; 9] =
    ["MIT", "Apache-2.0", "ISC", "BSD-3-Clause", "BSD-2-Clause", "Unlicense", "Zlib", "MPL-2.0", "BSL-1.0"];

struct Known {
    by_name: BTreeMap<String, LicenseEntry>,
}

/// Unpacked when the first licence file turns up; an audit from the cache never needs it.
static KNOWN: LazyLock<Option<Known>> = LazyLock::new(|| {
    let store = Store::load_inline().ok()?;
    // Entries cannot be taken out of the store nor cloned: their parts can.
    let mut by_name = BTreeMap::new();
    for (name, entry) in store.iter().filter(|(name, _)| !SHADOWS.contains(&name.as_str())) {
        let entry = LicenseEntry {
            original: entry.original.clone(),
            aliases: entry.aliases.clone(),
            headers: Vec::new(),
            alternates: entry.alternates.clone(),
        };
        by_name.insert(name.clone(), entry);
    }
    Some(Known { by_name })
});

static SEEN: LazyLock<Mutex<HashMap<Digest, Option<String>>>> = LazyLock::new(Mutex::default);

/// The licence files of a package, in order of path, with what they are.
pub(super) fn recognise(contents: &Contents) -> Vec<Text> {
    contents
        .files
        .iter()
        .filter(|file| is_licence_file(&file.path))
        .take(MAX_FILES)
        .map(|file| {
            let text = std::str::from_utf8(contents.bytes(file)).ok().filter(|text| text.len() <= MAX_TEXT);
            Text { file: file.path.to_string(), id: text.and_then(identify) }
        })
        .collect()
}

/// `LICENSE`, `LICENCE.md`, `LICENSE-MIT`, `MIT-LICENSE.txt`, `COPYING.LESSER`, `UNLICENSE`: in the
/// root or in `LICENSES/`.
fn is_licence_file(path: &str) -> bool {
    // A wheel keeps its texts beside its metadata.
    let path = match path.split_once(".dist-info/") {
        Some((_, rest)) => rest.strip_prefix("licenses/").unwrap_or(rest),
        None => path,
    };
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    if !folder.is_empty() && !["LICENSES", "licenses", "LICENSE", "license"].contains(&folder) {
        return false;
    }
    let upper = file.to_ascii_uppercase();
    let code = [".JS", ".TS", ".MJS", ".CJS", ".RS", ".JSON", ".TOML", ".HTML", ".MAP"];
    if code.iter().any(|ending| upper.ends_with(ending)) || upper.contains("THIRD") {
        return false;
    }
    let named = ["LICENSE", "LICENCE", "COPYING", "UNLICENSE"].iter().any(|name| upper.starts_with(name));
    named || upper.contains("-LICENSE") || upper.contains("-LICENCE") || !folder.is_empty()
}

/// The licence that a text is of.
pub(super) fn identify(text: &str) -> Option<String> {
    // The same text for every holder: also what makes the memory below worth its while.
    let plain: String = text
        .lines()
        .filter(|line| {
            let line = line.trim().to_lowercase();
            !line.starts_with("copyright") && !line.starts_with("(c)") && !line.starts_with('\u{a9}')
        })
        .flat_map(|line| [line.trim(), "\n"])
        .collect();
    let key = Digest::sha256(plain.as_bytes());
    if let Some(seen) = SEEN.lock().ok().and_then(|seen| seen.get(&key).cloned()) {
        return seen;
    }
    let found = best(&plain);
    if let Ok(mut seen) = SEEN.lock() {
        seen.insert(key, found.clone());
    }
    found
}

fn best(text: &str) -> Option<String> {
    let known = KNOWN.as_ref()?;
    let data = TextData::new(text);
    let score = |entry: &LicenseEntry| {
        let alternates = entry.alternates.iter().map(|alternate| alternate.match_score(&data));
        alternates.fold(entry.original.match_score(&data), f32::max)
    };
    let usual = USUAL.iter().filter_map(|name| known.by_name.get_key_value(*name));
    let mut best: Option<(f32, &String)> = None;
    for (name, entry) in usual {
        let score = score(entry);
        if score >= CERTAIN {
            return Some(name.clone());
        }
    }
    for (name, entry) in &known.by_name {
        let score = score(entry);
        if score >= ENOUGH && best.is_none_or(|(other, _)| score > other) {
            best = Some((score, name));
        }
    }
    let name = best.map(|(_, name)| name.clone())?;
    // 0BSD is ISC without its one condition, and nearer than ISC's own text with ISC's two holders.
    if name == "0BSD" && text.to_lowercase().contains("provided that") {
        Some("ISC".to_owned())
    } else {
        Some(name)
    }
}
