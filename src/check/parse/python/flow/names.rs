//! What functions do with values: sources, passages, sinks. By their full names.

use super::super::super::js::literal;
use crate::check::flow;

/// The sources, in the order in which they are reported.
pub const ENV_ALL: &str = flow::ENV_ALL;
/// A variable of the environment that holds a credential, by its name.
pub const ENV_SECRET: &str = "env-secret";
/// Any other variable.
pub const ENV: &str = flow::ENV;
/// Names of the machine and its user.
pub const HOST: &str = "host-info";
/// What the network answered.
pub const NET: &str = "net";
/// The clipboard.
pub const CLIPBOARD: &str = "clipboard";
/// What is on the screen.
pub const SCREEN: &str = "screen";
/// What is typed.
pub const KEYS: &str = "keys";
/// A wallet's private key.
pub const KEY: &str = "key";

/// What a log hands to its handlers.
pub const LOG: &str = "log";

/// Who runs the program.
pub const USER: &str = "user";
/// What a function is handed that took another's place.
pub const CAUGHT: &str = "caught";
/// What a client of a web service asks with.
pub const REQUEST: &str = "request";

/// The same, where only a command or code that is made of it says something.
pub const POSTED: &str = "posted";
/// Credentials that a platform keeps for its users.
pub const STORE: &str = "store";
/// What is typed without being shown.
pub const TYPED: &str = "typed";

/// A command line that takes the guard of Windows away.
pub const GUARD_OFF: &str = "guard-off";

/// What a value or the result of a call is a source of, by its name alone.
pub fn source(name: &str, called: bool) -> Option<&'static str> {
    Some(match (name, called) {
        ("os.environ" | "os.environb", false) => ENV_ALL,
        ("os.environ.items" | "os.environ.copy" | "os.environ.values" | "os.environ.__iter__", true) => {
            ENV_ALL
        }
        (
            "socket.gethostname"
            | "socket.getfqdn"
            | "platform.node"
            | "platform.uname"
            | "os.uname"
            | "os.getlogin"
            | "getpass.getuser"
            | "pwd.getpwuid"
            | "pwd.getpwall"
            | "uuid.getnode"
            | "psutil.users"
            | "psutil.net_if_addrs"
            | "netifaces.interfaces"
            | "netifaces.ifaddresses",
            true,
        ) => HOST,
        (
            "pyperclip.paste"
            | "clipboard.paste"
            | "win32clipboard.GetClipboardData"
            | "pandas.read_clipboard"
            | "klembord.get_text"
            | "tkinter.Tk().clipboard_get",
            true,
        ) => CLIPBOARD,
        (
            "PIL.ImageGrab.grab"
            | "pyautogui.screenshot"
            | "pyscreenshot.grab"
            | "mss.mss().grab"
            | "mss.mss().shot"
            | "mss.mss().save"
            | "PIL.ImageGrab.grabclipboard",
            true,
        ) => SCREEN,
        (
            "pynput.keyboard.Listener" | "keyboard.record" | "keyboard.read_event" | "keyboard.read_key",
            true,
        ) => KEYS,
        (
            "flask.request.args"
            | "flask.request.form"
            | "flask.request.values"
            | "flask.request.json"
            | "flask.request.data"
            | "flask.request.headers"
            | "flask.request.cookies",
            false,
        )
        | ("flask.request.get_json" | "flask.request.get_data", true) => REQUEST,
        (name, _) if of_request(name) => POSTED,
        (name, called) if super::stores::is_store(name, called) => STORE,
        _ => return None,
    })
}

