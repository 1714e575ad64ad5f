//! What a policy says of an agent's tools and of flows.

use super::decide::{Case, Evidence};
use super::{Grant, Policy};
use crate::model::{Analysis, ReasonKind, Span, wildcard};

impl Policy {
    /// Denies tools and combinations that need a grant and have none.
    pub(super) fn weigh_permissions(&self, evidence: &Evidence<'_>, case: &mut Case<'_>) {
        let Some(analysis) = evidence.analysis else { return };
        for tool in &analysis.permissions.used {
            if !self.profile.deny_tools.iter().any(|pattern| wildcard(pattern, &tool.tool)) {
                continue;
            }
            let granted = |grant: &Grant| grant.tools.iter().any(|pattern| wildcard(pattern, &tool.tool));
            let matching = self.granting(evidence.package, granted);
            if let Err(expired) = case.excuse(&format!("granted {}", tool.tool), &matching) {
                let clause = case.clause(format_args!("deny-tools{}", expired.unwrap_or_default()));
                let message = format!("uses `{}`, which needs a grant", tool.tool);
                let spans = vec![tool.span.clone()];
                case.deny(ReasonKind::Policy { clause: "deny-tools".to_owned(), message, spans }, clause);
            }
        }
        for pattern in &self.profile.deny_flows {
            let Some((name, spans)) = combination(pattern, analysis) else { continue };
            let granted = |grant: &Grant| grant.flows.iter().any(|granted| wildcard(granted, &name));
            let matching = self.granting(evidence.package, granted);
            if let Err(expired) = case.excuse(&format!("granted {name}"), &matching) {
                let clause = case
                    .clause(format_args!("deny-flows contains \"{pattern}\"{}", expired.unwrap_or_default()));
                let message = format!("`{name}`, which needs a grant");
                case.deny(ReasonKind::Policy { clause: "deny-flows".to_owned(), message, spans }, clause);
            }
        }
    }
}

/// The first flow, or pair of tools, that a pattern `source -> sink` is about, with its places.
fn combination(pattern: &str, analysis: &Analysis) -> Option<(String, Vec<Span>)> {
    let (from, to) = pattern.split_once(" -> ")?;
    let flow = analysis.flows.iter().find(|(name, _)| {
        name.split_once("->").is_some_and(|(source, sink)| wildcard(from, source) && wildcard(to, sink))
    });
    if let Some((name, span)) = flow {
        return Some((name.replace("->", " -> "), vec![span.clone()]));
    }
    let used = &analysis.permissions.used;
    let source = used.iter().find(|tool| wildcard(from, &tool.tool))?;
    let sink = used.iter().find(|tool| wildcard(to, &tool.tool) && tool.tool != source.tool)?;
    Some((format!("{} -> {}", source.tool, sink.tool), vec![source.span.clone(), sink.span.clone()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Permissions, ToolUse};

    fn tool(name: &str) -> ToolUse {
        ToolUse { tool: name.to_owned(), on: String::new(), span: Span::file("SKILL.md") }
    }

    #[test]
    fn a_combination_is_a_flow_or_two_tools() {
        let analysis = Analysis {
            flows: vec![("secret->net".to_owned(), Span::file("a.py"))],
            permissions: Permissions {
                used: vec![tool("http.post"), tool("mail.read")],
                ..Permissions::default()
            },
            ..Analysis::default()
        };
        let shown = |pattern| combination(pattern, &analysis).map(|(name, _)| name);
        assert_eq!(shown("secret -> *").as_deref(), Some("secret -> net"));
        assert_eq!(shown("mail.* -> *.post").as_deref(), Some("mail.read -> http.post"));
        assert_eq!(shown("mail.read -> mail.send"), None);
    }

    #[test]
    fn reading_mail_may_be_granted_without_sending() {
        let policy = Policy::parse(
            "p",
            "profile = \"skill\"\n[profiles.skill]\ndeny-tools = [\"mail.*\"]\n\
             [[grant]]\npackage = \"x\"\ntools = [\"mail.read\"]\nreason = \"r\"\nowner = \"o\"\nexpires = \"2999-01-01\"\n",
            None,
        )
        .unwrap();
        assert!(wildcard(&policy.profile.deny_tools[0], "mail.send"));
        assert!(!policy.grants[0].tools.iter().any(|pattern| wildcard(pattern, "mail.send")));
        let bad = Policy::parse("p", "[profiles.ci]\ndeny-flows = [\"secret net\"]\n", None).unwrap_err();
        assert_eq!((bad.line, bad.help.is_some()), (2, true));
    }
}
