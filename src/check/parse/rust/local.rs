//! Which files a file loads: `mod x;`, `#[path = "…"] mod x;`, `include!("…")`.

use crate::discover::paths::{join, parent as folder};

/// Where the file's submodules live: its own folder for a root or `mod.rs`, else a folder of its name.
pub fn module_folder(path: &str) -> String {
    let parent = folder(path);
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.strip_suffix(".rs").unwrap_or(name);
    let root = matches!(stem, "lib" | "main" | "mod" | "build")
        || matches!(parent.rsplit('/').next(), Some("bin" | "tests" | "examples" | "benches"));
    if root {
        parent.to_owned()
    } else if parent.is_empty() {
        stem.to_owned()
    } else {
        format!("{parent}/{stem}")
    }
}

/// The file of `mod name;`, which stands in the inline modules `inline`, without its ending.
pub fn module(path: &str, inline: &[&str], name: &str, attribute: Option<&str>) -> Option<String> {
    let plain = |name: &str| name.strip_prefix("r#").unwrap_or(name).to_owned();
    let nested = inline.iter().map(|name| plain(name)).collect::<Vec<_>>().join("/");
    match attribute {
        // Directly in the file, the attribute counts from the file's own folder.
        Some(file) if inline.is_empty() => join(folder(path), file),
        Some(file) => join(&join(&module_folder(path), &nested)?, file),
        None => join(&join(&module_folder(path), &nested)?, &plain(name)),
    }
}

/// The file of `include!("…")`.
pub fn file(path: &str, written: &str) -> Option<String> {
    join(folder(path), written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_where_the_compiler_looks_for_them() {
        let module = |path, inline: &[&str], name, attribute| module(path, inline, name, attribute);
        assert_eq!(module("src/lib.rs", &[], "a", None).as_deref(), Some("src/a"));
        assert_eq!(module("src/a.rs", &[], "b", None).as_deref(), Some("src/a/b"));
        assert_eq!(module("src/a/mod.rs", &["x"], "r#type", None).as_deref(), Some("src/a/x/type"));
        assert_eq!(module("src/a.rs", &[], "b", Some("../c.rs")).as_deref(), Some("c.rs"));
        assert_eq!(module("src/a.rs", &["x"], "b", Some("c.rs")).as_deref(), Some("src/a/x/c.rs"));
        assert_eq!(module("build.rs", &[], "b", Some("../../c.rs")), None);
        assert_eq!(module("build.rs", &[], "b", None).as_deref(), Some("b"));
        assert_eq!(file("src/x/y.rs", "../z.in").as_deref(), Some("src/z.in"));
    }
}
