//! Which of a package's own words may be told: those that cannot be read as a sentence.
//!
//! A name, a version or a path is told where it has the form of one: ASCII of the characters that
//! such names are made of, short, and of few words. What has not is told as `#` and the first digits
//! of its SHA-256, so that it can still be told apart and found again. A sentence that is spelled
//! with hyphens in a name has more words than that.

use crate::model::Digest;

/// Words that a name may have: `babel-plugin-transform-modules-commonjs` has five.
const NAME_WORDS: usize = 5;
/// Bytes that a name may have.
const NAME_BYTES: usize = 64;
/// Words that a file's or folder's name may have, ending included: `tsconfig.build.test.json` has four.
const PART_WORDS: usize = 4;
/// Words that a path may have.
const PATH_WORDS: usize = 7;
/// Words of letters that a version may have: `1.0.0-beta.2+linux`.
const VERSION_WORDS: usize = 2;

/// What stands for text that is not told.
pub fn hidden(text: &str) -> String {
    format!("#{}", &Digest::sha256(text.as_bytes()).hex()[..8])
}

/// Words of letters, also those that only a capital separates; runs of digits are none.
fn words(text: &str) -> usize {
    let (mut count, mut before) = (0, ' ');
    for c in text.chars() {
        let starts = c.is_ascii_alphabetic()
            && (!before.is_ascii_alphabetic() || c.is_ascii_uppercase() && before.is_ascii_lowercase());
        count += usize::from(starts);
        before = c;
    }
    count
}

fn made_of(text: &str, more: &[u8]) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
}

/// Whether this is a package's name (npm, PyPI, crates.io): letters, digits, `.`, `_`, `-`, `~`, and one scope.
pub fn is_name(text: &str) -> bool {
    let (scope, name) = match text.strip_prefix('@').map(|rest| rest.split_once('/')) {
        Some(Some((scope, name))) => (Some(scope), name),
        Some(None) => return false,
        None => (None, text),
    };
    let part = |text: &str| made_of(text, b"._-~") && !text.starts_with('.');
    part(name) && scope.is_none_or(part) && text.len() <= 214
}

/// A package's name, or what stands for it.
pub fn name(text: &str) -> String {
    let short = text.len() <= NAME_BYTES && words(text) <= NAME_WORDS;
    if is_name(text) && short { text.to_owned() } else { hidden(text) }
}

/// A version, or what stands for it.
pub fn version(text: &str) -> String {
    let first = text.starts_with(|c: char| c.is_ascii_digit() || c == 'v');
    let fine = first && made_of(text, b".-+_!") && text.len() <= 48 && words(text) <= VERSION_WORDS;
    if fine { text.to_owned() } else { hidden(text) }
}

/// A requirement (`>=1.2.3, <2`), or what stands for it.
pub fn requirement(text: &str) -> String {
    let fine = made_of(text, b".-+_!<>=^~, *|") && text.len() <= 64 && words(text) <= VERSION_WORDS;
    if fine { text.to_owned() } else { hidden(text) }
}

/// An advisory's id: `GHSA-…`, `RUSTSEC-2026-0001`, `CVE-…`.
pub fn advisory(text: &str) -> String {
    let digit = text.bytes().any(|b| b.is_ascii_digit());
    let fine = made_of(text, b"-:") && digit && text.len() <= 32 && words(text) <= 5;
    if fine { text.to_owned() } else { hidden(text) }
}

/// A path within a package; one with a part that is not plain, or of many words, is not told.
pub fn path(text: &str) -> String {
    let part = |part: &str| made_of(part, b"._-@+") && part.len() <= 48 && words(part) <= PART_WORDS;
    let fine = words(text) <= PATH_WORDS && text.len() <= 200 && text.split('/').all(part);
    if fine { text.to_owned() } else { hidden(text) }
}

/// A purl as `name@version`, of what is plain.
pub fn purl(text: &str) -> String {
    let bare = text.split(['?', '#']).next().unwrap_or(text);
    let rest = bare.strip_prefix("pkg:").and_then(|rest| rest.split_once('/')).map_or(bare, |(_, rest)| rest);
    let decoded = percent_encoding::percent_decode_str(rest).decode_utf8_lossy().into_owned();
    let at = decoded.char_indices().skip(1).filter(|(_, c)| *c == '@').map(|(at, _)| at).last();
    match at {
        Some(at) => format!("{}@{}", name(&decoded[..at]), version(&decoded[at + 1..])),
        None => name(&decoded),
    }
}
