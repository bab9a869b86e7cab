import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from converters.progress import progress

COUNT = """
from converters.progress import progress
print(sum(progress(range(5), "counting", 5)))
"""


def test_the_steps_come_through_one_by_one() -> None:
    taken = []

    def steps() -> Iterator[int]:
        for number in range(3):
            taken.append(number)
            yield number

    shown = progress(steps(), "counting", 3)
    assert next(shown) == 0
    assert taken == [0]  # the rest is not asked for yet
    assert list(shown) == [1, 2]


def test_an_error_of_a_step_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        list(progress((1 // number for number in (1, 0)), "dividing", 2))


def run(stderr: int) -> "subprocess.CompletedProcess[bytes]":
    plain = {
        name: value
        for name, value in os.environ.items()
        if name not in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
    }
    return subprocess.run(
        [sys.executable, "-c", COUNT],
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=plain | {"TERM": "xterm"},
        check=True,
    )


def test_nothing_is_shown_where_nobody_looks() -> None:
    finished = run(subprocess.PIPE)
    assert (finished.stdout, finished.stderr) == (b"10\n", b"")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows")
def test_a_bar_is_shown_on_a_terminal() -> None:
    ours, theirs = os.openpty()
    try:
        finished = run(theirs)
    finally:
        os.close(theirs)  # so that reading ends where nothing was shown
    with open(ours, "rb", buffering=0) as terminal:
        shown = terminal.read(65536).decode()
    assert finished.stdout == b"10\n"  # results are apart from it
    assert "counting" in shown
    assert "100%" in shown
