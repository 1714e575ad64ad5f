//! The types that pass between the stages.
//!
//! Nothing here does I/O and nothing here imports a stage. Every list that
//! leaves a stage is sorted, so that the same inputs give the same bytes.

mod advisory;
mod analysis;
mod audit;
mod capability;
mod contents;
mod coverage;
mod digest;
mod fact;
mod finding;
mod listing;
mod measure;
mod origin;
mod package;
mod review;
mod sketch;
mod span;
mod verdict;
pub mod ways;
mod wildcard;

pub use advisory::{DatabaseInfo, Hit};
pub use analysis::{Analysis, MicroFacts, Permissions, ToolUse};
pub use audit::{Audit, Change, ContentsInfo, Node, Place, Reach, Risk, Standing};
pub use capability::{Capability, CapabilityKind, CapabilitySet};
pub use contents::{Contents, File, Provenance};
pub use coverage::{Coverage, FileCoverage, Treatment};
pub use digest::{Digest, HashAlgorithm};
pub use fact::{Context, Fact, FactKind, Polarity};
pub use finding::{Confidence, Finding, Severity};
pub use listing::{Listing, Need, Release, ReleaseFile};
pub use measure::Measure;
pub use origin::{BuildProvenance, Origin, ProvenanceState};
pub use package::{
    AgentKind, Artifact, Dependency, DependencyKind, Ecosystem, Location, Package, PlatformSpec, Source, purl,
};
pub use review::{
    Answer, Attested, Behaviour, Cite, Claim, Cost, Outcome, Queued, Review, ReviewRun, Reviewer, Ruling,
    Testimony, Topic,
};
pub use sketch::Sketch;
pub use span::{LineIndex, MAX_EXCERPT, Span, escape, is_invisible};
pub use verdict::{Decision, Gap, GapKind, Reason, ReasonKind, Verdict};
pub use wildcard::wildcard;
