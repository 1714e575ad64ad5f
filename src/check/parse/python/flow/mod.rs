//! What flows from where to where, within one file, and what goes in and out of it.
//!
//! Statements are gone through in order with what each variable may hold; branches are joined,
//! loops are run twice. Each function is gone through once a round with its parameters standing
//! for whatever will be given, and at each call its parameters are replaced by what is given
//! there; rounds go on until nothing changes, up to a bound. Members are kept for each class.
//! A value passes through the functions in [`names::passes`] and through methods of the value
//! itself, through no other call from outside.

mod address;
mod apply;
mod caught;
mod hidden;
mod names;
mod report;
mod request;
mod stores;
mod taint;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ruff_python_ast::{ExceptHandler, Expr, FStringPart, Operator, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::super::js::key;
use super::resolve::{Resolver, spine};
use super::scope::{ClassId, Def, FuncId, SymbolId};
use super::value::Val;
use super::{Unit, local};
use crate::check::flow::{
    Argument, BLOB, Call, DECODED, FIXED_HOST, Mode, OUTSIDE, SECRET_FILE, SECRET_PATH, SENT_TO, Summary,
    UNPACKED, far,
};
use crate::model::Fact;
use taint::{Key, Taint};

/// Rounds until functions are known: calls within calls within calls.
const MAX_ROUNDS: usize = 6;
/// Levels of an expression that are followed.
const MAX_DEPTH: u16 = 60;
/// Loops within loops that are gone through twice.
const MAX_LOOPS: u8 = 3;
/// Calls of other files' functions that are kept for one file.
const MAX_CALLS: usize = 2_000;
/// Expressions that are looked at in one file, all rounds together.
const MAX_WORK: u32 = 3_000_000;

/// What each variable may hold.
type State = HashMap<SymbolId, Taint>;
/// A call of another file's function, the argument, and what happens on the way there.
type HandedOver = (u32, Argument, Mode);
/// A sink: its name and its place.
type Sink = (&'static str, u32, u32);

struct Flows<'u, 'i, 'r, 'a> {
    unit: &'u Unit<'u, 'i>,
    resolver: &'r Resolver<'a>,
    /// What variables may hold at any time, for other functions than their own.
    shared: HashMap<SymbolId, Taint>,
    members: HashMap<(ClassId, &'a str), Taint>,
    returns: Vec<Taint>,
    sinks: BTreeMap<Sink, Taint>,
    /// Sinks that a parameter runs into.
    param_sinks: HashMap<(FuncId, usize), BTreeSet<(Sink, Mode)>>,
    /// Calls of other files' functions, and where each stands.
    calls: Vec<Call>,
    call_at: HashMap<(u32, u32), u32>,
    arguments: BTreeMap<(u32, Argument), Taint>,
    param_arguments: HashMap<(FuncId, usize), BTreeSet<HandedOver>>,
    /// Addresses to which something is sent: host, and the place of what is sent, by where they are written down.
    addresses: BTreeMap<(u32, u32), (String, TextRange)>,
    /// What is in files, by their paths or by the variables that name them.
    files: BTreeMap<String, Taint>,
    /// Whether the file is about wallets.
    wallets: bool,
    /// The text, as far as it is asked whether something checks digests of what it fetches.
    text: &'u str,
    /// Functions that took the place of another module's.
    catching: BTreeSet<FuncId>,
    returned: Taint,
    changed: bool,
    work: u32,
    depth: u16,
    /// Loops around here.
    loops: u8,
}

/// Adds the flows of the file to the facts; gives what goes in and out of it.
pub fn run<'a>(
    unit: &Unit<'_, '_>,
    text: &str,
    resolver: &Resolver<'a>,
    body: &'a [Stmt],
    facts: &mut Vec<Fact>,
) -> Summary {
    let mut flows = Flows {
        unit,
        resolver,
        shared: HashMap::new(),
        members: HashMap::new(),
        returns: vec![Taint::default(); resolver.scopes.funcs.len()],
        sinks: BTreeMap::new(),
        param_sinks: HashMap::new(),
        calls: Vec::new(),
        call_at: HashMap::new(),
        arguments: BTreeMap::new(),
        param_arguments: HashMap::new(),
        addresses: BTreeMap::new(),
        files: BTreeMap::new(),
        wallets: key::about_wallets(text),
        text,
        catching: BTreeSet::new(),
        returned: Taint::default(),
        changed: false,
        work: MAX_WORK,
        depth: 0,
        loops: 0,
    };
    for _ in 0..MAX_ROUNDS {
        flows.changed = false;
        let mut state = State::new();
        flows.block(body, &mut state);
        for func in 0..resolver.scopes.funcs.len() {
            flows.function(func);
        }
        if !flows.changed {
            break;
        }
    }
    flows.report(facts);
    flows.report_addresses(facts);
    flows.summary()
}

impl<'a> Flows<'_, '_, '_, 'a> {
    fn function(&mut self, func: FuncId) {
        let resolver = self.resolver;
        let it = &resolver.scopes.funcs[func];
        let catches = self.catches(func);
        let mut state = State::new();
        for (at, param) in it.params.iter().enumerate() {
            if at == 0 && it.class.is_some() && !it.unbound {
                continue;
            }
            let mut taint = Taint::one(Key::Param(func, at, Mode::Plain), None);
            if self.wallets && key::is_key(param.name) {
                taint.merge(&self.given(names::KEY, param));
            }
            if catches {
                taint.merge(&self.given(names::CAUGHT, param));
            }
            if self.is_brought(func, at, param) {
                taint.merge(&self.given(names::POSTED, param));
            }
            if self.is_typed_unseen(func, param) {
                taint.merge(&self.given(names::TYPED, param));
            }
            if at == 1 && self.handles_log(func) {
                let symbol = &resolver.scopes.symbols[param.symbol];
                let at = symbol.defs.first().map_or(0, |place| place.at);
                taint.merge(&Taint::source(names::LOG, TextRange::new(at.into(), (at + 1).into())));
            }
            if let Some(default) = param.default {
                // A caller may set another address.
                let given = self.eval(default, &mut State::new()).without(&[FIXED_HOST]);
                taint.merge(&given);
            }
            state.insert(param.symbol, taint);
        }
        self.returned = Taint::default();
        if it.body.is_empty() {
            for value in &it.returns {
                let taint = self.eval(value, &mut state);
                self.returned.merge(&taint);
            }
        } else {
            self.block(it.body, &mut state);
        }
        let returned = std::mem::take(&mut self.returned);
        self.changed |= self.returns[func].merge(&returned);
    }

    /// Whether a method is given the records of a log: `emit` of a `logging.Handler`.
    fn handles_log(&self, func: FuncId) -> bool {
        let it = &self.resolver.scopes.funcs[func];
        let Some(class) = it.class.filter(|_| matches!(it.name, "emit" | "handle" | "filter" | "format"))
        else {
            return false;
        };
        let bases = self.resolver.scopes.classes[class].def.bases();
        bases
            .iter()
            .any(|base| self.resolver.expr(base).as_name().is_some_and(|name| name.starts_with("logging.")))
    }

    fn block(&mut self, body: &'a [Stmt], state: &mut State) {
        for stmt in body {
            self.stmt(stmt, state);
        }
    }

    /// Runs blocks of which one is taken, and joins what they leave.
    fn branches(&mut self, blocks: &[&'a [Stmt]], state: &mut State, all_taken: bool) {
        let before = state.clone();
        let mut after = if all_taken { State::new() } else { before.clone() };
        for block in blocks {
            let mut own = before.clone();
            self.block(block, &mut own);
            join(&mut after, &own);
        }
        *state = after;
    }

    fn stmt(&mut self, stmt: &'a Stmt, state: &mut State) {
        // Loops within loops would be gone through a number of times that doubles with each.
        let Some(left) = self.work.checked_sub(1) else { return };
        self.work = left;
        match stmt {
            Stmt::FunctionDef(it) => {
                for decorator in &it.decorator_list {
                    self.eval(&decorator.expression, state);
                }
            }
            Stmt::ClassDef(it) => {
                let mut own = state.clone();
                self.block(&it.body, &mut own);
                let Some(&class) = self.resolver.scopes.class_at.get(&it.range().start().to_u32()) else {
                    return;
                };
                for (symbol, taint) in sorted(&own) {
                    let known = &self.resolver.scopes.symbols[symbol];
                    if self.resolver.scopes.class_of(known.scope) == Some(class) {
                        self.changed |= self.members.entry((class, known.name)).or_default().merge(taint);
                    }
                }
            }
            Stmt::Return(it) => {
                if let Some(value) = &it.value {
                    let taint = self.eval(value, state);
                    self.returned.merge(&taint);
                }
            }
            Stmt::Assign(it) => {
                let taint = self.eval(&it.value, state);
                for target in &it.targets {
                    self.replaces(target, &it.value);
                    self.assign(target, Some(&it.value), &taint, state, false);
                }
            }
            Stmt::AnnAssign(it) => {
                if let Some(value) = &it.value {
                    let taint = self.eval(value, state);
                    self.assign(&it.target, Some(value), &taint, state, false);
                }
            }
            Stmt::AugAssign(it) => {
                let taint = self.eval(&it.value, state);
                self.assign(&it.target, None, &taint, state, true);
            }
            Stmt::Expr(it) => {
                // Python 2: `exec code`.
                if let Expr::Tuple(tuple) = &*it.value
                    && let [Expr::Name(name), code, ..] = tuple.elts.as_slice()
                    && name.id == "exec"
                {
                    let taint = self.eval(code, state);
                    self.sink("dynamic-code", it.range(), &taint);
                }
                self.eval(&it.value, state);
            }
            Stmt::If(it) => {
                self.eval(&it.test, state);
                let mut blocks: Vec<&'a [Stmt]> = vec![&it.body];
                let mut otherwise = false;
                for clause in &it.elif_else_clauses {
                    match &clause.test {
                        Some(test) => {
                            self.eval(test, state);
                        }
                        None => otherwise = true,
                    }
                    blocks.push(&clause.body);
                }
                self.branches(&blocks, state, otherwise);
            }
            Stmt::For(it) => {
                let taint = self.eval(&it.iter, state);
                self.loops += 1;
                for _ in 0..if self.loops > MAX_LOOPS { 1 } else { 2 } {
                    self.assign(&it.target, None, &taint, state, true);
                    self.branches(&[&it.body], state, false);
                }
                self.loops -= 1;
                self.block(&it.orelse, state);
            }
            Stmt::While(it) => {
                self.loops += 1;
                for _ in 0..if self.loops > MAX_LOOPS { 1 } else { 2 } {
                    self.eval(&it.test, state);
                    self.branches(&[&it.body], state, false);
                }
                self.loops -= 1;
                self.block(&it.orelse, state);
            }
            Stmt::With(it) => {
                for item in &it.items {
                    let taint = self.eval(&item.context_expr, state);
                    if let Some(target) = &item.optional_vars {
                        self.assign(target, Some(&item.context_expr), &taint, state, false);
                    }
                }
                self.block(&it.body, state);
            }
            Stmt::Try(it) => {
                self.branches(&[&it.body], state, false);
                let handlers: Vec<&'a [Stmt]> = it
                    .handlers
                    .iter()
                    .map(|handler| {
                        let ExceptHandler::ExceptHandler(handler) = handler;
                        &*handler.body
                    })
                    .collect();
                self.block(&it.orelse, state);
                self.branches(&handlers, state, false);
                self.block(&it.finalbody, state);
            }
            Stmt::Match(it) => {
                self.eval(&it.subject, state);
                let blocks: Vec<&'a [Stmt]> = it.cases.iter().map(|case| &*case.body).collect();
                self.branches(&blocks, state, false);
            }
            Stmt::Raise(it) => {
                for value in it.exc.iter().chain(&it.cause) {
                    self.eval(value, state);
                }
            }
            Stmt::Assert(it) => {
                self.eval(&it.test, state);
            }
            _ => {}
        }
    }

    fn assign(
        &mut self,
        target: &'a Expr,
        value: Option<&'a Expr>,
        taint: &Taint,
        state: &mut State,
        keep: bool,
    ) {
        match target {
            Expr::Name(name) => {
                let Some(symbol) = self.resolver.scopes.symbol(name) else { return };
                let taint = taint.at(target.range());
                if !taint.is_empty() {
                    self.changed |= self.shared.entry(symbol).or_default().merge(&taint);
                }
                if keep {
                    if !taint.is_empty() {
                        state.entry(symbol).or_default().merge(&taint);
                    }
                } else if taint.is_empty() {
                    state.remove(&symbol);
                } else {
                    state.insert(symbol, taint);
                }
            }
            Expr::Tuple(_) | Expr::List(_) => {
                let elements = super::scope::literal_elements(target).unwrap_or(&[]);
                let values = value
                    .and_then(super::scope::literal_elements)
                    .filter(|values| values.len() == elements.len());
                for (n, element) in elements.iter().enumerate() {
                    match values.and_then(|values| values.get(n)) {
                        Some(value) => {
                            let own = self.eval(value, state);
                            self.assign(element, Some(value), &own, state, keep);
                        }
                        None => self.assign(element, None, taint, state, keep),
                    }
                }
            }
            Expr::Starred(it) => self.assign(&it.value, None, taint, state, keep),
            Expr::Attribute(it) => {
                if taint.is_empty() {
                    return;
                }
                let taint = taint.at(target.range());
                self.put(target, &taint, state);
                // An object that is filled member by member and then sent as a whole.
                if let Expr::Name(_) = &*it.value
                    && !matches!(self.resolver.expr(&it.value), Val::Instance(_) | Val::Class(_))
                {
                    self.put(&it.value, &taint, state);
                }
            }
            Expr::Subscript(it) => {
                self.eval(&it.slice, state);
                if !taint.is_empty() {
                    let taint = taint.at(target.range());
                    self.put(&it.value, &taint, state);
                }
            }
            _ => {}
        }
    }

    /// Puts something into what an expression names.
    fn put(&mut self, into: &'a Expr, taint: &Taint, state: &mut State) {
        match into {
            Expr::Name(name) => {
                if let Some(symbol) = self.resolver.scopes.symbol(name) {
                    state.entry(symbol).or_default().merge(taint);
                    self.changed |= self.shared.entry(symbol).or_default().merge(taint);
                }
            }
            Expr::Attribute(it) => {
                if let Val::Instance(class) | Val::Class(class) = self.resolver.expr(&it.value) {
                    self.changed |= self.members.entry((class, it.attr.as_str())).or_default().merge(taint);
                } else if !matches!(&*it.value, Expr::Call(_)) {
                    self.put(&it.value, taint, state);
                }
            }
            Expr::Subscript(it) => self.put(&it.value, taint, state),
            _ => {}
        }
    }

    /// Something arrives at a sink.
    fn sink(&mut self, name: &'static str, range: TextRange, taint: &Taint) {
        self.sink_at((name, range.start().to_u32(), range.end().to_u32()), taint);
    }

    fn sink_at(&mut self, sink: Sink, taint: &Taint) {
        if taint.is_empty() {
            return;
        }
        let cleared;
        let told_elsewhere: &[&str] = match sink.0 {
            SENT_TO => &[UNPACKED],
            "dynamic-code" => &[FIXED_HOST],
            _ => &[FIXED_HOST, UNPACKED],
        };
        let taint = match told_elsewhere.iter().any(|source| taint.has(source)) {
            true => {
                cleared = taint.without(told_elsewhere);
                &cleared
            }
            false => taint,
        };
        for key in taint.keys.keys() {
            if let Key::Param(func, at, mode) = *key {
                self.changed |= self.param_sinks.entry((func, at)).or_default().insert((sink, mode));
            }
        }
        self.changed |= self.sinks.entry(sink).or_default().merge(taint);
    }

    /// Something is handed to a function of another file.
    fn hand_over(&mut self, call: u32, argument: Argument, taint: &Taint) {
        if taint.is_empty() {
            return;
        }
        for key in taint.keys.keys() {
            if let Key::Param(func, at, mode) = *key {
                let list = self.param_arguments.entry((func, at)).or_default();
                self.changed |= list.insert((call, argument.clone(), mode));
            }
        }
        self.changed |= self.arguments.entry((call, argument)).or_default().merge(taint);
    }

    /// What an expression may hold.
    fn eval(&mut self, expr: &'a Expr, state: &mut State) -> Taint {
        if self.depth > MAX_DEPTH || self.work == 0 {
            return Taint::default();
        }
        self.work -= 1;
        self.depth += 1;
        let mut taint = self.fresh(expr, state);
        self.depth -= 1;
        // What a text says, whichever way it was put together.
        if matches!(expr, Expr::StringLiteral(_) | Expr::FString(_))
            && self.text.get(expr.range().to_std_range()).is_some_and(names::unguards)
        {
            taint.merge(&Taint::source(names::GUARD_OFF, expr.range()));
        }
        if matches!(
            expr,
            Expr::StringLiteral(_)
                | Expr::BytesLiteral(_)
                | Expr::BinOp(_)
                | Expr::FString(_)
                | Expr::Call(_)
                | Expr::Subscript(_)
        ) {
            self.constant(expr, &mut taint);
            if matches!(expr, Expr::BinOp(_) | Expr::FString(_) | Expr::Call(_)) {
                self.names_data(expr, &mut taint);
            }
            // The public half of a key is for everybody.
            if taint.has(SECRET_PATH)
                && matches!(expr, Expr::BinOp(_) | Expr::FString(_))
                && self.resolver.approximate(expr).is_some_and(|text| text.ends_with(".pub"))
            {
                taint = taint.without(&[SECRET_PATH]);
            }
        }
        taint
    }

    fn constant(&self, expr: &'a Expr, taint: &mut Taint) {
        let value = self.resolver.expr(expr);
        match &value {
            Val::Str(text, decoded) => {
                if names::is_secret_path(text) {
                    taint.merge(&Taint::source(SECRET_PATH, expr.range()));
                }
                if far(text) {
                    taint.merge(&Taint::source(FIXED_HOST, expr.range()));
                }
                if *decoded && text.len() > 3 {
                    taint.merge(&Taint::source(DECODED, expr.range()));
                } else if names::is_blob(text) {
                    taint.merge(&Taint::source(BLOB, expr.range()));
                }
            }
            Val::Bytes(bytes, decoded) => {
                if *decoded && bytes.len() > 3 {
                    taint.merge(&Taint::source(DECODED, expr.range()));
                } else if names::is_blob_bytes(bytes) {
                    taint.merge(&Taint::source(BLOB, expr.range()));
                }
            }
            Val::Path(text) if names::is_secret_path(text) => {
                taint.merge(&Taint::source(SECRET_PATH, expr.range()));
            }
            Val::Unknown | Val::Name(_)
                if !taint.has(SECRET_PATH)
                    && matches!(expr, Expr::BinOp(_) | Expr::FString(_) | Expr::Call(_)) =>
            {
                let joins = match expr {
                    Expr::Call(it) => match &*it.func {
                        Expr::Attribute(it) => {
                            matches!(it.attr.as_str(), "join" | "format" | "joinpath" | "expanduser")
                        }
                        Expr::Name(it) => it.id == "Path",
                        _ => false,
                    },
                    _ => true,
                };
                if joins && self.resolver.approximate(expr).is_some_and(|text| names::is_secret_path(&text)) {
                    taint.merge(&Taint::source(SECRET_PATH, expr.range()));
                }
            }
            _ => {}
        }
    }

    /// A parameter of the function around this one.
    fn enclosed(&self, symbol: SymbolId, home: Option<FuncId>) -> Taint {
        let Some(func) = home else { return Taint::default() };
        let params = &self.resolver.scopes.funcs[func].params;
        match params.iter().position(|param| param.symbol == symbol) {
            Some(at) => Taint::one(Key::Param(func, at, Mode::Plain), None),
            None => Taint::default(),
        }
    }

    fn all(&mut self, parts: impl IntoIterator<Item = &'a Expr>, state: &mut State) -> Taint {
        let mut out = Taint::default();
        for part in parts {
            let taint = self.eval(part, state);
            out.merge(&taint);
        }
        out
    }

    fn fresh(&mut self, expr: &'a Expr, state: &mut State) -> Taint {
        match expr {
            Expr::Name(name) => {
                if let Some(taint) = self.named(expr) {
                    return taint;
                }
                let Some(symbol) = self.resolver.scopes.symbol(name) else { return Taint::default() };
                let known = &self.resolver.scopes.symbols[symbol];
                let here = self.resolver.scopes.func_of(self.resolver.scopes.scope_of(name));
                let home = self.resolver.scopes.func_of(known.scope);
                match (state.get(&symbol), here == home) {
                    (Some(taint), _) => taint.clone(),
                    (None, true) => match known.defs.first().map(|place| &place.def) {
                        Some(Def::From(..) | Def::Module(_)) => self.imported_value(expr),
                        _ => Taint::default(),
                    },
                    (None, false) => match known.defs.first().map(|place| &place.def) {
                        Some(Def::From(..) | Def::Module(_)) => self.imported_value(expr),
                        _ => {
                            let mut taint = self.shared.get(&symbol).cloned().unwrap_or_default();
                            taint.merge(&self.enclosed(symbol, home));
                            taint
                        }
                    },
                }
            }
            Expr::Attribute(it) => {
                if let Some(taint) = self.named(expr) {
                    return taint;
                }
                if self.brings(it) {
                    return Taint::source(names::POSTED, expr.range());
                }
                let base = self.resolver.expr(&it.value);
                match base {
                    Val::Instance(class) | Val::Class(class) => {
                        let mut taint = self.member(class, &it.attr, 0);
                        taint.merge(&self.property(class, &it.attr));
                        // The public half of a pair of keys, whatever the pair was held in.
                        let public = it.attr.split('_').any(|word| matches!(word, "pub" | "public"));
                        if public { taint.without(&[SECRET_PATH, SECRET_FILE]) } else { taint }
                    }
                    // Of what another file's client answered, its text.
                    Val::Local(..) => {
                        let mut taint = self.imported_value(expr);
                        let held = self.eval(&it.value, state);
                        let net = Key::Source(names::NET);
                        if let Some(trace) = held.keys.get(&net) {
                            taint.merge(&Taint::one(net, trace.clone()));
                        }
                        taint
                    }
                    _ if self.is_key_of(it) => Taint::source(names::KEY, expr.range()),
                    // Of something given, where it is to be reached and not what opens it.
                    _ if names::plain_member(&it.attr) => {
                        self.eval(&it.value, state);
                        Taint::default()
                    }
                    _ => self.eval(&it.value, state),
                }
            }
            Expr::Subscript(it) => {
                if let Some(taint) = self.environment(it, state) {
                    return taint;
                }
                let key = self.eval(&it.slice, state);
                let mut taint = self.eval(&it.value, state);
                self.cut(&it.slice, &mut taint);
                if self.resolver.expr(&it.slice).as_str().is_some_and(names::plain_setting) {
                    return taint.without(&[SECRET_FILE]);
                }
                // `env[name]` of all names, one after the other.
                let each = key.has(names::ENV_ALL) && taint.has(names::ENV_ALL);
                let whole = each
                    || it.slice.is_slice_expr()
                    || it.slice.is_number_literal_expr()
                    || it.slice.is_unary_op_expr();
                if whole { taint } else { taint.through(Mode::Part) }
            }
            Expr::Call(it) => {
                let mut taint = self.call(it, expr, state);
                if matches!(&*it.func, Expr::Attribute(method) if self.brings(method)) {
                    taint.merge(&Taint::source(names::POSTED, expr.range()));
                }
                if self.asks_store(it) {
                    taint.merge(&Taint::source(names::STORE, expr.range()));
                }
                taint
            }
            Expr::BinOp(it) if it.op == Operator::Add => self.all(spine(it), state),
            Expr::BinOp(it) => self.all([&*it.left, &*it.right], state),
            // One of several addresses is one that may be set.
            Expr::BoolOp(it) => self.all(&it.values, state).without(&[FIXED_HOST]),
            Expr::If(it) => {
                self.eval(&it.test, state);
                self.all([&*it.body, &*it.orelse], state).without(&[FIXED_HOST])
            }
            Expr::List(it) => self.all(&it.elts, state),
            Expr::Tuple(it) => self.all(&it.elts, state),
            Expr::Set(it) => self.all(&it.elts, state),
            Expr::Dict(it) => {
                let mut out = Taint::default();
                for item in &it.items {
                    let taint = self.eval(&item.value, state);
                    let name = item.key.as_ref().map(|key| self.resolver.expr(key));
                    if apply::is_authorization(name.as_ref().and_then(Val::as_str)) {
                        self.sink("net-auth", item.value.range(), &taint);
                    } else {
                        out.merge(&taint);
                    }
                    if matches!(name.as_ref().and_then(Val::as_str), Some("data" | "input"))
                        && self.is_transaction(it)
                    {
                        self.sink("transaction", item.value.range(), &taint);
                    }
                }
                out
            }
            Expr::FString(it) => {
                let mut out = Taint::default();
                for part in &it.value {
                    if let FStringPart::FString(inner) = part {
                        for element in inner.elements.interpolations() {
                            let taint = self.eval(&element.expression, state);
                            out.merge(&taint);
                        }
                    }
                }
                out
            }
            Expr::ListComp(it) => self.comprehension(&it.generators, &[&it.elt], state),
            Expr::SetComp(it) => self.comprehension(&it.generators, &[&it.elt], state),
            Expr::Generator(it) => self.comprehension(&it.generators, &[&it.elt], state),
            Expr::DictComp(it) => self.comprehension(&it.generators, &[&it.value], state),
            Expr::Await(it) => self.eval(&it.value, state),
            Expr::Starred(it) => self.eval(&it.value, state),
            Expr::Named(it) => {
                let taint = self.eval(&it.value, state);
                self.assign(&it.target, Some(&it.value), &taint, state, false);
                taint
            }
            Expr::Yield(it) => {
                if let Some(value) = &it.value {
                    let taint = self.eval(value, state);
                    self.returned.merge(&taint);
                }
                Taint::default()
            }
            Expr::YieldFrom(it) => {
                let taint = self.eval(&it.value, state);
                self.returned.merge(&taint);
                taint
            }
            Expr::UnaryOp(it) => {
                self.eval(&it.operand, state);
                Taint::default()
            }
            Expr::Compare(it) => {
                self.eval(&it.left, state);
                for value in &it.comparators {
                    self.eval(value, state);
                }
                Taint::default()
            }
            _ => Taint::default(),
        }
    }

    fn comprehension(
        &mut self,
        generators: &'a [ruff_python_ast::Comprehension],
        elements: &[&'a Expr],
        state: &mut State,
    ) -> Taint {
        for generator in generators {
            let taint = self.eval(&generator.iter, state);
            self.assign(&generator.target, None, &taint, state, false);
            for test in &generator.ifs {
                self.eval(test, state);
            }
        }
        let mut out = self.all(elements.iter().copied(), state);
        if let [element] = elements {
            self.unmasked(element, &mut out);
        }
        // Variables of one program's prefix are not the environment.
        let own = generators
            .iter()
            .flat_map(|generator| &generator.ifs)
            .any(|test| self.one_prefix(test) || self.of_list(test));
        if own { out.through(Mode::Part) } else { out }
    }

    /// `name.startswith('PREFIX_')`, where the prefix is not one of credentials.
    fn one_prefix(&self, test: &'a Expr) -> bool {
        let Expr::Call(it) = test else { return false };
        matches!(&*it.func, Expr::Attribute(attribute) if attribute.attr.as_str() == "startswith")
            && it.arguments.args.first().is_some_and(|prefix| {
                self.resolver.expr(prefix).as_str().is_some_and(|prefix| {
                    prefix.len() > 2
                        && !crate::check::flow::secret_name(prefix)
                        && !matches!(prefix, "AWS_" | "AWS" | "CI_" | "GITHUB_" | "NPM_")
                })
            })
    }

    /// `name in LABELS`, where the list is written down and holds no name of a secret.
    fn of_list(&self, test: &'a Expr) -> bool {
        let Expr::Compare(it) = test else { return false };
        let ([ruff_python_ast::CmpOp::In], [list]) = (&*it.ops, &*it.comparators) else { return false };
        // Parts of names may be those of many.
        if !it.left.is_name_expr() {
            return false;
        }
        let Val::List(names) = self.resolver.expr(list) else { return false };
        !names.is_empty()
            && names
                .iter()
                .all(|name| name.as_str().is_some_and(|name| !crate::check::flow::secret_name(name)))
    }

    /// A name or a chain of members that is a source by itself.
    fn named(&mut self, expr: &'a Expr) -> Option<Taint> {
        let value = self.resolver.expr(expr);
        let name = value.as_name()?;
        names::source(name, false).map(|source| Taint::source(source, expr.range()))
    }

    /// `os.environ[key]`
    fn environment(&mut self, it: &'a ruff_python_ast::ExprSubscript, state: &mut State) -> Option<Taint> {
        let base = self.resolver.expr(&it.value);
        if !matches!(base.as_name(), Some("os.environ" | "os.environb")) {
            return None;
        }
        let taint = self.eval(&it.slice, state);
        if taint.has(names::ENV_ALL) {
            return Some(Taint::source(names::ENV_ALL, it.range()));
        }
        Some(self.variable(&it.slice, it.range()))
    }

    fn variable(&self, key: &'a Expr, range: TextRange) -> Taint {
        let name = self.resolver.expr(key);
        let secret = name.as_str().is_some_and(crate::check::flow::secret_name);
        Taint::source(if secret { names::ENV_SECRET } else { names::ENV }, range)
    }

    /// What a property gives: a method with a decorator and no parameters.
    fn property(&self, class: ClassId, name: &str) -> Taint {
        let scopes = &self.resolver.scopes;
        let Some(symbol) = scopes.class_symbol(class, name) else { return Taint::default() };
        let found = scopes.symbols[symbol].defs.iter().rev().find_map(|place| match place.def {
            Def::Func(func) => Some(func),
            _ => None,
        });
        match found {
            Some(func)
                if scopes.funcs[func].params.len() == 1 && !scopes.funcs[func].decorators.is_empty() =>
            {
                // What it has from other files is followed there.
                let mut taint = self.returns.get(func).cloned().unwrap_or_default();
                taint.keys.retain(|key, _| matches!(key, Key::Source(source) if *source != SECRET_PATH));
                taint
            }
            _ => Taint::default(),
        }
    }

    fn member(&self, class: ClassId, name: &str, depth: u8) -> Taint {
        let mut out = self.members.get(&(class, name)).cloned().unwrap_or_default();
        if depth < 4
            && let Some(it) = self.resolver.scopes.classes.get(class)
        {
            for base in it.def.arguments.iter().flat_map(|arguments| &*arguments.args).take(4) {
                if let Val::Class(base) = self.resolver.expr(base)
                    && base != class
                {
                    out.merge(&self.member(base, name, depth + 1));
                }
            }
        }
        out
    }

    /// Something of another file, used as a value.
    fn imported_value(&mut self, expr: &'a Expr) -> Taint {
        match self.resolver.expr(expr) {
            Val::Local(module, path) if !path.is_empty() => {
                let call = self.other(vec![module.to_string()], &path, expr.range());
                call.map_or_else(Taint::default, |call| Taint::one(Key::Import(call, Mode::Plain), None))
            }
            _ => Taint::default(),
        }
    }

    /// The number of a call of another file's function.
    fn other(&mut self, modules: Vec<String>, name: &str, range: TextRange) -> Option<u32> {
        let key = (range.start().to_u32(), range.end().to_u32());
        if let Some(&call) = self.call_at.get(&key) {
            return Some(call);
        }
        if self.calls.len() >= MAX_CALLS {
            return None;
        }
        let call = u32::try_from(self.calls.len()).ok()?;
        self.calls.push(Call { modules, name: name.replace("()", "") });
        self.call_at.insert(key, call);
        Some(call)
    }

    /// Modules in which a name from outside may lie, where it may be one of the package's.
    fn candidates(&self, name: &str) -> Option<(Vec<String>, String)> {
        let (top, rest) = name.split_once('.')?;
        if top == "builtins"
            || names::is_library(top)
            || names::passes(name)
            || self.resolver.api.reach(name).is_some()
            || name.contains('[')
        {
            return None;
        }
        let mut modules = local::candidates(self.unit.path, top);
        modules.push(format!("{OUTSIDE}{top}"));
        Some((modules, rest.to_owned()))
    }
}

fn join(into: &mut State, other: &State) {
    for (symbol, taint) in sorted(other) {
        into.entry(symbol).or_default().merge(taint);
    }
}

fn sorted(state: &State) -> Vec<(SymbolId, &Taint)> {
    let mut all: Vec<_> = state.iter().map(|(symbol, taint)| (*symbol, taint)).collect();
    all.sort_by_key(|(symbol, _)| *symbol);
    all
}
