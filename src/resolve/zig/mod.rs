//! Zig: `build.zig.zon` (<https://ziglang.org/documentation/master/#Package-Management>,
//! `doc/build.zig.zon.md` of Zig's repository).
//!
//! In: a manifest. Out: its own package, and one for each dependency: by `url` with its `hash` as
//! the pin, or by `path`. Zig is not run and nothing is fetched, so that what a dependency asks for
//! in turn is not known; the gap of its contents says so.

mod zon;

use std::path::Path;

use self::zon::{Node, Value};
use super::text::{Text, has_credentials, without_user};
use super::{Resolution, ResolveError, read_text};
use crate::discover::{Project, paths};
use crate::json::ByteRange;
use crate::model::{Dependency, DependencyKind, Ecosystem, Finding, Location, Package, Source, purl};

const HELP: &str = "correct it; `zig build` names the same place";

/// Resolves one manifest.
///
/// # Errors
/// Where it cannot be read or is not what it should be.
pub fn resolve(root: &Path, project: &Project) -> Result<Resolution, ResolveError> {
    let text = read_text(root, &project.lockfile)?;
    let doc = Text::new(&project.lockfile, &text);
    let node = manifest(&doc)?;
    let own = own_package(&doc, &node, root, &project.dir)?;
    let mut out = Resolution::default();
    let dependencies = node.get("dependencies");
    if let Some(list) = dependencies
        && !matches!(&list.value, Value::Struct(_))
        && list.value != Value::Tuple(Vec::new())
    {
        return Err(wrong(&doc, list, "`dependencies`", "a struct"));
    }
    for (name, at, value) in dependencies.map(Node::fields).unwrap_or_default() {
        let package = dependency(root, project, &doc, name, at, value, &mut out)?;
        out.dependencies.push(Dependency {
            from: own.purl.clone(),
            to: package.purl.clone(),
            kind: if package.optional { DependencyKind::Optional } else { DependencyKind::Normal },
            requirement: String::new(),
            platform: None,
            declared: doc.location(at.start),
        });
        out.packages.push(package);
    }
    out.packages.push(own);
    out.normalise();
    Ok(out)
}

fn manifest(doc: &Text<'_>) -> Result<Node, ResolveError> {
    doc.no_conflict()?;
    let node = zon::parse(doc.text())
        .map_err(|(at, message)| doc.invalid(at, format!("not ZON: {message}"), HELP))?;
    match &node.value {
        Value::Struct(_) => Ok(node),
        _ => Err(wrong(doc, &node, "the file", "a struct")),
    }
}

fn wrong(doc: &Text<'_>, node: &Node, what: &str, expected: &str) -> ResolveError {
    doc.invalid(node.range.start, format!("{what} must be {expected}, found {}", node.kind()), HELP)
}

fn string<'n>(
    doc: &Text<'_>,
    node: &'n Node,
    key: &str,
) -> Result<Option<(&'n str, &'n ByteRange)>, ResolveError> {
    match node.get(key) {
        None => Ok(None),
        Some(Node { value: Value::String(text), range }) => Ok(Some((text, range))),
        Some(other) => Err(wrong(doc, other, &format!("`{key}`"), "a string")),
    }
}

/// The package that a manifest describes.
fn own_package(doc: &Text<'_>, node: &Node, root: &Path, dir: &str) -> Result<Package, ResolveError> {
    let (name, at) = match node.get("name") {
        // A string until Zig 0.13, a name since.
        Some(Node { value: Value::String(text) | Value::Name(text), range }) => (text.as_str(), range.start),
        Some(other) => return Err(wrong(doc, other, "`name`", "a name")),
        None => return Err(doc.invalid(node.range.start, "there is no `name`", HELP)),
    };
    let version = string(doc, node, "version")?.map_or("", |(text, _)| text);
    let path = if dir.is_empty() { "." } else { dir };
    Ok(Package {
        source: Source::Path { path: path.to_owned() },
        first_party: true,
        folder: Some(root.join(dir)),
        ..Package::registry(Ecosystem::Zig, name, version, doc.location(at))
    })
}

fn dependency(
    root: &Path,
    project: &Project,
    doc: &Text<'_>,
    name: &str,
    at: &ByteRange,
    value: &Node,
    out: &mut Resolution,
) -> Result<Package, ResolveError> {
    if !matches!(value.value, Value::Struct(_)) {
        return Err(wrong(
            doc,
            value,
            &format!("`{}`", crate::model::escape(name)),
            "a struct with `url` or `path`",
        ));
    }
    let lazy = match value.get("lazy") {
        None => false,
        Some(Node { value: Value::Word(word), .. }) if word == "true" || word == "false" => word == "true",
        Some(other) => return Err(wrong(doc, other, "`lazy`", "`true` or `false`")),
    };
    let hash = string(doc, value, "hash")?;
    match (string(doc, value, "url")?, string(doc, value, "path")?) {
        (Some((url, range)), None) => {
            let mut package = by_url(name, url, hash.map(|(text, _)| text), doc.location(at.start));
            package.optional = lazy;
            let span = doc.span(range);
            let mut find = |rule: &str, message: String| {
                out.findings.push((package.purl.clone(), Finding::new(rule, message, vec![span.clone()])));
            };
            if has_credentials(url) {
                find(
                    "lockfile/credentials-in-url",
                    format!("the address of `{name}` holds a password or token"),
                );
            }
            if without_user(url).trim_start_matches("git+").starts_with("http:") {
                find("lockfile/insecure-url", format!("`{name}` is fetched without encryption"));
            }
            if hash.is_none() {
                find("lockfile/missing-integrity", format!("`{name}` has no `hash`"));
            }
            Ok(package)
        }
        (None, Some((path, range))) => local(root, project, doc, name, path, range, at, out),
        (Some(_), Some((_, range))) => {
            Err(doc.invalid(range.start, format!("`{name}` has both `url` and `path`"), HELP))
        }
        (None, None) => {
            Err(doc.invalid(value.range.start, format!("`{name}` has neither `url` nor `path`"), HELP))
        }
    }
}

