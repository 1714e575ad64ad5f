//! Advisories against real records: what is found, and that `cargo audit` finds the same.
//!
//! The differential test runs with `BOMVET_DIFFERENTIAL=1` and `cargo-audit` on the path, on the clone of
//! the advisory database that `BOMVET_RUSTSEC` names.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;

use bomvet::check::advisory::{Advisories, Options};
use bomvet::model::{Ecosystem, Finding, Hit, Location, Package, Severity, Source, purl};

/// 2026-08-21, the day of the records in `fixtures/advisories/rustsec`.
const NOW: i64 = 1_787_270_400;

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/advisories").join(path)
}

fn package(ecosystem: Ecosystem, name: &str, version: &str, source: Source) -> Package {
    let qualifier = if matches!(source, Source::Registry { .. }) { "" } else { "elsewhere" };
    Package {
        purl: purl(ecosystem, name, version, &[("from", qualifier)]),
        first_party: matches!(source, Source::Path { .. }),
        source,
        ..Package::registry(
            ecosystem,
            name,
            version,
            Location { file: Arc::from("lockfile"), line: 3, column: 1 },
        )
    }
}

fn npm(name: &str, version: &str) -> Package {
    package(Ecosystem::Npm, name, version, Source::Registry { registry: None, url: None })
}

/// The packages of a Cargo lockfile. `cargo-lock` reads it, so that these tests do not rest on
/// bomvet's own resolution.
fn lockfile(path: &Path) -> Vec<Package> {
    let text = fs::read_to_string(path).expect("the lockfile");
    let lockfile = rustsec::Lockfile::from_str(&text).expect("a lockfile");
    let mut packages: Vec<_> = lockfile
        .packages
        .iter()
        .map(|entry| {
            let source = match &entry.source {
                None => Source::Path { path: ".".to_owned() },
                Some(source) if source.is_default_registry() => {
                    Source::Registry { registry: None, url: None }
                }
                Some(source) if source.is_git() => {
                    Source::Git { url: source.url().to_string(), commit: None }
                }
                Some(source) => Source::Registry { registry: Some(source.url().to_string()), url: None },
            };
            package(Ecosystem::Cargo, entry.name.as_str(), &entry.version.to_string(), source)
        })
        .collect();
    packages.sort();
    packages
}

fn load(databases: &[PathBuf], packages: &[Package]) -> Advisories {
    let options = Options { databases: databases.to_vec(), now: NOW, ..Options::default() };
    Advisories::load(&options, packages).expect("a database")
}

/// `name version id` of every RustSec problem.
fn pairs(hits: &[Hit]) -> BTreeSet<String> {
    hits.iter()
        .filter(|hit| hit.id.starts_with("RUSTSEC-"))
        .map(|hit| {
            let (name, version) =
                hit.purl.trim_start_matches("pkg:cargo/").split_once('@').expect("a purl with a version");
            format!("{name} {version} {}", hit.id)
        })
        .collect()
}

fn show(hits: &[Hit]) -> String {
    let mut lines = Vec::new();
    for hit in hits {
        let Finding { severity, confidence, message, references, .. } = &hit.finding;
        lines.push(format!(
            "{} {} {}/{}",
            hit.purl,
            hit.finding.rule,
            severity.as_str(),
            confidence.as_str()
        ));
        lines.push(format!("    {message}"));
        let score =
            hit.score.map_or_else(|| "no score".to_owned(), |score| format!("{}.{}", score / 10, score % 10));
        lines.push(format!("    {score}; {}", references.join(" ")));
    }
    lines.join("\n")
}

