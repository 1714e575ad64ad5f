//! The only place that knows the order of the stages.

mod bring;
pub mod change;
mod known;
pub mod reviews;
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
    AgentKind, Analysis, Audit, CapabilitySet, Contents, ContentsInfo, Decision, Digest, Ecosystem, Finding,
    Gap, GapKind, HashAlgorithm, Hit, Node, Origin, Package, Place, Provenance, Risk, Source, Standing,
    Verdict,
};
use crate::origin;
use crate::policy::{Evidence, Policy};
use crate::resolve::newest::{self, Wanted};
use crate::resolve::{self, ResolveError};
use crate::review::{self, weigh::Weighed};
use crate::rules::RuleSet;
use crate::store::Store;
use crate::vet;

/// What to audit and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// Folder or lockfile.
    pub path: PathBuf,
    /// The packages themselves, where nothing is to be discovered.
    pub given: Option<resolve::Resolution>,
    /// Packages to resolve as their package manager would, and when: seconds since the epoch.
    pub wanted: Vec<Wanted>,
    /// What the given package asks for, to be resolved likewise.
    pub asks: Option<newest::Known>,
    /// As of which time those are resolved, and what agents' texts name without a lockfile.
    pub as_of: i64,
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
    /// Of which packages registries are asked what they say of them.
    pub origin: origin::Ask,
    /// Who reviews what is open, and what is known of earlier reviews.
    pub reviewing: reviews::Reviewing,
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
    /// The audits of cargo-vet are not such.
    #[error(transparent)]
    Vet(#[from] Box<vet::VetError>),
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
    /// The archives that were looked at, each whole.
    archives: Vec<origin::Archive>,
}

