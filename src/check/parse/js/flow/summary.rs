//! What goes in and out of a file: what others can use of it, and where it leads.

use std::collections::{BTreeMap, BTreeSet};

use oxc_ast::ast::*;
use oxc_span::Span as Range;

use super::super::bind::{self, Base, CLASSES, Func, Owner};
use super::super::value::Val;
use super::{Dep, Flows, HOLDS_ENV, Node, SOURCES, Sink, Via};
use crate::check::flow::{Argument as Place, Call, Export, From, MAX_PARTS, Mode, OUTSIDE, Summary, To, Way};

/// Nodes that are looked at for one file.
const MAX_VISITS: usize = 1_000_000;
/// Objects within objects that are exported.
const MAX_DEPTH: u8 = 3;
/// Parameters of a function that are followed.
const MAX_PARAMS: usize = 12;
/// Numbers of exported values start here, those of functions are places in the text.
const VALUES: u32 = 0x8000_0000;
/// Sources that say nothing of a value that came from another file: there, most are.
const WEAK: &[&str] =
    &["env", "file", "address", super::HOLDS_ADDRESS, super::REQUEST, super::REQUEST_URL, "neighbour"];

/// What others can use of a file.
#[derive(Debug, Default)]
pub struct Shared<'a> {
    functions: BTreeMap<String, Func<'a>>,
    values: BTreeMap<String, u32>,
    aliases: BTreeSet<(String, Vec<String>, String)>,
}

/// Whether the file gives something to others, or takes something.
pub fn shares(program: &Program<'_>) -> bool {
    let text = program.source_text.as_bytes();
    ["export", "require", "import", "globalThis", "global."]
        .iter()
        .any(|word| memchr::memmem::find(text, word.as_bytes()).is_some())
}

fn dotted(first: &str, second: &str) -> String {
    match (first, second) {
        ("", name) | (name, "") => name.to_owned(),
        (first, second) => format!("{first}.{second}"),
    }
}

/// What `module.exports = …` gives.
struct Assigned<'a>(Vec<&'a Expression<'a>>);

impl<'a> oxc_ast_visit::VisitJs<'a> for Assigned<'a> {
    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        let it = self.alloc(it);
        if let AssignmentTarget::StaticMemberExpression(member) = &it.left
            && member.property.name == "exports"
            && member.object.is_specific_id("module")
            && self.0.len() < 32
        {
            self.0.push(&it.right);
        }
        oxc_ast_visit::walk_js::walk_assignment_expression(self, it);
    }
}

