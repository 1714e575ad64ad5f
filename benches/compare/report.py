"""Figures from the records, as JSON and Markdown."""

import json
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from cases import Item
from scanners import VIEWS

PACKAGES = ("npm", "pypi", "cargo")
# Title, groups and ecosystems of each table.
SECTIONS = [
    ("Skills of the corpus", ("corpus",), ("skill",)),
    ("MCP servers and agent workspaces of the corpus", ("corpus",), ("mcp", "agent")),
    ("Packages of the corpus: PyPI", ("corpus",), ("pypi",)),
    ("Packages of the corpus: npm", ("corpus",), ("npm",)),
    ("Packages of the corpus: Cargo", ("corpus",), ("cargo",)),
    ("Packages after incidents: npm", ("incidents",), ("npm",)),
    ("Packages after incidents: Cargo", ("incidents",), ("cargo",)),
    ("Held out: skills", ("held-out",), ("skill",)),
    ("Held out: MCP servers and agent workspaces", ("held-out",), ("mcp", "agent")),
    ("Held out: packages", ("held-out",), PACKAGES),
    ("Real skills", ("skills",), ("skill",)),
    ("Well-known packages: npm", ("popular",), ("npm",)),
    ("Well-known packages: PyPI", ("popular",), ("pypi",)),
    ("Well-known packages: crates.io", ("popular",), ("cargo",)),
]
CLASSES = [
    ("Skills, by class", ("corpus",), ("skill",)),
    ("MCP servers and agent workspaces, by class", ("corpus",), ("mcp", "agent")),
    ("Packages, by class", ("corpus",), PACKAGES),
]


@dataclass
class Figures:
    """Counts over some items for one rule. Seconds are of the wall clock, but for `cpu_mean`."""

    bad: int = 0
    caught: int = 0
    good: int = 0
    false: int = 0
    pairs: int = 0
    told_apart: int = 0
    no_answer: int = 0
    seconds_median: float = 0.0
    seconds_total: float = 0.0
    cpu_mean: float = 0.0


def figures(items: list[Item], records: dict[str, dict], denied: Callable[[dict], bool]) -> Figures | None:
    """`None` where the scanner has no record of any of the items: it does not know such things, or did not run.

    No answer (error, time-out) counts as not denied, and a pair with one is not told apart.
    """
    seen = [(i, records[i.id]) for i in items if i.id in records]
    if not seen:
        return None
    out, sides = Figures(), {}
    for item, record in seen:
        answered = record["status"] == "ok"
        deny = answered and denied(record)
        out.no_answer += not answered
        if item.bad:
            out.bad, out.caught = out.bad + 1, out.caught + deny
        else:
            out.good, out.false = out.good + 1, out.false + deny
        if item.pair:
            sides.setdefault(item.pair, {})[item.bad] = deny if answered else None
    both = [s for s in sides.values() if len(s) == 2]
    out.pairs, out.told_apart = len(both), sum(s[True] is True and s[False] is False for s in both)
    walls = [r["wall"] for _, r in seen]
    out.seconds_median, out.seconds_total = round(statistics.median(walls), 3), round(sum(walls), 1)
    out.cpu_mean = round(statistics.fmean(r["cpu"] for _, r in seen), 3)
    return out


def share(part: int, whole: int) -> str:
    return f"{part}/{whole} ({100 * part / whole:.0f} %)" if whole else "–"


def table(rows: list[list[str]]) -> str:
    head, *body = rows
    rule = "|".join(["---"] * len(head))
    return "\n".join([f"| {' | '.join(head)} |", f"|{rule}|", *(f"| {' | '.join(r)} |" for r in body)])


def pick(items: list[Item], groups: tuple[str, ...], ecosystems: tuple[str, ...]) -> list[Item]:
    return [i for i in items if i.group in groups and i.ecosystem in ecosystems]


def section(items: list[Item], results: dict[str, dict[str, dict]]) -> tuple[str, dict]:
    rows = [["scanner", "recall", "false denials", "pairs told apart", "no answer", "s/item, median", "s, total", "CPU s/item, mean"]]
    out = {}
    for name, kind, _, denied in VIEWS:
        if kind.name not in results:
            continue
        got = figures(items, results[kind.name], denied)
        out[name] = asdict(got) if got else None
        if not got:
            rows.append([name, *["n/a"] * 7])
            continue
        rows.append([
            name, share(got.caught, got.bad), share(got.false, got.good), share(got.told_apart, got.pairs),
            str(got.no_answer), f"{got.seconds_median:.2f}", f"{got.seconds_total:.1f}", f"{got.cpu_mean:.2f}",
        ])
    return table(rows), out


