//! What functions do: their calls with constants folded, what values carry from call to call, and what that
//! comes to.
//!
//! Statements are read in order and without branches. What functions of the file give, are given and do with
//! their parameters is learnt in two rounds; the last one reports.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::api::reach;
use super::lex::{Kind, unquote};
use super::units::{Function, Tokens, Units};
use crate::check::parse::rust::facts::Raw;
use crate::model::{CapabilityKind, FactKind};

/// What values carry.
pub mod carry {
    /// A connection.
    pub const SOCKET: u32 = 1;
    /// Received from the network.
    pub const NET: u32 = 1 << 1;
    /// A path at which secrets lie.
    pub const SECRET_PATH: u32 = 1 << 2;
    /// What stands in a file of secrets.
    pub const SECRET: u32 = 1 << 3;
    /// The whole environment.
    pub const ENV: u32 = 1 << 4;
    /// A variable of the environment that is named as a secret.
    pub const ENV_SECRET: u32 = 1 << 5;
    /// Bytes that stand in the file, as many as a program needs.
    pub const BYTES: u32 = 1 << 6;
    /// Memory that may be executed.
    pub const MEMORY: u32 = 1 << 7;
    /// Memory that was filled with bytes, or with what came over the network.
    pub const FILLED: u32 = 1 << 8;
    /// A program that was fetched, by its place.
    pub const FETCHED: u32 = 1 << 9;
    /// The first of the parameters' own bits.
    pub const PARAM: u32 = 16;
}
use carry::{BYTES, ENV, ENV_SECRET, FETCHED, FILLED, MEMORY, NET, PARAM, SECRET, SECRET_PATH, SOCKET};

/// Parameters of a function that are told apart.
const MAX_PARAMS: usize = 14;
/// How deep calls within calls are followed.
const MAX_DEPTH: usize = 48;
/// Longest text that folding makes.
const LONGEST: usize = 1 << 11;
/// Bytes from which a table may be a program.
const PROGRAM: usize = 24;
/// Entries of a list that are read one by one.
const MAX_LIST: usize = 1 << 12;
/// Functions from which calls are followed, and calls that are followed from one.
const MAX_STARTS: usize = 400;
const MAX_EDGES: usize = 20_000;
/// Separates arguments in a call's value.
const UNIT: &str = "\u{1f}";

/// What is known of a value.
#[derive(Debug, Clone, Default)]
pub struct Value {
    text: Option<String>,
    list: Vec<String>,
    carries: u32,
    /// The file that it stands for.
    place: Option<String>,
}

impl Value {
    fn of(carries: u32) -> Self {
        Self { carries, ..Self::default() }
    }

    fn shown(&self) -> &str {
        self.text.as_deref().unwrap_or("?")
    }
}

/// What a function does itself.
#[derive(Debug, Default, Clone)]
struct Deeds {
    connects: bool,
    shell: bool,
    /// A connection becomes the input or output of what is started: where.
    tied: Option<Range<usize>>,
    /// Reaches the network or another program: the call and where it stands.
    reaches: Option<(String, Range<usize>)>,
    /// Functions of the file that it calls or starts.
    calls: BTreeSet<usize>,
}

/// Reads the functions of a file.
pub struct Reader<'a> {
    tokens: Tokens<'a>,
    units: &'a Units<'a>,
    by_name: BTreeMap<&'a str, usize>,
    /// Values outside of functions.
    globals: BTreeMap<String, Value>,
    vars: BTreeMap<String, Value>,
    given: BTreeMap<(usize, usize), u32>,
    returns: BTreeMap<usize, Value>,
    /// Bits of the parameters that a function sends.
    sends: BTreeMap<usize, u32>,
    places: BTreeMap<String, u32>,
    deeds: Vec<Deeds>,
    current: usize,
    raws: Vec<Raw>,
    reporting: bool,
    /// Sockets of the file that never leave the machine.
    local_only: bool,
}

fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "if" | "while"
            | "for"
            | "switch"
            | "return"
            | "sizeof"
            | "else"
            | "do"
            | "case"
            | "goto"
            | "throw"
            | "new"
            | "delete"
            | "catch"
            | "defined"
            | "alignof"
            | "co_await"
            | "co_return"
            | "not"
            | "and"
            | "or"
    )
}

fn is_shell(text: &str) -> bool {
    let name = text.trim().rsplit(['/', '\\']).next().unwrap_or(text);
    let name = name.split_whitespace().next().unwrap_or(name);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    matches!(name, "sh" | "bash" | "dash" | "zsh" | "ksh" | "ash" | "cmd" | "powershell" | "pwsh")
}

/// Paths of files that hold secrets, in lower case.
const SECRETS: &[&str] = &[
    ".ssh/id_",
    ".aws/credentials",
    ".npmrc",
    ".pypirc",
    ".netrc",
    ".git-credentials",
    ".docker/config.json",
    ".kube/config",
    ".cargo/credentials",
    ".config/gcloud",
    ".config/gh/hosts",
    ".gnupg/",
    "/etc/shadow",
    "wallet.dat",
    "login data",
    ".electrum",
    ".ethereum/keystore",
    ".bitcoin/",
    ".config/solana",
];
/// Files that are read at every start, in lower case.
const STARTUP: &[&str] = &[
    ".bashrc",
    ".bash_profile",
    ".zshrc",
    ".profile",
    ".zshenv",
    "/etc/cron",
    "/var/spool/cron",
    "launchagents/",
    "launchdaemons/",
    ".config/autostart",
    "systemd/user/",
    "/etc/systemd/system",
    "authorized_keys",
    "/etc/ld.so.preload",
    "/etc/profile.d/",
    "start menu\\programs\\startup",
];

fn carried_by(text: &str) -> u32 {
    let lower = text.replace('\\', "/").to_ascii_lowercase();
    if text.len() < 512 && SECRETS.iter().any(|part| lower.contains(part)) { SECRET_PATH } else { 0 }
}

