//! Whole audits by the binary, beside what else reads the same lockfile: this repository's own
//! dependencies, whose archives cargo has on disk (`cargo fetch` gets them).
//!
//! `cargo bench --bench audit` prints a table; `cargo-audit` and `cargo-deny` are measured where they
//! are on the path. Archives are read once before, so that every row finds them in the page cache.
//! `BOMVET_BENCH_DB` names a RustSec database (a folder or an archive); the fixture otherwise.

mod measure;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use measure::{command, run};
use sha2::{Digest as _, Sha256};

/// Runs of each row; the median counts.
const RUNS: usize = 5;
/// The package that "one package changed" checks anew.
const CHANGED: &str = "regex-automata";

struct Row {
    name: String,
    times: Vec<Duration>,
    /// Bytes.
    memory: u64,
}

impl Row {
    fn median(&self) -> Duration {
        let mut times = self.times.clone();
        times.sort();
        times[times.len() / 2]
    }
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).expect("the repository has a lockfile");
    let archives = archives(&lock);
    let packed: u64 = archives.iter().map(|(_, size)| size).sum();
    println!("{} archives, {:.1} MB, {RUNS} runs each", archives.len(), packed as f64 / 1e6);

    let scratch = tempfile::tempdir().expect("a temporary folder");
    let project = scratch.path().join("project");
    let rest = scratch.path().join("rest");
    for folder in [&project, &rest] {
        std::fs::create_dir_all(folder).expect("in a temporary folder");
    }
    std::fs::write(project.join("Cargo.lock"), &lock).expect("in a temporary folder");
    std::fs::write(rest.join("Cargo.lock"), without(&lock, CHANGED)).expect("in a temporary folder");

    let mut rows = vec![sha256(&archives)];
    rows.extend(other("cargo audit", "cargo-audit", audit_arguments(root, &project), root));
    let deny = ["deny", "--offline", "check", "bans", "licenses", "sources"].map(str::to_owned);
    rows.extend(other("cargo deny check bans licenses sources", "cargo-deny", deny.into(), root));
    let store = |n: usize| scratch.path().join(format!("store-{n}"));
    rows.push(row("bomvet audit, cold", |n| run(&mut bomvet(root, &project, &store(n)))));
    rows.push(row("bomvet audit, warm", |_| run(&mut bomvet(root, &project, &store(0)))));
    rows.push(row(&format!("bomvet audit, {CHANGED} changed"), |n| {
        let store = scratch.path().join(format!("rest-{n}"));
        run(&mut bomvet(root, &rest, &store));
        run(&mut bomvet(root, &project, &store))
    }));

    let base = rows[0].median().as_secs_f64();
    println!("\n| run | seconds | times SHA-256 | peak memory |\n|---|---|---|---|");
    for row in &rows {
        let seconds = row.median().as_secs_f64();
        let memory = if row.memory == 0 { String::new() } else { format!("{} MB", row.memory >> 20) };
        println!("| {} | {seconds:.2} | {:.1} | {memory} |", row.name, seconds / base);
    }
}

/// The archives that the lockfile names, with their sizes.
fn archives(lock: &str) -> Vec<(PathBuf, u64)> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| {
        let home = std::env::var_os("HOME")?;
        Some(PathBuf::from(home).join(".cargo"))
    });
    let cache = home.expect("CARGO_HOME or HOME is set").join("registry/cache");
    let registries: Vec<PathBuf> = std::fs::read_dir(&cache)
        .expect("cargo has fetched something: run `cargo fetch --locked`")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    let lock: toml::Table = lock.parse().expect("the lockfile is TOML");
    let packages = lock["package"].as_array().expect("a lockfile lists packages");
    packages
        .iter()
        .filter(|package| package.get("checksum").is_some())
        .map(|package| {
            let name = format!("{}-{}.crate", text(package, "name"), text(package, "version"));
            let path = registries.iter().map(|folder| folder.join(&name)).find(|path| path.is_file());
            let path = path.unwrap_or_else(|| panic!("`{name}` is missing: run `cargo fetch --locked`"));
            let size = std::fs::metadata(&path).expect("it is there").len();
            (path, size)
        })
        .collect()
}

fn text<'a>(package: &'a toml::Value, key: &str) -> &'a str {
    package[key].as_str().expect("a lockfile's names and versions are strings")
}

/// The lockfile without one package's entry.
fn without(lock: &str, name: &str) -> String {
    let line = format!("name = \"{name}\"");
    let entries = lock.split("[[package]]").filter(|entry| !entry.lines().any(|other| other == line));
    entries.collect::<Vec<_>>().join("[[package]]")
}

fn row(name: &str, mut once: impl FnMut(usize) -> (Duration, u64)) -> Row {
    let runs: Vec<_> = (0..RUNS).map(&mut once).collect();
    Row {
        name: name.to_owned(),
        times: runs.iter().map(|(time, _)| *time).collect(),
        memory: runs.iter().map(|(_, memory)| *memory).max().unwrap_or(0),
    }
}

fn sha256(archives: &[(PathBuf, u64)]) -> Row {
    let once = || {
        let start = Instant::now();
        for (path, _) in archives {
            let bytes = std::fs::read(path).expect("it was there");
            std::hint::black_box(Sha256::digest(&bytes));
        }
        (start.elapsed(), 0)
    };
    once();
    row("SHA-256 of the archives, one thread", |_| once())
}

fn database(root: &Path) -> PathBuf {
    let named = std::env::var_os("BOMVET_BENCH_DB").map(PathBuf::from);
    named.unwrap_or_else(|| root.join("fixtures/advisories/rustsec"))
}

fn audit_arguments(root: &Path, project: &Path) -> Vec<String> {
    let mut arguments =
        vec!["audit".to_owned(), "--no-fetch".to_owned(), "--stale".to_owned(), "--db".to_owned()];
    arguments.push(database(root).display().to_string());
    arguments.push("--file".to_owned());
    arguments.push(project.join("Cargo.lock").display().to_string());
    arguments
}

/// Another program, if it is on the path.
fn other(name: &str, program: &str, arguments: Vec<String>, folder: &Path) -> Option<Row> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file());
    let Some(found) = found else {
        eprintln!("skipped: `{program}` is not on the path");
        return None;
    };
    Some(row(name, |_| run(command(&found).args(&arguments).current_dir(folder))))
}

fn bomvet(root: &Path, project: &Path, store: &Path) -> Command {
    let mut command = command(Path::new(env!("CARGO_BIN_EXE_bomvet")));
    command
        .args(["audit", "--offline", "--lockfile-only", "--unsigned", "--db"])
        .arg(database(root))
        .arg("--output")
        .arg(store.with_extension("out"))
        .arg(project)
        .env("BOMVET_STORE", store);
    command
}
