//! Reviewers: a spec, the user's file, an answer of each protocol. All from the same bytes.

use bomvet::review::ask::protocol::{refusal, reply};
use bomvet::review::ask::{Api, Spec, file};

/// A spec that is read is written such that it reads as the same; errors name a place within the file.
pub fn reviewers(data: &[u8]) -> bool {
    let text = String::from_utf8_lossy(data);
    let mut taken = false;
    for line in text.lines() {
        match Spec::parse(line) {
            Ok(spec) => {
                taken = true;
                assert_eq!(Spec::parse(&spec.to_string()).as_ref(), Ok(&spec), "{spec}");
            }
            Err(error) => {
                assert!(!error.to_string().chars().any(|c| c.is_control() && c != '\n'), "{error:?}")
            }
        }
    }
    let got = file::read("reviewers.toml", &text);
    assert_eq!(got, file::read("reviewers.toml", &text), "two readings differ");
    match got {
        Ok(reviewers) => {
            assert!(reviewers.windows(2).all(|pair| pair[0].name < pair[1].name));
            for reviewer in &reviewers {
                taken = true;
                let settings = &reviewer.settings;
                assert!(settings.concurrency > 0 && !settings.timeout.is_zero() && settings.processes > 0);
                assert!(settings.read.iter().all(|path| path.is_absolute()));
            }
        }
        Err(error) => {
            let line = text.split('\n').nth(error.line as usize - 1).expect("a line of the file");
            assert!(error.column as usize <= line.chars().count() + 1, "{error:?}");
        }
    }
    for api in [Api::OpenAi, Api::Anthropic, Api::Gemini] {
        for begun in [false, true] {
            let got = reply(api, data, begun);
            assert_eq!(got, reply(api, data, begun), "two readings differ");
            taken |= got.is_ok();
        }
    }
    assert!(refusal(data).is_none_or(|told| !told.chars().any(char::is_control)));
    taken
}

pub fn reviewers_seeds() -> Vec<Vec<u8>> {
    [
        "openai:smol@http://127.0.0.1:8080/v1\nanthropic:a-1\ngemini:g@https://h.invalid/v1beta\n",
        "command:/opt/ask --model '/opt/a b' \"c\\\"d\" e\\ f\nopenai:meta/llama@3:free@https://h.invalid/api/v1\n",
        "[first]\nspec = \"openai:smol@http://127.0.0.1:8080/v1\"\nprice-in = 0.25\nprice-out = 2\nconcurrency = 2\nrequests-per-minute = 30\ntokens-per-minute = 100000\ntimeout = 60\nretries = 1\nkey-command = [\"pass\", \"show\"]\ncontext = 32768\nmax-answer = 900\ntemperature = 0.5\nstructured = \"json\"\nallow-http = true\n",
        "[é]\nspec = \"command:/opt/ask\"\nkey-env = \"K\"\nunsandboxed = true\ninput = \"text\"\nread = [\"/opt/models\"]\nmemory = 1073741824\nprocesses = 8\n",
        r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"{\"claims\":[]}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":12,"completion_tokens":5}}"#,
        r#"{"type":"message","role":"assistant","content":[{"type":"text","text":"{\"claims\":[]}"}],"stop_reason":"end_turn","usage":{"input_tokens":12,"output_tokens":5}}"#,
        r#"{"candidates":[{"content":{"parts":[{"text":"{\"claims\":[]}"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":5}}"#,
        r#"{"error":{"message":"no such\nmodel","type":"invalid_request_error"}}"#,
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}
