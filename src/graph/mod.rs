//! One graph of all packages over all ecosystems.
//!
//! Built on petgraph; nodes are indices into the sorted package list and never leave this module.
//! Answers, for each package, the questions of [`Place`]: breadth-first depth and path from the
//! project's own packages, direct and transitive dependants, cycles (strongly connected
//! components of more than one package), dominators and reachability by kind.

mod dependants;

use std::collections::VecDeque;

use petgraph::algo::dominators;
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef as _;

use crate::model::{CapabilitySet, Dependency, DependencyKind, Package, Place, Reach};

/// The graph and the place of each package.
#[derive(Debug)]
pub struct Graph {
    /// Packages, sorted by purl.
    pub packages: Vec<Package>,
    /// Edges whose ends both exist, sorted.
    pub dependencies: Vec<Dependency>,
    /// One for each package.
    pub places: Vec<Place>,
    graph: DiGraph<(), DependencyKind>,
    components: Vec<Vec<NodeIndex>>,
}

impl Graph {
    /// Builds the graph. Packages must be unique by purl; edges to unknown purls are dropped
    /// and returned, so that the caller can say so.
    pub fn build(mut packages: Vec<Package>, dependencies: Vec<Dependency>) -> (Self, Vec<Dependency>) {
        packages.sort_by(|a, b| a.purl.cmp(&b.purl));
        packages.dedup_by(|a, b| a.purl == b.purl);
        let find = |purl: &str| {
            packages.binary_search_by(|package| package.purl.as_str().cmp(purl)).ok().map(NodeIndex::new)
        };
        let mut graph = DiGraph::with_capacity(packages.len(), dependencies.len());
        for _ in &packages {
            graph.add_node(());
        }
        let (mut kept, mut dangling) = (Vec::with_capacity(dependencies.len()), Vec::new());
        for dependency in dependencies {
            match (find(&dependency.from), find(&dependency.to)) {
                (Some(from), Some(to)) => {
                    graph.add_edge(from, to, dependency.kind);
                    kept.push(dependency);
                }
                _ => dangling.push(dependency),
            }
        }
        kept.sort();
        let components = tarjan_scc(&graph);
        let mut this = Self {
            places: vec![Place::default(); packages.len()],
            packages,
            dependencies: kept,
            graph,
            components,
        };
        this.place_paths();
        this.place_dependants();
        this.place_cycles();
        this.place_dominators();
        this.place_reach();
        (this, dangling)
    }

    /// The package's place.
    pub fn place(&self, purl: &str) -> Option<&Place> {
        let at = self.packages.binary_search_by(|package| package.purl.as_str().cmp(purl)).ok()?;
        Some(&self.places[at])
    }

    /// For each package, the union of `own` over everything that it reaches, itself left out
    /// unless a cycle leads back to it. One pass over the components, dependencies first.
    pub fn reached(&self, own: &[CapabilitySet]) -> Vec<CapabilitySet> {
        let mut reached = vec![CapabilitySet::default(); self.packages.len()];
        // Tarjan gives components in reverse topological order: dependencies first.
        for component in &self.components {
            let mut below = CapabilitySet::default();
            for &node in component {
                for next in self.graph.neighbors(node) {
                    below.merge(own[next.index()]);
                    below.merge(reached[next.index()]);
                }
            }
            for &node in component {
                reached[node.index()] = below;
            }
        }
        reached
    }

