//! Lines that speak to whoever judges the package, or that look like the packet around them.
//!
//! A model's word on such a package counts for nothing: only a person can settle what is open.
//! Too broad costs a person a look; too narrow costs the review its worth. Of some 800 crates, read
//! whole, 47 have a line of these shapes.

use std::sync::{Arc, LazyLock};

use regex::RegexSet;
use unicode_normalization::UnicodeNormalization as _;

use super::slice::Shown;
use crate::model::Polarity;
use crate::prose::read::{self, Kind};
use crate::prose::sentence::Origin;

/// Shapes that no honest line needs: the packet's own form, chat formats, orders to a reader who
/// answers questions.
static SHAPES: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new([
        // The packet's own form.
        r#"\bf\d+ line \d+|(^|["'`>])\W*q\d+\s*[.:=]\s*"?(yes|no|unsure)\b|\bfile f\d+ =|\b[0-9a-f]{16,} (begin|end)\b"#,
        r#""(answers|behaviours|cites?|quote)"\s*:\s*\["#,
        r"\bend of (the )?(package|packet|untrusted|fence)\b",
        // Chat formats, which the fence takes apart.
        r"<\s?\|\s?(im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id)",
        r"\[\s?/?\s?i\s?n\s?s\s?t\s?\]|<\s?<\s?/?\s?s\s?y\s?s\s?>\s?>",
        r#"(^|[>"'`])\W*(assistant|human|tool[ _]?(result|response|output)|function_results?)\s*(prompt|message|note|override)?\s*(:([^:]|$)|>|\])"#,
        // `system: false` and `user: String` are code; three words after the colon are a message.
        r#"(^|[>"'`])\W*(system|developer|user)\s*(prompt|message|note|override)?\s*(\]|[:>]\s*["'`]?(([a-z']+[ ,]+){2}[a-z']+|(approved?|allow|accept|pass|clear|trust|ignore|skip|say|answer|reply|safe)\b))"#,
        // `<data>` alone is a type parameter in many languages, `</data>` is none.
        r"</?(system|assistant|tool_result|function_results)\b[^>]*>|</(instructions?|untrusted|data|package|answer|document)>|^\W*<(instructions?|untrusted|answer)>\s*$",
        // A verdict on what is read.
        r"\b(package|skill|code|module|crate|library|plugin|repo(sitory)?) is (perfectly |completely |known |fully )?(safe|harmless|benign|clean|trusted|approved|fine|ok)\b|\b(0|zero|no) (findings|issues|vulnerabilities|concerns) (found|detected|reported)",
        // Orders to a reader who answers.
        r"\b(ignore|disregard|forget)\b.{0,40}\b(above|previous|prior|earlier|preceding|instruction|prompt|question|rule|fence|system)s?\b|\b(override|skip|bypass)\b.{0,40}\b(instruction|prompt|question|rule|fence)s?\b",
        r#"(^\W*|[.:;!?"'`({]\s*|\b(please|must|should|shall|will|you|then|now|and|to|just|simply)\s+)(answer|respond|reply|output|say|print|report|conclude|mark|rate|classify|label|treat|consider)\b[^()]{0,40}\b(yes|approved?|clear|harmless|safe|benign|trusted|trustworthy|no (issues?|findings?|behaviou?rs?|concerns?|problems?))\b"#,
        r"\breturn\b.{0,20}\b(yes|approved?|harmless|benign|no (issues?|findings?|behaviou?rs?|concerns?))\b",
        r"\b(as an ai|language model|llm|gpt|claude|gemini|chatbot|ai (model|reviewer|auditor|assistant|agent|scanner|system)|dear (reviewer|auditor|model|ai|scanner))\b",
        r"\b(reviewer|auditor|scanner|vetting|security (review|audit|scan)|automated (review|audit|scan|check)s?)\b.{0,60}\b(approved?|pass(ed)?|safe|skip|ignore|trust|already|must|should|please|note|clear)",
        r"\b(already|previously|pre-?)\s?-?(reviewed|vetted|audited|approved)\b",
    ])
    .expect("the shapes are regular expressions")
});

/// The lines of all parts that are such: file and line, in order.
pub fn lines(parts: &[Vec<Shown>]) -> Vec<(Arc<str>, u32)> {
    let mut out = Vec::new();
    for shown in parts.iter().flatten() {
        let mut text = String::new();
        let mut starts = Vec::new();
        for (at, line) in &shown.lines {
            if speaks(line) {
                out.push((Arc::clone(&shown.path), *at));
            }
            starts.push((text.len(), *at));
            text.push_str(line.trim_start_matches([' ', '/', '*', '#', '-', ';', '>', '\'', '"', '`']));
            text.push('\n');
        }
        // The prose reader knows more languages, and orders that run over several lines.
        for found in read::text(&text, 0, &Origin::Comment, false, &|_| None) {
            let told = matches!(found.polarity, Polarity::Told | Polarity::Example);
            if told && matches!(found.kind, Kind::Instruction("judge" | "override" | "impersonate", _)) {
                let at = starts.partition_point(|(start, _)| *start <= found.range.start);
                if let Some((_, line)) = at.checked_sub(1).and_then(|at| starts.get(at)) {
                    out.push((Arc::clone(&shown.path), *line));
                }
            }
        }
    }
    out.sort();
    out.dedup();
    out
}

/// Whether one line has such a shape; compatibility forms, case and written-out invisible
/// characters aside.
fn speaks(line: &str) -> bool {
    let mut folded: String = line.nfkc().collect::<String>().to_lowercase();
    if folded.contains("\\u{") {
        // What was invisible stood between letters to break the word.
        let mut out = String::with_capacity(folded.len());
        let mut rest = folded.as_str();
        while let Some(at) = rest.find("\\u{") {
            out.push_str(&rest[..at]);
            rest = rest[at..].split_once('}').map_or("", |(_, after)| after);
        }
        out.push_str(rest);
        folded = out;
    }
    SHAPES.is_match(&folded)
}
