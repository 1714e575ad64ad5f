//! Functions of a file: where their bodies stand, what their parameters are called, and which of them run
//! as soon as the code is loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::lex::{Kind, Lexed, Token};

/// Functions of one file that are looked at.
const MAX_FUNCTIONS: usize = 20_000;

/// Tokens in front of a body that are looked at.
const MAX_HEAD: usize = 512;

/// A function.
#[derive(Debug)]
pub struct Function<'a> {
    pub name: &'a str,
    pub params: Vec<&'a str>,
    /// Its tokens, without the braces.
    pub body: Range<usize>,
    /// It runs as soon as the code is loaded.
    pub starts: bool,
}

/// What a file is made of.
#[derive(Debug, Default)]
pub struct Units<'a> {
    pub functions: Vec<Function<'a>>,
    /// Statements outside of functions: their tokens.
    pub outside: Vec<Range<usize>>,
    /// For each bracket that opens, the token that closes it.
    pub mates: Vec<u32>,
}

/// The source with its tokens.
#[derive(Debug, Clone, Copy)]
pub struct Tokens<'a> {
    pub source: &'a str,
    pub lexed: &'a Lexed,
}

impl<'a> Tokens<'a> {
    pub fn get(&self, at: usize) -> Option<Token> {
        self.lexed.tokens.get(at).copied()
    }

    pub fn kind(&self, at: usize) -> Option<Kind> {
        self.get(at).map(|token| token.kind)
    }

    pub fn is(&self, at: usize, sign: u8) -> bool {
        self.kind(at) == Some(Kind::Sign(sign))
    }

    pub fn text(&self, at: usize) -> &'a str {
        self.get(at).and_then(|t| self.source.get(t.start as usize..t.end as usize)).unwrap_or("")
    }

    /// The word there, or nothing.
    pub fn word(&self, at: usize) -> &'a str {
        if self.kind(at) == Some(Kind::Word) { self.text(at) } else { "" }
    }

    fn before(&self, at: usize) -> Option<usize> {
        at.checked_sub(1)
    }
}

/// Functions that a loader calls by their names.
fn is_started_by_name(name: &str) -> bool {
    name.starts_with("PyInit_")
        || matches!(
            name,
            "JNI_OnLoad"
                | "DllMain"
                | "DllEntryPoint"
                | "_DllMainCRTStartup"
                | "napi_register_module_v1"
                | "NAPI_MODULE_INIT"
                | "NODE_MODULE_INIT"
                | "PYBIND11_MODULE"
                | "NB_MODULE"
                | "BOOST_PYTHON_MODULE"
                | "_init"
        )
}

/// Macros and slots that name the function that a loader calls.
const NAMES_START: &[&str] = &[
    "NAPI_MODULE",
    "NODE_MODULE",
    "NODE_API_MODULE",
    "NODE_MODULE_CONTEXT_AWARE",
    "Py_mod_exec",
    "Nan__Init",
];
/// Sections of functions that a loader calls.
const SECTIONS: &[&str] = &[".init_array", ".ctors", "__mod_init_func", ".CRT$X", ".preinit_array"];

/// Splits a file into its functions.
pub fn units<'a>(tokens: Tokens<'a>) -> Units<'a> {
    let mut out = Units { mates: mates(tokens), ..Units::default() };
    let mut named: BTreeSet<&str> = BTreeSet::new();
    let mut own_values: BTreeSet<&str> = BTreeSet::new();
    let mut at = 0;
    // Where the statement that is read starts, outside of functions.
    let mut start = 0;
    let own = tokens.lexed.own;
    while at < own {
        match tokens.kind(at) {
            Some(Kind::Sign(b'{')) => {
                let close = (out.mates.get(at).map_or(own, |close| *close as usize)).min(own);
                let before = start.max(at.saturating_sub(MAX_HEAD))..at;
                if let Some((name, params)) =
                    heads(tokens, &before).filter(|_| out.functions.len() < MAX_FUNCTIONS)
                {
                    let marked = before.clone().any(|at| tokens.word(at) == "constructor");
                    let starts = marked || is_started_by_name(name) || params.1;
                    out.functions.push(Function { name, params: params.0, body: at + 1..close, starts });
                    at = close + 1;
                    start = at;
                    continue;
                }
                let value = tokens.before(at).is_some_and(|before| tokens.is(before, b'='))
                    || before.clone().any(|at| tokens.is(at, b'='));
                if value {
                    at = close + 1;
                    continue;
                }
                // A namespace, a class, `extern "C"`: what is inside counts as outside.
                at += 1;
                start = at;
            }
            Some(Kind::Sign(b';' | b'}')) => {
                if start < at {
                    out.outside.push(start..at);
                    named_in(tokens, start..at, &mut named);
                    made_in(tokens, start..at, &mut own_values);
                }
                at += 1;
                start = at;
            }
            Some(Kind::Word) if NAMES_START.contains(&tokens.text(at)) => {
                named_in(tokens, at..(at + 8).min(own), &mut named);
                at += 1;
            }
            _ => at += 1,
        }
    }
    if start < own {
        out.outside.push(start..own);
        named_in(tokens, start..own, &mut named);
    }
    let mut classes: BTreeMap<&str, bool> = BTreeMap::new();
    for name in own_values {
        classes.insert(name, true);
    }
    for function in &mut out.functions {
        // `static Init init;` outside of functions runs the constructor of `Init`.
        function.starts |= named.contains(function.name) || classes.contains_key(function.name);
    }
    for (name, params, body) in &tokens.lexed.macros {
        if out.functions.len() < MAX_FUNCTIONS {
            let params = params.iter().map(String::as_str).collect();
            out.functions.push(Function { name, params, body: body.clone(), starts: false });
        }
    }
    out
}

