//! What is signed: no changed byte is accepted, and what is written is read again.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use bomvet::attest::dsse::Envelope;
use bomvet::attest::keys::{Algorithm, PublicKey, Signer};
use bomvet::attest::verify::{Inputs, verify};
use bomvet::attest::{jsf, json, read};
use bomvet::ledger::{ENTRIES, Ledger, Testimony, Trust, exchange, proof};
use bomvet::model::{Attested, Ruling};
use bomvet::report::{explain, frame::Style};

use super::{files, fixture};

static BOM: LazyLock<Vec<u8>> = LazyLock::new(|| fixture("fixtures/attest/small.cdx.json"));
static LINES: LazyLock<Vec<u8>> = LazyLock::new(|| fixture("fixtures/attest/small.attestations.jsonl"));
static KEY: LazyLock<PublicKey> =
    LazyLock::new(|| PublicKey::from_jwk_bytes(&fixture("fixtures/attest/key.jwk")).expect("a key"));

fn accepted(bom: &[u8], attestations: Option<&[u8]>, allow_unsigned: bool) -> bool {
    let trusted = [KEY.clone()];
    verify(&Inputs { bom, attestations, trusted: &trusted, allow_unsigned })
        .is_ok_and(|report| report.is_ok())
}

/// Nothing but the very bytes that were signed is accepted as signed.
pub fn bom(data: &[u8]) -> bool {
    assert!(accepted(&BOM, Some(&LINES), false), "the fixture itself is accepted");
    assert_eq!(accepted(data, None, false), data == &**BOM, "a changed BoM is accepted");
    // What says of itself that it is unsigned may be accepted where that is allowed, but not as signed.
    if accepted(data, None, true) && data != &**BOM {
        let document = json::parse(data).expect("was accepted");
        assert!(document.get("signature").is_none(), "a changed BoM with a signature is accepted");
    }
    accepted(data, None, false)
}

/// The readers behind `explain` and `--base`, on documents that nobody verified.
pub fn bom_read(data: &[u8]) -> bool {
    let Ok(document) = json::parse(data) else { return false };
    let recovered = read::read(&document);
    match (&recovered, read::read(&document)) {
        (Ok(a), Ok(b)) => assert_eq!(format!("{a:?}"), format!("{b:?}")),
        (Err(a), Err(b)) => assert_eq!(*a, b),
        _ => panic!("two readings differ"),
    }
    if let Ok(recovered) = &recovered {
        assert_eq!(Some(recovered.nodes.len()), document["components"].as_array().map(Vec::len));
        assert!(recovered.nodes.windows(2).all(|pair| pair[0].package.purl <= pair[1].package.purl));
    }
    let _ = jsf::check(&document);
    if let Ok(recovered) = &recovered {
        assert_eq!(bomvet::compare::bom::packages(recovered).len(), recovered.nodes.len());
        for query in recovered.nodes.iter().map(|node| &*node.package.purl).chain([""]) {
            if let Ok(text) = explain::render(recovered, query, Style::Plain) {
                let drives = |c: char| c != '\n' && (c.is_control() || bomvet::model::is_invisible(c));
                assert!(!text.contains(drives), "{text:?}");
            }
        }
    }
    recovered.is_ok()
}

/// Lines may be lost from a file only with notice, and none may be changed or added.
pub fn attestations(data: &[u8]) -> bool {
    let set = |bytes: &[u8]| -> BTreeSet<Vec<u8>> {
        let lines = bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty());
        lines
            .map(|line| {
                Envelope::parse(line).map_or_else(|_| line.to_vec(), |e| json::canonical(&e.statement))
            })
            .collect()
    };
    let taken = accepted(&BOM, Some(data), false);
    if taken {
        assert_eq!(set(data), set(&LINES), "changed attestations are accepted");
    }
    for line in data.split(|b| *b == b'\n') {
        if let Ok(envelope) = Envelope::parse(line) {
            let _ = envelope.is_unsigned();
            let signed = envelope.is_signed_by(&KEY);
            let known = LINES.split(|b| *b == b'\n').filter_map(|line| Envelope::parse(line).ok());
            assert!(
                !signed || known.into_iter().any(|own| own.statement == envelope.statement),
                "a forged signature"
            );
        }
    }
    taken
}

/// RFC 8785: the canonical form is its own canonical form, and means the same.
pub fn jcs(data: &[u8]) -> bool {
    let Ok(value) = json::parse(data) else { return false };
    let canonical = json::canonical(&value);
    let again = json::parse(&canonical).expect("the canonical form is JSON");
    assert_eq!(json::canonical(&again), canonical, "not idempotent");
    assert!(!canonical.iter().any(|b| *b < 0x20), "white space or a raw control character");
    let pretty = json::pretty(&value);
    let back = json::parse(&pretty).expect("what is written is JSON");
    assert_eq!(json::canonical(&back), canonical);
    assert_eq!(json::pretty(&back), pretty);
    true
}

pub fn keys(data: &[u8]) -> bool {
    let key = PublicKey::from_jwk_bytes(data);
    if let Ok(key) = &key {
        let again = PublicKey::from_jwk(&key.jwk()).expect("what is written is read");
        assert_eq!(again.thumbprint(), key.thumbprint());
        assert!(!key.verify_raw(b"x", data) && !key.verify_der(b"x", data));
    }
    key.is_ok()
}

