"""Whether tests can use a GPU, and tests that run on the CPU as well."""

import ctypes

import onnxruntime
import pytest

# The same test on the CPU, where it always runs, and on a GPU.
EACH_DEVICE = pytest.mark.parametrize(
    "device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)]
)


def missing() -> str | None:
    """What a GPU lacks here to be used, or None."""
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return "no onnxruntime-gpu here"
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return "no driver of an NVIDIA GPU here"
    return None
