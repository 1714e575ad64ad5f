//! Go modules, Zig packages, images, workflows: what is found in them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use bomvet::discover;
use bomvet::model::{Ecosystem, GapKind};
use bomvet::resolve::{self, Options, Resolution, ResolveError};

/// A folder with these files, resolved.
fn resolved(files: &[(&str, &str)]) -> Result<Resolution, ResolveError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let found = discover::discover(folder.path(), &[]).unwrap();
    resolve::resolve(&found, &Options { offline: true, lockfile_only: true, ..Options::default() })
}

fn packages(resolution: &Resolution) -> Vec<String> {
    let shown = resolution.packages.iter().map(|package| {
        let own = if package.first_party { " own" } else { "" };
        let pinned = if package.is_pinned() { " pinned" } else { "" };
        let at = &package.declared;
        format!("{}{own}{pinned} {}:{}", package.purl, at.file, at.line)
    });
    shown.collect()
}

/// Every finding and gap, as a reader would see it.
fn remarks(resolution: &Resolution) -> String {
    let mut out = String::new();
    for (purl, finding) in &resolution.findings {
        assert!(resolution.packages.iter().any(|package| package.purl == *purl), "{purl} is no package");
        let rule = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("rules/{}.toml", finding.rule));
        assert!(rule.is_file(), "{} has no rule file", finding.rule);
        let (span, severity) = (&finding.spans[0], finding.severity);
        writeln!(
            out,
            "{}:{}:{} {severity} {} {}",
            span.file, span.line, span.column, finding.rule, finding.message
        )
        .unwrap();
    }
    for (purl, gap) in &resolution.gaps {
        assert!(resolution.packages.iter().any(|package| package.purl == *purl), "{purl} is no package");
        let span = &gap.spans[0];
        writeln!(
            out,
            "{}:{}:{} gap/{} {}",
            span.file,
            span.line,
            span.column,
            gap.kind.as_str(),
            gap.message
        )
        .unwrap();
    }
    out
}

fn error(name: &str, text: &str) -> String {
    resolved(&[(name, text)]).expect_err(text).to_string()
}

/// A file of real data, or `None`, said, where it is not here.
fn shared(path: &str) -> Option<std::path::PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut above = root.ancestors();
    let found = above.find_map(|dir| Some(dir.join("shared/data").join(path)).filter(|path| path.exists()));
    if found.is_none() {
        eprintln!("skipped: shared/data/{path} is not here");
    }
    found
}

mod actions;
mod docker;
mod golang;
mod zig;
