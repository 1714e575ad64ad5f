//! The front matter of a Markdown file, as far as resolving needs it: scalar fields by name.

use std::collections::BTreeMap;

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its text, quotes removed.
    pub value: String,
    /// 1-based line in the file.
    pub line: u32,
}

/// Scalar fields; those below `metadata:` are found under their own name where the top has none.
pub type Front = BTreeMap<String, Field>;

/// Longest front matter that is read, in lines; what follows is text like any.
const MAX_LINES: usize = 2000;

/// Reads the front matter between the two `---` lines at the start, if there is one.
pub fn front(text: &str) -> Front {
    let mut fields = Front::new();
    let mut nested = Front::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().enumerate().take(MAX_LINES);
    if lines.next().is_none_or(|(_, line)| line.trim_end() != "---") {
        return fields;
    }
    let mut metadata = false;
    for (at, line) in lines {
        if matches!(line.trim_end(), "---" | "...") {
            break;
        }
        let indented = line.starts_with([' ', '\t']);
        let Some((key, value)) = line.split_once(':') else { continue };
        let key = key.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
        if !indented {
            metadata = key == "metadata";
        }
        let value = unquote(value.trim());
        if value.is_empty() || (indented && !metadata) {
            continue;
        }
        let into = if indented { &mut nested } else { &mut fields };
        into.entry(key).or_insert(Field { value: value.to_owned(), line: at as u32 + 1 });
    }
    for (key, field) in nested {
        fields.entry(key).or_insert(field);
    }
    fields
}

fn unquote(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner;
        }
    }
    value.split(" #").next().unwrap_or(value).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_top_and_of_metadata() {
        let fields =
            front("---\nname: \"a b\" \nmetadata:\n  version: 1.2 # new\n  name: no\n---\nname: x\n");
        assert_eq!(fields["name"], Field { value: "a b".to_owned(), line: 2 });
        assert_eq!(fields["version"], Field { value: "1.2".to_owned(), line: 4 });
        assert!(front("# name: x").is_empty() && front("").is_empty());
    }
}
