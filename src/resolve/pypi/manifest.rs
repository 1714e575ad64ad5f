//! `pyproject.toml`: what the project is called and what it asks for (PEP 621, PEP 735, and Poetry's
//! own table, <https://python-poetry.org/docs/pyproject/>). `setup.py` is code and is not asked.

use std::ops::Range;
use std::path::Path;

use super::assemble::Ask;
use super::doc::{self, Doc, Table};
use super::name;
use super::requirement::Requirement;
use crate::discover::paths;
use crate::model::{DependencyKind, Location};
use crate::resolve::{ResolveError, read_text};

/// The project as its manifest has it.
#[derive(Debug, Clone)]
pub(super) struct Own {
    /// Normal form.
    pub name: Option<String>,
    /// `None` where it is made at build time.
    pub version: Option<String>,
    /// The line of the name.
    pub declared: Location,
    pub asks: Vec<Ask>,
}

/// Groups by which tools name what is for development only.
const RUNTIME_GROUPS: [&str; 2] = ["default", "main"];

/// Reads the `pyproject.toml` in `dir`; `None` where there is none inside the root.
pub(super) fn read(root: &Path, dir: &str) -> Result<Option<Own>, ResolveError> {
    let file = paths::child(dir, "pyproject.toml");
    let inside = match (root.canonicalize(), root.join(&file).canonicalize()) {
        (Ok(root), Ok(path)) => path.starts_with(root) && path.is_file(),
        _ => false,
    };
    if !inside {
        return Ok(None);
    }
    let text = read_text(root, &file)?;
    let doc = Doc::new(&file, &text);
    let parsed = doc.toml("correct `pyproject.toml`")?;
    Ok(Some(own(&doc, parsed.get_ref())))
}

/// Reads a parsed one.
pub(super) fn own(doc: &Doc<'_>, top: Table<'_, '_>) -> Own {
    let project = doc::table(top, "project");
    let poetry = doc::table(top, "tool").and_then(|tool| doc::table(tool, "poetry"));
    let field = |key: &str| project.and_then(|t| t.get(key)).or_else(|| poetry?.get(key));
    let at = field("name").map_or(0..0, |value| value.span());
    let text = |key: &str| field(key).and_then(|value| value.get_ref().as_str());
    let mut asks = Vec::new();
    if let Some(project) = project {
        strings(doc, project, "dependencies", DependencyKind::Normal, &mut asks);
        for (extra, _) in doc::table(project, "optional-dependencies").into_iter().flat_map(|t| t.iter()) {
            let table = doc::table(project, "optional-dependencies");
            let Some(table) = table else { continue };
            strings(doc, table, extra.get_ref(), DependencyKind::Optional, &mut asks);
        }
    }
    if let Some(groups) = doc::table(top, "dependency-groups") {
        for (group, _) in groups.iter() {
            strings(doc, groups, group.get_ref(), DependencyKind::Dev, &mut asks);
        }
    }
    if let Some(poetry) = poetry {
        constraints(doc, poetry, "dependencies", DependencyKind::Normal, &mut asks);
        constraints(doc, poetry, "dev-dependencies", DependencyKind::Dev, &mut asks);
        for (name, group) in doc::table(poetry, "group").into_iter().flat_map(|groups| groups.iter()) {
            if let Some(group) = group.get_ref().as_table() {
                let runtime = RUNTIME_GROUPS.contains(&name.get_ref().as_ref());
                let kind = if runtime { DependencyKind::Normal } else { DependencyKind::Dev };
                constraints(doc, group, "dependencies", kind, &mut asks);
            }
        }
    }
    Own {
        name: text("name").filter(|text| name::is_name(text)).map(name::normal),
        version: text("version").map(name::version),
        declared: doc.location(&at),
        asks,
    }
}

/// A list of specifiers. What is none (`{include-group = …}`) names no package.
fn strings(doc: &Doc<'_>, table: Table<'_, '_>, key: &str, kind: DependencyKind, out: &mut Vec<Ask>) {
    for value in doc::list(table, key) {
        let Some(text) = value.get_ref().as_str() else { continue };
        if let Some(ask) = ask(doc, text, kind, &value.span()) {
            out.push(ask);
        }
    }
}

/// A specifier as a requirement; `None` where it is none.
pub(super) fn ask(doc: &Doc<'_>, text: &str, kind: DependencyKind, at: &Range<usize>) -> Option<Ask> {
    let requirement = Requirement::parse(text).ok()?;
    Some(Ask {
        name: requirement.name,
        version: None,
        requirement: requirement.specifiers,
        platform: requirement.marker,
        kind,
        declared: doc.location(at),
    })
}

/// Poetry's table: `name = "^1"`, `name = {version = "^1", optional = true}`, or a list of these.
pub(super) fn constraints(
    doc: &Doc<'_>,
    table: Table<'_, '_>,
    key: &str,
    kind: DependencyKind,
    out: &mut Vec<Ask>,
) {
    for (name, value) in doc::table(table, key).into_iter().flat_map(|table| table.iter()) {
        if name.get_ref() == "python" {
            continue;
        }
        let one = std::slice::from_ref(value);
        let list: &[_] = value.get_ref().as_array().map_or(one, |list| list);
        for value in list {
            let inner = value.get_ref().as_table();
            let text = |key: &str| inner.and_then(|inner| doc::text(inner, key));
            let optional = inner.and_then(|t| t.get("optional")?.get_ref().as_bool()) == Some(true);
            let requirement = value.get_ref().as_str().or_else(|| text("version")).unwrap_or("");
            let marker = text("markers").map(str::to_owned);
            let marker = marker.or_else(|| text("python").map(|python| format!("python {python}")));
            let marker = marker.or_else(|| text("platform").map(|platform| format!("platform {platform}")));
            out.push(Ask {
                name: name::normal(name.get_ref()),
                version: None,
                requirement: requirement.to_owned(),
                platform: marker,
                kind: if optional { DependencyKind::Optional } else { kind },
                declared: doc.location(&value.span()),
            });
        }
    }
}
