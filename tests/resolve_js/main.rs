//! Lockfiles of pnpm, Yarn, Bun and Deno: what is found in them, one project under each manager,
//! and real ones against the managers' own counts.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use bomvet::discover::{Format, Project};
use bomvet::model::Ecosystem;
use bomvet::resolve::{self, Options, Resolution};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/js")
}

/// Resolves one lockfile, or says why not.
fn try_resolve(root: &Path, lockfile: &str) -> Result<Resolution, String> {
    let format = Format::of(lockfile).ok_or("no format")?;
    let dir = lockfile.rsplit_once('/').map_or("", |(dir, _)| dir).to_owned();
    let project =
        Project { ecosystem: format.ecosystem(), format, dir, lockfile: lockfile.to_owned(), manifest: None };
    let options = Options::default();
    let got = match format {
        Format::PnpmLock => resolve::pnpm::resolve(root, &project, &options),
        Format::YarnLock => resolve::yarn::resolve(root, &project, &options),
        Format::BunLock => resolve::bun::resolve(root, &project, &options),
        Format::DenoLock => resolve::deno::resolve(root, &project, &options),
        _ => return Err(format!("{lockfile} is none of these")),
    };
    got.map_err(|error| error.to_string())
}

/// A folder with these files, resolved.
fn project(lockfile: &str, files: &[(&str, &str)]) -> Result<Resolution, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    try_resolve(folder.path(), lockfile)
}

/// Packages, edges, findings, gaps and notes, as a reader would see them.
fn shown(resolution: &Resolution) -> String {
    let mut out = String::new();
    let short = |purl: &str| {
        purl.trim_start_matches("pkg:npm/")
            .trim_start_matches("pkg:generic/")
            .split('?')
            .next()
            .unwrap()
            .to_owned()
    };
    for package in &resolution.packages {
        let own = if package.first_party { " first-party" } else { "" };
        let optional = if package.optional { " optional" } else { "" };
        let digest = package.integrity.first().map_or("no digest", |digest| digest.algorithm.as_str());
        let os = package.platform.os.join(",");
        let at = &package.declared;
        writeln!(out, "{}{own}{optional} {digest} {os} :{}:{}", package.purl, at.line, at.column).unwrap();
    }
    for edge in &resolution.dependencies {
        let at = &edge.declared;
        writeln!(
            out,
            "{} -> {} {:?} {:?} {}:{}:{}",
            short(&edge.from),
            short(&edge.to),
            edge.kind,
            edge.requirement,
            at.file,
            at.line,
            at.column
        )
        .unwrap();
    }
    for (purl, finding) in &resolution.findings {
        assert!(resolution.packages.iter().any(|package| package.purl == *purl), "{purl} is no package");
        let rule = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("rules/{}.toml", finding.rule));
        assert!(rule.is_file(), "{} has no rule file", finding.rule);
        let span = &finding.spans[0];
        writeln!(out, "{}:{}:{} {}: {}", span.file, span.line, span.column, finding.rule, finding.message)
            .unwrap();
    }
    for (purl, gap) in &resolution.gaps {
        assert!(resolution.packages.iter().any(|package| package.purl == *purl), "{purl} is no package");
        writeln!(out, "gap {}: {}", gap.kind.as_str(), gap.message).unwrap();
    }
    out + &resolution.notes.join("\n")
}

/// Names and versions of what is not the project's own.
fn third_party(resolution: &Resolution) -> BTreeSet<String> {
    let theirs = resolution.packages.iter().filter(|p| !p.first_party && p.ecosystem == Ecosystem::Npm);
    theirs.map(|package| package.label()).collect()
}

mod broken;
mod real;
mod small;
mod special;
