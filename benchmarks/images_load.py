"""Load on a running server for the least CPU time: pictures in turn over some connections.

`python -m benchmarks.images_load PORT FOLDER` goes on until SIGTERM and then prints as JSON when
each picture began and ended. `rtscore-load` can do more, and takes more of the CPUs from a server
beside it.
"""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from time import perf_counter

import httptools
import uvloop

from client.inputs import read_pictures

HEAD = (
    "POST /v1/classify HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {0.media_type}\r\n"
    "Content-Length: {1}\r\n\r\n"
)


class Caller(asyncio.Protocol):
    """One connection: sends the next request once it has the whole answer to the last."""

    def __init__(self, requests: Iterator[bytes], sent: "Sent") -> None:
        self._requests, self._sent = requests, sent
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Send the first request."""
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        """Parse, which calls what is below."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Note how long the answer took, and go on."""
        self._sent.failed += self._parser.get_status_code() != 200
        self._sent.spans.append((self._begun, perf_counter()))
        self._sent.answered.set()
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count what was not answered."""
        self._sent.failed += 1
        self._sent.answered.set()

    def _send(self) -> None:
        self._begun = perf_counter()
        self._transport.write(next(self._requests))


@dataclass
class Sent:
    """When (perf_counter) each request was sent and answered, and how many failed."""

    spans: list[tuple[float, float]] = field(default_factory=list)
    failed: int = 0
    answered: asyncio.Event = field(default_factory=asyncio.Event)


async def load(port: int, folder: Path, connections: int) -> Sent:
    """Send until SIGTERM."""
    requests = cycle(
        HEAD.format(picture, len(picture.body)).encode() + picture.body
        for picture in read_pictures(folder)
    )
    sent, ended, running = Sent(), asyncio.Event(), asyncio.get_running_loop()
    running.add_signal_handler(signal.SIGTERM, ended.set)
    for _ in range(connections):
        await running.create_connection(lambda: Caller(requests, sent), "127.0.0.1", port)
    await sent.answered.wait()
    print("running", flush=True)
    await ended.wait()
    return Sent(sent.spans, sent.failed)  # what closing the connections adds is no failure


def main(argv: Sequence[str] | None = None) -> int:
    """Send and print."""
    parser = argparse.ArgumentParser("benchmarks.images_load", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--connections", type=int, default=8)
    options = parser.parse_args(argv)
    sent = uvloop.run(load(options.port, options.folder, options.connections))
    print(json.dumps({"failed": sent.failed, "spans": sent.spans}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
