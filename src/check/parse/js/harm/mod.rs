//! Harm that is held back, as in the module of the same name for Python, and what a page keeps for
//! its user sent to a host that is written down.

mod builtin;
mod elsewhere;
mod keyed;
mod page;
mod parties;
mod payee;
mod swap;
mod time;
mod weakened;

use oxc_ast::ast::*;
use oxc_ast_visit::{VisitJs, walk_js};
use oxc_span::{GetSpan, Span as Range};
use oxc_syntax::operator::{BinaryOperator, LogicalOperator, UnaryOperator};
use oxc_syntax::scope::ScopeFlags;

use super::emit::Unit;
use super::resolve::Resolver;
use super::value::Val;
use crate::check::parse::harm::{self, Frame};
use crate::model::{Fact, FactKind};

/// Methods that give what stands behind a marker.
const BEHIND: &[&str] = &["split", "match", "matchAll"];
/// Programs that run the lines that they are given.
const SHELLS: &[&str] = &[
    "sh",
    "bash",
    "zsh",
    "dash",
    "cmd",
    "cmd.exe",
    "powershell",
    "powershell.exe",
    "pwsh",
    "node",
    "python",
    "python3",
];
/// The least number of an account that is let through.
const MIN_ACCOUNT: f64 = 100_000.0;
/// Levels of an expression that are followed.
const MAX_DEPTH: u32 = 12;

/// Adds what the file holds back.
pub fn run<'a>(
    unit: &Unit<'_, '_, '_>,
    resolver: &Resolver<'a, '_>,
    program: &'a Program<'a>,
    facts: &mut Vec<Fact>,
) {
    let mut held = Held {
        unit,
        resolver,
        frame: Frame::default(),
        covered: parties::Covered::default(),
        out: Vec::new(),
    };
    held.visit_program(program);
    held.covers();
    facts.append(&mut held.out);
}

struct Held<'u, 'i, 't, 'r, 'a, 's> {
    unit: &'u Unit<'u, 'i, 't>,
    resolver: &'r Resolver<'a, 's>,
    frame: Frame<'a>,
    covered: parties::Covered,
    out: Vec<Fact>,
}

/// All names and members of an expression, functions left out.
#[derive(Default)]
struct Words<'a> {
    names: Vec<&'a str>,
    all: Vec<&'a str>,
    /// The names as they are referred to.
    uses: Vec<&'a IdentifierReference<'a>>,
}

impl<'a> VisitJs<'a> for Words<'a> {
    fn visit_function(&mut self, _: &Function<'a>, _: ScopeFlags) {}
    fn visit_arrow_function_expression(&mut self, _: &ArrowFunctionExpression<'a>) {}
    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        let it = self.alloc(it);
        self.names.push(it.name.as_str());
        self.all.push(it.name.as_str());
        self.uses.push(it);
    }
    fn visit_identifier_name(&mut self, it: &IdentifierName<'a>) {
        self.all.push(it.name.as_str());
    }
}

fn words<'a>(expression: &Expression<'a>) -> Words<'a> {
    let mut words = Words::default();
    words.visit_expression(expression);
    words
}

