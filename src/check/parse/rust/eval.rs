//! Expressions: what they are worth, and what they do on the way.

use std::rc::Rc;

use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{BinOp, Expr, Lit};

use super::api::{API, Class};
use super::fold::{Value, taint};
use super::resolve::segments;
use super::walk::{Walk, range};
use crate::model::FactKind;

/// Seconds since the epoch from which a constant is taken for a date (2017).
const EPOCH: u64 = 1_500_000_000;

impl Walk {
    /// Evaluates an expression.
    pub(super) fn eval(&mut self, expr: &Expr) -> Value {
        match expr {
            Expr::Lit(lit) => {
                let value = literal(&lit.lit);
                self.wallet_pattern |= value.taint & taint::KEY_PATTERN != 0;
                // It may be handed to a function that stands above.
                let origin = taint::HOST_PROGRAM | taint::SECRET_PATH | taint::KEY_PATTERN;
                self.saw_source |= value.taint & origin != 0;
                value
            }
            Expr::Path(path) => self.path(path),
            Expr::Call(call) => self.call(call),
            Expr::MethodCall(call) => self.method(call),
            Expr::Macro(mac) => self.macro_call(&mac.mac),
            Expr::Array(array) => self.array(array),
            Expr::Tuple(tuple) => {
                let values: Vec<Value> = tuple.elems.iter().map(|expr| self.eval(expr)).collect();
                let taint = values.iter().fold(0, |taint, value| taint | value.taint);
                // `("host", 443)` is an address.
                let list = (values.len() == 2).then(|| values.iter().map(Value::shown).collect());
                Value { list, ..Value::of(taint) }
            }
            Expr::Reference(inner) => self.eval(&inner.expr),
            Expr::RawAddr(inner) => self.eval(&inner.expr),
            Expr::Paren(inner) => self.eval(&inner.expr),
            Expr::Group(inner) => self.eval(&inner.expr),
            Expr::Try(inner) => self.eval(&inner.expr),
            Expr::Await(inner) => self.eval(&inner.base),
            Expr::Unary(inner) => {
                let value = self.eval(&inner.expr);
                if matches!(inner.op, syn::UnOp::Deref(_)) { value } else { Value::of(value.taint) }
            }
            Expr::Cast(inner) => {
                let mut value = self.eval(&inner.expr);
                if matches!(&*inner.ty, syn::Type::Path(ty) if ty.path.is_ident("char")) {
                    value = self.reveal_text(value, inner.as_token.span.byte_range());
                }
                value
            }
            Expr::Binary(binary) => self.binary(binary),
            Expr::Assign(assign) => {
                let value = self.eval(&assign.right);
                self.assigns(&assign.left, value.taint);
                if let Some(name) = root_of(&assign.left) {
                    let whole = matches!(&*assign.left, Expr::Path(_));
                    if let Some(var) = self.var_mut(&name) {
                        let merged = std::mem::take(var);
                        *var = if whole && merged.taint & !taint::PARAM == 0 {
                            value
                        } else {
                            value.or(&merged)
                        };
                    }
                }
                self.eval(&assign.left);
                Value::default()
            }
            Expr::Block(inner) => self.block(&inner.block),
            Expr::Unsafe(inner) => self.block(&inner.block),
            Expr::Async(inner) => self.block(&inner.block),
            Expr::Const(inner) => self.block(&inner.block),
            Expr::TryBlock(inner) => self.block(&inner.block),
            Expr::Loop(inner) => self.block(&inner.body),
            Expr::While(inner) => {
                self.eval(&inner.cond);
                self.block(&inner.body)
            }
            Expr::ForLoop(inner) => {
                let value = self.eval(&inner.expr);
                self.vars.push(Default::default());
                self.bind(&inner.pat, &value);
                let value = self.block(&inner.body);
                let scope = self.vars.pop().unwrap_or_default();
                // `for byte in bytes.iter_mut()` changes the bytes.
                let written = match &*inner.expr {
                    Expr::MethodCall(call) if call.method == "iter_mut" => root_of(&call.receiver),
                    Expr::Reference(of) if of.mutability.is_some() => root_of(&of.expr),
                    _ => None,
                };
                let slot = match &*inner.pat {
                    syn::Pat::Ident(pat) => scope.get(&pat.ident.unraw().to_string()),
                    _ => None,
                };
                if let (Some(taint), Some(name)) = (slot.map(|slot| slot.taint), written)
                    && let Some(var) = self.var_mut(&name)
                {
                    var.taint |= taint;
                }
                value
            }
            Expr::If(branch) => self.branch(branch),
            Expr::Let(inner) => {
                let value = self.eval(&inner.expr);
                self.bind(&inner.pat, &value);
                Value::of(value.taint)
            }
            Expr::Match(inner) => {
                let subject = self.eval(&inner.expr);
                let mut result: Option<Value> = None;
                for arm in &inner.arms {
                    self.vars.push(Default::default());
                    self.bind(&arm.pat, &subject);
                    if let syn::Pat::Guard(pat) = &arm.pat {
                        self.eval(&pat.guard);
                    }
                    let value = self.eval(&arm.body);
                    self.vars.pop();
                    result = Some(match result {
                        Some(result) => result.or(&value),
                        None => value,
                    });
                }
                result.unwrap_or_default()
            }
            Expr::Closure(closure) => self.closure(closure, &Value::default()),
            Expr::Return(inner) => {
                if let Some(expr) = &inner.expr {
                    self.returned |= self.eval(expr).taint;
                }
                Value::default()
            }
            Expr::Break(inner) => inner.expr.as_ref().map_or_else(Value::default, |expr| self.eval(expr)),
            Expr::Yield(inner) => inner.expr.as_ref().map_or_else(Value::default, |expr| self.eval(expr)),
            Expr::Field(inner) => {
                let value = self.eval(&inner.base);
                let mut value = Value { bytes: None, text: None, ty: None, item: None, ..value };
                value.taint |= self.held_in(inner);
                if let syn::Member::Named(name) = &inner.member {
                    value.taint |= self.key_name(&name.unraw().to_string());
                }
                value
            }
            Expr::Index(inner) => {
                let at = self.eval(&inner.index).taint;
                let mut value = self.eval(&inner.expr);
                // A table in which the bytes of a test's file are looked up puts others in their place.
                if at & taint::TEST_DATA != 0 && !matches!(&*inner.index, Expr::Range(_)) {
                    value.taint |= at & taint::TEST_DATA | taint::MASKED;
                }
                value
            }
            Expr::Range(inner) => {
                let mut taint = 0;
                for expr in [&inner.start, &inner.end].into_iter().flatten() {
                    taint |= self.eval(expr).taint;
                }
                Value::of(taint)
            }
            Expr::Repeat(inner) => {
                self.eval(&inner.len);
                Value::of(self.eval(&inner.expr).taint | taint::FILL)
            }
            Expr::Struct(inner) => {
                let mut taint = 0;
                for field in &inner.fields {
                    let held = self.eval(&field.expr).taint;
                    self.holds(&inner.path, &field.member, held);
                    taint |= held;
                }
                if let Some(rest) = &inner.rest {
                    taint |= self.eval(rest).taint;
                }
                if let Some(path) = self.resolve(&inner.path) {
                    let span = range(inner.path.span(), inner.path.span());
                    self.report(&path, span, "", false);
                }
                Value::of(taint)
            }
            Expr::Verbatim(tokens) => {
                self.tokens(tokens.clone());
                Value::default()
            }
            _ => Value::default(),
        }
    }

