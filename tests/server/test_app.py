"""The parts together: keys, a port for the metrics alone, the pages of the documentation."""

import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

import httpx
import pytest

from server.app import _load, _loaded, create_app
from server.batcher import Batcher
from server.pool import Pool
from server.routes.fast_path import FastPath
from server.settings import Settings
from server.workers import Workers
from tests import moody, tiny
from tests.browser import browse
from tests.live import LiveServer
from tests.moody import BLACK
from tests.wire import HANG, Wire, eventually, head, refused, sample_name, scrape

Serve = Callable[..., LiveServer]
PUBLIC = ("/healthz", "/readyz", "/metrics", "/version", "/docs", "/openapi.json")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A mounted Secret as Kubernetes makes it: two callers, one of them bound to a model."""
    swap(
        tmp_path / "keys", "first", {"everything": "key-of-all\n", "pictures": "models: image\nk\n"}
    )
    return tmp_path / "keys"


def swap(folder: Path, version: str, files: dict[str, str]) -> None:
    """Put `files` in place of what is mounted in `folder`, in one step."""
    hidden = folder / f"..{version}"
    hidden.mkdir(parents=True)
    for name, content in files.items():
        (hidden / name).write_text(content)
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(Path("..data") / name)
    (folder / "..new").symlink_to(hidden.name)
    (folder / "..new").rename(folder / "..data")
    for link in folder.iterdir():
        if link.is_symlink() and not link.exists():
            link.unlink()


def ask(client: httpx.Client, **headers: str) -> httpx.Response:
    return client.post("/v1/faq", json={"question": "sort"}, headers=headers)


def test_with_keys_only_callers_are_answered(serve: Serve, tmp_path: Path, keys: Path) -> None:
    server = serve(**moody.settings(tmp_path), api_keys_dir=keys)
    with server.client() as client:
        assert ask(client, **{"X-API-Key": "key-of-all"}).status_code == 200
        assert ask(client, Authorization="Bearer key-of-all").status_code == 200
        for headers in ({}, {"X-API-Key": "other"}, {"Authorization": "Basic a2V5LW9mLWFsbA=="}):
            answer = ask(client, **headers)
            refused(answer, 401, "unauthorized")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        for path in PUBLIC:
            assert client.get(path).status_code == 200
        # A key that is asked for is asked for everywhere in /v1, before anything else is read.
        for method, path in (
            ("GET", "/v1/models"),
            ("GET", "/v1/models/faq"),
            ("POST", "/v1/classify"),
        ):
            refused(client.request(method, path), 401, "unauthorized")
        refused(client.post("/v1/faq", content=b"{"), 401, "unauthorized")
    counts = scrape(server)
    assert counts[sample_name("rtscore_rejected_total", model="faq", reason="unauthorized")] == 4
    assert counts[sample_name("rtscore_requests_total", route="/v1/faq", status="401")] == 4


def test_a_caller_may_be_bound_to_a_model(serve: Serve, tmp_path: Path, keys: Path) -> None:
    server = serve(**moody.settings(tmp_path), api_keys_dir=keys)
    with server.client() as client:
        client.headers["X-API-Key"] = "k"
        assert client.post("/v1/classify", content=BLACK).status_code == 200
        assert client.get("/v1/models/image").status_code == 200
        refused(ask(client), 403, "forbidden")
        refused(client.get("/v1/models/faq"), 403, "forbidden")
    key = sample_name("rtscore_rejected_total", model="faq", reason="forbidden")
    assert scrape(server)[key] == 1


def test_an_unknown_caller_is_refused_before_the_body_is_sent(
    serve: Serve, tmp_path: Path, keys: Path
) -> None:
    server = serve(**moody.settings(tmp_path), api_keys_dir=keys)
    sent = head("/v1/classify", "Content-Length: 1000000", "Expect: 100-continue")
    answer = Wire.ask(server, sent)
    assert (answer.status, answer.headers["Connection"]) == (401, "close")


def test_keys_are_rotated_while_the_server_runs(serve: Serve, tmp_path: Path, keys: Path) -> None:
    server = serve(**moody.settings(tmp_path), api_keys_dir=keys)
    with server.client() as client:

        def status(key: str) -> int:
            return ask(client, **{"X-API-Key": key}).status_code

        assert (status("key-of-all"), status("next")) == (200, 401)
        swap(keys, "second", {"everything": "key-of-all\nnext\n"})
        eventually(lambda: status("next") == 200)
        assert status("key-of-all") == 200
        swap(keys, "third", {"everything": "next\n"})
        eventually(lambda: status("key-of-all") == 401)
        assert status("next") == 200
        # What can't be understood changes nothing, and is told.
        swap(keys, "fourth", {"everything": "sha256:zz\n"})
        eventually(lambda: [line for line in server.logs if line["level"] == "error"])
        assert status("next") == 200
        swap(keys, "fifth", {})
        eventually(lambda: status("next") == 401)


def test_the_metrics_may_have_a_port_of_their_own(serve: Serve, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    server = serve(**moody.settings(tmp_path), metrics_port=port)
    with server.client() as client:
        refused(client.get("/metrics"), 404, "not_found")
        assert ask(client).status_code == 200
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    counted = 'rtscore_requests_total{route="/v1/faq",status="200"} 1.0'
    eventually(lambda: counted in httpx.get(answer.url).text)
    assert 'rtscore_queue_rows{model="faq"} 0.0' in answer.text
    assert server.stop() == 0


def test_nothing_is_reported_to_the_makers_of_the_runtime(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Official builds of ONNX Runtime do so, and keep what they send in files of the home folder.
    home = tmp_path / "home"
    home.mkdir()
    for name in [name for name in os.environ if name == "CI" or name.startswith("XDG_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TMPDIR", str(home))
    with serve(**moody.settings(tmp_path)).client() as client:
        assert ask(client).status_code == 200
        assert list(home.iterdir()) == []


class Resources(HTMLParser):
    """Addresses that a page makes a browser load."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [
            value
            for name, value in attrs
            if value and (name == "src" or (name == "href" and tag == "link"))
        ]


