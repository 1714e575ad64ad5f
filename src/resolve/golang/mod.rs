//! Go: `go.mod` with `go.sum`, and `go.work`.
//!
//! In: a module's `go.mod`. Out: its own package and one for each requirement, direct and
//! `// indirect`, after `replace`; the hash of `go.sum` as its pin. From Go 1.17 on, `go.mod` names
//! every module that builds of the main module load; before that it names some of them, which is a
//! gap. Go is not run. An edge from the main module stands for every requirement: which module
//! asks for an indirect one is in modules that are not fetched.
//!
//! What cannot be known here: modules that only the module graph holds and no build loads
//! (`go list -m all` may list more), and what several modules of one `go.work` agree on, which is
//! the highest version that one of them asks for: each module has its own versions here.

mod modfile;
mod sum;

use std::collections::BTreeMap;
use std::path::Path;

use self::modfile::{Line, Word};
use self::sum::Sums;
use super::text::Text;
use super::{Resolution, ResolveError, read_text};
use crate::discover::{Project, paths};
use crate::model::{
    Dependency, DependencyKind, Ecosystem, Finding, Gap, GapKind, Location, Package, Source, purl,
};

const HELP: &str = "correct it, or write it again with `go mod tidy`";

/// A module that takes another's place.
#[derive(Debug, Clone)]
struct Replacement {
    /// Only for this version.
    version: Option<String>,
    /// Module path, or a folder that starts with `./`, `../` or `/`.
    by: String,
    /// Version of the module; `None` for a folder.
    by_version: Option<String>,
    at: Location,
}

type Replacements = BTreeMap<String, Vec<Replacement>>;

fn expect<'l>(doc: &Text<'_>, line: &'l Line, at: usize, what: &str) -> Result<&'l Word, ResolveError> {
    line.words
        .get(at)
        .ok_or_else(|| doc.invalid(line.at.end, format!("`{}` lacks {what}", line.directive), HELP))
}

/// Nothing may follow the words that a directive takes.
fn ends(doc: &Text<'_>, line: &Line, after: usize) -> Result<(), ResolveError> {
    match line.words.get(after) {
        None => Ok(()),
        Some(more) => Err(doc.invalid(
            more.at.start,
            format!("unexpected `{}` in `{}`", crate::model::escape(&more.text), line.directive),
            HELP,
        )),
    }
}

fn version<'l>(doc: &Text<'_>, line: &'l Line, at: usize) -> Result<&'l str, ResolveError> {
    let word = expect(doc, line, at, "a version")?;
    let plain = word.text.strip_prefix('v').is_some_and(|rest| semver::Version::parse(rest).is_ok());
    if plain {
        return Ok(&word.text);
    }
    Err(doc.invalid(
        word.at.start,
        format!("`{}` is not a version as Go writes it (`v1.2.3`)", crate::model::escape(&word.text)),
        "run `go mod tidy`, which replaces branches and commits by versions",
    ))
}

fn replacements(doc: &Text<'_>, lines: &[Line]) -> Result<Replacements, ResolveError> {
    let mut out = Replacements::new();
    for line in lines.iter().filter(|line| line.directive == "replace") {
        let module = expect(doc, line, 0, "a module")?;
        let arrow = line.words.iter().position(|word| word.text == "=>");
        let own = match arrow {
            Some(1) => None,
            Some(2) => Some(version(doc, line, 1)?.to_owned()),
            _ => {
                return Err(doc.invalid(
                    line.at.start,
                    "`replace` is written `old [v1.2.3] => new [v1.2.3]`",
                    HELP,
                ));
            }
        };
        let after = arrow.unwrap_or(1) + 1;
        let by = expect(doc, line, after, "what replaces it")?;
        let folder = is_folder(&by.text);
        let by_version = if folder { None } else { Some(version(doc, line, after + 1)?.to_owned()) };
        ends(doc, line, after + if folder { 1 } else { 2 })?;
        out.entry(module.text.clone()).or_default().push(Replacement {
            version: own,
            by: by.text.clone(),
            by_version,
            at: doc.location(line.at.start),
        });
    }
    Ok(out)
}

