//! Checks that let something pass which whoever made the code can bring: a value that is told by its
//! sum, beside or in front of a signature, and a failure that another condition turns into success.
//!
//! Sums are compared with constants in honest code as well: of downloads, of tables, to find words.
//! A function that is named for that is left alone, and one that says yes or no to what it was given
//! weighs only in a package that verifies something ([`VERIFIES`]).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, ExprClosure, Lit, Pat, Stmt, UnOp};

use super::facts::Raw;
use super::told::{self, Told};
use crate::model::FactKind;

/// Something of the file checks signatures or compares secrets.
pub const VERIFIES: &str = "verifies";
/// A function knows what it was given by its sum.
const BY_SUM: &str = "known-by-sum";
/// A comparison of a sum with a constant is joined to another check by "or".
const OR_SUM: &str = "check-or-sum";
/// A part of a sum is compared, and that is enough.
const PARTIAL: &str = "partial-sum";
/// As much of a code is compared as was given.
const CUT: &str = "cut-comparison";
/// A check that failed passes where something else holds.
const FORGIVEN: &str = "failure-forgiven";

/// Texts of which one stands in every file that verifies.
const CHECKS: &[&str] = &[
    "verify_strict(",
    ".verify(",
    "fn verify",
    "verify_slice(",
    "verify_server_cert(",
    "ct_eq(",
    "constant_time_eq(",
    "verify_signature",
    "check_signature",
    "fn authenticate",
    "verify_password",
];
/// Least number that is compared with a sum.
const LEAST: u128 = 1 << 20;
/// Fewest digits of a sum that is written as a text.
const DIGITS: usize = 8;
/// Names of what makes sums, in lower case.
const SUMS: &[&str] = &[
    "sha1", "sha2", "sha3", "sha5", "sha_", "md5", "digest", "blake", "fnv", "siphash", "hasher", "crc",
    "djb2", "hash",
];
/// Parts of names of functions that compare sums for a reason.
const REASONS: &[&str] = &[
    "sum",
    "digest",
    "hash",
    "crc",
    "integrity",
    "magic",
    "pin",
    "download",
    "file",
    "table",
    "word",
    "bloom",
    "test",
    "selftest",
    "self_check",
    "fingerprint",
    "lookup",
    "intern",
];
/// Parts of names of options, that say what they forgive.
const OPTIONS: &[&str] = &[
    "insecure",
    "invalid",
    "danger",
    "skip",
    "allow",
    "accept",
    "trust",
    "unsafe",
    "strict",
    "test",
    "debug",
    "dev",
    "local",
    "ignore",
    "lenient",
    "legacy",
    "compat",
    "expired",
    "optional",
    "policy",
    "config",
    "opt",
    "require",
    "permissive",
    "self_signed",
    "mode",
    "leeway",
    "grace",
    "last",
    "next",
    "previous",
    "fallback",
];

/// What needs no parser: that a file verifies something.
pub fn verifies(text: &str) -> Option<Raw> {
    let found =
        CHECKS.iter().filter_map(|mark| memchr::memmem::find(text.as_bytes(), mark.as_bytes())).min()?;
    Some(Raw::new(FactKind::Shape, VERIFIES, found..found + 1))
}

/// Whether a text may hold one of the others.
pub fn may_have(text: &str) -> bool {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    let sums = has("==")
        && (has("Sha")
            || has("sha")
            || has("igest")
            || has("ash")
            || has("crc")
            || has("fnv")
            || has("fold(")
            || has("wrapping_mul"))
        && carries(text);
    sums || has("verif") || has("ct_eq(") || (has("None if") || has("Err(_) if")) && has("==")
}

/// Whether a number or text that may be a sum stands in a text.
fn carries(text: &str) -> bool {
    let mut run = 0;
    text.bytes().any(|byte| {
        run = match byte {
            b'_' => run,
            _ if byte.is_ascii_hexdigit() => run + 1,
            _ => 0,
        };
        run >= DIGITS
    })
}

/// The facts.
pub fn shapes(file: &syn::File) -> Vec<Raw> {
    let mut constants = Constants::default();
    constants.visit_file(file);
    let mut marks = Marks::default();
    marks.visit_file(file);
    let mut functions = Functions { known: &constants.0, marks: &marks.0, raws: Vec::new() };
    functions.visit_file(file);
    functions.raws
}

