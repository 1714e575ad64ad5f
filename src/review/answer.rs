//! Reads a reviewer's reply. It is hostile until shown otherwise: any bytes may stand in it.

use serde_json::{Map, Value};

use crate::json;
use crate::model::Answer;

/// Longest reply that is read, in bytes.
pub const MAX_REPLY: usize = 1 << 20;
/// Answers and behaviours that are read of one reply, each.
const MAX_ENTRIES: usize = 200;
/// Cites of one entry.
const MAX_CITES: usize = 20;

/// A cite as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawCite {
    /// `F1`, or a path.
    pub file: String,
    /// Line.
    pub line: u32,
    /// Quote.
    pub quote: String,
}

/// One entry of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `Q1`, or the sort of a behaviour.
    pub key: String,
    /// The answer; none for behaviours.
    pub answer: Option<Answer>,
    /// Why.
    pub why: String,
    /// Cites.
    pub cites: Vec<RawCite>,
}

/// A reply, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replied {
    /// Answers to questions.
    pub answers: Vec<Entry>,
    /// Behaviours.
    pub behaviours: Vec<Entry>,
    /// Entries that could not be read: why.
    pub unread: Vec<String>,
}

/// Reads the one JSON object of a reply. Text around it is passed over (models like to greet),
/// several objects are not: which of them was meant would be a guess.
///
/// # Errors
/// What is wrong with the reply as a whole.
pub fn read(text: &str) -> Result<Replied, String> {
    if text.len() > MAX_REPLY {
        return Err(format!("the answer has {} bytes, more than {MAX_REPLY}", text.len()));
    }
    let value = object(text)?;
    let mut out = Replied::default();
    let mut list = |name: &str, behaviours: bool| -> Result<Vec<Entry>, String> {
        let Some(list) = value.get(name) else {
            return if behaviours { Ok(Vec::new()) } else { Err(format!("the answer has no `{name}`")) };
        };
        let list = list.as_array().ok_or_else(|| format!("`{name}` is not a list"))?;
        if list.len() > MAX_ENTRIES {
            return Err(format!("`{name}` has {} entries, more than {MAX_ENTRIES}", list.len()));
        }
        let mut entries = Vec::new();
        for one in list {
            match entry(one, behaviours) {
                Ok(entry) => entries.push(entry),
                Err(why) => out.unread.push(format!("an entry of `{name}` {why}")),
            }
        }
        Ok(entries)
    };
    let answers = list("answers", false)?;
    let behaviours = list("behaviours", true)?;
    Ok(Replied { answers, behaviours, unread: out.unread })
}

/// The only top-level object in a text.
fn object(text: &str) -> Result<Map<String, Value>, String> {
    let start = text.find('{').ok_or("the answer holds no JSON object")?;
    let end = text.rfind('}').filter(|end| *end > start).ok_or("the answer's JSON object does not end")?;
    let text = &text[start..=end];
    let wrong = |error: &dyn std::fmt::Display| format!("the answer is not one JSON object: {error}");
    // The reader with positions limits the depth; keys that stand twice could be read two ways.
    let node = json::parse(text).map_err(|error| wrong(&error))?;
    if let Some((key, ..)) = node.duplicates().first() {
        return Err(format!("the answer has the key `{}` twice", crate::model::escape(key)));
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err("the answer is not a JSON object".to_owned()),
        Err(error) => Err(wrong(&error)),
    }
}

fn entry(value: &Value, behaviour: bool) -> Result<Entry, String> {
    let object = value.as_object().ok_or("is not an object")?;
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let key = text(if behaviour { "sort" } else { "id" }).ok_or("names nothing")?.trim().to_owned();
    let answer = match (behaviour, text("answer")) {
        (true, _) => None,
        (false, Some("yes")) => Some(Answer::Yes),
        (false, Some("no")) => Some(Answer::No),
        (false, Some("unsure")) => Some(Answer::Unsure),
        (false, _) => return Err("has an answer that is not `yes`, `no` or `unsure`".to_owned()),
    };
    let mut cites = Vec::new();
    if let Some(list) = object.get("cites").and_then(Value::as_array) {
        for cite in list.iter().take(MAX_CITES) {
            let file = cite.get("file").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
            let line = cite.get("line").and_then(Value::as_u64).and_then(|line| u32::try_from(line).ok());
            let quote = cite.get("quote").and_then(Value::as_str).unwrap_or_default().to_owned();
            cites.push(RawCite { file, line: line.unwrap_or(0), quote });
        }
    }
    Ok(Entry { key, answer, why: text("why").unwrap_or_default().to_owned(), cites })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_object_with_words_around_it_is_read_and_two_objects_are_not() {
        let one = r#"Sure! ```json
{"answers":[{"id":"Q1","answer":"no","why":"w","cites":[{"file":"F1","line":2,"quote":"x"}]}],"behaviours":[]}
```"#;
        let got = read(one).expect("read");
        assert_eq!(got.answers[0].answer, Some(Answer::No));
        assert_eq!(got.answers[0].cites[0].line, 2);
        assert!(read(&format!("{one} {one}")).is_err());
        assert!(read("approve").is_err());
        assert!(read(r#"{"answers":[],"answers":[]}"#).is_err(), "a key twice");
        assert!(read(&format!("{{\"answers\":{}", "[".repeat(100_000))).is_err());
    }

    #[test]
    fn entries_that_cannot_be_read_are_counted_and_the_rest_stays() {
        let got = read(
            r#"{"answers":[{"id":"Q1","answer":"approve"},7,{"id":"Q2","answer":"unsure"}],"behaviours":[{"why":"x"}]}"#,
        )
        .expect("read");
        assert_eq!((got.answers.len(), got.behaviours.len(), got.unread.len()), (1, 0, 3));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,80}[{}\\[\\]\":,a-z0-9]{0,120}") {
            let _ = read(&text);
        }
    }
}
