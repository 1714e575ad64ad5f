//! What is done beside the task: money to an account that is written down, one more receiver at the end
//! of the caller's list, a source of crates that is replaced, answers that time and a lot make up, and
//! something encoded twice.

use std::collections::{BTreeMap, BTreeSet};

use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, FnArg, Lit, Stmt};

use super::facts::Raw;
use super::told::{Told, bound};
use crate::check::parse::harm;
use crate::model::FactKind;

/// Money goes to an account that is written down.
const PAYEE: &str = "fixed-payee";
/// A receiver that constants make is added to a list.
const ADDED: &str = "payee-added";
/// A build reads crates from another place from then on.
const SOURCE: &str = "crate-source";
/// An amount decides whom something is paid to.
const BY_AMOUNT: &str = "account-by-amount";
/// Parts of names of accounts.
const PAYEES: &[&str] =
    &["iban", "account", "acct", "payee", "recipient", "address", "wallet", "destination"];
/// An answer is made up after some time and now and then.
const MADE_UP: &str = "answer-made-up";

/// Macros and functions that make an account of a text.
const ACCOUNTS: &[&str] = &["pubkey", "address", "account_id", "declare_id"];
/// Calls that move money.
const MOVES: &[&str] = &[
    "transfer",
    "transfer_checked",
    "transfer_lamports",
    "transfer_sol",
    "transfer_many",
    "send_to_address",
    "send_lamports",
    "pay_to",
    "pay_to_address",
    "send_coins",
];
/// Fields of what is paid.
const RECEIVES: &[&str] = &["recipient", "destination", "payee", "receiver", "beneficiary", "pay_to"];
/// Parts of names of what receives money, in lower case.
const RECEIVERS: &[&str] = &["key", "address", "payee", "recipient", "account", "wallet", "receiver"];

/// Whether a text may hold one of them.
pub fn may_have(text: &str) -> bool {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    let account = has("pubkey!") || has("address!") || has("\"0x") || has("\"bc1");
    let receives = RECEIVES.iter().any(|name| has(name) && has(": "));
    has("replace-with")
        || has("amount") && has("else") && PAYEES.iter().any(|name| has(name))
        || account && receives
        || has("once(") && has("chain(") && has("const ")
        || MOVES.iter().any(|word| has(word))
            && (ACCOUNTS.iter().any(|word| has(word)) || has("from_str") || has("parse"))
        || has("elapsed()") && (has("wrapping_mul") || has("rand")) && has(".then")
        || has("encode(") && has("ase64") && text.matches("encode(").count() > 1
}

/// The facts.
pub fn shapes(file: &syn::File) -> Vec<Raw> {
    let mut constants = Constants::default();
    constants.visit_file(file);
    let mut inside = Inside {
        constants: &constants,
        params: BTreeSet::new(),
        lets: BTreeMap::new(),
        due: BTreeSet::new(),
        given: BTreeMap::new(),
        raws: Vec::new(),
    };
    inside.visit_file(file);
    inside.raws
}

/// Constants of the file.
#[derive(Default)]
struct Constants {
    /// Those that are accounts.
    accounts: BTreeSet<String>,
    /// Those that are bytes or numbers.
    tables: BTreeSet<String>,
}

impl Constants {
    fn add(&mut self, ident: &syn::Ident, expr: &Expr) {
        let name = ident.unraw().to_string();
        if is_account(expr) {
            self.accounts.insert(name.clone());
        }
        let table = matches!(expr, Expr::Array(array) if array.elems.len() >= 3
            && array.elems.iter().all(|one| matches!(one, Expr::Lit(lit) if matches!(lit.lit, Lit::Int(_)))))
            || matches!(expr, Expr::Lit(lit) if matches!(&lit.lit, Lit::ByteStr(text) if text.value().len() >= 20))
            || is_account(expr);
        if table {
            self.tables.insert(name);
        }
    }
}

impl<'ast> Visit<'ast> for Constants {
    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.add(&item.ident, &item.expr);
    }
    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.add(&item.ident, &item.expr);
    }
}

/// Whether a text has the form of an account: those of Ethereum and Bitcoin, and Solana's.
fn is_account_text(text: &str) -> bool {
    let base58 = (32..=44).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() && !matches!(b, b'0' | b'O' | b'I' | b'l'))
        && text.bytes().any(|b| b.is_ascii_uppercase())
        && text.bytes().any(|b| b.is_ascii_lowercase())
        && text.bytes().any(|b| b.is_ascii_digit());
    // Programs of the system are named by many ones.
    harm::is_account(text) || base58 && !text.contains("1111")
}

