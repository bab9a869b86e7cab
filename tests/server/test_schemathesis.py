"""Schemathesis makes requests from the OpenAPI document, right and wrong ones, and asks a server.

The checks hold whatever was asked: no fault of ours, and every answer as the document says.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests.live import LiveServer

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "unsupported_method",
    "allow_header_conformance",
)
EXAMPLES = os.environ.get("TEST_SCHEMATHESIS_EXAMPLES", "100")  # for each route
# A busy server, and one that was given too little time, are none of its faults.
CONFIG = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "4xx", "503", "504"]
"""


def test_the_server_is_as_its_document_says(server: LiveServer, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json"),
            *("--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing"),
            *("--max-examples", EXAMPLES, "--generation-deterministic"),
            *("--request-timeout", "60"),
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 selected / 8 total" in done.stdout
