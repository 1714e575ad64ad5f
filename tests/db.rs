//! `bomvet db` against a real server on this machine.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use assert_cmd::Command;

/// What the server does next with a request.
#[derive(Debug, Clone)]
enum Reply {
    /// 200 with this body and `ETag`.
    Body(Vec<u8>, &'static str),
    /// This status without a body.
    Status(u16),
    /// 200 that promises more bytes than it sends.
    Cut(Vec<u8>),
    /// Another address.
    Redirect(String),
    /// Bytes that are no HTTP.
    Garbage,
}

struct Server {
    url: String,
    /// Replies still to give, the last first; with none left, 404.
    replies: Arc<Mutex<Vec<Reply>>>,
    /// Request lines and `If-None-Match` headers.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (replies, seen) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let (next, log) = (Arc::clone(&replies), Arc::clone(&seen));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let reply = next.lock().expect("the replies").pop().unwrap_or(Reply::Status(404));
                let line = answer(stream, reply);
                log.lock().expect("the log").push(line);
            }
        });
        Self { url, replies, seen }
    }

    fn will(&self, mut replies: Vec<Reply>) {
        replies.reverse();
        *self.replies.lock().expect("the replies") = replies;
    }

    fn saw(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().expect("the log"))
    }
}

fn answer(stream: TcpStream, reply: Reply) -> String {
    let mut reader = BufReader::new(stream.try_clone().expect("a clone"));
    let mut seen = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "\r\n" {
            break;
        }
        if seen.is_empty() {
            seen = line.trim().replace(" HTTP/1.1", "");
        } else if let Some(etag) = line.to_lowercase().strip_prefix("if-none-match:") {
            seen += &format!(" if {}", etag.trim());
        }
    }
    let mut stream = stream;
    let head = |status: &str, length: usize, more: &str| {
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n")
    };
    let _ = match reply {
        Reply::Body(body, etag) => stream
            .write_all(head("200 OK", body.len(), &format!("ETag: {etag}\r\n")).as_bytes())
            .and_then(|()| stream.write_all(&body)),
        Reply::Status(code) => stream.write_all(head(&format!("{code} X"), 0, "").as_bytes()),
        Reply::Cut(body) => stream
            .write_all(head("200 OK", body.len() + 100, "").as_bytes())
            .and_then(|()| stream.write_all(&body)),
        Reply::Redirect(to) => {
            stream.write_all(head("302 Found", 0, &format!("Location: {to}\r\n")).as_bytes())
        }
        Reply::Garbage => stream.write_all(b"hello\n"),
    };
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let _ = reader.read_to_end(&mut Vec::new());
    seen
}

/// An archive with one real record.
fn archive(records: usize) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/advisories/rustsec/crates/smallvec");
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("the fixture").map(|e| e.expect("an entry").path()).collect();
    files.sort();
    let gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gz);
    for path in &files[..records] {
        let bytes = fs::read(path).expect("a record");
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        let name = path.file_name().expect("a name").to_string_lossy();
        tar.append_data(&mut header, format!("db/crates/smallvec/{name}"), &bytes[..]).expect("an entry");
    }
    tar.into_inner().expect("a tar").finish().expect("a gz")
}

/// Runs `bomvet db --folder FOLDER …` and gives exit code, standard output and error.
fn db(folder: &Path, args: &[&str]) -> (i32, String) {
    let mut command = Command::cargo_bin("bomvet").expect("the program");
    command
        .env_clear()
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .args(["db", "--folder"])
        .arg(folder)
        .args(args);
    let output = command.output().expect("it runs");
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.code().expect("an exit code"), text.replace(&folder.display().to_string(), "[folder]"))
}

fn list(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map(|entry| PathBuf::from(entry.expect("an entry").file_name()).display().to_string())
        .collect();
    names.sort();
    names
}

