//! Paths from the audited root: `/`-separated, without `.` and `..`, empty for the root itself.

use std::path::Path;

/// Joins a path as a manifest writes it to the folder `dir` (from the root). `None` if it is
/// absolute or climbs above the root.
pub fn join(dir: &str, path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    if path.starts_with('/') || path.as_bytes().get(1) == Some(&b':') {
        return None;
    }
    let mut parts: Vec<&str> = dir.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// `dir/name`, or `name` in the root.
pub fn child(dir: &str, name: &str) -> String {
    if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") }
}

/// The folder of a file.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// The folder and those above it, nearest first, the root (empty) last.
pub fn ancestors(dir: &str) -> impl Iterator<Item = &str> {
    let mut next = Some(dir);
    std::iter::from_fn(move || {
        let here = next?;
        next = (!here.is_empty()).then(|| parent(here));
        Some(here)
    })
}

/// Where a path really is, links resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lies {
    /// Below the root.
    Inside,
    /// Outside of it.
    Outside,
    /// Nowhere, or not to be read.
    Nowhere,
}

/// Where `path` (from the root) really is. `root` must be canonical.
pub fn lies(root: &Path, path: &str) -> Lies {
    match std::fs::canonicalize(root.join(path)) {
        Ok(real) if real.starts_with(root) => Lies::Inside,
        Ok(_) => Lies::Outside,
        Err(_) => Lies::Nowhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_paths_stay_below_the_root() {
        assert_eq!(join("a/b", "../c"), Some("a/c".to_owned()));
        assert_eq!(join("a", ".."), Some(String::new()));
        assert_eq!(join("a", "../.."), None);
        assert_eq!(join("a", "../../a"), None);
        assert_eq!(join("", "/etc"), None);
        assert_eq!(join("", "C:/x"), None);
        assert_eq!(join("a", "b\\c"), Some("a/b/c".to_owned()));
    }

    #[test]
    fn ancestors_end_at_the_root() {
        assert_eq!(ancestors("a/b").collect::<Vec<_>>(), ["a/b", "a", ""]);
        assert_eq!(ancestors("").collect::<Vec<_>>(), [""]);
    }
}
