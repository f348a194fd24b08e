"""The reader of YAML: what it refuses, with the line, and what it reads a text as."""

import pytest

from sim.errors import InputError
from sim.scenario.reader import MAX_BYTES, MAX_DEPTH, MAX_VALUES, read_text, read_yaml


def refusal(text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(InputError) as caught:
        read_yaml(text, "a.yaml")
    assert {fault.file for fault in caught.value.faults} == {"a.yaml"}
    return [(fault.line, fault.path, fault.expected) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "a mapping"),
        ("# nothing\n", 1, "a mapping"),
        ("null", 1, "a mapping"),
        ("- 1", 1, "a mapping"),
        ("text", 1, "a mapping"),
        ("a: 1\nb: 2\na: 3", 3, "each key once (it stands in line 1 already)"),
        ("a: {x: 1, x: 2}", 1, "each key once"),
        ("a: 1\n'a': 2", 2, "each key once"),
        ("a: &x 1\nb: *x", 1, "no anchors"),
        ("a: 1\nb: *x", 2, "no anchors"),
        ("a: 1\n<<: {b: 2}", 2, "no merge keys"),
        ("a: !!python/object:os.system x", 1, "no tags"),
        ("a: !x\n  b: 1", 1, "no tags"),
        ("a: !!int 3", 1, "no tags"),
        ("a: 1\n!!str b: 1", 2, "no tags"),
        ("a: ! x", 1, "no tags"),
        ("a: 1\n---\nb: 2", 2, "one document"),
        ("a: 1\n? [x, y]\n: 2", 2, "a plain key"),
        ("a: 1\n? {x: y}\n: 2", 2, "a plain key"),
        ("a: [1, 2", 1, "YAML"),
        ("a: 1\n b: 2", 2, "YAML"),
        ("a: 1\n\tb: 2", 2, "YAML"),
        ("a: 'open", 1, "YAML"),
        ("a: 1\nb: \x07", 2, "YAML"),
        ("a: .nan", 1, "a finite number"),
        ("a: -.INF", 1, "a finite number"),
        ("a: nan", 1, "a finite number"),
        ("a: 1e999", 1, "a finite number"),
        ("a: 1\n" + "b" * 300 + ": 1", 2, "at most 200 letters"),
    ],
)
def test_what_is_refused(text: str, line: int, words: str) -> None:
    found = refusal(text)
    assert any(where == line and words in expected for where, _, expected in found), found


@pytest.mark.parametrize("key", ["a: 1\n!!str b: 1", "a: 1\n<<: {b: 2}", "a: 1\n? [x]\n: 2"])
def test_a_refused_key_does_not_shift_what_follows(key: str) -> None:
    found = refusal(key + "\nc: .nan\n")
    assert len(found) == 2
    assert found[1][1:] == ("c", "a finite number")
    assert found[1][0] == key.count("\n") + 2


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert refusal("\n".join(lines)) == [(1, "", "no anchors and no aliases")]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_depth_has_a_limit(opening: str) -> None:
    text = "a:\n  " + opening * (MAX_DEPTH + 5)
    assert any("levels" in words for _, _, words in refusal(text))


def test_number_of_values_has_a_limit() -> None:
    text = "a: [" + "1," * (MAX_VALUES + 1) + "]"
    assert "values" in refusal(text)[0][2]
    assert len(read_yaml("a: [" + "1," * (MAX_VALUES // 2) + "]", "a.yaml").data["a"]) > 1000


def test_size_has_a_limit(tmp_path) -> None:
    path = tmp_path / "large.yaml"
    path.write_text("a: " + "x" * MAX_BYTES, encoding="utf-8")
    with pytest.raises(InputError, match="at most 1,000,000 bytes"):
        read_text(path, "large.yaml")


def test_text_must_be_utf_8(tmp_path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes("a: ä".encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8 text \\(byte 3 is not\\)"):
        read_text(path, "latin.yaml")
    path.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read_yaml(read_text(path, "bom.yaml"), "bom.yaml").data == {"a": 1}


# YAML 1.2's core schema, without its octal and hexadecimal numbers.
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("-3", -3), ("+4", 4), ("007", 7), ("1.5", 1.5), ("1e-3", 0.001), (".5", 0.5),
        ("1.", 1.0), ("1_000", "1_000"), ("true", True), ("False", False), ("yes", "yes"),
        ("NO", "NO"), ("on", "on"), ("null", None), ("~", None), ("", None), ("'1'", "1"),
        ('"true"', "true"), ("2025Q1", "2025Q1"), ("2025-01-01", "2025-01-01"), ("0x1F", "0x1F"),
        ("12345678901234567890123", 1.2345678901234568e22), ("1:30", "1:30"), ("=", "="),
    ],
)
def test_a_plain_text_is_read_as(text: str, value: object) -> None:
    found = read_yaml(f"a: {text}", "a.yaml").data["a"]
    assert found == value
    assert type(found) is type(value)


def test_places_are_lines_of_keys_and_items() -> None:
    document = read_yaml("a:\n  b: 1\n  c:\n    - x\n    - y\n", "f.yaml")
    assert document.data == {"a": {"b": 1, "c": ["x", "y"]}}
    lines = {path: line for path, (_, line) in document.places.items()}
    assert lines[("a",)] == 1
    assert lines[("a", "b")] == 2
    assert lines[("a", "c")] == 3
    assert lines[("a", "c", "1")] == 5
