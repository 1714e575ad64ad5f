//! Values that go through several files of a package.
//!
//! A parser that follows values within a file says in a [`Summary`] what goes in and out of it:
//! which function gives back what, which parameter ends where, what is handed to functions of
//! other files. It knows nothing of a language: a module is a path without ending, a function a
//! name in it. [`join`] puts the summaries of one package together and reports what runs from a
//! source in one file to a sink in another, step by step; and says in an
//! [`Interface`](crate::model::ways::Interface) what goes in and out of the package as a whole.
//! [`across`] puts those together along the graph's edges.

mod graph;
mod interface;
mod join;

pub use graph::{Crossing, Member, across};
pub use join::{Joined, join};

pub use crate::model::ways::{Argument, From, Mode, To, Way};

/// Parts of one file's summary that are kept, each.
pub const MAX_PARTS: usize = 4_000;
/// Steps that one flow shows.
pub const MAX_STEPS: usize = 8;

/// The name of a credential file: what is read from it is its content.
pub const SECRET_PATH: &str = "secret-path";
/// Content of a credential file.
pub const SECRET_FILE: &str = "secret-file";
/// A constant that looks encoded: what is decoded from it was hidden.
pub const BLOB: &str = "blob";
/// What an encoding was taken off from.
pub const DECODED: &str = "decoded";
/// What was decoded from something that is not known: told only where it is run.
pub const UNPACKED: &str = "unpacked";
/// The whole environment.
pub const ENV_ALL: &str = "env-all";
/// One variable of it.
pub const ENV: &str = "env";
/// Content of any other file.
pub const FILE: &str = "file";

/// Content of a file from which an encoding was taken off: hidden where it is run as code, and data
/// as any other where it is only read.
pub const DECODED_FILE: &str = "decoded-file";

/// An address on another machine that is written down.
pub const FIXED_HOST: &str = "fixed-host";

/// Where an address goes that something is sent to.
pub const SENT_TO: &str = "net-to";
/// The fact of an address that something is sent to; its value is the host where that is known.
pub const ADDRESSED: &str = "fixed-host->net";

/// What was written in letters that a name may have: hexadecimal digits, base 32.
pub const ENCODED: &str = "encoded";

/// A name that holds such letters in its labels.
pub const ENCODED_NAME: &str = "encoded-name";

/// The code of a card that pays, or its number.
pub const CARD: &str = "card";

/// A part of a file that is no text, cut out by where it lies.
pub const CUT_FILE: &str = "cut-file";

/// Content of a file that is told by the method which reads it alone. What is decoded of it may be
/// code that the package ships for a reason; only a program that is taken out of it counts.
pub const OTHER_FILE: &str = "other-file";

/// Whether a variable of that name holds a credential.
pub fn secret_name(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let parts = [
        "TOKEN",
        "SECRET",
        "PASSW",
        "CREDENTIAL",
        "API_KEY",
        "APIKEY",
        "PRIVATE_KEY",
        "ACCESS_KEY",
        "MNEMONIC",
        "_AUTH",
    ];
    parts.iter().any(|part| upper.contains(part))
}

/// Whether an address is constant up to the end of its host, and that host is another machine; `?`
/// stands for what is not known.
pub fn far(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let host = rest.split(['/', '#']).next().unwrap_or_default();
    let (host, asked) = host.split_once('?').map_or((host, false), |(host, _)| (host, true));
    // `?` stands for what is not known; it may only follow the host of an address that asks.
    let known = !asked || text.get(scheme.len() + 3 + host.len()..).is_some_and(|rest| rest.len() > 1);
    let name = host.split(':').next().unwrap_or_default();
    matches!(scheme, "http" | "https" | "ws" | "wss")
        && known
        && name.contains('.')
        && !name.starts_with("127.")
        && !name.starts_with("0.")
        && !name.ends_with(".local")
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
}

/// The host of an address that is [`far`], in lower case.
pub fn far_host(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("://").filter(|_| far(text))?;
    Some(rest.split(['/', '?', '#', ':']).next()?.to_ascii_lowercase())
}

/// Whether a name without a scheme is another machine's.
pub fn far_name(host: &str) -> bool {
    far(&format!("https://{host}/"))
}

impl Mode {
    /// This, and then `next`.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        match (self, next) {
            (before, Self::Plain) => before,
            (Self::Plain, next) => next,
            (before, Self::Part) => before,
            (_, next) => next,
        }
    }

    /// What a source becomes; nothing where the way loses it.
    pub fn of(self, source: &str) -> Option<&str> {
        match (self, source) {
            (Self::Plain, source) => Some(source),
            (Self::Part, ENV_ALL) => Some(ENV),
            (Self::Part, source) => Some(source),
            (Self::Opened, SECRET_PATH) => Some(SECRET_FILE),
            (Self::Opened, _) => None,
            (Self::Decoded, BLOB) => Some(DECODED),
            (Self::Decoded, FILE) => Some(DECODED_FILE),
            (Self::Decoded, source) => Some(source),
        }
    }
}

