//! The ledger as the audit uses it.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{CommandError, key};
use crate::attest::Signer;
use crate::audit::reviews::Memory;
use crate::ledger::{Ledger, LedgerError, Testimony, Trust};
use crate::model::{Review, Ruling};
use crate::review::weigh::Word;

/// A ledger that is open, and the key that signs what is added to it.
pub(super) struct Kept {
    ledger: Mutex<Ledger>,
    signer: Option<Signer>,
    troubles: Mutex<Vec<String>>,
}

impl Kept {
    /// Opens the ledger in `folder`. Every key of the trust store is known; for which packages one
    /// counts, the policy says. Without a signer it is only read.
    ///
    /// # Errors
    /// Where the ledger or the trust store cannot be read.
    pub(super) fn open(folder: &Path, signer: Option<Signer>, now: i64) -> Result<Self, CommandError> {
        let known = key::trust_store(None)?.list()?.into_iter().map(|trusted| trusted.key);
        let mut trust = Trust::of(known, now);
        if let Some(signer) = &signer {
            trust = trust.with_own(signer.public_key());
        }
        let ledger = Mutex::new(Ledger::open(folder, trust)?);
        Ok(Self { ledger, signer, troubles: Mutex::default() })
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was read, or nothing and a remark.
    fn read<T>(&self, result: Result<Vec<T>, LedgerError>) -> Vec<T> {
        result.unwrap_or_else(|error| {
            self.troubled(error.to_string());
            Vec::new()
        })
    }

    fn troubled(&self, what: String) {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }
}

impl Memory for Kept {
    fn reviews(&self, purl: &str, subject: &str) -> Vec<(Review, String)> {
        let held = self.ledger().reviews_of(purl, subject);
        self.read(held).into_iter().map(|held| (held.what, held.key)).collect()
    }

    fn words(&self, purl: &str, subject: &str) -> Vec<(Word, String)> {
        let held = self.ledger().decisions_of(purl, subject);
        let word = |held: crate::ledger::Held<crate::model::Attested>| {
            let by = format!("key {}", &held.key[..held.key.len().min(12)]);
            let clear = held.what.ruling == Ruling::Clear;
            (Word { clear, by, reason: held.what.reason }, held.key)
        };
        self.read(held).into_iter().map(word).collect()
    }

    fn keep(&self, reviews: &[Review]) {
        let Some(signer) = &self.signer else { return };
        if reviews.is_empty() {
            return;
        }
        let entries: Vec<Testimony> = reviews.iter().cloned().map(Testimony::Review).collect();
        let appended = self.ledger().append(&entries, signer);
        if let Err(error) = appended {
            self.troubled(format!("{} reviews could not be kept: {error}", reviews.len()));
        }
    }

    fn is_own(&self, key: &str) -> bool {
        self.signer.as_ref().is_some_and(|signer| signer.public_key().thumbprint() == key)
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks = self.ledger().remarks();
        remarks.extend(self.troubles.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned());
        remarks.dedup();
        remarks
    }
}
