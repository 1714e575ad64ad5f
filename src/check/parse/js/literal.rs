//! Strings that mean something by themselves.

use crate::check::parse::harm;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::{LazyLock, OnceLock};

use aho_corasick::AhoCorasick;
use regex::Regex;

/// Shortest run of base64 or hex that is reported as an encoded blob.
pub const MIN_ENCODED: usize = 200;

/// Parts of paths that hold credentials. Sources: the manuals of OpenSSH, npm, AWS CLI, Docker,
/// kubectl, gcloud, Git, GnuPG, Chromium (`Login Data`, `Local State`) and Firefox (`logins.json`).
const SECRET_PATHS: &[&str] = &[
    ".ssh/",
    "id_rsa",
    "id_ed25519",
    "id_ecdsa",
    ".npmrc",
    ".pypirc",
    ".netrc",
    ".git-credentials",
    ".gitconfig",
    ".aws/credentials",
    ".aws/config",
    ".azure/",
    ".config/gcloud",
    "application_default_credentials",
    ".kube/config",
    ".docker/config.json",
    ".gnupg",
    ".cargo/credentials",
    ".vault-token",
    "login data",
    "cookies.sqlite",
    "logins.json",
    "key4.db",
    "local state",
    "/etc/passwd",
    "/etc/shadow",
    ".bash_history",
    ".zsh_history",
    ".config/gh/hosts.yml",
    "user data/default",
    "leveldb",
    "keychain-db",
    "login.keychain",
    ".terraform.d/credentials",
];

/// Parts of paths and ids that belong to wallets. Sources: the wallets' own documentation of
/// where they keep keys; extension ids as the Chrome Web Store shows them.
const WALLETS: &[&str] = &[
    "wallet.dat",
    ".config/solana",
    "solana/id.json",
    "exodus/exodus.wallet",
    "exodus.wallet",
    "electrum/wallets",
    "atomic/local storage",
    "local storage/leveldb",
    ".ethereum/keystore",
    "ethereum/keystore",
    "keystore/utc--",
    ".bitcoin",
    "ledger live",
    "nkbihfbeogaeaoehlefnkodbefgpgknn",
    "bfnaelmomeimhlpmgjnjophhpkkoljpa",
    "ibnejdfjmmkpcnlpebklmnkoeoihofec",
    "hnfanknocfeofbddgcijnmhnfnkdnaad",
    "fhbohimaelbohpjbbldcngcnapndodjp",
    "egjidjbpglichdcondbcbdnbeeppgdph",
];

/// Where stolen data is sent and payloads are fetched: drops, pastes and tunnels.
const DROPS: &[&str] = &[
    "discord.com/api/webhooks",
    "discordapp.com/api/webhooks",
    "api.telegram.org/bot",
    "hooks.slack.com/services",
    "webhook.site",
    "pastebin.com",
    "paste.ee",
    "hastebin.com",
    "rentry.co",
    "transfer.sh",
    "file.io",
    "gofile.io",
    "ngrok.io",
    "ngrok-free.app",
    "ngrok.app",
    "trycloudflare.com",
    "localtunnel.me",
    "loca.lt",
    "serveo.net",
    "requestbin",
    "pipedream.net",
    "burpcollaborator.net",
    "oastify.com",
    "oast.fun",
    "oast.pro",
    "oast.live",
    "oast.me",
    "oast.site",
    "interact.sh",
    "interactsh",
    "dnslog.cn",
    "beeceptor.com",
    "requestcatcher.com",
    "hookbin.com",
    "anonfiles.com",
    "bashupload.com",
    "temp.sh",
    "catbox.moe",
    "ipinfo.io",
    "ip-api.com",
    "api.ipify.org",
    "ifconfig.me",
];

/// A classified literal: name and value.
pub type Found = (&'static str, String);

fn table() -> &'static (AhoCorasick, usize) {
    static TABLE: OnceLock<(AhoCorasick, usize)> = OnceLock::new();
    TABLE.get_or_init(|| {
        let patterns = SECRET_PATHS.iter().chain(WALLETS);
        let matcher = AhoCorasick::builder().ascii_case_insensitive(true).build(patterns);
        (matcher.expect("a few short patterns build"), SECRET_PATHS.len())
    })
}

