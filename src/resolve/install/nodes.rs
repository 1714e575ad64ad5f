//! Installs as packages of the graph, with what is wrong with them.

use super::{Install, LOCAL_FIRST, What};
use crate::model::{
    AgentKind, Dependency, DependencyKind, Ecosystem, Finding, Gap, GapKind, Package, Severity, Source, purl,
};
use crate::resolve::Resolution;
use crate::resolve::docker::image;
use crate::resolve::text::{Text, without_user};

/// Adds what the package `from` installs, in the file `doc`.
pub(in crate::resolve) fn add(from: &str, doc: &Text<'_>, installs: &[Install], out: &mut Resolution) {
    for install in installs {
        let declared = doc.location(install.at.start);
        let span = doc.span(&install.at);
        let by = install.by;
        let mut found: Vec<Finding> = Vec::new();
        let mut unpinned = |severity: Severity, message: String| {
            found.push(Finding {
                severity,
                ..Finding::new("lockfile/unpinned-install", message, vec![span.clone()])
            });
        };
        let (package, requirement) = match &install.what {
            What::Unknown(words) => {
                let words = crate::model::escape(words);
                let message =
                    format!("what `{by}` gets by `{words}` is not known before it runs, or not read");
                let gap = Gap { spans: vec![span.clone()], ..Gap::new(GapKind::NotCovered, message) };
                out.gaps.push((from.to_owned(), gap));
                continue;
            }
            What::Image(name) => {
                image::add(from, doc, name, &install.at, None, out);
                continue;
            }
            What::Package { ecosystem, name, version, requirement } => {
                let label = match requirement.as_str() {
                    "" => format!("`{name}`"),
                    requirement => format!("`{name}` {requirement}"),
                };
                match (ecosystem, version) {
                    (Ecosystem::System, Some(_)) => {}
                    (Ecosystem::System, None) => unpinned(
                        Severity::Low,
                        format!("{by} takes whatever version of {label} the distribution has on that day"),
                    ),
                    (_, Some(_)) => unpinned(
                        Severity::Medium,
                        format!("{by} takes {label} without a digest to compare it with"),
                    ),
                    (_, None) => unpinned(
                        Severity::High,
                        format!("{by} takes whatever version of {label} there is on that day"),
                    ),
                }
                let package =
                    Package::registry(*ecosystem, name, version.as_deref().unwrap_or(""), declared.clone());
                // Its own requirements are resolved anew on each run.
                if !matches!(ecosystem, Ecosystem::System | Ecosystem::Golang) {
                    let message =
                        format!("what {label} brings in with it is pinned by nothing and in no graph");
                    let gap = Gap { spans: vec![span.clone()], ..Gap::new(GapKind::NotCovered, message) };
                    out.gaps.push((package.purl.clone(), gap));
                }
                (package, requirement.clone())
            }
            What::Git { ecosystem, url, revision } => {
                let url = without_user(url);
                let revision = revision.clone().unwrap_or_default();
                let is_commit = revision.len() >= 40 && revision.bytes().all(|b| b.is_ascii_hexdigit());
                if !is_commit {
                    unpinned(Severity::High, format!("{by} takes what stands in `{url}` on that day"));
                }
                let name = url.trim_end_matches('/').rsplit('/').next().unwrap_or(&url);
                let name = name.strip_suffix(".git").unwrap_or(name).to_owned();
                let address = format!("git+{url}@{revision}");
                let package = Package {
                    purl: purl(*ecosystem, &name, &revision, &[("vcs_url", address.trim_end_matches('@'))]),
                    source: Source::Git { url, commit: is_commit.then(|| revision.clone()) },
                    ..Package::registry(*ecosystem, &name, &revision, declared.clone())
                };
                (package, revision)
            }
            What::Url(url) => {
                let url = without_user(url);
                unpinned(
                    Severity::High,
                    format!("{by}: what `{url}` answers on that day is run or installed"),
                );
                (remote(&url, declared.clone()), String::new())
            }
        };
        out.findings.extend(found.into_iter().map(|finding| (package.purl.clone(), finding)));
        let edge = Dependency {
            from: from.to_owned(),
            to: package.purl.clone(),
            kind: DependencyKind::Invokes,
            requirement,
            platform: None,
            declared,
        };
        if by == LOCAL_FIRST {
            out.local_first.push(edge.clone());
        }
        out.dependencies.push(edge);
        out.packages.push(package);
    }
}

/// What stands at an address when somebody looks.
pub fn remote(url: &str, declared: crate::model::Location) -> Package {
    let plain = url.split(['?', '#']).next().unwrap_or(url);
    let name = plain.split_once("://").map_or(plain, |(_, rest)| rest).trim_matches('/');
    Package {
        purl: purl(Ecosystem::Agent, &format!("remote/{name}"), "", &[("download_url", url)]),
        agent: Some(AgentKind::Remote),
        source: Source::Remote { url: url.to_owned() },
        ..Package::registry(Ecosystem::Agent, name, "", declared)
    }
}
