"""What fewer bits cost: how often, and by how much, a variant disagrees with its source."""

import math
from dataclasses import dataclass

import numpy as np

from converters.export import ConversionError
from server.session import Probabilities

LEAST_AGREEMENT = 0.95


@dataclass(frozen=True)
class Cost:
    """A variant against its source, on `pictures` pictures.

    `agreed` is on how many both see the same class first; `change` is by how much, on average, the
    probability of the class that the source sees first differs.
    """

    pictures: int
    agreed: int
    change: float

    @property
    def agreement(self) -> float:
        """The share of pictures on which both see the same class first."""
        return self.agreed / self.pictures

    def figures(self) -> dict[str, float]:
        """As the contract has them."""
        return {
            "top1_agreement": self.agreement,
            "mean_top_probability_change": self.change,
            "evaluated_pictures": self.pictures,
        }


def measure(source: Probabilities, variant: Probabilities) -> Cost:
    """What `variant` costs, from both models' probabilities, float32 [N, classes], N > 0.

    Raises ConversionError where the variant gives anything but finite numbers.
    """
    if not np.isfinite(variant).all():
        raise ConversionError(
            "the variant gives probabilities that are no numbers: its values overflow; nothing "
            "was written"
        )
    rows, first = np.arange(len(source)), source.argmax(axis=1)
    return Cost(
        pictures=len(source),
        agreed=int((variant.argmax(axis=1) == first).sum()),
        change=float(np.abs(variant[rows, first] - source[rows, first]).mean(dtype=np.float64)),
    )


def refuse_a_poor_one(cost: Cost, least: float) -> None:
    """Raise ConversionError, with the figures, where the agreement is less than `least`."""
    if cost.agreement < least:
        raise ConversionError(
            f"the variant sees the same class first as its source on {cost.agreed} of "
            f"{cost.pictures} pictures ({cost.agreement:.3f}), asked for is {least:g} or more; the "
            f"probability of that class changes by {cost.change:.3f} on average; nothing was "
            "written. Give more pictures, of the kind that the model will be asked about, or lower "
            "--least-agreement"
        )


def needed(least: float) -> int:
    """How many pictures can show an agreement of `least`: one miss must leave it at that."""
    return math.ceil(round(1 / (1 - least), 6))


def refuse_too_few(given: int, least: float, *, calibrating: bool) -> None:
    """Raise ConversionError where `given` pictures can't show an agreement of `least`."""
    wanted = needed(least) * (2 if calibrating else 1)
    if given < wanted:
        halves = ", half of them to calibrate on" if calibrating else ""
        raise ConversionError(
            f"there are {given} different pictures; to tell an agreement of {least:g}, {wanted} "
            f"are needed{halves}: add some, or lower --least-agreement"
        )
