"""A run from start to report; test_load.py has its arguments."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from PIL import Image

from client.measure import INTERRUPTED
from tests.client.command import HANG, end, load, read, start
from tests.client.peer import Peer, reply
from tests.client.test_target import closed_port


async def good(peer: Peer) -> bytes:
    return reply()


async def test_all_good_is_0_with_every_file_written(tmp_path: Path) -> None:
    async with Peer(good) as peer:
        done = await load(peer.url, "--json", tmp_path / "run.json", "--plot", tmp_path / "run.png")
    assert (done.code, done.errors) == (0, "")
    assert "100 requests" in done.out
    assert len(peer.bodies) == len(set(peer.bodies)) == 100
    assert peer.connections <= 4
    summary = read(tmp_path / "run.json")
    assert (summary["succeeded"], summary["failed"], summary["interrupted"]) == (100, 0, False)
    assert summary["client_cpu_share"] > 0
    with Image.open(tmp_path / "run.png") as picture:
        assert picture.format == "PNG"


async def test_one_failure_of_many_is_1(tmp_path: Path) -> None:
    busy = reply("503 Busy", '{"code": "overloaded", "detail": "the queue is full"}')

    async def seventh_fails(peer: Peer) -> bytes:
        return busy if len(peer.paths) == 7 else reply()

    async with Peer(seventh_fails) as peer:
        done = await load(peer.url, "--json", tmp_path / "run.json")
    assert (done.code, done.errors) == (1, "")
    assert "503 overloaded, for example: the queue is full" in done.out
    outcomes = read(tmp_path / "run.json")["outcomes"]
    assert [(one["status"], one["count"]) for one in outcomes] == [(200, 99), (503, 1)]


async def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    done = await load(url, "--json", tmp_path / "run.json", "--plot", tmp_path / "run.png")
    assert done.code == 1
    reason = "ConnectError: Connection refused"
    assert done.errors == f"rtscore-load: no answer from {url}: {reason}\n"
    outcomes = read(tmp_path / "run.json")["outcomes"]
    assert [(one["status"], one["code"], one["count"]) for one in outcomes] == [(0, reason, 100)]
    assert (tmp_path / "run.png").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("answered", [3, 0])
async def test_an_interrupted_run_reports_what_it_has(tmp_path: Path, answered: int) -> None:
    stuck = asyncio.Event()

    async def answers(peer: Peer) -> bytes:
        if len(peer.paths) > answered:
            stuck.set()
            await asyncio.Event().wait()
        return reply()

    async with Peer(answers) as peer:
        files = ("--json", tmp_path / "run.json", "--plot", tmp_path / "run.png")
        process = await start(peer.url, "--in-flight", "1", *files)
        await asyncio.wait_for(stuck.wait(), HANG)
        process.send_signal(signal.SIGINT)
        done = await end(process)
    assert (done.code, done.errors) == (INTERRUPTED, "")
    summary = read(tmp_path / "run.json")
    assert (summary["requests"], summary["succeeded"]) == (answered, answered)
    assert summary["interrupted"]
    assert (tmp_path / "run.png").exists() == bool(answered)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to handle")
@pytest.mark.parametrize("loop", [("--in-flight", "2"), ("--rate", "50")])
async def test_an_ended_run_waits_for_what_is_under_way(
    tmp_path: Path, loop: tuple[str, str]
) -> None:
    held, let_go = asyncio.Event(), asyncio.Event()

    async def answers(peer: Peer) -> bytes:
        if len(peer.paths) > 2:
            held.set()
            await let_go.wait()
        return reply()

    async with Peer(answers) as peer:
        process = await start(peer.url, *loop, "--seconds", "60", "--json", tmp_path / "run.json")
        await asyncio.wait_for(held.wait(), HANG)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        let_go.set()
        done = await end(process)
    assert (done.code, done.errors) == (0, "")
    summary = read(tmp_path / "run.json")
    assert summary["succeeded"] == summary["requests"] == len(peer.paths) > 2
    assert not summary["interrupted"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals on Windows")
@pytest.mark.parametrize("length", [("--requests", "20"), ("--seconds", "0.3")])
async def test_a_bar_is_shown_on_a_terminal(length: tuple[str, str]) -> None:
    ours, theirs = os.openpty()
    async with Peer(good) as peer:
        try:
            done = await end(await start(peer.url, *length, stderr=theirs))
        finally:
            os.close(theirs)  # so that reading ends where nothing was shown
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert done.code == 0
    assert "closed loop, 4 in flight" in shown
    assert "━" in shown
    assert "\x1b" not in done.out  # the report is apart from it
