//! A download that is compared with a digest which the file carries, before anything else is done.
//!
//! That is as good as a file of the package: who replaces what lies at the address changes nothing.
//! Asked for is one request in the file, a strong digest of all that one variable or one file holds,
//! compared with a constant, and a mismatch that leads away.
//!
//! And a download that `setup.py` makes only where a variable of the package's own name is set: who
//! installs it never sets one, who releases it does.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{BoolOp, CmpOp, Expr, ExprCall, Stmt, StmtIf, UnaryOp};
use ruff_text_size::{Ranged, TextRange};

use super::Unit;
use super::resolve::Resolver;
use super::scope::{Def, FuncId};
use super::value::Val;
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
    asked(unit, resolver, body, facts);
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
        let hex = |value: &Val| {
            value
                .as_str()
                .is_some_and(|text| text.len() >= DIGITS && text.bytes().all(|b| b.is_ascii_hexdigit()))
        };
        // One of a table, which of them is told at run time: `SUMS[sys.platform]`.
        let of_table = |it: &'a Expr| {
            let table = match it {
                Expr::Subscript(it) => self.resolver.expr(&it.value),
                _ => return false,
            };
            match table {
                Val::Dict(items) => !items.is_empty() && items.iter().all(|(_, value)| hex(value)),
                _ => false,
            }
        };
        let carried = |it: &'a Expr| hex(&self.resolver.expr(it)) || of_table(it);
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
                if let Val::Func(func) = self.resolver.callee(call) {
                    return call.arguments.args.len() == 1 && self.makes_digest(func);
                }
                let Expr::Attribute(hexdigest) = &*call.func else { return false };
                let Expr::Call(hash) = &*hexdigest.value else { return false };
                hexdigest.attr.as_str() == "hexdigest"
                    && self.is_hash(hash)
                    && matches!(&*hash.arguments.args, [all] if matches!(all, Expr::Name(_)) || whole_file(all))
            }
            _ => false,
        }
    }

    fn is_hash(&self, call: &'a ExprCall) -> bool {
        self.resolver.callee(call).as_name().is_some_and(|name| STRONG.contains(&name))
    }

    /// Whether a function of this file gives the digest of all that it is given: in one call, or
    /// piece by piece.
    fn makes_digest(&self, func: FuncId) -> bool {
        let it = &self.resolver.scopes.funcs[func];
        let [given] = it.returns.as_slice() else { return false };
        if self.is_digest(given, 2) {
            return true;
        }
        let Expr::Call(hexdigest) = given else { return false };
        let Expr::Attribute(hexdigest) = &*hexdigest.func else { return false };
        let Expr::Name(hash) = &*hexdigest.value else { return false };
        let scopes = &self.resolver.scopes;
        let symbol = scopes.symbol(hash).and_then(|symbol| scopes.symbols.get(symbol));
        let strong = matches!(symbol.map(|symbol| symbol.defs.as_slice()), Some([place])
            if matches!(place.def, Def::Value(Expr::Call(made)) if self.is_hash(made)));
        let mut updates = Updates { hash: hash.id.as_str(), names: 0, parts: 0 };
        updates.visit_body(it.body);
        hexdigest.attr.as_str() == "hexdigest" && strong && updates.names > 0 && updates.parts == 0
    }
}

/// `path.read_bytes()`, `open(path, 'rb').read()`
fn whole_file(it: &Expr) -> bool {
    let Expr::Call(call) = it else { return false };
    let Expr::Attribute(method) = &*call.func else { return false };
    let from_name = match (&*method.value, method.attr.as_str()) {
        (Expr::Name(_), "read_bytes") => true,
        (Expr::Call(open), "read") => {
            matches!(&*open.func, Expr::Name(name) if name.id == "open")
                && matches!(open.arguments.args.first(), Some(Expr::Name(_)))
        }
        _ => false,
    };
    from_name && call.arguments.is_empty()
}

/// What a digest is fed: variables as a whole, or parts of something.
struct Updates<'n> {
    hash: &'n str,
    names: u32,
    parts: u32,
}

impl<'a> Visitor<'a> for Updates<'_> {
    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Call(call) = expr
            && let Expr::Attribute(method) = &*call.func
            && method.attr.as_str() == "update"
            && matches!(&*method.value, Expr::Name(name) if name.id == self.hash)
        {
            match &*call.arguments.args {
                [Expr::Name(_)] => self.names += 1,
                [all] if whole_file(all) => self.names += 1,
                _ => self.parts += 1,
            }
        }
        visitor::walk_expr(self, expr);
    }
}

