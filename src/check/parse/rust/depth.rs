//! How deep a recursive parser would go, from the tokens alone.
//!
//! A parser goes one step deeper at most for each token since the last point at which it had to
//! come back: a `,` or `;`, or the end of a block that ends a statement. Summed over the groups
//! that are open, that bounds the recursion whatever the construct: brackets, `!!!!x`, `a+a+a`,
//! `.a().a()`, `if … else if …`, `Vec<Vec<…`, `|x| |x| …`. What real code reaches is far below
//! [`LIMIT`] (a test says how far).

use super::lex::{Kind, Token};
use super::words as w;

/// Most steps that the parser is trusted with. It needs less than 16 KB of stack for each, even
/// unoptimised, and threads that parse have 256 MB.
pub const LIMIT: u64 = 12_000;
/// Steps that a thread with the standard stack of 2 MB is trusted with.
pub const SHALLOW: u64 = 100;

/// A group counts for this many steps: its expression is entered through each level of precedence.
const GROUP: u64 = 4;
/// So does a generic argument list.
const ANGLE: u64 = 4;

#[derive(Debug, Default, Clone, Copy)]
struct Level {
    /// Steps of the groups around.
    outside: u64,
    /// Steps since the parser last had to come back.
    here: u64,
    /// `<` without their `>`.
    angles: u64,
    /// Between the `|` of a closure, where a comma ends nothing.
    pipes: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Depth {
    stack: Vec<Level>,
    level: Level,
    most: u64,
    after_block: bool,
    previous_word: u32,
}

impl Depth {
    /// The most steps so far.
    pub fn most(&self) -> u64 {
        self.most
    }

    /// Counts one token; `word` are its flags, `previous` the token before it.
    pub fn token(&mut self, token: Token, word: u32, previous: Option<Token>) {
        if self.after_block {
            self.after_block = false;
            let starts = match token.kind {
                Kind::Ident => word & w::CONTINUES == 0,
                Kind::Lifetime | Kind::Close => true,
                Kind::Punct => token.first == b'#',
                _ => false,
            };
            if starts {
                self.level.here = 0;
                self.level.angles = 0;
            }
        }
        self.level.here += 1;
        match token.kind {
            Kind::Open => {
                let outside = self.level.outside + self.level.here + GROUP;
                self.stack.push(self.level);
                self.level = Level { outside, ..Level::default() };
            }
            Kind::Close => {
                self.level = self.stack.pop().unwrap_or_default();
                self.after_block = token.first == b'}';
            }
            Kind::Punct => self.punct(token, previous),
            _ => {}
        }
        self.previous_word = word;
        let now = self.level.outside + self.level.here;
        if now > self.most {
            self.most = now;
        }
    }

    fn punct(&mut self, token: Token, previous: Option<Token>) {
        match token.first {
            b';' => {
                self.level.here = self.level.angles * ANGLE;
                self.level.pipes = false;
                if self.stack.is_empty() || self.level.angles < 64 {
                    // A shift or comparison, not a list of generic arguments.
                    self.level.here = 0;
                    self.level.angles = 0;
                }
            }
            b',' if !self.level.pipes => self.level.here = self.level.angles * ANGLE,
            b'<' => self.level.angles += 1,
            b'>' => {
                let arrow = previous.is_some_and(|previous| {
                    previous.end == token.start && matches!(previous.first, b'-' | b'=')
                });
                if arrow {
                    self.level.pipes = false;
                } else {
                    self.level.angles = self.level.angles.saturating_sub(1);
                }
            }
            b'|' => {
                let operand = previous.is_some_and(|previous| match previous.kind {
                    Kind::Ident => self.previous_word & w::PREFIX == 0,
                    Kind::Punct | Kind::Open | Kind::PathSep => false,
                    _ => true,
                });
                if self.level.pipes {
                    self.level.pipes = false;
                } else if !operand {
                    self.level.pipes = true;
                }
            }
            _ => {}
        }
    }
}
