"""A graph's inputs and output against its contract; with real graphs in test_session.py."""

from dataclasses import dataclass

import pytest

from server.signature import fits
from tests.tiny import SIDE, SUBWORDS, faq_contract, image_contract


@dataclass
class Listed:
    """As ONNX Runtime lists inputs and outputs."""

    name: str
    type: str
    shape: list[str | int]


PICTURES = Listed("image", "tensor(uint8)", ["N", SIDE, SIDE, 3])
INDICES = Listed("indices", "tensor(int64)", ["N", "T"])
COUNTS = Listed("counts", "tensor(float)", ["N", "T"])
TOKENS = Listed("tokens", "tensor(int64)", ["N", "S"])


def output(*shape: str | int) -> list[Listed]:
    return [Listed("probabilities", "tensor(float)", list(shape))]


def test_what_fits() -> None:
    assert fits(image_contract(), [PICTURES], output("N", 2))
    assert fits(faq_contract(), [INDICES, COUNTS], output("N", 3))
    assert fits(faq_contract(), [COUNTS, INDICES], output("N", 3))
    encoder = faq_contract(subwords=SUBWORDS)
    assert fits(encoder, [INDICES, COUNTS, TOKENS], output("N", 3))


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ([PICTURES], output("N", 3)),
        ([PICTURES], output(1, 2)),
        ([PICTURES], [*output("N", 2), Listed("scores", "tensor(float)", ["N", 2])]),
        ([PICTURES, TOKENS], output("N", 2)),
        ([Listed("image", "tensor(float)", PICTURES.shape)], output("N", 2)),
        ([Listed("image", "tensor(uint8)", ["N", 3, SIDE, SIDE])], output("N", 2)),
        ([Listed("image", "tensor(uint8)", [8, SIDE, SIDE, 3])], output("N", 2)),
        ([INDICES, COUNTS], output("N", 2)),
    ],
)
def test_what_does_not_fit_an_image_model(inputs: list[Listed], outputs: list[Listed]) -> None:
    assert not fits(image_contract(), inputs, outputs)


def test_tokens_belong_to_an_encoder() -> None:
    assert not fits(faq_contract(), [INDICES, COUNTS, TOKENS], output("N", 3))
    assert not fits(faq_contract(subwords=SUBWORDS), [INDICES, COUNTS], output("N", 3))
