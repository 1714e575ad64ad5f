//! The grammar's nodes to statements and words.

use std::ops::Range;
use std::rc::Rc;

use tree_sitter::Node;

use super::ast::*;
use super::limits::MAX_NESTING;
use super::word::{self, double_quoted};

pub(super) struct Lower<'t> {
    pub text: &'t str,
    pub script: Script,
    pub depth: usize,
}

impl<'t> Lower<'t> {
    pub fn text(&self, range: Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or_default()
    }

    pub fn of(&self, node: Node<'_>) -> &'t str {
        self.text(node.byte_range())
    }

    /// The statements among a node's children.
    pub fn children(&mut self, node: Node<'_>) -> Vec<Statement> {
        let mut cursor = node.walk();
        let nodes: Vec<_> = node.named_children(&mut cursor).collect();
        nodes.into_iter().filter_map(|child| self.statement(child)).collect()
    }

    fn statement(&mut self, node: Node<'_>) -> Option<Statement> {
        if self.depth >= MAX_NESTING {
            self.script.too_deep = true;
            return None;
        }
        self.depth += 1;
        let kind = self.kind(node);
        self.depth -= 1;
        Some(Statement { kind: kind?, range: node.byte_range() })
    }

    fn kind(&mut self, node: Node<'_>) -> Option<Kind> {
        Some(match node.kind() {
            "comment" | "heredoc_body" | "heredoc_end" | "heredoc_start" => return None,
            "command" => Kind::Command(self.command(node)),
            "redirected_statement" => self.redirected(node)?,
            "variable_assignment" | "variable_assignments" => {
                let mut command = Command::default();
                self.assignments(node, &mut command);
                Kind::Command(command)
            }
            "declaration_command" => Kind::Command(self.declaration(node)),
            "unset_command" => {
                let mut cursor = node.walk();
                Kind::Unset(node.named_children(&mut cursor).map(|name| self.of(name).to_owned()).collect())
            }
            "subshell" => Kind::Subshell(self.children(node)),
            "pipeline" => Kind::Pipeline(self.children(node)),
            "if_statement" | "case_statement" => self.branches(node),
            "for_statement" | "while_statement" | "c_style_for_statement" => self.repeated(node),
            "function_definition" => {
                let name = node.child_by_field_name("name").map(|name| self.of(name).to_owned())?;
                let body = node.child_by_field_name("body")?;
                let body = self.statement(body).into_iter().collect();
                Kind::Function { name, body: Rc::new(body) }
            }
            "ERROR" | "list" | "negated_command" | "compound_statement" | "do_group" | "program" => {
                Kind::Sequence(self.children(node))
            }
            // Words that stand alone within an error, tests, arithmetic.
            _ => Kind::Test(self.words_in(node)),
        })
    }

    /// The outermost words within a test.
    fn words_in(&mut self, node: Node<'_>) -> Vec<Word> {
        match node.kind() {
            "test_command"
            | "binary_expression"
            | "unary_expression"
            | "parenthesized_expression"
            | "postfix_expression"
            | "ternary_expression"
            | "redirected_statement"
                if self.depth < MAX_NESTING =>
            {
                self.depth += 1;
                let mut cursor = node.walk();
                let nodes: Vec<_> = node.named_children(&mut cursor).collect();
                let words = nodes.into_iter().flat_map(|child| self.words_in(child)).collect();
                self.depth -= 1;
                words
            }
            "test_operator" | "comment" | "file_redirect" => Vec::new(),
            _ => vec![self.word(node)],
        }
    }

    fn command(&mut self, node: Node<'_>) -> Command {
        let mut command = Command::default();
        let mut cursor = node.walk();
        let nodes: Vec<_> = node.children(&mut cursor).collect();
        for child in nodes {
            match child.kind() {
                "variable_assignment" => self.assignments(child, &mut command),
                "command_name" => match child.named_child(0) {
                    Some(name) => command.words.push(self.word(name)),
                    None => command.words.push(self.word(child)),
                },
                "file_redirect" | "herestring_redirect" => self.redirect(child, &mut command),
                "subshell" | "comment" => {}
                _ if child.is_named() && !child.is_error() => command.words.push(self.word(child)),
                _ => {}
            }
        }
        command
    }

    fn declaration(&mut self, node: Node<'_>) -> Command {
        let mut command = Command::default();
        let mut cursor = node.walk();
        let nodes: Vec<_> = node.children(&mut cursor).collect();
        let mut others = Vec::new();
        for (at, child) in nodes.into_iter().enumerate() {
            match child.kind() {
                "variable_assignment" => self.assignments(child, &mut command),
                _ if at == 0 || (child.is_named() && !child.is_error()) => others.push(self.word(child)),
                _ => {}
            }
        }
        // `export -p` is a command; `export A=1 B` only assigns.
        let flags = others.iter().skip(1).any(|word| self.text(word.range.clone()).starts_with('-'));
        if flags || command.assignments.is_empty() {
            command.words = others;
        }
        command
    }

    fn assignments(&mut self, node: Node<'_>, command: &mut Command) {
        if node.kind() == "variable_assignments" {
            let mut cursor = node.walk();
            let nodes: Vec<_> = node.named_children(&mut cursor).collect();
            nodes.into_iter().for_each(|child| self.assignments(child, command));
            return;
        }
        let Some(target) = node.child_by_field_name("name") else { return };
        let (name, index) = match target.child_by_field_name("name") {
            Some(name) => {
                let index = target.child_by_field_name("index");
                (self.of(name), index.map(|index| self.of(index).to_owned()))
            }
            None => (self.of(target), None),
        };
        let append = self.text(target.end_byte()..node.end_byte()).starts_with("+=");
        let value = node.child_by_field_name("value").map(|value| self.word(value)).unwrap_or_default();
        command.assignments.push(Assignment { name: name.to_owned(), index, append, value });
    }

    fn branches(&mut self, node: Node<'_>) -> Kind {
        let (mut first, mut arms, mut whole) = (Vec::new(), vec![Vec::new()], false);
        if node.kind() == "case_statement" {
            arms.clear();
            if let Some(value) = node.child_by_field_name("value") {
                let word = self.word(value);
                first.push(Statement { range: word.range.clone(), kind: Kind::Test(vec![word]) });
            }
        }
        let mut cursor = node.walk();
        let children: Vec<_> = node.children(&mut cursor).collect();
        let mut in_condition = node.kind() == "if_statement";
        for child in children {
            match child.kind() {
                "then" => in_condition = false,
                "elif_clause" => {
                    let mut arm = Vec::new();
                    let mut cursor = child.walk();
                    let parts: Vec<_> = child.children(&mut cursor).collect();
                    let mut condition = true;
                    for part in parts {
                        if part.kind() == "then" {
                            condition = false;
                        } else if part.is_named()
                            && let Some(statement) = self.statement(part)
                        {
                            if condition { first.push(statement) } else { arm.push(statement) }
                        }
                    }
                    arms.push(arm);
                }
                "else_clause" => {
                    whole = true;
                    let arm = self.children(child);
                    arms.push(arm);
                }
                "case_item" => {
                    let mut arm = Vec::new();
                    let mut cursor = child.walk();
                    let values: Vec<_> = child.children_by_field_name("value", &mut cursor).collect();
                    whole |= values.iter().any(|value| self.of(*value) == "*");
                    let mut cursor = child.walk();
                    let parts: Vec<_> = child.named_children(&mut cursor).collect();
                    for part in parts.into_iter().filter(|part| !values.contains(part)) {
                        arm.extend(self.statement(part));
                    }
                    arms.push(arm);
                }
                _ if child.is_named() && node.kind() == "if_statement" => {
                    let Some(statement) = self.statement(child) else { continue };
                    if in_condition {
                        first.push(statement);
                    } else if let Some(arm) = arms.first_mut() {
                        arm.push(statement);
                    }
                }
                _ => {}
            }
        }
        Kind::Branches { first, arms, whole }
    }

    fn repeated(&mut self, node: Node<'_>) -> Kind {
        let over = node.child_by_field_name("variable").map(|variable| {
            let mut cursor = node.walk();
            let values: Vec<_> = node.children_by_field_name("value", &mut cursor).collect();
            let words = values.into_iter().map(|value| self.word(value)).collect();
            (self.of(variable).to_owned(), words)
        });
        let mut condition = Vec::new();
        for field in ["initializer", "condition", "update"] {
            let mut cursor = node.walk();
            let nodes: Vec<_> = node.children_by_field_name(field, &mut cursor).collect();
            for child in nodes.into_iter().filter(Node::is_named) {
                condition.extend(self.statement(child));
            }
        }
        let body = node.child_by_field_name("body").map(|body| self.children(body)).unwrap_or_default();
        Kind::Loop { over, condition, body }
    }

    fn redirected(&mut self, node: Node<'_>) -> Option<Kind> {
        let body = node.child_by_field_name("body").and_then(|body| self.statement(body));
        let mut parts = Command::default();
        let mut after = (Vec::new(), Vec::new());
        let mut cursor = node.walk();
        let nodes: Vec<_> = node.named_children(&mut cursor).collect();
        for child in nodes {
            match child.kind() {
                "file_redirect" | "herestring_redirect" => self.redirect(child, &mut parts),
                "heredoc_redirect" => self.document(child, &mut parts, &mut after),
                _ => {}
            }
        }
        let range = node.byte_range();
        let (words, redirects) = (parts.words, parts.redirects);
        let inner = match body {
            Some(body) => {
                let list = node.child_by_field_name("body").is_some_and(|body| body.kind() == "list");
                attach(body, list, words, redirects)
            }
            None => Statement {
                kind: Kind::Command(Command { words, redirects, ..Command::default() }),
                range: range.clone(),
            },
        };
        let (piped, rest) = after;
        let inner = if piped.is_empty() {
            inner
        } else {
            let stages = std::iter::once(inner).chain(piped).collect();
            Statement { kind: Kind::Pipeline(stages), range: range.clone() }
        };
        if rest.is_empty() {
            return Some(inner.kind);
        }
        Some(Kind::Sequence(std::iter::once(inner).chain(rest).collect()))
    }

    /// A here-document with what stands after its start on the same line: further words and
    /// redirections, stages of a pipeline, other statements.
    fn document(
        &mut self,
        node: Node<'_>,
        command: &mut Command,
        after: &mut (Vec<Statement>, Vec<Statement>),
    ) {
        let start = node.child_by_field_name("argument").filter(|_| false).or_else(|| {
            let mut cursor = node.walk();
            node.named_children(&mut cursor).find(|child| child.kind() == "heredoc_start")
        });
        let raw = start.is_some_and(|start| self.of(start).contains(['\'', '"', '\\']));
        let tabs = self.of(node).trim_start_matches(|c: char| c.is_ascii_digit()).starts_with("<<-");
        let mut cursor = node.walk();
        let fields: Vec<_> = node.children(&mut cursor).collect();
        let mut descriptor = None;
        for (at, child) in fields.into_iter().enumerate() {
            let field = node.field_name_for_child(u32::try_from(at).unwrap_or(u32::MAX));
            match (child.kind(), field) {
                ("file_descriptor", _) => descriptor = self.of(child).parse().ok(),
                ("heredoc_body", _) => {
                    let mut target = if raw {
                        Word {
                            pieces: vec![Piece { part: Part::Text(self.of(child).to_owned()), quoted: true }],
                            range: child.byte_range(),
                        }
                    } else {
                        self.gaps(child, child.byte_range(), true, double_quoted)
                    };
                    if tabs {
                        word::without_tabs(&mut target);
                    }
                    let direction = Direction::Document;
                    command.redirects.push(Redirect { descriptor, direction, target, all: false });
                }
                ("file_redirect" | "herestring_redirect", _) => self.redirect(child, command),
                ("pipeline", None) => after.0.extend(self.children(child)),
                (_, Some("argument")) => command.words.push(self.word(child)),
                (_, Some("right")) => after.1.extend(self.statement(child)),
                _ => {}
            }
        }
    }

    /// A redirection. The grammar takes words that follow for further targets; they are arguments.
    pub fn redirect(&mut self, node: Node<'_>, command: &mut Command) {
        let mut cursor = node.walk();
        let nodes: Vec<_> = node.children(&mut cursor).collect();
        let (mut descriptor, mut operator, mut target) = (None, "", None);
        for child in nodes {
            if child.kind() == "file_descriptor" {
                descriptor = self.of(child).parse().ok();
            } else if child.is_error() {
                if self.of(child).starts_with('>') {
                    operator = "<>";
                }
            } else if !child.is_named() {
                operator = if self.of(child).is_empty() { operator } else { self.of(child) };
            } else if target.is_none() {
                target = Some(self.word(child));
            } else {
                command.words.push(self.word(child));
            }
        }
        if self
            .text(node.start_byte()..node.end_byte())
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .starts_with("<>")
        {
            operator = "<>";
        }
        let target = target.unwrap_or_default();
        let number = self.text(target.range.clone()).trim_end_matches('-').parse::<u32>().is_ok()
            || matches!(self.text(target.range.clone()), "-" | "");
        let (direction, all) = match operator {
            "<" => (Direction::In, false),
            ">>" => (Direction::Append, false),
            "&>>" => (Direction::Append, true),
            "&>" => (Direction::Out, true),
            ">&" | "<&" if number => (Direction::Duplicate, false),
            ">&" => (Direction::Out, true),
            "<&" => (Direction::In, false),
            ">&-" | "<&-" => (Direction::Duplicate, false),
            "<<<" => (Direction::Text, false),
            "<>" => (Direction::Both, false),
            _ => (Direction::Out, false),
        };
        command.redirects.push(Redirect { descriptor, direction, target, all });
    }
}

/// Gives further words and redirections to the command that they belong to: the last of a pipeline
/// or list.
fn attach(mut body: Statement, list: bool, words: Vec<Word>, redirects: Vec<Redirect>) -> Statement {
    match &mut body.kind {
        Kind::Command(command) => {
            command.words.extend(words);
            command.redirects.extend(redirects);
            body
        }
        Kind::Pipeline(parts) => {
            if let Some(last) = parts.pop() {
                parts.push(attach(last, false, words, redirects));
            }
            body
        }
        // `a && b > x`: the grammar gives the redirection to all of the list.
        Kind::Sequence(parts) if list => {
            if let Some(last) = parts.pop() {
                // Lists within lists stand at the start; the last part is none.
                parts.push(attach(last, false, words, redirects));
            }
            body
        }
        _ => {
            let range = body.range.clone();
            Statement { kind: Kind::Redirected(Box::new(body), redirects), range }
        }
    }
}
