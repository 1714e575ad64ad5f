//! Where a file stands in its package's life: in tests, or run at install time.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aho_corasick::AhoCorasick;

use crate::model::Contents;

/// Whether a file is a program that a parser follows, by its name; declarations of types do nothing.
pub fn is_code(path: &str) -> bool {
    matches!(
        ending(path),
        "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" | "py" | "pyw" | "pth" | "rs" | "sh"
    ) && ![".d.ts", ".d.mts", ".d.cts"].iter().any(|end| path.ends_with(end))
}

/// Whether a path is one of tests, benches, examples, docs or fixtures, by the names that the
/// tools of both ecosystems use.
pub fn is_test_path(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let (folders, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let folder = |part: &str| {
        matches!(
            part,
            "test"
                | "tests"
                | "__tests__"
                | "__test__"
                | "__mocks__"
                | "__fixtures__"
                | "__snapshots__"
                | "spec"
                | "specs"
                | "fixture"
                | "fixtures"
                | "testdata"
                | "test-data"
                | "test_data"
                | "testing-data"
                | "example"
                | "examples"
                | "bench"
                | "benches"
                | "benchmark"
                | "benchmarks"
                | "doc"
                | "docs"
                | "demo"
                | "demos"
                | "fuzz"
                | "e2e"
                | "corpus"
                | ".github"
                | "ci"
                | "integration-tests"
        ) || part.ends_with("_tests")
            || part.ends_with("-tests")
    };
    let marked = [".test.", ".tests.", ".spec.", ".bench.", ".stories.", "_test.", "-test."];
    folders.split('/').any(folder)
        || (name.starts_with("test_") && name.ends_with(".py"))
        || marked.iter().any(|mark| name.contains(mark))
        || matches!(
            name,
            "test.js"
                | "tests.js"
                | "tests.rs"
                | "test.rs"
                | "test.mjs"
                | "test.ts"
                | "test.cjs"
                | "tests.py"
                | "test.py"
                | "conftest.py"
                | "bench.js"
                | "bench.mjs"
                | "bench.py"
                | "benchmark.js"
                | "benchmark.py"
        )
}

/// Whether a path is one of completions: the shell that they are for reads them when its user asks.
pub fn is_completion(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.contains("complet") && [".sh", ".bash", ".zsh", ".fish"].iter().any(|end| name.ends_with(end))
}

/// Whether a path is of a kind that no tool loads as code by itself: declarations of types, and
/// what editors keep in hidden folders.
pub fn is_idle_path(path: &str) -> bool {
    let hidden = |part: &str| matches!(part, ".history" | ".vscode" | ".idea" | ".vs" | ".cache");
    [".d.ts", ".d.mts", ".d.cts"].iter().any(|end| path.ends_with(end))
        || path.rsplit_once('/').is_some_and(|(folders, _)| folders.split('/').any(hidden))
}

/// Files of a crate in other languages than Rust that nothing of it could run, such as a parser's test data: no file
/// but they, tests left out, says a name of theirs or of a folder that they lie in. `files` are paths and bytes; who
/// calls has seen to it that the crate's code starts no process.
pub fn left_alone(files: &[(&str, &[u8])]) -> BTreeSet<String> {
    let foreign = |path: &str| {
        let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
        matches!(ending, "py" | "pyi" | "ipynb" | "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx")
    };
    let found: Vec<&str> = files.iter().map(|(path, _)| *path).filter(|path| foreign(path)).collect();
    // A file at the top stands where programs look for it.
    let nested: Vec<(&str, [&str; 2])> = found
        .iter()
        .filter_map(|path| {
            let (top, rest) = path.split_once('/')?;
            Some((*path, [top, rest.rsplit_once('/').map_or(rest, |(_, name)| name)]))
        })
        .collect();
    let mut names: Vec<&str> = nested.iter().flat_map(|(_, names)| *names).collect();
    names.sort_unstable();
    names.dedup();
    let Ok(search) = AhoCorasick::new(&names) else { return BTreeSet::new() };
    let mut said = BTreeSet::new();
    let readers = files.iter().filter(|(path, _)| !foreign(path) && !is_test_path(path));
    for (_, bytes) in readers.filter(|_| !names.is_empty()) {
        let hits = search.find_overlapping_iter(*bytes).filter_map(|hit| names.get(hit.pattern().as_usize()));
        said.extend(hits.copied());
    }
    let quiet = nested.iter().filter(|(_, names)| !names.iter().any(|name| said.contains(name)));
    quiet.map(|(path, _)| (*path).to_owned()).collect()
}

/// Files that `starts` load, themselves included: `local` gives what each file names.
pub fn closure(
    starts: &[String],
    local: &BTreeMap<Arc<str>, Vec<String>>,
    exists: impl Fn(&str) -> bool,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut todo: Vec<String> = starts.iter().filter_map(|start| resolve(start, &exists)).collect();
    while let Some(path) = todo.pop() {
        if let Some(named) = local.get(path.as_str()).filter(|_| !found.contains(&path)) {
            todo.extend(named.iter().filter_map(|name| resolve(name, &exists)));
        }
        found.insert(path);
    }
    found
}

/// The file of the package that a name means: itself, with an ending, or a folder's index.
pub fn resolve(name: &str, exists: &impl Fn(&str) -> bool) -> Option<String> {
    let name = normal(name);
    let tries = [
        "",
        ".js",
        ".cjs",
        ".mjs",
        ".ts",
        ".tsx",
        ".jsx",
        ".json",
        ".node",
        "/index.js",
        "/index.cjs",
        "/index.mjs",
        "/index.ts",
        ".py",
        "/__init__.py",
        ".rs",
        "/mod.rs",
        ".py",
        "/__init__.py",
        ".pyw",
    ];
    tries
        .iter()
        .map(|ending| format!("{name}{ending}").trim_start_matches('/').to_owned())
        .find(|path| exists(path))
}

/// A path without `.` and `..`; what leaves the package stays at its root.
pub fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The ending of a path's name, without its dot.
pub fn ending(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, ending)| ending)
}

