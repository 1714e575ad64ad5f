//! One line of a ledger: an in-toto statement about some contents, in a DSSE envelope.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::attest::dsse::Envelope;
use crate::attest::statement::STATEMENT_TYPE;
use crate::model::Review;

/// Predicate type of a model's review.
pub const REVIEW: &str = "urn:bomvet:review:v1";
/// Predicate type of a person's decision.
pub const DECISION: &str = "urn:bomvet:decision:v1";

/// A person's word on exactly these contents.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Decision {
    /// The package.
    pub purl: String,
    /// Hexadecimal SHA-256 of the canonical file list.
    pub subject: String,
    /// `clear`: may be used; `violation`: must not be, whatever others say.
    pub word: Word,
    /// Who decides, as they call themselves; the key proves it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When, seconds since the epoch.
    pub date: i64,
}

/// What a person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// May be used.
    Clear,
    /// Must not be used.
    Violation,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A model's review.
    Review(Review),
    /// A person's decision.
    Decision(Decision),
}

impl Entry {
    /// Digest of the contents that it is about.
    pub fn subject(&self) -> &str {
        match self {
            Self::Review(review) => &review.subject,
            Self::Decision(decision) => &decision.subject,
        }
    }

    /// The package.
    pub fn purl(&self) -> &str {
        match self {
            Self::Review(review) => &review.purl,
            Self::Decision(decision) => &decision.purl,
        }
    }

    /// The statement, to be signed.
    pub fn statement(&self) -> Value {
        let (kind, predicate) = match self {
            Self::Review(review) => (REVIEW, serde_json::to_value(review)),
            Self::Decision(decision) => (DECISION, serde_json::to_value(decision)),
        };
        json!({
            "_type": STATEMENT_TYPE,
            // The digest is that of the canonical file list, which in-toto has no name for.
            "subject": [{"name": self.purl(), "digest": {"bomvet-files-sha256": self.subject()}}],
            "predicateType": kind,
            // Plain structs of strings and numbers always serialise.
            "predicate": predicate.unwrap_or_default(),
        })
    }

    /// Reads an envelope's statement.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(envelope: &Envelope) -> Result<Self, String> {
        let statement = &envelope.statement;
        let predicate = statement.get("predicate").cloned().unwrap_or_default();
        let wrong = |error: serde_json::Error| format!("the predicate cannot be read: {error}");
        let entry = match statement.get("predicateType").and_then(Value::as_str) {
            Some(REVIEW) => Self::Review(serde_json::from_value(predicate).map_err(wrong)?),
            Some(DECISION) => Self::Decision(serde_json::from_value(predicate).map_err(wrong)?),
            _ => return Err("is neither a review nor a decision".to_owned()),
        };
        // The signed subject must be the one that the predicate speaks of.
        if entry.statement() != *statement {
            return Err("says more than, or something else than, its predicate".to_owned());
        }
        let digest = entry.subject();
        if digest.len() != 64 || !digest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            return Err("its subject is no SHA-256".to_owned());
        }
        Ok(entry)
    }
}
