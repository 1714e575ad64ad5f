//! Proofs about a ledger that can be checked offline, without the ledger.

use serde::{Deserialize, Serialize};

use super::merkle::{self, Hash};

/// A proof, as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "proof", deny_unknown_fields)]
pub enum Proof {
    /// A line is in the tree.
    Inclusion {
        /// Its number, from 0.
        index: u64,
        /// Lines of the tree.
        size: u64,
        /// Hexadecimal hash of the leaf.
        leaf: String,
        /// Hexadecimal root.
        root: String,
        /// Hexadecimal sisters, lowest first.
        path: Vec<String>,
    },
    /// A tree begins with an earlier one.
    Consistency {
        /// Lines of the earlier tree.
        old_size: u64,
        /// Its root.
        old_root: String,
        /// Lines of the tree.
        size: u64,
        /// Hexadecimal root.
        root: String,
        /// Hexadecimal hashes.
        path: Vec<String>,
    },
}

/// Why a proof shows nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProofError(String);

impl Proof {
    /// That line `index` is in the tree; `None` where there is no such line.
    pub fn inclusion(leaves: &[Hash], index: u64) -> Option<Self> {
        let at = usize::try_from(index).ok()?;
        let path = merkle::inclusion(leaves, at)?;
        Some(Self::Inclusion {
            index,
            size: leaves.len() as u64,
            leaf: hex::encode(leaves[at]),
            root: hex::encode(merkle::root(leaves)),
            path: path.iter().map(hex::encode).collect(),
        })
    }

    /// That the tree begins with its first `old` lines; `None` where it has fewer.
    pub fn consistency(leaves: &[Hash], old: u64) -> Option<Self> {
        let at = usize::try_from(old).ok()?;
        let path = merkle::consistency(leaves, at)?;
        Some(Self::Consistency {
            old_size: old,
            old_root: hex::encode(merkle::root(&leaves[..at])),
            size: leaves.len() as u64,
            root: hex::encode(merkle::root(leaves)),
            path: path.iter().map(hex::encode).collect(),
        })
    }

    /// Checks it.
    ///
    /// # Errors
    /// Where it shows nothing.
    pub fn check(&self) -> Result<(), ProofError> {
        let hash = |text: &str| -> Result<Hash, ProofError> {
            let bytes = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
            bytes.ok_or_else(|| ProofError("a hash is no hexadecimal SHA-256".to_owned()))
        };
        let all = |path: &[String]| path.iter().map(|text| hash(text)).collect::<Result<Vec<_>, _>>();
        let holds = match self {
            Self::Inclusion { index, size, leaf, root, path } => {
                merkle::is_included(hash(leaf)?, *index, *size, &all(path)?, &hash(root)?)
            }
            Self::Consistency { old_size, old_root, size, root, path } => {
                merkle::is_consistent(*old_size, &hash(old_root)?, *size, &hash(root)?, &all(path)?)
            }
        };
        if holds { Ok(()) } else { Err(ProofError("the hashes do not lead to the root".to_owned())) }
    }
}
