"""The three wrappings of a picture, over a real connection: each right, each wrong."""

import base64
import resource
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests import moody
from tests.live import LiveServer
from tests.moody import BLACK
from tests.wire import refused

BOUNDARY = "boundary-of-parts"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
BASE64 = base64.b64encode(BLACK).decode()


@pytest.fixture
def client(server: LiveServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def part(name: str, content: bytes, filename: str | None = "a.png") -> bytes:
    """One part of a form."""
    file = "" if filename is None else f'; filename="{filename}"'
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
    return head.encode() + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


def post_form(client: httpx.Client, content: bytes, **headers: str) -> httpx.Response:
    return client.post("/v1/classify", content=content, headers=FORM | headers)


@pytest.mark.parametrize(
    "header",
    [
        "image/png",
        "image/jpeg",
        "IMAGE/X-anything",
        "image/svg+xml",
        "application/octet-stream",
        "image/jpeg; a=b",
        "",
    ],
)
def test_the_bytes_decide_not_the_header(client: httpx.Client, header: str) -> None:
    plain = client.post("/v1/classify", content=BLACK)
    answer = client.post("/v1/classify", content=BLACK, headers={"Content-Type": header})
    assert answer.status_code == 200
    assert answer.json() == plain.json()


@pytest.mark.parametrize(
    "header",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/pdf",
        "video/mp4",
        "multipart/mixed; boundary=a",
        "images/png",
        "json",
        "application/json; charset=utf-16",
    ],
)
def test_another_type_is_refused(client: httpx.Client, header: str) -> None:
    answer = client.post("/v1/classify", content=BLACK, headers={"Content-Type": header})
    refused(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'<svg xmlns="http://www.w3.org/2000/svg"/>', id="SVG"),
        pytest.param(b'<?xml version="1.0"?>\n<svg width="9"/>', id="SVG with XML's head"),
        pytest.param(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", id="HEIC"),
        pytest.param(b"\0\0\0\x1cftypavif\0\0\0\0avifmif1", id="AVIF"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n", id="EPS"),
    ],
)
def test_a_known_format_that_is_not_taken_is_415(client: httpx.Client, content: bytes) -> None:
    for answer in (
        client.post("/v1/classify", content=content),
        post_form(client, part("image", content) + END),
        client.post("/v1/classify", json={"image": base64.b64encode(content).decode()}),
    ):
        detail = refused(answer, 415, "unsupported_media_type")
        for name in ("JPEG", "PNG", "WebP", "BMP", "GIF", "TIFF"):
            assert name in detail


@pytest.mark.parametrize(
    "content", [b"", b"a", b"hello world", BLACK[:40], BLACK[:-20], b"\0" * 99]
)
def test_bytes_that_are_no_picture_are_400(client: httpx.Client, content: bytes) -> None:
    refused(client.post("/v1/classify", content=content), 400, "bad_request")
    refused(post_form(client, part("image", content) + END), 400, "bad_request")
    if content:
        text = base64.b64encode(content).decode()
        refused(client.post("/v1/classify", json={"image": text}), 400, "bad_request")