#[test]
fn the_old_lockfile_has_the_hits_that_it_was_made_for() {
    let packages = lockfile(&fixture("old/Cargo.lock"));
    let advisories = load(&[fixture("rustsec")], &packages);
    let hits = advisories.hits(&packages);
    let expected = fs::read_to_string(fixture("old/expected.txt")).expect("the expected pairs");
    let got = pairs(&hits);
    assert_eq!(got.iter().map(|pair| format!("{pair}\n")).collect::<String>(), expected);
    assert!(got.len() >= 30);
    // A fork in git is another crate, whatever its name.
    assert!(hits.iter().all(|hit| !hit.purl.contains("regex@1.5.3")));
    let kinds: BTreeSet<_> = hits.iter().map(|hit| hit.kind.as_str()).collect();
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        ["malware", "unmaintained", "unsound", "vulnerability"]
    );
}

#[test]
fn hits_are_told_with_severity_fix_and_place() {
    let packages: Vec<_> = lockfile(&fixture("old/Cargo.lock"))
        .into_iter()
        .filter(|package| ["ansi_term", "chrono", "rustdecimal", "time"].contains(&package.name.as_str()))
        .collect();
    let hits = load(&[fixture("rustsec"), fixture("osv")], &packages).hits(&packages);
    assert!(hits.iter().all(|hit| hit.finding.spans[0].line == 3));
    insta::assert_snapshot!(show(&hits), @r"
    pkg:cargo/ansi_term@0.11.0 advisory/unmaintained low/high
        RUSTSEC-2021-0139: ansi_term is Unmaintained
        no score; RUSTSEC-2021-0139 https://rustsec.org/advisories/RUSTSEC-2021-0139.html
    pkg:cargo/chrono@0.4.19 advisory/vulnerability high/high
        RUSTSEC-2020-0159: Potential segfault in `localtime_r` invocations; fixed in >=0.4.20
        no score; CVE-2020-26235 RUSTSEC-2020-0071 RUSTSEC-2020-0159 https://rustsec.org/advisories/RUSTSEC-2020-0159.html
    pkg:cargo/rustdecimal@1.23.1 advisory/malware critical/high
        RUSTSEC-2022-0042: malicious crate `rustdecimal`
        no score; GHSA-7pwq-f4pq-78gm MAL-2022-1 RUSTSEC-2022-0042 https://rustsec.org/advisories/RUSTSEC-2022-0042.html
    pkg:cargo/time@0.1.43 advisory/vulnerability medium/high
        RUSTSEC-2020-0071: Potential segfault in the time crate; fixed in >=0.2.23
        6.2; CVE-2020-26235 CWE-476 GHSA-wcg3-cvx6-7396 RUSTSEC-2020-0071 https://rustsec.org/advisories/RUSTSEC-2020-0071.html
    pkg:cargo/time@0.2.22 advisory/vulnerability medium/high
        RUSTSEC-2020-0071: Potential segfault in the time crate; fixed in >=0.2.23
        6.2; CVE-2020-26235 CWE-476 GHSA-wcg3-cvx6-7396 RUSTSEC-2020-0071 https://rustsec.org/advisories/RUSTSEC-2020-0071.html
    pkg:cargo/time@0.3.9 advisory/vulnerability medium/high
        RUSTSEC-2026-0009: Denial of Service via Stack Exhaustion; fixed in >=0.3.47
        6.8; CVE-2026-25727 GHSA-r6v5-fh4h-64xc RUSTSEC-2026-0009 https://rustsec.org/advisories/RUSTSEC-2026-0009.html
    ");
}

#[test]
fn one_problem_is_one_hit_and_malware_wins() {
    let packages = [
        npm("event-stream", "3.3.5"),
        npm("event-stream", "3.3.6"),
        npm("lodash", "4.17.20"),
        npm("lodash", "4.17.21"),
        npm("minimist", "0.2.3"),
        npm("minimist", "1.2.6"),
    ];
    let hits = load(&[fixture("osv")], &packages).hits(&packages);
    insta::assert_snapshot!(show(&hits), @r"
    pkg:npm/event-stream@3.3.6 advisory/malware critical/high
        MAL-0000-event-stream: Malicious code in event-stream (npm)
        no score; GHSA-mh6f-8j2x-4483 MAL-0000-event-stream https://osv.dev/vulnerability/MAL-0000-event-stream
    pkg:npm/lodash@4.17.20 advisory/vulnerability high/high
        GHSA-35jh-r3h4-6jhm: Command injection in lodash; fixed in 4.17.21
        7.2; CVE-2021-23337 CWE-94 GHSA-35jh-r3h4-6jhm https://github.com/advisories/GHSA-35jh-r3h4-6jhm
    pkg:npm/minimist@0.2.3 advisory/vulnerability medium/high
        GHSA-0000-0000-0002: Rated by a word only; fixed in >1.2.5
        no score; GHSA-0000-0000-0002 GHSA-xvch-5gv4-984h https://github.com/advisories/GHSA-0000-0000-0002
    pkg:npm/minimist@0.2.3 advisory/vulnerability critical/high
        GHSA-xvch-5gv4-984h: Prototype pollution in minimist; fixed in 1.2.6, 0.2.4
        9.8; CVE-2021-44906 CWE-1321 GHSA-xvch-5gv4-984h https://github.com/advisories/GHSA-xvch-5gv4-984h
    ");
}

/// The fixture's records as an archive: `(path, bytes)` of each.
fn files(root: &Path, folder: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    let mut entries: Vec<_> =
        fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(root, &path, into);
        } else {
            let name = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
            into.push((name, fs::read(&path).expect("a file")));
        }
    }
}