/// The files that are text, of `most` bytes at most and `wanted` by their paths: path and text.
pub fn texts(
    contents: &Contents,
    most: usize,
    wanted: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (&str, &str)> {
    let files = contents.files.iter().filter(move |file| file.range.len() <= most && wanted(&file.path));
    files.filter_map(|file| Some((&*file.path, std::str::from_utf8(contents.bytes(file)).ok()?)))
}

/// A Rust program with blanks for its unit tests: they are built for nobody who depends on it. Bytes stay
/// where they are.
pub fn without_unit_tests<'a>(ending: &str, source: &'a str) -> Cow<'a, str> {
    const OPENS: &str = "\n#[cfg(test)]\nmod tests {\n";
    if ending != "rs" {
        return Cow::Borrowed(source);
    }
    let Some(from) = source.find(OPENS) else { return Cow::Borrowed(source) };
    let (before, tests) = source.split_at(from);
    let Some(end) = tests.find("\n}\n") else { return Cow::Borrowed(source) };
    let (tests, after) = tests.split_at(end);
    let blank: String = tests
        .chars()
        .flat_map(|c| std::iter::repeat_n(if c == '\n' { '\n' } else { ' ' }, c.len_utf8()))
        .collect();
    Cow::Owned(format!("{before}{blank}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_tests() {
        for path in ["test/a.js", "src/__tests__/a.ts", "a.test.js", "crates/x/benches/b.rs", "src/tests.rs"]
        {
            assert!(is_test_path(path), "{path}");
        }
        for path in ["src/testing.rs", "lib/contest.js", "latest/a.js", "src/attest.rs"] {
            assert!(!is_test_path(path), "{path}");
        }
    }

    #[test]
    fn what_a_crate_leaves_alone() {
        let file = |path: &'static str, text: &'static str| (path, text.as_bytes());
        let alone = |lib: &'static str| {
            left_alone(&[
                file("src/lib.rs", lib),
                file("tests/all.rs", "fn t() { walk(\"resources/err\") }"),
                file("resources/err/a.py", "x ="),
                file("resources/err/b.py", "import a"),
                file("setup.py", "x ="),
            ])
        };
        assert_eq!(
            alone("pub fn f() {}").into_iter().collect::<Vec<_>>(),
            ["resources/err/a.py", "resources/err/b.py"]
        );
        assert_eq!(
            alone("const A: &str = include_str!(\"../x/a.py\");").into_iter().collect::<Vec<_>>(),
            ["resources/err/b.py"]
        );
        assert!(alone("fn f() { walk(\"resources\") }").is_empty());
    }

    #[test]
    fn what_an_install_script_loads() {
        let local = BTreeMap::from([
            (Arc::from("setup.js"), vec!["lib/a".to_owned(), "./lib".to_owned()]),
            (Arc::from("lib/a.js"), vec!["setup.js".to_owned()]),
        ]);
        let files = ["setup.js", "lib/a.js", "lib/index.js", "other.js"];
        let got = closure(&["./setup".to_owned()], &local, |path| files.contains(&path));
        assert_eq!(got.into_iter().collect::<Vec<_>>(), ["lib/a.js", "lib/index.js", "setup.js"]);
    }
}
