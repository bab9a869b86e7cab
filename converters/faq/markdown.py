"""HTML to Markdown that holds none of its HTML: blocks, lists, code, and links to the web.

What could be markup in the text itself is escaped, so that a page that shows the Markdown shows
that text.
"""

import re

from converters.faq.html import Shown, blocks

_SPECIAL = re.compile(r"[\\`*\[\]<~]|&(?=#?\w+;)")
_LINK = re.compile(r"(?:https?://|mailto:)[^\s<>\\]+", re.IGNORECASE)
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}


def to_markdown(html: str) -> str:
    """The Markdown of `html`."""
    return "\n\n".join(blocks(html, _Markdown()))


class _Markdown(Shown):
    verbatim_tags = frozenset(("pre", "code"))

    def __init__(self) -> None:
        super().__init__(code=True)
        self._prose: list[str] = []  # text since the last tag
        self._prefix = ""
        self._lists: list[str] = []
        self._links: list[str] = []
        self._code_at = 0  # the piece of the line with which inline code begins

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._settle()
        super().start(tag, attributes)

    def end(self, tag: str) -> None:
        self._settle()
        super().end(tag)

    def data(self, text: str) -> None:
        if not self.hidden:
            self._prose.append(text)

    def close(self) -> None:
        self._settle()
        super().close()

    def opened(self, tag: str, attributes: dict[str, str]) -> None:
        super().opened(tag, attributes)
        if tag in self.verbatim_tags and not self.verbatim:
            self._code_at = len(self.line)
        elif tag in ("ol", "ul"):
            self._lists.append("1. " if tag == "ol" else "- ")
        elif tag == "li":
            self._prefix = self._lists[-1] if self._lists else "- "
        elif tag in _HEADINGS:
            self._prefix = _HEADINGS[tag]
        elif tag == "a":
            url = attributes.get("href", "")
            linked = not self.verbatim and _LINK.fullmatch(url)
            self._links.append(url if linked else "")
            self.line.append("[" if linked else "")

    def closing(self, tag: str) -> None:
        if tag in self.verbatim_tags and not self.verbatim:
            code = "".join(self.line[self._code_at :])
            del self.line[self._code_at :]
            if tag == "pre":
                self._fence(code)
            elif code.strip():
                self.line.append(_span(code))
        elif tag in ("ol", "ul"):
            self._lists.pop()
        elif tag == "a" and (url := self._links.pop()):
            self.line.append(f"](<{url}>)")

    def end_block(self) -> None:
        before = len(self.blocks)
        super().end_block()
        if len(self.blocks) > before:
            self.blocks[-1] = self._prefix + self.blocks[-1]
            self._prefix = ""

    def _settle(self) -> None:
        prose = "".join(self._prose)
        self._prose.clear()
        if prose:
            self.line.append(prose if self.verbatim else _SPECIAL.sub(r"\\\g<0>", prose))

    def _fence(self, code: str) -> None:
        if code.strip():
            fence = "`" * max(3, _longest_run(code) + 1)
            self.blocks.append("\n".join((fence, code.strip("\r\n"), fence)))


def _span(code: str) -> str:
    ticks = "`" * (_longest_run(code) + 1)
    pad = " " if "`" in (code[0], code[-1]) else ""
    return f"{ticks}{pad}{code}{pad}{ticks}"


def _longest_run(code: str) -> int:
    return max(map(len, re.findall("`+", code)), default=0)
