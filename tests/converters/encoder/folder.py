"""A small BERT with random weights, as a folder that Hugging Face would make."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from converters.encoder.bert import Bert

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abcdefghijklmnopqrstuvwxyz?.,'")
CONFIG: Mapping[str, Any] = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "hidden_size": 32,
    "intermediate_size": 64,
    "vocab_size": 2 * len(WORDS),
    "max_position_embeddings": 24,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
}
TEXTS = ("a", "how do i sort this list?", "", "?", "'quoted', and cut off because it is long. " * 3)


def random_weights(seed: int = 0) -> dict[str, npt.NDArray[np.float32]]:
    """Weights of CONFIG's sizes, of a size that no activation saturates."""
    rng = np.random.default_rng(seed)
    return {
        name: rng.normal(1.0 if "LayerNorm.weight" in name else 0.0, 0.3, shape).astype(np.float32)
        for name, shape in Bert.from_config(CONFIG).shapes().items()
    }


def tokenizer_json() -> str:
    """A tokenizer that spells words out."""
    words = (*WORDS, *(f"##{word}" for word in WORDS[4:]))
    made = Tokenizer(
        models.WordPiece({word: number for number, word in enumerate(words)}, unk_token="[UNK]")
    )
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    made.enable_padding(length=10)
    return made.to_str()


def write(folder: Path, config: Mapping[str, Any] = CONFIG) -> Path:
    """The folder, with all that a BERT needs and nothing of sentence-transformers."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(dict(config)), encoding="utf-8")
    (folder / "tokenizer.json").write_text(tokenizer_json(), encoding="utf-8")
    save_file(random_weights(), folder / "model.safetensors")
    return folder


def write_json(folder: Path, name: str, content: Any) -> None:
    """`content` as the file `name` below the folder."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
