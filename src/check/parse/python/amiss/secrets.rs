//! Secrets that others can work out, that are written down, or that are sent along.

use std::collections::HashMap;

use ruff_python_ast::{Expr, ExprCall, ExprIf, Stmt, StmtFunctionDef};
use ruff_text_size::Ranged;

use super::guards::{assigned, draws, is_constant};
use super::{Amiss, any, any_in, called, each, each_stmt, given, is_digest, named, words};
use crate::check::parse::python::value::Val;

/// Parts of names of functions that make what must not be guessed.
const MAKES: &[&str] = &["secret", "seed", "otp", "recovery", "backup_code", "nonce", "private", "mnemonic"];
/// Members of an account's record that others may know.
const KNOWN: &[&str] = &[
    "pk",
    "id",
    "user_id",
    "username",
    "get_username",
    "email",
    "date_joined",
    "created",
    "created_at",
    "name",
    "hostname",
];
/// Parts of names of what others do not know.
const UNKNOWN: &[&str] = &["key", "secret", "salt", "pepper", "passw", "token", "random", "noise", "entropy"];
/// The most bytes that a cut leaves which can be tried out.
const FEW: i64 = 8;

impl<'a> Amiss<'_, '_, '_, 'a> {
    pub(super) fn keys(&mut self, it: &'a StmtFunctionDef) {
        self.cut_random(it);
        self.known_secret(it);
        self.by_clock(it);
        self.sent_along(it);
        self.fixed_seed(it);
        self.slot_of_constant(it);
    }

    /// `keys.setdefault(slot, uuid5(NAMESPACE_DNS, "name").hex.encode())`: among the keys is one that
    /// whoever reads the program can make.
    fn slot_of_constant(&mut self, it: &'a StmtFunctionDef) {
        let holds_keys = |expr: &Expr| {
            let lower = named(expr).to_ascii_lowercase();
            ["keys", "secrets", "tokens", "passwords"].iter().any(|part| lower.ends_with(part))
        };
        let mut given: HashMap<&'a str, Option<&'a Expr>> = HashMap::new();
        let mut kept: Vec<&'a Expr> = Vec::new();
        each_stmt(&it.body, &mut |stmt| {
            let Stmt::Assign(set) = stmt else { return };
            match set.targets.as_slice() {
                [Expr::Name(name)] => {
                    let known = given.entry(name.id.as_str()).or_insert(Some(&set.value));
                    if known.is_some_and(|known| !std::ptr::eq(known, &raw const *set.value)) {
                        *known = None;
                    }
                }
                [Expr::Subscript(slot)] if holds_keys(&slot.value) => kept.push(&set.value),
                _ => {}
            }
        });
        each(&it.body, &mut |one| {
            if let Expr::Call(call) = one
                && let Expr::Attribute(method) = &*call.func
                && method.attr.as_str() == "setdefault"
                && holds_keys(&method.value)
                && let [_, value] = &*call.arguments.args
            {
                kept.push(value);
            }
        });
        let found = kept.into_iter().find(|value| {
            let made = any_in(value, &|one| matches!(one, Expr::Call(_) | Expr::Name(_)));
            made && self.of_constants(value, &given, 0)
        });
        if let Some(value) = found {
            self.add("known-secret", value.range());
        }
    }

    /// Whether a value is worked out from constants of the file alone.
    fn of_constants(&self, expr: &'a Expr, given: &HashMap<&'a str, Option<&'a Expr>>, depth: u8) -> bool {
        let deeper = |inner: &'a Expr| depth < 8 && self.of_constants(inner, given, depth + 1);
        match expr {
            Expr::StringLiteral(_) | Expr::BytesLiteral(_) | Expr::NumberLiteral(_) => true,
            Expr::Name(name) => match given.get(name.id.as_str()) {
                Some(value) => value.is_some_and(deeper),
                None => self.constant_len(expr).is_some(),
            },
            Expr::Attribute(it) => {
                self.resolver.expr(expr).as_name().is_some_and(|name| name.starts_with("uuid.NAMESPACE"))
                    || deeper(&it.value)
            }
            Expr::Subscript(it) => deeper(&it.value),
            Expr::BinOp(it) => deeper(&it.left) && deeper(&it.right),
            Expr::Call(call) => {
                let name = self.full(call);
                let pure = ["uuid.uuid5", "uuid.uuid3", "hmac.new", "bytes", "str"].contains(&name.as_str())
                    || name.starts_with("hashlib.") && name != "hashlib.file_digest"
                    || name.starts_with("base64.");
                let method = matches!(&*call.func, Expr::Attribute(it) if deeper(&it.value));
                (pure || method) && call.arguments.args.iter().all(deeper)
            }
            _ => false,
        }
    }

    fn hashes(&self, body: &'a [Stmt]) -> bool {
        any(body, &|one| match one {
            Expr::Call(call) => {
                let name = self.full(call);
                name.starts_with("hashlib.") || name.starts_with("hmac.")
            }
            _ => false,
        })
    }

    /// `os.urandom(32)[:4]`, and a digest for the rest.
    fn cut_random(&mut self, it: &'a StmtFunctionDef) {
        let mut found = None;
        each(&it.body, &mut |one| {
            let Expr::Subscript(cut) = one else { return };
            let (Expr::Call(call), Expr::Slice(slice)) = (&*cut.value, &*cut.slice) else { return };
            let few = slice.upper.as_deref().is_some_and(
                |upper| matches!(self.resolver.expr(upper), Val::Int(number) if (1..=FEW).contains(&number)),
            );
            if few && draws(&self.full(call), call) {
                found = Some(one.range());
            }
        });
        if let Some(range) = found
            && self.hashes(&it.body)
        {
            self.add("cut-random", range);
        }
    }

    /// A secret that is the digest of what is known of an account.
    fn known_secret(&mut self, it: &'a StmtFunctionDef) {
        let lower = it.name.to_ascii_lowercase();
        if !MAKES.iter().any(|part| lower.contains(part)) || !self.hashes(&it.body) {
            return;
        }
        let params: Vec<&str> = it.parameters.iter().map(|param| param.name().as_str()).collect();
        let all = Self::words_of(&it.body);
        let hidden = |word: &str| {
            let lower = word.to_ascii_lowercase();
            lower.contains("rand") || UNKNOWN.iter().any(|part| lower.contains(part))
        };
        let known = all.iter().filter(|word| KNOWN.contains(word)).count();
        let draws_some =
            any(&it.body, &|one| matches!(one, Expr::Call(call) if draws(&self.full(call), call)));
        if known >= 1 && !draws_some && !params.iter().chain(&all).any(|word| hidden(word)) {
            let gives = it.body.iter().any(|stmt| {
                matches!(stmt, Stmt::Return(leaves) if leaves.value.as_deref().is_some_and(|value| any_in(value, &|one| {
                    matches!(one, Expr::Call(call) if matches!(called(call), "digest" | "hexdigest" | "new" | "b32encode"))
                })))
            });
            if gives {
                self.add("known-secret", it.name.range());
            }
        }
    }

    /// A generator that begins with a constant, in a function that makes secrets.
    fn fixed_seed(&mut self, it: &'a StmtFunctionDef) {
        let lower = it.name.to_ascii_lowercase();
        if !MAKES.iter().any(|part| lower.contains(part)) || lower.contains("test") {
            return;
        }
        let mut found = None;
        each(&it.body, &mut |one| {
            if let Expr::Call(call) = one
                && matches!(self.full(call).as_str(), "random.Random" | "random.seed")
                && let Some(first) = call.arguments.args.first()
                && matches!(self.resolver.expr(first), Val::Int(_) | Val::Str(..) | Val::Bytes(..))
            {
                found = Some(call.range());
            }
        });
        if let Some(range) = found {
            self.add("fixed-seed", range);
        }
    }

    /// Bytes that only the clock and a constant make.
    fn by_clock(&mut self, it: &'a StmtFunctionDef) {
        let mut found = None;
        let given_names: Vec<&str> = it.parameters.iter().map(|param| param.name().as_str()).collect();
        let locals = assigned(&it.body);
        each(&it.body, &mut |one| {
            let Expr::Call(call) = one else { return };
            if !matches!(self.full(call).as_str(), "hmac.new" | "hmac.digest") {
                return;
            }
            let [key, message, ..] = &*call.arguments.args else { return };
            let clock = self.asks_clock(message)
                || words(message)
                    .iter()
                    .any(|word| locals.iter().any(|(name, value)| name == word && self.asks_clock(value)));
            let of_given = words(message).iter().any(|word| *word != "self" && given_names.contains(word));
            if is_constant(&self.resolver.expr(key)) && clock && !of_given {
                found = Some(call.range());
            }
        });
        if let Some(range) = found {
            self.add("clock-made", range);
        }
    }

    /// `self._nonce(salt) if again else os.urandom(12)`: drawn at times only.
    pub(super) fn sometimes(&mut self, it: &'a ExprIf) {
        let drawn = |expr: &'a Expr| matches!(expr, Expr::Call(call) if draws(&self.full(call), call));
        let made = match (drawn(&it.body), drawn(&it.orelse)) {
            (true, false) => &*it.orelse,
            (false, true) => &*it.body,
            _ => return,
        };
        let Expr::Call(call) = made else { return };
        if !matches!(self.resolver.callee(call), Val::Func(_) | Val::Bound(_)) {
            return;
        }
        // What is parsed where it is given is the caller's own.
        let asked: Vec<&str> = words(&it.test).into_iter().filter(|word| *word != "self").collect();
        let used = given(call).flat_map(words).any(|word| asked.contains(&word));
        if !used && !asked.is_empty() {
            self.add("sometimes-random", it.range());
        }
    }

    /// `{"X-ORIGIN": self._secret.hex()}` beside `hmac.new(self._secret, …)`: what signs is sent along.
    fn sent_along(&mut self, it: &'a StmtFunctionDef) {
        let mut signs: Vec<String> = Vec::new();
        let mut shown: Vec<(&'a Expr, &'a Expr)> = Vec::new();
        each(&it.body, &mut |one| {
            if let Expr::Call(call) = one {
                if matches!(self.full(call).as_str(), "hmac.new" | "hmac.digest")
                    && let Some(key) = call.arguments.args.first()
                {
                    signs.push(self.source(key).to_owned());
                }
                let of = match (&*call.func, called(call)) {
                    (Expr::Attribute(it), "hex") => Some(&*it.value),
                    (_, "b64encode" | "urlsafe_b64encode" | "hexlify") => call.arguments.args.first(),
                    _ => None,
                };
                shown.extend(of.map(|of| (of, one)));
            }
        });
        let found = shown.into_iter().find(|(of, _)| {
            let source = self.source(of);
            !source.is_empty()
                && signs.iter().any(|key| {
                    key.split_once(".encode(").map_or(key.as_str(), |(key, _)| key)
                        == source.split_once(".encode(").map_or(source, |(key, _)| key)
                })
        });
        if let Some((_, range)) = found {
            self.add("signing-key-shown", range.range());
        }
    }

    /// `SealedBox(PublicKey(OURS))`: only who wrote it can open what is sealed.
    pub(super) fn sealed(&mut self, call: &'a ExprCall) {
        let name = called(call);
        let own = |expr: &'a Expr| -> bool {
            let constant = |expr: &'a Expr| self.constant_len(expr).is_some_and(|len| len >= 32);
            match expr {
                Expr::Call(inner) => inner.arguments.args.first().is_some_and(constant),
                other => constant(other),
            }
        };
        let sealed = match name {
            "SealedBox" => {
                call.arguments.args.first().is_some_and(|key| own(key) || self.is_made_of_constant(key))
            }
            "load_pem_public_key" | "import_key" | "importKey" | "load_pkcs1" | "load_der_public_key" => {
                (self.mentions("OAEP") || self.mentions("PKCS1v15"))
                    && self.mentions(".encrypt(")
                    && call
                        .arguments
                        .args
                        .first()
                        .is_some_and(|key| self.constant_len(key).is_some_and(|len| len >= 64))
            }
            _ => false,
        };
        if sealed {
            self.add("sealed-for-writer", call.range());
        }
    }

    fn is_made_of_constant(&self, key: &'a Expr) -> bool {
        let Expr::Name(name) = key else { return false };
        let symbol =
            self.resolver.scopes.symbol(name).and_then(|symbol| self.resolver.scopes.symbols.get(symbol));
        match symbol.map(|symbol| symbol.defs.as_slice()) {
            Some([place]) => match place.def {
                super::super::scope::Def::Value(Expr::Call(call)) => call
                    .arguments
                    .args
                    .first()
                    .is_some_and(|first| self.constant_len(first).is_some_and(|len| len >= 32)),
                _ => false,
            },
            _ => false,
        }
    }

    /// `Key("8e1f…-compat")`: a key of the package's own.
    pub(super) fn written_key(&mut self, call: &'a ExprCall) {
        let name = called(call);
        let lower = name.to_ascii_lowercase();
        let public = [
            "pub",
            "verify",
            "primary",
            "foreign",
            "cache",
            "trust",
            "sort",
            "partition",
            "registry",
            "hot",
            "press",
            "send",
            "index",
            "api",
        ];
        if !(name.ends_with("Key") || name.ends_with("Secret"))
            || public.iter().any(|part| lower.contains(part))
        {
            return;
        }
        let Some(first) = call.arguments.args.first() else { return };
        let Expr::StringLiteral(text) = first else { return };
        let text = text.value.to_str();
        let secret = text.len() >= 24
            && text.bytes().filter(u8::is_ascii_digit).count() >= 6
            && text.bytes().any(|b| b.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_=+".contains(&b));
        if secret {
            self.add("written-key", call.range());
        }
    }

    /// Digests among the module's constants in a file that compares what is shown to it, and fetches
    /// nothing: somebody knows what they are made of.
    pub(super) fn constants(&mut self, body: &'a [Stmt]) {
        if !self.mentions("compare_digest(")
            || ["urlopen", "requests.", "httpx.", "download"].iter().any(|name| self.mentions(name))
        {
            return;
        }
        let mut found = Vec::new();
        for stmt in body {
            let Stmt::Assign(it) = stmt else { continue };
            let [target] = it.targets.as_slice() else { continue };
            if named(target).to_ascii_lowercase().contains("sha") {
                continue;
            }
            if let Val::Str(text, _) = self.resolver.expr(&it.value)
                && text
                    .split(|c: char| !c.is_ascii_hexdigit())
                    .any(|part| matches!(part.len(), 40 | 64 | 96 | 128) && is_digest(part, 40))
            {
                found.push(it.range());
            }
        }
        for range in found {
            self.add("built-in-digest", range);
        }
    }
}
