//! Addresses that are written down, and that something is sent to: `post("https://…").send_json(x)`,
//! `send_to(bytes, "host:53")`, and calls of a function of the file that does so with what it is told.

use std::collections::BTreeMap;
use std::ops::Range;

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprMethodCall, FnArg, Lit, Pat};

use super::facts::Raw;
use crate::check::flow::{ADDRESSED, far_host, far_name};
use crate::model::FactKind;

/// Functions and methods that begin a request with its address.
const REQUESTS: &[&str] = &["post", "put", "patch", "get", "request", "request_url", "delete"];
/// Methods that put something into one.
const BODIES: &[&str] = &[
    "send_json",
    "send_form",
    "send_string",
    "send_bytes",
    "send",
    "json",
    "form",
    "body",
    "multipart",
    "query",
    "text",
];
/// Levels of a chain of calls that are followed.
const MAX_CHAIN: usize = 24;

/// Whether a text may hold any: an address, or a socket that is told where to send.
pub(super) fn may_have(text: &str) -> bool {
    ["://", "send_to(", "TcpStream"]
        .iter()
        .any(|part| memchr::memmem::find(text.as_bytes(), part.as_bytes()).is_some())
}

/// The facts of one file.
pub(super) fn facts(file: &syn::File) -> Vec<Raw> {
    let mut names = Names::default();
    names.visit_file(file);
    let mut sent = Sent {
        constants: names.constants,
        writes: names.writes,
        functions: BTreeMap::new(),
        params: Vec::new(),
        out: Vec::new(),
    };
    // Twice: a function that sends to where it is told may stand below its caller.
    sent.visit_file(file);
    sent.out.clear();
    sent.visit_file(file);
    sent.out
}

/// Constants that are texts, and whether anything is written to what was opened.
#[derive(Default)]
struct Names {
    constants: BTreeMap<String, String>,
    writes: bool,
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_const(&mut self, it: &'ast syn::ItemConst) {
        if let Some(text) = literal(&it.expr) {
            self.constants.insert(it.ident.to_string(), text);
        }
    }
    fn visit_item_static(&mut self, it: &'ast syn::ItemStatic) {
        if let Some(text) = literal(&it.expr) {
            self.constants.insert(it.ident.to_string(), text);
        }
    }
    fn visit_expr_method_call(&mut self, it: &'ast ExprMethodCall) {
        self.writes |= matches!(it.method.to_string().as_str(), "write_all" | "write" | "write_fmt" | "send");
        visit::visit_expr_method_call(self, it);
    }
    fn visit_local(&mut self, it: &'ast syn::Local) {
        if let (Pat::Ident(name), Some(init)) = (&it.pat, &it.init)
            && let Some(text) = literal(&init.expr)
        {
            self.constants.insert(name.ident.to_string(), text);
        }
        visit::visit_local(self, it);
    }
}

/// The text of a literal, also as `&"…"`, `"…".to_owned()`, `String::from("…")`.
fn literal(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Lit(it) => match &it.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        Expr::Reference(it) => literal(&it.expr),
        Expr::Paren(it) => literal(&it.expr),
        Expr::MethodCall(it) if it.args.is_empty() => literal(&it.receiver),
        // What is taken where nothing else is set.
        Expr::MethodCall(it) if it.method == "unwrap_or" => literal(it.args.first()?),
        Expr::Call(it) if it.args.len() == 1 => {
            let named = matches!(&*it.func, Expr::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "from"));
            if named { literal(it.args.first()?) } else { None }
        }
        // The start of `format!("https://host/{}", x)` is written down.
        Expr::Macro(it) if it.mac.path.is_ident("format") || it.mac.path.is_ident("concat") => {
            let tokens = it.mac.tokens.to_string();
            let start = tokens.find('"')? + 1;
            let text = tokens.get(start..)?;
            Some(text.get(..text.find('"')?)?.replace("{}", "?").replace('{', "?{"))
        }
        _ => None,
    }
}

struct Sent {
    constants: BTreeMap<String, String>,
    writes: bool,
    /// Functions that send to where a parameter says, with its place.
    functions: BTreeMap<String, usize>,
    /// Parameters of the functions around here, and their names.
    params: Vec<(String, Vec<String>)>,
    out: Vec<Raw>,
}

fn last(path: &syn::Path) -> String {
    path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default()
}

fn range(expr: &Expr) -> Range<usize> {
    expr.span().byte_range()
}

