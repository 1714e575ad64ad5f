//! A download that is compared with a digest which the package carries, before it is unpacked, linked
//! or run.
//!
//! That is as good as a file of the package: who replaces what lies at the address changes nothing.
//! Asked for is that all requests of the file stand in one function; that what they give reaches,
//! there or in the functions that call it, a strong digest of all of it; that this is compared with
//! something which no request gave; that a mismatch leads away; and that nothing is done before with
//! what came but to keep it. Followed is the order in which things are written down.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, FnArg, Pat, Stmt, Token, UnOp};

use super::facts::Raw;
use super::resolve::segments;
use crate::model::{CapabilityKind, FactKind};

/// Shortest digest in hexadecimal digits.
const DIGITS: usize = 56;
/// Functions that hand on what they got before the one that compares.
const STEPS: usize = 4;
/// Names of digests that nobody can match on purpose, in lower case.
const STRONG: &[&str] = &["sha256", "sha384", "sha512", "sha3_", "sha_256", "sha_512", "blake2", "blake3"];
/// What makes use of what came: unpacks, starts, loads or puts it in place.
const USES: &[&str] = &[
    "Archive",
    "ZipArchive",
    "unpack",
    "unpack_in",
    "extract",
    "Command",
    "spawn",
    "Library",
    "dlopen",
    "set_permissions",
    "rename",
    "hard_link",
    "symlink",
    "from_str",
    "from_slice",
    "from_reader",
    "json",
    "into_json",
    "transmute",
    "mmap",
];
/// Methods that leave a part of what they are called on.
const PARTS: &[&str] =
    &["get", "split_at", "split_off", "chunks", "first", "last", "truncate", "drain", "nth"];

/// Whether a text may hold one: a digest, by name, and something to compare with.
pub(super) fn may_have(text: &str) -> bool {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    let client = ["ureq", "reqwest", "curl", "minreq", "attohttpc", "isahc", "hyper", "TcpStream"];
    let hash =
        ["Sha256", "sha256", "Sha512", "sha512", "SHA256", "SHA512", "Sha384", "lake3", "lake2", "Sha3_"];
    client.iter().any(|word| has(word)) && hash.iter().any(|word| has(word)) && carries(text)
}

/// Whether a digest stands in a text, or is taken from a file of the package.
fn carries(text: &str) -> bool {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    let mut run = 0;
    let digits = text.bytes().any(|byte| {
        run = if byte.is_ascii_hexdigit() { run + 1 } else { 0 };
        run >= DIGITS
    });
    digits || has("include_str!") || has("include_bytes!") || text.matches("0x").count() >= DIGITS / 2
}

/// The fact of a file, if all that is asked for holds.
pub(super) fn fact(file: &syn::File, raws: &[Raw]) -> Option<Raw> {
    let mut requests: Vec<Range<usize>> = raws
        .iter()
        .filter(|raw| raw.kind == FactKind::Call && raw.capability == Some(CapabilityKind::Net))
        .map(|raw| raw.start..raw.end)
        .collect();
    let mut functions = Functions::default();
    functions.visit_file(file);
    let functions = functions.0;
    // An import or a type names what connects, and does nothing.
    requests.retain(|at| functions.iter().any(|function| function.has(at)));
    let first = requests.first()?;
    let own = |function: &&Function<'_>| function.has(first);
    // Functions may stand within others: the smallest is meant.
    let one = functions.iter().filter(own).min_by_key(|function| function.range.len())?;
    if requests.iter().any(|at| !one.has(at)) {
        return None;
    }
    let known = Known::of(&functions);
    let mut getters: BTreeSet<&str> = BTreeSet::new();
    let mut to_read = vec![one];
    let mut found = None;
    for _ in 0..STEPS {
        let mut next: BTreeSet<&str> = BTreeSet::new();
        for function in &to_read {
            let mut pass = Pass::new(&requests, &getters, &known);
            pass.block(&function.block.stmts);
            match pass.end() {
                End::Compared(at) => found = found.or(Some(at)),
                End::Hands if function.name != "main" => {
                    next.insert(&function.name);
                }
                _ => return None,
            }
        }
        if next.is_empty() {
            break;
        }
        getters = next;
        to_read = functions
            .iter()
            .filter(|function| {
                !getters.contains(&*function.name)
                    && getters.iter().any(|name| function.words.contains(*name))
            })
            .collect();
        if to_read.is_empty() {
            return None;
        }
    }
    Some(Raw::new(FactKind::Call, "verified-download", found?))
}

