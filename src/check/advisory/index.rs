//! Large archives are read once: what their records say is kept in the store under the archive's
//! SHA-256, so that a later audit reads the records of its own packages alone.
//!
//! Layout: eight bytes little-endian, the length of the head; the head (JSON, [`Head`]); a table of
//! sixteen bytes for each record, sorted: eight of the SHA-256 of ecosystem and name, offset and
//! length in the rest (four little-endian bytes each); the rest: one [`Record`] in JSON after
//! another. The store checks the whole against its digest.

use serde::{Deserialize, Serialize};

use crate::model::{DatabaseInfo, Digest, Ecosystem};

use super::load::{Records, Wanted};
use super::record::{Record, key};

/// Raise it when the same archive would give other records.
const VERSION: u32 = 1;

/// Smallest archive that is worth it, in bytes.
pub(super) const MIN_ARCHIVE: u64 = 2 << 20;

/// The store's bucket.
pub(super) const BUCKET: &str = "advisories";

/// The name of an archive's entry.
pub(super) fn entry(archive: &Digest) -> String {
    Digest::sha256(format!("{VERSION}\n{}\n{}", env!("CARGO_PKG_VERSION"), archive.hex()).as_bytes()).hex()
}

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    ecosystems: Vec<Ecosystem>,
    commit: Option<String>,
    updated: Option<i64>,
    records: usize,
    digest: String,
    skipped: Vec<(String, String)>,
    count: usize,
}

fn hash(ecosystem: Ecosystem, name: &str) -> [u8; 8] {
    let (ecosystem, name) = key(ecosystem, name);
    let digest = Digest::sha256(format!("{ecosystem}\0{name}").as_bytes()).hex();
    let mut out = [0; 8];
    // The digest's first sixteen digits are eight bytes.
    let _ = hex::decode_to_slice(&digest[..16], &mut out);
    out
}

/// Gathers the records of an archive.
#[derive(Debug, Default)]
pub(super) struct Builder {
    table: Vec<([u8; 8], u32, u32)>,
    rest: Vec<u8>,
    too_large: bool,
}

impl Builder {
    pub(super) fn add(&mut self, record: &Record) {
        let start = self.rest.len();
        let written = serde_json::to_writer(&mut self.rest, record).is_ok();
        match (u32::try_from(start), u32::try_from(self.rest.len() - start)) {
            (Ok(start), Ok(length)) if written => {
                self.table.push((hash(record.ecosystem, &record.name), start, length));
            }
            _ => self.too_large = true,
        }
    }

    /// The entry, if all of it fits.
    pub(super) fn finish(mut self, info: &DatabaseInfo) -> Option<Vec<u8>> {
        if self.too_large {
            return None;
        }
        self.table.sort_unstable();
        let head = serde_json::to_vec(&Head {
            ecosystems: info.ecosystems.clone(),
            commit: info.commit.clone(),
            updated: info.updated,
            records: info.records,
            digest: info.digest.clone(),
            skipped: info.skipped.clone(),
            count: self.table.len(),
        })
        .ok()?;
        let mut out = Vec::with_capacity(8 + head.len() + self.table.len() * 16 + self.rest.len());
        out.extend((head.len() as u64).to_le_bytes());
        out.extend(head);
        for (hash, start, length) in &self.table {
            out.extend(hash);
            out.extend(start.to_le_bytes());
            out.extend(length.to_le_bytes());
        }
        out.extend(self.rest);
        Some(out)
    }
}

/// Takes the records of the wanted packages out of an entry. `None` where it is not one.
pub(super) fn read(entry: &[u8], wanted: &Wanted, records: &mut Records) -> Option<DatabaseInfo> {
    let (length, rest) = entry.split_first_chunk::<8>()?;
    let (head, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let head: Head = serde_json::from_slice(head).ok()?;
    let (table, rest) = rest.split_at_checked(head.count.checked_mul(16)?)?;
    let (table, _) = table.as_chunks::<16>();
    let mut found = Vec::new();
    for (ecosystem, name) in wanted.keys() {
        let hash = hash(*ecosystem, name);
        let from = table.partition_point(|row| row[..8] < hash[..]);
        for row in table[from..].iter().take_while(|row| row[..8] == hash) {
            let number =
                |at: usize| row[at..at + 4].try_into().map(u32::from_le_bytes).ok().map(|n| n as usize);
            let (start, length) = (number(8)?, number(12)?);
            let record: Record = serde_json::from_slice(rest.get(start..start.checked_add(length)?)?).ok()?;
            found.push(record);
        }
    }
    for record in found {
        let place = key(record.ecosystem, &record.name);
        if wanted.has(&place) {
            records.entry(place).or_default().push(record);
        }
    }
    Some(DatabaseInfo {
        kind: "osv",
        ecosystems: head.ecosystems,
        commit: head.commit,
        updated: head.updated,
        records: head.records,
        digest: head.digest,
        skipped: head.skipped,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_entry_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let wanted = Wanted::new(&[]);
            read(&bytes, &wanted, &mut Records::new());
        }
    }
}
