//! Checks and keys that keep half of their strength: only a part of a secret is used, only as much of a code
//! is compared as was given, a failed check is passed over for some, a second secret opens too.

use ruff_python_ast::{CmpOp, ExceptHandler, Expr, ExprCall, ExprGenerator, Stmt, StmtFor, StmtTry};
use ruff_text_size::Ranged;

use super::{Amiss, any_in, called, each_in, each_stmt, given, number, words};
use crate::check::parse::harm::{AMOUNT, PAYEE, says};
use crate::check::parse::python::value::Val;

/// Parts of names of what nobody else may know.
const SECRETS: &[&str] = &["password", "passphrase", "secret", "key", "shared", "seed", "master"];
/// Names that have such a part and are none.
const OTHERS: &[&str] = &["keyword", "keys", "monkey", "public", "pubkey", "key_id", "keyid"];
/// Calls that make a key or a digest of what they are given.
const MAKES: &[&str] = &[
    "sha256",
    "sha512",
    "sha384",
    "sha1",
    "md5",
    "blake2b",
    "blake2s",
    "pbkdf2_hmac",
    "scrypt",
    "hkdf",
    "HKDF",
    "derive",
    "hash_secret_raw",
    "argon2id",
    "bcrypt",
    "Fernet",
    "AESGCM",
    "ChaCha20Poly1305",
    "AES",
];
/// Most signs of a secret that are too few.
const FEW: i64 = 8;
/// Errors that say that somebody showed the wrong thing.
const WRONG: &[&str] = &[
    "InvalidSignature",
    "InvalidSignatureError",
    "BadSignature",
    "BadSignatureError",
    "InvalidTokenError",
    "InvalidTag",
    "VerificationError",
    "VerifyMismatchError",
    "InvalidHash",
];

fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    SECRETS.iter().any(|part| lower.contains(part)) && !OTHERS.iter().any(|part| lower.contains(part))
}

