//! Static checks: contents in, facts and findings out.
//!
//! Every file is parsed once. Parsers ([`parse`]) resolve names and fold constants and report
//! facts; rules match facts; checks that need code are listed in one table. No check knows the
//! word deny.

pub mod advisory;
mod agent;
mod brought_key;
mod context;
mod direct;
mod distribution;
mod doubt;
pub mod examples;
mod files;
pub mod flow;
pub mod identity;
pub mod kin;
pub mod layers;
pub mod licence;
pub mod likeness;
mod manifest;
mod nested;
mod own_token;
pub mod parse;
mod picture;
mod recipient;
mod share;
pub mod shell;
mod shrinkwrap;
mod unstated;
mod workflow;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::model::{
    Analysis, Capability, CapabilityKind, Contents, Coverage, Ecosystem, Fact, FactKind, FileCoverage,
    Finding, Gap, GapKind, MicroFacts, Package, Permissions, Provenance, Source, Span, Treatment,
};
use crate::rules::RuleSet;

pub use doubt::{uncertain, unexplained};

pub use share::{Memo, union};

/// Part of every cache key: raise it when the same bytes would give other facts.
pub const VERSION: u32 = 32;

/// Everything that a check in code may look at.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The package.
    pub package: &'a Package,
    /// Its files.
    pub contents: &'a Contents,
    /// What was done with each file, in order of path.
    pub coverage: &'a [FileCoverage],
    /// All facts, contexts set.
    pub facts: &'a [Fact],
}

/// A check that needs code: for what no single fact says. Its findings name a rule file.
pub trait Check: Sync {
    /// The ids of the rules that it makes findings of.
    fn rules(&self) -> &'static [&'static str];
    /// Looks at one package.
    fn run(&self, subject: &Subject<'_>, out: &mut Vec<Finding>);
}

/// Every check in code, in order of name.
#[rustfmt::skip]
pub const CHECKS: &[&dyn Check] = &[
    &agent::Deeds,
    &agent::Mismatch,
    &agent::Permits,
    &agent::Planted,
    &agent::Posted,
    &agent::Weighed,
    &distribution::Record,
    &files::BundledProgram,
    &files::Minified,
    &files::Disguised,
    &files::OpaqueInBuild,
    &likeness::Likeness,
    &brought_key::BroughtKey,
    &picture::Picture,
    &recipient::Recipient,
    &shrinkwrap::Shrinkwrap,
    &unstated::Unstated,
    &workflow::Workflow,
];

/// Bytes from which the files of one package are parsed on several threads.
const PARALLEL: u64 = 1 << 20;

/// Checks the contents of one package.
pub fn analyse(package: &Package, contents: &Contents, rules: &RuleSet) -> Analysis {
    analyse_with(package, contents, rules, &[])
}

/// Like [`analyse`], for one of a version's archives.
pub fn analyse_sharing(package: &Package, contents: &Contents, rules: &RuleSet, memo: &Memo) -> Analysis {
    analyse_all(package, contents, rules, &[], memo)
}

/// Like [`analyse`], with files that run at install time beside those that the manifest starts.
pub fn analyse_with(package: &Package, contents: &Contents, rules: &RuleSet, started: &[String]) -> Analysis {
    analyse_all(package, contents, rules, started, &Memo::none())
}

