//! Summaries of files put together.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Argument, From, MAX_STEPS, Mode, OUTSIDE, Summary, To, Way, interface};
use crate::model::ways::Interface;
use crate::model::{Fact, FactKind, Span};

/// Rounds until what passes through functions is known: calls within calls within calls.
const MAX_ROUNDS: usize = 12;
/// States that are looked at for one package.
const MAX_STATES: usize = 200_000;

/// Files that are asked for one name.
const MAX_ASKED: u32 = 200;

/// Files that hand on a name for one another.
const MAX_ALIASES: u8 = 6;

/// A function of a file.
pub(super) type Func = (usize, u32);
/// A call in a file.
pub(super) type Site = (usize, u32);

/// Where a value is on its way through the package, or the graph: functions and calls are then a
/// package's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum At {
    /// A parameter of a function was given it.
    Param(Func, u32),
    /// A call gives it.
    Result(Site),
}

impl At {
    /// The file, or package, and how its ways from there start.
    pub(super) fn start(self) -> (usize, From) {
        match self {
            Self::Param((at, func), param) => (at, From::Param(func, param)),
            Self::Result((at, call)) => (at, From::Result(call)),
        }
    }
}

pub(super) struct Package<'s> {
    pub files: &'s [(&'s str, &'s Summary)],
    /// The ways of each file, by their start.
    ways: Vec<BTreeMap<&'s From, Vec<&'s Way>>>,
    pub names: Names<'s>,
    /// The function that each call means.
    pub targets: BTreeMap<Site, Func>,
    /// The calls of each function.
    pub callers: BTreeMap<Func, Vec<Site>>,
    /// Parameters that come out of a function again, and how.
    passes: BTreeMap<Func, BTreeSet<(u32, Mode)>>,
    params: BTreeMap<Func, &'s [String]>,
}

/// What the files of a package come to together.
#[derive(Debug, Default)]
pub struct Joined {
    /// The flows that run through more than one file, in order; their contexts are not set.
    pub facts: Vec<Fact>,
    /// What goes in and out of the package.
    pub interface: Interface,
}

/// Puts files together. `files` are paths with their summaries, in order of path; `entries` those
/// that are meant by the package's name, and what is `aside` is nothing to its dependants.
pub fn join(files: &[(&str, &Summary)], entries: &BTreeSet<String>, aside: &dyn Fn(&str) -> bool) -> Joined {
    let mut package = Package {
        files,
        ways: Vec::with_capacity(files.len()),
        names: Names::default(),
        targets: BTreeMap::new(),
        callers: BTreeMap::new(),
        passes: BTreeMap::new(),
        params: BTreeMap::new(),
    };
    package.link();
    let facts = if package.targets.is_empty() {
        Vec::new()
    } else {
        package.pass_through();
        package.run()
    };
    Joined { facts, interface: interface::of(&package, entries, aside) }
}

/// The names under which a file's path is imported: without its ending, and the folder of an
/// index file.
pub(super) fn module_names(path: &str) -> Vec<&str> {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    let folder = ["/__init__", "/index", "/mod"].iter().find_map(|end| stem.strip_suffix(end));
    let mut out = vec![stem];
    out.extend(folder);
    if matches!(stem, "__init__" | "index") {
        out.push("");
    }
    out
}

