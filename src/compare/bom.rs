//! An earlier BoM as the base.

use super::BasePackage;
use crate::attest::read::Recovered;

/// The packages of a BoM that bomvet wrote, as `attest` read them. The caller has verified the BoM.
///
/// The source is left out: a BoM has addresses without their credentials, so that the same source
/// would seem to be another one. The digests tell other contents.
pub fn packages(bom: &Recovered) -> Vec<BasePackage> {
    let mut out: Vec<_> = bom
        .nodes
        .iter()
        .map(|node| BasePackage {
            source: None,
            capabilities: node.analysis.as_ref().map(|analysis| analysis.capability_set()),
            install_scripts: node.analysis.as_ref().map(|analysis| analysis.install_scripts.clone()),
            ..BasePackage::of(&node.package)
        })
        .collect();
    out.sort();
    out
}
