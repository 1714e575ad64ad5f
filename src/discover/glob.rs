//! Glob patterns over `/`-separated paths: `?`, `*` (within a component), `**` (any number of
//! components), `[a-z]`, `[!a]` and `{a,b}` without nesting.
//!
//! Runs in O(pattern × path) whatever the pattern, so that a workspace's or a policy's globs
//! cannot cost exponential time.

/// A pattern, split into components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    /// Alternatives (from `{a,b}`), each a list of components.
    alternatives: Vec<Vec<String>>,
}

/// Alternatives that braces may unfold to; further ones are dropped, the pattern then matches
/// less.
const MAX_ALTERNATIVES: usize = 256;

impl Glob {
    /// Reads a pattern. Every text is one: what is not special stands for itself. A trailing `/`
    /// and a leading `./` or `/` count for nothing.
    pub fn new(pattern: &str) -> Self {
        let alternatives = unfold(pattern)
            .into_iter()
            .map(|text| {
                text.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
            })
            .collect();
        Self { alternatives }
    }

    /// Whether the whole of `path` matches.
    pub fn matches(&self, path: &str) -> bool {
        let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        self.alternatives.iter().any(|pattern| components(pattern, &parts))
    }

    /// Whether `path` or a folder above it matches; `fixtures`, `fixtures/` and `fixtures/**` all
    /// cover what is below `fixtures`.
    pub fn covers(&self, path: &str) -> bool {
        let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        (1..=parts.len())
            .any(|upto| self.alternatives.iter().any(|pattern| components(pattern, &parts[..upto])))
            || self.alternatives.iter().any(|pattern| {
                pattern.last().is_some_and(|last| last == "**")
                    && pattern.len() > 1
                    && components(&pattern[..pattern.len() - 1], &parts)
            })
    }
}

/// Whether a component holds a special character.
pub fn is_pattern(component: &str) -> bool {
    component.contains(['*', '?', '[', '{'])
}

fn unfold(pattern: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open = vec![pattern.to_owned()];
    while let Some(text) = open.pop() {
        if done.len() + open.len() >= MAX_ALTERNATIVES {
            break;
        }
        let braces = text.find('{').and_then(|from| text[from..].find('}').map(|to| (from, from + to)));
        match braces {
            None => done.push(text),
            Some((from, to)) => {
                for choice in text[from + 1..to].split(',').rev() {
                    open.push(format!("{}{choice}{}", &text[..from], &text[to + 1..]));
                }
            }
        }
    }
    done
}

/// Greedy matching with one point to come back to, as for `*` within a text: `**` is the star and
/// a component the letter.
fn components(pattern: &[String], path: &[&str]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < path.len() {
        if p < pattern.len() && pattern[p] == "**" {
            back = Some((p, t));
            p += 1;
        } else if p < pattern.len() && component(&pattern[p], path[t]) {
            p += 1;
            t += 1;
        } else if let Some((star, at)) = back {
            back = Some((star, at + 1));
            p = star + 1;
            t = at + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|part| part == "**")
}

/// Whether one path component matches one component of a pattern.
pub fn component(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        let step = match pattern.get(p) {
            Some('*') => {
                back = Some((p, t));
                p += 1;
                continue;
            }
            Some('?') => Some(p + 1),
            Some('[') => match class(&pattern[p..], text[t]) {
                Some((true, length)) => Some(p + length),
                Some((false, _)) => None,
                None => (text[t] == '[').then_some(p + 1),
            },
            Some(&c) => (c == text[t]).then_some(p + 1),
            None => None,
        };
        match (step, back) {
            (Some(next), _) => {
                p = next;
                t += 1;
            }
            (None, Some((star, at))) => {
                back = Some((star, at + 1));
                p = star + 1;
                t = at + 1;
            }
            (None, None) => return false,
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

/// Reads `[…]` at the start of `pattern`: whether it holds `c`, and its length; `None` if it is
/// not closed.
fn class(pattern: &[char], c: char) -> Option<(bool, usize)> {
    let mut at = 1;
    let negated = matches!(pattern.get(at), Some('!' | '^'));
    at += usize::from(negated);
    let first = at;
    let mut hit = false;
    loop {
        match pattern.get(at)? {
            ']' if at > first => return Some((hit != negated, at + 1)),
            &low => {
                let range =
                    pattern.get(at + 1) == Some(&'-') && pattern.get(at + 2).is_some_and(|&c| c != ']');
                if range {
                    hit |= (low..=pattern[at + 2]).contains(&c);
                    at += 3;
                } else {
                    hit |= low == c;
                    at += 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_match_as_people_expect() {
        for (pattern, path, expected) in [
            ("fixtures/**", "fixtures/a/b", true),
            ("fixtures/**", "fixture/a", false),
            ("**/Cargo.lock", "Cargo.lock", true),
            ("**/Cargo.lock", "a/b/Cargo.lock", true),
            ("crates/*", "crates/a", true),
            ("crates/*", "crates/a/b", false),
            ("a/**/z", "a/z", true),
            ("a/**/z", "a/b/c/z", true),
            ("a/**/z", "a/b/c/y", false),
            ("*.json", "package.json", true),
            ("package-?.json", "package-1.json", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[x", "[x", true),
            ("{web,app}/src", "app/src", true),
            ("{web,app}/src", "api/src", false),
            ("./web/", "web", true),
        ] {
            assert_eq!(Glob::new(pattern).matches(path), expected, "`{pattern}` on `{path}`");
        }
    }

    #[test]
    fn a_folder_covers_what_is_below_it() {
        for pattern in ["fixtures", "fixtures/", "fixtures/**", "fix*", "./fixtures/**"] {
            assert!(Glob::new(pattern).covers("fixtures/a/Cargo.lock"), "{pattern}");
            assert!(Glob::new(pattern).covers("fixtures"), "{pattern}");
            assert!(!Glob::new(pattern).covers("src/a"), "{pattern}");
        }
        assert!(!Glob::new("fixtures/a").covers("fixtures"));
    }

    #[test]
    fn stars_do_not_cost_exponential_time() {
        let pattern = "*a".repeat(200) + "b";
        assert!(!Glob::new(&pattern).matches(&"a".repeat(2_000)));
        let deep = "**/a/".repeat(100) + "b";
        assert!(!Glob::new(&deep).matches(&"a/".repeat(2_000)));
    }

    proptest! {
        #[test]
        fn a_path_without_specials_matches_itself(path in "[a-z.]{1,5}(/[a-z_-]{1,5}){0,4}") {
            prop_assume!(path != ".");
            prop_assert!(Glob::new(&path).matches(&path));
            prop_assert!(Glob::new("**").matches(&path));
        }

        #[test]
        fn no_pattern_panics(pattern in "[a-c*?\\[\\]{},!/-]{0,40}", path in "[a-c/]{0,40}") {
            let glob = Glob::new(&pattern);
            if glob.matches(&path) && !path.trim_matches('/').is_empty() {
                prop_assert!(glob.covers(&path));
            }
        }
    }
}
