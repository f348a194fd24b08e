import io

from sim.batch.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_plain_lines_come_every_few_seconds_and_at_the_end():
    stream, clock = io.StringIO(), Clock()
    with Progress(100, done=20, stream=stream, clock=clock) as progress:
        for number in range(80):
            clock.now += 0.5
            progress.advance(failed=number == 3)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 8
    assert lines[0] == "30 of 100 runs, 1 failed, 0:05 gone, 0:35 left"
    assert lines[-1] == "100 of 100 runs, 1 failed, 0:40 gone"


def test_a_batch_with_nothing_to_do_says_nothing():
    stream = io.StringIO()
    with Progress(5, done=5, stream=stream):
        pass
    assert stream.getvalue() == ""


def test_a_terminal_gets_a_bar():
    stream = Terminal()
    with Progress(3, stream=stream) as progress:
        for _ in range(3):
            progress.advance(failed=True)
    assert "3/3" in stream.getvalue()
    assert "3 failed" in stream.getvalue()


def test_quiet_counts_and_shows_nothing():
    for stream in (io.StringIO(), Terminal()):
        with Progress(2, quiet=True, stream=stream) as progress:
            progress.advance()
            progress.advance(failed=True)
        assert (progress.done, progress.failed) == (2, 1)
        assert stream.getvalue() == ""
