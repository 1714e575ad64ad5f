//! `bomvet audit`.

use std::path::{Path, PathBuf};

use super::base::{self, BaseArgs};
use super::progress::Bar;
use super::shared::{self, Shared};
use super::{CommandError, Env, policy};
use crate::attest::{self, Signer};
use crate::audit::{self, change};
use crate::compare;
use crate::model::Audit;
use crate::policy::Policy;

/// Options of `bomvet audit`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder or lockfile
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Compare with a git revision and judge what the change adds or alters
    #[arg(long, value_name = "REV", conflicts_with = "base")]
    since: Option<String>,
    #[command(flatten)]
    base: BaseArgs,
    /// Policy file; `bomvet.toml` in the folder by default, with `--since` as it was at REV
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Fail where a lockfile does not fit its manifest, instead of reporting it
    #[arg(long)]
    locked: bool,
    /// Folder for `bom.cdx.json`, `attestations.jsonl`, `report.html` and `bomvet.sarif`
    #[arg(long, short, default_value = "bomvet-audit")]
    output: PathBuf,
    #[command(flatten)]
    shared: Shared,
}

/// Runs the audit and writes its files.
///
/// # Errors
/// Where the input, the policy, the key or the output cannot be used.
pub fn run(args: &Args, env: &Env) -> Result<u8, CommandError> {
    if let Some(why) = &env.bad_epoch {
        return Err(why.clone().into());
    }
    let (shared, spec) = (&args.shared, args.shared.spec()?);
    let signer = shared.signer()?;
    let base = base(args, signer.as_ref())?;
    let (policy, policy_notes) = effective_policy(args, &base)?;
    let output = std::path::absolute(&args.output)?;
    let options = shared.options(env, policy, &args.path, folder(args), vec![output])?;
    let audit = if env.terminal {
        audit::run(&options, base, &Bar::default())
    } else {
        audit::run(&options, base, &audit::Quiet)
    };
    let mut audit = audit?;
    audit.notes.extend(policy_notes);
    audit.notes.sort();
    if args.locked {
        refuse_mismatch(&audit)?;
    }
    shared::write(&args.output, &audit, signer.as_ref(), attest::Options { spec })?;
    shared.print(&audit, env)?;
    Ok(audit.exit_code())
}

/// The folder that is audited, or that the audited lockfile lies in.
fn folder(args: &Args) -> &Path {
    let parent = args.path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if args.path.is_file() { parent.unwrap_or(Path::new(".")) } else { &args.path }
}

/// What to compare with, read once: policy and lockfiles of a revision come from one listing.
fn base(args: &Args, signer: Option<&Signer>) -> Result<change::Base, CommandError> {
    if let Some(revision) = &args.since {
        let root = folder(args)
            .canonicalize()
            .map_err(|error| format!("cannot read `{}`: {error}", args.path.display()))?;
        return Ok(change::Base::Revision(Box::new(compare::git::Revision::open(&root, revision)?)));
    }
    match &args.base.base {
        Some(path) => base::load(path, &args.base, signer),
        None => Ok(change::Base::None),
    }
}

/// The policy: named, or `bomvet.toml` beside what is audited. A pull request must not be able to
/// loosen the policy that it is judged by, so with `--since` the file is the revision's.
fn effective_policy(args: &Args, base: &change::Base) -> Result<(Policy, Vec<String>), CommandError> {
    let profile = args.shared.profile.as_deref();
    if let Some(path) = &args.policy {
        return Ok((policy::load(path, profile)?, Vec::new()));
    }
    let folder = folder(args);
    let change::Base::Revision(base) = base else {
        return Ok((policy::beside(folder, profile)?, Vec::new()));
    };
    let revision = &base.revision;
    let old = base.read("bomvet.toml")?;
    let mut notes = Vec::new();
    if !policy::is_same(folder, old.as_deref()) {
        notes.push(format!("bomvet.toml differs from {revision}; the policy of {revision} is used"));
    }
    let policy = match old {
        Some(bytes) => {
            let text =
                String::from_utf8(bytes).map_err(|_| format!("bomvet.toml at {revision} is not UTF-8"))?;
            Policy::parse(&format!("{revision}:bomvet.toml"), &text, profile)?
        }
        None => policy::builtin(profile)?,
    };
    Ok((policy, notes))
}

/// `--locked`: a lockfile that does not fit its manifest is a failure, as it is for cargo and npm.
fn refuse_mismatch(audit: &Audit) -> Result<(), CommandError> {
    let mismatch = audit.nodes.iter().flat_map(|node| &node.findings).find(|finding| {
        matches!(finding.rule.as_str(), "lockfile/manifest-mismatch" | "lockfile/out-of-date")
    });
    match mismatch {
        Some(finding) => {
            let place = finding
                .spans
                .first()
                .map(|span| format!("{}:{}: ", span.file, span.line))
                .unwrap_or_default();
            Err(format!("{place}{}; update the lockfile or leave out `--locked`", finding.message).into())
        }
        None => Ok(()),
    }
}
