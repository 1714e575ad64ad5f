//! Accounts that are put in place of those that were given.

use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::{Ranged, TextRange};

use super::super::value::Val;
use super::Held;
use crate::check::parse::harm;
use crate::model::FactKind;

impl<'a> Held<'_, '_, '_, 'a> {
    fn is_money(&self, expr: &'a Expr) -> bool {
        self.text(expr).is_some_and(|text| harm::is_account(&text))
    }

    /// `account if amount < 100 else OWN`: what is given, or a constant account.
    pub(super) fn swaps(&mut self, test: &'a Expr, one: &'a Expr, other: &'a Expr, range: TextRange) {
        let either = self.is_money(one) && self.of_given(other) || self.is_money(other) && self.of_given(one);
        if either && matches!(test, Expr::Compare(_) | Expr::BoolOp(_) | Expr::Call(_)) {
            self.add(FactKind::Shape, "account-swap", range);
        }
    }

    /// `min(ACCOUNTS, key=lambda one: distance(one, account))`: the constant account that is nearest.
    pub(super) fn nearest(&mut self, call: &'a ExprCall) {
        let callee = self.resolver.callee(call);
        let at = match callee.as_name() {
            Some("builtins.min" | "builtins.max" | "builtins.sorted")
                if call.arguments.find_keyword("key").is_some() =>
            {
                0
            }
            Some("difflib.get_close_matches") => 1,
            _ => return,
        };
        let Some(list) = call.arguments.args.get(at) else { return };
        let all = match self.resolver.expr(list) {
            Val::List(values) => {
                values.len() > 1 && values.iter().all(|value| value.as_str().is_some_and(harm::is_account))
            }
            _ => false,
        };
        if all {
            self.add(FactKind::Shape, "account-swap", call.range());
        }
    }
}
