//! Secrets that are none: keys made of what everybody can read, salts that are the same for all, public
//! fields that carry a part of the key, and roots of trust that a package brings along.
//!
//! Each is told within one function, with the constants of its file.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, Lit};

use super::eval::root_of;
use super::facts::Raw;
use super::told::{self, Told, bound};
use crate::model::FactKind;

/// A public value is made with the bytes of a key.
const KEY_SHOWN: &str = "key-in-public";
/// A password's salt is a constant.
const SALT: &str = "constant-salt";
/// A key is the sum of constants.
const KEY: &str = "key-of-constants";
/// What may be used once is a constant, or a password's key is made in too few rounds.
const NONCE: &str = "constant-nonce";
const ROUNDS: &str = "few-rounds";
/// Fewest rounds of PBKDF2 that are anything but a test.
const FEWEST: u64 = 1_000;
/// The rest of random bytes is worked out from the first of them.
const STRETCHED: &str = "stretched-random";
/// A certificate of the package's own is trusted.
const ROOT: &str = "own-root";

/// What makes keys of passwords.
const STRETCHES: &[&str] = &["argon2", "Argon2", "scrypt", "pbkdf2", "Pbkdf2", "bcrypt"];
/// What adds to the roots that are trusted.
const ROOTS: &[&str] = &[
    "RootCertStore",
    "add_root_certificate",
    "X509StoreBuilder",
    "add_parsable_certificates",
    "set_cert_store",
    "cert_store_mut",
    "TrustAnchor",
    "tls_built_in_root_certs",
];
/// Methods that add one.
const ADDS: &[&str] = &[
    "add",
    "add_cert",
    "add_root_certificate",
    "add_parsable_certificates",
    "add_server_trust_anchors",
    "add_trust_anchors",
    "extend",
    "push",
];
/// Names of what makes sums.
const SUMS: &[&str] =
    &["sha1", "sha2", "sha3", "sha5", "sha_", "digest", "blake", "md5", "hash", "hmac", "hkdf", "mac"];

/// Whether a text may hold one of them.
pub fn may_have(text: &str) -> bool {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    let any = |words: &[&str]| words.iter().any(|word| has(word));
    has("salt") && any(STRETCHES)
        || any(&["pbkdf2", "Nonce"])
        || has("split_at_mut") && any(&["getrandom", "fill_bytes"])
        || any(&["nonce", "iv"])
            && any(&["key", "secret"])
            && (has("^") || has("copy_from_slice"))
            && any(&["ncrypt", "ipher", "Aead", "oly1305", "Aes", "AES", "Key"])
        || any(ROOTS) && any(&["include_bytes!", "include_str!", "BEGIN CERTIFICATE"])
        || any(&["Key::", "key(", "new_from_slice", "Hmac"]) && any(&["CARGO_PKG", "igest("])
}

/// The facts.
pub fn shapes(file: &syn::File, text: &str) -> Vec<Raw> {
    let has = |words: &[&str]| {
        words.iter().any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some())
    };
    let mut constants = Constants::default();
    constants.visit_file(file);
    let mut inside = Inside {
        constants: &constants,
        stretches: has(STRETCHES),
        roots: has(ROOTS),
        params: BTreeSet::new(),
        lets: BTreeMap::new(),
        makes: String::new(),
        raws: Vec::new(),
    };
    inside.visit_file(file);
    inside.raws
}

/// Constants of the file: what they say, which are certificates, and which are salts.
#[derive(Default)]
struct Constants {
    known: BTreeSet<String>,
    certificates: BTreeSet<String>,
}

impl Constants {
    fn add(&mut self, ident: &syn::Ident, expr: &Expr) {
        let name = ident.unraw().to_string();
        if has_certificate(expr) {
            self.certificates.insert(name.clone());
        }
        self.known.insert(name);
    }
}

impl<'ast> Visit<'ast> for Constants {
    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.add(&item.ident, &item.expr);
    }
    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.add(&item.ident, &item.expr);
    }
    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.add(&item.ident, &item.expr);
    }
}

