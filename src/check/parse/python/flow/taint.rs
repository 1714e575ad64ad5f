//! What a value may hold, and the way it came.

use std::collections::BTreeMap;
use std::rc::Rc;

use ruff_text_size::TextRange;

use super::super::scope::FuncId;
use super::names;
use crate::check::flow::{
    BLOB, CUT_FILE, DECODED, DECODED_FILE, ENV, ENV_ALL, FILE, Mode, OTHER_FILE, SECRET_FILE, SECRET_PATH,
};

/// Where something comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A source.
    Source(&'static str),
    /// A parameter of a function of this file, and what happened to it.
    Param(FuncId, usize, Mode),
    /// What a call of another file's function gives, likewise.
    Import(u32, Mode),
}

/// A place on the way.
#[derive(Debug)]
pub struct Step {
    /// Where.
    pub range: TextRange,
    /// What came before.
    pub before: Option<Rc<Step>>,
    len: u8,
}

/// The way that something came, last place first.
pub type Trace = Option<Rc<Step>>;

/// Places that one way keeps.
const MAX_STEPS: u8 = 10;
/// Origins that one value may have.
const MAX_KEYS: usize = 48;

/// One more place.
pub fn step(trace: &Trace, range: TextRange) -> Trace {
    match trace {
        Some(last) if last.range == range || last.len >= MAX_STEPS => Some(Rc::clone(last)),
        Some(last) => Some(Rc::new(Step { range, before: Some(Rc::clone(last)), len: last.len + 1 })),
        None => Some(Rc::new(Step { range, before: None, len: 1 })),
    }
}

/// The places of a way in order.
pub fn places(trace: &Trace) -> Vec<TextRange> {
    let mut out = Vec::new();
    let mut at = trace.as_ref();
    while let Some(step) = at {
        out.push(step.range);
        at = step.before.as_ref();
    }
    out.reverse();
    out
}

/// The origins of a value, each with the first way that was found.
#[derive(Debug, Clone, Default)]
pub struct Taint {
    /// In order.
    pub keys: BTreeMap<Key, Trace>,
}

impl Taint {
    /// One source.
    pub fn source(name: &'static str, range: TextRange) -> Self {
        Self::one(Key::Source(name), step(&None, range))
    }

    /// One origin.
    pub fn one(key: Key, trace: Trace) -> Self {
        Self { keys: BTreeMap::from([(key, trace)]) }
    }

    /// Whether nothing is known to be in it.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether a source is in it.
    pub fn has(&self, name: &'static str) -> bool {
        self.keys.contains_key(&Key::Source(name))
    }

    /// Adds another's origins; true where that changed anything.
    pub fn merge(&mut self, other: &Self) -> bool {
        let mut changed = false;
        for (key, trace) in &other.keys {
            if self.keys.len() >= MAX_KEYS {
                break;
            }
            if !self.keys.contains_key(key) {
                self.keys.insert(*key, trace.clone());
                changed = true;
            }
        }
        changed
    }

    /// The same, one place further.
    #[must_use]
    pub fn at(&self, range: TextRange) -> Self {
        Self { keys: self.keys.iter().map(|(key, trace)| (*key, step(trace, range))).collect() }
    }

    /// The same without some sources.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        let keep = |key: &&Key| !matches!(key, Key::Source(name) if names.contains(name));
        Self {
            keys: self
                .keys
                .iter()
                .filter(|(key, _)| keep(key))
                .map(|(key, trace)| (*key, trace.clone()))
                .collect(),
        }
    }

    /// What it becomes on the way.
    #[must_use]
    pub fn through(&self, mode: Mode) -> Self {
        let mut out = Self::default();
        for (key, trace) in &self.keys {
            let key = match *key {
                Key::Source(name) => match (mode, name) {
                    (Mode::Decoded, FILE) => Key::Source(DECODED_FILE),
                    (Mode::Decoded, OTHER_FILE) => Key::Source(CUT_FILE),
                    (Mode::Decoded, BLOB) => Key::Source(DECODED),
                    (Mode::Opened, SECRET_PATH) => Key::Source(SECRET_FILE),
                    (Mode::Opened, _) => continue,
                    (Mode::Part, ENV_ALL) => Key::Source(ENV),
                    // One setting of a store is what its owner works with.
                    (Mode::Part, names::STORE) => continue,
                    _ => *key,
                },
                Key::Param(func, at, before) => Key::Param(func, at, before.then(mode)),
                Key::Import(call, before) => Key::Import(call, before.then(mode)),
            };
            out.keys.entry(key).or_insert_with(|| trace.clone());
        }
        out
    }
}
