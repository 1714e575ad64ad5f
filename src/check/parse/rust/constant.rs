//! What a function or a chain of methods makes of constants: a small interpreter for the part of Rust
//! in which strings are hidden by arithmetic on their bytes.
//!
//! It knows integers, characters, texts and lists, closures and loops, and gives up at everything
//! else. Each element says whether arithmetic made it; a text of such elements stands nowhere in
//! the source.

use std::collections::HashMap;
use std::rc::Rc;

use syn::ext::IdentExt;
use syn::{BinOp, Block, Expr, Lit, Pat, Stmt, UnOp};

/// Steps of one evaluation.
const FUEL: u32 = 60_000;
/// Calls within calls.
const DEEP: u8 = 12;
/// Longest list.
const LONGEST: usize = 8_192;

/// A value.
#[derive(Debug, Clone)]
pub enum Val {
    /// An integer: its bits (0 where nothing says them), and whether arithmetic made it.
    Int(i128, u32, bool),
    /// A character, and whether arithmetic made it.
    Char(char, bool),
    /// A truth value.
    Bool(bool),
    /// A text, and whether a part of it was made by arithmetic.
    Text(String, bool),
    /// A list, slice, array, iterator or tuple.
    List(Vec<Val>),
    /// `Some` or `Ok`; or `None`.
    Maybe(Option<Box<Val>>),
    /// A list that starts again at its end.
    Cycle(Vec<Val>),
    /// A closure.
    Closure(Rc<syn::ExprClosure>),
    /// Nothing.
    Unit,
}

/// Why an evaluation ends.
enum Stop {
    Unknown,
    Return(Val),
    Break,
    Continue,
}

type Got = Result<Val, Stop>;

/// A function that may hide or reveal texts.
#[derive(Debug, Clone)]
pub struct Function {
    params: Vec<String>,
    block: Rc<Block>,
    place: usize,
}

impl Function {
    /// The function, if it is short, takes names, and gives text or bytes.
    pub fn of(sig: &syn::Signature, block: &Block) -> Option<Self> {
        let syn::ReturnType::Type(_, ty) = &sig.output else { return None };
        if block.stmts.len() > 16 || sig.asyncness.is_some() || !gives_text(ty) {
            return None;
        }
        let name = |input: &syn::FnArg| match input {
            syn::FnArg::Typed(input) => match &*input.pat {
                Pat::Ident(pat) => Some(pat.ident.unraw().to_string()),
                _ => None,
            },
            syn::FnArg::Receiver(_) => None,
        };
        let params = sig.inputs.iter().map(name).collect::<Option<Vec<_>>>()?;
        Some(Self { params, block: Rc::new(block.clone()), place: sig.ident.span().byte_range().start })
    }

    /// Where its name stands.
    pub fn place(&self) -> usize {
        self.place
    }
}

fn gives_text(ty: &syn::Type) -> bool {
    match ty {
        syn::Type::Reference(ty) => gives_text(&ty.elem),
        syn::Type::Array(_) | syn::Type::Slice(_) => true,
        syn::Type::Path(ty) => ty.path.segments.last().is_some_and(|last| {
            matches!(
                last.ident.to_string().as_str(),
                "String"
                    | "str"
                    | "Vec"
                    | "Cow"
                    | "PathBuf"
                    | "OsString"
                    | "Box"
                    | "Option"
                    | "Result"
                    | "CString"
            )
        }),
        _ => false,
    }
}

/// Finds what names outside hold.
pub trait Names {
    /// The constant that a variable or constant of that name holds.
    fn value(&self, name: &str) -> Option<Val>;
    /// The function of that name.
    fn function(&self, name: &str) -> Option<Function>;
}

/// Evaluates an expression.
pub fn expr(names: &dyn Names, expr: &Expr) -> Option<Val> {
    let mut run = Run::new(names);
    match run.eval(expr) {
        Ok(value) | Err(Stop::Return(value)) => Some(value),
        Err(_) => None,
    }
}

/// Calls a function.
pub fn call(names: &dyn Names, name: &str, given: Vec<Val>) -> Option<Val> {
    Run::new(names).function(name, given).ok()
}

/// Runs statements, and gives what the variable holds then.
pub fn variable(names: &dyn Names, stmts: &[Stmt], name: &str) -> Option<Val> {
    let mut run = Run::new(names);
    for stmt in stmts {
        run.stmt(stmt).ok()?;
    }
    run.get(name)
}

struct Run<'n> {
    names: &'n dyn Names,
    vars: Vec<HashMap<String, Val>>,
    fuel: u32,
    depth: u8,
}

fn mask(value: i128, bits: u32) -> i128 {
    if bits == 0 || bits >= 127 { value } else { value & ((1 << bits) - 1) }
}

fn maybe(value: Option<Val>) -> Val {
    Val::Maybe(value.map(Box::new))
}

fn text_of(items: &[Val]) -> Option<(String, bool)> {
    let mut out = String::new();
    let mut made = false;
    for item in items {
        match item {
            Val::Char(c, by) => {
                out.push(*c);
                made |= by;
            }
            Val::Text(text, by) => {
                out.push_str(text);
                made |= by;
            }
            _ => return None,
        }
    }
    Some((out, made))
}

