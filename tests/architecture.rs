//! Imports run one way: a stage uses the model, the services and the stages above it.

use std::collections::BTreeSet;
use std::path::Path;

/// Top-level modules in the order of the data, services first. A module may use itself and
/// everything before it.
#[rustfmt::skip]
const ORDER: &[&str] = &[
    "model",
    "json",
    "yaml",
    "shell",
    "yaml",
    "rules",
    "store",
    "weights",
    "prose",
    "merkle",
    "sigstore",
    "discover",
    "resolve",
    "graph",
    "acquire",
    "origin",
    "check",
    "vet",
    "ledger",
    "review",
    "policy",
    "attest",
    "compare",
    "report",
    "audit",
    "eval",
    "guard",
    "mcp",
];

/// Uses that point up and why they may.
const EXCEPTIONS: [(&str, &str, &str); 2] = [
    ("rules", "check", "`rules test` runs each rule's examples through the checks"),
    ("ledger", "attest", "entries are signed as what is published is: keys, envelopes, canonical JSON"),
];

fn uses(file: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let mut found = BTreeSet::new();
    for line in text.lines().map(str::trim_start).filter(|line| !line.starts_with("//")) {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            if let Some(group) = rest.strip_prefix('{') {
                let names = group.split(['{', '}', ',']).map(|part| part.trim().split("::").next().unwrap());
                found.extend(names.filter(|name| ORDER.contains(name)).map(str::to_owned));
            } else {
                found.insert(
                    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned(),
                );
            }
        }
    }
    found
}

fn sources(dir: &Path, out: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            out.push(path);
        }
    }
}

/// `println!` and its kin panic where nobody can be written to (a full disk, `| head`).
#[test]
fn nothing_prints_with_macros_that_panic() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut wrong = Vec::new();
    for file in files.into_iter().filter(|file| !file.ends_with("tests.rs")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let prints = |line: &str| {
            ["print!(", "println!(", "eprint!(", "eprintln!("]
                .iter()
                .any(|name| line.trim_start().starts_with(name))
        };
        for (at, _) in code.lines().enumerate().filter(|(_, line)| prints(line)) {
            wrong.push(format!("{}:{}", file.strip_prefix(&src).unwrap().display(), at + 1));
        }
    }
    assert!(wrong.is_empty(), "use `cli::print` or `cli::complain`:\n{}", wrong.join("\n"));
}

#[test]
fn no_import_points_up() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    assert!(files.len() > 30, "the walk found only {} files", files.len());
    let rank = |name: &str| ORDER.iter().position(|module| *module == name);
    let mut wrong = Vec::new();
    for file in files {
        let inner = file.strip_prefix(&src).unwrap();
        let module = inner.components().next().unwrap().as_os_str().to_string_lossy().replace(".rs", "");
        let is_test = inner.to_string_lossy().contains("tests");
        if matches!(module.as_str(), "lib" | "main" | "cli") || is_test {
            continue;
        }
        let own = rank(&module).unwrap_or_else(|| panic!("`{module}` is not in the order of modules"));
        for used in uses(&file) {
            let excused = EXCEPTIONS.iter().any(|(from, to, _)| *from == module && *to == used);
            if !excused && rank(&used).is_none_or(|other| other > own) {
                wrong.push(format!("{}: `{module}` uses `{used}`", inner.display()));
            }
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "imports that point up:\n{}", wrong.join("\n"));
}
