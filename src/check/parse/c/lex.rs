//! Tokens of C, C++ and Objective-C: comments and lines of the preprocessor are gone, what
//! `#define` names is kept.

use std::collections::BTreeMap;
use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Word,
    Number,
    /// A text in double quotes.
    Text,
    /// A character in single quotes.
    Char,
    /// One sign; `->` and `::` are one.
    Sign(u8),
    Arrow,
    Scope,
    /// `==`, `<=`, `>=`, `!=` and the like: signs that compare, none that assigns.
    Compare,
}

/// A token, by its bytes in the source.
#[derive(Debug, Clone, Copy)]
pub struct Token {
    pub kind: Kind,
    pub start: u32,
    pub end: u32,
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct Lexed {
    /// The file's own tokens, then those of the bodies of its macros.
    pub tokens: Vec<Token>,
    /// Where the file's own end.
    pub own: usize,
    /// Macros without parameters, as places in the tokens.
    pub constants: BTreeMap<String, Range<usize>>,
    /// Macros with parameters: name, parameters and body.
    pub macros: Vec<(String, Vec<String>, Range<usize>)>,
}

/// Macros of a file that are kept.
const MAX_MACROS: usize = 20_000;
/// How deep `#if` in `#if` is told apart.
const MAX_BRANCHES: usize = 64;
/// Tokens of a macro's body that are kept.
const MAX_BODY: usize = 400;

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Only blanks so far on this line.
    fresh: bool,
}

/// Reads a file.
pub fn lex(source: &str) -> Lexed {
    let mut out = Lexed::default();
    let mut lexer = Lexer { bytes: source.as_bytes(), at: 0, fresh: true };
    let mut bodies: Vec<(String, Option<Vec<String>>, Range<usize>)> = Vec::new();
    // Braces that are open; for each `#if` those at its start, and whether another branch has opened them
    // already.
    let mut depth = 0isize;
    let mut branches: Vec<(isize, bool)> = Vec::new();
    while let Some(token) = lexer.next(source.len()) {
        match token {
            Item::Token(token) => {
                let step = match token.kind {
                    Kind::Sign(b'{') => 1,
                    Kind::Sign(b'}') => -1,
                    _ => 0,
                };
                if step != 0 && branches.iter().any(|(_, opened)| *opened) {
                    continue;
                }
                depth += step;
                out.tokens.push(token);
            }
            Item::Directive(range) => {
                let word = source.get(range.clone()).unwrap_or_default().trim_start();
                if word.starts_with("if") && !is_off(source, &range) && branches.len() < MAX_BRANCHES {
                    branches.push((depth, false));
                } else if word.starts_with("endif") {
                    branches.pop();
                } else if let (true, Some((start, opened))) = (word.starts_with("el"), branches.last_mut()) {
                    *opened |= *start != depth;
                }
                if let Some(found) = define(source, &range).filter(|_| bodies.len() < MAX_MACROS) {
                    bodies.push(found);
                } else if is_off(source, &range) && lexer.skip_off() {
                    branches.push((depth, false));
                }
            }
        }
    }
    out.own = out.tokens.len();
    for (name, params, range) in bodies {
        let from = out.tokens.len();
        let mut inner = Lexer { bytes: source.as_bytes(), at: range.start, fresh: false };
        while let Some(Item::Token(token)) = inner.next(range.end) {
            out.tokens.push(token);
            if out.tokens.len() - from >= MAX_BODY {
                break;
            }
        }
        let body = from..out.tokens.len();
        match params {
            Some(params) => out.macros.push((name, params, body)),
            None => drop(out.constants.insert(name, body)),
        }
    }
    out
}

enum Item {
    Token(Token),
    Directive(Range<usize>),
}

fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte == b'$' || byte >= 0x80
}

