"""What every request leaves behind: its id, its line in the log, its place in the metrics."""

import base64
import json
import re
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import httpx
import pytest
from starlette.types import Message

from server.errors import Internal
from server.exchange import Exchange
from tests import moody
from tests.live import LiveServer
from tests.moody import BLACK
from tests.wire import Wire, eventually, head, question, request, sample_name, scrape

ROUTES = ("/v1/faq", "/v1/classify", "/v1/models", "/v1/models/{name}", "/healthz", "/readyz")
STAGES = ("decode", "queue", "infer", "encode")
REASONS = (
    "overloaded",
    "deadline",
    "cancelled",
    "unauthorized",
    "forbidden",
    "too_large",
    "unsupported",
    "invalid",
    "bad_request",
)


@pytest.mark.parametrize(
    "request_id", ["a", "a" * 128, "with spaces and ~!@#$%^&*()", "{'json': \"like\"}", "\\"]
)
@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(request("/v1/faq", b"{", "Content-Type: application/json"), id="400"),
        pytest.param(question(), id="200"),
        pytest.param(head("/nothing", method="GET"), id="404"),
        pytest.param(head("/healthz", method="PUT"), id="405"),
        pytest.param(head("/docs", method="GET"), id="docs"),
    ],
)
def test_the_clients_id_comes_back(server: LiveServer, sent: bytes, request_id: str) -> None:
    first, rest = sent.split(b"\r\n", 1)
    named = b"\r\n".join([first, b"X-Request-ID: " + request_id.encode(), rest])
    answer = Wire.ask(server, named)
    assert answer.headers.get_all("X-Request-ID") == [request_id]
    if answer.headers["Content-Type"] == "application/problem+json":
        assert answer.json()["request_id"] == request_id


@pytest.mark.parametrize("request_id", [b"", b"a" * 129, b"\xc3\xa9", b"a\tb", b"a\x7fb", None])
def test_what_is_no_id_is_replaced(server: LiveServer, request_id: bytes | None) -> None:
    header = b"" if request_id is None else b"X-Request-ID: " + request_id + b"\r\n"
    ids = set()
    for _ in range(2):
        answer = Wire.ask(server, b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + header + b"\r\n")
        if answer.status == 400:  # the byte is none that HTTP allows in a header
            return
        ids.add(answer.headers["X-Request-ID"])
    assert len(ids) == 2
    for made in ids:
        assert re.fullmatch("[0-9a-f]{32}", made)


def test_a_request_is_one_line_of_json(server: LiveServer) -> None:
    sent = {
        "scored-question": question("sort", "X-Request-ID: scored-question"),
        "scored-picture": request("/v1/classify", BLACK, "X-Request-ID: scored-picture"),
        "one-model": head("/v1/models/faq", "X-Request-ID: one-model", method="GET"),
        "unknown": head("/secret/path", "X-Request-ID: unknown", method="GET"),
        "wrong-method": head("/v1/faq", "X-Request-ID: wrong-method", method="GET"),
        "refused": request("/v1/faq", b"", "X-Request-ID: refused"),
    }
    expected = {
        "scored-question": ("POST", "/v1/faq", 200),
        "scored-picture": ("POST", "/v1/classify", 200),
        "one-model": ("GET", "/v1/models/{name}", 200),
        "unknown": ("GET", "other", 404),
        "wrong-method": ("GET", "/v1/faq", 405),
        "refused": ("POST", "/v1/faq", 415),
    }
    for request_id, message in sent.items():
        Wire.ask(server, message)
        eventually(partial(server.lines_of, request_id))
        (line,) = server.lines_of(request_id)
        assert set(line) == {
            "time",
            "level",
            "logger",
            "message",
            "request_id",
            "method",
            "route",
            "status",
            "ms",
        }
        assert (line["method"], line["route"], line["status"]) == expected[request_id]
        assert (line["level"], line["message"]) == ("info", "request")
        assert datetime.fromisoformat(line["time"]).utcoffset() is not None
        stages = set(STAGES) if request_id.startswith("scored") else set()
        assert set(line["ms"]) == stages | {"total"}
        assert all(0 <= ms <= line["ms"]["total"] for ms in line["ms"].values())
    for text in server.lines:
        json.loads(text)


SECRETS = (
    "secretkeygood",
    "secretkeybad",
    "secretbearer",
    "secretquestion",
    "secretwrong",
    "secretfield",
    "secretquery",
    "secretpath",
    "secretmodel",
    "secretagent",
    "secretcookie",
    "secretfile.png",
    "secretform",
    "secrettype",
    "secrettimeout",
    "secretmethod",
    "secretgarbage",
    "secretid",
)


