//! Folders of the project itself.
//!
//! Everything below is read but `.git`, `node_modules`, a `target` that Cargo marked as its own,
//! and the folders of other packages (each is audited by itself). What cannot be read, leaves the
//! root, or is no file or folder is a finding and a gap: never skipped in silence.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
        self.folder(folder, "", 0, &mut state);
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
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => {
                    if !self.is_left_out(folder, &entry.path(), &lossy) {
                        self.folder(&entry.path(), &path, depth + 1, state);
                    }
                }
                Ok(kind) if kind.is_file() => {
                    // A worktree's `.git` is a file that names a folder.
                    if lossy != ".git" {
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

    fn is_left_out(&self, parent: &Path, path: &Path, name: &str) -> bool {
        match name {
            ".git" | "node_modules" => true,
            "target" if parent.join("Cargo.toml").is_file() && path.join("CACHEDIR.TAG").is_file() => true,
            _ => self.others.contains(path),
        }
    }

    fn link(&self, path: &Path, shown: &str, state: &mut State) {
        match std::fs::canonicalize(path) {
            Ok(target) if !target.starts_with(self.root) => {
                let message = format!("`{shown}` links to a place outside of the audited folder");
                state.unseen("acquire/link-leaves", shown, message);
            }
            // The target is read where it is.
            Ok(_) => {
                state.odd("acquire/link", shown, format!("`{shown}` is a link within the audited folder"))
            }
            Err(error) => {
                let message = format!("`{shown}` is a link that leads nowhere: {}", error.kind());
                state.odd("acquire/link", shown, message);
            }
        }
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

#[cfg(unix)]
fn is_executable(meta: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    meta.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_meta: &std::fs::Metadata) -> bool {
    false
}
