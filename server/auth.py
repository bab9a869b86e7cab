"""API keys: a folder in which each file is one caller, re-read when it changes.

A file's name is the caller; each line is a key, plain or as `sha256:<hex>`, or `models: faq, image`
which binds the caller to these models. Dot-files are skipped (a mounted Secret has `..data`).
"""

import asyncio
import hashlib
import logging
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers

from server.errors import Forbidden, StartupError, Unauthorized

_HASHED = re.compile(r"sha256:([0-9a-fA-F]{64})")
_SECONDS_BETWEEN_LOOKS = 1.0
_log = logging.getLogger("rtscore")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a key belongs to, and the models that it may use; None for all."""

    name: str
    models: frozenset[str] | None


class KeyFolder:
    """The keys of a folder, fail-closed: a folder without keys refuses everyone.

    Keys are kept and looked up as SHA-256 digests, so that neither memory nor the time of a
    comparison says anything of a key.
    """

    def __init__(self, folder: Path, models: Collection[str]) -> None:
        """Read `folder`, in which callers may be bound to `models`.

        Raises StartupError where it is missing or a file in it can't be read or understood.
        """
        self._folder = folder
        self._models = frozenset(models)
        self._state = self._look()
        self._callers = self._read()

    def authorize(self, headers: Headers, model: str | None) -> Caller:
        """The caller whose key `headers` carry, if it may use `model` (None: any).

        Raises Unauthorized for no key or an unknown one, Forbidden for a model it is not bound to.
        """
        key = _key_in(headers)
        # Header bytes arrive as Latin-1; a file's keys are UTF-8.
        caller = self._callers.get(_digest(key.encode("latin-1"))) if key else None
        if caller is None:
            raise Unauthorized(Unauthorized.example)
        if model is not None and caller.models is not None and model not in caller.models:
            raise Forbidden(f"This key may not use the model '{model}'.")
        return caller

    async def watch(self) -> None:
        """Re-read the folder when it changes, until cancelled; a bad set leaves the last good."""
        told = ""
        while True:
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)
            try:
                state = await asyncio.to_thread(self._look)
                if state == self._state:
                    continue
                self._callers = await asyncio.to_thread(self._read)
                self._state, told = state, ""
                _log.info("API keys re-read", extra={"keys": len(self._callers)})
            except StartupError as error:
                if str(error) != told:
                    told = str(error)
                    _log.error("API keys not re-read, the last good set holds: %s", told)

    def _look(self) -> tuple[tuple[str, int, int, int], ...]:
        """What changes when a file does: name, inode, size and time of each."""
        try:
            return tuple(
                (file.name, (stat := file.stat()).st_ino, stat.st_size, stat.st_mtime_ns)
                for file in self._files()
            )
        except OSError as error:
            raise self._unreadable(error) from error

    def _read(self) -> Mapping[bytes, Caller]:
        callers: dict[bytes, Caller] = {}
        for file in self._files():
            try:
                lines = file.read_text(encoding="utf-8-sig").split("\n")
            except OSError as error:
                raise self._unreadable(error) from error
            except UnicodeDecodeError as error:
                raise StartupError(f"API keys: {file} is not UTF-8 text") from error
            digests, models = self._parse(file, lines)
            for digest in digests:
                if digest in callers:
                    raise StartupError(
                        f"API keys: {file} has a key that {callers[digest].name} has too"
                    )
                callers[digest] = Caller(file.name, models)
        return callers

    def _parse(self, file: Path, lines: list[str]) -> tuple[set[bytes], frozenset[str] | None]:
        digests: set[bytes] = set()
        models: frozenset[str] | None = None
        for number, line in enumerate(map(str.strip, lines), start=1):
            if line.startswith("models:"):
                names = line.removeprefix("models:").replace(",", " ").split()
                models = (models or frozenset()) | frozenset(names)
                if not names or models - self._models:
                    raise StartupError(
                        f"API keys: {file}, line {number}: 'models:' takes some of "
                        f"{', '.join(sorted(self._models))}"
                    )
            elif line.startswith("sha256:"):
                if not (match := _HASHED.fullmatch(line)):
                    raise StartupError(
                        f"API keys: {file}, line {number}: sha256: takes 64 hex digits"
                    )
                digests.add(bytes.fromhex(match[1]))
            elif line:
                digests.add(_digest(line.encode()))
        return digests, models

    def _files(self) -> list[Path]:
        try:
            names = sorted(os.listdir(self._folder))
        except OSError as error:
            raise self._unreadable(error) from error
        files = [self._folder / name for name in names if not name.startswith(".")]
        return [file for file in files if not file.is_dir()]

    def _unreadable(self, error: OSError) -> StartupError:
        return StartupError(
            f"API keys: {error.filename or self._folder}: {error.strerror}; set "
            "RTSCORE_API_KEYS_DIR to a folder with one file a caller, or to nothing"
        )


def _key_in(headers: Headers) -> str:
    key = headers.get("x-api-key", "").strip()
    if not key:  # some gateways add an empty one
        scheme, _, token = headers.get("authorization", "").partition(" ")
        key = token.strip() if scheme.lower() == "bearer" else ""
    return key


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
