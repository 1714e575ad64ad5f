//! Discovery and Cargo resolution on the fixtures, on this repository, and on a real lockfile.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bomvet::discover::{Discovered, discover};
use bomvet::model::{Dependency, DependencyKind, Package, Source};
use bomvet::resolve::{Options, Resolution, resolve};
use bomvet::store::Store;

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A copy of a fixture, so that nothing of this repository lies around it and nothing is written
/// into the tree.
fn fixture(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().join(name);
    copy(&repository().join("fixtures/cargo").join(name), &root);
    (folder, root)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("the fixture is there") {
        let entry = entry.expect("it can be read");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("it has a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("it can be copied");
        }
    }
}

fn lockfile_only() -> Options {
    Options { lockfile_only: true, offline: true, ..Options::default() }
}

fn with_cargo() -> Options {
    Options { offline: true, ..Options::default() }
}

fn run(root: &Path, options: &Options) -> (Discovered, Resolution) {
    let found = discover(root, &[]).expect("the fixture has a lockfile");
    let resolution = resolve(&found, options).expect("it resolves");
    (found, resolution)
}

fn package<'a>(resolution: &'a Resolution, purl: &str) -> &'a Package {
    resolution.packages.iter().find(|p| p.purl == purl).unwrap_or_else(|| {
        panic!("no `{purl}` in {:#?}", resolution.packages.iter().map(|p| &p.purl).collect::<Vec<_>>())
    })
}

fn findings(resolution: &Resolution) -> Vec<(&str, String)> {
    resolution
        .findings
        .iter()
        .map(|(_, f)| (f.rule.as_str(), format!("{}:{}", f.spans[0].file, f.spans[0].line)))
        .collect()
}

fn edges(resolution: &Resolution) -> Vec<(&str, &str)> {
    resolution.dependencies.iter().map(|d| (d.from.as_str(), d.to.as_str())).collect()
}

/// Whether cargo answered, so that a machine without it says so instead of failing oddly.
fn answered(resolution: &Resolution) -> bool {
    if resolution.notes.is_empty() {
        return true;
    }
    eprintln!("skipped: cargo gave no answer: {:?}", resolution.notes);
    // Where the tests run under cargo there is one.
    assert!(resolution.notes.iter().any(|note| note.contains("not on the `PATH`")), "{:?}", resolution.notes);
    false
}

#[test]
fn the_four_formats_give_one_graph() {
    let mut graphs = BTreeMap::new();
    for name in ["v1", "v2", "v3", "v4"] {
        let (_keep, root) = fixture(name);
        let (_, resolution) = run(&root, &lockfile_only());
        assert_eq!(findings(&resolution), [], "{name}");
        assert_eq!(
            edges(&resolution),
            [
                ("pkg:cargo/app@0.1.0?download_url=file:%3F", "pkg:cargo/left@1.0.0"),
                ("pkg:cargo/app@0.1.0?download_url=file:%3F", "pkg:cargo/left@2.0.0"),
                ("pkg:cargo/left@2.0.0", "pkg:cargo/right@1.0.0"),
            ],
            "{name}"
        );
        let digests: Vec<_> = resolution
            .packages
            .iter()
            .map(|p| (p.purl.clone(), p.integrity.iter().map(ToString::to_string).collect::<Vec<_>>()))
            .collect();
        assert!(digests.iter().filter(|(_, digests)| digests.len() == 1).count() == 3, "{digests:?}");
        graphs.insert(name, digests);
    }
    assert!(graphs.values().all(|graph| *graph == graphs["v4"]));
}

#[test]
fn places_are_those_of_the_lockfile() {
    let (_keep, root) = fixture("v4");
    let (_, resolution) = run(&root, &lockfile_only());
    let left = package(&resolution, "pkg:cargo/left@2.0.0");
    assert_eq!((&*left.declared.file, left.declared.line, left.declared.column), ("Cargo.lock", 20, 8));
    let edge = resolution.dependencies.iter().find(|d| d.to == "pkg:cargo/right@1.0.0").expect("an edge");
    assert_eq!((edge.declared.line, edge.declared.column), (25, 2));
}