/// Runs the whole audit; `base` is what to compare with.
///
/// # Errors
/// Where the input is not one that can be audited; what is wrong with a single package is a
/// finding or a gap of that package.
pub fn run(options: &Options, base: change::Base, progress: &dyn Progress) -> Result<Audit, AuditError> {
    let rules = RuleSet::builtin();
    let metadata = origin::Metadata::new(options.acquire.clone(), options.store.clone(), options.now);
    let (found, mut resolution) = resolved(options)?;
    if !options.wanted.is_empty() {
        resolution.merge(bring::wanted(&options.wanted, &metadata, options.as_of, options.scope));
        resolution.normalise();
    }
    if let (Some(asks), true) = (&options.asks, options.scope != Scope::Alone) {
        bring::brought(&mut resolution, asks, &metadata, options);
    }
    if !options.acquire.offline && options.scope != Scope::Alone {
        bring::named(&mut resolution, &metadata, options.as_of);
    }
    let base = change::load(base, &options.policy.exclude, &options.resolve)?;
    // What is wrong with the layout is the root package's.
    let own = resolution.packages.iter().filter(|package| package.first_party);
    let root = own
        .clone()
        .find(|package| is_root(package))
        .or_else(|| own.clone().find(|package| !is_automation(package)))
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
    let absent = bring::absent(&graph.packages, &resolution.gaps);
    let absent = &absent;
    let keep_own = base.as_ref().is_some_and(change::Loaded::has_files);
    let (asked, passed_over) = asked(&graph.packages, base.as_ref(), options, &metadata);
    let (advisories, known, mut outcomes) = std::thread::scope(|scope| {
        let advisories = scope.spawn(|| {
            // Records of well-known packages are for their copies.
            let known = check::kin::builtin().iter().map(|known| known.package.clone());
            let packages: Vec<Package> = graph.packages.iter().cloned().chain(known).collect();
            Advisories::load(&options.advisories, &packages)
        });
        let known = scope.spawn(|| {
            let packages: Vec<_> = asked.iter().map(|at| &graph.packages[*at]).collect();
            metadata.all(&packages)
        });
        let checks = Checks { acquirer: &acquirer, options, rules: &rules, keep_own, absent };
        let outcomes = pool.install(|| checks.all(&graph.packages, progress));
        let advisories = advisories.join().expect("the advisory loader does not panic");
        // What is not known is not claimed, whatever the reason.
        let known = known.join().unwrap_or_default();
        (advisories, known, outcomes)
    });
    let advisories = advisories?;
    let mut known: BTreeMap<usize, origin::Known> = asked.into_iter().zip(known).collect();
    attested(&mut known, &metadata, &outcomes, &graph.packages);
    let mut notes = origin_notes(&mut known, passed_over, &outcomes, &graph.packages);
    let mut hits = by_purl(advisories.hits(&graph.packages).into_iter().map(|hit| (hit.purl.clone(), hit)));
    let resolved = resolution.findings.into_iter().map(|(purl, finding)| (purl, rules.complete(finding)));
    let mut named = by_purl(
        resolved
            .chain(advisories.database_findings(&graph.packages))
            .chain(check::identity::findings(&graph.packages)),
    );
    for (at, finding) in copies(&graph.packages, &outcomes, &advisories) {
        named.entry(graph.packages[at].purl.clone()).or_default().push(rules.complete(finding));
    }
    for (at, finding) in crossings(&graph, &mut outcomes, &rules) {
        named.entry(graph.packages[at].purl.clone()).or_default().push(finding);
    }
    let mut unresolved = by_purl(resolution.gaps);

    let (deltas, removed) = match &base {
        None => (vec![change::Delta::default(); graph.packages.len()], Vec::new()),
        Some(base) => {
            let own: Vec<_> = outcomes.iter_mut().map(|outcome| outcome.own.take()).collect();
            let analyses: Vec<_> = outcomes.iter().map(|outcome| outcome.analysis.as_ref()).collect();
            let check = |packages: &[Package]| {
                let checks = Checks { acquirer: &acquirer, options, rules: &rules, keep_own: false, absent };
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
    let mut pending = Vec::with_capacity(graph.packages.len());
    let mut used = BTreeSet::new();
    for (at, (mut outcome, delta)) in outcomes.into_iter().zip(deltas).enumerate() {
        let package = graph.packages[at].clone();
        if let Some(lock) = &options.locked {
            let digest = compare::lock::digest(outcome.contents.as_ref(), outcome.analysis.as_ref());
            let differs = lock.differs(&project, &package, digest.as_deref());
            outcome.findings.extend(differs.map(|finding| rules.complete(finding)));
        }
        let of_package = Known {
            place: graph.places[at].clone(),
            reached: reached[at],
            hits: hits.remove(&package.purl).unwrap_or_default(),
            findings: named.remove(&package.purl).unwrap_or_default(),
            gaps: unresolved.remove(&package.purl).unwrap_or_default(),
            covered: advisories.covers(package.ecosystem),
            origin: known.remove(&at).unwrap_or_default(),
        };
        pending.push(gather(package, of_package, outcome, delta, (options, &rules)));
    }
    let digest = rules.digest();
    let vetted = vetted(options, &found.root, base.as_ref().and_then(change::Loaded::revision), &graph)?;
    let stage = reviews::Stage { options, acquirer: &acquirer, rules: &digest, pool: &pool, vetted: &vetted };
    let (mut weighed, review_run) = stage.run(&pending);
    let nodes: Vec<Node> = pending
        .into_iter()
        .enumerate()
        .map(|(at, pending)| node(pending, weighed.remove(&at), (options, &rules), &mut used))
        .collect();
    notes.extend(resolution.notes);
    notes.extend(acquirer.notes());
    notes.extend(dangling.iter().map(|d| {
        format!(
            "{}:{}: `{}` asks for `{}`, which is not in the lockfile",
            d.declared.file, d.declared.line, d.from, d.to
        )
    }));
    if nodes.iter().any(|node| node.origin.as_ref().is_some_and(|origin| origin.provenance.is_some())) {
        notes.extend(origin::stale_root(options.now));
    }
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
        reviews: review_run,
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

/// Whose code the packages are made of, where that is another's; each finding with its package.
fn copies(packages: &[Package], outcomes: &[Outcome], advisories: &Advisories) -> Vec<(usize, Finding)> {
    let (mut at, mut subjects) = (Vec::new(), Vec::new());
    for (number, (package, outcome)) in packages.iter().zip(outcomes).enumerate() {
        if let Some(analysis) = &outcome.analysis {
            at.push(number);
            subjects.push(check::kin::Subject::of(package, analysis));
        }
    }
    let known: Vec<_> = check::kin::builtin().iter().map(check::kin::Known::subject).collect();
    let mut out = Vec::new();
    for kin in check::kin::kin(&subjects, &known) {
        let origin = subjects.get(kin.origin).or_else(|| known.get(kin.origin - subjects.len()));
        let Some(origin) = origin else { continue };
        let hits = advisories.hits(std::slice::from_ref(origin.package));
        let findings = check::kin::findings(&kin, &subjects[kin.copy], origin, &hits);
        out.extend(findings.into_iter().map(|finding| (at[kin.copy], finding)));
    }
    out
}

/// Flows that run from one package into another: findings of the package that makes the call, and
/// among the flows that its policy is asked about.
fn crossings(graph: &Graph, outcomes: &mut [Outcome], rules: &RuleSet) -> Vec<(usize, Finding)> {
    let nothing = crate::model::ways::Interface::default();
    let members: Vec<check::flow::Member<'_>> = graph
        .packages
        .iter()
        .zip(outcomes.iter())
        .enumerate()
        .map(|(at, (package, outcome))| {
            let interface = outcome.analysis.as_ref().map_or(&nothing, |analysis| &analysis.interface);
            check::flow::Member { package, interface, dependencies: graph.dependencies_of(at) }
        })
        .collect();
    let mut out = Vec::new();
    for crossing in check::flow::across(&members) {
        let others: Vec<String> = crossing
            .others
            .iter()
            .map(|(at, span)| format!("`{}` ({}:{})", graph.packages[*at].label(), span.file, span.line))
            .collect();
        for mut finding in rules.evaluate(std::slice::from_ref(&crossing.fact)) {
            finding.message = format!("{}, through {}", finding.message, others.join(" and "));
            out.push((crossing.member, finding));
        }
        if let Some(analysis) = &mut outcomes[crossing.member].analysis {
            analysis.flows.push((crossing.fact.name, crossing.fact.span));
            analysis.flows.sort();
            analysis.flows.dedup_by(|a, b| a.0 == b.0);
        }
    }
    out
}

/// What cargo-vet's audits say, where the policy lets them count. Where a revision is compared with,
/// they are that revision's: a pull request must not vouch for what it brings.
fn vetted(
    options: &Options,
    root: &Path,
    revision: Option<&compare::git::Revision>,
    graph: &Graph,
) -> Result<BTreeMap<String, vet::Coverage>, AuditError> {
    let Some(folder) = &options.policy.review.vet else { return Ok(BTreeMap::new()) };
    let store = match revision {
        None => vet::Store::load(&root.join(folder)).map_err(Box::new)?,
        Some(revision) => {
            let text = |name: &str| -> Result<Option<String>, AuditError> {
                let path = format!("{folder}/{name}");
                let Some(bytes) = revision.read(&path)? else { return Ok(None) };
                let file = format!("{}:{path}", revision.revision);
                let wrong = |_| Box::new(vet::VetError::Unreadable { file, why: "not UTF-8".to_owned() });
                Ok(Some(String::from_utf8(bytes).map_err(wrong)?))
            };
            // A project that takes cargo-vet up in this change had nothing audited before.
            let Some(config) = text("config.toml")? else { return Ok(BTreeMap::new()) };
            let audits = text("audits.toml")?.unwrap_or_else(|| "[audits]\n".to_owned());
            let lock = text("imports.lock")?.unwrap_or_default();
            vet::Store::parse(&config, &audits, &lock).map_err(Box::new)?
        }
    };
    Ok(vet::cover(&store, &graph.packages, &graph.dependencies))
}

/// Whether a package is the audited folder itself.
fn is_root(package: &Package) -> bool {
    package.first_party && matches!(&package.source, Source::Path { path } if path == ".")
}

/// Whether a package is a Dockerfile, a workflow or the like: the project has its name elsewhere.
fn is_automation(package: &Package) -> bool {
    package.first_party && matches!(package.ecosystem, Ecosystem::Docker | Ecosystem::Github)
}

/// The root package's name, else that of any of the project's own, else the folder's. A workspace
/// has no name of its own.
fn project_name(packages: &[Package], given: Option<&str>, root: &Path) -> String {
    let named = |package: &&Package| package.agent != Some(AgentKind::Workspace) && !is_automation(package);
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
    /// What its registry says.
    origin: origin::Known,
}

/// Of which packages their registries are asked: the changed ones where there is a base, all where
/// it is wanted, or they are few and it is wanted for few. And how many were passed over although the policy would have used
/// the answer.
fn asked(
    packages: &[Package],
    base: Option<&change::Loaded>,
    options: &Options,
    metadata: &origin::Metadata,
) -> (Vec<usize>, usize) {
    let can = |at: &usize| metadata.can_ask(&packages[*at]);
    if options.origin == origin::Ask::Never {
        return (Vec::new(), 0);
    }
    let mut list: Vec<usize> = (0..packages.len()).filter(can).collect();
    if options.origin == origin::Ask::All {
        return (list, 0);
    }
    if options.policy.profile.cooling_off_days == 0 {
        return (Vec::new(), 0);
    }
    if let Some(base) = base {
        let changes = crate::compare::compare(&base.packages, packages).changes;
        list.retain(|at| changes[*at].0 != crate::model::Change::Unchanged);
        return (list, 0);
    }
    match list.len() {
        few if options.origin == origin::Ask::Few && few <= origin::limits::FEW_PACKAGES => (list, 0),
        many => (Vec::new(), many),
    }
}

/// Adds what statements on how packages were built come to, which takes the archives' digests.
fn attested(
    known: &mut BTreeMap<usize, origin::Known>,
    metadata: &origin::Metadata,
    outcomes: &[Outcome],
    packages: &[Package],
) {
    let found = |known: &origin::Known| known.origin.as_ref().is_some_and(|origin| origin.found);
    let places: Vec<usize> = known.iter().filter(|(_, known)| found(known)).map(|(at, _)| *at).collect();
    let list: Vec<_> = places.iter().map(|at| (&packages[*at], outcomes[*at].archives.as_slice())).collect();
    for (at, attested) in places.iter().zip(metadata.attested(&list)) {
        let Some(known) = known.get_mut(at) else { continue };
        if let Some(origin) = &mut known.origin {
            origin.provenance = attested.provenance;
        }
        known.findings.extend(attested.findings);
        known.unattested = attested.unknown;
    }
}

/// Says of how many packages nothing is known. A registry that lacks a package whose verified
/// contents are here has no metadata: that is no word on whether the package exists.
fn origin_notes(
    known: &mut BTreeMap<usize, origin::Known>,
    passed_over: usize,
    outcomes: &[Outcome],
    packages: &[Package],
) -> Vec<String> {
    let mut notes = Vec::new();
    if passed_over > 0 {
        notes.push(format!(
            "how young {passed_over} packages are was not asked of their registries; `--origin` does, `--since` does for what changes"
        ));
    }
    let mut unknown: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut unattested: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for (at, known) in known.iter_mut() {
        let verified = outcomes[*at].contents.as_ref().is_some_and(|info| info.verified_against.is_some());
        if verified && known.origin.as_ref().is_some_and(|origin| origin.versions == 0) {
            *known = origin::Known {
                unknown: Some("the configured registry has no metadata of it".to_owned()),
                ..origin::Known::default()
            };
        }
        if let Some(why) = &known.unknown {
            unknown.entry(why.clone()).or_insert_with(|| (0, packages[*at].label())).0 += 1;
        }
        if let Some(why) = &known.unattested {
            unattested.entry(why.clone()).or_insert_with(|| (0, packages[*at].label())).0 += 1;
        }
    }
    let others = |count| if count > 1 { format!(" and {} others", count - 1) } else { String::new() };
    notes.extend(unknown.into_iter().map(|(why, (count, first))| {
        format!("what its registry says of {first}{} is not known: {why}", others(count))
    }));
    notes.extend(unattested.into_iter().map(|(why, (count, first))| {
        format!("the provenance of {first}{} was not verified whole: {why}", others(count))
    }));
    notes
}

/// One package with everything known of it but what reviewers say.
pub(super) struct Pending {
    package: Package,
    origin: Option<Origin>,
    place: Place,
    reached: CapabilitySet,
    contents: Option<ContentsInfo>,
    analysis: Option<Analysis>,
    findings: Vec<Finding>,
    hits: Vec<Hit>,
    gaps: Vec<Gap>,
    verified: Option<String>,
    delta: change::Delta,
    risk: Risk,
}

/// Brings together what is known of one package, and says what is left to do.
fn gather(
    package: Package,
    known: Known,
    outcome: Outcome,
    delta: change::Delta,
    (options, rules): (&Options, &RuleSet),
) -> Pending {
    let Outcome { contents, analysis, mut findings, mut gaps, .. } = outcome;
    let said = |finding: &Finding| finding.rule == newest::NOT_FOUND;
    // Resolving may have said it before; the registry's word has the place.
    let twice = known.origin.findings.iter().any(said);
    findings.extend(known.findings.into_iter().filter(|finding| !(twice && said(finding))));
    let origin = known.origin.origin;
    let of_origin = known.origin.findings.into_iter();
    let young = origin::young_install(&package, origin.as_ref(), analysis.as_ref(), options.now);
    findings.extend(of_origin.chain(young).map(|finding| rules.complete(finding)));
    findings.extend(delta.findings.iter().cloned());
    findings.extend(analysis.iter().flat_map(|analysis| analysis.findings.iter().cloned()));
    findings.sort();
    findings.dedup();
    gaps.extend(known.gaps);
    if package.ecosystem == Ecosystem::Agent {
        gaps.extend(check::uncertain(&findings));
    } else if options.policy.profile.review_uncertain {
        gaps.extend(check::unexplained(&findings));
    }
    gaps.extend(analysis.iter().flat_map(|analysis| analysis.gaps.iter().cloned()));
    if !known.covered && !package.first_party && package.ecosystem.has_advisories() {
        gaps.push(Gap::new(
            GapKind::NoAdvisories,
            format!(
                "no advisory database covers {}; run `bomvet db update` (needs the network, once), or give a copy of one with `--db PATH`",
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
    let mut pending = Pending {
        package,
        origin,
        place: known.place,
        reached: known.reached,
        contents,
        analysis,
        findings,
        hits: known.hits,
        gaps,
        verified,
        delta,
        risk: Risk::default(),
    };
    // The best that any review could bring about: everything that it may settle is settled.
    let settled: Vec<Gap> =
        pending.gaps.iter().filter(|gap| gap.kind != GapKind::NeedsReview).cloned().collect();
    let best = options.policy.decide(&evidence(&pending, &pending.findings, &settled, options));
    let denied = best.verdict.decision == Decision::Deny;
    let all: Vec<Finding> =
        pending.findings.iter().chain(pending.hits.iter().map(|hit| &hit.finding)).cloned().collect();
    let analysis = pending.analysis.as_ref();
    let gained = pending.delta.gained;
    let age = pending.origin.as_ref().and_then(|origin| origin.age_days(options.now));
    let about = review::About {
        analysis,
        findings: &all,
        gaps: &pending.gaps,
        place: &pending.place,
        gained,
        age,
        popular: check::identity::is_popular(&pending.package),
        against_before: reviews::against_before(options, &pending.delta),
    };
    pending.risk = review::rate(&about, denied);
    pending
}

/// What the policy decides on.
fn evidence<'a>(
    pending: &'a Pending,
    findings: &'a [Finding],
    gaps: &'a [Gap],
    options: &Options,
) -> Evidence<'a> {
    Evidence {
        package: &pending.package,
        analysis: pending.analysis.as_ref(),
        verified: pending.verified.as_deref(),
        findings,
        hits: &pending.hits,
        gaps,
        gained: pending.delta.gained,
        origin: pending.origin.as_ref(),
        now: options.now,
    }
}

/// Decides on one package. `used` gains the exceptions of the policy that were needed.
fn node(
    mut pending: Pending,
    weighed: Option<Weighed>,
    (options, rules): (&Options, &RuleSet),
    used: &mut BTreeSet<usize>,
) -> Node {
    let mut testimony = None;
    if let Some(weighed) = weighed {
        pending.gaps = weighed.gaps;
        pending.findings.extend(weighed.findings.into_iter().map(|finding| rules.complete(finding)));
        pending.findings.sort();
        testimony = weighed.testimony;
    }
    let decided = options.policy.decide(&evidence(&pending, &pending.findings, &pending.gaps, options));
    used.extend(decided.used);
    let verdict: Verdict = decided.verdict;
    let Pending {
        package,
        origin,
        place,
        reached,
        contents,
        analysis,
        mut findings,
        hits,
        gaps,
        delta,
        mut risk,
        ..
    } = pending;
    findings.extend(hits.iter().map(|hit| hit.finding.clone()));
    findings.sort();
    findings.dedup();
    if testimony.as_ref().is_some_and(|testimony: &crate::model::Testimony| testimony.settled)
        && verdict.decision == Decision::Approve
    {
        risk.standing = Standing::Evidence;
    }
    Node {
        package,
        origin,
        place,
        contents,
        analysis,
        reached,
        hits,
        findings,
        gaps,
        risk,
        testimony,
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
    /// Purls of packages that resolving found not to be there: there is nothing to ask for.
    absent: &'a BTreeSet<String>,
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
                        let acquired =
                            (!self.absent.contains(&package.purl)).then(|| self.acquirer.acquire(package));
                        if send.send((at, package, acquired)).is_err() {
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
                        Some(Ok(acquired)) => self.one(package, &acquired),
                        Some(Err(refusal)) => refused(*refusal, self.rules),
                        None => Outcome::default(),
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
        let rules = self.rules;
        let (provenance, sha256, size) = match acquired {
            Acquired::Archive { bytes, sha256, provenance, .. } => {
                (vec![provenance], Some(sha256.hex()), bytes.len() as u64)
            }
            Acquired::Distributions { list, .. } => {
                let alone = if let [one] = list.as_slice() { Some(one.sha256.hex()) } else { None };
                let size = list.iter().map(|one| one.size).sum();
                (list.iter().map(|one| &one.provenance).collect(), alone, size)
            }
            Acquired::Folder { contents, .. } => (vec![&contents.provenance], None, 0),
        };
        let (verified_against, from) = origin(&provenance);
        let mut outcome = Outcome {
            contents: Some(ContentsInfo {
                archive_sha256: sha256,
                archive_size: size,
                verified_against,
                from,
            }),
            ..Outcome::default()
        };
        for why in provenance.iter().filter_map(|provenance| match provenance {
            Provenance::Unverified(why) => Some(why),
            _ => None,
        }) {
            outcome.gaps.push(Gap::new(GapKind::Unverified, why.clone()));
        }
        outcome.archives = archives(package, acquired);
        let remarks = acquired.remarks();
        outcome.findings.extend(remarks.findings.iter().cloned().map(|finding| rules.complete(finding)));
        outcome.gaps.extend(remarks.gaps.iter().cloned());
        if let (Acquired::Folder { contents, .. }, true) = (acquired, self.keep_own && package.first_party) {
            outcome.own = Some(contents.clone());
        }
        let Acquired::Distributions { list, .. } = acquired else {
            let unpack = || self.acquirer.unpack(package, acquired);
            let memo = check::Memo::none();
            let analysis = self.analysis(package, &acquired.subject(), &memo, unpack, &mut outcome);
            outcome.analysis = analysis;
            return outcome;
        };
        // One after the other: of many large archives one is in memory.
        let memo = check::Memo::for_archives(list.len());
        let mut parts = Vec::with_capacity(list.len());
        for one in list {
            let mut part = Outcome::default();
            let subject = format!("{} {}", one.name, one.sha256.hex());
            let unpack = || self.acquirer.unpack_distribution(package, one);
            let analysis = self.analysis(package, &subject, &memo, unpack, &mut part);
            outcome.gaps.extend(
                part.gaps
                    .into_iter()
                    .map(|gap| Gap { message: format!("`{}`: {}", one.name, gap.message), ..gap }),
            );
            let mut analysis = analysis.unwrap_or_default();
            analysis.findings.extend(part.findings);
            parts.push((one.name.clone(), analysis));
        }
        outcome.analysis = Some(check::union(parts));
        outcome
    }

    /// The analysis of some contents, from the store or made; `None` where they are refused.
    /// Findings on the form of the archive and gaps go to `outcome`.
    fn analysis(
        &self,
        package: &Package,
        subject: &str,
        memo: &check::Memo,
        unpack: impl FnOnce() -> Result<(Contents, Vec<Finding>), Box<Refusal>>,
        outcome: &mut Outcome,
    ) -> Option<Analysis> {
        let Self { options, rules, .. } = *self;
        // A folder that is to be let onto a machine is a stranger's, whatever it says of itself.
        let stranger = (package.first_party && options.scope != Scope::Named)
            .then(|| Package { first_party: false, ..package.clone() });
        let package = stranger.as_ref().unwrap_or(package);
        let key = check::cache_key(package, subject, rules);
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
                    outcome.findings.extend(findings);
                    return Some(analysis);
                }
                // Written by another build in development; releases have keys of their own.
                Err(_) => {}
            },
            Ok(None) => {}
            Err(why) => damaged(why.to_string()),
        }
        match unpack() {
            Ok((contents, findings)) => {
                let findings: Vec<_> = findings.into_iter().map(|finding| rules.complete(finding)).collect();
                let analysis = check::analyse_sharing(package, &contents, rules, memo);
                if let Ok(bytes) = postcard::to_stdvec(&(&key, &analysis, &findings)) {
                    // A cache entry that cannot be written costs time on the next run, nothing else.
                    let _ = options.store.put("facts", &key, &bytes);
                }
                outcome.findings.extend(findings);
                Some(analysis)
            }
            Err(refusal) => {
                let refused = refused(*refusal, rules);
                outcome.gaps.extend(refused.gaps);
                outcome.findings.extend(refused.findings);
                None
            }
        }
    }
}

/// The archives that this package is in by its own name, with the digests that statements about them
/// name: npm's name SHA-512, which the lockfile need not.
fn archives(package: &Package, acquired: &Acquired) -> Vec<origin::Archive> {
    match acquired {
        Acquired::Archive { bytes, sha256, part, provenance, .. } if part.is_outer() => {
            let mut digests = vec![sha256.clone()];
            if package.ecosystem == Ecosystem::Npm {
                digests.push(match provenance {
                    Provenance::Verified { against, .. } if against.algorithm == HashAlgorithm::Sha512 => {
                        against.clone()
                    }
                    _ => Digest::of(HashAlgorithm::Sha512, bytes),
                });
            }
            vec![origin::Archive { name: String::new(), digests }]
        }
        Acquired::Distributions { list, .. } => list
            .iter()
            .map(|one| origin::Archive { name: one.name.clone(), digests: vec![one.sha256.clone()] })
            .collect(),
        Acquired::Archive { .. } | Acquired::Folder { .. } => Vec::new(),
    }
}

/// What the archives were checked against, and where they came from; of several only that each was.
fn origin(provenance: &[&Provenance]) -> (Option<String>, String) {
    let mut out: (Option<String>, String) = (None, "unverified".to_owned());
    let several = provenance.len() > 1;
    for provenance in provenance {
        match provenance {
            Provenance::Unverified(_) => return (None, "unverified".to_owned()),
            Provenance::FirstParty => out.1 = "first-party".to_owned(),
            // What came from the network in this run says most.
            Provenance::Verified { against, from } if out.0.is_none() || *from == "registry" => {
                let one = || {
                    let archives = format!("{} of each of its archives", against.algorithm.as_str());
                    Some(if several { archives } else { against.to_string() })
                };
                out = (out.0.or_else(one), (*from).to_owned());
            }
            Provenance::Verified { .. } => {}
        }
    }
    out
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
        .flat_map(|project| {
            let sums: &[&str] = match project.format {
                discover::Format::GoMod => &["go.sum"],
                discover::Format::GoWork => &["go.work.sum"],
                _ => &[],
            };
            let sums = sums.iter().map(|name| discover::paths::child(&project.dir, name));
            std::iter::once(&project.lockfile).chain(&project.manifest).cloned().chain(sums)
        })
        .filter_map(|file| {
            let digest = Digest::sha256(&bytes(&file)?).hex();
            Some((file, digest))
        })
        .collect();
    inputs.sort();
    inputs.dedup();
    inputs
}