/// Adds the fact where `setup.py` connects only if a variable of the package's own name is set.
fn asked<'a>(unit: &Unit<'_, '_>, resolver: &Resolver<'a>, body: &'a [Stmt], facts: &mut Vec<Fact>) {
    if unit.path.rsplit('/').next() != Some("setup.py") {
        return;
    }
    let nets = |fact: &&Fact| {
        fact.capability == Some(CapabilityKind::Net)
            && fact.kind == FactKind::Call
            && !fact.name.ends_with(".Request")
    };
    let Some(first) = facts.iter().find(nets).map(|fact| fact.span.clone()) else { return };
    let mut asked = Asked { resolver, package: None, ranges: Vec::new() };
    // The name stands at the end, where the branches are gone through already.
    asked.visit_body(body);
    if asked.package.is_none() || asked.ranges.is_empty() {
        return;
    }
    asked.ranges.clear();
    asked.visit_body(body);
    let within = |fact: &Fact| {
        asked.ranges.iter().any(|range| {
            let span = unit.place.span(*range);
            span.start <= fact.span.start && fact.span.end <= span.end
        })
    };
    if facts.iter().filter(nets).all(within) {
        facts.push(Fact::new(FactKind::Call, "asked-download", first));
    }
}

/// What runs only if a variable of the package's own name is set.
struct Asked<'r, 'a> {
    resolver: &'r Resolver<'a>,
    /// The beginning of such a variable: the package's name in capitals.
    package: Option<String>,
    ranges: Vec<TextRange>,
}

fn capitals(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase()
}

impl<'a> Asked<'_, 'a> {
    /// Whether a value is that of such a variable. Before the name is known any is.
    fn is_own(&self, it: &'a Expr) -> bool {
        let key = match it {
            Expr::Call(call)
                if matches!(self.resolver.callee(call).as_name(), Some("os.getenv" | "os.environ.get")) =>
            {
                // What is set without being asked for is no switch.
                let otherwise = call.arguments.args.get(1);
                if otherwise.is_some_and(|it| self.resolver.expr(it).truth() != Some(false)) {
                    return false;
                }
                call.arguments.args.first()
            }
            Expr::Subscript(sub) if self.resolver.expr(&sub.value).as_name() == Some("os.environ") => {
                Some(&*sub.slice)
            }
            Expr::Name(name) => {
                let scopes = &self.resolver.scopes;
                let symbol = scopes.symbol(name).and_then(|symbol| scopes.symbols.get(symbol));
                return match symbol.map(|symbol| symbol.defs.as_slice()) {
                    Some([place]) => {
                        matches!(place.def, Def::Value(value) if !value.is_name_expr() && self.is_own(value))
                    }
                    _ => false,
                };
            }
            _ => None,
        };
        let Some(Val::Str(key, _)) = key.map(|key| self.resolver.expr(key)) else { return false };
        let own = self.package.as_ref();
        own.is_none_or(|package| package.len() > 3 && capitals(&key).starts_with(package.as_str()))
    }

    /// Whether a condition holds only where such a variable is set; with `negated`, whether it holds
    /// wherever none is.
    fn set(&self, test: &'a Expr, negated: bool) -> bool {
        match test {
            Expr::UnaryOp(it) if it.op == UnaryOp::Not => self.set(&it.operand, !negated),
            Expr::BoolOp(it) => {
                let joins = if negated { BoolOp::Or } else { BoolOp::And };
                it.op == joins && it.values.iter().any(|value| self.set(value, negated))
            }
            Expr::Compare(it) => {
                let ([op], [right]) = (&*it.ops, &*it.comparators) else { return false };
                let wanted = if negated { CmpOp::NotEq } else { CmpOp::Eq };
                let known = match op {
                    CmpOp::In | CmpOp::NotIn => {
                        let is_in = *op == CmpOp::In;
                        let choices = self.resolver.expr(right).elements(32);
                        return is_in != negated
                            && self.is_own(&it.left)
                            && choices.is_some_and(|all| all.iter().all(|one| one.truth() == Some(true)));
                    }
                    op => *op == wanted && self.resolver.expr(right).truth() == Some(true),
                };
                known && self.is_own(&it.left)
            }
            other => !negated && self.is_own(other),
        }
    }
}

