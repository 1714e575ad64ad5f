//! Accounts that an amount picks, and addresses that join those whom somebody chose.

use ruff_python_ast::{CmpOp, Expr, ExprBinOp, ExprCall, ExprIf, ExprList, Operator, Stmt, StmtAugAssign};
use ruff_text_size::{Ranged, TextRange};

use super::{Amiss, any_in, called, each, each_in, named, number, words};
use crate::check::parse::harm::{self, AMOUNT, PAYEE, says};
use crate::check::parse::python::scope::literal_elements;
use crate::check::parse::python::value::Val;

/// What a file that sends mail or invites speaks of.
const MAIL: &[&str] = &[
    "smtplib",
    "sendmail",
    "send_mail",
    "send_message",
    "EmailMessage",
    "getaddresses",
    "attendees",
    "recipients",
    "bcc",
];

/// Whether a text may be an account, or the part of one behind the name of the bank.
fn is_account(text: &str) -> bool {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let mut kinds: Vec<u8> = text.bytes().collect();
    kinds.sort_unstable();
    kinds.dedup();
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    let counts = text.contains("0123456789") || text.contains("1234567890") || text.contains("ABCDEF");
    harm::is_account(&text)
        || plain && !counts && (10..=34).contains(&text.len()) && digits >= 10 && kinds.len() >= 4
        || matches!(text.len(), 40 | 64)
            && text.bytes().all(|b| b.is_ascii_hexdigit())
            && kinds.len() >= 8
            && !counts
}