/// What files export and hand on, by file and name.
#[derive(Default)]
pub(super) struct Names<'s> {
    pub modules: BTreeMap<&'s str, usize>,
    pub exports: BTreeMap<(usize, &'s str), &'s super::Export>,
    aliases: BTreeMap<(usize, &'s str), Vec<&'s super::Call>>,
}

/// A name and, where it has one, the name of a member of it.
pub(super) fn dotted(first: &str, second: &str) -> String {
    match (first, second) {
        ("", name) | (name, "") => name.to_owned(),
        (first, second) => format!("{first}.{second}"),
    }
}

impl Names<'_> {
    /// The function that a name in one of these modules means. `pkg/util.collect` may be in the module
    /// `pkg/util/collect`, or a name in `pkg/util`, or one that `pkg/util` has from elsewhere. `left`
    /// bounds the files that are asked.
    fn find(&self, candidates: &[String], name: &str, depth: u8, left: &mut u32) -> Option<Func> {
        candidates.iter().filter(|module| !module.starts_with(OUTSIDE)).find_map(|module| {
            let mut module = module.clone();
            let mut name = name;
            loop {
                *left = left.checked_sub(1)?;
                if let Some(&file) = self.modules.get(module.as_str()) {
                    let found = self.in_file(file, name, depth, left);
                    if found.is_some() {
                        return found;
                    }
                }
                let (first, rest) = name.split_once('.')?;
                module = if module.is_empty() { first.to_owned() } else { format!("{module}/{first}") };
                name = rest;
            }
        })
    }

    fn in_file(&self, file: usize, name: &str, depth: u8, left: &mut u32) -> Option<Func> {
        let (mark, bare) = if name.starts_with('=') { name.split_at(1) } else { ("", name) };
        let (first, rest) = bare.split_once('.').unwrap_or((bare, ""));
        if depth < MAX_ALIASES {
            for alias in self.aliases.get(&(file, first)).into_iter().flatten() {
                let full = format!("{mark}{}", dotted(&alias.name, rest));
                let found = self.find(&alias.modules, &full, depth + 1, left);
                if found.is_some() {
                    return found;
                }
            }
        }
        if let Some(export) = self.exports.get(&(file, name)) {
            return Some((file, export.func));
        }
        let all = self.aliases.get(&(file, "*")).into_iter().flatten().filter(|_| depth < MAX_ALIASES);
        for alias in all {
            let full = format!("{mark}{}", dotted(&alias.name, bare));
            let found = self.find(&alias.modules, &full, depth + 1, left);
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

impl<'s> Package<'s> {
    fn link(&mut self) {
        let names = &mut self.names;
        for (at, (path, summary)) in self.files.iter().enumerate() {
            let mut ways: BTreeMap<&From, Vec<&Way>> = BTreeMap::new();
            for way in &summary.ways {
                ways.entry(&way.from).or_default().push(way);
            }
            self.ways.push(ways);
            for name in module_names(path) {
                names.modules.entry(name).or_insert(at);
            }
            for export in &summary.exports {
                // What is shared by all files has no module.
                if let Some(shared) = export.name.strip_prefix('=').filter(|name| name.starts_with('\0')) {
                    names.modules.entry(shared).or_insert(at);
                }
                names.exports.entry((at, export.name.as_str())).or_insert(export);
                self.params.insert((at, export.func), &export.params);
            }
            for (name, call) in &summary.aliases {
                names.aliases.entry((at, name.as_str())).or_default().push(call);
            }
        }
        for (at, (_, summary)) in self.files.iter().enumerate() {
            for (call, it) in summary.calls.iter().enumerate() {
                let mut left = MAX_ASKED;
                let found = self.names.find(&it.modules, &it.name, 0, &mut left);
                if let Some(target) = found.filter(|target| target.0 != at) {
                    let site = (at, call as u32);
                    self.targets.insert(site, target);
                    self.callers.entry(target).or_default().push(site);
                }
            }
        }
    }

    /// The ways of a file that start there.
    pub(super) fn ways(&self, file: usize, from: &From) -> &[&'s Way] {
        self.ways.get(file).and_then(|ways| ways.get(from)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn param(&self, func: Func, argument: &Argument) -> Option<u32> {
        super::param(self.params.get(&func).copied().unwrap_or_default(), argument)
    }

    /// Which parameters come out of each function, those of functions that it calls included.
    fn pass_through(&mut self) {
        for _ in 0..MAX_ROUNDS {
            let mut changed = false;
            for (file, (_, summary)) in self.files.iter().enumerate() {
                for way in &summary.ways {
                    let From::Param(func, param) = way.from else { continue };
                    for (mode, end) in self.beyond(file, way) {
                        if let To::Return(out) = end
                            && *out == func
                        {
                            changed |= self.passes.entry((file, func)).or_default().insert((param, mode));
                        }
                    }
                }
            }
            if !changed {
                return;
            }
        }
    }

    /// The ends of a way, and of the ways that start where a call that it runs into gives
    /// something back: within one file.
    fn beyond(&self, file: usize, way: &'s Way) -> Vec<(Mode, &'s To)> {
        let mut out = Vec::new();
        let mut seen = BTreeSet::new();
        let mut todo = vec![(way.mode, &way.to)];
        while let Some((mode, to)) = todo.pop() {
            out.push((mode, to));
            let To::Argument(call, argument) = to else { continue };
            for next in self.through((file, *call), argument) {
                if seen.insert((*call, next)) && seen.len() < 64 {
                    let results = self.ways(file, &From::Result(*call)).iter();
                    todo.extend(results.map(|way| (mode.then(next).then(way.mode), &way.to)));
                }
            }
        }
        out
    }

    /// How an argument of a call comes out of it.
    pub(super) fn through(&self, site: Site, argument: &Argument) -> Vec<Mode> {
        let Some(target) = self.targets.get(&site) else { return Vec::new() };
        let Some(param) = self.param(*target, argument) else { return Vec::new() };
        let passes = self.passes.get(target).into_iter().flatten();
        passes.filter(|(at, _)| *at == param).map(|(_, mode)| *mode).collect()
    }

    /// Follows every source that leaves its file.
    fn run(&self) -> Vec<Fact> {
        let mut out: BTreeMap<(String, Span), Fact> = BTreeMap::new();
        let mut seen: BTreeSet<(At, &str)> = BTreeSet::new();
        let mut queue: VecDeque<(At, &str, Vec<Span>)> = VecDeque::new();
        for (file, (_, summary)) in self.files.iter().enumerate() {
            for way in &summary.ways {
                if let From::Source(source) = &way.from
                    && let Some(source) = way.mode.of(source)
                {
                    self.leave(file, &way.to, source, &way.steps, &mut queue);
                }
            }
        }
        while let Some((at, source, steps)) = queue.pop_front() {
            if seen.len() > MAX_STATES || !seen.insert((at, source)) {
                continue;
            }
            let (file, from) = at.start();
            for way in self.ways(file, &from) {
                let Some(source) = way.mode.of(source) else { continue };
                let steps: Vec<Span> = steps.iter().chain(&way.steps).cloned().collect();
                match &way.to {
                    To::Sink(sink, span) => {
                        let Some(name) = super::name(source, sink) else { continue };
                        let mut steps = steps;
                        steps.dedup();
                        let from = steps.first().map(|span| format!("from {}:{}", span.file, span.line));
                        // The start and the end say most.
                        if steps.len() > MAX_STEPS {
                            let cut = steps.len() - MAX_STEPS;
                            steps.drain(MAX_STEPS / 2..MAX_STEPS / 2 + cut);
                        }
                        let mut fact = Fact::new(FactKind::Flow, name.clone(), span.clone())
                            .value(from.unwrap_or_default());
                        fact.steps = steps;
                        // Each address is one of its own, though one call connects to all of them.
                        let place = match (source, fact.steps.first()) {
                            (super::FIXED_HOST, Some(written)) => written.clone(),
                            _ => span.clone(),
                        };
                        out.entry((name, place)).or_insert(fact);
                    }
                    // What a parameter gives back is known at each call; see below.
                    To::Return(_) if matches!(at, At::Param(..)) => {}
                    to => self.leave(file, to, source, &steps, &mut queue),
                }
            }
        }
        out.into_values().collect()
    }

    /// Where a value goes that a file hands out.
    fn leave<'q>(
        &self,
        file: usize,
        to: &To,
        source: &'q str,
        steps: &[Span],
        queue: &mut VecDeque<(At, &'q str, Vec<Span>)>,
    ) {
        match to {
            To::Sink(..) => {}
            To::Return(func) => {
                for site in self.callers.get(&(file, *func)).into_iter().flatten() {
                    queue.push_back((At::Result(*site), source, steps.to_vec()));
                }
            }
            To::Argument(call, argument) => {
                let site = (file, *call);
                if let Some(target) = self.targets.get(&site)
                    && let Some(param) = self.param(*target, argument)
                {
                    queue.push_back((At::Param(*target, param), source, steps.to_vec()));
                }
                for mode in self.through(site, argument) {
                    if mode == Mode::Part && source == super::ENV_ALL {
                        queue.push_back((At::Result(site), super::ENV, steps.to_vec()));
                    } else if mode.of(source) == Some(source) {
                        queue.push_back((At::Result(site), source, steps.to_vec()));
                    } else if mode == Mode::Opened && source == super::SECRET_PATH {
                        queue.push_back((At::Result(site), super::SECRET_FILE, steps.to_vec()));
                    } else if mode == Mode::Decoded && source == super::BLOB {
                        queue.push_back((At::Result(site), super::DECODED, steps.to_vec()));
                    } else if mode == Mode::Decoded && source == super::FILE {
                        queue.push_back((At::Result(site), super::DECODED_FILE, steps.to_vec()));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Call, Export};
    use super::*;

    fn way(from: From, mode: Mode, to: To, line: u32) -> Way {
        let mut span = Span::file("x");
        span.line = line;
        Way { from, mode, to, steps: vec![span] }
    }

    fn sink() -> To {
        To::Sink("net".to_owned(), Span::file("a.py"))
    }

    /// `a` asks `util.read(path)` for the content of a path and sends it.
    #[test]
    fn through_a_function_of_another_file() {
        let util = Summary {
            exports: vec![Export { name: "read".into(), func: 0, params: vec!["path".into()] }],
            calls: vec![],
            aliases: vec![],
            ways: vec![way(From::Param(0, 0), Mode::Opened, To::Return(0), 2)],
        };
        let a = Summary {
            exports: vec![],
            aliases: vec![],
            calls: vec![
                Call { modules: vec!["pkg".into()], name: "util.read".into() },
                Call { modules: vec!["pkg/util".into()], name: "read".into() },
            ],
            ways: vec![
                way(
                    From::Source("secret-path".into()),
                    Mode::Plain,
                    To::Argument(0, Argument::Named("path".into())),
                    1,
                ),
                way(From::Result(0), Mode::Plain, sink(), 3),
            ],
        };
        let facts = join(&[("pkg/a.py", &a), ("pkg/util.py", &util)], &BTreeSet::new(), &|_| false).facts;
        assert_eq!(facts.iter().map(|fact| &*fact.name).collect::<Vec<_>>(), ["secret-file->net"]);
        assert_eq!(facts[0].steps.iter().map(|span| span.line).collect::<Vec<_>>(), [1, 3]);
        // Another call of the same function is not that one.
        let other =
            Summary { ways: vec![a.ways[0].clone(), way(From::Result(1), Mode::Plain, sink(), 3)], ..a };
        assert_eq!(
            join(&[("pkg/a.py", &other), ("pkg/util.py", &util)], &BTreeSet::new(), &|_| false).facts,
            []
        );
    }

    #[test]
    fn out_of_one_file_through_a_second_into_a_third() {
        let source = Summary {
            exports: vec![Export { name: "collect".into(), func: 7, params: vec![] }],
            calls: vec![],
            aliases: vec![],
            ways: vec![way(From::Source("env-all".into()), Mode::Plain, To::Return(7), 1)],
        };
        let middle = Summary {
            exports: vec![],
            aliases: vec![],
            calls: vec![
                Call { modules: vec!["collect".into()], name: "collect".into() },
                Call { modules: vec!["send".into()], name: "post".into() },
            ],
            ways: vec![way(From::Result(0), Mode::Plain, To::Argument(1, Argument::At(0)), 2)],
        };
        let end = Summary {
            exports: vec![Export { name: "post".into(), func: 0, params: vec!["data".into()] }],
            calls: vec![],
            aliases: vec![],
            ways: vec![way(From::Param(0, 0), Mode::Plain, sink(), 3)],
        };
        let files = [("collect.py", &source), ("main.py", &middle), ("send/__init__.py", &end)];
        let facts = join(&files, &BTreeSet::new(), &|_| false).facts;
        assert_eq!(facts.len(), 1);
        assert_eq!((&*facts[0].name, facts[0].steps.len()), ("env-all->net", 3));
    }
}
