//! From the lockfile's entries to packages: source, purl, digest, folder.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::lock::{Entry, Lock};
use super::source::{self, Origin};
use super::vendor::Vendor;
use crate::discover::workspace::Local;
use crate::discover::{Project, paths};
use crate::model::{
    Digest, Ecosystem, Finding, Gap, GapKind, HashAlgorithm, Package, PlatformSpec, Source, Span,
};
use crate::resolve::Resolution;

/// The entries with the purls that they got.
pub struct Pinned {
    /// Purl of each entry.
    pub purls: Vec<String>,
    /// Folder (from the root) of each local entry that is here.
    pub folders: Vec<Option<String>>,
    /// Entry of each folder.
    pub by_folder: HashMap<String, usize>,
    /// Purl of the root package: the one beside the lockfile, else the first of the project's own.
    pub root: String,
}

/// Builds the packages.
pub fn build(
    root: &Path,
    project: &Project,
    lock: &Lock<'_>,
    local: &Local,
    vendor: &Vendor,
    out: &mut Resolution,
) -> Pinned {
    let mut by_name: HashMap<&str, Vec<(String, &str)>> = HashMap::new();
    for (dir, manifest) in &local.manifests {
        if let Some((name, _)) = &manifest.name {
            by_name.entry(name).or_default().push((local.version_of(manifest), dir));
        }
    }
    let patched = patched(local);
    let mut pinned = Pinned {
        purls: Vec::with_capacity(lock.entries.len()),
        folders: Vec::with_capacity(lock.entries.len()),
        by_folder: HashMap::new(),
        root: String::new(),
    };
    let mut seen: HashMap<(&str, &str, Option<&str>), usize> = HashMap::new();
    let mut found = Vec::new();
    let mut add = |purl: &str, rule: &str, message: String, spans: Vec<Span>| {
        found.push((purl.to_owned(), Finding::new(rule, message, spans)));
    };
    for (at, entry) in lock.entries.iter().enumerate() {
        let span = || vec![lock.span(&entry.at)];
        let label = format!("`{}` {}", entry.name, entry.version);
        let (origin, folder) = match &entry.source {
            Some(text) => (Some(source::parse(text)), None),
            None => (None, folder_of(entry, &by_name)),
        };
        let purl = match (&origin, &folder) {
            (Some(origin), _) => origin.purl(&entry.name, &entry.version),
            (None, Some(folder)) => source::local_purl(&entry.name, &entry.version, folder),
            (None, None) => source::absent_purl(&entry.name, &entry.version, &project.dir),
        };
        let key = (entry.name.as_str(), entry.version.as_str(), entry.source.as_deref());
        if let Some(first) = seen.insert(key, at) {
            let mut spans = span();
            spans.push(lock.span(&lock.entries[first].at));
            add(&purl, "lockfile/duplicate", format!("{label} stands in the lockfile twice"), spans);
        }
        let integrity: Vec<_> = entry
            .checksum
            .iter()
            .filter_map(|checksum| Digest::from_hex(HashAlgorithm::Sha256, checksum))
            .collect();
        match &origin {
            Some(Origin::CratesIo | Origin::Registry(_)) if integrity.is_empty() => {
                let why =
                    if entry.checksum.is_some() { "a checksum that is no SHA-256" } else { "no checksum" };
                let message = format!("{label} comes from a registry and has {why}");
                add(&purl, "lockfile/missing-integrity", message, span());
            }
            Some(Origin::Git { commit: None, .. }) => {
                let message = format!("{label} comes from git and has no full commit id");
                add(&purl, "lockfile/missing-integrity", message, span());
            }
            Some(Origin::Unknown(text)) => {
                let message = format!(
                    "{label} has a source that cargo does not write: `{}`",
                    crate::model::escape(text)
                );
                add(&purl, "lockfile/unknown-source", message, span());
            }
            _ => {}
        }
        if entry.checksum_clash {
            let message = format!("{label} has two different checksums");
            add(&purl, "lockfile/checksum-mismatch", message, span());
        }
        let mut vendored = None;
        if origin.is_some()
            && let Some(copy) = vendor.folder(root, &entry.name, &entry.version)
        {
            if let (Some(there), Some(pinned)) = (&copy.checksum, &entry.checksum)
                && !there.eq_ignore_ascii_case(pinned)
            {
                let message = format!(
                    "the vendored copy of {label} is made from another archive than the lockfile pins"
                );
                let mut spans = span();
                spans.insert(0, Span::file(paths::child(&copy.dir, ".cargo-checksum.json")));
                add(&purl, "lockfile/checksum-mismatch", message, spans);
            }
            vendored = Some(root.join(&copy.dir));
        }
        if origin.is_none() && folder.is_none() {
            out.gaps.push((
                purl.clone(),
                Gap {
                    spans: span(),
                    ..Gap::new(GapKind::NotFetched, "path package whose folder is not here")
                },
            ));
        }
        let patches = patched.get(entry.name.as_str()).and_then(|replaced| {
            let replaced = replaced.purl(&entry.name, &entry.version);
            (replaced != purl && !matches!(origin, Some(Origin::CratesIo))).then_some(replaced)
        });
        out.packages.push(Package {
            agent: None,
            purl: purl.clone(),
            ecosystem: Ecosystem::Cargo,
            name: entry.name.clone(),
            version: entry.version.clone(),
            source: match &origin {
                Some(origin) => origin.source(),
                None => {
                    let dir = folder.as_deref().unwrap_or(&project.dir);
                    Source::Path { path: if dir.is_empty() { ".".to_owned() } else { dir.to_owned() } }
                }
            },
            integrity,
            declared: lock.location(&entry.at),
            first_party: origin.is_none(),
            optional: false,
            platform: PlatformSpec::default(),
            licence: None,
            features: Vec::new(),
            patches,
            folder: folder.as_ref().map(|folder| root.join(folder)).or(vendored),
        });
        if let Some(folder) = &folder {
            pinned.by_folder.insert(folder.clone(), at);
        }
        pinned.purls.push(purl);
        pinned.folders.push(folder);
    }
    out.findings.append(&mut found);
    pinned.root = root_purl(project, lock, &pinned);
    in_step(local, lock, &pinned, out);
    pinned
}

