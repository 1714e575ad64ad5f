//! Harm that is held back: commands behind a marker in somebody's text, and branches that only
//! time and chance, or a date, open.
//!
//! Each function is gone through by itself, in order, with the names that came from its
//! parameters and those of what stands behind a marker in one of them.

mod planted;
mod swap;
mod time;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{BoolOp, CmpOp, Expr, ExprCall, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::Unit;
use super::resolve::Resolver;
use super::value::Val;
use crate::check::parse::harm::{self, Frame};
use crate::model::{Fact, FactKind};

/// Methods that give what stands behind a marker.
const BEHIND: &[&str] = &["removeprefix", "partition", "rpartition", "split", "rsplit", "lstrip"];
/// Functions that look for a pattern.
const PATTERNS: &[&str] =
    &["re.match", "re.search", "re.fullmatch", "re.findall", "re.finditer", "re.split", "re.sub"];
/// Shells by the name that they are started by.
const SHELLS: &[&str] =
    &["sh", "bash", "zsh", "dash", "cmd", "cmd.exe", "powershell", "pwsh", "python", "python3"];
/// The least number of an account that is let through.
const MIN_ACCOUNT: i64 = 100_000;

/// Adds what the file holds back.
pub fn run<'a>(
    unit: &Unit<'_, '_>,
    text: &str,
    resolver: &Resolver<'a>,
    body: &'a [Stmt],
    facts: &mut Vec<Fact>,
) {
    let mut held = Held { unit, text, resolver, frame: Frame::default(), out: Vec::new() };
    held.visit_body(body);
    facts.append(&mut held.out);
}

struct Held<'u, 'i, 'r, 'a> {
    unit: &'u Unit<'u, 'i>,
    text: &'u str,
    resolver: &'r Resolver<'a>,
    frame: Frame<'a>,
    out: Vec<Fact>,
}

/// All names and members of an expression.
#[derive(Default)]
struct Words<'a> {
    names: Vec<&'a str>,
    all: Vec<&'a str>,
}

impl<'a> Visitor<'a> for Words<'a> {
    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) => {
                self.names.push(name.id.as_str());
                self.all.push(name.id.as_str());
            }
            Expr::Attribute(it) => self.all.push(it.attr.as_str()),
            Expr::Lambda(_) => return,
            _ => {}
        }
        visitor::walk_expr(self, expr);
    }
}

fn words(expr: &Expr) -> Words<'_> {
    let mut words = Words::default();
    words.visit_expr(expr);
    words
}

/// Names that a target binds.
fn bound<'a>(target: &'a Expr, out: &mut Vec<&'a str>) {
    match target {
        Expr::Name(name) => out.push(name.id.as_str()),
        Expr::Tuple(it) => it.elts.iter().for_each(|element| bound(element, out)),
        Expr::List(it) => it.elts.iter().for_each(|element| bound(element, out)),
        Expr::Starred(it) => bound(&it.value, out),
        _ => {}
    }
}

