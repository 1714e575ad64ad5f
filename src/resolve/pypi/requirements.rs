//! `requirements*.txt` as pip reads it
//! (<https://pip.pypa.io/en/stable/reference/requirements-file-format/>), with what it includes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::assemble::{Ask, Assembly, Locked, location};
use super::doc::Doc;
use super::name::{self, ArchiveKind};
use super::requirement::Requirement;
use super::source;
use crate::discover::paths;
use crate::model::{DependencyKind, Digest, GapKind, Source};
use crate::resolve::{ResolveError, read_text};

/// Files that one file may include, itself counted.
const MAX_FILES: usize = 1000;

/// A line with its continuations joined, without its comment.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    text: String,
    /// Where it stands, continuations included.
    at: Range<usize>,
    /// Comments on it and on the lines below it that are indented.
    comments: Vec<String>,
}

/// What a set of files pins.
#[derive(Debug, Default)]
struct Pins {
    /// By name, from `-c` files: the pinned version and its digests.
    constraints: BTreeMap<String, (String, Vec<Digest>)>,
}

pub(super) fn read(doc: &Doc<'_>, out: &mut Assembly<'_>) -> Result<(), ResolveError> {
    out.read_manifest(false)?;
    let mut pins = Pins::default();
    let mut seen = BTreeSet::from([doc.file().to_owned()]);
    // Constraints count for every file, wherever they are named.
    let mut todo = vec![(doc.file().to_owned(), doc.text.to_owned(), false)];
    let mut files = Vec::new();
    while let Some((file, text, constraint)) = todo.pop() {
        let doc = Doc::new(&file, &text);
        for line in lines(&text) {
            let Some((option, value)) = option(&line.text) else { continue };
            let wanted = match option {
                "-r" | "--requirement" => constraint,
                "-c" | "--constraint" => true,
                _ => continue,
            };
            let span = doc.span(&line.at);
            if value.contains("://") {
                let message =
                    format!("`{}` is read from the network when pip runs", crate::model::escape(value));
                out.gap(None, GapKind::NotCovered, message.clone(), span.clone());
                out.find(None, "lockfile/unpinned", message, span);
                continue;
            }
            let Some(path) = paths::join(paths::parent(&file), value) else {
                let message = format!(
                    "`{}` lies outside of the audited folder and is not read",
                    crate::model::escape(value)
                );
                out.gap(None, GapKind::NotCovered, message.clone(), span.clone());
                out.find(None, "lockfile/outside-root", message, span);
                continue;
            };
            if !seen.insert(path.clone()) {
                continue;
            }
            if seen.len() > MAX_FILES {
                return Err(doc.invalid(
                    line.at.start,
                    format!("more than {MAX_FILES} files are included"),
                    "include fewer",
                ));
            }
            match included(out, &path) {
                Ok(text) => todo.push((path, text, wanted)),
                Err(why) => {
                    let message = format!("`{path}` is included and not read: {why}");
                    out.gap(None, GapKind::NotCovered, message, span);
                }
            }
        }
        files.push((file, text, constraint));
    }
    for (file, text, _) in files.iter().filter(|(.., constraint)| *constraint) {
        for line in lines(text) {
            let (head, digests) = hashes(&line.text);
            if let Ok(requirement) = Requirement::parse(&head)
                && let Some(version) = name::pinned(&requirement.specifiers)
            {
                pins.constraints.insert(requirement.name, (version.to_owned(), digests));
            }
        }
        let doc = Doc::new(file, text);
        options(&doc, out);
    }
    let mut via: Vec<(usize, Vec<String>)> = Vec::new();
    for (file, text, _) in files.iter().filter(|(.., constraint)| !*constraint) {
        let doc = Doc::new(file, text);
        options(&doc, out);
        for line in lines(text) {
            if option(&line.text).is_some_and(|(option, _)| !matches!(option, "-e" | "--editable")) {
                continue;
            }
            if let Some((entry, marker)) = entry(&doc, &line, &pins, out) {
                let at = out.lock(entry);
                let asked_by = by(&line.comments);
                let names: BTreeSet<String> = asked_by.iter().map(|name| name::normal(name)).collect();
                via.push((at, names.into_iter().collect()));
                if let (Some(marker), Some(entry)) = (marker, out.entry(at)) {
                    entry.optional = !marker.is_empty();
                }
            }
        }
    }
    // pip-compile and uv say in comments who asks; where they name nobody, the project does.
    let known: BTreeMap<String, usize> =
        out.entries().iter().enumerate().map(|(at, entry)| (entry.name.clone(), at)).collect();
    for (at, names) in via {
        let Some(entry) = out.entries().get(at) else { continue };
        let ask = Ask {
            name: entry.name.clone(),
            version: Some(entry.version.clone()),
            requirement: String::new(),
            platform: None,
            kind: DependencyKind::Normal,
            declared: location(&entry.span),
        };
        let direct = names.iter().any(|name| !known.contains_key(name));
        for from in names.iter().filter_map(|name| known.get(name)).filter(|from| **from != at) {
            if let Some(from) = out.entry(*from) {
                from.asks.push(ask.clone());
            }
        }
        if direct {
            out.ask(ask);
        }
    }
    Ok(())
}

