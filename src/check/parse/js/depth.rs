//! How deep a file nests, before a parser recurses into it.
//!
//! oxc's parser, its semantic pass and every visitor recurse once for each level of nesting and
//! for each link of a chain (`a.b.c`, `a+b+c`, `a?b:c?d:e`, `x=>y=>z`, `else if`). This scan
//! estimates that depth from the characters. It is not a lexer of JavaScript (that needs a
//! parser: a slash may divide or open a regular expression, an apostrophe may stand in JSX
//! text), so it counts twice, once with strings and comments left out and once over the raw
//! characters where there are enough brackets for it to matter, and the larger number decides.

/// Brackets open at one place. People write ten, bundlers some two hundred.
pub const MAX_NESTING: usize = 2_000;

/// Links of all open chains together. Bundles have a few thousand in string tables.
pub const MAX_CHAIN: usize = 12_000;

/// With fewer openers than this no trick can nest deep enough to matter.
const HARMLESS: usize = 4_000;

/// What is too deep, or nothing.
pub fn too_deep(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let scan = Scan::run(bytes);
    if scan.deepest > MAX_NESTING {
        return Some(format!("brackets nest {} deep, more than {MAX_NESTING}", scan.deepest));
    }
    if scan.longest > MAX_CHAIN {
        return Some(format!("expressions chain {} deep, more than {MAX_CHAIN}", scan.longest));
    }
    let raw = raw_nesting(bytes);
    (raw > 2 * MAX_NESTING).then(|| format!("brackets nest {raw} deep, more than {}", 2 * MAX_NESTING))
}

/// The deepest climb of openers over closers, strings and comments included.
fn raw_nesting(bytes: &[u8]) -> usize {
    let (mut level, mut lowest, mut climb, mut openers) = (0i64, 0i64, 0i64, 0usize);
    for &byte in bytes {
        match byte {
            b'(' | b'[' | b'{' => {
                openers += 1;
                level += 1;
                climb = climb.max(level - lowest);
            }
            b')' | b']' | b'}' => {
                level -= 1;
                lowest = lowest.min(level);
            }
            _ => {}
        }
    }
    if openers < HARMLESS { 0 } else { climb as usize }
}

#[derive(Debug, Default, Clone, Copy)]
struct Level {
    links: usize,
    angles: usize,
    template: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing, an operator, an opener: a value may start.
    Open,
    /// A name, a number, a string, a closer: a value ended.
    Value,
    /// A word after which a value starts (`return`, `typeof`).
    Word,
    /// `}`.
    Brace,
    /// `;`.
    Semicolon,
}

#[derive(Debug, Default)]
struct Scan {
    levels: Vec<Level>,
    /// Links of all open levels.
    sum: usize,
    deepest: usize,
    longest: usize,
}

