//! Which popular name, if any, a name imitates, and how.
//!
//! The ways are those of published incidents: one slip of the keyboard (`crossenv`, `electorn`),
//! separators left out or changed, letters that look alike, words in another order, a number or an
//! affix added (`nodejs-…`), a scope that is nearly another or is written into the name. The
//! check for words in another order and for a changed number is `typomania`'s, which crates.io runs on new
//! crates.

use typomania::checks::{SwappedWords, Version};
use typomania::{AuthorSet, Corpus, Package as Subject};

use crate::model::Ecosystem;
use crate::resolve::pypi::name::normal;

use super::distance::{Slip, changed, skeleton, slip};
use super::popular::{self, Popular, squeeze};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Squat {
    /// The name that it looks like.
    pub popular: &'static str,
    /// Its rank, 0 the most popular.
    pub rank: usize,
    /// What lies between them, to stand between the two names.
    pub how: &'static str,
    /// Whether it is a way that honest names seldom come about.
    pub close: bool,
}

/// Shortest name, in bytes, that a single slip is looked for in: among shorter ones everything is
/// one letter from everything.
const MIN_SLIP: usize = 5;

/// Shortest name that another one can look like.
const MIN_LOOK: usize = 4;

/// Shortest name for which one slip is called close.
const MIN_CLOSE: usize = 6;

/// Popular names up to this rank are compared with names that have an affix, another order of
/// words or a number more: honest names are made like that all the time.
const LOOSE_TOP: usize = 500;

/// What people put before or behind a name to get another one.
const AFFIXES: [&str; 17] = [
    "-js", ".js", "-node", "-npm", "-rs", "-rust", "js-", "node-", "nodejs-", "npm-", "rust-", "rs-", "-py",
    "-python", "py-", "python-", "pypi-",
];

/// The popular name that `name` imitates, the closest way first, then the most popular.
pub(super) fn of(ecosystem: Ecosystem, name: &str) -> Option<Squat> {
    let popular = popular::of(ecosystem);
    if popular.rank(ecosystem, name).is_some() {
        return None;
    }
    imitates(ecosystem, popular, name)
}

/// [`of`] for a name that is held to be unknown.
pub(super) fn imitates(ecosystem: Ecosystem, popular: &Popular, name: &str) -> Option<Squat> {
    let mut found = Vec::new();
    look_alike(popular, name, &mut found);
    squeezed(popular, name, &mut found);
    slips(popular, name, &mut found);
    scopes(popular, name, &mut found);
    if found.is_empty() {
        loose(popular, name, &mut found);
    }
    // crates.io holds `-` and `_` for the same.
    let same = |a: &str, b: &str| {
        a == b
            || ecosystem == Ecosystem::Cargo && a.replace('_', "-") == b.replace('_', "-")
            || ecosystem == Ecosystem::Pypi && normal(a) == normal(b)
    };
    found.retain(|squat| !same(squat.popular, name));
    found.sort_by_key(|squat: &Squat| (!squat.close, squat.rank));
    // Two names of one popular scope have one owner.
    found.retain(|squat| match (scope(name), scope(squat.popular)) {
        (Some(own), Some(other)) => own != other,
        _ => true,
    });
    found.into_iter().next()
}

fn scope(name: &str) -> Option<&str> {
    name.starts_with('@').then(|| name.split_once('/')).flatten().map(|(scope, _)| scope)
}

fn look_alike(popular: &Popular, name: &str, found: &mut Vec<Squat>) {
    if let Some(&rank) = popular.shapes.get(&skeleton(name))
        && popular.names[rank].len() >= MIN_LOOK
    {
        found.push(Squat { popular: popular.names[rank], rank, how: "looks like", close: true });
    }
}

fn squeezed(popular: &Popular, name: &str, found: &mut Vec<Squat>) {
    let short = squeeze(name);
    if let Some(&rank) = popular.squeezed.get(&short)
        && short.len() >= MIN_SLIP
    {
        let how = "differs only in separators or case from";
        found.push(Squat { popular: popular.names[rank], rank, how, close: true });
    }
}