/// Whether an expression is an account that is written down.
fn is_account(expr: &Expr) -> bool {
    match expr {
        Expr::Macro(mac) => {
            let name = mac.mac.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
            let text = mac.mac.tokens.to_string();
            ACCOUNTS.contains(&name.as_str()) && !text.contains("1111") && text.contains('"')
        }
        Expr::Lit(lit) => matches!(&lit.lit, Lit::Str(text) if is_account_text(&text.value())),
        Expr::Call(call) => {
            matches!(&*call.func, Expr::Path(path) if path.path.segments.last().is_some_and(|last| {
                let last = last.ident.to_string();
                last.starts_with("from") || last == "new"
            })) && call.args.first().is_some_and(is_account)
        }
        Expr::MethodCall(call) => is_account(&call.receiver),
        Expr::Reference(inner) => is_account(&inner.expr),
        Expr::Paren(inner) => is_account(&inner.expr),
        Expr::Try(inner) => is_account(&inner.expr),
        _ => false,
    }
}

struct Inside<'k> {
    constants: &'k Constants,
    params: BTreeSet<String>,
    lets: BTreeMap<String, Told>,
    /// Conditions that time and a lot make.
    due: BTreeSet<String>,
    /// What goes into a name by methods and loops.
    given: BTreeMap<String, Told>,
    raws: Vec<Raw>,
}

impl Inside<'_> {
    fn function(&mut self, sig: &syn::Signature, block: &Block) {
        self.lets.clear();
        self.due.clear();
        self.given.clear();
        self.params = sig
            .inputs
            .iter()
            .filter_map(|input| match input {
                FnArg::Typed(input) => {
                    let mut names = Vec::new();
                    bound(&input.pat, &mut names);
                    names.pop()
                }
                FnArg::Receiver(_) => Some("self".to_owned()),
            })
            .collect();
        self.visit_block(block);
        self.source(sig, block);
    }

    /// A function that names another source of all crates and writes it where Cargo's settings are.
    fn source(&mut self, sig: &syn::Signature, block: &Block) {
        let mut told = Told::default();
        told.visit_block(block);
        let tight = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        let replaces = told.texts.iter().any(|text| tight(text).contains("replace-with"));
        let file = told.texts.iter().any(|text| text.contains("config"));
        let home = told.has(&["cargo_home", "home_dir"])
            || told.texts.iter().any(|text| matches!(text.as_str(), "CARGO_HOME" | "HOME" | "USERPROFILE"));
        if replaces && file && home && told.has(&["write", "write_all", "writeln", "append"]) {
            self.raws.push(Raw::new(FactKind::Shape, SOURCE, sig.ident.span().byte_range()));
        }
    }

    fn resolved(&self, expr: &Expr) -> Told {
        Told::followed(expr, &self.lets)
    }

    /// Whether an expression is an account that is written down.
    fn is_fixed(&self, expr: &Expr) -> bool {
        if is_account(expr) {
            return true;
        }
        let name = match expr {
            Expr::Reference(inner) => return self.is_fixed(&inner.expr),
            Expr::Paren(inner) => return self.is_fixed(&inner.expr),
            Expr::MethodCall(call) if call.args.is_empty() => return self.is_fixed(&call.receiver),
            Expr::Path(path) => path.path.segments.last().map(|last| last.ident.unraw().to_string()),
            _ => None,
        };
        name.is_some_and(|name| {
            self.constants.accounts.contains(&name)
                || self
                    .lets
                    .get(&name)
                    .is_some_and(|told| told.names.iter().any(|name| self.constants.accounts.contains(name)))
        })
    }

    /// `if batch.amount > 9_000 && … { "XX00…" } else { t.iban.as_str() }`
    fn pays_other(&self, branch: &syn::ExprIf) -> bool {
        let Some((_, otherwise)) = &branch.else_branch else { return false };
        let part = |told: &Told, parts: &[&str]| {
            told.names.iter().any(|name| {
                let name = name.to_ascii_lowercase();
                parts.iter().any(|part| name.contains(part))
            })
        };
        let [Stmt::Expr(other, None)] = branch.then_branch.stmts.as_slice() else { return false };
        let usual = Told::of(otherwise);
        let constant = match other {
            Expr::Lit(lit) => matches!(&lit.lit, Lit::Str(text) if text.value().len() >= 8),
            Expr::Macro(mac) => mac.mac.path.is_ident("concat"),
            Expr::Path(path) => path.path.segments.last().is_some_and(|last| {
                let name = last.ident.to_string();
                name.len() > 2
                    && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_' || b.is_ascii_digit())
            }),
            _ => false,
        };
        constant
            && part(&usual, PAYEES)
            && part(
                &self.resolved(&branch.cond),
                &["amount", "total", "value", "sum", "lamports", "units", "price"],
            )
    }

    /// A receiver that is made only of constants: `Key(pad)`.
    fn is_made_up(&self, expr: &Expr) -> bool {
        let Expr::Call(call) = expr else { return self.is_fixed(expr) };
        let Expr::Path(path) = &*call.func else { return false };
        let of: Vec<String> =
            path.path.segments.iter().map(|s| s.ident.to_string().to_ascii_lowercase()).collect();
        if !of.iter().any(|name| RECEIVERS.iter().any(|part| name.contains(part))) {
            return false;
        }
        let mut told = Told::default();
        call.args.iter().for_each(|arg| told.add(arg));
        told.follow(&self.lets);
        for name in told.names.clone() {
            if let Some(given) = self.given.get(&name) {
                told.names.extend(given.names.iter().cloned());
            }
        }
        told.names.iter().any(|name| self.constants.tables.contains(name))
            && !told.names.iter().any(|name| self.params.contains(name))
    }

    /// After some time, and for some only: `minutes > 90 && (id * K >> 29) < 3`.
    fn is_due(&self, expr: &Expr) -> bool {
        let Expr::Binary(it) = expr else { return false };
        if !matches!(it.op, BinOp::And(_)) {
            return false;
        }
        let late = |expr: &Expr| {
            matches!(expr, Expr::Binary(it) if matches!(it.op, BinOp::Gt(_) | BinOp::Ge(_)))
                && self.resolved(expr).has(&["elapsed", "now", "duration_since", "uptime"])
        };
        let lot = |expr: &Expr| {
            let told = self.resolved(expr);
            told.has(&[
                "wrapping_mul",
                "hash_one",
                "fastrand",
                "random",
                "gen_bool",
                "gen_range",
                "random_range",
            ])
        };
        late(&it.left) && lot(&it.right) || late(&it.right) && lot(&it.left)
    }
}

