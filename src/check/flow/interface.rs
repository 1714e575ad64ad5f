//! What goes in and out of a package as a whole.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::join::{At, Func, Package, Site, dotted, module_names};
use super::{From, Mode, OUTSIDE, To};
use crate::model::Span;
use crate::model::ways::{self, Ask, Interface, Offer};

/// States that are looked at for one package.
const MAX_STATES: usize = 100_000;
/// Ways of one package that are kept; those to sinks and from sources come first.
const MAX_WAYS: usize = 1_000;
/// Names that are kept for all functions.
const MAX_OFFERS: usize = 4_000;
/// Files that hand on a name for one another.
const MAX_ROUNDS: usize = 6;
/// Parameters of a function that are followed.
const MAX_PARAMS: u32 = 16;
/// Sources that count where they leave a package: what is the user's own, and code from elsewhere.
/// Clients of services are given keys, variables and settings to work with, so those do not.
const LEAVING: &[&str] = &["secret-file", "secret-path", "clipboard", "browser", "net", "decoded"];
/// A source that does where the language tells the whole environment from one variable of it.
const WHOLE: &str = "env-all";

/// Where a value came into the package, or started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Start<'s> {
    Source(&'s str),
    Param(Func, u32),
    Ask(u32),
}

/// Collects the interface. `entries` are the files that are meant by the package's name; what is
/// `aside`, as tests are, is left out.
pub fn of(package: &Package<'_>, entries: &BTreeSet<String>, aside: &dyn Fn(&str) -> bool) -> Interface {
    let mut asks: BTreeMap<String, Vec<Site>> = BTreeMap::new();
    for (file, (path, summary)) in package.files.iter().enumerate() {
        if aside(path) {
            continue;
        }
        for (number, call) in summary.calls.iter().enumerate() {
            let site = (file, number as u32);
            let outside = call.modules.iter().find_map(|module| module.strip_prefix(OUTSIDE));
            if let Some(outside) = outside.filter(|_| !package.targets.contains_key(&site)) {
                asks.entry(dotted(outside, call.name.trim_start_matches('='))).or_default().push(site);
            }
        }
    }
    let named = |(name, sites): (&String, &Vec<Site>)| Ask {
        name: name.clone(),
        file: sites.first().map_or("", |site| package.files[site.0].0).into(),
    };
    let names: Vec<Ask> = asks.iter().map(named).collect();
    let ask_of: BTreeMap<Site, u32> = asks
        .values()
        .enumerate()
        .flat_map(|(number, sites)| sites.iter().map(move |site| (*site, number as u32)))
        .collect();
    let offered = offered(package);
    let public = offered.values().copied().collect();
    let (left, found) = (MAX_STATES, BTreeMap::new());
    let mut search = Search { package, ask_of: &ask_of, public: &public, aside, left, found };
    search.all();
    let found = search.found;
    finish(package, entries, names, &offered, found)
}

/// The names under which each file's functions are found, those that it hands on for others included.
fn offered(package: &Package<'_>) -> BTreeMap<(usize, String), Func> {
    let own = package.names.exports.iter();
    let mut out: BTreeMap<(usize, String), Func> =
        own.map(|((at, name), export)| ((*at, (*name).to_owned()), (*at, export.func))).collect();
    for _ in 0..MAX_ROUNDS {
        let before = out.len();
        for (at, (_, summary)) in package.files.iter().enumerate() {
            for (name, call) in &summary.aliases {
                let Some(&of) =
                    call.modules.iter().find_map(|module| package.names.modules.get(module.as_str()))
                else {
                    continue;
                };
                let handed: Vec<(String, Func)> = out
                    .range((of, String::new())..(of + 1, String::new()))
                    .filter_map(|((_, inner), func)| {
                        let (mark, bare) = match inner.strip_prefix('=') {
                            Some(bare) => ("=", bare),
                            None => ("", inner.as_str()),
                        };
                        let rest = match call.name.as_str() {
                            "" => bare,
                            whole => match bare.strip_prefix(whole)? {
                                "" => "",
                                rest => rest.strip_prefix('.')?,
                            },
                        };
                        let name = if name == "*" { rest.to_owned() } else { dotted(name, rest) };
                        Some((format!("{mark}{name}"), *func))
                    })
                    .collect();
                for (name, func) in handed {
                    if out.len() >= MAX_OFFERS {
                        return out;
                    }
                    out.entry((at, name)).or_insert(func);
                }
            }
        }
        if out.len() == before {
            break;
        }
    }
    out
}

