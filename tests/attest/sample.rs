//! Audits made up for the tests: one with every field in use, one with as little as there can be.

use std::collections::BTreeMap;

use bomvet::model::*;

fn span(file: &str, line: u32, text: &str) -> Span {
    Span {
        file: file.into(),
        line,
        column: 3,
        start: 10,
        end: 14,
        text: text.into(),
        text_start: 2,
        text_len: 4,
    }
}

fn package(ecosystem: Ecosystem, name: &str, version: &str, line: u32) -> Package {
    Package {
        purl: purl(ecosystem, name, version, &[]),
        ecosystem,
        agent: None,
        name: name.into(),
        version: version.into(),
        source: Source::Registry { registry: None, url: None },
        integrity: Vec::new(),
        declared: Location { file: "package-lock.json".into(), line, column: 5 },
        first_party: false,
        optional: false,
        platform: PlatformSpec::default(),
        licence: None,
        features: Vec::new(),
        patches: None,
        pin: None,
        folder: None,
        artifacts: Vec::new(),
    }
}

fn node(package: Package, decision: Decision, reasons: Vec<Reason>) -> Node {
    Node {
        place: Place {
            depth: Some(1),
            reach: Reach::Normal,
            path: vec![package.purl.clone()],
            ..Place::default()
        },
        package,
        origin: None,
        contents: None,
        analysis: None,
        reached: CapabilitySet::default(),
        hits: Vec::new(),
        findings: Vec::new(),
        gaps: Vec::new(),
        risk: Risk::default(),
        testimony: None,
        change: None,
        gained: CapabilitySet::default(),
        verdict: Verdict { decision, reasons },
    }
}

fn evidence(message: &str, clause: &str) -> Reason {
    Reason { kind: ReasonKind::Evidence { message: message.into() }, clause: clause.into() }
}

fn dependency(from: &Node, to: &Node, kind: DependencyKind) -> Dependency {
    Dependency {
        from: from.package.purl.clone(),
        to: to.package.purl.clone(),
        kind,
        requirement: "^1.0".into(),
        platform: Some("cfg(unix)".into()),
        declared: Location { file: "package.json".into(), line: 7, column: 5 },
    }
}

/// The archive of the sample's `left-pat`.
pub const ARCHIVE: &[u8] = b"not really an archive, but bytes with a digest";

fn tool(tool: &str, on: &str) -> ToolUse {
    ToolUse { tool: tool.into(), on: on.into(), span: span("SKILL.md", 9, "  h.get(url)") }
}

fn analysis() -> Analysis {
    Analysis {
        sketch: Sketch::default(),
        interface: Default::default(),
        contents: Digest::sha256(b"file list").hex(),
        tree: Digest::sha256(b"tree").hex(),
        coverage: Coverage {
            files: 4,
            bytes: 100,
            parsed: BTreeMap::from([("js".into(), 50), ("json+lexer".into(), 10)]),
            text: 20,
            data: BTreeMap::from([("png image".into(), 15)]),
            unseen: vec![("a \"b\".bin".into(), 5, "larger than the limit".into())],
        },
        capabilities: vec![Capability {
            kind: CapabilityKind::Net,
            count: 12,
            spans: (0..12)
                .map(|n| ("node:https.get".into(), span("setup.js", 13 + n, "  h.get(url)")))
                .collect(),
        }],
        permissions: Permissions {
            purpose: "pads text on the left".into(),
            declared: vec![tool("file.read", "src/**")],
            used: vec![tool("mail.send", ""), tool("shell.run", "node")],
        },
        flows: vec![("env->net".into(), span("setup.js", 14, "  h.get(url)"))],
        findings: Vec::new(),
        gaps: Vec::new(),
        licence: Some("MIT/Apache-2.0".into()),
        licence_texts: vec!["MIT".into(), "Not-An-SPDX-Id".into()],
        install_scripts: vec!["postinstall: node setup.js".into()],
        micro: MicroFacts { code_lines: 40, exports: 2 },
    }
}

