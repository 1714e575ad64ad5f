//! What names and expressions come to: constants folded, names followed through imports, aliases,
//! attributes and calls. On demand, remembered, and bounded in depth and in work.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use ruff_python_ast::{
    CmpOp, Comprehension, Expr, ExprAttribute, ExprBinOp, ExprCall, ExprName, ExprSubscript, FStringPart,
    InterpolatedStringElement, Number, Operator, UnaryOp,
};
use ruff_text_size::Ranged;

use super::super::js::api::Api;
use super::calls;
use super::scope::{ClassId, Def, FuncId, Scopes, SymbolId, is_builtin};
use super::strings;
use super::value::Val;

/// Levels of evaluation: of expressions within expressions, of names for names, of calls.
const MAX_DEPTH: u16 = 80;
/// Expressions that are evaluated for one file, beside those that its size allows for.
const MAX_WORK: u32 = 2_000_000;
/// Expressions that one call of a function of the file may cost: what takes more is no constant.
const MAX_CALL: u32 = 60_000;
/// Elements of a constant list that are gone through.
pub const MAX_ELEMENTS: usize = 100_000;
/// Bytes of folded text for one file.
const MAX_TEXT: usize = 32 << 20;
/// Operands of one sum.
const MAX_OPERANDS: usize = 4_096;

/// Values of parameters and of the variables of comprehensions, innermost first.
#[derive(Debug)]
pub struct Env<'e> {
    values: Vec<(SymbolId, Val)>,
    outer: Option<&'e Env<'e>>,
}

impl Env<'_> {
    fn get(&self, symbol: SymbolId) -> Option<&Val> {
        let own = self.values.iter().rev().find(|(id, _)| *id == symbol).map(|(_, value)| value);
        own.or_else(|| self.outer.and_then(|outer| outer.get(symbol)))
    }
}

/// Arguments of a call, evaluated.
#[derive(Debug, Default)]
pub struct Args {
    /// Those by place.
    pub list: Vec<Val>,
    /// Those by name.
    pub named: Vec<(Rc<str>, Val)>,
}

impl Args {
    /// The argument at a place or under a name.
    pub fn get(&self, at: usize, name: &str) -> Option<&Val> {
        self.list.get(at).or_else(|| self.named.iter().find(|(n, _)| &**n == name).map(|(_, value)| value))
    }
}

/// The evaluator of one file.
#[derive(Debug)]
pub struct Resolver<'a> {
    /// Its scopes.
    pub scopes: Scopes<'a>,
    /// What names reach.
    pub api: &'static Api,
    path: &'a str,
    memo: RefCell<HashMap<usize, Val>>,
    /// What was not known at that depth, and is not at any greater one.
    deep: RefCell<HashMap<usize, u16>>,
    active: RefCell<HashSet<(usize, u32)>>,
    work: Cell<u32>,
    /// What is left for the outermost call that is looked into.
    fuel: Cell<u32>,
    text: Cell<usize>,
    spent: Cell<bool>,
}

fn address(expr: &Expr) -> usize {
    std::ptr::from_ref(expr) as usize
}

impl<'a> Resolver<'a> {
    /// For one file.
    pub fn new(path: &'a str, scopes: Scopes<'a>, size: usize) -> Self {
        Self {
            scopes,
            api: super::api(),
            path,
            memo: RefCell::default(),
            deep: RefCell::default(),
            active: RefCell::default(),
            work: Cell::new(MAX_WORK.saturating_add(u32::try_from(size).unwrap_or(u32::MAX) / 2)),
            fuel: Cell::new(MAX_CALL),
            text: Cell::new(MAX_TEXT),
            spent: Cell::new(false),
        }
    }

    /// Whether the limit on work was met.
    pub fn exhausted(&self) -> bool {
        self.spent.get()
    }

    /// The file's path within the package.
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// The value of an expression.
    pub fn expr(&self, expr: &'a Expr) -> Val {
        self.eval(expr, None, 0)
    }

    fn charge(&self, value: Val) -> Val {
        let size = match &value {
            Val::Str(text, _) | Val::Path(text) => text.len(),
            Val::Bytes(bytes, _) => bytes.len(),
            Val::List(elements) => elements.len() * 16,
            _ => return value,
        };
        match self.text.get().checked_sub(size) {
            Some(left) => {
                self.text.set(left);
                value
            }
            None => {
                self.spent.set(true);
                Val::Unknown
            }
        }
    }

