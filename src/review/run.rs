//! One reviewer goes through the queue.
//!
//! Packets are made as they are needed and dropped when they are answered, so that memory does not
//! grow with the queue. Every reply is kept in the store before it is read: a run that was killed
//! pays for nothing twice. First, and then between packets, come copies with planted lines; a
//! reviewer that misses them is asked no further, and what it said counts for nothing.

use std::collections::VecDeque;
use std::fmt;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

use super::answer;
use super::ask::{Ask, Prompt, Reply, Trouble};
use super::canary::{self, Planted, Sort};
use super::ground::{self, Grounded};
use super::packet::Packet;
use super::slice::Limits;
use super::tokens;
use crate::model::{Cost, Digest, Measure, Review, Reviewer};
use crate::store::Store;

/// Packets that are measured before anything else is asked.
const MEASURED: usize = 3;
/// Packets for each further copy with planted lines, at least.
const EVERY: usize = 20;

/// A reviewer that may be asked, and how.
#[derive(Clone)]
pub struct Asker {
    /// Who.
    pub reviewer: Reviewer,
    /// How to ask.
    pub ask: Arc<dyn Ask>,
    /// How much it is shown at once.
    pub limits: Limits,
    /// Prompts at the same time.
    pub concurrency: usize,
    /// Price of a million tokens sent, and of a million that come back, in millionths.
    pub price: (u64, u64),
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Asker({})", self.reviewer)
    }
}

/// What a run may cost; `None` for no limit. Where something is spent already, the caller takes it off.
#[derive(Debug, Clone, Copy, Default)]
pub struct Budget {
    /// Tokens, both ways.
    pub tokens: Option<u64>,
    /// Money, in millionths.
    pub micros: Option<u64>,
}

/// What the run is made with, the same for all reviewers.
pub struct Setting<'a> {
    /// Keeps replies.
    pub store: &'a Store,
    /// Hexadecimal digest of the rules.
    pub rules: &'a str,
    /// The run's time, seconds since the epoch.
    pub now: i64,
    /// Whether a reviewer whose word does not count is asked on: to write its questions down, or to
    /// measure it.
    pub regardless: bool,
    /// Whether time is up.
    pub late: &'a (dyn Fn() -> bool + Sync),
}

/// What came of one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// A review.
    Review(Box<Review>),
    /// None, and why.
    Nothing(String),
}

/// What a run came to.
#[derive(Debug, Clone, Default)]
pub struct Ran {
    /// How far the reviewer's word goes.
    pub measure: Measure,
    /// Why the run ended early, if it did.
    pub ended: Option<String>,
    /// Why the first prompt that got no reply got none.
    pub failure: Option<String>,
}

/// What a prompt is for.
enum Purpose {
    Part { packet: usize, part: usize },
    Planted(Box<Planted>),
    Repeat,
}

struct Job {
    purpose: Purpose,
    prompt: Prompt,
    /// Tokens set aside for it.
    estimate: u64,
    /// Asked once more on purpose: the kept reply of the first time is not what is wanted.
    again: bool,
}

/// A packet whose replies are not all there.
struct Open {
    at: usize,
    packet: Packet,
    replies: Vec<Option<Result<Grounded, String>>>,
    cost: Cost,
}

/// Asks one reviewer about packets (each with the caller's number for it) in their order. `sink` is
/// given what came of each, once all its parts are answered; packets that the budget or a hopeless
/// reviewer cut are given too. Nothing is given that the planted lines of that time do not vouch for.
pub fn run(
    asker: &Asker,
    packets: &mut (dyn Iterator<Item = (usize, Packet)> + Send),
    budget: Budget,
    setting: &Setting<'_>,
    sink: &mut dyn FnMut(usize, Came),
) -> Ran {
    let mut first: VecDeque<(usize, Packet)> = VecDeque::new();
    while first.len() < MEASURED {
        match packets.next() {
            Some(packet) => first.push_back(packet),
            None => break,
        }
    }
    let mut ran = Ran::default();
    let opening = opening(&first);
    let mut state = State { asker, budget, setting, repeated: None, ran: &mut ran };
    state.pool(opening, &mut |state, job, reply| state.take(job, reply, &mut []));
    let voided = |measure: &Measure| measure.void().filter(|_| !setting.regardless);
    // Nobody answered at all: that says more than what was not noticed.
    let silent = state.ran.failure.clone().filter(|_| state.ran.measure.replies == 0 && !setting.regardless);
    let void = state.ran.ended.clone().or(silent).or_else(|| voided(&state.ran.measure));
    if let Some(why) = void {
        ran.ended.get_or_insert_with(|| why.clone());
        for (at, _) in first.into_iter().chain(packets) {
            sink(at, Came::Nothing(format!("{}: {why}", asker.reviewer)));
        }
        return ran;
    }
    let mut queue = first.into_iter().chain(packets);
    loop {
        // A batch ends with a copy with planted lines; what it gave counts once those are noticed.
        let batch: Vec<(usize, Packet)> = queue.by_ref().take(EVERY.max(4 * asker.concurrency)).collect();
        if batch.is_empty() {
            return ran;
        }
        let mut state = State { asker, budget, setting, repeated: None, ran: &mut ran };
        let given = state.batch(batch);
        let void = voided(&state.ran.measure);
        for (at, came) in given {
            match (&void, came) {
                (Some(why), Came::Review(_)) => {
                    sink(at, Came::Nothing(format!("{}: {why}", asker.reviewer)));
                }
                (_, came) => sink(at, came),
            }
        }
        let ended = ran.ended.clone().or(void);
        if let Some(why) = ended {
            ran.ended.get_or_insert_with(|| why.clone());
            for (at, _) in queue {
                sink(at, Came::Nothing(format!("{}: {why}", asker.reviewer)));
            }
            return ran;
        }
    }
}

