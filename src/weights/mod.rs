//! Learned weights, their files (`rules/data/prose-weights.bin`, `rules/data/code-weights.bin`), and how
//! they are learned. What a feature is, is for those who use them to say.

pub mod learn;

use serde::{Deserialize, Serialize};

/// Bits of a feature's number.
pub const BITS: u32 = 20;

/// The form of the file.
const FORM: u32 = 1;

/// What a feature counts among so many: a short text's few words are not all that there is.
fn scale(features: usize) -> f32 {
    1.0 / (features as f32 + 60.0).sqrt()
}

/// A weight for each feature's number.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// What nothing weighs.
    bias: f32,
    /// What a step of a weight is.
    step: f32,
    steps: Vec<i8>,
}

#[derive(Serialize, Deserialize)]
struct Packed {
    form: u32,
    bits: u32,
    /// Thousandths.
    bias: i32,
    /// Millionths.
    step: u32,
    /// Distance to the feature before, and the weight in steps.
    weights: Vec<(u32, i8)>,
}

impl Weights {
    /// Rounds learned weights to 8 bits.
    pub fn pack(weights: &[f32], bias: f32) -> Self {
        let most = weights.iter().fold(0f32, |most, weight| most.max(weight.abs())).max(1e-6);
        let step = (most / 127.0 * 1e6).ceil() / 1e6;
        let rounded = weights.iter().map(|weight| (weight / step).round() as i8);
        // A single step is noise of words that were seen once, and half of the file.
        let steps = rounded.map(|steps| if steps.abs() < 3 { 0 } else { steps }).collect();
        Self { bias: (bias * 1e3).round() / 1e3, step, steps }
    }

    /// The score of what has these features, each once: a log of odds.
    pub fn score(&self, features: &[u32]) -> f32 {
        let sum: i32 =
            features.iter().filter_map(|at| self.steps.get(*at as usize)).map(|&n| i32::from(n)).sum();
        self.bias + sum as f32 * self.step * scale(features.len())
    }

    /// The weight of one feature.
    pub fn of(&self, feature: u32) -> f32 {
        self.steps.get(feature as usize).map_or(0.0, |&n| f32::from(n) * self.step)
    }

    /// The words that weigh most, at most `most`, for people who want to know why: of features named
    /// `w:word` and `b:two words`, which `each` gives.
    pub fn heaviest(&self, most: usize, each: impl FnOnce(&mut dyn FnMut(&str))) -> Vec<String> {
        let mut found: Vec<(f32, String)> = Vec::new();
        each(&mut |name| {
            if let Some(word) = name.strip_prefix("w:").or_else(|| name.strip_prefix("b:")) {
                found.push((self.of(number(name)), word.to_owned()));
            }
        });
        found.retain(|(weight, _)| *weight > 0.0);
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        found.dedup_by(|a, b| a.1 == b.1);
        found.into_iter().take(most).map(|(_, word)| word).collect()
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// None that can come about; postcard's signature has one.
    pub fn write(&self) -> Result<Vec<u8>, String> {
        let mut last = 0;
        let weights = self.steps.iter().enumerate().filter(|(_, step)| **step != 0).map(|(at, step)| {
            let at = at as u32;
            (at - std::mem::replace(&mut last, at), *step)
        });
        let packed = Packed {
            form: FORM,
            bits: BITS,
            bias: (self.bias * 1e3).round() as i32,
            step: (self.step * 1e6).round() as u32,
            weights: weights.collect(),
        };
        postcard::to_stdvec(&packed).map_err(|error| error.to_string())
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Where it is none, of another form, or damaged; one line.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let packed: Packed =
            postcard::from_bytes(bytes).map_err(|error| format!("no file of weights: {error}"))?;
        if (packed.form, packed.bits) != (FORM, BITS) {
            return Err(format!(
                "weights in form {}.{}; this bomvet reads {FORM}.{BITS}",
                packed.form, packed.bits
            ));
        }
        let mut steps = vec![0i8; 1 << BITS];
        let mut at = 0u32;
        for (distance, step) in packed.weights {
            at = at.checked_add(distance).ok_or("weights beyond their number")?;
            *steps.get_mut(at as usize).ok_or("weights beyond their number")? = step;
        }
        Ok(Self { bias: packed.bias as f32 / 1e3, step: packed.step as f32 / 1e6, steps })
    }
}

/// The number of a feature: FNV-1a (64 bits, folded to [`BITS`]).
pub fn number(name: &str) -> u32 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let folded = hash ^ hash >> 22 ^ hash >> 44;
    (folded & ((1 << BITS) - 1)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut weights = vec![0f32; 1 << BITS];
        (weights[3], weights[70_000]) = (15.0, -2.5);
        let packed = Weights::pack(&weights, -2.5);
        let read = Weights::read(&packed.write().expect("written")).expect("read");
        assert_eq!(read, packed);
        assert!(read.score(&[3]) > -1.1 && read.score(&[70_000]) < -2.6);
        assert!(Weights::read(b"").is_err() && Weights::read(&[9; 40]).is_err());
    }

    #[test]
    fn numbers_are_spread() {
        let numbers: std::collections::BTreeSet<u32> = (0..1000).map(|n| number(&format!("w:{n}"))).collect();
        assert!(numbers.len() > 990 && numbers.iter().all(|n| n >> BITS == 0));
    }
}
