//! Prose: Markdown as blocks, blocks as sentences, and how each sentence is meant.
//!
//! In: the text of one file. Out: structure with exact byte ranges of that text. No I/O, and no
//! judgement of what a sentence asks for: that is the checks' work.

pub mod front;
mod html;
pub mod markdown;
mod reader;

pub use self::front::{Field, FrontMatter};
pub use self::markdown::{Block, BlockKind, Document, Heading, Link, Piece, parse};
