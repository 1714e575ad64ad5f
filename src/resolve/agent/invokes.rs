//! What texts and configurations start, install or fetch, as edges.

use std::path::Path;

use super::super::{Resolution, ResolveError};
use crate::discover::Project;
use crate::model::Package;

/// Adds the packages and edges that one node asks for.
pub(super) fn of(
    _root: &Path,
    _package: &Package,
    _file: &Project,
    _out: &mut Resolution,
) -> Result<(), ResolveError> {
    Ok(())
}
