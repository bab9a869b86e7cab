"""What `helm test` asks of a release: its address, then paths with the status each must have."""

import json
import sys
import time
import urllib.error
import urllib.request

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNgYGAAAAAEAAH2FzhVAAAAAElFTkSuQmCC"
)
BODIES = {
    "/v1/faq": {"question": "How do I compare two arrays?"},
    "/v1/classify": {"image": PIXEL},
}
PATIENCE = 30.0  # s; a network policy takes a moment to admit a pod that just started


def ask(url: str, body: object) -> tuple[int, str]:
    """Status and beginning of the answer; 0 and the reason where there is none."""
    request = urllib.request.Request(url, json.dumps(body).encode() if body else None)
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read(200).decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read(200).decode(errors="replace")
    except OSError as error:
        return 0, str(error)


base, *expected = sys.argv[1:]
end = time.monotonic() + PATIENCE
failed = False
for path, status in (item.rsplit("=", 1) for item in expected):
    got, text = ask(base + path, BODIES.get(path))
    while got == 0 and time.monotonic() < end:
        time.sleep(1)
        got, text = ask(base + path, BODIES.get(path))
    failed |= got != int(status)
    print(f"{path}: {got}, expected {status}: {text}", flush=True)
sys.exit(failed)
