"""Pages as a browser has them: what they are made of, and what they would ask of others."""

import shutil
import subprocess
import threading
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest


class Elsewhere:
    """A server that nobody should ask, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        elsewhere = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                elsewhere.asked.append(self.path)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def hostile(url: str) -> list[str]:
    """Texts that would call `url` or run a script, were they taken for markup."""
    return [
        f"</script></style></title><img src='{url}/img' onerror='document.title=1'>",
        f"<script src=\"{url}/script\"></script><script>document.title='owned'</script>",
        f"'\"><link rel=stylesheet href={url}/css><iframe src={url}/frame></iframe>",
        f"<svg><image href='{url}/svg'/></svg><style>@import '{url}/import'</style>",
        "{{ 7 * 7 }} {% raw %} ${7*7} $x$ &lt;b&gt; &amp;",
        "\u202eright to left\u202c \u05d0\u05d9\u05da \x00\x1b[31m \U0001f600",
        "x" * 5000,
    ]


class Elements(HTMLParser):
    """What a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def browse(address: str, profile: Path) -> tuple[str, str]:
    """A page as a browser has it at last, and what its console says."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        pytest.skip("chromium is not installed")
    done = subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--enable-logging=stderr",
            f"--user-data-dir={profile}",
            "--virtual-time-budget=10000",
            "--dump-dom",
            address,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout, "\n".join(
        line for line in done.stderr.splitlines() if "CONSOLE" in line or "Refused" in line
    )
