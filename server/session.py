"""ONNX Runtime: load a model file, verify the device, run. The server's only importer of it."""

import ctypes
import hashlib
import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from server import contract, modelfile
from server.errors import StartupError

# Official builds report to their maker by default, over the network; read when it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
try:
    import onnxruntime as ort
except ImportError as error:
    raise StartupError(
        "ONNX Runtime is not installed; run: pip install 'rtscore[cpu]' (or 'rtscore[gpu]')"
    ) from error

Device = Literal["auto", "cpu", "cuda"]
Feeds = dict[str, npt.NDArray[Any]]
Probabilities = npt.NDArray[np.float32]

_CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"
_log = logging.getLogger("rtscore")


class Session:
    """One model file, loaded, checked against its contract and ready to run on `device`.

    `version` is the first 12 hex digits of the file's SHA-256. `run` may be called from several
    threads at once; they share the weights.
    """

    def __init__(self, path: Path, device: Device = "cpu", threads: int = 1) -> None:
        """Load `path` with `threads` threads for one run; 0 leaves the number to ONNX Runtime.

        Raises StartupError, with the remedy, for a file that is missing, foreign, cut or changed,
        and where `device` is "cuda" and CUDA can't be used.
        """
        refuse_mixed_packages()
        content = _read(path)
        modelfile.check_seal(content, str(path))  # first: native code never sees damaged bytes
        self.version = hashlib.sha256(content).hexdigest()[:12]
        graph, metadata = modelfile.split(content)
        del content  # twice a large model's size is much
        self.contract = contract.parse(metadata, str(path))
        self._session = _open(graph, path, _providers(device), threads)
        self.device = self._verified_device(device)
        self.inputs = self._checked_inputs(path)
        self._outputs = [value.name for value in self._session.get_outputs()]
        _give_back_memory()

    def run(self, feeds: Feeds) -> Probabilities:
        """Probabilities, float32 [N, outputs], of the rows in `feeds`, whose first axis is N."""
        return cast(Probabilities, self._session.run(self._outputs, feeds)[0])

    def _verified_device(self, wanted: Device) -> Literal["cpu", "cuda"]:
        # ONNX Runtime falls back to the CPU with only a warning.
        if _CUDA in self._session.get_providers():
            return "cuda"
        if wanted == "cuda":
            raise StartupError(
                "device 'cuda' was asked for, but ONNX Runtime could not use CUDA here: check the "
                "driver with nvidia-smi and that rtscore[gpu] is installed, or set "
                "RTSCORE_DEVICE=auto or cpu"
            )
        return "cpu"

    def _checked_inputs(self, path: Path) -> list[dict[str, Any]]:
        inputs = self._session.get_inputs()
        outputs = list(_signature(self._session.get_outputs()).values())
        if _signature(inputs) != _expected_inputs(self.contract) or outputs != [
            ("tensor(float)", (self.contract.outputs,))
        ]:
            raise StartupError(
                f"{path}: the graph does not fit its contract; convert it again with "
                "rtscore-convert"
            )
        return [{"name": value.name, "type": value.type, "shape": value.shape} for value in inputs]


def _expected_inputs(
    given: contract.FaqContract | contract.ImageContract,
) -> dict[str, tuple[str, tuple[int, ...]]]:
    if isinstance(given, contract.ImageContract):
        return {"image": ("tensor(uint8)", (given.height, given.width, 3))}
    inputs: dict[str, tuple[str, tuple[int, ...]]] = {
        "indices": ("tensor(int64)", ()),
        "counts": ("tensor(float)", ()),
    }
    return inputs if given.subwords is None else inputs | {"tokens": ("tensor(int64)", ())}


def _signature(values: Iterable[Any]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Type and fixed sizes by name; the number of rows must not be fixed."""
    return {
        value.name: (value.type, tuple(size for size in value.shape if isinstance(size, int)))
        for value in values
    }


def versions() -> dict[str, Any]:
    """ONNX Runtime's version and the execution providers that it was built with."""
    return {"onnxruntime": ort.__version__, "providers": ort.get_available_providers()}


def _give_back_memory() -> None:
    """Return what loading took and freed to the system, where the C library is glibc.

    It would keep about 0.5 KiB for each entry of a large FAQ.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def has_cuda() -> bool:
    """Whether this build of ONNX Runtime knows CUDA; whether it works is another question."""
    return _CUDA in ort.get_available_providers()


def refuse_mixed_packages() -> None:
    """Raise StartupError where both builds of ONNX Runtime are installed over each other."""
    if _installed("onnxruntime") and _installed("onnxruntime-gpu"):
        raise StartupError(
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other; run: "
            "pip uninstall -y onnxruntime onnxruntime-gpu, then install rtscore[cpu] or "
            "rtscore[gpu]"
        )


def _installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StartupError(
            f"{path}: {os.strerror(error.errno or 0)}; run 'make models' to make the default "
            "models, name another file, or leave the setting empty to switch this route off"
        ) from error


def _providers(device: Device) -> list[str]:
    if device == "cpu":
        return [_CPU]
    if has_cuda():
        ort.preload_dlls()
        return [_CUDA, _CPU]
    return [_CPU]


def _open(graph: bytes, path: Path, providers: list[str], threads: int) -> "ort.InferenceSession":
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # errors come as exceptions, and are logged with those
    # Spinning threads would burn the quota that the event loop and the decoders need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = ort.InferenceSession(graph, options, providers=providers)
    except Exception as error:  # ONNX Runtime's own exceptions have no common base
        _log.debug("ONNX Runtime on %s: %s", path, error)
        raise StartupError(
            f"{path} is not a model that ONNX Runtime {ort.__version__} can load; make it again "
            "with the rtscore-convert of this version"
        ) from error
    session._model_bytes = None  # which it would keep beside the weights, to fall back with
    return session
