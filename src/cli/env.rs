//! What bomvet takes from its surroundings: folders, time, colours. Read once.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use crate::report::frame::Style;

/// The surroundings of a run.
#[derive(Debug, Clone)]
pub struct Env {
    /// The user's home.
    pub home: Option<PathBuf>,
    /// `~/.cache/bomvet` (`BOMVET_STORE`, `XDG_CACHE_HOME`).
    pub cache: Option<PathBuf>,
    /// `~/.config/bomvet` (`XDG_CONFIG_HOME`).
    pub config: Option<PathBuf>,
    /// `CARGO_HOME`.
    pub cargo_home: Option<PathBuf>,
    /// Seconds since the epoch: `SOURCE_DATE_EPOCH`, else the clock.
    pub now: i64,
    /// Why `SOURCE_DATE_EPOCH` could not be used, if it could not.
    pub bad_epoch: Option<String>,
    /// Whether standard output is a terminal that takes colours.
    pub style: Style,
    /// Whether standard error is a terminal.
    pub terminal: bool,
}

impl Env {
    /// Reads the environment and the clock.
    pub fn read() -> Self {
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let home = std::env::home_dir();
        // Only absolute paths count (XDG Base Directory Specification).
        let base = |name: &str, fallback: &str| {
            var(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
                .or_else(|| home.as_ref().map(|home| home.join(fallback)))
                .map(|path| path.join("bomvet"))
        };
        let (now, bad_epoch) = time(var("SOURCE_DATE_EPOCH"));
        let colour = std::io::stdout().is_terminal() && var("NO_COLOR").is_none();
        Self {
            cache: var("BOMVET_STORE").map(PathBuf::from).or_else(|| base("XDG_CACHE_HOME", ".cache")),
            config: base("XDG_CONFIG_HOME", ".config"),
            cargo_home: var("CARGO_HOME")
                .map(PathBuf::from)
                .or_else(|| home.as_ref().map(|h| h.join(".cargo"))),
            now,
            bad_epoch,
            style: if colour { Style::Colour } else { Style::Plain },
            terminal: std::io::stderr().is_terminal(),
            home,
        }
    }
}

/// The audit's time. The clock is read here and nowhere else.
fn time(epoch: Option<OsString>) -> (i64, Option<String>) {
    if let Some(text) = epoch {
        let text = text.to_string_lossy().into_owned();
        return match text.parse() {
            Ok(time) => (time, None),
            Err(_) => (0, Some(format!("SOURCE_DATE_EPOCH is `{text}`, not a number of seconds"))),
        };
    }
    #[expect(clippy::disallowed_methods, reason = "the one place where time enters")]
    let now = std::time::SystemTime::now();
    (now.duration_since(std::time::UNIX_EPOCH).map_or(0, |time| time.as_secs() as i64), None)
}
