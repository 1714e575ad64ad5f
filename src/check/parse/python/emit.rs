//! The walk that reports facts.

use std::collections::BTreeSet;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, ExprCall, Operator, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::super::js::literal;
use super::resolve::{Resolver, spine};
use super::scope::{FuncId, literal_elements};
use super::value::Val;
use super::{Unit, local};
use crate::model::{CapabilityKind, Fact, FactKind, Span};

/// Shortest decoded text that is worth another look.
const MIN_HIDDEN: usize = 8;

/// A text that is run as code.
#[derive(Debug)]
pub struct Hidden {
    /// The code.
    pub text: String,
    /// Where it is run.
    pub span: Span,
    /// Whether that runs on import.
    pub top_level: bool,
}

/// What the walk found.
#[derive(Debug, Default)]
pub struct Found {
    /// Facts.
    pub facts: Vec<Fact>,
    /// Code in strings.
    pub hidden: Vec<Hidden>,
    /// Files of the package that are loaded.
    pub local: Vec<String>,
}

/// Walks the statements of a file.
pub fn run<'a>(unit: &Unit<'_, '_>, resolver: &Resolver<'a>, body: &'a [Stmt]) -> Found {
    let loaded = loaded(resolver);
    let mut walker =
        Walker { unit, resolver, loaded, asleep: 0, mute: 0, quiet: false, out: Found::default() };
    walker.imports();
    walker.visit_body(body);
    walker.out
}

/// Functions that run when the module is loaded: those called outside of functions, and what these
/// call.
fn loaded(resolver: &Resolver<'_>) -> BTreeSet<FuncId> {
    let scopes = &resolver.scopes;
    let mut out = BTreeSet::new();
    for _ in 0..8 {
        let before = out.len();
        for func in 0..scopes.funcs.len() {
            let runs = resolver.calls_of(func).iter().any(|call| {
                let scope = match &*call.func {
                    Expr::Lambda(_) => scopes.funcs[func].outer,
                    Expr::Name(name) => scopes.scope_of(name),
                    Expr::Attribute(it) => match &*it.value {
                        Expr::Name(name) => scopes.scope_of(name),
                        _ => return false,
                    },
                    _ => return false,
                };
                scopes.func_of(scope).is_none_or(|outer| outer != func && out.contains(&outer))
            });
            if runs {
                out.insert(func);
            }
        }
        if out.len() == before {
            break;
        }
    }
    out
}

struct Walker<'u, 'i, 'r, 'a> {
    unit: &'u Unit<'u, 'i>,
    resolver: &'r Resolver<'a>,
    loaded: BTreeSet<FuncId>,
    /// Functions around here that do not run on loading.
    asleep: u32,
    /// Inside a constant that was reported as a whole.
    mute: u32,
    /// The next name is not a use: a callee that was reported already.
    quiet: bool,
    out: Found,
}

/// Whether text could be a Python program: something is called, assigned or imported in it.
pub fn looks_like_code(text: &str) -> bool {
    text.len() >= MIN_HIDDEN
        && !text.contains('\u{fffd}')
        && !text.chars().any(|c| c.is_control() && !c.is_whitespace())
        && (text.contains("import ") || (text.contains('(') && text.contains(')')))
}

