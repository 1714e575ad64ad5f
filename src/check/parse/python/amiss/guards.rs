//! Ways round a check: what is let in, opened or loaded before the check that all else meets; what is
//! tried again without it; what is found wrong and passed over.

use ruff_python_ast::{
    CmpOp, ExceptHandler, Expr, ExprCall, Operator, Stmt, StmtFunctionDef, StmtIf, StmtTry,
};
use ruff_text_size::{Ranged, TextSize};

use super::{Amiss, any, any_in, called, each, each_stmt, given, named, words};
use crate::check::parse::python::value::Val;

/// Calls that compare or check what somebody shows.
const CHECKS: &[&str] = &[
    "compare_digest",
    "checkpw",
    "check_password",
    "check_password_hash",
    "verify",
    "verify_password",
    "verify_token",
    "authenticate",
];
/// Parts of names of errors that send somebody away.
const REFUSALS: &[&str] = &[
    "unauthor",
    "forbidden",
    "denied",
    "refused",
    "invalidtoken",
    "authenticationfailed",
    "permission",
    "credential",
];
/// Errors that say that a check failed.
const FAILED: &[&str] = &[
    "SSLError",
    "SSLCertVerificationError",
    "CertificateError",
    "ClientConnectorCertificateError",
    "UnpicklingError",
    "InvalidSignature",
    "InvalidSignatureError",
    "BadSignature",
    "BadSignatureError",
    "SignatureExpired",
    "ExpiredSignatureError",
    "InvalidAudienceError",
    "InvalidTag",
];
/// Loaders that run what they are given.
const LOADERS: &[&str] =
    &["pickle.loads", "pickle.load", "dill.loads", "cloudpickle.loads", "marshal.loads", "yaml.unsafe_load"];
/// Calls that say whether a path lies within a folder.
const WITHIN: &[&str] = &["is_relative_to", "commonpath"];
/// Parts of names of algorithms and encodings, which are compared with constants everywhere.
const ALGORITHMS: &[&str] = &[
    "sha", "aes", "rsa", "utf", "pbkdf", "argon", "hs256", "hs512", "es256", "ps256", "md5", "ed25519",
    "http", "chacha", "v1", "v2",
];