fn in_word(byte: u8) -> bool {
    starts_word(byte) || byte.is_ascii_digit()
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn next(&mut self, end: usize) -> Option<Item> {
        loop {
            if self.at >= end {
                return None;
            }
            match (self.peek(0), self.peek(1)) {
                (b'\n', _) => {
                    self.fresh = true;
                    self.at += 1;
                }
                (byte, _) if byte.is_ascii_whitespace() => self.at += 1,
                (b'\\', b'\n' | b'\r') => self.at += 2,
                (b'/', b'/') => self.skip_line(),
                (b'/', b'*') => {
                    let rest = &self.bytes[self.at + 2..];
                    self.at += memchr::memmem::find(rest, b"*/").map_or(rest.len() + 2, |at| at + 4);
                }
                (b'#', _) if self.fresh => {
                    let start = self.at + 1;
                    self.skip_line();
                    let line = start..self.at.min(end);
                    self.end_comment(&line);
                    return Some(Item::Directive(line));
                }
                _ => break,
            }
        }
        self.fresh = false;
        let start = self.at;
        let kind = self.token();
        // A token never ends within a character.
        self.at = self.at.clamp(start + 1, self.bytes.len().max(start + 1));
        let end = self.at.min(self.bytes.len());
        Some(Item::Token(Token { kind, start: start as u32, end: end as u32 }))
    }

    /// To the end of the line, with those that it goes on in.
    fn skip_line(&mut self) {
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(end) = memchr::memchr(b'\n', rest) else {
                self.at = self.bytes.len();
                return;
            };
            let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
            self.at += end;
            if !line.ends_with(b"\\") {
                return;
            }
            self.at += 1;
        }
    }

    /// A comment that a directive's line opens and another one ends.
    fn end_comment(&mut self, line: &Range<usize>) {
        let bytes = self.bytes.get(line.clone()).unwrap_or_default();
        let open = memchr::memmem::rfind(bytes, b"/*");
        if open.is_some_and(|open| memchr::memmem::find(&bytes[open..], b"*/").is_none()) {
            let rest = &self.bytes[self.at..];
            self.at += memchr::memmem::find(rest, b"*/").map_or(0, |at| at + 2);
        }
    }

    fn token(&mut self) -> Kind {
        let byte = self.peek(0);
        if starts_word(byte) {
            let len = self.bytes[self.at..].iter().take_while(|byte| in_word(**byte)).count();
            let word = &self.bytes[self.at..self.at + len];
            let quote = self.peek(len);
            if quote == b'"' && word.ends_with(b"R") && len <= 3 {
                self.at += len + 1;
                return self.raw();
            }
            if quote == b'"' && matches!(word, b"L" | b"u8" | b"u" | b"U") {
                self.at += len;
                return self.quoted(b'"');
            }
            self.at += len;
            return Kind::Word;
        }
        if byte.is_ascii_digit() || byte == b'.' && self.peek(1).is_ascii_digit() {
            let digit = |byte: u8| in_word(byte) || byte == b'.' || byte == b'\'';
            self.at += self.bytes[self.at..].iter().take_while(|byte| digit(**byte)).count();
            return Kind::Number;
        }
        match (byte, self.peek(1)) {
            (b'"', _) => return self.quoted(b'"'),
            (b'\'', _) => return self.quoted(b'\''),
            (b'-', b'>') => {
                self.at += 2;
                return Kind::Arrow;
            }
            (b':', b':') => {
                self.at += 2;
                return Kind::Scope;
            }
            (b'=' | b'!' | b'<' | b'>', b'=') => {
                self.at += 2;
                return Kind::Compare;
            }
            _ => self.at += 1,
        }
        Kind::Sign(byte)
    }

    fn quoted(&mut self, quote: u8) -> Kind {
        self.at += 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'\\' => self.at += 1,
                b'\n' => break,
                byte if byte == quote => break,
                _ => {}
            }
        }
        self.at = self.at.min(self.bytes.len());
        if quote == b'"' { Kind::Text } else { Kind::Char }
    }

    /// `R"x(…)x"`, from behind the first quote on.
    fn raw(&mut self) -> Kind {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let open = rest.iter().take(18).position(|byte| *byte == b'(');
        let Some(open) = open else { return self.quoted(b'"') };
        let mut close = vec![b')'];
        close.extend_from_slice(&rest[..open]);
        close.push(b'"');
        self.at += memchr::memmem::find(rest, &close).map_or(rest.len(), |at| at + close.len());
        Kind::Text
    }

    /// Over what `#if 0` leaves out, to its `#endif` or what stands in its place; whether that is there.
    fn skip_off(&mut self) -> bool {
        let mut depth = 0usize;
        while self.at < self.bytes.len() {
            let rest = &self.bytes[self.at..];
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let line = rest[..end].trim_ascii();
            self.at += (end + 1).min(rest.len());
            self.fresh = true;
            let Some(word) = line.strip_prefix(b"#").map(<[u8]>::trim_ascii_start) else { continue };
            if word.starts_with(b"if") {
                depth += 1;
            } else if word.starts_with(b"endif") {
                if depth == 0 {
                    return false;
                }
                depth -= 1;
            } else if depth == 0 && word.starts_with(b"el") {
                return true;
            }
        }
        false
    }
}

