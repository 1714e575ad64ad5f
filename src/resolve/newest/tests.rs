use std::collections::BTreeMap;

use super::*;
use crate::model::{DependencyKind, Need};

/// Listings in memory.
#[derive(Default)]
struct Fake(BTreeMap<(Ecosystem, String), Arc<Listing>>);

impl Registry for Fake {
    fn listing(&self, ecosystem: Ecosystem, name: &str) -> Result<Arc<Listing>, ListingError> {
        self.0.get(&(ecosystem, name.to_owned())).cloned().ok_or(ListingError::NotFound)
    }

    /// The metadata of `file` stands in its address.
    fn core_metadata(&self, _name: &str, file: &ReleaseFile) -> Result<String, ListingError> {
        Ok(file.url.clone())
    }
}

impl Fake {
    /// `name@version day: need range, …`; a day counts from the epoch. `?` before a need makes it optional.
    fn add(&mut self, ecosystem: Ecosystem, text: &str) {
        let (head, needs) = text.split_once(": ").unwrap_or((text.trim_end_matches(':'), ""));
        let (package, day) = head.split_once(' ').unwrap();
        let (name, version) = package.rsplit_once('@').unwrap();
        let needs = needs.split(", ").filter(|need| !need.is_empty()).map(|need| {
            let (name, requirement) = need.split_once(' ').unwrap();
            Need {
                name: name.trim_start_matches('?').to_owned(),
                alias: None,
                requirement: requirement.to_owned(),
                kind: DependencyKind::Normal,
                optional: name.starts_with('?'),
                condition: None,
                features: Vec::new(),
                default_features: true,
            }
        });
        let release = Release {
            version: version.to_owned(),
            published: Some(day.parse::<i64>().unwrap() * 86_400),
            integrity: vec![crate::model::Digest::sha256(package.as_bytes())],
            needs: needs.collect(),
            features: BTreeMap::from([
                ("default".to_owned(), vec!["std".to_owned()]),
                ("std".to_owned(), vec!["dep:on".to_owned(), "weak?/x".to_owned()]),
            ]),
            ..Release::default()
        };
        let listing = Arc::make_mut(self.0.entry((ecosystem, name.to_owned())).or_default());
        listing.name = name.to_owned();
        listing.tags.insert("latest".to_owned(), version.to_owned());
        listing.releases.push(release);
    }
}

fn resolved(fake: &Fake, ecosystem: Ecosystem, name: &str, requirement: Option<&str>, day: i64) -> String {
    let wanted = Wanted { ecosystem, name: name.to_owned(), requirement: requirement.map(str::to_owned) };
    let got = resolve(&[wanted], fake, day * 86_400);
    let mut out: Vec<String> = got.packages.iter().map(|package| package.label()).collect();
    out.extend(got.gaps.iter().map(|(_, gap)| format!("{}: {}", gap.kind.as_str(), gap.message)));
    out.extend(got.findings.iter().map(|(_, finding)| finding.rule.clone()));
    for edge in &got.dependencies {
        assert!(got.packages.iter().any(|package| package.purl == edge.to), "{edge:?}");
    }
    assert!(got.packages.iter().all(|package| package.is_pinned() || !got.gaps.is_empty()));
    out.join("; ")
}

#[test]
fn npm_takes_latest_then_the_highest_and_shares_what_fits() {
    let mut fake = Fake::default();
    for line in [
        "a@1.0.0 1: b ^1.0.0, c *",
        "a@2.0.0 9: b ^2.0.0",
        "b@1.0.0 1:",
        "b@1.2.0 2:",
        "b@2.0.0 3: ?gone 1",
        "c@1.0.0 1: b ^1.0.0, a ^1.0.0",
    ] {
        fake.add(Ecosystem::Npm, line);
    }
    let npm = |requirement, day| resolved(&fake, Ecosystem::Npm, "a", requirement, day);
    assert_eq!(npm(Some("^1"), 99), "a@1.0.0; b@1.2.0; c@1.0.0");
    assert_eq!(npm(None, 5), "a@1.0.0; b@1.2.0; c@1.0.0", "2.0.0 was not there yet");
    assert_eq!(npm(Some("1.0.0"), 1), "a@1.0.0; b@1.0.0; c@1.0.0");
    assert_eq!(
        npm(None, 99),
        "a@2.0.0; b@2.0.0; not-covered: `gone` 1 is asked for and not in the graph: the registry has no package of that name"
    );
    assert_eq!(npm(Some("^7"), 99), "a@^7; not-fetched: `a` cannot be resolved: the registry has no version ^7 of `a`; origin/not-found");
    let none = resolved(&fake, Ecosystem::Npm, "zz", None, 99);
    assert!(none.ends_with("origin/not-found"), "{none}");
}

#[test]
fn cargo_has_one_version_of_each_compatible_range() {
    let mut fake = Fake::default();
    for line in [
        "a@0.1.0 1: b ^1.0, ?on ^1, ?off ^1, ?weak ^1",
        "b@1.0.0 1: c =1.0.0",
        "b@1.1.0 2: c ^1",
        "b@2.0.0 2:",
        "c@1.0.0 1:",
        "c@1.5.0 1:",
        "on@1.0.0 1: b ^2, c <1.5",
        "off@1.0.0 1:",
        "weak@1.0.0 1:",
    ] {
        fake.add(Ecosystem::Cargo, line);
    }
    let cargo = |day| resolved(&fake, Ecosystem::Cargo, "a", None, day);
    assert_eq!(cargo(99), "a@0.1.0; b@1.1.0; b@2.0.0; c@1.0.0; on@1.0.0");
    assert!(cargo(1).contains("b@1.0.0; c@1.0.0"), "{}", cargo(1));
    assert_eq!(resolved(&fake, Ecosystem::Cargo, "b", Some("1.0.0"), 99), "b@1.0.0; c@1.0.0");
}

#[test]
fn purls_are_wanted_packages() {
    for (text, want) in [
        ("pkg:npm/left-pad@1.3.0", "npm left-pad Some(\"1.3.0\")"),
        ("pkg:npm/%40s/n@^1", "npm @s/n Some(\"^1\")"),
        ("pkg:npm/@s/n", "npm @s/n None"),
        ("pkg:cargo/serde", "cargo serde None"),
    ] {
        let Wanted { ecosystem, name, requirement } = Wanted::parse(text).unwrap();
        assert_eq!(format!("{ecosystem} {name} {requirement:?}"), want);
    }
    for text in
        ["left-pad", "pkg:npm", "pkg:npm/", "pkg:gem/x", "pkg:npm/x?a=b", "pkg:npm/%ff", "pkg:npm/a b"]
    {
        assert!(Wanted::parse(text).is_err(), "{text}");
    }
}
