"""What the command line's words mean, and what is wrong with them."""

import math
import os
import ssl
from argparse import ArgumentTypeError
from pathlib import Path
from urllib.parse import urlsplit


def url(text: str) -> str:
    """A base URL, perhaps with a path before the routes."""
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ArgumentTypeError(f"{text!r} is not a URL like http://127.0.0.1:8000")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ArgumentTypeError("the URL is scheme, host, port and path: no user, '?' or '#'")
    return text


def address(text: str) -> tuple[str, int | None]:
    """A host name or IP address (IPv6 in brackets), and a port where there is one."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.netloc != text or "@" in text:
        raise ArgumentTypeError(f"{text!r} is not ADDRESS or ADDRESS:PORT")
    return host, port


def key(text: str) -> str:
    """A key that fits into a header; it is never part of a message."""
    if text != text.strip() or not text.isprintable():
        raise ArgumentTypeError("the key begins or ends with a space, or has control characters")
    return text


def count(text: str) -> int:
    """A whole number from 1."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return number


def amount(text: str) -> float:
    """A number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not (math.isfinite(number) and number > 0):
        raise ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def output(text: str) -> Path:
    """A file that can be written; better known before the run than after it."""
    path = Path(text)
    if path.is_dir():
        raise ArgumentTypeError(f"{path} is a folder")
    if not path.parent.is_dir():
        raise ArgumentTypeError(f"there is no folder {path.parent}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ArgumentTypeError(f"{path} can't be written")
    return path


def authority(text: str) -> ssl.SSLContext:
    """A TLS context that trusts the certificates in a PEM file."""
    try:
        return ssl.create_default_context(cafile=text)
    except OSError as error:  # ssl.SSLError is one
        raise ArgumentTypeError(f"no certificates can be read from {text}: {error}") from error


def unverified() -> ssl.SSLContext:
    """A TLS context that trusts whoever answers."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
