//! Scopes, the symbols in them, and what binds each symbol.
//!
//! One walk declares every binding and notes every use of a name; the uses are tied to symbols
//! when the walk is over, since Python's functions see names that are bound further down.

use std::collections::{BTreeMap, HashMap, HashSet};

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{
    Comprehension, ExceptHandler, Expr, ExprCall, ExprContext, ExprName, Parameters, Pattern, Stmt,
    StmtClassDef,
};
use ruff_text_size::Ranged;

/// Index of a symbol.
pub type SymbolId = usize;
/// Index of a function, lambdas included.
pub type FuncId = usize;
/// Index of a class.
pub type ClassId = usize;

/// What a symbol was given.
#[derive(Debug, Clone)]
pub enum Def<'a> {
    /// A value.
    Value(&'a Expr),
    /// One element of a value.
    Element(&'a Expr),
    /// The element at that place of a value.
    Part(&'a Expr, usize),
    /// What `with` enters.
    Enter(&'a Expr),
    /// Something added to what it was.
    Added(&'a Expr),
    /// A module, by its full name.
    Module(String),
    /// A name out of a module.
    From(String, String),
    /// A function.
    Func(FuncId),
    /// A class.
    Class(ClassId),
    /// A parameter, by its place among all parameters.
    Param(FuncId, usize),
    /// Something that is not known.
    Opaque,
}

/// A definition and where it stands.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// What is given.
    pub def: Def<'a>,
    /// From where on it holds.
    pub at: u32,
    /// The scope in which it stands.
    pub scope: usize,
    /// Whether a loop repeats it.
    pub looped: bool,
}

/// A symbol.
#[derive(Debug, Default)]
pub struct Symbol<'a> {
    /// Its name.
    pub name: &'a str,
    /// The scope that owns it.
    pub scope: usize,
    /// What it was given, in order.
    pub defs: Vec<Place<'a>>,
    /// `name[key] = value`.
    pub items: Vec<(&'a Expr, &'a Expr)>,
    /// `name.attr = value`.
    pub attrs: BTreeMap<&'a str, Vec<&'a Expr>>,
    /// Calls of it by its name.
    pub calls: Vec<&'a ExprCall>,
}

/// A parameter.
#[derive(Debug, Clone, Copy)]
pub struct Param<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is where nothing is given.
    pub default: Option<&'a Expr>,
    /// What it is said to be.
    pub annotation: Option<&'a Expr>,
    /// Its symbol.
    pub symbol: SymbolId,
    /// Takes the rest: `*args`, `**kwargs`.
    pub rest: bool,
}

/// A function, method or lambda.
#[derive(Debug)]
pub struct Func<'a> {
    /// Its name, empty for a lambda.
    pub name: &'a str,
    /// Its parameters.
    pub params: Vec<Param<'a>>,
    /// What it gives back, generators' values too.
    pub returns: Vec<&'a Expr>,
    /// Its statements.
    pub body: &'a [Stmt],
    /// The class whose method it is.
    pub class: Option<ClassId>,
    /// The scope around it.
    pub outer: usize,
    /// Its own scope.
    pub scope: usize,
    /// Whether it has no `self`.
    pub unbound: bool,
    /// Decorators.
    pub decorators: Vec<&'a Expr>,
    /// The symbol that its statement binds.
    pub symbol: Option<SymbolId>,
    /// Calls of a lambda where it stands.
    pub direct: Vec<&'a ExprCall>,
}

/// A class.
#[derive(Debug)]
pub struct Class<'a> {
    /// Its definition.
    pub def: &'a StmtClassDef,
    /// Its scope.
    pub scope: usize,
    /// `self.name = value`, and other changes of a member.
    pub members: BTreeMap<&'a str, Vec<Def<'a>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Module,
    Class(ClassId),
    Func(FuncId),
    Inner,
}

/// A scope.
#[derive(Debug)]
struct Scope<'a> {
    kind: Kind,
    parent: Option<usize>,
    symbols: HashMap<&'a str, SymbolId>,
    outer: HashMap<&'a str, bool>,
}

