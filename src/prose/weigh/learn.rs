//! Weights from labelled sentences: logistic regression, L2, by AdaGrad.
//!
//! Duchi, Hazan, Singer: Adaptive Subgradient Methods, JMLR 12 (2011). Order and start are fixed, so
//! that the same sentences give the same weights on the same machine.

use super::features::BITS;
use super::model::{Weights, scale};

/// Sentences that belong together, each as numbers of features: of a harmful passage at least one
/// is harmful, of an honest one none is.
#[derive(Debug, Clone)]
pub struct Bag {
    /// The sentences.
    pub sentences: Vec<Vec<u32>>,
    /// Whether the passage is harmful.
    pub harmful: bool,
    /// How much it counts.
    pub weight: f32,
}

/// How to learn.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Passes over all bags.
    pub passes: u32,
    /// First step.
    pub step: f32,
    /// Pull of each weight to zero.
    pub decay: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { passes: 20, step: 1.0, decay: 1e-5 }
    }
}

/// What lies this close below the heaviest sentence of a harmful passage counts as harmful too.
const CLOSE: f32 = 1.5;

/// Learns. Of a harmful passage, only the sentence that weighs most after the first pass, and what
/// comes close to it, counts as harmful: the others may be innocent.
pub fn learn(bags: &[Bag], settings: Settings) -> Weights {
    let size = 1usize << BITS;
    let mut weights = vec![0f32; size];
    let mut squares = vec![1e-3f32; size];
    let (mut bias, mut bias_squares) = (-3f32, 1e-3f32);
    let mut order: Vec<usize> = (0..bags.len()).collect();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for pass in 0..settings.passes {
        // Fisher and Yates, by xorshift.
        for at in (1..order.len()).rev() {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            order.swap(at, (random % (at as u64 + 1)) as usize);
        }
        for bag in order.iter().filter_map(|at| bags.get(*at)) {
            let scores: Vec<f32> =
                bag.sentences.iter().map(|sentence| raw(&weights, bias, sentence)).collect();
            let best = scores.iter().copied().fold(f32::MIN, f32::max);
            for (sentence, score) in bag.sentences.iter().zip(&scores) {
                if bag.harmful && pass > 1 && *score < best - CLOSE {
                    continue;
                }
                let target = if bag.harmful { 1.0 } else { 0.0 };
                let slope = (1.0 / (1.0 + (-score).exp()) - target) * bag.weight;
                if slope.abs() < 1e-4 {
                    continue;
                }
                let scale = scale(sentence.len());
                for &at in sentence {
                    let (Some(weight), Some(square)) =
                        (weights.get_mut(at as usize), squares.get_mut(at as usize))
                    else {
                        continue;
                    };
                    let gradient = slope * scale + settings.decay * *weight;
                    *square += gradient * gradient;
                    *weight -= settings.step * gradient / square.sqrt();
                }
                bias_squares += slope * slope;
                bias -= settings.step * 0.1 * slope / bias_squares.sqrt();
            }
        }
    }
    Weights::pack(&weights, bias)
}

fn raw(weights: &[f32], bias: f32, sentence: &[u32]) -> f32 {
    let sum: f32 = sentence.iter().filter_map(|at| weights.get(*at as usize)).sum();
    bias + sum * scale(sentence.len())
}