def classes(items: list[Item], results: dict[str, dict[str, dict]]) -> tuple[str, dict]:
    views = [v for v in VIEWS if any(i.id in results.get(v[1].name, {}) for i in items)]
    rows, out = [["class", *(v[0] for v in views)]], {}
    for kind in sorted({i.kind for i in items}):
        row, of_kind = [kind], [i for i in items if i.kind == kind]
        for name, scanner, _, denied in views:
            got = figures(of_kind, results[scanner.name], denied)
            out.setdefault(kind, {})[name] = asdict(got) if got else None
            cell = f"{got.caught}/{got.bad} · {got.false}/{got.good} · {got.told_apart}/{got.pairs}" if got else "n/a"
            row.append(cell)
        rows.append(row)
    return table(rows), out


def behind(sections: dict[str, dict]) -> list[str]:
    """Lines where another scanner's rule does better than bomvet's verdict."""
    out = []
    for title, rows in sections.items():
        ours = rows.get("bomvet")
        for name, theirs in rows.items():
            if not ours or not theirs or name.startswith("bomvet"):
                continue
            worse = [
                f"{what} ({ours[a]} of {ours[b]} against {theirs[a]} of {theirs[b]})"
                for what, a, b, sign in (
                    ("recall", "caught", "bad", 1), ("false denials", "false", "good", -1), ("pairs", "told_apart", "pairs", 1),
                )
                if ours[b] and theirs[b] and sign * ours[a] * theirs[b] < sign * theirs[a] * ours[b]
            ]
            if ours["seconds_median"] > theirs["seconds_median"]:
                worse.append(f"seconds per item ({ours['seconds_median']} against {theirs['seconds_median']})")
            if worse:
                out.append(f"{title}, {name}: {', '.join(worse)}")
    return out


def reasons(items: list[Item], records: dict[str, dict]) -> str:
    """What bomvet's rules deny honest items for; never of held-out cases."""
    count: dict[str, dict[str, int]] = {}
    for item in items:
        record = records.get(item.id, {})
        if item.bad or item.group == "held-out" or record.get("verdict") != "deny":
            continue
        for rule in record["rules"]:
            group = count.setdefault(rule, {})
            group[item.group] = group.get(item.group, 0) + 1
    rows = sorted(count.items(), key=lambda r: (-sum(r[1].values()), r[0]))
    cells = [[f"`{rule}`", ", ".join(f"{group} {n}" for group, n in sorted(groups.items()))] for rule, groups in rows]
    return table([["rule", "honest items denied"], *cells]) if cells else "None."


def write(
    output: Path, items: list[Item], results: dict[str, dict[str, dict]], versions: dict[str, str],
    starts: dict[str, dict], notes: list[str],
) -> str:
    """Writes `results.json` and `results.md`; gives the Markdown. Held-out cases appear as figures alone."""
    lines, data = ["# Side by side", ""], {"versions": versions, "starts": starts, "notes": notes, "sections": {}, "classes": {}}
    lines += [f"- `{name}` {version}" for name, version in versions.items()]
    lines += ["", "Denied means:", ""]
    lines += [f"- {name}: {rule}" for name, kind, rule, _ in VIEWS if kind.name in results]
    lines += ["", "`n/a`: the scanner does not read such things. No answer: an error or a time-out, counted as not denied."]
    for name, record in starts.items():
        lines.append(f"One item alone takes {name} {record['wall']:.1f} s ({record['cpu']:.1f} s of CPU), its start included; "
                     "the tables have its own clock in one run over many.")
    for title, groups, ecosystems in SECTIONS:
        if some := pick(items, groups, ecosystems):
            text, data["sections"][title] = section(some, results)
            bad = sum(i.bad for i in some)
            lines += ["", f"## {title}", "", f"{len(some)} items, {bad} bad, {len(some) - bad} good.", "", text]
    for title, groups, ecosystems in CLASSES:
        if some := pick(items, groups, ecosystems):
            text, data["classes"][title] = classes(some, results)
            lines += ["", f"## {title}", "", "Recall · false denials · pairs told apart.", "", text]
    if "bomvet" in results:
        data["behind"] = behind(data["sections"])
        lines += ["", "## Where bomvet is behind", "", *([f"- {line}" for line in data["behind"]] or ["Nowhere."])]
        lines += ["", "## Why bomvet denies honest items", "", reasons(items, results["bomvet"])]
    if notes:
        lines += ["", "## Notes", "", *(f"- {note}" for note in notes)]
    data["records"] = {
        i.id: {name: records[i.id] for name, records in results.items() if i.id in records}
        for i in items if i.group != "held-out"
    }
    (output / "results.json").write_text(json.dumps(data, indent=1, sort_keys=True) + "\n")
    text = "\n".join(lines) + "\n"
    (output / "results.md").write_text(text)
    return text