impl<'a> Visitor<'a> for Asked<'_, 'a> {
    fn visit_body(&mut self, body: &'a [Stmt]) {
        for (at, stmt) in body.iter().enumerate() {
            self.visit_stmt(stmt);
            if let Stmt::If(it) = stmt {
                if self.set(&it.test, false)
                    && let (Some(first), Some(last)) = (it.body.first(), it.body.last())
                {
                    self.ranges.push(TextRange::new(first.range().start(), last.range().end()));
                }
                if it.elif_else_clauses.is_empty()
                    && leads_away(&it.body)
                    && self.set(&it.test, true)
                    && let (Some(next), Some(last)) = (body.get(at + 1), body.last())
                {
                    self.ranges.push(TextRange::new(next.range().start(), last.range().end()));
                }
            }
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Call(call) = expr
            && matches!(
                self.resolver.callee(call).as_name(),
                Some("setuptools.setup" | "distutils.core.setup" | "skbuild.setup")
            )
            && let Some(name) = call.arguments.find_keyword("name")
            && let Val::Str(name, _) = self.resolver.expr(&name.value)
        {
            self.package = Some(capitals(&name));
        }
        visitor::walk_expr(self, expr);
    }
}

#[cfg(test)]
mod tests {
    use crate::check::parse::python::parse;

    fn has(source: &str, name: &str) -> bool {
        parse("setup.py", source).facts.iter().any(|fact| fact.name == name)
    }

    const SUM: &str = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

    #[test]
    fn digests_of_files_and_by_helpers() {
        for source in [
            "import hashlib, urllib.request, sys\nurllib.request.urlretrieve('https://a.invalid/x', p)\nd = hashlib.sha256(p.read_bytes()).hexdigest()\nif d != 'SUM':\n    sys.exit(1)",
            "import hashlib, urllib.request\ndef digest(path):\n    h = hashlib.sha256()\n    with open(path, 'rb') as f:\n        for part in iter(lambda: f.read(9), b''):\n            h.update(part)\n    return h.hexdigest()\nurllib.request.urlretrieve('https://a.invalid/x', p)\nif digest(p) != 'SUM':\n    raise SystemExit(1)",
            "import hashlib, urllib.request, sys\nSUMS = {'linux': 'SUM', 'darwin': 'SUM'}\ndata = urllib.request.urlopen('https://a.invalid/x').read()\nif hashlib.sha256(data).hexdigest() != SUMS[sys.platform]:\n    raise SystemExit(1)",
        ] {
            assert!(has(&source.replace("SUM'", &format!("{SUM}'")), "verified-download"), "{source}");
        }
        for source in [
            "import hashlib, urllib.request\ndef digest(path):\n    h = hashlib.sha256()\n    h.update(open(path, 'rb').read()[:9])\n    return h.hexdigest()\nurllib.request.urlretrieve('https://a.invalid/x', p)\nif digest(p) != 'SUM':\n    raise SystemExit(1)",
            "import hashlib, urllib.request\nurllib.request.urlretrieve('https://a.invalid/x', p)\nif hashlib.sha256(p.read_bytes()).hexdigest() != 'SUM':\n    print('another')",
        ] {
            assert!(!has(&source.replace("SUM'", &format!("{SUM}'")), "verified-download"), "{source}");
        }
    }

    #[test]
    fn what_only_the_maintainer_asks_for() {
        let setup = "\nfrom setuptools import setup\nsetup(name='wind-tables')";
        for source in [
            "import os, urllib.request\ndef table():\n    if os.environ.get('WIND_TABLES_REFRESH') != '1':\n        return []\n    return urllib.request.urlopen('https://a.invalid/x').read()\ntable()",
            "import os, urllib.request\nif os.getenv('WINDTABLES_FETCH'):\n    urllib.request.urlopen('https://a.invalid/x').read()",
            "import os, urllib.request\nfetch = os.environ.get('WIND_TABLES_FETCH', '0') in ('1', 'yes')\nif os.environ.get('WIND_TABLES_FETCH', '') in ('1', 'yes') and 1:\n    urllib.request.urlopen('https://a.invalid/x').read()",
        ] {
            assert!(has(&format!("{source}{setup}"), "asked-download"), "{source}");
        }
        for source in [
            // Everybody's, and one that keeps others away.
            "import os, urllib.request\nif os.getenv('CI'):\n    urllib.request.urlopen('https://a.invalid/x').read()",
            "import os, urllib.request\nif not os.getenv('WIND_TABLES_OFFLINE'):\n    urllib.request.urlopen('https://a.invalid/x').read()",
            "import os, urllib.request\nif os.getenv('WIND_TABLES_OFFLINE') == '1':\n    pass\nelse:\n    urllib.request.urlopen('https://a.invalid/x').read()",
            "import os, urllib.request\nif os.getenv('WIND_TABLES_FETCH', '1') == '1':\n    urllib.request.urlopen('https://a.invalid/x').read()",
            "import os, urllib.request\nif os.getenv('WIND_TABLES_FETCH'):\n    urllib.request.urlopen('https://a.invalid/x').read()\nurllib.request.urlopen('https://b.invalid/x')",
        ] {
            assert!(!has(&format!("{source}{setup}"), "asked-download"), "{source}");
        }
    }
}
