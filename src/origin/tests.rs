use proptest::prelude::*;

use super::*;
use crate::model::Location;

const PACKUMENT: &str = r#"{"name":"a","dist-tags":{"latest":"1.1.0"},"time":{"created":"2020-01-01T00:00:00Z","1.0.0":"2020-01-01T00:00:00.000Z","1.1.0":"2026-01-01T00:00:00.000Z","1.2.0":"2026-01-02T00:00:00.000Z"},"versions":{
"1.0.0":{"name":"a","version":"1.0.0","_npmUser":{"name":"old"},"repository":"github:o/a","dist":{"tarball":"https://r.invalid/a.tgz","shasum":"da39a3ee5e6b4b0d3255bfef95601890afd80709"}},
"1.1.0":{"name":"a","version":"1.1.0","_npmUser":{"name":"new"},"deprecated":"use\nb","dependencies":{"b":"^1","c":"npm:@s/d@~2","e":"1"},"bundleDependencies":["e"],"optionalDependencies":{"b":"^1"},"peerDependencies":{"p":"*","q":"*"},"peerDependenciesMeta":{"q":{"optional":true}},"dist":{"attestations":{"url":"x"}}},
"1.2.0":{"name":"a","version":"1.2.0","_npmUser":{"name":"GitHub Actions"},"repository":{"url":"git+https://h.invalid/o/a"},"dist":{"attestations":{"url":"x"}}}}}"#;

fn package(ecosystem: Ecosystem, version: &str) -> Package {
    let at = Location { file: "package-lock.json".into(), line: 3, column: 1 };
    Package::registry(ecosystem, "a", version, at)
}

fn rules(version: &str, now: &str) -> Vec<String> {
    let package = package(Ecosystem::Npm, version);
    let origin = facts::origin(&package, &npm::parse(PACKUMENT.as_bytes()).unwrap());
    let findings = facts::findings(&package, &origin, time(now).unwrap());
    findings.into_iter().map(|finding| format!("{}: {}", finding.rule, finding.message)).collect()
}

#[test]
fn what_npm_says_of_a_version() {
    let listing = npm::parse(PACKUMENT.as_bytes()).unwrap();
    let release = listing.release("1.1.0").unwrap();
    let needs: Vec<_> = release
        .needs
        .iter()
        .map(|need| format!("{} {} {:?}", need.name, need.requirement, need.kind))
        .collect();
    assert_eq!(needs, ["b ^1 Optional", "@s/d ~2 Normal", "p * Peer"]);
    let origin = facts::origin(&package(Ecosystem::Npm, "1.1.0"), &listing);
    assert_eq!((origin.versions, origin.publisher_before.as_deref()), (3, Some("old")));
    assert_eq!(origin.age_days(time("2026-01-03T12:00:00Z").unwrap()), Some(2));
    assert_eq!(rules("1.0.0", "2026-01-03T00:00:00Z"), [""; 0]);
    assert_eq!(
        rules("1.1.0", "2026-01-03T00:00:00Z"),
        [
            "origin/deprecated: a@1.1.0 is deprecated: use b",
            "origin/publisher-changed: a@1.1.0 was published by `new`, 2 days ago, the version before by `old`",
            "origin/no-repository: a@1.1.0 names no repository",
        ]
    );
    assert_eq!(
        rules("1.2.0", "2026-01-03T00:00:00Z"),
        [""; 0],
        "a build service that says where it built from"
    );
    assert_eq!(
        rules("9.9.9", "2026-01-03T00:00:00Z"),
        ["origin/not-found: the registry has no version 9.9.9 of `a`"]
    );
}

#[test]
fn what_an_index_says() {
    let lines = "{\"name\":\"a\",\"vers\":\"1.0.0\",\"deps\":[{\"name\":\"x\",\"req\":\"^1\",\"package\":\"y\",\"optional\":true},{\"name\":\"t\",\"req\":\"^1\",\"kind\":\"dev\"}],\"cksum\":\"\",\"features\":{\"f\":[\"dep:x\"]},\"yanked\":true,\"pubtime\":\"2026-01-01T00:00:00Z\"}\n";
    let listing = cargo::parse(lines.as_bytes()).unwrap();
    let origin = facts::origin(&package(Ecosystem::Cargo, "1.0.0"), &listing);
    assert!(origin.found && origin.yanked.is_some() && origin.published.is_some());
    let need = &listing.releases[0].needs[0];
    assert_eq!(
        (need.name.as_str(), need.alias.as_deref(), listing.releases[0].needs.len()),
        ("y", Some("x"), 1)
    );
    assert!(cargo::parse(b"").is_err() && cargo::parse(b"{}\n").unwrap_err().starts_with("line 1"));
}

#[test]
fn what_a_page_says() {
    let page = r#"{"meta":{"api-version":"1.3"},"name":"A_b","files":[
        {"filename":"a_b-1.0.tar.gz","url":"x","hashes":{},"upload-time":"2026-01-02T00:00:00.000000Z","yanked":"bad","provenance":"https://x"},
        {"filename":"a_b-1.0-py3-none-any.whl","url":"x","hashes":{},"upload-time":"2026-01-01T00:00:00Z","yanked":"bad","provenance":null},
        {"filename":"a_b-2.0-py3-none-any.whl","url":"x","hashes":{},"yanked":false}]}"#;
    let listing = pypi::parse(page.as_bytes(), &base()).unwrap();
    let at = Location { file: "uv.lock".into(), line: 1, column: 1 };
    let origin = facts::origin(&Package::registry(Ecosystem::Pypi, "a-b", "1.0.0", at.clone()), &listing);
    assert_eq!((origin.found, origin.versions, origin.yanked.as_deref()), (true, 2, Some("bad")));
    assert_eq!(origin.published, time("2026-01-01T00:00:00Z"));
    assert_eq!(origin.attested, Some(false), "one archive has none");
    let newer = facts::origin(&Package::registry(Ecosystem::Pypi, "a-b", "2.0", at), &listing);
    assert!(newer.found && newer.yanked.is_none() && newer.published.is_none());
    assert!(pypi::parse(b"<html>", &base()).unwrap_err().contains("PEP 691"));
}

proptest! {
    #[test]
    fn no_answer_panics(text in "[\\[\\]{}:,\"a-z0-9.@ ]{0,200}") {
        let _ = npm::parse(text.as_bytes());
        let _ = cargo::parse(text.as_bytes());
        let _ = pypi::parse(text.as_bytes(), &base());
    }

    #[test]
    fn no_change_of_a_packument_panics(at in 0usize..1200, with in "[\\[\\]{}:,\"0]{0,3}") {
        let mut text = PACKUMENT.to_owned();
        let at = at.min(text.len());
        text.replace_range(at..(at + 1).min(text.len()), &with);
        if let Ok(listing) = npm::parse(text.as_bytes()) {
            for version in ["1.0.0", "1.1.0"] {
                let package = package(Ecosystem::Npm, version);
                let origin = facts::origin(&package, &listing);
                facts::findings(&package, &origin, i64::MIN);
            }
        }
    }
}

fn base() -> url::Url {
    url::Url::parse("https://index.invalid/simple/x/").expect("a URL")
}
