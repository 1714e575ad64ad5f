//! What registries say of packages: asked once, kept, and used offline; and names resolved without
//! a lockfile.

mod support;

use bomvet::model::Ecosystem;
use bomvet::origin::Metadata;
use bomvet::resolve::newest::{self, Registry as _, Wanted};
use bomvet::store::Store;
use support::server::{Answer, Server};
use support::{options, package};

const NOW: i64 = 1_767_225_600; // 2026-01-01

fn packument(name: &str, version: &str, published: &str, dependencies: &str) -> Vec<u8> {
    format!(
        r#"{{"name":"{name}","dist-tags":{{"latest":"{version}"}},"time":{{"created":"2020-01-01T00:00:00Z","{version}":"{published}"}},"versions":{{"{version}":{{"name":"{name}","version":"{version}","repository":"x","dependencies":{{{dependencies}}},"dist":{{"integrity":"sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="}}}}}}}}"#
    )
    .into_bytes()
}

fn world(server: &Server, store: &std::path::Path, offline: bool, now: i64) -> Metadata {
    let npmrc = format!("registry={}\n", server.url());
    let cargo = format!(
        "[source.crates-io]\nreplace-with=\"m\"\n[source.m]\nregistry=\"sparse+{}index/\"\n",
        server.url()
    );
    let options = bomvet::acquire::Options { offline, ..options(store.join("project"), &npmrc, &cargo, "") };
    Metadata::new(options, Store::open(store.join("store")), now)
}

