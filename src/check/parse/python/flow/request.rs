//! What a web request brings to the functions that answer it.

use ruff_python_ast::{Expr, ExprAttribute};

use super::super::scope::{Def, FuncId, Param};
use super::super::value::Val;
use super::Flows;

/// Modules that hand requests to functions of a package.
const FRAMEWORKS: &[&str] = &[
    "aiohttp.web",
    "bottle",
    "channels",
    "cherrypy",
    "django",
    "falcon",
    "fastapi",
    "http.server",
    "jupyter_server",
    "litestar",
    "microdot",
    "ninja",
    "notebook",
    "pyramid",
    "quart",
    "rest_framework",
    "robyn",
    "sanic",
    "starlette",
    "tornado.web",
    "tornado.websocket",
    "webob",
    "werkzeug",
];

/// Names under which a request is handed to a function.
const REQUESTS: &[&str] = &["request", "req", "websocket"];

/// Members of a request that the other side fills, of all frameworks together.
const BROUGHT: &[&str] = &[
    "FILES",
    "GET",
    "META",
    "POST",
    "args",
    "arguments",
    "body",
    "body_arguments",
    "content",
    "cookies",
    "data",
    "files",
    "form",
    "forms",
    "get_data",
    "get_json",
    "get_media",
    "get_param",
    "headers",
    "json",
    "json_body",
    "match_info",
    "matchdict",
    "media",
    "params",
    "path_params",
    "post",
    "query",
    "query_arguments",
    "query_params",
    "read",
    "receive_bytes",
    "receive_json",
    "receive_text",
    "rel_url",
    "stream",
    "text",
    "values",
];

/// Methods by which a handler of Tornado's or Jupyter's asks for a part of its request.
const ASKED: &[&str] = &[
    "get_argument",
    "get_arguments",
    "get_body_argument",
    "get_body_arguments",
    "get_json_body",
    "get_query_argument",
    "get_query_arguments",
];

/// Methods of an application that bind a function to an address.
const ROUTES: &[&str] =
    &["api_route", "delete", "get", "patch", "post", "put", "route", "websocket", "websocket_route"];

impl<'a> Flows<'_, '_, '_, 'a> {
    /// Whether the file uses a framework that hands requests to it.
    fn serves(&self) -> bool {
        self.resolver.scopes.imports.iter().any(|import| {
            let full = match &import.name {
                Some(name) => format!("{}.{name}", import.module),
                None => import.module.clone(),
            };
            let within = |text: &str, of: &str| {
                text.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            import.level == 0 && FRAMEWORKS.iter().any(|of| within(&full, of))
        })
    }

    /// Whether a class is made of one from outside whose name ends so.
    fn is_made_of(&self, class: usize, ends: &[&str]) -> bool {
        self.resolver.scopes.classes.get(class).is_some_and(|class| {
            class.def.bases().iter().take(8).any(|base| {
                let base = self.resolver.expr(base);
                base.as_name().is_some_and(|name| ends.iter().any(|end| name.ends_with(end)))
            })
        })
    }

    /// Whether a member holds, or a method gives, what a request brought.
    pub(super) fn brings(&self, it: &'a ExprAttribute) -> bool {
        let member = it.attr.as_str();
        let scopes = &self.resolver.scopes;
        match &*it.value {
            Expr::Name(owner) => {
                let Some(symbol) = scopes.symbol(owner) else { return false };
                if let Some(class) = scopes.self_symbol(symbol) {
                    return ASKED.contains(&member) && self.serves()
                        || matches!(member, "rfile" | "path" | "headers")
                            && self.is_made_of(class, &["HTTPRequestHandler"]);
                }
                let given = scopes
                    .symbols
                    .get(symbol)
                    .and_then(|symbol| symbol.defs.first())
                    .is_some_and(|place| matches!(place.def, Def::Param(..)));
                given && REQUESTS.contains(&owner.id.as_str()) && BROUGHT.contains(&member) && self.serves()
            }
            // `self.request.body`
            Expr::Attribute(of) => {
                let Expr::Name(owner) = &*of.value else { return false };
                of.attr.as_str() == "request"
                    && BROUGHT.contains(&member)
                    && scopes.symbol(owner).and_then(|symbol| scopes.self_symbol(symbol)).is_some()
                    && self.serves()
            }
            _ => false,
        }
    }

    /// Whether a parameter is filled from a request: a part of the address or a field, of a function
    /// that is bound to an address; a message, of a method that takes them.
    pub(super) fn is_brought(&self, func: FuncId, at: usize, param: &Param<'a>) -> bool {
        let it = &self.resolver.scopes.funcs[func];
        if let Some(class) = it.class {
            return at == 1 && it.name == "on_message" && self.is_made_of(class, &["WebSocketHandler"]);
        }
        let injected = |value: &Expr| {
            let Expr::Call(call) = value else { return false };
            let name = match &*call.func {
                Expr::Name(name) => name.id.as_str(),
                Expr::Attribute(it) => it.attr.as_str(),
                _ => return false,
            };
            matches!(name, "Depends" | "Security" | "Provide")
        };
        !REQUESTS.contains(&param.name)
            && !param.default.is_some_and(injected)
            && it.decorators.iter().take(8).any(|decorator| self.is_route(decorator))
    }

    fn is_route(&self, decorator: &'a Expr) -> bool {
        let Expr::Call(call) = decorator else { return false };
        let Expr::Attribute(method) = &*call.func else { return false };
        if !ROUTES.contains(&method.attr.as_str()) {
            return false;
        }
        match self.resolver.callee(call) {
            Val::Name(name) => ["fastapi.", "flask.", "quart.", "bottle.", "sanic.", "starlette.", "robyn."]
                .iter()
                .any(|of| name.starts_with(of)),
            _ => false,
        }
    }
}
