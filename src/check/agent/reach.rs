//! What the most is that a package could make an agent do, and what of that nobody has settled.
//!
//! Reading, searching and editing within the workspace is what an agent does anyway. What goes
//! further has to be within the purpose that the package states, or among the tools that it
//! declares; else evidence does not settle it, and it waits for a review or a grant. Code that was
//! not understood to the end waits whatever the purpose is.

use std::collections::BTreeMap;

use super::purpose;
use crate::model::{
    AgentKind, CapabilityKind, Fact, FactKind, Gap, GapKind, Package, Permissions, Polarity, Span, escape,
};

/// A kind of reach beyond reading and editing the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Connects to somewhere.
    Net,
    /// Hands something to somewhere.
    Send,
    /// Starts programs.
    Shell,
    /// Installs something.
    Install,
    /// Reads secrets.
    Secrets,
    /// Reads or sends mail and messages, touches calendars.
    Messages,
    /// Writes what later sessions read.
    Memory,
    /// Spends or moves money.
    Money,
    /// Has other skills, agents or plugins act.
    Delegate,
    /// Deletes something.
    Delete,
    /// Reads or writes outside of the workspace.
    Outside,
    /// Runs what cannot be read beforehand.
    Opaque,
}

impl Need {
    fn says(self) -> &'static str {
        match self {
            Self::Net => "connects to the network",
            Self::Send => "hands something to another host",
            Self::Shell => "starts programs",
            Self::Install => "installs something",
            Self::Secrets => "reads secrets",
            Self::Messages => "reads or sends messages",
            Self::Memory => "writes what later sessions read",
            Self::Money => "moves money",
            Self::Delegate => "has other skills or agents act",
            Self::Delete => "deletes something",
            Self::Outside => "reaches outside of the workspace",
            Self::Opaque => "runs what cannot be read beforehand",
        }
    }

    /// Whether a project's own instructions may ask for it as a matter of course.
    fn is_everyday(self) -> bool {
        matches!(
            self,
            Self::Net | Self::Shell | Self::Install | Self::Outside | Self::Delegate | Self::Delete
        )
    }
}

/// Places that one gap names.
const MAX_SPANS: usize = 5;

/// What is not settled: one gap for each need.
pub fn unsettled(package: &Package, permissions: &Permissions, facts: &[Fact]) -> Vec<Gap> {
    let kind = match package.agent {
        Some(
            kind @ (AgentKind::Skill | AgentKind::Plugin | AgentKind::Command | AgentKind::Instructions),
        ) => kind,
        // Their code and their configuration are judged by rules, as any package's.
        _ => return Vec::new(),
    };
    let mut needs: BTreeMap<Need, Vec<(&str, &Span)>> = BTreeMap::new();
    for fact in facts.iter().filter(|fact| !fact.context.test) {
        if let Some(need) = need(fact) {
            needs.entry(need).or_default().push((&fact.name, &fact.span));
        }
    }
    let stated = format!("{} {}", package.name.replace(['-', '_', '/'], " "), permissions.purpose);
    let mut out = Vec::new();
    for (need, mut places) in needs {
        let everyday = need.is_everyday() && matches!(kind, AgentKind::Instructions | AgentKind::Command);
        if everyday || declares(permissions, need) || purpose::speaks_of(&stated, need) {
            continue;
        }
        places.sort_by_key(|(_, span)| *span);
        let names = places.first().map_or("", |(name, _)| name);
        let mut spans: Vec<Span> = places.iter().map(|(_, span)| (*span).clone()).collect();
        spans.dedup();
        spans.truncate(MAX_SPANS);
        let message = match need {
            Need::Opaque => format!("{} (`{}`); somebody has to read it", need.says(), escape(names)),
            _ => format!(
                "{} (`{}`), which its description does not speak of; somebody has to look, or the policy to grant it",
                need.says(),
                escape(names)
            ),
        };
        out.push(Gap { kind: GapKind::NeedsReview, message, spans });
    }
    out
}

