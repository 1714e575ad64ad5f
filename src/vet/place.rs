//! Where a project keeps its audits.

use std::path::{Component, Path, PathBuf};

use super::read::{VetError, text};

/// The folder that `[package.metadata.vet]` or `[workspace.metadata.vet]` of the project's
/// `Cargo.toml` names (`store = { path = … }`), else `supply-chain`. `None` where there is none.
///
/// # Errors
/// Where the manifest cannot be read, or names a folder outside the project.
pub fn store_folder(project: &Path) -> Result<Option<PathBuf>, VetError> {
    let manifest = project.join("Cargo.toml");
    let mut folder = PathBuf::from("supply-chain");
    if manifest.exists() {
        let text = text(&manifest)?;
        let fail = |why: String| VetError::Unreadable { file: manifest.display().to_string(), why };
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| fail(error.to_string()))?;
        let named = ["workspace", "package"].iter().find_map(|part| {
            table.get(*part)?.get("metadata")?.get("vet")?.get("store")?.get("path")?.as_str()
        });
        if let Some(named) = named {
            folder = PathBuf::from(named);
            let leaves = folder.is_absolute() || folder.components().any(|part| part == Component::ParentDir);
            if leaves {
                return Err(fail("`metadata.vet.store.path` leaves the project".to_owned()));
            }
        }
    }
    let folder = project.join(folder);
    Ok(folder.join("config.toml").exists().then_some(folder))
}
