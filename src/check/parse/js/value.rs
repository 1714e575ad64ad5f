//! What an expression is, as far as it can be known without running it.

use std::rc::Rc;

use oxc_ast::ast::{ArrayExpression, Expression, ObjectExpression, ObjectPropertyKind};

use super::bind::Func;

/// Longest folded string, in bytes. Longer ones stay unknown.
pub const MAX_STRING: usize = 1 << 20;

/// A value known before the code runs.
#[derive(Debug, Clone)]
pub enum Val<'a> {
    /// Nothing is known.
    Unknown,
    /// A string.
    Str(Rc<str>),
    /// A string that was encoded in the source (base64, hex, character codes, reversed).
    Decoded(Rc<str>),
    /// A number.
    Num(f64),
    /// A boolean, `null` or `undefined`, as text.
    Word(&'static str),
    /// A module, a global, or a member or result of one.
    Name(Rc<str>),
    /// An array in the source.
    Array(&'a ArrayExpression<'a>),
    /// A computed array.
    List(Rc<Vec<Val<'a>>>),
    /// An object in the source.
    Object(&'a ObjectExpression<'a>),
    /// A function in the source.
    Func(Func<'a>),
    /// A buffer with known bytes.
    Bytes(Rc<[u8]>),
}

impl<'a> Val<'a> {
    /// A string, unless it is too long.
    pub fn str(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.len() > MAX_STRING { Self::Unknown } else { Self::Str(text.into()) }
    }

    /// A string that was encoded.
    pub fn decoded(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.len() > MAX_STRING { Self::Unknown } else { Self::Decoded(text.into()) }
    }

    /// A name.
    pub fn name(name: impl AsRef<str>) -> Self {
        Self::Name(name.as_ref().into())
    }

    /// The text, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) | Self::Decoded(text) => Some(text),
            _ => None,
        }
    }

    /// The name, if it is one.
    pub fn as_name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }

    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// What `String(value)` gives, for constants.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Str(text) | Self::Decoded(text) => Some(text.to_string()),
            Self::Num(number) => Some(number_text(*number)),
            Self::Word(word) => Some((*word).to_owned()),
            _ => None,
        }
    }
}

/// A number as JavaScript prints it (the common forms).
pub fn number_text(number: f64) -> String {
    if number.is_finite() && number.fract() == 0.0 && number.abs() < 1e15 {
        format!("{}", number as i64)
    } else {
        format!("{number}")
    }
}

/// The first of some members that an object has.
pub fn member<'a>(object: &'a ObjectExpression<'a>, names: &[&str]) -> Option<&'a Expression<'a>> {
    object.properties.iter().find_map(|property| match property {
        ObjectPropertyKind::ObjectProperty(property)
            if property.key.static_name().is_some_and(|name| names.contains(&&*name)) =>
        {
            Some(&property.value)
        }
        _ => None,
    })
}
