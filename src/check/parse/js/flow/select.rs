//! Files that are looked for by the names of those that hold secrets: `if (/^\.env/.test(name))`,
//! `WANTED.includes(name)`, `.filter(…)`, a pattern for a search.

use std::collections::HashSet;

use oxc_ast::ast::*;
use oxc_ast_visit::{VisitJs, walk_js};
use oxc_span::{GetSpan, Span as Range};
use oxc_syntax::operator::{BinaryOperator, LogicalOperator, UnaryOperator};

use super::super::bind::Func;
use super::super::harm::leaves;
use super::super::literal;
use super::super::resolve::Resolver;
use super::super::value::Val;

/// Levels of a condition that are followed.
const MAX_DEPTH: u8 = 8;

/// Parts of names of files that hold secrets, in lower case.
const NAMES: &[&str] = &[
    "id_rsa",
    "id_ed25519",
    "id_ecdsa",
    "wallet.dat",
    "keystore",
    ".npmrc",
    ".pypirc",
    ".netrc",
    ".kdbx",
    "mnemonic",
    ".git-credentials",
];

/// What was looked for.
#[derive(Debug, Default)]
pub(super) struct Selected {
    /// Code that only runs for such files.
    ranges: Vec<Range>,
    /// Calls that give such names.
    calls: HashSet<Range>,
}

impl Selected {
    /// Whether a place is only reached for such a file.
    pub(super) fn around(&self, range: Range) -> bool {
        self.ranges.iter().any(|outer| outer.start <= range.start && range.end <= outer.end)
    }

    /// Whether a call gives names of such files.
    pub(super) fn gives(&self, range: Range) -> bool {
        self.calls.contains(&range)
    }

    /// Whether nothing was looked for.
    pub(super) fn is_empty(&self) -> bool {
        self.ranges.is_empty() && self.calls.is_empty()
    }
}

/// Whether a name, a pattern of a search or a regular expression asks for files with secrets.
pub(super) fn selects(text: &str) -> bool {
    if text.len() > 600 {
        return false;
    }
    let plain: String = text
        .to_ascii_lowercase()
        .chars()
        .filter(|c| !matches!(c, '\\' | '^' | '$' | '(' | ')' | '?'))
        .collect();
    let hidden = plain
        .split(['|', '/', '*', ',', '{', '}'])
        .any(|part| part == ".env" || part.starts_with(".env.") && part.len() < 20 || part == ".env*");
    hidden || NAMES.iter().any(|name| plain.contains(name)) || literal::secret_path(text).is_some()
}

/// Looks through the file, where it goes through folders.
pub(super) fn find<'a>(program: &'a Program<'a>, resolver: &Resolver<'a, '_>) -> Selected {
    let text = program.source_text.as_bytes();
    let walks = [&b"readdir"[..], b"glob", b"opendir"];
    if !walks.iter().any(|word| memchr::memmem::find(text, word).is_some()) {
        return Selected::default();
    }
    let mut finder = Finder { resolver, out: Selected::default() };
    finder.visit_program(program);
    finder.out
}

struct Finder<'r, 'a, 's> {
    resolver: &'r Resolver<'a, 's>,
    out: Selected,
}

impl<'a> Finder<'_, 'a, '_> {
    fn list(&self, expression: &'a Expression<'a>) -> bool {
        let list = match expression.get_inner_expression() {
            Expression::Identifier(it) => {
                match self.resolver.sole(it).map(Expression::get_inner_expression) {
                    Some(Expression::NewExpression(new)) => {
                        new.arguments.first().and_then(|it| it.as_expression())
                    }
                    Some(other) => Some(other),
                    None => None,
                }
            }
            other => Some(other),
        };
        let Some(Expression::ArrayExpression(array)) = list else { return false };
        let mut elements = array.elements.iter().take(64).filter_map(|element| element.as_expression());
        elements.any(|element| match self.resolver.pattern(element) {
            Some(pattern) => selects(pattern),
            None => self.resolver.expr(element).as_str().is_some_and(selects),
        })
    }

