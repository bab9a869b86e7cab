"""Every example of a request in the OpenAPI document is answered as its examples of answers say."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.live import LiveServer
from tests.moody import BLACK


@pytest.fixture
def client(server: LiveServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def operation(client: httpx.Client, path: str, method: str = "post") -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()["paths"][path][method]
    return found


def shape(value: object) -> object:
    """The types of a JSON value: fields by name, the first item of a list, null as text."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    return str if value is None else type(value)


def answers(operation: dict[str, Any]) -> dict[str, Any]:
    (content,) = operation["responses"]["200"]["content"].values()
    return {name: example["value"] for name, example in content["examples"].items()}


def test_the_questions(client: httpx.Client) -> None:
    faq = operation(client, "/v1/faq")
    examples = faq["requestBody"]["content"]["application/json"]["examples"]
    assert set(examples) == set(answers(faq))
    for name, example in examples.items():
        answer = client.post("/v1/faq", json=example["value"])
        assert answer.status_code == 200
        assert shape(answer.json()) == shape(answers(faq)[name])


def test_the_pictures(client: httpx.Client) -> None:
    classify = operation(client, "/v1/classify")
    content = classify["requestBody"]["content"]
    (expected,) = answers(classify).values()
    assert set(content) == {
        "image/*",
        "application/octet-stream",
        "multipart/form-data",
        "application/json",
    }
    for example in content["application/json"]["examples"].values():
        answer = client.post("/v1/classify", json=example["value"])
        assert answer.status_code == 200
        assert shape(answer.json()) == shape(expected)
    assert set(content["multipart/form-data"]["schema"]["properties"]) == {"image"}
    assert client.post("/v1/classify", files={"image": ("a.png", BLACK)}).status_code == 200


@pytest.mark.parametrize("path", ["/v1/faq", "/v1/classify"])
def test_the_header(client: httpx.Client, path: str) -> None:
    parameters = operation(client, path)["parameters"]
    (timeout,) = [one for one in parameters if one["in"] == "header"]
    headers = {timeout["name"]: str(timeout["example"])}
    assert client.post(path, headers=headers).status_code != 422


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/v1/models", "/v1/models"),
        ("/v1/models/{name}", "/v1/models/image"),
        ("/healthz", "/healthz"),
        ("/readyz", "/readyz"),
        ("/version", "/version"),
    ],
)
def test_what_is_asked_with_get(client: httpx.Client, template: str, path: str) -> None:
    (expected,) = answers(operation(client, template, "get")).values()
    found = client.get(path).json()
    for value in (expected, found):
        for model in value.get("models", [value]):
            model["accuracy"] = {}  # whose names differ from model to model
    assert shape(found) == shape(expected)


def test_the_example_of_the_metrics_is_part_of_them(client: httpx.Client) -> None:
    (example,) = answers(operation(client, "/metrics", "get")).values()
    assert example.splitlines()[0] in client.get("/metrics").text
