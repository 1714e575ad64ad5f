//! The tools: what they take and give.

use std::io::Read as _;
use std::sync::Arc;

use rmcp::model::{Tool, ToolAnnotations};
use serde_json::{Value, json};

use super::{MAX_KNOWN, Server, alternatives};
use crate::attest::verify::{Inputs, verify};
use crate::guard::judge;
use crate::model::{CapabilitySet, Decision, Node};
use crate::report::agent::{self, plain};
use crate::resolve::newest::Wanted;
use crate::rules::RuleSet;

/// Packages of one answer that are named.
const MAX_NAMED: usize = 200;

/// Denied packages of one answer that are explained.
const MAX_DENIED: usize = 20;

/// Largest BoM that is read, in bytes.
const MAX_BOM: u64 = 256 << 20;

/// The tools, in the order in which they are listed.
pub fn list() -> Vec<Tool> {
    let target = json!({"type": "object", "additionalProperties": false, "required": ["target"], "properties": {
        "target": {"type": "string", "maxLength": 1024,
            "description": "purl (`pkg:npm/left-pad@1.3.0`; npm, pypi, cargo), or path of a skill, folder, archive or lockfile within the project"},
        "dependencies": {"type": "boolean", "description": "judge also what it would bring in; true by default"},
    }});
    let package = json!({"type": "object", "additionalProperties": false, "required": ["package"], "properties": {
        "package": {"type": "string", "maxLength": 512, "description": "purl, name or name@version"},
    }});
    let none = json!({"type": "object", "additionalProperties": false, "properties": {}});
    [
        ("check", "Verdict on a package, skill or folder before it is installed: approve or deny, with rule ids, and what it would bring in", target),
        ("explain", "All findings of a package that was checked in this session or is in the project's last bill of materials, with file and line", package.clone()),
        ("alternatives", "Packages already approved in the project's graph that could serve instead of a package", package),
        ("policy", "The policy that verdicts are made by", none),
    ]
    .into_iter()
    .map(|(name, description, schema)| {
        let schema = schema.as_object().cloned().unwrap_or_default();
        let hints = ToolAnnotations::new().read_only(true).destructive(false).idempotent(true);
        Tool::new(name, description, Arc::new(schema)).with_annotations(hints)
    })
    .collect()
}

fn text<'a>(arguments: &'a Value, key: &str) -> Result<&'a str, String> {
    let text = arguments[key].as_str().filter(|text| !text.is_empty() && text.len() <= 1024);
    text.ok_or_else(|| format!("`{key}` has to be a text of 1 to 1024 bytes"))
}

/// `check`.
pub fn check(server: &Server, arguments: &Value) -> Result<Value, String> {
    let target = text(arguments, "target")?;
    let alone = arguments["dependencies"].as_bool() == Some(false);
    // Messages of errors may hold text of what is read, so they are not passed on.
    let failed = "it could not be judged; `bomvet check` on the command line says why".to_owned();
    let audit = if target.starts_with("pkg:") {
        Wanted::parse(target)
            .map_err(|_| "the purl is none that is resolved: npm, pypi or cargo, without qualifiers")?;
        judge::check(&server.options, std::path::Path::new(target), alone)
    } else {
        let path = server.inside(target)?;
        if path == server.root
            || path.is_file() && crate::discover::Format::of(&path.to_string_lossy()).is_some()
        {
            judge::project(&server.options, &path)
        } else {
            judge::check(&server.options, &path, alone)
        }
    };
    let audit = audit.map_err(|_| failed)?;
    if audit.nodes.is_empty() {
        return Err("there is nothing to judge".to_owned());
    }
    let rules = RuleSet::builtin();
    let mut all = CapabilitySet::default();
    for node in &audit.nodes {
        all.merge(agent::power(node).1);
    }
    let denied: Vec<&Node> =
        audit.nodes.iter().filter(|node| node.verdict.decision == Decision::Deny).collect();
    let told = |node: &&&Node| {
        let mut value = agent::subject(node);
        value["reasons"] = agent::reasons(&rules, node).into();
        value
    };
    let brings: Vec<Value> = audit.nodes.iter().take(MAX_NAMED).map(agent::subject).collect();
    let answer = json!({
        "verdict": audit.decision().as_str(),
        "tolerated_gaps": audit.has_tolerated_gaps(),
        "profile": plain::name(&audit.profile),
        "packages": audit.nodes.len(),
        "denied": denied.len(),
        "why": denied.iter().take(MAX_DENIED).map(|node| told(&node)).collect::<Vec<_>>(),
        "brings": brings,
        "capabilities": agent::capabilities(all),
    });
    if let Ok(mut known) = server.known.lock() {
        known.retain(|node| audit.node(&node.package.purl).is_none());
        known.extend(audit.nodes);
        let over = known.len().saturating_sub(MAX_KNOWN);
        known.drain(..over);
    }
    Ok(answer)
}

