//! One pass over the tokens of a file: what needs no parser is reported here, and whether a
//! parser could find more is decided here.
//!
//! Reported: `unsafe`, foreign blocks and symbols, inline assembly, `include!` and `env!`, telling
//! literals, modules loaded, lines of code, exports, how deep the code nests. The full parse
//! takes these over unchanged. What it adds starts at a path, and each path that leads to the
//! table of known names ([`super::api`]) spells one of its words before `::` or in a `use`; so a
//! file without such a word ([`Survey::needs_parser`] is false) has no more facts.

use std::ops::Range;

use super::api::API;
use super::depth::Depth;
use super::facts::{Ranges, Raw};
use super::items::Items;
use super::lex::{Kind, Lexer, Token, unquote};
use super::literal;
use super::local;
use super::words as w;
use crate::check::parse::harm;
use crate::model::{CapabilityKind, FactKind};

/// What one pass over the tokens gives.
#[derive(Debug, Default)]
pub struct Survey {
    /// Facts that need no parser.
    pub raws: Vec<Raw>,
    /// Ranges that give context.
    pub ranges: Ranges,
    /// Whether a parser might find more.
    pub needs_parser: bool,
    /// Whether what functions do with bytes matters, so that the parser must see all.
    pub needs_all: bool,
    /// Whether it is Rust as far as tokens tell: valid ones, groups closed, items outside of them.
    pub is_rust: bool,
    /// Functions of its foreign blocks that the table knows.
    pub foreign: Vec<String>,
    /// Whether a token was none, or delimiters do not match.
    pub broken: Option<usize>,
    /// How much stack a recursive parser would need, in steps.
    pub depth: u64,
    /// Lines that hold code.
    pub code_lines: u64,
    /// Exported names, if the file is the root of a library.
    pub exports: u64,
    /// Files that this one loads.
    pub local: Vec<String>,
}

/// An attribute that is being read.
#[derive(Default)]
struct Attribute {
    /// Number of open groups inside its bracket.
    depth: usize,
    start: usize,
    inner: bool,
    first: Option<Range<usize>>,
    last_of_path: Option<Range<usize>>,
    in_path: bool,
    words: Vec<Range<usize>>,
    text: Option<String>,
}

/// What the attributes in front of an item say of it.
struct Pending {
    start: usize,
    depth: usize,
    test: bool,
    top_level: bool,
    item: bool,
    path: Option<String>,
}

struct Group {
    open: u8,
    /// Name of the inline module that it is the body of, or empty.
    module: Range<usize>,
    foreign: bool,
}

struct Pass<'a> {
    path: &'a str,
    lexer: Lexer<'a>,
    text: &'a str,
    out: Survey,
    groups: Vec<Group>,
    pending: Vec<Pending>,
    attribute: Option<Attribute>,
    depth: Depth,
    items: Items,
    in_use: bool,
    is_root: bool,
    /// Flags of the word before, where it was one.
    word: u32,
    previous: Option<Token>,
    module_name: Range<usize>,
    foreign_block: bool,
    foreign_names: Vec<&'a str>,
    foreign_calls: Vec<&'a str>,
    xor: bool,
    to_text: bool,
    /// Flags of all words, and whether a number may be a date.
    seen: u32,
    dated: bool,
}

/// Reads a file.
pub fn survey(path: &str, text: &str) -> Survey {
    let file = path.rsplit('/').next().unwrap_or(path);
    let mut pass = Pass {
        path,
        lexer: Lexer::new(text),
        text,
        out: Survey::default(),
        groups: Vec::new(),
        pending: Vec::new(),
        attribute: None,
        depth: Depth::default(),
        items: Items::default(),
        in_use: false,
        is_root: file == "lib.rs",
        word: 0,
        previous: None,
        module_name: 0..0,
        foreign_block: false,
        foreign_names: Vec::new(),
        foreign_calls: Vec::new(),
        xor: false,
        to_text: false,
        seen: 0,
        dated: false,
    };
    pass.out.ranges.install = path == "build.rs";
    pass.out.ranges.test_file = path
        .split('/')
        .take_while(|part| *part != "src")
        .any(|part| matches!(part, "tests" | "benches" | "examples"));
    while let Some(token) = pass.lexer.next() {
        pass.token(token);
    }
    pass.finish()
}