impl<'a> Amiss<'_, '_, '_, 'a> {
    /// `sha256(password[:6].encode())`: the rest of the secret makes no difference.
    pub(super) fn part_of_secret(&mut self, call: &'a ExprCall) {
        if !MAKES.contains(&called(call)) {
            return;
        }
        let few = |expr: &'a Expr| -> bool {
            let Expr::Subscript(cut) = expr else { return false };
            let Expr::Slice(slice) = &*cut.slice else { return false };
            let upper = slice.upper.as_deref().map(|upper| self.resolver.expr(upper));
            slice.lower.is_none()
                && matches!(upper, Some(Val::Int(end)) if (1..=FEW).contains(&end))
                && words(&cut.value).iter().any(|word| is_secret(word) || *word == "keys")
        };
        if given(call).any(|one| any_in(one, &few)) {
            self.add("part-of-secret", call.range());
        }
    }

    /// `all(a == b for a, b in zip(wanted, given))`, which ends with the shorter, in what checks a code.
    pub(super) fn zipped(&mut self, call: &'a ExprCall) {
        let [Expr::Generator(ExprGenerator { elt, generators, .. })] = &*call.arguments.args else { return };
        let ([one], Expr::Compare(compare)) = (&**generators, &**elt) else { return };
        let zips = matches!(&one.iter, Expr::Call(zip)
            if called(zip) == "zip" && zip.arguments.args.len() == 2 && zip.arguments.keywords.is_empty());
        let equal = matches!(compare.ops.first(), Some(CmpOp::Eq));
        let codes = ["hmac.", "hashlib.", "compare_digest", "signature", "hexdigest"];
        let lengths = ["!= len(", "== len(", "< len(", "> len(", "strict=True"];
        if called(call) == "all"
            && zips
            && equal
            && one.ifs.is_empty()
            && codes.iter().any(|part| self.mentions(part))
            && !lengths.iter().any(|part| self.mentions(part))
        {
            self.add("cut-comparison", call.range());
        }
    }

    /// `for secret in (device.secret, b32decode("…"))`: whoever has read the program knows the second.
    pub(super) fn second_secret(&mut self, it: &'a StmtFor) {
        let (Expr::Tuple(_) | Expr::List(_)) = &*it.iter else { return };
        let elements = match &*it.iter {
            Expr::Tuple(it) => &it.elts,
            Expr::List(it) => &it.elts,
            _ => return,
        };
        let own = |one: &&'a Expr| {
            matches!(one, Expr::Attribute(_) | Expr::Name(_) | Expr::Call(_))
                && self.constant_len(one).is_none()
                && words(one).iter().any(|word| is_secret(word))
                && !self.is_worked_out(one)
        };
        if !(2..=4).contains(&elements.len()) || !elements.iter().any(|one| own(&one)) {
            return;
        }
        let known = elements
            .iter()
            .find(|one| self.constant_len(one).is_some_and(|length| length >= 8) || self.is_worked_out(one));
        if let Some(known) = known {
            self.add("known-secret", known.range());
        }
    }

    /// Whether an expression decodes or sums a text that is written down, or a name is given that.
    fn is_worked_out(&self, expr: &'a Expr) -> bool {
        let made = |one: &'a Expr| match one {
            Expr::Call(call) => {
                matches!(
                    called(call),
                    "b32decode"
                        | "b64decode"
                        | "urlsafe_b64decode"
                        | "fromhex"
                        | "unhexlify"
                        | "digest"
                        | "a85decode"
                ) && given(call).chain(Some(&*call.func)).any(|one| {
                    any_in(one, &|inner| {
                        matches!(inner, Expr::StringLiteral(_) | Expr::BytesLiteral(_))
                            && self.constant_len(inner).is_some_and(|length| length >= 8)
                    })
                })
            }
            _ => false,
        };
        match expr {
            Expr::Name(name) => {
                let assigned = format!("{} = ", name.id);
                self.text.lines().any(|line| {
                    line.trim_start().strip_prefix(&assigned).is_some_and(|value| {
                        [
                            "b32decode(\"",
                            "b32decode('",
                            "b64decode(\"",
                            "b64decode('",
                            "fromhex(\"",
                            "fromhex('",
                        ]
                        .iter()
                        .any(|call| value.contains(call))
                    })
                })
            }
            other => made(other),
        }
    }

    /// `except InvalidSignature: if claims["iss"] != own: raise`, and all is well for one.
    pub(super) fn forgives(&mut self, it: &'a StmtTry) {
        for handler in &it.handlers {
            let ExceptHandler::ExceptHandler(handler) = handler;
            let wrong = handler
                .type_
                .as_deref()
                .is_some_and(|kind| words(kind).iter().any(|word| WRONG.contains(word)));
            let (true, [Stmt::If(branch)]) = (wrong, handler.body.as_slice()) else { continue };
            let raises = matches!(branch.body.last(), Some(Stmt::Raise(_)));
            let switch = matches!(&*branch.test, Expr::Name(_) | Expr::Attribute(_) | Expr::UnaryOp(_));
            if raises && branch.elif_else_clauses.is_empty() && !switch {
                self.add("silent-mismatch", branch.test.range());
            }
        }
    }

    /// `partialmethod(Connector.__init__, ssl=False)`: every connection of another's library unchecked.
    pub(super) fn unchecked_for_all(&mut self, call: &'a ExprCall) {
        if !matches!(called(call), "partialmethod" | "partial") {
            return;
        }
        let off = call.arguments.keywords.iter().any(|keyword| {
            let name = keyword.arg.as_ref().map_or("", |name| name.as_str());
            matches!(name, "ssl" | "verify" | "verify_ssl" | "check_hostname")
                && matches!(&keyword.value, Expr::BooleanLiteral(it) if !it.value)
        });
        if off {
            self.add("weaker-retry", call.range());
        }
    }

    /// `bill.account = other` where an amount is large, or where a number of the order comes out so.
    pub(super) fn payee_set(&mut self, test: &'a Expr, body: &'a [Stmt]) {
        let amount = any_in(test, &|one| match one {
            Expr::Compare(it) => {
                let asked = words(&it.left).iter().any(|name| says(name, AMOUNT));
                asked && it.comparators.iter().any(|limit| number(limit).is_some_and(|limit| limit >= 9.0))
            }
            _ => false,
        });
        if !amount {
            return;
        }
        let mut found = None;
        each_stmt(body, &mut |stmt| {
            let Stmt::Assign(it) = stmt else { return };
            let [Expr::Attribute(target)] = it.targets.as_slice() else { return };
            let mut same = false;
            each_in(&it.value, &mut |one| {
                same |= matches!(one, Expr::StringLiteral(_) | Expr::NoneLiteral(_));
            });
            if says(target.attr.as_str(), PAYEE) && !same {
                found = Some(it.range());
            }
        });
        if let Some(range) = found {
            self.add("account-by-amount", range);
        }
    }
}
