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

/// What a command can reach; `None` for one that is not listed. Names are looked up as written,
/// then without a version at the end (`python3.11`).
pub fn reach(name: &str) -> Option<&'static [CapabilityKind]> {
    static TABLE: OnceLock<BTreeMap<String, Vec<CapabilityKind>>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let file: File = ::toml::from_str(include_str!("../../../../rules/api/shell.toml"))
            .expect("rules/api/shell.toml is valid");
        let mut table: BTreeMap<String, Vec<CapabilityKind>> = BTreeMap::new();
        for entry in file.api {
            let gives: Vec<_> = entry
                .gives
                .iter()
                .map(|name| CapabilityKind::parse(name).expect("rules/api/shell.toml names capabilities"))
                .collect();
            for name in entry.names {
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
