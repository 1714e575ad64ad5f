//! How many packages reach each package.

use petgraph::graph::{DiGraph, NodeIndex};

/// Columns handled in one pass: 64 words of 64 bits, so that 100,000 nodes need 50 MB, not 1.2 GB.
const WORDS: usize = 64;

/// Counts, for each node, the other nodes from which it can be reached.
///
/// `components` are the strongly connected ones, dependencies first (Tarjan's order). Sets of
/// ancestors are unions over the condensed graph, so they are kept as bits and made in blocks of
/// columns: E · n / 64 word operations in all.
pub fn count<E>(graph: &DiGraph<(), E>, components: &[Vec<NodeIndex>]) -> Vec<u32> {
    let n = graph.node_count();
    let mut component_of = vec![0_u32; n];
    for (number, members) in components.iter().enumerate() {
        for member in members {
            component_of[member.index()] = number as u32;
        }
    }
    // Edges between components, once each; `edges` holds the successors of each component.
    let mut successors: Vec<Vec<u32>> = vec![Vec::new(); components.len()];
    for edge in graph.raw_edges() {
        let (from, to) = (component_of[edge.source().index()], component_of[edge.target().index()]);
        if from != to {
            successors[from as usize].push(to);
        }
    }
    for list in &mut successors {
        list.sort_unstable();
        list.dedup();
    }
    let mut counts = vec![0_u32; components.len()];
    let columns = WORDS * 64;
    let mut bits = vec![[0_u64; WORDS]; components.len()];
    for base in (0..n).step_by(columns) {
        bits.iter_mut().for_each(|row| *row = [0; WORDS]);
        for node in base..(base + columns).min(n) {
            let at = node - base;
            bits[component_of[node] as usize][at / 64] |= 1 << (at % 64);
        }
        // Dependants first: from the last component down.
        for number in (0..components.len()).rev() {
            let row = bits[number];
            if row.iter().all(|&word| word == 0) {
                continue;
            }
            counts[number] += row.iter().map(|word| word.count_ones()).sum::<u32>();
            for &next in &successors[number] {
                for (into, from) in bits[next as usize].iter_mut().zip(row) {
                    *into |= from;
                }
            }
        }
    }
    (0..n).map(|node| counts[component_of[node] as usize] - 1).collect()
}
