#!/usr/bin/env python3
"""Tests of what turns records into figures, and cases into what is scanned."""

import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import cases
import registry
import report
import scanners


def item(id: str, bad: bool, pair: str) -> cases.Item:
    return cases.Item(id, "corpus", "pypi", "flow", bad, pair, "demo", "1.0.0", {"setup.py": b"x"})


class Figures(unittest.TestCase):
    def test_a_pair_counts_only_if_one_side_is_denied_and_the_other_not(self):
        items = [item(f"{p}{s}", s == "b", p) for p in "123" for s in "bg"]
        denied = {"1b", "2b", "2g"}
        records = {i.id: {"status": "ok", "wall": 1.0, "cpu": 0.5, "deny": i.id in denied} for i in items}
        got = report.figures(items, records, lambda r: r["deny"])
        self.assertEqual((got.bad, got.caught, got.good, got.false, got.pairs, got.told_apart), (3, 2, 3, 1, 3, 1))

    def test_no_answer_is_a_miss_and_no_false_denial(self):
        items = [item("b", True, "1"), item("g", False, "1")]
        records = {"b": {"status": "ok", "wall": 1, "cpu": 1}, "g": {"status": "timeout", "wall": 9, "cpu": 9}}
        got = report.figures(items, records, lambda r: True)
        self.assertEqual((got.caught, got.false, got.told_apart, got.no_answer), (1, 0, 0, 1))

    def test_unknown_things_have_no_figures(self):
        self.assertIsNone(report.figures([item("b", True, "")], {}, lambda r: True))

    def test_a_review_is_no_malice(self):
        view = {v[0]: v[3] for v in scanners.VIEWS}
        review = {"verdict": "deny", "rules": ["gap/needs-review"]}
        self.assertTrue(view["bomvet"](review))
        self.assertFalse(view["bomvet malice"](review))
        self.assertTrue(view["bomvet malice"]({"verdict": "deny", "rules": ["gap/needs-review", "install/exfiltrate"]}))
        self.assertTrue(view["bomvet review"](review))
        self.assertFalse(view["bomvet review"]({"verdict": "deny", "rules": ["gap/not-seen"]}))

    def test_behind_names_only_what_is_worse(self):
        better = {"caught": 2, "bad": 2, "false": 1, "good": 2, "told_apart": 1, "pairs": 2, "seconds_median": 0.1}
        worse = {**better, "caught": 1, "seconds_median": 1.0}
        self.assertEqual(report.behind({"T": {"bomvet": better, "other": worse}}), [])
        (line,) = report.behind({"T": {"bomvet": worse, "other": better}})
        self.assertIn("recall (1 of 2 against 2 of 2), seconds per item", line)


class Cases(unittest.TestCase):
    def test_an_archive_is_the_same_each_time_and_has_one_top_folder(self):
        with tempfile.TemporaryDirectory() as a, tempfile.TemporaryDirectory() as b:
            first, second = item("b", True, "").archive(Path(a)), item("b", True, "").archive(Path(b))
            self.assertEqual(first.read_bytes(), second.read_bytes())
            with tarfile.open(first) as tar:
                self.assertEqual(tar.getnames(), ["demo-1.0.0/PKG-INFO", "demo-1.0.0/setup.py"])

    def test_a_path_that_leaves_is_refused(self):
        for name in ("../x", "/x", "a/../../x"):
            self.assertRaises(ValueError, cases.safe, name)

    def test_every_case_of_the_tree_is_read_and_has_its_own_digest(self):
        items = cases.corpus(Path(__file__).resolve().parent.parent.parent / "fixtures")
        self.assertGreater(len(items), 100)
        self.assertEqual(len({i.id for i in items}), len(items))
        self.assertEqual(len({(i.digest) for i in items}), len(items))

    def test_every_listed_package_is_pinned(self):
        for ecosystem, file in registry.LISTS.items():
            for name, version, digest in registry.lines(Path(__file__).parent / file):
                self.assertTrue(version and len(digest) == 64, f"{ecosystem} {name}")


if __name__ == "__main__":
    unittest.main()
