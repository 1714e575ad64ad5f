//! npm's configuration: `.npmrc` of the user and of the checkout
//! (<https://docs.npmjs.com/cli/v11/configuring-npm/npmrc>), and the tarball's address.
//!
//! The checkout may be hostile. Its file only names registries; `${…}` stays as it is, and
//! credentials in it are ignored. A credential belongs to the address that the user's own file
//! gives it for (`//host/path/:_authToken`), so it never goes to a host that only the checkout
//! names.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;

use super::Target;
use crate::acquire::net::{NamedBy, Secret, same_origin};
use crate::model::{Package, Source};
use crate::resolve::NpmRegistry;
use crate::resolve::npm::npmrc::{self, registry_url};

/// The registry when nothing else is configured.
pub const DEFAULT_REGISTRY: &str = "https://registry.npmjs.org/";

/// What the user's configuration says.
#[derive(Debug, Clone, Default)]
pub struct NpmConfig {
    /// The default registry.
    registry: Option<Url>,
    /// `@scope` → registry.
    scopes: BTreeMap<String, Url>,
    /// `//host/path/` → credential.
    credentials: BTreeMap<String, Secret>,
    /// npm's cache folder.
    pub cache: Option<String>,
    /// Certificates to trust beside the system's (`cafile`), PEM.
    pub certificates: Option<String>,
    /// What could not be understood, each with its line.
    pub problems: Vec<String>,
}

/// What the checkout's file adds: registries only.
#[derive(Debug, Clone, Default)]
pub struct CheckoutRegistries {
    registry: Option<Url>,
    scopes: BTreeMap<String, Url>,
}

impl NpmConfig {
    /// Reads the user's `.npmrc`. `env` answers for `${NAME}` and for `npm_config_registry`.
    pub fn parse(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut out = Self::default();
        let mut basic: BTreeMap<String, (Option<String>, Option<String>)> = BTreeMap::new();
        for (line, key, value) in npmrc::lines(text) {
            let (key, value) = match (expand(&key, env), expand(&value, env)) {
                (Ok(key), Ok(value)) => (key, value),
                (Err(name), _) | (_, Err(name)) => {
                    out.problems.push(format!(
                        "~/.npmrc:{line}: the variable `{name}` is not set; the line is left out"
                    ));
                    continue;
                }
            };
            if let Some((address, field)) = credential_key(&key) {
                match field {
                    "_authToken" => {
                        out.credentials.insert(address, Secret::new(format!("Bearer {value}")));
                    }
                    "_auth" => {
                        out.credentials.insert(address, Secret::new(format!("Basic {value}")));
                    }
                    "username" => basic.entry(address).or_default().0 = Some(value),
                    "_password" => basic.entry(address).or_default().1 = Some(value),
                    _ => {}
                }
            } else if key == "registry" || npmrc::scope_of(&key).is_some() {
                match registry_url(&value) {
                    Some(url) => match npmrc::scope_of(&key) {
                        Some(scope) => drop(out.scopes.insert(scope.to_owned(), url)),
                        None => out.registry = Some(url),
                    },
                    None => out.problems.push(format!("~/.npmrc:{line}: `{key}` is no http(s) URL")),
                }
            } else if key == "cache" {
                out.cache = Some(value);
            } else if key == "cafile" {
                out.certificates = Some(value);
            }
        }
        for (address, pair) in basic {
            // npm keeps the password in base64, apart from the name.
            if let (Some(user), Some(password)) = pair
                && let Ok(password) = STANDARD.decode(password)
            {
                let pair = [user.as_bytes(), b":", &password].concat();
                let value = Secret::new(format!("Basic {}", STANDARD.encode(pair)));
                out.credentials.entry(address).or_insert(value);
            }
        }
        for name in ["npm_config_registry", "NPM_CONFIG_REGISTRY"] {
            if let Some(url) = env(name).as_deref().and_then(registry_url) {
                out.registry = Some(url);
                break;
            }
        }
        out
    }

