//! Sigstore: whether a statement about an archive was signed by whom it says, offline.
//!
//! In: the attestations that a registry hands out, as text, and a [`TrustRoot`] that is built into
//! the program. Out: the [`Statement`] and who signed it, or a [`Problem`]. *Verified* means all of:
//!
//! 1. the envelope (DSSE) is signed by the key of its certificate, or by one of npm's keys;
//! 2. that certificate leads to Fulcio's root, and was valid when the log took the entry in;
//! 3. it holds a timestamp of a certificate transparency log (SCT), signed over this certificate;
//! 4. Rekor signed the entry and its time, and proves that it is in its tree: an inclusion proof
//!    up to a checkpoint that Rekor signed (bundles of version 0.1 may lack the proof);
//! 5. the entry is about this envelope: the same payload, signature and certificate.
//!
//! Whether the statement is about the archive at hand, and the signer is the one that somebody
//! expects, is for the caller to compare. Nothing here opens a socket, and the answer depends on
//! the bytes alone, not on the clock.
//!
//! Not read: entries of Rekor v2 with their separate timestamps, and signatures over a bare digest
//! (`messageSignature`). They are [`Problem::Unsupported`], never verified.
//!
//! Formats: <https://github.com/sigstore/protobuf-specs> (bundles, trust root), PEP 740 (PyPI),
//! <https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md> (what certificates say),
//! RFC 6962 (SCT, tree), <https://github.com/C2SP/C2SP/blob/main/tlog-checkpoint.md> (checkpoint).

mod bundle;
mod certificate;
mod chain;
mod der;
pub mod limits;
mod log;
mod sct;
mod signature;
mod statement;
#[cfg(test)]
mod tests;
mod trust;

pub use bundle::{Bundle, Labelled, Published, Publisher, npm, pypi};
pub use certificate::Identity;
pub use statement::{Statement, Subject};
pub use trust::{Dated, TrustRoot};

/// Why an attestation is not verified.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It is malformed, or a signature, proof or time does not hold.
    #[error("{0}")]
    Invalid(String),
    /// It is of a kind, or of a log or key, that this program does not know: nothing is shown
    /// either way.
    #[error("{0}")]
    Unsupported(String),
}

impl Problem {
    fn invalid(why: impl Into<String>) -> Self {
        Self::Invalid(why.into())
    }

    fn unsupported(why: impl Into<String>) -> Self {
        Self::Unsupported(why.into())
    }
}

/// Who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signer {
    /// Whoever the certificate names.
    Identity(Box<Identity>),
    /// A registry's own key, by its id (`SHA256:…`).
    Key(String),
}

/// An attestation that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What is stated.
    pub statement: Statement,
    /// By whom.
    pub signer: Signer,
    /// When the log took it in, seconds since the epoch.
    pub logged: i64,
    /// Its number in the log.
    pub index: u64,
}

/// Verifies everything but what the caller expects.
///
/// # Errors
/// The first thing that does not hold.
pub fn verify(bundle: &Bundle, root: &TrustRoot) -> Result<Verified, Problem> {
    // The time first: keys and certificates are judged as of it.
    let body = log::verify(&bundle.entry, bundle.proof_required, root)?;
    let at = bundle.entry.integrated;
    let (key, signer) = match &bundle.signer {
        bundle::Material::Certificate(der) => {
            let certificate = certificate::Certificate::parse(der)?;
            let authority = chain::verify(&certificate, at, root)?;
            sct::verify(&certificate, authority, root)?;
            (certificate.key()?, Signer::Identity(Box::new(certificate.identity()?)))
        }
        bundle::Material::Key(hint) => (root.npm_key(hint, at)?.clone(), Signer::Key(hint.clone())),
    };
    let message = pae(PAYLOAD_TYPE, &bundle.payload);
    if !key.verifies(&message, &bundle.signature) {
        return Err(Problem::invalid("the envelope's signature is not by the key that it names"));
    }
    body.is_about(bundle, &key)?;
    let statement = Statement::parse(&bundle.payload)?;
    Ok(Verified { statement, signer, logged: at, index: bundle.entry.index })
}

/// The payload type of in-toto statements.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The pre-authentication encoding of DSSE: `DSSEv1 SP LEN(type) SP type SP LEN(body) SP body`,
/// lengths in decimal bytes (<https://github.com/secure-systems-lab/dsse>).
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    out.extend_from_slice(payload);
    out
}
