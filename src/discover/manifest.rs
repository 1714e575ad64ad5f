//! Reads a `Cargo.toml` as data: what it is called, what it asks for and on which line, and which
//! other folders it points to. Cargo is not needed and nothing is run.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::limits::MAX_MANIFEST;
use super::paths;
use crate::model::{DependencyKind, LineIndex, Span};

/// One `Cargo.toml`.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// Path from the root.
    pub file: String,
    /// Its folder, from the root.
    pub dir: String,
    /// The bytes, for cache keys.
    pub text: String,
    /// `package.name` and where it stands.
    pub name: Option<(String, Span)>,
    /// `package.version`; `None` where it is inherited or not given.
    pub version: Option<String>,
    /// Where the version, or what it is inherited by, stands.
    pub version_span: Option<Span>,
    /// Whether `package.version.workspace = true`.
    pub inherits_version: bool,
    /// `package.workspace`.
    pub workspace_at: Option<(String, Span)>,
    /// Dependencies of every table.
    pub dependencies: Vec<Declared>,
    /// `[workspace]`.
    pub workspace: Option<Workspace>,
    /// `[patch.…]` and `[replace]`.
    pub patches: Vec<Patch>,
}

/// One dependency as a manifest declares it.
#[derive(Debug, Clone)]
pub struct Declared {
    /// The package's real name (`package = "…"`), else the key.
    pub package: String,
    /// Which table.
    pub kind: DependencyKind,
    /// `[target.'cfg(…)'.…]`.
    pub platform: Option<String>,
    /// `path`, joined by the reader to the manifest's folder.
    pub path: Option<String>,
    /// `version`.
    pub requirement: Option<String>,
    /// Whether it comes from git.
    pub git: bool,
    /// `workspace = true`.
    pub inherited: bool,
    /// The key in the table, for inheritance.
    pub key: String,
    /// `optional = true`.
    pub optional: bool,
    /// Where it stands.
    pub span: Span,
}

/// `[workspace]`.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    /// `members` with their places.
    pub members: Vec<(String, Span)>,
    /// `exclude`.
    pub exclude: Vec<String>,
    /// `workspace.package.version`.
    pub version: Option<String>,
    /// `workspace.dependencies`.
    pub dependencies: Vec<Declared>,
}

/// One entry of `[patch.<source>]`.
#[derive(Debug, Clone)]
pub struct Patch {
    /// `crates-io` or a registry's or repository's URL or name; empty for `[replace]`.
    pub source: String,
    /// What it puts in its place.
    pub with: Declared,
}

/// Why a manifest cannot be used.
#[derive(Debug, Clone)]
pub struct BadManifest {
    /// One line.
    pub message: String,
    /// Where.
    pub span: Span,
}

impl Manifest {
    /// Reads `file` (from the root).
    ///
    /// # Errors
    /// Where it cannot be read, is too large, not UTF-8 or not TOML.
    pub fn read(root: &Path, file: &str) -> Result<Self, BadManifest> {
        let bad = |message: String| BadManifest { message, span: Span::file(file) };
        let path = root.join(file);
        let meta = std::fs::metadata(&path).map_err(|error| bad(format!("cannot be read: {error}")))?;
        if !meta.is_file() {
            return Err(bad("is not a regular file".to_owned()));
        }
        if meta.len() > MAX_MANIFEST {
            return Err(bad(format!("has {} bytes, more than the limit of {MAX_MANIFEST}", meta.len())));
        }
        let bytes = std::fs::read(&path).map_err(|error| bad(format!("cannot be read: {error}")))?;
        let text = String::from_utf8(bytes).map_err(|_| bad("is not UTF-8".to_owned()))?;
        Self::parse(file, text)
    }

    /// Reads the text of `file`.
    ///
    /// # Errors
    /// Where it is not TOML.
    pub fn parse(file: &str, text: String) -> Result<Self, BadManifest> {
        let index = LineIndex::new(file, &text);
        let document = DeTable::parse(&text).map_err(|error| {
            let range = error.span().unwrap_or(0..0);
            BadManifest {
                message: format!("is not TOML: {}", error.message().lines().next().unwrap_or("")),
                span: index.span(range.start, range.end),
            }
        })?;
        let table = document.get_ref();
        let package = table_of(table, "package").or_else(|| table_of(table, "project"));
        let text_at = |key: &str| {
            let value = package?.get(key)?;
            Some((value.get_ref().as_str()?.to_owned(), index.span(value.span().start, value.span().end)))
        };
        let version = package.and_then(|package| package.get("version"));
        let mut dependencies = Vec::new();
        tables(table, None, &index, &mut dependencies);
        if let Some(targets) = table_of(table, "target") {
            for (platform, value) in targets {
                if let Some(inner) = value.get_ref().as_table() {
                    tables(inner, Some(platform.get_ref()), &index, &mut dependencies);
                }
            }
        }
        let workspace = table_of(table, "workspace").map(|workspace| {
            let list = |key: &str| -> Vec<(String, Span)> {
                let array = workspace.get(key).and_then(|value| value.get_ref().as_array());
                array
                    .into_iter()
                    .flatten()
                    .filter_map(|v| {
                        Some((v.get_ref().as_str()?.to_owned(), index.span(v.span().start, v.span().end)))
                    })
                    .collect()
            };
            let mut inherited = Vec::new();
            if let Some(table) = table_of(workspace, "dependencies") {
                one_table(table, DependencyKind::Normal, None, &index, &mut inherited);
            }
            Workspace {
                members: list("members"),
                exclude: list("exclude").into_iter().map(|(text, _)| text).collect(),
                version: table_of(workspace, "package")
                    .and_then(|package| package.get("version")?.get_ref().as_str().map(str::to_owned)),
                dependencies: inherited,
            }
        });
        let mut patches = Vec::new();
        for (source, value) in table_of(table, "patch").into_iter().flatten() {
            let mut with = Vec::new();
            if let Some(table) = value.get_ref().as_table() {
                one_table(table, DependencyKind::Normal, None, &index, &mut with);
            }
            patches.extend(with.into_iter().map(|with| Patch { source: source.get_ref().to_string(), with }));
        }
        if let Some(table) = table_of(table, "replace") {
            let mut with = Vec::new();
            one_table(table, DependencyKind::Normal, None, &index, &mut with);
            patches.extend(with.into_iter().map(|mut with| {
                // The key is `name:version` or `source#name:version`.
                let name = with.package.rsplit(['#', '/']).next().unwrap_or("").to_owned();
                with.package = name.split([':', '@']).next().unwrap_or("").to_owned();
                Patch { source: String::new(), with }
            }));
        }
        Ok(Self {
            file: file.to_owned(),
            dir: paths::parent(file).to_owned(),
            name: text_at("name"),
            version_span: version.map(|version| index.span(version.span().start, version.span().end)),
            version: version.and_then(|version| version.get_ref().as_str().map(str::to_owned)),
            inherits_version: version.is_some_and(|version| version.get_ref().as_table().is_some()),
            workspace_at: text_at("workspace"),
            dependencies,
            workspace,
            patches,
            text,
        })
    }

