//! Texts that arithmetic on constants hides: what they come to, and whether they name something that
//! nobody hides for a good reason.

use std::ops::Range;

use syn::{Expr, ExprMethodCall, Pat, Stmt};

use super::api::API;
use super::constant::{self, Function, Names, Val};
use super::facts::Raw;
use super::fold::{Value, taint};
use super::walk::Walk;
use crate::check::parse::harm;
use crate::model::FactKind;

/// Methods that end what makes a text of a constant's parts.
const ENDS: &[&str] = &["collect", "concat", "fold", "join"];
/// Methods that change parts.
const CHANGES: &[&str] = &["map", "rev", "fold", "filter_map", "flat_map"];

impl Names for Walk {
    fn value(&self, name: &str) -> Option<Val> {
        match self.var(name).and_then(as_val) {
            Some(value) => Some(value),
            None => constant::expr(&Only, self.tables.get(name)?),
        }
    }

    fn function(&self, name: &str) -> Option<Function> {
        self.functions.get(name)?.clone()
    }
}

/// Knows no names.
struct Only;

impl Names for Only {
    fn value(&self, _: &str) -> Option<Val> {
        None
    }
    fn function(&self, _: &str) -> Option<Function> {
        None
    }
}

/// What is known of a value, as the interpreter has it.
fn as_val(value: &Value) -> Option<Val> {
    if let Some(text) = &value.text {
        return (!text.contains('?')).then(|| Val::Text(text.to_string(), false));
    }
    if let Some(bytes) = &value.bytes {
        return Some(Val::List(bytes.iter().map(|byte| Val::Int(i128::from(*byte), 8, false)).collect()));
    }
    value.number.map(|number| Val::Int(i128::from(number), 0, false))
}

/// What the interpreter gave as a value: `None` unless arithmetic made a text of it.
fn revealed(value: Val) -> Option<(String, bool)> {
    match value {
        Val::Maybe(Some(inner)) => revealed(*inner),
        Val::Text(text, true) => Some((text, true)),
        Val::List(values) => constant::utf8(&values).filter(|found| found.1).map(|(text, _)| (text, false)),
        _ => None,
    }
}

/// Whether a text could be meant for a reader: printable, and no number in other words.
fn readable(text: &str) -> bool {
    text.len() >= 2
        && text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl Walk {
    /// A call of a function of this file with constants only: what it reveals.
    pub(super) fn reveals(&mut self, name: &str, values: &[Value], span: Range<usize>) -> Option<Value> {
        self.functions.get(name)?.as_ref()?;
        let given = values.iter().map(as_val).collect::<Option<Vec<_>>>()?;
        let plain: Vec<String> = values.iter().map(|value| value.shown().to_string()).collect();
        let found = revealed(constant::call(self, name, given)?)?;
        self.found(found, &plain, span)
    }

    /// A chain of methods on a constant: what it makes.
    pub(super) fn reveals_chain(&mut self, chain: &[&ExprMethodCall], span: Range<usize>) -> Option<Value> {
        let called = |names: &[&str]| chain.iter().any(|call| names.iter().any(|name| call.method == name));
        let outer = chain.first()?;
        if !called(ENDS) {
            return None;
        }
        if !called(CHANGES) {
            // `["cu", "rl"].concat()` is one text.
            let Val::Text(text, false) = constant::expr(self, &Expr::MethodCall((*outer).clone()))? else {
                return None;
            };
            let value = Value { taint: super::eval::text_taint(&text), ..Value::text(&text) };
            self.literals(&value, span);
            return Some(value);
        }
        let found = revealed(constant::expr(self, &Expr::MethodCall((*outer).clone()))?)?;
        self.found(found, &[], span)
    }

    /// `let mut text = String::new(); for byte in CONSTANT { text.push(…) }`: what the variable holds.
    pub(super) fn reveals_loop(&mut self, stmts: &[Stmt], at: usize, span: Range<usize>) {
        let Some([Stmt::Local(local), Stmt::Expr(Expr::ForLoop(_), _)]) =
            at.checked_sub(1).and_then(|from| stmts.get(from..=at))
        else {
            return;
        };
        let pat = match &local.pat {
            Pat::Type(pat) => &*pat.pat,
            pat => pat,
        };
        let Pat::Ident(pat) = pat else { return };
        let name = pat.ident.to_string();
        let Some(value) = constant::variable(self, &stmts[at - 1..=at], &name) else { return };
        if let Some(found) = revealed(value)
            && let Some(value) = self.found(found, &[], span)
        {
            self.set(name, value);
        }
    }

    fn found(&mut self, found: (String, bool), plain: &[String], span: Range<usize>) -> Option<Value> {
        let (text, is_text) = found;
        if !readable(&text) || plain.iter().any(|plain| plain.eq_ignore_ascii_case(&text)) {
            return None;
        }
        self.saw_source = true;
        self.raws.push(Raw::new(FactKind::Shape, shape_of(&text), span.clone()).value(&*text));
        let mut value = Value { layer: 1, ..Value::text(&text) };
        value.taint = super::eval::text_taint(&text) | taint::DECODED;
        self.literals(&value, span);
        if !is_text {
            value.bytes = value.text.take().map(|text| text.as_bytes().into());
        }
        Some(value)
    }
}

/// The shape that a hidden text is: its name says whether anybody knows what it comes to, and means.
pub fn shape_of(text: &str) -> &'static str {
    match text {
        "?" => "xor-decode",
        _ if names_something(text) => "hidden-name",
        _ => "hidden-text",
    }
}

/// Whether a text names a program that starts or fetches others, an address, a secret's place, or
/// a build machine.
fn names_something(text: &str) -> bool {
    let program = text.rsplit(['/', '\\']).next().unwrap_or(text);
    let is = |list: &[String]| list.iter().any(|known| known == program);
    is(&API.shells)
        || is(&API.senders)
        || super::harm::interprets(program)
        || harm::fetches(program)
        || matches!(program, "chmod" | "schtasks" | "crontab" | "launchctl" | "certutil" | "xattr" | "nohup")
        || super::calls::CI.contains(&text)
        || API.markers(text).iter().any(|kind| *kind != "url")
        || super::literal::url(text).is_some()
}