fn is_off(source: &str, range: &Range<usize>) -> bool {
    let line = source.get(range.clone()).unwrap_or_default();
    line.trim_start().strip_prefix("if").is_some_and(|rest| rest.trim() == "0" && !rest.starts_with('0'))
}

/// A macro: its name, its parameters if it has a list of them, and where its body stands.
fn define(source: &str, range: &Range<usize>) -> Option<(String, Option<Vec<String>>, Range<usize>)> {
    let line = source.get(range.clone())?;
    let rest = line.trim_start().strip_prefix("define")?;
    let name = rest.trim_start();
    let len = name.bytes().take_while(|byte| in_word(*byte)).count();
    let (name, mut body) = name.split_at_checked(len)?;
    if name.is_empty() {
        return None;
    }
    let mut params = None;
    if let Some(list) = body.strip_prefix('(') {
        let end = list.find(')')?;
        params = Some(list[..end].split(',').map(|param| param.trim().to_owned()).collect());
        body = &list[end + 1..];
    }
    Some((name.to_owned(), params, range.end - body.len()..range.end))
}

/// What a text or a character in quotes says, as bytes.
pub fn unquote(written: &str) -> Vec<u8> {
    let bytes = written.as_bytes();
    let Some(open) = bytes.iter().position(|byte| matches!(byte, b'"' | b'\'')) else { return Vec::new() };
    let quote = bytes[open];
    let inner = &bytes[open + 1..];
    let inner = inner.strip_suffix(&[quote]).unwrap_or(inner);
    if open > 0 && bytes[open - 1] == b'R' {
        let from = inner.iter().position(|byte| *byte == b'(').map_or(0, |at| at + 1);
        let to = inner.iter().rposition(|byte| *byte == b')').unwrap_or(inner.len());
        return inner.get(from..to).unwrap_or_default().to_vec();
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut at = 0;
    while let Some(&byte) = inner.get(at) {
        at += 1;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some(&escaped) = inner.get(at) else { break };
        at += 1;
        let digits = |from: usize, most: usize, radix: u32| {
            let len = inner[from..].iter().take(most).take_while(|b| char::from(**b).is_digit(radix)).count();
            let text = std::str::from_utf8(&inner[from..from + len]).unwrap_or_default();
            (u32::from_str_radix(text, radix).unwrap_or(0), len)
        };
        match escaped {
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'r' => out.push(b'\r'),
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'v' => out.push(11),
            b'e' => out.push(27),
            b'x' => {
                let (value, len) = digits(at, 2, 16);
                out.push(value as u8);
                at += len;
            }
            b'u' | b'U' => {
                let (value, len) = digits(at, if escaped == b'u' { 4 } else { 8 }, 16);
                let mut buffer = [0; 4];
                let c = char::from_u32(value).unwrap_or('?');
                out.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
                at += len;
            }
            b'0'..=b'7' => {
                let (value, len) = digits(at - 1, 3, 8);
                out.push(value as u8);
                at += len.saturating_sub(1);
            }
            b'\n' => {}
            b'\r' => at += usize::from(inner.get(at) == Some(&b'\n')),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<String> {
        let lexed = lex(source);
        lexed.tokens[..lexed.own]
            .iter()
            .map(|t| source[t.start as usize..t.end as usize].to_owned())
            .collect()
    }

    #[test]
    fn comments_directives_and_dead_parts_are_gone() {
        let source = "#include <a.h>\n/* x */ int a; // y \\\n z\n#if 0\nint b;\n#if X\n#endif\n#else\nint c;\n#endif\n#define N \\\n 3\nint d;\n";
        assert_eq!(words(source), ["int", "a", ";", "int", "c", ";", "int", "d", ";"]);
    }

    #[test]
    fn texts() {
        assert_eq!(words("f(@\"a\" L\"b\\\"\" R\"x(c)\")x\" 'd')").len(), 8);
        assert_eq!(unquote(r#""a\x41\102\n\\""#), b"aAB\n\\");
        assert_eq!(unquote("R\"x(a\\n)x\""), b"a\\n");
        assert_eq!(unquote("'\\0'"), [0]);
    }

    #[test]
    fn macros() {
        let lexed = lex("#define A \"x\" \"y\"\n#define RUN(c, d) system(c)\n");
        assert_eq!(lexed.own, 0);
        assert_eq!(lexed.constants["A"].len(), 2);
        assert_eq!(
            (lexed.macros[0].0.as_str(), lexed.macros[0].1.len(), lexed.macros[0].2.len()),
            ("RUN", 2, 4)
        );
    }
}
