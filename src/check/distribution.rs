//! Python distributions: what a wheel (`*.dist-info`,
//! <https://packaging.python.org/en/latest/specifications/binary-distribution-format/>) or a source
//! archive (`PKG-INFO`, `pyproject.toml`, `setup.py`) says of itself, and what it runs when it is
//! installed or when Python starts.

use std::collections::BTreeMap;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use toml::de::DeTable;

use super::manifest::Manifest;
use super::{Check, Subject};
use crate::model::{
    CapabilityKind, Contents, Digest, Ecosystem, Fact, FactKind, Finding, Gap, GapKind, LineIndex, Span,
};

/// The folder of a wheel's own records, if the contents are those of a wheel.
fn dist_info(contents: &Contents) -> Option<&str> {
    contents.files.iter().find_map(|file| {
        let folder = file.path.strip_suffix("/METADATA")?;
        (folder.ends_with(".dist-info") && !folder.contains('/')).then_some(folder)
    })
}

/// Whether the contents are those of a wheel.
pub(super) fn is_wheel(contents: &Contents) -> bool {
    dist_info(contents).is_some()
}

/// Path and text of the core metadata: of a wheel, else of a source archive.
pub(super) fn metadata(contents: &Contents) -> Option<(String, &str)> {
    let path = match dist_info(contents) {
        Some(folder) => format!("{folder}/METADATA"),
        None => "PKG-INFO".to_owned(),
    };
    let text = std::str::from_utf8(contents.get(&path)?).ok()?;
    Some((path, text))
}

