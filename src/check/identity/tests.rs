use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::model::{Contents, Ecosystem, File, Location, Provenance};

fn package(ecosystem: Ecosystem, name: &str, version: &str) -> Package {
    Package::registry(
        ecosystem,
        name,
        version,
        Location { file: Arc::from("package-lock.json"), line: 7, column: 5 },
    )
}

fn show(ecosystem: Ecosystem, names: &[&str]) -> String {
    let packages: Vec<_> = names.iter().map(|name| package(ecosystem, name, "1.0.0")).collect();
    let findings = findings(&packages);
    let lines: Vec<_> = findings
        .iter()
        .map(|(_, finding)| {
            format!("{}/{}: {}", finding.severity.as_str(), finding.confidence.as_str(), finding.message)
        })
        .collect();
    lines.join("\n")
}

#[test]
fn imitations_of_popular_npm_names() {
    let names = [
        "crossenv",
        "electorn",
        "loadsh",
        "lodahs",
        "l0dash",
        "expresss",
        "expres",
        "chaulk",
        "\u{430}xios",
        "babelcli",
        "@bable/core",
        "types-node",
        "lodash-js",
        "cornmander",
        "fetch-node",
        "discord.jss",
        "typescirpt",
        "comander",
    ];
    insta::assert_snapshot!(show(Ecosystem::Npm, &names), @r"
    high/medium: `@bable/core` swaps two letters of `@babel/core`
    high/medium: `аxios` looks like `axios`
    high/medium: `comander` repeats or drops a double letter of `commander`
    high/medium: `cornmander` looks like `commander`
    medium/medium: `crossenv` differs only in separators or case from `cross-env`
    medium/medium: `electorn` swaps two letters of `electron`
    high/medium: `expres` repeats or drops a double letter of `express`
    high/medium: `expresss` repeats or drops a double letter of `express`
    medium/low: `fetch-node` has the words in another order than `node-fetch`
    high/medium: `l0dash` looks like `lodash`
    high/medium: `loadsh` swaps two letters of `lodash`
    high/medium: `lodahs` swaps two letters of `lodash`
    low/low: `lodash-js` is one letter away from `lodash-es`
    medium/low: `types-node` writes the scope into the name of `@types/node`
    high/medium: `typescirpt` swaps two letters of `typescript`
    ");
}

#[test]
fn imitations_of_popular_crates() {
    let names = [
        "serd",
        "rustdecimal",
        "proc-macro1",
        "sydn",
        "tokoi",
        "libcc",
        "serde_jsonn",
        "crossbeam-utlis",
        "rnio",
    ];
    insta::assert_snapshot!(show(Ecosystem::Cargo, &names), @r"
    high/medium: `crossbeam-utlis` swaps two letters of `crossbeam-utils`
    medium/low: `proc-macro1` differs in a number from `proc-macro2`
    medium/medium: `rustdecimal` differs only in separators or case from `rust_decimal`
    high/medium: `serde_jsonn` repeats or drops a double letter of `serde_json`
    medium/low: `tokoi` swaps two letters of `tokio`
    ");
}

#[test]
fn honest_names_imitate_nobody() {
    let npm =
        ["lodash", "cross-env", "react", "preact", "acorn", "es5-ext", "matchers", "@acme/lodash", "p-map"];
    assert_eq!(show(Ecosystem::Npm, &npm), "");
    let crates = ["serde", "serde_json", "serde-json", "proc-macro2", "mio", "syn", "quote", "rand"];
    assert_eq!(show(Ecosystem::Cargo, &crates), "");
}

#[test]
fn the_project_itself_imitates_nobody() {
    let mut own = package(Ecosystem::Npm, "loadsh", "1.0.0");
    own.first_party = true;
    assert_eq!(findings(&[own]), []);
}

/// Names of real lockfiles: none may be denied, and few may be asked about at all.
#[test]
fn real_projects_are_left_in_peace() {
    let data = std::env::var_os("BOMVET_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let mut packages = Vec::new();
    let own = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock"))
        .expect("Cargo.lock");
    let wasmtime = std::fs::read_to_string(data.join("lockfiles/wasmtime/Cargo.lock"));
    if wasmtime.is_err() {
        eprintln!("partly skipped: no lockfiles in BOMVET_DATA or ../shared/data");
    }
    for text in [Ok(own), wasmtime].into_iter().flatten() {
        let names = text.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
        packages.extend(names.map(|name| package(Ecosystem::Cargo, name, "1.0.0")));
    }
    let mut files = Vec::new();
    find(&data.join("lockfiles"), &mut files);
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let Ok(json) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
        let entries = json.get("packages").or_else(|| json.get("dependencies")).and_then(|v| v.as_object());
        let names =
            entries.into_iter().flatten().map(|(key, _)| key.rsplit("node_modules/").next().unwrap_or(key));
        packages
            .extend(names.filter(|name| !name.is_empty()).map(|name| package(Ecosystem::Npm, name, "1.0.0")));
    }
    packages.sort();
    packages.dedup();
    let found = findings(&packages);
    let shown: Vec<_> = found
        .iter()
        .map(|(_, f)| format!("{}/{} {}", f.severity.as_str(), f.confidence.as_str(), f.message))
        .collect();
    eprintln!("{} names, {} findings:\n{}", packages.len(), found.len(), shown.join("\n"));
    assert!(found.iter().all(|(_, finding)| finding.severity < Severity::High), "{shown:#?}");
    assert!(found.len() * 50 < packages.len(), "{shown:#?}");
}

/// The less popular half of the list is honest too: were its names unknown, how many would be
/// taken for imitations worth a denial?
#[test]
fn honest_names_are_seldom_taken_for_imitations() {
    let (mut looked_at, mut taken) = (0, Vec::new());
    for ecosystem in [Ecosystem::Npm, Ecosystem::Cargo] {
        let list = super::popular::of(ecosystem);
        for name in list.names[top(ecosystem)..].iter().step_by(3) {
            looked_at += 1;
            let squat = super::squat::imitates(ecosystem, list, name);
            if let Some(squat) = squat.filter(|squat| squat.close && squat.rank < top(ecosystem)) {
                taken.push(format!("{name} {} {}", squat.how, squat.popular));
            }
        }
    }
    eprintln!("{} of {looked_at}: {}", taken.len(), taken.join("; "));
    assert!(taken.len() * 500 < looked_at, "{taken:#?}");
}

fn find(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            find(&path, into);
        } else if path.file_name().is_some_and(|name| name == "package-lock.json") {
            into.push(path);
        }
    }
}

