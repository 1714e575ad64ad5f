"""Well-known packages, through the ordinary clients of their registries, pinned by version and digest.

Lists: `npm.txt`, `pypi.txt`, `crates.txt`, a line each `name version sha256`. `registry.py pin LIST` fills in versions
and digests where they are missing (the newest version of today). Nothing of a package is run: npm gets
`--ignore-scripts`, pip takes wheels alone (an sdist would run its build), cargo only downloads.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from cases import Item

LISTS = {"npm": "npm.txt", "pypi": "pypi.txt", "cargo": "crates.txt"}
# The wheels of one platform, so that everybody gets the same file.
PLATFORMS = [
    "manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_26_x86_64", "manylinux_2_24_x86_64",
    "manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux_2_12_x86_64", "manylinux2010_x86_64",
    "manylinux_2_5_x86_64", "manylinux1_x86_64",
]


def download(ecosystem: str, name: str, version: str, to: Path) -> Path:
    """Downloads one package (newest where `version` is empty) into the empty folder `to`.

    Raises `RuntimeError` with the client's last lines where it fails.
    """
    env = dict(os.environ)
    if ecosystem == "npm":
        command = ["npm", "pack", f"{name}@{version or 'latest'}", "--ignore-scripts", "--pack-destination", str(to)]
    elif ecosystem == "pypi":
        env["PIP_FIND_LINKS"] = ""
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"]
        command += ["--implementation", "cp", "--python-version", "3.12", "--dest", str(to)]
        command += [word for platform in PLATFORMS for word in ("--platform", platform)]
        command += [f"{name}=={version}" if version else name]
    else:
        env["CARGO_HOME"] = str(to / "home")
        command = ["cargo", "info", "--registry", "crates-io", f"{name}@{version}" if version else name]
    ran = subprocess.run(command, env=env, cwd=to, capture_output=True, text=True, timeout=600, check=False)
    found = [p for p in to.rglob("*") if p.suffix in (".tgz", ".whl", ".crate")]
    if len(found) != 1:
        last = " / ".join((ran.stderr or ran.stdout).strip().splitlines()[-2:])
        raise RuntimeError(f"{command[0]} gave {len(found)} archives for {name} {version}: {last}")
    return found[0]


def version_of(ecosystem: str, file: Path, name: str) -> str:
    """The version in an archive's file name."""
    if ecosystem == "pypi":
        return file.name.split("-")[1]
    flat = name.replace("/", "-").lstrip("@")
    return file.name.removeprefix(f"{flat}-").rsplit(".", 1)[0]


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def obtain(ecosystem: str, name: str, version: str, digest: str, cache: Path, online: bool) -> tuple[Path, str, str]:
    """The archive in the cache, its version and digest; downloaded where it is not there yet."""
    if digest and (found := sorted(cache.glob(f"{ecosystem}/{digest}/*"))):
        return found[0], version, digest
    if not online:
        raise RuntimeError(f"{name} {version} is not in the cache, and downloads are off")
    with tempfile.TemporaryDirectory(prefix="compare-") as work:
        file = download(ecosystem, name, version, Path(work))
        got = sha256(file)
        if digest and got != digest:
            raise RuntimeError(f"{name} {version} has sha256 {got}, the list says {digest}")
        target = cache / ecosystem / got / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    return target, version or version_of(ecosystem, target, name), got


def lines(file: Path) -> list[tuple[str, str, str]]:
    """Name, version, digest of each line; what is missing is empty."""
    rows = (line.split("#")[0].split() for line in file.read_text().splitlines())
    return [(*row, "", "")[:3] for row in rows if row]


def popular(lists: Path, cache: Path, download: bool) -> tuple[list[Item], list[str]]:
    """The items of all lists, and what could not be had and why."""
    items, missing = [], []
    for ecosystem, listed in LISTS.items():
        for name, version, digest in lines(lists / listed):
            try:
                if not digest:
                    raise RuntimeError(f"{name} has no version and digest in {listed}; run `registry.py pin {listed}`")
                file, _, _ = obtain(ecosystem, name, version, digest, cache, download)
            except (RuntimeError, OSError, subprocess.TimeoutExpired) as e:
                missing.append(f"{ecosystem} {name}: {e}")
                continue
            id = f"popular/{ecosystem}/{name}@{version}"
            items.append(Item(id, "popular", ecosystem, ecosystem, False, "", name, version, path=file))
    return items, missing


def pin(file: Path, cache: Path) -> None:
    """Completes a list in place."""
    ecosystem = next(e for e, listed in LISTS.items() if listed == file.name)
    head = [line for line in file.read_text().splitlines() if line.startswith("#")]
    rows = []
    for name, version, digest in lines(file):
        try:
            _, found, digest = obtain(ecosystem, name, version, digest, cache, True)
            # `cargo info` takes a pre-release for the newest.
            if not version and "-" in found.split("+")[0]:
                raise RuntimeError(f"{name} {found} is a pre-release; write the version that is wanted into {file.name}")
            version = found
        except (RuntimeError, subprocess.TimeoutExpired) as e:
            print(e, file=sys.stderr)
            digest = ""
        rows.append(f"{name} {version} {digest}".strip())
    file.write_text("\n".join(head + sorted(rows)) + "\n")


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4) or sys.argv[1] != "pin":
        sys.exit("usage: registry.py pin LIST [CACHE]")
    root = Path(__file__).resolve().parent.parent.parent
    pin(Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) == 4 else root / "target/compare/packages")
