"""Writes what a command found where its user wants it."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from converters.report.intervals import Figure
from converters.report.meaning import Meaning

_log = logging.getLogger("rtscore.convert")


def place(path: Path) -> Path:
    """`path`, in a folder that is there now, for a file that is about to be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _log.info("writing %s", path)
    return path


def write_json(path: Path, found: Mapping[str, Any]) -> None:
    """Write `found` as JSON for programs."""
    text = json.dumps(found, indent=2, ensure_ascii=False)
    place(path).write_text(text + "\n", encoding="utf-8")


def figures(found: Mapping[str, Figure], meanings: Mapping[str, Meaning]) -> dict[str, Any]:
    """The figures as JSON has them: value, interval and meaning."""
    return {
        name: {**figure._asdict(), "meaning": meanings[name].text} for name, figure in found.items()
    }
