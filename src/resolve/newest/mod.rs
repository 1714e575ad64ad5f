//! Resolves names without a lockfile, as their package manager would at a given time, from the
//! registry's metadata alone: nothing is run. Of Python's archives the metadata is read where the
//! index does not have it beside them.
//!
//! In: wanted packages, a [`Registry`] to ask, and a time. Out: a [`Resolution`] whose packages
//! carry the digests that the registry states. What a package manager decides by what is installed
//! already, or by the machine's platform, is not known here: packages for every platform are in the
//! graph, optional ones too.
//!
//! npm: breadth first in order of name, the version of the `latest` tag where it fits, else the
//! highest; a version that was chosen for the top is used again where it fits, and peers are
//! brought along, as `npm install` does. Cargo: one version for each compatible range, the highest
//! that all who ask for it accept; default features; build requirements too. PyPI: one version of
//! each distribution, the highest that all who ask for it accept, for one stated environment
//! ([`crate::resolve::pypi::marker::ENVIRONMENT`]). There is no backtracking: where an older version
//! would make two requirements meet, the newest that meets one of them is in the graph, and a gap
//! says so.

mod cargo;
mod npm;
mod overlay;
mod pypi;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::model::{
    Ecosystem, Finding, Gap, GapKind, Listing, Location, Package, Release, ReleaseFile, Source, purl,
};
use crate::resolve::Resolution;

/// A package to resolve.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// Its world: npm, Cargo or PyPI.
    pub ecosystem: Ecosystem,
    /// Its name.
    pub name: String,
    /// A version, a range or a tag; `None` for the newest.
    pub requirement: Option<String>,
}

impl Wanted {
    /// Reads a purl (`pkg:npm/%40s/name@^1`); its version may be a range or a tag.
    ///
    /// # Errors
    /// Where it is none, of an ecosystem that no registry is asked for, or has a qualifier: that
    /// names another registry or archive than the configured one.
    pub fn parse(text: &str) -> Result<Self, String> {
        let shown = crate::model::escape(text);
        let no = |why: &str| format!("`{shown}` {why}");
        let rest = text.strip_prefix("pkg:").ok_or_else(|| no("is no purl (`pkg:npm/left-pad@1.3.0`)"))?;
        if rest.contains(['?', '#']) {
            return Err(no("has qualifiers or a subpath; give name and version alone"));
        }
        let (kind, rest) = rest.trim_matches('/').split_once('/').ok_or_else(|| no("has no name"))?;
        let kind = kind.to_ascii_lowercase();
        let ecosystem = [Ecosystem::Cargo, Ecosystem::Npm, Ecosystem::Pypi]
            .into_iter()
            .find(|ecosystem| ecosystem.purl_type() == kind)
            .ok_or_else(|| no("is of no ecosystem that is resolved (npm, cargo, pypi)"))?;
        // `@` of a scope may stand as it is; the version's is the last one, and not the first sign.
        let at = rest.char_indices().skip(1).filter(|(_, c)| *c == '@').map(|(at, _)| at).last();
        let (name, version) = at.map_or((rest, ""), |at| (&rest[..at], &rest[at + 1..]));
        let decode = |text: &str| {
            percent_encoding::percent_decode_str(text)
                .decode_utf8()
                .map(std::borrow::Cow::into_owned)
                .map_err(|_| no("is not UTF-8"))
        };
        let (name, version) = (decode(name)?, decode(version)?);
        if name.is_empty() || name.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(no("has no name of a package"));
        }
        Ok(Self { ecosystem, name, requirement: (!version.is_empty()).then_some(version) })
    }
}

/// Why a package's listing could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListingError {
    /// The registry has no such package.
    #[error("the registry has no package of that name")]
    NotFound,
    /// Something else; one line.
    #[error("{0}")]
    Other(String),
}

/// Who can be asked for listings.
pub trait Registry: Sync {
    /// What the registry says of a package.
    ///
    /// # Errors
    /// Where it has none, or cannot be asked.
    fn listing(&self, ecosystem: Ecosystem, name: &str) -> Result<Arc<Listing>, ListingError>;

    /// The core metadata of an archive of a distribution of PyPI.
    ///
    /// # Errors
    /// Where it cannot be had, or the archive is not the one that the listing names.
    fn core_metadata(&self, name: &str, file: &ReleaseFile) -> Result<String, ListingError>;
}

