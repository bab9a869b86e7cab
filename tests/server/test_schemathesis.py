"""Schemathesis makes requests from the OpenAPI document, right and wrong ones, and asks a server.

The checks hold whatever was asked: no fault of ours, and every answer as the document says.
"""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case, CheckContext, Response
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.schemas import OpenApiSchema

from tests.live import LiveServer

EXAMPLES = int(os.environ.get("TEST_SCHEMATHESIS_EXAMPLES", "40"))  # for each route


@pytest.fixture(scope="module")
def document(server: LiveServer) -> OpenApiSchema:
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


api = schemathesis.pytest.from_fixture("document")


def no_fault_of_ours(context: CheckContext, response: Response, case: Case) -> bool | None:
    """Any status under 500, and those of a server that is busy or asked for too little time."""
    return (
        None if response.status_code in (503, 504) else not_a_server_error(context, response, case)
    )


@api.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_the_server_is_as_its_document_says(case: Case) -> None:
    case.call_and_validate(
        checks=[
            no_fault_of_ours,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
            response_headers_conformance,
        ],
        timeout=60,
    )
