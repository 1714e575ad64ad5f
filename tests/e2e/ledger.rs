//! `bomvet ledger`: decided, given to another, proven, tampered with.

use std::path::PathBuf;

use crate::project::{Project, text};

const PURL: &str = "pkg:npm/a@1.0.0";
const SUBJECT: &str = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";

fn ledger(project: &Project, args: &[&str]) -> (Option<i32>, String) {
    let run = project.bomvet().arg("ledger").args(args).output().unwrap();
    (run.status.code(), text(&run.stdout) + &text(&run.stderr))
}

fn own(project: &Project) -> PathBuf {
    project.home().join(".local/share/bomvet/ledger")
}

/// Somebody with a key.
fn user() -> Project {
    let project = Project::new();
    assert!(project.bomvet().args(["key", "new"]).output().unwrap().status.success());
    project
}

fn decide(project: &Project, how: &str, reason: &str) {
    let (code, said) = ledger(project, &["decide", PURL, "--subject", SUBJECT, how, "--reason", reason]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn decided_listed_proven_and_continued() {
    let project = user();
    decide(&project, "--clear", "read it all");
    let head = project.out().join("old.head");
    std::fs::copy(own(&project).join("ledger.head"), &head).unwrap();
    decide(&project, "--violation", "on second thought\u{1b}[31m");
    let (code, said) = ledger(&project, &["list", "--subject", PURL]);
    assert_eq!((code, said.lines().count()), (Some(0), 2), "{said}");
    assert!(said.contains("decision clear") && said.contains("decision violation"), "{said}");
    assert!(!said.contains('\u{1b}'), "{said}");
    let (code, proof) = ledger(&project, &["prove", "1"]);
    assert_eq!(code, Some(0), "{proof}");
    let file = project.out().join("proof.json");
    std::fs::write(&file, &proof).unwrap();
    assert_eq!(ledger(&project, &["check-proof", file.to_str().unwrap()]).0, Some(0));
    std::fs::write(&file, proof.replacen("\"index\": 1", "\"index\": 0", 1)).unwrap();
    assert_eq!(ledger(&project, &["check-proof", file.to_str().unwrap()]).0, Some(1));
    assert_eq!(ledger(&project, &["prove", "2"]).0, Some(2));
    let (code, said) = ledger(&project, &["verify", "--against", head.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("continues the 1 entries"), "{said}");
}

#[test]
fn entries_that_were_taken_away_are_noticed() {
    let project = user();
    decide(&project, "--clear", "one");
    decide(&project, "--violation", "two");
    let path = own(&project).join("ledger.jsonl");
    let full = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, full.split_inclusive('\n').next().unwrap()).unwrap();
    let (code, said) = ledger(&project, &["verify"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("speaks of 2 entries, there are 1"), "{said}");
    let args = ["decide", PURL, "--subject", SUBJECT, "--clear", "--reason", "x"];
    assert_eq!(ledger(&project, &args).0, Some(2));
}

#[test]
fn another_imports_only_from_whom_he_trusts() {
    let (me, them) = (user(), user());
    decide(&them, "--clear", "fine");
    let file = me.out().join("theirs");
    let (code, said) = ledger(&them, &["export", "--output", file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    let bytes = std::fs::read(&file).unwrap();
    let server = crate::server::Server::start(&[("/l", vec![crate::server::Answer::Ok(bytes)])]);
    let url = format!("http://{}/l", server.address);
    let folder = own(&them);
    for source in [file.to_str().unwrap(), &url, folder.to_str().unwrap()] {
        let (code, said) = ledger(&me, &["import", source, "--name", "them"]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("not trusted"), "{said}");
    }
    let jwk = them.home().join(".config/bomvet/key.jwk");
    assert!(me.bomvet().args(["key", "trust"]).arg(jwk).output().unwrap().status.success());
    for (name, source) in [("a", file.to_str().unwrap()), ("b", &url), ("c", folder.to_str().unwrap())] {
        let (code, said) = ledger(&me, &["import", source, "--name", name]);
        assert_eq!((code, said.as_str()), (Some(0), format!("{name}: 1 entries, 1 of them new\n").as_str()));
    }
    let (_, said) = ledger(&me, &["list"]);
    assert!(said.starts_with("a:0 ") && said.lines().count() == 3, "{said}");
    assert!(!own(&me).join("ledger.jsonl").exists(), "nothing is mixed in");
    assert_eq!(ledger(&me, &["import", &url, "--name", "../x"]).0, Some(2));
}
