//! Digests with their algorithm, in the three notations lockfiles use.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// A hash algorithm that a lockfile or a BoM can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HashAlgorithm {
    /// Too weak to be evidence alone; old npm lockfiles have nothing else.
    Sha1,
    /// Cargo's registry checksums.
    Sha256,
    /// Allowed by Subresource Integrity.
    Sha384,
    /// npm's usual integrity.
    Sha512,
}

impl HashAlgorithm {
    /// The name as Subresource Integrity writes it (`sha512`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// The name as CycloneDX writes it (`SHA-512`).
    pub fn cyclonedx(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// Digest length in bytes.
    pub fn size(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// A digest: algorithm and raw bytes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Digest {
    /// The algorithm that made it.
    pub algorithm: HashAlgorithm,
    bytes: Vec<u8>,
}

impl Digest {
    /// Hashes `data`.
    pub fn of(algorithm: HashAlgorithm, data: &[u8]) -> Self {
        let bytes = match algorithm {
            HashAlgorithm::Sha1 => {
                use sha1::Digest as _;
                sha1::Sha1::digest(data).to_vec()
            }
            HashAlgorithm::Sha256 => sha2::Sha256::digest(data).to_vec(),
            HashAlgorithm::Sha384 => sha2::Sha384::digest(data).to_vec(),
            HashAlgorithm::Sha512 => sha2::Sha512::digest(data).to_vec(),
        };
        Self { algorithm, bytes }
    }

    /// SHA-256 of `data`, the digest that bomvet itself keys everything by.
    pub fn sha256(data: &[u8]) -> Self {
        Self::of(HashAlgorithm::Sha256, data)
    }

    /// From hexadecimal; `None` where the length or a digit is wrong.
    pub fn from_hex(algorithm: HashAlgorithm, text: &str) -> Option<Self> {
        let bytes = hex::decode(text).ok()?;
        (bytes.len() == algorithm.size()).then_some(Self { algorithm, bytes })
    }

    /// Every digest of a Subresource Integrity string
    /// (`sha512-… sha1-…`, <https://www.w3.org/TR/SRI/>), strongest first.
    /// Entries that are malformed or of an unknown algorithm are left out, so
    /// an empty list means that there is nothing to check against.
    pub fn parse_sri(text: &str) -> Vec<Self> {
        let mut digests: Vec<Self> = text
            .split_ascii_whitespace()
            .filter_map(|entry| {
                let (name, value) = entry.split_once('-')?;
                let algorithm = match name {
                    "sha1" => HashAlgorithm::Sha1,
                    "sha256" => HashAlgorithm::Sha256,
                    "sha384" => HashAlgorithm::Sha384,
                    "sha512" => HashAlgorithm::Sha512,
                    _ => return None,
                };
                let value = value.split('?').next()?;
                let bytes = STANDARD.decode(value).ok()?;
                (bytes.len() == algorithm.size()).then_some(Self { algorithm, bytes })
            })
            .collect();
        digests.sort_by(|a, b| b.cmp(a));
        digests
    }

    /// Lower-case hexadecimal.
    pub fn hex(&self) -> String {
        hex::encode(&self.bytes)
    }

    /// As a Subresource Integrity entry, `sha512-<base64>`.
    pub fn sri(&self) -> String {
        format!("{}-{}", self.algorithm.as_str(), STANDARD.encode(&self.bytes))
    }

    /// Whether `data` has this digest.
    pub fn matches(&self, data: &[u8]) -> bool {
        Self::of(self.algorithm, data).bytes == self.bytes
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.as_str(), self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sri_takes_the_strongest_first_and_drops_what_it_cannot_read() {
        let strong = Digest::of(HashAlgorithm::Sha512, b"x").sri();
        let weak = Digest::of(HashAlgorithm::Sha1, b"x").sri();
        let got = Digest::parse_sri(&format!("{weak} md5-AAAA sha256-!! {strong}?opt"));
        let names: Vec<_> = got.iter().map(|d| d.algorithm).collect();
        assert_eq!(names, [HashAlgorithm::Sha512, HashAlgorithm::Sha1]);
        assert!(got.iter().all(|d| d.matches(b"x") && !d.matches(b"y")));
    }

    #[test]
    fn hex_of_the_wrong_length_is_refused() {
        assert!(Digest::from_hex(HashAlgorithm::Sha256, "abcd").is_none());
    }
}
