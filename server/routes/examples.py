"""Examples for the OpenAPI document."""

from typing import Any

_MODEL = {"name": "faq", "version": "3f1c8a90b2de"}
_MATCH = {
    "id": "remove-duplicates",
    "question": "How do I remove duplicate values from an array?",
    "answer": "Put them through a `Set`: `[...new Set(values)]`.",
    "probability": 0.93,
}
_RESULT = {"matched": True, "matches": [_MATCH]}
_QUESTION = "make every value in my list unique"
_PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)

_FAQ_REQUESTS = {
    "one": {"summary": "One question", "value": {"question": _QUESTION, "top_k": 3}},
    "several": {
        "summary": "Several questions",
        "value": {"questions": [_QUESTION, "Why is 0.1 + 0.2 not 0.3?"], "top_k": 1},
    },
}
FAQ_ANSWERS = {
    "one": {"model": _MODEL, **_RESULT},
    "several": {"model": _MODEL, "results": [_RESULT, {"matched": False, "matches": [_MATCH]}]},
}


def faq_bodies(json_schema: dict[str, Any]) -> dict[str, Any]:
    """The body of /v1/faq by media type."""
    return {"application/json": {"schema": json_schema, "examples": _FAQ_REQUESTS}}


_BINARY = {"schema": {"type": "string", "format": "binary"}}


def classify_bodies(json_schema: dict[str, Any]) -> dict[str, Any]:
    """The three wrappings of a picture by media type; `json_schema` is that of the JSON one."""
    form = {
        "type": "object",
        "required": ["image"],
        "properties": {"image": {"type": "string", "format": "binary"}},
        "additionalProperties": False,
    }
    return {
        "image/*": _BINARY,
        "application/octet-stream": _BINARY,
        "multipart/form-data": {"schema": form},
        "application/json": {
            "schema": json_schema,
            "examples": {
                "base64": {"value": {"image": _PNG, "top_k": 1}},
                "data_url": {"value": {"image": f"data:image/png;base64,{_PNG}"}},
            },
        },
    }


TOP_K = {
    "name": "top_k",
    "in": "query",
    "description": "Classes, at the most; in the body where that is JSON",
    "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 5},
}
TIMEOUT = {
    "name": "X-Timeout-Ms",
    "in": "header",
    "description": "Milliseconds from the headers to the answer; cut to the server's own limit",
    "schema": {"type": "integer", "minimum": 1},
    "example": 2000,
}
CLASSIFY_ANSWERS = {
    "dog": {
        "model": {"name": "image", "version": "90b2de3f1c8a"},
        "predictions": [
            {
                "index": 207,
                "id": "n02099601",
                "label": "golden retriever",
                "probability": 0.91,
            }
        ],
    }
}
MODEL = {
    "name": "image",
    "version": "90b2de3f1c8a",
    "task": "image",
    "device": "cpu",
    "precision": "fp32",
    "inputs": [{"name": "image", "type": "tensor(uint8)", "shape": ["N", 224, 224, 3]}],
    "labels": 1000,
    "accuracy": {"top_1": 0.885},
}
VERSION = {
    "rtscore": "0.1.0",
    "python": "3.11.7",
    "onnxruntime": "1.31.1",
    "providers": ["CPUExecutionProvider"],
}
METRICS = "# HELP rtscore_in_flight Requests that are being answered\nrtscore_in_flight 1.0\n"
