//! One package's verdict.

use crate::model::{
    Analysis, CapabilitySet, Decision, Finding, Gap, GapKind, Hit, Origin, Package, Reason, ReasonKind, Span,
    Verdict,
};

use super::{Exception, Grant, Policy};

/// Everything that a decision rests on.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The package.
    pub package: &'a Package,
    /// What the checks say, if the contents were had.
    pub analysis: Option<&'a Analysis>,
    /// One line on how the contents were verified.
    pub verified: Option<&'a str>,
    /// All findings but those of advisories.
    pub findings: &'a [Finding],
    /// Advisories, each with its finding.
    pub hits: &'a [Hit],
    /// Missing evidence.
    pub gaps: &'a [Gap],
    /// Capabilities that this version has and the base's has not.
    pub gained: CapabilitySet,
    /// What the registry says of it, where it was asked and answered.
    pub origin: Option<&'a Origin>,
    /// The audit's time, seconds since the epoch.
    pub now: i64,
}

/// A verdict and the exceptions that it needed.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The verdict.
    pub verdict: Verdict,
    /// Indices into [`Policy::exceptions`], ascending.
    pub used: Vec<usize>,
}

/// Collects reasons and the exceptions that removed one.
pub(super) struct Case<'a> {
    policy: &'a Policy,
    now: i64,
    denials: Vec<Reason>,
    excused: Vec<String>,
    used: Vec<usize>,
}

impl Case<'_> {
    pub(super) fn clause(&self, what: impl std::fmt::Display) -> String {
        format!("profiles.{}.{what}", self.policy.profile.name)
    }

    pub(super) fn deny(&mut self, kind: ReasonKind, clause: String) {
        self.denials.push(Reason { kind, clause });
    }

    /// Whether one of the matching exceptions still counts. An expired one is noted in the clause.
    pub(super) fn excuse(
        &mut self,
        what: &str,
        matching: &[(usize, &Exception)],
    ) -> Result<(), Option<String>> {
        for (index, exception) in matching {
            self.used.push(*index);
            if exception.counts(self.now) {
                let owner = exception.owner.iter().map(|owner| format!(" ({owner})")).collect::<String>();
                self.excused
                    .push(format!("{what}: {}{owner}, policy line {}", exception.reason, exception.line));
                return Ok(());
            }
        }
        Err(matching.first().map(|(_, exception)| {
            format!(
                "; the exception of policy line {} expired on {}",
                exception.line,
                exception.expires.as_deref().unwrap_or("?")
            )
        }))
    }
}

impl Policy {
    /// Decides one package. The only place where a verdict is made.
    pub fn decide(&self, evidence: &Evidence<'_>) -> Decided {
        let mut case = Case {
            policy: self,
            now: evidence.now,
            denials: Vec::new(),
            excused: Vec::new(),
            used: Vec::new(),
        };
        self.weigh_findings(evidence, &mut case);
        self.weigh_advisories(evidence, &mut case);
        self.weigh_gaps(evidence, &mut case);
        self.weigh_capabilities(evidence, &mut case);
        self.weigh_permissions(evidence, &mut case);
        self.weigh_size_and_licence(evidence, &mut case);
        self.weigh_age(evidence, &mut case);
        let Case { mut denials, excused, mut used, .. } = case;
        used.sort_unstable();
        used.dedup();
        // What is not looked at by design is said by a gap of its own, which a profile may tolerate.
        let unexamined = evidence.gaps.iter().any(|gap| gap.kind == GapKind::NotExamined);
        if denials.is_empty() && !unexamined && (evidence.analysis.is_none() || evidence.verified.is_none()) {
            // No contents and yet no gap said so: a hole in the evidence, not an approval.
            denials.push(Reason {
                kind: ReasonKind::Gap(Gap::new(GapKind::NotFetched, "no contents were checked")),
                clause: "always".to_owned(),
            });
        }
        let (decision, reasons) = if denials.is_empty() {
            (Decision::Approve, self.approval(evidence, excused))
        } else {
            denials.sort();
            denials.dedup();
            (Decision::Deny, denials)
        };
        Decided { verdict: Verdict { decision, reasons }, used }
    }

