//! What is on disk already: caches of the package managers, vendored packages, the project's own
//! folders.

pub mod cache;
mod committed;
pub mod entry;
pub mod folder;
pub mod vendor;
