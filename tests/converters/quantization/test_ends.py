from onnx import helper

from converters.quantization.ends import ends
from converters.quantization.prepare import prepared
from tests.converters.quantization import small


def test_what_lies_before_the_first_layer_and_after_the_last() -> None:
    found = ends(prepared(small.graph()).graph)
    assert found == ["channels_first", "float", "centred", "normalised", "probabilities"]


def test_a_side_branch_without_layers_does_not_make_its_neighbours_ends() -> None:
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], name="before"),
        helper.make_node("Conv", ["a", "w"], ["b"], name="layer"),
        helper.make_node("Add", ["b", "a"], ["c"], name="between"),
        helper.make_node("Conv", ["c", "w"], ["d"], name="last"),
        helper.make_node("Add", ["d", "c"], ["e"], name="after"),
    ]
    assert ends(helper.make_graph(nodes, "g", [], [])) == ["before", "after"]


def test_without_a_layer_all_are_ends() -> None:
    nodes = [helper.make_node("Relu", ["x"], ["a"], name="only")]
    assert ends(helper.make_graph(nodes, "g", [], [])) == ["only"]