    /// The value of an expression where some variables are known.
    pub fn eval(&self, expr: &'a Expr, env: Option<&Env<'_>>, depth: u16) -> Val {
        if depth > MAX_DEPTH {
            return Val::Unknown;
        }
        // Literals cost nothing, and a table of numbers has many.
        match expr {
            Expr::NumberLiteral(it) => {
                return match &it.value {
                    Number::Int(number) => number.as_i64().map_or(Val::Unknown, Val::Int),
                    _ => Val::Unknown,
                };
            }
            Expr::BooleanLiteral(it) => return Val::Bool(it.value),
            Expr::NoneLiteral(_) => return Val::None,
            _ => {}
        }
        match self.work.get().checked_sub(1) {
            Some(left) => self.work.set(left),
            None => {
                self.spent.set(true);
                return Val::Unknown;
            }
        }
        if env.is_some() {
            match self.fuel.get().checked_sub(1) {
                Some(left) => self.fuel.set(left),
                None => return Val::Unknown,
            }
            return self.charge(self.fresh(expr, env, depth));
        }
        if let Some(known) = self.memo.borrow().get(&address(expr)) {
            return known.clone();
        }
        if self.deep.borrow().get(&address(expr)).is_some_and(|&known| known <= depth) {
            return Val::Unknown;
        }
        if !self.active.borrow_mut().insert((address(expr), 0)) {
            return Val::Unknown;
        }
        let value = self.charge(self.fresh(expr, env, depth));
        self.active.borrow_mut().remove(&(address(expr), 0));
        // What was cut short for its depth may come out elsewhere.
        if depth < MAX_DEPTH / 2 || !value.is_unknown() {
            self.memo.borrow_mut().insert(address(expr), value.clone());
        } else {
            self.deep.borrow_mut().insert(address(expr), depth);
        }
        value
    }

    fn fresh(&self, expr: &'a Expr, env: Option<&Env<'_>>, depth: u16) -> Val {
        let down = depth + 1;
        match expr {
            Expr::StringLiteral(it) => Val::text(it.value.to_str()),
            Expr::BytesLiteral(it) => Val::Bytes(it.value.bytes().collect(), false),
            Expr::FString(it) => {
                let (mut out, mut decoded) = (String::new(), false);
                for part in &it.value {
                    match part {
                        FStringPart::Literal(literal) => out.push_str(literal.as_str()),
                        FStringPart::FString(inner) => {
                            for element in &inner.elements {
                                match element {
                                    InterpolatedStringElement::Literal(literal) => {
                                        out.push_str(&literal.value)
                                    }
                                    InterpolatedStringElement::Interpolation(it) => {
                                        let value = self.eval(&it.expression, env, down);
                                        let Some(shown) = value.shown() else { return Val::Unknown };
                                        decoded |= value.decoded();
                                        out.push_str(&shown);
                                    }
                                }
                            }
                        }
                    }
                }
                Val::Str(out.into(), decoded)
            }
            Expr::Name(name) => self.name(name, env, down),
            Expr::Attribute(it) => self.attribute(it, env, down),
            Expr::Subscript(it) => self.subscript(it, env, down),
            Expr::Call(it) => self.call(it, env, down),
            Expr::BinOp(it) => self.binary(it, env, down),
            Expr::UnaryOp(it) => {
                let value = self.eval(&it.operand, env, down);
                match (it.op, value.as_int()) {
                    (UnaryOp::USub, Some(number)) => number.checked_neg().map_or(Val::Unknown, Val::Int),
                    (UnaryOp::UAdd, Some(number)) => Val::Int(number),
                    (UnaryOp::Invert, Some(number)) => Val::Int(!number),
                    (UnaryOp::Not, _) => value.truth().map_or(Val::Unknown, |truth| Val::Bool(!truth)),
                    _ => Val::Unknown,
                }
            }
            Expr::List(it) => self.list(&it.elts, env, down),
            Expr::Tuple(it) => self.list(&it.elts, env, down),
            Expr::Set(it) => self.list(&it.elts, env, down),
            Expr::Dict(it) => {
                let items = it.items.iter().take(MAX_ELEMENTS).filter_map(|item| {
                    Some((self.eval(item.key.as_ref()?, env, down), self.eval(&item.value, env, down)))
                });
                Val::Dict(Rc::new(items.collect()))
            }
            Expr::ListComp(it) => self.comprehension(&it.generators, &it.elt, env, down),
            Expr::SetComp(it) => self.comprehension(&it.generators, &it.elt, env, down),
            Expr::Generator(it) => self.comprehension(&it.generators, &it.elt, env, down),
            Expr::DictComp(it) => {
                let Some(key) = &it.key else { return Val::Unknown };
                let keys = self.comprehension(&it.generators, key, env, down);
                let values = self.comprehension(&it.generators, &it.value, env, down);
                match (keys, values) {
                    (Val::List(keys), Val::List(values)) => {
                        Val::Dict(Rc::new(keys.iter().cloned().zip(values.iter().cloned()).collect()))
                    }
                    _ => Val::Unknown,
                }
            }
            Expr::Lambda(it) => {
                let func = self.scopes.func_at.get(&it.range().start().to_u32());
                func.map_or(Val::Unknown, |&func| Val::Func(func))
            }
            Expr::If(it) => match self.eval(&it.test, env, down).truth() {
                Some(true) => self.eval(&it.body, env, down),
                Some(false) => self.eval(&it.orelse, env, down),
                None => {
                    let first = self.eval(&it.body, env, down);
                    match first {
                        Val::Unknown | Val::None => self.eval(&it.orelse, env, down),
                        first => first,
                    }
                }
            },
            Expr::BoolOp(it) => {
                let mut last = Val::Unknown;
                for value in it.values.iter().take(32) {
                    let value = self.eval(value, env, down);
                    match value.truth() {
                        Some(false) => last = value,
                        _ if value.is_unknown() => {}
                        _ => return value,
                    }
                }
                last
            }
            Expr::Compare(it) => {
                let ([op], [right]) = (&*it.ops, &*it.comparators) else { return Val::Unknown };
                let (left, right) = (self.eval(&it.left, env, down), self.eval(right, env, down));
                match (op, left.as_int(), right.as_int()) {
                    (CmpOp::Eq, Some(a), Some(b)) => Val::Bool(a == b),
                    (CmpOp::NotEq, Some(a), Some(b)) => Val::Bool(a != b),
                    (CmpOp::Lt, Some(a), Some(b)) => Val::Bool(a < b),
                    (CmpOp::LtE, Some(a), Some(b)) => Val::Bool(a <= b),
                    (CmpOp::Gt, Some(a), Some(b)) => Val::Bool(a > b),
                    (CmpOp::GtE, Some(a), Some(b)) => Val::Bool(a >= b),
                    _ => Val::Unknown,
                }
            }
            Expr::Await(it) => self.eval(&it.value, env, down),
            Expr::Named(it) => self.eval(&it.value, env, down),
            _ => Val::Unknown,
        }
    }

