//! What a page keeps for its user, sent to a host that is written down.

use oxc_ast::ast::*;
use oxc_span::Span as Range;

use super::super::literal;
use super::super::value::Val;
use super::{Held, MAX_DEPTH};
use crate::model::FactKind;

impl<'a> Held<'_, '_, '_, '_, 'a, '_> {
    /// Cookies and the whole storage of a page, sent to a host that is written down.
    pub(super) fn sends(&mut self, name: &str, arguments: &'a [Argument<'a>], range: Range) {
        let root = name.split('.').next().unwrap_or("");
        if !(matches!(name, "global.fetch" | "global.navigator.sendBeacon")
            || matches!(root, "axios" | "ky" | "superagent"))
        {
            return;
        }
        let Some(to) = arguments.first().and_then(|it| it.as_expression()) else { return };
        let Some(to) = self.resolver.approximate(to) else { return };
        let host = literal::url(&to).map_or("", literal::host);
        if host.is_empty() || host.contains('?') || host == "localhost" {
            return;
        }
        let keeps = to.contains("?") && self.kept(arguments.first().and_then(|it| it.as_expression()), 0);
        if keeps || arguments.iter().skip(1).any(|it| self.kept(it.as_expression(), 0)) {
            self.add(FactKind::Flow, "browser->net", range);
        }
    }

    /// Whether an expression holds all cookies or the whole storage.
    fn kept(&self, expression: Option<&'a Expression<'a>>, depth: u32) -> bool {
        let Some(expression) = expression.map(|it| it.get_inner_expression()).filter(|_| depth < MAX_DEPTH)
        else {
            return false;
        };
        if let Val::Name(name) = self.resolver.expr(expression)
            && matches!(
                &*name,
                "global.document.cookie"
                    | "global.localStorage"
                    | "global.sessionStorage"
                    | "global.window.localStorage"
                    | "global.window.document.cookie"
            )
        {
            return true;
        }
        let next = |expression| self.kept(Some(expression), depth + 1);
        match expression {
            Expression::Identifier(it) => self.resolver.sole(it).is_some_and(next),
            Expression::ObjectExpression(it) => it.properties.iter().any(|property| match property {
                ObjectPropertyKind::ObjectProperty(property) => {
                    // A header by that name goes where the page's own go.
                    !property.key.static_name().is_some_and(|key| {
                        key.eq_ignore_ascii_case("cookie")
                            && matches!(property.value, Expression::CallExpression(_))
                    }) && next(&property.value)
                }
                ObjectPropertyKind::SpreadProperty(spread) => next(&spread.argument),
            }),
            Expression::TemplateLiteral(it) => it.expressions.iter().any(next),
            Expression::BinaryExpression(it) => next(&it.left) || next(&it.right),
            Expression::ArrayExpression(it) => {
                it.elements.iter().filter_map(|it| it.as_expression()).any(next)
            }
            Expression::NewExpression(it) => {
                it.arguments.iter().filter_map(|it| it.as_expression()).any(next)
            }
            Expression::CallExpression(call) => {
                let whole = matches!(
                    self.resolver.expr(&call.callee).as_name(),
                    Some(
                        "global.JSON.stringify"
                            | "global.btoa"
                            | "global.encodeURIComponent"
                            | "global.String"
                            | "global.Object.entries"
                            | "global.Object.assign"
                    )
                );
                whole && call.arguments.iter().filter_map(|it| it.as_expression()).any(next)
            }
            _ => false,
        }
    }
}
