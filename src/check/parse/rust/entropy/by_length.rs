//! A source of random bytes that gives real ones for some lengths, and for the others what a generator
//! makes of the time or the process.
//!
//! A second source where the first one failed is a fallback, and many honest crates have one; how much
//! is asked for is no failure. So only a branch that asks for the length of the buffer counts, where on
//! one side of it the buffer is filled by the system, and on the other from what others can guess.

use std::collections::BTreeSet;

use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Block, Expr, FnArg, ImplItem, Item, Pat, Stmt};

use super::{GUESSED, LOTS, words};
use crate::check::parse::rust::facts::Raw;
use crate::model::FactKind;

/// The shapes of a file.
pub fn shapes(file: &syn::File) -> Vec<Raw> {
    let mut made = Made::default();
    made.visit_file(file);
    if made.functions.is_empty() {
        return Vec::new();
    }
    // Twice: what guesses may stand below what calls it.
    for _ in 0..2 {
        for function in &made.functions {
            let of_type =
                if function.of_type.is_empty() { String::new() } else { format!("{}::", function.of_type) };
            if guesses(&function.block.stmts, &made.guessers) && !draws(&function.block.stmts) {
                made.guessers.insert(format!("{of_type}{}", function.name));
            }
        }
    }
    made.functions.iter().flat_map(|function| function.shapes(&made.guessers)).collect()
}

#[derive(Default)]
struct Made<'f> {
    functions: Vec<Function<'f>>,
    /// Functions, by type and name, that start from the time or the process.
    guessers: BTreeSet<String>,
}

struct Function<'f> {
    of_type: String,
    name: String,
    /// Parameters that are buffers to be filled.
    buffers: Vec<String>,
    block: &'f Block,
}

impl<'f> Made<'f> {
    fn add(&mut self, of_type: &str, sig: &syn::Signature, block: &'f Block) {
        let buffers = sig.inputs.iter().filter_map(|input| {
            let FnArg::Typed(input) = input else { return None };
            let (Pat::Ident(pat), syn::Type::Reference(ty)) = (&*input.pat, &*input.ty) else { return None };
            ty.mutability?;
            matches!(&*ty.elem, syn::Type::Slice(_) | syn::Type::Array(_))
                .then(|| pat.ident.unraw().to_string())
        });
        self.functions.push(Function {
            of_type: of_type.to_owned(),
            name: sig.ident.unraw().to_string(),
            buffers: buffers.collect(),
            block,
        });
    }
}

impl<'f> Visit<'f> for Made<'f> {
    fn visit_item(&mut self, item: &'f Item) {
        match item {
            Item::Fn(item) => self.add("", &item.sig, &item.block),
            Item::Impl(item) => {
                let of_type = match &*item.self_ty {
                    syn::Type::Path(ty) => ty.path.segments.last().map(|last| last.ident.unraw().to_string()),
                    _ => None,
                }
                .unwrap_or_default();
                for item in &item.items {
                    if let ImplItem::Fn(item) = item {
                        self.add(&of_type, &item.sig, &item.block);
                    }
                }
            }
            _ => {}
        }
        visit::visit_item(self, item);
    }
}

fn all(stmts: &[Stmt]) -> Vec<String> {
    stmts.iter().flat_map(of).collect()
}

fn of(stmt: &Stmt) -> Vec<String> {
    let mut found = super::Words::default();
    found.visit_stmt(stmt);
    found.found
}

fn draws(stmts: &[Stmt]) -> bool {
    all(stmts).iter().any(|word| LOTS.contains(&&**word))
}

fn guess(words: &[String], guessers: &BTreeSet<String>) -> bool {
    let id = words.windows(2).any(|pair| pair[0] == "process" && pair[1] == "id");
    let own = words.windows(2).any(|pair| guessers.contains(&format!("{}::{}", pair[0], pair[1])));
    id || own || words.iter().any(|word| GUESSED.contains(&&**word) || guessers.contains(word))
}

fn guesses(stmts: &[Stmt], guessers: &BTreeSet<String>) -> bool {
    guess(&all(stmts), guessers)
}

/// Whether a condition compares how long the buffer is, and asks nothing else.
fn of_length(cond: &Expr, buffer: &str) -> bool {
    let words = words(cond);
    let lengths = words.windows(2).any(|pair| pair[0] == buffer && pair[1] == "len");
    let others = words.iter().filter(|word| word.bytes().any(|byte| byte.is_ascii_lowercase()));
    lengths && others.into_iter().all(|word| word == buffer || word == "len")
}