fn is_folder(path: &str) -> bool {
    path.starts_with("./") || path.starts_with("../") || path.starts_with('/') || path == "." || path == ".."
}

/// One that names the version counts before one that does not.
fn replaced<'r>(by: &'r Replacements, module: &str, version: &str) -> Option<&'r Replacement> {
    let list = by.get(module)?;
    let exact = list.iter().find(|one| one.version.as_deref() == Some(version));
    exact.or_else(|| list.iter().find(|one| one.version.is_none()))
}

/// The `go.work` above a module that uses it: its replacements, and the hashes of `go.work.sum`.
fn workspace(root: &Path, dir: &str) -> Result<(Replacements, Sums), ResolveError> {
    for above in paths::ancestors(dir) {
        let file = paths::child(above, "go.work");
        if paths::lies(root, &file) != paths::Lies::Inside {
            continue;
        }
        let text = read_text(root, &file)?;
        let doc = Text::new(&file, &text);
        let lines = modfile::read(&doc, HELP)?;
        let used = lines.iter().filter(|line| line.directive == "use");
        let uses = used.filter_map(|line| paths::join(above, &line.words.first()?.text));
        if !uses.into_iter().any(|folder| folder == dir) {
            continue;
        }
        let replacements = replacements(&doc, &lines)?;
        return Ok((replacements, sums(root, &paths::child(above, "go.work.sum"))?.0));
    }
    Ok(Default::default())
}

/// The hashes of a file, and whether it is there.
fn sums(root: &Path, file: &str) -> Result<(Sums, bool), ResolveError> {
    if paths::lies(root, file) != paths::Lies::Inside {
        return Ok((Sums::new(), false));
    }
    let text = read_text(root, file)?;
    Ok((sum::read(&Text::new(file, &text))?, true))
}

/// Resolves one `go.mod`.
///
/// # Errors
/// Where it, its `go.sum` or a `go.work` that uses it cannot be read or is not what it should be.
pub fn resolve(root: &Path, project: &Project) -> Result<Resolution, ResolveError> {
    let text = read_text(root, &project.lockfile)?;
    let doc = Text::new(&project.lockfile, &text);
    let lines = modfile::read(&doc, HELP)?;
    let sum_file = paths::child(&project.dir, "go.sum");
    let (mut sums, has_sums) = sums(root, &sum_file)?;
    let (outer, more) = workspace(root, &project.dir)?;
    sums.extend(more);
    let mut replacements = replacements(&doc, &lines)?;
    // In a workspace its own replacements win.
    replacements.extend(outer);

    let main = lines.iter().find(|line| line.directive == "module");
    let Some(main) = main else {
        return Err(doc.invalid(
            0,
            "there is no `module` line",
            "this is not a `go.mod`; `go mod init` writes one",
        ));
    };
    let name = &expect(&doc, main, 0, "a path")?.text;
    ends(&doc, main, 1)?;
    let own = own_package(root, &project.dir, name, doc.location(main.at.start));
    let mut out = Resolution::default();
    let mut wanted: BTreeMap<String, (String, &Line)> = BTreeMap::new();
    for line in &lines {
        match line.directive.as_str() {
            "require" => {
                let module = expect(&doc, line, 0, "a module")?.text.clone();
                let version = version(&doc, line, 1)?.to_owned();
                ends(&doc, line, 2)?;
                // The highest of several counts, as in Go.
                match wanted.get(&module) {
                    Some((other, _)) if !newer(&version, other) => {}
                    _ => drop(wanted.insert(module, (version, line))),
                }
            }
            "exclude" => {
                expect(&doc, line, 0, "a module")?;
                version(&doc, line, 1)?;
                ends(&doc, line, 2)?;
            }
            "use" => return Err(doc.invalid(line.at.start, "`use` belongs into `go.work`", HELP)),
            "go" | "toolchain" => drop(expect(&doc, line, 0, "a version")?),
            _ => {}
        }
    }
    let excluded = |module: &str, version: &str| {
        lines.iter().any(|line| {
            let word = |at: usize| line.words.get(at).map(|word| word.text.as_str());
            line.directive == "exclude" && word(0) == Some(module) && word(1) == Some(version)
        })
    };
    let language = lines.iter().find(|line| line.directive == "go");
    if !wanted.is_empty() && !language.is_some_and(lists_indirect) {
        let spans = vec![doc.span(&language.unwrap_or(main).at)];
        let message = format!(
            "`{}` is of a Go before 1.17, so that it does not name every indirect requirement; run `go mod tidy -go=1.17` or later",
            project.lockfile
        );
        out.gaps.push((own.purl.clone(), Gap { spans, ..Gap::new(GapKind::NotCovered, message) }));
    }
    for (module, (version, line)) in &wanted {
        if excluded(module, version) {
            let message = format!("`{module}` {version} is required and excluded; Go takes a later version");
            let finding = Finding::new("lockfile/out-of-date", message, vec![doc.span(&line.at)]);
            out.findings.push((own.purl.clone(), finding));
        }
        let package = match replaced(&replacements, module, version) {
            Some(replacement) => replace(root, project, module, version, replacement, &mut out)?,
            None => registry(module, version, doc.location(line.at.start)),
        };
        let mut package = package;
        if package.source == (Source::Registry { registry: None, url: None }) {
            pin(&mut package, &sums, has_sums.then_some(sum_file.as_str()), &doc, line, &mut out);
        }
        out.dependencies.push(Dependency {
            from: own.purl.clone(),
            to: package.purl.clone(),
            kind: DependencyKind::Normal,
            requirement: version.clone(),
            platform: None,
            declared: doc.location(line.at.start),
        });
        out.packages.push(package);
    }
    out.packages.push(own);
    out.normalise();
    Ok(out)
}

