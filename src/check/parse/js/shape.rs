//! Shapes of code that mean something as a whole, and conditions that hold calls back.
//!
//! Most are read off the facts that the walk found already: a shell that is started beside a
//! socket that is opened, a hook beside a pattern for addresses. Each asks for more than one sign,
//! since each sign alone is common in honest code.

use oxc_ast::ast::*;
use oxc_ast_visit::{VisitJs, walk_js};
use oxc_span::{GetSpan, Span as Range};
use oxc_syntax::operator::BinaryOperator;
use oxc_syntax::scope::ScopeFlags;

use super::bind::Func;
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
    obfuscated(unit, &mut found);
    let acts: Vec<(u32, u32, CapabilityKind)> = facts
        .iter()
        .filter(|fact| fact.kind == FactKind::Call)
        .filter_map(|fact| Some((fact.span.start, fact.span.end, fact.capability?)))
        .filter(|(_, _, kind)| {
            use CapabilityKind::{DynamicCode, FsWrite, Net, Process};
            matches!(kind, Net | Process | FsWrite | DynamicCode)
        })
        .collect();
    let mut walker =
        Walker { unit, resolver, acts, functions: Vec::new(), hooks: Vec::new(), addresses: false, out: Vec::new() };
    walker.visit_program(program);
    let addresses = walker.addresses;
    for (name, range) in std::mem::take(&mut walker.hooks) {
        let wallet = name.starts_with("global.ethereum") || name.starts_with("global.solana") || addresses;
        let shape = if wallet { "wallet-hook" } else { "prototype-hook" };
        found.push(Fact::new(FactKind::Shape, shape, unit.place.span(range)).value(name));
    }
    found.append(&mut walker.out);
    together(facts, unit.text, addresses, &mut found);
    facts.append(&mut found);
}

/// Signs of the common obfuscators and packers.
fn obfuscated(unit: &Unit<'_, '_, '_>, found: &mut Vec<Fact>) {
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
    for start in [&b"eval(function(p,a,c,k,e,"[..], b"eval(function (p, a, c, k, e, "] {
        if let Some(at) = memchr::memmem::find(bytes, start) {
            found.push(shape("packed-eval", at, start.len()));
        }
    }
}

fn first_argument(fact: &Fact) -> &str {
    fact.value.split('\u{1f}').next().unwrap_or("")
}

/// Facts that mean more together.
fn together(facts: &[Fact], text: &str, addresses: bool, found: &mut Vec<Fact>) {
    let calls = || facts.iter().filter(|fact| fact.kind == FactKind::Call);
    let literals = |name: &'static str| facts.iter().filter(move |f| f.kind == FactKind::Literal && f.name == name);
    let shape = |name: &str, span: &Span, value: &str| Fact::new(FactKind::Shape, name, span.clone()).value(value);

    let socket = calls().find(|fact| {
        matches!(
            fact.name.as_str(),
            "node:net.connect" | "node:net.createConnection" | "node:net.Socket" | "node:tls.connect"
        )
    });
    let shell = calls().find(|fact| {
        fact.capability == Some(CapabilityKind::Process) && {
            let mut arguments = fact.value.split('\u{1f}');
            let program = arguments.next().unwrap_or("").rsplit(['/', '\\']).next().unwrap_or("").to_ascii_lowercase();
            let waits = !arguments.next().is_some_and(|rest| rest.contains("-c") || rest.contains("/c"));
            matches!(program.as_str(), "sh" | "bash" | "zsh" | "cmd" | "cmd.exe" | "powershell" | "powershell.exe") && waits
        }
    });
    if let (Some(_), Some(shell)) = (socket, shell)
        && (text.contains(".pipe(") || text.contains("stdin.write") || text.contains("stdio"))
    {
        found.push(shape("reverse-shell", &shell.span, "a shell is joined to a socket"));
    }

    let publish = literals("command").find(|fact| {
        let command = fact.value.trim_start();
        ["npm publish", "pnpm publish", "yarn publish", "yarn npm publish"].iter().any(|part| command.contains(part))
    });
    if let Some(publish) = publish {
        let writes = calls().any(|fact| fact.capability == Some(CapabilityKind::FsWrite));
        let token = literals("path").any(|fact| fact.value.contains(".npmrc"))
            || calls().any(|fact| fact.name.starts_with("global.process.env.NPM_"))
            || literals("url").any(|fact| fact.value.contains("/-/whoami") || fact.value.contains("/-/npm/v1/tokens"));
        let name = if writes && token { "worm" } else { "self-publish" };
        found.push(shape(name, &publish.span, &publish.value));
    }
    if let Some(write) = calls().find(|fact| {
        fact.capability == Some(CapabilityKind::FsWrite) && first_argument(fact).contains(".github/workflows")
    }) {
        found.push(shape("worm", &write.span, first_argument(write)));
    }
    if addresses {
        let clipboard = |part: &str| calls().find(|f| f.name.contains("clipboard") && f.name.contains(part));
        if let (Some(_), Some(write)) = (clipboard("read"), clipboard("write")) {
            found.push(shape("clipboard-swap", &write.span, "an address in the clipboard is replaced"));
        }
    }
}