def test_too_many_pixels_are_refused_from_the_header(client: httpx.Client) -> None:
    # The header of a PNG of 12000 x 12000; to decode it would be an error of another kind.
    header = struct.pack(">IIBBBBB", 12_000, 12_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    bomb = BLACK[:8] + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    bomb += b"\0\0\0\0IEND\xaeB`\x82"
    for answer in (
        client.post("/v1/classify", content=bomb),
        post_form(client, part("image", bomb) + END),
        client.post("/v1/classify", json={"image": base64.b64encode(bomb).decode()}),
    ):
        assert "144" in refused(answer, 413, "too_large")


def test_the_limit_of_pixels_is_a_setting(serve: Callable[..., LiveServer]) -> None:
    with serve(max_megapixels=0.00006, faq_model="").client() as client:
        refused(client.post("/v1/classify", content=BLACK), 413, "too_large")  # of 8 x 8
    with serve(max_megapixels=0.000064, faq_model="").client() as client:
        assert client.post("/v1/classify", content=BLACK).status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        BASE64,
        "\n".join(BASE64[place : place + 76] for place in range(0, len(BASE64), 76)),
        f"data:image/png;base64,{BASE64}",
        f"data:;base64,{BASE64}",
        f"data:image/png;name=a.png;base64,{BASE64}",
        f"  {BASE64}\r\n",
    ],
)
def test_ways_to_write_base64(client: httpx.Client, text: str) -> None:
    assert client.post("/v1/classify", json={"image": text}).status_code == 200


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "=",
        "\u00e9" * 8,
        BASE64[:-1],
        "-_-_",
        f"data:image/png,{BASE64}",
        "data:image/png;base64",
        "data:",
        " ",
        "https://a.example/b.png",
    ],
)
def test_what_is_not_base64_is_400(client: httpx.Client, text: str) -> None:
    refused(client.post("/v1/classify", json={"image": text}), 400, "bad_request")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "image"),
        ({"image": None}, "image"),
        ({"image": ""}, "image"),
        ({"image": [BASE64]}, "image"),
        ({"image": 1}, "image"),
        ({"image": BASE64, "top_k": "1"}, "top_k"),
        ({"image": BASE64, "top_k": True}, "top_k"),
        ({"image": BASE64, "top_k": None}, "top_k"),
        ({"image": BASE64, "top_k": 1.0}, "top_k"),
        ({"image": BASE64, "top_k": 0}, "top_k"),
        ({"image": BASE64, "top_k": 1001}, "top_k"),
        ({"image": BASE64, "filename": "a"}, "filename"),
        ([BASE64], ""),
        (BASE64, ""),
    ],
)
def test_a_wrong_field_is_named(client: httpx.Client, body: object, path: str) -> None:
    assert path in refused(client.post("/v1/classify", json=body), 422, "invalid")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(part("picture", BLACK) + END, id="another name"),
        pytest.param(part("image", b"a", None) + END, id="text"),
        pytest.param(part("image", BLACK) + part("top_k", b"1", None) + END, id="one more field"),
        pytest.param(END, id="no field"),
    ],
)
def test_a_form_has_one_file_named_image(client: httpx.Client, content: bytes) -> None:
    assert "image" in refused(post_form(client, content), 422, "invalid")


@pytest.mark.parametrize(
    ("content", "header"),
    [
        pytest.param(part("image", BLACK) + END, "multipart/form-data", id="no boundary"),
        pytest.param(part("image", BLACK) + END, "multipart/form-data; boundary=", id="empty one"),
        pytest.param(part("image", BLACK) + END, "multipart/form-data; boundary=b", id="another"),
        pytest.param(
            part("image", BLACK) + END,
            f"multipart/form-data; boundary={BOUNDARY}\u00e9",
            id="boundary of Latin-1",
        ),
        pytest.param(part("image", BLACK) * 2 + END, FORM["Content-Type"], id="two files"),
        pytest.param(part("image", BLACK)[:-80], FORM["Content-Type"], id="cut"),
        pytest.param(b"hello", FORM["Content-Type"], id="no form"),
        pytest.param(b"", FORM["Content-Type"], id="nothing"),
        pytest.param(
            part("a", b"a" * 2_000_000, None) + END, FORM["Content-Type"], id="a long text"
        ),
        pytest.param(
            f"--{BOUNDARY}\r\nContent-Type: image/png\r\n\r\n".encode() + BLACK + b"\r\n" + END,
            FORM["Content-Type"],
            id="no name",
        ),
    ],
)
def test_a_form_that_can_not_be_parsed_is_400(
    client: httpx.Client, content: bytes, header: str
) -> None:
    answer = client.post(
        "/v1/classify", content=content, headers={b"Content-Type": header.encode("latin-1")}
    )
    refused(answer, 400, "bad_request")


@pytest.mark.parametrize("charset", ["utf-8", "latin-1", "none-such"])
def test_a_form_may_name_a_charset(client: httpx.Client, charset: str) -> None:
    header = f"multipart/form-data; charset={charset}; boundary={BOUNDARY}"
    answer = client.post(
        "/v1/classify", content=part("image", BLACK) + END, headers={"Content-Type": header}
    )
    assert answer.status_code == 200


@pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux's")
def test_a_picture_in_a_form_never_touches_the_disk(
    serve: Callable[..., LiveServer], tmp_path: Path
) -> None:
    server = serve(**moody.settings(tmp_path))
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, 0))  # any file is too large
    with server.client() as client:
        answer = post_form(client, part("image", BLACK + bytes(8 * 1024 * 1024)) + END)
        assert answer.status_code == 200
