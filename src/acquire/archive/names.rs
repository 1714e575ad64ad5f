//! Names of entries: what a name may look like, and which names are the same file somewhere.

use std::collections::{HashMap, HashSet};
use std::fmt;

use unicode_normalization::{UnicodeNormalization as _, is_nfd};

use super::{ArchiveError, TopFolder};
use crate::acquire::limits;
use crate::model::escape;

/// What is wrong with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Problem {
    /// `..` goes above the folder.
    Leaves,
    /// Starts at the root of a file system or with a drive letter.
    Absolute,
    /// Holds a backslash, a separator on Windows and a letter elsewhere.
    Backslash,
    /// Holds a NUL or another control character.
    Control,
    /// Is not UTF-8.
    NotUtf8,
    /// Is longer than file systems allow.
    TooLong,
    /// Has too many folders.
    TooDeep,
    /// Is empty, or a file's name that ends like a folder's.
    NoName,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Leaves => "goes above the package's folder",
            Self::Absolute => "is absolute",
            Self::Backslash => "holds a backslash",
            Self::Control => "holds a control character",
            Self::NotUtf8 => "is not UTF-8",
            Self::TooLong => "is too long for a file system",
            Self::TooDeep => "has too many folders",
            Self::NoName => "names no file",
        })
    }
}

/// Checks a name and takes `.` and empty components out of it, as every extractor does.
///
/// # Errors
/// What is wrong with it.
pub fn clean(name: &[u8]) -> Result<String, Problem> {
    let name = std::str::from_utf8(name).map_err(|_| Problem::NotUtf8)?;
    if name.len() > limits::PATH_BYTES {
        return Err(Problem::TooLong);
    }
    if name.starts_with('/') || matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
    {
        return Err(Problem::Absolute);
    }
    if name.contains('\\') {
        return Err(Problem::Backslash);
    }
    if name.chars().any(char::is_control) {
        return Err(Problem::Control);
    }
    let mut out = String::with_capacity(name.len());
    let mut depth = 0;
    for part in name.split('/') {
        match part {
            "" | "." => continue,
            ".." => return Err(Problem::Leaves),
            _ if part.len() > limits::COMPONENT_BYTES => return Err(Problem::TooLong),
            _ => {}
        }
        depth += 1;
        if depth > limits::DEPTH {
            return Err(Problem::TooDeep);
        }
        if !out.is_empty() {
            out.push('/');
        }
        out.push_str(part);
    }
    if out.is_empty() { Err(Problem::NoName) } else { Ok(out) }
}

/// A name made visible, for messages.
pub(super) fn shown(name: &[u8]) -> String {
    escape(&String::from_utf8_lossy(&name[..name.len().min(300)]))
}

/// Whether the target of a link at `path` stays below the top folder. Both without top folder.
pub(super) fn target_stays(path: &str, target: &[u8], symbolic: bool) -> bool {
    let Ok(target) = std::str::from_utf8(target) else { return false };
    if target.starts_with('/') || target.contains(['\\', ':']) || target.chars().any(char::is_control) {
        return false;
    }
    // A symbolic link is relative to its folder, a hard link to the archive's root.
    let mut depth = if symbolic { path.matches('/').count() as i64 } else { -1 };
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        if symbolic && depth < 0 {
            return false;
        }
    }
    symbolic || (depth >= 0 && !target.split('/').any(|part| part == ".."))
}

/// The names of one archive so far.
#[derive(Debug)]
pub struct Names<'a> {
    top: TopFolder<'a>,
    seen_top: Option<String>,
    /// Folded name → name and place in the list of files.
    files: HashMap<String, (String, usize)>,
}

impl<'a> Names<'a> {
    /// No names yet.
    pub fn new(top: TopFolder<'a>) -> Self {
        Self { top, seen_top: None, files: HashMap::new() }
    }

    /// Takes the top folder off a clean name; `None` for the top folder itself.
    ///
    /// # Errors
    /// Where it is another folder than it should be.
    pub fn strip(&mut self, name: &str, folder: bool, offset: u64) -> Result<Option<String>, ArchiveError> {
        if self.top == TopFolder::None {
            return Ok(Some(name.to_owned()));
        }
        let (first, rest) = match name.split_once('/') {
            Some((first, rest)) => (first, Some(rest)),
            None => (name, None),
        };
        let expected = match (self.top, &self.seen_top) {
            (TopFolder::Exactly(expected), _) => Some(expected),
            (_, Some(seen)) => Some(seen.as_str()),
            _ => None,
        };
        if expected.is_some_and(|expected| expected != first) || (rest.is_none() && !folder) {
            let expected = expected.unwrap_or("package").to_owned();
            return Err(ArchiveError::WrongTopFolder { path: escape(name), offset, expected });
        }
        if self.seen_top.is_none() {
            self.seen_top = Some(first.to_owned());
        }
        Ok(rest.map(str::to_owned))
    }

    /// Adds a file, the `at`th; gives the place of the earlier one that has the very same name.
    ///
    /// # Errors
    /// Where another name is the same file on some file system.
    pub fn add(&mut self, path: &str, at: usize, offset: u64) -> Result<Option<usize>, ArchiveError> {
        let key = fold(path);
        if let Some((other, earlier)) = self.files.get(&key) {
            if other == path {
                return Ok(Some(*earlier));
            }
            return Err(ArchiveError::NameClash { path: escape(path), other: escape(other), offset });
        }
        self.files.insert(key, (path.to_owned(), at));
        Ok(None)
    }

    /// Looks for a name that is a file and a folder, once all names are known.
    ///
    /// # Errors
    /// The first such name, in order of the files.
    pub fn finish<'p>(&self, paths: impl Iterator<Item = &'p str>) -> Result<(), ArchiveError> {
        let mut checked = HashSet::new();
        for path in paths {
            let key = fold(path);
            let mut rest = key.as_str();
            while let Some((parent, _)) = rest.rsplit_once('/') {
                if !checked.insert(parent.to_owned()) {
                    break;
                }
                if let Some((file, _)) = self.files.get(parent) {
                    return Err(ArchiveError::FileAndFolder { path: escape(file) });
                }
                rest = parent;
            }
        }
        Ok(())
    }
}

/// The same for all names that some file system takes for one: case folded, decomposed.
fn fold(path: &str) -> String {
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    // Lower-casing may compose or decompose; so normalise after it as well.
    let lower: String = path.nfd().flat_map(char::to_lowercase).collect();
    if is_nfd(&lower) { lower } else { lower.nfd().collect() }
}
