//! Reviewers that lie, obey what they read, or fail.

use bomvet::review::ask::{Ask, Prompt, Reply, Trouble};
use serde_json::{Value, json};

/// How a reviewer answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Reads well, reports planted lines, and clears everything else: the worst that there is.
    Perfect,
    /// Says yes to everything, cites real lines, reports nothing.
    Approves,
    /// Cites lines that do not exist.
    InventsLines,
    /// Quotes what the lines do not say.
    Misquotes,
    /// Answers with what the package tells it to answer.
    Obeys,
    /// Text that is no answer.
    Garbage,
    /// Half an answer.
    Half,
    /// Ten megabytes.
    Huge,
    /// Another answer each time.
    Fickle,
    /// Reports every line.
    Alarms,
    /// Fails.
    Fails,
    /// Fails for good.
    Hopeless,
}

pub const ALL: [Manner; 12] = [
    Manner::Perfect,
    Manner::Approves,
    Manner::InventsLines,
    Manner::Misquotes,
    Manner::Obeys,
    Manner::Garbage,
    Manner::Half,
    Manner::Huge,
    Manner::Fickle,
    Manner::Alarms,
    Manner::Fails,
    Manner::Hopeless,
];

/// A question as the packet has it.
struct Question {
    id: String,
    text: String,
    /// File and line.
    places: Vec<(String, u32)>,
}

/// The packet, taken apart as a model would.
struct Read {
    questions: Vec<Question>,
    /// File, line, text.
    lines: Vec<(String, u32, String)>,
}

fn read(prompt: &str) -> Read {
    let mut out = Read { questions: Vec::new(), lines: Vec::new() };
    let begin =
        prompt.lines().position(|line| line.len() == 30 && line.ends_with(" begin")).expect("a fence");
    let all: Vec<&str> = prompt.lines().collect();
    let boundary = all[begin].trim_end_matches(" begin");
    for line in &all[..begin] {
        let Some((id, rest)) = line.split_once(". ") else { continue };
        if !id.starts_with('Q') || id[1..].parse::<u32>().is_err() {
            continue;
        }
        let (text, places) = rest.rsplit_once(" (F").unwrap_or((rest, ""));
        let places = format!("F{places}");
        let places = places.trim_end_matches(')').split(", ");
        let places = places
            .filter_map(|place| {
                let (file, line) = place.split_once(" line ")?;
                Some((file.to_owned(), line.parse().ok()?))
            })
            .collect();
        out.questions.push(Question { id: id.to_owned(), text: text.to_owned(), places });
    }
    let mut file = String::new();
    for line in &all[begin + 1..] {
        if *line == format!("{boundary} end") {
            break;
        }
        if let Some(rest) = line.strip_prefix("file ") {
            file = rest.split(' ').next().unwrap_or_default().to_owned();
        } else if let Some((number, text)) = line.split_once("| ")
            && let Ok(number) = number.trim().parse()
        {
            out.lines.push((file.clone(), number, text.to_owned()));
        }
    }
    out
}

fn cite(read: &Read, at: Option<&(String, u32)>) -> Value {
    let has = |(_, _, text): &&(String, u32, String)| text.trim().len() >= 8;
    let exact = at.and_then(|(file, line)| read.lines.iter().find(|l| l.0 == *file && l.1 == *line));
    let near = at.and_then(|(file, line)| {
        read.lines.iter().filter(has).filter(|l| l.0 == *file).min_by_key(|l| l.1.abs_diff(*line))
    });
    let line = exact.filter(has).or(near).or_else(|| read.lines.iter().find(has)).or(read.lines.first());
    let (file, number, text) = line.cloned().unwrap_or_default();
    json!([{"file": file, "line": number, "quote": text}])
}

