//! Reads databases: of each record as much as the graph needs.
//!
//! A warm audit has no time to parse every record, so a record is read in full only if it can be
//! about a package of the graph. That is decided so that none is missed: a RustSec record by its
//! folder and its `package` line, an OSV record by whether a package's name stands in it in quotes,
//! or anything that could be another way to write one (`\u…`, `\/`). The others are counted,
//! hashed, dated and looked at for their outer form.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use aho_corasick::AhoCorasick;
use sha2::{Digest as _, Sha256};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use crate::model::{DatabaseInfo, Ecosystem, Package, Source};

use super::limits::MAX_SKIPPED;
use super::record::{Record, key};
use super::{AdvisoryError, osv, rustsec_record, source};

/// Records of the graph's packages, by ecosystem and name.
pub(super) type Records = BTreeMap<(Ecosystem, String), Vec<Record>>;

/// Finds records that may be about the graph.
pub(super) struct Wanted {
    keys: BTreeSet<(Ecosystem, String)>,
    names: AhoCorasick,
    git: bool,
}

impl Wanted {
    pub(super) fn new(packages: &[Package]) -> Self {
        let keys: BTreeSet<_> =
            packages.iter().map(|package| key(package.ecosystem, &package.name)).collect();
        let mut patterns: BTreeSet<String> = ["\\u", "\\/"].map(str::to_owned).into();
        for (ecosystem, name) in &keys {
            patterns.insert(format!("\"{name}\""));
            if *ecosystem == Ecosystem::Cargo {
                patterns.insert(format!("\"{}\"", name.replace('-', "_")));
            }
        }
        // Crates' names are taken without regard to case and `-` or `_`; names that mix both are
        // few, and any part before the first separator finds them too.
        for (_, name) in
            keys.iter().filter(|(e, name)| *e == Ecosystem::Cargo && name.matches('-').count() > 1)
        {
            patterns.insert(format!("\"{}", name.split('-').next().unwrap_or(name)));
        }
        let names = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(&patterns)
            .expect("a few thousand short patterns");
        let git = packages.iter().any(|package| matches!(package.source, Source::Git { .. }));
        Self { keys, names, git }
    }

    fn may_name(&self, bytes: &[u8]) -> bool {
        self.names.is_match(bytes) || (self.git && memchr::memmem::find(bytes, b"\"GIT\"").is_some())
    }
}

/// What is gathered over the records of one kind.
#[derive(Default)]
struct Tally {
    ecosystems: BTreeSet<Ecosystem>,
    files: Vec<(String, [u8; 32])>,
    newest: Option<i64>,
    skipped: Vec<(String, String)>,
}

impl Tally {
    fn saw(&mut self, path: &str, bytes: &[u8]) {
        self.files.push((path.to_owned(), Sha256::digest(bytes).into()));
    }

    fn dated(&mut self, time: Option<i64>) {
        self.newest = self.newest.max(time);
    }

    fn info(mut self, kind: &'static str, origin: &source::Origin) -> Option<DatabaseInfo> {
        if self.files.is_empty() && self.skipped.is_empty() {
            return None;
        }
        self.files.sort();
        let mut hash = Sha256::new();
        for (path, digest) in &self.files {
            hash.update(format!("{path}\0{}\n", hex::encode(digest)));
        }
        self.skipped.sort();
        if self.skipped.len() > MAX_SKIPPED {
            let more = self.skipped.len() - MAX_SKIPPED;
            self.skipped.truncate(MAX_SKIPPED);
            self.skipped.push(("~".to_owned(), format!("and {more} more")));
        }
        Some(DatabaseInfo {
            kind,
            ecosystems: self.ecosystems.into_iter().collect(),
            commit: origin.commit.clone(),
            updated: origin.time.or(self.newest),
            records: self.files.len(),
            digest: hex::encode(hash.finalize()),
            skipped: self.skipped,
        })
    }
}

