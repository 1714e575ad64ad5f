//! The review stage: who is asked about what, what is known already, and what it comes to.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;

use super::{Options, Pending};
use crate::acquire::{Acquired, Acquirer, Refusal};
use crate::model::{
    Analysis, Contents, File, Gap, GapKind, Outcome, Package, Provenance, Queued, Review, ReviewRun, Standing,
};
use crate::review::packet::Packet;
pub use crate::review::run::Asker;
use crate::review::run::{self, Budget, Came, Setting};
use crate::review::slice::Limits;
use crate::review::weigh::{self, Vote, Weighed, Word};
use crate::vet;

/// What is known of earlier reviews, and where new ones go.
pub trait Memory: Send + Sync {
    /// Reviews of these contents whose signature holds, each with the id of the key that signed it.
    fn reviews(&self, purl: &str, subject: &str) -> Vec<(Review, String)>;
    /// Persons' words on these contents, likewise.
    fn words(&self, purl: &str, subject: &str) -> Vec<(Word, String)>;
    /// Keeps reviews; what could not be kept is said by [`Memory::remarks`].
    fn keep(&self, reviews: &[Review]);
    /// Whether a key is the user's own.
    fn is_own(&self, key: &str) -> bool;
    /// What was odd.
    fn remarks(&self) -> Vec<String>;
}

/// How reviews are made in this run.
#[derive(Clone, Default)]
pub struct Reviewing {
    /// Reviewers, asked one after the other until what is open is settled.
    pub askers: Vec<Asker>,
    /// What the run may cost.
    pub budget: Budget,
    /// When no further prompt is sent.
    pub until: Option<Instant>,
    /// Packages of at least this risk are asked about too, though the policy does not demand it.
    pub above: Option<u32>,
    /// Whether a reviewer whose word does not count is asked on all the same.
    pub regardless: bool,
    /// The ledger.
    pub memory: Option<Arc<dyn Memory>>,
}

impl fmt::Debug for Reviewing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reviewing({:?}, ledger: {})", self.askers, self.memory.is_some())
    }
}

/// What the stage needs of the rest.
pub(super) struct Stage<'a> {
    pub options: &'a Options,
    pub acquirer: &'a Acquirer,
    pub rules: &'a str,
    pub pool: &'a rayon::ThreadPool,
    /// What cargo-vet's audits say, by purl.
    pub vetted: &'a BTreeMap<String, vet::Coverage>,
}

/// One package in the queue.
struct Item {
    at: usize,
    score: u32,
    /// What is asked: ids of the questions that have to be answered.
    open: Vec<String>,
    due: Option<(u32, u32)>,
    votes: Vec<Vote>,
    words: Vec<Word>,
    came: Vec<(String, String)>,
}

