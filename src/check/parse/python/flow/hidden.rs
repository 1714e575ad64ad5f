//! What is taken apart and put together on its way: bytes that are masked bit by bit or cut out of a
//! file, names that carry data, clients whose maker is another file, files by their descriptors.

use ruff_python_ast::{Expr, ExprAttribute, ExprCall, ExprDict, Operator};
use ruff_text_size::Ranged;

use super::super::super::js::key;
use super::super::scope::{Def, SymbolId};
use super::super::value::Val;
use super::taint::Taint;
use super::{Flows, names};
use crate::check::flow::{CUT_FILE, DECODED, ENCODED, ENCODED_NAME, FILE, OTHER_FILE, computed_name};

/// Options that only a request over the network has.
const OF_REQUESTS: &[&str] = &["headers", "params", "follow_redirects", "allow_redirects", "cookies"];

/// Whether an element is masked: `byte ^ key`, under whatever else.
fn is_masked(element: &Expr) -> bool {
    match element {
        Expr::BinOp(it) if it.op == Operator::BitXor => true,
        Expr::BinOp(it) if matches!(it.op, Operator::BitAnd | Operator::Mod) => {
            is_masked(&it.left) || is_masked(&it.right)
        }
        Expr::Call(it) => {
            matches!(&*it.func, Expr::Name(name) if matches!(name.id.as_str(), "chr" | "int"))
                && it.arguments.args.first().is_some_and(is_masked)
        }
        _ => false,
    }
}

