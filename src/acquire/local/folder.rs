//! Folders of the project itself.
//!
//! Everything below is read but `.git`, what tools put there (`node_modules`, a `target` that
//! Cargo filled, virtual environments) unless it is committed, and the folders of other packages
//! (each is audited by itself). What cannot be read, leaves the root, or is no file or folder is a
//! finding and a gap: never skipped in silence.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::committed::Committed;
use crate::acquire::limits;
use crate::acquire::{Remarks, archive};
use crate::model::{Contents, File, Finding, Gap, GapKind, Provenance, Span};

/// How a folder is walked.
#[derive(Debug)]
pub struct Walk<'a> {
    /// Canonical folder that nothing may leave.
    pub root: &'a Path,
    /// Canonical folders that are not this package's.
    pub others: &'a BTreeSet<PathBuf>,
    /// Patterns of the policy, from the root: what they match is left out, and counted.
    pub exclude: &'a [String],
    /// Leave nothing out: the folder is a package as it was vendored.
    pub everything: bool,
    /// Leave out `.git` and the folders of other packages only: whoever is given the folder is
    /// given all of it.
    pub whole: bool,
    /// Limits on bytes, for tests.
    pub limits: FolderLimits,
}

/// Bytes that may be read.
#[derive(Debug, Clone, Copy)]
pub struct FolderLimits {
    /// One file.
    pub file: u64,
    /// All files.
    pub total: u64,
    /// How many files.
    pub files: usize,
}

impl Default for FolderLimits {
    fn default() -> Self {
        Self { file: limits::FOLDER_FILE_BYTES, total: limits::FOLDER_BYTES, files: limits::FILES }
    }
}

#[derive(Default)]
struct State {
    files: Vec<File>,
    buffer: Vec<u8>,
    remarks: Remarks,
    full: bool,
    excluded: usize,
    /// Opened where the first folder would be left out.
    committed: OnceCell<Option<Committed>>,
}

impl State {
    fn odd(&mut self, rule: &str, path: &str, message: String) {
        self.remarks.findings.push(Finding::new(rule, message, vec![Span::file(path)]));
    }

    fn unseen(&mut self, rule: &str, path: &str, message: String) {
        let spans = vec![Span::file(path)];
        self.remarks.gaps.push(Gap {
            kind: GapKind::NotSeen,
            message: message.clone(),
            spans: spans.clone(),
        });
        self.remarks.findings.push(Finding::new(rule, message, spans));
    }
}

