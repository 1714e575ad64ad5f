//! The signature inside the BoM: JSON Signature Format 0.82, simple signature
//! (<https://cyberphone.github.io/doc/security/jsf.html>), over RFC 8785 canonical JSON.
//!
//! The signed bytes are the canonical form of the whole document with everything in `signature`
//! but `value`; so algorithm, key id and public key are signed too.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::json;
use super::keys::{PublicKey, Signer};

/// Why a document has no valid signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsfError {
    /// There is none.
    #[error("there is no signature")]
    Missing,
    /// Its form is wrong.
    #[error("{message}")]
    Form {
        /// JSON pointer of the place.
        pointer: &'static str,
        /// What is wrong.
        message: String,
    },
    /// It is not the signature of these bytes by that key.
    #[error(
        "the signature does not match: the file was changed after it was signed, or was signed by another key"
    )]
    Mismatch,
}

/// A signature with the key that it names. The key proves nothing until it is found trusted.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The public key inside the signature.
    pub key: PublicKey,
}

/// Signs `document` (an object) in place; an earlier `signature` is replaced.
pub fn sign(document: &mut Value, signer: &Signer) {
    let Value::Object(map) = document else { return };
    map.shift_remove("signature");
    let key = signer.public_key();
    map.insert(
        "signature".to_owned(),
        json!({
            "algorithm": key.algorithm().as_str(),
            "keyId": key.thumbprint(),
            "publicKey": key.jwk(),
        }),
    );
    let value = URL_SAFE_NO_PAD.encode(signer.sign_raw(&json::canonical(document)));
    document["signature"]["value"] = value.into();
}

/// Checks the signature of `document` with the key inside it.
///
/// # Errors
/// Where it is missing, malformed or wrong.
pub fn check(document: &Value) -> Result<Signed, JsfError> {
    let signature = document.get("signature").ok_or(JsfError::Missing)?;
    let form = |pointer, message: &str| JsfError::Form { pointer, message: message.to_owned() };
    let object = signature.as_object().ok_or_else(|| form("/signature", "`signature` is not an object"))?;
    if let Some(other) =
        object.keys().find(|key| !["algorithm", "keyId", "publicKey", "value"].contains(&key.as_str()))
    {
        // `excludes` and certificate paths would let unsigned text pass as signed.
        return Err(form("/signature", &format!("`{other}` is not supported in a signature")));
    }
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let key = object.get("publicKey").ok_or_else(|| form("/signature", "`publicKey` is missing"))?;
    let key = PublicKey::from_jwk(key).map_err(|e| form("/signature/publicKey", &e.to_string()))?;
    if text("algorithm") != Some(key.algorithm().as_str()) {
        return Err(form("/signature/algorithm", "the algorithm is not that of the public key"));
    }
    if object.contains_key("keyId") && text("keyId") != Some(key.thumbprint().as_str()) {
        return Err(form("/signature/keyId", "the key id is not the RFC 7638 thumbprint of the public key"));
    }
    let value = text("value").ok_or_else(|| form("/signature", "`value` is missing"))?;
    let value = URL_SAFE_NO_PAD
        .decode(value)
        .map_err(|_| form("/signature/value", "the value is not base64url without padding"))?;
    let mut unsigned = document.clone();
    if let Some(signature) = unsigned.get_mut("signature").and_then(Value::as_object_mut) {
        signature.shift_remove("value");
    }
    if key.verify_raw(&json::canonical(&unsigned), &value) {
        Ok(Signed { key })
    } else {
        Err(JsfError::Mismatch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::keys::Algorithm;

    #[test]
    fn a_signed_document_verifies_and_a_changed_one_does_not() {
        for algorithm in [Algorithm::Ed25519, Algorithm::Es256] {
            let signer = Signer::from_seed(algorithm, [7; 32]).unwrap();
            let mut document = json!({"a": [1, 2.5, "\u{1f600}"], "b": {"z": null, "y": true}});
            sign(&mut document, &signer);
            assert_eq!(check(&document).unwrap().key, *signer.public_key());
            let mut changed = document.clone();
            changed["a"][0] = 2.into();
            assert_eq!(check(&changed).unwrap_err(), JsfError::Mismatch);
            let mut changed = document.clone();
            changed["signature"]["excludes"] = json!(["a"]);
            assert!(matches!(check(&changed), Err(JsfError::Form { .. })));
            let mut changed = document.clone();
            changed.as_object_mut().unwrap().remove("signature");
            assert_eq!(check(&changed).unwrap_err(), JsfError::Missing);
        }
    }
}
