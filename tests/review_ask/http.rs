//! Servers: each protocol, each failure.

use std::time::{Duration, Instant};

use bomvet::review::ask::{Ask, Reply, Settings, Structured, Trouble};

use super::review_server::{Answer, Request, ReviewServer};
use super::{KEY, prompt, reviewer};

fn quick() -> Settings {
    Settings {
        pause: Duration::from_millis(1),
        timeout: Duration::from_secs(5),
        retries: 2,
        ..Settings::default()
    }
}

fn openai(server: &ReviewServer, settings: Settings) -> Box<dyn Ask> {
    reviewer(&format!("openai:smol@{}/v1", server.url()), settings).expect("a reviewer")
}

fn failed(result: Result<Reply, Trouble>) -> String {
    match result {
        Err(Trouble::Failed(why)) => why,
        other => panic!("not failed: {other:?}"),
    }
}

fn hopeless(result: Result<Reply, Trouble>) -> String {
    match result {
        Err(Trouble::Hopeless(why)) => why,
        other => panic!("not hopeless: {other:?}"),
    }
}

#[test]
fn each_protocol_carries_the_prompt_and_brings_the_text() {
    for (kind, path, key) in [
        ("openai", "/v1/chat/completions", ("authorization", format!("Bearer {KEY}"))),
        ("anthropic", "/v1/messages", ("x-api-key", KEY.to_owned())),
        ("gemini", "/v1/models/smol:generateContent", ("x-goog-api-key", KEY.to_owned())),
    ] {
        let server = ReviewServer::scripted(vec![Answer::text("{\"claims\":[]}").usage(1234, 56)]);
        let ask = reviewer(&format!("{kind}:smol@{}/v1/", server.url()), quick()).expect(kind);
        let reply = ask.ask(&prompt("packet é 🦀")).expect(kind);
        let expected = Reply { text: "{\"claims\":[]}".into(), tokens_in: Some(1234), tokens_out: Some(56) };
        assert_eq!(reply, expected);
        let seen = server.requests();
        assert_eq!((seen.len(), seen[0].path.as_str()), (1, path));
        assert_eq!((seen[0].system(), seen[0].user()), ("Say what the code does.", "packet é 🦀"), "{kind}");
        assert_eq!(seen[0].header(key.0), Some(key.1.as_str()));
        let body = seen[0].body.to_string();
        assert!(!body.contains("tool") && !body.contains(KEY) && body.contains("256"), "{body}");
        assert!(body.contains("additionalProperties"), "no schema: {body}");
    }
}

/// How the answer of a request is held.
fn held(request: &Request) -> String {
    let body = &request.body;
    let turns = body["messages"].as_array().map_or(0, Vec::len);
    match request.path.rsplit('/').next() {
        Some("completions") => body["response_format"]["type"].as_str().unwrap_or("none").to_owned(),
        Some("messages") if body["output_config"].is_object() => "json_schema".to_owned(),
        Some("messages") => if turns == 2 { "json_object" } else { "none" }.to_owned(),
        _ if body["generationConfig"]["responseJsonSchema"].is_object() => "json_schema".to_owned(),
        _ if body["generationConfig"]["responseMimeType"].is_string() => "json_object".to_owned(),
        _ => "none".to_owned(),
    }
}

#[test]
fn what_a_server_refuses_is_left_out_and_not_tried_again() {
    for kind in ["openai", "anthropic", "gemini"] {
        for (takes, path) in [
            ("json_object", vec!["json_schema", "json_object", "json_object"]),
            ("none", vec!["json_schema", "json_object", "none", "none"]),
        ] {
            let server = ReviewServer::start(move |request| {
                if held(request) == takes { Answer::text("{}") } else { Answer::error(400, "not supported") }
            });
            let ask = reviewer(&format!("{kind}:smol@{}", server.url()), quick()).expect(kind);
            assert!(ask.ask(&prompt("a")).is_ok() && ask.ask(&prompt("b")).is_ok());
            assert_eq!(server.requests().iter().map(held).collect::<Vec<_>>(), path, "{kind}");
        }
    }
}

#[test]
fn a_prompt_that_is_refused_does_not_weaken_the_next() {
    let server = ReviewServer::start(|request| match request.user() {
        "long" => Answer::error(400, "this model holds 4096 tokens"),
        _ => Answer::text("{}"),
    });
    let ask = openai(&server, quick());
    let why = failed(ask.ask(&prompt("long")));
    assert!(why.ends_with("answered 400 Bad Request: this model holds 4096 tokens"), "{why}");
    ask.ask(&prompt("short")).expect("a reply");
    assert_eq!(held(server.requests().last().unwrap()), "json_schema");
}

