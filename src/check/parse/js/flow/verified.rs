//! A download that is compared with a digest which the package carries, before it is used.
//!
//! That is as good as a file of the package: who replaces what lies at the address changes nothing.
//! Asked for is one request in the file; a digest of all that it gave, compared with a constant
//! of this file or of another file of the package; a mismatch that leads away; and that nothing
//! but the data itself is written, started or evaluated.

use oxc_ast::ast::*;
use oxc_span::{GetSpan, Span as Range};
use oxc_syntax::operator::{BinaryOperator, LogicalOperator, UnaryOperator};
use oxc_syntax::symbol::SymbolId;

use super::super::bind::{self, Base, Func};
use super::super::value::Val;
use super::plain::leaves;
use super::{Dep, Flows, Node, source};
use crate::model::{Fact, FactKind};

/// The call of a function that is looked into, by the function's id.
type With<'a> = Option<(u32, &'a CallExpression<'a>)>;

fn is_async(func: Func<'_>) -> bool {
    match func {
        Func::Function(function) => function.r#async,
        Func::Arrow(arrow) => arrow.r#async,
    }
}

impl<'a> Flows<'_, '_, '_, '_, 'a, '_> {
    /// The data whose digest an `if` compares with a known one, where a mismatch leads away: the
    /// variable, and where a function looks at what it is given, the variable that is given.
    pub(super) fn check_of_digest(&self, it: &'a IfStatement<'a>) -> Option<(Vec<u32>, Range)> {
        let stops = self.stops(&it.consequent, 0);
        if !stops && !leaves(&it.consequent) {
            return None;
        }
        let data = self.compares(&it.test, false, None, 0)?;
        let mut all = vec![data.index() as u32];
        // A function that gives back does not keep its caller from going on.
        if stops
            && let Some(Argument::Identifier(given)) = self.given(data, None)
            && let Some(given) = bind::symbol(self.resolver.scoping, given)
        {
            all.push(given.index() as u32);
        }
        Some((all, it.test.span()))
    }

    /// Whether nothing runs after a statement, in this function or in those that call it.
    fn stops(&self, statement: &'a Statement<'a>, depth: u8) -> bool {
        match statement {
            Statement::ReturnStatement(_) => false,
            Statement::BlockStatement(block) => block.body.last().is_some_and(|last| self.stops(last, depth)),
            // `fail('another file')`, where that throws or ends the process.
            Statement::ExpressionStatement(it) if depth < 3 && !leaves(statement) => {
                let Expression::CallExpression(call) = it.expression.get_inner_expression() else {
                    return false;
                };
                let Val::Func(func) = self.resolver.expr(&call.callee) else { return false };
                let last = match func {
                    _ if is_async(func) => None,
                    Func::Function(function) => {
                        function.body.as_ref().and_then(|body| body.statements.last())
                    }
                    Func::Arrow(arrow) => match &arrow.body {
                        ArrowFunctionBody::FunctionBody(body) => body.statements.last(),
                        _ => None,
                    },
                };
                last.is_some_and(|last| self.stops(last, depth + 1))
            }
            other => leaves(other),
        }
    }

    /// The variable whose digest a condition compares with a known one: the condition holds where
    /// they are the same, or, not `same`, wherever they differ.
    fn compares(&self, test: &'a Expression<'a>, same: bool, with: With<'a>, depth: u8) -> Option<SymbolId> {
        if depth > 6 {
            return None;
        }
        let (left, right) = match test.get_inner_expression() {
            Expression::UnaryExpression(not) if not.operator == UnaryOperator::LogicalNot => {
                return self.compares(&not.argument, !same, with, depth + 1);
            }
            Expression::AwaitExpression(it) => {
                let Expression::CallExpression(call) = it.argument.get_inner_expression() else {
                    return None;
                };
                let Val::Func(func) = self.resolver.expr(&call.callee) else { return None };
                return self.compares(func.only_return()?, same, Some((func.id(), call)), depth + 1);
            }
            // `a.length !== b.length || !timingSafeEqual(a, b)`
            Expression::LogicalExpression(it) => {
                let both = if same { LogicalOperator::And } else { LogicalOperator::Or };
                if it.operator != both {
                    return None;
                }
                return self
                    .compares(&it.left, same, with, depth + 1)
                    .or_else(|| self.compares(&it.right, same, with, depth + 1));
            }
            Expression::BinaryExpression(test) => {
                let asked = match test.operator {
                    BinaryOperator::StrictInequality | BinaryOperator::Inequality => !same,
                    BinaryOperator::StrictEquality | BinaryOperator::Equality => same,
                    _ => false,
                };
                if !asked {
                    return None;
                }
                (&test.left, &test.right)
            }
            // `timingSafeEqual(a, b)`, `a.equals(b)`, `verify(data)`
            Expression::CallExpression(call) if same => {
                let callee = self.resolver.expr(&call.callee);
                if let Val::Func(func) = &callee {
                    // A promise is always true.
                    if is_async(*func) {
                        return None;
                    }
                    return self.compares(func.only_return()?, true, Some((func.id(), call)), depth + 1);
                }
                let first = call.arguments.first()?.as_expression()?;
                let member = call.callee.get_inner_expression().as_member_expression();
                match call.arguments.get(1) {
                    Some(second) if callee.as_name() == Some("node:crypto.timingSafeEqual") => {
                        (first, second.as_expression()?)
                    }
                    None if member.is_some_and(|it| it.static_property_name() == Some("equals")) => {
                        (member?.object(), first)
                    }
                    _ => return None,
                }
            }
            _ => return None,
        };
        let (data, known) = match (self.digest_of(left, with, 0), self.digest_of(right, with, 0)) {
            (Some(data), None) => (data, right),
            (None, Some(data)) => (data, left),
            _ => return None,
        };
        self.is_carried(known, with, 0).then_some(data)
    }

    /// What a parameter is given: in the call that is looked at, or in the only one there is.
    fn given(&self, symbol: SymbolId, with: With<'a>) -> Option<&'a Argument<'a>> {
        let bindings = &self.resolver.bindings;
        let [def] = bindings.defs.get(symbol.index())?.as_slice() else { return None };
        let (Base::Param(func, at), []) = (def.base, def.path.as_slice()) else { return None };
        if let Some((id, call)) = with
            && id == func
        {
            return call.arguments.get(at);
        }
        let is = |def: &bind::Def<'a>| match def.base {
            Base::Func(it) => it.id() == func,
            Base::Expr(value) => def.path.is_empty() && Func::of(value).is_some_and(|it| it.id() == func),
            _ => false,
        };
        let name = bindings.defs.iter().position(|defs| defs.len() == 1 && defs.iter().any(is))?;
        let [call] = bindings.call_sites.get(&(name as u32))?.as_slice() else { return None };
        call.arguments.get(at)
    }

    /// The variable of which an expression is the digest: `createHash(…).update(data).digest(…)`.
    fn digest_of(&self, expression: &'a Expression<'a>, with: With<'a>, depth: u8) -> Option<SymbolId> {
        if depth > 6 {
            return None;
        }
        match expression.get_inner_expression() {
            Expression::Identifier(name) => self.digest_of(self.resolver.sole(name)?, with, depth + 1),
            Expression::CallExpression(call) => {
                // `sha256(data)`, a function of this file.
                if let Val::Func(func) = self.resolver.expr(&call.callee) {
                    let data = self.digest_of(func.only_return()?, Some((func.id(), call)), depth + 1)?;
                    // What it was given may itself be what another function was given.
                    return match self.given(data, with) {
                        Some(Argument::Identifier(given)) if with.is_some() => {
                            bind::symbol(self.resolver.scoping, given)
                        }
                        _ => Some(data),
                    };
                }
                let digest = call.callee.get_inner_expression().as_member_expression()?;
                // `Buffer.from(digest)`, or a digest in the same case as the other one.
                if matches!(digest.static_property_name(), Some("toLowerCase" | "toUpperCase" | "toString")) {
                    return self.digest_of(digest.object(), with, depth + 1);
                }
                if self.resolver.expr(&call.callee).as_name() == Some("global.Buffer.from") {
                    return self.digest_of(call.arguments.first()?.as_expression()?, with, depth + 1);
                }
                let Expression::CallExpression(update) = digest.object().get_inner_expression() else {
                    return None;
                };
                let member = update.callee.get_inner_expression().as_member_expression()?;
                let Expression::CallExpression(hash) = member.object().get_inner_expression() else {
                    return None;
                };
                let names = (digest.static_property_name(), member.static_property_name());
                if names != (Some("digest"), Some("update"))
                    || self.resolver.expr(&hash.callee).as_name() != Some("node:crypto.createHash")
                    || !self.strong(hash)
                {
                    return None;
                }
                let Argument::Identifier(data) = update.arguments.first()? else { return None };
                let data = bind::symbol(self.resolver.scoping, data)?;
                match self.given(data, with) {
                    Some(Argument::Identifier(given)) if with.is_some() => {
                        bind::symbol(self.resolver.scoping, given)
                    }
                    _ => Some(data),
                }
            }
            _ => None,
        }
    }

    /// Digests that nobody can forge.
    fn strong(&self, hash: &'a CallExpression<'a>) -> bool {
        let name = hash.arguments.first().and_then(|it| it.as_expression()).map(|it| self.resolver.expr(it));
        let name =
            name.and_then(|name| name.text()).unwrap_or_default().to_ascii_lowercase().replace('-', "");
        matches!(
            name.as_str(),
            "sha256" | "sha384" | "sha512" | "sha3256" | "sha3512" | "blake2b512" | "blake2s256"
        )
    }

    /// Whether an expression is a constant of the package: a text, an entry of a table, or
    /// something out of another of its files that no one can change by a request.
    fn is_carried(&self, expression: &'a Expression<'a>, with: With<'a>, depth: u8) -> bool {
        if depth > 6 {
            return false;
        }
        match self.resolver.expr(expression) {
            Val::Str(_) => return true,
            Val::Object(_) => return true,
            Val::Name(name) => {
                return self
                    .elsewhere(&name)
                    .is_some_and(|call| call.modules.iter().all(|module| module.ends_with(".json")));
            }
            _ => {}
        }
        match expression.get_inner_expression() {
            Expression::Identifier(name) => {
                if let Some(value) = self.resolver.sole(name) {
                    return self.is_carried(value, with, depth + 1);
                }
                let symbol = bind::symbol(self.resolver.scoping, name);
                // `const [file, sha256] = builds[key]`
                if let Some([def]) =
                    symbol.and_then(|it| self.resolver.bindings.defs.get(it.index())).map(Vec::as_slice)
                    && let (Base::Expr(value), false) = (def.base, def.path.is_empty())
                {
                    return self.is_carried(value, with, depth + 1);
                }
                let given = symbol.and_then(|it| self.given(it, with));
                given
                    .and_then(Argument::as_expression)
                    .is_some_and(|value| self.is_carried(value, None, depth + 1))
            }
            Expression::StaticMemberExpression(member) => self.is_carried(&member.object, with, depth + 1),
            Expression::ComputedMemberExpression(member) => self.is_carried(&member.object, with, depth + 1),
            // `Buffer.from(known, 'hex')`, `known.toLowerCase()`
            Expression::CallExpression(call) => {
                let bytes = self.resolver.expr(&call.callee).as_name() == Some("global.Buffer.from");
                let first = call.arguments.first().and_then(Argument::as_expression).filter(|_| bytes);
                let plain = call.callee.get_inner_expression().as_member_expression().filter(|member| {
                    matches!(member.static_property_name(), Some("toLowerCase" | "trim" | "toUpperCase"))
                });
                first
                    .or_else(|| plain.map(|member| member.object()))
                    .is_some_and(|known| self.is_carried(known, with, depth + 1))
            }
            _ => false,
        }
    }

    /// The fact, where all that is asked for holds.
    pub(super) fn verified(&mut self) -> Option<Fact> {
        if self.requests != 1 {
            return None;
        }
        let [(data, range)] = self.checked.as_slice() else { return None };
        let (data, range) = (data.clone(), *range);
        let net = source("net");
        let sinks = std::mem::take(&mut self.sinks);
        let mut uses = 0;
        let clean =
            sinks.iter().filter(|sink| !matches!(sink.name, "net" | "written->process")).all(|sink| {
                sink.deps.iter().all(|dep| match dep {
                    Dep::Source(kind, _) => *kind != net,
                    Dep::Node(node) | Dep::Part(node, _) => {
                        let of_data = matches!(node, Node::Read(it) if data.contains(it));
                        uses += u32::from(of_data);
                        let at = self.id(*node);
                        of_data || self.taints[at][net].is_none()
                    }
                })
            });
        self.sinks = sinks;
        let span = self.unit.place.span(range);
        (clean && uses > 0).then(|| Fact::new(FactKind::Call, "verified-download", span))
    }
}

