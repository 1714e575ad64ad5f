//! Which files are read, told by their paths.

use crate::model::Ecosystem;

/// The format of a file that pins or names packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// `Cargo.lock`.
    CargoLock,
    /// `package-lock.json` and `npm-shrinkwrap.json`.
    NpmLock,
    /// A skill's `SKILL.md`.
    Skill,
    /// `CLAUDE.md`, `AGENTS.md` and their kin.
    Instructions,
    /// A slash command or a sub-agent.
    Command,
    /// An agent's settings: hooks, permissions, environment.
    Settings,
    /// A list of MCP servers.
    Mcp,
    /// A plugin's or marketplace's manifest.
    Plugin,
}

impl Format {
    /// The format of the file at `path`, from the root, `/`-separated.
    pub fn of(path: &str) -> Option<Self> {
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        // With a dot before the name, as `audit FILE` takes copies (`a.Cargo.lock`).
        match name {
            _ if name.ends_with("Cargo.lock") => Some(Self::CargoLock),
            _ if name.ends_with("package-lock.json") || name.ends_with("npm-shrinkwrap.json") => {
                Some(Self::NpmLock)
            }
            _ => agent(dir, name),
        }
    }

    /// The package manager's world.
    pub fn ecosystem(self) -> Ecosystem {
        match self {
            Self::CargoLock => Ecosystem::Cargo,
            Self::NpmLock => Ecosystem::Npm,
            Self::Skill | Self::Instructions | Self::Command | Self::Settings | Self::Mcp | Self::Plugin => {
                Ecosystem::Agent
            }
        }
    }

    /// The manifest that may lie beside it.
    pub fn manifest(self) -> Option<&'static str> {
        match self {
            Self::CargoLock => Some("Cargo.toml"),
            Self::NpmLock => Some("package.json"),
            _ => None,
        }
    }
}

/// What agents are given. Names as of 2026: Claude Code, Codex, Cursor, Gemini, Copilot, Windsurf,
/// OpenClaw; a name in other letters is the same file where the file system folds case.
fn agent(dir: &str, name: &str) -> Option<Format> {
    let lower = name.to_ascii_lowercase();
    let dir = format!("/{dir}/");
    let below = |folder: &str| dir.contains(&format!("/{folder}/"));
    let last = |folder: &str| dir.ends_with(&format!("/{folder}/"));
    Some(match lower.as_str() {
        "skill.md" => Format::Skill,
        "claude.md"
        | "claude.local.md"
        | "agents.md"
        | "agents.override.md"
        | "agent.md"
        | "gemini.md"
        | ".cursorrules"
        | ".windsurfrules"
        | ".clinerules"
        | "copilot-instructions.md"
        | "soul.md"
        | "memory.md" => Format::Instructions,
        _ if lower.ends_with(".mdc") && below(".cursor/rules") => Format::Instructions,
        _ if lower.ends_with(".instructions.md") && below(".github") => Format::Instructions,
        _ if lower.ends_with(".md")
            && ((below(".claude") || below(".codex") || below(".cursor") || below(".opencode"))
                && (below("commands") || below("agents") || below("prompts"))) =>
        {
            Format::Command
        }
        "settings.json" | "settings.local.json" if last(".claude") || last(".gemini") => Format::Settings,
        "hooks.json" if last("hooks") || last(".cursor") => Format::Settings,
        "tasks.json" if last(".vscode") => Format::Settings,
        "devcontainer.json" | ".devcontainer.json" => Format::Settings,
        ".mcp.json" | "mcp.json" | "mcp_config.json" | "claude_desktop_config.json" | "mcp_settings.json" => {
            Format::Mcp
        }
        "plugin.json" | "marketplace.json" if last(".claude-plugin") || last(".codex-plugin") => {
            Format::Plugin
        }
        "openclaw.plugin.json" | "gemini-extension.json" => Format::Plugin,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_paths() {
        for (path, format) in [
            ("Cargo.lock", Format::CargoLock),
            ("a/package-lock.json", Format::NpmLock),
            (".claude/skills/x/SKILL.md", Format::Skill),
            ("AGENTS.md", Format::Instructions),
            (".claude/commands/git/push.md", Format::Command),
            (".claude/settings.json", Format::Settings),
            (".vscode/mcp.json", Format::Mcp),
            ("p/.claude-plugin/plugin.json", Format::Plugin),
        ] {
            assert_eq!(Format::of(path), Some(format), "{path}");
        }
        for path in ["README.md", "settings.json", "commands/x.md", "plugin.json"] {
            assert_eq!(Format::of(path), None, "{path}");
        }
    }
}
