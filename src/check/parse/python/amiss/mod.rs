//! What is out of place: ways round a check, results and accounts that a constant picks or changes,
//! secrets that others can work out, texts that are hidden or go where nobody looks.
//!
//! None of it is proof by itself: the facts say what somebody should look at. Each kind asks for the
//! shape of the code alone, never for a name, host or value.

mod guards;
mod halves;
mod hidden;
mod money;
mod picked;
mod reach;
mod secrets;

use std::collections::HashMap;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{Expr, ExprCall, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};

use super::Unit;
use super::resolve::Resolver;
use super::value::Val;
use crate::model::{Fact, FactKind};

/// Expressions that are looked at for one question.
const MAX_EXPRS: usize = 4_000;
/// Functions of one file that are looked at one by one.
const MAX_FUNCS: usize = 3_000;

/// Adds what the file has out of place.
pub fn run<'a>(
    unit: &Unit<'_, '_>,
    text: &str,
    resolver: &Resolver<'a>,
    body: &'a [Stmt],
    facts: &mut Vec<Fact>,
) {
    let mut seen = Amiss {
        unit,
        text,
        resolver,
        funcs: 0,
        classes: Vec::new(),
        calls: HashMap::new(),
        members: HashMap::new(),
        out: Vec::new(),
    };
    seen.gather(body);
    seen.visit_body(body);
    seen.constants(body);
    facts.append(&mut seen.out);
}

struct Amiss<'u, 'i, 'r, 'a> {
    unit: &'u Unit<'u, 'i>,
    text: &'u str,
    resolver: &'r Resolver<'a>,
    /// Functions so far.
    funcs: usize,
    /// The classes around here.
    classes: Vec<&'a StmtClassDef>,
    /// Calls by the bare name of what is called.
    calls: HashMap<&'a str, Vec<&'a ExprCall>>,
    /// The words of what members are given.
    members: HashMap<&'a str, Vec<&'a str>>,
    out: Vec<Fact>,
}

/// Goes through all expressions of statements, the innermost too.
struct Each<'f, 'a> {
    left: usize,
    take: &'f mut dyn FnMut(&'a Expr),
}

impl<'a> Visitor<'a> for Each<'_, 'a> {
    fn visit_annotation(&mut self, _: &'a Expr) {}

    fn visit_expr(&mut self, expr: &'a Expr) {
        let Some(left) = self.left.checked_sub(1) else { return };
        self.left = left;
        (self.take)(expr);
        visitor::walk_expr(self, expr);
    }
}

/// All expressions of statements.
fn each<'a>(body: &'a [Stmt], take: &mut dyn FnMut(&'a Expr)) {
    Each { left: MAX_EXPRS, take }.visit_body(body);
}

/// An expression and all in it.
fn each_in<'a>(expr: &'a Expr, take: &mut dyn FnMut(&'a Expr)) {
    Each { left: MAX_EXPRS, take }.visit_expr(expr);
}

/// Goes through all statements.
struct EachStmt<'f, 'a> {
    left: usize,
    take: &'f mut dyn FnMut(&'a Stmt),
}

impl<'a> Visitor<'a> for EachStmt<'_, 'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        let Some(left) = self.left.checked_sub(1) else { return };
        self.left = left;
        (self.take)(stmt);
        visitor::walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}

/// All statements, the innermost too.
fn each_stmt<'a>(body: &'a [Stmt], take: &mut dyn FnMut(&'a Stmt)) {
    EachStmt { left: MAX_EXPRS, take }.visit_body(body);
}

/// Whether anything in an expression is so.
fn any_in<'a>(expr: &'a Expr, is: &dyn Fn(&'a Expr) -> bool) -> bool {
    let mut found = false;
    each_in(expr, &mut |one| found = found || is(one));
    found
}

/// Whether anything in statements is so.
fn any<'a>(body: &'a [Stmt], is: &dyn Fn(&'a Expr) -> bool) -> bool {
    let mut found = false;
    each(body, &mut |one| found = found || is(one));
    found
}

/// All names and members of an expression.
fn words(expr: &Expr) -> Vec<&str> {
    let mut out = Vec::new();
    each_in(expr, &mut |one| match one {
        Expr::Name(name) => out.push(name.id.as_str()),
        Expr::Attribute(it) => out.push(it.attr.as_str()),
        _ => {}
    });
    out
}

/// The last part of the name of what is called.
fn called(call: &ExprCall) -> &str {
    named(&call.func)
}

/// The last part of the name that an expression has.
fn named(expr: &Expr) -> &str {
    match expr {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(it) => it.attr.as_str(),
        _ => "",
    }
}

/// All values that a call is given.
fn given(call: &ExprCall) -> impl Iterator<Item = &Expr> {
    call.arguments.args.iter().chain(call.arguments.keywords.iter().map(|it| &it.value)).take(64)
}

/// A number that is written down, `Decimal("0.5")` too.
fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::NumberLiteral(it) => match &it.value {
            ruff_python_ast::Number::Int(number) => number.as_i64().map(|number| number as f64),
            ruff_python_ast::Number::Float(number) => Some(*number),
            ruff_python_ast::Number::Complex { .. } => None,
        },
        Expr::Call(call) if matches!(called(call), "Decimal" | "D" | "Fraction" | "float") => {
            match call.arguments.args.first()? {
                Expr::StringLiteral(text) => text.value.to_str().trim().parse().ok(),
                other => number(other),
            }
        }
        _ => None,
    }
}

