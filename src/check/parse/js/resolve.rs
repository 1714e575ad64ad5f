//! Resolves names and folds constants, on demand and within bounds.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use oxc_ast::ast::*;
use oxc_semantic::Scoping;
use oxc_syntax::operator::{BinaryOperator, UnaryOperator};
use oxc_syntax::symbol::SymbolId;

use super::api::{Api, module_name};
use super::bind::{self, Base, Bindings, Def, Func, Owner, Step};
use super::fold;
use super::value::Val;

/// Levels of expressions that are followed; beyond that a value is unknown.
const MAX_DEPTH: u32 = 40;

/// Members of an object's literal that are searched one by one.
const FEW_MEMBERS: usize = 32;

/// Expressions that are looked at for one application of a function to known arguments.
const MAX_APPLIED: u64 = 2_000;

/// Expressions that are looked at while resolving one file, for each byte of it.
const STEPS_PER_BYTE: u64 = 40;

/// Applications of one function that gave nothing known, before it is not tried again.
const MAX_FAILURES: u32 = 40;

/// Elements of an array that are joined where some are not known.
const MAX_JOINED: usize = 64;

/// Elements of an array that are folded.
const MAX_ELEMENTS: usize = 20_000;

/// Resolves the names of one file.
pub struct Resolver<'a, 's> {
    /// Scopes and symbols.
    pub scoping: &'s Scoping,
    /// What each name was given.
    pub bindings: Bindings<'a>,
    /// The API table.
    pub api: &'static Api,
    memo: RefCell<Vec<Option<Val<'a>>>>,
    active: RefCell<Vec<u32>>,
    bound: RefCell<Vec<(u32, usize, Val<'a>)>>,
    /// Results of calls by their place: a chain of calls would else be followed anew from each link.
    results: RefCell<HashMap<(u32, u32), Val<'a>>>,
    depth: Cell<u32>,
    steps: Cell<u64>,
    /// Values of assigned members, by the address of the list of their values.
    members: RefCell<HashMap<usize, Val<'a>>>,
    /// Members of large objects' literals, by the address of the object.
    tables: RefCell<HashMap<usize, HashMap<Box<str>, &'a Expression<'a>>>>,
    /// How often a function gave nothing known.
    failures: RefCell<HashMap<u32, u32>>,
    /// Steps left for the function that is being applied.
    applied: Cell<u64>,
}

impl<'a, 's> Resolver<'a, 's> {
    /// For a file of `size` bytes.
    pub fn new(scoping: &'s Scoping, bindings: Bindings<'a>, size: usize) -> Self {
        let resolver = Self {
            scoping,
            memo: RefCell::new(vec![None; bindings.defs.len()]),
            bindings,
            api: Api::get(),
            active: RefCell::default(),
            bound: RefCell::default(),
            results: RefCell::default(),
            tables: RefCell::default(),
            failures: RefCell::default(),
            members: RefCell::default(),
            depth: Cell::new(0),
            applied: Cell::new(0),
            steps: Cell::new(100_000 + size as u64 * STEPS_PER_BYTE),
        };
        // In the order of declaration, so that a long line of aliases is never followed from its
        // far end, where the limit on depth would cut it.
        for symbol in scoping.symbol_ids() {
            resolver.symbol(symbol);
        }
        resolver
    }

    /// Whether the bound on work was reached, so that some names stayed unknown.
    pub fn exhausted(&self) -> bool {
        self.steps.get() == 0
    }

    /// What an expression is.
    pub fn expr(&self, expression: &'a Expression<'a>) -> Val<'a> {
        let steps = self.steps.get();
        if self.depth.get() >= MAX_DEPTH || steps == 0 {
            return Val::Unknown;
        }
        if !self.bound.borrow().is_empty() {
            let applied = self.applied.get();
            if applied == 0 {
                return Val::Unknown;
            }
            self.applied.set(applied - 1);
        }
        self.steps.set(steps - 1);
        self.depth.set(self.depth.get() + 1);
        let value = self.inner(expression);
        self.depth.set(self.depth.get() - 1);
        value
    }

