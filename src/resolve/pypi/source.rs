//! Where an entry's archives come from, and its package URL.

use url::Url;

use super::name::file_name;
use crate::discover::paths;
use crate::model::{Artifact, Digest, HashAlgorithm, Source};

/// Hosts of the default index and of its files.
const DEFAULT_HOSTS: [&str; 3] = ["pypi.org", "files.pythonhosted.org", "pypi.python.org"];

/// Whether a URL is one of the default index, or of its files.
pub fn is_default(url: &Url) -> bool {
    url.scheme() == "https"
        && url.port().is_none()
        && url.host_str().is_some_and(|host| DEFAULT_HOSTS.contains(&host))
}

/// A URL without user information; as it is where it is none.
pub(super) fn without_user(url: &str) -> String {
    match Url::parse(url) {
        Ok(mut parsed) if !parsed.username().is_empty() || parsed.password().is_some() => {
            let _ = parsed.set_username("");
            let _ = parsed.set_password(None);
            parsed.into()
        }
        _ => url.to_owned(),
    }
}

/// The source of what an index has; `None` or the default index' URL stand for the default.
pub(super) fn registry(index: Option<&str>) -> Source {
    let default = |url: &str| Url::parse(url).is_ok_and(|url| is_default(&url));
    let registry =
        index.filter(|url| !default(url)).map(|url| without_user(url).trim_end_matches('/').to_owned());
    Source::Registry { registry, url: None }
}

/// The source of a repository: `git+https://host/x@rev#egg=y` or without the `git+`. `commit` is
/// what the lockfile pins; without one the `@rev` counts if it is a commit.
pub(super) fn git(url: &str, commit: Option<&str>) -> Source {
    let url = url.strip_prefix("git+").unwrap_or(url);
    let (url, _) = url.split_once('#').unwrap_or((url, ""));
    let (url, _) = url.split_once('?').unwrap_or((url, ""));
    let path_at = url.find("://").map_or(0, |at| at + 3);
    let path_at = url[path_at..].find('/').map_or(url.len(), |at| path_at + at);
    let (base, revision) = match url[path_at..].rsplit_once('@') {
        Some((path, revision)) => (&url[..path_at + path.len()], Some(revision)),
        None => (url, None),
    };
    let is_commit = |text: &&str| text.len() == 40 && text.chars().all(|c| c.is_ascii_hexdigit());
    let commit = commit.or(revision).filter(is_commit).map(str::to_ascii_lowercase);
    Source::Git { url: without_user(base), commit }
}

/// Whether a URL names a repository.
pub(super) fn is_vcs(url: &str) -> bool {
    ["git+", "hg+", "svn+", "bzr+"].iter().any(|scheme| url.starts_with(scheme)) || url.starts_with("git://")
}

/// A folder or an archive of the project: `path` as the file in `dir` writes it. A path that
/// leaves the root keeps its `..`, so that acquiring says so.
pub(super) fn local(dir: &str, path: &str) -> Source {
    let path = path.strip_prefix("file://").or_else(|| path.strip_prefix("file:")).unwrap_or(path);
    let joined = match paths::join(dir, path) {
        Some(joined) if joined.is_empty() => ".".to_owned(),
        Some(joined) => joined,
        None => path.to_owned(),
    };
    if super::name::ArchiveKind::of(&joined).is_some() {
        Source::File { path: joined }
    } else {
        Source::Path { path: joined }
    }
}

/// `sha256:<hex>` as lockfiles write it; `None` for algorithms that are not read (MD5).
pub(super) fn digest(text: &str) -> Option<Digest> {
    let (algorithm, hex) = text.split_once([':', '='])?;
    digest_of(algorithm, hex)
}

/// A digest by the name of its algorithm.
pub fn digest_of(algorithm: &str, hex: &str) -> Option<Digest> {
    let algorithm = match algorithm {
        "sha1" => HashAlgorithm::Sha1,
        "sha256" => HashAlgorithm::Sha256,
        "sha384" => HashAlgorithm::Sha384,
        "sha512" => HashAlgorithm::Sha512,
        _ => return None,
    };
    Digest::from_hex(algorithm, hex.trim())
}

/// An archive by URL.
pub(super) fn artifact(url: &str, integrity: Vec<Digest>) -> Artifact {
    Artifact { name: file_name(url), url: Some(without_user(url)), integrity }
}
