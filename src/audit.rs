//! The only place that knows the order of the stages.

pub mod change;
pub mod target;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::sync_channel;

use rayon::prelude::*;

use crate::acquire::{self, Acquired, Acquirer, Refusal};
use crate::check;
use crate::check::advisory::{self, Advisories, AdvisoryError};
use crate::compare::lock::Lock;
use crate::compare::{self, git::GitError};
use crate::discover::{self, DiscoverError};
use crate::graph::Graph;
use crate::model::{
    AgentKind, Analysis, Audit, CapabilitySet, Contents, ContentsInfo, Decision, Digest, Finding, Gap,
    GapKind, Hit, Node, Package, Place, Provenance, Risk, Source, Verdict,
};
use crate::policy::{Evidence, Policy};
use crate::resolve::{self, ResolveError};
use crate::review;
use crate::rules::RuleSet;
use crate::store::Store;

/// What to audit and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// Folder or lockfile.
    pub path: PathBuf,
    /// The packages themselves, where nothing is to be discovered.
    pub given: Option<resolve::Resolution>,
    /// What it is called, where its folder is not its own.
    pub name: Option<String>,
    /// What is odd about the target's form; the root package's.
    pub remarks: acquire::Remarks,
    /// How much of the path is the subject.
    pub scope: Scope,
    /// What was vetted before: what differs is denied.
    pub locked: Option<Lock>,
    /// The effective policy.
    pub policy: Policy,
    /// Threads for parsing, 0 for one per core.
    pub jobs: usize,
    /// Seconds since the epoch.
    pub now: i64,
    /// Where contents come from.
    pub acquire: acquire::Options,
    /// How lockfiles are resolved.
    pub resolve: resolve::Options,
    /// Advisory databases.
    pub advisories: advisory::Options,
    /// bomvet's own store.
    pub store: Store,
}

/// How much of a path is the subject of an audit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// What lockfiles and agent files name, and the packages that they belong to.
    #[default]
    Named,
    /// Everything in the folder, with or without such a file, and what it would bring in.
    Whole,
    /// Everything in the folder, and nothing else.
    Alone,
}