impl<'a> Walker<'_, '_, '_, 'a> {
    fn fact(&mut self, mut fact: Fact) {
        fact.context.top_level = self.asleep == 0;
        self.out.facts.push(fact);
    }

    fn span(&self, range: TextRange) -> Span {
        self.unit.place.span(range)
    }

    fn imports(&mut self) {
        for import in self.resolver.scopes.imports.clone() {
            let range = TextRange::new(import.start.into(), import.end.into());
            let span = self.span(range);
            let path = self.unit.path;
            let member = import.name.as_deref().filter(|name| *name != "*");
            if import.level > 0 {
                let module = local::relative(path, import.level as usize, &import.module);
                let deeper = member
                    .map(|name| if module.is_empty() { name.to_owned() } else { format!("{module}/{name}") });
                self.out.local.extend(local::with_parents(&module, &import.module));
                self.out.local.extend(deeper);
                self.fact(Fact::new(FactKind::Import, format!("./{module}"), span));
                continue;
            }
            for module in local::candidates(path, &import.module) {
                self.out.local.extend(local::with_parents(&module, &import.module));
                let deeper = member
                    .map(|name| if module.is_empty() { name.to_owned() } else { format!("{module}/{name}") });
                self.out.local.extend(deeper);
            }
            self.fact(Fact::new(FactKind::Import, import.module, span));
        }
    }

    /// Reports the use of a name, if it matters.
    fn use_name(&mut self, name: &str, value: String, range: TextRange) {
        // What a call gives back reaches what the call does, which was reported.
        if let Some((before, _)) = name.rsplit_once("()")
            && self.resolver.api.capability(before).is_some()
        {
            return;
        }
        let Some(reach) = self.resolver.api.reach(name) else { return };
        if reach.capability.is_none() && !reach.report {
            return;
        }
        let mut fact = Fact::new(FactKind::Call, name, self.span(range)).value(value);
        fact.capability = reach.capability;
        self.fact(fact);
    }

    fn arguments(&self, it: &'a ExprCall) -> String {
        let one = |argument: &'a Expr| self.argument(argument).unwrap_or_else(|| "?".to_owned());
        let mut out: Vec<String> = it.arguments.args.iter().take(32).map(one).collect();
        for keyword in it.arguments.keywords.iter().take(16) {
            let name = keyword.arg.as_ref().map_or("**", |name| name.as_str());
            out.push(format!("{name}={}", one(&keyword.value)));
        }
        out.join("\u{1f}")
    }

    fn argument(&self, argument: &'a Expr) -> Option<String> {
        match self.resolver.expr(argument) {
            Val::List(elements) if elements.len() <= 256 => {
                let parts: Option<Vec<String>> = elements.iter().map(Val::shown).collect();
                parts.map(|parts| parts.join(" "))
            }
            Val::Name(name) => Some(format!("<{name}>")),
            value => value.shown(),
        }
    }

    fn called(&mut self, name: &str, it: &'a ExprCall) {
        let range = it.range();
        let first = it.arguments.args.first();
        match name {
            "builtins.__import__" | "importlib.import_module" | "importlib.__import__" => {
                let module = first.map(|first| self.resolver.expr(first));
                match module.as_ref().and_then(Val::as_str) {
                    Some(module) => {
                        let level = module.len() - module.trim_start_matches('.').len();
                        let bare = &module[level..];
                        let found = match level {
                            0 => local::candidates(self.unit.path, bare),
                            level => vec![local::relative(self.unit.path, level, bare)],
                        };
                        self.out
                            .local
                            .extend(found.iter().flat_map(|module| local::with_parents(module, bare)));
                        let fact = Fact::new(FactKind::Import, module, self.span(range));
                        self.fact(fact);
                    }
                    None => {
                        let known = first.and_then(|first| self.resolver.approximate(first));
                        let local = known.as_deref().is_some_and(|text| text.starts_with('.'))
                            || it.arguments.args.len() > 1
                            || it.arguments.find_keyword("package").is_some();
                        let name = if local { "import(dynamic-local)" } else { "import(dynamic)" };
                        let fact = Fact::new(FactKind::Call, name, self.span(range));
                        self.fact(
                            fact.value(known.unwrap_or_else(|| "?".to_owned()))
                                .gives(CapabilityKind::DynamicCode),
                        );
                    }
                }
                return;
            }
            "builtins.open"
            | "io.open"
            | "codecs.open"
            | "builtins.file"
            | "aiofiles.open"
            | "pathlib.Path().open"
            | "os.fdopen" => {
                let at = usize::from(name != "pathlib.Path().open");
                let mode = it.arguments.find_argument_value("mode", at).map(|mode| self.resolver.expr(mode));
                let writes = match mode.as_ref().map(|mode| mode.as_str()) {
                    Some(Some(mode)) => mode.contains(['w', 'a', 'x', '+']),
                    Some(None) => false,
                    None => false,
                };
                let kind = if writes { CapabilityKind::FsWrite } else { CapabilityKind::FsRead };
                let fact = Fact::new(FactKind::Call, name, self.span(range)).value(self.arguments(it));
                self.fact(fact.gives(kind));
                return;
            }
            _ => {}
        }
        let value = self.arguments(it);
        self.use_name(name, value, range);
        match self.resolver.api.capability(name) {
            Some(CapabilityKind::DynamicCode) => {
                for argument in it.arguments.args.iter().take(1) {
                    let code = self.resolver.expr(argument);
                    self.code(&code, range);
                }
            }
            Some(CapabilityKind::Process) if !name.contains("()") => self.command(name, it),
            _ => {}
        }
    }

    /// Text that is run as code.
    fn code(&mut self, code: &Val, range: TextRange) {
        let text = match code {
            Val::Str(text, _) => text.to_string(),
            Val::Bytes(bytes, _) => match String::from_utf8(bytes.to_vec()) {
                Ok(text) => text,
                Err(_) => return,
            },
            _ => return,
        };
        if text.len() >= MIN_HIDDEN {
            let (span, top_level) = (self.span(range), self.asleep == 0);
            self.out.hidden.push(Hidden { text, span, top_level });
        }
    }

    /// The command line of a process call.
    fn command(&mut self, name: &str, it: &'a ExprCall) {
        let Some(parts) = command_parts(self.resolver, name, it) else { return };
        if parts.iter().all(|part| part == "?") {
            return;
        }
        if let Some(at) = parts.iter().position(|part| part == "-c")
            && at > 0
            && parts[0]
                .rsplit('/')
                .next()
                .is_some_and(|program| program.starts_with("python") || program == "pypy")
            && let Some(code) = parts.get(at + 1)
        {
            let code = Val::text(code.as_str());
            self.code(&code, it.range());
        }
        let line = line(&parts);
        for file in crate::check::manifest::started(&line) {
            if !file.contains('?') && !file.starts_with(['/', '~']) {
                let folder = self.unit.path.rsplit_once('/').map_or("", |(folder, _)| folder);
                self.out.local.push(crate::check::context::normal(&format!("{folder}/{file}")));
                self.out.local.push(crate::check::context::normal(&file));
            }
        }
        let fact = Fact::new(FactKind::Literal, "command", self.span(it.range()));
        self.fact(fact.value(line));
    }

    fn literals(&mut self, text: &str, range: TextRange) {
        if self.mute > 0 {
            return;
        }
        for (name, value) in literal::classify(text) {
            let fact = Fact::new(FactKind::Literal, name, self.span(range));
            self.fact(fact.value(value));
        }
        if let Some(kind) = literal::encoded(text) {
            let decoded = match kind {
                "hex" => super::decode::hex(text.as_bytes()),
                _ => super::decode::base64(text.as_bytes(), false),
            };
            let decoded = decoded.map(|bytes| super::decode::inflate(&bytes).unwrap_or(bytes));
            if let Some(decoded) = decoded.and_then(|bytes| String::from_utf8(bytes).ok())
                && looks_like_code(&decoded)
            {
                self.code(&Val::Str(decoded.into(), true), range);
            }
        }
    }

    /// Reports what an expression folds to; true where it does.
    fn constant(&mut self, expr: &'a Expr) -> bool {
        let value = self.resolver.expr(expr);
        let text = match &value {
            Val::Str(text, _) | Val::Path(text) => text.to_string(),
            Val::Bytes(bytes, true) => match String::from_utf8(bytes.to_vec()) {
                Ok(text) => text,
                Err(_) => return false,
            },
            _ => match self.resolver.approximate(expr) {
                Some(text) if text.contains("://") || literal::secret_path(&text).is_some() => text,
                _ => return false,
            },
        };
        self.literals(&text, expr.range());
        if value.decoded() && self.mute == 0 && looks_like_code(&text) {
            self.code(&value, expr.range());
        }
        true
    }
}

