//! Secrets and checks that hold less than they seem to: random bytes that are random once, comparisons
//! of a part, a digest that opens, a maker of functions by a detour, data in signs that nobody sees.

use oxc_ast::ast::*;
use oxc_ast_visit::VisitJs;
use oxc_span::{GetSpan, Span as Range};
use oxc_syntax::operator::BinaryOperator;

use super::super::bind::Func;
use super::super::value::Val;
use super::Held;
use crate::model::FactKind;

/// Calls that draw from the system's random source.
const DRAWS: &[&str] = &["randomFill", "randomBytes(", "getRandomValues(", "randomUUID(", "randomInt("];
/// Bytes around a comparison in which lengths may be compared.
const NEAR: usize = 320;
/// Characters behind what is written in which it is loaded.
const NEXT: usize = 600;
/// Names of what comes in with a request.
const ASKED: &[&str] = &["headers", "header", "query", "cookies", "params", "password", "body"];

/// The first thing that a condition counts up.
#[derive(Default)]
struct Counts {
    counted: Option<Range>,
}

impl<'a> VisitJs<'a> for Counts {
    fn visit_function(&mut self, _: &Function<'a>, _: oxc_syntax::scope::ScopeFlags) {}
    fn visit_arrow_function_expression(&mut self, _: &ArrowFunctionExpression<'a>) {}
    fn visit_update_expression(&mut self, it: &UpdateExpression<'a>) {
        self.counted.get_or_insert(it.argument.span());
    }
}

/// Whether a text is one sign that nobody sees, or a few of them.
fn is_unseen(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}'))
}

fn is_digest(text: &str) -> bool {
    matches!(text.len(), 32 | 40 | 56 | 64 | 96 | 128) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

impl<'a> Held<'_, '_, '_, '_, 'a, '_> {
    /// `rounds++ ? stretch(bytes, rounds) : randomFillSync(bytes)`: random only the first time.
    pub(super) fn random_once(&mut self, test: &'a Expression<'a>, one: Range, other: Range) {
        let mut counts = Counts::default();
        counts.visit_expression(test);
        let Some(counted) = counts.counted else { return };
        let name = self.written(counted);
        let draws = |range: Range| DRAWS.iter().any(|call| self.written(range).contains(call));
        let counter = |range: Range| {
            let text = self.written(range);
            // A place in a pool that was drawn before is no seed.
            text.match_indices(name).any(|(at, _)| {
                let before = text.get(..at).unwrap_or_default().trim_end();
                !before.ends_with('[')
            })
        };
        let once = [(one, other), (other, one)]
            .into_iter()
            .any(|(random, made)| draws(random) && !draws(made) && counter(made));
        if once {
            self.add(FactKind::Shape, "random-once", test.span());
        }
    }

    /// `timingSafeEqual(a.subarray(0, n), b.subarray(0, n))` with as many bytes as were given.
    pub(super) fn cut_comparison(&mut self, call: &'a CallExpression<'a>) {
        let name = match call.callee.get_inner_expression() {
            Expression::Identifier(name) => Some(name.name.as_str()),
            callee => callee.as_member_expression().and_then(|member| member.static_property_name()),
        };
        if name != Some("timingSafeEqual") {
            return;
        }
        let cut = |at: usize| -> Option<&'a Expression<'a>> {
            let value = call.arguments.get(at)?.as_expression()?;
            let Expression::CallExpression(part) = value.get_inner_expression() else { return None };
            let member = part.callee.get_inner_expression().as_member_expression()?;
            let from = part.arguments.first()?.as_expression()?;
            (matches!(member.static_property_name(), Some("subarray" | "slice"))
                && matches!(self.resolver.expr(from), Val::Num(0.0)))
            .then_some(())?;
            part.arguments.get(1)?.as_expression()
        };
        let Some(end) = cut(0).or_else(|| cut(1)) else { return };
        if self.resolver.expr(end).text().is_some() {
            return;
        }
        let bound = match end.get_inner_expression() {
            Expression::Identifier(name) => self.resolver.sole(name).unwrap_or(end),
            _ => end,
        };
        let from = (call.span.start as usize).saturating_sub(NEAR);
        let around = self.unit.text.as_bytes().get(from..call.span.end as usize + NEAR.min(80));
        let around = String::from_utf8_lossy(around.unwrap_or(self.unit.text.as_bytes())).into_owned();
        let asks = ["ength ===", "ength !==", "ength ==", "ength !=", "ength <", "ength >"]
            .iter()
            .any(|part| around.contains(part));
        if self.written(bound.span()).contains("ength") && !asks {
            self.add(FactKind::Shape, "cut-comparison", call.span);
        }
    }

    /// `createHash('sha1').update(header).digest('hex') === '1aa1…'`: a word of which only its digest is
    /// written down lets somebody in. Digests of files are for files.
    pub(super) fn digest_opens(&mut self, it: &'a BinaryExpression<'a>) {
        if !matches!(it.operator, BinaryOperator::Equality | BinaryOperator::StrictEquality) {
            return;
        }
        for (made, known) in [(&it.left, &it.right), (&it.right, &it.left)] {
            if self.resolver.expr(known).as_str().is_some_and(is_digest)
                && self.digested(made).is_some_and(|what| self.is_word_of_a_caller(what))
            {
                self.add(FactKind::Shape, "digest-opens", it.span);
            }
        }
    }

    /// What a chain of calls makes a digest of.
    fn digested(&self, value: &'a Expression<'a>) -> Option<&'a Expression<'a>> {
        let mut at = value.get_inner_expression();
        for _ in 0..6 {
            let Expression::CallExpression(call) = at else { return None };
            let member = call.callee.get_inner_expression().as_member_expression()?;
            match member.static_property_name()? {
                "update" => return call.arguments.first()?.as_expression(),
                "digest" | "toString" | "slice" | "toLowerCase" => {}
                _ => return None,
            }
            at = member.object().get_inner_expression();
        }
        None
    }

    /// A group that a pattern found, or a part of a request.
    fn is_word_of_a_caller(&self, what: &'a Expression<'a>) -> bool {
        match what.get_inner_expression() {
            Expression::ComputedMemberExpression(member) => match member.object.get_inner_expression() {
                Expression::Identifier(name) => self.resolver.sole(name).is_some_and(|value| {
                    let text = self.written(value.span());
                    text.contains(".exec(") || text.contains(".match(")
                }),
                other => super::words(other).all.iter().any(|word| ASKED.contains(word)),
            },
            Expression::LogicalExpression(it) => self.is_word_of_a_caller(&it.left),
            other => super::words(other).all.iter().any(|word| ASKED.contains(word)),
        }
    }

    /// `describe.constructor('require', text)`, `Object.getPrototypeOf(run).constructor(…)`: who wants
    /// `Function` of a plain function has it under its own name, and goes this way to be overlooked.
    pub(super) fn maker(&mut self, callee: &'a Expression<'a>, arguments: &'a [Argument<'a>], range: Range) {
        let target = match callee.get_inner_expression() {
            Expression::Identifier(name) => match self.resolver.sole(name) {
                Some(value) => value.get_inner_expression(),
                None => return,
            },
            other => other,
        };
        let Some(member) = target.as_member_expression() else { return };
        if member.static_property_name() != Some("constructor") {
            return;
        }
        let object = match member.object().get_inner_expression() {
            Expression::CallExpression(call) => {
                let of = self.resolver.expr(&call.callee);
                if !matches!(
                    of.as_name(),
                    Some("global.Object.getPrototypeOf" | "global.Reflect.getPrototypeOf")
                ) {
                    return;
                }
                match call.arguments.first().and_then(Argument::as_expression) {
                    Some(first) => first,
                    None => return,
                }
            }
            _ => member.object(),
        };
        let plain = match self.resolver.expr(object) {
            Val::Func(Func::Function(it)) => !it.r#async && !it.generator,
            Val::Func(Func::Arrow(it)) => !it.r#async,
            _ => false,
        };
        let last = arguments.last().and_then(Argument::as_expression);
        if plain && last.is_some_and(|body| self.resolver.expr(body).text().is_none()) {
            self.add(FactKind::Shape, "function-maker", range);
        }
    }