/// Bytes as a text.
pub fn utf8(items: &[Val]) -> Option<(String, bool)> {
    let mut made = false;
    let byte = |item: &Val| match item {
        Val::Int(value, _, by) => {
            made |= by;
            u8::try_from(*value).ok()
        }
        _ => None,
    };
    let bytes = items.iter().map(byte).collect::<Option<Vec<u8>>>()?;
    Some((String::from_utf8(bytes).ok()?, made))
}

impl<'n> Run<'n> {
    fn new(names: &'n dyn Names) -> Self {
        Self { names, vars: vec![HashMap::new()], fuel: FUEL, depth: 0 }
    }

    fn burn(&mut self) -> Result<(), Stop> {
        self.fuel = self.fuel.checked_sub(1).ok_or(Stop::Unknown)?;
        Ok(())
    }

    fn get(&self, name: &str) -> Option<Val> {
        let own = self.vars.iter().rev().find_map(|scope| scope.get(name)).cloned();
        own.or_else(|| self.names.value(name))
    }

    fn set(&mut self, name: &str, value: Val) {
        if let Some(var) = self.vars.iter_mut().rev().find_map(|scope| scope.get_mut(name)) {
            *var = value;
        } else if let Some(scope) = self.vars.last_mut() {
            scope.insert(name.to_owned(), value);
        }
    }

    fn function(&mut self, name: &str, given: Vec<Val>) -> Got {
        let function = self.names.function(name).ok_or(Stop::Unknown)?;
        if self.depth >= DEEP || function.params.len() != given.len() {
            return Err(Stop::Unknown);
        }
        self.depth += 1;
        let scope = function.params.iter().cloned().zip(given).collect();
        let vars = std::mem::replace(&mut self.vars, vec![scope]);
        let value = self.block(&function.block);
        self.vars = vars;
        self.depth -= 1;
        match value {
            Err(Stop::Return(value)) => Ok(value),
            other => other,
        }
    }

    fn block(&mut self, block: &Block) -> Got {
        self.vars.push(HashMap::new());
        let mut value = Ok(Val::Unit);
        for stmt in &block.stmts {
            value = self.stmt(stmt);
            if value.is_err() {
                break;
            }
        }
        self.vars.pop();
        value
    }

    fn stmt(&mut self, stmt: &Stmt) -> Got {
        self.burn()?;
        match stmt {
            Stmt::Local(local) => {
                let value = match &local.init {
                    Some(init) => self.eval(&init.expr)?,
                    None => Val::Unit,
                };
                self.bind(&local.pat, value)?;
                Ok(Val::Unit)
            }
            Stmt::Item(syn::Item::Const(item)) => {
                let value = self.eval(&item.expr)?;
                self.declare(item.ident.unraw().to_string(), value);
                Ok(Val::Unit)
            }
            Stmt::Item(syn::Item::Static(item)) => {
                let value = self.eval(&item.expr)?;
                self.declare(item.ident.unraw().to_string(), value);
                Ok(Val::Unit)
            }
            Stmt::Item(_) => Ok(Val::Unit),
            Stmt::Expr(expr, semi) => {
                let value = self.eval(expr)?;
                Ok(if semi.is_some() { Val::Unit } else { value })
            }
            Stmt::Macro(_) => Err(Stop::Unknown),
        }
    }

    fn declare(&mut self, name: String, value: Val) {
        if let Some(scope) = self.vars.last_mut() {
            scope.insert(name, value);
        }
    }

    fn bind(&mut self, pat: &Pat, value: Val) -> Result<(), Stop> {
        match pat {
            Pat::Ident(pat) => self.declare(pat.ident.unraw().to_string(), value),
            Pat::Type(pat) => return self.bind(&pat.pat, value),
            Pat::Reference(pat) => return self.bind(&pat.pat, value),
            Pat::Paren(pat) => return self.bind(&pat.pat, value),
            Pat::Wild(_) => {}
            Pat::Tuple(pat) => {
                let Val::List(values) = value else { return Err(Stop::Unknown) };
                if values.len() != pat.elems.len() {
                    return Err(Stop::Unknown);
                }
                for (pat, value) in pat.elems.iter().zip(values) {
                    self.bind(pat, value)?;
                }
            }
            _ => return Err(Stop::Unknown),
        }
        Ok(())
    }

