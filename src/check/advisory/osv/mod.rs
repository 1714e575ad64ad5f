//! OSV records (<https://ossf.github.io/osv-schema/>, version 1.7): one JSON document a problem,
//! for any number of packages.
//!
//! Read: `id`, `aliases`, `upstream`, `related`, `withdrawn`, `summary`, `severity` (of the record
//! and of each package), `affected` with `package`, `ranges`, `versions`, and of
//! `database_specific` the fields `severity`, `cwe_ids` and `informational`. A record that has
//! them in another type is not read as half a record: it is an error.

mod range;
mod schema;

use std::collections::BTreeSet;

use crate::model::{Ecosystem, Package, Severity, Source};

use super::record::{Affected as Affects, Kind, Match, Record, is_public, key};
use range::{RangeMatch, Version};
use schema::{Raw, RawAffected, RawRange};

/// The part of a record about one package name.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(crate) struct Affected {
    versions: BTreeSet<String>,
    ranges: Vec<RawRange>,
}

/// Reads a record into one [`Record`] for each package of an ecosystem that bomvet knows.
/// Withdrawn ones give none.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Record>, String> {
    // serde reads a struct from an array too.
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err("is not a JSON object".to_owned());
    }
    let raw: Raw = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if raw.id.is_empty() {
        return Err("has no `id`".to_owned());
    }
    if raw.withdrawn.is_some() {
        return Ok(Vec::new());
    }
    let mut records: Vec<Record> = Vec::new();
    for affected in &raw.affected {
        let Some(package) = &affected.package else { continue };
        let Some(ecosystem) = ecosystem(&package.ecosystem) else { continue };
        for range in &affected.ranges {
            range::check(range)?;
        }
        let place = key(ecosystem, &package.name);
        let known = records.iter_mut().find(|record| key(record.ecosystem, &record.name) == place);
        match known {
            Some(record) => add(record, affected),
            None => {
                let mut record = record(&raw, ecosystem, package.name.clone());
                add(&mut record, affected);
                records.push(record);
            }
        }
    }
    Ok(records)
}

/// The ecosystem of that name in OSV. A suffix after `:` names a release of a distribution.
pub(super) fn ecosystem(name: &str) -> Option<Ecosystem> {
    let name = name.split(':').next().unwrap_or(name);
    Ecosystem::ALL
        .into_iter()
        .filter(|ecosystem| ecosystem.has_advisories())
        .find(|ecosystem| ecosystem.osv() == name)
}

fn record(raw: &Raw, ecosystem: Ecosystem, name: String) -> Record {
    let mut aliases: BTreeSet<String> = raw.aliases.iter().chain(&raw.upstream).cloned().collect();
    aliases.remove(&raw.id);
    let malware = raw.id.starts_with("MAL-") || aliases.iter().any(|id| id.starts_with("MAL-"));
    let specific = raw.database_specific.as_ref();
    let text = |field: &str| specific.and_then(|value| value.get(field)).and_then(|value| value.as_str());
    let title = raw.summary.clone().filter(|summary| !summary.trim().is_empty()).or_else(|| {
        raw.details
            .as_deref()
            .and_then(|details| details.lines().find(|line| !line.trim().is_empty()))
            .map(|line| line.trim_start_matches(['#', ' ']).to_owned())
    });
    Record {
        id: raw.id.clone(),
        related: raw.related.iter().cloned().collect(),
        ecosystem,
        name,
        kind: if malware { Kind::Malware } else { Kind::Vulnerability },
        title: title.unwrap_or_else(|| "no summary".to_owned()),
        url: Some(match raw.id.split('-').next() {
            Some("GHSA") => format!("https://github.com/advisories/{}", raw.id),
            Some("RUSTSEC") => format!("https://rustsec.org/advisories/{}.html", raw.id),
            _ => format!("https://osv.dev/vulnerability/{}", raw.id),
        }),
        cvss: raw.severity.iter().map(|severity| severity.score.clone()).collect(),
        rating: text("severity").and_then(rating),
        patched: Vec::new(),
        cwes: specific
            .and_then(|value| value.get("cwe_ids"))
            .and_then(|value| value.as_array())
            .into_iter()
            .flatten()
            .filter_map(|id| id.as_str())
            .map(str::to_owned)
            .collect(),
        affected: Affects::Osv(Vec::new()),
        aliases,
    }
}