impl<'a> Held<'_, '_, '_, '_, 'a, '_> {
    fn add(&mut self, kind: FactKind, name: &str, range: Range) {
        self.out.push(Fact::new(kind, name, self.unit.place.span(range)));
    }

    /// What stands at a place, as it is written.
    fn written(&self, range: Range) -> &str {
        self.unit.text.get(range.start as usize..range.end as usize).unwrap_or_default()
    }

    fn of_given(&self, expression: &Expression<'a>) -> bool {
        words(expression).names.iter().any(|name| self.frame.given.contains(name))
    }

    /// A constant marker: a text, or a pattern that starts with one.
    fn is_marker(&self, expression: &'a Expression<'a>) -> bool {
        let inner = expression.get_inner_expression();
        if let Some(pattern) = self.resolver.pattern(inner) {
            let start = pattern.trim_start_matches('^');
            return harm::marks(pattern)
                || pattern.starts_with('^')
                    && harm::is_marker(start)
                    && !start.contains(['(', '[', '\\', '|', '.', '*', '+']);
        }
        self.resolver.expr(inner).as_str().is_some_and(harm::is_marker)
    }

    /// Whether an expression holds what stands behind a marker.
    fn is_marked(&self, expression: &'a Expression<'a>, depth: u32) -> bool {
        if depth > MAX_DEPTH {
            return false;
        }
        let next = |expression| self.is_marked(expression, depth + 1);
        match expression.get_inner_expression() {
            Expression::Identifier(it) => self.frame.marked.contains(it.name.as_str()),
            Expression::CallExpression(call) => {
                self.behind(call)
                    || call
                        .callee
                        .get_inner_expression()
                        .as_member_expression()
                        .is_some_and(|it| next(it.object()))
                    || call.arguments.iter().filter_map(|it| it.as_expression()).any(next)
            }
            Expression::TemplateLiteral(it) => it.expressions.iter().any(next),
            Expression::BinaryExpression(it) => {
                it.operator == BinaryOperator::Addition && (next(&it.left) || next(&it.right))
            }
            Expression::LogicalExpression(it) => next(&it.left) || next(&it.right),
            Expression::ConditionalExpression(it) => next(&it.consequent) || next(&it.alternate),
            Expression::AwaitExpression(it) => next(&it.argument),
            Expression::ArrayExpression(it) => {
                it.elements.iter().filter_map(|it| it.as_expression()).any(next)
            }
            other => other.as_member_expression().is_some_and(|it| next(it.object())),
        }
    }

    /// A call that gives what stands behind a marker in something given.
    fn behind(&self, call: &'a CallExpression<'a>) -> bool {
        let Some(member) = call.callee.get_inner_expression().as_member_expression() else { return false };
        let (Some(method), Some(first)) =
            (member.static_property_name(), call.arguments.first().and_then(|it| it.as_expression()))
        else {
            return false;
        };
        if method == "exec" {
            return self.resolver.pattern(member.object()).is_some_and(harm::marks) && self.of_given(first);
        }
        BEHIND.contains(&method) && self.is_marker(first) && self.of_given(member.object())
    }

    /// Whether a condition says that something given has the marker, or is what only one is.
    fn tests(&self, test: &'a Expression<'a>, negated: bool, depth: u32) -> bool {
        if depth > MAX_DEPTH {
            return false;
        }
        match test.get_inner_expression() {
            Expression::LogicalExpression(it) => {
                let joins = if negated { LogicalOperator::Or } else { LogicalOperator::And };
                it.operator == joins
                    && (self.tests(&it.left, negated, depth + 1) || self.tests(&it.right, negated, depth + 1))
            }
            Expression::UnaryExpression(it) if it.operator == UnaryOperator::LogicalNot => {
                self.tests(&it.argument, !negated, depth + 1)
            }
            Expression::CallExpression(call) if !negated || self.lets_in(call) => {
                let Some(member) = call.callee.get_inner_expression().as_member_expression() else {
                    return false;
                };
                let Some(first) = call.arguments.first().and_then(|it| it.as_expression()) else {
                    return false;
                };
                match member.static_property_name() {
                    Some("startsWith") => self.is_marker(first) && self.of_given(member.object()),
                    Some("test") => {
                        self.resolver.pattern(member.object()).is_some()
                            && self.is_marker(member.object())
                            && self.of_given(first)
                    }
                    _ => !negated && self.lets_in(call),
                }
            }
            Expression::BinaryExpression(it) => {
                let wanted = match it.operator {
                    BinaryOperator::Equality | BinaryOperator::StrictEquality => !negated,
                    BinaryOperator::Inequality | BinaryOperator::StrictInequality => negated,
                    _ => false,
                };
                let sides = [(&it.left, &it.right), (&it.right, &it.left)];
                wanted
                    && sides.iter().any(|(given, constant)| {
                        !matches!(given.get_inner_expression(), Expression::Identifier(_))
                            && self.of_given(given)
                            && self.is_account(&self.resolver.expr(constant))
                    })
            }
            _ => false,
        }
    }

    /// `KEEPERS.includes(message.sender)`, `KEEPERS.has(…)`.
    fn lets_in(&self, call: &'a CallExpression<'a>) -> bool {
        let Some(member) = call.callee.get_inner_expression().as_member_expression() else { return false };
        let Some(first) = call.arguments.first().and_then(|it| it.as_expression()) else { return false };
        if !matches!(member.static_property_name(), Some("includes" | "has")) || !self.of_given(first) {
            return false;
        }
        let list = match member.object().get_inner_expression() {
            Expression::Identifier(it) => {
                self.resolver.sole(it).map(|value| match value.get_inner_expression() {
                    Expression::NewExpression(new) => {
                        new.arguments.first().and_then(|it| it.as_expression()).unwrap_or(value)
                    }
                    other => other,
                })
            }
            other => Some(other),
        };
        let elements = list.and_then(|list| self.resolver.elements(&self.resolver.expr(list)));
        elements.is_some_and(|all| !all.is_empty() && all.iter().all(|value| self.is_account(value)))
    }

    /// Accounts and digests that are written down.
    fn is_account(&self, value: &Val<'a>) -> bool {
        match value {
            Val::Num(number) => *number >= MIN_ACCOUNT,
            Val::Str(text) => text.len() >= 32 && text.bytes().all(|b| b.is_ascii_hexdigit()),
            _ => false,
        }
    }

    /// Whether a command line is not a known program's with something put into it.
    fn whole(&self, line: &'a Expression<'a>) -> bool {
        match line.get_inner_expression() {
            Expression::TemplateLiteral(it) => {
                it.quasis.first().is_none_or(|first| first.value.raw.trim().is_empty())
            }
            Expression::BinaryExpression(it) => self.resolver.expr(&it.left).text().is_none(),
            _ => true,
        }
    }

    fn sink(&mut self, name: &str, arguments: &'a [Argument<'a>], range: Range) {
        let Some(first) = arguments.first().and_then(|it| it.as_expression()) else { return };
        let second = arguments.get(1).and_then(|it| it.as_expression());
        let method = name.rsplit('.').next().unwrap_or("");
        let (sink, marked) = match name {
            "global.eval" | "global.Function" => ("marked->dynamic-code", self.is_marked(first, 0)),
            _ if name.starts_with("node:vm.") => ("marked->dynamic-code", self.is_marked(first, 0)),
            _ if name.starts_with("node:child_process.") => match method {
                "exec" | "execSync" => ("marked->process", self.whole(first) && self.is_marked(first, 0)),
                "spawn" | "spawnSync" | "execFile" | "execFileSync" => {
                    let shell = self.resolver.expr(first).as_str().is_some_and(|program| {
                        SHELLS.contains(&program.rsplit(['/', '\\']).next().unwrap_or(program))
                    });
                    let line = shell && second.is_some_and(|list| self.is_marked(list, 0));
                    ("marked->process", line || self.is_marked(first, 0))
                }
                _ => return,
            },
            _ => return,
        };
        if marked {
            self.add(FactKind::Flow, sink, range);
        }
    }

    fn assign(&mut self, names: &[&'a str], value: &'a Expression<'a>) {
        let (given, marked) = (self.of_given(value), self.is_marked(value, 0));
        let words = words(value).all;
        for name in names {
            if given {
                self.frame.given.insert(name);
            }
            if marked {
                self.frame.marked.insert(name);
            }
            if words.len() <= 24 {
                self.frame.words.insert(name, words.clone());
            }
        }
    }

    /// Goes into a function with its parameters.
    fn inside(&mut self, params: &'a FormalParameters<'a>, body: impl FnOnce(&mut Self)) {
        let around = self.frame.clone();
        let names = params.items.iter().flat_map(|item| item.pattern.get_binding_identifiers());
        self.frame.given.extend(names.map(|name| name.name.as_str()));
        body(self);
        self.frame = around;
    }

    fn with_marked(&mut self, marked: bool, body: impl FnOnce(&mut Self)) {
        let before = self.frame.marked.clone();
        if marked {
            self.frame.marked.extend(self.frame.given.iter().copied());
        }
        body(self);
        if marked {
            self.frame.marked = before;
        }
    }
}

