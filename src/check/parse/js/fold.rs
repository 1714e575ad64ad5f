//! Methods and functions of the language that fold to constants.

use std::rc::Rc;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use oxc_syntax::operator::BinaryOperator;

use super::resolve::Resolver;
use super::value::{MAX_STRING, Val};

/// `a operator b` for numbers.
pub fn arithmetic<'a>(operator: BinaryOperator, a: f64, b: f64) -> Val<'a> {
    let (x, y) = (a as i64 as i32, b as i64 as i32);
    Val::Num(match operator {
        BinaryOperator::Subtraction => a - b,
        BinaryOperator::Multiplication => a * b,
        BinaryOperator::Division => a / b,
        BinaryOperator::Remainder => a % b,
        BinaryOperator::BitwiseXOR => f64::from(x ^ y),
        BinaryOperator::BitwiseAnd => f64::from(x & y),
        BinaryOperator::BitwiseOR => f64::from(x | y),
        BinaryOperator::ShiftLeft => f64::from(x.wrapping_shl(y as u32)),
        BinaryOperator::ShiftRight => f64::from(x.wrapping_shr(y as u32)),
        _ => return Val::Unknown,
    })
}

/// `text[at]`.
pub fn char_at<'a>(text: &str, at: f64) -> Val<'a> {
    if at < 0.0 || at.fract() != 0.0 {
        return Val::Unknown;
    }
    text.chars().nth(at as usize).map_or(Val::Unknown, |c| Val::str(c.to_string()))
}

/// `parseInt(value, radix)`.
pub fn parse_int<'a>(value: &Val<'a>, radix: u32) -> Val<'a> {
    let Some(text) = value.text() else { return Val::Unknown };
    let text = text.trim();
    let (text, radix) = match text.strip_prefix("0x") {
        Some(rest) => (rest, 16),
        None => (text, radix),
    };
    if !(2..=36).contains(&radix) {
        return Val::Unknown;
    }
    let end = text.find(|c: char| !c.is_digit(radix)).unwrap_or(text.len());
    i64::from_str_radix(&text[..end], radix).map_or(Val::Unknown, |n| Val::Num(n as f64))
}