/// The first prompts: planted copies of the first packets' first parts, and one part twice.
fn opening(first: &VecDeque<(usize, Packet)>) -> Vec<Job> {
    let mut jobs = Vec::new();
    let with_parts: Vec<&Packet> =
        first.iter().map(|(_, packet)| packet).filter(|p| !p.parts.is_empty()).collect();
    for turn in 0..MEASURED {
        let Some(packet) = with_parts.get(turn % with_parts.len().max(1)) else { break };
        for sort in [Sort::Bad, Sort::Harmless] {
            jobs.extend(planted(packet, sort, turn));
        }
    }
    if let Some(packet) = with_parts.first() {
        for again in [false, true] {
            let prompt = packet.prompt(0);
            jobs.push(Job { estimate: estimate(&prompt), prompt, purpose: Purpose::Repeat, again });
        }
    }
    jobs
}

/// A planted copy of a packet's first part that can hold one. Where no file is in a language that
/// has planted lines, a file of our own is put in.
fn planted(packet: &Packet, sort: Sort, turn: usize) -> Option<Job> {
    let draw = format!("{}{turn}{sort:?}", packet.subject);
    let (at, planted) = packet
        .parts
        .iter()
        .enumerate()
        .find_map(|(at, part)| Some((at, canary::plant(part, sort, &draw)?)))
        .or_else(|| {
            Some((0, canary::plant(&packet.parts.first()?.with_file("lib/index.js"), sort, &draw)?))
        })?;
    let prompt = packet.prompt_of(at, &planted.part);
    Some(Job {
        estimate: estimate(&prompt),
        prompt,
        purpose: Purpose::Planted(Box::new(planted)),
        again: false,
    })
}

/// Tokens that a prompt may cost at most.
fn estimate(prompt: &Prompt) -> u64 {
    (tokens::count(&prompt.system) + tokens::count(&prompt.user)) as u64 + u64::from(prompt.max_tokens)
}

/// A reply as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    text: String,
}

struct State<'a> {
    asker: &'a Asker,
    budget: Budget,
    setting: &'a Setting<'a>,
    /// The answers of the first of two equal prompts.
    repeated: Option<Vec<(String, Option<crate::model::Answer>)>>,
    ran: &'a mut Ran,
}