/// The words of GitHub's database and of CVSS.
fn rating(word: &str) -> Option<Severity> {
    match word.to_ascii_lowercase().as_str() {
        "critical" => Some(Severity::Critical),
        "high" | "important" => Some(Severity::High),
        "moderate" | "medium" => Some(Severity::Medium),
        "low" | "none" => Some(Severity::Low),
        _ => None,
    }
}

fn add(record: &mut Record, affected: &RawAffected) {
    record.cvss.extend(affected.severity.iter().map(|severity| severity.score.clone()));
    let specific = |field: &str| {
        let value = affected.database_specific.as_ref().and_then(|value| value.get(field));
        let value = value.or_else(|| affected.ecosystem_specific.as_ref().and_then(|value| value.get(field)));
        value.and_then(|value| value.as_str())
    };
    if record.rating.is_none() {
        record.rating = specific("severity").and_then(rating);
    }
    // RustSec's own export says here what its front matter says in `informational`.
    if record.kind == Kind::Vulnerability {
        record.kind = match specific("informational") {
            Some("unmaintained") => Kind::Unmaintained,
            Some("unsound") => Kind::Unsound,
            Some("notice") => Kind::Notice,
            _ => record.kind,
        };
    }
    for range in &affected.ranges {
        for event in &range.events {
            let fix = event.fixed.clone().or_else(|| event.last_affected.as_ref().map(|v| format!(">{v}")));
            if let Some(fix) = fix.filter(|fix| !record.patched.contains(fix)) {
                record.patched.push(fix);
            }
        }
    }
    if let Affects::Osv(list) = &mut record.affected {
        list.push(Affected {
            versions: affected.versions.iter().cloned().collect(),
            ranges: affected.ranges.clone(),
        });
    }
}

impl Affected {
    /// Whether it is about this package, whose name is known to be the record's.
    pub(super) fn hits(&self, package: &Package) -> Match {
        if let Source::Git { url, commit } = &package.source {
            return self.hits_commit(url, commit.as_deref());
        }
        if !is_public(package) {
            return Match::No;
        }
        if self.versions.contains(&package.version) {
            return Match::Yes;
        }
        let version = Version::parse(&package.version);
        // Enumerated versions may be written another way (`v1.0.0`, `1.0`).
        if let Some(version) = &version
            && self.versions.iter().any(|other| Version::parse(other).as_ref() == Some(version))
        {
            return Match::Yes;
        }
        let ordered: Vec<_> = self.ranges.iter().filter(|range| range.kind != "GIT").collect();
        let Some(version) = version else {
            return if ordered.is_empty() {
                Match::No
            } else {
                Match::Unknown(format!("`{}` is not a semantic version", package.version))
            };
        };
        let mut best = Match::No;
        for range in ordered {
            match range::holds(range, &version) {
                RangeMatch::Yes => return Match::Yes,
                RangeMatch::Unknown(why) => best = Match::Unknown(why),
                RangeMatch::No => {}
            }
        }
        best
    }

    /// A commit is hit where a range's event names it. What lies between two events would take the
    /// repository's history, which is not at hand.
    fn hits_commit(&self, url: &str, commit: Option<&str>) -> Match {
        let mut best = Match::No;
        for range in self.ranges.iter().filter(|range| range.kind == "GIT") {
            if range.repo.as_deref().is_some_and(|repo| repository(repo) != repository(url)) {
                continue;
            }
            let is = |event: &Option<String>| {
                event
                    .as_deref()
                    .is_some_and(|id| commit.is_some_and(|commit| commit.eq_ignore_ascii_case(id)))
            };
            if range.events.iter().any(|event| is(&event.introduced) || is(&event.last_affected)) {
                return Match::Yes;
            }
            if !range.events.iter().any(|event| is(&event.fixed) || is(&event.limit)) {
                best = Match::Unknown(
                    "whether its commit lies between those of the record would take the repository's history"
                        .to_owned(),
                );
            }
        }
        best
    }
}

/// A repository's address without what may differ: scheme, user, `.git`, case of the host.
fn repository(url: &str) -> String {
    let url = url.trim_start_matches("git+").split(['?', '#']).next().unwrap_or(url);
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split_once('@').map_or(rest, |(_, rest)| rest).replacen(':', "/", 1);
    rest.trim_end_matches('/').trim_end_matches(".git").to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
