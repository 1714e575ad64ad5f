//! A download that is compared with a digest which the file carries, before anything else is done.
//!
//! That is as good as a file of the package: who replaces what lies at the address changes nothing.
//! Asked for is one request in the file, a strong digest of all that one variable holds, compared
//! with a constant, and a mismatch that leads away.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{CmpOp, Expr, Stmt, StmtIf, UnaryOp};
use ruff_text_size::Ranged;

use super::Unit;
use super::resolve::Resolver;
use super::scope::Def;
use crate::model::{CapabilityKind, Fact, FactKind};

/// Digests that nobody can match on purpose.
const STRONG: &[&str] = &[
    "hashlib.sha256",
    "hashlib.sha384",
    "hashlib.sha512",
    "hashlib.sha3_256",
    "hashlib.sha3_512",
    "hashlib.blake2b",
    "hashlib.blake2s",
];
/// Shortest digest in hexadecimal.
const DIGITS: usize = 56;

/// Adds the fact where all that is asked for holds.
pub fn run<'a>(unit: &Unit<'_, '_>, resolver: &Resolver<'a>, body: &'a [Stmt], facts: &mut Vec<Fact>) {
    // `Request(…)` describes one and sends nothing.
    let requests = facts.iter().filter(|fact| {
        fact.capability == Some(CapabilityKind::Net)
            && fact.kind == FactKind::Call
            && !fact.name.ends_with(".Request")
            && !fact.name.contains("()")
    });
    if requests.count() != 1 {
        return;
    }
    let mut checks = Checks { resolver, found: None };
    checks.visit_body(body);
    if let Some(found) = checks.found {
        facts.push(Fact::new(FactKind::Call, "verified-download", unit.place.span(found.test.range())));
    }
}

struct Checks<'r, 'a> {
    resolver: &'r Resolver<'a>,
    found: Option<&'a StmtIf>,
}

impl<'a> Visitor<'a> for Checks<'_, 'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        if let Stmt::If(it) = stmt
            && self.found.is_none()
            && leads_away(&it.body)
            && self.mismatch(&it.test)
        {
            self.found = Some(it);
        }
        visitor::walk_stmt(self, stmt);
    }
}

/// Whether nothing after a branch is reached from it.
fn leads_away(body: &[Stmt]) -> bool {
    match body.last() {
        Some(Stmt::Raise(_) | Stmt::Return(_)) => true,
        Some(Stmt::Expr(it)) => match &*it.value {
            Expr::Call(call) => matches!(&*call.func, Expr::Attribute(exit) if exit.attr.as_str() == "exit"),
            _ => false,
        },
        _ => false,
    }
}

impl<'a> Checks<'_, 'a> {
    /// `digest != KNOWN`, `not compare_digest(digest, KNOWN)`.
    fn mismatch(&self, test: &'a Expr) -> bool {
        let (left, right) = match test {
            Expr::Compare(it) => match (&*it.ops, &*it.comparators) {
                ([CmpOp::NotEq], [right]) => (&*it.left, right),
                _ => return false,
            },
            Expr::UnaryOp(it) if it.op == UnaryOp::Not => match &*it.operand {
                Expr::Call(call)
                    if matches!(
                        self.resolver.callee(call).as_name(),
                        Some("hmac.compare_digest" | "secrets.compare_digest")
                    ) =>
                {
                    match &*call.arguments.args {
                        [left, right] => (left, right),
                        _ => return false,
                    }
                }
                _ => return false,
            },
            _ => return false,
        };
        let carried = |it: &'a Expr| {
            self.resolver
                .expr(it)
                .as_str()
                .is_some_and(|text| text.len() >= DIGITS && text.bytes().all(|b| b.is_ascii_hexdigit()))
        };
        (self.is_digest(left, 0) && carried(right)) || (self.is_digest(right, 0) && carried(left))
    }

    /// Whether an expression is the digest of all that a variable holds.
    fn is_digest(&self, it: &'a Expr, depth: u8) -> bool {
        match it {
            Expr::Name(name) if depth < 3 => {
                let scopes = &self.resolver.scopes;
                let symbol = scopes.symbol(name).and_then(|symbol| scopes.symbols.get(symbol));
                match symbol.map(|symbol| symbol.defs.as_slice()) {
                    Some([place]) => {
                        matches!(place.def, Def::Value(value) if self.is_digest(value, depth + 1))
                    }
                    _ => false,
                }
            }
            Expr::Call(call) => {
                let Expr::Attribute(hexdigest) = &*call.func else { return false };
                let Expr::Call(hash) = &*hexdigest.value else { return false };
                hexdigest.attr.as_str() == "hexdigest"
                    && self.resolver.callee(hash).as_name().is_some_and(|name| STRONG.contains(&name))
                    && matches!(&*hash.arguments.args, [Expr::Name(_)])
            }
            _ => false,
        }
    }
}
