//! The engine on hand-made facts, and the table of built-in rules against the folder.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::model::{CapabilityKind, Confidence, FactKind, LineIndex, Severity};

const HEAD: &str = r#"id = "t/a"
title = "does it"
severity = "high"
confidence = "medium"
check = "facts"
why = "w"
fix = "f"
blind = "b"
references = ["CWE-506"]
"#;
const TAIL: &str = r#"
[[example]]
path = "a.js"
expect = "match"
code = "x"
[[example]]
path = "a.js"
expect = "none"
code = "y"
"#;

fn set(blocks: &str) -> RuleSet {
    let text = format!("{HEAD}{blocks}{TAIL}");
    RuleSet::from_files(vec![("t/a".to_owned(), text)], "rules").expect("valid rule")
}

fn error(text: &str) -> String {
    RuleSet::from_files(vec![("t/a".to_owned(), text.to_owned())], "rules").expect_err("invalid").to_string()
}

fn fact(kind: FactKind, name: &str, file: &str, at: usize) -> Fact {
    let text = "0123456789\n".repeat(20);
    Fact::new(kind, name, LineIndex::new(file, &text).span(at, at + 2))
}

#[test]
fn all_conditions_must_meet_in_one_file() {
    let rules = set(r#"[[match]]
        all = [{ kind = "call", capability = "net" }, { kind = "flow", name = "env-*->net" }]
        none = [{ kind = "literal", name = "url", value = "^https://vendor" }]
        message = "sends with {name}""#);
    let net = fact(FactKind::Call, "node:https.get", "a.js", 15).gives(CapabilityKind::Net);
    let flow = fact(FactKind::Flow, "env-all->net", "a.js", 3);
    let elsewhere = fact(FactKind::Flow, "env-all->net", "b.js", 3);
    let own = fact(FactKind::Literal, "url", "a.js", 5).value("https://vendor.invalid/x");
    assert!(rules.evaluate(&[net.clone(), elsewhere]).is_empty());
    assert!(rules.evaluate(&[net.clone(), flow.clone(), own]).is_empty());
    let found = rules.evaluate(&[flow.clone(), net.clone()]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "sends with node:https.get");
    assert_eq!(found[0].spans, [net.span, flow.span], "primary first, then related");
    assert_eq!((found[0].severity, found[0].confidence), (Severity::High, Confidence::Medium));
    assert_eq!((found[0].help.as_str(), found[0].references.len()), ("f", 1));
}

#[test]
fn a_package_wide_match_joins_files_and_any_needs_one() {
    let rules = set(r#"[[match]]
        scope = "package"
        all = [{ kind = "manifest", name = "scripts.*" }]
        any = [{ kind = "shell", name = "download" }, { kind = "call", capability = ["net", "process"], install = true }]"#);
    let script = fact(FactKind::Manifest, "scripts.postinstall", "package.json", 1);
    let mut call = fact(FactKind::Call, "x", "b.js", 1).gives(CapabilityKind::Process);
    assert!(rules.evaluate(&[script.clone(), call.clone()]).is_empty());
    call.context.install = true;
    assert_eq!(rules.evaluate(&[script.clone(), call]).len(), 1);
    assert!(rules.evaluate(&[script]).is_empty());
}

#[test]
fn test_code_counts_only_where_a_rule_says_so() {
    let mut in_test = fact(FactKind::Shape, "reverse-shell", "test/a.js", 1);
    in_test.context.test = true;
    let rules = set(r#"[[match]]
        all = [{ kind = "shape", name = "reverse-shell" }]"#);
    assert!(rules.evaluate(std::slice::from_ref(&in_test)).is_empty());
    let rules = set(r#"[[match]]
        all = [{ kind = "shape", name = "reverse-shell", test = true, file = "test/**" }]"#);
    assert_eq!(rules.evaluate(&[in_test]).len(), 1);
}

#[test]
fn spans_are_few_and_findings_are_not_repeated() {
    let rules = set(r#"[[match]]
        all = [{ kind = "text", name = "bidi" }]
        [[match]]
        all = [{ kind = "text" }]"#);
    let facts: Vec<_> = (0..40).map(|at| fact(FactKind::Text, "bidi", "a.js", at * 4)).collect();
    let found = rules.evaluate(&facts);
    assert_eq!((found.len(), found[0].spans.len()), (1, 5));
}

#[test]
fn mistakes_are_errors_with_place_and_suggestion() {
    let cases = [
        (
            format!("{HEAD}sevrity = 1\n"),
            "rules/t/a.toml:10:1: unknown key `sevrity`; did you mean `severity`?",
        ),
        (
            HEAD.replace("\"high\"", "\"hihg\""),
            "rules/t/a.toml:3:12: unknown value `hihg`; did you mean `high`?",
        ),
        (
            HEAD.replace("t/a", "t/b"),
            "rules/t/a.toml:1:6: `id` must be the file's path below the rules folder, `t/a`",
        ),
        (
            format!("{HEAD}[[match]]\nall = [{{ kind = \"cal\" }}]{TAIL}"),
            "rules/t/a.toml:11:17: unknown value `cal`; did you mean `call`?",
        ),
        (
            format!("{HEAD}[[match]]\nall = [{{ capability = \"network\" }}]{TAIL}"),
            "rules/t/a.toml:11:23: unknown capability `network`; known are net, fs-read, fs-write, process, env, native, unsafe, dynamic-code, install-time",
        ),
        (
            format!("{HEAD}[[match]]\nall = [{{ value = \"(\" }}]{TAIL}"),
            "rules/t/a.toml:11:18: bad regular expression: unclosed group",
        ),
        (
            format!("{HEAD}[[match]]\nnone = []{TAIL}"),
            "rules/t/a.toml:10:1: a match needs a condition in `all` or `any`",
        ),
        (
            format!("{HEAD}[[match]]\nall = [{{ install = 1 }}]{TAIL}"),
            "rules/t/a.toml:11:20: expected true or false, found integer",
        ),
        (format!("{HEAD}{TAIL}"), "rules/t/a.toml:1:1: a rule on facts needs a `[[match]]`"),
        (HEAD.replace("why = \"w\"\n", ""), "rules/t/a.toml:1:1: `why` is missing"),
    ];
    for (text, wanted) in cases {
        assert_eq!(error(&text), wanted);
    }
    assert!(error("id = ").starts_with("rules/t/a.toml:1:"));
}

#[test]
fn an_id_that_is_taken_is_refused() {
    let text = format!("{HEAD}[[match]]\nall = [{{ kind = \"call\" }}]{TAIL}");
    let folder = tempfile::tempdir().expect("folder");
    std::fs::create_dir(folder.path().join("t")).expect("folder");
    std::fs::write(folder.path().join("t/a.toml"), &text).expect("file");
    let first = RuleSet::default().load_dir(folder.path()).expect("valid");
    assert!(first.get("t/a").is_some() && first.digest() != RuleSet::default().digest());
    assert!(first.load_dir(folder.path()).expect_err("twice").message.contains("already there"));
}

#[test]
fn complete_fills_in_what_the_rule_says() {
    let rules = set("[[match]]\nall = [{ kind = \"call\" }]");
    let done = rules.complete(Finding::new("t/a", "m", Vec::new()));
    assert_eq!(
        (done.severity, done.confidence, done.help.as_str()),
        (Severity::High, Confidence::Medium, "f")
    );
    let unknown = Finding::new("x/y", "m", Vec::new());
    assert_eq!(rules.complete(unknown.clone()), unknown);
}

#[test]
fn the_page_of_a_rule_says_everything() {
    let rules = set("[[match]]\nall = [{ kind = \"call\" }]");
    insta::assert_snapshot!(rules.explain("t/a").expect("known"), @r"
    t/a: does it
    severity high, confidence medium
    matched on facts of the parsers

    why
      w

    what to do
      f

    what it cannot see
      b

    references
      CWE-506

    must match: a.js
      x

    must not match: a.js
      y
    ");
    assert_eq!(rules.nearest("t/b"), Some("t/a"));
    assert!(rules.explain("t/b").is_none());
}

/// The built-in table lists exactly the files of `rules/`.
#[test]
fn the_table_lists_the_folder() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    read_folder(&root.join("rules"), &root.join("rules"), &mut files).expect("readable");
    // `rules/api` holds lists of what library functions reach, `rules/prose` words; the parsers
    // read them.
    files.retain(|(id, _)| !id.starts_with("api/") && !id.starts_with("prose/"));
    files.sort();
    let ids: Vec<_> = files.iter().map(|(id, _)| id.as_str()).collect();
    let listed: Vec<_> = table::TABLE.iter().map(|(id, _)| *id).collect();
    if ids != listed && std::env::var_os("BOMVET_UPDATE").is_some() {
        let path = root.join("src/rules/table.rs");
        let text = std::fs::read_to_string(&path).expect("readable");
        let (head, _) = text.split_once("\ntable! {").expect("the macro's call");
        let body: String = ids.iter().map(|id| format!("    \"{id}\",\n")).collect();
        std::fs::write(&path, format!("{head}\ntable! {{\n{body}}}\n")).expect("writable");
    }
    assert_eq!(ids, listed, "run `BOMVET_UPDATE=1 cargo test --lib rules::` to rewrite the table");
}

#[test]
fn every_built_in_rule_is_valid() {
    for (id, text) in table::TABLE {
        let file = format!("rules/{id}.toml");
        if let Err(error) = parse::parse(&file, id, text) {
            panic!("{error}");
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,200}", cut in 0usize..400) {
        let rule = format!("{HEAD}[[match]]\nall = [{{ kind = \"call\" }}]{TAIL}");
        let cut = (0..=cut.min(rule.len())).rev().find(|&at| rule.is_char_boundary(at)).unwrap_or(0);
        let _ = parse::parse("f", "t/a", &text);
        let _ = parse::parse("f", "t/a", &format!("{}{text}", &rule[..cut]));
    }

    /// The index gives what a plain search gives.
    #[test]
    fn the_index_finds_what_a_search_finds(
        names in proptest::collection::vec("(node:)?[a-c]{1,3}(\\.[a-c])?", 0..30),
        pattern in "(node:)?[a-c]?\\*?[a-c]?",
    ) {
        prop_assume!(!pattern.is_empty());
        let rules = set(&format!("[[match]]\nscope = \"package\"\nall = [{{ kind = \"call\", name = \"{pattern}\" }}]"));
        let facts: Vec<_> = names.iter().enumerate().map(|(at, name)| fact(FactKind::Call, name, "a", at)).collect();
        let wanted = names.iter().any(|name| Glob::name(&pattern).matches(name));
        prop_assert_eq!(rules.evaluate(&facts).len(), usize::from(wanted));
    }
}
