//! What registries hand out: Sigstore's bundles (0.1, 0.2, 0.3) in npm's list, and PEP 740's
//! provenance objects. Both come to the same [`Bundle`]; nothing in it is believed yet.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{PAYLOAD_TYPE, Problem, limits};
use crate::json::{self, Node};
use crate::merkle::Hash;

/// An envelope with what is needed to verify it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    pub(super) signer: Material,
    pub(super) entry: Entry,
    /// Whether its kind has to bring an inclusion proof.
    pub(super) proof_required: bool,
    pub(super) payload: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

/// Whose key the signature is by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Material {
    /// A certificate's, DER.
    Certificate(Vec<u8>),
    /// One that the registry knows by this id.
    Key(String),
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) index: u64,
    pub(super) log: Vec<u8>,
    pub(super) kind: String,
    pub(super) version: String,
    /// Seconds since the epoch.
    pub(super) integrated: i64,
    /// The signed entry timestamp.
    pub(super) promise: Option<Vec<u8>>,
    pub(super) proof: Option<Proof>,
    pub(super) body: Vec<u8>,
}

/// That an entry is in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proof {
    pub(super) index: u64,
    pub(super) size: u64,
    pub(super) root: Hash,
    pub(super) hashes: Vec<Hash>,
    pub(super) checkpoint: String,
}

/// One attestation of npm's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// The kind of statement that the list says it is.
    pub predicate_type: String,
    /// The attestation, or what is wrong with it.
    pub bundle: Result<Bundle, Problem>,
}

/// Who published a file, by PyPI's word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Publisher {
    /// `GitHub`, `GitLab`, `Google`…
    pub kind: String,
    /// `owner/name`, where the kind has one.
    pub repository: Option<String>,
    /// File name of the workflow, where the kind has one.
    pub workflow: Option<String>,
}

/// The attestations of one publisher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Who.
    pub publisher: Publisher,
    /// Each attestation, or what is wrong with it.
    pub bundles: Vec<Result<Bundle, Problem>>,
}

type Read<T> = Result<T, Problem>;

/// Reads npm's answer (`/-/npm/v1/attestations/NAME@VERSION`).
///
/// # Errors
/// Where it is none; what is wrong with one of several is said there.
pub fn npm(answer: &[u8]) -> Read<Vec<Labelled>> {
    let node = document(answer)?;
    let list = node.get("attestations").filter(|list| matches!(list.value, json::Value::Array(_)));
    let list = list.ok_or_else(|| Problem::invalid("has no list of attestations"))?.elements();
    few(list.len())?;
    list.iter()
        .map(|one| {
            let bundle = one.get("bundle").ok_or_else(|| Problem::invalid("an attestation has no bundle"))?;
            Ok(Labelled { predicate_type: text(one, "/predicateType")?.to_owned(), bundle: sigstore(bundle) })
        })
        .collect()
}

/// Reads PyPI's answer (`/integrity/PROJECT/VERSION/FILE/provenance`).
///
/// # Errors
/// Where it is none; what is wrong with one of several is said there.
pub fn pypi(answer: &[u8]) -> Read<Vec<Published>> {
    let node = document(answer)?;
    if number(&node, "/version")? != 1 {
        return Err(Problem::unsupported("is of a version of provenance objects that is not read here"));
    }
    let list = node.get("attestation_bundles").filter(|list| matches!(list.value, json::Value::Array(_)));
    let list = list.ok_or_else(|| Problem::invalid("has no list of attestations"))?.elements();
    few(list.len())?;
    list.iter()
        .map(|one| {
            let list = one.get("attestations").map(Node::elements).unwrap_or_default();
            few(list.len())?;
            let part =
                |key: &str| one.at(&format!("/publisher/{key}")).and_then(Node::as_str).map(str::to_owned);
            let publisher = Publisher {
                kind: part("kind").ok_or_else(|| Problem::invalid("an attestation has no publisher"))?,
                repository: part("repository"),
                workflow: part("workflow"),
            };
            Ok(Published { publisher, bundles: list.iter().map(pep740).collect() })
        })
        .collect()
}

/// One JSON value without a member that is there twice.
fn document(answer: &[u8]) -> Read<Node<'_>> {
    if answer.len() > limits::ANSWER_BYTES {
        return Err(Problem::invalid(format!("has more than {} bytes", limits::ANSWER_BYTES)));
    }
    let text = std::str::from_utf8(answer).map_err(|_| Problem::invalid("is not UTF-8"))?;
    let node = json::parse(text).map_err(|error| Problem::invalid(format!("is not JSON: {error}")))?;
    if let Some((key, ..)) = node.duplicates().first() {
        return Err(Problem::invalid(format!("has `{}` twice", crate::model::escape(key))));
    }
    Ok(node)
}

fn few(count: usize) -> Read<()> {
    if count <= limits::ATTESTATIONS {
        return Ok(());
    }
    Err(Problem::invalid(format!("has {count} attestations, more than {}", limits::ATTESTATIONS)))
}

