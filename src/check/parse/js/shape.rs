//! Shapes of code that mean something as a whole, and conditions that hold calls back.
//!
//! Most are read off the facts that the walk found already: a shell that is started beside a
//! socket that is opened, a hook beside a pattern for addresses. Each asks for more than one sign,
//! since each sign alone is common in honest code.

use oxc_ast::ast::*;
use oxc_ast_visit::{VisitJs, walk_js};
use oxc_span::{GetSpan, Span as Range};
use oxc_syntax::operator::{BinaryOperator, UnaryOperator};
use oxc_syntax::scope::ScopeFlags;

use super::bind::{Base, Func};
use super::emit::Unit;
use super::resolve::Resolver;
use super::value::Val;
use crate::model::{CapabilityKind, Fact, FactKind, Span};

/// Names of an obfuscator's making (`_0x1a2b3c`) in a file before it counts as obfuscated, and
/// the bytes of code to each at most.
const MIN_HEX_NAMES: usize = 12;
const BYTES_PER_HEX_NAME: usize = 120;

/// Numbers from here on are dates in seconds or milliseconds: 2001-09-09.
const MIN_EPOCH: f64 = 1e9;

/// Adds shapes and guards.
pub fn run<'a>(
    unit: &Unit<'_, '_, '_>,
    resolver: &Resolver<'a, '_>,
    program: &'a Program<'a>,
    facts: &mut Vec<Fact>,
) {
    let mut found = Vec::new();
    written_out(unit, &mut found);
    let acts: Vec<(u32, u32, CapabilityKind)> = facts
        .iter()
        .filter(|fact| fact.kind == FactKind::Call)
        .filter_map(|fact| Some((fact.span.start, fact.span.end, fact.capability?)))
        .filter(|(_, _, kind)| {
            use CapabilityKind::{DynamicCode, FsWrite, Net, Process};
            matches!(kind, Net | Process | FsWrite | DynamicCode)
        })
        .collect();
    let mut calls = Vec::new();
    #[expect(clippy::iter_over_hash_type, reason = "sorted below")]
    for (symbol, sites) in &resolver.bindings.call_sites {
        calls.extend(sites.iter().map(|call| (call.span.start, *symbol)));
    }
    calls.sort_unstable();
    let mut walker = Walker {
        unit,
        resolver,
        acts,
        calls,
        functions: Vec::new(),
        hooks: Vec::new(),
        listings: Vec::new(),
        overwritten: Vec::new(),
        filled: Vec::new(),
        starter: false,
        bumps: false,
        deleted: Vec::new(),
        rewrites: false,
        forms: 0,
        replaces: None,
        recipients: speaks_of_recipients(unit.text),
        own_address: None,
        out: Vec::new(),
    };
    walker.visit_program(program);
    let writes = !walker.overwritten.is_empty() || !walker.filled.is_empty() || !walker.deleted.is_empty();
    if !walker.listings.is_empty() && writes {
        for func in &resolver.bindings.functions {
            walker.overwrites(*func);
        }
    }
    let addresses = walker.forms > 0;
    for (name, range) in std::mem::take(&mut walker.hooks) {
        // That requests are watched and addresses known says nothing: one has to be put in.
        let swaps = addresses && (walker.rewrites || walker.own_address.is_some());
        let wallet = name.starts_with("global.ethereum") || name.starts_with("global.solana") || swaps;
        let shape = if wallet { "wallet-hook" } else { "prototype-hook" };
        found.push(Fact::new(FactKind::Shape, shape, unit.place.span(range)).value(name));
    }
    found.append(&mut walker.out);
    // One table of forms of addresses and of the maker's own, and a text that is rewritten by it.
    if let (Some(range), Some(_), 2..) = (walker.replaces, walker.own_address, walker.forms) {
        found.push(Fact::new(FactKind::Shape, "address-table", unit.place.span(range)));
    }
    let own_address = walker.own_address.is_some();
    let starter = walker.starter && walker.bumps;
    together(facts, unit.text, addresses && own_address, starter, &mut found);
    facts.append(&mut found);
}

