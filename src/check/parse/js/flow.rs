//! What flows from where to where, within one file.
//!
//! Every variable, every member of one, and what every local function gives back is a node;
//! assignments, arguments, callbacks and returns are edges. Sources are poured in once and run
//! along the edges until nothing changes; then each sink says what arrived. Order and branches
//! are not looked at. An argument passes through the functions in [`PASSES`] and through methods
//! of the value itself, through no other call: that a function was given the environment does
//! not mean that its result holds it.

use std::collections::HashMap;

use oxc_ast::ast::*;
use oxc_ast_visit::{VisitJs, walk_js};
use oxc_span::{GetSpan, Span as Range};
use oxc_syntax::operator::BinaryOperator;

use super::bind::{self, Base, Func, Owner, Step};
use super::emit::Unit;
use super::literal;
use super::resolve::{Resolver, spine};
use super::value::Val;
use crate::model::{CapabilityKind, Fact, FactKind};

/// Calls of one function beyond which its arguments are no longer joined: what everybody calls
/// would join everything.
const MAX_CALL_SITES: usize = 12;

/// Levels of an expression that are followed.
const MAX_DEPTH: u32 = 40;

/// Functions whose result holds what they were given.
const PASSES: &[&str] = &[
    "global.JSON.stringify",
    "global.JSON.parse",
    "global.Object.assign",
    "global.Object.entries",
    "global.Object.values",
    "global.Object.keys",
    "global.Object.fromEntries",
    "global.String",
    "global.btoa",
    "global.encodeURIComponent",
    "global.Array.from",
    "global.Buffer.from",
    "global.Buffer.concat",
    "global.Buffer",
    "global.unescape",
    "global.decodeURIComponent",
    "global.Promise.all",
    "global.Promise.resolve",
    "node:querystring.stringify",
    "node:util.inspect",
    "node:util.format",
    "node:path.join",
    "node:path.resolve",
    "node:zlib.gzipSync",
    "node:zlib.gunzipSync",
    "node:zlib.deflateSync",
    "node:zlib.inflateSync",
    "global.URL",
    "node:zlib.brotliDecompressSync",
    "global.Reflect.ownKeys",
];

/// The sources, in the order in which they are reported.
const SOURCES: [&str; 9] =
    ["env-all", "env-secret", "env", "secret-file", "host", "net", "decoded", "file", "clipboard"];

/// For each source the first line that it stands on.
type Taint = [Option<u32>; SOURCES.len()];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Node<'a> {
    Whole(u32),
    Read(u32),
    Field(u32, &'a str),
    This(&'a str),
    Return(u32),
}

#[derive(Debug, Clone, Copy)]
enum Dep<'a> {
    Node(Node<'a>),
    Source(usize, u32),
}

struct Sink<'a> {
    name: &'static str,
    range: Range,
    deps: Vec<Dep<'a>>,
}

struct Flows<'u, 'i, 't, 'r, 'a, 's> {
    unit: &'u Unit<'u, 'i, 't>,
    resolver: &'r Resolver<'a, 's>,
    ids: HashMap<Node<'a>, usize>,
    edges: Vec<Vec<usize>>,
    taints: Vec<Taint>,
    sinks: Vec<Sink<'a>>,
}

/// Adds the flows of the file.
pub fn run<'a>(
    unit: &Unit<'_, '_, '_>,
    resolver: &Resolver<'a, '_>,
    program: &'a Program<'a>,
    facts: &mut Vec<Fact>,
) {
    use CapabilityKind::{DynamicCode, FsWrite, Net, Process};
    let sinks = |fact: &Fact| matches!(fact.capability, Some(Net | Process | DynamicCode | FsWrite));
    if !facts.iter().any(sinks) {
        return;
    }
    let mut flows = Flows {
        unit,
        resolver,
        ids: HashMap::new(),
        edges: Vec::new(),
        taints: Vec::new(),
        sinks: Vec::new(),
    };
    flows.bindings();
    flows.visit_program(program);
    flows.spread();
    for sink in std::mem::take(&mut flows.sinks) {
        let mut taint = Taint::default();
        for dep in &sink.deps {
            match dep {
                Dep::Source(kind, line) => {
                    merge(&mut taint[*kind], Some(*line));
                }
                Dep::Node(node) => {
                    let at = flows.id(*node);
                    for (kind, line) in flows.taints[at].iter().enumerate() {
                        merge(&mut taint[kind], *line);
                    }
                }
            }
        }
        for (kind, line) in taint.iter().enumerate() {
            let source = SOURCES[kind];
            let same = matches!((source, sink.name), ("net", "net" | "dns") | ("file", "fs-write"));
            if let (Some(line), false) = (line, same) {
                let span = unit.place.span(sink.range);
                let name = format!("{source}->{}", sink.name);
                facts.push(Fact::new(FactKind::Flow, name, span).value(format!("from line {line}")));
            }
        }
    }
}

