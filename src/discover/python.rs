//! Which of Python's manifests ask for packages that nothing pins.

use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::limits::MAX_MANIFEST;
use super::{Format, Project, paths};
use crate::model::{Ecosystem, Finding, LineIndex, Span};

/// Whether the manifest `file` asks for packages and no lockfile covers it.
pub(super) fn asks(root: &Path, file: &str, projects: &[Project], out: &mut Vec<Finding>) -> bool {
    let dir = paths::parent(file);
    let name = file.rsplit('/').next().unwrap_or(file);
    // Beside it, or above for the members of a workspace.
    let locks = |project: &Project, above: &str| {
        project.ecosystem == Ecosystem::Pypi
            && project.dir == above
            && project.format != Format::PythonScript
            && (above == dir || project.format == Format::UvLock)
    };
    if paths::ancestors(dir).any(|above| projects.iter().any(|project| locks(project, above))) {
        return false;
    }
    let text = match read(&root.join(file)) {
        Ok(text) => text,
        Err(why) => {
            let message = format!("`{file}` {why}");
            out.push(Finding::new("discover/unreadable", message, vec![Span::file(file)]));
            return false;
        }
    };
    match name {
        "pyproject.toml" => match DeTable::parse(&text) {
            Ok(table) => pyproject(table.get_ref()),
            Err(error) => {
                let index = LineIndex::new(file, &text);
                let at = error.span().unwrap_or_default();
                let message = format!("`{file}` is not TOML: {}", error.message());
                let span = index.span(at.start, at.end);
                out.push(Finding::new("discover/unreadable", message, vec![span]));
                false
            }
        },
        "Pipfile" => DeTable::parse(&text).is_ok_and(|table| {
            ["packages", "dev-packages"].iter().any(|key| is_full(table.get_ref().get(*key)))
        }),
        // Code and its configuration: what names the option asks, whatever it comes to.
        _ => text.lines().any(|line| line.trim_start().starts_with("install_requires")),
    }
}

fn pyproject(top: &DeTable<'_>) -> bool {
    let inner = |keys: &[&str]| {
        let mut value = top.get(*keys.first()?)?;
        for key in &keys[1..] {
            value = value.get_ref().as_table()?.get(*key)?;
        }
        Some(value)
    };
    let asks = [
        &["project", "dependencies"][..],
        &["project", "optional-dependencies"],
        &["dependency-groups"],
        &["tool", "poetry", "dev-dependencies"],
    ];
    let poetry = inner(&["tool", "poetry", "dependencies"]).and_then(|value| value.get_ref().as_table());
    asks.iter().any(|keys| is_full(inner(keys)))
        || poetry.is_some_and(|wanted| wanted.keys().any(|name| name.get_ref() != "python"))
}

/// Whether an array or a table has anything in it.
fn is_full(value: Option<&toml::Spanned<DeValue<'_>>>) -> bool {
    value.is_some_and(|value| match value.get_ref() {
        DeValue::Array(list) => !list.is_empty(),
        DeValue::Table(table) => !table.is_empty(),
        _ => false,
    })
}

/// The text; `Err` says why not.
fn read(path: &Path) -> Result<String, String> {
    let meta = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !meta.is_file() {
        return Err("is not a regular file".to_owned());
    }
    if meta.len() > MAX_MANIFEST {
        return Err(format!("has {} bytes, more than the limit of {MAX_MANIFEST}", meta.len()));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}
