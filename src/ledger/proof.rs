//! Proofs as JSON, for people and programs that do not have the ledger.

use serde::{Deserialize, Serialize};

use super::entry::{self, Entry, Head};
use super::merkle::{self, Hash};
use super::trust::Trust;
use super::{Ledger, LedgerError};
use crate::attest::json;

/// That an entry is in the ledger that a head was signed for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inclusion {
    /// From 0.
    pub index: u64,
    /// The entry's line.
    pub entry: String,
    /// Hexadecimal hashes beside the way to the root, lowest first.
    pub path: Vec<String>,
    /// The signed head's line.
    pub head: String,
}

/// Makes a proof for one's own ledger.
///
/// # Errors
/// Where there is no such entry below the signed head.
pub fn prove(ledger: &Ledger, index: u64) -> Result<Inclusion, LedgerError> {
    let size = ledger.head().map_or(0, |head| head.size);
    let none = LedgerError::NoEntry { index, size };
    let Some(path) = ledger.inclusion_proof(index, size) else { return Err(none) };
    let text =
        |bytes: Vec<u8>| String::from_utf8(bytes).map_err(|_| LedgerError::Entry("not UTF-8".to_owned()));
    let head = ledger.own.dir.join(super::HEAD);
    let head = std::fs::read(&head).map_err(|source| LedgerError::Io { path: head, source })?;
    let head = head.strip_suffix(b"\n").unwrap_or(&head).to_vec();
    Ok(Inclusion {
        index,
        entry: text(ledger.own.line(index as usize)?)?,
        path: path.iter().map(hex::encode).collect(),
        head: text(head)?,
    })
}

/// Checks a proof, offline: the path, the head's signature and the entry's. Gives entry and head.
///
/// # Errors
/// What does not hold.
pub fn check(bytes: &[u8], trust: &Trust) -> Result<(Entry, Head), String> {
    let value = json::parse(bytes).map_err(|error| format!("not a proof: {error}"))?;
    let proof: Inclusion = serde_json::from_value(value).map_err(|error| format!("not a proof: {error}"))?;
    let (head, envelope) =
        Head::parse(proof.head.as_bytes()).map_err(|error| format!("the head: {error}"))?;
    if trust.signer(&envelope).is_none() {
        return Err("the head is not signed by a trusted key".to_owned());
    }
    let path = hashes(&proof.path)?;
    let leaf = merkle::leaf_hash(proof.entry.as_bytes());
    if !merkle::verify_inclusion(&leaf, proof.index, head.size, &path, &head.root) {
        return Err("the path does not lead from the entry to the head's root".to_owned());
    }
    let entry = Entry::parse(proof.entry.as_bytes()).map_err(|error| format!("the entry: {error}"))?;
    match trust.signer(&entry.envelope) {
        Some(key) if trust.covers(key, entry.testimony.purl()) => Ok((entry, head)),
        _ => {
            Err("the entry is in the ledger, but not signed by a key that is trusted for its package"
                .to_owned())
        }
    }
}

/// Reads hexadecimal hashes.
pub(super) fn hashes(path: &[String]) -> Result<Vec<Hash>, String> {
    let wrong = || "a hash of the path is not 64 hexadecimal digits".to_owned();
    path.iter().map(|text| entry::hash(text).ok_or_else(wrong)).collect()
}
