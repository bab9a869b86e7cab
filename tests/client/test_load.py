"""`rtscore-load` by its command line, against real servers."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.client.command import load, read
from tests.client.peer import Peer, reply
from tests.live import LiveServer

KEY = "k-for-the-load-1"


def outcomes(path: Path) -> dict[tuple[str, int, str], int]:
    return {
        (one["route"], one["status"], one["code"]): one["count"] for one in read(path)["outcomes"]
    }


async def test_the_usual_run(server: LiveServer, tmp_path: Path) -> None:
    """100 calls, 4 in flight, distinct inputs."""
    done = await load(server.url, "--json", tmp_path / "run.json")
    assert (done.code, done.errors) == (0, "")
    assert outcomes(tmp_path / "run.json") == {("/v1/faq", 200, ""): 100}
    assert read(tmp_path / "run.json")["load"] == "closed loop, 4 in flight"
    assert "closed loop, 4 in flight, 256 distinct inputs" in done.out
    assert "more than once" not in done.out


async def test_questions_and_pictures_take_turns(
    server: LiveServer, flower: Path, tmp_path: Path
) -> None:
    (tmp_path / "q.txt").write_text("How do I compare arrays?\nHow do I sort an array?\n")
    shutil.copy(flower, tmp_path)
    flags = ("--requests", "10", "--json", tmp_path / "run.json")
    done = await load(server.url, "--faq", tmp_path / "q.txt", "--images", tmp_path, *flags)
    assert (done.code, done.errors) == (0, "")
    assert outcomes(tmp_path / "run.json") == {
        ("/v1/classify", 200, ""): 5,
        ("/v1/faq", 200, ""): 5,
    }
    assert "3 distinct inputs" in done.out
    assert "more than once" in done.out


async def test_keys(serve: Callable[..., LiveServer], tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "load").write_text(KEY)
    url = serve(api_keys_dir=keys).url
    flags = (url, "--requests", "8", "--json", tmp_path / "run.json")

    for right in (await load(*flags, "--key", KEY), await load(*flags, key=KEY)):
        assert (right.code, right.errors) == (0, "")
        assert KEY not in right.out + (tmp_path / "run.json").read_text()

    wrong = await load(*flags, "--key", "k-wrong", key=KEY)
    assert (wrong.code, wrong.errors) == (1, "")
    assert outcomes(tmp_path / "run.json") == {("/v1/faq", 401, "unauthorized"): 8}
    assert "k-wrong" not in wrong.out


async def test_at_a_rate_requests_leave_whatever_the_answers_do(tmp_path: Path) -> None:
    everybody = asyncio.Barrier(20)

    async def last_first(peer: Peer) -> bytes:
        await everybody.wait()  # no answer before all requests are there
        return reply()

    async with Peer(last_first) as peer:
        flags = ("--seconds", "0.5", "--rate", "40", "--json", tmp_path / "run.json")
        done = await load(peer.url, *flags)
    assert (done.code, done.errors) == (0, "")
    summary = read(tmp_path / "run.json")
    assert (summary["load"], summary["requests"]) == ("open loop, 40 a second", 20)
    assert summary["latency_ms"]["max"] >= 1000 * 19 / 40  # the first waited for the last
    assert "late at the median" in done.out


async def test_it_connects_elsewhere_with_the_urls_name() -> None:
    async def good(peer: Peer) -> bytes:
        return reply()

    async with Peer(good) as peer:
        flags = ("--requests", "2", "--connect-to", f"127.0.0.1:{peer.port}")
        done = await load("http://rtscore.test/scoring", *flags)
    assert done.code == 0
    assert {one["Host"] for one in peer.headers} == {"rtscore.test"}
    assert set(peer.paths) == {"/scoring/v1/faq"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "required: URL"),
        (("localhost:8000",), "is not a URL like http://127.0.0.1:8000"),
        (("http://a", "--in-flight", "0"), "--in-flight: '0' is not a whole number from 1"),
        (("http://a", "--rate", "0"), "--rate: '0' is not a number above 0"),
        (("http://a", "--rate", "5", "--in-flight", "9"), "not allowed with argument"),
        (("http://a", "--seconds", "5", "--requests", "9"), "not allowed with argument"),
        (("http://a", "--insecure", "--cacert", "none.pem"), "--cacert: no certificates"),
        (("http://a", "--faq", "none.txt"), "can't read none.txt: No such file"),
        (("http://a", "--images", "none"), "can't read none: No such file"),
        (("http://a", "--plot", "none/run.png"), "--plot: there is no folder none"),
        (("http://a", "--key", "line\nbreak"), "control characters"),
    ],
    ids=lambda value: " ".join(value).replace("\n", " ") if isinstance(value, tuple) else "",
)
async def test_wrong_arguments_are_2_and_say_why(arguments: tuple[str, ...], words: str) -> None:
    done = await load(*arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.errors
    assert "Traceback" not in done.errors


async def test_the_help_has_what_a_person_must_know() -> None:
    done = await load("--help")
    assert (done.code, done.errors) == (0, "")
    words = " ".join(done.out.split())
    assert "everyone on this machine sees it in the list of processes" in words
    assert "LOAD_KEY" in words
    assert "nearest rank" in words
    assert "Exit status: 0" in words
    assert "above 80 % it" in words


def test_missing_packages_are_named_with_the_remedy() -> None:
    code = "import sys; sys.modules['httpx'] = None\nfrom client.load import main\n"
    code += "main(['http://127.0.0.1:1'])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 2
    assert "the package httpx is missing: pip install 'rtscore[load]'" in done.stderr
