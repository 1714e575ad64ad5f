//! Files of other installed packages that are changed.

use oxc_ast::ast::*;
use oxc_span::{GetSpan, Span as Range};

use super::{Dep, Flows};

/// A path under which something is written.
pub(super) const SINK: &str = "written-path";

/// Whether a text says where other packages are.
pub(super) fn speaks_of_packages(text: &str) -> bool {
    [&b"node_modules"[..], b"require.resolve", b"import.meta.resolve"]
        .iter()
        .any(|word| memchr::memmem::find(text.as_bytes(), word).is_some())
}

/// Whether a specifier or the path behind `node_modules/` names a package: what starts with a dot
/// is a folder of tools (`.bin`, `.cache`).
fn names_package(text: &str) -> bool {
    text.strip_prefix('@').unwrap_or(text).starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// Whether a path, as far as it is known, lies in another package's folder: not below this file's
/// own, or the one above it.
fn is_neighbour(path: &str) -> bool {
    let Some((before, rest)) =
        path.replace('\\', "/").split_once("node_modules/").map(|(a, b)| (a.to_owned(), b.to_owned()))
    else {
        return false;
    };
    let near = matches!(before.as_str(), "" | "./" | "../" | "./../");
    let own = before.starts_with("./") && !before.starts_with("./../");
    !near && !own && !before.starts_with('~') && !before.starts_with("/tmp") && names_package(&rest)
}

impl<'a> Flows<'_, '_, '_, '_, 'a, '_> {
    /// Paths of other packages' files.
    pub(super) fn neighbour(&self, expression: &'a Expression<'a>, out: &mut Vec<Dep<'a>>) {
        let found = match expression.get_inner_expression() {
            Expression::StringLiteral(_)
            | Expression::TemplateLiteral(_)
            | Expression::BinaryExpression(_) => {
                self.resolver.approximate(expression).is_some_and(|path| is_neighbour(&path))
            }
            Expression::CallExpression(call) => {
                let first = call.arguments.first().and_then(|argument| argument.as_expression());
                match (self.resolver.expr(&call.callee).as_name(), first) {
                    (Some("node:path.join" | "node:path.resolve"), Some(first)) => {
                        // An install script runs in its own package's folder.
                        self.resolver.expr(first).as_name() != Some("global.process.cwd()")
                            && self.resolver.approximate(expression).is_some_and(|path| is_neighbour(&path))
                    }
                    (Some("global.require.resolve" | "node:module.createRequire().resolve"), Some(first)) => {
                        let name = self.resolver.expr(first);
                        name.as_str().is_some_and(|name| names_package(name) && !name.starts_with("node:"))
                    }
                    (Some("node:path.dirname" | "node:path.normalize"), Some(first)) => {
                        self.gather(first, super::MAX_DEPTH / 2, out);
                        false
                    }
                    _ => false,
                }
            }
            _ => false,
        };
        if found {
            out.push(self.source("neighbour", expression.span()));
        }
    }

    /// What a call writes to.
    pub(super) fn changed(&mut self, name: &str, arguments: &'a [Argument<'a>], range: Range) {
        let at = match name.rsplit('.').next().unwrap_or_default().trim_end_matches("Sync") {
            "writeFile" | "appendFile" | "outputFile" | "createWriteStream" | "truncate" => 0,
            "copyFile" | "copy" | "cp" | "rename" | "move" => 1,
            _ => return,
        };
        if let Some(path) = arguments.get(at).and_then(|argument| argument.as_expression())
            && self.neighbours
        {
            let deps = self.deps(path);
            self.sink_of(SINK, range, deps, Some("neighbour"), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_other_packages() {
        for path in ["./../../../node_modules/peer/lib/a.js", "?/node_modules/@scope/peer/a.js"] {
            assert!(is_neighbour(path), "{path}");
        }
        for path in [
            "./node_modules/x/a.js",
            "?/node_modules/.cache/x",
            "?/node_modules/?/bin",
            "./lib/node_modules/x/y",
        ] {
            assert!(!is_neighbour(path), "{path}");
        }
    }
}
