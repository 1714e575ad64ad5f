//! Counts on real lockfiles, against `npm ls`.

use std::process::Command;

use super::*;

fn data() -> Option<PathBuf> {
    let root = std::env::var_os("BOMVET_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    root.join("lockfiles").is_dir().then_some(root)
}

/// `name@version` of everything that `npm ls --all --package-lock-only` shows but the root, and
/// the number of different places (`--parseable` lists each place once).
#[expect(
    clippy::disallowed_methods,
    reason = "the oracle of this test is npm itself, on a copy of the lockfile"
)]
fn npm_ls(folder: &Path) -> Option<(BTreeSet<String>, usize)> {
    let run = |format: &str| {
        let mut command = Command::new("npm");
        command.args(["ls", "--all", "--package-lock-only", format]).current_dir(folder);
        Some(String::from_utf8(command.output().ok()?.stdout).unwrap())
    };
    let tree: serde_json::Value = serde_json::from_str(&run("--json")?).unwrap();
    let mut found = BTreeSet::new();
    let mut todo = vec![&tree];
    while let Some(node) = todo.pop() {
        for (name, node) in node["dependencies"].as_object().into_iter().flatten() {
            // Optional packages that are not in the lockfile are empty objects.
            if let Some(version) = node["version"].as_str() {
                found.insert(format!("{name}@{version}"));
            }
            todo.push(node);
        }
    }
    let places: BTreeSet<_> = run("--parseable")?.lines().map(str::to_owned).collect();
    Some((found, places.len() - 1))
}

#[test]
fn counts_equal_those_of_npm() {
    let Some(data) = data() else {
        eprintln!("SKIPPED: no shared data; set BOMVET_DATA");
        return;
    };
    let mut summary = BTreeMap::new();
    for name in ["openclaw", "hof/next", "hof/docs"] {
        let folder = data.join("lockfiles").join(name);
        let resolution = resolve(&folder);
        let ours: BTreeSet<String> =
            resolution.packages.iter().filter(|p| !p.first_party).map(|p| p.label()).collect();
        let text = std::fs::read_to_string(folder.join("package-lock.json")).unwrap();
        let lock: serde_json::Value = serde_json::from_str(&text).unwrap();
        let entries = lock["packages"].as_object().unwrap().len() - 1;
        let bundled =
            resolution.packages.iter().filter(|p| matches!(p.source, Source::Bundled { .. })).count();
        let reached: BTreeSet<_> = resolution.dependencies.iter().map(|edge| edge.to.as_str()).collect();
        let unreached: Vec<_> = resolution
            .packages
            .iter()
            .filter(|p| !p.first_party && !reached.contains(p.purl.as_str()))
            .map(|p| p.label())
            .collect();
        let rules: BTreeMap<&str, usize> =
            resolution.findings.iter().fold(BTreeMap::new(), |mut all, (_, f)| {
                *all.entry(f.rule.as_str()).or_default() += 1;
                all
            });
        summary.insert(
            name,
            format!(
                "{entries} entries, {} packages, {bundled} bundled, unreached {unreached:?}, findings {rules:?}",
                ours.len()
            ),
        );
        let copy = tempfile::tempdir().unwrap();
        for file in ["package.json", "package-lock.json"] {
            std::fs::copy(folder.join(file), copy.path().join(file)).unwrap();
        }
        match npm_ls(copy.path()) {
            None => eprintln!("SKIPPED: npm is not on this machine, `{name}` is not compared"),
            Some((theirs, places)) => {
                assert_eq!(ours, theirs, "{name}");
                assert_eq!(places, entries, "{name}: npm lists each entry once");
            }
        }
    }
    insta::assert_debug_snapshot!(summary, @r#"
    {
        "hof/docs": "124 entries, 124 packages, 0 bundled, unreached [], findings {}",
        "hof/next": "769 entries, 758 packages, 0 bundled, unreached [], findings {}",
        "openclaw": "375 entries, 372 packages, 1 bundled, unreached [], findings {}",
    }
    "#);
}
