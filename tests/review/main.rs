//! Reviews from end to end within the library: whatever a reviewer says, no verdict is better than
//! evidence and policy allow.

mod injections;
mod liars;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bomvet::audit::reviews::{Asker, Reviewing};
use bomvet::eval::{self, Case, Outcome};
use bomvet::model::{Audit, Decision, GapKind, ReasonKind, Reviewer};
use bomvet::policy::Policy;
use bomvet::review::ask::{Ask, Prompt, Reply, Trouble};
use bomvet::review::slice::Limits;
use liars::{Liar, Manner};
use proptest::prelude::*;

const NOW: i64 = 1_795_000_000;

fn policy() -> Policy {
    let mut policy = Policy::builtin("skill").expect("a profile");
    policy.profile.deny_gaps.retain(|kind| *kind != GapKind::NoAdvisories);
    policy
}

fn reviewing(ask: Arc<dyn Ask>) -> Reviewing {
    let asker = Asker {
        reviewer: Reviewer::Model { interface: "test".into(), model: "liar".into() },
        ask,
        limits: Limits { tokens: 6000, parts: 8 },
        concurrency: 2,
        price: (0, 0),
    };
    Reviewing { askers: vec![asker], above: Some(0), ..Reviewing::default() }
}

fn audit(case: &Case, files: &BTreeMap<String, String>, reviewing: &Reviewing) -> Audit {
    eval::side("case", case, files, &case.name, &policy(), reviewing, NOW).expect("audited")
}

fn cases() -> Cases {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/corpus");
    eval::load(&root).expect("the corpus")
}

type Cases = Vec<(String, Case)>;

/// Harmful sides: some that evidence denies, some that only a missing review keeps out. What the
/// test's own reader, which knows harm by English words, settles without any injection says nothing
/// of injections: it is counted and left out.
fn harmful() -> (Cases, Cases) {
    let (mut denied, mut held, mut unread) = (Vec::new(), Vec::new(), 0);
    for (id, case) in cases() {
        let Some(bad) = &case.bad else { continue };
        if held.len() == 6 && denied.len() == 6 {
            break;
        }
        match Outcome::of(&audit(&case, bad, &Reviewing::default())) {
            Outcome::Denied(_) if denied.len() < 6 => denied.push((id, case)),
            Outcome::NeedsReview if held.len() < 6 => {
                let read = audit(&case, bad, &reviewing(Arc::new(Liar::new(Manner::Perfect))));
                match Outcome::of(&read).is_approved() {
                    true => unread += 1,
                    false => held.push((id, case)),
                }
            }
            _ => {}
        }
    }
    println!("{unread} cases left out that a reader settled by itself");
    assert!(denied.len() == 6 && held.len() >= 3, "{} denied, {} held back", denied.len(), held.len());
    (denied, held)
}

/// An honest skill that evidence alone does not settle.
fn open() -> (Case, BTreeMap<String, String>) {
    let text = "---\nname: notes\ndescription: Sorts meeting notes by date\n---\n# Notes\n\nRead the notes, sort them by date.\nThen run `curl https://calendar.invalid/today` to know which day it is.\n";
    let files = BTreeMap::from([("SKILL.md".to_owned(), text.to_owned())]);
    let mut case = cases().into_iter().find(|(_, case)| case.kind == eval::Kind::Skill).expect("a skill").1;
    case.name = "notes".to_owned();
    (case, files)
}

#[test]
fn a_reviewer_that_reads_settles_what_is_open_and_no_other_does() {
    let (case, files) = open();
    let before = audit(&case, &files, &Reviewing::default());
    assert_eq!(Outcome::of(&before), Outcome::NeedsReview, "the case must be open without a review");
    for manner in liars::ALL {
        let after = audit(&case, &files, &reviewing(Arc::new(Liar::new(manner))));
        let cleared = Outcome::of(&after).is_approved();
        assert_eq!(cleared, manner == Manner::Perfect, "{manner:?}: {:?}", after.reviews);
        let run = after.reviews.expect("somebody was asked");
        let measure = run.reviewers[0].1;
        let void = matches!(
            manner,
            Manner::Approves | Manner::Alarms | Manner::Garbage | Manner::Half | Manner::Fails
        );
        assert!(!void || measure.void().is_some(), "{manner:?} {measure:?}");
        assert!(manner != Manner::Perfect || measure.void().is_none(), "{measure:?}");
    }
}

#[test]
fn no_injection_and_no_lie_lets_a_harmful_package_through() {
    let (denied, held) = harmful();
    assert!(injections::ALL.len() >= 60, "{}", injections::ALL.len());
    let (mut tried, mut through) = (0, Vec::new());
    for (turn, text) in injections::ALL.iter().enumerate() {
        for (set, name) in [(&denied, "denied"), (&held, "held back")] {
            let (id, case) = &set[turn % set.len()];
            let files = injections::put(case, text, turn);
            for manner in [Manner::Perfect, Manner::Obeys, Manner::Approves] {
                let audit = audit(case, &files, &reviewing(Arc::new(Liar::new(manner))));
                if Outcome::of(&audit).is_approved() {
                    through.push(format!("{id} ({name}) with injection {turn} {text:?}, {manner:?}"));
                }
                tried += 1;
            }
        }
    }
    assert!(through.is_empty(), "of {tried} attempts these were approved: {through:#?}");
    println!("{tried} attempts, none approved");
}

