"""The files of an encoder, as Hugging Face and sentence-transformers lay them out in a folder."""

import json
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from converters.encoder.bert import Weights
from converters.encoder.pooling import Pooling
from converters.export import ConversionError
from server.subwords import Subwords

_MODULES = {"Transformer", "Pooling", "Normalize"}


# A question has 4,000 characters; the memory of a batch grows with the square of its tokens.
MOST_TOKENS = 512


@dataclass(frozen=True)
class Files:
    """A folder, or a part of an archive; each method raises ConversionError with a file's name."""

    root: Traversable

    def has(self, name: str) -> bool:
        """Whether there is a file of that name."""
        return self.root.joinpath(name).is_file()

    def read(self, name: str) -> bytes:
        """The bytes of a file."""
        try:
            return self.root.joinpath(name).read_bytes()
        except (OSError, KeyError) as error:
            raise ConversionError(f"{self.root} has no readable {name}") from error

    def settings(self, name: str, *, needed: bool = False) -> dict[str, Any]:
        """The object in a JSON file; an empty one for a missing file that is not `needed`."""
        found = self._json(name) if needed or self.has(name) else {}
        if not isinstance(found, dict):
            raise ConversionError(f"{self.root}: {name} has no JSON object")
        return found

    def weights(self) -> Weights:
        """The float weights in model.safetensors, under the names of a BERT without a head."""
        content = self.read("model.safetensors")
        try:
            found = safetensors.numpy.load(content)
        except (SafetensorError, KeyError, ValueError, TypeError) as error:
            raise ConversionError(
                f"{self.root}: model.safetensors can't be read ({error}); was it cut?"
            ) from error
        return {
            name.removeprefix("bert."): value.astype(np.float32)
            for name, value in found.items()
            if value.dtype.kind == "f"
        }

    def subwords(self, positions: int) -> Subwords:
        """The tokenizer of tokenizer.json for texts of at most `positions` tokens."""
        settings = self.settings("sentence_bert_config.json")
        if settings.get("do_lower_case"):
            raise ConversionError("sentence_bert_config.json: do_lower_case is not supported")
        stated = settings.get("max_seq_length")
        longest = stated or self.settings("tokenizer_config.json").get("model_max_length")
        positions = min(positions, MOST_TOKENS)
        try:
            text = self.read("tokenizer.json").decode("utf-8")
            return Subwords(tokenizer=text, max_tokens=min(int(longest or positions), positions))
        except (ValueError, TypeError) as error:
            raise ConversionError(
                f"{self.root}: tokenizer.json with texts of up to {longest or positions} tokens "
                f"can't be used: {error}"
            ) from error

    def pooling(self) -> Pooling:
        """How tokens' vectors become one: what 1_Pooling/config.json says, else their mean.

        Modules that change the vector further are refused.
        """
        self._refuse_other_modules()
        settings = self.settings("1_Pooling/config.json")
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
            f"1_Pooling/config.json: pooling by {' + '.join(map(str, modes))}; only mean and cls "
            "are supported"
        )

    def _refuse_other_modules(self) -> None:
        for module in self._json("modules.json") if self.has("modules.json") else []:
            named = module.get("type") if isinstance(module, dict) else module
            kind = str(named).rpartition(".")[2]
            if kind not in _MODULES:
                raise ConversionError(
                    f"modules.json: a module {kind}; supported are {', '.join(sorted(_MODULES))}"
                )

    def _json(self, name: str) -> Any:
        try:
            return json.loads(self.read(name))
        except ValueError as error:
            raise ConversionError(f"{self.root}: {name} is no JSON: {error}") from error
