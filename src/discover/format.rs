//! Which files are read, told by their paths.

use crate::model::Ecosystem;

/// The format of a file that pins or names packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// `Cargo.lock`.
    CargoLock,
    /// `package-lock.json` and `npm-shrinkwrap.json`.
    NpmLock,
    /// `go.mod`; `go.sum` is read with it.
    GoMod,
    /// `go.work`.
    GoWork,
    /// `build.zig.zon`.
    Zon,
    /// `Dockerfile`, `Containerfile`, `*.Dockerfile`, `Dockerfile.*`.
    Dockerfile,
    /// `compose.yaml` and `docker-compose.yml`.
    Compose,
    /// `.github/workflows/*.yml`.
    Workflow,
    /// `action.yml`.
    Action,
    /// `pnpm-lock.yaml`.
    PnpmLock,
    /// `yarn.lock`, of Yarn 1 and of later ones.
    YarnLock,
    /// `bun.lock`.
    BunLock,
    /// `deno.lock`.
    DenoLock,
    /// `requirements*.txt`, and `.txt` files in a folder `requirements`.
    Requirements,
    /// `uv.lock`, and a script's `*.py.lock`.
    UvLock,
    /// `poetry.lock`.
    PoetryLock,
    /// `pdm.lock`.
    PdmLock,
    /// `Pipfile.lock`.
    PipfileLock,
    /// `pylock.toml` and `pylock.*.toml` (PEP 751).
    PyLock,
    /// A Python script with a header that names packages (PEP 723); told by its contents.
    PythonScript,
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
            "go.mod" => Some(Self::GoMod),
            "go.work" => Some(Self::GoWork),
            "build.zig.zon" => Some(Self::Zon),
            _ if name.ends_with("pnpm-lock.yaml") => Some(Self::PnpmLock),
            _ if name.ends_with("yarn.lock") => Some(Self::YarnLock),
            _ if name.ends_with("bun.lock") => Some(Self::BunLock),
            _ if name.ends_with("deno.lock") => Some(Self::DenoLock),
            _ => python(dir, name).or_else(|| agent(dir, name)).or_else(|| infrastructure(dir, name)),
        }
    }

    /// The package manager's world.
    pub fn ecosystem(self) -> Ecosystem {
        match self {
            Self::CargoLock => Ecosystem::Cargo,
            Self::GoMod | Self::GoWork => Ecosystem::Golang,
            Self::Zon => Ecosystem::Zig,
            Self::Dockerfile | Self::Compose => Ecosystem::Docker,
            Self::Workflow | Self::Action => Ecosystem::Github,
            Self::NpmLock | Self::PnpmLock | Self::YarnLock | Self::BunLock => Ecosystem::Npm,
            Self::DenoLock => Ecosystem::Jsr,
            Self::Requirements
            | Self::UvLock
            | Self::PoetryLock
            | Self::PdmLock
            | Self::PipfileLock
            | Self::PyLock
            | Self::PythonScript => Ecosystem::Pypi,
            Self::Skill | Self::Instructions | Self::Command | Self::Settings | Self::Mcp | Self::Plugin => {
                Ecosystem::Agent
            }
        }
    }

    /// The manifest that may lie beside it.
    pub fn manifest(self) -> Option<&'static str> {
        match self {
            Self::CargoLock => Some("Cargo.toml"),
            Self::NpmLock | Self::PnpmLock | Self::YarnLock | Self::BunLock => Some("package.json"),
            Self::PipfileLock => Some("Pipfile"),
            Self::UvLock | Self::PoetryLock | Self::PdmLock | Self::PyLock | Self::Requirements => {
                Some("pyproject.toml")
            }
            _ => None,
        }
    }
}

