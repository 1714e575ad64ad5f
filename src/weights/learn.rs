//! Weights from labelled texts: logistic regression, L2, by AdaGrad.
//!
//! Duchi, Hazan, Singer: Adaptive Subgradient Methods, JMLR 12 (2011). Order and start are fixed, so
//! that the same sentences give the same weights on the same machine.

use super::{BITS, Weights, scale};

/// What was read of a passage, as numbers of the features of its windows (sentences or lines in a row): of a
/// harmful passage at least one is harmful, of an honest one none is.
#[derive(Debug, Clone, Copy)]
pub struct Bag<'a> {
    /// The windows.
    pub windows: &'a [Vec<u32>],
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

/// Passages that a feature has to stand in: what stands in one alone is learned by heart.
const OFTEN: u32 = 4;

/// How much a feature's presence counts, by how few passages have it (inverse document frequency,
/// Spärck Jones, Journal of Documentation 28, 1972), 1 on average; 0 where too few do.
fn rarity(bags: &[Bag<'_>]) -> Vec<f32> {
    let size = 1usize << BITS;
    let mut counts = vec![0u32; size];
    for bag in bags {
        let mut all: Vec<u32> = bag.windows.iter().flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        for at in all {
            if let Some(count) = counts.get_mut(at as usize) {
                *count += 1;
            }
        }
    }
    let many = bags.len() as f32 + 1.0;
    let of = |count: u32| if count < OFTEN { 0.0 } else { (many / (count as f32 + 1.0)).ln() + 1.0 };
    let mut out: Vec<f32> = counts.into_iter().map(of).collect();
    let known = out.iter().filter(|rare| **rare > 0.0).count().max(1) as f32;
    let mean = (out.iter().sum::<f32>() / known).max(1e-6);
    out.iter_mut().for_each(|rare| *rare /= mean);
    out
}

/// What lies this close below the heaviest sentence of a harmful passage counts as harmful too.
const CLOSE: f32 = 1.5;

/// Learns. Of a harmful passage, only the window that weighs most after the first pass, and what
/// comes close to it, counts as harmful: the others may be innocent.
pub fn learn(bags: &[Bag<'_>], settings: Settings) -> Weights {
    let size = 1usize << BITS;
    let rarity = rarity(bags);
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
                bag.windows.iter().map(|window| raw(&weights, &rarity, bias, window)).collect();
            let best = scores.iter().copied().fold(f32::MIN, f32::max);
            for (window, score) in bag.windows.iter().zip(&scores) {
                if bag.harmful && pass > 1 && *score < best - CLOSE {
                    continue;
                }
                let target = if bag.harmful { 1.0 } else { 0.0 };
                let slope = (1.0 / (1.0 + (-score).exp()) - target) * bag.weight;
                if slope.abs() < 1e-4 {
                    continue;
                }
                let scale = scale(window.len());
                for &at in window {
                    let at = at as usize;
                    let (Some(weight), Some(square), Some(rare)) =
                        (weights.get_mut(at), squares.get_mut(at), rarity.get(at))
                    else {
                        continue;
                    };
                    if *rare == 0.0 {
                        continue;
                    }
                    let gradient = slope * scale * rare + settings.decay * *weight;
                    *square += gradient * gradient;
                    *weight -= settings.step * gradient / square.sqrt();
                }
                bias_squares += slope * slope;
                bias -= settings.step * 0.1 * slope / bias_squares.sqrt();
            }
        }
    }
    weights.iter_mut().zip(&rarity).for_each(|(weight, rare)| *weight *= rare);
    Weights::pack(&weights, bias)
}

fn raw(weights: &[f32], rarity: &[f32], bias: f32, window: &[u32]) -> f32 {
    let of = |at: &u32| Some(weights.get(*at as usize)? * rarity.get(*at as usize)?);
    bias + window.iter().filter_map(of).sum::<f32>() * scale(window.len())
}
