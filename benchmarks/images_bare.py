"""The bare loop: the server's decoder and session on some threads, with nothing around them.

`python -m benchmarks.images_bare MODEL FOLDER` goes on until SIGTERM and then prints as JSON when
each picture began and ended.
"""

import argparse
import json
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from time import perf_counter

import numpy as np

from client.inputs import read_pictures
from server.codec.picture import decode
from server.contract import ImageContract
from server.session import Session


def loop(
    session: Session, turn: Iterator[bytes], ended: threading.Event
) -> Iterator[tuple[float, float]]:
    """Decode and run pictures in turn; yields when (perf_counter) each began and ended."""
    assert isinstance(session.contract, ImageContract)
    while not ended.is_set():
        begun = perf_counter()
        pixels = decode(next(turn), session.contract, max_megapixels=50)
        session.run({"image": pixels[np.newaxis]})
        yield begun, perf_counter()


def main(argv: Sequence[str] | None = None) -> int:
    """Loop, and print."""
    parser = argparse.ArgumentParser("benchmarks.images_bare", description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--loops", type=int, default=1, help="threads that decode and run")
    parser.add_argument("--threads", type=int, default=1, help="threads of one run")
    options = parser.parse_args(argv)
    session = Session(options.model, threads=options.threads)
    turn = cycle([picture.body for picture in read_pictures(options.folder)])
    spans: list[tuple[float, float]] = []
    through, ended = threading.Event(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())

    def one() -> None:
        for span in loop(session, turn, ended):
            spans.append(span)
            through.set()

    threads = [threading.Thread(target=one) for _ in range(options.loops)]
    for thread in threads:
        thread.start()
    through.wait()
    print("running", flush=True)
    while not ended.wait(0.1):  # a signal that reaches another thread does not end a longer one
        pass
    for thread in threads:
        thread.join()
    print(json.dumps({"failed": 0, "spans": spans}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
