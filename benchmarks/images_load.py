"""Load on a running server for the least CPU time: pictures in turn over some connections.

`python -m benchmarks.images_load PORT FOLDER --connections 8 --seconds 10` prints what came of it
as JSON. `rtscore-load` can do more, and takes ten times as long for a request.
"""

import argparse
import asyncio
import json
import resource
import sys
from collections.abc import Iterator, Sequence
from functools import partial
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

    def __init__(self, requests: Iterator[bytes], ends: float) -> None:
        self.latencies: list[float] = []
        self.failed = 0
        self.done = asyncio.get_running_loop().create_future()
        self._requests, self._ends = requests, ends
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
        now = perf_counter()
        self.latencies.append(now - self._sent)
        self.failed += self._parser.get_status_code() != 200
        if now < self._ends:
            self._send()
        else:
            self.done.set_result(None)
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail, unless all is done."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        self._sent = perf_counter()
        self._transport.write(next(self._requests))


async def load(port: int, folder: Path, connections: int, seconds: float) -> dict[str, object]:
    """Requests, failed ones, seconds, CPU seconds of this process, and latencies in seconds."""
    requests = cycle(
        HEAD.format(picture, len(picture.body)).encode() + picture.body
        for picture in read_pictures(folder)
    )
    begun, used = perf_counter(), cpu_seconds()
    callers = [Caller(requests, begun + seconds) for _ in range(connections)]
    connect = asyncio.get_running_loop().create_connection
    for caller in callers:
        await connect(partial(_itself, caller), "127.0.0.1", port)
    await asyncio.gather(*(caller.done for caller in callers))
    return {
        "requests": sum(len(caller.latencies) for caller in callers),
        "failed": sum(caller.failed for caller in callers),
        "seconds": perf_counter() - begun,
        "cpu": cpu_seconds() - used,
        "latencies": sorted(second for caller in callers for second in caller.latencies),
    }


def _itself(caller: Caller) -> Caller:
    return caller


def cpu_seconds() -> float:
    """CPU time that this process has used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main(argv: Sequence[str] | None = None) -> int:
    """Send and print."""
    parser = argparse.ArgumentParser("benchmarks.images_load", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args(argv)
    sending = load(options.port, options.folder, options.connections, options.seconds)
    print(json.dumps(uvloop.run(sending)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
