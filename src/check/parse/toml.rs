//! TOML: whether a file is valid. The library's own depth limit holds.

use crate::model::Treatment;

/// Parsed where it is TOML; else text.
pub fn treatment(source: &str) -> Treatment {
    match ::toml::de::DeTable::parse(source) {
        Ok(_) => Treatment::Parsed("toml".to_owned()),
        Err(_) => Treatment::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_no_crash() {
        assert_eq!(treatment("a = 1"), Treatment::Parsed("toml".to_owned()));
        assert_eq!(treatment(&format!("a = {}", "[".repeat(100_000))), Treatment::Text);
    }
}