/// The first header of that name and its bytes
/// (<https://packaging.python.org/en/latest/specifications/core-metadata/>).
pub(super) fn field<'t>(text: &'t str, key: &str) -> Option<(&'t str, Range<usize>)> {
    let mut at = 0;
    for raw in text.split_inclusive('\n') {
        let start = at;
        at += raw.len();
        let line = raw.trim_end_matches(['\n', '\r']);
        // What follows the first blank line is the description.
        if line.is_empty() {
            return None;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case(key) {
            let trimmed = value.trim();
            let from = start + name.len() + 1 + (value.len() - value.trim_start().len());
            return Some((trimmed, from..from + trimmed.len()));
        }
    }
    None
}

/// What runs and what a dependant loads.
pub(super) fn read(contents: &Contents, out: &mut Manifest) {
    if let Some((_, text)) = metadata(contents) {
        let licence = field(text, "License-Expression").or_else(|| field(text, "License"));
        out.licence = licence.map(|(value, _)| value.to_owned()).filter(|value| !value.is_empty());
    }
    addresses(contents, out);
    startup(contents, out);
    match dist_info(contents) {
        Some(folder) => scripts(contents, folder, out),
        None => build(contents, out),
    }
    for file in &contents.files {
        let inner = file.path.strip_prefix("src/").unwrap_or(&file.path);
        let depth = inner.matches('/').count();
        let package = depth == 1 && inner.ends_with("/__init__.py");
        let module = depth == 0 && inner.ends_with(".py") && !matches!(inner, "setup.py" | "conftest.py");
        if (package || module) && !super::context::is_test_path(&file.path) {
            out.entries.push(file.path.to_string());
        }
    }
}

/// Requirements that name an address instead of a version, in the metadata or, where a source
/// archive's metadata does not list them, in `pyproject.toml`
/// (<https://packaging.python.org/en/latest/specifications/dependency-specifiers/>).
fn addresses(contents: &Contents, out: &mut Manifest) {
    let mut found: Vec<(String, Span)> = Vec::new();
    if let Some((path, text)) = metadata(contents) {
        let index = LineIndex::new(path.as_str(), text);
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("Requires-Dist:") {
                found.push((value.trim().to_owned(), index.span(at, at + line.trim_end().len())));
            }
            at += line.len();
        }
    }
    if let Some(text) = contents.get("pyproject.toml").and_then(|bytes| std::str::from_utf8(bytes).ok())
        && let Ok(table) = DeTable::parse(text)
        && let Some(project) = table.get_ref().get("project").and_then(|value| value.get_ref().as_table())
        && let Some(list) = project.get("dependencies").and_then(|value| value.get_ref().as_array())
    {
        let index = LineIndex::new("pyproject.toml", text);
        for value in list {
            if let Some(requirement) = value.get_ref().as_str() {
                found.push((requirement.to_owned(), index.span(value.span().start, value.span().end)));
            }
        }
    }
    for (requirement, span) in found {
        let Some((name, url)) = requirement.split_once('@') else { continue };
        let url = url.split(';').next().unwrap_or(url).trim();
        if super::manifest::moves(url) && !url.rsplit('@').next().is_some_and(is_commit) {
            let fact = Fact::new(FactKind::Manifest, "dependency.url", span);
            out.facts.push(fact.value(format!("{}: {url}", name.trim())));
        }
    }
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn runs(name: &str, value: &str, span: Span, out: &mut Manifest) {
    out.install_spans.push((name.to_owned(), span.clone()));
    let mut fact = Fact::new(FactKind::Manifest, name, span).value(value).gives(CapabilityKind::InstallTime);
    fact.context.install = true;
    out.facts.push(fact);
}

/// Code that Python runs at every start: lines of `.pth` files that begin with `import`, and the
/// two modules that the `site` module loads (<https://docs.python.org/3/library/site.html>).
fn startup(contents: &Contents, out: &mut Manifest) {
    for file in &contents.files {
        let path = &file.path;
        // Top level of `site-packages`, there or through a wheel's data folder.
        let top = match path.split_once(".data/") {
            Some((_, rest)) => {
                rest.strip_prefix("purelib/").or_else(|| rest.strip_prefix("platlib/")).unwrap_or("/")
            }
            None => path,
        };
        if top.contains('/') {
            continue;
        }
        if matches!(top, "sitecustomize.py" | "usercustomize.py") {
            out.install_files.push(path.to_string());
            out.install_scripts.push(format!("{path}: loaded at every start of Python"));
            runs("startup-module", path, Span::file(path.clone()), out);
        }
        if !top.ends_with(".pth") {
            continue;
        }
        let text = String::from_utf8_lossy(contents.bytes(file));
        let index = LineIndex::new(path.clone(), &text);
        let mut at = 0;
        for raw in text.split_inclusive(['\n', '\r']) {
            let line = raw.trim_end();
            if line.starts_with("import ") || line.starts_with("import\t") {
                out.install_files.push(path.to_string());
                out.install_scripts.push(format!("{path}: {line}"));
                runs("pth", line, index.span(at, at + line.len()), out);
                // `import x` loads a module of the archive.
                let module = line["import ".len()..].split([';', ' ', ',', '.']).next().unwrap_or("");
                out.install_files.extend([format!("{module}.py"), format!("{module}/__init__.py")]);
            }
            at += raw.len();
        }
    }
}

/// The commands that a wheel puts on the path.
fn scripts(contents: &Contents, folder: &str, out: &mut Manifest) {
    let path = format!("{folder}/entry_points.txt");
    let Some(text) = contents.get(&path).and_then(|bytes| std::str::from_utf8(bytes).ok()) else { return };
    let index = LineIndex::new(path.as_str(), text);
    let (mut at, mut section) = (0, String::new());
    for raw in text.split_inclusive('\n') {
        let line = raw.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim().to_owned();
        } else if let Some((_, target)) = line.split_once('=').filter(|_| !line.starts_with(['#', ';'])) {
            let target = target.trim();
            let module = target.split([':', ' ', '[']).next().unwrap_or("").replace('.', "/");
            if !module.is_empty() {
                out.entries.extend([format!("{module}.py"), format!("{module}/__init__.py")]);
            }
            let fact = Fact::new(
                FactKind::Manifest,
                format!("entry-point.{section}"),
                index.span(at, at + line.len()),
            );
            out.facts.push(fact.value(line));
        }
        at += raw.len();
    }
}

