use super::*;
use proptest::prelude::*;

/// Each install in one line.
fn shown(text: &str) -> Vec<String> {
    let value = |name: &str| (name == "V").then(|| "1.2.3".to_owned());
    installs(text, 0, &value)
        .into_iter()
        .map(|install| match install.what {
            What::Package { ecosystem, name, version, requirement } => {
                format!("{ecosystem} {name} {} [{requirement}]", version.unwrap_or_else(|| "-".to_owned()))
            }
            What::Git { ecosystem, url, revision } => format!("git {ecosystem} {url} {revision:?}"),
            What::Url(url) => format!("url {url}"),
            What::Image(name) => format!("image {name}"),
            What::Unknown(words) => format!("unknown {words}"),
        })
        .collect()
}

#[test]
fn each_package_manager() {
    for (text, want) in [
        (
            "pip install --no-cache-dir -r req.txt Flask==3.0.1 'a_b[x]>=2' .",
            &["pypi flask 3.0.1 [==3.0.1]", "pypi a-b - [>=2]"][..],
        ),
        ("python3 -m pip install -U pip", &["pypi pip - []"]),
        (
            "pip install git+https://h.invalid/o/r@abc#egg=r",
            &["git pypi https://h.invalid/o/r Some(\"abc\")"],
        ),
        ("uvx ruff@0.4.0 check .", &["pypi ruff 0.4.0 [@0.4.0]"]),
        (
            "npm ci && npm install -g typescript@5.4.0 @s/x",
            &["npm typescript 5.4.0 [5.4.0]", "npm @s/x - []"],
        ),
        ("npm i", &[]),
        ("npx tsc -p .; npx -y cowsay hi", &["npm tsc - []", "npm cowsay - []"]),
        ("npx --no-install tsc; npx -p a@1.0.0 b -p c", &["npm a 1.0.0 [1.0.0]"]),
        (
            "sudo apt-get update && sudo apt-get install -y --no-install-recommends curl git=1:2.39 \\\n jq && rm -rf /x",
            &["system apt/curl - []", "system apt/git 1:2.39 [1:2.39]", "system apt/jq - []"],
        ),
        (
            "apk add --no-cache bash~5 curl=8.5.0-r0",
            &["system apk/bash - [5]", "system apk/curl 8.5.0-r0 [8.5.0-r0]"],
        ),
        ("cargo install --locked cargo-deny@0.14.0 --root /x", &["cargo cargo-deny 0.14.0 [0.14.0]"]),
        ("cargo install just --version $V", &["cargo just 1.2.3 [1.2.3]"]),
        ("go install golang.org/x/tools/gopls@latest", &["golang golang.org/x/tools/gopls - [latest]"]),
        ("curl -fsSL https://h.invalid/i.sh | sudo -E bash -", &["url https://h.invalid/i.sh"]),
        ("bash <(curl -s https://h.invalid/i.sh)", &["url https://h.invalid/i.sh"]),
        ("sh -c \"$(curl -fsSL https://h.invalid/i.sh)\"", &["url https://h.invalid/i.sh"]),
        ("curl -o x https://h.invalid/x; bash y", &[]),
        ("bash -c 'pip install six'", &["pypi six - []"]),
        ("docker run --rm -v /a:/b alpine:3.19 sh", &["image alpine:3.19"]),
        ("pip install $EXTRA foo==$W", &["unknown $EXTRA", "pypi foo - [==$W]"]),
        ("if true; then pip install six; fi", &["pypi six - []"]),
        ("echo pip install six", &[]),
        ("gem install rake", &["unknown gem install rake"]),
    ] {
        assert_eq!(shown(text), want, "{text}");
    }
}

#[test]
fn values_are_put_in() {
    let value = |name: &str| (name == "A").then(|| "x".to_owned());
    assert_eq!(substitute("$A-${A}-${B:-y}-${B}-$B.$", &value), "x-x-y-${B}-$B.$");
}

proptest! {
    #[test]
    fn no_text_panics(text in "(pip |npm |npx |install |apt-get |cargo |go |curl |sh |docker run |-c |@|=|\\$|\"|'|[a-z./:\\\\$(){}`<>|&; \n]|\\PC){0,40}") {
        for install in installs(&text, 0, &|_| Some("$A".to_owned())) {
            prop_assert!(text.get(install.at.clone()).is_some());
        }
    }
}
