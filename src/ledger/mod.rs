//! The ledger: signed reviews and decisions, kept by what they are about, so that nobody pays twice.
//!
//! A folder with `ledger.jsonl` (one DSSE envelope a line, only ever appended to), `ledger.head`
//! (a signed envelope with the number of lines and the root of their Merkle tree) and `imported/`
//! (other people's ledgers, each as it was exported). A line counts only for who trusts its key;
//! what is not signed, was changed, or is signed by a stranger changes nothing and is said.

pub mod entry;
pub mod merkle;
mod proof;

use std::collections::BTreeMap;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::attest::dsse::{self, Envelope};
use crate::attest::{PublicKey, Signer, write_atomic};
use crate::model::escape;

pub use entry::{Decision, Entry, Word};
pub use proof::{Proof, ProofError};

/// Largest ledger that is read, in bytes.
const MAX_BYTES: u64 = 1 << 30;
/// Predicate type of a head.
const HEAD: &str = "urn:bomvet:ledger-head:v1";

/// Why a ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A file cannot be read or written.
    #[error("ledger `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not what its head says.
    #[error("ledger `{}`: {message}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        message: String,
    },
}

/// A signed head: how many lines there are, and their tree's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Lines.
    pub size: u64,
    /// Root.
    pub root: merkle::Hash,
    /// When, seconds since the epoch.
    pub date: i64,
}

/// An entry that is signed by a known key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// What it says.
    pub entry: Entry,
    /// Id of the key.
    pub key: String,
}

/// A ledger that is open.
#[derive(Debug)]
pub struct Ledger {
    folder: PathBuf,
    keys: Vec<PublicKey>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Leaf hashes of one's own lines.
    leaves: Vec<merkle::Hash>,
    /// Bytes of `ledger.jsonl` that hold whole lines.
    end: u64,
    by_subject: BTreeMap<String, Vec<Signed>>,
    remarks: Vec<String>,
}

impl Ledger {
    /// Opens the ledger in `folder`, which need not be there yet. Lines signed by one of `keys` are
    /// taken in; the caller decides for what they count.
    ///
    /// # Errors
    /// Where a file cannot be read, or one's own lines are not those that the head was signed for.
    pub fn open(folder: &Path, keys: Vec<PublicKey>) -> Result<Self, LedgerError> {
        let mut state = State::default();
        let own = folder.join("ledger.jsonl");
        let bytes = read(&own)?;
        state.end = take_lines(&bytes, "ledger.jsonl", &keys, &mut state.by_subject, &mut state.remarks, |line| {
            state.leaves.push(merkle::leaf(line));
        });
        let head_path = folder.join("ledger.head");
        if let Some(head) = read_head(&head_path, &keys)? {
            let fits = usize::try_from(head.size)
                .ok()
                .and_then(|size| state.leaves.get(..size))
                .is_some_and(|leaves| merkle::root(leaves) == head.root);
            if !fits {
                let message = format!(
                    "its {} lines are not the {} that its head was signed for: lines were changed or taken away; restore it, or move the folder away to start anew",
                    state.leaves.len(),
                    head.size
                );
                return Err(LedgerError::Damaged { path: own, message });
            }
        } else if !state.leaves.is_empty() {
            state.remarks.push("ledger.head is missing or signed by a stranger: that nothing was taken away cannot be shown".to_owned());
        }
        for (name, path) in imported(folder)? {
            let bytes = read(&path)?;
            take_lines(&bytes, &name, &keys, &mut state.by_subject, &mut state.remarks, |_| {});
        }
        Ok(Self { folder: folder.to_owned(), keys, state: Mutex::new(state) })
    }

    /// Everything that is said of these contents, one's own first.
    pub fn about(&self, subject: &str) -> Vec<Signed> {
        self.lock().by_subject.get(subject).cloned().unwrap_or_default()
    }

    /// Every entry, by subject.
    pub fn entries(&self) -> Vec<Signed> {
        self.lock().by_subject.values().flatten().cloned().collect()
    }

    /// What was odd while it was read.
    pub fn remarks(&self) -> Vec<String> {
        self.lock().remarks.clone()
    }

    /// Number of one's own lines, and the root of their tree.
    pub fn head(&self) -> (u64, merkle::Hash) {
        let state = self.lock();
        (state.leaves.len() as u64, merkle::root(&state.leaves))
    }

    /// Leaf hashes of one's own lines.
    pub fn leaves(&self) -> Vec<merkle::Hash> {
        self.lock().leaves.clone()
    }

