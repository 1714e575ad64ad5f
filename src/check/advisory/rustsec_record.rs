//! RustSec's records: Markdown with TOML front matter, read and matched with the `rustsec` crate.

use rustsec::advisory::{Category, Informational};
use rustsec::{Advisory, advisory::Id};

use crate::model::{Ecosystem, Severity};

use super::record::{Affected, Kind, Record};

/// The crate that a path of the database is about, if the path is that of a record:
/// `[top/]crates/<name>/<id>.md`. The collection `rust/` (the standard library and tools) is not
/// about packages of a graph.
pub(super) fn crate_of(path: &str) -> Option<&str> {
    let mut parts = path.rsplit('/');
    let file = parts.next()?;
    let (name, collection) = (parts.next()?, parts.next()?);
    let record = file.ends_with(".md") && !file.starts_with('.') && !file.starts_with("RUSTSEC-0000-");
    (collection == "crates" && record && parts.count() <= 1).then_some(name)
}

/// The value of a plain `key = "…"` line in the front matter. A quick look: a record that writes
/// it in another way gives `None` and is then read as a whole.
pub(super) fn quick<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let front = text.split("\n```").next()?;
    front.lines().find_map(|line| {
        let value = line.strip_prefix(key)?.trim_start().strip_prefix('=')?.trim_start();
        value.strip_prefix('"')?.split('"').next().filter(|value| !value.contains('\\'))
    })
}

/// Reads a record; `Ok(None)` for a withdrawn one.
pub(super) fn parse(path: &str, text: &str) -> Result<Option<Record>, String> {
    let advisory: Advisory = text.parse().map_err(|error: rustsec::Error| one_line(&error.to_string()))?;
    let meta = &advisory.metadata;
    let id = meta.id.to_string();
    let stem = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".md");
    if stem != id {
        return Err(format!("holds `{id}`, which is not its name"));
    }
    if crate_of(path).is_some_and(|name| name != meta.package.as_str()) {
        return Err(format!("is about `{}`, which is not its folder", meta.package));
    }
    if meta.withdrawn.is_some() {
        return Ok(None);
    }
    let kind = match &meta.informational {
        Some(Informational::Unmaintained) => Kind::Unmaintained,
        Some(Informational::Unsound) => Kind::Unsound,
        // `notice` and what later versions of the format may add.
        Some(_) => Kind::Notice,
        None if meta.categories.contains(&Category::Malicious) => Kind::Malware,
        None => Kind::Vulnerability,
    };
    let ids = |ids: &[Id]| ids.iter().map(|id| id.as_str().to_owned()).collect();
    Ok(Some(Record {
        url: Some(format!("https://rustsec.org/advisories/{id}.html")),
        aliases: ids(&meta.aliases),
        related: ids(&meta.related),
        ecosystem: Ecosystem::Cargo,
        name: meta.package.as_str().to_owned(),
        kind,
        title: meta.title.clone(),
        cvss: meta.cvss.iter().map(ToString::to_string).collect(),
        rating: None::<Severity>,
        patched: advisory.versions.patched().iter().map(ToString::to_string).collect(),
        cwes: Default::default(),
        affected: Affected::RustSec(advisory.versions),
        id,
    }))
}

/// Errors of the TOML parser draw the line over several lines.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_records() {
        assert_eq!(crate_of("crates/time/RUSTSEC-2020-0071.md"), Some("time"));
        assert_eq!(crate_of("advisory-db-main/crates/time/RUSTSEC-2020-0071.md"), Some("time"));
        assert_eq!(crate_of("rust/std/CVE-2018-1000657.md"), None);
        assert_eq!(crate_of("crates/time/RUSTSEC-0000-0000.md"), None);
        assert_eq!(crate_of("a/b/crates/time/RUSTSEC-2020-0071.md"), None);
        assert_eq!(crate_of("README.md"), None);
    }

    #[test]
    fn the_quick_look_reads_the_front_matter_only() {
        let text = "```toml\n[advisory]\npackage = \"time\"\n```\n# t\ndate = \"2020-01-01\"\n";
        assert_eq!(quick(text, "package"), Some("time"));
        assert_eq!(quick(text, "date"), None);
    }

    #[test]
    fn a_record_under_another_name_is_refused() {
        let text = "```toml\n[advisory]\nid = \"RUSTSEC-2020-0071\"\npackage = \"time\"\ndate = \"2020-11-18\"\n\
                    [versions]\npatched = [\">= 0.2.23\"]\n```\n\n# Potential segfault\n\nBody.\n";
        let good = parse("crates/time/RUSTSEC-2020-0071.md", text).expect("a record").expect("not withdrawn");
        assert_eq!((good.id.as_str(), good.patched.join(",")), ("RUSTSEC-2020-0071", ">=0.2.23".to_owned()));
        assert!(parse("crates/time/RUSTSEC-2020-0001.md", text).is_err());
        assert!(parse("crates/chrono/RUSTSEC-2020-0071.md", text).is_err());
        assert!(parse("crates/time/RUSTSEC-2020-0071.md", "# nothing").is_err());
    }
}
