//! The grammar's nodes to words.

use std::ops::Range;

use tree_sitter::Node;

use super::ast::*;
use super::limits::MAX_NESTING;
use super::lower::Lower;
use super::word::{self, ansi, double_quoted, unescape};

impl Lower<'_> {
    /// The word that a node is.
    pub fn word(&mut self, node: Node<'_>) -> Word {
        if self.depth >= MAX_NESTING {
            self.script.too_deep = true;
            return Word { pieces: Vec::new(), range: node.byte_range() };
        }
        self.depth += 1;
        let pieces = self.pieces(node);
        self.depth -= 1;
        Word { pieces, range: node.byte_range() }
    }

    fn pieces(&mut self, node: Node<'_>) -> Vec<Piece> {
        let text = self.of(node);
        let one = |part, quoted| vec![Piece { part, quoted }];
        match node.kind() {
            "raw_string" => {
                let inner = text.strip_prefix('\'').unwrap_or(text);
                one(Part::Text(inner.strip_suffix('\'').unwrap_or(inner).to_owned()), true)
            }
            "ansi_c_string" => one(Part::Text(ansi(text)), true),
            "translated_string" => match node.named_child(0) {
                Some(string) => self.word(string).pieces,
                None => Vec::new(),
            },
            "string" => {
                let range =
                    node.start_byte() + 1..node.end_byte().saturating_sub(1).max(node.start_byte() + 1);
                let mut pieces = self.gaps(node, range, true, double_quoted).pieces;
                if pieces.is_empty() {
                    pieces = one(Part::Text(String::new()), true);
                }
                pieces
            }
            "concatenation" | "command_name" => {
                let range = node.byte_range();
                self.gaps(node, range, false, unescape).pieces
            }
            "simple_expansion" => {
                let name = text.strip_prefix('$').unwrap_or(text).to_owned();
                one(Part::Variable { name, edit: Edit::None }, false)
            }
            "expansion" => self.expansion(node),
            "command_substitution" => one(Part::Command(self.substitution(node)), false),
            "process_substitution" => {
                let input = text.starts_with('<');
                one(Part::Process { body: self.children(node), input }, true)
            }
            "arithmetic_expansion" => {
                let mut inner = Vec::new();
                self.substitutions_in(node, &mut inner);
                one(Part::Arithmetic(inner), true)
            }
            "array" => {
                let mut cursor = node.walk();
                let nodes: Vec<_> = node.named_children(&mut cursor).collect();
                let items = nodes.into_iter().filter(|item| item.kind() != "comment");
                one(Part::List(items.map(|item| self.word(item)).collect()), false)
            }
            "number" if node.named_child_count() == 0 => one(Part::Text(text.to_owned()), false),
            _ if node.named_child_count() == 0 => one(Part::Text(unescape(text)), false),
            _ => {
                let range = node.byte_range();
                self.gaps(node, range, false, unescape).pieces
            }
        }
    }

    fn substitution(&mut self, node: Node<'_>) -> Vec<Statement> {
        let mut body = self.children(node);
        // `$(< file)`
        if let Some(redirect) = node.child_by_field_name("redirect") {
            let mut command = Command::default();
            self.redirect(redirect, &mut command);
            body.retain(|statement| !matches!(statement.kind, Kind::Test(_)));
            body.push(Statement { kind: Kind::Command(command), range: redirect.byte_range() });
        }
        body
    }

    fn substitutions_in(&mut self, node: Node<'_>, out: &mut Vec<Statement>) {
        if self.depth >= MAX_NESTING {
            self.script.too_deep = true;
            return;
        }
        self.depth += 1;
        let mut cursor = node.walk();
        let nodes: Vec<_> = node.named_children(&mut cursor).collect();
        for child in nodes {
            if child.kind() == "command_substitution" {
                out.extend(self.substitution(child));
            } else {
                self.substitutions_in(child, out);
            }
        }
        self.depth -= 1;
    }

    /// The pieces of a node whose text between its children counts: strings, concatenations.
    pub fn gaps(
        &mut self,
        node: Node<'_>,
        range: Range<usize>,
        quoted: bool,
        read: impl Fn(&str) -> String,
    ) -> Word {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut push = |part: Part, quoted: bool| match (pieces.last_mut(), part) {
            (Some(Piece { part: Part::Text(before), quoted: was }), Part::Text(text)) if *was == quoted => {
                before.push_str(&text);
            }
            (_, Part::Text(text)) if text.is_empty() => {}
            (_, part) => pieces.push(Piece { part, quoted }),
        };
        let mut at = range.start;
        let mut cursor = node.walk();
        let nodes: Vec<_> = node.named_children(&mut cursor).collect();
        for child in nodes {
            // Plain text is read with the gaps around it.
            if matches!(child.kind(), "string_content" | "heredoc_content" | "word" | "comment" | "number")
                && child.named_child_count() == 0
                || child.is_error()
                || child.start_byte() < at
            {
                continue;
            }
            push(Part::Text(read(self.text(at..child.start_byte()))), quoted);
            at = child.end_byte();
            for piece in self.word(child).pieces {
                push(piece.part, quoted || piece.quoted);
            }
        }
        push(Part::Text(read(self.text(at..range.end.max(at)))), quoted);
        Word { pieces, range }
    }

    /// `${…}`.
    fn expansion(&mut self, node: Node<'_>) -> Vec<Piece> {
        let text = self.of(node);
        let inner = text.strip_prefix("${").and_then(|text| text.strip_suffix('}')).unwrap_or("");
        let mut cursor = node.walk();
        let nodes: Vec<_> = node.named_children(&mut cursor).collect();
        // What stands after the name, with its own substitutions.
        let mut rest = Word { pieces: Vec::new(), range: node.byte_range() };
        for child in nodes.into_iter().skip(1) {
            rest.pieces.extend(self.word(child).pieces);
        }
        let (name, edit) = word::edit(inner, rest);
        vec![Piece { part: Part::Variable { name, edit }, quoted: false }]
    }
}