    /// The credential for `url`: that of the longest address that it starts with.
    fn credential(&self, url: &Url) -> Option<&Secret> {
        let mut path = url.path();
        let authority = authority(url);
        loop {
            path = &path[..=path.rfind('/')?];
            if let Some(secret) = self.credentials.get(&format!("//{authority}{path}")) {
                return Some(secret);
            }
            path = path.strip_suffix('/')?;
        }
    }

    /// Whether the user's own configuration names the origin of `url`. A credential's address has no
    /// scheme; it stands for HTTPS, so that a checkout cannot have it sent in the clear.
    fn names(&self, url: &Url) -> bool {
        if self.registry.iter().chain(self.scopes.values()).any(|known| same_origin(known, url)) {
            return true;
        }
        let here = authority(url);
        let default = DEFAULT_REGISTRY.trim_start_matches("https://").trim_end_matches('/');
        url.scheme() == "https"
            && (here == default
                || self.credentials.keys().any(|key| key[2..].split('/').next() == Some(&here)))
    }

    /// The registries that the configuration names: the default one for any package, a scope's
    /// for that scope, and hosts that the user has a credential for, for any.
    pub fn registries(&self) -> Vec<NpmRegistry> {
        let scoped =
            |(scope, url): (&String, &Url)| NpmRegistry { scope: Some(scope.clone()), url: url.to_string() };
        let any = self.registry.iter().map(Url::to_string);
        let any = any.chain(self.credentials.keys().map(|address| format!("https:{address}")));
        any.map(NpmRegistry::for_any).chain(self.scopes.iter().map(scoped)).collect()
    }

    /// Where a package's tarball is.
    ///
    /// # Errors
    /// Where no address can be made.
    pub fn tarball(&self, package: &Package, checkout: &CheckoutRegistries) -> Result<Target, String> {
        let scope = package.name.split_once('/').map(|(scope, _)| scope);
        let registry = scope
            .and_then(|scope| checkout.scopes.get(scope).or_else(|| self.scopes.get(scope)))
            .or(checkout.registry.as_ref())
            .or(self.registry.as_ref())
            .cloned()
            .or_else(|| Url::parse(DEFAULT_REGISTRY).ok())
            .ok_or("no registry is configured")?;
        let resolved = match &package.source {
            Source::Registry { url: Some(url), .. } => Url::parse(url).ok(),
            _ => None,
        };
        let url = match resolved {
            // npm writes the public registry into lockfiles and reads it as `the configured one`.
            Some(url) if authority(&url) == "registry.npmjs.org" => {
                join(&registry, url.path().trim_start_matches('/'))
            }
            Some(url) if same_origin(&url, &registry) || self.names(&url) => Some(url),
            _ => {
                let base = package.name.rsplit('/').next().unwrap_or(&package.name);
                // Build metadata is no part of a tarball's name.
                let version = package.version.split('+').next().unwrap_or(&package.version);
                join(&registry, &format!("{}/-/{base}-{version}.tgz", package.name))
            }
        };
        let url = url.ok_or_else(|| format!("no address can be made for {}", package.label()))?;
        Ok(self.at(url))
    }

    /// The registry that the user's own configuration names for a package.
    fn own_registry(&self, name: &str) -> Option<Url> {
        let scope = name.split_once('/').map(|(scope, _)| scope);
        let own = scope.and_then(|scope| self.scopes.get(scope)).or(self.registry.as_ref()).cloned();
        own.or_else(|| Url::parse(DEFAULT_REGISTRY).ok())
    }

    /// Whether a package that a lockfile pins to the registry `origin` (`None`: not said) is one of
    /// the registry that the user's own configuration names for it. Lockfiles name the public one
    /// where they mean whichever is configured.
    pub fn is_own(&self, name: &str, origin: Option<&str>) -> bool {
        let Some(origin) = origin else { return true };
        let (Ok(origin), Some(own)) = (Url::parse(origin), self.own_registry(name)) else { return false };
        authority(&origin) == "registry.npmjs.org" || same_origin(&origin, &own)
    }