impl<'a> Pass<'a> {
    fn finish(mut self) -> Survey {
        while let Some(pending) = self.pending.pop() {
            self.end_item(&pending, self.text.len());
        }
        if !self.groups.is_empty() && self.out.broken.is_none() {
            self.out.broken = Some(self.text.len());
        }
        if self.foreign_names.iter().any(|name| self.foreign_calls.contains(name)) {
            self.out.needs_parser = true;
        }
        let held_back = self.seen & (w::TIME | w::CHANCE) == w::TIME | w::CHANCE;
        // A build script is short, and what it makes of files matters.
        let whole = self.out.ranges.install || self.seen & w::LOTS != 0;
        if held_back || whole || self.dated && harm::names_a_clock(self.text) {
            self.out.needs_parser = true;
            self.out.needs_all = true;
        }
        if (self.xor || self.seen & w::SHIFT != 0) && self.to_text {
            self.out.needs_parser = true;
            self.out.needs_all = true;
        }
        self.out.is_rust = self.out.broken.is_none() && self.items.are_all();
        self.out.foreign = self.foreign_names.iter().map(|name| (*name).to_owned()).collect();
        self.out.depth = self.depth.most();
        self.out.code_lines = self.lexer.code_lines();
        self.out.local.sort_unstable();
        self.out.local.dedup();
        self.out
    }

    fn peek(&self) -> Option<Token> {
        self.lexer.clone().next()
    }

