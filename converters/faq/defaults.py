"""The calibration where a FAQ has too few duplicates to calibrate on: that of other sets.

Fitted as `calibrate` does it, together on the training files of three sets (askubuntu, stackfaq and
JavaScript) by models that had only their entries. It can't know how hard a set is: its calibration
error there is .11 to .20, and .07 to .09 with an encoder.
"""

import numpy as np

from converters.faq.model import Calibration, Size
from converters.faq.semantic import MOST_TEXTS

_MARGINS = Calibration(0.0384, np.array([11.862, 3.95, -0.562, 0.247]), -2.85), 0.95
_CENTROIDS = Calibration(0.0291, np.array([17.95, 0.18, -0.871, 0.643]), 2.923), 0.93
_KERNEL = Calibration(0.0153, np.array([30.819, 13.693, -0.44, -0.031]), -0.593), 0.8
_KERNEL_CENTROIDS = Calibration(0.0148, np.array([28.899, 12.182, -0.475, 0.108]), 0.073), 0.82


def default(size: Size, encoder: bool) -> tuple[Calibration, float]:
    """A calibration for a model without duplicates, with an `encoder` or not, and a threshold.

    At the threshold "matched" was right in 95 % of the three sets' questions.
    """
    if encoder:
        return _KERNEL if size.texts <= MOST_TEXTS else _KERNEL_CENTROIDS
    return _MARGINS if size.trainable else _CENTROIDS
