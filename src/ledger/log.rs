//! One ledger's files: `ledger.jsonl` (entries) and `ledger.head` (the signed tree head).
//!
//! An append writes whole lines, flushes them to the disk, and only then replaces the head by a
//! rename. So after a kill there may be half a line at the end, which is dropped, and entries
//! after those that the head speaks of, which are kept: each is signed for itself. Fewer entries
//! than the head has, or others, mean that somebody took some away.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::LedgerError;
use super::entry::{Entry, Head, Testimony};
use super::merkle::{Hash, Tree, leaf_hash, root};
use super::trust::Trust;
use crate::attest::keys::Signer;
use crate::attest::write_atomic;

/// File of the entries.
pub const ENTRIES: &str = "ledger.jsonl";
/// File of the head.
pub const HEAD: &str = "ledger.head";
const LOCK: &str = "ledger.lock";
/// Longest entry, bytes.
pub const MAX_LINE: u64 = 4 << 20;

/// What is kept of a ledger in memory: about 80 bytes an entry, whatever its size.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub dir: PathBuf,
    pub tree: Tree,
    /// Where each line starts, and where the last one ends.
    starts: Vec<u64>,
    subjects: HashMap<Hash, Vec<usize>>,
    /// The head, where a trusted key signed it.
    pub head: Option<Head>,
    /// Why nothing that it approves counts.
    pub unsound: Option<String>,
    /// What was passed over, in order.
    pub remarks: Vec<String>,
    /// Bytes of the file, half a line at its end included.
    length: u64,
}

impl Log {
    /// Reads a ledger; a folder without one is an empty one.
    pub fn open(dir: &Path, trust: &Trust) -> Result<Self, LedgerError> {
        let mut log = Self { dir: dir.to_owned(), starts: vec![0], ..Self::default() };
        let path = dir.join(ENTRIES);
        match File::open(&path) {
            Ok(file) => log.read(file)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(LedgerError::Io { path, source }),
        }
        log.read_head(trust)?;
        Ok(log)
    }

    fn read(&mut self, file: File) -> Result<(), LedgerError> {
        let path = self.dir.join(ENTRIES);
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let mut line = Vec::new();
        loop {
            line.clear();
            let got = (&mut reader).take(MAX_LINE).read_until(b'\n', &mut line);
            let got = got.map_err(|source| LedgerError::Io { path: path.clone(), source })?;
            self.length += got as u64;
            if got == 0 {
                return Ok(());
            }
            let number = self.tree.leaves().len() + 1;
            let Some(line) = line.strip_suffix(b"\n") else {
                if got as u64 == MAX_LINE {
                    return Err(LedgerError::Line { path, line: number });
                }
                self.remarks.push(format!(
                    "{}:{number}: the last line was not written to its end; it is dropped",
                    path.display()
                ));
                return Ok(());
            };
            self.push(line, number);
        }
    }

    fn push(&mut self, line: &[u8], number: usize) {
        let (leaf, index) = (leaf_hash(line), self.tree.leaves().len());
        let place = || format!("{}:{number}", self.dir.join(ENTRIES).display());
        match Entry::parse(line) {
            Err(message) => self.remarks.push(format!("{}: not an entry: {message}", place())),
            Ok(entry) => {
                let same = self.subjects.get(&entry.subject).into_iter().flatten();
                let leaves = self.tree.leaves();
                if let Some(first) = same.copied().find(|&other| leaves[other] == leaf) {
                    let remark = format!("{}: the same entry as line {}; it counts once", place(), first + 1);
                    self.remarks.push(remark);
                } else {
                    self.subjects.entry(entry.subject).or_default().push(index);
                }
            }
        }
        self.tree.push(leaf);
        let start = self.starts.last().copied().unwrap_or_default();
        self.starts.push(start + line.len() as u64 + 1);
    }

    fn read_head(&mut self, trust: &Trust) -> Result<(), LedgerError> {
        let path = self.dir.join(HEAD);
        let size = self.tree.leaves().len();
        let bytes = match std::fs::File::open(&path) {
            Ok(file) => {
                let mut bytes = Vec::new();
                file.take(MAX_LINE)
                    .read_to_end(&mut bytes)
                    .map_err(|source| LedgerError::Io { path: path.clone(), source })?;
                bytes
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if size > 0 {
                    self.unsound = Some("there are entries, but no `ledger.head`".to_owned());
                }
                return Ok(());
            }
            Err(source) => return Err(LedgerError::Io { path, source }),
        };
        match check_head(&bytes, trust, self.tree.leaves()) {
            Ok(head) => {
                let after = size - head.size as usize;
                if after > 0 {
                    self.remarks.push(format!(
                        "{}: {after} entries came after this head; the next append signs them too",
                        path.display()
                    ));
                }
                self.head = Some(head);
            }
            Err(message) => self.unsound = Some(message),
        }
        Ok(())
    }

    /// Entries about a subject that are as they were read, in order: index and entry.
    pub fn about(&self, subject: &Hash) -> Result<Vec<(usize, Entry)>, LedgerError> {
        let Some(indices) = self.subjects.get(subject) else { return Ok(Vec::new()) };
        let path = self.dir.join(ENTRIES);
        let mut file = File::open(&path).map_err(|source| LedgerError::Io { path: path.clone(), source })?;
        let mut found = Vec::with_capacity(indices.len());
        for &index in indices {
            let line = self.line_of(&mut file, index)?;
            let entry = Entry::parse(&line).map_err(|_| LedgerError::Changed { path: path.clone() })?;
            found.push((index, entry));
        }
        Ok(found)
    }