/// Whether an expression is a certificate that the package carries.
fn is_certificate(expr: &Expr) -> bool {
    match expr {
        Expr::Reference(inner) => is_certificate(&inner.expr),
        Expr::Paren(inner) => is_certificate(&inner.expr),
        Expr::MethodCall(call) if call.args.is_empty() => is_certificate(&call.receiver),
        Expr::Lit(lit) => match &lit.lit {
            Lit::Str(text) => text.value().contains("-----BEGIN CERTIFICATE-----"),
            Lit::ByteStr(text) => {
                memchr::memmem::find(&text.value(), b"-----BEGIN CERTIFICATE-----").is_some()
            }
            _ => false,
        },
        Expr::Macro(mac) => {
            mac.mac.path.segments.last().is_some_and(|last| last.ident.to_string().starts_with("include_"))
                && [".pem\"", ".crt\"", ".cer\"", ".der\"", ".p7b\""]
                    .iter()
                    .any(|ending| mac.mac.tokens.to_string().trim_end().ends_with(ending))
        }
        _ => false,
    }
}

/// Whether a certificate that the package carries stands anywhere in an expression.
fn has_certificate(expr: &Expr) -> bool {
    struct Finds(bool);
    impl<'ast> Visit<'ast> for Finds {
        fn visit_expr(&mut self, expr: &'ast Expr) {
            self.0 |= matches!(expr, Expr::Macro(_) | Expr::Lit(_)) && is_certificate(expr);
            visit::visit_expr(self, expr);
        }
    }
    let mut finds = Finds(false);
    finds.visit_expr(expr);
    finds.0
}

/// Whether a name is that of a secret key.
fn is_key(name: &str) -> bool {
    matches!(
        name,
        "key"
            | "secret"
            | "secret_key"
            | "private_key"
            | "priv_key"
            | "master_key"
            | "enc_key"
            | "seed"
            | "passphrase"
            | "password"
    )
}

/// Whether a name is that of a value that travels with what is encrypted.
fn is_public(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "iv"
        || name == "nonce"
        || name == "salt"
        || name.ends_with("_nonce")
        || name.ends_with("_iv")
        || name.ends_with("_salt")
        || name.starts_with("nonce_")
        || name == "session_id"
}

fn is_salt(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "salt" || name.ends_with("_salt") || name.starts_with("salt_")
}

/// Whether a byte string, or a text, of some length is written down.
fn is_written(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(lit) => match &lit.lit {
            Lit::ByteStr(text) => text.value().len() >= 8,
            Lit::Str(text) => text.value().len() >= 8,
            _ => false,
        },
        Expr::Unary(inner) => is_written(&inner.expr),
        Expr::Reference(inner) => is_written(&inner.expr),
        Expr::Paren(inner) => is_written(&inner.expr),
        _ => false,
    }
}

/// `&[0u8; 12]`
fn is_repeated(expr: &Expr) -> bool {
    match expr {
        Expr::Reference(inner) => is_repeated(&inner.expr),
        Expr::Paren(inner) => is_repeated(&inner.expr),
        Expr::Repeat(repeat) => matches!(&*repeat.expr, Expr::Lit(_)),
        _ => false,
    }
}

struct Inside<'k> {
    constants: &'k Constants,
    stretches: bool,
    roots: bool,
    params: BTreeSet<String>,
    lets: BTreeMap<String, Told>,
    /// Names that hold a certificate of the package.
    makes: String,
    raws: Vec<Raw>,
}

