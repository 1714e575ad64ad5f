//! The lexicon: words and places that mean something, in `rules/prose/`, and where a text holds
//! them. One pass of an automaton finds all words of all languages.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;
use toml::{Table, Value};
use unicode_script::{Script, UnicodeScript};

/// What a term stands for: `act.send`, `obj.private`, `word.neg`. See `rules/prose/`.
pub type Concept = &'static str;

/// A term in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// What it stands for.
    pub concept: Concept,
    /// Where it stands in the folded text.
    pub range: Range<usize>,
    /// Whether it is an English verb in its base form.
    pub base: bool,
    /// Whether the term is English.
    pub english: bool,
}

#[derive(Debug)]
struct Term {
    concept: Concept,
    language: u8,
    base: bool,
    /// Anything may follow.
    open: bool,
    /// Anything may stand before.
    floating: bool,
    /// What must follow within [`GAP`]: `out` of `leave * out`, and whether it may go on.
    tail: Option<(String, bool)>,
}

/// Bytes between the parts of a term in two parts, at most.
const GAP: usize = 80;

/// All terms, compiled.
#[derive(Debug)]
pub struct Lexicon {
    terms: Vec<Term>,
    automaton: AhoCorasick,
    places: Vec<(Concept, Regex)>,
    /// Function words of languages in Latin letters, each with the languages that have it.
    function: BTreeMap<&'static str, u32>,
    /// English terms, sorted.
    english: Vec<String>,
}

/// Languages in Latin letters first; their order is that of the bits.
const LANGUAGES: [&str; 19] = [
    "en", "de", "fr", "es", "pt", "it", "tr", "nl", "pl", "cs", "vi", "id", "ru", "uk", "zh", "ja", "ko",
    "ar", "hi",
];
const LATIN: usize = 12;

const FILES: [&str; 3] = [
    include_str!("../../rules/prose/acts.toml"),
    include_str!("../../rules/prose/words.toml"),
    include_str!("../../rules/prose/languages.toml"),
];
const PLACES: &str = include_str!("../../rules/prose/places.toml");

static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::load);

/// The files' tables; a test parses them, so that this cannot fail in a program that was tested.
fn tables() -> &'static [Table] {
    static TABLES: LazyLock<Vec<Table>> =
        LazyLock::new(|| FILES.iter().map(|text| text.parse().expect("lexicon is TOML")).collect());
    &TABLES
}

/// The entries of `places.toml`.
fn places() -> impl Iterator<Item = &'static Value> {
    static TABLE: LazyLock<Table> = LazyLock::new(|| PLACES.parse().expect("places are TOML"));
    TABLE.get("place").and_then(Value::as_array).into_iter().flatten()
}