pub fn bom_seeds() -> Vec<Vec<u8>> {
    vec![BOM.clone()]
}

pub fn attestation_seeds() -> Vec<Vec<u8>> {
    vec![LINES.clone()]
}

pub fn jcs_seeds() -> Vec<Vec<u8>> {
    let numbers = b"{\"b\":[1e21,1e-7,-0.0,333333333.33333329,9007199254740993,1.7976931348623157e308,5e-324,4.50,2e-3],\"\xc3\xb6\":\"\\u20ac$\\u000f\\nA'B\\\"\\\\\\/\",\"\\ud83d\\ude00\":null,\"a\":{}}".to_vec();
    let small = files("fixtures/npm", &[".json"], 2 << 10).into_iter().map(|(_, bytes)| bytes);
    small.chain([numbers]).collect()
}

pub fn key_seeds() -> Vec<Vec<u8>> {
    let ec = br#"{"kty":"EC","crv":"P-256","x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY","y":"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}"#;
    vec![fixture("fixtures/attest/key.jwk"), ec.to_vec()]
}

fn ledger_signer() -> Signer {
    Signer::from_seed(Algorithm::Ed25519, [7; 32]).expect("a key")
}

/// A small ledger: its entries, its export and a proof.
static LEDGER: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
    let (dir, signer) = (tempfile::tempdir().expect("a folder"), ledger_signer());
    let mut ledger = Ledger::open(dir.path(), Trust::of([signer.public_key().clone()], 1)).expect("opens");
    let decision = |purl: &str| {
        Testimony::Decision(Attested {
            purl: purl.to_owned(),
            subject: "ab".repeat(32),
            ruling: Ruling::Clear,
            reason: "read".to_owned(),
            criteria: Vec::new(),
            date: 1,
            expires: None,
        })
    };
    ledger.append(&[decision("pkg:npm/a@1"), decision("pkg:npm/b@1")], &signer).expect("appends");
    let mut export = Vec::new();
    exchange::export(&ledger, None, &mut export).expect("exports");
    let proof = proof::prove(&ledger, 1).expect("proves");
    let entries = std::fs::read(dir.path().join(ENTRIES)).expect("is there");
    [entries, export, serde_json::to_vec(&proof).expect("is JSON")]
});

/// A ledger's readers: nothing but what was signed counts, whatever stands around it.
pub fn ledger(data: &[u8]) -> bool {
    let trust = Trust::of([ledger_signer().public_key().clone()], 1);
    let known = |line: &[u8]| LEDGER[0].split(|byte| *byte == b'\n').any(|one| one == line);
    if exchange::Export::read(data, &trust).is_ok() {
        let body = data.iter().position(|byte| *byte == b'\n').map(|at| &data[at + 1..]);
        assert_eq!(body, Some(&*LEDGER[0]), "other entries are taken for those that were signed");
    }
    if let Ok((entry, _)) = proof::check(data, &trust) {
        assert_eq!(entry.testimony.subject(), "ab".repeat(32), "another entry is proven");
    }
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join(ENTRIES), data).expect("is written");
    let Ok(ledger) = Ledger::open(dir.path(), trust) else { return false };
    let mut counted = 0;
    let read = ledger.all(|_, _, entry, key| {
        if key.is_some() {
            counted += 1;
            assert!(
                known(&entry.testimony.sign(&ledger_signer()).expect("was read")),
                "a changed entry counts"
            );
        }
    });
    assert!(read.is_ok());
    counted > 0
}

pub fn ledger_seeds() -> Vec<Vec<u8>> {
    LEDGER.to_vec()
}

/// Registries' answers with attestations, in both notations. Whatever the bytes, what is verified is a statement that was
/// really signed: one of those in the fixtures.
pub fn provenance(data: &[u8]) -> bool {
    use bomvet::sigstore::{self, TrustRoot};
    let read = || {
        let npm = sigstore::npm(data).into_iter().flatten().map(|one| one.bundle);
        let pypi = sigstore::pypi(data).into_iter().flatten().flat_map(|one| one.bundles);
        npm.chain(pypi).collect::<Vec<_>>()
    };
    let bundles = read();
    assert_eq!(bundles, read(), "two readings differ");
    let mut taken = false;
    for bundle in bundles.into_iter().flatten() {
        taken = true;
        if let Ok(verified) = sigstore::verify(&bundle, TrustRoot::builtin()) {
            let name = verified.statement.subjects[0].name.clone();
            assert!(SUBJECTS.contains(&name.as_str()), "`{name}` was never signed");
        }
    }
    taken
}

/// What the attestations of the fixtures are about.
const SUBJECTS: [&str; 5] = [
    "circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl",
    "gcb_attestation_test-0.0.0.tar.gz",
    "pkg:npm/sigstore@0.4.0",
    "pkg:npm/sigstore@5.0.0",
    "pypi_attestations-0.0.19.tar.gz",
];

pub fn provenance_seeds() -> Vec<Vec<u8>> {
    super::bytes_of(super::files("fixtures/provenance", &[".json", ".provenance"], 1 << 20))
}
