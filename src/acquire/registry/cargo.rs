//! Cargo's configuration: source replacement, alternative registries and their credentials
//! (<https://doc.rust-lang.org/cargo/reference/source-replacement.html>,
//! <https://doc.rust-lang.org/cargo/reference/registry-index.html#index-configuration>).
//!
//! Read from `$CARGO_HOME` and the environment, never from the checkout.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use url::Url;

use super::Target;
use crate::acquire::limits;
use crate::acquire::net::{Client, FetchError, NamedBy, Secret, same_origin};

/// Where crates.io's archives are. Its index says the same; asking it would cost a request.
pub const CRATES_IO_DOWNLOADS: &str = "https://static.crates.io/crates";

/// crates.io's sparse index.
const CRATES_IO_INDEX: &str = "https://index.crates.io/";

/// A registry or what stands in its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct SourceConfig {
    registry: Option<String>,
    replace_with: Option<String>,
    directory: Option<PathBuf>,
    local_registry: Option<PathBuf>,
}

/// What the user's configuration says.
#[derive(Debug, Clone, Default)]
pub struct CargoConfig {
    sources: BTreeMap<String, SourceConfig>,
    /// Name → index URL.
    registries: BTreeMap<String, String>,
    /// Name → token; `crates-io` for the default registry.
    tokens: BTreeMap<String, Secret>,
    /// Why a file could not be read: then nothing is downloaded for Cargo.
    pub problem: Option<String>,
    /// Certificates to trust beside the system's (`http.cainfo`), PEM.
    pub certificates: Option<PathBuf>,
}

/// Where a registry's archives really come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// crates.io itself.
    CratesIo,
    /// A registry by index URL, with its name where the user gave it one.
    Index {
        /// URL, still with `sparse+` where it is one.
        url: String,
        /// The user's name for it.
        name: Option<String>,
    },
    /// A folder of vendored packages.
    Directory(PathBuf),
    /// A folder of `.crate` files.
    LocalRegistry(PathBuf),
}

/// An index' `config.json`.
#[derive(Debug, Clone, serde::Deserialize)]
struct IndexConfig {
    dl: String,
    #[serde(default, rename = "auth-required")]
    auth_required: bool,
}

/// How to download from one registry.
#[derive(Debug, Clone)]
pub struct Downloads {
    template: String,
    by: NamedBy,
    authorization: Option<Secret>,
}

impl CargoConfig {
    /// Reads `config.toml` and `credentials.toml` of `home`, and the environment.
    pub fn load(home: &Path, env: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut problem = None;
        let mut read = |names: [&str; 2]| {
            for name in names {
                match std::fs::read_to_string(home.join(name)) {
                    Ok(text) => return text,
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(error) => {
                        problem = Some(format!("`$CARGO_HOME/{name}` cannot be read: {}", error.kind()));
                    }
                }
            }
            String::new()
        };
        let config = read(["config.toml", "config"]);
        let credentials = read(["credentials.toml", "credentials"]);
        let mut out = Self::parse(&config, &credentials, home, env);
        out.problem = out.problem.or(problem);
        out
    }

    /// Parses the two files. Relative paths are relative to the folder that holds `home`.
    pub fn parse(config: &str, credentials: &str, home: &Path, env: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut out = Self::default();
        let base = home.parent().unwrap_or(home);
        let mut tables = Vec::new();
        for (name, text) in [("config.toml", config), ("credentials.toml", credentials)] {
            match text.parse::<toml::Table>() {
                Ok(table) => tables.push(table),
                Err(error) => {
                    let line = error
                        .span()
                        .map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
                    // The parser's message may quote the line, and with it a token.
                    out.problem = Some(format!("`$CARGO_HOME/{name}`, line {line}, is not valid TOML"));
                    return out;
                }
            }
        }
        for table in &tables {
            for (name, source) in section(table, "source") {
                let text = |key: &str| source.get(key).and_then(|value| value.as_str()).map(str::to_owned);
                let path = |key: &str| text(key).map(|path| base.join(path));
                let source = SourceConfig {
                    registry: text("registry"),
                    replace_with: text("replace-with"),
                    directory: path("directory"),
                    local_registry: path("local-registry"),
                };
                out.sources.insert(name.clone(), source);
            }
            for (name, registry) in section(table, "registries") {
                if let Some(index) = registry.get("index").and_then(|value| value.as_str()) {
                    out.registries.insert(name.clone(), index.to_owned());
                }
                if let Some(token) = registry.get("token").and_then(|value| value.as_str()) {
                    out.tokens.insert(name.clone(), Secret::new(token));
                }
            }
            if let Some(path) = table.get("http").and_then(|http| http.get("cainfo")?.as_str()) {
                out.certificates = Some(base.join(path));
            }
            if let Some(token) = table.get("registry").and_then(|registry| registry.get("token")?.as_str()) {
                out.tokens.insert("crates-io".to_owned(), Secret::new(token));
            }
        }
        let names: Vec<_> = out.registries.keys().cloned().collect();
        for name in names {
            let upper = name.to_uppercase().replace('-', "_");
            if let Some(index) = env(&format!("CARGO_REGISTRIES_{upper}_INDEX")) {
                out.registries.insert(name.clone(), index);
            }
            if let Some(token) = env(&format!("CARGO_REGISTRIES_{upper}_TOKEN")) {
                out.tokens.insert(name, Secret::new(token));
            }
        }
        if let Some(token) = env("CARGO_REGISTRY_TOKEN") {
            out.tokens.insert("crates-io".to_owned(), Secret::new(token));
        }
        out
    }