/// The text of an included file; links out of the root are not followed.
fn included(out: &Assembly<'_>, path: &str) -> Result<String, String> {
    let inside = match (out.root.canonicalize(), out.root.join(path).canonicalize()) {
        (Ok(root), Ok(real)) => real.starts_with(root),
        _ => return Err("it is not there".to_owned()),
    };
    if !inside {
        return Err("it is a link that leaves the audited folder".to_owned());
    }
    read_text(out.root, path).map_err(|error| error.to_string())
}

/// Options that choose where packages come from.
fn options(doc: &Doc<'_>, out: &mut Assembly<'_>) {
    for line in lines(doc.text) {
        let Some((option, value)) = option(&line.text) else { continue };
        let span = doc.span(&line.at);
        match option {
            "-i" | "--index-url" | "--pypi-url" | "--extra-index-url" => {
                out.index(None, value, &format!("`{option}`"), span);
            }
            "-f" | "--find-links" if value.contains("://") => {
                out.index(None, value, &format!("`{option}`"), span)
            }
            "--trusted-host" => {
                let message = format!(
                    "`--trusted-host {}` switches off TLS checks for it",
                    crate::model::escape(value)
                );
                out.find(None, "lockfile/insecure-url", message, span);
            }
            _ => {}
        }
    }
}

/// An option's name and value, if the line is one.
fn option(line: &str) -> Option<(&str, &str)> {
    if !line.starts_with('-') {
        return None;
    }
    let cut = line.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(line.len());
    let (name, value) = line.split_at(cut);
    // `-rfile` is written too.
    if !name.starts_with("--") && name.len() > 2 && name.is_char_boundary(2) {
        let value = line[2..].trim();
        return Some((&line[..2], value));
    }
    Some((name, value.trim_start_matches('=').trim().trim_matches(['"', '\''])))
}

/// A line without its `--hash` and other options, and the digests.
fn hashes(line: &str) -> (String, Vec<Digest>) {
    let mut digests = Vec::new();
    let mut head = Vec::new();
    let mut words = line.split_whitespace().peekable();
    let mut in_options = false;
    while let Some(word) = words.next() {
        if let Some(rest) = word.strip_prefix("--hash") {
            in_options = true;
            let value = match rest.strip_prefix('=') {
                Some(value) => Some(value),
                None => words.next(),
            };
            digests.extend(value.and_then(source::digest));
        } else if word.starts_with("--") {
            in_options = true;
        } else if !in_options {
            head.push(word);
        }
    }
    (head.join(" "), digests)
}

