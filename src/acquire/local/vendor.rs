//! Vendored crates: folders with `.cargo-checksum.json`
//! (<https://doc.rust-lang.org/cargo/reference/source-replacement.html#directory-sources>).
//!
//! They are what Cargo would build, so they are what is audited. Their list of digests is part of
//! the checkout and proves nothing by itself: the files are compared with the archive that the
//! lockfile's digest is of. Where that archive cannot be had, the contents stay unverified.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::folder;
use crate::acquire::archive::{self, Limits, TopFolder};
use crate::acquire::finder::Found;
use crate::acquire::homes::read_config;
use crate::acquire::refusal::{declared_at, hostile};
use crate::acquire::{Acquired, Refusal, Remarks, limits};
use crate::model::{Contents, Digest, Finding, HashAlgorithm, Package, Provenance, Span};

/// Paths named in one message.
const SHOWN: usize = 5;

/// The vendored packages of a checkout.
#[derive(Debug, Default)]
pub struct Vendored {
    /// Name and version → canonical folder.
    folders: BTreeMap<(String, String), PathBuf>,
}

#[derive(serde::Deserialize)]
struct Checksums {
    #[serde(default)]
    files: BTreeMap<String, String>,
    package: Option<String>,
}

impl Vendored {
    /// Looks where `.cargo/config.toml` of each of the checkout's folders `dirs` says, and in
    /// `vendor` beside it. The configuration is data here: of all it can say only the folders of
    /// directory sources are read, and only if they are below `root`. `configured` is the folder
    /// that the user's own configuration puts in the place of crates.io; it may be anywhere.
    pub fn find(root: &Path, dirs: &BTreeSet<String>, configured: Option<&Path>) -> Self {
        let mut out = Self::default();
        let Ok(root) = std::fs::canonicalize(root) else { return out };
        let mut places = Vec::new();
        for dir in dirs {
            let dir = root.join(dir);
            let names = ["config.toml", "config"];
            let config = names.iter().find_map(|name| read_config(&dir.join(".cargo").join(name)));
            let table: toml::Table = config.and_then(|text| text.parse().ok()).unwrap_or_default();
            let sources = table.get("source").and_then(|sources| sources.as_table());
            let folders = sources.into_iter().flatten();
            let folders = folders.filter_map(|(_, source)| source.get("directory")?.as_str());
            places.extend(folders.map(|folder| dir.join(folder)));
            places.push(dir.join("vendor"));
        }
        let places = places.into_iter().map(|place| (place, root.clone()));
        let configured = configured.map(|folder| (folder.to_owned(), folder.to_owned()));
        for (place, bound) in places.chain(configured) {
            let (Ok(place), Ok(root)) = (std::fs::canonicalize(place), std::fs::canonicalize(bound)) else {
                continue;
            };
            let Some(entries) = std::fs::read_dir(&place).ok().filter(|_| place.starts_with(&root)) else {
                continue;
            };
            let mut folders: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
            folders.sort();
            for folder in folders {
                let Ok(folder) = std::fs::canonicalize(folder) else { continue };
                if folder.starts_with(&root)
                    && folder.join(".cargo-checksum.json").is_file()
                    && let Some(key) = identity(&folder)
                {
                    out.folders.entry(key).or_insert(folder);
                }
            }
        }
        out
    }

    /// Where a package is vendored.
    pub fn folder(&self, package: &Package) -> Option<&Path> {
        let key = (package.name.clone(), package.version.clone());
        self.folders.get(&key).map(PathBuf::as_path)
    }
}

/// Name and version by a folder's manifest.
fn identity(folder: &Path) -> Option<(String, String)> {
    let manifest: toml::Table = read_config(&folder.join("Cargo.toml"))?.parse().ok()?;
    let text = |key: &str| manifest.get("package")?.get(key)?.as_str().map(str::to_owned);
    Some((text("name")?, text("version")?))
}

/// A vendored folder, read and compared with its own list.
#[derive(Debug)]
pub struct Copy {
    contents: Contents,
    remarks: Remarks,
}

