//! Shell text within another file: which of its bytes are shell, and where they stand.

/// A text put together from parts of a file, with the place of each.
#[derive(Debug, Default)]
pub struct Pieces {
    /// The text.
    pub text: String,
    /// Starts in the text and in the file, in order.
    map: Vec<(usize, usize)>,
}

impl Pieces {
    /// Appends a part that starts at that byte of the file.
    pub fn push(&mut self, at: usize, part: &str) {
        if !part.is_empty() {
            self.map.push((self.text.len(), at));
            self.text.push_str(part);
        }
    }

    /// The byte of the file for a byte of the text.
    pub fn origin(&self, at: usize) -> usize {
        let index = self.map.partition_point(|(start, _)| *start <= at).saturating_sub(1);
        self.map.get(index).map_or(at, |(start, place)| place + at.saturating_sub(*start))
    }
}

/// Recipes of a makefile, what `$(shell …)` runs while it is read, and nothing else.
///
/// `$$` is the shell's dollar; the variables of make (`$(X)`) become variables of the shell that
/// nothing gave a value. Prefixes of recipes (`@`, `-`, `+`) are taken off.
pub fn makefile(source: &str) -> Pieces {
    let mut out = Pieces::default();
    let (mut at, mut continued) = (0, false);
    for line in source.split_inclusive('\n') {
        let recipe = line.starts_with('\t') || continued;
        let bare = line.trim_end_matches(['\n', '\r']);
        if recipe {
            let skip = match continued {
                true => 0,
                false => bare.len() - bare.trim_start_matches(['\t', ' ', '@', '-', '+']).len(),
            };
            if !bare[skip..].starts_with('#') {
                dollars(&bare[skip..], at + skip, &mut out);
            }
            out.push(at + bare.len(), "\n");
            continued = bare.ends_with('\\');
        } else if let Some(found) = bare.find("$(shell ").filter(|_| !bare.trim_start().starts_with('#')) {
            let start = found + "$(shell ".len();
            let inner = bare[start..].rsplit_once(')').map_or(&bare[start..], |(inner, _)| inner);
            dollars(inner, at + start, &mut out);
            out.push(at + bare.len(), "\n");
        }
        at += line.len();
    }
    out
}

fn dollars(text: &str, at: usize, out: &mut Pieces) {
    let mut rest = text;
    let place = |rest: &str| at + text.len() - rest.len();
    while let Some(dollar) = rest.find('$') {
        out.push(place(rest), &rest[..dollar]);
        rest = &rest[dollar..];
        if rest.starts_with("$$") {
            out.push(place(rest), "$");
            rest = &rest[2..];
            continue;
        }
        let close = match rest.as_bytes().get(1) {
            Some(b'(') => Some(')'),
            Some(b'{') => Some('}'),
            _ => None,
        };
        if let Some(inner) = rest.strip_prefix("$(shell ") {
            out.push(place(rest), "$(");
            rest = inner;
        } else if let Some(end) = close.and_then(|close| rest.find(close)) {
            out.push(place(rest), "${make_variable}");
            rest = &rest[end + 1..];
        } else {
            // `$@`, `$<`, `$x`
            let len = rest.chars().take(2).map(char::len_utf8).sum();
            out.push(place(rest), "${make_variable}");
            rest = &rest[len..];
        }
    }
    out.push(place(rest), rest);
}

/// Recipes of a justfile: indented lines, `{{…}}` as variables that nothing gave a value.
pub fn justfile(source: &str) -> Pieces {
    let mut out = Pieces::default();
    let mut at = 0;
    for line in source.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\n', '\r']);
        if bare.starts_with([' ', '\t']) && !bare.trim_start().starts_with('#') {
            let skip = bare.len() - bare.trim_start_matches(['\t', ' ', '@', '-']).len();
            let mut rest = &bare[skip..];
            while let Some((before, inner)) = rest.split_once("{{") {
                out.push(at + bare.len() - rest.len(), before);
                out.push(at + bare.len() - inner.len(), "${just_variable}");
                rest = inner.split_once("}}").map_or("", |(_, after)| after);
            }
            out.push(at + bare.len() - rest.len(), rest);
            out.push(at + bare.len(), "\n");
        }
        at += line.len();
    }
    out
}

/// `RUN` lines of a Dockerfile in shell form, continued ones and here-documents included.
pub fn dockerfile(source: &str) -> Pieces {
    let mut out = Pieces::default();
    let (mut at, mut inside) = (0, false);
    let mut document: Option<String> = None;
    for line in source.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\n', '\r']);
        let words = bare.trim_start();
        if let Some(end) = &document {
            if bare.trim() == end {
                document = None;
            } else {
                out.push(at, line);
            }
        } else if inside || words.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("run ")) {
            let mut skip = if inside { 0 } else { bare.len() - words.len() + 4 };
            let comment = inside && words.starts_with('#');
            if !inside {
                while let Some(option) = bare[skip..].trim_start().strip_prefix("--") {
                    skip = bare.len() - option.len() + option.find(' ').map_or(option.len(), |n| n + 1);
                }
            }
            let text = &bare[skip..];
            if let Some(end) = text.trim_start().strip_prefix("<<").filter(|_| !inside) {
                let end = end.trim_start_matches('-').trim_matches(['"', '\'', ' ']);
                document = Some(end.split([' ', '"', '\'']).next().unwrap_or(end).to_owned());
            } else if comment {
                // Comments within a continued line vanish.
            } else {
                // `["a", "b"]`: the words themselves.
                let list = !inside && text.trim_start().starts_with('[');
                match list {
                    true => out.push(at + skip, &text.replace(['[', ']', ','], " ")),
                    false => out.push(at + skip, text),
                }
                out.push(at + bare.len(), "\n");
                inside = bare.ends_with('\\');
            }
        }
        at += line.len();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn recipes_and_run_lines() {
        let make = "X := $(shell uname)\nall: a\n\t@echo $$HOME $(X) \\\n\t  b\n\t-curl x\n# c\n";
        let got = makefile(make);
        assert_eq!(got.text, "uname\necho $HOME ${make_variable} \\\n\t  b\ncurl x\n");
        let at = got.text.find("curl").expect("there");
        assert_eq!(&make[got.origin(at)..][..4], "curl");
        let docker = "FROM a\nRUN --mount=type=cache,target=/x apt-get install -y b \\\n # c\n  && curl x | sh\nCOPY a b\nRUN [\"npm\", \"i\"]\nRUN <<EOF\ncurl y\nEOF\n";
        let got = dockerfile(docker);
        assert_eq!(got.text, "apt-get install -y b \\\n  && curl x | sh\n \"npm\"  \"i\" \ncurl y\n");
        assert_eq!(&docker[got.origin(got.text.find("curl y").expect("there"))..][..6], "curl y");
        assert_eq!(justfile("a:\n  @curl {{x}} y\n").text, "curl ${just_variable} y\n");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,200}", soup in "[a-z@$(){}\t\n\\\\<#RUN -]{0,200}") {
            for text in [&text, &soup] {
                for pieces in [makefile(text), justfile(text), dockerfile(text)] {
                    for at in 0..=pieces.text.len() {
                        prop_assert!(pieces.origin(at) <= text.len() + pieces.text.len());
                    }
                }
            }
        }
    }
}
