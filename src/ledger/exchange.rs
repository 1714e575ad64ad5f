//! A ledger in one file, to give to others, and ledgers that others gave.
//!
//! The file's first line is JSON: `format`, `size`, the signed `head`, and the path (`consistency`)
//! which proves that the `size` entries that follow, one a line, are the beginning of what the head
//! was signed for; it is empty where they are all of it.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::entry::Head;
use super::log::{self, ENTRIES, HEAD, Log};
use super::merkle::{self, Hash, leaf_hash};
use super::trust::Trust;
use super::{IMPORTED, Ledger, LedgerError, proof};
use crate::attest::{json as strict, write_atomic};

const FORMAT: &str = "bomvet-ledger/1";
/// Largest ledger that is imported, bytes.
pub const MAX_IMPORT: u64 = 256 << 20;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Front {
    format: String,
    size: u64,
    head: String,
    consistency: Vec<String>,
}

/// What was imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Entries now.
    pub size: u64,
    /// Entries that were not there before.
    pub new: u64,
}

/// Whether a ledger of others may be called that: letters, digits, `-`, `_`, `.` not in front.
pub fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// Writes the first `first` entries that the head speaks of, or all of them.
///
/// # Errors
/// Where the ledger is unsound or has no head, or the file cannot be written.
pub fn export(ledger: &Ledger, first: Option<u64>, out: &mut Vec<u8>) -> Result<u64, LedgerError> {
    let log = &ledger.own;
    let refuse = |why: &str| LedgerError::Unsound { path: log.dir.clone(), why: why.to_owned() };
    if let Some(why) = &log.unsound {
        return Err(refuse(why));
    }
    let head = log
        .head
        .ok_or_else(|| LedgerError::Import("the ledger is empty; there is nothing to export".to_owned()))?;
    let size = first.unwrap_or(head.size);
    let path = ledger
        .consistency_proof(size, head.size)
        .ok_or(LedgerError::NoEntry { index: size.saturating_sub(1), size: head.size })?;
    let file = log.dir.join(HEAD);
    let line = std::fs::read_to_string(&file).map_err(|source| LedgerError::Io { path: file, source })?;
    let front = json!(Front {
        format: FORMAT.to_owned(),
        size,
        head: line.trim_end_matches('\n').to_owned(),
        consistency: path.iter().map(hex::encode).collect(),
    });
    out.extend(strict::canonical(&front));
    out.push(b'\n');
    let mut source = if size > 0 { Some(log.file()?) } else { None };
    for index in 0..size as usize {
        if let Some(source) = &mut source {
            out.extend(log.line_of(source, index)?);
            out.push(b'\n');
        }
    }
    Ok(size)
}

/// An exported file, checked.
#[derive(Debug)]
pub struct Export<'a> {
    /// The signed head, as it stands in the file.
    head: Vec<u8>,
    /// The entries, each with its line feed.
    body: &'a [u8],
    leaves: Vec<Hash>,
}

impl<'a> Export<'a> {
    /// Reads an exported file: the head must be signed by a trusted key, and the entries be those
    /// that it was signed for. Whether each entry counts is looked at when it is looked up.
    ///
    /// # Errors
    /// What does not hold.
    pub fn read(bytes: &'a [u8], trust: &Trust) -> Result<Self, String> {
        let at = memchr::memchr(b'\n', bytes).ok_or("not a ledger: there is no first line")?;
        let front = strict::parse(&bytes[..at]).map_err(|error| format!("not a ledger: {error}"))?;
        let front: Front = serde_json::from_value(front).map_err(|error| format!("not a ledger: {error}"))?;
        if front.format != FORMAT {
            return Err(format!("not a ledger that this version reads: `format` is not `{FORMAT}`"));
        }
        let body = &bytes[at + 1..];
        let leaves = leaves(body)?;
        if leaves.len() as u64 != front.size {
            return Err(format!("the file says {} entries and has {}", front.size, leaves.len()));
        }
        let head = checked(front.head.as_bytes(), trust)?;
        let path = proof::hashes(&front.consistency)?;
        let root = merkle::root(&leaves);
        if !merkle::verify_consistency((front.size, &root), (head.size, &head.root), &path) {
            return Err("the entries are not those that the head was signed for".to_owned());
        }
        if head.size != front.size {
            return Err(format!(
                "the file holds the first {} of {} entries; to import, all are needed, since one that is left out may speak against a package",
                front.size, head.size
            ));
        }
        Ok(Self { head: front.head.into_bytes(), body, leaves })
    }

