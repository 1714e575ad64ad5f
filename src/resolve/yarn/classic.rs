//! Reads the format of Yarn 1 (<https://classic.yarnpkg.com/docs/yarn-lock>, and `parse.js` of
//! Yarn's own source): lines of `key value`, indented by two spaces below lines of keys.
//!
//! ```text
//! "@s/a@^1.0.0", b@1:
//!   version "1.2.3"
//!   dependencies:
//!     c "^2.0.0"
//! ```

use super::{Ask, Locked, REWRITE};
use crate::json::ByteRange;
use crate::model::DependencyKind;
use crate::resolve::ResolveError;
use crate::resolve::js::{as_git, split_name};
use crate::resolve::npm::doc::Doc;
use crate::resolve::npm::spec::{Spec, is_archive};

/// A line's words: keys before a colon, or a key and its value.
#[derive(Debug)]
struct Line {
    /// In units of two spaces.
    depth: usize,
    words: Vec<(String, ByteRange)>,
    /// Whether it ends in a colon.
    opens: bool,
}

/// Reads every block.
pub(super) fn read(doc: &Doc<'_>) -> Result<Vec<Locked>, ResolveError> {
    let mut out: Vec<Locked> = Vec::new();
    let mut list: Option<DependencyKind> = None;
    let mut other = false;
    let mut offset = 0;
    for raw in doc.text().split_inclusive('\n') {
        let start = offset;
        offset += raw.len();
        let Some(line) = words(doc, raw, start)? else { continue };
        let wrong = |message: &str| {
            let at = line.words.first().map_or(start, |(_, at)| at.start);
            Err(doc.invalid(at, message, format!("Yarn writes no such line; {REWRITE}")))
        };
        match (line.depth, line.opens, out.last_mut()) {
            (0, true, _) => {
                let at = line.words.first().map_or(start..start, |(_, at)| at.clone());
                let descriptors = line.words.into_iter().map(|(word, _)| word).collect();
                out.push(Locked { descriptors, at, ..Locked::default() });
                (list, other) = (None, false);
            }
            (1, true, Some(_)) => {
                list = match line.words.first().map(|(word, _)| word.as_str()) {
                    Some("dependencies") => Some(DependencyKind::Normal),
                    Some("optionalDependencies") => Some(DependencyKind::Optional),
                    _ => None,
                };
                other = list.is_none();
            }
            (1, false, Some(block)) => {
                (list, other) = (None, false);
                let [(key, _), (value, at)] = &line.words[..] else {
                    return wrong("expected a key and a value");
                };
                let value = Some((value.clone(), at.clone()));
                match key.as_str() {
                    "version" => block.version = value,
                    "resolved" => block.resolved = value,
                    "integrity" => block.integrity = value,
                    // `uid`, `registry`, and the like say nothing of what is fetched.
                    _ => {}
                }
            }
            (2, false, Some(block)) if list.is_some() || other => {
                let [(key, at), (value, _)] = &line.words[..] else {
                    return wrong("expected a name and a version");
                };
                if let Some(kind) = list {
                    block.asks.push(Ask { name: key.clone(), range: value.clone(), kind, at: at.clone() });
                }
            }
            _ => return wrong("a line that belongs to no entry"),
        }
    }
    for block in &mut out {
        complete(doc, block)?;
    }
    Ok(out)
}

/// What the block's keys say: name, folder, digest.
fn complete(doc: &Doc<'_>, block: &mut Locked) -> Result<(), ResolveError> {
    let Some((name, range)) = block.descriptors.first().and_then(|first| split_name(first)) else {
        let message = "expected `name@version` before the colon";
        return Err(doc.invalid(block.at.start, message, REWRITE));
    };
    block.name = name.to_owned();
    let (mut folder, mut file) = (None, None);
    for descriptor in &block.descriptors {
        let Some((_, range)) = split_name(descriptor) else { continue };
        if let Spec::Alias { name, .. } = Spec::parse(range) {
            block.name = name.to_owned();
        }
    }
    if let Spec::File(path) = Spec::parse(range) {
        if is_archive(path) { file = Some(format!("file:{path}")) } else { folder = Some(path.to_owned()) }
    }
    if block.version.is_none() {
        let message = format!("`{}` has no version", crate::model::escape(&block.name));
        return Err(doc.invalid(block.at.start, message, REWRITE));
    }
    match block.resolved.take() {
        Some((url, at)) => {
            let (plain, hash) = url.split_once('#').unwrap_or((&url, ""));
            let digest = (hash.len() == 40).then(|| hex::decode(hash).ok()).flatten();
            if let Some(git) = as_git(plain) {
                block.resolved = Some((git, at));
            } else if let (Some(digest), false) = (digest, matches!(Spec::parse(&url), Spec::Git(_))) {
                use base64::Engine as _;
                let sri = format!("sha1-{}", base64::engine::general_purpose::STANDARD.encode(digest));
                let start = at.start + plain.len() + 1;
                block.integrity.get_or_insert((sri, start.min(at.end)..at.end));
                block.resolved = Some((plain.to_owned(), at));
            } else {
                block.resolved = Some((url, at));
            }
        }
        None if file.is_some() => block.resolved = file.map(|file| (file, block.at.clone())),
        None => block.folder = folder,
    }
    Ok(())
}

/// The words of a line; `None` for an empty one or a comment.
fn words(doc: &Doc<'_>, raw: &str, start: usize) -> Result<Option<Line>, ResolveError> {
    let line = raw.trim_end_matches(['\n', '\r']);
    let line = if start == 0 { line.trim_start_matches('\u{feff}') } else { line };
    let start = start + (raw.trim_end_matches(['\n', '\r']).len() - line.len());
    let text = line.trim_start_matches(' ');
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    let indent = line.len() - text.len();
    let wrong = |at: usize, message: &str| {
        Err(doc.invalid(start + at, message, format!("Yarn writes no such line; {REWRITE}")))
    };
    if indent % 2 == 1 {
        return wrong(indent, "indented by an odd number of spaces");
    }
    let mut out = Line { depth: indent / 2, words: Vec::new(), opens: false };
    let mut at = indent;
    while at < line.len() {
        let rest = &line[at..];
        let (word, len) = if rest.starts_with('"') {
            let end = closing(rest);
            let Some(end) = end else { return wrong(at, "a string does not end") };
            let Some(text) = unquote(&rest[..end]) else { return wrong(at, "unknown escape in a string") };
            (text, end)
        } else {
            // What Yarn leaves unquoted holds none of these.
            let end = rest.find([' ', ',']).unwrap_or(rest.len());
            let end = if rest[..end].ends_with(':') { end - 1 } else { end };
            if end == 0 {
                return wrong(at, "expected a word");
            }
            (rest[..end].to_owned(), end)
        };
        out.words.push((word, start + at..start + at + len));
        at += len;
        let rest = &line[at..];
        match rest {
            "" => break,
            ":" => {
                out.opens = true;
                break;
            }
            _ if rest.starts_with(", ") => at += 2,
            _ if rest.starts_with(' ') => at += 1,
            _ => return wrong(at, "expected a space, `, ` or `:`"),
        }
    }
    Ok(Some(out))
}

/// Length of the string at the start, quotes included.
fn closing(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return Some(at + 1),
            _ => at += 1,
        }
    }
    None
}

/// Yarn writes strings as JSON does.
fn unquote(text: &str) -> Option<String> {
    crate::json::parse(text).ok()?.as_str().map(str::to_owned)
}
