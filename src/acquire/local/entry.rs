//! One entry of a configuration file, as contents of its own.

use std::sync::Arc;

use crate::json;
use crate::model::{Contents, File, Provenance};

/// The name under which the entry's text stands in the contents.
pub const NAME: &str = "server.json";

/// The entry at `pointer` (RFC 6901) of a JSON text, as a file of its own: its bytes as written.
///
/// # Errors
/// Why there is none.
pub fn read(text: &str, pointer: &str) -> Result<Contents, String> {
    let root = json::parse(text).map_err(|error| format!("it is not JSON: {}", error.message))?;
    let node = root.at(pointer).ok_or_else(|| format!("it has no entry `{pointer}`"))?;
    let bytes = text.as_bytes()[node.range.clone()].to_vec();
    let file = File { path: NAME.into(), range: 0..bytes.len(), executable: false };
    Ok(Contents::new(Provenance::FirstParty, None, vec![file], Arc::new(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_cut_out_as_it_stands() {
        let text = "{\"mcpServers\": {\"a/b\": {\"command\":  \"x\"}}}";
        let contents = read(text, "/mcpServers/a~1b").unwrap();
        assert_eq!(contents.get(NAME), Some(&b"{\"command\":  \"x\"}"[..]));
        assert!(read(text, "/mcpServers/c").is_err() && read("{", "/a").is_err());
    }
}