fn is_startup(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    text.len() < 256 && STARTUP.iter().any(|part| lower.contains(part))
}

/// Whether bytes are none of a text's.
fn is_program(bytes: &[u8]) -> bool {
    let odd = bytes.iter().filter(|byte| !byte.is_ascii_graphic() && !byte.is_ascii_whitespace()).count();
    bytes.len() >= PROGRAM && odd * 3 >= bytes.len()
}

impl<'a> Reader<'a> {
    pub fn new(tokens: Tokens<'a>, units: &'a Units<'a>) -> Self {
        let by_name = units.functions.iter().enumerate().map(|(at, function)| (function.name, at)).collect();
        Self {
            tokens,
            units,
            by_name,
            globals: BTreeMap::new(),
            vars: BTreeMap::new(),
            given: BTreeMap::new(),
            returns: BTreeMap::new(),
            sends: BTreeMap::new(),
            places: BTreeMap::new(),
            deeds: vec![Deeds::default(); units.functions.len()],
            current: usize::MAX,
            raws: Vec::new(),
            reporting: false,
            local_only: tokens.source.contains("sockaddr_un") && !tokens.source.contains("sockaddr_in"),
        }
    }

    /// The facts, and the bytes of functions that run as soon as the code is loaded.
    pub fn read(mut self) -> (Vec<Raw>, Vec<Range<usize>>) {
        for range in &self.units.outside {
            if range.clone().any(|at| self.tokens.is(at, b'=')) {
                self.statements(range.clone(), 0);
            }
        }
        self.globals = std::mem::take(&mut self.vars);
        for round in 0..3 {
            self.reporting = round == 2;
            for (at, function) in self.units.functions.iter().enumerate() {
                self.function(at, function);
            }
        }
        let started = self.started();
        self.whole(&started);
        let spans = started.iter().map(|at| self.units.functions[*at].body.clone());
        let spans = spans.filter_map(|body| {
            let from = self.tokens.get(body.start)?.start as usize;
            let to = self.tokens.get(body.end.checked_sub(1)?)?.end as usize;
            (from <= to).then_some(from..to)
        });
        let spans = spans.collect();
        (self.raws, spans)
    }

    fn function(&mut self, at: usize, function: &Function<'a>) {
        self.current = at;
        self.vars.clear();
        for (place, name) in function.params.iter().enumerate().take(MAX_PARAMS) {
            let given = self.given.get(&(at, place)).copied().unwrap_or(0);
            self.vars.insert((*name).to_owned(), Value::of(given | 1 << (PARAM + place as u32)));
        }
        self.statements(function.body.clone(), 0);
        self.current = usize::MAX;
    }

    fn deed(&mut self) -> Option<&mut Deeds> {
        self.deeds.get_mut(self.current)
    }

    fn range(&self, from: usize, to: usize) -> Range<usize> {
        let start = self.tokens.get(from).map_or(0, |token| token.start as usize);
        let end = self.tokens.get(to).or_else(|| self.tokens.get(from)).map_or(start, |t| t.end as usize);
        start..end.max(start)
    }

    fn report(&mut self, raw: Raw) {
        if self.reporting {
            self.raws.push(raw);
        }
    }

    fn mate(&self, at: usize) -> usize {
        self.units.mates.get(at).map_or(usize::MAX, |mate| *mate as usize)
    }

    fn var(&self, name: &str) -> Option<&Value> {
        self.vars.get(name).or_else(|| self.globals.get(name))
    }

    /// What a bracket closes, if that is near.
    fn opened(&self, close: usize, floor: usize) -> Option<usize> {
        (floor.max(close.saturating_sub(256))..close).rev().find(|open| self.mate(*open) == close)
    }

    /// `void (*run)(void) =`: what is set is `run`, which the list of parameters hides.
    fn pointer(&self, last: usize, floor: usize) -> Option<usize> {
        if !self.tokens.is(last, b')') {
            return None;
        }
        let name = self.opened(last, floor)?.checked_sub(2)?;
        (self.tokens.is(name + 1, b')') && self.tokens.is(name.checked_sub(1)?, b'*')).then_some(name)
    }

    /// `a->b.c[i]`, read from its last token back: the name as a whole, and where it starts.
    fn chain(&self, last: usize, floor: usize) -> (String, usize) {
        let mut at = last;
        let mut parts: Vec<&str> = Vec::new();
        loop {
            while self.tokens.is(at, b']') && at > floor {
                let Some(open) = self.opened(at, floor) else { break };
                at = open.saturating_sub(1);
            }
            let word = self.tokens.word(at);
            if word.is_empty() {
                break;
            }
            parts.push(word);
            let joined = at > floor + 1
                && matches!(self.tokens.kind(at - 1), Some(Kind::Arrow | Kind::Sign(b'.') | Kind::Scope));
            if !joined || parts.len() > 8 {
                break;
            }
            at -= 2;
        }
        parts.reverse();
        (parts.join("."), at)
    }

    fn set(&mut self, name: String, value: Value, add: bool) {
        if name.is_empty() {
            return;
        }
        let known = self.vars.get(&name).cloned().unwrap_or_default();
        let global = self.globals.contains_key(&name) && !self.vars.contains_key(&name);
        let value = match add {
            true => Value {
                carries: known.carries | value.carries,
                text: match (&known.text, &value.text) {
                    (Some(a), b) if a.len() < LONGEST => Some(format!("{a}{}", b.as_deref().unwrap_or("?"))),
                    _ => value.text,
                },
                ..value
            },
            // What is set in one branch may hold in another.
            false => Value { carries: value.carries | known.carries & (SOCKET | MEMORY | FILLED), ..value },
        };
        if global && let Some(shared) = self.globals.get_mut(&name) {
            shared.carries |= value.carries & 0xffff;
        }
        self.vars.insert(name, value);
    }

