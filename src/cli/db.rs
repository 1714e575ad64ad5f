//! `bomvet db`: gets, lists and shows where advisory databases are.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{APPROVED, CommandError, Env, known, say};
use crate::check::advisory::update::{self, Http, Outcome, Target};
use crate::check::advisory::{Advisories, Options};
use crate::model::{DatabaseInfo, Ecosystem};

/// Arguments of `bomvet db`.
#[derive(Debug, Args)]
pub(super) struct DbArgs {
    /// Folder of the databases instead of the user's data folder
    #[arg(long, global = true, env = "BOMVET_DB", value_name = "FOLDER")]
    folder: Option<PathBuf>,
    #[command(subcommand)]
    command: DbCommand,
}

#[derive(Debug, Subcommand)]
enum DbCommand {
    /// Get the newest databases
    ///
    /// Without options RustSec's and OSV's records of every known ecosystem are got. What is
    /// already the newest is not fetched again, and a download that fails changes nothing.
    Update {
        /// Address of RustSec's archive (`.tar.gz`); with it, only what is named is got
        #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = update::RUSTSEC_URL)]
        rustsec: Option<String>,
        /// Address below which OSV's archives are, `<URL>/<ecosystem>/all.zip`; with it, only what is named is got
        #[arg(long, value_name = "URL", num_args = 0..=1, default_missing_value = update::OSV_URL)]
        osv: Option<String>,
        /// Ecosystems to get from OSV
        #[arg(long, value_enum, value_delimiter = ',')]
        ecosystem: Vec<EcosystemArg>,
    },
    /// Show the databases: commit, age, records
    Status {
        /// How to print it
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Print the folder of the databases
    Path,
    /// Make a file of known packages' code, to tell copies by
    Known(known::Args),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EcosystemArg {
    Cargo,
    Npm,
    Pypi,
    Golang,
    Github,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
}

/// Runs `bomvet db`.
///
/// # Errors
/// Where a database cannot be got or read.
pub(super) fn run(args: &DbArgs, env: &Env) -> Result<u8, CommandError> {
    if let DbCommand::Known(args) = &args.command {
        return known::run(args, env);
    }
    let folder = args
        .folder
        .clone()
        .or_else(folder)
        .ok_or("the user's data folder is not known; set `BOMVET_DB` or give `--folder`")?;
    match &args.command {
        DbCommand::Path => say(&folder.display().to_string()),
        DbCommand::Status { format } => status(&folder, *format, env.now),
        DbCommand::Update { rustsec, osv, ecosystem } => {
            fetch(&folder, &targets(rustsec.as_deref(), osv.as_deref(), ecosystem))
        }
        DbCommand::Known(_) => Ok(()),
    }?;
    Ok(APPROVED)
}

/// `$XDG_DATA_HOME/bomvet/db`, else `~/.local/share/bomvet/db`.
pub(super) fn folder() -> Option<PathBuf> {
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let data = data.or_else(|| std::env::home_dir().map(|home| home.join(".local/share")))?;
    Some(data.join("bomvet/db"))
}

/// The databases of the user's folder, for an audit that names none.
pub(super) fn installed() -> Vec<PathBuf> {
    let folder = std::env::var_os("BOMVET_DB").map(PathBuf::from).or_else(folder);
    folder.map(|folder| update::installed(&folder)).unwrap_or_default()
}

fn targets(rustsec: Option<&str>, osv: Option<&str>, ecosystems: &[EcosystemArg]) -> Vec<Target> {
    let all = rustsec.is_none() && osv.is_none() && ecosystems.is_empty();
    let mut targets = Vec::new();
    if all || rustsec.is_some() {
        targets.push(Target::rustsec(rustsec));
    }
    if all || osv.is_some() || !ecosystems.is_empty() {
        let ecosystems = if ecosystems.is_empty() { EcosystemArg::value_variants() } else { ecosystems };
        targets.extend(ecosystems.iter().map(|ecosystem| {
            let ecosystem = match ecosystem {
                EcosystemArg::Cargo => Ecosystem::Cargo,
                EcosystemArg::Npm => Ecosystem::Npm,
                EcosystemArg::Pypi => Ecosystem::Pypi,
                EcosystemArg::Golang => Ecosystem::Golang,
                EcosystemArg::Github => Ecosystem::Github,
            };
            Target::osv(osv, ecosystem)
        }));
    }
    targets
}

fn fetch(folder: &std::path::Path, targets: &[Target]) -> Result<(), String> {
    let http = Http::new()?;
    let mut failed = Vec::new();
    for target in targets {
        match update::update(folder, target, &http) {
            Ok(Outcome::Updated(infos)) => {
                let records: usize = infos.iter().map(|info| info.records).sum();
                say(&format!("{}: updated, {records} records", target.file))?;
            }
            Ok(Outcome::Unchanged) => say(&format!("{}: unchanged", target.file))?,
            // One that fails does not keep the others from being got.
            Err(error) => failed.push(error.to_string()),
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\nerror: ")) }
}

fn status(folder: &std::path::Path, format: Format, now: i64) -> Result<(), String> {
    let mut rows: Vec<(String, DatabaseInfo)> = Vec::new();
    for path in update::installed(folder) {
        let options = Options { databases: vec![path.clone()], now, ..Options::default() };
        let loaded = Advisories::load(&options, &[]).map_err(|error| error.to_string())?;
        rows.extend(loaded.databases.into_iter().map(|info| (path.display().to_string(), info)));
    }
    match format {
        Format::Json => {
            let list: Vec<_> = rows
                .iter()
                .map(|(path, info)| {
                    let mut value = serde_json::to_value(info).unwrap_or_default();
                    value["path"] = path.as_str().into();
                    value
                })
                .collect();
            say(&format!("{:#}", serde_json::json!({"bomvet": 1, "databases": list})))
        }
        Format::Table if rows.is_empty() => {
            say(&format!("no databases in {}; run `bomvet db update`", folder.display()))
        }
        Format::Table => {
            let mut table = comfy_table::Table::new();
            table.load_style(comfy_table::presets::NOTHING);
            table.set_header(["database", "for", "records", "unreadable", "age", "commit", "path"]);
            for (path, info) in &rows {
                let ecosystems: Vec<_> = info.ecosystems.iter().map(|ecosystem| ecosystem.as_str()).collect();
                let age = info.updated.map_or_else(
                    || "unknown".to_owned(),
                    |time| format!("{} days", now.saturating_sub(time).max(0) / 86_400),
                );
                let commit = info.commit.as_deref().map_or("", |id| &id[..12.min(id.len())]);
                table.add_row([
                    info.kind,
                    &ecosystems.join(", "),
                    &info.records.to_string(),
                    &info.skipped.len().to_string(),
                    &age,
                    commit,
                    path,
                ]);
            }
            say(&table.to_string())
        }
    }
}
