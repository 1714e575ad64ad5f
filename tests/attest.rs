//! What is published: valid against the official schemas, signed so that other people's code
//! agrees, and no byte of it can be changed without `verify` saying so.

#[path = "attest/cli.rs"]
mod cli;
#[path = "attest/python.rs"]
mod python;
#[path = "attest/sample.rs"]
mod sample;
#[path = "attest/tamper.rs"]
mod tamper;

use bomvet::attest::keys::{Algorithm, PublicKey};
use bomvet::attest::verify::{Inputs, Report, verify};
use bomvet::attest::{self, Options, Published, Signer, SpecVersion};
use bomvet::model::Audit;
use serde_json::Value;

const SPECS: [SpecVersion; 2] = [SpecVersion::V1_5, SpecVersion::V1_6];
const ALGORITHMS: [Algorithm; 2] = [Algorithm::Ed25519, Algorithm::Es256];

fn signer(algorithm: Algorithm) -> Signer {
    Signer::from_seed(algorithm, [42; 32]).unwrap()
}

fn published(audit: &Audit, spec: SpecVersion, algorithm: Algorithm) -> Published {
    attest::publish(audit, Some(&signer(algorithm)), &Options { spec })
}

fn check(published: &Published, trusted: &[PublicKey]) -> Report {
    verify(&Inputs {
        bom: &published.bom,
        attestations: Some(&published.attestations),
        trusted,
        allow_unsigned: false,
    })
    .unwrap()
}

fn messages(report: &Report) -> Vec<String> {
    report.failures.iter().map(|f| format!("{:?}:{} {f}", f.part, f.line)).collect()
}

fn schema_errors(bom: &[u8], version: &str) -> Vec<String> {
    let read = |name: &str| -> Value {
        let path = format!("{}/fixtures/schemas/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    };
    let mut registry = jsonschema::Registry::new();
    for name in ["spdx", "jsf-0.82", "cryptography-defs"] {
        registry =
            registry.add(format!("http://cyclonedx.org/schema/{name}.schema.json"), read(name)).unwrap();
    }
    let registry = registry.prepare().unwrap();
    let validator = jsonschema::options()
        .with_registry(&registry)
        .should_validate_formats(true)
        .build(&read(&format!("bom-{version}")))
        .unwrap();
    let document: Value = serde_json::from_slice(bom).unwrap();
    validator.iter_errors(&document).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

#[test]
fn boms_are_valid_against_the_official_schemas() {
    for audit in [sample::rich(), sample::small(), sample::minimal()] {
        for spec in SPECS {
            let version = if spec == SpecVersion::V1_5 { "1.5" } else { "1.6" };
            for algorithm in ALGORITHMS {
                let errors = schema_errors(&published(&audit, spec, algorithm).bom, version);
                assert!(errors.is_empty(), "{version}: {errors:#?}");
            }
            let unsigned = attest::publish(&audit, None, &Options { spec });
            assert_eq!(schema_errors(&unsigned.bom, version), [""; 0]);
        }
    }
    // The check can fail: the same validator refuses a wrong hash.
    let mut wrong: Value =
        serde_json::from_slice(&published(&sample::rich(), SpecVersion::V1_6, Algorithm::Ed25519).bom)
            .unwrap();
    wrong["components"][0]["scope"] = "sometimes".into();
    assert_eq!(schema_errors(&serde_json::to_vec(&wrong).unwrap(), "1.6").len(), 1);
}

#[test]
fn what_is_published_verifies_and_is_the_same_each_time() {
    for audit in [sample::rich(), sample::small(), sample::minimal()] {
        for spec in SPECS {
            for algorithm in ALGORITHMS {
                let out = published(&audit, spec, algorithm);
                let report = check(&out, &[signer(algorithm).public_key().clone()]);
                assert!(report.is_ok(), "{:#?}", messages(&report));
                assert_eq!(report.packages, audit.nodes.len());
                assert_eq!(report.signed_by.as_ref(), Some(signer(algorithm).public_key().thumbprint()));
                assert_eq!(published(&audit, spec, algorithm), out);
            }
        }
    }
}

#[test]
fn findings_and_verdicts_are_read_back_from_the_bom() {
    let audit = sample::rich();
    let out = published(&audit, SpecVersion::V1_6, Algorithm::Ed25519);
    let document: Value = serde_json::from_slice(&out.bom).unwrap();
    let back = attest::read::read(&document).unwrap();
    assert_eq!(back.profile, "ci");
    assert_eq!(back.dependencies, audit.dependencies);
    assert_eq!(back.nodes.len(), audit.nodes.len());
    for (mut back, mut node) in back.nodes.into_iter().zip(audit.nodes) {
        assert_eq!(back.package.source, public(&node.package.source));
        back.package.source = node.package.source.clone();
        if let (Some(back), Some(node)) = (&mut back.contents, &mut node.contents) {
            // Not published: it differs from run to run.
            node.from.clone_from(&back.from);
        }
        if let (Some(back), Some(own)) = (&mut back.analysis, &mut node.analysis) {
            own.findings.clone_from(&back.findings);
            for capability in &mut own.capabilities {
                capability.spans.truncate(attest::bom::CAPABILITY_SPANS);
            }
        }
        assert_eq!(back, node);
    }
}

/// The sample's sources as they may be published.
fn public(source: &bomvet::model::Source) -> bomvet::model::Source {
    use bomvet::model::Source;
    match source {
        Source::Registry { url: Some(_), .. } => Source::Registry {
            registry: Some("https://registry.invalid/".into()),
            url: Some("https://registry.invalid/left-pat.tgz".into()),
        },
        other => other.clone(),
    }
}

#[test]
fn no_secret_of_a_url_is_published() {
    let out = published(&sample::rich(), SpecVersion::V1_6, Algorithm::Ed25519);
    assert!(!String::from_utf8(out.bom).unwrap().contains("secret"));
}

/// `fixtures/attest/` holds what is published for the small sample, byte for byte, as a page to
/// read and so that no change of the format goes unseen. `BOMVET_BLESS=1` writes it anew.
#[test]
fn the_small_sample_is_published_as_the_fixture_says() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/attest");
    let out = published(&sample::small(), SpecVersion::V1_6, Algorithm::Ed25519);
    let jwk = attest::json::pretty(&signer(Algorithm::Ed25519).public_key().jwk());
    for (name, bytes) in
        [("small.cdx.json", out.bom), ("small.attestations.jsonl", out.attestations), ("key.jwk", jwk)]
    {
        let path = dir.join(name);
        if std::env::var_os("BOMVET_BLESS").is_some() {
            attest::write_atomic(&path, &bytes).unwrap();
        }
        let expected = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
        assert!(String::from_utf8(bytes).unwrap() == expected, "{name} differs; see BOMVET_BLESS");
    }
}

/// What the crate writes, its own validation accepts; 1.6 is beyond it.
#[test]
fn the_model_behind_the_bom_is_valid() {
    use cyclonedx_bom::models::bom::Bom;
    use cyclonedx_bom::validation::Validate as _;
    let out = published(&sample::rich(), SpecVersion::V1_5, Algorithm::Ed25519);
    let mut document: Value = serde_json::from_slice(&out.bom).unwrap();
    // Its signature type knows algorithm and value only.
    document.as_object_mut().unwrap().remove("signature");
    let bom = Bom::parse_json_value(document).unwrap();
    let result = bom.validate();
    assert!(result.passed(), "{result:#?}");
}
