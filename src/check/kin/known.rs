//! Well-known packages' sketches, shipped with bomvet: `rules/data/known-code.bin`.
//!
//! `bomvet db known` makes such a file. It holds, in postcard's form, a version number and for each
//! package its purl's parts, what it can, and its smallest marks as differences. Nothing of the
//! packages' text is in it.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::Subject;
use crate::model::{CapabilityKind, CapabilitySet, Ecosystem, Location, Package, Sketch};

/// The form of the file.
const FORM: u32 = 1;

/// Marks of one package that are kept.
const MARKS: usize = 512;

/// Packages in a file at most.
const PACKAGES: usize = 20_000;

/// One well-known package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The package: ecosystem, name, version.
    pub package: Package,
    /// Its code.
    pub sketch: Sketch,
    /// What it can.
    pub capabilities: CapabilitySet,
}

impl Known {
    /// As one of two that are compared.
    pub fn subject(&self) -> Subject<'_> {
        Subject { package: &self.package, sketch: &self.sketch, capabilities: self.capabilities }
    }
}

#[derive(Serialize, Deserialize)]
struct Entry {
    ecosystem: String,
    name: String,
    version: String,
    capabilities: Vec<String>,
    limit: u32,
    steps: Vec<u32>,
}

/// The packages that are shipped.
pub fn builtin() -> &'static [Known] {
    static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
        read(include_bytes!("../../../rules/data/known-code.bin")).expect("the shipped file is tested")
    });
    &KNOWN
}

/// Reads a file of known packages.
///
/// # Errors
/// Where it is none, or of another form; one line.
pub fn read(bytes: &[u8]) -> Result<Vec<Known>, String> {
    let (form, rest): (u32, _) =
        postcard::take_from_bytes(bytes).map_err(|_| "no file of known packages".to_owned())?;
    if form != FORM {
        return Err(format!("a file of known packages in form {form}; this bomvet reads form {FORM}"));
    }
    let entries: Vec<Entry> =
        postcard::from_bytes(rest).map_err(|error| format!("a damaged file of known packages: {error}"))?;
    if entries.len() > PACKAGES {
        return Err(format!("a file of more than {PACKAGES} known packages"));
    }
    entries
        .into_iter()
        .map(|entry| {
            let ecosystem = Ecosystem::parse(&entry.ecosystem)
                .ok_or_else(|| format!("an unknown ecosystem `{}`", entry.ecosystem))?;
            let mut mark = 0_u32;
            let marks = entry.steps.iter().map(|step| {
                mark = mark.checked_add(*step).ok_or_else(|| "marks beyond 32 bits".to_owned())?;
                Ok((mark, 0))
            });
            let marks = marks.collect::<Result<Vec<_>, String>>()?;
            let capabilities = entry.capabilities.iter().map(|kind| {
                CapabilityKind::parse(kind).ok_or_else(|| format!("an unknown capability `{kind}`"))
            });
            Ok(Known {
                package: Package::registry(
                    ecosystem,
                    &entry.name,
                    &entry.version,
                    Location { file: "known".into(), line: 0, column: 0 },
                ),
                capabilities: capabilities.collect::<Result<CapabilitySet, String>>()?,
                sketch: Sketch { files: vec![entry.name.into()], marks, limit: entry.limit },
            })
        })
        .collect()
}

/// Writes such a file; the packages in order of purl, each with its smallest marks.
///
/// # Errors
/// None that can come about; postcard's signature has one.
pub fn write(packages: &[Subject<'_>]) -> Result<Vec<u8>, String> {
    let mut sorted: Vec<&Subject<'_>> = packages.iter().collect();
    sorted.sort_by(|a, b| a.package.purl.cmp(&b.package.purl));
    let entries: Vec<Entry> = sorted
        .into_iter()
        .map(|subject| {
            let marks = &subject.sketch.marks;
            let limit = marks.get(MARKS).map_or(subject.sketch.limit, |(mark, _)| *mark);
            let mut before = 0;
            let steps =
                marks.iter().take(MARKS).map(|(mark, _)| mark - std::mem::replace(&mut before, *mark));
            Entry {
                ecosystem: subject.package.ecosystem.to_string(),
                name: subject.package.name.clone(),
                version: subject.package.version.clone(),
                capabilities: subject.capabilities.iter().map(|kind| kind.as_str().to_owned()).collect(),
                limit,
                steps: steps.collect(),
            }
        })
        .collect();
    let mut out = postcard::to_stdvec(&FORM).map_err(|error| error.to_string())?;
    out.extend(postcard::to_stdvec(&entries).map_err(|error| error.to_string())?);
    Ok(out)
}
