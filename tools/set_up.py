"""Make ``.venv`` hold exactly what ``requirements.lock`` says, and do nothing if it already does.

Run by ``make`` with the Python that the environment is to be built from; only the standard library
is used. The stamp (lock, interpreter, place) is written last, so a set-up that was interrupted has
none and is built anew. A file lock, which the kernel drops when its owner dies, keeps two calls
apart.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "stamp.json"
LOCK = ROOT / "requirements.lock"
PROJECT = ROOT / "pyproject.toml"
SUPPORTED = ((3, 11), (3, 13))

# A pip told by its surroundings to install elsewhere would leave the environment empty.
MISLEADING = (
    "PIP_PREFIX",
    "PIP_ROOT",
    "PIP_TARGET",
    "PIP_USER",
    "PYTHONHOME",
    "PYTHONPATH",
    "VIRTUAL_ENV",
)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def base_python() -> Path:
    """Return the interpreter underneath, even if this one runs in a virtual environment."""
    return Path(getattr(sys, "_base_executable", None) or sys.executable).resolve()


def wanted() -> dict[str, str]:
    """Return what a stamp of a good environment says about its making."""
    return {
        "lock": digest(LOCK),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "machine": platform.machine(),
        "base": str(base_python()),
        "root": str(ROOT),
    }


def contents() -> list[str]:
    """Return the top-level names that were installed, so that a lost package is seen."""
    names = [f"bin/{entry.name}" for entry in (VENV / "bin").iterdir()]
    for packages in VENV.glob("lib/python*/site-packages"):
        names += [entry.name for entry in packages.iterdir() if entry.name != "__pycache__"]
    return sorted(names)


def read_stamp() -> dict[str, object]:
    """Return the stamp, empty if there is none that can be read."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def environment_stands(stamp: dict[str, object]) -> bool:
    """Tell whether the environment was finished, fits, and has lost nothing since."""
    if any(stamp.get(key) != value for key, value in wanted().items()):
        return False
    if not os.access(PYTHON, os.X_OK):
        return False
    held = stamp.get("contents")
    return isinstance(held, list) and set(held) <= set(contents())


def call(*command: str) -> None:
    """Run one step of the set-up; a failure ends the whole of it.

    The step inherits the file lock: one that outlives this process still keeps others away.
    """
    surroundings = {key: value for key, value in os.environ.items() if key not in MISLEADING}
    surroundings.update(PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1")
    subprocess.run(
        command,
        cwd=ROOT,
        env=surroundings,
        check=True,
        close_fds=False,
        stdin=subprocess.DEVNULL,
    )


def pip_install(*arguments: str) -> None:
    """Install into the environment with its own pip, which speaks only of errors.

    Byte code is left to the first import: compiling all of it takes longer than all the rest.
    """
    call(str(PYTHON), "-m", "pip", "install", "-qq", "--no-compile", *arguments)


def install_project() -> None:
    """Install this folder in place, with the locked build back end."""
    pip_install("--no-deps", "--no-build-isolation", "--editable", ".")


def write_stamp() -> None:
    """Write the stamp beside its place and move it there."""
    stamp = {**wanted(), "project": digest(PROJECT), "contents": contents()}
    draft = STAMP.with_suffix(".draft")
    draft.write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
    draft.replace(STAMP)


def build() -> None:
    """Build the environment from nothing."""
    version = platform.python_version()
    print(f"set-up: building .venv with Python {version} (a minute or so)", flush=True)
    started = time.monotonic()
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        shutil.rmtree(VENV)
    call(str(base_python()), "-m", "venv", str(VENV))
    pip_install("--require-hashes", "--only-binary", ":all:", "--requirement", str(LOCK))
    install_project()
    write_stamp()
    print(f"set-up: done in {time.monotonic() - started:.0f} s", flush=True)


def set_up() -> None:
    """Bring the environment up to date; nothing is done where nothing is to do."""
    stamp = read_stamp()
    if not environment_stands(stamp):
        build()
    elif stamp.get("project") != digest(PROJECT):
        STAMP.unlink()
        install_project()
        write_stamp()


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold the set-up to one process at a time."""
    with (ROOT / ".set-up.lock").open("a") as handle:
        os.set_inheritable(handle.fileno(), True)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("set-up: another one is running, waiting for it", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Set up, and say a failure in one line after the failing tool's own words."""
    if not SUPPORTED[0] <= sys.version_info[:2] <= SUPPORTED[1]:
        print(f"set-up: Python 3.11 to 3.13 is needed, this is {platform.python_version()}")
        return 2
    try:
        with alone():
            set_up()
    except subprocess.CalledProcessError as error:
        step = " ".join(error.cmd[1:4])
        print(f"set-up: failed at `{step}`; the next call starts afresh", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("set-up: interrupted; the next call starts afresh", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
