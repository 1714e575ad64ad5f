//! Building the graph, with depth, paths, dependants, cycles and dominators, over synthetic nodes.

use bomvet::graph::Graph;
use bomvet::model::{Dependency, DependencyKind, Ecosystem, Location, Package};
use divan::Bencher;

fn main() {
    divan::main();
}

/// Each package asks for up to five later ones, near and far, and every hundredth for an earlier
/// one, so that there are cycles as npm has them. Deterministic.
fn world(nodes: usize) -> (Vec<Package>, Vec<Dependency>) {
    let at = Location { file: "package-lock.json".into(), line: 1, column: 1 };
    let packages: Vec<Package> = (0..nodes)
        .map(|n| Package {
            first_party: n == 0,
            ..Package::registry(Ecosystem::Npm, &format!("p{n:06}"), "1.0.0", at.clone())
        })
        .collect();
    let mut state = 42_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut edges = Vec::new();
    for from in 0..nodes - 1 {
        for reach in [4, 50, nodes] {
            let to = (from + 1 + random(reach)).min(nodes - 1);
            edges.push((from, to));
        }
        if from % 100 == 99 {
            edges.push((from, from - random(50)));
        }
    }
    let dependencies = edges
        .into_iter()
        .map(|(from, to)| Dependency {
            from: packages[from].purl.clone(),
            to: packages[to].purl.clone(),
            kind: DependencyKind::Normal,
            requirement: String::new(),
            platform: None,
            declared: at.clone(),
        })
        .collect();
    (packages, dependencies)
}

#[divan::bench(args = [1_000, 10_000, 100_000], sample_count = 5)]
fn build(bencher: Bencher, nodes: usize) {
    bencher.with_inputs(|| world(nodes)).bench_values(|(packages, edges)| Graph::build(packages, edges));
}
