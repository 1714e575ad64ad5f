//! The hook's entry in a settings file of Claude Code, added and taken out; all else stays.

use serde_json::{Value, json};

/// Whether a hook is the guard's.
fn is_own(hook: &Value) -> bool {
    hook["command"].as_str().is_some_and(|text| text.contains("bomvet") && text.contains(" guard hook"))
}

/// Takes the guard's entries out of `hooks.PreToolUse`.
fn remove(settings: &mut Value) {
    let Some(list) = settings.pointer_mut("/hooks/PreToolUse").and_then(Value::as_array_mut) else { return };
    for entry in list.iter_mut() {
        if let Some(hooks) = entry.get_mut("hooks").and_then(Value::as_array_mut) {
            hooks.retain(|hook| !is_own(hook));
        }
    }
    list.retain(|entry| entry["hooks"].as_array().is_none_or(|hooks| !hooks.is_empty()));
}

/// The file's text with the hook `command` in it, or, for `None`, without. `text` is empty where
/// there is no file.
///
/// # Errors
/// Where the file is not JSON of the expected form; nothing is guessed.
pub fn with_hook(text: &str, command: Option<&str>) -> Result<String, String> {
    let mut settings: Value = match text.trim() {
        "" => json!({}),
        text => serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?,
    };
    if !settings.is_object() {
        return Err("it is not a JSON object".to_owned());
    }
    remove(&mut settings);
    if let Some(command) = command {
        if settings["hooks"].is_null() {
            settings["hooks"] = json!({});
        }
        let hooks = settings["hooks"].as_object_mut().ok_or("`hooks` is not an object")?;
        let list = hooks.entry("PreToolUse").or_insert_with(|| json!([]));
        let list = list.as_array_mut().ok_or("`hooks.PreToolUse` is not a list")?;
        list.push(json!({
            "matcher": "Bash",
            "hooks": [{"type": "command", "command": command, "timeout": super::judge::SECONDS + 30}],
        }));
    }
    serde_json::to_string_pretty(&settings).map(|text| text + "\n").map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_stays_and_an_entry_is_never_twice() {
        let old = r#"{"model":"x","hooks":{"PreToolUse":[{"matcher":"Bash","hooks":[{"type":"command","command":"mine"}]}],"Stop":[]}}"#;
        let once = with_hook(old, Some("'/b/bomvet' guard hook")).expect("merged");
        let twice = with_hook(&once, Some("'/b/bomvet' guard hook")).expect("merged");
        assert_eq!(once, twice);
        assert!(once.contains("mine") && once.contains("\"model\": \"x\"") && once.contains("guard hook"));
        let gone = with_hook(&once, None).expect("taken out");
        let (a, b): (Value, Value) =
            (serde_json::from_str(&gone).expect("JSON"), serde_json::from_str(old).expect("JSON"));
        assert_eq!(a, b);
        for wrong in ["[", "[]", "{\"hooks\":1}", "{\"hooks\":{\"PreToolUse\":{}}}"] {
            assert!(with_hook(wrong, Some("bomvet guard hook")).is_err(), "{wrong}");
        }
        assert!(with_hook("", Some("bomvet guard hook")).expect("made").contains("PreToolUse"));
    }
}
