//! A Rust lexer that allocates nothing.
//!
//! It gives the tokens that `proc_macro2` gives (a property test compares the two), only that
//! `::` is one token, a lifetime is one token and comments, doc comments among them, are none.
//! On the way it counts the lines that hold code. It never recurses and never fails: what is not
//! Rust is a [`Kind::Bad`] token, and the caller decides what that means.

use memchr::{memchr, memchr2, memchr3};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An identifier or keyword; raw ones (`r#type`) keep their prefix.
    Ident,
    /// `'a`
    Lifetime,
    /// `'x'` and `b'x'`
    Char,
    /// `"…"`, also with prefix `b` or `c`, escapes and all.
    Str,
    /// `r#"…"#`, also with prefix `br` or `cr`.
    RawStr,
    /// A number with its suffix.
    Number,
    /// `::`
    PathSep,
    /// `(`, `[` or `{`
    Open,
    /// `)`, `]` or `}`
    Close,
    /// One byte of any other operator.
    Punct,
    /// A byte that starts no token, or a literal or comment without an end.
    Bad,
}

/// A token: its kind and the bytes that it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its first byte, as a character class of its own for punctuation and delimiters.
    pub first: u8,
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte.
    pub end: usize,
}

/// Bytes by what they may start; one look-up per token.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Space,
    Newline,
    Word,
    Digit,
    Quote,
    Tick,
    Slash,
    Colon,
    Open,
    Close,
    Punct,
    Bad,
}

const CLASS: [Class; 256] = {
    let mut table = [Class::Bad; 256];
    let mut at = 0;
    while at < 256 {
        table[at] = match at as u8 {
            b' ' | b'\t' | b'\r' | 0x0b | 0x0c => Class::Space,
            b'\n' => Class::Newline,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80..=0xff => Class::Word,
            b'0'..=b'9' => Class::Digit,
            b'"' => Class::Quote,
            b'\'' => Class::Tick,
            b'/' => Class::Slash,
            b':' => Class::Colon,
            b'(' | b'[' | b'{' => Class::Open,
            b')' | b']' | b'}' => Class::Close,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'*' | b'+' | b',' | b'-' | b'.' | b';' | b'<' | b'='
            | b'>' | b'?' | b'@' | b'^' | b'|' | b'~' => Class::Punct,
            _ => Class::Bad,
        };
        at += 1;
    }
    table
};

const WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut at = 0;
    while at < 256 {
        table[at] = matches!(CLASS[at], Class::Word | Class::Digit);
        at += 1;
    }
    table
};

/// Reads tokens from a text.
#[derive(Debug, Clone)]
pub struct Lexer<'a> {
    bytes: &'a [u8],
    text: &'a str,
    at: usize,
    code_lines: u64,
    line_has_code: bool,
}

