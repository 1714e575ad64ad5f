//! What testimony does to a package's standing: it can lower it, ask for a person, or settle what
//! evidence left open. It can lift nothing that evidence or policy denies.
//!
//! A pure function of votes and policy. Reviews by models settle only gaps of kind `needs-review`;
//! [`crate::policy`] decides on what is left.

use std::collections::{BTreeMap, BTreeSet};

use super::question;
use crate::model::{Claim, Finding, Gap, GapKind, Outcome, Review, Reviewer, Span, Testimony};

/// One review, and whether it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote {
    /// The review.
    pub review: Review,
    /// Id of the key that signed it; none of this run's.
    pub key: Option<String>,
    /// Why it does not count (`missed 2 of 3 planted lines`), if it does not.
    pub void: Option<String>,
}

/// A person's signed word on exactly these contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Whether the contents are fine; else nobody should use them.
    pub clear: bool,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// What the policy asks of reviews.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Different reviewers that have to find a package clear.
    pub quorum: usize,
    /// Whether the package's risk asks for a review even where evidence leaves nothing open: its
    /// score, and the policy's line.
    pub due: Option<(u32, u32)>,
}

/// The result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Weighed {
    /// The gaps that are left, with those that the testimony adds; sorted.
    pub gaps: Vec<Gap>,
    /// A person's violation.
    pub findings: Vec<Finding>,
    /// For outputs; none where nobody said anything.
    pub testimony: Option<Testimony>,
}

/// The rule of a person's violation.
pub const VIOLATION: &str = "review/violation";

/// Weighs votes and words on one package.
pub fn weigh(gaps: &[Gap], votes: &[Vote], words: &[Word], asked: Asked) -> Weighed {
    // One vote a reviewer; the latest, and of several at the same time the worst.
    let mut by_reviewer: BTreeMap<String, &Vote> = BTreeMap::new();
    for vote in votes.iter().filter(|vote| matches!(vote.review.reviewer, Reviewer::Model { .. })) {
        let better = |known: &&Vote| {
            (vote.review.date, vote.review.outcome) > (known.review.date, known.review.outcome)
        };
        let entry = by_reviewer.entry(vote.review.reviewer.to_string()).or_insert(vote);
        if entry.void.is_some() && vote.void.is_none() || (vote.void.is_none() && better(entry)) {
            *entry = vote;
        }
    }
    let counted = || by_reviewer.iter().filter(|(_, vote)| vote.void.is_none());
    let with = |outcome| counted().filter(move |(_, vote)| vote.review.outcome == outcome);
    let (clears, concerns) = (with(Outcome::Clear).count(), with(Outcome::Concern).count());
    let refused = words.iter().find(|word| !word.clear);
    let by_person = refused.is_none() && words.iter().any(|word| word.clear);
    let by_models = clears >= asked.quorum.max(1) && clears > concerns;

    let mut out = Weighed::default();
    if let Some(word) = refused {
        let message = format!("{} says that these contents must not be used: {}", word.by, word.reason);
        out.findings.push(Finding::new(VIOLATION, message, Vec::new()));
    }
    let answered: BTreeSet<&str> =
        with(Outcome::Clear).flat_map(|(_, vote)| vote.review.questions.iter().map(String::as_str)).collect();
    let mut settled = true;
    for gap in gaps {
        let open = gap.kind == GapKind::NeedsReview;
        let done = open && (by_person || (by_models && answered.contains(question::id_of(gap).as_str())));
        settled &= !open || done;
        if !done {
            out.gaps.push(gap.clone());
        }
    }
    if let Some((score, line)) = asked.due
        && !by_person
        && !by_models
    {
        settled = false;
        let message =
            format!("its risk is {score}, the policy asks for a review from {line} on, and none counts");
        out.gaps.push(Gap::new(GapKind::NeedsReview, message));
    }
    let mut against: Vec<(String, Claim)> = with(Outcome::Concern)
        .flat_map(|(who, vote)| vote.review.claims.iter().map(move |claim| (who.clone(), claim.clone())))
        .filter(|(_, claim)| claim.is_against())
        .collect();
    against.sort();
    if concerns > 0 && clears <= concerns && !by_person {
        settled = false;
        let who: Vec<&str> = with(Outcome::Concern).map(|(who, _)| who.as_str()).collect();
        let mut spans: Vec<Span> = against
            .iter()
            .flat_map(|(_, claim)| &claim.cites)
            .map(|cite| Span {
                line: cite.line,
                column: 1,
                text: cite.quote.clone(),
                ..Span::file(cite.file.clone())
            })
            .collect();
        spans.sort();
        spans.dedup();
        spans.truncate(5);
        let message = format!(
            "{} reports something about these lines; a second look is needed, by another reviewer or a person",
            who.join(", ")
        );
        out.gaps.push(Gap { kind: GapKind::NeedsReview, message, spans });
    }
    out.gaps.sort();
    if !by_reviewer.is_empty() || !words.is_empty() {
        let votes =
            by_reviewer.iter().map(|(who, vote)| (who.clone(), vote.review.outcome, vote.void.clone()));
        let mut words: Vec<_> =
            words.iter().map(|word| (word.by.clone(), word.clear, word.reason.clone())).collect();
        words.sort();
        out.testimony = Some(Testimony {
            votes: votes.collect(),
            words,
            against,
            dissent: clears > 0 && concerns > 0,
            settled,
        });
    }
    out
}