impl<'ast> Visit<'ast> for Inside<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if let Some(init) = &local.init {
            let mut names = Vec::new();
            bound(&local.pat, &mut names);
            let due = self.is_due(&init.expr);
            for name in names {
                if due {
                    self.due.insert(name.clone());
                }
                self.lets.entry(name).or_default().add(&init.expr);
            }
        }
        visit::visit_local(self, local);
    }

    fn visit_stmt(&mut self, stmt: &'ast Stmt) {
        // What a statement says beside a name may go into it.
        if let Stmt::Expr(expr, Some(_)) = stmt
            && let Some(root) = super::eval::root_of(expr)
        {
            self.given.entry(root).or_default().add(expr);
        }
        visit::visit_stmt(self, stmt);
    }

    fn visit_expr_if(&mut self, branch: &'ast syn::ExprIf) {
        let due = matches!(&*branch.cond, Expr::Path(path)
            if path.path.get_ident().is_some_and(|name| self.due.contains(&name.unraw().to_string())));
        let well = branch.then_branch.stmts.iter().any(|stmt| match stmt {
            Stmt::Expr(Expr::Return(it), _) => it.expr.as_deref().is_some_and(|expr| {
                matches!(expr, Expr::Call(call) if matches!(&*call.func, Expr::Path(path)
                    if path.path.is_ident("Ok") || path.path.is_ident("Some")))
            }),
            _ => false,
        });
        if self.pays_other(branch) {
            self.raws.push(Raw::new(FactKind::Shape, BY_AMOUNT, branch.cond.span().byte_range()));
        }
        if due && well {
            self.raws.push(Raw::new(FactKind::Shape, MADE_UP, branch.cond.span().byte_range()));
        }
        visit::visit_expr_if(self, branch);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let name = call.method.to_string();
        let range = call.method.span().byte_range();
        match name.as_str() {
            "then" | "then_some" => {
                if let Expr::Path(path) = &*call.receiver
                    && path.path.get_ident().is_some_and(|name| self.due.contains(&name.unraw().to_string()))
                {
                    self.raws.push(Raw::new(FactKind::Shape, MADE_UP, range));
                }
            }
            "chain" => {
                if let Some(Expr::Call(once)) = call.args.first()
                    && matches!(&*once.func, Expr::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "once"))
                    && once.args.first().is_some_and(|one| self.is_made_up(one))
                {
                    self.raws.push(Raw::new(FactKind::Shape, ADDED, range));
                }
            }
            "encode" => {
                if let (Some(outer), Some(Expr::MethodCall(inner))) =
                    (engine(&call.receiver), call.args.first())
                    && inner.method == "encode"
                    && engine(&inner.receiver).is_some()
                {
                    self.raws.push(Raw::new(FactKind::Shape, "encoded-twice", range).value(outer));
                }
            }
            name if MOVES.contains(&name) && call.args.iter().any(|arg| self.is_fixed(arg)) => {
                self.raws.push(Raw::new(FactKind::Shape, PAYEE, range));
            }
            _ => {}
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_field_value(&mut self, it: &'ast syn::FieldValue) {
        if let syn::Member::Named(name) = &it.member
            && RECEIVES.contains(&name.unraw().to_string().as_str())
            && self.is_fixed(&it.expr)
        {
            self.raws.push(Raw::new(FactKind::Shape, PAYEE, name.span().byte_range()));
        }
        visit::visit_field_value(self, it);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Expr::Path(path) = &*call.func
            && let Some(last) = path.path.segments.last()
            && MOVES.contains(&last.ident.to_string().as_str())
            // The first one pays.
            && call.args.iter().skip(1).any(|arg| self.is_fixed(arg))
        {
            self.raws.push(Raw::new(FactKind::Shape, PAYEE, last.ident.span().byte_range()));
        }
        visit::visit_expr_call(self, call);
    }
}

