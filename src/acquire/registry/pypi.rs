//! pip's and uv's configuration, and the simple repository API (PEP 503 and 691,
//! <https://packaging.python.org/en/latest/specifications/simple-repository-api/>).
//!
//! Read are the user's and the machine's own files and the environment, never the checkout. A
//! credential in an index' URL belongs to that origin and is sent to no other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::Target;
use crate::acquire::homes::read_config;
use crate::acquire::net::{NamedBy, Secret, same_origin};
use crate::model::Digest;
use crate::resolve::pypi::{digest_of, is_default, name};

/// The index when nothing else is configured.
pub const DEFAULT_INDEX: &str = "https://pypi.org/simple/";

/// What is asked for: JSON where the index speaks it, else HTML.
pub const ACCEPT: &str =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

/// Bytes of one page. The largest of the public index are near 20 MB.
pub const PAGE_BYTES: u64 = 128 << 20;

/// Files on one page.
const PAGE_FILES: usize = 200_000;

/// What the user's configuration says.
#[derive(Debug, Clone, Default)]
pub struct PypiConfig {
    /// The indices in the order in which they are asked; empty for the default one.
    indices: Vec<Url>,
    /// Origin → credential.
    credentials: BTreeMap<String, Secret>,
    /// Folders of archives (`find-links`).
    pub folders: Vec<PathBuf>,
    /// Certificates to trust beside the system's, PEM.
    pub certificates: Option<PathBuf>,
    /// What could not be understood.
    pub problems: Vec<String>,
}

/// One file on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageFile {
    /// File name.
    pub name: String,
    /// Its address.
    pub url: Url,
    /// The digests that the index states.
    pub digests: Vec<Digest>,
    /// Why it was yanked, if it was.
    pub yanked: Option<String>,
}

