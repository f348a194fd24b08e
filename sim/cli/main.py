"""Parse the command line and hand over to a verb; heavy imports stay inside the verbs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from difflib import get_close_matches
from importlib import import_module

from sim.errors import InputError, SimError, printable

Handler = Callable[[argparse.Namespace], int]

# Group -> its verbs; the group's module registers them.
GROUPS = {
    "sim.cli.texts": ("validate", "show", "list", "schema"),
    "sim.cli.running": ("run", "plan", "calibrate"),
    "sim.cli.reading": ("compare", "report"),
    "sim.cli.explaining": ("explain", "statements"),
    "sim.cli.studying": ("merger", "qlearning"),
    "sim.cli.questions": ("sensitivity", "map"),
    "sim.cli.backtesting": ("backtest",),
    "sim.cli.fact_finding": ("facts",),
}
PLANNED = ("value", "stability", "dashboard")

GREETING = """Play out an electric-car price war, with and without an alliance.

  ./run_sim.py run scenarios/faw_leapmotor.yaml --replicates 40 --out results/faw_leapmotor
  ./run_sim.py compare results/faw_leapmotor --arm capital
  ./run_sim.py calibrate scenarios/faw_leapmotor.yaml

Verbs: {verbs}
Each explains itself:  ./run_sim.py VERB --help
"""


class _RefusedError(Exception):
    """The command line cannot be parsed; argparse's own words."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise _RefusedError(f"{self.prog}: {message}")


def verbs() -> tuple[str, ...]:
    """All verbs."""
    return tuple(verb for group in GROUPS.values() for verb in group)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Returns
    -------
    int
        0 done; 1 some runs failed; 2 bad input, nothing written; 130 stopped from outside.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help", "help"):
        print(GREETING.format(verbs=", ".join(verbs())), end="")
        return 0
    verb = words[0]
    group = next((name for name, known in GROUPS.items() if verb in known), None)
    if group is None:
        return _unknown(verb)
    parser = _Parser(prog="run_sim.py")
    import_module(group).add_verbs(parser.add_subparsers(dest="verb"))
    try:
        options = parser.parse_args(words)
        handler: Handler = options.handler
        status = handler(options)
        # A reader that has gone is noticed here and not when the interpreter ends.
        sys.stdout.flush()
        return status
    except _RefusedError as refusal:
        print(printable(str(refusal)), file=sys.stderr)
        return 2
    except InputError as error:
        count = len(error.faults)
        for fault in error.faults:
            print(fault, file=sys.stderr)
        print(f"{count} fault{'s' if count > 1 else ''}; nothing was run", file=sys.stderr)
        return 2
    except SimError as error:
        print("\n".join(printable(line) for line in str(error).splitlines()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; what is done is kept", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # What is left in the buffer cannot be written; closed, the interpreter leaves it alone.
        with suppress(BrokenPipeError):
            sys.stdout.close()
        return 0


def _unknown(verb: str) -> int:
    shown = ascii(verb)[1:-1][:60]
    if verb in PLANNED:
        text = f"run_sim.py: '{shown}' is not in this version"
    else:
        near = get_close_matches(verb, verbs(), 1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        text = f"run_sim.py: no verb '{shown}'{hint}"
    print(f"{text}\nVerbs: {', '.join(verbs())}", file=sys.stderr)
    return 2