    fn list(&self, elements: &'a [Expr], env: Option<&Env<'_>>, depth: u16) -> Val {
        if elements.len() > MAX_ELEMENTS {
            return Val::Unknown;
        }
        let mut out = Vec::with_capacity(elements.len());
        for element in elements {
            match element {
                Expr::Starred(it) => match self.eval(&it.value, env, depth).elements(MAX_ELEMENTS) {
                    Some(more) => out.extend(more),
                    None => return Val::Unknown,
                },
                _ => out.push(self.eval(element, env, depth)),
            }
        }
        Val::List(Rc::new(out))
    }

    fn name(&self, name: &'a ExprName, env: Option<&Env<'_>>, depth: u16) -> Val {
        let Some(symbol) = self.scopes.symbol(name) else { return self.free(&name.id) };
        if let Some(value) = env.and_then(|env| env.get(symbol)) {
            return value.clone();
        }
        let at = name.range().start().to_u32();
        self.symbol(symbol, Some((at, self.scopes.scope_of(name))), env, depth)
    }

    /// A name that nothing in the file binds.
    fn free(&self, name: &str) -> Val {
        for module in &self.scopes.stars {
            let full = format!("{module}.{name}");
            if self.api.knows(&full) {
                return Val::name(full);
            }
        }
        if is_builtin(name) {
            return Val::name(format!("builtins.{name}"));
        }
        match self.scopes.stars.as_slice() {
            [module] if module.starts_with('.') => self.from(module, name),
            _ => Val::Unknown,
        }
    }

    /// The value of a symbol at a place: the last thing that it was given before, in the same
    /// function; anything at all elsewhere.
    pub fn symbol(
        &self,
        symbol: SymbolId,
        at: Option<(u32, usize)>,
        env: Option<&Env<'_>>,
        depth: u16,
    ) -> Val {
        if depth > MAX_DEPTH {
            return Val::Unknown;
        }
        let key = (symbol, at.map_or(u32::MAX, |(at, _)| at));
        if !self.active.borrow_mut().insert((key.0, key.1 | 1 << 31)) {
            return Val::Unknown;
        }
        let value = self.symbol_value(symbol, at, env, depth);
        self.active.borrow_mut().remove(&(key.0, key.1 | 1 << 31));
        value
    }

    fn symbol_value(&self, id: SymbolId, at: Option<(u32, usize)>, env: Option<&Env<'_>>, depth: u16) -> Val {
        let Some(symbol) = self.scopes.symbols.get(id) else { return Val::Unknown };
        let home = self.scopes.func_of(symbol.scope);
        let same = at.is_some_and(|(_, scope)| self.scopes.func_of(scope) == home);
        let mut count = symbol.defs.len();
        if let (true, Some((at, _))) = (same, at) {
            let before = symbol.defs.partition_point(|place| place.at <= at);
            // In a loop what stands below may have been met before.
            if before > 0 {
                count = before;
            }
        }
        let mut fallback = Val::Unknown;
        for n in (0..count).rev().take(6) {
            let value = self.def(id, n, env, depth);
            match value {
                Val::Unknown => {}
                Val::None => fallback = Val::None,
                value => return value,
            }
        }
        fallback
    }

