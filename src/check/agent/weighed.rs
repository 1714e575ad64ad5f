//! Sentences that no rule knows and that read like harmful orders.

use std::borrow::Cow;

use crate::check::{Check, Subject};
use crate::model::{AgentKind, Ecosystem, FactKind, Finding, Polarity, Span, escape};
use crate::prose::weigh::{self, Purpose};

use super::permissions;

/// What weighs so much that somebody has to read it.
#[derive(Debug)]
pub struct Weighed;

/// Sentences that one finding names.
const MAX_PLACES: usize = 5;

/// Above which a sentence of a program counts: most of what a server's code says is said to nobody.
const OF_PROGRAM: f32 = -0.5;

/// Characters that are shown of what was weighed.
const SHOWN: usize = 240;

/// Words that are shown as what weighed.
const WORDS: usize = 4;

impl Check for Weighed {
    fn rules(&self) -> &'static [&'static str] {
        &["agent/reads-harmful"]
    }

    fn run(&self, subject: &Subject<'_>, out: &mut Vec<Finding>) {
        let said = subject
            .facts
            .iter()
            .filter(|fact| fact.kind == FactKind::Instruction && fact.name == weigh::FACT)
            .filter(|fact| fact.context.polarity == Polarity::Told && !fact.context.test);
        let mut said = said.peekable();
        if said.peek().is_none() {
            return;
        }
        // The instructions of a project are for all that it is.
        let purpose = match subject.package.agent {
            Some(AgentKind::Instructions | AgentKind::Settings) | None => String::new(),
            _ => permissions(subject.facts).purpose,
        };
        let limit = match subject.package.ecosystem {
            Ecosystem::Agent => weigh::LIMIT,
            _ => OF_PROGRAM,
        };
        let purpose = Purpose::of(&purpose);
        let mut found: Vec<(f32, &str, &Span)> = said
            .map(|fact| (weigh::score(&fact.value, &purpose), fact.value.as_str(), &fact.span))
            .filter(|(score, ..)| *score > limit)
            .collect();
        // Of those that were weighed together with one and the same neighbour, the heaviest.
        found.sort_by(|a, b| a.2.cmp(b.2).then_with(|| b.0.total_cmp(&a.0)));
        let mut apart: Vec<(f32, &str, &Span)> = Vec::new();
        for one in found {
            match apart.last_mut().filter(|last| last.2.file == one.2.file && one.2.start < last.2.end) {
                Some(last) if last.0 < one.0 => *last = one,
                Some(_) => {}
                None => apart.push(one),
            }
        }
        let mut found = apart;
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.2.cmp(b.2)));
        let Some((_, text, _)) = found.first() else { return };
        let words: Vec<String> =
            weigh::reasons(text, &purpose, WORDS).iter().map(|word| format!("`{}`", escape(word))).collect();
        let more = match found.len() {
            1 => String::new(),
            2 => " (and one more)".to_owned(),
            more => format!(" (and {} more)", more - 1),
        };
        let message = format!(
            "reads like what harmful texts tell agents, by {}{more}: {}",
            if words.is_empty() { "its form".to_owned() } else { words.join(", ") },
            escape(&start(text)),
        );
        let mut spans: Vec<Span> = found.iter().take(MAX_PLACES).map(|(.., span)| (*span).clone()).collect();
        spans.dedup();
        out.push(Finding::new("agent/reads-harmful", message, spans));
    }
}

/// What is shown of a text.
fn start(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text).trim_end()).into(),
        None => text.into(),
    }
}
