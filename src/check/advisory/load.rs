//! Reads databases: of each record as much as the graph needs.
//!
//! OSV names its files by id, so each is parsed; what a large archive holds is kept in the store
//! ([`super::index`]). RustSec's files stand in a folder for each crate, so only those of the
//! graph's crates are parsed, by their folder and their `package` line; the others are counted,
//! hashed and dated.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use crate::model::{DatabaseInfo, Digest, Ecosystem, Package};
use crate::store::Store;
use crate::yaml;

use super::limits::{MAX_ARCHIVE, MAX_SKIPPED};
use super::record::{Record, key};
use super::{AdvisoryError, index, osv, rustsec_record, source};

/// Records of the graph's packages, by ecosystem and name.
pub(super) type Records = BTreeMap<(Ecosystem, String), Vec<Record>>;

/// The names that the graph has.
#[derive(Debug)]
pub(super) struct Wanted(BTreeSet<(Ecosystem, String)>);

impl Wanted {
    pub(super) fn new(packages: &[Package]) -> Self {
        Self(packages.iter().map(|package| key(package.ecosystem, &package.name)).collect())
    }

    /// As [`key`] makes them, sorted.
    pub(super) fn keys(&self) -> impl Iterator<Item = &(Ecosystem, String)> {
        self.0.iter()
    }

    pub(super) fn has(&self, place: &(Ecosystem, String)) -> bool {
        self.0.contains(place)
    }
}

/// Where what was read goes.
pub(super) struct Sink<'a> {
    pub wanted: &'a Wanted,
    pub records: &'a mut Records,
    pub store: Option<&'a Store>,
    /// Store entries that were damaged, as messages.
    pub damaged: &'a mut Vec<String>,
}

impl Sink<'_> {
    fn keep(&mut self, record: Record) {
        let place = key(record.ecosystem, &record.name);
        if self.wanted.has(&place) {
            self.records.entry(place).or_default().push(record);
        }
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
pub(super) fn database(path: &Path, sink: &mut Sink<'_>) -> Result<Vec<DatabaseInfo>, AdvisoryError> {
    let entry = sink.store.and_then(|_| large_archive(path)).map(|digest| index::entry(&digest));
    if let (Some(store), Some(entry)) = (sink.store, &entry) {
        match store.get(index::BUCKET, entry) {
            Ok(Some(bytes)) => {
                if let Some(info) = index::read(&bytes, sink.wanted, sink.records) {
                    return Ok(vec![info]);
                }
            }
            Ok(None) => {}
            Err(damaged) => sink.damaged.push(damaged.to_string()),
        }
    }
    let mut builder = entry.as_ref().map(|_| index::Builder::default());
    let (mut rustsec, mut osv) = (Tally::default(), Tally::default());
    let accepts = |path: &str| rustsec_record::crate_of(path).is_some() || is_record(path);
    let origin =
        source::read(path, &accepts, &mut |path, item| match (rustsec_record::crate_of(path), item) {
            (Some(name), Ok(bytes)) => rustsec_file(path, name, bytes, &mut rustsec, sink),
            (None, Ok(bytes)) => osv_file(path, bytes, &mut osv, builder.as_mut(), sink),
            (Some(_), Err(why)) => rustsec.skipped.push((path.to_owned(), why)),
            (None, Err(why)) => osv.skipped.push((path.to_owned(), why)),
        })?;
    if !rustsec.files.is_empty() {
        rustsec.ecosystems.insert(Ecosystem::Cargo);
    }
    let none = rustsec.files.is_empty() && osv.files.is_empty();
    if osv.files.is_empty() && !none {
        // JSON that is no record makes no second database, but is not passed over either.
        rustsec.skipped.append(&mut osv.skipped);
    }
    let skipped: Vec<_> = rustsec.skipped.iter().chain(&osv.skipped).cloned().collect();
    let infos: Vec<_> =
        [rustsec.info("rustsec", &origin), osv.info("osv", &origin)].into_iter().flatten().collect();
    if none {
        let why = skipped.first().map(|(file, why)| format!("; `{file}`: {why}")).unwrap_or_default();
        return Err(AdvisoryError {
            path: path.to_owned(),
            message: format!(
                "holds no record; expected RustSec's `crates/<name>/<id>.md` or OSV's `<id>.json`{why}"
            ),
        });
    }
    if let (Some(store), Some(entry), Some(builder), [info]) = (sink.store, &entry, builder, &infos[..])
        && info.kind == "osv"
        && let Some(bytes) = builder.finish(info)
    {
        // An entry that cannot be written costs time on the next run, nothing else.
        let _ = store.put(index::BUCKET, entry, &bytes);
    }
    Ok(infos)
}

/// SHA-256 of a file that is worth an entry in the store.
fn large_archive(path: &Path) -> Option<Digest> {
    let meta = std::fs::metadata(path).ok()?;
    if !meta.is_file() || meta.len() < index::MIN_ARCHIVE || meta.len() > MAX_ARCHIVE {
        return None;
    }
    let mut file = std::fs::File::open(path).ok()?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match std::io::Read::read(&mut file, &mut buffer).ok()? {
            0 => break,
            n => hash.update(&buffer[..n]),
        }
    }
    Digest::from_hex(crate::model::HashAlgorithm::Sha256, &hex::encode(hash.finalize()))
}

