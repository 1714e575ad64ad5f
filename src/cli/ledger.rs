//! `bomvet ledger`: reviews and decisions that are kept and shared.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::shared::Format;
use super::{APPROVED, CommandError, DENIED, Env, key, print, read_limited, read_text};
use crate::acquire::net::{Client, NamedBy, Timing};
use crate::attest::{PublicKey, Signer, write_atomic};
use crate::audit::reviews::Memory;
use crate::ledger::{self, Decision, Entry, Ledger, Proof, Word};
use crate::model::{Review, escape};
use crate::review::weigh;

/// Options of `bomvet ledger`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Ledger; the user's own by default
    #[arg(long, value_name = "FOLDER", env = "BOMVET_LEDGER", global = true)]
    ledger: Option<PathBuf>,
    /// Signing key (PKCS#8 PEM), `-` for standard input; `BOMVET_KEY` or `bomvet key new` otherwise
    #[arg(long, value_name = "FILE", global = true)]
    key: Option<PathBuf>,
    /// Folder of trusted keys; the user's own by default
    #[arg(long, value_name = "FOLDER", global = true)]
    trusted: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show what is in it and signed by a known key
    List {
        /// Only of this package or contents digest
        about: Option<String>,
        /// What to print
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Check every line, the tree and the head; `--against` also that it begins with an earlier one
    Verify {
        /// An earlier `ledger.head`
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
    },
    /// Write one's own lines and a signed head to one file, for others to import
    Export {
        /// File to write
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
    /// Take in somebody's exported ledger; what of it counts, `[[review.trust]]` of the policy says
    Import {
        /// File, or folder (a git checkout) with `ledger.export`, or https address
        source: String,
        /// What to call it
        #[arg(long = "as", value_name = "NAME")]
        name: String,
    },
    /// Print a proof that a line is in the tree, or with `--since` that the tree begins with its first N lines
    Prove {
        /// Number of the line, from 0
        #[arg(conflicts_with = "since", required_unless_present = "since")]
        index: Option<u64>,
        /// Lines of the earlier tree
        #[arg(long, value_name = "N")]
        since: Option<u64>,
    },
    /// Check a proof, offline
    CheckProof {
        /// File, as `prove` prints it
        proof: PathBuf,
    },
    /// Sign a decision on exactly these contents
    Decide {
        /// The package's purl
        purl: String,
        /// SHA-256 of its canonical file list, as `bomvet check --format json` gives it (`contents.digest`)
        #[arg(long, value_name = "SHA256")]
        subject: String,
        /// Whether it may be used
        #[arg(long, value_enum)]
        word: WordArg,
        /// Why
        #[arg(long)]
        reason: String,
        /// Who decides
        #[arg(long)]
        by: String,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum WordArg {
    /// May be used
    Clear,
    /// Must not be used, whatever others say
    Violation,
}

/// Largest exported ledger, in bytes.
const MAX_EXPORT: u64 = 1 << 30;

/// The folder: as given, else the user's own.
pub(super) fn folder(given: Option<&Path>) -> Result<PathBuf, CommandError> {
    Ok(match given {
        Some(folder) => folder.to_owned(),
        None => key::config_dir()?.join("ledger"),
    })
}

/// One's own key and all trusted ones.
pub(super) fn keys(signer: Option<&Signer>, trusted: Option<&Path>) -> Result<Vec<PublicKey>, CommandError> {
    let mut keys: Vec<PublicKey> = signer.iter().map(|signer| signer.public_key().clone()).collect();
    keys.extend(key::trust_store(trusted)?.list()?.into_iter().map(|trusted| trusted.key));
    Ok(keys)
}

/// Runs the command.
///
/// # Errors
/// Where the ledger, a key or a file cannot be used.
pub fn run(args: &Args, env: &Env) -> Result<u8, CommandError> {
    if let Some(why) = &env.bad_epoch {
        return Err(why.clone().into());
    }
    if let Command::CheckProof { proof } = &args.command {
        let text = read_text(proof)?;
        let read: Proof = serde_json::from_str(&text)
            .map_err(|error| format!("{}: not a proof: {error}", proof.display()))?;
        return match read.check() {
            Ok(()) => {
                print("the proof holds; compare its root with a head that you trust\n")?;
                Ok(APPROVED)
            }
            Err(error) => {
                super::complain(&format!("{}: the proof does not hold: {error}", proof.display()));
                Ok(DENIED)
            }
        };
    }
    let signer = key::signer(args.key.as_deref())?;
    let needed = || signer.as_ref().ok_or("no signing key: make one with `bomvet key new`, or name one with `--key`");
    let folder = folder(args.ledger.as_deref())?;
    let ledger = Ledger::open(&folder, keys(signer.as_ref(), args.trusted.as_deref())?)?;
    match &args.command {
        Command::List { about, format } => {
            let mut entries = ledger.entries();
            entries.retain(|one| {
                about.as_ref().is_none_or(|about| one.entry.purl() == about || one.entry.subject() == about)
            });
            entries.sort_by(|a, b| (a.entry.purl(), a.entry.subject(), &a.key).cmp(&(b.entry.purl(), b.entry.subject(), &b.key)));
            if *format == Format::Json {
                let list: Vec<_> = entries
                    .iter()
                    .map(|one| serde_json::json!({"key": one.key, "statement": one.entry.statement()}))
                    .collect();
                print(&format!("{:#}\n", serde_json::json!({"entries": list, "remarks": ledger.remarks()})))?;
            } else {
                let mut text = String::new();
                for one in &entries {
                    text.push_str(&line(&one.entry, &one.key));
                }
                for remark in ledger.remarks() {
                    text.push_str(&format!("note: {}\n", escape(&remark)));
                }
                text.push_str(&format!("{} entries\n", entries.len()));
                print(&text)?;
            }
            Ok(APPROVED)
        }
        Command::Verify { against } => {
            let (size, root) = ledger.head();
            if let Some(path) = against {
                let bytes = read_limited(path, 1 << 20)?.into_bytes();
                let (old, envelope) = ledger::head_of(&bytes).map_err(|why| format!("{}: {why}", path.display()))?;
                let known = keys(signer.as_ref(), args.trusted.as_deref())?;
                if !known.iter().any(|key| envelope.is_signed_by(key)) {
                    return Err(format!("{}: no trusted key signed this head", path.display()).into());
                }
                let leaves = ledger.leaves();
                let same = usize::try_from(old.size).ok().and_then(|old_size| leaves.get(..old_size)).is_some_and(|leaves| ledger::merkle::root(leaves) == old.root);
                if !same {
                    super::complain(&format!("the ledger does not begin with the {} lines of `{}`: some were changed or taken away", old.size, path.display()));
                    return Ok(DENIED);
                }
            }
            let remarks = ledger.remarks();
            for remark in &remarks {
                super::complain(&format!("note: {}", escape(remark)));
            }
            print(&format!("{size} lines, root {}, {} remarks\n", hex::encode(root), remarks.len()))?;
            Ok(if remarks.is_empty() { APPROVED } else { DENIED })
        }
        Command::Export { output } => {
            let bytes = ledger.export(needed()?, env.now)?;
            write_atomic(output, &bytes)?;
            print(&format!("{} lines in `{}`\n", ledger.head().0, output.display()))?;
            Ok(APPROVED)
        }
        Command::Import { source, name } => {
            let bytes = fetch(source)?;
            let many = ledger.import(name, &bytes)?;
            print(&format!("{many} lines imported as `{name}`; `[[review.trust]]` in the policy says for what they count\n"))?;
            Ok(APPROVED)
        }
        Command::Prove { index, since } => {
            let leaves = ledger.leaves();
            let proof = match (index, since) {
                (Some(index), _) => Proof::inclusion(&leaves, *index),
                (None, Some(since)) => Proof::consistency(&leaves, *since),
                (None, None) => None,
            };
            let proof = proof.ok_or_else(|| format!("the ledger has {} lines", leaves.len()))?;
            print(&format!("{}\n", serde_json::to_string_pretty(&proof)?))?;
            Ok(APPROVED)
        }
        Command::Decide { purl, subject, word, reason, by } => {
            let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
            if subject.len() != 64 || !subject.bytes().all(hex) {
                return Err(format!("`{subject}` is no SHA-256: 64 hexadecimal digits, lower case").into());
            }
            let entry = Entry::Decision(Decision {
                purl: purl.clone(),
                subject: subject.clone(),
                word: match word {
                    WordArg::Clear => Word::Clear,
                    WordArg::Violation => Word::Violation,
                },
                by: by.clone(),
                reason: reason.clone(),
                date: env.now,
            });
            ledger.append(std::slice::from_ref(&entry), needed()?, env.now)?;
            print(&line(&entry, needed()?.public_key().thumbprint()))?;
            Ok(APPROVED)
        }
        Command::CheckProof { .. } => Ok(APPROVED),
    }
}

fn line(entry: &Entry, key: &str) -> String {
    let (who, what) = match entry {
        Entry::Review(review) => (review.reviewer.to_string(), review.outcome.as_str().to_owned()),
        Entry::Decision(decision) => {
            let word = if decision.word == Word::Clear { "clear" } else { "violation" };
            (format!("person:{}", decision.by), format!("{word}: {}", decision.reason))
        }
    };
    format!("{}  {}  {}  key {key}  {}\n", escape(entry.purl()), escape(&who), escape(&what), &entry.subject()[..16.min(entry.subject().len())])
}

/// The bytes of an exported ledger.
fn fetch(source: &str) -> Result<Vec<u8>, CommandError> {
    if source.starts_with("https://") {
        let url = url::Url::parse(source).map_err(|error| format!("`{source}` is no address: {error}"))?;
        let client = Client::new(Timing::default(), Vec::new());
        return Ok(client.get(&url, NamedBy::User, None, MAX_EXPORT)?);
    }
    if source.contains("://") {
        return Err(format!("`{source}`: only https addresses, files and folders are read; for a git repository give a checkout's folder").into());
    }
    let path = Path::new(source);
    let path = if path.is_dir() { path.join("ledger.export") } else { path.to_owned() };
    Ok(read_limited(&path, MAX_EXPORT)?.into_bytes())
}

/// The ledger as the audit uses it.
pub(super) struct Kept {
    ledger: Ledger,
    signer: Option<Signer>,
    own: Option<String>,
    now: i64,
    troubles: Mutex<Vec<String>>,
}

impl Kept {
    /// Opens it. Without a key it is only read.
    pub(super) fn open(folder: &Path, signer: Option<Signer>, now: i64) -> Result<Self, CommandError> {
        let ledger = Ledger::open(folder, keys(signer.as_ref(), None)?)?;
        let own = signer.as_ref().map(|signer| signer.public_key().thumbprint().clone());
        Ok(Self { ledger, signer, own, now, troubles: Mutex::default() })
    }
}

impl Memory for Kept {
    fn reviews(&self, subject: &str) -> Vec<(Review, String)> {
        let reviews = self.ledger.about(subject).into_iter().filter_map(|one| match one.entry {
            Entry::Review(review) => Some((review, one.key)),
            Entry::Decision(_) => None,
        });
        reviews.collect()
    }

    fn words(&self, subject: &str) -> Vec<(weigh::Word, String)> {
        let words = self.ledger.about(subject).into_iter().filter_map(|one| match one.entry {
            Entry::Decision(decision) => {
                let clear = decision.word == Word::Clear;
                Some((weigh::Word { clear, by: decision.by, reason: decision.reason }, one.key))
            }
            Entry::Review(_) => None,
        });
        words.collect()
    }

    fn keep(&self, reviews: &[Review]) {
        let Some(signer) = &self.signer else { return };
        let entries: Vec<Entry> = reviews.iter().cloned().map(Entry::Review).collect();
        if let Err(error) = self.ledger.append(&entries, signer, self.now)
            && let Ok(mut troubles) = self.troubles.lock()
        {
            troubles.push(format!("{} reviews could not be kept: {error}", reviews.len()));
        }
    }

    fn is_own(&self, key: &str) -> bool {
        self.own.as_deref() == Some(key)
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks = self.ledger.remarks();
        if let Ok(troubles) = self.troubles.lock() {
            remarks.extend(troubles.iter().cloned());
        }
        remarks
    }
}
