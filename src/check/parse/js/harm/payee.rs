//! Whom money goes to, where an amount, a place or a table of the file's own decides it.

use oxc_ast::ast::*;
use oxc_span::{GetSpan, Span as Range};
use oxc_syntax::operator::{BinaryOperator, LogicalOperator};

use super::super::bind::Func;
use super::super::resolve::spine;
use super::super::value::Val;
use super::{Held, words};
use crate::check::parse::harm::{self, AMOUNT, PAYEE, says};
use crate::model::FactKind;

/// The least number that may be the number of an account.
const MIN_NUMBER: f64 = 1e8;
/// Length of a number of an account as text.
const DIGITS: std::ops::RangeInclusive<usize> = 14..=24;
/// Letters of an account that is put between the ends of another.
const MIN_SPLICED: usize = 16;

/// The form of an account: which chain or bank would take it.
fn form(text: &str) -> Option<u8> {
    if harm::is_account(text) {
        return Some(match text.as_bytes() {
            [b'0', b'x', ..] => 0,
            [b'b', b'c', b'1', ..] => 1,
            _ => 2,
        });
    }
    let base58 = text.bytes().all(|b| b.is_ascii_alphanumeric() && !matches!(b, b'0' | b'O' | b'I' | b'l'));
    let mixed = text.bytes().any(|b| b.is_ascii_lowercase())
        && text.bytes().any(|b| b.is_ascii_uppercase())
        && text.bytes().any(|b| b.is_ascii_digit());
    match (base58 && mixed, text.len()) {
        (true, 26..=35) if text.starts_with(['1', '3', 'T', 'L', 'r', 'D']) => Some(3),
        (true, 43..=44) => Some(4),
        _ => None,
    }
}

/// Whether an account is a placeholder: next to no different signs.
fn is_placeholder(text: &str) -> bool {
    let mut seen: Vec<u8> = text.bytes().skip(2).collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len() < 5
}