fn analyse_all(
    package: &Package,
    contents: &Contents,
    rules: &RuleSet,
    started: &[String],
    memo: &Memo,
) -> Analysis {
    let audience = match package.ecosystem {
        Ecosystem::Agent => parse::markdown::Audience::Agent,
        _ => parse::markdown::audience(contents),
    };
    let read = |path: &Arc<str>, bytes: &[u8]| {
        let mut parsed = memo.parse(path, bytes);
        if let Some(prose) = parse::prose(path, bytes, audience) {
            if parsed.treatment == Treatment::Text {
                parsed.treatment = prose.treatment;
            }
            parsed.code_lines += prose.code_lines;
            parsed.facts.extend(prose.facts);
        }
        parsed
    };
    let one = |file: &crate::model::File| read(&file.path, contents.bytes(file));
    // Results stand in the order of the files whichever thread made them.
    let parsed: Vec<parse::Parsed> = match contents.size() >= PARALLEL {
        true => contents.files.par_iter().map(one).collect(),
        false => contents.files.iter().map(one).collect(),
    };
    let from_git = matches!(package.source, Source::Git { .. }) || package.first_party;
    let manifest = manifest::read(package.ecosystem, contents, from_git);

    let local: BTreeMap<Arc<str>, Vec<String>> = contents
        .files
        .iter()
        .zip(&parsed)
        .filter(|(_, parsed)| !parsed.local.is_empty())
        .map(|(file, parsed)| (Arc::clone(&file.path), parsed.local.clone()))
        .collect();
    let exists = |path: &str| contents.get(path).is_some();
    let unasked = match package.ecosystem {
        Ecosystem::Pypi => parse::python::install_files(contents),
        _ => Vec::new(),
    };
    let starts: Vec<String> = manifest.install_files.iter().chain(started).chain(&unasked).cloned().collect();
    let installed = context::closure(&starts, &local, exists);
    // Of a wheel nothing runs but what Python loads when it starts; functions of what that loads in turn
    // wait for a caller.
    let started_only = package.ecosystem == Ecosystem::Pypi && distribution::is_wheel(contents);
    let waits = |path: &str| started_only && !starts.iter().any(|start| start == path);
    let mut entries = manifest.entries.clone();
    if package.ecosystem == Ecosystem::Pypi
        && contents.files.iter().any(|file| context::is_test_path(&file.path))
    {
        // Any module may be imported; those that lie among tests count where one of these does it.
        let module = |path: &str| path.ends_with(".py") && !context::is_test_path(path);
        entries.extend(
            contents.files.iter().filter(|file| module(&file.path)).map(|file| file.path.to_string()),
        );
    }
    let reached = context::closure(&entries, &local, exists);

    // Where no code of the package loads files by computed names, what nothing names is not loaded.
    let computed = parsed.iter().flat_map(|parsed| &parsed.facts).any(|fact| {
        fact.kind == FactKind::Call && (fact.name.starts_with("require(") || fact.name.starts_with("import("))
    });
    let for_agent = package.ecosystem == Ecosystem::Agent;
    let starts_process = parsed.iter().zip(&contents.files).any(|(parsed, file)| {
        file.path.ends_with(".rs")
            && !context::is_test_path(&file.path)
            && parsed.facts.iter().any(|fact| fact.capability == Some(CapabilityKind::Process))
    });
    let alone = match package.ecosystem == Ecosystem::Cargo && !package.first_party && !starts_process {
        true => context::left_alone(
            &contents.files.iter().map(|file| (&*file.path, contents.bytes(file))).collect::<Vec<_>>(),
        ),
        false => BTreeSet::new(),
    };
    // What runs through several files is shown where it ends.
    let summaries: Vec<(&str, &flow::Summary)> = contents
        .files
        .iter()
        .zip(&parsed)
        .filter(|(_, parsed)| !parsed.flows.is_empty())
        .map(|(file, parsed)| (&*file.path, &parsed.flows))
        .collect();
    let entry_files: BTreeSet<String> =
        manifest.entries.iter().filter_map(|entry| context::resolve(entry, &exists)).collect();
    let is_live = |path: &str| installed.contains(path) || reached.contains(path);
    // An agent runs and reads what it is given, whatever the folder is called.
    let aside = |path: &str| !for_agent && !is_live(path) && context::is_test_path(path);
    let joined = flow::join(&summaries, &entry_files, &aside);
    let mut across: BTreeMap<Arc<str>, Vec<Fact>> = BTreeMap::new();
    for fact in joined.facts {
        across.entry(Arc::clone(&fact.span.file)).or_default().push(fact);
    }
    // Completions that no code of the package names.
    let of_shell: BTreeSet<Arc<str>> = contents
        .files
        .iter()
        .filter(|file| context::is_completion(&file.path))
        .filter(|file| {
            let name = file.path.rsplit('/').next().unwrap_or(&file.path);
            let named = |fact: &Fact| fact.span.file != file.path && fact.value.contains(name);
            !parsed.iter().flat_map(|parsed| &parsed.facts).any(named)
        })
        .map(|file| Arc::clone(&file.path))
        .collect();
    let mut unread_but_idle = Vec::new();
    let mut coverage = Coverage::default();
    let mut files = Vec::with_capacity(parsed.len());
    let mut facts = manifest.facts;
    let mut gaps = manifest.gaps;
    if package.ecosystem == Ecosystem::Agent {
        let (of_config, unread) = agent::config(package, contents);
        facts.extend(of_config);
        gaps.extend(unread);
    }
    let mut micro = MicroFacts::default();
    for (file, parsed) in contents.files.iter().zip(parsed) {
        let install = installed.contains(&*file.path);
        let live = is_live(&file.path);
        let alone = alone.contains(&*file.path);
        let test = alone && !live || aside(&file.path);
        let entry = FileCoverage {
            path: Arc::clone(&file.path),
            size: file.range.len() as u64,
            treatment: parsed.treatment,
        };
        coverage.add(&entry);
        if let Treatment::Unseen(why) = &entry.treatment {
            gaps.push(gap(GapKind::NotSeen, &entry.path, why));
        }
        let unread = parsed.facts.iter().find(|fact| {
            fact.kind == FactKind::File && matches!(fact.name.as_str(), "unparsed" | "too-deep" | "too-large")
        });
        if let Some(fact) = unread.filter(|_| (alone || !test) && !is_template(&file.path)) {
            let why = if fact.value.is_empty() { &fact.name } else { &fact.value };
            let idle = !computed && context::is_idle_path(&file.path);
            if !live && (alone || idle || of_shell.contains(&file.path)) {
                let message = format!("`{}` cannot be parsed ({why}), and nothing loads it", file.path);
                unread_but_idle.push(Finding::new("file/not-parsed", message, vec![fact.span.clone()]));
                files.push(entry);
                facts.extend(parsed.facts.into_iter().map(|mut fact| {
                    fact.context.test |= test;
                    fact
                }));
                continue;
            }
            let mut gap = gap(GapKind::NotParsed, &entry.path, why);
            gap.spans = vec![fact.span.clone()];
            gaps.push(gap);
        }
        if !test {
            micro.code_lines += parsed.code_lines;
        }
        if entry_files.contains(&*file.path) {
            micro.exports += parsed.exports;
        }
        files.push(entry);
        let whole = manifest.whole_crate && file.path.ends_with(".rs") && file.path.starts_with("src/");
        let across = across.remove(&file.path).unwrap_or_default();
        for mut fact in parsed.facts.into_iter().chain(across) {
            if of_own_folder(&fact, &package.name) {
                continue;
            }
            // A command that code starts does what the command line says.
            let command = (fact.kind == FactKind::Literal && fact.name == "command")
                .then(|| shell::facts(&fact.value, &fact.span));
            fact.context.install |= (install && (fact.context.top_level || !waits(&file.path))) || whole;
            // An agent reads its package's examples and documents; the parse says what is data.
            let prose = matches!(fact.kind, FactKind::Instruction | FactKind::Tool | FactKind::Declared);
            fact.context.test |= test && !(prose && package.ecosystem == Ecosystem::Agent);
            facts.extend(command.into_iter().flatten().map(|mut inner| {
                inner.context.layer = inner.context.layer.max(fact.context.layer);
                inner.context.install = fact.context.install;
                inner.context.test = fact.context.test;
                inner.context.top_level = fact.context.top_level;
                inner
            }));
            facts.push(fact);
        }
    }
    if for_agent {
        let nested = nested::unpack(contents);
        gaps.extend(nested.gaps);
        for (path, bytes) in &nested.files {
            let path = Arc::from(path.as_str());
            let parsed = read(&path, bytes);
            if let Treatment::Unseen(why) = &parsed.treatment {
                gaps.push(gap(GapKind::NotSeen, &path, why));
            }
            facts.extend(parsed.facts);
        }
    }
    debug_assert!(coverage.adds_up(contents.size()), "coverage does not add up");

    let subject = Subject { package, contents, coverage: &files, facts: &facts };
    let mut findings = rules.evaluate(&facts);
    for check in CHECKS {
        let mut of_check = Vec::new();
        check.run(&subject, &mut of_check);
        findings.extend(of_check.into_iter().map(|finding| rules.complete(finding)));
    }
    findings.extend(unread_but_idle.into_iter().map(|finding| rules.complete(finding)));
    let licence = licence::check(package, contents);
    let by_code = identity::in_contents(package, contents).into_iter().chain(licence.findings);
    findings.extend(by_code.map(|finding| rules.complete(finding)));
    let permissions = match package.ecosystem {
        Ecosystem::Agent => agent::permissions(&facts),
        _ => Permissions::default(),
    };
    own_token::leave_to_review(contents, &facts, &mut findings);
    if for_agent {
        agent::leave_to_review(package, &permissions, contents, &mut findings);
        gaps.extend(agent::unsettled(package, &permissions, &facts, contents));

        gaps.extend(agent::set_aside(&facts));
        gaps.extend(agent::registries(contents, &facts));
    }
    if audience == parse::markdown::Audience::Clients {
        // What a server says is said to agents; where that is uncertain, somebody has to look.
        gaps.extend(uncertain(findings.iter().filter(|finding| finding.rule.starts_with("agent/"))));
    }
    findings.sort();
    findings.dedup();
    gaps.sort();
    gaps.dedup();
    Analysis {
        contents: contents.digest.hex(),
        tree: match contents.provenance {
            Provenance::FirstParty => contents.tree_digest().hex(),
            _ => String::new(),
        },
        coverage,
        capabilities: capabilities(&facts, &manifest.install_spans),
        permissions,
        flows: flows(&facts),
        findings,
        gaps,
        licence: licence.expression.or(manifest.licence),
        licence_texts: licence.texts,
        install_scripts: manifest.install_scripts,
        micro,
        sketch: kin::sketch(contents),
        interface: joined.interface,
    }
}

