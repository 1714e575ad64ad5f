//! The walk that reports facts.

use std::collections::HashSet;

use oxc_ast::ast::*;
use oxc_ast_visit::{VisitJs, walk_js};
use oxc_semantic::Scoping;
use oxc_span::{GetSpan, Span as Range};
use oxc_syntax::operator::{BinaryOperator, UnaryOperator};
use oxc_syntax::scope::ScopeFlags;

use super::bind::{self, Bindings};
use super::literal;
use super::resolve::{Resolver, interop, spine};
use super::value::Val;
use super::{Place, flow, harm, planted, shape};
use crate::check::flow::Summary;
use crate::model::{CapabilityKind, Fact, FactKind, Span};

/// Shortest decoded text that is worth another look.
const MIN_HIDDEN: usize = 12;

/// Constants of one call that are looked at as programs, and levels of an expression that they are
/// looked for in.
const MAX_WRITTEN: usize = 8;
/// Shortest text that is taken for a script of a page, in bytes.
const MIN_PAGE: usize = 80;
const MAX_PIECES_DEPTH: u8 = 6;

/// The file that is walked.
pub struct Unit<'u, 'i, 't> {
    pub path: &'u str,
    pub text: &'u str,
    pub place: &'u Place<'i, 't>,
    pub layer: u8,
}

/// A text that was encoded and may be code.
#[derive(Debug)]
pub struct Hidden {
    pub text: String,
    pub span: Span,
    pub top_level: bool,
    /// Whether it is put into a page: of where it sends something only what counts, not that it does.
    pub page: bool,
}

/// What the walk found.
#[derive(Debug, Default)]
pub struct Found {
    pub facts: Vec<Fact>,
    pub hidden: Vec<Hidden>,
    /// Texts that are written to files and may be programs.
    pub written: Vec<Hidden>,
    pub local: Vec<String>,
    pub exports: u64,
    /// What values go in and out of the file.
    pub flows: Summary,
}

/// Walks the program.
pub fn run<'a>(
    unit: &Unit<'_, '_, '_>,
    program: &'a Program<'a>,
    scoping: &Scoping,
    bindings: Bindings<'a>,
) -> Found {
    let loaded = bind::loaded(&bindings, scoping);
    let resolver = Resolver::new(scoping, bindings, unit.text.len());
    let mut walker =
        Walker { unit, resolver: &resolver, loaded, asleep: 0, mute: 0, quiet: false, out: Found::default() };
    walker.visit_program(program);
    let mut out = walker.out;
    out.flows = flow::run(unit, &resolver, program, &mut out.facts);
    shape::run(unit, &resolver, program, &mut out.facts);
    harm::run(unit, &resolver, program, &mut out.facts);
    planted::run(unit, &resolver, program, &mut out.facts);
    if resolver.exhausted() {
        out.facts.push(
            Fact::new(FactKind::File, "too-deep", unit.place.whole())
                .value("names were resolved up to the limit on work, the rest was not"),
        );
    }
    for fact in &mut out.facts {
        fact.context.layer = unit.layer;
    }
    out
}

struct Walker<'u, 'i, 't, 'r, 'a, 's> {
    unit: &'u Unit<'u, 'i, 't>,
    resolver: &'r Resolver<'a, 's>,
    loaded: HashSet<u32>,
    /// Functions around here that do not run on loading.
    asleep: u32,
    /// Inside a constant that was reported as a whole.
    mute: u32,
    /// The next name is not a use (a callee reported already, an alias).
    quiet: bool,
    out: Found,
}

