//! Which parts of a file the parser must see.
//!
//! A fact of the walk ([`super::walk`]) starts at a path that leads to the table of known names, or
//! at a name that an import, alias or constant binds to such a path. This pass finds these names
//! in the tokens, without regard to scopes and so rather too many, and blanks the bodies of
//! functions and macros, and long constants, in which none of them stands. What is left has the
//! same byte offsets and gives the same facts. Values matter to facts only where a flow or guard
//! can end; a file with such a name is kept whole.

use std::collections::HashMap;
use std::ops::Range;

use super::api::{API, Lead};
use super::facts::Raw;
use super::lex::{Kind, Lexer, Token};
use crate::model::FactKind;

/// What the parser must see of a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Left {
    /// Nothing: these facts are all that it would find.
    Nothing(Vec<Raw>),
    /// The file without the parts that hold nothing.
    Part(String),
    /// All of it.
    Whole,
}

/// Constants shorter than this are not worth blanking.
const LONG: usize = 256;
/// Names lead to names at most this often.
const ROUNDS: usize = 8;
/// Marks tokens that are no bracket.
const NONE: u32 = u32::MAX;

/// One leaf of a `use` or an `extern crate`, by indices of tokens.
struct Leaf {
    path: Vec<usize>,
    /// The name that it binds; `None` for a glob.
    name: Option<usize>,
    /// What to point at: the last word of the path, or the star.
    place: usize,
    /// Whether others can name it through this module.
    public: bool,
    /// Stands outside of all groups.
    outside: bool,
    /// Starts with `::`.
    colon: bool,
}

/// What is known of a name.
#[derive(Default)]
struct Known<'a> {
    lead: Lead,
    /// The paths that it stands for, if it stands for nothing else.
    paths: Vec<Vec<&'a str>>,
    /// It may stand for more than these paths.
    more: bool,
}

struct Prune<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    /// Index of the matching bracket.
    mate: Vec<u32>,
    names: HashMap<&'a str, Known<'a>>,
    sinks: bool,
    /// Indices of tokens at which something starts that counts, ascending.
    hits: Vec<usize>,
    /// Whether an import is one that others get through this file.
    beyond_imports: bool,
}

/// Looks at a file whose tokens are valid and whose delimiters match. `foreign` are functions of
/// its foreign blocks that the table knows.
pub fn prune(text: &str, foreign: &[String]) -> Left {
    Prune::new(text, foreign).map_or(Left::Whole, Prune::run)
}

/// The file with `_` for the aliased types in which nothing stands that counts: `type F = Fn(u8);`
/// was Rust until 2021, and parsers forget.
pub fn without_aliases(text: &str, foreign: &[String]) -> Option<String> {
    Prune::new(text, foreign)?.aliases()
}

