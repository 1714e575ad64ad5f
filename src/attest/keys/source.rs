//! Where the signing key comes from.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{KeyError, Pem, Signer};

/// Longest key file, bytes. A PKCS#8 key of either algorithm has under 300.
const MAX_KEY: u64 = 64 << 10;

/// A place that holds a private key.
#[derive(Debug)]
pub enum KeySource {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// The text itself, from the environment.
    Text(Pem),
}

impl KeySource {
    /// `--key`: a file, or `-` for standard input.
    pub fn from_option(value: &Path) -> Self {
        if value == Path::new("-") { Self::Stdin } else { Self::File(value.to_owned()) }
    }

    /// `BOMVET_KEY`: PEM text, or a path. `None` where it is empty.
    pub fn from_env(value: &OsStr) -> Option<Self> {
        if value.is_empty() {
            return None;
        }
        Some(match value.to_str() {
            Some(text) if text.contains("-----BEGIN") => Self::Text(Pem::new(text.to_owned())),
            _ => Self::File(value.into()),
        })
    }

    /// Reads the key.
    ///
    /// # Errors
    /// Where it cannot be read or is no private key.
    pub fn load(self) -> Result<Signer, KeyError> {
        let pem = match self {
            Self::Text(pem) => pem,
            Self::Stdin => read(std::io::stdin(), Path::new("-"))?,
            Self::File(path) => match std::fs::File::open(&path) {
                Ok(file) => read(file, &path)?,
                Err(source) => return Err(KeyError::Read { path, source }),
            },
        };
        Signer::from_pem(&pem)
    }
}

fn read(from: impl std::io::Read, path: &Path) -> Result<Pem, KeyError> {
    // Room for the whole file at once: a growing buffer would leave copies of the key behind.
    let mut text = String::with_capacity(MAX_KEY as usize + 1);
    let result = from.take(MAX_KEY + 1).read_to_string(&mut text);
    let (length, pem) = (text.len() as u64, Pem::new(text));
    result.map_err(|source| KeyError::Read { path: path.to_owned(), source })?;
    if length > MAX_KEY { Err(KeyError::NotPrivate) } else { Ok(pem) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::keys::Algorithm;

    #[test]
    fn the_environment_holds_text_or_a_path() {
        let signer = Signer::from_seed(Algorithm::Es256, [3; 32]).unwrap();
        let pem = signer.to_pem().unwrap();
        let source = KeySource::from_env(OsStr::new(pem.expose())).unwrap();
        assert_eq!(format!("{source:?}"), "Text(Pem(****))");
        assert_eq!(source.load().unwrap().public_key(), signer.public_key());
        assert!(matches!(KeySource::from_env(OsStr::new("k.pem")), Some(KeySource::File(_))));
        assert!(KeySource::from_env(OsStr::new("")).is_none());
        let error = KeySource::File("no-such-key.pem".into()).load().unwrap_err().to_string();
        assert!(error.contains("no-such-key.pem"), "{error}");
    }
}
