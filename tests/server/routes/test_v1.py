"""The scoring routes and what is known of the models, as a client of a real server sees them."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.live import LiveServer
from tests.moody import BLACK
from tests.tiny import faq_contract, faq_graph, stamped, write
from tests.wire import refused

QUESTION = "how do i remove duplicates from an array"
SCORED = {"decode", "queue", "infer", "encode", "total"}


@pytest.fixture
def client(server: LiveServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def ask(client: httpx.Client, body: object) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    return client.post("/v1/faq", content=content, headers=headers)


def test_a_question_is_answered(client: httpx.Client) -> None:
    answer = ask(client, {"question": QUESTION})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    content = answer.json()
    assert set(content) == {"model", "matched", "matches"}
    assert content["model"]["name"] == "faq"
    assert len(content["matches"]) == 3
    for match in content["matches"]:
        assert set(match) == {"id", "question", "answer", "probability"}
        assert isinstance(match["answer"], str)
    probabilities = [match["probability"] for match in content["matches"]]
    assert probabilities == sorted(probabilities, reverse=True)
    assert "remove-duplicates" in content["matches"][0]["id"]


def test_every_stage_is_timed(client: httpx.Client) -> None:
    for answer in (
        ask(client, {"question": QUESTION}),
        ask(client, {"questions": [QUESTION] * 100}),
        client.post("/v1/classify", content=BLACK),
    ):
        stages = dict(part.split(";dur=") for part in answer.headers["Server-Timing"].split(", "))
        assert set(stages) == SCORED
        times = {stage: float(ms) for stage, ms in stages.items()}
        assert all(ms >= 0 for ms in times.values())
        assert sum(times.values()) - times["total"] <= times["total"]


def test_top_k_is_cut_to_the_number_of_entries(client: httpx.Client) -> None:
    entries = client.get("/v1/models/faq").json()["labels"]
    matches = ask(client, {"question": QUESTION, "top_k": 1000}).json()["matches"]
    assert len(matches) == len({match["id"] for match in matches}) == entries
    assert 0 <= sum(match["probability"] for match in matches) <= 1 + 1e-5
    classes = client.get("/v1/models/image").json()["labels"]
    predictions = client.post("/v1/classify?top_k=1000", content=BLACK).json()["predictions"]
    assert [len(predictions), len({one["index"] for one in predictions})] == [classes, classes]


def test_several_questions_are_answered_in_their_order(client: httpx.Client) -> None:
    texts = [QUESTION, "what is a closure", "how to compare dates", QUESTION]
    content = ask(client, {"questions": texts, "top_k": 2}).json()
    assert set(content) == {"model", "results"}
    for text, result in zip(texts, content["results"], strict=True):
        alone = ask(client, {"question": text, "top_k": 2}).json()
        assert set(result) == {"matched", "matches"}
        assert result["matched"] == alone["matched"]
        for one, other in zip(result["matches"], alone["matches"], strict=True):
            assert one["id"] == other["id"]
            assert one["probability"] == pytest.approx(other["probability"], abs=1e-5)


def test_white_space_around_a_question_is_cut(client: httpx.Client) -> None:
    plain = ask(client, {"question": QUESTION}).json()
    assert ask(client, {"question": f" \n\t{QUESTION}\u2003 "}).json() == plain


def test_a_question_of_nothing_known_is_answered_too(client: httpx.Client) -> None:
    content = ask(client, {"question": "\U0001f600 \u0130 \u03a3 \u0000 ?!"}).json()
    assert content["matched"] is False
    assert len(content["matches"]) == 3


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"question": QUESTION, "top_k": "3"}, "top_k"),
        ({"question": QUESTION, "top_k": True}, "top_k"),
        ({"question": QUESTION, "top_k": None}, "top_k"),
        ({"question": QUESTION, "top_k": 3.0}, "top_k"),
        ({"question": QUESTION, "top_k": [3]}, "top_k"),
        ({"question": QUESTION, "top_k": 0}, "top_k"),
        ({"question": QUESTION, "top_k": 1001}, "top_k"),
        ({"question": QUESTION, "top_k": 10**30}, "top_k"),
        ({"question": QUESTION, "topk": 3}, "topk"),
        ({"question": QUESTION, "Question": QUESTION}, "Question"),
        ({"question": None}, "question"),
        ({"question": 5}, "question"),
        ({"question": [QUESTION]}, "question"),
        ({"question": ""}, "question"),
        ({"question": " \n "}, "question"),
        ({"question": "a" * 4001}, "question"),
        (b'{"question": "a", "top_k": NaN}', "top_k"),
        (b'{"question": "a", "top_k": 1e1}', "top_k"),
        ({"questions": QUESTION}, "questions"),
        ({"questions": None}, "questions"),
        ({"questions": []}, "questions"),
        ({"questions": [QUESTION, 5]}, "questions.1"),
        ({"questions": [QUESTION, None, " "]}, "questions.1"),
        ({"questions": [QUESTION, "a" * 4001]}, "questions.1"),
        ({"question": QUESTION, "questions": [QUESTION]}, "question"),
        ({"question": QUESTION, "questions": None}, "questions"),
        ({"top_k": 3}, "question"),
        ({}, "question"),
        ([QUESTION], ""),
        (QUESTION, ""),
        (None, ""),
        (3, ""),
    ],
)
def test_a_wrong_field_is_named(client: httpx.Client, body: object, path: str) -> None:
    assert path in refused(ask(client, body), 422, "invalid")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"question",
        b'{"question": "a",}',
        b"{'question': 'a'}",
        b'{"question": "\xff"}',
        b'\xef\xbb\xbf{"question": "a"}',
        '{"question": "a"}'.encode("utf-16"),
        rb'{"question": "\ud800"}',
        b'{"question": "a"} {}',
        b"[" * 100_000,
    ],
)
def test_what_is_not_json_is_told(client: httpx.Client, body: bytes) -> None:
    refused(ask(client, body), 400, "bad_request")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"question": "a" * 4000}, 200),
        ({"question": " " * 5000 + "a" * 4000}, 200),
        ({"questions": ["\u00e9" * 4000] * 256, "top_k": 1}, 200),
        ({"questions": ["a"] * 257}, 413),
        ({"questions": ["a"] * 10_000, "top_k": 1}, 413),
        ({"questions": ["a"] * 10, "top_k": 1000}, 200),
        ({"questions": ["a"] * 11, "top_k": 1000}, 413),
        ({"questions": ["a"] * 256, "top_k": 39}, 200),
        ({"questions": ["a"] * 256, "top_k": 40}, 413),
    ],
)
def test_the_limits_hold(client: httpx.Client, body: dict[str, Any], status: int) -> None:
    answer = ask(client, body)
    if status == 413:
        refused(answer, 413, "too_large")
    else:
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "application/problem+json",
    ],
)
def test_a_question_has_to_come_as_json(client: httpx.Client, header: str | None) -> None:
    headers = {} if header is None else {"Content-Type": header}
    answer = client.post("/v1/faq", content=b'{"question": "a"}', headers=headers)
    assert "application/json" in refused(answer, 415, "unsupported_media_type") or header


@pytest.mark.parametrize(
    "header",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
    ],
)
def test_ways_to_say_json(client: httpx.Client, header: str) -> None:
    headers = {"Content-Type": header}
    answer = client.post("/v1/faq", content=b'{"question": "a"}', headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/v1/faq", "/v1/classify"])
def test_a_compressed_body_is_refused(client: httpx.Client, path: str) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    refused(client.post(path, content=b"{}", headers=headers), 415, "unsupported_media_type")


def test_the_question_has_no_query(client: httpx.Client) -> None:
    answer = client.post("/v1/faq?top_k=1", json={"question": QUESTION})
    assert "top_k" in refused(answer, 422, "invalid")


def test_a_picture_comes_in_three_ways(client: httpx.Client, flower: Path) -> None:
    content = flower.read_bytes()
    text = base64.b64encode(content).decode()
    answers = [
        client.post("/v1/classify", content=content),
        client.post("/v1/classify?top_k=5", content=content, headers={"Content-Type": "image/png"}),
        client.post(
            "/v1/classify", content=content, headers={"Content-Type": "application/octet-stream"}
        ),
        client.post("/v1/classify", files={"image": ("a.jpg", content, "image/jpeg")}),
        client.post("/v1/classify", json={"image": text}),
        client.post("/v1/classify", json={"image": f"data:image/jpeg;base64,{text}", "top_k": 5}),
    ]
    assert [answer.status_code for answer in answers] == [200] * 6
    content = answers[0].json()
    assert set(content) == {"model", "predictions"}
    assert content["model"]["name"] == "image"
    assert len(content["predictions"]) == 5
    best = content["predictions"][0]
    assert set(best) == {"index", "id", "label", "probability"}
    assert (best["index"], best["id"], best["label"]) == (985, "n11939491", "daisy")
    probabilities = [one["probability"] for one in content["predictions"]]
    assert probabilities == sorted(probabilities, reverse=True)
    assert all(answer.json() == content for answer in answers)


def test_more_than_one_prediction_is_a_matter_of_top_k(client: httpx.Client) -> None:
    text = base64.b64encode(BLACK).decode()
    for answer in (
        client.post("/v1/classify?top_k=7", content=BLACK),
        client.post("/v1/classify?top_k=7", files={"image": ("a", BLACK)}),
        client.post("/v1/classify", json={"image": text, "top_k": 7}),
    ):
        assert len(answer.json()["predictions"]) == 7


@pytest.mark.parametrize(
    "query",
    [
        "top_k=0",
        "top_k=1001",
        "top_k=a",
        "top_k=",
        "top_k=1.5",
        "top_k=1&top_k=1",
        "topk=1",
        "top_k=1&a=",
        "top_k=true",
        "top_k=%00",
        "top_k=" + "9" * 5000,
    ],
)
def test_a_wrong_query_is_refused(client: httpx.Client, query: str) -> None:
    refused(client.post(f"/v1/classify?{query}", content=BLACK), 422, "invalid")


def test_the_query_does_not_go_with_json(client: httpx.Client) -> None:
    text = base64.b64encode(BLACK).decode()
    answer = client.post("/v1/classify?top_k=1", json={"image": text})
    assert "top_k" in refused(answer, 422, "invalid")


def test_a_body_over_the_limit_is_refused_however_it_comes(client: httpx.Client) -> None:
    size = 16 * 1024 * 1024
    whole = bytes(size + 1)
    refused(client.post("/v1/classify", content=whole), 413, "too_large")
    pieces = iter([whole[: size // 2], whole[size // 2 :]])
    refused(client.post("/v1/classify", content=pieces), 413, "too_large")
    refused(client.post("/v1/classify", files={"image": ("a", whole)}), 413, "too_large")
    headers = {"Content-Type": "application/json"}
    refused(client.post("/v1/faq", content=whole, headers=headers), 413, "too_large")
    # One that is as large as may be is read, and is no picture.
    refused(client.post("/v1/classify", content=whole[:-1]), 400, "bad_request")


def test_what_is_known_of_the_models(
    client: httpx.Client, faq_model: Path, image_model: Path
) -> None:
    models = client.get("/v1/models").json()["models"]
    assert [model["name"] for model in models] == ["faq", "image"]
    for model, path in zip(models, (faq_model, image_model), strict=True):
        assert set(model) == {
            "name",
            "version",
            "task",
            "device",
            "precision",
            "inputs",
            "labels",
            "accuracy",
        }
        assert model["version"] == hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        assert client.get(f"/v1/models/{model['name']}").json() == model
    assert models[0]["device"] == "cpu"  # a lexical model has nothing to gain elsewhere
    assert models[1]["inputs"][0]["type"] == "tensor(uint8)"
    assert models[1]["labels"] == 1000
    assert [model["precision"] for model in models] == ["fp32", "int8"]
    assert models[1]["accuracy"]["top1_agreement"] == 0.975
    scored = ask(client, {"question": QUESTION}).json()["model"]
    assert scored == {"name": "faq", "version": models[0]["version"]}


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/other",
        "/v1/models/%2e%2e",
        "/v1/models/",
        "/v1/faq/",
        "/v1",
        "//v1/faq",
        "/V1/faq",
        "/v1/models/faq/x",
        "/nothing",
    ],
)
def test_what_is_not_there_is_404(client: httpx.Client, path: str) -> None:
    refused(client.get(path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v1/faq", "POST"),
        ("PUT", "/v1/classify", "POST"),
        ("OPTIONS", "/v1/faq", "POST"),
        ("POST", "/v1/models", "GET"),
        ("DELETE", "/v1/models/faq", "GET"),
    ],
)
def test_a_wrong_method_is_405(client: httpx.Client, method: str, path: str, allow: str) -> None:
    answer = client.request(method, path)
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == allow


@pytest.mark.parametrize(("off", "on"), [("faq", "image"), ("image", "faq")])
def test_a_model_that_is_switched_off_is_not_there(
    serve: Callable[..., LiveServer], off: str, on: str
) -> None:
    routes = {"faq": "/v1/faq", "image": "/v1/classify"}
    with serve(**{f"{off}_model": ""}).client() as client:
        refused(client.post(routes[off], json={"question": "a"}), 404, "not_found")
        refused(client.get(f"/v1/models/{off}"), 404, "not_found")
        assert [model["name"] for model in client.get("/v1/models").json()["models"]] == [on]
        assert client.get("/readyz").status_code == 200
        assert client.post(routes[on], json={"a": 1}).status_code == 422


def test_ties_stand_in_entry_order_and_answers_may_be_missing(
    serve: Callable[..., LiveServer], tmp_path: Path
) -> None:
    path = write(tmp_path, stamped(faq_graph(), faq_contract()))
    with serve(faq_model=path, image_model="").client() as client:
        nothing = ask(client, {"question": "unknown words only"}).json()
        assert [match["id"] for match in nothing["matches"]] == ["sort", "date", "string"]
        assert [match["answer"] for match in nothing["matches"]] == [
            "`values.sort()`",
            "With `<`.",
            None,
        ]
        assert nothing["matched"] is False
        assert ask(client, {"question": "compare, compare!"}).json()["matched"] is True