impl Lexicon {
    /// The built-in one.
    pub fn get() -> &'static Self {
        &LEXICON
    }

    fn load() -> Self {
        let mut terms = Vec::new();
        let mut patterns: Vec<String> = Vec::new();
        let mut function: BTreeMap<&'static str, u32> = BTreeMap::new();
        for (group, concepts) in tables().iter().flatten() {
            for (name, languages) in concepts.as_table().into_iter().flatten() {
                let Some(concept) = concept(group, name) else { continue };
                for (language, list) in languages.as_table().into_iter().flatten() {
                    let (language, other) = match language.strip_suffix("-other") {
                        Some(language) => (language, true),
                        None => (language.as_str(), false),
                    };
                    let Some(bit) = LANGUAGES.iter().position(|known| *known == language) else { continue };
                    let list = list.as_str().unwrap_or_default().split(',').map(str::trim);
                    for term in list.filter(|term| !term.is_empty()) {
                        if group == "lang" {
                            *function.entry(term).or_default() |= 1 << bit;
                            continue;
                        }
                        let english = language == "en";
                        let verb = english && group == "act" && !other;
                        let floating = term.starts_with('*') || !spaced(term);
                        let bare = term.trim_start_matches('*');
                        let (head, rest) = bare.split_once('*').unwrap_or((bare, ""));
                        let stem = head.trim_end();
                        if stem.is_empty() {
                            continue;
                        }
                        // `leave * out`: whole words; `secret* key`: the first may go on.
                        let whole = head.len() > stem.len();
                        let open =
                            (stem.len() < bare.len() && !whole) || !spaced(term) || stem.ends_with('\'');
                        let end = rest.trim_start_matches(['*', ' ']).trim_end();
                        let tail = (!end.is_empty() && spaced(term))
                            .then(|| (end.trim_end_matches('*').to_owned(), end.ends_with('*')));
                        let mut add = |text: String, base: bool| {
                            let tail = tail.clone();
                            patterns.push(text);
                            terms.push(Term { concept, language: bit as u8, base, open, floating, tail });
                        };
                        add(stem.to_owned(), verb);
                        if verb {
                            inflected(stem).into_iter().for_each(|form| add(form, false));
                        } else if english
                            && group != "act"
                            && stem.ends_with(|c: char| c.is_ascii_alphabetic())
                            && !stem.ends_with('s')
                        {
                            add(format!("{stem}s"), false);
                        }
                    }
                }
            }
        }
        let automaton = AhoCorasick::new(&patterns).expect("the lexicon is small");
        let places = places()
            .filter_map(|place| {
                let name = place.get("concept")?.as_str()?;
                let (group, inner) = name.split_once('.')?;
                let regex = Regex::new(place.get("regex")?.as_str()?).expect("places are expressions");
                Some((concept(group, inner)?, regex))
            })
            .collect();
        let of_english = patterns.iter().zip(&terms).filter(|(_, term)| term.language == 0);
        let mut english: Vec<String> = of_english.map(|(text, _)| text.clone()).collect();
        english.sort();
        english.dedup();
        Self { terms, automaton, places, function, english }
    }

    /// Whether a single English word is a term.
    pub fn is_word(&self, word: &str) -> bool {
        self.english.binary_search_by(|known| known.as_str().cmp(word)).is_ok()
    }

    /// The terms of a folded text, by place; `code` are ranges in which verbs are names.
    pub fn hits(&self, text: &str, code: &[Range<usize>]) -> Vec<Hit> {
        let languages = self.languages(text);
        let mut hits = Vec::new();
        for (concept, regex) in &self.places {
            hits.extend(regex.find_iter(text).filter(|found| !found.is_empty()).map(|found| Hit {
                concept,
                range: found.start()
                    ..found.start() + found.as_str().trim_end_matches(['.', ',', ';', ':', '!', '?']).len(),
                base: false,
                english: true,
            }));
        }
        // A parameter's name is a word as well.
        let placed: Vec<Range<usize>> =
            hits.iter().filter(|hit| hit.concept != "word.arg").map(|hit| hit.range.clone()).collect();
        let inside = |ranges: &[Range<usize>], hit: &Range<usize>| {
            ranges.iter().any(|range| range.start <= hit.start && hit.end <= range.end)
        };
        for found in self.automaton.find_overlapping_iter(text) {
            let Some(term) = self.terms.get(found.pattern().as_usize()) else { continue };
            let range = found.range();
            let before = text.get(..range.start).and_then(|text| text.chars().next_back());
            let after = text.get(range.end..).and_then(|text| text.chars().next());
            let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            // `cron` is no word of `cron-parser`.
            let joined = !term.open
                && after == Some('-')
                && word(text.get(range.end + 1..).and_then(|text| text.chars().next()));
            let fits = !joined
                && term.tail.as_ref().is_none_or(|(end, open)| follows(text, range.end, end, *open))
                && 1 << term.language & languages != 0
                && (term.floating || !word(before))
                && (term.open || !word(after));
            let verb = term.concept.starts_with("act.");
            if fits && !inside(&placed, &range) && !(verb && term.language == 0 && inside(code, &range)) {
                hits.push(Hit { concept: term.concept, range, base: term.base, english: term.language == 0 });
            }
        }
        hits.sort_by(|a, b| {
            (a.range.start, b.range.end, a.concept).cmp(&(b.range.start, a.range.end, b.concept))
        });
        shadowed(hits, text)
    }

    /// Bits of the languages that a text may be in.
    fn languages(&self, text: &str) -> u32 {
        let mut scores = [0u32; LATIN];
        for word in text.split(|c: char| !c.is_alphanumeric() && c != '\'') {
            let known = self.function.get(word).copied().unwrap_or(0);
            for (bit, score) in scores.iter_mut().enumerate() {
                *score += known >> bit & 1;
            }
        }
        let best = scores.iter().copied().max().unwrap_or(0);
        let mut mask = !0u32 << LATIN | 1;
        for (bit, score) in scores.iter().enumerate() {
            if *score > 0 && score * 2 >= best && *score >= scores[0] {
                mask |= 1 << bit;
            }
        }
        mask
    }
}

