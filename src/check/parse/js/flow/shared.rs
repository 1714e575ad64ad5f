//! Values that go from file to file without an import: members of the global object, and events.
//!
//! The file that sets one exports it, to the joining of files, under a name that no module has.

use super::{Flows, Node, summary::Shared};
use crate::check::flow::Call;

/// Names of one file that are carried so.
const MAX_NAMES: usize = 64;

/// Events of streams, sockets and processes, which everybody emits and hears.
const COMMON: &[&str] = &[
    "data",
    "error",
    "end",
    "close",
    "message",
    "finish",
    "open",
    "connect",
    "connection",
    "exit",
    "response",
    "request",
    "readable",
    "drain",
    "line",
    "change",
    "listening",
    "disconnect",
    "abort",
    "timeout",
    "pipe",
    "socket",
    "progress",
    "warning",
    "click",
    "input",
    "load",
    "update",
    "add",
];

/// Members of the global object that are there before any file sets them.
const BUILT_IN: &[&str] = &[
    "console",
    "document",
    "window",
    "navigator",
    "location",
    "process",
    "require",
    "module",
    "exports",
    "undefined",
    "performance",
    "crypto",
    "arguments",
    "describe",
    "it",
    "test",
    "expect",
    "jest",
    "define",
    "self",
    "global",
    "globalThis",
    "fetch",
    "screen",
    "history",
    "localStorage",
    "sessionStorage",
    "event",
    "name",
];

/// The name under which files find a carrier; nothing for those that all files have.
fn carrier(node: &Node<'_>) -> Option<String> {
    match node {
        Node::Global(name) => {
            let built_in = name.starts_with(|c: char| c.is_ascii_uppercase()) || BUILT_IN.contains(name);
            (!built_in && !name.contains(['.', '='])).then(|| format!("\0{name}"))
        }
        Node::Event(name) => {
            (!COMMON.contains(name) && !name.contains(['.', '='])).then(|| format!("\0@{name}"))
        }
        _ => None,
    }
}

impl<'a> Flows<'_, '_, '_, '_, 'a, '_> {
    /// Exports what this file sets and asks others for what it only reads.
    pub(super) fn carried(&mut self, out: &mut Shared<'a>) {
        let mut nodes: Vec<(Node<'a>, String)> =
            self.ids.keys().filter_map(|node| Some((*node, carrier(node)?))).collect();
        nodes.sort();
        let fed: std::collections::HashSet<usize> = self.edges.iter().flatten().map(|(to, _)| *to).collect();
        for (node, name) in nodes.into_iter().take(MAX_NAMES) {
            let at = self.id(node);
            let set = fed.contains(&at) || self.taints[at].iter().any(Option::is_some);
            if set {
                self.carry(&name, node, out);
            } else {
                let call = Call { modules: vec![name.clone()], name: format!("={name}") };
                if let Some(number) = self.carried_call(call) {
                    self.feed(node, &[super::Dep::Node(Node::Result(number))]);
                }
            }
        }
    }
}
