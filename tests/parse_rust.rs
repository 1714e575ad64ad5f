//! The lexer's fast path against the full parse, file by file, over real crates.
//!
//! By default a sample of the crates in Cargo's registry cache; `BOMVET_ALL_CRATES=1` takes all.

use std::io::Read;
use std::path::PathBuf;

use bomvet::check::parse::rust::{parse, parse_fully};
use bomvet::model::{FactKind, Treatment};

fn archives() -> Vec<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let Some(cache) = home.map(|home| home.join("registry/cache")) else { return Vec::new() };
    let mut all: Vec<PathBuf> = std::fs::read_dir(cache)
        .into_iter()
        .flatten()
        .flatten()
        .flat_map(|registry| std::fs::read_dir(registry.path()).into_iter().flatten().flatten())
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "crate"))
        .collect();
    all.sort();
    all
}

fn rust_files(archive: &PathBuf) -> Vec<(String, String)> {
    let Ok(file) = std::fs::File::open(archive) else { return Vec::new() };
    let mut files = Vec::new();
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(file));
    for mut entry in tar.entries().into_iter().flatten().flatten() {
        let path = entry.path().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
        let inner = path.split_once('/').map_or("", |(_, inner)| inner).to_owned();
        let mut text = String::new();
        if inner.ends_with(".rs") && entry.read_to_string(&mut text).is_ok() {
            files.push((inner, text));
        }
    }
    files
}

#[test]
fn what_the_lexer_settles_the_full_parse_does_not_change() {
    let all = archives();
    if all.is_empty() {
        eprintln!("skipped: no crates in Cargo's registry cache");
        return;
    }
    let every = std::env::var_os("BOMVET_ALL_CRATES").is_some();
    let step = if every { 1 } else { 40 };
    let (mut files, mut bytes, mut settled_bytes) = (0u64, 0u64, 0u64);
    let mut loud: Vec<String> = Vec::new();
    for archive in all.iter().step_by(step) {
        let name = archive.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        for (path, text) in rust_files(archive) {
            files += 1;
            bytes += text.len() as u64;
            let fast = parse(&path, &text);
            let too_deep = fast.facts.iter().any(|fact| fact.name == "too-deep");
            assert!(!too_deep, "{name} {path}: {:?}", fast.facts.last().map(|fact| &fact.value));
            for fact in &fast.facts {
                let flow = matches!(fact.kind, FactKind::Flow | FactKind::Guard | FactKind::Shape);
                if flow && !fact.context.test {
                    loud.push(format!(
                        "{name} {path}:{} {:?} {} {}",
                        fact.span.line, fact.kind, fact.name, fact.value
                    ));
                }
            }
            let full = parse_fully(&path, &text);
            // What `syn` cannot read it says nothing of; the fast path may have seen no such part.
            if full.facts.iter().any(|fact| fact.name == "unparsed") {
                let read = full.facts.iter().filter(|fact| fact.name != "unparsed");
                let missing: Vec<_> = read.filter(|fact| !fast.facts.contains(fact)).collect();
                assert!(missing.is_empty(), "{name} {path}: {missing:?}");
                continue;
            }
            if fast.treatment == Treatment::Lexed("rust".to_owned()) {
                settled_bytes += text.len() as u64;
            }
            assert_eq!(fast.facts, full.facts, "{name} {path}");
            assert_eq!(
                (fast.code_lines, fast.exports, &fast.local),
                (full.code_lines, full.exports, &full.local),
                "{name} {path}"
            );
        }
    }
    eprintln!("{files} files, {bytes} bytes, {settled_bytes} settled by the lexer");
    loud.iter().for_each(|line| eprintln!("{line}"));
    assert!(settled_bytes > bytes / 2, "the lexer settles {settled_bytes} of {bytes} bytes");
}
