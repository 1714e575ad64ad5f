use super::*;
use proptest::prelude::*;

/// The tree on one line.
fn shown(node: &Node<'_>) -> String {
    match &node.value {
        Value::Scalar { text, plain: true } => text.to_string(),
        Value::Scalar { text, .. } => format!("{text:?}"),
        Value::Sequence(list) => {
            format!("[{}]", list.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        Value::Mapping(pairs) => {
            let pairs: Vec<_> = pairs.iter().map(|(k, v)| format!("{}: {}", shown(k), shown(v))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}

fn one(text: &str) -> String {
    match parse(text) {
        Ok(node) => shown(&node),
        Err(error) => error.to_string(),
    }
}

#[test]
fn values_of_every_kind() {
    let text = "\u{feff}# note\na: 1.10\n'b c': \"x\\ny\"\nlist:\n- p\n- {q: r, s: }\n- [t, ~]\ntext: |\n  one\n  two\nfold: >-\n  one\n  two\nplain: a\n  b\n";
    insta::assert_snapshot!(one(text), @r#"{a: 1.10, "b c": "x\ny", list: [p, {q: r, s: }, [t, ~]], text: "one\ntwo\n", fold: "one two", plain: a b}"#);
    let node = parse(text).unwrap();
    assert_eq!(node.get("b c").and_then(Node::as_str), Some("x\ny"));
    assert!(node.get("list").unwrap().elements()[1].get("s").unwrap().is_null());
    assert_eq!(one(""), "");
    assert_eq!(parse_all("---\na\n---\nb\n...\n").unwrap().len(), 2);
}

#[test]
fn places_are_bytes() {
    let text = "ü: é\n\"k\" : [ä, { b: 'ö' } ]\nz:\n  y: 1\n  x: &a !t 2   # c\nlast: *a\r\nend: ''\n";
    let mut got = Vec::new();
    let node = parse(text).unwrap();
    let mut todo = vec![&node];
    while let Some(node) = todo.pop() {
        got.push(format!("{:?}", &text[node.range.clone()]));
        todo.extend(node.elements().iter().rev());
        for (key, value) in node.pairs().iter().rev() {
            todo.push(value);
            todo.push(key);
        }
    }
    insta::assert_snapshot!(got[1..].join("\n"), @r#"
    "ü"
    "é"
    "\"k\""
    "[ä, { b: 'ö' } ]"
    "ä"
    "{ b: 'ö' }"
    "b"
    "'ö'"
    "z"
    "y: 1\n  x: &a !t 2"
    "y"
    "1"
    "x"
    "&a !t 2"
    "last"
    "&a !t 2"
    "end"
    "''"
    "#);
    assert_eq!(node.get("last").unwrap().tag.as_deref(), Some("!t"));
}

#[test]
fn errors_say_where() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let block: String = (0..200).map(|at| format!("{}- \n", " ".repeat(at))).collect();
    let bomb: String = (1..12)
        .map(|at| format!("a{at}: &a{at} [{}]\n", vec![format!("*a{}", at - 1); 9].join(", ")))
        .collect();
    let bomb = format!("a0: &a0 [x]\n{bomb}");
    let tower: String = (1..200).map(|at| format!("a{at}: &a{at} [*a{}]\n", at - 1)).collect();
    let tower = format!("a0: &a0 [x]\n{tower}");
    let cases = [
        "a: b: c",
        "a: [b",
        "a: 'b",
        "\ta: 1",
        "a: *x",
        "&a [*a]",
        "a\n---\nb",
        "ü: é: ö",
        "{a: b}}",
        "<<<<<<< HEAD\na: 1\n=======\n",
        &deep,
        &block,
        &bomb,
        &tower,
    ];
    let got: Vec<_> = cases.iter().map(|text| one(text)).collect();
    insta::assert_snapshot!(got.join("\n"), @r#"
    1:5: mapping values are not allowed in this context
    1:6: while parsing a flow sequence, expected ',' or ']'
    1:4: while scanning a quoted scalar, found unexpected end of stream
    {a: 1}
    1:4: while parsing node, found unknown anchor
    1:5: an alias stands within what it names
    3:1: a second document begins
    1:5: mapping values are not allowed in this context
    1:7: misplaced bracket
    2:2: mapping values are not allowed in this context
    1:129: nested more than 128 levels deep
    129:129: nested more than 128 levels deep
    6:53: anchors and aliases copy more than 200000 values
    128:14: nested more than 128 levels deep
    "#);
}

#[test]
fn duplicates_and_merges() {
    let text = "d: &d {x: 1, y: 2}\ne:\n  <<: *d\n  y: 3\na: 1\na: 2\nb: {c: 1, 'c': 2}\n";
    let node = parse(text).unwrap();
    let got: Vec<_> =
        node.duplicates().iter().map(|(k, second, first)| format!("{k} {second:?} {first:?}")).collect();
    insta::assert_snapshot!(got.join("\n"), @r#"
    a 43..44 38..39
    c 58..61 52..53
    "#);
    let e = node.get("e").unwrap();
    assert_eq!(e.get("x").and_then(Node::as_str), Some("1"));
    assert_eq!(e.get("y").and_then(Node::as_str), Some("3"));
    assert_eq!(node.get("a").and_then(Node::as_str), Some("2"));
}

#[test]
fn truth_values_are_those_of_the_core_schema() {
    let node = parse("[true, True, yes, 'true', !!str true, on, FALSE, null, '']").unwrap();
    let got: Vec<_> = node.elements().iter().map(|node| (node.as_bool(), node.is_null())).collect();
    let no = (None, false);
    let yes = (Some(true), false);
    assert_eq!(got, [yes, yes, no, no, no, no, (Some(false), false), (None, true), no]);
}

/// Large inputs of shapes that a scanner may take long for.
#[test]
fn no_shape_takes_long() {
    let many = 20_000;
    for text in [
        "[".repeat(many),
        "{".repeat(many),
        "- ".repeat(many),
        "? ".repeat(many),
        "[a, ".repeat(many),
        "[\n".repeat(many),
        "{a: \n".repeat(many),
        "a: ".repeat(many),
        "\"".repeat(many),
        "a\n".repeat(many),
        "&a ".repeat(many),
        "!a ".repeat(many),
        "# \n".repeat(many),
        "a: &a\n".repeat(many),
        "%TAG ! x\n".repeat(many),
        "---\n".repeat(many),
        format!("[{}]", "a, ".repeat(many)),
        format!("{{{}}}", "a: b, ".repeat(many)),
        format!("[{}]", "\n\"a\" ,".repeat(many)),
        (0..many).map(|at| format!("k{at}: v\n")).collect(),
        " \n".repeat(many),
        format!("a: |\n{}", " \n".repeat(many)),
        format!("'{}'", "\n".repeat(many)),
        "é: ü\n".repeat(many),
    ] {
        let start = std::time::Instant::now();
        let _ = parse_all(&text);
        assert!(start.elapsed().as_secs() < 5, "{:?}… takes {:?}", &text[..8], start.elapsed());
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "[ \\-:{}\\[\\],\n\t#&*!|>'\"%@`a-cé?.<]{0,60}") {
        for document in parse_all(&text).into_iter().flatten() {
            prop_assert!(text.get(document.range.clone()).is_some());
            document.duplicates();
        }
    }

    /// What is JSON is YAML and means the same.
    #[test]
    fn json_is_read_as_json_is(keys in prop::collection::vec(("[a-z]{1,6}", "[a-zé \\\\\"/]{0,8}"), 0..6)) {
        let object: serde_json::Map<String, serde_json::Value> =
            keys.into_iter().map(|(k, v)| (k, serde_json::Value::String(v))).collect();
        let text = serde_json::to_string(&object).unwrap();
        let node = parse(&text).unwrap();
        for (key, value) in &object {
            prop_assert_eq!(node.get(key).and_then(Node::as_str), value.as_str());
        }
    }
}
