//! Real lockfiles, where they are there. The counts are those of `pnpm list --lockfile-only
//! --depth Infinity`, `bun pm ls --all`, and of the entries of Yarn's lockfile.

use super::*;

fn real(folder: &str, lockfile: &str) -> Option<Resolution> {
    let data = std::env::var_os("BOMVET_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    let root = data.join("lockfiles").join(folder);
    if !root.join(lockfile).is_file() {
        eprintln!("SKIPPED: no shared data; set BOMVET_DATA");
        return None;
    }
    Some(try_resolve(&root, lockfile).unwrap())
}

/// Packages of others, edges, what nothing reaches, findings and gaps.
fn summary(resolution: &Resolution) -> String {
    let reached: BTreeSet<&str> = resolution.dependencies.iter().map(|edge| &*edge.to).collect();
    let theirs: Vec<_> = resolution.packages.iter().filter(|package| !package.first_party).collect();
    let unreached: Vec<_> =
        theirs.iter().filter(|p| !reached.contains(&*p.purl)).map(|p| p.label()).collect();
    let mut rules: Vec<_> =
        resolution.findings.iter().map(|(_, f)| format!("{}: {}", f.rule, f.message)).collect();
    rules.truncate(5);
    format!(
        "{} packages, {} with a digest, {} optional, {} edges, unreached {unreached:?}, findings {rules:?}, {} gaps",
        theirs.len(),
        theirs.iter().filter(|package| !package.integrity.is_empty()).count(),
        theirs.iter().filter(|package| package.optional).count(),
        resolution.dependencies.len(),
        resolution.gaps.len(),
    )
}

#[test]
fn counts_equal_those_of_pnpm() {
    let Some(got) = real("nanoclaw", "pnpm-lock.yaml") else { return };
    insta::assert_snapshot!(summary(&got), @r#"330 packages, 330 with a digest, 59 optional, 582 edges, unreached [], findings [], 0 gaps"#);
}

#[test]
fn counts_equal_those_of_bun() {
    let Some(got) = real("nanoclaw/container/agent-runner", "bun.lock") else { return };
    insta::assert_snapshot!(summary(&got), @r#"111 packages, 111 with a digest, 8 optional, 182 edges, unreached [], findings [], 0 gaps"#);
}

#[test]
fn counts_equal_those_of_yarn() {
    let Some(got) = real("hof/formatters/tools/prettier", "yarn.lock") else { return };
    insta::assert_snapshot!(summary(&got), @r#"91 packages, 91 with a digest, 0 optional, 135 edges, unreached [], findings [], 0 gaps"#);
}
