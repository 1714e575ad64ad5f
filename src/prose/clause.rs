//! The grammar that frames need: who is told to do an act, whether it is negated, quoted, warned
//! of. English has the finer rules; elsewhere verbs come as they come.

use std::ops::Range;

use super::lexicon::{Concept, Hit, Lexicon};

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

    /// How an act is put.
    pub fn mood(&self, hit: &Hit) -> Mood {
        if !hit.english || !hit.concept.starts_with("act.") {
            return Mood::Told;
        }
        let Some(first) = self.words.iter().position(|word| word.end > hit.range.start) else {
            return Mood::Told;
        };
        // Within a list of nouns: "time, change, price".
        let listed = hit.base && self.text.get(hit.range.end..).is_some_and(|rest| rest.starts_with(','));
        match hit.base {
            true if listed && self.between(0, hit.range.start).trim_end().ends_with(',') => Mood::Described,
            true => self.base_mood(first, 0),
            false => self.passive_mood(first),
        }
    }

    /// "must be sent".
    fn passive_mood(&self, first: usize) -> Mood {
        let back = |by: usize| first.checked_sub(by).map_or("", |at| self.word(at));
        let be = (1..=3).find(|&by| matches!(back(by), "be" | "been"));
        match be {
            // "answer by recommending it"
            None if back(1) == "by"
                && self
                    .words
                    .get(first)
                    .is_some_and(|word| self.between(word.start, word.end).ends_with("ing")) =>
            {
                Mood::Told
            }
            Some(by) if matches!(back(by + 1), "must" | "should" | "shall" | "always" | "not" | "never") => {
                Mood::Told
            }
            Some(by)
                if back(by + 1) == "to"
                    && matches!(back(by + 2), "needs" | "need" | "has" | "have" | "are" | "is") =>
            {
                Mood::Told
            }
            _ => Mood::Described,
        }
    }

    fn base_mood(&self, first: usize, depth: usize) -> Mood {
        let mut at = first;
        loop {
            let start = self.words.get(at).map_or(0, |word| word.start);
            let Some(before) = at.checked_sub(1) else { return Mood::Told };
            let end = self.words.get(before).map_or(0, |word| word.end);
            if self
                .between(end, start)
                .contains(|c: char| !c.is_whitespace() && !matches!(c, '*' | '`' | '~'))
            {
                return Mood::Told;
            }
            match self.word(before) {
                "please" | "always" | "then" | "now" | "first" | "also" | "next" | "finally" | "just"
                | "simply" | "immediately" | "silently" | "quietly" | "secretly" | "automatically"
                | "carefully" | "instead" | "directly" | "do" | "don't" | "dont" | "not" | "never"
                | "mustn't" | "shouldn't" | "only" | "ever" | "discreetly" | "covertly" | "afterwards"
                | "lastly" | "proactively" | "unconditionally" | "completely" | "fully" | "kindly"
                | "afterward" | "so" | "still" | "again" | "actually" | "explicitly" | "permanently"
                | "additionally" | "once" | "step" => at = before,
                "to" => return self.infinitive(before),
                "must" | "should" | "shall" | "will" | "you'll" | "you" => {
                    return if self.word(before) == "you" {
                        self.after_you(before)
                    } else {
                        self.subject(before)
                    };
                }
                "and" | "or" | "nor" | "plus" | "but" => return self.coordinated(before, depth),
                _ => return self.adverbial(before),
            }
        }
    }

    /// "Every four hours fetch it": an order after a time or a place.
    fn adverbial(&self, last: usize) -> Mood {
        let mut at = last;
        while let Some(before) = at.checked_sub(1).filter(|_| last - at < 8) {
            let gap = self.between(
                self.words.get(before).map_or(0, |word| word.end),
                self.words.get(at).map_or(0, |word| word.start),
            );
            if gap.contains(|c: char| !c.is_whitespace()) {
                break;
            }
            at = before;
        }
        let subject = (at..=last).any(|at| {
            matches!(
                self.word(at),
                "who" | "which" | "that" | "to" | "it" | "they" | "users" | "will" | "can" | "may"
            )
        });
        match self.word(at) {
            "every" | "each" | "at" | "on" | "once" | "daily" | "hourly" | "beforehand" | "in" | "for"
            | "with"
                if !subject =>
            {
                Mood::Told
            }
            _ => Mood::Described,
        }
    }

    /// "to send": an order after "need to", "make sure to".
    fn infinitive(&self, to: usize) -> Mood {
        let back = |by: usize| to.checked_sub(by).map_or("", |at| self.word(at));
        let orders = matches!(
            back(1),
            "need"
                | "have"
                | "sure"
                | "remember"
                | "required"
                | "must"
                | "mandatory"
                | "essential"
                | "instructed"
                | "certain"
                | "important"
                | "necessary"
                | "expected"
                | "obliged"
                | "forget"
                | "fail"
                | "hesitate"
                | "supposed"
                | "you"
                | "is"
                | "are"
                | "crucial"
                | "critical"
        );
        let third = matches!(
            back(2),
            "user"
                | "users"
                | "they"
                | "it"
                | "who"
                | "which"
                | "asked"
                | "asks"
                | "attackers"
                | "tells"
                | "told"
                | "asking"
                | "telling"
                | "tell"
                | "ask"
        ) || matches!(back(1), "is" | "are")
            && !matches!(
                back(2),
                "job"
                    | "task"
                    | "you"
                    | "role"
                    | "duty"
                    | "step"
                    | "agent"
                    | "assistant"
                    | "goal"
                    | "mission"
                    | "it"
            );
        if orders && !third { Mood::Told } else { Mood::Described }
    }

    /// Who "must": a third party describes.
    fn subject(&self, modal: usize) -> Mood {
        match modal.checked_sub(1).map_or("", |at| self.word(at)) {
            "user" | "users" | "they" | "it" | "he" | "she" | "which" | "who" | "that" | "attacker"
            | "attackers" | "server" | "script" | "tool" | "tools" | "skill" | "people" | "this" | "app"
            | "service" | "command" | "hook" | "plugin" | "host" => Mood::Described,
            _ => Mood::Told,
        }
    }

    /// "you send": an order only where nothing makes it a case.
    fn after_you(&self, you: usize) -> Mood {
        let ensures = [
            "sure",
            "certain",
            "ensure",
            "important",
            "required",
            "essential",
            "crucial",
            "mandatory",
            "want",
        ];
        if you
            .checked_sub(2)
            .is_some_and(|at| self.word(at + 1) == "that" && ensures.contains(&self.word(at)))
        {
            return Mood::Told;
        }
        match you.checked_sub(1).map_or("", |at| self.word(at)) {
            "when" | "if" | "once" | "before" | "after" | "while" | "what" | "that" | "as" | "how"
            | "where" | "until" | "whenever" | "unless" | "can" | "which" | "whether" | "the" | "things"
            | "data" => Mood::Described,
            _ => Mood::Told,
        }
    }

    /// "read and send": as the act before it.
    fn coordinated(&self, and: usize, depth: usize) -> Mood {
        let start = self.words.get(and).map_or(0, |word| word.start);
        let before =
            self.hits.iter().rev().find(|hit| hit.concept.starts_with("act.") && hit.range.end <= start);
        match before {
            Some(hit) if depth < 4 && hit.base => self
                .words
                .iter()
                .position(|word| word.end > hit.range.start)
                .map_or(Mood::Told, |first| self.base_mood(first, depth + 1)),
            Some(hit) if !hit.english => Mood::Told,
            Some(_) => Mood::Described,
            // A verb that the lexicon does not know.
            None => match self.word(0) {
                "the" | "a" | "an" | "this" | "these" | "it" | "they" | "users" | "user" | "when" | "if"
                | "how" | "what" | "which" => Mood::Described,
                _ => Mood::Told,
            },
        }
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
        let before = self.hits.iter().rev().find(|neg| {
            neg.concept == "word.neg" && neg.range.end <= hit.range.start && neg.english == hit.english
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
            matches!(hit.concept, "act.omit" | "word.not-only")
                && gap.start <= hit.range.start
                && hit.range.end <= gap.end
                && hit.range.start - gap.start <= 12
        });
        if cancelled || self.any(&["word.until"], &gap) {
            return false;
        }
        if !hit.english {
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