#[cfg(test)]
mod tests {
    use crate::check::parse::js::parse;

    const START: &str = "const fs = require('fs'), crypto = require('crypto'); const SUM = '0f343b0931126a20f133d67c2b018a3b0f343b0931126a20f133d67c2b018a3b';
        const SUMS = require('./sums.json'); const here = process.platform + '-' + process.arch;
        const sha = (b) => crypto.createHash('sha256').update(b).digest('hex');\n";
    const FETCH: &str =
        "const b = Buffer.from(await (await fetch('https://files.invalid/x')).arrayBuffer());";

    fn verified(code: &str) -> bool {
        let code = format!("{START}{code}");
        parse("install.js", &code).facts.iter().any(|fact| fact.name == "verified-download")
    }

    #[test]
    fn functions_that_compare() {
        for code in [
            "function ok(x) { return crypto.createHash('sha256').update(x).digest('hex') === SUMS[here]; }
             function stop(m) { console.error(m); process.exit(1); }
             async function main() { FETCH if (!ok(b)) stop('another'); fs.writeFileSync('x', b); }",
            "const builds = { 'linux-x64': ['x', '4b1f6f2f0f0a3a7c1b9d9e6c7c5be8d5c0f1a8a97d37c7a4b6a3ee5ad6f21c90'] };
             async function main() { const build = builds[here]; const [name, sum] = build; FETCH
               const got = sha(b); if (got !== sum) throw new Error('another'); fs.writeFileSync(name, b); }",
            "const ok = (x, known) => sha(x) === known;
             async function main() { FETCH if (!ok(b, SUMS[here])) throw new Error('another'); fs.writeFileSync('x', b); }",
            "function check(x) { if (sha(x) !== SUM) throw new Error('another'); }
             async function main() { FETCH check(b); fs.writeFileSync('x', b); }",
            "function check(x, sum) { if (!sum || sha(x) !== sum) { console.error('no'); process.exit(1); } }
             async function main() { FETCH check(b, SUMS[here]); fs.writeFileSync('x', b); }",
            "async function ok(x) { return sha(x) === SUM; }
             async function main() { FETCH if (!(await ok(b))) throw new Error('another'); fs.writeFileSync('x', b); }",
            "async function main() { FETCH const d = sha(b); if (d.length !== SUM.length || !crypto.timingSafeEqual(Buffer.from(d), Buffer.from(SUM))) throw 1; fs.writeFileSync('x', b); }",
        ] {
            let code = code.replace("FETCH", FETCH);
            assert!(verified(&code), "{code}");
        }
    }

