"""The OpenAPI document: valid, complete, and true of the errors' classes."""

import inspect
import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from server import errors
from server.errors import ApiError
from tests.live import LiveServer

Document = dict[str, Any]
SCORING = {200, 400, 401, 403, 404, 405, 408, 413, 415, 422, 500, 503, 504}
PATHS = {
    ("/v1/faq", "post"): SCORING,
    ("/v1/classify", "post"): SCORING,
    ("/v1/models", "get"): {200, 401, 405, 500, 503},
    ("/v1/models/{name}", "get"): {200, 401, 403, 404, 405, 500, 503},
    ("/healthz", "get"): {200, 405, 500},
    ("/readyz", "get"): {200, 405, 500, 503},
    ("/metrics", "get"): {200, 404, 405, 500},
    ("/version", "get"): {200, 405, 500, 503},
}


@pytest.fixture(scope="module")
def document(server: LiveServer) -> Document:
    with server.client() as client:
        answer = client.get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    content: Document = answer.json()
    return content


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def schema_of(document: Document, content: Document) -> Document:
    """The schema of a body, with the document's definitions beside it."""
    return {**content["schema"], "components": document["components"]}


def is_valid(document: Document, content: Document, value: object) -> bool:
    schema = json.loads(json.dumps(schema_of(document, content)))
    return jsonschema_rs.is_valid(schema, value)


def test_it_is_openapi_3_1_with_every_route(document: Document) -> None:
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["title"] == "rtscore"
    found = {
        (path, method): {int(status) for status in operation["responses"]}
        for path, method, operation in operations(document)
    }
    assert found == PATHS
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    for _, _, operation in operations(document):
        assert operation["summary"]
        assert operation["description"]


def test_every_schema_in_it_is_valid(document: Document) -> None:
    for _, _, operation in operations(document):
        bodies = [*operation["responses"].values(), operation.get("requestBody", {"content": {}})]
        for body in bodies:
            for content in body["content"].values():
                jsonschema_rs.validator_for(schema_of(document, content))
        for parameter in operation.get("parameters", []):
            jsonschema_rs.validator_for(parameter["schema"])


def test_every_answer_has_examples_that_fit_its_schema(document: Document) -> None:
    for path, _, operation in operations(document):
        for status, answer in operation["responses"].items():
            for media_type, content in answer["content"].items():
                assert content["examples"], (path, status, media_type)
                for example in content["examples"].values():
                    assert is_valid(document, content, example["value"]), (path, status)


def test_every_example_of_a_request_fits_its_schema(document: Document) -> None:
    for path in ("/v1/faq", "/v1/classify"):
        content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        assert len(content["examples"]) >= 2
        for example in content["examples"].values():
            assert is_valid(document, content, example["value"])


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ({"question": "a"}, True),
        ({"questions": ["a", "b"], "top_k": 1000}, True),
        ({"question": "a", "questions": ["a"]}, False),
        ({}, False),
        ({"question": ""}, False),
        ({"question": "a", "top_k": 0}, False),
        ({"question": "a", "top_k": "3"}, False),
        ({"question": "a", "other": 1}, False),
        ({"questions": []}, False),
        ({"questions": ["a"] * 257}, False),
    ],
)
def test_the_schema_of_a_question_is_as_strict_as_the_server(
    document: Document, server: LiveServer, value: Document, valid: bool
) -> None:
    content = document["paths"]["/v1/faq"]["post"]["requestBody"]["content"]["application/json"]
    assert is_valid(document, content, value) == valid
    with server.client() as client:
        assert (client.post("/v1/faq", json=value).status_code == 200) == valid


def every_error() -> list[type[ApiError]]:
    return [
        value
        for value in vars(errors).values()
        if inspect.isclass(value) and issubclass(value, ApiError) and value is not ApiError
    ]


@pytest.mark.parametrize("error", every_error(), ids=lambda error: error.__name__)
def test_every_error_is_documented_with_its_headers(
    document: Document, error: type[ApiError]
) -> None:
    found = 0
    for _, _, operation in operations(document):
        answer = operation["responses"].get(str(error.status), {"content": {}})
        problem = answer["content"].get("application/problem+json", {"examples": {}})
        if error.code in problem["examples"]:
            found += 1
            value = problem["examples"][error.code]["value"]
            assert (value["status"], value["code"]) == (error.status, error.code)
            assert set(error.headers) - {"Connection"} <= set(answer["headers"])
            assert "X-Request-ID" in answer["headers"]
    assert found


def test_keys_are_part_of_it(document: Document) -> None:
    schemes = document["components"]["securitySchemes"]
    assert {scheme["type"] for scheme in schemes.values()} == {"apiKey", "http"}
    for path, _, operation in operations(document):
        assert ("security" in operation) == path.startswith("/v1/")


def test_nothing_in_it_lies_elsewhere(document: Document) -> None:
    text = json.dumps(document)
    assert "http://" not in text
    assert "https://" not in text