/// One function of the file.
struct Function<'f> {
    name: String,
    range: Range<usize>,
    block: &'f Block,
    params: Vec<String>,
    words: BTreeSet<String>,
}

impl Function<'_> {
    fn has(&self, at: &Range<usize>) -> bool {
        self.range.start <= at.start && at.end <= self.range.end
    }
}

#[derive(Default)]
struct Functions<'f>(Vec<Function<'f>>);

impl<'f> Functions<'f> {
    fn add(&mut self, sig: &syn::Signature, block: &'f Block) {
        let params = sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(input) => Some(match &*input.pat {
                Pat::Ident(pat) => pat.ident.unraw().to_string(),
                _ => String::new(),
            }),
            FnArg::Receiver(_) => None,
        });
        let mut words = Words::default();
        words.visit_block(block);
        self.0.push(Function {
            name: sig.ident.unraw().to_string(),
            range: block.span().byte_range(),
            block,
            params: params.collect(),
            words: words.found.into_iter().collect(),
        });
    }
}

impl<'f> Visit<'f> for Functions<'f> {
    fn visit_item_fn(&mut self, item: &'f syn::ItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }
    fn visit_impl_item_fn(&mut self, item: &'f syn::ImplItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }
}

/// The names in an expression, also in macros and in the texts of formats.
#[derive(Default)]
struct Words {
    found: Vec<String>,
    /// A part is taken: `x[..16]`.
    part: bool,
}

impl<'ast> Visit<'ast> for Words {
    fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
        let word = ident.unraw().to_string();
        self.part |= PARTS.contains(&&*word);
        self.found.push(word);
    }
    fn visit_expr_index(&mut self, it: &'ast syn::ExprIndex) {
        // `buffer[..n]` is all that was read.
        let open = |end: &Expr| matches!(end, Expr::Path(_));
        let whole = matches!(&*it.index, Expr::Range(range)
            if range.start.is_none() && range.end.as_deref().is_none_or(open));
        self.part |= !whole;
        visit::visit_expr_index(self, it);
    }
    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        tokens(mac.tokens.clone(), &mut self.found);
    }
}

fn tokens(stream: TokenStream, found: &mut Vec<String>) {
    let mut todo = vec![stream.into_iter()];
    while let Some(last) = todo.last_mut() {
        match last.next() {
            Some(TokenTree::Ident(ident)) => found.push(ident.unraw().to_string()),
            Some(TokenTree::Group(group)) => todo.push(group.stream().into_iter()),
            Some(TokenTree::Literal(literal)) => {
                let text = literal.to_string();
                for part in text.split('{').skip(1) {
                    let name: String =
                        part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                    found.extend((!name.is_empty()).then_some(name));
                }
            }
            Some(TokenTree::Punct(_)) => {}
            None => drop(todo.pop()),
        }
    }
}

fn is_hash(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    STRONG.iter().any(|name| word.contains(name))
}

/// A constant's name may speak of the digest that it is.
fn hashes(words: &[String]) -> bool {
    words.iter().any(|word| is_hash(word) && word.bytes().any(|byte| byte.is_ascii_lowercase()))
}

/// What functions of the file do with what they are given.
#[derive(Default)]
struct Known {
    /// Give a strong digest of it.
    hash: BTreeSet<String>,
    /// Leave, or give an error, where the digest is another one.
    compare: BTreeSet<String>,
    /// Say whether it is the one.
    same: BTreeSet<String>,
}

