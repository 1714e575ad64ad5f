//! The grammar that frames need: who is told to do an act, whether it is negated, quoted, warned
//! of. English has the finer rules; elsewhere verbs come as they come.

use std::ops::Range;

use super::lexicon::{Concept, Hit, Lexicon};

mod mood;

/// How an act is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// "Send it", "you must send it".
    Told,
    /// "It sends", "to send", "attackers could send".
    Described,
}

/// A sentence with what stands in it.
#[derive(Debug)]
pub struct Reading<'s> {
    /// The folded text.
    pub text: &'s str,
    /// Terms, by place.
    pub hits: Vec<Hit>,
    words: Vec<Range<usize>>,
    quotes: Vec<Range<usize>>,
}

/// Bytes over which a negation reaches.
const NEGATION: usize = 90;

impl<'s> Reading<'s> {
    /// Reads a folded text; `code` are its ranges of inline code.
    pub fn new(text: &'s str, code: &[Range<usize>]) -> Self {
        let hits = Lexicon::get().hits(text, code);
        let mut words = Vec::new();
        let mut start = None;
        for (at, c) in text.char_indices() {
            let part = c.is_alphanumeric() || matches!(c, '\'' | '-' | '_');
            match (part, start) {
                (true, None) => start = Some(at),
                (false, Some(from)) => {
                    words.push(from..at);
                    start = None;
                }
                _ => {}
            }
        }
        words.extend(start.map(|from| from..text.len()));
        Self { text, hits, words, quotes: quotes(text, code) }
    }

    fn word(&self, at: usize) -> &str {
        self.words.get(at).and_then(|word| self.text.get(word.clone())).unwrap_or_default().trim_matches('\'')
    }

    /// Text between two bytes.
    fn between(&self, from: usize, to: usize) -> &str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// Whether a term of one of these concepts stands within a range.
    pub fn any(&self, concepts: &[Concept], within: &Range<usize>) -> bool {
        self.find(concepts, within).next().is_some()
    }

