//! A finished audit: what the publish stage turns into files.

use serde::{Deserialize, Serialize};

use super::{
    Analysis, CapabilitySet, DatabaseInfo, Decision, Dependency, Finding, Gap, Hit, Origin, Package,
    ReviewRun, Testimony, Verdict,
};

/// Where a package stands in the graph.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Edges on the shortest path from a root, 0 for a root; `None` if nothing reaches it.
    pub depth: Option<u32>,
    /// Packages that ask for it themselves.
    pub direct_dependants: u32,
    /// Packages that reach it.
    pub dependants: u32,
    /// Purls on the shortest path, root first, itself last; the smallest of those that are equally long.
    pub path: Vec<String>,
    /// Number of the cycle that it is in, if any; members of one cycle share it.
    pub cycle: Option<u32>,
    /// Purl of its immediate dominator: without that package nothing would bring this one in.
    pub only_through: Option<String>,
    /// How many packages only this one brings in.
    pub brings_alone: u32,
    /// How it is reached at best.
    pub reach: Reach,
}

/// How a package is reached from the project's own packages, the strongest way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// Not reached.
    #[default]
    None,
    /// Through a dev dependency only.
    Dev,
    /// Through a build dependency or proc macro, not at run time.
    Build,
    /// At run time.
    Normal,
}

/// What the contents were, after they are dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentsInfo {
    /// SHA-256 of the archive, hexadecimal, if there was one.
    pub archive_sha256: Option<String>,
    /// Size of the archive, bytes.
    pub archive_size: u64,
    /// The lockfile's digest that matched, `sha512:…`; `None` for first-party and unverified ones.
    pub verified_against: Option<String>,
    /// `store`, `cargo-cache`, `cargo-vendor`, `cargo-git`, `npm-cache`, `registry`, `project`,
    /// `first-party`, `unverified`.
    pub from: String,
}

/// What still has to be done before a package may be trusted on evidence alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Nothing: evidence settles it.
    Evidence,
    /// A review would say more; its order is by `risk`.
    #[default]
    Review,
    /// Denied by evidence already; a review would change nothing.
    Denied,
}

/// A package's place in the review queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// What is left to do.
    pub standing: Standing,
    /// Sum of the parts.
    pub score: u32,
    /// Why: part and points, sorted by part.
    pub parts: Vec<(String, u32)>,
}

/// How a package differs from the base revision or BoM.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "change")]
pub enum Change {
    /// Not in the base.
    Added,
    /// In the base only.
    Removed,
    /// A newer version than in the base.
    Upgraded {
        /// The base's version.
        from: String,
    },
    /// An older version than in the base.
    Downgraded {
        /// The base's version.
        from: String,
    },
    /// The same version from somewhere else, or with another digest.
    Resourced {
        /// The base's source or digest.
        from: String,
    },
    /// The project's own code changed (files).
    Edited {
        /// Paths from the root, sorted.
        files: Vec<String>,
    },
    /// As in the base.
    Unchanged,
}

/// One package with everything known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The package.
    pub package: Package,
    /// What its registry says of it, where it was asked and answered.
    pub origin: Option<Origin>,
    /// Its place in the graph.
    pub place: Place,
    /// What was acquired, if anything.
    pub contents: Option<ContentsInfo>,
    /// What the checks found in the contents.
    pub analysis: Option<Analysis>,
    /// Capabilities of everything that it reaches, its own left out.
    pub reached: CapabilitySet,
    /// Advisories that hit it, sorted.
    pub hits: Vec<Hit>,
    /// Every finding about it: resolution, archive form, identity, contents, advisories; sorted.
    pub findings: Vec<Finding>,
    /// Every gap, sorted.
    pub gaps: Vec<Gap>,
    /// Its place in the review queue.
    pub risk: Risk,
    /// What reviewers said of it; `None` where nobody did.
    pub testimony: Option<Testimony>,
    /// How it differs from the base; `None` without one.
    pub change: Option<Change>,
    /// Capabilities that it gained against the base's version.
    pub gained: CapabilitySet,
    /// The verdict.
    pub verdict: Verdict,
}

impl Node {
    /// Whether the run's outcome depends on it: always without a base, else if it changed.
    pub fn counts(&self) -> bool {
        self.change.as_ref() != Some(&Change::Unchanged)
    }
}

/// The finished audit.
#[derive(Debug, Clone)]
pub struct Audit {
    /// bomvet's version.
    pub tool_version: String,
    /// Seconds since the epoch (`SOURCE_DATE_EPOCH` or the clock, read once).
    pub time: i64,
    /// Name of the audited project: the root package's, else the folder's.
    pub project: String,
    /// Policy profile.
    pub profile: String,
    /// Hexadecimal SHA-256 of the effective policy in canonical JSON.
    pub policy_digest: String,
    /// Hexadecimal SHA-256 of the rules.
    pub rules_digest: String,
    /// Advisory databases used.
    pub databases: Vec<DatabaseInfo>,
    /// Remarks on the whole run, sorted.
    pub notes: Vec<String>,
    /// Lockfiles and manifests that were read, from the root, with their SHA-256; sorted.
    pub inputs: Vec<(String, String)>,
    /// The base that it was compared with, as given.
    pub base: Option<String>,
    /// Packages sorted by purl, each once.
    pub nodes: Vec<Node>,
    /// Packages of the base that are gone (purl), sorted.
    pub removed: Vec<String>,
    /// Edges, sorted.
    pub dependencies: Vec<Dependency>,
    /// The review queue and its reviewers; `None` where nobody was asked and no ledger was read.
    pub reviews: Option<ReviewRun>,
    /// Grants and ignores of the policy that nothing used, as text.
    pub unused_policy: Vec<String>,
}

impl Audit {
    /// Deny if any package is denied; with a base, if any that the change adds or alters is.
    pub fn decision(&self) -> Decision {
        let denied = |node: &&Node| node.verdict.decision == Decision::Deny && node.counts();
        if self.nodes.iter().any(|node| denied(&node)) { Decision::Deny } else { Decision::Approve }
    }

    /// Whether anything was approved although evidence is missing.
    pub fn has_tolerated_gaps(&self) -> bool {
        self.nodes.iter().any(|node| node.verdict.decision == Decision::Approve && !node.gaps.is_empty())
    }

    /// The documented exit code: 0 approved, 1 denied, 3 approved with tolerated gaps.
    pub fn exit_code(&self) -> u8 {
        match self.decision() {
            Decision::Deny => 1,
            Decision::Approve if self.has_tolerated_gaps() => 3,
            Decision::Approve => 0,
        }
    }

    /// The node with that purl.
    pub fn node(&self, purl: &str) -> Option<&Node> {
        let at = self.nodes.binary_search_by(|node| node.package.purl.as_str().cmp(purl)).ok()?;
        Some(&self.nodes[at])
    }
}