impl Stage<'_> {
    /// Weighs what is known of each package, asks about what is open, and gives for each package what
    /// is left; and the queue, where there was anything to ask or to look up.
    pub fn run(&self, pending: &[Pending]) -> (BTreeMap<usize, Weighed>, Option<ReviewRun>) {
        let reviewing = &self.options.reviewing;
        let mut items: Vec<Item> =
            pending.iter().enumerate().filter_map(|(at, one)| self.item(at, one)).collect();
        items.sort_by(|a, b| {
            let purl = |item: &Item| &pending[item.at].package.purl;
            b.score.cmp(&a.score).then_with(|| purl(a).cmp(purl(b)))
        });
        let mut out = ReviewRun::default();
        let late = || reviewing.until.is_some_and(|until| Instant::now() >= until);
        let mut spent = crate::model::Cost::default();
        for asker in &reviewing.askers {
            let name = asker.reviewer.to_string();
            let wanted: Vec<usize> = (0..items.len())
                .filter(|at| {
                    let item = &items[*at];
                    let known = item
                        .votes
                        .iter()
                        .any(|vote| vote.review.reviewer == asker.reviewer && vote.void.is_none());
                    !known && !self.is_settled(item, &pending[item.at].gaps)
                })
                .collect();
            if wanted.is_empty() {
                continue;
            }
            let budget = Budget {
                tokens: reviewing
                    .budget
                    .tokens
                    .map(|limit| limit.saturating_sub(spent.tokens_in + spent.tokens_out)),
                micros: reviewing.budget.micros.map(|limit| limit.saturating_sub(spent.micros)),
            };
            let setting = Setting {
                store: &self.options.store,
                rules: self.rules,
                now: self.options.now,
                regardless: reviewing.regardless,
                late: &late,
            };
            let mut came: Vec<(usize, Came)> = Vec::new();
            let mut fresh: Vec<Review> = Vec::new();
            let unreadable = std::sync::Mutex::new(Vec::new());
            let of_item: Vec<(usize, usize)> = wanted.iter().map(|at| (*at, items[*at].at)).collect();
            let mut packets = Packets {
                stage: self,
                pending,
                todo: of_item.into(),
                ready: VecDeque::new(),
                limits: asker.limits,
                unreadable: &unreadable,
            };
            let ran = run::run(asker, &mut packets, budget, &setting, &mut |at, one| {
                if let (Came::Review(review), Some(memory), false) =
                    (&one, &reviewing.memory, reviewing.regardless)
                {
                    fresh.push((**review).clone());
                    // A few at a time: a killed run loses no more.
                    if fresh.len() >= 32 {
                        memory.keep(&std::mem::take(&mut fresh));
                    }
                }
                came.push((at, one));
            });
            if let Some(memory) = &reviewing.memory {
                memory.keep(&fresh);
            }
            spent.add(ran.measure.cost);
            let unreadable = unreadable.into_inner().unwrap_or_default();
            came.extend(unreadable.into_iter().map(|(at, why)| (at, Came::Nothing(why))));
            let void = ran.measure.void();
            for (at, one) in came {
                let item = &mut items[at];
                let text = match &one {
                    Came::Review(review) => review.outcome.as_str().to_owned(),
                    Came::Nothing(why) => why.clone(),
                };
                item.came.push((name.clone(), text));
                if let Came::Review(review) = one {
                    item.votes.push(Vote { review: *review, key: None, void: void.clone() });
                }
            }
            if let Some(why) = ran.failure {
                out.remarks
                    .push(format!("{name}: {} prompts got no reply, the first: {why}", ran.measure.failed));
            }
            out.reviewers.push((name, ran.measure));
        }
        let mut weighed = BTreeMap::new();
        for item in &items {
            weighed.insert(item.at, self.weigh(item, &pending[item.at].gaps));
        }
        out.queue = items
            .into_iter()
            .map(|item| Queued {
                score: item.score,
                purl: pending[item.at].package.purl.clone(),
                came: item.came,
            })
            .collect();
        if let Some(memory) = &reviewing.memory {
            out.remarks.extend(memory.remarks().into_iter().map(|remark| format!("ledger: {remark}")));
        }
        let said = !reviewing.askers.is_empty() || reviewing.memory.is_some();
        (weighed, said.then_some(out))
    }

    /// The package's entry, where a review could change anything or somebody said something already.
    fn item(&self, at: usize, pending: &Pending) -> Option<Item> {
        let (options, reviewing) = (self.options, &self.options.reviewing);
        let subject = pending.analysis.as_ref().map(|analysis| analysis.contents.as_str());
        let (mut votes, mut words, mut came) = (Vec::new(), Vec::new(), Vec::new());
        let open: Vec<String> = pending
            .gaps
            .iter()
            .filter(|gap| gap.kind == GapKind::NeedsReview)
            .map(crate::review::question::id_of)
            .collect();
        if let Some(subject) = subject {
            let (reviews, said) = remembered(self.options, &pending.package, subject);
            words = said;
            for (review, key) in reviews {
                // What was asked then must be what is open now, by the rules of now.
                if review.rules == self.rules && open.iter().all(|id| review.questions.contains(id)) {
                    came.push((review.reviewer.to_string(), format!("reused: {}", review.outcome.as_str())));
                    votes.push(Vote { review, key: Some(key), void: None });
                }
            }
        }
        if let Some(coverage) = self.vetted.get(&pending.package.purl) {
            words.extend(audited(coverage));
        }
        let score = pending.risk.score;
        let review = pending.risk.standing == Standing::Review;
        let due =
            options.policy.review.above.filter(|line| review && score >= *line).map(|line| (score, line));
        let asked = review && reviewing.above.is_some_and(|line| score >= line);
        let ask = review && pending.analysis.is_some() && (!open.is_empty() || due.is_some() || asked);
        (ask || due.is_some() || !votes.is_empty() || !words.is_empty()).then_some(Item {
            at,
            score,
            open,
            due,
            votes,
            words,
            came,
        })
    }

    /// The version that this one replaces and its digest, where it was reviewed, as often as the
    /// policy asks, and nobody who counts spoke against it.
    fn approved_before<'a>(&self, pending: &'a Pending) -> Option<(&'a Package, &'a str)> {
        let (package, subject) = pending.delta.before.as_ref()?;
        let (reviews, words) = remembered(self.options, package, subject);
        let against = is_against(&reviews, &words);
        let reviewers: BTreeSet<String> = reviews
            .iter()
            .filter(|(review, _)| review.outcome == Outcome::Clear)
            .map(|(review, _)| review.reviewer.to_string())
            .collect();
        let enough = reviewers.len() >= self.options.policy.review.quorum as usize || !words.is_empty();
        (enough && !against).then_some((package, subject.as_str()))
    }

    fn weigh(&self, item: &Item, gaps: &[Gap]) -> Weighed {
        let asked = weigh::Asked { quorum: self.options.policy.review.quorum as usize, due: item.due };
        weigh::weigh(gaps, &item.votes, &item.words, asked)
    }

    /// Whether no further reviewer is needed.
    fn is_settled(&self, item: &Item, gaps: &[Gap]) -> bool {
        let weighed = self.weigh(item, gaps);
        let enough = item.votes.iter().filter(|vote| vote.review.outcome == Outcome::Clear).count()
            >= self.options.policy.review.quorum as usize;
        let open = !item.open.is_empty() || item.due.is_some();
        weighed.testimony.is_some_and(|testimony| testimony.settled)
            && (enough || !open && !item.votes.is_empty() || !item.words.is_empty())
    }

    /// The package's files, again: they were dropped after the check.
    fn contents(&self, package: &Package) -> Result<Contents, String> {
        let why = |refusal: Box<Refusal>| refusal.gap.message;
        let acquired = self.acquirer.acquire(package).map_err(why)?;
        let list = match &acquired {
            Acquired::Distributions { list, .. } if list.len() != 1 => list,
            _ => return Ok(self.acquirer.unpack(package, &acquired).map_err(why)?.0),
        };
        // As the check names them: each archive's files below its name.
        let (mut files, mut buffer): (Vec<File>, Vec<u8>) = (Vec::new(), Vec::new());
        for one in list {
            let (contents, _) = self.acquirer.unpack_distribution(package, one).map_err(why)?;
            if buffer.len() as u64 + contents.size() > MAX_BYTES {
                return Err(format!("its archives hold more than {MAX_BYTES} bytes"));
            }
            for file in &contents.files {
                let start = buffer.len();
                buffer.extend_from_slice(contents.bytes(file));
                let path = format!("{}/{}", one.name, file.path).into();
                files.push(File { path, range: start..buffer.len(), executable: file.executable });
            }
        }
        Ok(Contents::new(Provenance::FirstParty, None, files, Arc::new(buffer)))
    }

    fn packet(&self, pending: &Pending, limits: Limits) -> Result<Packet, String> {
        let analysis: &Analysis = pending.analysis.as_ref().ok_or("its contents were not checked")?;
        let contents = self.contents(&pending.package)?;
        // Where the earlier contents cannot be had again, all of the new ones are shown.
        let base = self
            .approved_before(pending)
            .and_then(|(package, subject)| Some((self.contents(package).ok()?, subject)));
        let base = base.as_ref().map(|(contents, subject)| (contents, *subject));
        Ok(Packet::new(&pending.package, &contents, analysis, &pending.gaps, base, limits))
    }
}

