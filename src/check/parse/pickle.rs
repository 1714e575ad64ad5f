//! Pickles: what a program on a stack machine would call when it is loaded.
//!
//! The opcodes are gone through, nothing is built. Source: `Lib/pickletools.py` of CPython.

use super::Parsed;
use crate::model::{CapabilityKind, Fact, FactKind, LineIndex, Span, Treatment};

/// Strings that are remembered for `STACK_GLOBAL`.
const MAX_MEMO: usize = 100_000;
/// Facts that one file may give.
const MAX_FACTS: usize = 200;

/// Modules whose functions no data needs.
const DANGEROUS: &[&str] = &[
    "os",
    "posix",
    "nt",
    "subprocess",
    "commands",
    "pty",
    "socket",
    "sys",
    "runpy",
    "importlib",
    "webbrowser",
    "shutil",
    "ctypes",
    "code",
    "codeop",
    "timeit",
    "pdb",
    "bdb",
    "asyncio",
    "multiprocessing",
    "platform",
    "requests",
    "urllib",
    "http",
    "httplib",
    "urllib2",
    "marshal",
    "types",
    "pip",
    "pydoc",
    "cProfile",
    "profile",
    "doctest",
    "imp",
    "pkgutil",
    "signal",
    "threading",
    "_posixsubprocess",
];

/// Functions of `builtins` that run code or reach for more.
const BUILTINS: &[&str] = &[
    "eval",
    "exec",
    "execfile",
    "compile",
    "open",
    "file",
    "getattr",
    "setattr",
    "__import__",
    "apply",
    "globals",
    "breakpoint",
    "input",
    "map",
];

/// What was found in a pickle.
#[derive(Debug, Default)]
struct Found {
    /// Module, name and offset.
    globals: Vec<(String, String, usize)>,
    /// Whether the end was reached.
    whole: bool,
}

