"""The scanners, each as a black box: its command line, and what its output means.

A record is `{"status": "ok" | "error" | "timeout", "wall": s, "cpu": s, ...}` with what the rules of `VIEWS` need.
"""

import hashlib
import json
import os
import resource
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from cases import Item

SEVERITIES = ["INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"]
PACKAGES = {"npm": "npm", "pypi": "pypi", "cargo": "crates"}


def run(command: list[str], timeout: float, env: dict[str, str] | None = None) -> dict:
    """Runs one process at low priority; gives its exit code, output and seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(
            ["nice", "-n", "15", *command], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            env={**os.environ, **(env or {})}, start_new_session=True,
        )
        try:
            code, status = child.wait(timeout), "ok"
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            code, status = child.wait(), "timeout"
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        out.seek(0)
        err.seek(0)
        return {
            "status": status, "code": code, "stdout": out.read(), "stderr": err.read().decode("utf-8", "replace"),
            "wall": round(time.monotonic() - start, 3),
            "cpu": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 3),
        }


def failed(ran: dict, why: str) -> dict:
    """The record of a scan that gave no answer."""
    status = ran["status"] if ran["status"] != "ok" else "error"
    return {"status": status, "wall": ran["wall"], "cpu": ran["cpu"], "why": f"exit {ran['code']}: {why}"[:300]}


class Scanner:
    """One scanner. `knows` says whether it reads this kind of thing at all."""

    name = ""
    batch = 1

    def __init__(self, binary: str, timeout: float) -> None:
        self.binary, self.timeout = binary, timeout
        shown = run([binary, "--version"], 120)
        words = (shown["stdout"].decode("utf-8", "replace").strip() or shown["stderr"].strip()).split()
        self.version = words[-1] if words else "unknown"

    def knows(self, item: Item) -> bool:
        raise NotImplementedError

    def scan(self, items: list[Item], work: Path) -> list[dict]:
        """One record for each item, in order."""
        return [self.one(item, work / str(i)) for i, item in enumerate(items)]

    def one(self, item: Item, work: Path) -> dict:
        raise NotImplementedError


class Cisco(Scanner):
    """`skill-scanner` with every analyser that needs neither a model nor a service."""

    name = "cisco-ai-skill-scanner"
    batch = 40
    flags = ["--format", "json", "--compact", "--use-behavioral", "--use-trigger"]

    def knows(self, item: Item) -> bool:
        return item.ecosystem == "skill"

    def scan(self, items: list[Item], work: Path) -> list[dict]:
        # Its start takes longer than a scan: one process reads a folder of many, and its own clock counts for each.
        roots = [item.folder(work / "all" / f"{i:04}") for i, item in enumerate(items)]
        ran = run([self.binary, "scan-all", str(work / "all"), "--recursive", *self.flags], self.timeout * len(items))
        try:
            found = {r["skill_path"]: r for r in json.loads(ran["stdout"])["results"]}
        except (ValueError, KeyError, TypeError):
            found = {}
        records = []
        for i, (item, root) in enumerate(zip(items, roots)):
            seen = found.get(str(root)) or found.get(str(root.resolve()))
            if seen is None:
                records.append(self.one(item, work / f"alone-{i}"))
            else:
                records.append(self.read(seen, seen["duration_ms"] / 1000, round(ran["cpu"] / len(items), 3)))
        return records

    def one(self, item: Item, work: Path) -> dict:
        ran = run([self.binary, "scan", str(item.folder(work)), *self.flags], self.timeout)
        try:
            seen = json.loads(ran["stdout"])
            return {**self.read(seen, ran["wall"], ran["cpu"]), "alone": True}
        except (ValueError, KeyError, TypeError):
            return failed(ran, ran["stderr"].strip()[-200:])

    @staticmethod
    def read(seen: dict, wall: float, cpu: float) -> dict:
        counts: dict[str, int] = {}
        for finding in seen["findings"]:
            counts[finding["severity"]] = counts.get(finding["severity"], 0) + 1
        return {"status": "ok", "wall": wall, "cpu": cpu, "severities": dict(sorted(counts.items()))}


class Guarddog(Scanner):
    """`guarddog` on an archive as the registry hands it out."""

    name = "guarddog"

    def knows(self, item: Item) -> bool:
        return item.ecosystem in PACKAGES

    def one(self, item: Item, work: Path) -> dict:
        archive = item.archive(work)
        ran = run(
            [self.binary, "--log-level", "error", PACKAGES[item.ecosystem], "scan", str(archive), "--output-format", "json"],
            self.timeout,
        )
        try:
            seen = json.loads(ran["stdout"])
            return {
                "status": "ok", "wall": ran["wall"], "cpu": ran["cpu"], "issues": seen["issues"],
                "label": (seen.get("risk_score") or {}).get("label", ""),
                "score": (seen.get("risk_score") or {}).get("score", 0),
                "errors": sorted(seen.get("errors") or {}),
            }
        except (ValueError, KeyError, TypeError):
            return failed(ran, ran["stderr"].strip()[-200:])


# Without an advisory database bomvet denies every package, and an old one is denied too. Known vulnerabilities are
# not what is compared, so it gets one record a registry that fits no package, and the time of that record.
DATABASE_TIME = "2026-01-01T00:00:00Z"
EPOCH = "1767225600"


def placeholder_database(folder: Path) -> Path:
    """Writes advisories of a package that nobody has."""
    folder.mkdir()
    for ecosystem in ("npm", "PyPI", "crates.io"):
        affected = [{"package": {"ecosystem": ecosystem, "name": "compare-placeholder"}, "versions": ["0.0.1"]}]
        record = {
            "schema_version": "1.6.0", "id": f"COMPARE-{ecosystem}", "modified": DATABASE_TIME,
            "summary": "placeholder", "affected": affected,
        }
        (folder / f"{ecosystem}.json").write_text(json.dumps(record))
    return folder


class Bomvet(Scanner):
    """`bomvet check --no-deps --offline`: folder for skills, servers and workspaces, archive for packages."""

    name = "bomvet"

    def __init__(self, binary: str, timeout: float) -> None:
        super().__init__(binary, timeout)
        # Builds share a version number while it is worked on; their bytes do not.
        self.version += "+" + hashlib.sha256(Path(binary).read_bytes()).hexdigest()[:12]
        self.home = tempfile.TemporaryDirectory(prefix="compare-bomvet-")
        self.database = placeholder_database(Path(self.home.name) / "advisories")

    def knows(self, item: Item) -> bool:
        return True

    def one(self, item: Item, work: Path) -> dict:
        target = item.archive(work) if item.ecosystem in PACKAGES else item.folder(work)
        env = {
            "BOMVET_STORE": f"{self.home.name}/store", "XDG_CONFIG_HOME": f"{self.home.name}/config", "SOURCE_DATE_EPOCH": EPOCH,
        }
        command = [self.binary, "check", str(target), "--no-deps", "--offline", "--format", "json", "--db", str(self.database)]
        ran = run(command, self.timeout, env)
        try:
            seen = json.loads(ran["stdout"])
            denied = [p for p in seen["packages"] if p["verdict"] == "deny"]
            rules = sorted({r["rule"] for p in denied for r in p["reasons"]})
            return {"status": "ok", "wall": ran["wall"], "cpu": ran["cpu"], "verdict": seen["verdict"], "rules": rules}
        except (ValueError, KeyError, TypeError):
            return failed(ran, ran["stderr"].strip()[-200:])


def at_least(severity: str):
    """Denied if a finding is at least this severe."""
    return lambda r: any(SEVERITIES.index(s) >= SEVERITIES.index(severity) for s in r["severities"] if s in SEVERITIES)


# Rules of bomvet that say "not known" or "not wanted", not "harmful".
NOT_MALICE = ("gap/", "needs-review", "advisory/", "discover/", "policy/")


def for_malice(record: dict) -> bool:
    """Denied by bomvet for at least one reason that says harm."""
    return record["verdict"] == "deny" and any(not rule.startswith(NOT_MALICE) for rule in record["rules"])


def for_review(record: dict) -> bool:
    """Denied by bomvet, and the reasons are `needs-review` alone."""
    return record["verdict"] == "deny" and all(rule.endswith("needs-review") for rule in record["rules"])


# How a record becomes "denied": one stated rule a line of the tables. The first of a scanner is its main one.
VIEWS = [
    ("cisco HIGH+", Cisco, "a finding of severity HIGH or CRITICAL", at_least("HIGH")),
    ("cisco MEDIUM+", Cisco, "a finding of severity MEDIUM or above", at_least("MEDIUM")),
    ("cisco any", Cisco, "any finding, INFO too", lambda r: bool(r["severities"])),
    ("guarddog any", Guarddog, "`issues` above 0, as `--exit-non-zero-on-finding` counts", lambda r: r["issues"] > 0),
    ("guarddog risk", Guarddog, "a risk score above 0", lambda r: r["score"] > 0),
    (
        "guarddog suspicious", Guarddog, "a risk label worse than `low`",
        lambda r: r["label"] not in ("", "no_risks_detected", "low"),
    ),
    ("bomvet", Bomvet, "verdict `deny`, for whatever reason", lambda r: r["verdict"] == "deny"),
    ("bomvet malice", Bomvet, "verdict `deny`, and for more than `needs-review`, gaps and advisories", for_malice),
    ("bomvet review", Bomvet, "verdict `deny` for `needs-review` alone: the share handed to a reviewer", for_review),
]
