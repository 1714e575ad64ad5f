//! `bomvet.toml`: parsed with positions, then validated into [`Policy`].

use serde::Deserialize;
use time::Date;
use time::format_description::well_known::Iso8601;
use toml::Spanned;

use super::pattern::PackagePattern;
use super::{Accept, Exception, Grant, Ignore, PROFILES, Policy, Profile, ReviewPolicy, Trust};
use crate::model::{CapabilityKind, Confidence, GapKind, Severity};

/// What `bomvet policy init` writes.
pub const TEMPLATE: &str = include_str!("template.toml");

/// A policy that cannot be used. Exit code 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}{}", help.as_ref().map(|help| format!("\n  help: {help}")).unwrap_or_default())]
pub struct PolicyError {
    /// The policy file.
    pub file: String,
    /// 1-based.
    pub line: u32,
    /// 1-based.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to write instead, if there is a guess.
    pub help: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RawPolicy {
    profile: Option<Spanned<String>>,
    project: RawProject,
    profiles: std::collections::BTreeMap<Spanned<String>, RawProfile>,
    grant: Vec<RawGrant>,
    ignore: Vec<RawIgnore>,
    accept: Vec<RawAccept>,
    review: RawReview,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RawReview {
    above: Option<u32>,
    quorum: Option<Spanned<u32>>,
    vet: Option<Spanned<String>>,
    trust: Vec<RawTrust>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawTrust {
    key: Spanned<String>,
    package: Option<Spanned<String>>,
    reason: Spanned<String>,
    owner: Option<Spanned<String>>,
    expires: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RawProject {
    exclude: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct RawProfile {
    deny_severity: Option<Severity>,
    deny_confidence: Option<Confidence>,
    deny_advisories: Option<Vec<Spanned<String>>>,
    deny_advisory_severity: Option<Severity>,
    deny_gaps: Option<Vec<GapKind>>,
    deny_capabilities: Option<Vec<CapabilityKind>>,
    deny_gained: Option<Vec<CapabilityKind>>,
    deny_flows: Option<Vec<Spanned<String>>>,
    deny_tools: Option<Vec<Spanned<String>>>,
    deny_licences: Option<Vec<Spanned<String>>>,
    max_code_lines: Option<u64>,
    cooling_off_days: Option<u32>,
    review_uncertain: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawGrant {
    package: Spanned<String>,
    #[serde(default)]
    capabilities: Vec<CapabilityKind>,
    #[serde(default)]
    tools: Vec<Spanned<String>>,
    #[serde(default)]
    flows: Vec<Spanned<String>>,
    reason: Spanned<String>,
    owner: Spanned<String>,
    expires: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawIgnore {
    advisory: String,
    package: Option<Spanned<String>>,
    reason: Spanned<String>,
    owner: Option<Spanned<String>>,
    expires: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawAccept {
    rule: String,
    package: Spanned<String>,
    file: Option<String>,
    reason: Spanned<String>,
    owner: Option<Spanned<String>>,
    expires: Option<Spanned<String>>,
}

/// Kinds of advisory that `deny-advisories` takes.
const ADVISORY_KINDS: [&str; 6] = ["malware", "notice", "unmaintained", "unsound", "vulnerability", "yanked"];

struct Source<'a> {
    name: &'a str,
    text: &'a str,
}

impl Source<'_> {
    fn line(&self, at: usize) -> u32 {
        1 + self.text.as_bytes()[..at.min(self.text.len())].iter().filter(|&&b| b == b'\n').count() as u32
    }

    fn error(&self, at: usize, message: impl Into<String>, help: Option<String>) -> PolicyError {
        let at = at.min(self.text.len());
        let line_start = self.text.as_bytes()[..at].iter().rposition(|&b| b == b'\n').map_or(0, |n| n + 1);
        PolicyError {
            file: self.name.to_owned(),
            line: self.line(at),
            column: String::from_utf8_lossy(&self.text.as_bytes()[line_start..at]).chars().count() as u32 + 1,
            message: message.into(),
            help,
        }
    }

    fn pattern(&self, text: &Spanned<String>) -> Result<PackagePattern, PolicyError> {
        PackagePattern::parse(text.get_ref()).map_err(|why| self.error(text.span().start, why, None))
    }

    /// Patterns of tools: `object.verb`.
    fn tools(&self, tools: Vec<Spanned<String>>) -> Result<Vec<String>, PolicyError> {
        for tool in &tools {
            if tool.get_ref() != "*" && !tool.get_ref().contains('.') {
                let help = Some("write `object.verb`, e.g. `mail.send` or `*.delete`".to_owned());
                let message = format!("`{}` is no tool", tool.get_ref());
                return Err(self.error(tool.span().start, message, help));
            }
        }
        Ok(tools.into_iter().map(Spanned::into_inner).collect())
    }

    /// Combinations: `source -> sink`, written with one space at each side.
    fn flows(&self, flows: Vec<Spanned<String>>) -> Result<Vec<String>, PolicyError> {
        flows
            .into_iter()
            .map(|flow| match flow.get_ref().split_once("->") {
                Some((from, to)) if !from.trim().is_empty() && !to.trim().is_empty() => {
                    Ok(format!("{} -> {}", from.trim(), to.trim()))
                }
                _ => {
                    let help = Some("write `source -> sink`, e.g. `secret -> net`".to_owned());
                    Err(self.error(flow.span().start, format!("`{}` is no flow", flow.get_ref()), help))
                }
            })
            .collect()
    }

    fn exception(
        &self,
        reason: &Spanned<String>,
        owner: Option<&Spanned<String>>,
        expires: Option<&Spanned<String>>,
    ) -> Result<Exception, PolicyError> {
        for (text, key) in [(Some(reason), "reason"), (owner, "owner")] {
            if let Some(text) = text
                && text.get_ref().trim().is_empty()
            {
                return Err(self.error(text.span().start, format!("`{key}` is empty"), None));
            }
        }
        let until = expires
            .map(|text| {
                let date = Date::parse(text.get_ref(), &Iso8601::DATE).ok().and_then(|date| date.next_day());
                date.map(|next| next.midnight().assume_utc().unix_timestamp()).ok_or_else(|| {
                    self.error(
                        text.span().start,
                        format!("`{}` is not a date", text.get_ref()),
                        Some("write it as `YYYY-MM-DD`".to_owned()),
                    )
                })
            })
            .transpose()?;
        Ok(Exception {
            reason: reason.get_ref().clone(),
            owner: owner.map(|owner| owner.get_ref().clone()),
            expires: expires.map(|expires| expires.get_ref().clone()),
            line: self.line(reason.span().start),
            until,
        })
    }
}

/// The word of `known` nearest to `word`, if near enough to be a slip.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// Turns serde's `unknown field `x`, expected one of `a`, `b`` into a suggestion.
fn suggestion(message: &str) -> Option<String> {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (word, known) = quoted.split_first()?;
    if !message.starts_with("unknown") {
        return None;
    }
    Some(match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", known.join(", ")),
    })
}

pub(super) fn parse(name: &str, text: &str, asked: Option<&str>) -> Result<Policy, PolicyError> {
    let source = Source { name, text };
    let raw: RawPolicy = toml::from_str(text).map_err(|error| {
        let message = error.message().lines().next().unwrap_or("").to_owned();
        let help = suggestion(&message);
        source.error(error.span().map_or(0, |span| span.start), message, help)
    })?;

    let unknown_profile = |at: usize, name: &str| {
        let help = nearest(name, PROFILES).map_or_else(
            || format!("known profiles: {}", PROFILES.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        source.error(at, format!("unknown profile `{name}`"), Some(help))
    };
    for name in raw.profiles.keys() {
        if !PROFILES.contains(&name.get_ref().as_str()) {
            return Err(unknown_profile(name.span().start, name.get_ref()));
        }
    }
    let own = raw.profile.as_ref().map(|name| name.get_ref().as_str());
    let wanted = asked.or(own).unwrap_or("ci");
    let at = raw.profile.as_ref().filter(|_| asked.is_none()).map_or(0, |name| name.span().start);
    let mut profile = Profile::builtin(wanted).ok_or_else(|| unknown_profile(at, wanted))?;
    if let Some((_, changes)) = raw.profiles.into_iter().find(|(name, _)| name.get_ref() == wanted) {
        apply(&source, &mut profile, changes)?;
    }

    let mut policy = Policy {
        profile,
        exclude: raw.project.exclude,
        grants: Vec::new(),
        ignores: Vec::new(),
        accepts: Vec::new(),
        review: ReviewPolicy::default(),
        trust: Vec::new(),
    };
    policy.review.above = raw.review.above;
    if let Some(quorum) = raw.review.quorum {
        if *quorum.get_ref() == 0 {
            let help = Some("leave `above` out where no review is needed".to_owned());
            return Err(source.error(quorum.span().start, "a quorum of 0 would let anything pass", help));
        }
        policy.review.quorum = *quorum.get_ref();
    }
    if let Some(folder) = raw.review.vet {
        let inside = std::path::Path::new(folder.get_ref());
        let plain = |part| matches!(part, std::path::Component::Normal(_));
        if folder.get_ref().is_empty() || !inside.components().all(plain) {
            let help = Some("write a folder of the project, e.g. `supply-chain`".to_owned());
            return Err(source.error(folder.span().start, "`vet` leads out of the project", help));
        }
        policy.review.vet = Some(folder.into_inner());
    }
    for trust in raw.review.trust {
        let key = trust.key.get_ref();
        if key.len() != 43 || !key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
            let help = Some("`bomvet key show` prints it: 43 characters".to_owned());
            return Err(source.error(trust.key.span().start, format!("`{key}` is no key id"), help));
        }
        policy.trust.push(Trust {
            key: key.clone(),
            package: trust.package.as_ref().map(|package| source.pattern(package)).transpose()?,
            exception: source.exception(&trust.reason, trust.owner.as_ref(), trust.expires.as_ref())?,
        });
    }
    for grant in raw.grant {
        if grant.capabilities.is_empty() && grant.tools.is_empty() && grant.flows.is_empty() {
            let help = Some("write `capabilities`, `tools` or `flows`".to_owned());
            return Err(source.error(grant.package.span().start, "the grant grants nothing", help));
        }
        policy.grants.push(Grant {
            package: source.pattern(&grant.package)?,
            capabilities: grant.capabilities,
            tools: source.tools(grant.tools)?,
            flows: source.flows(grant.flows)?,
            exception: source.exception(&grant.reason, Some(&grant.owner), Some(&grant.expires))?,
        });
    }
    for ignore in raw.ignore {
        policy.ignores.push(Ignore {
            advisory: ignore.advisory,
            package: ignore.package.as_ref().map(|package| source.pattern(package)).transpose()?,
            exception: source.exception(&ignore.reason, ignore.owner.as_ref(), Some(&ignore.expires))?,
        });
    }
    for accept in raw.accept {
        policy.accepts.push(Accept {
            rule: accept.rule,
            package: source.pattern(&accept.package)?,
            file: accept.file,
            exception: source.exception(&accept.reason, accept.owner.as_ref(), accept.expires.as_ref())?,
        });
    }
    Ok(policy)
}

fn apply(source: &Source<'_>, profile: &mut Profile, changes: RawProfile) -> Result<(), PolicyError> {
    fn set<T>(slot: &mut T, value: Option<T>) {
        if let Some(value) = value {
            *slot = value;
        }
    }
    set(&mut profile.deny_severity, changes.deny_severity);
    set(&mut profile.deny_confidence, changes.deny_confidence);
    set(&mut profile.deny_advisory_severity, changes.deny_advisory_severity);
    set(&mut profile.deny_gaps, changes.deny_gaps);
    set(&mut profile.deny_capabilities, changes.deny_capabilities);
    set(&mut profile.deny_gained, changes.deny_gained);
    set(&mut profile.max_code_lines, changes.max_code_lines);
    if let Some(flows) = changes.deny_flows {
        profile.deny_flows = source.flows(flows)?;
    }
    if let Some(tools) = changes.deny_tools {
        profile.deny_tools = source.tools(tools)?;
    }
    set(&mut profile.cooling_off_days, changes.cooling_off_days);
    set(&mut profile.review_uncertain, changes.review_uncertain);
    if let Some(kinds) = changes.deny_advisories {
        for kind in &kinds {
            if !ADVISORY_KINDS.contains(&kind.get_ref().as_str()) {
                let help = nearest(kind.get_ref(), ADVISORY_KINDS).map_or_else(
                    || format!("known kinds: {}", ADVISORY_KINDS.join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                let message = format!("unknown kind of advisory `{}`", kind.get_ref());
                return Err(source.error(kind.span().start, message, Some(help)));
            }
        }
        profile.deny_advisories = kinds.into_iter().map(Spanned::into_inner).collect();
    }
    if let Some(licences) = changes.deny_licences {
        for licence in &licences {
            if spdx::license_id(licence.get_ref()).is_none() {
                let message = format!("`{}` is not an SPDX licence id", licence.get_ref());
                return Err(source.error(licence.span().start, message, None));
            }
        }
        profile.deny_licences = licences.into_iter().map(Spanned::into_inner).collect();
    }
    Ok(())
}
