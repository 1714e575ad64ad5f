//! The arguments of `curl`, `wget` and their kin: what is asked for, what is sent, where the answer
//! goes.

use super::value::Value;
use super::wrap::base;

/// A request as a command line describes it.
#[derive(Debug, Default)]
pub struct Request {
    /// Addresses.
    pub urls: Vec<Value>,
    /// Texts that are sent.
    pub sent: Vec<Value>,
    /// Files that are sent; `-` for standard input.
    pub files: Vec<Value>,
    /// Files that the answer is written to.
    pub outputs: Vec<Value>,
    /// Whether the answer goes to standard output.
    pub prints: bool,
}

/// Letters and names of curl's options that take a value.
/// Source: curl(1) of 8.x.
const CURL_LETTERS: &str = "AbcCdDeEFHhKmnoPQrTtuUwxXyYz";
const CURL_LONG: &[&str] = &[
    "--user-agent",
    "--cookie",
    "--cookie-jar",
    "--continue-at",
    "--data",
    "--data-ascii",
    "--data-binary",
    "--data-raw",
    "--data-urlencode",
    "--dump-header",
    "--referer",
    "--cert",
    "--key",
    "--cacert",
    "--capath",
    "--form",
    "--form-string",
    "--header",
    "--config",
    "--max-time",
    "--output",
    "--quote",
    "--range",
    "--upload-file",
    "--user",
    "--proxy-user",
    "--write-out",
    "--proxy",
    "--request",
    "--connect-timeout",
    "--retry",
    "--retry-delay",
    "--retry-max-time",
    "--max-redirs",
    "--interface",
    "--resolve",
    "--url",
    "--output-dir",
    "--json",
    "--netrc-file",
    "--ciphers",
    "--limit-rate",
    "--speed-limit",
    "--speed-time",
    "--socks5",
    "--socks5-hostname",
    "--unix-socket",
    "--url-query",
    "--oauth2-bearer",
    "--proto",
    "--proto-redir",
    "--time-cond",
    "--noproxy",
    "--max-filesize",
    "--tls-max",
    "--pinnedpubkey",
    "--variable",
    "--expand-data",
];

/// Reads the arguments of a program that makes requests; `None` for other programs.
pub fn request(name: &str, args: &[Value]) -> Option<Request> {
    Some(match name.to_ascii_lowercase().as_str() {
        "curl" => curl(args),
        "wget" | "wget2" => wget(args),
        "aria2c" | "axel" | "fetch" | "lwp-download" => simple(args, &["-o", "--out", "-O"], false),
        "http" | "https" | "xh" | "xhs" | "httpie" => httpie(args),
        "iwr" | "irm" | "invoke-webrequest" | "invoke-restmethod" => powershell(args),
        "lynx" | "w3m" | "links" => simple(args, &[], true),
        _ => return None,
    })
}

fn curl(args: &[Value]) -> Request {
    let mut request = Request { prints: true, ..Request::default() };
    let (mut remote_name, mut folder) = (false, None);
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let text = arg.text.as_str();
        if let Some(long) = text.strip_prefix("--").filter(|long| !long.is_empty()) {
            remote_name |= matches!(long, "remote-name" | "remote-name-all");
            let (option, value) = match text.split_once('=') {
                Some((option, value)) if CURL_LONG.contains(&option) => {
                    (option, Some(Value { text: value.to_owned(), ..arg.clone() }))
                }
                _ if CURL_LONG.contains(&text) => (text, rest.next().cloned()),
                _ => continue,
            };
            let Some(value) = value else { continue };
            match option {
                "--data-raw" | "--form-string" | "--url-query" => request.sent.push(value),
                "--data" | "--data-ascii" | "--data-binary" | "--data-urlencode" | "--json" | "--form"
                | "--variable" | "--expand-data" => {
                    data(&mut request, value);
                }
                "--upload-file" => request.files.push(value),
                "--output" => request.outputs.push(value),
                "--output-dir" => folder = Some(value),
                "--url" => request.urls.push(value),
                "--header" | "--user-agent" | "--cookie" | "--referer" => header(&mut request, value),
                _ => {}
            }
            continue;
        }
        let Some(letters) = text.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            request.urls.push(arg.clone());
            continue;
        };
        for (at, letter) in letters.char_indices() {
            remote_name |= matches!(letter, 'O' | 'J');
            if !CURL_LETTERS.contains(letter) || (letter == 'n') || letter == 'h' {
                continue;
            }
            let behind = letters.get(at + letter.len_utf8()..).unwrap_or("");
            let value = match behind {
                "" => rest.next().cloned(),
                text => Some(Value { text: text.to_owned(), ..arg.clone() }),
            };
            let Some(value) = value else { break };
            match letter {
                'd' | 'F' => data(&mut request, value),
                'T' => request.files.push(value),
                'o' => request.outputs.push(value),
                'H' | 'A' | 'b' | 'e' => header(&mut request, value),
                _ => {}
            }
            break;
        }
    }
    if remote_name {
        request.outputs.extend(request.urls.iter().filter_map(last_part).collect::<Vec<_>>());
    }
    if let Some(folder) = folder {
        for output in &mut request.outputs {
            output.text = format!("{}/{}", folder.text.trim_end_matches('/'), output.text);
            output.partly |= folder.partly;
        }
    }
    request.prints = request.outputs.is_empty() || request.outputs.iter().all(|output| output.text == "-");
    request.outputs.retain(|output| output.text != "-");
    request
}

