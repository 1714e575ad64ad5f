use super::*;
use crate::discover::discover;

fn resolved(files: &[(&str, &str)]) -> Resolution {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let found = discover(dir.path(), &[]).unwrap();
    let mut out = resolve(&found.root, &found.projects, &[], false).unwrap();
    out.normalise();
    out
}

fn shown(out: &Resolution) -> Vec<String> {
    let edges = out.dependencies.iter().map(|edge| format!("{} > {}", edge.from, edge.to));
    out.packages.iter().map(|package| package.purl.clone()).chain(edges).collect()
}

#[test]
fn each_thing_is_a_node_below_the_nearest_owner() {
    let out = resolved(&[
        ("CLAUDE.md", "Be brief.\n"),
        (".mcp.json", r#"{"mcpServers": {"files": {"command": "npx"}}}"#),
        (".claude/settings.json", "{}"),
        ("skills/a/SKILL.md", "---\nname: tidy\nmetadata:\n  version: 2\n---\n"),
        ("skills/a/AGENTS.md", "more of the same skill\n"),
        ("skills/a/.mcp.json", r#"{"servers": {"inner": {}}}"#),
    ]);
    let nodes = [
        "instructions/CLAUDE.md?download_url=file://CLAUDE.md",
        "mcp-server/files?download_url=file://.mcp.json%23/mcpServers/files",
        "mcp-server/inner?download_url=file://skills/a/.mcp.json%23/servers/inner",
        "settings/settings.json?download_url=file://.claude/settings.json",
        "skill/tidy@2?download_url=file://skills/a",
        "workspace/workspace?download_url=file://.",
    ];
    let edges = [(4, 2), (5, 0), (5, 1), (5, 3), (5, 4)]
        .map(|(from, to)| format!("pkg:generic/{} > pkg:generic/{}", nodes[from], nodes[to]));
    let nodes = nodes.map(|node| format!("pkg:generic/{node}"));
    assert_eq!(shown(&out), nodes.into_iter().chain(edges).collect::<Vec<_>>());
}
