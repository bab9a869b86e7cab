"""ONNX Runtime: load a model file, verify the device, run. The server's only importer of it."""

import hashlib
import itertools
import logging
import os
from contextlib import redirect_stdout
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from io import StringIO
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from server import contract, memory, modelfile
from server.cpus import has_vnni
from server.cuda import GRAPH_ID, NO_GRAPH, Gpu, driver_fault, host_buffer
from server.errors import StartupError
from server.lanes import Lane
from server.signature import fits

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

    `version` is the first 12 hex digits of the file's SHA-256, `device` where it runs, `no_cuda`
    why "auto" took the CPU (else None), and `graphs` whether lanes run as CUDA graphs. `run` may be
    called from several threads at once; they share the weights.
    """

    def __init__(
        self, path: Path, device: Device = "cpu", threads: int = 1, gpu: Gpu | None = None
    ) -> None:
        """Load `path` with `threads` threads for one run; 0 leaves the number to ONNX Runtime.

        `gpu` says how to use CUDA, where `device` has it used. Raises StartupError, with the
        remedy, for a file that is missing, foreign, cut or changed, and where `device` is "cuda"
        and CUDA can't be used.
        """
        refuse_mixed_packages()
        content = _read(path)
        modelfile.check_seal(content, str(path))  # first: native code never sees damaged bytes
        self.version = hashlib.sha256(content).hexdigest()[:12]
        graph, metadata = modelfile.split(content)
        del content  # twice a large model's size is much
        self.contract = contract.parse(metadata, str(path))
        if self.contract.precision == "int8" and has_vnni() is False:
            _log.warning(
                "%s is int8 and this processor has no VNNI: 8-bit weights are computed the slow "
                "way; fp32, or int8 of rtscore-convert quantize --reduce-range, is faster on it",
                path,
            )
        self._session, self.no_cuda = _open_on(device, graph, path, threads, gpu or Gpu())
        self.device: Literal["cpu", "cuda"] = "cuda" if _has_cuda(self._session) else "cpu"
        self.inputs = self._checked_inputs(path)
        self._outputs = [value.name for value in self._session.get_outputs()]
        self.graphs = self.gpu_options.get("enable_cuda_graph", "").lower() in ("1", "true")
        # Its wrapper would look at each input's name again, a seventh of a question's time.
        self._run = self._session._sess.run
        self._graph_ids = itertools.count(1)
        self._plain = self._run_options(NO_GRAPH)
        memory.return_what_is_free()

    @property
    def gpu_options(self) -> dict[str, str]:
        """What ONNX Runtime says of its CUDA provider's options; empty on the CPU."""
        return dict(self._session.get_provider_options().get(_CUDA, {}))

    def run(self, feeds: Feeds) -> Probabilities:
        """Probabilities, float32 [N, outputs], of the rows in `feeds`, whose first axis is N."""
        return cast(Probabilities, self._run(self._outputs, feeds, self._plain)[0])

    def lane(self, size: int) -> Lane:
        """Memory for batches of `size` pictures, bound to the graph; of an image model alone."""
        assert isinstance(self.contract, contract.ImageContract)
        rows = host_buffer((size, self.contract.height, self.contract.width, 3))
        source = _value(rows.shape, np.uint8, self.device)
        target = _value((size, self.contract.outputs), np.float32, self.device)
        binding = self._session.io_binding()
        binding.bind_ortvalue_input("image", source)
        binding.bind_ortvalue_output(self._outputs[0], target)
        options = self._run_options(str(next(self._graph_ids)))
        run = partial(self._session.run_with_iobinding, binding, options)
        return Lane(rows, source, target, run)

    def _run_options(self, graph: str) -> "ort.RunOptions | None":
        """Options that name the CUDA graph of a run, where runs are graphs."""
        if not self.graphs:
            return None
        options = ort.RunOptions()
        options.add_run_config_entry(GRAPH_ID, graph)
        return options

    def _checked_inputs(self, path: Path) -> list[dict[str, Any]]:
        inputs = self._session.get_inputs()
        if not fits(self.contract, inputs, self._session.get_outputs()):
            raise StartupError(
                f"{path}: the graph does not fit its contract; convert it again with "
                "rtscore-convert"
            )
        return [{"name": value.name, "type": value.type, "shape": value.shape} for value in inputs]


