//! What flows from where to where within one file, and ([`summary`]) in and out of it.
//!
//! Every variable, every member of one, and what every local function gives back is a node;
//! assignments, arguments, callbacks and returns are edges. Sources are poured in once and run
//! along the edges until nothing changes; then each sink says what arrived. Order and branches
//! are not looked at. An argument passes through the functions in [`PASSES`] and through methods
//! of the value itself, through no other call: that a function was given the environment does
//! not mean that its result holds it.

mod address;
mod carriers;
pub(super) mod mail;
mod neighbour;
mod outside;
mod page;
mod plain;
mod request;
mod select;
mod shared;
mod summary;
mod verified;

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};

use oxc_ast::ast::*;
use oxc_ast_visit::{VisitJs, walk_js};
use oxc_span::{GetSpan, Span as Range};
use oxc_syntax::operator::BinaryOperator;

use self::outside::Outside;
use self::page::PICTURE;
use super::bind::{self, Base, Func, Owner, Step};
use super::emit::Unit;
use super::key;
use super::literal;
use super::resolve::{Resolver, spine};
use super::value::Val;
use crate::check::flow::Summary;
use crate::model::{CapabilityKind, Fact, FactKind};

/// Calls of one function beyond which its arguments are no longer joined: what everybody calls
/// would join everything.
const MAX_CALL_SITES: usize = 12;

/// Levels of an expression that are followed.
const MAX_DEPTH: u32 = 40;

/// Functions whose result holds what they were given.
const PASSES: &[&str] = &[
    "global.JSON.stringify",
    "global.JSON.parse",
    "global.Object.assign",
    "global.Object.entries",
    "global.Object.values",
    "global.Object.keys",
    "global.Object.fromEntries",
    "global.String",
    "global.btoa",
    "global.encodeURIComponent",
    "global.encodeURI",
    "global.escape",
    "global.Array.from",
    "global.Buffer.from",
    "global.Buffer.concat",
    "global.Buffer",
    "global.unescape",
    "global.decodeURIComponent",
    "global.Promise.all",
    "global.Promise.resolve",
    "node:querystring.stringify",
    "node:url.parse",
    "node:util.inspect",
    "node:util.format",
    "node:path.join",
    "node:path.resolve",
    "node:zlib.gzipSync",
    "node:zlib.gunzipSync",
    "node:zlib.deflateSync",
    "node:zlib.inflateSync",
    "global.URL",
    "node:zlib.brotliDecompressSync",
    "global.Reflect.ownKeys",
    "global.Blob",
    "global.File",
    "global.Uint8Array",
    "global.Uint8Array.from",
    "global.structuredClone",
    "node:crypto.createCipheriv().update",
    "node:crypto.publicEncrypt",
];

/// The sources, in the order in which they are reported.
const SOURCES: [&str; 25] = [
    "env-all",
    "env-secret",
    "env",
    "secret-file",
    "host-info",
    "net",
    "decoded",
    "file",
    "clipboard",
    "browser",
    "key",
    "caught",
    SECRET_PATH,
    HOLDS_ENV,
    "asked",
    REQUEST,
    REQUEST_URL,
    "address",
    HOLDS_ADDRESS,
    "neighbour",
    crate::check::flow::FIXED_HOST,
    crate::check::flow::ENCODED,
    PRESENTED,
    crate::check::flow::ENCODED_NAME,
    crate::check::flow::CARD,
];

/// The same in a name that is looked up, before a domain that is written down.
const ENCODED_NAME: usize = source(crate::check::flow::ENCODED_NAME);
/// The code of a card that pays, and its number.
const CARD: usize = source(crate::check::flow::CARD);
/// What was written in letters that a name may have.
const ENCODED: usize = source(crate::check::flow::ENCODED);
/// An address on another machine that is written down.
const FIXED_HOST: usize = source(crate::check::flow::FIXED_HOST);
const ENV_ALL: usize = source("env-all");
const SECRET: usize = source("secret-file");
const SHOWN: usize = source(PRESENTED);
const ENV_ONE: usize = source("env");
const KEY: usize = source("key");
const HELD_ENV: usize = source(HOLDS_ENV);
/// What a request to a server brings: a header, a parameter, a body.
const ASKED: usize = source("asked");
const REQUEST_OBJECT: usize = source(REQUEST);
const ADDRESSED: usize = source(REQUEST_URL);
/// A mail address that is written down.
const ADDRESS: usize = source("address");
const HELD_ADDRESS: usize = source(HOLDS_ADDRESS);
/// The path of a file of another installed package.
const NEIGHBOUR: usize = source("neighbour");

/// A request to a server, of which some members are what it brings.
const REQUEST: &str = "request";

/// The address of a request, which every server hands on to find what is asked for: only its query
/// is somebody else's text.
const REQUEST_URL: &str = "request-url";

/// An object of which one member is a mail address that is written down.
const HOLDS_ADDRESS: &str = "holds-address";

/// Where a source stands in [`SOURCES`].
const fn source(name: &str) -> usize {
    let mut at = 0;
    while at < SOURCES.len() {
        let (one, other) = (SOURCES[at].as_bytes(), name.as_bytes());
        let mut same = 0;
        while same < one.len() && same < other.len() && one[same] == other[same] {
            same += 1;
        }
        if same == one.len() && same == other.len() {
            return at;
        }
        at += 1;
    }
    panic!("no such source")
}

/// An object of which one member is the environment.
const HOLDS_ENV: &str = "holds-env";

/// The name of a credential file: what is read from it is its content.
const SECRET_PATH: &str = "secret-path";

/// What a credential file holds, shown to a server as what it asks clients for: a client does that
/// with the server that it is set up for, and only an address that is written down tells otherwise.
const PRESENTED: &str = "presented";

/// For each source the first place that it stands at.
type Taint = [Option<Spot>; SOURCES.len()];

