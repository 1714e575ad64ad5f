//! Text: decoding, what the characters themselves say, and constants in scripts that no parser
//! here reads (Python, C, batch files…).

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use unicode_script::{Script, UnicodeScript};
use unicode_security::confusable_detection::skeleton;

use crate::model::{Fact, FactKind, LineIndex, is_invisible};

/// A file as text.
#[derive(Debug)]
pub struct Decoded<'a> {
    /// The characters.
    pub text: Cow<'a, str>,
    /// Whether it was UTF-8; spans count bytes of the decoded text otherwise.
    pub utf8: bool,
}

/// Decodes UTF-8, UTF-16 with a byte order mark, and, where nearly all bytes are printable, any
/// 8-bit text as Latin-1 (wrong letters, right ASCII: enough for every check on text).
pub fn decode(bytes: &[u8]) -> Option<Decoded<'_>> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let controls = bytes.iter().filter(|&&b| b < 9 || (14..27).contains(&b)).count();
        return (controls * 20 <= bytes.len()).then_some(Decoded { text: text.into(), utf8: true });
    }
    let wide = |read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].as_chunks().0.iter().map(|pair| read(*pair)).collect();
        let text = String::from_utf16_lossy(&units);
        let lost = text.chars().filter(|&c| c == '\u{fffd}' || c == '\0').count();
        (lost * 50 <= text.len()).then_some(Decoded { text: text.into(), utf8: false })
    };
    match bytes {
        [0xff, 0xfe, ..] => return wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => return wide(u16::from_be_bytes),
        _ => {}
    }
    let printable = bytes.iter().filter(|&&b| b == 9 || b == 10 || b == 13 || (32..127).contains(&b)).count();
    let controls = bytes.iter().filter(|&&b| b < 9 || (14..27).contains(&b)).count();
    // Text in double-byte encodings has half of its bytes above 127 but no controls.
    let enough =
        printable * 100 >= bytes.len() * 70 || (controls == 0 && printable * 100 >= bytes.len() * 25);
    (enough && controls * 100 <= bytes.len()).then(|| Decoded {
        text: bytes.iter().map(|&b| char::from(b)).collect::<String>().into(),
        utf8: false,
    })
}

/// The program that a first line `#!…` names.
pub fn shebang(source: &str) -> Option<&str> {
    let line = source.strip_prefix("#!")?.lines().next()?;
    let mut words = line.split_ascii_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
    match words.next()? {
        "env" => words.find(|word| !word.starts_with('-') && !word.contains('=')),
        name => Some(name),
    }
}

/// Endings of programs that run, or are built, but that no parser here reads.
pub fn is_program(ending: &str) -> bool {
    matches!(
        ending,
        "py" | "pyw"
            | "rb"
            | "pl"
            | "php"
            | "lua"
            | "vbs"
            | "wsf"
            | "hta"
            | "c"
            | "cc"
            | "cpp"
            | "cxx"
            | "h"
            | "hpp"
            | "m"
            | "mm"
            | "go"
            | "java"
            | "cs"
            | "swift"
            | "s"
            | "asm"
            | "gyp"
            | "gypi"
            | "sh"
            | "bash"
            | "zsh"
            | "bat"
            | "cmd"
            | "ps1"
            | "vue"
            | "svelte"
            | "coffee"
    )
}

/// Files in which a character that is not seen changes what runs.
fn is_code(path: &str) -> bool {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    is_program(ending) || matches!(ending, "rs" | "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx")
}

/// Shortest run of invisible characters that is reported: joiners come alone or in pairs.
const INVISIBLE_RUN: usize = 4;
/// Shortest run of variation selectors: an emoji has one. Longer ones carry bytes.
const SELECTOR_RUN: usize = 8;
/// Spaces that push code out of sight.
const PADDING: usize = 150;
/// A packed line, in bytes.
const PACKED: usize = 1_500;
/// Facts about characters that one file may give: more say nothing new.
const MAX_FACTS: usize = 20;

