//! Questions whose answers are known. They stand among the others, and a reviewer that gets one
//! wrong has not read the lines.

use super::question::{About, Question};
use super::slice::Shown;
use crate::model::{Digest, Span};

/// Two controls for a part: whether a line holds a word that it holds, and one that it does not.
/// None where the lines have no words to ask for.
pub fn controls(subject: &str, part: usize, shown: &[Shown]) -> Vec<Question> {
    let mut lines: Vec<(&Shown, u32, Vec<&str>)> = Vec::new();
    for file in shown {
        for (at, line) in &file.lines {
            let words: Vec<&str> = words(line).collect();
            if !words.is_empty() {
                lines.push((file, *at, words));
            }
        }
    }
    let draw = |turn: u32, of: usize| -> usize {
        let hex = Digest::sha256(format!("control\n{subject}\n{part}\n{turn}").as_bytes()).hex();
        usize::from_str_radix(&hex[..8], 16).unwrap_or(0) % of.max(1)
    };
    if lines.len() < 2 {
        return Vec::new();
    }
    let mut out = Vec::new();
    let (file, at, own) = &lines[draw(0, lines.len())];
    out.push(question(file, *at, own[draw(1, own.len())], true));
    let (file, at, own) = &lines[draw(2, lines.len())];
    let others: Vec<&str> = lines
        .iter()
        .flat_map(|(_, _, words)| words.iter().copied())
        .filter(|word| !own.iter().any(|own| own.contains(word)))
        .collect();
    if !others.is_empty() {
        out.push(question(file, *at, others[draw(3, others.len())], false));
    }
    out
}

fn question(file: &Shown, line: u32, word: &str, yes: bool) -> Question {
    Question {
        id: format!("control {}:{line} {word}", file.path),
        about: About::Control { yes },
        text: format!("Does this line hold the word `{word}`?"),
        places: vec![Span { line, column: 1, ..Span::file(file.path.clone()) }],
    }
}

/// Words of four to twenty ASCII letters: they can be asked for and hold no sentence.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| (4..=20).contains(&word.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_known_answers_are_right(lines in proptest::collection::vec("[a-z]{3,8}( [a-z]{3,8}){0,4}", 2..20)) {
            let shown = [Shown {
                path: "a.js".into(),
                lines: lines.iter().cloned().enumerate().map(|(at, line)| (at as u32 + 1, line)).collect(),
            }];
            for question in controls("00", 0, &shown) {
                let About::Control { yes } = question.about else { panic!("no control") };
                let word = question.text.split('`').nth(1).expect("a word");
                let line = &lines[question.places[0].line as usize - 1];
                prop_assert_eq!(line.contains(word), yes);
            }
        }
    }
}
