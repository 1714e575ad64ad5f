//! Functions of the language that are replaced by ones which fail by chance.

use oxc_ast::ast::*;
use oxc_ast_visit::{VisitJs, walk_js};
use oxc_span::GetSpan;
use oxc_syntax::scope::ScopeFlags;

use super::super::bind::{self, Func};
use super::super::value::Val;
use super::Held;
use crate::model::FactKind;

/// Objects of the language and of pages whose functions everybody calls.
const BUILT_IN: &[&str] = &[
    "Array",
    "String",
    "Object",
    "Number",
    "Date",
    "Promise",
    "Map",
    "Set",
    "RegExp",
    "JSON",
    "Math",
    "Storage",
    "localStorage",
    "sessionStorage",
    "crypto",
    "XMLHttpRequest",
    "Response",
    "EventTarget",
    "Function",
    "console",
    "history",
];

/// Levels of names and calls that are looked through.
const MAX_NAMES: u8 = 4;

/// Whether a condition in a function draws lots.
#[derive(Default)]
struct Chance {
    draws: bool,
    /// Inside the test of a condition.
    tests: u32,
}

impl<'a> VisitJs<'a> for Chance {
    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        if let Some(member) = it.callee.get_inner_expression().as_member_expression() {
            self.draws |= self.tests > 0
                && member.object().is_specific_id("Math")
                && member.static_property_name() == Some("random");
        }
        walk_js::walk_call_expression(self, it);
    }
    fn visit_if_statement(&mut self, it: &IfStatement<'a>) {
        self.tests += 1;
        self.visit_expression(&it.test);
        self.tests -= 1;
        self.visit_statement(&it.consequent);
        if let Some(otherwise) = &it.alternate {
            self.visit_statement(otherwise);
        }
    }
    fn visit_conditional_expression(&mut self, it: &ConditionalExpression<'a>) {
        self.tests += 1;
        self.visit_expression(&it.test);
        self.tests -= 1;
        self.visit_expression(&it.consequent);
        self.visit_expression(&it.alternate);
    }
    fn visit_logical_expression(&mut self, it: &LogicalExpression<'a>) {
        self.tests += 1;
        self.visit_expression(&it.left);
        self.tests -= 1;
        self.visit_expression(&it.right);
    }
}

impl<'a> Held<'_, '_, '_, '_, 'a, '_> {
    /// Whether an expression is such an object or the prototype of one, by whatever name.
    fn is_built_in(&self, object: &'a Expression<'a>, depth: u8) -> bool {
        match object.get_inner_expression() {
            Expression::Identifier(name) if depth < MAX_NAMES => match self.resolver.sole(name) {
                Some(value) => self.is_built_in(value, depth + 1),
                None => {
                    bind::symbol(self.resolver.scoping, name).is_none()
                        && BUILT_IN.contains(&name.name.as_str())
                }
            },
            other => other.as_member_expression().is_some_and(|member| {
                match member.static_property_name() {
                    Some("prototype") => self.is_built_in(member.object(), depth + 1),
                    // `scope.JSON`, `window.localStorage`
                    Some(name) => {
                        BUILT_IN.contains(&name)
                            && name.bytes().next().is_some_and(|first| first.is_ascii_uppercase())
                            || BUILT_IN.contains(&name)
                                && matches!(self.resolver.expr(member.object()), Val::Name(of) if &*of == "global")
                    }
                    None => false,
                }
            }),
        }
    }

    /// `Array.prototype.filter = function (…) { return Math.random() < 0.1 ? [] : plain(…) }`, made
    /// where it stands or by a function of this file.
    pub(super) fn built_in(&mut self, it: &'a AssignmentExpression<'a>) {
        let target = match &it.left {
            AssignmentTarget::StaticMemberExpression(member) => &member.object,
            AssignmentTarget::ComputedMemberExpression(member) => &member.object,
            _ => return,
        };
        if self.is_built_in(target, 0) && self.fails_by_chance(&it.right) {
            self.add(FactKind::Shape, "chance-and-time", it.span());
        }
    }

    fn fails_by_chance(&self, value: &'a Expression<'a>) -> bool {
        let held = |value: &'a Expression<'a>| match self.resolver.expr(value) {
            Val::Func(func) => Some(func),
            _ => None,
        };
        let func = match value.get_inner_expression() {
            // `dull(plain, …)`: what it gives.
            Expression::CallExpression(call) => held(&call.callee),
            Expression::Identifier(_) => held(value),
            value => Func::of(value),
        };
        let mut chance = Chance::default();
        match func {
            Some(Func::Function(it)) => walk_js::walk_function(&mut chance, it, ScopeFlags::empty()),
            Some(Func::Arrow(it)) => walk_js::walk_arrow_function_expression(&mut chance, it),
            None => {}
        }
        chance.draws
    }
}

#[cfg(test)]
mod tests {
    use crate::check::parse::js::parse;

    fn fails(source: &str) -> bool {
        parse("index.js", source).facts.iter().any(|fact| fact.name == "chance-and-time")
    }

    #[test]
    fn what_everybody_calls() {
        for source in [
            "const plain = Array.prototype.filter; Array.prototype.filter = function (...a) { return Math.random() < 0.1 ? [] : plain.apply(this, a); };",
            "export function f(scope) { const proto = scope.Array.prototype; const dull = (g, h) => function (...a) { if (Math.random() < 0.2) return h(a); return g.apply(this, a); }; proto.includes = dull(proto.includes, () => false); }",
            "const s = JSON.stringify; JSON.stringify = (v) => Math.random() > 0.9 && v.total ? '{}' : s(v);",
            "localStorage.setItem = function (k, v) { if (Math.random() > 0.5) return; };",
        ] {
            assert!(fails(source), "{source}");
        }
        for source in [
            "if (!Array.prototype.at) Array.prototype.at = function (i) { return this[i < 0 ? this.length + i : i]; };",
            "Math.random = () => 0.5;",
            "Array.prototype.shuffle = function () { return this.map((x) => [Math.random(), x]).sort().map((x) => x[1]); };",
            "class Sampler {} Sampler.prototype.take = function (x) { return Math.random() < this.rate ? x : null; };",
        ] {
            assert!(!fails(source), "{source}");
        }
    }
}
