//! Reads a database, wherever it is: a folder or clone, a `.tar.gz`, a `.zip` or one `.json`.
//!
//! Every form gives the same stream: the path of each file within the database and its bytes, one
//! at a time. Archives are read as they are unpacked and nothing is written. Links are not
//! followed. What is too large to read is told to the visitor as such, never left out.

use std::fs;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::limits::{MAX_ARCHIVE, MAX_DEPTH, MAX_ENTRIES, MAX_RECORD, MAX_UNPACKED};
use super::{AdvisoryError, commit};

/// What a database says of itself, apart from its records.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// The commit that it was made from.
    pub commit: Option<String>,
    /// Time of that commit, seconds since the epoch.
    pub time: Option<i64>,
}

/// One file of a database, or why it could not be had.
pub(super) type Item<'a> = Result<&'a [u8], String>;

/// Calls `visit` for each file whose path `wanted` accepts, in the order of the archive or, for a
/// folder, of the sorted paths.
pub(super) fn read(
    path: &Path,
    wanted: &dyn Fn(&str) -> bool,
    visit: &mut dyn FnMut(&str, Item<'_>),
) -> Result<Origin, AdvisoryError> {
    let fail = |message: String| AdvisoryError { path: path.to_owned(), message };
    let meta = fs::metadata(path).map_err(|error| fail(error.to_string()))?;
    if meta.is_dir() {
        let mut budget = Budget::default();
        folder(path, "", 0, wanted, visit, &mut budget).map_err(fail)?;
        return Ok(commit::of_clone(path));
    }
    if !meta.is_file() {
        return Err(fail("is neither a folder nor a file".to_owned()));
    }
    if meta.len() > MAX_ARCHIVE {
        return Err(fail(format!("has {} bytes; at most {MAX_ARCHIVE} are read", meta.len())));
    }
    let mut file = fs::File::open(path).map_err(|error| fail(error.to_string()))?;
    let mut magic = [0_u8; 4];
    let got = read_up_to(&mut file, &mut magic).map_err(|error| fail(error.to_string()))?;
    let file = fs::File::open(path).map_err(|error| fail(error.to_string()))?;
    match &magic[..got] {
        [0x1f, 0x8b, ..] => tar_gz(file, wanted, visit).map_err(fail),
        [b'P', b'K', ..] => zip(file, wanted, visit).map_err(fail).map(|()| Origin::default()),
        [] => Err(fail("is empty".to_owned())),
        _ if path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("json")) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let bytes = fs::read(path).map_err(|error| fail(error.to_string()))?;
            visit(&name, Ok(&bytes));
            Ok(Origin::default())
        }
        _ => Err(fail("is not a folder, a `.tar.gz`, a `.zip` or a `.json` record".to_owned())),
    }
}

/// What is left of the limits.
#[derive(Default)]
struct Budget {
    entries: usize,
    bytes: u64,
}

impl Budget {
    fn entry(&mut self) -> Result<(), String> {
        self.entries += 1;
        if self.entries > MAX_ENTRIES { Err(format!("has more than {MAX_ENTRIES} entries")) } else { Ok(()) }
    }

    fn bytes(&mut self, more: u64) -> Result<(), String> {
        self.bytes += more;
        if self.bytes > MAX_UNPACKED {
            Err(format!("unpacks to more than {MAX_UNPACKED} bytes"))
        } else {
            Ok(())
        }
    }
}

fn read_up_to(from: &mut impl Read, into: &mut [u8]) -> std::io::Result<usize> {
    let mut got = 0;
    while got < into.len() {
        match from.read(&mut into[got..])? {
            0 => break,
            n => got += n,
        }
    }
    Ok(got)
}

/// Reads at most [`MAX_RECORD`] bytes into `buffer`; `Err` where there is more.
fn record(from: &mut dyn Read, buffer: &mut Vec<u8>) -> std::io::Result<Result<(), String>> {
    buffer.clear();
    from.take(MAX_RECORD + 1).read_to_end(buffer)?;
    Ok(if buffer.len() as u64 > MAX_RECORD {
        Err(format!("is larger than {MAX_RECORD} bytes"))
    } else {
        Ok(())
    })
}

