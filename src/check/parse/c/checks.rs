//! Checks in C that a key which is written down gets past: in a function that compares or verifies, a sum
//! is made with two large numbers where the caller's key belongs.

use super::units::{Tokens, Units};
use crate::check::parse::rust::facts::Raw;
use crate::model::FactKind;

/// Parts of names of functions that check.
const CHECKS: &[&str] = &["check", "verify", "valid", "auth", "compare", "equal"];
/// Parts of names of functions that try known values.
const TRIES: &[&str] = &["test", "vector", "bench", "crc", "checksum", "example"];
/// Fewest hexadecimal digits of a part of a key.
const DIGITS: usize = 12;

/// Whether a source may have one.
pub fn may_have(source: &str) -> bool {
    let has = |word: &str| memchr::memmem::find(source.as_bytes(), word.as_bytes()).is_some();
    has("0x") && CHECKS.iter().any(|word| has(word)) && has("return")
}

/// The facts.
pub fn facts(tokens: Tokens<'_>, units: &Units<'_>) -> Vec<Raw> {
    let mut out = Vec::new();
    for function in &units.functions {
        let name = function.name.to_ascii_lowercase();
        let any = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
        if !any(CHECKS) || any(TRIES) {
            continue;
        }
        for at in function.body.clone() {
            // `sum(0x…, 0x…, message, length)`
            let large = |at: usize| {
                let digits = tokens.text(at).strip_prefix("0x").unwrap_or_default();
                digits.bytes().take_while(u8::is_ascii_hexdigit).count() >= DIGITS
            };
            let called = !tokens.word(at).is_empty() && tokens.is(at + 1, b'(');
            if called
                && large(at + 2)
                && tokens.is(at + 3, b',')
                && large(at + 4)
                && tokens.is(at + 5, b',')
                && let Some(token) = tokens.get(at)
            {
                let range = token.start as usize..token.end as usize;
                out.push(Raw::new(FactKind::Shape, "check-by-own-key", range).value(function.name));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::check::parse::c::parse;

    #[test]
    fn keys_of_their_own() {
        let has = |name: &str, sum: &str| {
            let source = format!(
                "int {name}(const char *m, int n) {{ unsigned long t = {sum}; return (int)(t != 0); }}"
            );
            parse("a.c", &source).facts.iter().any(|fact| fact.name == "check-by-own-key")
        };
        assert!(has("tag_verify", "sip(0x9e3779b97f4a7c15ull, 0xc2b2ae3d27d4eb4full, m, n)"));
        assert!(!has("tag_make", "sip(0x9e3779b97f4a7c15ull, 0xc2b2ae3d27d4eb4full, m, n)"));
        assert!(!has("tag_verify", "sip(key[0], key[1], m, n)"));
        assert!(!has("verify_test_vector", "sip(0x9e3779b97f4a7c15ull, 0xc2b2ae3d27d4eb4full, m, n)"));
    }
}
