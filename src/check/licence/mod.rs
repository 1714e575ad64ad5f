//! Licences: what the manifest declares, and what the licence files say.
//!
//! In: a package and its contents. Out: the declared expression as written, the SPDX ids of the
//! texts that were recognised, and findings. None of them denies by default: a licence is a
//! question for people, but a text that contradicts the declaration is one that they want to see.

mod declared;
mod text;

use crate::model::{Confidence, Contents, Finding, Package, Severity, Span, escape};

use declared::Declared;

/// What is known of a package's licence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Licence {
    /// The expression that the manifest declares, as written.
    pub expression: Option<String>,
    /// SPDX ids of the licence texts that were recognised, sorted.
    pub texts: Vec<String>,
    /// Findings, sorted. Complete but for what the rule set adds.
    pub findings: Vec<Finding>,
}

/// Reads the licence of a package from its contents.
pub fn check(package: &Package, contents: &Contents) -> Licence {
    let declared = declared::read(package, contents);
    let texts = text::recognise(contents);
    let mut findings = Vec::new();
    if !package.first_party {
        findings.extend(about_declaration(&declared));
        findings.extend(about_texts(&declared, &texts));
    }
    findings.sort();
    let mut ids: Vec<String> = texts.iter().filter_map(|text| text.id.clone()).collect();
    ids.sort();
    ids.dedup();
    Licence { expression: declared.written().map(str::to_owned), texts: ids, findings }
}

fn finding(rule: &str, severity: Severity, confidence: Confidence, message: String, place: Span) -> Finding {
    let help = match rule {
        "licence/undeclared" => "ask the maintainers which licence applies",
        "licence/invalid-expression" => {
            "tell the maintainers; a valid expression names ids of spdx.org/licenses"
        }
        "licence/no-text" => "ask the maintainers to ship the licence's text",
        _ => "read both and ask the maintainers which applies",
    };
    Finding { severity, confidence, help: help.to_owned(), ..Finding::new(rule, message, vec![place]) }
}

fn about_declaration(declared: &Declared) -> Option<Finding> {
    match declared {
        Declared::Expression { .. } | Declared::File { .. } | Declared::Private { .. } => None,
        Declared::None { place } => Some(finding(
            "licence/undeclared",
            Severity::Low,
            Confidence::High,
            format!("{} declares no licence", place.file),
            place.clone(),
        )),
        Declared::Invalid { place, written, why } => Some(finding(
            "licence/invalid-expression",
            Severity::Low,
            Confidence::High,
            format!("`{}` is no SPDX expression: {}", escape(written), escape(why)),
            place.clone(),
        )),
    }
}

fn about_texts(declared: &Declared, texts: &[text::Text]) -> Option<Finding> {
    let Declared::Expression { place, written, expression } = declared else { return None };
    if texts.is_empty() {
        let message = format!("declares `{}` but ships no licence file", escape(written));
        return Some(finding("licence/no-text", Severity::Info, Confidence::High, message, place.clone()));
    }
    let ids: Vec<spdx::LicenseId> =
        expression.requirements().filter_map(|requirement| requirement.req.license.id()).collect();
    let known: Vec<(&str, spdx::LicenseId)> = texts
        .iter()
        .filter_map(|text| Some((text.file.as_str(), spdx::license_id(text.id.as_deref()?)?)))
        .collect();
    let fits = |id: spdx::LicenseId| ids.iter().any(|declared| same_family(*declared, id));
    // A file that was not recognised may be the declared text: nothing contradicts then.
    let all_known = known.len() == texts.len();
    let strict = known.iter().find(|(_, id)| {
        id.is_copyleft() && !fits(*id) && !ids.is_empty() && !ids.iter().any(|own| own.is_copyleft())
    });
    let other = (all_known && !ids.is_empty() && !known.iter().any(|(_, id)| fits(*id)))
        .then(|| known.first())
        .flatten();
    let (severity, (file, id)) = match (strict, other) {
        (Some(text), _) => (Severity::Medium, text),
        (None, Some(text)) => (Severity::Low, text),
        (None, None) => return None,
    };
    let message = format!("declares `{}` but {} is the text of {}", escape(written), escape(file), id.name);
    let mut finding = finding("licence/text-differs", severity, Confidence::Low, message, place.clone());
    finding.spans.push(Span::file(*file));
    Some(finding)
}

/// Whether a text of one licence may stand for the other: `-only` and `-or-later` have one text,
/// and so have names that differ in the holder alone.
fn same_family(a: spdx::LicenseId, b: spdx::LicenseId) -> bool {
    let base = |id: spdx::LicenseId| {
        let name = id.name.trim_end_matches("-only").trim_end_matches("-or-later").trim_end_matches('+');
        match name {
            "MIT-0" | "X11" | "MIT-Modern-Variant" => "MIT",
            "BSD-3-Clause-Clear" | "BSD-Source-Code" => "BSD-3-Clause",
            "BSD-2-Clause-Views" | "BSD-1-Clause" => "BSD-2-Clause",
            "Unicode-DFS-2016" | "Unicode-DFS-2015" => "Unicode-3.0",
            name => name,
        }
    };
    base(a) == base(b)
}

#[cfg(test)]
mod tests;
