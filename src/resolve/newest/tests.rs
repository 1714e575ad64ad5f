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
    let (_, got) = resolve_one(&wanted, fake, day * 86_400).expect("a package");
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
    assert_eq!(
        npm(Some("^7"), 99),
        "a@^7; not-fetched: `a` cannot be resolved: the registry has no version ^7 of `a`; origin/not-found"
    );
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

/// A version with one archive: `name@version day file options`, where options are `yanked` and
/// `python=…`; `needs` are lines of `Requires-Dist`.
fn python(fake: &mut Fake, text: &str, needs: &[&str]) {
    let mut words = text.split(' ');
    let (name, version) = words.next().unwrap().rsplit_once('@').unwrap();
    let day: i64 = words.next().unwrap().parse().unwrap();
    let end = words.next().unwrap();
    let options: Vec<&str> = words.collect();
    let file = format!("{name}-{version}{end}");
    let core: String = needs.iter().map(|need| format!("Requires-Dist: {need}\n")).collect();
    let listed = ReleaseFile {
        integrity: vec![crate::model::Digest::sha256(file.as_bytes())],
        url: format!("Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{core}"),
        size: Some(1000),
        published: Some(day * 86_400),
        yanked: options.contains(&"yanked"),
        requires_python: options.iter().find_map(|word| word.strip_prefix("python=")).map(str::to_owned),
        provenance: None,
        metadata: None,
        name: file,
    };
    let listing = Arc::make_mut(fake.0.entry((Ecosystem::Pypi, name.to_owned())).or_default());
    listing.name = name.to_owned();
    if let Some(release) = listing.releases.iter_mut().find(|release| release.version == version) {
        release.files.push(listed);
        return;
    }
    listing.releases.push(Release { version: version.to_owned(), files: vec![listed], ..Release::default() });
}

#[test]
fn pip_takes_the_newest_that_suits_python_and_machine() {
    let mut fake = Fake::default();
    let pure = "-py3-none-any.whl";
    for (text, needs) in [
        (format!("a@1.0 1 {pure}"), &["b>=1", "no; sys_platform == 'win32'"][..]),
        (
            format!("a@2.0 5 {pure}"),
            &["b>=1,<2; python_version >= '3.8'", "on; extra == 'fast'", "x @ https://h.invalid/x.whl"],
        ),
        (format!("a@3.0rc1 6 {pure}"), &[]),
        (format!("a@3.1 6 {pure} python=>=3.13"), &[]),
        (format!("a@3.2 6 {pure} yanked"), &[]),
        ("a@3.3 6 -cp312-cp312-win_amd64.whl".to_owned(), &[]),
        (format!("b@1.5 1 {pure}"), &["c"]),
        (format!("b@2.1 1 {pure}"), &["c>5"]),
        (format!("c@0.9b1 1 {pure}"), &[]),
        (format!("on@1.0 1 {pure}"), &["a[fast]"]),
        ("s@1.0 1 .tar.gz".to_owned(), &["b==1.5"]),
    ] {
        python(&mut fake, &text, needs);
    }
    let pip = |name, requirement, day| resolved(&fake, Ecosystem::Pypi, name, requirement, day);
    let address = "; not-covered: `x` is asked for and not in the graph: it is named by the address `https://h.invalid/x.whl`";
    assert_eq!(pip("A", None, 99), format!("a@2.0; b@1.5; c@0.9b1{address}"));
    assert_eq!(pip("a[fast]", None, 99), format!("a@2.0; b@1.5; c@0.9b1; on@1.0{address}"));
    // `c>5` is met by nothing.
    assert_eq!(
        pip("a", None, 3),
        "a@1.0; b@2.1; not-covered: `c` >5 is asked for and not in the graph: no version meets it for CPython 3.12 on Linux x86-64 (glibc)"
    );
    assert!(pip("a", Some("==3.2"), 99).starts_with("a@3.2"), "pinned, so what is withdrawn is taken");
    assert!(pip("a", Some("3.0rc1"), 99).starts_with("a@3.0rc1"));
    assert!(pip("a", Some(">=2,<3"), 99).starts_with("a@2.0"));
    assert!(pip("a", Some(">2.5"), 99).starts_with("a@3.0rc1"), "there is nothing else");
    for version in ["3.1", "3.3", "9"] {
        let none = pip("a", Some(version), 99);
        assert!(none.contains(&format!("has no version {version} of `a` for CPython")), "{none}");
        assert!(none.ends_with("origin/not-found"), "{none}");
    }
    assert!(pip("a", Some("^1"), 99).contains("neither a version nor a specifier"));
    assert!(
        pip("s", None, 99).contains("s@1.0 is built from source: what the build takes is not in the graph")
    );
}

#[test]
fn distributions_that_do_not_agree_are_a_gap() {
    let mut fake = Fake::default();
    for (text, needs) in [
        ("a@1 1 -py3-none-any.whl", &["b<2", "c"][..]),
        ("b@1 1 -py3-none-any.whl", &[]),
        ("b@2 1 -py3-none-any.whl", &[]),
        ("c@1 1 -py3-none-any.whl", &["b>=2", "a>0"]),
    ] {
        python(&mut fake, text, needs);
    }
    let got = resolved(&fake, Ecosystem::Pypi, "a", None, 9);
    assert_eq!(
        got,
        "a@1; b@1; c@1; not-covered: `b` <2, >=2 is asked for and not in the graph: no version meets all of them"
    );
}

#[test]
fn what_lies_here_brings_what_its_manifest_asks_for() {
    let mut fake = Fake::default();
    python(&mut fake, "b@1.0 1 -py3-none-any.whl", &[]);
    fake.add(Ecosystem::Cargo, "on@1.0.0 1:");
    let purl = "pkg:pypi/a@7?download_url=file://a.whl";
    let core = "Metadata-Version: 2.1\nRequires-Dist: b\nRequires-Dist: gone\n".to_owned();
    let release = Release { version: "7".to_owned(), ..Release::default() };
    let known = Known { release, core: Some(core) };
    let got = resolve_known((Ecosystem::Pypi, "A", purl), known, &fake, 9 * 86_400);
    assert_eq!(got.packages.iter().map(Package::label).collect::<Vec<_>>(), ["b@1.0"]);
    assert_eq!((&*got.dependencies[0].from, &*got.dependencies[0].to), (purl, "pkg:pypi/b@1.0"));
    assert!(got.gaps.len() == 1 && got.gaps[0].0 == purl, "{:?}", got.gaps);
    let release = fake.listing(Ecosystem::Cargo, "on").unwrap().releases[0].clone();
    let mut known = Known { release, core: None };
    known.release.needs = vec![Need {
        name: "on".to_owned(),
        alias: None,
        requirement: "^1".to_owned(),
        kind: DependencyKind::Build,
        optional: false,
        condition: None,
        features: Vec::new(),
        default_features: true,
    }];
    let got = resolve_known((Ecosystem::Cargo, "own", "pkg:cargo/own"), known, &fake, 9 * 86_400);
    assert_eq!((got.packages.len(), got.dependencies.len(), got.gaps.len()), (1, 1, 0));
}