/// The name of the installed program of which a path names a file of code.
pub fn app_code(text: &str) -> Option<String> {
    static PLACE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:/Applications/([^/?]+)\.app/Contents/Resources|^/opt/([^/?]+)/resources|/AppData/(?:Local|Roaming)/(?:Programs/)?([^/?]+)/(?:app-[^/]+/)?resources|/Program Files[^/]*/([^/?]+)/resources)/(?:\S+/)?[^/?]+\.(?:js|cjs|mjs|asar|html)$").ok()
    });
    if text.len() > 400 || !text.to_ascii_lowercase().contains("resources") {
        return None;
    }
    let normal = text.replace('\\', "/");
    let found = PLACE.as_ref()?.captures(&normal)?;
    (1..=4).find_map(|at| found.get(at)).map(|name| name.as_str().to_owned())
}

/// Hosts of sources, which a program may have asked for in another way: with a token, or over SSH.
const FORGES: &[&str] =
    &["github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "git.sr.ht", "dev.azure.com"];

/// The host that a setting of Git puts in the place of others, where both are written down:
/// `url.https://a.invalid/.insteadOf`, or the same as a section of its settings.
pub fn source_redirect(text: &str) -> Option<String> {
    static SETTING: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"(?i)(?:^|\s)url\.(\S+://\S+)\.(?:push)?insteadof\b|\[url "([^"\s]+://[^"\s]+)"\]\s*(?:push)?insteadof"#).ok()
    });
    if !text.contains("://") || text.len() > 4_000 {
        return None;
    }
    let found = SETTING.as_ref()?.captures(text)?;
    let address = found.get(1).or_else(|| found.get(2))?.as_str();
    let host = crate::check::flow::far_host(&address.replacen("git://", "https://", 1))?;
    let known = FORGES.iter().any(|forge| host == *forge || host.ends_with(&format!(".{forge}")));
    (!known).then_some(host)
}

/// Whether the text names a file that holds credentials (`path`) or keys of a wallet (`wallet`).
pub fn secret_path(text: &str) -> Option<&'static str> {
    if text.len() > 400 || text.contains('\n') {
        return None;
    }
    let normal = text.replace('\\', "/");
    let (matcher, paths) = table();
    // A word that only contains the pattern (`grid_rsa_x`) is no path: it must start a component,
    // and prose about a file is not a path to it.
    matcher
        .find_overlapping_iter_safe(&normal)
        .into_iter()
        .find(|&(start, _)| start == 0 || !normal.as_bytes()[start - 1].is_ascii_alphanumeric())
        .filter(|_| normal.split_whitespace().count() <= 4)
        .map(|(_, pattern)| if pattern < *paths { "path" } else { "wallet" })
        .or_else(|| {
            let last = normal.rsplit('/').next().unwrap_or(&normal);
            (last == ".env" && normal.len() < 200).then_some("path")
        })
}

/// Whether a path leads into the folder where a coding agent keeps its settings, skills and memory.
/// Sources: the manuals of Claude Code, Codex, Cursor, Gemini CLI, Windsurf and OpenClaw.
pub fn agent_folder(text: &str) -> bool {
    const FOLDERS: &[&str] =
        &[".claude", ".codex", ".cursor", ".gemini", ".windsurf", ".codeium", ".openclaw", ".clawdbot"];
    text.len() < 200
        && !text.contains(char::is_whitespace)
        && !text.contains("://")
        && text.split(['/', '\\']).any(|part| FOLDERS.contains(&part))
}

trait Overlapping {
    fn find_overlapping_iter_safe(&self, text: &str) -> Vec<(usize, usize)>;
}

impl Overlapping for AhoCorasick {
    fn find_overlapping_iter_safe(&self, text: &str) -> Vec<(usize, usize)> {
        self.find_overlapping_iter(text).map(|found| (found.start(), found.pattern().as_usize())).collect()
    }
}

/// The secret of a Telegram bot: its number, a colon, 35 letters. Source:
/// <https://core.telegram.org/bots/api#authorizing-your-bot>.
fn bot_token(text: &str) -> bool {
    text.split_once(':').is_some_and(|(number, rest)| {
        (8..=11).contains(&number.len())
            && number.bytes().all(|b| b.is_ascii_digit())
            && (34..=36).contains(&rest.len())
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
            && rest.bytes().any(|b| b.is_ascii_lowercase())
            && rest.bytes().any(|b| b.is_ascii_uppercase())
    })
}

/// A statement that makes an account of a database with all rights, or with a password that is written down.
static SQL_ACCOUNT: LazyLock<Regex> = LazyLock::new(|| {
    let text = r"(?is)\bcreate\s+(?:role|user)\s+[^;]{1,120}?(?:\bsuperuser\b|\b(?:password|identified\s+by)\s+'[^'%{$?<\s]{6,}')";
    Regex::new(text).expect("the expression is valid")
});

