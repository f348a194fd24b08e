"""Coverage-guided fuzzing in this process: what reaches a new place is kept and changed further.

A step is a pair of lines of the files watched that ran one after the other. Python 3.11 has no
``sys.monitoring``; a trace function that leaves other files alone costs little.
"""

from __future__ import annotations

import json
import random
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import ReusedAnchorWarning, YAMLError

Target = Callable[[bytes], object]
Step = tuple[str, int, int]

SIGNS = [bytes([each]) for each in b"{}[]:,-?&*!|>'\"#%@`\n\t \0\r\xff"]
ODD = (None, True, 0, -1, 1.5, 1e308, "", "x" * 300, [], {}, [[[]]], "2025Q1", "\u202e", "../x")


class HangError(Exception):
    """A call took longer than it may."""


@dataclass
class Found:
    """What a search met.

    Attributes
    ----------
    corpus
        Texts that reached something new, the seeds first.
    steps
        Pairs of lines that ran.
    failures
        Texts with what they raised.
    """

    corpus: list[bytes]
    steps: set[Step] = field(default_factory=set)
    failures: list[tuple[bytes, BaseException]] = field(default_factory=list)


def search(
    target: Target,
    seeds: Sequence[bytes],
    words: Sequence[str],
    watched: Sequence[str],
    *,
    calls: int,
    seed: int,
    seconds: float = 5.0,
    guided: bool = True,
) -> Found:
    """Call ``target`` with changed texts, those that reached something new again and again.

    Parameters
    ----------
    target
        What is called; whatever it raises is a failure.
    seeds, words
        Texts to start from, and words to put into them.
    watched
        Beginnings of the names of files whose lines count.
    calls, seed
        How many calls, and of which luck.
    seconds
        What a call may take.
    guided
        Without it every text is made from a seed.
    """
    luck = random.Random(seed)
    found = Found(list(seeds))
    for text in seeds:
        found.steps |= _watch(target, text, watched, seconds, found)
    for _ in range(calls):
        # Every other time one of the last finds: what is new has been tried least.
        latest = found.corpus if luck.random() < 0.5 else found.corpus[-4:]
        text = _changed(luck.choice(latest), found.corpus, words, luck)
        steps = _watch(target, text, watched, seconds, found)
        if not steps <= found.steps:
            found.steps |= steps
            if guided:
                found.corpus.append(text)
    return found


def _watch(
    target: Target, text: bytes, watched: Sequence[str], seconds: float, found: Found
) -> set[Step]:
    steps: set[Step] = set()
    known: dict[str, bool] = {}

    def called(frame, event, arg):
        name = frame.f_code.co_filename
        if name not in known:
            known[name] = name.startswith(tuple(watched))
        if not known[name]:
            return None
        last = frame.f_lineno

        def line(frame, event, arg):
            nonlocal last
            if event == "line":
                steps.add((name, last, frame.f_lineno))
                last = frame.f_lineno
            return line

        return line

    try:
        with _limit(seconds):
            sys.settrace(called)
            try:
                target(text)
            finally:
                sys.settrace(None)
    except Exception as error:
        found.failures.append((text, error))
    return steps


@contextmanager
def _limit(seconds: float):
    def ring(signum, frame):
        raise HangError(f"longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def _changed(text: bytes, corpus: Sequence[bytes], words: Sequence[str], luck: random.Random):
    for _ in range(luck.randint(1, 3)):
        tree = _tree(text) if luck.random() < 0.5 else None
        text = _of_tree(tree, words, luck) if tree else _of_bytes(text, corpus, words, luck)
    return text[:20_000]


def _of_bytes(text: bytes, corpus: Sequence[bytes], words: Sequence[str], luck: random.Random):
    start = luck.randrange(len(text) + 1)
    end = min(len(text), start + luck.choice((0, 1, 1, 2, 8, 40)))
    kept = text[start:end]
    other = luck.choice(corpus)
    new = luck.choice(
        (
            b"", kept * 2, luck.randbytes(2), luck.choice(SIGNS) * luck.choice((1, 3, 60)),
            luck.choice(words).encode(), other[luck.randrange(len(other) + 1) :][:60],
        )
    )  # fmt: skip
    return text[:start] + new + text[end:]


def _tree(text: bytes):
    try:
        with warnings.catch_warnings():
            # What is grown from may say the same anchor twice.
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            tree = YAML(typ="safe", pure=True).load(text.decode("utf-8"))
        return json.loads(json.dumps(tree)) if isinstance(tree, dict) and tree else None
    except (YAMLError, ValueError, TypeError, RecursionError, AttributeError):
        return None


def _of_tree(tree, words: Sequence[str], luck: random.Random) -> bytes:
    """One value or key anywhere in the tree taken away, replaced, renamed or added."""
    here = tree
    while True:
        key = luck.choice(list(here))
        if not (isinstance(here[key], dict) and here[key] and luck.random() < 0.7):
            break
        here = here[key]
    deed = luck.randrange(4)
    if deed == 0:
        del here[key]
    elif deed == 1:
        here[key] = luck.choice((*ODD, luck.choice(words)))
    elif deed == 2:
        here[luck.choice(words)] = here.pop(key)
    else:
        here[luck.choice(words)] = luck.choice((*ODD, {luck.choice(words): luck.choice(ODD)}))
    return json.dumps(tree).encode()