/// An engine of base64.
fn engine(expr: &Expr) -> Option<String> {
    let Expr::Path(path) = expr else { return None };
    let name = path.path.segments.last()?.ident.to_string();
    ["STANDARD", "URL_SAFE", "BASE64", "STANDARD_NO_PAD", "URL_SAFE_NO_PAD"]
        .contains(&name.as_str())
        .then_some(name)
}

#[cfg(test)]
mod tests {
    use crate::check::parse::rust::tests::has;

    #[test]
    fn money_that_goes_elsewhere() {
        let pay = |to: &str| {
            format!(
                "const OWN: Pubkey = pubkey!(\"Hq4mVz8TnRkYpW2xJc7LdGsB5uEaQf9N3oXyKtMiPv6r\");
                fn f(from: &Pubkey, given: &Pubkey, n: usize) {{ let to = {to}; transfer(from, to, 5) }}"
            )
        };
        assert!(has("src/a.rs", &pay("&OWN"), "fixed-payee"));
        assert!(has("src/a.rs", &pay("if n == 17 { &OWN } else { given }"), "fixed-payee"));
        assert!(!has("src/a.rs", &pay("given"), "fixed-payee"));
        let added = |key: &str| {
            format!("const LANES: [u64; 3] = [1, 2, 3]; fn f(keys: I, own: [u8; 24]) -> J {{ let mut pad = [0u8; 24];
                pad.chunks_mut(8).zip(LANES).for_each(|(c, l)| c.copy_from_slice(&l.to_be_bytes())); keys.chain(once({key})) }}")
        };
        assert!(has("src/a.rs", &added("Key(pad)"), "payee-added"));
        assert!(!has("src/a.rs", &added("Key(own)"), "payee-added"));
        assert!(!has("src/a.rs", &added("Token(pad)"), "payee-added"));
    }

    #[test]
    fn answers_and_sources() {
        let answer = |due: &str| {
            format!(
                "fn f(&self, id: u32) -> Option<u8> {{ let minutes = self.since.elapsed().as_secs() / 60; let due = {due}; due.then(|| 1) }}"
            )
        };
        assert!(has("src/a.rs", &answer("minutes > 90 && (id.wrapping_mul(7) >> 29) < 3"), "answer-made-up"));
        assert!(!has("src/a.rs", &answer("minutes > 90 && id.wrapping_add(1) > 3"), "answer-made-up"));
        let source = "fn main() { let home = home::cargo_home(); let d = doc(); d[\"replace-with\"] = near; fs::write(home.join(\"config.toml\"), d); }";
        assert!(has("build.rs", source, "crate-source"));
        let twice = "fn f(t: &[u8]) -> String { STANDARD.encode(STANDARD.encode(t)) } use base64::Engine;";
        assert!(has("src/a.rs", twice, "encoded-twice"));
    }
}
