//! Whether the repository that a certificate names is the one that the package names. Packages write
//! it in many ways; only spelling is undone, a repository that moved is another one.

use url::Url;

use crate::origin::facts::line;
use crate::sigstore::Identity;

/// Labels of `Project-URL` that stand for the sources, in the form of the packaging guide (lower
/// case, letters and digits only).
const LABELS: [&str; 10] =
    ["source", "repository", "sourcecode", "github", "gitlab", "code", "git", "repo", "sources", "homepage"];
/// Of those, what need not be a repository.
const MAY_BE_A_SITE: &str = "homepage";
/// Hosts of which the first two parts of a path are a repository, whatever follows.
const TWO_PARTS: [&str; 3] = ["github.com", "codeberg.org", "bitbucket.org"];
/// Addresses that are read of one package's metadata.
const ADDRESSES: usize = 64;

/// What to say where the package names another repository than `who`; `None` where it is the same,
/// or the package names none.
pub(super) fn differs(label: &str, who: &Identity, named: &[String]) -> Option<String> {
    let named: Vec<&String> = named.iter().filter(|text| !text.trim().is_empty()).collect();
    let first = named.first()?;
    let Some(attested) = &who.repository else {
        return Some(format!(
            "{label} names the repository `{}`, its statement on how it was built names none: it is signed by `{}`",
            line(first),
            line(&who.name)
        ));
    };
    let own = normal(attested);
    if own.is_some() && named.iter().any(|text| normal(text) == own) {
        return None;
    }
    Some(format!("{label} names the repository `{}`, but was built from `{}`", line(first), line(attested)))
}

/// `host/owner/name`, lower case, of an address or one of npm's short forms; `None` where it is
/// neither.
pub(super) fn normal(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix("git+").unwrap_or(text);
    let short = [("github:", "github.com"), ("gitlab:", "gitlab.com"), ("bitbucket:", "bitbucket.org")];
    let (host, path) = if let Some((prefix, host)) = short.iter().find(|(prefix, _)| text.starts_with(prefix))
    {
        ((*host).to_owned(), text[prefix.len()..].to_owned())
    } else if let Some((scheme, _)) = text.split_once("://") {
        if !["https", "http", "git", "ssh"].contains(&scheme) {
            return None;
        }
        let url = Url::parse(text).ok()?;
        (url.host_str()?.to_owned(), url.path().to_owned())
    } else if let Some((user, rest)) = text.split_once('@') {
        // git@host:owner/name
        let (host, path) = rest.split_once(':')?;
        if user.contains('/') {
            return None;
        }
        (host.to_owned(), path.to_owned())
    } else {
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            // npm's shortest form.
            [owner, _] if !owner.contains('.') => ("github.com".to_owned(), text.to_owned()),
            [host, _, _, ..] if host.contains('.') => ((*host).to_owned(), parts[1..].join("/")),
            _ => return None,
        }
    };
    let host = host.to_ascii_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    let path = path.split(['#', '?']).next().unwrap_or_default();
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if TWO_PARTS.contains(&host) {
        parts.truncate(2);
    } else if let Some(at) = parts.iter().position(|part| matches!(*part, "-" | "tree" | "blob")) {
        parts.truncate(at);
    }
    if parts.len() < 2 {
        return None;
    }
    let path = parts.join("/").to_ascii_lowercase();
    Some(format!("{host}/{}", path.strip_suffix(".git").unwrap_or(&path)))
}

/// Repositories that core metadata names (`Project-URL`, `Home-page`). A home page counts where it
/// is on a host of repositories.
pub(super) fn in_metadata(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for header in text.lines().take_while(|line| !line.trim().is_empty()) {
        let Some((key, value)) = header.split_once(':') else { continue };
        let (label, address) = if key.eq_ignore_ascii_case("project-url") {
            let Some((label, address)) = value.split_once(',') else { continue };
            (label, address)
        } else if key.eq_ignore_ascii_case("home-page") {
            (MAY_BE_A_SITE, value)
        } else {
            continue;
        };
        let label: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
        let (label, address) = (label.to_ascii_lowercase(), address.trim());
        let host = normal(address).and_then(|name| name.split('/').next().map(str::to_owned));
        let on_host = |host: String| TWO_PARTS.contains(&host.as_str()) || host == "gitlab.com";
        let counts =
            LABELS.contains(&label.as_str()) && (label != MAY_BE_A_SITE || host.is_some_and(on_host));
        if counts && out.len() < ADDRESSES {
            out.push(address.to_owned());
        }
    }
    out
}
