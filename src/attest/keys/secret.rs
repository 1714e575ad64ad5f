//! Private keys. Their text and bytes are wiped when dropped and never shown.

use std::fmt;

use ed25519_dalek::Signer as _;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, KeypairBytes};
use p256::pkcs8::LineEnding;
use zeroize::{Zeroize as _, Zeroizing};

use super::{Algorithm, KeyError, PublicKey};

/// The text of a private key; `Debug` shows stars.
pub struct Pem(Zeroizing<String>);

impl Pem {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, to be written to a key file and nowhere else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pem(****)")
    }
}

enum Inner {
    Ed25519(ed25519_dalek::SigningKey),
    Es256(p256::ecdsa::SigningKey),
}

/// A private key that signs. Both algorithms are deterministic here (RFC 8032, RFC 6979), so the
/// same document gives the same signature.
pub struct Signer {
    inner: Inner,
    public: PublicKey,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("algorithm", &self.public.algorithm())
            .field("id", self.public.thumbprint())
            .field("secret", &"****")
            .finish()
    }
}

impl Signer {
    /// A new key from the system's randomness.
    ///
    /// # Errors
    /// Where the system has none.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        loop {
            let mut seed = [0; 32];
            getrandom::fill(&mut seed).map_err(|e| KeyError::Random(e.to_string()))?;
            let signer = Self::from_seed(algorithm, seed);
            seed.zeroize();
            // One in 2^32 values is no P-256 scalar: draw again.
            if let Some(signer) = signer {
                return Ok(signer);
            }
        }
    }

    /// The key that 32 bytes give; `None` for the few that are no P-256 scalar. For tests and
    /// [`Signer::generate`]; a key is as good as the randomness of its bytes.
    pub fn from_seed(algorithm: Algorithm, mut seed: [u8; 32]) -> Option<Self> {
        let inner = match algorithm {
            Algorithm::Ed25519 => Some(Inner::Ed25519(ed25519_dalek::SigningKey::from_bytes(&seed))),
            Algorithm::Es256 => p256::ecdsa::SigningKey::from_slice(&seed).ok().map(Inner::Es256),
        };
        seed.zeroize();
        inner.map(Self::new)
    }

    fn new(inner: Inner) -> Self {
        let public = match &inner {
            Inner::Ed25519(key) => PublicKey::ed25519(key.verifying_key()),
            Inner::Es256(key) => PublicKey::es256(*key.verifying_key()),
        };
        Self { inner, public }
    }

    /// Reads PKCS#8 PEM of either algorithm. Text before and after the PEM block is not allowed.
    ///
    /// # Errors
    /// Where it is neither; the error never shows the text.
    pub fn from_pem(pem: &Pem) -> Result<Self, KeyError> {
        let text = pem.expose().trim();
        if let Ok(key) = ed25519_dalek::SigningKey::from_pkcs8_pem(text) {
            return Ok(Self::new(Inner::Ed25519(key)));
        }
        match p256::ecdsa::SigningKey::from_pkcs8_pem(text) {
            Ok(key) => Ok(Self::new(Inner::Es256(key))),
            Err(_) => Err(KeyError::NotPrivate),
        }
    }

    /// The key as PKCS#8 PEM. Ed25519 keys are written as version 1, without the public key,
    /// since not every reader knows RFC 5958.
    ///
    /// # Errors
    /// Where the encoder refuses, which no valid key makes it do.
    pub fn to_pem(&self) -> Result<Pem, KeyError> {
        let text = match &self.inner {
            Inner::Ed25519(key) => {
                let mut bytes = KeypairBytes { secret_key: key.to_bytes(), public_key: None };
                let text = bytes.to_pkcs8_pem(LineEnding::LF);
                bytes.secret_key.zeroize();
                text
            }
            Inner::Es256(key) => key.to_pkcs8_pem(LineEnding::LF),
        };
        text.map(Pem).map_err(|_| KeyError::NotPrivate)
    }

    /// The public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// A signature in JWA's form: 64 bytes.
    pub fn sign_raw(&self, message: &[u8]) -> Vec<u8> {
        match &self.inner {
            Inner::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            Inner::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
        }
    }

    /// A signature in DSSE's usual form: DER for ECDSA, raw for Ed25519.
    pub fn sign_der(&self, message: &[u8]) -> Vec<u8> {
        match &self.inner {
            Inner::Ed25519(_) => self.sign_raw(message),
            Inner::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_file_and_shows_nothing() {
        for algorithm in [Algorithm::Ed25519, Algorithm::Es256] {
            let signer = Signer::generate(algorithm).unwrap();
            let pem = signer.to_pem().unwrap();
            assert!(pem.expose().starts_with("-----BEGIN PRIVATE KEY-----\n"));
            let again = Signer::from_pem(&pem).unwrap();
            assert_eq!(again.public_key(), signer.public_key());
            assert_eq!(again.sign_raw(b"x"), signer.sign_raw(b"x"));
            assert_eq!(format!("{pem:?}"), "Pem(****)");
            let secret = pem.expose().lines().nth(1).unwrap();
            assert!(!format!("{signer:?}").contains(secret));
            assert!(format!("{signer:?}").contains("****"));
        }
    }

    #[test]
    fn what_is_no_key_is_refused_without_showing_it() {
        for text in ["", "hunter2", "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----"] {
            let error = Signer::from_pem(&Pem::new(text.to_owned())).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    }
}
