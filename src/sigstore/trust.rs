//! Whom Sigstore trusts: the file `trusted_root.json` of its update framework, and npm's keys,
//! built into the program with the date on which they were taken (`root/README.md`). Keys that
//! were added or revoked since are not known; [`Dated::good_until`] says when to mistrust it.

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Problem;
use super::certificate::Certificate;
use super::signature::Key;
use crate::json::{self, Node};

const ROOT: &str = include_str!("root/trusted_root.json");
const NPM_KEYS: &str = include_str!("root/npm_keys.json");

/// How old a root is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dated {
    /// The day on which it was published (`2026-11-05`).
    pub of: &'static str,
    /// When the signatures that it was published under expire, seconds since the epoch.
    pub good_until: i64,
}

/// The built-in one's. `good_until`: 2027-04-22T19:27:31Z, `expires` of version 16 of `root.json`.
const DATED: Dated = Dated { of: "2026-11-05", good_until: 1_808_422_051 };

/// From and until, seconds since the epoch, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window(i64, Option<i64>);

impl Window {
    pub(super) fn holds(self, at: i64) -> bool {
        self.0 <= at && self.1.is_none_or(|end| at <= end)
    }
}

/// A log of signatures or of certificates.
#[derive(Debug, Clone)]
pub(super) struct Log {
    /// Host of its address, which names it in checkpoints.
    pub(super) host: String,
    pub(super) id: Vec<u8>,
    pub(super) key: Key,
    pub(super) window: Window,
}

/// An authority that gives out certificates.
#[derive(Debug, Clone)]
pub(super) struct Authority {
    /// From the one that signs certificates up to the root.
    pub(super) chain: Vec<Certificate>,
    pub(super) window: Window,
}

/// Keys and certificates that are trusted.
#[derive(Debug, Clone)]
pub struct TrustRoot {
    /// How old it is.
    pub dated: Dated,
    pub(super) logs: Vec<Log>,
    pub(super) authorities: Vec<Authority>,
    pub(super) certificate_logs: Vec<Log>,
    npm: Vec<(String, Key, Window)>,
}

impl TrustRoot {
    /// The one that is built in.
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<TrustRoot> = OnceLock::new();
        BUILTIN.get_or_init(|| Self::parse(ROOT, NPM_KEYS, DATED).expect("a test reads the built-in files"))
    }

    /// Reads `trusted_root.json` and npm's keys in the same notation.
    ///
    /// # Errors
    /// Where they are not such.
    pub fn parse(root: &str, npm: &str, dated: Dated) -> Result<Self, Problem> {
        let wrong = |what: &str| Problem::invalid(format!("the trust root: {what}"));
        let root = json::parse(root).map_err(|error| wrong(&error.to_string()))?;
        let npm = json::parse(npm).map_err(|error| wrong(&error.to_string()))?;
        let bytes = |node: &Node<'_>, at: &str| {
            let text = node.at(at).and_then(Node::as_str).and_then(|text| STANDARD.decode(text).ok());
            text.ok_or_else(|| wrong(&format!("`{at}` is not base64")))
        };
        let window = |node: &Node<'_>, at: &str| {
            let time = |key: &str| node.at(&format!("{at}/{key}")).and_then(Node::as_str).map(seconds);
            match (time("start"), time("end")) {
                (Some(Some(start)), None) => Ok(Window(start, None)),
                (Some(Some(start)), Some(Some(end))) => Ok(Window(start, Some(end))),
                _ => Err(wrong("a key does not say from when it is valid")),
            }
        };
        let log = |node: &Node<'_>| -> Result<Log, Problem> {
            let address = node.get("baseUrl").and_then(Node::as_str).unwrap_or_default();
            let host = address.trim_start_matches("https://").split('/').next().unwrap_or_default();
            Ok(Log {
                host: host.to_owned(),
                id: bytes(node, "/logId/keyId")?,
                key: Key::parse(&bytes(node, "/publicKey/rawBytes")?)?,
                window: window(node, "/publicKey/validFor")?,
            })
        };
        let authority = |node: &Node<'_>| -> Result<Authority, Problem> {
            let certificates = node.at("/certChain/certificates").map(Node::elements).unwrap_or_default();
            let chain: Result<Vec<_>, Problem> =
                certificates.iter().map(|one| Certificate::parse(&bytes(one, "/rawBytes")?)).collect();
            let chain = chain?;
            if chain.is_empty() {
                return Err(wrong("an authority has no certificate"));
            }
            Ok(Authority { chain, window: window(node, "/validFor")? })
        };
        let key = |node: &Node<'_>| -> Result<(String, Key, Window), Problem> {
            let id = node.get("keyId").and_then(Node::as_str).ok_or_else(|| wrong("a key has no id"))?;
            let key = Key::parse(&bytes(node, "/publicKey/rawBytes")?)?;
            Ok((id.to_owned(), key, window(node, "/publicKey/validFor")?))
        };
        let own = |node: &Node<'_>| node.get("keyUsage").and_then(Node::as_str) == Some("npm:attestations");
        Ok(Self {
            dated,
            logs: list(&root, "tlogs").iter().map(log).collect::<Result<_, _>>()?,
            authorities: list(&root, "certificateAuthorities")
                .iter()
                .map(authority)
                .collect::<Result<_, _>>()?,
            certificate_logs: list(&root, "ctlogs").iter().map(log).collect::<Result<_, _>>()?,
            npm: list(&npm, "keys").iter().filter(|node| own(node)).map(key).collect::<Result<_, _>>()?,
        })
    }

    /// npm's key of that id, at that time.
    pub(super) fn npm_key(&self, id: &str, at: i64) -> Result<&Key, Problem> {
        let mut known = self.npm.iter().filter(|(other, ..)| other == id).peekable();
        if known.peek().is_none() {
            let (id, of) = (crate::model::escape(id), self.dated.of);
            return Err(Problem::unsupported(format!(
                "signed with the key `{id}`, which the trust root of {of} does not know"
            )));
        }
        let valid = known.find(|(_, _, window)| window.holds(at)).map(|(_, key, _)| key);
        valid.ok_or_else(|| Problem::invalid("signed with a key of npm that was not valid at that time"))
    }
}

fn list<'n, 'a>(node: &'n Node<'a>, key: &str) -> &'n [Node<'a>] {
    node.get(key).map(Node::elements).unwrap_or_default()
}

fn seconds(text: &str) -> Option<i64> {
    let parsed = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339);
    parsed.ok().map(time::OffsetDateTime::unix_timestamp)
}
