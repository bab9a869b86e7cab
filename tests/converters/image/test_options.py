import argparse
from pathlib import Path
from typing import Any

import onnx
import pytest

from converters.export import ConversionError
from converters.image.inputs import Input
from converters.image.options import check_preprocessing, choose_preprocessing
from converters.image.preprocessing import PRESETS, Preprocessing
from tests.converters.image import nets

ENTRY = Input("x", onnx.TensorProto.FLOAT, "nchw", 32, 32)
OWN = Preprocessing(224, 224, (1.0, 2.0, 3.0), (4.0, 5.0, 6.0), True, 0.9, "bilinear")

USUAL = {"crop": 0.875, "resample": "bicubic"}
NORMALISED = {
    name: {"mean": one.mean, "std": one.std, "bgr": one.bgr} for name, one in PRESETS.items()
}


def _arguments(folder: Path, *given: str) -> argparse.Namespace:
    return nets.arguments(folder, *given)


@pytest.mark.parametrize(
    ("own", "given", "changes"),
    [
        (OWN, [], {}),
        (OWN, ["--crop", "1", "--resample", "bicubic"], {"crop": 1.0, "resample": "bicubic"}),
        (OWN, ["--preprocessing", "torch"], NORMALISED["torch"]),
        (None, ["--preprocessing", "tf", "--bgr"], {**NORMALISED["tf"], **USUAL, "bgr": True}),
        (None, ["--preprocessing", "caffe"], {**NORMALISED["caffe"], **USUAL}),
        (
            None,
            ["--mean", "120,110,100", "--std", "60"],
            {"mean": (120.0, 110.0, 100.0), "std": (60.0,) * 3, "bgr": False, **USUAL},
        ),
        (OWN, ["--std", "255"], {"mean": (0.0,) * 3, "std": (255.0,) * 3, "bgr": False}),
        (OWN, ["--mean=-1,0,2", "--bgr"], {"mean": (-1.0, 0.0, 2.0), "std": (1.0,) * 3}),
    ],
)
def test_the_user_has_the_last_word(
    own: Preprocessing | None, given: list[str], changes: dict[str, Any], tmp_path: Path
) -> None:
    found = choose_preprocessing(own, ENTRY, _arguments(tmp_path, *given))
    expected = vars(OWN) | changes | {"height": 32, "width": 32}
    assert vars(found) == expected


def test_what_nobody_knows_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ConversionError) as caught:
        choose_preprocessing(None, ENTRY, _arguments(tmp_path))
    with pytest.raises(ConversionError) as early:
        check_preprocessing(None, _arguments(tmp_path))
    assert str(early.value) == str(caught.value)
    check_preprocessing(OWN, _arguments(tmp_path))
    for expected in ("--preprocessing", "caffe, none, tf, torch, unit", "--mean and --std"):
        assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            ["--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225"],
            r"pixels from 0 to 1; .* --mean 123\.675,116\.28,103\.53 --std 58\.395,57\.12,57\.375",
        ),
        (["--mean", "0.5", "--std", "0.5"], "pixels from 0 to 1"),
        (["--mean", "1,2,3", "--preprocessing", "tf"], "either --preprocessing or --mean"),
    ],
)
def test_contradictions_and_the_wrong_scale(given: list[str], said: str, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=said):
        choose_preprocessing(None, ENTRY, _arguments(tmp_path, *given))


@pytest.mark.parametrize(
    "given",
    [
        ["--mean", "1,2"],
        ["--mean", "1,2,3,4"],
        ["--mean", "red"],
        ["--mean", "1,2,nan"],
        ["--std", "1,0,1"],
        ["--std", "-1"],
        ["--crop", "0"],
        ["--crop", "1.1"],
        ["--crop", "half"],
        ["--size", "0"],
        ["--preprocessing", "pytorch"],
        ["--layout", "chwn"],
        ["--softmax", "twice"],
    ],
)
def test_wrong_values(given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _arguments(tmp_path, *given)
    assert given[0] in capsys.readouterr().err