/// Reads the database at `path`; one folder may hold records of both kinds.
pub(super) fn database(
    path: &Path,
    wanted: &Wanted,
    records: &mut Records,
) -> Result<Vec<DatabaseInfo>, AdvisoryError> {
    let (mut rustsec, mut osv) = (Tally::default(), Tally::default());
    let mut yaml = std::cell::Cell::new(0_usize);
    let accepts = |path: &str| {
        if path.ends_with(".yaml") || path.ends_with(".yml") {
            yaml.set(yaml.get() + 1);
        }
        rustsec_record::crate_of(path).is_some() || is_json(path)
    };
    let origin =
        source::read(path, &accepts, &mut |path, item| match (rustsec_record::crate_of(path), item) {
            (Some(name), Ok(bytes)) => rustsec_file(path, name, bytes, wanted, &mut rustsec, records),
            (None, Ok(bytes)) => osv_file(path, bytes, wanted, &mut osv, records),
            (Some(_), Err(why)) => rustsec.skipped.push((path.to_owned(), why)),
            (None, Err(why)) => osv.skipped.push((path.to_owned(), why)),
        })?;
    if !rustsec.files.is_empty() {
        rustsec.ecosystems.insert(Ecosystem::Cargo);
    }
    let none = rustsec.files.is_empty() && osv.files.is_empty();
    let skipped: Vec<_> = rustsec.skipped.iter().chain(&osv.skipped).cloned().collect();
    let infos: Vec<_> =
        [rustsec.info("rustsec", &origin), osv.info("osv", &origin)].into_iter().flatten().collect();
    if none {
        let why = match (skipped.first(), *yaml.get_mut()) {
            (Some((file, why)), _) => format!("; `{file}` {why}"),
            (None, 0) => String::new(),
            (None, n) => format!("; its {n} YAML files are not read, get the records as JSON"),
        };
        return Err(AdvisoryError {
            path: path.to_owned(),
            message: format!(
                "holds no record; expected RustSec's `crates/<name>/<id>.md` or OSV's `<id>.json`{why}"
            ),
        });
    }
    Ok(infos)
}

fn is_json(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    !file.starts_with('.')
        && file.len() > 5
        && file.as_bytes()[file.len() - 5..].eq_ignore_ascii_case(b".json")
}

fn rustsec_file(
    path: &str,
    name: &str,
    bytes: &[u8],
    wanted: &Wanted,
    tally: &mut Tally,
    records: &mut Records,
) {
    // The same records give the same digest from a clone and from an archive with a top folder.
    let inner = path.find("crates/").map_or(path, |at| &path[at..]);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            tally.skipped.push((inner.to_owned(), format!("is not UTF-8: {error}")));
            return;
        }
    };
    tally.dated(rustsec_record::quick(text, "date").and_then(date));
    let named = rustsec_record::quick(text, "package");
    let concerns = |name: &str| wanted.keys.contains(&key(Ecosystem::Cargo, name));
    // Without a plain `package` line only the whole parse can tell.
    if !concerns(name) && named.is_some_and(|named| !concerns(named)) {
        tally.saw(inner, bytes);
        return;
    }
    match rustsec_record::parse(inner, text) {
        Ok(record) => {
            tally.saw(inner, bytes);
            if let Some(record) = record {
                let place = key(record.ecosystem, &record.name);
                if wanted.keys.contains(&place) {
                    records.entry(place).or_default().push(record);
                }
            }
        }
        Err(why) => tally.skipped.push((inner.to_owned(), why)),
    }
}

fn osv_file(path: &str, bytes: &[u8], wanted: &Wanted, tally: &mut Tally, records: &mut Records) {
    if let Err(why) = osv::quick_form(bytes) {
        tally.skipped.push((path.to_owned(), why));
        return;
    }
    // A record is also read if it may be the first of its ecosystem: coverage is not guessed.
    let first = [Ecosystem::Cargo, Ecosystem::Npm].into_iter().any(|ecosystem| {
        !tally.ecosystems.contains(&ecosystem)
            && memchr::memmem::find(bytes, format!("\"{}\"", ecosystem.osv()).as_bytes()).is_some()
    });
    if first || wanted.may_name(bytes) {
        match osv::parse(bytes) {
            Ok(parsed) => {
                for record in parsed {
                    tally.ecosystems.insert(record.ecosystem);
                    let place = key(record.ecosystem, &record.name);
                    if wanted.keys.contains(&place) {
                        records.entry(place).or_default().push(record);
                    }
                }
            }
            Err(why) => {
                tally.skipped.push((path.to_owned(), why));
                return;
            }
        }
    }
    tally.saw(path, bytes);
    tally.dated(modified(bytes));
}

/// `"modified": "…"` of a record.
fn modified(bytes: &[u8]) -> Option<i64> {
    let at = memchr::memmem::find(bytes, b"\"modified\"")? + b"\"modified\"".len();
    let rest = std::str::from_utf8(bytes.get(at..(at + 64).min(bytes.len()))?).ok()?;
    let value = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?.split('"').next()?;
    time::OffsetDateTime::parse(value, &Rfc3339).ok().map(time::OffsetDateTime::unix_timestamp)
}

/// Midnight (UTC) of a `YYYY-MM-DD`.
fn date(text: &str) -> Option<i64> {
    let date = time::Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
    Some(date.midnight().assume_utc().unix_timestamp())
}
