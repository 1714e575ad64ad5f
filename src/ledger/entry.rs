//! Entries and heads: in-toto statements v1 in DSSE envelopes, one a line.

use serde_json::{Value, json};

use super::merkle::Hash;
use crate::attest::dsse::{self, Envelope};
use crate::attest::keys::Signer;
use crate::attest::statement::{CONTENTS_DIGEST, STATEMENT_TYPE};
use crate::model::{Attested, Review};

/// Predicate type of a [`Review`].
pub const REVIEW_TYPE: &str = "urn:bomvet:predicate:review:v1";
/// Predicate type of an [`Attested`] decision.
pub const DECISION_TYPE: &str = "urn:bomvet:predicate:decision:v1";
/// Predicate type of a [`Head`].
pub const HEAD_TYPE: &str = "urn:bomvet:predicate:ledger-head:v1";
/// The subject's name in a head.
const HEAD_NAME: &str = "ledger.jsonl";

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Testimony {
    /// A review, made by a reviewer and grounded by bomvet.
    Review(Review),
    /// A person's decision.
    Decision(Attested),
}

impl Testimony {
    /// The package.
    pub fn purl(&self) -> &str {
        match self {
            Self::Review(review) => &review.purl,
            Self::Decision(decision) => &decision.purl,
        }
    }

    /// Hexadecimal SHA-256 of the canonical file list.
    pub fn subject(&self) -> &str {
        match self {
            Self::Review(review) => &review.subject,
            Self::Decision(decision) => &decision.subject,
        }
    }

    fn statement(&self) -> Value {
        let (kind, predicate) = match self {
            Self::Review(review) => (REVIEW_TYPE, json!(review)),
            Self::Decision(decision) => (DECISION_TYPE, json!(decision)),
        };
        json!({
            "_type": STATEMENT_TYPE,
            "subject": [{"name": self.purl(), "digest": {CONTENTS_DIGEST: self.subject()}}],
            "predicateType": kind,
            "predicate": predicate,
        })
    }

    /// The signed line, without its line feed.
    ///
    /// # Errors
    /// Where it would not read back as the same: a digest that is none, a number beyond 2⁵³.
    pub fn sign(&self, signer: &Signer) -> Result<Vec<u8>, String> {
        let line = dsse::envelope(&self.statement(), Some(signer));
        match Entry::parse(&line) {
            Ok(entry) if entry.testimony == *self => Ok(line),
            Ok(_) => Err("a number in it is beyond 2^53, which JSON does not keep".to_owned()),
            Err(message) => Err(message),
        }
    }
}

/// An entry that was read; its signature is not yet checked.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it says.
    pub testimony: Testimony,
    /// What it came in.
    pub envelope: Envelope,
    /// The subject's bytes.
    pub(super) subject: Hash,
}

impl Entry {
    /// Reads one line, without its line feed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &[u8]) -> Result<Self, String> {
        let envelope = Envelope::parse(line)?;
        let predicate = &envelope.statement["predicate"];
        let wrong = |error: serde_json::Error| format!("the predicate: {error}");
        let testimony = match envelope.statement["predicateType"].as_str() {
            Some(REVIEW_TYPE) => {
                Testimony::Review(serde::Deserialize::deserialize(predicate).map_err(wrong)?)
            }
            Some(DECISION_TYPE) => {
                Testimony::Decision(serde::Deserialize::deserialize(predicate).map_err(wrong)?)
            }
            _ => return Err("neither a review nor a decision".to_owned()),
        };
        // Members that are passed over, or a subject that is not the predicate's, mean another thing to another reader.
        if testimony.statement() != envelope.statement {
            return Err("the statement is not in the form that bomvet writes".to_owned());
        }
        let subject = hash(testimony.subject()).ok_or("the subject is not a SHA-256 in hexadecimal")?;
        Ok(Self { testimony, envelope, subject })
    }
}

/// A tree head: what the ledger is at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Entries.
    pub size: u64,
    /// The tree's root.
    pub root: Hash,
    /// Seconds since the epoch.
    pub date: i64,
}

impl Head {
    fn statement(&self) -> Value {
        let root = hex::encode(self.root);
        json!({
            "_type": STATEMENT_TYPE,
            "subject": [{"name": HEAD_NAME, "digest": {"rfc9162Sha256": root}}],
            "predicateType": HEAD_TYPE,
            "predicate": {"size": self.size, "root": root, "date": self.date},
        })
    }

    /// The signed line, without its line feed.
    pub fn sign(&self, signer: &Signer) -> Vec<u8> {
        dsse::envelope(&self.statement(), Some(signer))
    }

    /// Reads a head; its signature is not yet checked. One line feed at the end is let pass.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &[u8]) -> Result<(Self, Envelope), String> {
        let envelope = Envelope::parse(line.strip_suffix(b"\n").unwrap_or(line))?;
        let predicate = &envelope.statement["predicate"];
        let read = || {
            Some(Self {
                size: predicate["size"].as_u64()?,
                root: hash(predicate["root"].as_str()?)?,
                date: predicate["date"].as_i64()?,
            })
        };
        let head = read().ok_or("not a ledger's head: `size`, `root` or `date` is missing")?;
        if head.statement() != envelope.statement {
            return Err("the head is not in the form that bomvet writes".to_owned());
        }
        Ok((head, envelope))
    }
}

/// 64 lower-case hexadecimal digits.
pub(super) fn hash(text: &str) -> Option<Hash> {
    let hash: Hash = hex::decode(text).ok()?.try_into().ok()?;
    (hex::encode(hash) == text).then_some(hash)
}
