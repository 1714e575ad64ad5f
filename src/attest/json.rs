//! JSON as the signed files need it: a parser that refuses duplicate keys, the form that is
//! written, and the line on which a value stands. What is signed is the canonical form.
//!
//! Most parsers keep the last of two equal keys, some the first: a document with duplicates can
//! mean two things to two readers, so it is refused (RFC 8259 section 4).

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

pub use crate::json::canonical::canonical;

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
    use crate::json::canonical::tests::any_json;
    use proptest::prelude::*;
    use serde_json::json;

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

    proptest! {
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