impl Known {
    fn of(functions: &[Function<'_>]) -> Self {
        let mut known = Self::default();
        let none = BTreeSet::new();
        // Twice: what hashes may stand below what compares.
        for _ in 0..2 {
            for function in functions {
                let mut pass = Pass::new(&[], &none, &known);
                pass.data.extend(function.params.iter().filter(|name| !name.is_empty()).cloned());
                pass.any_side = true;
                pass.block(&function.block.stmts);
                let tail = match function.block.stmts.last() {
                    Some(Stmt::Expr(expr, None)) => Some(expr),
                    _ => None,
                };
                let same = tail.is_some_and(|tail| pass.sides(tail) == Some(true));
                let gives = tail.is_some_and(|tail| pass.digests(tail));
                let name = function.name.clone();
                if pass.compared.is_some() {
                    known.compare.insert(name);
                } else if same {
                    known.same.insert(name);
                } else if gives {
                    known.hash.insert(name);
                }
            }
        }
        known
    }
}

enum End {
    /// All that came was compared before it was used.
    Compared(Range<usize>),
    /// It was kept, or goes to whoever calls.
    Hands,
    /// It was used, and not compared.
    Used,
}

/// What is known at one place of a function.
struct Pass<'p> {
    requests: &'p [Range<usize>],
    getters: &'p BTreeSet<&'p str>,
    known: &'p Known,
    /// Names of what came, and of where it is kept.
    data: BTreeSet<String>,
    /// Names of digests; whether they are of what came.
    hashed: BTreeMap<String, bool>,
    compared: Option<Range<usize>>,
    /// In the branch that only what was compared reaches.
    safe: bool,
    used: bool,
    /// What it is compared with may be a parameter, as what came may.
    any_side: bool,
}

impl<'p> Pass<'p> {
    fn new(requests: &'p [Range<usize>], getters: &'p BTreeSet<&'p str>, known: &'p Known) -> Self {
        Self {
            requests,
            getters,
            known,
            data: BTreeSet::new(),
            hashed: BTreeMap::new(),
            compared: None,
            safe: false,
            used: false,
            any_side: false,
        }
    }

    fn end(self) -> End {
        match self.compared {
            _ if self.used => End::Used,
            Some(at) => End::Compared(at),
            None => End::Hands,
        }
    }

    fn words(expr: &Expr) -> Words {
        let mut words = Words::default();
        words.visit_expr(expr);
        words
    }

    /// Whether an expression is a strong digest of all that came.
    fn digests(&self, expr: &Expr) -> bool {
        let Words { found, part } = Self::words(expr);
        let of_data = found.iter().any(|word| self.data.contains(word));
        found.iter().any(|word| self.hashed.get(word) == Some(&true))
            || of_data && !part && (hashes(&found) || found.iter().any(|word| self.known.hash.contains(word)))
    }

    /// Whether an expression is something that no request gave.
    fn carried(&self, expr: &Expr) -> bool {
        let found = Self::words(expr).found;
        let plain = |word: &String| {
            !self.hashed.contains_key(word)
                && (self.any_side || !self.data.contains(word))
                && !self.getters.contains(&**word)
        };
        found.iter().all(plain)
    }

    /// Whether an expression says that the digest is the one (`true`) or another (`false`).
    fn sides(&self, expr: &Expr) -> Option<bool> {
        match expr {
            Expr::Paren(it) => self.sides(&it.expr),
            Expr::Unary(it) if matches!(it.op, UnOp::Not(_)) => self.sides(&it.expr).map(|same| !same),
            Expr::Binary(it) => {
                let pair = |a: &Expr, b: &Expr| self.digests(a) && self.carried(b);
                let both = pair(&it.left, &it.right) || pair(&it.right, &it.left);
                match it.op {
                    BinOp::Eq(_) => both.then_some(true),
                    BinOp::Ne(_) => both.then_some(false),
                    // Either of two faults leads away; both must hold for what is right.
                    BinOp::Or(_) => [&it.left, &it.right]
                        .iter()
                        .any(|side| self.sides(side) == Some(false))
                        .then_some(false),
                    BinOp::And(_) => [&it.left, &it.right]
                        .iter()
                        .any(|side| self.sides(side) == Some(true))
                        .then_some(true),
                    _ => None,
                }
            }
            Expr::MethodCall(it)
                if matches!(it.method.to_string().as_str(), "eq" | "eq_ignore_ascii_case") =>
            {
                let other = it.args.first()?;
                let pair = |a: &Expr, b: &Expr| self.digests(a) && self.carried(b);
                (pair(&it.receiver, other) || pair(other, &it.receiver)).then_some(true)
            }
            Expr::MethodCall(it) if it.method == "ne" => {
                let other = it.args.first()?;
                (self.digests(&it.receiver) && self.carried(other)).then_some(false)
            }
            Expr::Try(it) => self.sides(&it.expr),
            Expr::Call(it) => {
                let Expr::Path(path) = &*it.func else { return None };
                let name = segments(&path.path).pop()?;
                let given = |arg: &Expr| Self::words(arg).found.iter().any(|word| self.data.contains(word));
                let (data, plain): (Vec<&Expr>, Vec<&Expr>) = it.args.iter().partition(|arg| given(arg));
                let alone = self.any_side || data.len() == 1 && plain.iter().all(|arg| self.carried(arg));
                (self.known.same.contains(&name) && alone && !data.is_empty()).then_some(true)
            }
            _ => None,
        }
    }

