//! Reads the packages of a BoM that bomvet wrote: everything that `explain`, `diff` and `--base`
//! need, from the `bomvet:…` properties ([`super::bom`](mod@super::bom) lists them).
//!
//! The result is as good as the file: verify it first, or say that it is not verified. Left out
//! of a BoM, and so of the result: where contents were found, and all but the first
//! [`CAPABILITY_SPANS`](super::bom::CAPABILITY_SPANS) places of a capability.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::bom::component::parse_digest;
use crate::model::{
    Analysis, Artifact, CapabilityKind, CapabilitySet, Change, ContentsInfo, Coverage, Decision, Dependency,
    Digest, Finding, Gap, Hit, MicroFacts, Node, Package, Permissions, Reason, ReasonKind, Risk, Sketch,
    Verdict,
};

/// What a BoM tells of its packages.
#[derive(Debug, Clone)]
pub struct Recovered {
    /// Policy profile.
    pub profile: String,
    /// Packages, sorted by purl.
    pub nodes: Vec<Node>,
    /// Edges, sorted.
    pub dependencies: Vec<Dependency>,
}

/// A BoM that bomvet did not write, or that was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at {pointer}); is it a BoM that `bomvet audit` wrote?")]
pub struct ReadError {
    /// JSON pointer of the place.
    pub pointer: String,
    /// What is missing or wrong.
    pub message: String,
}

/// The properties of one component.
struct Props<'a> {
    pointer: String,
    list: Vec<(&'a str, &'a str)>,
}

impl<'a> Props<'a> {
    fn of(value: &'a Value, pointer: String) -> Self {
        let list = value["properties"].as_array().into_iter().flatten();
        let pair = |p: &'a Value| Some((p["name"].as_str()?.strip_prefix("bomvet:")?, p["value"].as_str()?));
        Self { pointer, list: list.filter_map(pair).collect() }
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.list.iter().filter(move |(own, _)| *own == name).map(|(_, value)| *value)
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.all(name).next()
    }

    fn wrong(&self, message: String) -> ReadError {
        ReadError { pointer: format!("{}/properties", self.pointer), message }
    }

    fn need(&self, name: &str) -> Result<&'a str, ReadError> {
        self.get(name).ok_or_else(|| self.wrong(format!("`bomvet:{name}` is missing")))
    }

    fn number<T: std::str::FromStr + Default>(&self, name: &str) -> Result<T, ReadError> {
        let Some(text) = self.get(name) else { return Ok(T::default()) };
        text.parse().map_err(|_| self.wrong(format!("`bomvet:{name}` is not a number")))
    }

    fn parse<T: DeserializeOwned>(&self, name: &str, text: &str) -> Result<T, ReadError> {
        serde_json::from_str(text).map_err(|e| self.wrong(format!("`bomvet:{name}`: {e}")))
    }

    fn list<T: DeserializeOwned>(&self, name: &str) -> Result<Vec<T>, ReadError> {
        self.all(name).map(|text| self.parse(name, text)).collect()
    }

    /// `bomvet:<prefix><key>` = bytes, for each key.
    fn sums(&self, prefix: &str) -> Result<std::collections::BTreeMap<String, u64>, ReadError> {
        let keyed = self.list.iter().filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
        keyed
            .map(|(key, value)| match value.parse() {
                Ok(bytes) => Ok((key.to_owned(), bytes)),
                Err(_) => Err(self.wrong(format!("`bomvet:{prefix}{key}` is not a number"))),
            })
            .collect()
    }

    fn kinds(&self, name: &str) -> Result<CapabilitySet, ReadError> {
        self.all(name)
            .map(|text| {
                CapabilityKind::parse(text)
                    .ok_or_else(|| self.wrong(format!("`bomvet:{name}`: unknown capability")))
            })
            .collect::<Result<CapabilitySet, _>>()
    }
}

