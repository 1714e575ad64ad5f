use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::Location;

fn package(ecosystem: Ecosystem, name: &str, version: &str) -> Package {
    Package::registry(
        ecosystem,
        name,
        version,
        Location { file: Arc::from("package-lock.json"), line: 7, column: 5 },
    )
}

fn git(commit: &str) -> Package {
    let source =
        Source::Git { url: "https://git.invalid/Org/x.git".to_owned(), commit: Some(commit.to_owned()) };
    Package { source, ..package(Ecosystem::Npm, "x", "0.0.0") }
}

/// A record about `x` of npm with one range of these events.
fn record(kind: &str, events: serde_json::Value) -> Record {
    let json = json!({"id": "OSV-1", "affected": [{
        "package": {"ecosystem": "npm", "name": "x"},
        "ranges": [{"type": kind, "repo": "https://git.invalid/org/x", "events": events}],
    }]});
    parse(json.to_string().as_bytes()).expect("a record").remove(0)
}

/// Which of the versions are hit.
fn hit(record: &Record, versions: &[&str]) -> Vec<String> {
    versions
        .iter()
        .filter(|version| record.hits(&package(Ecosystem::Npm, "x", version)) == Match::Yes)
        .map(|version| (*version).to_owned())
        .collect()
}

#[test]
fn events_switch_affected_on_and_off_whatever_their_order() {
    let events =
        json!([{"fixed": "3.1.0"}, {"introduced": "0"}, {"fixed": "1.5.0"}, {"introduced": "2.0.0"}]);
    for kind in ["SEMVER", "ECOSYSTEM"] {
        let got = hit(
            &record(kind, events.clone()),
            &["0.0.0-alpha", "0.0.1", "1.4.9", "1.5.0", "1.9.0", "2.0.0", "3.0.9", "3.1.0", "4.0.0"],
        );
        assert_eq!(got, ["0.0.0-alpha", "0.0.1", "1.4.9", "2.0.0", "3.0.9"]);
    }
}