impl State<'_> {
    /// Asks for a batch of packets and one planted copy; gives what came of each, in order.
    fn batch(&mut self, batch: Vec<(usize, Packet)>) -> Vec<(usize, Came)> {
        let mut jobs = Vec::new();
        let mut open: Vec<Open> = Vec::with_capacity(batch.len());
        let middle = batch.len() / 2;
        for (number, (at, packet)) in batch.into_iter().enumerate() {
            for part in 0..packet.parts.len() {
                let prompt = packet.prompt(part);
                let purpose = Purpose::Part { packet: number, part };
                jobs.push(Job { estimate: estimate(&prompt), prompt, purpose, again: false });
            }
            if number == middle {
                jobs.extend(planted(&packet, Sort::Bad, MEASURED + at));
            }
            let replies = vec![None; packet.parts.len()];
            open.push(Open { at, packet, replies, cost: Cost::default() });
        }
        self.pool(jobs, &mut |state, job, reply| state.take(job, reply, &mut open));
        open.into_iter().map(|open| (open.at, self.close(open))).collect()
    }

    /// The review of a packet, or why there is none.
    fn close(&self, open: Open) -> Came {
        let who = &self.asker.reviewer;
        if open.packet.parts.is_empty() {
            return Came::Nothing("it has no lines that a reviewer could read".to_owned());
        }
        let mut grounded = Vec::new();
        for reply in open.replies {
            match reply {
                Some(Ok(one)) => grounded.push(one),
                Some(Err(why)) => return Came::Nothing(format!("{who}: {why}")),
                None => {
                    let why = self.ran.ended.as_deref().unwrap_or("not asked");
                    return Came::Nothing(format!("{who}: {why}"));
                }
            }
        }
        let packet = &open.packet;
        // Whoever is spoken to by what it reads has no vote on it.
        let complete = packet.left_out == 0 && packet.addressed.is_empty();
        let outcome = ground::outcome(&packet.parts, &grounded, complete);
        let mut claims: Vec<_> = grounded.iter().flat_map(|one| one.claims.clone()).collect();
        claims.sort();
        claims.dedup();
        let mut refused: Vec<String> = grounded.iter().flat_map(|one| one.refused.clone()).collect();
        let missed: usize = grounded.iter().map(|one| one.controls_missed).sum();
        if missed > 0 {
            refused.push(format!("{missed} questions with known answers were answered wrongly"));
        }
        refused.extend(
            packet
                .addressed
                .iter()
                .take(10)
                .map(|(file, line)| format!("{file}:{line} speaks to whoever reads it")),
        );
        refused.sort();
        Came::Review(Box::new(Review {
            purl: packet.purl.clone(),
            subject: packet.subject.clone(),
            reviewer: who.clone(),
            packet: packet.digest(),
            base: packet.base.clone(),
            rules: self.setting.rules.to_owned(),
            questions: packet.asked(),
            claims,
            refused,
            outcome,
            cost: open.cost,
            date: self.setting.now,
        }))
    }

    /// Takes one reply.
    fn take(&mut self, job: Job, reply: Answered, open: &mut [Open]) {
        let measure = &mut self.ran.measure;
        let reply = match reply {
            Ok((text, cost, reused)) => {
                measure.replies += 1;
                measure.reused += usize::from(reused);
                measure.cost.add(cost);
                Ok((text, cost))
            }
            Err(trouble) => {
                measure.failed += 1;
                self.ran.failure.get_or_insert_with(|| trouble.to_string());
                if let Trouble::Hopeless(why) = &trouble {
                    self.ran.ended.get_or_insert_with(|| why.clone());
                }
                Err(trouble.to_string())
            }
        };
        match job.purpose {
            Purpose::Planted(planted) => {
                let grounded = reply.ok().and_then(|(text, _)| answer::read(&text).ok());
                let grounded =
                    grounded.map(|replied| ground::ground(&planted.part, &replied)).unwrap_or_default();
                let noticed = usize::from(planted.noticed(&grounded));
                let measure = &mut self.ran.measure;
                match planted.sort {
                    Sort::Bad => {
                        (measure.planted, measure.noticed) = (measure.planted + 1, measure.noticed + noticed)
                    }
                    Sort::Harmless => {
                        (measure.harmless, measure.false_alarms) =
                            (measure.harmless + 1, measure.false_alarms + noticed);
                    }
                }
                measure.controls += grounded.controls;
                measure.controls_missed += grounded.controls_missed;
            }
            Purpose::Repeat => self.repeat(reply.ok().map(|(text, _)| text)),
            Purpose::Part { packet, part } => {
                let Some(open) = open.get_mut(packet) else { return };
                let grounded = reply.map(|(text, cost)| {
                    open.cost.add(cost);
                    match answer::read(&text) {
                        Ok(replied) => ground::ground(&open.packet.parts[part], &replied),
                        Err(why) => Grounded { refused: vec![why], ..Grounded::default() },
                    }
                });
                if let Ok(grounded) = &grounded {
                    let measure = &mut self.ran.measure;
                    measure.grounded += grounded.claims.len();
                    measure.refused += grounded.refused.len();
                    measure.controls += grounded.controls;
                    measure.controls_missed += grounded.controls_missed;
                }
                open.replies[part] = Some(grounded);
            }
        }
    }

    /// Compares the answers of two equal prompts.
    fn repeat(&mut self, text: Option<String>) {
        let replied = text.and_then(|text| answer::read(&text).ok()).unwrap_or_default();
        let mut answers: Vec<_> =
            replied.answers.into_iter().map(|entry| (entry.key, entry.answer)).collect();
        answers.sort();
        let Some(before) = self.repeated.take() else {
            self.repeated = Some(answers);
            return;
        };
        let measure = &mut self.ran.measure;
        measure.repeated += 1;
        measure.alike += usize::from(before == answers && !answers.is_empty());
    }

    /// Asks for all jobs, in order, on as many threads as the reviewer takes; hands each reply to
    /// `take` on this thread. Jobs that the budget does not cover, or that come after the end, are not
    /// asked.
    fn pool(&mut self, jobs: Vec<Job>, take: &mut dyn FnMut(&mut Self, Job, Answered)) {
        let spent = self.ran.measure.cost;
        let feed = Mutex::new(Feed {
            jobs: jobs.into(),
            tokens: spent.tokens_in + spent.tokens_out,
            micros: spent.micros,
            ended: None,
        });
        let (send, receive) = sync_channel(self.asker.concurrency.max(1));
        let (asker, setting, budget) = (self.asker, self.setting, self.budget);
        std::thread::scope(|scope| {
            for _ in 0..asker.concurrency.max(1) {
                let (send, feed) = (send.clone(), &feed);
                scope.spawn(move || {
                    while let Some((job, set_aside)) = next(feed, asker, budget, setting) {
                        let answered = ask(asker, setting.store, &job);
                        if let Ok(mut feed) = feed.lock() {
                            let cost = answered.as_ref().map(|(_, cost, _)| *cost).unwrap_or_default();
                            feed.tokens =
                                (feed.tokens + cost.tokens_in + cost.tokens_out).saturating_sub(job.estimate);
                            feed.micros = (feed.micros + cost.micros).saturating_sub(set_aside);
                            if let Err(Trouble::Hopeless(why)) = &answered {
                                feed.ended.get_or_insert_with(|| why.clone());
                            }
                        }
                        if send.send((job, answered)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(send);
            for (job, answered) in receive {
                take(self, job, answered);
            }
        });
        if let Some(why) = feed.into_inner().ok().and_then(|feed| feed.ended) {
            self.ran.ended.get_or_insert(why);
        }
    }
}

/// Text, cost, and whether it was kept from an earlier run.
type Answered = Result<(String, Cost, bool), Trouble>;

/// What is still to be asked, and what is spent or set aside.
struct Feed {
    jobs: VecDeque<Job>,
    tokens: u64,
    micros: u64,
    ended: Option<String>,
}

/// The next job that the budget covers, and the money set aside for it.
fn next(feed: &Mutex<Feed>, asker: &Asker, budget: Budget, setting: &Setting<'_>) -> Option<(Job, u64)> {
    let mut feed = feed.lock().ok()?;
    if feed.ended.is_some() {
        return None;
    }
    let wants = feed.jobs.front()?.estimate;
    // What comes back costs most; as if all of it did.
    let money = (wants * asker.price.0.max(asker.price.1)).div_ceil(1_000_000);
    let over = |limit: Option<u64>, used: u64, more: u64| limit.is_some_and(|limit| used + more > limit);
    let why = match () {
        () if over(budget.tokens, feed.tokens, wants) => Some("the budget of tokens is used up"),
        () if over(budget.micros, feed.micros, money) => Some("the budget of money is used up"),
        () if (setting.late)() => Some("the time for reviews is over"),
        () => None,
    };
    if let Some(why) = why {
        feed.ended = Some(why.to_owned());
        return None;
    }
    feed.tokens += wants;
    feed.micros += money;
    feed.jobs.pop_front().map(|job| (job, money))
}

/// The reply that an earlier run kept, else a new one, kept before anybody reads it.
fn ask(asker: &Asker, store: &Store, job: &Job) -> Answered {
    let prompt = &job.prompt;
    let turn = if job.again { "again" } else { "" };
    let key =
        format!("{}\n{turn}\n{}\n{}\n{}", asker.reviewer, prompt.system, prompt.user, prompt.max_tokens);
    let key = Digest::sha256(key.as_bytes()).hex();
    let kept = store.get("replies", &key).ok().flatten();
    if let Some(kept) = kept.and_then(|bytes| postcard::from_bytes::<Kept>(&bytes).ok()) {
        return Ok((kept.text, Cost::default(), true));
    }
    let Reply { text, tokens_in, tokens_out } = asker.ask.ask(prompt)?;
    let tokens_in =
        tokens_in.unwrap_or_else(|| (tokens::count(&prompt.system) + tokens::count(&prompt.user)) as u64);
    let tokens_out = tokens_out.unwrap_or_else(|| tokens::count(&text) as u64);
    let (price_in, price_out) = asker.price;
    let money = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price);
    let micros = (money(tokens_in, price_in) + money(tokens_out, price_out)).div_ceil(1_000_000);
    let cost = Cost { tokens_in, tokens_out, micros: u64::try_from(micros).unwrap_or(u64::MAX) };
    // What cannot be read is asked for again the next time.
    if let (Ok(_), Ok(bytes)) = (answer::read(&text), postcard::to_stdvec(&Kept { text: text.clone() })) {
        // Where it cannot be kept, a killed run pays again; nothing else.
        let _ = store.put("replies", &key, &bytes);
    }
    Ok((text, cost, false))
}
