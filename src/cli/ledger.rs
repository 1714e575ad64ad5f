//! `bomvet ledger`: list, export, import, verify, prove, decide.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use url::Url;

use super::{APPROVED, CommandError, DENIED, Env, complain, key, print, say};
use crate::acquire::net::{Client, NamedBy, Timing};
use crate::attest::{json, write_atomic};
use crate::compare::git::Revision;
use crate::ledger::exchange::{self, Export, MAX_IMPORT};
use crate::ledger::{ENTRIES, HEAD, Ledger, Testimony, Trust, proof};
use crate::model::{Attested, Digest, HashAlgorithm, Ruling, escape};
use crate::report::html::timestamp;

/// Arguments of `bomvet ledger`.
#[derive(Debug, Args)]
pub(super) struct LedgerArgs {
    /// Folder of the ledger instead of the user's data folder
    #[arg(long, global = true, env = "BOMVET_LEDGER", value_name = "FOLDER")]
    ledger: Option<PathBuf>,
    /// Signing key (PKCS#8 PEM), `-` for standard input; `BOMVET_KEY` or `bomvet key new` otherwise
    #[arg(long, global = true, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Trust store [default: `trusted` in bomvet's configuration folder]
    #[arg(long, global = true, value_name = "DIR")]
    trust: Option<PathBuf>,
    #[command(subcommand)]
    command: LedgerCommand,
}

#[derive(Debug, Subcommand)]
enum LedgerCommand {
    /// List reviews and decisions, one's own and those of others
    List {
        /// Of this package only
        #[arg(long, value_name = "PURL")]
        subject: Option<String>,
    },
    /// Write one's own ledger into one file for others
    Export {
        /// File to write
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
        /// The first so many entries only, with the proof that they are the ledger's beginning
        #[arg(long, value_name = "N")]
        first: Option<u64>,
    },
    /// Take over the ledger of another: an exported file, a folder with `ledger.jsonl`, or an HTTPS address
    Import {
        /// File, folder or address
        source: String,
        /// What to call it
        #[arg(long)]
        name: String,
        /// Read the folder at this revision of the git repository that it lies in
        #[arg(long, value_name = "REVISION")]
        rev: Option<String>,
    },
    /// Read everything again: entries, signatures, tree, head
    Verify {
        /// Also check that the ledger continues what this older `ledger.head` was signed for
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
    },
    /// Print the proof that an entry is in the ledger
    Prove {
        /// The entry, counted from 0
        index: u64,
    },
    /// Check such a proof, without the ledger
    CheckProof {
        /// The proof
        file: PathBuf,
    },
    /// Sign a decision of your own about the contents of a package
    Decide(Decide),
}

#[derive(Debug, Args)]
#[group(skip)]
struct Decide {
    /// The package
    purl: String,
    /// SHA-256 of its canonical file list, as `bomvet audit` writes it
    #[arg(long, value_name = "HEX")]
    subject: String,
    /// The contents are fine
    #[arg(long, required_unless_present = "violation", conflicts_with = "violation")]
    clear: bool,
    /// They are not; wins over everything that clears them
    #[arg(long)]
    violation: bool,
    /// Why
    #[arg(long)]
    reason: String,
    /// What they are fine for; any use without it
    #[arg(long, value_delimiter = ',')]
    criteria: Vec<String>,
    /// Days for which they are
    #[arg(long, value_name = "DAYS", conflicts_with = "violation", value_parser = clap::value_parser!(u16).range(1..))]
    days: Option<u16>,
}

/// `$XDG_DATA_HOME/bomvet/ledger`, else `~/.local/share/bomvet/ledger`.
pub(super) fn folder() -> Option<PathBuf> {
    Some(super::db::folder()?.parent()?.join("ledger"))
}

