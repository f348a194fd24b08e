"""The manifest of a batch: what was run, how and with which versions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.errors import StoreError
from sim.record.schema import FORMAT
from sim.record.writer import write_text

FILE = "manifest.json"


def write_manifest(folder: Path, content: Mapping[str, Any]) -> None:
    """Write ``manifest.json`` with the format of the tables as its first entry."""
    whole = {"format": FORMAT, **{key: value for key, value in content.items() if key != "format"}}
    text = json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False)
    write_text(folder / FILE, text + "\n")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a batch.

    Raises
    ------
    StoreError
        There is none, it cannot be read, or a newer version wrote it.
    """
    path = folder / FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StoreError(f"{folder}: no batch here ({FILE} is missing)") from None
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: cannot be read: {error}") from error
    if not isinstance(content, dict) or not isinstance(content.get("format"), int):
        raise StoreError(f"{path}: not the manifest of a batch")
    check_format(path, content["format"])
    return content


def says_otherwise(path: Path, text: str) -> bool:
    """Whether a file of a batch is there and says something else."""
    try:
        return path.read_text(encoding="utf-8") != text
    except (OSError, UnicodeDecodeError):
        return False


def check_format(path: Path, found: int) -> None:
    """Refuse a file that a newer version wrote; raises StoreError."""
    if found > FORMAT:
        raise StoreError(
            f"{path}: written in format {found}; this version reads up to format {FORMAT}"
        )
