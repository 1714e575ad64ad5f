//! Whose entries count.

use crate::attest::dsse::Envelope;
use crate::attest::keys::PublicKey;
use crate::model::wildcard;

/// A key whose entries count, and for what.
#[derive(Debug, Clone)]
pub struct TrustedReviewer {
    /// The key.
    pub key: PublicKey,
    /// Purls, `*` for any run of characters (`pkg:npm/%40mine/*`); empty for every package.
    pub packages: Vec<String>,
    /// Seconds since the epoch from which nothing of this key counts.
    pub expires: Option<i64>,
}

impl TrustedReviewer {
    /// Trusted for every package, for good.
    pub fn fully(key: PublicKey) -> Self {
        Self { key, packages: Vec::new(), expires: None }
    }

    /// Whether it is trusted for that package.
    pub fn covers(&self, purl: &str) -> bool {
        self.packages.is_empty() || self.packages.iter().any(|pattern| wildcard(pattern, purl))
    }
}

/// Whose entries count, as of one time.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// The keys; one key may stand more than once, for different packages.
    pub keys: Vec<TrustedReviewer>,
    /// Seconds since the epoch: what has expired by then does not count.
    pub now: i64,
}

impl Trust {
    /// Every key fully.
    pub fn of(keys: impl IntoIterator<Item = PublicKey>, now: i64) -> Self {
        Self { keys: keys.into_iter().map(TrustedReviewer::fully).collect(), now }
    }

    /// The user's own key too, for every package.
    #[must_use]
    pub fn with_own(mut self, key: &PublicKey) -> Self {
        self.keys.push(TrustedReviewer::fully(key.clone()));
        self
    }

    /// The key that signed, if it is one of these and has not expired.
    pub(super) fn signer(&self, envelope: &Envelope) -> Option<&PublicKey> {
        let known = |key: &&TrustedReviewer| envelope.key_id() == Some(key.key.thumbprint());
        let key = self.keys.iter().filter(known).find(|key| self.is_current(key))?;
        envelope.is_signed_by(&key.key).then_some(&key.key)
    }

    /// Whether that key counts for a package.
    pub(super) fn covers(&self, key: &PublicKey, purl: &str) -> bool {
        self.keys.iter().any(|known| known.key == *key && self.is_current(known) && known.covers(purl))
    }

    fn is_current(&self, key: &TrustedReviewer) -> bool {
        key.expires.is_none_or(|expires| self.now < expires)
    }
}
