//! A real package with its real statement on how it was built, from a registry on this machine: what
//! holds is shown, what does not is denied.

use base64::Engine as _;
use serde_json::{Value, json};
use sha2::Digest as _;

use crate::project::{Project, package, text};
use crate::registry_errors::{json as online_json, online, user_npmrc};
use crate::server::{Answer, Server};

const STATEMENTS: &str = "/-/npm/v1/attestations/sigstore@5.0.0";

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fixtures/provenance/npm/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// What the registry says of the package; the version before has statements, this one's may be left out.
fn packument(repository: &str, attested: bool) -> Vec<u8> {
    let place = |version: &str| json!({"url": format!("https://registry.npmjs.org/-/npm/v1/attestations/sigstore@{version}")});
    let version = |version: &str, attested: bool| {
        let mut dist = json!({"shasum": "da39a3ee5e6b4b0d3255bfef95601890afd80709"});
        if attested {
            dist["attestations"] = place(version);
        }
        json!({"name": "sigstore", "version": version, "repository": {"url": repository}, "dist": dist})
    };
    json!({
        "name": "sigstore",
        "dist-tags": {"latest": "5.0.0"},
        "time": {"created": "2022-01-01T00:00:00Z", "5.0.0-rc.1": "2026-05-01T00:00:00Z", "5.0.0": "2026-06-01T00:00:00Z"},
        "versions": {"5.0.0-rc.1": version("5.0.0-rc.1", true), "5.0.0": version("5.0.0", attested)},
    })
    .to_string()
    .into_bytes()
}

/// The project, and the registry that it asks.
fn world(packument: Vec<u8>, statements: Answer) -> (Project, Server) {
    let archive = fixture("sigstore-5.0.0.tgz");
    let integrity = base64::engine::general_purpose::STANDARD.encode(sha2::Sha512::digest(&archive));
    let server = Server::start(&[
        ("/sigstore", vec![Answer::Ok(packument)]),
        ("/sigstore/-/sigstore-5.0.0.tgz", vec![Answer::Ok(archive)]),
        (STATEMENTS, vec![statements]),
    ]);
    let project = Project::new();
    let root =
        json!({"name": "app", "version": "1.0.0", "license": "MIT", "dependencies": {"sigstore": "5.0.0"}});
    let lock = json!({
        "name": "app", "version": "1.0.0", "lockfileVersion": 3, "requires": true,
        "packages": {
            "": root,
            "node_modules/sigstore": {"version": "5.0.0", "license": "Apache-2.0", "integrity": format!("sha512-{integrity}")},
        },
    });
    project.write("package.json", root.to_string());
    project.write("package-lock.json", lock.to_string());
    user_npmrc(&project, &format!("registry={}\n", server.url()));
    (project, server)
}

const OWN: &str = "git+https://github.com/sigstore/sigstore-js.git";

/// State, and rules of findings on provenance.
fn outcome(document: &Value) -> (String, Vec<String>, String) {
    let found = package(document, "sigstore");
    let state = found["origin"]["provenance"]["state"].as_str().unwrap_or("none").to_owned();
    let rules = found["findings"].as_array().unwrap().iter().filter_map(|finding| {
        let rule = finding["rule"].as_str()?;
        rule.starts_with("origin/provenance")
            .then(|| format!("{} {rule}", finding["severity"].as_str().unwrap()))
    });
    (state, rules.collect(), found["verdict"].as_str().unwrap().to_owned())
}

