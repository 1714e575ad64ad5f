//! Branches that only time and chance, or a date, open.

use oxc_ast::ast::*;
use oxc_span::GetSpan;
use oxc_syntax::operator::{BinaryOperator, LogicalOperator};

use super::super::bind::{self, Base, Def};
use super::super::value::Val;
use super::{Held, words};
use crate::check::parse::harm;
use crate::model::FactKind;

impl<'a> Held<'_, '_, '_, '_, 'a, '_> {
    /// The words of a condition, with those of what its names were given.
    pub(super) fn condition(&self, test: &Expression<'a>) -> Vec<&'a str> {
        let mut out = Vec::new();
        for word in words(test).all {
            out.push(word);
            out.extend(self.frame.words.get(word).into_iter().flatten());
        }
        out
    }

    /// A branch that time and chance open and that leaves as if all were well.
    pub(super) fn by_chance(&mut self, it: &'a IfStatement<'a>) {
        let Expression::LogicalExpression(test) = it.test.get_inner_expression() else { return };
        let last = match &it.consequent {
            Statement::BlockStatement(block) => block.body.last(),
            other => Some(other),
        };
        let Some(Statement::ReturnStatement(leaves)) = last else { return };
        let works = leaves.argument.as_ref().is_some_and(|value| match value.get_inner_expression() {
            Expression::CallExpression(call) => {
                self.resolver.expr(&call.callee).as_name() != Some("global.Promise.resolve")
            }
            Expression::AwaitExpression(_) => true,
            _ => false,
        });
        if test.operator == LogicalOperator::And
            && !works
            && harm::time_and_chance(self.condition(&it.test).into_iter())
        {
            self.add(FactKind::Shape, "chance-and-time", it.test.span());
        }
    }

    /// `late ? frame : await this.send(frame)`: after some time, and only now and then, what should have
    /// been done is only said to be.
    pub(super) fn skips(&mut self, it: &'a ConditionalExpression<'a>) {
        let condition = self.condition(&it.test);
        let time = condition.iter().any(|word| harm::TIME.contains(word));
        let test = match it.test.get_inner_expression() {
            Expression::Identifier(name) => self.resolver.sole(name).unwrap_or(&it.test),
            _ => &it.test,
        };
        let text = self.written(test.span());
        let joined = text.contains("&&");
        let lots = text.contains('%') || condition.iter().any(|word| harm::CHANCE.contains(word));
        if !time || !joined || !lots {
            return;
        }
        for (kept, done) in [(&it.consequent, &it.alternate), (&it.alternate, &it.consequent)] {
            let Expression::Identifier(kept) = kept.get_inner_expression() else { continue };
            let done = match done.get_inner_expression() {
                Expression::AwaitExpression(it) => it.argument.get_inner_expression(),
                other => other,
            };
            let Expression::CallExpression(call) = done else { continue };
            let same = call.arguments.iter().filter_map(Argument::as_expression).any(|argument| {
                matches!(argument.get_inner_expression(), Expression::Identifier(name) if name.name == kept.name)
            });
            if same {
                self.add(FactKind::Shape, "chance-and-time", it.span);
                return;
            }
        }
    }

    /// From a date on something else is worked out: `Date.now() > DATE && amount > 100`.
    pub(super) fn dated(&mut self, it: &'a LogicalExpression<'a>) {
        if it.operator != LogicalOperator::And {
            return;
        }
        let mut sides = Vec::new();
        let mut todo = vec![&it.left, &it.right];
        while let Some(side) = todo.pop() {
            match side.get_inner_expression() {
                Expression::LogicalExpression(inner) if inner.operator == LogicalOperator::And => {
                    todo.extend([&inner.left, &inner.right]);
                }
                Expression::BinaryExpression(compare)
                    if compare.operator.is_compare() || compare.operator.is_equality() =>
                {
                    sides.push(compare);
                }
                _ => {}
            }
        }
        // `date >= FIRST && date < LAST`: a range that something given is looked for in.
        let given = |side: &BinaryExpression<'a>| match side.left.get_inner_expression() {
            Expression::Identifier(name) => self.is_param(name).then_some(name.name.as_str()),
            _ => None,
        };
        let ranges = sides.len() == 2
            && match (given(sides[0]), given(sides[1])) {
                (Some(one), Some(other)) => one == other,
                _ => false,
            };
        // Between two dates: a table of versions, an encoding of years.
        let between =
            matches!(sides.as_slice(), [one, other] if self.against_a_day(one) && self.against_a_day(other));
        if sides.len() > 1 && !ranges && !between && sides.iter().any(|side| self.after_a_day(side)) {
            self.add(FactKind::Shape, "dated-result", it.span);
        }
    }

    /// Whether a name is a parameter and nothing else.
    fn is_param(&self, name: &IdentifierReference<'a>) -> bool {
        let symbol = bind::symbol(self.resolver.scoping, name);
        let defs = symbol.and_then(|symbol| self.resolver.bindings.defs.get(symbol.index()));
        matches!(defs.map(Vec::as_slice), Some([Def { base: Base::Param(..), .. }]))
    }

    fn after_a_day(&self, it: &'a BinaryExpression<'a>) -> bool {
        match it.operator {
            BinaryOperator::GreaterThan | BinaryOperator::GreaterEqualThan => {
                self.is_day(&it.left, &it.right)
            }
            BinaryOperator::LessThan | BinaryOperator::LessEqualThan => self.is_day(&it.right, &it.left),
            _ => false,
        }
    }

    /// Whether a time is compared with a date that is written down, whichever is the later.
    fn against_a_day(&self, it: &'a BinaryExpression<'a>) -> bool {
        it.operator.is_compare() && (self.is_day(&it.left, &it.right) || self.is_day(&it.right, &it.left))
    }

    fn is_day(&self, clock: &'a Expression<'a>, limit: &'a Expression<'a>) -> bool {
        // A span of time is no date.
        if matches!(clock.get_inner_expression(), Expression::BinaryExpression(_)) {
            return false;
        }
        let words = self.condition(clock);
        let asks = words.contains(&"Date")
            || words.iter().any(|word| harm::names_a_clock(&word.to_ascii_lowercase()));
        let day = |value: &Val<'a>| {
            matches!(value, Val::Num(n) if words.iter().any(|word| {
                let word = if *word == "Date" { "now" } else { word };
                harm::is_day(word, *n as u64)
            }))
        };
        let value = match limit.get_inner_expression() {
            Expression::Identifier(name) => self.resolver.sole(name).unwrap_or(limit),
            _ => limit,
        };
        let written = match value.get_inner_expression() {
            Expression::NewExpression(new) => {
                new.callee.is_specific_id("Date") && self.constants(&new.arguments)
            }
            Expression::CallExpression(call) => {
                matches!(
                    self.resolver.expr(&call.callee).as_name(),
                    Some("global.Date.UTC" | "global.Date.parse")
                ) && self.constants(&call.arguments)
            }
            other => day(&self.resolver.expr(other)),
        };
        asks && written
    }

    fn constants(&self, arguments: &'a [Argument<'a>]) -> bool {
        !arguments.is_empty()
            && arguments
                .iter()
                .all(|it| it.as_expression().is_some_and(|it| self.resolver.expr(it).text().is_some()))
    }
}