    fn def(&self, id: SymbolId, n: usize, env: Option<&Env<'_>>, depth: u16) -> Val {
        let down = depth + 1;
        let Some(place) = self.scopes.symbols.get(id).and_then(|symbol| symbol.defs.get(n)) else {
            return Val::Unknown;
        };
        // What stands outside of functions knows no parameters.
        let env = env.filter(|_| self.scopes.func_of(place.scope).is_some() || place.scope != 0);
        match &place.def {
            Def::Value(value) => self.eval(value, env, down),
            Def::Module(name) => self.module(name),
            Def::From(module, name) => self.from(module, name),
            Def::Func(func) => self.decorated(*func),
            Def::Class(class) => Val::Class(*class),
            Def::Param(func, at) => self.param(*func, *at, down),
            Def::Enter(value) => self.eval(value, env, down),
            Def::Part(value, at) => strings::index(&self.eval(value, env, down), &Val::Int(*at as i64)),
            Def::Element(value) => match self.eval(value, env, down) {
                Val::Name(name) => Val::name(format!("{name}[]")),
                _ => Val::Unknown,
            },
            Def::Added(_) => self.added(id, n, env, down),
            Def::Opaque => Val::Unknown,
        }
    }

    /// A sum that grows statement by statement.
    fn added(&self, id: SymbolId, n: usize, env: Option<&Env<'_>>, depth: u16) -> Val {
        let defs = &self.scopes.symbols[id].defs;
        let start = (0..n).rev().find(|&n| !matches!(defs[n].def, Def::Added(_)));
        let Some(start) = start.filter(|start| n - start <= MAX_OPERANDS) else { return Val::Unknown };
        let mut sum = self.def(id, start, env, depth);
        for place in &defs[start + 1..=n] {
            let Def::Added(value) = place.def else { return Val::Unknown };
            if place.looped && !defs[start].looped {
                return Val::Unknown;
            }
            sum = add(&sum, &self.eval(value, env, depth));
            if sum.is_unknown() {
                return sum;
            }
        }
        sum
    }

    fn decorated(&self, func: FuncId) -> Val {
        Val::Func(func)
    }

    fn param(&self, func: FuncId, at: usize, depth: u16) -> Val {
        let Some(it) = self.scopes.funcs.get(func) else { return Val::Unknown };
        if let (Some(class), 0, false) = (it.class, at, it.unbound) {
            let is_class =
                it.decorators.iter().any(|d| matches!(d, Expr::Name(name) if name.id == "classmethod"));
            return if is_class { Val::Class(class) } else { Val::Instance(class) };
        }
        let Some(param) = it.params.get(at).filter(|param| !param.rest) else { return Val::Unknown };
        let given: Vec<Option<&'a Expr>> = self
            .calls_of(func)
            .iter()
            .map(|call| self.argument(it.class.is_some() && !it.unbound, call, at, param.name))
            .collect();
        let value = self.given_value(&given, param.default, depth);
        match (value.is_unknown() || value == Val::None, param.annotation) {
            (true, Some(annotation)) => match self.instance_of(annotation, depth) {
                Val::Unknown => value,
                instance => instance,
            },
            _ => value,
        }
    }

    /// An object of what an annotation names, where that is a class: `Client`, `Client | None`, `'Client'`.
    fn instance_of(&self, annotation: &'a Expr, depth: u16) -> Val {
        if depth > MAX_DEPTH {
            return Val::Unknown;
        }
        let is_class = |name: &str| {
            let last = name.rsplit('.').next().unwrap_or(name);
            last.starts_with(|c: char| c.is_ascii_uppercase()) && !name.ends_with(')')
        };
        match annotation {
            Expr::BinOp(it) if it.op == Operator::BitOr => match self.instance_of(&it.left, depth + 1) {
                Val::Unknown => self.instance_of(&it.right, depth + 1),
                value => value,
            },
            Expr::Subscript(it) => match &*it.value {
                Expr::Name(name) if matches!(name.id.as_str(), "Optional" | "Annotated") => {
                    let inner = super::scope::literal_elements(&it.slice).and_then(<[Expr]>::first);
                    self.instance_of(inner.unwrap_or(&it.slice), depth + 1)
                }
                _ => Val::Unknown,
            },
            Expr::Name(_) | Expr::Attribute(_) => match self.eval(annotation, None, depth + 1) {
                Val::Class(class) => Val::Instance(class),
                Val::Local(module, path) if is_class(&path) => Val::Local(module, format!("{path}()").into()),
                Val::Name(name)
                    if is_class(&name)
                        && !["builtins.", "typing.", "collections.", "enum.", "typing_extensions."]
                            .iter()
                            .any(|start| name.starts_with(start)) =>
                {
                    Val::name(format!("{name}()"))
                }
                _ => Val::Unknown,
            },
            _ => Val::Unknown,
        }
    }