/// Shows what [`record`] read, or why it did not.
fn show(
    path: &str,
    read: std::io::Result<Result<(), String>>,
    buffer: &[u8],
    visit: &mut dyn FnMut(&str, Item<'_>),
    budget: &mut Budget,
) -> Result<(), String> {
    budget.bytes(buffer.len() as u64)?;
    visit(path, read.unwrap_or_else(|error| Err(error.to_string())).map(|()| buffer));
    Ok(())
}

fn folder(
    root: &Path,
    prefix: &str,
    depth: usize,
    wanted: &dyn Fn(&str) -> bool,
    visit: &mut dyn FnMut(&str, Item<'_>),
    budget: &mut Budget,
) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("`{prefix}` is deeper than {MAX_DEPTH} folders"));
    }
    let list = fs::read_dir(root.join(prefix)).map_err(|error| format!("`{prefix}`: {error}"))?;
    let mut entries = Vec::new();
    for entry in list {
        let entry = entry.map_err(|error| format!("`{prefix}`: {error}"))?;
        let kind = entry.file_type().map_err(|error| format!("`{prefix}`: {error}"))?;
        entries.push((entry.file_name().to_string_lossy().into_owned(), entry.path(), kind));
    }
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, full, kind) in entries {
        budget.entry()?;
        // `.git`, `.github` and the like hold no records.
        if name.starts_with('.') {
            continue;
        }
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        if kind.is_dir() {
            folder(root, &path, depth + 1, wanted, visit, budget)?;
        } else if wanted(&path) {
            if !kind.is_file() {
                visit(&path, Err("is a link or a special file, which is not followed".to_owned()));
                continue;
            }
            let mut buffer = Vec::new();
            let read = fs::File::open(&full).and_then(|mut file| record(&mut file, &mut buffer));
            show(&path, read, &buffer, visit, budget)?;
        }
    }
    Ok(())
}

fn tar_gz(
    file: fs::File,
    wanted: &dyn Fn(&str) -> bool,
    visit: &mut dyn FnMut(&str, Item<'_>),
) -> Result<Origin, String> {
    let broken = |error: std::io::Error| format!("is not a whole `.tar.gz`: {error}");
    // The decoder is bounded as a whole: an entry that is skipped is unpacked all the same.
    let limited = MultiGzDecoder::new(BufReader::new(file)).take(MAX_UNPACKED);
    let mut archive = tar::Archive::new(limited);
    let mut origin = Origin::default();
    let (mut budget, mut buffer) = (Budget::default(), Vec::new());
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        budget.entry()?;
        match entry.header().entry_type() {
            // `git archive` writes the commit into a comment of the global header.
            tar::EntryType::XGlobalHeader => {
                if record(&mut entry, &mut buffer).map_err(broken)?.is_ok() {
                    let text = String::from_utf8_lossy(&buffer);
                    origin.commit = text
                        .lines()
                        .find_map(|line| line.split_once(" comment=").map(|(_, id)| id.trim().to_owned()))
                        .filter(|id| commit::is_id(id));
                    if origin.commit.is_some() {
                        origin.time = entry.header().mtime().ok().and_then(|time| i64::try_from(time).ok());
                    }
                }
            }
            tar::EntryType::Directory => {
                let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                if origin.commit.is_none() && !name.trim_end_matches('/').contains('/') {
                    origin.commit = commit::in_folder_name(name.trim_end_matches('/'));
                }
            }
            kind => {
                let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                if !wanted(&path) {
                    continue;
                }
                if !kind.is_file() {
                    visit(&path, Err("is a link or a special file, which is not followed".to_owned()));
                    continue;
                }
                let read = record(&mut entry, &mut buffer).map_err(broken)?;
                if buffer.len() as u64 != entry.size().min(MAX_RECORD + 1) {
                    return Err(format!("is not a whole `.tar.gz`: `{path}` ends early"));
                }
                visit(&path, read.as_ref().map(|()| &buffer[..]).map_err(Clone::clone));
            }
        }
    }
    // What follows the last entry is unpacked too: the checksum stands at the very end.
    let mut rest = archive.into_inner();
    std::io::copy(&mut rest, &mut std::io::sink()).map_err(broken)?;
    if rest.limit() == 0 {
        return Err(format!("unpacks to more than {MAX_UNPACKED} bytes"));
    }
    Ok(origin)
}

fn zip(
    mut file: fs::File,
    wanted: &dyn Fn(&str) -> bool,
    visit: &mut dyn FnMut(&str, Item<'_>),
) -> Result<(), String> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))
        .map_err(|error| format!("is not a whole `.zip`: {error}"))?;
    if archive.len() > MAX_ENTRIES {
        return Err(format!("has more than {MAX_ENTRIES} entries"));
    }
    let (mut budget, mut buffer) = (Budget::default(), Vec::new());
    for at in 0..archive.len() {
        let mut entry = match archive.by_index(at) {
            Ok(entry) => entry,
            Err(error) => {
                visit(&format!("entry {at}"), Err(error.to_string()));
                continue;
            }
        };
        let path = String::from_utf8_lossy(entry.name_raw()).into_owned();
        if entry.is_dir() || !wanted(&path) {
            continue;
        }
        let read = record(&mut entry, &mut buffer);
        show(&path, read, &buffer, visit, &mut budget)?;
    }
    Ok(())
}