/// A method of a string, an array or a buffer.
pub fn method<'a>(resolver: &Resolver<'a, '_>, object: &Val<'a>, name: &str, arguments: &[Val<'a>]) -> Val<'a> {
    let first = arguments.first();
    match object {
        Val::Str(text) | Val::Decoded(text) => {
            let value = string_method(resolver, text, name, arguments);
            match (object, value) {
                (Val::Decoded(_), Val::Str(text)) => Val::Decoded(text),
                (_, value) => value,
            }
        }
        Val::Num(number) => match (name, first) {
            ("toString", None | Some(Val::Num(10.0))) => Val::str(super::value::number_text(*number)),
            ("toString", Some(Val::Num(radix))) if (2.0..=36.0).contains(radix) && *number >= 0.0 => {
                Val::str(radix_text(*number as u64, *radix as u64))
            }
            _ => Val::Unknown,
        },
        Val::Bytes(bytes) => match name {
            "toString" => match first.and_then(Val::as_str) {
                None | Some("utf8" | "utf-8" | "ascii" | "latin1" | "binary") => {
                    Val::decoded(String::from_utf8_lossy(bytes))
                }
                Some("hex") => Val::str(hex::encode(bytes)),
                Some("base64") => Val::str(base64::engine::general_purpose::STANDARD.encode(bytes)),
                _ => Val::Unknown,
            },
            _ => list_method(resolver, object, name, arguments),
        },
        Val::Array(_) | Val::List(_) => list_method(resolver, object, name, arguments),
        _ => Val::Unknown,
    }
}

fn string_method<'a>(resolver: &Resolver<'a, '_>, text: &Rc<str>, name: &str, arguments: &[Val<'a>]) -> Val<'a> {
    let first = arguments.first();
    let number = |at: usize| match arguments.get(at) {
        Some(Val::Num(n)) => Some(*n),
        _ => None,
    };
    match name {
        "toString" | "valueOf" | "normalize" => Val::Str(Rc::clone(text)),
        "trim" => Val::str(text.trim()),
        "toLowerCase" => Val::str(text.to_lowercase()),
        "toUpperCase" => Val::str(text.to_uppercase()),
        "concat" => match arguments.iter().map(Val::text).collect::<Option<Vec<_>>>() {
            Some(parts) => Val::str(format!("{text}{}", parts.concat())),
            None => Val::Unknown,
        },
        "split" => match first {
            Some(Val::Str(separator)) if separator.is_empty() => {
                Val::List(Rc::new(text.chars().map(|c| Val::str(c.to_string())).collect()))
            }
            Some(Val::Str(separator)) => {
                Val::List(Rc::new(text.split(&**separator).map(Val::str).collect()))
            }
            _ => Val::Unknown,
        },
        "replace" | "replaceAll" => match (first, arguments.get(1)) {
            (Some(Val::Str(from)), Some(Val::Str(to))) if !from.is_empty() => {
                let times = if name == "replace" { 1 } else { usize::MAX };
                if text.len().saturating_mul(to.len().max(1)) > 16 * MAX_STRING {
                    return Val::Unknown;
                }
                Val::str(text.replacen(&**from, to, times))
            }
            _ => Val::Unknown,
        },
        "repeat" => match number(0) {
            Some(n) if n >= 0.0 && n * text.len() as f64 <= 65_536.0 => Val::str(text.repeat(n as usize)),
            _ => Val::Unknown,
        },
        "charAt" | "at" => number(0).map_or(Val::Unknown, |at| char_at(text, at)),
        "charCodeAt" | "codePointAt" => match text.encode_utf16().nth(number(0).unwrap_or(0.0).max(0.0) as usize) {
            Some(unit) => Val::Num(f64::from(unit)),
            None => Val::Unknown,
        },
        "slice" | "substring" | "substr" => {
            let units: Vec<char> = text.chars().collect();
            let clip = |n: f64| {
                let n = if n < 0.0 { units.len() as f64 + n } else { n };
                n.clamp(0.0, units.len() as f64) as usize
            };
            let Some(start) = number(0).map(clip) else { return Val::Unknown };
            let end = match (arguments.get(1), number(1)) {
                (None, _) => units.len(),
                (_, Some(n)) if name == "substr" => clip(start as f64 + n.max(0.0)),
                (_, Some(n)) => clip(n),
                _ => return Val::Unknown,
            };
            Val::str(units.get(start..end.max(start)).unwrap_or(&[]).iter().collect::<String>())
        }
        "map" => list_method(resolver, &Val::Str(Rc::clone(text)), name, arguments),
        _ => Val::Unknown,
    }
}

