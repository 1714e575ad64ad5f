//! Origin: what registries say of packages, beside their contents.
//!
//! In: packages, and the registries that the user's own configuration names. Out: for each package
//! that was asked about an [`Origin`] and findings, or a note that nothing is known. Metadata is an
//! input of the audit like an advisory database: it is kept in the store with the time at which it
//! was got, used again while it is fresh, and `offline` takes what is there whatever its age. What
//! a registry does not say is not claimed.
//!
//! A registry can say what it likes: none of this proves anything about contents. It tells who
//! would have to be lying. Only statements on how a version was built are more: they are signed by
//! who built it, and verified against the archive that was looked at ([`Metadata::attested`]).

mod beside;
mod cargo;
mod facts;
pub mod limits;
pub mod npm;
mod provenance;
mod pypi;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use provenance::{Archive, Attested, stale_root};

use crate::acquire;
use crate::acquire::net::{Client, FetchError};
use crate::acquire::registry::Target;
use crate::model::{
    Analysis, Digest, Ecosystem, Finding, Listing, Origin, Package, ReleaseFile, Severity, Source,
};
use crate::resolve::newest::{ListingError, Registry};
use crate::store::Store;

/// Raise it when the same answer would give another listing.
const VERSION: u32 = 3;

/// The store's bucket.
const BUCKET: &str = "metadata";

/// Asks registries, each package once.
#[derive(Debug)]
pub struct Metadata {
    options: acquire::Options,
    client: Client,
    store: Store,
    /// Seconds since the epoch.
    now: i64,
    known: Mutex<BTreeMap<(Ecosystem, String), Asked>>,
}

type Asked = Arc<OnceLock<Result<Arc<Listing>, ListingError>>>;

/// What the store keeps: when it was got, and the listing; `None` where the registry has none.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    key: String,
    got: i64,
    listing: Option<Listing>,
}

/// Of which packages registries are asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ask {
    /// Those that a change adds or alters, where the policy has a cooling-off. An audit without a
    /// base asks nobody: it is of what is in use already.
    #[default]
    Changed,
    /// The same, and all where there is no base and they are few: what is about to be installed.
    Few,
    /// All.
    All,
    /// None.
    Never,
}

/// A finding where a version is young and runs code while it is being installed.
pub fn young_install(
    package: &Package,
    origin: Option<&Origin>,
    analysis: Option<&Analysis>,
    now: i64,
) -> Option<Finding> {
    let days = origin?.age_days(now).filter(|days| *days < limits::YOUNG_INSTALL_DAYS)?;
    let script = analysis?.install_scripts.first()?;
    // Build scripts are usual among crates.
    let severity = if package.ecosystem == Ecosystem::Cargo { Severity::Low } else { Severity::Medium };
    let message = format!(
        "{} is {days} days old and runs code while it is being installed: {}",
        package.label(),
        crate::model::escape(script)
    );
    Some(Finding { severity, ..Finding::new("origin/install-age", message, Vec::new()) })
}

/// What is known of one package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The registry's word; `None` where it gave none.
    pub origin: Option<Origin>,
    /// Findings about it.
    pub findings: Vec<Finding>,
    /// Why nothing is known, for a note.
    pub unknown: Option<String>,
    /// Why its statements on how it was built were not looked at, for a note.
    pub unattested: Option<String>,
}

impl Metadata {
    /// Opens no socket yet. Of `options` the registries, time-outs and `offline` count.
    pub fn new(options: acquire::Options, store: Store, now: i64) -> Self {
        let mut certificates: Vec<PathBuf> = options.cargo.certificates.iter().cloned().collect();
        certificates.extend(options.npm.certificates.iter().map(PathBuf::from));
        certificates.extend(options.pypi.certificates.iter().cloned());
        // Metadata is worth less waiting than contents: an audit is whole without it.
        let mut timing = options.timing.clone();
        timing.retries = timing.retries.min(limits::RETRIES);
        Self { client: Client::new(timing, certificates), options, store, now, known: Mutex::default() }
    }

    /// Whether a package is one that a registry could be asked about: its own registry is the
    /// configured one. Names of another's packages are not told to anybody.
    pub fn can_ask(&self, package: &Package) -> bool {
        let Source::Registry { registry, .. } = &package.source else { return false };
        if package.first_party || package.version.is_empty() && package.name.is_empty() {
            return false;
        }
        match package.ecosystem {
            Ecosystem::Npm => self.options.npm.is_own(&package.name, registry.as_deref()),
            Ecosystem::Cargo => registry.as_deref().is_none_or(acquire::registry::cargo::is_crates_io),
            Ecosystem::Pypi => {
                let bare = |url: &str| url.trim_end_matches('/').trim_end_matches("/simple").to_owned();
                let own = |url: &str| {
                    bare(url) == "https://pypi.org"
                        || self.options.pypi.registries().iter().any(|index| bare(index) == bare(url))
                };
                registry.as_deref().is_none_or(own)
            }
            _ => false,
        }
    }

