//! Files that are no lockfiles: a clear error, never a panic.

use proptest::prelude::*;

use super::*;

fn with(lockfile: &str) -> Result<Resolution, ResolveError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("package-lock.json"), lockfile).unwrap();
    resolve_file(folder.path(), "package-lock.json", &Options::default())
}

#[test]
fn errors_say_what_where_and_what_to_do() {
    let cases = [
        "",
        " \n",
        "{\n  \"lockfileVersion\": 3,\n  \"packages\": {\n",
        "not json",
        "[]",
        "{}",
        "{\"lockfileVersion\": 4}",
        "{\"lockfileVersion\": \"3\"}",
        "{\n  \"lockfileVersion\": 3}",
        "{\"lockfileVersion\": 2, \"dependencies\": {}}",
        "{\"lockfileVersion\": 3, \"packages\": []}",
        "{\"lockfileVersion\": 3, \"packages\": {\"\": 1}}",
        "{\"lockfileVersion\": 3, \"packages\": {\"node_modules/a\": {\"version\": 1}}}",
        "{\"lockfileVersion\": 3, \"packages\": {\"\": {\"dependencies\": {\"a\": null}}}}",
        "{\"lockfileVersion\": 3, \"packages\": {\"node_modules/a\": {\"inBundle\": \"yes\"}}}",
        "{\"lockfileVersion\": 1, \"dependencies\": {\"a\": {\"dependencies\": []}}}",
        "{\n<<<<<<< HEAD\n  \"lockfileVersion\": 3,\n=======\n  \"lockfileVersion\": 2,\n>>>>>>> other\n}",
    ];
    let got: Vec<_> = cases.iter().map(|text| format!("{text:?}\n{}", with(text).unwrap_err())).collect();
    insta::assert_snapshot!(got.join("\n\n"), @r#"
    ""
    package-lock.json:1:1: the file is empty
      help: write it again with `npm install --package-lock-only`

    " \n"
    package-lock.json:1:1: the file is empty
      help: write it again with `npm install --package-lock-only`

    "{\n  \"lockfileVersion\": 3,\n  \"packages\": {\n"
    package-lock.json:4:1: not JSON: the text ends within an object that starts in line 3
      help: write it again with `npm install --package-lock-only`

    "not json"
    package-lock.json:1:1: not JSON: expected a value, found `n`
      help: write it again with `npm install --package-lock-only`

    "[]"
    package-lock.json:1:1: expected an object, found an array
      help: write it again with `npm install --package-lock-only`

    "{}"
    package-lock.json:1:1: `lockfileVersion` is missing
      help: npm before version 5 wrote such files, and package.json is none; write it again with `npm install --package-lock-only`

    "{\"lockfileVersion\": 4}"
    package-lock.json:1:21: lockfileVersion 4 is not known, only 1, 2 and 3 are
      help: look for a newer bomvet, or write version 3 with `npm install --package-lock-only --lockfile-version 3`

    "{\"lockfileVersion\": \"3\"}"
    package-lock.json:1:21: `lockfileVersion` must be a number, found a string
      help: npm writes no such file; write it again with `npm install --package-lock-only`

    "{\n  \"lockfileVersion\": 3}"
    package-lock.json:2:22: `packages` is missing, which lockfileVersion 3 must have
      help: write it again with `npm install --package-lock-only`

    "{\"lockfileVersion\": 2, \"dependencies\": {}}"
    package-lock.json:1:21: `packages` is missing, which lockfileVersion 2 must have
      help: write it again with `npm install --package-lock-only`

    "{\"lockfileVersion\": 3, \"packages\": []}"
    package-lock.json:1:36: `packages` must be an object, found an array
      help: npm writes no such file; write it again with `npm install --package-lock-only`

    "{\"lockfileVersion\": 3, \"packages\": {\"\": 1}}"
    package-lock.json:1:41: the entry `` must be an object, found a number
      help: npm writes no such file; write it again with `npm install --package-lock-only`

    "{\"lockfileVersion\": 3, \"packages\": {\"node_modules/a\": {\"version\": 1}}}"
    package-lock.json:1:67: `version` must be a string, found a number
      help: npm writes no such file; write it again with `npm install --package-lock-only`

    "{\"lockfileVersion\": 3, \"packages\": {\"\": {\"dependencies\": {\"a\": null}}}}"
    package-lock.json:1:64: `a` in `dependencies` must be a string, found null
      help: npm writes no such file; write it again with `npm install --package-lock-only`

    "{\"lockfileVersion\": 3, \"packages\": {\"node_modules/a\": {\"inBundle\": \"yes\"}}}"
    package-lock.json:1:68: `inBundle` must be true or false, found a string
      help: npm writes no such file; write it again with `npm install --package-lock-only`

    "{\"lockfileVersion\": 1, \"dependencies\": {\"a\": {\"dependencies\": []}}}"
    package-lock.json:1:63: `dependencies` must be an object, found an array
      help: npm writes no such file; write it again with `npm install --package-lock-only`

    "{\n<<<<<<< HEAD\n  \"lockfileVersion\": 3,\n=======\n  \"lockfileVersion\": 2,\n>>>>>>> other\n}"
    package-lock.json:2:1: a merge conflict is not resolved (`<<<<<<<`)
      help: resolve it (`npm install --package-lock-only` does so for a lockfile), then audit again
    "#);
}

#[test]
fn a_lockfile_that_is_not_there_or_not_text() {
    let folder = tempfile::tempdir().unwrap();
    let error = resolve_file(folder.path(), "package-lock.json", &Options::default()).unwrap_err();
    assert!(matches!(error, ResolveError::Read { .. }));
    std::fs::write(folder.path().join("package-lock.json"), b"{\n\xff}").unwrap();
    let error = resolve_file(folder.path(), "package-lock.json", &Options::default()).unwrap_err();
    insta::assert_snapshot!(error, @r#"
    package-lock.json:2:1: not UTF-8
      help: write the file again with the package manager
    "#);
}

#[test]
fn a_broken_manifest_is_an_error_of_that_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("package-lock.json"), "{\"lockfileVersion\":3,\"packages\":{}}")
        .unwrap();
    std::fs::write(folder.path().join("package.json"), "{\"dependencies\": [\n").unwrap();
    let error = resolve_file(folder.path(), "package-lock.json", &Options::default()).unwrap_err();
    insta::assert_snapshot!(error, @r#"
    package.json:2:1: not JSON: the text ends within an array that starts in line 1
      help: correct it; npm cannot read it either
    "#);
}

#[test]
fn deep_nesting_and_link_cycles_end() {
    let deep =
        format!("{{\"lockfileVersion\":1,\"dependencies\":{}", "{\"a\":{\"dependencies\":".repeat(100_000));
    assert!(with(&deep).unwrap_err().to_string().contains("nested more than 512 levels deep"));
    let cycle = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"a": "file:node_modules/b"}},
        "node_modules/a": {"resolved": "node_modules/b", "link": true},
        "node_modules/b": {"resolved": "node_modules/a", "link": true}}}"#;
    assert!(findings(&with(cycle).unwrap()).contains("lockfile/dangling"));
}

