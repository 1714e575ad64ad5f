//! Gets databases and keeps them in a folder of the user's.
//!
//! One archive a database: `rustsec.tar.gz`, `osv-npm.zip`, `osv-crates.io.zip`; beside it
//! `<name>.etag` with the address and the server's `ETag`, so that an unchanged database is not
//! fetched again. An archive is written to a temporary file, read as a database, and only then
//! renamed over the old one: an interrupted or broken download leaves what was there.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::{DatabaseInfo, Ecosystem};

use super::limits::MAX_ARCHIVE;
use super::{Advisories, AdvisoryError, Options};

/// RustSec's repository as an archive.
pub const RUSTSEC_URL: &str = "https://github.com/rustsec/advisory-db/archive/refs/heads/main.tar.gz";

/// OSV's archives, one for each ecosystem.
pub const OSV_URL: &str = "https://osv-vulnerabilities.storage.googleapis.com";

/// One database to get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// File name in the folder.
    pub file: String,
    /// Its address.
    pub url: String,
}

impl Target {
    /// RustSec, from `url` or its own repository.
    pub fn rustsec(url: Option<&str>) -> Self {
        Self { file: "rustsec.tar.gz".to_owned(), url: url.unwrap_or(RUSTSEC_URL).to_owned() }
    }

    /// OSV's records of an ecosystem: `<base>/<ecosystem>/all.zip`.
    pub fn osv(base: Option<&str>, ecosystem: Ecosystem) -> Self {
        let base = base.unwrap_or(OSV_URL).trim_end_matches('/');
        Self {
            file: format!("osv-{}.zip", ecosystem.osv()),
            url: format!("{base}/{}/all.zip", ecosystem.osv()),
        }
    }
}

/// How an update ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A new archive is in place.
    Updated(Vec<DatabaseInfo>),
    /// The server says that what is there is the newest.
    Unchanged,
}

/// Why a database could not be got. What was there before still is.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// The server or the connection.
    #[error("cannot get `{url}`: {message}")]
    Fetch {
        /// The address.
        url: String,
        /// What happened.
        message: String,
    },
    /// The disk.
    #[error("cannot write `{path}`: {message}")]
    Disk {
        /// The file.
        path: PathBuf,
        /// What the system says.
        message: String,
    },
    /// It is no database.
    #[error("`{url}` gave no database: {0}", .error.message)]
    NotADatabase {
        /// The address.
        url: String,
        /// What is wrong with it.
        error: AdvisoryError,
    },
}

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The body was written; its `ETag`, if there was one.
    Body(Option<String>),
    /// It is what the `ETag` says.
    NotModified,
}

/// Gets an address: the one thing here that touches the network.
pub trait Fetch {
    /// Writes the body to `into`, at most `limit` bytes.
    ///
    /// # Errors
    /// Says what went wrong, without the address.
    fn get(&self, url: &str, etag: Option<&str>, limit: u64, into: &mut dyn Write) -> Result<Answer, String>;
}

