//! Accounts that are put in place of those that were given.

use oxc_ast::ast::*;
use oxc_ast_visit::walk_js;
use oxc_span::GetSpan;
use oxc_syntax::scope::ScopeFlags;

use super::{Held, Words};
use crate::check::parse::harm;
use crate::model::FactKind;

impl<'a> Held<'_, '_, '_, '_, 'a, '_> {
    fn is_money(&self, expression: &'a Expression<'a>) -> bool {
        self.resolver.expr(expression).as_str().is_some_and(harm::is_account)
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
                _ => break,
            };
        }
        let elements = self.resolver.elements(&self.resolver.expr(list)).unwrap_or_default();
        let all = elements.len() > 1 && elements.iter().all(|one| one.as_str().is_some_and(harm::is_account));
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
        if all && inside.names.iter().any(|name| self.frame.given.contains(name)) {
            self.add(FactKind::Shape, "account-swap", range);
        }
    }
}