    fn approval(&self, evidence: &Evidence<'_>, mut excused: Vec<String>) -> Vec<Reason> {
        let files = evidence.analysis.map_or(0, |analysis| analysis.coverage.files);
        let mut messages = vec![match evidence.analysis {
            Some(_) => format!(
                "{}; {files} files checked, nothing that profile `{}` denies",
                evidence.verified.unwrap_or("contents not verified"),
                self.profile.name
            ),
            None => format!(
                "contents not looked at; nothing that profile `{}` denies in pin and advisories",
                self.profile.name
            ),
        }];
        if !evidence.gaps.is_empty() {
            let kinds: Vec<_> = evidence.gaps.iter().map(|gap| gap.kind.as_str()).collect();
            messages.push(format!("gaps that do not deny: {}", kinds.join(", ")));
        }
        excused.sort();
        messages.extend(excused);
        messages
            .into_iter()
            .map(|message| Reason {
                kind: ReasonKind::Evidence { message },
                clause: format!("profiles.{}", self.profile.name),
            })
            .collect()
    }

    fn weigh_findings(&self, evidence: &Evidence<'_>, case: &mut Case<'_>) {
        for finding in evidence.findings {
            if finding.severity < self.profile.deny_severity
                || finding.confidence < self.profile.deny_confidence
            {
                continue;
            }
            let matching = self.accepts_for(evidence.package, &finding.rule, &finding.spans);
            if let Err(expired) = case.excuse(&format!("accepted {}", finding.rule), &matching) {
                let clause = case.clause(format_args!(
                    "deny-severity = \"{}\"{}",
                    self.profile.deny_severity,
                    expired.unwrap_or_default()
                ));
                case.deny(ReasonKind::Finding(finding.clone()), clause);
            }
        }
    }

    /// The accepts for a rule's finding, or a gap, at these places of a package.
    fn accepts_for(&self, package: &Package, rule: &str, spans: &[Span]) -> Vec<(usize, &Exception)> {
        let first = self.grants.len() + self.ignores.len();
        self.accepts
            .iter()
            .enumerate()
            .filter(|(_, accept)| {
                accept.rule == rule
                    && accept.package.matches(package)
                    && accept
                        .file
                        .as_ref()
                        .is_none_or(|file| !spans.is_empty() && spans.iter().all(|span| *span.file == **file))
            })
            .map(|(at, accept)| (first + at, &accept.exception))
            .collect()
    }

    fn weigh_advisories(&self, evidence: &Evidence<'_>, case: &mut Case<'_>) {
        for hit in evidence.hits {
            if !self.profile.deny_advisories.contains(&hit.kind)
                || hit.finding.severity < self.profile.deny_advisory_severity
            {
                continue;
            }
            let matching: Vec<_> = self
                .ignores
                .iter()
                .enumerate()
                .filter(|(_, ignore)| {
                    (ignore.advisory == hit.id || hit.aliases.contains(&ignore.advisory))
                        && ignore.package.as_ref().is_none_or(|package| package.matches(evidence.package))
                })
                .map(|(at, ignore)| (self.grants.len() + at, &ignore.exception))
                .collect();
            if let Err(expired) = case.excuse(&format!("ignored {}", hit.id), &matching) {
                let clause = case.clause(format_args!(
                    "deny-advisories contains \"{}\"{}",
                    hit.kind,
                    expired.unwrap_or_default()
                ));
                case.deny(ReasonKind::Finding(hit.finding.clone()), clause);
            }
        }
    }

    fn weigh_gaps(&self, evidence: &Evidence<'_>, case: &mut Case<'_>) {
        for gap in evidence.gaps {
            if !self.profile.deny_gaps.contains(&gap.kind) {
                continue;
            }
            let rule = format!("gap/{}", gap.kind.as_str());
            let matching = self.accepts_for(evidence.package, &rule, &gap.spans);
            if let Err(expired) = case.excuse(&format!("accepted {rule}"), &matching) {
                let clause = case.clause(format_args!(
                    "deny-gaps contains \"{}\"{}",
                    gap.kind.as_str(),
                    expired.unwrap_or_default()
                ));
                case.deny(ReasonKind::Gap(gap.clone()), clause);
            }
        }
    }

