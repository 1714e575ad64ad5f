//! A scripted model server on the loopback interface: plain HTTP/1.1 with keep-alive, a thread per connection.
//!
//! It speaks the three protocols that `review::ask` speaks and tells them apart by the path. What it answers is
//! decided by a closure that sees the request, so that a test can lie, echo, hang or change its mind:
//!
//! ```ignore
//! let server = ReviewServer::start(|request| match request.number {
//!     0 => Answer::status(429).header("retry-after", "1"),
//!     _ => Answer::text(r#"{"claims":[]}"#),
//! });
//! let spec = format!("openai:any@{}/v1", server.url());
//! ```

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bomvet::review::ask::Prompt;
use serde_json::{Value, json};

/// A request as it came in.
#[derive(Debug, Clone)]
pub struct Request {
    /// 0 for the first one that the server ever saw.
    pub number: usize,
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// `null` where it is no JSON.
    pub body: Value,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The standing instruction, in whichever protocol.
    pub fn system(&self) -> &str {
        let body = &self.body;
        [&body["messages"][0]["content"], &body["system"], &body["systemInstruction"]["parts"][0]["text"]]
            .into_iter()
            .zip([body["messages"][0]["role"] == "system", true, true])
            .find_map(|(text, is_it)| text.as_str().filter(|_| is_it))
            .unwrap_or("")
    }

    /// What was asked, as a reviewer within the test takes it.
    pub fn prompt(&self) -> Prompt {
        Prompt {
            system: self.system().to_owned(),
            user: self.user().to_owned(),
            schema: Value::Null,
            max_tokens: 1000,
        }
    }

    /// What the user's turn says: the packet.
    pub fn user(&self) -> &str {
        let turns = self.body["messages"].as_array().into_iter().flatten();
        let said = turns.filter(|turn| turn["role"] == "user").find_map(|turn| turn["content"].as_str());
        said.or_else(|| self.body["contents"][0]["parts"][0]["text"].as_str()).unwrap_or("")
    }
}

/// How the bytes of an answer are sent.
#[derive(Debug, Clone)]
enum Body {
    /// Wrapped as the protocol of the path wraps a model's text.
    Text(String),
    /// As they are.
    Raw(Vec<u8>),
    /// Announces all of it, sends so many bytes, closes.
    Cut(Vec<u8>, usize),
    /// Announces a length and sends one byte at a time with this pause.
    Drip(Vec<u8>, Duration),
    /// Not HTTP.
    Garbage,
    /// Reads the request and never answers, until the client goes away.
    Hang,
    /// Closes without an answer.
    Close,
}

/// One answer.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    delay: Duration,
    usage: (u64, u64),
    body: Body,
}

impl Answer {
    fn of(body: Body) -> Self {
        Self { status: 200, headers: Vec::new(), delay: Duration::ZERO, usage: (100, 10), body }
    }

    /// The model says this.
    pub fn text(text: impl Into<String>) -> Self {
        Self::of(Body::Text(text.into()))
    }

    /// A 200 whose body is these bytes: broken JSON, 10 MB, invalid UTF-8.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::of(Body::Raw(bytes.into()))
    }

    /// This status, with a body as the three services write their errors.
    pub fn status(status: u16) -> Self {
        Self::error(status, &format!("status {status}"))
    }

    /// This status and message.
    pub fn error(status: u16, message: &str) -> Self {
        let body = json!({ "error": { "message": message, "type": "error", "code": status } });
        Self { status, ..Self::raw(body.to_string()) }
    }

    /// An answer that breaks off after so many bytes of its body.
    pub fn cut(text: &str, after: usize) -> Self {
        Self::of(Body::Cut(wrap("/chat/completions", text, (100, 10)), after))
    }

    /// One byte at a time.
    pub fn drip(text: &str, pause: Duration) -> Self {
        Self::of(Body::Drip(wrap("/chat/completions", text, (100, 10)), pause))
    }

    /// Bytes that are not HTTP.
    pub fn garbage() -> Self {
        Self::of(Body::Garbage)
    }

    /// No answer, ever.
    pub fn hang() -> Self {
        Self::of(Body::Hang)
    }

    /// The connection is closed without a byte.
    pub fn close() -> Self {
        Self::of(Body::Close)
    }

    /// The model obeys: it says what follows `marker` in the packet, up to the end of that line.
    pub fn echo_after(request: &Request, marker: &str) -> Self {
        let found = request.user().split_once(marker).map_or("", |(_, rest)| rest);
        Self::text(found.lines().next().unwrap_or("").trim())
    }

    /// These bytes instead of the body.
    pub fn with_body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Body::Raw(bytes.into());
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Tokens in and out, as the server counts them.
    pub fn usage(mut self, tokens_in: u64, tokens_out: u64) -> Self {
        self.usage = (tokens_in, tokens_out);
        self
    }
}