/// A header carries what the service asks for, a token most of all: what matters is whether
/// something else is put into it.
fn header(request: &mut Request, value: Value) {
    use super::value::Origin;
    let mut value = value;
    value.sources.retain(|source| !matches!(source.origin, Origin::Env | Origin::EnvSecret));
    let lower = value.text.to_ascii_lowercase();
    let names_key = ["authorization:", "-token:", "-key:", "cookie:"].iter().any(|name| lower.contains(name));
    if !names_key {
        request.sent.push(value);
    }
}

/// `@file`, `name=@file`, `name=<file`, or a text.
fn data(request: &mut Request, value: Value) {
    let text = value.text.as_str();
    let file = text.strip_prefix('@').or_else(|| {
        let (name, file) = text.split_once(['=', '@'])?;
        let plain =
            name.len() < 40 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-[].".contains(&b));
        if !plain {
            return None;
        }
        file.strip_prefix('@').or_else(|| file.strip_prefix('<'))
    });
    match file {
        Some(file) => {
            let file = file.split(';').next().unwrap_or(file).to_owned();
            request.files.push(Value { text: file, ..value });
        }
        None => request.sent.push(value),
    }
}

/// What a long option of wget says.
fn long_option(
    option: &str,
    value: Value,
    request: &mut Request,
    document: &mut Option<Value>,
    folder: &mut Option<Value>,
) {
    match option {
        "--post-data" | "--body-data" => request.sent.push(value),
        "--post-file" | "--body-file" => request.files.push(value),
        "--output-document" => *document = Some(value),
        "--directory-prefix" => *folder = Some(value),
        "--header" | "--user-agent" => header(request, value),
        _ => {}
    }
}

fn wget(args: &[Value]) -> Request {
    let mut request = Request::default();
    let (mut document, mut folder) = (None, None);
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let text = arg.text.as_str();
        let value_of = |text: &str| Value { text: text.to_owned(), ..arg.clone() };
        if let Some((option, value)) = text.split_once('=').filter(|_| text.starts_with("--")) {
            let value = value_of(value);
            long_option(option, value, &mut request, &mut document, &mut folder);
        } else if text.starts_with("--") {
            let takes = matches!(
                text,
                "--post-data"
                    | "--post-file"
                    | "--output-document"
                    | "--directory-prefix"
                    | "--header"
                    | "--user"
                    | "--password"
                    | "--tries"
                    | "--timeout"
                    | "--user-agent"
                    | "--body-data"
                    | "--body-file"
            );
            let Some(value) = takes.then(|| rest.next().cloned()).flatten() else { continue };
            long_option(text, value, &mut request, &mut document, &mut folder);
        } else if let Some(letters) = text.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            for (at, letter) in letters.char_indices() {
                if !"OPotTUaiewQ".contains(letter) {
                    continue;
                }
                let value = match letters.get(at + 1..) {
                    Some("") | None => rest.next().cloned(),
                    Some(text) => Some(value_of(text)),
                };
                match letter {
                    'O' => document = value,
                    'P' => folder = value,
                    _ => {}
                }
                break;
            }
        } else {
            request.urls.push(arg.clone());
        }
    }
    request.prints = document.as_ref().is_some_and(|document| document.text == "-");
    match document {
        Some(document) if document.text != "-" => request.outputs.push(document),
        Some(_) => {}
        None => request.outputs.extend(request.urls.iter().filter_map(last_part).collect::<Vec<_>>()),
    }
    if let Some(folder) = folder {
        for output in &mut request.outputs {
            output.text = format!("{}/{}", folder.text.trim_end_matches('/'), output.text);
        }
    }
    request
}

