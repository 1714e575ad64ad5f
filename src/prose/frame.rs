//! Frames: what a sentence must hold to be an instruction of a class, and the tools that it
//! calls for.

use std::ops::Range;
use std::sync::LazyLock;

use toml::{Table, Value};

use super::clause::{Mood, Reading};
use super::lexicon::{Concept, Hit, known};
use crate::model::Polarity;

/// Bytes between an act and its object, at most.
const NEAR: usize = 100;

/// A frame of `rules/prose/frames.toml`.
#[derive(Debug)]
struct Frame {
    class: &'static str,
    act: Vec<Concept>,
    direct: Vec<Concept>,
    with: Vec<Vec<Concept>>,
    weak: Vec<Concept>,
    never: Vec<Concept>,
    part: bool,
    negated: bool,
    any_mood: bool,
    carry: bool,
    ordered: bool,
    /// Only in what a tool says of itself and its parameters.
    described: bool,
    /// One of these must stand in the sentences right before.
    before: Vec<Concept>,
}

static FILE: LazyLock<Table> =
    LazyLock::new(|| include_str!("../../rules/prose/frames.toml").parse().expect("frames are TOML"));

static FRAMES: LazyLock<Vec<Frame>> = LazyLock::new(|| {
    let list = |value: Option<&'static Value>| -> Vec<Concept> {
        let names = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        names.map(|name| known(name).unwrap_or_else(|| panic!("`{name}` is no concept"))).collect()
    };
    let frames = FILE.get("frame").and_then(Value::as_array).into_iter().flatten();
    let read = |frame: &'static Value| {
        let flag = |key: &str| frame.get(key).and_then(Value::as_bool).unwrap_or(false);
        let with = frame.get("with").and_then(Value::as_array).into_iter().flatten();
        Frame {
            class: frame.get("class").and_then(Value::as_str).unwrap_or_default(),
            act: list(frame.get("act")),
            direct: list(frame.get("direct")),
            with: with.map(|group| list(Some(group))).collect(),
            weak: list(frame.get("weak")),
            never: list(frame.get("never")),
            part: flag("part"),
            negated: flag("negated"),
            any_mood: frame.get("mood").and_then(Value::as_str) == Some("any"),
            carry: flag("carry"),
            ordered: flag("ordered"),
            described: flag("described"),
            before: list(frame.get("before")),
        }
    };
    frames.map(read).collect()
});

/// An instruction that a sentence holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instruction {
    /// Its class: `hide`, `exfiltrate`….
    pub class: &'static str,
    /// Whether only a part of the frame is there.
    pub part: bool,
    /// How it is meant, by the sentence alone.
    pub polarity: Polarity,
    /// The act, as bytes of the folded text.
    pub act: (usize, usize),
}

/// What earlier sentences spoke of, for "it" and "them".
#[derive(Debug, Default, Clone)]
pub struct Before {
    /// Concepts of objects, of the last sentences.
    pub objects: Vec<Concept>,
}

/// What the structure says of all acts of a sentence.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// It stands in a quotation.
    pub quoted: bool,
    /// The list's or the table's lead, or the heading, warns.
    pub warned: bool,
    /// The list's lead forbids.
    pub negated: bool,
    /// The lead or the heading says that it is an example.
    pub example: bool,
    /// It is data of a test.
    pub test: bool,
    /// The lead or the heading says that code shows what comes out.
    pub shown: bool,
    /// It is quoted by its place alone (front matter and descriptions are not).
    pub whole: bool,
    /// Hidden from the page, but within what is quoted: whether it is meant is not told.
    pub unsure: bool,
}

/// The instructions of a sentence, one for each class and meaning, strongest first.
pub fn instructions(reading: &Reading<'_>, setting: Setting, before: &Before) -> Vec<Instruction> {
    let mut out: Vec<Instruction> = Vec::new();
    for frame in FRAMES.iter() {
        for hit in reading.hits.iter().filter(|hit| frame.act.contains(&hit.concept)) {
            out.extend(one(frame, hit, reading, setting, before));
        }
    }
    out.sort_by_key(|found| (found.class, found.polarity, found.part, found.act));
    out.dedup_by_key(|found| (found.class, found.polarity));
    // A part beside the whole says nothing more.
    let whole: Vec<_> = out.iter().filter(|f| !f.part).map(|f| f.class).collect();
    out.retain(|found| !found.part || !whole.contains(&found.class));
    out
}

