"""One finished run as bytes: the same run gives the same bytes, and a torn one is noticed.

Layout: magic, BLAKE2b of the rest, length of the header (4 bytes), header (JSON), zlib body. The
body holds the little-endian columns one after the other; text is stored as codes into a list of
its distinct values in the header. What a column holds that an earlier one holds too is not stored
again. Within a column the first bytes of all numbers stand first, then all second bytes, and so
on, each firm's quarters together: neighbours are then alike, where a number's own bytes are not.
Bodies of an older layout, numbers one after the other, are read too.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import StoreError

Columns = dict[str, NDArray[Any]]

MAGIC = b"EVRUN\x02"
OLDER_MAGIC = b"EVRUN\x01"
DIGEST_BYTES = 16
_LENGTH = struct.Struct("<I")
_START = len(MAGIC) + DIGEST_BYTES
# Bytes of one place repeat or are noise; looking for anything but repeats takes twice as long.
_ZLIB = (1, zlib.DEFLATED, zlib.MAX_WBITS, 9, zlib.Z_RLE)
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
        body: dict[tuple[str, bytes], int] = {}
        tables: dict[str, list[dict[str, Any]]] = {}
        for table, columns in self.tables.items():
            lengths = {len(values) for values in columns.values()}
            if len(lengths) > 1:
                raise StoreError(f"table {table}: its columns have lengths {sorted(lengths)}")
            rows = _rows_together(columns)
            tables[table] = [_pack(table, name, columns[name], rows, body) for name in columns]
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
        packer = zlib.compressobj(*_ZLIB)
        packed = packer.compress(b"".join(raw for _, raw in body)) + packer.flush()
        rest = _LENGTH.pack(len(header)) + header + packed
        return MAGIC + _digest(rest) + rest

    @staticmethod
    def decode(payload: bytes, text: type = np.str_) -> RunRecord:
        """Read a run back.

        Parameters
        ----------
        text
            Type of text columns; ``object`` shares one text among all rows that hold it.

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
        described = [column for columns in header["tables"].values() for column in columns]
        bodies = _unpacked(described, body)
        taken = [False] * len(bodies)
        tables: dict[str, Columns] = {}
        number = 0
        for table, columns in header["tables"].items():
            unpacked: Columns = {}
            for column in columns:
                which = column.get("body", number)
                values = bodies[which]
                number += 1
                if "levels" in column:
                    # Without levels there are no rows; an empty list would be float64.
                    values = np.array(column["levels"] or [""], dtype=text)[values]
                elif taken[which]:
                    # Two columns of the same numbers are two arrays.
                    values = values.copy()
                else:
                    taken[which] = True
                unpacked[column["name"]] = values
            tables[table] = unpacked
        return RunRecord(header["number"], header["status"], header["error"], tables)


def intact(payload: bytes) -> bool:
    """Tell whether these bytes are a whole run."""
    return (
        len(payload) > _START + _LENGTH.size
        and payload[: len(MAGIC)] in (MAGIC, OLDER_MAGIC)
        and payload[len(MAGIC) : _START] == _digest(memoryview(payload)[_START:])
    )


def _digest(content: bytes | memoryview) -> bytes:
    return hashlib.blake2b(content, digest_size=DIGEST_BYTES).digest()


def _rows_together(columns: Columns) -> int:
    """Rows of one quarter, if all quarters have as many: those of one firm stand so far apart."""
    times = columns.get("t")
    if times is None or len(times) == 0:
        return 1
    rows = int(np.count_nonzero(times == times[0]))
    return rows if len(times) % rows == 0 else 1


def _pack(
    table: str,
    name: str,
    values: NDArray[Any],
    rows: int,
    body: dict[tuple[str, bytes], int],
) -> dict[str, Any]:
    """Describe a column; its bytes go to the end of ``body`` unless they are there already."""
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
    places = raw.view(np.uint8).reshape(-1, rows, raw.itemsize).transpose(2, 1, 0).tobytes()
    entry["dtype"], entry["rows"] = raw.dtype.str, rows
    entry["body"] = body.setdefault((raw.dtype.str, places), len(body))
    return entry


def _unpacked(described: list[dict[str, Any]], body: bytes) -> list[NDArray[Any]]:
    """Numbers of the distinct columns; neighbours of one type and shape are unpacked together."""
    distinct: list[tuple[str, int, int]] = []
    for column in described:
        if column.get("body", len(distinct)) == len(distinct):
            distinct.append((column["dtype"], column["length"], column.get("rows", 0)))
    bodies: list[NDArray[Any]] = []
    start = 0
    for (kind, length, rows), same in groupby(distinct):
        dtype, count = np.dtype(kind), len(list(same))
        shape = (count, dtype.itemsize, rows, length // max(rows, 1))
        if rows == 0:
            numbers = np.frombuffer(body, dtype, count * length, start).copy()
        else:
            places = np.frombuffer(body, np.uint8, count * length * dtype.itemsize, start)
            numbers = np.ascontiguousarray(places.reshape(shape).transpose(0, 3, 2, 1)).view(dtype)
        start += numbers.nbytes
        bodies.extend(numbers.reshape(count, length))
    return bodies
