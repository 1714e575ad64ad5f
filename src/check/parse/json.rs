//! JSON: whether a file is valid, without recursion whatever its depth.

use serde::de::IgnoredAny;

use crate::model::Treatment;

/// Parsed where it is JSON; else (comments, several documents, damage) text.
pub fn treatment(source: &str) -> Treatment {
    // `IgnoredAny` is skipped over iteratively, so that depth costs no stack.
    match serde_json::from_str::<IgnoredAny>(source.trim_start_matches('\u{feff}')) {
        Ok(_) => Treatment::Parsed("json".to_owned()),
        Err(_) => Treatment::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_costs_no_stack() {
        let deep = "[".repeat(200_000) + &"]".repeat(200_000);
        assert_eq!(treatment(&deep), Treatment::Parsed("json".to_owned()));
        assert_eq!(treatment("{ // tsconfig\n}"), Treatment::Text);
    }
}
