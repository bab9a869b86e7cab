"""The errors that a client can see: api.md's table, RFC 9457, and no class that is forgotten."""

import re

import pytest

from server import errors, metrics
from server.errors import ApiError

TABLE = {
    "bad_request": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "request_timeout": 408,
    "too_large": 413,
    "unsupported_media_type": 415,
    "invalid": 422,
    "internal": 500,
    "overloaded": 503,
    "shutting_down": 503,
    "deadline_exceeded": 504,
}
CLASSES = ApiError.__subclasses__()


def test_every_error_has_its_status_and_code() -> None:
    assert {error.code: error.status for error in CLASSES} == TABLE
    assert len(CLASSES) == len(TABLE)


def test_the_tree_in_the_docstring_is_the_one_of_the_classes() -> None:
    drawn = re.findall(r"[├└]── (\w+) +(\d+) (\w+)", errors.__doc__ or "")
    assert drawn == [(error.__name__, str(error.status), error.code) for error in CLASSES]


@pytest.mark.parametrize("error", CLASSES)
def test_a_problem_has_the_members_that_are_promised(error: type[ApiError]) -> None:
    problem = error.problem_of("Send less.", "some-id")
    assert problem == {
        "type": f"urn:rtscore:error:{error.code}",
        "title": error.title,
        "status": error.status,
        "code": error.code,
        "detail": "Send less.",
        "request_id": "some-id",
    }
    assert error.title
    assert error.example.endswith(".")


def test_an_error_carries_its_own_detail() -> None:
    error = errors.TooLarge("The body has 9 bytes; at most 5 are taken.")
    assert error.detail == str(error) == "The body has 9 bytes; at most 5 are taken."
    assert error.problem("some-id")["detail"] == error.detail


@pytest.mark.parametrize(
    ("error", "headers"),
    [
        (errors.Unauthorized, {"WWW-Authenticate"}),
        (errors.Overloaded, {"Retry-After"}),
        (errors.ShuttingDown, {"Retry-After", "Connection"}),
        (errors.RequestTimeout, {"Connection"}),
        (errors.MethodNotAllowed, {"Allow"}),
    ],
)
def test_the_headers_that_belong_to_an_error(error: type[ApiError], headers: set[str]) -> None:
    assert set(error.headers) == headers


def test_the_allow_header_names_the_methods_of_its_own_route() -> None:
    error = errors.MethodNotAllowed("This path answers to: GET, HEAD.", "GET, HEAD")
    assert error.headers == {"Allow": "GET, HEAD"}
    assert errors.MethodNotAllowed.headers == {"Allow": "POST"}


def test_nobody_can_change_the_headers_of_a_class() -> None:
    for error in CLASSES:
        with pytest.raises(TypeError):
            error.headers["X-Mine"] = "1"  # type: ignore[index]


def test_every_reason_is_one_that_is_counted() -> None:
    reasons = {error.reason for error in CLASSES} - {None}
    assert reasons <= set(metrics.REASONS)
    assert set(metrics.REASONS) - reasons == {"cancelled"}


def test_a_start_that_fails_is_nothing_that_a_client_sees() -> None:
    assert not issubclass(errors.StartupError, ApiError)
