//! TOML as a tree of the same form, so that a configuration is read alike in either.

use std::borrow::Cow;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{ByteRange, JsonError, Node, Value};
use crate::model::LineIndex;

/// Reads a TOML document. Tables are objects; dates and numbers are as they are written.
///
/// # Errors
/// Where it is not TOML, with the place.
pub fn parse(text: &str) -> Result<Node<'_>, JsonError> {
    let root = DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        let span = LineIndex::new("", text).span(offset, offset);
        let message = error.message().to_owned();
        JsonError { message, line: span.line, column: span.column, offset }
    })?;
    Ok(Node { value: table(text, root.get_ref()), range: 0..text.len() })
}

fn table<'a>(text: &'a str, table: &DeTable<'a>) -> Value<'a> {
    let member = |(key, value): (&Spanned<Cow<'a, str>>, &Spanned<DeValue<'a>>)| {
        (key.get_ref().clone(), key.span(), node(text, value))
    };
    let mut members: Vec<(Cow<'a, str>, ByteRange, Node<'a>)> = table.iter().map(member).collect();
    // In the order of the text, as in JSON.
    members.sort_by_key(|(_, range, _)| range.start);
    Value::Object(members)
}

fn node<'a>(text: &'a str, value: &Spanned<DeValue<'a>>) -> Node<'a> {
    let range = value.span();
    let written = text.get(range.clone()).unwrap_or("");
    let value = match value.get_ref() {
        DeValue::String(text) => Value::String(text.clone()),
        DeValue::Boolean(it) => Value::Bool(*it),
        DeValue::Integer(_) | DeValue::Float(_) => Value::Number(written),
        DeValue::Datetime(_) => Value::String(written.into()),
        DeValue::Array(items) => Value::Array(items.iter().map(|item| node(text, item)).collect()),
        DeValue::Table(inner) => table(text, inner),
    };
    Node { value, range }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_objects_with_places() {
        let text = "a = \"x\"\n[b.c]\nd = [1, true]\ne = 1979-05-27\n";
        let root = parse(text).unwrap();
        assert_eq!(root.get("a").and_then(Node::as_str), Some("x"));
        let inner = root.get("b").and_then(|b| b.get("c")).unwrap();
        assert_eq!(inner.get("d").unwrap().elements()[1].as_bool(), Some(true));
        assert_eq!(inner.get("e").and_then(Node::as_str), Some("1979-05-27"));
        assert_eq!(&text[root.get("a").unwrap().range.clone()], "\"x\"");
        let wrong = parse("a = 1\nb = ").unwrap_err();
        assert_eq!(wrong.line, 2);
        assert!(parse(&format!("a = {}", "[".repeat(100_000))).is_err());
    }
}
