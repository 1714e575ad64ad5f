//! A threaded HTTP/1.1 server on the loopback interface that answers as it is told.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One answer.
#[derive(Debug, Clone)]
pub enum Answer {
    Ok(Vec<u8>),
    Status(u16, Vec<(&'static str, String)>),
    /// Announces all of it, sends that many bytes and closes.
    Cut(Vec<u8>, usize),
    /// Waits before it answers.
    Slow(Duration),
    /// Sends one byte at a time with this pause.
    Drip(Duration),
    /// Announces so many bytes and sends none.
    Announce(u64),
    /// Not HTTP.
    Garbage,
    /// Chunks without end, until the client hangs up.
    Endless,
    /// 200 if the header is there with this value, else 401.
    IfAuthorized(String, Vec<u8>),
}

/// A request as it came in.
#[derive(Debug, Clone)]
pub struct Seen {
    pub path: String,
    pub authorization: Option<String>,
}

/// The server; it ends when dropped.
pub struct Server {
    pub address: String,
    pub seen: Arc<Mutex<Vec<Seen>>>,
    pub sent: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Server {
    /// Answers each path with its list, the last one again and again; other paths with 404.
    pub fn start(answers: &[(&str, Vec<Answer>)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound").to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let answers: BTreeMap<String, Vec<Answer>> =
            answers.iter().map(|(path, list)| ((*path).to_owned(), list.clone())).collect();
        let answers = Arc::new(answers);
        let counts: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
        {
            let (seen, stop, sent) = (Arc::clone(&seen), Arc::clone(&stop), Arc::clone(&sent));
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    if stop.load(Ordering::SeqCst) {
                        return;
                    }
                    let (seen, answers, counts) =
                        (Arc::clone(&seen), Arc::clone(&answers), Arc::clone(&counts));
                    let sent = Arc::clone(&sent);
                    std::thread::spawn(move || serve(stream, &seen, &answers, &counts, &sent));
                }
            });
        }
        Self { address, seen, sent, stop }
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub fn paths(&self) -> Vec<String> {
        self.seen.lock().expect("lock").iter().map(|seen| seen.path.clone()).collect()
    }

    pub fn tokens(&self) -> Vec<Option<String>> {
        self.seen.lock().expect("lock").iter().map(|seen| seen.authorization.clone()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(&self.address);
    }
}

fn serve(
    stream: TcpStream,
    seen: &Mutex<Vec<Seen>>,
    answers: &BTreeMap<String, Vec<Answer>>,
    counts: &Mutex<BTreeMap<String, usize>>,
    sent: &AtomicUsize,
) {
    let mut out = stream.try_clone().expect("a handle");
    let mut lines = BufReader::new(stream).lines();
    let Some(Ok(first)) = lines.next() else { return };
    let path = first.split(' ').nth(1).unwrap_or("/").to_owned();
    let mut authorization = None;
    for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("authorization")
        {
            authorization = Some(value.trim().to_owned());
        }
    }
    seen.lock().expect("lock").push(Seen { path: path.clone(), authorization: authorization.clone() });
    let answer = answers.get(&path).map(|list| {
        let mut counts = counts.lock().expect("lock");
        let count = counts.entry(path).or_default();
        *count += 1;
        list[(*count - 1).min(list.len() - 1)].clone()
    });
    let mut send = |bytes: &[u8]| {
        sent.fetch_add(bytes.len(), Ordering::SeqCst);
        out.write_all(bytes).and_then(|()| out.flush()).is_ok()
    };
    let head = |status: u16, length: usize, more: &str| {
        format!("HTTP/1.1 {status} Any\r\ncontent-length: {length}\r\nconnection: close\r\n{more}\r\n")
            .into_bytes()
    };
    let _ = match answer {
        None => send(&head(404, 0, "")),
        Some(Answer::Ok(body)) => send(&head(200, body.len(), "")) && send(&body),
        Some(Answer::Status(status, headers)) => {
            let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            send(&head(status, 0, &more))
        }
        Some(Answer::Cut(body, after)) => send(&head(200, body.len(), "")) && send(&body[..after]),
        Some(Answer::Slow(pause)) => {
            std::thread::sleep(pause);
            send(&head(200, 0, ""))
        }
        Some(Answer::Drip(pause)) => {
            send(&head(200, 1000, ""))
                && (0..1000).all(|_| {
                    std::thread::sleep(pause);
                    send(b"x")
                })
        }
        Some(Answer::Announce(size)) => send(&head(200, size as usize, "")),
        Some(Answer::Garbage) => send(b"\0\x01\x02 this is not HTTP\r\n\r\n"),
        Some(Answer::Endless) => {
            send(b"HTTP/1.1 200 Any\r\ntransfer-encoding: chunked\r\n\r\n")
                && (0..40_000).all(|_| {
                    let chunk = [b"10000\r\n".as_slice(), &[0; 0x10000], b"\r\n"].concat();
                    send(&chunk)
                })
        }
        Some(Answer::IfAuthorized(value, body)) => {
            if authorization.as_deref() == Some(&value) {
                send(&head(200, body.len(), "")) && send(&body)
            } else {
                send(&head(401, 0, ""))
            }
        }
    };
}
