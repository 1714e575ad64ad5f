//! The header of a Python script that names the packages it needs (PEP 723,
//! <https://packaging.python.org/en/latest/specifications/inline-script-metadata/>). Nothing pins
//! them unless `uv lock --script` wrote a `*.py.lock` beside it, which is a file of its own.

use std::ops::Range;

use toml::de::DeTable;

use super::assemble::{Assembly, Locked, location};
use super::doc::{self, Doc};
use super::manifest;
use super::name;
use super::requirement::Requirement;
use super::source;
use crate::model::{DependencyKind, Source};
use crate::resolve::ResolveError;

const CORRECT: &str = "correct the `# /// script` header";

pub(super) fn read(doc: &Doc<'_>, out: &mut Assembly<'_>) -> Result<(), ResolveError> {
    out.script = Some(doc.file().to_owned());
    // The lockfile beside it says the same, with versions.
    let lock = format!("{}.lock", doc.file());
    if out.root.join(&lock).is_file() {
        return Ok(());
    }
    let Some(header) = header(doc.text) else { return Ok(()) };
    let parsed = DeTable::parse(&header.toml).map_err(|error| {
        let at = header.at(error.span().map_or(0, |span| span.start));
        doc.invalid(at, format!("its header is not TOML: {}", error.message()), CORRECT)
    })?;
    let top = parsed.get_ref();
    for value in doc::list(top, "dependencies") {
        let Some(text) = value.get_ref().as_str() else { continue };
        let at = header.at(value.span().start)..header.at(value.span().end);
        let span = doc.span(&at);
        let requirement = match Requirement::parse(text) {
            Ok(requirement) => requirement,
            Err(why) => {
                let message = format!("`{}` is no requirement: {why}", crate::model::escape(text));
                out.find(None, "lockfile/malformed-entry", message.clone(), span.clone());
                out.gap(None, crate::model::GapKind::NotCovered, message, span);
                continue;
            }
        };
        let (from, version) = match &requirement.url {
            Some(url) if source::is_vcs(url) => (source::git(url, None), None),
            Some(url) => {
                let bare = url.split('#').next().unwrap_or(url);
                let file = name::file_name(bare);
                (Source::Tarball { url: source::without_user(bare) }, name::of_file(&file, &requirement.name))
            }
            None => (source::registry(None), name::pinned(&requirement.specifiers).map(str::to_owned)),
        };
        let mut entry = Locked::new(&requirement.name, version.as_deref().unwrap_or(""), from, span.clone());
        if let Source::Tarball { url } = &entry.source {
            entry.artifacts.push(source::artifact(url, Vec::new()));
        }
        let version = entry.version.clone();
        out.lock(entry);
        if let Some(mut ask) = manifest::ask(doc, text, DependencyKind::Invokes, &at) {
            ask.version = Some(version);
            ask.declared = location(&span);
            out.ask(ask);
        }
    }
    let uv = doc::table(top, "tool").and_then(|tool| doc::table(tool, "uv"));
    for (index, at) in uv.into_iter().flat_map(|uv| doc::tables(uv, "index")) {
        let span = doc.span(&(header.at(at.start)..header.at(at.end)));
        if let Some(url) = doc::text(index, "url") {
            out.index(None, url, "the script's header", span);
        }
    }
    Ok(())
}

/// A header without its `# `.
#[derive(Debug)]
struct Header {
    toml: String,
    /// For each line: where it starts in `toml`, and in the script.
    lines: Vec<(usize, usize)>,
}

impl Header {
    /// The place in the script of a byte of the TOML.
    fn at(&self, offset: usize) -> usize {
        let line = self.lines.partition_point(|(start, _)| *start <= offset).saturating_sub(1);
        self.lines.get(line).map_or(0, |(start, real)| real + (offset - start))
    }
}

/// The first block of type `script`.
fn header(text: &str) -> Option<Header> {
    let mut at = 0;
    let mut lines: Vec<(Range<usize>, &str)> = Vec::new();
    let mut open = false;
    for raw in text.split_inclusive('\n') {
        let start = at;
        at += raw.len();
        let line = raw.trim_end_matches(['\n', '\r']);
        if !open {
            open = line.trim_end() == "# /// script";
            continue;
        }
        if line != "#" && !line.starts_with("# ") {
            break;
        }
        lines.push((start..at, line));
    }
    // The block ends with the last `# ///` of its run of comments.
    let end = lines.iter().rposition(|(_, line)| line.trim_end() == "# ///")?;
    let mut out = Header { toml: String::new(), lines: Vec::new() };
    for (range, line) in &lines[..end] {
        let body = line.get(2..).unwrap_or("");
        out.lines.push((out.toml.len(), range.start + line.len() - body.len()));
        out.toml.push_str(body);
        out.toml.push('\n');
    }
    Some(out)
}
