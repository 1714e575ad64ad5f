//! Python's lockfiles: as the tools write them (`fixtures/pypi`, counts as the tools' own), and by
//! hand where a form matters.

use std::collections::BTreeSet;
use std::path::Path;

use bomvet::discover;
use bomvet::model::{DependencyKind, Source};
use bomvet::resolve::{self, Options, Resolution, ResolveError};

fn resolved(root: &Path) -> Result<Resolution, ResolveError> {
    let found = discover::discover(root, &[]).expect("a project");
    resolve::resolve(&found, &Options { offline: true, ..Options::default() })
}

fn fixture(name: &str) -> Resolution {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/pypi").join(name);
    resolved(&root).expect("it is one")
}

fn written(files: &[(&str, &str)]) -> (tempfile::TempDir, Result<Resolution, ResolveError>) {
    let root = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }
    let got = resolved(root.path());
    (root, got)
}

fn rules(got: &Resolution) -> BTreeSet<&str> {
    got.findings.iter().map(|(_, finding)| finding.rule.as_str()).collect()
}

fn third_party(got: &Resolution) -> Vec<&str> {
    got.packages.iter().filter(|package| !package.first_party).map(|package| package.purl.as_str()).collect()
}

fn edges(got: &Resolution) -> Vec<(&str, &str)> {
    got.dependencies.iter().map(|edge| (edge.from.as_str(), edge.to.as_str())).collect()
}

/// The same nine packages from five tools (`uv export`, `pip-compile`'s form, PEP 751, Poetry,
/// Pipenv without PyYAML), each with its archives or digests.
#[test]
fn the_tools_files_give_the_same_packages() {
    let uv = fixture("uv");
    assert_eq!(third_party(&uv).len(), 9);
    assert_eq!(rules(&uv), BTreeSet::new());
    for name in ["pip", "pylock", "poetry"] {
        let other = fixture(name);
        assert_eq!(third_party(&other), third_party(&uv), "{name}");
        assert_eq!(rules(&other), BTreeSet::new(), "{name}: {:?}", other.findings);
        let theirs = |got: &Resolution| -> Vec<bomvet::model::Package> {
            got.packages.iter().filter(|package| !package.first_party).cloned().collect()
        };
        for (a, b) in theirs(&uv).iter().zip(&theirs(&other)) {
            let digests =
                |p: &bomvet::model::Package| p.integrity.iter().map(|d| d.hex()).collect::<BTreeSet<_>>();
            // Exporters leave out files of other interpreters.
            assert!(digests(b).is_subset(&digests(a)) || digests(a).is_subset(&digests(b)), "{}", a.purl);
            assert!(!b.integrity.is_empty(), "{}", b.purl);
        }
    }
    let pipenv = fixture("pipenv");
    let missing: Vec<_> =
        third_party(&uv).into_iter().filter(|p| !third_party(&pipenv).contains(p)).collect();
    // Pipenv locks for the platform that it runs on, and its Pipfile does not ask for PyYAML.
    assert_eq!(missing, ["pkg:pypi/colorama@0.4.6", "pkg:pypi/pyyaml@6.0.1"]);
    assert!(rules(&pipenv).is_empty(), "{:?}", pipenv.findings);
}

