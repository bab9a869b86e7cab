from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from converters.export import ConversionError
from converters.image.inputs import find_input
from converters.image.network import Network
from converters.image.preprocessing import PRESETS, Preprocessing
from converters.image.source import Floats, Pictures
from tests.converters.image import nets

TORCH = replace(PRESETS["torch"], height=nets.SIDE, width=nets.SIDE)
PICTURES = np.random.default_rng(0).integers(0, 256, (3, nets.SIDE, nets.SIDE, 3), dtype=np.uint8)


def _network(
    preprocessing: Preprocessing = TORCH, layout: str = "nchw", **fields: object
) -> Network:
    model = nets.network(layout=layout)
    return Network(nets.source(model, **fields), find_input(model.graph), preprocessing)


def _theirs(pictures: Pictures) -> Floats:
    unit = (pictures / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    return np.asarray(unit.transpose(0, 3, 1, 2), np.float32)


def test_it_is_asked_in_its_own_layout() -> None:
    first = _network().ask(PICTURES)
    assert first.shape == (3, nets.CLASSES)
    assert first.dtype == np.float32
    np.testing.assert_allclose(_network(layout="nhwc").ask(PICTURES), first, atol=1e-5)


def test_its_frameworks_own_preprocessing_is_what_it_is_asked_with() -> None:
    asked: list[Floats] = []

    def own(pictures: Pictures) -> Floats:
        asked.append(_theirs(pictures))
        return asked[-1]

    found = _network(preprocess=own).ask(PICTURES)
    np.testing.assert_allclose(found, _network().ask(PICTURES), atol=1e-4)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("preprocess", "said"),
    [
        (lambda pictures: _theirs(pictures)[:, ::-1], r"gives other numbers than Preprocessing\("),
        (lambda pictures: _theirs(pictures) + np.float32(0.001), "by up to 0.00"),
        (lambda pictures: _theirs(pictures) * np.nan, "by up to nan"),
        (lambda pictures: _theirs(pictures)[:, :1], "the graph takes"),
    ],
)
def test_where_it_differs_from_ours_it_is_refused(
    preprocess: Callable[[Pictures], Floats], said: str
) -> None:
    with pytest.raises(ConversionError, match=said):
        _network(preprocess=preprocess).ask(PICTURES)


def test_a_users_own_choice_is_not_held_to_it() -> None:
    other = replace(PRESETS["tf"], height=nets.SIDE, width=nets.SIDE)
    found = _network(other, preprocess=_theirs).ask(PICTURES)
    np.testing.assert_array_equal(found, _network(other).ask(PICTURES))


def test_scores_at_one_place_of_a_map_are_a_row() -> None:
    found = _network(predict=lambda rows: np.ones((len(rows), 7, 1, 1), np.float32)).ask(PICTURES)
    assert found.shape == (3, 7)


def test_a_network_whose_answers_depend_on_their_neighbours() -> None:
    outputs = _network().ask(PICTURES)
    _network().refuse_neighbours(PICTURES, outputs)

    def normalised(rows: Floats) -> Floats:
        return np.asarray(rows[:, :, 0, 0] - rows[:, :, 0, 0].mean(axis=0))

    network = _network(predict=normalised)
    with pytest.raises(ConversionError, match="depends on its neighbours in the batch"):
        network.refuse_neighbours(PICTURES, network.ask(PICTURES))