/// A place in the text: first byte and the one after the last.
type Spot = (u32, u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Node<'a> {
    Whole(u32),
    Read(u32),
    Field(u32, &'a str),
    This(u32, &'a str),
    Return(u32),
    /// What a read gives, by its place, and the name of the file that it reads.
    Got(u32),
    Named(u32),
    /// A file's content, by the file's name.
    File(u32),
    /// What a call of another file's function gives, by its number.
    Result(u32),
    /// What a function hands to the functions that it was given.
    Handed(u32),
    /// An exported value, by its number.
    Value(u32),
    /// A member of the global object.
    Global(&'a str),
    /// What is handed to those who listen for an event of that name.
    Event(&'a str),
    /// What a function throws.
    Thrown(u32),
}

/// What happens to a value on an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Via {
    Plain,
    /// It becomes a member of an object.
    Inside,
    /// A member of it is taken.
    Member,
    /// Both: a member is taken and put into an object.
    Moved,
    /// It is a member, which of a request is what it brings, of an object that is taken whole.
    Whole,
    /// A member is taken that, of a request, is what it brings.
    Asked,
    /// The same, of a request's address too.
    Query,
    /// A member is taken that, of a request, is its address.
    Url,
    /// A member may be taken: what counts as a member only of some sources.
    Taken,
    /// The same, and of a request it is what it brings.
    Given,
    /// A member is taken that says something about a key and is none: its number, its algorithm, its
    /// public half.
    Beside,
    /// It becomes the member of an object that holds what a server asks clients for.
    Presented,
    /// It becomes a label of a name, before a domain that is written down.
    Label,
}

/// Members of a key that are none.
const ABOUT_KEYS: &[&str] = &[
    "kid",
    "keyid",
    "id",
    "alg",
    "algorithm",
    "kty",
    "crv",
    "usages",
    "extractable",
    "publickey",
    "public",
    "address",
    "fingerprint",
    "created",
    "expires",
];

impl Via {
    /// What a source becomes.
    fn of(self, kind: usize) -> Option<usize> {
        use Via::{Asked, Beside, Given, Inside, Member, Moved, Plain, Query, Taken, Url, Whole};
        match (self, kind) {
            (Plain, kind) => Some(kind),
            (Self::Presented, SECRET) => Some(SHOWN),
            (Self::Label, ENCODED) => Some(ENCODED_NAME),
            (Whole, ASKED | ADDRESSED) => None,
            (Inside | Whole | Self::Presented, ENV_ALL) => Some(HELD_ENV),
            (Member | Moved | Asked | Query | Url, HELD_ENV) => None,
            // One variable of it.
            (Member | Moved | Asked | Query | Url | Beside, ENV_ALL) => Some(ENV_ONE),
            (Inside | Moved | Whole | Self::Presented, ADDRESS) => Some(HELD_ADDRESS),
            (Member | Moved | Asked | Query | Url | Taken | Given, HELD_ADDRESS) => None,
            (Asked | Given | Query, REQUEST_OBJECT) | (Query, ADDRESSED) => Some(ASKED),
            (Url, REQUEST_OBJECT) => Some(ADDRESSED),
            (Beside, KEY | HELD_ENV | HELD_ADDRESS | REQUEST_OBJECT | ADDRESSED) => None,
            (Member | Moved | Taken, REQUEST_OBJECT) => None,
            (Member | Moved | Taken | Asked | Given | Url, ADDRESSED) => None,
            (_, kind) => Some(kind),
        }
    }

    /// A member of that name is put into an object.
    fn into(key: Option<&str>) -> Self {
        match key {
            Some(key) if key.eq_ignore_ascii_case("authorization") => Self::Presented,
            _ => Self::Inside,
        }
    }

    /// A member that is taken out by a pattern (`const { query } = request`).
    fn named(key: &str) -> Self {
        match Self::member(key) {
            Self::Member | Self::Moved => Self::Taken,
            Self::Asked => Self::Given,
            via => via,
        }
    }

    /// Taking that member of an object: the environment is looked for under its own name.
    fn member(key: &str) -> Self {
        let key = key.to_ascii_lowercase();
        if key.contains("env") || key.contains("vars") || key.contains("variables") {
            Self::Plain
        } else if ABOUT_KEYS.contains(&key.as_str()) {
            Self::Beside
        } else if matches!(key.as_str(), "req" | "request") {
            // `ctx.req` is the request itself.
            Self::Plain
        } else if matches!(key.as_str(), "url" | "originalurl") {
            Self::Url
        } else if matches!(key.as_str(), "query" | "search" | "searchparams") {
            Self::Query
        } else if request::brings(&key) {
            Self::Asked
        } else {
            Self::Member
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Dep<'a> {
    Node(Node<'a>),
    Part(Node<'a>, Via),
    Source(usize, Spot),
}

struct Sink<'a> {
    name: &'static str,
    range: Range,
    deps: Vec<Dep<'a>>,
    /// The only kind of source that counts here, or the one that does not.
    only: Option<usize>,
    except: Option<usize>,
}

struct Flows<'u, 'i, 't, 'r, 'a, 's> {
    unit: &'u Unit<'u, 'i, 't>,
    resolver: &'r Resolver<'a, 's>,
    ids: HashMap<Node<'a>, usize>,
    edges: Vec<Vec<(usize, Via)>>,
    taints: Vec<Taint>,
    sinks: Vec<Sink<'a>>,
    /// Whether a literal of the file names a credential file.
    secret_paths: bool,
    /// Reads whose path may name one, with what the path depends on.
    reads: RefCell<HashMap<u32, Vec<Dep<'a>>>>,
    /// Whether the file is about wallets.
    wallets: OnceCell<bool>,
    /// Names of files that are written or started.
    files: RefCell<HashMap<String, u32>>,
    /// Calls of other files' functions.
    outside: RefCell<Outside>,
    /// What they are given: the call, which argument, what.
    arguments: Vec<(u32, u32, Vec<Dep<'a>>)>,
    /// Data of which the digest is compared with one that is known, and where.
    checked: Vec<(Vec<u32>, Range)>,
    /// Requests that the file makes: calls, not what is done with what they give.
    requests: u32,
    /// Variables that were checked to hold a plain name, and nothing else.
    plain: HashSet<u32>,
    /// Names of files, and what is read by them: nodes.
    opened: Vec<(usize, usize)>,
    /// The text as the nodes name parts of it.
    source: &'a str,
    /// Whether the file speaks of blind copies, and of other packages' files.
    mails: bool,
    neighbours: bool,
    /// Files that are looked for since they hold secrets.
    selected: select::Selected,
    /// Hosts of addresses that are written down, and the nodes that hold one.
    hosts: RefCell<HashMap<Spot, String>>,
    poured: Vec<(usize, Spot)>,
    /// Hosts without an address that something is sent to: where they stand, and where it is sent.
    noted: Vec<(String, Range, Range)>,
    /// Functions around here.
    around: Vec<u32>,
}

/// Adds the flows of the file, and says what goes in and out of it.
pub fn run<'a>(
    unit: &Unit<'_, '_, '_>,
    resolver: &Resolver<'a, '_>,
    program: &'a Program<'a>,
    facts: &mut Vec<Fact>,
) -> Summary {
    use CapabilityKind::{DynamicCode, FsWrite, Net, Process};
    let sinks = |fact: &Fact| matches!(fact.capability, Some(Net | Process | DynamicCode | FsWrite));
    // An image's address is a request too.
    let text = unit.text.as_bytes();
    let pictures =
        memchr::memmem::find(text, b".src").is_some() && memchr::memmem::find(text, b"://").is_some();
    let mails = mail::speaks_of_copies(unit.text);
    let compiles = memchr::memmem::find(text, b"_compile").is_some();
    let sinks = pictures || mails || compiles || page::shows(text) || facts.iter().any(sinks);
    // What was decoded from a text has no files beside it.
    let alone = unit.layer > 0 || !summary::shares(program);
    if !sinks && alone {
        return Summary::default();
    }
    let selected = select::find(program, resolver);
    let mut flows = Flows {
        unit,
        resolver,
        ids: HashMap::new(),
        edges: Vec::new(),
        taints: Vec::new(),
        sinks: Vec::new(),
        secret_paths: !selected.is_empty()
            || facts.iter().any(|fact| {
                fact.kind == FactKind::Literal && matches!(fact.name.as_str(), "path" | "wallet")
            }),
        reads: RefCell::default(),
        wallets: OnceCell::new(),
        files: RefCell::default(),
        outside: RefCell::default(),
        arguments: Vec::new(),
        opened: Vec::new(),
        checked: Vec::new(),
        requests: 0,
        plain: plain::names(program, resolver.scoping),
        source: program.source_text,
        mails,
        neighbours: neighbour::speaks_of_packages(unit.text),
        selected,
        hosts: RefCell::default(),
        poured: Vec::new(),
        noted: Vec::new(),
        around: Vec::new(),
    };
    flows.keys();
    flows.defaults();
    flows.between();
    flows.bindings();
    flows.visit_program(program);
    let mut shared = if alone { summary::Shared::default() } else { flows.shared(program) };
    if !alone {
        flows.carried(&mut shared);
    }
    flows.spread();
    flows.secret_reads();
    flows.report(facts);
    facts.extend(flows.verified());
    facts.extend(flows.sent_to());
    if alone { Summary::default() } else { flows.summary(&shared) }
}

fn merge(into: &mut Option<Spot>, spot: Option<Spot>) -> bool {
    match (*into, spot) {
        (None, Some(_)) => *into = spot,
        (Some(old), Some(new)) if new < old => *into = spot,
        _ => return false,
    }
    true
}

/// Takes addresses that are written down out of the dependencies from `from` on.
fn unset(deps: &mut Vec<Dep<'_>>, from: usize) {
    let mut at = 0;
    deps.retain(|dep| {
        at += 1;
        at <= from || !matches!(dep, Dep::Source(FIXED_HOST, _))
    });
}

/// Changes the dependencies from `from` on.
fn through(deps: &mut [Dep<'_>], from: usize, via: Via) {
    for dep in deps.iter_mut().skip(from) {
        *dep = match (*dep, via) {
            (dep, Via::Plain) => dep,
            (Dep::Source(kind @ (ENV_ALL | ADDRESS | SECRET), spot), Via::Inside | Via::Presented) => {
                Dep::Source(via.of(kind).unwrap_or(kind), spot)
            }
            (Dep::Source(ENCODED, spot), Via::Label) => Dep::Source(ENCODED_NAME, spot),
            (Dep::Node(node), via) => Dep::Part(node, via),
            (Dep::Part(node, Via::Member), Via::Inside | Via::Presented) => Dep::Part(node, Via::Moved),
            (Dep::Part(node, Via::Plain), via) | (Dep::Part(node, Via::Url), via @ Via::Query) => {
                Dep::Part(node, via)
            }
            (Dep::Part(node, Via::Taken | Via::Given | Via::Member), Via::Label) => Dep::Part(node, via),
            (dep, _) => dep,
        };
    }
}

/// Whether a source that means something in few places does in that one.
fn says(kind: usize, sink: &str) -> bool {
    match kind {
        // Each is followed by itself.
        FIXED_HOST => false,
        ENCODED => sink == "subdomain",
        ENCODED_NAME => sink == "dns",
        CARD => sink == PICTURE,
        _ if sink == PICTURE => false,
        _ if sink == "subdomain" => {
            matches!(SOURCES[kind], "host-info" | "env-all" | "env-secret" | "secret-file")
        }
        _ if matches!(sink, "tool-text" | "server-text") => SOURCES[kind] == "net",
        _ if sink == crate::check::flow::SENT_TO => false,
        ADDRESS => sink == mail::SINK,
        NEIGHBOUR => sink == neighbour::SINK,
        ASKED => sink == "dynamic-code",
        _ if sink == "dns" => SOURCES[kind] == "env-secret",
        REQUEST_OBJECT | ADDRESSED | HELD_ADDRESS => false,
        _ => true,
    }
}

/// What an extension can ask a browser for that is the user's own. Source:
/// <https://developer.chrome.com/docs/extensions/reference/api>, the same under `browser`.
fn of_browser(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("global.") else { return false };
    let rest = rest.strip_prefix("window.").unwrap_or(rest);
    let of = rest.strip_prefix("chrome.").or_else(|| rest.strip_prefix("browser."));
    matches!(
        of,
        Some(
            "cookies.getAll"
                | "cookies.get"
                | "history.search"
                | "history.getVisits"
                | "bookmarks.getTree"
                | "identity.getAuthToken"
                | "identity.getProfileUserInfo"
                | "tabs.captureVisibleTab"
                | "desktopCapture.chooseDesktopMedia"
                | "tabCapture.capture"
                | "pageCapture.saveAsMHTML"
                | "topSites.get"
                | "downloads.search"
        )
    )
}

/// Whether a variable of that name holds a credential; of a server's, sessions too.
fn secret_name(name: &str) -> bool {
    crate::check::flow::secret_name(name) || name.to_ascii_uppercase().contains("SESSION")
}

impl<'a> Flows<'_, '_, '_, '_, 'a, '_> {
    /// All that may be in some dependencies.
    fn arrived(&mut self, deps: &[Dep<'a>]) -> Taint {
        let mut taint = Taint::default();
        for dep in deps {
            match dep {
                Dep::Source(kind, spot) => {
                    merge(&mut taint[*kind], Some(*spot));
                }
                Dep::Node(node) | Dep::Part(node, _) => {
                    let via = if let Dep::Part(_, via) = dep { *via } else { Via::Plain };
                    let at = self.id(*node);
                    for (kind, spot) in self.taints[at].iter().enumerate() {
                        if let Some(kind) = via.of(kind) {
                            merge(&mut taint[kind], *spot);
                        }
                    }
                }
            }
        }
        // To send what holds it is to send it.
        let held = taint[HELD_ENV].take();
        merge(&mut taint[ENV_ALL], held);
        taint
    }

    /// Adds a fact for each source that arrived at a sink.
    fn report(&mut self, facts: &mut Vec<Fact>) {
        let sinks = std::mem::take(&mut self.sinks);
        for sink in &sinks {
            let taint = self.arrived(&sink.deps);
            for (kind, spot) in taint.iter().enumerate() {
                // What was caught counts where it goes to a host that is written down.
                let caught = matches!(SOURCES[kind], "caught" | PRESENTED) && sink.only != Some(kind);
                let left_out =
                    caught || sink.except == Some(kind) || sink.only.is_some_and(|only| only != kind);
                let (Some((start, end)), false) = (spot, left_out) else { continue };
                if !says(kind, sink.name) {
                    continue;
                }
                let name = match (SOURCES[kind], sink.name) {
                    ("net", "net") | ("file", "fs-write") | (SECRET_PATH, _) => continue,
                    // What a known program is given is not what runs.
                    ("net" | "decoded", "process-argument") => continue,
                    (source, "process-argument") => format!("{source}->process"),
                    ("decoded", "written->process") => "embedded->process".to_owned(),
                    ("net", "written->process") => "fetched-file->process".to_owned(),
                    (_, "written->process") => continue,
                    (crate::check::flow::ENCODED_NAME, "dns") => "encoded->subdomain".to_owned(),
                    ("asked", sink) => format!("request->{sink}"),
                    (PRESENTED, sink) => format!("secret-file->{sink}"),
                    (source, sink) => format!("{source}->{sink}"),
                };
                let span = self.unit.place.span(sink.range);
                let from = self.unit.place.span(Range::new(*start, *end)).line;
                let value = match (kind, self.source.get(*start as usize..*end as usize)) {
                    (ADDRESS | NEIGHBOUR, Some(text)) => {
                        text.trim_matches(['\'', '"', '`']).chars().take(80).collect()
                    }
                    _ => format!("from line {from}"),
                };
                facts.push(Fact::new(FactKind::Flow, name, span).value(value));
            }
        }
        self.sinks = sinks;
    }

    fn about_wallets(&self) -> bool {
        *self.wallets.get_or_init(|| key::about_wallets(self.unit.text))
    }

    /// Parameters that hold keys of wallets, by their names, in files about wallets.
    fn keys(&mut self) {
        let resolver = self.resolver;
        for func in &resolver.bindings.functions {
            for item in &func.params().items {
                for identifier in item.pattern.get_binding_identifiers() {
                    if key::is_key(&identifier.name)
                        && self.about_wallets()
                        && let Some(symbol) = identifier.symbol_id.get()
                    {
                        let dep = self.source("key", identifier.span);
                        self.feed(Node::Whole(symbol.index() as u32), &[dep]);
                    }
                }
            }
        }
    }

    /// Reads whose path turned out to name a credential file give its content.
    fn secret_reads(&mut self) {
        let mut reads: Vec<_> = self.reads.take().into_iter().collect();
        reads.sort_by_key(|(at, _)| *at);
        for (at, deps) in &reads {
            self.feed(Node::Named(*at), deps);
            let pair = (self.id(Node::Named(*at)), self.id(Node::Got(*at)));
            self.opened.push(pair);
        }
        // What is read may itself be a path: a few rounds are enough for what people write.
        for _ in 0..3 {
            self.spread();
            let mut changed = false;
            for (at, _) in &reads {
                let (named, got) = (self.id(Node::Named(*at)), self.id(Node::Got(*at)));
                let spot = self.taints[named][source(SECRET_PATH)];
                changed |= merge(&mut self.taints[got][source("secret-file")], spot);
            }
            if !changed {
                return;
            }
        }
        self.spread();
    }

    fn id(&mut self, node: Node<'a>) -> usize {
        if let Some(&at) = self.ids.get(&node) {
            return at;
        }
        let at = self.edges.len();
        self.ids.insert(node, at);
        self.edges.push(Vec::new());
        self.taints.push(Taint::default());
        match node {
            Node::Field(symbol, key) => {
                // All of it may be any member; a member is part of what reading it all gives.
                let (whole, read) = (self.id(Node::Whole(symbol)), self.id(Node::Read(symbol)));
                self.edges[whole].push((at, Via::member(key)));
                // Of a request that is handed on whole, other members than the one read are no such text.
                let of_request = matches!(Via::member(key), Via::Asked | Via::Query | Via::Url);
                self.edges[at].push((read, if of_request { Via::Whole } else { Via::Inside }));
            }
            Node::Read(symbol) => {
                let whole = self.id(Node::Whole(symbol));
                self.edges[whole].push((at, Via::Plain));
            }
            _ => {}
        }
        at
    }

    fn feed(&mut self, node: Node<'a>, deps: &[Dep<'a>]) {
        let to = self.id(node);
        for dep in deps {
            match dep {
                Dep::Source(kind, line) => {
                    merge(&mut self.taints[to][*kind], Some(*line));
                    if *kind == FIXED_HOST {
                        self.poured.push((to, *line));
                    }
                }
                Dep::Node(from) | Dep::Part(from, _) => {
                    let via = if let Dep::Part(_, via) = dep { *via } else { Via::Plain };
                    let from = self.id(*from);
                    self.edges[from].push((to, via));
                }
            }
        }
    }

    fn spread(&mut self) {
        let mut work: Vec<usize> = (0..self.edges.len()).collect();
        while let Some(at) = work.pop() {
            let taint = self.taints[at];
            if taint.iter().all(Option::is_none) {
                continue;
            }
            for edge in 0..self.edges[at].len() {
                let (to, via) = self.edges[at][edge];
                let mut changed = false;
                for (kind, spot) in taint.iter().enumerate() {
                    if let Some(kind) = via.of(kind) {
                        changed |= merge(&mut self.taints[to][kind], *spot);
                    }
                }
                if changed {
                    work.push(to);
                }
            }
        }
    }

    fn bindings(&mut self) {
        let resolver = self.resolver;
        for (symbol, defs) in resolver.bindings.defs.iter().enumerate() {
            let symbol = symbol as u32;
            for def in defs {
                match def.base {
                    Base::Expr(value) => self.define(symbol, value, &def.path),
                    Base::Func(func) => {
                        let sites = resolver.bindings.call_sites.get(&symbol).map_or(&[][..], Vec::as_slice);
                        self.sites(func, sites);
                    }
                    _ => {}
                }
            }
            if let [def] = defs.as_slice()
                && let Base::Expr(value) = def.base
                && let Some(func) = Func::of(value)
            {
                let sites = resolver.bindings.call_sites.get(&symbol).map_or(&[][..], Vec::as_slice);
                self.sites(func, sites);
            }
        }
        let mut members: Vec<_> = resolver.bindings.members.iter().collect();
        members.sort_by_key(|((owner, name), _)| (format!("{owner:?}"), *name));
        for ((owner, name), values) in members {
            let node = match owner {
                Owner::Symbol(symbol) => Node::Field(*symbol, name),
                Owner::This(class) => Node::This(*class, name),
                Owner::Exports => continue,
            };
            for value in values {
                let deps = self.deps(value);
                self.feed(node, &deps);
            }
        }
        for func in &resolver.bindings.functions {
            if let Some(values) = resolver.bindings.returns.get(&func.id()) {
                for value in values {
                    let deps = self.deps(value);
                    self.feed(Node::Return(func.id()), &deps);
                }
            }
            if let Some((call, skip)) = resolver.bindings.iife.get(&func.id()) {
                for at in 0..func.params().items.len() {
                    let argument =
                        at.checked_add(*skip).and_then(|at| call.arguments.get(at)?.as_expression());
                    if let Some(argument) = argument {
                        let deps = self.deps(argument);
                        self.param(*func, at, &deps);
                    }
                }
            }
        }
    }

    fn define(&mut self, symbol: u32, value: &'a Expression<'a>, path: &[Step]) {
        match (value.get_inner_expression(), path) {
            (Expression::ObjectExpression(object), []) => {
                for property in &object.properties {
                    match property {
                        ObjectPropertyKind::ObjectProperty(property) => {
                            let mut deps = self.deps(&property.value);
                            let via = Via::into(property.key.static_name().as_deref());
                            if via == Via::Presented {
                                through(&mut deps, 0, via);
                            }
                            let node = match &property.key {
                                PropertyKey::StaticIdentifier(key) => Node::Field(symbol, key.name.as_str()),
                                PropertyKey::StringLiteral(key) => Node::Field(symbol, key.value.as_str()),
                                _ => Node::Whole(symbol),
                            };
                            self.feed(node, &deps);
                        }
                        ObjectPropertyKind::SpreadProperty(spread) => {
                            let deps = self.deps(&spread.argument);
                            self.feed(Node::Whole(symbol), &deps);
                        }
                    }
                }
            }
            (_, [Step::Prop(name), ..]) => {
                // Of an environment only what is taken out of it counts.
                let named = self.resolver.expr(value);
                if let Val::Name(object) = &named
                    && let Some(dep) = self.named(&format!("{object}.{name}"), value.span())
                {
                    self.feed(Node::Whole(symbol), &[dep]);
                } else if !matches!(&named, Val::Name(name) if name.starts_with("global.process")) {
                    let mut deps = self.deps(value);
                    through(&mut deps, 0, Via::named(name));
                    if page::is_card(name) {
                        deps.push(self.source(SOURCES[CARD], value.span()));
                    }
                    self.feed(Node::Whole(symbol), &deps);
                }
            }
            _ => {
                let deps = self.deps(value);
                self.feed(Node::Whole(symbol), &deps);
            }
        }
    }

    fn sites(&mut self, func: Func<'a>, sites: &[&'a CallExpression<'a>]) {
        if sites.len() > MAX_CALL_SITES {
            return;
        }
        for call in sites {
            for (at, argument) in call.arguments.iter().enumerate() {
                if let Some(argument) = argument.as_expression() {
                    let deps = self.deps(argument);
                    self.param(func, at, &deps);
                }
            }
        }
    }

    fn param(&mut self, func: Func<'a>, at: usize, deps: &[Dep<'a>]) {
        if deps.is_empty() {
            return;
        }
        if let Some(item) = func.params().items.get(at) {
            let mut deps = deps.to_vec();
            // What is taken out of an object where it comes in.
            if item.pattern.get_identifier_name().is_none() {
                through(&mut deps, 0, Via::Taken);
            }
            for identifier in item.pattern.get_binding_identifiers() {
                if let Some(symbol) = identifier.symbol_id.get() {
                    self.feed(Node::Whole(symbol.index() as u32), &deps);
                }
            }
        }
    }

    fn source(&self, kind: &str, range: Range) -> Dep<'a> {
        Dep::Source(source(kind), (range.start, range.end))
    }

    /// What a name is by itself.
    fn named(&self, name: &str, range: Range) -> Option<Dep<'a>> {
        if let Some(variable) = name.strip_prefix("global.process.env") {
            return Some(match variable.strip_prefix('.') {
                None => self.source("env-all", range),
                Some("USER" | "USERNAME" | "LOGNAME" | "HOSTNAME" | "COMPUTERNAME" | "USERDOMAIN") => {
                    self.source("host-info", range)
                }
                Some(variable) if secret_name(variable) => self.source("env-secret", range),
                Some(_) => self.source("env", range),
            });
        }
        match name.split("()").next() {
            Some(
                "node:os.hostname"
                | "node:os.userInfo"
                | "node:os.networkInterfaces"
                | "node:os.homedir"
                | "global.process.cwd",
            ) if name.contains("()") => Some(self.source("host-info", range)),
            Some(
                "global.navigator.clipboard.readText"
                | "clipboardy.read"
                | "clipboardy.readSync"
                | "clipboardy.default.read"
                | "clipboardy.default.readSync"
                | "electron.clipboard.readText",
            ) => Some(self.source("clipboard", range)),
            Some(name) if of_browser(name) => Some(self.source("browser", range)),
            _ => None,
        }
    }

    fn deps(&self, expression: &'a Expression<'a>) -> Vec<Dep<'a>> {
        let mut out = Vec::new();
        self.gather(expression, 0, &mut out);
        out
    }

    fn gather(&self, expression: &'a Expression<'a>, depth: u32, out: &mut Vec<Dep<'a>>) {
        if depth > MAX_DEPTH || out.len() > 256 {
            return;
        }
        let depth = depth + 1;
        if self.secret_paths {
            self.secret_path(expression, out);
        }
        if self.neighbours {
            self.neighbour(expression, out);
        }
        self.fixed_host(expression, out);
        let before = out.len();
        self.gather_parts(expression, depth, out);
        if out.len() > before && self.is_label(expression) {
            through(out, before, Via::Label);
        }
    }

    /// Whether a text is put together to a name whose first labels are computed.
    fn is_label(&self, expression: &'a Expression<'a>) -> bool {
        let put_together = match expression.get_inner_expression() {
            Expression::TemplateLiteral(it) => !it.expressions.is_empty(),
            Expression::BinaryExpression(it) => it.operator == BinaryOperator::Addition,
            Expression::CallExpression(call) => call
                .callee
                .get_inner_expression()
                .as_member_expression()
                .is_some_and(|member| matches!(member.static_property_name(), Some("join" | "concat"))),
            _ => false,
        };
        put_together
            && self
                .resolver
                .approximate(expression)
                .is_some_and(|text| crate::check::flow::computed_name(&text))
    }

    fn gather_parts(&self, expression: &'a Expression<'a>, depth: u32, out: &mut Vec<Dep<'a>>) {
        match expression.get_inner_expression() {
            Expression::Identifier(identifier) => {
                if let Some(symbol) = bind::symbol(self.resolver.scoping, identifier) {
                    out.push(Dep::Node(Node::Read(symbol.index() as u32)));
                    let value = self.resolver.symbol(symbol);
                    out.extend(self.outside_value(&value));
                    // `import { env } from 'node:process'`
                    if value.as_name() == Some("global.process.env") {
                        out.push(self.source("env-all", identifier.span));
                    }
                } else {
                    out.push(Dep::Node(Node::Global(identifier.name.as_str())));
                }
            }
            Expression::StaticMemberExpression(member) => {
                self.member(expression, &member.object, Some(member.property.name.as_str()), depth, out);
            }
            Expression::ComputedMemberExpression(member) => {
                let key = match member.expression.get_inner_expression() {
                    Expression::StringLiteral(key) => Some(key.value.as_str()),
                    _ => None,
                };
                self.member(expression, &member.object, key, depth, out);
            }
            Expression::ChainExpression(chain) => match &chain.expression {
                ChainElement::CallExpression(call) => self.call(call, depth, out),
                ChainElement::StaticMemberExpression(member) => self.gather(&member.object, depth, out),
                ChainElement::ComputedMemberExpression(member) => self.gather(&member.object, depth, out),
                _ => {}
            },
            Expression::StringLiteral(text) if self.mails && mail::is_address(&text.value) => {
                out.push(self.source("address", text.span));
            }
            Expression::PrivateFieldExpression(member) => self.private(member, depth, out),
            Expression::AwaitExpression(it) => self.gather(&it.argument, depth, out),
            Expression::TemplateLiteral(template) => {
                template.expressions.iter().for_each(|part| self.gather(part, depth, out));
            }
            Expression::BinaryExpression(binary) if binary.operator == BinaryOperator::Addition => {
                spine(binary).into_iter().take(512).for_each(|part| self.gather(part, depth, out));
            }
            Expression::LogicalExpression(it) => {
                let before = out.len();
                self.gather(&it.left, depth, out);
                self.gather(&it.right, depth, out);
                // One of several addresses is one that may be set.
                unset(out, before);
            }
            // `SECRET.test(name) ? '***' : value`
            Expression::ConditionalExpression(it) if self.masks(it) => {}
            Expression::ConditionalExpression(it) => {
                let before = out.len();
                self.gather(&it.consequent, depth, out);
                self.gather(&it.alternate, depth, out);
                unset(out, before);
            }
            Expression::AssignmentExpression(it) => self.gather(&it.right, depth, out),
            Expression::SequenceExpression(it) => {
                if let Some(last) = it.expressions.last() {
                    self.gather(last, depth, out);
                }
            }
            Expression::ArrayExpression(array) => {
                // `[name, SECRET.test(name) ? '***' : value]`: the name was found to be no secret.
                let masked =
                    array.elements.iter().take(8).find_map(|element| match element.as_expression()? {
                        Expression::ConditionalExpression(it) if self.masks(it) => self.tested(it),
                        _ => None,
                    });
                for element in array.elements.iter().take(512) {
                    match element {
                        ArrayExpressionElement::SpreadElement(spread) => {
                            self.gather(&spread.argument, depth, out)
                        }
                        ArrayExpressionElement::Identifier(name)
                            if masked.is_some() && bind::symbol(self.resolver.scoping, name) == masked => {}
                        element => {
                            if let Some(element) = element.as_expression() {
                                self.gather(element, depth, out);
                            }
                        }
                    }
                }
            }
            Expression::ObjectExpression(object) => {
                for property in object.properties.iter().take(512) {
                    match property {
                        ObjectPropertyKind::ObjectProperty(property) => {
                            let from = out.len();
                            self.gather(&property.value, depth, out);
                            through(out, from, Via::into(property.key.static_name().as_deref()));
                        }
                        ObjectPropertyKind::SpreadProperty(spread) => {
                            self.gather(&spread.argument, depth, out)
                        }
                    }
                }
            }
            Expression::CallExpression(call) => self.call(call, depth, out),
            Expression::NewExpression(call) => {
                let callee = self.resolver.expr(&call.callee);
                out.extend(callee.as_name().and_then(|name| self.promised(name, &call.arguments)));
                let passes = match callee {
                    // What such an object hands to its listeners comes from the network.
                    Val::Name(name)
                        if matches!(
                            &*name,
                            "global.WebSocket"
                                | "ws"
                                | "ws.WebSocket"
                                | "node:net.Socket"
                                | "global.EventSource"
                        ) =>
                    {
                        out.push(self.source("net", call.span));
                        false
                    }
                    // `client.send(new PutObjectCommand({ Body }))`
                    Val::Name(name) if name.ends_with("Command") || name.ends_with("Request") => true,
                    Val::Name(name) => PASSES.contains(&&*name),
                    _ => {
                        // The message of an error is what it is made of.
                        matches!(call.callee.get_inner_expression(), Expression::Identifier(name) if name.name.ends_with("Error"))
                            || call.callee.is_specific_id("URLSearchParams")
                            || call.callee.is_specific_id("FormData")
                    }
                };
                if passes {
                    self.arguments(&call.arguments, depth, out);
                }
            }
            _ => {}
        }
    }

    /// Whether a value is hidden where its name says that it is a secret.
    fn masks(&self, it: &'a ConditionalExpression<'a>) -> bool {
        let Expression::CallExpression(call) = it.test.get_inner_expression() else { return false };
        let Some(member) = call.callee.get_inner_expression().as_member_expression() else { return false };
        if member.static_property_name() != Some("test") || call.arguments.len() != 1 {
            return false;
        }
        let regexp = match member.object().get_inner_expression() {
            Expression::RegExpLiteral(regexp) => regexp,
            Expression::Identifier(name) => {
                match self.resolver.sole(name).map(Expression::get_inner_expression) {
                    Some(Expression::RegExpLiteral(regexp)) => regexp,
                    _ => return false,
                }
            }
            _ => return false,
        };
        let words = regexp.regex.pattern.text.to_ascii_lowercase();
        let named = ["token", "secret", "pass", "key"].iter().filter(|word| words.contains(**word)).count();
        // What stands for it is not the value itself.
        let replaced = match it.consequent.get_inner_expression() {
            Expression::StringLiteral(_) | Expression::TemplateLiteral(_) => true,
            Expression::CallExpression(call) => matches!(self.resolver.expr(&call.callee), Val::Func(_)),
            _ => false,
        };
        named >= 3 && replaced
    }

    /// The variable whose text a condition tests.
    fn tested(&self, it: &ConditionalExpression<'a>) -> Option<oxc_syntax::symbol::SymbolId> {
        let Expression::CallExpression(call) = it.test.get_inner_expression() else { return None };
        match call.arguments.first()? {
            Argument::Identifier(name) => bind::symbol(self.resolver.scoping, name),
            _ => None,
        }
    }

    /// Texts and joined paths that name a credential file.
    fn secret_path(&self, expression: &'a Expression<'a>, out: &mut Vec<Dep<'a>>) {
        let text = match expression.get_inner_expression() {
            Expression::StringLiteral(text) => Some(text.value.to_string()),
            Expression::TemplateLiteral(_) | Expression::BinaryExpression(_) => {
                self.resolver.approximate(expression)
            }
            Expression::CallExpression(call) => match self.resolver.expr(&call.callee).as_name() {
                Some("node:path.join" | "node:path.resolve") => self.resolver.approximate(expression),
                _ => None,
            },
            _ => None,
        };
        if text.is_some_and(|text| literal::secret_path(&text).is_some()) {
            out.push(self.source(SECRET_PATH, expression.span()));
        }
    }

    fn member(
        &self,
        whole: &'a Expression<'a>,
        object: &'a Expression<'a>,
        key: Option<&'a str>,
        depth: u32,
        out: &mut Vec<Dep<'a>>,
    ) {
        let value = self.resolver.expr(whole);
        if let Some(dep) = value.as_name().and_then(|name| self.named(name, whole.span())) {
            out.push(dep);
            return;
        }
        if let Some(dep) = self.outside_value(&value) {
            out.push(dep);
            return;
        }
        if key == Some("length") {
            return;
        }
        if key.is_some_and(key::is_key) && self.about_wallets() {
            out.push(self.source("key", whole.span()));
        }
        if key.is_some_and(page::is_card) {
            out.push(self.source(SOURCES[CARD], whole.span()));
        }
        if key == Some("response") && self.is_error(object) {
            out.push(self.source("net", whole.span()));
        }
        if let Some(key) = key {
            self.of_class(object, key, out);
        }
        match (self.resolver.owner(object), key) {
            (Some(Owner::Symbol(symbol)), Some(key)) => {
                // A variable of an unknown name out of the environment is one variable.
                out.push(Dep::Node(Node::Field(symbol, key)));
            }
            (Some(Owner::This(class)), Some(key)) => out.push(Dep::Node(Node::This(class, key))),
            (_, Some(key)) if self.resolver.expr(object).as_name() == Some("global") => {
                out.push(Dep::Node(Node::Global(key)));
            }
            _ => match self.resolver.expr(object) {
                Val::Name(name) if &*name == "global.process.env" => {
                    out.push(self.source("env", whole.span()));
                    // One variable, or each of them where the name goes through all.
                    if let Expression::ComputedMemberExpression(member) = whole.get_inner_expression() {
                        self.gather(&member.expression, depth, out);
                    }
                }
                _ => {
                    let from = out.len();
                    self.gather(object, depth, out);
                    through(out, from, key.map_or(Via::Plain, Via::member));
                }
            },
        }
    }

    /// `this.#key`
    fn private(&self, member: &'a PrivateFieldExpression<'a>, depth: u32, out: &mut Vec<Dep<'a>>) {
        if key::is_key(&member.field.name) && self.about_wallets() {
            out.push(self.source("key", member.span));
        }
        match self.resolver.owner(&member.object) {
            Some(Owner::This(class)) => {
                out.extend(self.private_node(class, member).map(Dep::Node));
            }
            _ => self.gather(&member.object, depth, out),
        }
    }

    /// Private members are told from public ones of the same name by the sign before them.
    fn private_node(&self, class: u32, member: &PrivateFieldExpression<'a>) -> Option<Node<'a>> {
        Some(Node::This(class, bind::text(self.source, member.field.span)?))
    }

    fn arguments(&self, arguments: &'a [Argument<'a>], depth: u32, out: &mut Vec<Dep<'a>>) {
        for argument in arguments {
            match argument {
                Argument::SpreadElement(spread) => self.gather(&spread.argument, depth, out),
                argument => {
                    if let Some(argument) = argument.as_expression() {
                        self.gather(argument, depth, out);
                    }
                }
            }
        }
    }

    /// The source that a read of a file is.
    fn read(&self, call: &'a CallExpression<'a>) -> Vec<Dep<'a>> {
        let argument = call.arguments.first().and_then(|a| a.as_expression());
        let path = argument.and_then(|argument| self.resolver.approximate(argument));
        // A path that is known is no file that was looked for.
        let looked_for = self.selected.around(call.span)
            && argument.is_some_and(|path| self.resolver.expr(path).as_str().is_none());
        if looked_for || path.is_some_and(|path| literal::secret_path(&path).is_some()) {
            return vec![self.source("secret-file", call.span)];
        }
        let file = self.source("file", call.span);
        let mut out = vec![file];
        // What was written to it before.
        out.extend(argument.into_iter().flat_map(|path| self.file_names(path)).map(Dep::Node));
        let Some(argument) = argument.filter(|_| self.secret_paths) else { return out };
        let at = call.span.start;
        // Asked for first, so that a path that is read from itself ends here.
        if !self.reads.borrow().contains_key(&at) {
            self.reads.borrow_mut().insert(at, Vec::new());
            let deps = self.deps(argument);
            self.reads.borrow_mut().insert(at, deps);
        }
        out.push(Dep::Node(Node::Got(at)));
        out
    }

    /// What the output of a command is.
    fn output(&self, call: &'a CallExpression<'a>) -> Option<Dep<'a>> {
        let command = self.command(&call.arguments)?;
        let kind = match crate::check::shell::tells(&command)? {
            crate::check::shell::Tells::Host => "host-info",
            crate::check::shell::Tells::Environment => "env-all",
            crate::check::shell::Tells::Secret => "secret-file",
        };
        Some(self.source(kind, call.span))
    }

    /// The list of arguments of a program that is started without a shell, and from which place on they
    /// are only given to it: all, where the program runs no code that it is given; what stands behind
    /// the script, where it is an interpreter. None where that is not known.
    fn mere_arguments(
        &self,
        name: &str,
        arguments: &'a [Argument<'a>],
    ) -> Option<(&'a ArrayExpression<'a>, usize)> {
        let plain = ["spawn", "spawnSync", "execFile", "execFileSync"];
        if !plain.iter().any(|plain| name.strip_prefix("node:child_process.") == Some(plain)) {
            return None;
        }
        let [Argument::ArrayExpression(array), options @ ..] = arguments.get(1..)? else { return None };
        let shell = |argument: &&Argument<'a>| {
            argument.as_expression().is_some_and(|it| match it.get_inner_expression() {
                Expression::ObjectExpression(object) => object.properties.iter().any(|it| match it {
                    ObjectPropertyKind::ObjectProperty(it) => {
                        it.key.static_name().as_deref() == Some("shell")
                    }
                    ObjectPropertyKind::SpreadProperty(_) => true,
                }),
                Expression::FunctionExpression(_) | Expression::ArrowFunctionExpression(_) => false,
                _ => true,
            })
        };
        if options.iter().any(|argument| shell(&argument)) {
            return None;
        }
        let program = arguments.first()?.as_expression()?;
        let node = self.resolver.expr(program).as_name() == Some("global.process.execPath");
        let text = self.resolver.approximate(program).filter(|text| !text.contains('?'));
        let text =
            text.as_deref().map(|text| text.rsplit(['/', '\\']).next().unwrap_or(text).to_ascii_lowercase());
        let known = text.as_deref().map(|text| text.trim_end_matches(".exe"));
        if !node
            && !known.is_some_and(|known| matches!(known, "node" | "python" | "python3" | "ruby" | "perl"))
        {
            const GIVEN: &[&str] =
                &["git", "tar", "gzip", "unzip", "open", "xdg-open", "tsc", "gcc", "cc", "clang", "make"];
            return known.is_some_and(|known| GIVEN.contains(&known)).then_some((array, 0));
        }
        let mut value = false;
        for (at, element) in array.elements.iter().enumerate() {
            let text = element.as_expression().and_then(|it| self.resolver.approximate(it));
            match text.as_deref() {
                // What is evaluated comes next.
                Some("-e" | "--eval" | "-p" | "--print" | "-pe" | "-c" | "-") => return None,
                _ if value => value = false,
                Some(option) if option.starts_with('-') => value = !option.contains('='),
                _ => return Some((array, at + 1)),
            }
        }
        None
    }

    /// The command line of a process call, as far as it is known.
    fn command(&self, arguments: &'a [Argument<'a>]) -> Option<String> {
        let mut words = Vec::new();
        for argument in arguments.iter().take(2).filter_map(|argument| argument.as_expression()) {
            match argument.get_inner_expression() {
                Expression::ArrayExpression(array) => {
                    words.extend(array.elements.iter().take(64).map(|element| {
                        let element = element.as_expression();
                        element
                            .and_then(|element| self.resolver.approximate(element))
                            .unwrap_or_else(|| "?".to_owned())
                    }));
                }
                _ => words.extend(self.resolver.approximate(argument)),
            }
        }
        (!words.is_empty()).then(|| words.join(" "))
    }

    fn call(&self, call: &'a CallExpression<'a>, depth: u32, out: &mut Vec<Dep<'a>>) {
        let callee = self.resolver.expr(&call.callee);
        if self.selected.gives(call.span) {
            out.push(self.source(SECRET_PATH, call.span));
        }
        if carriers::encodes(call) {
            self.arguments(call.arguments.get(..1).unwrap_or(&[]), depth, out);
        }
        match &callee {
            Val::Func(func) => {
                out.push(Dep::Node(Node::Return(func.id())));
                return;
            }
            Val::Name(name) => {
                if let Some(number) = self.outside(name, call.span) {
                    out.push(Dep::Node(Node::Result(number)));
                    return;
                }
                // Of another package's function it is known elsewhere what it gives.
                out.extend(self.foreign(name, call.span).map(|number| Dep::Node(Node::Result(number))));
                if let Some(dep) =
                    self.named(&format!("{name}()"), call.span).filter(|_| !name.contains("()"))
                {
                    out.push(dep);
                    return;
                }
                let decodes = self.decodes(name, call);
                if decodes {
                    out.push(self.source("decoded", call.span));
                }
                if decodes || PASSES.contains(&&**name) {
                    self.arguments(&call.arguments, depth, out);
                    return;
                }
                if !name.contains("()") {
                    match self.resolver.api.capability(name) {
                        Some(CapabilityKind::FsRead) if name.contains("read") || name.contains("Read") => {
                            out.extend(self.read(call));
                            return;
                        }
                        Some(CapabilityKind::Process) => out.extend(self.output(call)),
                        Some(CapabilityKind::Net) if !listens(name) && !addresses(name) => {
                            out.push(self.source("net", call.span));
                            return;
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        // What a function that was given is told to get from an address.
        if self.is_handed_address(call) {
            out.push(self.source("net", call.span));
        }
        // A method of a value gives something of the value.
        if let Some(member) = call.callee.get_inner_expression().as_member_expression() {
            if let Some(func) = self.method_of(member) {
                out.push(Dep::Node(Node::Return(func.id())));
            }
            let method = member.static_property_name().unwrap_or("");
            if method == "toString"
                && let Some(Argument::StringLiteral(name)) = call.arguments.first()
                && matches!(name.value.as_str(), "hex" | "base64url" | "base64")
            {
                out.push(self.source(crate::check::flow::ENCODED, call.span));
            }
            // Of what a list holds only what the function makes of it.
            let mapped = matches!(method, "map" | "flatMap")
                && call.arguments.first().and_then(|argument| argument.as_expression()).is_some_and(
                    |argument| Func::of(argument).is_some_and(|func| !func.params().items.is_empty()),
                );
            if !mapped {
                let from = out.len();
                self.gather(member.object(), depth, out);
                through(out, from, if request::gives(method) { Via::Given } else { Via::Taken });
            }
            if matches!(method, "concat" | "replace" | "then" | "join" | "map" | "flatMap" | "reduce") {
                for argument in &call.arguments {
                    match argument.as_expression().and_then(Func::of) {
                        Some(func) => out.push(Dep::Node(Node::Return(func.id()))),
                        // What such a method takes besides a function is nothing of its result: a
                        // table's own `map(env)` picks what it names.
                        None if matches!(method, "map" | "flatMap" | "then") => {}
                        None => self.arguments(std::slice::from_ref(argument), depth, out),
                    }
                }
            }
        }
    }

    /// What a call hands to the functions among its arguments.
    fn callbacks(&mut self, call: &'a CallExpression<'a>, name: Option<&str>) {
        let functions: Vec<_> = call
            .arguments
            .iter()
            .filter_map(|argument| argument.as_expression())
            .filter_map(|argument| self.function(argument))
            .collect();
        let outside: Vec<_> =
            call.arguments.iter().filter_map(|argument| self.outside_callback(argument)).collect();
        if functions.is_empty() && outside.is_empty() {
            return;
        }
        let plain = name.filter(|name| !name.contains("()"));
        let capability = plain.and_then(|name| self.resolver.api.capability(name));
        let output =
            plain.filter(|_| capability == Some(CapabilityKind::Process)).and_then(|_| self.output(call));
        let deps = match (capability, plain) {
            (Some(CapabilityKind::Net), Some(name)) if !listens(name) && !addresses(name) => {
                vec![self.source("net", call.span)]
            }
            (Some(CapabilityKind::FsRead), Some(name)) if name.contains("read") => self.read(call),
            (_, Some(name)) if name.starts_with("node:zlib.") => self.deps_of_first(call),
            _ if output.is_some() => output.into_iter().collect(),
            (_, Some(name)) if of_browser(name) => vec![self.source("browser", call.span)],
            _ => {
                let handed = match self.resolver.expr(&call.callee) {
                    Val::Func(func) => Some(Node::Handed(func.id())),
                    Val::Name(name) => self.outside(&name, call.span).map(Node::Result),
                    _ => None,
                };
                if let Some(node) = handed {
                    for func in functions {
                        for at in 0..func.params().items.len().min(3) {
                            self.param(func, at, &[Dep::Node(node)]);
                        }
                    }
                    return;
                }
                let Some(member) = call.callee.get_inner_expression().as_member_expression() else { return };
                let method = member.static_property_name().unwrap_or("");
                if !matches!(
                    method,
                    "then"
                        | "on"
                        | "once"
                        | "forEach"
                        | "map"
                        | "filter"
                        | "reduce"
                        | "flatMap"
                        | "find"
                        | "addListener"
                        | "addEventListener"
                        | "replace"
                        | "replaceAll"
                ) {
                    return;
                }
                let mut deps = self.deps(member.object());
                let heard = matches!(method, "on" | "once" | "addListener" | "addEventListener");
                through(&mut deps, 0, if heard { Via::Given } else { Via::Taken });
                deps
            }
        };
        for func in functions {
            for at in 0..func.params().items.len().min(3) {
                self.param(func, at, &deps);
            }
        }
        for number in outside {
            self.argue(number, 0, deps.clone());
        }
    }

    fn deps_of_first(&self, call: &'a CallExpression<'a>) -> Vec<Dep<'a>> {
        let mut deps = Vec::new();
        self.arguments(call.arguments.get(..1).unwrap_or(&[]), 0, &mut deps);
        deps
    }

    fn sink(&mut self, name: &'static str, range: Range, deps: Vec<Dep<'a>>) {
        self.sink_of(name, range, deps, None, None);
    }

    fn sink_of(
        &mut self,
        name: &'static str,
        range: Range,
        deps: Vec<Dep<'a>>,
        only: Option<&str>,
        except: Option<&str>,
    ) {
        // The nodes must exist before taint is spread.
        for dep in &deps {
            if let Dep::Node(node) | Dep::Part(node, _) = dep {
                self.id(*node);
            }
        }
        if !deps.is_empty() {
            let (only, except) = (only.map(source), except.map(source));
            self.sinks.push(Sink { name, range, deps, only, except });
        }
    }

    fn sinks(&mut self, name: &str, arguments: &'a [Argument<'a>], range: Range) {
        let api = self.resolver.api;
        let mut deps = Vec::new();
        match api.capability(name) {
            Some(CapabilityKind::Net) if !listens(name) => {
                self.addressed(name, arguments, range);
                if !name.contains("()") && (self.is_fixed(arguments) || self.starts_fixed(arguments)) {
                    let mut deps = Vec::new();
                    self.arguments(arguments, 0, &mut deps);
                    self.sink_of("net", range, deps, Some(PRESENTED), None);
                }
                if !name.contains("()") && self.is_fixed(arguments) {
                    let mut deps = Vec::new();
                    self.arguments(arguments, 0, &mut deps);
                    self.sink_of("net", range, deps, Some("caught"), None);
                }
                let method = name.rsplit('.').next().unwrap_or("");
                self.requests += u32::from(!name.contains("()"));
                // `new dns.Resolver().resolve4(name)`
                let looks_up =
                    name.starts_with("node:dns") && (!name.contains("()") || method.starts_with("resolve"));
                if name.contains("()") && !sends(method) && !looks_up {
                    return;
                }
                self.arguments(arguments, 0, &mut deps);
                if looks_up
                    && let Some(first) = arguments.first().and_then(Argument::as_expression)
                    && self
                        .resolver
                        .approximate(first)
                        .is_some_and(|text| crate::check::flow::computed_name(&text))
                {
                    self.sink("subdomain", range, deps.clone());
                }
                if looks_up {
                    self.sink("dns", range, deps.clone());
                }
                self.sink_of("net", range, deps, None, Some("key"));
                // A client library of a chain is given keys to sign with, and TLS one to identify
                // itself: only what is sent as it is counts.
                if key::sends(name) {
                    let mut deps = Vec::new();
                    self.sent(arguments, &mut deps);
                    self.sink_of("net", range, deps, Some("key"), None);
                }
            }
            Some(CapabilityKind::Process) if !name.contains("()") => {
                for argument in arguments.iter().take(2) {
                    // The third argument, or an object, is options: `env: process.env` is no command.
                    let options = argument.as_expression().is_some_and(|argument| {
                        matches!(argument.get_inner_expression(), Expression::ObjectExpression(_))
                            || matches!(self.resolver.expr(argument), Val::Object(_))
                    });
                    if !options {
                        self.arguments(std::slice::from_ref(argument), 0, &mut deps);
                    }
                }
                let command = self.command(arguments);
                // `curl -d ${data}` is a request like any other.
                if command.as_deref().is_some_and(crate::check::shell::requests) {
                    self.sink("net", range, deps.clone());
                }
                if command.as_deref().is_some_and(crate::check::shell::looks_up) {
                    self.sink("dns", range, deps.clone());
                }
                match self.mere_arguments(name, arguments) {
                    Some((array, from)) => {
                        let (mut code, mut rest) = (Vec::new(), Vec::new());
                        self.arguments(arguments.get(..1).unwrap_or_default(), 0, &mut code);
                        for (at, element) in array.elements.iter().enumerate() {
                            let deps = if at < from { &mut code } else { &mut rest };
                            match element {
                                ArrayExpressionElement::SpreadElement(it) => {
                                    self.gather(&it.argument, 0, deps);
                                }
                                element => {
                                    if let Some(value) = element.as_expression() {
                                        self.gather(value, 0, deps);
                                    }
                                }
                            }
                        }
                        self.sink("process", range, code);
                        self.sink("process-argument", range, rest);
                    }
                    None => self.sink("process", range, deps),
                }
                self.started(arguments, range);
            }
            Some(CapabilityKind::DynamicCode) if !name.contains("()") => {
                // What code runs with is not the code.
                let most = if name.starts_with("node:vm") { 1 } else { arguments.len() };
                self.arguments(arguments.get(..most).unwrap_or(arguments), 0, &mut deps);
                // `new Function('return function ' + name + '() {}')`, the name checked to be one.
                let plain = |dep: &Dep<'a>| matches!(dep, Dep::Node(Node::Read(symbol)) | Dep::Part(Node::Read(symbol), _) if self.plain.contains(symbol));
                deps.retain(|dep| !plain(dep));
                self.sink("dynamic-code", range, deps);
            }
            Some(CapabilityKind::FsWrite) if !name.contains("()") => {
                self.arguments(arguments.get(1..).unwrap_or(&[]), 0, &mut deps);
                self.changed(name, arguments, range);
                let path = arguments.first().and_then(|argument| argument.as_expression());
                if let Some(path) = path.filter(|_| name.contains("write") || name.contains("output")) {
                    self.written(path, &deps);
                }
                // A file of the package that is put where programs are kept out of sight.
                if name.contains("copyFile")
                    && let [from, to, ..] = arguments
                    && let (Some(from), Some(to)) = (from.as_expression(), to.as_expression())
                    && self.resolver.approximate(from).is_some_and(|path| path.starts_with("./"))
                    && self.resolver.approximate(to).is_some_and(|path| path.starts_with("/tmp"))
                {
                    let carried = self.source("decoded", range);
                    self.written(to, &[carried]);
                }
                self.sink("fs-write", range, deps);
            }
            _ if name == "global.require" => {
                let module = arguments.first().and_then(|argument| argument.as_expression());
                if module.is_some_and(|module| self.is_decoded(module, 0)) {
                    let hidden = self.source("decoded", range);
                    self.sink("require", range, vec![hidden]);
                }
                self.started(arguments, range);
            }
            _ => {}
        }
    }

    /// Whether an expression is decoded where it stands, in its variable, or by a function that
    /// does nothing else. What comes from further away says nothing: compilers decode and load.
    fn is_decoded(&self, expression: &'a Expression<'a>, depth: u8) -> bool {
        if depth > 6 {
            return false;
        }
        match expression.get_inner_expression() {
            Expression::CallExpression(call) => match self.resolver.expr(&call.callee) {
                Val::Name(name) => self.decodes(&name, call),
                Val::Func(func) => func.only_return().is_some_and(|value| self.is_decoded(value, depth + 1)),
                _ => {
                    // `text.split('').map((c) => String.fromCharCode(…)).join('')`
                    let mapped = call.arguments.iter().filter_map(|argument| argument.as_expression());
                    mapped
                        .filter_map(Func::of)
                        .filter_map(Func::only_return)
                        .any(|value| self.is_decoded(value, depth + 1))
                        || call
                            .callee
                            .get_inner_expression()
                            .as_member_expression()
                            .is_some_and(|member| self.is_decoded(member.object(), depth + 1))
                }
            },
            Expression::Identifier(identifier) => {
                self.resolver.sole(identifier).is_some_and(|value| self.is_decoded(value, depth + 1))
            }
            Expression::BinaryExpression(binary) if binary.operator == BinaryOperator::Addition => {
                spine(binary).into_iter().take(64).any(|part| self.is_decoded(part, depth + 1))
            }
            _ => false,
        }
    }

    /// Whether a call takes an encoding off.
    fn decodes(&self, name: &str, call: &'a CallExpression<'a>) -> bool {
        match name {
            "global.atob"
            | "global.String.fromCharCode"
            | "global.String.fromCharCode.apply"
            | "node:crypto.createDecipher().update"
            | "node:crypto.createDecipher().final"
            | "node:crypto.createDecipheriv().update"
            | "node:crypto.createDecipheriv().final" => true,
            _ if name.starts_with("crypto-js") && name.ends_with(".decrypt") => true,
            "global.Buffer.from" => {
                let encoding = call.arguments.get(1).and_then(|a| a.as_expression());
                let encoding = encoding.map(|encoding| self.resolver.expr(encoding));
                encoding.is_some_and(|e| matches!(e.as_str(), Some("base64" | "hex" | "base64url")))
            }
            _ => false,
        }
    }

    /// What a request sends: all its arguments, without what TLS takes to identify the client.
    fn sent(&self, arguments: &'a [Argument<'a>], deps: &mut Vec<Dep<'a>>) {
        for argument in arguments {
            match argument.as_expression().map(|argument| self.resolver.expr(argument)) {
                Some(Val::Object(object)) => {
                    for property in &object.properties {
                        if let ObjectPropertyKind::ObjectProperty(property) = property
                            && !property.key.static_name().is_some_and(|name| key::identifies(&name))
                        {
                            self.gather(&property.value, 0, deps);
                        }
                    }
                }
                _ => self.arguments(std::slice::from_ref(argument), 0, deps),
            }
        }
    }

    /// The names under which a file is known: its path where that is known, the variable else.
    fn file_names(&self, path: &'a Expression<'a>) -> Vec<Node<'a>> {
        let mut names = Vec::new();
        if let Some(text) = self.resolver.approximate(path).filter(|text| !text.contains('?')) {
            names.push(text.trim_start_matches("./").to_owned());
        }
        if let Expression::Identifier(identifier) = path.get_inner_expression()
            && let Some(symbol) = bind::symbol(self.resolver.scoping, identifier)
        {
            names.push(format!("\0{}", symbol.index()));
        }
        names.into_iter().map(|name| self.file(name)).collect()
    }

    fn file(&self, name: String) -> Node<'a> {
        let mut files = self.files.borrow_mut();
        let next = files.len() as u32;
        Node::File(*files.entry(name).or_insert(next))
    }

    fn written(&mut self, path: &'a Expression<'a>, deps: &[Dep<'a>]) {
        for node in self.file_names(path) {
            self.feed(node, deps);
        }
    }

    /// A file that was written and is started now.
    fn started(&mut self, arguments: &'a [Argument<'a>], range: Range) {
        // A digest that is checked is what an honest installer does with what it fetched.
        let text = self.unit.text.as_bytes();
        let checked = memchr::memmem::find(text, b"createHash").is_some();
        let except = checked.then_some("net");
        let mut deps = Vec::new();
        for argument in arguments.iter().take(2).filter_map(|argument| argument.as_expression()) {
            let mut parts = vec![argument];
            match argument.get_inner_expression() {
                Expression::ArrayExpression(array) => {
                    parts = array.elements.iter().filter_map(|element| element.as_expression()).collect();
                }
                Expression::TemplateLiteral(template) => parts.extend(&template.expressions),
                Expression::BinaryExpression(binary) if binary.operator == BinaryOperator::Addition => {
                    parts.extend(spine(binary));
                }
                _ => {}
            }
            for part in parts {
                deps.extend(self.file_names(part).into_iter().map(Dep::Node));
            }
            // Words of a command line that is known as a whole.
            if let Some(line) = self.resolver.approximate(argument) {
                for word in line.split([' ', ';', '&', '|', '"', '\'']).filter(|word| word.len() > 2).take(40)
                {
                    let node = self.file(word.trim_start_matches("./").to_owned());
                    deps.push(Dep::Node(node));
                }
            }
        }
        self.sink_of("written->process", range, deps, None, except);
    }

    /// The path that a stream writes to: `fs.createWriteStream(path)`, or a name for it.
    fn stream_path(&self, stream: &'a Expression<'a>, depth: u8) -> Option<&'a Expression<'a>> {
        match stream.get_inner_expression() {
            Expression::CallExpression(call) => {
                let name = self.resolver.expr(&call.callee);
                name.as_name().filter(|name| name.ends_with("createWriteStream"))?;
                call.arguments.first()?.as_expression()
            }
            Expression::Identifier(identifier) if depth < 4 => {
                self.stream_path(self.resolver.sole(identifier)?, depth + 1)
            }
            _ => None,
        }
    }
}