/// Whether a constant is one that somebody has to know.
fn is_pass(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    (8..=128).contains(&text.len())
        && digits >= 2
        && text.bytes().any(|b| b.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=' | b'+'))
        && !ALGORITHMS.iter().any(|name| lower.contains(name))
}

impl<'a> Amiss<'_, '_, '_, 'a> {
    pub(super) fn guards(&mut self, it: &'a StmtFunctionDef) {
        let mut ifs: Vec<&'a StmtIf> = Vec::new();
        let (mut refuses, mut within) = (TextSize::default(), TextSize::default());
        each_stmt(&it.body, &mut |stmt| match stmt {
            Stmt::If(it) => ifs.push(it),
            Stmt::Raise(raise) => {
                let told = raise.exc.as_deref().is_some_and(|exc| {
                    words(exc).iter().any(|word| {
                        let lower = word.to_ascii_lowercase();
                        REFUSALS.iter().any(|part| lower.contains(part))
                            || matches!(*word, "HTTP_401_UNAUTHORIZED" | "HTTP_403_FORBIDDEN")
                    }) || any_in(exc, &|one| super::number(one).is_some_and(|n| n == 401.0 || n == 403.0))
                });
                if told {
                    refuses = refuses.max(raise.range().start());
                }
            }
            _ => {}
        });
        let mut checks = refuses;
        let mut compares = TextSize::default();
        each(&it.body, &mut |expr| {
            if let Expr::Call(call) = expr {
                let name = called(call);
                if CHECKS.contains(&name) || name == "decode" && words(&call.func).contains(&"jwt") {
                    checks = checks.max(call.range().start());
                }
                if matches!(name, "compare_digest" | "verify") {
                    compares = compares.max(call.range().start());
                }
                if WITHIN.contains(&name) {
                    within = within.max(call.range().start());
                }
            }
        });
        for branch in ifs {
            self.lets_in(branch, checks);
            if branch.range().start() < within {
                self.opens_before(branch, within);
            }
            if branch.range().start() < compares {
                self.loads_before(branch, compares);
            }
            self.passes_over(it, branch);
        }
        self.digest_of_other_side(it);
        self.climbs(&it.body);
        self.bare(it);
    }

    /// `if header == "q8…": return Principal(…)` before what all others have to show.
    fn lets_in(&mut self, branch: &'a StmtIf, checks: TextSize) {
        if branch.range().start() >= checks {
            return;
        }
        let Some(Stmt::Return(last)) = branch.body.last() else { return };
        let lets_in = last.value.as_deref().is_some_and(|value| match value {
            Expr::BooleanLiteral(it) => it.value,
            Expr::Name(_) | Expr::Attribute(_) | Expr::Dict(_) => true,
            Expr::Call(call) => called(call).starts_with(|c: char| c.is_ascii_uppercase()),
            _ => false,
        });
        let checked =
            any(&branch.body, &|one| matches!(one, Expr::Call(call) if CHECKS.contains(&called(call))));
        if lets_in && !checked && self.asks_for_pass(&branch.test) {
            self.add("way-round", branch.test.range());
        }
    }

    fn asks_for_pass(&self, test: &'a Expr) -> bool {
        any_in(test, &|one| {
            let Expr::Compare(it) = one else { return false };
            if !matches!(it.ops.first(), Some(CmpOp::Eq)) {
                return false;
            }
            let Some(right) = it.comparators.first() else { return false };
            [(&*it.left, right), (right, &*it.left)].into_iter().any(|(given, known)| {
                self.str(known).is_some_and(|text| is_pass(&text)) && self.str(given).is_none()
            })
        })
    }

    /// A path that is given back before it is asked whether it lies within the folder.
    fn opens_before(&mut self, branch: &'a StmtIf, within: TextSize) {
        let opens = |value: &'a Expr| {
            any_in(value, &|one| match one {
                Expr::Call(call) => {
                    matches!(called(call), "Path" | "expanduser" | "abspath" | "PurePath" | "PosixPath")
                        && given(call).chain(Some(&*call.func)).any(|one| !words(one).is_empty())
                        && given(call).all(|one| self.str(one).is_none())
                }
                _ => false,
            })
        };
        let mut found = None;
        each_stmt(&branch.body, &mut |stmt| {
            if let Stmt::Return(it) = stmt
                && it.range().start() < within
                && let Some(value) = it.value.as_deref()
                && opens(value)
            {
                found = Some(it.range());
            }
        });
        if let Some(range) = found {
            self.add("path-unchecked", range);
        }
    }

    /// `root / Path(name).expanduser()`: a part that may begin at another place.
    fn climbs(&mut self, body: &'a [Stmt]) {
        let mut found = None;
        let mut checked = false;
        each(body, &mut |one| match one {
            Expr::BinOp(it) if it.op == Operator::Div => {
                if matches!(&*it.right, Expr::Call(call) if called(call) == "expanduser" && !words(&call.func).is_empty())
                {
                    found = Some(it.range());
                }
            }
            Expr::Call(call) => checked |= WITHIN.contains(&called(call)) || called(call) == "relative_to",
            _ => {}
        });
        if let (Some(range), false) = (found, checked) {
            self.add("path-unchecked", range);
        }
    }

    /// `hmac.compare_digest(given, "…")`: what is shown is held against a constant.
    pub(super) fn compares_constant(&mut self, call: &'a ExprCall) {
        if called(call) != "compare_digest" {
            return;
        }
        // What stands in for a user who is not known is all zeros.
        let many = |bytes: &[u8]| {
            bytes.len() >= 8 && bytes.iter().collect::<std::collections::BTreeSet<_>>().len() >= 6
        };
        let is_known = |one: &'a Expr| {
            let written = match one {
                Expr::Call(inner) => match &*inner.func {
                    Expr::Attribute(it) if it.attr.as_str() == "encode" => &*it.value,
                    _ => return false,
                },
                other => other,
            };
            match self.resolver.expr(written) {
                Val::Str(text, _) => many(text.as_bytes()),
                Val::Bytes(bytes, _) => many(&bytes),
                _ => false,
            }
        };
        let known = call.arguments.args.iter().take(2).filter(|one| is_known(one)).count();
        if known == 1 {
            self.add("way-round", call.range());
        }
    }

    /// `if far(handler): return text` before `return mask(text)`: what is to be covered goes out bare,
    /// by something else than the text or a switch.
    fn bare(&mut self, it: &'a StmtFunctionDef) {
        let Some(Stmt::Return(last)) = it.body.last() else { return };
        let Some(Expr::Call(covers)) = last.value.as_deref() else { return };
        let name = called(covers).to_ascii_lowercase();
        if !["mask", "redact", "scrub", "censor", "anonymi", "pseudonymi"]
            .iter()
            .any(|part| name.contains(part))
        {
            return;
        }
        let Some(Expr::Name(text)) = covers.arguments.args.first() else { return };
        let mut found = None;
        for stmt in &it.body {
            let Stmt::If(branch) = stmt else { continue };
            let bare = matches!(branch.body.last(), Some(Stmt::Return(leaves))
                if matches!(leaves.value.as_deref(), Some(Expr::Name(name)) if name.id == text.id));
            let switch = match &*branch.test {
                Expr::Name(_) | Expr::Attribute(_) => true,
                Expr::UnaryOp(it) => matches!(&*it.operand, Expr::Name(_) | Expr::Attribute(_)),
                _ => false,
            };
            if bare && !switch && !words(&branch.test).contains(&text.id.as_str()) {
                found = Some(branch.test.range());
            }
        }
        if let Some(range) = found {
            self.add("bare-text", range);
        }
    }

    /// `return pickle.loads(body)` before the signature is compared.
    fn loads_before(&mut self, branch: &'a StmtIf, compares: TextSize) {
        let mut found = None;
        each(&branch.body, &mut |expr| {
            if let Expr::Call(call) = expr
                && call.range().start() < compares
                && LOADERS.contains(&self.full(call).as_str())
            {
                found = Some(call.range());
            }
        });
        let leaves = matches!(branch.body.last(), Some(Stmt::Return(_)));
        if let (Some(range), true) = (found, leaves) {
            self.add("loaded-unchecked", range);
        }
    }

    /// `except SSLError: options["verify"] = False`
    pub(super) fn weaker(&mut self, it: &'a StmtTry) {
        for handler in &it.handlers {
            let ExceptHandler::ExceptHandler(handler) = handler;
            let failed = handler
                .type_
                .as_deref()
                .is_some_and(|kind| words(kind).iter().any(|word| FAILED.contains(word)));
            // Who says so leaves it to the user.
            let told = any(
                &handler.body,
                &|one| matches!(one, Expr::Call(call) if matches!(called(call), "warn" | "warning" | "error" | "exception" | "critical" | "print" | "echo")),
            );
            if failed
                && !told
                && let Some(range) = self.weakens(&handler.body)
            {
                self.add("weaker-retry", range);
            }
        }
    }

    fn weakens(&self, body: &'a [Stmt]) -> Option<ruff_text_size::TextRange> {
        let is = |expr: &'a Expr, truth: bool| matches!(expr, Expr::BooleanLiteral(it) if it.value == truth);
        let mut found = None;
        each_stmt(body, &mut |stmt| {
            let Stmt::Assign(it) = stmt else { return };
            let off = it.targets.iter().any(|target| {
                let name = match target {
                    Expr::Subscript(it) => self.str(&it.slice).unwrap_or_default(),
                    target => named(target).to_owned(),
                };
                matches!(name.as_str(), "verify" | "check_hostname" | "weights_only" | "verify_ssl")
                    && is(&it.value, false)
                    || name == "verify_mode" && named(&it.value) == "CERT_NONE"
            });
            if off {
                found = Some(it.range());
            }
        });
        each(body, &mut |expr| {
            let weak = match expr {
                Expr::Call(call) => {
                    let name = called(call);
                    name == "_create_unverified_context"
                        || LOADERS.contains(&self.full(call).as_str())
                        || call.arguments.keywords.iter().any(|keyword| {
                            let name = keyword.arg.as_ref().map_or("", |name| name.as_str());
                            matches!(
                                name,
                                "verify"
                                    | "check_hostname"
                                    | "weights_only"
                                    | "ssl"
                                    | "verify_ssl"
                                    | "safe_mode"
                            ) && is(&keyword.value, false)
                                || name == "allow_pickle" && is(&keyword.value, true)
                        })
                }
                Expr::Dict(it) => it.items.iter().take(32).any(|item| {
                    is(&item.value, false)
                        && item
                            .key
                            .as_ref()
                            .and_then(|key| self.str(key))
                            .is_some_and(|key| key.starts_with("verify_"))
                }),
                _ => false,
            };
            if weak {
                found.get_or_insert(expr.range());
            }
        });
        found
    }

    /// `if got != want: log.debug(…)`: a digest that is wrong, and nothing comes of it.
    fn passes_over(&mut self, it: &'a StmtFunctionDef, branch: &'a StmtIf) {
        let Expr::Compare(test) = &*branch.test else { return };
        if !matches!(test.ops.first(), Some(CmpOp::NotEq)) || !branch.elif_else_clauses.is_empty() {
            return;
        }
        let quiet = branch.body.iter().all(|stmt| match stmt {
            Stmt::Pass(_) => true,
            Stmt::Expr(it) => matches!(&*it.value, Expr::Call(call) if called(call) == "debug"),
            _ => false,
        });
        if !quiet {
            return;
        }
        let mut told = words(&branch.test);
        for (name, value) in assigned(&it.body) {
            if told.contains(&name) {
                told.extend(words(value));
            }
        }
        let digest = told.iter().any(|word| {
            let lower = word.to_ascii_lowercase();
            ["digest", "sha256", "sha512", "checksum", "signature"].iter().any(|part| lower.contains(part))
        });
        if digest {
            self.add("silent-mismatch", branch.test.range());
        }
    }

    /// What is wanted is asked of whoever sends it: `wanted = answer.headers.get(…)`, under a condition,
    /// in place of what was known before.
    fn digest_of_other_side(&mut self, it: &'a StmtFunctionDef) {
        let mut wanted: Vec<&'a str> = Vec::new();
        each(&it.body, &mut |expr| {
            let digest = |expr: &'a Expr| {
                any_in(
                    expr,
                    &|one| matches!(one, Expr::Call(call) if matches!(called(call), "hexdigest" | "digest")),
                )
            };
            match expr {
                Expr::Compare(it) if digest(expr) => {
                    wanted.extend(
                        [&*it.left]
                            .into_iter()
                            .chain(&it.comparators)
                            .filter_map(Expr::as_name_expr)
                            .map(|name| name.id.as_str()),
                    );
                }
                Expr::Call(call) if called(call) == "compare_digest" => {
                    wanted.extend(
                        call.arguments
                            .args
                            .iter()
                            .filter_map(Expr::as_name_expr)
                            .map(|name| name.id.as_str()),
                    );
                }
                _ => {}
            }
        });
        if wanted.is_empty() {
            return;
        }
        let all = assigned(&it.body);
        let mut found = None;
        for (name, value) in &all {
            let others =
                all.iter().filter(|(other, from)| other == name && !words(from).contains(&"headers")).count();
            let known = others > 0 || it.parameters.iter().any(|param| param.name().as_str() == *name);
            if wanted.contains(name) && known && words(value).contains(&"headers") {
                found = Some(value.range());
            }
        }
        if let Some(range) = found {
            self.add("digest-from-sender", range);
        }
    }
}

/// What names are given in statements, in order.
pub(super) fn assigned(body: &[Stmt]) -> Vec<(&str, &Expr)> {
    let mut out = Vec::new();
    each_stmt(body, &mut |stmt| {
        if let Stmt::Assign(it) = stmt {
            out.extend(
                it.targets.iter().filter_map(Expr::as_name_expr).map(|name| (name.id.as_str(), &*it.value)),
            );
        }
    });
    out
}

/// Whether a call draws bytes that nobody can guess.
pub(super) fn draws(name: &str, call: &ExprCall) -> bool {
    matches!(
        name,
        "os.urandom"
            | "os.getrandom"
            | "secrets.token_bytes"
            | "secrets.randbits"
            | "nacl.utils.random"
            | "Crypto.Random.get_random_bytes"
    ) || matches!(called(call), "urandom" | "token_bytes" | "get_random_bytes")
}

/// Whether a value is one that is written down.
pub(super) fn is_constant(value: &Val) -> bool {
    matches!(value, Val::Str(..) | Val::Bytes(..))
}