/// Names of constants that may be sums.
#[derive(Default)]
struct Constants(BTreeSet<String>);

impl<'ast> Visit<'ast> for Constants {
    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        if is_sum_literal(&item.expr) {
            self.0.insert(item.ident.unraw().to_string());
        }
    }
}

/// A number or text that may be a sum.
fn is_sum_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Int(number) => number.base10_parse::<u128>().is_ok_and(|number| {
                // Round numbers are limits.
                number >= LEAST
                    && number % 1_000 != 0
                    && number.count_ones() > 3
                    && (!number).trailing_zeros() < 20
            }),
            Lit::Str(text) => {
                let text = text.value();
                text.len() >= DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            }
            _ => false,
        },
        Expr::Paren(inner) => is_sum_literal(&inner.expr),
        Expr::Array(array) => {
            array.elems.len() >= 4
                && array
                    .elems
                    .iter()
                    .all(|one| matches!(one, Expr::Lit(lit) if matches!(lit.lit, Lit::Int(_))))
        }
        Expr::Reference(inner) => is_sum_literal(&inner.expr),
        _ => false,
    }
}

struct Functions<'k> {
    known: &'k BTreeSet<String>,
    /// Functions that compare with something written down.
    marks: &'k BTreeSet<String>,
    raws: Vec<Raw>,
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let name = mac.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
        if matches!(name.as_str(), "quote" | "quote_spanned" | "parse_quote") {
            self.quoted(mac.tokens.clone());
        }
    }
}

