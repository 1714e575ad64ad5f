//! A page that leads, or sends, to a host that is written down: forms that are submitted there, links that are
//! changed on the way, pictures that carry data; and modules whose address is decoded.

use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::super::literal;
use super::Held;
use crate::check::parse::harm::{PAYEE, says};
use crate::model::FactKind;

/// What makes a text of data that leaves in an address.
const PACKS: &[&str] =
    &["JSON.stringify", "btoa(", "base64", "document.cookie", "localStorage", "encodeURIComponent(JSON"];
/// What keeps a picture from being seen.
const UNSEEN: &[&str] =
    &["width=1", "width=\"1\"", "width='1'", "height=1", "height=\"1\"", "display:none", "hidden"];

impl<'a> Held<'_, '_, '_, '_, 'a, '_> {
    /// Whether an expression is an address of a host that is written down.
    fn leads_away(&self, value: &'a Expression<'a>) -> bool {
        let Some(text) = self.resolver.approximate(value) else { return false };
        let host = literal::url(&text).map_or("", literal::host);
        !host.is_empty() && !host.contains('?') && host != "localhost" && host != "127.0.0.1"
    }

    /// `form.action = 'https://…'` in a file that submits forms, `a.href = 'https://…?to=' + a.href`.
    pub(super) fn led_away(&mut self, it: &'a AssignmentExpression<'a>) {
        let AssignmentTarget::StaticMemberExpression(member) = &it.left else { return };
        match member.property.name.as_str() {
            "action" if self.submits() && self.leads_away(&it.right) => {
                self.add(FactKind::Shape, "form-elsewhere", it.span);
            }
            "href" | "src" if self.leads_away(&it.right) => {
                let old = self.written(member.span);
                if self.written(it.right.span()).contains(old) {
                    self.add(FactKind::Shape, "link-rewritten", it.span);
                }
            }
            _ => {}
        }
    }

    /// `Object.assign(form, { action: 'https://…' }).submit()`
    pub(super) fn form_made(&mut self, it: &'a ObjectProperty<'a>) {
        if it.key.static_name().as_deref() == Some("action") && self.submits() && self.leads_away(&it.value) {
            self.add(FactKind::Shape, "form-elsewhere", it.span);
        }
    }

    fn submits(&self) -> bool {
        [".submit()", ".requestSubmit("].iter().any(|call| self.unit.text.contains(call))
    }

    /// `<img width=1 src="https://…/${btoa(JSON.stringify(data))}">`
    pub(super) fn picture_tells(&mut self, it: &'a TemplateLiteral<'a>) {
        let parts: Vec<&str> = it.quasis.iter().map(|part| part.value.raw.as_str()).collect();
        let Some(before) = parts.first().filter(|_| !it.expressions.is_empty()) else { return };
        let Some(tag) = before.rfind("<img").or_else(|| before.rfind("<script")) else { return };
        let Some(address) = before.get(tag..).and_then(|tag| Some(tag.rsplit_once("src=")?.1)) else {
            return;
        };
        let far = literal::url(address.trim_start_matches(['"', '\''])).map_or("", literal::host);
        if far.is_empty() || address.contains('>') {
            return;
        }
        let first = it.expressions.first().map_or("", |value| self.written(value.span()));
        let packs = PACKS.iter().any(|part| first.contains(part));
        let unseen = UNSEEN.iter().any(|part| parts.iter().any(|text| text.contains(part)));
        if packs || unseen && first.contains('(') {
            self.add(FactKind::Shape, "picture-tells", it.span);
        }
    }

    /// `import(atob(name))`: nobody who reads the program sees what it loads.
    pub(super) fn loads_decoded(&mut self, it: &'a ImportExpression<'a>) {
        let source = self.written(it.source.span());
        let decodes = ["atob(", "'base64'", "\"base64\"", "'base64url'", "fromCharCode", "'hex'", "\"hex\""];
        if decodes.iter().any(|part| source.contains(part)) {
            self.add(FactKind::Shape, "decoded-import", it.span);
        }
    }

    /// `instructions.push(transfer({ from, to: OWN }))`: one payment more than was asked for.
    pub(super) fn payment_added(&mut self, it: &'a CallExpression<'a>) {
        let Some(member) = it.callee.get_inner_expression().as_member_expression() else { return };
        if !matches!(member.static_property_name(), Some("push" | "unshift" | "add")) {
            return;
        }
        let Some(Expression::CallExpression(made)) =
            it.arguments.first().and_then(Argument::as_expression).map(Expression::get_inner_expression)
        else {
            return;
        };
        if !self.written(made.callee.span()).to_ascii_lowercase().contains("transfer") {
            return;
        }
        let own = |value: &'a Expression<'a>| match value.get_inner_expression() {
            Expression::StringLiteral(_) => true,
            Expression::Identifier(name) => {
                name.name.len() > 2
                    && name.name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
            }
            Expression::NewExpression(made) => made
                .arguments
                .first()
                .and_then(Argument::as_expression)
                .is_some_and(|key| self.resolver.expr(key).as_str().is_some()),
            _ => false,
        };
        let pays = made.arguments.iter().filter_map(Argument::as_expression).any(|argument| {
            let Expression::ObjectExpression(object) = argument.get_inner_expression() else { return false };
            object.properties.iter().any(|property| match property {
                ObjectPropertyKind::ObjectProperty(one) => {
                    one.key
                        .static_name()
                        .is_some_and(|name| name == "to" || name.starts_with("toPub") || says(&name, PAYEE))
                        && own(&one.value)
                }
                ObjectPropertyKind::SpreadProperty(_) => false,
            })
        });
        if pays {
            self.add(FactKind::Shape, "payment-added", it.span);
        }
    }
}