    fn statements(&mut self, range: Range<usize>, depth: usize) {
        let mut at = range.start;
        while at < range.end {
            match self.tokens.kind(at) {
                Some(Kind::Sign(b'=')) => at = self.assignment(at, &range, depth),
                Some(Kind::Word) if self.tokens.word(at) == "return" => {
                    let end = self.end_of(at + 1, range.end);
                    let value = self.eval(at + 1..end, depth + 1);
                    let known = self.returns.entry(self.current).or_default();
                    known.carries |= value.carries & 0xffff;
                    known.text = value.text;
                    at = end.max(at + 1);
                }
                Some(Kind::Word) if self.is_call(at) => at = self.call(at, &range, depth).1,
                Some(Kind::Sign(b'(')) => {
                    self.called_memory(at);
                    at += 1;
                }
                _ => at += 1,
            }
        }
    }

    /// The end of the expression that starts there: a semicolon, a comma, or what closes around it.
    fn end_of(&self, from: usize, limit: usize) -> usize {
        let mut at = from;
        while at < limit {
            match self.tokens.kind(at) {
                Some(Kind::Sign(b'(' | b'[' | b'{')) => at = self.mate(at).min(limit),
                Some(Kind::Sign(b';' | b',' | b')' | b']' | b'}')) => return at,
                _ => {}
            }
            at += 1;
        }
        limit
    }

    fn assignment(&mut self, at: usize, range: &Range<usize>, depth: usize) -> usize {
        let add = self.tokens.is(at.wrapping_sub(1), b'+');
        let last = at.saturating_sub(1 + usize::from(add || is_operator(self.tokens, at.wrapping_sub(1))));
        let last = self.pointer(last, range.start).unwrap_or(last);
        let (name, _) = self.chain(last.max(range.start), range.start);
        let end = self.end_of(at + 1, range.end);
        let value = self.eval(at + 1..end, depth + 1);
        let field = name.rsplit('.').next().unwrap_or_default();
        if matches!(field, "hStdInput" | "hStdOutput" | "hStdError") && value.carries & SOCKET != 0 {
            let place = self.range(at, at);
            if let Some(deed) = self.deed() {
                deed.tied.get_or_insert(place);
            }
        }
        self.set(name, value, add);
        end.max(at + 1)
    }

    fn is_call(&self, at: usize) -> bool {
        self.tokens.is(at + 1, b'(') && !is_keyword(self.tokens.word(at))
    }

    /// `((void (*)(void))code)()`: what is called is memory.
    fn called_memory(&mut self, at: usize) {
        // `) code ) (`
        let before = at.wrapping_sub(1);
        if !self.tokens.is(before, b')') {
            return;
        }
        let name = self.tokens.word(at.wrapping_sub(2));
        let cast = self.tokens.is(at.wrapping_sub(3), b')');
        let carries = self.var(name).map_or(0, |value| value.carries);
        if !name.is_empty() && cast {
            self.runs_memory(carries, self.range(at, at));
        }
    }

    fn runs_memory(&mut self, carries: u32, span: Range<usize>) {
        if carries & (FILLED | BYTES) != 0 {
            let from = if carries & NET != 0 { "net" } else { "decoded" };
            self.report(Raw::new(FactKind::Flow, format!("{from}->memory"), span));
        }
    }

    fn eval(&mut self, range: Range<usize>, depth: usize) -> Value {
        let mut out = Value::default();
        let mut text: Option<String> = None;
        // Anything that is no part of a text takes the text away.
        let mut plain = true;
        let mut at = range.start;
        if depth > MAX_DEPTH {
            return out;
        }
        while at < range.end {
            let mut part = None;
            match self.tokens.kind(at) {
                Some(Kind::Text) => {
                    let bytes = unquote(self.tokens.text(at));
                    out.carries |= if is_program(&bytes) { BYTES } else { 0 };
                    part = Some(String::from_utf8_lossy(&bytes).into_owned());
                    at += 1;
                }
                Some(Kind::Word) if self.is_call(at) => {
                    let (value, end) = self.call(at, &range, depth + 1);
                    out.carries |= value.carries;
                    out.place = out.place.or(value.place);
                    match value.text {
                        Some(text) => part = Some(text),
                        None => plain = false,
                    }
                    at = end;
                }
                Some(Kind::Word) if self.called_on(at, &range).is_some() => {
                    at = self.called_on(at, &range).unwrap_or(at + 1);
                }
                Some(Kind::Word) => {
                    let (value, end) = self.word(at, &range, depth);
                    match value {
                        Some(value) => {
                            out.carries |= value.carries;
                            out.place = out.place.or(value.place);
                            if out.list.is_empty() {
                                out.list = value.list;
                            }
                            match value.text {
                                Some(text) => part = Some(text),
                                None => plain = false,
                            }
                        }
                        None => plain &= is_qualifier(self.tokens.word(at)),
                    }
                    at = end;
                }
                Some(Kind::Sign(b'{')) => {
                    let close = self.mate(at).min(range.end);
                    let inner = at + 1..close;
                    if inner.clone().any(|at| self.tokens.is(at, b';')) {
                        self.statements(inner, depth + 1);
                    } else {
                        let value = self.list(inner, depth + 1);
                        out.carries |= value.carries;
                        out.list = value.list;
                    }
                    plain = false;
                    at = close + 1;
                }
                Some(Kind::Sign(b'=')) => at = self.assignment(at, &range, depth + 1),
                Some(Kind::Sign(b'(')) => {
                    self.called_memory(at);
                    at += 1;
                }
                Some(Kind::Sign(b')' | b'+' | b'&' | b'*')) => at += 1,
                Some(Kind::Number) if !plain || text.is_none() => {
                    plain = false;
                    at += 1;
                }
                _ => {
                    plain = false;
                    at += 1;
                }
            }
            if let Some(part) = part {
                let known = text.get_or_insert_default();
                if known.len() + part.len() < LONGEST {
                    known.push_str(&part);
                }
            }
        }
        if plain && let Some(text) = text {
            out.carries |= carried_by(&text);
            out.carries |= self.places.get(&text).copied().unwrap_or(0);
            out.place = Some(text.clone());
            out.text = Some(text);
        }
        out
    }

