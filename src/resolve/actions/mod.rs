//! GitHub workflows and actions
//! (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax>).
//!
//! In: a workflow, or an `action.yml`. Out: a package of its own for the file, and one for each
//! action and reusable workflow that it uses, each image of a job, a service or a step, and each
//! package that its `run:` lines install. Nothing is fetched; a full commit id is the pin. What an
//! expression (`${{ … }}`) stands for is known when it runs, and a gap here.

use std::collections::BTreeMap;
use std::path::Path;

use super::docker::{file_purl, image, own_file};
use super::text::Text;
use super::{Resolution, ResolveError, install, read_text};
use crate::discover::{Format, Project, paths};
use crate::json::ByteRange;
use crate::model::{
    Dependency, DependencyKind, Ecosystem, Finding, Gap, GapKind, Package, Severity, Source, purl,
};
use crate::yaml::{self, Node};

/// Resolves a workflow or an action. One that is not YAML is a gap of its own package.
///
/// # Errors
/// Where it cannot be read.
pub fn resolve(root: &Path, project: &Project) -> Result<Resolution, ResolveError> {
    let text = read_text(root, &project.lockfile)?;
    let doc = Text::new(&project.lockfile, &text);
    let what = what(project.format);
    let own = own_file(root, Ecosystem::Github, what, &project.lockfile, &doc);
    let mut reader = Reader { root, doc: &doc, own: &own.purl, out: Resolution::default() };
    match yaml::parse(&text) {
        Ok(node) if what == "workflow" => reader.workflow(&node),
        Ok(node) => reader.action(&node, &project.dir),
        Err(error) => {
            let message = format!(
                "`{}` is not YAML: {}:{}: {}; the actions that it uses are in no graph",
                project.lockfile, error.line, error.column, error.message
            );
            reader.gap(message, &(error.offset..error.offset));
        }
    }
    let mut out = reader.out;
    out.packages.push(own);
    out.normalise();
    Ok(out)
}

fn what(format: Format) -> &'static str {
    if format == Format::Workflow { "workflow" } else { "action" }
}

type Values = BTreeMap<String, String>;

/// The values of an `env:` that hold no expression, over those of what is around it.
fn values(node: &Node<'_>, around: &Values) -> Values {
    let mut out = around.clone();
    for (name, _, value) in node.get("env").into_iter().flat_map(Node::members) {
        match value.as_str() {
            Some(text) if !text.contains('$') => drop(out.insert(name.to_owned(), text.to_owned())),
            _ => drop(out.remove(name)),
        }
    }
    out
}

struct Reader<'a> {
    root: &'a Path,
    doc: &'a Text<'a>,
    own: &'a str,
    out: Resolution,
}

