"""What is scanned: the labelled corpus, real skills, well-known packages.

An item is one thing that a scanner gets to see: one side of a labelled case, one real skill, one archive.
"""

import gzip
import hashlib
import io
import tarfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

ARCHIVE_END = {"npm": ".tgz", "pypi": ".tar.gz", "cargo": ".crate"}


@dataclass
class Item:
    """One thing to scan. `bad` is the label; `files` or `path` holds the content."""

    id: str
    group: str  # corpus, held-out, incidents, skills, popular
    ecosystem: str  # skill, mcp, agent, npm, pypi, cargo
    kind: str  # threat class, or the ecosystem where there is no class
    bad: bool
    pair: str  # id shared by the two sides of a case; empty without a twin
    name: str
    version: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    path: Path | None = None
    _digest: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 over names and contents: results are kept under it, so only what changed is scanned again."""
        if not self._digest:
            h = hashlib.sha256(f"{self.ecosystem}\0{self.name}\0{self.version}\0".encode())
            if self.path is not None and self.path.is_file():
                h.update(self.path.read_bytes())
            else:
                for name, data in sorted(self.content().items()):
                    h.update(f"{name}\0{len(data)}\0".encode() + data)
            self._digest = h.hexdigest()[:32]
        return self._digest

    def content(self) -> dict[str, bytes]:
        """Files by path, of a case or of a folder."""
        if self.path is None:
            return self.files
        return {
            str(p.relative_to(self.path)): p.read_bytes()
            for p in sorted(self.path.rglob("*"))
            if p.is_file() and not p.is_symlink()
        }

    def folder(self, parent: Path) -> Path:
        """Writes the files to `parent/<name>` and gives that folder."""
        root = parent / safe(self.name)
        for name, data in self.content().items():
            target = root / safe(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return root

    def archive(self, parent: Path) -> Path:
        """The archive as a registry would hand it out: the cached one, or one packed from the case's files."""
        if self.path is not None and self.path.is_file():
            return self.path
        flat = self.name.replace("/", "-").lstrip("@")
        top = "package" if self.ecosystem == "npm" else f"{flat}-{self.version}"
        files = dict(self.files)
        if self.ecosystem == "pypi":
            about = f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\n"
            files.setdefault("PKG-INFO", about.encode())
        raw = io.BytesIO()
        with tarfile.open(fileobj=raw, mode="w") as tar:
            for name, data in sorted(files.items()):
                info = tarfile.TarInfo(f"{top}/{safe(name)}")
                info.size, info.mtime, info.mode = len(data), 1_000_000_000, 0o644
                tar.addfile(info, io.BytesIO(data))
        parent.mkdir(parents=True, exist_ok=True)
        target = parent / f"{flat}-{self.version}{ARCHIVE_END[self.ecosystem]}"
        target.write_bytes(gzip.compress(raw.getvalue(), mtime=0))
        return target


def safe(name: str) -> str:
    """The path if it stays within its folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"path `{name}` of a case leaves its folder")
    return str(path)


def corpus(fixtures: Path) -> list[Item]:
    """The cases of `fixtures/corpus`, and those of `fixtures/malice` as group `incidents`."""
    items: list[Item] = []
    files = sorted((fixtures / "corpus").glob("*/*.toml")) + sorted((fixtures / "malice").glob("*.toml"))
    for file in files:
        try:
            case = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
            raise SystemExit(f"{file}: {e}; mend the case, nothing was scanned") from e
        key = str(file.relative_to(fixtures).with_suffix(""))
        incident = file.parent.name == "malice"
        held = bool(case.get("held_out")) or case.get("set") == "held-out"
        group = "held-out" if held else "incidents" if incident else "corpus"
        paired = "bad" in case and "good" in case
        for side in ("bad", "good"):
            if side not in case:
                continue
            name = case["name"] if side == "bad" else case.get("twin_name", case["name"])
            items.append(
                Item(
                    id=f"{key}#{side}",
                    group=group,
                    ecosystem=case["ecosystem"],
                    kind="incident" if incident else case["class"],
                    bad=side == "bad",
                    pair=key if paired else "",
                    name=name,
                    version=case.get("version", "1.0.0"),
                    files={k: v.encode() for k, v in case[side].items()},
                )
            )
    return items


def skills(root: Path) -> list[Item]:
    """Every folder with a `SKILL.md` below `root`; all are honest."""
    return [
        Item(f"skills/{file.parent.relative_to(root)}", "skills", "skill", "skill", False, "", file.parent.name, path=file.parent)
        for file in sorted(root.rglob("SKILL.md"))
    ]