    /// The terms of these concepts within a range.
    pub fn find<'r>(
        &'r self,
        concepts: &'r [Concept],
        within: &'r Range<usize>,
    ) -> impl Iterator<Item = &'r Hit> {
        self.hits.iter().filter(move |hit| {
            within.start <= hit.range.start && hit.range.end <= within.end && concepts.contains(&hit.concept)
        })
    }

    /// The part of the sentence between semicolons that holds a term.
    pub fn segment(&self, hit: &Hit) -> Range<usize> {
        let from = self.between(0, hit.range.start).rfind(';').map_or(0, |at| at + 1);
        let to = self
            .between(hit.range.end, self.text.len())
            .find(';')
            .map_or(self.text.len(), |at| hit.range.end + at);
        from..to
    }

    /// Whether an act is told *not* to be done. `strict` leaves out what only denies that there is
    /// something ("no rule asks").
    pub fn negated(&self, hit: &Hit, strict: bool) -> bool {
        let after = self.hits.iter().any(|neg| {
            let gap = neg.range.start.saturating_sub(hit.range.end);
            let reach = 40;
            neg.concept == "word.neg-after"
                && neg.range.start >= hit.range.end
                && gap <= reach
                && !self.between(hit.range.end, neg.range.start).contains([',', '、', '。', ';', '，'])
                // The negation is that of the last verb before it.
                && !self.hits.iter().any(|next| {
                    next.concept.starts_with("act.") && hit.range.end <= next.range.start && next.range.end <= neg.range.start
                })
        });
        if after && !hit.english {
            // 忘れないで: not to forget is to do.
            return hit.concept != "act.omit";
        }
        // "Stop to ask" asks.
        let halts = |neg: &Hit| {
            self.between(neg.range.start, neg.range.end) == "stop"
                && [" to ", " and ", " for "]
                    .iter()
                    .any(|word| self.text.get(neg.range.end..).is_some_and(|after| after.starts_with(word)))
        };
        // 不运行: a negation of one character, that other words hold as well.
        if !hit.english && self.between(0, hit.range.start).ends_with('不') {
            return true;
        }
        let before = self.hits.iter().rev().find(|neg| {
            neg.concept == "word.neg"
                && neg.range.end <= hit.range.start
                && neg.english == hit.english
                && !halts(neg)
        });
        let Some(neg) = before else { return false };
        let between = self.between(neg.range.end, hit.range.start);
        if between.len() > NEGATION
            || between.contains([';', '—', '–', '!', '?', '→', '。', '；'])
            || between.contains(". ")
        {
            return false;
        }
        let gap = neg.range.end..hit.range.start;
        let cancelled = self.hits.iter().any(|hit| {
            // "Do not stop to ask": nobody is to ask.
            matches!(hit.concept, "act.omit" | "word.not-only")
                && !halts(hit)
                && gap.start <= hit.range.start
                && hit.range.end <= gap.end
                && hit.range.start - gap.start <= 12
        });
        if cancelled || self.any(&["word.until"], &gap) {
            return false;
        }
        if !hit.english {
            // "ne dis rien et envoie": keeping quiet and doing are two things.
            if self.any(&["act.tell", "act.ask", "act.verify", "act.flag"], &gap) {
                return false;
            }
            return !between.contains(['，', '、']) || between.len() < 30;
        }
        let word = self.between(neg.range.start, neg.range.end);
        if word == "without" {
            return !hit.base && between.len() < 40;
        }
        if word == "no" && (strict || between.len() > 40) {
            return false;
        }
        // Words like "not" in "not sure", or "if not, send".
        let direct = between.trim_end().ends_with([',', ':']);
        if direct && between.trim_end().ends_with(',') {
            let rest = self.between(hit.range.start, self.text.len());
            let listed = rest.find(" or ").or_else(|| rest.find(" nor ")).is_some_and(|at| at < 60);
            return listed && !between.contains(" if ");
        }
        if between.contains(',') && !between.contains(" or ") && !between.contains(" nor ") {
            return false;
        }
        if let Some(and) = between.rfind(" and ") {
            // "do not tell anyone and send it": keeping quiet and doing are two things.
            let kept = and + neg.range.end;
            let disclosure =
                self.any(&["act.tell", "act.ask", "act.verify", "act.flag"], &(neg.range.end..kept));
            return !disclosure;
        }
        true
    }

    /// Whether an act in another than its base form is one that is told not to be done: "without
    /// telling", "must not be told", "avoid telling".
    pub fn without(&self, hit: &Hit) -> bool {
        let before = self.between(0, hit.range.start).trim_end();
        ["without", "be", "avoid", "from", "without ever", "being", "get"]
            .iter()
            .any(|word| before.ends_with(word))
    }

    /// Whether a disclosure is to have somebody do something: "tell the user to run it".
    pub fn directs(&self, hit: &Hit) -> bool {
        let rest = hit.range.end..(hit.range.end + 60).min(self.text.len());
        let to = |who: &Hit| self.text.get(who.range.end..).is_some_and(|after| after.starts_with(" to "));
        hit.english
            && self
                .hits
                .iter()
                .any(|who| who.concept == "who.user" && rest.contains(&who.range.start) && to(who))
    }

    /// The quotation that an act stands in, if one.
    pub fn quote(&self, hit: &Hit) -> Option<&Range<usize>> {
        self.quotes.iter().find(|quote| quote.start <= hit.range.start && hit.range.end <= quote.end)
    }

    /// Whether the quotation is what a user says.
    pub fn is_utterance(&self, quote: &Range<usize>) -> bool {
        let from = quote.start.saturating_sub(160);
        let from = (from..=quote.start).find(|&at| self.text.is_char_boundary(at)).unwrap_or(quote.start);
        self.any(&["word.says"], &(from..quote.start))
    }

    /// Whether an act is described as what somebody bad does or asks for.
    pub fn warned(&self, hit: &Hit, mood: Mood) -> bool {
        let segment = self.segment(hit);
        let before = segment.start..hit.range.start;
        let attacker = self.any(&["who.attacker"], &before);
        // "that", "which", "to" between the warning and the act make it what is warned of.
        let governs = |warn: &Hit| {
            let between = self.between(warn.range.end, hit.range.start);
            !hit.english
                || !hit.base
                || [" that ", " which ", " to ", " who ", " like ", ": "]
                    .iter()
                    .any(|word| format!("{between} ").contains(word))
                || self.between(warn.range.start, warn.range.end).ends_with(" to")
        };
        let warn = self.find(&["word.warn", "who.attacker"], &before).any(governs);
        let by = self.find(&["who.attacker"], &(hit.range.end..segment.end)).any(|who| {
            let gap = self.between(hit.range.end, who.range.start);
            gap.len() < 60 && (gap.contains(" by ") || gap.is_empty())
        });
        match mood {
            Mood::Described => warn || attacker || by,
            // "A hostile page says that you must send it".
            Mood::Told => {
                let clause = self.between(before.start, before.end);
                let fresh = hit.base && clause.trim_end().ends_with([',', '.', '!']);
                let own = hit.base && self.between(0, hit.range.start).trim().is_empty();
                !fresh && !own && (warn || (attacker && !hit.english))
            }
        }
    }

    /// Whether an act stands after "for example" or what a user says.
    pub fn example(&self, hit: &Hit) -> bool {
        let before = self.segment(hit).start..hit.range.start;
        self.find(&["word.example", "word.says"], &before).any(|mark| {
            let gap = self.between(mark.range.end, hit.range.start);
            // "When the user says hello, send it" tells.
            gap.len() < 60
                && !gap.trim_end().ends_with(',')
                && !(mark.concept == "word.says" && gap.contains(", "))
        })
    }
}

/// Ranges between quotation marks.
fn quotes(text: &str, code: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut code = code.iter().peekable();
    let mut out = Vec::new();
    let mut open: Option<(char, usize)> = None;
    let mut before = ' ';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map_or(' ', |&(_, c)| c);
        while code.peek().is_some_and(|code| code.end <= at) {
            code.next();
        }
        // Quotes of a command line quote nothing that was said.
        if code.peek().is_some_and(|code| code.start <= at) {
            before = c;
            continue;
        }
        match open {
            Some((close, start)) => {
                let ends = c == close && (c != '\'' || !next.is_alphanumeric());
                if ends || (close == '”' && matches!(c, '"' | '“')) {
                    out.push(start..at);
                    open = None;
                }
            }
            None => {
                let close = match c {
                    '"' => Some('"'),
                    '“' | '„' | '‟' => Some('”'),
                    '«' => Some('»'),
                    '「' => Some('」'),
                    '『' => Some('』'),
                    '\'' if !before.is_alphanumeric() && next.is_alphanumeric() => Some('\''),
                    _ => None,
                };
                open = close.map(|close| (close, at + c.len_utf8()));
            }
        }
        before = c;
    }
    out
}
