"""What is read of an encoder's folder: the longest text, the pooling, files inside an archive."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from converters.encoder.files import Files
from converters.export import ConversionError
from tests.converters.encoder import folder as small


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(small.write(tmp_path))


@pytest.mark.parametrize(
    ("stated", "limit", "longest"),
    [(None, None, 24), (9, None, 9), (9, 12, 9), (None, 12, 12), (None, 10**30, 24), (99, 12, 24)],
)
def test_the_longest_text_is_the_one_stated(
    files: Files, tmp_path: Path, stated: int | None, limit: int | None, longest: int
) -> None:
    small.write_json(tmp_path, "sentence_bert_config.json", {"max_seq_length": stated})
    small.write_json(tmp_path, "tokenizer_config.json", {"model_max_length": limit})
    assert files.subwords(24).max_tokens == longest


def test_an_archive_is_read_like_a_folder(files: Files, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in ("config.json", "tokenizer.json", "model.safetensors"):
            archive.writestr(f"inner/{name}", files.read(name))
    zipped = Files(zipfile.Path(tmp_path / "all.zip", "inner/"))
    assert zipped.subwords(24) == files.subwords(24)
    assert zipped.settings("config.json") == small.CONFIG
    assert zipped.weights().keys() == files.weights().keys()
    assert zipped.pooling() == "mean"
    assert not zipped.has("model.onnx")
    with pytest.raises(ConversionError, match=r"has no readable vocab\.txt"):
        zipped.read("vocab.txt")


def test_only_float_weights_are_kept(files: Files) -> None:
    assert {value.dtype.name for value in files.weights().values()} == {"float32"}


@pytest.mark.parametrize(
    ("name", "content"),
    [("config.json", [1]), ("sentence_bert_config.json", "long"), ("1_Pooling/config.json", None)],
)
def test_settings_are_an_object(files: Files, tmp_path: Path, name: str, content: Any) -> None:
    small.write_json(tmp_path, name, content)
    assert json.loads(files.read(name)) == content
    with pytest.raises(ConversionError, match=f"{name} has no JSON object"):
        files.settings(name)


def test_settings_that_may_be_missing_are_empty(files: Files) -> None:
    assert files.settings("tokenizer_config.json") == {}
    with pytest.raises(ConversionError, match=r"no readable other\.json"):
        files.settings("other.json", needed=True)


@pytest.mark.parametrize("content", [{"a": 1}, [1], ["b"], [{"type": 3}]])
def test_odd_lists_of_modules_are_refused(files: Files, tmp_path: Path, content: Any) -> None:
    small.write_json(tmp_path, "modules.json", content)
    with pytest.raises(ConversionError, match=r"modules\.json"):
        files.pooling()


@pytest.mark.parametrize("longest", ["many", [1], -3, 1])
def test_an_odd_limit_is_refused(files: Files, tmp_path: Path, longest: Any) -> None:
    small.write_json(tmp_path, "sentence_bert_config.json", {"max_seq_length": longest})
    with pytest.raises(ConversionError, match="can't be used"):
        files.subwords(24)