/// Whether no letter of a word goes on before or after.
fn is_whole(source: &str, at: usize, len: usize) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    !source[..at].chars().next_back().is_some_and(word)
        && !source[at + len..].chars().next().is_some_and(word)
}

/// Whether a character stands within a long run of others that no one reads: packed data, as in the
/// tables of character names that browsers' libraries carry. Text that reads from right to left
/// is none.
fn in_table(source: &str, at: usize) -> bool {
    let packed = |c: &char| {
        !c.is_ascii()
            && !matches!(*c, '\u{590}'..='\u{8ff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut before = source.get(..at).unwrap_or("").chars().rev().take(TABLE).take_while(|c| *c != '\n');
    let mut after = source.get(at..).unwrap_or("").chars().skip(1).take(TABLE).take_while(|c| *c != '\n');
    let enough = |chars: &mut dyn Iterator<Item = char>| chars.filter(packed).count() > TABLE * 2 / 5;
    enough(&mut before) && enough(&mut after)
}

/// Whether a character is an end of a range in a class of characters, `\u{202a}-\u{202e}` as it is
/// when it is not escaped: the other end is as invisible.
fn in_range(source: &str, at: usize, len: usize) -> bool {
    let end = |c: Option<char>| {
        matches!(c, Some('\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'))
    };
    let mut before = source.get(..at).unwrap_or("").chars().rev();
    let mut after = source.get(at + len..).unwrap_or("").chars();
    before.next() == Some('-') && end(before.next()) || after.next() == Some('-') && end(after.next())
}

/// What the characters say: `bidi`, `bidi-in-table`, `invisible`, `tag`, `filler`, `homoglyph`, `padding`,
/// `packed-line`.
pub fn facts(path: &str, source: &str) -> Vec<Fact> {
    let code = is_code(path);
    let wide = (code || has_commands(path)) && lines_may_matter(source);
    if source.is_ascii() && !wide {
        return Vec::new();
    }
    let index = LineIndex::new(path, source);
    let mut out = Vec::new();
    if !source.is_ascii() {
        characters(source, code, &index, &mut out);
    }
    if wide {
        lines(path, source, &index, &mut out);
    }
    out
}

/// Texts and settings whose command lines somebody runs.
fn has_commands(path: &str) -> bool {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    matches!(ending, "md" | "mdc" | "txt" | "json" | "yml" | "yaml" | "sh" | "bash" | "zsh")
}

/// Characters to each side that tell a table of data.
const TABLE: usize = 64;

fn lines_may_matter(source: &str) -> bool {
    source.split('\n').any(|line| line.len() >= PADDING)
}

fn is_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

fn characters(source: &str, code: bool, index: &LineIndex<'_>, out: &mut Vec<Fact>) {
    let mut add = |name: &str, start: usize, end: usize, value: String| {
        if out.iter().filter(|fact: &&Fact| fact.name == name).count() < MAX_FACTS {
            out.push(Fact::new(FactKind::Text, name, index.span(start, end)).value(value));
        }
    };
    let mut chars = source.char_indices().peekable();
    let mut before = '\0';
    while let Some((start, c)) = chars.next() {
        if c.is_ascii() {
            before = c;
            continue;
        }
        let mut run = |wanted: fn(char) -> bool| {
            let (mut count, mut end) = (1, start + c.len_utf8());
            while let Some(&(at, next)) = chars.peek() {
                if !wanted(next) {
                    break;
                }
                (count, end) = (count + 1, at + next.len_utf8());
                chars.next();
            }
            (count, end)
        };
        match c {
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                let listed = in_table(source, start) || in_range(source, start, c.len_utf8());
                let name = if listed { "bidi-in-table" } else { "bidi" };
                add(name, start, start + c.len_utf8(), format!("U+{:04X}", c as u32));
            }
            // A flag of England, Scotland or Wales is a black flag and tags.
            '\u{e0001}'..='\u{e007f}' => {
                let (count, end) = run(|c| ('\u{e0001}'..='\u{e007f}').contains(&c));
                if before != '\u{1f3f4}' {
                    let hidden: String = source[start..end]
                        .chars()
                        .filter_map(|c| char::from_u32(c as u32 - 0xe0000).filter(|c| !c.is_control()))
                        .collect();
                    add("tag", start, end, format!("{count} tag characters: {hidden}"));
                }
            }
            c if is_selector(c) => {
                let (count, end) = run(is_selector);
                if count >= SELECTOR_RUN {
                    add("invisible", start, end, format!("{count} variation selectors"));
                }
                if let Some(message) = carried(&source[start..end]) {
                    add("invisible-message", start, end, message);
                }
            }
            '\u{3164}' | '\u{ffa0}' | '\u{115f}' | '\u{1160}' if code => {
                let (count, end) = run(|c| matches!(c, '\u{3164}' | '\u{ffa0}' | '\u{115f}' | '\u{1160}'));
                // Within Korean text it is a letter's filler.
                if !before.is_alphabetic() || before.is_ascii() {
                    add("filler", start, end, format!("{count} Hangul fillers"));
                }
            }
            c if is_invisible(c) => {
                let (count, end) = run(is_invisible);
                if count >= INVISIBLE_RUN {
                    add("invisible", start, end, format!("{count} invisible characters"));
                }
            }
            c if code && c.is_alphabetic() && c.script() != Script::Latin => {
                let from = source[..start].rfind(|c: char| !c.is_alphanumeric() && c != '_');
                let from = from.map_or(0, |at| at + source[at..].chars().next().map_or(1, char::len_utf8));
                let (_, end) = run(|c| c.is_alphanumeric() || c == '_');
                let word = &source[from..end];
                if is_disguised(word) && is_identifier(source, from, end) {
                    let plain: String = skeleton(word).collect();
                    // The name that it imitates stands in the same file: two things of one look.
                    let twin = memchr::memmem::find_iter(source.as_bytes(), plain.as_bytes()).any(|at| {
                        is_identifier(source, at, at + plain.len()) && is_whole(source, at, plain.len())
                    });
                    let name = if twin { "homoglyph-twin" } else { "homoglyph" };
                    add(name, from, end, format!("reads as `{plain}`"));
                }
            }
            _ => {}
        }
        before = c;
    }
}

/// Fewest bytes of a message that variation selectors carry.
const MESSAGE: usize = 12;
/// Characters of such a message that are shown.
const MESSAGE_SHOWN: usize = 80;

/// The text that variation selectors carry, one byte each: the 256 of them stand for the 256 values,
/// or from the second block on (Unicode 16, chapter 23.4: U+FE00 to U+FE0F, U+E0100 to U+E01EF).
fn carried(run: &str) -> Option<String> {
    let numbers: Vec<u32> = run
        .chars()
        .map(|c| match c {
            '\u{fe00}'..='\u{fe0f}' => c as u32 - 0xfe00,
            _ => (c as u32).saturating_sub(0xe0100) + 16,
        })
        .collect();
    if numbers.len() < MESSAGE {
        return None;
    }
    // Encoders differ in where they begin to count.
    [0, 1, 16, 17].into_iter().find_map(|shift: u32| {
        let bytes: Vec<u8> =
            numbers.iter().filter_map(|&number| u8::try_from(number.checked_sub(shift)?).ok()).collect();
        let text = String::from_utf8(bytes).ok()?;
        let readable = text.chars().filter(|&c| c == ' ' || c.is_alphanumeric()).count();
        let shown = text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t' | '\r'));
        let different = text.chars().collect::<std::collections::BTreeSet<_>>().len();
        (text.len() == numbers.len() && shown && different >= 6 && readable * 2 > text.len())
            .then(|| text.chars().take(MESSAGE_SHOWN).collect())
    })
}

/// Latin mixed with Cyrillic or Greek letters that all look Latin. Other mixtures are how people
/// name things (`Δx`, `μs`), and whole words of one script are a language.
fn is_disguised(word: &str) -> bool {
    let latin = word.chars().filter(char::is_ascii_alphabetic).count();
    let foreign: Vec<char> = word
        .chars()
        .filter(|c| {
            matches!(c.script(), Script::Cyrillic | Script::Greek | Script::Armenian | Script::Cherokee)
        })
        .collect();
    latin >= 1
        && !foreign.is_empty()
        && word.chars().count() >= 3
        && skeleton(word).all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a word stands where code has names: no quote opens before it on its line, no comment.
fn is_identifier(source: &str, from: usize, end: usize) -> bool {
    let line = &source[source[..from].rfind('\n').map_or(0, |at| at + 1)..from];
    let quotes = line.bytes().filter(|b| matches!(b, b'"' | b'\'' | b'`')).count();
    let trimmed = line.trim_start();
    let comment = line.contains("//") || line.contains("/*") || trimmed.starts_with(['*', '#']);
    let next = source[end..].trim_start_matches([' ', '\t']).chars().next().unwrap_or('\n');
    quotes % 2 == 0 && !comment && "(.=:;,)[]{}+-*/<>&|!?\n\r".contains(next)
}

static RUNS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:eval|Function|require|import|atob|unescape|execSync|spawn)\s*\(|child_process|_0x[0-9a-f]{4}|fromCharCode|global\[|Command::new")
        .expect("constant")
});

/// What a command line begins with that somebody put out of sight.
static COMMAND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(?:[;&|]+\s*|\$\(|`)\s*[\w./$(-]|^(?:curl|wget|bash|sh|nc|ncat|powershell|pwsh|python3?|node|perl|ruby|eval|rm|scp|env|printenv|npx|base64|sudo)\s+[-./\w~$]",
    )
    .expect("constant")
});

/// Whether what stands behind many spaces is a command; columns of tables are none.
fn is_command(before: &str, rest: &str) -> bool {
    !before.trim_start().starts_with('|') && !before.trim().is_empty() && COMMAND.is_match(rest)
}

fn lines(path: &str, source: &str, index: &LineIndex<'_>, out: &mut Vec<Fact>) {
    let code = is_code(path);
    let (mut start, mut total, mut short) = (0, 0usize, 0usize);
    let mut packed = Vec::new();
    for line in source.split('\n') {
        total += 1;
        short += usize::from(line.len() < 140);
        if line.len() >= PADDING {
            let padded = line.find(&*SPACES).map(|at| (at, &line[at..]));
            if let Some((at, rest)) = padded
                && (code && RUNS.is_match(rest.trim_start()) || is_command(&line[..at], rest.trim()))
            {
                let code = at + rest.len() - rest.trim_start().len();
                out.push(
                    Fact::new(FactKind::Text, "padding", index.span(start + code, start + line.len()))
                        .value(format!("{} spaces before it", rest.len() - rest.trim_start().len())),
                );
            }
        }
        if code && line.len() >= PACKED && RUNS.find_iter(line).nth(1).is_some() && is_dense(line) {
            packed.push((start, line.len()));
        }
        start += line.len() + 1;
    }
    // A bundle is packed as a whole; one packed line in a file that people wrote is not.
    let bundled = path.ends_with(".min.js") || total < 20 || short * 10 < total * 9;
    if !bundled && packed.len() <= 2 {
        for (start, len) in packed {
            out.push(
                Fact::new(FactKind::Text, "packed-line", index.span(start, start + len))
                    .value(format!("{len} bytes in one line of {total}")),
            );
        }
    }
}

static SPACES: LazyLock<String> = LazyLock::new(|| " ".repeat(PADDING));

/// Whether a line is code rather than one long constant.
fn is_dense(line: &str) -> bool {
    let marks = line.bytes().filter(|b| b"(){}[];=,".contains(b)).count();
    marks * 12 >= line.len()
}

static LITERALS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r#"(?P<url>(?:https?|wss?|ftp|stratum\+(?:tcp|ssl))://[A-Za-z0-9.\-\[\]:@_]+(?:/[!-~&&[^"'<>\\)\]}]]*)?)"#,
        r#"|(?P<path>(?:~|%USERPROFILE%|%APPDATA%|\$HOME)?[/\\]?\.(?:ssh|aws|npmrc|netrc|gnupg|kube|docker|config/gcloud|cargo/credentials)(?:[/\\][A-Za-z0-9_.\-]+)*)"#,
    ))
    .expect("constant")
});

/// Literals that one file may give.
const MAX_LITERALS: usize = 500;

/// URLs and credential paths in a program that no parser here reads, as `Literal` facts.
pub fn literals(path: &str, source: &str) -> Vec<Fact> {
    let index = LineIndex::new(path, source);
    LITERALS
        .captures_iter(source)
        .take(MAX_LITERALS)
        .filter_map(|found| {
            let name = if found.name("url").is_some() { "url" } else { "path" };
            let whole = found.name(name)?;
            Some(
                Fact::new(FactKind::Literal, name, index.span(whole.start(), whole.end()))
                    .value(whole.as_str()),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(path: &str, source: &str) -> Vec<String> {
        facts(path, source).into_iter().map(|fact| fact.name).collect()
    }

    #[test]
    fn what_hides_is_found_and_what_is_written_is_not() {
        assert_eq!(names("a.js", "if (a\u{202e} /* \u{2066}x */) {}"), ["bidi", "bidi"]);
        assert_eq!(names("a.js", "const \u{0430}pi = 1;"), ["homoglyph"]);
        assert_eq!(names("a.js", "say('\u{0430}pi'); // \u{0430}pi ="), [""; 0]);
        assert_eq!(names("a.js", "let Δx = 1, цена = 2;"), [""; 0]);
        assert_eq!(
            names("a.js", "run(`\u{fe01}\u{fe02}\u{fe03}\u{fe04}\u{fe05}\u{fe06}\u{fe07}\u{fe08}`)"),
            ["invisible"]
        );
        assert_eq!(names("a.md", "👨\u{200d}👩\u{200d}👧 ❤\u{fe0f}"), [""; 0]);
        assert_eq!(names("a.md", "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}"), [""; 0]);
        assert_eq!(facts("a.md", "x\u{e0068}\u{e0069}")[0].value, "2 tag characters: hi");
        assert_eq!(names("a.js", "let {a,\u{3164}} = q;"), ["filler"]);
        assert_eq!(names("a.js", &format!("let a;{}eval(x)", " ".repeat(200))), ["padding"]);
    }

    #[test]
    fn one_packed_line_in_a_written_file_stands_out_and_a_bundle_does_not() {
        let line = "eval(a[1]);b=(c,d);Function(e)(f[2]);".repeat(60);
        let written = "let a = 1;\n".repeat(60);
        assert_eq!(names("a.js", &format!("{written}{line}\n")), ["packed-line"]);
        assert_eq!(names("a.js", &line), [""; 0]);
        let table = format!("let t = \"{}\";", "eval(atob(".repeat(300));
        let _ = table;
        assert_eq!(names("a.js", &format!("{written}let d = \"{}\";\n", "QUJD".repeat(900))), [""; 0]);
    }

    #[test]
    fn encodings() {
        assert!(decode("grüße".as_bytes()).is_some_and(|d| d.utf8));
        assert_eq!(decode(b"\xff\xfeh\0i\0").map(|d| d.text.into_owned()).as_deref(), Some("hi"));
        assert!(decode(b"caf\xe9 au lait").is_some_and(|d| !d.utf8 && d.text.starts_with("café")));
        assert!(decode(&[0, 1, 2, 3, 200, 201]).is_none());
        assert_eq!(shebang("#!/usr/bin/env -S node --x\n"), Some("node"));
    }

    #[test]
    fn literals_of_scripts() {
        let found = literals("a.py", "get('https://a.invalid/x?y=1') + open('~/.ssh/id_rsa')");
        let values: Vec<_> = found.iter().map(|f| (f.name.as_str(), f.value.as_str())).collect();
        assert_eq!(values, [("url", "https://a.invalid/x?y=1"), ("path", "~/.ssh/id_rsa")]);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,300}", bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = (facts("a.js", &text), literals("a.py", &text));
            if let Some(decoded) = decode(&bytes) {
                let _ = facts("a.js", &decoded.text);
            }
        }
    }
}