#[test]
fn the_schema_is_kept_where_the_user_says_so() {
    for (structured, first) in
        [(Structured::Schema, "json_schema"), (Structured::Json, "json_object"), (Structured::None, "none")]
    {
        let server = ReviewServer::scripted(vec![Answer::error(400, "no")]);
        failed(openai(&server, Settings { structured, ..quick() }).ask(&prompt("a")));
        assert_eq!(server.requests().iter().map(held).collect::<Vec<_>>(), [first]);
    }
}

#[test]
fn a_temperature_and_the_older_name_of_a_limit_are_left_out_where_refused() {
    let server = ReviewServer::start(|request| {
        if request.body["temperature"].is_number() {
            return Answer::error(400, "Unsupported value: 'temperature' does not support 0");
        }
        if request.body["max_tokens"].is_number() {
            return Answer::error(400, "'max_tokens' is not supported; use 'max_completion_tokens' instead");
        }
        Answer::text("{}")
    });
    let ask = openai(&server, quick());
    assert!(ask.ask(&prompt("a")).is_ok() && ask.ask(&prompt("b")).is_ok());
    let last = server.requests().pop().unwrap();
    assert_eq!((server.count(), held(&last)), (4, "json_schema".to_owned()));
    assert_eq!(last.body["max_completion_tokens"], 256);
}

#[test]
fn what_passes_is_tried_again() {
    let server = ReviewServer::scripted(vec![
        Answer::status(500),
        Answer::close(),
        Answer::status(429).header("retry-after", "0"),
        Answer::status(529),
        Answer::text("{}"),
    ]);
    let ask = openai(&server, Settings { retries: 4, ..quick() });
    assert_eq!(ask.ask(&prompt("a")).expect("a reply").text, "{}");
    assert_eq!(server.count(), 5);
}

#[test]
fn what_does_not_pass_fails_after_the_last_try() {
    for (answer, said) in [
        (Answer::status(500), "answered 500 Internal Server Error: status 500 (3 tries)"),
        (Answer::status(503), "answered 503 Service Unavailable: status 503 (3 tries)"),
        (Answer::status(429), "answered 429 Too Many Requests: status 429 (3 tries)"),
        (Answer::garbage(), "(3 tries)"),
        (Answer::close(), "(3 tries)"),
    ] {
        let server = ReviewServer::scripted(vec![answer]);
        let why = failed(openai(&server, quick()).ask(&prompt("a")));
        assert!(why.ends_with(said), "{why}");
        assert_eq!(server.count(), 3, "{why}");
    }
}

#[test]
fn a_broken_answer_fails_at_once_for_it_is_paid_for() {
    let mut deep = "[".repeat(100_000);
    deep.push('1');
    for (answer, said) in [
        (Answer::cut("{\"claims\":[]}", 20), "cut off after 20"),
        (Answer::raw(vec![b'x'; 10 << 20]), "more than 4194304 bytes"),
        (Answer::text("x".repeat(5 << 20)), "more than 4194304 bytes"),
        (
            Answer::raw(b"{\"choices\":[{\"message\":{\"content\":\"\xff\xfe\"}}]}".to_vec()),
            "no UTF-8 from byte 35",
        ),
        (Answer::raw("not json"), "no JSON"),
        (Answer::raw(""), "no JSON"),
        (Answer::raw(deep), "no JSON"),
        (Answer::raw("{}"), "holds no text"),
        (Answer::raw("[1]"), "holds no text"),
        (
            Answer::raw(
                "{\"choices\":[{\"message\":{\"content\":null,\"tool_calls\":[{}]},\"finish_reason\":\"tool_calls\"}]}",
            ),
            "holds no text (it ended with `tool_calls`)",
        ),
        (Answer::text(""), "holds no text (it ended with `stop`)"),
        (Answer::status(418), "answered 418"),
    ] {
        let server = ReviewServer::scripted(vec![answer]);
        let why = failed(openai(&server, quick()).ask(&prompt("a")));
        assert!(why.contains(said), "{said}: {why}");
        assert_eq!(server.count(), 1, "{why}");
    }
}

#[test]
fn a_server_that_hangs_or_drips_fails_in_time() {
    let settings = Settings { timeout: Duration::from_millis(300), ..quick() };
    let server = ReviewServer::scripted(vec![Answer::hang()]);
    let why = failed(openai(&server, settings.clone()).ask(&prompt("a")));
    assert!(why.ends_with("no answer in time (2 tries)"), "{why}");
    assert_eq!(server.count(), 2);
    let server = ReviewServer::scripted(vec![Answer::drip(&"x".repeat(9000), Duration::from_millis(20))]);
    let why = failed(openai(&server, settings).ask(&prompt("a")));
    assert!(why.contains("the answer was not done after 0.3 s"), "{why}");
}