impl<'a> Held<'_, '_, '_, 'a> {
    fn add(&mut self, kind: FactKind, name: &str, range: TextRange) {
        self.out.push(Fact::new(kind, name, self.unit.place.span(range)));
    }

    fn of_given(&self, expr: &'a Expr) -> bool {
        words(expr).names.iter().any(|name| self.frame.given.contains(name))
    }

    fn text(&self, expr: &'a Expr) -> Option<String> {
        match self.resolver.expr(expr) {
            Val::Str(text, _) => Some(text.to_string()),
            Val::Bytes(bytes, _) => String::from_utf8(bytes.to_vec()).ok(),
            _ => None,
        }
    }

    /// Whether an expression holds what stands behind a marker.
    fn is_marked(&self, expr: &'a Expr) -> bool {
        struct Behind<'h, 'u, 'i, 'r, 'a>(&'h Held<'u, 'i, 'r, 'a>, bool);
        impl<'a> Visitor<'a> for Behind<'_, '_, '_, '_, 'a> {
            fn visit_expr(&mut self, expr: &'a Expr) {
                self.1 |= match expr {
                    Expr::Name(name) => self.0.frame.marked.contains(name.id.as_str()),
                    Expr::Call(call) => self.0.behind(call),
                    _ => false,
                };
                if !self.1 {
                    visitor::walk_expr(self, expr);
                }
            }
        }
        let mut behind = Behind(self, false);
        behind.visit_expr(expr);
        behind.1
    }

    /// A call that gives what stands behind a marker in something given.
    fn behind(&self, call: &'a ExprCall) -> bool {
        let first = call.arguments.args.first();
        if let Expr::Attribute(method) = &*call.func {
            if BEHIND.contains(&method.attr.as_str())
                && first.and_then(|first| self.text(first)).is_some_and(|text| harm::is_marker(&text))
                && self.of_given(&method.value)
            {
                return true;
            }
            let callee = self.resolver.callee(call);
            if callee.as_name().is_some_and(|name| PATTERNS.contains(&name))
                && first.and_then(|first| self.text(first)).is_some_and(|text| harm::marks(&text))
            {
                return call.arguments.args.iter().skip(1).any(|argument| self.of_given(argument));
            }
        }
        false
    }

    /// Whether a condition says that something given has the marker, or is what only one knows or is.
    fn tests(&self, test: &'a Expr, negated: bool) -> bool {
        match test {
            Expr::BoolOp(it) => {
                let joins = if negated { BoolOp::Or } else { BoolOp::And };
                it.op == joins && it.values.iter().any(|value| self.tests(value, negated))
            }
            Expr::UnaryOp(it) => it.op == ruff_python_ast::UnaryOp::Not && self.tests(&it.operand, !negated),
            Expr::Call(call) if !negated => match &*call.func {
                Expr::Attribute(method) if method.attr.as_str() == "startswith" => {
                    let marker = call.arguments.args.first().and_then(|first| self.text(first));
                    marker.is_some_and(|text| harm::is_marker(&text)) && self.of_given(&method.value)
                }
                _ => false,
            },
            Expr::Compare(it) => {
                let (Some(op), Some(right)) = (it.ops.first(), it.comparators.first()) else { return false };
                let wanted = match op {
                    CmpOp::Eq | CmpOp::In | CmpOp::Is => !negated,
                    CmpOp::NotEq | CmpOp::NotIn | CmpOp::IsNot => negated,
                    _ => false,
                };
                let sides = [(&*it.left, right), (right, &*it.left)];
                wanted
                    && sides.iter().any(|(given, constant)| {
                        // A member of what is given: an account, a sender, a digest.
                        !matches!(given, Expr::Name(_)) && self.of_given(given) && self.is_account(constant)
                    })
            }
            _ => false,
        }
    }

    /// Accounts and digests that are written down.
    fn is_account(&self, expr: &'a Expr) -> bool {
        let one = |value: &Val| match value {
            Val::Int(number) => *number >= MIN_ACCOUNT,
            Val::Str(text, _) => text.len() >= 32 && text.bytes().all(|b| b.is_ascii_hexdigit()),
            _ => false,
        };
        match self.resolver.expr(expr) {
            Val::List(values) => !values.is_empty() && values.iter().all(one),
            value => one(&value),
        }
    }

    /// Whether a command line is not a known program's with something put into it.
    fn whole(&self, line: &'a Expr) -> bool {
        let known = match line {
            Expr::FString(_) | Expr::BinOp(_) => self.resolver.approximate(line),
            Expr::Call(call) => match &*call.func {
                Expr::Attribute(it) if it.attr.as_str() == "format" => self.text(&it.value),
                _ => None,
            },
            _ => None,
        };
        known.is_none_or(|text| text.trim_start().starts_with(['?', '{']))
    }

    fn sink(&mut self, call: &'a ExprCall) {
        let callee = self.resolver.callee(call);
        let Some(name) = callee.as_name() else { return };
        let first = call.arguments.args.first().or_else(|| {
            ["args", "cmd", "command"]
                .iter()
                .find_map(|name| call.arguments.find_keyword(name))
                .map(|it| &it.value)
        });
        let Some(first) = first else { return };
        let sink = match name {
            "builtins.eval" | "builtins.exec" => "marked->dynamic-code",
            "os.system"
            | "os.popen"
            | "subprocess.getoutput"
            | "subprocess.getstatusoutput"
            | "asyncio.create_subprocess_shell"
            | "asyncio.subprocess.create_subprocess_shell" => "marked->process",
            "subprocess.run"
            | "subprocess.call"
            | "subprocess.Popen"
            | "subprocess.check_output"
            | "subprocess.check_call" => match first {
                // Of a list that is written down, the line that a shell is given counts.
                Expr::List(list) => {
                    let program = list.elts.first().and_then(|program| self.text(program));
                    let shell = program.is_some_and(|program| {
                        SHELLS.contains(&program.rsplit('/').next().unwrap_or(&program))
                    });
                    let line = list.elts.iter().any(|element| {
                        self.text(element)
                            .is_some_and(|text| matches!(&*text, "-c" | "/c" | "/C" | "-lc" | "-Command"))
                    });
                    if !(shell && line) {
                        return;
                    }
                    "marked->process"
                }
                _ => "marked->process",
            },
            _ => return,
        };
        if self.whole(first) && self.is_marked(first) {
            self.add(FactKind::Flow, sink, call.range());
        }
    }

    fn assign(&mut self, targets: &[&'a Expr], value: &'a Expr) {
        // The words of the command line are the user's own.
        let own = matches!(value, Expr::Call(call) if matches!(&*call.func, Expr::Attribute(it)
            if matches!(it.attr.as_str(), "parse_args" | "parse_known_args")));
        let (given, marked) = (!own && self.of_given(value), !own && self.is_marked(value));
        let mut names = Vec::new();
        targets.iter().for_each(|target| bound(target, &mut names));
        let words = words(value).all;
        for name in names {
            if given {
                self.frame.given.insert(name);
            } else if own {
                self.frame.given.remove(name);
            }
            if marked {
                self.frame.marked.insert(name);
            } else if !given {
                self.frame.marked.remove(name);
            }
            if words.len() <= 24 {
                self.frame.words.insert(name, words.clone());
            }
        }
    }
}

