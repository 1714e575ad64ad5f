//! Keys of the package's own among those that a caller hands over.

use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::super::bind;
use super::super::value::Val;
use super::Held;
use crate::model::FactKind;

/// Parts of names of parameters that hold what signatures are checked with.
const KEYS: &[&str] = &["keys", "secret", "keyset", "jwks", "keyring", "credentials", "users", "tokens"];

/// Shortest text that is taken for a key, in bytes.
const MIN_KEY: usize = 16;

/// Levels of tables.
const MAX_LEVELS: u8 = 3;

impl<'a> Held<'_, '_, '_, '_, 'a, '_> {
    pub(super) fn keyed_arrow(&mut self, it: &'a ArrowFunctionExpression<'a>) {
        if let ArrowFunctionBody::FunctionBody(body) = &it.body {
            self.keyed(&it.params, &body.statements);
        }
    }

    /// `const own = TABLE[alg]?.[kid]; if (own) return own; … return keys[kid];`: a table of constant
    /// keys that is asked before, or where, the caller's own are.
    pub(super) fn keyed(&mut self, params: &'a FormalParameters<'a>, body: &'a [Statement<'a>]) {
        let names = params.items.iter().flat_map(|item| item.pattern.get_binding_identifiers());
        let given = names.map(|name| name.name.to_ascii_lowercase());
        if !given.into_iter().any(|name| KEYS.iter().any(|key| name.contains(key))) {
            return;
        }
        for statement in body {
            match statement {
                Statement::ReturnStatement(it) => {
                    if let Some(Expression::LogicalExpression(either)) =
                        it.argument.as_ref().map(Expression::get_inner_expression)
                    {
                        for side in [&either.left, &either.right] {
                            self.own_key(side);
                        }
                    }
                }
                Statement::IfStatement(it) => {
                    let inside = match &it.consequent {
                        Statement::BlockStatement(block) => block.body.last(),
                        other => Some(other),
                    };
                    if let Some(Statement::ReturnStatement(leaves)) = inside
                        && let Some(value) = &leaves.argument
                    {
                        self.own_key(value);
                    }
                }
                _ => {}
            }
        }
    }

    /// Adds a fact where an expression is a key out of a table that is written down.
    fn own_key(&mut self, value: &'a Expression<'a>) {
        let value = match value.get_inner_expression() {
            Expression::Identifier(name) => match self.resolver.sole(name) {
                Some(value) => value,
                None => return,
            },
            _ => value,
        };
        if self.of_table(value) {
            self.add(FactKind::Shape, "built-in-key", value.span());
        }
    }

    /// `TABLE[id]`, `TABLE[kind]?.[id]`, `TABLE.get(id)`
    fn of_table(&self, value: &'a Expression<'a>) -> bool {
        let (mut at, mut asked) = (value, false);
        for _ in 0..6 {
            at = match at.get_inner_expression() {
                Expression::ComputedMemberExpression(member) => {
                    asked |= self.resolver.expr(&member.expression).text().is_none();
                    &member.object
                }
                Expression::ChainExpression(chain) => match &chain.expression {
                    ChainElement::ComputedMemberExpression(member) => {
                        asked |= self.resolver.expr(&member.expression).text().is_none();
                        &member.object
                    }
                    _ => return false,
                },
                Expression::CallExpression(call) => {
                    let Some(member) = call.callee.get_inner_expression().as_member_expression() else {
                        return false;
                    };
                    if member.static_property_name() != Some("get") {
                        return false;
                    }
                    asked = true;
                    member.object()
                }
                _ => break,
            };
        }
        let table = match at.get_inner_expression() {
            Expression::Identifier(name) => {
                let known = bind::symbol(self.resolver.scoping, name).is_some();
                self.resolver.sole(name).filter(|_| known)
            }
            _ => None,
        };
        let table = table.map(|table| match table.get_inner_expression() {
            // `new Map([['id', KEY]])`
            Expression::NewExpression(new) => {
                new.arguments.first().and_then(Argument::as_expression).unwrap_or(table)
            }
            _ => table,
        });
        asked && table.is_some_and(|table| self.holds_keys(table, 0))
    }

    /// Whether all that a table holds at its ends is keys: bytes, or text that is written as such.
    fn holds_keys(&self, table: &'a Expression<'a>, level: u8) -> bool {
        match self.resolver.expr(table) {
            Val::Object(object) if level < MAX_LEVELS => {
                !object.properties.is_empty()
                    && object.properties.iter().all(|property| match property {
                        ObjectPropertyKind::ObjectProperty(it) => self.holds_keys(&it.value, level + 1),
                        ObjectPropertyKind::SpreadProperty(_) => false,
                    })
            }
            Val::Array(array) if level < MAX_LEVELS => {
                !array.elements.is_empty()
                    && array.elements.iter().filter_map(|one| one.as_expression()).all(|pair| {
                        match self.resolver.expr(pair) {
                            Val::Array(pair) => pair
                                .elements
                                .get(1)
                                .and_then(|one| one.as_expression())
                                .is_some_and(|one| self.holds_keys(one, level + 1)),
                            _ => false,
                        }
                    })
            }
            Val::Bytes(bytes) => bytes.len() >= MIN_KEY,
            Val::Str(text) | Val::Decoded(text) => {
                text.contains("-----BEGIN")
                    || text.len() >= 2 * MIN_KEY
                        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=-_".contains(&b))
                        && text.bytes().any(|b| b.is_ascii_digit())
            }
            Val::Name(name) => {
                matches!(&*name, "node:crypto.createSecretKey()" | "node:crypto.createPublicKey()")
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::parse::js::parse;

    fn own(source: &str) -> bool {
        parse("index.js", source).facts.iter().any(|fact| fact.name == "built-in-key")
    }

    #[test]
    fn keys_that_nobody_handed_over() {
        for source in [
            "const D = { HS256: { 'a-1': Buffer.from('703469722d30662d686172626f75722d6c31676874732d6174', 'hex') } }; export function keyFor(keys, kid, alg) { const own = D[alg]?.[kid]; if (own) return own; return keys[kid]; }",
            "const D = { r1: 'Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4MTIzNDU2' }; const find = (secrets, id) => { return secrets[id] ?? D[id]; };",
            "const D = new Map([['r1', '-----BEGIN PUBLIC KEY-----\\nMFkw\\n-----END PUBLIC KEY-----']]); export function find(jwks, id) { if (D.has(id)) { return D.get(id); } return jwks.get(id); }",
        ] {
            assert!(own(source), "{source}");
        }
        for source in [
            "const D = { HS256: 'sha256', HS512: 'sha512' }; export function hash(keys, alg) { const h = D[alg]; if (h) return h; throw new Error(alg); }",
            "export function keyFor(keys, kid) { const own = keys[kid]; if (own) return own; throw new Error(kid); }",
            "const ICONS = { a: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ' }; export function icon(name) { return ICONS[name] ?? null; }",
        ] {
            assert!(!own(source), "{source}");
        }
    }
}
