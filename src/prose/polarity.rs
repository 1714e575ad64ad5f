//! What the structure of a document says of how its sentences are meant: quotations, headings,
//! the line that leads a list, the head of a table's column.

use super::clause::Reading;
use super::fold::Folded;
use super::frame::Setting;
use super::markdown::{Block, BlockKind, Document, Piece, PieceKind};
use super::sentence::Origin;

/// Longest text that leads a list, in bytes.
const LEAD: usize = 400;

/// A block's setting, for each block of a document.
pub fn settings(document: &Document, source: &str, test: bool) -> Vec<Setting> {
    let headings: Vec<Setting> = document.headings.iter().map(|heading| of_title(&heading.text)).collect();
    let mut lead = Setting::default();
    let mut lead_lists = 0;
    let mut columns: Vec<(u32, u16, Setting)> = Vec::new();
    let mut out = Vec::with_capacity(document.blocks.len());
    for block in &document.blocks {
        let mut setting = Setting { test, ..Setting::default() };
        let mut at = block.heading;
        let mut nearest = true;
        while let Some(heading) = at {
            if let Some(title) = headings.get(heading) {
                setting = join(setting, *title, nearest);
            }
            nearest = false;
            at = document.headings.get(heading).and_then(|heading| heading.parent);
        }
        match &block.kind {
            BlockKind::Cell { head, column, table, .. } => {
                if *head {
                    columns.push((*table, *column, of_title(&block.text(source))));
                } else if let Some((_, _, title)) =
                    columns.iter().rev().find(|(t, c, _)| (t, c) == (table, column))
                {
                    setting = join(setting, *title, true);
                }
            }
            BlockKind::Heading(_) => lead = Setting::default(),
            BlockKind::Paragraph | BlockKind::Html => {
                if block.lists > lead_lists {
                    setting = join(setting, lead, true);
                } else {
                    (lead, lead_lists) = (of_lead(&without_code(block, source)), block.lists);
                }
            }
            BlockKind::Code { .. } => {
                setting = join(setting, lead, true);
                setting.quoted = true;
            }
            BlockKind::Comment | BlockKind::Definition => {}
        }
        setting.quoted |= block.quotes > block.callouts && !is_label(block);
        out.push(setting);
    }
    out
}

/// The setting of a sentence that stands in no block.
pub fn setting_of(origin: &Origin, test: bool) -> Setting {
    Setting {
        test,
        whole: matches!(origin, Origin::Front(_) | Origin::Described | Origin::Offered | Origin::Alt),
        ..Setting::default()
    }
}

fn join(mut setting: Setting, over: Setting, nearest: bool) -> Setting {
    setting.warned |= over.warned;
    setting.test |= over.test;
    // A heading over a whole chapter makes no sentence an example or a prohibition.
    setting.example |= over.example && nearest;
    setting.shown |= over.shown && nearest;
    setting.negated |= over.negated && nearest;
    setting
}

/// What a heading says of what stands under it.
fn of_title(title: &str) -> Setting {
    let mut folded = Folded::default();
    folded.push(title, 0, false);
    let reading = Reading::new(&folded.text, &[]);
    let all = 0..folded.text.len();
    let text = folded.text.trim();
    let negated = [
        "never",
        "do not",
        "don't",
        "don'ts",
        "what not to do",
        "avoid",
        "forbidden",
        "prohibited",
        "not allowed",
    ]
    .iter()
    .any(|start| text.starts_with(start) || text.ends_with(start));
    Setting {
        warned: reading.any(&["head.warn"], &all),
        test: reading.any(&["head.test"], &all),
        example: reading.any(&["head.example"], &all),
        shown: ["output", "response", "result"]
            .iter()
            .any(|end| text.trim_end_matches(['s', ':']).ends_with(end)),
        negated,
        ..Setting::default()
    }
}

/// A block's text with its code spans as one letter each: what they say is not said of the list.
fn without_code(block: &Block, source: &str) -> String {
    let text = |piece: &Piece| match piece.kind {
        PieceKind::Code => "x".to_owned(),
        _ => piece.text(source).to_owned(),
    };
    block.pieces.iter().map(text).collect()
}

/// What a line that ends in a colon says of the list after it.
fn of_lead(text: &str) -> Setting {
    let text = text.trim_end();
    let Some(body) = text.strip_suffix([':', '：']).filter(|body| body.len() < LEAD) else {
        return Setting::default();
    };
    let last = body.rsplit(['!', '?', '。', '\n']).next().unwrap_or(body).rsplit(". ").next().unwrap_or(body);
    let mut folded = Folded::default();
    folded.push(last, 0, false);
    let reading = Reading::new(&folded.text, &[]);
    let all = 0..folded.text.len();
    // "Never" with a verb of its own ("never stop until you:") forbids that, not the list.
    let negated = reading.find(&["word.neg"], &all).any(|neg| {
        let (before, after) = (folded.text.get(..neg.range.start), folded.text.get(neg.range.end..));
        let opens = before.is_some_and(|text| {
            let text = text.trim_start();
            let case = ["if", "on ", "where ", "in case"].iter().any(|word| text.starts_with(word));
            text.trim().len() < 16 && !case && !text.contains("when")
        });
        opens
            && after.is_some_and(|text| {
                // "Never put this into a file:" speaks of what stands below.
                let below = ["this", "these", "the following", "such"]
                    .iter()
                    .any(|word| text.split(' ').any(|part| part == *word) || text.contains("the following"));
                text.trim().len() < 24 || (below && text.len() < 80 && !text.contains("until"))
            })
            && !matches!(
                folded.text.get(neg.range.clone()),
                Some(
                    "no" | "cannot"
                        | "can't"
                        | "without"
                        | "won't"
                        | "will not"
                        | "instead of"
                        | "rather than"
                        | "isn't"
                        | "aren't"
                        | "nobody"
                )
            )
    });
    Setting {
        warned: reading.any(&["word.warn", "who.attacker"], &all),
        example: reading.any(&["word.example", "word.says"], &all)
            || folded.text.trim_end().ends_with("example"),
        negated,
        shown: [
            "output",
            "response",
            "result",
            "returns",
            "prints",
            "looks like",
            "you see",
            "you will see",
            "should see",
        ]
        .iter()
        .any(|end| folded.text.trim_end().trim_end_matches('s').ends_with(end.trim_end_matches('s'))),
        ..Setting::default()
    }
}

/// Whether a quotation starts with a label in bold (`> **Note**: …`): a box, not someone's words.
fn is_label(block: &Block) -> bool {
    block.pieces.first().is_some_and(|piece| piece.strong && piece.range.len() < 120)
}
