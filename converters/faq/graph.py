"""The trained FAQ model as ONNX, by skl2onnx and a converter of ours that keeps it sparse.

skl2onnx turns TF-IDF into dense rows, as wide as the vocabulary. Here a question is the few terms
that it has: their weights are gathered, and the rows of coefficients that belong to them.
"""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.algebra.onnx_ops import (
    OnnxAdd,
    OnnxCast,
    OnnxConcat,
    OnnxDiv,
    OnnxGather,
    OnnxLog,
    OnnxMatMul,
    OnnxMax,
    OnnxMin,
    OnnxMul,
    OnnxReduceL2,
    OnnxReduceLogSumExp,
    OnnxSigmoid,
    OnnxSoftmax,
    OnnxSqueeze,
    OnnxSub,
    OnnxTopK,
    OnnxUnsqueeze,
)
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType

from converters.export import ConversionError
from converters.faq.model import MOST, FaqClassifier

OPSET = 18


def to_onnx(model: FaqClassifier) -> onnx.ModelProto:
    """The graph: `indices` int64 [N, T], `counts` float32 [N, T] to `probabilities` [N, entries].

    Padding is the index after the last term with the count 0. Raises ConversionError for another
    norm than "l2", and for terms without idf.
    """
    tfidf = model.pipeline[1]
    if tfidf.norm != "l2" or not tfidf.use_idf:
        raise ConversionError(
            f"TF-IDF with norm={tfidf.norm!r} and use_idf={tfidf.use_idf} can't be converted; "
            "use norm='l2' and use_idf=True"
        )
    update_registered_converter(
        FaqClassifier, "RtscoreFaqClassifier", _shapes, _convert, overwrite=True
    )
    graph: onnx.ModelProto = convert_sklearn(
        model,
        "faq",
        initial_types=[
            ("indices", Int64TensorType([None, None])),
            ("counts", FloatTensorType([None, None])),
        ],
        final_types=[("probabilities", FloatTensorType([None, len(model.intercepts)]))],
        target_opset=OPSET,
    )
    return graph


def _shapes(operator: Any) -> None:
    entries = len(operator.raw_operator.intercepts)
    operator.outputs[0].type = FloatTensorType([None, entries])


def _convert(scope: Any, operator: Any, container: Any) -> None:
    model: FaqClassifier = operator.raw_operator
    indices, counts = operator.inputs
    logits = _logits(indices, counts, model)
    made = _probabilities(logits, model, operator.outputs[:1])
    made.add_to(scope, container)


def _logits(indices: Any, counts: Any, model: FaqClassifier) -> Any:
    opv = {"op_version": OPSET}
    one = np.ones(1, np.float32)
    idf = np.append(model.idf, 0).astype(np.float32)
    coefficients = np.pad(model.coefficients, ((0, 1), (0, 0))).astype(np.float32)
    frequency = counts
    if model.pipeline[1].sublinear_tf:  # 1 + log(count), and 0 for a count of 0
        frequency = OnnxAdd(
            OnnxLog(OnnxMax(counts, one, **opv), **opv), OnnxMin(counts, one, **opv), **opv
        )
    weighted = OnnxMul(frequency, OnnxGather(idf, indices, **opv), **opv)
    # A question without a known term has the norm 0.
    norm = OnnxMax(
        OnnxReduceL2(weighted, np.array([1]), keepdims=1, **opv),
        np.array([1e-30], np.float32),
        **opv,
    )
    row = OnnxUnsqueeze(OnnxDiv(weighted, norm, **opv), np.array([1]), **opv)  # [N, 1, T]
    product = OnnxMatMul(row, OnnxGather(coefficients, indices, **opv), **opv)  # [N, 1, entries]
    summed = OnnxSqueeze(product, np.array([1]), **opv)
    return OnnxAdd(summed, model.intercepts.astype(np.float32), **opv)


def _probabilities(logits: Any, model: FaqClassifier, outputs: Any) -> Any:
    opv = {"op_version": OPSET}
    calibration = model.calibration
    # Terms of the gate can be large and cancel each other, which float32 does not survive.
    exact = OnnxCast(logits, to=TensorProto.DOUBLE, **opv)
    scaled = OnnxDiv(exact, np.array([calibration.temperature]), **opv)
    top = OnnxTopK(exact, np.array([2]), **opv)[0]
    best = OnnxGather(top, np.array([0]), axis=1, **opv)
    lead = OnnxSub(best, OnnxGather(top, np.array([1]), axis=1, **opv), **opv)
    mass = OnnxReduceLogSumExp(scaled, np.array([1]), keepdims=1, **opv)
    known = OnnxConcat(best, lead, mass, axis=1, **opv)
    weighed = OnnxMatMul(known, calibration.weights[:, np.newaxis], **opv)
    gate = OnnxAdd(weighed, np.array([calibration.bias]), **opv)
    answered = OnnxMul(OnnxSigmoid(gate, **opv), np.array([MOST]), **opv)
    probabilities = OnnxMul(answered, OnnxSoftmax(scaled, axis=1, **opv), **opv)
    return OnnxCast(probabilities, to=TensorProto.FLOAT, output_names=outputs, **opv)
