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


def test_the_table_fits_a_terminal() -> None:
    output = io.StringIO()
    Console(file=output, width=80).print(table(STEPS))
    lines = output.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    shown = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if "│" in line]
    assert shown == [
        ["duplicates, too short", "", "4", "1,234"],
        ["duplicates, orphans", "--drop-orphans", "0", "7"],
    ]


def test_json() -> None:
    assert json.loads(json.dumps(as_dicts(STEPS)))[1] == {
        "name": "orphans",
        "what": "duplicates",
        "count": 0,
        "left": 7,
        "examples": [],
        "option": "--drop-orphans",
    }