/// Reads all packages and edges of a document.
///
/// # Errors
/// Where something that bomvet always writes is missing or malformed.
pub fn read(document: &Value) -> Result<Recovered, ReadError> {
    let metadata = Props::of(&document["metadata"], "/metadata".to_owned());
    let mut out = Recovered {
        profile: metadata.need("profile")?.to_owned(),
        nodes: Vec::new(),
        dependencies: Vec::new(),
    };
    let components = document["components"].as_array().ok_or_else(|| ReadError {
        pointer: "/components".to_owned(),
        message: "`components` is missing".to_owned(),
    })?;
    for (at, component) in components.iter().enumerate() {
        let props = Props::of(component, format!("/components/{at}"));
        out.nodes.push(node(component, &props)?);
        out.dependencies.extend(props.list::<Dependency>("dependency")?);
    }
    out.nodes.sort_by(|a, b| a.package.purl.cmp(&b.package.purl));
    out.dependencies.sort();
    Ok(out)
}

fn node(component: &Value, props: &Props<'_>) -> Result<Node, ReadError> {
    let findings: Vec<Finding> = props.list("finding")?;
    let gaps: Vec<Gap> = props.list("gap")?;
    let decision: Decision = props.parse("verdict", &Value::from(props.need("verdict")?).to_string())?;
    let reasons = props.all("basis").map(|text| reason(props, text, &findings, &gaps));
    let verdict = Verdict { decision, reasons: reasons.collect::<Result<_, _>>()? };
    let hits = props.all("advisory").map(|text| hit(props, text, &findings)).collect::<Result<_, _>>()?;
    let mut parts = Vec::new();
    for part in props.all("risk:part") {
        let parsed =
            part.rsplit_once('=').and_then(|(name, points)| Some((name.to_owned(), points.parse().ok()?)));
        parts.push(parsed.ok_or_else(|| props.wrong("`bomvet:risk:part` is not `part=points`".to_owned()))?);
    }
    let standing = Value::from(props.need("standing")?).to_string();
    Ok(Node {
        package: package(props)?,
        origin: props.get("origin").map(|text| props.parse("origin", text)).transpose()?,
        place: props.parse("place", props.need("place")?)?,
        contents: contents(component, props)?,
        analysis: analysis(props, &findings)?,
        reached: props.kinds("reached")?,
        hits,
        findings,
        gaps,
        risk: Risk { standing: props.parse("standing", &standing)?, score: props.number("risk")?, parts },
        testimony: props.get("review").map(|text| props.parse("review", text)).transpose()?,
        change: change(props)?,
        gained: props.kinds("gained")?,
        verdict,
    })
}

fn package(props: &Props<'_>) -> Result<Package, ReadError> {
    let mut value: Value = props.parse("package", props.need("package")?)?;
    if !value.is_object() {
        return Err(props.wrong("`bomvet:package` is not an object".to_owned()));
    }
    let digests = |list: &Value| -> Result<Vec<Digest>, ReadError> {
        let mut out = Vec::new();
        for text in list.as_array().into_iter().flatten() {
            let digest =
                text.as_str().and_then(parse_digest).and_then(|(alg, hex)| Digest::from_hex(alg, &hex));
            out.push(digest.ok_or_else(|| props.wrong("`bomvet:package`: not a digest".to_owned()))?);
        }
        Ok(out)
    };
    let integrity = digests(&value["integrity"])?;
    let mut artifacts = Vec::new();
    for artifact in value["artifacts"].as_array().into_iter().flatten() {
        artifacts.push(Artifact {
            name: artifact["name"].as_str().unwrap_or_default().to_owned(),
            url: artifact["url"].as_str().map(str::to_owned),
            integrity: digests(&artifact["integrity"])?,
        });
    }
    value["artifacts"] = Value::Array(Vec::new());
    value["integrity"] = Value::Array(Vec::new());
    let package = serde_json::from_value(value).map_err(|e| props.wrong(format!("`bomvet:package`: {e}")))?;
    Ok(Package { integrity, artifacts, ..package })
}

fn contents(component: &Value, props: &Props<'_>) -> Result<Option<ContentsInfo>, ReadError> {
    let from = props.need("contents")?;
    if from == "none" {
        return Ok(None);
    }
    let archive_size = props.get("contents:archive-bytes");
    let hashes = component["hashes"].as_array().into_iter().flatten();
    let sha256 = hashes.clone().find(|hash| hash["alg"] == "SHA-256").and_then(|h| h["content"].as_str());
    Ok(Some(ContentsInfo {
        archive_sha256: archive_size.and(sha256).map(str::to_owned),
        archive_size: props.number("contents:archive-bytes")?,
        verified_against: props.get("contents:against").map(str::to_owned),
        from: from.to_owned(),
    }))
}