fn tar_gz(files: &[(String, Vec<u8>)], commit: &str) -> Vec<u8> {
    let gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gz);
    let comment = format!("52 comment={commit}\n");
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::XGlobalHeader);
    header.set_size(comment.len() as u64);
    header.set_mtime(NOW as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "pax_global_header", comment.as_bytes()).expect("an entry");
    for (path, bytes) in files.iter().rev() {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, format!("top/{path}"), &bytes[..]).expect("an entry");
    }
    tar.into_inner().expect("a tar").finish().expect("a gz")
}

fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, bytes) in files {
        zip.start_file(path.as_str(), zip::write::SimpleFileOptions::default()).expect("an entry");
        zip.write_all(bytes).expect("its bytes");
    }
    zip.finish().expect("a zip").into_inner()
}

#[test]
fn folder_and_archives_give_the_same() {
    let packages = lockfile(&fixture("old/Cargo.lock"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut records = Vec::new();
    files(&fixture("rustsec"), &fixture("rustsec"), &mut records);
    let commit = "bf5c0d2400000000000000000000000000000001";
    let archive = folder.path().join("db.tar.gz");
    fs::write(&archive, tar_gz(&records, commit)).expect("an archive");
    let zipped = folder.path().join("db.zip");
    fs::write(&zipped, zip(&records)).expect("an archive");

    let plain = load(&[fixture("rustsec")], &packages);
    let packed = load(std::slice::from_ref(&archive), &packages);
    let zipped = load(&[zipped], &packages);
    assert_eq!(plain.hits(&packages), packed.hits(&packages));
    assert_eq!(plain.hits(&packages), zipped.hits(&packages));
    let [plain, packed] = [&plain.databases[0], &packed.databases[0]];
    assert_eq!((plain.records, &plain.digest), (records.len(), &packed.digest));
    assert_eq!((packed.commit.as_deref(), packed.updated), (Some(commit), Some(NOW)));
    assert_eq!((&plain.commit, packed.kind), (&None, "rustsec"));

    // Cut anywhere, it is no database, and the message says so.
    let whole = fs::read(&archive).expect("the archive");
    for cut in [1, 20, whole.len() / 2, whole.len() - 9] {
        fs::write(&archive, &whole[..cut]).expect("an archive");
        let options = Options { databases: vec![archive.clone()], ..Options::default() };
        let error =
            Advisories::load(&options, &packages).map(|_| cut).expect_err("a cut archive").to_string();
        assert!(error.contains("is not"), "{cut}: {error}");
    }
}

#[test]
fn broken_records_are_named_and_the_others_count() {
    let packages = [npm("minimist", "1.2.5")];
    let advisories = load(&[fixture("invalid")], &packages);
    assert_eq!(advisories.hits(&packages).len(), 1);
    assert!(advisories.covers(Ecosystem::Npm) && !advisories.covers(Ecosystem::Cargo));
    let skipped: Vec<_> =
        advisories.databases[0].skipped.iter().map(|(file, why)| format!("{file}: {why}")).collect();
    insta::assert_snapshot!(skipped.join("\n"), @r#"
    cut.json: EOF while parsing an object at line 1 column 83
    two-fields.json: has an event with more than one version
    wrong-type.json: invalid type: string "CVE-1", expected a sequence at line 1 column 38
    "#);
    let findings = advisories.database_findings(&packages);
    let about: Vec<_> =
        findings.iter().map(|(_, finding)| (finding.rule.as_str(), &finding.message)).collect();
    insta::assert_debug_snapshot!(about, @r#"
    [
        (
            "advisory/stale-database",
            "the osv database is 963 days old; 30 are allowed",
        ),
        (
            "advisory/unreadable-record",
            "a record of the osv database could not be read: `cut.json`: EOF while parsing an object at line 1 column 83, and 2 more",
        ),
    ]
    "#);
}

#[test]
fn an_old_database_is_a_finding_of_the_project() {
    let mut packages = vec![npm("minimist", "1.2.5")];
    packages.push(package(Ecosystem::Npm, "app", "1.0.0", Source::Path { path: ".".to_owned() }));
    let rules = |days: i64, max_age_days: u32| {
        // The newest record of the fixture is of 2024-04-17T18:39:19Z.
        let now = 1_713_379_159 + days * 86_400;
        let options = Options { databases: vec![fixture("osv")], now, max_age_days, ..Options::default() };
        let advisories = Advisories::load(&options, &packages).expect("a database");
        advisories.database_findings(&packages)
    };
    assert_eq!(rules(30, 30), []);
    let [(purl, finding)] = &rules(31, 30)[..] else { panic!("one finding") };
    assert_eq!(
        (purl, &finding.rule, finding.severity),
        (&packages[1].purl, &"advisory/stale-database".to_owned(), Severity::Medium)
    );
    assert_eq!(finding.message, "the osv database is 31 days old; 30 are allowed");
    assert_eq!(rules(31, 60), []);
}

#[test]
fn what_is_no_database_says_so() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let error = |path: &Path| {
        let options = Options { databases: vec![path.to_owned()], ..Options::default() };
        let error = Advisories::load(&options, &[]).map(|_| ()).expect_err("no database").to_string();
        error.replace(&folder.path().display().to_string(), "[tmp]")
    };
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("a file");
        path
    };
    let mut got = vec![error(&folder.path().join("missing")), error(folder.path())];
    got.push(error(&file("empty.zip", b"")));
    got.push(error(&file("page.html", b"<!doctype html>")));
    got.push(error(&file("bad.zip", b"PK\x03\x04nothing")));
    got.push(error(&file("record.yaml", b"id: X")));
    got.push(error(&file("one.json", b"[]")));
    insta::assert_snapshot!(got.join("\n"), @r"
    advisory database `[tmp]/missing`: No such file or directory (os error 2)
    advisory database `[tmp]`: holds no record; expected RustSec's `crates/<name>/<id>.md` or OSV's `<id>.json`
    advisory database `[tmp]/empty.zip`: is empty
    advisory database `[tmp]/page.html`: is not a folder, a `.tar.gz`, a `.zip` or a `.json` record
    advisory database `[tmp]/bad.zip`: is not a whole `.zip`: invalid Zip archive: Could not find EOCD
    advisory database `[tmp]/record.yaml`: is not a folder, a `.tar.gz`, a `.zip` or a `.json` record
    advisory database `[tmp]/one.json`: holds no record; expected RustSec's `crates/<name>/<id>.md` or OSV's `<id>.json`; `one.json`: is not a JSON object
    ");
}

/// The packages that cargo's cache of the index calls yanked.
#[test]
fn yanked_versions_come_from_the_cache_of_the_index() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let cache = home.path().join("registry/index/index.crates.io-1949cf8c6b5b557f/.cache/sm/al");
    fs::create_dir_all(&cache).expect("a folder");
    let mut bytes = b"\x03\x02\x00\x00\x00etag: x\x00".to_vec();
    for (version, yanked) in [("1.0.0", true), ("1.6.0", false)] {
        bytes.extend(
            format!("{version}\0{{\"name\":\"smallvec\",\"vers\":\"{version}\",\"yanked\":{yanked}}}\0")
                .bytes(),
        );
    }
    fs::write(cache.join("smallvec"), bytes).expect("a file");
    let registry = || Source::Registry { registry: None, url: None };
    let packages = [
        package(Ecosystem::Cargo, "smallvec", "1.0.0", registry()),
        package(Ecosystem::Cargo, "smallvec", "1.6.0", registry()),
        package(Ecosystem::Cargo, "smallvec", "1.9.0", registry()),
    ];
    let options = Options { cargo_home: Some(home.path().to_owned()), ..Options::default() };
    let hits = Advisories::load(&options, &packages).expect("no database is needed").hits(&packages);
    assert_eq!(
        hits.iter().map(|hit| (hit.purl.as_str(), hit.kind.as_str())).collect::<Vec<_>>(),
        [("pkg:cargo/smallvec@1.0.0", "yanked")]
    );
}

/// The same pairs as `cargo audit` on the same lockfiles and database.
#[test]
fn cargo_audit_finds_the_same() {
    if std::env::var("BOMVET_DIFFERENTIAL").as_deref() != Ok("1") {
        eprintln!("skipped: set BOMVET_DIFFERENTIAL=1 and have cargo-audit on the path");
        return;
    }
    let data = std::env::var_os("BOMVET_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = |program: &str, args: &[&str], dir: &Path| {
        #[expect(clippy::disallowed_methods, reason = "the test compares with another program")]
        let output = std::process::Command::new(program)
            .args(args)
            .current_dir(dir)
            .output()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        output.stdout
    };
    // A clone that is named, or one made of the archive.
    let databases = match std::env::var_os("BOMVET_RUSTSEC").map(PathBuf::from) {
        Some(clone) => vec![clone],
        None => {
            let archive = data.join("rustsec-advisory-db.tar.gz");
            assert!(archive.is_file(), "set BOMVET_RUSTSEC to a clone of the advisory database");
            let clone = folder.path().join("db");
            let gz = flate2::read::GzDecoder::new(fs::File::open(&archive).expect("the archive"));
            tar::Archive::new(gz).unpack(&clone).expect("an archive that unpacks");
            run("git", &["init", "-q"], &clone);
            run("git", &["add", "-A"], &clone);
            let who = [
                "-c",
                "user.name=test",
                "-c",
                "user.email=test@test.invalid",
                "commit",
                "-q",
                "-m",
                "database",
            ];
            run("git", &who, &clone);
            vec![clone, archive]
        }
    };
    let clone = &databases[0];
    let lockfiles = [
        Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock"),
        data.join("lockfiles/wasmtime/Cargo.lock"),
        fixture("old/Cargo.lock"),
    ];
    for path in &lockfiles {
        if !path.is_file() {
            eprintln!("skipped: `{}` is not there", path.display());
            continue;
        }
        let (db, file) = (clone.to_string_lossy(), path.to_string_lossy());
        let args = ["audit", "--db", &db, "--no-fetch", "--stale", "--no-yanked", "--json", "--file", &file];
        let report: serde_json::Value =
            serde_json::from_slice(&run("cargo-audit", &args, folder.path())).expect("cargo-audit's report");
        let mut expected = BTreeSet::new();
        let warnings =
            report["warnings"].as_object().expect("warnings").values().flat_map(|list| list.as_array());
        let all = report["vulnerabilities"]["list"].as_array().into_iter().chain(warnings).flatten();
        for entry in all {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or("").to_owned();
            expected.insert(format!(
                "{} {} {}",
                text(&entry["package"]["name"]),
                text(&entry["package"]["version"]),
                text(&entry["advisory"]["id"])
            ));
        }
        let packages = lockfile(path);
        for database in &databases {
            let got = pairs(&load(std::slice::from_ref(database), &packages).hits(&packages));
            assert_eq!(got, expected, "{}", path.display());
        }
        eprintln!("{}: {} packages, {} pairs, the same", path.display(), packages.len(), expected.len());
    }
}

/// JSON beside RustSec's records that is no record is told of, and is no database of its own.
#[test]
fn stray_json_makes_no_second_database() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let crates = folder.path().join("crates/smallvec");
    fs::create_dir_all(&crates).expect("a folder");
    let record = "RUSTSEC-2021-0003.md";
    fs::copy(fixture("rustsec/crates/smallvec").join(record), crates.join(record)).expect("a record");
    fs::write(folder.path().join("stray.json"), "[1]").expect("a file");
    let databases = load(&[folder.path().to_owned()], &[]).databases;
    assert_eq!(databases.iter().map(|info| info.kind).collect::<Vec<_>>(), ["rustsec"]);
    assert_eq!(databases[0].skipped, [("stray.json".to_owned(), "is not a JSON object".to_owned())]);
}

/// A large archive is read once; then the store gives the same, and says so when it is damaged.
#[test]
fn a_large_archive_is_kept_in_the_store() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut records = Vec::new();
    files(&fixture("osv"), &fixture("osv"), &mut records);
    // Bytes that do not compress make it large enough to be worth keeping.
    let mut state = 1_u64;
    let filler: String = (0..4 << 20)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b'a' + (state >> 60) as u8)
        })
        .collect();
    let padded = serde_json::json!({"id": "A-1", "modified": "2020-01-01T00:00:00Z", "details": filler});
    records.push(("A-1.json".to_owned(), padded.to_string().into_bytes()));
    records.push(("broken.json".to_owned(), b"{".to_vec()));
    let archive = folder.path().join("osv.zip");
    fs::write(&archive, zip(&records)).expect("an archive");
    assert!(fs::metadata(&archive).expect("the archive").len() > 2 << 20);

    let packages = [npm("event-stream", "3.3.6"), npm("lodash", "4.17.20"), npm("minimist", "0.2.3")];
    let store = folder.path().join("store");
    let load = || {
        let options = Options {
            databases: vec![archive.clone()],
            store: Some(bomvet::store::Store::open(store.clone())),
            now: NOW,
            ..Options::default()
        };
        Advisories::load(&options, &packages).expect("a database")
    };
    let first = load();
    assert_eq!(first.hits(&packages).len(), 4);
    let entries: Vec<_> = fs::read_dir(store.join("advisories"))
        .expect("the store")
        .map(|e| e.expect("an entry").path())
        .collect();
    assert_eq!(entries.len(), 1);
    let second = load();
    assert_eq!(second.hits(&packages), first.hits(&packages));
    assert_eq!(second.databases, first.databases);
    assert_eq!(second.databases[0].skipped.len(), 1);

    let mut bytes = fs::read(&entries[0]).expect("the entry");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&entries[0], bytes).expect("the entry");
    let third = load();
    assert_eq!(third.hits(&packages), first.hits(&packages));
    let rules: BTreeSet<_> = third.database_findings(&packages).into_iter().map(|(_, f)| f.rule).collect();
    assert!(rules.contains("store/damaged"), "{rules:?}");
}