    /// `x.c_str()`: where the call stands, which looks at what it is called on by itself.
    fn called_on(&self, at: usize, range: &Range<usize>) -> Option<usize> {
        let mut last = at;
        while last + 2 < range.end
            && matches!(self.tokens.kind(last + 1), Some(Kind::Arrow | Kind::Sign(b'.') | Kind::Scope))
            && self.tokens.kind(last + 2) == Some(Kind::Word)
        {
            last += 2;
            if self.is_call(last) {
                return Some(last);
            }
        }
        None
    }

    /// What a name that is no call stands for, and where its chain ends.
    fn word(&mut self, at: usize, range: &Range<usize>, depth: usize) -> (Option<Value>, usize) {
        let mut last = at;
        while last + 2 < range.end
            && matches!(self.tokens.kind(last + 1), Some(Kind::Arrow | Kind::Sign(b'.') | Kind::Scope))
            && self.tokens.kind(last + 2) == Some(Kind::Word)
        {
            last += 2;
        }
        let (name, _) = self.chain(last, at);
        if matches!(name.as_str(), "environ" | "_environ" | "__environ") {
            return (Some(Value::of(ENV)), last + 1);
        }
        if let Some(value) = self.var(&name) {
            let mut value = value.clone();
            value.place = value.place.or(Some(name.clone()));
            value.carries |= self.places.get(&name).copied().unwrap_or(0);
            return (Some(value), last + 1);
        }
        let body = self.tokens.lexed.constants.get(name.as_str()).cloned();
        if let Some(body) = body.filter(|body| body.len() <= 64 && depth < 8 && !body.contains(&at)) {
            return (Some(self.eval(body, depth + 8)), last + 1);
        }
        if last > at {
            return (Some(Value { place: Some(name), ..Value::default() }), last + 1);
        }
        (None, last + 1)
    }

    /// `{ "sh", "-c", line, 0 }`, and tables of bytes.
    fn list(&mut self, range: Range<usize>, depth: usize) -> Value {
        let mut out = Value::default();
        let mut at = range.start;
        let mut bytes = Vec::new();
        let mut count = 0;
        while at < range.end && count < MAX_LIST {
            let end = self.end_of(at, range.end);
            count += 1;
            match self.tokens.kind(at) {
                Some(Kind::Number | Kind::Char) if end == at + 1 => {
                    bytes.extend(byte(self.tokens.text(at)));
                }
                _ => {
                    let value = self.eval(at..end, depth + 1);
                    out.carries |= value.carries;
                    if out.list.len() < 64 {
                        let text = value.text.filter(|text| text.len() <= 1 << 8 || out.list.len() < 8);
                        out.list.push(text.unwrap_or_else(|| "?".to_owned()));
                    }
                }
            }
            at = end + 1;
        }
        if bytes.len() == count && is_program(&bytes) {
            out.carries |= BYTES;
        }
        out
    }

    /// A call: what it gives, and the token behind it.
    fn call(&mut self, at: usize, range: &Range<usize>, depth: usize) -> (Value, usize) {
        let name = self.tokens.word(at);
        let close = self.mate(at + 1).min(range.end);
        let mut args = Vec::new();
        let mut from = at + 2;
        while from < close && args.len() < 64 {
            let end = self.end_of(from, close);
            args.push((self.eval(from..end, depth + 1), from..end));
            from = end + 1;
        }
        let end = close.saturating_add(1).min(range.end.max(at + 1));
        if depth > MAX_DEPTH {
            return (Value::default(), end);
        }
        let before = at.checked_sub(1).and_then(|before| self.tokens.kind(before));
        let span = self.range(at, close);
        let values: Vec<Value> = args.iter().map(|(value, _)| value.clone()).collect();
        let all = values.iter().fold(0, |all, value| all | value.carries);
        let value = match before {
            Some(Kind::Arrow | Kind::Sign(b'.')) => {
                let (owner, _) = self.chain(at.saturating_sub(2), range.start);
                self.method(&owner, name, &values, span)
            }
            Some(Kind::Word) if !is_keyword(self.tokens.word(at - 1)) => {
                // `std::ofstream file(path);`, or a declaration.
                self.made(self.tokens.word(at - 1), name, &values, span);
                Value::default()
            }
            Some(Kind::Scope) if !matches!(self.tokens.word(at.wrapping_sub(2)), "std" | "") => {
                Value { carries: all, ..Value::default() }
            }
            _ => {
                let real = self.real_name(name);
                match self.by_name.get(real).copied() {
                    Some(own) => self.own_call(own, &values),
                    None => self.foreign(real, &args, &values, span),
                }
            }
        };
        (value, end)
    }