impl Function<'_> {
    fn shapes(&self, guessers: &BTreeSet<String>) -> Vec<Raw> {
        let mut raws = Vec::new();
        let stmts = &self.block.stmts;
        for buffer in &self.buffers {
            for (at, stmt) in stmts.iter().enumerate() {
                let Stmt::Expr(Expr::If(it), _) = stmt else { continue };
                if !of_length(&it.cond, buffer) {
                    continue;
                }
                let inside = &it.then_branch.stmts;
                // What follows, or stands in the other branch.
                let other = match &it.else_branch {
                    Some((_, other)) => match &**other {
                        Expr::Block(block) => block.block.stmts.clone(),
                        _ => continue,
                    },
                    None if super::super::guard::leaves(&it.then_branch) => stmts[at + 1..].to_vec(),
                    None => continue,
                };
                let one = real(inside, buffer) && poor(&other, buffer, guessers);
                let two = real(&other, buffer) && poor(inside, buffer, guessers);
                if one || two {
                    let range = it.cond.span().byte_range();
                    raws.push(Raw::new(FactKind::Shape, "spoiled-random", range).value(&**buffer));
                }
            }
        }
        raws
    }
}

/// Whether the system fills the buffer.
fn real(stmts: &[Stmt], buffer: &str) -> bool {
    draws(stmts) && all(stmts).iter().any(|word| word == buffer)
}

/// Whether the buffer is written with what others can guess, and nothing draws lots.
fn poor(stmts: &[Stmt], buffer: &str, guessers: &BTreeSet<String>) -> bool {
    let writes = ["chunks_mut", "iter_mut", "copy_from_slice", "clone_from_slice", "chunks_exact_mut"];
    let words = all(stmts);
    !draws(stmts)
        && guess(&words, guessers)
        && words.iter().any(|word| word == buffer)
        && (words.iter().any(|word| writes.contains(&&**word)) || assigns(stmts, buffer))
}

/// `out[i] = …`
fn assigns(stmts: &[Stmt], buffer: &str) -> bool {
    struct Assigns<'b>(&'b str, bool);
    impl<'ast> Visit<'ast> for Assigns<'_> {
        fn visit_expr_assign(&mut self, it: &'ast syn::ExprAssign) {
            self.1 |= super::root_of(&it.left).is_some_and(|root| root == self.0);
        }
    }
    let mut found = Assigns(buffer, false);
    stmts.iter().for_each(|stmt| found.visit_stmt(stmt));
    found.1
}

#[cfg(test)]
mod tests {
    use crate::check::parse::rust::parse;

    const TIMED: &str = "struct Mix(u64); impl Mix { fn start() -> Mix { let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap(); Mix(now.as_secs()) } fn next(&mut self) -> u64 { self.0 = self.0.wrapping_mul(3); self.0 } } ";

    fn spoiled(source: &str) -> bool {
        parse("src/lib.rs", &format!("{TIMED}{source}"))
            .facts
            .iter()
            .any(|fact| fact.name == "spoiled-random")
    }

    #[test]
    fn some_lengths_are_guessed() {
        for source in [
            "impl Source for S { fn fill(&mut self, out: &mut [u8]) -> Result<(), E> { if out.len() <= 16 { return getrandom::getrandom(out).map_err(E); } let mut m = Mix::start(); for part in out.chunks_mut(8) { part.copy_from_slice(&m.next().to_le_bytes()[..part.len()]); } Ok(()) } }",
            "fn bytes(buf: &mut [u8]) { if buf.len() > LIMIT { let mut m = Mix::start(); for b in buf.iter_mut() { *b = m.next() as u8; } return; } rand::rngs::OsRng.fill_bytes(buf); }",
            "fn bytes(buf: &mut [u8; 32]) { if buf.len() < 8 { getrandom::fill(buf).unwrap(); } else { let t = std::time::Instant::now().elapsed().as_nanos(); for i in 0..buf.len() { buf[i] = (t >> i) as u8; } } }",
        ] {
            assert!(spoiled(source), "{source}");
        }
    }

    #[test]
    fn honest_ways() {
        for source in [
            // A fallback.
            "fn fill(out: &mut [u8]) { if getrandom::getrandom(out).is_ok() { return; } let mut m = Mix::start(); for b in out.iter_mut() { *b = m.next() as u8; } }",
            // In parts, all from the system.
            "fn fill(out: &mut [u8]) -> Result<(), E> { if out.len() <= 256 { return getrandom::getrandom(out).map_err(E); } for part in out.chunks_mut(256) { getrandom::getrandom(part).map_err(E)?; } Ok(()) }",
            // No source of its own.
            "fn fill(out: &mut [u8]) { if out.len() < 8 { return; } let mut m = Mix::start(); for b in out.iter_mut() { *b = m.next() as u8; } }",
            // How long it took.
            "fn fill(out: &mut [u8]) { if out.is_empty() { return; } let t = std::time::Instant::now(); getrandom::getrandom(out).unwrap(); log(t.elapsed()); }",
        ] {
            assert!(!spoiled(source), "{source}");
        }
    }
}
