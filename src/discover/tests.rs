use std::fs;
use std::path::Path;

use super::*;

fn write(root: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
}

fn rules(found: &Discovered) -> Vec<(String, String)> {
    found.findings.iter().map(|f| (f.rule.clone(), f.spans[0].file.to_string())).collect()
}

#[test]
fn every_lockfile_is_found_and_shrinkwrap_wins() {
    let root = tempfile::tempdir().expect("a folder");
    write(
        root.path(),
        &[
            ("Cargo.lock", ""),
            ("Cargo.toml", "[workspace]\nmembers = ['crates/*']"),
            ("crates/a/Cargo.toml", "[package]\nname = 'a'\n[dependencies]\nb = '1'"),
            ("web/package-lock.json", "{}"),
            ("web/npm-shrinkwrap.json", "{}"),
            ("web/package.json", "{}"),
            ("web/node_modules/x/package-lock.json", "{}"),
            ("target/package/a/Cargo.lock", ""),
            (".git/Cargo.lock", ""),
            ("vendor/x/.cargo-checksum.json", "{}"),
            ("vendor/x/Cargo.lock", ""),
            ("fixtures/Cargo.lock", ""),
            ("web/target/package-lock.json", "{}"),
        ],
    );
    let found = discover(root.path(), &["fixtures/**".to_owned()]).expect("there are lockfiles");
    let files: Vec<_> = found.projects.iter().map(|p| (p.lockfile.as_str(), p.manifest.as_deref())).collect();
    assert_eq!(
        files,
        [
            ("Cargo.lock", Some("Cargo.toml")),
            ("web/npm-shrinkwrap.json", Some("web/package.json")),
            // `target` beside no Cargo manifest is a folder like any other.
            ("web/target/package-lock.json", None),
        ]
    );
    assert_eq!(rules(&found), [], "members of a workspace are covered by its lockfile");
}