    fn inner(&self, expression: &'a Expression<'a>) -> Val<'a> {
        match expression {
            Expression::StringLiteral(literal) => Val::str(literal.value.as_str()),
            Expression::NumericLiteral(literal) => Val::Num(literal.value),
            Expression::BooleanLiteral(literal) => Val::Word(if literal.value { "true" } else { "false" }),
            Expression::NullLiteral(_) => Val::Word("null"),
            Expression::TemplateLiteral(template) => self.template(template),
            Expression::Identifier(identifier) => self.identifier(identifier),
            Expression::ParenthesizedExpression(it) => self.expr(&it.expression),
            Expression::SequenceExpression(it) => {
                it.expressions.last().map_or(Val::Unknown, |e| self.expr(e))
            }
            Expression::TSAsExpression(it) => self.expr(&it.expression),
            Expression::TSSatisfiesExpression(it) => self.expr(&it.expression),
            Expression::TSNonNullExpression(it) => self.expr(&it.expression),
            Expression::TSTypeAssertion(it) => self.expr(&it.expression),
            Expression::TSInstantiationExpression(it) => self.expr(&it.expression),
            Expression::AwaitExpression(it) => self.expr(&it.argument),
            Expression::AssignmentExpression(it) if it.operator.is_assign() => self.expr(&it.right),
            Expression::ArrayExpression(array) => Val::Array(array),
            Expression::ObjectExpression(object) => Val::Object(object),
            Expression::FunctionExpression(_) | Expression::ArrowFunctionExpression(_) => {
                Func::of(expression).map_or(Val::Unknown, Val::Func)
            }
            Expression::StaticMemberExpression(it) => self.member(&it.object, &it.property.name),
            Expression::ComputedMemberExpression(it) => match self.expr(&it.expression) {
                Val::Num(number) => match self.expr(&it.object) {
                    Val::Str(text) | Val::Decoded(text) => fold::char_at(&text, number),
                    object => self.element(&object, number),
                },
                key => key.text().map_or(Val::Unknown, |key| self.member(&it.object, &key)),
            },
            Expression::PrivateFieldExpression(it) => match self.owner(&it.object) {
                Some(owner @ Owner::This(_)) => self.assigned(owner, &format!("#{}", it.field.name)),
                _ => Val::Unknown,
            },
            Expression::ChainExpression(it) => match &it.expression {
                ChainElement::CallExpression(call) => self.call(call),
                ChainElement::StaticMemberExpression(it) => self.member(&it.object, &it.property.name),
                ChainElement::ComputedMemberExpression(it) => match self.expr(&it.expression).text() {
                    Some(key) => self.member(&it.object, &key),
                    None => Val::Unknown,
                },
                _ => Val::Unknown,
            },
            Expression::BinaryExpression(binary) => self.binary(binary),
            Expression::UnaryExpression(unary) => match (unary.operator, self.expr(&unary.argument)) {
                (UnaryOperator::UnaryNegation, Val::Num(n)) => Val::Num(-n),
                (UnaryOperator::BitwiseNot, Val::Num(n)) => Val::Num(!(n as i64 as i32) as f64),
                (UnaryOperator::UnaryPlus, value) => {
                    value.text().and_then(|text| text.trim().parse().ok()).map_or(Val::Unknown, Val::Num)
                }
                (UnaryOperator::Void, _) => Val::Word("undefined"),
                _ => Val::Unknown,
            },
            // Either side may be it: the one that is a name says more.
            Expression::LogicalExpression(it) => match self.expr(&it.left) {
                Val::Name(name) if !name.starts_with("global.process.env") => Val::Name(name),
                _ => self.expr(&it.right),
            },
            Expression::ConditionalExpression(it) => match self.expr(&it.consequent) {
                Val::Name(name) => Val::Name(name),
                _ => match self.expr(&it.alternate) {
                    Val::Name(name) => Val::Name(name),
                    _ => Val::Unknown,
                },
            },
            Expression::CallExpression(call) => self.call(call),
            Expression::NewExpression(call) => match self.expr(&call.callee) {
                Val::Name(name) if &*name == "global.Function" => Val::name("global.Function()"),
                Val::Name(name) => Val::name(format!("{name}()")),
                _ => Val::Unknown,
            },
            Expression::ImportExpression(it) => match self.expr(&it.source).as_str() {
                Some(module) => Val::name(module_name(module)),
                None => Val::Unknown,
            },
            // At the top level of a script `this` is the global object.
            _ => Val::Unknown,
        }
    }

    fn identifier(&self, identifier: &'a IdentifierReference<'a>) -> Val<'a> {
        match bind::symbol(self.scoping, identifier) {
            Some(symbol) if self.scoping.symbol_name(symbol) == "__require" => Val::name("global.require"),
            Some(symbol) => self.symbol(symbol),
            None => self.global(&identifier.name),
        }
    }

    fn global(&self, name: &str) -> Val<'a> {
        match name {
            "undefined" => Val::Word("undefined"),
            "globalThis" | "window" | "self" | "global" | "frames" | "top" => Val::name("global"),
            "__non_webpack_require__" => Val::name("global.require"),
            _ if self.api.follows(name) => Val::name(format!("global.{name}")),
            _ => Val::Unknown,
        }
    }

    /// What a variable holds, if all that was put into it agrees.
    pub fn symbol(&self, symbol: SymbolId) -> Val<'a> {
        let at = symbol.index();
        if let Some(value) = self.memo.borrow().get(at).cloned().flatten() {
            return value;
        }
        if self.active.borrow().contains(&(at as u32)) {
            return Val::Unknown;
        }
        self.active.borrow_mut().push(at as u32);
        let value = self.defs(&self.bindings.defs[at]);
        self.active.borrow_mut().pop();
        // A value found inside a call may differ elsewhere.
        // So may a parameter, for each call.
        let varies = self.bindings.defs[at].iter().any(|def| matches!(def.base, Base::Param(..)));
        if !varies && self.bound.borrow().is_empty() {
            self.memo.borrow_mut()[at] = Some(value.clone());
        }
        value
    }

    fn defs(&self, defs: &[Def<'a>]) -> Val<'a> {
        if let [def] = defs {
            return self.def(def);
        }
        // Several: the first that is a name (`try { x = require('a') } catch { x = require('b') }`).
        defs.iter()
            .take(8)
            .map(|def| self.def(def))
            .find(|value| matches!(value, Val::Name(_)))
            .unwrap_or(Val::Unknown)
    }

    fn def(&self, def: &Def<'a>) -> Val<'a> {
        let mut value = match def.base {
            Base::Expr(expression) => self.expr(expression),
            Base::Name(name) => Val::name(name),
            Base::Module(name) => Val::name(module_name(name)),
            Base::Func(func) => Val::Func(func),
            Base::Param(func, at) => self.param(func, at),
            Base::Opaque => Val::Unknown,
        };
        for step in &def.path {
            value = match step {
                Step::Prop(name) => self.prop(&value, name),
                Step::Elem(at) => self.element(&value, *at as f64),
                Step::Some => Val::Unknown,
            };
        }
        value
    }

    fn param(&self, func: u32, at: usize) -> Val<'a> {
        let bound = self.bound.borrow().iter().rev().find(|b| b.0 == func && b.1 == at).map(|b| b.2.clone());
        if let Some(value) = bound {
            return value;
        }
        match self.bindings.iife.get(&func) {
            Some((call, skip)) => at
                .checked_add(*skip)
                .and_then(|at| call.arguments.get(at)?.as_expression())
                .map_or(Val::Unknown, |argument| self.expr(argument)),
            None => Val::Unknown,
        }
    }

    fn assigned(&self, owner: Owner, name: &str) -> Val<'a> {
        let Some(values) = self.bindings.members.get(&(owner, name)) else { return Val::Unknown };
        let key = values.as_ptr() as usize;
        if let Some(value) = self.members.borrow().get(&key) {
            return value.clone();
        }
        // Lists and trees assign members from members: the second time round it is unknown.
        self.members.borrow_mut().insert(key, Val::Unknown);
        let value = match values.as_slice() {
            [value] => self.expr(value),
            values => values
                .iter()
                .take(4)
                .map(|value| self.expr(value))
                .find(|value| matches!(value, Val::Name(_)))
                .unwrap_or(Val::Unknown),
        };
        self.members.borrow_mut().insert(key, value.clone());
        value
    }

    /// Whose member it is, for what is assigned to members.
    pub fn owner(&self, object: &Expression<'_>) -> Option<Owner> {
        bind::owner(self.scoping, &self.bindings.this, object)
    }

    fn member(&self, object: &'a Expression<'a>, name: &str) -> Val<'a> {
        if let Some(owner) = self.owner(object)
            && !(owner == Owner::Exports && name == "exports")
        {
            let value = self.assigned(owner, name);
            if !value.is_unknown() {
                return value;
            }
        }
        let value = self.expr(object);
        self.prop(&value, name)
    }

    /// The value that an object's literal gives a member; the last one of that name counts.
    fn of_object(&self, object: &'a ObjectExpression<'a>, name: &str) -> Option<&'a Expression<'a>> {
        let given = |property: &'a ObjectPropertyKind<'a>| match property {
            ObjectPropertyKind::ObjectProperty(property) if property.kind == PropertyKind::Init => {
                Some((bind::key_name(&property.key)?, &property.value))
            }
            _ => None,
        };
        if object.properties.len() <= FEW_MEMBERS {
            let mut all = object.properties.iter().rev().filter_map(given);
            return all.find(|(key, _)| &**key == name).map(|(_, value)| value);
        }
        // Tables of compilers have thousands, and each of their members is asked for.
        let mut tables = self.tables.borrow_mut();
        let table = tables
            .entry(std::ptr::from_ref(object) as usize)
            .or_insert_with(|| object.properties.iter().filter_map(given).collect());
        table.get(name).copied()
    }

    /// A member of a value.
    pub fn prop(&self, value: &Val<'a>, name: &str) -> Val<'a> {
        match value {
            Val::Name(object) => self.named_member(object, name),
            Val::Object(object) => {
                self.of_object(object, name).map_or(Val::Unknown, |value| self.expr(value))
            }
            Val::Func(_) if name == "constructor" => Val::name("global.Function"),
            Val::Str(text) | Val::Decoded(text) if name == "length" => {
                Val::Num(text.encode_utf16().count() as f64)
            }
            Val::Str(_) | Val::Array(_) | Val::Num(_) if name == "constructor" => Val::name("global.Object"),
            Val::Array(_) | Val::List(_) => match name.parse::<f64>() {
                Ok(at) => self.element(value, at),
                Err(_) => match name {
                    // `[].filter.constructor` is `Function`.
                    "filter" | "map" | "flat" | "at" | "find" | "sort" | "concat" => {
                        Val::name("global.Array.method")
                    }
                    _ => Val::Unknown,
                },
            },
            _ => Val::Unknown,
        }
    }

    fn named_member(&self, object: &str, name: &str) -> Val<'a> {
        match (object, name) {
            ("global", _) => {
                let value = self.global(name);
                if value.is_unknown() { Val::name(format!("global.{name}")) } else { value }
            }
            ("node:module", "createRequire") => Val::name("node:module.createRequire"),
            ("node:buffer", "Buffer") => Val::name("global.Buffer"),
            ("global.Array.method" | "global.Object", "constructor") => Val::name("global.Function"),
            (_, "constructor") if object.ends_with("getPrototypeOf()") => Val::name("global.Function"),
            (_, "default") => Val::name(object),
            ("global.document", "defaultView") => Val::name("global"),
            ("global.process.mainModule" | "global.require.main" | "global.module", "require") => {
                Val::name("global.require")
            }
            _ if object.len() > 200 => Val::Unknown,
            _ => Val::name(format!("{object}.{name}")),
        }
    }

    fn element(&self, value: &Val<'a>, at: f64) -> Val<'a> {
        if at < 0.0 || at.fract() != 0.0 {
            return Val::Unknown;
        }
        match value {
            Val::Array(array) => match array.elements.get(at as usize).and_then(|e| e.as_expression()) {
                Some(element) if array.elements.iter().take(at as usize).all(|e| !e.is_spread()) => {
                    self.expr(element)
                }
                _ => Val::Unknown,
            },
            Val::List(list) => list.get(at as usize).cloned().unwrap_or(Val::Unknown),
            Val::Bytes(bytes) => bytes.get(at as usize).map_or(Val::Unknown, |&b| Val::Num(f64::from(b))),
            _ => Val::Unknown,
        }
    }

    /// Every element of an array.
    pub fn elements(&self, value: &Val<'a>) -> Option<Vec<Val<'a>>> {
        match value {
            Val::Array(array) if array.elements.len() <= MAX_ELEMENTS => {
                let mut out = Vec::with_capacity(array.elements.len());
                for element in &array.elements {
                    match element {
                        ArrayExpressionElement::SpreadElement(spread) => {
                            // `list = [...list]` leads back here: the bound on depth has to hold.
                            if self.depth.get() >= MAX_DEPTH {
                                return None;
                            }
                            let inner = self.expr(&spread.argument);
                            self.depth.set(self.depth.get() + 1);
                            let elements = self.elements(&inner);
                            self.depth.set(self.depth.get() - 1);
                            out.extend(elements?);
                        }
                        element => out.push(element.as_expression().map_or(Val::Unknown, |e| self.expr(e))),
                    }
                }
                Some(out)
            }
            Val::List(list) => Some(list.to_vec()),
            Val::Str(text) | Val::Decoded(text) => {
                Some(text.chars().map(|c| Val::str(c.to_string())).collect())
            }
            Val::Bytes(bytes) => Some(bytes.iter().map(|&b| Val::Num(f64::from(b))).collect()),
            _ => None,
        }
    }

    fn template(&self, template: &'a TemplateLiteral<'a>) -> Val<'a> {
        let mut out = String::new();
        for (at, quasi) in template.quasis.iter().enumerate() {
            out.push_str(quasi.value.cooked.as_ref().map_or("", |text| text.as_str()));
            if let Some(expression) = template.expressions.get(at) {
                match self.expr(expression).text() {
                    Some(text) => out.push_str(&text),
                    None => return Val::Unknown,
                }
            }
        }
        Val::str(out)
    }

    fn binary(&self, binary: &'a BinaryExpression<'a>) -> Val<'a> {
        if binary.operator != BinaryOperator::Addition {
            let (Val::Num(a), Val::Num(b)) = (self.expr(&binary.left), self.expr(&binary.right)) else {
                return Val::Unknown;
            };
            return fold::arithmetic(binary.operator, a, b);
        }
        // A chain of `+` leans left and may be thousands long: walk it, do not recurse.
        let parts = spine(binary);
        let mut values = Vec::with_capacity(parts.len());
        for part in parts {
            match self.expr(part) {
                value @ (Val::Str(_) | Val::Decoded(_) | Val::Num(_) | Val::Word(_)) => values.push(value),
                _ => return Val::Unknown,
            }
        }
        if let [Val::Num(a), Val::Num(b)] = values.as_slice() {
            return Val::Num(a + b);
        }
        let decoded = values.iter().any(|value| matches!(value, Val::Decoded(_)));
        if !values.iter().take(2).any(|value| value.as_str().is_some()) {
            return Val::Unknown;
        }
        let text: String = values.iter().filter_map(Val::text).collect();
        if decoded { Val::decoded(text) } else { Val::str(text) }
    }

    /// What a call gives.
    pub fn call(&self, call: &'a CallExpression<'a>) -> Val<'a> {
        if !self.bound.borrow().is_empty() {
            return self.call_anew(call);
        }
        let key = (call.span.start, call.span.end);
        if let Some(value) = self.results.borrow().get(&key) {
            return value.clone();
        }
        let value = self.call_anew(call);
        self.results.borrow_mut().insert(key, value.clone());
        value
    }

    fn call_anew(&self, call: &'a CallExpression<'a>) -> Val<'a> {
        let argument = |at: usize| {
            call.arguments.get(at).and_then(|a| a.as_expression()).map_or(Val::Unknown, |a| self.expr(a))
        };
        if let Some(member) = call.callee.get_inner_expression().as_member_expression() {
            let method = match member {
                MemberExpression::StaticMemberExpression(it) => Some(it.property.name.as_str().to_owned()),
                MemberExpression::ComputedMemberExpression(it) => self.expr(&it.expression).text(),
                MemberExpression::PrivateFieldExpression(_) => None,
            };
            if let Some(method) = method {
                let object = self.expr(member.object());
                if !matches!(object, Val::Name(_) | Val::Unknown | Val::Object(_) | Val::Func(_)) {
                    let arguments: Vec<_> = (0..call.arguments.len()).map(argument).collect();
                    let value = fold::method(self, &object, &method, &arguments);
                    if !value.is_unknown() {
                        return value;
                    }
                }
                match (&object, method.as_str()) {
                    (Val::Name(name), "bind") => return Val::Name(Rc::clone(name)),
                    (Val::Func(func), "call") => return self.apply(*func, &[argument(1)]),
                    _ => {}
                }
            }
        }
        match self.expr(&call.callee) {
            Val::Name(name) => self.named_call(&name, call, &argument),
            Val::Func(func) => {
                let arguments: Vec<_> = (0..call.arguments.len().min(8)).map(argument).collect();
                self.apply(func, &arguments)
            }
            _ => match call.callee.get_inner_expression() {
                // What compilers wrap around `require` for interop.
                Expression::Identifier(identifier) if interop(&identifier.name) => argument(0),
                Expression::StaticMemberExpression(member) if interop(&member.property.name) => argument(0),
                _ => Val::Unknown,
            },
        }
    }

    /// What a function gives for these arguments, where that is one expression.
    pub fn apply(&self, func: Func<'a>, arguments: &[Val<'a>]) -> Val<'a> {
        let Some(result) = func.only_return() else { return Val::Unknown };
        if self.bound.borrow().len() > 64 || self.bound.borrow().iter().any(|b| b.0 == func.id()) {
            return Val::Unknown;
        }
        if self.failures.borrow().get(&func.id()).is_some_and(|&failures| failures >= MAX_FAILURES) {
            return Val::Unknown;
        }
        let before = self.bound.borrow().len();
        if before == 0 {
            self.applied.set(MAX_APPLIED);
        }
        // A function without parameters is marked as entered all the same.
        self.bound.borrow_mut().push((func.id(), usize::MAX, Val::Unknown));
        for (at, value) in arguments.iter().enumerate() {
            self.bound.borrow_mut().push((func.id(), at, value.clone()));
        }
        let value = self.expr(result);
        self.bound.borrow_mut().truncate(before);
        if value.is_unknown() {
            *self.failures.borrow_mut().entry(func.id()).or_default() += 1;
        }
        value
    }

    fn named_call(
        &self,
        name: &str,
        call: &'a CallExpression<'a>,
        argument: &dyn Fn(usize) -> Val<'a>,
    ) -> Val<'a> {
        match name {
            "global.require"
            | "node:module._load"
            | "global.process.getBuiltinModule"
            | "global.module.constructor._load"
            | "node:module.createRequire()" => match argument(0).as_str() {
                Some(module) => Val::name(module_name(module)),
                None => Val::Unknown,
            },
            "node:util.promisify"
            | "node:util.deprecate"
            | "util.promisify"
            | "pify"
            | "global.Object.assign"
            | "global.Object.freeze"
            | "es6-promisify.promisify"
            | "bluebird.promisify"
            | "bluebird.promisifyAll"
            | "global.Object"
            | "axios.create"
            | "got.extend"
            | "global.Object.create" => argument(0).as_name().map_or_else(
                || if name.starts_with("global.") { Val::Unknown } else { Val::name(name) },
                Val::name,
            ),
            "global.Reflect.get" => match argument(1).text() {
                Some(key) => self.prop(&argument(0), &key),
                None => Val::Unknown,
            },
            "global.Function" | "global.eval" | "global.Function()" => self.evaluated(call),
            "global.Function()()" => Val::Unknown,
            "global.parseInt" | "global.Number" => {
                let radix = if let Val::Num(n) = argument(1) { n as u32 } else { 10 };
                fold::parse_int(&argument(0), radix)
            }
            _ => {
                let arguments: Vec<_> = (0..call.arguments.len().min(MAX_ELEMENTS)).map(argument).collect();
                let value = fold::function(self, name, &arguments);
                if value.is_unknown() && name.len() < 200 && self.result_matters(name) {
                    Val::name(format!("{name}()"))
                } else {
                    value
                }
            }
        }
    }

    fn result_matters(&self, name: &str) -> bool {
        self.api.reach(name).is_some()
            || matches!(
                name,
                "node:module.createRequire"
                    | "node:crypto.createDecipheriv"
                    | "node:crypto.createDecipher"
                    | "global.Buffer.alloc"
                    | "global.Buffer.allocUnsafe"
                    | "global.Object.getPrototypeOf"
                    | "global.Intl.DateTimeFormat"
            )
    }

    /// `Function('return this')()`, `eval('require')`: source text that is only a name.
    fn evaluated(&self, call: &'a CallExpression<'a>) -> Val<'a> {
        let inner = match call.callee.get_inner_expression() {
            Expression::CallExpression(inner) => inner.arguments.last(),
            Expression::NewExpression(inner) => inner.arguments.last(),
            _ => call.arguments.last(),
        };
        let Some(source) = inner.and_then(|a| a.as_expression()).map(|a| self.expr(a)) else {
            return Val::Unknown;
        };
        let Some(source) = source.as_str() else { return Val::Unknown };
        let source = source.trim().trim_end_matches(';').trim_start_matches("return ").trim();
        let direct = self.expr(&call.callee).as_name() == Some("global.eval");
        let callee_is_call = matches!(
            call.callee.get_inner_expression(),
            Expression::CallExpression(_) | Expression::NewExpression(_)
        );
        if !direct && !callee_is_call {
            return Val::name("global.Function()");
        }
        let is_path =
            !source.is_empty() && source.bytes().all(|b| b.is_ascii_alphanumeric() || b"._$".contains(&b));
        if !is_path {
            return Val::Unknown;
        }
        let mut steps = source.split('.');
        let mut value = match steps.next() {
            Some("this") => Val::name("global"),
            Some(name) => self.global(name),
            None => Val::Unknown,
        };
        for step in steps {
            value = self.prop(&value, step);
        }
        value
    }

    /// The text of an expression with `?` for what is not known and `~` for the home folder;
    /// none where nothing is known.
    pub fn approximate(&self, expression: &'a Expression<'a>) -> Option<String> {
        self.approximate_at(expression, 0).filter(|text| text.bytes().any(|b| b != b'?' && b != b'/'))
    }

    fn approximate_at(&self, expression: &'a Expression<'a>, depth: u32) -> Option<String> {
        let value = self.expr(expression);
        if let Some(text) = value.text() {
            return Some(text);
        }
        if let Val::Name(name) = &value
            && !name.starts_with("global.URL()")
        {
            return match &**name {
                "node:os.homedir()" | "global.process.env.HOME" | "global.process.env.USERPROFILE" => {
                    Some("~".into())
                }
                "global.process.env.APPDATA" => Some("~/AppData/Roaming".into()),
                "global.process.env.LOCALAPPDATA" => Some("~/AppData/Local".into()),
                "node:os.tmpdir()" => Some("/tmp".into()),
                "global.__dirname" => Some(".".into()),
                "global.process.execPath" => Some("node".into()),
                _ => None,
            };
        }
        if depth > 12 {
            return None;
        }
        let part =
            |e: &'a Expression<'a>| self.approximate_at(e, depth + 1).unwrap_or_else(|| "?".to_owned());
        match expression.get_inner_expression() {
            Expression::TemplateLiteral(template) => {
                let mut out = String::new();
                for (at, quasi) in template.quasis.iter().enumerate() {
                    out.push_str(quasi.value.cooked.as_ref().map_or("", |text| text.as_str()));
                    if let Some(expression) = template.expressions.get(at) {
                        out.push_str(&part(expression));
                    }
                }
                Some(out)
            }
            Expression::BinaryExpression(binary) if binary.operator == BinaryOperator::Addition => {
                Some(spine(binary).into_iter().take(256).map(part).collect())
            }
            // What either gives may be what runs: the first that is known.
            Expression::ConditionalExpression(it) => self
                .approximate_at(&it.consequent, depth + 1)
                .or_else(|| self.approximate_at(&it.alternate, depth + 1)),
            Expression::LogicalExpression(logical) => self
                .approximate_at(&logical.left, depth + 1)
                .or_else(|| self.approximate_at(&logical.right, depth + 1)),
            Expression::CallExpression(call) => match self.expr(&call.callee).as_name() {
                Some(
                    "node:path.join" | "node:path.resolve" | "node:path.posix.join" | "node:path.normalize",
                ) => {
                    let parts: Vec<_> =
                        call.arguments.iter().filter_map(|a| a.as_expression()).map(part).collect();
                    Some(parts.join("/"))
                }
                _ => self.approximate_list(call, depth + 1),
            },
            Expression::NewExpression(new)
                if new.callee.is_specific_id("URL") && new.arguments.len() == 1 =>
            {
                self.approximate_at(new.arguments.first()?.as_expression()?, depth + 1)
            }
            Expression::StaticMemberExpression(member) => {
                let text = self.address_of(&member.object, depth + 1)?;
                let (scheme, rest) = text.split_once("://")?;
                let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
                match member.property.name.as_str() {
                    "href" => Some(text),
                    "origin" => Some(format!("{scheme}://{host}")),
                    "host" => Some(host.to_owned()),
                    "hostname" => host.split(':').next().map(str::to_owned),
                    _ => None,
                }
            }
            Expression::Identifier(identifier) => self.approximate_at(self.sole(identifier)?, depth + 1),
            _ => None,
        }
    }

    /// `[part, at, ...ZONE].join('.')`
    fn approximate_list(&self, call: &'a CallExpression<'a>, depth: u32) -> Option<String> {
        let member = call.callee.get_inner_expression().as_member_expression()?;
        if member.static_property_name() != Some("join") {
            return None;
        }
        let list = match member.object().get_inner_expression() {
            Expression::Identifier(name) => self.sole(name)?.get_inner_expression(),
            other => other,
        };
        let Expression::ArrayExpression(array) = list else { return None };
        let between = match call.arguments.first() {
            None => ",".to_owned(),
            Some(first) => self.expr(first.as_expression()?).text()?,
        };
        let (mut parts, mut known) = (Vec::new(), false);
        for element in array.elements.iter().take(MAX_JOINED) {
            match element {
                ArrayExpressionElement::SpreadElement(spread) => {
                    let inner = self.elements(&self.expr(&spread.argument));
                    match inner {
                        Some(inner) => parts.extend(inner.iter().take(MAX_JOINED).map(Val::text)),
                        None => parts.push(None),
                    }
                }
                element => parts.push(element.as_expression().and_then(|it| self.approximate_at(it, depth))),
            }
            known |= parts.last().is_some_and(|part| part.as_ref().is_some_and(|text| text.len() > 1));
        }
        let parts: Vec<String> =
            parts.into_iter().map(|part| part.unwrap_or_else(|| "?".to_owned())).collect();
        known.then(|| parts.join(&between))
    }

    /// The text of an address that is made an object: `new URL('https://…')`, or a name for it.
    fn address_of(&self, object: &'a Expression<'a>, depth: u32) -> Option<String> {
        let made = match object.get_inner_expression() {
            Expression::Identifier(name) => self.sole(name)?.get_inner_expression(),
            other => other,
        };
        matches!(made, Expression::NewExpression(_)).then(|| self.approximate_at(made, depth)).flatten()
    }

    /// The only value that a variable is given.
    pub fn sole(&self, identifier: &IdentifierReference<'_>) -> Option<&'a Expression<'a>> {
        let symbol = bind::symbol(self.scoping, identifier)?;
        match self.bindings.defs[symbol.index()].as_slice() {
            [Def { base: Base::Expr(value), path }] if path.is_empty() => Some(value),
            _ => None,
        }
    }
}

