"""One finished run as bytes: the same run gives the same bytes, and a torn one is noticed.

Layout: magic, BLAKE2b of the rest, length of the header (4 bytes), header (JSON), zlib body. The
body holds the raw little-endian columns one after the other; text is stored as codes into a list
of its distinct values in the header.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import StoreError

Columns = dict[str, NDArray[Any]]

MAGIC = b"EVRUN\x01"
DIGEST_BYTES = 16
_LENGTH = struct.Struct("<I")
_START = len(MAGIC) + DIGEST_BYTES
# Level 1: most of the saving at a fifth of the time of the default.
_LEVEL = 1
_KINDS = "biuf"


@dataclass(frozen=True)
class RunRecord:
    """What one run leaves behind.

    Attributes
    ----------
    number
        Place of the run in the canonical order.
    status
        ``ok`` or ``failed``.
    error
        Why it failed, else empty.
    tables
        Columns by table and name; equal lengths within a table. Booleans, integers, floats, text.
    """

    number: int
    status: str = "ok"
    error: str = ""
    tables: dict[str, Columns] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return the run as bytes.

        Raises
        ------
        StoreError
            A column is neither numbers nor text, or has another length than its table.
        """
        body: list[bytes] = []
        tables: dict[str, list[dict[str, Any]]] = {}
        for table, columns in self.tables.items():
            lengths = {len(values) for values in columns.values()}
            if len(lengths) > 1:
                raise StoreError(f"table {table}: its columns have lengths {sorted(lengths)}")
            tables[table] = [_pack(table, name, columns[name], body) for name in columns]
        header = json.dumps(
            {
                "number": int(self.number),
                "status": self.status,
                "error": self.error,
                "tables": tables,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode("utf-8")
        rest = _LENGTH.pack(len(header)) + header + zlib.compress(b"".join(body), _LEVEL)
        return MAGIC + _digest(rest) + rest

    @staticmethod
    def decode(payload: bytes) -> RunRecord:
        """Read a run back.

        Raises
        ------
        StoreError
            The bytes are torn or no run.
        """
        if not intact(payload):
            raise StoreError("a stored run is torn: its checksum does not match")
        rest = memoryview(payload)[_START:]
        (length,) = _LENGTH.unpack(rest[: _LENGTH.size])
        head = _LENGTH.size + length
        header = json.loads(bytes(rest[_LENGTH.size : head]))
        body = zlib.decompress(rest[head:])
        tables: dict[str, Columns] = {}
        start = 0
        for table, columns in header["tables"].items():
            unpacked: Columns = {}
            for column in columns:
                dtype = np.dtype(column["dtype"])
                values: NDArray[Any] = np.frombuffer(body, dtype, column["length"], start)
                start += values.nbytes
                if "levels" in column:
                    # Without levels there are no rows; an empty list would be float64.
                    values = np.array(column["levels"] or [""])[values]
                else:
                    values = values.copy()
                unpacked[column["name"]] = values
            tables[table] = unpacked
        return RunRecord(header["number"], header["status"], header["error"], tables)


def intact(payload: bytes) -> bool:
    """Tell whether these bytes are a whole run."""
    return (
        len(payload) > _START + _LENGTH.size
        and payload[: len(MAGIC)] == MAGIC
        and payload[len(MAGIC) : _START] == _digest(memoryview(payload)[_START:])
    )


def _digest(content: bytes | memoryview) -> bytes:
    return hashlib.blake2b(content, digest_size=DIGEST_BYTES).digest()


def _pack(table: str, name: str, values: NDArray[Any], body: list[bytes]) -> dict[str, Any]:
    values = np.asarray(values)
    entry: dict[str, Any] = {"name": name, "length": len(values)}
    if values.dtype.kind in "UO":
        texts = values.tolist()
        if values.dtype.kind == "O" and not all(isinstance(text, str) for text in texts):
            raise StoreError(f"table {table}: column {name} holds something that is no text")
        levels = sorted(set(texts))
        code = {text: number for number, text in enumerate(levels)}
        entry["levels"] = levels
        values = np.array([code[text] for text in texts], dtype=np.uint32)
    elif values.dtype.kind not in _KINDS:
        raise StoreError(f"table {table}: column {name} has type {values.dtype}")
    raw = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    entry["dtype"] = raw.dtype.str
    body.append(raw.tobytes())
    return entry
