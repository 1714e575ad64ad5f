//! A reviewer's key: found once, kept in memory that is wiped, shown nowhere.
//!
//! The vendor's variable (`OPENAI_API_KEY`…) goes to the vendor's own address only: a spec that
//! names another server must not send it there. For others there is `BOMVET_REVIEWER_KEY`, or
//! `key-env` and `key-command` in reviewers.toml.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::settings::Reviewer;
use super::spec::{Api, Spec};
use super::{Trouble, limits};
use crate::acquire::net::Secret;

/// The variable for servers that are not the vendor's own.
pub const OTHER: &str = "BOMVET_REVIEWER_KEY";

/// Shortest run of characters that a message may not share with the key.
const SHARED: usize = 8;

fn variables(api: Api) -> &'static [&'static str] {
    match api {
        Api::OpenAi => &["OPENAI_API_KEY"],
        Api::Anthropic => &["ANTHROPIC_API_KEY"],
        Api::Gemini => &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
    }
}

/// The key, if the reviewer has one.
///
/// # Errors
/// Where one must be there and is not.
pub fn find(reviewer: &Reviewer, env: &dyn Fn(&str) -> Option<String>) -> Result<Option<Secret>, Trouble> {
    let Spec::Server { api, .. } = &reviewer.spec else { return Ok(None) };
    let get = |name: &str| env(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    let source = &reviewer.settings.key;
    if let Some(command) = &source.command {
        return run(command).and_then(usable).map(Some);
    }
    if let Some(name) = &source.env {
        let missing =
            || Trouble::Hopeless(format!("the environment has no `{name}`, which `key-env` names; set it"));
        return get(name).ok_or_else(missing).and_then(usable).map(Some);
    }
    if !reviewer.spec.is_vendors_own() {
        return get(OTHER).map(usable).transpose();
    }
    let names = variables(*api);
    let found = names.iter().find_map(|name| get(name));
    let missing = || {
        Trouble::Hopeless(format!(
            "no key for `{}`: set `{}`, or name a `key-command` in reviewers.toml",
            api.as_str(),
            names[0]
        ))
    };
    found.ok_or_else(missing).and_then(usable).map(Some)
}

fn usable(key: String) -> Result<Secret, Trouble> {
    let key = Secret::new(key);
    if key.expose().len() > limits::KEY_BYTES || !key.expose().bytes().all(|b| (b'!'..=b'~').contains(&b)) {
        return Err(Trouble::Hopeless(
            "the key holds a character that no key has; check where it comes from".to_owned(),
        ));
    }
    Ok(key)
}

/// Runs a key command: the user's own, so with the user's rights; its first line is the key.
fn run(command: &[String]) -> Result<String, Trouble> {
    let fail = |what: String| Trouble::Hopeless(format!("the key command {what}; run it by hand to see why"));
    let (program, args) = command.split_first().ok_or_else(|| fail("is empty".to_owned()))?;
    #[expect(clippy::disallowed_methods, reason = "named by the user's own file, never by what is audited")]
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| fail(format!("`{program}` cannot be started: {}", error.kind())))?;
    let out = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(limits::KEY_BYTES));
        let limit = limits::KEY_BYTES as u64;
        let _ = out.map(|out| out.take(limit).read_to_end(&mut bytes));
        bytes
    });
    let status = wait(&mut child).map_err(&fail)?;
    if !status {
        return Err(fail("failed".to_owned()));
    }
    let bytes = reader.join().map_err(|_| fail("could not be read".to_owned()))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| fail("prints no text".to_owned()))?;
    let line = text.lines().next().unwrap_or("").trim();
    if line.is_empty() { Err(fail("prints nothing".to_owned())) } else { Ok(line.to_owned()) }
}

/// Whether it ended well.
fn wait(child: &mut Child) -> Result<bool, String> {
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status.success()),
            Ok(None) if began.elapsed() > Duration::from_secs(limits::KEY_SECONDS) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("was not done after {} s", limits::KEY_SECONDS));
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(10)),
            Err(error) => return Err(format!("cannot be waited for: {}", error.kind())),
        }
    }
}