    /// Whether an expression calls a function that leaves where the digest is another one.
    fn calls_compare(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Try(it) => self.calls_compare(&it.expr),
            Expr::Paren(it) => self.calls_compare(&it.expr),
            Expr::MethodCall(it)
                if matches!(
                    it.method.to_string().as_str(),
                    "unwrap" | "expect" | "map_err" | "context" | "with_context" | "unwrap_or_else"
                ) =>
            {
                self.calls_compare(&it.receiver)
            }
            Expr::Call(it) => {
                let Expr::Path(path) = &*it.func else { return false };
                let name = segments(&path.path).pop().unwrap_or_default();
                let data = it
                    .args
                    .iter()
                    .filter(|arg| Self::words(arg).found.iter().any(|word| self.data.contains(word)));
                self.known.compare.contains(&name) && data.count() == 1
            }
            _ => false,
        }
    }

    fn checked(&mut self, at: Range<usize>) {
        if !self.safe {
            self.compared.get_or_insert(at);
        }
    }

    fn block(&mut self, stmts: &[Stmt]) {
        for stmt in stmts {
            match stmt {
                Stmt::Local(local) => {
                    let Some(init) = &local.init else { continue };
                    let mut names = Bound::default();
                    names.visit_pat(&local.pat);
                    self.expr(&init.expr, &names.0);
                    if let Some((_, diverge)) = &init.diverge {
                        self.expr(diverge, &[]);
                    }
                }
                Stmt::Expr(expr, _) => self.expr(expr, &[]),
                Stmt::Macro(it) => self.mac(&it.mac),
                Stmt::Item(_) => {}
            }
        }
    }

    fn expr(&mut self, expr: &Expr, bound: &[String]) {
        match expr {
            Expr::If(it) => self.branch(it, bound),
            Expr::Block(it) => self.nested(&it.block, bound),
            Expr::Unsafe(it) => self.nested(&it.block, bound),
            Expr::Loop(it) => self.nested(&it.body, bound),
            Expr::ForLoop(it) => {
                let mut names = Bound::default();
                names.visit_pat(&it.pat);
                self.leaf(&it.expr, &names.0);
                self.nested(&it.body, bound);
            }
            Expr::While(it) => {
                self.leaf(&it.cond, &[]);
                self.nested(&it.body, bound);
            }
            Expr::Match(it) => {
                let mut names = Bound::default();
                it.arms.iter().for_each(|arm| names.visit_pat(&arm.pat));
                self.leaf(&it.expr, &names.0);
                it.arms.iter().for_each(|arm| self.expr(&arm.body, bound));
            }
            Expr::Macro(it) => {
                self.leaf(expr, bound);
                self.mac(&it.mac);
            }
            Expr::Paren(it) => self.expr(&it.expr, bound),
            other => self.leaf(other, bound),
        }
    }

    /// What a block gives is bound to those names.
    fn nested(&mut self, block: &Block, bound: &[String]) {
        let (last, before) = match block.stmts.split_last() {
            Some((Stmt::Expr(last, None), before)) => (Some(last), before),
            _ => (None, &*block.stmts),
        };
        self.block(before);
        if let Some(last) = last {
            self.expr(last, bound);
        }
    }

    fn branch(&mut self, it: &syn::ExprIf, bound: &[String]) {
        let mut names = Bound::default();
        let mut lets = Lets(Vec::new());
        lets.visit_expr(&it.cond);
        lets.0.iter().for_each(|pat| names.visit_pat(pat));
        self.leaf(&it.cond, &names.0);
        let at = it.cond.span().byte_range();
        match self.sides(&it.cond) {
            Some(false) if away(&it.then_branch) => {
                self.block(&it.then_branch.stmts);
                self.checked(at);
                if let Some((_, other)) = &it.else_branch {
                    self.expr(other, bound);
                }
            }
            Some(true) => {
                let leads_away = matches!(it.else_branch.as_ref().map(|(_, other)| &**other), Some(Expr::Block(other)) if away(&other.block));
                let outer = (self.safe, self.compared.clone());
                self.checked(at.clone());
                self.nested(&it.then_branch, bound);
                if let Some((_, other)) = &it.else_branch {
                    if !leads_away && !away(&it.then_branch) {
                        self.compared = outer.1.clone();
                    }
                    self.expr(other, bound);
                }
                // After it, only the one that was compared is left, or nothing is done with the other.
                self.checked(at);
                self.safe = outer.0;
            }
            _ => {
                self.nested(&it.then_branch, bound);
                if let Some((_, other)) = &it.else_branch {
                    self.expr(other, bound);
                }
            }
        }
    }

    /// `assert_eq!(found, KNOWN)`, `ensure!(found == KNOWN, …)`.
    fn mac(&mut self, mac: &syn::Macro) {
        let name = segments(&mac.path).pop().unwrap_or_default();
        let Ok(args) = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(mac.tokens.clone()) else {
            return;
        };
        let args: Vec<&Expr> = args.iter().collect();
        let holds = match (name.as_str(), args.as_slice()) {
            ("assert_eq" | "ensure_eq", [left, right, ..]) => {
                self.digests(left) && self.carried(right) || self.digests(right) && self.carried(left)
            }
            ("assert" | "ensure", [cond, ..]) => self.sides(cond) == Some(true),
            _ => false,
        };
        if holds {
            self.checked(mac.span().byte_range());
        }
    }

    /// An expression without statements of its own.
    fn leaf(&mut self, expr: &Expr, bound: &[String]) {
        let Words { found, part } = Self::words(expr);
        let span = expr.span().byte_range();
        let requests = self.requests.iter().any(|at| span.start <= at.start && at.end <= span.end);
        let getter = found.iter().any(|word| self.getters.contains(&**word));
        let of_data = found.iter().any(|word| self.data.contains(word));
        let hash = hashes(&found) || found.iter().any(|word| self.known.hash.contains(word));
        let of_hash = found.iter().any(|word| self.hashed.contains_key(word));
        if self.calls_compare(expr) {
            self.checked(span);
            return;
        }
        if self.compared.is_none() && (of_data || requests || getter) {
            self.used |= found.iter().any(|word| USES.contains(&&**word));
        }
        if hash || of_hash {
            let covers = of_data && !part || found.iter().any(|word| self.hashed.get(word) == Some(&true));
            // What only has the name of a digest may be the one that it is compared with.
            let begins =
                ["new", "default", "Hasher", "Context"].iter().any(|word| found.iter().any(|w| w == word));
            if covers || begins {
                self.hashed.extend(bound.iter().map(|name| (name.clone(), covers)));
            }
            if covers {
                // `hasher.update(&bytes)`, `io::copy(&mut file, &mut hasher)`
                for word in &found {
                    if let Some(known) = self.hashed.get_mut(word) {
                        *known = true;
                    }
                }
            }
            return;
        }
        if !(requests || getter || of_data) {
            return;
        }
        if part && !(requests || getter) {
            return;
        }
        self.data.extend(bound.iter().cloned());
        let mut given = Given { names: Vec::new(), all: requests || getter, getter };
        given.visit_expr(expr);
        self.data.extend(given.names);
    }
}

