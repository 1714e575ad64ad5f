//! Addresses that are written down, and that something is sent to.
//!
//! That a program connects to a host of its maker's choice says little; what it says is what goes
//! there. So an address counts where a call takes it together with something that is not constant: a
//! body, a form, or what stands behind the question mark of the address itself. Each address is
//! followed by itself: a function that sends to where it is told may be told the documented host in
//! one place and another one elsewhere.

use std::collections::{BTreeSet, HashMap};

use oxc_ast::ast::*;
use oxc_span::{GetSpan, Span as Range};

use super::super::value::{Val, member};
use super::{Dep, FIXED_HOST, Flows, SOURCES, Spot};
use crate::check::flow::{ADDRESSED, SENT_TO, far_host, far_name};
use crate::model::{Fact, FactKind};

/// Levels of an object that are looked into for something that is not constant.
const MAX_DEPTH: u8 = 4;
/// Addresses of one file that are followed.
const MAX_ADDRESSES: usize = 200;

/// Members of a request that go along with it.
const BODIES: &[&str] =
    &["body", "data", "json", "form", "formData", "multipart", "params", "searchParams", "query"];

impl<'a> Flows<'_, '_, '_, '_, 'a, '_> {
    /// A call of `name` that reaches the network: where to, if something goes along.
    pub(super) fn addressed(&mut self, name: &str, arguments: &'a [Argument<'a>], range: Range) {
        let method = name.rsplit('.').next().unwrap_or(name);
        let Some(first) = arguments.first().and_then(Argument::as_expression) else { return };
        let object = match self.resolver.expr(first) {
            Val::Object(object) => Some(object),
            _ => None,
        };
        let inner = |names: &[&str]| object.and_then(|object| member(object, names));
        let host = inner(&["host", "hostname"]).or_else(|| {
            // `net.connect(443, 'host')`, `socket.send(data, 53, 'host')`
            let sockets = name.starts_with("node:net")
                || name.starts_with("node:tls")
                || name.starts_with("node:dgram");
            let mut words = arguments.iter().skip(1).filter_map(Argument::as_expression);
            sockets.then(|| words.next_back()).flatten()
        });
        if let Some(host) = host {
            let asks = inner(&["path"]).is_some_and(|path| self.asks(path));
            let posts = object.is_some_and(|object| self.posts(object));
            let talks = !name.starts_with("node:http")
                && object.is_none_or(|object| member(object, &["path"]).is_none());
            if (asks || posts || talks)
                && let Some(text) = self.resolver.approximate(host)
                && far_name(&text)
            {
                self.noted.push((text.to_ascii_lowercase(), host.span(), range));
            }
            return;
        }
        let address = inner(&["url", "uri"]).unwrap_or(first);
        let talks = method == "WebSocket" || name == "ws";
        if !talks && !self.goes_along(method, arguments, object, address) {
            return;
        }
        let mut deps = Vec::new();
        self.gather(address, 0, &mut deps);
        self.sink_of(SENT_TO, range, deps, None, None);
    }

    /// The address of a picture, which takes something along.
    pub(super) fn pictured_at(&mut self, address: &'a Expression<'a>) {
        if self.asks(address) {
            let mut deps = Vec::new();
            self.gather(address, 0, &mut deps);
            self.sink_of(SENT_TO, address.span(), deps, None, None);
        }
    }

    /// A text that is an address on another machine.
    pub(super) fn fixed_host(&self, expression: &'a Expression<'a>, out: &mut Vec<Dep<'a>>) {
        let text = match expression.get_inner_expression() {
            Expression::StringLiteral(text) => Some(text.value.to_string()),
            Expression::TemplateLiteral(_)
            | Expression::BinaryExpression(_)
            | Expression::CallExpression(_) => self.resolver.approximate(expression),
            _ => None,
        };
        let text = text.filter(|text| !text.contains(' '));
        let Some(host) = text.and_then(|text| far_host(&text)) else { return };
        let at = expression.span();
        self.hosts.borrow_mut().insert((at.start, at.end), host);
        out.push(self.source(SOURCES[FIXED_HOST], at));
    }

    /// Whether a request takes more along than what is written down.
    fn goes_along(
        &self,
        method: &str,
        arguments: &'a [Argument<'a>],
        object: Option<&'a ObjectExpression<'a>>,
        address: &'a Expression<'a>,
    ) -> bool {
        let second = arguments.get(1).and_then(Argument::as_expression);
        let options = object.or_else(|| match self.resolver.expr(second?) {
            Val::Object(object) => Some(object),
            _ => None,
        });
        if matches!(method, "post" | "put" | "patch" | "sendBeacon") && options.is_none() {
            return second.is_some_and(|body| !self.is_constant(body, 0)) || self.asks(address);
        }
        let posted = matches!(method, "post" | "put" | "patch" | "sendBeacon") && object.is_none();
        let body = options.is_some_and(|options| match member(options, BODIES) {
            Some(body) => !self.is_constant(body, 0),
            // `https.request(url, { method: 'POST' }).end(data)`
            None if method == "request" => self.posts(options),
            None => posted && second.is_some_and(|body| !self.is_constant(body, 0)),
        });
        body || self.asks(address)
    }

    fn posts(&self, options: &'a ObjectExpression<'a>) -> bool {
        let method = member(options, &["method"]).map(|method| self.resolver.expr(method));
        method.is_some_and(|method| matches!(method.as_str(), Some("POST" | "PUT" | "PATCH")))
    }

    /// Whether something that is not constant stands behind the question mark of an address. What
    /// stands before it names what is got, as a client of an interface does.
    fn asks(&self, address: &'a Expression<'a>) -> bool {
        let text = self.resolver.approximate(address).unwrap_or_default();
        text.contains("=?") || text.contains("??")
    }

    fn is_constant(&self, value: &'a Expression<'a>, depth: u8) -> bool {
        if depth > MAX_DEPTH {
            return false;
        }
        let of = |value: &'a Expression<'a>| self.is_constant(value, depth + 1);
        match (self.resolver.expr(value), value.get_inner_expression()) {
            (Val::Str(_) | Val::Decoded(_) | Val::Num(_) | Val::Word(_), _) => true,
            (Val::Object(object), _) => object.properties.iter().all(|property| match property {
                ObjectPropertyKind::ObjectProperty(property) => of(&property.value),
                ObjectPropertyKind::SpreadProperty(_) => false,
            }),
            (Val::Array(array), _) => array.elements.iter().all(|one| one.as_expression().is_some_and(of)),
            // `JSON.stringify({ version: '1.2' })`
            (_, Expression::CallExpression(call)) => {
                !call.arguments.is_empty()
                    && call.arguments.iter().all(|one| one.as_expression().is_some_and(of))
            }
            _ => false,
        }
    }

    /// A fact for each address that something is sent to.
    pub(super) fn sent_to(&self) -> Vec<Fact> {
        let mut found: BTreeSet<(Spot, String, Spot)> = BTreeSet::new();
        for (host, at, range) in &self.noted {
            found.insert(((at.start, at.end), host.clone(), (range.start, range.end)));
        }
        let hosts = self.hosts.borrow();
        let mut ends: HashMap<usize, Spot> = HashMap::new();
        for sink in self.sinks.iter().filter(|sink| sink.name == SENT_TO) {
            let range = (sink.range.start, sink.range.end);
            for dep in &sink.deps {
                match dep {
                    Dep::Source(FIXED_HOST, spot) => {
                        found.extend(hosts.get(spot).map(|host| (*spot, host.clone(), range)));
                    }
                    Dep::Node(node) | Dep::Part(node, _) => {
                        if let Some(&id) = self.ids.get(node) {
                            ends.entry(id).or_insert(range);
                        }
                    }
                    Dep::Source(..) => {}
                }
            }
        }
        for &(start, spot) in self.poured.iter().take(MAX_ADDRESSES) {
            let Some(host) = hosts.get(&spot).filter(|_| !ends.is_empty()) else { continue };
            let mut seen = BTreeSet::from([start]);
            let mut work = vec![start];
            while let Some(node) = work.pop() {
                if let Some(range) = ends.get(&node) {
                    found.insert((spot, host.clone(), *range));
                    break;
                }
                for &(next, via) in self.edges.get(node).into_iter().flatten() {
                    if via.of(FIXED_HOST) == Some(FIXED_HOST) && seen.insert(next) {
                        work.push(next);
                    }
                }
            }
        }
        let span = |(start, end): Spot| self.unit.place.span(Range::new(start, end));
        let fact = |(written, host, sent): (Spot, String, Spot)| {
            let mut fact = Fact::new(FactKind::Flow, ADDRESSED, span(sent)).value(host);
            fact.steps = vec![span(written), span(sent)];
            fact
        };
        // A part of an address may be one too.
        let mut known = BTreeSet::new();
        found.into_iter().filter(|(_, host, sent)| known.insert((host.clone(), *sent))).map(fact).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::check::flow::fixed_hosts;
    use crate::check::parse::js::parse;

    fn hosts(source: &str) -> Vec<String> {
        fixed_hosts(&parse("index.js", source).facts)
    }

    #[test]
    fn where_something_is_sent() {
        for source in [
            "export const f = (x) => fetch('https://c.invalid/v1', { method: 'POST', body: x });",
            "const URL_ = 'https://c.invalid/v1'; exports.f = (x) => fetch(URL_, { method: 'POST', body: JSON.stringify({ x }) });",
            "exports.f = (x) => fetch(`https://c.invalid/p.gif?d=${x}`);",
            "exports.f = (x) => navigator.sendBeacon('https://c.invalid/b', x);",
            "const axios = require('axios'); exports.f = (x) => axios.post('https://c.invalid/b', { x });",
            "const https = require('https'); exports.f = (x) => https.request({ hostname: 'c.invalid', method: 'POST', path: '/' }).end(x);",
            "const HOST = ['c', 'invalid'].join('.'); exports.f = (x) => fetch('https://' + HOST + '/v1', { body: x });",
            "const https = require('https'); function post(url, text) { const r = https.request(url, { method: 'POST' }); r.end(text); } exports.f = (x) => post('https://c.invalid/', x);",
            "exports.f = (x) => { new Image().src = 'https://c.invalid/p.gif?v=1&d=' + encodeURIComponent(x); };",
            "const net = require('net'); exports.f = (x) => net.connect(4443, 'c.invalid').write(x);",
            "function post(url, body) { return fetch(url, { method: 'POST', body }); } exports.f = (x) => post('https://c.invalid/', x);",
            "const post = (url, body) => fetch(url, { method: 'POST', body: JSON.stringify(body) }); const low = (u, b) => post(u, b); exports.f = (x) => low('https://c.invalid/', x);",
        ] {
            assert_eq!(hosts(source), ["c.invalid"], "{source}");
        }
        let both = "function post(url, body) { return fetch(url, { body }); }\npost('https://a.invalid', x); post('https://b.invalid', y);";
        assert_eq!(hosts(both), ["a.invalid", "b.invalid"]);
    }

    #[test]
    fn where_nothing_is_or_the_user_says_where() {
        for source in [
            "exports.f = () => fetch('https://c.invalid/v1', { method: 'POST', body: JSON.stringify({ version: '1.2' }) });",
            "exports.f = (name) => fetch(`https://c.invalid/files/${name}.zip`);",
            "exports.f = (url, x) => fetch(url, { method: 'POST', body: x });",
            "const URL_ = process.env.X_URL || 'https://c.invalid/v1'; exports.f = (x) => fetch(URL_, { body: x });",
            "exports.f = (x, url = 'https://c.invalid/v1') => fetch(url, { body: x });",
            "exports.f = (x, o) => fetch(o.url ?? 'https://c.invalid/v1', { body: x });",
            "exports.f = (x) => fetch('http://127.0.0.1:8080/v1', { body: x });",
            "exports.f = (x) => console.log('see https://c.invalid/?q=' + x);",
        ] {
            assert_eq!(hosts(source), <[&str; 0]>::default(), "{source}");
        }
    }
}