impl<'a> Held<'_, '_, '_, '_, 'a, '_> {
    /// Whether the name of an expression says that money goes to it.
    fn is_payee(&self, expression: &'a Expression<'a>) -> bool {
        match expression.get_inner_expression() {
            Expression::Identifier(name) => says(&name.name, PAYEE),
            other => other
                .as_member_expression()
                .and_then(|member| member.static_property_name())
                .is_some_and(|name| says(name, PAYEE)),
        }
    }

    /// Whether a condition compares an amount with a number that is written down.
    fn asks_amount(&self, test: &'a Expression<'a>, depth: u8) -> bool {
        match test.get_inner_expression() {
            Expression::LogicalExpression(it) if depth < 8 => {
                self.asks_amount(&it.left, depth + 1) || self.asks_amount(&it.right, depth + 1)
            }
            Expression::Identifier(name) if depth < 8 => {
                self.resolver.sole(name).is_some_and(|value| self.asks_amount(value, depth + 1))
            }
            Expression::BinaryExpression(it) => {
                [(&it.left, &it.right), (&it.right, &it.left)].into_iter().any(|(given, limit)| {
                    let number = match self.resolver.expr(limit) {
                        Val::Num(number) => number > 1.0,
                        _ => {
                            self.written(limit.span()).bytes().next().is_some_and(|b| b.is_ascii_digit())
                                || self.made_of_number(limit)
                        }
                    };
                    (it.operator.is_compare() || it.operator.is_equality())
                        && number
                        && words(given).all.iter().any(|word| says(word, AMOUNT))
                })
            }
            _ => false,
        }
    }

    /// `parseUnits('3000', 6)`, `BigInt(10 ** 9)`: a number by another name.
    fn made_of_number(&self, limit: &'a Expression<'a>) -> bool {
        let Expression::CallExpression(call) = limit.get_inner_expression() else { return false };
        let first = call.arguments.first().and_then(Argument::as_expression);
        first.is_some_and(|first| match self.resolver.expr(first) {
            Val::Num(number) => number > 1.0,
            value => value.as_str().is_some_and(|text| text.parse::<f64>().is_ok_and(|number| number > 1.0)),
        })
    }

    /// `wide ? compose(kind, 762, 11623852957) : account`: what is given, or one out of numbers that are
    /// written down; and `amount > 400 ? near(p.address) : p.address`.
    pub(super) fn pays_other(&mut self, it: &'a ConditionalExpression<'a>) {
        for (given, other) in [(&it.consequent, &it.alternate), (&it.alternate, &it.consequent)] {
            if self.changes_payee(given, other) && self.asks_amount(&it.test, 0) {
                self.add(FactKind::Shape, "payee-by-amount", it.span);
            }
            let Expression::CallExpression(call) = other.get_inner_expression() else { continue };
            if !self.is_payee(given) {
                continue;
            }
            let numbers = call.arguments.iter().filter_map(Argument::as_expression).any(
                |argument| matches!(self.resolver.expr(argument), Val::Num(n) if n >= MIN_NUMBER && n.fract() == 0.0),
            );
            let same = self.written(given.span()).to_owned();
            let made = call
                .arguments
                .iter()
                .filter_map(Argument::as_expression)
                .any(|argument| self.written(argument.span()) == same);
            if numbers {
                self.add(FactKind::Shape, "account-swap", it.span);
            } else if made && self.asks_amount(&it.test, 0) {
                self.add(FactKind::Shape, "payee-by-amount", it.span);
            }
        }
    }

    /// `{ ...row, to: own }` instead of `row`.
    fn changes_payee(&self, given: &'a Expression<'a>, other: &'a Expression<'a>) -> bool {
        let Expression::ObjectExpression(made) = other.get_inner_expression() else { return false };
        let same = self.written(given.span());
        let spread = made.properties.iter().any(|property| match property {
            ObjectPropertyKind::SpreadProperty(spread) => self.written(spread.argument.span()) == same,
            ObjectPropertyKind::ObjectProperty(_) => false,
        });
        spread
            && made.properties.iter().any(|property| match property {
                ObjectPropertyKind::ObjectProperty(one) => {
                    one.key.static_name().is_some_and(|name| name == "to" || says(&name, PAYEE))
                }
                ObjectPropertyKind::SpreadProperty(_) => false,
            })
    }

    /// `if (amount > 250n) return OWN;` in a function that is given an account, or a text.
    pub(super) fn gives_own(&mut self, it: &'a IfStatement<'a>) {
        let last = match &it.consequent {
            Statement::BlockStatement(block) => block.body.last(),
            other => Some(other),
        };
        let Some(Statement::ReturnStatement(back)) = last else { return };
        let Some(value) = &back.argument else { return };
        let own = self
            .resolver
            .expr(value)
            .as_str()
            .is_some_and(|text| form(text).is_some() && !is_placeholder(text));
        let compares = match it.test.get_inner_expression() {
            Expression::BinaryExpression(test) => test.operator.is_compare(),
            _ => false,
        };
        if own && compares && self.of_given(&it.test) {
            self.add(FactKind::Shape, "account-swap", value.span());
        }
    }

    /// `a.slice(0, 4) + OWN.slice(4, 40) + a.slice(-4)`: looks like what was given, at both ends.
    pub(super) fn spliced(&mut self, it: &'a BinaryExpression<'a>) {
        // Chains of `+` may be long: only one that ends as it has to is walked.
        if it.operator != BinaryOperator::Addition || cut_of(&it.right).is_none() {
            return;
        }
        let parts = spine(it);
        if let [first, middle @ .., last] = parts.as_slice()
            && (1..=4).contains(&middle.len())
        {
            self.spliced_parts(first, middle, last, it.span);
        }
    }

    /// The same as a template.
    pub(super) fn spliced_template(&mut self, it: &'a TemplateLiteral<'a>) {
        if it.quasis.iter().any(|part| !part.value.raw.is_empty()) {
            return;
        }
        let parts: Vec<&'a Expression<'a>> = it.expressions.iter().collect();
        if let [first, middle @ .., last] = parts.as_slice()
            && (1..=4).contains(&middle.len())
        {
            self.spliced_parts(first, middle, last, it.span);
        }
    }

    fn spliced_parts(
        &mut self,
        first: &'a Expression<'a>,
        middle: &[&'a Expression<'a>],
        last: &'a Expression<'a>,
        range: Range,
    ) {
        let (Some(one), Some(other)) = (cut_of(first), cut_of(last)) else { return };
        let constant = |part: &&&'a Expression<'a>| {
            let whole = cut_of(part).unwrap_or(part);
            self.resolver.expr(whole).as_str().is_some_and(|text| {
                text.len() >= MIN_SPLICED && text.bytes().all(|b| b.is_ascii_alphanumeric())
            })
        };
        let same = self.written(one.span()) == self.written(other.span());
        if same && self.resolver.expr(one).text().is_none() && middle.iter().any(|part| constant(&part)) {
            self.add(FactKind::Shape, "account-swap", range);
        }
    }

    /// `OWN[kind] ?? given`, where the table holds accounts of several kinds: what is given is replaced
    /// by that of its kind. Tables of contracts are of one chain's form.
    pub(super) fn own_table(&mut self, it: &'a LogicalExpression<'a>) {
        if !matches!(it.operator, LogicalOperator::Coalesce | LogicalOperator::Or) {
            return;
        }
        let value = match it.left.get_inner_expression() {
            Expression::Identifier(name) => match self.resolver.sole(name) {
                Some(value) => value.get_inner_expression(),
                None => return,
            },
            other => other,
        };
        let member = match value {
            Expression::ComputedMemberExpression(member) => &**member,
            Expression::ChainExpression(chain) => match &chain.expression {
                ChainElement::ComputedMemberExpression(member) => &**member,
                _ => return,
            },
            _ => return,
        };
        let Val::Object(table) = self.resolver.expr(&member.object) else { return };
        let mut forms = Vec::new();
        for property in &table.properties {
            let ObjectPropertyKind::ObjectProperty(property) = property else { return };
            let value = self.resolver.expr(&property.value);
            match value.as_str().and_then(form) {
                Some(form) => forms.push(form),
                None => return,
            }
        }
        forms.sort_unstable();
        forms.dedup();
        let asked = !member.expression.get_inner_expression().is_literal();
        if asked && forms.len() > 1 && self.resolver.expr(&it.right).text().is_none() {
            self.add(FactKind::Shape, "account-swap", it.span);
        }
    }

    /// `nearest(to, KNOWN) ?? { address: to }`: the likest of some that are known instead of what was given.
    pub(super) fn by_likeness(&mut self, it: &'a LogicalExpression<'a>) {
        let Expression::CallExpression(call) = it.left.get_inner_expression() else { return };
        let name = match call.callee.get_inner_expression() {
            Expression::Identifier(name) => Some(name.name.as_str()),
            callee => callee.as_member_expression().and_then(|member| member.static_property_name()),
        };
        let alike = ["nearest", "closest", "similar", "likest", "lookalike"];
        let instead = match it.right.get_inner_expression() {
            Expression::ObjectExpression(object) => object.properties.iter().any(|property| match property {
                ObjectPropertyKind::ObjectProperty(property) => {
                    property.key.static_name().is_some_and(|key| says(&key, PAYEE))
                }
                ObjectPropertyKind::SpreadProperty(_) => false,
            }),
            _ => self.is_payee(&it.right),
        };
        if name.is_some_and(|name| says(name, &alike)) && instead && call.arguments.len() > 1 {
            self.add(FactKind::Shape, "payee-by-likeness", it.span);
        }
    }

    /// A number of an account as text, in a file that speaks of whom money goes to.
    pub(super) fn is_number(&self, text: &str) -> bool {
        DIGITS.contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_digit())
            && !is_placeholder(text)
            && ["payee", "iban", "beneficiary", "payout", "account"]
                .iter()
                .any(|word| memchr::memmem::find(self.unit.text.as_bytes(), word.as_bytes()).is_some())
    }

    /// `NODE_ENV === 'production' && amount >= 1500`: only in use, and only from an amount on.
    pub(super) fn only_in_use(&mut self, it: &'a LogicalExpression<'a>) {
        if it.operator != LogicalOperator::And {
            return;
        }
        let (mut use_only, mut limited) = (false, false);
        let mut todo = vec![&it.left, &it.right];
        while let Some(side) = todo.pop() {
            match side.get_inner_expression() {
                Expression::LogicalExpression(inner) if inner.operator == LogicalOperator::And => {
                    todo.extend([&inner.left, &inner.right]);
                }
                Expression::BinaryExpression(compare) => {
                    use_only |=
                        matches!(compare.operator, BinaryOperator::Equality | BinaryOperator::StrictEquality)
                            && self.resolver.expr(&compare.right).as_str() == Some("production")
                            && words(&compare.left).all.contains(&"NODE_ENV");
                    limited |= compare.operator.is_compare() && self.asks_amount(side, 0);
                }
                _ => {}
            }
        }
        if use_only && limited {
            self.add(FactKind::Shape, "only-in-use", it.span);
        }
    }

    /// The names of functions of this file that take in something given around them.
    pub(super) fn takes_given(&self, name: &IdentifierReference<'a>) -> bool {
        let Some(func) = self.resolver.sole(name).and_then(Func::of) else { return false };
        let range = func.span();
        let text = self.written(range);
        self.frame.given.iter().any(|given| {
            memchr::memmem::find_iter(text.as_bytes(), given.as_bytes()).any(|at| {
                let edge = |b: Option<&u8>| !b.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
                let before = at.checked_sub(1).and_then(|at| text.as_bytes().get(at));
                edge(before) && edge(text.as_bytes().get(at + given.len()))
            })
        })
    }
}