/// Everything that the model has.
pub fn rich() -> Audit {
    let mut app = node(
        Package {
            source: Source::Path { path: ".".into() },
            first_party: true,
            licence: Some("MIT".into()),
            ..package(Ecosystem::Npm, "@acme/app", "1.0.0", 1)
        },
        Decision::Approve,
        vec![evidence("contents: first-party", "ci")],
    );
    app.contents = Some(ContentsInfo {
        archive_sha256: None,
        archive_size: 0,
        verified_against: None,
        from: "first-party".into(),
    });
    app.analysis = Some(Analysis {
        contents: Digest::sha256(b"app").hex(),
        licence: Some("SEE LICENSE IN x".into()),
        ..Analysis::default()
    });
    app.change = Some(Change::Edited { files: vec!["src/a.js".into(), "src/b.js".into()] });
    app.reached.insert(CapabilityKind::Net);

    let finding = Finding {
        rule: "install/network".into(),
        severity: Severity::High,
        confidence: Confidence::High,
        message: "connects while it is being installed \u{1f600}\ttab".into(),
        spans: vec![span("setup.js", 13, "  h.get(url)"), Span::file("package.json")],
        help: "stay on 1.3.0".into(),
        references: vec!["CWE-506".into()],
    };
    let advisory = Finding {
        rule: "advisory/vulnerability".into(),
        severity: Severity::Critical,
        confidence: Confidence::High,
        message: "GHSA-aaaa-bbbb-cccc: it is bad".into(),
        spans: vec![span("package-lock.json", 20, "    \"left-pat\"")],
        help: "upgrade".into(),
        references: vec!["CVE-2024-0001".into(), "GHSA-aaaa-bbbb-cccc".into()],
    };
    let gap =
        Gap { kind: GapKind::NotSeen, message: "5 bytes".into(), spans: vec![Span::file("a \"b\".bin")] };
    let mut left = node(
        Package {
            source: Source::Registry {
                registry: Some("https://user:secret@registry.invalid/".into()),
                url: Some("https://user:secret@registry.invalid/left-pat.tgz?token=secret".into()),
            },
            integrity: vec![
                Digest::of(HashAlgorithm::Sha512, ARCHIVE),
                Digest::of(HashAlgorithm::Sha1, ARCHIVE),
            ],
            patches: Some("pkg:npm/left-pat@1.3.0".into()),
            platform: PlatformSpec { os: vec!["linux".into()], ..PlatformSpec::default() },
            ..package(Ecosystem::Npm, "left-pat", "1.3.1", 20)
        },
        Decision::Deny,
        vec![
            Reason {
                kind: ReasonKind::Finding(finding.clone()),
                clause: "ci.deny-severity = \"high\"".into(),
            },
            Reason {
                kind: ReasonKind::Finding(advisory.clone()),
                clause: "ci.deny-severity = \"high\"".into(),
            },
            Reason { kind: ReasonKind::Gap(gap.clone()), clause: "ci.deny-gaps".into() },
            Reason {
                kind: ReasonKind::Policy {
                    clause: "deny.capabilities".into(),
                    message: "`net` without a grant".into(),
                    spans: vec![span("setup.js", 13, "  h.get(url)")],
                },
                clause: "deny.capabilities = [\"net\"]".into(),
            },
        ],
    );
    left.contents = Some(ContentsInfo {
        archive_sha256: Some(Digest::sha256(ARCHIVE).hex()),
        archive_size: ARCHIVE.len() as u64,
        verified_against: Some(Digest::of(HashAlgorithm::Sha512, ARCHIVE).to_string()),
        from: "npm-cache".into(),
    });
    left.analysis = Some(analysis());
    left.findings = vec![advisory.clone(), finding];
    left.gaps = vec![gap];
    left.hits = vec![Hit {
        purl: left.package.purl.clone(),
        id: "GHSA-aaaa-bbbb-cccc".into(),
        aliases: vec!["CVE-2024-0001".into()],
        kind: "vulnerability".into(),
        cvss: vec![
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".into(),
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N".into(),
        ],
        score: Some(98),
        patched: vec![">=1.3.2".into()],
        title: "it is bad".into(),
        url: Some("https://advisories.invalid/GHSA-aaaa-bbbb-cccc".into()),
        finding: advisory,
    }];
    left.gained.insert(CapabilityKind::Net);
    left.change = Some(Change::Upgraded { from: "1.3.0".into() });
    left.place = Place {
        depth: Some(1),
        direct_dependants: 1,
        dependants: 1,
        path: vec![app.package.purl.clone(), left.package.purl.clone()],
        cycle: Some(1),
        only_through: Some(app.package.purl.clone()),
        brings_alone: 2,
        reach: Reach::Normal,
    };
    left.risk = Risk {
        standing: Standing::Denied,
        score: 15,
        parts: vec![("capability net".into(), 10), ("gaps".into(), 5)],
    };

    let unmaintained = Finding::new("advisory/unmaintained", "RUSTSEC-2020-0001: nobody cares", Vec::new());
    let mut old = node(
        Package {
            source: Source::Git {
                url: "https://git.invalid/old.git".into(),
                commit: Some("0123456789012345678901234567890123456789".into()),
            },
            optional: true,
            licence: Some("GPL-2.0-only WITH Classpath-exception-2.0".into()),
            ..package(Ecosystem::Cargo, "old", "0.1.0+b", 3)
        },
        Decision::Approve,
        vec![evidence(
            "ignores RUSTSEC-2020-0001 until 2027-01-01: not reachable (owner: a)",
            "advisories.ignore",
        )],
    );
    old.gaps = vec![
        Gap::new(GapKind::NotFetched, "offline"),
        Gap::new(GapKind::NotResolved, "features are unknown"),
    ];
    old.hits = vec![Hit {
        purl: old.package.purl.clone(),
        id: "RUSTSEC-2020-0001".into(),
        aliases: Vec::new(),
        kind: "unmaintained".into(),
        cvss: Vec::new(),
        score: None,
        patched: Vec::new(),
        title: "nobody cares".into(),
        url: None,
        finding: unmaintained.clone(),
    }];
    old.findings = vec![unmaintained];
    old.change = Some(Change::Resourced { from: "registry".into() });

    let mut test = node(
        Package {
            integrity: vec![Digest::sha256(b"never fetched")],
            source: Source::Bundled { within: left.package.purl.clone(), path: "node_modules/x".into() },
            ..package(Ecosystem::Npm, "test-kit", "2.0.0", 30)
        },
        Decision::Deny,
        vec![Reason {
            kind: ReasonKind::Gap(Gap::new(GapKind::NotFetched, "404 from the registry")),
            clause: "ci.deny-gaps".into(),
        }],
    );
    test.place.reach = Reach::Dev;
    test.gaps = vec![Gap::new(GapKind::NotFetched, "404 from the registry")];
    test.change = Some(Change::Added);

    let dependencies = {
        let mut list = vec![
            dependency(&app, &left, DependencyKind::Normal),
            dependency(&app, &left, DependencyKind::Peer),
            dependency(&app, &test, DependencyKind::Dev),
            dependency(&left, &old, DependencyKind::Optional),
            dependency(&old, &left, DependencyKind::Normal),
        ];
        list.sort();
        list
    };
    let mut nodes = vec![app, left, old, test];
    nodes.sort_by(|a, b| a.package.purl.cmp(&b.package.purl));
    Audit {
        tool_version: "0.1.0".into(),
        time: 1_790_000_000,
        project: "@acme/app".into(),
        profile: "ci".into(),
        policy_digest: Digest::sha256(b"policy").hex(),
        rules_digest: Digest::sha256(b"rules").hex(),
        databases: vec![DatabaseInfo {
            kind: "osv",
            ecosystems: vec![Ecosystem::Npm],
            commit: Some("bf5c0d24".into()),
            updated: Some(1_789_000_000),
            records: 1205,
            digest: Digest::sha256(b"db").hex(),
            skipped: Vec::new(),
        }],
        notes: vec!["a note".into()],
        inputs: vec![("package-lock.json".into(), Digest::sha256(b"lock").hex())],
        base: Some("main".into()),
        nodes,
        removed: vec!["pkg:npm/gone@1.0.0".into()],
        dependencies,
        reviews: None,
        unused_policy: vec!["grant `fs-read` to `x`".into()],
    }
}

