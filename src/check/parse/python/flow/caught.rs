//! What a function sees that took another's place: one that is put over a function of another
//! module, or that stands between a web server and its answers.

use ruff_python_ast::Expr;
use ruff_text_size::TextRange;

use super::super::scope::{FuncId, Param};
use super::super::value::Val;
use super::taint::Taint;
use super::{Flows, names};
use crate::check::flow::far;

/// Members of a log's handler and of tests, which are put in place as a matter of course.
const USUAL: &[&str] = &["excepthook", "stdout", "stderr", "displayhook", "showwarning"];

impl<'a> Flows<'_, '_, '_, 'a> {
    /// `requests.Session.request = own`: from now on `own` is handed what was meant for the other.
    pub(super) fn replaces(&mut self, target: &'a Expr, value: &'a Expr) {
        let Expr::Attribute(it) = target else { return };
        let Val::Func(func) = self.resolver.expr(value) else { return };
        let object = self.resolver.expr(&it.value);
        let Some(name) = object.as_name() else { return };
        let top = name.split('.').next().unwrap_or(name);
        let known = names::is_library(top) || self.resolver.api.reach(name).is_some();
        if known && !name.contains("()") && !USUAL.contains(&it.attr.as_str()) {
            self.changed |= self.catching.insert(func);
        }
    }

    /// Whether a function is handed what others send: by its place, or by the way it is called.
    pub(super) fn catches(&self, func: FuncId) -> bool {
        if self.catching.contains(&func) {
            return true;
        }
        let it = &self.resolver.scopes.funcs[func];
        let params: Vec<&str> = it.params.iter().map(|param| param.name).collect();
        match (it.name, params.as_slice()) {
            // PEP 3333; ASGI; Django; Starlette.
            ("__call__", [_, "environ", ..] | [_, "scope", "receive", "send"] | [_, "request"])
            | ("dispatch", [_, "request", "call_next"])
            | ("process_request" | "process_view" | "process_response", [_, "request", ..]) => {
                it.class.is_some()
            }
            _ => false,
        }
    }

    /// A source that a parameter is; it stands at its name, for the way that is shown.
    pub(super) fn given(&self, source: &'static str, param: &Param<'a>) -> Taint {
        let symbol = &self.resolver.scopes.symbols[param.symbol];
        let at = symbol.defs.first().map_or(0, |place| place.at);
        let len = u32::try_from(param.name.len()).unwrap_or(0);
        Taint::source(source, TextRange::new(at.into(), (at + len).into()))
    }

    /// Whether an address is written down.
    pub(super) fn is_fixed(&self, address: &'a Expr) -> bool {
        self.resolver.approximate(address).is_some_and(|text| far(&text))
    }
}
