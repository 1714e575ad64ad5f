//! Shims: small scripts of a package manager's name that ask the guard first.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// A line that says that a script is a shim of bomvet's.
pub const MARK: &str = "# bomvet guard shim; `bomvet guard uninstall` removes it";

/// A word of a shell, quoted.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The script for one program. `bomvet` is the program's path, `options` those of the guard.
pub fn script(bomvet: &str, dir: &str, options: &[String], program: &str) -> String {
    let options: String = options.iter().map(|option| format!(" {}", quoted(option))).collect();
    format!(
        "#!/bin/sh\n{MARK}\nexec {} guard run{options} --shims {} -- {program} \"$@\"\n",
        quoted(bomvet),
        quoted(dir)
    )
}

/// Whether a file is a shim.
pub fn is_shim(path: &Path) -> bool {
    use std::io::Read as _;
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(256).read_to_end(&mut head));
    read.is_ok() && String::from_utf8_lossy(&head).contains(MARK)
}

/// The real program of that name: the first on `path` that is no shim and not in `shims`.
pub fn real(program: &str, path: &OsStr, shims: Option<&Path>) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| path.is_file() && !is_shim(path));
    }
    let own = shims.and_then(|dir| std::fs::canonicalize(dir).ok());
    std::env::split_paths(path)
        .filter(|dir| dir.is_absolute())
        .filter(|dir| own.is_none() || std::fs::canonicalize(dir).ok() != own)
        .map(|dir| dir.join(program))
        .find(|path| is_executable(path) && !is_shim(path))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}
