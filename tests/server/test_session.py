"""Real model files in ONNX Runtime: what loads, what it computes, and what stops the start."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from server.contract import FaqContract, ImageContract
from server.cuda import Gpu
from server.errors import StartupError
from server.modelfile import DIGEST_KEY, NO_DIGEST, seal
from server.session import Device, Session, session_options, versions
from server.tokenizer import pad
from tests import gpu, tiny
from tests.gpu import EACH_DEVICE

FAQ = tiny.stamped(tiny.faq_graph(), tiny.faq_contract())
IMAGE = tiny.stamped(tiny.image_graph(), tiny.image_contract())


def refusal(path: Path, device: Device = "cpu", limits: Gpu | None = None) -> str:
    """What the start says of `path`; one line that names the file."""
    with pytest.raises(StartupError) as caught:
        Session(path, device, gpu=limits)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_faq_model(tmp_path: Path) -> None:
    path = tiny.write(tmp_path, FAQ)
    session = Session(path)
    assert session.contract == tiny.faq_contract()
    assert session.version == hashlib.sha256(FAQ).hexdigest()[:12]
    assert session.device == "cpu"
    assert session.inputs == [
        {"name": "indices", "type": "tensor(int64)", "shape": ["N", "T"]},
        {"name": "counts", "type": "tensor(float)", "shape": ["N", "T"]},
    ]
    assert isinstance(session.contract, FaqContract)
    encode = session.contract.vocabulary.encode
    indices, counts = pad([encode("sort sort array"), encode("nothing")], len(tiny.TERMS))
    probabilities = session.run({"indices": indices, "counts": counts})
    scores = np.array([[6.0, 0, 0], [0, 0, 0]])  # "array" and twice "sort" speak for the first
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    assert probabilities.dtype == np.float32


def test_onnx_runtime_keeps_nothing_of_a_file_but_its_graph(tmp_path: Path) -> None:
    """It would hold a FAQ's texts three times, and the whole file beside the weights."""
    session = Session(tiny.write(tmp_path, FAQ))
    assert session._session.get_modelmeta().custom_metadata_map == {}
    kept = [value for value in vars(session._session).values() if isinstance(value, bytes)]
    assert not kept


def test_a_faq_model_with_an_encoder(tmp_path: Path) -> None:
    contract = tiny.faq_contract(subwords=tiny.SUBWORDS)
    session = Session(tiny.write(tmp_path, tiny.stamped(tiny.encoder_graph(), contract)))
    assert session.contract == contract
    assert session.inputs[2] == {"name": "tokens", "type": "tensor(int64)", "shape": ["N", "S"]}
    rows = [contract.encode(text) for text in ("sort a date", "nothing", "date date")]
    probabilities = session.run(contract.feeds(rows))
    scores = np.array([[2.0, 2, 2], [0, 0, 0], [0, 4, 4]])  # a term of the third, and meant
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)


def test_an_image_model_runs_several_rows(tmp_path: Path) -> None:
    session = Session(tiny.write(tmp_path, IMAGE), threads=0)
    assert isinstance(session.contract, ImageContract)
    shades = np.array([0, 128, 255], np.uint8)
    pictures = np.broadcast_to(shades[:, None, None, None], (3, tiny.SIDE, tiny.SIDE, 3))
    probabilities = session.run({"image": pictures})
    assert probabilities.shape == (3, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    assert (np.diff(probabilities[:, 1]) > 0).all()  # the brighter, the more "bright"


def test_threads_may_run_a_session_at_once(tmp_path: Path) -> None:
    session = Session(tiny.write(tmp_path, IMAGE))
    pictures = [
        np.full((1, tiny.SIDE, tiny.SIDE, 3), shade, np.uint8) for shade in range(0, 256, 5)
    ]
    alone = [session.run({"image": picture}) for picture in pictures]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda picture: session.run({"image": picture}), pictures))
    np.testing.assert_array_equal(together, alone)


