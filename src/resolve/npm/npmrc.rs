//! `.npmrc` files: their lines, and the registries that a checkout's own file names
//! (<https://docs.npmjs.com/cli/v11/configuring-npm/npmrc>).
//!
//! The checkout may be hostile. Of its file only registries are read; `${…}` stays as it is, so
//! that no variable of the environment becomes part of an address.

use std::collections::BTreeMap;
use std::path::Path;

use url::Url;

/// Largest file that is read, in bytes.
pub const MAX_BYTES: u64 = 1 << 20;

/// A registry that a checkout's file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// `@scope`, or `None` for the default registry.
    pub scope: Option<String>,
    /// Its address, ending in `/`, without user information.
    pub url: Url,
    /// 1-based line.
    pub line: u32,
}

/// The text of the `.npmrc` in the folder `dir` (from the root); `Ok(None)` if there is none.
///
/// # Errors
/// Why one that is there is not read.
pub fn read(root: &Path, dir: &str) -> Result<Option<String>, String> {
    let path = root.join(dir).join(".npmrc");
    match std::fs::symlink_metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.kind().to_string()),
        Ok(_) => {}
    }
    let real = std::fs::canonicalize(&path).map_err(|error| error.kind().to_string())?;
    let root = std::fs::canonicalize(root).map_err(|error| error.kind().to_string())?;
    if !real.starts_with(root) {
        return Err("it is a link that leaves the audited folder".to_owned());
    }
    let meta = std::fs::metadata(&real).map_err(|error| error.kind().to_string())?;
    if !meta.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    if meta.len() > MAX_BYTES {
        return Err(format!("{} bytes, more than the limit of {MAX_BYTES}", meta.len()));
    }
    let bytes = std::fs::read(&real).map_err(|error| error.kind().to_string())?;
    String::from_utf8(bytes).map(Some).map_err(|_| "it is not UTF-8".to_owned())
}

/// The registries of a checkout's file, one for each scope; of two the last counts.
pub fn registries(text: &str) -> Vec<Named> {
    let mut out: BTreeMap<Option<String>, Named> = BTreeMap::new();
    for (line, key, value) in lines(text) {
        let Some(url) = registry_url(&value).filter(|_| !value.contains("${")) else { continue };
        let scope = match scope_of(&key) {
            Some(scope) => Some(scope.to_owned()),
            None if key == "registry" => None,
            None => continue,
        };
        let line = u32::try_from(line).unwrap_or(u32::MAX);
        out.insert(scope.clone(), Named { scope, url, line });
    }
    out.into_values().collect()
}

/// Keys that name a program which npm starts, or a module which it loads.
const PROGRAMS: [&str; 9] = [
    "editor",
    "git",
    "init-module",
    "node-gyp",
    "onload-script",
    "python",
    "script-shell",
    "shell",
    "viewer",
];

/// Options of node that load a module.
const LOADERS: [&str; 5] = ["--require", "-r", "--import", "--loader", "--experimental-loader"];

/// Where the system's own programs lie.
const SYSTEM: [&str; 5] = ["/bin/", "/usr/", "/opt/", "C:\\Windows\\", "C:\\Program Files"];

/// Lines that have npm start or load a file that is not the system's: number and key.
pub fn programs(text: &str) -> Vec<(u32, String)> {
    let is_file = |value: &str| {
        value.contains(['/', '\\']) && !SYSTEM.iter().any(|system| value.starts_with(system))
            || value.contains("..")
    };
    let loads = |value: &str| {
        let mut words = value.split([' ', '=', '\t']).map(|word| word.trim_matches(['"', '\'']));
        words.any(|word| LOADERS.contains(&word))
    };
    lines(text)
        .filter(|(_, key, value)| match key.as_str() {
            "node-options" => loads(value),
            key => PROGRAMS.contains(&key) && is_file(value),
        })
        .map(|(line, key, _)| (u32::try_from(line).unwrap_or(u32::MAX), key))
        .collect()
}

/// `@scope:registry` → `@scope`.
pub fn scope_of(key: &str) -> Option<&str> {
    key.strip_suffix(":registry").filter(|scope| scope.starts_with('@'))
}

/// A registry's URL, ending in `/`, without user information.
pub fn registry_url(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    url.host_str().filter(|host| !host.is_empty())?;
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Some(url)
}

/// Lines `key = value` with their numbers; comments, sections and list entries are left out.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, String, String)> + '_ {
    text.lines().enumerate().filter_map(|(at, line)| {
        let line = line.trim();
        if line.is_empty() || line.starts_with([';', '#', '[']) {
            return None;
        }
        let (key, value) = line.split_once('=')?;
        let unquote = |text: &str| {
            let text = text.trim();
            ['"', '\'']
                .iter()
                .find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote))
                .unwrap_or(text)
                .to_owned()
        };
        Some((at + 1, unquote(key), unquote(value)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_start_or_load_a_file_are_told_from_honest_ones() {
        let text = "git=./x.sh\nscript-shell = /bin/bash\nscript-shell=bash\nnode-options=--max-old-space-size=4096\n\
            node-options=\"--require ./x.js\"\nnode-options=--import=data:text/javascript,1\neditor=vim\n\
            shell=/home/me/x\npython=/usr/bin/python3\nonload-script=../x.js\nshell=/bin/../tmp/x\n";
        let got: Vec<_> = programs(text).into_iter().map(|(line, key)| format!("{line} {key}")).collect();
        assert_eq!(
            got,
            ["1 git", "5 node-options", "6 node-options", "8 shell", "10 onload-script", "11 shell"]
        );
    }

    #[test]
    fn only_registries_are_read_and_no_variable_is_expanded() {
        let text = "; a comment\nregistry=https://u:p@a.invalid/npm\n@s:registry = \"https://b.invalid\"\n\
            @t:registry=https://${HOME}.invalid/\n//c.invalid/:_authToken=x\nregistry=ftp://d.invalid\n";
        let got: Vec<_> = registries(text)
            .into_iter()
            .map(|named| format!("{} {} {}", named.line, named.scope.unwrap_or_default(), named.url))
            .collect();
        assert_eq!(got, ["2  https://a.invalid/npm/", "3 @s https://b.invalid/"]);
    }
}
