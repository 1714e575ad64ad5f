//! What a review is asked. Questions name places and hold no conclusion: a model that is told what
//! a scanner thinks repeats it.

use std::fmt::Write as _;

use crate::model::{Analysis, CapabilityKind, Digest, Gap, GapKind, Span};

/// What a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// Whether what it says that it is for matches what it does.
    Purpose,
    /// Whether a capability is needed.
    Capability(CapabilityKind),
    /// Whether what evidence left open is harmless.
    Open,
    /// Nothing of the package: the answer is known, and tells whether the lines were read.
    Control {
        /// The right answer.
        yes: bool,
    },
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Follows from what is asked; for open ones see [`id_of`].
    pub id: String,
    /// What it is about.
    pub about: About,
    /// The question, one line.
    pub text: String,
    /// The places it is about, at most [`MAX_PLACES`].
    pub places: Vec<Span>,
}

/// Places that one question names.
pub const MAX_PLACES: usize = 6;

/// The id of the question that a gap leaves open: 16 hexadecimal digits of a SHA-256 over its
/// message and places.
pub fn id_of(gap: &Gap) -> String {
    let mut text = gap.message.clone();
    for span in &gap.spans {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{}:{}:{}", span.file, span.line, span.column);
    }
    Digest::sha256(text.as_bytes()).hex()[..16].to_owned()
}

/// The questions about one package: its purpose, each capability, and each gap that a review may
/// settle. `gaps` are all of the package's.
pub fn questions(analysis: &Analysis, gaps: &[Gap]) -> Vec<Question> {
    let mut out = vec![Question {
        id: "purpose".to_owned(),
        about: About::Purpose,
        text: "Do the files do what the package says that it is for, and nothing else?".to_owned(),
        places: Vec::new(),
    }];
    for capability in &analysis.capabilities {
        out.push(Question {
            id: format!("capability {}", capability.kind),
            about: About::Capability(capability.kind),
            text: format!("Does the stated purpose need this: {}?", words(capability.kind)),
            places: spread(capability.spans.iter().map(|(_, span)| span)),
        });
    }
    for gap in gaps.iter().filter(|gap| gap.kind == GapKind::NeedsReview) {
        out.push(Question {
            id: id_of(gap),
            about: About::Open,
            text: "Do these lines do only what the stated purpose asks for, at no cost to the user?"
                .to_owned(),
            places: spread(gap.spans.iter()),
        });
    }
    out
}

/// The first place of each file first, so that a few places show as much as they can.
fn spread<'a>(spans: impl Iterator<Item = &'a Span>) -> Vec<Span> {
    let (mut first, mut rest): (Vec<&Span>, Vec<&Span>) = (Vec::new(), Vec::new());
    for span in spans {
        let seen = first.iter().any(|known| known.file == span.file);
        if seen { rest.push(span) } else { first.push(span) }
    }
    let mut out: Vec<Span> = first.into_iter().chain(rest).take(MAX_PLACES).cloned().collect();
    out.sort();
    out
}

/// A capability in words that a reader without bomvet's vocabulary understands.
pub fn words(kind: CapabilityKind) -> &'static str {
    match kind {
        CapabilityKind::Net => "connecting to the network",
        CapabilityKind::FsRead => "reading files",
        CapabilityKind::FsWrite => "writing files",
        CapabilityKind::Process => "starting other programs",
        CapabilityKind::Env => "reading environment variables",
        CapabilityKind::Native => "loading or holding machine code",
        CapabilityKind::Unsafe => "Rust code marked unsafe",
        CapabilityKind::DynamicCode => "running code that is made at run time",
        CapabilityKind::InstallTime => "running code while it is installed or built",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_question_has_no_word_of_the_gap_and_an_id_of_all_of_it() {
        let gap = Gap {
            kind: GapKind::NeedsReview,
            message: "uncertain: posts secrets (malice/x)".to_owned(),
            spans: vec![Span { line: 3, column: 1, ..Span::file("a.js") }],
        };
        let mut other = gap.clone();
        other.spans[0].line = 4;
        let asked = questions(&Analysis::default(), std::slice::from_ref(&gap));
        let open = asked.iter().find(|question| question.about == About::Open).expect("asked");
        assert!(!open.text.contains("secret") && !open.text.contains("malice"));
        assert_eq!(open.id, id_of(&gap));
        assert_ne!(id_of(&gap), id_of(&other));
    }
}