def test_a_missing_file(tmp_path: Path) -> None:
    message = refusal(tmp_path / "nowhere.onnx")
    assert message.startswith(f"{tmp_path / 'nowhere.onnx'}: No such file or directory; ")
    assert "make models" in message


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    assert refusal(tmp_path).startswith(f"{tmp_path}: Is a directory; ")


@pytest.mark.parametrize("content", [b"", b"\0", b"PK\x03\x04", b"<html>not found</html>"])
def test_a_file_that_is_not_onnx(tmp_path: Path, content: bytes) -> None:
    path = tiny.write(tmp_path, content)
    assert refusal(path).startswith(f"{path} is no model file of rtscore-convert")


def test_an_onnx_file_of_others(tmp_path: Path) -> None:
    path = tiny.write(tmp_path, tiny.image_graph().SerializeToString())
    assert refusal(path).startswith(f"{path} is no model file of rtscore-convert")


def test_a_sealed_file_without_a_contract(tmp_path: Path) -> None:
    graph = tiny.image_graph()
    graph.metadata_props.add(key=DIGEST_KEY, value=NO_DIGEST)
    path = tiny.write(tmp_path, seal(graph.SerializeToString()))
    assert "without a rtscore contract; convert it with rtscore-convert" in refusal(path)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("content", [FAQ, IMAGE])
def test_a_file_that_was_cut(tmp_path: Path, content: bytes, share: float) -> None:
    path = tiny.write(tmp_path, content[: int(len(content) * share)])
    assert "cut" in refusal(path)


@pytest.mark.parametrize("missing", [1, 2, 63, 64, 65, 100])
def test_a_file_that_lacks_its_last_bytes(tmp_path: Path, missing: int) -> None:
    assert "cut" in refusal(tiny.write(tmp_path, FAQ[:-missing]))


def test_a_changed_weight(tmp_path: Path) -> None:
    weights = np.float32(2.0).tobytes()  # as in tiny.faq_graph
    assert weights in FAQ
    path = tiny.write(tmp_path, FAQ.replace(weights, np.float32(3.0).tobytes(), 1))
    assert "was cut or changed after it was exported" in refusal(path)


def test_a_changed_answer(tmp_path: Path) -> None:
    assert FAQ.count(b"values.sort()") == 1
    path = tiny.write(tmp_path, FAQ.replace(b"values.sort()", b"process.exit("))
    assert "was cut or changed after it was exported" in refusal(path)
    edited = onnx.load_from_string(FAQ)  # as an ONNX editor would, lengths and all
    edited.metadata_props[0].value = edited.metadata_props[0].value.replace("values", "v")
    path = tiny.write(tmp_path, edited.SerializeToString())
    assert "was cut or changed after it was exported" in refusal(path)


def test_a_contract_of_another_version(tmp_path: Path) -> None:
    text = tiny.faq_contract().model_dump_json()
    later = text.replace('"contract_version":1', '"contract_version":2')
    assert later != text
    message = refusal(tiny.write(tmp_path, tiny.stamped(tiny.faq_graph(), later)))
    assert "contract_version: Input should be 1" in message
    assert "rtscore-convert of this version" in message


def test_a_graph_that_onnx_runtime_cannot_load(tmp_path: Path) -> None:
    graph = tiny.image_graph()
    graph.graph.node[0].op_type = "Imagine"
    message = refusal(tiny.write(tmp_path, tiny.stamped(graph, tiny.image_contract())))
    assert f"ONNX Runtime {onnxruntime.__version__} can load" in message


Change = Callable[[onnx.ModelProto], None]


def output_is_flat(graph: onnx.ModelProto) -> None:
    node = onnx.helper.make_node("Identity", ["probabilities"], ["other"])
    reshaped = onnx.helper.make_node("ReduceMax", ["other"], ["flat"], keepdims=0)
    graph.graph.node.extend([node, reshaped])
    del graph.graph.output[:]
    graph.graph.output.append(
        onnx.helper.make_tensor_value_info("flat", onnx.TensorProto.FLOAT, [])
    )