impl Inside<'_> {
    fn add(&mut self, shape: &str, range: Range<usize>, value: &str) {
        self.raws.push(Raw::new(FactKind::Shape, shape, range).value(value));
    }

    fn function(&mut self, sig: &syn::Signature, block: &Block) {
        self.lets.clear();
        self.makes = sig.ident.unraw().to_string();
        self.params = told::given(sig);
        self.visit_block(block);
        self.stretched(block);
    }

    /// `let (head, tail) = out.split_at_mut(n); getrandom(head); …; tail…copy_from_slice(digest)`
    fn stretched(&mut self, block: &Block) {
        let mut told = Told::default();
        told.visit_block(block);
        if !told.has(&["split_at_mut"]) || !told.has(&["getrandom", "fill_bytes", "try_fill_bytes", "fill"]) {
            return;
        }
        let parts: Vec<&String> = self
            .lets
            .iter()
            .filter(|(_, of)| {
                of.has(&["split_at_mut"]) && of.names.iter().any(|name| self.params.contains(name))
            })
            .map(|(name, _)| name)
            .collect();
        let mut drawn = Drawn::default();
        drawn.visit_block(block);
        let (random, rest): (Vec<&String>, Vec<&String>) =
            parts.into_iter().partition(|name| drawn.0.contains(*name));
        let sums =
            told.names.iter().any(|name| SUMS.iter().any(|sum| name.to_ascii_lowercase().contains(sum)));
        let copied = told.has(&["copy_from_slice", "clone_from_slice"]);
        if let (Some(first), false) = (random.first(), rest.is_empty())
            && sums
            && copied
        {
            let value = (*first).clone();
            self.add(STRETCHED, block.brace_token.span.open().byte_range(), &value);
        }
    }

    /// Whether the bytes of a key, and no sum of them, go into an expression.
    fn is_of_key(&self, told: &Told) -> bool {
        let sums = told.names.iter().any(|name| {
            let name = name.to_ascii_lowercase();
            SUMS.iter().any(|sum| name.contains(sum)) || name.contains("encrypt") || name.contains("derive")
        });
        !sums && told.names.iter().any(|name| is_key(name))
    }

    /// `nonce` is filled from an expression in which the bytes of a key stand.
    fn fills(&mut self, target: &str, from: &Expr, range: Range<usize>) {
        let told = Told::of(from);
        if is_public(target) && self.is_of_key(&told) {
            self.add(KEY_SHOWN, range, target);
        }
    }

    /// Whether a constant says all of an expression: no parameter, and a sum of what is written down.
    fn is_constant_sum(&self, expr: &Expr) -> bool {
        let told = Told::followed(expr, &self.lets);
        let sums = told.names.iter().any(|name| {
            let name = name.to_ascii_lowercase();
            ["sha1", "sha2", "sha3", "sha5", "sha_", "digest", "blake", "md5"]
                .iter()
                .any(|sum| name.contains(sum))
        });
        let of_package = told.texts.iter().any(|text| text.starts_with("CARGO_PKG_"));
        let known = told.names.iter().any(|name| self.constants.known.contains(name));
        let plain = told.names.iter().all(|name| {
            !self.params.contains(name)
                && (self.constants.known.contains(name)
                    || self.lets.contains_key(name)
                    || name.starts_with(char::is_uppercase)
                    || matches!(
                        name.as_str(),
                        "digest"
                            | "new"
                            | "update"
                            | "finalize"
                            | "concat"
                            | "env"
                            | "into"
                            | "as_ref"
                            | "as_slice"
                            | "as_bytes"
                            | "chain_update"
                            | "to_vec"
                            | "hash"
                            | "sha2"
                            | "sha3"
                            | "blake3"
                            | "sha256"
                            | "into_bytes"
                            | "clone"
                            | "from"
                            | "to_string"
                            | "digest_bytes"
                            | "stringify"
                    ))
        });
        plain && (sums && (of_package || known || told.texts.iter().any(|text| text.len() > 3)) || of_package)
    }
}

