//! Publishes the audit as a signed CycloneDX BoM and as in-toto attestations, and verifies them.
//!
//! In: a finished [`Audit`] and, unless it is to stay unsigned, a key. Out: the bytes of
//! `bom.cdx.json` (CycloneDX 1.6 or 1.5, signed inside with JSF) and of `attestations.jsonl` (one
//! DSSE envelope a line: an in-toto statement for each package with contents, and one for the
//! BoM). [`verify`] takes both apart again and believes nothing that a trusted key did not sign;
//! [`read`] gives back the packages with findings and verdicts.

pub mod atomic;
pub mod bom;
pub mod dsse;
pub mod jsf;
pub mod json;
pub mod keys;
pub mod read;
pub mod statement;
pub mod verify;

use serde_json::Value;

pub use atomic::{write_all_atomic, write_atomic};
pub use keys::{PublicKey, Signer};

use crate::model::Audit;

/// A version of CycloneDX.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SpecVersion {
    /// 1.5: without `declarations`.
    V1_5,
    /// 1.6.
    #[default]
    V1_6,
}

impl SpecVersion {
    /// The version named `1.5` or `1.6`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "1.5" => Some(Self::V1_5),
            "1.6" => Some(Self::V1_6),
            _ => None,
        }
    }
}

/// How to publish.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// CycloneDX's version.
    pub spec: SpecVersion,
}

/// The two files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// `bom.cdx.json`.
    pub bom: Vec<u8>,
    /// `attestations.jsonl`.
    pub attestations: Vec<u8>,
}

/// Makes both files. Without a signer they are marked: the BoM has the property
/// `bomvet:unsigned`, the envelopes have no signature.
pub fn publish(audit: &Audit, signer: Option<&Signer>, options: &Options) -> Published {
    let mut document = bom::build(audit, options.spec, signer.is_none());
    if let Some(signer) = signer {
        jsf::sign(&mut document, signer);
    }
    let bytes = json::pretty(&document);
    let attestations = statement::attestations(audit, &document, &bytes, signer);
    Published { bom: bytes, attestations }
}

/// The BoM as a JSON value, unsigned, in the order of the specification.
pub fn bom(audit: &Audit) -> Value {
    bom::build(audit, SpecVersion::default(), true)
}