def second_output(graph: onnx.ModelProto) -> None:
    graph.graph.output.append(
        onnx.helper.make_tensor_value_info("scores", onnx.TensorProto.FLOAT, ["N", 2])
    )


def doubles(graph: onnx.ModelProto) -> None:
    graph.graph.node.append(
        onnx.helper.make_node("Cast", ["probabilities"], ["precise"], to=onnx.TensorProto.DOUBLE)
    )
    del graph.graph.output[:]
    graph.graph.output.append(
        onnx.helper.make_tensor_value_info("precise", onnx.TensorProto.DOUBLE, ["N", 2])
    )


def one_row(graph: onnx.ModelProto) -> None:
    shape = graph.graph.input[0].type.tensor_type.shape
    shape.dim[0].dim_value = 1


@pytest.mark.parametrize("change", [output_is_flat, second_output, doubles, one_row])
def test_a_graph_with_another_signature(tmp_path: Path, change: Change) -> None:
    graph = tiny.image_graph()
    change(graph)
    path = tiny.write(tmp_path, tiny.stamped(graph, tiny.image_contract()))
    assert "does not fit its contract; convert it again" in refusal(path)


@pytest.mark.parametrize(
    ("graph", "contract"),
    [
        (tiny.image_graph(outputs=3), tiny.image_contract()),
        (tiny.image_graph(side=5), tiny.image_contract()),
        (tiny.image_graph(name="picture"), tiny.image_contract()),
        (tiny.image_graph(outputs=3), tiny.faq_contract()),
        (tiny.faq_graph(), tiny.image_contract()),
        (tiny.faq_graph(outputs=4), tiny.faq_contract()),
        (tiny.faq_graph(), tiny.faq_contract(subwords=tiny.SUBWORDS)),
        (tiny.encoder_graph(), tiny.faq_contract()),
    ],
)
def test_a_graph_that_does_not_fit_its_contract(
    tmp_path: Path, graph: onnx.ModelProto, contract: FaqContract | ImageContract
) -> None:
    copy = onnx.ModelProto()
    copy.CopyFrom(graph)
    path = tiny.write(tmp_path, tiny.stamped(copy, contract))
    assert "does not fit its contract; convert it again" in refusal(path)


@pytest.mark.skipif(gpu.missing() is None, reason="a GPU is here")
def test_cuda_is_refused_where_there_is_none(tmp_path: Path) -> None:
    path = tiny.write(tmp_path, IMAGE)
    message = refusal(path, "cuda")
    assert message.startswith(f"{path}: device 'cuda' was asked for, but ")
    reasons = ("this ONNX Runtime is one without CUDA", "NVIDIA's driver is missing (")
    assert any(f"could not use CUDA here: {reason}" in message for reason in reasons)
    assert "RTSCORE_DEVICE=auto or cpu" in message


@pytest.mark.skipif(gpu.missing() is None, reason="a GPU is here")
def test_auto_takes_the_cpu_and_says_why(tmp_path: Path) -> None:
    path = tiny.write(tmp_path, IMAGE)
    session = Session(path, "auto", gpu=Gpu(fixed_shapes=True, graphs=True))
    assert session.device == "cpu"
    assert not session.graphs
    assert session.gpu_options == {}
    assert session.no_cuda
    assert session.no_cuda in refusal(path, "cuda")
    assert Session(path, "cpu").no_cuda is None


def test_no_run_goes_on_with_another_device(tmp_path: Path) -> None:
    """ONNX Runtime would, and print that, where its provider fails."""
    session = Session(tiny.write(tmp_path, IMAGE))
    assert session._session._enable_fallback is False


