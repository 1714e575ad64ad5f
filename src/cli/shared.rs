//! What `audit` and `check` have in common: how to look, and where the results go.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::reviewers::ReviewArgs;
use super::{CommandError, Env, db, key, print};
use crate::attest::{self, Signer, write_all_atomic};
use crate::audit;
use crate::check::advisory;
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

/// Options of both commands.
#[derive(Debug, clap::Args)]
pub struct Shared {
    /// Policy profile: ci, skill, periodic or micro
    #[arg(long)]
    pub profile: Option<String>,
    /// Advisory database, a folder or an archive; repeatable; those of `bomvet db update` by default
    #[arg(long, value_name = "PATH")]
    pub db: Vec<PathBuf>,
    /// Never open a socket
    #[arg(long)]
    pub offline: bool,
    /// Ask registries about every package: its age, publisher, whether it is deprecated or gone
    #[arg(long, conflicts_with = "no_origin")]
    pub origin: bool,
    /// Ask registries about no package, whatever the policy's cooling-off
    #[arg(long)]
    pub no_origin: bool,
    /// Read lockfiles only, do not ask cargo for features, platforms and kinds
    #[arg(long)]
    pub lockfile_only: bool,
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
    pub format: Format,
    /// List approved packages too
    #[arg(long)]
    all: bool,
    /// Signing key (PKCS#8 PEM), `-` for standard input; `BOMVET_KEY` or `bomvet key new` otherwise
    #[arg(long, value_name = "FILE", conflicts_with = "unsigned")]
    key: Option<PathBuf>,
    /// Write an unsigned BoM, marked as such
    #[arg(long)]
    unsigned: bool,
    /// CycloneDX version: 1.6 or 1.5
    #[arg(long, default_value = "1.6")]
    spec_version: String,
    #[command(flatten)]
    pub review: ReviewArgs,
}

impl Shared {
    /// What is not asked of an agent's surroundings stands at its default; no process is started.
    pub fn of(profile: Option<String>, db: Vec<PathBuf>, offline: bool) -> Self {
        Self {
            profile,
            db,
            offline,
            origin: false,
            no_origin: false,
            lockfile_only: true,
            jobs: 0,
            connections: 16,
            timeout: 30,
            retries: 2,
            format: Format::Table,
            all: false,
            key: None,
            unsigned: true,
            spec_version: "1.6".to_owned(),
            review: ReviewArgs { no_ledger: true, ..ReviewArgs::default() },
        }
    }

    /// The BoM's version.
    pub fn spec(&self) -> Result<attest::SpecVersion, CommandError> {
        attest::SpecVersion::parse(&self.spec_version).ok_or_else(|| {
            format!("unknown CycloneDX version `{}`; use 1.6 or 1.5", self.spec_version).into()
        })
    }

    /// The key to sign with; `None` where the BoM is to be unsigned.
    pub fn signer(&self) -> Result<Option<Signer>, CommandError> {
        if self.unsigned {
            return Ok(None);
        }
        let signer = key::signer(self.key.as_deref())?.ok_or(
            "no signing key: make one with `bomvet key new`, name one with `--key`, or write an unsigned BoM with `--unsigned`",
        )?;
        Ok(Some(signer))
    }

    /// The key that the ledger signs with, where there is one; its reviews are one's own.
    fn own_key(&self) -> Result<Option<Signer>, CommandError> {
        if self.unsigned || self.key.as_deref() == Some(Path::new("-")) {
            return Ok(None);
        }
        Ok(key::signer(self.key.as_deref())?)
    }

    /// The library's options. `folder` is what is audited, `left_out` what lies in it and is ours.
    pub fn options(
        &self,
        env: &Env,
        policy: Policy,
        path: &Path,
        folder: &Path,
        left_out: Vec<PathBuf>,
    ) -> Result<audit::Options, CommandError> {
        let store = env.cache.clone().map_or_else(Store::none, Store::open);
        store.sweep();
        let homes = acquire::discover_homes(&|name| std::env::var(name).ok(), env.home.clone());
        let npm_registries = homes.npm.registries();
        let pypi_registries = homes.pypi.registries();
        Ok(audit::Options {
            path: path.to_owned(),
            given: None,
            asks: None,
            wanted: Vec::new(),
            as_of: env.now,
            name: None,
            remarks: acquire::Remarks::default(),
            scope: audit::Scope::Named,
            locked: None,
            policy,
            jobs: self.jobs,
            now: env.now,
            acquire: acquire::Options {
                offline: self.offline,
                root: std::path::absolute(folder)?,
                left_out,
                connections: usize::from(self.connections),
                timing: self.timing(),
                cargo_home: env.cargo_home.clone(),
                ..homes
            },
            resolve: resolve::Options {
                offline: self.offline,
                lockfile_only: self.lockfile_only,
                store: Some(store.clone()),
                npm_registries,
                pypi_registries,
                ..resolve::Options::default()
            },
            advisories: advisory::Options {
                databases: if self.db.is_empty() { db::installed() } else { self.db.clone() },
                now: env.now,
                cargo_home: env.cargo_home.clone(),
                ..advisory::Options::default()
            },
            origin: match (self.origin, self.no_origin) {
                (true, _) => origin::Ask::All,
                (_, true) => origin::Ask::Never,
                _ => origin::Ask::Changed,
            },
            reviewing: self.review.reviewing(env, self.own_key()?, self.offline)?,
            store,
        })
    }

    fn timing(&self) -> acquire::net::Timing {
        let read = Duration::from_secs(u64::from(self.timeout));
        acquire::net::Timing {
            read,
            total: read * 10,
            retries: u32::from(self.retries),
            ..Default::default()
        }
    }

    /// Prints the result in the format asked for.
    pub fn print(&self, audit: &Audit, env: &Env) -> Result<(), CommandError> {
        print(&match self.format {
            Format::Table => report::table::render(audit, self.all, env.style),
            Format::Json => pretty(&report::json::document(audit))?,
            Format::Sarif => pretty(&report::sarif::log(audit))?,
            Format::Markdown => report::markdown::render(audit),
        })
    }
}

fn pretty(value: &serde_json::Value) -> Result<String, CommandError> {
    Ok(format!("{}\n", serde_json::to_string_pretty(value)?))
}

/// Writes the four files of an audit, all or none.
pub fn write(
    output: &Path,
    audit: &Audit,
    signer: Option<&Signer>,
    options: attest::Options,
) -> Result<(), CommandError> {
    std::fs::create_dir_all(output)
        .map_err(|error| format!("cannot create `{}`: {error}", output.display()))?;
    let published = attest::publish(audit, signer, &options);
    let sarif = pretty(&report::sarif::log(audit))?;
    let html = report::html::render(audit);
    let files: [(&str, &[u8]); 4] = [
        ("bom.cdx.json", &published.bom),
        ("attestations.jsonl", &published.attestations),
        ("report.html", html.as_bytes()),
        ("bomvet.sarif", sarif.as_bytes()),
    ];
    write_all_atomic(output, &files)?;
    Ok(())
}