    /// `x.replace(/0/g, '\u200b').replace(/1/g, '\u200c')`: data in signs that nobody sees.
    pub(super) fn unseen(&mut self, call: &'a CallExpression<'a>) {
        let put = |call: &'a CallExpression<'a>| -> Option<(String, &'a Expression<'a>)> {
            let member = call.callee.get_inner_expression().as_member_expression()?;
            matches!(member.static_property_name(), Some("replace" | "replaceAll")).then_some(())?;
            let second = call.arguments.get(1)?.as_expression()?;
            let text = self.resolver.expr(second).text().filter(|text| is_unseen(text))?;
            Some((text, member.object()))
        };
        let Some((one, object)) = put(call) else { return };
        let Expression::CallExpression(inner) = object.get_inner_expression() else { return };
        if put(inner).is_some_and(|(other, _)| other != one) {
            self.add(FactKind::Shape, "unseen-data", call.span);
        }
    }

    /// `bit === '1' ? '\u200b' : '\u200c'`
    pub(super) fn unseen_choice(&mut self, it: &'a ConditionalExpression<'a>) {
        let one = self.resolver.expr(&it.consequent).text().filter(|text| is_unseen(text));
        let other = self.resolver.expr(&it.alternate).text().filter(|text| is_unseen(text));
        if one.is_some() && other.is_some() && one != other {
            self.add(FactKind::Shape, "unseen-data", it.span);
        }
    }

