//! Code as a run of tokens, without what a copy changes first: white space, comments and the names
//! of variables. Names of members, words of the language, strings and numbers stay.

use std::collections::HashSet;
use std::sync::LazyLock;

/// The languages that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// JavaScript and TypeScript.
    Js,
    /// Python.
    Python,
    /// Rust.
    Rust,
}

impl Language {
    /// By the ending of a path; `None` for what is not sampled. Declarations of types alone
    /// (`.d.ts`, `.pyi`) are left out.
    pub fn of(path: &str) -> Option<Self> {
        let (_, name) = path.rsplit_once('/').unwrap_or(("", path));
        let (stem, ending) = name.rsplit_once('.')?;
        match ending {
            "js" | "mjs" | "cjs" | "jsx" => Some(Self::Js),
            "ts" | "mts" | "cts" | "tsx" if !stem.ends_with(".d") => Some(Self::Js),
            "py" => Some(Self::Python),
            "rs" => Some(Self::Rust),
            _ => None,
        }
    }

    /// Hashes of the words that are the language's own; a name that is none of them may be any name.
    fn words(self) -> &'static HashSet<u64> {
        static WORDS: LazyLock<[HashSet<u64>; 3]> = LazyLock::new(|| {
            [Language::Js, Language::Python, Language::Rust]
                .map(|language| language.list().iter().map(|word| hash(word.as_bytes(), 3)).collect())
        });
        &WORDS[self as usize]
    }

    fn list(self) -> &'static [&'static str] {
        match self {
            Self::Js => &[
                "async",
                "await",
                "break",
                "case",
                "catch",
                "class",
                "const",
                "continue",
                "default",
                "delete",
                "do",
                "else",
                "export",
                "extends",
                "false",
                "finally",
                "for",
                "from",
                "function",
                "if",
                "import",
                "in",
                "instanceof",
                "let",
                "new",
                "null",
                "of",
                "return",
                "super",
                "switch",
                "this",
                "throw",
                "true",
                "try",
                "typeof",
                "undefined",
                "var",
                "void",
                "while",
                "with",
                "yield",
                "require",
                "process",
                "Buffer",
                "Object",
                "Array",
                "JSON",
                "Math",
                "Promise",
                "Error",
            ],
            Self::Python => &[
                "False",
                "None",
                "True",
                "and",
                "as",
                "assert",
                "async",
                "await",
                "break",
                "class",
                "continue",
                "def",
                "del",
                "elif",
                "else",
                "except",
                "finally",
                "for",
                "from",
                "global",
                "if",
                "import",
                "in",
                "is",
                "lambda",
                "nonlocal",
                "not",
                "or",
                "pass",
                "raise",
                "return",
                "self",
                "try",
                "while",
                "with",
                "yield",
                "len",
                "isinstance",
                "str",
                "int",
                "dict",
                "list",
                "super",
            ],
            Self::Rust => &[
                "Self", "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum",
                "extern", "false", "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move",
                "mut", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "type",
                "unsafe", "use", "where", "while", "Some", "None", "Ok", "Err", "Result", "Option", "Vec",
                "String",
            ],
        }
    }
}

/// What stands for any name.
const NAME: u64 = 0x6e61_6d65;

