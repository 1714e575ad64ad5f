//! `bomvet key`: new, show, trust.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};

use super::{APPROVED, CommandError, complain, print, say};
use crate::attest::keys::{self, Algorithm, KeyError, KeySource, PublicKey, Signer, TrustStore};
use crate::attest::{atomic, json};

#[derive(Debug, Args)]
pub(super) struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make a private key, write its public half beside it and trust it
    New {
        /// Signature algorithm
        #[arg(long, value_enum, default_value = "ed25519")]
        algorithm: AlgorithmArg,
        /// File to write [default: key.pem in bomvet's configuration folder]
        #[arg(long, short)]
        output: Option<PathBuf>,
        /// Do nothing if the file is there already
        #[arg(long)]
        if_missing: bool,
        /// Overwrite a key; what it signed can no longer be signed again
        #[arg(long, conflicts_with = "if_missing")]
        force: bool,
    },
    /// Print the public key (JWK) and its id
    Show {
        /// Private key (PEM), `-` for standard input [default: $BOMVET_KEY, then the user's own key]
        #[arg(long)]
        key: Option<PathBuf>,
    },
    /// Trust public keys, list or remove trusted ones
    Trust {
        /// JWK files or JWK text; with `--remove` key ids or the start of one
        keys: Vec<String>,
        /// What to call the key
        #[arg(long)]
        name: Option<String>,
        /// List the trusted keys
        #[arg(long, conflicts_with_all = ["remove", "keys"])]
        list: bool,
        /// Remove keys
        #[arg(long)]
        remove: bool,
        /// Trust store [default: `trusted` in bomvet's configuration folder]
        #[arg(long, value_name = "DIR")]
        store: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum AlgorithmArg {
    Ed25519,
    Es256,
}

/// bomvet's configuration folder.
///
/// # Errors
/// Where neither `XDG_CONFIG_HOME` nor the home folder is known.
pub(super) fn config_dir() -> Result<PathBuf, String> {
    keys::config_dir(|name| std::env::var_os(name), std::env::home_dir()).ok_or_else(|| {
        "no home folder: set HOME or XDG_CONFIG_HOME, or name the files with options".to_owned()
    })
}

/// The trust store: `dir` if given, else the user's own.
///
/// # Errors
/// As [`config_dir`].
pub(super) fn trust_store(dir: Option<&Path>) -> Result<TrustStore, String> {
    Ok(TrustStore::new(match dir {
        Some(dir) => dir.to_owned(),
        None => config_dir()?.join("trusted"),
    }))
}

/// The signing key: `--key`, then `BOMVET_KEY`, then the user's own key file; `None` where there
/// is none of them.
///
/// # Errors
/// Where a named key cannot be read.
pub(super) fn signer(option: Option<&Path>) -> Result<Option<Signer>, KeyError> {
    let env = std::env::var_os("BOMVET_KEY");
    let source = option
        .map(KeySource::from_option)
        .or_else(|| env.as_deref().and_then(KeySource::from_env))
        .or_else(|| {
            let own = config_dir().ok()?.join("key.pem");
            own.exists().then_some(KeySource::File(own))
        });
    source.map(KeySource::load).transpose()
}

/// Runs the command.
///
/// # Errors
/// Where a key cannot be made, read or written.
pub(super) fn run(args: &KeyArgs) -> Result<u8, CommandError> {
    match &args.command {
        KeyCommand::New { algorithm, output, if_missing, force } => {
            new(*algorithm, output.as_deref(), *if_missing, *force)
        }
        KeyCommand::Show { key } => show(key.as_deref()),
        KeyCommand::Trust { keys, name, list, remove, store } => {
            trust(keys, name.as_deref(), *list, *remove, store.as_deref())
        }
    }?;
    Ok(APPROVED)
}

fn new(algorithm: AlgorithmArg, output: Option<&Path>, if_missing: bool, force: bool) -> Result<(), String> {
    let path = match output {
        Some(path) => path.to_owned(),
        None => config_dir()?.join("key.pem"),
    };
    if path.symlink_metadata().is_ok() && !force {
        if if_missing {
            complain(&format!("key `{}` is there already", path.display()));
            return Ok(());
        }
        return Err(format!(
            "key `{}` is there already; use it, name another file with --output, or overwrite it with --force",
            path.display()
        ));
    }
    let algorithm = match algorithm {
        AlgorithmArg::Ed25519 => Algorithm::Ed25519,
        AlgorithmArg::Es256 => Algorithm::Es256,
    };
    let signer = Signer::generate(algorithm).map_err(text)?;
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        std::fs::create_dir_all(dir).map_err(|e| format!("cannot make `{}`: {e}", dir.display()))?;
    }
    let pem = signer.to_pem().map_err(text)?;
    atomic::write_private(&path, pem.expose().as_bytes(), force).map_err(text)?;
    let public = path.with_extension("jwk");
    let mut jwk = signer.public_key().jwk();
    jwk["kid"] = signer.public_key().thumbprint().as_str().into();
    atomic::write_atomic(&public, &json::pretty(&jwk)).map_err(text)?;
    trust_store(None)?.add(signer.public_key(), None).map_err(text)?;
    complain(&format!("private key: {} (keep it secret)", path.display()));
    complain(&format!("public key:  {} (give it to those who verify)", public.display()));
    say(signer.public_key().thumbprint().as_str())
}