/// What pins Python's packages.
fn python(dir: &str, name: &str) -> Option<Format> {
    let requirements = name.starts_with("requirements") || dir.rsplit('/').next() == Some("requirements");
    Some(match name {
        _ if name.ends_with("uv.lock") || name.ends_with(".py.lock") => Format::UvLock,
        _ if name.ends_with("poetry.lock") => Format::PoetryLock,
        _ if name.ends_with("pdm.lock") => Format::PdmLock,
        _ if name.ends_with("Pipfile.lock") => Format::PipfileLock,
        _ if name == "pylock.toml" || name.starts_with("pylock.") && name.ends_with(".toml") => {
            Format::PyLock
        }
        _ if requirements && name.ends_with(".txt") => Format::Requirements,
        _ => return None,
    })
}

/// Images and automation.
fn infrastructure(dir: &str, name: &str) -> Option<Format> {
    let lower = name.to_ascii_lowercase();
    let yaml = lower.strip_suffix(".yml").or_else(|| lower.strip_suffix(".yaml"));
    if let Some(stem) = yaml {
        return match stem {
            _ if dir == ".github/workflows" || dir.ends_with("/.github/workflows") => Some(Format::Workflow),
            "action" => Some(Format::Action),
            "compose" | "docker-compose" => Some(Format::Compose),
            _ if stem.starts_with("compose.") || stem.starts_with("docker-compose.") => Some(Format::Compose),
            _ => None,
        };
    }
    // Beside the file itself: what is left out of it, notes, and texts that become one.
    let other = [".dockerignore", ".md", ".txt", ".j2", ".tmpl", ".tpl", ".template", ".erb", ".in", ".sh"];
    let named = |what: &str| {
        lower == what || lower.starts_with(&format!("{what}.")) || lower.ends_with(&format!(".{what}"))
    };
    let is = (named("dockerfile") || named("containerfile")) && !other.iter().any(|end| lower.ends_with(end));
    is.then_some(Format::Dockerfile)
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
        "settings.json" | "settings.local.json"
            if last(".claude") || last(".gemini") || last(".qwen") || last(".vscode") || last(".zed") =>
        {
            Format::Settings
        }
        "config.toml" if last(".codex") => Format::Settings,
        "cli.json" | "permissions.json" if last(".cursor") => Format::Settings,
        "opencode.json" | "opencode.jsonc" => Format::Settings,
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
            ("api/go.mod", Format::GoMod),
            ("build.zig.zon", Format::Zon),
            ("Dockerfile", Format::Dockerfile),
            ("a/web.Dockerfile", Format::Dockerfile),
            ("Containerfile.dev", Format::Dockerfile),
            ("docker-compose.dev.yml", Format::Compose),
            ("x/.github/workflows/ci.yaml", Format::Workflow),
            (".github/actions/a/action.yml", Format::Action),
            ("a/pnpm-lock.yaml", Format::PnpmLock),
            ("yarn.lock", Format::YarnLock),
            ("a/old.bun.lock", Format::BunLock),
            ("deno.lock", Format::DenoLock),
            ("requirements-dev.txt", Format::Requirements),
            ("requirements/base.txt", Format::Requirements),
            ("a/uv.lock", Format::UvLock),
            ("tool.py.lock", Format::UvLock),
            ("pylock.dev.toml", Format::PyLock),
            (".claude/skills/x/SKILL.md", Format::Skill),
            ("AGENTS.md", Format::Instructions),
            (".claude/commands/git/push.md", Format::Command),
            (".claude/settings.json", Format::Settings),
            (".codex/config.toml", Format::Settings),
            (".vscode/mcp.json", Format::Mcp),
            ("p/.claude-plugin/plugin.json", Format::Plugin),
        ] {
            assert_eq!(Format::of(path), Some(format), "{path}");
        }
        for path in [
            "a/requirements.in",
            "Dockerfile.dockerignore",
            "workflows/ci.yml",
            "a/requirements.in",
            "README.md",
            "settings.json",
            "commands/x.md",
            "plugin.json",
        ] {
            assert_eq!(Format::of(path), None, "{path}");
        }
    }
}