/// The words of a process call's command line, `?` for what is not known.
pub fn command_parts<'a>(resolver: &Resolver<'a>, name: &str, it: &'a ExprCall) -> Option<Vec<String>> {
    let skip = if name.starts_with("os.spawn") { 1 } else { 0 };
    let named = ["args", "cmd", "command"]
        .iter()
        .find_map(|name| it.arguments.find_keyword(name))
        .map(|it| &it.value);
    let rest = it.arguments.args.get(skip..).unwrap_or(&[]);
    let first = rest.first().or(named)?;
    let words = |expr: &'a Expr| -> Option<Vec<String>> {
        if let Some(elements) = elements_of(resolver, expr, 0) {
            let word = |element: &&'a Expr| resolver.approximate(element).unwrap_or_else(|| "?".to_owned());
            return Some(elements.iter().take(64).map(word).collect());
        }
        match resolver.expr(expr) {
            Val::List(elements) => Some(
                elements.iter().take(64).map(|word| word.shown().unwrap_or_else(|| "?".to_owned())).collect(),
            ),
            _ => None,
        }
    };
    // `os.execvp(program, [name, argument…])`
    if name.starts_with("os.exec") || name.starts_with("os.spawn") || name.starts_with("os.posix_spawn") {
        if let Some(list) = rest.get(1).and_then(words) {
            return Some(list);
        }
        return Some(
            rest.iter()
                .take(64)
                .map(|word| resolver.approximate(word).unwrap_or_else(|| "?".to_owned()))
                .collect(),
        );
    }
    if name == "asyncio.create_subprocess_exec" || name == "asyncio.subprocess.create_subprocess_exec" {
        return Some(
            rest.iter()
                .take(64)
                .map(|word| resolver.approximate(word).unwrap_or_else(|| "?".to_owned()))
                .collect(),
        );
    }
    Some(words(first).unwrap_or_else(|| vec![resolver.approximate(first).unwrap_or_else(|| "?".to_owned())]))
}