/// Where a value leaves the package or ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum End<'s> {
    Sink(&'s str, Span),
    Ask(u32, ways::Argument),
    Return(Func),
}

/// The ways that were found, each with its first place and its last.
type Found<'s> = BTreeMap<(Start<'s>, Mode, End<'s>), Vec<Span>>;

struct Search<'p, 's> {
    package: &'p Package<'s>,
    ask_of: &'p BTreeMap<Site, u32>,
    /// Functions that others can ask for.
    public: &'p BTreeSet<Func>,
    aside: &'p dyn Fn(&str) -> bool,
    left: usize,
    found: Found<'s>,
}

/// A state of the search: where a value is, and what happened to it.
type State = (At, Mode);

impl<'s> Search<'_, 's> {
    fn all(&mut self) {
        let package = self.package;
        for (file, (path, summary)) in package.files.iter().enumerate() {
            for way in summary.ways.iter().filter(|_| !(self.aside)(path)) {
                if let From::Source(source) = &way.from
                    && (LEAVING.contains(&source.as_str()) || source == WHOLE && path.ends_with(".py"))
                {
                    let mut queue = VecDeque::new();
                    self.leave(Start::Source(source), file, &way.to, way.mode, &way.steps, &mut queue);
                    self.follow(Start::Source(source), queue);
                }
            }
        }
        for &func in self.public {
            for param in 0..MAX_PARAMS {
                if !package.ways(func.0, &From::Param(func.1, param)).is_empty() {
                    let at = (At::Param(func, param), Mode::Plain, Vec::new());
                    self.follow(Start::Param(func, param), VecDeque::from([at]));
                }
            }
        }
        for (site, ask) in self.ask_of {
            let at = (At::Result(*site), Mode::Plain, Vec::new());
            self.follow(Start::Ask(*ask), VecDeque::from([at]));
        }
    }

    fn follow(&mut self, start: Start<'s>, mut queue: VecDeque<(At, Mode, Vec<Span>)>) {
        let mut seen: BTreeSet<State> = BTreeSet::new();
        while let Some((at, mode, steps)) = queue.pop_front() {
            if self.left == 0 || !seen.insert((at, mode)) {
                continue;
            }
            self.left -= 1;
            let (file, from) = at.start();
            for way in self.package.ways(file, &from) {
                let mode = mode.then(way.mode);
                let steps = ends(steps.iter().chain(&way.steps));
                if matches!((&at, &way.to), (At::Param(..), To::Return(_))) {
                    // What a parameter gives back is known at each call.
                    continue;
                }
                self.leave(start, file, &way.to, mode, &steps, &mut queue);
            }
        }
    }

    /// Notes where a way ends, and goes on from there.
    fn leave(
        &mut self,
        start: Start<'s>,
        file: usize,
        to: &'s To,
        mode: Mode,
        steps: &[Span],
        queue: &mut VecDeque<(At, Mode, Vec<Span>)>,
    ) {
        let end = match to {
            // A source that ends in a sink of the same package is its own flow.
            To::Sink(..) if matches!(start, Start::Source(_)) => return,
            To::Sink(_, span) if (self.aside)(&span.file) => return,
            To::Sink(name, span) => End::Sink(name, span.clone()),
            To::Return(func) => {
                for site in self.package.callers.get(&(file, *func)).into_iter().flatten() {
                    queue.push_back((At::Result(*site), mode, steps.to_vec()));
                }
                // What nobody can ask for does not leave, and what a parameter gives back is known at each call.
                if matches!(start, Start::Param(..)) || !self.public.contains(&(file, *func)) {
                    return;
                }
                End::Return((file, *func))
            }
            To::Argument(call, argument) => {
                let site = (file, *call);
                if let Some(target) = self.package.targets.get(&site) {
                    if let Some(param) = self.package.param(*target, argument) {
                        queue.push_back((At::Param(*target, param), mode, steps.to_vec()));
                    }
                    for next in self.package.through(site, argument) {
                        queue.push_back((At::Result(site), mode.then(next), steps.to_vec()));
                    }
                    return;
                }
                match self.ask_of.get(&site) {
                    Some(ask) => End::Ask(*ask, argument.clone()),
                    None => return,
                }
            }
        };
        self.found.entry((start, mode, end)).or_insert_with(|| ends(steps.iter()));
    }
}

