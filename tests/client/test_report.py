import io

from rich.console import Console

from client.report import show
from client.runner import Plan, Sample
from client.summary import summarise
from client.target import Answer


def shown(samples: list[Sample], plan: Plan, cpu: float = 0.3, interrupted: bool = False) -> str:
    console = Console(file=io.StringIO(), width=120)
    summary = summarise(
        samples,
        url="https://rtscore.test",
        plan=plan,
        distinct_inputs=2,
        client_cpu_share=cpu,
        interrupted=interrupted,
    )
    show(summary, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def samples(*answers: Answer) -> list[Sample]:
    return [
        Sample("/v1/faq", number / 10, number / 10 + 0.05, number / 10 + 0.1, answer)
        for number, answer in enumerate(answers)
    ]


def test_it_says_what_was_sent_and_what_came_back() -> None:
    text = shown(samples(Answer(200), Answer(503, "overloaded", "[b]wait 1 s[/b]")), Plan())
    assert "https://rtscore.test: closed loop, 4 in flight, 2 distinct inputs" in text
    rows = [line.replace("│", " ").split() for line in text.splitlines() if line.startswith("│")]
    assert rows == [
        ["/v1/faq", "200", "1", *["100.0"] * 4],
        ["/v1/faq", "503", "overloaded", "1", *["100.0"] * 4],
        ["all", "2", *["100.0"] * 4],
    ]
    assert "/v1/faq 503 overloaded, for example: [b]wait 1 s[/b]\n" in text
    assert "2 requests in 0.20 s, 1 succeeded: 5.0 a second" in text
    assert "more than once" not in text
    assert "late" not in text


def test_it_says_that_inputs_were_sent_again() -> None:
    assert "more than once" in shown(samples(*[Answer(200)] * 3), Plan())


def test_it_says_how_late_an_open_loop_was() -> None:
    text = shown(samples(Answer(200)), Plan(rate=10))
    assert "left 50.0 ms late at the median, 50.0 ms at most" in text


def test_it_warns_of_a_busy_client() -> None:
    assert "used 30% of one CPU core" in shown(samples(Answer(200)), Plan())
    assert "busy" not in shown(samples(Answer(200)), Plan())
    assert "busy itself" in shown(samples(Answer(200)), Plan(), cpu=0.95)


def test_it_says_that_it_was_interrupted() -> None:
    assert "Interrupted" in shown(samples(Answer(200)), Plan(), interrupted=True)
    assert "No request has ended" in shown([], Plan(), interrupted=True)