impl Walk<'_> {
    /// Reads everything below `folder`, a canonical path.
    pub fn read(&self, folder: &Path) -> (Contents, Remarks) {
        let mut state = State::default();
        if folder.is_dir() {
            self.folder(folder, "", 0, &mut state);
        } else {
            // A package of one file.
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            self.file(folder, name, &mut state);
        }
        if state.excluded > 0 {
            let message =
                format!("{} files and folders are left out, as `exclude` of the policy says", state.excluded);
            state.odd("acquire/excluded", ".", message);
        }
        let State { files, buffer, remarks, .. } = state;
        let mut contents = Contents::new(Provenance::FirstParty, None, files, Arc::new(buffer));
        contents.root = Some(folder.to_owned());
        (contents, remarks)
    }

    fn folder(&self, folder: &Path, within: &str, depth: usize, state: &mut State) {
        let shown = if within.is_empty() { "." } else { within };
        if depth > limits::DEPTH {
            let message = format!("`{shown}` lies more than {} folders deep and is not read", limits::DEPTH);
            return state.unseen("acquire/too-deep", shown, message);
        }
        let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                let message = format!("the folder `{shown}` cannot be read: {error}");
                return state.unseen("acquire/unreadable", shown, message);
            }
        };
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for entry in entries {
            if state.full {
                return;
            }
            let name = entry.file_name();
            let lossy = name.to_string_lossy();
            let path = if within.is_empty() { lossy.to_string() } else { format!("{within}/{lossy}") };
            if name.to_str().is_none() || archive::clean(path.as_bytes()).is_err() {
                let path = crate::model::escape(&path);
                let message =
                    format!("`{path}` has a name that cannot be written everywhere; it is not read");
                state.unseen("acquire/bad-name", &path, message);
                continue;
            }
            if self.is_excluded(&entry.path()) {
                state.excluded += 1;
                continue;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => {
                    if self.whole && lossy == ".git" {
                        git(&entry.path(), &path, state);
                    }
                    if !self.is_left_out(folder, &entry.path(), &lossy, state) {
                        self.folder(&entry.path(), &path, depth + 1, state);
                    }
                }
                Ok(kind) if kind.is_file() => {
                    // A worktree's `.git` is a file that names a folder.
                    if (lossy != ".git" || self.everything) && !self.others.contains(&entry.path()) {
                        self.file(&entry.path(), path, state);
                    }
                }
                Ok(kind) if kind.is_symlink() => self.link(&entry.path(), &path, state),
                Ok(_) => {
                    let message = format!("`{path}` is a device, FIFO or socket");
                    state.unseen("acquire/special-file", &path, message);
                }
                Err(error) => {
                    let message = format!("`{path}` cannot be looked at: {error}");
                    state.unseen("acquire/unreadable", &path, message);
                }
            }
        }
    }

    fn is_left_out(&self, parent: &Path, path: &Path, name: &str, state: &State) -> bool {
        if self.everything {
            return false;
        }
        if name == ".git" || self.others.contains(path) {
            return true;
        }
        let is_filled_by_a_tool = match name {
            "node_modules" => true,
            // Cargo writes the first only where it makes the folder itself, the second always.
            "target" => {
                parent.join("Cargo.toml").is_file()
                    && [path.join("CACHEDIR.TAG"), path.join(".rustc_info.json")]
                        .iter()
                        .any(|mark| mark.is_file())
            }
            // A virtual environment: what was installed, which the lockfiles pin.
            _ => path.join("pyvenv.cfg").is_file(),
        };
        is_filled_by_a_tool
            && !self.whole
            && !state
                .committed
                .get_or_init(|| Committed::open(self.root))
                .as_ref()
                .is_some_and(|committed| committed.holds(path))
    }

    fn is_excluded(&self, path: &Path) -> bool {
        let Ok(path) = path.strip_prefix(self.root) else { return false };
        let path = path.to_string_lossy().replace('\\', "/");
        self.exclude.iter().any(|pattern| glob(pattern.as_bytes(), path.as_bytes()))
    }

    fn link(&self, path: &Path, shown: &str, state: &mut State) {
        match std::fs::canonicalize(path) {
            Ok(target) if !target.starts_with(self.root) => {
                let message = format!("`{shown}` links to a place outside of the audited folder");
                state.unseen("acquire/link-leaves", shown, message);
            }
            // The target is read where it is, if that is read.
            Ok(target) => {
                let left_out = target.strip_prefix(self.root).is_ok_and(|below| {
                    below.components().any(|part| {
                        matches!(part.as_os_str().to_str(), Some(".git" | "node_modules" | "target"))
                    })
                });
                if left_out {
                    let message = format!("`{shown}` links to a place that is not read");
                    state.unseen("acquire/link-leaves", shown, message);
                } else {
                    let message = format!("`{shown}` is a link within the audited folder");
                    state.odd("acquire/link", shown, message);
                }
            }
            // What lies there on another day or machine is not what was looked at.
            Err(_) if self.points_out(path) => {
                let message = format!("`{shown}` links to a place outside of the audited folder");
                state.unseen("acquire/link-leaves", shown, message);
            }
            Err(error) => {
                let message = format!("`{shown}` is a link that leads nowhere: {}", error.kind());
                state.odd("acquire/link", shown, message);
            }
        }
    }

    /// Whether a link names a place outside of the root, there or not.
    fn points_out(&self, path: &Path) -> bool {
        let Ok(target) = std::fs::read_link(path) else { return true };
        let Some(mut place) = path.parent().map(Path::to_owned) else { return true };
        for part in target.components() {
            match part {
                Component::Normal(name) => place.push(name),
                Component::CurDir => {}
                Component::ParentDir => drop(place.pop()),
                Component::RootDir | Component::Prefix(_) => place = PathBuf::from(part.as_os_str()),
            }
        }
        !place.starts_with(self.root)
    }

    fn file(&self, path: &Path, shown: String, state: &mut State) {
        if state.files.len() >= self.limits.files {
            state.full = true;
            let message =
                format!("more than {} files; `{shown}` and what follows is not read", self.limits.files);
            return state.unseen("acquire/too-many-files", &shown, message);
        }
        let start = state.buffer.len();
        let room = self.limits.total.saturating_sub(start as u64);
        let limit = self.limits.file.min(room);
        let read = std::fs::File::open(path).and_then(|file| {
            let executable = is_executable(&file.metadata()?);
            file.take(limit + 1).read_to_end(&mut state.buffer).map(|_| executable)
        });
        match read {
            Ok(_) if (state.buffer.len() - start) as u64 > limit => {
                state.buffer.truncate(start);
                let (rule, limit) = if room < self.limits.file {
                    ("acquire/folder-too-large", self.limits.total)
                } else {
                    ("acquire/file-too-large", self.limits.file)
                };
                let message = format!("`{shown}` is not read: it goes beyond {limit} bytes");
                state.unseen(rule, &shown, message);
            }
            Ok(executable) => {
                let range = start..state.buffer.len();
                state.files.push(File { path: shown.into(), range, executable });
            }
            Err(error) => {
                state.buffer.truncate(start);
                let message = format!("`{shown}` cannot be read: {}", error.kind());
                state.unseen("acquire/unreadable", &shown, message);
            }
        }
    }
}

