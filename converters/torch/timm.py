"""What timm notes at its networks of how they were trained to take pixels."""

from typing import Any

from torch import nn

from converters.image.preprocessing import Channels, Preprocessing


def noted_preprocessing(network: nn.Module) -> Preprocessing | None:
    """The preprocessing in `pretrained_cfg`; None for a network without one."""
    noted = getattr(network, "pretrained_cfg", None)
    if not isinstance(noted, dict) or not {"mean", "std", "input_size"} <= noted.keys():
        return None
    _, height, width = noted["input_size"]
    resample = noted.get("interpolation")
    return Preprocessing(
        height=height,
        width=width,
        mean=_of_bytes(noted["mean"]),
        std=_of_bytes(noted["std"]),
        crop=noted.get("crop_pct") or 0.875,
        resample="bilinear" if resample == "bilinear" else "bicubic",
    )


def _of_bytes(values: Any) -> Channels:
    red, green, blue = (255 * float(value) for value in values)
    return red, green, blue
