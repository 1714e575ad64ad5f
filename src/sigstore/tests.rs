//! Real attestations (`fixtures/provenance`), whole and with anything of them changed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::certificate::Certificate;
use super::trust::{Dated, TrustRoot};
use super::*;

const V03: &str = "npm/sigstore-5.0.0.json";
const V01: &str = "npm/sigstore-0.4.0.json";
const GITHUB: &str = "pypi/pypi_attestations-0.0.19.tar.gz.provenance";
const CIRCLE: &str = "pypi/circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl.provenance";
const GOOGLE: &str = "pypi/gcb_attestation_test-0.0.0.tar.gz.provenance";

fn fixture(path: &str) -> Value {
    let path = format!("{}/fixtures/provenance/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Every attestation of an answer.
fn all(answer: &Value, root: &TrustRoot) -> Vec<Result<Verified, Problem>> {
    let bytes = serde_json::to_vec(answer).unwrap();
    let bundles: Result<Vec<_>, Problem> = if answer.get("attestation_bundles").is_some() {
        pypi(&bytes).map(|list| list.into_iter().flat_map(|one| one.bundles).collect())
    } else {
        npm(&bytes).map(|list| list.into_iter().map(|one| one.bundle).collect())
    };
    match bundles {
        Ok(bundles) => bundles.into_iter().map(|bundle| verify(&bundle?, root)).collect(),
        Err(problem) => vec![Err(problem)],
    }
}

fn first(answer: &Value, root: &TrustRoot) -> Result<Verified, Problem> {
    all(answer, root).remove(0)
}

fn why(answer: &Value) -> String {
    first(answer, TrustRoot::builtin()).unwrap_err().to_string()
}

/// Where the parts of the first attestation are, for both notations.
struct Paths {
    fixture: &'static str,
    signature: &'static str,
    payload: &'static str,
    certificate: &'static str,
    entry: &'static str,
}

const NPM_CHAIN: Paths = Paths {
    fixture: V01,
    signature: "/attestations/0/bundle/dsseEnvelope/signatures/0/sig",
    payload: "/attestations/0/bundle/dsseEnvelope/payload",
    certificate: "/attestations/0/bundle/verificationMaterial/x509CertificateChain/certificates/0/rawBytes",
    entry: "/attestations/0/bundle/verificationMaterial/tlogEntries/0",
};
const NPM: Paths = Paths {
    fixture: V03,
    certificate: "/attestations/0/bundle/verificationMaterial/certificate/rawBytes",
    ..NPM_CHAIN
};
const PYPI: Paths = Paths {
    fixture: CIRCLE,
    signature: "/attestation_bundles/0/attestations/0/envelope/signature",
    payload: "/attestation_bundles/0/attestations/0/envelope/statement",
    certificate: "/attestation_bundles/0/attestations/0/verification_material/certificate",
    entry: "/attestation_bundles/0/attestations/0/verification_material/transparency_entries/0",
};

fn bytes_at(answer: &Value, at: &str) -> Vec<u8> {
    STANDARD.decode(answer.pointer(at).and_then(Value::as_str).unwrap_or_else(|| panic!("{at}"))).unwrap()
}

fn set(answer: &mut Value, at: &str, value: Value) {
    *answer.pointer_mut(at).unwrap_or_else(|| panic!("{at}")) = value;
}

#[test]
fn real_attestations_hold() {
    let mut lines = Vec::new();
    for path in [V01, V03, GITHUB, CIRCLE, GOOGLE] {
        for verified in all(&fixture(path), TrustRoot::builtin()) {
            let verified = verified.unwrap_or_else(|problem| panic!("{path}: {problem:?}"));
            let subject = &verified.statement.subjects[0];
            let (algorithm, digest) = &subject.digests[0];
            lines.push(format!(
                "{} {algorithm}:{} {} at {} index {}",
                subject.name,
                &digest[..8],
                verified.statement.predicate_type,
                verified.logged,
                verified.index
            ));
            lines.push(match verified.signer {
                Signer::Key(id) => format!("  key {id}"),
                Signer::Identity(who) => format!("  {who:?}"),
            });
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    pkg:npm/sigstore@0.4.0 sha512:282c0c5f https://slsa.dev/provenance/v0.2 at 1673458312 index 10960845
      Identity { issuer: Some("https://token.actions.githubusercontent.com"), name: "https://github.com/sigstore/sigstore-js/.github/workflows/publish.yml@refs/tags/v0.4.0", repository: Some("https://github.com/sigstore/sigstore-js"), commit: Some("8a2ee2fd20dda58ffa4a8d808a65cb1e04711c03"), reference: Some("refs/tags/v0.4.0"), workflow: Some("https://github.com/sigstore/sigstore-js/.github/workflows/publish.yml@refs/tags/v0.4.0"), trigger: Some("release"), run: None }
    pkg:npm/sigstore@0.4.0 sha512:282c0c5f https://github.com/npm/attestation/tree/main/specs/publish/v0.1 at 1673458314 index 10960848
      key SHA256:jl3bwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzA
    pkg:npm/sigstore@5.0.0 sha512:849a897e https://slsa.dev/provenance/v1 at 1780347770 index 1697019812
      Identity { issuer: Some("https://token.actions.githubusercontent.com"), name: "https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main", repository: Some("https://github.com/sigstore/sigstore-js"), commit: Some("7d2900eca1c22b3f87c13987c8d4b7c9a29b733a"), reference: Some("refs/heads/main"), workflow: Some("https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main"), trigger: Some("push"), run: Some("https://github.com/sigstore/sigstore-js/actions/runs/26781866618/attempts/1") }
    pypi_attestations-0.0.19.tar.gz sha256:9bb1add0 https://docs.pypi.org/attestations/publish/v1 at 1733354041 index 153454663
      Identity { issuer: Some("https://token.actions.githubusercontent.com"), name: "https://github.com/trailofbits/pypi-attestations/.github/workflows/release.yml@refs/tags/v0.0.19", repository: Some("https://github.com/trailofbits/pypi-attestations"), commit: Some("08802efe1f8e5fec4ad842d6b8ce97656092ee72"), reference: Some("refs/tags/v0.0.19"), workflow: Some("https://github.com/trailofbits/pypi-attestations/.github/workflows/release.yml@refs/tags/v0.0.19"), trigger: Some("release"), run: Some("https://github.com/trailofbits/pypi-attestations/actions/runs/12169989787/attempts/1") }
    circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl sha256:8cb34da1 https://docs.pypi.org/attestations/publish/v1 at 1770332382 index 920610516
      Identity { issuer: Some("https://oidc.circleci.com"), name: "https://circleci.com/api/v2/projects/fdd9283f-e619-46af-8f9c-851f7d3e8b2b/pipeline-definitions/8e4f8ab2-8d7c-4827-9f15-de076d6d647f", repository: Some("github.com/CircleCI-Public/sign-and-publish-examples"), commit: None, reference: Some("refs/heads/pypi"), workflow: Some("https://circleci.com/api/v2/pipeline/f3f6eb86-f260-445b-b9c9-32a2cb5a3a61/config"), trigger: None, run: Some("https://app.circleci.com//workflow/61718d02-ce24-4f1f-bc8e-aad538307302/job/8bdcded5-cdc0-4521-8447-bb2b319c61c6") }
    gcb_attestation_test-0.0.0.tar.gz sha256:46131736 https://docs.pypi.org/attestations/publish/v1 at 1745247747 index 200170367
      Identity { issuer: Some("https://accounts.google.com"), name: "919436158236-compute@developer.gserviceaccount.com", repository: None, commit: None, reference: None, workflow: None, trigger: None, run: None }
    "#);
}

/// The version of a bundle decides what it has to bring, not how it is spelt.
#[test]
fn bundles_of_all_versions_are_read() {
    let media = "/attestations/0/bundle/mediaType";
    let of = |path: &str, kind: &str| {
        let mut answer = fixture(path);
        set(&mut answer, media, json!(kind));
        first(&answer, TrustRoot::builtin()).map(|verified| verified.index).map_err(|why| why.to_string())
    };
    for version in ["0.1", "0.2", "0.3"] {
        let kind = format!("application/vnd.dev.sigstore.bundle+json;version={version}");
        assert_eq!(of(V03, &kind), Ok(1_697_019_812), "{version}");
    }
    // The old one has no proof, only the log's signature.
    assert_eq!(
        of(V01, "application/vnd.dev.sigstore.bundle+json;version=0.2"),
        Err("there is no proof that the entry is in the log".to_owned())
    );
    assert!(of(V03, "application/json").unwrap_err().contains("is not read here"));
}

#[test]
fn no_changed_byte_holds() {
    for paths in [&NPM_CHAIN, &NPM, &PYPI] {
        let answer = fixture(paths.fixture);
        let promise = format!("{}/inclusionPromise/signedEntryTimestamp", paths.entry);
        let body = format!("{}/canonicalizedBody", paths.entry);
        let log = format!("{}/logId/keyId", paths.entry);
        let mut parts = vec![paths.signature.to_owned(), paths.payload.to_owned()];
        parts.extend([paths.certificate.to_owned(), promise, body, log]);
        if let Some(hashes) = answer.pointer(&format!("{}/inclusionProof/hashes", paths.entry)) {
            let count = hashes.as_array().unwrap().len();
            parts.extend((0..count).map(|n| format!("{}/inclusionProof/hashes/{n}", paths.entry)));
            parts.push(format!("{}/inclusionProof/rootHash", paths.entry));
        }
        for part in parts {
            let whole = bytes_at(&answer, &part);
            // Of long parts every seventh byte, another bit each time.
            let step = if whole.len() > 600 { 7 } else { 1 };
            for at in (0..whole.len()).step_by(step) {
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << (at % 8);
                let mut changed = answer.clone();
                set(&mut changed, &part, json!(STANDARD.encode(&bytes)));
                let result = first(&changed, TrustRoot::builtin());
                assert!(result.is_err(), "{} {part}: byte {at} of {}", paths.fixture, whole.len());
            }
            let mut changed = answer.clone();
            set(&mut changed, &part, json!(STANDARD.encode(&whole[..whole.len() - 1])));
            assert!(first(&changed, TrustRoot::builtin()).is_err(), "{} {part}: cut", paths.fixture);
        }
    }
}

#[test]
fn no_changed_checkpoint_holds() {
    let answer = fixture(CIRCLE);
    let at = format!("{}/inclusionProof/checkpoint/envelope", PYPI.entry);
    let note: Vec<char> = answer.pointer(&at).and_then(Value::as_str).unwrap().chars().collect();
    for place in 0..note.len() {
        let mut changed = note.clone();
        changed[place] = if changed[place] == '1' { '2' } else { '1' };
        let mut other = answer.clone();
        set(&mut other, &at, json!(changed.iter().collect::<String>()));
        // A signature's own line break is no part of it.
        let ends = place + 1 == note.len();
        assert!(first(&other, TrustRoot::builtin()).is_err() || ends, "character {place}");
    }
}

/// What does not hold is said.
#[test]
fn each_part_is_bound_to_the_others() {
    let of = |fixture_path: &str, at: &str, value: Value| {
        let mut answer = fixture(fixture_path);
        set(&mut answer, at, value);
        why(&answer)
    };
    let entry = |key: &str| format!("{}/{key}", PYPI.entry);
    let npm_entry = |key: &str| format!("{}/{key}", NPM.entry);
    let other = fixture(GITHUB);
    let second = NPM_CHAIN.entry.replace("attestations/0", "attestations/1");
    let later = fixture(V01).pointer(&second).cloned().unwrap();
    let lines = [
        ("time", of(CIRCLE, &entry("integratedTime"), json!("1770332383"))),
        ("number in the log", of(CIRCLE, &entry("logIndex"), json!("1"))),
        ("place in the tree", of(CIRCLE, &entry("inclusionProof/logIndex"), json!("798706253"))),
        ("size of the tree", of(CIRCLE, &entry("inclusionProof/treeSize"), json!("798706266"))),
        ("proof taken away", of(CIRCLE, &entry("inclusionProof"), Value::Null)),
        ("promise taken away", of(CIRCLE, &entry("inclusionPromise"), Value::Null)),
        ("a hash more", of(CIRCLE, &entry("inclusionProof/hashes/0"), json!(STANDARD.encode([0; 32])))),
        ("hash of another length", of(CIRCLE, &entry("inclusionProof/hashes/0"), json!("AAAA"))),
        ("another kind of entry", of(CIRCLE, &entry("kindVersion/version"), json!("0.0.2"))),
        (
            "another certificate",
            of(CIRCLE, PYPI.certificate, other.pointer(PYPI.certificate).unwrap().clone()),
        ),
        ("another statement", of(CIRCLE, PYPI.payload, other.pointer(PYPI.payload).unwrap().clone())),
        ("another signature", of(CIRCLE, PYPI.signature, other.pointer(PYPI.signature).unwrap().clone())),
        ("another's entry", of(CIRCLE, PYPI.entry, other.pointer(PYPI.entry).unwrap().clone())),
        ("an entry of the same minute", of(V01, NPM_CHAIN.entry, later)),
        (
            "another checkpoint",
            of(
                CIRCLE,
                &entry("inclusionProof/checkpoint"),
                other.pointer(&entry("inclusionProof/checkpoint")).unwrap().clone(),
            ),
        ),
        ("no certificate", of(V03, "/attestations/0/bundle/verificationMaterial/certificate", json!({}))),
        (
            "a later kind of bundle",
            of(
                V03,
                "/attestations/0/bundle/mediaType",
                json!("application/vnd.dev.sigstore.bundle.v0.4+json"),
            ),
        ),
        (
            "another payload type",
            of(V03, "/attestations/0/bundle/dsseEnvelope/payloadType", json!("text/plain")),
        ),
        ("no entry", of(V03, "/attestations/0/bundle/verificationMaterial/tlogEntries", json!([]))),
        ("a negative time", of(V03, &npm_entry("integratedTime"), json!("-1"))),
        ("not base64", of(V03, NPM.signature, json!("?"))),
    ];
    let lines: Vec<_> = lines.iter().map(|(what, why)| format!("{what}: {why}")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    time: the log's signature on the entry and its time does not hold
    number in the log: the log's signature on the entry and its time does not hold
    place in the tree: the proof that the entry is in the log does not hold
    size of the tree: the log's checkpoint is of another tree than the proof
    proof taken away: there is no proof that the entry is in the log
    promise taken away: the log did not sign its time (Rekor v2, or a timestamp authority's)
    a hash more: the proof that the entry is in the log does not hold
    hash of another length: a hash of a proof is not SHA-256
    another kind of entry: the log's entry is malformed
    another certificate: the certificate was not valid when the log took the signature in
    another statement: the envelope's signature is not by the key that it names
    another signature: the envelope's signature is not by the key that it names
    another's entry: the certificate was not valid when the log took the signature in
    an entry of the same minute: the log's entry is about another statement
    another checkpoint: the log's checkpoint is of another tree than the proof
    no certificate: a bundle does not name exactly one signer
    a later kind of bundle: a bundle of the kind `application/vnd.dev.sigstore.bundle.v0.4+json` is not read here
    another payload type: an envelope of something else than a statement is not read here
    no entry: there is no entry of the log
    a negative time: an attestation has no number `/integratedTime`
    not base64: `sig` of an attestation is not base64
    "#);
}

#[test]
fn a_key_of_npm_signs_for_npm_alone() {
    // npm's statement under the builder's certificate, and the other way round.
    let answer = fixture(V01);
    let material = |n: usize| format!("/attestations/{n}/bundle/verificationMaterial");
    let mut swapped = answer.clone();
    let (builder, registry) = (
        answer.pointer(&format!("{}/x509CertificateChain", material(0))).unwrap(),
        answer.pointer(&format!("{}/publicKey", material(1))).unwrap(),
    );
    for (n, name, value) in [(0, "publicKey", registry), (1, "x509CertificateChain", builder)] {
        let object = swapped.pointer_mut(&material(n)).unwrap().as_object_mut().unwrap();
        object.retain(|key, _| key.starts_with("tlog"));
        object.insert(name.to_owned(), value.clone());
    }
    for result in all(&swapped, TrustRoot::builtin()) {
        assert!(result.unwrap_err().to_string().contains("not by the key that it names"));
    }
    let mut unknown = answer.clone();
    set(&mut unknown, &format!("{}/publicKey/hint", material(1)), json!("SHA256:other"));
    let result = all(&unknown, TrustRoot::builtin()).remove(1).unwrap_err();
    assert!(matches!(&result, Problem::Unsupported(why) if why.contains("2026-11-05")), "{result:?}");
}

fn root_with(change: impl Fn(&mut Value, &mut Value)) -> TrustRoot {
    let read = |name: &str| -> Value {
        let path = format!("{}/src/sigstore/root/{name}", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let (mut root, mut keys) = (read("trusted_root.json"), read("npm_keys.json"));
    change(&mut root, &mut keys);
    let dated = Dated { of: "2020-01-01", good_until: 0 };
    TrustRoot::parse(&root.to_string(), &keys.to_string(), dated).unwrap()
}

#[test]
fn the_built_in_root_is_whole() {
    use sha2::Digest as _;
    let root = TrustRoot::builtin();
    assert_eq!((root.logs.len(), root.authorities.len(), root.certificate_logs.len()), (2, 2, 2));
    // RFC 6962: a log's id is the hash of its key. The log of Rekor v2 has one of another kind.
    for log in root.logs[..1].iter().chain(&root.certificate_logs) {
        assert_eq!(log.id, sha2::Sha256::digest(log.key.spki()).to_vec(), "{}", log.host);
    }
    let key = |at| root.npm_key("SHA256:DhQ8wR5APBvFHLF/+Tc+AYvPOdTpcIDqOhxsBHRwC7U", at).is_ok();
    assert!(key(1_780_000_000) && !key(1_700_000_000));
}

/// Each of what the root gives is needed, at the time of the signature.
#[test]
fn nothing_holds_without_its_root() {
    let answer = fixture(CIRCLE);
    let said = |change: &dyn Fn(&mut Value)| first(&answer, &root_with(|root, _| change(root))).unwrap_err();
    let ended = json!({"start": "2020-01-01T00:00:00Z", "end": "2026-02-05T22:59:41Z"});
    let elliptic = |root: &Value| root.pointer("/ctlogs/1/publicKey").cloned().unwrap();
    let lines = [
        ("no log", said(&|root| set(root, "/tlogs", json!([])))),
        ("log ended", said(&|root| set(root, "/tlogs/0/publicKey/validFor", ended.clone()))),
        (
            "log of another key",
            said(&|root| {
                let key = elliptic(root);
                set(root, "/tlogs/0/publicKey", key)
            }),
        ),
        ("log of another name", said(&|root| set(root, "/tlogs/0/baseUrl", json!("https://log.invalid")))),
        ("no authority", said(&|root| set(root, "/certificateAuthorities", json!([])))),
        ("authority ended", said(&|root| set(root, "/certificateAuthorities/1/validFor", ended.clone()))),
        (
            "another authority",
            said(&|root| {
                let old = root.pointer("/certificateAuthorities/0/certChain").cloned().unwrap();
                set(root, "/certificateAuthorities/1/certChain", old);
            }),
        ),
        ("no certificate log", said(&|root| set(root, "/ctlogs", json!([])))),
        ("certificate log ended", said(&|root| set(root, "/ctlogs/1/publicKey/validFor", ended.clone()))),
        (
            "certificate log of another key",
            said(&|root| {
                let key = root.pointer("/tlogs/0/publicKey").cloned().unwrap();
                set(root, "/ctlogs/1/publicKey", key)
            }),
        ),
    ];
    let lines: Vec<_> = lines.iter().map(|(what, why)| format!("{what}: {why:?}")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    no log: Unsupported("it is in the log c0d23d6ad406973f…, which the trust root of 2020-01-01 does not know")
    log ended: Invalid("the log's key was not valid at the time of the entry")
    log of another key: Invalid("the log's signature on the entry and its time does not hold")
    log of another name: Invalid("the log's checkpoint is not signed by the log")
    no authority: Invalid("the certificate does not lead to the trust root of 2020-01-01: no authority was valid then")
    authority ended: Invalid("the certificate does not lead to the trust root of 2020-01-01: no authority was valid then")
    another authority: Invalid("the certificate does not lead to the trust root of 2020-01-01: UnknownIssuer")
    no certificate log: Unsupported("the certificate is in no transparency log that the trust root of 2020-01-01 knows")
    certificate log ended: Invalid("a certificate's timestamp is not one that its log gave at that time")
    certificate log of another key: Invalid("the certificate's timestamp (SCT) is not signed by its log")
    "#);
    let keys_ended = root_with(|_, keys| {
        set(
            keys,
            "/keys/0/publicKey/validFor",
            json!({"start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"}),
        );
    });
    let result = all(&fixture(V01), &keys_ended).remove(1).unwrap_err();
    assert_eq!(result, Problem::Invalid("signed with a key of npm that was not valid at that time".into()));
}

#[test]
fn a_certificate_counts_for_its_minutes() {
    let der = bytes_at(&fixture(CIRCLE), PYPI.certificate);
    let leaf = Certificate::parse(&der).unwrap();
    let root = TrustRoot::builtin();
    let (from, until) = (1_770_332_382, 1_770_332_982);
    let bounds: Vec<i64> = (from - 700..until + 700).filter(|at| leaf.is_valid_at(*at)).collect();
    let (from, until) = (bounds[0], bounds[bounds.len() - 1]);
    assert_eq!(until - from, 600, "ten minutes");
    for (at, good) in [(from - 1, false), (from, true), (until, true), (until + 1, false), (-1, false)] {
        assert_eq!(chain::verify(&leaf, at, root).is_ok(), good, "{at}");
    }
    // An authority's certificate is none that signs statements.
    let authority = &root.authorities[1].chain[0];
    assert!(chain::verify(authority, from, root).is_err());
}

#[test]
fn answers_have_limits_and_one_meaning() {
    let root = TrustRoot::builtin();
    let text = fixture(V03).to_string();
    let twice = text.replacen("{\"mediaType\"", "{\"mediaType\":\"x\",\"mediaType\"", 1);
    let twice = if twice == text {
        text.replacen("\"mediaType\"", "\"mediaType\":\"x\",\"mediaType\"", 1)
    } else {
        twice
    };
    assert!(npm(twice.as_bytes()).unwrap_err().to_string().contains("twice"));
    let mut many = fixture(V03);
    let one = many["attestations"][0].clone();
    many["attestations"] = json!(vec![one; limits::ATTESTATIONS + 1]);
    assert!(npm(many.to_string().as_bytes()).unwrap_err().to_string().contains("more than 32"));
    assert!(npm(&vec![b' '; limits::ANSWER_BYTES + 1]).unwrap_err().to_string().contains("bytes"));
    for wrong in ["", "[]", "{}", "{\"attestations\":{}}", "{\"attestations\":[{}]}", "\u{feff}"] {
        assert!(npm(wrong.as_bytes()).is_err() && pypi(wrong.as_bytes()).is_err(), "{wrong}");
    }
    assert!(npm(b"{\"attestations\":[]}").unwrap().is_empty());
    let mut two = fixture(V03);
    let entries = two.pointer_mut("/attestations/0/bundle/verificationMaterial/tlogEntries").unwrap();
    let entry = entries[0].clone();
    entries.as_array_mut().unwrap().push(entry);
    assert!(matches!(first(&two, root), Err(Problem::Unsupported(_))));
    let mut large = fixture(V03);
    set(&mut large, NPM.certificate, json!(STANDARD.encode(vec![0x30; limits::CERTIFICATE_BYTES + 1])));
    assert!(why(&large).contains("more than 16384 bytes"));
}

/// A statement with the same signer, and all but its payload from a real one.
#[test]
fn statements_are_read_strictly() {
    let read = |text: &str| Statement::parse(text.as_bytes());
    let good = r#"{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"AB"}}],"predicateType":"p"}"#;
    assert_eq!(read(good).unwrap().subjects[0].digests, [("sha256".to_owned(), "ab".to_owned())]);
    for (from, to) in [
        ("\"name\":\"a\"", "\"name\":\"a\",\"name\":\"b\""),
        ("Statement/v1", "Statement/v2"),
        ("\"sha256\":\"AB\"", ""),
        ("{\"name\":\"a\",\"digest\":{\"sha256\":\"AB\"}}", ""),
        ("\"name\":\"a\",", ""),
        ("\"p\"", "1"),
    ] {
        let wrong = good.replacen(from, to, 1);
        assert_ne!(wrong, good);
        assert!(read(&wrong).is_err(), "{wrong}");
    }
}

proptest::proptest! {
    #[test]
    fn no_answer_panics(text in "[\\[\\]{}:,\"a-zA-Z0-9./ ]{0,200}") {
        let _ = npm(text.as_bytes());
        let _ = pypi(text.as_bytes());
    }

    #[test]
    fn no_certificate_panics(at in 0_usize..1000, with in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..6),
                             removed in 0_usize..6) {
        let mut bytes = bytes_at(&fixture(V01), NPM_CHAIN.certificate);
        let at = at.min(bytes.len() - removed);
        bytes.splice(at..at + removed, with);
        if let Ok(certificate) = Certificate::parse(&bytes) {
            let _ = (certificate.identity(), certificate.key(), certificate.before_timestamps());
        }
    }
}