/// Runs the command.
///
/// # Errors
/// Where a ledger cannot be read or written.
pub(super) fn run(args: &LedgerArgs, env: &Env) -> Result<u8, CommandError> {
    let dir = args
        .ledger
        .clone()
        .or_else(folder)
        .ok_or("the user's data folder is not known; set `BOMVET_LEDGER` or give `--ledger`")?;
    let mut trust = Trust::of(key::trusted(&[], args.trust.as_deref(), true)?, env.now);
    if let Some(signer) = key::signer(args.key.as_deref())? {
        trust = trust.with_own(signer.public_key());
    }
    match &args.command {
        LedgerCommand::List { subject } => list(&opened(&dir, trust)?, subject.as_deref()),
        LedgerCommand::Export { output, first } => {
            let mut bytes = Vec::new();
            let size = exchange::export(&opened(&dir, trust)?, *first, &mut bytes)?;
            write_atomic(output, &bytes)?;
            say(&format!("{}: {size} entries", output.display()))?;
            Ok(APPROVED)
        }
        LedgerCommand::Import { source, name, rev } => import(&dir, &trust, source, name, rev.as_deref()),
        LedgerCommand::Verify { against } => verify(&dir, trust, against.as_deref()),
        LedgerCommand::Prove { index } => {
            let proof = proof::prove(&opened(&dir, trust)?, *index)?;
            print(&String::from_utf8_lossy(&json::pretty(&serde_json::to_value(proof)?)))?;
            Ok(APPROVED)
        }
        LedgerCommand::CheckProof { file } => check_proof(file, &trust),
        LedgerCommand::Decide(decide) => {
            let signer = key::signer(args.key.as_deref())?
                .ok_or("a decision is signed; make a key with `bomvet key new`, or name one with --key")?;
            let testimony = Testimony::Decision(decision(decide, env.now)?);
            let added = opened(&dir, trust)?.append(&[testimony], &signer)?;
            if added.is_empty() {
                say("this decision is in the ledger already")?;
            } else {
                say(&format!("entry {} in {}", added.start, dir.display()))?;
            }
            Ok(APPROVED)
        }
    }
}

fn opened(dir: &Path, trust: Trust) -> Result<Ledger, CommandError> {
    let ledger = Ledger::open(dir, trust)?;
    for remark in ledger.remarks() {
        complain(&format!("note: {}", escape(&remark)));
    }
    Ok(ledger)
}

fn decision(given: &Decide, now: i64) -> Result<Attested, CommandError> {
    let subject = given.subject.to_ascii_lowercase();
    if Digest::from_hex(HashAlgorithm::Sha256, &subject).is_none() {
        return Err(format!("--subject `{}` is not a SHA-256 in hexadecimal", given.subject).into());
    }
    if !given.purl.starts_with("pkg:") {
        return Err(format!("`{}` is not a package URL (`pkg:npm/name@1.0.0`)", given.purl).into());
    }
    let mut criteria = given.criteria.clone();
    criteria.sort();
    criteria.dedup();
    Ok(Attested {
        purl: given.purl.clone(),
        subject,
        ruling: if given.violation { Ruling::Violation } else { Ruling::Clear },
        reason: given.reason.clone(),
        criteria,
        date: now,
        expires: given.days.map(|days| now + i64::from(days) * 86_400),
    })
}

fn list(ledger: &Ledger, purl: Option<&str>) -> Result<u8, CommandError> {
    let mut out = String::new();
    ledger.all(|name, index, entry, key| {
        if purl.is_some_and(|purl| purl != entry.testimony.purl()) {
            return;
        }
        let (what, date, more) = match &entry.testimony {
            Testimony::Review(review) => {
                (format!("review {}", review.outcome.as_str()), review.date, review.reviewer.to_string())
            }
            Testimony::Decision(decision) => {
                (format!("decision {}", decision.ruling.as_str()), decision.date, decision.reason.clone())
            }
        };
        let counts = key.map_or("not trusted", |key| key.thumbprint());
        let (purl, subject) = (entry.testimony.purl(), entry.testimony.subject());
        let line = format!(
            "{}:{index} {purl} {subject} {what} {} {counts} {more}",
            name.unwrap_or("own"),
            timestamp(date)
        );
        out.push_str(&escape(&line));
        out.push('\n');
    })?;
    print(&out)?;
    Ok(APPROVED)
}

