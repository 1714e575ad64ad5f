//! The review queue: what evidence settles, what a review would settle, and in which order.
//!
//! In: findings, gaps, capabilities and the place in the graph. Out: a [`Risk`] whose parts
//! explain it. No reviewer is asked here yet; the queue says who should be read first.

pub mod ask;

use crate::model::{Analysis, CapabilityKind, Confidence, Finding, Gap, Place, Risk, Severity, Standing};

/// A micro-library has at most this many lines of code.
pub const MICRO_LINES: u64 = 120;

/// Rates one package. `denied` says that the evidence denies it already.
pub fn rate(
    analysis: Option<&Analysis>,
    findings: &[Finding],
    gaps: &[Gap],
    place: &Place,
    denied: bool,
) -> Risk {
    let mut parts = Vec::new();
    let mut add = |part: &str, points: u32| {
        if points > 0 {
            parts.push((part.to_owned(), points));
        }
    };
    for kind in analysis.iter().flat_map(|analysis| analysis.capability_set().iter()) {
        add(&format!("capability {kind}"), weight(kind));
    }
    let uncertain =
        findings.iter().filter(|f| f.severity >= Severity::Medium && f.confidence < Confidence::High).count()
            as u32;
    add("uncertain findings", uncertain * 20);
    add("gaps", gaps.len() as u32 * 10);
    // Logarithmic: the thousandth dependant matters less than the first.
    add("dependants", (place.dependants + 1).ilog2());
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