impl<'a> Prune<'a> {
    fn new(text: &'a str, foreign: &[String]) -> Option<Self> {
        let tokens: Vec<Token> = Lexer::new(text).collect();
        let mut mate = vec![NONE; tokens.len()];
        let mut open = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            match token.kind {
                Kind::Open => open.push(at),
                Kind::Close => {
                    let from = open.pop()?;
                    mate[from] = at as u32;
                    mate[at] = from as u32;
                }
                _ => {}
            }
        }
        if !open.is_empty() || tokens.len() >= NONE as usize {
            return None;
        }
        let mut pass = Prune {
            text,
            tokens,
            mate,
            names: HashMap::new(),
            sinks: false,
            hits: Vec::new(),
            beyond_imports: false,
        };
        for name in foreign {
            if let Some(lead) = API.foreign_lead(name) {
                pass.add_found(name, lead);
            }
        }
        Some(pass)
    }

    fn word(&self, at: usize) -> &'a str {
        let Some(token) = self.tokens.get(at).filter(|token| token.kind == Kind::Ident) else { return "" };
        let word = &self.text[token.start..token.end];
        word.strip_prefix("r#").unwrap_or(word)
    }

    fn is(&self, at: usize, kind: Kind, first: u8) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == kind && token.first == first)
    }

    fn is_sep(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == Kind::PathSep)
    }

    fn run(mut self) -> Left {
        let Some(uses) = self.learn() else { return Left::Whole };
        if self.sinks {
            return Left::Whole;
        }
        let found = self.holds_nothing();
        if !self.beyond_imports
            && !self.hits.iter().any(|hit| !found.silent.iter().any(|range| range.contains(hit)))
            && let Some(raws) = self.imports(&uses)
        {
            return Left::Nothing(raws);
        }
        self.blanked(&found)
    }

    /// Finds names and hits; gives the imports.
    fn learn(&mut self) -> Option<Vec<Leaf>> {
        let uses = self.uses();
        let bindings = self.bindings();
        // Names that lead to names: to a fixed point, which is reached at once in real code.
        for round in 0.. {
            let before = self.names.len();
            for leaf in &uses {
                self.import(leaf);
            }
            for range in &bindings {
                let lead = self.leads_in(range.clone());
                if lead.any() {
                    self.add(self.word(range.start + 1), lead, None);
                }
            }
            if self.names.len() == before {
                break;
            }
            if round == ROUNDS {
                return None;
            }
        }
        self.find_hits(&uses);
        Some(uses)
    }

    fn add(&mut self, name: &'a str, lead: Lead, path: Option<Vec<&'a str>>) {
        if name.is_empty() || name == "_" {
            return;
        }
        let known = self.names.entry(name).or_default();
        known.lead = known.lead.and(lead);
        match path {
            Some(path) if !known.paths.contains(&path) => known.paths.push(path),
            Some(_) => {}
            None => known.more = true,
        }
    }

    /// Adds a name that stands in the text, and only then.
    fn add_found(&mut self, name: &str, lead: Lead) {
        let text = self.text;
        if let Some(at) = text.find(name) {
            self.add(&text[at..at + name.len()], lead, None);
        }
    }

    /// All leaves of all `use` declarations and `extern crate`.
    fn uses(&self) -> Vec<Leaf> {
        let mut out = Vec::new();
        let mut open = 0usize;
        for at in 0..self.tokens.len() {
            match self.tokens[at].kind {
                Kind::Open => open += 1,
                Kind::Close => open -= 1,
                _ => {}
            }
            let public = at > 0 && (self.word(at - 1) == "pub" || self.is(at - 1, Kind::Close, b')'));
            match self.word(at) {
                // `r#use` is a name, `use<…>` a bound.
                "use" if !self.is(at + 1, Kind::Punct, b'<') && self.tokens[at].first == b'u' => {
                    let (from, end) = (out.len(), self.statement_end(at + 1));
                    self.tree(at + 1..end, &mut Vec::new(), &mut out);
                    for leaf in &mut out[from..] {
                        (leaf.public, leaf.outside, leaf.colon) = (public, open == 0, self.is_sep(at + 1));
                    }
                }
                "crate" if at > 0 && self.word(at - 1) == "extern" => {
                    let name = if self.word(at + 2) == "as" { at + 3 } else { at + 1 };
                    let public = at > 1 && (self.word(at - 2) == "pub" || self.is(at - 2, Kind::Close, b')'));
                    let path = vec![at + 1];
                    let place = at + 1;
                    out.push(Leaf { path, name: Some(name), place, public, outside: open == 0, colon: true });
                }
                _ => {}
            }
        }
        out
    }

    /// Where the statement that starts at `from` ends: its `;`, or the end of the group around.
    fn statement_end(&self, from: usize) -> usize {
        let mut at = from;
        while at < self.tokens.len() {
            match self.tokens[at].kind {
                Kind::Open => at = self.mate[at] as usize,
                Kind::Close => return at,
                Kind::Punct if self.tokens[at].first == b';' => return at,
                _ => {}
            }
            at += 1;
        }
        at
    }

    /// The leaves of a use tree in `range`.
    fn tree(&self, range: Range<usize>, prefix: &mut Vec<usize>, out: &mut Vec<Leaf>) {
        let depth = prefix.len();
        let leaf = |path: &[usize], name, place: usize| Leaf {
            path: path.to_vec(),
            name,
            place,
            public: false,
            outside: false,
            colon: false,
        };
        let mut at = range.start;
        while at < range.end {
            let token = self.tokens[at];
            match token.kind {
                Kind::Ident if self.word(at) == "as" && prefix.len() > depth => {
                    out.push(leaf(prefix, Some(at + 1), at - 1));
                    prefix.truncate(depth);
                    at += 1;
                }
                Kind::Ident => prefix.push(at),
                Kind::Open => {
                    let close = self.mate[at] as usize;
                    self.tree(at + 1..close, prefix, out);
                    prefix.truncate(depth);
                    at = close;
                }
                Kind::Punct if token.first == b',' => {
                    if prefix.len() > depth {
                        out.push(leaf(prefix, prefix.last().copied(), at - 1));
                    }
                    prefix.truncate(depth);
                }
                Kind::Punct if token.first == b'*' => {
                    out.push(leaf(prefix, None, at));
                    prefix.truncate(depth);
                }
                _ => {}
            }
            at += 1;
        }
        if prefix.len() > depth {
            out.push(leaf(prefix, prefix.last().copied(), range.end - 1));
            prefix.truncate(depth);
        }
    }

    /// The words of a path; `a::{self}` is `a`.
    fn words(&self, path: &[usize]) -> Vec<&'a str> {
        let mut words: Vec<&str> = path.iter().map(|&at| self.word(at)).collect();
        if words.len() > 1 && words.last() == Some(&"self") {
            words.pop();
        }
        words
    }

    /// Notes what a leaf of a `use` binds.
    fn import(&mut self, leaf: &Leaf) {
        let words = self.words(&leaf.path);
        let lead = self.lead(&words);
        if !lead.any() {
            return;
        }
        match leaf.name {
            Some(at) => {
                let name = match self.word(at) {
                    "self" => words.last().copied().unwrap_or(""),
                    name => name,
                };
                // A path that starts at a name of the file is followed no further.
                let plain = leaf.colon || !self.names.contains_key(words[0]) || name == words[0];
                let local = matches!(words[0], "crate" | "self" | "super");
                self.add(name, lead, (plain && !local).then_some(words));
            }
            None => {
                for (name, lead) in API.under(&normal(&words)) {
                    self.add_found(&name, lead);
                }
            }
        }
    }

    /// Where a path leads, by the names known so far.
    fn lead(&self, words: &[&str]) -> Lead {
        let inside = |word: &&&str| matches!(**word, "crate" | "self" | "super" | "Self");
        let local = words.iter().take_while(inside).count();
        let words = &words[local..];
        let Some(first) = words.first() else { return Lead::default() };
        let mut lead = Lead::default();
        if let Some(known) = self.names.get(first) {
            if known.more {
                lead = known.lead;
                if lead.foreign && words.len() > 1 {
                    // The last name says what a foreign function does.
                    let last = words.last().and_then(|last| API.foreign_lead(last));
                    lead.sinks = last.is_some_and(|last| last.sinks);
                }
            }
            for path in &known.paths {
                let whole: Vec<&str> = path.iter().chain(&words[1..]).copied().collect();
                lead = lead.and(API.lead(&normal(&whole)));
            }
        }
        // A path through modules of this file: whatever of it is known.
        for word in &words[1..] {
            lead = lead.and(self.names.get(word).map(|known| known.lead).unwrap_or_default());
        }
        if local == 0 && (matches!(*first, "std" | "core" | "alloc") || API.is_root(first)) {
            lead = lead.and(API.lead(&normal(words)));
        }
        lead
    }

    /// Type aliases and constants: from the word before the name to the end.
    fn bindings(&self) -> Vec<Range<usize>> {
        let mut out = Vec::new();
        for at in 0..self.tokens.len() {
            if !matches!(self.word(at), "type" | "const" | "static") {
                continue;
            }
            let from = if self.word(at + 1) == "mut" { at + 1 } else { at };
            if !matches!(self.word(from + 1), "" | "fn" | "unsafe" | "extern" | "async" | "move") {
                out.push(from..self.statement_end(from + 1));
            }
        }
        out
    }

    /// What stands in a range of tokens.
    fn leads_in(&self, range: Range<usize>) -> Lead {
        let alias = self.word(range.start) == "type";
        let mut lead = Lead::default();
        let mut at = range.start;
        while at < range.end {
            let (found, next) = self.look(at);
            if alias || self.counts(found, next) {
                lead = lead.and(found);
            }
            at = next;
        }
        lead
    }

    /// Whether a path that ends before `next` gives a fact. Of a foreign crate's names only calls
    /// do, but for functions that the table knows.
    fn counts(&self, lead: Lead, next: usize) -> bool {
        let called = |at| self.is_sep(at) || self.is(at, Kind::Open, b'(') || self.is(at, Kind::Punct, b'!');
        lead.reaches || lead.sinks || lead.foreign && called(next)
    }

    /// What the path at a token leads to, and where the path ends.
    fn look(&self, at: usize) -> (Lead, usize) {
        let token = self.tokens[at];
        if token.kind != Kind::Ident {
            return (Lead::default(), at + 1);
        }
        let in_path = self.is_sep(at + 1) || (at > 0 && self.is_sep(at - 1));
        if !in_path {
            let word = self.word(at);
            // A method or field resolves to no path.
            let member = at > 0
                && self.is(at - 1, Kind::Punct, b'.')
                && !(at > 1 && self.is(at - 2, Kind::Punct, b'.'));
            if member {
                return (Lead::default(), at + 1);
            }
            return (self.names.get(word).map(|known| known.lead).unwrap_or_default(), at + 1);
        }
        let mut words = vec![self.word(at)];
        let mut next = at + 1;
        while self.is_sep(next) {
            match self.word(next + 1) {
                "" => break,
                word => words.push(word),
            }
            next += 2;
        }
        let lead = self.lead(&words);
        (lead, next)
    }

    fn find_hits(&mut self, uses: &[Leaf]) {
        for leaf in uses {
            let words = self.words(&leaf.path);
            let known = self.names.contains_key(words[0]) || API.is_root(words[0]);
            if (leaf.public && self.lead(&words).any()) || (known && words[0] != "std") {
                // Silent where it stands outside; `imports` tells these.
                if !leaf.outside {
                    self.hits.extend(leaf.path.last());
                }
                self.beyond_imports |= leaf.public && self.lead(&words).reaches;
            }
        }
        let mut at = 0;
        let mut in_use = false;
        // In a macro, an import may be no more than a path.
        let mut macro_end = 0;
        while at < self.tokens.len() {
            match self.word(at) {
                "use" if !self.is(at + 1, Kind::Punct, b'<') => in_use = true,
                "crate" if at > 0 && self.word(at - 1) == "extern" => in_use = true,
                _ => {}
            }
            if self.tokens[at].kind == Kind::Open && self.opens_macro(at) {
                macro_end = macro_end.max(self.mate[at] as usize);
            }
            in_use &= at >= macro_end && !self.is(at, Kind::Punct, b';');
            let (lead, next) = self.look(at);
            let folded = self.word(at) == "concat" && self.is(at + 1, Kind::Punct, b'!');
            if !in_use && (folded || self.counts(lead, next)) {
                // Whose folder is removed depends on values, as flows do.
                self.sinks |= lead.sinks || self.word(next - 1) == "remove_dir_all";
                self.hits.push(at);
            }
            at = next;
        }
        self.hits.sort_unstable();
    }

    /// Whether a bracket is that of a macro call or definition.
    fn opens_macro(&self, at: usize) -> bool {
        let named = usize::from(at > 1 && !self.word(at - 1).is_empty());
        at > named && self.is(at - 1 - named, Kind::Punct, b'!')
    }

    /// The imports of known crates, if they can be told without the parser.
    fn imports(&self, uses: &[Leaf]) -> Option<Vec<Raw>> {
        let mut first: Vec<(&str, Range<usize>)> = Vec::new();
        for leaf in uses {
            let words = self.words(&leaf.path);
            let root = words.first().copied().unwrap_or("");
            let crates = API.is_root(root) && root != "std";
            if !crates && !self.names.contains_key(root) {
                continue;
            }
            if !crates || !leaf.outside {
                // Through a name of this file, or in a module, function or macro.
                if root == "std" || !crates && matches!(self.names.get(root), Some(known) if !known.more) {
                    continue;
                }
                return None;
            }
            let token = self.tokens.get(leaf.place)?;
            first.push((root, token.start..token.end));
        }
        // Another thing of that name in this file hides the crate.
        let hides = |word: &str| {
            matches!(word, "mod" | "fn" | "struct" | "enum" | "union" | "trait" | "type" | "const" | "static")
        };
        for at in 1..self.tokens.len() {
            let named = first.iter().any(|(root, _)| *root == self.word(at));
            if named && hides(self.word(at - 1)) {
                return None;
            }
        }
        for leaf in uses {
            let bound = leaf.name.map(|at| self.word(at)).unwrap_or("");
            if first.iter().any(|(root, _)| *root == bound) && self.words(&leaf.path) != [bound] {
                return None;
            }
        }
        first.sort_by_key(|(_, range)| range.start);
        let mut raws: Vec<Raw> = Vec::new();
        for (root, range) in first {
            if !raws.iter().any(|raw| raw.name == root) {
                raws.push(Raw::new(FactKind::Import, root, range));
            }
        }
        Some(raws)
    }
}

/// A path as the table spells it.
fn normal(words: &[&str]) -> String {
    let mut path = words.join("::");
    for part in ["core", "alloc"] {
        if let Some(rest) = path.strip_prefix(part).filter(|rest| rest.is_empty() || rest.starts_with("::")) {
            path = format!("std{rest}");
            break;
        }
    }
    path
}

mod blank;