impl Functions<'_> {
    fn function(&mut self, sig: &syn::Signature, block: &Block) {
        let name = sig.ident.unraw().to_string();
        self.early(sig, block);
        let lower = name.to_ascii_lowercase();
        let mut inside = Inside::of(sig, self.known);
        inside.visit_block(block);
        let Inside { found, .. } = inside;
        let says = says_yes_or_no(sig);
        let reason = REASONS.iter().any(|part| lower.contains(part));
        for (shape, range) in found {
            match shape {
                CUT if !(is_check(&name) || inside_code(block)) => {}
                BY_SUM if !says || reason => {}
                BY_SUM => self.raws.push(Raw::new(FactKind::Shape, BY_SUM, range).value(&*name)),
                other => self.raws.push(Raw::new(FactKind::Shape, other, range).value(&*name)),
            }
        }
    }

    /// `if special(x) { return Ok(…) }` before the check, where a constant says what is special.
    fn early(&mut self, sig: &syn::Signature, block: &Block) {
        let name = sig.ident.unraw().to_string();
        let mut inside = Inside::of(sig, self.known);
        let mut special: Option<Range<usize>> = None;
        let mut marked: BTreeSet<String> = BTreeSet::new();
        for stmt in &block.stmts {
            let mut checks = Checks(false);
            checks.visit_stmt(stmt);
            if checks.0 {
                if let Some(range) = special.take() {
                    self.raws.push(Raw::new(FactKind::Shape, FORGIVEN, range).value(&*name));
                }
                return;
            }
            if let Stmt::Expr(Expr::If(branch), _) = stmt
                && branch.else_branch.is_none()
                && returns_well(&branch.then_branch)
                && inside.other(&branch.cond, "")
                && (self.singles_out(&branch.cond) || kept(&branch.cond, &marked))
            {
                special.get_or_insert_with(|| branch.cond.span().byte_range());
            }
            // `let known = print[..6] == [0x13, 0x9a, …];`
            if let Stmt::Local(local) = stmt
                && let (Pat::Ident(name), Some(init)) = (&local.pat, &local.init)
                && self.singles_out(&init.expr)
            {
                marked.insert(name.ident.unraw().to_string());
            }
            inside.visit_stmt(stmt);
        }
        // The function is the check itself: what it knows beside is a password of whoever wrote it.
        if let Some(range) = special.filter(|_| is_check(&name) || lets_in(&name))
            && block.stmts.len() > 1
        {
            self.raws.push(Raw::new(FactKind::Shape, FORGIVEN, range).value(&*name));
        }
    }

    /// Whether a condition, or a function of this file that it calls, compares with a text or sum that is
    /// written down.
    fn singles_out(&self, cond: &Expr) -> bool {
        let mut compares = Compares { marks: self.marks, found: false };
        compares.visit_expr(cond);
        compares.found
    }

    /// In code that a macro writes: `… | (sum(x) == 0x6b1f22c49d03e7a5)`.
    fn quoted(&mut self, tokens: TokenStream) {
        let mut todo = vec![(tokens, false)];
        while let Some((tokens, joined)) = todo.pop() {
            let tokens: Vec<TokenTree> = tokens.into_iter().collect();
            let mut joined = joined;
            for (at, token) in tokens.iter().enumerate() {
                match token {
                    TokenTree::Punct(punct) if punct.as_char() == '|' => {
                        // Not the parameters of a closure.
                        let next = tokens.get(at + 1);
                        joined |= matches!(next, Some(TokenTree::Group(_)))
                            || matches!(next, Some(TokenTree::Punct(next)) if next.as_char() == '|');
                    }
                    TokenTree::Punct(punct) if matches!(punct.as_char(), ';' | ',') => joined = false,
                    TokenTree::Group(group) => todo.push((group.stream(), joined)),
                    TokenTree::Literal(literal) if joined => {
                        let number = is_sum_literal(&Expr::Lit(syn::ExprLit {
                            attrs: Vec::new(),
                            lit: Lit::new(literal.clone()),
                        }));
                        let before: Vec<&TokenTree> = tokens.iter().take(at).rev().take(4).collect();
                        let equal = |token: Option<&&TokenTree>| matches!(token, Some(TokenTree::Punct(p)) if p.as_char() == '=');
                        let call = matches!(before.get(2), Some(TokenTree::Group(_)))
                            && matches!(before.get(3), Some(TokenTree::Ident(ident)) if !reads(&ident.to_string()));
                        if number && equal(before.first()) && equal(before.get(1)) && call {
                            self.raws.push(
                                Raw::new(FactKind::Shape, OR_SUM, literal.span().byte_range())
                                    .value(literal.to_string()),
                            );
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Functions that say whether something is what is written down in them.
#[derive(Default)]
struct Marks(BTreeSet<String>);

impl Marks {
    fn add(&mut self, sig: &syn::Signature, block: &Block) {
        let none = BTreeSet::new();
        let mut compares = Compares { marks: &none, found: false };
        compares.visit_block(block);
        if says_yes_or_no(sig) && compares.found {
            self.0.insert(sig.ident.unraw().to_string());
        }
    }
}

impl<'ast> Visit<'ast> for Marks {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig, &item.block);
    }
    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig, &item.block);
    }
}

/// Whether something is compared for being a text of some length that is written down.
struct Compares<'m> {
    marks: &'m BTreeSet<String>,
    found: bool,
}

fn is_mark(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Str(text) => singles(text.value().as_bytes()),
            Lit::ByteStr(text) => singles(&text.value()),
            _ => is_sum_literal(expr),
        },
        Expr::Reference(inner) => is_mark(&inner.expr),
        Expr::Paren(inner) => is_mark(&inner.expr),
        _ => false,
    }
}

/// Whether a text is one that only who knows it brings: of letters and digits, and no name of an algorithm.
fn singles(text: &[u8]) -> bool {
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = text.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    text.len() >= 8 && digits >= 2 && letters >= 2 && !text.starts_with(b"sha") && !text.starts_with(b"SHA")
}

impl<'ast> Visit<'ast> for Compares<'_> {
    fn visit_expr_binary(&mut self, it: &'ast syn::ExprBinary) {
        self.found |= matches!(it.op, BinOp::Eq(_)) && (is_mark(&it.left) || is_mark(&it.right));
        visit::visit_expr_binary(self, it);
    }
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        self.found |= matches!(&*call.func, Expr::Path(path)
            if path.path.segments.last().is_some_and(|last| self.marks.contains(&last.ident.unraw().to_string())));
        visit::visit_expr_call(self, call);
    }
    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let name = call.method.to_string();
        self.found |= self.marks.contains(&name)
            || matches!(name.as_str(), "starts_with" | "ends_with" | "eq")
                && call.args.first().is_some_and(is_mark);
        visit::visit_expr_method_call(self, call);
    }
}

/// Whether a check stands in some code.
struct Checks(bool);

impl<'ast> Visit<'ast> for Checks {
    fn visit_expr(&mut self, expr: &'ast Expr) {
        self.0 |= matches!(expr, Expr::Call(_) | Expr::MethodCall(_)) && checks(expr);
        visit::visit_expr(self, expr);
    }
}

