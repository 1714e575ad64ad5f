//! JSON as the signed files need it: a parser that refuses duplicate keys, the canonical form
//! that is signed (RFC 8785), the form that is written, and the line on which a value stands.
//!
//! Most parsers keep the last of two equal keys, some the first: a document with duplicates can
//! mean two things to two readers, so it is refused (RFC 8259 section 4).

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Parses a whole document. Values nested more than 128 deep are refused by `serde_json`, so no
/// input can overflow the stack.
///
/// # Errors
/// What is wrong, with line and column: not UTF-8, not JSON, a duplicate key, bytes after the end.
pub fn parse(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// The canonical form of RFC 8785: keys in the order of their UTF-16 code units, numbers as
/// ECMAScript writes them, no white space.
///
/// `serde_jcs` gives the same bytes (a property test compares them) but allocates for each piece
/// that it writes, which is felt at a BoM's size; it writes the numbers that need care.
pub fn canonical(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    write_canonical(&mut out, value);
    out
}

/// Recursion is bounded by the depth of the value, which [`parse`] bounds.
fn write_canonical(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_string(out, text),
        Value::Array(list) => {
            out.push(b'[');
            for (at, value) in list.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_canonical(out, value);
            }
            out.push(b']');
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push(b'{');
            for (at, (key, value)) in entries.into_iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_string(out, key);
                out.push(b':');
                write_canonical(out, value);
            }
            out.push(b'}');
        }
    }
}

/// `serde_json` escapes exactly what RFC 8785 section 3.2.2.2 asks for.
fn write_string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a string is written to memory");
}

/// Integers that a double holds exactly stand as they are; all others as ECMAScript's doubles.
fn write_number(out: &mut Vec<u8>, number: &Number) {
    const EXACT: u64 = 1 << 53;
    let exact = number.as_i64().is_some_and(|n| n.unsigned_abs() <= EXACT);
    if exact {
        out.extend_from_slice(number.to_string().as_bytes());
    } else {
        serde_jcs::to_writer(out, number).expect("a JSON number is finite and written to memory");
    }
}

/// The bytes that bomvet writes for a document: two spaces of indentation, one line feed at the
/// end. A file with any other bytes for the same JSON was not written by bomvet.
pub fn pretty(value: &Value) -> Vec<u8> {
    // A `Value` has string keys and finite numbers only, so that serialising cannot fail.
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// 1-based line in [`pretty`]'s form on which the value at `pointer` (RFC 6901) starts; of the
/// last part of the pointer that exists.
pub fn line_of(root: &Value, pointer: &str) -> usize {
    let (mut line, mut value) = (1, root);
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        match value {
            Value::Object(map) => {
                let Some(at) = map.keys().position(|key| *key == token) else { return line };
                line += 1 + map.values().take(at).map(lines).sum::<usize>();
                value = &map[&token];
            }
            Value::Array(list) => {
                let Some(at) = token.parse().ok().filter(|&at: &usize| at < list.len()) else { return line };
                line += 1 + list[..at].iter().map(lines).sum::<usize>();
                value = &list[at];
            }
            _ => return line,
        }
    }
    line
}

/// Lines that a value takes in [`pretty`]'s form.
fn lines(value: &Value) -> usize {
    match value {
        Value::Object(map) if !map.is_empty() => 2 + map.values().map(lines).sum::<usize>(),
        Value::Array(list) if !list.is_empty() => 2 + list.iter().map(lines).sum::<usize>(),
        _ => 1,
    }
}

/// 1-based line of the first byte in which two texts differ; `None` for equal ones.
pub fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    let at = a.iter().zip(b).position(|(a, b)| a != b);
    let at = at.or_else(|| (a.len() != b.len()).then(|| a.len().min(b.len())))?;
    Some(memchr::memchr_iter(b'\n', &a[..at]).count() + 1)
}

/// Escapes one token of a JSON pointer (RFC 6901 section 3).
pub fn token(text: &str) -> String {
    text.replace('~', "~0").replace('/', "~1")
}

