"""Calls from outside the cluster: to an address, under a host name, over TLS."""

import ssl
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

QUESTION = {"question": "deep copy of a nested object"}


class Client:
    """HTTP client for `url`, such as https://rtscore.test, whose host is found at `address`."""

    def __init__(
        self,
        url: str,
        address: str,
        *,
        key: str | None = None,
        tls: ssl.SSLContext | None = None,
        flower: Path | None = None,
    ) -> None:
        named = httpx.URL(url)
        headers = {"Host": named.netloc.decode()} | ({"X-API-Key": key} if key else {})
        self._http = httpx.Client(
            base_url=named.copy_with(host=address), headers=headers, verify=tls or True, timeout=20
        )
        self._extensions = {"sni_hostname": named.host}
        self._flower = flower

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any request."""
        return self._http.request(method, path, extensions=self._extensions, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """GET."""
        return self.request("GET", path, **options)

    def faq(self, **options: Any) -> httpx.Response:
        """Ask a question."""
        return self.request("POST", "/v1/faq", json=QUESTION, **options)

    def classify(self, **options: Any) -> httpx.Response:
        """Send a picture."""
        assert self._flower is not None
        return self.request("POST", "/v1/classify", content=self._flower.read_bytes(), **options)
