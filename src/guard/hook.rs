//! The protocol of Claude Code's hooks (<https://code.claude.com/docs/en/hooks>), event `PreToolUse`:
//! JSON on standard input, a decision as JSON on standard output. Silence lets the call go its way.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::Ruling;

/// Largest input, in bytes; a tool call that writes a file holds the file.
pub const MAX_INPUT: u64 = 32 << 20;

/// A command that is about to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The command line.
    pub command: String,
    /// Where it is run.
    pub cwd: PathBuf,
}

/// Reads a hook's input; `None` where the tool runs no command line.
///
/// # Errors
/// Where it is not the JSON of a `PreToolUse` hook.
pub fn read(input: &[u8]) -> Result<Option<Call>, String> {
    let value: Value =
        serde_json::from_slice(input).map_err(|error| format!("the hook's input is not JSON: {error}"))?;
    let tool = value["tool_name"].as_str().ok_or("the hook's input has no `tool_name`")?;
    let command = &value["tool_input"]["command"];
    let Some(command) = command.as_str() else {
        // A tool that is known to run commands must say which.
        return if tool == "Bash" || !command.is_null() {
            Err("the hook's input has no text at `tool_input.command`".to_owned())
        } else {
            Ok(None)
        };
    };
    let cwd = value["cwd"].as_str().map_or_else(|| PathBuf::from("."), PathBuf::from);
    Ok(Some(Call { command: command.to_owned(), cwd }))
}

/// The answer to print; `None` where there is nothing to say.
pub fn answer(ruling: &Ruling) -> Option<String> {
    let (decision, why) = match ruling {
        Ruling::Nothing | Ruling::Approved => return None,
        Ruling::Denied(why) => ("deny", why),
        Ruling::Unclear(why) => ("ask", why),
    };
    let output = json!({
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": decision,
            "permissionDecisionReason": why,
        }
    });
    Some(output.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_and_other_tools_pass() {
        let call =
            read(br#"{"tool_name":"Bash","tool_input":{"command":"npm i x"},"cwd":"/w"}"#).expect("read");
        assert_eq!(call, Some(Call { command: "npm i x".to_owned(), cwd: "/w".into() }));
        assert_eq!(read(br#"{"tool_name":"Read","tool_input":{"file_path":"a"}}"#), Ok(None));
        for wrong in
            ["", "[]", "{}", r#"{"tool_name":"Bash"}"#, r#"{"tool_name":"X","tool_input":{"command":1}}"#]
        {
            assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_denial_has_the_documented_form() {
        let text = answer(&Ruling::Denied("no".to_owned())).expect("an answer");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["hookSpecificOutput"]["permissionDecision"], "deny");
        assert_eq!(value["hookSpecificOutput"]["permissionDecisionReason"], "no");
        assert_eq!(answer(&Ruling::Approved), None);
    }
}
