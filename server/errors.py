"""Every error that a client can see, and the one that stops the start.

    ApiError
    ├── BadRequest             400 bad_request
    ├── Unauthorized           401 unauthorized
    ├── Forbidden              403 forbidden
    ├── NotFound               404 not_found
    ├── MethodNotAllowed       405 method_not_allowed
    ├── RequestTimeout         408 request_timeout
    ├── TooLarge               413 too_large
    ├── UnsupportedMediaType   415 unsupported_media_type
    ├── Invalid                422 invalid
    ├── Internal               500 internal
    ├── Overloaded             503 overloaded
    ├── ShuttingDown           503 shutting_down
    └── DeadlineExceeded       504 deadline_exceeded
    StartupError               (one line on stderr, exit code 3)

The class says status and code; the message says what the caller should change. Answers have the
shape of RFC 9457 (`application/problem+json`).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

PROBLEM_JSON = "application/problem+json"


class ApiError(Exception):
    """An answer other than success. `detail` tells the caller what to change.

    `reason` is the label under which `rtscore_rejected_total` counts it, None for uncounted.
    """

    status: ClassVar[int]
    code: ClassVar[str]
    title: ClassVar[str]
    example: ClassVar[str]
    reason: ClassVar[str | None] = None
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def problem(self, request_id: str) -> dict[str, str | int]:
        """The body of the answer, by RFC 9457."""
        return self.problem_of(self.detail, request_id)

    @classmethod
    def problem_of(cls, detail: str, request_id: str) -> dict[str, str | int]:
        """The body of such an answer with this `detail`."""
        return {
            "type": f"urn:rtscore:error:{cls.code}",
            "title": cls.title,
            "status": cls.status,
            "code": cls.code,
            "detail": detail,
            "request_id": request_id,
        }


class BadRequest(ApiError):
    """Bytes that can't be parsed: JSON, base64, multipart, image."""

    status, code, reason = 400, "bad_request", "bad_request"
    title = "The request can't be parsed"
    example = "The body is not valid JSON: expected value at line 1 column 1."


class Unauthorized(ApiError):
    """No key, or one that nobody has."""

    status, code, reason = 401, "unauthorized", "unauthorized"
    title = "No valid key"
    example = "Send your key as 'X-API-Key: KEY' or 'Authorization: Bearer KEY'."
    headers = MappingProxyType({"WWW-Authenticate": 'Bearer realm="rtscore"'})


class Forbidden(ApiError):
    """A known caller, but not for this model."""

    status, code, reason = 403, "forbidden", "forbidden"
    title = "Not for this caller"
    example = "This key may not use the model 'image'."


class NotFound(ApiError):
    """No such route or model, or one that is switched off."""

    status, code = 404, "not_found"
    title = "No such resource"
    example = "There is nothing at this path; GET /docs lists every route."


class MethodNotAllowed(ApiError):
    """The route exists for other methods, which the Allow header names."""

    status, code = 405, "method_not_allowed"
    title = "Wrong method"
    example = "This path answers to: POST."
    headers = MappingProxyType({"Allow": "POST"})

    def __init__(self, detail: str, allow: str) -> None:
        super().__init__(detail)
        self.headers = MappingProxyType({"Allow": allow})


class RequestTimeout(ApiError):
    """The body did not arrive in time; the connection closes."""

    status, code = 408, "request_timeout"
    title = "The body did not arrive in time"
    example = "The body did not arrive within 30000 ms; send it faster or in a smaller encoding."
    headers = MappingProxyType({"Connection": "close"})


class TooLarge(ApiError):
    """Body, pixels, or number of questions over the limit."""

    status, code, reason = 413, "too_large", "too_large"
    title = "Too large"
    example = "The body has 20971520 bytes; at most 16777216 are taken."


class UnsupportedMediaType(ApiError):
    """A content type or picture format that the route does not take."""

    status, code, reason = 415, "unsupported_media_type", "unsupported"
    title = "Unsupported media type"
    example = "Send the question as 'Content-Type: application/json'."


class Invalid(ApiError):
    """Parsed, but a field is missing, unknown, wrongly typed or out of range."""

    status, code, reason = 422, "invalid", "invalid"
    title = "A field is invalid"
    example = "top_k: Input should be less than or equal to 1000."


class Internal(ApiError):
    """Ours. What happened is in the log under the same request id."""

    status, code = 500, "internal"
    title = "Internal error"
    example = "The server failed; its log tells why under this request id."


class Overloaded(ApiError):
    """The queue is full."""

    status, code, reason = 503, "overloaded", "overloaded"
    title = "Too much is waiting"
    example = "512 rows are waiting for the model 'faq' already; try again later."
    headers = MappingProxyType({"Retry-After": "1"})


class ShuttingDown(ApiError):
    """The server is stopping; another replica will answer."""

    status, code = 503, "shutting_down"
    title = "The server is stopping"
    example = "This server is stopping; send the request again."
    headers = MappingProxyType({"Retry-After": "1", "Connection": "close"})


class DeadlineExceeded(ApiError):
    """The time that the setting or the request allows has passed."""

    status, code, reason = 504, "deadline_exceeded", "deadline"
    title = "Not done in time"
    example = "The answer was not ready within 10000 ms."


class StartupError(Exception):
    """The server can't start; the message is one line that says what to do."""
