"""HTML, however malformed or hostile, to the text that it shows.

libxml2 reads it as browsers read HTML 5, in time linear in its length (the standard library's
parser takes time in its square). No tree is built, so no depth of nesting needs a deep stack.
"""

from lxml import etree  # type: ignore[import-untyped]

_UNSEEN = frozenset(
    ("head", "iframe", "noframes", "noscript", "object", "script", "style", "svg", "template")
)
_BLOCKS = frozenset(
    ("address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "figure", "footer",
     "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p",
     "pre", "section", "table", "tr", "ul")
)  # fmt: skip
_CELLS = frozenset(("td", "th"))
# An end without its start is looked for in every open element: a page that is deeper than any real
# one goes on in a new parser. Bytes at once, and elements.
_CHUNK = 4096
_DEPTH = 1000


def to_text(html: str, *, code: bool = False, drop_quotes: tuple[str, ...] = ()) -> str:
    """The words of `html`: a line for each block, entities decoded once.

    Blocks of code (`<pre>`) are left out unless `code`. Block quotes that begin with one of
    `drop_quotes`, in any case, are left out too.
    """
    return "\n".join(blocks(html, Shown(code=code, drop_quotes=drop_quotes)))


def blocks(html: str, target: "Shown") -> list[str]:
    """What `target` makes of `html`."""
    content = html.encode("utf-8", "replace")
    parser = _parser(target)
    start = 0
    while start < len(content):
        if target.depth > _DEPTH:
            parser.close()
            parser = _parser(target)
        tag = content.rfind(b"<", start + 1, start + _CHUNK)
        end = tag if tag > 0 else start + _CHUNK
        parser.feed(content[start:end])
        start = end
    parser.close()
    return target.blocks


def _parser(target: "Shown") -> etree.HTMLParser:
    parser = etree.HTMLParser(target=target, encoding="utf-8", huge_tree=True)
    parser.feed(b"<body>")  # an empty text is not an error then
    return parser


class Shown:
    """What the parser calls: it collects blocks of text, their white space made one space.

    The parser closes every element that began, in order.
    """

    verbatim_tags = frozenset(("pre",))

    def __init__(self, *, code: bool, drop_quotes: tuple[str, ...] = ()) -> None:
        self.blocks: list[str] = []
        self.line: list[str] = []
        self.depth = 0
        self.verbatim = 0  # open elements inside which no block ends
        self._unseen = _UNSEEN if code else _UNSEEN | {"pre"}
        self.hidden = 0
        self._drop_quotes = tuple(quote.casefold() for quote in drop_quotes)
        self._quotes = 0
        self._quote_at = 0  # the block with which the outermost quote begins

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        self.depth += 1
        if tag in _BLOCKS and not self.verbatim and not self.hidden:
            self.end_block()
        self.hidden += tag in self._unseen
        if self.hidden:
            return
        if tag == "blockquote":
            self._quote_at = self._quote_at if self._quotes else len(self.blocks)
            self._quotes += 1
        self.opened(tag, attributes)
        self.verbatim += tag in self.verbatim_tags

    def end(self, tag: str) -> None:
        """An element ends."""
        self.depth -= 1
        if self.hidden:
            self.hidden -= tag in self._unseen
            return
        self.verbatim -= tag in self.verbatim_tags
        self.closing(tag)
        if tag in _BLOCKS and not self.verbatim:
            self.end_block()
        if tag == "blockquote":
            self._end_quote()

    def data(self, text: str) -> None:
        """Text, in pieces."""
        if not self.hidden:
            self.line.append(text)

    def close(self) -> None:
        """There is no more."""
        self.end_block()

    def opened(self, tag: str, attributes: dict[str, str]) -> None:
        """What an element that is shown begins with."""
        if tag in _CELLS:
            self.line.append(" ")

    def closing(self, tag: str) -> None:
        """What an element that is shown ends with."""
        if tag == "pre" and not self.verbatim:
            lines = (" ".join(line.split()) for line in "".join(self.line).splitlines())
            self.blocks += filter(None, lines)
            self.line.clear()

    def end_block(self) -> None:
        """Make a block of the line."""
        if block := " ".join("".join(self.line).split()):
            self.blocks.append(block)
        self.line.clear()

    def _end_quote(self) -> None:
        self._quotes -= 1
        begins = "".join(self.blocks[self._quote_at : self._quote_at + 1]).casefold()
        if not self._quotes and begins.startswith(self._drop_quotes):
            del self.blocks[self._quote_at :]
