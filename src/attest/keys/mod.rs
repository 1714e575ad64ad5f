//! Keys: making, reading, showing and trusting them.
//!
//! Two algorithms: Ed25519 (RFC 8032) and ES256 (ECDSA on P-256 with SHA-256, RFC 7518). Private
//! keys are PKCS#8 PEM, public ones JWK (RFC 7517, RFC 8037); a key's id is its RFC 7638 SHA-256
//! thumbprint, so that it follows from the key alone.

mod public;
mod secret;
mod source;
mod trust;

pub use public::PublicKey;
pub use secret::{Pem, Signer};
pub use source::KeySource;
pub use trust::{TrustStore, Trusted};

use std::ffi::OsString;
use std::path::PathBuf;

/// A signature algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// Edwards curve 25519.
    Ed25519,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl Algorithm {
    /// The name in JSF.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::Es256 => "ES256",
        }
    }
}

/// What can be wrong with a key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file cannot be read.
    #[error("cannot read key `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A private key is not one. The text itself is never shown.
    #[error("not a private key: expected PKCS#8 PEM (`-----BEGIN PRIVATE KEY-----`) of Ed25519 or P-256")]
    NotPrivate,
    /// A public key is not one.
    #[error("not a public key: {0}")]
    NotPublic(String),
    /// A file of the trust store is not what it says.
    #[error("trust store `{path}`: {message}")]
    Store {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// Writing failed.
    #[error(transparent)]
    Write(#[from] super::atomic::WriteError),
    /// The system has no randomness.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
}

/// bomvet's folder for configuration: `$XDG_CONFIG_HOME/bomvet`, else `~/.config/bomvet`;
/// `None` where neither is known. A relative `XDG_CONFIG_HOME` is ignored, as its specification says.
pub fn config_dir(env: impl Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let xdg = env("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    Some(xdg.or_else(|| Some(home?.join(".config")))?.join("bomvet"))
}