    /// Follows source replacement from the registry that a lockfile names (`None`: crates.io).
    ///
    /// # Errors
    /// Where the configuration cannot be read, names a source that is not there, or goes in a
    /// circle.
    pub fn place(&self, registry: Option<&str>) -> Result<Place, String> {
        if let Some(problem) = &self.problem {
            return Err(problem.clone());
        }
        let mut url = registry.filter(|url| !is_crates_io(url)).map(str::to_owned);
        let mut name = match &url {
            None => Some("crates-io".to_owned()),
            Some(url) => self.name_of(url),
        };
        for _ in 0..limits::SOURCE_REPLACEMENTS {
            let source = name.as_ref().and_then(|name| self.sources.get(name));
            let Some(source) = source else {
                let index = name.as_ref().and_then(|name| self.registries.get(name)).cloned();
                return match (index.or(url), name) {
                    (None, _) => Ok(Place::CratesIo),
                    (Some(url), name) => Ok(Place::Index { url, name }),
                };
            };
            if let Some(next) = &source.replace_with {
                if !self.sources.contains_key(next) && !self.registries.contains_key(next) {
                    return Err(format!("`replace-with = \"{next}\"` names a source that is not configured"));
                }
                (name, url) = (Some(next.clone()), None);
                continue;
            }
            if let Some(folder) = &source.directory {
                return Ok(Place::Directory(folder.clone()));
            }
            if let Some(folder) = &source.local_registry {
                return Ok(Place::LocalRegistry(folder.clone()));
            }
            return match source.registry.clone().or(url) {
                Some(url) if !is_crates_io(&url) => Ok(Place::Index { url, name }),
                _ => Ok(Place::CratesIo),
            };
        }
        Err("source replacement goes in a circle".to_owned())
    }

    /// The user's name for a registry.
    fn name_of(&self, url: &str) -> Option<String> {
        let url = bare(url);
        let sources =
            self.sources.iter().filter_map(|(name, source)| Some((name, source.registry.as_ref()?)));
        sources.chain(&self.registries).find(|(_, known)| bare(known) == url).map(|(name, _)| name.clone())
    }

