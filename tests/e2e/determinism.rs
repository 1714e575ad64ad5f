//! The same input gives the same bytes: on every path, in every order, with any number of threads,
//! with a fresh store and a warm one.

use std::collections::BTreeMap;
use std::path::Path;

use crate::project::{Packed, Project, crate_lib, npm_lib, outputs, text, write};
use crate::registry_errors::user_npmrc;

const FORMATS: [&str; 4] = ["table", "json", "sarif", "markdown"];

/// Packages with capabilities, findings, gaps, cycles of files and enough of them to run in parallel.
fn packages() -> (Vec<Packed>, Vec<Packed>) {
    let code = [
        "module.exports = (a, b) => a + b;\n",
        "const https = require('https');\nmodule.exports = (cb) => https.get('https://api.example.invalid/', cb);\n",
        "const { exec } = require('child_process');\nmodule.exports = (c) => exec(c);\nrequire('fs').writeFileSync('a', process.env.HOME);\n",
        "module.exports = eval(Buffer.from('Y29uc29sZS5sb2coMSk=', 'base64').toString());\n",
        "this is not { javascript\n",
    ];
    let mut npm: Vec<_> = (0..24)
        .map(|n| npm_lib(&format!("part-{n:02}"), &format!("1.{n}.0"), code[n % code.len()]))
        .collect();
    for package in &mut npm {
        package.files.insert("README.md".into(), "# A part\n\nIt is one.\n".into());
        package.files.insert("data.json".into(), "{\"a\": [1, 2]}\n".into());
        package.files.insert("lib/more.js".into(), "exports.more = require('../index.js');\n".into());
    }
    let code = [
        "//! Adds.\npub fn add(a: u8, b: u8) -> u8 {\n    a + b\n}\n",
        "//! Connects.\npub fn go() -> bool {\n    std::net::TcpStream::connect(\"192.0.2.1:80\").is_ok()\n}\n",
        "//! Runs.\npub fn go() {\n    let _ = std::process::Command::new(\"ls\").status();\n}\n",
    ];
    let crates = (0..12)
        .map(|n| crate_lib(&format!("piece-{n:02}"), &format!("0.{n}.1"), code[n % code.len()]))
        .collect();
    (npm, crates)
}

fn world() -> Project {
    let (npm, crates) = packages();
    let mut project = Project::new();
    project.npm(&npm);
    project.cargo(&crates);
    for n in 0..30 {
        project.write(&format!("src/z{n}/file{}.js", 29 - n), format!("module.exports = {n};\n"));
    }
    let made = project.bomvet().args(["key", "new", "--output", "../key.pem"]).output().unwrap();
    assert!(made.status.success(), "{}", text(&made.stderr));
    project
}

/// Files below a folder, with their bytes.
fn tree(root: &Path, within: &str, out: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(root.join(within)).unwrap().map(Result::unwrap) {
        let path = format!("{within}{}", entry.file_name().to_string_lossy());
        match entry.file_type().unwrap().is_dir() {
            true => tree(root, &format!("{path}/"), out),
            false => drop(out.insert(path.clone(), std::fs::read(root.join(path)).unwrap())),
        }
    }
}

/// The same files elsewhere, made in the opposite order, so that the system lists them otherwise.
fn copied(from: &Project) -> Project {
    let to = Project::new();
    let above = |project: &Project| project.root().parent().unwrap().to_owned();
    let mut files = BTreeMap::new();
    for folder in ["project/", "home/", "db/", "key.pem"] {
        match folder.ends_with('/') {
            true => tree(&above(from), folder, &mut files),
            false => drop(files.insert(folder.to_owned(), std::fs::read(above(from).join(folder)).unwrap())),
        }
    }
    assert!(files.len() > 60, "{}", files.len());
    for (path, bytes) in files.iter().rev().filter(|(path, _)| !path.contains(".cache/")) {
        write(&above(&to).join(path), bytes);
    }
    to
}

/// Everything that an audit gives: its files and what it prints, in each format.
fn everything(project: &Project, jobs: &str, connections: &str) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for format in FORMATS {
        let args = project.audit_args().into_iter().filter(|arg| arg != "--unsigned");
        let more = [
            "--key",
            "../key.pem",
            "--format",
            format,
            "--jobs",
            jobs,
            "--connections",
            connections,
            "--all",
        ];
        let run = project.bomvet().args(args).args(more).output().unwrap();
        assert_eq!(run.status.code(), Some(1), "{}", text(&run.stderr));
        all.insert(format!("stdout of {format}"), run.stdout);
        all.insert(format!("stderr of {format}"), run.stderr);
        for (name, bytes) in outputs(&project.out()) {
            if let Some(before) = all.insert(name.clone(), bytes.clone()) {
                same(&name, &before, &bytes, "with another format");
            }
        }
    }
    assert_eq!(all.len(), 4 + 2 * FORMATS.len());
    all
}

fn same(name: &str, one: &[u8], two: &[u8], when: &str) {
    if one == two {
        return;
    }
    let (one, two) = (text(one), text(two));
    let line = one.lines().zip(two.lines()).find(|(one, two)| one != two);
    panic!("{name} differs {when}: {line:#?}, {} and {} bytes", one.len(), two.len());
}