/// What runs when a source archive is built: `setup.py`, or a backend that lies in the archive.
fn build(contents: &Contents, out: &mut Manifest) {
    if contents.get("setup.py").is_some() {
        out.install_files.push("setup.py".to_owned());
        out.install_scripts.push("setup.py".to_owned());
        out.install_spans.push(("setup.py".to_owned(), Span::file("setup.py")));
    }
    let name = "pyproject.toml";
    let Some(bytes) = contents.get(name) else { return };
    let unread = |why: String, span: Span| Gap {
        kind: GapKind::NotParsed,
        message: format!("`{name}` cannot be read: {why}"),
        spans: vec![span],
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        return out.gaps.push(unread("it is not UTF-8".to_owned(), Span::file(name)));
    };
    let index = LineIndex::new(name, text);
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let at = error.span().unwrap_or_default();
            return out.gaps.push(unread(error.message().to_owned(), index.span(at.start, at.end)));
        }
    };
    let Some(system) = table.get_ref().get("build-system").and_then(|v| v.get_ref().as_table()) else {
        return;
    };
    let list = |key: &str| {
        let values = system.get(key).and_then(|value| value.get_ref().as_array());
        values.into_iter().flat_map(|values| values.iter())
    };
    for value in list("requires") {
        let Some(requirement) = value.get_ref().as_str() else { continue };
        let span = index.span(value.span().start, value.span().end);
        let mut fact = Fact::new(FactKind::Manifest, "build-system.requires", span).value(requirement);
        fact.context.install = true;
        out.facts.push(fact);
    }
    let Some(backend) = system.get("build-backend") else { return };
    let span = index.span(backend.span().start, backend.span().end);
    let written = backend.get_ref().as_str().unwrap_or("");
    let module = written.split(':').next().unwrap_or("").replace('.', "/");
    let mut own = false;
    for value in list("backend-path") {
        let Some(folder) = value.get_ref().as_str() else { continue };
        let folder = super::context::normal(folder);
        let base = if folder.is_empty() { module.clone() } else { format!("{folder}/{module}") };
        out.install_files.extend([format!("{base}.py"), format!("{base}/__init__.py")]);
        own = true;
    }
    if own {
        out.install_scripts.push(format!("build-backend: {written}"));
        runs("build-system.build-backend", written, span, out);
    } else {
        out.facts.push(Fact::new(FactKind::Manifest, "build-system.build-backend", span).value(written));
    }
}

/// A wheel whose `RECORD` is not that of its files: something was put in, or changed, after it was
/// built.
#[derive(Debug)]
pub struct Record;

impl Check for Record {
    fn rules(&self) -> &'static [&'static str] {
        &["file/record-differs"]
    }

    fn run(&self, subject: &Subject<'_>, out: &mut Vec<Finding>) {
        if subject.package.ecosystem != Ecosystem::Pypi || subject.package.first_party {
            return;
        }
        let contents = subject.contents;
        let Some(folder) = dist_info(contents) else { return };
        let path = format!("{folder}/RECORD");
        let found = |message: String, span: Span| Finding::new("file/record-differs", message, vec![span]);
        let Some(text) = contents.get(&path).and_then(|bytes| std::str::from_utf8(bytes).ok()) else {
            out.push(found(format!("the wheel has no `{path}` that can be read"), Span::file(path)));
            return;
        };
        let index = LineIndex::new(path.as_str(), text);
        let mut known: BTreeMap<String, ()> = BTreeMap::new();
        let mut wrong = Vec::new();
        let mut at = 0;
        for raw in text.split_inclusive('\n') {
            let start = at;
            at += raw.len();
            let line = raw.trim_end_matches(['\n', '\r']);
            let Some((name, digest)) = record(line) else { continue };
            let span = || index.span(start, start + line.len());
            match contents.get(&name) {
                None => {
                    wrong.push(found(format!("`{name}` stands in RECORD and is not in the wheel"), span()))
                }
                Some(bytes) => {
                    let fits = digest.strip_prefix("sha256=").map(|text| {
                        URL_SAFE_NO_PAD
                            .decode(text.trim_end_matches('='))
                            .is_ok_and(|stated| hex::encode(stated) == Digest::sha256(bytes).hex())
                    });
                    if fits == Some(false) {
                        let message = format!("`{name}` has another digest than RECORD states");
                        wrong.push(found(message, span()));
                    }
                }
            }
            known.insert(name, ());
        }
        let own = [path.clone(), format!("{path}.jws"), format!("{path}.p7s")];
        for file in &contents.files {
            if !known.contains_key(&*file.path) && !own.iter().any(|own| **own == *file.path) {
                let message = format!("`{}` is in the wheel and not in RECORD", file.path);
                wrong.push(found(message, Span::file(file.path.clone())));
            }
        }
        wrong.sort();
        // A wheel that was unpacked and packed again has them by the hundred.
        wrong.truncate(20);
        out.append(&mut wrong);
    }
}

/// Path and digest of a line of `RECORD` (CSV).
fn record(line: &str) -> Option<(String, &str)> {
    let (name, rest) = match line.strip_prefix('"') {
        Some(quoted) => {
            let mut end = quoted.find('"')?;
            while quoted[end + 1..].starts_with('"') {
                end = end + 2 + quoted[end + 2..].find('"')?;
            }
            (quoted[..end].replace("\"\"", "\""), quoted[end + 1..].strip_prefix(',').unwrap_or(""))
        }
        None => {
            let (name, rest) = line.split_once(',')?;
            (name.to_owned(), rest)
        }
    };
    (!name.is_empty()).then(|| (name, rest.split(',').next().unwrap_or("")))
}

#[cfg(test)]
mod tests {
    use super::super::examples::contents;
    use super::*;
    use crate::model::{Location, Package};
    use proptest::prelude::*;

