//! Reviewers' transports against a scripted server and real programs.

#[path = "../review_server/mod.rs"]
mod review_server;

mod command;
mod http;

use bomvet::review::ask::{Ask, Prompt, Reviewer, Settings, Spec, Surroundings, Trouble, open};
use serde_json::json;

/// A key that must turn up nowhere.
const KEY: &str = "sk-test-0123456789abcdefghij";

fn prompt(user: &str) -> Prompt {
    Prompt {
        system: "Say what the code does.".to_owned(),
        user: user.to_owned(),
        schema: json!({
            "type": "object", "properties": { "claims": { "type": "array" } },
            "required": ["claims"], "additionalProperties": false
        }),
        max_tokens: 256,
    }
}

/// Opens a reviewer whose pauses are short.
fn reviewer(spec: &str, settings: Settings) -> Result<Box<dyn Ask>, Trouble> {
    let spec = Spec::parse(spec).expect(spec);
    let env = |name: &str| match name {
        "PATH" => std::env::var("PATH").ok(),
        "BOMVET_REVIEWER_KEY" => Some(KEY.to_owned()),
        _ => None,
    };
    open(&Reviewer { name: "test".to_owned(), spec, settings }, Surroundings { env: &env })
}
