//! Checkouts: lockfiles, manifests, registries' configuration, git objects.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use bomvet::acquire::registry::cargo::{CargoConfig, Place};
use bomvet::acquire::registry::npm::{CheckoutRegistries, NpmConfig};
use bomvet::acquire::registry::pypi::{PypiConfig, parse_page};
use bomvet::compare::git::Revision;
use bomvet::discover::{self, manifest::Manifest};
use bomvet::graph::Graph;
use bomvet::model::{Ecosystem, Location, Package, Source};
use bomvet::resolve::{self, Options, Resolution};
use sha1::{Digest as _, Sha1};

use super::{Files, files, folder, pack, unpack};

/// Discovers and resolves a folder of these files, and builds the graph.
pub(super) fn project(files: &[(String, &[u8])]) -> bool {
    let folder = folder(files);
    let run = || -> Result<Resolution, String> {
        let found = discover::discover(folder.path(), &[]).map_err(|error| error.to_string())?;
        let options = Options { offline: true, lockfile_only: true, ..Options::default() };
        resolve::resolve(&found, &options).map_err(|error| error.to_string())
    };
    let (got, again) = match (run(), run()) {
        (Ok(got), Ok(again)) => (got, again),
        (Err(error), Err(again)) => {
            assert!(!error.is_empty() && error == again, "{error} / {again}");
            return false;
        }
        (a, b) => panic!("two runs differ: {a:?} / {b:?}"),
    };
    assert_eq!(format!("{got:?}"), format!("{again:?}"), "two runs differ");
    let purls: BTreeSet<&str> = got.packages.iter().map(|package| &*package.purl).collect();
    assert_eq!(purls.len(), got.packages.len(), "a package stands twice");
    let lines = |name: &str| {
        let bytes = files.iter().find(|(file, _)| file == name).map(|(_, bytes)| *bytes)?;
        Some(1 + bytes.iter().filter(|b| **b == b'\n').count())
    };
    for package in &got.packages {
        assert!(package.purl.starts_with("pkg:"), "{package:?}");
        let Location { file, line, .. } = &package.declared;
        // The tree as a whole has no line.
        let whole = *line == 0;
        assert!(whole || lines(file).is_some_and(|last| *line as usize <= last), "{file}:{line} is no line");
    }
    let spans = got.findings.iter().flat_map(|(_, finding)| &finding.spans);
    for span in spans.chain(got.gaps.iter().flat_map(|(_, gap)| &gap.spans)) {
        assert!(
            span.line == 0 || lines(&span.file).is_some_and(|last| span.line as usize <= last),
            "{span:?}"
        );
    }
    let (graph, _) = Graph::build(got.packages, got.dependencies);
    assert_eq!(graph.packages.len(), graph.places.len());
    !graph.dependencies.is_empty()
}

pub fn cargo_project(data: &[u8]) -> bool {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Manifest::parse("Cargo.toml", text.to_owned());
    }
    project(&unpack(data))
}

pub fn npm_project(data: &[u8]) -> bool {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = Manifest::parse("package.json", text.to_owned());
    }
    project(&unpack(data))
}

/// Manifests and lockfiles of any ecosystem, packed: the seeds say whose (pnpm, Yarn, Bun and Deno; PyPI).
pub fn locks(data: &[u8]) -> bool {
    project(&unpack(data))
}

/// A page of a package index, and the same bytes as configuration.
pub fn pypi_page(data: &[u8]) -> bool {
    let base = url::Url::parse("https://index.invalid/simple/x/").expect("a URL");
    let text = String::from_utf8_lossy(data).into_owned();
    let config = PypiConfig::parse(std::slice::from_ref(&text), &text, &|_| None);
    assert!(config.indices().iter().all(|url| url.username().is_empty() && url.password().is_none()));
    parse_page(data, &base).is_ok_and(|files| !files.is_empty())
}

