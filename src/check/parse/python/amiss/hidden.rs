//! Names, hosts and texts that are put together so that nobody reads them, and instructions for agents
//! that are to be kept from their users.

use std::sync::LazyLock;

use regex::Regex;
use ruff_python_ast::{
    Expr, ExprBinOp, ExprCall, ExprSubscript, FStringPart, InterpolatedStringElement, Operator, Stmt,
    StmtClassDef, StmtFunctionDef, UnaryOp,
};
use ruff_text_size::Ranged;

use super::{Amiss, any_in, called, each, given, words};
use crate::check::parse::harm;
use crate::check::parse::python::value::Val;

/// Shortest constant that is taken for a hidden one, in bytes.
const MIN_HIDDEN: usize = 16;
/// Shortest text that is read, and longest.
const TEXT: std::ops::Range<usize> = 60..20_000;

/// Told to keep something from whoever reads the answer.
static KEEPS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?is)\b(?:do not|don't|never|without)\s+(?:ever\s+)?(?:(?:tell|inform)(?:ing)?\s+(?:the\s+|a\s+|any\s+|your\s+)?\w+\s+(?:that|about|of|why)\b",
        r"|(?:mention|reveal|disclos|point\s+out|bring\s+up)\w*\s+(?:it|this|that|these|the\s+(?:preference|change|rule|instruction|partner))\b)",
        r"|\bohne\s+(?:es|das|dies)\s+(?:dem|der|den)\s+\w+\s+zu\s+(?:sagen|zeigen)|\berwähne\s+(?:es|das|dies)\s+nicht",
        r"|\bno\s+(?:se\s+)?lo\s+(?:digas|menciones)|\bnão\s+(?:avise|conte|mencione)\b",
        r"|\bne\s+(?:le|la)\s+(?:dis|mentionne)\w*\s+pas|\bnon\s+(?:dirlo|menzionarlo|dire)\b",
    ))
    .expect("the expression is valid")
});
/// Told to put something in, or before others.
static PUSHES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)<script|\bbest (?:choice|option|pick)\b|\b(?:prefer|favou?r|recommend|promote)\b|\binstead of\b",
        r"|\bbevorzug|\bempfiehl|\bstatt\s?dessen\b|\brecomiend|\bprefier|\ben lugar de|\brecomend|\bprefira|\bno lugar d",
        r"|\brecommand|\bprivilégi|\bà la place|\bconsiglia|\bpreferisc|\binvece d",
    ))
    .expect("the expression is valid")
});
/// The address of a mailbox or an account within a text.
static MAILBOX: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b[A-Za-z0-9._+-]{2,40}@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,24}\b")
        .expect("the expression is valid")
});
/// A field of a form by a name of a secret's.
const FIELDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "one_time_code",
    "otp",
    "totp",
    "mfa_code",
    "pin",
    "api_key",
    "access_token",
    "secret_key",
    "seed_phrase",
    "mnemonic",
    "private_key",
    "cvv",
    "card_number",
];

/// Whether a text is a line of a table of times, before a command.
fn is_scheduled(text: &str) -> bool {
    let times = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().take(6).collect();
        fields.len() == 6
            && fields[..5].iter().all(|field| {
                field.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'*' | b'/' | b',' | b'-' | b'?'))
            })
            && fields[..5].contains(&"*")
    };
    text.lines().any(|line| {
        times(line) || line.trim_start().starts_with("@reboot") || line.trim_start().starts_with("ExecStart=")
    })
}

/// Whether a text is the name of a host, or all addresses of the machine.
fn is_host(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    text == "0.0.0.0"
        || labels.len() > 1
            && labels.iter().all(|label| {
                !label.is_empty()
                    && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            })
            && labels
                .last()
                .is_some_and(|last| last.len() > 1 && last.bytes().all(|b| b.is_ascii_lowercase()))
}

