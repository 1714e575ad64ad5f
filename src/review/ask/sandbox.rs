//! The arguments by which bubblewrap closes a reviewer's command in: the system's programs and what
//! the user names to read, a folder in memory to write, no home, no network, nothing of the
//! environment. Limits are set by a shell inside, so that they bind the command alone.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::settings::Settings;

/// Folders where bubblewrap is looked for: not in `PATH`, which may name a folder that others write to.
const SYSTEM: [&str; 4] = ["/usr/bin", "/bin", "/usr/local/bin", "/run/current-system/sw/bin"];

/// Largest file that a command may write, in blocks of 512 bytes (256 MiB).
const FILE_BLOCKS: u64 = 512 << 10;

/// What to do where there is no sandbox.
pub const HELP: &str = "install bubblewrap (`apt install bubblewrap`, `dnf install bubblewrap`) and let it make user namespaces, or set `unsandboxed = true` for this reviewer in reviewers.toml, which lets the command do whatever you may";

/// Where bubblewrap is.
pub fn bubblewrap() -> Option<PathBuf> {
    SYSTEM.iter().map(|folder| Path::new(folder).join("bwrap")).find(|path| path.is_file())
}

/// Arguments of bubblewrap up to the command.
pub fn arguments(program: &Path, read: &[PathBuf]) -> Vec<OsString> {
    let mut args: Vec<OsString> = [
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
        "--clearenv",
        "--setenv",
        "PATH",
        "/usr/bin:/bin",
        "--setenv",
        "LANG",
        "C.UTF-8",
        "--ro-bind",
        "/usr",
        "/usr",
    ]
    .map(OsString::from)
    .to_vec();
    // Mostly links into /usr; where they are folders, as they are.
    for folder in ["/bin", "/lib", "/lib32", "/lib64", "/sbin"] {
        match std::fs::read_link(folder) {
            Ok(to) => args.extend(["--symlink".into(), to.into(), folder.into()]),
            Err(_) => args.extend(["--ro-bind-try".into(), folder.into(), folder.into()]),
        }
    }
    // Many names in /usr/bin are links into the first; the second tells where libraries are.
    for path in ["/etc/alternatives", "/etc/ld.so.cache"] {
        args.extend(["--ro-bind-try".into(), path.into(), path.into()]);
    }
    args.extend(["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"].map(OsString::from));
    let seen = ["/usr", "/bin", "/lib", "/lib32", "/lib64", "/sbin"];
    let own = Some(program).filter(|program| !seen.iter().any(|folder| program.starts_with(folder)));
    for path in read.iter().map(PathBuf::as_path).chain(own) {
        args.extend(["--ro-bind".into(), path.into(), path.into()]);
    }
    // The root itself is a folder in memory: nothing is written there either.
    args.extend(["--remount-ro", "/", "--chdir", "/tmp", "--"].map(OsString::from));
    args
}

/// A shell that limits itself and becomes what follows.
pub fn limited(settings: &Settings, sandboxed: bool) -> Vec<OsString> {
    // Threads may all work at once, so the processor's time is no measure of the clock's.
    let seconds =
        settings.timeout.as_secs().max(1).saturating_mul(u64::from(settings.processes)).min(1 << 30);
    let mut script = format!(
        "ulimit -c 0 && ulimit -v {} && ulimit -t {seconds} && ulimit -f {FILE_BLOCKS} && ",
        settings.memory >> 10
    );
    if sandboxed {
        // Outside, all of the user's processes would count. dash calls it -p, others -u.
        let most = settings.processes;
        script.push_str(&format!("{{ ulimit -u {most} 2>/dev/null || ulimit -p {most}; }} && "));
    }
    script.push_str("exec \"$@\"");
    ["/bin/sh".into(), "-c".into(), script.into(), "sh".into()].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(args: &[OsString], run: &[&str]) -> bool {
        args.windows(run.len()).any(|part| part.iter().zip(run).all(|(a, b)| a == b))
    }

    #[test]
    fn only_what_is_named_is_seen_and_all_of_it_read_only() {
        let args = arguments(Path::new("/opt/ask"), &["/opt/models".into()]);
        assert!(has(&args, &["--ro-bind", "/opt/ask", "/opt/ask"]));
        assert!(has(&args, &["--ro-bind", "/opt/models", "/opt/models"]));
        assert!(
            has(&args, &["--unshare-all"])
                && has(&args, &["--clearenv"])
                && has(&args, &["--remount-ro", "/"])
        );
        assert!(!args.iter().any(|arg| arg == "--bind" || arg == "--share-net" || arg == "--dev-bind"));
        assert!(!arguments(Path::new("/usr/bin/env"), &[]).iter().any(|arg| arg == "/usr/bin/env"));
    }

    #[test]
    fn limits_are_set_before_the_command_starts() {
        let settings = Settings { memory: 1 << 30, processes: 7, ..Settings::default() };
        let script = limited(&settings, true)[2].to_string_lossy().into_owned();
        assert!(script.contains("ulimit -v 1048576 && ") && script.contains("ulimit -u 7 "), "{script}");
        assert!(script.ends_with(" && exec \"$@\""), "{script}");
        assert!(!limited(&settings, false)[2].to_string_lossy().contains("ulimit -u"));
    }
}
