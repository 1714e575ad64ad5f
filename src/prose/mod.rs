//! Prose: Markdown as blocks, blocks as sentences, and how each sentence is meant.
//!
//! In: the text of one file. Out: structure with exact byte ranges of that text. No I/O, and no
//! judgement of what a sentence asks for: that is the checks' work.

pub mod clause;
pub mod fold;
pub mod frame;
pub mod front;
mod hidden;
mod html;
pub mod lexicon;
pub mod markdown;
pub mod polarity;
pub mod read;
mod reader;
pub mod sentence;
pub mod weigh;

pub use self::front::{Field, FrontMatter};
pub use self::markdown::{Block, BlockKind, Document, Heading, Link, Piece, parse};
pub use self::sentence::{Origin, Sentence};