impl<'a> Amiss<'_, '_, '_, 'a> {
    /// `"".join(TABLE[(TABLE.index(c) + 11) % 32] for c in HIDDEN)`, `bytes(a ^ b for a, b in zip(PAD, …))`
    pub(super) fn masked(&mut self, call: &'a ExprCall) {
        if !matches!(called(call), "join" | "bytes" | "bytearray" | "array" | "list" | "tuple" | "map") {
            return;
        }
        let Some(first) = call.arguments.args.first() else { return };
        let (elt, generators) = match first {
            Expr::Generator(it) => (&*it.elt, it.generators.as_slice()),
            Expr::ListComp(it) => (&*it.elt, it.generators.as_slice()),
            _ => return,
        };
        let [only] = generators else { return };
        let hidden = |expr: &'a Expr| self.constant_len(expr).is_some_and(|len| len >= MIN_HIDDEN);
        let xors = any_in(elt, &|one| matches!(one, Expr::BinOp(it) if it.op == Operator::BitXor));
        let shifts = any_in(elt, &|one| {
            matches!(one, Expr::BinOp(it) if matches!(it.op, Operator::Add | Operator::Sub))
                && any_in(
                    one,
                    &|one| matches!(one, Expr::Call(call) if matches!(called(call), "index" | "find" | "ord")),
                )
        });
        let found = match &only.iter {
            Expr::Call(zip) if matches!(called(zip), "zip" | "enumerate") => {
                let parts: Vec<&'a Expr> = zip.arguments.args.iter().collect();
                let made = |expr: &'a Expr| {
                    hidden(expr)
                        || any_in(
                            expr,
                            &|one| matches!(one, Expr::Call(call) if matches!(called(call), "digest" | "cycle")),
                        )
                };
                xors && parts.iter().any(|one| hidden(one))
                    && (called(zip) == "enumerate" || parts.iter().all(|one| made(one)))
            }
            other => (xors || shifts) && hidden(other),
        };
        if found {
            self.add("masked-constant", call.range());
        }
    }

    /// `"dilavni.tsoh"[::-1]`: a text that is written backwards.
    pub(super) fn backwards(&mut self, it: &'a ExprSubscript) {
        let Expr::Slice(slice) = &*it.slice else { return };
        let back = slice.step.as_deref().is_some_and(|step| {
            matches!(step, Expr::UnaryOp(it) if it.op == UnaryOp::USub && super::number(&it.operand) == Some(1.0))
        });
        let long = match &*it.value {
            Expr::StringLiteral(text) => text.value.to_str().len() > 5,
            _ => false,
        };
        if back && long && slice.lower.is_none() && slice.upper.is_none() {
            self.add("masked-constant", it.range());
        }
    }

    /// `"https://api." + "host.invalid/"`: a host that is cut where nobody would cut it.
    pub(super) fn cut_host(&mut self, it: &'a ExprBinOp) {
        let Expr::StringLiteral(right) = &*it.right else { return };
        if it.op != Operator::Add
            || !right.value.to_str().starts_with(|c: char| c.is_ascii_alphanumeric() || c == '.')
        {
            return;
        }
        let last = match &*it.left {
            Expr::BinOp(left) => &*left.right,
            left => left,
        };
        if !last.is_string_literal_expr() {
            return;
        }
        if let Some(left) = self.str(&it.left)
            && let Some((scheme, host)) = left.split_once("://")
            && matches!(scheme, "http" | "https" | "ws" | "wss")
            && !host.is_empty()
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
        {
            self.add("host-in-parts", it.range());
        }
    }

    /// `__import__(suffix + "ickle")`: half of a name.
    pub(super) fn computed_import(&mut self, call: &'a ExprCall) {
        if !matches!(called(call), "__import__" | "import_module") {
            return;
        }
        let Some(Expr::BinOp(it)) = call.arguments.args.first() else { return };
        let part = |expr: &'a Expr| {
            self.str(expr).is_some_and(|text| text.len() > 1 && text.bytes().all(|b| b.is_ascii_lowercase()))
        };
        let known = part(&it.right) || part(&it.left);
        if it.op == Operator::Add && known && self.str(&call.arguments.args[0]).is_none() {
            self.add("half-a-name", call.range());
        }
    }

    /// `".".join(("edge", "invalid"))`
    pub(super) fn parts_of_host(&mut self, call: &'a ExprCall) {
        let Expr::Attribute(method) = &*call.func else { return };
        if method.attr.as_str() != "join" || self.str(&method.value).as_deref() != Some(".") {
            return;
        }
        let Some(first) = call.arguments.args.first() else { return };
        if let Val::List(parts) = self.resolver.expr(first)
            && parts.len() > 1
        {
            let parts: Option<Vec<&str>> = parts.iter().map(Val::as_str).collect();
            if parts.is_some_and(|parts| is_host(&parts.join("."))) {
                self.add("host-in-parts", call.range());
            }
        }
    }

    /// `f"https://{name}.{zone}/"` in what is called with both written down.
    pub(super) fn hosts(&mut self, it: &'a StmtFunctionDef) {
        let params: Vec<&'a str> = it.parameters.iter().map(|param| param.name().as_str()).collect();
        if params.len() < 2 {
            return;
        }
        let mut found = Vec::new();
        each(&it.body, &mut |one| {
            let Expr::FString(text) = one else { return };
            for part in &text.value {
                let FStringPart::FString(text) = part else { continue };
                let elements: Vec<&'a InterpolatedStringElement> = text.elements.iter().take(8).collect();
                for four in elements.windows(4) {
                    if let [
                        InterpolatedStringElement::Literal(scheme),
                        InterpolatedStringElement::Interpolation(name),
                        InterpolatedStringElement::Literal(dot),
                        InterpolatedStringElement::Interpolation(zone),
                    ] = four
                        && scheme.value.ends_with("://")
                        && &*dot.value == "."
                        && let (Expr::Name(name), Expr::Name(zone)) = (&*name.expression, &*zone.expression)
                    {
                        found.push((name.id.as_str(), zone.id.as_str(), one.range()));
                    }
                }
            }
        });
        let method = self.classes.last().is_some();
        let by = match self.classes.last() {
            Some(class) if it.name.as_str() == "__init__" => class.name.as_str(),
            _ => it.name.as_str(),
        };
        for (name, zone, range) in found {
            let at = |param: &str| {
                params.iter().position(|one| *one == param).map(|at| at - usize::from(method && at > 0))
            };
            let (Some(name), Some(zone)) = (at(name), at(zone)) else { continue };
            let written = self.calls.get(by).is_some_and(|calls| {
                calls.iter().any(|call| {
                    let text = |at: usize| call.arguments.args.get(at).and_then(|one| self.str(one));
                    match (text(name), text(zone)) {
                        (Some(name), Some(zone)) => is_host(&format!("{name}.{zone}")),
                        _ => false,
                    }
                })
            });
            if written {
                self.add("host-in-parts", range);
            }
        }
    }

    /// A line of `cron`, or of a unit, that fetches something and has a shell run it.
    pub(super) fn scheduled(&mut self, expr: &'a Expr) {
        let source = self.source(expr);
        if source.len() > 4_000 || !["curl", "wget", "urlopen"].iter().any(|name| source.contains(name)) {
            return;
        }
        let Some(text) = self.resolver.approximate(expr) else { return };
        let runs = harm::is_loader(&text)
            || ["| sh", "|sh", "| bash", "|bash"].iter().any(|pipe| text.contains(pipe))
                && text.contains("curl -");
        if !runs {
            return;
        }
        if is_scheduled(&text) {
            self.add("scheduled-loader", expr.range());
        } else if text.contains("sh -c '") || text.contains("sh -c \"") {
            self.add("written-loader", expr.range());
        }
    }

    /// Instructions that put something before others and keep it from whoever reads the answer.
    pub(super) fn steers(&mut self, expr: &'a Expr) {
        if !TEXT.contains(&expr.range().len().to_usize()) {
            return;
        }
        let text = match expr {
            Expr::StringLiteral(it) => it.value.to_str().to_owned(),
            other => self.resolver.approximate(other).unwrap_or_default(),
        };
        if KEEPS.is_match(&text) && PUSHES.is_match(&text) {
            self.add("hidden-steer", expr.range());
        }
    }

    /// The description of a tool that names a mailbox or an account.
    pub(super) fn described(&mut self, it: &'a StmtFunctionDef) {
        let tool = it.decorator_list.iter().any(|decorator| {
            let name = match &decorator.expression {
                Expr::Call(call) => called(call),
                other => super::named(other),
            };
            matches!(name, "tool" | "prompt" | "resource")
        });
        let Some(Stmt::Expr(first)) = it.body.first() else { return };
        let Expr::StringLiteral(text) = &*first.value else { return };
        let told = text.value.to_str();
        let example = ["example.", "@localhost", "domain.", "company.", "acme."];
        let found =
            MAILBOX.find_iter(told).any(|found| !example.iter().any(|part| found.as_str().contains(part)))
                || told.split(|c: char| c.is_whitespace() || "`'\"(),;".contains(c)).any(harm::is_account);
        if tool && found {
            self.add("account-in-description", first.range());
        }
    }

    /// A form with a field for a secret, in a file that has the client ask its user.
    pub(super) fn asks(&mut self, it: &'a StmtClassDef) {
        if !self.mentions(".elicit(") {
            return;
        }
        let mut found = None;
        for stmt in &it.body {
            let Stmt::AnnAssign(field) = stmt else { continue };
            let name = super::named(&field.target).to_ascii_lowercase();
            if FIELDS.iter().any(|part| name == *part || name.ends_with(&format!("_{part}"))) {
                found.get_or_insert(field.range());
            }
        }
        let used = self.calls.get("elicit").is_some_and(|calls| {
            calls.iter().any(|call| given(call).any(|one| words(one).contains(&it.name.as_str())))
        });
        if let (Some(range), true) = (found, used) {
            self.add("asks-for-secret", range);
        }
    }
}
