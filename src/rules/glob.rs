//! Patterns for names and paths: `*` alone, because rules should read like what they match.

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    /// The text between the stars.
    parts: Vec<String>,
    /// Whether a single star stops at `/` (paths) or runs over everything (names).
    path: bool,
    /// Whether only the last part of a path is compared (a path pattern without `/`).
    base_only: bool,
}

/// Two stars in a path pattern, as one character that no path holds.
const ANY_DEPTH: char = '\0';

impl Glob {
    /// A pattern for fact names: `*` is any run of characters.
    pub fn name(pattern: &str) -> Self {
        Self { parts: pattern.split('*').map(str::to_owned).collect(), path: false, base_only: false }
    }

    /// A pattern for paths: `*` stops at `/`, `**` does not; without any `/` it is compared
    /// with the file's own name.
    pub fn path(pattern: &str) -> Self {
        let base_only = !pattern.contains('/');
        let marked = pattern.replace("**/", "\0*").replace("**", "\0*");
        let mut parts: Vec<String> = Vec::new();
        for part in marked.split('*') {
            parts.push(part.to_owned());
        }
        Self { parts, path: true, base_only }
    }

    /// What every match starts with.
    pub fn prefix(&self) -> &str {
        self.parts.first().map_or("", |part| part.trim_end_matches(ANY_DEPTH))
    }

    /// Whether it has no star: then it matches its own text only.
    pub fn is_literal(&self) -> bool {
        self.parts.len() == 1
    }

    /// Whether the whole of `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        let text = if self.base_only { text.rsplit('/').next().unwrap_or(text) } else { text };
        self.from(0, text)
    }

    /// Matches `parts[at..]` at the start of `text`. Depth is the number of stars in a rule file.
    fn from(&self, at: usize, text: &str) -> bool {
        let part = &self.parts[at];
        let deep = part.ends_with(ANY_DEPTH);
        let Some(rest) = text.strip_prefix(part.trim_end_matches(ANY_DEPTH)) else { return false };
        if at + 1 == self.parts.len() {
            return rest.is_empty();
        }
        let stop = if self.path && !deep { rest.find('/').unwrap_or(rest.len()) } else { rest.len() };
        rest.char_indices()
            .map(|(skip, _)| skip)
            .chain([rest.len()])
            .take_while(|&skip| skip <= stop)
            .any(|skip| self.from(at + 1, &rest[skip..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names() {
        let glob = Glob::name("node:child_process.*");
        assert!(glob.matches("node:child_process.exec") && !glob.matches("node:fs.exec"));
        assert_eq!(glob.prefix(), "node:child_process.");
        assert!(Glob::name("*->net").matches("env->net"));
        assert!(!Glob::name("eval").matches("evaluate"));
    }

    #[test]
    fn paths() {
        assert!(Glob::path("*.js").matches("lib/a.js"));
        assert!(Glob::path("lib/*.js").matches("lib/a.js"));
        assert!(!Glob::path("lib/*.js").matches("lib/b/a.js"));
        assert!(Glob::path("lib/**/*.js").matches("lib/b/c/a.js"));
        assert!(Glob::path("lib/**/*.js").matches("lib/a.js"));
        assert!(!Glob::path("src/**").matches("lib/a.js"));
    }

    proptest! {
        #[test]
        fn a_text_matches_itself_and_a_star(text in "[a-z:./]{0,20}") {
            prop_assert!(Glob::name(&text).matches(&text));
            prop_assert!(Glob::name("*").matches(&text));
            let pattern = format!("{}*", &text[..text.len() / 2]);
            prop_assert!(Glob::name(&pattern).matches(&text));
        }
    }
}
