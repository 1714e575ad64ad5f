//! Cargo: `Cargo.lock` for the packages, the project's own manifests for what it asks for, and
//! `cargo metadata` through guppy for features, platforms and kinds of the rest.
//!
//! In: one `Cargo.lock`. Out: every package it pins and every edge. What cargo cannot be asked is
//! said as a note and as a gap of the root package; nothing of the project is run (see
//! [`command`]).

mod cache;
pub mod command;
mod edges;
pub mod lock;
mod merge;
mod metadata;
mod packages;
pub mod source;
#[cfg(test)]
mod tests;
mod vendor;

use std::path::Path;

use super::{Options, Resolution, ResolveError, read_text};
use crate::discover::{Project, paths, workspace};
use crate::model::{Finding, Gap, GapKind};

/// Resolves one `Cargo.lock`.
///
/// # Errors
/// Where it cannot be read or is not a lockfile.
pub fn resolve(root: &Path, project: &Project, options: &Options) -> Result<Resolution, ResolveError> {
    // Links are compared against where the root really is.
    let root = &std::fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    let text = read_text(root, &project.lockfile)?;
    let lock = lock::parse(&project.lockfile, &text)?;
    let local = match &project.manifest {
        Some(_) => workspace::scan(root, &project.dir),
        None => workspace::Local::default(),
    };
    let vendor = vendor::find(root, &project.dir);
    let mut out = Resolution::default();
    let pinned = packages::build(root, project, &lock, &local, &vendor, &mut out);
    let root_purl = pinned.root.clone();
    out.findings.extend(local.findings.iter().map(|finding| (root_purl.clone(), finding.clone())));
    out.findings.extend(vendor.findings.iter().map(|finding| (root_purl.clone(), finding.clone())));
    edges::build(&lock, &local, &pinned, &mut out);
    for entry in &lock.unused {
        out.findings.push((
            root_purl.clone(),
            Finding::new(
                "lockfile/patch-unused",
                format!("the patch of `{}` {} is used by nothing", entry.name, entry.version),
                vec![lock.span(&entry.at)],
            ),
        ));
    }
    let mut damaged = Vec::new();
    let answer = ask(root, project, options, &text, &local, &vendor, &mut damaged);
    out.findings.extend(damaged.into_iter().map(|finding| (root_purl.clone(), finding)));
    match answer {
        Ok(facts) => merge::merge(root, project, &lock, &pinned, &facts, &mut out),
        Err(why) => {
            if let Some(finding) = out_of_step(project, &why) {
                out.findings.push((root_purl.clone(), finding));
            }
            let message = format!("features, platforms and dependency kinds are unknown: {why}");
            out.notes.push(format!("{}: {message}", project.lockfile));
            out.gaps.push((root_purl, Gap::new(GapKind::NotResolved, message)));
        }
    }
    out.normalise();
    Ok(out)
}

/// Asks cargo, or the store for what cargo said about the same bytes. `Err` says in one line why
/// there is no answer.
fn ask(
    root: &Path,
    project: &Project,
    options: &Options,
    lockfile: &str,
    local: &workspace::Local,
    vendor: &vendor::Vendor,
    damaged: &mut Vec<Finding>,
) -> Result<metadata::Facts, command::Failure> {
    use command::Failure;
    let Some(manifest) = &project.manifest else {
        return Err(Failure::Other("there is no `Cargo.toml` beside the lockfile".to_owned()));
    };
    if options.lockfile_only {
        return Err(Failure::Other("cargo was not to be asked".to_owned()));
    }
    if local.leaves {
        return Err(Failure::Other("a manifest points outside the audited folder".to_owned()));
    }
    if paths::lies(root, &project.lockfile) != paths::Lies::Inside {
        return Err(Failure::Other("the lockfile is a link that leaves the audited folder".to_owned()));
    }
    let cargo = command::Cargo::find(root, &options.clean_dir)?;
    let key = cache::key(root, project, lockfile, local, vendor, &cargo);
    let store = options.store.as_ref();
    match store.map(|store| cache::get(store, &key)) {
        Some(Ok(Some(facts))) => return Ok(facts),
        Some(Err(why)) => damaged.push(Finding::new("store/damaged", why.to_string(), Vec::new())),
        Some(Ok(None)) | None => {}
    }
    let path = root.join(manifest);
    let json = cargo.metadata(&path, &vendor.arguments, options.offline)?;
    let facts = metadata::Facts::from_json(&json).map_err(Failure::Other)?;
    let expected = root.join(&project.dir);
    if std::fs::canonicalize(&facts.workspace_root).ok().as_deref() != Some(expected.as_path()) {
        return Err(Failure::Other("the manifest belongs to a workspace elsewhere".to_owned()));
    }
    if let Some(store) = store {
        cache::put(store, &key, &facts);
    }
    Ok(facts)
}

fn out_of_step(project: &Project, why: &command::Failure) -> Option<Finding> {
    let command::Failure::LockfileOutOfDate = why else { return None };
    let file = project.manifest.as_deref()?;
    Some(Finding::new(
        "lockfile/manifest-mismatch",
        format!("cargo would change `{}` to fit the manifests", project.lockfile),
        vec![crate::model::Span::file(file)],
    ))
}