    /// What a parameter is by what the calls that the file shows give it.
    fn given_value(&self, given: &[Option<&'a Expr>], default: Option<&'a Expr>, depth: u16) -> Val {
        match (given, default) {
            ([Some(only)], _) => self.eval(only, None, depth),
            (all, Some(default)) if all.iter().all(Option::is_none) => self.eval(default, None, depth),
            (all, _) => {
                // The same for everybody who calls.
                let mut values = all
                    .iter()
                    .take(4)
                    .map(|value| value.map_or(Val::Unknown, |value| self.eval(value, None, depth)));
                let Some(first) = values.next() else { return Val::Unknown };
                if all.len() <= 4 && values.all(|value| value == first) { first } else { Val::Unknown }
            }
        }
    }

    /// Calls of a function that the file shows.
    pub fn calls_of(&self, func: FuncId) -> &[&'a ExprCall] {
        let Some(it) = self.scopes.funcs.get(func) else { return &[] };
        match (it.class, it.symbol) {
            (Some(class), _) => self.scopes.method_calls.get(&(class, it.name)).map_or(&[], Vec::as_slice),
            (None, Some(symbol)) => self.scopes.symbols.get(symbol).map_or(&[], |symbol| &symbol.calls),
            _ => &it.direct,
        }
    }

    /// The argument of a call for the parameter at that place.
    pub fn argument(&self, bound: bool, call: &'a ExprCall, at: usize, name: &str) -> Option<&'a Expr> {
        let at = at.checked_sub(usize::from(bound))?;
        call.arguments.find_argument_value(name, at)
    }

    fn module(&self, name: &str) -> Val {
        match super::local::absolute(self.path, name) {
            Some(module) => Val::Local(module.into(), "".into()),
            None => Val::name(name),
        }
    }

    fn from(&self, module: &str, name: &str) -> Val {
        let bare = module.trim_start_matches('.');
        let level = module.len() - bare.len();
        let module = match level {
            0 => match super::local::absolute(self.path, bare) {
                Some(module) => module,
                None => return Val::name(format!("{}.{name}", canonical(bare))),
            },
            level => super::local::relative(self.path, level, bare),
        };
        Val::Local(module.into(), name.into())
    }

    fn attribute(&self, it: &'a ExprAttribute, env: Option<&Env<'_>>, depth: u16) -> Val {
        let base = self.eval(&it.value, env, depth);
        if let Expr::Name(name) = &*it.value
            && let Some(symbol) = self.scopes.symbol(name)
            && let Some(values) = self.scopes.symbols[symbol].attrs.get(it.attr.as_str())
            && let [only] = values.as_slice()
            && !matches!(base, Val::Name(_))
        {
            return self.eval(only, None, depth);
        }
        self.member(&base, &it.attr, env, depth)
    }

    /// A member of a value, by its name.
    pub fn member(&self, base: &Val, name: &str, env: Option<&Env<'_>>, depth: u16) -> Val {
        if depth > MAX_DEPTH {
            return Val::Unknown;
        }
        match base {
            Val::Name(module) => Val::name(join(module, name)),
            Val::Local(module, path) if path.is_empty() => Val::Local(Rc::clone(module), name.into()),
            Val::Local(module, path) => Val::Local(Rc::clone(module), format!("{path}.{name}").into()),
            Val::Class(class) => self.of_class(*class, name, false, env, depth),
            Val::Instance(class) => self.of_class(*class, name, true, env, depth),
            Val::Path(path) => match name {
                "parent" => {
                    let parent = path.rsplit_once('/').map_or(".", |(parent, _)| parent);
                    Val::Path(parent.into())
                }
                "name" => Val::text(path.rsplit('/').next().unwrap_or(path)),
                _ => Val::name(format!("pathlib.Path().{name}")),
            },
            _ => Val::Unknown,
        }
    }

    fn of_class(&self, class: ClassId, name: &str, bound: bool, env: Option<&Env<'_>>, depth: u16) -> Val {
        if depth > MAX_DEPTH {
            return Val::Unknown;
        }
        let Some(it) = self.scopes.classes.get(class) else { return Val::Unknown };
        if let Some(members) = it.members.get(name) {
            let found = members.iter().find_map(|def| match def {
                Def::Value(value) | Def::Enter(value) => {
                    let value = self.eval(value, None, depth + 1);
                    (!matches!(value, Val::Unknown | Val::None)).then_some(value)
                }
                _ => None,
            });
            // A constant that changes is none.
            if let Some(found) =
                found.filter(|found| members.len() == 1 || !matches!(found, Val::Str(..) | Val::Int(_)))
            {
                return found;
            }
        }
        if let Some(symbol) = self.scopes.class_symbol(class, name) {
            return match self.symbol(symbol, None, env, depth + 1) {
                Val::Func(func) if bound && !self.scopes.funcs[func].unbound => Val::Bound(func),
                value => value,
            };
        }
        for base in it.def.arguments.iter().flat_map(|arguments| &*arguments.args).take(8) {
            let value = match self.eval(base, None, depth + 1) {
                Val::Class(base) if base != class => self.of_class(base, name, bound, env, depth + 1),
                Val::Name(base) => Val::name(format!("{base}().{name}")),
                _ => Val::Unknown,
            };
            if !value.is_unknown() {
                return value;
            }
        }
        Val::Unknown
    }

    fn subscript(&self, it: &'a ExprSubscript, env: Option<&Env<'_>>, depth: u16) -> Val {
        let base = self.eval(&it.value, env, depth);
        if let Expr::Slice(slice) = &*it.slice {
            let bound = |bound: &'a Option<Box<Expr>>| match bound {
                None => Some(None),
                Some(bound) => match self.eval(bound, env, depth) {
                    Val::None => Some(None),
                    value => value.as_int().map(Some),
                },
            };
            let (Some(lower), Some(upper), Some(step)) =
                (bound(&slice.lower), bound(&slice.upper), bound(&slice.step))
            else {
                return Val::Unknown;
            };
            return strings::slice(&base, lower, upper, step);
        }
        let key = self.eval(&it.slice, env, depth);
        match &base {
            Val::Name(name) => self.item(name, &key),
            // `names['x'] = y` after `names = {}`.
            Val::Dict(_) => match strings::index(&base, &key) {
                Val::Unknown => self.assigned_item(&it.value, &key, depth),
                value => value,
            },
            _ => strings::index(&base, &key),
        }
    }

    fn assigned_item(&self, base: &'a Expr, key: &Val, depth: u16) -> Val {
        let Expr::Name(name) = base else { return Val::Unknown };
        let Some(symbol) = self.scopes.symbol(name) else { return Val::Unknown };
        let items = &self.scopes.symbols[symbol].items;
        let found =
            items.iter().rev().take(64).find(|(k, _)| !key.is_unknown() && self.eval(k, None, depth) == *key);
        found.map_or(Val::Unknown, |(_, value)| self.eval(value, None, depth))
    }

    /// `name[key]` of something from outside.
    fn item(&self, name: &str, key: &Val) -> Val {
        let Some(key) = key.as_str() else {
            return if key.as_int().is_some() { Val::name(format!("{name}[]")) } else { Val::Unknown };
        };
        match name {
            "sys.modules" => self.module(key),
            "builtins.globals()" | "builtins.locals()" | "builtins.vars()" => self.global(key),
            "builtins.__builtins__" | "builtins.__dict__" => Val::name(format!("builtins.{key}")),
            _ => match name.strip_suffix(".__dict__") {
                Some(owner) => Val::name(join(owner, key)),
                None => Val::name(format!("{name}[]")),
            },
        }
    }

    /// A name at the level of the module, by its text.
    pub fn global(&self, name: &str) -> Val {
        match self.scopes.module_symbol(name) {
            Some(symbol) => self.symbol(symbol, None, None, 1),
            None => self.free(name),
        }
    }

    fn binary(&self, it: &'a ExprBinOp, env: Option<&Env<'_>>, depth: u16) -> Val {
        if it.op == Operator::Add {
            let operands = spine(it);
            if operands.len() > MAX_OPERANDS {
                return Val::Unknown;
            }
            let mut parts = operands.into_iter().map(|operand| self.eval(operand, env, depth));
            let Some(mut sum) = parts.next() else { return Val::Unknown };
            let mut buffer: Option<(String, bool)> = None;
            for part in parts {
                // Text is gathered in one buffer: a thousand parts would be copied a thousand times.
                if let (Val::Str(first, was), Val::Str(more, now)) = (&sum, &part) {
                    let (text, decoded) = buffer.get_or_insert_with(|| (first.to_string(), *was));
                    text.push_str(more);
                    *decoded |= now;
                    if text.len() > strings::MAX {
                        return Val::Unknown;
                    }
                    continue;
                }
                if buffer.is_some() {
                    return Val::Unknown;
                }
                sum = add(&sum, &part);
                if sum.is_unknown() {
                    return sum;
                }
            }
            return buffer.map_or(sum, |(text, decoded)| Val::Str(text.into(), decoded));
        }
        let (left, right) = (self.eval(&it.left, env, depth), self.eval(&it.right, env, depth));
        match (it.op, &left, &right) {
            (Operator::Mod, Val::Str(template, decoded), values) => strings::percent(template, values, None)
                .map_or(Val::Unknown, |text| Val::Str(text.into(), *decoded)),
            (Operator::Mult, Val::Str(text, decoded), Val::Int(times)) => {
                match usize::try_from(*times).ok().and_then(|n| n.checked_mul(text.len())) {
                    Some(len) if len <= strings::MAX / 4 => {
                        Val::Str(text.repeat(*times as usize).into(), *decoded)
                    }
                    _ => Val::Unknown,
                }
            }
            (Operator::Div, Val::Path(_), part) | (Operator::Div, Val::Str(..), part @ Val::Path(_)) => {
                match part.as_str() {
                    Some(part) => Val::Path(calls::join_path(&[left.as_str().unwrap_or(""), part]).into()),
                    None => Val::Unknown,
                }
            }
            _ => match (left.as_int(), right.as_int()) {
                (Some(a), Some(b)) => arithmetic(it.op, a, b).map_or(Val::Unknown, Val::Int),
                _ => Val::Unknown,
            },
        }
    }

    fn comprehension(
        &self,
        generators: &'a [Comprehension],
        element: &'a Expr,
        env: Option<&Env<'_>>,
        depth: u16,
    ) -> Val {
        let [generator] = generators else { return Val::Unknown };
        let Some(values) = self.eval(&generator.iter, env, depth).elements(MAX_ELEMENTS) else {
            return Val::Unknown;
        };
        if env.is_none() {
            self.fuel.set(u32::MAX);
        }
        let mut out = Vec::with_capacity(values.len());
        for value in values {
            let mut frame = Env { values: Vec::new(), outer: env };
            if !self.assign(&generator.target, &value, &mut frame.values) {
                return Val::Unknown;
            }
            let mut keep = true;
            for test in &generator.ifs {
                match self.eval(test, Some(&frame), depth).truth() {
                    Some(truth) => keep &= truth,
                    None => return Val::Unknown,
                }
            }
            if keep {
                let made = self.eval(element, Some(&frame), depth);
                if made.is_unknown() {
                    return Val::Unknown;
                }
                out.push(made);
            }
        }
        Val::List(Rc::new(out))
    }

    fn assign(&self, target: &'a Expr, value: &Val, into: &mut Vec<(SymbolId, Val)>) -> bool {
        match target {
            Expr::Name(name) => match self.scopes.symbol(name) {
                Some(symbol) => {
                    into.push((symbol, value.clone()));
                    true
                }
                None => false,
            },
            Expr::Tuple(tuple) => {
                let Val::List(parts) = value else { return false };
                tuple.elts.len() == parts.len()
                    && tuple
                        .elts
                        .iter()
                        .zip(parts.iter())
                        .all(|(target, part)| self.assign(target, part, into))
            }
            _ => false,
        }
    }

    /// The arguments of a call, evaluated.
    pub fn arguments(&self, it: &'a ExprCall, env: Option<&Env<'_>>, depth: u16) -> Args {
        let mut out = Args::default();
        for argument in it.arguments.args.iter().take(1_000) {
            match argument {
                Expr::Starred(starred) => {
                    match self.eval(&starred.value, env, depth).elements(MAX_ELEMENTS) {
                        Some(more) => out.list.extend(more),
                        None => out.list.push(Val::Unknown),
                    }
                }
                _ => out.list.push(self.eval(argument, env, depth)),
            }
        }
        for keyword in it.arguments.keywords.iter().take(64) {
            if let Some(name) = &keyword.arg {
                out.named.push((name.as_str().into(), self.eval(&keyword.value, env, depth)));
            }
        }
        out
    }

    /// What is called.
    pub fn callee(&self, it: &'a ExprCall) -> Val {
        self.eval(&it.func, None, 0)
    }

    fn call(&self, it: &'a ExprCall, env: Option<&Env<'_>>, depth: u16) -> Val {
        if let Expr::Attribute(attribute) = &*it.func {
            let base = self.eval(&attribute.value, env, depth);
            if matches!(base, Val::Str(..) | Val::Bytes(..) | Val::List(_) | Val::Dict(_) | Val::Int(_)) {
                let args = self.arguments(it, env, depth);
                return match strings::method(&base, &attribute.attr, &args.list, &args.named) {
                    Val::Unknown if matches!(base, Val::Dict(_)) && &attribute.attr == "get" => {
                        let key = args.list.first().cloned().unwrap_or(Val::Unknown);
                        self.assigned_item(&attribute.value, &key, depth)
                    }
                    value => value,
                };
            }
            if let Val::Path(path) = &base {
                let args = self.arguments(it, env, depth);
                if let Some(value) = calls::of_path(path, &attribute.attr, &args) {
                    return value;
                }
            }
        }
        let callee = self.eval(&it.func, env, depth);
        if callee.is_unknown() {
            return Val::Unknown;
        }
        let args = self.arguments(it, env, depth);
        self.apply(&callee, args, env, depth)
    }

    /// The result of a call with those arguments.
    pub fn apply(&self, callee: &Val, mut args: Args, env: Option<&Env<'_>>, depth: u16) -> Val {
        if depth > MAX_DEPTH {
            return Val::Unknown;
        }
        match callee {
            Val::Name(name) => match calls::known(self, name, &args, env, depth) {
                Some(value) => value,
                None => Val::name(format!("{name}()")),
            },
            Val::Local(module, path) => Val::Local(Rc::clone(module), format!("{path}()").into()),
            Val::Class(class) => Val::Instance(*class),
            Val::Partial(partial) => {
                let mut list = partial.1.clone();
                list.append(&mut args.list);
                args.list = list;
                self.apply(&partial.0, args, env, depth + 1)
            }
            Val::Func(func) => self.inline(*func, &args, false, env, depth + 1),
            Val::Bound(func) => self.inline(*func, &args, true, env, depth + 1),
            _ => Val::Unknown,
        }
    }

    /// The value of a function that only returns one.
    fn inline(&self, func: FuncId, args: &Args, bound: bool, env: Option<&Env<'_>>, depth: u16) -> Val {
        let Some(it) = self.scopes.funcs.get(func) else { return Val::Unknown };
        let [value] = it.returns.as_slice() else { return Val::Unknown };
        if depth > MAX_DEPTH / 2 || it.params.len() > 32 {
            return Val::Unknown;
        }
        let skip = usize::from(bound);
        let mut values = Vec::new();
        for (at, param) in it.params.iter().enumerate() {
            if at < skip {
                continue;
            }
            let given = args.get(at - skip, param.name).cloned();
            let value = match (given, param.default) {
                _ if param.rest => Val::List(Rc::new(args.list.get(at - skip..).unwrap_or(&[]).to_vec())),
                (Some(value), _) => value,
                (None, Some(default)) => self.eval(default, None, depth),
                (None, None) => Val::Unknown,
            };
            values.push((param.symbol, value));
        }
        if env.is_none() {
            let constant = |value: &Val| matches!(value, Val::Str(..) | Val::Bytes(..) | Val::List(_));
            let known = args.list.iter().any(constant) || args.named.iter().any(|(_, value)| constant(value));
            self.fuel.set(if known { MAX_CALL } else { MAX_CALL / 30 });
        }
        // A closure sees what is around it; a function that calls itself ends at the depth.
        let outer = env.filter(|_| self.scopes.func_of(it.outer).is_some());
        let frame = Env { values, outer };
        self.eval(value, Some(&frame), depth)
    }
}

/// Old names of modules, and platform twins.
fn canonical(module: &str) -> &str {
    match module {
        "__builtin__" => "builtins",
        "urllib2" => "urllib.request",
        "posix" | "nt" => "os",
        "posixpath" | "ntpath" => "os.path",
        "_pickle" | "cPickle" => "pickle",
        "httplib" => "http.client",
        "_winreg" => "winreg",
        "six.moves.urllib" => "urllib",
        "_socket" => "socket",
        "commands" => "subprocess",
        other => other,
    }
}

/// `owner.name`, under the name that the tables know.
pub fn join(owner: &str, name: &str) -> String {
    let owner = canonical(owner);
    match (owner, name) {
        ("builtins.__builtins__", _) => format!("builtins.{name}"),
        ("builtins", "__dict__") => "builtins.__dict__".to_owned(),
        ("subprocess", "os") | ("shutil", "os") | ("pathlib", "os") => "os".to_owned(),
        ("subprocess" | "os" | "shutil", "sys") => "sys".to_owned(),
        _ => format!("{owner}.{name}"),
    }
}

/// The operands of `a + b + c`, however long.
pub fn spine(it: &ExprBinOp) -> Vec<&Expr> {
    let mut out = vec![&*it.right];
    let mut left = &*it.left;
    while let Expr::BinOp(inner) = left {
        if inner.op != it.op {
            break;
        }
        out.push(&inner.right);
        left = &inner.left;
    }
    out.push(left);
    out.reverse();
    out
}

/// `a + b` of two values.
pub fn add(left: &Val, right: &Val) -> Val {
    match (left, right) {
        (Val::Str(a, was), Val::Str(b, now)) if a.len() + b.len() <= strings::MAX => {
            Val::Str(format!("{a}{b}").into(), *was || *now)
        }
        (Val::Bytes(a, was), Val::Bytes(b, now)) if a.len() + b.len() <= strings::MAX => {
            Val::Bytes([&a[..], &b[..]].concat().into(), *was || *now)
        }
        (Val::List(a), Val::List(b)) if a.len() + b.len() <= MAX_ELEMENTS => {
            Val::List(Rc::new(a.iter().chain(b.iter()).cloned().collect()))
        }
        _ => match (left.as_int(), right.as_int()) {
            (Some(a), Some(b)) => a.checked_add(b).map_or(Val::Unknown, Val::Int),
            _ => Val::Unknown,
        },
    }
}

fn arithmetic(op: Operator, a: i64, b: i64) -> Option<i64> {
    match op {
        Operator::Sub => a.checked_sub(b),
        Operator::Mult => a.checked_mul(b),
        Operator::FloorDiv => (b != 0).then(|| a.checked_div_euclid(b)).flatten(),
        Operator::Mod => (b > 0).then(|| a.checked_rem_euclid(b)).flatten(),
        Operator::Pow => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
        Operator::LShift => u32::try_from(b).ok().filter(|b| *b < 63).and_then(|b| a.checked_mul(1 << b)),
        Operator::RShift => u32::try_from(b).ok().and_then(|b| a.checked_shr(b)),
        Operator::BitOr => Some(a | b),
        Operator::BitXor => Some(a ^ b),
        Operator::BitAnd => Some(a & b),
        _ => None,
    }
}
