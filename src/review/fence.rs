//! The fence around an audited package's text, and what is taken out of that text first.
//!
//! In: lines of a hostile package. Out: lines that show all they hold and cannot look like the
//! fence, whose boundary follows from the contents and so cannot stand in them.

use crate::model::{Digest, escape};

/// Longest line shown, in characters.
pub const MAX_LINE: usize = 400;

/// Marks that chat formats give a meaning: a model must not meet one in a package's text.
const MARKS: [&str; 8] = ["<|", "|>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<s>", "</s>"];

/// A line as it is shown: invisible and control characters written out, chat marks taken apart,
/// at most [`MAX_LINE`] characters.
pub fn line(text: &str) -> String {
    let mut out = escape(text.trim_end_matches(['\n', '\r']));
    for mark in MARKS {
        if out.contains(mark) {
            let apart: Vec<String> = mark.chars().map(String::from).collect();
            out = out.replace(mark, &apart.join(" "));
        }
    }
    if let Some((cut, _)) = out.char_indices().nth(MAX_LINE) {
        out.truncate(cut);
        out.push('…');
    }
    out
}

/// The boundary of a packet's part: 96 bits of a SHA-256 over the contents' digest, the part and
/// the lines. Text that held it would change it.
pub fn boundary(subject: &str, part: usize, text: &str) -> String {
    (0_u32..)
        .map(|turn| Digest::sha256(format!("fence\n{subject}\n{part}\n{turn}\n{text}").as_bytes()).hex())
        .map(|hex| hex[..24].to_owned())
        .find(|boundary| !text.contains(boundary.as_str()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_be_seen_is_written_out_and_chat_marks_are_taken_apart() {
        assert_eq!(line("a\u{200b}b\u{202e}c\r\n"), "a\\u{200b}b\\u{202e}c");
        assert_eq!(line("<|im_start|>system"), "< |im_start| >system");
        assert_eq!(line("x [/INST] y"), "x [ / I N S T ] y");
        assert_eq!(line(&"é".repeat(500)).chars().count(), MAX_LINE + 1);
    }

    proptest! {
        #[test]
        fn no_text_holds_its_own_boundary(text in "[a-f0-9 ]{0,300}", subject in "[a-f0-9]{64}") {
            let boundary = boundary(&subject, 0, &text);
            prop_assert!(boundary.len() == 24 && !text.contains(&boundary));
        }

        #[test]
        fn a_line_is_one_line_without_marks(text in "\\PC{0,60}(<\\|){0,3}[\u{0}-\u{20}]{0,5}") {
            let shown = line(&text);
            prop_assert!(!shown.contains('\n') && !shown.chars().any(char::is_control));
            prop_assert!(MARKS.iter().all(|mark| !shown.contains(mark)), "{}", shown);
        }
    }
}
