//! The trust store: a folder with one JWK file for each trusted key, named by its thumbprint.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{KeyError, PublicKey};
use crate::attest::{atomic, json};

/// A trusted key.
#[derive(Debug, Clone)]
pub struct Trusted {
    /// The key.
    pub key: PublicKey,
    /// What its owner calls it.
    pub name: Option<String>,
}

/// The folder.
#[derive(Debug, Clone)]
pub struct TrustStore {
    dir: PathBuf,
}

impl TrustStore {
    /// A store in `dir`, made when first written to.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Every key, sorted by thumbprint. No folder means no key. Files that do not end in `.jwk`
    /// are not keys; one that does and is not what its name says is an error, since someone
    /// changed it.
    ///
    /// # Errors
    /// Where a file cannot be read or is not the key that its name says.
    pub fn list(&self) -> Result<Vec<Trusted>, KeyError> {
        let entries = match std::fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(KeyError::Read { path: self.dir.clone(), source }),
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(|source| KeyError::Read { path: self.dir.clone(), source })?.path();
            if path.extension().is_some_and(|extension| extension == "jwk") {
                paths.push(path);
            }
        }
        paths.sort();
        paths.iter().map(|path| read(path)).collect()
    }

    /// Adds a key; one that is there already gets the new name, where one is given.
    /// Gives the file.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn add(&self, key: &PublicKey, name: Option<&str>) -> Result<PathBuf, KeyError> {
        let path = self.path(key.thumbprint());
        if name.is_none() && path.is_file() && read(&path).is_ok() {
            return Ok(path);
        }
        std::fs::create_dir_all(&self.dir)
            .map_err(|source| atomic::WriteError { path: self.dir.clone(), source })?;
        let mut jwk = key.jwk();
        jwk["kid"] = key.thumbprint().as_str().into();
        if let Some(name) = name {
            jwk["name"] = name.into();
        }
        atomic::write_atomic(&path, &json::pretty(&jwk))?;
        Ok(path)
    }

    /// Removes the key with that thumbprint, or a prefix of it that only one key has. Gives its
    /// thumbprint; `None` where there is no such key or more than one.
    ///
    /// # Errors
    /// Where the store cannot be read or the file cannot be removed.
    pub fn remove(&self, id: &str) -> Result<Option<String>, KeyError> {
        let keys = self.list()?;
        let mut found = keys.iter().map(|trusted| trusted.key.thumbprint()).filter(|own| own.starts_with(id));
        let (Some(id), None) = (found.next(), found.next()) else { return Ok(None) };
        let path = self.path(id);
        std::fs::remove_file(&path).map_err(|source| KeyError::Read { path, source })?;
        Ok(Some(id.clone()))
    }

    fn path(&self, thumbprint: &str) -> PathBuf {
        self.dir.join(format!("{thumbprint}.jwk"))
    }
}

fn read(path: &Path) -> Result<Trusted, KeyError> {
    let bytes = std::fs::read(path).map_err(|source| KeyError::Read { path: path.to_owned(), source })?;
    let wrong = |message: String| KeyError::Store { path: path.to_owned(), message };
    let jwk = json::parse(&bytes).map_err(|e| wrong(e.to_string()))?;
    let key = PublicKey::from_jwk(&jwk).map_err(|e| wrong(e.to_string()))?;
    if path.file_stem().and_then(|stem| stem.to_str()) != Some(key.thumbprint()) {
        return Err(wrong(format!(
            "the file holds key {}, which is not its name; remove it, then `bomvet key trust` the right key",
            key.thumbprint()
        )));
    }
    Ok(Trusted { key, name: jwk.get("name").and_then(Value::as_str).map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::keys::{Algorithm, Signer};

    #[test]
    fn keys_come_and_go_and_a_swapped_file_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let store = TrustStore::new(dir.path().join("trusted"));
        assert!(store.list().unwrap().is_empty());
        let one = Signer::from_seed(Algorithm::Ed25519, [1; 32]).unwrap();
        let two = Signer::from_seed(Algorithm::Es256, [2; 32]).unwrap();
        let path = store.add(one.public_key(), Some("ci")).unwrap();
        store.add(one.public_key(), None).unwrap();
        store.add(two.public_key(), None).unwrap();
        let names: Vec<_> = store.list().unwrap().into_iter().filter_map(|trusted| trusted.name).collect();
        assert_eq!(names, ["ci"]);
        assert_eq!(store.remove("nothing").unwrap(), None);
        assert_eq!(store.remove("").unwrap(), None, "two keys have that prefix");
        let id = two.public_key().thumbprint();
        assert_eq!(store.remove(&id[..12]).unwrap().as_ref(), Some(id));
        std::fs::write(path, two.public_key().jwk().to_string()).unwrap();
        let error = store.list().unwrap_err().to_string();
        assert!(error.contains("which is not its name"), "{error}");
    }
}