/// OSV's records: JSON, or the YAML of PyPA's database.
fn is_record(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    let ends = |ending: &str| {
        file.len() > ending.len()
            && file.as_bytes()[file.len() - ending.len()..].eq_ignore_ascii_case(ending.as_bytes())
    };
    !file.starts_with('.') && (ends(".json") || ends(".yaml") || ends(".yml"))
}

/// A record in YAML as the JSON that it stands for. Scalars are text: no field that is read is
/// anything else, and a version like `1.10` must stay one.
fn from_yaml(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("is not UTF-8: {error}"))?;
    let node = yaml::parse(text).map_err(|error| format!("is not YAML: {error}"))?;
    serde_json::to_vec(&json(&node)).map_err(|error| error.to_string())
}

/// Recursion is bounded by [`yaml::MAX_DEPTH`].
fn json(node: &yaml::Node<'_>) -> serde_json::Value {
    match &node.value {
        yaml::Value::Mapping(_) => {
            node.members().map(|(key, _, value)| (key.to_owned(), json(value))).collect()
        }
        yaml::Value::Sequence(list) => list.iter().map(json).collect(),
        yaml::Value::Scalar { .. } if node.is_null() => serde_json::Value::Null,
        yaml::Value::Scalar { text, .. } => text.as_ref().into(),
    }
}

fn rustsec_file(path: &str, name: &str, bytes: &[u8], tally: &mut Tally, sink: &mut Sink<'_>) {
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
    let concerns = |name: &str| sink.wanted.has(&key(Ecosystem::Cargo, name));
    // Without a plain `package` line only the whole parse can tell.
    if !concerns(name) && named.is_some_and(|named| !concerns(named)) {
        tally.saw(inner, bytes);
        return;
    }
    match rustsec_record::parse(inner, text) {
        Ok(record) => {
            tally.saw(inner, bytes);
            if let Some(record) = record {
                sink.keep(record);
            }
        }
        Err(why) => tally.skipped.push((inner.to_owned(), why)),
    }
}

fn osv_file(
    path: &str,
    bytes: &[u8],
    tally: &mut Tally,
    mut builder: Option<&mut index::Builder>,
    sink: &mut Sink<'_>,
) {
    let converted = match path.ends_with("json") || path.ends_with("JSON") {
        true => Ok(std::borrow::Cow::Borrowed(bytes)),
        false => from_yaml(bytes).map(std::borrow::Cow::Owned),
    };
    let parsed = converted.and_then(|json| Ok((osv::parse(&json)?, modified(&json))));
    match parsed {
        Ok((parsed, time)) => {
            for record in parsed {
                tally.ecosystems.insert(record.ecosystem);
                if let Some(builder) = &mut builder {
                    builder.add(&record);
                }
                sink.keep(record);
            }
            tally.saw(path, bytes);
            tally.dated(time);
        }
        Err(why) => tally.skipped.push((path.to_owned(), why)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::advisory::record::Match;
    use crate::model::Location;

    /// PyPA's form, Python's order of versions and spellings of names.
    #[test]
    fn records_in_yaml_say_what_they_say_in_json() {
        let text = "id: PYSEC-2023-1\ndetails: bad\naffected:\n- package:\n    name: Foo.Bar\n    ecosystem: PyPI\n  ranges:\n  - type: ECOSYSTEM\n    events:\n    - introduced: \"0\"\n    - fixed: 1.10\n  versions:\n  - 0.9\nmodified: '2023-01-02T00:00:00Z'\n";
        let bytes = from_yaml(text.as_bytes()).expect("YAML");
        assert_eq!(modified(&bytes), Some(1_672_617_600));
        let records = osv::parse(&bytes).expect("a record");
        assert_eq!(key(records[0].ecosystem, &records[0].name), key(Ecosystem::Pypi, "foo_bar"));
        let hits = |version: &str| {
            let declared = Location { file: "uv.lock".into(), line: 1, column: 1 };
            records[0].hits(&Package::registry(Ecosystem::Pypi, "foo-bar", version, declared))
        };
        for version in ["1.9", "1.10rc1", "1.10.dev3", "0.9.post1", "1.9+cpu", "1.9.9"] {
            assert_eq!(hits(version), Match::Yes, "{version}");
        }
        for version in ["1.10", "1.10.post1", "1!0.1", "2", "1.10+cpu"] {
            assert_eq!(hits(version), Match::No, "{version}");
        }
        assert!(matches!(hits("new"), Match::Unknown(_)));
        assert!(from_yaml(b"a: [").is_err() && from_yaml(b"\xff").is_err());
    }
}
