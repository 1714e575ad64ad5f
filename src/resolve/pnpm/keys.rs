//! How pnpm names packages in its keys (<https://github.com/pnpm/spec>), by the lockfile's version.
//!
//! | version | key | peers |
//! |---|---|---|
//! | 5.x | `/@s/a/1.0.0` | `_b@2.0.0`, or a hash |
//! | 6.x | `/@s/a@1.0.0` | `(b@2.0.0)` |
//! | 7, 9 | `@s/a@1.0.0` | `(b@2.0.0)` in `snapshots` only |
//!
//! What does not come from a registry is named by where it comes from: `file:a.tgz`,
//! `github.com/o/r/<commit>`, from version 7 with the name before it (`a@file:a.tgz`).

use crate::resolve::js::split_name;

/// A key, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key<'a> {
    /// `None` where only the entry says it.
    pub(super) name: Option<&'a str>,
    /// The version, or where it comes from.
    pub(super) version: &'a str,
}

/// The key without its peers: what one archive has in common.
pub(super) fn without_peers(major: u8, key: &str) -> &str {
    if major > 5 {
        // A path may hold a bracket; peers and hashes stand at the end.
        return match key.find('(') {
            Some(at) if at > 0 && key.ends_with(')') => &key[..at],
            _ => key,
        };
    }
    let Some(version) = key.strip_prefix('/').and_then(old).map(|key| key.version) else {
        return key;
    };
    // A version holds no `_`; a name may.
    match version.find('_') {
        Some(at) => &key[..key.len() - version.len() + at],
        None => key,
    }
}

/// Takes a key without peers apart.
pub(super) fn parse(major: u8, key: &str) -> Key<'_> {
    let place = Key { name: None, version: key };
    match (major, key.strip_prefix('/')) {
        (..=5, Some(rest)) => old(rest).unwrap_or(place),
        (6, Some(rest)) => named(rest).unwrap_or(place),
        (..=6, None) => place,
        (_, _) => named(key).unwrap_or(place),
    }
}

fn named(key: &str) -> Option<Key<'_>> {
    split_name(key).map(|(name, version)| Key { name: Some(name), version })
}

/// `@s/a/1.0.0`.
fn old(key: &str) -> Option<Key<'_>> {
    let first = key.find('/')?;
    let end = if key.starts_with('@') { first + 1 + key.get(first + 1..)?.find('/')? } else { first };
    Some(Key { name: Some(&key[..end]), version: &key[end + 1..] })
}

/// The keys that `name: version` of a list of dependencies may mean, in order.
pub(super) fn candidates(major: u8, name: &str, version: &str) -> [String; 2] {
    let other = match major {
        ..=5 => format!("/{name}/{version}"),
        6 => format!("/{name}@{version}"),
        _ => format!("{name}@{version}"),
    };
    [other, version.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_of_every_version() {
        let cases = [
            (5, "/a/1.0.0"),
            (5, "/@s/a_b/1.0.0-rc.1_react@17.0.2+x@1"),
            (5, "github.com/o/r/0123"),
            (5, "file:a.tgz"),
            (6, "/@s/a@1.0.0(b@2.0.0)(@t/c@1.0.0)"),
            (6, "file:w/a(b@1.0.0)"),
            (9, "@s/a@1.0.0(b@2.0.0(c@1.0.0))"),
            (9, "a@https://codeload.github.com/o/r/tar.gz/0123"),
            (9, "a@1.0.0(patch_hash=abc)"),
            (9, "a"),
            (9, ""),
        ];
        let got: Vec<_> = cases
            .iter()
            .map(|(major, key)| {
                let short = without_peers(*major, key);
                let key = parse(*major, short);
                format!("{short:45} {:8} {}", key.name.unwrap_or("-"), key.version)
            })
            .collect();
        insta::assert_snapshot!(got.join("\n"), @r#"
        /a/1.0.0                                      a        1.0.0
        /@s/a_b/1.0.0-rc.1                            @s/a_b   1.0.0-rc.1
        github.com/o/r/0123                           -        github.com/o/r/0123
        file:a.tgz                                    -        file:a.tgz
        /@s/a@1.0.0                                   @s/a     1.0.0
        file:w/a                                      -        file:w/a
        @s/a@1.0.0                                    @s/a     1.0.0
        a@https://codeload.github.com/o/r/tar.gz/0123 a        https://codeload.github.com/o/r/tar.gz/0123
        a@1.0.0                                       a        1.0.0
        a                                             -        a
                                                      -
        "#);
    }

    proptest! {
        #[test]
        fn no_key_panics(key in "[@/a-zé0-9.()_:]{0,20}", major in 4_u8..12) {
            let short = without_peers(major, &key);
            prop_assert!(key.starts_with(short));
            parse(major, short);
        }
    }
}