/// Recognises a pickle of protocol 2 and up by its first and last bytes, an older one by its ending.
pub fn recognise(path: &str, bytes: &[u8]) -> Option<Parsed> {
    let new = matches!(bytes, [0x80, 2..=5, .., b'.']);
    let ending = [".pkl", ".pickle", ".p", ".joblib", ".dill"].iter().any(|end| path.ends_with(end));
    // What follows the end is never read.
    if !(new || ending) {
        return None;
    }
    let found = walk(bytes);
    if !found.whole {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok();
    let index = text.map(|text| LineIndex::new(path, text));
    let span = |at: usize| match &index {
        Some(index) => index.span(at, at + 1),
        None => Span { start: at as u32, end: at as u32, ..Span::file(path) },
    };
    let mut parsed = Parsed::only(Treatment::Parsed("pickle".to_owned()));
    for (module, name, at) in found.globals.iter().take(MAX_FACTS) {
        let top = module.split('.').next().unwrap_or(module);
        let bad = DANGEROUS.contains(&top)
            || (matches!(top, "builtins" | "__builtin__" | "__builtins__")
                && BUILTINS.contains(&name.split('.').next().unwrap_or(name)))
            || (top == "operator" && matches!(name.as_str(), "attrgetter" | "methodcaller"))
            || (top == "functools"
                && name == "partial"
                && found.globals.iter().any(|(module, ..)| DANGEROUS.contains(&module.as_str())));
        if bad {
            let mut fact =
                Fact::new(FactKind::Shape, "pickle-program", span(*at)).value(format!("{module}.{name}"));
            fact.capability = Some(CapabilityKind::DynamicCode);
            parsed.facts.push(fact);
        }
    }
    parsed.facts.dedup();
    Some(parsed)
}

fn number(bytes: &[u8], at: usize, len: usize) -> Option<usize> {
    let mut out = 0_usize;
    for (n, byte) in bytes.get(at..at.checked_add(len)?)?.iter().enumerate() {
        out |= usize::from(*byte).checked_shl(u32::try_from(n * 8).ok()?)?;
    }
    Some(out)
}

fn line(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let rest = bytes.get(at..)?;
    let end = memchr::memchr(b'\n', rest)?;
    Some((&rest[..end], at + end + 1))
}

fn walk(bytes: &[u8]) -> Found {
    let mut found = Found::default();
    step_through(bytes, &mut found);
    found
}

fn step_through(bytes: &[u8], found: &mut Found) -> Option<()> {
    // The last strings that were pushed, and those that were remembered.
    let mut strings: Vec<String> = Vec::new();
    let mut memo: Vec<Option<String>> = Vec::new();
    let remember = |memo: &mut Vec<Option<String>>, at: usize, text: Option<String>| {
        if at < MAX_MEMO {
            if memo.len() <= at {
                memo.resize(at + 1, None);
            }
            memo[at] = text;
        }
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(300)]).into_owned();
    let mut pushed: Option<String> = None;
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let op = bytes[at];
        at += 1;
        let mut push = None;
        match op {
            b'.' => {
                found.whole = true;
                return Some(());
            }
            // Lengths before bytes.
            b'U' | 0x8c | b'C' => {
                let len = number(bytes, at, 1)?;
                let body = bytes.get(at + 1..at + 1 + len)?;
                push = (op != b'C').then(|| text(body));
                at += 1 + len;
            }
            b'T' | b'X' | b'B' => {
                let len = number(bytes, at, 4)?;
                let body = bytes.get(at + 4..(at + 4).checked_add(len)?)?;
                push = (op != b'B').then(|| text(body));
                at += 4 + len;
            }
            0x8d | 0x8e | 0x96 => {
                let len = number(bytes, at, 8)?;
                let body = bytes.get(at + 8..(at + 8).checked_add(len)?)?;
                push = (op == 0x8d).then(|| text(body));
                at = (at + 8).checked_add(len)?;
            }
            0x8a => at = at + 1 + number(bytes, at, 1)?,
            0x8b => at = (at + 4).checked_add(number(bytes, at, 4)?)?,
            // Lines.
            b'S' | b'V' => {
                let (body, next) = line(bytes, at)?;
                push = Some(text(body).trim_matches(['\'', '"']).to_owned());
                at = next;
            }
            b'I' | b'L' | b'F' | b'P' => at = line(bytes, at)?.1,
            b'p' => {
                let (body, next) = line(bytes, at)?;
                let slot = std::str::from_utf8(body).ok()?.trim().parse().ok()?;
                remember(&mut memo, slot, pushed.clone());
                at = next;
            }
            b'g' => {
                let (body, next) = line(bytes, at)?;
                let slot: usize = std::str::from_utf8(body).ok()?.trim().parse().ok()?;
                push = memo.get(slot).cloned().flatten();
                at = next;
            }
            b'c' | b'i' => {
                let (module, next) = line(bytes, at)?;
                let (name, next) = line(bytes, next)?;
                found.globals.push((text(module), text(name), start));
                at = next;
            }
            0x93 => {
                if let [.., module, name] = strings.as_slice() {
                    found.globals.push((module.clone(), name.clone(), start));
                }
            }
            // Memo.
            b'q' | b'h' => {
                let slot = number(bytes, at, 1)?;
                if op == b'q' {
                    remember(&mut memo, slot, pushed.clone());
                } else {
                    push = memo.get(slot).cloned().flatten();
                }
                at += 1;
            }
            b'r' | b'j' => {
                let slot = number(bytes, at, 4)?;
                if op == b'r' {
                    remember(&mut memo, slot, pushed.clone());
                } else {
                    push = memo.get(slot).cloned().flatten();
                }
                at += 4;
            }
            0x94 => {
                let slot = memo.len();
                remember(&mut memo, slot, pushed.clone());
            }
            // Fixed lengths.
            b'K' | 0x80 | 0x82 => at += 1,
            b'M' | 0x83 => at += 2,
            b'J' | 0x84 => at += 4,
            b'G' | 0x95 => at += 8,
            b'('
            | b'0'
            | b'1'
            | b'2'
            | b'N'
            | b'Q'
            | b'R'
            | b'a'
            | b'b'
            | b'd'
            | b'}'
            | b'e'
            | b'l'
            | b']'
            | b'o'
            | b's'
            | b't'
            | b')'
            | b'u'
            | 0x81
            | 0x85..=0x89
            | 0x8f..=0x92
            | 0x97
            | 0x98 => {}
            _ => return None,
        }
        if !matches!(op, b'p' | b'q' | b'r' | 0x94 | 0x95 | 0x80) {
            pushed = push.clone();
        }
        if let Some(text) = push {
            strings.push(text);
            if strings.len() > 64 {
                strings.drain(..32);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn calls(path: &str, bytes: &[u8]) -> Vec<String> {
        recognise(path, bytes).unwrap().facts.into_iter().map(|fact| fact.value).collect()
    }

    #[test]
    fn what_a_pickle_would_call() {
        // pickle.dumps of an object whose __reduce__ gives (os.system, ('true',)), protocols 0, 2 and 4.
        assert_eq!(calls("a.pkl", b"cposix\nsystem\np0\n(Vtrue\np1\ntp2\nRp3\n."), ["posix.system"]);
        assert_eq!(
            calls("a", b"\x80\x02cposix\nsystem\nq\0X\x04\0\0\0trueq\x01\x85q\x02Rq\x03."),
            ["posix.system"]
        );
        let four = b"\x80\x04\x95\x1e\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94.";
        assert_eq!(calls("a.bin", four), ["posix.system"]);
        let data = b"\x80\x04\x95\x0b\0\0\0\0\0\0\0}\x94\x8c\x01a\x94K\x01s.";
        assert_eq!(calls("a.pkl", data), [""; 0]);
        assert!(recognise("a.txt", b"a text.").is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            recognise("a.pkl", &[&b"\x80\x04"[..], &bytes, b"."].concat());
            recognise("a.pkl", &[&bytes, &b"."[..]].concat());
        }
    }
}
