//! Random bytes that something else is written over: values made from the time or the process, a
//! constant, or what a mask leaves of them, which is nothing.
//!
//! Only what happens for sure counts: the bytes are filled by one statement of a block and written
//! over, whole, by a later one of the same block. A second source behind a condition is a fallback,
//! zeros at the end clean up, and a part that is written over is a version or a time stamp.

mod by_length;

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, Lit, Pat, Stmt};

use super::eval::root_of;
use super::facts::Raw;
use crate::model::FactKind;

/// Words whose values others can guess.
const GUESSED: &[&str] = &["SystemTime", "Instant", "UNIX_EPOCH", "elapsed", "process_id", "Utc", "Local"];
/// Words that draw lots.
const LOTS: &[&str] = &[
    "getrandom",
    "fill_bytes",
    "try_fill_bytes",
    "random",
    "OsRng",
    "thread_rng",
    "from_entropy",
    "from_os_rng",
    "urandom",
    "SysRng",
    "next_u32",
    "next_u64",
];

/// The shapes of a file.
pub fn shapes(file: &syn::File) -> Vec<Raw> {
    let mut helpers = Helpers::default();
    helpers.visit_file(file);
    let mut blocks = Blocks { spoilers: helpers.found, raws: Vec::new(), names: Names::default() };
    blocks.visit_file(file);
    let mut raws = blocks.raws;
    raws.extend(by_length::shapes(file));
    raws
}

/// Functions that write over all of what they are given, by name and place of the parameter.
type Spoilers = BTreeSet<(String, usize)>;

#[derive(Default)]
struct Helpers {
    found: Spoilers,
}

impl<'ast> Visit<'ast> for Helpers {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.of(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }
    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.of(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }
}

impl Helpers {
    fn of(&mut self, sig: &syn::Signature, block: &Block) {
        let inputs = sig.inputs.iter().filter_map(|input| match input {
            syn::FnArg::Typed(input) => Some(input),
            syn::FnArg::Receiver(_) => None,
        });
        for (at, input) in inputs.enumerate() {
            let (Pat::Ident(pat), syn::Type::Reference(ty)) = (&*input.pat, &*input.ty) else { continue };
            if ty.mutability.is_none() {
                continue;
            }
            let name = pat.ident.unraw().to_string();
            let mut names = Names::default();
            for stmt in &block.stmts {
                names.learn(stmt, &name);
                if spoils(stmt, &name, &names, &self.found) {
                    self.found.insert((sig.ident.unraw().to_string(), at));
                    break;
                }
            }
        }
    }
}

struct Blocks {
    spoilers: Spoilers,
    raws: Vec<Raw>,
    names: Names,
}

impl<'ast> Visit<'ast> for Blocks {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let around = std::mem::take(&mut self.names);
        visit::visit_item_fn(self, item);
        self.names = around;
    }

    fn visit_block(&mut self, block: &'ast Block) {
        let mut filled: BTreeMap<String, Names> = BTreeMap::new();
        for stmt in &block.stmts {
            for (name, names) in &mut filled {
                names.learn(stmt, name);
                if spoils(stmt, name, names, &self.spoilers) {
                    let range = stmt.span().byte_range();
                    self.raws.push(Raw::new(FactKind::Shape, "spoiled-random", range).value(&**name));
                }
            }
            for name in fills(stmt) {
                let names = self.names.clone();
                filled.entry(name).or_insert(names);
            }
            self.names.learn(stmt, "");
        }
        visit::visit_block(self, block);
    }
}

/// What names hold.
#[derive(Debug, Default, Clone)]
struct Names {
    guessed: BTreeSet<String>,
    drawn: BTreeSet<String>,
}

impl Names {
    /// Learns what a statement gives names; `bytes` are the random ones.
    fn learn(&mut self, stmt: &Stmt, bytes: &str) {
        let (name, value) = match stmt {
            Stmt::Local(local) => {
                let Some(init) = &local.init else { return };
                let pat = if let Pat::Type(pat) = &local.pat { &*pat.pat } else { &local.pat };
                let Pat::Ident(pat) = pat else { return };
                (pat.ident.unraw().to_string(), &*init.expr)
            }
            Stmt::Expr(Expr::Assign(assign), _) => {
                let Some(name) = root_of(&assign.left) else { return };
                (name, &*assign.right)
            }
            _ => return,
        };
        let words = words(value);
        if self.draws(&words, bytes) {
            self.guessed.remove(&name);
            self.drawn.insert(name);
        } else if self.guesses(&words) {
            self.guessed.insert(name);
        }
    }

    fn draws(&self, words: &[String], bytes: &str) -> bool {
        words.iter().any(|word| word == bytes || LOTS.contains(&&**word) || self.drawn.contains(word))
    }

    fn guesses(&self, words: &[String]) -> bool {
        let id = words.windows(2).any(|pair| pair[0] == "process" && pair[1] == "id");
        id || words.iter().any(|word| GUESSED.contains(&&**word) || self.guessed.contains(word))
    }
}