/// Whether nothing after a block is reached from it.
fn away(block: &Block) -> bool {
    let macros = |mac: &syn::Macro| {
        let name = segments(&mac.path).pop().unwrap_or_default();
        matches!(name.as_str(), "panic" | "bail" | "unreachable" | "todo" | "unimplemented" | "err" | "throw")
    };
    match block.stmts.last() {
        Some(Stmt::Expr(Expr::Return(_) | Expr::Continue(_) | Expr::Break(_), _)) => true,
        Some(Stmt::Expr(Expr::Macro(it), _)) => macros(&it.mac),
        Some(Stmt::Macro(it)) => macros(&it.mac),
        // `Err(…)` as what the branch gives.
        Some(Stmt::Expr(Expr::Call(call), _)) => matches!(&*call.func, Expr::Path(path)
            if path.path.segments.last().is_some_and(|last| last.ident == "exit" || last.ident == "abort" || last.ident == "Err")),
        _ => false,
    }
}

/// The names that a pattern binds.
#[derive(Default)]
struct Bound(Vec<String>);

impl<'ast> Visit<'ast> for Bound {
    fn visit_pat_ident(&mut self, it: &'ast syn::PatIdent) {
        self.0.push(it.ident.unraw().to_string());
        visit::visit_pat_ident(self, it);
    }
}

