//! One entry of a configuration file, as contents of its own.

use std::sync::Arc;

use crate::json;
use crate::model::{Contents, File, Provenance};

/// The name under which the entry's text stands in the contents.
pub const NAME: &str = "server.json";

/// The entry at `pointer` (RFC 6901) of a configuration, as a file of its own: its bytes as written;
/// of TOML, whose tables need not stand in one place, the same as JSON.
///
/// # Errors
/// Why there is none.
pub fn read(file: &str, text: &str, pointer: &str) -> Result<Contents, String> {
    let entry = json::configuration(file, text, |text, root| {
        let node = root.at(pointer)?;
        Some(match file.ends_with(".toml") {
            true => node.to_json().into_bytes(),
            false => text.as_bytes().get(node.range.clone())?.to_vec(),
        })
    });
    let bytes = entry
        .map_err(|error| format!("it cannot be read: {}", error.message))?
        .ok_or_else(|| format!("it has no entry `{pointer}`"))?;
    let file = File { path: NAME.into(), range: 0..bytes.len(), executable: false };
    Ok(Contents::new(Provenance::FirstParty, None, vec![file], Arc::new(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_cut_out_as_it_stands() {
        let text = "{\"mcpServers\": {\"a/b\": {\"command\":  \"x\"}}}";
        let contents = read("mcp.json", text, "/mcpServers/a~1b").unwrap();
        assert_eq!(contents.get(NAME), Some(&b"{\"command\":  \"x\"}"[..]));
        let toml = "[servers.a]\ncommand = \"x\"\n[servers.a.env]\nK = \"1\"\n";
        let contents = read("config.toml", toml, "/servers/a").unwrap();
        assert_eq!(contents.get(NAME), Some(&b"{\"command\":\"x\",\"env\":{\"K\":\"1\"}}"[..]));
        assert!(read("mcp.json", text, "/mcpServers/c").is_err() && read("mcp.json", "{", "/a").is_err());
    }
}