#[test]
fn edges_have_kinds() {
    let uv = fixture("uv");
    let kind = |to: &str| {
        uv.dependencies
            .iter()
            .filter(|edge| edge.to.starts_with(to))
            .map(|edge| edge.kind)
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(kind("pkg:pypi/pyyaml"), BTreeSet::from([DependencyKind::Optional]));
    assert_eq!(kind("pkg:pypi/pytest"), BTreeSet::from([DependencyKind::Dev]));
    let poetry = fixture("poetry");
    let jinja = poetry.dependencies.iter().find(|edge| edge.to.contains("/markupsafe@")).expect("an edge");
    assert_eq!((jinja.from.as_str(), jinja.requirement.as_str()), ("pkg:pypi/jinja2@3.1.4", ">=2.0"));
    let pdm = fixture("pdm");
    assert_eq!(third_party(&pdm), ["pkg:pypi/pysocks@1.7.1", "pkg:pypi/requests@2.31.0"]);
    assert!(edges(&pdm).contains(&("pkg:pypi/requests@2.31.0", "pkg:pypi/pysocks@1.7.1")));
}

#[test]
fn requirements_are_read_as_pip_reads_them() {
    let hash = "ab".repeat(32);
    let text = format!(
        "# top\n-r more/base.txt\n-c constraints.txt\n--index-url https://evil.invalid/simple\n\
         A_b[x] == 1.0 ; os_name == 'nt' \\\n    --hash=sha256:{hash} \\\n    --hash=md5:00\n    # via c\n\
         c==2 --hash=sha256:{hash}  # why\n\
         d @ https://h.invalid/d-3-py3-none-any.whl#sha256={hash}\n\
         git+https://h.invalid/e@0123456789abcdef0123456789abcdef01234567#egg=e\n\
         -e git+https://h.invalid/f@main#egg=f\n\
         loose>=1\nheld\n-r http://h.invalid/x.txt\n-r ../up.txt\nnot a requirement\n"
    );
    let (_root, got) = written(&[
        ("requirements.txt", &text),
        ("more/base.txt", "g==4\n-r ../requirements.txt\n./local\n"),
        ("more/local/setup.py", ""),
        ("constraints.txt", "held==7\n"),
    ]);
    let got = got.expect("it is one");
    assert_eq!(
        third_party(&got),
        [
            "pkg:pypi/a-b@1.0",
            "pkg:pypi/c@2",
            "pkg:pypi/d@3?download_url=https://h.invalid/d-3-py3-none-any.whl",
            "pkg:pypi/e?vcs_url=git%2Bhttps://h.invalid/e%400123456789abcdef0123456789abcdef01234567",
            "pkg:pypi/f?vcs_url=git%2Bhttps://h.invalid/f",
            "pkg:pypi/g@4",
            "pkg:pypi/held@7",
            "pkg:pypi/loose",
        ]
    );
    assert!(edges(&got).contains(&("pkg:pypi/c@2", "pkg:pypi/a-b@1.0")));
    let local = got.packages.iter().find(|package| package.name == "local").expect("a folder");
    assert_eq!((local.first_party, &local.source), (true, &Source::Path { path: "more/local".into() }));
    let wanted = [
        "lockfile/checkout-registry",
        "lockfile/malformed-entry",
        "lockfile/missing-integrity",
        "lockfile/outside-root",
        "lockfile/unpinned",
        "lockfile/unpinned-git",
    ];
    assert_eq!(rules(&got), BTreeSet::from(wanted), "{:#?}", got.findings);
    let line = got.packages.iter().find(|package| package.name == "a-b").map(|package| package.declared.line);
    assert_eq!(line, Some(5));
}

#[test]
fn a_script_asks_for_its_owner() {
    let script = "# /// script\n# dependencies = [\"rich>=13\", \"six==1.16.0\"]\n# ///\n";
    let (_root, got) = written(&[
        ("package.json", "{\"name\": \"app\", \"version\": \"1.0.0\"}"),
        (
            "package-lock.json",
            "{\"name\": \"app\", \"version\": \"1.0.0\", \"lockfileVersion\": 3, \"packages\": {\"\": {\"name\": \"app\", \"version\": \"1.0.0\"}}}",
        ),
        ("tools/run.py", script),
        ("tools/requirements.txt", "six==1.16.0\n"),
    ]);
    let got = got.expect("it is one");
    assert_eq!(third_party(&got), ["pkg:pypi/rich", "pkg:pypi/six@1.16.0"]);
    let own: Vec<_> =
        got.packages.iter().filter(|package| package.first_party).map(|p| p.name.as_str()).collect();
    assert_eq!(own, ["app"]);
    let edge = got.dependencies.iter().find(|edge| edge.to == "pkg:pypi/rich").expect("an edge");
    assert!(edge.from.starts_with("pkg:npm/app@1.0.0"), "{edge:?}");
    assert_eq!(
        (&*edge.declared.file, edge.declared.line, edge.kind),
        ("tools/run.py", 2, DependencyKind::Invokes)
    );
}

#[test]
fn damage_is_said_with_its_place() {
    for (file, text) in [
        ("uv.lock", "version = 1\n[[package]]\nversion = 1\n"),
        ("uv.lock", "version = 9\n"),
        ("uv.lock", "version = \n"),
        ("poetry.lock", "[metadata]\nlock-version = \"9.0\"\n"),
        ("pdm.lock", "[metadata]\n"),
        ("pylock.toml", "lock-version = \"2.0\"\n"),
        ("Pipfile.lock", "{\"_meta\": {\"pipfile-spec\": 5}}"),
        ("Pipfile.lock", "{\"default\": {}}"),
        ("Pipfile.lock", "{"),
    ] {
        let (_root, got) = written(&[(file, text)]);
        let error = got.expect_err("refused").to_string();
        assert!(error.starts_with(&format!("{file}:")) && error.contains("help: "), "{error}");
    }
}

/// Two files that give one archive different digests.
#[test]
fn a_digest_that_differs_between_lockfiles_is_told() {
    let lock = |c: &str| {
        format!(
            "lock-version = \"1.0\"\n[[packages]]\nname = \"a\"\nversion = \"1\"\nwheels = [{{name = \"a-1-py3-none-any.whl\", hashes = {{sha256 = \"{}\"}}}}]\n",
            c.repeat(64)
        )
    };
    let (_root, got) = written(&[("pylock.toml", &lock("a")), ("pylock.dev.toml", &lock("b"))]);
    let got = got.expect("both are");
    assert_eq!(rules(&got), BTreeSet::from(["lockfile/checksum-mismatch"]));
}