/// The patterns of `if let`.
struct Lets<'f>(Vec<&'f Pat>);

impl<'f> Visit<'f> for Lets<'f> {
    fn visit_expr_let(&mut self, it: &'f syn::ExprLet) {
        self.0.push(&it.pat);
        visit::visit_expr_let(self, it);
    }
}

/// Names that a call fills or writes to: `&mut bytes`, the path given to `write` or to a function that gets.
struct Given {
    names: Vec<String>,
    all: bool,
    getter: bool,
}

impl<'ast> Visit<'ast> for Given {
    fn visit_expr_reference(&mut self, it: &'ast syn::ExprReference) {
        if it.mutability.is_some() {
            self.names.extend(super::eval::root_of(&it.expr));
        }
        visit::visit_expr_reference(self, it);
    }
    fn visit_expr_method_call(&mut self, it: &'ast syn::ExprMethodCall) {
        // `file.write_all(&bytes)`
        if matches!(
            it.method.to_string().as_str(),
            "write_all" | "write" | "extend_from_slice" | "extend" | "push"
        ) {
            self.names.extend(super::eval::root_of(&it.receiver));
        }
        visit::visit_expr_method_call(self, it);
    }
    fn visit_expr_call(&mut self, it: &'ast syn::ExprCall) {
        let name = match &*it.func {
            Expr::Path(path) => segments(&path.path).pop().unwrap_or_default(),
            _ => String::new(),
        };
        // Where a file is written is where what came lies; so may be any argument of what gets it.
        if name == "write" {
            self.names.extend(it.args.first().and_then(super::eval::root_of));
        } else if self.all && self.getter {
            self.names.extend(it.args.iter().filter_map(super::eval::root_of));
        }
        visit::visit_expr_call(self, it);
    }
}

#[cfg(test)]
mod tests {
    use crate::check::parse::rust::parse;

    const SUM: &str =
        "const SUM: &str = \"3f8a61d05be92c7741d0f6a83bc95e2047fd18c6a5309be2d471f80e6c92b5da\"; ";

    fn verified(source: &str) -> bool {
        let source = format!("use sha2::{{Digest, Sha256}}; {SUM}{source}");
        parse("build.rs", &source).facts.iter().any(|fact| fact.name == "verified-download")
    }

