//! Sums over results, and the floor below which they must not fall.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Outcome, Result};

/// Counts over a part of a corpus.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Figures {
    /// Harmful sides.
    pub harmful: usize,
    /// Harmful sides that were denied, for a finding or another reason than a missing review.
    pub denied: usize,
    /// Harmful sides that nothing but a missing review kept out.
    pub held_back: usize,
    /// Honest sides.
    pub honest: usize,
    /// Honest sides that were denied for something else than a missing review.
    pub false_denials: usize,
    /// Honest sides that wait for a review.
    pub waiting: usize,
    /// Cases with both sides.
    pub pairs: usize,
    /// Cases whose harmful side was denied or held back and whose honest side was approved.
    pub told_apart: usize,
}

impl Figures {
    fn add(&mut self, result: &Result) {
        if let Some(bad) = &result.bad {
            self.harmful += 1;
            self.denied += usize::from(matches!(bad, Outcome::Denied(_)));
            self.held_back += usize::from(*bad == Outcome::NeedsReview);
        }
        if let Some(good) = &result.good {
            self.honest += 1;
            self.false_denials += usize::from(matches!(good, Outcome::Denied(_)));
            self.waiting += usize::from(*good == Outcome::NeedsReview);
        }
        if let (Some(bad), Some(good)) = (&result.bad, &result.good) {
            self.pairs += 1;
            self.told_apart += usize::from(!bad.is_approved() && good.is_approved());
        }
    }

    /// Sums by a key, in order of key.
    pub fn by<K: Ord>(results: &[Result], key: impl Fn(&Result) -> K) -> BTreeMap<K, Self> {
        let mut out: BTreeMap<K, Self> = BTreeMap::new();
        for result in results {
            out.entry(key(result)).or_default().add(result);
        }
        out
    }

    /// Harmful sides not let in, of all harmful ones, in percent.
    pub fn recall(&self) -> f64 {
        percent(self.denied + self.held_back, self.harmful)
    }

    /// Honest sides that were denied, of all honest ones, in percent.
    pub fn false_rate(&self) -> f64 {
        percent(self.false_denials, self.honest)
    }
}

/// Part of a whole in percent, 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "counts of a corpus are small")]
pub fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 }
}

/// Figures that were reached before, for the seen and the held-out part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Floor {
    /// What rules were written with.
    #[serde(default)]
    pub seen: Figures,
    /// What nobody tuned for.
    #[serde(default)]
    pub held_out: Figures,
}

/// A floor that cannot be read. Exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {message}")]
pub struct FloorError {
    file: String,
    message: String,
}

impl Floor {
    /// The figures of results.
    pub fn of(results: &[Result]) -> Self {
        let by = Figures::by(results, |result| result.held_out);
        let part = |held_out| by.get(&held_out).copied().unwrap_or_default();
        Self { seen: part(false), held_out: part(true) }
    }

    /// Reads a floor.
    ///
    /// # Errors
    /// Where the file cannot be read or holds something else.
    pub fn read(path: &Path) -> std::result::Result<Self, FloorError> {
        let fail = |message: String| FloorError { file: path.display().to_string(), message };
        let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
        toml::from_str(&text).map_err(|error| fail(error.to_string()))
    }

    /// What is worse in `now`, one line each.
    pub fn worse(&self, now: &Self) -> Vec<String> {
        let mut out = Vec::new();
        for (part, floor, now) in [("seen", self.seen, now.seen), ("held out", self.held_out, now.held_out)] {
            let mut least = |what: &str, floor: usize, now: usize| {
                if now < floor {
                    out.push(format!("{part}: {what}: {now}, was {floor}"));
                }
            };
            least("harmful sides", floor.harmful, now.harmful);
            least("harmful sides denied", floor.denied, now.denied);
            least("harmful sides not let in", floor.denied + floor.held_back, now.denied + now.held_back);
            least("honest sides", floor.honest, now.honest);
            least("pairs told apart", floor.told_apart, now.told_apart);
            let mut most = |what: &str, floor: usize, now: usize| {
                if now > floor {
                    out.push(format!("{part}: {what}: {now}, was {floor}"));
                }
            };
            most("honest sides denied", floor.false_denials, now.false_denials);
            most("honest sides that wait for a review", floor.waiting, now.waiting);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    fn result(bad: Outcome, good: Outcome) -> Result {
        Result {
            id: String::new(),
            class: String::new(),
            kind: Kind::Skill,
            held_out: false,
            bad: Some(bad),
            good: Some(good),
        }
    }

    #[test]
    fn only_denying_one_and_approving_the_other_tells_a_pair_apart() {
        let denied = || Outcome::Denied(Vec::new());
        let results = [
            result(denied(), Outcome::Approved),
            result(denied(), denied()),
            result(Outcome::NeedsReview, Outcome::NeedsReview),
            result(Outcome::Approved, Outcome::Approved),
        ];
        let figures = Floor::of(&results).seen;
        assert_eq!((figures.pairs, figures.told_apart), (4, 1));
        assert_eq!((figures.recall(), figures.false_rate()), (75.0, 25.0));
    }

    #[test]
    fn what_is_worse_is_said() {
        let floor =
            Floor { seen: Figures { denied: 3, waiting: 1, ..Figures::default() }, ..Floor::default() };
        let now = Floor { seen: Figures { denied: 2, waiting: 2, ..Figures::default() }, ..Floor::default() };
        assert_eq!(
            floor.worse(&now),
            [
                "seen: harmful sides denied: 2, was 3",
                "seen: harmful sides not let in: 2, was 3",
                "seen: honest sides that wait for a review: 2, was 1"
            ]
        );
        assert!(floor.worse(&floor).is_empty());
    }
}