/// Everything that one walk finds.
#[derive(Debug, Default)]
pub struct Scopes<'a> {
    scopes: Vec<Scope<'a>>,
    /// All symbols.
    pub symbols: Vec<Symbol<'a>>,
    /// All functions.
    pub funcs: Vec<Func<'a>>,
    /// All classes.
    pub classes: Vec<Class<'a>>,
    /// The symbol of each name, by where it starts.
    names: HashMap<u32, (SymbolId, usize)>,
    /// Functions by where their statement or lambda starts.
    pub func_at: HashMap<u32, FuncId>,
    /// Classes by where their statement starts.
    pub class_at: HashMap<u32, ClassId>,
    /// Modules all of whose names are taken in.
    pub stars: Vec<String>,
    /// Names of modules that are imported, with place and level of relative imports.
    pub imports: Vec<Import>,
    uses: Vec<(u32, usize, &'a str)>,
    calls: Vec<(usize, &'a str, &'a ExprCall)>,
    /// Calls of `self.name(…)`.
    pub method_calls: HashMap<(ClassId, &'a str), Vec<&'a ExprCall>>,
    stack: Vec<usize>,
    loops: u32,
}

/// An import.
#[derive(Debug, Clone)]
pub struct Import {
    /// The module, without its dots.
    pub module: String,
    /// How many dots stand before it.
    pub level: u32,
    /// The name that is taken from it, if one.
    pub name: Option<String>,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// Walks the statements of a file.
pub fn collect<'a>(body: &'a [Stmt]) -> Scopes<'a> {
    let mut scopes = Scopes::default();
    scopes.push(Kind::Module);
    scopes.visit_body(body);
    let uses = std::mem::take(&mut scopes.uses);
    for (at, scope, name) in uses {
        if let Some(symbol) = scopes.lookup(scope, name) {
            scopes.names.insert(at, (symbol, scope));
        }
    }
    for (scope, name, call) in std::mem::take(&mut scopes.calls) {
        if let Some(symbol) = scopes.lookup(scope, name) {
            scopes.symbols[symbol].calls.push(call);
        }
    }
    for func in 0..scopes.funcs.len() {
        let body = scopes.funcs[func].body;
        let mut returns = Returns::default();
        returns.visit_body(body);
        scopes.funcs[func].returns.extend(returns.found);
    }
    scopes
}

#[derive(Default)]
struct Returns<'a> {
    found: Vec<&'a Expr>,
}

impl<'a> Visitor<'a> for Returns<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            Stmt::Return(it) => self.found.extend(it.value.as_deref()),
            Stmt::Expr(it) => match &*it.value {
                Expr::Yield(it) => self.found.extend(it.value.as_deref()),
                Expr::YieldFrom(it) => self.found.push(&it.value),
                _ => {}
            },
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}

impl<'a> Scopes<'a> {
    /// The symbol that a name means.
    pub fn symbol(&self, name: &ExprName) -> Option<SymbolId> {
        self.names.get(&name.range().start().to_u32()).map(|(symbol, _)| *symbol)
    }

    /// The scope in which a name is used.
    pub fn scope_of(&self, name: &ExprName) -> usize {
        self.names.get(&name.range().start().to_u32()).map_or(0, |(_, scope)| *scope)
    }

    /// The symbol of that name at the level of the module.
    pub fn module_symbol(&self, name: &str) -> Option<SymbolId> {
        self.scopes.first()?.symbols.get(name).copied()
    }