/// The entry of a line, and its marker.
fn entry(
    doc: &Doc<'_>,
    line: &Line,
    pins: &Pins,
    out: &mut Assembly<'_>,
) -> Option<(Locked, Option<String>)> {
    let (head, mut digests) = hashes(&line.text);
    let (head, editable) = match option(&head) {
        Some(("-e" | "--editable", value)) => (value.to_owned(), true),
        _ => (head, false),
    };
    if head.is_empty() {
        return None;
    }
    let span = doc.span(&line.at);
    let dir = paths::parent(doc.file()).to_owned();
    let is_path = |text: &str| {
        text.starts_with("file:")
            || !text.contains("://")
                && (text == "."
                    || text.starts_with("./")
                    || text.starts_with("../")
                    || text.starts_with(".[")
                    || text.starts_with('/')
                    || ArchiveKind::of(text.split(['[', ' ']).next().unwrap_or(text)).is_some())
    };
    let parsed = match Requirement::parse(&head) {
        Ok(requirement) if !editable && !is_path(&head) => requirement,
        _ if head.contains("://") || is_path(&head) || editable => {
            let (target, marker) = head.split_once(" ;").unwrap_or((&head, ""));
            let named = target
                .split_once('#')
                .and_then(|(_, fragment)| fragment.split('&').find_map(|part| part.strip_prefix("egg=")));
            let path = target.split(['#', '[']).next().unwrap_or(target);
            Requirement {
                name: named
                    .map_or_else(|| guess(path), |name| name::normal(name.split('[').next().unwrap_or(name))),
                url: Some(target.trim().to_owned()),
                marker: (!marker.trim().is_empty()).then(|| marker.trim().to_owned()),
                ..Requirement::default()
            }
        }
        Ok(requirement) => requirement,
        Err(why) => {
            let message = format!("`{}` is no requirement: {why}", crate::model::escape(&head));
            out.find(None, "lockfile/malformed-entry", message.clone(), span.clone());
            out.gap(None, GapKind::NotCovered, message, span);
            return None;
        }
    };
    let mut locked = match &parsed.url {
        Some(url) => {
            let bare = url.split('#').next().unwrap_or(url);
            let version = name::of_file(&name::file_name(bare), &parsed.name).unwrap_or_default();
            let from = if source::is_vcs(bare) {
                source::git(bare, None)
            } else if is_path(bare) || !bare.contains("://") {
                source::local(&dir, bare.split('[').next().unwrap_or(bare))
            } else {
                Source::Tarball { url: source::without_user(bare) }
            };
            if let Some(digest) =
                url.split_once('#').and_then(|(_, fragment)| fragment.split('&').find_map(source::digest))
            {
                digests.push(digest);
            }
            Locked::new(&parsed.name, &version, from, span)
        }
        None => {
            let mut version = name::pinned(&parsed.specifiers).map(str::to_owned);
            if version.is_none()
                && let Some((pinned, more)) = pins.constraints.get(&parsed.name)
            {
                version = Some(pinned.clone());
                digests.extend(more.iter().cloned());
            }
            Locked::new(&parsed.name, version.as_deref().unwrap_or(""), source::registry(None), span)
        }
    };
    match &locked.source {
        Source::Tarball { url } => locked.artifacts.push(source::artifact(url, digests)),
        Source::File { path } => {
            let artifact = source::artifact(path, digests);
            locked.artifacts.push(crate::model::Artifact { url: None, ..artifact });
        }
        _ => locked.integrity = digests,
    }
    Some((locked, parsed.marker))
}

/// A name for what only a path or URL names.
fn guess(path: &str) -> String {
    let file = name::file_name(path.trim_end_matches('/'));
    let stem = file.trim_end_matches(".git");
    let stem = match ArchiveKind::of(stem) {
        Some(_) => stem.split('-').next().unwrap_or(stem),
        None => stem.split('@').next().unwrap_or(stem),
    };
    if name::is_name(stem) { name::normal(stem) } else { "project".to_owned() }
}

/// Who asks, as comments say: `# via a, b`, or `# via` and one name on each line below.
fn by(comments: &[String]) -> Vec<String> {
    let mut names = Vec::new();
    let mut inside = false;
    for comment in comments {
        let text = comment.trim();
        let rest = match text.strip_prefix("via") {
            Some(rest) if rest.is_empty() || rest.starts_with(' ') => {
                inside = true;
                rest
            }
            _ if inside => text,
            _ => continue,
        };
        names.extend(rest.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned));
    }
    names
}

/// The logical lines: continuations joined, comments taken off, blank ones left out.
fn lines(text: &str) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::new();
    let mut open: Option<Line> = None;
    let mut at = 0;
    for raw in text.split_inclusive('\n') {
        let start = at;
        at += raw.len();
        let line = raw.trim_end_matches(['\n', '\r']);
        let trimmed = line.trim_start().trim_start_matches('\u{feff}');
        let body = line.strip_suffix('\\');
        // As in pip, a comment ends a continued line.
        let comment = if trimmed.starts_with('#') {
            Some(0)
        } else {
            line.match_indices('#').map(|(at, _)| at).find(|at| line[..*at].ends_with(char::is_whitespace))
        };
        let (code, remark) = match comment {
            Some(0) => ("", Some(trimmed.trim_start_matches('#').to_owned())),
            Some(cut) => (&line[..cut], Some(line[cut + 1..].to_owned())),
            None => (body.unwrap_or(line), None),
        };
        let code = code.trim().trim_start_matches('\u{feff}').trim();
        let continues = remark.is_none() && body.is_some();
        if open.is_none() && code.is_empty() {
            // A remark under a requirement belongs to it if it is indented.
            if let (Some(remark), Some(last), true) =
                (remark.clone(), out.last_mut(), raw.starts_with([' ', '\t']))
            {
                last.comments.push(remark);
            }
            if !continues {
                continue;
            }
        }
        let indent = line.len() - line.trim_start().len();
        let line = open.get_or_insert_with(|| Line {
            text: String::new(),
            at: start + indent..start + indent,
            comments: Vec::new(),
        });
        if !code.is_empty() {
            if !line.text.is_empty() {
                line.text.push(' ');
            }
            line.text.push_str(code);
            line.at.end = start + indent + code.len();
        }
        line.comments.extend(remark);
        if !continues {
            out.extend(open.take().filter(|line| !line.text.is_empty()));
        }
    }
    out.extend(open.filter(|line| !line.text.is_empty()));
    out
}