/// The need that a fact shows, if any.
fn need(fact: &Fact) -> Option<Need> {
    if !matches!(fact.context.polarity, Polarity::Told) {
        return None;
    }
    match fact.kind {
        FactKind::Tool => of_tool(&fact.name, &fact.value),
        FactKind::Shell if fact.name == "computed" => Some(Need::Opaque),
        _ => match fact.capability? {
            CapabilityKind::Net => Some(Need::Net),
            CapabilityKind::Process => Some(Need::Shell),
            CapabilityKind::Native => Some(Need::Opaque),
            CapabilityKind::DynamicCode => (fact.kind == FactKind::Call).then_some(Need::Opaque),
            _ => None,
        },
    }
}

/// The need of a tool `object.verb`.
fn of_tool(tool: &str, on: &str) -> Option<Need> {
    let (object, verb) = tool.split_once('.').unwrap_or((tool, ""));
    let sends = matches!(verb, "post" | "put" | "send" | "upload" | "submit" | "publish" | "push" | "share");
    let deletes = matches!(verb, "delete" | "remove" | "purge" | "drop");
    Some(match object {
        "file" | "folder" | "project" => {
            let outside =
                ["~", "/", "$HOME", "%USERPROFILE%", "C:\\"].iter().any(|start| on.starts_with(start));
            if !outside || on.starts_with("/tmp/") || on.starts_with("/dev/null") {
                return None;
            }
            Need::Outside
        }
        "plan" | "user" | "code" => return None,
        "shell" | "command" | "process" => Need::Shell,
        "web" | "http" | "net" | "browser" | "url" => {
            if sends {
                Need::Send
            } else {
                Need::Net
            }
        }
        "mail" | "message" | "chat" | "sms" | "calendar" | "contact" | "slack" | "gmail" | "discord" => {
            Need::Messages
        }
        "memory" => Need::Memory,
        "money" | "payment" | "wallet" | "order" => Need::Money,
        "credentials" | "credential" | "secret" | "keychain" | "env" => Need::Secrets,
        "package" | "plugin" => Need::Install,
        "agent" | "skill" => Need::Delegate,
        "db" | "record" | "data" if deletes => Need::Delete,
        "git" if sends => Need::Send,
        _ if deletes => Need::Delete,
        _ if sends => Need::Send,
        _ => return None,
    })
}

/// Whether one of the declared tools is for the need. A grant of everything declares nothing.
fn declares(permissions: &Permissions, need: Need) -> bool {
    permissions.declared.iter().any(|declared| {
        declared.tool != "*"
            && !(declared.tool == "shell.run" && matches!(&*declared.on, "" | "*" | ":*"))
            && of_tool(&declared.tool, &declared.on) == Some(need)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ecosystem, Location};

    fn gaps(description: &str, facts: &[Fact]) -> Vec<String> {
        let place = Location { file: "SKILL.md".into(), line: 1, column: 1 };
        let package = Package {
            agent: Some(AgentKind::Skill),
            ..Package::registry(Ecosystem::Agent, "tidy", "", place)
        };
        let permissions = Permissions { purpose: description.to_owned(), ..Permissions::default() };
        unsettled(&package, &permissions, facts).into_iter().map(|gap| gap.message).collect()
    }

    fn tool(name: &str) -> Fact {
        Fact::new(FactKind::Tool, name, Span::file("SKILL.md"))
    }

    #[test]
    fn what_the_purpose_speaks_of_is_settled() {
        assert!(
            gaps("Reads mail and lists what is urgent", &[tool("mail.read"), tool("file.write")]).is_empty()
        );
        let got = gaps("Formats JSON", &[tool("mail.read")]);
        assert_eq!(got.len(), 1);
        assert!(got[0].starts_with("reads or sends messages (`mail.read`)"), "{got:?}");
    }

    #[test]
    fn what_is_not_told_needs_nothing() {
        let mut fact = tool("money.pay");
        fact.context.polarity = Polarity::Negated;
        assert!(gaps("Formats JSON", &[fact]).is_empty());
    }

    #[test]
    fn what_cannot_be_read_always_waits() {
        let call =
            Fact::new(FactKind::Call, "builtins.exec", Span::file("a.py")).gives(CapabilityKind::DynamicCode);
        assert_eq!(gaps("Runs scripts", &[call]).len(), 1);
    }
}