def session_options() -> "ort.SessionOptions":
    """What every session is opened with, those of the converters too."""
    options = ort.SessionOptions()
    options.log_severity_level = 4  # errors come as exceptions, and are logged with those
    if not has_vnni():  # sums of 8-bit products would overflow on x86; elsewhere no effect
        options.add_session_config_entry("session.x64quantprecision", "1")
    return options


def versions() -> dict[str, Any]:
    """ONNX Runtime's version and the execution providers that it was built with."""
    return {"onnxruntime": ort.__version__, "providers": ort.get_available_providers()}


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


def _open_on(
    device: Device, graph: bytes, path: Path, threads: int, gpu: Gpu
) -> tuple["ort.InferenceSession", str | None]:
    """A session on `device`, and why it is not on CUDA where "auto" would rather have had that."""
    fault = None
    if device != "cpu":
        session, fault = _open_on_cuda(graph, threads, gpu)
        if session is not None:
            return session, None
    if device == "cuda":
        raise StartupError(
            f"{path}: device 'cuda' was asked for, but ONNX Runtime could not use CUDA here: "
            f"{fault}. Check the driver with nvidia-smi and that rtscore[gpu] is installed, "
            "raise RTSCORE_GPU_MEMORY_MIB where the model does not fit, or set "
            "RTSCORE_DEVICE=auto or cpu"
        )
    if fault and has_cuda():
        _log.warning("%s runs on the CPU, not on CUDA: %s", path, fault)
    try:
        return _open(graph, threads, [_CPU]), fault
    except Exception as error:  # ONNX Runtime's own exceptions have no common base
        _log.debug("ONNX Runtime on %s: %s", path, error)
        raise StartupError(
            f"{path} is not a model that ONNX Runtime {ort.__version__} can load; make it again "
            "with the rtscore-convert of this version"
        ) from error


def _open_on_cuda(
    graph: bytes, threads: int, gpu: Gpu
) -> tuple["ort.InferenceSession | None", str]:
    """A session on CUDA, or None and why there is none."""
    if not has_cuda():
        return None, "this ONNX Runtime is one without CUDA"
    fault = ""
    with redirect_stdout(StringIO()) as said:  # it prints what it can't find
        ort.preload_dlls()
    for attempt in gpu.attempts():
        try:
            session = _open(graph, threads, [(_CUDA, attempt.options()), _CPU])
        except Exception as error:  # ONNX Runtime's own exceptions have no common base
            fault = _one_line(error).rstrip(".")
            if attempt.graphs:
                _log.info("no CUDA graphs: %s", fault)
        else:
            if _has_cuda(session):
                return session, ""
            break  # without graphs it would be the same
    return None, fault or driver_fault() or _one_line(said.getvalue()) or "no reason was given"


def _open(
    graph: bytes, threads: int, providers: list[str | tuple[str, dict[str, str]]]
) -> "ort.InferenceSession":
    options = session_options()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning threads would burn the quota that the event loop and the decoders need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Its own fallback would print, and go on with the CPU in the middle of serving.
    session = ort.InferenceSession(graph, options, providers=providers, enable_fallback=0)
    session._model_bytes = None  # which it would keep beside the weights, to fall back with
    return session


def _has_cuda(session: "ort.InferenceSession") -> bool:
    # Where CUDA fails, ONNX Runtime takes the CPU with only a warning.
    return _CUDA in session.get_providers()


def _value(shape: tuple[int, ...], dtype: type, device: str) -> "ort.OrtValue":
    return ort.OrtValue.ortvalue_from_shape_and_type(shape, dtype, device)


def _one_line(text: object) -> str:
    return " ".join(str(text).split())
