//! The three protocols: what is sent, and what an answer's body says. Text in, text out; no
//! network here. No request offers a tool.

use serde_json::{Value, json};

use super::spec::Api;
use super::{Prompt, Reply};

/// What a server takes; it is found out by asking and then remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// How the answer is held to the schema.
    pub hold: Hold,
    /// Whether a temperature is sent.
    pub temperature: bool,
    /// Whether OpenAI's newer name of the limit is used, `max_completion_tokens`.
    pub completion_tokens: bool,
}

/// How an answer is held to a form, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hold {
    /// To the schema.
    Schema,
    /// To JSON: `json_object` (OpenAI), an answer begun with `{` (Anthropic), a MIME type (Gemini).
    Json,
    /// To nothing.
    Nothing,
}

impl Form {
    /// What to try after a 400 whose body is `refusal`; `None` if nothing is left to leave out.
    /// `fall` says whether the hold may become weaker.
    pub fn weaker(self, refusal: &[u8], fall: bool) -> Option<Self> {
        let refusal: Value = serde_json::from_slice(refusal).unwrap_or(Value::Null);
        let param = refusal["error"]["param"].as_str().unwrap_or("");
        let message = message(&refusal).unwrap_or_default();
        let names = |name: &str| param == name || (param.is_empty() && message.contains(name));
        if self.temperature && names("temperature") {
            return Some(Self { temperature: false, ..self });
        }
        if !self.completion_tokens && (param == "max_tokens" || message.contains("max_completion_tokens")) {
            return Some(Self { completion_tokens: true, ..self });
        }
        match self.hold {
            _ if !fall => None,
            Hold::Schema => Some(Self { hold: Hold::Json, ..self }),
            Hold::Json => Some(Self { hold: Hold::Nothing, ..self }),
            Hold::Nothing => None,
        }
    }
}

/// Where the request goes, below the base address.
pub fn path(api: Api, model: &str) -> String {
    match api {
        Api::OpenAi => "chat/completions".to_owned(),
        Api::Anthropic => "messages".to_owned(),
        Api::Gemini => format!("models/{model}:generateContent"),
    }
}

/// What is sent.
pub fn body(api: Api, model: &str, prompt: &Prompt, max_tokens: u32, temperature: f64, form: Form) -> Value {
    let mut body = match api {
        Api::OpenAi => json!({
            "model": model,
            "stream": false,
            "messages": [
                { "role": "system", "content": prompt.system },
                { "role": "user", "content": prompt.user },
            ],
        }),
        Api::Anthropic => json!({
            "model": model,
            "stream": false,
            "system": prompt.system,
            "messages": [{ "role": "user", "content": prompt.user }],
            "max_tokens": max_tokens,
        }),
        Api::Gemini => json!({
            "systemInstruction": { "parts": [{ "text": prompt.system }] },
            "contents": [{ "role": "user", "parts": [{ "text": prompt.user }] }],
            "generationConfig": { "maxOutputTokens": max_tokens },
        }),
    };
    if api == Api::OpenAi {
        let name = if form.completion_tokens { "max_completion_tokens" } else { "max_tokens" };
        body[name] = max_tokens.into();
    }
    if form.temperature {
        // 0 and not 0.0: some servers read an integer only.
        let value = if temperature == 0.0 { json!(0) } else { json!(temperature) };
        match api {
            Api::Gemini => body["generationConfig"]["temperature"] = value,
            Api::OpenAi | Api::Anthropic => body["temperature"] = value,
        }
    }
    match (api, form.hold) {
        (_, Hold::Nothing) => {}
        (Api::OpenAi, Hold::Schema) => {
            let schema = json!({ "name": "review", "strict": true, "schema": prompt.schema });
            body["response_format"] = json!({ "type": "json_schema", "json_schema": schema });
        }
        // llama.cpp and what is built on it take a schema here too; others pass over it.
        (Api::OpenAi, Hold::Json) => {
            body["response_format"] = json!({ "type": "json_object", "schema": prompt.schema });
        }
        (Api::Anthropic, Hold::Schema) => {
            body["output_config"] = json!({ "format": { "type": "json_schema", "schema": prompt.schema } });
        }
        (Api::Anthropic, Hold::Json) => {
            if let Some(turns) = body["messages"].as_array_mut() {
                turns.push(json!({ "role": "assistant", "content": "{" }));
            }
        }
        (Api::Gemini, hold) => {
            body["generationConfig"]["responseMimeType"] = "application/json".into();
            if hold == Hold::Schema {
                // `responseSchema` takes OpenAPI's subset; this one takes JSON Schema itself.
                body["generationConfig"]["responseJsonSchema"] = prompt.schema.clone();
            }
        }
    }
    body
}

