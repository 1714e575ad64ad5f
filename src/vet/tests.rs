//! Against answers recorded from cargo-vet 0.10.3, and what holds whatever the files say.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::entry::{Audit, Exemption, Kind, Lock};
use super::*;
use crate::model::{Dependency, DependencyKind, Ecosystem, Location, Package, Source};

fn at() -> Location {
    Location { file: "Cargo.lock".into(), line: 1, column: 1 }
}

/// The graph of `fixtures/vet/project`.
fn graph() -> (Vec<Package>, Vec<Dependency>) {
    let crates = [
        ("aho-corasick", "1.1.5"),
        ("autocfg", "1.5.1"),
        ("hex", "0.4.3"),
        ("log", "0.4.35"),
        ("memchr", "2.8.3"),
        ("semver", "1.0.28"),
    ];
    let mut packages: Vec<_> = crates
        .iter()
        .map(|(name, version)| Package::registry(Ecosystem::Cargo, name, version, at()))
        .collect();
    for name in ["app", "tool"] {
        packages.push(Package {
            first_party: true,
            source: Source::Path { path: name.to_owned() },
            ..Package::registry(Ecosystem::Cargo, name, "0.1.0", at())
        });
    }
    let purl = |name: &str| packages.iter().find(|package| package.name == name).unwrap().purl.clone();
    let edges = [
        ("app", "aho-corasick", DependencyKind::Normal),
        ("app", "log", DependencyKind::Normal),
        ("app", "autocfg", DependencyKind::Build),
        ("app", "hex", DependencyKind::Dev),
        ("aho-corasick", "memchr", DependencyKind::Normal),
        ("tool", "semver", DependencyKind::Normal),
        ("tool", "app", DependencyKind::Dev),
    ];
    let edges = edges.iter().map(|(from, to, kind)| Dependency {
        from: purl(from),
        to: purl(to),
        kind: *kind,
        requirement: "*".to_owned(),
        platform: None,
        declared: at(),
    });
    let edges = edges.collect();
    (packages, edges)
}

/// What `bomvet vet check` concludes, in the form of the records.
fn answer(config: &str, audits: &str, lock: &str) -> Value {
    let (packages, dependencies) = graph();
    let Ok(store) = Store::parse(config, audits, lock) else { return json!({"conclusion": "error"}) };
    let today = time::macros::date!(2026 - 11 - 26);
    if !store.problems(&packages, &dependencies, today).is_empty() {
        return json!({"conclusion": "error"});
    }
    let covered = cover(&store, &packages, &dependencies);
    let named = |standing: Standing| -> Vec<String> {
        let mut names: Vec<_> = covered
            .values()
            .filter(|coverage| coverage.standing() == standing)
            .map(|coverage| format!("{}:{}", coverage.name, coverage.version))
            .collect();
        names.sort();
        names
    };
    let conclusion = show::json(&covered)["conclusion"].clone();
    match conclusion.as_str().unwrap() {
        "success" => json!({
            "conclusion": conclusion,
            "audited": named(Standing::Audited),
            "partly-audited": named(Standing::Partly),
            "exempted": named(Standing::Exempted),
        }),
        "fail (vetting)" => {
            let missing: BTreeMap<_, _> = covered
                .values()
                .filter(|coverage| !coverage.missing.is_empty())
                .map(|coverage| {
                    let mut missing = coverage.missing.clone();
                    missing.sort();
                    (format!("{}:{}", coverage.name, coverage.version), missing)
                })
                .collect();
            json!({"conclusion": conclusion, "missing": missing})
        }
        _ => json!({"conclusion": conclusion, "violated": named(Standing::Violated)}),
    }
}

#[test]
fn the_answers_are_those_of_cargo_vet() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vet/cases");
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let case: Value =
            serde_json::from_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        let file = |name: &str| case[name].as_str().unwrap();
        let answer = answer(file("config.toml"), file("audits.toml"), file("imports.lock"));
        count += 1;
        if answer != case["cargo-vet"] {
            wrong.push(format!("{}: {answer}, cargo vet: {}", case["name"], case["cargo-vet"]));
        }
    }
    assert!(count >= 50, "{count} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Files that cargo-vet took for well formatted are written as they are.
#[test]
fn what_is_read_is_written_as_it_was() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vet/cases");
    for entry in std::fs::read_dir(folder).unwrap() {
        let case: Value =
            serde_json::from_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        if case["cargo-vet"]["conclusion"] == "error" {
            continue;
        }
        let file = |name: &str| case[name].as_str().unwrap();
        let store = Store::parse(file("config.toml"), file("audits.toml"), file("imports.lock")).unwrap();
        assert_eq!(
            write::audits(&store.audits, &store.lock.publishers),
            file("audits.toml"),
            "{}",
            case["name"]
        );
        assert_eq!(write::lock(&store.lock), file("imports.lock"), "{}", case["name"]);
    }
}

#[test]
fn errors_say_where() {
    let audits = "[[audits.log]]\ncriteria = \"safe-to-deploy\"\nverison = \"1.0.0\"\n";
    let error = read_audits("audits.toml", audits).unwrap_err().to_string();
    assert_eq!(error, "audits.toml:3:1: unknown key `verison`\n  help: did you mean `version`?");
    let error = Store::parse("", "[[audits.log]]\ncriteria = \"safe-to-depoy\"\nversion = \"1.0.0\"\n", "");
    assert!(error.unwrap_err().to_string().contains("did you mean `safe-to-deploy`?"));
    assert!(read_audits("a", "[audits]\nlog = 1\n").unwrap_err().to_string().starts_with("a:2:7: "));
}