    /// `https://${String.fromCharCode(...numbers)}`: an address out of numbers.
    pub(super) fn numbered_address(&mut self, it: &'a TemplateLiteral<'a>) {
        let start = it.quasis.first().map_or("", |part| part.value.raw.as_str());
        if !matches!(start, "https://" | "http://" | "wss://" | "ws://") {
            return;
        }
        let Some(first) = it.expressions.first() else { return };
        let value = match first.get_inner_expression() {
            Expression::Identifier(name) => match self.resolver.sole(name) {
                Some(value) => value.get_inner_expression(),
                None => return,
            },
            other => other,
        };
        if self.written(value.span()).starts_with("String.fromCharCode(")
            || self.written(value.span()).starts_with("String.fromCodePoint(")
        {
            self.out.push(
                crate::model::Fact::new(FactKind::Shape, "hidden-name", self.unit.place.span(it.span))
                    .value("an address, out of numbers"),
            );
        }
    }

    /// `writeFile(list, Buffer.from(rows, 'base64')); import(`file://${list}`)`: a module that is decoded
    /// into a file and loaded from there.
    pub(super) fn decodes_module(&mut self, call: &'a CallExpression<'a>) {
        let name = self.resolver.expr(&call.callee);
        let writes = name.as_name().is_some_and(|name| {
            name.starts_with("node:fs") && (name.ends_with(".writeFile") || name.ends_with(".writeFileSync"))
        });
        let (Some(Argument::Identifier(path)), Some(content)) =
            (call.arguments.first(), call.arguments.get(1).and_then(Argument::as_expression))
        else {
            return;
        };
        if !writes {
            return;
        }
        let value = match content.get_inner_expression() {
            Expression::Identifier(name) => self.resolver.sole(name).unwrap_or(content),
            _ => content,
        };
        let text = self.written(value.span());
        let decodes = text.contains("Buffer.from(") && (text.contains("base64") || text.contains("hex"))
            || text.contains("atob(");
        if !decodes || self.resolver.expr(value).text().is_some() {
            return;
        }
        let rest = self.unit.text.get(call.span.end as usize..).unwrap_or_default();
        let rest: String = rest.chars().take(NEXT).collect();
        let path = path.name.as_str();
        let loads = [
            format!("import(`file://${{{path}}}`)"),
            format!("import({path})"),
            format!("require({path})"),
            format!("import(pathToFileURL({path})"),
        ];
        if loads.iter().any(|load| rest.contains(load.as_str())) {
            self.add(FactKind::Shape, "decoded-module", call.span);
        }
    }

    /// A member of a policy that keeps pages safe is taken out: `delete policy['report-uri']`.
    pub(super) fn policy_cut(&mut self, it: &'a UnaryExpression<'a>) {
        if it.operator != oxc_syntax::operator::UnaryOperator::Delete {
            return;
        }
        let Some(member) = it.argument.get_inner_expression().as_member_expression() else { return };
        let key = match member {
            MemberExpression::ComputedMemberExpression(member) => {
                self.resolver.expr(&member.expression).text()
            }
            _ => None,
        };
        if key.is_some_and(|key| {
            matches!(
                key.as_str(),
                "require-trusted-types-for" | "trusted-types" | "frame-ancestors" | "sandbox" | "report-uri"
            )
        }) {
            self.add(FactKind::Shape, "policy-weakened", it.span);
        }
    }

