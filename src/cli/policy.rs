//! `bomvet policy`.

use std::path::PathBuf;

use super::{APPROVED, CommandError, Env, print, read_text};
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

/// Loads the policy file if it is there, else the built-in profile.
///
/// # Errors
/// Where the file is there but cannot be used, or the profile is unknown.
pub fn load(path: &std::path::Path, must_exist: bool, profile: Option<&str>) -> Result<Policy, CommandError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Policy::parse(&path.display().to_string(), &text, profile)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => builtin(profile),
        Err(error) => Err(format!("cannot read policy `{}`: {error}", path.display()).into()),
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
            let policy = load(policy, false, profile.as_deref())?;
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
