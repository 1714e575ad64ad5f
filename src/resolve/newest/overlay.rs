//! A package whose own requirements are known already, from an archive that lies here: what it
//! would bring in, from the registry.

use std::sync::Arc;

use super::{ListingError, Registry, Wanted, resolve_one};
use crate::model::{Ecosystem, Listing, Release, ReleaseFile};
use crate::resolve::Resolution;
use crate::resolve::pypi::name::normal;

/// What an archive says of itself.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Version, requirements, features.
    pub release: Release,
    /// The core metadata, of a distribution of PyPI.
    pub core: Option<String>,
}

/// The registry, in which the one package has one version.
struct Overlay<'r> {
    ecosystem: Ecosystem,
    name: String,
    listing: Arc<Listing>,
    core: Option<String>,
    inner: &'r dyn Registry,
}

impl Registry for Overlay<'_> {
    fn listing(&self, ecosystem: Ecosystem, name: &str) -> Result<Arc<Listing>, ListingError> {
        if ecosystem == self.ecosystem && name == self.name {
            return Ok(Arc::clone(&self.listing));
        }
        self.inner.listing(ecosystem, name)
    }

    fn core_metadata(&self, name: &str, file: &ReleaseFile) -> Result<String, ListingError> {
        match &self.core {
            Some(core) if self.ecosystem == Ecosystem::Pypi && name == self.name => Ok(core.clone()),
            _ => self.inner.core_metadata(name, file),
        }
    }
}

/// What a package brings in. `purl` is what it is called in the graph; it is not itself among the
/// packages of the answer.
pub fn resolve_known(
    (ecosystem, name, purl): (Ecosystem, &str, &str),
    known: Known,
    registry: &dyn Registry,
    as_of: i64,
) -> Resolution {
    let name = if ecosystem == Ecosystem::Pypi { normal(name) } else { name.to_owned() };
    let Known { mut release, core } = known;
    if ecosystem == Ecosystem::Pypi {
        // The archive is here, whatever machine it is for.
        let end = if release.files.is_empty() { "-py3-none-any.whl" } else { ".tar.gz" };
        let file = ReleaseFile { name: format!("{name}-{}{end}", release.version), ..ReleaseFile::default() };
        release.files = vec![file];
    }
    let requirement = Some(release.version.clone());
    let listing = Listing { name: name.clone(), releases: vec![release], ..Listing::default() };
    let overlay =
        Overlay { ecosystem, name: name.clone(), listing: Arc::new(listing), core, inner: registry };
    let wanted = Wanted { ecosystem, name, requirement };
    let Some((root, mut out)) = resolve_one(&wanted, &overlay, as_of) else { return Resolution::default() };
    out.packages.retain(|package| package.purl != root);
    let rename = |of: &mut String| {
        if *of == root {
            purl.clone_into(of);
        }
    };
    for edge in &mut out.dependencies {
        rename(&mut edge.from);
        rename(&mut edge.to);
    }
    out.gaps.iter_mut().for_each(|(of, _)| rename(of));
    out.findings.iter_mut().for_each(|(of, _)| rename(of));
    out
}
