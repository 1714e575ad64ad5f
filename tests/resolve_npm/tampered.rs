//! Lockfiles that somebody changed: one scenario each, and honest twins that look alike.

use bomvet::resolve::NpmRegistry;

use super::*;

const SHA512: &str =
    "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==";
const OTHER: &str =
    "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==";

/// Resolves a lockfile of version 3 with these `packages` members beside a root that asks for
/// `requirements`, where `I` stands for a good integrity, `J` for another one, and `R` for the
/// registry that `.npmrc` names.
fn lock(requirements: &str, packages: &str) -> String {
    both(
        &format!("{{\"name\": \"app\", \"version\": \"1.0.0\", \"dependencies\": {{{requirements}}}}}"),
        requirements,
        packages,
    )
}

fn both(manifest: &str, requirements: &str, packages: &str) -> String {
    let packages = packages
        .replace("\"I\"", &format!("\"{SHA512}\""))
        .replace("\"J\"", &format!("\"{OTHER}\""))
        .replace("\"R/", "\"https://registry.invalid/");
    let comma = if packages.trim().is_empty() { "" } else { "," };
    let text = format!(
        "{{\"name\": \"app\", \"lockfileVersion\": 3, \"packages\": {{\n\
         \"\": {{\"name\": \"app\", \"version\": \"1.0.0\", \"dependencies\": {{{requirements}}}}}{comma}\n{packages}}}}}"
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("package-lock.json"), text).unwrap();
    if !manifest.is_empty() {
        std::fs::write(folder.path().join("package.json"), manifest).unwrap();
    }
    let options = Options {
        npm_registries: vec![NpmRegistry::for_any("https://registry.invalid/")],
        ..Options::default()
    };
    let resolution = resolve_file(folder.path(), "package-lock.json", &options).unwrap();
    let mut shown = findings(&resolution);
    // The purls are another test's matter.
    shown = shown.lines().filter(|line| !line.starts_with("  pkg:")).collect::<Vec<_>>().join("\n");
    if shown.is_empty() { "nothing".to_owned() } else { shown }
}

#[test]
fn an_honest_lockfile_has_no_finding() {
    insta::assert_snapshot!(lock(
        r#""a": "^1.0.0", "b": "npm:c@^2.0.0""#,
        r#""node_modules/a": {"version": "1.0.1", "resolved": "R/a/-/a-1.0.1.tgz", "integrity": "I"},
           "node_modules/b": {"name": "c", "version": "2.0.0", "resolved": "R/c/-/c-2.0.0.tgz", "integrity": "J"}"#
    ), @"nothing");
}