/// Whether a text takes the guard of Windows away: its protection as a whole, or for whole drives,
/// programs and kinds of files. One folder that is left out is what honest tools ask for.
pub fn unguards(text: &str) -> bool {
    let finds = |text: &str, part: &str| memchr::memmem::find(text.as_bytes(), part.as_bytes()).is_some();
    if !["Preference", "preference", "efend", "EFEND", "DisableAnti", "irewall"]
        .iter()
        .any(|part| finds(text, part))
    {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    let any = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    let drive = lower.split("-exclusionpath").nth(1).is_some_and(|rest| {
        let rest = rest.trim_start_matches([' ', '"', '\'', '\\']).as_bytes();
        matches!(rest, [letter, b':', ..] if letter.is_ascii_alphabetic())
            && !rest.iter().skip(2).find(|b| !b"\\/".contains(b)).is_some_and(u8::is_ascii_alphanumeric)
    });
    lower.contains("set-mppreference") && any(&["-disable", "-mapsreporting 0"])
        || lower.contains("add-mppreference")
            && (drive || any(&["-exclusionprocess ", "-exclusionextension "]))
        || any(&["sc stop windefend", "sc config windefend", "net stop windefend", "disableantispyware"])
        || lower.contains("advfirewall") && lower.contains("state off")
        || lower.contains("set-netfirewallprofile") && lower.contains("-enabled false")
}

/// A member or method of a request that a framework keeps under a global name.
fn of_request(name: &str) -> bool {
    let member = name.strip_prefix("quart.request.").or_else(|| name.strip_prefix("bottle.request."));
    member.is_some_and(|member| {
        matches!(
            member,
            "args"
                | "body"
                | "cookies"
                | "data"
                | "files"
                | "form"
                | "forms"
                | "get_data"
                | "get_json"
                | "headers"
                | "json"
                | "params"
                | "query"
                | "values"
        )
    })
}

/// Whether the result of a call holds what it was given.
pub fn passes(name: &str) -> bool {
    let of_builtin = name.strip_prefix("builtins.").is_some_and(|name| {
        matches!(
            name.split('.').next().unwrap_or(name),
            "str"
                | "bytes"
                | "bytearray"
                | "repr"
                | "dict"
                | "list"
                | "tuple"
                | "set"
                | "frozenset"
                | "sorted"
                | "reversed"
                | "map"
                | "filter"
                | "zip"
                | "enumerate"
                | "iter"
                | "next"
                | "format"
                | "ascii"
                | "memoryview"
                | "compile"
                | "vars"
                | "getattr"
                | "sum"
                | "max"
                | "min"
                | "unicode"
                | "super"
        )
    });
    of_builtin
        || [
            "json.",
            "base64.",
            "urllib.parse.",
            "binascii.",
            "zlib.",
            "gzip.",
            "bz2.",
            "lzma.",
            "codecs.",
            "os.path.",
            "pathlib.",
            "io.",
            "copy.",
            "itertools.",
            "collections.",
            "functools.reduce",
            "functools.partial",
            "struct.",
            "pickle.dumps",
            "marshal.",
            "textwrap.",
            "string.Template",
            "html.",
            "quopri.",
            "pprint.pformat",
            "yaml.dump",
            "yaml.safe_load",
            "tomllib.",
            "toml.",
            "orjson.",
            "ujson.",
            "simplejson.",
            "cryptography.",
            "Crypto.",
            "Cryptodome.",
            "nacl.",
            "glob.",
            "os.listdir",
            "os.scandir",
            "os.walk",
            "shlex.",
            "re.",
            "email.",
            "urllib.request.Request",
            "urllib.quote",
            "urllib.urlencode",
            "urllib2.Request",
            "types.FunctionType",
            "types.CodeType",
            "dataclasses.asdict",
            "ast.parse",
            "ast.literal_eval",
            "configparser.",
            "csv.",
            "xml.",
            "bs4.",
            "lxml.",
            "zipfile.",
            "tarfile.",
            "asyncio.run",
            "asyncio.gather",
            "asyncio.wait_for",
            "asyncio.to_thread",
            "contextlib.closing",
            "tempfile.",
            "aiohttp.FormData",
            "discord.File",
            "discord_webhook.",
            "requests_toolbelt.",
            "sqlite3.",
            "win32crypt.",
            "os.fspath",
            "os.fsdecode",
        ]
        .iter()
        .any(|start| name.starts_with(start))
}

/// Whether a call writes bytes in letters that a name may have.
pub fn encodes(name: &str) -> bool {
    matches!(
        name,
        "binascii.hexlify"
            | "binascii.b2a_hex"
            | "base64.b32encode"
            | "base64.b16encode"
            | "base64.b32hexencode"
            | "base64.urlsafe_b64encode"
    )
}

/// What kind of encoding a call takes off: `Some(true)` where what comes from a file was hidden as
/// well, `Some(false)` where only a constant was.
pub fn decodes(name: &str) -> Option<bool> {
    Some(match name {
        "base64.b64decode"
        | "base64.standard_b64decode"
        | "base64.urlsafe_b64decode"
        | "base64.b32decode"
        | "base64.b16decode"
        | "base64.b85decode"
        | "base64.a85decode"
        | "base64.decodebytes"
        | "base64.decodestring"
        | "binascii.unhexlify"
        | "binascii.a2b_hex"
        | "binascii.a2b_base64"
        | "builtins.bytes.fromhex"
        | "builtins.bytearray.fromhex"
        | "zlib.decompress"
        | "zlib.decompressobj().decompress"
        | "lzma.decompress"
        | "bz2.decompress"
        | "gzip.decompress"
        | "codecs.decode" => true,
        "marshal.loads"
        | "urllib.parse.unquote"
        | "builtins.chr"
        | "builtins.bytes"
        | "builtins.bytearray"
        | "quopri.decodestring" => false,
        name if name.starts_with("cryptography.fernet.Fernet") && name.ends_with(".decrypt") => true,
        name if (name.starts_with("Crypto.") || name.starts_with("Cryptodome."))
            && name.ends_with(".decrypt") =>
        {
            true
        }
        _ => return None,
    })
}

/// The argument that names a file which a call reads: its place.
pub fn opens(name: &str) -> Option<usize> {
    match name {
        "builtins.open"
        | "io.open"
        | "codecs.open"
        | "builtins.file"
        | "gzip.open"
        | "bz2.open"
        | "lzma.open"
        | "sqlite3.connect"
        | "aiofiles.open"
        | "io.FileIO"
        | "linecache.getlines"
        | "numpy.load"
        | "numpy.fromfile"
        | "pandas.read_csv"
        | "netrc.netrc"
        | "dotenv.dotenv_values"
        | "os.open"
        | "discord.File"
        | "PIL.Image.open"
        | "mmap.mmap"
        | "zipfile.ZipFile"
        | "tarfile.open" => Some(0),
        "pkgutil.get_data" => Some(1),
        _ => None,
    }
}

/// Methods that put their arguments into what they are called on.
pub fn puts(method: &str) -> bool {
    matches!(
        method,
        "append"
            | "extend"
            | "update"
            | "add"
            | "insert"
            | "write"
            | "writelines"
            | "setdefault"
            | "put"
            | "put_nowait"
            | "writestr"
            | "writerow"
            | "writerows"
            | "appendleft"
            | "add_field"
            | "attach"
            | "set_payload"
            | "set_content"
            | "add_attachment"
            | "add_file"
    )
}

/// Whether a call hands its arguments to the handlers of a log.
pub fn logs(name: &str) -> bool {
    let of = name.starts_with("logging.") || name.starts_with("structlog.") || name.starts_with("loguru.");
    let method = name.rsplit('.').next().unwrap_or("");
    of && matches!(method, "debug" | "info" | "warning" | "error" | "critical" | "exception" | "log" | "bind")
}

/// Names of settings in a file of credentials that are none.
pub fn plain_setting(key: &str) -> bool {
    matches!(
        key.to_ascii_lowercase().as_str(),
        "repository"
            | "region"
            | "url"
            | "endpoint"
            | "endpoint_url"
            | "host"
            | "hostname"
            | "port"
            | "output"
            | "index"
            | "index-servers"
            | "registry"
            | "profile"
            | "name"
            | "proxy"
            | "timeout"
    )
}

/// Members that say where something is to be reached.
pub fn plain_member(name: &str) -> bool {
    matches!(name, "region" | "endpoint" | "endpoint_url" | "port" | "timeout" | "repository" | "registry")
}

/// Loaders that run what they load.
pub fn loads(name: &str) -> bool {
    matches!(
        name,
        "pickle.loads"
            | "pickle.load"
            | "dill.loads"
            | "dill.load"
            | "cloudpickle.loads"
            | "cloudpickle.load"
            | "joblib.load"
            | "torch.load"
            | "yaml.unsafe_load"
            | "yaml.unsafe_load_all"
            | "jsonpickle.decode"
            | "pandas.read_pickle"
            | "pickle.Unpickler"
    )
}

/// Options by which a client shows who it is, or how it connects; they are used, not sent.
pub fn identifies(option: &str) -> bool {
    matches!(
        option,
        "auth"
            | "cert"
            | "verify"
            | "pkey"
            | "key_filename"
            | "ssl"
            | "sslcontext"
            | "ssl_context"
            | "context"
            | "credentials"
            | "private_key"
            | "timeout"
            | "proxies"
            | "proxy"
            | "password"
            | "passphrase"
            | "keyfile"
            | "certfile"
            | "cafile"
            | "capath"
            | "config"
            | "env"
            | "session"
            | "service_account_file"
            | "client_options"
    )
}

/// Whether a constant looks encoded: long runs of base64 or hex, or bytes that are no text.
pub fn is_blob(text: &str) -> bool {
    if text.len() < 24 || text.len() > 16 << 20 {
        return false;
    }
    let run = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'-' | b'_' | b'\n'));
    run && (text.bytes().any(|b| b.is_ascii_digit()) || text.ends_with('='))
}