@EACH_DEVICE
def test_a_lane_computes_what_a_plain_run_does(tmp_path: Path, device: Device) -> None:
    session = Session(tiny.write(tmp_path, IMAGE), device, gpu=Gpu(fixed_shapes=True))
    lane = session.lane(3)
    assert lane.rows.shape == (3, tiny.SIDE, tiny.SIDE, 3)
    for shades in ((0, 99, 255), (7, 8, 9)):
        rows = [np.full(lane.rows.shape[1:], shade, np.uint8) for shade in shades]
        lane.load(rows)
        lane.compute()
        answers = lane.answers(2)
        assert answers.dtype == np.float32
        np.testing.assert_allclose(answers, session.run({"image": np.stack(rows[:2])}), atol=1e-6)


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_cuda_is_taken_where_there_is_one(tmp_path: Path, device: Device) -> None:
    path = tiny.write(tmp_path, IMAGE)
    session = Session(path, device)
    assert session.device == "cuda"
    picture = np.full((2, tiny.SIDE, tiny.SIDE, 3), 99, np.uint8)
    expected = Session(path, "cpu").run({"image": picture})
    np.testing.assert_allclose(session.run({"image": picture}), expected, atol=1e-5)


@pytest.mark.gpu
def test_onnx_runtime_takes_every_option(tmp_path: Path) -> None:
    wanted = Gpu(512, fixed_shapes=True, graphs=True)
    session = Session(tiny.write(tmp_path, IMAGE), "cuda", gpu=wanted)
    assert session.graphs
    assert wanted.options().items() <= session.gpu_options.items()


@pytest.mark.gpu
def test_a_plain_run_beside_cuda_graphs(tmp_path: Path) -> None:
    """A batch of any size, which no graph was captured for."""
    path = tiny.write(tmp_path, IMAGE)
    session = Session(path, "cuda", gpu=Gpu(fixed_shapes=True, graphs=True))
    for count in (1, 5, 3):
        rows = np.full((count, tiny.SIDE, tiny.SIDE, 3), 40 * count, np.uint8)
        for _ in range(4):  # more than there are before a capture
            found = session.run({"image": rows})
            np.testing.assert_allclose(found, Session(path).run({"image": rows}), atol=1e-5)


def heavy_graph() -> onnx.ModelProto:
    """An image model with 48 MB of weights that change nothing."""
    graph = tiny.image_graph()
    heavy = np.zeros((3, 4_000_000), np.float32)
    graph.graph.initializer.extend(
        [numpy_helper.from_array(heavy, "heavy"), numpy_helper.from_array(np.array([1]), "axis")]
    )
    softmax = graph.graph.node.pop()
    graph.graph.node.extend(
        [
            helper.make_node("MatMul", ["mean", "heavy"], ["wide"]),
            helper.make_node("ReduceSum", ["wide", "axis"], ["nothing"]),
            helper.make_node("Add", ["scores", "nothing"], ["logits"]),
            helper.make_node("Softmax", ["logits"], list(softmax.output)),
        ]
    )
    return graph


@pytest.mark.gpu
def test_a_limit_of_gpu_memory_is_kept(tmp_path: Path) -> None:
    path = tiny.write(tmp_path, tiny.stamped(heavy_graph(), tiny.image_contract()))
    assert Session(path, "cuda", gpu=Gpu(512)).device == "cuda"
    assert "raise RTSCORE_GPU_MEMORY_MIB" in refusal(path, "cuda", Gpu(16))


def test_versions_are_those_of_the_runtime() -> None:
    assert versions() == {
        "onnxruntime": onnxruntime.__version__,
        "providers": onnxruntime.get_available_providers(),
    }