/// Each flow once, with the first place; tests left out.
fn flows(facts: &[Fact]) -> Vec<(String, Span)> {
    let mut first: BTreeMap<&str, &Span> = BTreeMap::new();
    // Where something is sent is no flow of something: see `identity/unnamed-receiver`.
    let counts =
        |fact: &&Fact| fact.kind == FactKind::Flow && !fact.context.test && fact.name != flow::ADDRESSED;
    for fact in facts.iter().filter(counts) {
        let span = first.entry(&fact.name).or_insert(&fact.span);
        if fact.span < **span {
            *span = &fact.span;
        }
    }
    first.into_iter().map(|(name, span)| (name.to_owned(), span.clone())).collect()
}

fn gap(kind: GapKind, path: &Arc<str>, why: &str) -> Gap {
    Gap { kind, message: format!("`{path}`: {why}"), spans: vec![Span::file(Arc::clone(path))] }
}

/// Files that a generator fills in are not yet in the language that their name says.
fn is_template(path: &str) -> bool {
    path.split('/')
        .any(|part| matches!(part, "template" | "templates" | "generators" | "blueprints" | "boilerplate"))
}

/// The package's own capabilities: those of code that a dependant reaches, tests left out.
fn capabilities(facts: &[Fact], install: &[(String, Span)]) -> Vec<Capability> {
    let mut by_kind: BTreeMap<CapabilityKind, BTreeSet<(&Span, &str)>> = BTreeMap::new();
    for fact in facts.iter().filter(|fact| !fact.context.test) {
        // What runs at install time is said by the manifest, below.
        if let Some(kind) = fact.capability.filter(|kind| *kind != CapabilityKind::InstallTime) {
            by_kind.entry(kind).or_default().insert((&fact.span, &fact.name));
        }
    }
    for (name, span) in install {
        by_kind.entry(CapabilityKind::InstallTime).or_default().insert((span, name));
    }
    by_kind
        .into_iter()
        .map(|(kind, places)| Capability {
            kind,
            count: u32::try_from(places.len()).unwrap_or(u32::MAX),
            spans: places
                .into_iter()
                .take(Capability::MAX_SPANS)
                .map(|(span, name)| (name.to_owned(), span.clone()))
                .collect(),
        })
        .collect()
}

/// Names an analysis in the store: everything that it depends on.
pub fn cache_key(package: &Package, subject: &str, rules: &RuleSet) -> String {
    let key = format!(
        "{}\n{}\n{VERSION}\n{}\n{}\n{}\n{}\n{}",
        env!("CARGO_PKG_VERSION"),
        rules.digest(),
        package.purl,
        package.name,
        package.version,
        package.first_party,
        subject,
    );
    crate::model::Digest::sha256(key.as_bytes()).hex()
}

/// Whether a fact says of a package's own folder, asked for by its name, that it is another's.
fn of_own_folder(fact: &Fact, name: &str) -> bool {
    fact.kind == FactKind::Flow
        && fact.name == "neighbour->written-path"
        && fact.value.match_indices(name).any(|(at, _)| {
            let before = fact.value[..at].ends_with(['\'', '"', '`', '/']);
            let after = fact.value[at + name.len()..].chars().next();
            before && after.is_none_or(|c| matches!(c, '\'' | '"' | '`' | '/'))
        })
}

#[cfg(test)]
mod tests;