/// A model's text as the protocol of the path carries it.
fn wrap(path: &str, text: &str, (tokens_in, tokens_out): (u64, u64)) -> Vec<u8> {
    let value = if path.ends_with("/messages") {
        json!({
            "id": "msg_1", "type": "message", "role": "assistant", "stop_reason": "end_turn",
            "content": [{ "type": "text", "text": text }],
            "usage": { "input_tokens": tokens_in, "output_tokens": tokens_out },
        })
    } else if path.contains(":generateContent") {
        json!({
            "candidates": [{
                "content": { "role": "model", "parts": [{ "text": text }] }, "finishReason": "STOP"
            }],
            "usageMetadata": { "promptTokenCount": tokens_in, "candidatesTokenCount": tokens_out },
        })
    } else {
        json!({
            "id": "chatcmpl-1", "object": "chat.completion",
            "choices": [{
                "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": "stop"
            }],
            "usage": {
                "prompt_tokens": tokens_in, "completion_tokens": tokens_out,
                "total_tokens": tokens_in + tokens_out
            },
        })
    };
    value.to_string().into_bytes()
}

type Script = dyn Fn(&Request) -> Answer + Send + Sync;

struct Shared {
    script: Box<Script>,
    seen: Mutex<Vec<Request>>,
    count: AtomicUsize,
    open: AtomicUsize,
    most: AtomicUsize,
    keep: AtomicBool,
    stop: AtomicBool,
}

/// The server; it ends when dropped.
pub struct ReviewServer {
    address: String,
    shared: Arc<Shared>,
}

impl ReviewServer {
    /// Answers each request as `script` says. Requests that come in together call it together.
    pub fn start(script: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound").to_string();
        let shared = Arc::new(Shared {
            script: Box::new(script),
            seen: Mutex::default(),
            count: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            keep: AtomicBool::new(true),
            stop: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if serving.stop.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&serving);
                std::thread::spawn(move || {
                    let _ = serve(stream, &shared);
                });
            }
        });
        Self { address, shared }
    }

    /// Answers with these, one after the other; the last one again and again.
    pub fn scripted(answers: Vec<Answer>) -> Self {
        assert!(!answers.is_empty(), "a script needs an answer");
        Self::start(move |request| answers[request.number.min(answers.len() - 1)].clone())
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Requests so far.
    pub fn count(&self) -> usize {
        self.shared.count.load(Ordering::SeqCst)
    }

    /// The most requests that were being answered at once.
    pub fn most_at_once(&self) -> usize {
        self.shared.most.load(Ordering::SeqCst)
    }

    /// All requests so far, in the order in which they came.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.seen.lock().expect("lock").clone()
    }

    /// Only counts from now on: for runs of many thousand requests.
    pub fn forget_bodies(&self) {
        self.shared.keep.store(false, Ordering::SeqCst);
    }
}

impl Drop for ReviewServer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(&self.address);
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut out = stream.try_clone()?;
    let mut input = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).unwrap_or("/").to_owned();
        let mut headers = Vec::new();
        loop {
            line.clear();
            if input.read_line(&mut line)? == 0 || line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':') {
                headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        input.read_exact(&mut body)?;
        let number = shared.count.fetch_add(1, Ordering::SeqCst);
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let request = Request { number, path, headers, body };
        shared.most.fetch_max(shared.open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let answer = (shared.script)(&request);
        let path = request.path.clone();
        if shared.keep.load(Ordering::SeqCst) {
            shared.seen.lock().expect("lock").push(request);
        }
        let again = send(&mut out, &mut input, &path, answer);
        shared.open.fetch_sub(1, Ordering::SeqCst);
        if !again? {
            return out.shutdown(std::net::Shutdown::Both);
        }
    }
}

/// Sends one answer; whether the connection goes on.
fn send(
    out: &mut TcpStream,
    input: &mut BufReader<TcpStream>,
    path: &str,
    answer: Answer,
) -> std::io::Result<bool> {
    std::thread::sleep(answer.delay);
    let head = |length: usize| {
        let mut text = format!("HTTP/1.1 {} Any\r\ncontent-type: application/json\r\n", answer.status);
        for (name, value) in &answer.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("content-length: {length}\r\n\r\n"));
        text.into_bytes()
    };
    match answer.body {
        Body::Text(text) => {
            let body = wrap(path, &text, answer.usage);
            let mut all = head(body.len());
            all.extend(body);
            out.write_all(&all)?;
            Ok(true)
        }
        Body::Raw(body) => {
            let mut all = head(body.len());
            all.extend(body);
            out.write_all(&all)?;
            Ok(true)
        }
        Body::Cut(body, after) => {
            out.write_all(&head(body.len()))?;
            out.write_all(&body[..after.min(body.len())])?;
            Ok(false)
        }
        Body::Drip(body, pause) => {
            out.write_all(&head(body.len()))?;
            for byte in body {
                std::thread::sleep(pause);
                out.write_all(&[byte])?;
            }
            Ok(true)
        }
        Body::Garbage => {
            out.write_all(b"\0\x01\x02 this is not HTTP\r\n\r\n")?;
            Ok(false)
        }
        Body::Hang => {
            let mut byte = [0];
            let _ = input.read(&mut byte);
            Ok(false)
        }
        Body::Close => Ok(false),
    }
}