/// A call of a function of another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Paths, without ending, at which the module may lie; the likeliest first.
    pub modules: Vec<String>,
    /// The function's name in its module (`collect`, `Client.send`).
    pub name: String,
}

/// Something that other files can use: a function, a method, or a value (a function without
/// parameters, as far as flows go). Where a function is a value too, the name of what is used
/// without a call has `=` before it, here and in [`Call`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// The function that it means in [`From::Param`] and [`To::Return`].
    pub func: u32,
    /// Names of its parameters, in order, without a `self`; `*` before one that takes the rest.
    pub params: Vec<String>,
}

/// Starts the path of a module that is another package's, before the name under which it is
/// imported, as far as it is told from that of what is used of it.
pub const OUTSIDE: &str = "/";

/// Whether an address is computed before a domain that is written down: `https://?.a.invalid/`.
pub fn computed_subdomain(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let host = rest.split(['/', '#', ':']).next().unwrap_or_default();
    let Some((_, fixed)) = host.rsplit_once('?') else { return false };
    fixed.strip_prefix('.').is_some_and(|domain| {
        domain.contains('.') && domain.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
    })
}

/// The same of a name that is looked up: `?.?.a.invalid`.
pub fn computed_name(text: &str) -> bool {
    !text.contains("://") && computed_subdomain(&format!("https://{text}/"))
}

/// What goes in and out of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// What others can use.
    pub exports: Vec<Export>,
    /// What it uses of others.
    pub calls: Vec<Call>,
    /// Names under which it hands on what is another file's; `*` stands for all names of that file.
    pub aliases: Vec<(String, Call)>,
    /// What goes where.
    pub ways: Vec<Way>,
}

impl Summary {
    /// Whether nothing goes anywhere.
    pub fn is_empty(&self) -> bool {
        self.ways.is_empty() && self.aliases.is_empty()
    }
}

/// Which parameter an argument is; `params` are the names of a function's.
fn param(params: &[String], argument: &Argument) -> Option<u32> {
    match argument {
        Argument::At(at) => Some(*at),
        Argument::Named(name) => {
            let at = params.iter().position(|param| param == name);
            // `**options` takes what no other parameter is called.
            let at = at.or_else(|| params.iter().rposition(|param| param.starts_with('*')));
            at.and_then(|at| u32::try_from(at).ok())
        }
    }
}