fn simple(args: &[Value], output: &[&str], prints: bool) -> Request {
    let mut request = Request { prints, ..Request::default() };
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        if output.contains(&arg.text.as_str()) {
            request.outputs.extend(rest.next().cloned());
        } else if !arg.text.starts_with('-') {
            request.urls.push(arg.clone());
        }
    }
    if request.outputs.is_empty() && !prints {
        request.outputs = request.urls.iter().filter_map(last_part).collect();
    }
    request
}

fn httpie(args: &[Value]) -> Request {
    let mut request = Request { prints: true, ..Request::default() };
    let mut words = args.iter().filter(|arg| !arg.text.starts_with('-'));
    let first = words.next();
    let method = first.is_some_and(|arg| arg.text.bytes().all(|b| b.is_ascii_uppercase()));
    request.urls.extend(if method { words.next().cloned() } else { first.cloned() });
    for arg in words {
        match arg.text.split_once('@') {
            Some((_, file)) => request.files.push(Value { text: file.to_owned(), ..arg.clone() }),
            None => request.sent.push(arg.clone()),
        }
    }
    request.files.push(Value::known("-"));
    request
}

fn powershell(args: &[Value]) -> Request {
    let mut request = Request { prints: true, ..Request::default() };
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.text.to_ascii_lowercase().as_str() {
            "-uri" => request.urls.extend(rest.next().cloned()),
            "-outfile" => request.outputs.extend(rest.next().cloned()),
            "-body" => request.sent.extend(rest.next().cloned()),
            "-infile" => request.files.extend(rest.next().cloned()),
            "-method" | "-headers" | "-contenttype" | "-useragent" => {
                rest.next();
            }
            option if option.starts_with('-') => {}
            _ => request.urls.push(arg.clone()),
        }
    }
    request.prints = request.outputs.is_empty();
    request
}

/// The name under which a program saves what an address gives.
fn last_part(url: &Value) -> Option<Value> {
    let path = url.text.split(['?', '#']).next()?;
    let (_, rest) = path.split_once("://").unwrap_or(("", path));
    let name = base(rest.split_once('/')?.1);
    (!name.is_empty()).then(|| Value { text: name.to_owned(), sources: Vec::new(), ..url.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> (Vec<String>, Vec<String>, Vec<String>, bool) {
        let fields: Vec<_> = line.split(' ').map(Value::known).collect();
        let got = request(&fields[0].text, &fields[1..]).expect("makes requests");
        let texts = |values: Vec<Value>| values.into_iter().map(|value| value.text).collect::<Vec<_>>();
        (texts(got.urls), texts(got.files), texts(got.outputs), got.prints)
    }

    #[test]
    fn options_and_what_they_take() {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        for (line, urls, files, outputs, prints) in [
            (
                "curl -fsSLo /tmp/x https://a.invalid/y",
                &["https://a.invalid/y"][..],
                &[][..],
                &["/tmp/x"][..],
                false,
            ),
            ("curl -sd @/tmp/k https://a.invalid", &["https://a.invalid"], &["/tmp/k"], &[], true),
            ("curl -F f=@k;type=x -X POST a.invalid", &["a.invalid"], &["k"], &[], true),
            (
                "curl -sSLO --retry 3 https://a.invalid/t.sh",
                &["https://a.invalid/t.sh"],
                &[],
                &["t.sh"],
                false,
            ),
            ("curl -T k https://a.invalid", &["https://a.invalid"], &["k"], &[], true),
            ("wget -qO- https://a.invalid/x", &["https://a.invalid/x"], &[], &[], true),
            ("wget https://a.invalid/x?y -P /tmp", &["https://a.invalid/x?y"], &[], &["/tmp/x"], false),
            ("wget --post-file=k a.invalid/u", &["a.invalid/u"], &["k"], &["u"], false),
        ] {
            assert_eq!(read(line), (owned(urls), owned(files), owned(outputs), prints), "{line}");
        }
    }
}
