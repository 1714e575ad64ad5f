//! Branches that only time and chance, or a date, open.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{BoolOp, CmpOp, Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::super::value::Val;
use super::planted::by_turns;
use super::{Held, words};
use crate::check::parse::harm;
use crate::model::FactKind;

/// Statements of SQL that take rows or tables away: all of them, or any.
struct Statements<'h, 'u, 'i, 'r, 'a> {
    held: &'h Held<'u, 'i, 'r, 'a>,
    whole: Option<TextRange>,
    any: Option<TextRange>,
}

impl<'a> Visitor<'a> for Statements<'_, '_, '_, '_, 'a> {
    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Call(call) = expr
            && let Expr::Attribute(method) = &*call.func
            && matches!(
                method.attr.as_str(),
                "execute" | "executescript" | "exec_driver_sql" | "execute_sql" | "raw"
            )
            && let Some(first) = call.arguments.args.first()
        {
            // `text("DELETE …")` of SQLAlchemy.
            let inner = match first {
                Expr::Call(inner) => inner.arguments.args.first().unwrap_or(first),
                first => first,
            };
            if let Some(text) = self.held.resolver.approximate(inner) {
                let upper = text.trim_start().to_ascii_uppercase();
                let drops = ["DROP TABLE", "DROP DATABASE", "DROP SCHEMA", "TRUNCATE"];
                let whole = drops.iter().any(|start| upper.starts_with(start))
                    || upper.starts_with("DELETE FROM") && !upper.contains("WHERE");
                if whole {
                    self.whole.get_or_insert(call.range());
                }
                if whole || upper.starts_with("DELETE FROM") {
                    self.any.get_or_insert(call.range());
                }
            }
        }
        visitor::walk_expr(self, expr);
    }
}

/// Whether anything draws lots.
struct Lots(bool);

impl<'a> Visitor<'a> for Lots {
    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Call(call) = expr {
            let drawn = matches!(&*call.func, Expr::Attribute(it)
                if harm::CHANCE.contains(&it.attr.as_str()) && matches!(&*it.value, Expr::Name(name) if matches!(name.id.as_str(), "random" | "secrets" | "rng")));
            self.0 |= drawn;
        }
        visitor::walk_expr(self, expr);
    }
}

/// Whether a number is a day or a month of our time as it is written: `20270808`, `202708`.
fn is_written_day(number: i64) -> bool {
    matches!(number, 202_401..=204_012 | 20_240_101..=20_401_231)
}

impl<'a> Held<'_, '_, '_, 'a> {
    /// The words of a condition, with those of what its names were given.
    pub(super) fn condition(&self, test: &'a Expr) -> Vec<&'a str> {
        let mut out = Vec::new();
        for word in words(test).all {
            out.push(word);
            out.extend(self.frame.words.get(word).into_iter().flatten());
        }
        out
    }

    /// A branch that time and chance open and that leaves as if all were well.
    pub(super) fn by_chance(&mut self, test: &'a Expr, body: &'a [Stmt]) {
        let Expr::BoolOp(it) = test else { return };
        let Some(Stmt::Return(leaves)) = body.last() else { return };
        let works =
            leaves.value.as_deref().is_some_and(|value| matches!(value, Expr::Call(_) | Expr::Await(_)));
        if it.op == BoolOp::And && !works && harm::time_and_chance(self.condition(test).into_iter()) {
            self.add(FactKind::Shape, "chance-and-time", test.range());
        }
    }

    /// A branch that a date or chance opens and that empties tables.
    pub(super) fn empties(&mut self, test: &'a Expr, body: &'a [Stmt]) {
        let sides: Vec<&Expr> = match test {
            Expr::BoolOp(it) => it.values.iter().collect(),
            test => vec![test],
        };
        let dated = sides.iter().any(|side| self.after_a_day(side));
        // What goes now and then from a store that fills up has a condition.
        let chance = sides.iter().any(|side| {
            side.is_compare_expr() && words(side).all.iter().any(|word| harm::CHANCE.contains(word))
        });
        if !dated && !chance {
            return;
        }
        let mut statements = Statements { held: self, whole: None, any: None };
        statements.visit_body(body);
        let found = if dated { statements.any } else { statements.whole };
        if let Some(range) = found {
            self.add(FactKind::Shape, "dated-result", range);
        }
    }

    /// From a date on, and only now and then: a branch that a date opens and that draws lots.
    pub(super) fn dated_chance(&mut self, test: &'a Expr, body: &'a [Stmt]) {
        if !self.after_a_day(test) {
            return;
        }
        let mut lots = Lots(false);
        lots.visit_body(body);
        if lots.0 {
            self.add(FactKind::Shape, "dated-result", test.range());
        }
    }

    /// From a date on something else is worked out: `now > DATE and amount > 100`.
    pub(super) fn dated(&mut self, test: &'a Expr) {
        let Expr::BoolOp(it) = test else { return };
        let compares = it.values.iter().filter(|value| matches!(value, Expr::Compare(_))).count();
        if it.op == BoolOp::And && compares > 1 && it.values.iter().any(|side| self.after_a_day(side)) {
            self.add(FactKind::Shape, "dated-result", test.range());
        }
    }

    fn after_a_day(&self, side: &'a Expr) -> bool {
        let Expr::Compare(it) = side else { return false };
        let (Some(op), Some(right)) = (it.ops.first(), it.comparators.first()) else { return false };
        // Every so many days, seconds or starts.
        if *op == CmpOp::Eq
            && let Some(clock) = by_turns(&it.left).or_else(|| by_turns(right))
        {
            let clock = self.condition(clock);
            return clock
                .iter()
                .any(|word| matches!(*word, "time" | "today" | "now" | "utcnow" | "toordinal"));
        }
        let (clock, limit) = match op {
            CmpOp::Gt | CmpOp::GtE => (&*it.left, right),
            CmpOp::Lt | CmpOp::LtE => (right, &*it.left),
            _ => return false,
        };
        // A span of time is no date.
        if matches!(clock, Expr::BinOp(_)) {
            return false;
        }
        let clock = self.condition(clock);
        // `1.8e9`
        if let Expr::NumberLiteral(it) = limit
            && let ruff_python_ast::Number::Float(number) = it.value
        {
            let whole = (0.0..4e12).contains(&number);
            let number = if whole { number as u64 } else { 0 };
            return clock
                .iter()
                .any(|word| *word == "time" && harm::is_day("now", number) || harm::is_day(word, number));
        }
        match self.resolver.expr(limit) {
            Val::Int(number) if is_written_day(number) && clock.contains(&"strftime") => true,
            Val::Int(number) => {
                let number = u64::try_from(number).unwrap_or(0);
                clock
                    .iter()
                    .any(|word| *word == "time" && harm::is_day("now", number) || harm::is_day(word, number))
            }
            Val::Str(text, _) => {
                text.starts_with("20")
                    && text.len() >= 8
                    && text.as_bytes().get(4) == Some(&b'-')
                    && clock.iter().any(|word| matches!(*word, "today" | "now" | "utcnow"))
            }
            Val::Name(name) => {
                matches!(&*name, "datetime.datetime()" | "datetime.date()")
                    && clock.iter().any(|word| matches!(*word, "today" | "now" | "utcnow"))
            }
            _ => false,
        }
    }
}
