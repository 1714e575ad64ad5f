use proptest::prelude::*;

use super::*;

fn error(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn values_know_where_they_stand() {
    let text = "\u{feff}{\n  \"a\": [1, true, null, \"x\\u00e9\\ud83d\\ude00\"]\n}\n";
    let root = parse(text).unwrap();
    let list = root.get("a").unwrap();
    assert_eq!(&text[list.range.clone()], r#"[1, true, null, "x\u00e9\ud83d\ude00"]"#);
    assert_eq!(list.elements()[3].as_str(), Some("xé😀"));
    assert_eq!(&text[list.elements()[3].range.clone()], r#""x\u00e9\ud83d\ude00""#);
    assert_eq!(&text[root.members()[0].1.clone()], "\"a\"");
    assert_eq!(list.elements()[0].value, Value::Number("1"));
}

#[test]
fn the_last_of_two_members_counts_and_both_are_visible() {
    let text = r#"{"a": 1, "b": [{"c": 1, "c": 2}], "a": 2}"#;
    let root = parse(text).unwrap();
    assert_eq!(root.get("a").unwrap().value, Value::Number("2"));
    let found = root.duplicates();
    assert_eq!(found.iter().map(|(key, ..)| *key).collect::<Vec<_>>(), ["c", "a"]);
    assert_eq!((found[1].1.start, found[1].2.start), (34, 1));
}

#[test]
fn a_lone_surrogate_is_replaced() {
    assert_eq!(parse(r#""\ud800x\udc00""#).unwrap().as_str(), Some("\u{fffd}x\u{fffd}"));
    assert_eq!(parse(r#""\ud800\u0041""#).unwrap().as_str(), Some("\u{fffd}A"));
}

#[test]
fn what_is_not_json_is_told_with_line_and_column() {
    let cases = [
        "",
        "  ",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "[1,]",
        "[1 2]",
        "{a:1}",
        "{'a':1}",
        "[\n  \"é\", x]",
        "01",
        "-",
        "1.",
        "1e",
        "+1",
        "\"a",
        "\"\\q\"",
        "\"\\u12\"",
        "\"\t\"",
        "nul",
        "1 2",
        "// c\n1",
        "]",
        "{\"a\" 1}",
        "\u{202e}",
        "{]",
    ];
    let got: Vec<String> = cases.iter().map(|text| format!("{text:?} => {}", error(text))).collect();
    insta::assert_snapshot!(got.join("\n"), @r#"
    "" => 1:1: expected a value, found the end
    "  " => 1:3: expected a value, found the end
    "{" => 1:2: the text ends within an object that starts in line 1
    "{\"a\"" => 1:5: the text ends within an object that starts in line 1
    "{\"a\":" => 1:6: the text ends within an object that starts in line 1
    "{\"a\":1" => 1:7: the text ends within an object that starts in line 1
    "{\"a\":1," => 1:8: the text ends within an object that starts in line 1
    "{\"a\":1,}" => 1:8: expected a key in quotes, found `}`
    "[1,]" => 1:4: expected a value, found `]`
    "[1 2]" => 1:4: expected `,` or `]`, found `2`
    "{a:1}" => 1:2: expected a key in quotes, found `a`
    "{'a':1}" => 1:2: expected a key in quotes, found `'`
    "[\n  \"é\", x]" => 2:8: expected a value, found `x`
    "01" => 1:1: a number must not start with `0`
    "-" => 1:2: expected a digit, found the end
    "1." => 1:3: expected a digit, found the end
    "1e" => 1:3: expected a digit, found the end
    "+1" => 1:1: expected a value, found `+`
    "\"a" => 1:3: the text ends within a string that starts in line 1
    "\"\\q\"" => 1:2: unknown escape in a string
    "\"\\u12\"" => 1:2: expected four hexadecimal digits after `\u`
    "\"\t\"" => 1:2: U+0009 must be escaped in a string
    "nul" => 1:1: expected a value, found `n`
    "1 2" => 1:3: expected the end, found `2`
    "// c\n1" => 1:1: expected a value, found `/`
    "]" => 1:1: expected a value, found `]`
    "{\"a\" 1}" => 1:6: expected `:` after the key, found `1`
    "\u{202e}" => 1:1: expected a value, found U+202E
    "{]" => 1:2: expected a key in quotes, found `]`
    "#);
}

/// On a thread with the stack that threads usually have at most.
fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(8 << 20).spawn(work).unwrap().join().unwrap()
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
        let deep = format!("\n{}1{}", open.repeat(100_000), close.repeat(100_000));
        let error = on_a_small_stack(move || parse(&deep).unwrap_err());
        assert_eq!((error.line, error.message.as_str()), (2, "nested more than 512 levels deep"));
        let unclosed = open.repeat(100_000);
        assert!(on_a_small_stack(move || parse(&unclosed).is_err()));
    }
    assert_eq!(parse(&"[".repeat(100_000)).unwrap_err().column, 513);
}

#[test]
fn the_deepest_tree_is_parsed_cloned_and_dropped() {
    let deep = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    on_a_small_stack(move || {
        let node = parse(&deep).unwrap();
        assert_eq!(node, node.clone());
    });
}

fn same(node: &Node<'_>, value: &serde_json::Value) -> bool {
    match (&node.value, value) {
        (Value::Object(_), serde_json::Value::Object(map)) => {
            let mut keys: Vec<_> = node.members().iter().map(|(key, ..)| &**key).collect();
            keys.sort_unstable();
            keys.dedup();
            keys.len() == map.len()
                && map.iter().all(|(key, value)| node.get(key).is_some_and(|n| same(n, value)))
        }
        (Value::Array(list), serde_json::Value::Array(values)) => {
            list.len() == values.len() && list.iter().zip(values).all(|(node, value)| same(node, value))
        }
        (Value::String(text), serde_json::Value::String(value)) => text == value,
        (Value::Number(text), serde_json::Value::Number(number)) => {
            text.parse::<f64>().ok() == number.as_f64()
        }
        (Value::Bool(a), serde_json::Value::Bool(b)) => a == b,
        (Value::Null, serde_json::Value::Null) => true,
        _ => false,
    }
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn reads_what_serde_json_writes(value in any_json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let node = parse(&text).unwrap();
        prop_assert!(same(&node, &value));
        prop_assert_eq!(node.range, 0..text.len());
    }

    #[test]
    fn accepts_exactly_what_serde_json_accepts(text in "[\\[\\]{}:,\"0-9eE+.\\\\u a-dntrfl\n\u{7f}é-]{0,24}") {
        let (ours, theirs) = (parse(&text), serde_json::from_str::<serde_json::Value>(&text));
        // serde_json refuses lone surrogates and numbers beyond f64, which JSON does not.
        let known = theirs.as_ref().err().is_some_and(|e| {
            let e = e.to_string();
            e.contains("surrogate") || e.contains("out of range") || e.contains("hex escape")
        });
        prop_assert!(ours.is_ok() == theirs.is_ok() || known, "{:?} {:?}", ours, theirs);
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            prop_assert!(same(&ours, &theirs));
        }
    }

    #[test]
    fn never_panics(text in any::<String>()) {
        if let Err(error) = parse(&text) {
            prop_assert!(text.is_char_boundary(error.offset));
        }
    }
}