    /// Symbols of the module in order of their names.
    pub fn module_symbols(&self) -> BTreeMap<&'a str, SymbolId> {
        self.scopes
            .first()
            .map(|scope| scope.symbols.iter().map(|(k, v)| (*k, *v)).collect())
            .unwrap_or_default()
    }

    /// The symbol of a class's own name.
    pub fn class_symbol(&self, class: ClassId, name: &str) -> Option<SymbolId> {
        self.scopes.get(self.classes.get(class)?.scope)?.symbols.get(name).copied()
    }

    /// The function in whose body a scope stands, if any.
    pub fn func_of(&self, mut scope: usize) -> Option<FuncId> {
        loop {
            let here = self.scopes.get(scope)?;
            if let Kind::Func(func) = here.kind {
                return Some(func);
            }
            scope = here.parent?;
        }
    }

    /// The class that owns a scope directly.
    pub fn class_of(&self, scope: usize) -> Option<ClassId> {
        match self.scopes.get(scope)?.kind {
            Kind::Class(class) => Some(class),
            _ => None,
        }
    }

    fn push(&mut self, kind: Kind) -> usize {
        let parent = self.stack.last().copied();
        self.scopes.push(Scope { kind, parent, symbols: HashMap::new(), outer: HashMap::new() });
        self.stack.push(self.scopes.len() - 1);
        self.scopes.len() - 1
    }

    fn here(&self) -> usize {
        self.stack.last().copied().unwrap_or(0)
    }

    fn lookup(&self, scope: usize, name: &str) -> Option<SymbolId> {
        let mut at = Some(scope);
        let mut first = true;
        while let Some(here) = at {
            let scope = self.scopes.get(here)?;
            if !matches!(scope.kind, Kind::Class(_)) || first {
                if let Some(&symbol) = scope.symbols.get(name) {
                    return Some(symbol);
                }
                if scope.outer.get(name) == Some(&true) {
                    return self.module_symbol(name);
                }
            }
            first = false;
            at = scope.parent;
        }
        None
    }

    fn declare(&mut self, scope: usize, name: &'a str) -> SymbolId {
        let mut target = scope;
        match self.scopes[scope].outer.get(name) {
            Some(true) => target = 0,
            Some(false) => {
                if let Some(symbol) = self.scopes[scope].parent.and_then(|parent| self.lookup(parent, name)) {
                    return symbol;
                }
            }
            None => {}
        }
        if let Some(&symbol) = self.scopes[target].symbols.get(name) {
            return symbol;
        }
        self.symbols.push(Symbol { name, scope: target, ..Symbol::default() });
        self.scopes[target].symbols.insert(name, self.symbols.len() - 1);
        self.symbols.len() - 1
    }

    fn define(&mut self, name: &'a str, at: u32, def: Def<'a>) -> SymbolId {
        let scope = self.here();
        // A walrus in a comprehension binds in the function around it; so do all other bindings
        // but the comprehension's own, which are declared before.
        let symbol = self.declare(scope, name);
        let looped = self.loops > 0;
        self.symbols[symbol].defs.push(Place { def, at, scope, looped });
        symbol
    }

    /// Binds a target to a definition.
    fn bind(&mut self, target: &'a Expr, def: Def<'a>, at: u32) {
        match target {
            Expr::Name(name) => {
                let symbol = self.define(&name.id, at, def);
                let here = self.here();
                self.names.insert(name.range().start().to_u32(), (symbol, here));
            }
            Expr::Tuple(_) | Expr::List(_) => {
                let elements: &'a [Expr] = match target {
                    Expr::Tuple(tuple) => &tuple.elts,
                    Expr::List(list) => &list.elts,
                    _ => &[],
                };
                for (n, element) in elements.iter().enumerate() {
                    let part = match &def {
                        Def::Value(value) => match literal_elements(value).and_then(|all| all.get(n)) {
                            Some(value) if !elements.iter().any(Expr::is_starred_expr) => Def::Value(value),
                            _ => Def::Part(value, n),
                        },
                        Def::Element(value) => Def::Element(value),
                        Def::Part(value, _) | Def::Enter(value) => Def::Part(value, n),
                        _ => Def::Opaque,
                    };
                    self.bind(element, part, at);
                }
            }
            Expr::Starred(starred) => self.bind(&starred.value, def, at),
            Expr::Attribute(attribute) => {
                self.visit_expr(&attribute.value);
                let (Def::Value(value)
                | Def::Element(value)
                | Def::Part(value, _)
                | Def::Enter(value)
                | Def::Added(value)) = def.clone()
                else {
                    return;
                };
                if let Expr::Name(owner) = &*attribute.value {
                    if let Some(class) = self.self_class(owner) {
                        self.classes[class].members.entry(&attribute.attr).or_default().push(def);
                    } else {
                        let here = self.here();
                        let symbol = self.lookup(here, &owner.id);
                        if let Some(symbol) = symbol {
                            self.symbols[symbol].attrs.entry(&attribute.attr).or_default().push(value);
                        }
                    }
                }
            }
            Expr::Subscript(subscript) => {
                self.visit_expr(&subscript.value);
                self.visit_expr(&subscript.slice);
                let (Def::Value(value)
                | Def::Element(value)
                | Def::Part(value, _)
                | Def::Enter(value)
                | Def::Added(value)) = def
                else {
                    return;
                };
                match &*subscript.value {
                    Expr::Name(owner) => {
                        let here = self.here();
                        if let Some(symbol) = self.lookup(here, &owner.id) {
                            self.symbols[symbol].items.push((&subscript.slice, value));
                        }
                    }
                    // `self.found['key'] = value`: a part of the member.
                    Expr::Attribute(attribute) => {
                        if let Expr::Name(owner) = &*attribute.value
                            && let Some(class) = self.self_class(owner)
                        {
                            let members = self.classes[class].members.entry(&attribute.attr).or_default();
                            members.push(Def::Added(value));
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// The class whose instance a name is, where it is the first parameter of a method.
    pub fn self_class(&self, name: &ExprName) -> Option<ClassId> {
        let symbol = match self.names.get(&name.range().start().to_u32()) {
            Some((symbol, _)) => *symbol,
            None => self.lookup(self.here(), &name.id)?,
        };
        self.self_symbol(symbol)
    }

    /// Like [`Self::self_class`], for a symbol.
    pub fn self_symbol(&self, symbol: SymbolId) -> Option<ClassId> {
        let Def::Param(func, 0) = self.symbols.get(symbol)?.defs.first()?.def else { return None };
        let func = self.funcs.get(func)?;
        func.class.filter(|_| !func.unbound)
    }

    fn parameters(&mut self, func: FuncId, parameters: &'a Parameters) -> Vec<Param<'a>> {
        let mut out = Vec::new();
        for parameter in parameters {
            let inner = parameter.as_parameter();
            let (name, at): (&'a str, u32) = (inner.name.as_str(), inner.range().start().to_u32());
            let symbol = self.define(name, at, Def::Param(func, out.len()));
            out.push(Param {
                name,
                default: parameter.default(),
                annotation: inner.annotation.as_deref(),
                symbol,
                rest: parameter.is_variadic(),
            });
        }
        out
    }

    fn function(&mut self, at: u32, func: Func<'a>) -> FuncId {
        self.funcs.push(func);
        self.func_at.insert(at, self.funcs.len() - 1);
        self.funcs.len() - 1
    }

    fn comprehension(&mut self, generators: &'a [Comprehension], elements: &[&'a Expr]) {
        self.push(Kind::Inner);
        for generator in generators {
            self.visit_expr(&generator.iter);
            let at = generator.target.range().start().to_u32();
            self.bind(&generator.target, Def::Element(&generator.iter), at);
            generator.ifs.iter().for_each(|test| self.visit_expr(test));
        }
        elements.iter().for_each(|element| self.visit_expr(element));
        self.stack.pop();
    }
}

/// The elements of a list or tuple that is written out.
pub fn literal_elements(value: &Expr) -> Option<&[Expr]> {
    match value {
        Expr::Tuple(tuple) => Some(&tuple.elts),
        Expr::List(list) => Some(&list.elts),
        Expr::Set(set) => Some(&set.elts),
        _ => None,
    }
}

impl<'a> Visitor<'a> for Scopes<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        let start = stmt.range().start().to_u32();
        let end = stmt.range().end().to_u32();
        match stmt {
            Stmt::FunctionDef(it) => {
                let decorators: Vec<&Expr> = it.decorator_list.iter().map(|d| &d.expression).collect();
                decorators.iter().for_each(|decorator| self.visit_expr(decorator));
                for parameter in &*it.parameters {
                    parameter.default().into_iter().for_each(|value| self.visit_expr(value));
                    parameter.annotation().into_iter().for_each(|value| self.visit_expr(value));
                }
                it.returns.iter().for_each(|value| self.visit_expr(value));
                let outer = self.here();
                let class = self.class_of(outer);
                let unbound = decorators.iter().any(|d| matches!(d, Expr::Name(n) if n.id == "staticmethod"));
                let func = self.function(
                    start,
                    Func {
                        name: it.name.as_str(),
                        params: Vec::new(),
                        returns: Vec::new(),
                        body: &it.body,
                        class,
                        outer,
                        scope: 0,
                        unbound,
                        decorators,
                        symbol: None,
                        direct: Vec::new(),
                    },
                );
                let symbol = self.define(&it.name, end, Def::Func(func));
                self.funcs[func].symbol = Some(symbol);
                let scope = self.push(Kind::Func(func));
                let loops = std::mem::take(&mut self.loops);
                self.funcs[func].scope = scope;
                let params = self.parameters(func, &it.parameters);
                self.funcs[func].params = params;
                self.visit_body(&it.body);
                self.loops = loops;
                self.stack.pop();
            }
            Stmt::ClassDef(it) => {
                it.decorator_list.iter().for_each(|decorator| self.visit_expr(&decorator.expression));
                it.arguments.iter().for_each(|arguments| self.visit_arguments(arguments));
                let class = self.classes.len();
                self.define(&it.name, end, Def::Class(class));
                let scope = self.push(Kind::Class(class));
                self.classes.push(Class { def: it, scope, members: BTreeMap::new() });
                self.class_at.insert(start, class);
                self.visit_body(&it.body);
                self.stack.pop();
            }
            Stmt::Assign(it) => {
                self.visit_expr(&it.value);
                for target in &it.targets {
                    self.bind(target, Def::Value(&it.value), end);
                }
            }
            Stmt::AnnAssign(it) => {
                if let Some(value) = &it.value {
                    self.visit_expr(value);
                    self.bind(&it.target, Def::Value(value), end);
                }
            }
            Stmt::AugAssign(it) => {
                self.visit_expr(&it.value);
                self.bind(&it.target, Def::Added(&it.value), end);
            }
            Stmt::For(it) => {
                self.visit_expr(&it.iter);
                self.loops += 1;
                self.bind(&it.target, Def::Element(&it.iter), it.target.range().end().to_u32());
                self.visit_body(&it.body);
                self.loops -= 1;
                self.visit_body(&it.orelse);
            }
            Stmt::While(it) => {
                self.visit_expr(&it.test);
                self.loops += 1;
                self.visit_body(&it.body);
                self.loops -= 1;
                self.visit_body(&it.orelse);
            }
            Stmt::With(it) => {
                for item in &it.items {
                    self.visit_expr(&item.context_expr);
                    if let Some(target) = &item.optional_vars {
                        self.bind(target, Def::Enter(&item.context_expr), target.range().end().to_u32());
                    }
                }
                self.visit_body(&it.body);
            }
            Stmt::Import(it) => {
                for alias in &it.names {
                    let full: &'a str = alias.name.as_str();
                    let (name, module) = match &alias.asname {
                        Some(name) => (name.as_str(), full),
                        None => {
                            let top = full.split('.').next().unwrap_or(full);
                            (top, top)
                        }
                    };
                    self.define(name, end, Def::Module(module.to_owned()));
                    self.imports.push(Import { module: full.to_owned(), level: 0, name: None, start, end });
                }
            }
            Stmt::ImportFrom(it) => {
                let module = it.module.as_ref().map_or("", |module| module.as_str());
                let dots = ".".repeat(it.level as usize);
                for alias in &it.names {
                    let full = format!("{dots}{module}");
                    if alias.name.as_str() == "*" {
                        self.stars.push(full);
                    } else {
                        let name: &'a str = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                        self.define(name, end, Def::From(full, alias.name.to_string()));
                    }
                    let name = Some(alias.name.to_string());
                    self.imports.push(Import {
                        module: module.to_owned(),
                        level: it.level,
                        name,
                        start,
                        end,
                    });
                }
            }
            Stmt::Global(it) => {
                let here = self.here();
                for name in &it.names {
                    self.scopes[here].outer.insert(name.as_str(), true);
                }
            }
            Stmt::Nonlocal(it) => {
                let here = self.here();
                for name in &it.names {
                    self.scopes[here].outer.insert(name.as_str(), false);
                }
            }
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(it) = handler;
        if let Some(name) = &it.name {
            self.define(name, name.range().end().to_u32(), Def::Opaque);
        }
        visitor::walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let name = match pattern {
            Pattern::MatchAs(it) => it.name.as_ref(),
            Pattern::MatchStar(it) => it.name.as_ref(),
            Pattern::MatchMapping(it) => it.rest.as_ref(),
            _ => None,
        };
        if let Some(name) = name {
            self.define(name, name.range().end().to_u32(), Def::Opaque);
        }
        visitor::walk_pattern(self, pattern);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) => {
                let at = name.range().start().to_u32();
                self.uses.push((at, self.here(), &name.id));
                if matches!(name.ctx, ExprContext::Del) {
                    // `del x` leaves what it was: nothing reads it afterwards.
                }
            }
            Expr::Named(it) => {
                self.visit_expr(&it.value);
                let at = it.range().end().to_u32();
                self.bind(&it.target, Def::Value(&it.value), at);
            }
            Expr::Lambda(it) => {
                let outer = self.here();
                for parameter in it.parameters.iter().flat_map(|parameters| parameters.iter()) {
                    parameter.default().into_iter().for_each(|value| self.visit_expr(value));
                }
                let func = self.function(
                    it.range().start().to_u32(),
                    Func {
                        name: "",
                        params: Vec::new(),
                        returns: vec![&it.body],
                        body: &[],
                        class: None,
                        outer,
                        scope: 0,
                        unbound: true,
                        decorators: Vec::new(),
                        symbol: None,
                        direct: Vec::new(),
                    },
                );
                let scope = self.push(Kind::Func(func));
                self.funcs[func].scope = scope;
                if let Some(parameters) = &it.parameters {
                    let params = self.parameters(func, parameters);
                    self.funcs[func].params = params;
                }
                self.visit_expr(&it.body);
                self.stack.pop();
            }
            Expr::ListComp(it) => self.comprehension(&it.generators, &[&it.elt]),
            Expr::SetComp(it) => self.comprehension(&it.generators, &[&it.elt]),
            Expr::Generator(it) => self.comprehension(&it.generators, &[&it.elt]),
            Expr::DictComp(it) => {
                let mut elements: Vec<&Expr> = it.key.as_deref().into_iter().collect();
                elements.push(&it.value);
                self.comprehension(&it.generators, &elements);
            }
            Expr::Call(it) => {
                visitor::walk_expr(self, expr);
                match &*it.func {
                    Expr::Name(name) => self.calls.push((self.here(), &name.id, it)),
                    Expr::Lambda(lambda) => {
                        if let Some(&func) = self.func_at.get(&lambda.range().start().to_u32()) {
                            self.funcs[func].direct.push(it);
                        }
                    }
                    Expr::Attribute(attribute) => {
                        if let Expr::Name(owner) = &*attribute.value
                            && let Some(class) = self.self_class(owner)
                        {
                            self.method_calls.entry((class, attribute.attr.as_str())).or_default().push(it);
                        }
                    }
                    _ => {}
                }
            }
            _ => visitor::walk_expr(self, expr),
        }
    }
}

/// Names that Python knows without an import.
pub fn is_builtin(name: &str) -> bool {
    static NAMES: std::sync::OnceLock<HashSet<&'static str>> = std::sync::OnceLock::new();
    NAMES
        .get_or_init(|| {
            HashSet::from([
                "__import__",
                "abs",
                "all",
                "any",
                "ascii",
                "bin",
                "bool",
                "breakpoint",
                "bytearray",
                "bytes",
                "callable",
                "chr",
                "classmethod",
                "compile",
                "complex",
                "delattr",
                "dict",
                "dir",
                "divmod",
                "enumerate",
                "eval",
                "exec",
                "execfile",
                "file",
                "filter",
                "float",
                "format",
                "frozenset",
                "getattr",
                "globals",
                "hasattr",
                "hash",
                "help",
                "hex",
                "id",
                "input",
                "int",
                "isinstance",
                "issubclass",
                "iter",
                "len",
                "list",
                "locals",
                "map",
                "max",
                "memoryview",
                "min",
                "next",
                "object",
                "oct",
                "open",
                "ord",
                "pow",
                "print",
                "property",
                "range",
                "raw_input",
                "reload",
                "repr",
                "reversed",
                "round",
                "set",
                "setattr",
                "slice",
                "sorted",
                "staticmethod",
                "str",
                "sum",
                "super",
                "tuple",
                "type",
                "unichr",
                "unicode",
                "vars",
                "zip",
                "__builtins__",
                "__file__",
                "__name__",
                "__loader__",
                "__spec__",
                "__doc__",
                "__path__",
                "__package__",
                "get_ipython",
            ])
        })
        .contains(name)
}