fn contents(path: &str, text: &str) -> Contents {
    let files = vec![File { path: Arc::from(path), range: 0..text.len(), executable: false }];
    Contents::new(Provenance::Unverified("test".to_owned()), None, files, Arc::new(text.as_bytes().to_vec()))
}

#[test]
fn manifests_that_name_something_else() {
    let npm = contents("package.json", "{\n  \"name\": \"left-pat\",\n  \"version\": \"1.3.1\"\n}\n");
    let cargo = contents("Cargo.toml", "[package]\nname = \"left-pad\"\nversion = \"1.3.1\"\n");
    let mut lines = Vec::new();
    for (ecosystem, contents) in [(Ecosystem::Npm, &npm), (Ecosystem::Cargo, &cargo)] {
        for finding in in_contents(&package(ecosystem, "left-pad", "1.3.0"), contents) {
            let span = &finding.spans[0];
            lines.push(format!(
                "{} {}:{}:{} {}",
                finding.rule, span.file, span.line, span.column, finding.message
            ));
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    identity/name-mismatch package.json:2:11 the lockfile asks for `left-pad`, the archive's package.json says `left-pat`
    identity/version-mismatch package.json:3:14 the lockfile asks for version 1.3.0, the archive's package.json says 1.3.1
    identity/version-mismatch Cargo.toml:3:11 the lockfile asks for version 1.3.0, the archive's Cargo.toml says 1.3.1
    ");
}

#[test]
fn what_npm_cleans_is_no_difference() {
    let npm = package(Ecosystem::Npm, "x", "1.2.3");
    assert!(
        ["1.2.3", "v1.2.3", "=1.2.3", " 1.2.3 ", "1.2.3+build.5"]
            .iter()
            .all(|v| manifest_findings(&npm, "x", v).is_empty())
    );
    assert_eq!(manifest_findings(&npm, "x", "1.2.4").len(), 1);
    let cargo = package(Ecosystem::Cargo, "x", "1.2.3");
    assert_eq!(manifest_findings(&cargo, "x", "1.2.3+build").len(), 1);
    let mut git = npm;
    git.source = Source::Git { url: "https://git.invalid/y".to_owned(), commit: None };
    assert_eq!(manifest_findings(&git, "y", "9.9.9"), []);
}