/// Reviews of these contents, with the key that signed each, and persons' words on them: those of
/// keys that count for the package.
fn remembered(options: &Options, package: &Package, subject: &str) -> (Vec<(Review, String)>, Vec<Word>) {
    let Some(memory) = options.reviewing.memory.as_ref().filter(|_| !subject.is_empty()) else {
        return (Vec::new(), Vec::new());
    };
    let trusted = options.policy.trusted(package, options.now);
    let counts = |key: &str| memory.is_own(key) || trusted.contains(&key);
    let mut reviews = memory.reviews(&package.purl, subject);
    reviews.retain(|(_, key)| counts(key));
    let words = memory.words(&package.purl, subject);
    (reviews, words.into_iter().filter(|(_, key)| counts(key)).map(|(word, _)| word).collect())
}

fn is_against(reviews: &[(Review, String)], words: &[Word]) -> bool {
    words.iter().any(|word| !word.clear)
        || reviews.iter().any(|(review, _)| review.outcome == Outcome::Concern)
}

/// Whether somebody who counts spoke against the version that this one replaces.
pub(super) fn against_before(options: &Options, delta: &super::change::Delta) -> bool {
    delta.before.as_ref().is_some_and(|(package, subject)| {
        let (reviews, words) = remembered(options, package, subject);
        is_against(&reviews, &words)
    })
}

/// cargo-vet's audits of one version as a word on it.
fn audited(coverage: &vet::Coverage) -> Option<Word> {
    let by = "cargo-vet's audits".to_owned();
    if let Some(violation) = vet::findings(coverage).into_iter().next() {
        return Some(Word { clear: false, by, reason: violation.message });
    }
    let reason = coverage.required.join(", ");
    coverage.is_evidence().then_some(Word { clear: true, by, reason })
}

/// Largest sum of a version's archives that packets are made of, in bytes.
const MAX_BYTES: u64 = 256 << 20;

/// Makes packets a few at a time, on all threads, as they are asked for.
struct Packets<'a> {
    stage: &'a Stage<'a>,
    pending: &'a [Pending],
    todo: VecDeque<(usize, usize)>,
    ready: VecDeque<(usize, Packet)>,
    limits: Limits,
    unreadable: &'a std::sync::Mutex<Vec<(usize, String)>>,
}

/// Packets made at once.
const AHEAD: usize = 16;

impl Iterator for Packets<'_> {
    type Item = (usize, Packet);

    fn next(&mut self) -> Option<Self::Item> {
        while self.ready.is_empty() && !self.todo.is_empty() {
            let some: Vec<_> = self.todo.drain(..AHEAD.min(self.todo.len())).collect();
            let (stage, pending, limits) = (self.stage, self.pending, self.limits);
            let made: Vec<_> = self.stage.pool.install(|| {
                some.into_par_iter().map(|(item, at)| (item, stage.packet(&pending[at], limits))).collect()
            });
            for (item, packet) in made {
                match packet {
                    Ok(packet) => self.ready.push_back((item, packet)),
                    Err(why) => {
                        if let Ok(mut unreadable) = self.unreadable.lock() {
                            unreadable.push((item, why));
                        }
                    }
                }
            }
        }
        self.ready.pop_front()
    }
}
