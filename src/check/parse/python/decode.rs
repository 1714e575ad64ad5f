//! Encodings that are taken off while constants are folded.

use std::io::Read as _;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Largest result, in bytes.
pub const MAX: usize = 4 << 20;

const LAX: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// Base64 as Python's module reads it: what is no letter of the alphabet is passed over.
pub fn base64(text: &[u8], url: bool) -> Option<Vec<u8>> {
    if text.len() > 2 * MAX {
        return None;
    }
    let alphabet = if url { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    let letter = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || if url { matches!(byte, b'-' | b'_') } else { matches!(byte, b'+' | b'/') }
    };
    let clean: Vec<u8> = text.iter().copied().filter(letter).collect();
    GeneralPurpose::new(alphabet, LAX).decode(clean).ok()
}

/// Base32 and base16 of RFC 4648.
pub fn base32(text: &[u8]) -> Option<Vec<u8>> {
    let (mut bits, mut count, mut out) = (0_u32, 0_u32, Vec::with_capacity(text.len() / 8 * 5));
    for byte in text.iter().filter(|&&byte| byte != b'=') {
        let value = match byte.to_ascii_uppercase() {
            letter @ b'A'..=b'Z' => letter - b'A',
            digit @ b'2'..=b'7' => digit - b'2' + 26,
            _ => return None,
        };
        bits = (bits << 5) | u32::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(out)
}

/// Base85 with the alphabet of `base64.b85decode` or, with `ascii`, of `a85decode`.
pub fn base85(text: &[u8], ascii: bool) -> Option<Vec<u8>> {
    const LETTERS: &[u8; 85] =
        b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
    if text.len() > 2 * MAX {
        return None;
    }
    let mut values = Vec::with_capacity(text.len());
    for &byte in text {
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' if ascii => {}
            b'z' if ascii && values.len() % 5 == 0 => values.extend([0; 5]),
            b'!'..=b'u' if ascii => values.push(u32::from(byte - b'!')),
            _ if ascii => return None,
            _ => values.push(LETTERS.iter().position(|&letter| letter == byte)? as u32),
        }
    }
    let mut out = Vec::with_capacity(values.len() / 5 * 4);
    for group in values.chunks(5) {
        let mut word = 0_u32;
        for at in 0..5 {
            word = word.wrapping_mul(85).wrapping_add(group.get(at).copied().unwrap_or(84));
        }
        out.extend(word.to_be_bytes().iter().take(group.len().saturating_sub(1)));
    }
    Some(out)
}

/// Hexadecimal; white space between bytes is passed over.
pub fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let clean: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    (clean.len() <= 2 * MAX).then(|| hex::decode(clean).ok()).flatten()
}

/// zlib (RFC 1950), raw deflate where that fails, and gzip.
pub fn inflate(bytes: &[u8]) -> Option<Vec<u8>> {
    fn all(reader: impl std::io::Read) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        reader.take(MAX as u64 + 1).read_to_end(&mut out).ok()?;
        (out.len() <= MAX && !out.is_empty()).then_some(out)
    }
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return all(flate2::read::GzDecoder::new(bytes));
    }
    all(flate2::read::ZlibDecoder::new(bytes)).or_else(|| all(flate2::read::DeflateDecoder::new(bytes)))
}

/// The Caesar cipher by thirteen letters.
pub fn rot13(text: &str) -> String {
    let turn = |c: char| match c {
        'a'..='z' => ((c as u8 - b'a' + 13) % 26 + b'a') as char,
        'A'..='Z' => ((c as u8 - b'A' + 13) % 26 + b'A') as char,
        c => c,
    };
    text.chars().map(turn).collect()
}

/// `%xx`, and `+` for a space where `plus`.
pub fn unquote(text: &str, plus: bool) -> Option<String> {
    let text = if plus { text.replace('+', " ") } else { text.to_owned() };
    percent_encoding::percent_decode_str(&text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// Bytes by the name of a codec. `None` where the codec is not one of text.
pub fn text(bytes: &[u8], codec: &str) -> Option<String> {
    match codec.to_ascii_lowercase().replace(['-', '_'], "").as_str() {
        "" | "utf8" | "utf8sig" | "ascii" | "usascii" => Some(String::from_utf8_lossy(bytes).into_owned()),
        "latin1" | "iso88591" | "cp1252" => Some(bytes.iter().map(|&byte| char::from(byte)).collect()),
        "utf16" | "utf16le" => {
            let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            Some(
                char::decode_utf16(units)
                    .map(|c| c.unwrap_or('\u{fffd}'))
                    .filter(|&c| c != '\u{feff}')
                    .collect(),
            )
        }
        "unicodeescape" | "stringescape" => Some(escapes(&String::from_utf8_lossy(bytes))),
        _ => None,
    }
}

/// Python's escapes in a text: `\x41`, `\u0041`, `\101`, `\n`.
pub fn escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(kind) = rest.chars().next() else { break };
        let digits = match kind {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if digits > 0 {
            let code = rest.get(1..=digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
            if let Some(c) = code.and_then(char::from_u32) {
                out.push(c);
                rest = &rest[1 + digits..];
                continue;
            }
        }
        let octal = rest.bytes().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
        if octal > 0 {
            let code = u32::from_str_radix(&rest[..octal], 8).ok().and_then(char::from_u32);
            out.extend(code);
            rest = &rest[octal..];
            continue;
        }
        out.push(match kind {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            other => other,
        });
        rest = &rest[kind.len_utf8()..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_python_does() {
        assert_eq!(base64(b"aGVs\nbG8", false).as_deref(), Some(&b"hello"[..]));
        assert_eq!(base32(b"NBSWY3DP").as_deref(), Some(&b"hello"[..]));
        assert_eq!(base85(b"Xk~0{Zv", false).as_deref(), Some(&b"hello"[..]));
        assert_eq!(base85(b"BOu!rDZ", true).as_deref(), Some(&b"hello"[..]));
        assert_eq!(rot13("vzcbeg bf"), "import os");
        assert_eq!(escapes("\\x6fs\\u0041\\101\\n"), "osAA\n");
        assert_eq!(inflate(&hex(b"789ccb48cdc9c907000 62c0215").unwrap()).as_deref(), Some(&b"hello"[..]));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,60}") {
            base64(&bytes, true);
            base32(&bytes);
            base85(&bytes, true);
            base85(&bytes, false);
            hex(&bytes);
            inflate(&bytes);
            escapes(&text);
            for codec in ["utf-8", "latin1", "utf-16", "unicode_escape", "x"] {
                super::text(&bytes, codec);
            }
        }
    }
}
