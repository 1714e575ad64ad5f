//! Archives against the BoM, from files or from bomvet's store: hash again and compare.

use serde_json::Value;

use super::{Failure, Part};
use crate::attest::json::line_of;
use crate::model::Digest;
use crate::store::{Store, blob_key};

/// Finds the component whose archive `bytes` are, and checks every digest that it has. Gives its
/// purl. `name` is the file's name; where no digest fits, it tells which archive was meant.
///
/// # Errors
/// Where the bytes are no component's archive; the failure names the component that they should
/// have been, if the file's name is `<name>-<version>.crate` or `.tgz`.
pub fn find(document: &Value, name: &str, bytes: &[u8]) -> Result<String, Failure> {
    let sha256 = Digest::sha256(bytes).hex();
    let components = document["components"].as_array().map_or(&[][..], Vec::as_slice);
    let fail = |pointer: String, message: String| Failure {
        part: Part::Bom,
        line: line_of(document, &pointer),
        pointer,
        message,
        help: Some("fetch the archive again; the one at hand is not the one that was audited".to_owned()),
    };
    for (at, component) in components.iter().enumerate() {
        let hashes = component["hashes"].as_array().map_or(&[][..], Vec::as_slice);
        if hashes.iter().any(|hash| hash["alg"] == "SHA-256" && hash["content"] == sha256.as_str()) {
            for (n, hash) in hashes.iter().enumerate() {
                if !digest(hash).is_some_and(|digest| digest.matches(bytes)) {
                    let message = format!("`{name}` has the SHA-256 of this component, but not this digest");
                    return Err(fail(format!("/components/{at}/hashes/{n}"), message));
                }
            }
            return Ok(component["bom-ref"].as_str().unwrap_or_default().to_owned());
        }
    }
    let meant = components.iter().position(|component| {
        let stem = format!(
            "{}-{}",
            component["name"].as_str().unwrap_or_default(),
            component["version"].as_str().unwrap_or_default()
        );
        name.strip_suffix(".crate").or_else(|| name.strip_suffix(".tgz")) == Some(stem.as_str())
    });
    Err(match meant {
        Some(at) => {
            let expected = components[at]["hashes"]
                .as_array()
                .and_then(|list| list.iter().find(|hash| hash["alg"] == "SHA-256"))
                .and_then(|hash| hash["content"].as_str())
                .unwrap_or("none");
            fail(
                format!("/components/{at}/hashes"),
                format!("`{name}` has SHA-256 {sha256}, the BoM says {expected}"),
            )
        }
        None => fail(String::new(), format!("`{name}` (SHA-256 {sha256}) is the archive of no component")),
    })
}

/// Hashes every archive of the BoM that the store holds. Gives how many are right, and the
/// others. An archive that the store does not hold is neither: stores are emptied.
pub fn in_store(document: &Value, store: &Store) -> (usize, Vec<Failure>) {
    let (mut good, mut failures) = (0, Vec::new());
    let components = document["components"].as_array().map_or(&[][..], Vec::as_slice);
    for (at, component) in components.iter().enumerate() {
        let purl = component["bom-ref"].as_str().unwrap_or_default();
        let hashes = component["hashes"].as_array().map_or(&[][..], Vec::as_slice);
        let mut fail = |message: String| {
            let pointer = format!("/components/{at}/hashes");
            failures.push(Failure {
                part: Part::Bom,
                line: line_of(document, &pointer),
                pointer,
                message,
                help: Some("remove the entry; the next audit fetches the archive again".to_owned()),
            });
        };
        // An archive is kept under the digest that the lockfile gives, which is one of these. The
        // digest becomes a file name: what is none is not looked for.
        for digest in hashes.iter().filter_map(digest) {
            let key = blob_key(&digest);
            match store.get("blobs", &key) {
                Ok(None) => {}
                Ok(Some(bytes)) if digest.matches(&bytes) => good += 1,
                Ok(Some(bytes)) => fail(format!(
                    "store entry `blobs/{key}` of {purl} has SHA-256 {}",
                    Digest::sha256(&bytes).hex()
                )),
                Err(damaged) => fail(format!("{purl}: {damaged}")),
            }
        }
    }
    (good, failures)
}

/// A digest of a component, as CycloneDX writes it.
fn digest(hash: &Value) -> Option<Digest> {
    let algorithm = hash["alg"].as_str()?.replace('-', "").to_ascii_lowercase();
    let (algorithm, hex) =
        crate::attest::bom::component::parse_digest(&format!("{algorithm}:{}", hash["content"].as_str()?))?;
    Digest::from_hex(algorithm, &hex)
}