/// Whether a branch ends by leaving the function or the turn of a loop.
pub(super) fn leaves(body: &Statement<'_>) -> bool {
    let last = match body {
        Statement::BlockStatement(block) => block.body.last(),
        other => Some(other),
    };
    matches!(
        last,
        Some(Statement::ReturnStatement(_) | Statement::ThrowStatement(_) | Statement::ContinueStatement(_))
    )
}

impl<'a> VisitJs<'a> for Held<'_, '_, '_, '_, 'a, '_> {
    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        let it = self.alloc(it);
        if let Some(body) = &it.body {
            self.keyed(&it.params, &body.statements);
        }
        if let Some(name) = &it.id {
            self.passed(&name.name, it);
        }
        self.inside(&it.params, |held| walk_js::walk_function(held, it, flags));
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        let it = self.alloc(it);
        self.keyed_arrow(it);
        self.inside(&it.params, |held| walk_js::walk_arrow_function_expression(held, it));
    }

    fn visit_method_definition(&mut self, it: &MethodDefinition<'a>) {
        let it = self.alloc(it);
        if let Some(name) = it.key.static_name() {
            self.passed(&name, &it.value);
        }
        walk_js::walk_method_definition(self, it);
    }

    fn visit_object_property(&mut self, it: &ObjectProperty<'a>) {
        let it = self.alloc(it);
        if let Some(name) = it.key.static_name() {
            self.passed_value(&name, &it.value);
        }
        self.policy_opened(it);
        self.form_made(it);
        walk_js::walk_object_property(self, it);
    }

    fn visit_statements(&mut self, it: &oxc_allocator::Vec<'a, Statement<'a>>) {
        let before = self.frame.marked.clone();
        let mut guarded = false;
        for statement in it {
            self.visit_statement(statement);
            // `if (sender !== KEEPER) return;`: the rest is theirs alone.
            if let Statement::IfStatement(branch) = statement
                && branch.alternate.is_none()
                && leaves(&branch.consequent)
                && self.tests(&self.alloc(&**branch).test, true, 0)
            {
                guarded = true;
                self.frame.marked.extend(self.frame.given.iter().copied());
            }
        }
        if guarded {
            self.frame.marked = before;
        }
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        let it = self.alloc(it);
        walk_js::walk_variable_declarator(self, it);
        if let Some(value) = &it.init {
            let names = it.id.get_binding_identifiers();
            let names: Vec<&'a str> = names.iter().map(|name| name.name.as_str()).collect();
            if let [name] = names.as_slice() {
                self.passed_value(name, value);
            }
            self.assign(&names, value);
        }
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        let it = self.alloc(it);
        self.built_in(it);
        self.led_away(it);
        walk_js::walk_assignment_expression(self, it);
        if let AssignmentTarget::AssignmentTargetIdentifier(name) = &it.left {
            self.assign(&[name.name.as_str()], &it.right);
        }
    }

    fn visit_if_statement(&mut self, it: &IfStatement<'a>) {
        let it = self.alloc(it);
        self.by_chance(it);
        self.gives_own(it);
        if let Some(otherwise) = &it.alternate {
            self.random_once(&it.test, it.consequent.span(), otherwise.span());
        }
        self.visit_expression(&it.test);
        let marked = self.tests(&it.test, false, 0);
        self.with_marked(marked, |held| held.visit_statement(&it.consequent));
        if let Some(otherwise) = &it.alternate {
            self.visit_statement(otherwise);
        }
    }

    fn visit_logical_expression(&mut self, it: &LogicalExpression<'a>) {
        let it = self.alloc(it);
        self.dated(it);
        self.own_table(it);
        self.only_in_use(it);
        self.by_likeness(it);
        self.copies_by_default(it);
        self.visit_expression(&it.left);
        let marked = it.operator == LogicalOperator::And && self.tests(&it.left, false, 0);
        self.with_marked(marked, |held| held.visit_expression(&it.right));
    }

    fn visit_for_of_statement(&mut self, it: &ForOfStatement<'a>) {
        let it = self.alloc(it);
        self.looked_through(it);
        walk_js::walk_for_of_statement(self, it);
    }

    fn visit_conditional_expression(&mut self, it: &ConditionalExpression<'a>) {
        let it = self.alloc(it);
        self.swaps(it);
        self.pays_other(it);
        self.unseen_choice(it);
        self.skips(it);
        self.random_once(&it.test, it.consequent.span(), it.alternate.span());
        self.visit_expression(&it.test);
        let marked = self.tests(&it.test, false, 0);
        self.with_marked(marked, |held| held.visit_expression(&it.consequent));
        self.visit_expression(&it.alternate);
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        let it = self.alloc(it);
        if let Val::Name(name) = self.resolver.expr(&it.callee) {
            self.sink(&name, &it.arguments, it.span);
            self.sends(&name, &it.arguments, it.span);
        }
        self.nearest(it);
        self.cut_comparison(it);
        self.maker(&it.callee, &it.arguments, it.span);
        self.unseen(it);
        self.one_more(it);
        self.shares(it);
        self.taken_out(it);
        self.decodes_module(it);
        self.payment_added(it);
        walk_js::walk_call_expression(self, it);
    }

    fn visit_new_expression(&mut self, it: &NewExpression<'a>) {
        let it = self.alloc(it);
        if let Val::Name(name) = self.resolver.expr(&it.callee) {
            self.sink(&name, &it.arguments, it.span);
        }
        self.maker(&it.callee, &it.arguments, it.span);
        walk_js::walk_new_expression(self, it);
    }

    fn visit_import_expression(&mut self, it: &ImportExpression<'a>) {
        let it = self.alloc(it);
        self.loads_decoded(it);
        walk_js::walk_import_expression(self, it);
    }

    fn visit_binary_expression(&mut self, it: &BinaryExpression<'a>) {
        let it = self.alloc(it);
        self.spliced(it);
        self.digest_opens(it);
        walk_js::walk_binary_expression(self, it);
    }

    fn visit_template_literal(&mut self, it: &TemplateLiteral<'a>) {
        let it = self.alloc(it);
        self.spliced_template(it);
        self.numbered_address(it);
        self.planted_collaborator(it);
        self.picture_tells(it);
        walk_js::walk_template_literal(self, it);
    }

    fn visit_array_expression(&mut self, it: &ArrayExpression<'a>) {
        let it = self.alloc(it);
        self.planted_owner(it);
        self.put_in(it);
        self.key_joins(it);
        walk_js::walk_array_expression(self, it);
    }

    fn visit_unary_expression(&mut self, it: &UnaryExpression<'a>) {
        let it = self.alloc(it);
        self.policy_cut(it);
        walk_js::walk_unary_expression(self, it);
    }
}
