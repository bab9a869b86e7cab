import numpy as np

from converters.faq.figures import Outcomes, figures
from converters.faq.meanings import MEANINGS


def test_every_figure_has_a_meaning_and_no_other() -> None:
    outcomes = Outcomes(np.array([1, 2, 0]), np.array([0.9, 0.4, 0.2]))
    assert set(figures(outcomes, 0.5)) == set(MEANINGS)


def test_no_two_are_called_the_same() -> None:
    assert len({meaning.label for meaning in MEANINGS.values()}) == len(MEANINGS)
