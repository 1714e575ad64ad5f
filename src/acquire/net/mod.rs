//! Downloads: one client, made at the first request and never when offline.
//!
//! In: a URL, who named it, and a credential. Out: the whole body, or why not in words that hold
//! no secret. What a second try can cure is tried again, with growing pauses; a body is cut off
//! at its limit. Redirects are followed by hand, because the credential must not go along.

pub(crate) mod backoff;
mod secret;

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use reqwest::blocking::Response;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue, LOCATION, RETRY_AFTER};
use url::Url;

pub use secret::Secret;

use super::limits;

/// Time-outs and tries. Tests set them short.
#[derive(Debug, Clone)]
pub struct Timing {
    /// For the connection, TLS included.
    pub connect: Duration,
    /// For the answer's head, and between two pieces of its body.
    pub read: Duration,
    /// For one try of one request, from its start to the last byte.
    pub total: Duration,
    /// Tries after the first.
    pub retries: u32,
    /// The first pause between two tries; it doubles each time.
    pub pause: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            total: Duration::from_secs(300),
            retries: 4,
            pause: Duration::from_millis(250),
        }
    }
}

/// Who named an address, and so what may be asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamedBy {
    /// The user's own configuration, or the program's defaults. Plain HTTP only where the user
    /// wrote so.
    User,
    /// The checkout only (lockfile, its `.npmrc`), which may be hostile: HTTPS, no address of this
    /// machine or of a network without a name, no credential.
    Checkout,
}

/// Why a download failed. No message holds a credential, a query or user information.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Not an address that may be asked.
    #[error("`{url}` is not asked: {why}")]
    Refused {
        /// The address, without secrets.
        url: String,
        /// Why.
        why: &'static str,
    },
    /// The registry answered, but not with the archive.
    #[error("`{url}` answered {status}{}", tries(*.tried))]
    Status {
        /// The address, without secrets.
        url: String,
        /// Status code and its name.
        status: String,
        /// Tries made.
        tried: u32,
    },
    /// The connection did not work.
    #[error("`{url}`: {what}{}", tries(*.tried))]
    Connection {
        /// The address, without secrets.
        url: String,
        /// What happened.
        what: String,
        /// Tries made.
        tried: u32,
    },
    /// Larger than is allowed.
    #[error("`{url}` answered with more than {limit} bytes")]
    TooLarge {
        /// The address, without secrets.
        url: String,
        /// The limit, bytes.
        limit: u64,
    },
}

fn tries(tried: u32) -> String {
    if tried > 1 { format!(" ({tried} tries)") } else { String::new() }
}

impl FetchError {
    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "name the registry in your own configuration if you trust it",
            Self::Status { status, .. } if status.starts_with("401") || status.starts_with("403") => {
                "log in to the registry (`npm login`, `cargo login`) and run again"
            }
            Self::Status { status, .. } if status.starts_with("404") || status.starts_with("410") => {
                "the version may have been removed; check the lockfile and the configured registry"
            }
            Self::Status { status, .. } if status.starts_with("429") => {
                "the registry takes no more requests for now; run again later, or with fewer `--connections`"
            }
            Self::Status { .. } | Self::Connection { .. } => {
                "check the network and the configured registry, then run again"
            }
            Self::TooLarge { .. } => "an archive of this size is not read; replace the package",
        }
    }
}

/// A try's failure, and whether another try may end better.
struct Failure {
    error: FetchError,
    again: bool,
    /// What the server asked for.
    wait: Option<Duration>,
}

/// The client. Nothing is opened before the first request.
#[derive(Debug)]
pub struct Client {
    timing: Timing,
    /// Files of certificates to trust beside the system's, PEM.
    certificates: Vec<PathBuf>,
    inner: OnceLock<Result<reqwest::blocking::Client, String>>,
}

impl Client {
    /// A client that has opened nothing yet.
    pub fn new(timing: Timing, certificates: Vec<PathBuf>) -> Self {
        Self { timing, certificates, inner: OnceLock::new() }
    }

    /// Whether a request was ever made.
    pub fn is_used(&self) -> bool {
        self.inner.get().is_some()
    }