impl PypiConfig {
    /// Reads pip's files (`PIP_CONFIG_FILE`, `/etc`, the home), uv's, and the environment.
    pub fn load(home: Option<&Path>, env: &dyn Fn(&str) -> Option<String>) -> Self {
        let config_home = env("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| Some(home?.join(".config")));
        let mut pip: Vec<PathBuf> = vec!["/etc/xdg/pip/pip.conf".into(), "/etc/pip.conf".into()];
        pip.extend(home.map(|home| home.join(".pip/pip.conf")));
        pip.extend(config_home.as_ref().map(|config| config.join("pip/pip.conf")));
        pip.extend(env("PIP_CONFIG_FILE").map(PathBuf::from));
        let pip: Vec<String> = pip.iter().filter_map(|path| read_config(path)).collect();
        let uv = config_home.and_then(|config| read_config(&config.join("uv/uv.toml"))).unwrap_or_default();
        Self::parse(&pip, &uv, env)
    }

    /// Parses pip's files, the last of which counts most, and `uv.toml`.
    pub fn parse(pip: &[String], uv: &str, env: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut out = Self::default();
        let mut settings: BTreeMap<String, String> = BTreeMap::new();
        for text in pip {
            settings.extend(ini(text));
        }
        for (key, name) in [
            ("index-url", "PIP_INDEX_URL"),
            ("extra-index-url", "PIP_EXTRA_INDEX_URL"),
            ("find-links", "PIP_FIND_LINKS"),
            ("cert", "PIP_CERT"),
        ] {
            if let Some(value) = env(name).filter(|value| !value.is_empty()) {
                settings.insert(key.to_owned(), value);
            }
        }
        let words = |key: &str| -> Vec<String> {
            settings.get(key).map(|v| v.split_whitespace().map(str::to_owned).collect()).unwrap_or_default()
        };
        let mut main = words("index-url");
        let mut extra = words("extra-index-url");
        let mut links = words("find-links");
        match uv.parse::<toml::Table>() {
            Ok(table) => {
                let text = |key: &str| table.get(key).and_then(|v| v.as_str()).map(str::to_owned);
                if main.is_empty() {
                    main.extend(text("index-url"));
                }
                for index in table.get("index").and_then(|v| v.as_array()).into_iter().flatten() {
                    let Some(url) = index.get("url").and_then(|v| v.as_str()) else { continue };
                    let default = index.get("default").and_then(|v| v.as_bool()) == Some(true);
                    if default { main.insert(0, url.to_owned()) } else { extra.push(url.to_owned()) }
                }
                let list = table.get("extra-index-url").and_then(|v| v.as_array()).into_iter().flatten();
                extra.extend(list.filter_map(|v| v.as_str()).map(str::to_owned));
            }
            // The parser's message may quote the line, and with it a credential.
            Err(_) => out.problems.push("`uv.toml` is not valid TOML and is left out".to_owned()),
        }
        for name in ["UV_DEFAULT_INDEX", "UV_INDEX_URL"] {
            if let Some(value) = env(name).filter(|value| !value.is_empty()) {
                main = vec![value];
                break;
            }
        }
        for name in ["UV_INDEX", "UV_EXTRA_INDEX_URL"] {
            extra.extend(env(name).unwrap_or_default().split_whitespace().map(str::to_owned));
        }
        links.extend(env("UV_FIND_LINKS").unwrap_or_default().split([',', ' ']).map(str::to_owned));
        main.truncate(1);
        if main.is_empty() && !extra.is_empty() {
            main.push(DEFAULT_INDEX.to_owned());
        }
        for written in main.into_iter().chain(extra) {
            out.index(&written);
        }
        for link in links.iter().filter(|link| !link.is_empty()) {
            if !link.contains("://") {
                out.folders.push(PathBuf::from(link));
            }
        }
        out.certificates = settings.get("cert").map(PathBuf::from);
        out
    }

    /// Adds an index as written (`name=url` in uv's variable).
    fn index(&mut self, written: &str) {
        let bare = match written.split_once('=') {
            Some((name, url)) if !name.contains("://") => url,
            _ => written,
        };
        let Some(mut url) = Url::parse(bare).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
        else {
            self.problems.push("a configured package index is no http(s) URL and is left out".to_owned());
            return;
        };
        if !url.username().is_empty() {
            let decode = |text: &str| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
            let pair = [decode(url.username()), b":".to_vec(), decode(url.password().unwrap_or(""))].concat();
            let value = Secret::new(format!("Basic {}", STANDARD.encode(pair)));
            let _ = url.set_username("");
            let _ = url.set_password(None);
            self.credentials.insert(url.origin().ascii_serialization(), value);
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        if !self.indices.contains(&url) {
            self.indices.push(url);
        }
    }

    /// The indices that are asked, in order, without credentials.
    pub fn indices(&self) -> Vec<Url> {
        if self.indices.is_empty() {
            Url::parse(DEFAULT_INDEX).into_iter().collect()
        } else {
            self.indices.clone()
        }
    }

    /// Their URLs, for comparing with what a checkout names.
    pub fn registries(&self) -> Vec<String> {
        self.indices.iter().map(Url::to_string).collect()
    }

    /// Whether the user's own configuration names the origin of `url`.
    fn names(&self, url: &Url) -> bool {
        self.indices().iter().any(|index| same_origin(index, url)) || self.uses_default() && is_default(url)
    }

    fn uses_default(&self) -> bool {
        self.indices().iter().any(is_default)
    }

    /// An address with what may be shown there.
    pub fn at(&self, url: Url) -> Target {
        let by = if self.names(&url) { NamedBy::User } else { NamedBy::Checkout };
        let authorization = self.credentials.get(&url.origin().ascii_serialization());
        Target { authorization: authorization.filter(|_| by == NamedBy::User).cloned(), url, by }
    }

    /// The address of a file that a page of `index` names. Plain HTTP is for those who configured a
    /// plain HTTP index.
    pub fn on_page(&self, index: &Target, url: Url) -> Target {
        if same_origin(&index.url, &url) {
            return Target { url, ..index.clone() };
        }
        let known = self.at(url);
        let by = match index.by {
            NamedBy::User if known.url.scheme() == "https" => NamedBy::User,
            _ => known.by,
        };
        Target { by, ..known }
    }

    /// Where the lockfile's own address of an archive is asked; `None` where its name has to be looked
    /// up on a page instead. `foreign`: the lockfile names an index of its own for the package.
    pub fn direct(&self, written: &str, foreign: bool) -> Option<Target> {
        let url = Url::parse(written).ok()?;
        // Lockfiles name the public index where a mirror stands in its place.
        let known = self.names(&url) && (!is_default(&url) || self.uses_default());
        (known || foreign && !is_default(&url)).then(|| self.at(url))
    }

    /// The page of a distribution on an index.
    pub fn page(&self, index: &Url, distribution: &str) -> Option<Target> {
        if !name::is_name(distribution) {
            return None;
        }
        let mut url = index.clone();
        let slash = if url.path().ends_with('/') { "" } else { "/" };
        url.set_path(&format!("{}{slash}{}/", index.path(), name::normal(distribution)));
        Some(self.at(url))
    }
}

/// `key = value` of the sections that `pip download` reads; values may go on on indented lines.
fn ini(text: &str) -> BTreeMap<String, String> {
    let mut out: BTreeMap<String, String> = BTreeMap::new();
    let mut read = false;
    let mut last: Option<String> = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(section) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            read = matches!(section, "global" | "install" | "download");
            last = None;
        } else if line.starts_with([' ', '\t']) && last.is_some() {
            if let Some(value) = last.as_ref().and_then(|key| out.get_mut(key)) {
                value.push(' ');
                value.push_str(trimmed);
            }
        } else if let Some((key, value)) = trimmed.split_once(['=', ':']).filter(|_| read) {
            let key = key.trim().to_ascii_lowercase().replace('_', "-");
            out.insert(key.clone(), value.trim().to_owned());
            last = Some(key);
        }
    }
    out
}

