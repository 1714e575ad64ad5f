//! The reader of C, C++ and Objective-C, in which bindings and the libraries beside them are written: the
//! calls of each function with what they reach, and signs of harm that take more than one of them.
//!
//! It is light: tokens, no types, no headers, no branches. Libraries that come with a package open
//! connections and start programs for whoever calls them, so a capability is no finding.

mod api;
mod checks;
mod lex;
mod read;
#[cfg(test)]
mod tests;
mod units;

use super::rust::facts::{self, Ranges};
use super::{Parsed, text};
use crate::check::context;
use crate::model::Treatment;

/// Larger files are tables, amalgamations or generated; they are searched for texts only.
const LARGEST: usize = 12 << 20;

/// Whether a file with that ending is read here.
pub fn reads(ending: &str) -> bool {
    matches!(
        ending,
        "c" | "h" | "cc" | "cpp" | "cxx" | "c++" | "hh" | "hpp" | "hxx" | "m" | "mm" | "inl" | "ipp" | "tcc"
    )
}

/// Parses one file.
pub fn parse(path: &str, source: &str) -> Parsed {
    let mut parsed = Parsed::only(Treatment::Lexed("c".to_owned()));
    parsed.facts = text::literals(path, source);
    let (reaches, checks) = (api::may_reach(source), checks::may_have(source));
    if source.len() > LARGEST || !reaches && !checks {
        return parsed;
    }
    let lexed = lex::lex(source);
    let tokens = units::Tokens { source, lexed: &lexed };
    let units = units::units(tokens);
    let (mut raws, top_level) =
        if reaches { read::Reader::new(tokens, &units).read() } else { (Vec::new(), Vec::new()) };
    if checks {
        raws.extend(checks::facts(tokens, &units));
    }
    let ranges = Ranges { test_file: context::is_test_path(path), top_level, ..Ranges::default() };
    parsed.facts.extend(facts::finish(path, source, raws, &ranges));
    parsed.put_in_order();
    parsed
}
