//! HTML within Markdown: comments, what a page shows, and attributes that are read.

use std::ops::Range;

use super::markdown::BlockKind;

/// Attributes whose value people (and agents) read.
const READ: [&str; 5] = ["alt=", "title=", "content=", "aria-label=", "data-"];

/// The parts of an HTML text: insides of comments, text between tags, values of attributes.
pub(super) fn split(text: &str) -> Vec<(BlockKind, Range<usize>)> {
    let mut out = Vec::new();
    let mut push = |kind: BlockKind, range: Range<usize>| {
        if text.get(range.clone()).is_some_and(|part| !part.trim().is_empty()) {
            out.push((kind, range));
        }
    };
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("<!--") {
            let len = rest.get(4..).and_then(|rest| rest.find("-->")).map_or(rest.len(), |end| end + 7);
            let close = if rest[..len].ends_with("-->") && len >= 7 { len - 3 } else { len };
            push(BlockKind::Comment, at + 4..at + close);
            at += len;
        } else if rest.starts_with('<') {
            let len = rest.find('>').map_or(rest.len(), |end| end + 1);
            let tag = &rest[..len];
            for name in READ {
                for (found, _) in tag.match_indices(name) {
                    if let Some(value) = attribute(tag, found) {
                        push(BlockKind::Html, at + value.start..at + value.end);
                    }
                }
            }
            at += len;
        } else {
            let len = rest.find('<').unwrap_or(rest.len());
            push(BlockKind::Html, at..at + len);
            at += len;
        }
    }
    out.sort_by_key(|(_, range)| range.start);
    out
}

/// The quoted value of the attribute that starts at `at`.
fn attribute(tag: &str, at: usize) -> Option<Range<usize>> {
    let equals = at + tag.get(at..)?.find('=')? + 1;
    let quote = tag.get(equals..)?.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let len = tag.get(equals + 1..)?.find(quote)?;
    Some(equals + 1..equals + 1 + len)
}

/// The inside of a comment, if a piece of HTML is one.
pub(super) fn comment(html: &str) -> Option<Range<usize>> {
    let rest = html.strip_prefix("<!--")?;
    let len = rest.trim_end().strip_suffix("-->").map_or(rest.len(), str::len);
    Some(4..4 + len)
}
