//! The core metadata of one archive of PyPI: the text beside it (PEP 658), else the one in it.
//!
//! An archive that had to be downloaded for its metadata is kept where acquiring looks for it, so
//! that it is downloaded once.

use url::Url;

use super::{Metadata, limits};
use crate::acquire::archive::{self, Limits, TopFolder};
use crate::acquire::registry::Target;
use crate::acquire::{limits as bytes, net};
use crate::model::{Digest, HashAlgorithm, ReleaseFile};
use crate::resolve::newest::ListingError;
use crate::resolve::pypi::core::MAX_BYTES;
use crate::resolve::pypi::name::ArchiveKind;
use crate::store::blob_key;

/// The store's bucket of metadata texts, by the digest of the archive that they are of.
const BUCKET: &str = "core-metadata";

impl Metadata {
    pub(super) fn core(&self, name: &str, file: &ReleaseFile) -> Result<String, ListingError> {
        let other = ListingError::Other;
        let digest = file.integrity.iter().max_by_key(|digest| digest.algorithm);
        let digest = digest.filter(|digest| digest.algorithm >= HashAlgorithm::Sha256);
        let Some(digest) = digest else {
            return Err(other(format!("the index gives no digest of `{}`", shown(&file.name))));
        };
        let key = blob_key(digest);
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes)
                .map_err(|_| other(format!("the metadata of `{}` is not UTF-8", shown(&file.name))))
        };
        if let Ok(Some(bytes)) = self.store.get(BUCKET, &key) {
            return text(bytes);
        }
        let bytes = match self.store.get("blobs", &key).ok().flatten().filter(|bytes| digest.matches(bytes)) {
            Some(archive) => inside(&archive, &file.name).map_err(other)?,
            None if self.options.offline => {
                let why =
                    format!("`--offline`, and neither `{}` nor its metadata is here", shown(&file.name));
                return Err(other(why));
            }
            None => self.fetch(name, file, digest, &key).map_err(other)?,
        };
        // An entry that cannot be written costs a request on the next run, nothing else.
        let _ = self.store.put(BUCKET, &key, &bytes);
        text(bytes)
    }

    fn fetch(&self, name: &str, file: &ReleaseFile, digest: &Digest, key: &str) -> Result<Vec<u8>, String> {
        let page = self.target(crate::model::Ecosystem::Pypi, name)?;
        let at = |suffix: &str| -> Result<Target, String> {
            let url = Url::parse(&format!("{}{suffix}", file.url))
                .map_err(|_| format!("the address of `{}` is no URL", shown(&file.name)))?;
            Ok(self.options.pypi.on_page(&page, url))
        };
        let get = |target: &Target, limit: u64| {
            self.client.get(&target.url, target.by, target.authorization.as_ref(), limit)
        };
        if let Some(stated) = &file.metadata {
            let target = at(".metadata")?;
            let place = net::shown(&target.url);
            // Where it cannot be had, the archive has it too.
            if let Ok(bytes) = get(&target, MAX_BYTES as u64) {
                if let Some(wrong) = stated.iter().find(|digest| !digest.matches(&bytes)) {
                    return Err(format!(
                        "what `{place}` answered has not the digest {wrong} that the index states"
                    ));
                }
                return Ok(bytes);
            }
        }
        if file.size.is_some_and(|size| size > limits::METADATA_ARCHIVE_BYTES) {
            return Err(format!(
                "its metadata lies only in `{}`, which has more than {} bytes",
                shown(&file.name),
                limits::METADATA_ARCHIVE_BYTES
            ));
        }
        let target = at("")?;
        let archive = get(&target, bytes::ARCHIVE_BYTES.min(limits::METADATA_ARCHIVE_BYTES))
            .map_err(|error| error.to_string())?;
        if !digest.matches(&archive) {
            let place = net::shown(&target.url);
            return Err(format!("what `{place}` answered has not the digest {digest} that the index states"));
        }
        let _ = self.store.put("blobs", key, &archive);
        inside(&archive, &file.name)
    }
}

/// The metadata within an archive whose digest was checked.
fn inside(bytes: &[u8], file: &str) -> Result<Vec<u8>, String> {
    let limits = Limits::default();
    let kind = ArchiveKind::of(file);
    let unpacked = match kind {
        Some(ArchiveKind::Wheel) => archive::zip(bytes, TopFolder::None, &limits),
        Some(ArchiveKind::SourceZip) => archive::zip(bytes, TopFolder::AnyOne, &limits),
        _ => archive::tar_gz(bytes, TopFolder::AnyOne, &limits),
    };
    let unpacked = unpacked.map_err(|error| format!("`{}` is refused: {error}", shown(file)))?;
    let is_metadata = |path: &str| match kind {
        Some(ArchiveKind::Wheel) => {
            path.split_once('/').is_some_and(|(top, rest)| top.ends_with(".dist-info") && rest == "METADATA")
        }
        _ => path == "PKG-INFO",
    };
    let entry = unpacked.files.iter().find(|entry| is_metadata(&entry.path));
    let text = entry.and_then(|entry| unpacked.buffer.get(entry.range.clone()));
    match text {
        Some(text) if text.len() <= MAX_BYTES => Ok(text.to_vec()),
        Some(_) => Err(format!("the metadata in `{}` is too large", shown(file))),
        None => Err(format!("`{}` has no metadata", shown(file))),
    }
}

fn shown(text: &str) -> String {
    crate::model::escape(text)
}
