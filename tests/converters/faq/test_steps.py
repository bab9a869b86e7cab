import io
import json

from rich.console import Console

from converters.faq.steps import Step, as_dicts, table

STEPS = [
    Step.of("too short", "duplicates", ["[red]one[/]", "two\n  lines", "x" * 80, "four"], 1234),
    Step.of("orphans", "duplicates", [], 7, "--drop-orphans"),
]


def test_examples_are_few_and_short() -> None:
    assert STEPS[0] == Step(
        "too short", "duplicates", 4, 1234, ("[red]one[/]", "two lines", "x" * 69 + "…")
    )


def test_the_table_shows_texts_as_they_are() -> None:
    output = io.StringIO()
    Console(file=output, width=200).print(table(STEPS))
    shown = output.getvalue()
    for text in ("too short", "[red]one[/]", "two lines", "1,234", "--drop-orphans"):
        assert text in shown


def test_json() -> None:
    assert json.loads(json.dumps(as_dicts(STEPS)))[1] == {
        "name": "orphans",
        "what": "duplicates",
        "count": 0,
        "left": 7,
        "examples": [],
        "option": "--drop-orphans",
    }
