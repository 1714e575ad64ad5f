//! Core metadata (`METADATA` of a wheel, `PKG-INFO` of a source archive): what a distribution asks
//! for (<https://packaging.python.org/en/latest/specifications/core-metadata/>).

use super::name;

/// Largest text that is read, in bytes: descriptions of some hundred kilobytes exist.
pub const MAX_BYTES: usize = 8 << 20;

/// Requirements that are read of one distribution. The largest known (with all extras) have some
/// thousand.
const MAX_REQUIREMENTS: usize = 10_000;

/// The headers that matter here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Core {
    /// As written.
    pub name: Option<String>,
    /// As written.
    pub version: Option<String>,
    /// `Requires-Dist`, as written.
    pub requires: Vec<String>,
    /// Whether the requirements stand fast before a build: version 2.2 or later, and not `Dynamic`
    /// (PEP 643). Of a wheel they always do.
    pub fixed: bool,
}

impl Core {
    /// Reads the headers.
    ///
    /// # Errors
    /// Where it is too large, or has more requirements than are read.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("its metadata has more than {MAX_BYTES} bytes"));
        }
        let mut out = Self::default();
        let (mut version, mut dynamic) = (None, false);
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            // What follows the first blank line is the description.
            if line.trim().is_empty() {
                break;
            }
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = headers.last_mut() {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((key, value)) = line.split_once(':') {
                headers.push((key.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        for (key, value) in headers {
            match &*key {
                "metadata-version" => version = Some(value),
                "name" => out.name = out.name.or(Some(value)),
                "version" => out.version = out.version.or(Some(value)),
                "dynamic" => dynamic |= value.eq_ignore_ascii_case("requires-dist"),
                "requires-dist" => out.requires.push(value),
                _ => {}
            }
        }
        if out.requires.len() > MAX_REQUIREMENTS {
            return Err(format!("its metadata has more than {MAX_REQUIREMENTS} requirements"));
        }
        let recent = version.and_then(|version| name::satisfies(">=2.2", &version)) == Some(true);
        out.fixed = recent && !dynamic;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn headers_end_where_the_description_begins() {
        let text = "Metadata-Version: 2.4\nName: x\nVersion: 1\nRequires-Dist: a>=1;\n  os_name=='nt'\nrequires-dist: b\n\nRequires-Dist: no\n";
        let core = Core::parse(text).expect("small");
        assert_eq!(core.requires, ["a>=1; os_name=='nt'", "b"]);
        assert!(core.fixed && core.name.as_deref() == Some("x"));
        let old = Core::parse("Metadata-Version: 2.1\nName: x\n").expect("small");
        let dynamic = Core::parse("Metadata-Version: 2.4\nDynamic: Requires-Dist\n").expect("small");
        assert!(!old.fixed && !dynamic.fixed);
        assert!(Core::parse(&"Requires-Dist: a\n".repeat(MAX_REQUIREMENTS + 1)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(Requires-Dist: |Metadata-Version: |\n| |\\PC){0,30}") {
            let _ = Core::parse(&text);
        }
    }
}
