//! `bomvet audit`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::base::{self, BaseArgs};
use super::progress::Bar;
use super::{CommandError, Env, policy, print};
use crate::attest::{self, Signer, write_all_atomic};
use crate::audit::{self, change};
use crate::check::advisory;
use crate::compare;
use crate::model::Audit;
use crate::policy::Policy;
use crate::store::Store;
use crate::{acquire, origin, report, resolve};

/// What goes to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// What is denied and why, and the numbers
    Table,
    /// One JSON document
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// A comment for a pull request
    Markdown,
}

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
    /// Policy profile: ci, skill, periodic or micro
    #[arg(long)]
    profile: Option<String>,
    /// Policy file; `bomvet.toml` in the folder by default, with `--since` as it was at REV
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Advisory database, a folder or an archive; repeatable; those of `bomvet db update` by default
    #[arg(long, value_name = "PATH")]
    db: Vec<PathBuf>,
    /// Never open a socket
    #[arg(long)]
    offline: bool,
    /// Ask registries about every package: its age, publisher, whether it is deprecated or gone
    #[arg(long, conflicts_with = "no_origin")]
    origin: bool,
    /// Ask registries about no package, whatever the policy's cooling-off
    #[arg(long)]
    no_origin: bool,
    /// Read lockfiles only, do not ask cargo for features, platforms and kinds
    #[arg(long)]
    lockfile_only: bool,
    /// Fail where a lockfile does not fit its manifest, instead of reporting it
    #[arg(long)]
    locked: bool,
    /// Threads that parse, 0 for one per core
    #[arg(long, short, default_value_t = 0)]
    jobs: usize,
    /// Connections at the same time
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    connections: u16,
    /// Seconds to wait for a registry's answer, and between two pieces of it
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=3600))]
    timeout: u16,
    /// Tries after the first for a download that fails
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(0..=10))]
    retries: u8,
    /// What to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// List approved packages too
    #[arg(long)]
    all: bool,
    /// Folder for `bom.cdx.json`, `attestations.jsonl`, `report.html` and `bomvet.sarif`
    #[arg(long, short, default_value = "bomvet-audit")]
    output: PathBuf,
    /// Signing key (PKCS#8 PEM), `-` for standard input; `BOMVET_KEY` or `bomvet key new` otherwise
    #[arg(long, value_name = "FILE", conflicts_with = "unsigned")]
    key: Option<PathBuf>,
    /// Write an unsigned BoM, marked as such
    #[arg(long)]
    unsigned: bool,
    /// CycloneDX version: 1.6 or 1.5
    #[arg(long, default_value = "1.6")]
    spec_version: String,
}

/// Runs the audit and writes its files.
///
/// # Errors
/// Where the input, the policy, the key or the output cannot be used.
pub fn run(args: &Args, env: &Env) -> Result<u8, CommandError> {
    if let Some(why) = &env.bad_epoch {
        return Err(why.clone().into());
    }
    let spec = attest::SpecVersion::parse(&args.spec_version)
        .ok_or_else(|| format!("unknown CycloneDX version `{}`; use 1.6 or 1.5", args.spec_version))?;
    let signer = if args.unsigned {
        None
    } else {
        Some(super::key::signer(args.key.as_deref())?.ok_or(
            "no signing key: make one with `bomvet key new`, name one with `--key`, or write an unsigned BoM with `--unsigned`",
        )?)
    };
    let base = base(args, signer.as_ref())?;
    let (policy, policy_notes) = effective_policy(args, &base)?;
    let options = options(args, env, policy)?;
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
    write(args, &audit, signer.as_ref(), attest::Options { spec })?;
    print(&match args.format {
        Format::Table => report::table::render(&audit, args.all, env.style),
        Format::Json => pretty(&report::json::document(&audit))?,
        Format::Sarif => pretty(&report::sarif::log(&audit))?,
        Format::Markdown => report::markdown::render(&audit),
    })?;
    Ok(audit.exit_code())
}

fn pretty(value: &serde_json::Value) -> Result<String, CommandError> {
    Ok(format!("{}\n", serde_json::to_string_pretty(value)?))
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
    let profile = args.profile.as_deref();
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

fn options(args: &Args, env: &Env, policy: Policy) -> Result<audit::Options, CommandError> {
    let store = env.cache.clone().map_or_else(Store::none, Store::open);
    store.sweep();
    let homes = acquire::discover_homes(&|name| std::env::var(name).ok(), env.home.clone());
    let npm_registries = homes.npm.registries();
    Ok(audit::Options {
        path: args.path.clone(),
        policy,
        jobs: args.jobs,
        now: env.now,
        acquire: acquire::Options {
            offline: args.offline,
            root: std::path::absolute(folder(args))?,
            left_out: vec![std::path::absolute(&args.output)?],
            connections: usize::from(args.connections),
            timing: timing(args),
            cargo_home: env.cargo_home.clone(),
            ..homes
        },
        resolve: resolve::Options {
            offline: args.offline,
            lockfile_only: args.lockfile_only,
            store: Some(store.clone()),
            npm_registries,
            ..resolve::Options::default()
        },
        advisories: advisory::Options {
            databases: if args.db.is_empty() { super::db::installed() } else { args.db.clone() },
            now: env.now,
            cargo_home: env.cargo_home.clone(),
            ..advisory::Options::default()
        },
        origin: match (args.origin, args.no_origin) {
            (true, _) => origin::Ask::All,
            (_, true) => origin::Ask::Never,
            _ => origin::Ask::Auto,
        },
        store,
    })
}

fn timing(args: &Args) -> acquire::net::Timing {
    let read = Duration::from_secs(u64::from(args.timeout));
    acquire::net::Timing { read, total: read * 10, retries: u32::from(args.retries), ..Default::default() }
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

fn write(
    args: &Args,
    audit: &Audit,
    signer: Option<&Signer>,
    options: attest::Options,
) -> Result<(), CommandError> {
    std::fs::create_dir_all(&args.output)
        .map_err(|error| format!("cannot create `{}`: {error}", args.output.display()))?;
    let published = attest::publish(audit, signer, &options);
    let sarif = pretty(&report::sarif::log(audit))?;
    let html = report::html::render(audit);
    let files: [(&str, &[u8]); 4] = [
        ("bom.cdx.json", &published.bom),
        ("attestations.jsonl", &published.attestations),
        ("report.html", html.as_bytes()),
        ("bomvet.sarif", sarif.as_bytes()),
    ];
    write_all_atomic(&args.output, &files)?;
    Ok(())
}
