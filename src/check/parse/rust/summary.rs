//! What goes from one file of a crate into another: which function sends what it is given, and
//! which call hands it something secret.
//!
//! The walk notes both among its facts, under names that no fact has; here they become the
//! [`Summary`] that is joined with those of the other files. Functions are known by their module
//! and name, methods by their type's; arguments are not told apart.

use std::collections::BTreeMap;

use super::facts::Raw;
use crate::check::flow::{Argument, Call, Export, From, MAX_PARTS, Mode, OUTSIDE, Summary, To, Way};
use crate::discover::paths;
use crate::model::{FactKind, LineIndex};

/// Starts the name of a note: a function of this file sends what it is given.
const SENDS: &str = "\u{1}sends ";
/// Starts the name of a note: a call of another file's function is given something secret.
const GIVES: &str = "\u{1}gives ";

/// Starts the name of a note: a function of this file gives back something secret.
const GETS: &str = "\u{1}gets ";
/// Starts the name of a note: what one function of another file gave is handed to one.
const PASSES: &str = "\u{1}passes ";
/// Starts the name of a note: what a function of another file gave is sent.
const ENDS: &str = "\u{1}ends ";

/// The note that a function gives back what came from that source.
pub fn gets(source: &str, function: &str, range: std::ops::Range<usize>) -> Raw {
    Raw::new(FactKind::Flow, format!("{GETS}{function}"), range).value(source)
}

/// The note that what `gave` means gave what `path` means is handed.
pub fn passes(gave: &str, path: &str, range: std::ops::Range<usize>) -> Raw {
    Raw::new(FactKind::Flow, format!("{PASSES}{path}"), range).value(gave)
}

/// The note that what `gave` means gave what is sent.
pub fn ends(gave: &str, range: std::ops::Range<usize>) -> Raw {
    Raw::new(FactKind::Flow, format!("{ENDS}net"), range).value(gave)
}

/// The note that a function sends what it is given.
pub fn sends(function: &str, range: std::ops::Range<usize>) -> Raw {
    Raw::new(FactKind::Flow, format!("{SENDS}{function}"), range)
}

/// The note that what `path` means (`crate::net::Client`, `send`) is given that source.
pub fn gives(source: &str, path: &str, range: std::ops::Range<usize>) -> Raw {
    Raw::new(FactKind::Flow, format!("{GIVES}{path}"), range).value(source)
}

/// Whether a path starts in this crate.
pub fn is_own(path: &str) -> bool {
    matches!(path.split("::").next(), Some("crate" | "super" | "self"))
}

/// The files in which `crate::a::b::name` may stand as `name`, and that name: `Type.method` for a
/// path that goes through a type.
fn target(file: &str, path: &str) -> Option<Call> {
    let mut segments: Vec<&str> = path.split("::").collect();
    let root = match *segments.first()? {
        "crate" => {
            let at = file.rfind("src/").map_or(0, |at| at + "src".len());
            file[..at].to_owned()
        }
        "super" => {
            let folder = paths::parent(file);
            if file.ends_with("/mod.rs") { paths::parent(folder).to_owned() } else { folder.to_owned() }
        }
        "self" => super::local::module_folder(file),
        "" | "std" | "core" | "alloc" => return None,
        krate => {
            let modules = vec![format!("{OUTSIDE}{krate}")];
            return Some(Call { modules, name: segments[1..].join(".") });
        }
    };
    segments.remove(0);
    let name_at = segments
        .iter()
        .position(|segment| segment.starts_with(char::is_uppercase))
        .unwrap_or(segments.len().checked_sub(1)?);
    let name = segments.split_off(name_at).join(".");
    let module = segments.join("/");
    let module = match (root.as_str(), module.as_str()) {
        ("", module) => module.to_owned(),
        (root, "") => format!("{root}/lib"),
        (root, module) => format!("{root}/{module}"),
    };
    Some(Call { modules: vec![module], name })
}

