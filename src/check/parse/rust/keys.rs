//! Searches for private keys that need no regular expression: a word's length and its letters are
//! asked for, and what fits is kept.

use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, Lit, Pat};

use super::fold::taint;
use super::walk::Walk;

/// Methods that cut a text into words.
const CUTS: &[&str] = &[
    "split",
    "rsplit",
    "split_whitespace",
    "split_ascii_whitespace",
    "split_terminator",
    "split_inclusive",
    "lines",
    "matches",
    "windows",
    "unicode_words",
];
/// Methods that keep what fits.
const KEEPS: &[&str] = &[
    "filter",
    "find",
    "filter_map",
    "find_map",
    "retain",
    "partition",
    "take_while",
    "skip_while",
    "rfind",
    "then",
    "then_some",
];
/// Lengths of private keys in hexadecimal digits, and in letters and digits.
const HEX: &[u64] = &[64, 66];
const LETTERS: &[u64] = &[51, 52, 87, 88];
/// Parts of names of what looks the same and is public.
const PUBLIC: &[&str] = &[
    "hash",
    "sha",
    "digest",
    "checksum",
    "commit",
    "txid",
    "oid",
    "etag",
    "blake",
    "fingerprint",
    "addr",
    "pub",
    "signature",
    "sig_",
];

fn is_public(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    PUBLIC.iter().any(|part| name.contains(part))
}

/// The tests that a variable of that name does not stand for.
pub fn of_digests(pat: &Pat) -> u32 {
    match pat {
        Pat::Ident(pat) if is_public(&pat.ident.to_string()) => taint::HEX_KEY | taint::LETTER_KEY,
        Pat::Type(pat) => of_digests(&pat.pat),
        _ => 0,
    }
}

/// What an expression asks of a word.
#[derive(Default)]
struct Asks {
    lengths: Vec<u64>,
    hex: bool,
    letters: bool,
    /// All numbers that something is compared with, and whether words are counted.
    numbers: Vec<u64>,
    counts_words: bool,
    /// Constants in which letters are looked up.
    tables: Vec<String>,
}

impl Asks {
    fn tests(&self) -> u32 {
        let long = |lengths: &[u64]| self.lengths.iter().any(|length| lengths.contains(length));
        let hex = if self.hex && long(HEX) { taint::HEX_KEY } else { 0 };
        // Twelve or twenty-four words in small letters make a key.
        let phrase = self.counts_words && [12, 24].iter().all(|count| self.numbers.contains(count));
        let letters = if phrase || self.letters && long(LETTERS) { taint::LETTER_KEY } else { 0 };
        hex | letters
    }

    fn number(&mut self, expr: &Expr) {
        if let Expr::Lit(lit) = expr
            && let Lit::Int(number) = &lit.lit
            && let Ok(number) = number.base10_parse()
        {
            self.lengths.push(number);
        }
    }
}

