//! What the tokens of a file say together: a shell that gets the rights of its owner, the memory of
//! another process, a clipboard that is read and written, accounts that are written down, and texts
//! that nobody can read before the program runs.
//!
//! None of it needs a parser. Each is one fact for a file.

use super::facts::Raw;
use super::lex::{Kind, Lexer, unquote};
use crate::check::parse::harm;
use crate::model::FactKind;

/// A shell is copied, and files get the rights of their owner.
const SHELL: &str = "setuid-shell";
/// The memory of a process that is not this one is opened.
const MEMORY: &str = "other-memory";
/// The clipboard is read and written.
const CLIPBOARD: &str = "clipboard-both";
/// An account that money goes to.
const ACCOUNT: &str = "account-written";
/// The file counts money.
const PAYS: &str = "pays";

/// Words of money, of which one stands in every file that pays.
const MONEY: &[&str] = &["lamports", "satoshi", "payee", "payout", "recipient", "wei_", "Lamports"];
/// Fewest letters of hidden texts.
const LETTERS: usize = 14;

/// The facts.
pub fn facts(text: &str) -> Vec<Raw> {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    let shell = has("0o") && (has("/sh\"") || has("bash\"") || has("/dash\"")) && has("copy(");
    let memory = has("/proc/") && has("/mem\"") || has("process_vm_readv(");
    let account = has("\"0x") || has("\"bc1");
    let mut out = Vec::new();
    if shell || memory || account {
        tokens(text, shell, &mut out);
    }
    let place = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes());
    let reads = ["get_text(", "get_contents("].iter().find_map(|word| place(word));
    let writes = ["set_text(", "set_contents("].iter().find_map(|word| place(word));
    if let (Some(_), Some(at)) = (reads, writes) {
        out.push(Raw::new(FactKind::Shape, CLIPBOARD, at..at + 8));
    }
    if let Some(at) = MONEY.iter().filter_map(|word| place(word)).min() {
        out.push(Raw::new(FactKind::Shape, PAYS, at..at + 1));
    }
    out
}

fn tokens(text: &str, shell: bool, out: &mut Vec<Raw>) {
    let (mut mode, mut program) = (None, false);
    for token in Lexer::new(text) {
        let word = text.get(token.start..token.end).unwrap_or_default();
        match token.kind {
            Kind::Number if shell && is_setuid(word) => mode = Some(token.start..token.end),
            Kind::Ident if word == "process_vm_readv" => {
                out.push(Raw::new(FactKind::Shape, MEMORY, token.start..token.end).value(word));
            }
            Kind::Str | Kind::RawStr if word.len() < 200 => {
                let Some(inner) = unquote(word) else { continue };
                program |= is_shell(&inner);
                if is_memory(&inner) {
                    out.push(Raw::new(FactKind::Shape, MEMORY, token.start..token.end).value(&*inner));
                }
                if harm::is_account(&inner) && (inner.starts_with("0x") || inner.starts_with("bc1")) {
                    out.push(Raw::new(FactKind::Shape, ACCOUNT, token.start..token.end).value(&*inner));
                }
            }
            _ => {}
        }
    }
    if let Some(range) = mode.filter(|_| program) {
        out.push(Raw::new(FactKind::Shape, SHELL, range));
    }
}

/// `0o4755`: what somebody sets; not `0o4000` and `0o7777`, which pick bits.
fn is_setuid(word: &str) -> bool {
    let digits: String = word.bytes().filter(|byte| *byte != b'_').map(char::from).collect();
    let Some(mode) = digits.strip_prefix("0o").and_then(|digits| {
        let end = digits.find(|c: char| !c.is_digit(8)).unwrap_or(digits.len());
        u32::from_str_radix(digits.get(..end)?, 8).ok()
    }) else {
        return false;
    };
    mode & 0o6000 != 0 && mode <= 0o7777 && mode & 0o111 != 0 && mode & 0o777 != 0o777
}

fn is_shell(text: &str) -> bool {
    text.starts_with('/')
        && ["sh", "bash", "dash", "zsh", "ash", "busybox"]
            .iter()
            .any(|name| text.rsplit('/').next() == Some(name))
}

/// `/proc/{pid}/mem`, of whichever process that is.
fn is_memory(text: &str) -> bool {
    text.strip_prefix("/proc/")
        .and_then(|rest| rest.strip_suffix("/mem"))
        .is_some_and(|of| of.starts_with('{') && of.ends_with('}') || of.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether what arithmetic on constants hides in a file is as much as somebody would hide: two texts or a
/// long one.
pub fn hidden(raws: &[Raw]) -> Option<Raw> {
    let mut texts: Vec<&Raw> = raws
        .iter()
        .filter(|raw| {
            raw.kind == FactKind::Shape && matches!(raw.name.as_str(), "hidden-text" | "hidden-name")
        })
        .filter(|raw| raw.value.bytes().filter(u8::is_ascii_alphabetic).count() > 3)
        .collect();
    texts.sort_by(|a, b| a.value.cmp(&b.value));
    texts.dedup_by(|a, b| a.value == b.value);
    let long = texts.iter().any(|raw| raw.value.bytes().filter(u8::is_ascii_alphabetic).count() >= LETTERS);
    let first = texts.iter().min_by_key(|raw| raw.start)?;
    (long || texts.len() > 1)
        .then(|| Raw::new(FactKind::Shape, "hidden-texts", first.start..first.end).value(&*first.value))
}