/// What lies in a `.git` beside what git itself puts there: it goes with the folder, git runs some
/// of it, and it is not read.
fn git(folder: &Path, shown: &str, state: &mut State) {
    let list = |below: &str| -> Vec<String> {
        let entries = std::fs::read_dir(folder.join(below)).into_iter().flatten().flatten();
        let mut names: Vec<_> =
            entries.map(|entry| format!("{below}{}", entry.file_name().to_string_lossy())).collect();
        names.sort();
        names
    };
    let known = |name: &String| {
        matches!(
            &**name,
            "HEAD"
                | "config"
                | "description"
                | "index"
                | "objects"
                | "refs"
                | "logs"
                | "hooks"
                | "info"
                | "packed-refs"
                | "branches"
                | "shallow"
                | "modules"
                | "worktrees"
                | "lfs"
                | "COMMIT_EDITMSG"
                | "rebase-merge"
                | "rebase-apply"
                | "sequencer"
                | "gc.log"
                | "gc.pid"
                | "index.lock"
        ) || name.ends_with("_HEAD")
            || name.ends_with("_MSG")
    };
    let repository = ["HEAD", "objects", "refs"].iter().all(|name| folder.join(name).exists());
    let mut odd: Vec<String> = list("").into_iter().filter(|name| !repository || !known(name)).collect();
    odd.extend(list("hooks/").into_iter().filter(|name| !name.ends_with(".sample")));
    if let Some(first) = odd.first() {
        let message = format!(
            "`{shown}` is not read, and holds more than git puts there: `{}`",
            crate::model::escape(first)
        );
        state.unseen("acquire/git-extra", shown, message);
    }
}

#[cfg(unix)]
fn is_executable(meta: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    meta.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_meta: &std::fs::Metadata) -> bool {
    false
}

