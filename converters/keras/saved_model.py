"""A signature of a TensorFlow SavedModel: a function of one picture tensor."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converters.export import ConversionError
from converters.keras.libraries import line

DEFAULT = "serving_default"


@dataclass(frozen=True)
class Signature:
    """`network` takes a tensor of `shape` (None: not known) and `dtype`, and gives one tensor."""

    network: Callable[[Any], Any]
    shape: tuple[int | None, ...] | None
    dtype: Any


def load(tensorflow: Any, folder: Path, name: str | None) -> Signature:
    """The signature `name` of the SavedModel in `folder`, `serving_default` where None is given.

    Raises ConversionError where there is none, or it has several inputs or outputs.
    """
    if not any((folder / f"saved_model.{end}").is_file() for end in ("pb", "pbtxt")):
        raise ConversionError(
            f"{folder}: there is no saved_model.pb in it; give the folder of a SavedModel (a "
            ".keras or .h5 file is converted with: rtscore-convert keras FILE)"
        )
    try:
        model = tensorflow.saved_model.load(folder)
    except Exception as error:  # by damage: OSError, KeyError, TensorFlow's own
        raise ConversionError(f"{folder}: it can't be loaded ({line(error)})") from error
    return _signature(folder, dict(model.signatures), name or DEFAULT, model)


def _signature(folder: Path, known: dict[str, Any], name: str, model: Any) -> Signature:
    if name not in known:
        names = ", ".join(sorted(known)) or "none: export it with model.export(FOLDER)"
        raise ConversionError(
            f"{folder} has no signature {name!r}; those that --signature can name are: {names}"
        )
    function = known[name]
    inputs, outputs = function.structured_input_signature[1], function.structured_outputs
    for what, found in (("input", inputs), ("output", outputs)):
        if len(found) != 1:
            raise ConversionError(
                f"{folder}: the signature {name!r} has to have one {what} and has: "
                f"{', '.join(sorted(found)) or 'none'}; export one that has, or choose another "
                f"with --signature (it has {', '.join(sorted(known))})"
            )
    ((key, spec),) = inputs.items()

    def network(image: Any, model: Any = model) -> Any:  # which owns the function's variables
        return function(**{key: image})

    shape = None if spec.shape.rank is None else tuple(spec.shape.as_list())
    return Signature(network, shape, spec.dtype)


def sha256(folder: Path) -> str:
    """The digest of all files in `folder`, with their names."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\n".encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