/// The rule about what a registry does not have.
pub const NOT_FOUND: &str = "origin/not-found";

/// Packages that one resolution may hold; the largest trees known have some thousand.
pub const MAX_PACKAGES: usize = 20_000;

pub use overlay::{Known, resolve_known};

/// Resolves one package; gives its purl and all that it brings in. Packages that cannot be had are
/// gaps of those who ask for them; what was wanted itself and is not there is a package with the
/// finding `origin/not-found`.
pub fn resolve_one(one: &Wanted, registry: &dyn Registry, as_of: i64) -> Option<(String, Resolution)> {
    let mut out = Resolution::default();
    add(one, registry, as_of, &mut out);
    // The package itself is put in before what it asks for.
    let root = out.packages.first()?.purl.clone();
    out.normalise();
    Some((root, out))
}

fn add(one: &Wanted, registry: &dyn Registry, as_of: i64, out: &mut Resolution) {
    match one.ecosystem {
        Ecosystem::Npm => npm::resolve(one, registry, as_of, out),
        Ecosystem::Cargo => cargo::resolve(one, registry, as_of, out),
        Ecosystem::Pypi => pypi::resolve(one, registry, as_of, out),
        other => {
            let version = one.requirement.as_deref().unwrap_or("");
            let package = Package::registry(other, &one.name, version, declared(&one.name));
            let message = format!("{other} packages are not resolved without a lockfile");
            out.gaps.push((package.purl.clone(), Gap::new(GapKind::NotCovered, message)));
            out.packages.push(package);
        }
    }
}

/// What stands in for a line: nothing of a file asks for it.
fn declared(name: &str) -> Location {
    Location { file: name.into(), line: 1, column: 1 }
}

/// Whether a version was there at the time. One without a time was, as far as is known.
fn was_there(release: &Release, as_of: i64) -> bool {
    release.published.is_none_or(|published| published <= as_of)
}

fn package(ecosystem: Ecosystem, name: &str, release: &Release) -> Package {
    let mut integrity = release.integrity.clone();
    integrity.sort_by(|a, b| b.cmp(a));
    Package {
        purl: purl(ecosystem, name, &release.version, &[]),
        source: Source::Registry {
            registry: None,
            url: if ecosystem == Ecosystem::Npm { release.url.clone() } else { None },
        },
        integrity,
        platform: release.platform.clone(),
        licence: release.licence.clone(),
        ..Package::registry(ecosystem, name, &release.version, declared(name))
    }
}

/// What was wanted and cannot be had.
fn missing(one: &Wanted, error: &ListingError, out: &mut Resolution) {
    let finding =
        (*error == ListingError::NotFound).then(|| format!("the registry has no package `{}`", one.name));
    nothing(one, finding, &error.to_string(), out);
}

/// A package that the registry has, in no version that is wanted; `within`: of those that count.
fn absent(one: &Wanted, within: &str, out: &mut Resolution) {
    let version = crate::model::escape(one.requirement.as_deref().unwrap_or("*"));
    let within = if within.is_empty() { String::new() } else { format!(" {within}") };
    let message = format!("the registry has no version {version} of `{}`{within}", one.name);
    nothing(one, Some(message.clone()), &message, out);
}

fn nothing(one: &Wanted, finding: Option<String>, why: &str, out: &mut Resolution) {
    let version = one.requirement.as_deref().unwrap_or("");
    let package = Package::registry(one.ecosystem, &one.name, version, declared(&one.name));
    let finding = finding.map(|message| Finding::new(NOT_FOUND, message, Vec::new()));
    out.findings.extend(finding.map(|finding| (package.purl.clone(), finding)));
    let gap = Gap::new(GapKind::NotFetched, format!("`{}` cannot be resolved: {why}", one.name));
    out.gaps.push((package.purl.clone(), gap));
    out.packages.push(package);
}

/// A requirement that nothing meets.
fn unmet(by: &str, name: &str, requirement: &str, why: &str, out: &mut Resolution) {
    let space = if requirement.is_empty() { "" } else { " " };
    let message = format!("`{name}`{space}{requirement} is asked for and not in the graph: {why}");
    out.gaps.push((by.to_owned(), Gap::new(GapKind::NotCovered, message)));
}