/// Signs of the common obfuscators and packers, and workflows that are written out.
fn written_out(unit: &Unit<'_, '_, '_>, found: &mut Vec<Fact>) {
    let text = unit.text;
    let bytes = text.as_bytes();
    let shape = |name: &str, at: usize, len: usize| {
        let range = Range::new(at as u32, (at + len).min(text.len()) as u32);
        Fact::new(FactKind::Shape, name, unit.place.span(range))
    };
    let mut names = 0;
    let mut first = None;
    for at in memchr::memmem::find_iter(bytes, b"_0x") {
        let digits = bytes[at + 3..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        if digits >= 4 {
            names += 1;
            first.get_or_insert(at);
        }
    }
    if let Some(first) = first
        && names >= MIN_HEX_NAMES
        && text.len() / names <= BYTES_PER_HEX_NAME
    {
        found.push(shape("obfuscator-array", first, 8).value(format!("{names} names like `_0x1a2b`")));
        let has = |part: &[u8]| memchr::memmem::find(bytes, part).is_some();
        if has(b"parseInt(_0x") && (has(b"'push'](_0x") || has(b".push(_0x") || has(b"\"push\"](_0x")) {
            found.push(shape("string-array-rotation", first, 8));
        }
    }
    const WORKFLOWS: &str = ".github/workflows/";
    if let Some(at) = text.find(WORKFLOWS).filter(|_| opens_to_strangers(text)) {
        let say = "a workflow with all secrets that runs what strangers write";
        found.push(shape("worm", at, WORKFLOWS.len()).value(say));
    }
    for start in [&b"eval(function(p,a,c,k,e,"[..], b"eval(function (p, a, c, k, e, "] {
        if let Some(at) = memchr::memmem::find(bytes, start) {
            found.push(shape("packed-eval", at, start.len()));
        }
    }
}

/// Whether the text of a workflow takes all secrets, and puts what anybody may write (a comment, a
/// discussion) into what is run.
fn opens_to_strangers(text: &str) -> bool {
    let secrets = text.contains("toJSON(secrets)") || text.contains("toJson(secrets)");
    secrets
        && text.contains("run:")
        && text.split("github.event.").skip(1).any(|rest| {
            let end =
                rest.bytes().take(80).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
            let name = rest.get(..end.count()).unwrap_or_default();
            let rest = rest.get(name.len()..).unwrap_or_default();
            (name.ends_with(".body") || name.ends_with(".title")) && rest.trim_start().starts_with("}}")
        })
}

fn first_argument(fact: &Fact) -> &str {
    fact.value.split('\u{1f}').next().unwrap_or("")
}

/// Facts that mean more together.
fn together(facts: &[Fact], text: &str, addresses: bool, starter: bool, found: &mut Vec<Fact>) {
    let calls = || facts.iter().filter(|fact| fact.kind == FactKind::Call);
    let literals =
        |name: &'static str| facts.iter().filter(move |f| f.kind == FactKind::Literal && f.name == name);
    let shape =
        |name: &str, span: &Span, value: &str| Fact::new(FactKind::Shape, name, span.clone()).value(value);

    let socket = calls().find(|fact| {
        matches!(
            fact.name.as_str(),
            "node:net.connect" | "node:net.createConnection" | "node:net.Socket" | "node:tls.connect"
        )
    });
    let shell = calls().find(|fact| {
        fact.capability == Some(CapabilityKind::Process) && {
            let mut arguments = fact.value.split('\u{1f}');
            let program =
                arguments.next().unwrap_or("").rsplit(['/', '\\']).next().unwrap_or("").to_ascii_lowercase();
            let waits = !arguments.next().is_some_and(|rest| {
                let rest = rest.to_ascii_lowercase();
                rest.contains("-c") || rest.contains("/c")
            });
            matches!(
                program.as_str(),
                "sh" | "bash" | "zsh" | "cmd" | "cmd.exe" | "powershell" | "powershell.exe"
            ) && waits
        }
    });
    if let (Some(_), Some(shell)) = (socket, shell)
        && (text.contains(".pipe(") || text.contains("stdin.write") || text.contains("stdio"))
    {
        found.push(shape("reverse-shell", &shell.span, "a shell is joined to a socket"));
    }

    let publish = literals("command").find(|fact| {
        let command = fact.value.trim_start();
        ["npm publish", "pnpm publish", "yarn publish", "yarn npm publish"]
            .iter()
            .any(|part| command.contains(part))
    });
    if let Some(publish) = publish {
        let writes = calls().any(|fact| fact.capability == Some(CapabilityKind::FsWrite))
            || ["npm pack", "tar ", "_authToken"].iter().any(|part| publish.value.contains(part));
        let token = literals("path").any(|fact| fact.value.contains(".npmrc"))
            || calls().any(|fact| fact.name.starts_with("global.process.env.NPM_"))
            || literals("url")
                .any(|fact| fact.value.contains("/-/whoami") || fact.value.contains("/-/npm/v1/tokens"));
        let name = if writes && (token || starter) { "worm" } else { "self-publish" };
        found.push(shape(name, &publish.span, &publish.value));
    }
    // One whose text stands here and asks for nothing is what a tool sets up for its users.
    let harmless = text.contains("runs-on:")
        && !["secrets", "curl", "wget", "write-all", "pull_request_target", "base64", "self-hosted"]
            .iter()
            .any(|word| text.contains(word));
    if let Some(write) = calls().filter(|_| !harmless).find(|fact| {
        fact.capability == Some(CapabilityKind::FsWrite) && first_argument(fact).contains(".github/workflows")
    }) {
        found.push(shape("worm", &write.span, first_argument(write)));
    }
    if addresses {
        let by_call = |part: &str| {
            calls().find(|f| {
                let name = f.name.to_ascii_lowercase();
                name.contains("clipboard") && name.contains(part)
            })
        };
        let by_command =
            |tools: &[&str]| literals("command").find(|f| tools.iter().any(|tool| f.value.contains(tool)));
        let read = by_call("read").or_else(|| {
            by_command(&[
                "pbpaste",
                "Get-Clipboard",
                "xclip -selection clipboard -o",
                "xsel -b -o",
                "wl-paste",
            ])
        });
        let write = by_call("write")
            .or_else(|| by_command(&["pbcopy", "Set-Clipboard", "clip.exe", "xclip", "xsel", "wl-copy"]));
        if let (Some(_), Some(write)) = (read, write) {
            found.push(shape("clipboard-swap", &write.span, "an address in the clipboard is replaced"));
        }
    }
}

struct Walker<'u, 'i, 't, 'r, 'a, 's> {
    unit: &'u Unit<'u, 'i, 't>,
    resolver: &'r Resolver<'a, 's>,
    /// Calls that do something outside: where they stand and what they reach.
    acts: Vec<(u32, u32, CapabilityKind)>,
    /// Calls of the file's own functions, in order of place: where, and the function's symbol.
    calls: Vec<(u32, u32)>,
    /// Ends of the functions around here.
    functions: Vec<u32>,
    hooks: Vec<(String, Range)>,
    /// Calls that list a folder, and calls that write a constant.
    listings: Vec<u32>,
    overwritten: Vec<(u32, u32)>,
    /// The same with a parameter for a content: the function, and which one.
    filled: Vec<((u32, u32), u32, usize)>,
    /// Whether a manifest is given something that runs as it is installed, and a version that follows
    /// on its own.
    starter: bool,
    bumps: bool,
    deleted: Vec<(u32, u32)>,
    /// Whether something that looks like an address is replaced.
    rewrites: bool,
    /// Patterns of addresses.
    forms: u32,
    /// A replacement by a pattern that is handed in.
    replaces: Option<Range>,
    /// Whether the file speaks of whom messages go to.
    recipients: bool,
    /// An address that is written down.
    own_address: Option<Range>,
    out: Vec<Fact>,
}

/// Whether a text speaks of whom messages go to.
fn speaks_of_recipients(text: &str) -> bool {
    ["rcpt", "envelope", "recipients", "attendees", "bcc", "Bcc", "sendMail"]
        .iter()
        .any(|word| text.contains(word))
}

/// Whether a pattern is one of addresses of wallets.
fn is_address_pattern(text: &str) -> bool {
    ["{40}", "{25,34}", "{25,39}", "{33}", "{39}", "{32,44}", "{38,", "{39,", "{26,", "{25,"]
        .iter()
        .any(|count| text.contains(count))
        && ["0x[a", "^0x", "0x[0", "[13][", "[1-9A-HJ-NP-Z", "[a-km-zA-HJ-NP-Z", "bc1"]
            .iter()
            .any(|part| text.contains(part))
}

/// Whether a text is an address: Ethereum's by its length, Bitcoin's and Tron's by their look.
fn is_address(text: &str) -> bool {
    let hex = text
        .strip_prefix("0x")
        .is_some_and(|rest| rest.len() == 40 && rest.bytes().all(|b| b.is_ascii_hexdigit()));
    let word = text.bytes().all(|b| b.is_ascii_alphanumeric());
    hex || (word && text.starts_with("bc1") && (39..=62).contains(&text.len()))
        || (word && text.starts_with(['1', '3', 'T', 'L']) && (33..=35).contains(&text.len()))
}

fn place_name(name: &str) -> bool {
    matches!(
        name,
        "timeZone" | "timezone" | "country" | "countryCode" | "country_code" | "countryName" | "country_name"
    )
}

/// What stands in a loop's body, functions left out.
#[derive(Default)]
struct Inside {
    /// Loops and switches around here, whose `break` is their own.
    nested: u32,
    leaves: bool,
    prints: bool,
    /// Whether the loop counts without an end as its module is loaded.
    counts: bool,
    /// Calls that print around here.
    printed: u32,
}

impl<'a> VisitJs<'a> for Inside {
    fn visit_function(&mut self, _: &Function<'a>, _: ScopeFlags) {}
    fn visit_arrow_function_expression(&mut self, _: &ArrowFunctionExpression<'a>) {}
    fn visit_return_statement(&mut self, _: &ReturnStatement<'a>) {
        self.leaves = true;
    }
    fn visit_throw_statement(&mut self, _: &ThrowStatement<'a>) {
        self.leaves = true;
    }
    fn visit_await_expression(&mut self, _: &AwaitExpression<'a>) {
        self.leaves = true;
    }
    fn visit_yield_expression(&mut self, _: &YieldExpression<'a>) {
        self.leaves = true;
    }
    fn visit_break_statement(&mut self, it: &BreakStatement<'a>) {
        self.leaves |= self.nested == 0 || it.label.is_some();
    }
    fn visit_statement(&mut self, it: &Statement<'a>) {
        let nests = matches!(
            it,
            Statement::ForStatement(_)
                | Statement::ForOfStatement(_)
                | Statement::ForInStatement(_)
                | Statement::WhileStatement(_)
                | Statement::DoWhileStatement(_)
                | Statement::SwitchStatement(_)
        );
        self.nested += u32::from(nests);
        walk_js::walk_statement(self, it);
        self.nested -= u32::from(nests);
    }
    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        match it.callee.get_inner_expression() {
            Expression::StaticMemberExpression(member) => {
                let name = member.property.name.as_str();
                let stream = matches!(&member.object, Expression::StaticMemberExpression(object)
                    if matches!(object.property.name.as_str(), "stdout" | "stderr"));
                if member.object.is_specific_id("console") || (stream && name == "write") {
                    self.prints = true;
                    self.printed += 1;
                    it.arguments.iter().for_each(|argument| self.visit_argument(argument));
                    self.printed -= 1;
                    return;
                }
                self.leaves |= matches!(
                    name,
                    "exit" | "kill" | "abort" | "question" | "prompt" | "wait" | "readSync" | "next" | "read"
                );
            }
            // A function of the file may do anything, a read or an exit among it.
            // What a loop that counts for ever only prints is made of its counter: nothing is read.
            Expression::Identifier(_) => self.leaves |= !(self.counts && self.printed > 0),
            _ => {}
        }
        walk_js::walk_call_expression(self, it);
    }
}

/// What a condition asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    Date,
    Place,
    Host,
}

impl<'a> Walker<'_, '_, '_, '_, 'a, '_> {
    fn acts_within(&self, from: u32, to: u32, only_harm: bool) -> bool {
        if !matches!(self.unit.place, super::Place::File(_)) {
            return !self.acts.is_empty();
        }
        let harm = |kind| {
            matches!(kind, CapabilityKind::FsWrite | CapabilityKind::Process | CapabilityKind::DynamicCode)
        };
        let within = |from: u32, to: u32| {
            self.acts
                .iter()
                .any(|&(start, end, kind)| start >= from && end <= to && (!only_harm || harm(kind)))
        };
        within(from, to)
            || self.called_within(from, to).into_iter().any(|range| within(range.start, range.end))
    }

    /// The bodies of the functions of this file that are called between two places.
    fn called_within(&self, from: u32, to: u32) -> Vec<Range> {
        let bindings = &self.resolver.bindings;
        let at = self.calls.partition_point(|call| call.0 < from);
        self.calls[at..]
            .iter()
            .take_while(|call| call.0 < to)
            .take(64)
            .filter_map(|&(_, symbol)| {
                bindings.defs[symbol as usize].iter().find_map(|def| match def.base {
                    Base::Func(func) => Some(func.span()),
                    Base::Expr(value) if def.path.is_empty() => Func::of(value).map(Func::span),
                    _ => None,
                })
            })
            .collect()
    }

    fn guard(&mut self, test: &'a Expression<'a>, body: Range, leaves: bool) {
        let Some(asks) = self.asks(test, 0) else { return };
        let only_harm = asks == Asks::Place;
        let end = self.functions.last().copied().unwrap_or(self.unit.text.len() as u32);
        let held = self.acts_within(body.start, body.end, only_harm)
            || (leaves && self.acts_within(body.end, end, only_harm));
        if held {
            let name = match asks {
                Asks::Date => "time-bomb",
                Asks::Place => "geo",
                Asks::Host => "host",
            };
            let range = test.span();
            let text = self.unit.text.get(range.start as usize..range.end as usize).unwrap_or("");
            let shown: String = text.chars().take(200).collect();
            self.out.push(Fact::new(FactKind::Guard, name, self.unit.place.span(range)).value(shown));
        }
    }

    fn asks(&self, test: &'a Expression<'a>, depth: u32) -> Option<Asks> {
        if depth > 20 {
            return None;
        }
        match test.get_inner_expression() {
            Expression::LogicalExpression(it) => {
                self.asks(&it.left, depth + 1).or_else(|| self.asks(&it.right, depth + 1))
            }
            Expression::UnaryExpression(it) => self.asks(&it.argument, depth + 1),
            Expression::BinaryExpression(it) => {
                let ordered = matches!(
                    it.operator,
                    BinaryOperator::LessThan
                        | BinaryOperator::LessEqualThan
                        | BinaryOperator::GreaterThan
                        | BinaryOperator::GreaterEqualThan
                );
                let equal = matches!(
                    it.operator,
                    BinaryOperator::Equality
                        | BinaryOperator::StrictEquality
                        | BinaryOperator::Inequality
                        | BinaryOperator::StrictInequality
                );
                if !ordered && !equal {
                    return None;
                }
                for (value, constant) in [(&it.left, &it.right), (&it.right, &it.left)] {
                    // A date, or a part of one: `now.getMonth() === 3`.
                    let part = equal && matches!(self.resolver.expr(constant), Val::Num(n) if n < 60.0);
                    if self.is_now(value, 0) && (self.is_date(constant) || part) {
                        return Some(Asks::Date);
                    }
                    if equal && self.resolver.expr(constant).as_str().is_some_and(|text| text.len() > 1) {
                        if self.is_place(value) {
                            return Some(Asks::Place);
                        }
                        if self.is_host(value) {
                            return Some(Asks::Host);
                        }
                    }
                }
                None
            }
            Expression::CallExpression(call) => {
                let member = call.callee.get_inner_expression().as_member_expression()?;
                let method = member.static_property_name()?;
                if !matches!(method, "includes" | "startsWith" | "indexOf" | "test" | "match" | "has") {
                    return None;
                }
                let argument = call.arguments.first()?.as_expression()?;
                [member.object(), argument].into_iter().find_map(|value| {
                    if self.is_place(value) {
                        Some(Asks::Place)
                    } else if self.is_host(value) {
                        Some(Asks::Host)
                    } else {
                        None
                    }
                })
            }
            _ => None,
        }
    }

    /// The time now, or a part of it.
    fn is_now(&self, value: &'a Expression<'a>, depth: u32) -> bool {
        if depth > 6 {
            return false;
        }
        match value.get_inner_expression() {
            Expression::CallExpression(call) => match call.callee.get_inner_expression() {
                Expression::StaticMemberExpression(member) => {
                    (member.property.name == "now" && member.object.is_specific_id("Date"))
                        || (member.property.name.starts_with("get") && self.is_now(&member.object, depth + 1))
                }
                _ => false,
            },
            Expression::NewExpression(new) => new.callee.is_specific_id("Date") && new.arguments.is_empty(),
            Expression::UnaryExpression(unary) => self.is_now(&unary.argument, depth + 1),
            Expression::Identifier(identifier) => {
                self.resolver.sole(identifier).is_some_and(|value| self.is_now(value, depth + 1))
            }
            _ => false,
        }
    }

    /// A date that is written down.
    fn is_date(&self, value: &'a Expression<'a>) -> bool {
        let constant = |arguments: &'a [Argument<'a>]| {
            !arguments.is_empty()
                && arguments.iter().all(|argument| {
                    argument
                        .as_expression()
                        .is_some_and(|argument| self.resolver.expr(argument).text().is_some())
                })
        };
        match value.get_inner_expression() {
            Expression::NewExpression(new) => new.callee.is_specific_id("Date") && constant(&new.arguments),
            Expression::CallExpression(call) => match call.callee.get_inner_expression() {
                Expression::StaticMemberExpression(member) => {
                    let name = member.property.name.as_str();
                    (matches!(name, "parse" | "UTC")
                        && member.object.is_specific_id("Date")
                        && constant(&call.arguments))
                        || (matches!(name, "getTime" | "valueOf") && self.is_date(&member.object))
                }
                _ => false,
            },
            Expression::Identifier(identifier) => self
                .resolver
                .sole(identifier)
                .is_some_and(|value| !matches!(value, Expression::Identifier(_)) && self.is_date(value)),
            _ => {
                matches!(self.resolver.expr(value), Val::Num(n) if n >= MIN_EPOCH || (2015.0..2100.0).contains(&n))
            }
        }
    }

    fn is_place(&self, value: &'a Expression<'a>) -> bool {
        self.is_place_at(value, 0)
    }

    fn is_place_at(&self, value: &'a Expression<'a>, depth: u8) -> bool {
        if depth > 8 {
            return false;
        }
        let member = match value.get_inner_expression() {
            Expression::CallExpression(call) => {
                match call.callee.get_inner_expression().as_member_expression() {
                    Some(member) => return self.is_place_at(member.object(), depth + 1),
                    None => return false,
                }
            }
            Expression::LogicalExpression(it) => return self.is_place_at(&it.left, depth + 1),
            Expression::Identifier(identifier) => {
                return place_name(&identifier.name)
                    || self
                        .resolver
                        .sole(identifier)
                        .is_some_and(|value| self.is_place_at(value, depth + 1));
            }
            value => value.as_member_expression(),
        };
        if let Val::Name(name) = self.resolver.expr(value)
            && matches!(
                &*name,
                "global.process.env.LANG"
                    | "global.process.env.LANGUAGE"
                    | "global.process.env.LC_ALL"
                    | "global.process.env.TZ"
                    | "global.navigator.language"
                    | "global.navigator.languages"
            )
        {
            return true;
        }
        match member {
            Some(MemberExpression::ComputedMemberExpression(member)) => {
                self.resolver.expr(&member.expression).text().is_some_and(|name| place_name(&name))
            }
            member => member.and_then(|member| member.static_property_name()).is_some_and(place_name),
        }
    }

    /// A pattern of addresses, written here or held by a variable.
    fn is_address_pattern(&self, value: &'a Expression<'a>) -> bool {
        match value.get_inner_expression() {
            Expression::RegExpLiteral(pattern) => is_address_pattern(pattern.regex.pattern.text.as_str()),
            Expression::Identifier(identifier) => self.resolver.sole(identifier).is_some_and(
                |value| matches!(value, Expression::RegExpLiteral(pattern) if is_address_pattern(pattern.regex.pattern.text.as_str())),
            ),
            _ => false,
        }
    }

    /// A loop that never ends and prints: nothing in it leaves, waits or asks.
    fn endless(
        &mut self,
        test: Option<&'a Expression<'a>>,
        body: &Statement<'a>,
        counts: bool,
        range: Range,
    ) {
        let forever = test.is_none_or(|test| self.always(test));
        if !forever {
            return;
        }
        let counts = counts && self.functions.is_empty();
        let mut inside = Inside { counts, ..Inside::default() };
        inside.visit_statement(body);
        if inside.prints && !inside.leaves {
            self.out.push(
                Fact::new(FactKind::Shape, "endless-loop", self.unit.place.span(range))
                    .value("prints for ever"),
            );
        }
    }

    /// A condition that always holds.
    fn always(&self, test: &'a Expression<'a>) -> bool {
        match test.get_inner_expression() {
            Expression::UnaryExpression(it) if it.operator == UnaryOperator::LogicalNot => {
                match it.argument.get_inner_expression() {
                    Expression::NumericLiteral(number) => number.value == 0.0,
                    Expression::UnaryExpression(inner) if inner.operator == UnaryOperator::LogicalNot => {
                        matches!(
                            inner.argument.get_inner_expression(),
                            Expression::ArrayExpression(_) | Expression::ObjectExpression(_)
                        )
                    }
                    argument => matches!(self.resolver.expr(argument), Val::Word("false" | "null")),
                }
            }
            Expression::BinaryExpression(it) => {
                let infinite = |value: &Expression<'a>| {
                    value.is_specific_id("Infinity")
                        || matches!(value.get_inner_expression(), Expression::StaticMemberExpression(member)
                            if member.property.name == "POSITIVE_INFINITY")
                };
                matches!(it.operator, BinaryOperator::LessThan | BinaryOperator::LessEqualThan)
                    && infinite(&it.right)
                    || matches!(it.operator, BinaryOperator::GreaterThan | BinaryOperator::GreaterEqualThan)
                        && infinite(&it.left)
            }
            test => match self.resolver.expr(test) {
                Val::Word("true") => true,
                Val::Num(number) => number != 0.0,
                _ => false,
            },
        }
    }

    /// `manifest.scripts = { ...manifest.scripts, postinstall: … }`, `manifest.scripts.install = …`
    fn starts_on_install(&mut self, object: &'a Expression<'a>, key: &str, value: &'a Expression<'a>) {
        const HOOKS: &[&str] = &["preinstall", "install", "postinstall"];
        let removed =
            value.is_undefined() || self.resolver.expr(value).text().is_some_and(|it| it.is_empty());
        let of_scripts = object
            .get_inner_expression()
            .as_member_expression()
            .is_some_and(|it| it.static_property_name() == Some("scripts"));
        let added = key == "scripts"
            && matches!(value.get_inner_expression(), Expression::ObjectExpression(it) if it.properties.iter().any(|it| match it {
                ObjectPropertyKind::ObjectProperty(it) => {
                    it.key.static_name().is_some_and(|key| HOOKS.contains(&&*key)) && !it.value.is_undefined()
                }
                ObjectPropertyKind::SpreadProperty(_) => false,
            }));
        // `manifest.version = bump(manifest.version)`
        if let (Expression::Identifier(object), "version") = (object.get_inner_expression(), key) {
            let span = value.span();
            let text = self.unit.text.get(span.start as usize..span.end as usize).unwrap_or_default();
            self.bumps |= text.contains(&format!("{}.version", object.name));
        }
        self.starter |= added || of_scripts && HOOKS.contains(&key) && !removed;
    }

    /// A file that is written: with a constant, or with what the function around was given.
    fn written(&mut self, name: &str, it: &'a CallExpression<'a>) {
        let content = it.arguments.get(1).and_then(|argument| argument.as_expression());
        let path = it.arguments.first().and_then(|argument| argument.as_expression());
        let known = path.is_some_and(|path| self.resolver.expr(path).text().is_some());
        // A marker of a fixed name in each folder is no file of the user's.
        let named = path.and_then(|path| self.resolver.approximate(path));
        if known || named.is_some() {
            return;
        }
        let place = (it.span.start, it.span.end);
        // Cut off at its beginning, a file is empty.
        let emptied = name.contains("truncate")
            && content.is_none_or(|length| {
                matches!(self.resolver.expr(length), Val::Num(0.0)) || Func::of(length).is_some()
            });
        let constant = !name.contains("truncate") && content.is_some_and(|content| self.constant(content));
        if constant || emptied {
            self.overwritten.push(place);
        } else if let Some(Expression::Identifier(content)) = content.map(Expression::get_inner_expression)
            && !name.contains("truncate")
            && let Some((func, at)) = self.parameter(content)
        {
            self.filled.push((place, func, at));
        }
    }

    /// A text that is written down, or made of one by a function that takes nothing else.
    fn constant(&self, value: &'a Expression<'a>) -> bool {
        if self.resolver.expr(value).text().is_some() {
            return true;
        }
        let value = match value.get_inner_expression() {
            Expression::Identifier(name) => match self.resolver.sole(name) {
                Some(value) => value.get_inner_expression(),
                None => return false,
            },
            value => value,
        };
        match value {
            // `decode('4p2k')`
            Expression::CallExpression(call) => {
                let [argument] = call.arguments.as_slice() else { return false };
                let Val::Func(func) = self.resolver.expr(&call.callee) else { return false };
                argument.as_expression().is_some_and(|argument| self.resolver.expr(argument).text().is_some())
                    && func.only_return().is_some_and(|value| self.decodes(value, 0))
            }
            _ => false,
        }
    }

    /// Whether an expression takes an encoding off, and does nothing else.
    fn decodes(&self, value: &'a Expression<'a>, depth: u8) -> bool {
        let Expression::CallExpression(call) = value.get_inner_expression() else { return false };
        if matches!(self.resolver.expr(&call.callee).as_name(), Some("global.Buffer.from" | "global.atob")) {
            return true;
        }
        let member = call.callee.get_inner_expression().as_member_expression();
        depth < 4 && member.is_some_and(|member| self.decodes(member.object(), depth + 1))
    }

    /// What an expression encodes in base64, under whatever name.
    fn encoded(&self, value: &'a Expression<'a>, depth: u8) -> Option<&'a Expression<'a>> {
        if depth > 4 {
            return None;
        }
        match value.get_inner_expression() {
            Expression::Identifier(name) => self.encoded(self.resolver.sole(name)?, depth + 1),
            Expression::CallExpression(call) => self.encoded_by(call, depth),
            _ => None,
        }
    }

    /// The same of a call: `Buffer.from(x).toString('base64')`, `btoa(x)`, or a function that does nothing
    /// else.
    fn encoded_by(&self, call: &'a CallExpression<'a>, depth: u8) -> Option<&'a Expression<'a>> {
        let first = call.arguments.first()?.as_expression()?;
        match self.resolver.expr(&call.callee) {
            Val::Name(name) if &*name == "global.btoa" => return Some(first),
            Val::Func(func) => {
                return self.encoded(func.only_return()?, depth + 1).map(|_| first);
            }
            _ => {}
        }
        let member = call.callee.get_inner_expression().as_member_expression()?;
        let way = self.resolver.expr(first);
        if member.static_property_name() != Some("toString")
            || !matches!(way.as_str(), Some("base64" | "base64url"))
        {
            return None;
        }
        let Expression::CallExpression(made) = member.object().get_inner_expression() else { return None };
        if self.resolver.expr(&made.callee).as_name() != Some("global.Buffer.from") {
            return None;
        }
        made.arguments.first()?.as_expression()
    }

    /// What is encoded twice gets past whoever looks for the secret, or for what the first encoding makes
    /// of it.
    fn encodes_twice(&mut self, call: &'a CallExpression<'a>) {
        if let Some(inner) = self.encoded_by(call, 0)
            && let Some(what) = self.encoded(inner, 0)
            && self.resolver.expr(what).text().is_none()
        {
            let span = self.unit.place.span(call.span);
            self.out.push(Fact::new(FactKind::Shape, "encoded-twice", span));
        }
    }

    /// The function, and which of its parameters a name is.
    fn parameter(&self, name: &IdentifierReference<'a>) -> Option<(u32, usize)> {
        let symbol = super::bind::symbol(self.resolver.scoping, name)?;
        let [def] = self.resolver.bindings.defs.get(symbol.index())?.as_slice() else { return None };
        match def.base {
            Base::Param(func, at) if def.path.is_empty() => Some((func, at)),
            _ => None,
        }
    }

    /// Whether a function that calls itself hands a parameter on as it is, and is given a constant
    /// for it by everybody else.
    fn handed_on(&self, func: Func<'a>, at: usize) -> bool {
        let range = func.span();
        let is = |def: &super::bind::Def<'a>| match def.base {
            Base::Func(it) => it.id() == func.id(),
            Base::Expr(value) => {
                def.path.is_empty() && Func::of(value).is_some_and(|it| it.id() == func.id())
            }
            _ => false,
        };
        let bindings = &self.resolver.bindings;
        let Some(symbol) = bindings.defs.iter().position(|defs| defs.iter().any(is)) else { return false };
        let sites = bindings.call_sites.get(&(symbol as u32)).map_or(&[][..], Vec::as_slice);
        let (inner, outer): (Vec<_>, Vec<_>) =
            sites.iter().partition(|call| call.span.start >= range.start && call.span.end <= range.end);
        let argument = |call: &&&'a CallExpression<'a>| call.arguments.get(at)?.as_expression();
        !outer.is_empty()
            && inner.iter().all(|call| match argument(call).map(Expression::get_inner_expression) {
                Some(Expression::Identifier(name)) => self.parameter(name) == Some((func.id(), at)),
                _ => false,
            })
            && outer.iter().all(|call| argument(call).is_some_and(|value| self.constant(value)))
    }

    /// `for (const e of readdirSync(base, { recursive: true })) truncate(join(base, e.name), 0)`: all files
    /// below a folder are emptied, whatever their names.
    fn empties_all(&mut self, it: &'a ForOfStatement<'a>) {
        let source =
            |range: Range| self.unit.text.get(range.start as usize..range.end as usize).unwrap_or_default();
        let (list, body) = (source(it.right.span()), source(it.body.span()));
        let walks = list.contains("readdir") && list.contains("recursive");
        let empties = ["truncate(", "truncateSync("].iter().any(|call| body.contains(call));
        let chosen = ["endsWith", "extname", ".test(", "match(", "includes(", "startsWith", "has("];
        if walks && empties && !chosen.iter().any(|part| body.contains(part)) {
            let span = self.unit.place.span(it.body.span());
            let fact = Fact::new(FactKind::Shape, "destructive-walk", span);
            self.out.push(fact.value("empties every file below a folder"));
        }
    }

    /// `for (const part of ['src', '.git/refs']) rm(join(root, part))`: what nobody makes anew.
    fn deletes_sources(&mut self, it: &'a ForOfStatement<'a>) {
        let list = self.resolver.expr(&it.right);
        if list.as_str().is_some() {
            return;
        }
        let Some(parts) = self.resolver.elements(&list) else { return };
        let names: Vec<String> = parts.iter().take(32).filter_map(Val::text).collect();
        let sources = names.iter().find(|name| {
            let first = name.trim_start_matches("./").split('/').next().unwrap_or_default();
            matches!(first, ".git" | "src" | ".env" | "package.json")
                || first == "node_modules" && name.contains("node_modules/")
        });
        let range = it.body.span();
        let text = self.unit.text.get(range.start as usize..range.end as usize).unwrap_or_default();
        let removes = ["rm(", "rmSync(", "rmdir(", "unlink(", "unlinkSync(", "rimraf("];
        if let Some(name) = sources.filter(|_| removes.iter().any(|call| text.contains(call))) {
            let span = self.unit.place.span(range);
            self.out.push(Fact::new(FactKind::Shape, "delete-sources", span).value(name.clone()));
        }
    }

    /// `for (const file of walk(homedir())) writeFile(file, '')`: all that lies in the user's own
    /// folder, without a question.
    fn overwrites_all(&mut self, it: &'a ForOfStatement<'a>) {
        let Expression::CallExpression(walk) = (match it.right.get_inner_expression() {
            Expression::AwaitExpression(it) => it.argument.get_inner_expression(),
            other => other,
        }) else {
            return;
        };
        let home = walk.arguments.first().and_then(|argument| argument.as_expression()).is_some_and(|it| {
            matches!(self.resolver.expr(it), Val::Name(name) if matches!(
                &*name,
                "node:os.homedir()" | "global.process.env.HOME" | "global.process.env.USERPROFILE"
            ))
        });
        let ForStatementLeft::VariableDeclaration(left) = &it.left else { return };
        let Some(file) = left.declarations.first().and_then(|it| it.id.get_binding_identifier()) else {
            return;
        };
        if !home {
            return;
        }
        let mut body = &it.body;
        // Into blocks only: what a condition holds back is chosen.
        while let Statement::BlockStatement(block) = body {
            let [only] = block.body.as_slice() else { return };
            body = match only {
                Statement::TryStatement(it) if it.block.body.len() == 1 => &it.block.body[0],
                only => only,
            };
        }
        let Statement::ExpressionStatement(only) = body else { return };
        let mut value = only.expression.get_inner_expression();
        let call = loop {
            value = match value {
                Expression::AwaitExpression(it) => it.argument.get_inner_expression(),
                Expression::CallExpression(call) => match call.callee.get_inner_expression() {
                    // `writeFile(…).catch(() => {})`
                    Expression::StaticMemberExpression(member) if member.property.name == "catch" => {
                        member.object.get_inner_expression()
                    }
                    _ => break call,
                },
                _ => return,
            };
        };
        let Val::Name(name) = self.resolver.expr(&call.callee) else { return };
        let method = name.rsplit('.').next().unwrap_or("");
        let (Some(Argument::Identifier(path)), content) = (call.arguments.first(), call.arguments.get(1))
        else {
            return;
        };
        let over = matches!(method, "writeFile" | "writeFileSync")
            && content.and_then(Argument::as_expression).is_some_and(|content| self.constant(content))
            || matches!(method, "unlink" | "unlinkSync" | "truncate" | "truncateSync" | "rm" | "rmSync");
        if name.starts_with("node:fs") && over && path.name == file.name {
            let span = self.unit.place.span(call.span);
            self.out.push(
                Fact::new(FactKind::Shape, "destructive-walk", span)
                    .value("destroys every file of the home folder"),
            );
        }
    }

    /// A function that goes down into folders and writes one constant over each file.
    fn overwrites(&mut self, func: Func<'a>) {
        let range = func.span();
        let again = self.called_within(range.start, range.end).contains(&range);
        if !again {
            return;
        }
        let within = |fact: &&(u32, u32)| fact.0 >= range.start && fact.1 <= range.end;
        // Itself, or by a function that it asks for what lies there.
        let listed = |range: Range| self.listings.iter().any(|&at| at >= range.start && at <= range.end);
        let lists = listed(range) || self.called_within(range.start, range.end).into_iter().any(listed);
        if let Some(&(start, end)) = self.deleted.iter().find(within).filter(|_| lists) {
            let span = self.unit.place.span(Range::new(start, end));
            self.out.push(Fact::new(FactKind::Shape, "delete-walk", span).value("deletes every file"));
        }
        let filled = self.filled.iter().filter(|(place, id, at)| {
            within(&place) && *id == func.id() && lists && self.handed_on(func, *at)
        });
        let filled = filled.map(|(place, ..)| place).next();
        if let Some(&(start, end)) = self.overwritten.iter().find(within).filter(|_| lists).or(filled) {
            let span = self.unit.place.span(Range::new(start, end));
            self.out.push(
                Fact::new(FactKind::Shape, "destructive-walk", span)
                    .value("writes a constant over every file"),
            );
        }
    }

    fn is_host(&self, value: &'a Expression<'a>) -> bool {
        match self.resolver.expr(value) {
            Val::Name(name) => {
                ["node:os.hostname()", "node:os.userInfo()"].iter().any(|host| name.starts_with(host))
                    || matches!(
                        &*name,
                        "global.process.env.USER"
                            | "global.process.env.USERNAME"
                            | "global.process.env.LOGNAME"
                            | "global.process.env.HOSTNAME"
                            | "global.process.env.COMPUTERNAME"
                            | "global.process.env.USERDOMAIN"
                    )
            }
            _ => false,
        }
    }

    /// Something everybody calls is replaced by a function of this file.
    fn hook(&mut self, name: &str, value: &'a Expression<'a>, range: Range) {
        let hooked = matches!(
            name,
            "global.fetch"
                | "global.XMLHttpRequest.prototype.open"
                | "global.XMLHttpRequest.prototype.send"
                | "node:http.request"
                | "node:https.request"
                | "node:http.get"
                | "node:https.get"
                | "node:module._load"
                | "global.ethereum.request"
                | "global.ethereum.send"
                | "global.ethereum.sendAsync"
                | "global.solana.signTransaction"
                | "global.solana.signAndSendTransaction"
                | "node:module.prototype.require"
                | "global.eval"
        );
        let function = Func::of(value).is_some()
            || (value.is_identifier_reference() && matches!(self.resolver.expr(value), Val::Func(_)));
        if hooked && function {
            self.hooks.push((name.to_owned(), range));
        }
    }

    fn own_address(&mut self, text: &str, range: Range) {
        if (25..400).contains(&text.len()) && text.split(|c: char| !c.is_ascii_alphanumeric()).any(is_address)
        {
            self.own_address.get_or_insert(range);
        }
    }

    /// `[...made, 'own@host']`: whom a message goes to, and one who is always the same.
    fn joins(&mut self, list: &'a ArrayExpression<'a>) {
        let made = list.elements.iter().any(|element| match element {
            ArrayExpressionElement::SpreadElement(spread) => {
                matches!(self.resolver.expr(&spread.argument), Val::Unknown | Val::Name(_))
            }
            _ => false,
        });
        if !made {
            return;
        }
        let constant =
            list.elements.iter().take(16).filter_map(ArrayExpressionElement::as_expression).find_map(
                |element| {
                    let element = match element.get_inner_expression() {
                        Expression::ObjectExpression(object) => {
                            object.properties.iter().find_map(|property| {
                                let property = property.as_property()?;
                                let key = property.key.static_name()?;
                                matches!(&*key, "email" | "address" | "mail" | "emailAddress")
                                    .then_some(&property.value)
                            })?
                        }
                        _ => element,
                    };
                    let text = self.resolver.expr(element).text()?;
                    super::flow::mail::is_address(&text).then(|| (text.to_string(), list.span))
                },
            );
        if let Some((address, range)) = constant {
            self.out.push(
                Fact::new(FactKind::Shape, "joined-recipient", self.unit.place.span(range)).value(address),
            );
        }
    }

    fn address_pattern(&mut self, text: &str) {
        self.forms += u32::from(is_address_pattern(text));
    }

    /// Files that start with the user's shell or session, written to.
    fn persists(&mut self, call: &'a CallExpression<'a>) {
        let Val::Name(name) = self.resolver.expr(&call.callee) else { return };
        let method = name.rsplit('.').next().unwrap_or("");
        if !name.starts_with("node:fs")
            || !["write", "append", "copy"].iter().any(|part| method.starts_with(part))
        {
            return;
        }
        let at = usize::from(method.starts_with("copy"));
        let path = call.arguments.get(at).and_then(|argument| argument.as_expression());
        let Some(path) = path.and_then(|path| self.resolver.approximate(path)) else { return };
        if crate::check::shell::starts_again(&path) {
            let span = self.unit.place.span(call.span);
            self.out.push(Fact::new(FactKind::Shape, "persist", span).value(path));
        }
    }

    /// Settings that take a coding agent's questions away, and mails that someone else gets too.
    fn property(&mut self, property: &'a ObjectProperty<'a>) {
        let Some(key) = property.key.static_name() else { return };
        // Settings of MCP clients: every tool of the server runs without a question.
        if matches!(&*key, "autoApprove" | "alwaysAllow")
            && let Expression::ArrayExpression(list) = &property.value
            && list.elements.iter().any(|element| {
                element
                    .as_expression()
                    .and_then(|each| self.resolver.expr(each).text())
                    .is_some_and(|text| text == "*")
            })
        {
            let span = self.unit.place.span(property.span);
            self.out.push(Fact::new(FactKind::Shape, "agent-bypass", span).value(format!("{key}: *")));
            return;
        }
        let bypass = match &*key {
            "defaultMode" => "bypassPermissions",
            "enableAllProjectMcpServers"
            | "chat.tools.autoApprove"
            | "chat.tools.global.autoApprove"
            | "dangerouslySkipPermissions" => "true",
            "security.workspace.trust.enabled" => "false",
            _ if key.eq_ignore_ascii_case("bcc") => "",
            _ => return,
        };
        let Some(value) = self.resolver.expr(&property.value).text() else { return };
        let span = self.unit.place.span(property.span);
        if bypass.is_empty() {
            let address = value.split_once('@').is_some_and(|(user, host)| {
                !user.is_empty() && host.contains('.') && !value.contains(char::is_whitespace)
            });
            if address {
                self.out.push(Fact::new(FactKind::Shape, "blind-copy", span).value(value));
            }
        } else if value == bypass {
            self.out.push(Fact::new(FactKind::Shape, "agent-bypass", span).value(format!("{key}: {value}")));
        }
    }

    fn destructive(&mut self, call: &'a CallExpression<'a>) {
        let Val::Name(name) = self.resolver.expr(&call.callee) else { return };
        let removes =
            ["rm", "rmSync", "rmdir", "rmdirSync", "remove", "removeSync", "emptyDir", "emptyDirSync"];
        let module =
            name.starts_with("node:fs") || name.starts_with("fs-extra") || name.starts_with("graceful-fs");
        let removes = module && name.rsplit('.').next().is_some_and(|method| removes.contains(&method));
        if !removes && &*name != "rimraf" && &*name != "rimraf.sync" {
            return;
        }
        let path =
            call.arguments.first().and_then(|a| a.as_expression()).and_then(|a| self.resolver.approximate(a));
        let home = call.arguments.first().and_then(|a| a.as_expression()).map(|a| self.resolver.expr(a));
        let home = matches!(home, Some(Val::Name(name)) if matches!(
            &*name,
            "node:os.homedir()" | "global.process.env.HOME" | "global.process.env.USERPROFILE" | "global.process.cwd()"
        ));
        let path = path.unwrap_or_default();
        if matches!(path.as_str(), "." | "./" | ".." | "../" | "*" | "./*") {
            let span = self.unit.place.span(call.span);
            self.out.push(Fact::new(FactKind::Shape, "delete-walk", span).value(path));
            return;
        }
        // `join(base, homedir())`
        let home = home || path.rsplit('/').next() == Some("~");
        let root =
            matches!(path.trim_end_matches(['/', '\\', '*']), "~" | "/home" | "/Users" | "C:" | "/root");
        if home || root || matches!(path.as_str(), "/" | "/*") {
            let span = self.unit.place.span(call.span);
            self.out.push(Fact::new(FactKind::Shape, "destructive-walk", span).value(if home {
                "~".to_owned()
            } else {
                path
            }));
        }
    }
}