    /// Where the lines of a crate stand in the sparse index that takes crates.io's place.
    ///
    /// # Errors
    /// Where there is no sparse index, or the name is not one of a crate.
    pub fn lines(&self, crate_name: &str) -> Result<Target, String> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if crate_name.is_empty() || !crate_name.bytes().all(fits) {
            return Err(format!("`{}` is no name of a crate", crate::model::escape(crate_name)));
        }
        let (index, name) = match self.place(None)? {
            Place::CratesIo => (CRATES_IO_INDEX.to_owned(), None),
            Place::Index { url, name } => match url.strip_prefix("sparse+") {
                Some(url) => (url.trim_end_matches('/').to_owned() + "/", name),
                None => return Err("its index is a git repository, only sparse indices are read".to_owned()),
            },
            Place::Directory(_) | Place::LocalRegistry(_) => {
                return Err("your configuration replaces its registry by a folder".to_owned());
            }
        };
        let lower = crate_name.to_ascii_lowercase();
        let url = Url::parse(&format!("{index}{}/{lower}", prefix(&lower)))
            .map_err(|error| format!("the index has no valid URL: {error}"))?;
        let authorization = name.and_then(|name| self.tokens.get(&name)).cloned();
        Ok(Target { url, by: NamedBy::User, authorization })
    }

    /// Asks a registry's index how to download, with the credential if it wants one.
    ///
    /// # Errors
    /// Where the index is not a sparse one, or does not answer.
    pub fn downloads(&self, place: &Place, client: &Client) -> Result<Downloads, String> {
        let (index, name) = match place {
            Place::CratesIo => {
                let template = CRATES_IO_DOWNLOADS.to_owned() + "/{crate}/{crate}-{version}.crate";
                return Ok(Downloads { template, by: NamedBy::User, authorization: None });
            }
            Place::Index { url, name } => (url, name),
            Place::Directory(_) | Place::LocalRegistry(_) => {
                return Err(
                    "your configuration replaces its registry by a folder that does not hold it".to_owned()
                );
            }
        };
        let Some(sparse) = index.strip_prefix("sparse+") else {
            return Err("its index is a git repository, only sparse indices are read; run `cargo fetch` first, its cache is read".to_owned());
        };
        let slash = if sparse.ends_with('/') { "" } else { "/" };
        let url = Url::parse(&format!("{sparse}{slash}config.json"))
            .map_err(|error| format!("the index has no valid URL: {error}"))?;
        // What only the lockfile names gets no credential.
        let by = if name.is_some() { NamedBy::User } else { NamedBy::Checkout };
        let token = name.as_ref().and_then(|name| self.tokens.get(name));
        let answer = match client.get(&url, by, None, limits::CONFIG_BYTES) {
            Err(FetchError::Status { status, .. }) if status.starts_with("401") && token.is_some() => {
                client.get(&url, by, token, limits::CONFIG_BYTES)
            }
            answer => answer,
        };
        let answer = answer.map_err(|error| format!("{error}; {}", error.help()))?;
        let config: IndexConfig = serde_json::from_slice(&answer)
            .map_err(|_| "its `config.json` is not one of a registry index".to_owned())?;
        if config.auth_required && token.is_none() {
            let name = name.as_deref().unwrap_or("it");
            return Err(format!("it asks for a credential; run `cargo login --registry {name}`"));
        }
        let template = if config.dl.contains('{') {
            config.dl
        } else {
            config.dl.trim_end_matches('/').to_owned() + "/{crate}/{version}/download"
        };
        let authorization = token.filter(|_| config.auth_required).cloned();
        let by = by_of(&template, &url, by);
        Ok(Downloads { template, by, authorization })
    }
}

/// Plain HTTP is for those who configured a plain HTTP index.
fn by_of(template: &str, index: &Url, by: NamedBy) -> NamedBy {
    match Url::parse(&template.replace(['{', '}'], "")) {
        Ok(url) if url.scheme() == "http" && index.scheme() != "http" && !same_origin(&url, index) => {
            NamedBy::Checkout
        }
        _ => by,
    }
}

impl Downloads {
    /// The address of one version.
    ///
    /// # Errors
    /// Where the registry's template gives no URL.
    pub fn target(&self, name: &str, version: &str, sha256: &str) -> Result<Target, String> {
        let plain = |text: &str, more: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
            !text.is_empty() && text.chars().all(fits)
        };
        if !plain(name, "-_") || !plain(version, "-_.+") {
            return Err("the lockfile's name or version is not one of a crate".to_owned());
        }
        let prefix = prefix(name);
        let url = self
            .template
            .replace("{crate}", name)
            .replace("{version}", version)
            .replace("{prefix}", &prefix)
            .replace("{lowerprefix}", &prefix.to_lowercase())
            .replace("{sha256-checksum}", sha256);
        let url = Url::parse(&url).map_err(|_| "the registry's download template gives no URL".to_owned())?;
        Ok(Target { url, by: self.by, authorization: self.authorization.clone() })
    }
}

/// The folder of a crate in an index: `1`, `2`, `3/a`, `ab/cd`.
fn prefix(name: &str) -> String {
    let part = |from: usize, to: usize| name.get(from..to).unwrap_or("");
    match name.len() {
        0..=2 => name.len().to_string(),
        3 => format!("3/{}", part(0, 1)),
        _ => format!("{}/{}", part(0, 2), part(2, 4)),
    }
}