fn compare(one: &BTreeMap<String, Vec<u8>>, two: &BTreeMap<String, Vec<u8>>, when: &str) {
    assert!(one.keys().eq(two.keys()));
    for (name, bytes) in one {
        same(name, bytes, &two[name], when);
    }
}

#[test]
fn the_same_bytes_whatever_the_threads_the_order_the_path_and_the_store() {
    let project = world();
    let fresh = everything(&project, "1", "1");
    compare(&fresh, &everything(&project, "4", "16"), "with a warm store and four threads");
    std::fs::remove_dir_all(project.home().join(".cache")).unwrap();
    compare(&fresh, &everything(&project, "3", "7"), "with an emptied store and three threads");
    let elsewhere = copied(&project);
    assert_ne!(project.root(), elsewhere.root());
    compare(&fresh, &everything(&elsewhere, "2", "2"), "on another path, files made in another order");
    let place = project.root().parent().unwrap().to_string_lossy().into_owned();
    for (name, bytes) in &fresh {
        assert!(!text(bytes).contains(&place), "{name} holds a path of the machine");
    }
    assert!(fresh["stderr of table"].is_empty(), "{}", text(&fresh["stderr of table"]));
}

/// ECDSA needs a number for each signature; it is derived from the document, not drawn.
#[test]
fn the_same_bytes_with_an_es256_key() {
    let mut project = Project::new();
    project.npm(&packages().0[..3]);
    let key = ["key", "new", "--algorithm", "es256", "--output", "../key.pem"];
    assert!(project.bomvet().args(key).output().unwrap().status.success());
    let run = || {
        let args = project.audit_args().into_iter().filter(|arg| arg != "--unsigned");
        let run = project.bomvet().args(args).args(["--key", "../key.pem"]).output().unwrap();
        assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
        outputs(&project.out())
    };
    let first = run();
    assert!(text(&first["bom.cdx.json"]).contains("\"ES256\""));
    compare(&first, &run(), "in a second run");
}

/// Where the contents came from changes nothing: downloaded, kept, or found in npm's cache.
#[test]
fn the_same_bytes_from_a_registry_the_store_and_the_cache() {
    let (npm, _) = packages();
    let server = crate::serving(&npm);
    let project = Project::new();
    project.npm_lock(&npm, |_| None);
    user_npmrc(&project, &format!("registry={}\n", server.url()));
    let run = |offline: bool| {
        let args = project.audit_args().into_iter().filter(|arg| offline || arg != "--offline");
        let run = project.bomvet().args(args).args(["--format", "json"]).output().unwrap();
        assert_eq!(run.status.code(), Some(1), "{}", text(&run.stderr));
        let mut all = outputs(&project.out());
        all.insert("stdout".into(), run.stdout);
        all
    };
    let downloaded = run(false);
    assert_eq!(server.paths().len(), npm.len());
    compare(&downloaded, &run(true), "from the store");
    assert_eq!(server.paths().len(), npm.len(), "nothing is fetched twice");
    std::fs::remove_dir_all(project.home().join(".cache")).unwrap();
    for package in &npm {
        write(&project.npm_cached(package), &package.archive("package"));
    }
    compare(&downloaded, &run(true), "from npm's cache");
}

/// The order of the files in an archive is part of the archive's digest and of nothing else.
#[test]
fn the_order_of_files_in_an_archive_decides_nothing() {
    let (mut npm, mut crates) = packages();
    let audit = |npm: &[Packed], crates: &[Packed]| {
        let mut project = Project::new();
        project.npm(npm);
        project.cargo(crates);
        let mut document = project.audit(&[]);
        let digests: Vec<_> =
            document["packages"].as_array().unwrap().iter().map(|p| p["contents"].clone()).collect();
        // What names the archive, and first-party lockfiles that pin it.
        for package in document["packages"].as_array_mut().unwrap() {
            package["contents"] = serde_json::Value::Null;
        }
        (document["packages"].clone(), document["summary"].clone(), digests)
    };
    let one = audit(&npm, &crates);
    npm.iter_mut().chain(&mut crates).for_each(|package| package.reversed = true);
    let two = audit(&npm, &crates);
    assert_ne!(one.2, two.2, "the archives differ");
    same("packages", one.0.to_string().as_bytes(), two.0.to_string().as_bytes(), "in another order");
    assert_eq!(one.1, two.1);
}

/// The order of a lockfile's entries is part of its bytes, and so of the BoM; it decides nothing.
#[test]
fn the_order_of_a_lockfile_decides_nothing() {
    let (mut npm, mut crates) = packages();
    let verdicts = |npm: &[Packed], crates: &[Packed]| {
        let mut project = Project::new();
        project.npm(npm);
        project.cargo(crates);
        let document = project.audit(&[]);
        let list = document["packages"].as_array().unwrap().iter();
        let one = |package: &serde_json::Value| {
            let reasons = package["reasons"].as_array().unwrap().iter();
            let reasons: Vec<_> =
                reasons.map(|reason| (reason["rule"].clone(), reason["message"].clone())).collect();
            format!("{} {} {reasons:?} {}", package["purl"], package["verdict"], package["path"])
        };
        (list.map(one).collect::<Vec<_>>(), document["summary"].clone())
    };
    let before = verdicts(&npm, &crates);
    npm.reverse();
    crates.reverse();
    assert_eq!(before, verdicts(&npm, &crates));
    assert_eq!(before.0.len(), npm.len() + crates.len() + 2);
}
