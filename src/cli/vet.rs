//! `bomvet vet`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{APPROVED, CommandError, DENIED, Env, complain, print, read_text};
use crate::attest::write_atomic;
use crate::discover::{self, Format};
use crate::model::{Dependency, Package};
use crate::resolve;
use crate::store::Store as Cache;
use crate::vet::{self, Approval, Store, VetError, entry::Lock};

/// Audits in the format of cargo-vet
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Tell which crates the project's `supply-chain` covers, as `cargo vet --locked` would
    Check {
        #[command(flatten)]
        project: Project,
        /// Show by which audits each crate is covered
        #[arg(long)]
        how: bool,
        /// What to print
        #[arg(long, value_enum, default_value = "text")]
        format: Form,
    },
    /// Write `imports.lock` from audits files that are here, for crates of the project
    Import {
        #[command(flatten)]
        project: Project,
        /// An import of `config.toml` and its file; those that are not named stay as they are
        #[arg(long = "from", value_name = "NAME=FILE", required = true)]
        files: Vec<String>,
    },
    /// Print approved packages as an `audits.toml`
    Export {
        /// JSON list of `{"name", "version", "criteria", "who", "notes"}`; `-` for standard input
        approved: PathBuf,
        /// An `audits.toml` to which they are added
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
}

/// Which project.
#[derive(Debug, clap::Args)]
pub struct Project {
    /// Folder with the project's `Cargo.lock`
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Folder of the audits; what `Cargo.toml` names, or `supply-chain`, by default
    #[arg(long, value_name = "FOLDER")]
    store_path: Option<PathBuf>,
    /// Never open a socket
    #[arg(long)]
    offline: bool,
    /// Read the lockfile only, do not ask cargo for kinds and features
    #[arg(long)]
    lockfile_only: bool,
}

/// How to print it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// What is missing, and the numbers
    Text,
    /// One JSON document
    Json,
}

/// Runs the command.
///
/// # Errors
/// Where the project or its audits cannot be read.
pub fn run(command: &Command, env: &Env) -> Result<u8, CommandError> {
    match command {
        Command::Check { project, how, format } => check(project, *how, *format, env),
        Command::Import { project, files } => import(project, files, env),
        Command::Export { approved, to } => export(approved, to.as_deref()),
    }
}

fn check(project: &Project, how: bool, format: Form, env: &Env) -> Result<u8, CommandError> {
    let store = Store::load(&project.folder()?)?;
    let (packages, dependencies) = project.graph(env)?;
    let today = time::OffsetDateTime::from_unix_timestamp(env.now)?.date();
    let problems = store.problems(&packages, &dependencies, today);
    if !problems.is_empty() {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        return Err(lines.join("\nerror: ").into());
    }
    let covered = vet::cover(&store, &packages, &dependencies);
    print(&match format {
        Form::Text => vet::show::text(&covered, how),
        Form::Json => format!("{:#}\n", vet::show::json(&covered)),
    })?;
    Ok(if covered.values().all(vet::Coverage::is_vetted) { APPROVED } else { DENIED })
}

fn import(project: &Project, files: &[String], env: &Env) -> Result<u8, CommandError> {
    let folder = project.folder()?;
    let (mut store, fresh) = Store::load_to_import(&folder)?;
    let (packages, _) = project.graph(env)?;
    let names: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut given = BTreeSet::new();
    for file in files {
        let (name, path) = file.split_once('=').ok_or_else(|| format!("`{file}` is not `NAME=FILE`"))?;
        let import =
            store.config.imports.get(name).ok_or_else(|| format!("`config.toml` has no import `{name}`"))?;
        let (theirs, unread) = vet::read_foreign(path, &read_text(Path::new(path))?)?;
        let (mut here, unknown) = store.imported(import, theirs);
        for line in unread.iter().chain(&unknown) {
            complain(&format!("left out: {line}"));
        }
        here.audits.retain(|name, _| names.contains(name.as_str()));
        here.wildcards.retain(|name, _| names.contains(name.as_str()));
        store.lock.audits.insert(name.to_owned(), here);
        given.insert(name.to_owned());
    }
    let missing = fresh.iter().find(|name| !given.contains(*name));
    if let Some(missing) = missing {
        return Err(format!("nothing is known of the import `{missing}`: add `--from {missing}=FILE`").into());
    }
    write_atomic(&folder.join("imports.lock"), vet::write::lock(&store.lock).as_bytes())?;
    Ok(APPROVED)
}

fn export(approved: &Path, to: Option<&Path>) -> Result<u8, CommandError> {
    let text = if approved == Path::new("-") {
        std::io::read_to_string(std::io::stdin().lock())?
    } else {
        read_text(approved)?
    };
    let approved: Vec<Approval> =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", approved.display()))?;
    let mut audits = match to {
        Some(path) => vet::read_audits(&path.display().to_string(), &read_text(path)?)?,
        None => vet::entry::Audits::default(),
    };
    audits.merge(vet::export(&approved)?);
    // What is written must be readable: every criterion is declared.
    let store = Store::new(vet::entry::Config::default(), audits, Lock::default())?;
    print(&vet::write::audits(&store.audits, &store.lock.publishers))?;
    Ok(APPROVED)
}

impl Project {
    fn folder(&self) -> Result<PathBuf, CommandError> {
        if let Some(folder) = &self.store_path {
            return Ok(folder.clone());
        }
        vet::store_folder(&self.path).map_err(|error: VetError| error.to_string())?.ok_or_else(|| {
            let place = self.path.join("supply-chain").join("config.toml");
            format!("no `{}`; `cargo vet init` makes one", place.display()).into()
        })
    }

    /// Packages and edges of the folder's own `Cargo.lock`.
    fn graph(&self, env: &Env) -> Result<(Vec<Package>, Vec<Dependency>), CommandError> {
        let mut found = discover::discover(&self.path, &[])?;
        found.projects.retain(|project| project.format == Format::CargoLock && project.dir.is_empty());
        if found.projects.is_empty() {
            return Err(format!("no `Cargo.lock` in `{}`", self.path.display()).into());
        }
        let options = resolve::Options {
            offline: self.offline,
            lockfile_only: self.lockfile_only,
            store: env.cache.clone().map(Cache::open),
            ..resolve::Options::default()
        };
        let resolution = resolve::resolve(&found, &options)?;
        for note in &resolution.notes {
            complain(&format!("note: {note}"));
        }
        Ok((resolution.packages, resolution.dependencies))
    }
}
