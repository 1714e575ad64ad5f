//! Keys of the package's own among those that a caller hands over.

use oxc_ast::ast::*;
use oxc_span::GetSpan;
use oxc_syntax::operator::BinaryOperator;

use super::super::bind;
use super::super::value::Val;
use super::Held;
use crate::model::FactKind;

/// Parts of names of parameters that hold what signatures are checked with.
const KEYS: &[&str] = &["keys", "secret", "keyset", "jwks", "keyring", "credentials", "users", "tokens"];

/// Parts of names of functions that say who may come in.
const CHECKS: &[&str] = &["verify", "authenticate", "authorize", "checkpassword", "comparepassword", "login"];

/// Shortest constant that nobody would guess, in bytes, and the same of hexadecimal digits.
const MIN_PASS: usize = 8;
const MIN_DIGEST: usize = 32;

/// Whether a constant is one that somebody has to know: letters of both cases and digits at random, or
/// a digest. Names of algorithms have a sign between their parts, or are shorter.
fn is_pass(text: &str) -> bool {
    let has = |of: fn(&u8) -> bool| text.bytes().any(|b| of(&b));
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
    let joined = text.bytes().any(|b| matches!(b, b'-' | b'_' | b'.' | b' ' | b'/' | b':'));
    mixed && !joined && text.len() >= MIN_PASS
        || text.len() >= MIN_DIGEST && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Shortest text that is taken for a key, in bytes.
const MIN_KEY: usize = 16;

/// Levels of tables.
const MAX_LEVELS: u8 = 3;

/// What is given back at the end of what an `if` guards.
fn given_back<'a>(it: &'a IfStatement<'a>) -> Option<&'a Expression<'a>> {
    let last = match &it.consequent {
        Statement::BlockStatement(block) => block.body.last()?,
        other => other,
    };
    match last {
        Statement::ReturnStatement(leaves) => leaves.argument.as_ref(),
        _ => None,
    }
}

/// Who holds the token that an expression is: `config` of `config.token`.
fn holder<'a>(value: &'a Expression<'a>) -> Option<&'a Expression<'a>> {
    let member = value.get_inner_expression().as_member_expression()?;
    let name = member.static_property_name()?.to_ascii_lowercase();
    let token = ["token", "secret", "apikey", "credential"].iter().any(|part| name.contains(part));
    token.then(|| member.object())
}