impl<'a> VisitJs<'a> for Walker<'_, '_, '_, '_, 'a, '_> {
    fn visit_if_statement(&mut self, it: &IfStatement<'a>) {
        let it = self.alloc(it);
        let leaves = match &it.consequent {
            Statement::BlockStatement(block) => matches!(
                block.body.last(),
                Some(Statement::ReturnStatement(_) | Statement::ThrowStatement(_))
            ),
            Statement::ReturnStatement(_) | Statement::ThrowStatement(_) => true,
            _ => false,
        };
        self.guard(&it.test, it.consequent.span(), leaves);
        walk_js::walk_if_statement(self, it);
    }

    fn visit_object_property(&mut self, it: &ObjectProperty<'a>) {
        let it = self.alloc(it);
        self.property(it);
        walk_js::walk_object_property(self, it);
    }

    fn visit_logical_expression(&mut self, it: &LogicalExpression<'a>) {
        let it = self.alloc(it);
        self.guard(&it.left, it.right.span(), false);
        walk_js::walk_logical_expression(self, it);
    }

    fn visit_conditional_expression(&mut self, it: &ConditionalExpression<'a>) {
        let it = self.alloc(it);
        self.guard(&it.test, it.consequent.span(), false);
        walk_js::walk_conditional_expression(self, it);
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        self.functions.push(it.span.end);
        walk_js::walk_function(self, it, flags);
        self.functions.pop();
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        self.functions.push(it.span.end);
        walk_js::walk_arrow_function_expression(self, it);
        self.functions.pop();
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        let it = self.alloc(it);
        let target = match &it.left {
            AssignmentTarget::StaticMemberExpression(member) => {
                Some((&member.object, member.property.name.to_string()))
            }
            AssignmentTarget::ComputedMemberExpression(member) => {
                self.resolver.expr(&member.expression).text().map(|key| (&member.object, key))
            }
            _ => None,
        };
        if let Some((object, key)) = &target {
            self.starts_on_install(object, key, &it.right);
        }
        // The wallet's own object behind a `Proxy`.
        let own = target.as_ref().and_then(|(object, key)| {
            self.resolver.expr(object).as_name().map(|object| format!("{object}.{key}"))
        });
        if let (Some(name @ ("global.ethereum" | "global.solana")), Expression::NewExpression(proxy)) =
            (own.as_deref(), it.right.get_inner_expression())
            && proxy.callee.is_specific_id("Proxy")
            && let Some(wrapped) = proxy.arguments.first().and_then(|argument| argument.as_expression())
            && self.resolver.expr(wrapped).as_name() == Some(name)
        {
            self.hooks.push((format!("{name} (proxy)"), it.span));
        }
        if let Some((object, key)) = target
            && let Val::Name(object) = self.resolver.expr(object)
        {
            self.hook(&format!("{object}.{key}"), &it.right, it.span);
        }
        walk_js::walk_assignment_expression(self, it);
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        let it = self.alloc(it);
        self.destructive(it);
        self.encodes_twice(it);
        let method = it.callee.get_inner_expression().as_member_expression();
        if let Some("replace" | "replaceAll") = method.and_then(|member| member.static_property_name())
            && let Some(pattern) = it.arguments.first().and_then(|argument| argument.as_expression())
        {
            self.rewrites |= self.is_address_pattern(pattern);
            if pattern.is_identifier_reference() && it.arguments.len() > 1 {
                self.replaces.get_or_insert(it.span);
            }
        }
        self.persists(it);
        if let Val::Name(name) = self.resolver.expr(&it.callee)
            && name.starts_with("node:fs")
        {
            match name.rsplit('.').next().unwrap_or("") {
                "readdir" | "readdirSync" | "opendirSync" => self.listings.push(it.span.start),
                "unlink" | "unlinkSync" | "rm" | "rmSync" => self.deleted.push((it.span.start, it.span.end)),
                "writeFile" | "writeFileSync" | "truncate" | "truncateSync" => self.written(&name, it),
                _ => {}
            }
        }
        walk_js::walk_call_expression(self, it);
    }

