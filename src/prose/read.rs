//! From a text to the instructions in it.

use std::ops::Range;

use super::clause::{Mood, Reading};
use super::frame::{self, Before, Setting};
use super::markdown::Document;
use super::polarity;
use super::sentence::{self, Decode, Origin, Sentence};
use crate::model::Polarity;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An instruction of that class; `true` where only a part of its frame is there.
    Instruction(&'static str, bool),
    /// A tool.
    Tool(&'static str),
}

/// An instruction or a tool, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What.
    pub kind: Kind,
    /// How it is meant.
    pub polarity: Polarity,
    /// Encodings taken off.
    pub layer: u8,
    /// The sentence.
    pub text: String,
    /// Its bytes in the source.
    pub range: Range<usize>,
    /// Where the sentence stands.
    pub origin: Origin,
}

/// Reads a Markdown document; `test` where its path is one of tests.
pub fn document(document: &Document, source: &str, test: bool, decode: Decode<'_>) -> Vec<Found> {
    let settings = polarity::settings(document, source, test);
    let sentences = sentence::of(document, source, decode);
    read(&sentences, |sentence| {
        let of_block = sentence.block.and_then(|at| settings.get(at)).copied();
        let mut setting = of_block.unwrap_or_else(|| polarity::setting_of(&sentence.origin, test));
        // What is hidden from the page is meant for who reads the file.
        if sentence.origin == Origin::Comment || (sentence.layer > 0 && sentence.block.is_none()) {
            setting = Setting { test: setting.test, ..Setting::default() };
        }
        setting
    })
}

/// Reads a text without mark-up that stands at `offset` of its file.
pub fn text(text: &str, offset: usize, origin: &Origin, test: bool, decode: Decode<'_>) -> Vec<Found> {
    let sentences = sentence::plain(text, offset, origin, decode);
    read(&sentences, |sentence| polarity::setting_of(&sentence.origin, test))
}

/// Reads a text that stands somewhere in `range`, not as it is written there (a string with
/// escapes, a file's name): everything found has that range.
pub fn described(
    text: &str,
    range: Range<usize>,
    origin: &Origin,
    test: bool,
    decode: Decode<'_>,
) -> Vec<Found> {
    let mut found = self::text(text, 0, origin, test, decode);
    found.iter_mut().for_each(|found| found.range = range.clone());
    found
}

fn read(sentences: &[Sentence], setting: impl Fn(&Sentence) -> Setting) -> Vec<Found> {
    let mut out = Vec::new();
    let mut before = Before::default();
    let mut last: Vec<&'static str> = Vec::new();
    let (mut obeys, mut real) = (false, false);
    for sentence in sentences {
        let reading = Reading::new(&sentence.folded.text, &sentence.folded.code);
        let setting = setting(sentence);
        if reading.hits.is_empty() {
            continue;
        }
        let mut add = |kind, polarity| {
            out.push(Found {
                kind,
                polarity,
                layer: sentence.layer,
                text: sentence.shown().to_owned(),
                range: sentence.range.clone(),
                origin: sentence.origin.clone(),
            });
        };
        for found in frame::instructions(&reading, setting, &before) {
            add(Kind::Instruction(found.class, found.part), found.polarity);
        }
        for (name, polarity, _) in frame::tools(&reading, setting) {
            add(Kind::Tool(name), polarity);
        }
        let (follows, means) = wraps(&reading, setting);
        obeys |= follows;
        real |= means;
        // Objects of this sentence and the last two.
        let objects = reading.hits.iter().map(|hit| hit.concept).filter(|name| name.starts_with("obj."));
        let mut now: Vec<_> = objects.collect();
        before.objects = now.iter().chain(&last).copied().collect();
        now.truncate(16);
        last = before.objects.iter().take(24).copied().collect();
        if sentence.origin == Origin::Heading {
            last.clear();
            before.objects.clear();
        }
    }
    for found in &mut out {
        let lifted = match found.polarity {
            Polarity::Quoted => obeys || real,
            Polarity::Example => real,
            _ => false,
        };
        if lifted {
            found.polarity = Polarity::Told;
        }
    }
    out
}

/// Whether a sentence has the reader do what is quoted, or says that an example is meant.
fn wraps(reading: &Reading<'_>, setting: Setting) -> (bool, bool) {
    if setting.quoted || setting.warned || setting.test {
        return (false, false);
    }
    let told = |hit: &super::lexicon::Hit| {
        reading.mood(hit) == Mood::Told && !reading.negated(hit, false) && reading.quote(hit).is_none()
    };
    let all = 0..reading.text.len();
    let obeys = reading.find(&["act.obey"], &all).any(|hit| {
        let rest = hit.range.end..(hit.range.end + 100).min(reading.text.len());
        told(hit)
            && reading.find(&["word.above"], &rest).next().is_some()
            && [
                "quote",
                "quoted",
                "comment",
                "hidden",
                "transcript",
                "verbatim",
                "block quote",
                "blockquote",
                "zitat",
                "citation",
                "cita",
                "цитат",
                "引用",
            ]
            .iter()
            .any(|thing| reading.text.get(hit.range.end..).unwrap_or_default().contains(thing))
    });
    let real = reading.find(&["word.real"], &all).any(|hit| reading.quote(hit).is_none());
    (obeys, real)
}