/// A server's message for a person; nothing of it if it repeats the key or a part of it.
pub fn told(message: String, key: Option<&Secret>) -> String {
    let repeats = key.is_some_and(|key| {
        let (key, text) = (key.expose().to_ascii_lowercase(), message.to_ascii_lowercase());
        let run = SHARED.min(key.len());
        run > 0
            && key.as_bytes().windows(run).any(|part| text.as_bytes().windows(run).any(|other| other == part))
    });
    if repeats { "(the server's message repeats the key and is not shown)".to_owned() } else { message }
}

/// A model's text without the key, in case a server puts it there.
pub fn without(text: String, key: Option<&Secret>) -> String {
    match key.map(Secret::expose) {
        // A shorter one is a placeholder, and a word that a text may hold.
        Some(key) if key.len() >= SHARED && text.contains(key) => text.replace(key, "***"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{KeySource, Settings};
    use super::*;

    fn reviewer(spec: &str, key: KeySource) -> Reviewer {
        let spec = Spec::parse(spec).unwrap();
        Reviewer { name: "r".into(), spec, settings: Settings { key, ..Settings::default() } }
    }

    fn found(spec: &str, key: KeySource) -> Result<Option<String>, Trouble> {
        let env = |name: &str| match name {
            "OPENAI_API_KEY" => Some("vendor-key".to_owned()),
            "MINE" => Some("my-own-key\n".to_owned()),
            "BROKEN" => Some("two words".to_owned()),
            OTHER => Some("other-key".to_owned()),
            _ => None,
        };
        find(&reviewer(spec, key), &env).map(|key| key.map(|key| key.expose().to_owned()))
    }

    fn env(name: &str) -> KeySource {
        KeySource { env: Some(name.to_owned()), command: None }
    }

    fn command(words: &[&str]) -> KeySource {
        KeySource { env: None, command: Some(words.iter().map(|word| (*word).to_owned()).collect()) }
    }

    #[test]
    fn the_vendors_variable_goes_to_the_vendor_only() {
        assert_eq!(found("openai:m", KeySource::default()), Ok(Some("vendor-key".into())));
        let other = found("openai:m@https://h.invalid/v1", KeySource::default());
        assert_eq!(other, Ok(Some("other-key".into())));
        assert_eq!(
            found("openai:m@https://h.invalid/v1", env("OPENAI_API_KEY")),
            Ok(Some("vendor-key".into()))
        );
    }

    #[test]
    fn a_key_comes_from_where_the_user_says() {
        assert_eq!(found("openai:m", env("MINE")), Ok(Some("my-own-key".into())));
        assert_eq!(
            found("openai:m", command(&["printf", "%s\\n", "from-a-command", "more"])),
            Ok(Some("from-a-command".into()))
        );
    }

    #[test]
    fn a_key_that_is_missing_is_hopeless_and_none_is_shown() {
        for (spec, source) in [
            ("anthropic:m", KeySource::default()),
            ("openai:m", env("NOWHERE")),
            ("openai:m", env("BROKEN")),
            ("openai:m", command(&["false"])),
            ("openai:m", command(&["true"])),
            ("openai:m", command(&["/no/such/program"])),
            ("openai:m", command(&[])),
        ] {
            let Err(Trouble::Hopeless(told)) = found(spec, source.clone()) else { panic!("{source:?}") };
            assert!(!told.contains("two words") && !told.contains("-key "), "{told}");
        }
    }

    #[test]
    fn a_message_that_repeats_the_key_is_not_shown() {
        let key = Secret::new("sk-ABCDEFGHIJKLMNOP");
        for leak in ["bad key sk-ABCDEFGHIJKLMNOP", "sk-abcdefghijklmnop", "got `CDEFGHIJ`"] {
            let shown = told(leak.to_owned(), Some(&key));
            assert_eq!(shown, "(the server's message repeats the key and is not shown)");
        }
        assert_eq!(told("no such model".into(), Some(&key)), "no such model");
        assert_eq!(without("a sk-ABCDEFGHIJKLMNOP b".into(), Some(&key)), "a *** b");
        assert_eq!(without("x y".into(), Some(&Secret::new("x"))), "x y");
    }
}
