//! What was looked at, byte for byte.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// How a file was treated.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Treatment {
    /// A parser read all of it: `rust`, `js`, `ts`, `json`, `toml`, `elf`, `wasm`…
    Parsed(String),
    /// A lexer proved that it holds no fact, so the parser was not needed.
    Lexed(String),
    /// Read as text by the text checks only.
    Text,
    /// Recognised by its bytes as data that nothing executes (`png image`, `woff2 font`).
    Data(String),
    /// Not looked at, and why: this is a gap.
    Unseen(String),
}

/// One file's part of the coverage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCoverage {
    /// Path within the package.
    pub path: Arc<str>,
    /// Bytes.
    pub size: u64,
    /// What was done with it.
    pub treatment: Treatment,
}

/// The sums over a package. `parsed + text + data + unseen` is the size of the
/// verified contents; [`Coverage::adds_up`] says so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Files in the contents.
    pub files: u64,
    /// Bytes in the contents.
    pub bytes: u64,
    /// Bytes by parser, `+lexer` appended where the lexer settled it.
    pub parsed: BTreeMap<String, u64>,
    /// Bytes scanned as text only.
    pub text: u64,
    /// Bytes recognised as data, by what was recognised.
    pub data: BTreeMap<String, u64>,
    /// Files not looked at: path, bytes, why.
    pub unseen: Vec<(Arc<str>, u64, String)>,
}

impl Coverage {
    /// Adds one file.
    pub fn add(&mut self, file: &FileCoverage) {
        self.files += 1;
        self.bytes += file.size;
        match &file.treatment {
            Treatment::Parsed(by) => *self.parsed.entry(by.clone()).or_default() += file.size,
            Treatment::Lexed(by) => {
                *self.parsed.entry(format!("{by}+lexer")).or_default() += file.size;
            }
            Treatment::Text => self.text += file.size,
            Treatment::Data(what) => *self.data.entry(what.clone()).or_default() += file.size,
            Treatment::Unseen(why) => {
                self.unseen.push((Arc::clone(&file.path), file.size, why.clone()));
            }
        }
    }

    /// Bytes not looked at.
    pub fn unseen_bytes(&self) -> u64 {
        self.unseen.iter().map(|(_, size, _)| size).sum()
    }

    /// Whether the parts sum to `size`, the size of the verified contents.
    pub fn adds_up(&self, size: u64) -> bool {
        let parts = self.parsed.values().sum::<u64>()
            + self.text
            + self.data.values().sum::<u64>()
            + self.unseen_bytes();
        parts == size && self.bytes == size
    }
}
