//! Quotes, escapes and `${…}` as text.

use super::ast::{Edit, Part, Piece, Word};

/// Unquoted text: a backslash keeps the next character as it is, a continued line vanishes.
pub fn unescape(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('\n') | None => {}
            Some('\r') => {
                // A line that ends as on Windows.
                if chars.as_str().starts_with('\n') {
                    chars.next();
                }
            }
            Some(next) => out.push(next),
        }
    }
    out
}

/// Text within double quotes and here-documents.
pub fn double_quoted(text: &str) -> String {
    if !text.contains('\\') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\\' {
            match chars.peek() {
                Some('\n') => {
                    chars.next();
                    continue;
                }
                Some('$' | '`' | '"' | '\\') => {
                    out.extend(chars.next());
                    continue;
                }
                _ => {}
            }
        }
        out.push(c);
    }
    out
}

/// `$'…'`, with the escapes of bash.
pub fn ansi(text: &str) -> String {
    let inner = text.strip_prefix("$'").unwrap_or(text);
    escapes(inner.strip_suffix('\'').unwrap_or(inner), true)
}

/// Escapes as `$'…'`, `printf` and `echo -e` know them. Bytes above 127 that are no UTF-8 together
/// are kept as letters of Latin-1. `\c` ends the text.
pub fn escapes(text: &str, quotes: bool) -> String {
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let digits = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>, radix: u32, most: usize| {
        let mut value = None;
        for _ in 0..most {
            let Some(digit) = chars.peek().and_then(|c| c.to_digit(radix)) else { break };
            value = Some(value.unwrap_or(0) * radix + digit);
            chars.next();
        }
        value
    };
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let byte = match chars.peek() {
            Some('n') => b'\n',
            Some('t') => b'\t',
            Some('r') => b'\r',
            Some('a') => 7,
            Some('b') => 8,
            Some('e' | 'E') => 27,
            Some('f') => 12,
            Some('v') => 11,
            Some('\\') => b'\\',
            Some('\'') if quotes => b'\'',
            Some('"') if quotes => b'"',
            Some('x') => {
                chars.next();
                match digits(&mut chars, 16, 2) {
                    Some(value) => out.push(value as u8),
                    None => out.extend(b"\\x"),
                }
                continue;
            }
            Some(wide @ ('u' | 'U')) => {
                let most = if *wide == 'u' { 4 } else { 8 };
                chars.next();
                if let Some(c) = digits(&mut chars, 16, most).and_then(char::from_u32) {
                    out.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                continue;
            }
            Some('0'..='7') => {
                let most = if chars.peek() == Some(&'0') { 4 } else { 3 };
                out.push(digits(&mut chars, 8, most).unwrap_or(0) as u8);
                continue;
            }
            Some('c') => break,
            _ => {
                out.push(b'\\');
                continue;
            }
        };
        chars.next();
        out.push(byte);
    }
    String::from_utf8(out)
        .unwrap_or_else(|error| error.into_bytes().iter().map(|&byte| char::from(byte)).collect())
}

/// Takes the tabs off the starts of lines (`<<-`).
pub fn without_tabs(word: &mut Word) {
    let mut start = true;
    for piece in &mut word.pieces {
        if let Part::Text(text) = &mut piece.part {
            let mut out = String::with_capacity(text.len());
            for c in text.chars() {
                if start && c == '\t' {
                    continue;
                }
                start = c == '\n';
                out.push(c);
            }
            *text = out;
        } else {
            start = false;
        }
    }
}

/// A word of one text.
pub fn literal(text: &str) -> Word {
    Word { pieces: vec![Piece { part: Part::Text(text.to_owned()), quoted: true }], range: 0..0 }
}

