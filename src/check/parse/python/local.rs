//! Imports that mean files of the package.

/// The module, as a path without ending, that an import of `name` at that level of dots means in
/// the file `path`.
pub fn relative(path: &str, level: usize, name: &str) -> String {
    let mut folders: Vec<&str> = path.split('/').collect();
    folders.pop();
    for _ in 1..level.max(1) {
        folders.pop();
    }
    folders.extend(name.split('.').filter(|part| !part.is_empty()));
    folders.join("/")
}

/// The module that an absolute import means, where its first name is that of a folder around the
/// file.
pub fn absolute(path: &str, name: &str) -> Option<String> {
    let top = name.split('.').next().filter(|top| !top.is_empty())?;
    let folders: Vec<&str> = path.split('/').collect();
    let at = folders.iter().take(folders.len().saturating_sub(1)).position(|folder| *folder == top)?;
    let mut parts: Vec<&str> = folders.iter().take(at).copied().collect();
    parts.extend(name.split('.'));
    Some(parts.join("/"))
}

/// Every path, without ending, at which the file of a module may lie: beside the importing file,
/// at the package's root, in `src`.
pub fn candidates(path: &str, name: &str) -> Vec<String> {
    let name = name.trim_start_matches('.');
    if let Some(known) = absolute(path, name) {
        return vec![known];
    }
    let module = name.replace('.', "/");
    let mut out = vec![relative(path, 1, name)];
    for more in [module.clone(), format!("src/{module}")] {
        if !out.contains(&more) {
            out.push(more);
        }
    }
    out
}

/// A module and all packages around it: their `__init__` files run first.
pub fn with_parents(module: &str, name: &str) -> Vec<String> {
    let depth = name.split('.').filter(|part| !part.is_empty()).count();
    let mut out = vec![module.to_owned()];
    let mut rest = module;
    for _ in 1..depth {
        let Some((parent, _)) = rest.rsplit_once('/') else { break };
        out.push(parent.to_owned());
        rest = parent;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_by_dots_and_by_names() {
        assert_eq!(relative("pkg/sub/a.py", 1, "util"), "pkg/sub/util");
        assert_eq!(relative("pkg/sub/a.py", 2, "x.y"), "pkg/x/y");
        assert_eq!(relative("a.py", 3, ""), "");
        assert_eq!(absolute("src/pkg/sub/a.py", "pkg.util").as_deref(), Some("src/pkg/util"));
        assert_eq!(absolute("src/pkg/a.py", "os.path"), None);
        assert_eq!(candidates("bin/run.py", "helper"), ["bin/helper", "helper", "src/helper"]);
        assert_eq!(with_parents("src/a/b/c", "a.b.c"), ["src/a/b/c", "src/a/b", "src/a"]);
    }
}
