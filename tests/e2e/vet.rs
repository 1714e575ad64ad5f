//! `bomvet vet`, against what `cargo vet` answers.
#![allow(clippy::disallowed_methods, reason = "runs the programs that are compared")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vet")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every case in a project of its own.
fn cases() -> Vec<(Value, tempfile::TempDir)> {
    let mut paths: Vec<_> =
        std::fs::read_dir(fixtures().join("cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let cases = paths.iter().map(|path| {
        let case: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        copy(&fixtures().join("project"), dir.path());
        std::fs::create_dir(dir.path().join("supply-chain")).unwrap();
        for file in ["config.toml", "audits.toml", "imports.lock"] {
            std::fs::write(dir.path().join("supply-chain").join(file), case[file].as_str().unwrap()).unwrap();
        }
        (case, dir)
    });
    cases.collect()
}

fn bomvet(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bomvet"))
        .args(args)
        .env("SOURCE_DATE_EPOCH", "1795651200")
        .env("BOMVET_STORE", folder.join("store"))
        .current_dir(folder)
        .output()
        .unwrap()
}

/// The small real project, with its audits as published; `config` is one of its two configurations.
fn real(config: &str) -> tempfile::TempDir {
    let (from, dir) = (fixtures().join("real"), tempfile::tempdir().unwrap());
    copy(&from.join("src"), &dir.path().join("src"));
    std::fs::create_dir(dir.path().join("supply-chain")).unwrap();
    for (file, to) in [
        ("Cargo.toml", "Cargo.toml"),
        ("Cargo.lock", "Cargo.lock"),
        ("audits.toml", "supply-chain/audits.toml"),
        ("imports.lock", "supply-chain/imports.lock"),
        (config, "supply-chain/config.toml"),
    ] {
        std::fs::copy(from.join(file), dir.path().join(to)).unwrap();
    }
    dir
}

const REAL: [(&str, &str); 2] =
    [("config.toml", "answer.json"), ("config-exempted.toml", "answer-exempted.json")];

/// Mozilla's, Google's and the Bytecode Alliance's audits cover the same packages for both.
#[test]
fn a_real_project_is_covered_as_cargo_vet_covers_it() {
    for (config, answer) in REAL {
        let dir = real(config);
        let run = bomvet(dir.path(), &["vet", "check", "--lockfile-only", "--format", "json"]);
        let ours: Value = serde_json::from_slice(&run.stdout).unwrap();
        let standings: BTreeMap<String, String> = ours["packages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|package| {
                let text = |key: &str| package[key].as_str().unwrap().to_owned();
                (format!("{}:{}", text("name"), text("version")), text("standing"))
            })
            .collect();
        let answer = std::fs::read_to_string(fixtures().join("real").join(answer)).unwrap();
        let theirs: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(ours["conclusion"], theirs["conclusion"], "{config}");
        let mut expected = BTreeMap::new();
        for (list, standing) in LISTS {
            for name in theirs[list].as_array().into_iter().flatten() {
                expected.insert(name.as_str().unwrap().to_owned(), standing.to_owned());
            }
        }
        // Where something fails, cargo vet lists that alone.
        let listed: BTreeMap<String, String> = match theirs["conclusion"] == "success" {
            true => standings.clone(),
            false => standings
                .iter()
                .filter(|(_, how)| *how == "unvetted")
                .map(|(name, how)| (name.clone(), how.clone()))
                .collect(),
        };
        assert_eq!(listed, expected, "{config}");
        assert_eq!(standings.len(), 44);
    }
}

/// The lists of cargo-vet's JSON, and what `bomvet vet` calls those on them.
const LISTS: [(&str, &str); 4] = [
    ("vetted_fully", "audited"),
    ("vetted_partially", "partly-audited"),
    ("vetted_with_exemptions", "exempted"),
    ("failures", "unvetted"),
];

/// The package with the standing that cargo-vet's own JSON gives it.
fn said(document: &Value) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for (list, standing) in LISTS {
        for package in document[list].as_array().into_iter().flatten() {
            let name =
                format!("{}:{}", package["name"].as_str().unwrap(), package["version"].as_str().unwrap());
            out.insert(name, standing.to_owned());
        }
    }
    out
}

#[test]
fn each_conclusion_has_its_code() {
    for (case, dir) in cases() {
        // Without cargo's answer every edge counts as one of run time: what is found is never more
        // than cargo vet finds.
        let run = bomvet(dir.path(), &["vet", "check", "--lockfile-only", "--format", "json"]);
        let code = run.status.code().unwrap();
        let (name, conclusion) = (&case["name"], case["cargo-vet"]["conclusion"].as_str().unwrap());
        match conclusion {
            "error" => {
                assert_eq!(code, 2, "{name}");
                assert!(run.stdout.is_empty(), "{name}");
                assert!(String::from_utf8_lossy(&run.stderr).contains("error: "), "{name}");
            }
            "success" => assert!(code <= 1, "{name}: {code}"),
            _ => assert_eq!(code, 1, "{name}"),
        }
    }
}

#[test]
fn cargo_vet_says_the_same() {
    if std::env::var_os("BOMVET_DIFFERENTIAL").is_none() {
        return;
    }
    let real = REAL.map(|(config, _)| (serde_json::json!({ "name": config }), real(config)));
    for (case, dir) in cases().into_iter().chain(real) {
        let vet = Command::new("cargo")
            .args(["vet", "--locked", "--frozen", "--output-format=json"])
            .current_dir(dir.path())
            .output()
            .unwrap();
        let theirs: Value = serde_json::from_slice(&vet.stdout).unwrap_or_default();
        let run = bomvet(dir.path(), &["vet", "check", "--offline", "--format", "json"]);
        let Some(conclusion) = theirs["conclusion"].as_str() else {
            assert_eq!(run.status.code(), Some(2), "{}", case["name"]);
            continue;
        };
        let ours: Value = serde_json::from_slice(&run.stdout).unwrap();
        assert_eq!(ours["conclusion"].as_str(), Some(conclusion), "{}", case["name"]);
        for (name, standing) in said(&theirs) {
            let found = ours["packages"].as_array().unwrap().iter().find(|package| {
                format!("{}:{}", package["name"].as_str().unwrap(), package["version"].as_str().unwrap())
                    == name
            });
            assert_eq!(found.unwrap()["standing"], standing.as_str(), "{}: {name}", case["name"]);
        }
    }
}

#[test]
fn approved_packages_are_exported_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let list = r#"[{"name": "log", "version": "0.4.35", "who": ["A <a@a.invalid>"], "notes": "read"}, {"name": "hex", "version": "0.4.3", "criteria": ["safe-to-run"]}, {"name": "log", "version": "0.4.9"}]"#;
    std::fs::write(dir.path().join("approved.json"), list).unwrap();
    let run = bomvet(dir.path(), &["vet", "export", "approved.json"]);
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
    let expected = "\n# cargo-vet audits file\n\n[[audits.hex]]\ncriteria = \"safe-to-run\"\nversion = \"0.4.3\"\n\n[[audits.log]]\ncriteria = \"safe-to-deploy\"\nversion = \"0.4.9\"\n\n[[audits.log]]\nwho = \"A <a@a.invalid>\"\ncriteria = \"safe-to-deploy\"\nversion = \"0.4.35\"\nnotes = \"read\"\n";
    assert_eq!(String::from_utf8_lossy(&run.stdout), expected);
    std::fs::write(dir.path().join("approved.json"), list.replace("0.4.9", "0.4")).unwrap();
    assert_eq!(bomvet(dir.path(), &["vet", "export", "approved.json"]).status.code(), Some(2));
}
