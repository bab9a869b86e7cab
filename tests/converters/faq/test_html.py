import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.faq.html import Shown, blocks, to_text


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("", ""),
        (" \n ", ""),
        ("plain text", "plain text"),
        ("<p>One</p><p>two <b>bold</b>,\n three</p>", "One\ntwo bold, three"),
        ("un<i>brok</i>en", "unbroken"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<ul><li>one<li>two</ul>", "one\ntwo"),
        ("<table><tr><td>1</td><td>2</td></tr><tr><th>3</table>", "1 2\n3"),
        ("<p>never closed <b>at all", "never closed at all"),
        ("</p></div>x</b>", "x"),
        ("1 < 2 > 0 & 3", "1 < 2 > 0 & 3"),
        ("<p title='>'>x", "x"),
        ("a<script>if (a < b) { '</p>' }</script>b<style>p {}</style>", "ab"),
        ("a<noscript><p>n</p></noscript><svg><text>s</text></svg>b", "ab"),
        ("a<!-- <p>c</p> -->b", "ab"),
        ("&lt;b&gt; &amp;lt; &#233;&eacute;&hellip; &nope;", "<b> &lt; éé… &nope;"),
        ("&nbsp;a&nbsp;&nbsp;b", "a b"),
        ("x\0y", "x\ufffdy"),
        ("x\ud800y", "x?y"),
        (
            "日本 \U0001f600 <p>\u05e9\u05dc\u05d5\u05dd",
            "日本 \U0001f600\n\u05e9\u05dc\u05d5\u05dd",
        ),
        ("a<pre><code>x &lt; y\n\n  z()</code></pre>b <code>inline</code>", "a\nb inline"),
        ("<script>never closed <p>text", ""),
        ("text <!-- never closed", "text"),
    ],
)
def test_what_is_shown(html: str, expected: str) -> None:
    assert to_text(html) == expected


def test_code_is_kept_where_asked() -> None:
    html = "a<pre>x &lt; y\n\n  z()\n</pre>b"
    assert to_text(html, code=True) == "a\nx < y\nz()\nb"


QUOTE = "<p>Why?</p><blockquote><p><b>Possible</b> duplicate:<br><a>How</a></p></blockquote>so"


def test_quotes_that_begin_so_are_left_out() -> None:
    assert to_text(QUOTE) == "Why?\nPossible duplicate:\nHow\nso"
    assert to_text(QUOTE, drop_quotes=("Something else", "possible DUPLICATE")) == "Why?\nso"
    nested = "a<blockquote>possible duplicate<blockquote>b</blockquote>c</blockquote>d"
    assert to_text(nested, drop_quotes=("possible",)) == "a\nd"
    inner = "a<blockquote>b<blockquote>possible</blockquote>c</blockquote>d"
    assert to_text(inner, drop_quotes=("possible",)) == "a\nb\npossible\nc\nd"
    assert to_text("<blockquote></blockquote>x", drop_quotes=("possible",)) == "x"


@pytest.mark.parametrize(
    "piece",
    ["<div>", "<b>", "<b></i>", "<pre></code>", "<ul></li>", "<blockquote>", "<p><b>"],
)
def test_deep_nesting(piece: str) -> None:
    """However deep, few elements are open at once: an end is looked for in all of them."""

    class Deepest(Shown):
        deepest = 0

        def start(self, tag: str, attributes: dict[str, str]) -> None:
            super().start(tag, attributes)
            self.deepest = max(self.deepest, self.depth)

    target = Deepest(code=True)
    assert " ".join(blocks(f"start {piece * 100_000} end", target)).split() == ["start", "end"]
    assert target.deepest < 3_000


@pytest.mark.parametrize(
    "piece",
    ["<a ", "<a x='", "<!--", "<!", "<![CDATA[", "<?", "</", "</a ", "<a =", "<!DOCTYPE ", "<svg>"],
)
def test_what_never_ends(piece: str) -> None:
    """The standard library's parser of Python 3.11 takes a minute for 27,000 times `<a `."""
    assert to_text("start<p>" + piece * 200_000).startswith("start")


@given(st.lists(st.sampled_from([*"<>&/!-=\"' ab\0\n", "<p>", "</p>", "pre", "<svg>"])))
def test_nothing_is_an_error(pieces: list[str]) -> None:
    for code in (False, True):
        shown = to_text("".join(pieces), code=code)
        assert all(line and line == " ".join(line.split()) for line in shown.split("\n") if shown)


@given(st.text(st.characters(codec="utf-8", exclude_characters="<&\0\r"), max_size=40))
def test_text_without_markup_is_itself(text: str) -> None:
    assert to_text(text) == " ".join(text.split())
