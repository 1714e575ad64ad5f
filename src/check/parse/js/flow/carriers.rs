//! What carries a value besides variables: functions that are rebound, promises, objects of a
//! class, members of the global object, events; and what a function catches that is put in the
//! place of another one.

use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::super::bind::{self, CLASSES, Func};
use super::super::value::{Val, member};
use super::{Dep, Flows, Node};
use crate::check::flow::{far, far_name};

/// Levels of names that an object is looked for through.
const MAX_NAMES: u8 = 4;

/// Members of the global object that carry what a page or a program sends, when they are replaced.
const REPLACED: &[&str] = &["fetch", "XMLHttpRequest", "WebSocket", "alert", "prompt", "confirm"];

/// What a person does in a page that hands over what is typed.
const TYPED: &[&str] = &["input", "keydown", "keyup", "keypress", "change", "submit", "paste", "copy"];

/// Names of functions that write bytes as text, or text as other text.
const ENCODERS: &[&str] = &[
    "encode",
    "toHex",
    "bytesToHex",
    "hexlify",
    "hexEncode",
    "encodeHex",
    "u8aToHex",
    "toBase58",
    "base58Encode",
    "encodeBase58",
    "bs58Encode",
    "toBase64",
    "base64Encode",
    "encodeBase64",
];

/// Whether a name is of another module, or built in.
fn of_others(name: &str) -> bool {
    !name.starts_with('.') && !name.starts_with("global.module") && !name.starts_with("global.exports")
}

/// Whether a call writes down what it is given first in other letters: `bs58.encode(bytes)`.
pub(super) fn encodes(call: &CallExpression<'_>) -> bool {
    let name = match call.callee.get_inner_expression() {
        Expression::Identifier(name) => name.name.as_str(),
        other => {
            other.as_member_expression().and_then(MemberExpression::static_property_name).unwrap_or_default()
        }
    };
    ENCODERS.iter().any(|encoder| encoder.eq_ignore_ascii_case(name))
}

