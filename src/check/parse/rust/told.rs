//! The names and texts that go into an expression, as far as one function says it.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, Lit, Pat};

/// How often names are followed to what they were given.
const STEPS: usize = 4;
/// Most names that are followed.
const MOST: usize = 256;

/// All names and texts of some code.
#[derive(Debug, Default, Clone)]
pub struct Told {
    /// Names, in order.
    pub names: Vec<String>,
    /// Constant texts.
    pub texts: Vec<String>,
    /// Whether something is combined with `^`.
    pub xor: bool,
    /// Whether there is a byte string or an array of numbers in it.
    pub bytes: bool,
}

impl Told {
    /// What an expression says.
    pub fn of(expr: &Expr) -> Self {
        let mut told = Self::default();
        told.visit_expr(expr);
        told
    }

    /// What an expression says, with what the names in it were given.
    pub fn followed(expr: &Expr, lets: &BTreeMap<String, Told>) -> Self {
        let mut told = Self::of(expr);
        told.follow(lets);
        told
    }

    /// What a further expression says.
    pub fn add(&mut self, expr: &Expr) {
        if self.names.len() < MOST {
            self.visit_expr(expr);
        }
    }

    /// Whether one of these names stands in it.
    pub fn has(&self, wanted: &[&str]) -> bool {
        self.names.iter().any(|name| wanted.contains(&name.as_str()))
    }

    /// Adds what the names in it were given.
    pub fn follow(&mut self, lets: &BTreeMap<String, Told>) {
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut from = 0;
        for _ in 0..STEPS {
            let new: Vec<String> = self.names.iter().skip(from).cloned().collect();
            from = self.names.len();
            for name in new {
                if self.names.len() < MOST
                    && !seen.contains(&name)
                    && let Some(told) = lets.get(&name)
                {
                    self.names.extend(told.names.iter().cloned());
                    self.texts.extend(told.texts.iter().cloned());
                    self.xor |= told.xor;
                    self.bytes |= told.bytes;
                }
                seen.insert(name);
            }
        }
    }
}

impl<'ast> Visit<'ast> for Told {
    fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
        self.names.push(ident.unraw().to_string());
    }

    fn visit_lit_str(&mut self, lit: &'ast syn::LitStr) {
        self.texts.push(lit.value());
    }

    fn visit_lit_byte_str(&mut self, _: &'ast syn::LitByteStr) {
        self.bytes = true;
    }

    fn visit_expr_binary(&mut self, it: &'ast syn::ExprBinary) {
        self.xor |= matches!(it.op, BinOp::BitXor(_) | BinOp::BitXorAssign(_));
        visit::visit_expr_binary(self, it);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.visit_path(&mac.path);
        words(mac.tokens.clone(), &mut self.names, &mut self.texts);
    }
}

/// The names and constant texts of a macro's tokens.
pub fn words(tokens: TokenStream, names: &mut Vec<String>, texts: &mut Vec<String>) {
    let mut streams = vec![tokens.into_iter()];
    while let Some(stream) = streams.last_mut() {
        match stream.next() {
            Some(TokenTree::Ident(ident)) => names.push(ident.unraw().to_string()),
            Some(TokenTree::Literal(literal)) => {
                if let Lit::Str(text) = Lit::new(literal) {
                    // `{name}` in a text is a name.
                    let text = text.value();
                    for part in text.split('{').skip(1) {
                        let end = part.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(part.len());
                        names.extend(part.get(..end).filter(|name| !name.is_empty()).map(str::to_owned));
                    }
                    texts.push(text);
                }
            }
            Some(TokenTree::Group(group)) => streams.push(group.stream().into_iter()),
            Some(TokenTree::Punct(_)) => {}
            None => drop(streams.pop()),
        }
    }
}

/// The names of a function's parameters, without `self`.
pub fn params(sig: &syn::Signature) -> BTreeSet<String> {
    let named = sig.inputs.iter().filter_map(|input| match input {
        syn::FnArg::Typed(input) => match &*input.pat {
            Pat::Ident(pat) => Some(pat.ident.unraw().to_string()),
            _ => None,
        },
        syn::FnArg::Receiver(_) => None,
    });
    named.collect()
}

/// The same, and `self` where the function has one.
pub fn given(sig: &syn::Signature) -> BTreeSet<String> {
    let mut all = params(sig);
    all.extend(sig.receiver().map(|_| "self".to_owned()));
    all
}

/// The names that a pattern binds.
pub fn bound(pat: &Pat, out: &mut Vec<String>) {
    struct Bound<'o>(&'o mut Vec<String>);
    impl<'ast> Visit<'ast> for Bound<'_> {
        fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
            self.0.push(pat.ident.unraw().to_string());
            visit::visit_pat_ident(self, pat);
        }
    }
    Bound(out).visit_pat(pat);
}