    fn weigh_capabilities(&self, evidence: &Evidence<'_>, case: &mut Case<'_>) {
        let Some(analysis) = evidence.analysis else { return };
        for capability in &analysis.capabilities {
            let kind = capability.kind;
            let (key, what) = if self.profile.deny_capabilities.contains(&kind) {
                ("deny-capabilities", "has")
            } else if evidence.gained.contains(kind) && self.profile.deny_gained.contains(&kind) {
                ("deny-gained", "gains")
            } else {
                continue;
            };
            let matching = self.granting(evidence.package, |grant| grant.capabilities.contains(&kind));
            if let Err(expired) = case.excuse(&format!("granted {kind}"), &matching) {
                let spans: Vec<Span> =
                    capability.spans.iter().take(5).map(|(_, span)| span.clone()).collect();
                let clause =
                    case.clause(format_args!("{key} contains \"{kind}\"{}", expired.unwrap_or_default()));
                case.deny(
                    ReasonKind::Policy {
                        clause: key.to_owned(),
                        message: format!("{what} `{kind}`, which needs a grant"),
                        spans,
                    },
                    clause,
                );
            }
        }
    }

    /// The grants of that kind for a package, each with its place among the exceptions.
    pub(super) fn granting(
        &self,
        package: &Package,
        granted: impl Fn(&Grant) -> bool,
    ) -> Vec<(usize, &Exception)> {
        self.grants
            .iter()
            .enumerate()
            .filter(|(_, grant)| grant.package.matches(package) && granted(grant))
            .map(|(at, grant)| (at, &grant.exception))
            .collect()
    }

    /// A version younger than the cooling-off. One whose time nobody tells is not young.
    fn weigh_age(&self, evidence: &Evidence<'_>, case: &mut Case<'_>) {
        let days = i64::from(self.profile.cooling_off_days);
        let Some(published) = evidence.origin.and_then(|origin| origin.published) else { return };
        let age = evidence.now.saturating_sub(published);
        if age >= days * 86_400 {
            return;
        }
        let rule = "policy/cooling-off-days";
        let matching = self.accepts_for(evidence.package, rule, &[]);
        if let Err(expired) = case.excuse(&format!("accepted {rule}"), &matching) {
            let clause =
                case.clause(format_args!("cooling-off-days = {days}{}", expired.unwrap_or_default()));
            let message = format!(
                "{} was published {} hours ago; a version of less than {days} days waits",
                evidence.package.label(),
                age.max(0) / 3600
            );
            let clause_name = "cooling-off-days".to_owned();
            case.deny(ReasonKind::Policy { clause: clause_name, message, spans: Vec::new() }, clause);
        }
    }

    fn weigh_size_and_licence(&self, evidence: &Evidence<'_>, case: &mut Case<'_>) {
        let Some(analysis) = evidence.analysis else { return };
        let limit = self.profile.max_code_lines;
        if limit > 0 && analysis.micro.code_lines > limit && !evidence.package.first_party {
            let message = format!("{} lines of code, more than {limit}", analysis.micro.code_lines);
            let clause = case.clause(format_args!("max-code-lines = {limit}"));
            case.deny(
                ReasonKind::Policy { clause: "max-code-lines".to_owned(), message, spans: Vec::new() },
                clause,
            );
        }
        let declared = analysis.licence.as_deref().or(evidence.package.licence.as_deref());
        let Some(expression) =
            declared.and_then(|text| spdx::Expression::parse_mode(text, spdx::ParseMode::LAX).ok())
        else {
            return;
        };
        let denied = |requirement: &spdx::LicenseReq| {
            requirement
                .license
                .id()
                .is_some_and(|id| self.profile.deny_licences.iter().any(|l| *l == id.name))
        };
        // `A OR B` is fine as long as one of them is.
        if !expression.evaluate(|requirement| !denied(requirement)) {
            let message = format!("licence `{expression}` cannot be met without a denied one");
            let clause = case.clause("deny-licences");
            case.deny(
                ReasonKind::Policy { clause: "deny-licences".to_owned(), message, spans: Vec::new() },
                clause,
            );
        }
    }
}
