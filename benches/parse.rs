//! The Rust parser on real source text: what the lexer settles, what it leaves to `syn`, and the
//! full parse that both are compared with. Throughput is in bytes of source per second of one core.

use std::path::{Path, PathBuf};

use bomvet::check::parse::rust::{parse, parse_fully};
use bomvet::model::Treatment;
use divan::Bencher;
use divan::counter::BytesCount;

fn main() {
    // Parsers recurse; they run on threads with large stacks here as they do in an audit.
    std::thread::Builder::new()
        .stack_size(256 << 20)
        .spawn(divan::main)
        .expect("a thread starts")
        .join()
        .expect("the benchmarks end");
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, out);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            out.push(path);
        }
    }
}

/// The project's own sources, which are always there and reach for a little of everything.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join("src"), &mut paths);
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.strip_prefix(root).ok()?.to_string_lossy().into_owned();
        Some((name, std::fs::read_to_string(&path).ok()?))
    };
    paths.into_iter().filter_map(read).collect()
}

/// Bindings as a generator writes them: long, flat, and without a name that counts.
fn bindings() -> Vec<(String, String)> {
    let mut text = String::from("#![allow(non_camel_case_types)]\n");
    for n in 0..20_000 {
        text.push_str(&format!(
            "pub const FLAG_{n}: u32 = {n}u32;\n#[repr(C)]\n#[derive(Clone, Copy)]\npub struct Record{n} {{\n    pub size: u32,\n    pub data: [u8; {}],\n}}\n",
            n % 64 + 1
        ));
    }
    vec![("src/bindings.rs".to_owned(), text)]
}

fn settled(files: Vec<(String, String)>, yes: bool) -> Vec<(String, String)> {
    let is = |path: &str, text: &str| matches!(parse(path, text).treatment, Treatment::Lexed(_));
    files.into_iter().filter(|(path, text)| is(path, text) == yes).collect()
}

fn run(
    bencher: Bencher<'_, '_>,
    files: &[(String, String)],
    parse: fn(&str, &str) -> bomvet::check::parse::Parsed,
) {
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    bencher
        .counter(BytesCount::new(bytes))
        .bench(|| files.iter().map(|(path, text)| parse(path, text).facts.len()).sum::<usize>());
}

/// Files of this project that the lexer settles.
#[divan::bench(sample_count = 20)]
fn lexer_settles(bencher: Bencher<'_, '_>) {
    run(bencher, &settled(sources(), true), parse);
}

/// Files of this project of which the parser sees a part.
#[divan::bench(sample_count = 20)]
fn parser_sees_a_part(bencher: Bencher<'_, '_>) {
    run(bencher, &settled(sources(), false), parse);
}

/// All files of this project, as an audit reads them.
#[divan::bench(sample_count = 20)]
fn project(bencher: Bencher<'_, '_>) {
    run(bencher, &sources(), parse);
}

/// All files of this project through `syn`.
#[divan::bench(sample_count = 20)]
fn project_in_full(bencher: Bencher<'_, '_>) {
    run(bencher, &sources(), parse_fully);
}

/// Generated bindings, as an audit reads them.
#[divan::bench(sample_count = 20)]
fn generated(bencher: Bencher<'_, '_>) {
    run(bencher, &bindings(), parse);
}

/// Generated bindings through `syn`.
#[divan::bench(sample_count = 5)]
fn generated_in_full(bencher: Bencher<'_, '_>) {
    run(bencher, &bindings(), parse_fully);
}
