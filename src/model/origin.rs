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
}

impl Origin {
    /// Whole days since this version was published, at `now` in seconds since the epoch; none where
    /// it is of the future.
    pub fn age_days(&self, now: i64) -> Option<i64> {
        let age = now.checked_sub(self.published?)?;
        Some(age.max(0) / 86_400)
    }
}
