//! `go.sum` (<https://go.dev/ref/mod#go-sum-files>): module, version or version`/go.mod`, hash.

use std::collections::BTreeMap;

use base64::Engine as _;

use crate::resolve::ResolveError;
use crate::resolve::text::Text;

/// Hashes of module contents (`h1:…`, sorted) by module and version, with the offset of the line.
/// Those of `go.mod` files alone are left out: they pin no code.
pub type Sums = BTreeMap<(String, String), (Vec<String>, usize)>;

/// Reads the file. Several hashes for one version are kept: Go takes any of them.
pub fn read(doc: &Text<'_>) -> Result<Sums, ResolveError> {
    const HELP: &str = "write it again with `go mod tidy`";
    doc.no_conflict()?;
    let mut out = Sums::new();
    let mut start = 0;
    for line in doc.text().split('\n') {
        let at = start;
        start += line.len() + 1;
        let line = line.trim_end_matches('\r');
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let (module, version, hash) = match words[..] {
            [] => continue,
            [module, version, hash] => (module, version, hash),
            _ => return Err(doc.invalid(at, format!("expected 3 words, found {}", words.len()), HELP)),
        };
        if !is_hash(hash) {
            let shown: String = crate::model::escape(hash).chars().take(80).collect();
            return Err(doc.invalid(
                at,
                format!("`{shown}` is not a hash of the form `h1:` and 32 bytes in base64"),
                HELP,
            ));
        }
        if version.ends_with("/go.mod") {
            continue;
        }
        let entry = out.entry((module.to_owned(), version.to_owned())).or_insert((Vec::new(), at));
        if !entry.0.iter().any(|other| other == hash) {
            entry.0.push(hash.to_owned());
            entry.0.sort();
        }
    }
    Ok(out)
}

/// Go knows one algorithm, `h1`: SHA-256 over the list of the files' SHA-256. Another one is kept
/// by Go for versions to come; here it is one that cannot be told from damage.
fn is_hash(text: &str) -> bool {
    text.strip_prefix("h1:")
        .and_then(|value| base64::engine::general_purpose::STANDARD.decode(value).ok())
        .is_some_and(|bytes| bytes.len() == 32)
}
