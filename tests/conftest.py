"""What every test may use: the default models, the shared data, a running server."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import pytest

from tests import gpu
from tests.live import LiveServer

ROOT = Path(__file__).parent.parent

# A timing never decides a test: on a busy machine any example may take long.
hypothesis.settings.register_profile("rtscore", deadline=None)
hypothesis.settings.load_profile("rtscore")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that is marked `gpu`, with the reason, where there is none."""
    if item.get_closest_marker("gpu") and (missing := gpu.missing()):
        pytest.skip(missing)


def _model(name: str) -> Path:
    path = ROOT / "models" / name
    if not path.exists():
        pytest.fail(f"{path} is missing: run 'make models' first")
    return path


@pytest.fixture(scope="session")
def faq_model() -> Path:
    """The default FAQ model, made by `make models`."""
    return _model("faq.onnx")


@pytest.fixture(scope="session")
def image_model() -> Path:
    """The default image model, int8, made by `make models`."""
    return _model("image.onnx")


@pytest.fixture(scope="session")
def image_fp32_model() -> Path:
    """What the default image model is made of, made by `make models`."""
    return _model("image-fp32.onnx")


@pytest.fixture(scope="session")
def flower() -> Path:
    """scikit-learn's photo of a flower, copied by `make models`."""
    return _model("flower.jpg")


def _shared(variable: str, what: str) -> Path:
    folder = os.environ.get(variable)
    if not folder:
        pytest.skip(f"{variable} does not name a folder with {what}")
    return Path(folder)


@pytest.fixture(scope="session")
def photos() -> Path:
    """The folder of labelled photos; skips where there is none."""
    return _shared("TEST_PHOTOS", "labelled photos (labels.tsv)")


@pytest.fixture(scope="session")
def faq_sets() -> Path:
    """The folder of question sets; skips where there is none."""
    return _shared("TEST_FAQ_SETS", "sets of questions and duplicates")


@pytest.fixture
def serve(faq_model: Path, image_model: Path) -> Iterator[Callable[..., LiveServer]]:
    """Start real server processes: `serve(queue_limit=256)` takes settings by name."""
    with ExitStack() as stack:

        def start(**settings: object) -> LiveServer:
            defaults = {"faq_model": faq_model, "image_model": image_model, "port": 0}
            return stack.enter_context(LiveServer({**defaults, **settings}))

        yield start


@pytest.fixture(scope="session")
def server(faq_model: Path, image_model: Path) -> Iterator[LiveServer]:
    """One server process with default settings and both models, shared by all tests."""
    with LiveServer({"faq_model": faq_model, "image_model": image_model, "port": 0}) as live:
        yield live