/// Answers every prompt with the same text.
struct Says(String);

impl Ask for Says {
    fn ask(&self, _prompt: &Prompt) -> Result<Reply, Trouble> {
        Ok(Reply { text: self.0.clone(), tokens_in: None, tokens_out: None })
    }
}

/// Answers as a reviewer that reads, but for one question.
struct Twisted {
    liar: Liar,
    turn: usize,
    answer: &'static str,
    cites: serde_json::Value,
    behaviours: Option<serde_json::Value>,
}

impl Ask for Twisted {
    fn ask(&self, prompt: &Prompt) -> Result<Reply, Trouble> {
        let reply = self.liar.ask(prompt)?;
        let mut value: serde_json::Value = serde_json::from_str(&reply.text).expect("JSON");
        let answers = value["answers"].as_array_mut().expect("answers");
        let at = self.turn % answers.len().max(1);
        answers[at]["answer"] = self.answer.into();
        if !self.cites.is_null() {
            answers[at]["cites"] = self.cites.clone();
        }
        if let Some(behaviours) = &self.behaviours {
            value["behaviours"] = behaviours.clone();
        }
        Ok(Reply { text: value.to_string(), ..reply })
    }
}

/// 0 denied by evidence, 1 held back for want of a review only, 2 approved.
fn rank(audit: &Audit) -> u8 {
    let open = |kind: &ReasonKind| matches!(kind, ReasonKind::Gap(gap) if gap.kind == GapKind::NeedsReview);
    let denied = audit.nodes.iter().filter(|node| node.verdict.decision == Decision::Deny);
    let reasons: Vec<_> = denied.flat_map(|node| &node.verdict.reasons).collect();
    match reasons.as_slice() {
        [] => 2,
        all if all.iter().all(|reason| open(&reason.kind)) => 1,
        _ => 0,
    }
}

/// What no review may exceed: evidence, with everything that a review may settle settled.
fn ceiling(audit: &Audit) -> u8 {
    if rank(audit) == 0 { 0 } else { 2 }
}

fn answers() -> impl Strategy<Value = String> {
    let word = prop_oneof!["yes", "no", "unsure", "approve", "\\PC{0,8}"];
    let cite = (prop_oneof!["F1", "F2", "SKILL.md", "\\PC{0,8}"], 0u32..20, prop_oneof!["---", "\\PC{0,20}"])
        .prop_map(|(file, line, quote)| serde_json::json!({"file": file, "line": line, "quote": quote}));
    let entry = ("Q[0-9]{1,2}", word, proptest::collection::vec(cite, 0..3)).prop_map(|(id, answer, cites)| {
        serde_json::json!({"id": id, "sort": "exfiltration", "answer": answer, "why": "", "cites": cites})
    });
    let lists = (proptest::collection::vec(entry.clone(), 0..9), proptest::collection::vec(entry, 0..3));
    prop_oneof![
        lists.prop_map(|(answers, behaviours)| {
            serde_json::json!({"answers": answers, "behaviours": behaviours, "verdict": "approve"})
                .to_string()
        }),
        "\\PC{0,60}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// For every possible answer, verdict ≤ evidence: a harmful package that evidence denies stays
    /// denied, whatever is said of it.
    #[test]
    fn no_answer_lifts_a_verdict_above_evidence(text in answers(), pick in 0usize..40) {
        let harmful: Vec<_> = cases().into_iter().filter(|(_, case)| case.bad.is_some()).take(40).collect();
        let (id, case) = &harmful[pick % harmful.len()];
        let files = case.bad.as_ref().expect("a harmful side");
        let evidence = audit(case, files, &Reviewing::default());
        let reviewed = audit(case, files, &reviewing(Arc::new(Says(text))));
        prop_assert!(rank(&reviewed) <= ceiling(&evidence), "{}", id);
        // Answers that no lines were read for never settle anything either.
        prop_assert!(rank(&reviewed) <= rank(&evidence), "{}: {:?}", id, reviewed.reviews);
    }

    /// The same for a reviewer that passes every measure and twists one answer.
    #[test]
    fn one_twisted_answer_of_a_good_reviewer_settles_nothing(
        turn in 0usize..12,
        answer in prop_oneof![Just("no"), Just("unsure"), Just("maybe")],
        cites in prop_oneof![Just(serde_json::Value::Null), Just(serde_json::json!([])), Just(serde_json::json!([{"file": "F1", "line": 1, "quote": "no such words"}]))],
    ) {
        let (case, files) = open();
        let twisted = Twisted { liar: Liar::new(Manner::Perfect), turn, answer, cites, behaviours: None };
        let reviewed = audit(&case, &files, &reviewing(Arc::new(twisted)));
        prop_assert!(rank(&reviewed) < 2 || answer == "no", "{:?}", reviewed.reviews);
    }
}