#[test]
fn a_hundred_thousand_packages_in_one_line_take_linear_time() {
    let size = |n: usize| {
        let mut text = String::from("{\"lockfileVersion\":3,\"packages\":{\"\":{}");
        for at in 0..n {
            let next = (at * 7 + 1) % n;
            write!(text, ",\"node_modules/p{at}\":{{\"version\":\"1.0.0\",\"dependencies\":{{\"p{next}\":\"^1.0.0\"}}}}")
                .unwrap();
        }
        text + "}}"
    };
    let resolution = with(&size(100_000)).unwrap();
    assert_eq!(resolution.packages.len(), 100_001);
    assert_eq!(resolution.dependencies.len(), 100_000);
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let word = prop::sample::select(vec![
        "",
        "a",
        "1.0.0",
        "^1.0.0",
        "node_modules/a",
        "npm:b@1",
        "file:../x",
        "..",
        "https://h.invalid/a/-/a-1.0.0.tgz",
        "git+ssh://h.invalid/r#main",
        "sha512-x",
        "packages",
        "@s/a",
        "\u{202e}é",
        "node_modules/a/node_modules/@s/b",
    ]);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        (0..5).prop_map(Into::into),
        word.clone().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    let key = prop::sample::select(vec![
        "",
        "a",
        "node_modules/a",
        "node_modules/a/node_modules/a",
        "node_modules/@s/b",
        "node_modules/",
        "../x",
        "version",
        "resolved",
        "integrity",
        "dependencies",
        "peerDependencies",
        "requires",
        "link",
        "inBundle",
        "bundled",
        "name",
        "é@",
        "optionalDependencies",
        "packages",
        "x/../y",
        "overrides",
        "@",
    ]);
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Into::into),
            prop::collection::vec((key.clone(), inner), 0..8).prop_map(|members| {
                members
                    .into_iter()
                    .map(|(key, value)| (key.to_owned(), value))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_json_panics(version in 0..5, value in any_json(), manifest in any_json()) {
        let text = serde_json::json!({"lockfileVersion": version, "packages": value, "dependencies": value}).to_string();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("package-lock.json"), text).unwrap();
        std::fs::write(folder.path().join("package.json"), manifest.to_string()).unwrap();
        if let Ok(resolution) = resolve_file(folder.path(), "package-lock.json", &Options::default()) {
            findings(&resolution);
            for edge in &resolution.dependencies {
                prop_assert!(resolution.packages.iter().any(|package| package.purl == edge.from));
                prop_assert!(resolution.packages.iter().any(|package| package.purl == edge.to));
            }
        }
    }

    /// A tree is made first, each package at the top or within the one that asks for it; then
    /// every requirement must lead to the version that was put there for it.
    #[test]
    fn every_edge_of_a_generated_tree_is_found(asks in prop::collection::vec((0usize..20, 0usize..20), 1..60)) {
        let mut packages = serde_json::Map::new();
        let mut wanted = BTreeSet::new();
        let mut entry = |path: &str, version: &str, asks: &[(String, String)]| {
            let dependencies: serde_json::Map<_, _> =
                asks.iter().map(|(name, version)| (name.clone(), version.clone().into())).collect();
            packages.insert(path.to_owned(), serde_json::json!({"version": version, "dependencies": dependencies}));
        };
        let mut by: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (from, to) in asks {
            by.entry(from).or_default().insert(to);
        }
        for from in 0..20 {
            // Odd requirements get a copy of their own with another version.
            let mut list = Vec::new();
            for to in by.get(&from).into_iter().flatten() {
                let version = if to % 2 == 1 { format!("2.0.{from}") } else { "1.0.0".to_owned() };
                if to % 2 == 1 {
                    entry(&format!("node_modules/p{from}/node_modules/p{to}"), &version, &[]);
                }
                wanted.insert((format!("pkg:npm/p{from}@1.0.0"), format!("pkg:npm/p{to}@{version}")));
                list.push((format!("p{to}"), version));
            }
            entry(&format!("node_modules/p{from}"), "1.0.0", &list);
        }
        entry("", "1.0.0", &[]);
        let text = serde_json::json!({"lockfileVersion": 3, "packages": packages}).to_string();
        let resolution = with(&text).unwrap();
        let got: BTreeSet<_> =
            resolution.dependencies.iter().map(|edge| (edge.from.clone(), edge.to.clone())).collect();
        prop_assert_eq!(got, wanted);
        prop_assert!(resolution.findings.iter().all(|(_, finding)| finding.rule == "lockfile/missing-integrity"));
    }
}