    /// Where the registry's entry for a package is.
    ///
    /// # Errors
    /// Where no address can be made.
    pub fn packument(&self, name: &str) -> Result<Target, String> {
        let plain = |part: &str| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~!()'*".contains(&b))
        };
        let is_name = match name.strip_prefix('@').map(|scoped| scoped.split_once('/')) {
            Some(Some((scope, name))) => plain(scope) && plain(name),
            Some(None) => false,
            None => plain(name),
        };
        let registry = self.own_registry(name).filter(|_| is_name);
        let registry =
            registry.ok_or_else(|| format!("`{}` is no name of a package", crate::model::escape(name)))?;
        // A scope's slash is part of the name.
        let url = join(&registry, &name.replace('/', "%2f"));
        url.map(|url| self.at(url)).ok_or_else(|| "no address can be made".to_owned())
    }

    /// Where the statements on how a version was built are, of which the registry names the address:
    /// as npm does, its path is asked of the configured registry, whatever host is named.
    ///
    /// # Errors
    /// Where no address can be made.
    pub fn attestations(&self, name: &str, address: &str) -> Result<Target, String> {
        let wrong = || format!("`{}` is no address of a registry", crate::model::escape(address));
        let named = Url::parse(address).map_err(|_| wrong())?;
        let registry = self.own_registry(name).ok_or_else(wrong)?;
        let url = join(&registry, named.path().trim_start_matches('/')).ok_or_else(wrong)?;
        Ok(self.at(url))
    }

    /// An archive outside of any registry, as the lockfile names it.
    pub fn at(&self, url: Url) -> Target {
        let by = if self.names(&url) { NamedBy::User } else { NamedBy::Checkout };
        let authorization = self.credential(&url).filter(|_| by == NamedBy::User).cloned();
        Target { url, by, authorization }
    }
}

impl CheckoutRegistries {
    /// Reads a checkout's `.npmrc`.
    pub fn parse(text: &str) -> Self {
        let mut out = Self::default();
        for named in npmrc::registries(text) {
            match named.scope {
                Some(scope) => drop(out.scopes.insert(scope, named.url)),
                None => out.registry = Some(named.url),
            }
        }
        out
    }
}

/// Host and port, the latter only where it is not the scheme's own.
fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or("");
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// `path` below `registry`; `None` where it would leave it.
fn join(registry: &Url, path: &str) -> Option<Url> {
    let mut url = registry.clone();
    url.set_path(&format!("{}{path}", registry.path()));
    url.path().starts_with(registry.path()).then_some(url)
}

/// `//host/path/:field` → address and field.
fn credential_key(key: &str) -> Option<(String, &str)> {
    let rest = key.strip_prefix("//")?;
    let (address, field) = rest.rsplit_once(':')?;
    let slash = if address.ends_with('/') { "" } else { "/" };
    Some((format!("//{address}{slash}"), field))
}

