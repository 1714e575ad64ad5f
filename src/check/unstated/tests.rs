use super::hosts;
use super::words::{said, speak_of_net, speak_of_programs};
use crate::check::{analyse, examples};
use crate::model::{Contents, Ecosystem};
use crate::rules::RuleSet;

fn files(list: &[(&str, &str)]) -> Contents {
    examples::contents(&list.iter().map(|(path, text)| (*path, text.as_bytes())).collect::<Vec<_>>())
}

fn found(ecosystem: Ecosystem, list: &[(&str, &str)]) -> Vec<String> {
    let got = analyse(&examples::package(ecosystem), &files(list), &RuleSet::builtin());
    let here = got.findings.into_iter().filter(|finding| finding.rule.starts_with("identity/unstated"));
    here.map(|finding| finding.message).collect()
}

#[test]
fn words_are_read_from_every_manifest() {
    for (ecosystem, file, text) in [
        (Ecosystem::Npm, "package.json", r#"{"description":"pads text","keywords":["HttpClient"]}"#),
        (
            Ecosystem::Cargo,
            "Cargo.toml",
            "[package]\nname='x'\ndescription='pads text'\ncategories=['web-programming']\n",
        ),
        (Ecosystem::Pypi, "PKG-INFO", "Name: x\nSummary: pads text\nClassifier: Topic :: Internet\n\nbody\n"),
        (Ecosystem::Pypi, "pyproject.toml", "[project]\ndescription='A client'\n"),
        (Ecosystem::Npm, "README.md", "# x\n\nDownloads fonts.\n"),
    ] {
        let words = said(&examples::package(ecosystem), &files(&[(file, text)])).unwrap();
        assert!(speak_of_net(&words), "{file}: {words:?}");
    }
    let of = |text: &str| said(&examples::package(Ecosystem::Npm), &files(&[("package.json", text)]));
    assert_eq!(of("{\"description\":"), None);
    let words = of(r#"{"description":"pads text"}"#).unwrap();
    assert!(!speak_of_net(&words) && !speak_of_programs(&words), "{words:?}");
}

#[test]
fn own_pages_and_those_of_others() {
    let code = "exports.a = () => fetch('https://api.pads.invalid/v1');";
    let own = r#"{"name":"example","description":"pads text","homepage":"https://pads.invalid/"}"#;
    assert_eq!(found(Ecosystem::Npm, &[("index.js", code), ("package.json", own)]), [""; 0]);
    let forge = r#"{"name":"example","description":"pads text","repository":"pads/example"}"#;
    let of = |owner: &str| {
        let code = format!("exports.a = () => fetch('https://raw.githubusercontent.com/{owner}/b/main/c');");
        found(Ecosystem::Npm, &[("index.js", &code), ("package.json", forge)]).len()
    };
    assert_eq!((of("pads"), of("somebody")), (0, 1));
    let pads = r#"{"name":"example","description":"pads text"}"#;
    assert_eq!(found(Ecosystem::Npm, &[("index.js", code), ("package.json", pads)]).len(), 1);
    // Nothing is stated.
    assert_eq!(found(Ecosystem::Npm, &[("index.js", code)]).len(), 0);
}

#[test]
fn addresses_for_people_and_hosts_without_a_scheme() {
    let pads = r#"{"name":"example","description":"pads text"}"#;
    let of = |code: &str| found(Ecosystem::Npm, &[("index.js", code), ("package.json", pads)]).len();
    assert_eq!(of("fetch(x); throw new Error('see https://pads.invalid/manual for more');"), 0);
    assert_eq!(of("fetch(x); const help = 'https://pads.invalid/manual#install';"), 0);
    assert_eq!(of("fetch('http://127.0.0.1:8080/x'); fetch('http://10.1.2.3/');"), 0);
    assert_eq!(of("fetch('http://' + 'pads.' + 'invalid/x');"), 1);
    assert_eq!(of("require('https').get({ host: 'pads.invalid', path: '/' });"), 1);
    assert_eq!(of("require('net').connect(443, host); const host = 'x';"), 0);
}

#[test]
fn hosts_in_hostile_text_are_bounded() {
    let text = "host: 'a.invalid'\n".repeat(5_000);
    let list = files(&[("index.js", &text)]);
    assert!(hosts::bare(&list, "index.js").len() <= 20);
    assert_eq!(hosts::bare(&list, "other.js"), []);
}

#[test]
fn who_asks_for_a_key_says_whose_host_it_is() {
    let of = |code: &str| {
        let list =
            [("pkg/a.py", code), ("pyproject.toml", "[project]\nname='example'\ndescription='pads text'\n")];
        let got = analyse(&examples::package(Ecosystem::Pypi), &files(&list), &RuleSet::builtin());
        got.findings.iter().filter(|finding| finding.rule == "identity/unnamed-receiver").count()
    };
    let ask = |more: &str| {
        format!(
            "import requests\n{more}\ndef a(x):\n    requests.post('https://api.wordmill.invalid/v1', json=x)\n"
        )
    };
    assert_eq!(of(&ask("")), 1);
    assert_eq!(of(&ask("KEY = 'WORDMILL_API_KEY'")), 0);
    assert_eq!(of(&ask("def key(c): return c['wordmill']['token']")), 0);
    assert_eq!(of(&ask("KEY = 'GRINDER_API_KEY'")), 1);
    // A bot whose token is given is the user's own.
    let bot =
        "import requests\ndef a(t, x):\n    requests.post(f'https://api.tg.invalid/bot{t}/send', json=x)\n";
    assert_eq!(of(bot), 0);
}
