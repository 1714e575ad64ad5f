//! Changed files: flipped bytes, lines taken away, and documents that are well signed and wrong.

use bomvet::attest::keys::Algorithm;
use bomvet::attest::verify::{Inputs, Part, verify};
use bomvet::attest::{self, Options, Published, SpecVersion, jsf, json};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{check, messages, published, sample, signer};

fn detected(published: &Published, algorithm: Algorithm) -> bool {
    let trusted = [signer(algorithm).public_key().clone()];
    verify(&Inputs {
        bom: &published.bom,
        attestations: Some(&published.attestations),
        trusted: &trusted,
        allow_unsigned: true,
    })
    .map_or(true, |report| !report.is_ok())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_changed_byte_is_detected(
        at in any::<prop::sample::Index>(), change in 1u8..=255, bom in any::<bool>(), es256 in any::<bool>()
    ) {
        static OUT: std::sync::LazyLock<[Published; 2]> = std::sync::LazyLock::new(|| {
            super::ALGORITHMS.map(|algorithm| published(&sample::rich(), SpecVersion::V1_6, algorithm))
        });
        let algorithm = super::ALGORITHMS[usize::from(es256)];
        let mut out = OUT[usize::from(es256)].clone();
        let bytes = if bom { &mut out.bom } else { &mut out.attestations };
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        prop_assert!(detected(&out, algorithm), "byte {at} ^ {change}, bom {bom}");
    }
}

/// Pointers of every value in a document.
fn pointers(value: &Value, at: String, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| pointers(value, format!("{at}/{}", json::token(key)), out));
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(n, value)| pointers(value, format!("{at}/{n}"), out));
        }
        _ => {}
    }
    out.push(at);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    /// Whatever stands in a well-formed document, signed by the trusted key or not: an answer,
    /// never a panic, and never "verified".
    #[test]
    fn a_replaced_value_never_panics(at in any::<prop::sample::Index>(), new in 0usize..6, sign in any::<bool>()) {
        static OUT: std::sync::LazyLock<(Value, Vec<String>)> = std::sync::LazyLock::new(|| {
            let out = published(&sample::rich(), SpecVersion::V1_6, Algorithm::Ed25519);
            let document: Value = serde_json::from_slice(&out.bom).unwrap();
            let mut list = Vec::new();
            pointers(&document, String::new(), &mut list);
            list.retain(|pointer| !pointer.is_empty() && !pointer.starts_with("/signature"));
            (document, list)
        });
        let (mut document, list): (Value, &[String]) = (OUT.0.clone(), &OUT.1);
        let news = [Value::Null, 7.into(), "x".into(), json!([]), json!({}), json!([{"ref": 1, "name": {}}])];
        let pointer: &String = at.get(list);
        let place = document.pointer_mut(pointer).unwrap();
        prop_assume!(*place != news[new]);
        *place = news[new].clone();
        let _ = attest::read::read(&document);
        let signer = signer(Algorithm::Ed25519);
        if sign {
            jsf::sign(&mut document, &signer);
        }
        let bom = json::pretty(&document);
        let trusted = [signer.public_key().clone()];
        let inputs = Inputs { bom: &bom, attestations: None, trusted: &trusted, allow_unsigned: true };
        // The serial number follows from the contents, so that even the signed one is noticed.
        prop_assert!(verify(&inputs).map_or(true, |report| !report.is_ok()), "{pointer}");
    }
}

/// Every byte of the small BoM, without attestations, whose digest of the file would help.
#[test]
fn every_flipped_byte_of_a_bom_is_detected_by_the_bom_alone() {
    let out = published(&sample::small(), SpecVersion::V1_6, Algorithm::Ed25519);
    let trusted = [signer(Algorithm::Ed25519).public_key().clone()];
    for at in 0..out.bom.len() {
        let mut bom = out.bom.clone();
        bom[at] ^= 0x01;
        let inputs = Inputs { bom: &bom, attestations: None, trusted: &trusted, allow_unsigned: true };
        assert!(verify(&inputs).map_or(true, |report| !report.is_ok()), "byte {at}");
    }
}

#[test]
fn lines_that_are_missing_doubled_moved_or_foreign_are_detected() {
    let key = [signer(Algorithm::Ed25519).public_key().clone()];
    let out = published(&sample::rich(), SpecVersion::V1_6, Algorithm::Ed25519);
    let other = published(&sample::small(), SpecVersion::V1_6, Algorithm::Ed25519);
    let lines: Vec<_> = out.attestations.split_inclusive(|b| *b == b'\n').collect();
    let foreign: Vec<_> = other.attestations.split_inclusive(|b| *b == b'\n').collect();
    assert_eq!(lines.len(), 3);
    for (changed, says) in [
        (vec![lines[0], lines[2]], "`pkg:npm/left-pat@1.3.1` has contents and no attestation"),
        (vec![lines[0], lines[1]], "no attestation of the BoM itself"),
        (vec![lines[0], lines[0], lines[1], lines[2]], "is attested on line 1 already"),
        (vec![lines[1], lines[0], lines[2]], "is out of order"),
        (vec![lines[0], lines[1], foreign[1], lines[2]], "is no component of the BoM"),
        (vec![lines[0], lines[1], foreign[2]], "\"sha256\""),
        (vec![], "there is no attestation of the BoM itself"),
    ] {
        let report = check(&Published { bom: out.bom.clone(), attestations: changed.concat() }, &key);
        let messages = messages(&report).join("\n");
        assert!(messages.contains(says), "{says}: {messages}");
        assert!(report.failures.iter().all(|failure| failure.part == Part::Attestations), "{messages}");
    }
}

