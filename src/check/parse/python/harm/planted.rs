//! What is put in place for somebody else: an account of one's own in a foreign application, randomness
//! that can be worked out again, an agent's questions switched off, accounts in place of what was copied.

use ruff_python_ast::{Expr, ExprCall, ExprDict, Stmt};
use ruff_text_size::Ranged;

use super::super::value::Val;
use super::{Held, words};
use crate::check::parse::harm;
use crate::model::FactKind;

/// Keys and arguments that make an account one that may do everything.
const POWERS: &[&str] = &["is_superuser", "is_admin", "superuser", "admin", "is_staff"];
/// Calls that make an account unless there is one.
const MAKERS: &[&str] =
    &["update_or_create", "get_or_create", "create", "create_user", "create_superuser", "insert"];
/// Beginnings of words in names of what must not be guessed.
const SECRETS: &[&str] = &[
    "token",
    "secret",
    "passw",
    "passphrase",
    "nonce",
    "salt",
    "otp",
    "mnemonic",
    "credential",
    "apikey",
    "session_id",
];
/// Methods that draw bytes or letters.
const DRAWS: &[&str] =
    &["randbytes", "getrandbits", "choice", "choices", "randint", "randrange", "sample", "random"];

impl<'a> Held<'_, '_, '_, 'a> {
    /// Calls that plant something.
    pub(super) fn plants(&mut self, call: &'a ExprCall) {
        let method = match &*call.func {
            Expr::Attribute(it) => it.attr.as_str(),
            Expr::Name(it) => it.id.as_str(),
            _ => return,
        };
        if MAKERS.contains(&method) && self.makes_account(method, call) {
            self.add(FactKind::Shape, "planted-account", call.range());
        }
        let bypasses = call.arguments.args.iter().chain(call.arguments.keywords.iter().map(|it| &it.value));
        if bypasses.take(16).any(|value| self.text(value).as_deref() == Some("bypassPermissions"))
            && !matches!(
                method,
                "get" | "startswith" | "print" | "index" | "count" | "discard" | "remove" | "replace"
            )
            && method != "Literal"
        {
            self.add(FactKind::Shape, "agent-bypass-set", call.range());
        }
        self.seeds(call);
    }

    /// An account that may do everything, with a password that is written down.
    fn makes_account(&self, method: &str, call: &'a ExprCall) -> bool {
        let mut pairs: Vec<(String, &'a Expr)> = Vec::new();
        let values = call.arguments.args.iter().chain(call.arguments.keywords.iter().map(|it| &it.value));
        for item in values.filter_map(Expr::as_dict_expr).flat_map(|it| it.items.iter().take(64)) {
            if let Some(name) = item.key.as_ref().and_then(|key| self.text(key)) {
                pairs.push((name, &item.value));
            }
        }
        for keyword in &call.arguments.keywords {
            pairs.extend(keyword.arg.as_ref().map(|name| (name.to_string(), &keyword.value)));
        }
        let power = pairs.iter().any(|(name, value)| {
            POWERS.contains(&name.as_str()) && self.resolver.expr(value).truth() == Some(true)
                || name == "role" && self.text(value).is_some_and(|role| role.contains("admin"))
        });
        let password = pairs.iter().any(|(name, value)| {
            name.starts_with("password") && self.text(value).is_some_and(|text| text.len() >= 6)
        });
        password && (power || method == "create_superuser")
    }

    /// A generator of secrets that starts from the clock or the process's number.
    fn seeds(&mut self, call: &'a ExprCall) {
        let callee = self.resolver.callee(call);
        if !matches!(
            callee.as_name(),
            Some("random.Random" | "random.seed" | "numpy.random.seed" | "numpy.random.default_rng")
        ) {
            return;
        }
        let Some(seed) = call.arguments.args.first() else { return };
        let told = self.condition(seed);
        let guessable = told.iter().any(|word| {
            matches!(
                *word,
                "time"
                    | "time_ns"
                    | "getpid"
                    | "getppid"
                    | "now"
                    | "today"
                    | "monotonic"
                    | "utcnow"
                    | "timestamp"
            )
        });
        if guessable && self.is_about_secrets() && DRAWS.iter().any(|draw| self.unit_text_calls(draw)) {
            self.add(FactKind::Shape, "guessable-secret", call.range());
        }
    }

    /// Whether the file is named after secrets, or a function in it is.
    fn is_about_secrets(&self) -> bool {
        let told = |name: &str| {
            let lower = name.to_ascii_lowercase();
            SECRETS.iter().any(|secret| lower.contains(secret))
                && !lower.contains("tokeni")
                && !lower.contains("tokens_")
        };
        // What is split, sealed or shared is as secret as what is made.
        let takes =
            |name: &str| matches!(name, "secret" | "private_key" | "master_key" | "mnemonic" | "passphrase");
        told(self.unit.path)
            || self
                .resolver
                .scopes
                .funcs
                .iter()
                .any(|func| told(func.name) || func.params.iter().any(|param| takes(param.name)))
    }

    fn unit_text_calls(&self, method: &str) -> bool {
        // Drawn here, or handed on as a generator to whoever draws.
        memchr::memmem::find(self.text.as_bytes(), method.as_bytes()).is_some()
    }

    /// `{r"0x[0-9a-f]{40}": "0x…"}`: what looks like an address, and an address in its place.
    pub(super) fn maps_accounts(&mut self, it: &'a ExprDict) {
        let pairs = it.items.iter().take(32).filter(|item| {
            let pattern = item.key.as_ref().and_then(|key| self.text(key));
            pattern.is_some_and(|text| text.contains('[') && text.contains('{'))
                && self.text(&item.value).is_some_and(|text| harm::is_account(&text))
        });
        if pairs.count() > 0 {
            self.add(FactKind::Shape, "account-swap", it.range());
        }
    }

    /// `settings["permissions"]["defaultMode"] = "bypassPermissions"`.
    pub(super) fn bypasses(&mut self, stmt: &'a Stmt) {
        let Stmt::Assign(it) = stmt else { return };
        let keyed = it.targets.iter().any(|target| match target {
            Expr::Subscript(it) => self.text(&it.slice).as_deref() == Some("defaultMode"),
            _ => false,
        });
        if keyed && self.text(&it.value).as_deref() == Some("bypassPermissions") {
            self.add(FactKind::Shape, "agent-bypass-set", it.range());
        }
    }

    /// `{"defaultMode": "bypassPermissions"}`.
    pub(super) fn bypasses_in(&mut self, it: &'a ExprDict) {
        let found = it.items.iter().take(64).find(|item| {
            item.key.as_ref().and_then(|key| self.text(key)).as_deref() == Some("defaultMode")
                && matches!(self.resolver.expr(&item.value), Val::Str(text, _) if &*text == "bypassPermissions")
        });
        if let Some(item) = found {
            self.add(FactKind::Shape, "agent-bypass-set", item.value.range());
        }
    }
}

/// Whether an expression asks the clock and takes the rest of a division: `today().toordinal() % 4`.
pub(super) fn by_turns(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::BinOp(it) if it.op == ruff_python_ast::Operator::Mod && !words(&it.left).all.is_empty() => {
            Some(&it.left)
        }
        _ => None,
    }
}
