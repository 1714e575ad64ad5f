//! Mail and images that carry something to somebody whom nobody chose.
//!
//! Both are told from the text: the key of a header beside a constant address, and the address of
//! an image with places in it that the reader of the text is to fill.

use std::sync::LazyLock;

use regex::Regex;

use super::{Check, Subject, context};
use crate::model::{Ecosystem, Finding, LineIndex, escape};

/// Largest file that is searched, in bytes.
const MAX_FILE: usize = 1 << 20;

/// A blind copy to a constant address.
#[derive(Debug)]
pub struct Recipient;

/// `Bcc: 'a@b.c'`, `bcc="a@b.c"`, `msg["Bcc"] = "a@b.c"`.
static BCC: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)(?:^|[^a-z0-9_])["'`]?bcc(?:_?addresses|_?recipients)?["'`]?\]?\s*[:=]\s*[\[(]*\s*["'`]([^"'`\s@]{1,64}@[a-z0-9.-]{1,200}\.[a-z]{2,24})["'`]"#)
        .expect("the expression is valid")
});

/// `![…](https://host/x?n=NAME&m=EMAIL)`: two values or more that are words in capitals, or in
/// braces or angle brackets.
static FILLED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"!\[[^\]]{0,200}\]\(https?://[^)\s?]{1,300}\?(?:[^)\s=&]{1,40}=(?:[A-Z][A-Z_]{2,40}|\{\{[^}\n]{1,120}\}\}|\{[^})\s]{1,60}\}|<[^>)\s]{1,60}>|\$[A-Za-z_]{2,40})&?){2,}")
        .expect("the expression is valid")
});

/// The same in HTML: `<img src="https://host/x?n={name}&m={mail}">`, where one value is enough.
static FILLED_HTML: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)<img\b[^>]{0,300}?\bsrc\s*=\s*["']https?://[^"'\s?]{1,300}\?[^"'\n]{0,200}?=(?:\{[^}\n]{1,200}\}|<[a-z][^>\n]{1,120}>|\[[^\]\n]{1,120}\]|\$[A-Za-z_]{2,40})"#)
        .expect("the expression is valid")
});

/// `journal = "a@b.c"`: a member that is a mailbox.
static MEMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?m)^[ \t]+(?:self\.)?([A-Za-z_]\w{2,60})(?:[ \t]*:[ \t]*\w+)?[ \t]*=[ \t]*["']([^"'\s@]{1,64}@[a-z0-9.-]{1,200}\.[a-z]{2,24})["'][ \t]*$"#)
        .expect("the expression is valid")
});

/// What the name of a list that [`ADDED`] finds has in it.
const LISTS: &[&str] = &["recipient", "addresses", "rcpt", "envelope", "attendees", "to_addrs"];

/// `recipients.append(self.archive or self.transport.journal)`
static ADDED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b\w*(?:recipients?|addresses|rcpt|envelope|attendees|to_addrs)\w*\.(?:append|add|insert|extend)\(([^()\n]{1,200})\)")
        .expect("the expression is valid")
});

/// A mailbox that a member of one file holds and that joins the recipients in another.
fn joined_by_member(subject: &Subject<'_>, out: &mut Vec<Finding>) {
    let python = |path: &str| path.ends_with(".py") && !context::is_test_path(path);
    let sources: Vec<(&str, &str)> = context::texts(subject.contents, MAX_FILE, python).collect();
    // Most packages have no such list, and nothing of theirs need be searched for a mailbox.
    let lists = |(_, source): &(&str, &str)| LISTS.iter().any(|name| source.contains(name));
    if !sources.iter().any(lists) {
        return;
    }
    let mut members: Vec<(&str, &str)> = Vec::new();
    for (_, source) in &sources {
        for found in MEMBER.captures_iter(source).take(64) {
            if let (Some(name), Some(address)) = (found.get(1), found.get(2))
                && !address.as_str().contains("@example.")
            {
                members.push((name.as_str(), address.as_str()));
            }
        }
    }
    if members.is_empty() {
        return;
    }
    for (path, source) in &sources {
        for found in ADDED.captures_iter(source).take(64) {
            let Some(given) = found.get(1) else { continue };
            let own = members.iter().find(|(name, _)| {
                given
                    .as_str()
                    .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
                    .any(|part| part.rsplit_once('.').is_some_and(|(_, last)| last == *name))
            });
            if let Some((_, address)) = own {
                let message = format!("sends a blind copy of each mail to `{}`", escape(address));
                let span = LineIndex::new(*path, source).span(given.start(), given.end());
                out.push(Finding::new("malice/fixed-recipient", message, vec![span]));
                return;
            }
        }
    }
}

impl Check for Recipient {
    fn rules(&self) -> &'static [&'static str] {
        &["agent/filled-image", "malice/fixed-recipient"]
    }

    fn run(&self, subject: &Subject<'_>, out: &mut Vec<Finding>) {
        joined_by_member(subject, out);
        let agent = subject.package.ecosystem == Ecosystem::Agent;
        let is_code =
            |path: &str| matches!(context::ending(path), "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" | "py");
        let wanted = |path: &str| match is_code(path) {
            true => !context::is_test_path(path),
            false => agent && matches!(context::ending(path), "md" | "mdc" | "markdown"),
        };
        for (path, source) in context::texts(subject.contents, MAX_FILE, wanted) {
            let code = is_code(path);
            let index = LineIndex::new(path, source);
            if code && let Some(found) = BCC.captures(source).and_then(|found| found.get(1)) {
                let line =
                    source.get(..found.start()).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
                let comment = line.trim_start().starts_with(['#', '*']) || line.contains("//");
                if !comment {
                    let message = format!("sends a blind copy of each mail to `{}`", escape(found.as_str()));
                    let span = index.span(found.start(), found.end());
                    out.push(Finding::new("malice/fixed-recipient", message, vec![span]));
                }
            }
            if !code && let Some(found) = FILLED.find(source).or_else(|| FILLED_HTML.find(source)) {
                let message = "an image address takes along what the agent is to fill in";
                let span = index.span(found.start(), found.end());
                out.push(Finding::new("agent/filled-image", message, vec![span]));
            }
        }
    }
}
