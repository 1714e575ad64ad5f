//! The js parser.

use super::Parsed;
use crate::model::Treatment;

/// Parses one file.
pub fn parse(path: &str, text: &str) -> Parsed {
    let _ = (path, text);
    Parsed::only(Treatment::Text)
}