impl<'a> Lexer<'a> {
    /// A lexer at the start of `text`.
    pub fn new(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), text, at: 0, code_lines: 0, line_has_code: false }
    }

    /// Lines so far that hold a part of a token, the current one included.
    pub fn code_lines(&self) -> u64 {
        self.code_lines + u64::from(self.line_has_code)
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn newline(&mut self) {
        self.code_lines += u64::from(self.line_has_code);
        self.line_has_code = false;
    }

    /// Gives the token from `start` to `end` and goes behind it.
    fn token(&mut self, kind: Kind, start: usize, end: usize) -> Option<Token> {
        let mut end = end.min(self.bytes.len());
        if matches!(kind, Kind::Char | Kind::Str | Kind::RawStr) {
            // A suffix belongs to the literal; like any name, it starts with no digit.
            if CLASS[self.byte(end) as usize] == Class::Word {
                end = self.word_end(end);
            }
        }
        self.at = end;
        self.line_has_code = true;
        Some(Token { kind, first: self.bytes[start], start, end })
    }

    /// A token that may reach over lines: each of them holds code.
    fn long_token(&mut self, kind: Kind, start: usize, end: Option<usize>) -> Option<Token> {
        let (kind, end) = end.map_or((Kind::Bad, self.bytes.len()), |end| (kind, end));
        self.code_lines += memchr::memchr_iter(b'\n', &self.bytes[start..end]).count() as u64;
        self.token(kind, start, end)
    }

    /// End of the identifier whose first byte is at `at`.
    fn word_end(&self, mut at: usize) -> usize {
        while at < self.bytes.len() && WORD[self.bytes[at] as usize] {
            at += 1;
        }
        at
    }

    /// End of a string whose first byte behind the quote is at `at`.
    fn string_end(&self, mut at: usize) -> Option<usize> {
        loop {
            at += memchr2(b'"', b'\\', self.bytes.get(at..)?)?;
            if self.bytes[at] == b'"' {
                return Some(at + 1);
            }
            at += 2;
        }
    }

    /// End of a raw string whose first `#` or quote is at `at`; `None` if it is none or has no end.
    fn raw_end(&self, at: usize) -> Option<usize> {
        let hashes = self.bytes.get(at..)?.iter().take_while(|&&byte| byte == b'#').count();
        let mut at = at + hashes;
        if self.byte(at) != b'"' {
            return None;
        }
        loop {
            at += 1;
            at += memchr(b'"', self.bytes.get(at..)?)?;
            let rest = &self.bytes[at + 1..];
            if rest.len() >= hashes && rest[..hashes].iter().all(|&byte| byte == b'#') {
                return Some(at + 1 + hashes);
            }
        }
    }

    /// End of a character whose first byte behind the quote is at `at`; `None` if a lifetime.
    fn char_end(&self, at: usize) -> Option<usize> {
        let first = *self.bytes.get(at)?;
        if first == b'\\' {
            // `\u{10ffff}` is the longest escape.
            let from = (at + 2).min(self.bytes.len());
            let rest = &self.bytes[from..(from + 16).min(self.bytes.len())];
            return memchr(b'\'', rest).map(|end| from + end + 1);
        }
        let length = self.text.get(at..)?.chars().next()?.len_utf8();
        (first != b'\'' && first != b'\n' && self.byte(at + length) == b'\'').then_some(at + length + 1)
    }

    /// Goes behind a block comment whose first byte is at the current place; false if it has no end.
    fn block_comment(&mut self) -> bool {
        let mut depth = 0usize;
        let mut at = self.at;
        loop {
            let Some(step) = memchr3(b'/', b'*', b'\n', &self.bytes[at..]) else {
                return false;
            };
            at += step;
            match (self.bytes[at], self.byte(at + 1)) {
                (b'\n', _) => {
                    self.newline();
                    at += 1;
                }
                (b'/', b'*') => {
                    depth += 1;
                    at += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    at += 2;
                    if depth == 0 {
                        self.at = at;
                        return true;
                    }
                }
                _ => at += 1,
            }
        }
    }

    fn word(&mut self, start: usize) -> Option<Token> {
        let first = self.bytes[start];
        let next = self.byte(start + 1);
        // Prefixed literals start with one of three letters; everything else is a plain word.
        if matches!(first, b'b' | b'c' | b'r') && matches!(next, b'"' | b'#' | b'\'' | b'r') {
            match (first, next, self.byte(start + 2)) {
                (b'b', b'\'', _) => {
                    if let Some(end) = self.char_end(start + 2) {
                        return self.token(Kind::Char, start, end);
                    }
                }
                (b'b' | b'c', b'"', _) => {
                    let end = self.string_end(start + 2);
                    return self.long_token(Kind::Str, start, end);
                }
                (b'b' | b'c', b'r', b'"' | b'#') => {
                    if let Some(end) = self.raw_end(start + 2) {
                        return self.long_token(Kind::RawStr, start, Some(end));
                    } else if self.byte(start + 2) == b'"' {
                        return self.long_token(Kind::RawStr, start, None);
                    }
                }
                (b'r', b'"', _) => {
                    let end = self.raw_end(start + 1);
                    return self.long_token(Kind::RawStr, start, end);
                }
                (b'r', b'#', third) => {
                    if CLASS[third as usize] == Class::Word {
                        let end = self.word_end(start + 2);
                        return self.token(Kind::Ident, start, end);
                    }
                    if matches!(third, b'"' | b'#') {
                        let end = self.raw_end(start + 1);
                        return self.long_token(Kind::RawStr, start, end);
                    }
                }
                _ => {}
            }
        }
        let end = self.word_end(start + 1);
        if first < 0x80 || self.text[start..].starts_with(|c: char| c.is_alphabetic()) {
            return self.token(Kind::Ident, start, end);
        }
        // What is neither letter nor white space starts no token.
        let c = self.text[start..].chars().next()?;
        let kind = if c.is_alphanumeric() { Kind::Ident } else { Kind::Bad };
        self.token(kind, start, start + c.len_utf8())
    }

    fn number(&mut self, start: usize) -> Option<Token> {
        let mut end = self.word_end(start + 1);
        let radix = self.bytes[start] == b'0' && matches!(self.byte(start + 1), b'x' | b'o' | b'b');
        if !radix {
            let exponent = |lexer: &Self, end: usize| {
                matches!(lexer.bytes[end - 1], b'e' | b'E')
                    && lexer.bytes[start..end - 1]
                        .iter()
                        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'.'))
                    && matches!(lexer.byte(end), b'+' | b'-')
                    && lexer.byte(end + 1).is_ascii_digit()
            };
            let plain = |lexer: &Self, end: usize| {
                lexer.bytes[start..end].iter().all(|byte| byte.is_ascii_digit() || *byte == b'_')
            };
            if self.byte(end) == b'.' && plain(self, end) {
                match CLASS[self.byte(end + 1) as usize] {
                    Class::Digit => end = self.word_end(end + 1),
                    Class::Word => {}
                    _ if self.byte(end + 1) == b'.' => {}
                    _ => end += 1,
                }
            }
            if exponent(self, end) {
                end = self.word_end(end + 1);
            }
        }
        self.token(Kind::Number, start, end)
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let start = self.at;
            let byte = *self.bytes.get(start)?;
            match CLASS[byte as usize] {
                Class::Space => self.at += 1,
                Class::Newline => {
                    self.newline();
                    self.at += 1;
                }
                Class::Word if byte < 0x80 => return self.word(start),
                Class::Word => {
                    // White space outside ASCII: U+0085, U+2028, U+2029, directional marks.
                    let c = self.text[start..].chars().next()?;
                    if !c.is_whitespace() && !matches!(c, '\u{200e}' | '\u{200f}') {
                        return self.word(start);
                    }
                    self.at = start + c.len_utf8();
                }
                Class::Digit => return self.number(start),
                Class::Open => return self.token(Kind::Open, start, start + 1),
                Class::Close => return self.token(Kind::Close, start, start + 1),
                Class::Punct => return self.token(Kind::Punct, start, start + 1),
                Class::Colon => {
                    return if self.byte(start + 1) == b':' {
                        self.token(Kind::PathSep, start, start + 2)
                    } else {
                        self.token(Kind::Punct, start, start + 1)
                    };
                }
                Class::Quote => {
                    let end = self.string_end(start + 1);
                    return self.long_token(Kind::Str, start, end);
                }
                Class::Tick => {
                    if let Some(end) = self.char_end(start + 1) {
                        return self.token(Kind::Char, start, end);
                    }
                    if CLASS[self.byte(start + 1) as usize] == Class::Word {
                        let mut end = self.word_end(start + 1);
                        if &self.bytes[start + 1..end] == b"r"
                            && self.byte(end) == b'#'
                            && CLASS[self.byte(end + 1) as usize] == Class::Word
                        {
                            end = self.word_end(end + 1);
                        }
                        return self.token(Kind::Lifetime, start, end);
                    }
                    return self.token(Kind::Bad, start, start + 1);
                }
                Class::Slash => match self.byte(start + 1) {
                    b'/' => {
                        self.at = memchr(b'\n', &self.bytes[start..])
                            .map_or(self.bytes.len(), |newline| start + newline);
                    }
                    b'*' => {
                        if !self.block_comment() {
                            return self.token(Kind::Bad, start, self.bytes.len());
                        }
                    }
                    _ => return self.token(Kind::Punct, start, start + 1),
                },
                Class::Bad => return self.token(Kind::Bad, start, start + 1),
            }
        }
    }
}

