//! `bomvet guard`.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::agents::Judge;
use super::{APPROVED, CommandError, DENIED, Env, FAILED, complain, print};
use crate::attest::atomic::write_atomic;
use crate::guard::command::{self, Ask, MANAGERS};
use crate::guard::{Ruling, SKILL, hook, judge, settings, shim};

/// Stop installs that would be denied.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Answer a PreToolUse hook: JSON on standard input, a decision on standard output
    Hook {
        #[command(flatten)]
        judge: Judge,
    },
    /// Judge what a command would install, then run it if all is approved
    Run {
        #[command(flatten)]
        judge: Judge,
        /// Folder of the shims, which the real program is not taken from
        #[arg(long, value_name = "DIR")]
        shims: Option<PathBuf>,
        /// The command
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<String>,
    },
    /// Write shims of package managers, and the hook's entry into an agent's settings
    Install {
        #[command(flatten)]
        judge: Judge,
        #[command(flatten)]
        places: Places,
    },
    /// Remove the shims and the hook's entry
    Uninstall {
        #[command(flatten)]
        places: Places,
    },
    /// Print a SKILL.md that tells an agent to ask first
    Skill,
}

/// Where the guard is put.
#[derive(Debug, clap::Args)]
pub struct Places {
    /// Folder of the shims [default: `shims` in bomvet's configuration folder]; put it first on PATH
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Settings file of Claude Code that gets the hook
    #[arg(long, value_name = "SETTINGS")]
    claude: Option<PathBuf>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
///
/// # Errors
/// Where it cannot be done. A hook that cannot judge denies.
pub fn run(command: &Command, env: &Env) -> Result<u8, CommandError> {
    match command {
        Command::Hook { judge } => hook(judge, env),
        Command::Run { judge, shims, command } => shimmed(judge, shims.as_deref(), command, env),
        Command::Install { judge, places } => install(judge, places, env),
        Command::Uninstall { places } => uninstall(places, env),
        Command::Skill => print(SKILL).map(|()| APPROVED),
    }
}

/// Rules on what is asked, in time; what cannot be judged is denied.
fn rule(judge: &Judge, env: &Env, cwd: &Path, asks: Vec<Ask>) -> Ruling {
    if asks.is_empty() {
        return Ruling::Nothing;
    }
    let options = match judge.options(env, cwd) {
        Ok(options) => options,
        Err(why) => {
            let line = why.to_string().lines().next().unwrap_or_default().to_owned();
            return Ruling::Denied(format!("bomvet could not judge this install: {line}"));
        }
    };
    let time = Duration::from_secs(judge::SECONDS);
    judge::within(time, move || judge::ruling(&options, &asks)).unwrap_or_else(|| {
        Ruling::Denied(format!("bomvet could not judge this install within {} seconds", judge::SECONDS))
    })
}

/// Exit code 2 blocks the call, too: for input that is not a hook's.
fn hook(judge: &Judge, env: &Env) -> Result<u8, CommandError> {
    let mut input = Vec::new();
    std::io::stdin().lock().take(hook::MAX_INPUT + 1).read_to_end(&mut input)?;
    if input.len() as u64 > hook::MAX_INPUT {
        return Err(format!("the hook's input has more than {} bytes", hook::MAX_INPUT).into());
    }
    let Some(call) = hook::read(&input)? else { return Ok(APPROVED) };
    let cwd = std::path::absolute(&call.cwd)?;
    let ruling = rule(judge, env, &cwd, command::of_text(&call.command, &cwd));
    if let Some(answer) = hook::answer(&ruling) {
        print(&format!("{answer}\n"))?;
    }
    Ok(APPROVED)
}

/// Nobody can be asked here, so what is unclear is stopped.
fn shimmed(judge: &Judge, shims: Option<&Path>, words: &[String], env: &Env) -> Result<u8, CommandError> {
    let (program, args) = words.split_first().ok_or("no command is given")?;
    let cwd = std::env::current_dir()?;
    match rule(judge, env, &cwd, command::of_args(program, args, &cwd)) {
        Ruling::Nothing | Ruling::Approved => {}
        Ruling::Denied(why) => {
            complain(&why);
            return Ok(DENIED);
        }
        Ruling::Unclear(why) => {
            complain(&why);
            return Ok(FAILED);
        }
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let real = shim::real(program, &path, shims)
        .ok_or_else(|| format!("there is no `{program}` on PATH but bomvet's shim"))?;
    start(&real, args)
}

#[expect(clippy::disallowed_methods, reason = "the package manager that the user called, after the verdict")]
fn start(program: &Path, args: &[String]) -> Result<u8, CommandError> {
    let mut command = std::process::Command::new(program);
    command.args(args);
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        // Gives an error or does not come back.
        Err(format!("cannot run `{}`: {}", program.display(), command.exec()).into())
    }
    #[cfg(not(unix))]
    {
        let status = command.status()?;
        Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(FAILED))
    }
}

