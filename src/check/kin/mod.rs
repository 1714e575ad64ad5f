//! Copies and forks: whose code a package is made of.
//!
//! In: a [`Sketch`] of each package's code, and those of well-known packages that are shipped
//! (`rules/data/known-code.bin`). Out: [`Kin`], and findings that name the origin, what differs, and
//! the advisories that the copy inherits. A sketch is a sample: shares are estimates, and code in
//! other languages than JavaScript, TypeScript, Python and Rust is not compared.

mod known;
mod sample;
mod tokens;

use std::collections::HashMap;
use std::sync::Arc;

pub use known::{Known, builtin, read, write};
pub use sample::sketch;

use super::identity;
use crate::model::{
    Analysis, CapabilityKind, CapabilitySet, Confidence, Finding, Hit, Package, Severity, Sketch, Span,
    escape,
};

/// Marks that both must share at least: fewer may be chance, or a helper that a compiler puts into
/// every package.
const SHARED: usize = 24;

/// Share of the origin's code, in percent, that a copy has at least.
const HAS: usize = 80;

/// Share of the copy's code, in percent, that the origin has: from here on it is the same package
/// again, below the origin is a part of it.
const IS: usize = 60;

/// Share of the origin's code from which its advisories are the copy's too.
const INHERITS: usize = 95;

/// Packages that have a mark: with more it says nothing (helpers of compilers, generated code).
const COMMON: usize = 24;

/// One package that may be an origin or a copy.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The package.
    pub package: &'a Package,
    /// Its code.
    pub sketch: &'a Sketch,
    /// What it can.
    pub capabilities: CapabilitySet,
}

impl<'a> Subject<'a> {
    /// A package with what was found in it.
    pub fn of(package: &'a Package, analysis: &'a Analysis) -> Self {
        Self { package, sketch: &analysis.sketch, capabilities: analysis.capability_set() }
    }
}

/// A package and the one whose code it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kin {
    /// The copy: index among the packages.
    pub copy: usize,
    /// The origin: index among the packages and then the known ones.
    pub origin: usize,
    /// Percent of the origin's code that the copy has.
    pub has: usize,
    /// Percent of the copy's code that the origin has.
    pub is: usize,
    /// The copy's files with that code, in order.
    pub files: Vec<Arc<str>>,
    /// The copy's sampled files that have none of it, in order.
    pub own: Vec<Arc<str>>,
}

/// Who has whose code among the packages and the known ones. For each copy the origin that it has
/// most of; sorted by copy.
pub fn kin(packages: &[Subject<'_>], known: &[Subject<'_>]) -> Vec<Kin> {
    let all: Vec<&Subject<'_>> = packages.iter().chain(known).collect();
    let mut holders: HashMap<u32, Vec<u32>> = HashMap::new();
    for (at, subject) in all.iter().enumerate() {
        for (mark, _) in &subject.sketch.marks {
            holders.entry(*mark).or_default().push(at as u32);
        }
    }
    let mut out = Vec::new();
    for (copy, subject) in packages.iter().enumerate() {
        let mut shared: HashMap<u32, usize> = HashMap::new();
        for (mark, _) in &subject.sketch.marks {
            let with = &holders[mark];
            if with.len() <= COMMON {
                with.iter()
                    .filter(|&&other| other as usize != copy)
                    .for_each(|other| *shared.entry(*other).or_default() += 1);
            }
        }
        let mut candidates: Vec<u32> =
            shared.into_iter().filter(|(_, many)| *many >= SHARED).map(|(other, _)| other).collect();
        candidates.sort_unstable();
        let best = candidates
            .into_iter()
            .map(|other| other as usize)
            .filter(|&other| may_be_origin(all[other].package, subject.package))
            .filter_map(|other| compare(copy, subject.sketch, other, all[other].sketch))
            // The first of equals: the graph's own before the shipped ones.
            .fold(None, |best: Option<Kin>, one| match best {
                Some(best) if (best.is, best.has) >= (one.is, one.has) => Some(best),
                _ => Some(one),
            });
        out.extend(best);
    }
    out
}

/// Whether one package can be where another's code is from: a package that many use, or one that
/// the project itself has a copy of.
fn may_be_origin(origin: &Package, copy: &Package) -> bool {
    if origin.first_party || origin.name == copy.name && origin.ecosystem == copy.ecosystem {
        return false;
    }
    copy.first_party
        || identity::rank(origin).is_some_and(|rank| identity::rank(copy).is_none_or(|own| rank < own))
}