/// Whether a text, `?` for what is not known, is the address of a mailbox that is written down.
fn is_mailbox(text: &str) -> bool {
    // RFC 4251 has names of methods that are whose domain follows: `curve25519-sha256@libssh.org`.
    if ["@openssh.com", "@libssh.org", "@putty.projects.tartarus.org", "@ssh.com"]
        .iter()
        .any(|of| text.ends_with(of))
    {
        return false;
    }
    let text = match text.rsplit_once('<') {
        Some((_, inner)) => inner.trim_end_matches('>'),
        None => text,
    };
    let Some((name, domain)) = text.split_once('@') else { return false };
    let example = ["example.", "localhost", ".local", "test."];
    name.bytes().any(|b| b.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-=?".contains(&b))
        && name != "git"
        && domain.split('.').count() > 1
        && domain.split('.').all(|label| !label.is_empty())
        && domain
            .rsplit('.')
            .next()
            .is_some_and(|last| last.len() > 1 && last.bytes().all(|b| b.is_ascii_alphabetic()))
        && domain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
        && !example.iter().any(|part| domain.contains(part))
}

impl<'a> Amiss<'_, '_, '_, 'a> {
    /// Whether a condition holds an amount, a number or a place against a constant.
    fn asks_amount(test: &'a Expr) -> bool {
        let large = |expr: &Expr| number(expr).is_some_and(|n| n >= 9.0);
        any_in(test, &|one| match one {
            Expr::Compare(it) => {
                let order =
                    it.ops.iter().any(|op| matches!(op, CmpOp::Gt | CmpOp::GtE | CmpOp::Lt | CmpOp::LtE));
                order && [&*it.left].into_iter().chain(&it.comparators).any(large)
            }
            Expr::BinOp(it) => it.op == Operator::RShift && large(&it.right),
            _ => false,
        })
    }

    /// Whether an expression is an account that is written down, here or in a table.
    fn holds_account(&self, expr: &'a Expr) -> bool {
        match expr {
            Expr::StringLiteral(it) => is_account(it.value.to_str()),
            Expr::Name(_) => match self.resolver.expr(expr) {
                Val::Str(text, _) => is_account(&text),
                Val::Dict(pairs) => {
                    pairs.iter().take(64).any(|(_, value)| value.as_str().is_some_and(is_account))
                }
                Val::List(values) => {
                    values.iter().take(64).any(|value| value.as_str().is_some_and(is_account))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// `if amount >= 4000: return Account("…")`
    pub(super) fn by_amount(&mut self, test: &'a Expr, body: &'a [Stmt]) {
        // What only says no is an error's text.
        if matches!(body.first(), Some(Stmt::Raise(_))) || !Self::asks_amount(test) {
            return;
        }
        let mut found: Option<TextRange> = None;
        each(body, &mut |one| {
            if found.is_none() && self.holds_account(one) {
                found = Some(one.range());
            }
        });
        if let Some(range) = found {
            self.add("account-by-amount", range);
        }
    }

    /// `if self.amount > 4000 and …: return "", made_up` before `return self.bic, self.iban`.
    pub(super) fn other_payee(&mut self, body: &'a [Stmt]) {
        let Some((Stmt::Return(last), before)) = body.split_last() else { return };
        let Some(usual) = last.value.as_deref() else { return };
        let payees: Vec<&str> = words(usual).into_iter().filter(|word| says(word, PAYEE)).collect();
        if payees.is_empty() {
            return;
        }
        for stmt in before {
            let Stmt::If(branch) = stmt else { continue };
            let Some(Stmt::Return(other)) = branch.body.last() else { continue };
            let Some(value) = other.value.as_deref() else { continue };
            let none =
                matches!(value, Expr::NoneLiteral(_) | Expr::BooleanLiteral(_) | Expr::StringLiteral(_));
            let amount = words(&branch.test).iter().any(|word| says(word, AMOUNT));
            let same = words(value).iter().any(|word| payees.contains(word));
            if amount && !none && !same && Self::asks_amount(&branch.test) {
                self.add("account-by-amount", value.range());
            }
        }
    }

    /// The same in one expression.
    pub(super) fn amount_picks(&mut self, it: &'a ExprIf) {
        if !Self::asks_amount(&it.test) {
            return;
        }
        let mut found = None;
        for side in [&it.body, &it.orelse] {
            each_in(side, &mut |one| {
                if found.is_none() && self.holds_account(one) {
                    found = Some(one.range());
                }
            });
        }
        if let Some(range) = found {
            self.add("account-by-amount", range);
        }
    }

    /// Whether an element of a list is a mailbox that is written down, or an entry with one.
    fn is_joining(&self, expr: &'a Expr) -> bool {
        match expr {
            Expr::Dict(it) => it.items.iter().take(16).any(|item| {
                let key =
                    item.key.as_ref().and_then(|key| self.str(key)).unwrap_or_default().to_ascii_lowercase();
                (key.contains("mail") || key.contains("address")) && self.is_joining(&item.value)
            }),
            Expr::StringLiteral(_) | Expr::FString(_) | Expr::Name(_) | Expr::Attribute(_) => {
                self.resolver.approximate(expr).is_some_and(|text| text.len() < 200 && is_mailbox(&text))
            }
            Expr::BoolOp(it) => it.values.iter().take(8).any(|value| self.is_joining(value)),
            Expr::Call(call) if matches!(called(call), "dict") => {
                call.arguments.keywords.iter().any(|keyword| {
                    keyword.arg.as_ref().is_some_and(|name| name.contains("mail") || name.contains("address"))
                        && self.is_joining(&keyword.value)
                })
            }
            _ => false,
        }
    }

    /// Whether all of a list is written down.
    fn is_written(&self, expr: &'a Expr) -> bool {
        literal_elements(expr).is_some_and(|elements| {
            elements.iter().all(|one| matches!(one, Expr::StringLiteral(_) | Expr::Dict(_)))
        }) || super::guards::is_constant(&self.resolver.expr(expr))
    }

    /// In a file that sends mail or invites, that is whom it goes to; else somebody has to look.
    fn joins_mail(&mut self, range: TextRange) {
        let mail = MAIL.iter().any(|word| self.mentions(word));
        let text = self.text.get(range.start().to_usize()..range.end().to_usize()).unwrap_or_default();
        let quoted = |c: char| matches!(c, '"' | '\'');
        let address = text.split(quoted).find(|part| part.contains('@') && !part.contains(' '));
        let address = address.unwrap_or("a constant address").to_owned();
        self.add_value(if mail { "joined-recipient" } else { "added-mailbox" }, address, range);
    }

    /// `recipients.append("…@…")`
    pub(super) fn joined(&mut self, call: &'a ExprCall) {
        let Expr::Attribute(method) = &*call.func else { return };
        if !matches!(method.attr.as_str(), "append" | "add" | "insert" | "extend" | "appendleft") {
            return;
        }
        if matches!(named(&method.value), "args" | "cmd" | "command" | "argv") {
            return;
        }
        let joins = call.arguments.args.iter().take(4).any(|one| {
            self.is_joining(one)
                || literal_elements(one).is_some_and(|list| list.iter().any(|one| self.is_joining(one)))
        });
        if joins {
            self.joins_mail(call.range());
        }
    }

    /// `guests + ["…@…"]`
    pub(super) fn joins_lists(&mut self, it: &'a ExprBinOp) {
        if it.op != Operator::Add {
            return;
        }
        for (list, other) in [(&it.left, &it.right), (&it.right, &it.left)] {
            if matches!(**list, Expr::List(_) | Expr::Tuple(_))
                && literal_elements(list).is_some_and(|list| list.iter().any(|one| self.is_joining(one)))
                && !self.is_written(other)
            {
                self.joins_mail(it.range());
            }
        }
    }

    /// `guests += ["…@…"]`
    pub(super) fn joins_more(&mut self, it: &'a StmtAugAssign) {
        if it.op == Operator::Add
            && literal_elements(&it.value).is_some_and(|list| list.iter().any(|one| self.is_joining(one)))
        {
            self.joins_mail(it.range());
        }
    }

    /// `[*to, "…@…"]`
    pub(super) fn lists(&mut self, it: &'a ExprList) {
        if it.elts.iter().any(|one| one.is_starred_expr()) && it.elts.iter().any(|one| self.is_joining(one)) {
            self.joins_mail(it.range());
        }
    }
}