    fn line(name: &str, bytes: &[u8]) -> String {
        let digest = hex::decode(Digest::sha256(bytes).hex()).expect("hexadecimal");
        format!("{name},sha256={},{}\n", URL_SAFE_NO_PAD.encode(digest), bytes.len())
    }

    #[test]
    fn a_wheel_starts_code_and_names_itself() {
        let files = contents(&[
            ("evil.pth", b"./lib\nimport evil; evil.go()\n"),
            ("evil/__init__.py", b""),
            ("deep/x.pth", b"import y\n"),
            ("x-1.data/purelib/z.pth", b"import z\n"),
            (
                "x-1.dist-info/METADATA",
                b"Metadata-Version: 2.4\nName: x\nVersion: 1\nLicense-Expression: MIT\n\nName: no\n",
            ),
            ("x-1.dist-info/entry_points.txt", b"[console_scripts]\nx = x.cli:main\n"),
        ]);
        let mut out = Manifest::default();
        read(&files, &mut out);
        assert_eq!(
            out.install_scripts,
            ["evil.pth: import evil; evil.go()", "x-1.data/purelib/z.pth: import z"]
        );
        assert_eq!(out.install_spans[0].1.line, 2);
        assert!(out.install_files.contains(&"evil/__init__.py".to_owned()));
        assert!(
            out.entries.contains(&"x/cli.py".to_owned())
                && out.entries.contains(&"evil/__init__.py".to_owned())
        );
        assert_eq!(out.licence.as_deref(), Some("MIT"));
        let (_, text) = metadata(&files).expect("there");
        assert_eq!(field(text, "name").map(|(value, at)| (value, &text[at])), Some(("x", "x")));
        assert_eq!(field(text, "author"), None);
    }

    #[test]
    fn a_source_archive_runs_setup_py_and_its_own_backend() {
        let toml =
            b"[build-system]\nrequires = [\"flit\"]\nbuild-backend = \"b.c\"\nbackend-path = [\"tools\"]\n";
        let files = contents(&[("setup.py", b""), ("pyproject.toml", toml), ("tools/b/c.py", b"")]);
        let mut out = Manifest::default();
        read(&files, &mut out);
        assert_eq!(out.install_scripts, ["setup.py", "build-backend: b.c"]);
        assert!(out.install_files.contains(&"tools/b/c.py".to_owned()));
        let broken = contents(&[("pyproject.toml", b"[x")]);
        let mut out = Manifest::default();
        read(&broken, &mut out);
        assert_eq!(out.gaps.len(), 1);
    }

    #[test]
    fn a_record_that_is_not_of_the_files_is_told() {
        let info = "x-1.dist-info";
        let run = |record: &str, extra: &[(&str, &[u8])]| {
            let (meta, path) = (format!("{info}/METADATA"), format!("{info}/RECORD"));
            let mut files: Vec<(&str, &[u8])> =
                vec![("x.py", b"pass\n"), (&meta, b"Name: x\n"), (&path, record.as_bytes())];
            files.extend(extra);
            let files = contents(&files);
            let declared = Location { file: "uv.lock".into(), line: 1, column: 1 };
            let package = Package::registry(Ecosystem::Pypi, "x", "1", declared);
            let subject = Subject { package: &package, contents: &files, coverage: &[], facts: &[] };
            let mut out = Vec::new();
            Record.run(&subject, &mut out);
            out.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        let good = line("x.py", b"pass\n")
            + &line(&format!("{info}/METADATA"), b"Name: x\n")
            + &format!("{info}/RECORD,,\n");
        assert!(run(&good, &[]).is_empty());
        assert_eq!(run(&good, &[("y.py", b"")]), ["`y.py` is in the wheel and not in RECORD"]);
        let other = good.replace("x.py,sha256=", "x.py,sha256=A");
        assert_eq!(run(&other, &[]), ["`x.py` has another digest than RECORD states"]);
        assert_eq!(run(&(good + "gone.py,,\n"), &[]), ["`gone.py` stands in RECORD and is not in the wheel"]);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}", lines in "([a-z\",=.: \n\\[]{0,12}\n){0,6}") {
            for text in [&text, &lines] {
                record(text);
                field(text, "name");
                let files = contents(&[
                    ("a.pth", text.as_bytes()),
                    ("pyproject.toml", text.as_bytes()),
                    ("x.dist-info/METADATA", text.as_bytes()),
                    ("x.dist-info/entry_points.txt", text.as_bytes()),
                ]);
                read(&files, &mut Manifest::default());
            }
        }
    }
}