/// Hands the hash of each token to `out`, in order. Never fails: what is no code gives tokens too.
pub fn tokens(text: &str, language: Language, out: &mut impl FnMut(u64)) {
    let bytes = text.as_bytes();
    let words = language.words();
    let (mut at, mut member) = (0, false);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b';' | b',' => at += 1,
            b'#' if language == Language::Python => at = line_end(bytes, at),
            b'/' if language != Language::Python && bytes.get(at + 1) == Some(&b'/') => {
                at = line_end(bytes, at)
            }
            b'/' if language != Language::Python && bytes.get(at + 1) == Some(&b'*') => {
                at = find(bytes, at + 2, b"*/").map_or(bytes.len(), |end| end + 2);
            }
            b'\'' if language == Language::Rust && !is_char(bytes, at) => at += 1,
            b'"' | b'\'' | b'`' => {
                let end = string_end(bytes, at, language);
                // Quotes of another kind hold the same string; long ones of Python stay what they are.
                let inner = bytes.get(at + 1..end.saturating_sub(1)).unwrap_or_default();
                out(hash(inner, 1));
                (at, member) = (end, false);
            }
            b'0'..=b'9' => {
                let end = run(bytes, at, |b| b.is_ascii_alphanumeric() || b == b'_');
                out(hash(&bytes[at..end], 2));
                (at, member) = (end, false);
            }
            b if b.is_ascii_alphabetic() || b == b'_' || b == b'$' || b >= 0x80 => {
                let end = run(bytes, at, |b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | 0x80..));
                let word = &bytes[at..end];
                let word = hash(word, 3);
                out(if member || words.contains(&word) { word } else { NAME });
                (at, member) = (end, false);
            }
            b => {
                member = b == b'.' || (b == b':' && at > 0 && bytes[at - 1] == b':');
                out(hash(&[b], 4));
                at += 1;
            }
        }
    }
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    run(bytes, from, |b| b != b'\n')
}

/// Where a run of bytes that are `so` ends.
fn run(bytes: &[u8], from: usize, so: impl Fn(u8) -> bool) -> usize {
    bytes[from..].iter().position(|&b| !so(b)).map_or(bytes.len(), |length| from + length)
}

fn find(bytes: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(wanted.len()).position(|window| window == wanted).map(|at| from + at)
}

/// Whether a quote in Rust opens a character and not a lifetime.
fn is_char(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at + 1) {
        Some(b'\\') => true,
        Some(&b) if b >= 0x80 => true,
        Some(_) => bytes.get(at + 2) == Some(&b'\''),
        None => false,
    }
}

/// Where the string that opens at `at` ends, its closing quote included. One that is not closed
/// ends with its line, a template, a long string or Rust's with the file.
fn string_end(bytes: &[u8], at: usize, language: Language) -> usize {
    let quote = bytes[at];
    let long = [quote; 3];
    if language == Language::Python && bytes[at..].starts_with(&long) {
        return find(bytes, at + 3, &long).map_or(bytes.len(), |end| end + 3);
    }
    let lines = quote == b'`' || language == Language::Rust;
    let mut end = at + 1;
    while let Some(&byte) = bytes.get(end) {
        match byte {
            b'\\' => end += 2,
            b if b == quote => return end + 1,
            b'\n' if !lines => return end,
            _ => end += 1,
        }
    }
    bytes.len()
}

/// FNV-1a of 64 bits, over a kind and the bytes.
fn hash(bytes: &[u8], kind: u8) -> u64 {
    let start = (0xcbf2_9ce4_8422_2325_u64 ^ u64::from(kind)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str, language: Language) -> Vec<u64> {
        let mut out = Vec::new();
        tokens(text, language, &mut |token| out.push(token));
        out
    }

    #[test]
    fn names_comments_quotes_and_white_space_do_not_matter_and_members_do() {
        let one = list("const a = b.trim('x'); // why", Language::Js);
        assert_eq!(one, list("const other=c.trim(\"x\")\n/* y */", Language::Js));
        assert_ne!(one, list("const a = b.trap('x');", Language::Js));
        assert_ne!(one, list("const a = b.trim('y');", Language::Js));
        let one = list("def f(x):\n    '''d'''\n    return x.y # c\n", Language::Python);
        assert_eq!(one, list("def g(z): '''d'''\n  return z.y", Language::Python));
        let one = list("fn f<'a>(x: &'a str) -> char { '\\n' }", Language::Rust);
        assert_eq!(one, list("fn g<'b>(y: &'b str) -> char { '\\n' } // x", Language::Rust));
    }

    #[test]
    fn hostile_text_ends() {
        for text in ["'", "\"\\", "`\\", "'''", "/*", "//", "\u{e9}'", "'\\", "r#\"", "..::", "1e", "\0"] {
            for language in [Language::Js, Language::Python, Language::Rust] {
                list(text, language);
                list(&text.repeat(50), language);
            }
        }
    }
}