    fn array(&mut self, array: &syn::ExprArray) -> Value {
        let values: Vec<Value> = array.elems.iter().map(|expr| self.eval(expr)).collect();
        let mut value = Value::of(values.iter().fold(0, |taint, value| taint | value.taint));
        let byte = |value: &Value| value.number.and_then(|number| u8::try_from(number).ok());
        if values.len() > 3
            && let Some(bytes) = values.iter().map(byte).collect::<Option<Vec<u8>>>()
        {
            value.bytes = Some(bytes.into());
            value.taint |= taint::CONST_BYTES;
        } else if values.len() <= 64 {
            value.list = Some(values.iter().map(Value::shown).collect());
            value.parts = Some(values.iter().map(super::calls::place_of).collect());
        }
        value
    }

    fn branch(&mut self, branch: &syn::ExprIf) -> Value {
        self.vars.push(Default::default());
        let cond = self.eval(&branch.cond);
        let close = branch.then_branch.brace_token.span.open().byte_range().start;
        let guard = self.guard(&cond, branch.if_token.span.byte_range().start..close);
        let from = self.raws.len();
        self.by_chance(branch, branch.if_token.span.byte_range().start..close);
        self.in_branch(&branch.cond);
        self.keys_in_branch(branch, cond.taint);
        let mut value = self.block(&branch.then_branch);
        self.vars.pop();
        if let Some((_, expr)) = &branch.else_branch {
            value = value.or(&self.eval(expr));
        }
        if let Some(guard) = guard.clone() {
            self.dated_branch(branch, &guard, from);
            self.guarded(guard, from);
        }
        self.last_guard = guard;
        value
    }