impl<'a> Resolver<'a, '_> {
    /// The regular expression that an expression is or names.
    pub fn pattern(&self, expression: &'a Expression<'a>) -> Option<&'a str> {
        let literal = match expression.get_inner_expression() {
            Expression::Identifier(it) => self.sole(it)?.get_inner_expression(),
            other => other,
        };
        match literal {
            Expression::RegExpLiteral(it) => Some(it.regex.pattern.text.as_str()),
            _ => None,
        }
    }
}

/// The operands of a chain of `+`, left to right.
pub fn spine<'a>(binary: &'a BinaryExpression<'a>) -> Vec<&'a Expression<'a>> {
    let mut parts = vec![&binary.right];
    let mut left = &binary.left;
    while let Expression::BinaryExpression(inner) = left
        && inner.operator == BinaryOperator::Addition
    {
        parts.push(&inner.right);
        left = &inner.left;
    }
    parts.push(left);
    parts.reverse();
    parts
}

/// What compilers wrap around `require`.
pub fn interop(name: &str) -> bool {
    matches!(
        name,
        "__importDefault"
            | "__importStar"
            | "__toESM"
            | "__toModule"
            | "_interopRequireDefault"
            | "_interopRequireWildcard"
            | "_interopDefault"
            | "_interopNamespace"
            | "interopRequireDefault"
            | "_interopDefaultLegacy"
            | "_interopDefaultCompat"
            | "_interopNamespaceDefault"
            | "interopDefault"
    )
}