#[test]
fn registries_are_asked_once_and_the_store_answers_offline() {
    let server = Server::start(&[
        ("/a", vec![Answer::Ok(packument("a", "1.0.0", "2025-12-31T00:00:00Z", ""))]),
        ("/@s%2fb", vec![Answer::Ok(packument("@s/b", "2.0.0", "2025-01-01T00:00:00Z", ""))]),
        ("/wrong", vec![Answer::Ok(packument("other", "1.0.0", "2025-01-01T00:00:00Z", ""))]),
        (
            "/index/cr/at/crate-x",
            vec![Answer::Ok(b"{\"name\":\"Crate_x\",\"vers\":\"1.0.0\",\"yanked\":true}\n".to_vec())],
        ),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let npm = |name, version| package(Ecosystem::Npm, name, version, Vec::new());
    let packages = [
        npm("a", "1.0.0"),
        npm("@s/b", "2.0.0"),
        npm("gone", "1.0.0"),
        npm("wrong", "1.0.0"),
        npm("../up", "1.0.0"),
        package(Ecosystem::Cargo, "crate-x", "1.0.0", Vec::new()),
    ];
    let list: Vec<_> = packages.iter().collect();
    let metadata = world(&server, folder.path(), false, NOW);
    let known = metadata.all(&list);
    let origin = |at: usize| known[at].origin.clone().unwrap();
    assert_eq!(origin(0).age_days(NOW), Some(1));
    assert!(origin(1).found && origin(1).age_days(NOW) == Some(365));
    assert!(!origin(2).found && known[2].findings[0].rule == "origin/not-found");
    assert!(
        known[3].origin.is_none() && known[3].unknown.as_ref().unwrap().contains("with the package `other`")
    );
    assert!(known[4].origin.is_none(), "{:?}", known[4]);
    assert!(known[5].findings.iter().any(|finding| finding.rule == "origin/yanked"), "{:?}", known[5]);
    let asked = server.paths().len();
    assert_eq!(world(&server, folder.path(), false, NOW + 60).all(&list[..3]), known[..3]);
    assert_eq!(server.paths().len(), asked, "the store has them");
    // Long after, offline: what is there counts; what is not is not claimed.
    let old = world(&server, folder.path(), true, NOW + 86_400 * 30);
    let packages = [npm("a", "1.0.0"), npm("new", "1.0.0")];
    let known = old.all(&packages.iter().collect::<Vec<_>>());
    assert!(known[0].origin.is_some());
    assert!(known[1].origin.is_none() && known[1].unknown.as_ref().unwrap().contains("--offline"));
    assert_eq!(server.paths().len(), asked);
    world(&server, folder.path(), false, NOW + 86_400).all(&list[..1]);
    assert_eq!(server.paths().len(), asked + 1, "it is asked again when it is old");
}

#[test]
fn a_name_is_resolved_from_metadata_alone() {
    let server = Server::start(&[
        ("/a", vec![Answer::Ok(packument("a", "1.0.0", "2025-01-01T00:00:00Z", r#""b":"^2.0.0""#))]),
        ("/b", vec![Answer::Ok(packument("b", "2.1.0", "2025-01-01T00:00:00Z", ""))]),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let metadata = world(&server, folder.path(), false, NOW);
    let wanted = |name: &str| Wanted { ecosystem: Ecosystem::Npm, name: name.to_owned(), requirement: None };
    let got = newest::resolve_one(&wanted("a"), &metadata, NOW).unwrap().1;
    let purls: Vec<_> = got.packages.iter().map(|package| package.purl.as_str()).collect();
    assert_eq!(purls, ["pkg:npm/a@1.0.0", "pkg:npm/b@2.1.0"]);
    assert!(got.packages.iter().all(|package| package.is_pinned()) && got.gaps.is_empty());
    assert!(metadata.listing(Ecosystem::Npm, "left-pad").is_err());
    let made_up = newest::resolve_one(&wanted("made-up"), &metadata, NOW).unwrap().1;
    assert_eq!(made_up.findings[0].1.rule, "origin/not-found");
}

fn wheel(name: &str, needs: &str) -> Vec<u8> {
    use std::io::Write as _;
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, body) in [
        (format!("{name}/__init__.py"), String::new()),
        (
            format!("{name}-1.0.dist-info/METADATA"),
            format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{needs}"),
        ),
    ] {
        out.start_file(path, zip::write::SimpleFileOptions::default()).unwrap();
        out.write_all(body.as_bytes()).unwrap();
    }
    out.finish().unwrap().into_inner()
}

fn page(name: &str, digest: &str, more: &str) -> Vec<u8> {
    format!(
        r#"{{"meta":{{"api-version":"1.1"}},"name":"{name}","files":[{{"filename":"{name}-1.0-py3-none-any.whl","url":"/files/{name}.whl","hashes":{{"sha256":"{digest}"}},"size":500,"upload-time":"2025-01-01T00:00:00Z"{more}}}]}}"#
    )
    .into_bytes()
}

/// The metadata beside the archive where there is some, else the one in the archive, which then
/// is downloaded once; what has another digest counts for nothing.
#[test]
fn distributions_are_resolved_by_their_metadata() {
    use bomvet::model::Digest;
    let (a, b) = (wheel("a", "Requires-Dist: b\n"), wheel("b", ""));
    let core =
        "Metadata-Version: 2.1\nName: c\nVersion: 1.0\nRequires-Dist: a ; extra == 'x'\nRequires-Dist: bad\n";
    let hex = |bytes: &[u8]| Digest::sha256(bytes).hex();
    let beside = format!(",\"core-metadata\":{{\"sha256\":\"{}\"}}", hex(core.as_bytes()));
    let server = Server::start(&[
        ("/simple/a/", vec![Answer::Ok(page("a", &hex(&a), ""))]),
        ("/simple/b/", vec![Answer::Ok(page("b", &hex(&b), ",\"core-metadata\":true"))]),
        ("/simple/c/", vec![Answer::Ok(page("c", &hex(b"never asked for"), &beside))]),
        ("/simple/bad/", vec![Answer::Ok(page("bad", &hex(b"another"), ""))]),
        ("/files/a.whl", vec![Answer::Ok(a.clone())]),
        ("/files/b.whl", vec![Answer::Ok(b.clone())]),
        ("/files/bad.whl", vec![Answer::Ok(b.clone())]),
        ("/files/c.whl.metadata", vec![Answer::Ok(core.as_bytes().to_vec())]),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let pip = format!("[global]\nindex-url = {}simple\n", server.url());
    let open = |offline| {
        let pypi =
            bomvet::acquire::registry::pypi::PypiConfig::parse(std::slice::from_ref(&pip), "", &|_| None);
        let options =
            bomvet::acquire::Options { offline, pypi, ..options(folder.path().join("project"), "", "", "") };
        Metadata::new(options, Store::open(folder.path().join("store")), NOW)
    };
    let metadata = open(false);
    let wanted = |name: &str| Wanted { ecosystem: Ecosystem::Pypi, name: name.to_owned(), requirement: None };
    let got = newest::resolve_one(&wanted("c[x]"), &metadata, NOW).unwrap().1;
    let purls: Vec<_> = got.packages.iter().map(|package| package.purl.as_str()).collect();
    assert_eq!(purls, ["pkg:pypi/a@1.0", "pkg:pypi/b@1.0", "pkg:pypi/bad@1.0", "pkg:pypi/c@1.0"]);
    assert!(got.packages.iter().all(|package| package.is_pinned() && package.artifacts.len() == 1));
    let gaps: Vec<_> = got.gaps.iter().map(|(purl, gap)| format!("{purl}: {}", gap.message)).collect();
    assert!(
        gaps.len() == 1 && gaps[0].starts_with("pkg:pypi/bad@1.0") && gaps[0].contains("digest"),
        "{gaps:?}"
    );
    let paths = server.paths();
    assert!(!paths.iter().any(|path| path == "/files/c.whl"), "{paths:?}");
    // All of it is in the store: nothing more is asked for.
    let again = newest::resolve_one(&wanted("a"), &open(true), NOW).unwrap().1;
    assert!(again.gaps.is_empty() && again.packages.len() == 2, "{again:?}");
    assert_eq!(server.paths().len(), paths.len());
}

/// PyPI's real answer about a real wheel, and what else an index may say.
#[test]
fn archives_of_pypi_are_verified_one_by_one() {
    use bomvet::model::{Digest, ProvenanceState};
    use bomvet::origin::Archive;
    const FILE: &str = "circleci_sign_publish_example-0.0.1.dev137-py3-none-any.whl";
    let fixture = |name: &str| {
        std::fs::read(format!("{}/fixtures/provenance/pypi/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    let (wheel, answer) = (fixture(FILE), fixture(&format!("{FILE}.provenance")));
    let digest = Digest::sha256(&wheel);
    let name = "circleci-sign-publish-example";
    let page = |more: &str| {
        let first = format!(
            r#"{{"filename":"{FILE}","url":"/files/{FILE}","hashes":{{"sha256":"{}"}},"upload-time":"2026-02-05T00:00:00Z","provenance":"/integrity/{FILE}/provenance"}}"#,
            digest.hex()
        );
        Answer::Ok(
            format!(r#"{{"meta":{{"api-version":"1.3"}},"name":"{name}","files":[{first}{more}]}}"#)
                .into_bytes(),
        )
    };
    let sdist = "circleci_sign_publish_example-0.0.1.dev137.tar.gz";
    let bare = format!(
        r#",{{"filename":"{sdist}","url":"/files/s","hashes":{{"sha256":"{}"}},"provenance":null}}"#,
        Digest::sha256(b"s").hex()
    );
    let archive =
        |name: &str, digest: &Digest| Archive { name: name.to_owned(), digests: vec![digest.clone()] };
    let at = bomvet::model::Location { file: "uv.lock".into(), line: 1, column: 1 };
    let package = bomvet::model::Package::registry(Ecosystem::Pypi, name, "0.0.1.dev137", at);
    let ask = |page: Answer, answer: Answer, archives: &[Archive]| {
        let provenance = format!("/integrity/{FILE}/provenance");
        let file = format!("/files/{FILE}");
        let server = Server::start(&[
            (&format!("/simple/{name}/"), vec![page]),
            (provenance.as_str(), vec![answer]),
            (file.as_str(), vec![Answer::Ok(wheel.clone())]),
        ]);
        let folder = tempfile::tempdir().unwrap();
        let pip = format!("[global]\nindex-url = {}simple\n", server.url());
        let pypi =
            bomvet::acquire::registry::pypi::PypiConfig::parse(std::slice::from_ref(&pip), "", &|_| None);
        let options = bomvet::acquire::Options { pypi, ..options(folder.path().join("project"), "", "", "") };
        let metadata = Metadata::new(options, Store::open(folder.path().join("store")), NOW);
        let known = metadata.all(&[&package]).remove(0);
        assert!(known.origin.is_some(), "{known:?}");
        metadata.attested(&[(&package, archives)]).remove(0)
    };
    let rules = |attested: &bomvet::origin::Attested| -> Vec<String> {
        attested.findings.iter().map(|finding| finding.rule.clone()).collect()
    };
    let one = [archive(FILE, &digest)];
    let held = ask(page(""), Answer::Ok(answer.clone()), &one);
    let provenance = held.provenance.clone().unwrap();
    assert_eq!((provenance.state, rules(&held)), (ProvenanceState::Verified, vec![]), "{held:?}");
    assert_eq!(
        provenance.repository.as_deref(),
        Some("github.com/CircleCI-Public/sign-and-publish-examples")
    );
    assert_eq!(provenance.log_index, Some(920_610_516));

    // Another archive came under that name than the one that the statement is about.
    let other = ask(page(""), Answer::Ok(answer.clone()), &[archive(FILE, &Digest::sha256(b"other"))]);
    assert_eq!(rules(&other), ["origin/provenance-unchecked"], "{other:?}");
    // One that was added without a statement.
    let both = [one[0].clone(), archive(sdist, &Digest::sha256(b"s"))];
    let partial = ask(page(&bare), Answer::Ok(answer.clone()), &both);
    assert_eq!(partial.provenance.clone().unwrap().state, ProvenanceState::Unchecked);
    assert_eq!(rules(&partial), ["origin/provenance-partial"], "{partial:?}");
    let mut forged = String::from_utf8(answer).unwrap();
    forged = forged.replacen("\"integratedTime\":\"1770332382\"", "\"integratedTime\":\"1770332381\"", 1);
    forged = forged.replacen("\"integratedTime\": \"1770332382\"", "\"integratedTime\": \"1770332381\"", 1);
    let invalid = ask(page(""), Answer::Ok(forged.into_bytes()), &one);
    assert_eq!(rules(&invalid), ["origin/provenance-invalid"], "{invalid:?}");
    let nothing = ask(page(""), Answer::Ok(b"{}".to_vec()), &[]);
    assert_eq!((nothing.provenance.unwrap().state, nothing.findings), (ProvenanceState::Unchecked, vec![]));
}