@pytest.fixture
def page(server: LiveServer) -> Iterator[tuple[httpx.Client, str]]:
    with server.client() as client:
        yield client, client.get("/docs").text


def test_the_documentation_loads_nothing_from_elsewhere(page: tuple[httpx.Client, str]) -> None:
    client, text = page
    resources = Resources()
    resources.feed(text)
    assert len(resources.addresses) >= 3
    for address in resources.addresses:
        assert re.match("/[^/]", address), address
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.content
        if address.endswith(".css"):
            assert not re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", answer.text)
    assert re.search(r"url: '/openapi.json'", text)
    assert not re.findall(r"(?:src|href)=[\"']?(?:https?:)?//", text)


def test_the_documentation_works_in_a_browser(server: LiveServer, tmp_path: Path) -> None:
    page, _ = browse(f"{server.url}/docs", tmp_path / "profile")
    for path in ("/v1/faq", "/v1/classify", "/v1/models", "/healthz"):
        assert f'data-path="{path}"' in page
    assert "Failed to load" not in page


@pytest.mark.parametrize(("mode", "runners", "threads"), [("throughput", 3, 1), ("latency", 1, 3)])
async def test_the_mode_of_the_cpu(
    tmp_path: Path, mode: Literal["throughput", "latency"], runners: int, threads: int
) -> None:
    """Three threads are three runs side by side, or one run; of an encoder as of an image model.

    Side by side, pictures have as many threads as otherwise would decode and compute.
    """
    encoder = tiny.stamped(tiny.encoder_graph(), tiny.faq_contract(subwords=tiny.SUBWORDS))
    image = tiny.stamped(tiny.image_graph(), tiny.image_contract())
    settings = Settings(
        device="cpu",
        cpu_mode=mode,
        faq_model=tiny.write(tmp_path, encoder, "faq.onnx"),
        image_model=tiny.write(tmp_path, image, "image.onnx"),
    )
    async with AsyncExitStack() as stack:
        models = await _load(settings, Pool(3, 9, "decode"), stack)
        assert set(models) == {"faq", "image"}
        for model in models.values():
            options = model.session._session.get_session_options()
            assert options.intra_op_num_threads == threads
        faq, pictures = models["faq"].queue, models["image"].queue
        assert isinstance(faq, Batcher)
        assert faq._runners.count == runners
        if mode == "throughput":
            assert isinstance(pictures, Workers)
            assert pictures._pool.threads == 6
        else:
            assert isinstance(pictures, Batcher)
            assert pictures._runners is faq._runners


def test_the_scoring_routes_are_on_the_fast_path() -> None:
    app = create_app(Settings())
    assert isinstance(app.middleware_stack, FastPath)
    assert set(app.middleware_stack._fast) == {("POST", "/v1/faq"), ("POST", "/v1/classify")}


async def test_models_load_side_by_side_where_no_gpu_is() -> None:
    together = threading.Barrier(2)
    loading = [partial(together.wait, HANG)] * 2
    assert sorted(await _loaded(loading, side_by_side=True)) == [0, 1]


async def test_models_load_one_after_the_other_for_a_gpu() -> None:
    inside: list[int] = []

    def load(number: int) -> int:
        inside.append(number)
        time.sleep(0.05)
        assert inside[-1] == number
        return number

    loading = [partial(load, number) for number in range(3)]
    assert await _loaded(loading, side_by_side=False) == [0, 1, 2]
    assert inside == [0, 1, 2]