/// The text that a string, byte string, C string or character literal stands for; `None` where
/// it is not UTF-8 or no such literal.
pub fn unquote(literal: &str) -> Option<String> {
    let body = literal.trim_start_matches(['b', 'c']);
    if let Some(raw) = body.strip_prefix('r') {
        let hashes = raw.bytes().take_while(|&byte| byte == b'#').count();
        let inner = raw.get(hashes + 1..raw.len().checked_sub(hashes + 1)?)?;
        return Some(inner.to_owned());
    }
    let quote = body.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inner = body.get(1..body.rfind(quote)?)?;
    if !inner.contains('\\') {
        return Some(inner.to_owned());
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.extend(c.encode_utf8(&mut [0; 4]).bytes());
            continue;
        }
        match chars.next()? {
            'n' => out.push(b'\n'),
            't' => out.push(b'\t'),
            'r' => out.push(b'\r'),
            '0' => out.push(0),
            'x' => {
                let hex: String = chars.by_ref().take(2).collect();
                out.push(u8::from_str_radix(&hex, 16).ok()?);
            }
            'u' => {
                let hex: String = chars.by_ref().skip(1).take_while(|&c| c != '}').collect();
                let c = char::from_u32(u32::from_str_radix(&hex.replace('_', ""), 16).ok()?)?;
                out.extend(c.encode_utf8(&mut [0; 4]).bytes());
            }
            '\n' | '\r' => while chars.next_if(|c| c.is_whitespace()).is_some() {},
            other => out.extend(other.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    String::from_utf8(out).ok()
}

/// Behind a byte-order mark, a `#!` line and a script's front matter (`---`), which are no part of the language.
pub fn body_start(text: &str) -> usize {
    let start = behind_shebang(text);
    let body = text.get(start..).unwrap_or_default();
    let open = start + (body.len() - body.trim_start().len());
    let fenced = text.get(open..).unwrap_or_default();
    let dashes = fenced.len() - fenced.trim_start_matches('-').len();
    let Some(fence) = fenced.get(..dashes).filter(|fence| fence.len() >= 3) else { return start };
    let mut at = open;
    for (number, line) in fenced.split_inclusive('\n').enumerate() {
        at += line.len();
        if number > 0 && line.trim_end() == fence {
            return at;
        }
    }
    start
}

fn behind_shebang(text: &str) -> usize {
    let bom = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let body = &text[bom..];
    let Some(rest) = body.strip_prefix("#!") else { return bom };
    // `#![…]` is an attribute, even with space or comments in between.
    if Lexer::new(rest).next().is_some_and(|token| token.kind == Kind::Open && token.first == b'[') {
        return bom;
    }
    bom + memchr(b'\n', body.as_bytes()).unwrap_or(body.len())
}