/// Collects the names in an expression, but for those of `old` of which a mask leaves nothing.
#[derive(Default)]
struct Words<'n> {
    found: Vec<String>,
    old: [&'n str; 2],
    masked: bool,
}

impl<'ast> Visit<'ast> for Words<'_> {
    fn visit_ident(&mut self, ident: &'ast Ident) {
        self.found.push(ident.unraw().to_string());
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        let mut todo: Vec<proc_macro2::token_stream::IntoIter> =
            vec![TokenStream::into_iter(mac.tokens.clone())];
        while let Some(stream) = todo.last_mut() {
            match stream.next() {
                Some(TokenTree::Ident(ident)) => self.found.push(ident.unraw().to_string()),
                Some(TokenTree::Group(group)) => todo.push(group.stream().into_iter()),
                Some(_) => {}
                None => drop(todo.pop()),
            }
        }
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        // `x & 0` is nothing of `x`.
        if matches!(binary.op, BinOp::BitAnd(_) | BinOp::Mul(_))
            && (is_zero(&binary.left) || is_zero(&binary.right))
        {
            let inner = words(if is_zero(&binary.left) { &binary.right } else { &binary.left });
            if inner.iter().any(|word| !word.is_empty() && self.old.contains(&&**word)) {
                self.masked = true;
                return;
            }
        }
        visit::visit_expr_binary(self, binary);
    }
}

/// All names of an expression.
fn words(expr: &Expr) -> Vec<String> {
    let mut words = Words::default();
    words.visit_expr(expr);
    words.found
}

/// The variables that a statement fills with random bytes.
fn fills(stmt: &Stmt) -> Vec<String> {
    #[derive(Default)]
    struct Fills(Vec<String>);
    impl<'ast> Visit<'ast> for Fills {
        fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
            if let Expr::Path(path) = &*call.func {
                let words = super::resolve::segments(&path.path);
                let last = words.last().map(String::as_str).unwrap_or_default();
                let known = last == "getrandom"
                    || last == "fill" && words.iter().any(|word| word == "getrandom" || word == "rand");
                if known && let Some(root) = call.args.first().and_then(root_of) {
                    self.0.push(root);
                }
            }
            visit::visit_expr_call(self, call);
        }
        fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
            let random = call.method == "fill_bytes" || call.method == "try_fill_bytes";
            if random && let Some(root) = call.args.first().and_then(root_of) {
                self.0.push(root);
            }
            visit::visit_expr_method_call(self, call);
        }
        // What is done behind a condition is not done for sure.
        fn visit_expr_if(&mut self, it: &'ast syn::ExprIf) {
            self.visit_expr(&it.cond);
        }
        fn visit_expr_closure(&mut self, _: &'ast syn::ExprClosure) {}
    }
    let mut found = Fills::default();
    match stmt {
        Stmt::Local(local) => {
            if let (Pat::Ident(pat), Some(init)) =
                (if let Pat::Type(pat) = &local.pat { &*pat.pat } else { &local.pat }, &local.init)
                && let Expr::Call(call) = &*init.expr
                && words(&call.func).last().is_some_and(|last| last == "random")
            {
                found.0.push(pat.ident.unraw().to_string());
            }
            found.visit_stmt(stmt);
        }
        Stmt::Expr(..) => found.visit_stmt(stmt),
        _ => {}
    }
    found.0
}