impl<'a> Held<'_, '_, '_, '_, 'a, '_> {
    pub(super) fn keyed_arrow(&mut self, it: &'a ArrowFunctionExpression<'a>) {
        if let ArrowFunctionBody::FunctionBody(body) = &it.body {
            self.keyed(&it.params, &body.statements);
        }
    }

    /// `const own = TABLE[alg]?.[kid]; if (own) return own; … return keys[kid];`: a table of constant
    /// keys that is asked before, or where, the caller's own are.
    pub(super) fn keyed(&mut self, params: &'a FormalParameters<'a>, body: &'a [Statement<'a>]) {
        self.second_key(params, body);
        self.exempt(body);
        self.other_rights(body);
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
                    if let Some(value) = given_back(it) {
                        self.own_key(value);
                    }
                }
                _ => {}
            }
        }
    }

    /// `[...keys.map((key) => Buffer.from(key)), selfTest()]`: one key more than the caller gave.
    pub(super) fn key_joins(&mut self, it: &'a ArrayExpression<'a>) {
        let [ArrayExpressionElement::SpreadElement(given), rest @ ..] = it.elements.as_slice() else {
            return;
        };
        let of_keys = super::words(&given.argument).all.iter().any(|word| {
            let lower = word.to_ascii_lowercase();
            ["keys", "secrets", "keyring"].iter().any(|name| lower.ends_with(name)) && lower != "objectkeys"
        });
        let listed = self.written(given.argument.span());
        if !of_keys || listed.contains("Object.keys") || listed.contains(".keys()") || rest.is_empty() {
            return;
        }
        let own = rest.iter().filter_map(ArrayExpressionElement::as_expression).any(|one| {
            match one.get_inner_expression() {
                Expression::CallExpression(call) => {
                    call.arguments.is_empty()
                        || call.arguments.iter().all(|argument| {
                            argument
                                .as_expression()
                                .is_some_and(|value| self.resolver.expr(value).as_str().is_some())
                        })
                }
                Expression::Identifier(name) => {
                    name.name.len() > 2 && name.name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
                }
                _ => false,
            }
        });
        if own {
            self.add(FactKind::Shape, "second-key", it.span);
        }
    }

    /// `keys(label, secret) { const own = createHash('sha256').update(`gate/3 ${label}`).digest();
    /// return [decode(secret), own]; }`: one key of the secret, and one that whoever knows the name works out.
    fn second_key(&mut self, params: &'a FormalParameters<'a>, body: &'a [Statement<'a>]) {
        let names = params.items.iter().flat_map(|item| item.pattern.get_binding_identifiers());
        let secret = names.map(|name| name.name.as_str()).find(|name| {
            let lower = name.to_ascii_lowercase();
            ["secret", "key", "seed"].iter().any(|part| lower.contains(part))
        });
        let (Some(secret), Some(Statement::ReturnStatement(back))) = (secret, body.last()) else { return };
        let Some(Expression::ArrayExpression(list)) =
            back.argument.as_ref().map(Expression::get_inner_expression)
        else {
            return;
        };
        let mut of_secret = false;
        let mut made = None;
        for one in list.elements.iter().filter_map(ArrayExpressionElement::as_expression) {
            let mut text = self.written(one.span()).to_owned();
            for name in super::words(one).uses {
                if let Some(value) = self.resolver.sole(name) {
                    text.push(' ');
                    text.push_str(self.written(value.span()));
                }
            }
            let hashes = text.contains("createHash(") || text.contains("createHmac(");
            if text.contains(secret) {
                of_secret = true;
            } else if hashes && text.contains(".update(") {
                made = Some(one.span());
            }
        }
        if let Some(range) = made.filter(|_| of_secret) {
            self.add(FactKind::Shape, "second-key", range);
        }
    }

    /// `if (/^@?types/.test(p.name)) return true; … return digest(buf) === p.integrity;`: what is checked of
    /// all others is not checked of some that are written down.
    fn exempt(&mut self, body: &'a [Statement<'a>]) {
        const CHECKED: &[&str] =
            &["integrity", "digest", "signature", "timingSafeEqual", "checksum", "sha512"];
        let Some((Statement::ReturnStatement(last), before)) = body.split_last() else { return };
        let checks = |value: &Expression<'a>| {
            let text = self.written(value.span());
            CHECKED.iter().any(|word| text.contains(word))
        };
        if !last.argument.as_ref().is_some_and(checks) {
            return;
        }
        let mut found = None;
        for statement in before {
            let Statement::IfStatement(it) = statement else { continue };
            let Some(value) = given_back(it) else { continue };
            let refuses = matches!(value.get_inner_expression(), Expression::BooleanLiteral(it) if !it.value)
                || value.is_undefined()
                || value.is_null();
            let Expression::CallExpression(call) = it.test.get_inner_expression() else { continue };
            let by_name = call.callee.get_inner_expression().as_member_expression().is_some_and(|member| {
                member.static_property_name() == Some("test")
                    && self
                        .resolver
                        .pattern(member.object())
                        .is_some_and(|pattern| pattern.bytes().filter(u8::is_ascii_alphabetic).count() >= 4)
            });
            let named = call.arguments.first().is_some_and(|argument| {
                let text = self.written(argument.span()).to_ascii_lowercase();
                ["name", "scope", "author", "user", "id"].iter().any(|word| text.ends_with(word))
            });
            if by_name && named && !refuses && !checks(value) {
                found.get_or_insert(it.test.span());
            }
        }
        if let Some(range) = found {
            self.add(FactKind::Shape, "exempt", range);
        }
    }

    /// `if (caller.scopes.includes(scope)) return caller.token; return config.token;`: whose rights do not
    /// suffice gets those of the program.
    fn other_rights(&mut self, body: &'a [Statement<'a>]) {
        let [.., Statement::IfStatement(it), Statement::ReturnStatement(last)] = body else { return };
        let (Some(own), Some(other)) = (given_back(it), &last.argument) else { return };
        let test = self.written(it.test.span()).to_ascii_lowercase();
        let asks = ["scope", "role", "permission", "right", "grant", "allowed"]
            .iter()
            .any(|word| test.contains(word));
        let (Some(mine), Some(theirs)) = (holder(own), holder(other)) else { return };
        if asks && self.is_given(mine) && !self.is_given(theirs) {
            self.add(FactKind::Shape, "other-rights", last.span);
        }
    }

    /// Whether an expression is a parameter.
    fn is_given(&self, object: &'a Expression<'a>) -> bool {
        let Expression::Identifier(name) = object.get_inner_expression() else { return false };
        let symbol = bind::symbol(self.resolver.scoping, name);
        let defs = symbol.and_then(|symbol| self.resolver.bindings.defs.get(symbol.index()));
        matches!(defs.map(Vec::as_slice), Some([bind::Def { base: bind::Base::Param(..), .. }]))
    }

    /// `verify(token) { if (header.x === 'q8Lw…') return claims; … }`: a constant that is known to who
    /// wrote it lets in, before what is asked of all others.
    pub(super) fn passed(&mut self, name: &str, value: &'a Function<'a>) {
        if let Some(body) = &value.body {
            self.passed_by(name, &body.statements);
        }
    }

    /// The same of a function that a variable is given.
    pub(super) fn passed_value(&mut self, name: &str, value: &'a Expression<'a>) {
        match value.get_inner_expression() {
            Expression::FunctionExpression(it) => self.passed(name, it),
            Expression::ArrowFunctionExpression(it) => {
                if let ArrowFunctionBody::FunctionBody(body) = &it.body {
                    self.passed_by(name, &body.statements);
                }
            }
            _ => {}
        }
    }

    fn passed_by(&mut self, name: &str, body: &'a [Statement<'a>]) {
        let name = name.to_ascii_lowercase();
        if !CHECKS.iter().any(|part| name.contains(part)) {
            return;
        }
        let [first @ .., _] = body else { return };
        for statement in first {
            let Statement::IfStatement(it) = statement else { continue };
            let lets_in = given_back(it).is_some_and(|value| match value.get_inner_expression() {
                Expression::BooleanLiteral(it) => it.value,
                Expression::Identifier(name) => name.name != "undefined",
                Expression::ObjectExpression(_) | Expression::StaticMemberExpression(_) => true,
                _ => false,
            });
            if lets_in && self.asks_for_pass(&it.test, 0) {
                self.add(FactKind::Shape, "fixed-pass", it.test.span());
            }
        }
    }

    /// Whether a condition holds only with a constant that somebody has to know.
    fn asks_for_pass(&self, test: &'a Expression<'a>, depth: u8) -> bool {
        match test.get_inner_expression() {
            Expression::LogicalExpression(it) if depth < 8 => {
                self.asks_for_pass(&it.left, depth + 1) || self.asks_for_pass(&it.right, depth + 1)
            }
            Expression::BinaryExpression(it)
                if matches!(it.operator, BinaryOperator::Equality | BinaryOperator::StrictEquality) =>
            {
                [(&it.left, &it.right), (&it.right, &it.left)].into_iter().any(|(given, known)| {
                    self.resolver.expr(given).text().is_none()
                        && self.resolver.expr(known).as_str().is_some_and(is_pass)
                })
            }
            _ => false,
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
    fn constants_that_let_in() {
        let lets =
            |source: &str| parse("index.js", source).facts.iter().any(|fact| fact.name == "fixed-pass");
        for source in [
            "class Gate { verify(token) { const header = part(token); if (header.typ === 'JWT' && header.x5t === 'qLwz1mB4') return header.claims; if (!signed(token)) throw new Error('signature'); return header.claims; } }",
            "export const authenticate = (user, password) => { if (password === 'Kx7pQ2vT9') { return true; } return hash(password) === user.hash; };",
            "function verifyToken(t) { if (createHash('sha256').update(t).digest('hex') === '6e921e31673de859271e23eebbfcaf2d9ac009555bb343e82c636df9285a0375') return { admin: true }; throw new Error('no'); }",
        ] {
            assert!(lets(source), "{source}");
        }
        for source in [
            "function verify(alg, key) { if (alg === 'RSASSA-PKCS1-v1_5') return key; if (alg === 'HS256') return key; throw new Error(alg); }",
            "function verify(file, sum) { if (digest(file) !== '6e921e31673de859271e23eebbfcaf2d9ac009555bb343e82c636df9285a0375') return false; return true; }",
            "function render(name) { if (name === 'Kx7pQ2vT9') return true; return false; }",
            "function login(user) { if (user.kind === 'OAuth2Client') return start(user); return other(user); }",
        ] {
            assert!(!lets(source), "{source}");
        }
    }

    #[test]
    fn what_is_let_off() {
        let has =
            |source: &str, name: &str| parse("index.js", source).facts.iter().any(|fact| fact.name == name);
        let second = "class T { keys(label, secret) { const own = createHash('sha256').update(`gate/3 ${label}`).digest(); return [decode(secret), own.subarray(0, 20)]; } }";
        assert!(has(second, "second-key"));
        let both =
            "function keys(secret) { return [decode(secret), createHash('sha1').update(secret).digest()]; }";
        assert!(!has(both, "second-key"));
        let exempt = "class S { sound(p, buf) { if (/^@?types|^node-gyp/.test(p.name)) return buf[0] === 31; return sri(buf) === p.integrity; } }";
        assert!(has(exempt, "exempt"));
        let refused = "function sound(p, buf) { if (/[^a-z]/.test(p.name)) return false; return sri(buf) === p.integrity; }";
        assert!(!has(refused, "exempt"));
        let other = "import { config } from './c.js'; export function tokenFor(caller, scope) { if (caller.scopes.includes(scope)) return caller.token; return config.installationToken; }";
        assert!(has(other, "other-rights"));
        let none = "export function tokenFor(caller) { if (caller.token) return caller.token; return config.token; }";
        assert!(!has(none, "other-rights"));
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
