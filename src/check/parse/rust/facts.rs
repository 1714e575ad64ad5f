//! Facts on their way out: collected by byte range, given context and lines at the end.

use std::ops::Range;

use crate::model::{CapabilityKind, Context, Fact, FactKind, LineIndex};

/// Most facts of one kind and name on one line longer than [`LONG_LINE`]. Finding the column
/// reads the line, so a packed file with a fact in every few bytes would cost its square.
const ON_LONG_LINE: usize = 64;
const LONG_LINE: usize = 1 << 16;

/// A fact without its place in the package's life.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Raw {
    pub start: usize,
    pub end: usize,
    pub kind: FactKind,
    pub name: String,
    pub value: String,
    pub capability: Option<CapabilityKind>,
    pub layer: u8,
}

impl Raw {
    /// A fact of that kind and name at those bytes.
    pub fn new(kind: FactKind, name: impl Into<String>, range: Range<usize>) -> Self {
        let (start, end) = (range.start, range.end);
        Self { start, end, kind, name: name.into(), value: String::new(), capability: None, layer: 0 }
    }

    /// A use of a name that gives a capability.
    pub fn call(name: impl Into<String>, capability: CapabilityKind, range: Range<usize>) -> Self {
        Self { capability: Some(capability), ..Self::new(FactKind::Call, name, range) }
    }

    /// With a value.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }
}

/// Byte ranges that give context to the facts in them.
#[derive(Debug, Default, Clone)]
pub struct Ranges {
    /// The file is a test, bench or example.
    pub test_file: bool,
    /// The file runs while the package is built.
    pub install: bool,
    /// Items that only a test build compiles.
    pub test: Vec<Range<usize>>,
    /// Functions that run without being called.
    pub top_level: Vec<Range<usize>>,
}

impl Ranges {
    fn context(&self, raw: &Raw) -> Context {
        let within = |ranges: &[Range<usize>]| ranges.iter().any(|range| range.contains(&raw.start));
        Context {
            install: self.install,
            test: self.test_file || within(&self.test),
            top_level: within(&self.top_level),
            layer: raw.layer,
            ..Context::default()
        }
    }
}

/// Sorts by place, drops repetitions and looks up lines.
pub fn finish(path: &str, text: &str, mut raws: Vec<Raw>, ranges: &Ranges) -> Vec<Fact> {
    if raws.is_empty() {
        return Vec::new();
    }
    raws.sort();
    raws.dedup();
    let index = LineIndex::new(path, text);
    let mut line = 0..0;
    let mut on_line: Vec<(FactKind, String, usize)> = Vec::new();
    let mut facts = Vec::with_capacity(raws.len());
    for raw in raws {
        if !line.contains(&raw.start) {
            let at = raw.start.min(text.len());
            let before = memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |newline| newline + 1);
            let after = memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |end| at + end);
            line = before..after + 1;
            on_line.clear();
        }
        if line.len() > LONG_LINE {
            let known = on_line.iter().position(|(kind, name, _)| *kind == raw.kind && *name == raw.name);
            let known = known.unwrap_or_else(|| {
                on_line.push((raw.kind, raw.name.clone(), 0));
                on_line.len() - 1
            });
            on_line[known].2 += 1;
            if on_line[known].2 > ON_LONG_LINE || known > ON_LONG_LINE {
                continue;
            }
        }
        let context = ranges.context(&raw);
        let mut fact = Fact::new(raw.kind, raw.name, index.span(raw.start, raw.end)).value(raw.value);
        fact.capability = raw.capability;
        fact.context = context;
        facts.push(fact);
    }
    facts
}
