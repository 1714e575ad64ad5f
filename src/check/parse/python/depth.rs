//! How deep a file nests, before anything recurses into it.
//!
//! CPython itself refuses more than 200 open brackets and 100 levels of indentation; what is
//! deeper is no Python that runs. Chains (`a.b.c`, `a + b + c`, `not not a`) are counted for each
//! logical line: they nest as deep in the tree.

/// Open brackets: the tokenizer of CPython takes 200.
pub const MAX_BRACKETS: usize = 200;
/// Levels of indentation: the tokenizer of CPython takes 100.
pub const MAX_INDENT: usize = 100;
/// Links of one chain in a logical line. Generated code has some hundred.
pub const MAX_CHAIN: usize = 3_000;
/// Braces of f-strings within f-strings, which this scan does not tell from other braces.
pub const MAX_BRACES: usize = 3_000;

/// What the scan found.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Most brackets open at one place.
    pub brackets: usize,
    /// Most levels of indentation.
    pub indent: usize,
    /// Longest chain.
    pub chain: usize,
    /// Highest climb of `{` over `}`, strings included.
    pub braces: usize,
}

impl Depth {
    /// What is too deep, or nothing.
    pub fn too_deep(&self) -> Option<String> {
        let say = |what: &str, is: usize, most: usize| Some(format!("{what} {is} deep, more than {most}"));
        if self.brackets > MAX_BRACKETS {
            return say("brackets nest", self.brackets, MAX_BRACKETS);
        }
        if self.indent > MAX_INDENT {
            return say("blocks nest", self.indent, MAX_INDENT);
        }
        if self.chain > MAX_CHAIN {
            return say("expressions chain", self.chain, MAX_CHAIN);
        }
        (self.braces > MAX_BRACES)
            .then(|| format!("braces nest {} deep, more than {MAX_BRACES}", self.braces))
    }

    /// Whether an ordinary thread's stack may be too small.
    pub fn wants_stack(&self) -> bool {
        self.brackets > 50 || self.indent > 30 || self.chain > 150 || self.braces > 100
    }
}

/// Scans a text.
pub fn scan(text: &str) -> Depth {
    let bytes = text.as_bytes();
    let mut depth = Depth { braces: climb(bytes), ..Depth::default() };
    let mut indents: Vec<usize> = vec![0];
    // Chain links of each open bracket, and their sum.
    let mut open: Vec<usize> = vec![0];
    let mut sum = 0;
    let mut at = 0;
    let mut line_start = true;
    while at < bytes.len() {
        if line_start && open.len() == 1 {
            let width = bytes[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | 0x0c)).count();
            at += width;
            match bytes.get(at) {
                None => break,
                Some(b'\n' | b'\r' | b'#') => {}
                Some(_) => {
                    while indents.last().is_some_and(|&last| last > width) {
                        indents.pop();
                    }
                    if indents.last().is_none_or(|&last| last < width) {
                        indents.push(width);
                    }
                    depth.indent = depth.indent.max(indents.len());
                }
            }
            line_start = false;
            sum = 0;
            open[0] = 0;
            continue;
        }
        let byte = bytes[at];
        let mut link = |open: &mut Vec<usize>, sum: &mut usize| {
            if let Some(last) = open.last_mut() {
                *last += 1;
            }
            *sum += 1;
            depth.chain = depth.chain.max(*sum);
        };
        match byte {
            b'\n' => {
                line_start = true;
                at += 1;
            }
            b'#' => at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n),
            b'\'' | b'"' => at = skip_string(bytes, at),
            b'\\' => at += 2,
            b'(' | b'[' | b'{' => {
                link(&mut open, &mut sum);
                open.push(0);
                depth.brackets = depth.brackets.max(open.len() - 1);
                at += 1;
            }
            b')' | b']' | b'}' => {
                if open.len() > 1 {
                    sum -= open.pop().unwrap_or(0).min(sum);
                }
                at += 1;
            }
            b',' | b';' => {
                let last = open.last_mut().map_or(0, std::mem::take);
                sum -= last.min(sum);
                at += 1;
            }
            b' ' | b'\t' | b'\r' | 0x0c => at += 1,
            _ if byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80 => {
                let end = bytes[at..]
                    .iter()
                    .position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80))
                    .map_or(bytes.len(), |n| at + n);
                if matches!(
                    &bytes[at..end],
                    b"if"
                        | b"else"
                        | b"not"
                        | b"lambda"
                        | b"await"
                        | b"in"
                        | b"is"
                        | b"yield"
                        | b"from"
                        | b"for"
                ) {
                    link(&mut open, &mut sum);
                }
                at = end;
            }
            _ => {
                link(&mut open, &mut sum);
                at += 1;
            }
        }
    }
    depth
}

fn climb(bytes: &[u8]) -> usize {
    let (mut level, mut lowest, mut highest) = (0_i64, 0_i64, 0_i64);
    for at in memchr::memchr2_iter(b'{', b'}', bytes) {
        if bytes[at] == b'{' {
            level += 1;
            highest = highest.max(level - lowest);
        } else {
            level -= 1;
            lowest = lowest.min(level);
        }
    }
    highest as usize
}

/// The end of the string that starts with a quote at `at`. One that is not triple ends with its
/// line at the latest.
pub fn skip_string(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    let triple = bytes.get(at + 1) == Some(&quote) && bytes.get(at + 2) == Some(&quote);
    let mut at = at + if triple { 3 } else { 1 };
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'\n' if !triple => return at,
            byte if byte == quote => {
                if !triple {
                    return at + 1;
                }
                if bytes.get(at + 1) == Some(&quote) && bytes.get(at + 2) == Some(&quote) {
                    return at + 3;
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn brackets_blocks_and_chains() {
        assert_eq!(scan("x = [(1), {2: '((('}]  # ((((\n").brackets, 2);
        assert_eq!(scan("if a:\n  if b:\n    c\nd\n").indent, 3);
        assert!(scan(&format!("x = {}\n", vec!["1"; 500].join(", "))).chain < 10);
        assert!(scan(&format!("x = {}\n", vec!["1"; 500].join(" + "))).chain > 490);
        assert!(scan(&format!("x = {}y\n", "not ".repeat(4_000))).too_deep().is_some());
        assert!(scan(&"(".repeat(300)).too_deep().is_some());
        assert_eq!(scan("x = \"\"\"\n(((\n\"\"\"\n").brackets, 0);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[(){}'\"\\\\\\n #,;a=.é]{0,80}") {
            scan(&text);
        }
    }
}