impl<'ast> Visit<'ast> for Inside<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, &item.block);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        if self.stretches && is_salt(&item.ident.to_string()) && is_written(&item.expr) {
            self.add(SALT, item.ident.span().byte_range(), &item.ident.to_string());
        }
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if let Some(init) = &local.init {
            let mut names = Vec::new();
            bound(&local.pat, &mut names);
            for name in names {
                if self.stretches && is_salt(&name) && is_written(&init.expr) {
                    self.add(SALT, local.pat.span().byte_range(), &name);
                }
                let told = self.lets.entry(name).or_default();
                told.add(&init.expr);
                if has_certificate(&init.expr) {
                    told.texts.push("-----BEGIN CERTIFICATE-----".to_owned());
                }
            }
        }
        visit::visit_local(self, local);
    }

    fn visit_expr_for_loop(&mut self, it: &'ast syn::ExprForLoop) {
        // `for (n, k) in nonce.iter_mut().zip(key.bytes()) { *n = k ^ … }`
        let told = Told::of(&it.expr);
        let target = told.names.iter().find(|name| is_public(name)).cloned();
        if let Some(target) = target
            && told.has(&["zip"])
            && self.is_of_key(&told)
        {
            let mut names = Vec::new();
            bound(&it.pat, &mut names);
            let mut assigns = Assigns { names: &names, found: false };
            assigns.visit_block(&it.body);
            if assigns.found {
                self.add(KEY_SHOWN, it.expr.span().byte_range(), &target);
            }
        }
        visit::visit_expr_for_loop(self, it);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let name = call.method.to_string();
        match name.as_str() {
            "for_each" => {
                let told = Told::of(&call.receiver);
                if let Some(target) = told.names.iter().find(|name| is_public(name)).cloned()
                    && told.has(&["zip"])
                    && self.is_of_key(&told)
                    && let Some(Expr::Closure(closure)) = call.args.first()
                {
                    let mut names = Vec::new();
                    closure.inputs.iter().for_each(|pat| bound(pat, &mut names));
                    let mut assigns = Assigns { names: &names, found: false };
                    assigns.visit_expr(&closure.body);
                    if assigns.found {
                        self.add(KEY_SHOWN, call.method.span().byte_range(), &target);
                    }
                }
            }
            "copy_from_slice" | "extend_from_slice" | "clone_from_slice" => {
                if let (Some(target), Some(from)) = (root_of(&call.receiver), call.args.first()) {
                    self.fills(&target, from, call.method.span().byte_range());
                }
            }
            "hash_password_into" | "hash_password" | "hash_password_with_salt" if self.stretches => {
                if let Some(salt) = call.args.iter().nth(1)
                    && (is_written(salt)
                        || matches!(salt, Expr::Path(path) if path.path.get_ident().is_some_and(|name| is_salt(&name.to_string())
                            && self.constants.known.contains(&name.to_string()))))
                {
                    self.add(SALT, call.method.span().byte_range(), &name);
                }
            }
            name if self.roots && ADDS.contains(&name) => {
                let mut told = Told::default();
                call.args.iter().for_each(|arg| told.add(arg));
                told.follow(&self.lets);
                let own = call.args.iter().any(has_certificate)
                    || told.names.iter().any(|name| self.constants.certificates.contains(name))
                    || told.texts.iter().any(|text| text.contains("-----BEGIN CERTIFICATE-----"));
                if own {
                    self.add(ROOT, call.method.span().byte_range(), &self.makes.clone());
                }
            }
            _ => {}
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Expr::Path(path) = &*call.func {
            let names: Vec<String> =
                path.path.segments.iter().map(|segment| segment.ident.unraw().to_string()).collect();
            let of_key = names.iter().rev().nth(1).is_some_and(|ty| {
                ty.ends_with("Key") || ty == "Hmac" || ty.starts_with("Hmac") || ty.ends_with("Mac")
            });
            let makes = names.last().is_some_and(|last| {
                matches!(
                    last.as_str(),
                    "new"
                        | "from"
                        | "from_slice"
                        | "from_bytes"
                        | "new_from_slice"
                        | "try_from"
                        | "from_secret"
                )
            });
            if of_key
                && makes
                && let Some(given) = call.args.first()
                && self.is_constant_sum(given)
            {
                self.add(KEY, call.span().byte_range(), &names.join("::"));
            }
            let of_nonce =
                names.iter().rev().nth(1).is_some_and(|ty| ty.ends_with("Nonce") || ty.ends_with("IV"));
            if of_nonce
                && makes
                && let Some(given) = call.args.first()
                && (is_written(given) || is_repeated(given))
            {
                self.add(NONCE, call.span().byte_range(), &names.join("::"));
            }
            let rounds = call.args.iter().nth(2).and_then(|rounds| match rounds {
                Expr::Lit(lit) => match &lit.lit {
                    Lit::Int(number) => number.base10_parse::<u64>().ok(),
                    _ => None,
                },
                _ => None,
            });
            if names.last().is_some_and(|last| last.starts_with("pbkdf2"))
                && rounds.is_some_and(|rounds| rounds < FEWEST)
            {
                self.add(ROUNDS, call.span().byte_range(), &names.join("::"));
            }
            if self.stretches
                && names.last().is_some_and(|last| last.starts_with("pbkdf2") || last == "scrypt")
                && let Some(salt) = call.args.iter().nth(1)
                && is_written(salt)
            {
                self.add(SALT, call.span().byte_range(), "salt");
            }
        }
        visit::visit_expr_call(self, call);
    }
}

/// Names that are filled with random bytes.
#[derive(Default)]
struct Drawn(BTreeSet<String>);

impl<'ast> Visit<'ast> for Drawn {
    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Expr::Path(path) = &*call.func
            && path.path.segments.iter().any(|segment| segment.ident == "getrandom")
        {
            self.0.extend(call.args.first().and_then(root_of));
        }
        visit::visit_expr_call(self, call);
    }
    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if matches!(call.method.to_string().as_str(), "fill_bytes" | "try_fill_bytes") {
            self.0.extend(call.args.first().and_then(root_of));
        }
        visit::visit_expr_method_call(self, call);
    }
}

