//! The Python parser against hostile input, and over packages of a folder that `BOMVET_PYTHON`
//! names: nothing may overflow the stack or panic.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use bomvet::check::parse::python::parse;
use bomvet::check::{analyse, examples};
use bomvet::model::{Ecosystem, Location, Package, Severity, Treatment};
use bomvet::rules::RuleSet;

/// The stack of an ordinary thread.
const STACK: usize = 2 << 20;

fn on_a_small_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(STACK).spawn(work).expect("starts").join().expect("does not panic")
}

/// Every construct that nests or chains, `n` deep.
fn constructs(n: usize) -> Vec<String> {
    let around =
        |open: &str, middle: &str, close: &str| format!("{}{middle}{}\n", open.repeat(n), close.repeat(n));
    let blocks = |head: &str| {
        (0..n.min(3_000)).map(|level| format!("{}{head}\n", " ".repeat(level))).collect::<String>()
    };
    vec![
        around("x = (", "1", ")"),
        around("(", "1", ")"),
        around("[", "1", "]"),
        around("{1: ", "1", "}"),
        around("f(", "", ")"),
        around("a[", "1", "]"),
        around("f'{", "1", "}'"),
        around("f\"{", "1", "}\""),
        format!("x = {}1\n", "-".repeat(n)),
        format!("x = {}1\n", "not ".repeat(n)),
        format!("x = {}1\n", "lambda: ".repeat(n)),
        format!("x = {}1\n", "a if b else ".repeat(n)),
        format!("x = {}1\n", "a**".repeat(n)),
        format!("x = {}1\n", "a+".repeat(n)),
        format!("x = {}1\n", "'a'+".repeat(n)),
        format!("x = {}1\n", "a and ".repeat(n)),
        format!("x = {}1\n", "a < ".repeat(n)),
        format!("x = a{}\n", ".b".repeat(n)),
        format!("x = a{}\n", "()".repeat(n)),
        format!("x = a{}\n", "[0]".repeat(n)),
        format!("{}1\n", "x = ".repeat(n)),
        format!("def f():\n  x = {}1\n", "await ".repeat(n)),
        format!("x = {}\n", "'a' ".repeat(n)),
        blocks("if a:"),
        blocks("def f():"),
        blocks("class A:"),
        blocks("for a in b:"),
        blocks("with a:"),
        blocks("try:"),
        format!("if a: pass\n{}", "elif a: pass\n".repeat(n)),
        "(".repeat(n),
        "[{(".repeat(n),
        "f'{".repeat(n),
        "match x:\n  case [".to_owned() + &"[".repeat(n),
        format!("match x:\n  case {}a: pass\n", "a|".repeat(n)),
    ]
}

#[test]
fn a_hundred_thousand_deep_is_a_finding_and_never_a_crash() {
    for (at, text) in constructs(100_000).into_iter().enumerate() {
        let shown: String = text.chars().take(40).collect();
        let (treatment, names) = on_a_small_thread(move || {
            let parsed = parse("a.py", &text);
            (parsed.treatment, parsed.facts.iter().map(|fact| fact.name.clone()).collect::<Vec<_>>())
        });
        let said = names.iter().any(|name| matches!(name.as_str(), "too-deep" | "unparsed"));
        assert!(treatment != Treatment::Text || said, "{at} {shown}: {treatment:?}");
    }
}

#[test]
fn what_stays_below_the_limit_fits_the_stack() {
    for n in [90, 195, 1_400, 2_900] {
        for text in constructs(n) {
            let (before, shown) = (Instant::now(), text.chars().take(30).collect::<String>());
            let treatment = on_a_small_thread(move || parse("a.py", &text).treatment);
            println!("{n} {:.2} s {shown:?}", before.elapsed().as_secs_f64());
            assert!(treatment == Treatment::Text || matches!(treatment, Treatment::Parsed(_)));
        }
    }
}

fn walk(folder: &Path, root: &Path, out: &mut Vec<(String, Vec<u8>)>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, root, out);
        } else if let (Ok(inner), Ok(bytes)) = (path.strip_prefix(root), std::fs::read(&path)) {
            out.push((inner.to_string_lossy().replace('\\', "/"), bytes));
        }
    }
}

/// Each folder in `BOMVET_PYTHON` is a package: prints what is found and how fast.
#[test]
fn packages_of_a_folder() {
    let Some(folder) = std::env::var_os("BOMVET_PYTHON").map(PathBuf::from) else {
        println!("skipped: BOMVET_PYTHON names no folder of unpacked packages");
        return;
    };
    let rules = RuleSet::builtin();
    let mut packages: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("is readable").flatten().map(|entry| entry.path()).collect();
    packages.sort();
    let (mut bytes, mut files, mut unparsed, mut seconds) = (0_usize, 0, 0, 0.0);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for package in packages {
        let mut list = Vec::new();
        walk(&package, &package, &mut list);
        let mut name = package.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.truncate(name.find('-').unwrap_or(name.len()));
        let contents = examples::contents(
            &list.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect::<Vec<_>>(),
        );
        let location = Location { file: Arc::from("x"), line: 1, column: 1 };
        let subject = Package::registry(Ecosystem::Pypi, &name, "1.0.0", location);
        let before = Instant::now();
        let analysis = analyse(&subject, &contents, &rules);
        let took = before.elapsed().as_secs_f64();
        let python: Vec<_> = list.iter().filter(|(path, _)| path.ends_with(".py")).collect();
        let size: usize = python.iter().map(|(_, bytes)| bytes.len()).sum();
        (bytes, files, seconds) = (bytes + size, files + python.len(), seconds + took);
        println!("{name}: {} files, {:.1} MB, {took:.2} s", python.len(), size as f64 / 1e6);
        for gap in &analysis.gaps {
            unparsed += 1;
            println!("  gap {}", gap.message.chars().take(200).collect::<String>());
        }
        for finding in &analysis.findings {
            *counts.entry(format!("{} {}", finding.severity, finding.rule)).or_default() += 1;
            if finding.severity >= Severity::Medium {
                println!("  {} {}: {}", finding.severity, finding.rule, finding.message);
                for span in finding.spans.iter().take(6) {
                    println!("      {}:{} {}", span.file, span.line, span.text.trim());
                }
            }
        }
    }
    println!(
        "{files} files, {:.1} MB in {seconds:.1} s: {:.1} MB/s, {unparsed} gaps",
        bytes as f64 / 1e6,
        bytes as f64 / 1e6 / seconds.max(0.001)
    );
    for (rule, count) in counts {
        println!("{count:6} {rule}");
    }
}
