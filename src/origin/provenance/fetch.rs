//! Getting statements, and keeping them: they are asked for again when they are as old as a listing
//! may get, and taken from the store offline.

use serde::{Deserialize, Serialize};

use super::{Metadata, Missing, limits};
use crate::acquire::net::{FetchError, shown};
use crate::acquire::registry::Target;
use crate::model::Digest;
use crate::sigstore::limits::ANSWER_BYTES;

/// The store's bucket.
const BUCKET: &str = "attestations";

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    key: String,
    got: i64,
    answer: Vec<u8>,
}

impl Metadata {
    pub(super) fn statements(&self, target: &Target, accept: &'static str) -> Result<Vec<u8>, Missing> {
        let key = Digest::sha256(target.url.as_str().as_bytes()).hex();
        let kept = self.store.get(BUCKET, &key).ok().flatten();
        let kept = kept.and_then(|bytes| postcard::from_bytes::<Entry>(&bytes).ok());
        let kept = kept.filter(|entry| entry.key == key);
        let fresh = |entry: &Entry| (0..limits::FRESH_SECONDS).contains(&self.now.saturating_sub(entry.got));
        match kept {
            Some(entry) if self.options.offline || fresh(&entry) => return Ok(entry.answer),
            _ if self.options.offline => {
                return Err(Missing::Unknown("`--offline`, and it is not in the store".to_owned()));
            }
            _ => {}
        }
        let authorization = target.authorization.as_ref();
        let answer = self.client.get_as(&target.url, target.by, authorization, ANSWER_BYTES as u64, accept);
        let answer = answer.map_err(|error| match error {
            FetchError::Status { ref status, .. }
                if ["404", "410", "451"].iter().any(|code| status.starts_with(code)) =>
            {
                Missing::Broken(format!(
                    "the registry names it, but `{}` answered {status}",
                    shown(&target.url)
                ))
            }
            FetchError::TooLarge { .. } => Missing::Broken(error.to_string()),
            other => Missing::Unknown(other.to_string()),
        })?;
        let entry = Entry { key: key.clone(), got: self.now, answer };
        if let Ok(bytes) = postcard::to_stdvec(&entry) {
            // An entry that cannot be written costs a request on the next run, nothing else.
            let _ = self.store.put(BUCKET, &key, &bytes);
        }
        Ok(entry.answer)
    }
}