/// Name and edit of `${inner}`; `rest` is what the parser found after the name.
pub fn edit(inner: &str, rest: Word) -> (String, Edit) {
    let name_of = |text: &str| {
        let mut len = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        if len == 0 {
            len = text.chars().next().map_or(0, char::len_utf8);
        }
        len
    };
    if let Some(name) = inner.strip_prefix('#').filter(|name| !name.is_empty()) {
        return (name.to_owned(), Edit::Length);
    }
    if let Some(name) = inner.strip_prefix('!').filter(|name| !name.is_empty()) {
        return (name.to_owned(), Edit::Indirect);
    }
    let (name, mut after) = inner.split_at(name_of(inner));
    let name = name.to_owned();
    let mut item = None;
    if let Some(index) = after.strip_prefix('[') {
        let Some((index, behind)) = index.split_once(']') else { return (name, Edit::Other) };
        item = Some(index.parse::<usize>().ok());
        after = behind;
    }
    if let (Some(item), true) = (item, after.is_empty()) {
        return (name, Edit::Item(item));
    }
    let plain = |text: &str| !text.contains(['$', '`', '\'', '"']);
    // What the parser found has its substitutions; a plain text needs none.
    let word = |text: &str| if plain(text) { literal(&unescape(text)) } else { rest.clone() };
    let edit = match after.as_bytes() {
        [] => Edit::None,
        [b':', b'-' | b'=', ..] => Edit::Default(word(&after[2..])),
        [b'-' | b'=', ..] => Edit::Default(word(&after[1..])),
        [b':', b'+', ..] => Edit::Alternative(word(&after[2..])),
        [b'+', ..] => Edit::Alternative(word(&after[1..])),
        [b':', b'?', ..] | [b'?', ..] => Edit::None,
        [b':', ..] => {
            let mut parts = after[1..].splitn(2, ':');
            let number = |text: &str| text.trim().trim_matches(['(', ')', ' ']).parse::<i64>().ok();
            let (from, count) = (parts.next().and_then(number), parts.next());
            match (from, count) {
                (Some(from), None) => Edit::Slice(from, None),
                (Some(from), Some(count)) => {
                    number(count).map_or(Edit::Other, |n| Edit::Slice(from, Some(n)))
                }
                _ => Edit::Other,
            }
        }
        [b'#', b'#', ..] if plain(after) => Edit::Prefix(literal(&after[2..]), true),
        [b'#', ..] if plain(after) => Edit::Prefix(literal(&after[1..]), false),
        [b'%', b'%', ..] if plain(after) => Edit::Suffix(literal(&after[2..]), true),
        [b'%', ..] if plain(after) => Edit::Suffix(literal(&after[1..]), false),
        [b'/', ..] if plain(after) => {
            let (all, text) = match after[1..].strip_prefix('/') {
                Some(text) => (true, text),
                None => (false, &after[1..]),
            };
            let (from, to) = text.split_once('/').unwrap_or((text, ""));
            Edit::Replace(literal(from), literal(to), all)
        }
        [b'^', b'^', ..] => Edit::Case(true, true),
        [b'^', ..] => Edit::Case(true, false),
        [b',', b',', ..] => Edit::Case(false, true),
        [b',', ..] => Edit::Case(false, false),
        _ => Edit::Other,
    };
    (name, edit)
}

/// Matches a pattern of the shell (`*`, `?`, `[a-z]`) against a whole text. `None` where the
/// pattern has parts that are not known here.
pub fn matches(pattern: &str, text: &str) -> bool {
    // Iterative, with one place to go back to: linear in practice, never exponential.
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut back) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                back = Some((p, t));
                p += 1;
                continue;
            }
            Some('?') => {
                (p, t) = (p + 1, t + 1);
                continue;
            }
            Some('[') => {
                if let Some((end, hit)) = class(&pattern[p..], text[t])
                    && hit
                {
                    (p, t) = (p + end, t + 1);
                    continue;
                }
            }
            Some('\\') if pattern.get(p + 1) == Some(&text[t]) => {
                (p, t) = (p + 2, t + 1);
                continue;
            }
            Some(c) if *c == text[t] => {
                (p, t) = (p + 1, t + 1);
                continue;
            }
            _ => {}
        }
        let Some((star, at)) = back else { return false };
        back = Some((star, at + 1));
        (p, t) = (star + 1, at + 1);
    }
    pattern[p.min(pattern.len())..].iter().all(|c| *c == '*')
}

/// The length of the class that `pattern` starts with, and whether it holds `c`.
fn class(pattern: &[char], c: char) -> Option<(usize, bool)> {
    let end = pattern.iter().skip(2).position(|c| *c == ']')? + 2;
    let negated = matches!(pattern.get(1), Some('!' | '^'));
    let inner = pattern.get(1 + usize::from(negated)..end)?;
    let mut hit = false;
    let mut at = 0;
    while let Some(&from) = inner.get(at) {
        if inner.get(at + 1) == Some(&'-')
            && let Some(&to) = inner.get(at + 2)
        {
            hit |= (from..=to).contains(&c);
            at += 3;
        } else {
            hit |= from == c;
            at += 1;
        }
    }
    Some((end + 1, hit != negated))
}
