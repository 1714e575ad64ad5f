//! Wheels and source archives from a package index, over a server on this machine.

mod support;

use std::io::Write as _;

use bomvet::acquire::registry::pypi::PypiConfig;
use bomvet::acquire::{Acquired, Acquirer, Options};
use bomvet::model::{Digest, Ecosystem, Location, Package, Provenance};
use bomvet::store::Store;
use support::server::{Answer, Server};

fn wheel(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, body) in files {
        out.start_file(*name, zip::write::SimpleFileOptions::default()).expect("in memory");
        out.write_all(body).expect("in memory");
    }
    out.finish().expect("in memory").into_inner()
}

struct Case {
    server: Server,
    store: tempfile::TempDir,
    wheel: Vec<u8>,
    sdist: Vec<u8>,
}

const WHEEL: &str = "/files/demo-1.0-py3-none-any.whl";
const SDIST: &str = "/files/demo-1.0.tar.gz";

fn case() -> Case {
    let wheel = wheel(&[
        ("demo/__init__.py", b"x = 1\n"),
        ("demo-1.0.dist-info/METADATA", b"Name: demo\nVersion: 1.0\n"),
    ]);
    let sdist = support::tgz(&[
        ("demo-1.0/setup.py", b"pass\n"),
        ("demo-1.0/PKG-INFO", b"Name: demo\nVersion: 1.0\n"),
    ]);
    let page = format!(
        "<html><body><a href=\"{WHEEL}#sha256={}\">demo-1.0-py3-none-any.whl</a><a href='{SDIST}#sha256={}' data-yanked='broken'>demo-1.0.tar.gz</a></body></html>",
        Digest::sha256(&wheel).hex(),
        Digest::sha256(&sdist).hex(),
    );
    let server = Server::start(&[
        ("/simple/demo/", vec![Answer::Ok(page.into_bytes())]),
        (WHEEL, vec![Answer::Ok(wheel.clone())]),
        (SDIST, vec![Answer::Ok(sdist.clone())]),
    ]);
    Case { server, store: tempfile::tempdir().expect("a folder"), wheel, sdist }
}

impl Case {
    fn acquirer(&self, offline: bool) -> Acquirer {
        let pip = format!("[global]\nindex-url = {}simple\n", self.server.url());
        let options = Options {
            offline,
            pypi: PypiConfig::parse(&[pip], "", &|_| None),
            ..support::options(self.store.path().to_owned(), "", "", "")
        };
        Acquirer::new(options, Store::open(self.store.path().join("store")))
    }
}

fn package(integrity: Vec<Digest>) -> Package {
    let declared = Location { file: "requirements.txt".into(), line: 1, column: 1 };
    Package { integrity, ..Package::registry(Ecosystem::Pypi, "demo", "1.0", declared) }
}

/// Digests without file names, as `requirements.txt` has them: the index says which file each is.
#[test]
fn every_archive_is_found_verified_and_unpacked_by_itself() {
    let case = case();
    let package = package(vec![Digest::sha256(&case.wheel), Digest::sha256(&case.sdist)]);
    let acquirer = case.acquirer(false);
    let Ok(Acquired::Distributions { list, remarks }) = acquirer.acquire(&package) else {
        panic!("archives")
    };
    let names: Vec<_> = list.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["demo-1.0-py3-none-any.whl", "demo-1.0.tar.gz"]);
    assert!(list.iter().all(|one| matches!(one.provenance, Provenance::Verified { from: "registry", .. })));
    assert!(remarks.gaps.is_empty(), "{remarks:?}");
    let rules: Vec<_> = remarks.findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(rules, ["advisory/yanked"]);
    let paths: Vec<Vec<String>> = list
        .iter()
        .map(|one| {
            let (contents, _) = acquirer.unpack_distribution(&package, one).expect("honest");
            contents.files.iter().map(|file| file.path.to_string()).collect()
        })
        .collect();
    assert_eq!(
        paths,
        [vec!["demo-1.0.dist-info/METADATA", "demo/__init__.py"], vec!["PKG-INFO", "setup.py"]]
    );
    // The second time all of it is in the store.
    let asked = case.server.paths().len();
    let again = case.acquirer(true).acquire(&package).expect("from the store");
    let Acquired::Distributions { list, .. } = again else { panic!("archives") };
    assert!(list.iter().all(|one| matches!(one.provenance, Provenance::Verified { from: "store", .. })));
    assert_eq!(case.server.paths().len(), asked);
}

#[test]
fn what_is_missing_or_wrong_is_said() {
    let case = case();
    let other = Digest::sha256(b"another file");
    // One of two digests that no file of the index has.
    let partly = case.acquirer(false).acquire(&package(vec![Digest::sha256(&case.wheel), other.clone()]));
    let Ok(Acquired::Distributions { list, remarks }) = partly else { panic!("archives") };
    assert_eq!((list.len(), remarks.gaps.len()), (1, 1));
    assert!(remarks.gaps[0].message.contains("the lockfile may be old or made up"), "{remarks:?}");
    // A file name with a digest that is not the file's.
    let artifact =
        bomvet::model::Artifact { name: "demo-1.0.tar.gz".into(), url: None, integrity: vec![other.clone()] };
    let wrong = Package { artifacts: vec![artifact], ..package(vec![other]) };
    let refusal = case.acquirer(false).acquire(&wrong).expect_err("not what is pinned");
    let rules: Vec<_> = refusal.findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert!(rules.contains(&"acquire/wrong-digest"), "{refusal:?}");
    let unpinned = Package { version: String::new(), ..package(Vec::new()) };
    let refusal = case.acquirer(false).acquire(&unpinned).expect_err("no version");
    assert!(refusal.gap.message.contains("no version of `demo` is pinned"), "{refusal:?}");
    let offline = case.acquirer(true).acquire(&package(vec![Digest::sha256(b"x")])).expect_err("offline");
    assert!(offline.gap.message.contains("--offline"), "{offline:?}");
    // Without digests every file of the version is looked at, and none is verified.
    let all = case.acquirer(false).acquire(&package(Vec::new())).expect("the index has two");
    let Acquired::Distributions { list, .. } = all else { panic!("archives") };
    assert_eq!(list.len(), 2);
    assert!(list.iter().all(|one| matches!(one.provenance, Provenance::Unverified(_))));
}