/// Says `yes` to everything and is right about questions that can be looked up.
fn honest_looking(read: &Read, report: impl Fn(&str) -> bool) -> Value {
    let answers: Vec<Value> = read
        .questions
        .iter()
        .map(|question| {
            let word = question.text.strip_prefix("Does this line hold the word `").and_then(|t| t.split('`').next());
            let yes = word.is_none_or(|word| {
                let (file, line) = &question.places[0];
                read.lines.iter().any(|l| l.0 == *file && l.1 == *line && l.2.contains(word))
            });
            json!({"id": question.id, "answer": if yes { "yes" } else { "no" }, "why": "fine", "cites": cite(read, question.places.first())})
        })
        .collect();
    let behaviours: Vec<Value> = read
        .lines
        .iter()
        .filter(|(_, _, text)| report(text))
        .map(|(file, line, text)| {
            json!({"sort": "exfiltration", "why": "bad", "cites": [{"file": file, "line": line, "quote": text}]})
        })
        .collect();
    json!({"answers": answers, "behaviours": behaviours})
}

/// Words of planted lines; packages of the tests hold none of them.
fn planted(text: &str) -> bool {
    const NOUNS: [&str; 6] = ["state", "options", "cache", "session", "index", "table"];
    NOUNS.iter().any(|noun| {
        text.split_once(&format!("-{noun}.invalid")).is_some_and(|(before, _)| {
            let hex = before.len() >= 5 && before.is_char_boundary(before.len() - 5);
            hex && before[before.len() - 5..].bytes().all(|b| b.is_ascii_hexdigit())
        })
    })
}

pub struct Liar {
    pub manner: Manner,
    pub asked: std::sync::atomic::AtomicUsize,
}

impl Liar {
    pub fn new(manner: Manner) -> Self {
        Self { manner, asked: 0.into() }
    }
}

impl Ask for Liar {
    fn ask(&self, prompt: &Prompt) -> Result<Reply, Trouble> {
        let turn = self.asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let read = read(&prompt.user);
        let text = match self.manner {
            Manner::Perfect => honest_looking(&read, planted).to_string(),
            Manner::Approves => honest_looking(&read, |_| false).to_string(),
            Manner::Alarms => honest_looking(&read, |text| text.trim().len() >= 8).to_string(),
            Manner::InventsLines => {
                let mut value = honest_looking(&read, planted);
                for answer in value["answers"].as_array_mut().expect("answers") {
                    answer["cites"][0]["line"] = json!(99_999);
                }
                value.to_string()
            }
            Manner::Misquotes => {
                let mut value = honest_looking(&read, planted);
                for answer in value["answers"].as_array_mut().expect("answers") {
                    answer["cites"][0]["quote"] = json!("return nothing_of_interest;");
                }
                value.to_string()
            }
            Manner::Obeys => {
                // Takes over any JSON that the package offers, else approves.
                let offered = read.lines.iter().find_map(|(_, _, text)| {
                    let (start, end) = (text.find('{')?, text.rfind('}')?);
                    serde_json::from_str::<Value>(text.get(start..=end)?).ok()
                });
                offered.unwrap_or_else(|| honest_looking(&read, |_| false)).to_string()
            }
            Manner::Garbage => "approve approve approve {{{".to_owned(),
            Manner::Half => {
                let text = honest_looking(&read, planted).to_string();
                text.chars().take(text.chars().count() / 2).collect()
            }
            Manner::Huge => format!("{}{}", honest_looking(&read, planted), " ".repeat(10 << 20)),
            Manner::Fickle => {
                let mut value = honest_looking(&read, planted);
                for answer in value["answers"].as_array_mut().expect("answers") {
                    answer["answer"] = json!(["yes", "unsure", "no"][turn % 3]);
                }
                value.to_string()
            }
            Manner::Fails => return Err(Trouble::Failed("the server answered 500".to_owned())),
            Manner::Hopeless => return Err(Trouble::Hopeless("the server refuses the key".to_owned())),
        };
        Ok(Reply { text, tokens_in: Some(100), tokens_out: Some(10) })
    }
}
