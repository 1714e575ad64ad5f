//! Which bodies hold nothing, and the text without them.

use std::collections::HashSet;
use std::ops::Range;

use super::{LONG, Left, Prune};
use crate::check::parse::rust::lex::Kind;

/// A long constant that nothing that counts may use.
struct Constant<'a> {
    name: &'a str,
    /// Its tokens from behind the `=` up to the `;`.
    value: Range<usize>,
}

/// What can go, by ranges of tokens.
#[derive(Default)]
pub(super) struct Found<'a> {
    /// Contents of groups.
    bodies: Vec<Range<usize>>,
    constants: Vec<Constant<'a>>,
    /// Where the walk does not look: types, headers, aliases.
    pub(super) silent: Vec<Range<usize>>,
}

impl<'a> Prune<'a> {
    fn hit(&self, range: &Range<usize>) -> bool {
        let from = self.hits.partition_point(|&hit| hit < range.start);
        self.hits.get(from).is_some_and(|&hit| hit < range.end)
    }

    /// The parts that hold nothing.
    pub(super) fn holds_nothing(&self) -> Found<'a> {
        let mut found = Found::default();
        self.items(0..self.tokens.len(), &mut found);
        found
    }

    /// The file without them.
    pub(super) fn blanked(&self, found: &Found<'a>) -> Left {
        let constants = self.unused(found);
        if found.bodies.is_empty() && constants.is_empty() {
            return Left::Whole;
        }
        let mut bytes = self.text.as_bytes().to_vec();
        for range in &found.bodies {
            // With the comments, of which those that document are attributes.
            let (from, to) = (self.tokens[range.start - 1].end, self.tokens[range.end].start);
            bytes[from..to].fill(b' ');
        }
        for range in constants {
            let (from, to) = (self.tokens[range.start].start, self.tokens[range.end - 1].end);
            bytes[from..to].fill(b' ');
            bytes[from] = b'0';
        }
        // Tokens start and end between characters, so that what is left is text.
        String::from_utf8(bytes).map_or(Left::Whole, Left::Part)
    }

    /// See [`super::without_aliases`].
    pub(super) fn aliases(mut self) -> Option<String> {
        self.learn()?;
        let mut bytes = self.text.as_bytes().to_vec();
        let mut any = false;
        for at in 0..self.tokens.len() {
            if self.word(at) != "type" || self.word(at + 1).is_empty() {
                continue;
            }
            let end = self.statement_end(at + 1);
            let equals = (at + 2..end).find(|&at| self.is(at, Kind::Punct, b'='));
            let Some(value) = equals.map(|equals| equals + 1..end).filter(|value| !value.is_empty()) else {
                continue;
            };
            if !self.is(end, Kind::Punct, b';') || self.hit(&value) {
                continue;
            }
            let (from, to) = (self.tokens[value.start].start, self.tokens[value.end - 1].end);
            bytes[from..to].fill(b' ');
            bytes[from] = b'_';
            any = true;
        }
        String::from_utf8(bytes).ok().filter(|_| any)
    }

    /// The first brace, or the end of the statement, from `at` on.
    fn body(&self, mut at: usize, end: usize) -> Option<usize> {
        while at < end {
            let token = self.tokens[at];
            match token.kind {
                Kind::Open if token.first == b'{' => return Some(at),
                Kind::Open => at = self.mate[at] as usize,
                Kind::Punct if token.first == b';' => return None,
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// Takes the contents of the group that opens at `open`.
    fn take(&self, open: usize, found: &mut Found<'a>) {
        let close = self.mate[open] as usize;
        if close > open + 1 {
            found.bodies.push(open + 1..close);
        }
    }

    /// Looks through a sequence of items.
    fn items(&self, range: Range<usize>, found: &mut Found<'a>) {
        let mut at = range.start;
        while at < range.end {
            let token = self.tokens[at];
            at = match token.kind {
                Kind::Ident => self.item(at, range.end, found),
                Kind::Open => self.mate[at] as usize + 1,
                _ => at + 1,
            };
        }
    }

    /// Looks at the item with that keyword; gives where the next token to look at stands.
    fn item(&self, at: usize, end: usize, found: &mut Found<'a>) -> usize {
        let named = !self.word(at + 1).is_empty();
        match self.word(at) {
            "fn" if named => match self.body(at + 1, end) {
                Some(open) => {
                    let close = self.mate[open] as usize;
                    if !self.hit(&(at..close)) {
                        self.take(open, found);
                    }
                    close + 1
                }
                None => at + 1,
            },
            // The walk does not look into types.
            "struct" | "enum" | "union" if named => match self.body(at + 1, end) {
                Some(open) => {
                    self.take(open, found);
                    found.silent.push(at..self.mate[open] as usize);
                    self.mate[open] as usize + 1
                }
                None => {
                    found.silent.push(at..self.statement_end(at + 1));
                    self.statement_end(at + 1)
                }
            },
            "impl" | "trait" | "mod" => match self.body(at + 1, end) {
                Some(open) => {
                    let close = self.mate[open] as usize;
                    found.silent.push(at..open);
                    self.items(open + 1..close, found);
                    close + 1
                }
                None => at + 1,
            },
            "const" | "static" => self.constant(at, end, found),
            "use" => self.statement_end(at + 1),
            "type" => {
                found.silent.push(at..self.statement_end(at + 1));
                self.statement_end(at + 1)
            }
            _ if self.is(at + 1, Kind::Punct, b'!') => {
                let open = if self.word(at + 2).is_empty() { at + 2 } else { at + 3 };
                if self.tokens.get(open).is_none_or(|token| token.kind != Kind::Open) {
                    return at + 1;
                }
                let close = self.mate[open] as usize;
                if !self.hit(&(at..close)) {
                    self.take(open, found);
                }
                close + 1
            }
            _ => at + 1,
        }
    }

    fn constant(&self, at: usize, end: usize, found: &mut Found<'a>) -> usize {
        let name_at = if self.word(at + 1) == "mut" { at + 2 } else { at + 1 };
        let name = self.word(name_at);
        if matches!(name, "" | "fn" | "unsafe" | "extern" | "async" | "trait" | "impl") {
            return at + 1;
        }
        let stop = self.statement_end(name_at).min(end);
        let equals = (name_at + 1..stop).find(|&at| self.is(at, Kind::Punct, b'='));
        if let Some(equals) = equals {
            let value = equals + 1..stop;
            let plain = !(name_at..equals).any(|at| self.is(at, Kind::Punct, b'<'));
            let long =
                !value.is_empty() && self.tokens[value.end - 1].end - self.tokens[value.start].start >= LONG;
            if plain && long && !self.hit(&value) {
                found.constants.push(Constant { name, value });
            }
        }
        stop
    }

    /// The values of constants whose names stand nowhere in what is kept.
    fn unused(&self, found: &Found<'a>) -> Vec<Range<usize>> {
        if found.constants.is_empty() {
            return Vec::new();
        }
        let mut gone: Vec<&Range<usize>> =
            found.bodies.iter().chain(found.constants.iter().map(|constant| &constant.value)).collect();
        gone.sort_by_key(|range| range.start);
        let names: HashSet<&str> = found.constants.iter().map(|constant| constant.name).collect();
        let mut used: HashSet<&str> = HashSet::new();
        let mut at = 0;
        let mut previous = "";
        for range in gone.into_iter().chain([&(self.tokens.len()..self.tokens.len())]) {
            for token in at..range.start {
                let word = self.word(token);
                // Behind its keyword stands the declaration itself.
                if !matches!(previous, "const" | "static" | "mut") && names.contains(word) {
                    used.insert(word);
                }
                previous = word;
            }
            at = at.max(range.end);
        }
        // A constant that is used may use others.
        loop {
            let before = used.len();
            for constant in
                found.constants.iter().filter(|constant| used.contains(constant.name)).collect::<Vec<_>>()
            {
                for token in constant.value.clone() {
                    if names.contains(self.word(token)) {
                        used.insert(self.word(token));
                    }
                }
            }
            if used.len() == before {
                break;
            }
        }
        let unused = found.constants.iter().filter(|constant| !used.contains(constant.name));
        unused.map(|constant| constant.value.clone()).collect()
    }
}