    fn eval(&mut self, expr: &Expr) -> Got {
        self.burn()?;
        match expr {
            Expr::Lit(lit) => literal(&lit.lit).ok_or(Stop::Unknown),
            Expr::Path(path) => {
                let last = path.path.segments.last().ok_or(Stop::Unknown)?;
                let name = last.ident.unraw().to_string();
                if name == "None" {
                    return Ok(Val::Maybe(None));
                }
                self.get(&name).ok_or(Stop::Unknown)
            }
            Expr::Paren(inner) => self.eval(&inner.expr),
            Expr::Group(inner) => self.eval(&inner.expr),
            Expr::Reference(inner) => self.eval(&inner.expr),
            Expr::Try(inner) => match self.eval(&inner.expr)? {
                Val::Maybe(Some(value)) => Ok(*value),
                Val::Maybe(None) => Err(Stop::Return(Val::Maybe(None))),
                _ => Err(Stop::Unknown),
            },
            Expr::Block(inner) => self.block(&inner.block),
            Expr::Unsafe(inner) => self.block(&inner.block),
            Expr::Const(inner) => self.block(&inner.block),
            Expr::Array(array) => self.list(array.elems.iter()),
            Expr::Tuple(tuple) if tuple.elems.is_empty() => Ok(Val::Unit),
            Expr::Tuple(tuple) => self.list(tuple.elems.iter()),
            Expr::Repeat(repeat) => {
                let value = self.eval(&repeat.expr)?;
                let count = usize::try_from(self.int(&repeat.len)?.0).map_err(|_| Stop::Unknown)?;
                if count > LONGEST { Err(Stop::Unknown) } else { Ok(Val::List(vec![value; count])) }
            }
            Expr::Macro(mac) if mac.mac.path.is_ident("vec") => {
                use syn::parse::Parser;
                let parse = syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated;
                if let Ok(elems) = parse.parse2(mac.mac.tokens.clone()) {
                    return self.list(elems.iter());
                }
                let bracketed = proc_macro2::TokenTree::Group(proc_macro2::Group::new(
                    proc_macro2::Delimiter::Bracket,
                    mac.mac.tokens.clone(),
                ));
                let repeat: Expr = syn::parse2(bracketed.into()).map_err(|_| Stop::Unknown)?;
                self.eval(&repeat)
            }
            Expr::Cast(cast) => {
                let value = self.eval(&cast.expr)?;
                let syn::Type::Path(ty) = &*cast.ty else { return Err(Stop::Unknown) };
                cast_to(value, &ty.path).ok_or(Stop::Unknown)
            }
            Expr::Unary(unary) => {
                let value = self.eval(&unary.expr)?;
                match (&unary.op, value) {
                    (UnOp::Deref(_), value) => Ok(value),
                    (UnOp::Not(_), Val::Int(value, bits, _)) => {
                        let bits = if bits == 0 { 8 } else { bits };
                        Ok(Val::Int(mask(!value, bits), bits, true))
                    }
                    (UnOp::Not(_), Val::Bool(value)) => Ok(Val::Bool(!value)),
                    (UnOp::Neg(_), Val::Int(value, bits, made)) => Ok(Val::Int(-value, bits, made)),
                    _ => Err(Stop::Unknown),
                }
            }
            Expr::Binary(binary) => self.binary(binary),
            Expr::Assign(assign) => {
                let value = self.eval(&assign.right)?;
                self.store(&assign.left, value)
            }
            Expr::Index(index) => self.index(index),
            Expr::Range(range) => {
                let end = self.int(range.end.as_deref().ok_or(Stop::Unknown)?)?.0;
                let start = match &range.start {
                    Some(start) => self.int(start)?.0,
                    None => 0,
                };
                let end = end + i128::from(matches!(range.limits, syn::RangeLimits::Closed(_)));
                if end - start > LONGEST as i128 {
                    return Err(Stop::Unknown);
                }
                Ok(Val::List((start..end).map(|at| Val::Int(at, 0, false)).collect()))
            }
            Expr::If(branch) => {
                let cond = self.truth(&branch.cond)?;
                match (&branch.else_branch, cond) {
                    (_, true) => self.block(&branch.then_branch),
                    (Some((_, other)), false) => self.eval(other),
                    (None, false) => Ok(Val::Unit),
                }
            }
            Expr::ForLoop(each) => self.each(each),
            Expr::While(each) => {
                while self.truth(&each.cond)? {
                    self.burn()?;
                    match self.block(&each.body) {
                        Err(Stop::Break) => break,
                        Ok(_) | Err(Stop::Continue) => {}
                        Err(stop) => return Err(stop),
                    }
                }
                Ok(Val::Unit)
            }
            Expr::Closure(closure) => Ok(Val::Closure(Rc::new(closure.clone()))),
            Expr::Return(inner) => {
                let value = match &inner.expr {
                    Some(expr) => self.eval(expr)?,
                    None => Val::Unit,
                };
                Err(Stop::Return(value))
            }
            Expr::Break(inner) if inner.expr.is_none() => Err(Stop::Break),
            Expr::Continue(_) => Err(Stop::Continue),
            Expr::Field(field) => {
                let Val::List(values) = self.eval(&field.base)? else { return Err(Stop::Unknown) };
                let syn::Member::Unnamed(at) = &field.member else { return Err(Stop::Unknown) };
                values.get(at.index as usize).cloned().ok_or(Stop::Unknown)
            }
            Expr::Call(call) => self.call(call),
            Expr::MethodCall(call) => self.method(call),
            _ => Err(Stop::Unknown),
        }
    }

