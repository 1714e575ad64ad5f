//! Advisories, policies, rules, licences.

use bomvet::check::advisory::{Advisories, Options};
use bomvet::check::{examples, licence as licences};
use bomvet::model::{Ecosystem, Location, Package};
use bomvet::policy::Policy;
use bomvet::rules::RuleSet;
use bomvet::vet;

use super::{bytes_of, files, fixture};

fn package(ecosystem: Ecosystem, name: &str, version: &str) -> Package {
    Package::registry(ecosystem, name, version, Location { file: "lock".into(), line: 1, column: 1 })
}

/// Loads one record from a file and asks it about some versions. A record is read or listed as skipped, never lost.
fn advisories(path: &str, data: &[u8], packages: &[Package]) -> bool {
    let folder = super::folder(&[(path.to_owned(), data)]);
    let options = Options { databases: vec![folder.path().to_owned()], ..Options::default() };
    let load = || Advisories::load(&options, packages);
    let Ok(got) = load() else {
        assert!(load().is_err());
        return false;
    };
    let seen: usize = got.databases.iter().map(|info| info.records + info.skipped.len()).sum();
    assert_eq!(seen, 1, "{:?}", got.databases);
    let hits = got.hits(packages);
    assert_eq!(hits, load().expect("as before").hits(packages));
    for hit in &hits {
        assert!(!hit.id.is_empty() && !hit.finding.spans.is_empty(), "{hit:?}");
    }
    for finding in got.database_findings(packages) {
        assert!(!finding.1.message.is_empty());
    }
    !hits.is_empty()
}

pub fn osv(data: &[u8]) -> bool {
    const VERSIONS: [&str; 6] =
        ["0.0.1", "1.0.0", "1.2.3-beta.1", "2.0.0+b", "99999999999999999999.0.0", "x"];
    const NAMES: [&str; 4] = ["left-pad", "smallvec", "event-stream", "@s/n"];
    let packages: Vec<Package> = [Ecosystem::Npm, Ecosystem::Cargo]
        .into_iter()
        .flat_map(|ecosystem| {
            NAMES.iter().flat_map(move |name| VERSIONS.iter().map(move |v| package(ecosystem, name, v)))
        })
        .collect();
    advisories("r/A-1.json", data, &packages)
}

pub fn rustsec(data: &[u8]) -> bool {
    let packages =
        ["0.0.1", "0.6.2", "1.6.0", "1.6.1-rc.1", "99.0.0"].map(|v| package(Ecosystem::Cargo, "smallvec", v));
    advisories("crates/smallvec/RUSTSEC-2021-0003.md", data, &packages)
}

pub fn policy(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    for profile in [None, Some("ci"), Some("micro"), Some("none")] {
        match (Policy::parse("bomvet.toml", text, profile), Policy::parse("bomvet.toml", text, profile)) {
            (Ok(policy), Ok(again)) => {
                assert_eq!(policy.digest(), again.digest());
                for (_, line, message) in policy.expired(4_000_000_000) {
                    assert!(line as usize <= 1 + text.lines().count() && !message.is_empty());
                }
            }
            (Err(error), Err(again)) => assert_eq!(error.to_string(), again.to_string()),
            _ => panic!("two parses differ"),
        }
    }
    Policy::parse("bomvet.toml", text, None).is_ok()
}

pub fn rule(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    // A rule's file is named like its id.
    let id = text.split('"').nth(1).unwrap_or("x");
    let parse = || RuleSet::from_files(vec![(id.to_owned(), text.to_owned())], "rules");
    match (parse(), parse()) {
        (Ok(rules), Ok(again)) => {
            assert_eq!(rules.digest(), again.digest());
            assert!(rules.explain(id).is_some() && rules.list().contains(id));
        }
        (Err(error), Err(again)) => assert_eq!(error.to_string(), again.to_string()),
        _ => panic!("two parses differ"),
    }
    parse().is_ok()
}

