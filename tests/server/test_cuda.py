"""The options that ONNX Runtime gets for a GPU, and memory that a GPU copies from."""

import ctypes
import logging

import numpy as np
import pytest

from server.cuda import DRIVER, Gpu, driver_fault, host_buffer

FIXED = Gpu(fixed_shapes=True, graphs=True)


def test_a_model_with_fixed_batch_sizes_is_tuned_and_captured() -> None:
    assert FIXED.options() == {
        "device_id": "0",
        "arena_extend_strategy": "kSameAsRequested",
        "cudnn_conv_algo_search": "EXHAUSTIVE",
        "cudnn_conv_use_max_workspace": "1",
        "do_copy_in_default_stream": "1",
        "use_tf32": "0",
        "enable_cuda_graph": "1",
    }


def test_shapes_that_change_are_neither_searched_for_nor_captured() -> None:
    changed = set(FIXED.options().items()) ^ set(Gpu().options().items())
    assert {name for name, _ in changed} == {
        "arena_extend_strategy",
        "cudnn_conv_algo_search",
        "enable_cuda_graph",
    }
    assert Gpu().options()["cudnn_conv_algo_search"] == "HEURISTIC"
    assert Gpu().options()["enable_cuda_graph"] == "0"


def test_no_memory_limit_is_none() -> None:
    assert "gpu_mem_limit" not in Gpu(0).options()


def test_a_memory_limit_is_told_in_bytes() -> None:
    assert Gpu(4096).options()["gpu_mem_limit"] == str(4 * 1024**3)


def test_without_graphs_there_is_nothing_else_to_try() -> None:
    plain = Gpu(512, fixed_shapes=True)
    assert plain.attempts() == (plain,)
    assert Gpu(512, fixed_shapes=True, graphs=True).attempts() == (
        Gpu(512, fixed_shapes=True, graphs=True),
        plain,
    )


def test_a_host_buffer_is_blank_and_takes_pixels() -> None:
    buffer = host_buffer((2, 4, 4, 3))
    assert buffer.dtype == np.uint8
    assert buffer.shape == (2, 4, 4, 3)
    assert not buffer.any()
    buffer[1] = 7
    assert buffer.sum() == 7 * 48


def test_without_a_driver_memory_is_plain_and_the_log_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fault = driver_fault()
    if fault is None:
        pytest.skip("NVIDIA's driver is here")
    assert fault.startswith("NVIDIA's driver is missing (libcuda.so.1: ")
    with caplog.at_level(logging.INFO, "rtscore"):
        host_buffer((1, 2))
    (message,) = caplog.messages
    assert message.startswith("no pinned memory for copies to the GPU: libcuda.so.1: ")


@pytest.mark.gpu
def test_a_host_buffer_is_pinned() -> None:
    buffer = host_buffer((2, 4, 4, 3))
    driver = ctypes.CDLL(DRIVER)
    context, flags = ctypes.c_void_p(), ctypes.c_uint()
    assert driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), 0) == 0
    assert driver.cuCtxPushCurrent_v2(context) == 0
    place = ctypes.c_void_p(buffer.ctypes.data)
    assert driver.cuMemHostGetFlags(ctypes.byref(flags), place) == 0
    assert driver.cuCtxPopCurrent_v2(ctypes.byref(context)) == 0
