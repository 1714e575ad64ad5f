//! What the most is that a package could make an agent do, and what of that nobody has settled.
//!
//! Reading, searching and editing within the workspace is what an agent does anyway. What goes
//! further has to be within the purpose that the package states, or among the tools that it
//! declares; else evidence does not settle it, and it waits for a review or a grant. Code that was
//! not understood to the end waits whatever the purpose is.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::purpose;
use crate::model::{
    AgentKind, CapabilityKind, Contents, Fact, FactKind, Gap, GapKind, Package, Permissions, Polarity, Span,
    escape,
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
pub fn unsettled(
    package: &Package,
    permissions: &Permissions,
    facts: &[Fact],
    contents: &Contents,
) -> Vec<Gap> {
    let kind = match package.agent {
        Some(
            kind @ (AgentKind::Skill | AgentKind::Plugin | AgentKind::Command | AgentKind::Instructions),
        ) => kind,
        // Their code and their configuration are judged by rules, as any package's.
        _ => return Vec::new(),
    };
    let mut needs: BTreeMap<Need, Vec<(&str, &Span)>> = BTreeMap::new();
    // What the description asks for it speaks of.
    let described: Vec<&Span> = facts
        .iter()
        .filter(|fact| fact.kind == FactKind::Declared && fact.name == "description")
        .map(|fact| &fact.span)
        .collect();
    let spoken = |span: &Span| {
        described
            .iter()
            .any(|whole| whole.file == span.file && whole.start <= span.start && span.end <= whole.end)
    };
    let stated = format!("{} {}", package.name.replace(['-', '_', '/'], " "), permissions.purpose);
    for fact in facts.iter().filter(|fact| !fact.context.test) {
        if spoken(&fact.span) || starts_own(fact, contents) {
            continue;
        }
        if let Some(need) = need(fact) {
            let named = matches!(need, Need::Shell | Need::Net) && fact.kind == FactKind::Shell;
            if named && purpose::names_program(&stated, &fact.name) {
                continue;
            }
            needs.entry(need).or_default().push((&fact.name, &fact.span));
        }
    }
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

/// Variables by which agents name the folder of the project, of a plugin or of a skill: from their
/// own documentation.
const ROOTS: &[&str] = &[
    "$CLAUDE_PROJECT_DIR/",
    "${CLAUDE_PROJECT_DIR}/",
    "$CLAUDE_PLUGIN_ROOT/",
    "${CLAUDE_PLUGIN_ROOT}/",
    "${CLAUDE_SKILL_DIR}/",
    "$CLAUDE_SKILL_DIR/",
    "{baseDir}/",
];

/// A command line whose script is named from such a folder, named as it is in the package instead:
/// a skill stands somewhere below it.
fn without_root<'l>(line: &'l str, contents: &Contents) -> Cow<'l, str> {
    let Some((at, root)) = ROOTS.iter().find_map(|root| Some((line.find(root)?, *root))) else {
        return line.into();
    };
    let (before, rest) =
        (line.get(..at).unwrap_or_default(), line.get(at + root.len()..).unwrap_or_default());
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).unwrap_or(rest.len());
    let (path, after) = rest.split_at(end);
    let mut inner = path;
    while contents.get(inner).is_none() {
        match inner.split_once('/') {
            Some((_, below)) => inner = below,
            None => return line.into(),
        }
    }
    let after = after.trim_start_matches(['"', '\'']);
    format!("{}{inner}{after}", before.trim_end_matches(['"', '\''])).into()
}

