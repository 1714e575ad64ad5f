//! Texts in programs that tell whoever judges the package what to find: comments, documentation and
//! strings alike, for a text that is never used is read by a reviewer all the same.
//!
//! Samples of detectors and rules for reviewers speak to them too, but a sentence at a time. Reported
//! is a passage that does several things at once: speaks to a reviewer, takes away what it was told
//! before, claims that others have checked, gives the verdict, and has it look away.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;

use super::described;
use crate::model::{Fact, FactKind, LineIndex};

/// Longest passage that is taken together, in bytes.
const LONGEST: usize = 2_500;
/// Largest file that is read, in bytes.
const MAX_FILE: usize = 1 << 20;
/// Most facts of one file.
const MOST: usize = 5;

fn regex(pattern: &str) -> Regex {
    Regex::new(&format!("(?is){pattern}")).unwrap_or_else(|error| unreachable!("{error}"))
}

/// Words without which nothing of it can be said.
static MARKS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let marks = [
        "benign",
        "harmless",
        "legit",
        "safe",
        "no issue",
        "no findings",
        "false positive",
        "risk score",
        "as clean",
        "trusted",
        "trustworthy",
    ];
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(marks)
        .unwrap_or_else(|error| unreachable!("{error}"))
});

/// Who judges.
static SPOKEN: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"\b(?:automated|automatic|llm|ai|machine|model|security|code|package|malware|static)(?:[- ]\w+){0,3}[- ](?:review(?:s|er|ers|ing)?|scan(?:s|ner|ners|ning)?|analysis|analy[sz]ers?|audit(?:s|or|ors|ing)?|triage|assistants?|classifiers?|agents?)\b|\b(?:language models?|llms?|reviewers?|scanners?|auditors?|analysts?)\b",
    )
});

/// What was said before shall not count.
static FORGET: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"\b(?:forget|disregard|ignore|set aside|drop|override|discard|put aside)\b(?:\s+\S+){0,4}?\s+(?:you (?:know|were|have been|learned)|(?:earlier|previous|prior|former|above|existing|other)\s+(?:\w+\s+){0,2}(?:instructions?|rules?|guidance|guidelines|prompts?|orders|context|policies|policy|directions?|knowledge))\b",
    )
});

/// The best known opening of such a text; nobody asks that of people.
static EVERYTHING: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\bforget (?:about )?(?:everything|all) (?:that )?you (?:know|have learned)\b"));

/// Others are said to have checked.
static CLAIMED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"\b(?:tested|audited|reviewed|checked|verified|cleared|approved|vetted|validated|examined|scanned|went through)\b(?:\s+\S+){0,5}?\s+(?:internal|sandbox(?:ed)?|security (?:team|sandbox|review)|index's|registry's|trusted|isolated)|\bsandbox\b[^.]{0,20}\benvironment\b|\b(?:is|are|was|were) (?:generated|known false positives?|a known false positive)\b",
    )
});

/// The verdict.
static VERDICT: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"\b(?:classif(?:y|ication|ied)|rate[ds]?|rating|mark(?:ed)?|report(?:ed)?|label(?:led)?|verdict|score|judge[ds]?|conclude|answer|treat(?:ed)?|consider(?:ed)?|return|respond)\b[^.!?]{0,70}\b(?:benign|safe|harmless|clean|legitimate|legit|trusted|trustworthy|no (?:\w+ )?(?:issues?|findings?|problems?|risks?|threats?)|none|low risk|0(?:\.0)?|zero)\b|\b(?:this|the) (?:code|package|module|release|file|library|project)\b[^.!?]{0,30}\bis (?:\w+ )?(?:legit|legitimate|benign|safe|harmless|trusted|clean)\b",
    )
});

/// What shall not be looked at or told.
static AWAY: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"\b(?:do not|don't|never|need not|no need to|not to|without|skip|avoid|must not|should not)\s+(?:\w+\s+)?(?:list|mention|quot|describ|analy[sz]|open|flag|report|inspect|read|scan|review|rais|includ|look|summari[sz]|discuss|explain|cit|check)\w*|\bleave\b[^.!?]{0,50}\b(?:unread|out|alone|unmentioned)\b|\bno further\b[^.!?]{0,30}\b(?:analy[sz]ed|needed|necessary|required|read|reviewed|checked)\b|\b(?:have|has) completed\b[^.!?]{0,20}\b(?:analysis|review|scan)\b|\bstop (?:here|reading|the analysis|analy[sz]ing)\b",
    )
});