fn merge(into: &mut Option<u32>, line: Option<u32>) -> bool {
    match (*into, line) {
        (None, Some(_)) => *into = line,
        (Some(old), Some(new)) if new < old => *into = line,
        _ => return false,
    }
    true
}

fn source(name: &str) -> usize {
    SOURCES.iter().position(|source| *source == name).unwrap_or(0)
}

/// Whether a variable of that name holds a credential, by its name.
fn secret_name(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    [
        "TOKEN",
        "SECRET",
        "PASSW",
        "PASSWD",
        "CREDENTIAL",
        "API_KEY",
        "APIKEY",
        "PRIVATE_KEY",
        "ACCESS_KEY",
        "MNEMONIC",
        "_AUTH",
        "SESSION",
    ]
    .iter()
    .any(|part| upper.contains(part))
}

impl<'a> Flows<'_, '_, '_, '_, 'a, '_> {
    fn id(&mut self, node: Node<'a>) -> usize {
        if let Some(&at) = self.ids.get(&node) {
            return at;
        }
        let at = self.edges.len();
        self.ids.insert(node, at);
        self.edges.push(Vec::new());
        self.taints.push(Taint::default());
        match node {
            Node::Field(symbol, _) => {
                // All of it may be any member; a member is part of what reading it all gives.
                let (whole, read) = (self.id(Node::Whole(symbol)), self.id(Node::Read(symbol)));
                self.edges[whole].push(at);
                self.edges[at].push(read);
            }
            Node::Read(symbol) => {
                let whole = self.id(Node::Whole(symbol));
                self.edges[whole].push(at);
            }
            _ => {}
        }
        at
    }

    fn feed(&mut self, node: Node<'a>, deps: &[Dep<'a>]) {
        let to = self.id(node);
        for dep in deps {
            match dep {
                Dep::Source(kind, line) => {
                    merge(&mut self.taints[to][*kind], Some(*line));
                }
                Dep::Node(from) => {
                    let from = self.id(*from);
                    self.edges[from].push(to);
                }
            }
        }
    }

    fn spread(&mut self) {
        let mut work: Vec<usize> = (0..self.edges.len()).collect();
        while let Some(at) = work.pop() {
            let taint = self.taints[at];
            if taint.iter().all(Option::is_none) {
                continue;
            }
            for edge in 0..self.edges[at].len() {
                let to = self.edges[at][edge];
                let mut changed = false;
                for (kind, line) in taint.iter().enumerate() {
                    changed |= merge(&mut self.taints[to][kind], *line);
                }
                if changed {
                    work.push(to);
                }
            }
        }
    }

    fn bindings(&mut self) {
        let resolver = self.resolver;
        for (symbol, defs) in resolver.bindings.defs.iter().enumerate() {
            let symbol = symbol as u32;
            for def in defs {
                match def.base {
                    Base::Expr(value) => self.define(symbol, value, &def.path),
                    Base::Func(func) => {
                        let sites = resolver.bindings.call_sites.get(&symbol).map_or(&[][..], Vec::as_slice);
                        self.sites(func, sites);
                    }
                    _ => {}
                }
            }
            if let [def] = defs.as_slice()
                && let Base::Expr(value) = def.base
                && let Some(func) = Func::of(value)
            {
                let sites = resolver.bindings.call_sites.get(&symbol).map_or(&[][..], Vec::as_slice);
                self.sites(func, sites);
            }
        }
        let mut members: Vec<_> = resolver.bindings.members.iter().collect();
        members.sort_by_key(|((owner, name), _)| (format!("{owner:?}"), *name));
        for ((owner, name), values) in members {
            let node = match owner {
                Owner::Symbol(symbol) => Node::Field(*symbol, name),
                Owner::This => Node::This(name),
                Owner::Exports => continue,
            };
            for value in values {
                let deps = self.deps(value);
                self.feed(node, &deps);
            }
        }
        for func in &resolver.bindings.functions {
            if let Some(values) = resolver.bindings.returns.get(&func.id()) {
                for value in values {
                    let deps = self.deps(value);
                    self.feed(Node::Return(func.id()), &deps);
                }
            }
            if let Some((call, skip)) = resolver.bindings.iife.get(&func.id()) {
                for at in 0..func.params().items.len() {
                    let argument =
                        at.checked_add(*skip).and_then(|at| call.arguments.get(at)?.as_expression());
                    if let Some(argument) = argument {
                        let deps = self.deps(argument);
                        self.param(*func, at, &deps);
                    }
                }
            }
        }
    }

    fn define(&mut self, symbol: u32, value: &'a Expression<'a>, path: &[Step]) {
        match (value.get_inner_expression(), path) {
            (Expression::ObjectExpression(object), []) => {
                for property in &object.properties {
                    match property {
                        ObjectPropertyKind::ObjectProperty(property) => {
                            let deps = self.deps(&property.value);
                            let node = match &property.key {
                                PropertyKey::StaticIdentifier(key) => Node::Field(symbol, key.name.as_str()),
                                PropertyKey::StringLiteral(key) => Node::Field(symbol, key.value.as_str()),
                                _ => Node::Whole(symbol),
                            };
                            self.feed(node, &deps);
                        }
                        ObjectPropertyKind::SpreadProperty(spread) => {
                            let deps = self.deps(&spread.argument);
                            self.feed(Node::Whole(symbol), &deps);
                        }
                    }
                }
            }
            (_, [Step::Prop(name), ..]) => {
                // Of an environment only what is taken out of it counts.
                let named = self.resolver.expr(value);
                if let Val::Name(object) = &named
                    && let Some(dep) = self.named(&format!("{object}.{name}"), value.span())
                {
                    self.feed(Node::Whole(symbol), &[dep]);
                } else if !matches!(&named, Val::Name(name) if name.starts_with("global.process")) {
                    let deps = self.deps(value);
                    self.feed(Node::Whole(symbol), &deps);
                }
            }
            _ => {
                let deps = self.deps(value);
                self.feed(Node::Whole(symbol), &deps);
            }
        }
    }

    fn sites(&mut self, func: Func<'a>, sites: &[&'a CallExpression<'a>]) {
        if sites.len() > MAX_CALL_SITES {
            return;
        }
        for call in sites {
            for (at, argument) in call.arguments.iter().enumerate() {
                if let Some(argument) = argument.as_expression() {
                    let deps = self.deps(argument);
                    self.param(func, at, &deps);
                }
            }
        }
    }

    fn param(&mut self, func: Func<'a>, at: usize, deps: &[Dep<'a>]) {
        if deps.is_empty() {
            return;
        }
        if let Some(item) = func.params().items.get(at) {
            for identifier in item.pattern.get_binding_identifiers() {
                if let Some(symbol) = identifier.symbol_id.get() {
                    self.feed(Node::Whole(symbol.index() as u32), deps);
                }
            }
        }
    }

    fn source(&self, kind: &str, range: Range) -> Dep<'a> {
        let line = self.unit.place.span(range).line;
        Dep::Source(source(kind), line)
    }

    /// What a name is by itself.
    fn named(&self, name: &str, range: Range) -> Option<Dep<'a>> {
        if let Some(variable) = name.strip_prefix("global.process.env") {
            return Some(match variable.strip_prefix('.') {
                None => self.source("env-all", range),
                Some(variable) if secret_name(variable) => self.source("env-secret", range),
                Some(_) => self.source("env", range),
            });
        }
        match name.split("()").next() {
            Some("node:os.hostname" | "node:os.userInfo" | "node:os.networkInterfaces")
                if name.contains("()") =>
            {
                Some(self.source("host", range))
            }
            Some("global.navigator.clipboard.readText" | "clipboardy.read" | "clipboardy.readSync") => {
                Some(self.source("clipboard", range))
            }
            _ => None,
        }
    }

    fn deps(&self, expression: &'a Expression<'a>) -> Vec<Dep<'a>> {
        let mut out = Vec::new();
        self.gather(expression, 0, &mut out);
        out
    }

    fn gather(&self, expression: &'a Expression<'a>, depth: u32, out: &mut Vec<Dep<'a>>) {
        if depth > MAX_DEPTH || out.len() > 256 {
            return;
        }
        let depth = depth + 1;
        match expression.get_inner_expression() {
            Expression::Identifier(identifier) => {
                if let Some(symbol) = bind::symbol(self.resolver.scoping, identifier) {
                    out.push(Dep::Node(Node::Read(symbol.index() as u32)))
                }
            }
            Expression::StaticMemberExpression(member) => {
                self.member(expression, &member.object, Some(member.property.name.as_str()), depth, out);
            }
            Expression::ComputedMemberExpression(member) => {
                let key = match member.expression.get_inner_expression() {
                    Expression::StringLiteral(key) => Some(key.value.as_str()),
                    _ => None,
                };
                self.member(expression, &member.object, key, depth, out);
            }
            Expression::ChainExpression(chain) => match &chain.expression {
                ChainElement::CallExpression(call) => self.call(call, depth, out),
                ChainElement::StaticMemberExpression(member) => self.gather(&member.object, depth, out),
                ChainElement::ComputedMemberExpression(member) => self.gather(&member.object, depth, out),
                _ => {}
            },
            Expression::AwaitExpression(it) => self.gather(&it.argument, depth, out),
            Expression::TemplateLiteral(template) => {
                template.expressions.iter().for_each(|part| self.gather(part, depth, out));
            }
            Expression::BinaryExpression(binary) if binary.operator == BinaryOperator::Addition => {
                spine(binary).into_iter().take(512).for_each(|part| self.gather(part, depth, out));
            }
            Expression::LogicalExpression(it) => {
                self.gather(&it.left, depth, out);
                self.gather(&it.right, depth, out);
            }
            Expression::ConditionalExpression(it) => {
                self.gather(&it.consequent, depth, out);
                self.gather(&it.alternate, depth, out);
            }
            Expression::AssignmentExpression(it) => self.gather(&it.right, depth, out),
            Expression::SequenceExpression(it) => {
                if let Some(last) = it.expressions.last() {
                    self.gather(last, depth, out);
                }
            }
            Expression::ArrayExpression(array) => {
                for element in array.elements.iter().take(512) {
                    match element {
                        ArrayExpressionElement::SpreadElement(spread) => {
                            self.gather(&spread.argument, depth, out)
                        }
                        element => {
                            if let Some(element) = element.as_expression() {
                                self.gather(element, depth, out);
                            }
                        }
                    }
                }
            }
            Expression::ObjectExpression(object) => {
                for property in object.properties.iter().take(512) {
                    match property {
                        ObjectPropertyKind::ObjectProperty(property) => {
                            self.gather(&property.value, depth, out)
                        }
                        ObjectPropertyKind::SpreadProperty(spread) => {
                            self.gather(&spread.argument, depth, out)
                        }
                    }
                }
            }
            Expression::CallExpression(call) => self.call(call, depth, out),
            Expression::NewExpression(call) => {
                let passes = match self.resolver.expr(&call.callee) {
                    Val::Name(name) => PASSES.contains(&&*name),
                    _ => {
                        call.callee.is_specific_id("URLSearchParams")
                            || call.callee.is_specific_id("FormData")
                    }
                };
                if passes {
                    self.arguments(&call.arguments, depth, out);
                }
            }
            _ => {}
        }
    }

    fn member(
        &self,
        whole: &'a Expression<'a>,
        object: &'a Expression<'a>,
        key: Option<&'a str>,
        depth: u32,
        out: &mut Vec<Dep<'a>>,
    ) {
        if let Val::Name(name) = self.resolver.expr(whole)
            && let Some(dep) = self.named(&name, whole.span())
        {
            out.push(dep);
            return;
        }
        if key == Some("length") {
            return;
        }
        match (bind::owner(self.resolver.scoping, object), key) {
            (Some(Owner::Symbol(symbol)), Some(key)) => {
                // A variable of an unknown name out of the environment is one variable.
                out.push(Dep::Node(Node::Field(symbol, key)));
            }
            (Some(Owner::This), Some(key)) => out.push(Dep::Node(Node::This(key))),
            _ => match self.resolver.expr(object) {
                Val::Name(name) if &*name == "global.process.env" => {
                    out.push(self.source("env", whole.span()))
                }
                _ => self.gather(object, depth, out),
            },
        }
    }

    fn arguments(&self, arguments: &'a [Argument<'a>], depth: u32, out: &mut Vec<Dep<'a>>) {
        for argument in arguments {
            match argument {
                Argument::SpreadElement(spread) => self.gather(&spread.argument, depth, out),
                argument => {
                    if let Some(argument) = argument.as_expression() {
                        self.gather(argument, depth, out);
                    }
                }
            }
        }
    }

    /// The source that a read of a file is.
    fn read(&self, call: &'a CallExpression<'a>) -> Dep<'a> {
        let path =
            call.arguments.first().and_then(|a| a.as_expression()).and_then(|a| self.resolver.approximate(a));
        let secret = path.is_some_and(|path| literal::secret_path(&path).is_some());
        self.source(if secret { "secret-file" } else { "file" }, call.span)
    }

    fn call(&self, call: &'a CallExpression<'a>, depth: u32, out: &mut Vec<Dep<'a>>) {
        let callee = self.resolver.expr(&call.callee);
        match &callee {
            Val::Func(func) => {
                out.push(Dep::Node(Node::Return(func.id())));
                return;
            }
            Val::Name(name) => {
                if let Some(dep) =
                    self.named(&format!("{name}()"), call.span).filter(|_| !name.contains("()"))
                {
                    out.push(dep);
                    return;
                }
                let decodes = match &**name {
                    "global.atob" | "global.String.fromCharCode" | "global.String.fromCharCode.apply" => true,
                    "global.Buffer.from" => {
                        let encoding = call.arguments.get(1).and_then(|a| a.as_expression());
                        let encoding = encoding.map(|encoding| self.resolver.expr(encoding));
                        encoding.is_some_and(|e| matches!(e.as_str(), Some("base64" | "hex" | "base64url")))
                    }
                    _ => false,
                };
                if decodes {
                    out.push(self.source("decoded", call.span));
                }
                if decodes || PASSES.contains(&&**name) {
                    self.arguments(&call.arguments, depth, out);
                    return;
                }
                if !name.contains("()") {
                    match self.resolver.api.capability(name) {
                        Some(CapabilityKind::FsRead) if name.contains("read") || name.contains("Read") => {
                            out.push(self.read(call));
                            return;
                        }
                        Some(CapabilityKind::Net) if !listens(name) => {
                            out.push(self.source("net", call.span));
                            return;
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        // A method of a value gives something of the value.
        if let Some(member) = call.callee.get_inner_expression().as_member_expression() {
            self.gather(member.object(), depth, out);
            let method = member.static_property_name().unwrap_or("");
            if matches!(method, "concat" | "replace" | "then" | "join") {
                for argument in &call.arguments {
                    match argument.as_expression().and_then(Func::of) {
                        Some(func) => out.push(Dep::Node(Node::Return(func.id()))),
                        None => self.arguments(std::slice::from_ref(argument), depth, out),
                    }
                }
            }
        }
    }

    /// What a call hands to the functions among its arguments.
    fn callbacks(&mut self, call: &'a CallExpression<'a>, name: Option<&str>) {
        let func = |argument: &'a Argument<'a>, resolver: &Resolver<'a, '_>| {
            argument.as_expression().and_then(|argument| match resolver.expr(argument) {
                Val::Func(func) => Some(func),
                _ => Func::of(argument),
            })
        };
        let functions: Vec<_> =
            call.arguments.iter().filter_map(|argument| func(argument, self.resolver)).collect();
        if functions.is_empty() {
            return;
        }
        let plain = name.filter(|name| !name.contains("()"));
        let capability = plain.and_then(|name| self.resolver.api.capability(name));
        let deps = match (capability, plain) {
            (Some(CapabilityKind::Net), Some(name)) if !listens(name) => vec![self.source("net", call.span)],
            (Some(CapabilityKind::FsRead), Some(name)) if name.contains("read") => vec![self.read(call)],
            _ => {
                let Some(member) = call.callee.get_inner_expression().as_member_expression() else { return };
                let method = member.static_property_name().unwrap_or("");
                if !matches!(
                    method,
                    "then"
                        | "on"
                        | "once"
                        | "forEach"
                        | "map"
                        | "filter"
                        | "reduce"
                        | "flatMap"
                        | "find"
                        | "addListener"
                ) {
                    return;
                }
                self.deps(member.object())
            }
        };
        for func in functions {
            for at in 0..func.params().items.len().min(3) {
                self.param(func, at, &deps);
            }
        }
    }

    fn sink(&mut self, name: &'static str, range: Range, deps: Vec<Dep<'a>>) {
        // The nodes must exist before taint is spread.
        for dep in &deps {
            if let Dep::Node(node) = dep {
                self.id(*node);
            }
        }
        if !deps.is_empty() {
            self.sinks.push(Sink { name, range, deps });
        }
    }

    fn sinks(&mut self, name: &str, arguments: &'a [Argument<'a>], range: Range) {
        let api = self.resolver.api;
        let mut deps = Vec::new();
        match api.capability(name) {
            Some(CapabilityKind::Net) if !listens(name) => {
                let method = name.rsplit('.').next().unwrap_or("");
                if name.contains("()")
                    && !matches!(
                        method,
                        "write" | "end" | "send" | "emit" | "post" | "get" | "put" | "request"
                    )
                {
                    return;
                }
                self.arguments(arguments, 0, &mut deps);
                self.sink(if name.starts_with("node:dns") { "dns" } else { "net" }, range, deps);
            }
            Some(CapabilityKind::Process) if !name.contains("()") => {
                for argument in arguments.iter().take(2) {
                    // The third argument, or an object, is options: `env: process.env` is no command.
                    let options = argument.as_expression().is_some_and(|argument| {
                        matches!(argument.get_inner_expression(), Expression::ObjectExpression(_))
                            || matches!(self.resolver.expr(argument), Val::Object(_))
                    });
                    if !options {
                        self.arguments(std::slice::from_ref(argument), 0, &mut deps);
                    }
                }
                self.sink("process", range, deps);
            }
            Some(CapabilityKind::DynamicCode) if !name.contains("()") => {
                self.arguments(arguments, 0, &mut deps);
                self.sink("dynamic-code", range, deps);
            }
            Some(CapabilityKind::FsWrite) if !name.contains("()") => {
                self.arguments(arguments.get(1..).unwrap_or(&[]), 0, &mut deps);
                self.sink("fs-write", range, deps);
            }
            _ => {}
        }
    }
}

/// Names that wait for others to connect, or make nothing flow by being called.
fn listens(name: &str) -> bool {
    name.contains("createServer")
        || name.contains("createSecureServer")
        || name.ends_with(".listen")
        || name.ends_with(".Agent")
        || name == "express"
        || name == "fastify"
        || name == "koa"
}

impl<'a> VisitJs<'a> for Flows<'_, '_, '_, '_, 'a, '_> {
    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        let it = self.alloc(it);
        let callee = self.resolver.expr(&it.callee);
        self.callbacks(it, callee.as_name());
        if let Val::Name(name) = &callee {
            self.sinks(name, &it.arguments, it.span);
        }
        if let Some(member) = it.callee.get_inner_expression().as_member_expression() {
            let method = member.static_property_name().unwrap_or("");
            if let (Expression::Identifier(receiver), "push" | "unshift" | "append" | "set" | "add") =
                (member.object(), method)
                && let Some(symbol) = bind::symbol(self.resolver.scoping, receiver)
            {
                let mut deps = Vec::new();
                self.arguments(&it.arguments, 0, &mut deps);
                self.feed(Node::Whole(symbol.index() as u32), &deps);
            }
            if method == "pipe"
                && let Some(to) = it.arguments.first().and_then(|argument| argument.as_expression())
                && let Val::Name(to) = self.resolver.expr(to)
            {
                let deps = self.deps(member.object());
                match self.resolver.api.capability(&to) {
                    Some(CapabilityKind::FsWrite) => self.sink("fs-write", it.span, deps),
                    Some(CapabilityKind::Net) => self.sink("net", it.span, deps),
                    Some(CapabilityKind::Process) => self.sink("process", it.span, deps),
                    _ => {}
                }
            }
        }
        walk_js::walk_call_expression(self, it);
    }

    fn visit_new_expression(&mut self, it: &NewExpression<'a>) {
        let it = self.alloc(it);
        if let Val::Name(name) = self.resolver.expr(&it.callee) {
            self.sinks(&name, &it.arguments, it.span);
        }
        walk_js::walk_new_expression(self, it);
    }
}
