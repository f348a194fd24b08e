"""Provenance has two doors: scenario reads what a person wrote, record holds what a run wrote."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "sim"
READERS = ("record", "scenario")
WRITERS = ("record",)

READING = {
    "fromfile",
    "genfromtxt",
    "iterdir",
    "loadtxt",
    "read_bytes",
    "read_csv",
    "read_json",
    "read_parquet",
    "read_text",
    "rglob",
}
WRITING = {
    "copyfile",
    "copytree",
    "makedirs",
    "mkdir",
    "rmtree",
    "savetxt",
    "savez",
    "savez_compressed",
    "to_csv",
    "to_json",
    "to_parquet",
    "tofile",
    "touch",
    "unlink",
    "write_bytes",
    "write_text",
}
OPENING = {"fdopen", "mkstemp", "open", "NamedTemporaryFile", "TemporaryDirectory"}
GLOBAL_LUCK = {"seed", "rand", "randn", "randint", "set_state"}


def called_name(call: ast.Call) -> str:
    """Return the last part of the name that is called."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def is_package_data(call: ast.Call) -> bool:
    """Tell whether a call reads a file that is part of the package, such as a style sheet."""
    return ast.unparse(call.func).startswith("files('sim.")


def functions_of_record(tree: ast.Module) -> set[str]:
    """Return the local names of the functions that a module imports from the writer's floor."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.level == 0
        and ((node.module or "") + ".").startswith("sim.record.")
        for alias in node.names
    }


def defined_here(tree: ast.Module) -> set[str]:
    """Return every name that a module gives to a function or a value of its own."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {
        node.name if isinstance(node, functions) else node.id
        for node in ast.walk(tree)
        if isinstance(node, functions)
        or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    }


def returns_text(call: ast.Call) -> bool:
    """Tell whether a data frame is turned into text and not into a file."""
    named = {keyword.arg for keyword in call.keywords}
    return called_name(call) in ("to_csv", "to_json") and not (
        call.args or named & {"path_or_buf", None}
    )


def calls(source: str, names: set[str]) -> Iterator[tuple[int, str]]:
    """Yield line and name of the calls to one of the names, but for those of record's own door."""
    tree = ast.parse(source)
    through_the_door = functions_of_record(tree) - defined_here(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or called_name(node) not in names:
            continue
        of_record = isinstance(node.func, ast.Name) and node.func.id in through_the_door
        if not (of_record or is_package_data(node) or returns_text(node)):
            yield node.lineno, called_name(node)


def outside(packages: tuple[str, ...], names: set[str]) -> list[str]:
    """Return the calls in files of the package that lie outside some of its floors."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        if inside.parts[0] not in packages:
            text = path.read_text(encoding="utf-8")
            found += [f"sim/{inside}:{line}: {name}" for line, name in calls(text, names)]
    return found


def test_only_scenario_and_record_open_and_read_files() -> None:
    assert outside(READERS, OPENING | READING) == []


def test_only_record_writes_files() -> None:
    assert outside(WRITERS, WRITING) == []


def test_no_module_uses_a_global_random_source() -> None:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            plain_import = isinstance(node, ast.Import) and any(
                alias.name == "random" for alias in node.names
            )
            from_import = isinstance(node, ast.ImportFrom) and node.module == "random"
            numpy_global = (
                isinstance(node, ast.Attribute)
                and node.attr in GLOBAL_LUCK
                and isinstance(node.value, ast.Attribute)
                and node.value.attr == "random"
            )
            if plain_import or from_import or numpy_global:
                found.append(f"{path.relative_to(PACKAGE)}:{node.lineno}")
    assert found == []


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("with open('a') as f:\n    pass\n", OPENING),
        ("Path('a').open()\n", OPENING),
        ("frame.to_csv('a')\n", WRITING),
        ("Path('a').write_text('b')\n", WRITING),
        ("pd.read_csv('a')\n", READING),
        ("from sim.record import write_text\nPath('a').write_text('b')\n", WRITING),
        ("from sim.recorder import write_text\nwrite_text('a', 'b')\n", WRITING),
        ("from elsewhere import write_text\nwrite_text('a', 'b')\n", WRITING),
        ("from sim.record import write_text\nwrite_text = print\nwrite_text('a')\n", WRITING),
        ("frame.to_csv(path_or_buf='a')\n", WRITING),
        ("frame.to_csv(**options)\n", WRITING),
    ],
)
def test_the_guard_sees_a_call(source: str, names: set[str]) -> None:
    assert len(list(calls(source, names))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from sim.record import write_text\nwrite_text(path, 'b')\n",
        "from sim.record.writer import write_bytes\nwrite_bytes(path, b'b')\n",
        "text = frame.to_csv(index=False)\n",
    ],
)
def test_the_guard_lets_the_writer_of_record_through(source: str) -> None:
    assert list(calls(source, WRITING)) == []