    /// Every folder that it points to: `path` dependencies, patches, inherited ones.
    pub fn paths(&self) -> impl Iterator<Item = (&str, &Span)> {
        let inherited = self.workspace.iter().flat_map(|workspace| &workspace.dependencies);
        self.dependencies
            .iter()
            .chain(inherited)
            .chain(self.patches.iter().map(|patch| &patch.with))
            .filter_map(|declared| Some((declared.path.as_deref()?, &declared.span)))
    }
}

/// The table at `key`.
pub fn table_of<'a, 'i>(table: &'a DeTable<'i>, key: &str) -> Option<&'a DeTable<'i>> {
    table.get(key)?.get_ref().as_table()
}

fn tables(table: &DeTable<'_>, platform: Option<&str>, index: &LineIndex<'_>, out: &mut Vec<Declared>) {
    for (key, kind) in [
        ("dependencies", DependencyKind::Normal),
        ("build-dependencies", DependencyKind::Build),
        ("build_dependencies", DependencyKind::Build),
        ("dev-dependencies", DependencyKind::Dev),
        ("dev_dependencies", DependencyKind::Dev),
    ] {
        if let Some(table) = table_of(table, key) {
            one_table(table, kind, platform, index, out);
        }
    }
}

fn one_table(
    table: &DeTable<'_>,
    kind: DependencyKind,
    platform: Option<&str>,
    index: &LineIndex<'_>,
    out: &mut Vec<Declared>,
) {
    for (key, value) in table {
        let fields = value.get_ref().as_table();
        let text =
            |name: &str| -> Option<String> { fields?.get(name)?.get_ref().as_str().map(str::to_owned) };
        let flag = |name: &str| {
            fields
                .and_then(|fields| fields.get(name))
                .and_then(|value: &Spanned<DeValue<'_>>| value.get_ref().as_bool())
                .unwrap_or(false)
        };
        let requirement = value.get_ref().as_str().map(str::to_owned).or_else(|| text("version"));
        out.push(Declared {
            package: text("package").unwrap_or_else(|| key.get_ref().to_string()),
            kind,
            platform: platform.map(str::to_owned),
            path: text("path"),
            requirement,
            git: text("git").is_some(),
            inherited: flag("workspace"),
            key: key.get_ref().to_string(),
            optional: flag("optional"),
            span: index.span(key.span().start, key.span().end),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_table_is_read_with_its_line() {
        let manifest = Manifest::parse(
            "a/Cargo.toml",
            r#"[package]
name = "a"
version.workspace = true
workspace = "../.."

[dependencies]
serde = "1"
other = { package = "real", path = "../real", optional = true }

[target.'cfg(windows)'.build-dependencies]
cc.workspace = true

[workspace]
members = ["crates/*"]
package.version = "1.2.3"

[patch.crates-io]
libc = { git = "https://git.invalid/libc" }
"#
            .to_owned(),
        )
        .expect("it is TOML");
        assert_eq!(manifest.name.as_ref().map(|(name, span)| (name.as_str(), span.line)), Some(("a", 2)));
        assert!(manifest.inherits_version && manifest.version.is_none());
        assert_eq!(
            manifest.workspace_at.as_ref().map(|(at, span)| (at.as_str(), span.line)),
            Some(("../..", 4))
        );
        let found: Vec<_> = manifest
            .dependencies
            .iter()
            .map(|d| {
                (d.package.as_str(), d.kind, d.platform.as_deref(), d.inherited, d.optional, d.span.line)
            })
            .collect();
        assert_eq!(
            found,
            [
                ("real", DependencyKind::Normal, None, false, true, 8),
                ("serde", DependencyKind::Normal, None, false, false, 7),
                ("cc", DependencyKind::Build, Some("cfg(windows)"), true, false, 11),
            ]
        );
        assert_eq!(manifest.patches.len(), 1);
        assert_eq!(manifest.workspace.and_then(|w| w.version).as_deref(), Some("1.2.3"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,200}") {
            let _ = Manifest::parse("Cargo.toml", text);
        }
    }
}