/// Reads a vendored folder: every file, nothing left out.
pub fn read(package: &Package, folder: &Path) -> Copy {
    let none = BTreeSet::new();
    let walk = folder::Walk {
        root: folder,
        others: &none,
        exclude: &[],
        everything: true,
        whole: true,
        limits: folder::FolderLimits::default(),
    };
    let (contents, mut remarks) = walk.read(folder);
    let mut odd = |rule: &str, path: &str, message: String| {
        remarks.findings.push(Finding::new(rule, message, vec![Span::file(path)]));
    };
    let list = ".cargo-checksum.json";
    let checksums = contents
        .get(list)
        .filter(|bytes| bytes.len() as u64 <= limits::CONFIG_BYTES * 16)
        .and_then(|bytes| serde_json::from_slice::<Checksums>(bytes).ok());
    match checksums {
        None => odd("acquire/vendor-changed", list, "the list of digests cannot be read".to_owned()),
        Some(checksums) => {
            let declared = package.integrity.iter().find(|d| d.algorithm == HashAlgorithm::Sha256);
            if let (Some(declared), Some(own)) = (declared, &checksums.package)
                && declared.hex() != own.to_ascii_lowercase()
            {
                let message = format!("it is vendored from sha256:{own}, the lockfile declares {declared}");
                odd("acquire/wrong-digest", list, crate::model::escape(&message));
            }
            for file in contents
                .files
                .iter()
                .filter(|file| !matches!(&*file.path, ".cargo-checksum.json" | ".cargo-ok"))
            {
                let found = Digest::sha256(contents.bytes(file)).hex();
                match checksums.files.get(&*file.path) {
                    None => {
                        let message = format!("`{}` is not in the list of digests", file.path);
                        odd("acquire/vendor-extra", &file.path, message);
                    }
                    Some(listed) if *listed != found => {
                        let listed = crate::model::escape(listed);
                        let message = format!("`{}` has SHA-256 {found}, listed is {listed}", file.path);
                        odd("acquire/vendor-changed", &file.path, message);
                    }
                    Some(_) => {}
                }
            }
            for path in checksums.files.keys().filter(|path| contents.get(path).is_none()) {
                let path = crate::model::escape(path);
                odd(
                    "acquire/vendor-missing",
                    &path,
                    format!("`{path}` is in the list of digests, not in the folder"),
                );
            }
        }
    }
    Copy { contents, remarks }
}

impl Copy {
    /// Compares it with the verified archive.
    pub fn against(self, package: &Package, found: Found) -> Result<Acquired, Box<Refusal>> {
        let top = format!("{}-{}", package.name, package.version);
        let archive = archive::tar_gz(&found.bytes, TopFolder::Exactly(&top), &Limits::default())
            .map_err(|error| hostile(package, &error))?;
        let theirs: BTreeMap<&str, &[u8]> = archive
            .files
            .iter()
            .map(|file| (file.path.as_str(), &archive.buffer[file.range.clone()]))
            .collect();
        let differing: Vec<_> = self
            .contents
            .files
            .iter()
            // Cargo itself adds these two.
            .filter(|file| !matches!(&*file.path, ".cargo-checksum.json" | ".cargo-ok"))
            .filter(|file| theirs.get(&*file.path) != Some(&self.contents.bytes(file)))
            .map(|file| file.path.to_string())
            .collect();
        let mut remarks = self.remarks;
        let provenance = if differing.is_empty() {
            match found.provenance {
                Provenance::Verified { against, .. } => {
                    Provenance::Verified { against, from: "cargo-vendor" }
                }
                other => other,
            }
        } else {
            let more = differing.len().saturating_sub(SHOWN);
            let shown = differing.iter().take(SHOWN).map(|path| format!("`{path}`")).collect::<Vec<_>>();
            let and = if more > 0 { format!(" and {more} more") } else { String::new() };
            let message = format!("{}{and} differ from the published archive", shown.join(", "));
            let spans = differing.iter().take(SHOWN).map(|path| Span::file(path.as_str())).collect();
            remarks.findings.push(Finding::new("acquire/vendor-differs", message.clone(), spans));
            Provenance::Unverified(format!(
                "the vendored copy of {} is not the published one: {message}",
                package.label()
            ))
        };
        Ok(Acquired::Folder { contents: with_provenance(&self.contents, provenance), remarks })
    }

    /// What it is worth when the archive cannot be had.
    pub fn alone(self, package: &Package, why: &Refusal) -> Result<Acquired, Box<Refusal>> {
        let mut remarks = self.remarks;
        remarks.findings.extend(why.findings.iter().cloned());
        remarks.findings.push(Finding::new(
            "acquire/vendor-unproven",
            "the vendored copy could not be compared with the published archive",
            vec![declared_at(package)],
        ));
        let provenance = Provenance::Unverified(format!(
            "the vendored copy of {} agrees with its own list only, there is no archive to compare it with: {}",
            package.label(),
            why.gap.message
        ));
        Ok(Acquired::Folder { contents: with_provenance(&self.contents, provenance), remarks })
    }
}

fn with_provenance(contents: &Contents, provenance: Provenance) -> Contents {
    let mut out = contents.clone();
    out.provenance = provenance;
    out
}