/// Whether a branch ends by leaving the function or the turn of a loop.
fn leaves(body: &[Stmt]) -> bool {
    matches!(body.last(), Some(Stmt::Return(_) | Stmt::Raise(_) | Stmt::Continue(_) | Stmt::Break(_)))
}

impl<'a> Visitor<'a> for Held<'_, '_, '_, 'a> {
    fn visit_annotation(&mut self, _: &'a Expr) {}

    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(it) => {
                // What stands around is known inside, but not the other way round.
                let mut frame = Frame { words: self.frame.words.clone(), ..Frame::default() };
                let params = it.parameters.iter_non_variadic_params().map(|param| &param.parameter);
                let rest = it.parameters.vararg.iter().chain(&it.parameters.kwarg).map(|rest| &**rest);
                let own = params.chain(rest).map(|param| param.name.as_str());
                frame.given.extend(own.filter(|name| !matches!(*name, "self" | "cls")));
                let around = std::mem::replace(&mut self.frame, frame);
                visitor::walk_stmt(self, stmt);
                self.frame = around;
            }
            Stmt::Assign(it) => {
                self.bypasses(stmt);
                visitor::walk_stmt(self, stmt);
                let targets: Vec<&Expr> = it.targets.iter().collect();
                self.assign(&targets, &it.value);
            }
            Stmt::AnnAssign(it) => {
                visitor::walk_stmt(self, stmt);
                if let Some(value) = &it.value {
                    self.assign(&[&it.target], value);
                }
            }
            Stmt::For(it) => {
                self.assign(&[&it.target], &it.iter);
                visitor::walk_stmt(self, stmt);
            }
            Stmt::If(it) => {
                self.by_chance(&it.test, &it.body);
                self.empties(&it.test, &it.body);
                self.dated_chance(&it.test, &it.body);
                self.visit_expr(&it.test);
                let before = self.frame.clone();
                if self.tests(&it.test, false) {
                    self.frame.marked.extend(before.given.iter().copied());
                }
                self.visit_body(&it.body);
                self.frame.marked.extend(before.marked.iter().copied());
                let mut after = before.clone();
                for clause in &it.elif_else_clauses {
                    // What the branch before was told is not so here.
                    self.frame.marked = before.marked.clone();
                    if let Some(test) = &clause.test {
                        self.by_chance(test, &clause.body);
                        self.empties(test, &clause.body);
                        self.dated_chance(test, &clause.body);
                        self.visit_expr(test);
                        if self.tests(test, false) {
                            self.frame.marked.extend(before.given.iter().copied());
                        }
                    }
                    self.visit_body(&clause.body);
                    self.frame.marked = before.marked.clone();
                }
                after.given.extend(self.frame.given.iter().copied());
                after.words.append(&mut self.frame.words);
                // `if sender not in KEEPERS: return`: the rest is theirs alone.
                if it.elif_else_clauses.is_empty() && leaves(&it.body) && self.tests(&it.test, true) {
                    after.marked.extend(after.given.iter().copied());
                }
                self.frame = after;
            }
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Call(call) => {
                self.sink(call);
                self.nearest(call);
                self.plants(call);
            }
            Expr::Dict(it) => {
                self.maps_accounts(it);
                self.bypasses_in(it);
            }
            Expr::If(it) => self.swaps(&it.test, &it.body, &it.orelse, expr.range()),
            Expr::BoolOp(_) => self.dated(expr),
            Expr::Named(it) => self.assign(&[&it.target], &it.value),
            _ => {}
        }
        visitor::walk_expr(self, expr);
    }
}
