//! Conditions on date, host, user or build machine around what reaches out.

use std::ops::Range;

use syn::{Block, Expr, Stmt};

use super::facts::Raw;
use super::fold::{Value, taint};
use super::walk::Walk;
use crate::model::{CapabilityKind, FactKind};

/// Whether a block ends by leaving the function.
pub fn leaves(block: &Block) -> bool {
    match block.stmts.last() {
        Some(Stmt::Expr(Expr::Return(_), _)) => true,
        Some(Stmt::Expr(Expr::Call(call), _)) => matches!(&*call.func, Expr::Path(path)
            if path.path.segments.last().is_some_and(|last| last.ident == "exit" || last.ident == "abort")),
        _ => false,
    }
}

impl Walk {
    /// The guard that a condition of that value is, if it is one; its text is filled in later.
    pub(super) fn guard(&self, value: &Value, range: Range<usize>) -> Option<Raw> {
        let name = if value.taint & taint::CLOCK != 0 && value.taint & taint::DATE != 0 {
            "time-bomb"
        } else if value.taint & taint::CI != 0 {
            "ci"
        } else if value.taint & taint::HOST != 0 {
            "host"
        } else {
            return None;
        };
        Some(Raw::new(FactKind::Guard, name, range))
    }

    /// Reports a guard if what came after `from` reaches the network, a process or new code.
    pub(super) fn guarded(&mut self, guard: Raw, from: usize) {
        use CapabilityKind::{DynamicCode, Net, Process};
        let reaches = |raw: &Raw| matches!(raw.capability, Some(Net | Process | DynamicCode));
        if self.raws.iter().skip(from).any(reaches) {
            self.raws.push(guard);
        }
    }
}
