"""A real server process on a free port of the loopback interface."""

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

START_SECONDS = 60
STOP_SECONDS = 60
_LISTENING = re.compile(r"\blistening\b.*(http://[\d.:]+)")


class LiveServer:
    """`python -m server` with `settings`; `url` once it listens, `logs` as it writes them."""

    def __init__(self, settings: Mapping[str, object]) -> None:
        environ = {name: value for name, value in os.environ.items() if "RTSCORE" not in name}
        environ |= {f"RTSCORE_{name.upper()}": str(value) for name, value in settings.items()}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "server"],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.logs: list[dict[str, Any]] = []
        self.lines: list[str] = []
        self._listening: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        url = self._listening.get(timeout=START_SECONDS)
        if url is None:
            raise RuntimeError(f"the server did not start: {self.process.communicate()[1]}")
        self.url = url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.stop()
        if self.process.stderr is not None:
            self.process.stderr.close()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.url.rpartition(":")[2])

    def lines_of(self, request_id: str) -> list[dict[str, Any]]:
        """What it has logged under `request_id`."""
        return [line for line in self.logs if line.get("request_id") == request_id]

    def client(self, **options: Any) -> httpx.Client:
        """An HTTP client for it."""
        return httpx.Client(base_url=self.url, timeout=60, **options)

    def terminate(self) -> None:
        """Send SIGTERM and don't wait."""
        self.process.send_signal(signal.SIGTERM)

    def stop(self) -> int:
        """Send SIGTERM, wait for the end and return the exit code."""
        self.terminate()
        return self.wait()

    def wait(self) -> int:
        """Wait for the end and return the exit code."""
        code = self.process.wait(timeout=STOP_SECONDS)
        self._reader.join(timeout=STOP_SECONDS)
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            for line in stdout:
                self.lines.append(line)
                if line.startswith("{"):
                    self.logs.append(json.loads(line))
                if listening := _LISTENING.search(line):
                    self._listening.put(listening[1])
        self._listening.put(None)