fn list_method<'a>(resolver: &Resolver<'a, '_>, object: &Val<'a>, name: &str, arguments: &[Val<'a>]) -> Val<'a> {
    if !matches!(name, "join" | "reverse" | "concat" | "slice" | "map") {
        return Val::Unknown;
    }
    let Some(mut elements) = resolver.elements(object) else { return Val::Unknown };
    match (name, arguments.first()) {
        ("join", separator) => {
            let separator = match separator {
                None => ",".to_owned(),
                Some(value) => match value.text() {
                    Some(text) => text,
                    None => return Val::Unknown,
                },
            };
            let decoded = elements.iter().any(|value| matches!(value, Val::Decoded(_)));
            match elements.iter().map(Val::text).collect::<Option<Vec<_>>>() {
                Some(parts) if decoded => Val::decoded(parts.join(&separator)),
                Some(parts) => Val::str(parts.join(&separator)),
                None => Val::Unknown,
            }
        }
        ("reverse", _) => {
            elements.reverse();
            // Reversed text was hidden: what is joined from it counts as decoded.
            let hidden = elements.iter().map(|value| match value {
                Val::Str(text) if elements.len() > 8 && text.chars().count() == 1 => Val::Decoded(Rc::clone(text)),
                value => value.clone(),
            });
            Val::List(Rc::new(hidden.collect()))
        }
        ("concat", Some(more)) => match resolver.elements(more) {
            Some(more) => {
                elements.extend(more);
                Val::List(Rc::new(elements))
            }
            None => Val::Unknown,
        },
        ("slice", None) => Val::List(Rc::new(elements)),
        ("map", Some(Val::Func(func))) if elements.len() <= 8_192 => {
            let mapped = elements.iter().enumerate().map(|(at, value)| resolver.apply(*func, &[value.clone(), Val::Num(at as f64)]));
            Val::List(Rc::new(mapped.collect()))
        }
        ("map", Some(Val::Name(function))) => {
            let mapped = elements.iter().map(|value| self::function(resolver, function, std::slice::from_ref(value)));
            Val::List(Rc::new(mapped.collect()))
        }
        _ => Val::Unknown,
    }
}

/// A function of the language or of Node.js.
pub fn function<'a>(resolver: &Resolver<'a, '_>, name: &str, arguments: &[Val<'a>]) -> Val<'a> {
    let first = arguments.first();
    let text = first.and_then(Val::as_str);
    match name {
        "global.String.fromCharCode" | "global.String.fromCodePoint" => char_codes(arguments),
        "global.String.fromCharCode.apply" | "global.String.fromCharCode.call" => {
            match arguments.get(1).and_then(|list| resolver.elements(list)) {
                Some(codes) => char_codes(&codes),
                None => char_codes(arguments.get(1..).unwrap_or(&[])),
            }
        }
        "global.Array.from" => first.and_then(|value| resolver.elements(value)).map_or(Val::Unknown, |list| Val::List(Rc::new(list))),
        "global.String" => text.map_or(Val::Unknown, Val::str),
        "global.atob" => text.and_then(decode_base64).map_or(Val::Unknown, |bytes| {
            Val::decoded(String::from_utf8(bytes).unwrap_or_else(|error| error.into_bytes().iter().map(|&b| char::from(b)).collect()))
        }),
        "global.unescape" | "global.decodeURIComponent" | "global.decodeURI" => match text {
            Some(text) => Val::decoded(percent_encoding::percent_decode_str(text).decode_utf8_lossy()),
            None => Val::Unknown,
        },
        "global.Buffer.from" | "global.Buffer()" | "global.Buffer" => {
            let bytes = match (text, arguments.get(1).and_then(Val::as_str)) {
                (Some(text), Some("base64" | "base64url")) => decode_base64(text),
                (Some(text), Some("hex")) => hex::decode(text.trim()).ok(),
                (Some(text), None | Some("utf8" | "utf-8")) => Some(text.as_bytes().to_vec()),
                (None, _) => first.and_then(|list| resolver.elements(list)).and_then(|list| {
                    list.iter().map(|value| match value {
                        Val::Num(n) => Some(*n as i64 as u8),
                        _ => None,
                    }).collect()
                }),
                _ => None,
            };
            bytes.map_or(Val::Unknown, |bytes| Val::Bytes(bytes.into()))
        }
        _ => Val::Unknown,
    }
}

fn char_codes<'a>(codes: &[Val<'a>]) -> Val<'a> {
    let units: Option<Vec<u16>> = codes
        .iter()
        .map(|code| match code {
            Val::Num(n) if (0.0..65_536.0).contains(n) => Some(*n as u16),
            Val::Str(text) => text.trim().parse().ok(),
            _ => None,
        })
        .collect();
    match units {
        Some(units) if !units.is_empty() => Val::decoded(String::from_utf16_lossy(&units)),
        _ => Val::Unknown,
    }
}

fn radix_text(mut number: u64, radix: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit((number % radix) as u32, radix as u32).unwrap_or('?'));
        number /= radix;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

/// Base64 as JavaScript takes it: both alphabets, padding or none, white space ignored.
pub fn decode_base64(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let clean: String = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect();
    GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT).decode(clean).ok()
}