    fn visit_array_expression(&mut self, it: &ArrayExpression<'a>) {
        let it = self.alloc(it);
        if self.recipients {
            self.joins(it);
        }
        walk_js::walk_array_expression(self, it);
    }

    fn visit_reg_exp_literal(&mut self, it: &RegExpLiteral<'a>) {
        self.address_pattern(it.regex.pattern.text.as_str());
    }

    fn visit_template_element(&mut self, it: &TemplateElement<'a>) {
        self.own_address(it.value.raw.as_str(), it.span);
    }

    fn visit_for_of_statement(&mut self, it: &ForOfStatement<'a>) {
        let it = self.alloc(it);
        self.overwrites_all(it);
        self.deletes_sources(it);
        self.empties_all(it);
        walk_js::walk_for_of_statement(self, it);
    }

    fn visit_for_statement(&mut self, it: &ForStatement<'a>) {
        let it = self.alloc(it);
        self.endless(it.test.as_ref(), &it.body, it.test.is_some() && it.update.is_some(), it.span);
        walk_js::walk_for_statement(self, it);
    }

    fn visit_while_statement(&mut self, it: &WhileStatement<'a>) {
        let it = self.alloc(it);
        self.endless(Some(&it.test), &it.body, false, it.span);
        walk_js::walk_while_statement(self, it);
    }

    fn visit_do_while_statement(&mut self, it: &DoWhileStatement<'a>) {
        let it = self.alloc(it);
        self.endless(Some(&it.test), &it.body, false, it.span);
        walk_js::walk_do_while_statement(self, it);
    }

    fn visit_string_literal(&mut self, it: &StringLiteral<'a>) {
        self.own_address(it.value.as_str(), it.span);
        if it.value.len() < 400 && it.value.contains('{') {
            self.address_pattern(it.value.as_str());
        }
    }
}