fn shims(places: &Places, env: &Env) -> Result<PathBuf, CommandError> {
    let own = || env.config.as_ref().map(|config| config.join("shims"));
    let dir = places.dir.clone().or_else(own).ok_or("the configuration folder is not known; give `--dir`")?;
    Ok(std::path::absolute(dir)?)
}

fn utf8(path: &Path) -> Result<&str, CommandError> {
    path.to_str().ok_or_else(|| format!("`{}` is not UTF-8", path.display()).into())
}

/// The settings file's new text; the file that a link leads to.
fn changed(path: &Path, hook: Option<&str>) -> Result<(PathBuf, String, bool), CommandError> {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let old = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(format!("cannot read `{}`: {error}", path.display()).into()),
    };
    let new = settings::with_hook(&old, hook).map_err(|why| format!("`{}`: {why}", path.display()))?;
    let differs = new != old;
    Ok((path, new, differs))
}

fn install(judge: &Judge, places: &Places, env: &Env) -> Result<u8, CommandError> {
    let dir = shims(places, env)?;
    let program = std::env::current_exe()?;
    let (program, options) = (utf8(&program)?, judge.args()?);
    let folder = utf8(&dir)?;
    for name in MANAGERS {
        let path = dir.join(name);
        if path.exists() && !shim::is_shim(&path) {
            return Err(format!(
                "`{}` is there and is no shim of bomvet's; choose another folder",
                path.display()
            )
            .into());
        }
    }
    let hook: String = options.iter().map(|option| format!(" {}", shim::quoted(option))).collect();
    let hook = format!("{} guard hook{hook}", shim::quoted(program));
    let settings = places.claude.as_deref().map(|path| changed(path, Some(&hook))).transpose()?;
    let verb = if places.dry_run { "would write" } else { "wrote" };
    for name in MANAGERS {
        let path = dir.join(name);
        if !places.dry_run {
            std::fs::create_dir_all(&dir)?;
            write_atomic(&path, shim::script(program, folder, &options, name).as_bytes())?;
            executable(&path)?;
        }
        print(&format!("{verb} {}\n", path.display()))?;
    }
    if let Some((path, text, _)) = settings {
        if !places.dry_run {
            if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                std::fs::create_dir_all(parent)?;
            }
            write_atomic(&path, text.as_bytes())?;
        }
        print(&format!("{verb} {}\n", path.display()))?;
    }
    print(&format!("put the shims first: export PATH={}:\"$PATH\"\n", shim::quoted(folder)))?;
    Ok(APPROVED)
}

#[cfg(unix)]
fn executable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn executable(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

fn uninstall(places: &Places, env: &Env) -> Result<u8, CommandError> {
    let dir = shims(places, env)?;
    let verb = if places.dry_run { "would remove" } else { "removed" };
    for name in MANAGERS {
        let path = dir.join(name);
        if !shim::is_shim(&path) {
            continue;
        }
        if !places.dry_run {
            std::fs::remove_file(&path)
                .map_err(|error| format!("cannot remove `{}`: {error}", path.display()))?;
        }
        print(&format!("{verb} {}\n", path.display()))?;
    }
    if let Some(path) = places.claude.as_deref().filter(|path| path.exists()) {
        let (path, text, differs) = changed(path, None)?;
        if differs && !places.dry_run {
            write_atomic(&path, text.as_bytes())?;
        }
        print(&format!("{verb} the hook of {}\n", path.display()))?;
    }
    Ok(APPROVED)
}
