//! What a requirement asks for (`npm-package-arg`'s kinds), and what URLs say of a package.

use nodejs_semver::{Range, Version};
use percent_encoding::percent_decode_str;

/// A requirement by kind.
#[derive(Debug, Clone)]
pub(in crate::resolve) enum Spec<'a> {
    /// Versions from the registry.
    Range(Range),
    /// A tag of the registry (`latest`).
    Tag,
    /// `npm:name@wanted`.
    Alias { name: &'a str, wanted: &'a str },
    /// A repository.
    Git(&'a str),
    /// An archive by URL.
    Url(&'a str),
    /// A folder or an archive on disk, without `file:`.
    File(&'a str),
}

impl<'a> Spec<'a> {
    pub(in crate::resolve) fn parse(text: &'a str) -> Self {
        let text = text.trim();
        if let Some(alias) = text.strip_prefix("npm:") {
            let (name, wanted) = match alias.rfind('@') {
                Some(at) if at > 0 => (&alias[..at], &alias[at + 1..]),
                _ => (alias, ""),
            };
            return Self::Alias { name, wanted };
        }
        for prefix in ["file:", "link:", "workspace:"] {
            if let Some(path) = text.strip_prefix(prefix) {
                return Self::File(path);
            }
        }
        if text.starts_with(['.', '/', '~']) && text.contains('/') {
            return Self::File(text);
        }
        let git = ["git+", "git:", "git@", "github:", "gitlab:", "bitbucket:", "gist:", "ssh:"];
        if git.iter().any(|prefix| text.starts_with(prefix)) {
            return Self::Git(text);
        }
        if text.starts_with("https://") || text.starts_with("http://") {
            let path = text.split('#').next().unwrap_or(text);
            return if path.ends_with(".git") { Self::Git(text) } else { Self::Url(text) };
        }
        // `owner/repository` is GitHub; a range holds no slash.
        if text.contains('/') {
            return Self::Git(text);
        }
        Range::parse(text).map_or(Self::Tag, Self::Range)
    }

    /// Whether a registry answers it.
    pub(in crate::resolve) fn is_registry(&self) -> bool {
        matches!(self, Self::Range(_) | Self::Tag | Self::Alias { .. })
    }
}

/// Whether the range allows the version. What is no range or no version is not judged here.
pub(in crate::resolve) fn satisfies(range: &Range, version: &str) -> bool {
    Version::parse(version).map_or(true, |version| range.satisfies(&version))
}

/// Whether a path names an archive, not a folder.
pub(in crate::resolve) fn is_archive(path: &str) -> bool {
    [".tgz", ".tar.gz", ".tar"].iter().any(|end| path.ends_with(end))
}

/// Where a git specification points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::resolve) struct GitUrl {
    /// Without `git+`, user information and fragment.
    pub(in crate::resolve) url: String,
    /// The commit, if the fragment is one.
    pub(in crate::resolve) commit: Option<String>,
}

impl GitUrl {
    pub(in crate::resolve) fn parse(text: &str) -> Self {
        let (place, fragment) = text.split_once('#').unwrap_or((text, ""));
        let commit = (matches!(fragment.len(), 40 | 64) && fragment.bytes().all(|c| c.is_ascii_hexdigit()))
            .then(|| fragment.to_ascii_lowercase());
        let hosts = [
            ("github:", "github.com"),
            ("gitlab:", "gitlab.com"),
            ("bitbucket:", "bitbucket.org"),
            ("gist:", "gist.github.com"),
        ];
        for (prefix, host) in hosts {
            if let Some(path) = place.strip_prefix(prefix) {
                return Self { url: format!("https://{host}/{}.git", path.trim_end_matches(".git")), commit };
            }
        }
        let place = place.strip_prefix("git+").unwrap_or(place);
        let url = if place.contains("://") {
            without_user(place)
        } else if let Some((host, path)) = place.split_once(':') {
            // `git@host:owner/repository`
            format!("ssh://{}/{path}", host.rsplit('@').next().unwrap_or(host))
        } else {
            format!("https://github.com/{}.git", place.trim_end_matches(".git"))
        };
        Self { url, commit }
    }

    /// Host and path, for comparing: the same repository over another protocol is the same.
    pub(in crate::resolve) fn repository(&self) -> String {
        let place = self.url.split_once("://").map_or(self.url.as_str(), |(_, place)| place);
        place.trim_end_matches('/').trim_end_matches(".git").replacen(':', "/", 1).to_ascii_lowercase()
    }
}

/// The URL without `user:password@`.
pub(in crate::resolve) fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

/// Whether the URL carries a password or token.
pub(in crate::resolve) fn has_secret(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let end = rest.find(['/', '?', '#', '"', '\n']).unwrap_or(rest.len());
    rest[..end].rsplit_once('@').is_some_and(|(user, _)| !user.is_empty() && user != "git")
}

/// Host and port, lower case.
pub(in crate::resolve) fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    rest[..end].rsplit('@').next().unwrap_or("").to_ascii_lowercase()
}