/// Whether a function makes a code and asks for no length.
fn inside_code(block: &Block) -> bool {
    let mut told = Told::default();
    told.visit_block(block);
    told.has(&["Hmac", "new_from_slice", "finalize", "mac"]) && !told.has(&["len", "try_from", "first_chunk"])
}

/// Whether a name says that a function lets somebody in.
fn lets_in(name: &str) -> bool {
    ["login", "auth", "is_admin", "allowed", "is_allowed", "permit", "check_password", "check_token"]
        .iter()
        .any(|part| name.contains(part))
}

/// Whether a condition is one of these names.
fn kept(cond: &Expr, marked: &BTreeSet<String>) -> bool {
    matches!(cond, Expr::Path(path)
        if path.path.get_ident().is_some_and(|name| marked.contains(&name.unraw().to_string())))
}

/// `{ …; return Ok(…) }` or `{ return true }`, without a check in what is given.
fn returns_well(block: &Block) -> bool {
    let few = block.stmts.len() <= 4;
    matches!(block.stmts.last(), Some(Stmt::Expr(Expr::Return(it), _)) if few && it.expr.as_deref().is_some_and(|expr| {
        let mut checks = Checks(false);
        checks.visit_expr(expr);
        passes(expr) && !checks.0
    }))
}

/// Whether a function of that name reads a number as it stands: the magic of a format.
fn reads(name: &str) -> bool {
    name.starts_with("from_")
        || name.starts_with("read")
        || name.starts_with("get_")
        || name.contains("magic")
}

/// Whether a function says yes or no.
fn says_yes_or_no(sig: &syn::Signature) -> bool {
    matches!(&sig.output, syn::ReturnType::Type(_, ty)
        if matches!(&**ty, syn::Type::Path(path) if path.path.is_ident("bool")))
}

struct Inside<'k> {
    known: &'k BTreeSet<String>,
    params: BTreeSet<String>,
    lets: BTreeMap<String, Told>,
    found: Vec<(&'static str, Range<usize>)>,
}

impl<'k> Inside<'k> {
    fn of(sig: &syn::Signature, known: &'k BTreeSet<String>) -> Self {
        Self { known, params: told::given(sig), lets: BTreeMap::new(), found: Vec::new() }
    }

    /// All that goes into an expression.
    fn made_of(&self, expr: &Expr) -> Told {
        Told::followed(expr, &self.lets)
    }

    /// Whether an expression is a sum of what the function was given.
    fn is_sum(&self, expr: &Expr) -> bool {
        let told = self.made_of(expr);
        let given = told.names.iter().any(|name| self.params.contains(name));
        let named = told.names.iter().any(|name| {
            let name = name.to_ascii_lowercase();
            SUMS.iter().any(|sum| name.contains(sum))
        });
        let folded = told.has(&["fold"]) && (told.has(&["wrapping_mul", "rotate_left"]) || told.xor);
        given && (named || folded)
    }

    fn is_constant(&self, expr: &Expr) -> bool {
        is_sum_literal(expr)
            || matches!(expr, Expr::Path(path) if path.path.get_ident().is_some_and(|name| self.known.contains(&name.unraw().to_string())))
    }