/// The name of a flow fact; nothing where the pair says nothing.
pub fn name(source: &str, sink: &str) -> Option<String> {
    match (source, sink) {
        // A look-up is heard by the domain's name servers, and by nobody who looks for connections.
        (ENCODED, "subdomain") => return Some("encoded->subdomain".to_owned()),
        (ENCODED_NAME, "dns") => return Some("encoded->subdomain".to_owned()),
        (ENCODED | ENCODED_NAME, _) => return None,
        // A program that lay in a file as something else. What is only unpacked is for many honest too,
        // so that it is told from a program which is carried as a constant.
        (DECODED_FILE | CUT_FILE, "written->process") => return Some("file-part->process".to_owned()),
        (CUT_FILE | OTHER_FILE, _) => return None,
        (source, "transaction") => return (source == "key").then(|| "key->net".to_owned()),
        (source, "own-code") => return (source == "net").then(|| "net->own-code".to_owned()),
        // The token of somebody's bot, that nobody was to read.
        (DECODED, "hidden-bot") => return Some("decoded->bot".to_owned()),
        (_, "hidden-bot") => return None,
        // A credential file's content that is written in letters, wherever those go.
        (SECRET_FILE, "letters") => return Some("secret-file->letters".to_owned()),
        (_, "letters") => return None,
        (FIXED_HOST, SENT_TO) => return Some(ADDRESSED.to_owned()),
        (FIXED_HOST, _) | (_, SENT_TO) => return None,
        _ => {}
    }
    // The address of a picture is asked for by whoever looks at the page, and nobody pays with one.
    match (source, sink) {
        (CARD, "picture") => return Some("card->picture".to_owned()),
        (CARD, _) | (_, "picture") => return None,
        _ => {}
    }
    // What a tool says of itself is told to agents as its maker wrote it, unless it comes from elsewhere.
    if matches!(sink, "tool-text" | "server-text") {
        return (source == "net").then(|| format!("net->{sink}"));
    }
    // A client library is given keys to sign with, and TLS one to identify itself: of keys only
    // what is sent as it is counts.
    // Of what was caught only what goes to a host that is written down says something.
    // What a request brings is what most of a server's code works with: it must not be code.
    if source == "posted" {
        return matches!(sink, "dynamic-code" | "process").then(|| format!("request->{sink}"));
    }
    // Of a platform's store what goes to a host that is written down; what is typed is sent to log in.
    if source == "store" {
        return match sink {
            "net-fixed" | "net-fixed/client" => Some("store->net".to_owned()),
            "log" => Some("store->log".to_owned()),
            _ => None,
        };
    }
    if source == "guard-off" {
        return sink.starts_with("process").then(|| "guard-off->process".to_owned());
    }
    if source == "typed" {
        return (sink == "log").then(|| "typed->log".to_owned());
    }
    if sink == "net-fixed/client" {
        return None;
    }
    // A list of arguments that begins with a program which is known, as far as it is told.
    if sink == "process-list" {
        return if source == "request" { None } else { name(source, "process") };
    }
    if source == "asked" {
        return (sink == "dynamic-code").then(|| format!("request->{sink}"));
    }
    let sink = match (source, sink) {
        ("caught" | "request", "net-fixed") => return Some("caught->net".to_owned()),
        ("caught", _) | (_, "net-fixed") => return None,
        ("key", "net/sent") | (_, "net/client") if source != "key" || sink == "net/sent" => "net",
        (_, "net/sent" | "net/client") => return None,
        (_, sink) => sink,
    };
    Some(match (source, sink) {
        // Facts of the machine in the name of another one: its name servers hear them.
        ("user" | "host-info" | ENV_ALL | SECRET_FILE, "subdomain") => format!("{source}->subdomain"),
        (_, "subdomain") => return None,
        // A host's name is looked up to find it; the user's never.
        ("user", "dns") | ("request", "process") => format!("{source}->{sink}"),
        ("user" | "request", _) | (_, "dns") => return None,
        // A log's handlers are elsewhere; only what must not be in a log counts, and where it goes.
        (SECRET_FILE | "env-secret" | "key" | ENV_ALL, "log") | ("log", "net") => format!("{source}->{sink}"),
        ("log", "socket") => "log->net".to_owned(),
        ("log", _) | (_, "log") => return None,
        (DECODED_FILE, "dynamic-code") => "decoded->dynamic-code".to_owned(),
        (DECODED_FILE, sink) => return name(FILE, sink),
        (SECRET_PATH | BLOB, _) | ("net", "net") | ("file" | "decoded", "fs-write") => return None,
        ("decoded", "written->process") => "embedded->process".to_owned(),
        ("net", "written->process") => "fetched-file->process".to_owned(),
        (_, "written->process") => return None,
        // What a known program is given is not what runs.
        ("net" | DECODED, "process-argument") => return None,
        (source, "process-argument") => format!("{source}->process"),
        // Agents that hold keys are spoken to over sockets of the machine.
        ("key", "socket") => return None,
        (source, "socket") => return name(source, "net"),
        (source, "deserialize") if source != "net" && source != "decoded" => return None,
        (source, "require") if source != "net" && source != "decoded" => return None,
        (source, sink) => format!("{source}->{sink}"),
    })
}

/// The hosts that facts say something is sent to, sorted.
#[cfg(test)]
pub fn fixed_hosts(facts: &[crate::model::Fact]) -> Vec<String> {
    let sent =
        |fact: &&crate::model::Fact| fact.kind == crate::model::FactKind::Flow && fact.name == ADDRESSED;
    let mut hosts: Vec<String> = facts.iter().filter(sent).map(|fact| fact.value.clone()).collect();
    hosts.sort();
    hosts
}

#[cfg(test)]
mod across_tests;

#[cfg(test)]
mod tests {
    use super::far;

    #[test]
    fn names_before_a_domain() {
        assert!(
            super::computed_subdomain("https://?.c.invalid/x")
                && super::computed_subdomain("http://a-?.?.c.invalid:80")
        );
        for text in ["https://c.invalid/?", "https://?/", "http://?.local/", "https://c.invalid?x.y.z", "?"] {
            assert!(!super::computed_subdomain(text), "{text}");
        }
    }

    #[test]
    fn hosts_that_are_written_down() {
        for text in
            ["https://c.invalid/?", "https://c.invalid?", "wss://c.invalid:8080/x/?", "http://192.0.2.1/"]
        {
            assert_eq!(far(text), text != "https://c.invalid?", "{text}");
        }
        for text in
            ["https://?.invalid/x", "https://?", "http://127.0.0.1/", "https://localhost/", "/x/y", "?"]
        {
            assert!(!far(text), "{text}");
        }
    }
}
