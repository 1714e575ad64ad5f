//! The sample of a package's code.

use std::sync::Arc;

use super::tokens::{Language, tokens};
use crate::model::{Contents, Sketch};

/// Tokens of one run.
const RUN: usize = 24;

/// One of so many runs is kept.
const SCALE: u32 = 32;

/// Marks of one package at most; with more, the limit sinks.
const MARKS: usize = 4096;

/// Largest file that is sampled, in bytes.
const FILE: usize = 8 << 20;

/// The base of the rolling hash: an odd number without structure.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// Samples the code of a package.
pub fn sketch(contents: &Contents) -> Sketch {
    let mut marks: Vec<(u32, u16)> = Vec::new();
    let mut files: Vec<Arc<str>> = Vec::new();
    for file in contents.files.iter().filter(|file| file.range.len() <= FILE) {
        let Some(language) = Language::of(&file.path) else { continue };
        let Ok(number) = u16::try_from(files.len()) else { break };
        let before = marks.len();
        of_file(&String::from_utf8_lossy(contents.bytes(file)), language, &mut |mark| {
            marks.push((mark, number));
        });
        if marks.len() > before {
            files.push(Arc::clone(&file.path));
        }
        if marks.len() > 16 * MARKS {
            lower(&mut marks);
        }
    }
    marks.sort_unstable();
    marks.dedup_by_key(|(mark, _)| *mark);
    let limit = marks.get(MARKS).map_or(u32::MAX / SCALE, |(mark, _)| *mark);
    marks.truncate(MARKS);
    marks.shrink_to_fit();
    Sketch { files, marks, limit }
}

/// Keeps as many as can be among the smallest, each once.
fn lower(marks: &mut Vec<(u32, u16)>) {
    marks.sort_unstable();
    marks.dedup_by_key(|(mark, _)| *mark);
    // One more than is kept: where it lies, the limit lies.
    marks.truncate(MARKS + 1);
}

/// The marks of one file.
fn of_file(text: &str, language: Language, out: &mut impl FnMut(u32)) {
    let mut ring = [0_u64; RUN];
    let (mut seen, mut sum) = (0_usize, 0_u64);
    // What the oldest token is multiplied with when it leaves.
    let leaving = (1..RUN).fold(1_u64, |power, _| power.wrapping_mul(BASE));
    tokens(text, language, &mut |token| {
        let slot = &mut ring[seen % RUN];
        sum = sum.wrapping_sub(slot.wrapping_mul(leaving)).wrapping_mul(BASE).wrapping_add(token);
        *slot = token;
        seen += 1;
        if seen >= RUN {
            let mark = (mix(sum) >> 32) as u32;
            if mark < u32::MAX / SCALE {
                out(mark);
            }
        }
    });
}

/// The finaliser of SplitMix64: sums of neighbouring runs end up far apart.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