fn slips(popular: &Popular, name: &str, found: &mut Vec<Squat>) {
    if name.len() < MIN_SLIP {
        return;
    }
    for rank in popular.near(name.len()) {
        let other = popular.names[rank];
        if other.len() < MIN_SLIP {
            continue;
        }
        let Some(slip) = slip(other, name) else { continue };
        let (from, to) = changed(other, name);
        let is_digit = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_digit());
        // Numbers count versions, sizes and platforms: `es5-ext` and `es6-ext`.
        if is_digit(from) || is_digit(to) {
            continue;
        }
        // One and many: `matcher` and `matchers`.
        let many = |one: &str, many: &str| !one.ends_with('s') && many.strip_suffix('s') == Some(one);
        if many(other, name) || many(name, other) {
            continue;
        }
        let (how, close) = match slip {
            Slip::Swapped => ("swaps two letters of", true),
            Slip::Repeated => ("repeats or drops a double letter of", true),
            Slip::Omitted => ("leaves out a letter of", true),
            Slip::Neighbour => ("has one letter mistyped against", false),
            Slip::Other => ("is one letter away from", false),
        };
        // A letter at the edge is as often another word as a slip: `parse` and `parser`.
        let inside = !other.starts_with(name) && !other.ends_with(name);
        let close = close && (inside || slip == Slip::Repeated) && name.len() >= MIN_CLOSE;
        // In a name of many words, one letter makes another word: `is-date` and `is-data`.
        if !close && name.len() < 8 && slip == Slip::Other {
            continue;
        }
        found.push(Squat { popular: other, rank, how, close });
    }
}

fn scopes(popular: &Popular, name: &str, found: &mut Vec<Squat>) {
    match name.strip_prefix('@').and_then(|rest| rest.split_once('/')) {
        Some(_) => {
            let Some((own, rest)) = name.split_once('/') else { return };
            if popular.is_scope(own) {
                return;
            }
            for scope in popular.scopes.iter().filter(|scope| scope.len() > MIN_SLIP) {
                if slip(scope, own).is_none() && squeeze(scope) != squeeze(own) {
                    continue;
                }
                // The same name below a scope that is nearly the popular one.
                if let Some(rank) = popular.rank(Ecosystem::Npm, &format!("{scope}/{rest}")) {
                    let how = "is the same name under nearly the same scope as";
                    found.push(Squat { popular: popular.names[rank], rank, how, close: true });
                }
            }
        }
        None => {
            // `types-node` for `@types/node`.
            for (at, _) in name.match_indices(['-', '_', '.']) {
                let (first, rest) = (&name[..at], &name[at + 1..]);
                if let Some(rank) = popular.rank(Ecosystem::Npm, &format!("@{first}/{rest}"))
                    && rank < LOOSE_TOP
                {
                    let how = "writes the scope into the name of";
                    found.push(Squat { popular: popular.names[rank], rank, how, close: false });
                }
            }
        }
    }
}

fn loose(popular: &Popular, name: &str, found: &mut Vec<Squat>) {
    let mut add = |other: &str, how| {
        if let Some(rank) = popular.rank(Ecosystem::Npm, other)
            && rank < LOOSE_TOP
            && other.len() >= MIN_SLIP
        {
            found.push(Squat { popular: popular.names[rank], rank, how, close: false });
        }
    };
    for affix in AFFIXES {
        let rest = if affix.ends_with('-') { name.strip_prefix(affix) } else { name.strip_suffix(affix) };
        if let Some(rest) = rest {
            add(rest, "adds an affix to");
        }
    }
    // `proc-macro1` for `proc-macro2`.
    let base = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if base.len() < name.len() {
        for digit in 1..=9 {
            add(&format!("{base}{digit}"), "differs in a number from");
        }
    }
    let checks: [(&dyn typomania::checks::Check, _); 2] = [
        (&SwappedWords::new("-_"), "has the words in another order than"),
        (&Version, "differs in a number from"),
    ];
    for (check, how) in checks {
        // The corpus cannot fail: it is in memory.
        for squat in check.check(popular, name, &Nobody).unwrap_or_default() {
            add(squat.package(), how);
        }
    }
}

/// Of a lockfile's packages no authors are known, so none are shared.
#[derive(Debug)]
struct Nobody;

impl Subject for Nobody {
    fn authors(&self) -> &dyn AuthorSet {
        self
    }
    fn description(&self) -> Option<&str> {
        None
    }
    fn shared_authors(&self, _: &dyn AuthorSet) -> bool {
        false
    }
}

impl AuthorSet for Nobody {
    fn contains(&self, _: &str) -> bool {
        false
    }
}

impl Corpus for Popular {
    fn contains_name(&self, name: &str) -> typomania::Result<bool> {
        Ok(self.rank(Ecosystem::Npm, name).is_some())
    }
    fn get(&self, name: &str) -> typomania::Result<Option<&dyn Subject>> {
        Ok(self.rank(Ecosystem::Npm, name).map(|_| &Nobody as &dyn Subject))
    }
}
