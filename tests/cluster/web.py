"""Calls from outside the cluster: to an address, under a host name, over TLS."""

import ssl
from pathlib import Path
from typing import Any

import httpx

QUESTION = {"question": "deep copy of a nested object"}


class Client(httpx.Client):
    """HTTP client for `url`, such as https://rtscore.test, whose host is found at `address`."""

    def __init__(
        self, url: str, address: str, key: str | None, tls: ssl.SSLContext, picture: Path
    ) -> None:
        named = httpx.URL(url)
        headers = {"Host": named.netloc.decode()} | ({"X-API-Key": key} if key else {})
        at = named.copy_with(host=address)
        super().__init__(base_url=at, headers=headers, verify=tls, timeout=20)
        self._extensions = {"sni_hostname": named.host}
        self._picture = picture

    def request(self, method: str, url: httpx.URL | str, **options: Any) -> httpx.Response:
        """Any request, under the host's name in TLS too."""
        return super().request(method, url, **options | {"extensions": self._extensions})

    def faq(self) -> httpx.Response:
        """Ask a question."""
        return self.post("/v1/faq", json=QUESTION)

    def classify(self) -> httpx.Response:
        """Send a picture."""
        return self.post("/v1/classify", content=self._picture.read_bytes())
