//! Mail addresses that are written down and get into the blind copies of a message.

use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::{Dep, Flows};

/// The field of a message that only the sender sees.
pub(super) const SINK: &str = "blind-copy";

/// Whether a text speaks of blind copies at all.
pub(super) fn speaks_of_copies(text: &str) -> bool {
    [&b"bcc"[..], b"Bcc", b"BCC"].iter().any(|word| memchr::memmem::find(text.as_bytes(), word).is_some())
}

/// Whether a text is a mail address and nothing else; those of examples are no one's.
pub(in crate::check::parse::js) fn is_address(text: &str) -> bool {
    let Some((user, host)) = text.trim().rsplit_once('@') else { return false };
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._+-%".contains(&b));
    let example = ["example.com", "example.org", "example.net"];
    (1..=64).contains(&user.len())
        && (4..=200).contains(&host.len())
        && plain(user)
        && plain(host)
        && host.rsplit_once('.').is_some_and(|(name, end)| {
            !name.is_empty() && end.len() >= 2 && end.bytes().all(|b| b.is_ascii_alphabetic())
        })
        && !example.iter().any(|known| host.eq_ignore_ascii_case(known))
}

/// Whether a field of that name is for blind copies.
fn is_copy(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| !matches!(c, '_' | '-')).collect();
    ["bcc", "bccaddresses", "bccaddress", "bccrecipients", "bcclist"]
        .iter()
        .any(|known| plain.eq_ignore_ascii_case(known))
}

impl<'a> Flows<'_, '_, '_, '_, 'a, '_> {
    fn copy(&mut self, range: oxc_span::Span, deps: Vec<Dep<'a>>) {
        self.sink_of(SINK, range, deps, Some("address"), None);
    }

    /// `{ bcc: copies }`
    pub(super) fn copy_field(&mut self, property: &'a ObjectProperty<'a>) {
        if self.mails && property.key.static_name().is_some_and(|name| is_copy(&name)) {
            let deps = self.deps(&property.value);
            self.copy(property.span, deps);
        }
    }

    /// `message.bcc = copies`
    pub(super) fn copy_set(&mut self, it: &'a AssignmentExpression<'a>) {
        let name = match &it.left {
            AssignmentTarget::StaticMemberExpression(member) => member.property.name.as_str(),
            AssignmentTarget::ComputedMemberExpression(member) => match &member.expression {
                Expression::StringLiteral(name) => name.value.as_str(),
                _ => return,
            },
            _ => return,
        };
        if self.mails && is_copy(name) {
            let deps = self.deps(&it.right);
            self.copy(it.right.span(), deps);
        }
    }

    /// `message.bcc.push(copy)`, `message.addBcc(copy)`, `headers.set('Bcc', copy)`
    pub(super) fn copied(
        &mut self,
        member: &'a MemberExpression<'a>,
        method: &str,
        call: &'a CallExpression<'a>,
    ) {
        if !self.mails {
            return;
        }
        let from = match method {
            "push" | "unshift" | "add" => {
                let field = member.object().get_inner_expression().as_member_expression();
                let field = field.and_then(MemberExpression::static_property_name);
                field.filter(|name| is_copy(name)).map(|_| 0)
            }
            "bcc" | "addBcc" | "setBcc" => Some(0),
            "append" | "set" | "setHeader" | "header" | "addHeader" => match call.arguments.first() {
                Some(Argument::StringLiteral(name)) if is_copy(&name.value) => Some(1),
                _ => None,
            },
            _ => None,
        };
        let Some(from) = from else { return };
        let mut deps = Vec::new();
        self.arguments(call.arguments.get(from..).unwrap_or(&[]), 0, &mut deps);
        self.copy(call.span, deps);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_fields() {
        assert!(is_address("copy@mail.invalid") && is_address("a.b+c@x-y.invalid"));
        for text in
            ["@scope/name", "a@b", "you@example.com", "Kim <kim@mail.invalid>", "a b@c.invalid", "x@1.2"]
        {
            assert!(!is_address(text), "{text}");
        }
        assert!(is_copy("Bcc") && is_copy("bcc_recipients") && !is_copy("cc") && !is_copy("replyTo"));
    }
}