fn show(key: Option<&Path>) -> Result<(), String> {
    let signer = signer(key)
        .map_err(text)?
        .ok_or("there is no key; make one with `bomvet key new`, or name one with --key or BOMVET_KEY")?;
    let mut jwk = signer.public_key().jwk();
    jwk["kid"] = signer.public_key().thumbprint().as_str().into();
    print(&String::from_utf8_lossy(&json::pretty(&jwk))).map_err(text)
}

fn trust(
    given: &[String],
    name: Option<&str>,
    list: bool,
    remove: bool,
    store: Option<&Path>,
) -> Result<(), String> {
    let store = trust_store(store)?;
    if list {
        for trusted in store.list().map_err(text)? {
            let (key, name) = (trusted.key, trusted.name.unwrap_or_default());
            // A name comes from a file: what it holds must not drive the terminal.
            let line =
                format!("{} {} {}", key.thumbprint(), key.algorithm().as_str(), crate::model::escape(&name));
            say(line.trim_end())?;
        }
        return Ok(());
    }
    if given.is_empty() {
        return Err("name a JWK file, give a JWK, or use --list".to_owned());
    }
    for given in given {
        if remove {
            let id = store.remove(given).map_err(text)?.ok_or_else(|| {
                format!("no key, or more than one, starts with `{given}`; see `bomvet key trust --list`")
            })?;
            say(&format!("no longer trusted: {id}"))?;
        } else {
            let key = public_key(given)?;
            store.add(&key, name).map_err(text)?;
            say(&format!("trusted: {}", key.thumbprint()))?;
        }
    }
    Ok(())
}

/// A public key from a JWK file, or from the text itself.
pub(super) fn public_key(given: &str) -> Result<PublicKey, String> {
    if given.trim_start().starts_with('{') {
        return PublicKey::from_jwk_bytes(given.as_bytes()).map_err(text);
    }
    let bytes = std::fs::read(given).map_err(|e| format!("cannot read `{given}`: {e}"))?;
    PublicKey::from_jwk_bytes(&bytes).map_err(|e| format!("`{given}`: {e}"))
}

/// The keys that `given` names; those of the trust store too where none is given or `trust` names one.
///
/// `enough` says that a missing home folder is no error: what is read may be unsigned.
pub(super) fn trusted(
    given: &[String],
    trust: Option<&Path>,
    enough: bool,
) -> Result<Vec<PublicKey>, CommandError> {
    let mut keys = given.iter().map(|given| public_key(given)).collect::<Result<Vec<_>, _>>()?;
    if given.is_empty() || trust.is_some() {
        match trust_store(trust) {
            Ok(store) => keys.extend(store.list()?.into_iter().map(|known| known.key)),
            Err(_) if enough => {}
            Err(message) => return Err(message.into()),
        }
    }
    Ok(keys)
}

/// The user's own public key and those of the trust store, as far as there are any; the private key
/// is not opened.
///
/// # Errors
/// Where one of them is there and cannot be used.
pub(super) fn believed() -> Result<Vec<PublicKey>, CommandError> {
    let mut keys = trusted(&[], None, true)?;
    if let Ok(folder) = config_dir() {
        let own = folder.join("key.jwk");
        if own.is_file() {
            keys.push(public_key(&own.display().to_string())?);
        }
    }
    Ok(keys)
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