fn analysis(props: &Props<'_>, findings: &[Finding]) -> Result<Option<Analysis>, ReadError> {
    let Some(contents) = props.get("contents:sha256") else { return Ok(None) };
    Ok(Some(Analysis {
        contents: contents.to_owned(),
        tree: props.get("contents:tree").unwrap_or_default().to_owned(),
        permissions: Permissions {
            purpose: props.get("purpose").unwrap_or_default().to_owned(),
            declared: props.list("tool:declared")?,
            used: props.list("tool:used")?,
        },
        flows: props.list("flow")?,
        coverage: Coverage {
            files: props.number("coverage:files")?,
            bytes: props.number("coverage:bytes")?,
            parsed: props.sums("coverage:parsed:")?,
            text: props.number("coverage:text")?,
            data: props.sums("coverage:data:")?,
            unseen: props.list("coverage:unseen-file")?,
        },
        capabilities: props.list("capability")?,
        // The BoM does not say which findings came from the contents: all are given.
        findings: findings.to_vec(),
        gaps: Vec::new(),
        licence: props.get("licence").map(str::to_owned),
        licence_texts: props.all("licence-text").map(str::to_owned).collect(),
        install_scripts: props.all("install-script").map(str::to_owned).collect(),
        micro: MicroFacts {
            code_lines: props.number("micro:code-lines")?,
            exports: props.number("micro:exports")?,
        },
        // A BoM says what was found by it, not the sample itself.
        sketch: Sketch::default(),
        interface: crate::model::ways::Interface::default(),
    }))
}

fn reason(props: &Props<'_>, text: &str, findings: &[Finding], gaps: &[Gap]) -> Result<Reason, ReadError> {
    let value: Value = props.parse("basis", text)?;
    let index = |name: &str| value[name].as_u64().and_then(|at| usize::try_from(at).ok());
    let clause = value["clause"].as_str().unwrap_or_default().to_owned();
    let kind = match (index("finding"), index("gap")) {
        (Some(at), _) => findings.get(at).cloned().map(ReasonKind::Finding),
        (None, Some(at)) => gaps.get(at).cloned().map(ReasonKind::Gap),
        (None, None) => Some(
            serde_json::from_value(value["reason"].clone())
                .map_err(|e| props.wrong(format!("`bomvet:basis`: {e}")))?,
        ),
    };
    let kind = kind.ok_or_else(|| props.wrong("`bomvet:basis` points to no finding or gap".to_owned()))?;
    Ok(Reason { kind, clause })
}

fn hit(props: &Props<'_>, text: &str, findings: &[Finding]) -> Result<Hit, ReadError> {
    let mut value: Value = props.parse("advisory", text)?;
    if let Some(at) = value["finding"].as_u64() {
        let finding = usize::try_from(at).ok().and_then(|at| findings.get(at));
        let finding =
            finding.ok_or_else(|| props.wrong("`bomvet:advisory` points to no finding".to_owned()))?;
        value["finding"] = serde_json::to_value(finding).unwrap_or_default();
    }
    serde_json::from_value(value).map_err(|e| props.wrong(format!("`bomvet:advisory`: {e}")))
}

fn change(props: &Props<'_>) -> Result<Option<Change>, ReadError> {
    let from = || props.need("change:from").map(str::to_owned);
    Ok(Some(match props.get("change") {
        None => return Ok(None),
        Some("added") => Change::Added,
        Some("removed") => Change::Removed,
        Some("upgraded") => Change::Upgraded { from: from()? },
        Some("downgraded") => Change::Downgraded { from: from()? },
        Some("resourced") => Change::Resourced { from: from()? },
        Some("edited") => Change::Edited { files: props.all("change:file").map(str::to_owned).collect() },
        Some("unchanged") => Change::Unchanged,
        Some(_) => return Err(props.wrong("`bomvet:change`: unknown".to_owned())),
    }))
}