/// What a registry's tarball URL says that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::resolve) struct Tarball {
    /// The registry: everything before the name.
    pub(in crate::resolve) registry: String,
    pub(in crate::resolve) name: String,
    pub(in crate::resolve) version: String,
}

/// Reads `<registry>/<name>/-/<name without scope>-<version>.tgz`, and the forms of GitHub
/// (`/download/<name>/<version>/<digest>`) and JSR (`/~/<n>/<name>/<version>.tgz`). `None` for
/// others: what they hold only the archive tells.
pub(in crate::resolve) fn tarball(url: &str) -> Option<Tarball> {
    let url = without_user(url);
    let plain = url.split(['?', '#']).next()?;
    let decoded = percent_decode_str(plain).decode_utf8().ok()?.into_owned();
    if let Some((before, file)) = decoded.rsplit_once("/-/") {
        let (above, last) = before.rsplit_once('/')?;
        let (registry, name) = match above.rsplit_once('/') {
            Some((registry, scope)) if scope.starts_with('@') => (registry, format!("{scope}/{last}")),
            _ => (above, last.to_owned()),
        };
        let file = file.rsplit('/').next()?;
        let stem = file.strip_suffix(".tgz").or_else(|| file.strip_suffix(".tar.gz"))?;
        let (base, version) = match stem.strip_prefix(last).and_then(|rest| rest.strip_prefix('-')) {
            Some(version) => (name, version.to_owned()),
            // The file belongs to another name than the folder.
            None => split_stem(stem)?,
        };
        return Some(Tarball { registry: registry.to_owned(), name: base, version });
    }
    let parts: Vec<&str> = decoded.split('/').collect();
    let at = |marker: &str| parts.iter().position(|part| *part == marker);
    if host(&url) == "npm.pkg.github.com"
        && let Some(at) = at("download")
        && let Some([scope, name, version, ..]) = parts.get(at + 1..)
    {
        return Some(Tarball {
            registry: parts[..at].join("/"),
            name: format!("{scope}/{name}"),
            version: (*version).to_owned(),
        });
    }
    if host(&url) == "npm.jsr.io"
        && let Some(at) = at("~")
        && let Some([_, scope, name, file, ..]) = parts.get(at + 1..)
    {
        return Some(Tarball {
            registry: parts[..at].join("/"),
            name: format!("{scope}/{name}"),
            version: file.strip_suffix(".tgz")?.to_owned(),
        });
    }
    None
}

/// `name-1.2.3-beta` at the first `-` after which a version stands.
fn split_stem(stem: &str) -> Option<(String, String)> {
    stem.match_indices('-').map(|(at, _)| (&stem[..at], &stem[at + 1..])).find_map(|(name, version)| {
        Version::parse(version).ok().map(|_| (name.to_owned(), version.to_owned()))
    })
}

