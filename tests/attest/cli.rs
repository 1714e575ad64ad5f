//! `bomvet key` and `bomvet verify`, as people call them.

use std::path::Path;

use assert_cmd::Command;
use bomvet::attest::keys::Algorithm;
use bomvet::attest::{self, Options, SpecVersion};

use super::{published, sample, signer};

/// The program with an environment of its own: nothing of the user's is read or written.
fn bomvet(home: &Path) -> Command {
    let mut command = Command::cargo_bin("bomvet").unwrap();
    command.env_clear().env("HOME", home).env("XDG_CONFIG_HOME", home.join("config")).current_dir(home);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_key_is_made_once_and_private() {
    let home = tempfile::tempdir().unwrap();
    for algorithm in ["ed25519", "es256"] {
        let file = format!("{algorithm}.pem");
        let made =
            bomvet(home.path()).args(["key", "new", "--algorithm", algorithm, "-o", &file]).assert().code(0);
        let id = text(&made.get_output().stdout).trim().to_owned();
        let pem = std::fs::read_to_string(home.path().join(&file)).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(home.path().join(&file)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let again = bomvet(home.path()).args(["key", "new", "-o", &file]).assert().code(2);
        assert!(text(&again.get_output().stderr).contains("is there already"));
        bomvet(home.path()).args(["key", "new", "--if-missing", "-o", &file]).assert().code(0);
        assert_eq!(std::fs::read_to_string(home.path().join(&file)).unwrap(), pem);

        let shown = bomvet(home.path()).args(["key", "show", "--key", &file]).assert().code(0);
        assert!(text(&shown.get_output().stdout).contains(&id));
        // The same key by environment (text or path) and by standard input.
        for (env, args, stdin) in [
            (Some(pem.as_str()), &["key", "show"][..], ""),
            (Some(file.as_str()), &["key", "show"], ""),
            (None, &["key", "show", "--key", "-"], pem.as_str()),
        ] {
            let mut command = bomvet(home.path());
            command.args(args).write_stdin(stdin);
            if let Some(env) = env {
                command.env("BOMVET_KEY", env);
            }
            assert_eq!(command.assert().code(0).get_output().stdout, shown.get_output().stdout);
        }
        let list = bomvet(home.path()).args(["key", "trust", "--list"]).assert().code(0);
        assert!(text(&list.get_output().stdout).contains(&id), "a new key is trusted");
    }
    bomvet(home.path()).args(["key", "new"]).assert().code(0);
    assert!(home.path().join("config/bomvet/key.pem").is_file());
}

#[test]
fn verify_needs_trust_and_says_how() {
    let home = tempfile::tempdir().unwrap();
    let out = published(&sample::rich(), SpecVersion::V1_6, Algorithm::Ed25519);
    std::fs::write(home.path().join("bom.cdx.json"), &out.bom).unwrap();
    std::fs::write(home.path().join("attestations.jsonl"), &out.attestations).unwrap();
    std::fs::write(home.path().join("ci.jwk"), signer(Algorithm::Ed25519).public_key().jwk().to_string())
        .unwrap();
    let verify = |more: &[&str], code| {
        let run = bomvet(home.path()).args(["verify", "bom.cdx.json"]).args(more).assert().code(code);
        (text(&run.get_output().stdout), text(&run.get_output().stderr))
    };
    let (_, error) = verify(&[], 1);
    assert!(error.contains("bom.cdx.json:") && error.contains("help: compare the id"), "{error}");
    let (output, _) = verify(&["--key", "ci.jwk"], 0);
    insta::assert_snapshot!(output, @r"
    signature: valid, by trusted key RdsIdO3CsMDzCjNZvzh9oqMmTgMASg3jgoAi8dXZLIQ
    verdicts: 4 packages, 2 approved, 2 denied
    attestations: 3, all agree with the BoM
    ");
    bomvet(home.path()).args(["key", "trust", "ci.jwk", "--name", "the CI"]).assert().code(0);
    let (trusted, _) = verify(&[], 0);
    assert_eq!(trusted, output);
    std::fs::write(home.path().join("left-pat-1.3.1.tgz"), "something else").unwrap();
    let (_, error) = verify(&["--contents", "left-pat-1.3.1.tgz"], 1);
    assert!(error.contains("`left-pat-1.3.1.tgz` has SHA-256"), "{error}");
    std::fs::write(home.path().join("left-pat-1.3.1.tgz"), sample::ARCHIVE).unwrap();
    verify(&["--contents", "left-pat-1.3.1.tgz"], 0);

    let (output, error) = verify(&["--format", "json"], 0);
    let document: serde_json::Value = serde_json::from_str(&output).unwrap();
    assert_eq!((&document["verified"], &document["summary"]["denied"]), (&true.into(), &2.into()));
    assert_eq!(error, "");

    let mut cut = out.attestations.clone();
    cut.truncate(cut.len() - 10);
    std::fs::write(home.path().join("attestations.jsonl"), cut).unwrap();
    let (_, error) = verify(&[], 1);
    assert!(error.contains("attestations.jsonl:3"), "{error}");

    bomvet(home.path())
        .args(["key", "trust", "--remove"])
        .arg(signer(Algorithm::Ed25519).public_key().thumbprint())
        .assert()
        .code(0);
    verify(&[], 1);
}

#[test]
fn unusable_input_is_not_a_failed_verification() {
    let home = tempfile::tempdir().unwrap();
    for (content, says) in [
        (None, "cannot read `bom.cdx.json`"),
        (Some(&b""[..]), "not a JSON document"),
        (Some(b"\xff\xfe"), "not a JSON document"),
        (Some(b"[]"), "not a CycloneDX BoM"),
        (Some(&[b'['; 100_000]), "not a JSON document"),
    ] {
        if let Some(content) = content {
            std::fs::write(home.path().join("bom.cdx.json"), content).unwrap();
        }
        let run = bomvet(home.path()).args(["verify", "bom.cdx.json"]).assert().code(2);
        let error = text(&run.get_output().stderr);
        assert!(error.contains(says), "{error}");
    }
    let out = attest::publish(&sample::small(), None, &Options::default());
    std::fs::write(home.path().join("bom.cdx.json"), out.bom).unwrap();
    bomvet(home.path()).args(["verify", "bom.cdx.json"]).assert().code(1);
    bomvet(home.path()).args(["verify", "bom.cdx.json", "--allow-unsigned"]).assert().code(0);
}
