//! Text to [`Script`], over tree-sitter's grammar for bash.
//!
//! The grammar reads what POSIX shells, bash, ksh and most of zsh have in common. Where it fails
//! on constructs that are valid (`<>`, `for x do`), the text is given to it once more with
//! those written otherwise, byte for byte at the same place. What it still cannot read is kept
//! as an error with its place; commands that it recognised within are kept too.

use std::ops::{ControlFlow, Range};
use std::rc::Rc;
use std::sync::LazyLock;

use regex::Regex;
use tree_sitter::{Node, ParseOptions, ParseState, Parser, Tree};

use super::ast::*;
use super::limits::{MAX_NESTING, MAX_TEXT, PARSE_STEPS, PARSE_STEPS_LEAST};
use super::word::{self, ansi, double_quoted, unescape};

/// Parses a script. A text that is too long or costs the parser too much has one error over all
/// of it and no statements.
pub fn parse(text: &str) -> Script {
    let whole = || Script { errors: std::iter::once(0..text.len()).collect(), ..Script::default() };
    if text.len() > MAX_TEXT {
        return whole();
    }
    let Some(mut tree) = tree(text) else { return whole() };
    if tree.root_node().has_error()
        && let Some(other) = rewrite(text)
        && let Some(again) = self::tree(&other)
        && errors(&again).len() < errors(&tree).len()
    {
        tree = again;
    }
    let mut lower = Lower { text, script: Script::default(), depth: 0 };
    let body = lower.children(tree.root_node());
    let mut script = lower.script;
    script.body = body;
    script.errors = errors(&tree);
    script
}

fn tree(text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_bash::LANGUAGE.into()).ok()?;
    let bytes = text.as_bytes();
    let mut left = PARSE_STEPS_LEAST + text.len() * PARSE_STEPS / 100;
    let mut count = |_: &ParseState| {
        left = left.saturating_sub(1);
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut count);
    parser.parse_with_options(&mut |at, _| bytes.get(at..).unwrap_or_default(), None, Some(options))
}

/// The text with constructs that the grammar does not know written as ones that it knows, as
/// long as before.
fn rewrite(text: &str) -> Option<String> {
    static FOR: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?m)\b(for[ \t]+\w+)[ \t]([ \t]*do\b)").expect("constant"));
    static OPEN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"<>").expect("constant"));
    static HOME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"= ~ ").expect("constant"));
    let out = FOR.replace_all(text, "$1;$2");
    let out = OPEN.replace_all(&out, "> ");
    let out = HOME.replace_all(&out, "= . ");
    (out != text && out.len() == text.len()).then(|| out.into_owned())
}

/// The outermost nodes that are errors, and what the parser made up.
fn errors(tree: &Tree) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let wrong = node.is_error() || node.is_missing();
        if wrong {
            out.push(node.byte_range());
        }
        if !wrong && node.has_error() && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return out;
            }
        }
    }
}

struct Lower<'t> {
    text: &'t str,
    script: Script,
    depth: usize,
}

impl<'t> Lower<'t> {
    fn text(&self, range: Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or_default()
    }

    fn of(&self, node: Node<'_>) -> &'t str {
        self.text(node.byte_range())
    }

    /// The statements among a node's children.
    fn children(&mut self, node: Node<'_>) -> Vec<Statement> {
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
            Some(body) => attach(body, words, redirects),
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
                        self.gaps(child, child.byte_range(), true, |text| double_quoted(text))
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
    fn redirect(&mut self, node: Node<'_>, command: &mut Command) {
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

    /// The word that a node is.
    fn word(&mut self, node: Node<'_>) -> Word {
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
                let mut pieces = self.gaps(node, range, true, |text| double_quoted(text)).pieces;
                if pieces.is_empty() {
                    pieces = one(Part::Text(String::new()), true);
                }
                pieces
            }
            "concatenation" | "command_name" => {
                let range = node.byte_range();
                self.gaps(node, range, false, |text| unescape(text)).pieces
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
                self.gaps(node, range, false, |text| unescape(text)).pieces
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
    fn gaps(
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

/// Gives further words and redirections to the command that they belong to: the last of a pipeline
/// or list.
fn attach(mut body: Statement, words: Vec<Word>, redirects: Vec<Redirect>) -> Statement {
    match &mut body.kind {
        Kind::Command(command) => {
            command.words.extend(words);
            command.redirects.extend(redirects);
            body
        }
        Kind::Pipeline(stages) => {
            if let Some(last) = stages.pop() {
                stages.push(attach(last, words, redirects));
            }
            body
        }
        _ => {
            let range = body.range.clone();
            Statement { kind: Kind::Redirected(Box::new(body), redirects), range }
        }
    }
}
