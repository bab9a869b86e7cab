from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from converters.inspection.facts import read
from converters.inspection.tables import tables
from server.contract import Provenance
from tests import picture_set, tiny

PROVENANCE = Provenance(
    source="a source",
    created=tiny.PROVENANCE.created,
    data_sha256={"weights": "0123456789abcdef" * 4},
    packages={"numpy": "2.4.0", "a_package_" * 6: "0.1.0"},
    seed=7,
)


def shown(path: Path, width: int = 80) -> str:
    console = Console(width=width)
    with console.capture() as captured:
        for table in tables(read(path)):
            console.print(table)
    return captured.get()


def image(folder: Path, names: list[str], **changes: Any) -> Path:
    contract = tiny.image_contract(labels=picture_set.labels(names), **changes)
    return tiny.write(folder, tiny.stamped(tiny.image_graph(len(names)), contract))


def test_everything_is_there(tmp_path: Path) -> None:
    path = image(
        tmp_path,
        [f"class {number}" for number in range(1234)],
        provenance=PROVENANCE,
        accuracy={"top_1": 0.88754},
        precision="fp16",
    )
    words = " ".join(shown(path).split())
    for text in (
        "name model.onnx",
        "served yes",
        "task image",
        "precision fp16",
        "crop 1",
        "resample bicubic",
        "labels 1,234, of which the first: n0: class 0 n1: class 1",
        "n4: class 4 Provenance",
        "source a source",
        "packages numpy 2.4.0",
        "seed 7",
        "Accuracy top_1 0.8875",
        "inputs image: uint8 [N, 4, 4, 3]",
        "outputs probabilities: float32 [N, 1234]",
        "opset ai.onnx 18; IR 10",
        "nodes 5",
        "operators Cast 1, Div 1, MatMul 1, ReduceMean 1, Softmax 1",
        "parameters 3,705 (14,828 bytes)",
        "float32 3,703 (14,812 bytes)",
    ):
        assert text in words, text


def test_nothing_is_lost_in_80_columns(tmp_path: Path) -> None:
    path = image(tmp_path, ["x" * 150, "y"], provenance=PROVENANCE)
    text = shown(path)
    assert max(map(len, text.splitlines())) <= 80
    letters = "".join(text.split())
    assert "x" * 150 in letters
    assert "0123456789abcdef" * 4 in letters
    assert "a_package_" * 6 in letters


def test_a_faq_model_too(tmp_path: Path) -> None:
    contract = tiny.faq_contract(subwords=tiny.SUBWORDS)
    words = " ".join(
        shown(tiny.write(tmp_path, tiny.stamped(tiny.encoder_graph(), contract))).split()
    )
    for text in (
        "task faq",
        "entries 3 sort: How do I sort an array? date:",
        "vocabulary.tokenizer.lowercase True",
        "vocabulary.terms array, compare, date, sort, string",
        "subwords.max_tokens 12",
        "threshold 0.5",
        "tokens: int64 [N, S]",
    ):
        assert text in words, text


def test_a_foreign_file(tmp_path: Path) -> None:
    model = tiny.image_graph()
    model.producer_name = "pytorch"
    model.metadata_props.add(key="author", value="me")
    words = " ".join(shown(tiny.write(tmp_path, model.SerializeToString())).split())
    for text in ("served no: it has no rtscore contract.", "author me", "made by pytorch"):
        assert text in words
    assert "Contract" not in words


@pytest.mark.parametrize("name", ["[red]x[/red]", "[/nothing]", "a\x1b[31mb", "\u202eback", "\x00"])
def test_names_can_not_steer_the_terminal(tmp_path: Path, name: str) -> None:
    text = shown(image(tmp_path, [name, "other"]))
    assert f"n0: {''.join(c if c.isprintable() else ascii(c)[1:-1] for c in name)}" in text
    assert not {"\x1b", "\u202e", "\x00"} & set(text)