#[test]
fn sources_are_told_apart() {
    let (_keep, root) = fixture("sources");
    let (_, resolution) = run(&root, &lockfile_only());
    let purls: Vec<_> = resolution.packages.iter().map(|p| p.purl.as_str()).collect();
    assert_eq!(
        purls,
        [
            "pkg:cargo/absent@0.3.0?download_url=file:%3F",
            "pkg:cargo/alt@1.0.0?repository_url=https://crates.invalid/git/index",
            "pkg:cargo/alt@1.1.0?repository_url=sparse%2Bhttps://crates.invalid/index/",
            "pkg:cargo/app@0.1.0?download_url=file:%3F",
            "pkg:cargo/branched@0.2.0?vcs_url=git%2Bhttps://git.invalid/branched.git%401111111111111111111111111111111111111111",
            "pkg:cargo/same@1.0.0",
            "pkg:cargo/same@1.0.0?vcs_url=git%2Bhttps://git.invalid/same%402222222222222222222222222222222222222222",
            "pkg:cargo/unpinned@1.0.0?vcs_url=git%2Bhttps://git.invalid/unpinned",
        ]
    );
    assert_eq!(resolution.dependencies.len(), 7, "both of the packages named `same` are reached");
    assert_eq!(
        findings(&resolution),
        [
            ("lockfile/patch-unused", "Cargo.lock:55".to_owned()),
            ("lockfile/missing-integrity", "Cargo.lock:45".to_owned()),
            ("lockfile/missing-integrity", "Cargo.lock:50".to_owned()),
        ]
    );
    let gaps: Vec<_> = resolution.gaps.iter().map(|(purl, gap)| (purl.as_str(), gap.kind.as_str())).collect();
    assert!(gaps.contains(&("pkg:cargo/absent@0.3.0?download_url=file:%3F", "not-fetched")), "{gaps:?}");
    assert!(gaps.iter().any(|(_, kind)| *kind == "not-resolved"), "{gaps:?}");
    assert!(resolution.notes[0].contains("features, platforms and dependency kinds are unknown"));
}

#[test]
fn a_broken_lockfile_is_resolved_as_far_as_it_goes() {
    let (_keep, root) = fixture("broken");
    let (_, resolution) = run(&root, &lockfile_only());
    let mut found = findings(&resolution);
    found.sort();
    assert_eq!(
        found,
        [
            ("lockfile/checksum-mismatch", "Cargo.lock:14".to_owned()),
            ("lockfile/dangling", "Cargo.lock:10".to_owned()),
            ("lockfile/dangling", "Cargo.lock:9".to_owned()),
            ("lockfile/duplicate", "Cargo.lock:20".to_owned()),
            ("lockfile/unknown-source", "Cargo.lock:26".to_owned()),
        ]
    );
}

/// What is known of `workspace` from manifests and lockfile alone.
#[test]
fn the_project_s_own_edges_need_no_cargo() {
    let (_keep, root) = fixture("workspace");
    let (found, resolution) = run(&root, &lockfile_only());
    assert_eq!(found.findings, [], "members and path packages are covered by the workspace's lockfile");
    assert_eq!(findings(&resolution), []);
    let tool: Vec<_> = resolution.dependencies.iter().map(|d| short(d)).collect();
    assert_eq!(
        tool,
        [
            ("core", DependencyKind::Normal, "0.2.0", None, 7),
            ("derive", DependencyKind::Normal, "", None, 8),
            ("fixed", DependencyKind::Normal, "1", None, 9),
            ("helper", DependencyKind::Build, "", None, 12),
            ("helper", DependencyKind::Dev, "", Some("cfg(windows)"), 15),
        ]
    );
    let fixed = package(&resolution, "pkg:cargo/fixed@1.4.0?download_url=file:patched/fixed");
    assert_eq!(fixed.patches.as_deref(), Some("pkg:cargo/fixed@1.4.0"));
    assert!(fixed.first_party);
    assert_eq!(fixed.source, Source::Path { path: "patched/fixed".to_owned() });
}

fn short(d: &Dependency) -> (&str, DependencyKind, &str, Option<&str>, u32) {
    assert_eq!(&*d.declared.file, "tool/Cargo.toml");
    let name = d.to.trim_start_matches("pkg:cargo/").split('@').next().unwrap_or("");
    (name, d.kind, &d.requirement, d.platform.as_deref(), d.declared.line)
}