    /// What a macro of one name stands for.
    fn real_name(&self, name: &'a str) -> &'a str {
        let mut name = name;
        for _ in 0..4 {
            match self.tokens.lexed.constants.get(name) {
                Some(body) if body.len() == 1 && !self.tokens.word(body.start).is_empty() => {
                    name = self.tokens.word(body.start);
                }
                _ => break,
            }
        }
        name
    }

    fn own_call(&mut self, own: usize, values: &[Value]) -> Value {
        for (place, value) in values.iter().enumerate().take(MAX_PARAMS) {
            let given = value.carries & 0xffff;
            if given != 0 {
                *self.given.entry((own, place)).or_default() |= given;
            }
        }
        if let Some(deed) = self.deed() {
            deed.calls.insert(own);
        }
        let sends = self.sends.get(&own).copied().unwrap_or(0);
        for (place, value) in values.iter().enumerate().take(MAX_PARAMS) {
            if sends & 1 << (PARAM + place as u32) != 0 {
                self.sent_params(value.carries);
            }
        }
        self.returns.get(&own).cloned().unwrap_or_default()
    }

    fn sent_params(&mut self, carries: u32) {
        let params = carries & !0xffff;
        if params != 0 && self.current != usize::MAX {
            *self.sends.entry(self.current).or_default() |= params;
        }
    }

    /// Something is sent.
    fn sends(&mut self, carries: u32, span: Range<usize>) {
        self.sent_params(carries);
        for (bit, source) in [(SECRET, "secret-file"), (ENV, "env-all")] {
            if carries & bit != 0 {
                self.report(Raw::new(FactKind::Flow, format!("{source}->net"), span.clone()));
            }
        }
        if carries & ENV_SECRET != 0 {
            self.report(Raw::new(FactKind::Flow, "env->net", span));
        }
    }

    fn fills(&mut self, target: Option<&Value>, args: &[(Value, Range<usize>)], at: usize, carries: u32) {
        let Some((_, range)) = args.get(at) else { return };
        let memory = target.map_or(0, |value| value.carries) & MEMORY != 0;
        let filled = if memory && carries & (BYTES | NET) != 0 { FILLED } else { 0 };
        if let Some(last) = self.last_word(range) {
            let (name, _) = self.chain(last, range.start);
            let known = self.var(&name).cloned().unwrap_or_default();
            // What is written into a buffer is not its address.
            let carries = known.carries | (carries & !SOCKET) | filled;
            self.vars.insert(name, Value { carries, ..known });
        }
    }

    /// The last word of an argument's first name: `&buf[2]`, `ctx->line + n`.
    fn last_word(&self, range: &Range<usize>) -> Option<usize> {
        let mut at = range.clone().find(|at| {
            let word = self.tokens.word(*at);
            !word.is_empty() && self.var(word).is_some() || !word.is_empty() && !is_qualifier(word)
        })?;
        while at + 2 < range.end
            && matches!(self.tokens.kind(at + 1), Some(Kind::Arrow | Kind::Sign(b'.')))
            && self.tokens.kind(at + 2) == Some(Kind::Word)
        {
            at += 2;
        }
        Some(at)
    }

    fn made(&mut self, ty: &str, name: &str, values: &[Value], span: Range<usize>) {
        let first = values.first();
        match ty {
            "ofstream" | "fstream" | "ifstream" => {
                let Some(path) = first else { return };
                let writes = ty != "ifstream";
                let kind = if writes { CapabilityKind::FsWrite } else { CapabilityKind::FsRead };
                self.report(Raw::call(format!("c::{ty}"), kind, span.clone()).value(path.shown()));
                if writes {
                    self.startup(path, span);
                }
                let secret = if path.carries & SECRET_PATH != 0 { SECRET } else { 0 };
                self.set(name.to_owned(), Value { place: path.place.clone(), ..Value::of(secret) }, false);
            }
            "string" | "wstring" | "String" | "vector" | "thread" => {
                let carries = values.iter().fold(0, |all, value| all | value.carries);
                let text = first.and_then(|value| value.text.clone());
                self.set(name.to_owned(), Value { text, carries, ..Value::default() }, false);
            }
            _ => {}
        }
    }

    fn method(&mut self, owner: &str, name: &str, values: &[Value], span: Range<usize>) -> Value {
        let known = self.var(owner).cloned().unwrap_or_default();
        let all = values.iter().fold(known.carries, |all, value| all | value.carries);
        match name {
            "c_str" | "data" | "str" | "get" | "UTF8String" | "begin" | "end" => known,
            "append" | "push_back" | "insert" | "assign" => {
                let value = values.first().cloned().unwrap_or_default();
                self.set(owner.to_owned(), Value { carries: all, ..value }, true);
                Value::default()
            }
            "write" | "send" | "send_to" | "write_some" if known.carries & SOCKET != 0 => {
                self.sends(all, span);
                Value::default()
            }
            _ => Value { carries: all & !SOCKET, ..Value::default() },
        }
    }

    fn startup(&mut self, path: &Value, span: Range<usize>) {
        if let Some(text) = path.text.as_deref().filter(|text| is_startup(text)) {
            self.report(Raw::new(FactKind::Shape, "startup-file", span).value(text));
        }
    }

    /// Notes that a call reaches out, for what runs as soon as it is loaded.
    fn reached(&mut self, name: &str, span: Range<usize>) {
        if let Some(deed) = self.deed() {
            deed.reaches.get_or_insert_with(|| (name.to_owned(), span));
        }
    }

    /// A command line or a program is started.
    fn started_program(&mut self, name: &str, values: &[Value], span: Range<usize>) {
        let line = |text: &str| Raw::new(FactKind::Literal, "command", span.clone()).value(text);
        let by_line = matches!(name, "system" | "popen" | "_popen" | "_wpopen" | "_wsystem" | "WinExec");
        let list: Vec<String> = match name {
            _ if by_line => values.first().iter().map(|value| value.shown().to_owned()).collect(),
            _ if name.contains("CreateProcess") => {
                values.iter().take(2).filter_map(|value| value.text.clone()).collect()
            }
            _ if name.starts_with("ShellExecute") => {
                values.iter().skip(2).take(2).filter_map(|value| value.text.clone()).collect()
            }
            // `execl(path, name, argument, …, 0)`
            "execl" | "execlp" | "execle" | "_execl" | "_spawnl" | "_spawnlp" => {
                let skip = usize::from(name.contains("spawn"));
                let path = values.iter().skip(skip).take(1);
                let rest = values.iter().skip(skip + 2).filter(|value| value.text.is_some());
                path.chain(rest).map(|value| value.shown().to_owned()).collect()
            }
            _ => {
                let path = values.iter().find(|value| value.text.is_some()).map(|v| v.shown().to_owned());
                let rest = values.iter().find(|value| value.list.len() > 1);
                path.into_iter().chain(rest.iter().flat_map(|v| v.list.iter().skip(1).cloned())).collect()
            }
        };
        if list.first().is_some_and(|program| is_shell(program))
            && (!by_line || !list.first().is_some_and(|line| line.contains(" -c")))
            && let Some(deed) = self.deed()
        {
            deed.shell = true;
        }
        if list.iter().any(|part| part != "?" && !part.is_empty()) {
            self.report(line(&list.join(" ")));
            let inner = list.iter().position(|part| part == "-c" || part.eq_ignore_ascii_case("/c"));
            if let Some(inner) = inner.and_then(|at| list.get(at + 1)).filter(|_| !by_line) {
                self.report(line(inner));
            }
        }
        let all = values.iter().fold(0, |all, value| all | value.carries);
        if all & FETCHED != 0 {
            let raw = Raw::new(FactKind::Shape, "fetched-program", span.clone()).value(list.join(" "));
            self.report(raw);
        }
        if by_line && all & NET != 0 {
            self.report(Raw::new(FactKind::Flow, "net->process", span.clone()).value(list.join(" ")));
        }
        // A file of secrets handed to a program that sends what it is given.
        let sender = list.first().and_then(|line| line.split_whitespace().next().map(str::to_owned));
        let sender = sender.is_some_and(|program| {
            matches!(program.rsplit('/').next().unwrap_or(&program), "curl" | "wget" | "nc" | "ncat" | "scp")
        });
        if sender {
            self.sends(all, span.clone());
        }
        self.reached(name, span);
    }

    /// A function that the file does not hold.
    fn foreign(
        &mut self,
        name: &str,
        args: &[(Value, Range<usize>)],
        values: &[Value],
        span: Range<usize>,
    ) -> Value {
        let get = |at: usize| values.get(at);
        let at = |at: usize| values.get(at).map_or(0, |value| value.carries);
        let all = values.iter().fold(0, |all, value| all | value.carries);
        let shown = || values.iter().map(Value::shown).collect::<Vec<_>>().join(UNIT);
        // A function that holds code: `run()`, where `run` is memory.
        if let Some(carries) = self.var(name).map(|value| value.carries) {
            self.runs_memory(carries & (FILLED | NET), span);
            return Value::default();
        }
        // Functions that are handed to a thread run with it.
        if matches!(
            name,
            "pthread_create"
                | "CreateThread"
                | "_beginthreadex"
                | "_beginthread"
                | "thrd_create"
                | "uv_queue_work"
                | "dispatch_async"
                | "atexit"
                | "async"
                | "thread"
                | "napi_create_async_work"
                | "uv_thread_create"
                | "call_once"
                | "pthread_once"
        ) {
            let named: Vec<usize> = args
                .iter()
                .flat_map(|(_, range)| range.clone())
                .filter_map(|token| self.by_name.get(self.tokens.word(token)).copied())
                .collect();
            if let Some(deed) = self.deed() {
                deed.calls.extend(named);
            }
            self.runs_memory(all & (FILLED | NET), span.clone());
        }
        if matches!(name, "dlsym" | "GetProcAddress")
            && let Some(wanted) = values.last().and_then(|value| value.text.as_deref())
            && let Some(kind) = reach(wanted)
        {
            self.report(Raw::call(format!("c::{wanted}"), kind, span.clone()));
        }
        if let Some(kind) = reach(name) {
            let mode = values.iter().skip(1).any(|value| {
                value.text.as_deref().is_some_and(|mode| mode.len() < 6 && mode.contains(['w', 'a', '+']))
            });
            let flags = args.iter().skip(1).flat_map(|(_, range)| range.clone()).any(|token| {
                matches!(
                    self.tokens.word(token),
                    "O_WRONLY" | "O_RDWR" | "O_CREAT" | "O_APPEND" | "GENERIC_WRITE"
                )
            });
            let opens = name.contains("open") && kind == CapabilityKind::FsRead && name != "opendir"
                || name.starts_with("CreateFile");
            let writes = opens && (mode || flags);
            let kind = if writes { CapabilityKind::FsWrite } else { kind };
            self.report(Raw::call(format!("c::{name}"), kind, span.clone()).value(shown()));
            match kind {
                CapabilityKind::Process
                    if !matches!(
                        name,
                        "fork"
                            | "vfork"
                            | "forkpty"
                            | "WriteProcessMemory"
                            | "CreateRemoteThread"
                            | "CreateRemoteThreadEx"
                            | "QueueUserAPC"
                    ) =>
                {
                    self.started_program(name, values, span.clone());
                }
                _ => {}
            }
            if opens {
                let path = values.iter().find(|value| value.text.is_some()).or(get(0));
                if let Some(path) = path {
                    if writes {
                        self.startup(path, span);
                    }
                    let secret = if path.carries & SECRET_PATH != 0 && !writes { SECRET } else { 0 };
                    return Value { place: path.place.clone(), ..Value::of(secret) };
                }
                return Value::default();
            }
        }
        match name {
            "socket" | "WSASocketA" | "WSASocketW" => {
                // `AF_UNIX`, `AF_NETLINK`: none that leads out.
                let local = args.iter().flat_map(|(_, range)| range.clone()).any(|token| {
                    matches!(
                        self.tokens.word(token),
                        "AF_UNIX"
                            | "AF_LOCAL"
                            | "PF_UNIX"
                            | "PF_LOCAL"
                            | "AF_NETLINK"
                            | "PF_NETLINK"
                            | "AF_ALG"
                            | "AF_PACKET"
                    )
                });
                return Value::of(if local { 0 } else { SOCKET });
            }
            "accept" | "accept4" => {
                if let Some(deed) = self.deed() {
                    deed.connects = true;
                }
                return Value::of(SOCKET);
            }
            "connect" | "WSAConnect" | "ConnectEx" => {
                if at(0) & SOCKET != 0 && !self.local_only {
                    if let Some(deed) = self.deed() {
                        deed.connects = true;
                    }
                    self.reached(name, span);
                }
                return Value::default();
            }
            "curl_easy_perform" | "URLDownloadToFileA" | "URLDownloadToFileW" | "URLDownloadToFile"
            | "InternetOpenUrlA" | "InternetOpenUrlW" | "WinHttpSendRequest" | "HttpSendRequestA"
            | "HttpSendRequestW" => {
                if name.starts_with("URLDownload")
                    && let Some(place) = get(2).and_then(|value| value.place.clone())
                {
                    self.places.insert(place, FETCHED);
                }
                if name.ends_with("SendRequest") || name.starts_with("HttpSend") {
                    self.sends(all, span.clone());
                }
                self.reached(name, span);
                return Value::default();
            }
            "curl_easy_setopt" => {
                let option = args.get(1).map_or("", |(_, range)| self.tokens.word(range.start));
                if matches!(
                    option,
                    "CURLOPT_POSTFIELDS"
                        | "CURLOPT_COPYPOSTFIELDS"
                        | "CURLOPT_READDATA"
                        | "CURLOPT_URL"
                        | "CURLOPT_USERAGENT"
                        | "CURLOPT_COOKIE"
                ) {
                    self.sends(at(2), span);
                }
                if option == "CURLOPT_WRITEDATA"
                    && let Some(place) = get(2).and_then(|value| value.place.clone())
                {
                    self.places.insert(place, FETCHED);
                }
                return Value::default();
            }
            "send" | "sendto" | "SSL_write" | "WinHttpWriteData" | "InternetWriteFile" | "BIO_write" => {
                if name == "sendto" {
                    self.reached(name, span.clone());
                }
                self.sends(at(1), span);
                return Value::default();
            }
            "write" if at(0) & SOCKET != 0 => {
                self.sends(at(1), span);
                return Value::default();
            }
            "dprintf" | "fprintf" | "fputs" | "fwrite" if all & SOCKET != 0 => {
                self.sends(all, span);
                return Value::default();
            }
            "recv" | "SSL_read" | "recvfrom" | "WinHttpReadData" | "InternetReadFile" | "BIO_read" => {
                self.fills(get(1), args, 1, NET);
                return Value::default();
            }
            "read" | "fread" | "fgets" | "getline" | "ReadFile" | "fscanf" => {
                let (into, from) = match name {
                    "fread" => (0, at(3)),
                    "fgets" | "getline" => (0, at(2)),
                    "fscanf" => (2, at(0)),
                    _ => (1, at(0)),
                };
                let carries = if from & SOCKET != 0 { NET } else { 0 } | from & (SECRET | NET);
                self.fills(get(into), args, into, carries);
                return Value::default();
            }
            "memcpy" | "memmove" | "RtlMoveMemory" | "RtlCopyMemory" | "CopyMemory" | "bcopy" => {
                let (to, from) = if name == "bcopy" { (1, 0) } else { (0, 1) };
                self.fills(get(to), args, to, at(from) & 0xffff & !MEMORY);
                return get(to).cloned().unwrap_or_default();
            }
            "WriteProcessMemory" => self.runs_memory(at(2), span),
            "strcpy" | "strncpy" | "strlcpy" | "wcscpy" | "lstrcpyA" => self.writes_text(args, get(1), false),
            "strcat" | "strncat" | "strlcat" | "wcscat" | "lstrcatA" => self.writes_text(args, get(1), true),
            "sprintf" | "snprintf" | "asprintf" | "_snprintf" | "wsprintfA" | "sprintf_s" => {
                let format = values.iter().position(|value| value.text.is_some());
                if let Some(format) = format.filter(|format| *format > 0) {
                    let text =
                        formatted(values[format].shown(), values.get(format + 1..).unwrap_or_default());
                    let carries = values[1..].iter().fold(carried_by(&text), |all, v| all | v.carries);
                    let value = Value { place: Some(text.clone()), text: Some(text), ..Value::of(carries) };
                    self.writes_text(args, Some(&value), false);
                }
            }
            "getenv" | "secure_getenv" | "_wgetenv" => {
                let secret = get(0).and_then(|value| value.text.as_deref()).is_some_and(|name| {
                    ["TOKEN", "SECRET", "PASSWORD", "API_KEY", "ACCESS_KEY", "PRIVATE_KEY"]
                        .iter()
                        .any(|part| name.contains(part))
                });
                return Value::of(if secret { ENV_SECRET } else { 0 });
            }
            "GetEnvironmentStrings" | "GetEnvironmentStringsA" | "GetEnvironmentStringsW" => {
                return Value::of(ENV);
            }
            "mmap" | "VirtualAlloc" | "VirtualAllocEx" => {
                let runs = args.iter().flat_map(|(_, range)| range.clone()).any(|token| {
                    let word = self.tokens.text(token);
                    matches!(
                        word,
                        "PROT_EXEC"
                            | "PAGE_EXECUTE_READWRITE"
                            | "PAGE_EXECUTE_READ"
                            | "PAGE_EXECUTE"
                            | "0x40"
                    )
                });
                if runs {
                    let kind = CapabilityKind::DynamicCode;
                    self.report(Raw::call(format!("c::{name}"), kind, span).value(shown()));
                    return Value::of(MEMORY);
                }
            }
            "mprotect" | "VirtualProtect" => {
                let runs = args.iter().skip(2).flat_map(|(_, range)| range.clone()).any(|token| {
                    matches!(
                        self.tokens.word(token),
                        "PROT_EXEC" | "PAGE_EXECUTE_READWRITE" | "PAGE_EXECUTE_READ"
                    )
                });
                if runs {
                    let kind = CapabilityKind::DynamicCode;
                    self.report(Raw::call(format!("c::{name}"), kind, span).value(shown()));
                    let filled = if at(0) & (BYTES | NET) != 0 { FILLED } else { 0 };
                    if let Some((name, mut value)) = args.first().and_then(|(_, range)| {
                        let (name, _) = self.chain(self.last_word(range)?, range.start);
                        Some((name.clone(), self.var(&name)?.clone()))
                    }) {
                        value.carries |= MEMORY | filled;
                        self.vars.insert(name, value);
                    }
                }
            }
            "dup2" | "dup3" | "_dup2" if at(0) & SOCKET != 0 => {
                if let Some(deed) = self.deed() {
                    deed.tied.get_or_insert(span);
                }
            }
            "string" | "to_string" | "strdup" | "move" | "ref" | "basic_string" => {
                return Value { carries: all, ..get(0).cloned().unwrap_or_default() };
            }
            "RegSetValueExA" | "RegSetValueExW" | "RegSetKeyValueA" | "RegSetKeyValueW" => {
                let key = values.iter().chain(get(0)).filter_map(|value| value.text.as_deref());
                if let Some(key) =
                    key.into_iter().find(|key| key.to_ascii_lowercase().contains("currentversion\\run"))
                {
                    let raw = Raw::new(FactKind::Shape, "persist", span).value(key);
                    self.report(raw);
                }
            }
            _ => {}
        }
        // What is not known hands on what it is given, but no connection and no memory.
        Value::of(all & (NET | SECRET | ENV | ENV_SECRET | SECRET_PATH))
    }

    fn writes_text(&mut self, args: &[(Value, Range<usize>)], value: Option<&Value>, add: bool) {
        let Some(last) = args.first().and_then(|(_, range)| self.last_word(range)) else { return };
        let (name, _) = self.chain(last, args.first().map_or(0, |(_, range)| range.start));
        self.set(name, value.cloned().unwrap_or_default(), add);
    }

    /// Functions that run as soon as the code is loaded, with those that they call.
    fn started(&self) -> BTreeSet<usize> {
        let starts = self.units.functions.iter().enumerate().filter(|(_, function)| function.starts);
        self.reached_from(starts.map(|(at, _)| at).collect())
    }

    fn reached_from(&self, mut todo: Vec<usize>) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut edges = 0;
        while let Some(at) = todo.pop() {
            if found.insert(at) && edges < MAX_EDGES {
                edges += self.deeds[at].calls.len();
                todo.extend(self.deeds[at].calls.iter().copied());
            }
        }
        found
    }

