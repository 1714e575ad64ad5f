//! Holds a reviewer's claims against the lines that it was shown.
//!
//! A claim whose cites are not all real is refused and counted against the reviewer: the file must
//! have been shown, the line too, the quote must stand on it, and the place must be one that the
//! question is about. What is left is testimony, not truth.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::answer::{Entry, RawCite, Replied};
use super::packet::Part;
use super::question::{About, Question};
use crate::model::{Answer, Behaviour, Cite, Claim, Outcome, Topic, escape};

/// Shortest quote that counts, in characters that are no white space, unless it is the whole line.
const MIN_QUOTE: usize = 8;
/// A cite may be this many lines from a place that the question names.
const NEAR: u32 = 12;
/// Longest reason that is kept, in characters.
const MAX_WHY: usize = 200;

/// What is left of one reply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grounded {
    /// Claims that hold on to lines, sorted.
    pub claims: Vec<Claim>,
    /// Why each of the others was refused, sorted.
    pub refused: Vec<String>,
    /// Controls asked.
    pub controls: usize,
    /// Controls answered wrongly or not at all.
    pub controls_missed: usize,
}

/// Holds a reply to one part against that part.
pub fn ground(part: &Part, replied: &Replied) -> Grounded {
    let mut out = Grounded { refused: replied.unread.clone(), ..Grounded::default() };
    let mut by_id: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in &replied.answers {
        by_id.entry(&entry.key).or_default().push(entry);
    }
    for (number, question) in part.questions.iter().enumerate() {
        let id = format!("Q{}", number + 1);
        let entry = match by_id.remove(id.as_str()).as_deref() {
            Some([entry]) => Some(*entry),
            Some(_) => {
                out.refused.push(format!("{id}: answered more than once"));
                None
            }
            None => None,
        };
        if let About::Control { yes } = question.about {
            out.controls += 1;
            let right = if yes { Answer::Yes } else { Answer::No };
            out.controls_missed += usize::from(entry.and_then(|entry| entry.answer) != Some(right));
            continue;
        }
        let Some(entry) = entry else { continue };
        match claim(part, question, entry) {
            Ok(claim) => out.claims.extend(claim),
            Err(why) => out.refused.push(format!("{id}: {why}")),
        }
    }
    for id in by_id.keys() {
        out.refused.push(format!("`{}` was not asked", short(id)));
    }
    for entry in &replied.behaviours {
        let claim = Behaviour::parse(&entry.key)
            .ok_or_else(|| format!("`{}` is no sort of behaviour", short(&entry.key)))
            .and_then(|sort| {
                let cites = cites(part, &entry.cites)?;
                Ok(Claim { topic: Topic::Behaviour { sort }, why: reason(&entry.why), cites })
            });
        match claim {
            Ok(claim) => out.claims.push(claim),
            Err(why) => out.refused.push(format!("behaviour: {why}")),
        }
    }
    out.claims.sort();
    out.claims.dedup();
    out.refused.sort();
    out
}

/// The claim of one answer; none for `unsure`, which claims nothing.
fn claim(part: &Part, question: &Question, entry: &Entry) -> Result<Option<Claim>, String> {
    let answer = entry.answer.unwrap_or(Answer::Unsure);
    if answer == Answer::Unsure {
        return Ok(None);
    }
    let cites = cites(part, &entry.cites)?;
    let near = |cite: &Cite| {
        question
            .places
            .iter()
            .any(|span| *span.file == *cite.file && (span.line == 0 || span.line.abs_diff(cite.line) <= NEAR))
    };
    if !question.places.is_empty() && !cites.iter().any(near) {
        return Err("cites no line that the question is about".to_owned());
    }
    let topic = match question.about {
        About::Purpose => Topic::Purpose { matches: answer },
        About::Capability(capability) => Topic::Capability { capability, needed: answer },
        About::Open => Topic::Question { question: question.id.clone(), harmless: answer },
        About::Control { .. } => return Ok(None),
    };
    Ok(Some(Claim { topic, why: reason(&entry.why), cites }))
}

/// All cites of an entry, checked; one that is false makes the whole entry worthless.
fn cites(part: &Part, raw: &[RawCite]) -> Result<Vec<Cite>, String> {
    if raw.is_empty() {
        return Err("cites nothing".to_owned());
    }
    let mut out: Vec<Cite> = raw.iter().map(|cite| one(part, cite)).collect::<Result<_, _>>()?;
    out.sort();
    out.dedup();
    Ok(out)
}

fn one(part: &Part, cite: &RawCite) -> Result<Cite, String> {
    let number = cite.file.strip_prefix('F').and_then(|number| number.parse::<usize>().ok());
    let shown = match number {
        Some(number) => number.checked_sub(1).and_then(|at| part.shown.get(at)),
        None => part.shown.iter().find(|shown| *shown.path == *cite.file),
    };
    let shown = shown.ok_or_else(|| format!("`{}` was not shown", short(&cite.file)))?;
    let line = shown
        .lines
        .binary_search_by_key(&cite.line, |(at, _)| *at)
        .map(|at| &shown.lines[at].1)
        .map_err(|_| format!("line {} of {} was not shown", cite.line, short(&cite.file)))?;
    let (line, quote) = (squeeze(line), squeeze(&cite.quote));
    let size = quote.chars().filter(|c| !c.is_whitespace()).count();
    if size == 0 || !line.contains(&quote) {
        return Err(format!("line {} of {} does not say what is quoted", cite.line, short(&cite.file)));
    }
    if size < MIN_QUOTE && quote != line {
        return Err(format!("quotes too little of line {} of {}", cite.line, short(&cite.file)));
    }
    Ok(Cite { file: Arc::clone(&shown.path), line: cite.line, quote })
}

/// White space as one space: models copy it badly, and it means little.
fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn short(text: &str) -> String {
    escape(&text.chars().take(40).collect::<String>())
}

fn reason(text: &str) -> String {
    escape(&text.chars().take(MAX_WHY).collect::<String>())
}

/// What the claims of all parts come to. `asked` are the questions that the packet shows, and
/// `complete` whether it showed every line that was chosen and every reply came.
///
/// Clear needs an answer to each question in each part that asks it, nothing against the package,
/// every control right.
pub fn outcome(parts: &[Part], grounded: &[Grounded], complete: bool) -> Outcome {
    if grounded.iter().flat_map(|one| &one.claims).any(Claim::is_against) {
        return Outcome::Concern;
    }
    let answered = |part: &Part, grounded: &Grounded| {
        let keys: BTreeSet<String> = grounded.claims.iter().map(|claim| key(&claim.topic)).collect();
        let asked = part.questions.iter().filter(|question| !matches!(question.about, About::Control { .. }));
        grounded.controls_missed == 0 && asked.into_iter().all(|question| keys.contains(&question.id))
    };
    let all = parts.len() == grounded.len()
        && !parts.is_empty()
        && parts.iter().zip(grounded).all(|(part, grounded)| answered(part, grounded));
    if complete && all { Outcome::Clear } else { Outcome::Unsure }
}

/// The id of the question that a topic answers.
fn key(topic: &Topic) -> String {
    match topic {
        Topic::Purpose { .. } => "purpose".to_owned(),
        Topic::Capability { capability, .. } => format!("capability {capability}"),
        Topic::Question { question, .. } => question.clone(),
        Topic::Behaviour { .. } => String::new(),
    }
}