    /// Signs entries, appends them, and signs the new head. Lines are on the disk before the head is;
    /// a run that is killed between leaves lines that are whole and a head that is older.
    ///
    /// # Errors
    /// Where a file cannot be written, or another run has appended in the meantime.
    pub fn append(&self, entries: &[Entry], signer: &Signer, now: i64) -> Result<(), LedgerError> {
        if entries.is_empty() {
            return Ok(());
        }
        let path = self.folder.join("ledger.jsonl");
        let fail = |source| LedgerError::Io { path: path.clone(), source };
        std::fs::create_dir_all(&self.folder).map_err(fail)?;
        let mut state = self.lock();
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(fail)?;
        // Two runs at once append one after the other.
        file.lock().map_err(fail)?;
        let size = file.metadata().map_err(fail)?.len();
        if size > state.end {
            // Another run's lines, or half a line that a killed run left.
            let mut more = Vec::new();
            file.seek(SeekFrom::Start(state.end)).map_err(fail)?;
            std::io::Read::by_ref(&mut file).take(MAX_BYTES).read_to_end(&mut more).map_err(fail)?;
            let State { leaves, by_subject, remarks, .. } = &mut *state;
            let taken = take_lines(&more, "ledger.jsonl", &self.keys, by_subject, remarks, |line| {
                leaves.push(merkle::leaf(line));
            });
            state.end += taken;
        } else if size < state.end {
            let message = "it became shorter while it was open; nothing was written".to_owned();
            return Err(LedgerError::Damaged { path: path.clone(), message });
        }
        file.set_len(state.end).map_err(fail)?;
        file.seek(SeekFrom::Start(state.end)).map_err(fail)?;
        let key = signer.public_key().thumbprint().clone();
        let mut out = Vec::new();
        for entry in entries {
            let line = dsse::envelope(&entry.statement(), Some(signer));
            state.leaves.push(merkle::leaf(&line));
            out.extend_from_slice(&line);
            out.push(b'\n');
            let signed = Signed { entry: entry.clone(), key: key.clone() };
            state.by_subject.entry(entry.subject().to_owned()).or_default().push(signed);
        }
        file.write_all(&out).and_then(|()| file.sync_data()).map_err(fail)?;
        state.end += out.len() as u64;
        let head = head_line(&state.leaves, signer, now);
        write_atomic(&self.folder.join("ledger.head"), &head)
            .map_err(|error| LedgerError::Io { path: error.path, source: error.source })?;
        Ok(())
    }

    /// One's own lines and head as one file: the head's line first.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub fn export(&self, signer: &Signer, now: i64) -> Result<Vec<u8>, LedgerError> {
        let mut bytes = read(&self.folder.join("ledger.jsonl"))?;
        let state = self.lock();
        bytes.truncate(usize::try_from(state.end).unwrap_or(usize::MAX));
        let mut out = head_line(&state.leaves, signer, now);
        out.extend_from_slice(&bytes);
        Ok(out)
    }

    /// Takes in an exported ledger under a name of the user's choice; an earlier one of that name must
    /// be its beginning. Nothing in it counts until its key is trusted. Gives the number of lines.
    ///
    /// # Errors
    /// Where it is none, its head does not fit its lines, or it lacks lines that were there before.
    pub fn import(&self, name: &str, bytes: &[u8]) -> Result<usize, LedgerError> {
        let path = self.folder.join("imported").join(format!("{name}.jsonl"));
        let damaged = |message: String| LedgerError::Damaged { path: path.clone(), message };
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if name.is_empty() || name.starts_with('.') || !plain {
            return Err(damaged("its name must be letters, digits, `-`, `_` and `.`".to_owned()));
        }
        let new = exported(bytes).map_err(damaged)?;
        if let Ok(before) = std::fs::read(&path) {
            let old = exported(&before).map_err(damaged)?;
            let same = old.0.size <= new.0.size && new.1.get(..old.1.len()) == Some(&old.1[..]);
            if !same {
                return Err(damaged(
                    "the new one does not begin with the lines of the one imported before: its owner changed or took away lines; ask them, or remove the old file".to_owned(),
                ));
            }
        }
        let folder = self.folder.join("imported");
        std::fs::create_dir_all(&folder).map_err(|source| LedgerError::Io { path: folder, source })?;
        write_atomic(&path, bytes).map_err(|error| LedgerError::Io { path: error.path, source: error.source })?;
        Ok(new.1.len())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, LedgerError> {
    let fail = |source| LedgerError::Io { path: path.to_owned(), source };
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(fail(source)),
    };
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > MAX_BYTES {
        let message = format!("more than {MAX_BYTES} bytes");
        return Err(LedgerError::Damaged { path: path.to_owned(), message });
    }
    Ok(bytes)
}

/// Takes in whole lines; gives their bytes. A last line without its line feed was being written when
/// its run was killed.
fn take_lines(
    bytes: &[u8],
    name: &str,
    keys: &[PublicKey],
    into: &mut BTreeMap<String, Vec<Signed>>,
    remarks: &mut Vec<String>,
    mut each: impl FnMut(&[u8]),
) -> u64 {
    let (mut strangers, mut at, mut number) = (0_usize, 0, 0_usize);
    while let Some(length) = memchr::memchr(b'\n', &bytes[at..]) {
        let line = &bytes[at..at + length];
        at += length + 1;
        number += 1;
        each(line);
        match signed(line, keys) {
            Ok(Some(one)) => {
                let list = into.entry(one.entry.subject().to_owned()).or_default();
                if !list.contains(&one) {
                    list.push(one);
                }
            }
            Ok(None) => strangers += 1,
            Err(why) => remarks.push(format!("{name}:{number}: {why}; it counts for nothing")),
        }
    }
    if strangers > 0 {
        remarks.push(format!("{name}: {strangers} lines are signed by nobody that is trusted; they count for nothing"));
    }
    if at < bytes.len() {
        remarks.push(format!("{name}: the last line is cut off and left out"));
    }
    at as u64
}

