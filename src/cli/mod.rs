//! Arguments in, calls of the library, exit code out.

mod rules;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::policy::Policy;
use crate::store::Store;
use crate::{acquire, attest, audit, check, report, resolve};

/// Vets every package that a project pulls in
#[derive(Debug, Parser)]
#[command(name = "bomvet", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Audit a project and write a signed bill of materials
    Audit(AuditArgs),
    /// List, explain and test the rules
    Rules(rules::RulesArgs),
}

#[derive(Debug, clap::Args)]
struct AuditArgs {
    /// Folder or lockfile
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Policy profile
    #[arg(long, default_value = "ci")]
    profile: String,
    /// Never open a socket
    #[arg(long)]
    offline: bool,
    /// Threads, 0 for one per core
    #[arg(long, short, default_value_t = 0)]
    jobs: usize,
    /// Advisory database (folder or archive); repeatable
    #[arg(long)]
    db: Vec<PathBuf>,
    /// Folder that the results are written to
    #[arg(long, short, default_value = "bomvet-audit")]
    output: PathBuf,
}

/// Runs the program.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match cli.command {
        Command::Rules(args) => ExitCode::from(rules::run(&args)),
        Command::Audit(args) => match audit_command(&args) {
            Ok(code) => ExitCode::from(code),
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::from(2)
            }
        },
    }
}

fn audit_command(args: &AuditArgs) -> Result<u8, Box<dyn std::error::Error>> {
    let policy = Policy::builtin(&args.profile).ok_or("unknown profile; use ci, skill, periodic or micro")?;
    let now = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|t| t.parse().ok()).unwrap_or(0);
    let home = std::env::home_dir();
    let store = Store::open(home.clone().unwrap_or_default().join(".cache/bomvet"));
    let options = audit::Options {
        path: args.path.clone(),
        policy,
        jobs: args.jobs,
        now,
        acquire: acquire::Options {
            offline: args.offline,
            cargo_home: home.as_ref().map(|home| home.join(".cargo")),
            npm_cache: home.as_ref().map(|home| home.join(".npm")),
            root: args.path.clone(),
            home,
            connections: 16,
        },
        resolve: resolve::Options { offline: args.offline, ..resolve::Options::default() },
        advisories: check::advisory::Options { databases: args.db.clone(), now },
        store,
    };
    let audit = audit::run(&options, &audit::Quiet)?;
    std::fs::create_dir_all(&args.output)?;
    std::fs::write(args.output.join("bom.cdx.json"), serde_json::to_vec_pretty(&attest::bom(&audit))?)?;
    print!("{}", report::table(&audit));
    Ok(audit.exit_code())
}
