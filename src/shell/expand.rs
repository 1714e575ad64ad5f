//! Words to fields: variables, substitutions, splitting, braces.

use std::rc::Rc;

use super::ast::*;
use super::limits::{MAX_FIELDS, MAX_FOLDED};
use super::machine::Machine;
use super::value::{Origin, Value};
use super::word::matches;

/// Variables that every shell has and that tell nothing.
const NEUTRAL: &[&str] = &[
    "HOME",
    "PATH",
    "TMPDIR",
    "TMP",
    "TEMP",
    "SHELL",
    "IFS",
    "OSTYPE",
    "MACHTYPE",
    "PWD",
    "OLDPWD",
    "LANG",
    "LC_ALL",
    "TERM",
    "RANDOM",
    "SECONDS",
    "LINENO",
    "BASH_SOURCE",
    "BASH",
    "BASH_VERSION",
    "EDITOR",
    "UID",
    "EUID",
    "COLUMNS",
    "LINES",
    "DISPLAY",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "CI",
    "ARCH",
    "VERSION",
    "OS",
    "PREFIX",
    "DESTDIR",
    "OUT_DIR",
    "TARGET",
];

/// Variables that say who and where.
const TELLING: &[&str] = &["USER", "LOGNAME", "USERNAME", "HOSTNAME", "HOST", "COMPUTERNAME", "SUDO_USER"];

/// Whether the name of a variable says that it is secret.
pub(super) fn secret_name(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "API_KEY", "APIKEY", "ACCESS_KEY", "PRIVATE_KEY", "CREDENTIAL"]
        .iter()
        .any(|part| upper.contains(part))
        || upper.ends_with("_KEY")
        || upper.ends_with("_PAT")
        || upper == "PAT"
}

impl Machine {
    /// The fields of a word.
    pub fn expand(&mut self, word: &Word) -> Vec<Value> {
        let mut fields = vec![Value::default()];
        let mut quoted_any = false;
        let mut braces = false;
        for piece in &word.pieces {
            quoted_any |= piece.quoted;
            match &piece.part {
                Part::Text(text) => {
                    braces |= !piece.quoted && text.contains('{') && text.contains(['}', ',']);
                    if let Some(last) = fields.last_mut() {
                        last.push(&Value::known(text.as_str()));
                    }
                }
                Part::List(words) => {
                    for (at, inner) in words.iter().enumerate() {
                        for (n, value) in self.expand(inner).into_iter().enumerate() {
                            if at + n > 0 && fields.len() < MAX_FIELDS {
                                fields.push(Value::default());
                            }
                            if let Some(last) = fields.last_mut() {
                                last.push(&value);
                            }
                        }
                    }
                }
                Part::Variable { name, edit }
                    if matches!(name.as_str(), "@" | "*") && *edit == Edit::None =>
                {
                    let args = self.positional.last().cloned();
                    add_fields(&mut fields, args.unwrap_or_else(|| vec![Value::unknown("$@")]));
                }
                Part::Variable { name, edit: Edit::Item(None) } => {
                    let items = self.lists.get(name).cloned();
                    let items = items.unwrap_or_else(|| vec![self.variable(name, &Edit::None, word)]);
                    add_fields(&mut fields, items);
                }
                Part::Variable { name, edit } => {
                    let value = self.variable(name, edit, word);
                    split(&mut fields, value, piece.quoted);
                }
                Part::Command(body) => {
                    let value = self.substitution(body, word);
                    split(&mut fields, value, piece.quoted);
                }
                Part::Process { body, input } => {
                    let value = match input {
                        true => self.statements(body, &Value::default()),
                        // What the outer command writes is not known here.
                        false => self.statements(body, &Value::unknown("")),
                    };
                    if let Some(last) = fields.last_mut() {
                        let shown = Value { text: "<()".to_owned(), partly: true, ..value };
                        last.push(&shown);
                    }
                }
                Part::Arithmetic(body) => {
                    self.statements(body, &Value::default());
                    if let Some(last) = fields.last_mut() {
                        last.push(&Value::unknown("0"));
                    }
                }
            }
            let bytes: usize = fields.iter().map(|field| field.text.len()).sum();
            if bytes > MAX_FOLDED * 2 || !self.spend(bytes / 256) {
                break;
            }
        }
        if braces {
            fields = fields.into_iter().flat_map(|field| spread(field, 0)).take(MAX_FIELDS).collect();
        }
        // An unquoted word that vanishes is no field.
        if !quoted_any && !word.pieces.is_empty() {
            fields.retain(|field| !field.text.is_empty() || field.partly || !field.sources.is_empty());
        }
        fields
    }