/// The first place and the last.
fn ends<'a>(steps: impl Iterator<Item = &'a Span>) -> Vec<Span> {
    let all: Vec<&Span> = steps.collect();
    match all.as_slice() {
        [] => Vec::new(),
        [first, .., last] if first != last => vec![(*first).clone(), (*last).clone()],
        [first, ..] => vec![(*first).clone()],
    }
}

/// What of it others can ask for, in its final form.
fn finish(
    package: &Package<'_>,
    entries: &BTreeSet<String>,
    asks: Vec<Ask>,
    offered: &BTreeMap<(usize, String), Func>,
    found: Found<'_>,
) -> Interface {
    // What only passes from one package to another comes last.
    let mut kept: Vec<_> = found.into_iter().collect();
    kept.sort_by_key(|((start, _, end), _)| matches!((start, end), (Start::Ask(_), End::Ask(..))));
    kept.truncate(MAX_WAYS);

    let mut functions: BTreeMap<Func, u32> = BTreeMap::new();
    let mut used: BTreeSet<u32> = BTreeSet::new();
    for ((start, _, end), _) in &kept {
        if let Start::Param(func, _) = start {
            functions.insert(*func, 0);
        }
        if let End::Return(func) = end {
            functions.insert(*func, 0);
        }
        used.extend(if let Start::Ask(ask) = start { Some(*ask) } else { None });
        used.extend(if let End::Ask(ask, _) = end { Some(*ask) } else { None });
    }
    let mut out = Interface::default();
    for (func, number) in &mut functions {
        *number = out.functions.len() as u32;
        let export = package.files[func.0].1.exports.iter().find(|export| export.func == func.1);
        out.functions.push(export.map(|export| export.params.clone()).unwrap_or_default());
    }
    let renumbered: BTreeMap<u32, u32> = used.iter().zip(0..).map(|(ask, number)| (*ask, number)).collect();
    out.asks = used.iter().filter_map(|ask| asks.get(*ask as usize).cloned()).collect();
    for ((file, name), func) in offered {
        let Some(&function) = functions.get(func) else { continue };
        let path = package.files[*file].0;
        let mut modules = module_names(path);
        if entries.contains(path) {
            modules.push("");
        }
        modules.sort_unstable();
        modules.dedup();
        let offers = modules.into_iter().map(|module| Offer {
            module: module.to_owned(),
            name: name.clone(),
            function,
        });
        out.offers.extend(offers);
    }
    for ((start, mode, end), steps) in kept {
        let from = match start {
            Start::Source(source) => From::Source(source.to_owned()),
            Start::Param(func, at) => From::Param(functions[&func], at),
            Start::Ask(ask) => From::Result(renumbered[&ask]),
        };
        let to = match end {
            End::Sink(name, span) => To::Sink(name.to_owned(), span),
            End::Ask(ask, argument) => To::Argument(renumbered[&ask], argument),
            End::Return(func) => To::Return(functions[&func]),
        };
        out.ways.push(ways::Way { from, mode, to, steps });
    }
    out.offers.sort();
    out.ways.sort();
    out
}
