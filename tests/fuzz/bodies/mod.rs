//! What the fuzz targets do with their bytes, shared by the fuzz crate (`tests/fuzz`) and by the default test run
//! (`tests/fuzz_smoke.rs`), and the seeds that both start from: fixtures, rules and the program's own sources.
//!
//! Each body panics where a promise is broken: beyond "no panic", the same bytes give the same answer twice, places
//! lie within the file and on characters, coverage adds up, what one side writes the other reads.

use std::fs;
use std::path::{Path, PathBuf};

mod agents;
mod archives;
mod code;
mod infra;
mod projects;
mod records;
mod reviewers;
mod signed;

/// One target.
pub struct Target {
    /// Its name, as given to `tests/fuzz/run`.
    pub name: &'static str,
    /// What it does with some bytes; whether a reader took them for what they should be, so that a test can tell a
    /// target whose seeds never get past the door.
    pub run: fn(&[u8]) -> bool,
    /// Where to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target; a test asserts that each runs by default.
pub const TARGETS: &[Target] = &[
    Target { name: "agent", run: agents::agent, seeds: agents::agent_seeds },
    Target { name: "archive_gzip", run: archives::gzip, seeds: archives::gzip_seeds },
    Target { name: "archive_tar", run: archives::tar, seeds: archives::tar_seeds },
    Target { name: "archive_zip", run: archives::zip, seeds: archives::zip_seeds },
    Target { name: "attestations", run: signed::attestations, seeds: signed::attestation_seeds },
    Target { name: "binary", run: code::binary, seeds: code::binary_seeds },
    Target { name: "bom", run: signed::bom, seeds: signed::bom_seeds },
    Target { name: "bom_read", run: signed::bom_read, seeds: signed::bom_seeds },
    Target { name: "c", run: code::c, seeds: code::c_seeds },
    Target { name: "cargo_config", run: projects::cargo_config, seeds: projects::cargo_config_seeds },
    Target { name: "cargo_project", run: projects::cargo_project, seeds: projects::cargo_seeds },
    Target { name: "check_target", run: agents::check_target, seeds: agents::target_seeds },
    Target { name: "dockerfile", run: infra::dockerfile, seeds: infra::dockerfile_seeds },
    Target { name: "eval_case", run: agents::eval_case, seeds: agents::case_seeds },
    Target { name: "git", run: projects::git, seeds: projects::git_seeds },
    Target { name: "go_module", run: infra::go_module, seeds: infra::go_seeds },
    Target { name: "guard", run: agents::guard, seeds: agents::guard_seeds },
    Target { name: "jcs", run: signed::jcs, seeds: signed::jcs_seeds },
    Target { name: "js", run: code::js, seeds: code::js_seeds },
    Target { name: "js_locks", run: projects::locks, seeds: projects::js_lock_seeds },
    Target { name: "json", run: code::json, seeds: code::json_seeds },
    Target { name: "keys", run: signed::keys, seeds: signed::key_seeds },
    Target { name: "ledger", run: signed::ledger, seeds: signed::ledger_seeds },
    Target { name: "licence", run: records::licence, seeds: records::licence_seeds },
    Target { name: "likeness", run: code::likeness, seeds: code::likeness_seeds },
    Target { name: "npm_project", run: projects::npm_project, seeds: projects::npm_seeds },
    Target { name: "npmrc", run: projects::npmrc, seeds: projects::npmrc_seeds },
    Target { name: "osv", run: records::osv, seeds: records::osv_seeds },
    Target { name: "package", run: code::package, seeds: code::package_seeds },
    Target { name: "picture", run: agents::picture, seeds: agents::picture_seeds },
    Target { name: "policy", run: records::policy, seeds: records::policy_seeds },
    Target { name: "prose", run: code::prose, seeds: code::prose_seeds },
    Target { name: "provenance", run: signed::provenance, seeds: signed::provenance_seeds },
    Target { name: "pypi_metadata", run: projects::pypi_metadata, seeds: projects::pypi_metadata_seeds },
    Target { name: "pypi_page", run: projects::pypi_page, seeds: projects::pypi_page_seeds },
    Target { name: "pypi_project", run: projects::locks, seeds: projects::pypi_seeds },
    Target { name: "python", run: code::python, seeds: code::python_seeds },
    Target { name: "reviewers", run: reviewers::reviewers, seeds: reviewers::reviewers_seeds },
    Target { name: "rule", run: records::rule, seeds: records::rule_seeds },
    Target { name: "rust", run: code::rust, seeds: code::rust_seeds },
    Target { name: "rustsec", run: records::rustsec, seeds: records::rustsec_seeds },
    Target { name: "shell", run: code::shell, seeds: code::shell_seeds },
    Target { name: "text", run: code::text, seeds: code::text_seeds },
    Target { name: "toml", run: code::toml, seeds: code::toml_seeds },
    Target { name: "vet", run: records::vet, seeds: records::vet_seeds },
    Target { name: "vetted_lock", run: agents::vetted_lock, seeds: agents::lock_seeds },
    Target { name: "workflow", run: infra::workflow, seeds: infra::workflow_seeds },
    Target { name: "zon", run: infra::zon, seeds: infra::zon_seeds },
    Target { name: "yaml", run: records::yaml, seeds: records::yaml_seeds },
];

/// The target of that name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// The package's folder, from the fuzz crate too.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().find(|dir| dir.join("fixtures").is_dir()).expect("lies in the package").to_owned()
}

