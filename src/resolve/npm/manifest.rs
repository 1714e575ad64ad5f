//! The project's own `package.json` files against what the lockfile remembers of them.

use std::collections::{BTreeMap, HashMap};

use super::doc::Doc;
use super::lock::{self, Requirement};
use super::spec::{self, Spec};
use crate::json::{ByteRange, Node};
use crate::model::DependencyKind;
use crate::resolve::ResolveError;

/// What to do about a `package.json` that cannot be read.
pub(in crate::resolve) const CORRECT: &str = "correct it; npm cannot read it either";

/// A parsed `package.json`.
#[derive(Debug)]
pub(in crate::resolve) struct Manifest<'n> {
    pub(in crate::resolve) name: Option<&'n str>,
    pub(in crate::resolve) version: Option<&'n str>,
    pub(in crate::resolve) requirements: Vec<Requirement<'n>>,
    /// Name, and what `overrides` sets it to.
    pub(in crate::resolve) overrides: HashMap<&'n str, Vec<&'n str>>,
    /// Where the first key stands.
    pub(in crate::resolve) at: ByteRange,
}

/// Reads a parsed `package.json`.
pub(in crate::resolve) fn read<'n, 'a>(
    doc: &Doc<'a>,
    root: &'n Node<'a>,
) -> Result<Manifest<'n>, ResolveError> {
    Ok(Manifest {
        name: doc.string(root, "name")?.map(|name| name.text),
        version: doc.string(root, "version")?.map(|version| version.text),
        requirements: lock::requirements(doc, root, true)?,
        overrides: root.get("overrides").map(overrides).unwrap_or_default(),
        at: root.range.start..root.range.start + 1,
    })
}

/// `{"a@^1": "2", "b": {".": "3", "c": "$d"}}` as a: 2, b: 3, c: $d.
fn overrides<'n>(node: &'n Node<'_>) -> HashMap<&'n str, Vec<&'n str>> {
    let mut found: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut todo = vec![("", node)];
    while let Some((above, node)) = todo.pop() {
        for (key, _, value) in node.members() {
            // The scope's own `@` comes first.
            let name =
                key.char_indices().skip(1).find(|(_, c)| *c == '@').map_or(&**key, |(at, _)| &key[..at]);
            let name = if name == "." { above } else { name };
            match value.as_str() {
                Some(text) => found.entry(name).or_default().push(text),
                None => todo.push((name, value)),
            }
        }
    }
    found
}

/// Whether an override allows `version` (of a package called `real`) for what asks for `name`.
pub(in crate::resolve) fn overridden(
    manifest: Option<&Manifest<'_>>,
    name: &str,
    real: &str,
    version: &str,
) -> bool {
    let Some(manifest) = manifest else { return false };
    let Some(specs) = manifest.overrides.get(name) else { return false };
    specs.iter().any(|text| {
        let text = match text.strip_prefix('$') {
            Some(of) => match manifest.requirements.iter().find(|requirement| requirement.name == of) {
                Some(requirement) => requirement.spec,
                None => return false,
            },
            None => text,
        };
        match Spec::parse(text) {
            Spec::Range(range) => name == real && spec::satisfies(&range, version),
            Spec::Alias { name, .. } => name == real,
            _ => true,
        }
    })
}

/// One difference: what to say, and where in `package.json`.
pub(in crate::resolve) type Difference = (String, ByteRange);

/// Compares the requirements of `package.json` with those that the lockfile remembers.
pub(in crate::resolve) fn compare(manifest: &Manifest<'_>, locked: &[Requirement<'_>]) -> Vec<Difference> {
    fn by_name<'r, 'n>(
        list: &'r [Requirement<'n>],
    ) -> BTreeMap<(&'n str, DependencyKind), &'r Requirement<'n>> {
        list.iter().map(|requirement| ((requirement.name, requirement.kind), requirement)).collect()
    }
    let (wanted, locked) = (by_name(&manifest.requirements), by_name(locked));
    let mut out = Vec::new();
    for ((name, kind), requirement) in &wanted {
        match locked.get(&(*name, *kind)) {
            None => out.push((
                format!("`{name}` is asked for here, but the lockfile does not know that"),
                requirement.at.clone(),
            )),
            Some(known) if known.spec != requirement.spec => out.push((
                format!(
                    "`{name}` is asked for as `{}` here, as `{}` in the lockfile",
                    spec::without_user(requirement.spec),
                    spec::without_user(known.spec)
                ),
                requirement.at.clone(),
            )),
            Some(_) => {}
        }
    }
    for (name, kind) in locked.keys() {
        if !wanted.contains_key(&(*name, *kind)) {
            out.push((
                format!("`{name}` is not asked for here, but the lockfile says so"),
                manifest.at.clone(),
            ));
        }
    }
    out
}
