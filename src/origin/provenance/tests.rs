use super::*;
use crate::model::{HashAlgorithm, Location};

fn fixture(path: &str) -> String {
    std::fs::read_to_string(format!("{}/fixtures/provenance/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn package(ecosystem: Ecosystem, name: &str, version: &str) -> Package {
    Package::registry(ecosystem, name, version, Location { file: "lock".into(), line: 7, column: 1 })
}

fn archive(algorithm: HashAlgorithm, hex: &str) -> Archive {
    Archive { name: String::new(), digests: vec![Digest::from_hex(algorithm, hex).unwrap()] }
}

const V5: &str = "849a897e81bf7b8a8541a6ae40bd3473a27a16b1cb0462ad905bd6dc96d34881053a12eb4a375233f81677fc9439f628fe0b0445e8535c60b5559597fbd5f80e";
const V04: &str = "282c0c5fa936d264321643581b65d3de5c0af6ed4fdfac12f5851115df39cc25cfaf0ad22d908487bfef30114d61c25746206d1834be4f8fd1659178f77cc004";
const REPOSITORY: &str = "git+https://github.com/sigstore/sigstore-js.git";

/// State, reason and findings of npm's answer about an archive.
fn npm_says(answer: &str, name: &str, version: &str, sha512: &str, repository: &str) -> Vec<String> {
    let package = package(Ecosystem::Npm, name, version);
    let archives = [archive(HashAlgorithm::Sha512, sha512)];
    let mut tally = npm::read(answer.as_bytes(), &package, &archives, TrustRoot::builtin());
    tally.named = vec![repository.to_owned()];
    told(judge(&package, tally))
}

fn told(attested: Attested) -> Vec<String> {
    let provenance = attested.provenance.unwrap();
    let shown = provenance.commit.or(provenance.signer).or(provenance.why).unwrap();
    let mut out = vec![format!("{}: {shown}", provenance.state.as_str())];
    out.extend(attested.findings.iter().map(|finding| format!("{}: {}", finding.rule, finding.message)));
    out.extend(attested.unknown.map(|why| format!("note: {why}")));
    out
}

#[test]
fn npm_packages_are_built_from_where_they_say() {
    let (new, old) = (fixture("npm/sigstore-5.0.0.json"), fixture("npm/sigstore-0.4.0.json"));
    let commit = ["verified: 7d2900eca1c22b3f87c13987c8d4b7c9a29b733a"];
    assert_eq!(npm_says(&new, "sigstore", "5.0.0", V5, REPOSITORY), commit);
    assert_eq!(npm_says(&new, "sigstore", "5.0.0", V5, ""), commit, "nothing is named");
    assert_eq!(
        npm_says(&old, "sigstore", "0.4.0", V04, REPOSITORY),
        ["verified: 8a2ee2fd20dda58ffa4a8d808a65cb1e04711c03"]
    );
    let mut lines = Vec::new();
    let mut say = |what: &str, told: Vec<String>| {
        lines.push(format!("{what}:"));
        lines.extend(told.into_iter().map(|line| format!("  {line}")));
    };
    say("another repository", npm_says(&new, "sigstore", "5.0.0", V5, "github:attacker/sigstore-js"));
    say("another archive", npm_says(&new, "sigstore", "5.0.0", V04, REPOSITORY));
    say("another version", npm_says(&new, "sigstore", "5.0.1", V5, REPOSITORY));
    say("another package", npm_says(&new, "@sigstore/sigstore", "5.0.0", V5, REPOSITORY));
    say("the registry's archive is another", npm_says(&old, "sigstore", "0.4.0", V5, REPOSITORY));
    let label = new.replace(
        "\"predicateType\": \"https://slsa.dev/provenance/v1\"",
        "\"predicateType\": \"https://slsa.dev/provenance/v0.2\"",
    );
    say("labelled as another kind", npm_says(&label, "sigstore", "5.0.0", V5, REPOSITORY));
    let alien = new.replace("slsa.dev/provenance/v1", "kinds.invalid/v1");
    say("of a kind that says nothing here", npm_says(&alien, "sigstore", "5.0.0", V5, REPOSITORY));
    let forged = new.replacen("MEY", "MEX", 1);
    assert_ne!(forged, new);
    say("forged", npm_says(&forged, "sigstore", "5.0.0", V5, REPOSITORY));
    let key = old.replace("\"hint\": \"SHA256:jl3", "\"hint\": \"SHA256:xxx");
    say("npm's key is not known", npm_says(&key, "sigstore", "0.4.0", V04, REPOSITORY));
    say("not JSON", npm_says("<html>", "sigstore", "0.4.0", V04, REPOSITORY));
    say("empty", npm_says("{\"attestations\":[]}", "sigstore", "0.4.0", V04, REPOSITORY));
    insta::assert_snapshot!(lines.join("\n"), @r"
    another repository:
      verified: 7d2900eca1c22b3f87c13987c8d4b7c9a29b733a
      origin/provenance-mismatch: sigstore@5.0.0 names the repository `github:attacker/sigstore-js`, but was built from `https://github.com/sigstore/sigstore-js`
    another archive:
      invalid: it is about an archive with another sha512 (849a897e81bf7b8a…, not 282c0c5fa936d264…)
      origin/provenance-invalid: a statement on how sigstore@5.0.0 was built does not hold: it is about an archive with another sha512 (849a897e81bf7b8a…, not 282c0c5fa936d264…)
    another version:
      invalid: it is about `pkg:npm/sigstore@5.0.0`
      origin/provenance-invalid: a statement on how sigstore@5.0.1 was built does not hold: it is about `pkg:npm/sigstore@5.0.0`
    another package:
      invalid: it is about `pkg:npm/sigstore@5.0.0`
      origin/provenance-invalid: a statement on how @sigstore/sigstore@5.0.0 was built does not hold: it is about `pkg:npm/sigstore@5.0.0`
    the registry's archive is another:
      invalid: it is about an archive with another sha512 (282c0c5fa936d264…, not 849a897e81bf7b8a…)
      origin/provenance-invalid: a statement on how sigstore@0.4.0 was built does not hold: it is about an archive with another sha512 (282c0c5fa936d264…, not 849a897e81bf7b8a…)
      origin/provenance-invalid: a statement on how sigstore@0.4.0 was built does not hold: it is about an archive with another sha512 (282c0c5fa936d264…, not 849a897e81bf7b8a…)
    labelled as another kind:
      invalid: it is of another kind than the registry says
      origin/provenance-invalid: a statement on how sigstore@5.0.0 was built does not hold: it is of another kind than the registry says
    of a kind that says nothing here:
      unchecked: there is none by who built it
      origin/provenance-unchecked: a statement on how sigstore@5.0.0 was built could not be verified: there is none by who built it
    forged:
      invalid: the envelope's signature is not by the key that it names
      origin/provenance-invalid: a statement on how sigstore@5.0.0 was built does not hold: the envelope's signature is not by the key that it names
    npm's key is not known:
      verified: 8a2ee2fd20dda58ffa4a8d808a65cb1e04711c03
      note: signed with the key `SHA256:xxxbwswu80PjjokCgh0o2w5c2U4LhQAE57gj9cz1kzA`, which the trust root of 2026-11-05 does not know
    not JSON:
      invalid: what the registry answered is not JSON: 1:1: expected a value, found `<`
      origin/provenance-invalid: a statement on how sigstore@0.4.0 was built does not hold: what the registry answered is not JSON: 1:1: expected a value, found `<`
    empty:
      unchecked: there is none by who built it
      origin/provenance-unchecked: a statement on how sigstore@0.4.0 was built could not be verified: there is none by who built it
    ");
}

/// What npm's answer of one version is worth for all others of a package is nothing.
#[test]
fn the_registrys_own_word_alone_is_no_provenance() {
    let mut answer: serde_json::Value = serde_json::from_str(&fixture("npm/sigstore-0.4.0.json")).unwrap();
    answer["attestations"].as_array_mut().unwrap().remove(0);
    assert_eq!(
        npm_says(&answer.to_string(), "sigstore", "0.4.0", V04, REPOSITORY),
        [
            "unchecked: there is none by who built it",
            "origin/provenance-unchecked: a statement on how sigstore@0.4.0 was built could not be verified: there is none by who built it"
        ]
    );
    // Nor may npm's key say how something was built.
    answer["attestations"][0]["predicateType"] = "https://slsa.dev/provenance/v0.2".into();
    let said = npm_says(&answer.to_string(), "sigstore", "0.4.0", V04, REPOSITORY);
    assert!(said[1].contains("of another kind"), "{said:?}");
}

fn pypi_says(answer: &str, file: &str, sha256: &str, metadata: &str) -> Vec<String> {
    let package = package(Ecosystem::Pypi, "x", "1");
    let mut tally = Tally::default();
    pypi::read(
        answer.as_bytes(),
        file,
        &archive(HashAlgorithm::Sha256, sha256),
        TrustRoot::builtin(),
        &mut tally,
    );
    tally.named = repository::in_metadata(metadata);
    told(judge(&package, tally))
}

#[test]
fn archives_of_pypi_are_published_by_whom_the_index_says() {
    let file = "pypi_attestations-0.0.19.tar.gz";
    let sha256 = "9bb1add04b1b4e182be6b0b80931593f7a291eb49d69b4fd728a5d4cbcdc4bd3";
    let answer = fixture("pypi/pypi_attestations-0.0.19.tar.gz.provenance");
    let metadata = "Name: x\nProject-URL: Homepage, https://pypi.org/project/x\nProject-URL: Source, https://github.com/trailofbits/pypi-attestations/\n\nProject-URL: Source, https://no.invalid/a/b\n";
    assert_eq!(
        pypi_says(&answer, file, sha256, metadata),
        ["verified: 08802efe1f8e5fec4ad842d6b8ce97656092ee72"]
    );
    let mut lines = Vec::new();
    let mut say = |what: &str, told: Vec<String>| {
        lines.push(format!("{what}:"));
        lines.extend(told.into_iter().map(|line| format!("  {line}")));
    };
    say("spelt otherwise", pypi_says(&answer, "pypi-attestations-0.0.19.tar.gz", sha256, ""));
    say("another file", pypi_says(&answer, "pypi_attestations-0.0.20.tar.gz", sha256, ""));
    say("another digest", pypi_says(&answer, file, &sha256.replace('9', "8"), ""));
    let other = answer.replace("\"trailofbits/pypi-attestations\"", "\"attacker/x\"");
    say("another publisher", pypi_says(&other, file, sha256, ""));
    let other = answer.replace("\"workflow\":\"release.yml\"", "\"workflow\":\"other.yml\"");
    let other = other.replace("\"workflow\": \"release.yml\"", "\"workflow\": \"other.yml\"");
    assert_ne!(other, answer);
    say("another workflow", pypi_says(&other, file, sha256, ""));
    say(
        "another repository",
        pypi_says(&answer, file, sha256, "Project-URL: Repository, https://github.com/o/x\n"),
    );
    say("a site is no repository", pypi_says(&answer, file, sha256, "Home-page: https://x.invalid/a/b\n"));
    say("none", pypi_says("{\"version\":1,\"attestation_bundles\":[]}", file, sha256, ""));
    say("a later version", pypi_says("{\"version\":2,\"attestation_bundles\":[]}", file, sha256, ""));
    let google = fixture("pypi/gcb_attestation_test-0.0.0.tar.gz.provenance");
    let sha256 = "461317362419124b6012e855423a9078d6de8aed3e74fa78cc74d669b23dc6cf";
    let named = "Project-URL: Source, https://github.com/o/x\n";
    say("an address of mail", pypi_says(&google, "gcb_attestation_test-0.0.0.tar.gz", sha256, named));
    insta::assert_snapshot!(lines.join("\n"), @r"
    spelt otherwise:
      verified: 08802efe1f8e5fec4ad842d6b8ce97656092ee72
    another file:
      invalid: it is about `pypi_attestations-0.0.19.tar.gz`
      origin/provenance-invalid: a statement on how x@1 was built does not hold: it is about `pypi_attestations-0.0.19.tar.gz`
    another digest:
      invalid: it is about an archive with another sha256 (9bb1add04b1b4e18…, not 8bb1add04b1b4e18…)
      origin/provenance-invalid: a statement on how x@1 was built does not hold: it is about an archive with another sha256 (9bb1add04b1b4e18…, not 8bb1add04b1b4e18…)
    another publisher:
      invalid: the index says that `attacker/x` published it, the certificate says `https://github.com/trailofbits/pypi-attestations`
      origin/provenance-invalid: a statement on how x@1 was built does not hold: the index says that `attacker/x` published it, the certificate says `https://github.com/trailofbits/pypi-attestations`
    another workflow:
      invalid: the index says that the workflow `other.yml` published it, the certificate says `https://github.com/trailofbits/pypi-attestations/.github/workflows/release.yml@refs/tags/v0.0.19`
      origin/provenance-invalid: a statement on how x@1 was built does not hold: the index says that the workflow `other.yml` published it, the certificate says `https://github.com/trailofbits/pypi-attestations/.github/workflows/release.yml@refs/tags/v0.0.19`
    another repository:
      verified: 08802efe1f8e5fec4ad842d6b8ce97656092ee72
      origin/provenance-mismatch: x@1 names the repository `https://github.com/o/x`, but was built from `https://github.com/trailofbits/pypi-attestations`
    a site is no repository:
      verified: 08802efe1f8e5fec4ad842d6b8ce97656092ee72
    none:
      unchecked: there is none about `pypi_attestations-0.0.19.tar.gz` by who built it
      origin/provenance-unchecked: a statement on how x@1 was built could not be verified: there is none about `pypi_attestations-0.0.19.tar.gz` by who built it
    a later version:
      unchecked: what the registry answered is of a version of provenance objects that is not read here
      origin/provenance-unchecked: a statement on how x@1 was built could not be verified: what the registry answered is of a version of provenance objects that is not read here
    an address of mail:
      verified: 919436158236-compute@developer.gserviceaccount.com
      origin/provenance-mismatch: x@1 names the repository `https://github.com/o/x`, its statement on how it was built names none: it is signed by `919436158236-compute@developer.gserviceaccount.com`
    ");
}

#[test]
fn an_archive_that_was_added_later_stands_out() {
    let package = package(Ecosystem::Pypi, "x", "1");
    let who = Identity {
        name: "n".into(),
        repository: Some("https://github.com/o/x".into()),
        ..Identity::default()
    };
    let tally = Tally { verified: vec![(who, 1, 2)], bare: vec!["x-1-evil.whl".into()], ..Tally::default() };
    let said = told(judge(&package, tally));
    assert_eq!(said[0], "unchecked: archives without a statement: x-1-evil.whl");
    assert!(said[1].starts_with("origin/provenance-partial: archives of x@1 have no statement"), "{said:?}");
}

/// A version that lost what those before it had; of another line it says less, of long ago nothing.
#[test]
fn a_statement_that_is_lost_stands_out() {
    let lost = |versions: &[(&str, bool)]| {
        let releases = versions.iter().enumerate().map(|(at, (version, attested))| crate::model::Release {
            version: (*version).to_owned(),
            published: Some(at as i64 * 86_400),
            attested: Some(*attested),
            repository: Some("o/x".to_owned()),
            ..crate::model::Release::default()
        });
        let listing =
            crate::model::Listing { releases: releases.collect(), ..crate::model::Listing::default() };
        let (version, _) = versions[versions.len() - 1];
        let package = package(Ecosystem::Npm, "x", version);
        let findings = facts::findings(&package, &facts::origin(&package, &listing), 0);
        let shown: Vec<_> = findings.iter().map(|one| format!("{}: {}", one.severity, one.message)).collect();
        shown.join("; ")
    };
    assert_eq!(lost(&[("1.0.0", false), ("1.0.1", false)]), "");
    assert_eq!(lost(&[("1.0.0", true), ("1.0.1", true)]), "");
    assert_eq!(lost(&[("1.0.1", false), ("1.0.0", true)]), "");
    assert_eq!(
        lost(&[("1.0.0", true), ("2.0.0", true), ("1.0.1", false)]),
        "medium: x@1.0.1 has no statement on how it was built, 1.0.0 before it had one"
    );
    assert_eq!(
        lost(&[("2.0.0", true), ("1.0.1", false)]),
        "low: x@1.0.1 has no statement on how it was built, 2.0.0 before it had one"
    );
    let mut long: Vec<(String, bool)> = vec![("1.0.0".to_owned(), true)];
    long.extend((1..=11).map(|n| (format!("1.0.{n}"), false)));
    let long: Vec<(&str, bool)> =
        long.iter().map(|(version, attested)| (version.as_str(), *attested)).collect();
    assert_eq!(lost(&long), "", "ten versions later");
    assert!(lost(&long[..11]).starts_with("medium"), "{}", lost(&long[..11]));
}

#[test]
fn spellings_of_a_repository_are_one() {
    let same = [
        "https://github.com/Owner/Name",
        "http://www.github.com/owner/name.git",
        "git+https://github.com/owner/name.git#main",
        "git+ssh://git@github.com/owner/name.git",
        "git://github.com/owner/name.git",
        "git@github.com:owner/name.git",
        "github:owner/name",
        "owner/name",
        "github.com/owner/name",
        "https://github.com/owner/name/tree/main/packages/x",
        " https://github.com/owner/name/ ",
    ];
    for text in same {
        assert_eq!(repository::normal(text).as_deref(), Some("github.com/owner/name"), "{text}");
    }
    assert_eq!(
        repository::normal("https://gitlab.com/group/sub/name/-/tree/main").as_deref(),
        Some("gitlab.com/group/sub/name")
    );
    for text in [
        "",
        "x",
        "https://github.com/owner",
        "https://github.com/",
        "ftp://github.com/a/b",
        "//",
        "a@b",
        "https://",
    ] {
        assert_eq!(repository::normal(text), None, "{text}");
    }
    // Names that only look alike.
    for text in [
        "https://github.com.evil.invalid/owner/name",
        "https://github.com/owner/name2",
        "https://github.com@evil.invalid/owner/name",
    ] {
        assert_ne!(repository::normal(text).as_deref(), Some("github.com/owner/name"), "{text}");
    }
}

/// Whatever host a listing names, the registry of the user's configuration is asked, and nothing above it.
#[test]
fn statements_are_asked_of_the_configured_registry() {
    use crate::acquire::net::NamedBy;
    use crate::acquire::registry::npm::NpmConfig;
    let config =
        NpmConfig::parse("registry=https://r.invalid/npm/\n//r.invalid/npm/:_authToken=t\n", &|_| None);
    let at = |address: &str| config.attestations("x", address).map(|target| target.url.to_string());
    assert_eq!(
        at("https://registry.npmjs.org/-/npm/v1/attestations/@s%2fx@1.0.0").as_deref(),
        Ok("https://r.invalid/npm/-/npm/v1/attestations/@s%2fx@1.0.0")
    );
    for address in ["https://evil.invalid/../../up", "https://u:p@evil.invalid/a?b#c", "file:///etc/passwd"] {
        let url = at(address).unwrap();
        assert!(url.starts_with("https://r.invalid/npm/") && !url.contains(['?', '#', '@']), "{url}");
    }
    assert!(at("no address").is_err());
    assert_eq!(config.attestations("x", "https://r.invalid/a").unwrap().by, NamedBy::User);
}

#[test]
fn a_root_that_expired_is_said() {
    assert_eq!(stale_root(1_800_000_000), None);
    assert!(stale_root(1_808_422_052).unwrap().contains("trust root of 2026-11-05, which has expired"));
}

proptest::proptest! {
    #[test]
    fn no_text_of_a_package_panics(text in "\\PC{0,60}", metadata in "([a-zA-Z-]{0,12}:? ?[^\\n]{0,30}\n){0,6}") {
        let _ = repository::normal(&text);
        let who = Identity::default();
        let _ = repository::differs("x", &who, &repository::in_metadata(&metadata));
        let _ = repository::differs("x", &who, &[text]);
    }
}
