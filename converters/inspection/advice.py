"""What would make a file servable that rtscore did not write."""

from converters.inspection.graph import Graph, Value

_STARTS = {
    b"PK\x03\x04": "a zip archive: rtscore-convert keras takes .keras files, torch .pt files",
    b"\x89HDF": "an HDF5 file; rtscore-convert keras takes it",
    b"\x80": "a pickle; rtscore-convert sklearn takes pipelines, torch a state_dict",
    b"version https://git-lfs": "a pointer of Git LFS; run: git lfs pull",
}
_COLOURS = 3


def for_bytes(content: bytes) -> str:
    """What a file that is no ONNX file seems to be, and what takes it."""
    for start, what in _STARTS.items():
        if content.startswith(start):
            return f"this is no ONNX file but {what}"
    return "this is no ONNX file, or it was cut; copy it again from where it was made"


def for_graph(graph: Graph) -> str:
    """Why the server does not take an ONNX file that has no contract, and which command helps."""
    return f"it has no rtscore contract. {_command(graph)}"


def _command(graph: Graph) -> str:
    if graph.producer.startswith("skl2onnx") or any(one.type == "string" for one in graph.inputs):
        return (
            "It seems to be a scikit-learn pipeline: convert the pipeline itself with "
            "rtscore-convert sklearn, or train from its questions with rtscore-convert faq"
        )
    if len(graph.inputs) == 1 and _is_picture(graph.inputs[0]):
        return (
            "It seems to take pictures: rtscore-convert onnx puts preprocessing and labels into "
            "it (see rtscore-convert onnx --help)"
        )
    if any(one.name == "input_ids" for one in graph.inputs):
        return (
            "It seems to be a sentence encoder, which is no model by itself: rtscore-convert faq "
            "takes one (see --encoder)"
        )
    return (
        "rtscore serves image classifiers (rtscore-convert onnx) and FAQ matchers (rtscore-convert "
        "faq, sklearn), and this seems to be neither"
    )


def _is_picture(value: Value) -> bool:
    shape = value.shape or ()
    return len(shape) == 4 and _COLOURS in (shape[1], shape[3])
