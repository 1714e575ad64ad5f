//! The real registries, for real lockfiles. Downloads some hundred megabytes, so it runs only when
//! asked: `cargo test --test registries -- --ignored --nocapture`.

mod support;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use bomvet::acquire::{Acquirer, Options, discover_homes};
use bomvet::model::{Digest, Ecosystem, HashAlgorithm, Package, Provenance};
use bomvet::store::Store;
use support::package;

fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("BOMVET_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    folder.is_dir().then_some(folder)
}

fn npm(lockfile: &Path) -> Vec<Package> {
    let lock: serde_json::Value =
        serde_json::from_slice(&std::fs::read(lockfile).expect("a lockfile")).expect("JSON");
    let mut out: Vec<_> = lock["packages"]
        .as_object()
        .expect("packages")
        .iter()
        .filter_map(|(path, entry)| {
            let name = entry["name"].as_str().or_else(|| Some(path.rsplit_once("node_modules/")?.1))?;
            let integrity = Digest::parse_sri(entry["integrity"].as_str()?);
            Some(package(Ecosystem::Npm, name, entry["version"].as_str()?, integrity))
        })
        .collect();
    out.sort();
    out.dedup();
    out
}

fn cargo(lockfile: &Path) -> Vec<Package> {
    let lock: toml::Table = std::fs::read_to_string(lockfile).expect("a lockfile").parse().expect("TOML");
    let text = |entry: &toml::Value, key: &str| entry.get(key).and_then(|v| v.as_str()).map(str::to_owned);
    lock["package"]
        .as_array()
        .expect("packages")
        .iter()
        .filter_map(|entry| {
            let sum = Digest::from_hex(HashAlgorithm::Sha256, &text(entry, "checksum")?)?;
            Some(package(Ecosystem::Cargo, &text(entry, "name")?, &text(entry, "version")?, vec![sum]))
        })
        .collect()
}

/// Fetches, verifies and unpacks every package, as the audit does; gives what failed.
fn all(packages: &[Package], store: &Path) -> Vec<String> {
    let homes = discover_homes(&|name| std::env::var(name).ok(), std::env::home_dir());
    let root = tempfile::tempdir().expect("a folder");
    let options = Options { root: root.path().to_owned(), ..homes };
    let (threads, began) = (options.connections, Instant::now());
    let acquirer = Acquirer::new(options, Store::open(store.to_owned()));
    let (next, failed) = (Mutex::new(packages.iter()), Mutex::new(Vec::new()));
    let sums = Mutex::new((0_u64, 0_u64, 0_usize, std::time::Duration::ZERO));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let Some(package) = next.lock().expect("lock").next() else { return };
                    let fail = |what: String| {
                        failed.lock().expect("lock").push(format!("{}: {what}", package.label()));
                    };
                    let acquired = match acquirer.acquire(package) {
                        Ok(acquired) => acquired,
                        Err(refusal) => {
                            fail(refusal.gap.message);
                            continue;
                        }
                    };
                    let began = Instant::now();
                    match acquirer.unpack(package, &acquired) {
                        Err(refusal) => fail(refusal.gap.message),
                        Ok((contents, findings)) => {
                            for finding in findings {
                                eprintln!("{}: {}: {}", package.label(), finding.rule, finding.message);
                            }
                            if !matches!(contents.provenance, Provenance::Verified { .. }) {
                                fail("not verified".to_owned());
                            }
                            let mut sums = sums.lock().expect("lock");
                            sums.0 += contents.archive_size;
                            sums.1 += contents.size();
                            sums.2 += contents.files.len();
                            sums.3 += began.elapsed();
                        }
                    }
                }
            });
        }
    });
    let (packed, unpacked, files, spent) = *sums.lock().expect("lock");
    eprintln!(
        "{} packages, {packed} bytes packed, {unpacked} in {files} files, {:?} in all, {spent:?} unpacking (all threads)",
        packages.len(),
        began.elapsed(),
    );
    let mut failed = failed.into_inner().expect("lock");
    failed.sort();
    failed
}

#[test]
#[ignore = "downloads from the registries"]
fn every_package_of_real_lockfiles_is_fetched_verified_and_unpacked() {
    let mut lockfiles = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")];
    match data() {
        None => eprintln!("only this project's own lockfile: there is no test data (`BOMVET_DATA`)"),
        Some(data) => lockfiles.extend([
            data.join("lockfiles/openclaw/package-lock.json"),
            data.join("lockfiles/hof/next/package-lock.json"),
            data.join("lockfiles/wasmtime/Cargo.lock"),
        ]),
    }
    let store = std::env::var_os("BOMVET_TEST_STORE").map(PathBuf::from);
    let fresh = tempfile::tempdir().expect("a folder");
    let store = store.unwrap_or_else(|| fresh.path().to_owned());
    for lockfile in lockfiles {
        let packages = if lockfile.extension().is_some_and(|end| end == "lock") {
            cargo(&lockfile)
        } else {
            npm(&lockfile)
        };
        eprintln!("{}:", lockfile.file_name().expect("a file").display());
        assert!(packages.len() > 100);
        assert_eq!(all(&packages, &store), Vec::<String>::new());
    }
}