/// Reads an answer. `begun` says that the answer's first `{` was sent along.
///
/// # Errors
/// Why it holds no text.
pub fn reply(api: Api, body: &[u8], begun: bool) -> Result<Reply, String> {
    let body = std::str::from_utf8(body)
        .map_err(|error| format!("the answer is no UTF-8 from byte {}", error.valid_up_to()))?;
    let value: Value =
        serde_json::from_str(body).map_err(|error| format!("the answer is no JSON ({error})"))?;
    let (text, stopped, usage) = match api {
        Api::OpenAi => {
            let choice = &value["choices"][0];
            let content = &choice["message"]["content"];
            let text = content
                .as_str()
                .map(str::to_owned)
                .or_else(|| pieces(content, |part| part["type"] == "text"));
            let refused = choice["message"]["refusal"].as_str().map(|_| "refusal");
            (
                text,
                refused.or_else(|| choice["finish_reason"].as_str()),
                ("prompt_tokens", "completion_tokens"),
            )
        }
        Api::Anthropic => {
            let text = pieces(&value["content"], |part| part["type"] == "text");
            (text, value["stop_reason"].as_str(), ("input_tokens", "output_tokens"))
        }
        Api::Gemini => {
            let candidate = &value["candidates"][0];
            let text = pieces(&candidate["content"]["parts"], |part| part["thought"] != true);
            let blocked = value["promptFeedback"]["blockReason"].as_str();
            (
                text,
                blocked.or_else(|| candidate["finishReason"].as_str()),
                ("promptTokenCount", "candidatesTokenCount"),
            )
        }
    };
    let mut text = text.filter(|text| !text.is_empty()).ok_or_else(|| {
        let stopped = stopped.map(plain).filter(|why| !why.is_empty());
        format!(
            "the answer holds no text{}",
            stopped.map(|why| format!(" (it ended with `{why}`)")).unwrap_or_default()
        )
    })?;
    if begun && !text.trim_start().starts_with('{') {
        text.insert(0, '{');
    }
    let counts = &value[if api == Api::Gemini { "usageMetadata" } else { "usage" }];
    let sum = |names: &[&str]| {
        let first = counts[names[0]].as_u64()?;
        Some(names[1..].iter().filter_map(|name| counts[name].as_u64()).fold(first, u64::saturating_add))
    };
    Ok(Reply {
        text,
        tokens_in: sum(&[usage.0, "cache_creation_input_tokens", "cache_read_input_tokens"]),
        tokens_out: sum(&[usage.1, "thoughtsTokenCount"]),
    })
}

fn pieces(list: &Value, is_text: impl Fn(&Value) -> bool) -> Option<String> {
    let parts = list.as_array()?.iter().filter(|part| is_text(part));
    Some(parts.filter_map(|part| part["text"].as_str()).collect())
}

/// What a refusal says, for a person to read: one line of plain characters.
pub fn refusal(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let text = plain(&message(&value)?);
    (!text.is_empty()).then_some(text)
}

fn message(value: &Value) -> Option<String> {
    let error = value.get("error").or_else(|| value.get(0).and_then(|first| first.get("error")))?;
    let text = error.as_str().or_else(|| error["message"].as_str()).or_else(|| value["message"].as_str())?;
    Some(text.to_owned())
}

/// Printable ASCII only, and not much of it: it comes from a stranger and goes to a terminal.
fn plain(text: &str) -> String {
    let kept: String =
        text.chars().map(|c| if c == '\n' { ' ' } else { c }).filter(|c| matches!(c, ' '..='~')).collect();
    let mut kept = kept.trim().to_owned();
    if kept.len() > super::limits::MESSAGE_CHARS {
        kept.truncate(super::limits::MESSAGE_CHARS);
        kept.push_str("...");
    }
    kept
}
