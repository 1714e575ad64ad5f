//! `npx name`: what the project has installed is started, else what the registry has of that name.

use std::collections::BTreeSet;

use crate::model::{Dependency, Ecosystem};
use crate::resolve::Resolution;

/// Commands that usual packages bring under another name than their own; lockfiles do not all say
/// which. One that is missing here is taken for a package of its name, as npm does where the
/// project has none.
const COMMANDS: [(&str, &str); 22] = [
    ("api-extractor", "@microsoft/api-extractor"),
    ("babel", "@babel/cli"),
    ("biome", "@biomejs/biome"),
    ("cap", "@capacitor/cli"),
    ("changeset", "@changesets/cli"),
    ("commitlint", "@commitlint/cli"),
    ("eas", "eas-cli"),
    ("firebase", "firebase-tools"),
    ("graphql-codegen", "@graphql-codegen/cli"),
    ("napi", "@napi-rs/cli"),
    ("nest", "@nestjs/cli"),
    ("netlify", "netlify-cli"),
    ("ng", "@angular/cli"),
    ("playwright", "@playwright/test"),
    ("redocly", "@redocly/cli"),
    ("sb", "storybook"),
    ("svelte-kit", "@sveltejs/kit"),
    ("swc", "@swc/cli"),
    ("tailwindcss", "@tailwindcss/cli"),
    ("tauri", "@tauri-apps/cli"),
    ("tsc", "typescript"),
    ("vue-cli-service", "@vue/cli-service"),
];

/// Points edges to what the project has; what nothing else asks for any more is no node.
pub(in crate::resolve) fn settle(all: &mut Resolution) {
    let edges: BTreeSet<Dependency> = std::mem::take(&mut all.local_first).into_iter().collect();
    if edges.is_empty() {
        return;
    }
    let name_of = |purl: &str| {
        let package = all.packages.iter().find(|package| package.purl == purl);
        package.map(|package| package.name.clone())
    };
    let own = |name: &str| {
        let has = |wanted: &str| {
            let fits = |package: &&crate::model::Package| {
                package.ecosystem == Ecosystem::Npm && !package.version.is_empty() && package.name == wanted
            };
            all.packages.iter().filter(fits).map(|package| package.purl.clone()).max()
        };
        let command = COMMANDS.iter().find(|(command, _)| *command == name);
        has(name).or_else(|| has(command?.1))
    };
    let mut moved: BTreeSet<String> = BTreeSet::new();
    let mut dependencies = std::mem::take(&mut all.dependencies);
    for edge in dependencies.iter_mut().filter(|edge| edges.contains(edge)) {
        if let Some(to) = name_of(&edge.to).and_then(|name| own(&name)) {
            moved.insert(std::mem::replace(&mut edge.to, to));
        }
    }
    for edge in &dependencies {
        moved.remove(&edge.to);
    }
    all.dependencies = dependencies;
    all.packages.retain(|package| !moved.contains(&package.purl));
    all.findings.retain(|(purl, _)| !moved.contains(purl));
    all.gaps.retain(|(purl, _)| !moved.contains(purl));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DependencyKind, Location, Package};

    fn graph(others: &[(&str, &str)], commands: &[&str]) -> Vec<String> {
        let declared = Location { file: "ci.yml".into(), line: 1, column: 1 };
        let mut all = Resolution::default();
        for (name, version) in others {
            all.packages.push(Package::registry(Ecosystem::Npm, name, version, declared.clone()));
        }
        for command in commands {
            let package = Package::registry(Ecosystem::Npm, command, "", declared.clone());
            let edge = Dependency {
                from: "ci".to_owned(),
                to: package.purl.clone(),
                kind: DependencyKind::Invokes,
                requirement: String::new(),
                platform: None,
                declared: declared.clone(),
            };
            all.packages.push(package);
            all.local_first.push(edge.clone());
            all.dependencies.push(edge);
        }
        settle(&mut all);
        assert!(all.dependencies.iter().all(|edge| all.packages.iter().any(|one| one.purl == edge.to)));
        all.packages.iter().map(Package::label).collect()
    }

    #[test]
    fn what_the_project_has_is_started() {
        assert_eq!(graph(&[("typescript", "5.0.0")], &["tsc", "eslint"]), ["typescript@5.0.0", "eslint"]);
        assert_eq!(graph(&[("eslint", "9.0.0")], &["eslint"]), ["eslint@9.0.0"]);
        assert_eq!(graph(&[], &["tsc"]), ["tsc"]);
    }
}
