//! npm lockfiles: what is found in them, against fixtures, and against npm itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bomvet::discover::{Format, Project};
use bomvet::model::{Ecosystem, Source};
use bomvet::resolve::{Options, Resolution, ResolveError, npm};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/npm")
}

fn resolve_file(root: &Path, lockfile: &str, options: &Options) -> Result<Resolution, ResolveError> {
    let dir = lockfile.rsplit_once('/').map_or("", |(dir, _)| dir);
    let manifest = if dir.is_empty() { "package.json".to_owned() } else { format!("{dir}/package.json") };
    let project = Project {
        ecosystem: Ecosystem::Npm,
        format: Format::NpmLock,
        dir: dir.to_owned(),
        lockfile: lockfile.to_owned(),
        manifest: root.join(&manifest).is_file().then_some(manifest),
    };
    npm::resolve(root, &project, options)
}

fn resolve(root: &Path) -> Resolution {
    resolve_file(root, "package-lock.json", &Options::default()).unwrap()
}

/// Every finding, as a reader would see it.
fn findings(resolution: &Resolution) -> String {
    let mut out = String::new();
    for (purl, finding) in &resolution.findings {
        assert!(resolution.packages.iter().any(|package| package.purl == *purl), "{purl} is no package");
        let rule = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("rules/{}.toml", finding.rule));
        assert!(rule.is_file(), "{} has no rule file", finding.rule);
        let span = &finding.spans[0];
        writeln!(
            out,
            "{}:{}:{} {}: {}\n  {purl}",
            span.file, span.line, span.column, finding.rule, finding.message
        )
        .unwrap();
    }
    out
}

/// Packages and edges, as a reader would see them.
fn graph(resolution: &Resolution) -> String {
    let mut out = String::new();
    for package in &resolution.packages {
        let own = if package.first_party { " first-party" } else { "" };
        let optional = if package.optional { " optional" } else { "" };
        let digest = package.integrity.first().map_or("no digest", |digest| digest.algorithm.as_str());
        writeln!(out, "{}{own}{optional} {digest} :{}", package.purl, package.declared.line).unwrap();
    }
    for edge in &resolution.dependencies {
        let short = |purl: &str| purl.trim_start_matches("pkg:npm/").split('?').next().unwrap().to_owned();
        let (from, to, at) = (short(&edge.from), short(&edge.to), &edge.declared);
        writeln!(out, "{from} -> {to} {:?} {:?} {}:{}", edge.kind, edge.requirement, at.file, at.line)
            .unwrap();
    }
    out
}

mod against_npm;
mod broken;
mod small;
mod tampered;