/// Look-ups that give addresses, which are no text of a stranger's choice.
fn addresses(name: &str) -> bool {
    name.starts_with("node:dns.")
        && matches!(
            name.rsplit('.').next(),
            Some(
                "lookup"
                    | "lookupService"
                    | "resolve4"
                    | "resolve6"
                    | "reverse"
                    | "getServers"
                    | "getDefaultResultOrder"
            )
        )
}

/// Methods of connections and clients that hand something over.
fn sends(method: &str) -> bool {
    matches!(
        method,
        "write"
            | "end"
            | "send"
            | "emit"
            | "post"
            | "get"
            | "put"
            | "request"
            | "patch"
            | "sendMail"
            | "sendMessage"
            | "sendDocument"
            | "sendFile"
            | "create"
            | "publish"
            | "upload"
            | "putObject"
            | "insertOne"
            | "insertMany"
            | "set"
            | "lpush"
            | "push"
            | "query"
    )
}

/// Names that wait for others to connect, or make nothing flow by being called.
fn listens(name: &str) -> bool {
    name.contains("createServer")
        || name.contains("createSecureServer")
        || name.ends_with(".listen")
        || name.ends_with(".Agent")
        || name == "express"
        || name == "fastify"
        || name == "koa"
}

impl<'a> VisitJs<'a> for Flows<'_, '_, '_, '_, 'a, '_> {
    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        let it = self.alloc(it);
        let callee = self.resolver.expr(&it.callee);
        self.callbacks(it, callee.as_name());
        self.element(it);
        self.crossing(it, &callee);
        self.rebound(it);
        if let Val::Name(name) = &callee {
            self.sinks(name, &it.arguments, it.span);
        }
        if let Some(member) = it.callee.get_inner_expression().as_member_expression() {
            let method = member.static_property_name().unwrap_or("");
            self.emitted(method, it);
            self.failed(member, method, it);
            self.tool_text(method, it);
            self.heard(method, it);
            self.registered(method, it);
            self.copied(member, method, it);
            self.compiled(member, it);
            if let Some(func) = self.method_of(member) {
                self.sites(func, &[it]);
            }
            self.dispatched(member, it);
            if matches!(method, "write" | "end" | "send")
                && let Val::Name(name) = &callee
                && self.resolver.api.capability(name) == Some(CapabilityKind::Net)
                && self.opened_with(member.object(), 0).is_some_and(|arguments| self.is_fixed(arguments))
            {
                let mut deps = Vec::new();
                self.arguments(&it.arguments, 0, &mut deps);
                self.sink_of("net", it.span, deps, Some("caught"), None);
            }
            if let (Expression::PrivateFieldExpression(field), "push" | "unshift" | "set" | "add") =
                (member.object(), method)
                && let Some(Owner::This(class)) = self.resolver.owner(&field.object)
                && let Some(node) = self.private_node(class, field)
            {
                let mut deps = Vec::new();
                self.arguments(&it.arguments, 0, &mut deps);
                self.feed(node, &deps);
            }
            // A buffer that is filled piece by piece.
            if let (Expression::Identifier(buffer), "write" | "fill") = (member.object(), method)
                && let Some(symbol) = bind::symbol(self.resolver.scoping, buffer)
                && self
                    .resolver
                    .symbol(symbol)
                    .as_name()
                    .is_some_and(|name| name.starts_with("global.Buffer.alloc"))
            {
                let deps = self.deps_of_first(it);
                self.feed(Node::Whole(symbol.index() as u32), &deps);
            }
            if let (Expression::StaticMemberExpression(field), "push" | "unshift" | "set" | "add") =
                (member.object(), method)
                && let Some(Owner::This(class)) = self.resolver.owner(&field.object)
            {
                let mut deps = Vec::new();
                self.arguments(&it.arguments, 0, &mut deps);
                self.feed(Node::This(class, field.property.name.as_str()), &deps);
            }
            // `.then(eval)`
            if method == "then"
                && it.arguments.iter().filter_map(|argument| argument.as_expression()).any(|argument| {
                    matches!(self.resolver.expr(argument).as_name(), Some("global.eval" | "global.Function"))
                })
            {
                let deps = self.deps(member.object());
                self.sink("dynamic-code", it.span, deps);
            }
            if let (Expression::Identifier(receiver), "push" | "unshift" | "append" | "set" | "add") =
                (member.object(), method)
                && let Some(symbol) = bind::symbol(self.resolver.scoping, receiver)
            {
                let mut deps = Vec::new();
                self.arguments(&it.arguments, 0, &mut deps);
                self.feed(Node::Whole(symbol.index() as u32), &deps);
            }
            if method == "pipe"
                && let Some(to) = it.arguments.first().and_then(|argument| argument.as_expression())
                && let Some(path) = self.stream_path(to, 0)
            {
                let deps = self.deps(member.object());
                self.written(path, &deps);
            }
            if matches!(method, "write" | "end")
                && let Some(path) = self.stream_path(member.object(), 0)
            {
                let mut deps = Vec::new();
                self.arguments(&it.arguments, 0, &mut deps);
                self.written(path, &deps);
            }
            // `bytes.copy(buffer)` puts them there.
            if method == "copy"
                && let Some(Expression::Identifier(to)) =
                    it.arguments.first().and_then(|argument| argument.as_expression())
                && let Some(symbol) = bind::symbol(self.resolver.scoping, to)
            {
                let deps = self.deps(member.object());
                self.feed(Node::Whole(symbol.index() as u32), &deps);
            }
            if method == "pipe"
                && let Some(to) = it.arguments.first().and_then(|argument| argument.as_expression())
                && let Val::Name(to) = self.resolver.expr(to)
            {
                let deps = self.deps(member.object());
                match self.resolver.api.capability(&to) {
                    Some(CapabilityKind::FsWrite) => self.sink("fs-write", it.span, deps),
                    Some(CapabilityKind::Net) => self.sink("net", it.span, deps),
                    Some(CapabilityKind::Process) => self.sink("process", it.span, deps),
                    _ => {}
                }
            }
        }
        walk_js::walk_call_expression(self, it);
    }

    fn visit_object_property(&mut self, it: &ObjectProperty<'a>) {
        let it = self.alloc(it);
        self.copy_field(it);
        walk_js::walk_object_property(self, it);
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        let it = self.alloc(it);
        self.copy_set(it);
        self.hears(it);
        self.replaces(it);
        self.pictured(it);
        self.shown(it);
        match &it.left {
            AssignmentTarget::StaticMemberExpression(member)
                if self.resolver.expr(&member.object).as_name() == Some("global") =>
            {
                let deps = self.deps(&it.right);
                self.feed(Node::Global(member.property.name.as_str()), &deps);
            }
            AssignmentTarget::AssignmentTargetIdentifier(name)
                if bind::symbol(self.resolver.scoping, name).is_none() =>
            {
                let deps = self.deps(&it.right);
                self.feed(Node::Global(name.name.as_str()), &deps);
            }
            _ => {}
        }
        // `all[name] = value`: any member of it.
        if let AssignmentTarget::ComputedMemberExpression(member) = &it.left
            && !matches!(member.expression, Expression::StringLiteral(_) | Expression::NumericLiteral(_))
            && let Some(Owner::Symbol(symbol)) = self.resolver.owner(&member.object)
        {
            // A table of all characters (`codes[n] = String.fromCharCode(n)`) hides nothing.
            let table = matches!(it.right.get_inner_expression(), Expression::CallExpression(call)
                if self.resolver.expr(&call.callee).as_name() == Some("global.String.fromCharCode"));
            let deps = self.deps(&it.right);
            if !deps.is_empty() && !table {
                self.feed(Node::Whole(symbol), &deps);
            }
        }
        walk_js::walk_assignment_expression(self, it);
    }

    fn visit_jsx_opening_element(&mut self, it: &JSXOpeningElement<'a>) {
        let it = self.alloc(it);
        self.marked_up(it);
        walk_js::walk_jsx_opening_element(self, it);
    }

    fn visit_if_statement(&mut self, it: &IfStatement<'a>) {
        let it = self.alloc(it);
        self.checked.extend(self.check_of_digest(it));
        walk_js::walk_if_statement(self, it);
    }

    fn visit_import_expression(&mut self, it: &ImportExpression<'a>) {
        let it = self.alloc(it);
        // `import('data:text/javascript,' + code)`
        if self.resolver.approximate(&it.source).is_some_and(|text| text.starts_with("data:")) {
            let deps = self.deps(&it.source);
            self.sink("dynamic-code", it.span, deps);
        }
        // A file that was written before.
        let mut parts = vec![&it.source];
        if let Expression::CallExpression(call) = it.source.get_inner_expression() {
            parts.extend(call.arguments.iter().filter_map(|argument| argument.as_expression()));
        }
        let names: Vec<_> = parts.into_iter().flat_map(|part| self.file_names(part)).collect();
        let deps: Vec<_> = names.into_iter().map(Dep::Node).collect();
        self.sink("written->process", it.span, deps);
        walk_js::walk_import_expression(self, it);
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: oxc_syntax::scope::ScopeFlags) {
        let it = self.alloc(it);
        self.around.push(Func::Function(it).id());
        walk_js::walk_function(self, it, flags);
        self.around.pop();
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        let it = self.alloc(it);
        self.around.push(Func::Arrow(it).id());
        walk_js::walk_arrow_function_expression(self, it);
        self.around.pop();
    }

    fn visit_throw_statement(&mut self, it: &ThrowStatement<'a>) {
        let it = self.alloc(it);
        self.thrown(&it.argument);
        walk_js::walk_throw_statement(self, it);
    }

    fn visit_new_expression(&mut self, it: &NewExpression<'a>) {
        let it = self.alloc(it);
        self.told(it);
        if let Val::Name(name) = self.resolver.expr(&it.callee) {
            self.sinks(&name, &it.arguments, it.span);
            if let Some(number) = self.outside(&name, it.span).or_else(|| self.foreign(&name, it.span)) {
                self.argue_all(number, &it.arguments, 0);
            }
        }
        walk_js::walk_new_expression(self, it);
    }
}