fn newer(version: &str, than: &str) -> bool {
    let read = |text: &str| semver::Version::parse(text.trim_start_matches('v')).ok();
    read(version) > read(than)
}

/// Whether the `go` line is of 1.17 or later.
fn lists_indirect(line: &Line) -> bool {
    let Some(word) = line.words.first() else { return false };
    let mut numbers = word.text.split(['.', 'r', 'b']).map(|part| part.parse::<u32>().ok());
    match (numbers.next().flatten(), numbers.next().flatten()) {
        (Some(1), Some(minor)) => minor >= 17,
        (Some(major), _) => major > 1,
        _ => false,
    }
}

fn own_package(root: &Path, dir: &str, name: &str, declared: Location) -> Package {
    let path = if dir.is_empty() { "." } else { dir };
    Package {
        source: Source::Path { path: path.to_owned() },
        first_party: true,
        folder: Some(root.join(dir)),
        ..Package::registry(Ecosystem::Golang, name, "", declared)
    }
}

fn registry(module: &str, version: &str, declared: Location) -> Package {
    Package::registry(Ecosystem::Golang, module, version, declared)
}

/// What stands in for a module.
fn replace(
    root: &Path,
    project: &Project,
    module: &str,
    version: &str,
    by: &Replacement,
    out: &mut Resolution,
) -> Result<Package, ResolveError> {
    if let Some(by_version) = &by.by_version {
        return Ok(Package {
            patches: Some(purl(Ecosystem::Golang, module, version, &[])),
            ..registry(&by.by, by_version, by.at.clone())
        });
    }
    // Folders are from the file that names them, which is not this one in a workspace.
    let base = paths::parent(&by.at.file).to_owned();
    let Some(folder) = paths::join(&base, &by.by) else {
        let package = Package {
            source: Source::Path { path: by.by.clone() },
            patches: Some(purl(Ecosystem::Golang, module, version, &[])),
            ..registry(module, version, by.at.clone())
        };
        let span = crate::model::Span {
            line: by.at.line,
            column: by.at.column,
            ..crate::model::Span::file(by.at.file.clone())
        };
        let message = format!("`{module}` is replaced by `{}`, outside of the audited folder", by.by);
        out.findings.push((package.purl.clone(), Finding::new("lockfile/outside-root", message, vec![span])));
        return Ok(package);
    };
    // Its own `go.mod` says what it is called; where it is a project of its own the two are one.
    let file = paths::child(&folder, "go.mod");
    let mut name = module.to_owned();
    if folder != project.dir && paths::lies(root, &file) == paths::Lies::Inside {
        let text = read_text(root, &file)?;
        let doc = Text::new(&file, &text);
        let lines = modfile::read(&doc, HELP)?;
        let line = lines.iter().find(|line| line.directive == "module");
        if let Some(word) = line.and_then(|line| line.words.first()) {
            name = word.text.clone();
        }
    }
    let own = own_package(root, &folder, &name, by.at.clone());
    Ok(Package { patches: Some(purl(Ecosystem::Golang, module, version, &[])), ..own })
}

