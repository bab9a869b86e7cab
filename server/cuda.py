"""How ONNX Runtime is to use an NVIDIA GPU: every option of its CUDA provider, declared once."""

import ctypes
import logging
from contextlib import suppress
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

DRIVER = "libcuda.so.1"
# The run option that names a captured CUDA graph, and its value for a run without one.
GRAPH_ID, NO_GRAPH = "gpu_graph_id", "-1"

_PORTABLE = 1  # CU_MEMHOSTALLOC_PORTABLE: pinned for every thread of the process
_log = logging.getLogger("rtscore")


@dataclass(frozen=True)
class Gpu:
    """What one session may do on the GPU.

    `memory_mib` limits its arena, 0 does not; `fixed_shapes` promises that its inputs come
    in a few shapes alone; `graphs` asks for CUDA graphs, which need that promise.
    """

    memory_mib: int = 0
    fixed_shapes: bool = False
    graphs: bool = False

    def options(self) -> dict[str, str]:
        """The options of ONNX Runtime's CUDA provider."""
        options = {
            "device_id": "0",  # a container sees its own GPU alone, or CUDA_VISIBLE_DEVICES says
            # Each size is run at the start, so no growth is to come that doubling would soften.
            "arena_extend_strategy": "kSameAsRequested" if self.fixed_shapes else "kNextPowerOfTwo",
            # A search for each new shape pays off where there are few of them.
            "cudnn_conv_algo_search": "EXHAUSTIVE" if self.fixed_shapes else "HEURISTIC",
            "cudnn_conv_use_max_workspace": "1",
            "do_copy_in_default_stream": "1",
            # Rounding to 10 bits of mantissa is no fp32; who wants speed has fp16, measured.
            "use_tf32": "0",
            "enable_cuda_graph": str(int(self.graphs)),
        }
        if self.memory_mib:
            options["gpu_mem_limit"] = str(self.memory_mib << 20)
        return options

    def attempts(self) -> tuple["Gpu", ...]:
        """What to try in turn: without CUDA graphs, where a model can't be captured in one."""
        plain = Gpu(self.memory_mib, self.fixed_shapes)
        return (self, plain) if self.graphs else (self,)


def driver_fault() -> str | None:
    """Why NVIDIA's driver can't be loaded here, or None where it can."""
    try:
        ctypes.CDLL(DRIVER)
    except OSError as error:
        return f"NVIDIA's driver is missing ({error})"
    return None


def host_buffer(shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """Zeros, uint8 [shape], in pinned memory, from which a GPU copies without a detour.

    Plain memory where pinned memory can't be had. It is kept until the process ends.
    """
    try:
        address = _allocate_pinned(prod(shape))
    except (OSError, AttributeError) as error:
        _log.info("no pinned memory for copies to the GPU: %s", error)
        return np.zeros(shape, np.uint8)
    memory = (ctypes.c_uint8 * prod(shape)).from_address(address)
    buffer: npt.NDArray[np.uint8] = np.ctypeslib.as_array(memory).reshape(shape)
    buffer[:] = 0
    return buffer


def _allocate_pinned(size: int) -> int:
    """Address of `size` bytes of pinned memory. Raises OSError, AttributeError by an odd driver."""
    driver = ctypes.CDLL(DRIVER)
    device, context, address = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_void_p()

    def call(name: str, *arguments: object) -> None:
        code = getattr(driver, name)(*arguments)
        if code != 0:
            raise OSError(f"{name} failed with CUDA's error {code}")

    call("cuInit", 0)
    call("cuDeviceGet", ctypes.byref(device), 0)
    # The context that ONNX Runtime uses as well; current on this thread until the allocation is
    # done, then the thread has back what it had.
    call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
    call("cuCtxPushCurrent_v2", context)
    try:
        call("cuMemHostAlloc", ctypes.byref(address), ctypes.c_size_t(size), _PORTABLE)
    finally:
        with suppress(OSError):
            call("cuCtxPopCurrent_v2", ctypes.byref(context))
    if address.value is None:
        raise OSError("cuMemHostAlloc gave no memory")
    return address.value