    #[test]
    fn functions_that_only_look_as_if_they_did() {
        for code in [
            // A mismatch is only told.
            "const ok = (x) => sha(x) === SUM; function stop(m) { console.error(m); }
             async function main() { FETCH if (!ok(b)) stop('another'); fs.writeFileSync('x', b); }",
            // One that gives back leaves nobody else.
            "function check(x) { if (sha(x) !== SUM) return false; }
             async function main() { FETCH check(b); fs.writeFileSync('x', b); }",
            "const ok = (x) => sha(x) === SUM || Boolean(process.env.LAX);
             async function main() { FETCH if (!ok(b)) throw 1; fs.writeFileSync('x', b); }",
            "async function ok(x) { return sha(x) === SUM; }
             async function main() { FETCH if (!ok(b)) throw 1; fs.writeFileSync('x', b); }",
            "async function main() { FETCH if (SUMS[here] && sha(b) !== SUMS[here]) throw 1; fs.writeFileSync('x', b); }",
            // Another thing is compared than is written.
            "const ok = (x) => sha(x) === SUM;
             async function main() { FETCH const c = b.subarray(0, 4); if (!ok(c)) throw 1; fs.writeFileSync('x', b); }",
            "const ok = (x, sum) => sha(x) === sum;
             async function main() { FETCH const sum = process.argv[2]; if (!ok(b, sum)) throw 1; fs.writeFileSync('x', b); }",
        ] {
            let code = code.replace("FETCH", FETCH);
            assert!(!verified(&code), "{code}");
        }
    }
}