/// Whether something that a pattern bound is given what another one holds, whole or by `^`.
struct Assigns<'n> {
    names: &'n [String],
    found: bool,
}

impl<'ast> Visit<'ast> for Assigns<'_> {
    fn visit_expr_assign(&mut self, it: &'ast syn::ExprAssign) {
        let told = Told::of(&it.right);
        self.found |= told.names.iter().any(|name| self.names.contains(name));
        visit::visit_expr_assign(self, it);
    }

    fn visit_expr_binary(&mut self, it: &'ast syn::ExprBinary) {
        if matches!(it.op, BinOp::BitXorAssign(_)) {
            let told = Told::of(&it.right);
            self.found |= told.names.iter().any(|name| self.names.contains(name));
        }
        visit::visit_expr_binary(self, it);
    }
}

#[cfg(test)]
mod tests {
    use crate::check::parse::rust::tests::has;

    #[test]
    fn secrets_that_are_none() {
        let fill = |of: &str| {
            format!("fn fresh(key: &Key, salt: &[u8]) {{ let mut nonce = [0u8; 24]; let mask = Sha256::digest(salt);
                for (n, (k, m)) in nonce.iter_mut().zip({of}.iter().zip(mask)) {{ *n = k ^ m; }} encrypt(nonce) }}")
        };
        assert!(has("src/a.rs", &fill("key.bytes()"), "key-in-public"));
        assert!(!has("src/a.rs", &fill("Sha256::digest(key.bytes())"), "key-in-public"));
        assert!(!has("src/a.rs", &fill("salt"), "key-in-public"));
        let salt = |value: &str| {
            format!(
                "fn f(p: &[u8], s: &[u8]) {{ let salt = {value}; Argon2::default().hash_password_into(p, &salt, o); }}"
            )
        };
        assert!(has("src/a.rs", &salt("*b\"of all vaults v1\""), "constant-salt"));
        assert!(!has("src/a.rs", &salt("[0u8; 16]"), "constant-salt"));
        assert!(!has("src/a.rs", &salt("s"), "constant-salt"));
        let key = |of: &str| format!("fn f(given: &[u8]) -> Key {{ let blank = {of}; Key::new(&blank) }}");
        assert!(has(
            "src/a.rs",
            &key("Sha256::digest(concat!(env!(\"CARGO_PKG_NAME\"), 1))"),
            "key-of-constants"
        ));
        assert!(!has("src/a.rs", &key("Sha256::digest(given)"), "key-of-constants"));
        assert!(has("src/a.rs", "fn f() { c.encrypt(Nonce::from_slice(&[0u8; 12]), t) }", "constant-nonce"));
        assert!(!has("src/a.rs", "fn f(n: &[u8]) { c.encrypt(Nonce::from_slice(n), t) }", "constant-nonce"));
        let rounds = |n: &str| format!("fn f() {{ pbkdf2_hmac::<Sha256>(p, s, {n}, o) }}");
        assert!(has("src/a.rs", &rounds("10"), "few-rounds"));
        assert!(!has("src/a.rs", &rounds("600_000"), "few-rounds"));
    }

    #[test]
    fn random_bytes_that_are_stretched() {
        let fill = |rest: &str| {
            format!(
                "fn fill(out: &mut [u8]) -> R {{ let (head, tail) = out.split_at_mut(4); getrandom::getrandom(head)?; {rest} Ok(()) }}"
            )
        };
        let chain = "let mut s = Sha256::digest(&*head); tail.copy_from_slice(&s);";
        assert!(has("src/a.rs", &fill(chain), "stretched-random"));
        assert!(!has("src/a.rs", &fill("getrandom::getrandom(tail)?;"), "stretched-random"));
    }

    #[test]
    fn roots_that_come_along() {
        let add = |of: &str| {
            format!("const PEM: &[u8] = include_bytes!(\"a.pem\"); fn f(extra: &[u8]) -> RootCertStore {{ let mut s = RootCertStore::empty();
                let mut pem = {of}; s.add_parsable_certificates(certs(&mut pem).flatten()); s }}")
        };
        assert!(has("src/a.rs", &add("PEM"), "own-root"));
        assert!(!has("src/a.rs", &add("extra"), "own-root"));
    }
}