#[derive(serde::Deserialize)]
struct JsonPage {
    files: Vec<JsonFile>,
}

#[derive(serde::Deserialize)]
struct JsonFile {
    filename: String,
    url: String,
    #[serde(default)]
    hashes: BTreeMap<String, String>,
    #[serde(default)]
    yanked: serde_json::Value,
}

/// Reads a page of either form. `base` is its address.
///
/// # Errors
/// Where it is neither.
pub fn parse_page(bytes: &[u8], base: &Url) -> Result<Vec<PageFile>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "its page is not UTF-8".to_owned())?;
    let files = if text.trim_start().starts_with('{') {
        let page: JsonPage =
            serde_json::from_str(text).map_err(|_| "its page is not one of the simple API".to_owned())?;
        page.files
            .into_iter()
            .filter_map(|file| {
                let digests = file.hashes.iter().filter_map(|(name, hex)| digest_of(name, hex)).collect();
                let yanked = match file.yanked {
                    serde_json::Value::String(why) => Some(why),
                    serde_json::Value::Bool(true) => Some(String::new()),
                    _ => None,
                };
                Some(PageFile { name: file.filename, url: base.join(&file.url).ok()?, digests, yanked })
            })
            .collect()
    } else {
        anchors(text, base)
    };
    if files.len() > PAGE_FILES {
        return Err(format!("its page names more than {PAGE_FILES} files"));
    }
    Ok(files)
}

/// The anchors of an HTML page: `<a href="…#sha256=…" data-yanked="…">name</a>`.
fn anchors(text: &str, base: &Url) -> Vec<PageFile> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("<a").or_else(|| rest.find("<A")) {
        rest = &rest[at + 2..];
        if !rest.starts_with(char::is_whitespace) {
            continue;
        }
        let (attributes, after) = attributes(rest);
        rest = after;
        let value = |key: &str| attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value);
        let Some(mut url) = value("href").and_then(|href| base.join(href).ok()) else { continue };
        let end = rest.find('<').unwrap_or(rest.len());
        let shown = unescape(rest[..end].trim());
        let digest = url.fragment().and_then(|fragment| fragment.split_once('='));
        let digests = digest.and_then(|(name, hex)| digest_of(name, hex)).into_iter().collect();
        url.set_fragment(None);
        let name = if shown.is_empty() { name::file_name(url.path()) } else { shown };
        out.push(PageFile { name, url, digests, yanked: value("data-yanked").cloned() });
        if out.len() > PAGE_FILES {
            break;
        }
    }
    out
}

/// The attributes of a tag and what follows its `>`.
fn attributes(text: &str) -> (Vec<(String, String)>, &str) {
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return (out, rest);
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (out, after);
        }
        let end = rest.find(|c: char| c.is_whitespace() || "=>/".contains(c)).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end.max(rest.chars().next().map_or(0, char::len_utf8)));
        rest = after.trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| ['"', '\''].contains(c));
            (value, rest) = match quote {
                Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                None => {
                    after.split_at(after.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(after.len()))
                }
            };
        }
        out.push((key.to_ascii_lowercase(), unescape(value)));
    }
}

