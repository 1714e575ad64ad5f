use std::fmt::Write as _;
use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::discover::Format;
use crate::model::Ecosystem;

/// Resolves the text of one lockfile in a folder of its own.
fn resolve_text(text: &[u8]) -> Result<Resolution, ResolveError> {
    let root = tempfile::tempdir().expect("a folder");
    std::fs::write(root.path().join("Cargo.lock"), text).expect("a file");
    let project = Project {
        ecosystem: Ecosystem::Cargo,
        format: Format::CargoLock,
        dir: String::new(),
        lockfile: "Cargo.lock".to_owned(),
        manifest: None,
    };
    resolve(root.path(), &project, &Options::default())
}

fn refused(text: &[u8]) -> String {
    resolve_text(text).expect_err("it is not a lockfile").to_string()
}

#[test]
fn what_is_no_lockfile_says_where_and_what_to_do() {
    insta::assert_snapshot!(refused(b""), @"
    Cargo.lock:1:1: the lockfile is empty
      help: restore it from version control, or write it again with `cargo generate-lockfile`
    ");
    insta::assert_snapshot!(refused(b"version = 9\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n"), @"
    Cargo.lock:1:11: lockfile version `9` is not known; 1 to 4 are
      help: update bomvet, or write the lockfile again with a released cargo
    ");
    insta::assert_snapshot!(refused(b"version = 4\n"), @"
    Cargo.lock:2:1: the lockfile holds no package
      help: restore it from version control, or write it again with `cargo generate-lockfile`
    ");
    insta::assert_snapshot!(refused(b"version = 4\n<<<<<<< HEAD\n[[package]]\n"), @"
    Cargo.lock:2:1: a merge conflict is not settled here
      help: settle it, for example with `git checkout --theirs Cargo.lock` and `cargo update --workspace`
    ");
    insta::assert_snapshot!(refused(b"[[package]]\nname = \"a\"\nversion = \"1\"\n"), @"
    Cargo.lock:3:11: `1` is not a version
      help: restore it from version control, or write it again with `cargo generate-lockfile`
    ");
    insta::assert_snapshot!(refused(b"[[package]]\nversion = \"1.0.0\"\n"), @"
    Cargo.lock:1:1: a package has no `name`
      help: restore it from version control, or write it again with `cargo generate-lockfile`
    ");
    insta::assert_snapshot!(refused(b"[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\n \"b"), @"
    Cargo.lock:5:4: the lockfile ends too early: unclosed array, expected `]`
      help: restore it from version control, or write it again with `cargo generate-lockfile`
    ");
    insta::assert_snapshot!(refused(b"\x89PNG\xff"), @"
    Cargo.lock:1:1: not UTF-8
      help: write the file again with the package manager
    ");
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    for text in [
        "a = ".to_owned() + &"[".repeat(100_000),
        "a = ".to_owned() + &"{a=".repeat(100_000),
        "a.".repeat(100_000) + "a = 1",
    ] {
        assert!(resolve_text(text.as_bytes()).is_err());
    }
}

/// A lockfile in a chain: each package asks for the next.
fn generated(count: usize) -> String {
    let mut text = "version = 4\n".to_owned();
    for at in 0..count {
        let _ = write!(
            text,
            "\n[[package]]\nname = \"p{at}\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{at:064x}\"\n"
        );
        if at + 1 < count {
            let _ = write!(text, "dependencies = [\n \"p{}\",\n]\n", at + 1);
        }
    }
    text
}

#[test]
fn time_grows_with_the_number_of_packages() {
    let time = |count: usize| {
        let text = generated(count);
        let start = Instant::now();
        let found = resolve_text(text.as_bytes()).expect("it resolves");
        assert_eq!((found.packages.len(), found.dependencies.len()), (count, count - 1));
        start.elapsed()
    };
    let (small, large) = (time(5_000), time(50_000));
    eprintln!("5,000 packages {small:?}, 50,000 packages {large:?}");
    // Ten times the packages; a quadratic lookup would take a hundred times.
    assert!(large < small * 40 + std::time::Duration::from_millis(500), "{small:?} {large:?}");
}

#[test]
fn many_dependencies_on_one_line_are_located_in_linear_time() {
    let mut text =
        "version = 4\n\n[[package]]\nname = \"q\"\nversion = \"1.0.0\"\ndependencies = [".to_owned();
    for at in 0..50_000 {
        let _ = write!(text, "\"p{at:05}\", ");
    }
    text.push_str("]\n");
    let found = resolve_text(text.as_bytes()).expect("it resolves");
    let messages: Vec<_> = found.findings.iter().map(|(_, f)| f.message.as_str()).collect();
    assert_eq!(messages.len(), 21, "the rest is counted");
    assert!(messages.contains(&"`q` asks for 49980 more that cannot be told"));
}

#[test]
fn one_name_in_many_versions_is_no_trap() {
    let mut text = "version = 4\n".to_owned();
    let mut asked = String::new();
    for at in 0..3_000 {
        let _ = write!(text, "\n[[package]]\nname = \"p\"\nversion = \"1.0.{at}\"\n");
        asked.push_str(" \"p\",\n");
    }
    let _ = write!(text, "\n[[package]]\nname = \"q\"\nversion = \"1.0.0\"\ndependencies = [\n{asked}]\n");
    let found = resolve_text(text.as_bytes()).expect("it resolves");
    assert_eq!(found.packages.len(), 3_001);
    let last = found.dependencies.last().expect("there are edges");
    assert_eq!(last.declared.column, 2);
    assert!(found.dependencies.len() <= 8 * 3_000, "each string gives a few edges, not all of them");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = resolve_text(&bytes);
    }

    #[test]
    fn a_cut_or_changed_lockfile_never_panics(cut in 0usize..900, at in 0usize..900, c in any::<char>()) {
        let mut text = generated(5);
        text.truncate(cut);
        let at = at.min(text.len());
        text.insert(at, c);
        let _ = resolve_text(text.as_bytes());
    }

    #[test]
    fn every_entry_becomes_a_package(
        names in proptest::collection::btree_set(("[a-z][a-z0-9_-]{0,8}", 0u64..9, 0u64..9), 1..20),
    ) {
        let names: Vec<_> = names.into_iter().collect();
        let mut text = "version = 4\n".to_owned();
        for (at, (name, major, minor)) in names.iter().enumerate() {
            let _ = write!(text, "\n[[package]]\nname = \"{name}\"\nversion = \"{major}.{minor}.0\"\ndependencies = [\n");
            if let Some((name, major, minor)) = names.get(at + 1) {
                let _ = writeln!(text, " \"{name} {major}.{minor}.0\",");
            }
            text.push_str("]\n");
        }
        let found = resolve_text(text.as_bytes()).expect("it is a lockfile");
        prop_assert_eq!(found.packages.len(), names.len());
        prop_assert_eq!(found.dependencies.len(), names.len() - 1);
        prop_assert_eq!(found.findings, Vec::new());
    }
}
