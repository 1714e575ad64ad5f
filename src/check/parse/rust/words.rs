//! The words that the lexer pass looks for, and a set that says "no" in one or two loads.

use crate::check::parse::harm;

/// First part of a path that the table knows (`libc`, `fs` of `std::fs`).
pub const ROOT: u32 = 1;
/// Name of a foreign function that does more than being foreign (`execve`).
pub const FOREIGN_NAME: u32 = 1 << 1;
/// `use`
pub const USE: u32 = 1 << 2;
/// `extern`
pub const EXTERN: u32 = 1 << 3;
/// `unsafe`
pub const UNSAFE: u32 = 1 << 4;
/// `mod`
pub const MOD: u32 = 1 << 5;
/// `pub`
pub const PUB: u32 = 1 << 6;
/// `fn`
pub const FN: u32 = 1 << 7;
/// Other words that start an item.
pub const ITEM: u32 = 1 << 8;
/// `asm`, `global_asm`, `naked_asm`, `llvm_asm`
pub const ASM: u32 = 1 << 9;
/// `include`, `include_str`, `include_bytes`
pub const INCLUDE: u32 = 1 << 10;
/// `env`, `option_env` as macros
pub const ENV: u32 = 1 << 11;
/// `concat`
pub const CONCAT: u32 = 1 << 12;
/// `else`, `as`: a block before them is not the end of a statement.
pub const CONTINUES: u32 = 1 << 13;
/// Words of attributes: `cfg`, `test`, `not`, `any`…
pub const ATTRIBUTE: u32 = 1 << 14;
/// `from_utf8` and the like: bytes become text.
pub const TO_TEXT: u32 = 1 << 15;
/// Keywords behind which an operand starts (`return`, `match`…), so that `|` opens a closure.
pub const PREFIX: u32 = 1 << 16;

/// Words that ask for the time.
pub const TIME: u32 = 1 << 17;
/// Words that draw lots.
pub const CHANCE: u32 = 1 << 18;
/// Words that fill bytes by lot.
pub const LOTS: u32 = 1 << 19;
/// Methods that shift bytes.
pub const SHIFT: u32 = 1 << 20;

const FIXED: &[(&str, u32)] = &[
    ("use", USE | ITEM),
    ("extern", EXTERN | ITEM),
    ("unsafe", UNSAFE),
    ("mod", MOD | ITEM),
    ("pub", PUB),
    ("fn", FN | ITEM),
    ("struct", ITEM),
    ("enum", ITEM),
    ("union", ITEM),
    ("trait", ITEM),
    ("impl", ITEM),
    ("type", ITEM),
    ("const", ITEM),
    ("static", ITEM),
    ("macro_rules", ITEM),
    ("macro", ITEM),
    ("asm", ASM),
    ("global_asm", ASM),
    ("naked_asm", ASM),
    ("llvm_asm", ASM),
    ("include", INCLUDE),
    ("include_str", INCLUDE),
    ("include_bytes", INCLUDE),
    ("env", ENV),
    ("option_env", ENV),
    ("concat", CONCAT),
    ("else", CONTINUES),
    ("as", CONTINUES),
    ("cfg", ATTRIBUTE),
    ("test", ATTRIBUTE),
    ("bench", ATTRIBUTE),
    ("not", ATTRIBUTE),
    ("any", ATTRIBUTE),
    ("doc", ATTRIBUTE),
    ("deprecated", ATTRIBUTE),
    ("path", ATTRIBUTE),
    ("link", ATTRIBUTE),
    ("no_mangle", ATTRIBUTE),
    ("export_name", ATTRIBUTE),
    ("link_section", ATTRIBUTE),
    ("ctor", ATTRIBUTE),
    ("dtor", ATTRIBUTE),
    ("cfg_attr", ATTRIBUTE),
    ("macro_export", ATTRIBUTE),
    ("from_utf8", TO_TEXT),
    ("from_utf8_lossy", TO_TEXT),
    ("from_utf8_unchecked", TO_TEXT),
    ("char", TO_TEXT),
    ("wrapping_sub", SHIFT),
    ("wrapping_add", SHIFT),
    ("rotate_left", SHIFT),
    ("rotate_right", SHIFT),
    ("getrandom", LOTS),
    ("random", LOTS),
    ("fill_bytes", LOTS),
    ("try_fill_bytes", LOTS),
    ("return", PREFIX),
    ("break", PREFIX),
    ("match", PREFIX),
    ("if", PREFIX),
    ("while", PREFIX),
    ("in", PREFIX),
    ("move", PREFIX),
    ("async", PREFIX),
    ("yield", PREFIX),
];

/// A set of words with flags.
#[derive(Debug)]
pub struct Words {
    /// By first byte: which lengths there are.
    lengths: [u32; 256],
    buckets: Vec<Vec<(Box<str>, u32)>>,
}

impl Default for Words {
    fn default() -> Self {
        let mut words = Self { lengths: [0; 256], buckets: vec![Vec::new(); 1024] };
        for &(word, flags) in FIXED {
            words.add(word, flags);
        }
        harm::TIME.iter().for_each(|word| words.add(word, TIME));
        harm::CHANCE.iter().for_each(|word| words.add(word, CHANCE));
        words
    }
}

impl Words {
    fn bucket(word: &[u8]) -> usize {
        let (first, last, middle) = (word[0], word[word.len() - 1], word[word.len() / 2]);
        (first as usize * 31 + last as usize * 67 + middle as usize * 7 + word.len() * 131) & 1023
    }

    /// Adds flags to a word.
    pub fn add(&mut self, word: &str, flags: u32) {
        let Some(&first) = word.as_bytes().first() else { return };
        self.lengths[first as usize] |= 1 << word.len().min(31);
        let bucket = &mut self.buckets[Self::bucket(word.as_bytes())];
        match bucket.iter_mut().find(|(known, _)| &**known == word) {
            Some((_, known)) => *known |= flags,
            None => bucket.push((word.into(), flags)),
        }
    }

    /// The flags of a word, 0 for most.
    pub fn flags(&self, word: &[u8]) -> u32 {
        let Some(&first) = word.first() else { return 0 };
        if self.lengths[first as usize] & (1 << word.len().min(31)) == 0 {
            return 0;
        }
        let bucket = &self.buckets[Self::bucket(word)];
        bucket.iter().find(|(known, _)| known.as_bytes() == word).map_or(0, |&(_, flags)| flags)
    }
}
