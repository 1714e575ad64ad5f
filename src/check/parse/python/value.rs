//! What an expression comes to, as far as it can be known.

use std::rc::Rc;

use super::scope::{ClassId, FuncId};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Val {
    /// Not known.
    Unknown,
    /// Text, and whether an encoding was taken off to get it.
    Str(Rc<str>, bool),
    /// Bytes, likewise.
    Bytes(Rc<[u8]>, bool),
    /// A path object.
    Path(Rc<str>),
    /// A whole number.
    Int(i64),
    /// A truth value.
    Bool(bool),
    /// `None`.
    None,
    /// A list, tuple or set whose elements are known or not.
    List(Rc<Vec<Val>>),
    /// A dictionary.
    Dict(Rc<Vec<(Val, Val)>>),
    /// Something from outside the package, by its full name; `()` stands for a call's result.
    Name(Rc<str>),
    /// Something of another file of the package: path without ending, and the name in it.
    Local(Rc<str>, Rc<str>),
    /// A function of this file.
    Func(FuncId),
    /// A method with its `self`.
    Bound(FuncId),
    /// A class of this file.
    Class(ClassId),
    /// One of its instances.
    Instance(ClassId),
    /// A function with its first arguments given.
    Partial(Rc<(Val, Vec<Val>)>),
}

/// Longest name kept, in bytes.
const MAX_NAME: usize = 300;

impl Val {
    /// Plain text.
    pub fn text(text: impl Into<Rc<str>>) -> Self {
        Self::Str(text.into(), false)
    }

    /// A name from outside.
    pub fn name(name: impl Into<Rc<str>>) -> Self {
        let name = name.into();
        if name.len() > MAX_NAME { Self::Unknown } else { Self::Name(name) }
    }

    /// The text of a string or a path.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text, _) | Self::Path(text) => Some(text),
            _ => None,
        }
    }

    /// The name from outside.
    pub fn as_name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }

    /// The number.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Bool(truth) => Some(i64::from(*truth)),
            _ => None,
        }
    }

    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Whether an encoding was taken off.
    pub fn decoded(&self) -> bool {
        matches!(self, Self::Str(_, true) | Self::Bytes(_, true))
    }

    /// Whether it counts as true, where that is known.
    pub fn truth(&self) -> Option<bool> {
        Some(match self {
            Self::Str(text, _) => !text.is_empty(),
            Self::Bytes(bytes, _) => !bytes.is_empty(),
            Self::Int(number) => *number != 0,
            Self::Bool(truth) => *truth,
            Self::None => false,
            Self::List(elements) => !elements.is_empty(),
            Self::Dict(items) => !items.is_empty(),
            _ => return None,
        })
    }

    /// The constant as Python's `str` would show it.
    pub fn shown(&self) -> Option<String> {
        Some(match self {
            Self::Str(text, _) | Self::Path(text) => text.to_string(),
            Self::Bytes(bytes, _) => String::from_utf8(bytes.to_vec()).ok()?,
            Self::Int(number) => number.to_string(),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
            Self::None => "None".to_owned(),
            _ => return None,
        })
    }

    /// The elements of anything that can be gone through, at most `limit`.
    pub fn elements(&self, limit: usize) -> Option<Vec<Val>> {
        match self {
            Self::List(elements) => (elements.len() <= limit).then(|| elements.to_vec()),
            Self::Str(text, decoded) => {
                let mut buffer = [0; 4];
                let one = |c: char| Self::Str(Rc::from(&*c.encode_utf8(&mut buffer)), *decoded);
                (text.len() <= limit).then(|| text.chars().map(one).collect())
            }
            Self::Bytes(bytes, _) => {
                (bytes.len() <= limit).then(|| bytes.iter().map(|&byte| Self::Int(byte.into())).collect())
            }
            Self::Dict(items) => {
                (items.len() <= limit).then(|| items.iter().map(|(key, _)| key.clone()).collect())
            }
            _ => None,
        }
    }
}