impl<'a> Flows<'_, '_, '_, 'a> {
    /// `bytes(b ^ key for b in data)`: whatever the bytes were, they were hidden.
    pub(super) fn unmasked(&self, element: &'a Expr, out: &mut Taint) {
        if is_masked(element) {
            out.merge(&Taint::source(DECODED, element.range()));
        }
    }

    /// `data[4096:9000]`: a part of a file, by where it lies.
    pub(super) fn cut(&self, slice: &'a Expr, out: &mut Taint) {
        let Expr::Slice(it) = slice else { return };
        if it.step.is_none() && it.lower.is_some() && (out.has(FILE) || out.has(OTHER_FILE)) {
            out.merge(&Taint::source(CUT_FILE, slice.range()));
        }
    }

    /// A name whose labels hold what was written in letters that a name may have.
    pub(super) fn names_data(&self, expr: &'a Expr, out: &mut Taint) {
        if !out.has(ENCODED) || out.has(ENCODED_NAME) {
            return;
        }
        let Some(text) = self.resolver.approximate(expr).or_else(|| dotted(expr)) else { return };
        // `?.?.?`: not even the domain is known here.
        let unknown = text.len() >= 5 && text.split('.').all(|label| label == "?");
        if computed_name(&text) || unknown {
            out.merge(&Taint::source(ENCODED_NAME, expr.range()));
        }
    }

    /// What a client answers that was made elsewhere, told by how it is asked.
    pub(super) fn answered(&self, it: &'a ExprCall, out: &mut Taint) {
        let Expr::Attribute(method) = &*it.func else { return };
        let asks = match method.attr.as_str() {
            "getresponse" => it.arguments.is_empty(),
            "get" | "post" | "put" | "patch" | "request" | "stream" => {
                it.arguments.keywords.iter().any(|keyword| {
                    keyword.arg.as_ref().is_some_and(|name| OF_REQUESTS.contains(&name.as_str()))
                })
            }
            _ => false,
        };
        if asks {
            out.merge(&Taint::source(names::NET, it.range()));
        }
    }

    /// The name under which the file of a descriptor is known: `fd, name = tempfile.mkstemp()`.
    pub(super) fn of_descriptor(&self, fd: &'a Expr) -> Option<String> {
        let Expr::Name(name) = fd else { return None };
        let symbols = &self.resolver.scopes.symbols;
        let symbol = symbols.get(self.resolver.scopes.symbol(name)?)?;
        let made = symbol.defs.iter().rev().find_map(|place| match place.def {
            Def::Part(value @ Expr::Call(_), 0) => Some(value),
            _ => None,
        })?;
        let Expr::Call(call) = made else { return None };
        if self.resolver.callee(call).as_name() != Some("tempfile.mkstemp") {
            return None;
        }
        let other = |symbol: &super::super::scope::Symbol<'a>| {
            symbol
                .defs
                .iter()
                .any(|place| matches!(place.def, Def::Part(value, 1) if std::ptr::eq(value, made)))
        };
        let path: SymbolId = symbols.iter().position(other)?;
        Some(format!("\0{path}"))
    }

    /// The same for a file object that was made of one: `os.fdopen(fd, 'wb')`.
    pub(super) fn of_fdopen(&self, file: &'a Expr, depth: u8) -> Option<String> {
        match file {
            Expr::Call(call) if self.resolver.callee(call).as_name() == Some("os.fdopen") => {
                self.of_descriptor(call.arguments.args.first()?)
            }
            Expr::Name(name) if depth < 3 => {
                let scopes = &self.resolver.scopes;
                let symbol = scopes.symbols.get(scopes.symbol(name)?)?;
                symbol.defs.iter().rev().take(2).find_map(|place| match place.def {
                    Def::Value(value) | Def::Enter(value) => self.of_fdopen(value, depth + 1),
                    _ => None,
                })
            }
            _ => None,
        }
    }

    /// Whether a dictionary is a transaction of Ethereum's: what is put into it is there for everybody.
    pub(super) fn is_transaction(&self, it: &'a ExprDict) -> bool {
        let has = |wanted: &[&str]| {
            it.items.iter().take(32).any(|item| {
                let key = item.key.as_ref().map(|key| self.resolver.expr(key));
                key.as_ref().and_then(Val::as_str).is_some_and(|key| wanted.contains(&key))
            })
        };
        has(&["to", "from"]) && has(&["nonce", "gas", "gasPrice", "chainId", "maxFeePerGas"])
    }

    /// `account.key`: the private key of something given.
    pub(super) fn is_key_of(&self, it: &'a ExprAttribute) -> bool {
        let of = match &*it.value {
            Expr::Name(name) => name.id.as_str(),
            Expr::Attribute(of) => of.attr.as_str(),
            _ => return false,
        };
        let wallet = ["acc", "wallet", "signer", "keypair", "payer"].iter().any(|part| of.contains(part));
        let has = |part: &str| memchr::memmem::find(self.text.as_bytes(), part.as_bytes()).is_some();
        wallet
            && (matches!(it.attr.as_str(), "key" | "_private_key") || key::is_key(&it.attr))
            && (self.wallets || ["eth_account", "web3", "solders"].into_iter().any(has))
    }

    /// Whether a path lies in the folder of this very file, under a name that is not written down.
    pub(super) fn is_own_file(&self, path: &'a Expr, depth: u8) -> bool {
        if depth > 4 {
            return false;
        }
        match path {
            Expr::BinOp(it) if it.op == Operator::Div => {
                self.resolver.expr(&it.right).as_str().is_none() && self.is_own_folder(&it.left, 0)
            }
            Expr::Call(it) if self.resolver.callee(it).as_name() == Some("os.path.join") => {
                match &*it.arguments.args {
                    [folder, name] => {
                        self.resolver.expr(name).as_str().is_none() && self.is_own_folder(folder, 0)
                    }
                    _ => false,
                }
            }
            Expr::Call(it) => match (&*it.func, it.arguments.args.first()) {
                (Expr::Name(name), Some(first)) if name.id == "Path" => self.is_own_file(first, depth + 1),
                (Expr::Attribute(method), None) => self.is_own_file(&method.value, depth + 1),
                _ => false,
            },
            Expr::Name(name) => self.bound_once(name).is_some_and(|value| self.is_own_file(value, depth + 1)),
            _ => false,
        }
    }

    fn bound_once(&self, name: &'a ruff_python_ast::ExprName) -> Option<&'a Expr> {
        let scopes = &self.resolver.scopes;
        let symbol = scopes.symbols.get(scopes.symbol(name)?)?;
        match symbol.defs.as_slice() {
            [place] => match place.def {
                Def::Value(value) => Some(value),
                _ => None,
            },
            _ => None,
        }
    }

    fn is_own_folder(&self, folder: &'a Expr, depth: u8) -> bool {
        if depth > 6 {
            return false;
        }
        match folder {
            Expr::Name(name) if name.id == "__file__" => true,
            Expr::Name(name) => {
                self.bound_once(name).is_some_and(|value| self.is_own_folder(value, depth + 1))
            }
            Expr::Attribute(it) => it.attr.as_str() == "parent" && self.is_own_folder(&it.value, depth + 1),
            Expr::Call(it) => {
                let inner = match (&*it.func, it.arguments.args.first()) {
                    (_, Some(first)) => Some(first),
                    (Expr::Attribute(method), None) => Some(&*method.value),
                    _ => None,
                };
                it.arguments.args.len() < 2 && inner.is_some_and(|inner| self.is_own_folder(inner, depth + 1))
            }
            _ => false,
        }
    }

    /// A request whose address was hidden: taken out of an encoding, or a bot's whose token was.
    pub(super) fn hides_address(&self, address: &'a Expr, taint: &Taint) -> bool {
        let known = self.resolver.approximate(address).unwrap_or_default();
        let bot = known.contains("://api.telegram.org/bot?");
        taint.has(DECODED) && bot
    }
}

/// `f"{a}.{b}.{c}"`, of which nothing is known but the dots.
fn dotted(expr: &Expr) -> Option<String> {
    let Expr::FString(it) = expr else { return None };
    let mut out = String::new();
    for element in it.value.elements() {
        match element.as_literal() {
            Some(text) => out.push_str(&text.value),
            None => out.push('?'),
        }
    }
    (out.len() < 200).then_some(out)
}