/// One package of the project's own and one from the registry.
pub fn small() -> Audit {
    let full = rich();
    let mut nodes: Vec<_> = full.nodes.iter().filter(|node| node.package.first_party).cloned().collect();
    let mut tiny = node(
        Package {
            integrity: vec![Digest::of(HashAlgorithm::Sha512, ARCHIVE)],
            ..package(Ecosystem::Npm, "tiny", "1.0.0", 9)
        },
        Decision::Approve,
        vec![evidence("contents have the digest of the lockfile (sha512)", "ci")],
    );
    tiny.contents = Some(ContentsInfo {
        archive_sha256: Some(Digest::sha256(ARCHIVE).hex()),
        archive_size: ARCHIVE.len() as u64,
        verified_against: Some(Digest::of(HashAlgorithm::Sha512, ARCHIVE).to_string()),
        from: "registry".into(),
    });
    tiny.analysis = Some(Analysis { contents: Digest::sha256(b"tiny").hex(), ..Analysis::default() });
    nodes[0].change = None;
    nodes[0].reached = CapabilitySet::default();
    let dependencies = vec![dependency(&nodes[0], &tiny, DependencyKind::Normal)];
    nodes.push(tiny);
    Audit { nodes, dependencies, ..minimal() }
}

/// No package at all.
pub fn minimal() -> Audit {
    Audit {
        tool_version: "0.1.0".into(),
        time: 0,
        project: "empty".into(),
        profile: "ci".into(),
        policy_digest: Digest::sha256(b"policy").hex(),
        rules_digest: Digest::sha256(b"rules").hex(),
        databases: Vec::new(),
        notes: Vec::new(),
        inputs: Vec::new(),
        base: None,
        nodes: Vec::new(),
        removed: Vec::new(),
        dependencies: Vec::new(),
        reviews: None,
        unused_policy: Vec::new(),
    }
}
