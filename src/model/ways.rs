//! What goes from where to where, in one file or one package, and in and out of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Span;

/// What happens to a value on its way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Mode {
    /// Nothing.
    #[default]
    Plain,
    /// It names a file, and what is in that file goes on.
    Opened,
    /// An encoding is taken off.
    Decoded,
    /// One entry of it is looked up by its name.
    Part,
}

/// Where a value comes from, as one file or package sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum From {
    /// A source: `env-all`, `secret-file`, `net`….
    Source(String),
    /// A parameter of a function of its own.
    Param(u32, u32),
    /// What a call of another's function gives; index into the calls.
    Result(u32),
}

/// Where it goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum To {
    /// A sink, by its name, with its place.
    Sink(String, Span),
    /// An argument of a call of another's function.
    Argument(u32, Argument),
    /// What a function of its own gives back.
    Return(u32),
}

/// Which argument.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Argument {
    /// By its place.
    At(u32),
    /// By its name.
    Named(String),
}

/// One way through a file or a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Way {
    /// Its start.
    pub from: From,
    /// What happens on it.
    pub mode: Mode,
    /// Its end.
    pub to: To,
    /// Places that it passes, in order.
    pub steps: Vec<Span>,
}

/// A name under which a package's dependants find one of its functions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Offer {
    /// Path of the file, without ending; empty for what is found under the package's own name.
    pub module: String,
    /// The function's name in it; one that starts with `=` is a value's.
    pub name: String,
    /// Which function, index into [`Interface::functions`].
    pub function: u32,
}

/// Something that a package calls of another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ask {
    /// The name under which the other is imported and that of the function (`left-pad`,
    /// `@scope/name/sub.send`, `requests.api.post`).
    pub name: String,
    /// The first file that calls it.
    pub file: Arc<str>,
}

/// What goes in and out of one package: what its functions give out that came from a source, which
/// of their parameters end in a sink, and what it hands to other packages or makes of what it got
/// from them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// What dependants can use, sorted.
    pub offers: Vec<Offer>,
    /// The names of each function's parameters.
    pub functions: Vec<Vec<String>>,
    /// What it calls of other packages, sorted.
    pub asks: Vec<Ask>,
    /// What goes where, sorted.
    pub ways: Vec<Way>,
}