/// Whether bytes are such a constant.
pub fn is_blob_bytes(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            is_blob(text) || (bytes.len() >= 24 && bytes.iter().filter(|b| **b < 9).count() * 8 > bytes.len())
        }
        Err(_) => bytes.len() >= 24,
    }
}

/// Whether a text names a file that holds credentials or keys.
pub fn is_secret_path(text: &str) -> bool {
    let lower = text.trim_end().to_ascii_lowercase();
    let public = [".ssh/config", ".ssh/known_hosts", ".gitconfig", ".pub", "/etc/passwd"];
    literal::secret_path(text).is_some() && !public.iter().any(|end| lower.ends_with(end))
}

fn last(name: &str) -> &str {
    let name = name.trim_end_matches("()");
    name.rsplit('.').next().unwrap_or(name)
}

/// Whether a call of a name that reaches the network gives what the other side said.
pub fn answers(name: &str) -> bool {
    let last = last(name);
    matches!(
        last,
        "get"
            | "post"
            | "put"
            | "patch"
            | "request"
            | "urlopen"
            | "open"
            | "read"
            | "readline"
            | "readlines"
            | "recv"
            | "recvfrom"
            | "recv_into"
            | "makefile"
            | "getresponse"
            | "fetch"
            | "send"
            | "stream"
            | "text"
            | "json"
            | "content"
            | "retrbinary"
            | "retrlines"
            | "urlretrieve"
            | "download"
            | "download_file"
            | "get_object"
            | "iter_content"
            | "iter_lines"
            | "exec_command"
            | "resolve"
            | "query"
            | "open_connection"
            | "create_connection"
            | "receive"
            | "get_messages"
            | "raw"
            | "urlread"
            | "delete"
    )
}

