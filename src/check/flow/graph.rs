//! Values that go through several packages of the graph.
//!
//! Each package was looked at alone, and its [`Interface`] says what goes in and out. Here the calls
//! of one are put to the functions of those that it depends on, by the names under which each
//! ecosystem imports them, and what starts in one package is followed to a sink in another.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::join::At;
use super::{Argument, From, To};
use crate::model::ways::{Interface, Way};
use crate::model::{Ecosystem, Fact, FactKind, Package, Span};

/// States that are looked at for one graph.
const MAX_STATES: usize = 500_000;
/// Places that one flow shows.
const MAX_STEPS: usize = 12;
/// Endings that an import of a file of a package may have.
const ENDINGS: &[&str] = &[".js", ".mjs", ".cjs"];

/// One package of the graph.
#[derive(Debug)]
pub struct Member<'a> {
    /// The package.
    pub package: &'a Package,
    /// What goes in and out of it.
    pub interface: &'a Interface,
    /// The members that it depends on, ascending.
    pub dependencies: Vec<usize>,
}

/// A flow that crosses from a package to one that it depends on, or back.
#[derive(Debug, PartialEq, Eq)]
pub struct Crossing {
    /// The member that makes the first call of another package on the way.
    pub member: usize,
    /// The flow; its places are all in that member.
    pub fact: Fact,
    /// The other members that it runs through and, in each, one place: in order.
    pub others: Vec<(usize, Span)>,
}

/// A function of a member, or a call in it.
type Of = (usize, u32);

/// What led to a state.
#[derive(Debug, Clone)]
struct Trail {
    /// Who made the first call of another package.
    first: usize,
    /// The call, in words of the member that makes it.
    ask: u32,
    steps: Vec<(usize, Span)>,
}

