import pytest

from sim.errors import StoreError
from sim.record import write_bytes, write_text
from sim.record.writer import replacing


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "new" / "text.txt"
    write_text(path, "eins\nzwei ü\n")
    write_bytes(path, b"drei\n")
    assert path.read_bytes() == b"drei\n"
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "text.txt"
    write_text(path, "old")

    def interrupted():
        with replacing(path) as beside:
            beside.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_a_store_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        write_text(tmp_path / "file" / "text.txt", "x")
