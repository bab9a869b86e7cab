"""Log lines, in process and as a process really writes them."""

import json
import logging
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from server.log import JsonFormatter, TextFormatter, fields

SETUP = """
import logging
from server import log
from server.errors import StartupError
log.configure({level!r}, {style!r})
logger = logging.getLogger("rtscore")
"""


def run(program: str, level: str = "info", style: str = "json") -> list[str]:
    """The lines that a process with our logging writes to stdout; stderr must stay empty."""
    done = subprocess.run(
        [sys.executable, "-c", SETUP.format(level=level, style=style) + program],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def record(message: str, *args: object, **extra: Any) -> logging.LogRecord:
    logger = logging.getLogger("rtscore")
    return logger.makeRecord(
        "rtscore", logging.WARNING, __file__, 1, message, args, None, extra=extra
    )


def failed() -> logging.LogRecord:
    made = record("internal error")
    try:
        raise ValueError("what happened")
    except ValueError:
        made.exc_info = sys.exc_info()
    return made


def test_a_json_line_has_time_level_logger_message_and_extras() -> None:
    made = record("took %d ms", 5, route="/v1/faq", ms={"infer": 0.5})
    line = json.loads(JsonFormatter().format(made))
    time = datetime.fromisoformat(line.pop("time"))
    assert line == {
        "level": "warning",
        "logger": "rtscore",
        "message": "took 5 ms",
        "route": "/v1/faq",
        "ms": {"infer": 0.5},
    }
    assert time.tzinfo == UTC
    assert abs(time.timestamp() - made.created) < 0.001


@pytest.mark.parametrize("text", ['quotes " and \\', "two\nlines", "\x1b[31m", "ünïcödé ☃"])
def test_whatever_the_message_a_json_line_is_one_line(text: str) -> None:
    written = JsonFormatter().format(record("%s", text, extra_text=text))
    assert "\n" not in written
    assert "\x1b" not in written
    assert json.loads(written)["message"] == json.loads(written)["extra_text"] == text


def test_an_extra_of_any_type_can_be_written() -> None:
    line = json.loads(JsonFormatter().format(record("x", where=logging)))
    assert line["where"] == str(logging)


def test_a_trace_is_a_field_of_its_line() -> None:
    written = JsonFormatter().format(failed())
    assert "\n" not in written
    trace = json.loads(written)["exception"]
    assert trace.startswith("Traceback")
    assert trace.endswith("ValueError: what happened\n")
    assert "exception" not in json.loads(JsonFormatter().format(record("no error")))


def test_a_text_line_is_for_reading() -> None:
    time, level, rest = (
        TextFormatter()
        .format(record("model loaded", model="faq"))
        .split("  ")[0]
        .partition(" WARNING ")
    )
    assert datetime.fromisoformat(time).tzinfo is not None
    assert level == " WARNING "
    assert rest == "model loaded model=faq"


def test_a_trace_stands_below_its_text_line() -> None:
    first, second, *_, last = TextFormatter().format(failed()).splitlines()
    assert first.endswith("internal error")
    assert second.startswith("Traceback")
    assert last == "ValueError: what happened"


@pytest.mark.parametrize("style", ["json", "text"])
def test_one_record_can_be_several_lines(style: Literal["json", "text"]) -> None:
    lines = run(
        'logger.info("request", extra={"bundle": [(0.5, {"a": 1}), (1.25, {"b": 2})]})', style=style
    )
    if style == "json":
        about = {"level": "info", "logger": "rtscore", "message": "request"}
        assert [json.loads(line) for line in lines] == [
            {"time": "1970-01-01T00:00:00.500+00:00", **about, "a": 1},
            {"time": "1970-01-01T00:00:01.250+00:00", **about, "b": 2},
        ]
    else:
        times, told = zip(*(line.split(" INFO    ") for line in lines), strict=True)
        assert told == ("request a=1", "request b=2")
        assert [datetime.fromisoformat(time).timestamp() for time in times] == [0.5, 1.25]


def test_only_what_was_passed_as_extra_is_a_field() -> None:
    assert fields(record("x")) == {}
    assert fields(record("x", color_message="uvicorn's", taskName="t", keys=3)) == {"keys": 3}


def test_a_process_writes_json_lines_from_its_level_up() -> None:
    lines = run(
        'logger.debug("no"); logger.info("yes", extra={"a": 1}); '
        'logging.getLogger("some.package").error("too")'
    )
    assert [(line["message"], line["logger"]) for line in map(json.loads, lines)] == [
        ("yes", "rtscore"),
        ("too", "some.package"),
    ]


@pytest.mark.parametrize(
    ("level", "expected"),
    [("debug", "diwe"), ("info", "iwe"), ("warning", "we"), ("error", "e")],
)
def test_the_level_is_that_of_the_setting(level: str, expected: str) -> None:
    program = (
        'levels = {"d": "DEBUG", "i": "INFO", "w": "WARNING", "e": "ERROR"}\n'
        "for letter, name in levels.items(): logger.log(getattr(logging, name), letter)"
    )
    assert "".join(json.loads(line)["message"] for line in run(program, level)) == expected


def test_a_process_writes_text_where_that_is_set() -> None:
    (line,) = run('logger.info("hello", extra={"a": 1})', style="text")
    assert line.endswith("INFO    hello a=1")


def test_uvicorn_says_only_what_we_do_not() -> None:
    lines = run(
        'logging.getLogger("uvicorn.error").info("Started server process")\n'
        'logging.getLogger("uvicorn.access").error("GET / with a query")\n'
        'logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")'
    )
    assert [json.loads(line)["message"] for line in lines] == ["Invalid HTTP request received."]


def test_a_start_that_fails_is_not_told_by_uvicorn_too() -> None:
    lines = run(
        """
import traceback
uvicorn = logging.getLogger("uvicorn.error")
try:
    raise StartupError("no such file")
except StartupError:
    uvicorn.error(traceback.format_exc())
    uvicorn.error("lifespan", exc_info=True)
    logger.error("ours", exc_info=True)
try:
    raise ValueError("another error")
except ValueError:
    uvicorn.error("another", exc_info=True)
"""
    )
    assert [json.loads(line)["message"] for line in lines] == ["ours", "another"]


IN_A_LOOP = """
import asyncio, os
async def main():
    {lines}
    os.write(1, b"straight\\n")
    await asyncio.sleep(0)
    os.write(1, b"later\\n")
asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("lines", "order"),
    [
        ("logger.info('one'); logger.info('two')", ["straight", "one", "two", "later"]),
        ("logger.info('one'); logger.warning('two')", ["one", "two", "straight", "later"]),
        (
            "logger.info('one'); await asyncio.to_thread(logger.info, 'two')",
            ["one", "two", "straight", "later"],
        ),
    ],
)
def test_lines_on_the_event_loop_are_written_in_bundles(lines: str, order: list[str]) -> None:
    """Warnings at once, and with them all before them; so do other threads."""
    written = run(IN_A_LOOP.format(lines=lines), style="text")
    assert [line.split()[-1] for line in written] == order


def test_no_line_is_lost_at_the_end() -> None:
    program = """
import asyncio
async def main():
    logger.info("one")
    raise SystemExit
asyncio.run(main())
"""
    assert [line.split()[-1] for line in run(program, style="text")] == ["one"]


def test_what_can_not_be_written_ends_nothing() -> None:
    """Where nobody reads stdout any more, the event loop goes on."""
    program = """
import asyncio, os, sys
async def main():
    read, write = os.pipe()
    os.dup2(write, 1)
    os.close(write)
    os.close(read)
    for _ in range(2):
        logger.info("one")
        await asyncio.sleep(0)
    logger.warning("two")
    print("it lives", file=sys.stderr)
    sys.stderr.flush()
    os._exit(0)
asyncio.run(main())
"""
    program = SETUP.format(level="info", style="text") + program
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr.endswith("it lives\n")
    assert "BrokenPipeError" in done.stderr
