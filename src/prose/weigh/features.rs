//! What of a sentence is weighed: its words, their stems in order, what the lexicon knows them for,
//! how acts are put, and what of all that the stated purpose speaks of.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::prose::clause::{Mood, Reading};
use crate::prose::lexicon::{Concept, Hit};

/// Words of one sentence that are looked at; the rest of an endless one is not.
const MAX_WORDS: usize = 120;

/// Terms of the lexicon that are paired with each other.
const MAX_TERMS: usize = 16;

/// What a package says that it is for, read once.
#[derive(Debug, Default, Clone)]
pub struct Purpose {
    stems: BTreeSet<String>,
    concepts: BTreeSet<Concept>,
}

impl Purpose {
    /// Reads a folded text.
    pub fn read(folded: &str) -> Self {
        let reading = Reading::new(folded, &[]);
        let words = words(folded);
        Self {
            stems: words.iter().filter(|word| word.len() > 3).map(|word| stem(word).to_owned()).collect(),
            concepts: reading.hits.iter().map(|hit| hit.concept).collect(),
        }
    }

    /// Whether nothing is known of it.
    pub fn is_empty(&self) -> bool {
        self.stems.is_empty()
    }
}

/// Gives the name of each feature of a sentence, some more than once.
pub fn each(reading: &Reading<'_>, purpose: &Purpose, out: &mut dyn FnMut(&str)) {
    let words = words(reading.text);
    let mut name = String::with_capacity(64);
    let mut give = |parts: &[&str]| {
        name.clear();
        parts.iter().for_each(|part| name.push_str(part));
        out(&name);
    };
    let mut stems: Vec<&str> = Vec::with_capacity(words.len() + 2);
    stems.push("^");
    for word in &words {
        give(&["w:", word]);
        stems.push(stem(word));
        if !word.is_ascii() {
            parts_of(word, &mut give);
        } else if word.len() > 4 && !word.starts_with('_') {
            give(&["s:", stem(word)]);
            give(&["p:", word.get(..5).unwrap_or(word)]);
        }
    }
    stems.push("$");
    for pair in stems.windows(2) {
        give(&["b:", pair[0], " ", pair[1]]);
    }
    for three in stems.windows(3) {
        give(&["k:", three[0], " ", three[2]]);
        give(&["t:", three[0], " ", three[1], " ", three[2]]);
    }
    concepts(reading, purpose, &mut give);
    if !purpose.is_empty() {
        let content: BTreeSet<&str> =
            words.iter().filter(|word| word.len() > 4).map(|word| stem(word)).collect();
        let shared = content.iter().filter(|word| purpose.stems.contains(**word)).count();
        give(&[
            "pu:",
            if shared == 0 {
                "none"
            } else if shared * 3 < content.len() {
                "some"
            } else {
                "much"
            },
        ]);
    }
}

/// Two and three characters in a row, of words in other than Latin letters.
fn parts_of(word: &str, give: &mut impl FnMut(&[&str])) {
    let at: Vec<usize> = word.char_indices().map(|(at, _)| at).chain([word.len()]).collect();
    for size in [2, 3] {
        for window in at.windows(size + 1) {
            let (Some(from), Some(to)) = (window.first(), window.last()) else { continue };
            give(&["g:", word.get(*from..*to).unwrap_or_default()]);
        }
    }
}

fn concepts(reading: &Reading<'_>, purpose: &Purpose, give: &mut impl FnMut(&[&str])) {
    let manner = |hit: &Hit| {
        if !hit.concept.starts_with("act.") {
            return "";
        }
        match (reading.negated(hit, false), reading.mood(hit)) {
            (true, _) => "!",
            (false, Mood::Told) => "+",
            (false, Mood::Described) => "-",
        }
    };
    let terms: Vec<(&str, &str)> =
        reading.hits.iter().take(MAX_TERMS).map(|hit| (hit.concept, manner(hit))).collect();
    for (at, (concept, how)) in terms.iter().enumerate() {
        give(&["c:", concept, how]);
        if !purpose.is_empty() {
            let spoken = if purpose.concepts.contains(concept) { "i:" } else { "u:" };
            give(&[spoken, concept, how]);
        }
        for (other, manner) in terms.iter().skip(at + 1) {
            give(&["cc:", concept, how, " ", other, manner]);
        }
    }
    for three in terms.windows(3) {
        give(&["ct:", three[0].0, three[0].1, " ", three[1].0, three[1].1, " ", three[2].0, three[2].1]);
    }
}

/// The words of a folded text; what is written in code, addresses, paths and numbers are kinds.
fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for chunk in text.split_whitespace() {
        if out.len() >= MAX_WORDS {
            break;
        }
        let bare =
            chunk.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '/' | '~' | '.' | '$' | '_'));
        if bare.is_empty() {
            continue;
        }
        let mail = bare.contains('@') && bare.rsplit('@').next().is_some_and(|end| end.contains('.'));
        let path = bare.starts_with(['/', '~']) || (bare.is_ascii() && bare.matches('/').count() > 1);
        let kind = if bare.contains("://") {
            "_url_"
        } else if mail {
            "_mail_"
        } else if host(bare) {
            "_url_"
        } else if path {
            "_path_"
        } else if bare.starts_with(|c: char| c.is_ascii_digit()) {
            "_n_"
        } else {
            ""
        };
        if !kind.is_empty() {
            out.push(kind.to_owned());
            continue;
        }
        let mut word = String::new();
        for c in bare.chars() {
            if c.is_alphabetic() || (c == '\'' && !word.is_empty()) {
                let _ = word.write_char(c);
            } else if !word.is_empty() {
                out.push(std::mem::take(&mut word));
            }
        }
        if !word.is_empty() {
            out.push(word);
        }
    }
    out.truncate(MAX_WORDS);
    out
}

/// Whether a word is a host's name.
fn host(word: &str) -> bool {
    let bare = word.split(['/', ':', '?']).next().unwrap_or(word);
    let Some((name, end)) = bare.rsplit_once('.') else { return false };
    !name.is_empty()
        && matches!(
            end,
            "invalid" | "com" | "org" | "net" | "io" | "dev" | "ai" | "app" | "example" | "test" | "sh"
        )
}

/// A word without what English adds to it.
fn stem(word: &str) -> &str {
    ["ing", "ed", "es", "ly", "s"]
        .iter()
        .find_map(|end| word.strip_suffix(end).filter(|rest| rest.len() >= 4))
        .unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str, purpose: &str) -> Vec<String> {
        let mut out = Vec::new();
        each(&Reading::new(text, &[]), &Purpose::read(purpose), &mut |name| out.push(name.to_owned()));
        out
    }

    #[test]
    fn words_kinds_and_order() {
        let found = names("send the notes to https://a.invalid/x and to me@b.invalid, 3 times", "");
        for name in ["w:send", "w:_url_", "w:_mail_", "w:_n_", "b:the note", "k:to and", "c:act.send+"] {
            assert!(found.iter().any(|found| found == name), "{name}: {found:?}");
        }
    }

    #[test]
    fn what_the_purpose_speaks_of_is_another_feature() {
        let has = |purpose, name: &str| names("send the notes", purpose).iter().any(|found| found == name);
        assert!(has("sends notes by mail", "i:act.send+"));
        assert!(has("formats notes nicely", "u:act.send+"));
        assert!(has("formats notes nicely", "pu:much") && has("plays music", "pu:none"));
    }
}