/// Builds a [`Value`] and refuses a key that an object has already.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = seq.next_element_seed(Strict)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(de::Error::custom(format_args!(
                    "duplicate key `{}`",
                    crate::model::escape(&key)
                )));
            }
            let value = access.next_value_seed(Strict)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn canonical_text(text: &str) -> String {
        String::from_utf8(canonical(&parse(text.as_bytes()).unwrap())).unwrap()
    }

    /// RFC 8785 section 3.2.2, the sample that holds all kinds of values.
    #[test]
    fn rfc_8785_sample() {
        let input = r#"{
          "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
          "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
          "literals": [null, true, false]
        }"#;
        let expected = concat!(
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#,
            r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
        assert_eq!(canonical_text(input), expected);
    }

    /// RFC 8785 section 3.2.3: keys sort by UTF-16 code units, so that an emoji (surrogates)
    /// stands before U+FB33, against the order of code points.
    #[test]
    fn rfc_8785_key_order() {
        let input = r#"{
          "\u20ac": "Euro Sign", "\r": "Carriage Return",
          "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
          "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
          "\u00f6": "Latin Small Letter O With Diaeresis"
        }"#;
        let Value::Object(sorted) = parse(canonical_text(input).as_bytes()).unwrap() else { panic!() };
        let order: Vec<_> = sorted.values().filter_map(Value::as_str).collect();
        assert_eq!(
            order,
            [
                "Carriage Return",
                "One",
                "Control",
                "Latin Small Letter O With Diaeresis",
                "Euro Sign",
                "Emoji: Grinning Face",
                "Hebrew Letter Dalet With Dagesh",
            ]
        );
    }

    /// RFC 8785 appendix B: IEEE 754 bits and what they are written as.
    #[test]
    fn rfc_8785_numbers() {
        for (bits, text) in [
            (0x0000_0000_0000_0000u64, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            let got = canonical(&json!(f64::from_bits(bits)));
            assert_eq!(String::from_utf8(got).unwrap(), text, "{bits:#x}");
        }
    }

    #[test]
    fn a_duplicate_key_is_refused_with_its_line() {
        let error = parse(b"{\n \"a\": 1,\n \"b\": {\"c\": 1, \"\\u0063\": 2}\n}").unwrap_err();
        assert_eq!(error.to_string(), "duplicate key `c` at line 3 column 23");
    }

    #[test]
    fn depth_is_an_error_not_a_crash() {
        let deep = vec![b'['; 100_000];
        assert!(parse(&deep).unwrap_err().to_string().contains("recursion limit"));
    }

    #[test]
    fn bytes_after_the_document_are_refused() {
        assert!(parse(b"{} {}").is_err());
        assert!(parse(b"\xff").is_err());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(|n| Number::from_f64(n).map_or(Value::Null, Value::Number)),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    fn in_utf16_order(value: &Value) -> bool {
        match value {
            Value::Array(list) => list.iter().all(in_utf16_order),
            Value::Object(map) => {
                let keys: Vec<Vec<u16>> = map.keys().map(|key| key.encode_utf16().collect()).collect();
                keys.is_sorted() && map.values().all(in_utf16_order)
            }
            _ => true,
        }
    }

    proptest! {
        #[test]
        fn canonical_form_is_stable_sorted_and_free_of_space(value in any_json()) {
            let once = canonical(&value);
            prop_assert_eq!(&serde_jcs::to_vec(&value).unwrap(), &once);
            let again = parse(&once).unwrap();
            prop_assert!(in_utf16_order(&again));
            prop_assert_eq!(&canonical(&again), &once);
        }

        #[test]
        fn what_is_written_reads_back_and_has_the_lines_that_are_counted(value in any_json()) {
            let bytes = pretty(&value);
            let back = parse(&bytes).unwrap();
            prop_assert_eq!(pretty(&back), bytes.clone());
            prop_assert_eq!(lines(&value), memchr::memchr_iter(b'\n', &bytes).count());
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }
    }

    #[test]
    fn a_pointer_has_the_line_of_its_value() {
        let value = json!({"a": {"b": [], "c/d": [1, {"e": 2}]}, "f": 3});
        let text = String::from_utf8(pretty(&value)).unwrap();
        for (pointer, needle) in [("/a/c~1d/1/e", "\"e\": 2"), ("/f", "\"f\": 3"), ("/a/b", "\"b\": []")] {
            assert!(text.lines().nth(line_of(&value, pointer) - 1).unwrap().contains(needle), "{pointer}");
        }
    }
}
