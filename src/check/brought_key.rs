//! Keys of services that stand in a package: what it does there happens in the account of whoever
//! put the key in, and what it sends arrives with them.
//!
//! Providers give their keys a form by which they are told (GitHub's list of partner patterns for
//! secret scanning, the providers' own documentation); a key of that form which is no placeholder is
//! somebody's. It may be a slip, and it may be the mailbox for what is taken: somebody has to look.

use std::sync::LazyLock;

use regex::Regex;

use super::{Check, Subject, context};
use crate::model::{Confidence, Ecosystem, Finding, LineIndex, Severity};

/// Largest file that is searched, in bytes.
const MAX_FILE: usize = 1 << 20;
/// Shortest key, in bytes.
const SHORTEST: usize = 20;
/// Different signs of a key that is none made up to show one.
const KINDS: usize = 12;
/// Endings of settings that may hold keys.
const SETTINGS: &[&str] = &["json", "toml", "yaml", "yml", "env", "ini", "cfg"];

/// Keys of a service that a package brings along.
#[derive(Debug)]
pub struct BroughtKey;

static KEY: LazyLock<Regex> = LazyLock::new(|| {
    let forms = [
        r"(?P<anthropic>sk-ant-[a-z]{3}[0-9]{2}-[A-Za-z0-9_-]+)",
        r"(?P<openai>sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]+)",
        r"(?P<github>gh[pousr]_[A-Za-z0-9]+|github_pat_[A-Za-z0-9_]+)",
        r"(?P<gitlab>glpat-[A-Za-z0-9_-]+)",
        r"(?P<slack>xox[abp]-[0-9][A-Za-z0-9_-]+)",
        r"(?P<npm>npm_[A-Za-z0-9]+)",
        r"(?P<pypi>pypi-AgEIcHlwaS[A-Za-z0-9_-]+)",
        r"(?P<huggingface>hf_[A-Za-z0-9]+)",
        r"(?P<stripe>[sr]k_live_[A-Za-z0-9_]+)",
        r"(?P<sendgrid>SG\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)",
        r"(?P<aws>A(?:KIA|SIA)[2-7A-Z]{16})",
        r"(?P<notion>ntn_[A-Za-z0-9]+)",
        r"(?P<telegram>[0-9]+:AA[A-Za-z0-9_-]{33})",
        r"(?P<digitalocean>dop_v1_[0-9a-f]+)",
    ];
    Regex::new(&format!(r#"(?:^|["'`=:\s/])(?:{})(?:["'`\s,;/]|$)"#, forms.join("|"))).expect("constant")
});

impl Check for BroughtKey {
    fn rules(&self) -> &'static [&'static str] {
        &["malice/brought-key"]
    }

    fn run(&self, subject: &Subject<'_>, out: &mut Vec<Finding>) {
        if subject.package.first_party && subject.package.ecosystem != Ecosystem::Agent {
            return;
        }
        for file in &subject.contents.files {
            let ending = context::ending(&file.path);
            let settings = SETTINGS.contains(&ending);
            if !(context::is_code(&file.path) || settings) || context::is_test_path(&file.path) {
                continue;
            }
            let bytes = subject.contents.bytes(file);
            let text = (bytes.len() <= MAX_FILE).then(|| std::str::from_utf8(bytes).ok()).flatten();
            let Some((service, range)) = text.and_then(first) else { continue };
            let span =
                LineIndex::new(file.path.clone(), text.unwrap_or_default()).span(range.start, range.end);
            let message = format!("brings a key of {service}: what it does there is in somebody's account");
            let found = Finding::new("malice/brought-key", message, vec![span]);
            out.push(Finding { severity: Severity::Medium, confidence: Confidence::Low, ..found });
            return;
        }
    }
}

/// The first key that is no placeholder, and whose service it is of.
fn first(text: &str) -> Option<(&'static str, std::ops::Range<usize>)> {
    const SERVICES: &[(&str, &str)] = &[
        ("anthropic", "Anthropic"),
        ("openai", "OpenAI"),
        ("github", "GitHub"),
        ("gitlab", "GitLab"),
        ("slack", "Slack"),
        ("npm", "npm"),
        ("pypi", "PyPI"),
        ("huggingface", "Hugging Face"),
        ("stripe", "Stripe"),
        ("sendgrid", "SendGrid"),
        ("aws", "AWS"),
        ("notion", "Notion"),
        ("telegram", "Telegram"),
        ("digitalocean", "DigitalOcean"),
    ];
    KEY.captures_iter(text).find_map(|found| {
        let (service, key) =
            SERVICES.iter().find_map(|(name, service)| Some((*service, found.name(name)?)))?;
        is_somebodys(key.as_str()).then(|| (service, key.range()))
    })
}

/// Whether a key looks drawn at random: placeholders repeat, count or speak.
fn is_somebodys(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    let speaks = [
        "xxx",
        "example",
        "your",
        "placeholder",
        "test",
        "dummy",
        "fake",
        "redacted",
        "1234",
        "abcd",
        "0000",
        "secret",
        "token",
        "sample",
        "changeme",
    ];
    let mut kinds: Vec<u8> = lower.bytes().collect();
    kinds.sort_unstable();
    kinds.dedup();
    key.len() >= SHORTEST
        && kinds.len() >= KINDS
        && key.bytes().filter(u8::is_ascii_digit).count() >= 2
        && !speaks.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_from_placeholders() {
        let service = |text: &str| first(text).map(|(service, _)| service);
        let drawn = "q7Rk2mVx9LpT4hWc8ZbN3sJf6yGd5AeU";
        assert_eq!(service(&format!("KEY = \"{}{drawn}\"", "sk-ant-api03-")), Some("Anthropic"));
        assert_eq!(service(&format!("headers: {{ auth: '{}{drawn}' }}", "ghp_")), Some("GitHub"));
        for text in [
            "KEY = 'sk-ant-api03-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'",
            "KEY = 'ghp_your0token0here0your0token0here0your'",
            "r'ghp_[A-Za-z0-9]{36}'",
            "AKIAIOSFODNN7EXAMPLE",
        ] {
            assert_eq!(service(text), None, "{text}");
        }
    }
}