    fn list<'e>(&mut self, exprs: impl ExactSizeIterator<Item = &'e Expr>) -> Got {
        if exprs.len() > LONGEST {
            return Err(Stop::Unknown);
        }
        exprs.map(|expr| self.eval(expr)).collect::<Result<_, _>>().map(Val::List)
    }

    fn int(&mut self, expr: &Expr) -> Result<(i128, u32, bool), Stop> {
        match self.eval(expr)? {
            Val::Int(value, bits, made) => Ok((value, bits, made)),
            _ => Err(Stop::Unknown),
        }
    }

    fn truth(&mut self, expr: &Expr) -> Result<bool, Stop> {
        match self.eval(expr)? {
            Val::Bool(value) => Ok(value),
            _ => Err(Stop::Unknown),
        }
    }

    fn store(&mut self, to: &Expr, value: Val) -> Got {
        match to {
            Expr::Unary(inner) if matches!(inner.op, UnOp::Deref(_)) => self.store(&inner.expr, value),
            Expr::Paren(inner) => self.store(&inner.expr, value),
            Expr::Path(path) => {
                let name = path.path.get_ident().ok_or(Stop::Unknown)?.unraw().to_string();
                self.set(&name, value);
                Ok(Val::Unit)
            }
            Expr::Index(index) => {
                let at = usize::try_from(self.int(&index.index)?.0).map_err(|_| Stop::Unknown)?;
                let name = super::eval::root_of(&index.expr).ok_or(Stop::Unknown)?;
                let Some(Val::List(mut list)) = self.get(&name) else { return Err(Stop::Unknown) };
                *list.get_mut(at).ok_or(Stop::Unknown)? = value;
                self.set(&name, Val::List(list));
                Ok(Val::Unit)
            }
            _ => Err(Stop::Unknown),
        }
    }

    fn each(&mut self, each: &syn::ExprForLoop) -> Got {
        // `for b in list.iter_mut()` and `for b in &mut list` write into the list.
        let written = match &*each.expr {
            Expr::MethodCall(call) if call.method == "iter_mut" => super::eval::root_of(&call.receiver),
            Expr::Reference(inner) if inner.mutability.is_some() => super::eval::root_of(&inner.expr),
            _ => None,
        };
        let values = self.eval(&each.expr)?;
        let values = items(values).ok_or(Stop::Unknown)?;
        let single = match &*each.pat {
            Pat::Ident(pat) => Some(pat.ident.unraw().to_string()),
            _ => None,
        };
        let mut after = Vec::new();
        let mut left = false;
        for value in values {
            self.burn()?;
            if left {
                after.push(value);
                continue;
            }
            self.vars.push(HashMap::new());
            let done = self.bind(&each.pat, value).and_then(|()| self.block(&each.body));
            let scope = self.vars.pop().unwrap_or_default();
            if let (Some(_), Some(name)) = (&written, &single) {
                after.push(scope.get(name).cloned().ok_or(Stop::Unknown)?);
            }
            match done {
                Ok(_) | Err(Stop::Continue) => {}
                Err(Stop::Break) => {
                    left = true;
                    if written.is_none() {
                        break;
                    }
                }
                Err(stop) => return Err(stop),
            }
        }
        if let (Some(name), Some(_)) = (written, single) {
            self.set(&name, Val::List(after));
        }
        Ok(Val::Unit)
    }

    fn index(&mut self, index: &syn::ExprIndex) -> Got {
        let base = self.eval(&index.expr)?;
        if let Expr::Range(range) = &*index.index {
            let values = items(base).ok_or(Stop::Unknown)?;
            let mut at = |bound: &Option<Box<Expr>>, or: usize| match bound {
                Some(expr) => {
                    usize::try_from(self.int(expr).map_err(|_| Stop::Unknown)?.0).map_err(|_| Stop::Unknown)
                }
                None => Ok(or),
            };
            let from = at(&range.start, 0)?;
            let to = at(&range.end, values.len())?;
            return values.get(from..to).map(|part| Val::List(part.to_vec())).ok_or(Stop::Unknown);
        }
        let at = usize::try_from(self.int(&index.index)?.0).map_err(|_| Stop::Unknown)?;
        match base {
            Val::List(values) => values.get(at).cloned().ok_or(Stop::Unknown),
            _ => Err(Stop::Unknown),
        }
    }

    fn binary(&mut self, binary: &syn::ExprBinary) -> Got {
        if matches!(binary.op, BinOp::And(_) | BinOp::Or(_)) {
            let left = self.truth(&binary.left)?;
            let and = matches!(binary.op, BinOp::And(_));
            return if left == and { self.eval(&binary.right) } else { Ok(Val::Bool(left)) };
        }
        let left = self.eval(&binary.left)?;
        let right = self.eval(&binary.right)?;
        let assigns = matches!(
            binary.op,
            BinOp::AddAssign(_)
                | BinOp::SubAssign(_)
                | BinOp::BitXorAssign(_)
                | BinOp::RemAssign(_)
                | BinOp::MulAssign(_)
                | BinOp::BitAndAssign(_)
                | BinOp::BitOrAssign(_)
                | BinOp::ShlAssign(_)
                | BinOp::ShrAssign(_)
        );
        let value = arithmetic(&binary.op, left, right).ok_or(Stop::Unknown)?;
        if assigns { self.store(&binary.left, value) } else { Ok(value) }
    }

    fn apply(&mut self, function: &Val, given: Vec<Val>) -> Got {
        let Val::Closure(closure) = function else { return Err(Stop::Unknown) };
        if closure.inputs.len() != given.len() || self.depth >= DEEP {
            return Err(Stop::Unknown);
        }
        self.depth += 1;
        self.vars.push(HashMap::new());
        let mut bound = Ok(());
        for (pat, value) in closure.inputs.iter().zip(given) {
            bound = bound.and_then(|()| self.bind(pat, value));
        }
        let value = bound.and_then(|()| self.eval(&closure.body));
        self.vars.pop();
        self.depth -= 1;
        match value {
            Err(Stop::Return(value)) => Ok(value),
            other => other,
        }
    }

    /// A function that a method is given: a closure, or a path such as `char::from`.
    fn applied(&mut self, function: &Expr, given: Val) -> Got {
        if let Expr::Path(path) = function {
            let words = super::resolve::segments(&path.path);
            if let Some(value) = convert(&words, given.clone()) {
                return Ok(value);
            }
            if let [name] = words.as_slice() {
                return match self.get(name) {
                    Some(closure) => self.apply(&closure, vec![given]),
                    None => self.function(name, vec![given]),
                };
            }
            return Err(Stop::Unknown);
        }
        let closure = self.eval(function)?;
        self.apply(&closure, vec![given])
    }

    fn call(&mut self, call: &syn::ExprCall) -> Got {
        let Expr::Path(path) = &*call.func else {
            let closure = self.eval(&call.func)?;
            let given = call.args.iter().map(|arg| self.eval(arg)).collect::<Result<Vec<_>, _>>()?;
            return self.apply(&closure, given);
        };
        let words = super::resolve::segments(&path.path);
        let mut given = call.args.iter().map(|arg| self.eval(arg)).collect::<Result<Vec<_>, _>>()?;
        let last = words.last().map(String::as_str).unwrap_or_default();
        let owner = words.len().checked_sub(2).map(|at| words[at].as_str()).unwrap_or_default();
        if matches!(last, "new" | "with_capacity") && matches!(owner, "String" | "Vec") {
            return Ok(if owner == "String" {
                Val::Text(String::new(), false)
            } else {
                Val::List(Vec::new())
            });
        }
        if let [value] = given.as_slice()
            && let Some(value) = convert(&words, value.clone())
        {
            return Ok(value);
        }
        if let ([name], Some(closure @ Val::Closure(_))) =
            (words.as_slice(), words.first().and_then(|name| self.get(name)))
        {
            let _ = name;
            return self.apply(&closure, given);
        }
        if last == "from_fn" && given.len() == 1 {
            return Err(Stop::Unknown);
        }
        self.function(last, std::mem::take(&mut given))
    }

    fn method(&mut self, call: &syn::ExprMethodCall) -> Got {
        let name = call.method.unraw().to_string();
        let receiver = self.eval(&call.receiver)?;
        let unknown = || Stop::Unknown;
        let args: Vec<&Expr> = call.args.iter().collect();
        match (name.as_str(), args.as_slice()) {
            (
                "iter" | "iter_mut" | "into_iter" | "copied" | "cloned" | "to_vec" | "as_slice" | "as_ref"
                | "to_owned" | "clone" | "into_bytes" | "as_bytes" | "bytes" | "by_ref" | "into_boxed_str"
                | "into_owned" | "as_str" | "to_string" | "into_string" | "trim" | "as_mut_slice"
                | "as_deref" | "borrow" | "into_vec",
                [],
            ) => Ok(match (name.as_str(), receiver) {
                ("into_bytes" | "as_bytes" | "bytes", Val::Text(text, made)) => {
                    Val::List(text.bytes().map(|b| Val::Int(i128::from(b), 8, made)).collect())
                }
                ("to_string", Val::Char(c, made)) => Val::Text(c.to_string(), made),
                ("to_string", Val::Int(value, _, made)) => Val::Text(value.to_string(), made),
                (_, value) => value,
            }),
            ("chars", []) => match receiver {
                Val::Text(text, made) => Ok(Val::List(text.chars().map(|c| Val::Char(c, made)).collect())),
                _ => Err(Stop::Unknown),
            },
            ("len", []) => match &receiver {
                Val::List(values) => Ok(Val::Int(values.len() as i128, 0, false)),
                Val::Text(text, _) => Ok(Val::Int(text.len() as i128, 0, false)),
                _ => Err(Stop::Unknown),
            },
            ("unwrap" | "unwrap_or_default" | "ok" | "unwrap_unchecked", [])
            | ("expect" | "unwrap_or" | "unwrap_or_else" | "map_err" | "ok_or", [_]) => {
                match (name.as_str(), receiver) {
                    ("ok" | "map_err" | "ok_or", value) => Ok(value),
                    (_, Val::Maybe(Some(value))) => Ok(*value),
                    _ => Err(Stop::Unknown),
                }
            }
            ("rev", []) => {
                let mut values = items(receiver).ok_or_else(unknown)?;
                values.reverse();
                // A text that is written backwards stands nowhere either.
                let made = values.into_iter().map(|value| match value {
                    Val::Char(c, _) => Val::Char(c, true),
                    Val::Int(value, 8, _) => Val::Int(value, 8, true),
                    Val::Text(text, _) => Val::Text(text, true),
                    other => other,
                });
                Ok(Val::List(made.collect()))
            }
            ("enumerate", []) => {
                let values = items(receiver).ok_or_else(unknown)?.into_iter().enumerate();
                let pair = |(at, value)| Val::List(vec![Val::Int(at as i128, 0, false), value]);
                Ok(Val::List(values.map(pair).collect()))
            }
            ("cycle", []) => items(receiver).map(Val::Cycle).ok_or_else(unknown),
            ("zip", [other]) => {
                let other = self.eval(other)?;
                let left = items(receiver).ok_or_else(unknown)?;
                let right = match other {
                    Val::Cycle(values) if !values.is_empty() => {
                        values.iter().cycle().take(left.len()).cloned().collect()
                    }
                    other => items(other).ok_or_else(unknown)?,
                };
                let pairs = left.into_iter().zip(right).map(|(a, b)| Val::List(vec![a, b]));
                Ok(Val::List(pairs.collect()))
            }
            ("skip" | "take" | "step_by" | "chunks" | "chunks_exact", [count]) => {
                let count = usize::try_from(self.int(count)?.0).map_err(|_| Stop::Unknown)?;
                let values = items(receiver).ok_or_else(unknown)?;
                Ok(Val::List(match name.as_str() {
                    "skip" => values.into_iter().skip(count).collect(),
                    "take" => values.into_iter().take(count).collect(),
                    "step_by" if count > 0 => values.into_iter().step_by(count).collect(),
                    _ if count > 0 => values.chunks(count).map(|part| Val::List(part.to_vec())).collect(),
                    _ => return Err(Stop::Unknown),
                }))
            }
            ("map", [function]) => {
                if let Val::Maybe(value) = receiver {
                    return match value {
                        Some(value) => Ok(maybe(Some(self.applied(function, *value)?))),
                        None => Ok(Val::Maybe(None)),
                    };
                }
                let values = items(receiver).ok_or_else(unknown)?;
                let made = values.into_iter().map(|value| self.applied(function, value));
                made.collect::<Result<_, _>>().map(Val::List)
            }
            ("filter_map" | "flat_map", [function]) => {
                let mut out = Vec::new();
                for value in items(receiver).ok_or_else(unknown)? {
                    match self.applied(function, value)? {
                        Val::Maybe(value) => out.extend(value.map(|value| *value)),
                        other => out.extend(items(other).ok_or_else(unknown)?),
                    }
                }
                Ok(Val::List(out))
            }
            ("filter" | "take_while" | "skip_while", [function]) => {
                let mut out = Vec::new();
                for value in items(receiver).ok_or_else(unknown)? {
                    match (self.applied(function, value.clone())?, name.as_str()) {
                        (Val::Bool(true), "filter" | "take_while") => out.push(value),
                        (Val::Bool(false), "take_while") => break,
                        (Val::Bool(false), "filter") => {}
                        _ => return Err(Stop::Unknown),
                    }
                }
                Ok(Val::List(out))
            }
            ("collect" | "concat", []) => match receiver {
                Val::List(values) => Ok(match text_of(&values) {
                    Some((text, made)) if !values.is_empty() => Val::Text(text, made),
                    _ => Val::List(values),
                }),
                _ => Err(Stop::Unknown),
            },
            ("join", [between]) => {
                let (Val::List(values), Val::Text(between, _)) = (receiver, self.eval(between)?) else {
                    return Err(Stop::Unknown);
                };
                let part = |value| text_of(std::slice::from_ref(value));
                let parts = values.iter().map(part).collect::<Option<Vec<_>>>().ok_or_else(unknown)?;
                let made = parts.iter().any(|part| part.1);
                let texts: Vec<String> = parts.into_iter().map(|part| part.0).collect();
                Ok(Val::Text(texts.join(&between), made))
            }
            ("fold", [start, function]) => {
                let mut value = self.eval(start)?;
                let function = self.eval(function)?;
                for item in items(receiver).ok_or_else(unknown)? {
                    value = self.apply(&function, vec![value, item])?;
                }
                Ok(value)
            }
            ("push" | "push_str" | "extend" | "extend_from_slice", [item]) => {
                let item = self.eval(item)?;
                let root = super::eval::root_of(&call.receiver).ok_or_else(unknown)?;
                let value = match (receiver, item) {
                    (Val::Text(text, made), item) => {
                        let parts = match item {
                            Val::List(values) => values,
                            item => vec![item],
                        };
                        let (more, by) = text_of(&parts).ok_or_else(unknown)?;
                        Val::Text(text + &more, made || by)
                    }
                    (Val::List(mut values), item) if name == "push" => {
                        values.push(item);
                        Val::List(values)
                    }
                    (Val::List(mut values), item) => {
                        values.extend(items(item).ok_or_else(unknown)?);
                        Val::List(values)
                    }
                    _ => return Err(Stop::Unknown),
                };
                if matches!(&value, Val::List(values) if values.len() > LONGEST) {
                    return Err(Stop::Unknown);
                }
                self.set(&root, value);
                Ok(Val::Unit)
            }
            ("reverse", []) => {
                let root = super::eval::root_of(&call.receiver).ok_or_else(unknown)?;
                let mut values = items(receiver).ok_or_else(unknown)?;
                values.reverse();
                self.set(&root, Val::List(values));
                Ok(Val::Unit)
            }
            _ => self.number(&name, receiver, &args),
        }
    }

    /// Methods of numbers and characters.
    fn number(&mut self, name: &str, receiver: Val, args: &[&Expr]) -> Got {
        let right = match args {
            [] => None,
            [one] => Some(self.eval(one)?),
            _ => return Err(Stop::Unknown),
        };
        let out = match (receiver, right) {
            (Val::Int(left, bits, made), Some(Val::Int(right, other, by))) => {
                let bits = [bits, other, 8].into_iter().find(|bits| *bits > 0).unwrap_or(8);
                let wrapped = |value: i128| Val::Int(mask(value, bits), bits, true);
                match name {
                    "wrapping_add" => wrapped(left + right),
                    "wrapping_sub" => wrapped(left - right),
                    "wrapping_mul" => wrapped(left.checked_mul(right).ok_or(Stop::Unknown)?),
                    "saturating_sub" => Val::Int((left - right).max(0), bits, true),
                    "checked_sub" | "checked_add" => {
                        let value = if name == "checked_sub" { left - right } else { left + right };
                        maybe(
                            (value >= 0 && value < 1 << bits.min(100)).then_some(Val::Int(value, bits, true)),
                        )
                    }
                    "rotate_left" | "rotate_right" if bits <= 64 && (0..64).contains(&right) => {
                        let turn = (right as u32) % bits;
                        let turn = if name == "rotate_left" { turn } else { (bits - turn) % bits };
                        wrapped(mask(left, bits) << turn | mask(left, bits) >> (bits - turn))
                    }
                    "pow" | "min" | "max" | "rem_euclid" => match name {
                        "min" => Val::Int(left.min(right), bits, made || by),
                        "max" => Val::Int(left.max(right), bits, made || by),
                        "rem_euclid" if right != 0 => Val::Int(left.rem_euclid(right), bits, true),
                        _ => return Err(Stop::Unknown),
                    },
                    _ => return Err(Stop::Unknown),
                }
            }
            (Val::Int(value, 8, _), None) => match (name, u8::try_from(value)) {
                ("is_ascii_alphabetic", Ok(b)) => Val::Bool(b.is_ascii_alphabetic()),
                ("is_ascii_lowercase", Ok(b)) => Val::Bool(b.is_ascii_lowercase()),
                ("is_ascii_uppercase", Ok(b)) => Val::Bool(b.is_ascii_uppercase()),
                ("is_ascii_digit", Ok(b)) => Val::Bool(b.is_ascii_digit()),
                _ => return Err(Stop::Unknown),
            },
            (Val::Char(c, _), None) => Val::Bool(match name {
                "is_ascii_alphabetic" => c.is_ascii_alphabetic(),
                "is_ascii_lowercase" | "is_lowercase" => c.is_lowercase(),
                "is_ascii_uppercase" | "is_uppercase" => c.is_uppercase(),
                "is_ascii_digit" => c.is_ascii_digit(),
                "is_alphabetic" => c.is_alphabetic(),
                _ => return Err(Stop::Unknown),
            }),
            _ => return Err(Stop::Unknown),
        };
        Ok(out)
    }
}