/// The flows that run through more than one member, in order of member and fact.
pub fn across(members: &[Member<'_>]) -> Vec<Crossing> {
    let (mut targets, mut callers) = (BTreeMap::new(), BTreeMap::<Of, Vec<Of>>::new());
    for (at, member) in members.iter().enumerate() {
        for (number, ask) in member.interface.asks.iter().enumerate() {
            if let Some(target) = find(members, member, &ask.name) {
                targets.insert((at, number as u32), target);
                callers.entry(target).or_default().push((at, number as u32));
            }
        }
    }
    if targets.is_empty() {
        return Vec::new();
    }
    Walk { members, targets, callers }.run()
}

/// The function that a name means, in one of the packages that a member depends on.
fn find(members: &[Member<'_>], member: &Member<'_>, name: &str) -> Option<Of> {
    member.dependencies.iter().find_map(|&at| {
        let of = members.get(at)?;
        let offers = &of.interface.offers;
        let of_name = |module: &str, name: &str| {
            let offer = offers.binary_search_by(|offer| (&*offer.module, &*offer.name).cmp(&(module, name)));
            offer.ok().and_then(|found| offers.get(found)).map(|offer| (at, offer.function))
        };
        match of.package.ecosystem {
            Ecosystem::Npm => {
                let rest = name.strip_prefix(of.package.name.as_str())?;
                let (module, name) = match rest.as_bytes().first() {
                    None => (String::new(), ""),
                    Some(b'.') => (String::new(), &rest[1..]),
                    Some(b'/') => in_folder(&rest[1..]),
                    Some(_) => return None,
                };
                let named = name.strip_prefix("default.").or((name == "default").then_some(""));
                of_name(&module, name).or_else(|| of_name(&module, named?))
            }
            Ecosystem::Pypi => splits(name).find_map(|(module, name)| {
                of_name(&module, name).or_else(|| of_name(&format!("src/{module}"), name))
            }),
            Ecosystem::Cargo => {
                let rest =
                    name.strip_prefix(of.package.name.replace('-', "_").as_str())?.strip_prefix('.')?;
                let inner =
                    || splits(rest).find_map(|(module, name)| of_name(&format!("src/{module}"), name));
                of_name("", rest).or_else(inner).or_else(|| {
                    // Handed on by `pub use`: the only one of that name.
                    let last = rest.rsplit_once('.').map_or(rest, |(_, last)| last);
                    let mut same =
                        offers.iter().filter(|offer| offer.name == last).map(|offer| offer.function);
                    let only = same.next()?;
                    same.all(|other| other == only).then_some((at, only))
                })
            }
            _ => None,
        }
    })
}

/// The file of a package that an import names, without ending, and the name in it.
fn in_folder(rest: &str) -> (String, &str) {
    let with_ending = ENDINGS.iter().find_map(|ending| {
        let at = rest
            .find(&format!("{ending}."))
            .or_else(|| rest.ends_with(ending).then(|| rest.len() - ending.len()))?;
        Some((rest.get(..at)?, rest.get(at + ending.len()..)?.trim_start_matches('.')))
    });
    let (module, name) = with_ending.unwrap_or_else(|| rest.split_once('.').unwrap_or((rest, "")));
    (module.strip_suffix("/index").unwrap_or(module).to_owned(), name)
}

/// The ways to read `a.b.c` as a module and a name in it, the longest module first.
fn splits(name: &str) -> impl Iterator<Item = (String, &str)> {
    let dots: Vec<usize> = name.match_indices('.').map(|(at, _)| at).take(8).collect();
    dots.into_iter().rev().map(move |at| (name[..at].replace('.', "/"), &name[at + 1..]))
}

struct Walk<'m, 'a> {
    members: &'m [Member<'a>],
    targets: BTreeMap<Of, Of>,
    callers: BTreeMap<Of, Vec<Of>>,
}

impl<'m> Walk<'m, '_> {
    fn ways(&self, at: usize, from: &From) -> &'m [Way] {
        let ways = &self.members[at].interface.ways;
        let start = ways.partition_point(|way| way.from < *from);
        let end = ways.partition_point(|way| way.from <= *from);
        &ways[start..end]
    }

    fn run(&self) -> Vec<Crossing> {
        let mut out: BTreeMap<(usize, String, Span), Crossing> = BTreeMap::new();
        let mut seen: BTreeSet<(At, &str)> = BTreeSet::new();
        let mut queue: VecDeque<(At, &str, Trail)> = VecDeque::new();
        for (at, member) in self.members.iter().enumerate() {
            for way in &member.interface.ways {
                if let From::Source(source) = &way.from
                    && let Some(source) = way.mode.of(source)
                {
                    self.leave(at, way, source, None, &mut queue);
                }
            }
        }
        while let Some((state, source, trail)) = queue.pop_front() {
            if seen.len() > MAX_STATES || !seen.insert((state, source)) {
                continue;
            }
            let (at, from) = state.start();
            for way in self.ways(at, &from) {
                let Some(source) = way.mode.of(source) else { continue };
                if let To::Sink(sink, span) = &way.to {
                    let Some(name) = super::name(source, sink) else { continue };
                    let mut trail = trail.clone();
                    trail.steps.extend(way.steps.iter().cloned().map(|span| (at, span)));
                    trail.steps.push((at, span.clone()));
                    let crossing = self.crossing(name, trail);
                    let key = (crossing.member, crossing.fact.name.clone(), crossing.fact.span.clone());
                    out.entry(key).or_insert(crossing);
                } else {
                    self.leave(at, way, source, Some(&trail), &mut queue);
                }
            }
        }
        out.into_values().collect()
    }

    /// Where a value goes that a package hands out.
    fn leave<'q>(
        &self,
        at: usize,
        way: &Way,
        source: &'q str,
        trail: Option<&Trail>,
        queue: &mut VecDeque<(At, &'q str, Trail)>,
    ) {
        let mut steps = trail.map(|trail| trail.steps.clone()).unwrap_or_default();
        steps.extend(way.steps.iter().cloned().map(|span| (at, span)));
        let trail_of = |by: Of| Trail {
            first: trail.map_or(by.0, |trail| trail.first),
            ask: trail.map_or(by.1, |trail| trail.ask),
            steps: steps.clone(),
        };
        match &way.to {
            To::Sink(..) => {}
            To::Return(func) => {
                for &site in self.callers.get(&(at, *func)).into_iter().flatten() {
                    queue.push_back((At::Result(site), source, trail_of(site)));
                }
            }
            To::Argument(ask, argument) => {
                let Some(&target) = self.targets.get(&(at, *ask)) else { return };
                if let Some(param) = self.param(target, argument) {
                    queue.push_back((At::Param(target, param), source, trail_of((at, *ask))));
                }
            }
        }
    }

    fn param(&self, (at, func): Of, argument: &Argument) -> Option<u32> {
        let params = self.members[at].interface.functions.get(func as usize)?;
        super::param(params, argument)
    }

    /// A flow as its first caller sees it.
    fn crossing(&self, name: String, trail: Trail) -> Crossing {
        let member = trail.first;
        let mut own: Vec<Span> = Vec::new();
        let mut others: Vec<(usize, Span)> = Vec::new();
        for (at, span) in trail.steps {
            if at == member {
                own.push(span);
            } else {
                // The last place says where it ends.
                match others.iter_mut().find(|(other, _)| *other == at) {
                    Some(known) => known.1 = span,
                    None => others.push((at, span)),
                }
            }
        }
        own.dedup();
        own.truncate(MAX_STEPS);
        let interface = self.members[member].interface;
        let file = interface.asks.get(trail.ask as usize).map(|ask| ask.file.clone()).unwrap_or_default();
        let span = own.last().cloned().unwrap_or_else(|| Span::file(file));
        let mut fact = Fact::new(FactKind::Flow, name, span);
        fact.steps = own;
        Crossing { member, fact, others }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_of_files() {
        assert_eq!(in_folder("lib/x.js.send"), ("lib/x".to_owned(), "send"));
        assert_eq!(in_folder("lib/x.send"), ("lib/x".to_owned(), "send"));
        assert_eq!(in_folder("lib/index.js"), ("lib".to_owned(), ""));
        assert_eq!(in_folder("sub"), ("sub".to_owned(), ""));
        let all: Vec<_> = splits("a.b.c").collect();
        assert_eq!(all, [("a/b".to_owned(), "c"), ("a".to_owned(), "b.c")]);
    }
}
