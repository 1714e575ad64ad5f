//! The decision: evidence and policy in, exactly one verdict out.
//!
//! Fail closed: a gap that the profile does not tolerate denies, and a package without evidence is
//! never approved. Nothing here looks at files, and nothing but [`Policy::decide`] makes a verdict.

mod decide;
mod file;
mod pattern;
mod permissions;
mod profile;
#[cfg(test)]
mod tests;

pub use decide::{Decided, Evidence};
pub use file::{PolicyError, TEMPLATE};
pub use profile::{PROFILES, Profile};

use serde::Serialize;

use crate::json::canonical::canonical;
use crate::model::{CapabilityKind, Digest, Package};
use pattern::PackagePattern;

/// The effective policy of one run: built-in profile and file merged and validated.
#[derive(Debug, Clone, Serialize)]
pub struct Policy {
    /// What denies.
    pub profile: Profile,
    /// Glob patterns (from the audited root) that discovery leaves out.
    pub exclude: Vec<String>,
    /// Capabilities granted to packages.
    pub grants: Vec<Grant>,
    /// Advisories that are known and accepted.
    pub ignores: Vec<Ignore>,
    /// Findings that are known and accepted.
    pub accepts: Vec<Accept>,
    /// What is asked of reviews.
    pub review: ReviewPolicy,
    /// Whose reviews count beside one's own.
    pub trust: Vec<Trust>,
}

/// `[review]`: which packages need one, and whose counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReviewPolicy {
    /// A package whose risk is at least this needs a review, even where evidence leaves nothing open;
    /// none needs one for its risk alone where this is not set.
    pub above: Option<u32>,
    /// Different reviewers that have to find a package clear.
    pub quorum: u32,
    /// Folder of cargo-vet's audits, from the audited root, that count as reviews.
    pub vet: Option<String>,
}

impl Default for ReviewPolicy {
    fn default() -> Self {
        Self { above: None, quorum: 1, vet: None }
    }
}

/// `[[review.trust]]`: reviews signed by this key count.
#[derive(Debug, Clone, Serialize)]
pub struct Trust {
    /// The key's id (RFC 7638 thumbprint).
    pub key: String,
    /// Only for these packages; all where there is none.
    pub package: Option<PackagePattern>,
    /// Why.
    #[serde(flatten)]
    pub exception: Exception,
}

/// Why an exception stands, by whom and until when.
#[derive(Debug, Clone, Serialize)]
pub struct Exception {
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Last day on which it counts (UTC), as `YYYY-MM-DD`.
    pub expires: Option<String>,
    /// 1-based line in the policy file.
    pub line: u32,
    /// First second at which it no longer counts.
    #[serde(skip)]
    until: Option<i64>,
}

impl Exception {
    /// Whether it still counts at `now`, in seconds since the epoch.
    fn counts(&self, now: i64) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// `[[grant]]`: a package may have capabilities that the profile denies.
#[derive(Debug, Clone, Serialize)]
pub struct Grant {
    /// Which packages.
    pub package: PackagePattern,
    /// Which capabilities.
    pub capabilities: Vec<CapabilityKind>,
    /// Which tools of an agent; patterns.
    pub tools: Vec<String>,
    /// Which combinations, as the profile writes them; patterns.
    pub flows: Vec<String>,
    /// Why.
    #[serde(flatten)]
    pub exception: Exception,
}

/// `[[ignore]]`: an advisory does not count.
#[derive(Debug, Clone, Serialize)]
pub struct Ignore {
    /// Its id or an alias of it.
    pub advisory: String,
    /// Only for these packages; all where there is none.
    pub package: Option<PackagePattern>,
    /// Why.
    #[serde(flatten)]
    pub exception: Exception,
}

/// `[[accept]]`: a finding, or a piece of missing evidence, does not count.
#[derive(Debug, Clone, Serialize)]
pub struct Accept {
    /// The rule's id, or `gap/` and the kind of gap.
    pub rule: String,
    /// Only for these packages: an accepted finding is never accepted everywhere.
    pub package: PackagePattern,
    /// Only in this file of the package, if given.
    pub file: Option<String>,
    /// Why.
    #[serde(flatten)]
    pub exception: Exception,
}

impl Policy {
    /// The built-in policy of a profile, with no exceptions; `None` for an unknown name.
    pub fn builtin(profile: &str) -> Option<Self> {
        Some(Self {
            profile: Profile::builtin(profile)?,
            exclude: Vec::new(),
            grants: Vec::new(),
            ignores: Vec::new(),
            accepts: Vec::new(),
            review: ReviewPolicy::default(),
            trust: Vec::new(),
        })
    }

    /// Ids of the keys whose reviews of a package count at `now`, in seconds since the epoch.
    pub fn trusted(&self, package: &Package, now: i64) -> Vec<&str> {
        self.trust
            .iter()
            .filter(|trust| trust.exception.counts(now))
            .filter(|trust| trust.package.as_ref().is_none_or(|pattern| pattern.matches(package)))
            .map(|trust| trust.key.as_str())
            .collect()
    }

    /// Reads a policy file. `profile` is the one asked for on the command line, which wins over
    /// the file's own.
    ///
    /// # Errors
    /// Where the text is not TOML, has a key that bomvet does not know, or a value that it
    /// cannot take; with line, column and a suggestion.
    pub fn parse(name: &str, text: &str, profile: Option<&str>) -> Result<Self, PolicyError> {
        file::parse(name, text, profile)
    }

    /// Hexadecimal SHA-256 of the effective policy in canonical JSON (RFC 8785).
    pub fn digest(&self) -> String {
        // Serialising plain structs of strings and integers cannot fail.
        Digest::sha256(&canonical(&serde_json::to_value(self).unwrap_or_default())).hex()
    }

    /// What each exception is, for messages: the index space is that of [`Decided::used`].
    pub fn exceptions(&self) -> Vec<(String, &Exception)> {
        let grants = self.grants.iter().map(|grant| {
            let kinds = grant.capabilities.iter().map(|kind| kind.as_str());
            let others = grant.tools.iter().chain(&grant.flows).map(String::as_str);
            let kinds: Vec<_> = kinds.chain(others).collect();
            (format!("grant of {} to `{}`", kinds.join(", "), grant.package), &grant.exception)
        });
        let ignores =
            self.ignores.iter().map(|ignore| (format!("ignore of `{}`", ignore.advisory), &ignore.exception));
        let accepts = self.accepts.iter().map(|accept| {
            (format!("accept of `{}` in `{}`", accept.rule, accept.package), &accept.exception)
        });
        grants.chain(ignores).chain(accepts).collect()
    }
}

impl Policy {
    /// Exceptions that no longer count at `now`: what, line in the file, last day.
    pub fn expired(&self, now: i64) -> Vec<(String, u32, String)> {
        self.exceptions()
            .into_iter()
            .filter(|(_, exception)| !exception.counts(now))
            .map(|(what, exception)| (what, exception.line, exception.expires.clone().unwrap_or_default()))
            .collect()
    }
}
