//! Compose files (<https://github.com/compose-spec/compose-spec/blob/main/spec.md>): the images of
//! services, and the Dockerfiles that they build.

use std::path::Path;

use super::{file_purl, image, own_file};
use crate::discover::{Format, Project, paths};
use crate::model::{Dependency, DependencyKind, Ecosystem, Gap, GapKind};
use crate::resolve::text::Text;
use crate::resolve::{Resolution, ResolveError, install, read_text};
use crate::yaml::{self, Node};

/// Resolves a compose file. One that is not YAML is a gap of its own package.
///
/// # Errors
/// Where it cannot be read.
pub fn resolve(root: &Path, project: &Project) -> Result<Resolution, ResolveError> {
    let text = read_text(root, &project.lockfile)?;
    let doc = Text::new(&project.lockfile, &text);
    let own = own_file(root, Ecosystem::Docker, "compose", &project.lockfile, &doc);
    let mut out = Resolution::default();
    match yaml::parse(&text) {
        Ok(node) => {
            for (name, _, service) in node.get("services").into_iter().flat_map(Node::members) {
                one(root, project, &doc, &own.purl, name, service, &mut out);
            }
        }
        Err(error) => {
            let message = format!(
                "`{}` is not YAML: {}:{}: {}; the images that it names are in no graph",
                project.lockfile, error.line, error.column, error.message
            );
            let spans = vec![doc.span(&(error.offset..error.offset))];
            out.gaps.push((own.purl.clone(), Gap { spans, ..Gap::new(GapKind::NotCovered, message) }));
        }
    }
    out.packages.push(own);
    out.normalise();
    Ok(out)
}

fn one(
    root: &Path,
    project: &Project,
    doc: &Text<'_>,
    own: &str,
    name: &str,
    service: &Node<'_>,
    out: &mut Resolution,
) {
    // Compose takes values from a file beside it or the shell; without them the default counts.
    let fill = |text: &str| install::substitute(text, &|_| None);
    let platform = service.get("platform").and_then(Node::as_str);
    match (service.get("build"), service.get("image").map(|node| (node, node.as_str()))) {
        (Some(build), _) => {
            let text = |key: &str| build.get(key).and_then(Node::as_str);
            let context = build.as_str().or(text("context")).unwrap_or(".");
            let folder = paths::join(&project.dir, context);
            let file = text("dockerfile").unwrap_or("Dockerfile");
            let file = folder.and_then(|folder| paths::join(&folder, file));
            let there = file.filter(|file| {
                Format::of(file) == Some(Format::Dockerfile) && paths::lies(root, file) == paths::Lies::Inside
            });
            match there {
                Some(file) => out.dependencies.push(Dependency {
                    from: own.to_owned(),
                    to: file_purl("dockerfile", &file),
                    kind: DependencyKind::Invokes,
                    requirement: context.to_owned(),
                    platform: None,
                    declared: doc.location(build.range.start),
                }),
                None => {
                    let message = format!(
                        "what the service `{}` is built from is no Dockerfile of the audited folder",
                        crate::model::escape(name)
                    );
                    let spans = vec![doc.span(&build.range)];
                    out.gaps.push((own.to_owned(), Gap { spans, ..Gap::new(GapKind::NotCovered, message) }));
                }
            }
        }
        (None, Some((node, Some(image)))) => {
            image::add(own, doc, &fill(image), &node.range, platform, out);
        }
        _ => {}
    }
}