#[test]
fn what_others_write_is_mapped_and_the_rest_left_out() {
    let config = "[imports.peer]\nurl = \"https://peer.invalid/a\"\n[imports.peer.criteria-map]\np = \"l\"\n";
    let audits = "[criteria.l]\ndescription = \"d\"\n[audits]\n";
    let store = Store::parse(config, audits, "[audits.peer.audits]\n").unwrap();
    let theirs = "[criteria.p]\ndescription = \"d\"\n[criteria.q]\ndescription = \"d\"\nimplies = [\"p\", \"safe-to-deploy\"]\n\
        [[audits.log]]\ncriteria = \"q\"\nversion = \"1.0.0\"\n\
        [[audits.log]]\ncriteria = \"q\"\nversion = \"1.0.1\"\nimportable = false\n\
        [[audits.log]]\ncriteria = \"zz\"\nversion = \"1.0.2\"\n\
        [[audits.log]]\ncriteria = \"q\"\nversion = \"1.0.3\"\nnewer = 1\n";
    let (theirs, unread) = read_foreign("peer.toml", theirs).unwrap();
    let (here, unknown) = store.imported(&store.config.imports["peer"], theirs);
    assert_eq!((unread.len(), unknown.len()), (1, 1), "{unread:?} {unknown:?}");
    assert_eq!(here.audits["log"].len(), 1);
    assert_eq!(here.audits["log"][0].criteria, ["safe-to-deploy", "l"]);
    assert_eq!(here.criteria.keys().collect::<Vec<_>>(), ["p"]);
}

fn version() -> impl Strategy<Value = VetVersion> {
    (0_u8..2, 33_u8..37).prop_map(|(minor, patch)| format!("0.{}.{patch}", minor + 4).parse().unwrap())
}

fn audit() -> impl Strategy<Value = Audit> {
    let kind = prop_oneof![
        3 => version().prop_map(Kind::Full),
        4 => (version(), version()).prop_map(|(from, to)| Kind::Delta(from, to)),
        1 => "(<|>=|\\^|=)0\\.4\\.3[3-6]".prop_map(|range| Kind::Violation(range.parse().unwrap())),
    ];
    let names = prop_oneof![Just(vec![SAFE_TO_RUN.to_owned()]), Just(vec![SAFE_TO_DEPLOY.to_owned()])];
    let who = proptest::collection::vec("\\PC{0,50}", 0..3);
    let notes = proptest::option::of("[\"'\\\\ a-z\\n\\t\u{202e}é]{0,20}");
    (kind, names, who, notes, any::<bool>()).prop_map(|(kind, criteria, who, notes, importable)| Audit {
        who,
        criteria,
        kind,
        importable,
        notes,
        aggregated_from: Vec::new(),
        at: at(),
    })
}

fn store(audits: Vec<Audit>, exempted: Option<VetVersion>) -> Store {
    let mut config = entry::Config::default();
    config.exemptions.extend(exempted.map(|version| {
        let exemption = Exemption {
            version,
            criteria: vec![SAFE_TO_DEPLOY.to_owned()],
            suggest: true,
            notes: None,
            at: at(),
        };
        ("log".to_owned(), vec![exemption])
    }));
    let audits = entry::Audits { audits: [("log".to_owned(), audits)].into(), ..Default::default() };
    Store::new(config, audits, Lock::default()).unwrap()
}

fn log(store: &Store) -> Coverage {
    let (packages, dependencies) = graph();
    cover(store, &packages, &dependencies).remove("pkg:cargo/log@0.4.35").unwrap()
}

proptest! {
    #[test]
    fn an_audit_takes_nothing_away_and_order_does_not_matter(
        audits in proptest::collection::vec(audit(), 0..6),
        more in audit(),
        exempted in proptest::option::of(version()),
    ) {
        let before = log(&store(audits.clone(), exempted.clone()));
        let mut turned = audits.clone();
        turned.reverse();
        prop_assert_eq!(&log(&store(turned, exempted.clone())), &before);
        let all = audits.into_iter().chain([more.clone()]).collect();
        let after = log(&store(all, exempted));
        if matches!(more.kind, Kind::Violation(_)) {
            prop_assert_eq!(&after.met, &before.met);
            prop_assert!(after.conflicts.len() >= before.conflicts.len());
        } else {
            prop_assert!(before.missing.is_empty() <= after.missing.is_empty());
            let met = |coverage: &Coverage| coverage.met.contains(&SAFE_TO_DEPLOY.to_owned());
            prop_assert!(met(&before) <= met(&after));
        }
    }

    #[test]
    fn what_is_written_reads_back(audits in proptest::collection::vec(audit(), 0..6)) {
        let audits = entry::Audits { audits: [("log".to_owned(), audits)].into(), ..Default::default() };
        let text = write::audits(&audits, &BTreeMap::new());
        let again = read_audits("audits.toml", &text).unwrap();
        prop_assert_eq!(write::audits(&again, &BTreeMap::new()), text);
        let plain = |audits: &entry::Audits| {
            let all = audits.audits.values().flatten();
            let mut all: Vec<_> = all.map(|audit| format!("{:?}", Audit { at: at(), ..audit.clone() })).collect();
            all.sort();
            all
        };
        prop_assert_eq!(plain(&again), plain(&audits));
    }
}
