//! A model behind a server: one request, one answer, not streamed.
//!
//! What a second try can cure is tried again: no connection, 429, a server's error, and once a
//! time-out. An answer that broke off is not, for it has been paid for. No redirect is followed: the
//! key would go along.

use std::io::Read as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, Response};
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use url::Url;

use super::limiter::Limiter;
use super::protocol::{Form, Hold};
use super::settings::{Settings, Structured};
use super::spec::Api;
use super::{Ask, Prompt, Reply, Trouble, key, limits, protocol};
use crate::acquire::net::{self, Secret, backoff};
use crate::model::Digest;

/// A server that is asked.
#[derive(Debug)]
pub struct Server {
    api: Api,
    model: String,
    address: Url,
    key: Option<Secret>,
    settings: Settings,
    client: Client,
    limiter: Limiter,
    /// What the server is known to take.
    form: Mutex<Form>,
    /// Whether it ever answered.
    reached: AtomicBool,
    /// Why nobody need ask again.
    hopeless: OnceLock<String>,
}

/// How one try failed.
enum Failure {
    /// Another try may end better. `wait`: what the server asks for.
    Again {
        what: String,
        wait: Option<Duration>,
        kind: Kind,
    },
    /// A 400: perhaps it does not take what was asked for along with the question.
    Form {
        what: String,
        body: Vec<u8>,
    },
    Failed(String),
    Hopeless(String),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Status,
    Connection,
    TimeOut,
}

impl Server {
    /// Gets ready; nothing is sent yet.
    ///
    /// # Errors
    /// Where the address may not be asked.
    pub fn new(
        api: Api,
        model: &str,
        base: &Url,
        key: Option<Secret>,
        settings: &Settings,
    ) -> Result<Self, Trouble> {
        let hopeless = Trouble::Hopeless;
        let local = is_loopback(base);
        if base.scheme() == "http" && !local && !settings.allow_http {
            return Err(hopeless(format!(
                "`{}` is plain HTTP and not on this machine: what is sent could be read and changed on its way; use https, or `allow-http = true` in reviewers.toml",
                net::shown(base)
            )));
        }
        let timing = net::Timing { read: settings.timeout, ..net::Timing::default() };
        let mut builder =
            net::builder(&timing, &[]).map_err(hopeless)?.pool_max_idle_per_host(settings.concurrency.max(1));
        if local {
            // What stays on this machine is no proxy's business.
            builder = builder.no_proxy();
        }
        let client = builder
            .build()
            .map_err(|error| hopeless(format!("cannot make a TLS client: {}", net::explain(error))))?;
        let mut address = base.clone();
        address.set_path(&format!("{}/{}", base.path().trim_end_matches('/'), protocol::path(api, model)));
        let hold = match settings.structured {
            Structured::Auto | Structured::Schema => Hold::Schema,
            Structured::Json => Hold::Json,
            Structured::None => Hold::Nothing,
        };
        // The service itself takes the newer name for every model; other servers know the older one.
        let completion_tokens = base.host_str() == Some("api.openai.com");
        Ok(Self {
            api,
            model: model.to_owned(),
            address,
            key,
            settings: settings.clone(),
            client,
            limiter: Limiter::new(settings.requests_per_minute, settings.tokens_per_minute),
            form: Mutex::new(Form { hold, temperature: true, completion_tokens }),
            reached: AtomicBool::new(false),
            hopeless: OnceLock::new(),
        })
    }

    fn headers(&self) -> Result<HeaderMap, Failure> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.api == Api::Anthropic {
            headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
        }
        if let Some(key) = &self.key {
            let (name, text) = match self.api {
                Api::OpenAi => ("authorization", Secret::new(format!("Bearer {}", key.expose()))),
                Api::Anthropic => ("x-api-key", key.clone()),
                Api::Gemini => ("x-goog-api-key", key.clone()),
            };
            let mut value = HeaderValue::from_str(text.expose())
                .map_err(|_| Failure::Hopeless("the key is no header value".to_owned()))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(headers)
    }