fn one(
    frame: &Frame,
    hit: &Hit,
    reading: &Reading<'_>,
    setting: Setting,
    before: &Before,
) -> Option<Instruction> {
    let segment = reading.segment(hit);
    let negated = reading.negated(hit, frame.negated) || setting.negated;
    if frame.described && !setting.whole {
        return None;
    }
    if !frame.before.is_empty() && !frame.before.iter().any(|concept| before.objects.contains(concept)) {
        return None;
    }
    if frame.negated && (!negated || (hit.concept == "act.tell" && reading.directs(hit))) {
        return None;
    }
    let rest = if frame.negated { hit.range.end..segment.end } else { segment.clone() };
    let never = |other: &Hit| {
        other.range != hit.range && !(other.concept == "word.until" && other.range.start < hit.range.end)
    };
    if reading.find(&frame.never, &rest).any(never) {
        return None;
    }
    let mood = reading.mood(hit);
    let direct = frame.direct.is_empty()
        || object(frame, hit, reading, &segment)
        || (frame.carry
            && (before.objects.iter().any(|object| frame.direct.contains(object))
                || reading.any(&frame.direct, &(segment.start..hit.range.start)))
            && refers(hit, reading, &segment));
    let follows = |group: &[Concept]| {
        let from = match (frame.ordered, frame.negated) {
            (true, _) => hit.range.end..reading.text.len(),
            // What is not to be told stands in the same part of the sentence.
            (_, true) => segment.clone(),
            _ => 0..reading.text.len(),
        };
        let trivial = group.contains(&hit.concept);
        trivial
            || reading.find(group, &from).any(|other| other.range != hit.range && near(hit, other, 3 * NEAR))
    };
    let with = frame.with.iter().filter(|group| follows(group)).count();
    let full = direct && with == frame.with.len();
    let some = match frame.direct.is_empty() {
        true => frame.with.first().is_some_and(|group| follows(group)),
        false => direct,
    };
    let enough = full || (frame.part && some);
    if !enough {
        return None;
    }
    let described = mood == Mood::Described && !frame.any_mood && !(frame.negated && reading.without(hit));
    if described && !full {
        return None;
    }
    let part = !full || described || reading.any(&frame.weak, &segment);
    let polarity = polarity(frame.negated, negated, mood, hit, reading, setting);
    Some(Instruction { class: frame.class, part, polarity, act: (hit.range.start, hit.range.end) })
}

fn near(hit: &Hit, other: &Hit, most: usize) -> bool {
    other.range.start.saturating_sub(hit.range.end) <= most
        && hit.range.start.saturating_sub(other.range.end) <= most
}

/// Whether an object stands where the act's is: in English after it and before the next act, or
/// before a passive; elsewhere in the same part of the sentence.
fn object(frame: &Frame, hit: &Hit, reading: &Reading<'_>, segment: &Range<usize>) -> bool {
    let mut found = reading
        .find(&frame.direct, segment)
        .filter(|other| other.range != hit.range && near(hit, other, NEAR));
    if !hit.english {
        return found.next().is_some();
    }
    let limit = reading
        .hits
        .iter()
        .filter(|next| {
            next.concept.starts_with("act.")
                && next.base
                && next.range.start > hit.range.end
                && !frame.act.contains(&next.concept)
        })
        .filter(|next| {
            // "read and send the key": both have the object.
            let gap = reading.text.get(hit.range.end..next.range.start).unwrap_or_default();
            let shared = gap.trim().trim_matches(',').trim();
            !matches!(shared, "and" | "or" | "" | "then" | "and then") && reading.mood(next) == Mood::Told
        })
        .map(|next| next.range.start)
        .min()
        .unwrap_or(segment.end);
    // "including", "that was found": described acts may follow their object.
    let after = |other: &Hit| other.range.start >= hit.range.end && other.range.start < limit;
    let before = |other: &Hit| other.range.end <= hit.range.start && !hit.base;
    let verb = hit.concept.starts_with("act.");
    found.any(|other| after(other) || before(other) || !verb)
}

/// Whether the act's object is a pronoun.
fn refers(hit: &Hit, reading: &Reading<'_>, segment: &Range<usize>) -> bool {
    let after = if hit.english { hit.range.end..segment.end } else { segment.clone() };
    reading.find(&["word.pronoun"], &after).any(|other| near(hit, other, 40))
}

