//! The ledger: reviews and decisions, signed, append-only, with a Merkle tree.
//!
//! In: testimony to append; a subject to look up. Out: what trusted keys said of it. What is
//! unsigned, changed, by a key that is not trusted, or there twice counts for nothing and is told
//! as a remark. Entries of others lie below `ledgers/<name>/`, never among one's own. In a ledger
//! whose head does not fit its entries nothing that speaks for a package counts; what speaks
//! against one still does.

pub mod entry;
pub mod exchange;
mod log;
pub mod proof;
mod trust;

use std::ops::Range;
use std::path::{Path, PathBuf};

pub use crate::merkle;
pub use entry::{Entry, Head, Testimony};
pub use log::{ENTRIES, HEAD, MAX_LINE};
pub use trust::{Trust, TrustedReviewer};

use crate::attest::atomic::WriteError;
use crate::attest::keys::{PublicKey, Signer};
use crate::model::{Attested, Outcome, Review, Ruling};
use log::Log;
use merkle::Hash;

/// Folder of the ledgers of others.
const IMPORTED: &str = "ledgers";

/// Why a ledger cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The system says no.
    #[error("ledger `{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// Writing the head failed.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// An entry without end.
    #[error("{path}:{line}: longer than an entry may be; this is no ledger")]
    Line {
        /// The file.
        path: PathBuf,
        /// 1-based.
        line: usize,
    },
    /// Entries were taken away or changed.
    #[error(
        "ledger `{path}`: {why}; nothing is appended to it: bring back its files, or move them away and start a new one"
    )]
    Unsound {
        /// The folder.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The file is another one than when it was read.
    #[error("ledger `{path}` was changed while it was read; run again, and `bomvet ledger verify`")]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// No such entry.
    #[error("there is no entry {index}; the ledger has {size}, counted from 0")]
    NoEntry {
        /// What was asked for.
        index: u64,
        /// Entries.
        size: u64,
    },
    /// Not an entry that can be written.
    #[error("not an entry: {0}")]
    Entry(String),
    /// What is to be imported is refused.
    #[error("{0}")]
    Import(String),
}

/// What counts, and who said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held<T> {
    /// What was said.
    pub what: T,
    /// Thumbprint of the key that signed it.
    pub key: String,
    /// The ledger of another that it stands in; `None` in one's own.
    pub ledger: Option<String>,
    /// Its index in that ledger, from 0.
    pub index: u64,
}

/// One's own ledger and those of others beside it.
#[derive(Debug)]
pub struct Ledger {
    own: Log,
    /// Sorted by name.
    others: Vec<(String, Log)>,
    trust: Trust,
}

impl Ledger {
    /// Reads the ledger in `dir`; a folder that is not there is an empty one.
    ///
    /// # Errors
    /// Where a file cannot be read. What does not count is a remark, not an error.
    pub fn open(dir: &Path, trust: Trust) -> Result<Self, LedgerError> {
        let own = Log::open(dir, &trust)?;
        let folder = dir.join(IMPORTED);
        let mut names = Vec::new();
        match std::fs::read_dir(&folder) {
            Ok(entries) => {
                for entry in entries {
                    let entry = entry.map_err(|source| LedgerError::Io { path: folder.clone(), source })?;
                    if let Ok(name) = entry.file_name().into_string()
                        && exchange::is_name(&name)
                    {
                        names.push(name);
                    }
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(LedgerError::Io { path: folder, source }),
        }
        names.sort();
        let mut others = Vec::with_capacity(names.len());
        for name in names {
            let log = Log::open(&folder.join(&name), &trust)?;
            others.push((name, log));
        }
        Ok(Self { own, others, trust })
    }

    /// Signs entries and appends them to one's own ledger; what is there already is left out.
    /// The time is the trust's. Gives the indices of the new ones.
    ///
    /// # Errors
    /// Where the ledger cannot be written, or was tampered with.
    pub fn append(&mut self, entries: &[Testimony], signer: &Signer) -> Result<Range<u64>, LedgerError> {
        self.own.append(entries, signer, &self.trust)
    }

    /// Reviews of those contents that count: of that package, by a key that is trusted for it.
    ///
    /// # Errors
    /// Where a file cannot be read any more.
    pub fn reviews_of(&self, purl: &str, subject: &str) -> Result<Vec<Held<Review>>, LedgerError> {
        self.look_up(subject, |testimony, key, sound| match testimony {
            Testimony::Review(review) => (review.purl == purl
                && self.trust.covers(key, purl)
                && (sound || review.outcome == Outcome::Concern))
                .then_some(review),
            Testimony::Decision(_) => None,
        })
    }

    /// Decisions on those contents that count. [`Ruling::Clear`] counts for the package that it
    /// names, until it expires; [`Ruling::Violation`] for every package of these contents.
    ///
    /// # Errors
    /// Where a file cannot be read any more.
    pub fn decisions_of(&self, purl: &str, subject: &str) -> Result<Vec<Held<Attested>>, LedgerError> {
        self.look_up(subject, |testimony, key, sound| {
            let Testimony::Decision(decision) = testimony else { return None };
            let counts = match decision.ruling {
                Ruling::Violation => self.trust.covers(key, purl) || self.trust.covers(key, &decision.purl),
                Ruling::Clear => {
                    sound
                        && decision.purl == purl
                        && self.trust.covers(key, purl)
                        && decision.expires.is_none_or(|expires| self.trust.now < expires)
                }
            };
            counts.then_some(decision)
        })
    }

    fn look_up<T: PartialEq>(
        &self,
        subject: &str,
        pick: impl Fn(Testimony, &PublicKey, bool) -> Option<T>,
    ) -> Result<Vec<Held<T>>, LedgerError> {
        let Some(subject) = entry::hash(subject) else { return Ok(Vec::new()) };
        let mut found: Vec<Held<T>> = Vec::new();
        for (name, log) in self.logs() {
            for (index, entry) in log.about(&subject)? {
                let Some(key) = self.trust.signer(&entry.envelope) else { continue };
                let Some(what) = pick(entry.testimony, key, log.unsound.is_none()) else { continue };
                let key = key.thumbprint().clone();
                // Two ledgers may hold the same entry.
                if !found.iter().any(|held| held.key == key && held.what == what) {
                    found.push(Held { what, key, ledger: name.map(str::to_owned), index: index as u64 });
                }
            }
        }
        Ok(found)
    }

    fn logs(&self) -> impl Iterator<Item = (Option<&str>, &Log)> {
        std::iter::once((None, &self.own))
            .chain(self.others.iter().map(|(name, log)| (Some(name.as_str()), log)))
    }

    /// What was passed over, or makes a ledger unsound, in order.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        for (_, log) in self.logs() {
            remarks.extend(log.unsound.iter().map(|why| {
                format!("ledger `{}`: {why}; nothing in it speaks for a package", log.dir.display())
            }));
            remarks.extend(log.remarks.iter().cloned());
        }
        remarks
    }