#[test]
fn cargo_adds_features_licences_and_proc_macros() {
    let (_keep, root) = fixture("workspace");
    let (_, resolution) = run(&root, &with_cargo());
    if !answered(&resolution) {
        return;
    }
    assert_eq!(findings(&resolution), []);
    assert_eq!(resolution.gaps, []);
    let found: Vec<_> = resolution.dependencies.iter().map(|d| short(d)).collect();
    assert_eq!(
        found,
        [
            ("core", DependencyKind::Normal, "^0.2.0", None, 7),
            // A procedural macro runs in the compiler.
            ("derive", DependencyKind::Build, "*", None, 8),
            ("fixed", DependencyKind::Normal, "^1", None, 9),
            ("helper", DependencyKind::Build, "*", None, 12),
            ("helper", DependencyKind::Dev, "*", Some("cfg(windows)"), 15),
        ]
    );
    let core = package(&resolution, "pkg:cargo/core@0.2.0?download_url=file:crates/core");
    assert_eq!(core.features, ["default", "std"]);
    assert_eq!(core.licence.as_deref(), Some("MIT"));
    assert_eq!(resolution.packages.len(), 5, "the excluded member is not there");
}

#[test]
fn a_vendored_crate_is_found_and_cargo_uses_it() {
    let (_keep, root) = fixture("vendored");
    let (_, resolution) = run(&root, &with_cargo());
    if !answered(&resolution) {
        return;
    }
    assert_eq!(findings(&resolution), []);
    let dep = package(&resolution, "pkg:cargo/dep@1.2.3");
    assert!(!dep.first_party);
    assert!(dep.folder.as_ref().is_some_and(|folder| folder.ends_with("vendor/dep")), "{:?}", dep.folder);
    assert_eq!(dep.licence.as_deref(), Some("MIT"), "cargo read the vendored manifest");

    // Another archive than the lockfile pins.
    let checksum = root.join("vendor/dep/.cargo-checksum.json");
    let text = std::fs::read_to_string(&checksum).expect("it is there").replace("aaaa", "bbbb");
    std::fs::write(&checksum, text).expect("it can be written");
    let (_, resolution) = run(&root, &lockfile_only());
    assert_eq!(
        findings(&resolution),
        [("lockfile/checksum-mismatch", "vendor/dep/.cargo-checksum.json:0".to_owned())]
    );
}

#[test]
fn a_vendored_folder_outside_is_not_used() {
    let (_keep, root) = fixture("vendored");
    let config = root.join(".cargo/config.toml");
    let text =
        std::fs::read_to_string(&config).expect("it is there").replace("\"vendor\"", "\"../../elsewhere\"");
    std::fs::write(&config, text).expect("it can be written");
    let (_, resolution) = run(&root, &with_cargo());
    assert!(findings(&resolution).contains(&("discover/path-leaves", ".cargo/config.toml:5".to_owned())));
}

#[test]
fn a_manifest_that_does_not_fit_is_said_with_its_line() {
    for options in [lockfile_only(), with_cargo()] {
        let (_keep, root) = fixture("mismatch");
        let (_, resolution) = run(&root, &options);
        let found: BTreeSet<_> =
            findings(&resolution).into_iter().filter(|(_, at)| !at.ends_with(":0")).collect();
        assert_eq!(
            found,
            BTreeSet::from([
                ("lockfile/manifest-mismatch", "Cargo.toml:3".to_owned()),
                ("lockfile/manifest-mismatch", "Cargo.toml:7".to_owned()),
                ("lockfile/manifest-mismatch", "Cargo.toml:8".to_owned()),
            ])
        );
        assert!(resolution.notes.len() == 1, "{:?}", resolution.notes);
    }
}

#[test]
fn several_workspaces_in_one_tree() {
    let (_keep, root) = fixture("nested");
    let (found, resolution) = run(&root, &with_cargo());
    if !answered(&resolution) {
        return;
    }
    assert_eq!(found.projects.len(), 2);
    let purls: Vec<_> = resolution.packages.iter().map(|p| p.purl.as_str()).collect();
    assert_eq!(
        purls,
        ["pkg:cargo/inner@0.1.0?download_url=file:inner", "pkg:cargo/outer@0.1.0?download_url=file:."]
    );
    assert_eq!(resolution.gaps, []);
}