#[test]
fn only_a_trusted_key_counts() {
    let out = published(&sample::small(), SpecVersion::V1_6, Algorithm::Es256);
    let stranger = signer(Algorithm::Ed25519).public_key().clone();
    let report = check(&out, &[stranger]);
    let text = messages(&report).join("\n");
    assert!(text.contains("the signature is valid, but its key"), "{text}");
    assert!(text.contains("not trusted"), "{text}");
    let help = report.failures[0].help.as_ref().or(report.failures[1].help.as_ref()).unwrap();
    assert!(help.contains("bomvet key trust '{\"kty\":\"EC\""), "{help}");
}

/// A signature says only that something changed; the attestations say what.
#[test]
fn a_changed_verdict_is_located_by_the_attestations() {
    let key = [signer(Algorithm::Ed25519).public_key().clone()];
    let mut out = published(&sample::rich(), SpecVersion::V1_6, Algorithm::Ed25519);
    let text = String::from_utf8(out.bom).unwrap();
    let at = text.find("install/network: connects").unwrap();
    out.bom = format!("{}I{}", &text[..at], &text[at + 1..]).into_bytes();
    let messages = messages(&check(&out, &key)).join("\n");
    for says in [
        "the signature does not match: the file was changed after it was signed",
        "Attestations:2 `pkg:npm/left-pat@1.3.1`: expected [\"Install/network",
        "attested is a BoM with SHA-256",
    ] {
        assert!(messages.contains(says), "{says}: {messages}");
    }
    assert_eq!(messages.matches("Attestations:").count(), 2, "{messages}");
}

#[test]
fn unsigned_files_say_so_and_need_leave() {
    let out = attest::publish(&sample::small(), None, &Options::default());
    let go = |bom: &[u8], allow_unsigned| {
        let inputs = Inputs { bom, attestations: Some(&out.attestations), trusted: &[], allow_unsigned };
        verify(&inputs).unwrap()
    };
    assert!(go(&out.bom, true).is_ok(), "{:#?}", messages(&go(&out.bom, true)));
    assert!(messages(&go(&out.bom, false))[0].contains("unsigned"));
    // Taking the signature away does not make a signed BoM an unsigned one.
    let signed = published(&sample::small(), SpecVersion::V1_6, Algorithm::Ed25519);
    let mut document: Value = serde_json::from_slice(&signed.bom).unwrap();
    document.as_object_mut().unwrap().remove("signature");
    let text = messages(&go(&json::pretty(&document), true)).join("\n");
    assert!(text.contains("the signature was taken away"), "{text}");
}

/// Changes the document, signs it again with the trusted key, and gives what `verify` says.
fn resigned(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let signer = signer(Algorithm::Ed25519);
    let out = published(&sample::rich(), SpecVersion::V1_6, Algorithm::Ed25519);
    let mut document: Value = serde_json::from_slice(&out.bom).unwrap();
    change(&mut document);
    jsf::sign(&mut document, &signer);
    let bom = json::pretty(&document);
    let trusted = [signer.public_key().clone()];
    let inputs = Inputs { bom: &bom, attestations: None, trusted: &trusted, allow_unsigned: false };
    let report = verify(&inputs).unwrap();
    assert_eq!(report.signed_by.as_ref(), Some(signer.public_key().thumbprint()));
    messages(&report)
}

fn properties(document: &mut Value, at: usize) -> &mut Vec<Value> {
    document["components"][at]["properties"].as_array_mut().unwrap()
}

