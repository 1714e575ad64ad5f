//! Findings as a compiler would show them, with `annotate-snippets`.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::model::{Finding, Severity, Span};

/// How frames look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// No colour.
    Plain,
    /// ANSI colours.
    Colour,
}

/// Related spans shown after the primary one.
const RELATED: usize = 4;

/// Renders a finding: header, code lines with marks, notes and help. `origin` is the package,
/// shown before the file; `context` are further lines (`path: app > a > b`).
pub fn finding(finding: &Finding, origin: &str, context: &[String], style: Style) -> String {
    let level = match finding.severity {
        Severity::Critical | Severity::High => Level::ERROR,
        Severity::Medium | Severity::Low => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let name = finding.severity.as_str();
    let title = level.with_name(name).primary_title(finding.message.as_str()).id(finding.rule.as_str());
    let mut group = Group::with_title(title);
    let paths: Vec<String> =
        finding.spans.iter().take(RELATED + 1).map(|span| format!("{origin} {}", span.file)).collect();
    for (at, (span, path)) in finding.spans.iter().zip(&paths).enumerate() {
        if span.line == 0 || span.text.is_empty() {
            group = group.element(annotate_snippets::Origin::path(path.as_str()));
            continue;
        }
        let kind = if at == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let snippet = Snippet::source(span.text.as_str())
            .line_start(span.line as usize)
            .path(path.as_str())
            .annotation(kind.span(marked(span)));
        group = group.element(snippet);
    }
    let confidence = format!("confidence: {}", finding.confidence.as_str());
    group = group.element(Level::NOTE.with_name("confidence").message(&confidence["confidence: ".len()..]));
    for line in context {
        let (name, text) = line.split_once(": ").unwrap_or(("note", line.as_str()));
        group = group.element(Level::NOTE.with_name(name).message(text));
    }
    let references = finding.references.join(", ");
    if !references.is_empty() {
        group = group.element(Level::NOTE.with_name("see").message(references.as_str()));
    }
    if !finding.help.is_empty() {
        group = group.element(Level::HELP.message(finding.help.trim()));
    }
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Colour => Renderer::styled(),
    };
    renderer.render(&[group])
}

/// The marked bytes of the excerpt, never outside it and never empty where there is text.
fn marked(span: &Span) -> std::ops::Range<usize> {
    let floor = |mut at: usize| {
        at = at.min(span.text.len());
        while !span.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(span.text_start as usize);
    let end = floor(start + span.text_len as usize);
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Confidence, LineIndex};

    #[test]
    fn a_frame_shows_line_mark_and_help() {
        let index = LineIndex::new("setup.js", "const h = require('node:https')\n  h.get(url, save)\n");
        let mut example = Finding::new(
            "install/network",
            "connects while it is being installed",
            vec![index.span(34, 50), index.span(10, 31)],
        );
        example.severity = Severity::High;
        example.confidence = Confidence::High;
        example.help = "stay on 1.3.0".to_owned();
        let text =
            finding(&example, "pkg:npm/left-pat@1.3.1", &["path: app > left-pat".to_owned()], Style::Plain);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_span_that_lies_about_its_text_does_not_panic() {
        let span = Span { text: "é".into(), text_start: 1, text_len: 900, line: 1, ..Span::file("x") };
        let broken = Finding::new("x/y", "m", vec![span, Span::file("z")]);
        assert!(finding(&broken, "p", &[], Style::Plain).contains("x/y"));
    }
}