/// Whether a call looks up a name that it is given.
pub fn looks_up(name: &str) -> bool {
    matches!(
        name,
        "socket.gethostbyname"
            | "socket.gethostbyname_ex"
            | "socket.getaddrinfo"
            | "dns.resolver.resolve"
            | "dns.resolver.query"
    ) || name.starts_with("dns.resolver.Resolver().")
}

/// Whether a call of a name that reaches the network sends what it is given.
pub fn sends(name: &str) -> bool {
    let last = last(name);
    let exact = matches!(
        last,
        "get"
            | "head"
            | "delete"
            | "options"
            | "patch"
            | "put"
            | "request"
            | "stream"
            | "fetch"
            | "Request"
            | "HTTPConnection"
            | "HTTPSConnection"
            | "create_connection"
            | "open_connection"
            | "putheader"
            | "endheaders"
            | "connect_ex"
            | "update"
            | "publish"
            | "execute"
            | "emit"
            | "notify"
            | "retrieve"
            | "urlretrieve"
            | "DiscordWebhook"
            | "Webhook"
            | "push"
            | "exec_command"
            | "from_url"
    );
    exact
        || [
            "send",
            "post",
            "upload",
            "urlopen",
            "stor",
            "gethostby",
            "getaddrinfo",
            "resolve",
            "query",
            "write",
            "put_",
            "message",
            "document",
            "add_embed",
        ]
        .iter()
        .any(|part| last.to_ascii_lowercase().contains(part))
}

/// What the output of a command line is a source of.
pub fn output(line: &str) -> Option<&'static str> {
    match crate::check::shell::tells(line)? {
        crate::check::shell::Tells::Host => Some(HOST),
        crate::check::shell::Tells::Environment => Some(ENV_ALL),
        crate::check::shell::Tells::Secret => Some(flow::SECRET_FILE),
    }
}

/// Programs that run what they are given.
pub fn interprets(program: &str) -> bool {
    let base = program.rsplit(['/', '\\']).next().unwrap_or(program).to_ascii_lowercase();
    let base = base.trim_end_matches(".exe");
    matches!(
        base,
        "sh" | "bash"
            | "zsh"
            | "dash"
            | "ksh"
            | "cmd"
            | "powershell"
            | "pwsh"
            | "node"
            | "perl"
            | "ruby"
            | "osascript"
            | "mshta"
            | "wscript"
            | "cscript"
            | "rundll32"
            | "regsvr32"
    ) || base.starts_with("python")
}