fn is_length(expr: &Expr) -> bool {
    match expr {
        Expr::MethodCall(call) => call.method == "len" || call.method == "count",
        Expr::Reference(inner) => is_length(&inner.expr),
        Expr::Paren(inner) => is_length(&inner.expr),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Asks {
    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        if matches!(
            binary.op,
            BinOp::Eq(_) | BinOp::Ne(_) | BinOp::Ge(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Lt(_)
        ) {
            let mut of_any = Asks::default();
            of_any.number(&binary.left);
            of_any.number(&binary.right);
            self.numbers.extend(of_any.lengths);
            if is_length(&binary.left) {
                self.number(&binary.right);
            } else if is_length(&binary.right) {
                self.number(&binary.left);
            }
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        match call.method.to_string().as_str() {
            "is_ascii_hexdigit" | "to_digit" | "is_digit" => self.hex = true,
            "is_ascii_alphanumeric" | "is_alphanumeric" => self.letters = true,
            "split_whitespace" | "split_ascii_whitespace" => self.counts_words = true,
            // `(86..=88).contains(&word.len())`, `[64, 66].contains(…)`, `"123456789ABC…".contains(c)`
            "contains" => {
                let receiver =
                    if let Expr::Paren(inner) = &*call.receiver { &inner.expr } else { &call.receiver };
                let of_length = call.args.first().is_some_and(is_length);
                match &**receiver {
                    Expr::Range(range) if of_length => {
                        [&range.start, &range.end].into_iter().flatten().for_each(|expr| self.number(expr));
                    }
                    Expr::Path(path) => {
                        self.tables.extend(path.path.get_ident().map(|ident| ident.unraw().to_string()));
                    }
                    Expr::Array(array) if of_length => array.elems.iter().for_each(|expr| self.number(expr)),
                    _ => {}
                }
            }
            _ => {}
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_match(&mut self, it: &'ast syn::ExprMatch) {
        if is_length(&it.expr) {
            it.arms.iter().for_each(|arm| self.patterns(&arm.pat));
        }
        visit::visit_expr_match(self, it);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        // `matches!(word.len(), 64 | 66)`
        if mac.path.is_ident("matches") {
            let text: Vec<String> = mac.tokens.clone().into_iter().map(|token| token.to_string()).collect();
            if text.iter().any(|part| part == "len") {
                self.lengths.extend(text.iter().filter_map(|part| part.parse::<u64>().ok()));
            }
        }
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        for segment in &path.path.segments {
            match segment.ident.unraw().to_string().as_str() {
                "is_ascii_hexdigit" => self.hex = true,
                "is_ascii_alphanumeric" | "is_alphanumeric" => self.letters = true,
                "hex" | "from_hex" => self.hex = true,
                "bs58" => self.letters = true,
                name if name.to_ascii_lowercase().contains("base58") => self.letters = true,
                _ => {}
            }
        }
        visit::visit_expr_path(self, path);
    }

    fn visit_lit_str(&mut self, lit: &'ast syn::LitStr) {
        let text = lit.value();
        self.letters |= text.contains("123456789ABCDEFGHJ");
        self.hex |= text.contains("0123456789abcdef");
    }
}

impl Asks {
    fn patterns(&mut self, pat: &Pat) {
        match pat {
            Pat::Or(pat) => pat.cases.iter().for_each(|pat| self.patterns(pat)),
            Pat::Lit(lit) => {
                if let Lit::Int(number) = &lit.lit
                    && let Ok(number) = number.base10_parse()
                {
                    self.lengths.push(number);
                }
            }
            _ => {}
        }
    }
}

impl Walk {
    /// The tests for keys that a condition is.
    pub(super) fn key_test(&mut self, expr: &Expr) -> u32 {
        let mut asks = Asks::default();
        asks.visit_expr(expr);
        self.noted(asks)
    }

    /// The tests for keys that a function of that name is.
    pub(super) fn key_test_of(&mut self, name: &str, block: &syn::Block) -> u32 {
        if is_public(name) {
            return 0;
        }
        let mut asks = Asks::default();
        asks.visit_block(block);
        self.noted(asks)
    }

    fn noted(&mut self, mut asks: Asks) -> u32 {
        for table in std::mem::take(&mut asks.tables) {
            let text = self.var(&table).map(super::fold::Value::shown);
            asks.letters |= text.as_deref().is_some_and(|text| text.contains("123456789ABCDEFGHJ"));
            asks.hex |= text.as_deref().is_some_and(|text| text.eq_ignore_ascii_case("0123456789abcdef"));
        }
        let tests = asks.tests();
        self.saw_source |= tests != 0;
        tests
    }

    /// What a method on words makes of them: words, or what a search for keys found.
    pub(super) fn searched(&mut self, name: &str, receiver: u32, given: u32) -> u32 {
        let mut out = 0;
        if CUTS.contains(&name)
            && receiver & (taint::FILE | taint::ENV | taint::CLIPBOARD | taint::PARAM) != 0
        {
            out |= taint::WORDS;
        }
        if KEEPS.contains(&name) && is_found(receiver, given) {
            self.saw_source = true;
            out |= taint::FOUND_KEY;
        }
        out
    }

    /// In the branch of `if is_key(word)`, the word is a key; behind `if !is_key(word) { continue }`
    /// as well.
    pub(super) fn keys_in_branch(&mut self, branch: &syn::ExprIf, cond: u32) {
        let tests = self.key_test(&branch.cond) | cond;
        if tests & (taint::HEX_KEY | taint::LETTER_KEY) == 0 {
            return;
        }
        struct Idents(Vec<String>);
        impl<'ast> Visit<'ast> for Idents {
            fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
                self.0.push(ident.unraw().to_string());
            }
        }
        let mut idents = Idents(Vec::new());
        idents.visit_expr(&branch.cond);
        let skips = branch.then_branch.stmts.last().is_some_and(|stmt| {
            matches!(stmt, syn::Stmt::Expr(Expr::Continue(_) | Expr::Return(_) | Expr::Break(_), _))
        });
        for name in idents.0 {
            if is_public(&name) {
                continue;
            }
            let Some(value) = self.var(&name).cloned().filter(|value| is_found(value.taint, tests)) else {
                continue;
            };
            if skips {
                if let Some(var) = self.var_mut(&name) {
                    var.taint |= taint::FOUND_KEY;
                }
            } else {
                let found = super::fold::Value { taint: value.taint | taint::FOUND_KEY, ..value };
                self.set(name, found);
            }
        }
    }
}

/// Whether words of that origin that pass these tests are keys that were searched for. What a caller
/// hands over is searched only if more than one form is asked for: one alone may be an identifier.
fn is_found(words: u32, tests: u32) -> bool {
    let both = taint::HEX_KEY | taint::LETTER_KEY;
    let stored = words & (taint::FILE | taint::ENV | taint::CLIPBOARD) != 0;
    words & taint::WORDS != 0 && (tests & both == both || stored && tests & both != 0)
}