fn section<'a>(table: &'a toml::Table, key: &str) -> impl Iterator<Item = (&'a String, &'a toml::Value)> {
    table.get(key).and_then(|value| value.as_table()).into_iter().flatten()
}

/// Whether a lockfile's registry is crates.io, by either of its indices.
pub fn is_crates_io(url: &str) -> bool {
    matches!(bare(url), "https://github.com/rust-lang/crates.io-index" | "https://index.crates.io")
}

fn bare(url: &str) -> &str {
    let url = url.strip_prefix("registry+").unwrap_or(url);
    url.strip_prefix("sparse+").unwrap_or(url).trim_end_matches('/').trim_end_matches(".git")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn config(text: &str) -> CargoConfig {
        CargoConfig::parse(text, "", Path::new("/home/u/.cargo"), &|_| None)
    }

    fn index(url: &str, name: &str) -> Place {
        Place::Index { url: url.to_owned(), name: Some(name.to_owned()) }
    }

    #[test]
    fn sources_are_replaced_as_cargo_does_it() {
        let none = config("");
        assert_eq!(none.place(None), Ok(Place::CratesIo));
        assert_eq!(none.place(Some("https://github.com/rust-lang/crates.io-index")), Ok(Place::CratesIo));
        let unknown = Place::Index { url: "sparse+https://r.invalid/".to_owned(), name: None };
        assert_eq!(none.place(Some("sparse+https://r.invalid/")), Ok(unknown));

        let mirror = config(
            "[source.crates-io]\nreplace-with=\"m\"\n[source.m]\nregistry=\"sparse+https://m.invalid/i/\"",
        );
        assert_eq!(mirror.place(None), Ok(index("sparse+https://m.invalid/i/", "m")));

        let named = config(
            "[source.crates-io]\nreplace-with=\"corp\"\n[registries.corp]\nindex=\"sparse+https://c.invalid/\"",
        );
        assert_eq!(named.place(None), Ok(index("sparse+https://c.invalid/", "corp")));
        assert_eq!(
            named.place(Some("sparse+https://c.invalid/")),
            Ok(index("sparse+https://c.invalid/", "corp"))
        );

        let folder = config("[source.crates-io]\nreplace-with=\"v\"\n[source.v]\ndirectory=\"vendor\"");
        assert_eq!(folder.place(None), Ok(Place::Directory("/home/u/vendor".into())));
        let local = config("[source.crates-io]\nreplace-with=\"v\"\n[source.v]\nlocal-registry=\"/r\"");
        assert_eq!(local.place(None), Ok(Place::LocalRegistry("/r".into())));
    }

    #[test]
    fn a_configuration_that_makes_no_sense_says_so_and_shows_no_secret() {
        let circle = config("[source.crates-io]\nreplace-with=\"a\"\n[source.a]\nreplace-with=\"crates-io\"");
        assert_eq!(circle.place(None), Err("source replacement goes in a circle".to_owned()));
        let missing = config("[source.crates-io]\nreplace-with=\"gone\"");
        assert!(missing.place(None).expect_err("missing").contains("`replace-with = \"gone\"`"));
        let broken = CargoConfig::parse("", "[registry]\ntoken = sesame", Path::new("/h/.cargo"), &|_| None);
        let said = broken.place(None).expect_err("broken");
        assert_eq!(said, "`$CARGO_HOME/credentials.toml`, line 2, is not valid TOML");
    }

    #[test]
    fn folders_of_an_index_follow_the_length_of_the_name() {
        let all = ["a", "ab", "abc", "abcd", "Cargo"].map(prefix);
        assert_eq!(all, ["1", "2", "3/a", "ab/cd", "Ca/rg"]);
    }

    #[test]
    fn a_name_that_is_no_crates_name_gets_no_address() {
        let downloads = Downloads {
            template: "https://r.invalid/{crate}".to_owned(),
            by: NamedBy::User,
            authorization: None,
        };
        for name in ["../x", "a?b", "a b", "", "a%2f"] {
            assert!(downloads.target(name, "1.0.0", "").is_err(), "{name}");
        }
        assert!(downloads.target("a-b_c", "1.0.0-rc.1+x", "").is_ok());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,80}", url in "\\PC{0,40}") {
            let _ = config(&text).place(Some(&url));
            let _ = config(&format!("[source.crates-io]\nreplace-with=\"a\"\n[source.a]\nregistry={text:?}")).place(None);
        }
    }
}