/// The project's last BoM.
struct Bom {
    nodes: Vec<Node>,
    /// Whether a trusted key signed it: whoever may write in the project may have written it.
    relied_on: bool,
}

/// The project's last BoM, where there is one that can be read.
fn bom(server: &Server) -> Result<Bom, String> {
    let none = || {
        "there is no bill of materials of the project; run `bomvet audit`, or `check` the package first"
            .to_owned()
    };
    let unread = || "the project's bill of materials cannot be read; run `bomvet audit` again".to_owned();
    let real = std::fs::canonicalize(&server.bom).map_err(|_| none())?;
    if !real.starts_with(&server.root) || !real.is_file() {
        return Err(none());
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(real).map_err(|_| none())?;
    file.take(MAX_BOM + 1).read_to_end(&mut bytes).map_err(|_| unread())?;
    if bytes.len() as u64 > MAX_BOM {
        return Err(unread());
    }
    let inputs = Inputs { bom: &bytes, attestations: None, trusted: &server.trusted, allow_unsigned: false };
    let report = verify(&inputs).map_err(|_| unread())?;
    // What nobody signed is read too, and told apart.
    let nodes = crate::attest::read::read(&report.document).map_err(|_| unread())?.nodes;
    Ok(Bom { nodes, relied_on: report.failures.is_empty() })
}

/// Whether a query means a package.
pub fn means(query: &str, node: &Node) -> bool {
    let package = &node.package;
    let wanted = query.starts_with("pkg:").then(|| Wanted::parse(query).ok()).flatten();
    if let Some(wanted) = wanted {
        return wanted.ecosystem == package.ecosystem
            && wanted.name == package.name
            && wanted.requirement.as_ref().is_none_or(|version| *version == package.version);
    }
    package.purl == query || package.name == query || package.label() == query
}

/// `explain`.
pub fn explain(server: &Server, arguments: &Value) -> Result<Value, String> {
    let query = text(arguments, "package")?;
    let rules = RuleSet::builtin();
    let told = |nodes: &[Node]| -> Vec<Value> {
        nodes
            .iter()
            .filter(|node| means(query, node))
            .take(5)
            .map(|node| agent::explain(&rules, node))
            .collect()
    };
    let checked = server.known.lock().map(|known| told(&known)).unwrap_or_default();
    if !checked.is_empty() {
        return Ok(json!({"from": "check", "packages": checked}));
    }
    let Bom { nodes, relied_on } = bom(server)?;
    let found = told(&nodes);
    if found.is_empty() {
        return Err("no package of that name was checked or is in the bill of materials".to_owned());
    }
    let from = match relied_on {
        true => "bill of materials, signed by a trusted key",
        false => "bill of materials that no trusted key signed",
    };
    Ok(json!({"from": from, "packages": found}))
}

/// `alternatives`.
pub fn alternatives(server: &Server, arguments: &Value) -> Result<Value, String> {
    let query = text(arguments, "package")?;
    let Bom { nodes: graph, relied_on } = bom(server)?;
    if !relied_on {
        return Err(
            "no trusted key signed the project's bill of materials, so what it approves is not relied on; run `bomvet key new` and `bomvet audit`"
                .to_owned(),
        );
    }
    let subject = graph.iter().find(|node| means(query, node)).cloned();
    let checked = || server.known.lock().ok()?.iter().find(|node| means(query, node)).cloned();
    let subject = subject.or_else(checked);
    Ok(alternatives::find(query, subject.as_ref(), &graph))
}

/// `policy`.
pub fn policy(server: &Server) -> Value {
    let policy = &server.options.policy;
    let exceptions: Vec<Value> = policy
        .exceptions()
        .into_iter()
        .map(|(what, exception)| json!({"what": what, "expires": exception.expires, "line": exception.line}))
        .collect();
    json!({
        "digest": policy.digest(),
        "profile": serde_json::to_value(&policy.profile).unwrap_or_default(),
        "exceptions": exceptions,
        "exclude": policy.exclude,
    })
}
