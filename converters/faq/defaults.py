"""The calibration where a FAQ has too few duplicates to calibrate on: that of other sets.

Fitted as `calibrate` does it, together on the training files of three sets (askubuntu, stackfaq and
JavaScript) by models that had only their entries: `python -m benchmarks.faq_defaults`. It can't
know how hard a set is: its calibration error there is .09 to .17, and .06 to .12 with an encoder.
"""

import numpy as np

from converters.faq.model import Calibration, Size
from converters.faq.semantic import MOST_TEXTS

_MARGINS = Calibration(0.0679, np.array([13.94, 6.387, -0.569, -0.494]), 1.855), 0.93
_CENTROIDS = Calibration(0.0351, np.array([13.659, 10.484, -0.874, 0.359]), 2.934), 0.96
_KERNEL = Calibration(0.0129, np.array([27.378, 16.73, -0.354, 0.039]), -0.447), 0.83
_KERNEL_CENTROIDS = Calibration(0.0168, np.array([26.87, 18.348, -0.484, -0.018]), -0.162), 0.85


def default(size: Size, encoder: bool) -> tuple[Calibration, float]:
    """A calibration for a model without duplicates, with an `encoder` or not, and a threshold.

    At the threshold "matched" was right in 95 % of the three sets' questions.
    """
    if encoder:
        return _KERNEL if size.texts <= MOST_TEXTS else _KERNEL_CENTROIDS
    return _MARGINS if size.trainable else _CENTROIDS
