//! One scenario a test; no disk, no clock.

use super::*;
use crate::model::{
    Analysis, Capability, CapabilitySet, Confidence, Ecosystem, Finding, Gap, GapKind, Hit, Location,
    Package, Severity, Span,
};

fn package() -> Package {
    Package {
        purl: "pkg:npm/left-pad@1.3.0".to_owned(),
        ..Package::registry(
            Ecosystem::Npm,
            "left-pad",
            "1.3.0",
            Location { file: "package-lock.json".into(), line: 1, column: 1 },
        )
    }
}

fn finding(severity: Severity, confidence: Confidence) -> Finding {
    Finding { severity, confidence, ..Finding::new("malice/x", "does x", vec![Span::file("a.js")]) }
}

fn hit(kind: &str) -> Hit {
    Hit {
        purl: package().purl,
        id: "GHSA-1".to_owned(),
        aliases: vec!["CVE-1".to_owned()],
        kind: kind.to_owned(),
        cvss: Vec::new(),
        score: None,
        patched: Vec::new(),
        title: "t".to_owned(),
        url: None,
        finding: Finding::new(format!("advisory/{kind}"), "t", Vec::new()),
    }
}

fn with_net() -> Analysis {
    Analysis {
        capabilities: vec![Capability {
            kind: CapabilityKind::Net,
            count: 1,
            spans: vec![("node:http.get".to_owned(), Span::file("a.js"))],
        }],
        ..Analysis::default()
    }
}

/// 2026-11-24T00:00:00Z.
const NOW: i64 = 1_795_478_400;

struct World {
    policy: Policy,
    analysis: Option<Analysis>,
    findings: Vec<Finding>,
    hits: Vec<Hit>,
    gaps: Vec<Gap>,
    gained: CapabilitySet,
}

impl World {
    fn new(policy: &str) -> Self {
        Self {
            policy: Policy::parse("bomvet.toml", policy, None).unwrap(),
            analysis: Some(Analysis::default()),
            findings: Vec::new(),
            hits: Vec::new(),
            gaps: Vec::new(),
            gained: CapabilitySet::default(),
        }
    }

    fn decide(&self) -> String {
        let package = package();
        let decided = self.policy.decide(&Evidence {
            package: &package,
            analysis: self.analysis.as_ref(),
            verified: Some("sha512 matches"),
            findings: &self.findings,
            hits: &self.hits,
            gaps: &self.gaps,
            gained: self.gained,
            origin: None,
            now: NOW,
        });
        assert!(!decided.verdict.reasons.is_empty());
        let reasons: Vec<_> = decided
            .verdict
            .reasons
            .iter()
            .map(|r| format!("{}: {} [{}]", r.rule(), r.message(), r.clause))
            .collect();
        format!("{} {} used={:?}", decided.verdict.decision, reasons.join(" | "), decided.used)
    }
}

#[test]
fn pass_nothing_found() {
    insta::assert_snapshot!(World::new("").decide(), @"approve evidence: sha512 matches; 0 files checked, nothing that profile `ci` denies [profiles.ci] used=[]");
}

#[test]
fn fail_without_contents_even_if_nobody_said_so() {
    let world = World { analysis: None, ..World::new("") };
    insta::assert_snapshot!(world.decide(), @"deny gap/not-fetched: no contents were checked [always] used=[]");
}

#[test]
fn fail_for_every_gap_but_an_unknown_graph() {
    for kind in [
        GapKind::NotFetched,
        GapKind::Unverified,
        GapKind::NotSeen,
        GapKind::NotParsed,
        GapKind::NoAdvisories,
    ] {
        let world = World { gaps: vec![Gap::new(kind, "m")], ..World::new("") };
        assert!(world.decide().starts_with("deny"), "{kind:?}");
    }
    let world = World { gaps: vec![Gap::new(GapKind::NotResolved, "m")], ..World::new("") };
    assert!(world.decide().starts_with("approve"));
    let strict = World { gaps: world.gaps, ..World::new("profile = 'skill'") };
    assert!(strict.decide().starts_with("deny"));
}