/// The modules of Python's library, those of older versions too. Source: `sys.stdlib_module_names`
/// of CPython 3.11, and the manual of 2.7.
const LIBRARY: &[&str] = &[
    "ConfigParser",
    "Queue",
    "StringIO",
    "abc",
    "aifc",
    "antigravity",
    "argparse",
    "array",
    "ast",
    "asynchat",
    "asyncio",
    "asyncore",
    "atexit",
    "audioop",
    "base64",
    "bdb",
    "binascii",
    "bisect",
    "builtins",
    "bz2",
    "cPickle",
    "cProfile",
    "calendar",
    "cgi",
    "cgitb",
    "chunk",
    "cmath",
    "cmd",
    "code",
    "codecs",
    "codeop",
    "collections",
    "colorsys",
    "commands",
    "compileall",
    "concurrent",
    "configparser",
    "contextlib",
    "contextvars",
    "copy",
    "copyreg",
    "crypt",
    "csv",
    "ctypes",
    "curses",
    "dataclasses",
    "datetime",
    "dbm",
    "decimal",
    "difflib",
    "dis",
    "distutils",
    "doctest",
    "email",
    "encodings",
    "ensurepip",
    "enum",
    "errno",
    "faulthandler",
    "fcntl",
    "filecmp",
    "fileinput",
    "fnmatch",
    "fractions",
    "ftplib",
    "functools",
    "gc",
    "genericpath",
    "getopt",
    "getpass",
    "gettext",
    "glob",
    "graphlib",
    "grp",
    "gzip",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "http",
    "httplib",
    "idlelib",
    "imaplib",
    "imghdr",
    "imp",
    "importlib",
    "inspect",
    "io",
    "ipaddress",
    "itertools",
    "json",
    "keyword",
    "lib2to3",
    "linecache",
    "locale",
    "logging",
    "lzma",
    "mailbox",
    "mailcap",
    "marshal",
    "math",
    "mimetypes",
    "mmap",
    "modulefinder",
    "msilib",
    "msvcrt",
    "multiprocessing",
    "netrc",
    "nis",
    "nntplib",
    "nt",
    "ntpath",
    "nturl2path",
    "numbers",
    "opcode",
    "operator",
    "optparse",
    "os",
    "ossaudiodev",
    "pathlib",
    "pdb",
    "pickle",
    "pickletools",
    "pipes",
    "pkgutil",
    "platform",
    "plistlib",
    "popen2",
    "poplib",
    "posix",
    "posixpath",
    "pprint",
    "profile",
    "pstats",
    "pty",
    "pwd",
    "py_compile",
    "pyclbr",
    "pydoc",
    "pydoc_data",
    "pyexpat",
    "queue",
    "quopri",
    "random",
    "re",
    "readline",
    "reprlib",
    "resource",
    "rlcompleter",
    "runpy",
    "sched",
    "secrets",
    "select",
    "selectors",
    "shelve",
    "shlex",
    "shutil",
    "signal",
    "site",
    "smtpd",
    "smtplib",
    "sndhdr",
    "socket",
    "socketserver",
    "spwd",
    "sqlite3",
    "sre_compile",
    "sre_constants",
    "sre_parse",
    "ssl",
    "stat",
    "statistics",
    "string",
    "stringprep",
    "struct",
    "subprocess",
    "sunau",
    "symtable",
    "sys",
    "sysconfig",
    "syslog",
    "tabnanny",
    "tarfile",
    "telnetlib",
    "tempfile",
    "termios",
    "textwrap",
    "this",
    "thread",
    "threading",
    "time",
    "timeit",
    "tkinter",
    "token",
    "tokenize",
    "tomllib",
    "trace",
    "traceback",
    "tracemalloc",
    "tty",
    "turtle",
    "turtledemo",
    "types",
    "typing",
    "unicodedata",
    "unittest",
    "urllib",
    "urllib2",
    "uu",
    "uuid",
    "venv",
    "warnings",
    "wave",
    "weakref",
    "webbrowser",
    "winreg",
    "winsound",
    "wsgiref",
    "xdrlib",
    "xml",
    "xmlrpc",
    "zipapp",
    "zipfile",
    "zipimport",
    "zlib",
    "zoneinfo",
];

/// Whether a module is one of Python's library.
pub fn is_library(top: &str) -> bool {
    LIBRARY.binary_search(&top).is_ok()
}
