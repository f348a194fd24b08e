"""What a number came from: digests of the sources and versions of the libraries."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
LIBRARIES = ("mesa", "numba", "numpy", "pydantic", "ruamel.yaml", "scipy")


def source_digest(packages: Sequence[str]) -> str:
    """SHA-256 over the names and bytes of the Python files of some packages of ``sim``."""
    digest = hashlib.sha256()
    for package in sorted(packages):
        for path in sorted((PACKAGE / package).glob("*.py")):
            digest.update(f"{package}/{path.name}".encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def files_digest(names: Sequence[str]) -> str:
    """SHA-256 over the bytes of some files of ``sim``, named from there."""
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(name.encode() + b"\0" + (PACKAGE / name).read_bytes() + b"\0")
    return digest.hexdigest()


def library_versions() -> dict[str, str]:
    """Versions of Python and of the libraries that make numbers."""
    found = {name: version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), **found}
