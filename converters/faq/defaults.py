"""The calibration where a FAQ has too few duplicates to calibrate on: that of other sets.

Fitted as `calibrate` does it, together on the training files of three sets (askubuntu, stackfaq and
JavaScript) by models that had only their entries: `python -m benchmarks.faq_defaults`. It can't
know how hard a set is: its calibration error there is .09 to .16, and .07 to .13 with an encoder.
"""

import numpy as np

from converters.faq.model import Calibration, Size
from converters.faq.semantic import MOST_TEXTS

_MARGINS = Calibration(0.0679, np.array([14.061, 6.534, -0.56, -0.519]), 1.895), 0.93
_CENTROIDS = Calibration(0.0351, np.array([13.545, 10.493, -0.86, 0.352]), 2.775), 0.96
_KERNEL = Calibration(0.0129, np.array([27.651, 17.995, -0.345, 0.01]), -0.626), 0.81
_KERNEL_CENTROIDS = Calibration(0.0168, np.array([27.013, 19.122, -0.472, -0.043]), -0.376), 0.84


def default(size: Size, encoder: bool) -> tuple[Calibration, float]:
    """A calibration for a model without duplicates, with an `encoder` or not, and a threshold.

    At the threshold "matched" was right in 95 % of the three sets' questions.
    """
    if encoder:
        return _KERNEL if size.texts <= MOST_TEXTS else _KERNEL_CENTROIDS
    return _MARGINS if size.trainable else _CENTROIDS