    /// Downloads at most `limit` bytes.
    ///
    /// # Errors
    /// After the last try, why.
    pub fn get(
        &self,
        url: &Url,
        by: NamedBy,
        authorization: Option<&Secret>,
        limit: u64,
    ) -> Result<Vec<u8>, FetchError> {
        self.get_as(url, by, authorization, limit, "*/*")
    }

    /// [`Client::get`] with the value of the `Accept` header.
    ///
    /// # Errors
    /// After the last try, why.
    pub fn get_as(
        &self,
        url: &Url,
        by: NamedBy,
        authorization: Option<&Secret>,
        limit: u64,
        accept: &'static str,
    ) -> Result<Vec<u8>, FetchError> {
        let mut tried = 0;
        loop {
            tried += 1;
            let failure = match self.attempt(url, by, authorization, (limit, accept), tried) {
                Ok(body) => return Ok(body),
                Err(failure) => failure,
            };
            let longest = Duration::from_secs(limits::RETRY_AFTER_SECONDS);
            // Who asks for more is not waited for.
            if !failure.again
                || tried > self.timing.retries
                || failure.wait.is_some_and(|wait| wait > longest)
            {
                return Err(failure.error);
            }
            let pause = backoff::pause(self.timing.pause, tried, url.as_str());
            std::thread::sleep(failure.wait.map_or(pause, |wait| wait.max(pause)));
        }
    }

    fn attempt(
        &self,
        start: &Url,
        by: NamedBy,
        authorization: Option<&Secret>,
        (limit, accept): (u64, &'static str),
        tried: u32,
    ) -> Result<Vec<u8>, Failure> {
        let began = Instant::now();
        let mut url = start.clone();
        for _ in 0..=limits::REDIRECTS {
            allowed(&url, start, by).map_err(Failure::last)?;
            let credential = authorization.filter(|_| by == NamedBy::User && same_origin(start, &url));
            let response = self.send(&url, credential, accept, tried)?;
            let status = response.status();
            if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
                let next = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
                let Some(next) = next.and_then(|next| url.join(next).ok()) else {
                    return Err(Failure::last(status_error(&url, status, tried)));
                };
                url = next;
                continue;
            }
            if !status.is_success() {
                return Err(Failure {
                    error: status_error(&url, status, tried),
                    again: status.is_server_error()
                        || status == StatusCode::TOO_MANY_REQUESTS
                        || status == StatusCode::REQUEST_TIMEOUT,
                    wait: retry_after(&response),
                });
            }
            return self.body(response, &url, limit, began, tried);
        }
        Err(Failure::last(FetchError::Connection {
            url: shown(start),
            what: format!("more than {} redirects", limits::REDIRECTS),
            tried,
        }))
    }

    fn send(
        &self,
        url: &Url,
        credential: Option<&Secret>,
        accept: &'static str,
        tried: u32,
    ) -> Result<Response, Failure> {
        let failed = |what: String, again| Failure {
            error: FetchError::Connection { url: shown(url), what, tried },
            again,
            wait: None,
        };
        let client = self
            .inner
            .get_or_init(|| build(&self.timing, &self.certificates))
            .as_ref()
            .map_err(|error| failed(error.clone(), false))?;
        let mut request = client.get(url.clone()).header(ACCEPT, accept);
        if let Some(credential) = credential {
            let mut value = HeaderValue::from_str(credential.expose())
                .map_err(|_| failed("the configured credential is no header value".to_owned(), false))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        request.send().map_err(|error| failed(explain(error), true))
    }

    fn body(
        &self,
        mut response: Response,
        url: &Url,
        limit: u64,
        began: Instant,
        tried: u32,
    ) -> Result<Vec<u8>, Failure> {
        let stated = response.content_length();
        if stated.is_some_and(|stated| stated > limit) {
            return Err(Failure::last(FetchError::TooLarge { url: shown(url), limit }));
        }
        let failed = |what: String| Failure {
            error: FetchError::Connection { url: shown(url), what, tried },
            again: true,
            wait: None,
        };
        let mut body = Vec::with_capacity(stated.unwrap_or(0).min(limits::CONFIG_BYTES) as usize);
        let mut piece = vec![0; 64 << 10];
        loop {
            let read = match response.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let got = body.len();
                    return Err(failed(format!("cut off after {got} bytes: {}", innermost(&error))));
                }
            };
            body.extend_from_slice(&piece[..read]);
            if body.len() as u64 > limit {
                return Err(Failure::last(FetchError::TooLarge { url: shown(url), limit }));
            }
            if began.elapsed() > self.timing.total {
                let seconds = self.timing.total.as_secs_f32();
                return Err(failed(format!("not done after {seconds} s, {} bytes came", body.len())));
            }
        }
        if let Some(stated) = stated.filter(|stated| *stated != body.len() as u64) {
            return Err(failed(format!("cut off after {} of {stated} bytes", body.len())));
        }
        Ok(body)
    }
}

