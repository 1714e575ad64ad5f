//! What only starts another command: `sudo`, `env A=1`, `xargs`, `timeout 5`.

use super::value::Value;

/// Base name of a program: without folder and without the endings of Windows.
pub fn base(word: &str) -> &str {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    [".exe", ".cmd", ".bat"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// Whether a name is a shell's.
pub(super) fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "bash" | "zsh" | "dash" | "ksh" | "mksh" | "ash" | "fish" | "rbash")
}

/// Whether a name is an interpreter's that takes code or a file.
pub(super) fn is_interpreter(name: &str) -> bool {
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    matches!(
        plain,
        "python"
            | "pypy"
            | "node"
            | "nodejs"
            | "bun"
            | "deno"
            | "tsx"
            | "ts-node"
            | "perl"
            | "ruby"
            | "php"
            | "lua"
            | "osascript"
            | "Rscript"
            | "tclsh"
            | "swift"
            | "groovy"
            | "pwsh"
            | "powershell"
            | "iex"
    )
}

/// Options that take the next word, for each command that starts others.
fn takes_value(name: &str, option: &str) -> bool {
    let options: &[&str] = match name {
        "sudo" | "doas" => {
            &["-u", "-g", "-h", "-p", "-C", "-r", "-t", "-U", "-T", "-D", "-R", "--user", "--group"]
        }
        "env" => &["-u", "--unset", "-C", "--chdir"],
        "exec" => &["-a"],
        "nice" => &["-n", "--adjustment"],
        "ionice" => &["-c", "-n", "-p"],
        "timeout" => &["-k", "-s", "--signal", "--kill-after"],
        "stdbuf" => &["-i", "-o", "-e"],
        "xargs" => &[
            "-I",
            "-n",
            "-P",
            "-L",
            "-d",
            "-E",
            "-s",
            "-a",
            "--replace",
            "--max-args",
            "--max-procs",
            "--delimiter",
        ],
        "watch" => &["-n", "--interval"],
        "time" => &["-f", "-o"],
        "flock" => &["-w", "-E"],
        "taskset" => &["-c"],
        "runuser" | "chpst" => &["-u", "-g"],
        "retry" => &["-t", "-d"],
        _ => &[],
    };
    options.contains(&option)
}

/// Where the command stands among the arguments of one that only starts it.
fn inner(name: &str, args: &[Value]) -> Option<usize> {
    // Words that stand before the command beside options.
    let fixed = match name {
        "sudo" | "doas" | "env" | "nohup" | "exec" | "command" | "builtin" | "time" | "nice" | "ionice"
        | "stdbuf" | "setsid" | "xargs" | "busybox" | "watch" | "caffeinate" | "unbuffer" | "proxychains"
        | "proxychains4" | "torsocks" | "torify" | "cross-env" | "fakeroot" | "eatmydata" | "toybox"
        | "catchsegv" | "strace" | "gosu" | "su-exec" | "noglob" | "nocorrect" | "retry"
        | "dbus-run-session" | "xvfb-run" => 0,
        "timeout" | "chroot" | "flock" | "taskset" | "runuser" => 1,
        _ => return None,
    };
    let fixed = if matches!(name, "gosu" | "su-exec") { 1 } else { fixed };
    let (mut at, mut left) = (0, fixed);
    while let Some(arg) = args.get(at) {
        let text = arg.text.as_str();
        if matches!(name, "command") && matches!(text, "-v" | "-V") {
            return None;
        }
        if text == "--" {
            at += 1;
            continue;
        }
        if text.starts_with('-') && text.len() > 1 {
            at += 1 + usize::from(takes_value(name, text));
        } else if matches!(name, "env" | "sudo" | "cross-env" | "doas")
            && text.contains('=')
            && !text.starts_with('=')
        {
            at += 1;
        } else if left > 0 {
            left -= 1;
            at += 1;
        } else {
            return Some(at);
        }
    }
    None
}

/// Takes off what only starts the command: the names, outermost first, and where the command
/// stands in the fields.
pub(super) fn unwrap(fields: &[Value]) -> (Vec<String>, usize) {
    let (mut wrappers, mut at) = (Vec::new(), 0);
    while let Some(field) = fields.get(at) {
        if wrappers.len() >= 8 {
            break;
        }
        let name = base(&field.text);
        let rest = fields.get(at + 1..).unwrap_or_default();
        let Some(next) = inner(name, rest) else {
            // `find . -exec rm {} \;`
            let exec = |arg: &Value| matches!(arg.text.as_str(), "-exec" | "-execdir" | "-ok");
            if name == "find"
                && let Some(found) = rest.iter().position(exec)
                && rest.get(found + 1).is_some()
            {
                wrappers.push(name.to_owned());
                at += found + 2;
                continue;
            }
            // `$RUN sh -c '…'`: whatever stands in front, a shell is given that text.
            let given_text = |at: usize, arg: &Value| {
                is_shell(base(&arg.text)) && rest.get(at + 1).is_some_and(|next| next.text == "-c")
            };
            if field.partly
                && field.text.starts_with('$')
                && let Some(found) = rest.iter().take(4).enumerate().position(|(at, arg)| given_text(at, arg))
            {
                wrappers.push(name.to_owned());
                at += found + 1;
                continue;
            }
            break;
        };
        wrappers.push(name.to_owned());
        at += next + 1;
    }
    (wrappers, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_starts_a_command_is_taken_off() {
        for (line, wanted) in [
            ("sudo -E -u root curl x", 4),
            ("env A=1 -i B=2 node x", 4),
            ("timeout -k 5 10 sh x", 4),
            ("nohup setsid bash x", 2),
            ("xargs -I {} -P 4 rm {}", 5),
            ("find . -name x -exec cat {} ;", 5),
            ("command -v curl", 0),
            ("curl sudo x", 0),
        ] {
            let fields: Vec<_> = line.split(' ').map(Value::known).collect();
            assert_eq!(unwrap(&fields).1, wanted, "{line}");
        }
        for (line, wanted) in [("$RUN sh -c x", 1), ("$SSH host bash -c x", 2), ("$RUN make -c x", 0)] {
            let fields = line.split(' ').map(|word| match word.starts_with('$') {
                true => Value::unknown(word),
                false => Value::known(word),
            });
            assert_eq!(unwrap(&fields.collect::<Vec<_>>()).1, wanted, "{line}");
        }
    }
}
