//! Accounts that are put in place of those that were given.

use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::{Ranged, TextRange};

use super::super::scope::Def;
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
        if self.are_accounts(list, 0) {
            self.add(FactKind::Shape, "account-swap", call.range());
        }
    }

    /// Whether a list holds constant accounts and nothing else, some of them left out or not.
    fn are_accounts(&self, list: &'a Expr, depth: u8) -> bool {
        if let Val::List(values) = self.resolver.expr(list) {
            return values.len() > 1
                && values.iter().all(|value| value.as_str().is_some_and(harm::is_account));
        }
        let of = |elt: &'a Expr, generators: &'a [ruff_python_ast::Comprehension]| {
            let [only] = generators else { return false };
            let same =
                matches!((elt, &only.target), (Expr::Name(one), Expr::Name(other)) if one.id == other.id);
            same && self.are_accounts(&only.iter, depth + 1)
        };
        match list {
            _ if depth > 3 => false,
            Expr::ListComp(it) => of(&it.elt, &it.generators),
            Expr::SetComp(it) => of(&it.elt, &it.generators),
            Expr::Generator(it) => of(&it.elt, &it.generators),
            Expr::Call(it) => {
                let callee = self.resolver.callee(it);
                let at = match callee.as_name() {
                    Some("builtins.list" | "builtins.set" | "builtins.tuple" | "builtins.sorted") => 0,
                    Some("builtins.filter") => 1,
                    _ => return false,
                };
                it.arguments.args.get(at).is_some_and(|list| self.are_accounts(list, depth + 1))
            }
            Expr::Name(name) => {
                let scopes = &self.resolver.scopes;
                let symbol = scopes.symbol(name).and_then(|symbol| scopes.symbols.get(symbol));
                match symbol.map(|symbol| symbol.defs.as_slice()) {
                    Some([place]) => {
                        matches!(place.def, Def::Value(value) if self.are_accounts(value, depth + 1))
                    }
                    _ => false,
                }
            }
            _ => false,
        }
    }
}
