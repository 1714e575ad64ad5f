//! Advisories: RustSec and OSV records against the resolved packages.
//!
//! In: databases on disk (a clone, a folder, an archive) and the packages of the graph. Out: one
//! [`Hit`] for each problem of each package, aliases merged, and findings about the databases
//! themselves (too old, records that cannot be read). A record that cannot be read never ends the
//! audit and is never left out in silence: it is in [`DatabaseInfo::skipped`] and in a finding.
//! Only a database that is none at all is an error.

mod commit;
mod index;
mod limits;
mod load;
mod merge;
mod osv;
mod record;
mod rustsec_record;
mod severity;
mod source;
pub mod update;
mod yanked;

use std::path::PathBuf;

use crate::model::{Confidence, DatabaseInfo, Ecosystem, Finding, Hit, Package, Severity};
use crate::store::Store;

/// Days after which a database is called old, unless the policy says otherwise.
pub const MAX_AGE_DAYS: u32 = 30;

/// Where the databases are.
#[derive(Debug, Clone)]
pub struct Options {
    /// RustSec: a clone, a folder or an archive (`.tar.gz`). OSV: a folder, a `.zip` or `.tar.gz`
    /// of JSON records, or one `.json`. Told apart by what is in them.
    pub databases: Vec<PathBuf>,
    /// The audit's time, seconds since the epoch, for the age.
    pub now: i64,
    /// A database older than this many days is a finding.
    pub max_age_days: u32,
    /// Cargo's home folder, whose cache of the index says which versions were yanked; without it
    /// nothing is said of that.
    pub cargo_home: Option<PathBuf>,
    /// Keeps what large archives hold, so that they are read once.
    pub store: Option<Store>,
}

impl Default for Options {
    fn default() -> Self {
        Self { databases: Vec::new(), now: 0, max_age_days: MAX_AGE_DAYS, cargo_home: None, store: None }
    }
}

/// Loaded databases.
#[derive(Debug, Default)]
pub struct Advisories {
    /// One entry each; a folder that holds RustSec and OSV records has two.
    pub databases: Vec<DatabaseInfo>,
    records: load::Records,
    yanked: Vec<String>,
    damaged: Vec<String>,
    now: i64,
    max_age_days: u32,
}

/// Why a database could not be read. Exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("advisory database `{path}`: {message}")]
pub struct AdvisoryError {
    /// Its path.
    pub path: PathBuf,
    /// What is wrong.
    pub message: String,
}

impl Advisories {
    /// Loads the databases, only the records of packages in `packages`.
    ///
    /// # Errors
    /// Where a database cannot be read or holds no record. A single record that is broken is
    /// listed in [`DatabaseInfo::skipped`] instead.
    pub fn load(options: &Options, packages: &[Package]) -> Result<Self, AdvisoryError> {
        let mut this = Self { now: options.now, max_age_days: options.max_age_days, ..Self::default() };
        if let Some(home) = &options.cargo_home {
            this.yanked =
                yanked::find(home, packages).into_iter().map(|at| packages[at].purl.clone()).collect();
            this.yanked.sort();
        }
        if options.databases.is_empty() {
            return Ok(this);
        }
        let wanted = load::Wanted::new(packages);
        for path in &options.databases {
            let mut sink = load::Sink {
                wanted: &wanted,
                records: &mut this.records,
                store: options.store.as_ref(),
                damaged: &mut this.damaged,
            };
            this.databases.extend(load::database(path, &mut sink)?);
        }
        this.databases.sort_by(|a, b| (a.kind, &a.digest).cmp(&(b.kind, &b.digest)));
        Ok(this)
    }

    /// Whether any database covers the ecosystem.
    pub fn covers(&self, ecosystem: Ecosystem) -> bool {
        self.databases.iter().any(|database| database.ecosystems.contains(&ecosystem))
    }

    /// Every hit of every package, aliases merged, sorted.
    pub fn hits(&self, packages: &[Package]) -> Vec<Hit> {
        let mut hits = Vec::new();
        for package in packages {
            if let Some(records) = self.records.get(&record::key(package.ecosystem, &package.name)) {
                hits.extend(merge::hits(package, records));
            }
            if self.yanked.binary_search(&package.purl).is_ok() {
                hits.push(yanked_hit(package));
            }
        }
        hits.sort();
        hits
    }

    /// Findings about the databases themselves, each with the purl that it is attached to: the
    /// project's own packages, or every package where the project has none. Sorted.
    pub fn database_findings(&self, packages: &[Package]) -> Vec<(String, Finding)> {
        let damaged = self.damaged.iter().map(|message| Finding {
            severity: Severity::Medium,
            help: "look at the disk, and at who else can write to the store".to_owned(),
            ..Finding::new("store/damaged", message.clone(), Vec::new())
        });
        let findings: Vec<Finding> =
            self.databases.iter().flat_map(|info| self.about(info)).chain(damaged).collect();
        let own = packages.iter().any(|package| package.first_party);
        let mut out: Vec<_> = packages
            .iter()
            .filter(|package| (package.first_party || !own) && package.ecosystem != Ecosystem::Agent)
            .flat_map(|package| findings.iter().map(|finding| (package.purl.clone(), finding.clone())))
            .collect();
        out.sort();
        out
    }

    fn about(&self, info: &DatabaseInfo) -> Vec<Finding> {
        let mut findings = Vec::new();
        let limit = i64::from(self.max_age_days) * 86_400;
        let stale = match info.updated.map(|updated| self.now.saturating_sub(updated)) {
            Some(age) if age > limit => Some((
                Severity::Medium,
                format!(
                    "the {} database is {} days old; {} are allowed",
                    info.kind,
                    age / 86_400,
                    self.max_age_days
                ),
            )),
            Some(_) => None,
            None => Some((Severity::Low, format!("how old the {} database is, it does not say", info.kind))),
        };
        if let Some((severity, message)) = stale {
            findings.push(Finding {
                severity,
                help: "run `bomvet db update`, or give a newer one with `--db`".to_owned(),
                ..Finding::new("advisory/stale-database", message, Vec::new())
            });
        }
        if let Some((file, why)) = info.skipped.first() {
            let more = info.skipped.len() - 1;
            let more = if more == 0 { String::new() } else { format!(", and {more} more") };
            findings.push(Finding {
                severity: Severity::Low,
                confidence: Confidence::High,
                help: "get the database again with `bomvet db update`; the BoM lists every record that was left \
                       out"
                .to_owned(),
                ..Finding::new(
                    "advisory/unreadable-record",
                    format!(
                        "a record of the {} database could not be read: `{}`: {}{more}",
                        info.kind,
                        crate::model::escape(file),
                        crate::model::escape(why),
                    ),
                    Vec::new(),
                )
            });
        }
        findings
    }
}

fn yanked_hit(package: &Package) -> Hit {
    let title = format!("{} {} was yanked by its maintainers", package.name, package.version);
    Hit {
        purl: package.purl.clone(),
        id: "yanked".to_owned(),
        aliases: Vec::new(),
        kind: "yanked".to_owned(),
        cvss: Vec::new(),
        score: None,
        patched: Vec::new(),
        title: title.clone(),
        url: None,
        finding: Finding {
            severity: Severity::Medium,
            confidence: Confidence::High,
            help: format!("run `cargo update -p {}`", package.name),
            ..Finding::new("advisory/yanked", title, vec![merge::declared(package)])
        },
    }
}