/// Brings one database up to date.
///
/// # Errors
/// See [`UpdateError`].
pub fn update(folder: &Path, target: &Target, fetch: &dyn Fetch) -> Result<Outcome, UpdateError> {
    let disk = |path: &Path| {
        let path = path.to_owned();
        move |error: std::io::Error| UpdateError::Disk { path, message: error.to_string() }
    };
    fs::create_dir_all(folder).map_err(disk(folder))?;
    let path = folder.join(&target.file);
    let mark = folder.join(format!("{}.etag", target.file));
    let known = path.is_file().then(|| fs::read_to_string(&mark).ok()).flatten();
    let known = known.as_deref().and_then(|text| text.split_once('\n')).filter(|(url, _)| *url == target.url);
    let etag = known.map(|(_, etag)| etag.trim_end());

    let mut file = tempfile::Builder::new()
        .suffix(&format!("-{}", target.file))
        .tempfile_in(folder)
        .map_err(disk(folder))?;
    let answer = fetch
        .get(&target.url, etag, MAX_ARCHIVE, file.as_file_mut())
        .map_err(|message| UpdateError::Fetch { url: target.url.clone(), message })?;
    let Answer::Body(etag) = answer else { return Ok(Outcome::Unchanged) };
    file.as_file_mut().sync_all().map_err(disk(&path))?;
    let options = Options { databases: vec![file.path().to_owned()], ..Options::default() };
    let loaded = Advisories::load(&options, &[])
        .map_err(|error| UpdateError::NotADatabase { url: target.url.clone(), error })?;
    // The mark goes first: without one the next update only fetches again.
    let _ = fs::remove_file(&mark);
    file.persist(&path).map_err(|error| disk(&path)(error.error))?;
    if let Some(etag) = etag.filter(|etag| !etag.contains('\n')) {
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(disk(&mark))?;
        file.write_all(format!("{}\n{etag}\n", target.url).as_bytes()).map_err(disk(&mark))?;
        file.persist(&mark).map_err(|error| disk(&mark)(error.error))?;
    }
    Ok(Outcome::Updated(loaded.databases))
}

/// The databases in a folder, sorted.
pub fn installed(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // A download that was interrupted is left over under a temporary name.
            name == "rustsec.tar.gz" || (name.starts_with("osv-") && name.ends_with(".zip"))
        })
        .collect();
    found.sort();
    found
}

/// Seconds to connect and for a whole download.
const TIMEOUTS: (u64, u64) = (20, 900);

/// Redirections followed; GitHub's archives take one.
const MAX_REDIRECTS: usize = 5;

/// Gets over HTTP with `reqwest`, `rustls` and `ring`.
#[derive(Debug)]
pub struct Http(reqwest::blocking::Client);

impl Http {
    /// A client that follows few redirections and never from `https` to `http`.
    ///
    /// # Errors
    /// Where the system's certificates cannot be read.
    pub fn new() -> Result<Self, String> {
        // Already installed is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let redirect = reqwest::redirect::Policy::custom(|attempt| {
            let secure = attempt.previous().first().is_some_and(|url| url.scheme() == "https");
            if attempt.previous().len() > MAX_REDIRECTS {
                attempt.error("too many redirections")
            } else if secure && attempt.url().scheme() != "https" {
                attempt.error("redirected from https to http")
            } else {
                attempt.follow()
            }
        });
        reqwest::blocking::Client::builder()
            .user_agent(concat!("bomvet/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(TIMEOUTS.0))
            .timeout(Duration::from_secs(TIMEOUTS.1))
            .redirect(redirect)
            .build()
            .map(Self)
            .map_err(|error| error.to_string())
    }
}

impl Fetch for Http {
    fn get(&self, url: &str, etag: Option<&str>, limit: u64, into: &mut dyn Write) -> Result<Answer, String> {
        let mut request = self.0.get(url);
        if let Some(etag) = etag {
            request = request.header(reqwest::header::IF_NONE_MATCH, etag);
        }
        let response = request.send().map_err(|error| chain(&error.without_url()))?;
        if response.status() == reqwest::StatusCode::NOT_MODIFIED {
            return Ok(Answer::NotModified);
        }
        if !response.status().is_success() {
            return Err(format!("the server answered {}", response.status()));
        }
        let etag = response.headers().get(reqwest::header::ETAG).and_then(|value| value.to_str().ok());
        let etag = etag.map(str::to_owned);
        let expected = response.content_length();
        if expected.is_some_and(|length| length > limit) {
            return Err(format!("the answer is larger than {limit} bytes"));
        }
        let copied = std::io::copy(&mut response.take(limit + 1), into).map_err(|error| chain(&error))?;
        if copied > limit {
            return Err(format!("the answer is larger than {limit} bytes"));
        }
        if expected.is_some_and(|length| length != copied) {
            return Err(format!("the answer ended after {copied} bytes"));
        }
        Ok(Answer::Body(etag))
    }
}

/// An error with its causes: `reqwest` tells the reason only there.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