impl<'a> Flows<'_, '_, '_, '_, 'a, '_> {
    /// `module._compile(code, path)` of any module: what other templates call so takes no path.
    pub(super) fn compiled(&mut self, member: &'a MemberExpression<'a>, call: &'a CallExpression<'a>) {
        let object = self.resolver.expr(member.object());
        let of_module = object.as_name().is_some_and(|name| {
            let module = name.trim_end_matches("()").trim_end_matches(".prototype");
            matches!(
                module,
                "global.module"
                    | "global.module.constructor"
                    | "global.require.main"
                    | "node:module"
                    | "node:module.Module"
            )
        });
        let mut deps = Vec::new();
        match member {
            // A name that is not known hides that one.
            MemberExpression::ComputedMemberExpression(computed)
                if self.resolver.expr(&computed.expression).text().is_none() =>
            {
                if !object.as_name().is_some_and(|name| name.ends_with("()")) || !of_module {
                    return;
                }
                deps = self.deps(&computed.expression);
            }
            MemberExpression::ComputedMemberExpression(computed)
                if self.resolver.expr(&computed.expression).as_str() == Some("_compile") => {}
            _ if member.static_property_name() == Some("_compile") => {}
            _ => return,
        }
        if of_module || call.arguments.len() == 2 {
            self.arguments(call.arguments.get(..1).unwrap_or(&[]), 0, &mut deps);
            self.sink("dynamic-code", call.span, deps);
        }
    }

    /// The function that an expression is or names.
    pub(super) fn function(&self, expression: &'a Expression<'a>) -> Option<Func<'a>> {
        // `this.onData.bind(this)`, `this.onData`
        let named = match expression.get_inner_expression() {
            Expression::CallExpression(call) => {
                let bound = call.callee.get_inner_expression().as_member_expression();
                bound
                    .filter(|member| member.static_property_name() == Some("bind"))
                    .map(|member| member.object().get_inner_expression())
            }
            other => Some(other),
        };
        if let Some(func) = named.and_then(|it| it.as_member_expression()).and_then(|it| self.method_of(it)) {
            return Some(func);
        }
        match self.resolver.expr(expression) {
            Val::Func(func) => Some(func),
            _ => Func::of(expression),
        }
    }

    /// `send.call(null, x)`, `send.apply(null, [x])`, `send.bind(null, x)`
    pub(super) fn rebound(&mut self, call: &'a CallExpression<'a>) {
        let Some(member) = call.callee.get_inner_expression().as_member_expression() else { return };
        let Some(method @ ("call" | "bind" | "apply")) = member.static_property_name() else { return };
        let Val::Func(func) = self.resolver.expr(member.object()) else { return };
        if method != "apply" {
            for (at, argument) in call.arguments.iter().skip(1).take(16).enumerate() {
                let mut deps = Vec::new();
                self.arguments(std::slice::from_ref(argument), 0, &mut deps);
                self.param(func, at, &deps);
            }
            return;
        }
        let Some(list) = call.arguments.get(1).and_then(|list| list.as_expression()) else { return };
        match list.get_inner_expression() {
            Expression::ArrayExpression(array) => {
                for (at, element) in array.elements.iter().take(16).enumerate() {
                    if let Some(element) = element.as_expression() {
                        let deps = self.deps(element);
                        self.param(func, at, &deps);
                    }
                }
            }
            _ => {
                let deps = self.deps(list);
                for at in 0..func.params().items.len().min(8) {
                    self.param(func, at, &deps);
                }
            }
        }
    }

    /// What parameters are where nothing is given.
    pub(super) fn defaults(&mut self) {
        let resolver = self.resolver;
        for func in &resolver.bindings.functions {
            for (at, item) in func.params().items.iter().enumerate() {
                if let Some(value) = &item.initializer {
                    let mut deps = self.deps(value);
                    // A caller may set another address.
                    super::unset(&mut deps, 0);
                    self.param(*func, at, &deps);
                }
            }
        }
    }

    /// What a promise that is made here comes to: what its function hands to the first of its own.
    pub(super) fn promised(&self, name: &str, arguments: &'a [Argument<'a>]) -> Option<Dep<'a>> {
        if name != "global.Promise" {
            return None;
        }
        let func = Func::of(arguments.first()?.as_expression()?)?;
        Some(Dep::Node(Node::Handed(func.id())))
    }

    /// The class of which an expression is an object, or that it is itself.
    fn class_of(&self, object: &'a Expression<'a>, depth: u8) -> Option<u32> {
        if depth > MAX_NAMES {
            return None;
        }
        let class = |name: &IdentifierReference<'a>| {
            let symbol = bind::symbol(self.resolver.scoping, name)?;
            self.resolver.bindings.classes.get(&(symbol.index() as u32)).copied()
        };
        match object.get_inner_expression() {
            Expression::ThisExpression(it) => self.resolver.bindings.this.get(&it.span.start).copied(),
            Expression::NewExpression(new) => match new.callee.get_inner_expression() {
                Expression::Identifier(name) => class(name),
                Expression::ClassExpression(it) => {
                    self.resolver.bindings.classes.get(&(CLASSES | it.span.start)).copied()
                }
                _ => None,
            },
            Expression::Identifier(name) => class(name).or_else(|| {
                let value = self.resolver.sole(name)?;
                match value.get_inner_expression() {
                    Expression::ObjectExpression(it) => Some(it.span.start),
                    _ => self.class_of(value, depth + 1),
                }
            }),
            _ => None,
        }
    }

    /// The method of an object of a class of this file.
    pub(super) fn method_of(&self, member: &'a MemberExpression<'a>) -> Option<Func<'a>> {
        let name = member.static_property_name()?;
        let class = self.class_of(member.object(), 0)?;
        let methods = self.resolver.bindings.methods.get(&class)?;
        methods.iter().rev().find(|(known, _)| &**known == name).map(|(_, func)| *func)
    }

    /// `actions[job.kind](job.arg)`: any of them.
    pub(super) fn dispatched(&mut self, member: &'a MemberExpression<'a>, call: &'a CallExpression<'a>) {
        let MemberExpression::ComputedMemberExpression(computed) = member else { return };
        if self.resolver.expr(&computed.expression).text().is_some() {
            return;
        }
        let Val::Object(object) = self.resolver.expr(&computed.object) else { return };
        for property in object.properties.iter().take(32) {
            if let ObjectPropertyKind::ObjectProperty(property) = property
                && let Some(func) = self.function(&property.value)
            {
                self.sites(func, &[call]);
            }
        }
    }

    /// `socket.onmessage = (event) => …`
    pub(super) fn hears(&mut self, it: &'a AssignmentExpression<'a>) {
        let AssignmentTarget::StaticMemberExpression(member) = &it.left else { return };
        if member.property.name == "onmessage"
            && let Some(func) = self.function(&it.right)
        {
            let deps = self.deps(&member.object);
            self.param(func, 0, &deps);
        }
    }

    /// What a member of an object of a class of this file may be.
    pub(super) fn of_class(&self, object: &'a Expression<'a>, key: &'a str, out: &mut Vec<Dep<'a>>) {
        let Some(class) = self.class_of(object, 0) else { return };
        out.push(Dep::Node(Node::This(class, key)));
        let methods = self.resolver.bindings.methods.get(&class).map_or(&[][..], Vec::as_slice);
        // A getter takes nothing and is no function where it is used.
        for (_, func) in
            methods.iter().filter(|(name, func)| &**name == key && func.params().items.is_empty())
        {
            out.push(Dep::Node(Node::Return(func.id())));
        }
    }

    /// `emitter.emit('name', x)`: to all that listen for that name in this file.
    pub(super) fn emitted(&mut self, method: &str, call: &'a CallExpression<'a>) {
        if !matches!(method, "emit" | "dispatch" | "publish" | "trigger") {
            return;
        }
        let Some(Argument::StringLiteral(name)) = call.arguments.first() else { return };
        let mut deps = Vec::new();
        self.arguments(call.arguments.get(1..).unwrap_or(&[]), 0, &mut deps);
        self.feed(Node::Event(name.value.as_str()), &deps);
    }

    /// What those who listen for a name are handed.
    pub(super) fn heard(&mut self, method: &str, call: &'a CallExpression<'a>) {
        if !matches!(method, "on" | "once" | "addListener" | "subscribe" | "prependListener") {
            return;
        }
        let (Some(Argument::StringLiteral(name)), Some(listener)) =
            (call.arguments.first(), call.arguments.get(1).and_then(|it| it.as_expression()))
        else {
            return;
        };
        if let Some(func) = self.function(listener) {
            for at in 0..func.params().items.len().min(3) {
                self.param(func, at, &[Dep::Node(Node::Event(name.value.as_str()))]);
            }
        }
    }

    /// A function throws something: whoever catches it has it.
    pub(super) fn thrown(&mut self, argument: &'a Expression<'a>) {
        if let Some(&func) = self.around.last() {
            let deps = self.deps(argument);
            self.feed(Node::Thrown(func), &deps);
        }
    }

    /// `f().catch((error) => …)`: what `f` threw. And what a stream hands to whoever reads it.
    pub(super) fn failed(
        &mut self,
        member: &'a MemberExpression<'a>,
        method: &str,
        call: &'a CallExpression<'a>,
    ) {
        let listener = |at: usize| call.arguments.get(at).and_then(Argument::as_expression);
        if method == "catch"
            && let Some(func) = listener(0).and_then(|it| self.function(it))
            && let Expression::CallExpression(asked) = member.object().get_inner_expression()
            && let Some(of) = self.function(&asked.callee)
        {
            self.param(func, 0, &[Dep::Node(Node::Thrown(of.id()))]);
        }
        if matches!(method, "on" | "once" | "addListener")
            && matches!(call.arguments.first(), Some(Argument::StringLiteral(name)) if matches!(name.value.as_str(), "data" | "message"))
            && let Some(func) = listener(1).and_then(|it| self.function(it))
        {
            let mut deps = self.deps(member.object());
            super::through(&mut deps, 0, super::Via::Given);
            self.param(func, 0, &deps);
        }
    }

    /// What a tool is registered with: its description.
    pub(super) fn tool_text(&mut self, method: &str, call: &'a CallExpression<'a>) {
        if method == "update"
            && let Some(tool) = call.callee.get_inner_expression().as_member_expression()
            && self.is_tool(tool.object())
            && let Some(told) = call.arguments.first().and_then(Argument::as_expression)
        {
            let deps = self.deps(told);
            self.sink("tool-text", call.span, deps);
        }
        if !matches!(method, "registerTool" | "tool" | "addTool" | "registerPrompt") {
            return;
        }
        for argument in call.arguments.iter().take(2).filter_map(Argument::as_expression) {
            let told = match self.resolver.expr(argument) {
                Val::Object(object) => member(object, &["description"]),
                // `server.tool(name, description, …)`
                _ if call.arguments.len() > 2 => Some(argument),
                _ => None,
            };
            if let Some(told) = told {
                let deps = self.deps(told);
                self.sink("tool-text", call.span, deps);
            }
        }
    }

    /// Whether a name is what the registration of a tool gave back.
    fn is_tool(&self, object: &'a Expression<'a>) -> bool {
        let Expression::Identifier(name) = object.get_inner_expression() else { return false };
        let made = match self.resolver.sole(name).map(Expression::get_inner_expression) {
            Some(Expression::CallExpression(call)) => call,
            _ => return false,
        };
        made.callee
            .get_inner_expression()
            .as_member_expression()
            .and_then(MemberExpression::static_property_name)
            .is_some_and(|method| {
                matches!(method, "registerTool" | "tool" | "registerPrompt" | "registerResource")
            })
    }

    /// What a server tells every agent of itself: `new McpServer(about, { instructions })`.
    pub(super) fn told(&mut self, new: &'a NewExpression<'a>) {
        let name = match new.callee.get_inner_expression() {
            Expression::Identifier(name) => name.name.as_str(),
            other => other
                .as_member_expression()
                .and_then(MemberExpression::static_property_name)
                .unwrap_or_default(),
        };
        if !(name.ends_with("Server") || name.ends_with("MCP")) {
            return;
        }
        for argument in new.arguments.iter().take(2).filter_map(Argument::as_expression) {
            if let Val::Object(object) = self.resolver.expr(argument)
                && let Some(told) = member(object, &["instructions"])
            {
                let deps = self.deps(told);
                self.sink("server-text", new.span, deps);
            }
        }
    }

    /// All parameters of a function hold what somebody else hands over.
    fn catches(&mut self, func: Func<'a>) {
        let caught = self.source("caught", func.span());
        for item in &func.params().items {
            for identifier in item.pattern.get_binding_identifiers() {
                if let Some(symbol) = identifier.symbol_id.get() {
                    self.feed(Node::Whole(symbol.index() as u32), &[caught]);
                }
            }
        }
    }

    /// A function that takes the place of one of another module, of a prototype, or built in.
    pub(super) fn replaces(&mut self, it: &'a AssignmentExpression<'a>) {
        let AssignmentTarget::StaticMemberExpression(member) = &it.left else { return };
        let (Some(func), Val::Name(object)) = (self.function(&it.right), self.resolver.expr(&member.object))
        else {
            return;
        };
        let key = member.property.name.as_str();
        let replaces = match &*object {
            "global" => REPLACED.contains(&key),
            object => {
                object.ends_with(".prototype") && of_others(object)
                    || object.starts_with("node:")
                    || self.resolver.api.capability(object).is_some() && !object.contains("()")
            }
        };
        if replaces && !key.starts_with("on") {
            self.catches(func);
        }
    }

    /// Functions that are handed requests or what is typed, by the way they are registered.
    pub(super) fn registered(&mut self, method: &str, call: &'a CallExpression<'a>) {
        let Some(member) = call.callee.get_inner_expression().as_member_expression() else { return };
        let typed = method == "addEventListener"
            && matches!(call.arguments.first(), Some(Argument::StringLiteral(name)) if TYPED.contains(&name.value.as_str()));
        let between = method == "use"
            && member
                .object()
                .get_inner_expression()
                .as_member_expression()
                .and_then(MemberExpression::static_property_name)
                .is_some_and(|name| matches!(name, "request" | "response"));
        if !(typed || between) {
            return;
        }
        let functions: Vec<_> = call
            .arguments
            .iter()
            .filter_map(|argument| argument.as_expression())
            .filter_map(|argument| self.function(argument))
            .collect();
        functions.into_iter().for_each(|func| self.catches(func));
    }

    /// Functions that stand between a server and its answer: `(req, res, next)`.
    pub(super) fn between(&mut self) {
        let resolver = self.resolver;
        for func in &resolver.bindings.functions {
            let names: Vec<&str> = func
                .params()
                .items
                .iter()
                .filter_map(|item| item.pattern.get_identifier_name().map(|name| name.as_str()))
                .collect();
            let middle = match names.as_slice() {
                [request, response, next] => {
                    matches!(*request, "req" | "request")
                        && matches!(*response, "res" | "response" | "resp" | "_res" | "_")
                        && *next == "next"
                }
                ["ctx" | "context", "next"] => true,
                _ => false,
            };
            if middle {
                self.catches(*func);
            }
            if let Some(name) = super::request::of_handler(&names) {
                let items = func.params().items.iter();
                let found = items.flat_map(|item| item.pattern.get_binding_identifiers());
                for identifier in found.filter(|identifier| identifier.name == name) {
                    if let Some(symbol) = identifier.symbol_id.get() {
                        let request = self.source(super::REQUEST, identifier.span);
                        self.feed(Node::Whole(symbol.index() as u32), &[request]);
                    }
                }
            }
        }
    }

    /// Whether the address of a request starts with a host that is written down: `'https://a.invalid' + path`.
    pub(super) fn starts_fixed(&self, arguments: &'a [Argument<'a>]) -> bool {
        let first = arguments.first().and_then(|first| first.as_expression());
        let text = first.and_then(|first| self.resolver.approximate(first)).unwrap_or_default();
        let host = text.split_once("://").map_or("", |(_, rest)| rest);
        far_name(host.split(['/', '?', '#', ':']).next().unwrap_or_default())
    }

    /// Whether a request goes to a host that is written down.
    pub(super) fn is_fixed(&self, arguments: &'a [Argument<'a>]) -> bool {
        let Some(first) = arguments.first().and_then(|first| first.as_expression()) else { return false };
        if self.resolver.approximate(first).is_some_and(|text| far(&text)) {
            return true;
        }
        let Val::Object(object) = self.resolver.expr(first) else { return false };
        object.properties.iter().any(|property| match property {
            ObjectPropertyKind::ObjectProperty(property) => {
                let text = self.resolver.expr(&property.value);
                let text = text.as_str();
                match property.key.static_name().as_deref() {
                    Some("host" | "hostname") => text.is_some_and(far_name),
                    Some("url" | "uri" | "baseURL") => text.is_some_and(far),
                    _ => false,
                }
            }
            _ => false,
        })
    }

    /// The arguments with which the connection was made that something is written to.
    pub(super) fn opened_with(
        &self,
        expression: &'a Expression<'a>,
        depth: u8,
    ) -> Option<&'a [Argument<'a>]> {
        match expression.get_inner_expression() {
            Expression::CallExpression(call) => Some(&call.arguments),
            Expression::NewExpression(new) => Some(&new.arguments),
            Expression::Identifier(name) if depth < MAX_NAMES => {
                self.opened_with(self.resolver.sole(name)?, depth + 1)
            }
            _ => None,
        }
    }

    /// An image whose address takes something along: `img.src = 'https://host/?' + x`.
    pub(super) fn pictured(&mut self, it: &'a AssignmentExpression<'a>) {
        let AssignmentTarget::StaticMemberExpression(member) = &it.left else { return };
        if member.property.name == "src"
            && self.resolver.approximate(&it.right).is_some_and(|text| far(&text))
        {
            self.pictured_at(&it.right);
            let deps = self.deps(&it.right);
            self.sink_of("net", it.right.span(), deps.clone(), None, Some("key"));
            self.sink_of("net", it.right.span(), deps, Some("caught"), None);
        }
    }
}
