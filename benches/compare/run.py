#!/usr/bin/env python3
"""Runs several scanners over the same things and compares what they say. See README.md.

Nothing that is scanned is ever run or built; scanners run one after the other, at low priority.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import cases
import registry
import report
import scanners

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Key of the record of one item scanned alone, by a scanner that otherwise gets many at once.
START = "#one-alone"
GROUPS = ["corpus", "held-out", "incidents", "skills", "popular"]


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description="Compares scanners on the labelled corpus, real skills and well-known packages")
    p.add_argument("--cache", type=Path, default=ROOT / "target/compare", help="folder for downloads and for results that are kept")
    p.add_argument("--output", type=Path, help="folder for results.json and results.md; the cache by default")
    p.add_argument("--cisco", help="path of `skill-scanner`; left out where not given")
    p.add_argument("--guarddog", help="path of `guarddog`; left out where not given")
    p.add_argument("--bomvet", help="path of `bomvet`; left out where not given")
    p.add_argument("--skills", type=Path, help="folder with real, honest skills; left out where not given")
    p.add_argument("--only", default=",".join(GROUPS), help=f"groups, with commas: {', '.join(GROUPS)}")
    p.add_argument("--timeout", type=float, default=300, help="seconds for one item")
    p.add_argument("--no-download", action="store_true", help="take well-known packages from the cache alone")
    p.add_argument("--report-only", action="store_true", help="scan nothing, report what is kept")
    return p.parse_args()


class Kept:
    """Results of one scanner, in one file, by item and content hash."""

    def __init__(self, folder: Path, scanner: scanners.Scanner) -> None:
        self.file = folder / f"{scanner.name}-{scanner.version}.json"
        self.records: dict[str, dict] = json.loads(self.file.read_text()) if self.file.exists() else {}

    def save(self) -> None:
        part = self.file.with_suffix(".part")
        part.write_text(json.dumps(self.records, indent=0, sort_keys=True))
        part.replace(self.file)


def key(item: cases.Item) -> str:
    return f"{item.id}@{item.digest}"


def scan(scanner: scanners.Scanner, items: list[cases.Item], kept: Kept) -> None:
    """Scans what has no kept result yet."""
    todo = [i for i in items if scanner.knows(i) and key(i) not in kept.records]
    print(f"{scanner.name} {scanner.version}: {len(todo)} to scan", file=sys.stderr, flush=True)
    for start in range(0, len(todo), scanner.batch):
        part = todo[start : start + scanner.batch]
        with tempfile.TemporaryDirectory(prefix="compare-") as work:
            for item, record in zip(part, scanner.scan(part, Path(work))):
                kept.records[key(item)] = record
        if scanner.batch > 1 or start % 20 == 0 or start + scanner.batch >= len(todo):
            kept.save()
            print(f"  {min(start + scanner.batch, len(todo))}/{len(todo)}", file=sys.stderr, flush=True)
    first = next((i for i in items if scanner.knows(i)), None)
    if scanner.batch > 1 and first and START not in kept.records:
        with tempfile.TemporaryDirectory(prefix="compare-") as work:
            kept.records[START] = scanner.one(first, Path(work))
        kept.save()


def main() -> int:
    args = arguments()
    wanted = args.only.split(",")
    if unknown := [g for g in wanted if g not in GROUPS]:
        print(f"no such group: {', '.join(unknown)}; there are {', '.join(GROUPS)}", file=sys.stderr)
        return 2
    args.cache.mkdir(parents=True, exist_ok=True)
    items, notes = [i for i in cases.corpus(ROOT / "fixtures") if i.group in wanted], []
    if "skills" in wanted:
        if args.skills:
            items += cases.skills(args.skills)
        else:
            notes.append("real skills were left out: no `--skills`")
    if "popular" in wanted:
        found, missing = registry.popular(HERE, args.cache / "packages", download=not args.no_download)
        items += found
        notes += missing
    kinds = {"cisco": scanners.Cisco, "guarddog": scanners.Guarddog, "bomvet": scanners.Bomvet}
    results: dict[str, dict[str, dict]] = {}
    versions: dict[str, str] = {}
    starts: dict[str, dict] = {}
    for name, kind in kinds.items():
        if not (binary := getattr(args, name)):
            notes.append(f"{name} was left out: no `--{name}`")
            continue
        scanner = kind(binary, args.timeout)
        kept = Kept(args.cache, scanner)
        if not args.report_only:
            scan(scanner, items, kept)
        results[scanner.name] = {i.id: kept.records[key(i)] for i in items if key(i) in kept.records}
        unseen = sum(scanner.knows(i) and key(i) not in kept.records for i in items)
        if unseen:
            notes.append(f"{name}: {unseen} items have no result yet")
        versions[scanner.name] = scanner.version
        if START in kept.records:
            starts[scanner.name] = kept.records[START]
    output = args.output or args.cache
    output.mkdir(parents=True, exist_ok=True)
    text = report.write(output, items, results, versions, starts, notes)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
