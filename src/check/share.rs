//! Versions with several archives: what is the same in many of them is parsed once and said once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::parse::{self, Parsed};
use crate::model::{Analysis, Capability, CapabilityKind, Digest, Finding, Gap, Span};

/// Path and SHA-256 of a file.
type Key = (Arc<str>, Digest);

/// What was parsed already, of one version's archives.
#[derive(Debug, Default)]
pub struct Memo {
    known: Option<Mutex<BTreeMap<Key, Arc<Parsed>>>>,
}

impl Memo {
    /// Remembers nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// For that many archives; with one there is nothing to share.
    pub fn for_archives(count: usize) -> Self {
        Self { known: (count > 1).then(Mutex::default) }
    }

    /// Parses a file, unless the same bytes stood at the same path before.
    pub(super) fn parse(&self, path: &Arc<str>, bytes: &[u8]) -> Parsed {
        let Some(known) = &self.known else { return parse::file(path, bytes) };
        let key = (Arc::clone(path), Digest::sha256(bytes));
        let before = known.lock().ok().and_then(|known| known.get(&key).cloned());
        if let Some(parsed) = before {
            return (*parsed).clone();
        }
        let parsed = parse::file(path, bytes);
        if let Ok(mut known) = known.lock() {
            known.insert(key, Arc::new(parsed.clone()));
        }
        parsed
    }
}

/// The analyses of a version's archives as one: every path below a folder that has the archive's
/// name, every byte counted, and what several archives have at the same place said once.
pub fn union(parts: Vec<(String, Analysis)>) -> Analysis {
    if let [(_, only)] = parts.as_slice() {
        return only.clone();
    }
    let mut out = Analysis::default();
    let mut list = String::new();
    let mut findings: BTreeMap<Finding, Finding> = BTreeMap::new();
    let mut gaps: BTreeMap<Gap, Gap> = BTreeMap::new();
    let mut capabilities: BTreeMap<CapabilityKind, Capability> = BTreeMap::new();
    for (name, part) in parts {
        list.push_str(&format!("{name}\0{}\n", part.contents));
        for finding in part.findings {
            let spans = finding.spans.iter().map(|span| below(&name, span)).collect();
            let named = Finding { spans, ..finding.clone() };
            findings.entry(finding).or_insert(named);
        }
        for gap in part.gaps {
            let spans = gap.spans.iter().map(|span| below(&name, span)).collect();
            let named = Gap { spans, ..gap.clone() };
            gaps.entry(gap).or_insert(named);
        }
        for capability in part.capabilities {
            let spans =
                capability.spans.iter().map(|(call, span)| (call.clone(), below(&name, span))).collect();
            // The archive that uses it most stands for all.
            match capabilities.get_mut(&capability.kind) {
                Some(known) if known.count >= capability.count => {}
                _ => drop(capabilities.insert(capability.kind, Capability { spans, ..capability })),
            }
        }
        let coverage = part.coverage;
        out.coverage.files += coverage.files;
        out.coverage.bytes += coverage.bytes;
        out.coverage.text += coverage.text;
        for (by, bytes) in coverage.parsed {
            *out.coverage.parsed.entry(by).or_default() += bytes;
        }
        for (what, bytes) in coverage.data {
            *out.coverage.data.entry(what).or_default() += bytes;
        }
        let unseen = coverage.unseen.into_iter();
        out.coverage
            .unseen
            .extend(unseen.map(|(path, size, why)| (format!("{name}/{path}").into(), size, why)));
        out.licence = out.licence.or(part.licence);
        out.licence_texts.extend(part.licence_texts);
        out.install_scripts.extend(part.install_scripts);
        out.micro.code_lines = out.micro.code_lines.max(part.micro.code_lines);
        out.micro.exports = out.micro.exports.max(part.micro.exports);
        if part.interface.ways.len() > out.interface.ways.len() {
            out.interface = part.interface;
        }
        // The archives of a version hold the same code; the one that has most of it stands for all.
        if part.sketch.marks.len() > out.sketch.marks.len() {
            out.sketch = part.sketch;
            out.sketch.files.iter_mut().for_each(|path| *path = format!("{name}/{path}").into());
        }
    }
    out.contents = Digest::sha256(list.as_bytes()).hex();
    out.findings = findings.into_values().collect();
    out.findings.sort();
    out.gaps = gaps.into_values().collect();
    out.gaps.sort();
    out.capabilities = capabilities.into_values().collect();
    for list in [&mut out.licence_texts, &mut out.install_scripts] {
        list.sort();
        list.dedup();
    }
    out
}

/// The span below the archive's folder.
fn below(name: &str, span: &Span) -> Span {
    Span { file: format!("{name}/{}", span.file).into(), ..span.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Coverage, FileCoverage, Treatment};

    fn part(file: &str, size: u64, message: &str) -> Analysis {
        let mut coverage = Coverage::default();
        let path: Arc<str> = file.into();
        coverage.add(&FileCoverage { path, size, treatment: Treatment::Unseen("odd".into()) });
        Analysis {
            contents: "00".into(),
            coverage,
            findings: vec![Finding::new("a/b", message, vec![Span::file(file)])],
            ..Analysis::default()
        }
    }

    #[test]
    fn bytes_are_counted_for_each_and_findings_said_once() {
        let got = union(vec![
            ("a.whl".into(), part("m.py", 3, "same")),
            ("b.whl".into(), part("m.py", 3, "same")),
            ("c.tar.gz".into(), part("setup.py", 4, "other")),
        ]);
        assert!(got.coverage.adds_up(10) && got.coverage.files == 3);
        let files: Vec<&str> = got.findings.iter().map(|finding| &*finding.spans[0].file).collect();
        assert_eq!(files, ["c.tar.gz/setup.py", "a.whl/m.py"]);
        assert_eq!(&*got.coverage.unseen[1].0, "b.whl/m.py");
        let alone = part("m.py", 3, "same");
        assert_eq!(union(vec![("a.whl".into(), alone.clone())]), alone);
    }

    #[test]
    fn the_same_file_is_parsed_once() {
        let memo = Memo::for_archives(2);
        let path: Arc<str> = "a.js".into();
        let first = memo.parse(&path, b"eval(x)");
        assert_eq!(first.facts, memo.parse(&path, b"eval(x)").facts);
        memo.parse(&path, b"other()");
        assert_eq!(memo.known.as_ref().and_then(|known| Some(known.lock().ok()?.len())), Some(2));
    }
}
