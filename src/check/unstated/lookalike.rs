//! Hosts that carry the name of a service which they are not of: `api.openai-fast.example`,
//! `github-session.example`, `crates-nearest.example`.
//!
//! Whoever reads over such an address takes it for the service's own. Companies do name their mirrors so,
//! which is why the finding is uncertain; what is below the service's own domain is left alone.

use std::collections::BTreeMap;

use super::hosts::{self, registered};
use crate::check::{Subject, context};
use crate::model::{Confidence, Ecosystem, Fact, FactKind, Finding, LineIndex, Severity, Span, escape};

/// The rule.
pub const RULE: &str = "malice/lookalike-host";

/// Names of services that much is trusted to.
const NAMES: &[&str] = &[
    "openai",
    "anthropic",
    "github",
    "gitlab",
    "bitbucket",
    "google",
    "googleapis",
    "microsoft",
    "azure",
    "amazonaws",
    "aws",
    "npmjs",
    "npm",
    "yarnpkg",
    "pypi",
    "crates",
    "rubygems",
    "docker",
    "slack",
    "discord",
    "telegram",
    "stripe",
    "paypal",
    "cloudflare",
    "huggingface",
    "atlassian",
    "binance",
    "coinbase",
    "metamask",
    "icloud",
    "dropbox",
    "okta",
    "auth0",
    "sentry",
    "datadog",
    "vercel",
    "netlify",
    "heroku",
];

/// Domains of the services themselves, and of those who let anybody have a name below theirs.
const THEIRS: &[&str] = &[
    "google-analytics.com",
    "azure-api.net",
    "azure-devices.net",
    "azure-mobile.net",
    "slack-edge.com",
    "slack-files.com",
    "slack-imgs.com",
    "amazonaws.com",
    "amazonaws-us-gov.com",
    "github.io",
    "github.com",
    "gitlab.io",
    "vercel.app",
    "netlify.app",
    "herokuapp.com",
    "pages.dev",
    "readthedocs.io",
    "googleapis.com",
    "azurewebsites.net",
    "windows.net",
    "docker.com",
    "docker.io",
    "cloudflare.com",
    "cloudflarestorage.com",
    "microsoft.com",
    "google.com",
    "npmjs.org",
    "npmjs.com",
    "slack.com",
    "stripe.com",
    "paypal.com",
    "atlassian.net",
];

/// Largest file of settings that is searched, in bytes.
const MAX_SETTINGS: usize = 1 << 18;
/// Places of a finding at most.
const PLACES: usize = 5;

/// The label of a host that carries a service's name beside others.
fn label(host: &str) -> Option<&str> {
    if THEIRS.iter().any(|known| hosts::below(host, known)) {
        return None;
    }
    let (labels, _) = host.rsplit_once('.')?;
    labels.split('.').find(|label| label.contains('-') && label.split('-').any(|part| NAMES.contains(&part)))
}

/// Finds them in code, and of an agent's package in its settings too; `named` says whether the package tells
/// whose a host is.
pub fn find(subject: &Subject<'_>, named: impl Fn(&str) -> bool, out: &mut Vec<Finding>) {
    let agent = subject.package.ecosystem == Ecosystem::Agent;
    let mut found: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    let literal = |fact: &&Fact| {
        fact.kind == FactKind::Literal
            && !fact.context.test
            && matches!(fact.name.as_str(), "url" | "webhook")
            && !context::is_test_path(&fact.span.file)
    };
    for fact in subject.facts.iter().filter(literal) {
        if let Some(host) = hosts::of_literal(subject.contents, fact).filter(|host| label(host).is_some()) {
            found.entry(host).or_default().push(fact.span.clone());
        }
    }
    if agent {
        settings(subject, &mut found);
    }
    if found.is_empty() {
        return;
    }
    let name = subject.package.name.rsplit('/').next().unwrap_or_default().to_lowercase();
    found.retain(|host, _| !named(host) && label(host).is_some_and(|label| label != name));
    for (host, spans) in found {
        let whose = label(&host).unwrap_or_default();
        let message = format!(
            "`{}` carries the name of a service in `{}`, and is of `{}`",
            escape(&host),
            escape(whose),
            escape(registered(&host))
        );
        let found = Finding::new(RULE, message, spans.into_iter().take(PLACES).collect());
        out.push(Finding { severity: Severity::Medium, confidence: Confidence::Low, ..found });
    }
}

/// Addresses in files of settings.
fn settings(subject: &Subject<'_>, out: &mut BTreeMap<String, Vec<Span>>) {
    let is = |path: &str| {
        [".json", ".toml", ".yaml", ".yml", ".ini", ".env", ".conf"].iter().any(|end| path.ends_with(end))
            && !context::is_test_path(path)
    };
    for (path, text) in context::texts(subject.contents, MAX_SETTINGS, is) {
        let mut index = None;
        for (at, _) in text.match_indices("://") {
            let rest = text.get(at + 3..).unwrap_or_default();
            let len = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')))
                .unwrap_or(rest.len());
            let host = rest.get(..len).and_then(hosts::plain).filter(|host| label(host).is_some());
            if let Some(host) = host {
                let index = index.get_or_insert_with(|| LineIndex::new(path, text));
                out.entry(host).or_default().push(index.span(at + 3, at + 3 + len));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn a_service_s_name_beside_others_is_none_of_its_hosts() {
        for host in
            ["api.openai-fast.invalid", "github-session.pull.invalid", "registry.npmjs-artifacts.invalid"]
        {
            assert!(label(host).is_some(), "{host}");
        }
        for host in [
            "api.openai.com",
            "github.corp.invalid",
            "ssl.google-analytics.com",
            "my-github-page.github.io",
            "a-b.invalid",
            "openaifast.invalid",
            "example.aws-com",
        ] {
            assert!(label(host).is_none(), "{host}");
        }
    }
}