    fn attempt(&self, prompt: &Prompt, form: Form) -> Result<Reply, Failure> {
        let began = Instant::now();
        let most = self.settings.max_answer.map_or(prompt.max_tokens, |most| most.min(prompt.max_tokens));
        let body = protocol::body(self.api, &self.model, prompt, most, self.settings.temperature, form);
        let sent =
            self.client.post(self.address.clone()).headers(self.headers()?).body(body.to_string()).send();
        let response = sent.map_err(|error| {
            let kind = match () {
                () if error.is_connect() => Kind::Connection,
                () if error.is_timeout() => Kind::TimeOut,
                () => Kind::Status,
            };
            Failure::Again { what: net::explain(error), wait: None, kind }
        })?;
        self.reached.store(true, Ordering::Relaxed);
        let status = response.status();
        if !status.is_success() {
            return Err(self.refused(response, began));
        }
        let body = self.read(response, limits::ANSWER_BYTES, began).map_err(Failure::Failed)?;
        let begun = self.api == Api::Anthropic && form.hold == Hold::Json;
        let mut reply = protocol::reply(self.api, &body, begun).map_err(Failure::Failed)?;
        reply.text = key::without(reply.text, self.key.as_ref());
        Ok(reply)
    }

    fn refused(&self, response: Response, began: Instant) -> Failure {
        let status = response.status();
        let mut what = format!("answered {} {}", status.as_u16(), status.canonical_reason().unwrap_or(""));
        what.truncate(what.trim_end().len());
        if status.is_redirection() {
            let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            let to = to
                .and_then(|to| self.address.join(to).ok())
                .map(|to| format!(" to `{}`", self.told(net::shown(&to))));
            let to = to.unwrap_or_default();
            return Failure::Hopeless(format!(
                "{what}: redirects{to} are not followed; write the server's own address"
            ));
        }
        let wait = retry_after(response.headers());
        let body = self.read(response, limits::REFUSAL_BYTES, began).unwrap_or_default();
        if let Some(message) = protocol::refusal(&body) {
            what = format!("{what}: {}", self.told(message));
        }
        let says = |word: &[u8]| memchr::memmem::find(&body, word).is_some();
        match status.as_u16() {
            429 if says(b"insufficient_quota") => Failure::Hopeless(what),
            408 | 425 | 429 | 500..=599 => Failure::Again { what, wait, kind: Kind::Status },
            400 if says(b"API_KEY_INVALID") => Failure::Hopeless(format!("{what}; check the key")),
            400 | 422 => Failure::Form { what, body },
            401 | 403 => Failure::Hopeless(format!("{what}; check the key")),
            404 | 405 | 410 => Failure::Hopeless(format!("{what}; check the address and the model's name")),
            402 => Failure::Hopeless(what),
            _ => Failure::Failed(what),
        }
    }

    fn told(&self, message: String) -> String {
        key::told(message, self.key.as_ref())
    }

    /// Reads a body to its end or fails.
    fn read(&self, mut response: Response, limit: u64, began: Instant) -> Result<Vec<u8>, String> {
        let stated = response.content_length();
        if stated.is_some_and(|stated| stated > limit) {
            return Err(format!("the answer has more than {limit} bytes"));
        }
        let mut body = Vec::new();
        let mut piece = vec![0; 16 << 10];
        loop {
            match response.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => body.extend_from_slice(&piece[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(format!(
                        "the answer was cut off after {} bytes: {}",
                        body.len(),
                        net::innermost(&error)
                    ));
                }
            }
            if body.len() as u64 > limit {
                return Err(format!("the answer has more than {limit} bytes"));
            }
            if began.elapsed() > self.settings.timeout {
                let seconds = self.settings.timeout.as_secs_f32();
                return Err(format!("the answer was not done after {seconds} s"));
            }
        }
        match stated {
            Some(stated) if stated != body.len() as u64 => {
                Err(format!("the answer was cut off after {} of {stated} bytes", body.len()))
            }
            _ => Ok(body),
        }
    }