#[test]
fn prereleases_come_before_their_release() {
    let record = record("SEMVER", json!([{"introduced": "1.0.0-beta.2"}, {"fixed": "1.0.0"}]));
    let got = hit(&record, &["1.0.0-beta.1", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1+build", "1.0.0"]);
    assert_eq!(got, ["1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1+build"]);
}

#[test]
fn last_affected_is_affected_and_what_follows_is_not() {
    let both = record("SEMVER", json!([{"introduced": "0"}, {"last_affected": "1.2.0"}]));
    assert_eq!(
        hit(&both, &["1.1.0", "1.2.0", "1.2.0+build", "1.2.1-0", "1.2.1"]),
        ["1.1.0", "1.2.0", "1.2.0+build"]
    );
    let one = record("SEMVER", json!([{"last_affected": "2.0.0"}, {"introduced": "2.0.0"}]));
    assert_eq!(hit(&one, &["1.9.9", "2.0.0", "2.0.1"]), ["2.0.0"]);
}

#[test]
fn a_fix_and_a_new_introduction_at_one_version() {
    let events =
        json!([{"introduced": "0"}, {"fixed": "2.0.0"}, {"introduced": "2.0.0"}, {"fixed": "3.0.0"}]);
    assert_eq!(
        hit(&record("SEMVER", events), &["1.0.0", "2.0.0", "2.5.0", "3.0.0"]),
        ["1.0.0", "2.0.0", "2.5.0"]
    );
}

#[test]
fn limits_bound_what_is_looked_at() {
    let record = record("SEMVER", json!([{"introduced": "1.0.0"}, {"limit": "2.0.0"}]));
    assert_eq!(hit(&record, &["0.9.0", "1.0.0", "1.9.0", "2.0.0", "3.0.0"]), ["1.0.0", "1.9.0"]);
    let open = self::record("SEMVER", json!([{"introduced": "1.0.0"}, {"limit": "*"}]));
    assert_eq!(hit(&open, &["0.9.0", "9.0.0"]), ["9.0.0"]);
}

#[test]
fn versions_written_loosely_are_read() {
    let record = record("ECOSYSTEM", json!([{"introduced": "1"}, {"fixed": "v2.1"}]));
    assert_eq!(hit(&record, &["0.9.0", "1.0.0", "2.0.9", "2.1.0"]), ["1.0.0", "2.0.9"]);
}

#[test]
fn enumerated_versions_hit_beside_and_without_ranges() {
    let json = json!({"id": "MAL-2018-1", "affected": [{
        "package": {"ecosystem": "npm", "name": "x"}, "versions": ["3.3.6", "v4.0"],
    }]});
    let record = parse(json.to_string().as_bytes()).expect("a record").remove(0);
    assert_eq!(record.kind, Kind::Malware);
    assert_eq!(hit(&record, &["3.3.5", "3.3.6", "3.3.7", "4.0.0"]), ["3.3.6", "4.0.0"]);
}

#[test]
fn what_cannot_be_ordered_is_unknown_not_absent() {
    let odd = record("ECOSYSTEM", json!([{"introduced": "0"}, {"fixed": "one"}]));
    assert_eq!(
        odd.hits(&package(Ecosystem::Npm, "x", "1.0.0")),
        Match::Unknown("the record's `one` is not a semantic version".to_owned())
    );
    let plain = record("SEMVER", json!([{"introduced": "0"}]));
    assert!(matches!(plain.hits(&package(Ecosystem::Npm, "x", "latest")), Match::Unknown(_)));
}

#[test]
fn commits_are_compared_with_the_events_only() {
    let record = record("GIT", json!([{"introduced": "aa"}, {"fixed": "bb"}]));
    assert_eq!(record.hits(&git("AA")), Match::Yes);
    assert_eq!(record.hits(&git("bb")), Match::No);
    assert!(matches!(record.hits(&git("cc")), Match::Unknown(_)));
    // A package of the registry is no matter of commits.
    assert_eq!(record.hits(&package(Ecosystem::Npm, "x", "1.0.0")), Match::No);
    // Another repository.
    let mut other = git("aa");
    other.source =
        Source::Git { url: "ssh://git@git.invalid/other/x".to_owned(), commit: Some("aa".to_owned()) };
    assert_eq!(record.hits(&other), Match::No);
}

#[test]
fn addresses_of_one_repository() {
    let same = ["git+ssh://git@h.invalid/o/r.git", "https://h.invalid/o/r/", "git@h.invalid:o/r.git"];
    assert!(same.iter().all(|url| repository(url) == "h.invalid/o/r"), "{:?}", same.map(repository));
}

#[test]
fn a_crate_of_another_registry_is_another_crate() {
    let json = json!({"id": "OSV-1", "affected": [{
        "package": {"ecosystem": "crates.io", "name": "Some_Crate"},
        "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}],
    }]});
    let record = parse(json.to_string().as_bytes()).expect("a record").remove(0);
    let mut package = package(Ecosystem::Cargo, "some-crate", "1.0.0");
    assert_eq!(key(record.ecosystem, &record.name), key(package.ecosystem, &package.name));
    assert_eq!(record.hits(&package), Match::Yes);
    package.source =
        Source::Registry { registry: Some("https://index.example.invalid/".to_owned()), url: None };
    assert_eq!(record.hits(&package), Match::No);
}

#[test]
fn withdrawn_records_and_other_ecosystems_give_nothing() {
    let affected =
        |ecosystem: &str| json!([{"package": {"ecosystem": ecosystem, "name": "x"}, "versions": ["1.0.0"]}]);
    let withdrawn = json!({"id": "A-1", "withdrawn": "2024-01-01T00:00:00Z", "affected": affected("npm")});
    assert!(parse(withdrawn.to_string().as_bytes()).expect("a record").is_empty());
    let other = json!({"id": "A-1", "affected": affected("RubyGems")});
    assert!(parse(other.to_string().as_bytes()).expect("a record").is_empty());
}

#[test]
fn broken_records_say_what_is_wrong() {
    let why = |json: serde_json::Value| parse(json.to_string().as_bytes()).err().unwrap_or_default();
    let range = |range: serde_json::Value| {
        why(
            json!({"id": "A", "affected": [{"package": {"ecosystem": "npm", "name": "x"}, "ranges": [range]}]}),
        )
    };
    let got = [
        why(json!({"id": ""})),
        why(json!({"id": 7})),
        range(json!({"type": "SEMVER", "events": [{"fixed": "1.0.0"}]})),
        range(json!({"type": "SEMVER", "events": [{}]})),
        range(json!({"type": "SEMVER", "events": [{"introduced": "0", "fixed": "1.0.0"}]})),
        range(json!({"type": "CALVER", "events": []})),
    ];
    insta::assert_snapshot!(got.join("\n"), @r"
    has no `id`
    invalid type: integer `7`, expected a string at line 1 column 7
    has a range without an `introduced` event
    has an event without a version
    has an event with more than one version
    has a range of the unknown type `CALVER`
    ");
}

/// A second, naive way to decide a range: walk over every version of a small world, in order, with
/// a switch.
fn oracle(world: &[semver::Version], events: &[(usize, u8)], version: usize) -> bool {
    let mut on = false;
    let mut state = Vec::new();
    for (at, _) in world.iter().enumerate() {
        for (_, kind) in events.iter().filter(|(place, _)| *place == at) {
            match kind {
                0 => on = true,
                _ => on = false,
            }
        }
        state.push(on);
    }
    state[version]
}

proptest! {
    /// `introduced` and `fixed` at distinct versions, in any order, against the walk.
    #[test]
    fn ranges_agree_with_a_walk_over_all_versions(
        places in proptest::sample::subsequence((0..12_usize).collect::<Vec<_>>(), 1..8),
        kinds in proptest::collection::vec(0..2_u8, 8),
        order in any::<u64>(),
    ) {
        let world: Vec<semver::Version> = (0..12)
            .map(|n| match n % 3 {
                0 => format!("{}.0.0-rc.1", n / 3),
                1 => format!("{}.0.0", n / 3),
                _ => format!("{}.2.0", n / 3),
            })
            .map(|text| text.parse().expect("a version"))
            .collect();
        let mut events: Vec<(usize, u8)> = places.iter().copied().zip(kinds).collect();
        events[0].1 = 0;
        let mut json: Vec<_> = events
            .iter()
            .map(|(at, kind)| json!({ if *kind == 0 { "introduced" } else { "fixed" }: world[*at].to_string() }))
            .collect();
        let turn = order as usize % json.len();
        json.rotate_left(turn);
        if order % 2 == 0 { json.reverse(); }
        let record = record("SEMVER", serde_json::Value::Array(json));
        for (at, version) in world.iter().enumerate() {
            let got = record.hits(&package(Ecosystem::Npm, "x", &version.to_string())) == Match::Yes;
            prop_assert_eq!(got, oracle(&world, &events, at), "{}", version);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes);
    }

    /// Records of the right outline with anything in the fields.
    #[test]
    fn no_record_panics(id in ".{0,12}", name in ".{0,8}", kind in "SEMVER|ECOSYSTEM|GIT|x", a in ".{0,12}",
                        b in "[0-9v.*+-]{0,12}", version in ".{0,12}", score in ".{0,40}") {
        let json = json!({"id": id, "aliases": [a], "severity": [{"type": "CVSS_V3", "score": score}], "affected": [{
            "package": {"ecosystem": "npm", "name": name},
            "ranges": [{"type": kind, "events": [{"introduced": b}, {"fixed": a}, {"limit": version}]}],
            "versions": [version],
        }]});
        for record in parse(json.to_string().as_bytes()).unwrap_or_default() {
            let _ = record.hits(&package(Ecosystem::Npm, &name, &version));
            let _ = record.hits(&git(&a));
            record.cvss.iter().for_each(|vector| { super::super::severity::score(vector); });
        }
    }
}
