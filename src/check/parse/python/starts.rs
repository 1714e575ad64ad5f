//! Files that Python or an installer runs without being asked.

use crate::model::Contents;

/// Files of a package that run while it is installed or, from then on, whenever Python starts:
/// `setup.py`, build backends that lie in the tree (PEP 517, `backend-path`), lines of `.pth`
/// files, `sitecustomize` and `usercustomize`. Paths as they stand in the package.
pub fn install_files(contents: &Contents) -> Vec<String> {
    let mut out = Vec::new();
    for file in &contents.files {
        let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        let depth = if folder.is_empty() { 0 } else { folder.split('/').count() };
        let starts = match name {
            "setup.py" => depth == 0,
            // In a wheel they lie at the root or in `name.data/purelib`.
            "sitecustomize.py" | "usercustomize.py" => {
                depth == 0 || folder.contains(".data/") || folder == "src"
            }
            _ => name.ends_with(".pth") && !super::super::super::context::is_test_path(&file.path),
        };
        if starts {
            out.push(file.path.to_string());
        }
    }
    if let Some(text) = contents.get("pyproject.toml").and_then(|bytes| std::str::from_utf8(bytes).ok())
        && let Ok(table) = text.parse::<toml::Table>()
        && let Some(build) = table.get("build-system").and_then(|value| value.as_table())
        && let (Some(backend), Some(paths)) = (
            build.get("build-backend").and_then(|v| v.as_str()),
            build.get("backend-path").and_then(|v| v.as_array()),
        )
    {
        let module = backend.split(':').next().unwrap_or(backend).replace('.', "/");
        for path in paths.iter().filter_map(|path| path.as_str()) {
            out.push(super::super::super::context::normal(&format!("{path}/{module}")));
        }
    }
    out
}

/// The lines of a `.pth` file that Python runs, everything else blanked out; offsets stay.
pub fn pth_code(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut any = false;
    for line in text.split_inclusive('\n') {
        // Source: `site.addpackage` of CPython.
        if line.starts_with("import ") || line.starts_with("import\t") {
            any = true;
            out.push_str(line);
        } else {
            out.extend(
                line.chars().map(|c| if c == '\n' { "\n".to_owned() } else { " ".repeat(c.len_utf8()) }),
            );
        }
    }
    any.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::examples::contents;

    #[test]
    fn what_runs_unasked() {
        let files = contents(&[
            ("setup.py", b""),
            ("sub/setup.py", b""),
            ("a.pth", b"import x\n"),
            ("tests/b.pth", b"import x\n"),
            ("sitecustomize.py", b""),
            (
                "pyproject.toml",
                b"[build-system]\nbuild-backend = \"backend.core:api\"\nbackend-path = [\"./build\"]\n",
            ),
        ]);
        assert_eq!(install_files(&files), ["a.pth", "setup.py", "sitecustomize.py", "build/backend/core"]);
    }

    #[test]
    fn lines_of_pth_files() {
        assert_eq!(
            pth_code("../é\nimport os; os.system('id')\n").as_deref(),
            Some("     \nimport os; os.system('id')\n")
        );
        assert_eq!(pth_code("./lib\n"), None);
    }
}