#[test]
fn what_no_try_can_cure_ends_the_reviewer() {
    let quota = "{\"error\":{\"message\":\"pay first\",\"code\":\"insufficient_quota\"}}";
    let invalid =
        "{\"error\":{\"message\":\"API key not valid\",\"details\":[{\"reason\":\"API_KEY_INVALID\"}]}}";
    let with = |status: u16, body: &str| Answer::status(status).with_body(body);
    for (answer, said) in [
        (Answer::status(401), "answered 401 Unauthorized: status 401; check the key"),
        (Answer::status(403), "check the key"),
        (Answer::error(404, "no model `smol`"), "no model `smol`; check the address and the model's name"),
        (Answer::status(402), "answered 402"),
        (with(429, quota), "pay first"),
        (with(400, invalid), "check the key"),
        (Answer::status(429).header("retry-after", "3600"), "it asks to wait 3600 s"),
    ] {
        let server = ReviewServer::scripted(vec![answer, Answer::text("{}")]);
        let ask = openai(&server, quick());
        let why = hopeless(ask.ask(&prompt("a")));
        assert!(why.contains(said), "{said}: {why}");
        // Nobody asks again.
        assert_eq!(hopeless(ask.ask(&prompt("b"))), why);
        assert_eq!(server.count(), 1, "{why}");
    }
}

#[test]
fn a_server_that_is_not_there_is_hopeless() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let ask = reviewer(&format!("openai:m@http://127.0.0.1:{port}/v1"), quick()).expect("a reviewer");
    let why = hopeless(ask.ask(&prompt("a")));
    assert!(why.ends_with("is the server running? (3 tries)"), "{why}");
}

#[test]
fn no_redirect_carries_the_key_away() {
    let thief = ReviewServer::scripted(vec![Answer::text("{}")]);
    for status in [301, 302, 303, 307, 308] {
        let to = format!("{}/v1/chat/completions?key={KEY}", thief.url());
        let server = ReviewServer::scripted(vec![Answer::status(status).header("location", &to)]);
        let why = hopeless(openai(&server, quick()).ask(&prompt("a")));
        assert!(why.contains("are not followed") && why.contains(thief.address()), "{why}");
        assert!(!why.contains(KEY), "{why}");
    }
    assert_eq!(thief.count(), 0);
}

#[test]
fn the_key_is_in_no_output() {
    let leak = format!("you sent {KEY}, did you not");
    let part = format!("incorrect key {}", &KEY[4..18]);
    let mut outputs = Vec::new();
    for status in [200, 302, 400, 401, 403, 404, 418, 422, 429, 500] {
        for message in [&leak, &part] {
            for kind in ["openai", "anthropic", "gemini"] {
                let server = ReviewServer::scripted(vec![
                    Answer::error(status, message)
                        .header("location", &format!("/{KEY}"))
                        .header("retry-after", "0"),
                ]);
                let ask = reviewer(&format!("{kind}:m@{}", server.url()), quick()).expect(kind);
                let result = ask.ask(&prompt("a"));
                assert!(
                    server.requests().iter().all(|request| format!("{:?}", request.headers).contains(KEY))
                );
                outputs.push(format!("{result:?} {}", result.as_ref().expect_err("no reply")));
            }
        }
    }
    let server = ReviewServer::scripted(vec![Answer::text(&leak)]);
    let reply = openai(&server, quick()).ask(&prompt("a")).expect("a reply");
    assert_eq!(reply.text, "you sent ***, did you not");
    assert_eq!(outputs.len(), 60);
    for output in &outputs {
        assert!(!output.contains(KEY) && !output.contains(&KEY[4..18]), "{output}");
    }
}

#[test]
fn terminal_escapes_of_a_server_are_not_shown() {
    let server = ReviewServer::scripted(vec![Answer::error(401, "\u{1b}[2J\u{202e}gone\r\nnext\u{7}")]);
    let why = hopeless(openai(&server, quick()).ask(&prompt("a")));
    assert!(why.contains(": [2Jgone next;") && why.chars().all(|c| (' '..='~').contains(&c)), "{why:?}");
}

#[test]
fn one_threads_retry_after_holds_the_others() {
    let server = ReviewServer::start(|request| match request.number {
        0 => Answer::status(429).header("retry-after", "1"),
        _ => Answer::text("{}"),
    });
    let ask = openai(&server, quick());
    let began = Instant::now();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| ask.ask(&prompt("a")));
        while server.count() == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        // The refusal has to come back before the pace knows of it.
        std::thread::sleep(Duration::from_millis(200));
        let second = scope.spawn(|| ask.ask(&prompt("b")).map(|_| began.elapsed()));
        let waited = second.join().unwrap().expect("a reply");
        assert!(waited >= Duration::from_secs(1), "{waited:?}");
        first.join().unwrap().expect("a reply");
    });
    assert_eq!(server.count(), 3);
}
