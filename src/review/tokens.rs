//! How many tokens a text has.
//!
//! Counted with OpenAI's `o200k_base` (crate `bpe-openai`, linear in the text whatever the text
//! is). Other models cut text otherwise: for English and code their counts are within a fifth of
//! this one, so limits leave that much room.

/// Tokens of `text`.
pub fn count(text: &str) -> usize {
    bpe_openai::o200k_base().count(text)
}