#[test]
fn the_thresholds_are_both_needed() {
    for (severity, confidence, denied) in [
        (Severity::High, Confidence::Medium, true),
        (Severity::Critical, Confidence::Low, false),
        (Severity::Medium, Confidence::High, false),
    ] {
        let world = World { findings: vec![finding(severity, confidence)], ..World::new("") };
        assert_eq!(world.decide().starts_with("deny"), denied, "{severity} {confidence:?}");
    }
}

#[test]
fn a_capability_alone_denies_only_where_the_profile_says_so() {
    let world = World { analysis: Some(with_net()), ..World::new("") };
    assert!(world.decide().starts_with("approve"));
    let world = World { analysis: Some(with_net()), ..World::new("profile = 'micro'") };
    insta::assert_snapshot!(world.decide(), @r#"deny policy/deny-capabilities: has `net`, which needs a grant [profiles.micro.deny-capabilities contains "net"] used=[]"#);
}

#[test]
fn a_grant_counts_until_the_end_of_its_last_day() {
    let policy = |expires: &str| {
        format!(
            "profile = 'micro'\n[[grant]]\npackage = 'npm:left-pad'\ncapabilities = ['net']\nreason = 'r'\nowner = 'o'\nexpires = '{expires}'\n"
        )
    };
    let world = World { analysis: Some(with_net()), ..World::new(&policy("2026-11-24")) };
    insta::assert_snapshot!(world.decide(), @"approve evidence: sha512 matches; 0 files checked, nothing that profile `micro` denies [profiles.micro] | evidence: granted net: r (o), policy line 5 [profiles.micro] used=[0]");
    let world = World { analysis: Some(with_net()), ..World::new(&policy("2026-11-23")) };
    insta::assert_snapshot!(world.decide(), @r#"deny policy/deny-capabilities: has `net`, which needs a grant [profiles.micro.deny-capabilities contains "net"; the exception of policy line 5 expired on 2026-11-23] used=[0]"#);
}

#[test]
fn an_advisory_is_ignored_by_any_of_its_ids() {
    let world = World { hits: vec![hit("vulnerability")], ..World::new("") };
    assert!(world.decide().starts_with("deny advisory/vulnerability"));
    let ignore = "[[ignore]]\nadvisory = 'CVE-1'\nreason = 'not reachable'\nexpires = '2027-01-01'\n";
    let world = World { hits: vec![hit("vulnerability")], ..World::new(ignore) };
    assert!(world.decide().starts_with("approve") && world.decide().ends_with("used=[0]"));
    let world = World { hits: vec![hit("unmaintained")], ..World::new("") };
    assert!(world.decide().starts_with("approve"));
}

#[test]
fn an_accepted_finding_is_accepted_in_its_file_only() {
    let accept =
        "[[accept]]\nrule = 'malice/x'\npackage = 'left-pad@1.3.0'\nfile = 'b.js'\nreason = 'read it'\n";
    let world = World { findings: vec![finding(Severity::High, Confidence::High)], ..World::new(accept) };
    assert!(world.decide().starts_with("deny"));
    let world = World {
        findings: vec![finding(Severity::High, Confidence::High)],
        ..World::new(&accept.replace("b.js", "a.js"))
    };
    assert!(world.decide().starts_with("approve"));
}

#[test]
fn a_gained_capability_denies_where_asked() {
    let gained = [CapabilityKind::Net].into_iter().collect();
    let world =
        World { analysis: Some(with_net()), gained, ..World::new("[profiles.ci]\ndeny-gained = ['net']") };
    assert!(world.decide().starts_with("deny policy/deny-gained"));
}

#[test]
fn a_denied_licence_counts_only_where_there_is_no_other_choice() {
    let policy = "[profiles.ci]\ndeny-licences = ['GPL-3.0-only']";
    let licensed = |text: &str| World {
        analysis: Some(Analysis { licence: Some(text.to_owned()), ..Analysis::default() }),
        ..World::new(policy)
    };
    assert!(licensed("MIT OR GPL-3.0-only").decide().starts_with("approve"));
    assert!(licensed("GPL-3.0-only").decide().starts_with("deny policy/deny-licences"));
}

#[test]
fn bad_files_say_where_and_what_instead() {
    let error = |text: &str| Policy::parse("bomvet.toml", text, None).unwrap_err().to_string();
    insta::assert_snapshot!(error("profile = 'ci'\n[profiles.ci]\ndeny-severty = 'high'\n"), @r"
    bomvet.toml:3:1: unknown field `deny-severty`, expected one of `deny-severity`, `deny-confidence`, `deny-advisories`, `deny-advisory-severity`, `deny-gaps`, `deny-capabilities`, `deny-gained`, `deny-flows`, `deny-tools`, `deny-licences`, `max-code-lines`, `cooling-off-days`, `review-uncertain`
      help: did you mean `deny-severity`?
    ");
    insta::assert_snapshot!(error("profile = 'cii'"), @r"
    bomvet.toml:1:11: unknown profile `cii`
      help: did you mean `ci`?
    ");
    insta::assert_snapshot!(error("[[grant]]\npackage = 'x'\ncapabilities = ['nett']\n"), @r"
    bomvet.toml:3:17: unknown variant `nett`, expected one of `net`, `fs-read`, `fs-write`, `process`, `env`, `native`, `unsafe`, `dynamic-code`, `install-time`
      help: did you mean `net`?
    ");
    insta::assert_snapshot!(error("[[ignore]]\nadvisory = 'A'\nreason = ' '\nexpires = '2027-01-01'"), @"bomvet.toml:3:10: `reason` is empty");
    insta::assert_snapshot!(error("[[ignore]]\nadvisory = 'A'\nreason = 'r'\nexpires = 'soon'"), @r"
    bomvet.toml:4:11: `soon` is not a date
      help: write it as `YYYY-MM-DD`
    ");
    insta::assert_snapshot!(error("[[ignore]]\nadvisory = 'A'\nreason = 'r'"), @"bomvet.toml:1:1: missing field `expires`");
}

#[test]
fn the_template_is_the_built_in_policy() {
    let template = Policy::parse("bomvet.toml", TEMPLATE, None).unwrap();
    assert_eq!(template.digest(), Policy::builtin("ci").unwrap().digest());
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        let _ = Policy::parse("p", &text, None);
    }

    /// Whatever the findings and gaps, an approval never stands beside a reason to deny, and
    /// more evidence against a package never turns a deny into an approval.
    #[test]
    fn more_against_never_approves(kinds in proptest::collection::vec(0usize..3, 0..6)) {
        let mut world = World::new("");
        let mut denied = false;
        for kind in kinds {
            match kind {
                0 => world.findings.push(finding(Severity::Critical, Confidence::High)),
                1 => world.gaps.push(Gap::new(GapKind::NotSeen, "m")),
                _ => world.hits.push(hit("malware")),
            }
            denied |= world.decide().starts_with("deny");
            proptest::prop_assert!(denied && world.decide().starts_with("deny"));
        }
    }
}

#[test]
fn pass_a_gap_that_is_accepted_in_that_file_and_nothing_more() {
    let accept = |file: &str| {
        format!(
            "[[accept]]\nrule = \"gap/not-seen\"\npackage = \"npm:left-pad@1.3.0\"\nfile = \"{file}\"\nreason = \"a font\"\n"
        )
    };
    let mut gap = Gap::new(GapKind::NotSeen, "`a.bin`: unrecognised bytes");
    gap.spans = vec![Span::file("a.bin")];
    let gaps = vec![gap];
    let world = World { gaps: gaps.clone(), ..World::new(&accept("a.bin")) };
    insta::assert_snapshot!(world.decide(), @"approve evidence: sha512 matches; 0 files checked, nothing that profile `ci` denies [profiles.ci] | evidence: gaps that do not deny: not-seen [profiles.ci] | evidence: accepted gap/not-seen: a font, policy line 5 [profiles.ci] used=[0]");
    let world = World { gaps: gaps.clone(), ..World::new(&accept("b.bin")) };
    assert!(world.decide().starts_with("deny gap/not-seen"), "{}", world.decide());
    let world = World { gaps, analysis: None, ..World::new(&accept("a.bin")) };
    assert!(world.decide().starts_with("deny gap/not-fetched"), "{}", world.decide());
}