    /// Functions from which calls lead to one of these, themselves included.
    fn leading_to(&self, ends: Vec<usize>) -> BTreeSet<usize> {
        let mut callers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, deeds) in self.deeds.iter().enumerate() {
            for called in &deeds.calls {
                callers.entry(*called).or_default().push(at);
            }
        }
        let mut found = BTreeSet::new();
        let mut todo = ends;
        while let Some(at) = todo.pop() {
            if found.insert(at) {
                todo.extend(callers.get(&at).into_iter().flatten().copied());
            }
        }
        found
    }

    /// What functions come to together.
    fn whole(&mut self, started: &BTreeSet<usize>) {
        let tied: Vec<usize> = (0..self.deeds.len()).filter(|at| self.deeds[*at].tied.is_some()).collect();
        let any = |what: fn(&Deeds) -> bool| self.deeds.iter().any(what);
        if !tied.is_empty() && any(|deeds| deeds.connects) && any(|deeds| deeds.shell) {
            for from in self.leading_to(tied).into_iter().take(MAX_STARTS) {
                let all = self.reached_from(vec![from]);
                let any = |what: fn(&Deeds) -> bool| all.iter().any(|at| what(&self.deeds[*at]));
                if any(|deeds| deeds.connects) && any(|deeds| deeds.shell) {
                    let places: Vec<_> = all.iter().filter_map(|at| self.deeds[*at].tied.clone()).collect();
                    for place in places {
                        let raw = Raw::new(FactKind::Shape, "reverse-shell", place);
                        self.report(raw.value("a connection is the input and output of a shell"));
                    }
                }
            }
        }
        let reaches: Vec<_> = started.iter().filter_map(|at| self.deeds[*at].reaches.clone()).collect();
        for (name, place) in reaches {
            self.report(Raw::new(FactKind::Shape, "native-start", place).value(name));
        }
    }
}