def python(program: str, *arguments: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_both_packages_of_onnx_runtime_stop_the_start(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    for name in ("onnxruntime", "onnxruntime_gpu"):
        info = packages / f"{name}-1.31.1.dist-info"
        info.mkdir(parents=True)
        distribution = name.replace("_", "-")
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.31.1\n"
        )
    program = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from server.errors import StartupError
from server.session import Session
try:
    Session(Path(sys.argv[2]))
except StartupError as error:
    print(error)
"""
    model = str(tiny.write(tmp_path, IMAGE))
    message = python(program, str(packages), model)
    assert message.startswith("onnxruntime and onnxruntime-gpu are both installed")
    assert "pip uninstall -y onnxruntime onnxruntime-gpu" in message
    (packages / "onnxruntime_gpu-1.31.1.dist-info" / "METADATA").unlink()
    (packages / "onnxruntime_gpu-1.31.1.dist-info").rmdir()
    assert python(program, str(packages), model) == ""


def test_without_onnx_runtime_the_start_says_what_to_install() -> None:
    program = """
import sys
sys.modules["onnxruntime"] = None
from server.errors import StartupError
try:
    import server.session
except StartupError as error:
    print(error)
"""
    assert "pip install 'rtscore[cpu]'" in python(program)


def test_onnx_runtime_is_told_not_to_report_to_its_maker() -> None:
    program = "import os, server.session; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    assert python(program) == "1\n"


def test_the_default_models_load(faq_model: Path, image_model: Path) -> None:
    faq, image = Session(faq_model), Session(image_model)
    assert isinstance(faq.contract, FaqContract)
    assert isinstance(image.contract, ImageContract)
    assert faq.contract.outputs >= 150
    assert image.contract.outputs == 1000


@pytest.mark.parametrize(("vnni", "exact"), [(True, False), (False, True), (None, True)])
def test_sums_of_8_bit_products_do_not_overflow(
    vnni: bool | None, exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the decision; what comes of it, on an emulated processor, is below."""
    monkeypatch.setattr("server.session.has_vnni", lambda: vnni)
    options, name = session_options(), "session.x64quantprecision"
    if exact:
        assert options.get_session_config_entry(name) == "1"
    else:
        with pytest.raises(RuntimeError, match=name):
            options.get_session_config_entry(name)


@pytest.mark.parametrize(
    ("vnni", "precision", "told"),
    [(False, "int8", True), (False, "fp32", False), (True, "int8", False), (None, "int8", False)],
)
def test_int8_without_vnni_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    vnni: bool | None,
    precision: str,
    told: bool,
) -> None:
    monkeypatch.setattr("server.session.has_vnni", lambda: vnni)
    contract = tiny.image_contract().model_copy(update={"precision": precision})
    Session(tiny.write(tmp_path, tiny.stamped(tiny.image_graph(), contract)))
    assert ("no VNNI" in caplog.text) is told


# The largest values that int8 knows: two products add up to more than 16 bits hold.
OVERFLOWING = """
import sys
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from server import session

session.has_vnni = lambda: sys.argv[1] == "believed"  # an emulator shows its host's flags
constants = {
    "xs": np.float32(1), "xz": np.uint8(0), "w": np.full((64, 1), 127, np.int8),
    "ws": np.float32(1), "wz": np.int8(0), "ys": np.float32(64 * 127), "yz": np.uint8(0),
}
graph = helper.make_graph(
    [helper.make_node("QLinearMatMul", ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"], ["y"])],
    "overflowing",
    [helper.make_tensor_value_info("x", TensorProto.UINT8, [1, 64])],
    [helper.make_tensor_value_info("y", TensorProto.UINT8, [1, 1])],
    [numpy_helper.from_array(np.array(value), name) for name, value in constants.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
running = onnxruntime.InferenceSession(
    model.SerializeToString(), session.session_options(), providers=["CPUExecutionProvider"]
)
print(int(running.run(None, {"x": np.full((1, 64), 255, np.uint8)})[0][0, 0]))
"""


@pytest.mark.skipif(
    platform.machine() != "x86_64" or shutil.which("qemu-x86_64") is None,
    reason="needs an x86-64 machine and Debian's qemu-user",
)
@pytest.mark.parametrize(("vnni", "exact"), [("believed", False), ("known to lack", True)])
def test_int8_is_exact_on_an_emulated_processor_without_vnni(vnni: str, exact: bool) -> None:
    python = str(Path(sys.executable).resolve())
    done = subprocess.run(
        ["qemu-x86_64", "-cpu", "Haswell", python, "-c", OVERFLOWING, vnni],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (int(done.stdout) == 255) is exact
