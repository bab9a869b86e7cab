import numpy as np
import onnx
import pytest

from converters.image.batch_axis import free, keeper
from tests.converters.image import nets

ROWS = np.random.default_rng(0).normal(size=(4, 3, nets.SIDE, nets.SIDE)).astype(np.float32)


def _with_free_input(model: onnx.ModelProto) -> onnx.ModelProto:
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "N"
    del model.graph.value_info[:]
    return model


@pytest.mark.parametrize(("batch", "shape"), [(1, (1, 8)), (1, (1, -1)), (2, (2, 8))])
def test_a_baked_number_of_pictures_is_taken_out(batch: int, shape: tuple[int, ...]) -> None:
    model = nets.network(batch=f"{batch}", shape=shape)
    expected = np.concatenate([nets.run(model, part) for part in np.split(ROWS, 4 // batch)])
    model.graph.node[3].name = "flatten"
    assert free(model.graph, batch) == ["flatten"]
    np.testing.assert_allclose(nets.run(_with_free_input(model), ROWS), expected, atol=1e-5)


def test_a_shape_in_a_constant_node_too() -> None:
    model = nets.network("k = Constant<value_ints = [1, 5]>() y = Reshape(s, k)", batch="1")
    constant = next(node for node in model.graph.node if node.op_type == "Constant")
    constant.CopyFrom(
        onnx.helper.make_node(
            "Constant", [], ["k"], value=onnx.numpy_helper.from_array(np.array([1, 5]))
        )
    )
    assert free(model.graph, 1) == ["y"]
    assert nets.run(_with_free_input(model), ROWS).shape == (4, 5)


@pytest.mark.parametrize("shape", [(0, 8), (-1, 8)])
def test_what_is_free_stays(shape: tuple[int, ...]) -> None:
    model = nets.network(shape=shape)
    before = model.SerializeToString()
    assert free(model.graph, 1) == []
    assert model.SerializeToString() == before


def test_the_old_constant_is_left_to_others() -> None:
    model = nets.network("g = Gather(shape, shape) y = Identity(s)", batch="1", shape=(1, 8))
    free(model.graph, 1)
    kept = {one.name: onnx.numpy_helper.to_array(one) for one in model.graph.initializer}
    assert list(kept["shape"]) == [1, 8]


def test_what_keeps_a_number_of_pictures_is_named() -> None:
    ending = "e = Expand(bias, one) k = Concat<axis = 1>(s, e) y = Identity(k)"
    model = _with_free_input(nets.network(batch="1", shape=(-1, 8)))
    assert keeper(model) == ""
    model = _with_free_input(nets.network(ending, batch="1", shape=(-1, 8), output="10"))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1, 5]), "one"))
    model.graph.node[-2].name = "joined"
    assert keeper(model) == "Concat joined"