/// A line's entry; `None` where none of the keys signed it, or it is a head.
fn signed(line: &[u8], keys: &[PublicKey]) -> Result<Option<Signed>, String> {
    let envelope = Envelope::parse(line)?;
    if envelope.statement.get("predicateType").and_then(Value::as_str) == Some(HEAD) {
        return Ok(None);
    }
    if envelope.is_unsigned() {
        return Err("it is not signed".to_owned());
    }
    let Some(key) = keys.iter().find(|key| envelope.is_signed_by(key)) else {
        let known = |key: &&PublicKey| String::from_utf8_lossy(line).contains(key.thumbprint().as_str());
        return match keys.iter().find(known) {
            Some(key) => Err(format!("names key {} and was changed after it was signed", key.thumbprint())),
            None => Ok(None),
        };
    };
    let entry = Entry::of(&envelope)?;
    Ok(Some(Signed { entry, key: key.thumbprint().clone() }))
}

fn head_line(leaves: &[merkle::Hash], signer: &Signer, now: i64) -> Vec<u8> {
    let statement = json!({
        "_type": crate::attest::statement::STATEMENT_TYPE,
        "subject": [{"name": "ledger", "digest": {"rfc6962-sha256": hex::encode(merkle::root(leaves))}}],
        "predicateType": HEAD,
        "predicate": {"size": leaves.len(), "date": now},
    });
    let mut line = dsse::envelope(&statement, Some(signer));
    line.push(b'\n');
    line
}

/// Reads a head, whoever signed it.
///
/// # Errors
/// What is wrong with it.
pub fn head_of(line: &[u8]) -> Result<(Head, Envelope), String> {
    let envelope = Envelope::parse(line.strip_suffix(b"\n").unwrap_or(line))?;
    let statement = &envelope.statement;
    if statement.get("predicateType").and_then(Value::as_str) != Some(HEAD) {
        return Err("is no head of a ledger".to_owned());
    }
    let root = statement.pointer("/subject/0/digest/rfc6962-sha256").and_then(Value::as_str);
    let root = root.and_then(|root| hex::decode(root).ok()).and_then(|root| root.try_into().ok());
    let number = |pointer: &str| statement.pointer(pointer).and_then(Value::as_i64);
    match (root, number("/predicate/size").and_then(|n| u64::try_from(n).ok()), number("/predicate/date")) {
        (Some(root), Some(size), Some(date)) => Ok((Head { size, root, date }, envelope)),
        _ => Err("has no size, root and date".to_owned()),
    }
}

/// A head that one of the keys signed.
fn read_head(path: &Path, keys: &[PublicKey]) -> Result<Option<Head>, LedgerError> {
    let bytes = read(path)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let (head, envelope) = head_of(&bytes)
        .map_err(|message| LedgerError::Damaged { path: path.to_owned(), message: escape(&message) })?;
    Ok(keys.iter().any(|key| envelope.is_signed_by(key)).then_some(head))
}

/// Head and lines of an exported ledger, which must fit each other.
fn exported(bytes: &[u8]) -> Result<(Head, Vec<merkle::Hash>), String> {
    let end = memchr::memchr(b'\n', bytes).ok_or("is no exported ledger: it has no line")?;
    let (head, _) = head_of(&bytes[..end]).map_err(|why| format!("its first line {why}"))?;
    let rest = &bytes[end + 1..];
    let rest = match rest {
        [] => rest,
        _ => rest.strip_suffix(b"\n").ok_or("its last line is cut off")?,
    };
    let leaves: Vec<merkle::Hash> = match rest {
        [] => Vec::new(),
        _ => rest.split(|b| *b == b'\n').map(merkle::leaf).collect(),
    };
    if leaves.len() as u64 != head.size || merkle::root(&leaves) != head.root {
        return Err("its lines are not those that its head was signed for".to_owned());
    }
    Ok((head, leaves))
}

/// The imported ledgers, sorted by name.
fn imported(folder: &Path) -> Result<Vec<(String, PathBuf)>, LedgerError> {
    let folder = folder.join("imported");
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(LedgerError::Io { path: folder, source }),
    };
    let mut out = Vec::new();
    for entry in entries {
        let path = entry.map_err(|source| LedgerError::Io { path: folder.clone(), source })?.path();
        if path.extension().is_some_and(|ending| ending == "jsonl") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            out.push((name, path));
        }
    }
    out.sort();
    Ok(out)
}

#[cfg(test)]
mod tests;