    /// A closure; its parameters are parts of `value`.
    pub(super) fn closure(&mut self, closure: &syn::ExprClosure, value: &Value) -> Value {
        self.vars.push(Default::default());
        closure.inputs.iter().for_each(|pat| self.bind(pat, value));
        let returned = self.returned;
        let mut value = self.eval(&closure.body);
        value.taint |= self.key_test(&closure.body);
        self.returned = returned;
        self.vars.pop();
        value
    }

    fn path(&mut self, path: &syn::ExprPath) -> Value {
        if path.qself.is_none()
            && let Some(ident) = path.path.get_ident()
        {
            let name = ident.unraw().to_string();
            if let Some(value) = self.var(&name) {
                return Value { taint: value.taint | self.held_static(&name), ..value.clone() };
            }
        }
        let Some(full) = self.path_of(path) else {
            let last = path.path.segments.last();
            let known = last.and_then(|last| self.consts.get(&last.ident.unraw().to_string()));
            return known.cloned().unwrap_or_default();
        };
        self.report(&full, range(path.path.span(), path.path.span()), "", false);
        let ty = API.returns(&full).map(Into::into);
        // A foreign function of which nothing is known counts where it is named and called.
        let item = (API.class(&full) != Class::Foreign(None)).then(|| full.into());
        Value { ty, item, ..Value::default() }
    }

    /// The resolved path of an expression, also of `<Type>::name`.
    pub(super) fn path_of(&self, path: &syn::ExprPath) -> Option<String> {
        match &path.qself {
            Some(qself) => {
                let ty = self.type_of(&qself.ty)?;
                let name = segments(&path.path).pop()?;
                Some(format!("{ty}::{name}"))
            }
            None => self.resolve(&path.path),
        }
    }

    fn binary(&mut self, binary: &syn::ExprBinary) -> Value {
        self.dated(binary);
        // Left-deep chains are as long as a table: they are followed by a loop.
        let mut chain = vec![binary];
        while let Expr::Binary(left) = &*chain[chain.len() - 1].left {
            chain.push(left);
        }
        let mut value = self.eval(&chain[chain.len() - 1].left);
        for binary in chain.into_iter().rev() {
            let right = self.eval(&binary.right);
            let mut taint = value.taint | right.taint;
            value = match binary.op {
                BinOp::BitXor(_) | BinOp::BitXorAssign(_) => {
                    // What a parameter is given may be constant bytes.
                    self.saw_source = true;
                    let bytes = value.xor(&right).or_else(|| right.xor(&value));
                    let file = taint & taint::FILE != 0 && (value.number.is_some() || right.number.is_some());
                    if taint & taint::CONST_BYTES != 0 || file {
                        taint |= taint::XORED;
                    }
                    taint |= masks(taint);
                    Value { bytes, ..Value::of(taint) }
                }
                BinOp::Add(_) | BinOp::AddAssign(_) if value.text.is_some() || right.text.is_some() => {
                    let text = format!("{}{}", value.shown(), right.shown());
                    Value { taint, ..Value::text(&text) }
                }
                BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_) | BinOp::Eq(_) | BinOp::Ne(_) => {
                    for side in [&value, &right] {
                        if side.number.is_some_and(is_date) || side.text.as_deref().is_some_and(is_date_text)
                        {
                            taint |= taint::DATE;
                        }
                    }
                    Value::of(taint)
                }
                BinOp::Add(_) | BinOp::Sub(_) | BinOp::AddAssign(_) | BinOp::SubAssign(_) => {
                    Value::of(taint | masks(taint))
                }
                _ => Value::of(taint),
            };
            if assigns(&binary.op)
                && let Some(name) = root_of(&binary.left)
                && let Some(var) = self.var_mut(&name)
            {
                var.taint |= taint;
                var.text = None;
                if value.bytes.is_some() {
                    var.bytes = value.bytes.clone();
                }
            }
        }
        value
    }

    /// Bytes become text: where they were the result of an exclusive or over constant bytes, that
    /// is a hidden text.
    pub(super) fn reveal_text(&mut self, mut value: Value, range: std::ops::Range<usize>) -> Value {
        let both = taint::XORED | taint::CONST_BYTES;
        if value.taint & both == both {
            value.taint = value.taint & !both | taint::DECODED;
            value.layer = value.layer.saturating_add(1);
            self.saw_source = true;
            let text = value.shown();
            let name = super::hidden::shape_of(&text);
            let raw = super::facts::Raw::new(FactKind::Shape, name, range.clone());
            self.raws.push(raw.value(text.to_string()));
            if &*text != "?" {
                self.literals(&value, range);
            }
        }
        if let Some(text) = value.bytes.take().and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()) {
            value.text = Some(text.into());
        }
        value
    }
}

