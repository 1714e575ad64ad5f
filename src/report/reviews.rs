//! What reviewers did, in lines for people.

use std::collections::BTreeMap;

use super::count;
use crate::model::{Outcome, ReviewRun, Testimony, Topic, escape};

/// One line for each reviewer, then one for what was not asked.
pub fn lines(run: &ReviewRun) -> Vec<String> {
    let mut out = Vec::new();
    for (who, measure) in &run.reviewers {
        let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, came) in run.queue.iter().flat_map(|queued| &queued.came).filter(|(by, _)| by == who) {
            let known = [Outcome::Clear, Outcome::Unsure, Outcome::Concern];
            let name = known.iter().map(|outcome| outcome.as_str()).find(|name| name == came);
            *outcomes.entry(name.unwrap_or("without a review")).or_default() += 1;
        }
        let outcomes: Vec<String> = outcomes.iter().map(|(what, many)| format!("{many} {what}")).collect();
        let tokens = measure.cost.tokens_in + measure.cost.tokens_out;
        out.push(format!(
            "review by {}: {}; planted lines noticed {} of {}, false alarms {} of {}, known answers right {} of {}, answered alike {} of {}; claims refused {} of {}; {tokens} tokens{}{}",
            escape(who),
            if outcomes.is_empty() { "nothing".to_owned() } else { outcomes.join(", ") },
            measure.noticed,
            measure.planted,
            measure.false_alarms,
            measure.harmless,
            measure.controls - measure.controls_missed,
            measure.controls,
            measure.alike,
            measure.repeated,
            measure.refused,
            measure.refused + measure.grounded,
            match measure.cost.micros {
                0 => String::new(),
                micros => format!(", {}.{:06} of money", micros / 1_000_000, micros % 1_000_000),
            },
            match measure.void() {
                Some(why) => format!("; its word does not count: it {why}"),
                None => String::new(),
            },
        ));
    }
    let reused =
        run.queue.iter().filter(|q| q.came.iter().any(|(_, came)| came.starts_with("reused"))).count();
    if reused > 0 {
        out.push(format!("reviews from the ledger: {}", count(reused, "package")));
    }
    out.extend(run.remarks.iter().map(|remark| escape(remark)));
    out
}

/// What a claim is about, in a few words.
pub fn topic(topic: &Topic) -> String {
    match topic {
        Topic::Purpose { .. } => "the stated purpose".to_owned(),
        Topic::Capability { capability, .. } => format!("the need for `{capability}`"),
        Topic::Question { .. } => "what evidence leaves open".to_owned(),
        Topic::Behaviour { sort } => sort.to_string(),
    }
}

/// What was said of one package, one line.
pub fn testimony(testimony: &Testimony) -> String {
    let mut parts: Vec<String> = testimony
        .words
        .iter()
        .map(|(who, clear, why)| {
            format!(
                "{} says {}: {}",
                escape(who),
                if *clear { "clear" } else { "not to be used" },
                escape(why)
            )
        })
        .collect();
    for (who, outcome, void) in &testimony.votes {
        let void = void.as_ref().map(|why| format!(" (does not count: {why})")).unwrap_or_default();
        parts.push(format!("{}: {}{void}", escape(who), outcome.as_str()));
    }
    if testimony.dissent {
        parts.push("reviewers disagree".to_owned());
    }
    parts.join("; ")
}
