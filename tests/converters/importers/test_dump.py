import subprocess
import sys
from pathlib import Path

import pytest

from converters.export import ConversionError
from converters.importers import dump

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
BOMB = """<!DOCTYPE posts [
 <!ENTITY a "aaaaaaaaaa">
 <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
]>
<posts><row Id="1" Title="&b;"/></posts>"""
OUTSIDE = '<!DOCTYPE posts SYSTEM "file:///etc/passwd"><posts/>'


def read(path: Path, content: str | bytes) -> list[dump.Row]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(dump.rows(path, "posts", "posts"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Posts.xml"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_rows(path: Path, mark: str, ending: str) -> None:
    content = (
        f'{HEAD}<posts>\n  <row Id="7" Title="a &lt;b&gt;&#xA;&amp;lt;" />\n'
        '<other Id="1"/>\n<row Id="-8"><row Id="9"/></row>\n</posts>\n'
    )
    first, second = read(path, mark + content.replace("\n", ending))
    assert (first.number("Id"), first.text("Title")) == (7, "a <b>\n&lt;")
    assert (first.text("Body"), first.number("Score", default=3)) == ("", 3)
    assert second.number("Id") == -8


def test_no_row(path: Path) -> None:
    assert read(path, "<posts/>") == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", ":1: this is not XML: no element found"),
        ("PK\3\4", ":1: this is not XML: not well-formed"),
        (HEAD + "<posts>\n<row Id='1'/>", ":3: this is not XML: no element found"),
        (HEAD + "<posts>\n<row Id='1' Id='2'/></posts>", ":3: this is not XML: duplicate attr"),
        (HEAD + "<posts>\n<row Id='a\0'/></posts>", ":3: this is not XML: not well-formed"),
        (HEAD + "<posts>\n<row T='&#xD800;'/></posts>", ":3: this is not XML: reference to inv"),
        (HEAD + "<posts>\n<row T='&nbsp;'/></posts>", ":3: this is not XML: undefined entity"),
        (HEAD.encode() + b"<posts>\n\n<row T='\xe9'/></posts>", ":4: this is not XML: not well"),
        (HEAD + "<postlinks>\n</postlinks>", ":2: the root is <postlinks>, but this file's should"),
        (HEAD + BOMB, ":2: a document type, which no dump has; remove it"),
        (HEAD + OUTSIDE, ":2: a document type, which no dump has; remove it"),
    ],
)
def test_what_is_wrong(path: Path, content: str | bytes, expected: str) -> None:
    with pytest.raises(ConversionError) as caught:
        read(path, content)
    assert str(caught.value).startswith(f"{path}{expected}")
    assert "\n" not in str(caught.value)


def test_a_row_that_never_ends(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dump, "_LONGEST", 3 << 20)
    assert len(read(path, f"<posts><row T='{'x' * (2 << 20)}'/></posts>")) == 1
    with pytest.raises(ConversionError, match=r"Posts\.xml:2: a row of more than 3 MiB"):
        read(path, f"<posts>\n<row T='{'x' * (8 << 20)}'/></posts>")


COUNT = """
import sys
from pathlib import Path
from converters.importers import dump

assert sum(1 for row in dump.rows(Path(sys.argv[1]), "posts", "posts")) == int(sys.argv[2])
lines = Path("/proc/self/status").read_text().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_memory_does_not_grow_with_the_file(path: Path) -> None:
    """A file of 100 MB takes hardly more memory than one of 4 MB."""

    def peak(count: int) -> int:
        row = f"<row Id='1' PostTypeId='1' Title='title' Body='{'some words ' * 180}'/>\n"
        with path.open("w") as file:
            file.write("<posts>\n")
            for _ in range(count // 1000):
                file.write(row * 1000)
            file.write("</posts>\n")
        command = [sys.executable, "-c", COUNT, str(path), str(count)]
        return int(subprocess.run(command, check=True, capture_output=True).stdout)

    small = peak(2_000)
    assert path.stat().st_size > 4_000_000
    large = peak(50_000)
    assert path.stat().st_size > 100_000_000
    assert large - small < 8 * 1024  # KiB
