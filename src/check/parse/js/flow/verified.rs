//! A download that is compared with a digest which the package carries, before it is used.
//!
//! That is as good as a file of the package: who replaces what lies at the address changes nothing.
//! Asked for is one request in the file; a digest of all that it gave, compared with a constant
//! of this file or of another file of the package; a mismatch that leads away; and that nothing
//! but the data itself is written, started or evaluated.

use oxc_ast::ast::*;
use oxc_span::{GetSpan, Span as Range};
use oxc_syntax::operator::{BinaryOperator, UnaryOperator};

use super::super::bind;
use super::super::value::Val;
use super::plain::leaves;
use super::{Dep, Flows, Node, source};
use crate::model::{Fact, FactKind};

impl<'a> Flows<'_, '_, '_, '_, 'a, '_> {
    /// The data whose digest an `if` compares with a known one, where a mismatch leads away.
    pub(super) fn check_of_digest(&self, it: &'a IfStatement<'a>) -> Option<(u32, Range)> {
        if !leaves(&it.consequent) {
            return None;
        }
        let (left, right) = match it.test.get_inner_expression() {
            Expression::BinaryExpression(test)
                if matches!(test.operator, BinaryOperator::StrictInequality | BinaryOperator::Inequality) =>
            {
                (&test.left, &test.right)
            }
            // `!timingSafeEqual(a, b)`, `!a.equals(b)`
            Expression::UnaryExpression(not) if not.operator == UnaryOperator::LogicalNot => {
                let Expression::CallExpression(call) = not.argument.get_inner_expression() else {
                    return None;
                };
                let first = call.arguments.first()?.as_expression()?;
                let member = call.callee.get_inner_expression().as_member_expression();
                match call.arguments.get(1) {
                    Some(second)
                        if self.resolver.expr(&call.callee).as_name()
                            == Some("node:crypto.timingSafeEqual") =>
                    {
                        (first, second.as_expression()?)
                    }
                    None if member.is_some_and(|it| it.static_property_name() == Some("equals")) => {
                        (member?.object(), first)
                    }
                    _ => return None,
                }
            }
            _ => return None,
        };
        let (data, known) = match (self.digest_of(left, 0), self.digest_of(right, 0)) {
            (Some(data), None) => (data, right),
            (None, Some(data)) => (data, left),
            _ => return None,
        };
        self.is_carried(known, 0).then(|| (data, it.test.span()))
    }

    /// The variable of which an expression is the digest: `createHash(…).update(data).digest(…)`.
    fn digest_of(&self, expression: &'a Expression<'a>, depth: u8) -> Option<u32> {
        match expression.get_inner_expression() {
            Expression::Identifier(name) if depth < 4 => self.digest_of(self.resolver.sole(name)?, depth + 1),
            Expression::CallExpression(call) => {
                let digest = call.callee.get_inner_expression().as_member_expression()?;
                let Expression::CallExpression(update) = digest.object().get_inner_expression() else {
                    return None;
                };
                let member = update.callee.get_inner_expression().as_member_expression()?;
                let Expression::CallExpression(hash) = member.object().get_inner_expression() else {
                    return None;
                };
                let names = (digest.static_property_name(), member.static_property_name());
                if names != (Some("digest"), Some("update"))
                    || self.resolver.expr(&hash.callee).as_name() != Some("node:crypto.createHash")
                    || !self.strong(hash)
                {
                    return None;
                }
                match update.arguments.first()? {
                    Argument::Identifier(data) => {
                        bind::symbol(self.resolver.scoping, data).map(|symbol| symbol.index() as u32)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Digests that nobody can forge.
    fn strong(&self, hash: &'a CallExpression<'a>) -> bool {
        let name = hash.arguments.first().and_then(|it| it.as_expression()).map(|it| self.resolver.expr(it));
        let name =
            name.and_then(|name| name.text()).unwrap_or_default().to_ascii_lowercase().replace('-', "");
        matches!(
            name.as_str(),
            "sha256" | "sha384" | "sha512" | "sha3256" | "sha3512" | "blake2b512" | "blake2s256"
        )
    }

    /// Whether an expression is a constant of the package: a text, an entry of a table, or
    /// something out of another of its files that no one can change by a request.
    fn is_carried(&self, expression: &'a Expression<'a>, depth: u8) -> bool {
        if depth > 6 {
            return false;
        }
        match self.resolver.expr(expression) {
            Val::Str(_) => return true,
            Val::Object(_) => return true,
            Val::Name(name) => {
                return self
                    .elsewhere(&name)
                    .is_some_and(|call| call.modules.iter().all(|module| module.ends_with(".json")));
            }
            _ => {}
        }
        match expression.get_inner_expression() {
            Expression::Identifier(name) => {
                self.resolver.sole(name).is_some_and(|value| self.is_carried(value, depth + 1))
            }
            Expression::StaticMemberExpression(member) => self.is_carried(&member.object, depth + 1),
            Expression::ComputedMemberExpression(member) => self.is_carried(&member.object, depth + 1),
            // `Buffer.from(known, 'hex')`, `known.toLowerCase()`
            Expression::CallExpression(call) => {
                let bytes = self.resolver.expr(&call.callee).as_name() == Some("global.Buffer.from");
                let first = call.arguments.first().and_then(Argument::as_expression).filter(|_| bytes);
                let plain = call.callee.get_inner_expression().as_member_expression().filter(|member| {
                    matches!(member.static_property_name(), Some("toLowerCase" | "trim" | "toUpperCase"))
                });
                first
                    .or_else(|| plain.map(|member| member.object()))
                    .is_some_and(|known| self.is_carried(known, depth + 1))
            }
            _ => false,
        }
    }

    /// The fact, where all that is asked for holds.
    pub(super) fn verified(&mut self) -> Option<Fact> {
        if self.requests != 1 {
            return None;
        }
        let &[(data, range)] = self.checked.as_slice() else { return None };
        let net = source("net");
        let sinks = std::mem::take(&mut self.sinks);
        let mut uses = 0;
        let clean =
            sinks.iter().filter(|sink| !matches!(sink.name, "net" | "written->process")).all(|sink| {
                sink.deps.iter().all(|dep| match dep {
                    Dep::Source(kind, _) => *kind != net,
                    Dep::Node(node) | Dep::Part(node, _) => {
                        let of_data = *node == Node::Read(data);
                        uses += u32::from(of_data);
                        let at = self.id(*node);
                        of_data || self.taints[at][net].is_none()
                    }
                })
            });
        self.sinks = sinks;
        let span = self.unit.place.span(range);
        (clean && uses > 0).then(|| Fact::new(FactKind::Call, "verified-download", span))
    }
}
