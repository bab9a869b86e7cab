"""API keys: what a folder may hold, who passes, and how it changes under a running server."""

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest
from starlette.datastructures import Headers

from server import auth
from server.auth import KeyFolder
from server.errors import Forbidden, StartupError, Unauthorized

PATIENCE = 10
MODELS = ("faq", "image")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder of keys."""
    made = tmp_path / "keys"
    made.mkdir()
    return made


def key_folder(folder: Path, files: Mapping[str, str | bytes]) -> KeyFolder:
    write(folder, files)
    return KeyFolder(folder, MODELS)


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        raw = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(raw)


def caller(keys: KeyFolder, key: str, model: str | None = None) -> str:
    """Whose `key` that is; as bytes in UTF-8, as clients send it."""
    raw = [(b"x-api-key", key.encode())]
    return keys.authorize(Headers(raw=raw), model).name


def refused(keys: KeyFolder, headers: Mapping[str, str]) -> bool:
    with pytest.raises(Unauthorized):
        keys.authorize(Headers(headers), None)
    return True


def sha256(key: str) -> str:
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


def test_each_file_is_a_caller_and_each_line_a_key(folder: Path) -> None:
    keys = key_folder(folder, {"alice": "a-1\na-2\n", "bob": "b-1"})
    assert caller(keys, "a-1") == caller(keys, "a-2") == "alice"
    assert caller(keys, "b-1") == "bob"
    for key in ("a-3", "", "a-1\na-2", "A-1", "a-", "alice"):
        with pytest.raises(Unauthorized):
            caller(keys, key)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": "secret"},
        {"x-api-key": " secret "},
        {"Authorization": "Bearer secret"},
        {"authorization": "bearer  secret"},
        {"X-API-Key": "secret", "Authorization": "Basic dXNlcjpwYXNz"},
        {"X-API-Key": "", "Authorization": "Bearer secret"},
    ],
)
def test_a_key_comes_in_either_header(folder: Path, headers: dict[str, str]) -> None:
    keys = key_folder(folder, {"alice": "secret"})
    assert keys.authorize(Headers(headers), "faq").name == "alice"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": ""},
        {"X-API-Key": "wrong", "Authorization": "Bearer secret"},
        {"Authorization": "secret"},
        {"Authorization": "Basic secret"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearersecret"},
        {"Cookie": "X-API-Key=secret"},
    ],
)
def test_no_key_or_a_wrong_one_is_refused(folder: Path, headers: dict[str, str]) -> None:
    keys = key_folder(folder, {"alice": "secret"})
    with pytest.raises(Unauthorized) as caught:
        keys.authorize(Headers(headers), None)
    assert "X-API-Key" in caught.value.detail
    assert "secret" not in caught.value.detail
    assert caught.value.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_may_be_stored_as_its_digest(folder: Path) -> None:
    content = f"{sha256('first')}\n{sha256('second').upper().replace('SHA256', 'sha256')}\n"
    keys = key_folder(folder, {"alice": content})
    assert caller(keys, "first") == caller(keys, "second") == "alice"
    assert refused(keys, {"X-API-Key": sha256("first")})
    assert refused(keys, {"X-API-Key": sha256("first").removeprefix("sha256:")})


@pytest.mark.parametrize("line", ["sha256:", "sha256:abc", sha256("x") + "0", "sha256:" + "g" * 64])
def test_a_broken_digest_stops_the_start(folder: Path, line: str) -> None:
    with pytest.raises(StartupError, match="alice, line 2: sha256: takes 64 hex digits") as caught:
        key_folder(folder, {"alice": f"good-key\n{line}\n"})
    assert "good-key" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("models: faq", {"faq"}),
        ("models:image", {"image"}),
        ("models: faq, image", {"faq", "image"}),
        ("models: faq image", {"faq", "image"}),
        ("models: faq\nmodels: image", {"faq", "image"}),
        ("", {"faq", "image"}),
    ],
)
def test_a_caller_may_be_bound_to_models(folder: Path, line: str, allowed: set[str]) -> None:
    keys = key_folder(folder, {"alice": f"secret\n{line}\nlast"})
    for key in ("secret", "last"):  # wherever the line stands
        assert caller(keys, key, None) == "alice"
        for model in MODELS:
            if model in allowed:
                assert caller(keys, key, model) == "alice"
            else:
                with pytest.raises(Forbidden, match=f"'{model}'"):
                    caller(keys, key, model)


def test_one_callers_models_do_not_bind_another(folder: Path) -> None:
    keys = key_folder(folder, {"alice": "models: faq\na", "bob": "b"})
    assert caller(keys, "b", "image") == "bob"


@pytest.mark.parametrize("line", ["models:", "models: faqs", "models: faq, video"])
def test_an_unknown_model_stops_the_start(folder: Path, line: str) -> None:
    with pytest.raises(StartupError, match="alice, line 2: 'models:' takes some of faq, image"):
        key_folder(folder, {"alice": f"secret\n{line}"})


@pytest.mark.parametrize(
    "content",
    [
        b"secret\r\nother\r\nmodels: faq\r\n",
        b"\n\n  secret \t\n\nother\n\nmodels: faq",
        b"\xef\xbb\xbfsecret\nother\nmodels: faq\n",
    ],
)
def test_line_ends_blanks_and_a_byte_order_mark_do_not_matter(folder: Path, content: bytes) -> None:
    keys = key_folder(folder, {"alice": content})
    assert caller(keys, "secret", "faq") == caller(keys, "other", "faq") == "alice"
    with pytest.raises(Forbidden):
        caller(keys, "other", "image")


def test_a_key_may_hold_any_text(folder: Path) -> None:
    keys = key_folder(folder, {"alice": "schlüssel-☃ with blanks\n" + sha256("ключ")})
    assert caller(keys, "schlüssel-☃ with blanks") == "alice"
    assert caller(keys, "ключ") == "alice"
    assert refused(keys, {"X-API-Key": "schl"})


def test_a_key_in_latin_1_bytes_is_another_key(folder: Path) -> None:
    keys = key_folder(folder, {"alice": "ü"})
    with pytest.raises(Unauthorized):
        keys.authorize(Headers(raw=[(b"x-api-key", b"\xfc")]), None)


def test_a_file_that_is_not_utf_8_stops_the_start(folder: Path) -> None:
    with pytest.raises(StartupError, match="alice is not UTF-8 text"):
        key_folder(folder, {"alice": b"\xfckey"})


def test_dot_files_and_folders_are_skipped(folder: Path) -> None:
    (folder / "..2026").mkdir()
    (folder / "old").mkdir()
    write(folder / "old", {"eve": "old-key"})
    keys = key_folder(folder, {".alice.swp": "half-a-key", "bob": "b"})
    assert caller(keys, "b") == "bob"
    for key in ("half-a-key", "old-key"):
        assert refused(keys, {"X-API-Key": key})


@pytest.mark.parametrize("files", [{}, {"alice": ""}, {"alice": "\n \n"}, {"alice": "models: faq"}])
def test_a_folder_without_keys_refuses_everyone(folder: Path, files: dict[str, str]) -> None:
    keys = key_folder(folder, files)
    assert refused(keys, {})
    assert refused(keys, {"X-API-Key": ""})
    assert refused(keys, {"X-API-Key": "anything"})
    assert refused(keys, {"Authorization": "Bearer models: faq"})


def test_a_missing_folder_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="RTSCORE_API_KEYS_DIR to a folder") as caught:
        KeyFolder(tmp_path / "nowhere", MODELS)
    assert str(tmp_path / "nowhere") in str(caught.value)
    assert "No such file or directory" in str(caught.value)


def test_a_file_in_place_of_the_folder_stops_the_start(tmp_path: Path) -> None:
    write(tmp_path, {"keys": "secret"})
    with pytest.raises(StartupError, match="Not a directory"):
        KeyFolder(tmp_path / "keys", MODELS)


def test_a_link_to_nowhere_stops_the_start(folder: Path) -> None:
    (folder / "alice").symlink_to("..data/alice")
    with pytest.raises(StartupError, match="alice: No such file"):
        KeyFolder(folder, MODELS)


def test_two_callers_with_one_key_stop_the_start(folder: Path) -> None:
    with pytest.raises(StartupError, match="bob has a key that alice has too") as caught:
        key_folder(folder, {"alice": "same", "bob": sha256("same")})
    assert "same" not in str(caught.value)


def test_the_same_key_twice_in_a_file_is_one_key(folder: Path) -> None:
    assert caller(key_folder(folder, {"alice": f"same\nsame\n{sha256('same')}"}), "same") == "alice"


def test_no_key_is_kept_in_the_clear(folder: Path) -> None:
    keys = key_folder(folder, {"alice": "very-secret"})
    assert "very-secret" not in repr(vars(keys))


# Under a running server.


class Mounted:
    """A folder of keys as Kubernetes mounts a Secret: links into `..data`, which is swapped."""

    def __init__(self, folder: Path, files: Mapping[str, str]) -> None:
        self.folder = folder
        self._versions = 0
        self.swap(files)

    def swap(self, files: Mapping[str, str]) -> None:
        """Replace everything at once, the way that kubelet does."""
        self._versions += 1
        version = self.folder / f"..2026_{self._versions}"
        version.mkdir()
        write(version, files)
        link = self.folder / "..data_tmp"
        link.symlink_to(version.name)
        link.rename(self.folder / "..data")
        for name in files:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        for path in self.folder.iterdir():
            if not path.name.startswith("..") and path.name not in files:
                path.unlink()
        if self._versions > 1:
            shutil.rmtree(self.folder / f"..2026_{self._versions - 1}")


@contextlib.asynccontextmanager
async def watched(keys: KeyFolder) -> AsyncIterator[None]:
    watch = asyncio.create_task(keys.watch())
    try:
        yield
        assert not watch.done()
    finally:
        watch.cancel()


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "_SECONDS_BETWEEN_LOOKS", 0.005)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what it waits for is on the disk
            await asyncio.sleep(0.005)


def knows(keys: KeyFolder, key: str) -> bool:
    try:
        caller(keys, key)
    except Unauthorized:
        return False
    return True


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_swapped_secret_is_read_again(folder: Path) -> None:
    mounted = Mounted(folder, {"alice": "a-1", "bob": "b-1"})
    keys = KeyFolder(folder, MODELS)
    assert caller(keys, "a-1") == "alice"
    async with watched(keys):
        mounted.swap({"alice": "a-2", "carol": "c-1"})
        await until(lambda: knows(keys, "a-2") and knows(keys, "c-1"))
        assert not knows(keys, "a-1")
        assert not knows(keys, "b-1")
        mounted.swap({"alice": "a-3"})
        await until(lambda: knows(keys, "a-3"))
        assert not knows(keys, "c-1")


async def test_an_unchanged_folder_is_not_read_again(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    keys = key_folder(folder, {"alice": "a-1"})
    async with watched(keys):
        await asyncio.sleep(0.05)
        assert caplog.messages == []
        write(folder, {"alice": "another-key"})
        await until(lambda: knows(keys, "another-key"))
        await asyncio.sleep(0.05)
        assert 1 <= caplog.messages.count("API keys re-read") <= 2  # 2: looked at while it came


async def test_files_that_come_change_and_go_are_noticed(folder: Path) -> None:
    keys = key_folder(folder, {"alice": "a-1", "bob": "b-1"})
    async with watched(keys):
        write(folder, {"carol": "c-1"})
        await until(lambda: knows(keys, "c-1"))
        await asyncio.sleep(0.05)  # the clock of a file system may be that coarse
        write(folder, {"carol": "c-2"})  # as long as before
        await until(lambda: knows(keys, "c-2"))
        write(folder, {"alice": "a-1\na-2"})
        await until(lambda: knows(keys, "a-2"))
        (folder / "bob").unlink()
        await until(lambda: not knows(keys, "b-1"))
        assert knows(keys, "a-1")


@pytest.mark.parametrize(
    "broken",
    [
        {"alice": "a-2\nsha256:12ab"},
        {"alice": "a-2\nmodels: fa"},
        {"alice": "same", "bob": "same"},
        {"alice": b"a-2\n\xff\xfe"},
    ],
)
async def test_a_bad_set_leaves_the_last_good_one(
    folder: Path, broken: dict[str, str | bytes], caplog: pytest.LogCaptureFixture
) -> None:
    keys = key_folder(folder, {"alice": "a-1"})
    async with watched(keys):
        write(folder, broken)
        await until(lambda: bool(told(caplog)))
        await asyncio.sleep(0.05)
        assert len(told(caplog)) == 1  # and not again at every look
        assert "the last good set holds" in told(caplog)[0]
        assert knows(keys, "a-1")
        assert not knows(keys, "a-2")
        write(folder, {"alice": "the-repaired-key", "bob": "b-1"})
        await until(lambda: knows(keys, "the-repaired-key"))
        assert not knows(keys, "a-1")


async def test_a_folder_that_vanishes_leaves_the_last_good_set(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keys = key_folder(folder, {"alice": "a-1"})
    async with watched(keys):
        shutil.move(folder, folder.with_name("elsewhere"))
        await until(lambda: bool(told(caplog)))
        assert knows(keys, "a-1")
        os.mkdir(folder)
        write(folder, {"alice": "another-key"})
        await until(lambda: knows(keys, "another-key"))


async def test_a_folder_that_is_emptied_refuses_everyone(folder: Path) -> None:
    keys = key_folder(folder, {"alice": "a-1"})
    async with watched(keys):
        (folder / "alice").unlink()
        await until(lambda: not knows(keys, "a-1"))


async def test_a_swap_is_never_seen_half_done(folder: Path) -> None:
    """While a Secret is swapped again and again, one of its two keys is known at any time."""
    mounted = Mounted(folder, {"alice": "even", "bob": "bobs-key"})
    keys = KeyFolder(folder, MODELS)
    async with watched(keys):
        for turn in range(60):
            name = "odd-number" if turn % 2 else "even"
            await asyncio.to_thread(mounted.swap, {"alice": name, "bob": "bobs-key"})
            assert knows(keys, "even") or knows(keys, "odd-number")
            assert knows(keys, "bobs-key")


async def test_the_log_names_no_key(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    keys = key_folder(folder, {"alice": "secret-1"})
    async with watched(keys):
        write(folder, {"alice": "secret-2-longer"})
        await until(lambda: knows(keys, "secret-2-longer"))
        write(folder, {"alice": "secret-3\nsha256:secret"})
        await until(lambda: bool(told(caplog)))
    lines = [json.dumps(vars(record), default=str) for record in caplog.records]
    assert lines
    assert not any("secret" in line for line in lines)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_stops_the_start(folder: Path) -> None:
    write(folder, {"alice": "secret"})
    (folder / "alice").chmod(0)
    with pytest.raises(StartupError, match="alice: Permission denied"):
        KeyFolder(folder, MODELS)