/// The function whose body follows these tokens: its name, its parameters, and whether it is run where it
/// stands (a lambda that is called outside of functions).
fn heads<'a>(tokens: Tokens<'a>, before: &Range<usize>) -> Option<(&'a str, (Vec<&'a str>, bool))> {
    // `- (void)take:(id)x {`
    if matches!(tokens.kind(before.start), Some(Kind::Sign(b'-' | b'+'))) && tokens.is(before.start + 1, b'(')
    {
        let name = before.clone().skip(2).find(|at| tokens.is(at.wrapping_sub(1), b')'))?;
        let params = before.clone().filter(|at| tokens.is(at.wrapping_sub(1), b')')).skip(1);
        return Some((tokens.word(name), (params.map(|at| tokens.word(at)).collect(), false)));
    }
    let mut open = None;
    let mut at = before.start;
    let mut lambda = false;
    while at < before.end {
        match tokens.kind(at) {
            Some(Kind::Sign(b'=')) if !lambda => {
                lambda = tokens.is(at + 1, b'[');
                if !lambda {
                    return None;
                }
            }
            Some(Kind::Sign(b'(')) => {
                let close = closing(tokens, at, before.end)?;
                let name = tokens.word(at.wrapping_sub(1));
                let last_in_macro = matches!(
                    name,
                    "__attribute__" | "__declspec" | "noexcept" | "alignas" | "decltype" | "throw"
                );
                if open.is_none() && (!name.is_empty() || lambda) && !last_in_macro {
                    open = Some((at, close));
                }
                at = close;
            }
            _ => {}
        }
        at += 1;
    }
    let (open, close) = open?;
    let name = tokens.word(open - 1);
    if matches!(name, "if" | "while" | "for" | "switch") {
        return None;
    }
    // `PYBIND11_MODULE(x, m) {`, `int f(int a, char *b) const {`
    let mut params = Vec::new();
    let mut depth = 0usize;
    let mut last = "";
    for at in open + 1..close {
        match tokens.kind(at) {
            Some(Kind::Sign(b'(' | b'[' | b'<')) => depth += 1,
            Some(Kind::Sign(b')' | b']' | b'>')) => depth = depth.saturating_sub(1),
            Some(Kind::Sign(b',')) if depth == 0 => {
                params.push(last);
                last = "";
            }
            Some(Kind::Word) if depth == 0 || last.is_empty() => last = tokens.text(at),
            _ => {}
        }
    }
    if !last.is_empty() {
        params.push(last);
    }
    Some((if lambda { "[]" } else { name }, (params, lambda)))
}

fn closing(tokens: Tokens<'_>, open: usize, end: usize) -> Option<usize> {
    let mut depth = 0usize;
    for at in open..end {
        match tokens.kind(at) {
            Some(Kind::Sign(b'(')) => depth += 1,
            Some(Kind::Sign(b')')) => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// Functions that a statement outside of functions has a loader call.
fn named_in<'a>(tokens: Tokens<'a>, range: Range<usize>, named: &mut BTreeSet<&'a str>) {
    let within = || range.clone();
    // `void f(void) __attribute__((constructor));`
    let marked = within().any(|at| tokens.word(at) == "constructor");
    let section = within().any(|at| {
        tokens.kind(at) == Some(Kind::Text) && SECTIONS.iter().any(|name| tokens.text(at).contains(name))
    });
    let slot = within().any(|at| NAMES_START.contains(&tokens.word(at)));
    if marked || section || slot {
        named.extend(within().map(|at| tokens.word(at)).filter(|word| !word.is_empty()));
    }
    // `static int ready = start();`
    if let Some(value) = within().find(|at| tokens.is(*at, b'=')) {
        let word = tokens.word(value + 1);
        if tokens.is(value + 2, b'(') && !word.is_empty() {
            named.insert(word);
        }
    }
}

/// Types of which a value is made outside of functions.
fn made_in<'a>(tokens: Tokens<'a>, range: Range<usize>, made: &mut BTreeSet<&'a str>) {
    let from = if tokens.word(range.start) == "static" { range.start + 1 } else { range.start };
    // `} init;` names the class before.
    if range.end - from == 2 && !tokens.word(from).is_empty() && !tokens.word(from + 1).is_empty() {
        made.insert(tokens.word(from));
    }
}

/// For each token that opens a group, the one that closes it; the end for the others.
fn mates(tokens: Tokens<'_>) -> Vec<u32> {
    let all = &tokens.lexed.tokens;
    let end = u32::try_from(all.len()).unwrap_or(u32::MAX);
    let mut out = vec![end; all.len()];
    let mut open: Vec<(u8, usize)> = Vec::new();
    for (at, token) in all.iter().enumerate() {
        if at == tokens.lexed.own {
            open.clear();
        }
        let Kind::Sign(sign) = token.kind else { continue };
        match sign {
            b'(' | b'[' | b'{' => open.push((sign, at)),
            b')' | b']' | b'}' => {
                let want = match sign {
                    b')' => b'(',
                    b']' => b'[',
                    _ => b'{',
                };
                // A brace ends what was left open by the branches of a preprocessor.
                if want == b'{' {
                    while open.last().is_some_and(|(sign, _)| *sign != b'{') {
                        open.pop();
                    }
                }
                if open.last().is_some_and(|(sign, _)| *sign == want)
                    && let Some((_, start)) = open.pop()
                {
                    out[start] = at as u32;
                }
            }
            _ => {}
        }
    }
    out
}