/// Gives a module the hash of `go.sum`, or says that there is none.
fn pin(
    package: &mut Package,
    sums: &Sums,
    sum_file: Option<&str>,
    doc: &Text<'_>,
    line: &Line,
    out: &mut Resolution,
) {
    let key = (package.name.clone(), package.version.clone());
    match sums.get(&key) {
        Some((hashes, _)) => package.pin = Some(hashes.join(" ")),
        None => {
            let message = match sum_file {
                Some(file) => format!("`{file}` has no hash of `{}` {}", package.name, package.version),
                None => format!("there is no `go.sum`, so that nothing pins `{}`", package.name),
            };
            let finding = Finding::new("lockfile/missing-integrity", message, vec![doc.span(&line.at)]);
            out.findings.push((package.purl.clone(), finding));
        }
    }
}

/// Reads a `go.work`: what it uses must be there. The modules themselves are projects of their
/// own, which take its replacements and hashes.
///
/// # Errors
/// Where it cannot be read or is not one.
pub fn resolve_work(root: &Path, project: &Project) -> Result<Resolution, ResolveError> {
    let text = read_text(root, &project.lockfile)?;
    let doc = Text::new(&project.lockfile, &text);
    let lines = modfile::read(&doc, "correct it, or write it again with `go work init`")?;
    replacements(&doc, &lines)?;
    let mut out = Resolution::default();
    let (mut first, mut missing) = (None, Vec::new());
    for line in lines.iter().filter(|line| line.directive == "use") {
        let folder = expect(&doc, line, 0, "a folder")?;
        ends(&doc, line, 1)?;
        let file = paths::join(&project.dir, &folder.text).map(|dir| paths::child(&dir, "go.mod"));
        match file.filter(|file| paths::lies(root, file) == paths::Lies::Inside) {
            Some(file) if first.is_none() => {
                let text = read_text(root, &file)?;
                let lines = modfile::read(&Text::new(&file, &text), HELP)?;
                let line = lines.into_iter().find(|line| line.directive == "module");
                first = line.and_then(|line| line.words.into_iter().next()).map(|word| word.text);
            }
            Some(_) => {}
            None => missing.push(Gap {
                spans: vec![doc.span(&folder.at)],
                ..Gap::new(
                    GapKind::NotCovered,
                    format!("`{}` is used and holds no `go.mod` in the audited folder", folder.text),
                )
            }),
        }
    }
    match first {
        Some(module) => {
            let own = purl(Ecosystem::Golang, &module, "", &[]);
            out.gaps.extend(missing.into_iter().map(|gap| (own.clone(), gap)));
        }
        None if missing.is_empty() => {}
        None => {
            return Err(doc.invalid(
                0,
                "none of the modules that it uses lies in the audited folder",
                "audit the folder that holds them, or exclude this file in `bomvet.toml`",
            ));
        }
    }
    Ok(out)
}