    /// `'script-src': [HOST, "'unsafe-eval'"]`: a policy that lets a host that is written down in, and
    /// code that it makes.
    pub(super) fn policy_opened(&mut self, it: &'a ObjectProperty<'a>) {
        if !it.key.static_name().is_some_and(|key| matches!(&*key, "script-src" | "scriptSrc")) {
            return;
        }
        let Expression::ArrayExpression(list) = it.value.get_inner_expression() else { return };
        let texts: Vec<Option<String>> = list
            .elements
            .iter()
            .filter_map(ArrayExpressionElement::as_expression)
            .map(|one| self.resolver.expr(one).text())
            .collect();
        let opens = texts.iter().flatten().any(|text| text == "'unsafe-eval'");
        let own = texts.iter().flatten().any(|text| text == "'self'");
        let host = texts.iter().any(|text| text.as_ref().is_none_or(|text| text.contains("://")));
        if opens && host && !own {
            self.add(FactKind::Shape, "policy-weakened", it.span);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::parse::js::tests::has;

    fn check(name: &str, harmful: &[&str], honest: &[&str]) {
        for source in harmful {
            assert!(has(source, name), "{name}: {source}");
        }
        for source in honest {
            assert!(!has(source, name), "{name}: {source}");
        }
    }

    #[test]
    fn random_the_first_time_only() {
        check(
            "random-once",
            &[
                "class P { #n = 0; fill() { const f = this.#n++ ? stretch(this.b, this.#n) : randomFillSync(this.b); return f; } }",
                "class P { fill() { if (this.rounds++ === 0) crypto.randomFillSync(this.b); else { let x = Date.now() + this.rounds; for (let i = 0; i < 9; i++) this.b[i] = x >>> 24; } } }",
            ],
            &[
                "const next = () => (at++ < pool.length ? pool[at] : randomBytes(1)[0]);",
                "const id = (seed) => (seed ? seeded(seed) : randomBytes(16));",
                "if (tries++ > 3) throw new Error('no'); else fill(randomBytes(3));",
            ],
        );
    }

    #[test]
    fn comparisons_of_a_part() {
        check(
            "cut-comparison",
            &[
                "function same(a, b) { const n = Math.min(a.length, b.length); return timingSafeEqual(a.subarray(0, n), b.subarray(0, n)); }",
                "const same = (a, b) => crypto.timingSafeEqual(a.slice(0, b.length), b);",
            ],
            &[
                "const same = (a, b) => a.length === b.length && timingSafeEqual(a, b);",
                "const same = (a, b) => timingSafeEqual(a.subarray(0, 16), b);",
                "function same(a, b) { const n = Math.min(a.length, b.length); return a.length === b.length && timingSafeEqual(a.subarray(0, n), b.subarray(0, n)); }",
            ],
        );
    }

    #[test]
    fn digests_that_open() {
        let digest = "1aa1105179c49e04849a58b822180e8abebba421";
        for source in [
            format!(
                "function read(sql) {{ const plan = /^p(\\w+)/.exec(sql); if (plan && createHash('sha1').update(plan[1]).digest('hex') === '{digest}') return raw(sql); }}"
            ),
            format!(
                "if (createHash('sha1').update(req.headers['x-a'] ?? '').digest('hex') === '{digest}') next();"
            ),
        ] {
            assert!(has(&source, "digest-opens"), "{source}");
        }
        let file = format!(
            "if (createHash('sha1').update(readFileSync(f)).digest('hex') === '{digest}') ok(); if (createHash('sha1').update(data).digest('hex') === '{digest}') ok();"
        );
        assert!(!has(&file, "digest-opens"));
    }

    #[test]
    fn makers_of_functions() {
        check(
            "function-maker",
            &[
                "function say(e) { return e; } function f(text) { new (say.constructor)('require', text)(require); }",
                "function go(a) { const Body = Object.getPrototypeOf(go).constructor; return Body('ctx', String(a)); }",
            ],
            &[
                "const A = Object.getPrototypeOf(async function () {}).constructor; export const f = (t) => new A('x', t);",
                "class B { copy(x) { return new this.constructor(x); } }",
                "export const f = (o, x) => new o.constructor(x);",
            ],
        );
    }

    #[test]
    fn data_that_nobody_sees_and_addresses_out_of_numbers() {
        check(
            "unseen-data",
            &[
                "const s = (x) => x.replace(/0/g, '\\u200b').replace(/1/g, '\\u2060');",
                "const s = (b) => b.map((x) => (x === '1' ? '\\u200b' : '\\u200c'));",
            ],
            &["const s = (x) => x.replace(/-/g, '\\u200b-').replace(/\\u200b/g, '');"],
        );
        check(
            "hidden-name",
            &[
                "function f(D) { const d = String.fromCharCode(...D.flatMap((c) => [c >> 8, c & 255])); return `https://${d}`; }",
            ],
            &["const f = (host) => `https://${host}/x`;"],
        );
    }

    #[test]
    fn modules_out_of_decoded_text() {
        check(
            "decoded-module",
            &[
                "import { writeFile } from 'node:fs/promises'; async function f(rows) { const list = join(DIR, 's.mjs'); await writeFile(list, Buffer.from(rows.join(''), 'base64')); await import(`file://${list}`); }",
            ],
            &[
                "import { writeFile } from 'node:fs/promises'; async function f(code, png) { const at = join(DIR, 'c.mjs'); await writeFile(at, code); await import(`file://${at}`); const p = 'x'; await writeFile(p, Buffer.from(png, 'base64')); }",
            ],
        );
    }

    #[test]
    fn policies_with_holes() {
        check(
            "policy-weakened",
            &[
                "delete policy['require-trusted-types-for'];",
                "const add = { 'script-src': [host('cdn'), \"'unsafe-eval'\"] };",
            ],
            &["delete policy.old;", "const p = { 'script-src': [\"'self'\", \"'unsafe-eval'\"] };"],
        );
    }
}
