//! URLs without secrets, and the external references of a component.

use cyclonedx_bom::external_models::uri::Uri as CrateUri;
use cyclonedx_bom::models::external_reference::{
    ExternalReference, ExternalReferenceType, ExternalReferences, Uri,
};
use url::Url;

use crate::model::{Package, Source};

/// A URL as it may be published: no user, no password, no query (pre-signed URLs and registry
/// tokens stand there), no fragment. `None` where it is no URL
/// with a host.
pub(super) fn public_url(text: &str) -> Option<String> {
    let mut url = Url::parse(text).ok()?;
    // `user:password@host` parses too, as a URL of the scheme `user` without a host.
    if !url.has_host() {
        return None;
    }
    // Both setters refuse only URLs without a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    Some(url.into())
}

/// As [`public_url`]; what is no URL is kept if it cannot hold a secret, i.e. is a plain name.
pub(super) fn public_url_or_name(text: &str) -> String {
    public_url(text).unwrap_or_else(|| {
        let plain = text.chars().all(|c| c.is_alphanumeric() || "-_./".contains(c));
        if plain { text.to_owned() } else { "(not a URL, not shown)".to_owned() }
    })
}

/// Repository and archive of a package.
pub(super) fn references(package: &Package) -> Option<ExternalReferences> {
    let (kind, url, comment) = match &package.source {
        Source::Registry { url: Some(url), .. } | Source::Tarball { url } => {
            (ExternalReferenceType::Distribution, url, None)
        }
        Source::Git { url, commit } => {
            (ExternalReferenceType::Vcs, url, commit.as_ref().map(|commit| format!("commit {commit}")))
        }
        _ => return None,
    };
    let uri: CrateUri = public_url(url)?.try_into().ok()?;
    let mut reference = ExternalReference::new(kind, Uri::Url(uri));
    reference.comment = comment;
    Some(ExternalReferences(vec![reference]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_left_out() {
        for (given, shown) in [
            ("https://user:pw@r.invalid/a.tgz?token=s#x", "https://r.invalid/a.tgz"),
            ("git+ssh://git@h.invalid/o/r.git", "git+ssh://h.invalid/o/r.git"),
            ("sparse+https://t:x@r.invalid/index/", "sparse+https://r.invalid/index/"),
            ("https://r.invalid/%40s/n.tgz", "https://r.invalid/%40s/n.tgz"),
        ] {
            assert_eq!(public_url(given).as_deref(), Some(shown));
        }
        assert_eq!(public_url_or_name("my-registry"), "my-registry");
        assert_eq!(public_url_or_name("user:pw@host"), "(not a URL, not shown)");
    }
}