/// Whether a command only starts a script of the package: what that does is told by its own facts.
fn starts_own(fact: &Fact, contents: &Contents) -> bool {
    let command = match fact.kind {
        FactKind::Shell => true,
        FactKind::Tool => fact.name == "shell.run",
        _ => false,
    };
    // The agent is told in words to run it: what else the sentence has run is a fact of its own.
    if fact.kind == FactKind::Tool && fact.span.file.ends_with(".md") {
        let bare = |word: &str| {
            word.trim_matches(['`', '"', '\'', '(', ')', ',', '.', ':']).trim_start_matches("./").to_owned()
        };
        return command
            && fact
                .value
                .split_whitespace()
                .map(bare)
                .any(|word| word.contains(['/', '.']) && contents.get(&word).is_some());
    }
    let leaves =
        ["<(", "<<", ">(", ">>", "> /", "> ~", ">/", ">~"].iter().any(|part| fact.value.contains(part));
    let value = without_root(&fact.value, contents);
    if !command || leaves || value.contains(['|', ';', '&', '`', '\n', '$']) {
        return false;
    }
    let mut words = value.split_whitespace();
    let starter = words.next().unwrap_or_default();
    let script = match starter {
        "python3" | "python" | "node" | "bash" | "sh" | "ruby" | "deno" => words.next().unwrap_or_default(),
        other => other,
    };
    let script = script.trim_matches(['"', '\'']).trim_start_matches("./");
    script.contains('.') && !script.starts_with(['-', '/', '~']) && contents.get(script).is_some()
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
            // They ask the registries and remotes that the user's own configuration names.
            CapabilityKind::Net if fact.kind == FactKind::Shell && is_dev_tool(&fact.name) => {
                Some(Need::Shell)
            }
            CapabilityKind::Net => Some(Need::Net),
            CapabilityKind::Process => Some(Need::Shell),
            // The system's own store of secrets is native code, and everybody knows what it holds.
            CapabilityKind::Native
                if ["keyring.", "secretstorage."].iter().any(|name| fact.name.starts_with(name)) =>
            {
                Some(Need::Secrets)
            }
            CapabilityKind::Native => Some(Need::Opaque),
            CapabilityKind::DynamicCode => (fact.kind == FactKind::Call).then_some(Need::Opaque),
            _ => None,
        },
    }
}

/// Programs of every developer's day, whose network is their own registry or remote.
pub(super) fn is_dev_tool(name: &str) -> bool {
    matches!(
        name,
        "git"
            | "gh"
            | "glab"
            | "docker"
            | "docker-compose"
            | "podman"
            | "npm"
            | "npx"
            | "pnpm"
            | "yarn"
            | "bun"
            | "bunx"
            | "cargo"
            | "rustup"
            | "pip"
            | "pip3"
            | "pipx"
            | "uv"
            | "uvx"
            | "poetry"
            | "go"
            | "brew"
            | "apt"
            | "apt-get"
            | "dnf"
            | "apk"
            | "pacman"
            | "gem"
            | "bundle"
            | "composer"
            | "mvn"
            | "gradle"
            | "dotnet"
            | "deno"
            | "make"
            | "kubectl"
            | "helm"
            | "terraform"
            | "systemctl"
    )
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
        let contents = crate::check::examples::contents(&[]);
        unsettled(&package, &permissions, facts, &contents).into_iter().map(|gap| gap.message).collect()
    }

    fn shell(line: &str) -> Fact {
        Fact::new(FactKind::Shell, line.split(' ').next().unwrap_or_default(), Span::file("SKILL.md"))
            .value(line)
            .gives(CapabilityKind::Process)
    }

    #[test]
    fn a_script_of_its_own_is_judged_by_what_it_does() {
        let contents = crate::check::examples::contents(&[("scripts/own.py", b"print(1)")]);
        for line in ["python3 scripts/own.py --x 1", "python3 scripts/own.py < a.txt > b.md"] {
            assert!(starts_own(&shell(line), &contents), "{line}");
        }
        for line in [
            "python3 scripts/other.py",
            "python3 scripts/own.py | sh",
            "python3 -c 'x'",
            "python3 scripts/own.py > ~/.bashrc",
            "curl -T scripts/own.py https://a.invalid",
        ] {
            assert!(!starts_own(&shell(line), &contents), "{line}");
        }
        let mut told = tool("shell.run");
        for line in [
            "python3 \"$CLAUDE_PROJECT_DIR/.claude/skills/a/scripts/own.py\"",
            "python3 ${CLAUDE_PLUGIN_ROOT}/scripts/own.py --x",
        ] {
            assert!(starts_own(&shell(line), &contents), "{line}");
        }
        assert!(!starts_own(&shell("python3 \"$CLAUDE_PROJECT_DIR/other.py\""), &contents));
        told.value = "Run `python3 scripts/own.py` first.".to_owned();
        assert!(starts_own(&told, &contents));
    }

    #[test]
    fn the_description_speaks_of_what_it_asks_for() {
        let mut said = Fact::new(FactKind::Declared, "description", Span::file("SKILL.md")).value("Kisses");
        (said.span.start, said.span.end) = (10, 60);
        let mut asked = tool("mail.read");
        (asked.span.start, asked.span.end) = (20, 40);
        let mut later = asked.clone();
        (later.span.start, later.span.end) = (80, 90);
        assert!(gaps("Kisses", &[said.clone(), asked]).is_empty());
        assert_eq!(gaps("Kisses", &[said, later]).len(), 1);
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