#[test]
fn a_database_is_got_once_and_again_only_when_it_changed() {
    let (server, folder) = (Server::start(), tempfile::tempdir().expect("a temporary folder"));
    let url = format!("{}/db.tar.gz", server.url);
    let update = ["update", "--rustsec", &url];

    server.will(vec![Reply::Redirect(format!("{}/real", server.url)), Reply::Body(archive(1), "\"one\"")]);
    assert_eq!(db(folder.path(), &update), (0, "rustsec.tar.gz: updated, 1 records\n".to_owned()));
    assert_eq!(server.saw(), ["GET /db.tar.gz", "GET /real"]);
    assert_eq!(list(folder.path()), ["rustsec.tar.gz", "rustsec.tar.gz.etag"]);

    server.will(vec![Reply::Status(304)]);
    assert_eq!(db(folder.path(), &update), (0, "rustsec.tar.gz: unchanged\n".to_owned()));
    assert_eq!(server.saw(), ["GET /db.tar.gz if \"one\""]);

    server.will(vec![Reply::Body(archive(2), "\"two\"")]);
    assert_eq!(db(folder.path(), &update), (0, "rustsec.tar.gz: updated, 2 records\n".to_owned()));

    // Another address has another mark.
    let other = format!("{}/other.tar.gz", server.url);
    server.saw();
    server.will(vec![Reply::Body(archive(1), "\"three\"")]);
    assert_eq!(db(folder.path(), &["update", "--rustsec", &other]).0, 0);
    assert_eq!(server.saw(), ["GET /other.tar.gz"]);

    let (code, table) = db(folder.path(), &["status"]);
    assert_eq!(code, 0);
    let rows: Vec<_> =
        table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    insta::assert_snapshot!(rows.join("\n"), @r"
    database for records unreadable age commit path
    rustsec cargo 1 0 1944 days [folder]/rustsec.tar.gz
    ");
    let (_, json) = db(folder.path(), &["status", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        (&json["databases"][0]["kind"], &json["databases"][0]["records"]),
        (&"rustsec".into(), &1.into())
    );
}

#[test]
fn what_goes_wrong_leaves_what_was_there() {
    let (server, folder) = (Server::start(), tempfile::tempdir().expect("a temporary folder"));
    let url = format!("{}/db.tar.gz", server.url);
    let update = ["update", "--rustsec", &url];
    server.will(vec![Reply::Body(archive(1), "\"one\"")]);
    assert_eq!(db(folder.path(), &update).0, 0);
    let before = fs::read(folder.path().join("rustsec.tar.gz")).expect("the archive");

    let mut got = Vec::new();
    let whole = archive(2);
    let replies = [
        Reply::Status(404),
        Reply::Status(429),
        Reply::Status(500),
        Reply::Cut(whole[..50].to_vec()),
        Reply::Garbage,
        Reply::Body(b"<!doctype html>".to_vec(), "\"bad\""),
        Reply::Body(whole[..whole.len() / 2].to_vec(), "\"bad\""),
    ];
    for reply in replies {
        server.will(vec![reply]);
        let (code, text) = db(folder.path(), &update);
        let text = text.replace(&server.url, "http://server").replace(&*folder.path().to_string_lossy(), "");
        got.push(format!("{code} {}", text.trim_end()));
        assert_eq!(fs::read(folder.path().join("rustsec.tar.gz")).expect("the archive"), before);
        assert_eq!(list(folder.path()), ["rustsec.tar.gz", "rustsec.tar.gz.etag"]);
    }
    insta::assert_snapshot!(got.join("\n"), @r"
    2 error: cannot get `http://server/db.tar.gz`: the server answered 404 Not Found
    2 error: cannot get `http://server/db.tar.gz`: the server answered 429 Too Many Requests
    2 error: cannot get `http://server/db.tar.gz`: the server answered 500 Internal Server Error
    2 error: cannot get `http://server/db.tar.gz`: request or response body error: error reading a body from connection: end of file before message length reached
    2 error: cannot get `http://server/db.tar.gz`: error sending request: client error (SendRequest): invalid HTTP version parsed
    2 error: `http://server/db.tar.gz` gave no database: is not a folder, a `.tar.gz`, a `.zip` or a `.json` record
    2 error: `http://server/db.tar.gz` gave no database: is not a whole `.tar.gz`: incomplete deflate stream
    ");
    let (code, text) = db(folder.path(), &["update", "--rustsec", "http://127.0.0.1:1/db.tar.gz"]);
    assert!(code == 2 && text.contains("127.0.0.1:1") && text.contains("refused"), "{text}");
}

#[test]
fn an_empty_folder_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    assert_eq!(
        db(folder.path(), &["status"]),
        (0, "no databases in [folder]; run `bomvet db update`\n".to_owned())
    );
    assert_eq!(db(folder.path(), &["path"]), (0, "[folder]\n".to_owned()));
}

#[test]
fn osv_is_got_for_each_ecosystem() {
    let (server, folder) = (Server::start(), tempfile::tempdir().expect("a temporary folder"));
    let record = r#"{"id": "GHSA-x", "affected": [{"package": {"ecosystem": "npm", "name": "x"}, "versions": ["1.0.0"]}]}"#;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("GHSA-x.json", zip::write::SimpleFileOptions::default()).expect("an entry");
    zip.write_all(record.as_bytes()).expect("its bytes");
    let body = zip.finish().expect("a zip").into_inner();
    server.will(vec![Reply::Status(500), Reply::Body(body, "\"a\"")]);
    let (code, text) = db(folder.path(), &["update", "--osv", &server.url]);
    // One that fails does not keep the other from being got.
    let text = text.replace(&server.url, "http://server");
    assert_eq!(code, 2);
    insta::assert_snapshot!(text.trim_end(), @r"
    osv-npm.zip: updated, 1 records
    error: cannot get `http://server/crates.io/all.zip`: the server answered 500 Internal Server Error
    error: cannot get `http://server/PyPI/all.zip`: the server answered 404 Not Found
    error: cannot get `http://server/Go/all.zip`: the server answered 404 Not Found
    error: cannot get `http://server/GitHub Actions/all.zip`: the server answered 404 Not Found
    ");
    let rest = ["GET /PyPI/all.zip", "GET /Go/all.zip", "GET /GitHub%20Actions/all.zip"];
    assert_eq!(server.saw(), [&["GET /crates.io/all.zip", "GET /npm/all.zip"], &rest[..]].concat());
    assert_eq!(list(folder.path()), ["osv-npm.zip", "osv-npm.zip.etag"]);
}
