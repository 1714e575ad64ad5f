//! The comparison with a base: what changed, and what a new version can that the old one could not.

use crate::compare::git::{GitError, Revision};
use crate::compare::{self, BasePackage, Comparison};
use crate::model::{
    Analysis, CapabilityKind, CapabilitySet, Change, Contents, Finding, Package, Source, Span,
};
use crate::resolve::Options as ResolveOptions;
use crate::rules::RuleSet;
use crate::{discover, resolve};

use super::AuditError;

/// What to compare with. A repository stays on the thread that opened it, so that this is no part
/// of the audit's options.
#[derive(Debug, Default)]
pub enum Base {
    /// Nothing.
    #[default]
    None,
    /// A git revision below the audited folder, opened by the caller.
    Revision(Box<Revision>),
    /// An earlier BoM, verified by the caller: how it is called in outputs, and its packages.
    Bom(String, Vec<BasePackage>),
}

/// The base, read.
#[derive(Debug)]
pub struct Loaded {
    /// How it is called in outputs.
    pub label: String,
    /// Its packages, sorted.
    pub packages: Vec<BasePackage>,
    /// The same as resolved, where the base is a revision: contents can be had for these.
    resolved: Vec<Package>,
    revision: Option<Revision>,
}

impl Loaded {
    /// Whether the project's own files are compared, for which their contents are needed.
    pub fn has_files(&self) -> bool {
        self.revision.is_some()
    }

    /// The revision, where the base is one.
    pub fn revision(&self) -> Option<&Revision> {
        self.revision.as_ref()
    }
}

/// Reads the base; `None` without one.
pub fn load(base: Base, exclude: &[String], options: &ResolveOptions) -> Result<Option<Loaded>, AuditError> {
    match base {
        Base::None => Ok(None),
        Base::Bom(label, packages) => {
            Ok(Some(Loaded { label, packages, resolved: Vec::new(), revision: None }))
        }
        Base::Revision(revision) => {
            let folder = tempfile::tempdir().map_err(GitError::Write)?;
            revision.write_manifests(folder.path())?;
            // cargo is not asked: it would need the sources, and kinds do not matter here.
            let options = ResolveOptions { lockfile_only: true, offline: true, ..options.clone() };
            let resolved = match discover::discover(folder.path(), exclude) {
                Ok(found) => resolve::resolve(&found, &options)?.packages,
                // A project that is new in this change has no lockfile at the base.
                Err(discover::DiscoverError::NoLockfile { .. }) => Vec::new(),
                Err(error) => return Err(error.into()),
            };
            let mut packages: Vec<_> = resolved.iter().map(BasePackage::of).collect();
            packages.sort();
            Ok(Some(Loaded {
                label: format!("{} ({})", revision.revision, &revision.id[..revision.id.len().min(12)]),
                packages,
                resolved,
                revision: Some(*revision),
            }))
        }
    }
}

/// What is known of one package's change.
#[derive(Debug, Clone, Default)]
pub struct Delta {
    /// The change; `None` without a base.
    pub change: Option<Change>,
    /// Capabilities gained.
    pub gained: CapabilitySet,
    /// Findings about the change.
    pub findings: Vec<Finding>,
    /// The version at the base whose contents were checked, with the digest of its canonical file
    /// list ([`Analysis::contents`]); not for the project's own packages.
    pub before: Option<(Package, String)>,
}

/// Compares; one [`Delta`] for each package, and the purls that are gone.
///
/// `own` has the contents of the project's own packages, as they were checked. `check` acquires and
/// analyses the base's versions of changed packages, in the order asked; `analyse` does so with the
/// contents of the project's own packages at the base.
pub fn deltas(
    base: &Loaded,
    packages: &[Package],
    analyses: &[Option<&Analysis>],
    own: &[Option<Contents>],
    rules: &RuleSet,
    check: impl FnOnce(&[Package]) -> Vec<Option<Analysis>>,
    analyse: impl Fn(&Package, &Contents) -> Analysis,
) -> Result<(Vec<Delta>, Vec<String>), AuditError> {
    let Comparison { changes, removed } = compare::compare(&base.packages, packages);
    // The base's versions whose contents have to be checked: changed ones from a registry.
    let wanted: Vec<(usize, Package)> = changes
        .iter()
        .enumerate()
        .filter(|(_, (change, _))| *change != Change::Unchanged)
        .filter_map(|(at, (_, old))| {
            let old = &base.packages[(*old)?];
            let package = base.resolved.iter().find(|package| package.purl == old.purl)?;
            (!package.first_party).then(|| (at, package.clone()))
        })
        .collect();
    let subjects: Vec<Package> = wanted.iter().map(|(_, package)| package.clone()).collect();
    let mut old_analyses: Vec<Option<Analysis>> = vec![None; packages.len()];
    let mut before: Vec<Option<(Package, String)>> = vec![None; packages.len()];
    for ((at, package), analysis) in wanted.into_iter().zip(check(&subjects)) {
        before[at] = analysis.as_ref().map(|analysis| (package, analysis.contents.clone()));
        old_analyses[at] = analysis;
    }
    let mut out = Vec::with_capacity(packages.len());
    for (at, package) in packages.iter().enumerate() {
        let (mut change, old) = changes[at].clone();
        let old = old.map(|old| &base.packages[old]);
        if let (Some(revision), Source::Path { path }, true) =
            (&base.revision, &package.source, package.first_party)
        {
            let (edited, analysis) = own_code(revision, path, package, packages, own[at].as_ref(), &analyse)?;
            if change == Change::Unchanged && !edited.is_empty() {
                change = Change::Edited { files: edited };
            }
            old_analyses[at] = analysis;
        }
        let mut delta = Delta { change: Some(change), before: before[at].take(), ..Delta::default() };
        if let (Some(now), Some(old)) = (analyses[at], old) {
            gains(now, old, old_analyses[at].as_ref(), package, &mut delta, rules);
        }
        out.push(delta);
    }
    Ok((out, removed))
}

