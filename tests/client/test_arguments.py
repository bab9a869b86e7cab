import ssl
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path

import pytest

from client import arguments


@pytest.mark.parametrize(
    "text", ["http://127.0.0.1:8000", "https://rtscore.test/scoring/", "http://[::1]:8000"]
)
def test_a_url_is_scheme_host_port_and_path(text: str) -> None:
    assert arguments.url(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "127.0.0.1:8000",
        "rtscore.test",
        "ftp://rtscore.test",
        "http://",
        "http://a:x",
        "http://[",
    ],
)
def test_what_is_no_url_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not a URL like http://"):
        arguments.url(text)


@pytest.mark.parametrize("text", ["http://me:secret@a", "http://a/?b=c", "http://a/#b"])
def test_more_than_a_base_url_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ArgumentTypeError) as caught:
        arguments.url(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("127.0.1.1", ("127.0.1.1", None)),
        ("node.test:8443", ("node.test", 8443)),
        ("[::1]:443", ("::1", 443)),
        ("[::1]", ("::1", None)),
    ],
)
def test_an_address_may_have_a_port(text: str, meant: tuple[str, int | None]) -> None:
    assert arguments.address(text) == meant


@pytest.mark.parametrize("text", ["", ":80", "a:b", "http://a", "a/b", "a:99999", "u@a"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="is not ADDRESS"):
        arguments.address(text)


@pytest.mark.parametrize("text", ["", "abc-123", "schlüssel", "two words"])
def test_a_key_is_taken_as_it_is(text: str) -> None:
    assert arguments.key(text) == text


@pytest.mark.parametrize("text", ["s3cret\n", " s3cret", "s3\x00cret", "s3cret\r\nX-Other: 1"])
def test_a_key_that_fits_no_header_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ArgumentTypeError) as caught:
        arguments.key(text)
    assert "s3" not in str(caught.value)


def test_a_count_is_a_whole_number_from_1() -> None:
    assert arguments.count("7") == 7
    assert arguments.amount("0.5") == 0.5


@pytest.mark.parametrize("text", ["0", "-1", "many", "", "inf", "nan", "1e999"])
@pytest.mark.parametrize("parse", [arguments.count, arguments.amount])
def test_other_numbers_are_refused(parse: Callable[[str], float], text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="number"):
        parse(text)


def test_half_a_request_is_refused() -> None:
    with pytest.raises(ArgumentTypeError, match="whole number"):
        arguments.count("1.5")


def test_a_file_that_cannot_be_written_is_known_before_the_run(tmp_path: Path) -> None:
    assert arguments.output(str(tmp_path / "out.png")) == tmp_path / "out.png"
    with pytest.raises(ArgumentTypeError, match="there is no folder"):
        arguments.output(str(tmp_path / "none" / "out.png"))
    with pytest.raises(ArgumentTypeError, match="is a folder"):
        arguments.output(str(tmp_path))


def test_certificates_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    empty = tmp_path / "ca.pem"
    with pytest.raises(ArgumentTypeError, match="no certificates"):
        arguments.authority(str(empty))
    empty.write_text("nothing")
    with pytest.raises(ArgumentTypeError, match="no certificates"):
        arguments.authority(str(empty))


def test_unverified_means_no_check_at_all() -> None:
    context = arguments.unverified()
    assert context.verify_mode is ssl.CERT_NONE
    assert not context.check_hostname