fn compare(copy: usize, of_copy: &Sketch, origin: usize, of_origin: &Sketch) -> Option<Kin> {
    // Beyond the lower limit one of them holds nothing.
    let limit = of_copy.limit.min(of_origin.limit);
    let (ours, theirs) = (of_copy.below(limit), of_origin.below(limit));
    let has_it = |mark: u32| theirs.binary_search_by_key(&mark, |(mark, _)| *mark).is_ok();
    let mut files = vec![(false, false); of_copy.files.len()];
    let mut common = 0;
    for (mark, file) in ours {
        let shared = has_it(*mark);
        common += usize::from(shared);
        if let Some(file) = files.get_mut(usize::from(*file)) {
            *file = (file.0 || shared, file.1 || !shared);
        }
    }
    let percent = |of: usize| (100 * common).checked_div(of).unwrap_or(0);
    let (has, is) = (percent(theirs.len()), percent(ours.len()));
    if common < SHARED || has < HAS {
        return None;
    }
    let named = |so: &dyn Fn(&(bool, bool)) -> bool| -> Vec<Arc<str>> {
        of_copy
            .files
            .iter()
            .zip(&files)
            .filter(|(_, seen)| so(seen))
            .map(|(path, _)| Arc::clone(path))
            .collect()
    };
    Some(Kin { copy, origin, has, is, files: named(&|seen| seen.0), own: named(&|seen| !seen.0 && seen.1) })
}

/// Places of a finding at most.
const PLACES: usize = 5;

/// What a relation says of the copy. `hits` are the origin's advisories.
pub fn findings(kin: &Kin, copy: &Subject<'_>, origin: &Subject<'_>, hits: &[Hit]) -> Vec<Finding> {
    let label = format!(
        "{} {} {}",
        origin.package.ecosystem,
        escape(&origin.package.name),
        escape(&origin.package.version)
    );
    let places = |files: &[Arc<str>]| -> Vec<Span> {
        files.iter().take(PLACES).map(|path| Span::file(Arc::clone(path))).collect()
    };
    let same = kin.is >= IS;
    let what = match same {
        true => format!(
            "{} % of its code is that of {label}, and it has {} % of that; {}",
            kin.is,
            kin.has,
            match kin.own.len() {
                0 => "no file is its own".to_owned(),
                1 => "1 file is its own".to_owned(),
                many => format!("{many} files are its own"),
            }
        ),
        false => format!("has {} % of the code of {label}, in {} of its files", kin.has, kin.files.len()),
    };
    let mut out = vec![Finding::new("identity/copy", what, places(if same { &kin.own } else { &kin.files }))];
    // A copy that can do more than what it copies is how a trusted name's look-alike is made.
    let more: Vec<&str> = copy
        .capabilities
        .minus(origin.capabilities)
        .iter()
        .filter(|kind| matters(*kind))
        .map(CapabilityKind::as_str)
        .collect();
    if same && !more.is_empty() && !copy.package.first_party {
        let installs = more.contains(&CapabilityKind::InstallTime.as_str());
        out.push(Finding {
            severity: if installs { Severity::High } else { Severity::Medium },
            confidence: Confidence::Medium,
            ..Finding::new(
                "identity/changed-copy",
                format!("a copy of {label} that can what that cannot: {}", more.join(", ")),
                places(&kin.own),
            )
        });
    }
    if kin.has >= INHERITS {
        let of_code = |hit: &&Hit| matches!(hit.kind.as_str(), "vulnerability" | "unsound" | "malware");
        for hit in hits.iter().filter(of_code) {
            out.push(Finding {
                severity: hit.finding.severity,
                confidence: Confidence::Medium,
                ..Finding::new(
                    "identity/inherited-advisory",
                    format!(
                        "has the code of {label}, of which {} speaks: {}",
                        escape(&hit.id),
                        escape(&hit.title)
                    ),
                    places(&kin.files),
                )
            });
        }
    }
    out
}

/// Capabilities whose gain is worth a second look in a copy.
fn matters(kind: CapabilityKind) -> bool {
    matches!(
        kind,
        CapabilityKind::InstallTime
            | CapabilityKind::Net
            | CapabilityKind::Process
            | CapabilityKind::DynamicCode
            | CapabilityKind::Native
            | CapabilityKind::Env
    )
}

#[cfg(test)]
mod tests;