fn fixture(path: &str) -> Vec<u8> {
    fs::read(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Files below a folder of the package with one of these endings, at most `largest` bytes each, sorted by path.
fn files(folder: &str, endings: &[&str], largest: u64) -> Files {
    let (top, mut out) = (root().join(folder), Vec::new());
    let mut todo = vec![top.clone()];
    while let Some(dir) = todo.pop() {
        for entry in fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display())).flatten()
        {
            let (path, kind) = (entry.path(), entry.file_type().expect("has a type"));
            if kind.is_dir() {
                todo.push(path);
            } else if kind.is_file() && entry.metadata().is_ok_and(|meta| meta.len() <= largest) {
                let inner = path.strip_prefix(&top).expect("found below it").to_string_lossy().into_owned();
                if endings.iter().any(|ending| inner.ends_with(ending)) {
                    out.push((inner, fs::read(&path).expect("readable")));
                }
            }
        }
    }
    out.sort();
    out
}

/// Paths and bytes.
type Files = Vec<(String, Vec<u8>)>;

fn bytes_of(files: Files) -> Vec<Vec<u8>> {
    files.into_iter().map(|(_, bytes)| bytes).collect()
}

/// Starts the line that names a file, where one input holds several.
const HEAD: &str = "#=# ";

/// Several files in one input that a mutation can cut anywhere.
fn pack<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut out = Vec::new();
    for (path, bytes) in files {
        out.extend_from_slice(format!("{HEAD}{path}\n").as_bytes());
        out.extend_from_slice(bytes);
        out.push(b'\n');
    }
    out
}

/// The files of [`pack`], names that could leave a folder left out, each name once, at most twelve.
fn unpack(data: &[u8]) -> Vec<(String, &[u8])> {
    let plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-@".contains(&b))
    };
    let mut out: Vec<(String, &[u8])> = Vec::new();
    let (mut at, mut open) = (0, None);
    let mut close = |open: Option<(String, usize)>, end: usize| {
        let Some((name, start)) = open else { return };
        let name: String = name;
        // Nor may a file be a folder of another one.
        let taken = |other: &str| {
            other == name || other.starts_with(&format!("{name}/")) || name.starts_with(&format!("{other}/"))
        };
        if out.len() < 12
            && name.len() < 120
            && name.split('/').count() < 6
            && name.split('/').all(plain)
            && !out.iter().any(|(other, _)| taken(other))
        {
            out.push((name, data[start..end].strip_suffix(b"\n").unwrap_or(&data[start..end])));
        }
    };
    while at < data.len() {
        let end = data[at..].iter().position(|b| *b == b'\n').map_or(data.len(), |len| at + len);
        if let Some(name) = data[at..end].strip_prefix(HEAD.as_bytes()) {
            close(open.take(), at);
            let start = (end + 1).min(data.len());
            open = std::str::from_utf8(name).ok().map(|name| (name.to_owned(), start));
        }
        at = end + 1;
    }
    close(open, data.len());
    out
}

/// A folder with these files.
fn folder(files: &[(String, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("below the folder")).expect("new folder");
        fs::write(path, bytes).expect("new file");
    }
    folder
}