/// The folder holds a compiler, wrappers, a toolchain and a credential provider that would each
/// write `ran`; even if bomvet is started from inside of it.
#[cfg(unix)]
#[test]
fn a_hostile_checkout_starts_nothing() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_keep, root) = fixture("hostile");
    for file in ["ran.sh", "cargo", "rustc", "toolchain/bin/cargo", "toolchain/bin/rustc"] {
        std::fs::set_permissions(root.join(file), std::fs::Permissions::from_mode(0o755))
            .expect("it is ours");
    }
    let ran = |root: &Path| -> Vec<PathBuf> {
        [".", "toolchain", "toolchain/bin", "src"]
            .iter()
            .map(|d| root.join(d).join("ran"))
            .filter(|p| p.exists())
            .collect()
    };
    let (_, resolution) = run(&root, &with_cargo());
    assert_eq!(ran(&root), [] as [PathBuf; 0]);
    if answered(&resolution) {
        assert_eq!(resolution.gaps, [], "cargo answered, from outside");
        assert_eq!(resolution.packages.len(), 1);
    }

    // The proof that the fixture works: cargo started inside of it does run what is configured.
    #[expect(clippy::disallowed_methods, reason = "shows what the fixture would do")]
    let started = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline"])
        .current_dir(&root)
        .env("RUSTUP_TOOLCHAIN", "")
        .env_remove("RUSTC")
        .output();
    assert!(started.is_ok());
    assert!(!ran(&root).is_empty(), "the fixture has lost its teeth");
}

#[test]
fn a_second_run_asks_the_store() {
    let (_keep, root) = fixture("workspace");
    let store = tempfile::tempdir().expect("a folder");
    let options = Options { store: Some(Store::open(store.path().to_owned())), ..with_cargo() };
    let (_, first) = run(&root, &options);
    if !answered(&first) {
        return;
    }
    let entries = || std::fs::read_dir(store.path().join("metadata")).map_or(0, Iterator::count);
    assert_eq!(entries(), 1);
    let (_, second) = run(&root, &options);
    assert_eq!((&first.packages, &first.dependencies), (&second.packages, &second.dependencies));
    assert_eq!(entries(), 1, "nothing was asked again");
    // A changed member is another question.
    let member = root.join("crates/core/Cargo.toml");
    let text = std::fs::read_to_string(&member).expect("it is there").replace("\"MIT\"", "\"Apache-2.0\"");
    std::fs::write(&member, text).expect("it can be written");
    let (_, third) = run(&root, &options);
    assert_eq!(entries(), 2);
    let core = package(&third, "pkg:cargo/core@0.2.0?download_url=file:crates/core");
    assert_eq!(core.licence.as_deref(), Some("Apache-2.0"));
}

/// The lockfile of wasmtime: 583 packages by an independent count of its entries.
#[test]
fn a_real_lockfile_of_583_packages() {
    let data =
        std::env::var_os("BOMVET_DATA").map_or_else(|| repository().join("../shared/data"), PathBuf::from);
    let lockfile = data.join("lockfiles/wasmtime/Cargo.lock");
    let Ok(text) = std::fs::read_to_string(&lockfile) else {
        eprintln!("skipped: `{}` is not there; set BOMVET_DATA", lockfile.display());
        return;
    };
    let (_, resolution) = run(&lockfile, &lockfile_only());
    assert_eq!(text.matches("[[package]]").count(), 583);
    assert_eq!(resolution.packages.len(), 583);
    assert_eq!(findings(&resolution), []);
    let declared: usize = text.lines().filter(|line| line.starts_with(" \"")).count();
    assert_eq!(resolution.dependencies.len(), declared, "every dependency line is an edge");
}

/// This repository: what `cargo metadata` lists, and the lockfile, together.
#[test]
fn this_repository_counts_as_cargo_does() {
    let found = discover(&repository().join("Cargo.lock"), &[]).expect("there is a lockfile");
    let resolution = resolve(&found, &Options::default()).expect("it resolves");
    let text = std::fs::read_to_string(repository().join("Cargo.lock")).expect("it is there");
    assert_eq!(resolution.packages.len(), text.matches("[[package]]").count());
    assert_eq!(findings(&resolution), []);
    if resolution.notes.is_empty() {
        let serde = resolution.packages.iter().find(|p| p.name == "serde").expect("it is used");
        assert!(serde.features.contains(&"derive".to_owned()) && serde.licence.is_some());
        let direct =
            resolution.dependencies.iter().find(|d| d.to == serde.purl && d.from.contains("/bomvet@"));
        assert_eq!(direct.map(|d| &*d.declared.file), Some("Cargo.toml"));
    } else {
        eprintln!("cargo gave no answer here, the lockfile alone was compared: {:?}", resolution.notes);
    }
}
