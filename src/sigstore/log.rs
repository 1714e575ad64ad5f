//! Entries of Rekor v1, the log of signatures
//! (<https://github.com/sigstore/rekor/blob/main/openapi.yaml>): when it took one in, that it is in
//! its tree, and what it is about.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::bundle::{Bundle, Entry, Material, Proof};
use super::signature::Key;
use super::trust::{Log, TrustRoot};
use super::{PAYLOAD_TYPE, Problem};
use crate::json::{self, Node};
use crate::merkle;

/// What an entry is about.
#[derive(Debug, PartialEq, Eq)]
pub struct Body {
    /// SHA-256 of the payload, hexadecimal.
    payload: String,
    /// The signature.
    signature: Vec<u8>,
    /// Certificate or key, PEM.
    verifier: String,
}

/// Checks the log's signature on the entry and its time, and its place in the tree.
pub fn verify(entry: &Entry, proof_required: bool, root: &TrustRoot) -> Result<Body, Problem> {
    let Some(log) = root.logs.iter().find(|log| log.id == entry.log) else {
        let (id, of) = (hex::encode(&entry.log[..entry.log.len().min(8)]), root.dated.of);
        return Err(Problem::unsupported(format!(
            "it is in the log {id}…, which the trust root of {of} does not know"
        )));
    };
    // Before the form of the entry: it says more of one that is forged.
    let promise = entry.promise.as_deref().ok_or_else(|| {
        Problem::unsupported("the log did not sign its time (Rekor v2, or a timestamp authority's)")
    })?;
    if !log.window.holds(entry.integrated) {
        return Err(Problem::invalid("the log's key was not valid at the time of the entry"));
    }
    // Canonical JSON (RFC 8785): four members of plain ASCII in order of their names.
    let signed = format!(
        r#"{{"body":"{}","integratedTime":{},"logID":"{}","logIndex":{}}}"#,
        STANDARD.encode(&entry.body),
        entry.integrated,
        hex::encode(&entry.log),
        entry.index
    );
    if !log.key.verifies(signed.as_bytes(), promise) {
        return Err(Problem::invalid("the log's signature on the entry and its time does not hold"));
    }
    match &entry.proof {
        Some(proof) => included(entry, proof, log)?,
        None if proof_required => {
            return Err(Problem::invalid("there is no proof that the entry is in the log"));
        }
        None => {}
    }
    Body::parse(entry)
}

/// The proof leads from the entry to a root that the log signed.
fn included(entry: &Entry, proof: &Proof, log: &Log) -> Result<(), Problem> {
    let leaf = merkle::leaf_hash(&entry.body);
    if !merkle::verify_inclusion(&leaf, proof.index, proof.size, &proof.hashes, &proof.root) {
        return Err(Problem::invalid("the proof that the entry is in the log does not hold"));
    }
    let (size, root) = checkpoint(&proof.checkpoint, log)?;
    if size != proof.size || root != proof.root {
        return Err(Problem::invalid("the log's checkpoint is of another tree than the proof"));
    }
    Ok(())
}

/// Size and root of a checkpoint that the log signed: a note of lines (origin, size, root, …), an
/// empty line, and signatures (`— name base64`) with the first four bytes of the key's id.
fn checkpoint(note: &str, log: &Log) -> Result<(u64, merkle::Hash), Problem> {
    let malformed = || Problem::invalid("the log's checkpoint is malformed");
    let at = note.rfind("\n\n").ok_or_else(malformed)?;
    let (text, signatures) = (&note[..=at], &note[at + 2..]);
    let by_log = signatures.lines().any(|line| {
        let Some((name, signature)) = line.strip_prefix("\u{2014} ").and_then(|line| line.split_once(' '))
        else {
            return false;
        };
        let signature = STANDARD.decode(signature).unwrap_or_default();
        let Some((hint, signature)) = signature.split_at_checked(4) else { return false };
        name == log.host && log.id.starts_with(hint) && log.key.verifies(text.as_bytes(), signature)
    });
    if !by_log {
        return Err(Problem::invalid("the log's checkpoint is not signed by the log"));
    }
    let mut lines = text.lines();
    lines.next();
    let size = lines.next().and_then(|line| line.parse().ok());
    let root = lines.next().and_then(|line| STANDARD.decode(line).ok()).and_then(|root| root.try_into().ok());
    size.zip(root).ok_or_else(malformed)
}