/// The entities that index pages use.
fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let pairs =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn config(pip: &str, uv: &str, env: &[(&str, &str)]) -> PypiConfig {
        PypiConfig::parse(&[pip.to_owned()], uv, &|name| {
            env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn shown(target: Option<Target>) -> String {
        target.map_or_else(
            || "page".to_owned(),
            |t| {
                format!(
                    "{} {:?} {}",
                    t.url,
                    t.by,
                    t.authorization.map_or("-".to_owned(), |s| s.expose().to_owned())
                )
            },
        )
    }

    #[test]
    fn the_users_own_configuration_counts() {
        let pip = "[global]\nindex-url = https://u:p%40@m.invalid/simple\nextra-index-url =\n  https://e.invalid/x/\n[list]\nformat = json\n";
        let mine = config(pip, "", &[]);
        let urls: Vec<String> = mine.indices().iter().map(Url::to_string).collect();
        assert_eq!(urls, ["https://m.invalid/simple/", "https://e.invalid/x/"]);
        let none = config("", "", &[]);
        assert_eq!(none.indices()[0].as_str(), DEFAULT_INDEX);
        let uv = config(
            pip,
            "[[index]]\nurl = \"https://v.invalid/\"\n",
            &[("UV_DEFAULT_INDEX", "https://d.invalid/s")],
        );
        assert_eq!(uv.indices()[0].as_str(), "https://d.invalid/s/");
        let all = [
            shown(mine.page(&mine.indices()[0], "Foo_bar")),
            shown(mine.direct("https://files.pythonhosted.org/packages/a/x.whl", false)),
            shown(mine.direct("https://m.invalid/files/x.whl", false)),
            shown(mine.direct("https://evil.invalid/x.whl", false)),
            shown(mine.direct("https://other.invalid/x.whl", true)),
            shown(none.direct("https://files.pythonhosted.org/packages/a/x.whl", false)),
            shown(none.direct("http://files.pythonhosted.org/packages/a/x.whl", false)),
            shown(none.page(&none.indices()[0], "../x")),
        ];
        insta::assert_snapshot!(all.join("\n"), @"
    https://m.invalid/simple/foo-bar/ User Basic dTpwQA==
    page
    https://m.invalid/files/x.whl User Basic dTpwQA==
    page
    https://other.invalid/x.whl Checkout -
    https://files.pythonhosted.org/packages/a/x.whl User -
    page
    page
    ");
    }

    #[test]
    fn pages_of_both_forms_say_the_same() {
        let base = Url::parse("https://m.invalid/simple/x/").expect("a URL");
        let hex = "ab".repeat(32);
        let html = format!(
            "<!DOCTYPE html><html><body><a href=\"../../f/x-1.tar.gz#sha256={hex}\" data-yanked=\"bad &amp; old\">x-1.tar.gz</a><br/>\n<A HREF='/f/x-2-py3-none-any.whl' data-requires-python='&gt;=3'>x-2-py3-none-any.whl</A></body></html>"
        );
        let json = format!(
            r#"{{"meta":{{"api-version":"1.0"}},"name":"x","files":[{{"filename":"x-1.tar.gz","url":"../../f/x-1.tar.gz","hashes":{{"sha256":"{hex}"}},"yanked":"bad & old"}},{{"filename":"x-2-py3-none-any.whl","url":"https://m.invalid/f/x-2-py3-none-any.whl","hashes":{{}},"yanked":false}}]}}"#
        );
        let html = parse_page(html.as_bytes(), &base).expect("HTML");
        assert_eq!(html, parse_page(json.as_bytes(), &base).expect("JSON"));
        assert_eq!((html.len(), html[0].digests.len()), (2, 1));
        assert_eq!(html[0].yanked.as_deref(), Some("bad & old"));
        assert!(parse_page(b"{\"files\":1}", &base).is_err() && parse_page(b"\xff", &base).is_err());
    }

    proptest! {
        #[test]
        fn no_page_and_no_configuration_panics(text in "\\PC{0,80}", tag in "(<a [a-z=\"'#&;/>é ]{0,40}){0,4}") {
            let base = Url::parse("https://m.invalid/").expect("a URL");
            let _ = parse_page(text.as_bytes(), &base);
            let _ = parse_page(tag.as_bytes(), &base);
            config(&text, &text, &[("PIP_INDEX_URL", &text)]);
        }

        #[test]
        fn no_credential_goes_to_a_host_that_the_user_does_not_name(host in "[a-z]{1,8}", path in "\\PC{0,20}") {
            let mine = config("[global]\nindex-url = https://u:sesame@mine.invalid/simple\n", "", &[]);
            for foreign in [false, true] {
                if let Some(target) = mine.direct(&format!("https://{host}.test/{path}"), foreign) {
                    prop_assert!(target.authorization.is_none());
                }
            }
        }
    }
}