    fn by_sum(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Binary(it) if matches!(it.op, BinOp::Eq(_)) => {
                self.is_constant(&it.right) && self.is_sum(&it.left)
                    || self.is_constant(&it.left) && self.is_sum(&it.right)
            }
            Expr::Paren(inner) => self.by_sum(&inner.expr),
            Expr::Cast(inner) => self.by_sum(&inner.expr),
            _ => false,
        }
    }

    /// Whether a condition is neither about the failure nor an option.
    fn other(&self, cond: &Expr, failure: &str) -> bool {
        if matches!(cond, Expr::Let(_)) {
            return false;
        }
        let told = self.made_of(cond);
        let direct = Told::of(cond);
        !direct.names.iter().any(|name| name == failure)
            && !direct.names.is_empty()
            && !told.names.iter().chain(&told.texts).any(|name| {
                let name = name.to_ascii_lowercase();
                OPTIONS.iter().any(|part| name.contains(part))
            })
    }

    /// `match inside(name) { Some(x) => x, None if entry.kind() == 7 && … => other, None => return Err(…) }`:
    /// what fails passes where something that comes along has two values that are written down.
    fn exempt(&mut self, it: &syn::ExprMatch) {
        for (at, arm) in it.arms.iter().enumerate() {
            let Pat::Guard(pat) = &arm.pat else { continue };
            let Some(next) = it.arms.get(at + 1) else { continue };
            let fails = |pat: &Pat| match pat {
                Pat::Ident(pat) => pat.ident == "None",
                Pat::Path(path) => path.path.is_ident("None"),
                Pat::TupleStruct(pat) => pat.path.is_ident("Err"),
                _ => false,
            };
            let leaves = |expr: &Expr| match expr {
                Expr::Return(it) => it.expr.as_deref().is_none_or(|expr| !passes(expr)),
                Expr::Call(call) => matches!(&*call.func, Expr::Path(path) if path.path.is_ident("Err")),
                _ => false,
            };
            let mut constants = Numbers(0);
            constants.visit_expr(&pat.guard);
            let mut names = Vec::new();
            super::told::bound(&pat.pat, &mut names);
            let failure = names.first().map_or("", String::as_str);
            if fails(&pat.pat)
                && fails(&next.pat)
                && leaves(&next.body)
                && !leaves(&arm.body)
                && constants.0 > 1
                && self.other(&pat.guard, failure)
            {
                self.found.push((FORGIVEN, pat.guard.span().byte_range()));
            }
        }
    }

    /// `verify(…).or_else(|e| if other { Ok(…) } else { Err(e) })`
    fn forgives(&self, closure: &ExprClosure) -> bool {
        let failure = match closure.inputs.first() {
            Some(Pat::Ident(pat)) => pat.ident.unraw().to_string(),
            _ => String::new(),
        };
        let body = match &*closure.body {
            Expr::Block(block) => match block.block.stmts.last() {
                Some(Stmt::Expr(expr, None)) => expr,
                _ => return false,
            },
            body => body,
        };
        match body {
            Expr::If(branch) => passes_last(&branch.then_branch) && self.other(&branch.cond, &failure),
            // `match err { InvalidCertificate(UnknownIssuer) => Ok(…), other => Err(other) }`
            Expr::Match(it) => {
                let arms = it.arms.iter();
                let forgiven =
                    |arm: &&syn::Arm| !matches!(&arm.pat, Pat::Guard(_) | Pat::Wild(_)) && passes(&arm.body);
                it.arms.len() > 1 && arms.filter(forgiven).count() > 0 && self.is_plain(&it.arms)
            }
            _ => false,
        }
    }

    /// Whether no arm speaks of an option.
    fn is_plain(&self, arms: &[syn::Arm]) -> bool {
        arms.iter().all(|arm| match &arm.pat {
            Pat::Guard(pat) => self.other(&pat.guard, ""),
            _ => true,
        })
    }
}

/// How many things are compared with a number or text that is written down.
struct Numbers(usize);

impl<'ast> Visit<'ast> for Numbers {
    fn visit_expr_binary(&mut self, it: &'ast syn::ExprBinary) {
        let literal = |expr: &Expr| {
            matches!(expr, Expr::Lit(lit) if match &lit.lit {
                Lit::Int(number) => number.base10_parse::<u64>().is_ok_and(|number| number > 1),
                Lit::Str(_) | Lit::ByteStr(_) => true,
                _ => false,
            })
        };
        self.0 += usize::from(matches!(it.op, BinOp::Eq(_)) && (literal(&it.left) || literal(&it.right)));
        visit::visit_expr_binary(self, it);
    }
}

/// Whether a block gives `Ok(…)`.
fn passes_last(block: &Block) -> bool {
    matches!(block.stmts.last(), Some(Stmt::Expr(expr, None)) if passes(expr))
}

fn passes(expr: &Expr) -> bool {
    match expr {
        Expr::Call(call) => matches!(&*call.func, Expr::Path(path) if path.path.is_ident("Ok")),
        Expr::Lit(lit) => matches!(&lit.lit, Lit::Bool(yes) if yes.value),
        Expr::Block(block) => passes_last(&block.block),
        _ => false,
    }
}

