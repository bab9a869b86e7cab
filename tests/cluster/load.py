"""Load in the background: the project's own command, through the ingress."""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

# What `Load.stop` returns where both routes were asked and nothing failed.
BOTH_ANSWERED = {"/v1/faq 200", "/v1/classify 200"}
FAQ_ANSWERED = {"/v1/faq 200"}
IMAGES_ANSWERED = {"/v1/classify 200"}

_MOST_SECONDS = 600
_TIMEOUT = 12  # more than the server's own limit: a call that gets no answer is a failure


class Load:
    """`rtscore-load` with `flags`, from now until `stop`; `folder` is for what it writes."""

    def __init__(self, url: str, address: str, folder: Path, *flags: str | Path, key: str) -> None:
        self._summary = folder / f"load-{secrets.token_hex(3)}.json"
        command = [sys.executable, "-m", "client.load", url, "--connect-to", address]
        command += ["--seconds", str(_MOST_SECONDS), "--timeout", str(_TIMEOUT)]
        command += ["--json", str(self._summary), *map(str, flags)]
        self._process = subprocess.Popen(
            command,
            env=os.environ | {"LOAD_KEY": key},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def stop(self) -> dict[str, int]:
        """End it; how often each came: route and status, and the reason of a failure.

        Such as {"/v1/faq 200": 120, "/v1/classify 503 overloaded": 3}; status 0: no answer.
        """
        self._process.terminate()  # upon which it waits for what is under way, _TIMEOUT at most
        output, _ = self._process.communicate(timeout=30)
        print(output)
        assert self._process.returncode in (0, 1), output
        outcomes = json.loads(self._summary.read_text(encoding="utf-8"))["outcomes"]
        return {
            f"{one['route']} {one['status']} {one['code']}".strip(): one["count"]
            for one in outcomes
        }

    def kill(self) -> None:
        """End it at once, where a test failed; does nothing after `stop`."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()
