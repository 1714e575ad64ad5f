//! Packages from git commits.

use super::refusal::not_fetched;
use super::{Acquired, Acquirer, Refusal};
use crate::model::Package;

impl Acquirer {
    pub(super) fn git(
        &self,
        package: &Package,
        url: &str,
        commit: Option<&str>,
    ) -> Result<Acquired, Box<Refusal>> {
        let commit = commit.unwrap_or("no commit");
        Err(not_fetched(format!("{} comes from git ({url}, {commit}), which is not read", package.label())))
    }
}
