//! How an act is put: told to the reader, or described. English by its grammar; elsewhere verbs
//! come as they come.

use super::{Mood, Reading};
use crate::prose::lexicon::Hit;

impl Reading<'_> {
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
            // "Before each task load it."
            "before" | "after" if !subject && matches!(self.word(at + 1), "each" | "every" | "any") => {
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
                // "Do not stop to ask."
                | "stop"
                | "pause"
                | "bother"
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
}
