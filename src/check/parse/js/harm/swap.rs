//! Accounts that are put in place of those that were given.

use oxc_ast::ast::*;
use oxc_ast_visit::{VisitJs, walk_js};
use oxc_span::GetSpan;
use oxc_syntax::operator::BinaryOperator;
use oxc_syntax::scope::ScopeFlags;

use super::super::planted::PAYEES;
use super::super::value::{Val, member};
use super::{Held, MAX_DEPTH, Words};
use crate::check::parse::harm;
use crate::model::FactKind;

/// The names in a loop, and whether it keeps what compares best.
#[derive(Default)]
struct Compared<'a> {
    words: Words<'a>,
    compares: bool,
}

impl<'a> VisitJs<'a> for Compared<'a> {
    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        self.words.names.push(it.name.as_str());
    }
    fn visit_binary_expression(&mut self, it: &BinaryExpression<'a>) {
        self.compares |= matches!(
            it.operator,
            BinaryOperator::LessThan
                | BinaryOperator::GreaterThan
                | BinaryOperator::LessEqualThan
                | BinaryOperator::GreaterEqualThan
        );
        walk_js::walk_binary_expression(self, it);
    }
}

impl<'a> Held<'_, '_, '_, '_, 'a, '_> {
    fn is_money(&self, expression: &'a Expression<'a>) -> bool {
        self.resolver
            .expr(expression)
            .as_str()
            .is_some_and(|text| harm::is_account(text) || self.is_number(text))
            || self.is_redirected(expression)
    }

    /// `{ ...given, to: OWN }`, or a list of only that: a payment that was given, with another payee.
    fn is_redirected(&self, expression: &'a Expression<'a>) -> bool {
        let object = match expression.get_inner_expression() {
            Expression::ArrayExpression(list) if list.elements.len() <= 2 => {
                list.elements.first().and_then(|one| one.as_expression())
            }
            other => Some(other),
        };
        let Some(Expression::ObjectExpression(object)) = object.map(Expression::get_inner_expression) else {
            return false;
        };
        let given = object.properties.iter().any(|property| match property {
            ObjectPropertyKind::SpreadProperty(spread) => self.of_given(&spread.argument),
            ObjectPropertyKind::ObjectProperty(_) => false,
        });
        given
            && member(object, PAYEES)
                .is_some_and(|payee| self.resolver.expr(payee).as_str().is_some_and(harm::is_account))
    }

    /// `amount < 100 ? account : OWN`: what is given, or a constant account.
    pub(super) fn swaps(&mut self, it: &'a ConditionalExpression<'a>) {
        let (one, other) = (&it.consequent, &it.alternate);
        let either = self.is_money(one) && self.of_given(other) || self.is_money(other) && self.of_given(one);
        let asks = matches!(
            it.test.get_inner_expression(),
            Expression::BinaryExpression(_)
                | Expression::LogicalExpression(_)
                | Expression::CallExpression(_)
        );
        if either && asks {
            self.add(FactKind::Shape, "account-swap", it.span);
        }
    }

    /// Whether an expression is a list of accounts that are written down, or one that is chosen out of
    /// an object of such lists: `POOL[chain]`, `Object.values(POOL).flat()`.
    fn are_accounts(&self, list: &'a Expression<'a>, depth: u32) -> bool {
        if depth > MAX_DEPTH {
            return false;
        }
        let value = self.resolver.expr(list);
        if let Some(elements) = self.resolver.elements(&value) {
            return elements.len() > 1
                && elements.iter().all(|one| one.as_str().is_some_and(harm::is_account));
        }
        match list.get_inner_expression() {
            Expression::Identifier(name) => {
                self.resolver.sole(name).is_some_and(|value| self.are_accounts(value, depth + 1))
            }
            Expression::ComputedMemberExpression(member) => self.holds_accounts(&member.object, depth),
            Expression::ChainExpression(chain) => match &chain.expression {
                ChainElement::ComputedMemberExpression(member) => self.holds_accounts(&member.object, depth),
                _ => false,
            },
            Expression::LogicalExpression(it) => self.are_accounts(&it.left, depth + 1),
            Expression::CallExpression(call) => {
                let name = self.resolver.expr(&call.callee);
                if name.as_name() == Some("global.Object.values") {
                    let first = call.arguments.first().and_then(Argument::as_expression);
                    return first.is_some_and(|first| self.holds_accounts(first, depth));
                }
                let member = call.callee.get_inner_expression().as_member_expression();
                member.is_some_and(|member| match member.static_property_name() {
                    Some("flat" | "slice" | "filter" | "toSorted" | "concat") => {
                        self.are_accounts(member.object(), depth + 1)
                    }
                    // A `Map` of lists.
                    Some("get") => self.holds_accounts(member.object(), depth),
                    _ => false,
                })
            }
            _ => false,
        }
    }

    /// Whether all that an object holds is accounts, or lists of them; of more than one.
    fn holds_accounts(&self, object: &'a Expression<'a>, depth: u32) -> bool {
        let Val::Object(object) = self.resolver.expr(object) else { return false };
        let mut count = 0;
        let all = object.properties.iter().take(64).all(|property| match property {
            ObjectPropertyKind::ObjectProperty(property) => {
                let value = self.resolver.expr(&property.value);
                let elements = self.resolver.elements(&value).filter(|_| value.as_str().is_none());
                let elements = elements.unwrap_or_else(|| vec![value]);
                count += elements.len();
                !elements.is_empty() && elements.iter().all(|one| one.as_str().is_some_and(harm::is_account))
            }
            ObjectPropertyKind::SpreadProperty(_) => false,
        });
        all && count > 1 && depth <= MAX_DEPTH
    }

    /// `for (const own of ACCOUNTS) if (likeness(own, given) > best) …`
    pub(super) fn looked_through(&mut self, it: &'a ForOfStatement<'a>) {
        if !self.are_accounts(&it.right, 0) {
            return;
        }
        let mut inside = Compared::default();
        inside.visit_statement(&it.body);
        if inside.compares && inside.words.names.iter().any(|name| self.frame.given.contains(name)) {
            self.add(FactKind::Shape, "account-swap", it.right.span());
        }
    }

    /// `ACCOUNTS.sort((a, b) => …)[0]`, `ACCOUNTS.reduce(…)`: the constant account that is nearest to
    /// what is given.
    pub(super) fn nearest(&mut self, call: &'a CallExpression<'a>) {
        let Some(member) = call.callee.get_inner_expression().as_member_expression() else { return };
        if !matches!(member.static_property_name(), Some("sort" | "toSorted" | "reduce" | "reduceRight")) {
            return;
        }
        let mut list = member.object().get_inner_expression();
        for _ in 0..4 {
            list = match list {
                Expression::CallExpression(inner) => {
                    match inner.callee.get_inner_expression().as_member_expression() {
                        Some(member) => member.object().get_inner_expression(),
                        None => return,
                    }
                }
                Expression::Identifier(name) => match self.resolver.sole(name) {
                    Some(value) => value.get_inner_expression(),
                    None => break,
                },
                // `[...ACCOUNTS]`
                Expression::ArrayExpression(copy) => match copy.elements.as_slice() {
                    [ArrayExpressionElement::SpreadElement(spread)] => spread.argument.get_inner_expression(),
                    _ => break,
                },
                _ => break,
            };
        }
        let all = self.are_accounts(list, 0);
        let Some(by) = call.arguments.first().and_then(|it| it.as_expression()) else { return };
        let range = by.span();
        // The order or choice asks for something given outside of it.
        let mut inside = Words::default();
        match by.get_inner_expression() {
            Expression::ArrowFunctionExpression(it) => {
                walk_js::walk_arrow_function_expression(&mut inside, it)
            }
            Expression::FunctionExpression(it) => {
                walk_js::walk_function(&mut inside, it, ScopeFlags::empty())
            }
            _ => return,
        }
        // Or for a distance that a function of its own takes from it.
        let by_given = || inside.uses.iter().any(|name| self.takes_given(name));
        if all && (inside.names.iter().any(|name| self.frame.given.contains(name)) || by_given()) {
            self.add(FactKind::Shape, "account-swap", range);
        }
    }
}