    /// Whether a condition holds for such names only; `negated`, for all others.
    fn asks(&self, test: &'a Expression<'a>, negated: bool, depth: u8) -> bool {
        if depth > MAX_DEPTH {
            return false;
        }
        match test.get_inner_expression() {
            Expression::UnaryExpression(it) if it.operator == UnaryOperator::LogicalNot => {
                self.asks(&it.argument, !negated, depth + 1)
            }
            Expression::LogicalExpression(it) => {
                let (left, right) =
                    (self.asks(&it.left, negated, depth + 1), self.asks(&it.right, negated, depth + 1));
                match (it.operator, negated) {
                    (LogicalOperator::And, false) | (LogicalOperator::Or, true) => left || right,
                    _ => left && right || !negated && (left || right),
                }
            }
            Expression::BinaryExpression(it) => {
                let wanted = match it.operator {
                    BinaryOperator::Equality | BinaryOperator::StrictEquality => !negated,
                    BinaryOperator::Inequality | BinaryOperator::StrictInequality => negated,
                    _ => false,
                };
                let named = |side: &'a Expression<'a>| self.resolver.expr(side).as_str().is_some_and(selects);
                wanted && (named(&it.left) || named(&it.right))
            }
            Expression::CallExpression(call) if !negated => {
                if let Some(member) = call.callee.get_inner_expression().as_member_expression() {
                    let first = call.arguments.first().and_then(|argument| argument.as_expression());
                    return match (member.static_property_name(), first) {
                        (Some("test"), Some(_)) => {
                            self.resolver.pattern(member.object()).is_some_and(selects)
                        }
                        (Some("match"), Some(first)) => self.resolver.pattern(first).is_some_and(selects),
                        (Some("endsWith" | "startsWith"), Some(first)) => {
                            self.resolver.expr(first).as_str().is_some_and(selects)
                        }
                        (Some("includes" | "has"), Some(first)) => {
                            self.list(member.object())
                                || self.resolver.expr(first).as_str().is_some_and(selects)
                        }
                        (Some("some"), Some(_)) => self.list(member.object()),
                        _ => false,
                    };
                }
                match self.resolver.expr(&call.callee) {
                    Val::Func(func) => {
                        func.only_return().is_some_and(|value| self.asks(value, false, depth + 1))
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }
}

impl<'a> VisitJs<'a> for Finder<'_, 'a, '_> {
    fn visit_statements(&mut self, it: &oxc_allocator::Vec<'a, Statement<'a>>) {
        let end = it.last().map_or(0, |last| last.span().end);
        for statement in it {
            // `if (!WANTED.includes(name)) continue;`: the rest is for those alone.
            if let Statement::IfStatement(branch) = statement {
                let branch = self.alloc(&**branch);
                if branch.alternate.is_none()
                    && leaves(&branch.consequent)
                    && self.asks(&branch.test, true, 0)
                {
                    self.out.ranges.push(Range::new(branch.span.end, end.max(branch.span.end)));
                }
            }
            self.visit_statement(statement);
        }
    }

    fn visit_if_statement(&mut self, it: &IfStatement<'a>) {
        let it = self.alloc(it);
        if self.asks(&it.test, false, 0) {
            self.out.ranges.push(it.consequent.span());
        }
        walk_js::walk_if_statement(self, it);
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        let it = self.alloc(it);
        let first = it.arguments.first().and_then(|argument| argument.as_expression());
        if let Some(first) = first {
            let member = it.callee.get_inner_expression().as_member_expression();
            let method = member.and_then(MemberExpression::static_property_name).unwrap_or_default();
            let chosen = matches!(method, "filter" | "find")
                && Func::of(first)
                    .or_else(|| match self.resolver.expr(first) {
                        Val::Func(func) => Some(func),
                        _ => None,
                    })
                    .and_then(Func::only_return)
                    .is_some_and(|value| self.asks(value, false, 0));
            let searched = self.resolver.expr(&it.callee).as_name().is_some_and(|name| {
                ["glob", "fast-glob", "globby", "tinyglobby", "tiny-glob", "node:fs.glob"]
                    .iter()
                    .any(|search| name.starts_with(search))
            }) && (self.list(first)
                || self.resolver.expr(first).as_str().is_some_and(selects));
            if chosen || searched {
                self.out.calls.insert(it.span);
            }
        }
        walk_js::walk_call_expression(self, it);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_ask_for_secrets() {
        for text in [
            r"^\.env(\..*)?$",
            "**/.env*",
            "id_rsa",
            r"\.(npmrc|netrc)$|keystore",
            ".env.local",
            "wallet.dat",
        ] {
            assert!(selects(text), "{text}");
        }
        for text in
            ["process.env", r"^process\.env\.", "*.js", "environment", "environment.ts", "/lib/.envoy/"]
        {
            assert!(!selects(text), "{text}");
        }
    }
}