/// The project's own package at the base: which files differ, and what its code could then.
fn own_code(
    revision: &Revision,
    folder: &str,
    package: &Package,
    packages: &[Package],
    now: Option<&Contents>,
    analyse: impl Fn(&Package, &Contents) -> Analysis,
) -> Result<(Vec<String>, Option<Analysis>), AuditError> {
    let Some(now) = now else { return Ok((Vec::new(), None)) };
    // Folders of the project's other packages are judged with those.
    let inside = |other: &Package| match &other.source {
        Source::Path { path } if other.purl != package.purl => match folder {
            "." => (path != ".").then(|| format!("{path}/")),
            _ => path.strip_prefix(&format!("{folder}/")).map(|inner| format!("{inner}/")),
        },
        _ => None,
    };
    let others: Vec<String> = packages.iter().filter_map(inside).collect();
    let then = revision.contents(folder, |path| {
        now.get(path).is_some()
            || (!path.split('/').any(|part| matches!(part, "node_modules" | "target" | ".git"))
                && !others.iter().any(|other| path.starts_with(other.as_str())))
    })?;
    let edited = revision.edited(folder, now, &then);
    let analysis = (!then.files.is_empty()).then(|| analyse(package, &then));
    Ok((edited, analysis))
}

/// What `now` can that the base's version could not.
fn gains(
    now: &Analysis,
    old: &BasePackage,
    old_analysis: Option<&Analysis>,
    package: &Package,
    delta: &mut Delta,
    rules: &RuleSet,
) {
    let before = old_analysis.map(Analysis::capability_set).or(old.capabilities);
    if let Some(before) = before {
        delta.gained = now.capability_set().minus(before);
        for capability in now.capabilities.iter().filter(|c| delta.gained.contains(c.kind)) {
            let spans: Vec<Span> = capability.spans.iter().take(3).map(|(_, span)| span.clone()).collect();
            let message = format!(
                "{} gains `{}`, which {} does not have",
                package.version, capability.kind, old.version
            );
            delta.findings.push(rules.complete(Finding::new("identity/gained-capability", message, spans)));
        }
    }
    let scripts = old_analysis.map(|analysis| &analysis.install_scripts).or(old.install_scripts.as_ref());
    if let Some(scripts) = scripts {
        for script in now.install_scripts.iter().filter(|script| !scripts.contains(script)) {
            let changed = scripts.iter().any(|old| old.split('=').next() == script.split('=').next());
            let (rule, verb) = if changed {
                ("identity/changed-install-script", "changes")
            } else {
                ("identity/gained-install-script", "gains")
            };
            let message =
                format!("{} {verb} code that runs while it is installed: {script}", package.version);
            delta.findings.push(rules.complete(Finding::new(rule, message, vec![script_place(now, script)])));
        }
    }
}

/// Where the manifest starts an install-time script: the place that gives `install-time`.
fn script_place(now: &Analysis, script: &str) -> Span {
    let name = script.split(':').next().unwrap_or(script);
    let places = now.capabilities.iter().filter(|capability| capability.kind == CapabilityKind::InstallTime);
    places
        .flat_map(|capability| &capability.spans)
        .find(|(place, _)| place == script || place.strip_prefix("scripts.").unwrap_or(place) == name)
        .map(|(_, span)| span.clone())
        .unwrap_or_else(|| Span::file(if script.ends_with(".rs") { script } else { "package.json" }))
}