fn import(
    dir: &Path,
    trust: &Trust,
    source: &str,
    name: &str,
    rev: Option<&str>,
) -> Result<u8, CommandError> {
    let wrong = |message: String| format!("`{}` is not imported: {message}", escape(source));
    let path = Path::new(source);
    let (entries, head) = if source.starts_with("https://") || source.starts_with("http://") {
        let url = Url::parse(source).map_err(|error| wrong(error.to_string()))?;
        let client = Client::new(Timing::default(), Vec::new());
        (client.get(&url, NamedBy::User, None, MAX_IMPORT).map_err(|error| wrong(error.to_string()))?, None)
    } else if let Some(rev) = rev {
        let path = std::fs::canonicalize(path).map_err(|error| wrong(error.to_string()))?;
        let revision = Revision::open(&path, rev)?;
        let file = |name: &str| {
            revision
                .read(name)?
                .ok_or_else(|| CommandError::from(wrong(format!("there is no `{name}` at {rev}"))))
        };
        (file(ENTRIES)?, Some(file(HEAD)?))
    } else if path.is_dir() {
        (bytes(&path.join(ENTRIES))?, Some(bytes(&path.join(HEAD))?))
    } else {
        (bytes(path)?, None)
    };
    let export = match &head {
        Some(head) => Export::of_files(&entries, head, trust),
        None => Export::read(&entries, trust),
    };
    let done = match export {
        Ok(export) => export.import(dir, name, trust),
        Err(message) => {
            complain(&format!("error: {}", wrong(message)));
            return Ok(DENIED);
        }
    }?;
    say(&format!("{name}: {} entries, {} of them new", done.size, done.new))?;
    Ok(APPROVED)
}

fn bytes(path: &Path) -> Result<Vec<u8>, CommandError> {
    let fail = |error| format!("cannot read `{}`: {error}", path.display());
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(fail)?;
    file.take(MAX_IMPORT + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > MAX_IMPORT {
        return Err(format!("`{}` has more than {MAX_IMPORT} bytes", path.display()).into());
    }
    Ok(bytes)
}

fn verify(dir: &Path, trust: Trust, against: Option<&Path>) -> Result<u8, CommandError> {
    let ledger = opened(dir, trust.clone())?;
    let (mut count, mut counted) = (0_u64, 0_u64);
    ledger.all(|_, _, _, key| {
        count += 1;
        counted += u64::from(key.is_some());
    })?;
    say(&format!("own ledger: {} entries, root {}", ledger.size(), hex::encode(ledger.root())))?;
    say(&format!("entries signed by trusted keys: {counted} of {count} in all ledgers"))?;
    let mut code = if ledger.remarks().is_empty() { APPROVED } else { DENIED };
    if let Some(file) = against {
        match exchange::continues(&ledger, &bytes(file)?, &trust) {
            Ok(head) => say(&format!("it continues the {} entries of `{}`", head.size, file.display()))?,
            Err(message) => {
                complain(&format!("error: `{}`: {message}", file.display()));
                code = DENIED;
            }
        }
    }
    Ok(code)
}

fn check_proof(file: &Path, trust: &Trust) -> Result<u8, CommandError> {
    match proof::check(&bytes(file)?, trust) {
        Ok((entry, head)) => {
            let purl = escape(entry.testimony.purl());
            say(&format!(
                "proven: {purl} is in the ledger of {} entries, {}",
                head.size,
                timestamp(head.date)
            ))?;
            Ok(APPROVED)
        }
        Err(message) => {
            complain(&format!("error: `{}`: {}", file.display(), escape(&message)));
            Ok(DENIED)
        }
    }
}
