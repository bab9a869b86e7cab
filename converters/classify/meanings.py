"""What each figure of an image model is called and what it means: the one place that says so."""

from converters.report.meaning import Meaning

MEANINGS = {
    "top_1": Meaning("Top-1", "the right class comes first"),
    "top_5": Meaning("Top-5", "the right class is among the first five"),
    "right_probability": Meaning(
        "Probability of the right class", "mean probability of the right class", "number"
    ),
    "ece": Meaning(
        "Calibration error", "expected calibration error of the first class; 0 is best", "number"
    ),
    "decode_ms": Meaning(
        "Decoding, ms", "mean time from a file's bytes to pixels, one picture at a time", "number"
    ),
    "run_ms": Meaning(
        "Network, ms", "mean time of the network, one picture at a time on every core", "number"
    ),
    "pictures": Meaning("Pictures", "pictures looked at", "count"),
    "unreadable": Meaning("Unreadable", "pictures left out, which can't be decoded", "count"),
}