/// The folder of a local entry: that of the manifest with its name and version; with its name
/// alone where only one has it (the version then differs, which is said elsewhere).
fn folder_of(entry: &Entry, by_name: &HashMap<&str, Vec<(String, &str)>>) -> Option<String> {
    let candidates = by_name.get(entry.name.as_str())?;
    let exact = candidates.iter().find(|(version, _)| *version == entry.version);
    let only = (candidates.len() == 1).then(|| &candidates[0]);
    exact.or(only).map(|(_, dir)| (*dir).to_owned())
}

fn root_purl(project: &Project, lock: &Lock<'_>, pinned: &Pinned) -> String {
    if let Some(&at) = pinned.by_folder.get(&project.dir) {
        return pinned.purls[at].clone();
    }
    let own: BTreeSet<&String> = lock
        .entries
        .iter()
        .zip(&pinned.purls)
        .filter(|(entry, _)| entry.source.is_none())
        .map(|(_, purl)| purl)
        .collect();
    own.into_iter().chain(&pinned.purls).next().cloned().unwrap_or_default()
}

/// Names that `[patch]` and `[replace]` replace, and where the replaced ones come from.
fn patched(local: &Local) -> BTreeMap<String, Origin> {
    let mut out = BTreeMap::new();
    for patch in local.manifests.values().flat_map(|manifest| &manifest.patches) {
        let origin = match patch.source.as_str() {
            "" | "crates-io" => Origin::CratesIo,
            other if other.contains("://") => Origin::Registry(other.to_owned()),
            // A registry that only the user's own configuration knows by that name.
            other => Origin::Registry(format!("registry:{other}")),
        };
        out.entry(patch.with.package.clone()).or_insert(origin);
    }
    out
}

/// Compares the members' names and versions with the lockfile.
fn in_step(local: &Local, lock: &Lock<'_>, pinned: &Pinned, out: &mut Resolution) {
    for dir in &local.members {
        let Some(manifest) = local.manifests.get(dir) else { continue };
        let Some((name, span)) = &manifest.name else { continue };
        let (message, span) = match pinned.by_folder.get(dir) {
            None => (format!("`{name}` is a member of the workspace and not in the lockfile"), span),
            Some(&at) => {
                let (version, locked) = (local.version_of(manifest), &lock.entries[at].version);
                if version == *locked {
                    continue;
                }
                (
                    format!("`{name}` is {version} in its manifest and {locked} in the lockfile"),
                    manifest.version_span.as_ref().unwrap_or(span),
                )
            }
        };
        let purl = pinned.by_folder.get(dir).map_or(&pinned.root, |&at| &pinned.purls[at]);
        out.findings
            .push((purl.clone(), Finding::new("lockfile/manifest-mismatch", message, vec![span.clone()])));
    }
}