    fn at(&self, range: &Range<usize>) -> &'a str {
        self.text.get(range.clone()).unwrap_or("")
    }

    fn token(&mut self, token: Token) {
        let mut word = 0;
        if token.kind == Kind::Ident {
            let slice = &self.text.as_bytes()[token.start..token.end];
            // `r#fs` names what `fs` names, and is never a keyword.
            word = match slice.strip_prefix(b"r#") {
                Some(raw) => API.words.flags(raw) & (w::ROOT | w::FOREIGN_NAME),
                None => API.words.flags(slice),
            };
        }
        self.seen |= word;
        if token.kind == Kind::Number && !self.dated && token.end - token.start >= 4 {
            self.dated = harm::may_be_day(self.at(&(token.start..token.end)));
        }
        self.depth.token(token, word, self.previous);
        match token.kind {
            Kind::Ident => self.ident(token, word),
            Kind::PathSep => {
                if self.word & w::ROOT != 0 {
                    self.out.needs_parser = true;
                }
            }
            Kind::Punct => self.punct(token),
            Kind::Open => self.open(token),
            Kind::Close => self.close(token),
            Kind::Str | Kind::RawStr => self.string(token),
            Kind::Bad => self.out.broken = self.out.broken.or(Some(token.start)),
            Kind::Lifetime | Kind::Char | Kind::Number => {}
        }
        self.items.token(token, &self.text.as_bytes()[token.start..token.end], self.groups.len());
        self.word = word;
        self.previous = Some(token);
    }

    fn ident(&mut self, token: Token, word: u32) {
        let range = token.start..token.end;
        if let Some(attribute) = &mut self.attribute {
            if attribute.first.is_none() {
                attribute.first = Some(range.clone());
            }
            if attribute.in_path {
                attribute.last_of_path = Some(range.clone());
            }
            if word & (w::ATTRIBUTE | w::UNSAFE) != 0 {
                attribute.words.push(range);
            }
            return;
        }
        if word == 0 {
            return;
        }
        let is_item = word & w::ITEM != 0;
        if is_item && let Some(pending) = self.pending.last_mut() {
            pending.item |= pending.depth == self.groups.len();
        }
        if word & w::ROOT != 0
            && (self.in_use || self.previous.is_some_and(|previous| previous.kind == Kind::PathSep))
        {
            self.out.needs_parser = true;
        }
        if word & w::TO_TEXT != 0 {
            self.to_text = true;
        }
        if word & (w::FOREIGN_NAME | w::FN | w::MOD) != 0 && self.previous_is(b"fn") {
            // A foreign function's declaration; its calls are looked at below.
            if word & w::FOREIGN_NAME != 0 && self.groups.last().is_some_and(|group| group.foreign) {
                self.foreign_names.push(self.at(&range));
            }
            return;
        }
        if word & w::FOREIGN_NAME != 0 {
            self.foreign_calls.push(self.at(&range));
        }
        if word & w::USE != 0 {
            self.in_use = true;
        }
        if word & w::PUB != 0 {
            self.public(token);
        }
        if word & w::EXTERN != 0 {
            self.external(token);
        }
        if word & w::UNSAFE != 0 {
            self.unsafe_word(token);
        }
        if word & w::MOD != 0 {
            self.module(token);
        }
        if word & w::FN != 0 && self.out.ranges.install && self.groups.is_empty() {
            let name = self.peek().map_or("", |token| self.at(&(token.start..token.end)));
            if name == "main" {
                self.pending.push(Pending {
                    start: token.start,
                    depth: 0,
                    test: false,
                    top_level: true,
                    item: true,
                    path: None,
                });
            }
        }
        if word & (w::ASM | w::INCLUDE | w::ENV | w::CONCAT) != 0 {
            self.macro_call(token, word);
        }
    }

    fn previous_is(&self, word: &[u8]) -> bool {
        self.previous.is_some_and(|token| &self.text.as_bytes()[token.start..token.end] == word)
    }

    /// `asm!`, `include!`, `env!`, `concat!`.
    fn macro_call(&mut self, token: Token, word: u32) {
        let mut ahead = self.lexer.clone();
        let bang = ahead.next();
        if bang.is_none_or(|bang| bang.first != b'!' || bang.kind != Kind::Punct) {
            return;
        }
        if ahead.next().is_none_or(|open| open.kind != Kind::Open) {
            return;
        }
        let name = self.at(&(token.start..token.end));
        let argument = ahead.next().filter(|token| matches!(token.kind, Kind::Str | Kind::RawStr));
        let argument = argument.and_then(|token| unquote(self.at(&(token.start..token.end))));
        let range = token.start..token.end;
        if word & w::ASM != 0 {
            self.out.raws.push(Raw::call(format!("core::arch::{name}!"), CapabilityKind::Native, range));
        } else if word & w::INCLUDE != 0 {
            if argument.is_none() {
                // `include!(concat!(…))`: only the parser folds it.
                self.out.needs_parser = true;
            } else if let Some(file) = argument {
                if name == "include" {
                    self.out.local.extend(local::file(self.path, &file));
                }
                let raw = Raw::new(FactKind::Call, format!("core::{name}!"), range);
                self.out.raws.push(raw.value(file));
            }
        } else if word & w::ENV != 0 {
            // What Cargo sets for every build tells nothing about the machine.
            let name = format!("core::{name}!");
            let value = argument.unwrap_or_else(|| "?".to_owned());
            let harmless = value.starts_with("CARGO_") || value == "OUT_DIR";
            let raw = if harmless {
                Raw::new(FactKind::Call, name, range)
            } else {
                Raw::call(name, CapabilityKind::Env, range)
            };
            self.out.raws.push(raw.value(value));
        } else {
            self.out.needs_parser = true;
        }
    }

    fn public(&mut self, token: Token) {
        if !self.is_root || !self.groups.is_empty() || self.pending.iter().any(|pending| pending.test) {
            return;
        }
        let mut ahead = self.lexer.clone();
        let Some(next) = ahead.next() else { return };
        let next = self.at(&(next.start..next.end));
        match next {
            "(" => {}
            "use" => {
                let mut leaves = 1u64;
                for token in ahead {
                    match (token.kind, token.first) {
                        (Kind::Punct, b',') => leaves += 1,
                        (Kind::Close, _) => {
                            // A comma before the brace starts no leaf.
                            let before = self.text[..token.start].trim_end();
                            leaves -= u64::from(before.ends_with(',') || before.ends_with('{')).min(leaves);
                        }
                        (Kind::Punct, b';') => break,
                        _ => {}
                    }
                }
                self.out.exports += leaves;
            }
            _ => {
                let _ = token;
                self.out.exports += 1;
            }
        }
    }

    /// `extern "C" {`, `extern "C" fn name`, `extern crate`.
    fn external(&mut self, token: Token) {
        let mut ahead = self.lexer.clone();
        let mut next = ahead.next();
        let mut abi = "C".to_owned();
        if let Some(token) = next.filter(|token| matches!(token.kind, Kind::Str | Kind::RawStr)) {
            abi = unquote(self.at(&(token.start..token.end))).unwrap_or_default();
            next = ahead.next();
        }
        let Some(next) = next else { return };
        if next.kind == Kind::Open && next.first == b'{' {
            self.foreign_block = true;
            let range = token.start..next.start;
            self.out.raws.push(Raw::call("extern", CapabilityKind::Native, range).value(abi));
        } else if self.at(&(next.start..next.end)) == "crate" {
            // `extern crate libc as sys;` is an import like `use`.
            self.in_use = true;
        }
    }

    fn unsafe_word(&mut self, token: Token) {
        let mut ahead = self.lexer.clone();
        let mut what = "";
        while let Some(next) = ahead.next() {
            let word = self.at(&(next.start..next.end));
            what = match word {
                "{" => "block",
                "impl" | "trait" | "mod" => word,
                "extern" => {
                    what = "extern";
                    continue;
                }
                "fn" => {
                    // `unsafe fn(…)` is a type.
                    if ahead.next().is_none_or(|next| next.kind == Kind::Open) { "" } else { "fn" }
                }
                "auto" | "async" | "const" | "safe" => continue,
                _ if what == "extern" && matches!(next.kind, Kind::Str | Kind::RawStr) => continue,
                _ => "",
            };
            if word == "{" && self.text[token.end..next.start].contains("extern") {
                what = "extern";
            }
            break;
        }
        if !what.is_empty() {
            let range = token.start..token.end;
            self.out.raws.push(Raw::call("unsafe", CapabilityKind::Unsafe, range).value(what));
        }
    }

    /// `mod name;` and `mod name {`.
    fn module(&mut self, _token: Token) {
        let mut ahead = self.lexer.clone();
        let Some(name) = ahead.next().filter(|name| name.kind == Kind::Ident) else { return };
        let range = name.start..name.end;
        match ahead.next() {
            Some(next) if next.first == b';' => {
                let inline: Vec<&str> = (self.groups.iter())
                    .filter(|group| !group.module.is_empty())
                    .map(|group| self.at(&group.module))
                    .collect();
                let depth = self.groups.len();
                let path = (self.pending.iter_mut().rev())
                    .filter(|pending| pending.depth == depth)
                    .find_map(|pending| pending.path.take());
                self.out.local.extend(local::module(self.path, &inline, self.at(&range), path.as_deref()));
            }
            Some(next) if next.kind == Kind::Open => self.module_name = range,
            _ => {}
        }
    }

    fn punct(&mut self, token: Token) {
        match token.first {
            b';' if self.attribute.is_none() => {
                self.in_use = false;
                self.item_ends(token.end);
            }
            b',' if self.pending.last().is_some_and(|p| p.depth == self.groups.len() && !p.item) => {
                self.item_ends(token.end);
            }
            b'^' => self.xor = true,
            b'#' if self.attribute.is_none() => {
                let mut ahead = self.lexer.clone();
                let mut next = ahead.next();
                let inner = next.is_some_and(|next| next.first == b'!');
                if inner {
                    next = ahead.next();
                }
                if next.is_some_and(|next| next.kind == Kind::Open && next.first == b'[') {
                    self.attribute =
                        Some(Attribute { start: token.start, inner, in_path: true, ..Attribute::default() });
                }
            }
            b'=' => {
                if let Some(attribute) = &mut self.attribute {
                    attribute.in_path = false;
                }
            }
            _ => {}
        }
    }

    fn item_ends(&mut self, end: usize) {
        while self.pending.last().is_some_and(|pending| pending.depth >= self.groups.len()) {
            if let Some(pending) = self.pending.pop() {
                self.end_item(&pending, end);
            }
        }
    }

    fn end_item(&mut self, pending: &Pending, end: usize) {
        if pending.test {
            self.out.ranges.test.push(pending.start..end);
        }
        if pending.top_level {
            self.out.ranges.top_level.push(pending.start..end);
        }
    }

    fn open(&mut self, token: Token) {
        if let Some(attribute) = &mut self.attribute {
            attribute.in_path &= attribute.depth == 0 && token.first == b'[';
            attribute.depth += 1;
        } else if token.first == b'[' {
            self.bytes(token);
        }
        self.groups.push(Group {
            open: token.first,
            module: std::mem::take(&mut self.module_name),
            foreign: std::mem::take(&mut self.foreign_block),
        });
    }

    fn close(&mut self, token: Token) {
        let fits = |open| matches!((open, token.first), (b'(', b')') | (b'[', b']') | (b'{', b'}'));
        if !self.groups.pop().is_some_and(|group| fits(group.open)) {
            self.out.broken = self.out.broken.or(Some(token.start));
        }
        if let Some(attribute) = &mut self.attribute {
            attribute.depth = attribute.depth.saturating_sub(1);
            if attribute.depth == 0
                && let Some(attribute) = self.attribute.take()
            {
                self.attribute_ends(&attribute, token.end);
            }
            return;
        }
        // An item ends with its body, and nothing outlives the group that it stands in.
        while let Some(pending) = self.pending.last() {
            let body = pending.depth == self.groups.len() && token.first == b'}';
            if !body && pending.depth <= self.groups.len() {
                break;
            }
            if let Some(pending) = self.pending.pop() {
                self.end_item(&pending, token.end);
            }
        }
    }

    /// An array of numbers that spells a text.
    fn bytes(&mut self, token: Token) {
        if let Some((text, end)) = literal::byte_array(self.lexer.clone(), self.text) {
            let raws = literal::facts(&text, token.start..end, 1);
            self.out.raws.extend(raws);
        }
    }

    fn string(&mut self, token: Token) {
        let range = token.start..token.end;
        if let Some(attribute) = &mut self.attribute {
            if attribute.first.as_ref().is_some_and(|first| &self.text[first.clone()] == "path")
                || attribute.words.iter().any(|word| &self.text[word.clone()] == "link_section")
            {
                attribute.text = unquote(&self.text[range]);
            }
            return;
        }
        // Accounts that are written down: whether they are put in for others, only the parser sees.
        let plain = self.at(&range).trim_matches('"');
        if (15..=62).contains(&plain.len()) && harm::is_account(plain) {
            self.out.needs_parser = true;
            self.out.needs_all = true;
        }
        if range.len() >= literal::SHORTEST
            && let Some(raws) = literal::in_source(&self.text[range.clone()], range)
        {
            // What a file with the name of a secret does with it may be seen in another one.
            if raws.iter().any(|raw| matches!(raw.name.as_str(), "path" | "wallet")) {
                self.out.needs_parser = true;
                self.out.needs_all = true;
            }
            self.out.raws.extend(raws);
        }
    }

    fn attribute_ends(&mut self, attribute: &Attribute, end: usize) {
        let first = attribute.first.as_ref().map_or("", |range| self.at(range));
        let has = |name: &str| attribute.words.iter().any(|range| self.at(range) == name);
        let range = attribute.start..end;
        let last = attribute.last_of_path.as_ref().map_or("", |range| self.at(range));
        let test = match first {
            "cfg" => has("test") && !has("not") && !has("any"),
            "cfg_attr" => false,
            _ => matches!(last, "test" | "bench"),
        };
        let mut native = None;
        for name in ["no_mangle", "export_name", "link_section", "link"] {
            if has(name) {
                native = Some(name);
                break;
            }
        }
        let section = has("link_section");
        let initialiser = section
            && attribute.text.as_deref().is_some_and(|text| {
                [".init_array", ".ctors", ".CRT$XC", "__mod_init_func", ".preinit_array", ".fini_array"]
                    .iter()
                    .any(|name| text.contains(name))
            });
        let constructor = matches!(last, "ctor" | "dtor") && first != "cfg";
        if let Some(name) = native {
            let raw = Raw::call(format!("#[{name}]"), CapabilityKind::Native, range.clone());
            self.out.raws.push(raw.value(attribute.text.clone().unwrap_or_default()));
        }
        if initialiser || constructor {
            let raw = Raw::new(FactKind::Shape, "runs-before-main", range.clone());
            self.out.raws.push(raw.value(self.at(&range)));
        }
        if first == "macro_export" && self.is_root && self.groups.is_empty() {
            self.out.exports += 1;
        }
        let path = (first == "path").then(|| attribute.text.clone()).flatten();
        let top_level = initialiser || constructor;
        if !(test || top_level || path.is_some()) {
            return;
        }
        let depth = self.groups.len();
        if attribute.inner {
            if test && depth == 0 {
                self.out.ranges.test_file = true;
            } else if test {
                self.pending.push(Pending {
                    start: attribute.start,
                    depth: depth - 1,
                    test,
                    top_level,
                    item: true,
                    path: None,
                });
            }
            return;
        }
        self.pending.push(Pending { start: attribute.start, depth, test, top_level, item: false, path });
    }
}