#[test]
fn integrity_that_is_missing_unknown_or_weak() {
    insta::assert_snapshot!(lock(
        r#""a": "1.0.0", "b": "1.0.0", "c": "1.0.0""#,
        r#""node_modules/a": {"version": "1.0.0"},
           "node_modules/b": {"version": "1.0.0", "integrity": "md5-abc"},
           "node_modules/c": {"version": "1.0.0", "integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="}"#
    ), @r#"
    package-lock.json:3:1 lockfile/missing-integrity: `a@1.0.0` has no integrity, so its contents cannot be checked
    package-lock.json:4:64 lockfile/missing-integrity: `b@1.0.0` has an integrity of no known form or algorithm
    package-lock.json:5:64 lockfile/weak-integrity: `c@1.0.0` is checked by SHA-1 alone
    "#);
}

#[test]
fn another_host() {
    insta::assert_snapshot!(lock(
        r#""a": "1.0.0", "b": "1.0.0", "c": "1.0.0""#,
        r#""node_modules/a": {"version": "1.0.0", "resolved": "R/a/-/a-1.0.0.tgz", "integrity": "I"},
           "node_modules/b": {"version": "1.0.0", "resolved": "https://evil.invalid/b/-/b-1.0.0.tgz", "integrity": "I"},
           "node_modules/c": {"version": "1.0.0", "resolved": "https://evil.invalid/payload", "integrity": "I"}"#
    ), @r#"
    package-lock.json:4:63 lockfile/foreign-host: `b` is locked to evil.invalid, which is neither the default registry nor one that an .npmrc names
    package-lock.json:5:63 lockfile/foreign-host: `c` is locked to evil.invalid, which is neither the default registry nor one that an .npmrc names
    "#);
}

#[test]
fn a_mirror_that_all_packages_use_is_said_once() {
    insta::assert_snapshot!(lock(
        r#""a": "1.0.0", "b": "1.0.0", "c": "1.0.0""#,
        r#""node_modules/a": {"version": "1.0.0", "resolved": "https://m.invalid/npm/a/-/a-1.0.0.tgz", "integrity": "I"},
           "node_modules/b": {"version": "1.0.0", "resolved": "https://m.invalid/npm/b/-/b-1.0.0.tgz", "integrity": "I"},
           "node_modules/c": {"version": "1.0.0", "resolved": "https://m.invalid/npm/c/-/c-1.0.0.tgz", "integrity": "I"}"#
    ), @"package-lock.json:3:52 lockfile/unnamed-registry: 3 of 3 packages are locked to m.invalid, which no .npmrc names");
}

#[test]
fn a_registry_package_taken_from_git_or_disk() {
    insta::assert_snapshot!(lock(
        r#""a": "^1.0.0", "b": "^1.0.0""#,
        r#""node_modules/a": {"version": "1.0.0", "resolved": "git+ssh://git@evil.invalid/a.git#0123456789012345678901234567890123456789"},
           "node_modules/b": {"version": "1.0.0", "resolved": "file:../b.tgz", "integrity": "I"}"#
    ), @r#"
    package-lock.json:3:52 lockfile/foreign-host: `a` is asked for by version only, but locked to git+ssh://evil.invalid/a.git#0123456789012345678901234567890123456789
    package-lock.json:4:63 lockfile/foreign-host: `b` is asked for by version only, but locked to file:../b.tgz
    package-lock.json:4:63 lockfile/outside-root: `b` is at `../b.tgz`, outside what is audited
    "#);
}

#[test]
fn another_packages_or_versions_archive() {
    insta::assert_snapshot!(lock(
        r#""a": "^1.0.0", "b": "^1.0.0", "@s/c": "1.0.0", "d": "npm:e@1.0.0", "f": "1.0.0""#,
        r#""node_modules/a": {"version": "1.0.0", "resolved": "R/evil/-/evil-1.0.0.tgz", "integrity": "I"},
           "node_modules/b": {"version": "1.5.0", "resolved": "R/b/-/b-1.0.0.tgz", "integrity": "I"},
           "node_modules/@s/c": {"version": "1.0.0", "resolved": "R/c/-/c-1.0.0.tgz", "integrity": "I"},
           "node_modules/d": {"name": "e", "version": "1.0.0", "resolved": "R/d/-/d-1.0.0.tgz", "integrity": "I"},
           "node_modules/f": {"version": "1.0.0", "resolved": "R/f/-/g-1.0.0.tgz", "integrity": "I"}"#
    ), @r#"
    package-lock.json:5:66 lockfile/foreign-tarball: `@s/c@1.0.0` is locked to the archive of `c@1.0.0`
    package-lock.json:3:52 lockfile/foreign-tarball: `a@1.0.0` is locked to the archive of `evil@1.0.0`
    package-lock.json:4:63 lockfile/foreign-tarball: `b@1.5.0` is locked to the archive of `b@1.0.0`
    package-lock.json:6:76 lockfile/foreign-tarball: `e@1.0.0` is locked to the archive of `d@1.0.0`
    package-lock.json:7:63 lockfile/foreign-tarball: `f@1.0.0` is locked to the archive of `g@1.0.0`
    "#);
}

#[test]
fn another_repository_url_or_path_than_asked_for() {
    insta::assert_snapshot!(lock(
        r#""a": "github:o/a", "b": "https://files.invalid/b.tgz", "c": "file:c.tgz", "d": "github:o/d", "e": "o/e""#,
        r#""node_modules/a": {"version": "1.0.0", "resolved": "git+ssh://git@github.com/evil/a.git#0123456789012345678901234567890123456789"},
           "node_modules/b": {"version": "1.0.0", "resolved": "https://evil.invalid/b.tgz", "integrity": "I"},
           "node_modules/c": {"version": "1.0.0", "resolved": "file:d.tgz", "integrity": "I"},
           "node_modules/d": {"version": "1.0.0", "resolved": "R/d/-/d-1.0.0.tgz", "integrity": "I"},
           "node_modules/e": {"version": "1.0.0", "resolved": "git+ssh://git@github.com/o/e.git#main"}"#
    ), @r#"
    package-lock.json:2:58 lockfile/foreign-tarball: `a` is asked for from https://github.com/o/a.git, but locked to git+ssh://github.com/evil/a.git#0123456789012345678901234567890123456789
    package-lock.json:2:77 lockfile/foreign-tarball: `b` is asked for from https://files.invalid/b.tgz, but locked to https://evil.invalid/b.tgz
    package-lock.json:2:113 lockfile/foreign-tarball: `c` is asked for from the path `c.tgz`, but locked to `d.tgz`
    package-lock.json:2:132 lockfile/foreign-tarball: `d` is asked for from https://github.com/o/d.git, but locked to https://registry.invalid/d/-/d-1.0.0.tgz
    package-lock.json:7:63 lockfile/unpinned-git: `e` comes from ssh://github.com/o/e.git without a full commit id
    "#);
}

#[test]
fn urls_without_encryption_with_secrets_or_steps() {
    let shown = lock(
        r#""a": "1.0.0", "b": "1.0.0", "c": "1.0.0""#,
        r#""node_modules/a": {"version": "1.0.0", "resolved": "http://registry.invalid/a/-/a-1.0.0.tgz", "integrity": "I"},
           "node_modules/b": {"version": "1.0.0", "resolved": "https://user:hunter2@registry.invalid/b/-/b-1.0.0.tgz", "integrity": "I"},
           "node_modules/c": {"version": "1.0.0", "resolved": "R/x/%2e%2e/c/-/c-1.0.0.tgz", "integrity": "I"}"#,
    );
    insta::assert_snapshot!(shown, @r#"
    package-lock.json:3:52 lockfile/insecure-url: `a` is fetched without encryption
    package-lock.json:4:63 lockfile/credentials-in-url: the URL of `b` carries a user name or password
    package-lock.json:5:63 lockfile/malformed-entry: a URL with steps (`..`), backslashes or spaces
    "#);
}

#[test]
fn a_secret_is_in_no_output() {
    let text = format!(
        "{{\"lockfileVersion\": 3, \"packages\": {{\"\": {{\"dependencies\": {{\"x\": \"git+https://user:hunter2@h.invalid/x\", \
         \"b\": \"https://user:hunter2@h.invalid/b.tgz\"}}}}, \"node_modules/c\": {{}}, \
         \"node_modules/b\": {{\"version\": \"1.0.0\", \"resolved\": \
         \"https://user:hunter2@evil.invalid/x/../c-1.0.0.tgz\", \"integrity\": \"{SHA512}\"}}}}}}"
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("package-lock.json"), text).unwrap();
    let resolution = resolve(folder.path());
    assert!(!resolution.findings.is_empty());
    let all = format!("{resolution:?}");
    assert!(!all.contains("hunter2"), "{all}");
}

#[test]
fn manifest_and_lockfile_disagree() {
    let manifest = r#"{
  "name": "app",
  "dependencies": {
    "a": "^2.0.0",
    "new": "^1.0.0"
  }
}"#;
    insta::assert_snapshot!(both(
        manifest,
        r#""a": "^1.0.0", "gone": "1.0.0""#,
        r#""node_modules/a": {"version": "1.0.0", "integrity": "I"}, "node_modules/gone": {"version": "1.0.0", "integrity": "I"}"#
    ), @r#"
    package.json:4:5 lockfile/manifest-mismatch: `a` is asked for as `^2.0.0` here, as `^1.0.0` in the lockfile
    package.json:1:1 lockfile/manifest-mismatch: `gone` is not asked for here, but the lockfile says so
    package.json:5:5 lockfile/manifest-mismatch: `new` is asked for here, but the lockfile does not know that
    "#);
}

#[test]
fn a_version_that_the_requirement_does_not_allow() {
    let packages = r#""node_modules/a": {"version": "1.0.0", "integrity": "I", "dependencies": {"b": "^2.0.0", "c": "^1.0.0"}},
           "node_modules/b": {"version": "1.0.0", "integrity": "I"},
           "node_modules/c": {"version": "0.9.0", "integrity": "I"}"#;
    insta::assert_snapshot!(lock(r#""a": "^1.1.0""#, packages), @r#"
    package-lock.json:2:58 lockfile/manifest-mismatch: `app` asks for `a` ^1.1.0, but 1.0.0 is locked
    package-lock.json:3:169 lockfile/unsatisfied: `a` asks for `b` ^2.0.0, but 1.0.0 is locked
    package-lock.json:3:184 lockfile/unsatisfied: `a` asks for `c` ^1.0.0, but 0.9.0 is locked
    "#);
    let manifest = r#"{"dependencies": {"a": "1"}, "overrides": {"b@^2": "1.0.0", "a": {"c": "0.9.x"}}}"#;
    insta::assert_snapshot!(both(manifest, r#""a": "1""#, packages), @"nothing");
    let manifest = r#"{"dependencies": {"a": "1"}, "overrides": {"b": "1.0.1", "c": "$c"}}"#;
    insta::assert_snapshot!(both(manifest, r#""a": "1""#, packages), @r#"
    package-lock.json:3:169 lockfile/unsatisfied: `a` asks for `b` ^2.0.0, but 1.0.0 is locked
    package-lock.json:3:184 lockfile/unsatisfied: `a` asks for `c` ^1.0.0, but 0.9.0 is locked
    "#);
}

#[test]
fn something_required_is_not_there() {
    insta::assert_snapshot!(lock(
        r#""a": "1.0.0", "lost": "1.0.0""#,
        r#""node_modules/a": {"version": "1.0.0", "integrity": "I", "dependencies": {"inner": "1.0.0"},
             "optionalDependencies": {"extra": "1.0.0"}, "peerDependencies": {"host": "1", "maybe": "1"},
             "peerDependenciesMeta": {"maybe": {"optional": true}}},
           "node_modules/b": {"resolved": "packages/b", "link": true}"#
    ), @r#"
    package-lock.json:3:169 lockfile/dangling: `a` asks for `inner` (1.0.0), which is not in the lockfile
    package-lock.json:4:79 lockfile/missing-peer: `a` asks for `host` (1), which is not in the lockfile
    package-lock.json:2:72 lockfile/dangling: `app` asks for `lost` (1.0.0), which is not in the lockfile
    package-lock.json:6:12 lockfile/dangling: `node_modules/b` is a link to `packages/b`, which has no entry
    "#);
}

#[test]
fn one_version_with_two_contents() {
    insta::assert_snapshot!(lock(
        r#""a": "1.0.0", "b": "1.0.0""#,
        r#""node_modules/a": {"version": "1.0.0", "integrity": "I", "resolved": "R/a/-/a-1.0.0.tgz"},
           "node_modules/b": {"version": "1.0.0", "integrity": "I", "dependencies": {"a": "1.0.0", "c": "1.0.0"}},
           "node_modules/b/node_modules/a": {"version": "1.0.0", "integrity": "J", "resolved": "R/a/-/a-1.0.0.tgz"},
           "node_modules/c": {"version": "1.0.0", "integrity": "I", "resolved": "R/c/-/c-1.0.0.tgz"},
           "node_modules/b/node_modules/c": {"version": "1.0.0", "integrity": "I", "resolved": "R/mirror/c/-/c-1.0.0.tgz"}"#
    ), @r#"
    package-lock.json:5:79 lockfile/conflicting-integrity: `a@1.0.0` stands twice with different integrity
    package-lock.json:7:190 lockfile/conflicting-integrity: `c@1.0.0` stands twice with different URLs
    "#);
}

#[test]
fn another_package_than_asked_for() {
    insta::assert_snapshot!(lock(
        r#""a": "^1.0.0", "b": "npm:real@1.0.0""#,
        r#""node_modules/a": {"name": "evil", "version": "1.0.0", "resolved": "R/evil/-/evil-1.0.0.tgz", "integrity": "I"},
           "node_modules/b": {"version": "1.0.0", "resolved": "R/b/-/b-1.0.0.tgz", "integrity": "I"}"#
    ), @r#"
    package-lock.json:2:73 lockfile/name-mismatch: `real` is asked for, but the entry is `b`
    package-lock.json:2:58 lockfile/name-mismatch: `a` is asked for, but the entry is `evil`
    "#);
}

#[test]
fn keys_that_stand_twice() {
    insta::assert_snapshot!(lock(
        r#""a": "1.0.0""#,
        r#""node_modules/a": {"version": "1.0.0", "integrity": "J", "integrity": "I"},
           "node_modules/a": {"version": "1.0.0", "integrity": "I"}"#
    ), @r#"
    package-lock.json:3:152 lockfile/duplicate: the key `integrity` stands twice; npm takes the last
    package-lock.json:4:12 lockfile/duplicate: the key `node_modules/a` stands twice; npm takes the last
    "#);
}

#[test]
fn entries_that_reach_elsewhere() {
    insta::assert_snapshot!(lock(
        r#""a": "1.0.0", "out": "file:../out""#,
        r#""node_modules/../../etc": {"version": "1.0.0", "integrity": "I"},
           "node_modules/a": {"version": "../../a", "integrity": "I"},
           "node_modules/out": {"resolved": "../out", "link": true},
           "../out": {"version": "1.0.0"}"#
    ), @r#"
    package-lock.json:3:1 lockfile/malformed-entry: `node_modules/../../etc` is no place of a package
    package-lock.json:4:42 lockfile/malformed-entry: `../../a` is no version
    package-lock.json:6:12 lockfile/outside-root: `out` is at `../out`, outside what is audited
    "#);
}

#[test]
fn bundled_in_what_bundles_nothing() {
    insta::assert_snapshot!(lock(
        r#""a": "1.0.0""#,
        r#""node_modules/a": {"version": "1.0.0", "integrity": "I", "dependencies": {"b": "1.0.0"}},
           "node_modules/a/node_modules/b": {"version": "1.0.0", "inBundle": true}"#
    ), @"package-lock.json:4:12 lockfile/false-bundle: `b` is said to be bundled in `a`, which bundles nothing");
}

#[test]
fn what_the_project_itself_bundles_needs_its_integrity() {
    insta::assert_snapshot!(lock(
        r#""a": "1.0.0""#,
        r#""node_modules/a": {"version": "1.0.0", "inBundle": true}"#
    ), @"package-lock.json:3:1 lockfile/missing-integrity: `a@1.0.0` has no integrity, so its contents cannot be checked");
}