fn items(value: Val) -> Option<Vec<Val>> {
    match value {
        Val::List(values) => Some(values),
        Val::Text(text, made) => Some(text.bytes().map(|byte| Val::Int(i128::from(byte), 8, made)).collect()),
        _ => None,
    }
}

/// Functions that turn one value into another.
fn convert(words: &[String], value: Val) -> Option<Val> {
    let last = words.last()?.as_str();
    let owner = words.len().checked_sub(2).map(|at| words[at].as_str()).unwrap_or_default();
    match (owner, last) {
        ("char", "from" | "from_u32" | "from_u32_unchecked") => {
            let Val::Int(value, _, made) = value else { return None };
            let c = Val::Char(char::from_u32(u32::try_from(value).ok()?)?, made);
            Some(if last == "from_u32" { maybe(Some(c)) } else { c })
        }
        ("u8" | "u16" | "u32" | "u64" | "usize" | "i32", "from" | "try_from") => match value {
            Val::Int(value, _, made) => Some(Val::Int(value, bits_of(owner)?, made)),
            Val::Char(c, made) => Some(Val::Int(i128::from(u32::from(c)), bits_of(owner)?, made)),
            _ => None,
        },
        (_, "from_utf8" | "from_utf8_lossy" | "from_utf8_unchecked") => {
            let Val::List(values) = value else { return None };
            let (text, made) = utf8(&values)?;
            let text = Val::Text(text, made);
            Some(if last == "from_utf8" { maybe(Some(text)) } else { text })
        }
        (
            "String" | "OsString" | "PathBuf" | "Path" | "OsStr" | "Cow" | "Box",
            "from" | "new" | "from_iter" | "Borrowed" | "Owned",
        ) => match value {
            Val::List(values) => text_of(&values).map(|(text, made)| Val::Text(text, made)),
            value @ Val::Text(..) => Some(value),
            Val::Char(c, made) => Some(Val::Text(c.to_string(), made)),
            _ => None,
        },
        ("", "Some" | "Ok") => Some(maybe(Some(value))),
        _ => None,
    }
}