#[test]
fn a_real_statement_is_verified_and_shown() {
    let (project, server) = world(packument(OWN, true), Answer::Ok(fixture("sigstore-5.0.0.json")));
    let document = online_json(&project, &["--origin"]);
    let found = package(&document, "sigstore");
    assert_eq!(outcome(&document), ("verified".to_owned(), vec![], "approve".to_owned()), "{found:#}");
    insta::assert_snapshot!(serde_json::to_string_pretty(&found["origin"]["provenance"]).unwrap(), @r#"
    {
      "state": "verified",
      "repository": "https://github.com/sigstore/sigstore-js",
      "workflow": "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main",
      "commit": "7d2900eca1c22b3f87c13987c8d4b7c9a29b733a",
      "reference": "refs/heads/main",
      "trigger": "push",
      "run": "https://github.com/sigstore/sigstore-js/actions/runs/26781866618/attempts/1",
      "signer": "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main",
      "issuer": "https://token.actions.githubusercontent.com",
      "logged": 1780347770,
      "log-index": 1697019812,
      "root": "2026-11-05"
    }
    "#);
    let explained = project
        .bomvet()
        .arg("explain")
        .arg(project.out().join("bom.cdx.json"))
        .arg("sigstore")
        .output()
        .unwrap();
    let explained = text(&explained.stdout);
    let line = explained
        .lines()
        .find(|line| line.starts_with("provenance:"))
        .unwrap_or_else(|| panic!("{explained}"));
    assert_eq!(
        line,
        "provenance: verified (https://github.com/sigstore/sigstore-js, workflow https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main, commit 7d2900eca1c22b3f87c13987c8d4b7c9a29b733a)"
    );
    // The registry's address of them names another host: the configured registry is asked.
    assert!(server.paths().iter().any(|path| path == STATEMENTS), "{:?}", server.paths());
    // What was got is kept: the second run asks nobody.
    let asked = server.paths().len();
    assert_eq!(outcome(&project.audit(&["--origin"])), outcome(&document));
    assert_eq!(server.paths().len(), asked);
    // Years later the built-in trust root is old, and says so.
    let mut later = project.bomvet();
    later.args(project.audit_args()).args(["--origin", "--format", "json"]);
    let later = later.env("SOURCE_DATE_EPOCH", "1830000000").output().unwrap();
    let later: Value = serde_json::from_slice(&later.stdout).unwrap();
    assert_eq!(outcome(&later).0, "verified");
    assert!(
        later["notes"].to_string().contains("trust root of 2026-11-05, which has expired"),
        "{}",
        later["notes"]
    );
}

#[test]
fn what_does_not_hold_is_denied_and_the_rest_is_said() {
    let whole = || String::from_utf8(fixture("sigstore-5.0.0.json")).unwrap();
    let forged = whole().replacen("\"treeSize\": \"1575115587\"", "\"treeSize\": \"1575115588\"", 1);
    assert_ne!(forged, whole());
    let answer = |text: String| Answer::Ok(text.into_bytes());
    let known = "no statement by who built it, only another's";
    let cases = [
        ("forged", packument(OWN, true), answer(forged), "invalid", "high origin/provenance-invalid", "deny"),
        (
            "of another version",
            packument(OWN, true),
            Answer::Ok(fixture("sigstore-0.4.0.json")),
            "invalid",
            "high origin/provenance-invalid",
            "deny",
        ),
        (
            "no answer that is one",
            packument(OWN, true),
            answer("<html>".into()),
            "invalid",
            "high origin/provenance-invalid",
            "deny",
        ),
        (
            "not there",
            packument(OWN, true),
            Answer::Status(404, vec![]),
            "unchecked",
            "medium origin/provenance-unchecked",
            "approve",
        ),
        (
            "too large",
            packument(OWN, true),
            Answer::Announce(1 << 40),
            "unchecked",
            "medium origin/provenance-unchecked",
            "approve",
        ),
        (
            known,
            packument(OWN, true),
            answer("{\"attestations\":[]}".into()),
            "unchecked",
            "medium origin/provenance-unchecked",
            "approve",
        ),
        (
            "of a later kind",
            packument(OWN, true),
            answer(whole().replace("bundle.v0.3", "bundle.v0.4")),
            "unchecked",
            "medium origin/provenance-unchecked",
            "approve",
        ),
        (
            "from another repository",
            packument("https://github.com/attacker/sigstore-js", true),
            answer(whole()),
            "verified",
            "medium origin/provenance-mismatch",
            "approve",
        ),
        ("lost", packument(OWN, false), answer(whole()), "none", "medium origin/provenance-lost", "approve"),
    ];
    for (what, packument, statements, state, rule, verdict) in cases {
        let (project, _server) = world(packument, statements);
        let document = online_json(&project, &["--origin"]);
        let expected = (state.to_owned(), vec![rule.to_owned()], verdict.to_owned());
        assert_eq!(outcome(&document), expected, "{what}: {:#}", package(&document, "sigstore"));
    }
}

/// A registry that cannot be asked costs a note; nothing is claimed.
#[test]
fn an_answer_that_cannot_be_had_is_a_note() {
    let (project, _server) = world(packument(OWN, true), Answer::Status(500, vec![]));
    let document = online_json(&project, &["--origin"]);
    assert_eq!(outcome(&document), ("unchecked".to_owned(), vec![], "approve".to_owned()));
    let notes: Vec<_> = document["notes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(
        notes.iter().any(|note| note.starts_with("the provenance of sigstore@5.0.0 was not verified")),
        "{notes:?}"
    );
    let run = online(&project, &["--origin"]);
    assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
}
