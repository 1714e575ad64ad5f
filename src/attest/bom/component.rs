//! One component from one node, in `cyclonedx-bom`'s model.

use std::str::FromStr as _;

use cyclonedx_bom::external_models::normalized_string::NormalizedString;
use cyclonedx_bom::external_models::spdx::{SpdxExpression, SpdxIdentifier};
use cyclonedx_bom::external_models::uri::Purl;
use cyclonedx_bom::models::code::{Patch, PatchClassification, Patches};
use cyclonedx_bom::models::component::{
    Classification, Component, ComponentEvidence, Components, Occurrence, Occurrences, Pedigree, Scope,
};
use cyclonedx_bom::models::hash::{Hash, HashAlgorithm, HashValue, Hashes};
use cyclonedx_bom::models::license::{License, LicenseChoice, Licenses};

use super::{as_properties, external, properties};
use crate::model::{Dependency, Digest, Ecosystem, HashAlgorithm as Algorithm, Node, Package, Reach};

/// The component of `node`; `edges` are those that start from it.
pub(super) fn component(node: &Node, edges: &[&Dependency]) -> Component {
    let package = &node.package;
    let (group, name) = match package.name.split_once('/') {
        Some((scope, name)) if scope.starts_with('@') => (Some(scope), name),
        _ => (None, package.name.as_str()),
    };
    let kind = match package.ecosystem {
        _ if package.first_party => Classification::Application,
        Ecosystem::Docker => Classification::Container,
        _ => Classification::Library,
    };
    let mut component = Component::new(kind, name, &package.version, Some(package.purl.clone()));
    component.group = group.map(NormalizedString::new);
    component.scope = Some(scope(node));
    component.hashes = some_hashes(hashes(node));
    let licence = node.analysis.as_ref().and_then(|analysis| analysis.licence.as_ref());
    component.licenses = licence.or(package.licence.as_ref()).map(|text| Licenses(vec![declared(text)]));
    // The crate normalises what it parses; a purl that it would change is added to the JSON as it is.
    component.purl = Purl::from_str(&package.purl).ok().filter(|purl| purl.as_ref() == package.purl);
    component.pedigree = package.patches.as_ref().map(|replaces| pedigree(package, replaces));
    component.modified = package.patches.is_some().then_some(true);
    component.external_references = external::references(package);
    component.evidence = Some(evidence(node));
    component.properties = Some(as_properties(properties::of_node(node, edges)));
    component
}

/// `required` at run time or while building (both shape what ships), `optional` where only some
/// platforms or features take it, `excluded` for what only development needs.
fn scope(node: &Node) -> Scope {
    match node.place.reach {
        Reach::Dev => Scope::Excluded,
        _ if node.package.optional => Scope::Optional,
        Reach::None if !node.package.first_party => Scope::Optional,
        Reach::None | Reach::Build | Reach::Normal => Scope::Required,
    }
}

/// The digests of the archive: the one of the lockfile that matched and SHA-256; without
/// contents those that the lockfile declares. One for each algorithm, strongest first.
pub(in crate::attest) fn hashes(node: &Node) -> Vec<(Algorithm, String)> {
    let mut list: Vec<(Algorithm, String)> = Vec::new();
    match &node.contents {
        Some(contents) => {
            if let Some(digest) = contents.verified_against.as_deref().and_then(parse_digest) {
                list.push(digest);
            }
            if let Some(hex) = &contents.archive_sha256 {
                list.push((Algorithm::Sha256, hex.to_ascii_lowercase()));
            }
        }
        None => list.extend(node.package.integrity.iter().map(|digest| (digest.algorithm, digest.hex()))),
    }
    list.sort_by(|a, b| b.cmp(a));
    list.dedup_by(|a, b| a.0 == b.0);
    list
}

/// Reads `sha512:<hex>`, as [`Digest`] shows itself.
pub(in crate::attest) fn parse_digest(text: &str) -> Option<(Algorithm, String)> {
    let (name, hex) = text.split_once(':')?;
    let algorithm = [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512]
        .into_iter()
        .find(|algorithm| algorithm.as_str() == name)?;
    Some((algorithm, Digest::from_hex(algorithm, hex)?.hex()))
}

fn some_hashes(list: Vec<(Algorithm, String)>) -> Option<Hashes> {
    let hash = |(algorithm, hex): (Algorithm, String)| {
        let alg = match algorithm {
            Algorithm::Sha1 => HashAlgorithm::SHA1,
            Algorithm::Sha256 => HashAlgorithm::SHA_256,
            Algorithm::Sha384 => HashAlgorithm::SHA_384,
            Algorithm::Sha512 => HashAlgorithm::SHA_512,
        };
        Hash { alg, content: HashValue(hex) }
    };
    (!list.is_empty()).then(|| Hashes(list.into_iter().map(hash).collect()))
}

/// What the manifest declares: an SPDX id, an expression (Cargo's old `MIT/Apache-2.0` too), or,
/// where it is neither, a name.
fn declared(text: &str) -> LicenseChoice {
    if SpdxIdentifier::try_from(text.to_owned()).is_ok() {
        return LicenseChoice::License(License::license_id(text));
    }
    match SpdxExpression::try_from(text.to_owned()).or_else(|_| SpdxExpression::parse_lax(text.to_owned())) {
        Ok(expression) => LicenseChoice::Expression(expression),
        Err(_) => LicenseChoice::License(License::named_license(text)),
    }
}

fn pedigree(package: &Package, replaces: &str) -> Pedigree {
    let ancestor = Component::new(Classification::Library, &package.name, &package.version, None);
    Pedigree {
        ancestors: Some(Components(vec![ancestor])),
        descendants: None,
        variants: None,
        commits: None,
        patches: Some(Patches(vec![Patch {
            patch_type: PatchClassification::Unofficial,
            diff: None,
            resolves: None,
        }])),
        notes: Some(format!("replaces {replaces}")),
    }
}

/// Where it is pinned, and the licences whose text is in it.
fn evidence(node: &Node) -> ComponentEvidence {
    let texts = node.analysis.iter().flat_map(|analysis| &analysis.licence_texts);
    let texts: Vec<_> = texts
        .map(|id| {
            LicenseChoice::License(match SpdxIdentifier::try_from(id.clone()) {
                Ok(_) => License::license_id(id),
                Err(_) => License::named_license(id),
            })
        })
        .collect();
    ComponentEvidence {
        licenses: (!texts.is_empty()).then_some(Licenses(texts)),
        copyright: None,
        occurrences: Some(Occurrences(vec![Occurrence::new(&node.package.declared.file)])),
        callstack: None,
        identity: None,
    }
}