/// Why an audit could not be done. Exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// Nothing to audit.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// A lockfile is not one.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// A database is not one.
    #[error(transparent)]
    Advisory(#[from] AdvisoryError),
    /// The base cannot be read.
    #[error(transparent)]
    Base(#[from] GitError),
    /// The system refused threads.
    #[error("cannot start threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// Told how far the audit is.
pub trait Progress: Sync {
    /// `done` of `total` units of `stage`.
    fn step(&self, stage: &str, done: usize, total: usize);
}

/// Tells nobody.
#[derive(Debug)]
pub struct Quiet;

impl Progress for Quiet {
    fn step(&self, _stage: &str, _done: usize, _total: usize) {}
}

/// Stack of each parsing thread, in bytes. Parsers recurse; what their depth limits let through
/// must fit. Only touched pages cost memory.
const STACK: usize = 256 << 20;

/// Archives that may wait for a parsing thread.
const WAITING: usize = 8;

/// What came of one package's contents.
#[derive(Debug, Default)]
struct Outcome {
    contents: Option<ContentsInfo>,
    analysis: Option<Analysis>,
    findings: Vec<Finding>,
    gaps: Vec<Gap>,
    /// The files, of the project's own packages and where they are compared with a revision.
    own: Option<Contents>,
}

/// Runs the whole audit; `base` is what to compare with.
///
/// # Errors
/// Where the input is not one that can be audited; what is wrong with a single package is a
/// finding or a gap of that package.
pub fn run(options: &Options, base: change::Base, progress: &dyn Progress) -> Result<Audit, AuditError> {
    let rules = RuleSet::builtin();
    let (found, mut resolution) = resolved(options)?;
    let base = change::load(base, &options.policy.exclude, &options.resolve)?;
    // What is wrong with the layout is the root package's.
    let own = resolution.packages.iter().filter(|package| package.first_party);
    let root = own
        .clone()
        .find(|package| is_root(package))
        .or_else(|| own.clone().next())
        .or(resolution.packages.first())
        .map(|package| package.purl.clone());
    if let Some(root) = root {
        resolution.findings.extend(found.findings.iter().map(|finding| (root.clone(), finding.clone())));
        resolution.gaps.extend(found.gaps.iter().map(|gap| (root.clone(), gap.clone())));
        let remarks = &options.remarks;
        resolution.findings.extend(remarks.findings.iter().map(|finding| (root.clone(), finding.clone())));
        resolution.gaps.extend(remarks.gaps.iter().map(|gap| (root.clone(), gap.clone())));
    }
    let (graph, dangling) =
        Graph::build(std::mem::take(&mut resolution.packages), std::mem::take(&mut resolution.dependencies));
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.jobs)
        .stack_size(STACK)
        .thread_name(|n| format!("check-{n}"))
        .build()?;
    let acquire = acquire::Options {
        root: found.root.clone(),
        exclude: options.policy.exclude.clone(),
        ..options.acquire.clone()
    };
    let acquirer = Acquirer::new(acquire, options.store.clone()).knowing(&graph.packages);
    let keep_own = base.as_ref().is_some_and(change::Loaded::has_files);
    let (advisories, mut outcomes) = std::thread::scope(|scope| {
        let advisories = scope.spawn(|| Advisories::load(&options.advisories, &graph.packages));
        let checks = Checks { acquirer: &acquirer, options, rules: &rules, keep_own };
        let outcomes = pool.install(|| checks.all(&graph.packages, progress));
        (advisories.join().expect("the advisory loader does not panic"), outcomes)
    });
    let advisories = advisories?;
    let mut hits = by_purl(advisories.hits(&graph.packages).into_iter().map(|hit| (hit.purl.clone(), hit)));
    let resolved = resolution.findings.into_iter().map(|(purl, finding)| (purl, rules.complete(finding)));
    let mut named = by_purl(
        resolved
            .chain(advisories.database_findings(&graph.packages))
            .chain(check::identity::findings(&graph.packages)),
    );
    let mut unresolved = by_purl(resolution.gaps);

    let (deltas, removed) = match &base {
        None => (vec![change::Delta::default(); graph.packages.len()], Vec::new()),
        Some(base) => {
            let own: Vec<_> = outcomes.iter_mut().map(|outcome| outcome.own.take()).collect();
            let analyses: Vec<_> = outcomes.iter().map(|outcome| outcome.analysis.as_ref()).collect();
            let check = |packages: &[Package]| {
                let checks = Checks { acquirer: &acquirer, options, rules: &rules, keep_own: false };
                let outcomes = pool.install(|| checks.all(packages, &Quiet));
                outcomes.into_iter().map(|outcome| outcome.analysis).collect()
            };
            // Parsers need the pool's large stacks.
            let analyse = |package: &Package, contents: &Contents| {
                pool.install(|| check::analyse(package, contents, &rules))
            };
            change::deltas(base, &graph.packages, &analyses, &own, &rules, check, analyse)?
        }
    };
    let project = project_name(&graph.packages, options.name.as_deref(), &found.root);
    if let (Some(lock), Some(root)) = (&options.locked, graph.packages.iter().find(|p| is_root(p))) {
        let gone = lock.gone(&project, root, &graph.packages);
        named.entry(root.purl.clone()).or_default().extend(gone.into_iter().map(|f| rules.complete(f)));
    }
    let own: Vec<_> = outcomes
        .iter()
        .map(|outcome| outcome.analysis.as_ref().map(Analysis::capability_set).unwrap_or_default())
        .collect();
    let reached = graph.reached(&own);
    let mut nodes = Vec::with_capacity(graph.packages.len());
    let mut used = BTreeSet::new();
    for (at, (mut outcome, delta)) in outcomes.into_iter().zip(deltas).enumerate() {
        let package = graph.packages[at].clone();
        if let Some(lock) = &options.locked {
            let digest = compare::lock::digest(outcome.contents.as_ref(), outcome.analysis.as_ref());
            let differs = lock.differs(&project, &package, digest.as_deref());
            outcome.findings.extend(differs.map(|finding| rules.complete(finding)));
        }
        let known = Known {
            place: graph.places[at].clone(),
            reached: reached[at],
            hits: hits.remove(&package.purl).unwrap_or_default(),
            findings: named.remove(&package.purl).unwrap_or_default(),
            gaps: unresolved.remove(&package.purl).unwrap_or_default(),
            covered: advisories.covers(package.ecosystem),
        };
        nodes.push(node(package, known, outcome, delta, options, &mut used));
    }
    let mut notes = resolution.notes;
    notes.extend(acquirer.notes());
    notes.extend(dangling.iter().map(|d| {
        format!(
            "{}:{}: `{}` asks for `{}`, which is not in the lockfile",
            d.declared.file, d.declared.line, d.from, d.to
        )
    }));
    notes.sort();
    Ok(Audit {
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        time: options.now,
        project,
        profile: options.policy.profile.name.clone(),
        policy_digest: options.policy.digest(),
        rules_digest: rules.digest(),
        databases: advisories.databases.clone(),
        notes,
        inputs: inputs(&found),
        base: base.map(|base| base.label),
        nodes,
        removed,
        dependencies: graph.dependencies,
        unused_policy: options
            .policy
            .exceptions()
            .into_iter()
            .enumerate()
            .filter(|(at, _)| !used.contains(at))
            .map(|(_, (what, exception))| format!("line {}: {what}", exception.line))
            .collect(),
    })
}

/// Whether a package is the audited folder itself.
fn is_root(package: &Package) -> bool {
    package.first_party && matches!(&package.source, Source::Path { path } if path == ".")
}

/// The root package's name, else that of any of the project's own, else the folder's. A workspace
/// has no name of its own.
fn project_name(packages: &[Package], given: Option<&str>, root: &Path) -> String {
    let named = |package: &&Package| package.agent != Some(AgentKind::Workspace);
    packages
        .iter()
        .filter(named)
        .find(|package| is_root(package))
        .or_else(|| packages.iter().filter(named).find(|package| package.first_party))
        .or(packages.first().filter(|package| packages.len() == 1 && named(package)))
        .map(|package| package.name.clone())
        .or_else(|| given.map(str::to_owned))
        .or_else(|| root.file_name().map(|name| name.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "project".to_owned())
}

/// Finds and resolves; or takes the packages that are given.
fn resolved(options: &Options) -> Result<(discover::Discovered, resolve::Resolution), AuditError> {
    let whole = options.scope != Scope::Named;
    let Some(given) = &options.given else {
        let exclude = &options.policy.exclude;
        let found = if whole {
            discover::tree(&options.path, exclude)
        } else {
            discover::discover(&options.path, exclude)
        };
        let mut found = found?;
        let resolve = resolve::Options { whole, ..options.resolve.clone() };
        let mut resolution = resolve::resolve(&found, &resolve)?;
        if options.scope == Scope::Alone {
            resolution.keep_own();
            // Judged alone, what it asks for is somebody else's question.
            found.gaps.retain(|gap| gap.kind != GapKind::NotCovered);
            found.findings.retain(|finding| finding.rule != discover::NO_LOCKFILE);
        }
        return Ok((found, resolution));
    };
    let found = discover::Discovered {
        root: options.path.clone(),
        projects: Vec::new(),
        findings: Vec::new(),
        gaps: Vec::new(),
    };
    Ok((found, given.clone()))
}

/// What stages other than the check say of one package.
struct Known {
    place: Place,
    reached: CapabilitySet,
    hits: Vec<Hit>,
    findings: Vec<Finding>,
    gaps: Vec<Gap>,
    /// Whether an advisory database is about its ecosystem.
    covered: bool,
}

/// Brings together what is known of one package, and decides. `used` gains the exceptions of the
/// policy that were needed.
fn node(
    package: Package,
    known: Known,
    outcome: Outcome,
    delta: change::Delta,
    options: &Options,
    used: &mut BTreeSet<usize>,
) -> Node {
    let Outcome { contents, analysis, mut findings, mut gaps, .. } = outcome;
    findings.extend(known.findings);
    findings.extend(delta.findings);
    findings.extend(analysis.iter().flat_map(|analysis| analysis.findings.iter().cloned()));
    findings.sort();
    findings.dedup();
    gaps.extend(known.gaps);
    gaps.extend(analysis.iter().flat_map(|analysis| analysis.gaps.iter().cloned()));
    if !known.covered && !package.first_party && package.ecosystem.has_advisories() {
        gaps.push(Gap::new(
            GapKind::NoAdvisories,
            format!(
                "no advisory database covers {}; run `bomvet db update` or give `--db`",
                package.ecosystem.osv()
            ),
        ));
    }
    gaps.sort();
    gaps.dedup();
    let verified = contents.as_ref().map(|info| match &info.verified_against {
        Some(digest) => {
            format!("contents have the digest of the lockfile ({})", digest.split(':').next().unwrap_or(""))
        }
        None => format!("contents: {}", info.from),
    });
    let decided = options.policy.decide(&Evidence {
        package: &package,
        analysis: analysis.as_ref(),
        verified: verified.as_deref(),
        findings: &findings,
        hits: &known.hits,
        gaps: &gaps,
        gained: delta.gained,
        now: options.now,
    });
    used.extend(decided.used);
    let verdict: Verdict = decided.verdict;
    findings.extend(known.hits.iter().map(|hit| hit.finding.clone()));
    findings.sort();
    findings.dedup();
    let denied = verdict.decision == Decision::Deny;
    let risk: Risk = review::rate(analysis.as_ref(), &findings, &gaps, &known.place, denied);
    Node {
        package,
        place: known.place,
        contents,
        analysis,
        reached: known.reached,
        hits: known.hits,
        findings,
        gaps,
        risk,
        change: delta.change,
        gained: delta.gained,
        verdict,
    }
}

/// Groups by purl, so that each package takes what is its own without a look at all the others'.
fn by_purl<T>(items: impl IntoIterator<Item = (String, T)>) -> BTreeMap<String, Vec<T>> {
    let mut groups = BTreeMap::<String, Vec<T>>::new();
    for (purl, item) in items {
        groups.entry(purl).or_default().push(item);
    }
    groups
}

/// What checking a package needs, the same for all.
#[derive(Clone, Copy)]
struct Checks<'a> {
    acquirer: &'a Acquirer,
    options: &'a Options,
    rules: &'a RuleSet,
    /// Whether the files of the project's own packages are kept.
    keep_own: bool,
}

impl Checks<'_> {
    /// Acquires and checks every package; results stand in the order of `packages`.
    ///
    /// Acquiring waits for disk and network, checking for the processor: the first runs on threads of
    /// its own and hands archives over a short queue, so that neither waits for the other and only a
    /// few archives are in memory.
    fn all(&self, packages: &[Package], progress: &dyn Progress) -> Vec<Outcome> {
        let next = Mutex::new(packages.iter().enumerate());
        let done = std::sync::atomic::AtomicUsize::new(0);
        let (send, receive) = sync_channel(WAITING);
        let mut outcomes: Vec<(usize, Outcome)> = std::thread::scope(|scope| {
            for _ in 0..self.options.acquire.connections.max(1) {
                let (send, next) = (send.clone(), &next);
                scope.spawn(move || {
                    loop {
                        let Some((at, package)) = next.lock().ok().and_then(|mut next| next.next()) else {
                            return;
                        };
                        if send.send((at, package, self.acquirer.acquire(package))).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(send);
            receive
                .into_iter()
                .par_bridge()
                .map(|(at, package, acquired)| {
                    let outcome = match acquired {
                        Ok(acquired) => self.one(package, &acquired),
                        Err(refusal) => refused(*refusal, self.rules),
                    };
                    let done = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
                    progress.step("check", done, packages.len());
                    (at, outcome)
                })
                .collect()
        });
        outcomes.sort_by_key(|(at, _)| *at);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    fn one(&self, package: &Package, acquired: &Acquired) -> Outcome {
        let Self { acquirer, options, rules, .. } = *self;
        let (provenance, sha256, size) = match acquired {
            Acquired::Archive { bytes, sha256, provenance, .. } => {
                (provenance, Some(sha256.hex()), bytes.len() as u64)
            }
            Acquired::Folder { contents, .. } => (&contents.provenance, None, 0),
        };
        let (verified_against, from) = match provenance {
            Provenance::Verified { against, from } => (Some(against.to_string()), (*from).to_owned()),
            Provenance::FirstParty => (None, "first-party".to_owned()),
            Provenance::Unverified(_) => (None, "unverified".to_owned()),
        };
        let mut outcome = Outcome {
            contents: Some(ContentsInfo {
                archive_sha256: sha256,
                archive_size: size,
                verified_against,
                from,
            }),
            ..Outcome::default()
        };
        if let Provenance::Unverified(why) = provenance {
            outcome.gaps.push(Gap::new(GapKind::Unverified, why.clone()));
        }
        let remarks = acquired.remarks();
        outcome.findings.extend(remarks.findings.iter().cloned().map(|finding| rules.complete(finding)));
        outcome.gaps.extend(remarks.gaps.iter().cloned());
        if let (Acquired::Folder { contents, .. }, true) = (acquired, self.keep_own && package.first_party) {
            outcome.own = Some(contents.clone());
        }
        let key = check::cache_key(package, &acquired.subject(), rules);
        let mut damaged = |message: String| {
            outcome.findings.push(rules.complete(Finding::new("store/damaged", message, Vec::new())));
        };
        match options.store.get("facts", &key) {
            Ok(Some(bytes)) => match postcard::from_bytes::<(String, Analysis, Vec<Finding>)>(&bytes) {
                // An entry knows its own key, so that one cannot lie in another's place.
                Ok((own, ..)) if own != key => damaged(format!(
                    "store entry `facts/{key}` is damaged: it is that of {own}; it is made again"
                )),
                Ok((_, analysis, findings)) => {
                    outcome.analysis = Some(analysis);
                    outcome.findings.extend(findings);
                    return outcome;
                }
                // Written by another build in development; releases have keys of their own.
                Err(_) => {}
            },
            Ok(None) => {}
            Err(why) => damaged(why.to_string()),
        }
        match acquirer.unpack(package, acquired) {
            Ok((contents, findings)) => {
                let findings: Vec<_> = findings.into_iter().map(|finding| rules.complete(finding)).collect();
                let analysis = check::analyse(package, &contents, rules);
                if let Ok(bytes) = postcard::to_stdvec(&(&key, &analysis, &findings)) {
                    // A cache entry that cannot be written costs time on the next run, nothing else.
                    let _ = options.store.put("facts", &key, &bytes);
                }
                outcome.findings.extend(findings);
                outcome.analysis = Some(analysis);
            }
            Err(refusal) => {
                let refused = refused(*refusal, rules);
                outcome.gaps.extend(refused.gaps);
                outcome.findings.extend(refused.findings);
            }
        }
        outcome
    }
}

fn refused(refusal: Refusal, rules: &RuleSet) -> Outcome {
    let findings = refusal.findings.into_iter().map(|finding| rules.complete(finding)).collect();
    Outcome { gaps: vec![refusal.gap], findings, ..Outcome::default() }
}

/// Digests of the lockfiles and manifests that were read, sorted. A pipe, or what is larger than
/// what is read, was not.
fn inputs(found: &discover::Discovered) -> Vec<(String, String)> {
    let bytes = |file: &String| {
        let path = found.root.join(file);
        let meta = std::fs::metadata(&path).ok()?;
        if meta.is_file() && meta.len() <= resolve::MAX_LOCKFILE { std::fs::read(path).ok() } else { None }
    };
    let mut inputs: Vec<(String, String)> = found
        .projects
        .iter()
        .flat_map(|project| std::iter::once(&project.lockfile).chain(&project.manifest))
        .filter_map(|file| Some((file.clone(), Digest::sha256(&bytes(file)?).hex())))
        .collect();
    inputs.sort();
    inputs.dedup();
    inputs
}
