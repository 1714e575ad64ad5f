//! The canonical form of JSON (RFC 8785): what is signed, and what digests are made of.

use serde_json::{Number, Value};

/// The canonical form of RFC 8785: keys in the order of their UTF-16 code units, numbers as
/// ECMAScript writes them, no white space.
///
/// `serde_jcs` gives the same bytes, a property test compares them; it allocates for each piece that
/// it writes, which is felt at a BoM's size.
pub fn canonical(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    write_canonical(&mut out, value);
    out
}

/// Recursion is bounded by the depth of the value, which `serde_json` bounds where it was parsed.
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
        // A JSON number is finite. Of two shortest forms that are equally near, ECMAScript takes the
        // even one; Rust's own formatter does not.
        let number = number.as_f64().unwrap_or_default();
        out.extend_from_slice(ryu_js::Buffer::new().format_finite(number).as_bytes());
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn canonical_text(text: &str) -> String {
        String::from_utf8(canonical(&serde_json::from_str(text).unwrap())).unwrap()
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
        let Value::Object(sorted) = serde_json::from_str(&canonical_text(input)).unwrap() else { panic!() };
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

    /// Any value, nested a little.
    pub(crate) fn any_json() -> impl Strategy<Value = Value> {
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
        fn doubles_are_written_as_ecmascript_does(bits in any::<u64>()) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_finite());
            prop_assert_eq!(canonical(&json!(number)), serde_jcs::to_vec(&number).unwrap());
        }

        #[test]
        fn canonical_form_is_stable_sorted_and_free_of_space(value in any_json()) {
            let once = canonical(&value);
            prop_assert_eq!(&serde_jcs::to_vec(&value).unwrap(), &once);
            let again = serde_json::from_slice::<Value>(&once).unwrap();
            prop_assert!(in_utf16_order(&again));
            prop_assert_eq!(&canonical(&again), &once);
        }
    }
}
