//! The table of what commands can reach (`rules/api/shell.toml`).

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::model::CapabilityKind;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    api: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    names: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
    gives: Vec<String>,
}

/// Names with what they reach, of a table that is built into the program.
///
/// # Panics
/// Where it is none: a test reads each, and a table that cannot be read must not pass as one that holds nothing.
pub fn entries(table: &str) -> Vec<(Vec<String>, Vec<CapabilityKind>)> {
    let file: File = ::toml::from_str(table).expect("the table is valid");
    let kind = |name: &String| CapabilityKind::parse(name).expect("the table names capabilities");
    file.api.into_iter().map(|entry| (entry.names, entry.gives.iter().map(kind).collect())).collect()
}

/// What a command can reach; `None` for one that is not listed. Names are looked up as written,
/// then without a version at the end (`python3.11`).
pub fn reach(name: &str) -> Option<&'static [CapabilityKind]> {
    static TABLE: OnceLock<BTreeMap<String, Vec<CapabilityKind>>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let mut table: BTreeMap<String, Vec<CapabilityKind>> = BTreeMap::new();
        for (names, gives) in entries(include_str!("../../../../rules/api/shell.toml")) {
            for name in names {
                let all = table.entry(name).or_default();
                all.extend(&gives);
                all.sort();
                all.dedup();
            }
        }
        table
    });
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    table.get(name).or_else(|| table.get(bare)).map(Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_what_they_reach() {
        use CapabilityKind::{FsRead, FsWrite, Net, Process};
        assert_eq!(reach("curl"), Some(&[Net][..]));
        assert_eq!(reach("tar"), Some(&[FsRead, FsWrite][..]));
        assert_eq!(reach("python3.11"), Some(&[Process][..]));
        assert_eq!(reach("echo"), Some(&[][..]));
        assert_eq!(reach("nobody-knows"), None);
    }
}
