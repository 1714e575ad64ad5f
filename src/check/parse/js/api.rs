//! The API table: what a resolved name can reach.
//!
//! The table is data (`rules/api/js.toml`). A name is looked up whole, then without its last
//! member, and so on, so that a member nobody listed has its module's default.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::model::CapabilityKind;

#[derive(Debug, Deserialize)]
struct File {
    api: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Entry {
    names: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
    default: String,
    #[serde(default)]
    report: bool,
    #[serde(flatten)]
    members: HashMap<String, Vec<String>>,
}

/// What the table says of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// The capability, if the name gives one.
    pub capability: Option<CapabilityKind>,
    /// Whether a use is reported although it gives none.
    pub report: bool,
}

/// The loaded table.
#[derive(Debug)]
pub struct Api {
    names: HashMap<String, Reach>,
    globals: HashSet<String>,
}

/// Globals that the resolver follows although they give nothing by themselves.
const FOLLOWED: &[&str] = &[
    "global",
    "globalThis",
    "window",
    "self",
    "require",
    "module",
    "exports",
    "process",
    "Buffer",
    "String",
    "Object",
    "Reflect",
    "atob",
    "btoa",
    "unescape",
    "decodeURIComponent",
    "decodeURI",
    "encodeURIComponent",
    "encodeURI",
    "escape",
    "JSON",
    "Array",
    "setTimeout",
    "setInterval",
    "setImmediate",
    "Date",
    "Intl",
    "document",
    "navigator",
    "parent",
    "top",
    "frames",
    "__non_webpack_require__",
    "__dirname",
    "__filename",
    "parseInt",
    "Number",
    "Promise",
    "undefined",
    "Proxy",
    "location",
    "URL",
    "TextDecoder",
    "Headers",
    "addEventListener",
];

/// The built-in modules of Node.js that may be required without `node:`.
/// Source: `require('node:module').builtinModules` of Node.js 20 and 24.
const BUILTIN: &[&str] = &[
    "assert",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "constants",
    "crypto",
    "dgram",
    "diagnostics_channel",
    "dns",
    "domain",
    "events",
    "fs",
    "http",
    "http2",
    "https",
    "inspector",
    "module",
    "net",
    "os",
    "path",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "readline",
    "repl",
    "stream",
    "string_decoder",
    "sys",
    "timers",
    "tls",
    "trace_events",
    "tty",
    "url",
    "util",
    "v8",
    "vm",
    "wasi",
    "worker_threads",
    "zlib",
    "assert/strict",
    "dns/promises",
    "fs/promises",
    "inspector/promises",
    "path/posix",
    "path/win32",
    "readline/promises",
    "stream/consumers",
    "stream/promises",
    "stream/web",
    "timers/promises",
    "util/types",
];

impl Api {
    /// The table that is built in.
    pub fn get() -> &'static Self {
        static TABLE: OnceLock<Api> = OnceLock::new();
        TABLE.get_or_init(|| {
            Self::parse(include_str!("../../../../rules/api/js.toml"))
                .expect("the built-in API table is well-formed: a test reads it")
        })
    }

    /// Reads a table.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut names = HashMap::new();
        let capability = |name: &str| match name {
            "none" => Ok(None),
            _ => CapabilityKind::parse(name).map(Some).ok_or_else(|| format!("unknown capability `{name}`")),
        };
        for entry in &file.api {
            let default = Reach { capability: capability(&entry.default)?, report: entry.report };
            for name in &entry.names {
                names.insert(name.clone(), default);
                #[expect(clippy::iter_over_hash_type, reason = "fills maps: order leaves no trace")]
                for (kind, members) in &entry.members {
                    let reach = Reach { capability: capability(kind)?, report: false };
                    for member in members {
                        names.insert(format!("{name}.{member}"), reach);
                    }
                }
            }
        }
        let mut globals: HashSet<String> = FOLLOWED.iter().map(|&name| name.to_owned()).collect();
        #[expect(clippy::iter_over_hash_type, reason = "fills a set: order leaves no trace")]
        for name in names.keys() {
            if let Some(rest) = name.strip_prefix("global.") {
                globals.insert(rest.split('.').next().unwrap_or(rest).to_owned());
            }
        }
        Ok(Self { names, globals })
    }

    /// Whether the table lists exactly that name.
    pub fn knows(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Whether the resolver has to follow that global.
    pub fn follows(&self, global: &str) -> bool {
        self.globals.contains(global)
    }

    /// What `name` reaches. The result of a call (`node:net.connect().write`) reaches what the
    /// called function does.
    pub fn reach(&self, name: &str) -> Option<Reach> {
        let name: std::borrow::Cow<'_, str> =
            if name.contains(".promises.") { name.replace(".promises.", ".").into() } else { name.into() };
        let mut rest = name.trim_end_matches("()");
        loop {
            if let Some(&reach) = self.names.get(rest) {
                return Some(reach);
            }
            // `axios/lib/x` is a part of `axios`; `node:fs` and `@scope/name` stay whole.
            let cut = rest.rfind(['.', '/'])?;
            rest = rest[..cut].trim_end_matches("()");
        }
    }

    /// The capability that `name` gives.
    pub fn capability(&self, name: &str) -> Option<CapabilityKind> {
        self.reach(name).and_then(|reach| reach.capability)
    }
}

/// The name under which a module is known: built-in ones with `node:`.
pub fn module_name(specifier: &str) -> String {
    let bare = specifier.strip_prefix("node:").unwrap_or(specifier);
    match bare {
        "process" => "global.process".to_owned(),
        "fs/promises" => "node:fs.promises".to_owned(),
        "console" => "global.console".to_owned(),
        "original-fs" => "node:fs".to_owned(),
        _ if specifier.starts_with("node:") || BUILTIN.contains(&bare) => {
            format!("node:{}", bare.trim_end_matches('/'))
        }
        _ => specifier.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_override_their_module_and_the_rest_inherits() {
        let api = Api::get();
        let cases = [
            ("node:fs.readFile", Some(CapabilityKind::FsRead)),
            ("node:fs.writeFileSync", Some(CapabilityKind::FsWrite)),
            ("node:fs.promises.writeFile", Some(CapabilityKind::FsWrite)),
            ("node:fs.neverHeardOf", Some(CapabilityKind::FsRead)),
            ("node:fs.constants.F_OK", None),
            ("node:net.connect().write", Some(CapabilityKind::Net)),
            ("node:os.EOL", None),
            ("node:os.hostname", Some(CapabilityKind::Env)),
            ("axios/lib/core.get", Some(CapabilityKind::Net)),
            ("@grpc/grpc-js.Client", Some(CapabilityKind::Net)),
            ("@grpc/other", None),
            ("global.process.env.HOME", Some(CapabilityKind::Env)),
            ("node:path.join", None),
        ];
        for (name, capability) in cases {
            assert_eq!(api.capability(name), capability, "{name}");
        }
    }

    #[test]
    fn a_module_has_one_name() {
        for (specifier, name) in [
            ("fs", "node:fs"),
            ("node:fs", "node:fs"),
            ("node:test", "node:test"),
            ("process", "global.process"),
            ("fs-extra", "fs-extra"),
        ] {
            assert_eq!(module_name(specifier), name);
        }
    }

    #[test]
    fn an_unknown_capability_is_an_error() {
        let text = "[[api]]\nnames = [\"x\"]\nsource = \"y\"\ndefault = \"fly\"";
        assert_eq!(Api::parse(text).unwrap_err(), "unknown capability `fly`");
    }
}