struct Walker<'u, 'i, 't, 'r, 'a, 's> {
    unit: &'u Unit<'u, 'i, 't>,
    resolver: &'r Resolver<'a, 's>,
    /// Calls that do something outside: where they stand and what they reach.
    acts: Vec<(u32, u32, CapabilityKind)>,
    /// Ends of the functions around here.
    functions: Vec<u32>,
    hooks: Vec<(String, Range)>,
    addresses: bool,
    out: Vec<Fact>,
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
        let harm = |kind| matches!(kind, CapabilityKind::FsWrite | CapabilityKind::Process | CapabilityKind::DynamicCode);
        self.acts.iter().any(|&(start, end, kind)| start >= from && end <= to && (!only_harm || harm(kind)))
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
                    BinaryOperator::LessThan | BinaryOperator::LessEqualThan | BinaryOperator::GreaterThan
                        | BinaryOperator::GreaterEqualThan
                );
                let equal = matches!(
                    it.operator,
                    BinaryOperator::Equality | BinaryOperator::StrictEquality | BinaryOperator::Inequality
                        | BinaryOperator::StrictInequality
                );
                if !ordered && !equal {
                    return None;
                }
                for (value, constant) in [(&it.left, &it.right), (&it.right, &it.left)] {
                    if self.is_now(value, 0) && self.is_date(constant) {
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
                let Some(symbol) = super::bind::symbol(self.resolver.scoping, identifier) else { return false };
                match self.resolver.bindings.defs[symbol.index()].as_slice() {
                    [def] if def.path.is_empty() => match def.base {
                        super::bind::Base::Expr(value) => self.is_now(value, depth + 1),
                        _ => false,
                    },
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// A date that is written down.
    fn is_date(&self, value: &'a Expression<'a>) -> bool {
        let constant = |arguments: &'a [Argument<'a>]| {
            !arguments.is_empty()
                && arguments.iter().all(|argument| {
                    argument.as_expression().is_some_and(|argument| self.resolver.expr(argument).text().is_some())
                })
        };
        match value.get_inner_expression() {
            Expression::NewExpression(new) => new.callee.is_specific_id("Date") && constant(&new.arguments),
            Expression::CallExpression(call) => match call.callee.get_inner_expression() {
                Expression::StaticMemberExpression(member) => {
                    let name = member.property.name.as_str();
                    (matches!(name, "parse" | "UTC") && member.object.is_specific_id("Date") && constant(&call.arguments))
                        || (matches!(name, "getTime" | "valueOf") && self.is_date(&member.object))
                }
                _ => false,
            },
            Expression::Identifier(identifier) => {
                let Some(symbol) = super::bind::symbol(self.resolver.scoping, identifier) else { return false };
                match self.resolver.bindings.defs[symbol.index()].as_slice() {
                    [def] if def.path.is_empty() => match def.base {
                        super::bind::Base::Expr(value) if !matches!(value, Expression::Identifier(_)) => self.is_date(value),
                        _ => false,
                    },
                    _ => false,
                }
            }
            _ => matches!(self.resolver.expr(value), Val::Num(n) if n >= MIN_EPOCH || (2015.0..2100.0).contains(&n)),
        }
    }

    fn is_place(&self, value: &'a Expression<'a>) -> bool {
        let member = match value.get_inner_expression() {
            Expression::CallExpression(call) => match call.callee.get_inner_expression().as_member_expression() {
                Some(member) => return self.is_place(member.object()),
                None => return false,
            },
            Expression::Identifier(identifier) => {
                return matches!(identifier.name.as_str(), "country" | "countryCode" | "country_code" | "timeZone" | "timezone" | "countryName" | "country_name");
            }
            value => value.as_member_expression(),
        };
        member.and_then(|member| member.static_property_name()).is_some_and(|name| {
            matches!(name, "timeZone" | "timezone" | "country" | "countryCode" | "country_code" | "countryName" | "country_name")
        })
    }

    fn is_host(&self, value: &'a Expression<'a>) -> bool {
        match self.resolver.expr(value) {
            Val::Name(name) => {
                ["node:os.hostname()", "node:os.userInfo()"].iter().any(|host| name.starts_with(host))
                    || matches!(
                        &*name,
                        "global.process.env.USER" | "global.process.env.USERNAME" | "global.process.env.LOGNAME"
                            | "global.process.env.HOSTNAME" | "global.process.env.COMPUTERNAME" | "global.process.env.USERDOMAIN"
                    )
            }
            _ => false,
        }
    }

    /// Something everybody calls is replaced by a function of this file.
    fn hook(&mut self, name: &str, value: &'a Expression<'a>, range: Range) {
        let hooked = matches!(
            name,
            "global.fetch" | "global.XMLHttpRequest.prototype.open" | "global.XMLHttpRequest.prototype.send"
                | "node:http.request" | "node:https.request" | "node:http.get" | "node:https.get" | "node:module._load"
                | "global.ethereum.request" | "global.ethereum.send" | "global.ethereum.sendAsync"
                | "global.solana.signTransaction" | "global.solana.signAndSendTransaction"
                | "node:module.prototype.require" | "global.eval"
        );
        let function = Func::of(value).is_some() || matches!(self.resolver.expr(value), Val::Func(_));
        if hooked && function {
            self.hooks.push((name.to_owned(), range));
        }
    }

    fn address_pattern(&mut self, text: &str) {
        self.addresses |= ["{40}", "{25,34}", "{25,39}", "{33}", "{32,44}"].iter().any(|count| text.contains(count))
            && ["0x[a", "^0x", "0x[0", "[13][", "[1-9A-HJ-NP-Z", "[a-km-zA-HJ-NP-Z", "bc1"].iter().any(|part| text.contains(part));
    }

    fn destructive(&mut self, call: &'a CallExpression<'a>) {
        let Val::Name(name) = self.resolver.expr(&call.callee) else { return };
        let removes = ["rm", "rmSync", "rmdir", "rmdirSync", "remove", "removeSync", "emptyDir", "emptyDirSync"];
        let module = name.starts_with("node:fs") || name.starts_with("fs-extra") || name.starts_with("graceful-fs");
        let removes = module && name.rsplit('.').next().is_some_and(|method| removes.contains(&method));
        if !removes && &*name != "rimraf" && &*name != "rimraf.sync" {
            return;
        }
        let path = call.arguments.first().and_then(|a| a.as_expression()).and_then(|a| self.resolver.approximate(a));
        let home = call.arguments.first().and_then(|a| a.as_expression()).map(|a| self.resolver.expr(a));
        let home = matches!(home, Some(Val::Name(name)) if &*name == "node:os.homedir()" || &*name == "global.process.env.HOME");
        let path = path.unwrap_or_default();
        let root = matches!(path.trim_end_matches(['/', '\\', '*']), "~" | "/home" | "/Users" | "C:" | "/root");
        if home || root || matches!(path.as_str(), "/" | "/*") {
            let span = self.unit.place.span(call.span);
            self.out.push(Fact::new(FactKind::Shape, "destructive-walk", span).value(if home { "~".to_owned() } else { path }));
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
            AssignmentTarget::StaticMemberExpression(member) => Some((&member.object, member.property.name.to_string())),
            AssignmentTarget::ComputedMemberExpression(member) => {
                self.resolver.expr(&member.expression).text().map(|key| (&member.object, key))
            }
            _ => None,
        };
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
        walk_js::walk_call_expression(self, it);
    }

    fn visit_reg_exp_literal(&mut self, it: &RegExpLiteral<'a>) {
        self.address_pattern(it.regex.pattern.text.as_str());
    }

    fn visit_string_literal(&mut self, it: &StringLiteral<'a>) {
        if it.value.len() < 400 && it.value.contains('{') {
            self.address_pattern(it.value.as_str());
        }
    }
}