#[test]
fn what_other_package_managers_bring_is_a_gap() {
    let root = tempfile::tempdir().expect("a folder");
    write(
        root.path(),
        &[
            ("package-lock.json", "{}"),
            ("package.json", "{}"),
            ("yarn.lock", ""),
            ("api/Gemfile.lock", "GEM"),
            ("tools/requirements-dev.txt", "six==1.16.0"),
            ("web/package.json", r#"{"dependencies": {"a": "1"}}"#),
            ("web/bun.lockb", ""),
            ("old/uv.lock", ""),
        ],
    );
    let found = discover(root.path(), &["old/**".to_owned()]).expect("there is a lockfile");
    let gaps: Vec<_> = found.gaps.iter().map(|gap| (gap.kind, &*gap.spans[0].file)).collect();
    assert_eq!(
        gaps,
        [
            (crate::model::GapKind::NotCovered, "api/Gemfile.lock"),
            (crate::model::GapKind::NotCovered, "web/package.json"),
        ]
    );
    assert!(FOREIGN.is_sorted(), "it is searched by halves");
}

#[test]
fn a_manifest_that_no_lockfile_covers_is_a_finding() {
    let root = tempfile::tempdir().expect("a folder");
    write(
        root.path(),
        &[
            ("Cargo.lock", ""),
            ("Cargo.toml", "[package]\nname = 'a'"),
            ("fuzz/Cargo.toml", "[package]\nname = 'f'\n[dependencies]\nb = '1'\n[workspace]"),
            ("empty/Cargo.toml", "[package]\nname = 'e'"),
            ("bad/Cargo.toml", "[package\n"),
            ("web/package.json", r#"{"dependencies": {"x": "1"}}"#),
            ("web/bun.lockb", ""),
            ("apps/package-lock.json", "{}"),
            ("apps/package.json", r#"{"workspaces": ["in/*"]}"#),
            ("apps/in/a/package.json", r#"{"dependencies": {"x": "1"}}"#),
            ("apps/out/package.json", r#"{"dependencies": {"x": "1"}}"#),
        ],
    );
    let found = discover(root.path(), &[]).expect("there is a lockfile");
    let expected = [
        ("discover/no-lockfile", "apps/out/package.json"),
        ("discover/no-lockfile", "fuzz/Cargo.toml"),
        ("discover/no-lockfile", "web/package.json"),
        ("discover/unreadable", "bad/Cargo.toml"),
    ];
    let mut rules = rules(&found);
    rules.sort();
    assert_eq!(rules, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    assert!(found.findings.iter().any(|f| f.message.contains("`bun.lockb` is not a lockfile that is read")));
}

#[test]
fn the_other_lockfiles_of_javascript_cover_their_workspaces() {
    let root = tempfile::tempdir().expect("a folder");
    let asks = r#"{"dependencies": {"x": "1"}}"#;
    write(
        root.path(),
        &[
            ("p/pnpm-lock.yaml", ""),
            ("p/package.json", asks),
            ("p/pnpm-workspace.yaml", "packages:\n  - ./packages/*\n  - '!packages/out'\n"),
            ("p/packages/in/package.json", asks),
            ("p/packages/out/package.json", asks),
            ("y/yarn.lock", ""),
            ("y/bun.lock", ""),
            ("y/package.json", r#"{"workspaces": {"packages": ["w/*"]}}"#),
            ("y/w/in/package.json", asks),
            ("d/deno.lock", ""),
            ("d/package.json", asks),
            ("broken/pnpm-lock.yaml", ""),
            ("broken/pnpm-workspace.yaml", "packages: [\n"),
            ("broken/a/package.json", asks),
        ],
    );
    let found = discover(root.path(), &[]).expect("there is a lockfile");
    let files: Vec<_> = found.projects.iter().map(|p| (p.lockfile.as_str(), p.manifest.as_deref())).collect();
    assert_eq!(
        files,
        [
            ("broken/pnpm-lock.yaml", None),
            ("p/pnpm-lock.yaml", Some("p/package.json")),
            ("y/yarn.lock", Some("y/package.json")),
            ("y/bun.lock", Some("y/package.json")),
            ("d/deno.lock", None),
        ]
    );
    let mut rules = rules(&found);
    rules.sort();
    let expected = [
        ("discover/no-lockfile", "broken/a/package.json"),
        ("discover/no-lockfile", "p/packages/out/package.json"),
    ];
    assert_eq!(rules, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_out_and_cycles_end() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().expect("a folder");
    write(outside.path(), &[("Cargo.lock", ""), ("Cargo.toml", ""), ("pkg/package.json", "{}")]);
    let root = tempfile::tempdir().expect("a folder");
    write(root.path(), &[("Cargo.lock", ""), ("a/b/x.txt", ""), ("plain/x", "")]);
    symlink(root.path(), root.path().join("a/b/cycle")).expect("a link");
    symlink("../b", root.path().join("a/b/self")).expect("a link");
    symlink(outside.path().join("Cargo.toml"), root.path().join("Cargo.toml")).expect("a link");
    symlink(outside.path().join("pkg"), root.path().join("pkg")).expect("a link");
    symlink("/nowhere/at/all", root.path().join("package.json")).expect("a link");
    symlink("/usr", root.path().join("harmless")).expect("a link");
    let found = discover(root.path(), &[]).expect("there is a lockfile");
    assert_eq!(found.projects.len(), 1);
    assert_eq!(found.projects[0].manifest, None, "the linked manifest is not read");
    let expected = [
        ("discover/link-leaves", "Cargo.toml"),
        ("discover/unreadable", "package.json"),
        ("discover/link-leaves", "pkg"),
    ];
    let mut rules = rules(&found);
    rules.sort_by(|a, b| a.1.cmp(&b.1));
    assert_eq!(rules, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn bad_paths_say_what_to_do() {
    let root = tempfile::tempdir().expect("a folder");
    let error = discover(root.path(), &[]).expect_err("it is empty");
    assert!(
        matches!(error, DiscoverError::NoLockfile { .. })
            && error.to_string().contains("cargo generate-lockfile")
    );
    write(root.path(), &[("x.txt", ""), ("Cargo.lock", ""), ("Cargo.toml", "")]);
    assert!(matches!(discover(&root.path().join("x.txt"), &[]), Err(DiscoverError::NotALockfile { .. })));
    assert!(matches!(discover(&root.path().join("none"), &[]), Err(DiscoverError::Read { .. })));
    let found = discover(&root.path().join("Cargo.lock"), &[]).expect("a lockfile");
    assert_eq!(found.projects.len(), 1);
    assert_eq!(found.projects[0].manifest.as_deref(), Some("Cargo.toml"));
}

#[test]
fn members_that_point_outside_are_not_read() {
    let parent = tempfile::tempdir().expect("a folder");
    write(
        parent.path(),
        &[
            ("secret/Cargo.toml", "[package]\nname = 'secret'"),
            ("p/Cargo.lock", ""),
            (
                "p/Cargo.toml",
                "[package]\nname = 'p'\nworkspace = '../..'\n[dependencies]\nsecret = { path = '../secret' }\n",
            ),
        ],
    );
    let root = fs::canonicalize(parent.path().join("p")).expect("it is there");
    let local = workspace::scan(&root, "");
    assert!(local.leaves);
    assert_eq!(local.manifests.keys().collect::<Vec<_>>(), [""]);
    let lines: Vec<_> = local.findings.iter().map(|f| (f.rule.as_str(), f.spans[0].line)).collect();
    assert_eq!(lines, [("discover/path-leaves", 3), ("discover/path-leaves", 5)]);
}
