//! Calls of functions of other files.

use std::collections::HashMap;

use oxc_ast::ast::*;
use oxc_span::Span as Range;

use super::super::bind::{Base, symbol};
use super::super::emit;
use super::super::value::Val;
use super::{Dep, Flows, Node};
use crate::check::flow::{Call, MAX_PARTS, OUTSIDE};

/// Endings that an import may leave out.
const ENDINGS: &[&str] = &[".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"];

/// Longest name of another package's function, in bytes.
const MAX_NAME: usize = 200;

/// The calls of one file, by number.
#[derive(Debug, Default)]
pub struct Outside {
    /// What each one calls.
    pub calls: Vec<Call>,
    /// By the place and the name.
    numbers: HashMap<(Range, String), u32>,
}

impl<'a> Flows<'_, '_, '_, '_, 'a, '_> {
    /// The file and the name in it that a name stands for, where it is of another file.
    pub(super) fn elsewhere(&self, name: &str) -> Option<Call> {
        if !name.starts_with('.') {
            return None;
        }
        let relative = &self.resolver.bindings.relative;
        let fits = |specifier: &&&str| {
            name.strip_prefix(**specifier)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || rest.starts_with("()"))
        };
        let specifier = relative.iter().filter(fits).max_by_key(|specifier| specifier.len())?;
        let mut member = name.get(specifier.len()..)?.replace("()", "");
        for bound in [".call", ".apply", ".bind"] {
            if let Some(rest) = member.strip_suffix(bound) {
                member.truncate(rest.len());
            }
        }
        let path = emit::join(self.unit.path, specifier);
        let module = ENDINGS.iter().find_map(|ending| path.strip_suffix(ending)).unwrap_or(&path);
        let modules = vec![module.strip_suffix("/index").unwrap_or(module).to_owned()];
        Some(Call { modules, name: member.trim_start_matches('.').to_owned() })
    }

    /// The number of a call of another package's function. Those that are known are not asked for.
    pub(super) fn foreign(&self, name: &str, range: Range) -> Option<u32> {
        let ours = ["global", "node:", "."].iter().any(|start| name.starts_with(start));
        if ours || name.len() > MAX_NAME || self.resolver.api.capability(name).is_some() {
            return None;
        }
        let call = Call { modules: vec![OUTSIDE.to_owned()], name: name.replace("()", "") };
        self.numbered(call, range)
    }

    fn number(&self, name: &str, range: Range, value: bool) -> Option<u32> {
        let mut call = self.elsewhere(name)?;
        if value {
            call.name = format!("={}", call.name);
        }
        self.numbered(call, range)
    }

    fn numbered(&self, call: Call, range: Range) -> Option<u32> {
        let mut outside = self.outside.borrow_mut();
        let key = (range, call.name.clone());
        if let Some(&number) = outside.numbers.get(&key) {
            return Some(number);
        }
        if outside.calls.len() >= MAX_PARTS {
            return None;
        }
        let number = outside.calls.len() as u32;
        outside.numbers.insert(key, number);
        outside.calls.push(call);
        Some(number)
    }

    /// The number of what another file sets for all.
    pub(super) fn carried_call(&self, call: Call) -> Option<u32> {
        self.numbered(call, Range::new(0, 0))
    }

    /// The number of a call of that name, where it is another file's.
    pub(super) fn outside(&self, name: &str, range: Range) -> Option<u32> {
        self.number(name, range, false)
    }

    /// What a value of another file is.
    pub(super) fn outside_value(&self, value: &Val<'a>) -> Option<Dep<'a>> {
        let name = value.as_name()?;
        // All uses of a value are one; its file is part of the name.
        let number = self.elsewhere(name).and_then(|call| {
            let file = call.modules.concat();
            let hash =
                file.bytes().fold(0u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
            self.number(name, Range::new(hash, hash), true)
        })?;
        Some(Dep::Node(Node::Result(number)))
    }

    /// A function of another file among the arguments of a call.
    pub(super) fn outside_callback(&self, argument: &'a Argument<'a>) -> Option<u32> {
        let expression = argument.as_expression()?;
        let value = self.resolver.expr(expression);
        self.outside(value.as_name()?, oxc_span::GetSpan::span(expression))
    }

    /// One argument of such a call.
    pub(super) fn argue(&mut self, number: u32, at: u32, deps: Vec<Dep<'a>>) {
        if deps.is_empty() || self.arguments.len() >= MAX_PARTS {
            return;
        }
        // The nodes must exist before taint is spread.
        for dep in &deps {
            if let Dep::Node(node) | Dep::Part(node, _) = dep {
                self.id(*node);
            }
        }
        self.arguments.push((number, at, deps));
    }

    /// The arguments of such a call from `skip` on.
    pub(super) fn argue_all(&mut self, number: u32, arguments: &'a [Argument<'a>], skip: usize) {
        for (at, argument) in arguments.iter().skip(skip).take(16).enumerate() {
            let mut deps = Vec::new();
            self.arguments(std::slice::from_ref(argument), 0, &mut deps);
            self.argue(number, at as u32, deps);
        }
    }

    /// What a call hands to another file, or to functions that this one was given.
    pub(super) fn crossing(&mut self, call: &'a CallExpression<'a>, callee: &Val<'a>) {
        if let Some(number) = callee.as_name().and_then(|name| self.outside(name, call.span)) {
            let member = call.callee.get_inner_expression().as_member_expression();
            let skip = match member.and_then(|member| member.static_property_name()) {
                Some("call" | "bind" | "apply") => 1,
                _ => 0,
            };
            self.argue_all(number, &call.arguments, skip);
            return;
        }
        if let Some(number) = callee.as_name().and_then(|name| self.foreign(name, call.span)) {
            self.argue_all(number, &call.arguments, 0);
        }
        if let Expression::Identifier(identifier) = call.callee.get_inner_expression() {
            // `setImmediate(send, data)` calls `send(data)`.
            let skip = match identifier.name.as_str() {
                "setImmediate" | "queueMicrotask" => Some(1),
                "setTimeout" | "setInterval" => Some(2),
                _ => None,
            };
            match (symbol(self.resolver.scoping, identifier), skip) {
                (None, Some(skip)) => self.deferred(call, skip),
                (Some(symbol), _) => {
                    let defs = self.resolver.bindings.defs.get(symbol.index()).map_or(&[][..], Vec::as_slice);
                    let func = defs.iter().find_map(|def| match def.base {
                        Base::Param(func, _) => Some(func),
                        _ => None,
                    });
                    if let Some(func) = func {
                        let mut deps = Vec::new();
                        self.arguments(&call.arguments, 0, &mut deps);
                        self.feed(Node::Handed(func), &deps);
                    }
                }
                _ => {}
            }
        } else if callee.as_name() == Some("global.process.nextTick") {
            self.deferred(call, 1);
        }
    }

    fn deferred(&mut self, call: &'a CallExpression<'a>, skip: usize) {
        let Some(argument) = call.arguments.first() else { return };
        if let Some(number) = self.outside_callback(argument) {
            self.argue_all(number, &call.arguments, skip);
        } else if let Some(Val::Func(func)) = argument.as_expression().map(|it| self.resolver.expr(it)) {
            for (at, argument) in call.arguments.iter().skip(skip).take(16).enumerate() {
                let mut deps = Vec::new();
                self.arguments(std::slice::from_ref(argument), 0, &mut deps);
                self.param(func, at, &deps);
            }
        }
    }
}