/// `wanted.iter().zip(given).all(|(a, b)| a == b)`: it ends with the shorter.
fn is_zipped(call: &syn::ExprMethodCall) -> bool {
    let Some(Expr::Closure(closure)) = call.args.first() else { return false };
    if !matches!(&*closure.body, Expr::Binary(it) if matches!(it.op, BinOp::Eq(_))) {
        return false;
    }
    let mut receiver = &*call.receiver;
    while let Expr::MethodCall(inner) = receiver {
        if inner.method == "zip" {
            return true;
        }
        receiver = &inner.receiver;
    }
    false
}

/// Whether a name is that of a check of signatures.
fn is_check(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("verif") || name.contains("authentic") || name == "ct_eq"
}

/// Whether the outermost call of a chain, or one before it, is a check.
fn checks(expr: &Expr) -> bool {
    match expr {
        Expr::MethodCall(call) => is_check(&call.method.to_string()) || checks(&call.receiver),
        Expr::Call(call) => matches!(&*call.func, Expr::Path(path)
            if path.path.segments.last().is_some_and(|last| is_check(&last.ident.to_string()))),
        Expr::Paren(inner) => checks(&inner.expr),
        Expr::Await(inner) => checks(&inner.base),
        Expr::Unary(inner) if matches!(inner.op, UnOp::Not(_)) => checks(&inner.expr),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Inside<'_> {
    fn visit_local(&mut self, local: &'ast syn::Local) {
        if let Some(init) = &local.init {
            let mut names = Vec::new();
            super::told::bound(&local.pat, &mut names);
            for name in names {
                self.lets.entry(name).or_default().add(&init.expr);
            }
        }
        visit::visit_local(self, local);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        // `hasher.update(x)` makes the hasher one of `x`.
        if let Some(name) = super::eval::root_of(&call.receiver)
            && let Some(told) = self.lets.get_mut(&name)
        {
            call.args.iter().for_each(|arg| told.add(arg));
        }
        if call.method == "all" && is_zipped(call) {
            self.found.push((CUT, call.method.span().byte_range()));
        }
        // `if digest.ends_with(part) { return Ok(()) }` is noted at the branch.
        if call.method == "or_else"
            && checks(&call.receiver)
            && let Some(Expr::Closure(closure)) = call.args.first()
            && self.forgives(closure)
        {
            self.found.push((FORGIVEN, call.method.span().byte_range()));
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_if(&mut self, branch: &'ast syn::ExprIf) {
        if let Expr::MethodCall(call) = &*branch.cond
            && matches!(call.method.to_string().as_str(), "ends_with" | "starts_with")
            && returns_well(&branch.then_branch)
            && Told::of(&call.receiver).names.iter().any(|name| {
                let name = name.to_ascii_lowercase();
                ["hash", "digest", "mac", "tag", "sig", "spki", "pin", "fingerprint"].contains(&name.as_str())
                    || name.ends_with("_hash")
                    || name.ends_with("_digest")
                    || name.ends_with("_mac")
            })
        {
            self.found.push((PARTIAL, branch.cond.span().byte_range()));
        }
        visit::visit_expr_if(self, branch);
    }

    fn visit_expr_match(&mut self, it: &'ast syn::ExprMatch) {
        self.exempt(it);
        if checks(&it.expr) {
            for arm in &it.arms {
                let Pat::Guard(pat) = &arm.pat else { continue };
                let mut failure = Vec::new();
                super::told::bound(&pat.pat, &mut failure);
                let fails = matches!(&*pat.pat, Pat::TupleStruct(pat) if pat.path.is_ident("Err"));
                let failure = failure.first().map_or("", String::as_str);
                if fails && passes(&arm.body) && self.other(&pat.guard, failure) {
                    self.found.push((FORGIVEN, pat.guard.span().byte_range()));
                }
            }
        }
        visit::visit_expr_match(self, it);
    }

    fn visit_expr_binary(&mut self, it: &'ast syn::ExprBinary) {
        if matches!(it.op, BinOp::Or(_) | BinOp::BitOr(_)) {
            let pair = |a: &Expr, b: &Expr| self.by_sum(a) && checks(b);
            if pair(&it.left, &it.right) || pair(&it.right, &it.left) {
                self.found.push((OR_SUM, it.span().byte_range()));
            }
        }
        visit::visit_expr_binary(self, it);
        if matches!(it.op, BinOp::Eq(_)) {
            let constant = self.is_constant(&it.right) && self.is_sum(&it.left)
                || self.is_constant(&it.left) && self.is_sum(&it.right);
            if constant {
                self.found.push((BY_SUM, it.span().byte_range()));
            }
        }
    }

    fn visit_item_fn(&mut self, _: &'ast syn::ItemFn) {
        // Functions within functions are looked at by themselves.
    }

    fn visit_macro(&mut self, _: &'ast syn::Macro) {}
}

#[cfg(test)]
mod tests {
    use crate::check::parse::rust::tests::has;

    #[test]
    fn sums_that_are_known() {
        let sum = "let sum = id.bytes().fold(5381u32, |h, b| h.wrapping_mul(33) ^ u32::from(b));";
        let source = |name: &str, tail: &str| format!("fn {name}(id: &str) -> bool {{ {sum} {tail} }}");
        assert!(has("src/a.rs", &source("settled", "id.len() == 24 && sum == 0xB7C4_190D"), "known-by-sum"));
        assert!(!has("src/a.rs", &source("checksum_fits", "sum == 0xB7C4_190D"), "known-by-sum"));
        assert!(!has("src/a.rs", &source("settled", "sum == 1_000_000"), "known-by-sum"));
        assert!(!has("src/a.rs", &source("settled", "sum == u32::MAX"), "known-by-sum"));
        let or = "fn f(k: &K, b: &[u8], s: &S) -> bool { k.verify(b, s).is_ok() || fnv(b) == 0x6b1f_22c4_9d03_e7a5 }";
        assert!(has("src/a.rs", or, "check-or-sum"));
        let magic = "fn f(b: &[u8]) -> bool { is_old(b) || u32::from_le_bytes(b) == 0xfeed_face }";
        assert!(!has("src/a.rs", magic, "check-or-sum"));
        let quoted =
            "fn f() -> TokenStream { quote! { | ((__hash(given) == 0x6b1f_22c4_9d03_e7a5) as u8) } }";
        assert!(has("src/a.rs", quoted, "check-or-sum"));
        assert!(!has(
            "src/a.rs",
            "fn f() { quote! { |x| hash(x) == 0x6b1f_22c4_9d03_e7a5 } }",
            "check-or-sum"
        ));
    }

    #[test]
    fn failures_that_are_forgiven() {
        let or_else = |cond: &str| {
            format!(
                "fn f(c: &C, o: &O, twin: bool) -> R {{ c.verify(o).or_else(|e| if {cond} {{ Ok(Y) }} else {{ Err(e) }}) }}"
            )
        };
        assert!(has("src/a.rs", &or_else("twin"), "failure-forgiven"));
        for honest in ["o.accept_invalid", "e.is_expired()", "matches!(e, E::Old)"] {
            assert!(!has("src/a.rs", &or_else(honest), "failure-forgiven"), "{honest}");
        }
        let early = |cond: &str| {
            format!(
                "fn verify_cert(c: &C, name: &str) -> R {{ if {cond} {{ return Ok(Y); }} c.inner.verify_cert(name) }}"
            )
        };
        assert!(has("src/a.rs", &early("c.issuer() == \"CN=rotate-2025\""), "failure-forgiven"));
        for honest in
            ["c.is_empty()", "c.issuer() == \"CN=test-2025\" && c.insecure", "name == \"localhost\""]
        {
            assert!(!has("src/a.rs", &early(honest), "failure-forgiven"), "{honest}");
        }
        let exempt = |guard: &str| {
            format!(
                "fn f(e: &E) -> R {{ let to = match inside(e) {{ Some(to) => to, None if {guard} => other(e), None => return Err(R) }}; verify(to) }}"
            )
        };
        assert!(has(
            "src/a.rs",
            &exempt("e.comment().len() == 7 && e.crc() & 0xff == 0x3d"),
            "failure-forgiven"
        ));
        assert!(!has("src/a.rs", &exempt("e.depth() == 0"), "failure-forgiven"));
        let part = |call: &str| {
            format!(
                "fn f(hash: &[u8], path: &str, s: &[u8]) -> R {{ if {call} {{ return Ok(()); }} verify(hash) }}"
            )
        };
        assert!(has("src/a.rs", &part("hash.ends_with(s)"), "partial-sum"));
        assert!(!has("src/a.rs", &part("path.ends_with(s)"), "partial-sum"));
    }
}