impl Sent {
    fn text(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Path(it) => self.constants.get(&last(&it.path)).cloned(),
            Expr::Reference(it) => self.text(&it.expr),
            Expr::Paren(it) => self.text(&it.expr),
            Expr::MethodCall(it) if it.args.is_empty() => self.text(&it.receiver),
            other => literal(other),
        }
    }

    fn host(&self, expr: &Expr) -> Option<String> {
        far_host(&self.text(expr)?)
    }

    /// `host:port`, or a pair of both.
    fn bare(&self, expr: &Expr) -> Option<String> {
        let first = match expr {
            Expr::Tuple(it) => it.elems.first()?,
            other => other,
        };
        let text = self.text(first)?;
        let host = text.split(':').next()?.to_ascii_lowercase();
        far_name(&host).then_some(host)
    }

    fn add(&mut self, host: String, at: Range<usize>) {
        self.out.push(Raw::new(FactKind::Flow, ADDRESSED, at).value(host));
    }

    /// Something goes to an address: it is known here, or the caller's.
    fn to(&mut self, address: &Expr) {
        if let Some(host) = self.host(address) {
            return self.add(host, range(address));
        }
        let name = match address {
            Expr::Path(it) => it.path.get_ident().map(ToString::to_string),
            Expr::Reference(it) => match &*it.expr {
                Expr::Path(it) => it.path.get_ident().map(ToString::to_string),
                _ => None,
            },
            _ => None,
        };
        if let Some(name) = name
            && let Some((function, params)) = self.params.last()
            && let Some(at) = params.iter().position(|param| *param == name)
        {
            self.functions.insert(function.clone(), at);
        }
    }

    fn within(&mut self, signature: &syn::Signature, inside: impl FnOnce(&mut Self)) {
        let params = signature
            .inputs
            .iter()
            .filter_map(|input| match input {
                FnArg::Typed(it) => match &*it.pat {
                    Pat::Ident(name) => Some(name.ident.to_string()),
                    _ => Some(String::new()),
                },
                FnArg::Receiver(_) => None,
            })
            .collect();
        self.params.push((signature.ident.to_string(), params));
        inside(self);
        self.params.pop();
    }

    /// The address with which the chain of calls began that this one ends.
    fn begun<'e>(&self, chain: &'e ExprMethodCall) -> Option<&'e Expr> {
        let mut at: &Expr = &chain.receiver;
        for _ in 0..MAX_CHAIN {
            match at {
                Expr::MethodCall(it) => {
                    if REQUESTS.contains(&it.method.to_string().as_str()) {
                        return it.args.last();
                    }
                    at = &it.receiver;
                }
                Expr::Call(it) => {
                    let Expr::Path(path) = &*it.func else { return None };
                    return REQUESTS.contains(&last(&path.path).as_str()).then(|| it.args.last()).flatten();
                }
                Expr::Try(it) => at = &it.expr,
                Expr::Await(it) => at = &it.base,
                Expr::Paren(it) => at = &it.expr,
                _ => return None,
            }
        }
        None
    }
}

impl<'ast> Visit<'ast> for Sent {
    fn visit_item_fn(&mut self, it: &'ast syn::ItemFn) {
        self.within(&it.sig, |sent| visit::visit_item_fn(sent, it));
    }

    fn visit_impl_item_fn(&mut self, it: &'ast syn::ImplItemFn) {
        self.within(&it.sig, |sent| visit::visit_impl_item_fn(sent, it));
    }

    fn visit_expr_method_call(&mut self, it: &'ast ExprMethodCall) {
        let name = it.method.to_string();
        let given = it.args.iter().any(|argument| self.text(argument).is_none());
        if BODIES.contains(&name.as_str())
            && given
            && let Some(address) = self.begun(it)
        {
            self.to(address);
        }
        if name == "send_to"
            && given
            && let Some(host) = it.args.last().and_then(|to| self.bare(to))
        {
            self.add(host, it.args.last().map(range).unwrap_or_default());
        }
        if let Some(&at) = self.functions.get(&name)
            && let Some((address, host)) = it.args.iter().nth(at).and_then(|to| Some((to, self.host(to)?)))
        {
            self.add(host, range(address));
        }
        visit::visit_expr_method_call(self, it);
    }

    fn visit_expr_call(&mut self, it: &'ast ExprCall) {
        if let Expr::Path(path) = &*it.func {
            let name = last(&path.path);
            if let Some(&at) = self.functions.get(&name)
                && let Some((address, host)) =
                    it.args.iter().nth(at).and_then(|to| Some((to, self.host(to)?)))
            {
                self.add(host, range(address));
            }
            let stream =
                path.path.segments.iter().rev().nth(1).is_some_and(|segment| segment.ident == "TcpStream");
            if name == "connect"
                && stream
                && self.writes
                && let Some((address, host)) = it.args.first().and_then(|to| Some((to, self.bare(to)?)))
            {
                self.add(host, range(address));
            }
        }
        visit::visit_expr_call(self, it);
    }
}

#[cfg(test)]
mod tests {
    use crate::check::flow::fixed_hosts;
    use crate::check::parse::rust::parse;

    fn hosts(source: &str) -> Vec<String> {
        fixed_hosts(&parse("src/lib.rs", source).facts)
    }

    #[test]
    fn where_something_is_sent() {
        for source in [
            "fn f(x: &str) { let _ = ureq::post(\"https://c.invalid/v1\").send_string(x); }",
            "const URL: &str = \"https://c.invalid/v1\"; async fn f(x: &str) { reqwest::Client::new().post(URL).body(x.to_owned()).send().await; }",
            "fn f(x: &[u8], s: &std::net::UdpSocket) { let _ = s.send_to(x, \"c.invalid:53\"); }",
            "fn post(url: &str, body: &str) { let _ = ureq::post(url).send_string(body); } fn f(x: &str) { post(\"https://c.invalid/\", x); }",
            "fn f(x: &str) { post(&\"https://c.invalid/\", x); } fn post(url: &str, body: &str) { let _ = ureq::post(url).send_string(body); }",
            "fn f(x: &str) { let _ = ureq::post(&format!(\"https://c.invalid/{}\", 1)).send_json(x); }",
        ] {
            assert_eq!(hosts(source), ["c.invalid"], "{source}");
        }
    }

    #[test]
    fn where_nothing_is() {
        for source in [
            "fn f(url: &str, x: &str) { let _ = ureq::post(url).send_string(x); }",
            "fn f() { let _ = ureq::get(\"https://c.invalid/list.json\").call(); }",
            "fn f() { let _ = ureq::post(\"https://c.invalid/\").send_string(\"hello\"); }",
            "fn f(x: &[u8], s: &std::net::UdpSocket) { let _ = s.send_to(x, \"127.0.0.1:53\"); }",
        ] {
            assert_eq!(hosts(source), <[&str; 0]>::default(), "{source}");
        }
    }
}