/// The elements of a list that is written out here or where its name is bound, sums of lists too.
fn elements_of<'a>(resolver: &Resolver<'a>, expr: &'a Expr, depth: u8) -> Option<Vec<&'a Expr>> {
    if depth > 6 {
        return None;
    }
    match expr {
        Expr::BinOp(it) if it.op == Operator::Add => {
            let mut out = Vec::new();
            for part in spine(it).into_iter().take(32) {
                match elements_of(resolver, part, depth + 1) {
                    Some(more) => out.extend(more),
                    None => out.push(part),
                }
            }
            out.iter().any(|part| !std::ptr::eq(*part, expr)).then_some(out).filter(|_| {
                spine(it).into_iter().any(|part| elements_of(resolver, part, depth + 1).is_some())
            })
        }
        Expr::Name(name) => {
            let symbol = resolver.scopes.symbols.get(resolver.scopes.symbol(name)?)?;
            let at = name.range().start().to_u32();
            let place =
                symbol.defs.iter().rev().find(|place| place.at <= at).or_else(|| symbol.defs.last())?;
            match place.def {
                super::scope::Def::Value(value) => elements_of(resolver, value, depth + 1),
                _ => None,
            }
        }
        _ => literal_elements(expr).map(|elements| elements.iter().collect()),
    }
}

/// Words as one command line that a shell would take apart again.
pub fn line(parts: &[String]) -> String {
    if let [only] = parts {
        return only.clone();
    }
    let quote = |part: &String| match part.contains([' ', ';', '|', '&', '<', '>', '$', '(', '\n']) {
        true if !part.contains('\'') => format!("'{part}'"),
        _ => part.clone(),
    };
    parts.iter().map(quote).collect::<Vec<_>>().join(" ")
}