/// Whether a second part stands soon after `from`, in the same sentence.
fn follows(text: &str, from: usize, end: &str, open: bool) -> bool {
    let to = (from + GAP).min(text.len());
    let to = (to..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
    let near = text.get(from..to).unwrap_or_default();
    let near = near.split([';', '!', '?']).next().unwrap_or(near);
    let near = near.split(". ").next().unwrap_or(near);
    near.match_indices(end).any(|(at, _)| {
        let before = near.get(..at).and_then(|text| text.chars().next_back());
        let after = near.get(at + end.len()..).and_then(|text| text.chars().next());
        let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !word(before) && (open || !word(after))
    })
}

/// Drops terms that stand within longer ones: `prompt` in `system prompt`.
fn shadowed(hits: Vec<Hit>, text: &str) -> Vec<Hit> {
    let mut out: Vec<Hit> = Vec::with_capacity(hits.len());
    for hit in hits {
        // Longer ones that start before it come first; few are open at once.
        let within = out.iter().rev().take(24).any(|longer| {
            let strictly = longer.range.len() > hit.range.len();
            let inside = longer.range.start <= hit.range.start && hit.range.end <= longer.range.end;
            let names = !hit.concept.starts_with("word.") && !longer.concept.starts_with("word.");
            let covert = longer.concept == "word.covert"
                && hit.concept.starts_with("act.")
                && hit.concept != "act.tell"
                && hit.concept != "act.ask";
            // Stems of two verbs, and an address that is of a kind, are both meant.
            let one_word = text.get(longer.range.clone()).is_some_and(|term| !term.contains(' '));
            let verbs = longer.concept.starts_with("act.")
                && hit.concept.starts_with("act.")
                && longer.range.start == hit.range.start
                && one_word;
            let places = longer.concept == "dest.url";
            inside && strictly && !verbs && !places && (names || covert || longer.concept == hit.concept)
        });
        if !within && out.last() != Some(&hit) {
            out.push(hit);
        }
    }
    out
}

/// The name of a concept, kept once.
fn concept(group: &str, name: &str) -> Option<Concept> {
    static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let of_tables = tables().iter().flatten().flat_map(|(group, concepts)| {
            concepts.as_table().into_iter().flatten().map(move |(name, _)| format!("{group}.{name}"))
        });
        let of_places = places().filter_map(|place| place.get("concept")?.as_str()).map(str::to_owned);
        let mut names: Vec<String> = of_tables.chain(of_places).collect();
        names.sort();
        names.dedup();
        names
    });
    let full = format!("{group}.{name}");
    NAMES.binary_search(&full).ok().and_then(|at| NAMES.get(at)).map(String::as_str)
}

/// The concept of that name, if it is one.
pub fn known(name: &str) -> Option<Concept> {
    let (group, name) = name.split_once('.')?;
    concept(group, name)
}

/// Whether a term's script puts spaces between words.
fn spaced(term: &str) -> bool {
    !term.chars().any(|c| {
        matches!(
            c.script(),
            Script::Han | Script::Hiragana | Script::Katakana | Script::Hangul | Script::Arabic
        )
    })
}

/// Regular inflections of an English verb, of which the first word changes.
fn inflected(base: &str) -> Vec<String> {
    let (verb, rest) = match base.split_once(' ') {
        Some((verb, rest)) => (verb, format!(" {rest}")),
        None => (base, String::new()),
    };
    let Some(last) = verb.chars().next_back().filter(char::is_ascii_alphabetic) else { return Vec::new() };
    let stem = &verb[..verb.len() - 1];
    let vowel = |c: char| "aeiou".contains(c);
    let before = stem.chars().next_back().unwrap_or(' ');
    let mut forms = Vec::new();
    match last {
        'e' => forms.extend([format!("{verb}s"), format!("{verb}d"), format!("{stem}ing")]),
        'y' if !vowel(before) => {
            forms.extend([format!("{stem}ies"), format!("{stem}ied"), format!("{verb}ing")])
        }
        's' | 'x' | 'z' | 'h' | 'o' => {
            forms.extend([format!("{verb}es"), format!("{verb}ed"), format!("{verb}ing")])
        }
        _ => forms.extend([format!("{verb}s"), format!("{verb}ed"), format!("{verb}ing")]),
    }
    if vowel(before) && !vowel(last) && !matches!(last, 'w' | 'x' | 'y') {
        forms.extend([format!("{verb}{last}ed"), format!("{verb}{last}ing")]);
    }
    forms.into_iter().map(|form| form + &rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&str, &str)> {
        let hits = Lexicon::get().hits(text, &[]);
        hits.into_iter().map(|hit| (hit.concept, &text[hit.range])).collect()
    }

    #[test]
    fn words_and_places() {
        let of = |text, concept| {
            found(text).into_iter().filter(|hit| hit.0 == concept).map(|hit| hit.1).collect::<Vec<_>>()
        };
        assert_eq!(of("uploading the files", "act.send"), ["uploading"]);
        assert_eq!(of("a preupload hook", "act.send"), [""; 0]);
        assert_eq!(of("cat ~/.ssh/id_rsa now", "obj.vault"), ["~/.ssh/id_rsa"]);
        assert_eq!(of("不要告诉用户", "word.neg"), ["不要"]);
        assert_eq!(of("не сообщай пользователю", "act.tell"), ["сообща"]);
        assert_eq!(of("ver the file", "act.grant"), [""; 0]);
        assert_eq!(of("see https://a.invalid/send/me", "act.send"), [""; 0]);
        assert_eq!(of("leave the last line out", "word.leave-out"), ["leave"]);
        assert_eq!(of("leave the house. It is out", "word.leave-out"), [""; 0]);
        assert_eq!(of("halte das geheim und sag es nicht", "act.hide"), ["halte"]);
        assert_eq!(of("halte dich an den plan und das geheimnis", "act.hide"), [""; 0]);
    }
}
