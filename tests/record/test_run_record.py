import hashlib
import json
import struct
import zlib

import numpy as np
import pytest
import run_rows

from sim.errors import StoreError
from sim.record import RunRecord
from sim.record.run_record import intact


def test_a_run_comes_back_as_it_was():
    made = run_rows.record(4)
    back = RunRecord.decode(made.encode())
    assert (back.number, back.status, back.error) == (4, "ok", "")
    assert list(back.tables) == list(made.tables)
    for name, columns in made.tables.items():
        assert list(back.tables[name]) == list(columns)
        for column, values in columns.items():
            np.testing.assert_array_equal(back.tables[name][column], values)
            assert back.tables[name][column].dtype.kind == values.dtype.kind


def test_the_same_run_gives_the_same_bytes_whatever_its_memory_layout():
    made = run_rows.record(5)
    other = {
        name: {
            column: values.astype(object) if values.dtype.kind == "U" else np.repeat(values, 2)[::2]
            for column, values in columns.items()
        }
        for name, columns in made.tables.items()
    }
    swapped = {
        name: {
            column: values.astype(values.dtype.newbyteorder(">")) for column, values in each.items()
        }
        for name, each in made.tables.items()
    }
    assert RunRecord(5, "ok", "", other).encode() == made.encode()
    assert RunRecord(5, "ok", "", swapped).encode() == made.encode()


def test_a_failed_run_needs_no_tables():
    back = RunRecord.decode(RunRecord(3, "failed", "prices: “no”\n convergence").encode())
    assert back == RunRecord(3, "failed", "prices: “no”\n convergence", {})


def test_any_torn_byte_is_noticed():
    payload = run_rows.record(1).encode()
    rng = np.random.default_rng(0)
    torn = [payload[:-1], payload + b"x", b"", payload[:10], payload[: len(payload) // 2]]
    for place in rng.integers(0, len(payload), 50):
        changed = bytearray(payload)
        changed[place] ^= 1
        torn.append(bytes(changed))
    for each in torn:
        assert not intact(each)
        with pytest.raises(StoreError, match="torn"):
            RunRecord.decode(each)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": np.zeros(2), "b": np.zeros(3)}, r"lengths \[2, 3\]"),
        ({"a": np.array([None, "x"], dtype=object)}, "no text"),
        ({"a": np.zeros(2, dtype=complex)}, "complex128"),
    ],
)
def test_what_is_no_table_is_refused(columns, message):
    with pytest.raises(StoreError, match=message):
        RunRecord(0, "ok", "", {"market": columns}).encode()


def older(made):
    """A run in the layout of the first versions: raw columns one after the other."""
    body, tables = [], {}
    for table, columns in made.tables.items():
        tables[table] = []
        for name, values in columns.items():
            entry = {"name": name, "length": len(values)}
            raw = values
            if values.dtype.kind == "U":
                entry["levels"], raw = np.unique(values, return_inverse=True)
                entry["levels"], raw = entry["levels"].tolist(), raw.astype(np.uint32)
            entry["dtype"] = raw.dtype.str
            tables[table].append(entry)
            body.append(raw.tobytes())
    head = {"number": made.number, "status": "ok", "error": "", "tables": tables}
    text = json.dumps(head).encode()
    rest = struct.pack("<I", len(text)) + text + zlib.compress(b"".join(body))
    return b"EVRUN\x01" + hashlib.blake2b(rest, digest_size=16).digest() + rest


def test_runs_of_the_first_layout_are_still_read():
    made = run_rows.record(4)
    back = RunRecord.decode(older(made))
    for name, columns in made.tables.items():
        for column, values in columns.items():
            np.testing.assert_array_equal(back.tables[name][column], values)


def test_every_bit_of_a_number_comes_back():
    rng = np.random.default_rng(2)
    bits = rng.integers(0, 2**64, 60, dtype=np.uint64, endpoint=False)
    bits[:6] = [0, 1 << 63, 0x7FF0 << 48, 0xFFF0 << 48, 0x7FF8 << 48, (0x7FF0 << 48) + 1]
    t = np.repeat(np.arange(20, dtype=np.int32), 3)
    columns = {"t": t, "a": bits.view(np.float64), "b": bits.view(np.int64), "c": bits % 2 == 0}
    back = RunRecord.decode(RunRecord(0, "ok", "", {"firms": columns}).encode()).tables["firms"]
    for name, values in columns.items():
        assert back[name].tobytes() == values.tobytes()
        assert back[name].dtype == values.dtype


def test_quarters_of_unequal_length_come_back_in_their_order():
    t = np.array([0, 0, 1, 2, 2], dtype=np.int32)
    columns = {"t": t, "a": np.arange(5.0)}
    back = RunRecord.decode(RunRecord(0, "ok", "", {"events": columns}).encode()).tables["events"]
    assert back["a"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_what_a_column_repeats_is_not_stored_again():
    rng = np.random.default_rng(3)
    one, other = rng.random(4000), rng.random(4000)
    apart = len(RunRecord(0, "ok", "", {"market": {"a": one, "b": other}}).encode())
    twice = RunRecord(0, "ok", "", {"market": {"a": one, "b": one}, "firms": {"c": one}})
    assert len(twice.encode()) < 0.51 * apart
    back = RunRecord.decode(twice.encode())
    back.tables["market"]["b"][0] = 7.0
    assert back.tables["market"]["a"][0] == back.tables["firms"]["c"][0] == one[0]


def test_columns_of_other_types_with_equal_bytes_keep_their_types():
    columns = {"a": np.zeros(4), "b": np.zeros(4, dtype=np.int64), "c": np.array(["x"] * 4)}
    columns["d"] = np.zeros(4, dtype=np.uint32)
    back = RunRecord.decode(RunRecord(0, "ok", "", {"market": columns}).encode())
    assert [v.dtype.kind for v in back.tables["market"].values()] == ["f", "i", "U", "u"]
    assert back.tables["market"]["c"].tolist() == ["x"] * 4