impl Scan {
    fn run(bytes: &[u8]) -> Self {
        let mut scan = Self { levels: vec![Level::default()], ..Self::default() };
        let mut before = Before::Open;
        let mut at = 0;
        while at < bytes.len() {
            if scan.deepest > MAX_NESTING || scan.longest > MAX_CHAIN {
                break;
            }
            let byte = bytes[at];
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => at += 1,
                b'"' | b'\'' => {
                    scan.value(before);
                    at = skip_string(bytes, at);
                    before = Before::Value;
                }
                b'`' => {
                    scan.value(before);
                    at = scan.template(bytes, at + 1, &mut before);
                }
                b'/' if bytes.get(at + 1) == Some(&b'/') => {
                    at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n);
                }
                b'/' if bytes.get(at + 1) == Some(&b'*') => {
                    at = memchr::memmem::find(&bytes[at + 2..], b"*/").map_or(bytes.len(), |n| at + n + 4);
                }
                b'/' => match skip_regex(bytes, at).filter(|_| before != Before::Value) {
                    Some(end) => {
                        at = end;
                        before = Before::Value;
                    }
                    None => {
                        scan.link();
                        before = Before::Open;
                        at += 1;
                    }
                },
                b'(' | b'[' | b'{' => {
                    if before == Before::Semicolon || (before == Before::Brace && byte == b'{') {
                        scan.reset();
                    }
                    scan.link();
                    scan.open(false);
                    before = Before::Open;
                    at += 1;
                }
                b')' | b']' => {
                    scan.close();
                    before = Before::Value;
                    at += 1;
                }
                b'}' => {
                    let template = scan.close();
                    before = Before::Brace;
                    at += 1;
                    if template {
                        at = scan.template(bytes, at, &mut before);
                    }
                }
                b';' => {
                    before = Before::Semicolon;
                    at += 1;
                }
                b',' => {
                    scan.comma();
                    before = Before::Open;
                    at += 1;
                }
                b'<' | b'>' => {
                    scan.angle(byte == b'<', bytes.get(at + 1).copied(), before, at, bytes);
                    before = Before::Open;
                    at += 1;
                }
                _ if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'#' | b'\\') || byte >= 0x80 => {
                    let end = word_end(bytes, at);
                    before = scan.word(&bytes[at..end], before);
                    at = end;
                }
                _ => {
                    if before == Before::Semicolon {
                        scan.reset();
                    }
                    scan.link();
                    before = Before::Open;
                    at += 1;
                    // `=>`, `===`, `&&`, `**=`: one link.
                    while at < bytes.len() && matches!(bytes[at], b'=' | b'&' | b'|' | b'*') && byte != b'!' {
                        at += 1;
                    }
                    if bytes.get(at) == Some(&b'>') && byte == b'=' {
                        at += 1;
                    }
                }
            }
        }
        scan
    }

    fn top(&mut self) -> &mut Level {
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        let last = self.levels.len() - 1;
        &mut self.levels[last]
    }

    fn link(&mut self) {
        self.top().links += 1;
        self.sum += 1;
        self.longest = self.longest.max(self.sum);
    }

    fn open(&mut self, template: bool) {
        self.levels.push(Level { template, ..Level::default() });
        self.deepest = self.deepest.max(self.levels.len());
    }

    fn close(&mut self) -> bool {
        let Some(level) = self.levels.pop() else { return false };
        self.sum -= level.links;
        level.template
    }

    fn comma(&mut self) {
        let level = self.top();
        let drop = level.links - level.angles.min(level.links);
        level.links -= drop;
        self.sum -= drop;
    }

    fn reset(&mut self) {
        let level = self.top();
        let drop = level.links;
        level.links = 0;
        level.angles = 0;
        self.sum -= drop;
    }

    /// `<` and `>` count as links; those of elements and type arguments outlive commas.
    fn angle(&mut self, opens: bool, next: Option<u8>, before: Before, at: usize, bytes: &[u8]) {
        if opens && next == Some(b'/') {
            let level = self.top();
            level.angles = level.angles.saturating_sub(2);
        } else if opens {
            if before == Before::Semicolon {
                self.reset();
            }
            self.link();
            self.top().angles += 1;
        } else {
            let level = self.top();
            // `/>` ends an element; `=>` never comes here.
            let ends = at > 0 && bytes[at - 1] == b'/';
            if ends || level.angles > 0 {
                level.angles = level.angles.saturating_sub(usize::from(ends));
            }
            self.link();
        }
    }

    /// A value starts: after another value that is a new statement.
    fn value(&mut self, before: Before) {
        if matches!(before, Before::Semicolon | Before::Brace) {
            self.reset();
        }
    }

    fn word(&mut self, word: &[u8], before: Before) -> Before {
        match word {
            b"else" => {
                self.link();
                Before::Word
            }
            b"catch" | b"finally" | b"while" if before == Before::Brace => {
                self.link();
                Before::Word
            }
            b"in" | b"of" | b"instanceof" | b"as" | b"satisfies" | b"extends" | b"implements" | b"from"
                if matches!(before, Before::Value | Before::Brace) =>
            {
                self.link();
                Before::Open
            }
            b"if" | b"for" | b"do" | b"with" | b"while" | b"typeof" | b"void" | b"delete" | b"new" | b"await"
            | b"yield" | b"keyof" | b"infer" | b"readonly" | b"unique" | b"asserts" | b"return" | b"throw"
            | b"case" | b"function" | b"class" | b"async" | b"switch" | b"try" | b"export" | b"default"
            | b"import" | b"var" | b"let" | b"const" => {
                if matches!(before, Before::Semicolon | Before::Brace) {
                    self.reset();
                }
                self.link();
                Before::Word
            }
            _ => {
                self.value(before);
                if before == Before::Value && self.top().angles == 0 {
                    // Two values side by side: a line ended without a semicolon.
                    let links = self.top().links;
                    let keep = links.min(64);
                    self.top().links = keep;
                    self.sum -= links - keep;
                    self.link();
                }
                Before::Value
            }
        }
    }

    /// Reads a template from behind its backtick or behind a `}` up to its end or the next `${`.
    fn template(&mut self, bytes: &[u8], mut at: usize, before: &mut Before) -> usize {
        while at < bytes.len() {
            match bytes[at] {
                b'\\' => at += 2,
                b'`' => {
                    *before = Before::Value;
                    return at + 1;
                }
                b'$' if bytes.get(at + 1) == Some(&b'{') => {
                    self.open(true);
                    *before = Before::Open;
                    return at + 2;
                }
                _ => at += 1,
            }
        }
        bytes.len()
    }
}

fn word_end(bytes: &[u8], at: usize) -> usize {
    let is = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'#' | b'\\') || *byte >= 0x80;
    bytes[at..].iter().position(|byte| !is(byte)).map_or(bytes.len(), |n| at + n)
}

/// Behind the string that starts at `at`; a string ends with its line at the latest.
fn skip_string(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    let mut end = at + 1;
    while end < bytes.len() {
        match bytes[end] {
            b'\\' => end += 2,
            b'\n' => return end,
            byte if byte == quote => return end + 1,
            _ => end += 1,
        }
    }
    bytes.len()
}

/// Behind the regular expression that may start at `at`, if the line has an end for it.
fn skip_regex(bytes: &[u8], at: usize) -> Option<usize> {
    let (mut end, mut class) = (at + 1, false);
    while end < bytes.len() {
        match bytes[end] {
            b'\\' => end += 2,
            b'\n' => return None,
            b'[' => {
                class = true;
                end += 1;
            }
            b']' => {
                class = false;
                end += 1;
            }
            b'/' if !class => return Some(end + 1),
            _ => end += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_and_bundlers_write_is_not_deep() {
        let honest = [
            "function a(){}".repeat(50_000),
            "foo.bar(1)\n".repeat(50_000),
            "var a=function(){return 1};".repeat(50_000),
            format!("x={}", vec!["'a'"; 5_000].join("+")),
            format!("x=[{}]", vec!["'a(['"; 1_000].join(",")),
            format!("f({})", vec!["a<b"; 5_000].join(",")),
            "if(a){b()}else{c()}".repeat(20_000),
            "/* ((( */ // [[[\n".repeat(600),
            "a=/[(]{/;".repeat(1_000),
        ];
        for text in honest {
            assert_eq!(too_deep(&text), None, "{}", &text[..40]);
        }
    }

    #[test]
    fn openers_hidden_behind_a_slash_are_counted_raw() {
        let text = format!("a)\n/{}", "(".repeat(100_000));
        assert!(too_deep(&text).is_some());
    }
}
