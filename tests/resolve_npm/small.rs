//! Honest lockfiles of every version and kind: packages, edges, and nothing to complain about.

use bomvet::resolve::NpmRegistry;

use super::*;

fn trusted() -> Options {
    Options { npm_registries: vec![NpmRegistry::for_any("https://registry.invalid/")], ..Options::default() }
}

fn shown(folder: &str, lockfile: &str) -> String {
    let resolution = resolve_file(&fixtures().join(folder), lockfile, &trusted()).unwrap();
    let notes = resolution.notes.join("\n");
    format!("{}{}{notes}", graph(&resolution), findings(&resolution))
}

#[test]
fn version_3_with_every_kind() {
    insta::assert_snapshot!(shown("v3-kinds", "package-lock.json"), @r#"
    pkg:npm/%40scope/part@2.0.5?repository_url=https://registry.invalid sha512 :37
    pkg:npm/app@1.0.0?download_url=file://. first-party no digest :7
    pkg:npm/from-file@1.0.0?download_url=file://vendor/from-file-1.0.0.tgz sha512 :52
    pkg:npm/from-git@1.0.0?vcs_url=git%2Bssh://github.com/owner/from-git.git%400123456789abcdef0123456789abcdef01234567 no digest :57
    pkg:npm/from-url@1.0.0?download_url=https://files.invalid/from-url-1.0.0.tgz sha512 :63
    pkg:npm/inner@1.0.0?bundled_in=pkg:npm/shipper%401.0.0%3Frepository_url%3Dhttps://registry.invalid no digest :115
    pkg:npm/local@0.1.0?download_url=file://local first-party no digest :28
    pkg:npm/native@1.0.0?repository_url=https://registry.invalid optional sha512 :72
    pkg:npm/plain@1.2.0?repository_url=https://registry.invalid sha512 :91
    pkg:npm/plain@2.0.0?repository_url=https://registry.invalid sha512 :123
    pkg:npm/real@3.1.0?repository_url=https://registry.invalid sha512 :97
    pkg:npm/shared@1.0.0 sha512 :141
    pkg:npm/shipper@1.0.0?repository_url=https://registry.invalid sha512 :103
    pkg:npm/tool@1.0.0?repository_url=https://registry.invalid sha512 :131
    %40scope/part@2.0.5 -> plain@1.2.0 Peer ">=1" package-lock.json:43
    app@1.0.0 -> %40scope/part@2.0.5 Normal "~2.0.0" package.json:7
    app@1.0.0 -> from-file@1.0.0 Normal "file:vendor/from-file-1.0.0.tgz" package.json:11
    app@1.0.0 -> from-git@1.0.0 Normal "github:owner/from-git" package.json:9
    app@1.0.0 -> from-url@1.0.0 Normal "https://files.invalid/from-url-1.0.0.tgz" package.json:10
    app@1.0.0 -> local@0.1.0 Normal "file:local" package.json:12
    app@1.0.0 -> native@1.0.0 Optional "^1.0.0" package.json:19
    app@1.0.0 -> plain@1.2.0 Normal "^1.0.0" package.json:6
    app@1.0.0 -> real@3.1.0 Normal "npm:real@^3.0.0" package.json:8
    app@1.0.0 -> shipper@1.0.0 Normal "1.0.0" package.json:13
    app@1.0.0 -> tool@1.0.0 Dev "^1.0.0" package.json:16
    inner@1.0.0 -> plain@2.0.0 Normal "^2.0.0" package-lock.json:120
    local@0.1.0 -> plain@1.2.0 Normal "^1.0.0" local/package.json:5
    local@0.1.0 -> tool@1.0.0 Dev "^1.0.0" local/package.json:8
    plain@2.0.0 -> %40scope/part@2.0.5 Normal "^2.0.0" package-lock.json:128
    plain@2.0.0 -> %40scope/part@2.0.5 Normal "^2.0.0" package-lock.json:152
    shipper@1.0.0 -> inner@1.0.0 Normal "^1.0.0" package-lock.json:111
    shipper@1.0.0 -> inner@1.0.0 Bundled "" package-lock.json:115
    shipper@1.0.0 -> plain@2.0.0 Normal "^2.0.0" package-lock.json:112
    tool@1.0.0 -> plain@2.0.0 Normal "^2.0.0" package-lock.json:138
    tool@1.0.0 -> shared@1.0.0 Normal "^1.0.0" package-lock.json:137
    "#);
}

#[test]
fn version_1_with_every_kind() {
    insta::assert_snapshot!(shown("v1-kinds", "package-lock.json"), @r#"
    pkg:npm/%40scope/part@2.0.5?repository_url=https://registry.invalid sha512 :7
    pkg:npm/app@1.0.0?download_url=file://. first-party no digest :1
    pkg:npm/from-file?download_url=file://vendor/from-file-1.0.0.tgz sha512 :12
    pkg:npm/from-git?vcs_url=git%2Bssh://github.com/owner/from-git.git%400123456789abcdef0123456789abcdef01234567 no digest :16
    pkg:npm/from-url?download_url=https://files.invalid/from-url-1.0.0.tgz sha512 :20
    pkg:npm/inner@1.0.0?bundled_in=pkg:npm/shipper%401.0.0%3Frepository_url%3Dhttps://registry.invalid no digest :60
    pkg:npm/local@0.1.0?download_url=file://local first-party no digest :24
    pkg:npm/native@1.0.0?repository_url=https://registry.invalid optional sha512 :30
    pkg:npm/plain@1.2.0?repository_url=https://registry.invalid sha512 :36
    pkg:npm/plain@2.0.0?repository_url=https://registry.invalid sha512 :68
    pkg:npm/real@3.1.0?repository_url=https://registry.invalid sha512 :41
    pkg:npm/shared@1.0.0 sha1 :46
    pkg:npm/shipper@1.0.0?repository_url=https://registry.invalid sha512 :51
    pkg:npm/tool@1.0.0?repository_url=https://registry.invalid sha512 :78
    app@1.0.0 -> %40scope/part@2.0.5 Normal "~2.0.0" package.json:7
    app@1.0.0 -> from-file Normal "file:vendor/from-file-1.0.0.tgz" package.json:11
    app@1.0.0 -> from-git Normal "github:owner/from-git" package.json:9
    app@1.0.0 -> from-url Normal "https://files.invalid/from-url-1.0.0.tgz" package.json:10
    app@1.0.0 -> local@0.1.0 Normal "file:local" package.json:12
    app@1.0.0 -> native@1.0.0 Optional "^1.0.0" package.json:19
    app@1.0.0 -> plain@1.2.0 Normal "^1.0.0" package.json:6
    app@1.0.0 -> real@3.1.0 Normal "npm:real@^3.0.0" package.json:8
    app@1.0.0 -> shipper@1.0.0 Normal "1.0.0" package.json:13
    app@1.0.0 -> tool@1.0.0 Dev "^1.0.0" package.json:16
    inner@1.0.0 -> plain@2.0.0 Normal "^2.0.0" package-lock.json:65
    local@0.1.0 -> plain@1.2.0 Normal "^1.0.0" package-lock.json:27
    plain@2.0.0 -> %40scope/part@2.0.5 Normal "^2.0.0" package-lock.json:73
    shipper@1.0.0 -> inner@1.0.0 Normal "^1.0.0" package-lock.json:56
    shipper@1.0.0 -> inner@1.0.0 Bundled "" package-lock.json:60
    shipper@1.0.0 -> plain@2.0.0 Normal "^2.0.0" package-lock.json:57
    tool@1.0.0 -> shared@1.0.0 Normal "^1.0.0" package-lock.json:84
    package-lock.json:48:20 lockfile/weak-integrity: `shared@1.0.0` is checked by SHA-1 alone
      pkg:npm/shared@1.0.0
    "#);
}

#[test]
fn a_shrinkwrap_of_version_1_without_manifest() {
    insta::assert_snapshot!(shown("v1-alone", "npm-shrinkwrap.json"), @r#"
    pkg:npm/a@1.0.0 sha512 :6
    pkg:npm/alone@1.0.0?download_url=file://. first-party no digest :1
    pkg:npm/b@1.0.0 sha512 :13
    a@1.0.0 -> b@1.0.0 Normal "^1.0.0" npm-shrinkwrap.json:10
    alone@1.0.0 -> a@1.0.0 Normal "" npm-shrinkwrap.json:6
    npm-shrinkwrap.json: there is no package.json beside it, so the two could not be compared
    "#);
}

#[test]
fn version_2_takes_packages() {
    insta::assert_snapshot!(shown("v2", "package-lock.json"), @r#"
    pkg:npm/a@1.0.0?repository_url=https://registry.invalid sha512 :14
    pkg:npm/two@1.0.0?download_url=file://. first-party no digest :7
    two@1.0.0 -> a@1.0.0 Normal "^1.0.0" package.json:5
    "#);
}

#[test]
fn the_hidden_lockfile_has_its_root_from_the_manifest() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("node_modules")).unwrap();
    let text = std::fs::read(fixtures().join("v2/package.json")).unwrap();
    std::fs::write(folder.path().join("package.json"), text).unwrap();
    let text = r#"{"lockfileVersion": 3, "packages": {
        "node_modules/a": {"version": "1.0.0", "integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="}}}"#;
    std::fs::write(folder.path().join("node_modules/.package-lock.json"), text).unwrap();
    let resolution =
        resolve_file(folder.path(), "node_modules/.package-lock.json", &Options::default()).unwrap();
    insta::assert_snapshot!(graph(&resolution) + &findings(&resolution), @r#"
    pkg:npm/a@1.0.0 sha1 :2
    pkg:npm/two@1.0.0?download_url=file://. first-party no digest :1
    two@1.0.0 -> a@1.0.0 Normal "^1.0.0" package.json:5
    node_modules/.package-lock.json:2:61 lockfile/weak-integrity: `a@1.0.0` is checked by SHA-1 alone
      pkg:npm/a@1.0.0
    "#);
}

#[test]
fn workspaces_are_the_projects_own() {
    insta::assert_snapshot!(shown("workspaces", "package-lock.json"), @r#"
    pkg:npm/%40mono/one@1.0.0?download_url=file://packages/one first-party no digest :36
    pkg:npm/mono@0.0.0?download_url=file://. first-party no digest :7
    pkg:npm/plain@1.2.0?repository_url=https://registry.invalid sha512 :21
    pkg:npm/plain@2.0.0?repository_url=https://registry.invalid sha512 :53
    pkg:npm/tool@1.0.0?repository_url=https://registry.invalid sha512 :26
    pkg:npm/two@2.0.0?download_url=file://packages/two first-party no digest :43
    %40mono/one@1.0.0 -> plain@1.2.0 Normal "^1.0.0" packages/one/package.json:5
    mono@0.0.0 -> %40mono/one@1.0.0 Normal "" package-lock.json:36
    mono@0.0.0 -> tool@1.0.0 Dev "^1.0.0" package.json:9
    mono@0.0.0 -> two@2.0.0 Normal "" package-lock.json:43
    two@2.0.0 -> %40mono/one@1.0.0 Normal "^1.0.0" packages/two/package.json:5
    two@2.0.0 -> plain@2.0.0 Normal "^2.0.0" packages/two/package.json:6
    two@2.0.0 -> tool@1.0.0 Dev "^1.0.0" packages/two/package.json:9
    "#);
    let root = fixtures().join("workspaces");
    let resolution = resolve(&root);
    let two = resolution.packages.iter().find(|package| package.name == "two").unwrap();
    assert_eq!(two.folder.as_deref(), Some(root.join("packages/two").as_path()));
}

#[test]
fn the_lockfile_may_lie_below_the_root() {
    let resolution = resolve_file(&fixtures(), "workspaces/package-lock.json", &trusted()).unwrap();
    let own: Vec<_> = resolution.packages.iter().filter(|p| p.first_party).map(|p| p.purl.as_str()).collect();
    insta::assert_debug_snapshot!(own, @r#"
    [
        "pkg:npm/%40mono/one@1.0.0?download_url=file://workspaces/packages/one",
        "pkg:npm/mono@0.0.0?download_url=file://workspaces",
        "pkg:npm/two@2.0.0?download_url=file://workspaces/packages/two",
    ]
    "#);
}

#[test]
fn kinds_have_their_sources_platforms_and_licences() {
    let resolution = resolve(&fixtures().join("v3-kinds"));
    let shown: Vec<_> = resolution
        .packages
        .iter()
        .map(|p| format!("{} {:?} {:?} {:?}", p.label(), p.source, p.licence, p.platform.os))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    @scope/part@2.0.5 Registry { registry: Some("https://registry.invalid"), url: Some("https://registry.invalid/@scope/part/-/part-2.0.5.tgz") } Some("ISC") []
    app@1.0.0 Path { path: "." } Some("MIT") []
    from-file@1.0.0 File { path: "vendor/from-file-1.0.0.tgz" } None []
    from-git@1.0.0 Git { url: "ssh://github.com/owner/from-git.git", commit: Some("0123456789abcdef0123456789abcdef01234567") } None []
    from-url@1.0.0 Tarball { url: "https://files.invalid/from-url-1.0.0.tgz" } None []
    inner@1.0.0 Bundled { within: "pkg:npm/shipper@1.0.0?repository_url=https://registry.invalid", path: "node_modules/inner" } Some("MIT") []
    local@0.1.0 Path { path: "local" } None []
    native@1.0.0 Registry { registry: Some("https://registry.invalid"), url: Some("https://registry.invalid/native/-/native-1.0.0.tgz") } None ["linux", "!win32"]
    plain@1.2.0 Registry { registry: Some("https://registry.invalid"), url: Some("https://registry.invalid/plain/-/plain-1.2.0.tgz") } Some("MIT") []
    plain@2.0.0 Registry { registry: Some("https://registry.invalid"), url: Some("https://registry.invalid/plain/-/plain-2.0.0.tgz") } None []
    real@3.1.0 Registry { registry: Some("https://registry.invalid"), url: Some("https://registry.invalid/real/-/real-3.1.0.tgz") } None []
    shared@1.0.0 Registry { registry: None, url: None } None []
    shipper@1.0.0 Registry { registry: Some("https://registry.invalid"), url: Some("https://registry.invalid/shipper/-/shipper-1.0.0.tgz") } None []
    tool@1.0.0 Registry { registry: Some("https://registry.invalid"), url: Some("https://registry.invalid/tool/-/tool-1.0.0.tgz") } None []
    "#);
}
