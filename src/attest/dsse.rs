//! DSSE envelopes (<https://github.com/secure-systems-lab/dsse>, protocol v1), one a line.
//!
//! The payload is signed through the pre-authentication encoding, so neither type nor length can
//! be changed. The key id is the RFC 7638 thumbprint; it is a hint that DSSE does not sign, so
//! bomvet compares it with the key that verified. ECDSA signatures are DER encoded, as
//! securesystemslib and cosign write them; Ed25519 ones are the raw 64 bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::json;
use super::keys::{PublicKey, Signer};

pub use crate::sigstore::{PAYLOAD_TYPE, pae};

/// One line (without its line feed): the statement in canonical JSON, signed, or with an empty
/// list of signatures where there is no signer.
pub fn envelope(statement: &Value, signer: Option<&Signer>) -> Vec<u8> {
    let payload = json::canonical(statement);
    let signatures: Vec<_> = signer
        .into_iter()
        .map(|signer| {
            let signature = signer.sign_der(&pae(PAYLOAD_TYPE, &payload));
            json!({"keyid": signer.public_key().thumbprint(), "sig": STANDARD.encode(signature)})
        })
        .collect();
    let envelope =
        json!({"payloadType": PAYLOAD_TYPE, "payload": STANDARD.encode(&payload), "signatures": signatures});
    json::canonical(&envelope)
}

/// An envelope that was read, its signature not yet checked.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The statement.
    pub statement: Value,
    payload: Vec<u8>,
    /// Key id and signature.
    signatures: Vec<(String, Vec<u8>)>,
}

impl Envelope {
    /// Reads one line. Its form must be the one that [`envelope`] writes, so that no byte of the
    /// file is outside of what is checked.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &[u8]) -> Result<Self, String> {
        let value = json::parse(line).map_err(|e| e.to_string())?;
        if json::canonical(&value) != line {
            return Err("the envelope is not in canonical form (RFC 8785)".to_owned());
        }
        let object = value.as_object().ok_or("the envelope is not an object")?;
        if object.len() != 3 || object.get("payloadType").and_then(Value::as_str) != Some(PAYLOAD_TYPE) {
            return Err(format!(
                "the envelope is not `payload`, `payloadType` = `{PAYLOAD_TYPE}` and `signatures`"
            ));
        }
        let base64 = |value: Option<&Value>, what: &str| {
            value
                .and_then(Value::as_str)
                .and_then(|text| STANDARD.decode(text).ok())
                .ok_or_else(|| format!("`{what}` is not base64"))
        };
        let payload = base64(object.get("payload"), "payload")?;
        let statement = json::parse(&payload).map_err(|e| format!("payload: {e}"))?;
        if json::canonical(&statement) != payload {
            return Err("the payload is not in canonical form (RFC 8785)".to_owned());
        }
        let mut signatures = Vec::new();
        for entry in
            object.get("signatures").and_then(Value::as_array).ok_or("`signatures` is not a list")?.iter()
        {
            let keyid = entry.get("keyid").and_then(Value::as_str).ok_or("a signature has no `keyid`")?;
            if entry.as_object().is_some_and(|entry| entry.len() != 2) {
                return Err("a signature has more than `keyid` and `sig`".to_owned());
            }
            signatures.push((keyid.to_owned(), base64(entry.get("sig"), "sig")?));
        }
        if signatures.len() > 1 {
            return Err("more than one signature; bomvet writes one".to_owned());
        }
        Ok(Self { statement, payload, signatures })
    }

    /// Whether there is no signature at all.
    pub fn is_unsigned(&self) -> bool {
        self.signatures.is_empty()
    }

    /// The key that the envelope says signed it; believed only once [`Envelope::is_signed_by`] agrees.
    pub fn key_id(&self) -> Option<&str> {
        self.signatures.first().map(|(keyid, _)| keyid.as_str())
    }

    /// Whether `key` signed it and the envelope names that key.
    pub fn is_signed_by(&self, key: &PublicKey) -> bool {
        let message = pae(PAYLOAD_TYPE, &self.payload);
        self.signatures.iter().any(|(keyid, sig)| keyid == key.thumbprint() && key.verify_der(&message, sig))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::keys::Algorithm;
    use proptest::prelude::*;

    /// The example of the DSSE specification, protocol.md.
    #[test]
    fn pae_of_the_specification() {
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    proptest! {
        /// Two different inputs never give the same bytes: the lengths say where each part ends.
        #[test]
        fn pae_can_be_taken_apart(kind in "\\PC{0,20}", body in proptest::collection::vec(any::<u8>(), 0..60)) {
            let bytes = pae(&kind, &body);
            let rest = bytes.strip_prefix(b"DSSEv1 ").unwrap();
            let take = |rest: &[u8]| -> (usize, Vec<u8>) {
                let at = rest.iter().position(|b| *b == b' ').unwrap();
                (std::str::from_utf8(&rest[..at]).unwrap().parse().unwrap(), rest[at + 1..].to_vec())
            };
            let (length, rest) = take(rest);
            prop_assert_eq!(&rest[..length], kind.as_bytes());
            let (length, rest) = take(&rest[length + 1..]);
            prop_assert_eq!(length, rest.len());
            prop_assert_eq!(rest, body);
        }

        #[test]
        fn no_line_panics(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Envelope::parse(&line);
        }
    }

    #[test]
    fn every_flipped_byte_of_a_line_is_noticed() {
        for algorithm in [Algorithm::Ed25519, Algorithm::Es256] {
            let signer = Signer::from_seed(algorithm, [9; 32]).unwrap();
            let line = envelope(&json!({"_type": "x", "n": [1, 2, 3]}), Some(&signer));
            assert!(Envelope::parse(&line).unwrap().is_signed_by(signer.public_key()));
            for at in 0..line.len() {
                let mut line = line.clone();
                line[at] ^= 1;
                let ok = Envelope::parse(&line).is_ok_and(|e| e.is_signed_by(signer.public_key()));
                assert!(!ok, "{algorithm:?}: byte {at}");
            }
        }
    }
}
