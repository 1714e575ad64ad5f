//! npm: `package-lock.json` and `npm-shrinkwrap.json`.

use std::path::Path;

use super::{Options, Resolution, ResolveError};
use crate::discover::Project;

/// Resolves one npm lockfile.
///
/// # Errors
/// Where it cannot be read or is not a lockfile.
pub fn resolve(_root: &Path, project: &Project, _options: &Options) -> Result<Resolution, ResolveError> {
    Err(ResolveError::Invalid {
        file: project.lockfile.clone(),
        line: 1,
        column: 1,
        message: "npm lockfiles are not read yet".to_owned(),
        help: "exclude the folder".to_owned(),
    })
}