/// Whether a registry could hold a package of this name: what
/// `validate-npm-package-name` lets old packages have.
pub(in crate::resolve) fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&c))
    };
    let valid = match name.strip_prefix('@').map(|rest| rest.split_once('/')) {
        Some(Some((scope, name))) => part(scope) && part(name),
        Some(None) => false,
        None => part(name) && !name.starts_with('_'),
    };
    valid && name.len() <= 214 && name != "node_modules" && name != "favicon.ico"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tarball_urls_say_name_and_version() {
        let cases = [
            "https://r.invalid/a/-/a-1.0.0.tgz",
            "https://r.invalid/@s/a/-/a-1.0.0-rc.1.tgz?x#y",
            "https://r.invalid/@s%2fa/-/a-1.0.0.tgz",
            "https://u:p@r.invalid/api/npm/all/@s/a/-/@s/a-1.0.0.tgz",
            "https://r.invalid/a/-/evil-2.0.0.tgz",
            "https://npm.pkg.github.com/download/@s/a/1.0.0/abcdef",
            "https://npm.jsr.io/~/11/@jsr/std__path/1.0.0.tgz",
            "https://x.invalid/a.tgz",
            "",
        ];
        let got: Vec<_> = cases
            .iter()
            .map(|url| match tarball(url) {
                Some(t) => format!("{} {} {}", t.registry, t.name, t.version),
                None => "none".to_owned(),
            })
            .collect();
        insta::assert_snapshot!(got.join("\n"), @r#"
        https://r.invalid a 1.0.0
        https://r.invalid @s/a 1.0.0-rc.1
        https://r.invalid @s/a 1.0.0
        https://r.invalid/api/npm/all @s/a 1.0.0
        https://r.invalid evil 2.0.0
        https://npm.pkg.github.com @s/a 1.0.0
        https://npm.jsr.io @jsr/std__path 1.0.0
        none
        none
        "#);
    }

    #[test]
    fn one_repository_in_many_notations() {
        let commit = "0123456789012345678901234567890123456789";
        for text in [
            "o/r",
            "github:o/r",
            "git@github.com:o/r.git",
            "git+ssh://git@github.com/o/r.git",
            "git+https://user:secret@github.com/O/r",
            "git://github.com/o/r.git",
            "git+ssh://git@github.com:o/r",
        ] {
            let git = GitUrl::parse(&format!("{text}#{commit}"));
            assert_eq!(git.repository(), "github.com/o/r", "{text}");
            assert_eq!(git.commit.as_deref(), Some(commit));
            assert!(!git.url.contains('@') && !git.url.contains("secret"), "{}", git.url);
        }
        assert_eq!(GitUrl::parse("o/r#main").commit, None);
    }

    #[test]
    fn requirements_have_a_kind() {
        let kind = |text| match Spec::parse(text) {
            Spec::Range(_) => "range",
            Spec::Tag => "tag",
            Spec::Alias { .. } => "alias",
            Spec::Git(_) => "git",
            Spec::Url(_) => "url",
            Spec::File(_) => "file",
        };
        let cases = [
            ("", "range"),
            ("^1.0", "range"),
            (">=1 <2 || 3.x", "range"),
            ("latest", "tag"),
            ("npm:a@1", "alias"),
            ("npm:@s/a", "alias"),
            ("o/r#semver:^1", "git"),
            ("git+https://h.invalid/r.git", "git"),
            ("https://h.invalid/a.tgz", "url"),
            ("file:../a", "file"),
            ("./a.tgz", "file"),
            ("~/a", "file"),
            ("~1.2", "range"),
        ];
        for (text, expected) in cases {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn names_that_escape_are_no_names() {
        for name in
            ["..", "a/../b", "@s/..", "", "@s", "a\\b", "a b", "node_modules", "@s/a/b", "_a", "a%2fb"]
        {
            assert!(!is_name(name), "{name}");
        }
        for name in ["a", "@s/a", "JSONStream", "a.b_c-d"] {
            assert!(is_name(name), "{name}");
        }
    }
}