/// A path joined to the folder of `file`; `..` may lead out and then stays.
pub fn join(file: &str, specifier: &str) -> String {
    let mut parts: Vec<&str> = file.split('/').filter(|part| !part.is_empty()).collect();
    parts.pop();
    for part in specifier.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

impl<'a> Walker<'_, '_, '_, '_, 'a, '_> {
    fn fact(&mut self, fact: Fact) {
        let mut fact = fact;
        fact.context.top_level = self.asleep == 0;
        self.out.facts.push(fact);
    }

    fn import(&mut self, specifier: &str, range: Range) {
        let name = if specifier.starts_with('.') {
            let path = join(self.unit.path, specifier);
            self.out.local.push(path.clone());
            format!("./{path}")
        } else {
            super::api::module_name(specifier)
        };
        let span = self.unit.place.span(range);
        self.fact(Fact::new(FactKind::Import, name.clone(), span.clone()));
        if specifier.ends_with(".node") {
            self.fact(
                Fact::new(FactKind::Call, "require(.node)", span).value(name).gives(CapabilityKind::Native),
            );
        }
    }

    /// Reports the use of a name, if it matters.
    fn use_name(&mut self, name: &str, value: String, range: Range) {
        if name.contains("()") {
            return;
        }
        let Some(reach) = self.resolver.api.reach(name) else { return };
        if reach.capability.is_none() && !reach.report {
            return;
        }
        let mut fact = Fact::new(FactKind::Call, name, self.unit.place.span(range)).value(value);
        fact.capability = reach.capability;
        self.fact(fact);
    }

    fn arguments(&self, arguments: &'a [Argument<'a>]) -> String {
        let folded = arguments.iter().map(|argument| {
            argument
                .as_expression()
                .and_then(|argument| self.argument(argument))
                .unwrap_or_else(|| "?".to_owned())
        });
        folded.collect::<Vec<_>>().join("\u{1f}")
    }

    fn argument(&self, argument: &'a Expression<'a>) -> Option<String> {
        let value = self.resolver.expr(argument);
        match &value {
            Val::Array(_) => {
                let elements = self.resolver.elements(&value)?;
                let parts: Option<Vec<_>> = elements.iter().map(Val::text).collect();
                parts.map(|parts| parts.join(" "))
            }
            value => value.text(),
        }
    }

    fn called(&mut self, name: &str, arguments: &'a [Argument<'a>], range: Range, callee: Range) {
        let first = arguments.first().and_then(|argument| argument.as_expression());
        match name {
            "global.require"
            | "node:module._load"
            | "global.process.getBuiltinModule"
            | "global.module.constructor._load"
            | "node:module.createRequire()" => self.require(first, range, "require"),
            "global.setTimeout" | "global.setInterval" | "global.setImmediate" => {
                if let Some(code) = first.map(|first| self.resolver.expr(first))
                    && code.as_str().is_some()
                {
                    self.code(&code, range);
                    let fact = Fact::new(FactKind::Call, name, self.unit.place.span(range));
                    let value = self.arguments(arguments);
                    self.fact(fact.value(value).gives(CapabilityKind::DynamicCode));
                }
            }
            _ => {
                let (name, arguments) = match name.rsplit_once('.') {
                    Some((function, "call")) => (function, arguments.get(1..).unwrap_or(&[])),
                    Some((function, "apply" | "bind")) => (function, &[][..]),
                    _ => (name, arguments),
                };
                let capability = self.resolver.api.capability(name);
                let value = self.arguments(arguments);
                self.use_name(name, value, range);
                let first = arguments.first().and_then(|argument| argument.as_expression());
                match capability {
                    Some(CapabilityKind::DynamicCode) => {
                        if let Some(code) = arguments.last().and_then(|argument| argument.as_expression()) {
                            let last = self.resolver.expr(code);
                            self.code(&last, range);
                        }
                        if arguments.len() > 1
                            && let Some(first) = first
                        {
                            let code = self.resolver.expr(first);
                            self.code(&code, range);
                        }
                    }
                    Some(CapabilityKind::Process) => self.command(name, arguments, range),
                    Some(CapabilityKind::FsWrite) => self.written(name, arguments, range),
                    _ => {}
                }
                let _ = callee;
            }
        }
    }

    fn require(&mut self, argument: Option<&'a Expression<'a>>, range: Range, how: &str) {
        let Some(argument) = argument else { return };
        match self.resolver.expr(argument) {
            value if value.as_str().is_some() => {
                let module = value.as_str().unwrap_or_default().to_owned();
                self.import(&module, range);
            }
            _ => {
                let known = self.resolver.approximate(argument);
                // `path.join(__dirname, 'x')`
                if let Some(path) = known.as_deref()
                    && (path.starts_with("./") || path.starts_with("../"))
                    && !path.contains('?')
                {
                    let path = path.to_owned();
                    self.import(&path, range);
                    return;
                }
                let local = known.as_deref().is_some_and(|text| text.starts_with('.'));
                let name = if local { format!("{how}(dynamic-local)") } else { format!("{how}(dynamic)") };
                let fact = Fact::new(FactKind::Call, name, self.unit.place.span(range));
                let value = known.unwrap_or_else(|| "?".to_owned());
                self.fact(fact.value(value).gives(CapabilityKind::DynamicCode));
            }
        }
    }

    /// Text that is run as code.
    fn code(&mut self, code: &Val<'a>, range: Range) {
        if let Some(text) = code.as_str()
            && text.len() >= MIN_HIDDEN
        {
            let hidden = Hidden {
                text: text.to_owned(),
                span: self.unit.place.span(range),
                top_level: self.asleep == 0,
                page: false,
            };
            self.out.hidden.push(hidden);
        }
    }

    /// Constants that are written to a file: what is added to somebody's program is in no file that
    /// is read here.
    fn written(&mut self, name: &str, arguments: &'a [Argument<'a>], range: Range) {
        let method = name.rsplit('.').next().unwrap_or_default().trim_end_matches("Sync");
        if !matches!(method, "writeFile" | "appendFile" | "outputFile" | "write") {
            return;
        }
        let [path, data, ..] = arguments else { return };
        let (Some(path), Some(data)) = (path.as_expression(), data.as_expression()) else { return };
        let path = self.resolver.approximate(path).unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        if !matches!(ending, "" | "js" | "cjs" | "mjs" | "jsx" | "ts" | "mts" | "cts" | "tsx")
            && !ending.contains('?')
            && !ending.ends_with("rc")
        {
            return;
        }
        let mut texts = Vec::new();
        self.constants(data, 0, &mut texts);
        for text in texts.into_iter().filter(|text| looks_like_code(text)).take(MAX_WRITTEN) {
            let (span, top_level) = (self.unit.place.span(range), self.asleep == 0);
            self.out.written.push(Hidden { text, span, top_level, page: false });
        }
    }

    /// The constant pieces of a text that is put together; what is unknown within a template is `0`.
    fn constants(&self, expression: &'a Expression<'a>, depth: u8, out: &mut Vec<String>) {
        if depth > MAX_PIECES_DEPTH {
            return;
        }
        if let Some(text) = self.resolver.expr(expression).as_str() {
            out.push(text.to_owned());
            return;
        }
        match expression.get_inner_expression() {
            Expression::BinaryExpression(binary) if binary.operator == BinaryOperator::Addition => {
                for part in spine(binary).into_iter().take(64) {
                    self.constants(part, depth + 1, out);
                }
            }
            Expression::TemplateLiteral(template) => {
                let quasis = template.quasis.iter().filter_map(|quasi| quasi.value.cooked.as_ref());
                let quasis: Vec<&str> = quasis.map(|text| text.as_str()).collect();
                // A text before or behind code stands for itself.
                if template.expressions.len() <= 2 {
                    out.extend(quasis.iter().map(|&text| text.to_owned()));
                }
                if template.expressions.len() != 1 {
                    out.push(quasis.join("0"));
                }
            }
            Expression::CallExpression(call) => {
                let member = call.callee.get_inner_expression().as_member_expression();
                if let Some(member) = member
                    && matches!(member.static_property_name(), Some("concat" | "replace" | "join" | "trim"))
                {
                    self.constants(member.object(), depth + 1, out);
                    for argument in call.arguments.iter().filter_map(|it| it.as_expression()) {
                        self.constants(argument, depth + 1, out);
                    }
                }
            }
            Expression::ArrayExpression(array) => {
                let lines = array.elements.iter().take(512).filter_map(|element| element.as_expression());
                let lines: Vec<String> =
                    lines.map(|line| self.resolver.expr(line).text().unwrap_or_default()).collect();
                out.push(lines.join("\n"));
            }
            Expression::Identifier(identifier) => {
                if let Some(value) = self.resolver.sole(identifier) {
                    self.constants(value, depth + 1, out);
                }
            }
            _ => {}
        }
    }

    /// The commands of a process call: one for each branch of `a ? 'x' : 'y'`.
    fn command(&mut self, name: &str, arguments: &'a [Argument<'a>], range: Range) {
        let Some(first) = arguments.first().and_then(|argument| argument.as_expression()) else { return };
        let second = arguments.get(1).and_then(|argument| argument.as_expression());
        match first.get_inner_expression() {
            Expression::ConditionalExpression(either) => {
                self.one_command(name, &either.consequent, second, range);
                self.one_command(name, &either.alternate, second, range);
            }
            _ => self.one_command(name, first, second, range),
        }
    }

    fn one_command(
        &mut self,
        name: &str,
        first: &'a Expression<'a>,
        second: Option<&'a Expression<'a>>,
        range: Range,
    ) {
        let mut parts = Vec::new();
        for argument in [Some(first), second].into_iter().flatten() {
            let elements = match argument.get_inner_expression() {
                Expression::ArrayExpression(array) => Some(&array.elements),
                _ => match self.resolver.expr(argument) {
                    Val::Array(array) => Some(&array.elements),
                    _ => None,
                },
            };
            if let Some(elements) = elements {
                for element in elements.iter().take(64) {
                    let text = element.as_expression().and_then(|element| self.resolver.approximate(element));
                    parts.push(text.unwrap_or_else(|| "?".to_owned()));
                }
            } else if let Some(text) = self.resolver.approximate(argument) {
                parts.push(text);
            } else if parts.is_empty() {
                parts.push("?".to_owned());
            }
        }
        if parts.iter().all(|part| part == "?") || name.ends_with("Worker") {
            return;
        }
        if let [program, flag, code, ..] = parts.as_slice()
            && program
                .rsplit('/')
                .next()
                .is_some_and(|program| matches!(program, "node" | "node.exe" | "bun" | "deno"))
            && matches!(flag.as_str(), "-e" | "--eval" | "-p")
        {
            let code = Val::str(code.clone());
            self.code(&code, range);
        }
        let line = parts.join(" ");
        // Files of the package that it starts, named from its root or from this file's folder.
        for file in crate::check::manifest::started(&line) {
            if !file.contains('?') && !file.starts_with(['/', '~']) {
                self.out.local.push(join(self.unit.path, &file));
                self.out.local.push(crate::check::context::normal(&file));
            }
        }
        let fact = Fact::new(FactKind::Literal, "command", self.unit.place.span(range));
        self.fact(fact.value(line));
    }

    /// Reports a constant that means something; true if it folds at all.
    fn constant(&mut self, value: &Val<'a>, range: Range) -> bool {
        let Some(text) = value.as_str() else { return false };
        self.literals(text, range);
        if matches!(value, Val::Decoded(_)) && looks_like_code(text) {
            self.code(value, range);
        }
        true
    }

    fn literals(&mut self, text: &str, range: Range) {
        if self.mute > 0 {
            return;
        }
        if let Some(host) = literal::source_redirect(text) {
            let fact = Fact::new(FactKind::Literal, "source-redirect", self.unit.place.span(range));
            self.fact(fact.value(host));
        }
        if let Some(program) = literal::app_code(text) {
            let fact = Fact::new(FactKind::Literal, "app-code", self.unit.place.span(range));
            self.fact(fact.value(program));
        }
        self.carried_page(text, range);
        for (name, value) in literal::classify(text) {
            let fact = Fact::new(FactKind::Literal, name, self.unit.place.span(range));
            self.fact(fact.value(value));
        }
        if let Some(kind) = literal::encoded(text) {
            let decoded =
                if kind == "hex" { hex::decode(text).ok() } else { super::fold::decode_base64(text) };
            if let Some(decoded) = decoded.and_then(|bytes| String::from_utf8(bytes).ok())
                && looks_like_code(&decoded)
            {
                self.code(&Val::decoded(decoded), range);
            }
        }
    }

    /// A script for pages that stands in the file as a text, with an address that it sends to: whoever
    /// puts it in has it run in somebody else's page.
    fn carried_page(&mut self, text: &str, range: Range) {
        let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
        if text.len() < MIN_PAGE
            || self.out.written.len() >= MAX_WRITTEN
            || !has("://")
            || !has("addEventListener") && !has("document.cookie") && !has("localStorage")
            || !["sendBeacon", "fetch(", "XMLHttpRequest", ".src", "WebSocket"].into_iter().any(has)
        {
            return;
        }
        // Of a piece of a page only what stands between the tags is code.
        let code = match (text.find("<script"), text.rfind("</script")) {
            (Some(from), Some(to)) if from < to => {
                let inner = text.get(from..to).unwrap_or_default();
                inner.split_once('>').map_or("", |(_, inner)| inner)
            }
            _ => text,
        };
        let hidden =
            Hidden { text: code.to_owned(), span: self.unit.place.span(range), top_level: false, page: true };
        self.out.written.push(hidden);
    }

    /// A chain of members: reported as a whole or, if that is nothing, in parts.
    fn chain(&mut self, expression: &'a Expression<'a>) {
        let quiet = std::mem::take(&mut self.quiet);
        let value = if quiet { Val::Unknown } else { self.resolver.expr(expression) };
        if let Val::Name(name) = &value {
            self.use_name(name, String::new(), expression.span());
        }
        self.inner_chain(expression, quiet || matches!(value, Val::Name(_)));
    }

    fn inner_chain(&mut self, expression: &'a Expression<'a>, quiet: bool) {
        match expression {
            Expression::StaticMemberExpression(member) => {
                self.quiet = quiet;
                self.visit_expression(&member.object);
            }
            Expression::ComputedMemberExpression(member) => {
                self.quiet = quiet;
                self.visit_expression(&member.object);
                self.quiet = false;
                self.visit_expression(&member.expression);
            }
            _ => {}
        }
        self.quiet = false;
    }

    fn function(&mut self, id: u32) -> bool {
        let asleep = !self.loaded.contains(&id);
        self.asleep += u32::from(asleep);
        asleep
    }

    fn callee(&mut self, callee: &'a Expression<'a>, arguments: &'a [Argument<'a>], range: Range) {
        let name = self.resolver.expr(callee);
        if let Val::Name(name) = &name {
            self.called(name, arguments, range, callee.span());
        }
        let known = matches!(name, Val::Name(_));
        self.quiet = known;
        self.visit_expression(callee);
        let unwraps = match callee.get_inner_expression() {
            Expression::Identifier(identifier) => interop(&identifier.name),
            Expression::StaticMemberExpression(member) => interop(&member.property.name),
            _ => false,
        };
        for argument in arguments {
            self.quiet = unwraps;
            self.visit_argument(argument);
        }
        self.quiet = false;
    }

    fn count_export(&mut self, assignment: &'a AssignmentExpression<'a>) {
        let target = match &assignment.left {
            AssignmentTarget::StaticMemberExpression(member) => member,
            _ => return,
        };
        match self.resolver.owner(&target.object) {
            Some(bind::Owner::Exports) if target.property.name != "__esModule" => self.out.exports += 1,
            _ if target.property.name == "exports" && target.object.is_specific_id("module") => {
                self.out.exports += match assignment.right.get_inner_expression() {
                    Expression::ObjectExpression(object) => object.properties.len() as u64,
                    _ => 1,
                };
            }
            _ => {}
        }
    }
}

