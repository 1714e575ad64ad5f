//! How far a reviewer's word goes in this run.

use serde::{Deserialize, Serialize};

use super::Cost;

/// Counts over one reviewer's run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Measure {
    /// Copies with planted bad lines.
    pub planted: usize,
    /// Of these, how many it spoke of.
    pub noticed: usize,
    /// Copies with planted harmless lines.
    pub harmless: usize,
    /// Of these, how many it called bad.
    pub false_alarms: usize,
    /// Parts asked twice.
    pub repeated: usize,
    /// Of these, how many were answered alike.
    pub alike: usize,
    /// Controls asked.
    pub controls: usize,
    /// Controls answered wrongly.
    pub controls_missed: usize,
    /// Prompts that got a reply.
    pub replies: usize,
    /// Replies taken from an earlier, interrupted run.
    pub reused: usize,
    /// Prompts that got none.
    pub failed: usize,
    /// Claims that held on to lines.
    pub grounded: usize,
    /// Claims and entries that were refused.
    pub refused: usize,
    /// What it cost.
    pub cost: Cost,
}

impl Measure {
    /// Why the reviewer has no vote; `None` where it has one.
    ///
    /// A vote needs two of three planted lines noticed, at most one of three harmless ones called
    /// bad, three of four controls right, and half of the repeated answers alike.
    pub fn void(&self) -> Option<String> {
        let share = |part: usize, of: usize, what: &str| format!("{what} {part} of {of}");
        if self.planted == 0 {
            return Some("nothing could be planted, so nothing shows that it reads".to_owned());
        }
        if self.noticed * 3 < self.planted * 2 {
            return Some(share(self.planted - self.noticed, self.planted, "missed planted bad lines:"));
        }
        if self.false_alarms * 3 > self.harmless {
            return Some(share(self.false_alarms, self.harmless, "called harmless planted lines bad:"));
        }
        if self.controls_missed * 4 > self.controls {
            return Some(share(
                self.controls_missed,
                self.controls,
                "answered questions with known answers wrongly:",
            ));
        }
        if self.alike * 2 < self.repeated {
            return Some(share(
                self.repeated - self.alike,
                self.repeated,
                "changed its mind on the same lines:",
            ));
        }
        None
    }

    /// Share of claims that grounding refused, in percent; none without claims.
    pub fn refused_share(&self) -> Option<f64> {
        let all = self.grounded + self.refused;
        (all > 0).then(|| 100.0 * self.refused as f64 / all as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reviewer_that_approves_all_or_alarms_at_all_has_no_vote() {
        let good = Measure {
            planted: 3,
            noticed: 2,
            harmless: 3,
            false_alarms: 1,
            controls: 8,
            controls_missed: 2,
            repeated: 2,
            alike: 1,
            ..Measure::default()
        };
        assert_eq!(good.void(), None);
        for bad in [
            Measure { noticed: 1, ..good },
            Measure { false_alarms: 2, ..good },
            Measure { controls_missed: 3, ..good },
            Measure { alike: 0, ..good },
            Measure::default(),
        ] {
            assert!(bad.void().is_some(), "{bad:?}");
        }
    }
}
