//! Public keys of the kinds that Sigstore uses, and signatures of them.

use ring::signature::{self, UnparsedPublicKey};

use super::Problem;
use super::der::{self, Malformed, Reader};

/// 1.2.840.10045.2.1, a key on an elliptic curve.
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7.
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 1.3.132.0.34.
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
/// 1.3.101.112.
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    P256,
    P384,
    Ed25519,
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    kind: Kind,
    point: Vec<u8>,
    /// As `SubjectPublicKeyInfo`.
    spki: Vec<u8>,
}

impl Key {
    /// Reads a `SubjectPublicKeyInfo`.
    pub fn parse(spki: &[u8]) -> Result<Self, Problem> {
        let (name, curve, point) = parts(spki).map_err(|_| Problem::invalid("a public key is malformed"))?;
        let kind = match (name, curve) {
            (EC, Some(P256)) => Kind::P256,
            (EC, Some(P384)) => Kind::P384,
            (ED25519, None) => Kind::Ed25519,
            _ => return Err(Problem::unsupported("signed with a kind of key that is not known here")),
        };
        Ok(Self { kind, point: point.to_vec(), spki: spki.to_vec() })
    }

    /// Whether `signature` (DER for the curves of NIST) is by this key. The hash is the one that
    /// belongs to the curve.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &dyn signature::VerificationAlgorithm = match self.kind {
            Kind::P256 => &signature::ECDSA_P256_SHA256_ASN1,
            Kind::P384 => &signature::ECDSA_P384_SHA384_ASN1,
            Kind::Ed25519 => &signature::ED25519,
        };
        UnparsedPublicKey::new(algorithm, &self.point).verify(message, signature).is_ok()
    }

    /// As `SubjectPublicKeyInfo`.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }
}

/// Algorithm, curve and key.
type Parts<'a> = (&'a [u8], Option<&'a [u8]>, &'a [u8]);

fn parts(spki: &[u8]) -> Result<Parts<'_>, Malformed> {
    let mut info = Reader::new(der::only(spki, der::SEQUENCE)?);
    let mut algorithm = Reader::new(info.take(der::SEQUENCE)?.inner);
    let bits = info.take(der::BIT_STRING)?.inner;
    info.end()?;
    let name = algorithm.take(der::OID)?.inner;
    let curve = match algorithm.peek() {
        Some(der::OID) => Some(algorithm.take(der::OID)?.inner),
        _ => None,
    };
    algorithm.end()?;
    // The first byte says how many bits of the last are unused.
    let [0, point @ ..] = bits else { return Err(Malformed) };
    Ok((name, curve, point))
}
