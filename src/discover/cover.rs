//! Says which manifests no lockfile covers.

use std::collections::BTreeSet;
use std::path::Path;

use super::glob::Glob;
use super::limits::MAX_MANIFEST;
use super::manifest::Manifest;
use super::{Project, paths, workspace};
use crate::model::{Ecosystem, Finding, Gap, GapKind, Span};

/// Findings for the manifests that ask for packages and that no lockfile covers.
pub fn uncovered(root: &Path, manifests: &[String], projects: &[Project]) -> Vec<Finding> {
    let mut covered = BTreeSet::new();
    for project in projects.iter().filter(|project| project.ecosystem == Ecosystem::Cargo) {
        covered.extend(workspace::scan(root, &project.dir).manifests.into_keys());
    }
    let locked: BTreeSet<&str> = projects
        .iter()
        .filter(|project| project.ecosystem == Ecosystem::Npm)
        .map(|project| project.dir.as_str())
        .collect();
    let mut out = Vec::new();
    for file in manifests {
        let dir = paths::parent(file);
        let (asks, command) = if file.ends_with("Cargo.toml") {
            (!covered.contains(dir) && cargo_asks(root, file, &mut out), "cargo generate-lockfile")
        } else {
            (
                !npm_covers(root, dir, &locked) && npm_asks(root, file, &mut out),
                "npm install --package-lock-only",
            )
        };
        if asks {
            let other = ["yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb"]
                .into_iter()
                .find(|name| file.ends_with("package.json") && root.join(dir).join(name).exists());
            let message = match other {
                Some(other) => {
                    format!("`{file}` asks for packages, and `{other}` is not a lockfile that is read")
                }
                None => {
                    format!(
                        "`{file}` asks for packages, and no lockfile pins them; run `{command}` beside it"
                    )
                }
            };
            out.push(Finding::new(NO_LOCKFILE, message, vec![Span::file(file.as_str())]));
        }
    }
    out
}

/// The rule of a manifest that no lockfile covers.
pub const NO_LOCKFILE: &str = "discover/no-lockfile";

/// What is missing from the graph: packages of the manifests in `uncovered`, and those that other
/// package managers would bring.
pub fn gaps(uncovered: &[Finding], foreign: &[String], projects: &[Project]) -> Vec<Gap> {
    let gap = |message: String, file: &str| Gap {
        spans: vec![Span::file(file)],
        ..Gap::new(GapKind::NotCovered, message)
    };
    let manifests = uncovered.iter().filter(|finding| finding.rule == NO_LOCKFILE);
    let manifests =
        manifests.filter_map(|finding| Some(gap(finding.message.clone(), &finding.spans.first()?.file)));
    // Beside npm's own lockfile, another one for the same `package.json` is not what npm installs by.
    let by_npm = |file: &&String| {
        let scripts = matches!(
            file.rsplit('/').next(),
            Some("yarn.lock" | "pnpm-lock.yaml" | "bun.lock" | "bun.lockb")
        );
        let dir = paths::parent(file);
        scripts
            && (projects.iter().any(|project| project.ecosystem == Ecosystem::Npm && project.dir == dir)
                || uncovered.iter().any(|finding| {
                    finding.spans.first().is_some_and(|span| *span.file == *paths::child(dir, "package.json"))
                }))
    };
    let others = foreign.iter().filter(|file| !by_npm(file)).map(|file| {
        gap(
            format!("`{file}` asks for packages of an ecosystem that is not read; they are in no graph"),
            file,
        )
    });
    manifests.chain(others).collect()
}

fn cargo_asks(root: &Path, file: &str, out: &mut Vec<Finding>) -> bool {
    match Manifest::read(root, file) {
        Ok(manifest) => !manifest.dependencies.is_empty(),
        Err(bad) => {
            out.push(Finding::new(
                "discover/unreadable",
                format!("`{file}` {}", bad.message),
                vec![bad.span],
            ));
            false
        }
    }
}

/// Reads a `package.json`; `Err` says why not.
fn package_json(root: &Path, file: &str) -> Result<serde_json::Value, String> {
    let path = root.join(file);
    let meta = std::fs::metadata(&path).map_err(|error| error.to_string())?;
    if !meta.is_file() {
        return Err("is not a regular file".to_owned());
    }
    let size = meta.len();
    if size > MAX_MANIFEST {
        return Err(format!("has {size} bytes, more than the limit of {MAX_MANIFEST}"));
    }
    let bytes = std::fs::read(&path).map_err(|error| error.to_string())?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    serde_json::from_slice(bytes).map_err(|error| format!("is not JSON: {error}"))
}

fn npm_asks(root: &Path, file: &str, out: &mut Vec<Finding>) -> bool {
    match package_json(root, file) {
        Ok(json) => ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"]
            .iter()
            .any(|key| json.get(key).and_then(|value| value.as_object()).is_some_and(|map| !map.is_empty())),
        Err(message) => {
            out.push(Finding::new(
                "discover/unreadable",
                format!("`{file}` {message}"),
                vec![Span::file(file)],
            ));
            false
        }
    }
}

/// Whether a lockfile lies beside the manifest, or above it with a `workspaces` glob that matches.
fn npm_covers(root: &Path, dir: &str, locked: &BTreeSet<&str>) -> bool {
    paths::ancestors(dir).filter(|above| locked.contains(above)).any(|above| {
        if above == dir {
            return true;
        }
        let Ok(json) = package_json(root, &paths::child(above, "package.json")) else { return false };
        let Some(spaces) = json.get("workspaces") else { return false };
        let list = spaces.as_array().or_else(|| spaces.get("packages")?.as_array());
        let below = dir[above.len()..].trim_start_matches('/');
        list.into_iter()
            .flatten()
            .filter_map(|value| value.as_str())
            .any(|glob| Glob::new(glob).matches(below))
    })
}