/// Whether text could be a program: something is called or assigned in it.
pub fn looks_like_code(text: &str) -> bool {
    text.len() >= MIN_HIDDEN
        && !text.contains('\u{fffd}')
        && text.chars().filter(|c| c.is_control() && !c.is_whitespace()).count() == 0
        && ["(", "=>", "require", "import ", "process.", "function"].iter().any(|part| text.contains(part))
        && (text.contains(')') || text.contains(';'))
}

impl<'a> VisitJs<'a> for Walker<'_, '_, '_, '_, 'a, '_> {
    fn visit_expression(&mut self, it: &Expression<'a>) {
        let it = self.alloc(it);
        match it {
            Expression::StaticMemberExpression(_) | Expression::ComputedMemberExpression(_) => self.chain(it),
            Expression::BinaryExpression(binary) if binary.operator == BinaryOperator::Addition => {
                self.quiet = false;
                let folded = self.resolver.expr(it);
                let constant = self.mute == 0 && self.constant(&folded, it.span());
                if !constant
                    && self.mute == 0
                    && let Some(text) = self.resolver.approximate(it)
                    && (text.contains("://") || literal::secret_path(&text).is_some())
                {
                    self.literals(&text, it.span());
                    self.mute += 1;
                    spine(binary).into_iter().for_each(|part| self.visit_expression(part));
                    self.mute -= 1;
                    return;
                }
                self.mute += u32::from(constant);
                spine(binary).into_iter().for_each(|part| self.visit_expression(part));
                self.mute -= u32::from(constant);
            }
            Expression::CallExpression(_) | Expression::AwaitExpression(_) => {
                walk_js::walk_expression(self, it)
            }
            Expression::Identifier(_)
            | Expression::ParenthesizedExpression(_)
            | Expression::SequenceExpression(_)
            | Expression::TSAsExpression(_)
            | Expression::TSNonNullExpression(_)
            | Expression::ChainExpression(_) => {
                walk_js::walk_expression(self, it);
            }
            _ => {
                self.quiet = false;
                walk_js::walk_expression(self, it);
            }
        }
        self.quiet = false;
    }

    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        if std::mem::take(&mut self.quiet) {
            return;
        }
        let it = self.alloc(it);
        let value = match bind::symbol(self.resolver.scoping, it) {
            Some(symbol) => self.resolver.symbol(symbol),
            None if self.resolver.api.follows(&it.name) => Val::name(format!("global.{}", it.name)),
            None => return,
        };
        if let Val::Name(name) = value {
            self.use_name(&name, String::new(), it.span);
        }
    }

    fn visit_string_literal(&mut self, it: &StringLiteral<'a>) {
        self.literals(it.value.as_str(), it.span);
    }

    fn visit_template_literal(&mut self, it: &TemplateLiteral<'a>) {
        let it = self.alloc(it);
        if self.mute == 0 {
            let mut text = String::new();
            for (at, quasi) in it.quasis.iter().enumerate() {
                text.push_str(quasi.value.cooked.as_ref().map_or("", |text| text.as_str()));
                if let Some(part) = it.expressions.get(at) {
                    text.push_str(&self.resolver.approximate(part).unwrap_or_else(|| "?".to_owned()));
                }
            }
            self.literals(&text, it.span);
        }
        self.mute += 1;
        walk_js::walk_template_literal(self, it);
        self.mute -= 1;
    }

    fn visit_static_member_expression(&mut self, it: &StaticMemberExpression<'a>) {
        // Reached as a target of an assignment or a JSX name, or behind `?.`.
        let it = self.alloc(it);
        let quiet = std::mem::take(&mut self.quiet);
        let value = if quiet {
            Val::Unknown
        } else {
            let object = self.resolver.expr(&it.object);
            self.resolver.prop(&object, &it.property.name)
        };
        if let Val::Name(name) = &value {
            self.use_name(name, String::new(), it.span);
        }
        self.quiet = quiet || matches!(value, Val::Name(_));
        self.visit_expression(&it.object);
        self.quiet = false;
    }

    fn visit_unary_expression(&mut self, it: &UnaryExpression<'a>) {
        // `typeof fetch` asks, it does not use.
        self.quiet = it.operator == UnaryOperator::Typeof;
        let it = self.alloc(it);
        self.visit_expression(&it.argument);
        self.quiet = false;
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        let it = self.alloc(it);
        self.visit_binding_pattern(&it.id);
        if let Some(init) = &it.init {
            let alias = match self.resolver.expr(init) {
                Val::Name(name) => !name.starts_with("global.process.env") && !name.contains("()"),
                _ => false,
            };
            // Destructured members of the environment are uses of those members.
            if let (BindingPattern::ObjectPattern(pattern), Val::Name(name)) =
                (&it.id, self.resolver.expr(init))
            {
                for property in &pattern.properties {
                    if let Some(key) = bind::key_name(&property.key)
                        && &*name == "global.process"
                        && &*key == "env"
                    {
                        self.use_name("global.process.env", String::new(), property.span);
                    }
                }
            }
            self.quiet = alias;
            self.visit_expression(init);
            self.quiet = false;
        }
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        let it = self.alloc(it);
        self.count_export(it);
        let alias = match &it.left {
            AssignmentTarget::AssignmentTargetIdentifier(target) => {
                bind::symbol(self.resolver.scoping, target).is_some()
            }
            AssignmentTarget::StaticMemberExpression(member) => {
                matches!(member.object, Expression::ThisExpression(_))
            }
            _ => false,
        };
        self.visit_assignment_target(&it.left);
        self.quiet =
            alias && matches!(self.resolver.expr(&it.right), Val::Name(name) if !name.contains("env"));
        self.visit_expression(&it.right);
        self.quiet = false;
    }

    fn visit_expression_statement(&mut self, it: &ExpressionStatement<'a>) {
        // `require('x');` loads, its result goes nowhere.
        self.quiet = matches!(it.expression, Expression::CallExpression(_));
        walk_js::walk_expression_statement(self, it);
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        let it = self.alloc(it);
        let quiet = std::mem::take(&mut self.quiet);
        let folded = if self.mute == 0 { self.resolver.call(it) } else { Val::Unknown };
        if let Val::Name(module) = &folded
            && !quiet
            && self.resolver.expr(&it.callee).as_name() == Some("global.require")
        {
            // A module handed on as it is.
            self.use_name(module, String::new(), it.span);
        }
        let constant = self.constant(&folded, it.span);
        if !constant
            && self.mute == 0
            && matches!(
                self.resolver.expr(&it.callee).as_name(),
                Some("node:path.join" | "node:path.resolve")
            )
        {
            let parts = it.arguments.iter().filter_map(|a| a.as_expression());
            let path: Vec<_> =
                parts.map(|p| self.resolver.approximate(p).unwrap_or_else(|| "?".into())).collect();
            let path = path.join("/");
            if literal::secret_path(&path).is_some() || literal::app_code(&path).is_some() {
                self.literals(&path, it.span);
                self.mute += 1;
                self.callee(&it.callee, &it.arguments, it.span);
                self.mute -= 1;
                return;
            }
        }
        self.mute += u32::from(constant);
        if self.reflected(it) {
            for argument in &it.arguments {
                self.quiet = true;
                self.visit_argument(argument);
                self.quiet = false;
            }
        } else {
            self.callee(&it.callee, &it.arguments, it.span);
        }
        self.mute -= u32::from(constant);
    }

    fn visit_new_expression(&mut self, it: &NewExpression<'a>) {
        let it = self.alloc(it);
        self.quiet = false;
        self.callee(&it.callee, &it.arguments, it.span);
    }

    fn visit_import_expression(&mut self, it: &ImportExpression<'a>) {
        let it = self.alloc(it);
        self.require(Some(&it.source), it.span, "import");
        self.visit_expression(&it.source);
    }

    fn visit_import_declaration(&mut self, it: &ImportDeclaration<'a>) {
        let types = it.specifiers.as_ref().is_some_and(|all| {
            !all.is_empty()
                && all.iter().all(|one| {
                    matches!(one, ImportDeclarationSpecifier::ImportSpecifier(one) if one.import_kind.is_type())
                })
        });
        if !it.import_kind.is_type() && !types {
            self.import(it.source.value.as_str(), it.span);
        }
    }

    fn visit_export_from_declaration(&mut self, it: &ExportFromDeclaration<'a>) {
        if it.export_kind.is_type() {
            return;
        }
        self.out.exports += it.specifiers.len() as u64;
        let module = it.source.value.as_str();
        self.import(module, it.span);
        let name = bind::module(module);
        for specifier in &it.specifiers {
            self.use_name(
                &format!("{name}.{}", specifier.local.name().as_str()),
                String::new(),
                specifier.span,
            );
        }
    }

    fn visit_export_all_declaration(&mut self, it: &ExportAllDeclaration<'a>) {
        if !it.export_kind.is_type() {
            self.out.exports += 1;
            let module = it.source.value.as_str();
            self.import(module, it.span);
            self.use_name(&bind::module(module), String::new(), it.span);
        }
    }

    fn visit_export_named_declaration(&mut self, it: &ExportNamedDeclaration<'a>) {
        if !it.export_kind.is_type() {
            self.out.exports += it.specifiers.len() as u64;
            walk_js::walk_export_named_declaration(self, it);
        }
    }

    fn visit_export_declaration(&mut self, it: &ExportDeclaration<'a>) {
        self.out.exports += match &it.declaration {
            Declaration::VariableDeclaration(declaration) => declaration.declarations.len() as u64,
            declaration => u64::from(!declaration.is_type()),
        };
        walk_js::walk_export_declaration(self, it);
    }

    fn visit_export_default_declaration(&mut self, it: &ExportDefaultDeclaration<'a>) {
        self.out.exports += 1;
        walk_js::walk_export_default_declaration(self, it);
    }

    fn visit_ts_import_equals_declaration(&mut self, it: &TSImportEqualsDeclaration<'a>) {
        if let TSModuleReference::ExternalModuleReference(module) = &it.module_reference
            && !it.import_kind.is_type()
        {
            self.import(module.expression.value.as_str(), it.span);
        }
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        let asleep = self.function(it.span.start);
        walk_js::walk_function(self, it, flags);
        self.asleep -= u32::from(asleep);
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        let asleep = self.function(it.span.start);
        walk_js::walk_arrow_function_expression(self, it);
        self.asleep -= u32::from(asleep);
    }

    fn visit_property_definition(&mut self, it: &PropertyDefinition<'a>) {
        self.asleep += u32::from(!it.r#static);
        walk_js::walk_property_definition(self, it);
        self.asleep -= u32::from(!it.r#static);
    }
}

impl<'a> Walker<'_, '_, '_, '_, 'a, '_> {
    /// `Reflect.apply(f, this, […])` and `Reflect.construct(f, […])` are calls of `f`.
    fn reflected(&mut self, call: &'a CallExpression<'a>) -> bool {
        let callee = self.resolver.expr(&call.callee);
        let list = match callee.as_name() {
            Some("global.Reflect.apply") => 2,
            Some("global.Reflect.construct") => 1,
            _ => return false,
        };
        let Some(function) = call.arguments.first().and_then(|a| a.as_expression()) else { return false };
        let Val::Name(name) = self.resolver.expr(function) else { return false };
        let arguments =
            call.arguments.get(list).and_then(|a| a.as_expression()).map(|a| self.resolver.expr(a));
        let texts = arguments.and_then(|list| self.resolver.elements(&list)).unwrap_or_default();
        let texts: Vec<_> =
            texts.iter().map(|value| value.text().unwrap_or_else(|| "?".to_owned())).collect();
        if self.resolver.api.capability(&name) == Some(CapabilityKind::DynamicCode)
            && let Some(code) = texts.last()
        {
            self.code(&Val::str(code.clone()), call.span);
        }
        self.use_name(&name, texts.join("\u{1f}"), call.span);
        true
    }
}