/// The bytes as a declared expression, as a manifest, and as a licence's text.
pub fn licence(data: &[u8]) -> bool {
    let mut valid = false;
    let text = String::from_utf8_lossy(data);
    let quoted = serde_json::json!({ "name": "x", "license": text }).to_string();
    let cargo = format!("[package]\nlicense = {}\n", toml::Value::from(&*text));
    for (ecosystem, manifest, body) in [
        (Ecosystem::Npm, "package.json", quoted.as_bytes()),
        (Ecosystem::Npm, "package.json", data),
        (Ecosystem::Cargo, "Cargo.toml", cargo.as_bytes()),
        (Ecosystem::Cargo, "Cargo.toml", data),
    ] {
        let contents = examples::contents(&[("LICENSE", data), (manifest, body)]);
        let package = package(ecosystem, "x", "1.0.0");
        let got = licences::check(&package, &contents);
        assert_eq!(got, licences::check(&package, &contents));
        for span in got.findings.iter().flat_map(|finding| &finding.spans) {
            assert!(contents.get(&span.file).is_some(), "{span:?}");
        }
        valid |=
            got.expression.is_some() && !got.findings.iter().any(|f| f.rule == "licence/invalid-expression");
    }
    valid
}

pub fn osv_seeds() -> Vec<Vec<u8>> {
    let all = br#"{"id":"GHSA-x","modified":"2024-01-02T03:04:05Z","published":"2024-01-01T00:00:00Z","aliases":["CVE-2024-1"],"summary":"s","details":"d",
"severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
"affected":[{"package":{"ecosystem":"npm","name":"left-pad"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.2.0"},{"introduced":"2.0.0"},{"last_affected":"2.1.0"}]},
{"type":"ECOSYSTEM","events":[{"introduced":"1.0.0"},{"limit":"*"}]},{"type":"GIT","repo":"https://x.invalid/r","events":[{"introduced":"0"}]}],"versions":["1.0.0"],"database_specific":{"severity":"HIGH","cwe_ids":["CWE-1"]}}],
"references":[{"type":"WEB","url":"https://x.invalid"}],"schema_version":"1.6.0"}"#;
    let mut out = bytes_of(files("fixtures/advisories/osv", &[".json"], 8 << 10));
    out.truncate(30);
    out.push(all.to_vec());
    out
}

pub fn rustsec_seeds() -> Vec<Vec<u8>> {
    bytes_of(files("fixtures/advisories/rustsec/crates/smallvec", &[".md"], 8 << 10))
}

pub fn policy_seeds() -> Vec<Vec<u8>> {
    let all = b"profile = \"ci\"\n[[grant]]\npackage = \"npm:left-*@1\"\ncapabilities = [\"net\"]\nreason = \"r\"\nowner = \"o\"\nexpires = 2030-01-01\n\
        [[ignore]]\nadvisory = \"RUSTSEC-2020-0001\"\nreason = \"r\"\nexpires = 2020-01-01\n";
    vec![fixture("src/policy/template.toml"), fixture("bomvet.toml"), all.to_vec()]
}

pub fn rule_seeds() -> Vec<Vec<u8>> {
    bytes_of(files("rules", &[".toml"], 6 << 10))
}

pub fn licence_seeds() -> Vec<Vec<u8>> {
    let texts = [
        "MIT OR Apache-2.0",
        "(GPL-2.0-only WITH Classpath-exception-2.0) AND LicenseRef-x",
        "SEE LICENSE IN x",
        "UNLICENSED",
        "MIT/Apache-2.0",
        "{\"license\":{\"type\":\"MIT\"},\"licenses\":[{\"type\":\"ISC\"},\"MIT\"]}",
        "[package]\nlicense-file = \"LICENSE\"\n",
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).chain([fixture("LICENSE-MIT")]).collect()
}