impl<'a> Flows<'_, '_, '_, '_, 'a, '_> {
    /// What others can use.
    pub(super) fn shared(&mut self, program: &'a Program<'a>) -> Shared<'a> {
        let mut out = Shared::default();
        for statement in &program.body {
            self.statement(statement, &mut out);
        }
        let mut assigned = Assigned(Vec::new());
        oxc_ast_visit::VisitJs::visit_program(&mut assigned, program);
        for value in assigned.0 {
            self.export("", value, 0, &mut out);
        }
        let mut members: Vec<_> = self.resolver.bindings.members.iter().collect();
        members.retain(|((owner, _), _)| *owner == Owner::Exports);
        members.sort_by_key(|((_, name), _)| *name);
        for ((_, name), values) in members {
            let name = if *name == "default" { "" } else { name };
            for value in values.iter().take(4) {
                self.export(name, value, 0, &mut out);
            }
        }
        out
    }

    fn statement(&mut self, statement: &'a Statement<'a>, out: &mut Shared<'a>) {
        match statement {
            Statement::ExportDeclaration(it) => match &it.declaration {
                Declaration::VariableDeclaration(declaration) => {
                    for declarator in &declaration.declarations {
                        for name in declarator.id.get_binding_identifiers() {
                            self.symbol(&name.name, name.symbol_id.get(), out);
                        }
                    }
                }
                Declaration::FunctionDeclaration(function) => {
                    if let Some(name) = &function.id {
                        out.functions.insert(name.name.to_string(), Func::Function(function));
                    }
                }
                Declaration::ClassDeclaration(class) => {
                    if let Some(name) = &class.id {
                        self.methods(&name.name, CLASSES | class.span.start, out);
                    }
                }
                _ => {}
            },
            Statement::ExportDefaultDeclaration(it) => match &it.declaration {
                ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                    out.functions.insert(String::new(), Func::Function(function));
                }
                ExportDefaultDeclarationKind::ClassDeclaration(class) => {
                    self.methods("", CLASSES | class.span.start, out);
                }
                declaration => {
                    if let Some(value) = declaration.as_expression() {
                        self.export("", value, 0, out);
                    }
                }
            },
            Statement::ExportNamedDeclaration(it) if !it.export_kind.is_type() => {
                for specifier in &it.specifiers {
                    let name = specifier.exported.name();
                    let name = if name == "default" { "" } else { name.as_str() };
                    if let ModuleExportName::IdentifierReference(local) = &specifier.local {
                        self.symbol(name, bind::symbol(self.resolver.scoping, local), out);
                    }
                }
            }
            Statement::ExportFromDeclaration(it) if !it.export_kind.is_type() => {
                for specifier in &it.specifiers {
                    let (outer, inner) = (specifier.exported.name(), specifier.local.name());
                    let plain = |name: &str| if name == "default" { String::new() } else { name.to_owned() };
                    let name = dotted(it.source.value.as_str(), &plain(inner.as_str()));
                    self.alias(&plain(outer.as_str()), &name, out);
                }
            }
            Statement::ExportAllDeclaration(it) if !it.export_kind.is_type() => {
                let name = it.exported.as_ref().map_or("*".into(), |name| name.name().to_string());
                self.alias(&name, it.source.value.as_str(), out);
            }
            // `__exportStar(require('./a'), exports)`
            Statement::ExpressionStatement(it) => {
                if let Expression::CallExpression(call) = &it.expression
                    && let [Argument::CallExpression(inner), rest @ ..] = call.arguments.as_slice()
                    && rest
                        .last()
                        .is_some_and(|last| matches!(last, Argument::Identifier(it) if it.name == "exports"))
                    && let Val::Name(name) = self.resolver.call(inner)
                {
                    self.alias("*", &name, out);
                }
            }
            _ => {}
        }
    }

    /// Exports a value that is carried by a name which all files share.
    pub(super) fn carry(&mut self, name: &str, node: Node<'a>, out: &mut Shared<'a>) {
        self.value(name, vec![Dep::Node(node)], out);
    }

    fn alias(&self, name: &str, target: &str, out: &mut Shared<'a>) {
        if let Some(call) = self.elsewhere(target)
            && out.aliases.len() < MAX_PARTS
        {
            if name.is_empty() {
                out.aliases.insert(("*".to_owned(), call.modules.clone(), call.name.clone()));
            }
            out.aliases.insert((name.to_owned(), call.modules, call.name));
        }
    }

    fn symbol(&mut self, name: &str, symbol: Option<oxc_syntax::symbol::SymbolId>, out: &mut Shared<'a>) {
        let Some(symbol) = symbol else { return };
        let class = self.resolver.bindings.classes.get(&(symbol.index() as u32)).copied();
        if let Some(class) = class {
            self.methods_of(name, class, out);
        }
        for def in
            self.resolver.bindings.defs.get(symbol.index()).map_or(&[][..], Vec::as_slice).iter().take(4)
        {
            match def.base {
                Base::Func(func) => {
                    out.functions.insert(name.to_owned(), func);
                }
                Base::Expr(value) if def.path.is_empty() => self.export(name, value, 1, out),
                Base::Module(_) => {
                    if let Val::Name(target) = self.resolver.symbol(symbol) {
                        self.alias(name, &target, out);
                    }
                }
                _ => {}
            }
        }
        self.value(name, vec![Dep::Node(Node::Read(symbol.index() as u32))], out);
    }

    fn value(&mut self, name: &str, deps: Vec<Dep<'a>>, out: &mut Shared<'a>) {
        if out.values.len() < MAX_PARTS {
            let next = out.values.len() as u32;
            let number = *out.values.entry(name.to_owned()).or_insert(next);
            self.feed(Node::Value(number), &deps);
        }
    }

    fn methods(&self, name: &str, place: u32, out: &mut Shared<'a>) {
        if let Some(class) = self.resolver.bindings.classes.get(&place) {
            self.methods_of(name, *class, out);
        }
    }

    fn methods_of(&self, name: &str, class: u32, out: &mut Shared<'a>) {
        for (method, func) in self.resolver.bindings.methods.get(&class).into_iter().flatten() {
            let method = if &**method == "constructor" { "" } else { method };
            out.functions.entry(dotted(name, method)).or_insert(*func);
        }
    }

    fn export(&mut self, name: &str, value: &'a Expression<'a>, depth: u8, out: &mut Shared<'a>) {
        if depth > MAX_DEPTH || out.functions.len() > MAX_PARTS {
            return;
        }
        let inner = value.get_inner_expression();
        if let Expression::ClassExpression(class) = inner {
            self.methods(name, CLASSES | class.span.start, out);
        }
        let class = match inner {
            Expression::NewExpression(new) => new.callee.get_inner_expression(),
            inner => inner,
        };
        if let Expression::Identifier(identifier) = class
            && let Some(symbol) = bind::symbol(self.resolver.scoping, identifier)
            && let Some(class) = self.resolver.bindings.classes.get(&(symbol.index() as u32))
        {
            self.methods_of(name, *class, out);
        }
        match self.resolver.expr(value) {
            Val::Func(func) => {
                out.functions.insert(name.to_owned(), func);
                return;
            }
            Val::Name(target) if target.starts_with('.') => {
                self.alias(name, &target, out);
                return;
            }
            Val::Object(object) => {
                for property in object.properties.iter().take(256) {
                    match property {
                        ObjectPropertyKind::ObjectProperty(property) => {
                            if let Some(key) = property.key.static_name() {
                                self.export(&dotted(name, &key), &property.value, depth + 1, out);
                            }
                        }
                        ObjectPropertyKind::SpreadProperty(spread) => {
                            if let Val::Name(target) = self.resolver.expr(&spread.argument) {
                                self.alias("*", &target, out);
                            }
                        }
                    }
                }
            }
            _ => {}
        }
        let deps = self.deps(value);
        self.value(name, deps, out);
    }

    /// The nodes that a parameter is.
    fn starts(&mut self, func: Func<'a>, at: usize) -> Vec<usize> {
        let params = func.params();
        let pattern = params.items.get(at).map(|item| &item.pattern);
        let pattern = pattern.or_else(|| params.rest.as_ref().map(|rest| &rest.rest.argument));
        let symbols: Vec<_> = pattern
            .into_iter()
            .flat_map(|pattern| pattern.get_binding_identifiers())
            .filter_map(|identifier| identifier.symbol_id.get())
            .collect();
        symbols.into_iter().map(|symbol| self.id(Node::Whole(symbol.index() as u32))).collect()
    }

    fn nodes(&mut self, deps: &[Dep<'a>]) -> Vec<usize> {
        let nodes = deps.iter().filter_map(|dep| match dep {
            Dep::Node(node) | Dep::Part(node, _) => Some(*node),
            Dep::Source(..) => None,
        });
        let nodes: Vec<_> = nodes.collect();
        nodes.into_iter().map(|node| self.id(node)).collect()
    }

    /// What goes in and out.
    pub(super) fn summary(&mut self, shared: &Shared<'a>) -> Summary {
        let mut out =
            Summary { calls: std::mem::take(&mut self.outside.borrow_mut().calls), ..Summary::default() };
        for (name, modules, target) in &shared.aliases {
            out.aliases.push((name.clone(), Call { modules: modules.clone(), name: target.clone() }));
        }
        let mut functions: BTreeMap<u32, Func<'a>> = BTreeMap::new();
        for (name, func) in shared.functions.iter().take(MAX_PARTS) {
            let params = func.params().items.iter().map(|item| {
                item.pattern.get_identifier_name().map_or_else(String::new, |name| name.to_string())
            });
            out.exports.push(Export { name: name.clone(), func: func.id(), params: params.collect() });
            functions.insert(func.id(), *func);
        }
        for (name, number) in &shared.values {
            out.exports.push(Export { name: format!("={name}"), func: VALUES | number, params: Vec::new() });
        }

        // Where ways end, by node.
        let mut ends: BTreeMap<usize, Vec<(To, Range)>> = BTreeMap::new();
        let sinks = std::mem::take(&mut self.sinks);
        for sink in &sinks {
            let Some(name) = outer_name(sink) else { continue };
            let to = To::Sink(name.to_owned(), self.unit.place.span(sink.range));
            for node in self.nodes(&sink.deps) {
                ends.entry(node).or_default().push((to.clone(), sink.range));
            }
        }
        self.sinks = sinks;
        let arguments = std::mem::take(&mut self.arguments);
        for (number, at, deps) in &arguments {
            let to = To::Argument(*number, Place::At(*at));
            for node in self.nodes(deps) {
                ends.entry(node).or_default().push((to.clone(), Range::new(0, 0)));
            }
            let taint = self.arrived(deps);
            self.sources(&taint, &to, &mut out.ways);
        }
        for func in functions.values() {
            for node in [Node::Return(func.id()), Node::Handed(func.id())] {
                let node = self.id(node);
                let to = To::Return(func.id());
                self.sources(&self.taints[node].clone(), &to, &mut out.ways);
                ends.entry(node).or_default().push((to, func.span()));
            }
        }
        for number in shared.values.values() {
            let node = self.id(Node::Value(*number));
            let to = To::Return(VALUES | number);
            self.sources(&self.taints[node].clone(), &to, &mut out.ways);
            ends.entry(node).or_default().push((to, Range::new(0, 0)));
        }

        let mut visits = 0;
        for func in functions.values() {
            let rest = if func.params().rest.is_some() { 3 } else { 0 };
            for at in 0..(func.params().items.len() + rest).min(MAX_PARAMS) {
                let starts = self.starts(*func, at);
                self.follow(From::Param(func.id(), at as u32), &starts, &ends, &mut visits, &mut out.ways);
            }
        }
        // What is of this package comes first: what others give is much, and seldom matters.
        let (own, foreign): (Vec<u32>, Vec<u32>) = (0..out.calls.len() as u32).partition(|number| {
            let call = &out.calls[*number as usize];
            !call.modules.iter().any(|module| module.starts_with(OUTSIDE))
        });
        for number in own.into_iter().chain(foreign) {
            if let Some(&start) = self.ids.get(&Node::Result(number)) {
                self.follow(From::Result(number), &[start], &ends, &mut visits, &mut out.ways);
            }
        }
        out.ways.sort();
        out.ways.dedup();
        out
    }

    fn sources(&self, taint: &super::Taint, to: &To, out: &mut Vec<Way>) {
        for (kind, spot) in taint.iter().enumerate() {
            let Some((start, end)) = spot else { continue };
            if WEAK.contains(&SOURCES[kind]) || out.len() >= MAX_PARTS {
                continue;
            }
            let steps = vec![self.unit.place.span(Range::new(*start, *end))];
            let name = match SOURCES[kind] {
                HOLDS_ENV => "env-all",
                super::PRESENTED => "secret-file",
                name => name,
            };
            let from = From::Source(name.to_owned());
            out.push(Way { from, mode: Mode::Plain, to: to.clone(), steps });
        }
    }

    /// All that can be reached from some nodes.
    fn follow(
        &self,
        from: From,
        starts: &[usize],
        ends: &BTreeMap<usize, Vec<(To, Range)>>,
        visits: &mut usize,
        out: &mut Vec<Way>,
    ) {
        let mut seen: BTreeSet<(usize, Mode)> = starts.iter().map(|start| (*start, Mode::Plain)).collect();
        let mut work: Vec<(usize, Mode)> = seen.iter().copied().collect();
        while let Some((node, mode)) = work.pop() {
            *visits += 1;
            if *visits > MAX_VISITS || out.len() >= MAX_PARTS {
                return;
            }
            for (to, range) in ends.get(&node).into_iter().flatten() {
                let steps = if range.end == 0 { Vec::new() } else { vec![self.unit.place.span(*range)] };
                out.push(Way { from: from.clone(), mode, to: to.clone(), steps });
            }
            let opened = self.opened.iter().filter(|(named, _)| *named == node && mode == Mode::Plain);
            // Of the whole environment a member is one variable.
            let next = self.edges.get(node).into_iter().flatten().map(|(next, via)| match via {
                Via::Member | Via::Moved | Via::Beside | Via::Asked | Via::Query | Via::Url => {
                    (*next, mode.then(Mode::Part))
                }
                _ => (*next, mode),
            });
            for next in next.chain(opened.map(|(_, got)| (*got, Mode::Opened))) {
                if seen.insert(next) {
                    work.push(next);
                }
            }
        }
    }
}

/// A sink as other files know it; none where it asks for what only this file can tell.
fn outer_name(sink: &Sink<'_>) -> Option<&'static str> {
    let key = super::source("key");
    Some(match (sink.name, sink.only, sink.except) {
        ("net", Some(only), _) if only == key => "net/sent",
        ("net", None, Some(except)) if except == key => "net/client",
        (_, Some(_), _) | (_, _, Some(_)) => return None,
        ("require", ..) => return None,
        (name, None, None) => name,
    })
}