/// Takes the notes out of the facts.
pub fn take(path: &str, text: &str, raws: &mut Vec<Raw>) -> Summary {
    let is_note = |raw: &Raw| raw.name.starts_with('\u{1}');
    if !raws.iter().any(is_note) {
        return Summary::default();
    }
    let index = LineIndex::new(path, text);
    let mut notes: Vec<Raw> = raws.iter().filter(|raw| is_note(raw)).cloned().collect();
    raws.retain(|raw| !is_note(raw));
    notes.sort();
    notes.dedup();
    notes.truncate(MAX_PARTS);
    let mut out = Summary::default();
    let mut functions: BTreeMap<String, u32> = BTreeMap::new();
    for raw in notes {
        let span = index.span(raw.start, raw.end);
        if let Some(function) = raw.name.strip_prefix(SENDS) {
            let next = functions.len() as u32;
            let func = *functions.entry(function.to_owned()).or_insert(next);
            let to = To::Sink("net".to_owned(), span.clone());
            out.ways.push(Way { from: From::Param(func, 0), mode: Mode::Plain, to, steps: vec![span] });
        } else if let Some(function) = raw.name.strip_prefix(GETS) {
            let next = functions.len() as u32;
            let func = *functions.entry(function.to_owned()).or_insert(next);
            let from = From::Source(raw.value.clone());
            out.ways.push(Way { from, mode: Mode::Plain, to: To::Return(func), steps: vec![span] });
        } else if let Some(to) = raw.name.strip_prefix(PASSES) {
            let (Some(gave), Some(taken)) = (target(path, &raw.value), target(path, to)) else { continue };
            let call = out.calls.len() as u32;
            out.calls.extend([gave, taken]);
            let to = To::Argument(call + 1, Argument::At(0));
            out.ways.push(Way { from: From::Result(call), mode: Mode::Plain, to, steps: vec![span] });
        } else if raw.name.starts_with(ENDS) {
            let Some(gave) = target(path, &raw.value) else { continue };
            let call = out.calls.len() as u32;
            out.calls.push(gave);
            let to = To::Sink("net".to_owned(), span.clone());
            out.ways.push(Way { from: From::Result(call), mode: Mode::Plain, to, steps: vec![span] });
        } else if let Some(target) = raw.name.strip_prefix(GIVES).and_then(|to| target(path, to)) {
            let call = out.calls.len() as u32;
            out.calls.push(target);
            let to = To::Argument(call, Argument::At(0));
            let from = From::Source(raw.value.clone());
            out.ways.push(Way { from, mode: Mode::Plain, to, steps: vec![span] });
        }
    }
    out.exports = functions
        .into_iter()
        .map(|(name, func)| Export { name, func, params: vec!["*".to_owned()] })
        .collect();
    out.ways.sort();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_files() {
        let of = |file, path: &str| {
            target(file, &path.replace('/', "::")).map(|call| (call.modules.concat(), call.name))
        };
        let is = |module: &str, name: &str| Some((module.to_owned(), name.to_owned()));
        assert_eq!(of("src/seed.rs", "crate/digest/Fetch/get"), is("src/digest", "Fetch.get"));
        assert_eq!(of("src/seed.rs", "crate/send"), is("src/lib", "send"));
        assert_eq!(of("src/a/seed.rs", "super/net/post"), is("src/a/net", "post"));
        assert_eq!(of("src/lib.rs", "self/net/post"), is("src/net", "post"));
        assert_eq!(of("src/a.rs", "self/net/post"), is("src/a/net", "post"));
        assert_eq!(of("build.rs", "std/fs/read"), None);
    }

    #[test]
    fn notes_become_ways_and_leave_the_facts() {
        let mut raws = vec![
            sends("Fetch.get", 0..1),
            gives("secret-file", &["crate", "digest", "Fetch", "get"].join("::"), 2..3),
            Raw::new(FactKind::Flow, "net->process", 1..2),
        ];
        let summary = take("src/seed.rs", "abcdef", &mut raws);
        assert_eq!(
            (raws.len(), summary.ways.len(), summary.exports.len(), summary.calls.len()),
            (1, 2, 1, 1)
        );
    }
}