fn is_operator(tokens: Tokens<'_>, at: usize) -> bool {
    matches!(tokens.kind(at), Some(Kind::Sign(b'+' | b'-' | b'*' | b'/' | b'|' | b'&' | b'^' | b'%')))
}

fn is_qualifier(word: &str) -> bool {
    matches!(
        word,
        "const"
            | "char"
            | "unsigned"
            | "void"
            | "struct"
            | "static"
            | "wchar_t"
            | "std"
            | "string"
            | "int"
            | "long"
            | "LPSTR"
            | "LPCSTR"
            | "LPCWSTR"
            | "LPWSTR"
            | "TEXT"
            | "_T"
            | "L"
            | "reinterpret_cast"
            | "static_cast"
            | "const_cast"
            | "uint8_t"
            | "BYTE"
            | "LPVOID"
            | "size_t"
    )
}

/// A number or a character that is one byte.
fn byte(written: &str) -> Option<u8> {
    if written.ends_with('\'') {
        return unquote(written).first().copied();
    }
    let plain = written.trim_end_matches(['u', 'U', 'l', 'L']);
    match plain.strip_prefix("0x").or_else(|| plain.strip_prefix("0X")) {
        Some(hex) => u8::from_str_radix(hex, 16).ok(),
        None => plain.parse().ok(),
    }
}

/// `printf`'s text with its arguments.
fn formatted(format: &str, args: &[Value]) -> String {
    let mut out = String::new();
    let mut args = args.iter();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let end = rest.find(|c: char| c.is_ascii_alphabetic() && !matches!(c, 'l' | 'h' | 'z' | 'j'));
        let Some(end) = end else { break };
        rest = &rest[end + 1..];
        let text = args.next().map_or("?", Value::shown);
        if out.len() + text.len() < LONGEST {
            out.push_str(text);
        }
    }
    out.push_str(rest);
    out
}