    /// All of a word as one value.
    pub fn one(&mut self, word: &Word) -> Value {
        let mut fields = self.expand(word).into_iter();
        let mut value = fields.next().unwrap_or_default();
        for other in fields {
            value.push(&Value::known(" "));
            value.push(&other);
        }
        value
    }

    fn substitution(&mut self, body: &[Statement], word: &Word) -> Value {
        let source = Rc::clone(&self.source);
        let mut value = self.statements(body, &Value::default());
        if value.partly {
            let range = match (body.first(), body.last()) {
                (Some(first), Some(last)) => first.range.start..last.range.end,
                _ => word.range.clone(),
            };
            value.text = format!("$({})", source.get(range).unwrap_or(""));
        } else {
            value.text.truncate(value.text.trim_end_matches('\n').len());
        }
        value
    }

    fn plain(&mut self, name: &str, word: &Word) -> Value {
        if let Some(value) = self.variables.get(name) {
            return value.clone();
        }
        if let Some(first) = self.lists.get(name).and_then(|list| list.first()) {
            return first.clone();
        }
        if let Ok(n) = name.parse::<usize>() {
            let args = self.positional.last();
            let known = args.and_then(|args| n.checked_sub(1).and_then(|at| args.get(at)));
            return known.cloned().unwrap_or_else(|| match args.is_some() && n > 0 {
                true => Value::known(""),
                false => Value::unknown(format!("${name}")),
            });
        }
        if name == "IFS" {
            return Value::known(" \t\n");
        }
        let value = Value::unknown(format!("${name}"));
        let place = self.place(&word.range);
        if TELLING.contains(&name) {
            return value.with(Origin::HostInfo, place);
        }
        let shouted =
            name.len() > 1 && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        if !shouted || NEUTRAL.contains(&name) || name.ends_with("_DIR") {
            return value;
        }
        value.with(if secret_name(name) { Origin::EnvSecret } else { Origin::Env }, place)
    }

    fn variable(&mut self, name: &str, edit: &Edit, word: &Word) -> Value {
        let set = self.variables.contains_key(name) || self.lists.contains_key(name);
        let mut value = match edit {
            Edit::Item(Some(at)) => {
                let item = self.lists.get(name).map(|list| list.get(*at).cloned());
                return match item {
                    Some(item) => item.unwrap_or_default(),
                    None if *at == 0 => self.plain(name, word),
                    None => Value::unknown(format!("${{{name}[{at}]}}")),
                };
            }
            Edit::Indirect => {
                let target = self.plain(name, word);
                return match target.exact() {
                    Some(target) if target.len() < 256 => {
                        let target = target.to_owned();
                        self.plain(&target, word)
                    }
                    _ => Value { text: format!("${{!{name}}}"), partly: true, ..target },
                };
            }
            // Where nothing gave it a value, the other text is the likely one.
            Edit::Default(other) if !set => {
                let sources = self.plain(name, word).sources;
                let mut value = self.one(&other.clone());
                value.add(&sources);
                return value;
            }
            Edit::Alternative(other) => {
                let mut value = self.one(&other.clone());
                value.add(&self.plain(name, word).sources);
                return value;
            }
            _ => self.plain(name, word),
        };
        let Some(text) = value.exact().map(str::to_owned) else { return value };
        let folded = match edit {
            Edit::Length => Some(text.chars().count().to_string()),
            Edit::Slice(from, count) => Some(slice(&text, *from, *count)),
            Edit::Prefix(pattern, longest) => self.pattern(pattern).map(|p| strip(&text, &p, true, *longest)),
            Edit::Suffix(pattern, longest) => {
                self.pattern(pattern).map(|p| strip(&text, &p, false, *longest))
            }
            Edit::Replace(from, to, all) => {
                let (from, to) = (self.one(from), self.one(to));
                match (from.exact(), to.exact()) {
                    (Some(from), Some(to))
                        if !from.is_empty() && !from.contains(['*', '?', '[', '#', '%']) =>
                    {
                        Some(if *all { text.replace(from, to) } else { text.replacen(from, to, 1) })
                    }
                    (Some(""), _) => Some(text.clone()),
                    _ => None,
                }
            }
            Edit::Case(upper, all) => Some(case(&text, *upper, *all)),
            Edit::Other => None,
            _ => Some(text.clone()),
        };
        match folded {
            Some(folded) => value.text = folded,
            None => value.partly = true,
        }
        value
    }