/// Whether a statement writes over all of `bytes`, for sure, with what others can guess.
fn spoils(stmt: &Stmt, bytes: &str, names: &Names, spoilers: &Spoilers) -> bool {
    let Stmt::Expr(expr, _) = stmt else { return false };
    let of_bytes = |expr: &Expr| whole(expr).is_some_and(|name| name == bytes);
    let bad = |value: &Expr, old: &str| worth_nothing(value, old, bytes, names);
    let expr = if let Expr::Try(inner) = expr { &*inner.expr } else { expr };
    match expr {
        Expr::ForLoop(each) => {
            if !each.attrs.is_empty() {
                return false;
            }
            // What the body makes along the way is known as well.
            let mut within = names.clone();
            let slot = slot_of(each, bytes);
            let by_index = index_of(each, bytes);
            each.body.stmts.iter().any(|stmt| {
                within.learn(stmt, bytes);
                let Stmt::Expr(Expr::Assign(assign), _) = stmt else { return false };
                let old = match &*assign.left {
                    Expr::Unary(left) => {
                        slot.as_ref().filter(|slot| whole(&left.expr).as_ref() == Some(slot))
                    }
                    Expr::Index(left) => {
                        let same = by_index.is_some() && whole(&left.index) == by_index;
                        by_index.as_ref().filter(|_| same && of_bytes(&left.expr))
                    }
                    _ => None,
                };
                old.is_some_and(|old| worth_nothing(&assign.right, old, bytes, &within))
            })
        }
        Expr::MethodCall(call) => {
            let first = call.args.first();
            match call.method.to_string().as_str() {
                "copy_from_slice" | "clone_from_slice" | "fill" if call.args.len() == 1 => {
                    of_bytes(&call.receiver) && first.is_some_and(|value| bad(value, ""))
                }
                "fill_bytes" | "try_fill_bytes" => {
                    first.and_then(root_of).is_some_and(|name| name == bytes)
                        && root_of(&call.receiver).is_some_and(|name| names.guessed.contains(&name))
                }
                "for_each" => {
                    let (Some(Expr::Closure(closure)), Expr::MethodCall(inner)) = (first, &*call.receiver)
                    else {
                        return false;
                    };
                    let (Some(Pat::Ident(slot)), Expr::Assign(assign)) =
                        (closure.inputs.first(), &*closure.body)
                    else {
                        return false;
                    };
                    inner.method == "iter_mut"
                        && of_bytes(&inner.receiver)
                        && bad(&assign.right, &slot.ident.to_string())
                }
                name => call
                    .args
                    .iter()
                    .enumerate()
                    .any(|(at, arg)| of_bytes(arg) && spoilers.contains(&(name.to_owned(), at))),
            }
        }
        Expr::Call(call) => {
            let Expr::Path(path) = &*call.func else { return false };
            let name = super::resolve::segments(&path.path).pop().unwrap_or_default();
            let taken = |(at, arg)| of_bytes(arg) && spoilers.contains(&(name.clone(), at));
            call.args.iter().enumerate().any(taken)
        }
        Expr::Assign(assign) => {
            let left = if let Expr::Unary(left) = &*assign.left { &left.expr } else { &assign.left };
            of_bytes(left) && names.guesses(&words(&assign.right)) && bad(&assign.right, "")
        }
        _ => false,
    }
}

/// The variable that an expression is, or is all of: `x`, `&mut x`, `&mut x[..]`, `*x`.
fn whole(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Path(path) => path.path.get_ident().map(|ident| ident.unraw().to_string()),
        Expr::Reference(inner) => whole(&inner.expr),
        Expr::Paren(inner) => whole(&inner.expr),
        Expr::Unary(inner) => whole(&inner.expr),
        Expr::Index(inner) => match &*inner.index {
            Expr::Range(range) if range.start.is_none() && range.end.is_none() => whole(&inner.expr),
            _ => None,
        },
        Expr::MethodCall(call) if call.method == "as_mut" || call.method == "as_mut_slice" => {
            whole(&call.receiver)
        }
        _ => None,
    }
}

/// The name of each element in `for b in bytes.iter_mut()`.
fn slot_of(each: &syn::ExprForLoop, bytes: &str) -> Option<String> {
    let mut of = &*each.expr;
    let mut counted = false;
    while let Expr::MethodCall(call) = of {
        match call.method.to_string().as_str() {
            "iter_mut" => {}
            "enumerate" => counted = true,
            "zip" => return None,
            _ => return None,
        }
        of = &call.receiver;
    }
    if whole(of)? != bytes {
        return None;
    }
    match &*each.pat {
        Pat::Ident(pat) => Some(pat.ident.unraw().to_string()),
        Pat::Tuple(pat) if counted => match pat.elems.last()? {
            Pat::Ident(pat) => Some(pat.ident.unraw().to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// The name of the index in `for i in 0..bytes.len()`.
fn index_of(each: &syn::ExprForLoop, bytes: &str) -> Option<String> {
    let Expr::Range(range) = &*each.expr else { return None };
    let from_start = matches!(range.start.as_deref(), Some(Expr::Lit(lit)) if matches!(&lit.lit, Lit::Int(n) if n.base10_digits() == "0"));
    let to_end = matches!(range.end.as_deref(), Some(Expr::MethodCall(call))
        if call.method == "len" && whole(&call.receiver).is_some_and(|name| name == bytes));
    match &*each.pat {
        Pat::Ident(pat) if from_start && to_end => Some(pat.ident.unraw().to_string()),
        _ => None,
    }
}

/// Whether a value that is written over random bytes holds nothing of them and nothing random: made
/// from the time or the process, or constant and not zero.
fn worth_nothing(value: &Expr, old: &str, bytes: &str, names: &Names) -> bool {
    let mut pass = Words { old: [old, bytes], ..Words::default() };
    pass.visit_expr(value);
    let words = pass.found;
    if words.iter().any(|word| !old.is_empty() && word == old) || names.draws(&words, bytes) {
        return false;
    }
    let constant = match value {
        Expr::Lit(lit) => match &lit.lit {
            Lit::Int(number) => number.base10_digits() != "0",
            Lit::Byte(byte) => byte.value() != 0,
            _ => false,
        },
        _ => false,
    };
    names.guesses(&words) || pass.masked || constant
}

fn is_zero(expr: &Expr) -> bool {
    matches!(expr, Expr::Lit(lit) if matches!(&lit.lit, Lit::Int(n) if n.base10_digits() == "0"))
}
