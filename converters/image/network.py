"""The source's network, asked about pictures: what the served graph is held to."""

from dataclasses import dataclass

import numpy as np

from converters.export import ConversionError
from converters.image.inputs import Input
from converters.image.preprocessing import Preprocessing
from converters.image.source import Floats, Pictures, Source

_ALONE = 1e-3  # between a picture alone and in a batch, for scores as large as 1
_INPUT = 1e-4


@dataclass(frozen=True)
class Network:
    """A source with the preprocessing that was chosen for it."""

    source: Source
    entry: Input
    preprocessing: Preprocessing

    def ask(self, pictures: Pictures) -> Floats:
        """What the source gives, float32 [N, classes], for RGB pictures, uint8 [N, H, W, 3].

        Raises ConversionError where its framework's own preprocessing differs from ours.
        """
        found = self.source.predict(self._inputs(pictures))
        return np.asarray(found.reshape(len(pictures), -1), np.float32)

    def refuse_neighbours(self, pictures: Pictures, outputs: Floats) -> None:
        """Raise ConversionError where the first picture's answer is not its `outputs` if alone."""
        alone = self.ask(pictures[:1])
        difference = float(np.abs(alone - outputs[:1]).max())
        if not difference <= _ALONE * max(1.0, float(np.abs(alone).max())):
            raise ConversionError(
                f"a picture's answer depends on its neighbours in the batch (by {difference:.2g}): "
                "export the network for inference, not for training"
            )

    def _inputs(self, pictures: Pictures) -> Floats:
        ours = self.preprocessing.apply(pictures)
        if self.entry.layout == "nchw":
            ours = np.ascontiguousarray(ours.transpose(0, 3, 1, 2))
        if self.source.preprocess is None or not self._is_the_sources_own():
            return ours
        theirs = self.source.preprocess(pictures)
        if theirs.shape != ours.shape:
            raise ConversionError(
                f"the source's own preprocessing gives {theirs.shape}, the graph takes {ours.shape}"
            )
        difference = float(np.abs(theirs - ours).max())
        if not difference <= _INPUT * max(1.0, float(np.abs(theirs).max())):
            raise ConversionError(
                "the source's own preprocessing gives other numbers than "
                f"{self.preprocessing} (by up to {difference:.3g}); give --preprocessing"
            )
        return theirs

    def _is_the_sources_own(self) -> bool:
        own, chosen = self.source.preprocessing, self.preprocessing
        return own is None or (own.mean, own.std, own.bgr) == (chosen.mean, chosen.std, chosen.bgr)
