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
