import pytest

from converters.faq.markdown import to_markdown


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("", ""),
        ("<p>One</p>\n<p>two <b>bold</b></p>", "One\n\ntwo bold"),
        ("<h2>Title</h2>x", "## Title\n\nx"),
        ("<ul><li>one<li>two</ul><ol><li>three</ol>", "- one\n\n- two\n\n1. three"),
        ("<li>alone", "- alone"),
        ("Use <code>a &lt; b</code>.", "Use `a < b`."),
        ("<code>a`b``c</code> <code>`</code> <code> </code>", "```a`b``c``` `` ` ``"),
        ("a<pre><code>if (a &lt; b) {\n  x();\n}\n</code></pre>b",
         "a\n\n```\nif (a < b) {\n  x();\n}\n```\n\nb"),
        ("<pre>```\nx</pre>", "````\n```\nx\n````"),
        ("<pre> \n</pre>", ""),
        ('<a href="https://x.y/z?a=1&amp;b=2">this <i>one</i></a>',
         "[this one](<https://x.y/z?a=1&b=2>)"),
        ('<a href="MAILTO:a@b.c">write</a>', "[write](<MAILTO:a@b.c>)"),
        ('<pre><a href="https://x">code</a></pre>', "```\ncode\n```"),
        ("a<script>x</script>b", "ab"),
    ],
)  # fmt: skip
def test_what_is_shown(html: str, expected: str) -> None:
    assert to_markdown(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "\\<script>alert(1)\\</script>"),
        ("&lt;img src=x onerror=alert(1)&gt;", "\\<img src=x onerror=alert(1)>"),
        ("&amp;lt;b&amp;gt;", "\\&lt;b\\&gt;"),
        ("AT&amp;T", "AT&T"),
        ("[x](javascript:alert(1))", "\\[x\\](javascript:alert(1))"),
        ('<a href="javascript:alert(1)">x</a>', "x"),
        ('<a href=" https://x">x</a>', "x"),
        ('<a href="https://x>&lt;y">x</a>', "x"),
        ('<a href="https://x\\">x</a>', "x"),
        ("<a>x</a><a href>y</a>", "xy"),
        ("a*b*c `x` ~~~", "a\\*b\\*c \\`x\\` \\~\\~\\~"),
        ("<code>&lt;b&gt;<p>&lt;i&gt;</p></code>", "`<b><i>`"),
        ("<code>&lt;b&gt; never closed <p>&lt;i&gt;", "`<b> never closed <i>`"),
        ("<pre>&lt;b&gt;<code>c</pre>d", "```\n<b>c\n```\n\nd"),
    ],
)
def test_nothing_of_the_text_becomes_markup(html: str, expected: str) -> None:
    assert to_markdown(html) == expected


@pytest.mark.parametrize("piece", ["<ul><li>", "<code>", "<code><p>", "<a href=http://x>", "`"])
def test_deep_nesting(piece: str) -> None:
    shown = to_markdown(f"start {piece * 100_000} end")
    assert shown.startswith("start")
    assert "end" in shown