    /// One line's bytes, without its line feed.
    pub fn line(&self, index: usize) -> Result<Vec<u8>, LedgerError> {
        let path = self.dir.join(ENTRIES);
        let mut file = File::open(&path).map_err(|source| LedgerError::Io { path, source })?;
        self.line_of(&mut file, index)
    }

    /// The file, opened, for [`Log::line_of`].
    pub fn file(&self) -> Result<File, LedgerError> {
        let path = self.dir.join(ENTRIES);
        File::open(&path).map_err(|source| LedgerError::Io { path, source })
    }

    /// As [`Log::line`], of the opened file.
    pub fn line_of(&self, file: &mut File, index: usize) -> Result<Vec<u8>, LedgerError> {
        let path = || self.dir.join(ENTRIES);
        let fail = |source| LedgerError::Io { path: path(), source };
        let (Some(start), Some(end), Some(leaf)) =
            (self.starts.get(index), self.starts.get(index + 1), self.tree.leaves().get(index))
        else {
            return Err(LedgerError::NoEntry { index: index as u64, size: self.tree.leaves().len() as u64 });
        };
        let mut line = vec![0; (end - start - 1) as usize];
        file.seek(SeekFrom::Start(*start)).map_err(fail)?;
        file.read_exact(&mut line).map_err(fail)?;
        if leaf_hash(&line) != *leaf {
            return Err(LedgerError::Changed { path: path() });
        }
        Ok(line)
    }

    /// Appends what is not there yet. Gives the indices of what was added.
    pub fn append(
        &mut self,
        entries: &[Testimony],
        signer: &Signer,
        trust: &Trust,
    ) -> Result<Range<u64>, LedgerError> {
        let lines = entries.iter().map(|entry| entry.sign(signer)).collect::<Result<Vec<_>, _>>();
        let lines = lines.map_err(LedgerError::Entry)?;
        let (path, head) = (self.dir.join(ENTRIES), self.dir.join(HEAD));
        let fail = |source| LedgerError::Io { path: path.clone(), source };
        std::fs::create_dir_all(&self.dir).map_err(fail)?;
        let _lock = lock(&self.dir)?;
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(fail)?;
        // Another process may have written since this was read.
        let now = std::fs::read(&head).ok().and_then(|bytes| Head::parse(&bytes).ok()).map(|(head, _)| head);
        if file.metadata().map_err(fail)?.len() != self.length || now != self.head {
            *self = Self::open(&self.dir, trust)?;
        }
        if let Some(why) = &self.unsound {
            return Err(LedgerError::Unsound { path: self.dir.clone(), why: why.clone() });
        }
        if self.head.is_none() {
            self.write_head(signer, trust.now)?;
        }
        let start = self.starts.last().copied().unwrap_or_default();
        file.set_len(start).and_then(|()| file.seek(SeekFrom::Start(start))).map_err(fail)?;
        let before = self.tree.leaves().len();
        let mut bytes = Vec::new();
        let mut fresh = Vec::new();
        for line in lines {
            let leaf = leaf_hash(&line);
            let subject = Entry::parse(&line).map_err(LedgerError::Entry)?.subject;
            let known = self.subjects.get(&subject).into_iter().flatten();
            if known.copied().any(|index| self.tree.leaves()[index] == leaf)
                || !fresh.iter().all(|(l, _)| *l != leaf)
            {
                continue;
            }
            bytes.extend_from_slice(&line);
            bytes.push(b'\n');
            fresh.push((leaf, line));
        }
        // Where this fails halfway, what is in memory no longer fits the file, and the next append reads it again.
        file.write_all(&bytes).and_then(|()| file.sync_data()).map_err(fail)?;
        for (_, line) in &fresh {
            self.push(line, self.tree.leaves().len() + 1);
        }
        self.length = start + bytes.len() as u64;
        self.write_head(signer, trust.now)?;
        Ok(before as u64..self.tree.leaves().len() as u64)
    }

    fn write_head(&mut self, signer: &Signer, date: i64) -> Result<(), LedgerError> {
        let head = Head { size: self.tree.leaves().len() as u64, root: self.tree.root(), date };
        let mut bytes = head.sign(signer);
        bytes.push(b'\n');
        write_atomic(&self.dir.join(HEAD), &bytes)?;
        self.head = Some(head);
        Ok(())
    }
}

/// A head that a trusted key signed and that the entries agree with.
pub(super) fn check_head(bytes: &[u8], trust: &Trust, leaves: &[Hash]) -> Result<Head, String> {
    let (head, envelope) = Head::parse(bytes).map_err(|message| format!("the head: {message}"))?;
    if trust.signer(&envelope).is_none() {
        let key = crate::model::escape(envelope.key_id().unwrap_or("nobody"));
        return Err(format!("the head is signed by {key}, which is not trusted or did not sign this"));
    }
    let size = usize::try_from(head.size).unwrap_or(usize::MAX);
    let Some(covered) = leaves.get(..size) else {
        return Err(format!("the head speaks of {} entries, there are {}", head.size, leaves.len()));
    };
    if root(covered) != head.root {
        return Err("the entries are not those that the head was signed for".to_owned());
    }
    Ok(head)
}

/// Keeps other writers out until it is dropped; the system lets go of it when a process dies.
pub(super) fn lock(dir: &Path) -> Result<File, LedgerError> {
    let path = dir.join(LOCK);
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.and_then(|file| file.lock().map(|()| file));
    file.map_err(|source| LedgerError::Io { path, source })
}
