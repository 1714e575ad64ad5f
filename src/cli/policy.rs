//! `bomvet policy`.

use std::path::{Path, PathBuf};

use super::{APPROVED, CommandError, Env, print, read_limited, read_text};
use crate::policy::{Policy, TEMPLATE};

/// Show, check or start a policy.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Print the effective policy as JSON, with its digest
    Show {
        /// Policy file
        #[arg(long, default_value = "bomvet.toml")]
        policy: PathBuf,
        /// Profile
        #[arg(long)]
        profile: Option<String>,
    },
    /// Check a policy file and report exceptions that have expired
    Check {
        /// Policy file
        #[arg(default_value = "bomvet.toml")]
        policy: PathBuf,
    },
    /// Write a commented policy file; never overwrites one
    Init {
        /// Policy file
        #[arg(default_value = "bomvet.toml")]
        policy: PathBuf,
    },
}

/// Largest policy file, in bytes.
const MAX_POLICY: u64 = 4 << 20;

/// Loads the policy file that the user named.
///
/// # Errors
/// Where the file cannot be used, or the profile is unknown.
pub fn load(path: &Path, profile: Option<&str>) -> Result<Policy, CommandError> {
    let text = read_limited(path, MAX_POLICY)?;
    Ok(Policy::parse(&path.display().to_string(), &text, profile)?)
}

/// Loads `bomvet.toml` of `folder` if it is there, else the built-in profile.
///
/// What is audited put the file there: a pipe would never end, and a link that leaves could show
/// another file's lines in an error.
///
/// # Errors
/// Where the file is there but cannot be used, or the profile is unknown.
pub fn beside(folder: &Path, profile: Option<&str>) -> Result<Policy, CommandError> {
    let path = folder.join("bomvet.toml");
    let fail = |why: &str| Err(format!("cannot read policy `{}`: {why}", path.display()).into());
    match std::fs::symlink_metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return builtin(profile),
        Err(error) => return fail(&error.to_string()),
        Ok(_) => {}
    }
    match (std::fs::canonicalize(&path), std::fs::canonicalize(folder)) {
        (Ok(real), Ok(folder)) if !real.starts_with(&folder) => {
            fail("it is a link that leaves the folder; name the policy with `--policy`")
        }
        (Err(error), _) | (_, Err(error)) => fail(&error.to_string()),
        (Ok(real), _) if !real.is_file() => fail("it is not a regular file"),
        _ => load(&path, profile),
    }
}

/// Whether `bomvet.toml` of `folder` has the bytes `old`; one that cannot be used has not.
pub fn is_same(folder: &Path, old: Option<&[u8]>) -> bool {
    let path = folder.join("bomvet.toml");
    match std::fs::symlink_metadata(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => old.is_none(),
        Ok(meta) if meta.is_file() && meta.len() <= MAX_POLICY => old == std::fs::read(&path).ok().as_deref(),
        _ => false,
    }
}

/// The built-in policy of the profile.
///
/// # Errors
/// Where the name is unknown.
pub fn builtin(profile: Option<&str>) -> Result<Policy, CommandError> {
    let name = profile.unwrap_or("ci");
    Policy::builtin(name).ok_or_else(|| {
        format!("unknown profile `{name}`; known profiles: {}", crate::policy::PROFILES.join(", ")).into()
    })
}

/// Runs the command.
///
/// # Errors
/// Where the policy cannot be used or written.
pub fn run(command: &Command, env: &Env) -> Result<u8, CommandError> {
    match command {
        Command::Show { policy, profile } => {
            let policy = match policy.try_exists() {
                Ok(false) => builtin(profile.as_deref())?,
                _ => load(policy, profile.as_deref())?,
            };
            let mut value = serde_json::to_value(&policy)?;
            value["digest"] = serde_json::json!(policy.digest());
            print(&format!("{}\n", serde_json::to_string_pretty(&value)?))?;
        }
        Command::Check { policy: path } => {
            let policy = Policy::parse(&path.display().to_string(), &read_text(path)?, None)?;
            let expired = policy.expired(env.now);
            for (what, line, date) in &expired {
                print(&format!("{}:{line}: {what} expired on {date}\n", path.display()))?;
            }
            print(&format!(
                "{}: profile `{}`, {} exceptions, {} expired\n",
                path.display(),
                policy.profile.name,
                policy.exceptions().len(),
                expired.len()
            ))?;
        }
        Command::Init { policy } => {
            use std::io::Write as _;
            let mut file = std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(policy)
                .map_err(|error| format!("cannot create `{}`: {error}", policy.display()))?;
            file.write_all(TEMPLATE.as_bytes())?;
            print(&format!("wrote {}\n", policy.display()))?;
        }
    }
    Ok(APPROVED)
}
