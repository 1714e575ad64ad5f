//! Packages that no lockfile pins, resolved as their package manager would do it at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::{Options, Scope};
use crate::model::{DependencyKind, Ecosystem, Gap, GapKind, Package, Source};
use crate::resolve::Resolution;
use crate::resolve::newest::{self, Known, Registry, Wanted};

/// Packages named by an agent's texts and configurations that are looked up; the rest stay as they
/// are, with the gap that says that nothing pins them.
const MAX_NAMED: usize = 500;

/// What is wanted, with all that it brings in.
pub fn wanted(wanted: &[Wanted], registry: &dyn Registry, as_of: i64, scope: Scope) -> Resolution {
    let mut out = Resolution::default();
    for one in wanted {
        let Some((root, mut found)) = newest::resolve_one(one, registry, as_of) else { continue };
        if scope == Scope::Alone {
            found.packages.retain(|package| package.purl == root);
            found.dependencies.clear();
            found.gaps.retain(|(purl, gap)| *purl == root && gap.kind != GapKind::NotCovered);
            found.findings.retain(|(purl, _)| *purl == root);
        }
        out.merge(found);
    }
    out.normalise();
    out
}

/// Gives the packages that agents' texts name a digest and their dependencies, and a version to
/// those that are named without one.
pub fn named(resolution: &mut Resolution, registry: &dyn Registry, as_of: i64) {
    let invoked: BTreeSet<&str> = resolution
        .dependencies
        .iter()
        .filter(|edge| edge.kind == DependencyKind::Invokes)
        .map(|edge| edge.to.as_str())
        .collect();
    let requirements: BTreeMap<&str, &str> =
        resolution.dependencies.iter().map(|edge| (edge.to.as_str(), edge.requirement.as_str())).collect();
    let open = |package: &&Package| {
        matches!(package.ecosystem, Ecosystem::Npm | Ecosystem::Cargo | Ecosystem::Pypi)
            && matches!(package.source, Source::Registry { registry: None, url: None })
            && package.integrity.is_empty()
            && package.artifacts.is_empty()
            && invoked.contains(&*package.purl)
    };
    let list: Vec<(String, Wanted)> = resolution
        .packages
        .iter()
        .filter(open)
        .take(MAX_NAMED)
        .map(|package| {
            let requirement = match package.version.as_str() {
                "" => requirements.get(&*package.purl).copied().unwrap_or_default(),
                version => version,
            };
            let requirement = Some(requirement.to_owned()).filter(|text| !text.is_empty());
            let wanted = Wanted { ecosystem: package.ecosystem, name: package.name.clone(), requirement };
            (package.purl.clone(), wanted)
        })
        .collect();
    for (purl, one) in list {
        let Some((root, mut found)) = newest::resolve_one(&one, registry, as_of) else { continue };
        // Where nothing was found, what stood there says why well enough; a name that does not
        // exist is worth its finding.
        let known = found.packages.iter().any(|package| {
            package.purl == root && !(package.integrity.is_empty() && package.artifacts.is_empty())
        });
        if !known {
            let findings = found.findings.into_iter().filter(|(of, _)| *of == root);
            resolution.findings.extend(findings.map(|(_, finding)| (purl.clone(), finding)));
            continue;
        }
        let declared = resolution.packages.iter().find(|p| p.purl == purl).map(|p| p.declared.clone());
        if let (Some(declared), Some(package)) =
            (declared, found.packages.iter_mut().find(|p| p.purl == root))
        {
            package.declared = declared;
        }
        resolution.packages.retain(|package| package.purl != purl);
        resolution.gaps.retain(|(of, gap)| *of != purl || gap.kind != GapKind::NotResolved);
        for edge in resolution.dependencies.iter_mut().filter(|edge| edge.to == purl) {
            edge.to.clone_from(&root);
        }
        resolution.merge(found);
    }
    resolution.normalise();
}

/// What the one given package brings in, by its own manifest.
pub fn brought(resolution: &mut Resolution, asks: &Known, registry: &dyn Registry, options: &Options) {
    let [package] = resolution.packages.as_slice() else { return };
    let (purl, label) = (package.purl.clone(), package.label());
    let of = (package.ecosystem, package.name.as_str(), purl.as_str());
    let mut found = newest::resolve_known(of, asks.clone(), registry, options.as_of);
    // Offline one gap says it for all that the store does not know.
    let open = found.gaps.iter().filter(|(of, _)| *of == purl).count();
    if options.acquire.offline && open > 0 {
        found.gaps.retain(|(of, _)| *of != purl);
        let message = format!(
            "what {label} would bring in is not resolved: `--offline`, and the store does not know all of it; run without it, or give `--no-deps` to judge {label} alone"
        );
        found.gaps.push((purl, Gap::new(GapKind::NotCovered, message)));
    }
    resolution.merge(found);
    resolution.normalise();
}

/// Packages of which resolving said that there is nothing to fetch.
pub fn absent(packages: &[Package], gaps: &[(String, Gap)]) -> BTreeSet<String> {
    let not_there: BTreeSet<&str> = gaps
        .iter()
        .filter(|(_, gap)| gap.kind == GapKind::NotFetched)
        .map(|(purl, _)| purl.as_str())
        .collect();
    packages
        .iter()
        .filter(|package| {
            matches!(package.ecosystem, Ecosystem::Npm | Ecosystem::Cargo | Ecosystem::Pypi)
                && matches!(package.source, Source::Registry { registry: None, url: None })
                && !package.is_pinned()
                && package.artifacts.is_empty()
                && not_there.contains(&*package.purl)
        })
        .map(|package| package.purl.clone())
        .collect()
}
