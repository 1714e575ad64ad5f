//! Shapes and guards.
use oxc_ast::ast::Program;
use super::{emit::Unit, resolve::Resolver};
use crate::model::Fact;
/// Finds shapes.
pub fn run<'a>(_unit: &Unit<'_, '_, '_>, _resolver: &Resolver<'a, '_>, _program: &'a Program<'a>, _facts: &mut Vec<Fact>) {}