    /// What is known of each package, in their order; those that [`Self::can_ask`] says no of get
    /// nothing.
    pub fn all(&self, packages: &[&Package]) -> Vec<Known> {
        let one = |package: &&Package| {
            if !self.can_ask(package) {
                return Known::default();
            }
            match self.listing(package.ecosystem, &package.name) {
                Ok(listing) => {
                    let origin = facts::origin(package, &listing);
                    let findings = facts::findings(package, &origin, self.now);
                    Known { origin: Some(origin), findings, ..Known::default() }
                }
                Err(ListingError::NotFound) => {
                    let origin = Origin::default();
                    let findings = facts::findings(package, &origin, self.now);
                    Known { origin: Some(origin), findings, ..Known::default() }
                }
                Err(ListingError::Other(why)) => Known { unknown: Some(why), ..Known::default() },
            }
        };
        self.each(packages, one)
    }

    /// `one` of each, in their order. They wait for the network, not for the processor.
    fn each<T: Sync, R: Send>(&self, list: &[T], one: impl Fn(&T) -> R + Sync) -> Vec<R> {
        let threads = self.options.connections.clamp(1, limits::CONNECTIONS);
        match rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|n| format!("origin-{n}"))
            .build()
        {
            Ok(pool) => pool.install(|| list.par_iter().map(&one).collect()),
            Err(_) => list.iter().map(one).collect(),
        }
    }

    fn ask(&self, ecosystem: Ecosystem, name: &str) -> Result<Arc<Listing>, ListingError> {
        let target = self.target(ecosystem, name).map_err(ListingError::Other)?;
        let key = Digest::sha256(format!("{VERSION}\n{ecosystem}\n{}\n{name}", target.url).as_bytes()).hex();
        let kept = self.store.get(BUCKET, &key).ok().flatten();
        let kept = kept
            .and_then(|bytes| postcard::from_bytes::<Entry>(&bytes).ok())
            .filter(|entry| entry.key == key);
        let fresh = |entry: &Entry| (0..limits::FRESH_SECONDS).contains(&self.now.saturating_sub(entry.got));
        match kept {
            Some(entry) if self.options.offline || fresh(&entry) => {
                return entry.listing.map(Arc::new).ok_or(ListingError::NotFound);
            }
            _ if self.options.offline => {
                return Err(ListingError::Other(
                    "`--offline`, and its metadata is not in the store".to_owned(),
                ));
            }
            _ => {}
        }
        let accept = if ecosystem == Ecosystem::Pypi { acquire::registry::pypi::ACCEPT } else { "*/*" };
        let authorization = target.authorization.as_ref();
        let answer = self.client.get_as(&target.url, target.by, authorization, limits::LISTING_BYTES, accept);
        let listing = match answer {
            Ok(bytes) => {
                let read = match ecosystem {
                    Ecosystem::Npm => npm::parse(&bytes),
                    Ecosystem::Pypi => pypi::parse(&bytes, &target.url),
                    _ => cargo::parse(&bytes),
                };
                let shown = acquire::net::shown(&target.url);
                let listing =
                    read.map_err(|why| ListingError::Other(format!("what `{shown}` answered {why}")))?;
                if !facts::same_name(ecosystem, &listing.name, name) {
                    let why = format!(
                        "`{shown}` answered with the package `{}`",
                        crate::model::escape(&listing.name)
                    );
                    return Err(ListingError::Other(why));
                }
                Some(listing)
            }
            Err(FetchError::Status { status, .. })
                if ["404", "410", "451"].iter().any(|code| status.starts_with(code)) =>
            {
                None
            }
            Err(error) => return Err(ListingError::Other(error.to_string())),
        };
        let entry = Entry { key: key.clone(), got: self.now, listing };
        if let Ok(bytes) = postcard::to_stdvec(&entry) {
            // An entry that cannot be written costs a request on the next run, nothing else.
            let _ = self.store.put(BUCKET, &key, &bytes);
        }
        entry.listing.map(Arc::new).ok_or(ListingError::NotFound)
    }

    fn target(&self, ecosystem: Ecosystem, name: &str) -> Result<Target, String> {
        match ecosystem {
            Ecosystem::Npm => self.options.npm.packument(name),
            Ecosystem::Cargo => self.options.cargo.lines(name),
            Ecosystem::Pypi => {
                match self.options.pypi.indices().as_slice() {
                    [index] => self.options.pypi.page(index, name).ok_or_else(|| {
                        format!("`{}` is no name of a distribution", crate::model::escape(name))
                    }),
                    // Which of them a version is from, the name does not say.
                    _ => Err("several indices are configured".to_owned()),
                }
            }
            other => Err(format!("metadata of {other} packages is not read")),
        }
    }
}

impl Registry for Metadata {
    fn listing(&self, ecosystem: Ecosystem, name: &str) -> Result<Arc<Listing>, ListingError> {
        let failed = || ListingError::Other("another thread failed".to_owned());
        let cell = Arc::clone(
            self.known.lock().map_err(|_| failed())?.entry((ecosystem, name.to_owned())).or_default(),
        );
        // The lock is not held here: only those who ask for the same package wait.
        cell.get_or_init(|| self.ask(ecosystem, name)).clone()
    }

    fn core_metadata(&self, name: &str, file: &ReleaseFile) -> Result<String, ListingError> {
        self.core(name, file)
    }
}

/// Seconds since the epoch of an RFC 3339 time.
fn time(text: &str) -> Option<i64> {
    let parsed = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339);
    parsed.ok().map(time::OffsetDateTime::unix_timestamp)
}
