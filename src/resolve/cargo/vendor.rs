//! Vendored crates: `.cargo/config.toml` of the checkout, read as data.
//!
//! Of everything that such a file can say, one thing is taken: that a source is replaced with a
//! folder inside the checkout. It is passed to cargo by `--config`; cargo itself never reads the
//! file.

use std::collections::BTreeMap;
use std::path::Path;

use toml::de::DeTable;

use crate::discover::limits::MAX_MANIFEST;
use crate::discover::manifest::table_of;
use crate::discover::paths::{self, Lies};
use crate::model::{Finding, LineIndex};

/// Replacements followed from one source to the next.
const MAX_CHAIN: usize = 8;

/// The vendored folder of a checkout, if it has one.
#[derive(Debug, Clone, Default)]
pub struct Vendor {
    /// Folders, from the root, sorted.
    pub dirs: Vec<String>,
    /// `--config` values that make cargo use them.
    pub arguments: Vec<String>,
    /// A folder outside the root.
    pub findings: Vec<Finding>,
}

/// One vendored crate.
#[derive(Debug, Clone)]
pub struct Copy {
    /// Its folder, from the root.
    pub dir: String,
    /// `package` of its `.cargo-checksum.json`: SHA-256 of the archive.
    pub checksum: Option<String>,
}

/// Reads the configuration files from `dir` (from the root) up to the root; the nearest that
/// replaces sources counts.
pub fn find(root: &Path, dir: &str) -> Vendor {
    for above in paths::ancestors(dir) {
        for name in [".cargo/config.toml", ".cargo/config"] {
            let file = paths::child(above, name);
            let small = std::fs::metadata(root.join(&file))
                .is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_MANIFEST);
            if !small || paths::lies(root, &file) != Lies::Inside {
                continue;
            }
            let Ok(text) = std::fs::read_to_string(root.join(&file)) else { continue };
            let vendor = read(root, above, &file, &text);
            if !vendor.dirs.is_empty() || !vendor.findings.is_empty() {
                return vendor;
            }
        }
    }
    Vendor::default()
}

fn read(root: &Path, base: &str, file: &str, text: &str) -> Vendor {
    let mut out = Vendor::default();
    let index = LineIndex::new(file, text);
    let Ok(document) = DeTable::parse(text) else { return out };
    let Some(sources) = table_of(document.get_ref(), "source") else { return out };
    let field = |source: &str, key: &str| -> Option<(String, std::ops::Range<usize>)> {
        let value = table_of(sources, source)?.get(key)?;
        Some((value.get_ref().as_str()?.to_owned(), value.span()))
    };
    let mut names = BTreeMap::new();
    for source in sources.keys().map(|key| key.get_ref().as_ref()) {
        let (mut at, mut steps) = (source.to_owned(), 0);
        while let Some((next, _)) = field(&at, "replace-with") {
            at = next;
            steps += 1;
            if steps > MAX_CHAIN {
                break;
            }
        }
        let (true, Some((directory, span))) = (steps > 0, field(&at, "directory")) else { continue };
        let inside = paths::join(base, &directory).filter(|dir| paths::lies(root, dir) == Lies::Inside);
        let Some(dir) = inside else {
            out.findings.push(Finding::new(
                "discover/path-leaves",
                format!(
                    "the vendored folder `{}` is not inside the audited folder",
                    crate::model::escape(&directory)
                ),
                vec![index.span(span.start, span.end)],
            ));
            continue;
        };
        let number = names.len();
        let name = names.entry(dir.clone()).or_insert_with(|| format!("bomvet-vendored-{number}")).clone();
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let key = quoted(source);
        for field_name in ["git", "branch", "tag", "rev", "registry"] {
            if let Some((value, _)) = field(source, field_name) {
                out.arguments.push(format!("source.{key}.{field_name}={}", quoted(&value)));
            }
        }
        out.arguments.push(format!("source.{key}.replace-with={}", quoted(&name)));
        let folder = root.join(&dir);
        out.arguments.push(format!("source.{name}.directory={}", quoted(&folder.to_string_lossy())));
    }
    out.dirs = names.into_keys().collect();
    out
}

impl Vendor {
    /// The copy of one crate: `cargo vendor` names folders `name`, or `name-version` where there
    /// are several.
    pub fn folder(&self, root: &Path, name: &str, version: &str) -> Option<Copy> {
        self.dirs.iter().find_map(|dir| {
            [format!("{name}-{version}"), name.to_owned()].into_iter().find_map(|folder| {
                let dir = paths::child(dir, &folder);
                if paths::lies(root, &dir) != Lies::Inside {
                    return None;
                }
                let manifest =
                    crate::discover::manifest::Manifest::read(root, &paths::child(&dir, "Cargo.toml"))
                        .ok()?;
                let same = manifest.name.as_ref().is_some_and(|(n, _)| n == name)
                    && manifest.version.as_deref() == Some(version);
                same.then(|| Copy { checksum: checksum(root, &dir), dir })
            })
        })
    }
}

fn checksum(root: &Path, dir: &str) -> Option<String> {
    let path = root.join(dir).join(".cargo-checksum.json");
    let meta = std::fs::metadata(&path).ok()?;
    if !meta.is_file() || meta.len() > MAX_MANIFEST {
        return None;
    }
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    Some(json.get("package")?.as_str()?.to_owned())
}