impl Reader<'_> {
    fn gap(&mut self, message: String, at: &ByteRange) {
        let gap = Gap { spans: vec![self.doc.span(at)], ..Gap::new(GapKind::NotCovered, message) };
        self.out.gaps.push((self.own.to_owned(), gap));
    }

    fn workflow(&mut self, node: &Node<'_>) {
        let outer = values(node, &Values::new());
        for (_, _, job) in node.get("jobs").into_iter().flat_map(Node::members) {
            let inner = values(job, &outer);
            if let Some(uses) = job.get("uses") {
                self.uses(uses);
            }
            if let Some(container) = job.get("container") {
                self.container(container);
            }
            for (_, _, service) in job.get("services").into_iter().flat_map(Node::members) {
                self.container(service);
            }
            self.steps(job, &inner);
        }
    }

    fn action(&mut self, node: &Node<'_>, dir: &str) {
        let Some(runs) = node.get("runs") else { return };
        self.steps(runs, &Values::new());
        let Some(image) = runs.get("image") else { return };
        match image.as_str() {
            Some(text) if text.starts_with("docker://") => self.image(image),
            Some(text) => {
                let file = paths::join(dir, text).filter(|file| Format::of(file) == Some(Format::Dockerfile));
                match file.filter(|file| paths::lies(self.root, file) == paths::Lies::Inside) {
                    Some(file) => self.edge(file_purl("dockerfile", &file), text, &image.range),
                    None => self.gap(
                        "the image of the action is no Dockerfile of the audited folder".to_owned(),
                        &image.range,
                    ),
                }
            }
            None => {}
        }
    }

    fn steps(&mut self, node: &Node<'_>, outer: &Values) {
        for step in node.get("steps").map(Node::elements).unwrap_or_default() {
            if let Some(uses) = step.get("uses") {
                self.uses(uses);
            }
            // Scripts in Python or JavaScript are no command lines.
            let shell = step.get("shell").and_then(Node::as_str).unwrap_or("bash");
            if let Some(run) = step.get("run")
                && !shell.starts_with("python")
                && !shell.starts_with("node")
            {
                self.run(run, &values(step, outer));
            }
        }
    }

    fn run(&mut self, node: &Node<'_>, values: &Values) {
        let Some(text) = node.as_str() else { return };
        let mut found = install::installs(text, 0, &|name| values.get(name).cloned());
        // Indentation and folding were undone: the line that holds it is looked for in the file.
        for install in &mut found {
            let start = text[..install.at.start].rfind('\n').map_or(0, |at| at + 1);
            let line = text[start..].split('\n').next().unwrap_or("").trim();
            let word = text.get(install.at.clone()).unwrap_or("");
            let block = self.doc.text().get(node.range.clone()).unwrap_or("");
            install.at = match (block.find(line), line.find(word)) {
                (Some(at), Some(within)) => {
                    let from = node.range.start + at + within;
                    from..from + word.len()
                }
                _ => node.range.clone(),
            };
        }
        install::add(self.own, self.doc, &found, &mut self.out);
    }

    fn container(&mut self, node: &Node<'_>) {
        self.image(node.get("image").unwrap_or(node));
    }

    fn image(&mut self, node: &Node<'_>) {
        if let Some(name) = node.as_str().filter(|name| !name.is_empty()) {
            let name = name.strip_prefix("docker://").unwrap_or(name);
            image::add(self.own, self.doc, name, &node.range, None, &mut self.out);
        }
    }

    fn edge(&mut self, to: String, requirement: &str, at: &ByteRange) {
        self.out.dependencies.push(Dependency {
            from: self.own.to_owned(),
            to,
            kind: DependencyKind::Invokes,
            requirement: requirement.to_owned(),
            platform: None,
            declared: self.doc.location(at.start),
        });
    }

    fn uses(&mut self, node: &Node<'_>) {
        let Some(text) = node.as_str() else { return };
        if text.starts_with("docker://") {
            return self.image(node);
        }
        if text.starts_with("./") || text.starts_with("../") {
            return self.local(text, &node.range);
        }
        let (Some((path, reference)), false) = (text.split_once('@'), text.contains('$')) else {
            let shown = crate::model::escape(text);
            return self.gap(format!("which action `{shown}` is, the file does not say"), &node.range);
        };
        let mut parts = path.split('/');
        let (owner, repository) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
        if owner.is_empty() || repository.is_empty() || reference.is_empty() {
            let shown = crate::model::escape(text);
            return self.gap(format!("`{shown}` is no action (`owner/repository@ref`)"), &node.range);
        }
        let name = format!("{owner}/{repository}");
        let is_commit = reference.len() == 40 && reference.bytes().all(|b| b.is_ascii_hexdigit());
        // The comment names the version of a commit, as updaters write it: `@abc… # v1.2.3`.
        let version = match is_commit {
            true => self.comment_after(node).unwrap_or(reference),
            false => reference,
        };
        let declared = self.doc.location(node.range.start);
        let package = Package {
            purl: purl(Ecosystem::Github, &name, reference, &[]),
            source: Source::Git {
                url: format!("https://github.com/{name}"),
                commit: is_commit.then(|| reference.to_ascii_lowercase()),
            },
            ..Package::registry(Ecosystem::Github, &name, version, declared)
        };
        if !is_commit {
            let is_tag = reference.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit());
            let own = matches!(owner, "actions" | "github") && is_tag;
            let what = if is_tag { "tag" } else { "branch" };
            let message =
                format!("`{text}` names a {what}, which its owner can move; pin the full commit id");
            let finding = Finding {
                severity: if own { Severity::Medium } else { Severity::High },
                ..Finding::new("lockfile/unpinned-action", message, vec![self.doc.span(&node.range)])
            };
            self.out.findings.push((package.purl.clone(), finding));
        }
        self.edge(package.purl.clone(), text, &node.range);
        self.out.packages.push(package);
    }

    /// A version in the comment behind a value.
    fn comment_after(&self, node: &Node<'_>) -> Option<&str> {
        let rest = self.doc.text().get(node.range.end..)?.split('\n').next()?;
        let (before, comment) = rest.split_once('#')?;
        let word = comment.trim_start_matches([' ', '=']).split_whitespace().next()?;
        let word = word.strip_prefix("tag=").unwrap_or(word);
        let numbers = word.trim_start_matches('v');
        let version = numbers.starts_with(|c: char| c.is_ascii_digit())
            && numbers.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+'));
        (version && before.trim_matches(['"', '\'', ' ']).is_empty()).then_some(word)
    }

    /// An action or a workflow of the same repository, whose root is taken to be the audited one.
    fn local(&mut self, text: &str, at: &ByteRange) {
        let path = paths::join("", text.split('@').next().unwrap_or(text));
        let there = |file: &String| paths::lies(self.root, file) == paths::Lies::Inside;
        let found = path.and_then(|path| {
            if Format::of(&path) == Some(Format::Workflow) && there(&path) {
                return Some(file_purl("workflow", &path));
            }
            ["action.yml", "action.yaml"]
                .map(|name| paths::child(&path, name))
                .into_iter()
                .find(there)
                .map(|file| file_purl("action", &file))
        });
        match found {
            Some(to) => self.edge(to, text, at),
            None => {
                let shown = crate::model::escape(text);
                self.gap(format!("`{shown}` is not in the audited folder; what it does is in no graph"), at);
            }
        }
    }
}