    /// The packages that one asks for, as indices into [`Graph::packages`]: ascending, each once.
    pub fn dependencies_of(&self, at: usize) -> Vec<usize> {
        let mut out: Vec<usize> = self.graph.neighbors(NodeIndex::new(at)).map(NodeIndex::index).collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    /// The project's own packages; where there are none, those that nothing asks for.
    fn roots(&self) -> Vec<NodeIndex> {
        let own: Vec<_> =
            self.graph.node_indices().filter(|&n| self.packages[n.index()].first_party).collect();
        if own.is_empty() { self.graph.externals(petgraph::Direction::Incoming).collect() } else { own }
    }

    fn place_paths(&mut self) {
        let mut parent: Vec<Option<NodeIndex>> = vec![None; self.packages.len()];
        let mut queue = VecDeque::new();
        // Roots that another root needs are still roots: depth 0 means "the project's own".
        for root in self.roots() {
            self.places[root.index()].depth = Some(0);
            queue.push_back(root);
        }
        while let Some(node) = queue.pop_front() {
            let depth = self.places[node.index()].depth.unwrap_or(0);
            // Ascending by purl, and the queue is ascending within a depth, so that the first
            // to arrive is the smallest of the shortest paths.
            let mut next: Vec<_> = self.graph.neighbors(node).collect();
            next.sort_unstable();
            for next in next {
                if self.places[next.index()].depth.is_none() {
                    self.places[next.index()].depth = Some(depth + 1);
                    parent[next.index()] = Some(node);
                    queue.push_back(next);
                }
            }
        }
        for at in 0..self.packages.len() {
            if self.places[at].depth.is_some() {
                let mut path = vec![self.packages[at].purl.clone()];
                let mut node = parent[at];
                while let Some(up) = node {
                    path.push(self.packages[up.index()].purl.clone());
                    node = parent[up.index()];
                }
                path.reverse();
                self.places[at].path = path;
            }
        }
    }

    fn place_dependants(&mut self) {
        let counts = dependants::count(&self.graph, &self.components);
        for (at, count) in counts.into_iter().enumerate() {
            let mut direct: Vec<_> =
                self.graph.neighbors_directed(NodeIndex::new(at), petgraph::Direction::Incoming).collect();
            direct.sort_unstable();
            direct.dedup();
            direct.retain(|node| node.index() != at);
            self.places[at].direct_dependants = direct.len() as u32;
            self.places[at].dependants = count;
        }
    }

    fn place_cycles(&mut self) {
        let mut cycles: Vec<Vec<usize>> = self
            .components
            .iter()
            .filter(|component| component.len() > 1)
            .map(|component| {
                let mut members: Vec<_> = component.iter().map(|node| node.index()).collect();
                members.sort_unstable();
                members
            })
            .collect();
        cycles.sort();
        for (number, members) in cycles.iter().enumerate() {
            for &member in members {
                self.places[member].cycle = Some(number as u32);
            }
        }
    }

    fn place_dominators(&mut self) {
        // A virtual root above the project's own packages.
        let mut graph = self.graph.map(|_, ()| (), |_, _| ());
        let top = graph.add_node(());
        for root in self.roots() {
            graph.add_edge(top, root, ());
        }
        let found = dominators::simple_fast(&graph, top);
        let mut order: Vec<_> = (0..self.packages.len()).collect();
        // Deepest in the dominator tree first, so that each count is complete when it is passed up.
        let immediate: Vec<Option<NodeIndex>> = (0..self.packages.len())
            .map(|at| found.immediate_dominator(NodeIndex::new(at)).filter(|&up| up != top))
            .collect();
        let mut level = vec![0_u32; self.packages.len()];
        for (at, slot) in level.iter_mut().enumerate() {
            let mut up = immediate[at];
            while let Some(node) = up {
                *slot += 1;
                up = immediate[node.index()];
            }
        }
        order.sort_by_key(|&at| std::cmp::Reverse(level[at]));
        for at in order {
            if let Some(up) = immediate[at] {
                let below = self.places[at].brings_alone + 1;
                self.places[up.index()].brings_alone += below;
                self.places[at].only_through = Some(self.packages[up.index()].purl.clone());
            }
        }
    }

    fn place_reach(&mut self) {
        let mut queue = VecDeque::new();
        for root in self.roots() {
            self.places[root.index()].reach = Reach::Normal;
            queue.push_back(root);
        }
        while let Some(node) = queue.pop_front() {
            let here = self.places[node.index()].reach;
            for edge in self.graph.edges(node) {
                let step = match edge.weight() {
                    DependencyKind::Dev => Reach::Dev,
                    DependencyKind::Build => Reach::Build,
                    _ => Reach::Normal,
                };
                let best = here.min(step);
                let target = edge.target().index();
                if best > self.places[target].reach {
                    self.places[target].reach = best;
                    queue.push_back(edge.target());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
