"""The Makefile's rule for the default image model, with a stub in the converter's place."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
RANGES = "converters/efficientnet_lite0_ranges.json"
SUCCESS = """#!/bin/sh
for last; do :; done
echo "$@" >"$last"
"""
FAILURE = """#!/bin/sh
echo "rtscore-convert quantize: the graph is another one" >&2
exit 1
"""


def make_image(folder: Path, converter: str) -> "subprocess.CompletedProcess[str]":
    """Make the image model in `folder`, which holds what the rule asks for."""
    files = {RANGES: "{}", "converters/quantize.py": "", "models/image-fp32.onnx": "fp32"}
    for name, content in {**files, "bin/rtscore-convert": converter}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    (folder / "bin" / "rtscore-convert").chmod(0o755)
    old = ("-o", "models/image-fp32.onnx")  # not to be made again
    return subprocess.run(
        ["make", "-f", ROOT / "Makefile", *old, "BIN=bin", "models/image.onnx"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )


def test_the_image_model_is_quantised_from_the_ranges(tmp_path: Path) -> None:
    make_image(tmp_path, SUCCESS)
    asked = (tmp_path / "models" / "image.onnx").read_text(encoding="utf-8").split()
    assert asked == [
        *("quantize", "models/image-fp32.onnx", "--to", "int8"),
        *("--ranges", RANGES, "-o", "models/image.onnx"),
    ]


def test_where_that_fails_it_is_the_fp32_model_and_make_says_so(tmp_path: Path) -> None:
    finished = make_image(tmp_path, FAILURE)
    assert (tmp_path / "models" / "image.onnx").read_text(encoding="utf-8") == "fp32"
    assert finished.stderr.splitlines() == [
        "rtscore-convert quantize: the graph is another one",
        "models/image.onnx is the fp32 model, for the reason above",
    ]
