//! Encoded layers: base64, hexadecimal, URL encoding, lists of character codes, gzip within.
//!
//! Bounded in size, and strict: what does not decode to something a person or a program could
//! read is not a layer but a constant.

use std::io::Read as _;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Longest text that is decoded, and longest result, in bytes.
const MAX: usize = 4 << 20;
/// Shortest text that is looked at.
const MIN: usize = 12;

const LAX: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LAX);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LAX);

/// Takes one layer off: its kind (`hex`, `base64`, `base64url`, `charcodes`, `url`, with `+gzip`
/// where the result was compressed) and what was in it.
pub fn decode(text: &str) -> Option<(&'static str, Vec<u8>)> {
    let text = text.trim();
    if !(MIN..=MAX).contains(&text.len()) {
        return None;
    }
    let compact: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    if compact.len().is_multiple_of(2)
        && compact.bytes().all(|b| b.is_ascii_hexdigit())
        && let Some(bytes) = hex::decode(&compact).ok().filter(|bytes| readable(bytes))
    {
        return Some(("hex", bytes));
    }
    if let Some(bytes) = charcodes(text) {
        return Some(("charcodes", bytes));
    }
    for (kind, zipped, engine) in
        [("base64", "base64+gzip", &STANDARD), ("base64url", "base64url+gzip", &URL_SAFE)]
    {
        let Ok(bytes) = engine.decode(&compact) else { continue };
        if bytes.starts_with(b"\x1f\x8b") {
            let mut out = Vec::new();
            let read = flate2::read::GzDecoder::new(&bytes[..]).take(MAX as u64).read_to_end(&mut out);
            return (read.is_ok() && readable(&out)).then_some((zipped, out));
        }
        if readable(&bytes) {
            return Some((kind, bytes));
        }
    }
    let escapes = text.matches('%').count();
    if escapes * 3 >= text.len() / 3 && escapes >= 4 {
        let bytes: Vec<u8> = percent_encoding::percent_decode_str(text).collect();
        return (bytes.len() < text.len() && readable(&bytes)).then_some(("url", bytes));
    }
    None
}

/// `104,116,116,112` or `\x68\x74` or `0x68 0x74`.
fn charcodes(text: &str) -> Option<Vec<u8>> {
    let bare = text.trim_matches(|c: char| "[]{}() ".contains(c));
    let parts: Vec<&str> = if bare.contains("\\x") {
        bare.strip_prefix("\\x")?.split("\\x").collect()
    } else {
        bare.split([',', ' ', '\n']).map(str::trim).filter(|part| !part.is_empty()).collect()
    };
    let radix = if bare.contains("\\x") { 16 } else { 10 };
    let read = |part: &&str| match part.strip_prefix("0x") {
        Some(hex) => u8::from_str_radix(hex, 16).ok(),
        None => u8::from_str_radix(part, radix).ok(),
    };
    let bytes: Option<Vec<u8>> = (parts.len() >= 4).then(|| parts.iter().map(read).collect()).flatten();
    bytes.filter(|bytes| readable(bytes))
}

/// Text, or a program.
fn readable(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"\x7fELF") || bytes.starts_with(b"MZ\x90") || bytes.starts_with(b"\0asm") {
        return true;
    }
    std::str::from_utf8(bytes).is_ok_and(|text| {
        let odd =
            text.chars().filter(|&c| (c.is_control() && !c.is_ascii_whitespace()) || (c as u32) > 0xffff);
        !bytes.is_empty()
            && odd.count() * 50 <= text.len()
            && text.bytes().filter(u8::is_ascii).count() * 10 >= bytes.len() * 9
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> Option<(&'static str, String)> {
        decode(text).map(|(kind, bytes)| (kind, String::from_utf8_lossy(&bytes).into_owned()))
    }

    #[test]
    fn each_kind() {
        let wanted = |kind| Some((kind, "http://a.invalid/".to_owned()));
        assert_eq!(shown("aHR0cDovL2EuaW52YWxpZC8="), wanted("base64"));
        assert_eq!(shown("aHR0cDovL2EuaW52YWxpZC8"), wanted("base64"));
        assert_eq!(shown("687474703a2f2f612e696e76616c69642f"), wanted("hex"));
        assert_eq!(
            shown("104,116,116,112,58,47,47,97,46,105,110,118,97,108,105,100,47"),
            wanted("charcodes")
        );
        assert_eq!(shown("%68%74%74%70%3a%2f%2f%61.invalid/"), wanted("url"));
        assert_eq!(shown("an ordinary sentence, no layer"), None);
    }

    #[test]
    fn a_bomb_is_cut() {
        let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut zip, &vec![b'a'; 3 * MAX]).expect("memory");
        let text = base64::engine::general_purpose::STANDARD.encode(zip.finish().expect("memory"));
        assert!(decode(&text).is_none_or(|(_, bytes)| bytes.len() <= MAX));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_base64_comes_back(text in "\\PC{0,200}", plain in "[ -~]{20,80}") {
            let _ = decode(&text);
            let encoded = base64::engine::general_purpose::STANDARD.encode(&plain);
            let digits_only = encoded.bytes().all(|b| b.is_ascii_hexdigit());
            prop_assert!(digits_only || decode(&encoded).is_some_and(|(_, bytes)| bytes == plain.as_bytes()));
        }
    }
}
