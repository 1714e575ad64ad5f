//! Public keys as JWK.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Verifier as _;
use serde_json::{Value, json};

use super::{Algorithm, KeyError};
use crate::attest::json;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Inner {
    Ed25519(ed25519_dalek::VerifyingKey),
    Es256(p256::ecdsa::VerifyingKey),
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    inner: Inner,
    thumbprint: String,
}

impl PublicKey {
    pub(super) fn ed25519(key: ed25519_dalek::VerifyingKey) -> Self {
        Self::new(Inner::Ed25519(key))
    }

    pub(super) fn es256(key: p256::ecdsa::VerifyingKey) -> Self {
        Self::new(Inner::Es256(key))
    }

    fn new(inner: Inner) -> Self {
        let mut this = Self { inner, thumbprint: String::new() };
        // RFC 7638: SHA-256 over the required members alone, sorted, without white space.
        let required = json::canonical(&this.jwk());
        this.thumbprint = {
            use sha2::Digest as _;
            URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(&required))
        };
        this
    }

    /// Reads a JWK; members that a public key does not need (`kid`, `name`, `use`) are ignored.
    ///
    /// # Errors
    /// Where it is another kind of key, a private one, or not a point of the curve.
    pub fn from_jwk(jwk: &Value) -> Result<Self, KeyError> {
        let wrong = |what: &str| KeyError::NotPublic(what.to_owned());
        if jwk.get("d").is_some() {
            return Err(wrong("this JWK holds a private key (`d`); never put it where a public one belongs"));
        }
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let coordinate = |name: &str| -> Result<[u8; 32], KeyError> {
            text(name)
                .and_then(|text| URL_SAFE_NO_PAD.decode(text).ok())
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or_else(|| wrong(&format!("`{name}` is not 32 bytes in base64url")))
        };
        match (text("kty"), text("crv")) {
            (Some("OKP"), Some("Ed25519")) => {
                let key = ed25519_dalek::VerifyingKey::from_bytes(&coordinate("x")?)
                    .map_err(|_| wrong("`x` is not a point of Ed25519"))?;
                if key.is_weak() {
                    return Err(wrong("`x` is a point of small order: anything would verify"));
                }
                Ok(Self::ed25519(key))
            }
            (Some("EC"), Some("P-256")) => {
                let point = [&[4u8][..], &coordinate("x")?, &coordinate("y")?].concat();
                let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point)
                    .map_err(|_| wrong("`x`, `y` is not a point of P-256"))?;
                Ok(Self::es256(key))
            }
            (kty, crv) => Err(wrong(&format!(
                "expected `kty` OKP with `crv` Ed25519, or EC with P-256; found {} with {}",
                kty.unwrap_or("nothing"),
                crv.unwrap_or("nothing")
            ))),
        }
    }

    /// Reads a JWK from a file's bytes.
    ///
    /// # Errors
    /// As [`PublicKey::from_jwk`], and where it is not JSON.
    pub fn from_jwk_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let value = json::parse(bytes).map_err(|e| KeyError::NotPublic(format!("not a JWK: {e}")))?;
        Self::from_jwk(&value)
    }

    /// The algorithm that goes with the key.
    pub fn algorithm(&self) -> Algorithm {
        match &self.inner {
            Inner::Ed25519(_) => Algorithm::Ed25519,
            Inner::Es256(_) => Algorithm::Es256,
        }
    }

    /// The JWK with its required members alone.
    pub fn jwk(&self) -> Value {
        match &self.inner {
            Inner::Ed25519(key) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(key.as_bytes())})
            }
            Inner::Es256(key) => {
                let point = key.to_sec1_bytes();
                // Uncompressed: 4, then both coordinates.
                let part = |range| URL_SAFE_NO_PAD.encode(point.get(range).unwrap_or_default());
                json!({"kty": "EC", "crv": "P-256", "x": part(1..33), "y": part(33..65)})
            }
        }
    }

    /// The key id: RFC 7638 SHA-256 thumbprint, base64url.
    pub fn thumbprint(&self) -> &String {
        &self.thumbprint
    }

    /// Checks a signature in JWA's form (64 bytes for both algorithms).
    pub fn verify_raw(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.inner {
            Inner::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Inner::Es256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
        }
    }

    /// Checks a signature in DSSE's usual form: DER for ECDSA, raw for Ed25519.
    pub fn verify_der(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.inner {
            Inner::Ed25519(_) => self.verify_raw(message, signature),
            Inner::Es256(key) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037 appendix A.2 and A.3.
    #[test]
    fn thumbprint_of_rfc_8037() {
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "any",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let key = PublicKey::from_jwk(&jwk).unwrap();
        assert_eq!(key.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn wrong_keys_say_what_is_wrong() {
        let cases = [
            (json!({"kty": "RSA", "n": "x"}), "found RSA with nothing"),
            (json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}), "32 bytes"),
            (
                json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "d": "x"}),
                "private",
            ),
            (
                json!({"kty": "OKP", "crv": "Ed25519", "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}),
                "small order",
            ),
            (
                json!({"kty": "EC", "crv": "P-256", "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "y": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}),
                "not a point",
            ),
        ];
        for (jwk, says) in cases {
            let error = PublicKey::from_jwk(&jwk).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