fn bits_of(name: &str) -> Option<u32> {
    Some(match name {
        "u8" | "i8" => 8,
        "u16" | "i16" => 16,
        "u32" | "i32" => 32,
        "u64" | "i64" | "usize" | "isize" => 64,
        _ => return None,
    })
}

fn cast_to(value: Val, ty: &syn::Path) -> Option<Val> {
    let name = ty.get_ident()?.to_string();
    Some(match value {
        Val::Int(value, _, made) if name == "char" => {
            Val::Char(char::from(u8::try_from(mask(value, 8)).ok()?), made)
        }
        Val::Int(value, _, made) => {
            let bits = bits_of(&name)?;
            let value = if name.starts_with('i') { value } else { mask(value, bits) };
            Val::Int(value, bits, made)
        }
        Val::Char(c, made) => {
            Val::Int(mask(i128::from(u32::from(c)), bits_of(&name)?), bits_of(&name)?, made)
        }
        Val::Bool(value) => Val::Int(i128::from(value), bits_of(&name)?, false),
        _ => return None,
    })
}

fn arithmetic(op: &BinOp, left: Val, right: Val) -> Option<Val> {
    use BinOp as B;
    match (left, right) {
        (Val::Char(a, _), Val::Char(b, _)) => match op {
            B::Eq(_) => Some(Val::Bool(a == b)),
            B::Ne(_) => Some(Val::Bool(a != b)),
            _ => None,
        },
        (Val::Int(a, x, p), Val::Int(b, y, q)) => {
            let bits = if x == 0 { y } else { x };
            let kept = p || q;
            // Of a byte and something else, arithmetic makes another byte; places are counted in words.
            let made = bits != 64 || kept;
            let small = |b: i128| u32::try_from(b).ok().filter(|b| *b < 64);
            let int = |value: Option<i128>, made| value.map(|value| Val::Int(value, bits, made));
            match op {
                B::Add(_) | B::AddAssign(_) => int(a.checked_add(b), made),
                B::Sub(_) | B::SubAssign(_) => int(a.checked_sub(b), made),
                B::Mul(_) | B::MulAssign(_) => int(a.checked_mul(b), kept),
                B::BitXor(_) | B::BitXorAssign(_) => int(Some(a ^ b), made),
                B::BitAnd(_) | B::BitAndAssign(_) => int(Some(a & b), kept),
                B::BitOr(_) | B::BitOrAssign(_) => int(Some(a | b), kept),
                B::Rem(_) | B::RemAssign(_) => int(a.checked_rem(b), kept),
                B::Div(_) => int(a.checked_div(b), kept),
                B::Shl(_) | B::ShlAssign(_) => {
                    int(a.checked_shl(small(b)?).map(|value| mask(value, bits)), kept)
                }
                B::Shr(_) | B::ShrAssign(_) => int(a.checked_shr(small(b)?), kept),
                B::Eq(_) => Some(Val::Bool(a == b)),
                B::Ne(_) => Some(Val::Bool(a != b)),
                B::Lt(_) => Some(Val::Bool(a < b)),
                B::Le(_) => Some(Val::Bool(a <= b)),
                B::Gt(_) => Some(Val::Bool(a > b)),
                B::Ge(_) => Some(Val::Bool(a >= b)),
                _ => None,
            }
        }
        (Val::Text(a, x), Val::Text(b, y)) if matches!(op, B::Add(_) | B::AddAssign(_)) => {
            Some(Val::Text(a + &b, x || y))
        }
        _ => None,
    }
}

fn literal(lit: &Lit) -> Option<Val> {
    let bytes = |bytes: &[u8]| Val::List(bytes.iter().map(|b| Val::Int(i128::from(*b), 8, false)).collect());
    Some(match lit {
        Lit::Str(lit) => Val::Text(lit.value(), false),
        Lit::ByteStr(lit) => bytes(&lit.value()),
        Lit::Byte(lit) => Val::Int(i128::from(lit.value()), 8, false),
        Lit::Char(lit) => Val::Char(lit.value(), false),
        Lit::Int(lit) => Val::Int(lit.base10_parse().ok()?, bits_of(lit.suffix()).unwrap_or(0), false),
        Lit::Bool(lit) => Val::Bool(lit.value),
        _ => return None,
    })
}