/// A bundle of `application/vnd.dev.sigstore.bundle`.
fn sigstore(node: &Node<'_>) -> Read<Bundle> {
    let media = text(node, "/mediaType")?;
    let version = media
        .strip_prefix("application/vnd.dev.sigstore.bundle+json;version=")
        .or_else(|| media.strip_prefix("application/vnd.dev.sigstore.bundle.v")?.strip_suffix("+json"));
    // From 0.2 on the proof is part of it.
    let proof_required = match version {
        Some("0.1") => false,
        Some("0.2" | "0.3") => true,
        _ => {
            return Err(Problem::unsupported(format!(
                "a bundle of the kind `{}` is not read here",
                crate::model::escape(media)
            )));
        }
    };
    let material = |at: &str| node.at(&format!("/verificationMaterial/{at}"));
    let certificates =
        [material("certificate/rawBytes"), material("x509CertificateChain/certificates/0/rawBytes")];
    let hint = material("publicKey/hint").and_then(Node::as_str);
    let signer = match (certificates, hint) {
        ([Some(der), None] | [None, Some(der)], None) => {
            Material::Certificate(base64(Some(der), "certificate")?)
        }
        ([None, None], Some(hint)) => Material::Key(hint.to_owned()),
        _ => return Err(Problem::invalid("a bundle does not name exactly one signer")),
    };
    let entries = material("tlogEntries").map(Node::elements).unwrap_or_default();
    let Some(envelope) = node.get("dsseEnvelope") else {
        return Err(Problem::unsupported("a bundle without an envelope is not read here"));
    };
    if text(envelope, "/payloadType")? != PAYLOAD_TYPE {
        return Err(Problem::unsupported("an envelope of something else than a statement is not read here"));
    }
    let [signature] = envelope.get("signatures").map(Node::elements).unwrap_or_default() else {
        return Err(Problem::invalid("an envelope does not have exactly one signature"));
    };
    Ok(Bundle {
        signer,
        entry: only_entry(entries)?,
        proof_required,
        payload: base64(envelope.get("payload"), "payload")?,
        signature: base64(signature.get("sig"), "sig")?,
    })
}

/// An attestation object of PEP 740, version 1.
fn pep740(node: &Node<'_>) -> Read<Bundle> {
    if number(node, "/version")? != 1 {
        return Err(Problem::unsupported("an attestation of a version that is not read here"));
    }
    let entries = node.at("/verification_material/transparency_entries").map(Node::elements);
    Ok(Bundle {
        signer: Material::Certificate(base64(node.at("/verification_material/certificate"), "certificate")?),
        entry: only_entry(entries.unwrap_or_default())?,
        proof_required: true,
        payload: base64(node.at("/envelope/statement"), "statement")?,
        signature: base64(node.at("/envelope/signature"), "signature")?,
    })
}

fn only_entry(list: &[Node<'_>]) -> Read<Entry> {
    match list {
        [one] => entry(one),
        [] => Err(Problem::invalid("there is no entry of the log")),
        _ => Err(Problem::unsupported("an attestation with several entries of logs is not read here")),
    }
}

fn entry(node: &Node<'_>) -> Read<Entry> {
    let there = |key: &str| node.get(key).filter(|value| !matches!(value.value, json::Value::Null));
    let promise = there("inclusionPromise").map(|one| base64(one.get("signedEntryTimestamp"), "promise"));
    // Rekor v2 leaves the time out: it is then of no use, which the missing promise says.
    let integrated = there("integratedTime").map(|_| number(node, "/integratedTime"));
    let integrated = i64::try_from(integrated.transpose()?.unwrap_or(0));
    Ok(Entry {
        index: number(node, "/logIndex")?,
        log: base64(node.at("/logId/keyId"), "logId")?,
        kind: text(node, "/kindVersion/kind")?.to_owned(),
        version: text(node, "/kindVersion/version")?.to_owned(),
        integrated: integrated.map_err(|_| Problem::invalid("`integratedTime` is no time"))?,
        promise: promise.transpose()?,
        proof: there("inclusionProof").map(proof).transpose()?,
        body: base64(node.get("canonicalizedBody"), "canonicalizedBody")?,
    })
}

fn proof(node: &Node<'_>) -> Read<Proof> {
    let hash = |node: Option<&Node<'_>>| -> Read<Hash> {
        base64(node, "hash")?.try_into().map_err(|_| Problem::invalid("a hash of a proof is not SHA-256"))
    };
    let hashes = node.get("hashes").map(Node::elements).unwrap_or_default();
    if hashes.len() > limits::PROOF_HASHES {
        return Err(Problem::invalid(format!("a proof has {} hashes", hashes.len())));
    }
    Ok(Proof {
        index: number(node, "/logIndex")?,
        size: number(node, "/treeSize")?,
        root: hash(node.get("rootHash"))?,
        hashes: hashes.iter().map(|one| hash(Some(one))).collect::<Read<_>>()?,
        checkpoint: text(node, "/checkpoint/envelope")?.to_owned(),
    })
}

fn text<'n>(node: &'n Node<'_>, at: &str) -> Read<&'n str> {
    let found = node.at(at).and_then(Node::as_str);
    found.ok_or_else(|| Problem::invalid(format!("an attestation has no text `{at}`")))
}

/// A number that is not negative; Protocol Buffers write those of 64 bits as text.
fn number(node: &Node<'_>, at: &str) -> Read<u64> {
    let digits = match node.at(at).map(|found| &found.value) {
        Some(json::Value::Number(digits)) => Some(*digits),
        Some(json::Value::String(digits)) => Some(&**digits),
        _ => None,
    };
    let plain = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let found = plain.and_then(|digits| digits.parse().ok());
    found.ok_or_else(|| Problem::invalid(format!("an attestation has no number `{at}`")))
}

fn base64(node: Option<&Node<'_>>, what: &str) -> Read<Vec<u8>> {
    let bytes = node.and_then(Node::as_str).and_then(|text| STANDARD.decode(text).ok());
    bytes.ok_or_else(|| Problem::invalid(format!("`{what}` of an attestation is not base64")))
}
