//! All that the files say of the packages of one name, as edges between versions.

use super::Store;
use super::cover::{By, Conflict, Entry};
use super::criteria::{Criteria, Set};
use super::entry::{Account, Audit, Audits, Kind, OWN};
use super::version::{Range, VetVersion};

/// One edge. `None` is the empty package, from which whole versions are audited.
#[derive(Debug)]
pub struct Edge {
    /// Start.
    pub from: Option<VetVersion>,
    /// End.
    pub to: VetVersion,
    /// What it shows, with what is implied.
    pub criteria: Set,
    /// Kind of entry.
    pub by: By,
    /// The entry.
    pub entry: Entry,
}

/// A violation.
#[derive(Debug)]
struct Violation<'a> {
    range: &'a Range,
    /// The criteria as named, without what they imply: violating one says nothing of those.
    named: Vec<usize>,
    entry: Entry,
}

/// What is said of the packages of one name.
#[derive(Debug)]
pub struct Entries<'a> {
    /// Sorted: the same whatever the order in the files.
    pub edges: Vec<Edge>,
    /// Entries that contradict each other, sorted.
    pub conflicts: Vec<Conflict>,
    violations: Vec<Violation<'a>>,
}

impl<'a> Entries<'a> {
    /// Collects them.
    pub fn new(store: &'a Store, name: &str) -> Self {
        let mut this = Self { edges: Vec::new(), conflicts: Vec::new(), violations: Vec::new() };
        this.audits(&store.criteria, OWN, &store.audits, name);
        for (import, audits) in &store.lock.audits {
            this.audits(&store.criteria, import, audits, name);
        }
        for exemption in store.config.exemptions.get(name).into_iter().flatten() {
            let entry = Entry {
                source: "config.toml".to_owned(),
                what: exemption.version.to_string(),
                criteria: exemption.criteria.clone(),
                who: Vec::new(),
                notes: exemption.notes.clone(),
                at: exemption.at.clone(),
            };
            this.edges.push(Edge {
                from: None,
                to: exemption.version.clone(),
                criteria: store.criteria.set(&exemption.criteria),
                by: By::Exemption,
                entry,
            });
        }
        // Whether an entry may say what it says is asked before accounts vouch: a violation is
        // about what was looked at.
        this.contradict();
        this.vouched(store, name);
        for unpublished in store.lock.unpublished.get(name).into_iter().flatten() {
            let entry = Entry {
                source: "imports.lock".to_owned(),
                what: format!("{} for {}", unpublished.audited_as, unpublished.version),
                criteria: Vec::new(),
                who: Vec::new(),
                notes: None,
                at: unpublished.at.clone(),
            };
            this.edges.push(Edge {
                from: Some(unpublished.audited_as.clone()),
                to: unpublished.version.clone(),
                criteria: store.criteria.all(),
                by: By::Unpublished,
                entry,
            });
        }
        let key = |edge: &Edge| (edge.by, edge.from.clone(), edge.to.clone(), edge.entry.clone());
        this.edges.sort_by_cached_key(key);
        this.conflicts.sort();
        this.conflicts.dedup();
        this
    }

    fn audits(&mut self, criteria: &Criteria, source: &str, audits: &'a Audits, name: &str) {
        for audit in audits.audits.get(name).into_iter().flatten() {
            let entry = |what: String| entry(source, what, audit);
            let (from, to, by, what) = match &audit.kind {
                Kind::Violation(range) => {
                    let named = audit.criteria.iter().filter_map(|name| criteria.number(name)).collect();
                    self.violations.push(Violation { range, named, entry: entry(range.to_string()) });
                    continue;
                }
                Kind::Full(version) => (None, version, By::Full, version.to_string()),
                Kind::Delta(from, to) => (Some(from.clone()), to, By::Delta, format!("{from} -> {to}")),
            };
            self.edges.push(Edge {
                from,
                to: to.clone(),
                criteria: criteria.set(&audit.criteria),
                by,
                entry: entry(what),
            });
        }
    }

    /// Notes each entry that a violation contradicts: an end of it lies in the range, and it claims
    /// one of the criteria.
    fn contradict(&mut self) {
        for violation in &self.violations {
            let against = self.edges.iter().filter(|edge| {
                let ends = edge.from.iter().chain([&edge.to]);
                ends.into_iter().any(|end| violation.range.holds(end))
                    && violation.named.iter().any(|&one| edge.criteria.has(one))
            });
            self.conflicts.extend(
                against
                    .map(|edge| Conflict { violation: violation.entry.clone(), against: edge.entry.clone() }),
            );
        }
    }

    /// Adds the versions that an account published within the time for which it is vouched for. Whom
    /// an import trusts is its own affair: only its wildcard audits count.
    fn vouched(&mut self, store: &Store, name: &str) {
        let imports = store.lock.audits.iter().map(|(import, audits)| (import.as_str(), audits, None));
        let own = (OWN, &store.audits, Some((By::Trusted, &store.audits.trusted)));
        let all: Vec<_> = std::iter::once(own).chain(imports).collect();
        for publisher in store.lock.publishers.get(name).into_iter().flatten() {
            for &(source, audits, trusted) in &all {
                for (by, list) in std::iter::once((By::Wildcard, &audits.wildcards)).chain(trusted) {
                    for vouch in list.get(name).into_iter().flatten() {
                        let within = vouch.start <= publisher.when && publisher.when < vouch.end;
                        if vouch.account != publisher.account || !within {
                            continue;
                        }
                        self.edges.push(Edge {
                            from: None,
                            to: publisher.version.clone(),
                            criteria: store.criteria.set(&vouch.criteria),
                            by,
                            entry: Entry {
                                source: source.to_owned(),
                                what: format!(
                                    "{} by {} on {}",
                                    publisher.version,
                                    account(&vouch.account),
                                    publisher.when
                                ),
                                criteria: vouch.criteria.clone(),
                                who: vouch.who.clone(),
                                notes: vouch.notes.clone(),
                                at: vouch.at.clone(),
                            },
                        });
                    }
                }
            }
        }
    }

    /// The violations that are about a version, sorted.
    pub fn violations_of(&self, version: &VetVersion) -> Vec<Entry> {
        let mut found: Vec<_> = self
            .violations
            .iter()
            .filter(|violation| violation.range.holds(version))
            .map(|violation| violation.entry.clone())
            .collect();
        found.sort();
        found
    }
}

fn entry(source: &str, what: String, audit: &Audit) -> Entry {
    Entry {
        source: source.to_owned(),
        what,
        criteria: audit.criteria.clone(),
        who: audit.who.clone(),
        notes: audit.notes.clone(),
        at: audit.at.clone(),
    }
}

fn account(account: &Account) -> String {
    match account {
        Account::User(number) => format!("user {number}"),
        Account::Trusted(name) => name.clone(),
    }
}