/// A package by address. Hashes of Zig 0.14 and later begin with name and version
/// (`websocket-0.1.0-ZPIS…`); before that they say nothing but themselves (`1220…`), and the
/// version is what the address names.
fn by_url(key: &str, url: &str, hash: Option<&str>, declared: Location) -> Package {
    let address = without_user(url);
    let (name, mut version) = hash.and_then(of_hash).unwrap_or((key, String::new()));
    let plain = address.trim_start_matches("git+");
    let (repository, fragment) = plain.split_once('#').unwrap_or((plain, ""));
    let is_git = address.starts_with("git+");
    if version.is_empty() {
        version = if is_git { fragment.to_owned() } else { archive_version(plain) };
    }
    let commit = (fragment.len() >= 40 && fragment.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .then(|| fragment.to_owned());
    let source = match is_git {
        true => Source::Git { url: repository.split('?').next().unwrap_or(repository).to_owned(), commit },
        false => Source::Tarball { url: address.clone() },
    };
    let qualifier = if is_git { ("vcs_url", address.as_str()) } else { ("download_url", address.as_str()) };
    Package {
        purl: purl(Ecosystem::Zig, name, &version, &[qualifier]),
        source,
        // A commit pins the tree, the hash what Zig makes of it.
        pin: hash.map(str::to_owned),
        ..Package::registry(Ecosystem::Zig, name, &version, declared)
    }
}

/// Name and version of a hash.
fn of_hash(hash: &str) -> Option<(&str, String)> {
    let (rest, _) = hash.rsplit_once('-')?;
    // The last part is base64url and may hold `-` itself: the version is found from the left.
    let (name, after) = rest.split_once('-')?;
    let end = after
        .char_indices()
        .find(|(at, c)| *c == '-' && semver::Version::parse(&after[..*at]).is_ok())
        .map_or(after.len(), |(at, _)| at);
    let version = &after[..end];
    semver::Version::parse(version).ok()?;
    (!name.is_empty()).then(|| (name, version.to_owned()))
}

/// `…/v1.2.3.tar.gz` → `v1.2.3`.
fn archive_version(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let mut last = path.rsplit('/').next().unwrap_or("");
    for ending in [".gz", ".xz", ".zst", ".bz2", ".tar", ".tgz", ".zip"] {
        last = last.strip_suffix(ending).unwrap_or(last);
    }
    last.to_owned()
}

#[allow(clippy::too_many_arguments)]
fn local(
    root: &Path,
    project: &Project,
    doc: &Text<'_>,
    name: &str,
    path: &str,
    range: &ByteRange,
    at: &ByteRange,
    out: &mut Resolution,
) -> Result<Package, ResolveError> {
    let declared = doc.location(at.start);
    let Some(folder) = paths::join(&project.dir, path) else {
        let package = Package {
            source: Source::Path { path: path.to_owned() },
            ..Package::registry(Ecosystem::Zig, name, "", declared)
        };
        let message = format!("`{name}` lies in `{path}`, outside of the audited folder");
        let finding = Finding::new("lockfile/outside-root", message, vec![doc.span(range)]);
        out.findings.push((package.purl.clone(), finding));
        return Ok(package);
    };
    let file = paths::child(&folder, "build.zig.zon");
    if folder != project.dir && paths::lies(root, &file) == paths::Lies::Inside {
        let text = read_text(root, &file)?;
        let doc = Text::new(&file, &text);
        return own_package(&doc, &manifest(&doc)?, root, &folder);
    }
    Ok(Package {
        source: Source::Path { path: if folder.is_empty() { ".".to_owned() } else { folder.clone() } },
        first_party: true,
        folder: Some(root.join(&folder)),
        ..Package::registry(Ecosystem::Zig, name, "", declared)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_name_their_package() {
        let hash = "websocket-0.1.0-ZPISdRlzAwBB_Bz2UMMqxYqF6YEVTIBoFsbzwPUJTHIc";
        assert_eq!(of_hash(hash), Some(("websocket", "0.1.0".to_owned())));
        assert_eq!(of_hash("a-1.0.0-beta.1-AB-cd"), Some(("a", "1.0.0".to_owned())));
        assert_eq!(of_hash("1220ab"), None);
        assert_eq!(archive_version("https://h.invalid/v1.2.tar.gz?x#y"), "v1.2");
    }
}