    /// Reads the two files of a ledger's folder.
    ///
    /// # Errors
    /// What does not hold.
    pub fn of_files(entries: &'a [u8], head: &[u8], trust: &Trust) -> Result<Self, String> {
        let leaves = leaves(entries)?;
        log::check_head(head, trust, &leaves).and_then(|head| {
            if head.size == leaves.len() as u64 {
                Ok(())
            } else {
                Err("there are entries that the head was not signed for".to_owned())
            }
        })?;
        let head = head.strip_suffix(b"\n").unwrap_or(head).to_vec();
        Ok(Self { head, body: entries, leaves })
    }

    /// Puts it below `dir` as `name`. One that is there already must be a beginning of it.
    ///
    /// # Errors
    /// Where the other's history was rewritten or is older, or it cannot be written.
    pub fn import(&self, dir: &Path, name: &str, trust: &Trust) -> Result<Imported, LedgerError> {
        if !is_name(name) {
            return Err(LedgerError::Import(format!(
                "`{name}` is no name for a ledger: use letters, digits, `-`, `_` and `.`"
            )));
        }
        let folder = dir.join(IMPORTED).join(name);
        std::fs::create_dir_all(&folder)
            .map_err(|source| LedgerError::Io { path: folder.clone(), source })?;
        let _lock = log::lock(&folder)?;
        let old = Log::open(&folder, trust)?;
        let before = old.head.map_or(old.tree.leaves().len(), |head| head.size as usize);
        if self.leaves.get(..before) != old.tree.leaves().get(..before) {
            return Err(LedgerError::Import(format!(
                "`{name}` was imported before with {before} entries, and these are not its continuation: entries were taken away or changed. Ask its owner; to start afresh, remove `{}`",
                folder.display()
            )));
        }
        // The entries first: more of them than the old head knows is sound, fewer than the new one is not.
        write_atomic(&folder.join(ENTRIES), self.body)?;
        let mut head = self.head.clone();
        head.push(b'\n');
        write_atomic(&folder.join(HEAD), &head)?;
        let size = self.leaves.len() as u64;
        Ok(Imported { size, new: size - before as u64 })
    }
}

fn leaves(body: &[u8]) -> Result<Vec<Hash>, String> {
    let mut leaves = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let at = memchr::memchr(b'\n', rest).ok_or("the last entry has no end")?;
        if at as u64 >= log::MAX_LINE {
            return Err(format!("entry {} is longer than an entry may be", leaves.len()));
        }
        leaves.push(leaf_hash(&rest[..at]));
        rest = &rest[at + 1..];
    }
    Ok(leaves)
}

/// A head signed by a trusted key.
fn checked(line: &[u8], trust: &Trust) -> Result<Head, String> {
    let (head, envelope) = Head::parse(line).map_err(|error| format!("the head: {error}"))?;
    if trust.signer(&envelope).is_none() {
        let key = crate::model::escape(envelope.key_id().unwrap_or("nobody"));
        return Err(format!(
            "the head is signed by {key}, which is not trusted or did not sign this; `bomvet key trust` its key if you trust its owner"
        ));
    }
    Ok(head)
}

/// Whether one's own ledger continues what an older head was signed for.
///
/// # Errors
/// What does not hold.
pub fn continues(ledger: &Ledger, older: &[u8], trust: &Trust) -> Result<Head, String> {
    let head = checked(older, trust)?;
    let (size, root) = (ledger.size(), ledger.root());
    let path = ledger.consistency_proof(head.size, size).ok_or_else(|| {
        format!("that head speaks of {} entries, there are {size}: some were taken away", head.size)
    })?;
    if merkle::verify_consistency((head.size, &head.root), (size, &root), &path) {
        Ok(head)
    } else {
        Err("the ledger is not a continuation of what that head was signed for: entries were changed"
            .to_owned())
    }
}