impl Failure {
    fn last(error: FetchError) -> Self {
        Self { error, again: false, wait: None }
    }
}

fn build(timing: &Timing, certificates: &[PathBuf]) -> Result<reqwest::blocking::Client, String> {
    builder(timing, certificates)?
        .build()
        .map_err(|error| format!("cannot make a TLS client: {}", explain(error)))
}

/// The set-up of every client: the provider of TLS, no redirect, no try that nobody asked for.
pub(crate) fn builder(
    timing: &Timing,
    certificates: &[PathBuf],
) -> Result<reqwest::blocking::ClientBuilder, String> {
    let mut trusted = Vec::new();
    for path in certificates {
        let pem = std::fs::read(path).map_err(|error| {
            format!("the configured file of certificates cannot be read: {}", error.kind())
        })?;
        let more = reqwest::Certificate::from_pem_bundle(&pem)
            .map_err(|_| "the configured file of certificates is not PEM".to_owned())?;
        trusted.extend(more);
    }
    // Another part of the program may have chosen a provider already; any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::blocking::Client::builder()
        .user_agent(concat!("bomvet/", env!("CARGO_PKG_VERSION"), " (", env!("CARGO_PKG_NAME"), ")"))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(timing.connect)
        .timeout(timing.read)
        .tls_certs_merge(trusted))
}

/// Whether `url`, reached from `start`, may be asked.
fn allowed(url: &Url, start: &Url, by: NamedBy) -> Result<(), FetchError> {
    let refuse = |why| Err(FetchError::Refused { url: shown(url), why });
    match (url.scheme(), by) {
        ("https", NamedBy::User) => Ok(()),
        ("https", NamedBy::Checkout) => {
            if is_local(url) {
                refuse("only the checkout names it, and it is an address of this machine or network")
            } else {
                Ok(())
            }
        }
        ("http", NamedBy::User) if start.scheme() == "http" => Ok(()),
        ("http", NamedBy::User) => refuse("it leads from HTTPS to HTTP"),
        ("http", NamedBy::Checkout) => refuse("it is plain HTTP and not named by your own configuration"),
        _ => refuse("only HTTPS is spoken here"),
    }
}

/// An address literal or a name that only this machine or network knows.
fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            !name.contains('.') || [".localhost", ".local", ".internal"].iter().any(|end| name.ends_with(end))
        }
        _ => true,
    }
}

/// Scheme, host and port are the same.
pub(crate) fn same_origin(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme()
        && a.host_str() == b.host_str()
        && a.port_or_known_default() == b.port_or_known_default()
}

/// A URL without user information, query and fragment: each may hold a secret.
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

fn status_error(url: &Url, status: StatusCode, tried: u32) -> FetchError {
    let name = status.canonical_reason().unwrap_or("");
    let status = format!("{} {name}", status.as_u16()).trim_end().to_owned();
    FetchError::Status { url: shown(url), status, tried }
}

/// Seconds only: a date would need the clock, and no registry sends one.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// What went wrong, without the address.
pub(crate) fn explain(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return if error.is_connect() { "no connection in time" } else { "no answer in time" }.to_owned();
    }
    let error = error.without_url();
    innermost(&error)
}

/// The last cause says what happened; those before it only who noticed.
pub(crate) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}
