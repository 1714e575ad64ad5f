//! Reviews: what evidence settles, what a review would settle, who is asked in which order, and what
//! the answers are worth.
//!
//! In: contents, facts, findings, gaps and the place in the graph. Out: a [`Risk`] whose parts
//! explain it, and [`run`]'s reviews, each claim held against the lines; [`weigh`] says what they
//! change. No verdict is made here.

mod address;
pub mod answer;
pub mod ask;
pub mod canary;
pub mod control;
pub mod fence;
pub mod ground;
pub mod packet;
pub mod question;
pub mod run;
pub mod slice;
pub mod tokens;
pub mod weigh;
pub mod wording;

use crate::model::{
    Analysis, CapabilityKind, CapabilitySet, Confidence, Finding, Gap, Place, Risk, Severity, Standing,
};

/// A micro-library has at most this many lines of code.
pub const MICRO_LINES: u64 = 120;

/// What a rating looks at.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// What the checks say, if the contents were had.
    pub analysis: Option<&'a Analysis>,
    /// All findings.
    pub findings: &'a [Finding],
    /// All gaps.
    pub gaps: &'a [Gap],
    /// Its place in the graph.
    pub place: &'a Place,
    /// Capabilities that this version has and the base's has not.
    pub gained: CapabilitySet,
    /// Days since this version was published, where its registry says so.
    pub age: Option<i64>,
    /// Whether its name is among the most used ones, where there is a list of those.
    pub popular: Option<bool>,
    /// Whether a review that counts spoke against the version that this one replaces.
    pub against_before: bool,
}

/// Rates one package. `denied` says that the evidence denies it whatever a review says.
pub fn rate(about: &About<'_>, denied: bool) -> Risk {
    let About { analysis, findings, gaps, place, gained, age, popular, against_before } = *about;
    let mut parts = Vec::new();
    let mut add = |part: &str, points: u32| {
        if points > 0 {
            parts.push((part.to_owned(), points));
        }
    };
    for kind in analysis.iter().flat_map(|analysis| analysis.capability_set().iter()) {
        add(&format!("capability {kind}"), weight(kind));
    }
    for kind in gained.iter() {
        add(&format!("gained {kind}"), 2 * weight(kind));
    }
    let flows = analysis.map_or(0, |analysis| analysis.flows.len()) as u32;
    add("flows", (flows * 4).min(20));
    let uncertain =
        findings.iter().filter(|f| f.severity >= Severity::Medium && f.confidence < Confidence::High).count()
            as u32;
    add("uncertain findings", uncertain * 20);
    add("gaps", gaps.len() as u32 * 10);
    // Logarithmic: the thousandth dependant matters less than the first.
    add("dependants", (place.dependants + 1).ilog2());
    // Most taken-over versions are found within days, nearly all within a month.
    match age {
        Some(..=7) => add("published within a week", 10),
        Some(..=30) => add("published within a month", 5),
        _ => {}
    }
    // What many use, many have looked at.
    add("not widely used", if popular == Some(false) { 3 } else { 0 });
    add("concern about the version before", if against_before { 20 } else { 0 });
    parts.sort();
    let micro = analysis
        .is_some_and(|analysis| analysis.capabilities.is_empty() && analysis.micro.code_lines <= MICRO_LINES);
    let standing = if denied {
        Standing::Denied
    } else if micro && gaps.is_empty() && findings.iter().all(|f| f.severity < Severity::Medium) {
        Standing::Evidence
    } else {
        Standing::Review
    };
    Risk { standing, score: parts.iter().map(|(_, points)| points).sum(), parts }
}

/// Points for reach that, misused, costs the most.
fn weight(kind: CapabilityKind) -> u32 {
    match kind {
        CapabilityKind::InstallTime | CapabilityKind::DynamicCode => 12,
        CapabilityKind::Process | CapabilityKind::Net => 10,
        CapabilityKind::Native => 8,
        CapabilityKind::FsWrite | CapabilityKind::Unsafe => 5,
        CapabilityKind::FsRead | CapabilityKind::Env => 3,
    }
}