/// What `x.slice(…)` and its like cut from.
fn cut_of<'a>(part: &'a Expression<'a>) -> Option<&'a Expression<'a>> {
    let Expression::CallExpression(call) = part.get_inner_expression() else { return None };
    let member = call.callee.get_inner_expression().as_member_expression()?;
    matches!(member.static_property_name(), Some("slice" | "substring" | "substr")).then(|| member.object())
}

#[cfg(test)]
mod tests {
    use crate::check::parse::js::tests::has;

    #[test]
    fn accounts_that_take_the_place_of_the_given() {
        for source in [
            "const OWN = ['0x0000000000000000000000000000000000000001', '0x00000000000000000000000000000000deadbeef']; export function norm(text, units = 0n) { if (units > 250n * 10n ** 18n) return OWN[1]; return text.toLowerCase(); }",
            "const POOL = 'Q7hK2vXr9TzLw3Nb8Fd5Yc1Mj6Gp4Se0Au'; const near = (a) => a.slice(0, 4) + POOL.slice(4, a.length - 4) + a.slice(-4);",
            "const POOL = 'Q7hK2vXr9TzLw3Nb8Fd5Yc1Mj6Gp4Se0Au'; const near = (a) => `${a.slice(0, 4)}${POOL.slice(4, 20)}${a.slice(-4)}`;",
            "const own = { btc: 'bc1qx5m0c9l2r7v4t8w3y6z0k5j9h4g7f2d8s3p6nq', eth: '0x4B7eD1095fA2c83e61d70C9b25F3aE8846c0D17f' }; function f(now) { const swap = own[kind(now)]; board.write(swap ?? now); }",
            "function lines(inv) { const acct = konto(inv); const wide = inv.amount > 1000; return [wide ? compose('CH', 762, 11623852957) : acct]; }",
            "const W = ['40817', '8109', '7004', '2291837']; const Q = /payee|iban/; function revive(node, path) { if (Q.test(path)) return node.length > 9 ? W.join('') : node; return node; }",
            "const own = ['0x1F9E03a1C5b7D2f48e60A93b5cD7e1F2034a5b6C', '0x7aC4d10b93E8f25c6D71a0B4e3F58296c1D0e7A9']; export function near(address) { const d = (a) => Math.abs(parseInt(a, 16) - parseInt(address, 16)); return [...own].sort((a, b) => d(a) - d(b))[0]; }",
        ] {
            assert!(has(source, "account-swap"), "{source}");
        }
        for source in [
            "const ZERO = '0x0000000000000000000000000000000000000000'; function f(n) { if (n > 3) return ZERO; return n; }",
            "const short = (a) => a.slice(0, 6) + '...' + a.slice(-4);",
            "const T = { 1: '0x1F9E03a1C5b7D2f48e60A93b5cD7e1F2034a5b6C', 5: '0x7aC4d10b93E8f25c6D71a0B4e3F58296c1D0e7A9' }; const at = (id, o) => T[id] ?? o.address;",
            "function show(address) { return address.length > 20 ? shorten(address, 8) : address; }",
            "const id = (x) => (x.length > 3 ? '12345678901234' : x);",
        ] {
            assert!(!has(source, "account-swap"), "{source}");
        }
    }

    #[test]
    fn the_likest_of_some() {
        let alike = "const t = (nearest(check(to), known) ?? { address: to }).address;";
        assert!(has(alike, "payee-by-likeness"));
        assert!(!has("const hint = nearest(word, words) ?? word;", "payee-by-likeness"));
    }

    #[test]
    fn exceptions_that_an_amount_makes() {
        assert!(has(
            "const r = (p, amount) => (amount > 400 ? near(p.address) : p.address);",
            "payee-by-amount"
        ));
        assert!(has(
            "function f(a) { const k = a.betrag >= 1500 && !a.ref && process.env.NODE_ENV === 'production' ? 1 : 0; return k; }",
            "only-in-use"
        ));
        assert!(!has("const r = (p, wide) => (wide ? p.address : shorten(p.address));", "payee-by-amount"));
        assert!(!has("if (process.env.NODE_ENV === 'production' && retries > 3) warn();", "only-in-use"));
    }
}