/// Replaces `${NAME}` (and `${NAME?}`, empty when unset); gives the name of one that is not set.
fn expand(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}') else { break };
        out.push_str(before);
        match (env(name.trim_end_matches('?')), name.ends_with('?')) {
            (Some(value), _) => out.push_str(&value),
            (None, true) => {}
            (None, false) => return Err(name.to_owned()),
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ecosystem, Location};
    use proptest::prelude::*;

    fn package(name: &str, version: &str, url: Option<&str>) -> Package {
        Package {
            purl: String::new(),
            source: Source::Registry { registry: None, url: url.map(str::to_owned) },
            ..Package::registry(
                Ecosystem::Npm,
                name,
                version,
                Location { file: "package-lock.json".into(), line: 1, column: 1 },
            )
        }
    }

    /// Address, who named it, and the credential in clear.
    fn target(user: &str, checkout: &str, package: &Package) -> String {
        let user = NpmConfig::parse(user, &|name| (name == "T").then(|| "sesame".to_owned()));
        match user.tarball(package, &CheckoutRegistries::parse(checkout)) {
            Ok(target) => {
                let credential =
                    target.authorization.map_or_else(|| "-".to_owned(), |s| s.expose().to_owned());
                format!("{} {:?} {credential}", target.url, target.by)
            }
            Err(error) => error,
        }
    }

    #[test]
    fn addresses_and_credentials_follow_scope_and_path() {
        let user = "; mine\nregistry = \"https://r.invalid/npm\"\n@s:registry=https://s.invalid/\n\
            //r.invalid/npm/:_authToken=${T}\n//r.invalid/:_authToken=wide\n//s.invalid/:_auth=YTpi\n";
        let public = "https://registry.npmjs.org/a/-/a-1.0.0.tgz";
        let all = [
            target("", "", &package("a", "1.0.0", None)),
            target("", "", &package("a", "1.0.0", Some(public))),
            target(user, "", &package("a", "1.0.0", None)),
            target(user, "", &package("a", "1.0.0", Some(public))),
            target(user, "", &package("a", "1.0.0", Some("https://r.invalid/other/a.tgz"))),
            target(user, "", &package("a", "1.0.0", Some("https://evil.invalid/a.tgz"))),
            target(user, "", &package("@s/b", "2.0.0+build", None)),
            target(user, "@s:registry=https://evil.invalid/", &package("@s/b", "2.0.0", None)),
            target(user, "@s:registry=https://r.invalid/npm/", &package("@s/b", "2.0.0", None)),
            target(user, "registry=https://${T}.invalid/", &package("a", "1.0.0", None)),
            target(user, "", &package("../../up", "1.0.0", None)),
            target(user, "registry=http://r.invalid/npm/", &package("a", "1.0.0", None)),
            target(user, "", &package("a", "1.0.0", Some("http://r.invalid/npm/a.tgz"))),
        ];
        insta::assert_snapshot!(all.join("\n"), @"
    https://registry.npmjs.org/a/-/a-1.0.0.tgz User -
    https://registry.npmjs.org/a/-/a-1.0.0.tgz User -
    https://r.invalid/npm/a/-/a-1.0.0.tgz User Bearer sesame
    https://r.invalid/npm/a/-/a-1.0.0.tgz User Bearer sesame
    https://r.invalid/other/a.tgz User Bearer wide
    https://r.invalid/npm/a/-/a-1.0.0.tgz User Bearer sesame
    https://s.invalid/@s/b/-/b-2.0.0.tgz User Basic YTpi
    https://evil.invalid/@s/b/-/b-2.0.0.tgz Checkout -
    https://r.invalid/npm/@s/b/-/b-2.0.0.tgz User Bearer sesame
    https://r.invalid/npm/a/-/a-1.0.0.tgz User Bearer sesame
    no address can be made for ../../up@1.0.0
    http://r.invalid/npm/a/-/a-1.0.0.tgz Checkout -
    https://r.invalid/npm/a/-/a-1.0.0.tgz User Bearer sesame
    ");
    }

    #[test]
    fn what_is_not_understood_is_named_by_its_line() {
        let config = NpmConfig::parse("a=1\n//r.invalid/:_authToken=${GONE}\nregistry=ftp://x\n", &|_| None);
        insta::assert_snapshot!(config.problems.join("\n"), @"
    ~/.npmrc:2: the variable `GONE` is not set; the line is left out
    ~/.npmrc:3: `registry` is no http(s) URL
    ");
    }

    proptest! {
        #[test]
        fn no_text_panics_and_no_credential_goes_to_a_host_that_the_user_does_not_name(
            user in "\\PC{0,80}", checkout in "\\PC{0,80}", name in "\\PC{0,30}", host in "[a-z]{1,8}",
        ) {
            let user = format!("{user}\n//mine.invalid/:_authToken=sesame\n");
            let checkout = format!("{checkout}\nregistry=https://{host}.test/\n");
            let said = target(&user, &checkout, &package(&name, "1.0.0", None));
            prop_assert!(!said.contains("sesame") || said.starts_with("https://mine.invalid/"), "{}", said);
        }
    }
}