/// Whether a digest, a code or a key is written: hexadecimal digits of many kinds.
fn is_digest(text: &str, least: usize) -> bool {
    let mut kinds: Vec<u8> = text.bytes().collect();
    kinds.sort_unstable();
    kinds.dedup();
    text.len() >= least && text.bytes().all(|b| b.is_ascii_hexdigit()) && kinds.len() > least.min(8) / 2
}

impl<'a> Amiss<'_, '_, '_, 'a> {
    fn add(&mut self, name: &str, range: TextRange) {
        self.out.push(Fact::new(FactKind::Shape, name, self.unit.place.span(range)));
    }

    /// The same with what it is about.
    fn add_value(&mut self, name: &str, value: String, range: TextRange) {
        self.out.push(Fact::new(FactKind::Shape, name, self.unit.place.span(range)).value(value));
    }

    fn str(&self, expr: &'a Expr) -> Option<String> {
        match self.resolver.expr(expr) {
            Val::Str(text, _) => Some(text.to_string()),
            _ => None,
        }
    }

    /// The length of a text or of bytes that are written down.
    fn constant_len(&self, expr: &'a Expr) -> Option<usize> {
        match self.resolver.expr(expr) {
            Val::Str(text, _) => Some(text.len()),
            Val::Bytes(bytes, _) => Some(bytes.len()),
            _ => None,
        }
    }

    /// The full name of what is called.
    fn full(&self, call: &'a ExprCall) -> String {
        self.resolver.callee(call).as_name().unwrap_or_default().to_owned()
    }

    /// An expression as it is written.
    fn source(&self, expr: &'a Expr) -> &str {
        let range = expr.range();
        self.text.get(range.start().to_usize()..range.end().to_usize()).unwrap_or_default()
    }

    fn mentions(&self, part: &str) -> bool {
        memchr::memmem::find(self.text.as_bytes(), part.as_bytes()).is_some()
    }

    /// Calls by name, and what members are given.
    fn gather(&mut self, body: &'a [Stmt]) {
        let mut calls: HashMap<&'a str, Vec<&'a ExprCall>> = HashMap::new();
        let mut left = 20_000_usize;
        let mut take = |expr: &'a Expr| {
            if let Expr::Call(call) = expr {
                calls.entry(called(call)).or_default().push(call);
            }
        };
        for stmt in body {
            let mut each = Each { left, take: &mut take };
            each.visit_stmt(stmt);
            left = each.left;
        }
        self.calls = calls;
        let mut members: HashMap<&'a str, Vec<&'a str>> = HashMap::new();
        each_stmt(body, &mut |stmt| {
            if let Stmt::Assign(it) = stmt {
                for target in &it.targets {
                    if let Expr::Attribute(target) = target {
                        members.entry(target.attr.as_str()).or_default().extend(words(&it.value));
                    }
                }
            }
        });
        self.members = members;
    }

    fn function(&mut self, it: &'a StmtFunctionDef) {
        self.funcs += 1;
        if self.funcs > MAX_FUNCS {
            return;
        }
        self.guards(it);
        self.other_payee(&it.body);
        self.keys(it);
        self.hosts(it);
        self.described(it);
    }

    fn call(&mut self, call: &'a ExprCall) {
        self.joined(call);
        self.masked(call);
        self.computed_import(call);
        self.parts_of_host(call);
        self.rewrites(call);
        self.prefix_of_digest(call);
        self.as_long_as_given(call);
        self.part_of_secret(call);
        self.zipped(call);
        self.unchecked_for_all(call);
        self.powers(call);
        self.sealed(call);
        self.written_key(call);
        self.compares_constant(call);
    }
}

impl<'a> Visitor<'a> for Amiss<'_, '_, '_, 'a> {
    fn visit_annotation(&mut self, _: &'a Expr) {}

    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(it) => self.function(it),
            Stmt::ClassDef(it) => {
                self.asks(it);
                self.classes.push(it);
                visitor::walk_stmt(self, stmt);
                self.classes.pop();
                return;
            }
            // What describes a function is no text of the program's.
            Stmt::Expr(it) if it.value.is_string_literal_expr() => return,
            Stmt::If(it) => {
                self.by_amount(&it.test, &it.body);
                self.payee_set(&it.test, &it.body);
                self.altered(&it.test, &it.body);
                for clause in &it.elif_else_clauses {
                    if let Some(test) = &clause.test {
                        self.by_amount(test, &clause.body);
                        self.altered(test, &clause.body);
                    }
                }
            }
            Stmt::Try(it) => {
                self.weaker(it);
                self.forgives(it);
            }
            Stmt::For(it) => self.second_secret(it),
            Stmt::AugAssign(it) => self.joins_more(it),
            _ => {}
        }
        visitor::walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Call(call) => self.call(call),
            Expr::Compare(it) => self.compares(it),
            Expr::BinOp(it) => {
                self.mixes(it);
                self.joins_lists(it);
                self.cut_host(it);
            }
            Expr::If(it) => {
                self.by_turns(it);
                self.sometimes(it);
            }
            Expr::List(it) => self.lists(it),
            Expr::Subscript(it) => self.backwards(it),
            Expr::StringLiteral(_) | Expr::FString(_) => {
                self.scheduled(expr);
                self.steers(expr);
                self.lets_log_in(expr);
            }
            _ => {}
        }
        visitor::walk_expr(self, expr);
    }
}

#[cfg(test)]
mod tests;
