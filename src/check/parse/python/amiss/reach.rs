//! Reach that few programs have a use for: rights of another user, the memory of another process, keys
//! that may log in.

use ruff_python_ast::{Expr, ExprCall, Operator};
use ruff_text_size::Ranged;

use super::{Amiss, any_in, called, given, words};
use crate::check::parse::python::value::Val;

/// How the blobs of keys begin: the names of their kinds in base64.
const KEYS: &[&str] = &["AAAAC3NzaC1lZDI1NTE5", "AAAAB3NzaC1yc2E", "AAAAE2VjZHNhLXNoYTIt"];
/// The bit that has a program run with its owner's rights.
const SET_UID: i64 = 0o4000;

impl<'a> Amiss<'_, '_, '_, 'a> {
    pub(super) fn powers(&mut self, call: &'a ExprCall) {
        match called(call) {
            "chmod" | "fchmod" | "lchmod" => {
                let sets = given(call).any(|mode| {
                    // `mode & ~S_ISUID` takes it away.
                    !any_in(mode, &|one| matches!(one, Expr::UnaryOp(_)))
                        && any_in(mode, &|one| match one {
                            Expr::NumberLiteral(_) | Expr::BinOp(_) => {
                                matches!(self.resolver.expr(one), Val::Int(number) if number & SET_UID != 0 && number <= 0o7777)
                            }
                            one => super::named(one) == "S_ISUID",
                        })
                });
                if sets {
                    self.add("set-uid", call.range());
                }
            }
            "open" => {
                let memory = call.arguments.args.first().into_iter().chain(match &*call.func {
                    Expr::Attribute(it) => Some(&*it.value),
                    _ => None,
                });
                if memory.into_iter().any(|path| self.is_memory(path)) {
                    self.add("foreign-memory", call.range());
                }
            }
            _ => {}
        }
    }

    /// A key in a file that writes to where keys are kept that may log in.
    pub(super) fn lets_log_in(&mut self, expr: &'a Expr) {
        let Expr::StringLiteral(it) = expr else { return };
        let text = it.value.to_str();
        let key = KEYS.iter().filter_map(|start| text.find(start)).any(|at| {
            let key = text.get(at..).unwrap_or_default();
            let key = key
                .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/')))
                .next()
                .unwrap_or_default();
            let mut kinds: Vec<u8> = key.bytes().collect();
            kinds.sort_unstable();
            kinds.dedup();
            key.len() >= 64 && kinds.len() > 24
        });
        if key && self.mentions("authorized_keys") {
            self.add("foreign-key", expr.range());
        }
    }

    /// `f"/proc/{pid}/mem"`, `PROC / pid / "mem"`
    fn is_memory(&self, path: &'a Expr) -> bool {
        if let Some(text) = self.resolver.approximate(path)
            && text.starts_with("/proc/")
            && (text.ends_with("/mem") || text.ends_with("/environ"))
        {
            return !text.contains("/self/");
        }
        match path {
            Expr::BinOp(it) if it.op == Operator::Div => {
                self.str(&it.right).is_some_and(|last| last == "mem" || last == "environ")
                    && words(&it.left).iter().any(|word| word.to_ascii_lowercase().contains("proc"))
            }
            _ => false,
        }
    }
}
