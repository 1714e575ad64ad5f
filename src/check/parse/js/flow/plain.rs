//! Variables that are checked to hold a name and nothing else: such a text is no code, wherever it
//! is put.

use std::collections::HashSet;

use oxc_ast::ast::*;
use oxc_ast_visit::{VisitJs, walk_js};
use oxc_semantic::Scoping;
use oxc_syntax::operator::UnaryOperator;

use super::super::bind;

/// The variables after `if (!/^[\w$]+$/.test(name)) return …` or `throw`. Those that are given a
/// value more than once are left out.
pub fn names(program: &Program<'_>, scoping: &Scoping) -> HashSet<u32> {
    if memchr::memmem::find(program.source_text.as_bytes(), b".test(").is_none() {
        return HashSet::new();
    }
    let mut finder = Finder { scoping, found: HashSet::new() };
    finder.visit_program(program);
    finder.found
}

struct Finder<'s> {
    scoping: &'s Scoping,
    found: HashSet<u32>,
}

/// Whether an expression admits letters, digits, `_` and `$` only.
fn admits_names_only(pattern: &str) -> bool {
    let Some(mut rest) = pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix('$')) else {
        return false;
    };
    if rest.is_empty() {
        return false;
    }
    while !rest.is_empty() {
        let Some((class, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
            let Some(after) = rest.strip_prefix("\\w").or_else(|| rest.strip_prefix("\\d")) else {
                return false;
            };
            rest = after.trim_start_matches(['*', '+', '?']);
            continue;
        };
        let class = class
            .replace("a-z", "")
            .replace("A-Z", "")
            .replace("0-9", "")
            .replace("\\w", "")
            .replace("\\d", "")
            .replace("\\$", "$");
        if class.bytes().any(|b| !(b.is_ascii_alphanumeric() || b == b'_' || b == b'$')) {
            return false;
        }
        rest = after.trim_start_matches(['*', '+', '?']);
    }
    true
}

/// Whether the code after a statement is not reached from it.
pub fn leaves(statement: &Statement<'_>) -> bool {
    match statement {
        Statement::ReturnStatement(_) | Statement::ThrowStatement(_) => true,
        // `process.exit(1)`, with nothing after it.
        Statement::ExpressionStatement(it) => match &it.expression {
            Expression::CallExpression(call) => {
                call.callee.get_inner_expression().as_member_expression().is_some_and(|it| {
                    it.static_property_name() == Some("exit") && it.object().is_specific_id("process")
                })
            }
            _ => false,
        },
        Statement::BlockStatement(block) => block.body.last().is_some_and(leaves),
        _ => false,
    }
}

impl<'a> VisitJs<'a> for Finder<'_> {
    fn visit_if_statement(&mut self, it: &IfStatement<'a>) {
        if let Expression::UnaryExpression(not) = it.test.get_inner_expression()
            && not.operator == UnaryOperator::LogicalNot
            && let Expression::CallExpression(call) = not.argument.get_inner_expression()
            && let Expression::StaticMemberExpression(member) = call.callee.get_inner_expression()
            && member.property.name == "test"
            && let Expression::RegExpLiteral(regexp) = member.object.get_inner_expression()
            && let [Argument::Identifier(name)] = call.arguments.as_slice()
            && regexp.regex.flags.is_empty()
            && admits_names_only(regexp.regex.pattern.text.as_str())
            && leaves(&it.consequent)
            && let Some(symbol) = bind::symbol(self.scoping, name)
            && !self.scoping.symbol_is_mutated(symbol)
        {
            self.found.insert(symbol.index() as u32);
        }
        walk_js::walk_if_statement(self, it);
    }
}

#[cfg(test)]
mod tests {
    use super::admits_names_only;

    #[test]
    fn expressions_for_names() {
        for pattern in ["^[_$a-zA-Z][_$a-zA-Z0-9]*$", r"^\w+$", r"^[\w$]+$"] {
            assert!(admits_names_only(pattern), "{pattern}");
        }
        for pattern in ["^.*$", "[a-z]+", r"^[^\w]+$", r"^[\w(]+$", "^$", r"^\w+$|x", "^[!-z]$"] {
            assert!(!admits_names_only(pattern), "{pattern}");
        }
    }
}
