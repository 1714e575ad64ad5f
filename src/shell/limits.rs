//! Limits of the analysis; each keeps a hostile script from costing more than its size is worth.

/// Longest text that is parsed, in bytes. What is longer is left to the tokenizer and said to be
/// so.
pub const MAX_TEXT: usize = 4 << 20;
/// Nesting of statements and substitutions.
pub const MAX_NESTING: usize = 100;
/// Calls back of the parser for each 100 bytes, and the number that any text may use. Real
/// scripts need one for each 100 bytes.
pub const PARSE_STEPS: usize = 40;
/// See [`PARSE_STEPS`].
pub const PARSE_STEPS_LEAST: usize = 2_000;
/// Scripts within scripts that are followed.
pub const MAX_SCRIPTS: u8 = 5;
/// Functions within functions that are followed.
pub const MAX_CALLS: usize = 12;
/// Statements that one text may cost, those of called functions counted each time.
pub const MAX_STATEMENTS: usize = 200_000;
/// Values of a loop that are tried one by one.
pub const MAX_ROUNDS: usize = 8;
/// Longest folded text, in bytes.
pub const MAX_FOLDED: usize = 64 << 10;
/// Fields that one word may give.
pub const MAX_FIELDS: usize = 256;
/// Sources that one value remembers.
pub const MAX_SOURCES: usize = 8;
/// Commands and flows that one text may give.
pub const MAX_FOUND: usize = 50_000;
