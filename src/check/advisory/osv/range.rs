//! Whether a version lies in a range of events.
//!
//! The algorithm is the schema's own (<https://ossf.github.io/osv-schema/#evaluation>): the events
//! are taken in order of their versions, whatever their order in the record; each that the version
//! has reached switches affected on (`introduced`) or off (`fixed`, or past `last_affected`). With
//! `limit` events, only versions below one of them are looked at. Both Cargo's and npm's versions
//! are ordered by Semantic Versioning 2.0 §11, so `SEMVER` and `ECOSYSTEM` are the same here;
//! build metadata has no order. Python's are ordered by PEP 440.

use std::cmp::Ordering;
use std::str::FromStr as _;

use super::schema::{RawEvent, RawRange};
use crate::model::Ecosystem;

/// A version with the order of its ecosystem; equal where the precedence is.
#[derive(Debug, Clone)]
pub(super) enum Version {
    /// Semantic Versioning.
    Semver(semver::Version),
    /// Python's (PEP 440), without the local part (`+cpu`), which names a build of the same release.
    Pep440(Box<pep440_rs::Version>),
}

impl Version {
    /// Reads `1.2.3-pre+build`, tolerating a leading `v` or `=` and missing numbers (`1.2`), as
    /// records of the npm ecosystem have them.
    pub(super) fn parse(ecosystem: Ecosystem, text: &str) -> Option<Self> {
        if ecosystem == Ecosystem::Pypi {
            let version = pep440_rs::Version::from_str(text.trim()).ok()?;
            return Some(Self::Pep440(Box::new(version.without_local())));
        }
        let text = text.trim().trim_start_matches(['v', 'V', '=']);
        if let Ok(version) = semver::Version::parse(text) {
            return Some(Self::Semver(version));
        }
        let end = text.find(['-', '+']).unwrap_or(text.len());
        let (numbers, rest) = text.split_at(end);
        let dots = numbers.split('.').count();
        if numbers.is_empty() || dots > 2 {
            return None;
        }
        semver::Version::parse(&format!("{numbers}{}{rest}", ".0".repeat(3 - dots))).ok().map(Self::Semver)
    }
}

impl Version {
    /// A version of the same ecosystem.
    fn like(&self, text: &str) -> Option<Self> {
        match self {
            Self::Semver(_) => Self::parse(Ecosystem::Npm, text),
            Self::Pep440(_) => Self::parse(Ecosystem::Pypi, text),
        }
    }

    /// What a text should have been.
    fn kind(&self) -> &'static str {
        match self {
            Self::Semver(_) => "a semantic version",
            Self::Pep440(_) => "a version by PEP 440",
        }
    }
}

impl Version {
    /// Reads the tag of an action: `v4` and `v4.1` move to the newest version that they begin.
    pub(super) fn parse_newest(text: &str) -> Option<Self> {
        let Self::Semver(mut version) = Self::parse(Ecosystem::Github, text)? else { return None };
        let numbers = text.trim_start_matches(['v', 'V', '=']);
        if numbers.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            let dots = numbers.bytes().filter(|byte| *byte == b'.').count();
            if dots < 2 {
                version.patch = u64::MAX;
            }
            if dots < 1 {
                version.minor = u64::MAX;
            }
        }
        Some(Self::Semver(version))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Version {}
impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Semver(a), Self::Semver(b)) => a.cmp_precedence(b),
            (Self::Pep440(a), Self::Pep440(b)) => a.cmp(b),
            (Self::Semver(_), Self::Pep440(_)) => Ordering::Less,
            (Self::Pep440(_), Self::Semver(_)) => Ordering::Greater,
        }
    }
}

/// A place on the line of versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Point {
    /// `0` as the start: before every version, prereleases of 0.0.0 included.
    Start,
    At(Version),
    /// `*` as a limit.
    End,
}

impl Point {
    fn parse(text: &str, kind: Kind, version: &Version) -> Option<Self> {
        match (text, kind) {
            ("0", Kind::Introduced) => Some(Self::Start),
            ("*", Kind::Limit) => Some(Self::End),
            _ => version.like(text).map(Self::At),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Introduced,
    Fixed,
    LastAffected,
    Limit,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RangeMatch {
    No,
    Yes,
    Unknown(String),
}

fn only(event: &RawEvent) -> Result<(Kind, &str), String> {
    let fields = [
        (Kind::Introduced, &event.introduced),
        (Kind::Fixed, &event.fixed),
        (Kind::LastAffected, &event.last_affected),
        (Kind::Limit, &event.limit),
    ];
    let mut set = fields.iter().filter_map(|(kind, value)| value.as_deref().map(|value| (*kind, value)));
    match (set.next(), set.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err("has an event without a version".to_owned()),
        (Some(_), Some(_)) => Err("has an event with more than one version".to_owned()),
    }
}

/// Refuses what the schema does not allow: an unknown type, an event of no or two fields, a range
/// that is never introduced.
pub(super) fn check(range: &RawRange) -> Result<(), String> {
    if !["SEMVER", "ECOSYSTEM", "GIT"].contains(&range.kind.as_str()) {
        return Err(format!("has a range of the unknown type `{}`", range.kind));
    }
    let mut introduced = false;
    for event in &range.events {
        introduced |= only(event)?.0 == Kind::Introduced;
    }
    if introduced { Ok(()) } else { Err("has a range without an `introduced` event".to_owned()) }
}

/// Whether `version` is affected by `range`, which is not of type `GIT`.
pub(super) fn holds(range: &RawRange, version: &Version) -> RangeMatch {
    let mut events = Vec::new();
    for event in &range.events {
        let Ok((kind, text)) = only(event) else { continue };
        match Point::parse(text, kind, version) {
            Some(point) => events.push((point, kind)),
            None => {
                return RangeMatch::Unknown(format!("the record's `{text}` is not {}", version.kind()));
            }
        }
    }
    let version = Point::At(version.clone());
    let limits: Vec<_> = events.iter().filter(|(_, kind)| *kind == Kind::Limit).collect();
    if !limits.is_empty() && !limits.iter().any(|(limit, _)| version < *limit) {
        return RangeMatch::No;
    }
    // At the same version `last_affected` comes last, since it speaks of what follows; otherwise
    // the record's order stands (a fix and a new introduction at one version).
    events.sort_by(|a, b| a.0.cmp(&b.0).then((a.1 == Kind::LastAffected).cmp(&(b.1 == Kind::LastAffected))));
    let mut affected = false;
    for (point, kind) in &events {
        match kind {
            Kind::Introduced if version >= *point => affected = true,
            Kind::Fixed if version >= *point => affected = false,
            Kind::LastAffected if version > *point => affected = false,
            _ => {}
        }
    }
    if affected { RangeMatch::Yes } else { RangeMatch::No }
}