    fn known_form(&self) -> Form {
        *self.form.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_up(&self, what: String) -> Trouble {
        Trouble::Hopeless(self.hopeless.get_or_init(|| what).clone())
    }

    fn still_hopeful(&self) -> Result<(), Trouble> {
        self.hopeless.get().map_or(Ok(()), |what| Err(Trouble::Hopeless(what.clone())))
    }
}

impl Ask for Server {
    fn ask(&self, prompt: &Prompt) -> Result<Reply, Trouble> {
        let booked = (prompt.system.len() + prompt.user.len()) as u64 / 4 + u64::from(prompt.max_tokens);
        let mut form = self.known_form();
        let (mut tried, mut timed_out) = (0, 0);
        loop {
            self.still_hopeful()?;
            self.limiter.wait(booked);
            self.still_hopeful()?;
            let failure = match self.attempt(prompt, form) {
                Ok(reply) => {
                    // Only now is it known that leaving something out was what it took.
                    *self.form.lock().unwrap_or_else(PoisonError::into_inner) = form;
                    if let (Some(sent), Some(came)) = (reply.tokens_in, reply.tokens_out) {
                        self.limiter.correct(booked, sent.saturating_add(came));
                    }
                    return Ok(reply);
                }
                Err(failure) => failure,
            };
            let at = |what: String, tried: u32| {
                let tries = if tried > 1 { format!(" ({tried} tries)") } else { String::new() };
                format!("`{}`: {what}{tries}", net::shown(&self.address))
            };
            match failure {
                Failure::Failed(what) => return Err(Trouble::Failed(at(what, 1))),
                Failure::Hopeless(what) => return Err(self.give_up(at(what, 1))),
                Failure::Form { what, body } => {
                    match form.weaker(&body, self.settings.structured == Structured::Auto) {
                        Some(weaker) => form = weaker,
                        None => return Err(Trouble::Failed(at(what, 1))),
                    }
                }
                Failure::Again { what, wait, kind } => {
                    tried += 1;
                    timed_out += u32::from(kind == Kind::TimeOut);
                    if let Some(wait) = wait.filter(|wait| wait.as_secs() > limits::RETRY_AFTER_SECONDS) {
                        let what =
                            format!("{what}; it asks to wait {} s, which is not waited for", wait.as_secs());
                        return Err(self.give_up(at(what, tried)));
                    }
                    if tried > self.settings.retries || timed_out > 1 {
                        // Where nothing ever answered, the address is wrong or the server is down.
                        return Err(if kind == Kind::Connection && !self.reached.load(Ordering::Relaxed) {
                            self.give_up(at(format!("{what}; is the server running?"), tried))
                        } else {
                            Trouble::Failed(at(what, tried))
                        });
                    }
                    let seed = Digest::sha256(prompt.user.as_bytes()).hex();
                    let pause = backoff::pause(self.settings.pause, tried, &seed);
                    match wait {
                        Some(wait) => {
                            self.limiter.hold(wait);
                            // Not all at once when the time is over.
                            std::thread::sleep(wait + pause.min(Duration::from_secs(1)));
                        }
                        None => std::thread::sleep(pause),
                    }
                }
            }
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name.trim_end_matches('.').eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

/// Seconds, or a date: counted from the answer's own `date`, so that no clock is needed and none
/// need agree.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    if let Some(seconds) = text.parse::<f64>().ok().filter(|seconds| *seconds >= 0.0) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let until = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    let sent = OffsetDateTime::parse(headers.get(DATE)?.to_str().ok()?.trim(), &Rfc2822).ok()?;
    Some(Duration::from_secs((until - sent).whole_seconds().max(0).unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_in_both_forms() {
        let wait = |text: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_str(text).unwrap());
            if let Some(date) = date {
                headers.insert(DATE, HeaderValue::from_str(date).unwrap());
            }
            retry_after(&headers).map(|wait| wait.as_millis())
        };
        let sent = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(wait("7", None), Some(7_000));
        assert_eq!(wait("0.5", None), Some(500));
        assert_eq!(wait("99999999999999999999999", None), Some(u128::from(u64::MAX) * 1000));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT", sent), Some(60_000));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:00 GMT", sent), Some(0));
        for nothing in ["-3", "soon", "", "nan", "1e400"] {
            assert_eq!(wait(nothing, sent), None, "{nothing}");
        }
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT", None), None);
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        let new = |base: &str, allow_http| {
            let settings = Settings { allow_http, ..Settings::default() };
            Server::new(Api::OpenAi, "m", &Url::parse(base).unwrap(), None, &settings).map(drop)
        };
        for fine in
            ["http://127.0.0.1:8080/v1", "http://localhost/v1", "http://[::1]:1/v1", "https://h.invalid/v1"]
        {
            assert_eq!(new(fine, false), Ok(()), "{fine}");
        }
        for other in ["http://h.invalid/v1", "http://10.0.0.1/v1", "http://localhost.h.invalid/v1"] {
            assert!(matches!(new(other, false), Err(Trouble::Hopeless(_))), "{other}");
            assert_eq!(new(other, true), Ok(()), "{other}");
        }
    }
}