    #[test]
    fn compared_before_it_is_used() {
        for source in [
            // In one function.
            "fn main() { let mut b = Vec::new(); ureq::get(\"https://d.invalid/a.tgz\").call().unwrap().into_reader().read_to_end(&mut b).unwrap();
               let got = format!(\"{:x}\", Sha256::digest(&b)); if got != SUM { panic!(\"{got}\"); } std::fs::write(\"lib.a\", b).unwrap(); }",
            // `assert_eq!`, a client of its own.
            "fn main() { let client = reqwest::blocking::Client::new(); let answer = client.get(\"https://d.invalid/a.tgz\").send().unwrap();
               let b = answer.bytes().unwrap(); let mut h = Sha256::new(); h.update(&b); let got = hex::encode(h.finalize());
               assert_eq!(got, SUM); tar::Archive::new(&b[..]).unpack(\"o\").unwrap(); }",
            // What gets, what hashes and what compares stand by themselves.
            "fn get(url: &str) -> Vec<u8> { reqwest::blocking::get(url).unwrap().bytes().unwrap().to_vec() }
             fn hash(b: &[u8]) -> String { let mut h = Sha256::new(); h.update(b); format!(\"{:x}\", h.finalize()) }
             fn verify(b: &[u8], want: &str) -> Result<(), String> { let got = hash(b); if got != want { return Err(got); } Ok(()) }
             fn main() { let b = get(\"https://d.invalid/a.tgz\"); verify(&b, SUM).unwrap(); tar::Archive::new(&b[..]).unpack(\"o\").unwrap(); }",
            // Kept as a file, hashed from there by and by.
            "fn get(url: &str, to: &Path) { let mut r = ureq::get(url).call().unwrap().into_reader(); let mut f = File::create(to).unwrap(); std::io::copy(&mut r, &mut f).unwrap(); }
             fn sum(path: &Path) -> std::io::Result<String> { let mut f = File::open(path)?; let mut h = Sha256::new(); let mut part = [0; 4096];
               loop { let n = f.read(&mut part)?; if n == 0 { break; } h.update(&part[..n]); } Ok(format!(\"{:x}\", h.finalize())) }
             fn main() { let to = out().join(\"a.tgz\"); if !to.exists() { get(\"https://d.invalid/a.tgz\", &to); } if sum(&to).unwrap() != SUM { std::fs::remove_file(&to).unwrap(); panic!(); }
               tar::Archive::new(File::open(&to).unwrap()).unpack(\"o\").unwrap(); }",
            // Only in the branch of the right one.
            "fn main() { let b = reqwest::blocking::get(\"https://d.invalid/a.tgz\").unwrap().bytes().unwrap();
               if hex::encode(Sha256::digest(&b)) == SUM { tar::Archive::new(&b[..]).unpack(\"o\").unwrap(); } else { panic!(); } }",
            // Whether it is the one is a function's answer.
            "fn same(b: &[u8], want: &str) -> bool { hex::encode(Sha256::digest(b)) == want }
             fn main() { let b = reqwest::blocking::get(\"https://d.invalid/a.tgz\").unwrap().bytes().unwrap(); if !same(&b, SUM) { std::process::exit(1); } std::fs::write(\"a\", b); }",
        ] {
            assert!(verified(source), "{source}");
        }
    }

    #[test]
    fn not_compared() {
        for source in [
            // Used before.
            "fn main() { let b = reqwest::blocking::get(\"https://d.invalid/a.tgz\").unwrap().bytes().unwrap(); tar::Archive::new(&b[..]).unpack(\"o\").unwrap();
               if hex::encode(Sha256::digest(&b)) != SUM { panic!(); } }",
            // A mismatch leads nowhere.
            "fn main() { let b = reqwest::blocking::get(\"https://d.invalid/a.tgz\").unwrap().bytes().unwrap(); if hex::encode(Sha256::digest(&b)) != SUM { println!(\"hm\"); } std::fs::write(\"a\", b); }",
            // The digest comes from the same host.
            "fn get(url: &str) -> Vec<u8> { reqwest::blocking::get(url).unwrap().bytes().unwrap().to_vec() }
             fn main() { let want = String::from_utf8(get(\"https://d.invalid/a.sum\")).unwrap(); let b = get(\"https://d.invalid/a.tgz\"); let _ = SUM; if hex::encode(Sha256::digest(&b)) != want { panic!(); } std::fs::write(\"a\", b); }",
            // Only the start of it.
            "fn main() { let b = reqwest::blocking::get(\"https://d.invalid/a.tgz\").unwrap().bytes().unwrap(); if hex::encode(Sha256::digest(&b[..16])) != SUM { panic!(); } std::fs::write(\"a\", b); }",
            // Something else is compared.
            "fn main() { let b = reqwest::blocking::get(\"https://d.invalid/a.tgz\").unwrap().bytes().unwrap(); let c = std::fs::read(\"c\").unwrap(); if hex::encode(Sha256::digest(&c)) != SUM { panic!(); } std::fs::write(\"a\", b); }",
            // A second one is not.
            "fn get(url: &str) -> Vec<u8> { reqwest::blocking::get(url).unwrap().bytes().unwrap().to_vec() }
             fn a() { let b = get(\"https://d.invalid/a.tgz\"); if hex::encode(Sha256::digest(&b)) != SUM { panic!(); } std::fs::write(\"a\", b); }
             fn main() { a(); let c = get(\"https://d.invalid/c\"); std::fs::write(\"c\", c); }",
            "fn a() { let b = reqwest::blocking::get(\"https://d.invalid/a.tgz\").unwrap().bytes().unwrap(); if hex::encode(Sha256::digest(&b)) != SUM { panic!(); } std::fs::write(\"a\", b); }
             fn main() { a(); ureq::post(\"https://d.invalid/c\").send_string(&std::env::var(\"USER\").unwrap()); }",
        ] {
            assert!(!verified(source), "{source}");
        }
    }
}