/// Arithmetic over what a test's file holds.
fn masks(taint: u32) -> u32 {
    if taint & taint::TEST_DATA != 0 { taint::MASKED } else { 0 }
}

pub fn is_date(number: u64) -> bool {
    (2017..2100).contains(&number)
        || (EPOCH..=4_102_444_800).contains(&number)
        || (EPOCH * 1000..=4_102_444_800_000).contains(&number)
}

fn is_date_text(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 8
        && text.starts_with("20")
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && bytes[4] == b'-'
}

fn assigns(op: &BinOp) -> bool {
    matches!(op, BinOp::AddAssign(_) | BinOp::BitXorAssign(_) | BinOp::BitOrAssign(_) | BinOp::SubAssign(_))
}

/// The variable that an expression reaches into.
pub fn root_of(expr: &Expr) -> Option<String> {
    let mut expr = expr;
    loop {
        expr = match expr {
            Expr::Path(path) => return path.path.get_ident().map(|ident| ident.unraw().to_string()),
            other => within(other)?,
        };
    }
}

/// What an expression reaches into: the value whose field, element or content it is.
pub fn within(expr: &Expr) -> Option<&Expr> {
    Some(match expr {
        Expr::Field(inner) => &inner.base,
        Expr::Index(inner) => &inner.expr,
        Expr::MethodCall(inner) => &inner.receiver,
        Expr::Reference(inner) => &inner.expr,
        Expr::Paren(inner) => &inner.expr,
        Expr::Try(inner) => &inner.expr,
        Expr::Await(inner) => &inner.base,
        Expr::Unary(inner) => &inner.expr,
        _ => return None,
    })
}

/// What a constant text says of where it leads.
pub fn text_taint(text: &str) -> u32 {
    let mut taint = 0;
    for kind in API.markers(text) {
        taint |= match kind {
            "path" => taint::SECRET_PATH,
            "wallet" if text.contains('[') => taint::KEY_PATTERN,
            "wallet" => taint::SECRET_PATH,
            _ => 0,
        };
    }
    if API.host_programs.iter().any(|program| program == text) {
        taint |= taint::HOST_PROGRAM;
    }
    taint
}

fn literal(lit: &Lit) -> Value {
    let text = |text: &str| Value { taint: text_taint(text), ..Value::text(text) };
    match lit {
        Lit::Str(lit) => text(&lit.value()),
        Lit::CStr(lit) => text(&lit.value().to_string_lossy()),
        Lit::ByteStr(lit) => {
            let bytes: Rc<[u8]> = lit.value().into();
            Value { bytes: Some(bytes), ..Value::of(taint::CONST_BYTES) }
        }
        Lit::Byte(lit) => Value { number: Some(u64::from(lit.value())), ..Value::default() },
        Lit::Char(lit) => Value::text(&lit.value().to_string()),
        Lit::Int(lit) => Value { number: lit.base10_parse().ok(), ..Value::default() },
        _ => Value::default(),
    }
}
