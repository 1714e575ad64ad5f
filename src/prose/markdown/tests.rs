use super::*;
use crate::prose::markdown::PieceKind;
use proptest::prelude::*;

/// Kind and text of each block.
fn shown(source: &str) -> Vec<(String, String)> {
    let document = parse(source);
    let name = |kind: &BlockKind| {
        let text = format!("{kind:?}");
        text.split([' ', '(', '{']).next().unwrap_or_default().to_owned()
    };
    document.blocks.iter().map(|block| (name(&block.kind), block.text(source).into_owned())).collect()
}

fn pairs<'a>(list: &'a [(String, String)]) -> Vec<(&'a str, &'a str)> {
    list.iter().map(|(kind, text)| (kind.as_str(), text.as_str())).collect()
}

#[test]
fn blocks_of_every_kind() {
    let source = "---\nname: x\n---\n# One *two*\n\nText a\nb `c`.\n\n- item\n  1. inner\n\n> quoted\n\n\
        | h |\n|---|\n| cell |\n\n<!-- hidden -->\n<p title=\"tip\">shown</p>\n\n[//]: # (secret)\n[//]: # (second)\n\n    indented\n";
    let got = shown(source);
    assert_eq!(
        pairs(&got),
        [
            ("Heading", "One two"),
            ("Paragraph", "Text a\nb c."),
            ("Paragraph", "item"),
            ("Paragraph", "inner"),
            ("Paragraph", "quoted"),
            ("Cell", "h"),
            ("Cell", "cell"),
            ("Comment", " hidden "),
            ("Html", "tip"),
            ("Html", "shown"),
            ("Definition", " # (secret)"),
            ("Definition", " # (second)"),
            ("Code", "indented\n"),
        ]
    );
}

#[test]
fn code_blocks_know_their_lines() {
    let source = "> - a\n>   ```Bash title=x\n>   one\n>   two\n>   ```\n";
    let document = parse(source);
    let code: Vec<_> = document.code_blocks(source).collect();
    assert_eq!((code[0].language, code[0].fenced, &*code[0].text), ("bash", true, "one\ntwo\n"));
    assert_eq!(&source[code[0].offset(4)..][..3], "two");
    assert_eq!(&source[code[0].range.clone()], "one\n>   two\n");
}

#[test]
fn headings_links_and_alternative_text() {
    let source = "# A\n## B\n[t](https://a.invalid/x \"ti\") ![alt *x*](i.png)\n# C\n<https://b.invalid>\n";
    let document = parse(source);
    let of: Vec<_> = document
        .links
        .iter()
        .map(|link| {
            let heading = document.path(document.blocks[link.block].heading).map(|h| h.text.as_str());
            (link.url.as_str(), link.text.as_str(), heading.collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(
        of,
        [
            ("https://a.invalid/x", "t", vec!["B", "A"]),
            ("i.png", "alt x", vec!["B", "A"]),
            ("https://b.invalid", "https://b.invalid", vec!["C"]),
        ]
    );
    let alt = document.blocks.iter().flat_map(|b| &b.pieces).filter(|p| p.kind == PieceKind::Alt);
    assert_eq!(alt.map(|p| p.text(source)).collect::<Vec<_>>(), [" ", "ti", "alt ", "x"]);
}

#[test]
fn callouts_and_unclosed_comments() {
    let source = "> [!WARNING]\n> mind\n\n> said\n\n<!-- never closed\n\nstill";
    let document = parse(source);
    let quotes: Vec<_> = document.blocks.iter().map(|b| (b.quotes, b.callouts)).collect();
    assert_eq!(quotes, [(1, 1), (1, 0), (0, 0)]);
    assert_eq!(document.blocks[2].text(source), " never closed\n\nstill");
}

#[test]
fn the_time_grows_with_the_length() {
    let size = 1 << 20;
    let seeds = [
        "*",
        "[",
        ">",
        "> ",
        "* ",
        "- ",
        "`",
        "``` ",
        "<",
        "<!--",
        "![",
        "](",
        "|",
        "| a ",
        "1. ",
        "_a",
        "\\",
        "&",
        "[a]: b\n",
        "*a **b ",
        "[^a]",
        "<a ",
        "<![CDATA[",
        "<?",
        "a\n> ",
        "- a\n  ",
        "|-|\n",
        "\t",
        "#",
        "~~",
        "`a``b",
        "[a](<",
        "$",
        "[x]\n",
        "> a\n\n- b\n",
        "</",
        "*_",
        "a**b",
        "\n\n[",
        "- [ ] ",
    ];
    for seed in seeds {
        let text = seed.repeat(size / seed.len());
        let start = std::time::Instant::now();
        let document = parse(&text);
        let took = start.elapsed();
        assert!(took.as_secs() < 10, "{seed:?}: {took:?}, {} blocks", document.blocks.len());
    }
}

proptest! {
    #[test]
    fn ranges_lie_in_the_text(text in r"(?:[ab é`*_>\-#|\[\]()<!.:\\&~\t1]|<!--|-->|```|\n|\r\n|\[!NOTE\]|\| a |---\n){0,60}") {
        let document = parse(&text);
        let mut last = 0;
        for block in &document.blocks {
            prop_assert!(block.range.start >= last, "{:?}", document.blocks);
            last = block.range.start;
            prop_assert!(text.get(block.range.clone()).is_some());
            for piece in &block.pieces {
                prop_assert!(text.get(piece.range.clone()).is_some());
            }
            let all = block.text(&text);
            for at in 0..=all.len() {
                prop_assert!(block.offset(at) <= text.len());
            }
        }
        for link in &document.links {
            prop_assert!(text.get(link.range.clone()).is_some());
            prop_assert!(link.block <= document.blocks.len());
        }
        for code in document.code_blocks(&text) {
            prop_assert!(text.get(code.range).is_some());
        }
    }
}