    /// Why one's own ledger is not what its head was signed for, if so.
    pub fn unsound(&self) -> Option<&str> {
        self.own.unsound.as_deref()
    }

    /// Entries of one's own, in order; those that are none are left out.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn entries(
        &self,
    ) -> Result<impl Iterator<Item = Result<(u64, Entry), LedgerError>> + '_, LedgerError> {
        self.entries_of(&self.own)
    }

    /// Every entry of every ledger: the other's name, index, entry, and the trusted key that signed it.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub fn all(
        &self,
        mut each: impl FnMut(Option<&str>, u64, Entry, Option<&PublicKey>),
    ) -> Result<(), LedgerError> {
        for (name, log) in self.logs() {
            for entry in self.entries_of(log)? {
                let (index, entry) = entry?;
                let purl = entry.testimony.purl().to_owned();
                let key = self.trust.signer(&entry.envelope).filter(|key| self.trust.covers(key, &purl));
                each(name, index, entry, key);
            }
        }
        Ok(())
    }

    fn entries_of<'a>(
        &self,
        log: &'a Log,
    ) -> Result<impl Iterator<Item = Result<(u64, Entry), LedgerError>> + use<'a>, LedgerError> {
        let size = log.tree.leaves().len();
        let mut file = if size > 0 { Some(log.file()?) } else { None };
        Ok((0..size).filter_map(move |index| {
            let line = log.line_of(file.as_mut()?, index);
            match line.map(|line| Entry::parse(&line)) {
                Ok(Ok(entry)) => Some(Ok((index as u64, entry))),
                Ok(Err(_)) => None,
                Err(error) => Some(Err(error)),
            }
        }))
    }

    /// Entries in one's own ledger.
    pub fn size(&self) -> u64 {
        self.own.tree.leaves().len() as u64
    }

    /// The root of one's own ledger's tree.
    pub fn root(&self) -> Hash {
        self.own.tree.root()
    }

    /// The signed head of one's own ledger, where a trusted key signed it and it fits.
    pub fn head(&self) -> Option<&Head> {
        self.own.head.as_ref()
    }

    /// The path that proves that entry `index` is in a tree of the first `size` entries.
    pub fn inclusion_proof(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        let leaves = self.own.tree.leaves().get(..usize::try_from(size).ok()?)?;
        merkle::inclusion(leaves, usize::try_from(index).ok()?)
    }

    /// The path that proves that the first `old` entries are the beginning of the first `size`.
    pub fn consistency_proof(&self, old: u64, size: u64) -> Option<Vec<Hash>> {
        let leaves = self.own.tree.leaves().get(..usize::try_from(size).ok()?)?;
        merkle::consistency(leaves, usize::try_from(old).ok()?)
    }
}

#[cfg(test)]
mod tests;
