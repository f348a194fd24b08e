"""The one way a file of a results folder comes to be: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sim.errors import StoreError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write to; it takes the name only if the body succeeds.

    Raises
    ------
    StoreError
        The file cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        _to_disk(beside)
        beside.replace(path)
        if os.name == "posix":
            # The rename itself lives in the folder.
            _to_disk(path.parent)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        # After a failure to make the folder there is nothing to remove, and no folder to look in.
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def remove_leftovers(path: Path) -> None:
    """Remove what killed writers of ``path`` left beside it.

    Only for whoever alone may write ``path``.
    """
    for leftover in path.parent.glob(f".{path.name}.*.tmp"):
        leftover.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; raises StoreError."""
    with replacing(path) as beside:
        beside.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text with Unix line ends, whole or not at all; raises StoreError."""
    write_bytes(path, text.encode("utf-8"))


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