    fn pattern(&mut self, word: &Word) -> Option<String> {
        self.one(word).exact().filter(|pattern| pattern.len() < 256).map(str::to_owned)
    }
}

fn add_fields(fields: &mut Vec<Value>, values: Vec<Value>) {
    for (at, value) in values.into_iter().enumerate() {
        if at > 0 && fields.len() < MAX_FIELDS {
            fields.push(Value::default());
        }
        if let Some(last) = fields.last_mut() {
            last.push(&value);
        }
    }
}

/// Adds a value to the last field, split at white space where it is not quoted.
fn split(fields: &mut Vec<Value>, value: Value, quoted: bool) {
    let whole = quoted || value.partly || !value.text.contains([' ', '\t', '\n']);
    if whole {
        if let Some(last) = fields.last_mut() {
            last.push(&value);
        }
        return;
    }
    let part = |text: &str| Value { text: text.to_owned(), ..value.clone() };
    let mut first = true;
    for text in value.text.split([' ', '\t', '\n']) {
        if !first && fields.len() < MAX_FIELDS && fields.last().is_some_and(|last| !last.text.is_empty()) {
            fields.push(Value::default());
        }
        first = false;
        if let (Some(last), false) = (fields.last_mut(), text.is_empty()) {
            last.push(&part(text));
        }
    }
}

/// `a{b,c}d` as `abd acd`.
fn spread(field: Value, depth: u8) -> Vec<Value> {
    let text = field.text.as_str();
    let found = text.find('{').filter(|_| depth < 4).and_then(|open| {
        let (mut level, mut commas) = (0_u32, Vec::new());
        for (at, c) in text[open..].char_indices() {
            match c {
                '{' => level += 1,
                ',' if level == 1 => commas.push(open + at),
                '}' => {
                    level -= 1;
                    if level == 0 {
                        let dollar = open > 0 && text.as_bytes()[open - 1] == b'$';
                        return (!commas.is_empty() && !dollar).then_some((open, commas, open + at));
                    }
                }
                _ => {}
            }
        }
        None
    });
    let Some((open, commas, close)) = found else { return vec![field] };
    let mut starts = vec![open + 1];
    starts.extend(commas.iter().map(|at| at + 1));
    let mut ends = commas;
    ends.push(close);
    let items: Vec<String> = starts
        .into_iter()
        .zip(ends)
        .take(MAX_FIELDS)
        .map(|(from, to)| format!("{}{}{}", &text[..open], &text[from..to], &text[close + 1..]))
        .collect();
    items
        .into_iter()
        .flat_map(|text| spread(Value { text, ..field.clone() }, depth + 1))
        .take(MAX_FIELDS)
        .collect()
}

fn slice(text: &str, from: i64, count: Option<i64>) -> String {
    let len = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let clip = |at: i64| usize::try_from(at.clamp(0, len)).unwrap_or(0);
    let start = if from < 0 { clip(len.saturating_add(from)) } else { clip(from) };
    let end = match count {
        None => clip(len),
        Some(count) if count < 0 => clip(len.saturating_add(count)),
        Some(count) => clip(i64::try_from(start).unwrap_or(0).saturating_add(count)),
    };
    text.chars().skip(start).take(end.saturating_sub(start)).collect()
}

/// Longest text whose starts or ends are tried one by one.
const MAX_STRIPPED: usize = 4096;

/// Takes the shortest or longest start or end off that matches.
fn strip(text: &str, pattern: &str, start: bool, longest: bool) -> String {
    if text.len() > MAX_STRIPPED {
        return text.to_owned();
    }
    let mut cuts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    // From the shortest part to the longest, or the other way round.
    if start == longest {
        cuts.reverse();
    }
    for cut in cuts {
        let (part, rest) = if start { (&text[..cut], &text[cut..]) } else { (&text[cut..], &text[..cut]) };
        if matches(pattern, part) {
            return rest.to_owned();
        }
    }
    text.to_owned()
}

fn case(text: &str, upper: bool, all: bool) -> String {
    let change = |text: &str| if upper { text.to_uppercase() } else { text.to_lowercase() };
    if all {
        return change(text);
    }
    let first = text.chars().next().map_or(0, char::len_utf8);
    format!("{}{}", change(&text[..first]), &text[first..])
}
