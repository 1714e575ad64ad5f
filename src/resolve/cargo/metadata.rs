//! What `cargo metadata` says, reduced to what the graph needs.
//!
//! guppy checks that the answer is a consistent graph and gives packages and links; cargo_metadata
//! gives what guppy hides: platform conditions as written, requirements of each kind, features
//! that are on.

use std::collections::HashMap;

use guppy::CargoMetadata;
use guppy::graph::DependencyDirection;
use serde::{Deserialize, Serialize};

use crate::model::DependencyKind;

/// The answer. Lists are in the order of guppy's and cargo's, both sorted by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Folder of the workspace, absolute.
    pub workspace_root: String,
    /// Packages.
    pub packages: Vec<Known>,
    /// Edges.
    pub edges: Vec<Edge>,
}

/// A package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Source as the lockfile writes it; `None` for local ones.
    pub source: Option<String>,
    /// `Cargo.toml`, absolute.
    pub manifest: String,
    /// `package.license`.
    pub licence: Option<String>,
    /// Features that are on, sorted.
    pub features: Vec<String>,
    /// Whether it is a procedural macro.
    pub proc_macro: bool,
}

/// An edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// Index of the package that asks.
    pub from: u32,
    /// Index of the package that it gets.
    pub to: u32,
    /// Which table. An edge to a procedural macro is `Build`: the macro runs in the compiler
    /// and nothing of it is in the program.
    pub kind: DependencyKind,
    /// `cfg(…)` or a target triple.
    pub platform: Option<String>,
    /// The requirement.
    pub requirement: String,
}

impl Facts {
    /// Reads cargo's output.
    ///
    /// # Errors
    /// Where it is not what it should be; one line.
    pub fn from_json(json: &str) -> Result<Self, String> {
        let one_line = |error: &dyn std::fmt::Display| {
            format!("cargo's output cannot be read: {}", error.to_string().lines().next().unwrap_or(""))
        };
        let metadata: cargo_metadata::Metadata = serde_json::from_str(json).map_err(|e| one_line(&e))?;
        let graph = CargoMetadata::parse_json(json)
            .and_then(CargoMetadata::build_graph)
            .map_err(|error| one_line(&error))?;
        let mut ids: Vec<_> = graph.packages().map(|package| package.id()).collect();
        ids.sort();
        let numbers: HashMap<&str, u32> = ids.iter().zip(0..).map(|(id, at)| (id.repr(), at)).collect();
        let resolve = metadata.resolve.ok_or("cargo gave no resolved graph")?;
        let nodes: HashMap<&str, _> =
            resolve.nodes.iter().map(|node| (node.id.repr.as_str(), node)).collect();
        let declared: HashMap<&str, _> =
            metadata.packages.iter().map(|package| (package.id.repr.as_str(), package)).collect();
        let (mut packages, mut edges) = (Vec::with_capacity(ids.len()), Vec::new());
        for (id, from) in ids.iter().zip(0..) {
            let package = graph.metadata(id).map_err(|error| one_line(&error))?;
            let mut features: Vec<String> = nodes
                .get(id.repr())
                .map(|node| node.features.iter().map(|feature| feature.to_string()).collect())
                .unwrap_or_default();
            features.sort();
            packages.push(Known {
                name: package.name().to_owned(),
                version: package.version().to_string(),
                source: declared
                    .get(id.repr())
                    .and_then(|package| package.source.as_ref())
                    .map(|source| source.repr.clone()),
                manifest: package.manifest_path().to_string(),
                licence: package.license().map(str::to_owned),
                features,
                proc_macro: package.is_proc_macro(),
            });
            let own = declared.get(id.repr()).map(|p| p.dependencies.as_slice()).unwrap_or_default();
            for link in package.direct_links_directed(DependencyDirection::Forward) {
                let target = link.to();
                let Some(&to) = numbers.get(target.id().repr()) else { continue };
                let kinds = nodes.get(id.repr()).into_iter().flat_map(|node| &node.deps);
                let kinds =
                    kinds.filter(|dep| dep.pkg.repr == target.id().repr()).flat_map(|dep| &dep.dep_kinds);
                for found in kinds {
                    let platform = found.target.as_ref().map(ToString::to_string);
                    let requirement = own
                        .iter()
                        .find(|one| {
                            one.name == target.name()
                                && one.kind == found.kind
                                && one.target == found.target
                                && one.req.matches(target.version())
                        })
                        .map_or_else(|| link.version_req().to_string(), |one| one.req.to_string());
                    let kind = match found.kind {
                        cargo_metadata::DependencyKind::Development => DependencyKind::Dev,
                        cargo_metadata::DependencyKind::Build => DependencyKind::Build,
                        _ if target.is_proc_macro() => DependencyKind::Build,
                        _ => DependencyKind::Normal,
                    };
                    edges.push(Edge { from, to, kind, platform, requirement });
                }
            }
        }
        Ok(Self { workspace_root: metadata.workspace_root.to_string(), packages, edges })
    }
}