impl Body {
    fn parse(entry: &Entry) -> Result<Self, Problem> {
        let malformed = || Problem::invalid("the log's entry is malformed");
        let text = std::str::from_utf8(&entry.body).map_err(|_| malformed())?;
        let node = json::parse(text).map_err(|_| malformed())?;
        let field = |at: &str| node.at(at).and_then(Node::as_str).ok_or_else(malformed);
        let (kind, version) = (field("/kind")?, field("/apiVersion")?);
        if (kind, version) != (entry.kind.as_str(), entry.version.as_str()) || !node.duplicates().is_empty() {
            return Err(malformed());
        }
        let one = |at: &str| {
            let list = node.at(at).map(Node::elements).unwrap_or_default();
            if list.len() == 1 { Ok(()) } else { Err(malformed()) }
        };
        let base64 = |text: &[u8]| STANDARD.decode(text).map_err(|_| malformed());
        let pem = |at: &str| String::from_utf8(base64(field(at)?.as_bytes())?).map_err(|_| malformed());
        match (kind, version) {
            ("dsse", "0.0.1") => {
                one("/spec/signatures")?;
                if field("/spec/payloadHash/algorithm")? != "sha256" {
                    return Err(malformed());
                }
                Ok(Self {
                    payload: field("/spec/payloadHash/value")?.to_owned(),
                    signature: base64(field("/spec/signatures/0/signature")?.as_bytes())?,
                    verifier: pem("/spec/signatures/0/verifier")?,
                })
            }
            ("intoto", "0.0.2") => {
                one("/spec/content/envelope/signatures")?;
                if field("/spec/content/payloadHash/algorithm")? != "sha256"
                    || field("/spec/content/envelope/payloadType")? != PAYLOAD_TYPE
                {
                    return Err(malformed());
                }
                Ok(Self {
                    payload: field("/spec/content/payloadHash/value")?.to_owned(),
                    // The log writes the envelope's base64 in base64 again.
                    signature: base64(&base64(
                        field("/spec/content/envelope/signatures/0/sig")?.as_bytes(),
                    )?)?,
                    verifier: pem("/spec/content/envelope/signatures/0/publicKey")?,
                })
            }
            _ => Err(Problem::unsupported(format!(
                "the log's entry is of a kind that is not read here: `{} {}`",
                crate::model::escape(kind),
                crate::model::escape(version)
            ))),
        }
    }

    /// Whether the entry is about this envelope and its signer.
    pub fn is_about(&self, bundle: &Bundle, key: &Key) -> Result<(), Problem> {
        let (label, expected) = match &bundle.signer {
            Material::Certificate(der) => ("CERTIFICATE", der.as_slice()),
            Material::Key(_) => ("PUBLIC KEY", key.spki()),
        };
        let other = |what: &str| Err(Problem::invalid(format!("the log's entry is about another {what}")));
        if self.payload != hex::encode(Sha256::digest(&bundle.payload)) {
            return other("statement");
        }
        if self.signature != bundle.signature {
            return other("signature");
        }
        if unwrap(&self.verifier, label).as_deref() != Some(expected) {
            return other("signer");
        }
        Ok(())
    }
}

/// The bytes of the only block of a PEM text.
fn unwrap(pem: &str, label: &str) -> Option<Vec<u8>> {
    let rest = pem.trim().strip_prefix(&format!("-----BEGIN {label}-----"))?;
    let body = rest.strip_suffix(&format!("-----END {label}-----"))?;
    let body: String = body.split_ascii_whitespace().collect();
    STANDARD.decode(body).ok()
}