fn polarity(
    frame_negated: bool,
    negated: bool,
    mood: Mood,
    hit: &Hit,
    reading: &Reading<'_>,
    setting: Setting,
) -> Polarity {
    // A line that is to be written where agents remember is not somebody's words.
    let kept = |quote: &Range<usize>| {
        let from = quote.start.saturating_sub(60);
        let from = (from..=quote.start).find(|&at| reading.text.is_char_boundary(at)).unwrap_or(quote.start);
        let near = from..quote.start;
        reading.find(&["obj.memory"], &(0..quote.start)).any(|place| reading.quote(place).is_none())
            || reading.any(&["act.remember"], &near)
            || (setting.whole && reading.any(&["act.write"], &near))
    };
    let own = |quote: &Range<usize>| setting.whole && quote.len() * 10 > reading.text.len() * 8;
    let quote = reading.quote(hit).filter(|quote| !kept(quote) && !own(quote));
    // An order that says where and with what is one under whatever heading.
    let concrete = mood == Mood::Told
        && reading.any(&["word.oblige"], &(0..reading.text.len()))
        && reading.any(&["dest.url", "dest.shady", "dest.mail", "obj.wallet"], &(0..reading.text.len()));
    if setting.test {
        Polarity::TestData
    } else if let Some(quote) = quote {
        if reading.is_utterance(quote) { Polarity::Example } else { Polarity::Quoted }
    } else if setting.quoted {
        Polarity::Quoted
    } else if negated && !frame_negated {
        Polarity::Negated
    } else if reading.warned(hit, mood) || (setting.warned && !concrete) {
        Polarity::Warned
    } else if reading.example(hit) || (setting.example && !concrete) {
        Polarity::Example
    } else {
        Polarity::Told
    }
}

/// Tools by act and object; the first that fits is it.
const TOOLS: &[(&[&str], &[&str], &str)] = &[
    (&["act.send"], &["obj.mail", "dest.mail"], "mail.send"),
    (&["act.delete"], &["obj.mail"], "mail.delete"),
    (&["act.read", "act.fetch"], &["obj.mail"], "mail.read"),
    (&["act.write", "act.add", "act.change", "act.delete"], &["obj.calendar"], "calendar.write"),
    (&["act.read", "act.fetch"], &["obj.calendar"], "calendar.read"),
    (&["act.send", "act.tell"], &["obj.message"], "message.send"),
    (&["act.send"], &["dest.url", "dest.shady", "dest.remote"], "http.post"),
    (&["act.pay", "act.send"], &["obj.money", "obj.wallet"], "money.pay"),
    (&["act.write", "act.add", "act.remember", "act.change"], &["obj.memory"], "memory.write"),
    (&["act.write", "act.add", "act.install"], &["obj.startup"], "startup.write"),
    (&["act.read", "act.gather"], &["obj.private", "obj.vault", "obj.env"], "credentials.read"),
    // "Go to the page with your tokens" opens a page.
    (&["act.fetch"], &["obj.vault"], "credentials.read"),
    // What is copied somewhere is read first.
    (&["act.write", "act.add"], &["obj.vault"], "credentials.read"),
    (&["act.spawn", "act.write"], &["obj.agent"], "agent.spawn"),
    (&["act.fetch", "act.download", "act.read", "act.run"], &["dest.url", "dest.shady"], "web.fetch"),
    (&["act.fetch", "act.run"], &["obj.browser"], "browser.open"),
    (&["act.write", "act.add", "act.change", "act.delete"], &["obj.database"], "db.write"),
    (&["act.install"], &["obj.program", "obj.archive"], "package.install"),
    (&["act.download"], &["obj.installable", "obj.archive"], "package.install"),
    (&["act.run"], &["dest.terminal", "obj.program"], "shell.run"),
    (&["act.delete"], &["obj.file", "obj.broad"], "file.delete"),
    (&["act.write", "act.add", "act.change"], &["obj.file"], "file.write"),
    (&["act.read", "act.fetch"], &["obj.file"], "file.read"),
];

/// The tools that a sentence calls for: name, how it is meant, and the act.
pub fn tools(reading: &Reading<'_>, setting: Setting) -> Vec<(&'static str, Polarity, (usize, usize))> {
    let mut out = Vec::new();
    for hit in reading.hits.iter().filter(|hit| hit.concept.starts_with("act.")) {
        let mood = reading.mood(hit);
        if mood == Mood::Described {
            continue;
        }
        let segment = reading.segment(hit);
        let rest = if hit.english { hit.range.end..segment.end } else { segment };
        let fits = |objects: &[&str]| {
            reading.hits.iter().any(|other| {
                objects.contains(&other.concept)
                    && rest.start <= other.range.start
                    && other.range.end <= rest.end
                    && near(hit, other, 80)
            })
        };
        let found = TOOLS.iter().find(|(acts, objects, _)| acts.contains(&hit.concept) && fits(objects));
        if let Some((_, _, name)) = found {
            let polarity =
                polarity(false, reading.negated(hit, false) || setting.negated, mood, hit, reading, setting);
            out.push((*name, polarity, (hit.range.start, hit.range.end)));
        }
    }
    out.sort();
    out.dedup_by_key(|found| (found.0, found.1));
    out
}