/// Whether `path` matches: `?` is one character and `*` any within a component, `**` any number
/// of components. `a/**` matches `a` itself, so that its folder need not be entered.
fn glob(pattern: &[u8], path: &[u8]) -> bool {
    match pattern {
        [] => path.is_empty(),
        b"/**" => path.is_empty() || path[0] == b'/',
        [b'*', b'*', b'/', rest @ ..] => {
            glob(rest, path)
                || path.iter().enumerate().any(|(at, byte)| *byte == b'/' && glob(rest, &path[at + 1..]))
        }
        b"**" => true,
        [b'*', rest @ ..] => {
            let end = path.iter().position(|byte| *byte == b'/').unwrap_or(path.len());
            (0..=end).any(|at| glob(rest, &path[at..]))
        }
        [b'?', rest @ ..] => matches!(path, [byte, tail @ ..] if *byte != b'/' && glob(rest, tail)),
        [byte, rest @ ..] => matches!(path, [first, tail @ ..] if first == byte && glob(rest, tail)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(root: &Path, others: &BTreeSet<PathBuf>, exclude: &[String]) -> (Vec<String>, Vec<String>) {
        let limits = FolderLimits { file: 100, total: 150, files: 6 };
        let root = std::fs::canonicalize(root).expect("there");
        let (contents, remarks) =
            Walk { root: &root, others, exclude, everything: false, whole: false, limits }.read(&root);
        let files = contents.files.iter().map(|file| file.path.to_string()).collect();
        let mut said: Vec<_> =
            remarks.findings.iter().map(|finding| format!("{}: {}", finding.rule, finding.message)).collect();
        said.extend(remarks.gaps.iter().map(|gap| format!("gap: {}", gap.message)));
        (files, said)
    }

    fn write(root: &Path, path: &str, body: &[u8]) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, body).expect("written");
    }

    #[test]
    fn everything_is_read_but_what_is_known_to_be_no_part() {
        let dir = tempfile::tempdir().expect("a folder");
        for path in
            ["Cargo.toml", ".hidden/x", "target/debug/a", "node_modules/m/i.js", ".git/config", "sub/y"]
        {
            write(dir.path(), path, b"1");
        }
        let none = BTreeSet::new();
        // A `target` without Cargo's mark may be anything.
        let (files, said) = small(dir.path(), &none, &[]);
        assert_eq!(
            (files.join(" "), said.len()),
            (".hidden/x Cargo.toml sub/y target/debug/a".to_owned(), 0)
        );
        write(dir.path(), "target/CACHEDIR.TAG", b"1");
        let other = std::fs::canonicalize(dir.path().join("sub")).expect("there");
        let (files, said) = small(dir.path(), &BTreeSet::from([other]), &[".hid*/**".to_owned()]);
        assert_eq!(files, ["Cargo.toml"]);
        assert_eq!(
            said,
            ["acquire/excluded: 1 files and folders are left out, as `exclude` of the policy says"]
        );
    }

    #[test]
    fn what_is_too_large_is_a_gap_and_the_others_are_still_read() {
        let dir = tempfile::tempdir().expect("a folder");
        write(dir.path(), "a", &[0; 100]);
        write(dir.path(), "b", &[0; 101]);
        write(dir.path(), "c", &[0; 51]);
        write(dir.path(), "d", &[0; 50]);
        let (files, said) = small(dir.path(), &BTreeSet::new(), &[]);
        assert_eq!(files, ["a", "d"]);
        assert_eq!(said.iter().filter(|said| said.starts_with("gap: ")).count(), 2, "{said:?}");
        for n in 0..6 {
            write(dir.path(), &format!("e{n}"), b"");
        }
        let (files, said) = small(dir.path(), &BTreeSet::new(), &[]);
        assert_eq!(files.len(), 6);
        assert!(said.iter().any(|said| said.starts_with("acquire/too-many-files")), "{said:?}");
    }

    #[cfg(unix)]
    #[test]
    fn links_sockets_and_odd_names_are_said_and_never_opened() {
        use std::os::unix::ffi::OsStrExt as _;
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().expect("a folder");
        write(dir.path(), "a", b"1");
        write(dir.path(), "node_modules/m/i.js", b"1");
        symlink("/etc/hostname", dir.path().join("out")).expect("linked");
        symlink("..", dir.path().join("up")).expect("linked");
        symlink("a", dir.path().join("in")).expect("linked");
        symlink(".", dir.path().join("loop")).expect("linked");
        symlink("nowhere", dir.path().join("dead")).expect("linked");
        symlink("node_modules/m/i.js", dir.path().join("module")).expect("linked");
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("socket")).expect("bound");
        write(dir.path(), "x\n", b"1");
        std::fs::write(dir.path().join(std::ffi::OsStr::from_bytes(b"\xff")), b"1").expect("written");
        let (files, said) = small(dir.path(), &BTreeSet::new(), &[]);
        assert_eq!(files, ["a"]);
        insta::assert_snapshot!(said.join("\n"), @r"
    acquire/link: `dead` is a link that leads nowhere: entity not found
    acquire/link: `in` is a link within the audited folder
    acquire/link: `loop` is a link within the audited folder
    acquire/link-leaves: `module` links to a place that is not read
    acquire/link-leaves: `out` links to a place outside of the audited folder
    acquire/special-file: `socket` is a device, FIFO or socket
    acquire/link-leaves: `up` links to a place outside of the audited folder
    acquire/bad-name: `x\u{a}` has a name that cannot be written everywhere; it is not read
    acquire/bad-name: `�` has a name that cannot be written everywhere; it is not read
    gap: `module` links to a place that is not read
    gap: `out` links to a place outside of the audited folder
    gap: `socket` is a device, FIFO or socket
    gap: `up` links to a place outside of the audited folder
    gap: `x\u{a}` has a name that cannot be written everywhere; it is not read
    gap: `�` has a name that cannot be written everywhere; it is not read
    ");
    }

    #[test]
    fn patterns_match_components() {
        for (pattern, path, expected) in [
            ("fixtures/**", "fixtures", true),
            ("fixtures/**", "fixtures/a/b", true),
            ("fixtures/**", "fixtures2/a", false),
            ("**/*.bin", "a/b/c.bin", true),
            ("**/*.bin", "c.bin", true),
            ("*.bin", "a/c.bin", false),
            ("a/?.js", "a/b.js", true),
            ("a/?.js", "a//js", false),
            ("a", "a", true),
            ("", "a", false),
        ] {
            assert_eq!(glob(pattern.as_bytes(), path.as_bytes()), expected, "{pattern} {path}");
        }
    }
}