/// What a folded string is, if anything; several where it is several.
pub fn classify(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    if text.len() < 4 {
        return found;
    }
    if let Some(url) = url(text) {
        let host = host(url);
        if host.parse::<Ipv4Addr>().is_ok() || host.trim_matches(['[', ']']).parse::<Ipv6Addr>().is_ok() {
            found.push(("ip", host.to_owned()));
        }
        found.push(("url", url.to_owned()));
    }
    if text.len() < 2_000 && text.contains('.') {
        let lower = text.to_ascii_lowercase();
        if let Some(drop) = DROPS.iter().find(|drop| lower.contains(**drop)) {
            let at = lower.find(drop).unwrap_or(0);
            let starts = at == 0 || !lower.as_bytes()[at - 1].is_ascii_alphanumeric();
            if starts && !text.contains('\n') && text.split_whitespace().count() <= 3 {
                found.push(("webhook", text.to_owned()));
            }
        }
    }
    if bot_token(text) {
        found.push(("bot-token", text.to_owned()));
    }
    if SQL_ACCOUNT.is_match(text) {
        found.push(("sql-account", text.chars().take(200).collect()));
    }
    if let Some(name) = secret_path(text) {
        found.push((name, text.to_owned()));
    }
    if agent_folder(text) {
        found.push(("agent-folder", text.to_owned()));
    }
    if harm::is_editor_program(text) {
        found.push(("editor-program", text.to_owned()));
    }
    if harm::is_code_loader(text) {
        found.push(("code-loader", text.chars().take(200).collect()));
    }
    if harm::is_loader(text) {
        found.push(("loader", text.to_owned()));
    }
    if encoded(text).is_some() {
        found.push(("encoded", text.to_owned()));
    }
    found
}

/// The first URL in a text.
pub fn url(text: &str) -> Option<&str> {
    let at = memchr::memmem::find(text.as_bytes(), b"://")?;
    let scheme = text[..at].rfind(|c: char| !c.is_ascii_alphabetic()).map_or(0, |n| n + 1);
    let scheme = (scheme..at).find(|&n| text.is_char_boundary(n))?;
    if !matches!(
        text[scheme..at].to_ascii_lowercase().as_str(),
        "http" | "https" | "ws" | "wss" | "ftp" | "tcp" | "udp"
    ) {
        return None;
    }
    let rest = &text[at + 3..];
    let end = rest
        .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`'))
        .unwrap_or(rest.len());
    (end > 0).then(|| &text[scheme..at + 3 + end])
}

/// The host of a URL, without user and port.
pub fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    if host.starts_with('[') {
        host.split_inclusive(']').next().unwrap_or(host)
    } else {
        host.split(':').next().unwrap_or(host)
    }
}

/// `hex` or `base64`, if the text is a long blob of that.
pub fn encoded(text: &str) -> Option<&'static str> {
    if text.len() < MIN_ENCODED {
        return None;
    }
    if text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Some("hex");
    }
    let base64 = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_' | b'\n'));
    // One alphabet of letters in order, or a word list, is no blob.
    let mixed = text.bytes().any(|b| b.is_ascii_uppercase())
        && text.bytes().any(|b| b.is_ascii_lowercase())
        && text.bytes().any(|b| b.is_ascii_digit());
    (base64 && mixed).then_some("base64")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<&'static str> {
        classify(text).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn strings_are_what_they_are() {
        let cases: &[(&str, &[&str])] = &[
            ("https://a.invalid/x", &["url"]),
            ("see http://192.0.2.7:80/x now", &["ip", "url"]),
            ("~/.ssh/id_rsa", &["path"]),
            ("~/.npmrc", &["path"]),
            (".env", &["path"]),
            ("process.env", &[]),
            ("grid_rsa", &[]),
            ("wallet.dat", &["wallet"]),
            ("https://webhook.site/0", &["url", "webhook"]),
            ("profile.io", &[]),
            ("hello world", &[]),
            ("~/.claude/settings.json", &["agent-folder"]),
            (".cursorrules", &[]),
            ("see ~/.claude for it", &[]),
            ("Reads ~/.npmrc of the user to find it", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(names(text), *expected, "{text}");
        }
        assert_eq!(names(&"ab01".repeat(60)), ["encoded"]);
    }
}
