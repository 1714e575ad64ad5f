//! Where archives are downloaded from: what the user's own configuration says, and which part of
//! it a checkout may add to.

pub mod cargo;
pub mod npm;
pub mod pypi;

use url::Url;

use super::net::{NamedBy, Secret};

/// One archive's address and what may be shown there.
#[derive(Debug, Clone)]
pub struct Target {
    /// The address.
    pub url: Url,
    /// Who named it.
    pub by: NamedBy,
    /// Value of the `Authorization` header.
    pub authorization: Option<Secret>,
}