@pytest.fixture(params=["json", "text"])
def talkative(
    request: pytest.FixtureRequest, serve: Callable[..., LiveServer], tmp_path: Path
) -> LiveServer:
    """A server with keys that logs all that it can."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "caller").write_text("secretkeygood\n")
    settings = moody.settings(tmp_path) | {"api_keys_dir": tmp_path / "keys"}
    return serve(**settings, log_level="debug", log_format=request.param)


def provoke(client: httpx.Client) -> list[httpx.Response]:
    """Every kind of request, each with a secret in every place that it has."""
    key = {"X-API-Key": "secretkeygood", "User-Agent": "secretagent", "Cookie": "a=secretcookie"}
    picture = base64.b64encode(BLACK).decode()
    cut = BLACK[:60] + b"secretimage"
    green = moody.GREEN
    faq, classify = "/v1/faq", "/v1/classify"
    post, get = client.post, client.get
    return [
        post(faq, json={"question": "secretquestion"}, headers=key),
        post(faq, json={"questions": ["secretquestion"] * 200}, headers=key),
        post(faq, json={"question": ["secretwrong"], "secretfield": "secretfield"}, headers=key),
        post(faq, content=b'{"secretwrong', headers=key | {"Content-Type": "application/json"}),
        post(faq, content=b"secretwrong", headers=key | {"Content-Type": "secrettype"}),
        post(f"{faq}?secretquery=secretquery", json={"question": "a"}, headers=key),
        post(faq, json={"question": "secretquestion"}, headers={"X-API-Key": "secretkeybad"}),
        post(faq, json={"question": "a"}, headers={"Authorization": "Bearer secretbearer"}),
        post(faq, json={"question": "a"}, headers=key | {"X-Timeout-Ms": "secrettimeout"}),
        post(faq, json={"question": "a"}, headers=key | {"X-Request-ID": "secretid" * 40}),
        post(classify, content=cut, headers=key),
        post(classify, content=green, headers=key),
        post(classify, content=b"secretimage" * 9, headers=key),
        post(classify, json={"image": f"data:secretimage;base64,{picture}"}, headers=key),
        post(classify, json={"image": "secretimage!"}, headers=key),
        post(classify, files={"image": ("secretfile.png", cut)}, headers=key),
        post(classify, files={"image": ("secretfile.png", BLACK)}, headers=key),
        post(classify, files={"secretform": ("a.png", BLACK)}, headers=key),
        post(classify, data={"image": "secretform"}, headers=key),
        get("/v1/models/secretmodel", headers=key),
        get("/secretpath?secretquery", headers=key),
        client.request("SECRETMETHOD", "/healthz"),
        get("/healthz?secretquery"),
    ]


def test_no_line_tells_what_a_caller_sent(talkative: LiveServer) -> None:
    with talkative.client() as client:
        statuses = {answer.status_code for answer in provoke(client)}
    assert statuses >= {200, 400, 401, 404, 415, 422, 500}
    for sent in (b"secretgarbage\r\n\r\n", b"GET /secretgarbage HTTP/7\r\n\r\n"):
        assert Wire.ask(talkative, sent).status == 400
    with Wire(talkative).send(head("/v1/faq", "Content-Length: 99"), b"secretquestion"):
        pass
    assert talkative.stop() == 0
    assert talkative.process.stderr is not None
    written = ("".join(talkative.lines) + talkative.process.stderr.read()).lower()
    assert written.count("/v1/faq") > 5
    for secret in (*SECRETS, "secretimage", base64.b64encode(BLACK).decode()[:40].lower()):
        assert secret not in written
    assert "secret" not in written


def test_every_metric_of_the_promise_is_there_from_the_start(
    serve: Callable[..., LiveServer], tmp_path: Path
) -> None:
    counts = scrape(serve(**moody.settings(tmp_path)))
    for route in ROUTES:
        assert counts[sample_name("rtscore_requests_total", route=route, status="200")] == 0
        for part in ("count", "sum"):
            assert counts[sample_name(f"rtscore_request_seconds_{part}", route=route)] == 0
    assert counts[sample_name("rtscore_requests_total", route="other", status="404")] == 0
    for status in (200, 400, 401, 403, 404, 405, 408, 413, 415, 422, 499, 500, 503, 504):
        key = sample_name("rtscore_requests_total", route="/v1/faq", status=str(status))
        assert counts[key] == 0
    for model in ("faq", "image"):
        assert counts[sample_name("rtscore_queue_rows", model=model)] == 0
        assert counts[sample_name("rtscore_busy_ratio", model=model)] == 0
        assert counts[sample_name("rtscore_batch_rows_count", model=model)] == 0
        for stage in STAGES:
            key = sample_name("rtscore_stage_seconds_count", model=model, stage=stage)
            assert counts[key] == 0
        for reason in REASONS:
            assert counts[sample_name("rtscore_rejected_total", model=model, reason=reason)] == 0
    assert counts[sample_name("rtscore_in_flight")] == 1  # this request
    infos = [key for key in counts if key.startswith("rtscore_model_info")]
    assert len(infos) == 2
    for key in infos:
        assert counts[key] == 1
        assert re.fullmatch(
            r'rtscore_model_info\{device="cpu",model="(faq|image)",precision="fp32",'
            r'version="[0-9a-f]{12}"\}',
            key,
        )


def test_a_request_is_counted_and_timed(server: LiveServer) -> None:
    before = scrape(server)
    Wire.ask(server, question())
    after = scrape(server)
    for name, labels in (
        ("rtscore_requests_total", {"route": "/v1/faq", "status": "200"}),
        ("rtscore_request_seconds_count", {"route": "/v1/faq"}),
        ("rtscore_batch_rows_count", {"model": "faq"}),
        ("rtscore_batch_rows_sum", {"model": "faq"}),
        *[("rtscore_stage_seconds_count", {"model": "faq", "stage": stage}) for stage in STAGES],
        ("rtscore_request_seconds_bucket", {"route": "/v1/faq", "le": "30.0"}),
    ):
        key = sample_name(name, **labels)
        assert after[key] == before[key] + 1, key


@pytest.mark.parametrize(
    ("sent", "reason", "status"),
    [
        (request("/v1/faq", b"{", "Content-Type: application/json"), "bad_request", 400),
        (request("/v1/faq", b"{}", "Content-Type: application/json"), "invalid", 422),
        (request("/v1/faq", b"{}"), "unsupported", 415),
        (
            head("/v1/faq", "Content-Type: application/json", "Content-Length: 20000000"),
            "too_large",
            413,
        ),
        (question("a", "X-Timeout-Ms: no"), "invalid", 422),
    ],
)
def test_a_refusal_is_counted_by_its_reason(
    server: LiveServer, sent: bytes, reason: str, status: int
) -> None:
    key = sample_name("rtscore_rejected_total", model="faq", reason=reason)
    before = scrape(server)[key]
    assert Wire.ask(server, sent).status == status
    assert scrape(server)[key] == before + 1


def test_labels_stay_few_whatever_is_asked(server: LiveServer) -> None:
    before = set(scrape(server))
    for number in range(50):
        Wire.ask(server, head(f"/path/{number}", method="GET"))
        Wire.ask(server, head(f"/v1/models/{number}", method="GET"))
        Wire.ask(server, head(f"/static-offline-docs/{number}", method="GET"))
    Wire.ask(server, request("/v1/faq", b"", method="BREW"))
    for path in ("/docs", "/openapi.json", "/static-offline-docs/swagger-ui.css"):
        assert Wire.ask(server, head(path, method="GET")).status == 200
    new = {key for key in set(scrape(server)) - before if "_bucket" not in key}
    assert not [key for key in new if "49" in key or "BREW" in key]
    assert len(new) < 20


def test_runners_that_compute_are_seen_as_busy(
    serve: Callable[..., LiveServer], tmp_path: Path
) -> None:
    server = serve(**moody.settings(tmp_path))
    busy = sample_name("rtscore_busy_ratio", model="image")
    runs = sample_name("rtscore_batch_rows_count", model="image")
    with Wire(server).send(request("/v1/classify", moody.RED)) as wire:
        eventually(lambda: scrape(server)[runs] == 1)
        begun = scrape(server)[busy]
        assert wire.answer().status == 200
    assert 0 <= begun < scrape(server)[busy] <= 1
    assert scrape(server)[sample_name("rtscore_busy_ratio", model="faq")] == 0


def test_what_is_refused_before_the_routing_is_counted_for_its_route(server: LiveServer) -> None:
    name = sample_name("rtscore_requests_total", route="/v1/faq", status="422")
    before = scrape(server)[name]
    assert Wire.ask(server, question("any", "X-Timeout-Ms: soon")).status == 422
    assert scrape(server)[name] == before + 1


def test_probes_do_not_fill_the_log(serve: Callable[..., LiveServer]) -> None:
    quiet, thorough = serve(), serve(log_level="debug")
    for server in (quiet, thorough):
        with server.client() as client:
            for path in ("/healthz", "/readyz", "/metrics", "/v1/models"):
                assert client.get(path).status_code == 200
            assert client.post("/readyz").status_code == 405
        assert server.stop() == 0
    asked = [(line["route"], line["status"]) for line in quiet.logs if "route" in line]
    assert asked == [("/v1/models", 200), ("/readyz", 405)]
    assert len([line for line in thorough.logs if "route" in line]) == 5


async def test_an_error_behind_a_head_that_waits_for_its_body_is_told() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError

    scope = {"method": "GET", "path": "/file", "headers": [], "state": {}}
    exchange = Exchange(scope, receive, send)
    await exchange.send({"type": "http.response.start", "status": 200, "headers": []})
    assert sent == []
    await exchange.send_problem(Internal(Internal.example))
    assert [message.get("status") for message in sent] == [500, None]
    assert exchange.status == 500
    await exchange.send_problem(Internal(Internal.example))  # now one has begun
    assert len(sent) == 2
