//! `bomvet check`.

use std::path::{Path, PathBuf};

use super::progress::Bar;
use super::shared::{self, Shared};
use super::{CommandError, Env, policy};
use crate::attest;
use crate::audit::{self, Scope, change, target};
use crate::compare::lock::Lock;
use crate::policy::Policy;

/// Options of `bomvet check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder, archive (.zip, .skill, .tar.gz, .tgz, .crate, .whl), configuration file, or purl
    target: PathBuf,
    /// Take the folder as it is in this git revision
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// Judge the target alone, not what it would bring in
    #[arg(long)]
    no_deps: bool,
    /// Policy file; the user's own `policy.toml` by default, never one that lies in the target
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Write what was judged, with digest and verdict, to a lockfile
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = LOCK, conflicts_with = "locked")]
    lock: Option<PathBuf>,
    /// Deny what differs from the lockfile
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = LOCK)]
    locked: Option<PathBuf>,
    /// Folder for `bom.cdx.json`, `attestations.jsonl`, `report.html` and `bomvet.sarif`; none are written by default
    #[arg(long, short)]
    output: Option<PathBuf>,
    #[command(flatten)]
    shared: Shared,
}

/// Name of the lockfile.
const LOCK: &str = "skills.bomvet.lock";

/// Runs the check.
///
/// # Errors
/// Where the target, the policy, the key, a lockfile or the output cannot be used.
pub fn run(args: &Args, env: &Env) -> Result<u8, CommandError> {
    if let Some(why) = &env.bad_epoch {
        return Err(why.clone().into());
    }
    let (shared, spec) = (&args.shared, args.shared.spec()?);
    let signer = match args.output {
        Some(_) => shared.signer()?,
        None => None,
    };
    let policy = effective_policy(args, env)?;
    let mut subject = target::stage(&args.target, args.rev.as_deref())?;
    let folder = if subject.path.is_file() { subject.path.parent() } else { Some(subject.path.as_path()) };
    let folder = folder.unwrap_or(Path::new("."));
    let mut options = shared.options(env, policy, &subject.path, folder, Vec::new())?;
    options.given = subject.given.take();
    options.name = subject.name.take();
    options.remarks = std::mem::take(&mut subject.remarks);
    options.scope = if args.no_deps { Scope::Alone } else { Scope::Whole };
    options.locked = args.locked.as_deref().map(Lock::read).transpose()?;
    let audit = if env.terminal {
        audit::run(&options, change::Base::None, &Bar::default())
    } else {
        audit::run(&options, change::Base::None, &audit::Quiet)
    };
    let mut audit = audit?;
    audit.inputs.extend(subject.input.take());
    audit.inputs.sort();
    if folder.join("bomvet.toml").exists() {
        audit.notes.push("the target's own `bomvet.toml` is not used: it is the target's word".to_owned());
        audit.notes.sort();
    }
    if let Some(output) = &args.output {
        shared::write(output, &audit, signer.as_ref(), attest::Options { spec })?;
    }
    if let Some(path) = &args.lock {
        Lock::update(path, &audit)?;
    }
    shared.print(&audit, env)?;
    Ok(audit.exit_code())
}

/// The policy: named, or the user's own, or the built-in profile `skill`.
fn effective_policy(args: &Args, env: &Env) -> Result<Policy, CommandError> {
    let profile = args.shared.profile.as_deref();
    if let Some(path) = &args.policy {
        return policy::load(path, profile);
    }
    match env.config.as_ref().map(|folder| folder.join("policy.toml")).filter(|path| path.is_file()) {
        Some(path) => policy::load(&path, profile),
        None => policy::builtin(profile.or(Some("skill"))),
    }
}
