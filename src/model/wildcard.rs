//! Patterns in which `*` stands for any run of characters.

/// Matches `*` against any run of characters, in time linear in both for each `*`.
pub fn wildcard(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_run() {
        assert!(wildcard("windows*", "windows_x86_64_gnu"));
        assert!(wildcard("a*b*c", "axxbyyc") && wildcard("*", "") && wildcard("a*a", "aa"));
        assert!(!wildcard("a*a", "a") && !wildcard("win", "windows") && !wildcard("*x", "y"));
    }

    #[test]
    fn purls() {
        assert!(wildcard("pkg:npm/*", "pkg:npm/a@1") && wildcard("*", "") && wildcard("a*b*c", "axbyc"));
        assert!(wildcard("pkg:npm/a@1", "pkg:npm/a@1") && !wildcard("pkg:npm/a", "pkg:npm/a@1"));
        assert!(!wildcard("a*a", "a") && !wildcard("pkg:cargo/*", "pkg:npm/a@1"));
    }
}