impl<'a> Visitor<'a> for Walker<'_, '_, '_, 'a> {
    fn visit_annotation(&mut self, _: &'a Expr) {}

    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        self.quiet = false;
        match stmt {
            Stmt::FunctionDef(it) => {
                it.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
                for parameter in &*it.parameters {
                    parameter.default().into_iter().for_each(|value| self.visit_expr(value));
                }
                let func = self.resolver.scopes.func_at.get(&it.range().start().to_u32());
                let asleep = u32::from(!func.is_some_and(|func| self.loaded.contains(func)));
                self.asleep += asleep;
                self.visit_body(&it.body);
                self.asleep -= asleep;
            }
            Stmt::If(it) if is_main(&it.test) => {
                self.asleep += 1;
                self.visit_body(&it.body);
                self.asleep -= 1;
                for clause in &it.elif_else_clauses {
                    self.visit_body(&clause.body);
                }
            }
            // What documents the code is read by people.
            Stmt::Expr(it) if it.value.is_string_literal_expr() => {}
            Stmt::Expr(it) => {
                // Python 2: `exec code`.
                if let Expr::Tuple(tuple) = &*it.value
                    && let [Expr::Name(name), code, ..] = tuple.elts.as_slice()
                    && name.id == "exec"
                {
                    let fact = Fact::new(FactKind::Call, "builtins.exec", self.span(it.range()));
                    let shown = self.argument(code).unwrap_or_else(|| "?".to_owned());
                    self.fact(fact.value(shown).gives(CapabilityKind::DynamicCode));
                    let code = self.resolver.expr(code);
                    self.code(&code, it.range());
                }
                visitor::walk_stmt(self, stmt);
            }
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        let quiet = std::mem::take(&mut self.quiet);
        match expr {
            Expr::Call(it) => {
                let callee = self.resolver.callee(it);
                let name = match &callee {
                    Val::Name(name) => Some(name.to_string()),
                    Val::Partial(partial) => partial.0.as_name().map(str::to_owned),
                    _ => None,
                };
                if let Some(name) = &name {
                    self.called(name, it);
                }
                let constant = self.mute == 0 && self.constant(expr);
                self.mute += u32::from(constant);
                self.quiet = name.is_some();
                self.visit_expr(&it.func);
                self.quiet = false;
                for argument in &it.arguments.args {
                    self.visit_expr(argument);
                }
                for keyword in &it.arguments.keywords {
                    self.visit_expr(&keyword.value);
                }
                self.mute -= u32::from(constant);
            }
            Expr::Attribute(it) => {
                let value = if quiet { Val::Unknown } else { self.resolver.expr(expr) };
                if let Val::Name(name) = &value {
                    let name = name.to_string();
                    self.use_name(&name, String::new(), expr.range());
                }
                self.quiet = quiet || matches!(value, Val::Name(_));
                self.visit_expr(&it.value);
            }
            Expr::Subscript(it) => {
                let base = self.resolver.expr(&it.value);
                if let (Val::Name(name), false) = (&base, quiet) {
                    let name = name.to_string();
                    let key = self.resolver.expr(&it.slice).shown().unwrap_or_else(|| "?".to_owned());
                    self.use_name(&name, key, expr.range());
                }
                let constant = self.mute == 0 && self.constant(expr);
                self.mute += u32::from(constant);
                self.quiet = matches!(base, Val::Name(_));
                self.visit_expr(&it.value);
                self.quiet = false;
                self.visit_expr(&it.slice);
                self.mute -= u32::from(constant);
            }
            Expr::Name(_) => {
                if !quiet && let Val::Name(name) = self.resolver.expr(expr) {
                    let name = name.to_string();
                    if name.contains('.') {
                        self.use_name(&name, String::new(), expr.range());
                    }
                }
            }
            Expr::StringLiteral(it) => self.literals(it.value.to_str(), expr.range()),
            Expr::BytesLiteral(it) => {
                let bytes: Vec<u8> = it.value.bytes().collect();
                if let Ok(text) = std::str::from_utf8(&bytes) {
                    self.literals(text, expr.range());
                }
            }
            Expr::BinOp(it) => {
                let constant = self.mute == 0 && self.constant(expr);
                self.mute += u32::from(constant);
                if it.op == Operator::Add {
                    spine(it).into_iter().for_each(|part| self.visit_expr(part));
                } else {
                    self.visit_expr(&it.left);
                    self.visit_expr(&it.right);
                }
                self.mute -= u32::from(constant);
            }
            Expr::FString(it) => {
                let constant = self.mute == 0 && self.constant(expr);
                if !constant && self.mute == 0 {
                    let text = self.resolver.approximate(expr).unwrap_or_default();
                    self.literals(&text, expr.range());
                }
                self.mute += 1;
                for element in it.value.elements() {
                    if let Some(inner) = element.as_interpolation() {
                        self.visit_expr(&inner.expression);
                    }
                }
                self.mute -= 1;
            }
            Expr::Lambda(it) => {
                let func = self.resolver.scopes.func_at.get(&it.range().start().to_u32());
                let asleep = u32::from(!func.is_some_and(|func| self.loaded.contains(func)));
                self.asleep += asleep;
                self.visit_expr(&it.body);
                self.asleep -= asleep;
            }
            // Long tables of numbers say nothing one by one.
            Expr::NumberLiteral(_) => {}
            _ => visitor::walk_expr(self, expr),
        }
        self.quiet = false;
    }
}

/// `__name__ == '__main__'`
fn is_main(test: &Expr) -> bool {
    let Expr::Compare(it) = test else { return false };
    let name = |expr: &Expr| matches!(expr, Expr::Name(name) if name.id == "__name__");
    name(&it.left) || it.comparators.iter().any(name)
}