/// Places lie on characters, within the text; a scalar without quotes is its own text where it is on one line; the
/// tree is no deeper and no larger than its limits.
pub fn yaml(data: &[u8]) -> bool {
    use bomvet::yaml::{self, Value};
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let got = yaml::parse_all(text);
    assert_eq!(got, yaml::parse_all(text), "two parses differ");
    let documents = match &got {
        Ok(documents) => documents,
        Err(error) => {
            assert!(text.is_char_boundary(error.offset) && !error.message.is_empty(), "{error:?}");
            return false;
        }
    };
    let mut todo: Vec<(&yaml::Node<'_>, usize)> = documents.iter().map(|node| (node, 0)).collect();
    let mut nodes = 0;
    while let Some((node, depth)) = todo.pop() {
        nodes += 1;
        assert!(depth <= yaml::MAX_DEPTH && nodes <= text.len() + yaml::MAX_COPIES + 2, "{depth} {nodes}");
        let part =
            text.get(node.range.clone()).unwrap_or_else(|| panic!("{:?} cuts a character", node.range));
        if let Value::Scalar { text, plain: true } = &node.value
            && !part.contains(['\n', '\r'])
            && !text.is_empty()
        {
            // An anchor or a tag may stand before it.
            assert!(part.ends_with(&**text), "`{part}` is `{text}`");
        }
        todo.extend(node.elements().iter().map(|node| (node, depth + 1)));
        todo.extend(node.pairs().iter().flat_map(|(key, value)| [(key, depth + 1), (value, depth + 1)]));
    }
    documents.iter().for_each(|node| drop(node.duplicates()));
    documents.iter().any(|node| node.is_mapping())
}

pub fn yaml_seeds() -> Vec<Vec<u8>> {
    let texts = [
        "a: 1\n'b c': \"x\\ny\"\nlist:\n- p\n- {q: r, s: }\n- [t, ~]\ntext: |\n  one\n  two\nfold: >-\n  one\n",
        "d: &d {x: 1}\ne:\n  <<: *d\n  y: !t 3 # c\n---\n? [k]\n: v\n...\n",
        "\u{feff}\u{fc}: \u{e9}\n- x\n",
        "%TAG ! tag:x,2000:\n---\n!a [&x *x]\n",
    ];
    let texts = texts.iter().map(|text| text.as_bytes().to_vec());
    texts.chain(bytes_of(files("fixtures/js", &["pnpm-lock.yaml", "yarn.lock"], 4 << 10))).collect()
}

/// Reads audits to the letter and entry by entry, a lock, a configuration. What the first takes the second takes whole;
/// what is written reads back and is written the same.
pub fn vet(data: &[u8]) -> bool {
    let text = &String::from_utf8_lossy(data);
    let others = [
        vet::Store::parse(text, "[audits]", "").is_ok(),
        vet::Store::parse("", "[audits]", text)
            .map(|store| {
                let lock = vet::write::lock(&store.lock);
                let again = vet::Store::parse("", "[audits]", &lock).expect("own lock");
                assert_eq!(vet::write::lock(&again.lock), lock);
            })
            .is_ok(),
    ];
    let foreign = vet::read_foreign("audits.toml", text);
    let Ok(audits) = vet::read_audits("audits.toml", text) else { return others.contains(&true) };
    let written = vet::write::audits(&audits, &Default::default());
    let again = vet::read_audits("audits.toml", &written).expect("own audits");
    assert_eq!(vet::write::audits(&again, &Default::default()), written);
    let (foreign, left_out) = foreign.expect("read to the letter");
    assert!(left_out.is_empty(), "{left_out:?}");
    assert_eq!(foreign.audits, audits.audits);
    true
}

/// The three files of each recorded case.
pub fn vet_seeds() -> Vec<Vec<u8>> {
    let cases = bytes_of(files("fixtures/vet/cases", &[".json"], 6 << 10));
    let cases = cases.iter().map(|case| serde_json::from_slice::<serde_json::Value>(case).expect("a case"));
    let files = |case: serde_json::Value| {
        let text = |name: &str| case[name].as_str().expect("a file").as_bytes().to_vec();
        ["config.toml", "audits.toml", "imports.lock"].map(text)
    };
    let mut seeds: Vec<_> =
        cases.filter(|case| case["cargo-vet"]["conclusion"] != "error").flat_map(files).collect();
    seeds.sort();
    seeds.dedup();
    seeds
}