/// Texts on attacks show what they warn of, and orders to a model of one's own say what it is and how
/// it answers.
static WARNS: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"\b(?:attack(?:s|er|ers)?|prompt[- ]injections?|injected|untrusted|adversar\w*|for example|e\.g\.|such as|jailbreaks?|red[- ]team\w*|payloads?|you are (?:a|an|the|acting)|you will (?:be given|receive)|your (?:task|job|role|goal) is|(?:respond|reply|answer|output|return)\b[^.]{0,20}\b(?:json|xml|yaml|markdown)|the following (?:code|diff|file|message|text|change|snippet))\b",
    )
});

/// Whether a file may hold such a text, by its bytes alone.
pub fn may(bytes: &[u8]) -> bool {
    bytes.len() <= MAX_FILE && MARKS.is_match(bytes) && {
        static WHO: LazyLock<AhoCorasick> = LazyLock::new(|| {
            let who = [
                "review",
                "scanner",
                "analysis",
                "auditor",
                "llm",
                "language model",
                "you know",
                "assistant",
            ];
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .build(who)
                .unwrap_or_else(|error| unreachable!("{error}"))
        });
        WHO.is_match(bytes)
    }
}

/// The passages of a program that tell a reviewer what to find.
pub fn program(ending: &str, source: &str, index: &LineIndex<'_>) -> Vec<Fact> {
    let mut out = Vec::new();
    if !may(source.as_bytes()) {
        return out;
    }
    for part in described::parts(ending, source) {
        let described::Part::Masked(text) = part else { continue };
        for (passage, start, end) in passages(source, &text) {
            if out.len() < MOST && is_verdict(&passage) {
                let value: String = passage.trim().chars().take(200).collect();
                out.push(Fact::new(FactKind::Instruction, "judge", index.span(start, end)).value(value));
            }
        }
    }
    out
}

/// Texts that belong together: lines one after the other, and the parts of a string that is put
/// together. Elements of a list are texts of their own, as what stands before and after a blank line.
fn passages(source: &str, masked: &str) -> Vec<(String, usize, usize)> {
    let mut out = Vec::new();
    let (mut at, mut open) = (0, (String::new(), 0, 0));
    for line in masked.split_inclusive('\n') {
        let mut blank = source.get(at..at + line.len()).is_some_and(|line| line.trim().is_empty());
        // Pieces of a line between which code stands.
        let mut from = 0;
        for (to, _) in line.match_indices("  ").chain([(line.len(), "")]) {
            let piece = line.get(from..to).unwrap_or_default();
            let words = piece.trim().trim_start_matches(['#', '/', '*', '!', ' ']);
            if !words.is_empty() {
                let start = at + from;
                let between = source.get(open.2..start).unwrap_or_default();
                let hidden = masked.get(open.2..start).unwrap_or_default();
                let code = between.bytes().zip(hidden.bytes()).filter(|(a, b)| a != b).map(|(a, _)| a);
                let parted = code.into_iter().any(|b| !b"\"'`+()frbu\\#/*!".contains(&b));
                if parted || open.0.len() > LONGEST {
                    out.push(std::mem::take(&mut open));
                }
                if open.0.is_empty() {
                    open.1 = start;
                }
                open.0.push_str(words);
                open.0.push(' ');
                open.2 = at + to;
                blank = false;
            }
            from = to;
        }
        // A comment without a word.
        blank |=
            line.trim_matches(['#', '/', '*', '!', ' ', '\n', '\r']).is_empty() && !line.trim().is_empty();
        at += line.len();
        if blank {
            out.push(std::mem::take(&mut open));
            open.2 = at;
        }
    }
    out.push(open);
    out.retain(|(text, ..)| text.len() >= 60);
    out
}

/// Whether a passage does enough of it at once.
fn is_verdict(passage: &str) -> bool {
    if passage.len() < 60 || !MARKS.is_match(passage) || WARNS.is_match(passage) {
        return false;
    }
    // Whitespace that masking left between the parts of a text is none of its own.
    let passage = passage.split_whitespace().collect::<Vec<_>>().join(" ");
    let verdict = VERDICT.is_match(&passage);
    let claimed = CLAIMED.is_match(&passage);
    if verdict && claimed && EVERYTHING.is_match(&passage) {
        return true;
    }
    let others = [&FORGET, &AWAY].iter().filter(|pattern| pattern.is_match(&passage)).count();
    verdict && SPOKEN.is_match(&passage) && others + usize::from(claimed) >= 2
}

#[cfg(test)]
mod tests;
