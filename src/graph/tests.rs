use proptest::prelude::*;

use super::*;
use crate::model::{CapabilityKind, Ecosystem, Location};

fn package(name: &str, first_party: bool) -> Package {
    Package {
        purl: name.to_owned(),
        first_party,
        ..Package::registry(Ecosystem::Npm, name, "1.0.0", Location { file: "l".into(), line: 1, column: 1 })
    }
}

fn edge(from: &str, to: &str, kind: DependencyKind) -> Dependency {
    Dependency {
        from: from.to_owned(),
        to: to.to_owned(),
        kind,
        requirement: String::new(),
        platform: None,
        declared: Location { file: "l".into(), line: 1, column: 1 },
    }
}

fn build(names: &[&str], edges: &[(&str, &str, DependencyKind)]) -> Graph {
    let packages = names.iter().map(|name| package(name, *name == "app")).collect();
    Graph::build(packages, edges.iter().map(|(a, b, kind)| edge(a, b, *kind)).collect()).0
}

use DependencyKind::{Build, Dev, Normal};

#[test]
fn shortest_path_depth_and_dependants() {
    let graph = build(
        &["app", "a", "b", "c", "lost"],
        &[("app", "a", Normal), ("a", "b", Normal), ("b", "c", Normal), ("app", "b", Normal)],
    );
    let c = graph.place("c").unwrap();
    assert_eq!((c.depth, c.dependants, c.direct_dependants), (Some(2), 3, 1));
    assert_eq!(c.path, ["app", "b", "c"]);
    assert_eq!(graph.place("lost").unwrap().depth, None);
}

#[test]
fn a_cycle_is_numbered_and_does_not_hang() {
    let graph = build(&["app", "a", "b"], &[("app", "a", Normal), ("a", "b", Normal), ("b", "a", Normal)]);
    assert_eq!(graph.place("a").unwrap().cycle, Some(0));
    assert_eq!(graph.place("a").unwrap().cycle, graph.place("b").unwrap().cycle);
    assert_eq!(graph.place("app").unwrap().cycle, None);
    assert_eq!(graph.place("a").unwrap().dependants, 2);
}

#[test]
fn dominators_tell_what_only_one_package_brings_in() {
    let graph = build(
        &["app", "a", "b", "x", "shared"],
        &[
            ("app", "a", Normal),
            ("app", "b", Normal),
            ("a", "x", Normal),
            ("a", "shared", Normal),
            ("b", "shared", Normal),
        ],
    );
    assert_eq!(graph.place("x").unwrap().only_through.as_deref(), Some("a"));
    assert_eq!(graph.place("shared").unwrap().only_through.as_deref(), Some("app"));
    assert_eq!(graph.place("a").unwrap().brings_alone, 1);
    assert_eq!(graph.place("app").unwrap().brings_alone, 4);
}

#[test]
fn the_strongest_way_of_being_reached_counts() {
    let graph = build(
        &["app", "d", "m", "r", "both"],
        &[
            ("app", "d", Dev),
            ("app", "m", Build),
            ("m", "r", Normal),
            ("d", "both", Normal),
            ("app", "both", Normal),
        ],
    );
    let reach = |name| graph.place(name).unwrap().reach;
    assert_eq!(
        [reach("d"), reach("m"), reach("r"), reach("both")],
        [Reach::Dev, Reach::Build, Reach::Build, Reach::Normal]
    );
}

#[test]
fn reached_capabilities_are_those_below() {
    let graph = build(&["app", "a", "b"], &[("app", "a", Normal), ("a", "b", Normal)]);
    let own: Vec<CapabilitySet> = graph
        .packages
        .iter()
        .map(|p| {
            if p.name == "b" { [CapabilityKind::Net].into_iter().collect() } else { CapabilitySet::default() }
        })
        .collect();
    let reached = graph.reached(&own);
    let at = |name: &str| graph.packages.iter().position(|p| p.name == name).unwrap();
    assert!(reached[at("app")].contains(CapabilityKind::Net));
    assert!(reached[at("b")].is_empty());
}

proptest! {
    /// The blockwise bit sets agree with a plain search from every node.
    #[test]
    fn dependants_agree_with_a_plain_search(edges in proptest::collection::vec((0usize..24, 0usize..24), 0..60)) {
        let names: Vec<String> = (0..24).map(|n| format!("p{n:02}")).collect();
        let graph = Graph::build(
            names.iter().map(|name| package(name, false)).collect(),
            edges.iter().map(|&(a, b)| edge(&names[a], &names[b], Normal)).collect(),
        ).0;
        for (target, name) in names.iter().enumerate() {
            let count = (0..24).filter(|&from| {
                let mut seen = [false; 24];
                let mut stack = vec![from];
                while let Some(at) = stack.pop() {
                    for &(a, b) in &edges {
                        if a == at && !seen[b] { seen[b] = true; stack.push(b); }
                    }
                }
                from != target && seen[target]
            }).count();
            prop_assert_eq!(graph.place(name).unwrap().dependants as usize, count);
        }
    }
}