pub fn pypi_page_seeds() -> Vec<Vec<u8>> {
    let html = r#"<!DOCTYPE html><html><body><a href="../x-1.tar.gz#sha256=00" data-yanked="a &amp; b">x-1.tar.gz</a></body></html>"#;
    let json = r#"{"meta":{"api-version":"1.1"},"files":[{"filename":"x-1.zip","url":"x-1.zip","hashes":{"sha256":"00"},"yanked":true}]}"#;
    [html, json].iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Core metadata, with the markers and archive names in it.
pub fn pypi_metadata(data: &[u8]) -> bool {
    use bomvet::resolve::pypi::{core::Core, marker, requirement::Requirement, wheel};
    let text = String::from_utf8_lossy(data).into_owned();
    let core = Core::parse(&text);
    assert_eq!(core, Core::parse(&text), "two readings differ");
    wheel::rank(&text);
    let extras = BTreeSet::from(["x".to_owned()]);
    marker::holds(&text, &extras);
    let needs = core.iter().flat_map(|core| &core.requires).filter_map(|need| Requirement::parse(need).ok());
    let mut held = false;
    for need in needs {
        let marker = need.marker.unwrap_or_default();
        // What needs no extra needs none with one either, and the other way round is a condition on it.
        if !marker.contains("extra") {
            assert_eq!(marker::holds(&marker, &extras), marker::holds(&marker, &BTreeSet::new()));
        }
        held |= marker::holds(&marker, &extras).is_some();
    }
    held
}

pub fn pypi_metadata_seeds() -> Vec<Vec<u8>> {
    let texts = [
        "Metadata-Version: 2.4\nName: x\nVersion: 1\nRequires-Dist: a[b]>=1,<2; python_version >= '3.8' and extra == 'x'\nRequires-Dist: c (==1.*) ; (os_name != \"nt\" or '3' in platform_release)\n\nText\n",
        "Metadata-Version: 2.2\nDynamic: Requires-Dist\nRequires-Dist: a;\n  sys_platform not in 'win32 cygwin'\n",
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

pub fn pypi_seeds() -> Vec<Vec<u8>> {
    let names = [
        "pyproject.toml",
        "uv.lock",
        "poetry.lock",
        "pdm.lock",
        "Pipfile",
        "Pipfile.lock",
        "pylock.toml",
        "requirements.txt",
    ];
    let mut out = folders("fixtures/pypi", &names);
    let hash = "ab".repeat(32);
    let requirements = format!(
        "-r more.txt\n--index-url https://i.invalid/simple\na[x]==1.0 ; os_name == 'nt' \\\n  --hash=sha256:{hash}\n    # via b\nb @ https://h.invalid/b-2.zip#sha256={hash}\n-e git+https://h.invalid/c@main#egg=c\n./d-1-py3-none-any.whl\n"
    );
    let script = "#!/usr/bin/env python3\n# /// script\n# dependencies = [\n#   \"rich>=13\",\n#   \"six==1.16.0\",\n# ]\n# ///\nprint(1)\n";
    out.push(pack([("requirements.txt", requirements.as_bytes()), ("more.txt", &b"six\n"[..])]));
    out.push(pack([("tools/run.py", script.as_bytes())]));
    out
}

fn package(ecosystem: Ecosystem, name: &str, source: Source) -> Package {
    let at = Location { file: "lock".into(), line: 1, column: 1 };
    Package { source, ..Package::registry(ecosystem, name, "1.0.0", at) }
}

/// A word that must never be shown.
const TOKEN: &str = "hush-hush-hush";

/// The user's and the checkout's configuration. Credentials are not shown, and go nowhere but to addresses that the
/// user's file names, never in the clear because of a checkout.
pub fn npmrc(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let mut sent = false;
    let (user, checkout) = text.split_once("\n---\n").unwrap_or((text, ""));
    let env = |name: &str| (name == "NPM_TOKEN").then(|| TOKEN.to_owned());
    let config = NpmConfig::parse(user, &env);
    let checkout = CheckoutRegistries::parse(checkout);
    assert_eq!(format!("{config:?}"), format!("{:?}", NpmConfig::parse(user, &env)));
    let at = |url: &str| Source::Registry { registry: None, url: Some(url.to_owned()) };
    for source in [
        Source::Registry { registry: None, url: None },
        at("https://registry.npmjs.org/a/-/a-1.0.0.tgz"),
        at("http://other.invalid/a.tgz"),
    ] {
        for name in ["a", "@s/a"] {
            let Ok(target) = config.tarball(&package(Ecosystem::Npm, name, source.clone()), &checkout) else {
                continue;
            };
            assert!(["http", "https"].contains(&target.url.scheme()), "{}", target.url);
            let host = target.url.host_str().unwrap_or_default();
            let named = user.to_lowercase().contains(&host.to_lowercase()) || host.contains("xn--");
            assert!(target.authorization.is_none() || named, "a credential goes to {host}");
            // The user may well write it into a registry's address.
            let written = user.lines().any(|line| line.contains("registry") && line.contains("${NPM_TOKEN}"));
            sent |= target.authorization.is_some();
            assert!(written || !format!("{target:?}").contains(TOKEN), "a credential is shown");
        }
    }
    sent
}

pub fn cargo_config(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let (config, credentials) = text.split_once("\n---\n").unwrap_or((text, ""));
    let parse = || CargoConfig::parse(config, credentials, Path::new("/home/u/.cargo"), &|_| None);
    let got = parse();
    assert_eq!(format!("{got:?}"), format!("{:?}", parse()));
    let names =
        [None, Some("https://github.com/rust-lang/crates.io-index"), Some("sparse+https://r.invalid/index/")];
    for name in names {
        match got.place(name) {
            Ok(place) => assert_eq!(got.place(name).as_ref(), Ok(&place)),
            Err(message) => assert!(!message.is_empty()),
        }
    }
    names.iter().all(|name| got.place(*name).is_ok_and(|place| place != Place::CratesIo))
}

/// One object of a repository as git stores it; its id.
fn object(git: &Path, kind: &str, body: &[u8]) -> String {
    let whole = [format!("{kind} {}\0", body.len()).as_bytes(), body].concat();
    let id = hex::encode(Sha1::digest(&whole));
    let folder = git.join("objects").join(&id[..2]);
    fs::create_dir_all(&folder).expect("new folder");
    let mut out = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(&whole).expect("in memory");
    fs::write(folder.join(&id[2..]), out.finish().expect("in memory")).expect("new file");
    id
}

/// A commit whose tree is these bytes. Names stay within the folder whatever the tree says.
pub fn git(data: &[u8]) -> bool {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let git = folder.path().join(".git");
    fs::create_dir_all(git.join("refs/heads")).expect("new folder");
    fs::create_dir_all(git.join("objects")).expect("new folder");
    fs::write(git.join("HEAD"), "ref: refs/heads/main\n").expect("new file");
    let blob = object(&git, "blob", b"{\"lockfileVersion\": 3}\n");
    // `@` in the bytes stands for the id of a blob and `%` for that of a tree that holds it.
    let raw = |id: &str| hex::decode(id).expect("hexadecimal");
    let inner = object(&git, "tree", &[b"100644 package-lock.json\0", &raw(&blob)[..]].concat());
    let mut tree = Vec::new();
    for byte in data {
        match byte {
            b'@' => tree.extend(raw(&blob)),
            b'%' => tree.extend(raw(&inner)),
            byte => tree.push(*byte),
        }
    }
    let tree = object(&git, "tree", &tree);
    let who = "t <t@example.invalid> 0 +0000";
    let commit =
        object(&git, "commit", format!("tree {tree}\nauthor {who}\ncommitter {who}\n\nc\n").as_bytes());
    fs::write(git.join("refs/heads/main"), format!("{commit}\n")).expect("new file");
    let Ok(revision) = Revision::open(folder.path(), "HEAD") else { return false };
    assert_eq!(revision.id, commit);
    let to = tempfile::tempdir().expect("a temporary folder");
    let target = to.path().join("in/here");
    fs::create_dir_all(&target).expect("new folder");
    // A missing object, or a file where a folder is wanted, is an error; a file elsewhere never is made.
    let _ = revision.write_manifests(&target);
    let outside = fs::read_dir(to.path()).expect("there").count()
        + fs::read_dir(to.path().join("in")).expect("there").count();
    assert_eq!(outside, 2, "a file was written outside of the folder");
    let contents = revision.contents(".", |_| true);
    if let Ok(contents) = &contents {
        let again = revision.contents(".", |_| true).expect("as before");
        assert_eq!(contents.digest, again.digest);
        for file in &contents.files {
            let clean = file.path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
            assert!(clean && !file.path.contains('\\'), "{:?}", file.path);
        }
    }
    contents.is_ok_and(|contents| contents.files.len() > 1)
}

/// Each folder of fixtures as one input.
fn folders(parent: &str, names: &[&str]) -> Vec<Vec<u8>> {
    let mut out: Vec<(String, Files)> = Vec::new();
    for (path, bytes) in files(parent, names, 12 << 10) {
        let Some((first, rest)) = path.split_once('/') else { continue };
        match out.last_mut().filter(|(folder, _)| folder == first) {
            Some((_, files)) => files.push((rest.to_owned(), bytes)),
            None => out.push((first.to_owned(), vec![(rest.to_owned(), bytes)])),
        }
    }
    out.iter().map(|(_, files)| pack(files.iter().map(|(path, bytes)| (&**path, &**bytes)))).collect()
}

pub fn cargo_seeds() -> Vec<Vec<u8>> {
    folders("fixtures/cargo", &["Cargo.toml", "Cargo.lock"])
}

pub fn npm_seeds() -> Vec<Vec<u8>> {
    let lock = br#"{"name":"a","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{
"":{"name":"a","version":"1.0.0","workspaces":["w/*"],"dependencies":{"x":"^1.0.0","@s/y":"npm:z@~2","g":"github:o/r#semver:^1"},"devDependencies":{"d":"*"}},
"node_modules/x":{"version":"1.2.3","resolved":"https://registry.npmjs.org/x/-/x-1.2.3.tgz","integrity":"sha512-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==","optional":true,"peerDependencies":{"d":">=1 <3 || 5"}},
"node_modules/@s/y":{"name":"z","version":"2.0.1","inBundle":true,"dependencies":{"x":"1.x"}},
"node_modules/g":{"version":"1.0.0","resolved":"git+ssh://git@github.com/o/r.git#0123456789012345678901234567890123456789"},
"node_modules/d":{"version":"2.0.0","dev":true,"engines":{"node":">=18"},"os":["!win32"],"bin":{"d":"c.js"}},
"node_modules/w1":{"resolved":"w/1","link":true},"w/1":{"name":"w1","version":"0.0.0"}}}"#;
    let lock: String =
        String::from_utf8_lossy(lock).replace("https://registry.npmjs.org", "https://registry.invalid");
    let old = br#"{"name":"a","version":"1.0.0","lockfileVersion":1,"requires":true,"dependencies":{"x":{"version":"1.2.3","resolved":"https://registry.invalid/x/-/x-1.2.3.tgz","integrity":"sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=","requires":{"y":"^1.0.0"},"dependencies":{"y":{"version":"1.0.0","bundled":true}}}}}"#;
    let mut out = folders("fixtures/npm", &["package.json", "package-lock.json", "npm-shrinkwrap.json"]);
    out.push(pack([
        ("package-lock.json", lock.as_bytes()),
        ("w/1/package.json", br#"{"name":"w1","version":"0.0.0"}"#),
    ]));
    out.push(pack([("npm-shrinkwrap.json", &old[..])]));
    out
}

pub fn js_lock_seeds() -> Vec<Vec<u8>> {
    let names =
        ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", "yarn.lock", "bun.lock", "deno.lock"];
    let mut out = folders("fixtures/js", &names);
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let pnpm = format!(
        "lockfileVersion: '9.0'\ncatalogs: {{default: {{c: {{specifier: ^1.0.0}}}}}}\noverrides: {{o: '9'}}\npatchedDependencies:\n  p@1.0.0: {{hash: a, path: p.patch}}\n\
        importers:\n  .:\n    dependencies:\n      c: {{specifier: 'catalog:', version: 1.5.0}}\n      l: {{specifier: 'link:l', version: 'link:l'}}\n      p: {{specifier: '1', version: '1.0.0(patch_hash=a)'}}\n\
        packages:\n  c@1.5.0: {{resolution: {{integrity: sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=}}}}\n  g@https://codeload.github.com/o/r/tar.gz/{commit}:\n    resolution: {{tarball: https://codeload.github.com/o/r/tar.gz/{commit}}}\n\
        \x20 p@1.0.0: {{resolution: {{tarball: file:p.tgz}}}}\nsnapshots:\n  c@1.5.0(p@1.0.0):\n    dependencies: {{p: '1.0.0(patch_hash=a)'}}\n"
    );
    let berry = format!(
        "__metadata:\n  version: 8\n\"a@npm:^1, a@npm:^2\":\n  version: 1.0.0\n  resolution: \"a@npm:1.0.0::__archiveUrl=https%3A%2F%2Fx.invalid\"\n  dependencies:\n    g: o/r\n  checksum: 10/0\n  conditions: os=linux & cpu=x64\n\
        \"a@patch:a@npm%3A1.0.0#p.patch\":\n  version: 1.0.0\n  resolution: \"a@patch:a@npm%3A1.0.0#p.patch::hash=1\"\n\"g@o/r\":\n  resolution: \"g@https://github.com/o/r.git#commit={commit}\"\n\
        \"m@workspace:.\":\n  resolution: \"m@workspace:.\"\n  dependencies:\n    a: npm:^1\n"
    );
    let bun = format!(
        r#"{{"lockfileVersion": 1, "workspaces": {{"": {{"dependencies": {{"a": "^1.0.0", "g": "github:o/r",}},}}, "w": {{"name": "w"}}}}, "overrides": {{"a": "1.0.0"}},
"packages": {{"a": ["a@1.0.0", "", {{"os": "linux", "peerDependencies": {{"g": "*"}}}}, "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="], "g": ["g@github:o/r#{commit}", {{}}, "x"], "w": ["w@workspace:w"], "a/t": ["t@https://t.invalid/t.tgz", {{}}]}}}}"#
    );
    let deno = r#"{"version": "3", "packages": {"specifiers": {"npm:x@5": "npm:x@5.0.0"}, "jsr": {"@s/a@1.0.0": {"integrity": "00"}}, "npm": {"x@5.0.0": {"dependencies": {"x": "x@5.0.0"}}}}, "remote": {"https://h.invalid/m.ts": "00"}}"#;
    out.push(pack([("pnpm-lock.yaml", pnpm.as_bytes())]));
    out.push(pack([
        ("yarn.lock", berry.as_bytes()),
        ("package.json", br#"{"resolutions": {"**/a": "1.0.0"}, "workspaces": ["w/*"]}"#),
    ]));
    out.push(pack([("bun.lock", bun.as_bytes())]));
    out.push(pack([("deno.lock", deno.as_bytes())]));
    out
}

pub fn npmrc_seeds() -> Vec<Vec<u8>> {
    let text = "registry=https://r.invalid/npm\n@s:registry = \"https://s.invalid:8443/\"\n//r.invalid/npm/:_authToken=${NPM_TOKEN}\n\
        //s.invalid:8443/:_auth=aHVzaDpodXNo\n//t.invalid/:username=u\n//t.invalid/:_password=aHVzaA==\ncache=~/.npm\ncafile=/c.pem\n; c\n# c\n\
        \n---\nregistry=https://checkout.invalid/\n@s:registry=https://r.invalid/${NPM_TOKEN}\n//r.invalid/:_authToken=x\n";
    vec![text.as_bytes().to_vec(), b"registry=http://r.invalid\n//r.invalid/:_authToken=a".to_vec()]
}

pub fn cargo_config_seeds() -> Vec<Vec<u8>> {
    let text = "[source.crates-io]\nreplace-with = \"m\"\n[source.m]\nregistry = \"sparse+https://m.invalid/index/\"\n\
        [source.v]\ndirectory = \"vendor\"\n[registries.r]\nindex = \"sparse+https://r.invalid/index/\"\ntoken = \"t\"\n[http]\ncainfo = \"c.pem\"\n\
        \n---\n[registry]\ntoken = \"t\"\n[registries.r]\ntoken = \"u\"\n";
    vec![text.as_bytes().to_vec(), b"[source.crates-io]\nreplace-with = \"crates-io\"\n".to_vec()]
}

pub fn git_seeds() -> Vec<Vec<u8>> {
    [
        "100644 package.json\0@",
        "100644 Cargo.lock\0@40000 sub\0%",
        "120000 package.json\0@100755 x\0@",
        "160000 m\0@40000 ..\0%",
    ]
    .iter()
    .map(|tree| tree.as_bytes().to_vec())
    .collect()
}