#[test]
fn a_good_signature_does_not_excuse_a_document_that_contradicts_itself() {
    assert_eq!(resigned(|_| {}), [""; 0]);
    type Case = (fn(&mut Value), &'static str);
    let cases: [Case; 13] = [
        (|d| properties(d, 2).retain(|p| p["name"] != "bomvet:finding"), "`bomvet:summary:findings` is [3]"),
        (|d| properties(d, 0).retain(|p| p["name"] != "bomvet:verdict"), "exactly one verdict"),
        (
            |d| properties(d, 0).push(json!({"name": "bomvet:verdict", "value": "approve"})),
            "exactly one verdict",
        ),
        (|d| properties(d, 0).retain(|p| p["name"] != "bomvet:reason"), "has no reason for its verdict"),
        (|d| d["components"][1]["bom-ref"] = d["components"][0]["bom-ref"].clone(), "is there twice"),
        (|d| d["dependencies"][1]["dependsOn"] = json!(["pkg:npm/ghost@1"]), "refers to `pkg:npm/ghost@1`"),
        (|d| d["dependencies"].as_array_mut().unwrap().truncate(2), "has no entry in `dependencies`"),
        (|d| d["declarations"]["claims"][2]["predicate"] = "approve".into(), "is claimed as \"approve\""),
        (|d| d["declarations"]["claims"].as_array_mut().unwrap().truncate(3), "has no claim"),
        (
            |d| d["declarations"]["attestations"][0]["map"][0]["conformance"]["score"] = 1.into(),
            "score and rationale",
        ),
        (
            |d| d["metadata"]["properties"][0]["value"] = "approve".into(),
            "`bomvet:verdict` is [approve], the components give deny",
        ),
        (|d| d["version"] = 2.into(), "the contents give urn:uuid:"),
        (
            |d| {
                let list = d["components"][2]["properties"].as_array_mut().unwrap();
                list.iter_mut().find(|p| p["name"] == "bomvet:coverage:text").unwrap()["value"] = "21".into();
            },
            "does not sum to its 100 bytes",
        ),
    ];
    for (change, says) in cases {
        let messages = resigned(change).join("\n");
        assert!(messages.contains(says), "{says}: {messages}");
    }
}

#[test]
fn a_failure_says_which_place_and_line() {
    let signer = signer(Algorithm::Ed25519);
    let out = published(&sample::small(), SpecVersion::V1_6, Algorithm::Ed25519);
    let text = String::from_utf8(out.bom).unwrap();
    let line = text.lines().position(|line| line.contains("\"specVersion\"")).unwrap() + 1;
    let bom = text.replace("\"specVersion\": \"1.6\"", "\"specVersion\": \"1.7\"");
    let trusted = [signer.public_key().clone()];
    let inputs = Inputs { bom: bom.as_bytes(), attestations: None, trusted: &trusted, allow_unsigned: false };
    let report = verify(&inputs).unwrap();
    let failure = report.failures.iter().find(|f| f.pointer == "/specVersion").unwrap();
    assert_eq!((failure.line, failure.part), (line, Part::Bom));
    let twice = text.replacen(
        "\"specVersion\": \"1.6\",",
        "\"specVersion\": \"1.6\",\n  \"specVersion\": \"1.6\",",
        1,
    );
    let inputs = Inputs { bom: twice.as_bytes(), ..inputs };
    assert!(messages(&verify(&inputs).unwrap())[0].contains("duplicate key `specVersion`"));
    let spaced = text.replacen("\"version\": 1", "\"version\":  1", 1);
    let inputs = Inputs { bom: spaced.as_bytes(), ..inputs };
    let all = messages(&verify(&inputs).unwrap());
    assert!(all.len() == 1 && all[0].contains("not in the form that bomvet writes"), "{all:?}");
}

#[test]
fn archives_are_compared_with_the_bom() {
    use bomvet::attest::verify::contents::find;
    let out = published(&sample::rich(), SpecVersion::V1_6, Algorithm::Ed25519);
    let document: Value = serde_json::from_slice(&out.bom).unwrap();
    assert_eq!(find(&document, "any name", sample::ARCHIVE).unwrap(), "pkg:npm/left-pat@1.3.1");
    let mut changed = sample::ARCHIVE.to_vec();
    changed[3] ^= 1;
    let failure = find(&document, "left-pat-1.3.1.tgz", &changed).unwrap_err();
    assert!(
        failure.pointer == "/components/2/hashes" && failure.message.contains("the BoM says"),
        "{failure}"
    );
    assert!(find(&document, "x.tgz", &changed).unwrap_err().message.contains("of no component"));
}

#[test]
fn the_store_is_compared_with_the_bom() {
    use bomvet::attest::verify::contents::in_store;
    use bomvet::model::Digest;
    use bomvet::store::{Store, blob_key};
    let out = published(&sample::rich(), SpecVersion::V1_6, Algorithm::Ed25519);
    let document: Value = serde_json::from_slice(&out.bom).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().to_owned());
    assert_eq!(in_store(&document, &store), (0, Vec::new()));
    let key = blob_key(&Digest::sha256(sample::ARCHIVE));
    store.put("blobs", &key, sample::ARCHIVE).unwrap();
    assert_eq!(in_store(&document, &store), (1, Vec::new()));
    store.put("blobs", &key, b"another archive").unwrap();
    let (good, failures) = in_store(&document, &store);
    assert_eq!((good, failures.len()), (0, 1));
    assert!(failures[0].message.contains("of pkg:npm/left-pat@1.3.1 has SHA-256"), "{}", failures[0]);
}
