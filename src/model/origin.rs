//! Where a version comes from, by its registry's own word.

use serde::{Deserialize, Serialize};

/// What the registry says of one version, at the audit's time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Origin {
    /// Whether the registry has the package, and this version of it.
    pub found: bool,
    /// When the package was first published, seconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_published: Option<i64>,
    /// When this version was published, seconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<i64>,
    /// How many versions there are.
    pub versions: u32,
    /// Who published it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// Who published the version before, if it was another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher_before: Option<String>,
    /// Why it should not be used any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
    /// Why it was withdrawn; empty where no reason is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yanked: Option<String>,
    /// The repository that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Whether a statement on how it was built lies beside it (not whether it is true).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attested: Option<bool>,
    /// The last version before this one that had such a statement, where this one has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attested_before: Option<String>,
    /// What those statements came to; `None` where there are none, or nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<BuildProvenance>,
}

/// Whether the statements on how a version was built hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProvenanceState {
    /// Signatures, log and subject hold for every archive that was looked at.
    Verified,
    /// At least one does not hold.
    Invalid,
    /// Nothing is shown either way; `why` tells the reason.
    #[default]
    Unchecked,
}

impl ProvenanceState {
    /// The name in outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Invalid => "invalid",
            Self::Unchecked => "unchecked",
        }
    }
}

/// What the statements on how a version was built came to. Everything but `state`, `root` and `why`
/// is what the certificate says, and is there only where the state is verified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BuildProvenance {
    /// Whether they hold.
    pub state: ProvenanceState,
    /// The repository that it was built from, as a URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The file that says how, as a URL with the revision behind `@`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// The commit that it was built from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The branch or tag that it was built from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What started the build (`release`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    /// The run, as a URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Whom the certificate was given to: a workflow's address, or one of mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// Who vouched for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// When the log took the signature in, seconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logged: Option<i64>,
    /// The entry's number in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_index: Option<u64>,
    /// The day of the trust root that it was verified with (`2026-11-05`).
    pub root: String,
    /// What is wrong or missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Origin {
    /// Whole days since this version was published, at `now` in seconds since the epoch; none where
    /// it is of the future.
    pub fn age_days(&self, now: i64) -> Option<i64> {
        let age = now.checked_sub(self.published?)?;
        Some(age.max(0) / 86_400)
    }
}
