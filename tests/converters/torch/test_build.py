"""Networks by the name of their code."""

import sys
from pathlib import Path
from typing import Any

import pytest

from converters.export import ConversionError
from converters.torch.build import build, keywords
from tests.converters.torch import networks

HERE = "tests.converters.torch.networks"


def test_a_class_a_function_and_an_instance() -> None:
    assert isinstance(build(f"{HERE}:Small", {}), networks.Small)
    made = build(f"{HERE}:small", {"width": 4})
    assert isinstance(made, networks.Small)
    assert made.fc.in_features == 4
    assert isinstance(build(f"{HERE}:INSTANCE", {}), networks.Small)


def test_modules_of_the_working_directory_come_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = f"from {HERE} import Small as mine\nraise_at_import = False\n"
    (tmp_path / "only_in_this_folder.py").write_text(code)
    (tmp_path / "json.py").write_text("raise RuntimeError")
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    assert isinstance(build("only_in_this_folder:mine", {}), networks.Small)
    with pytest.raises(ConversionError, match="is a dict, no network"):
        build("json:__dict__", {})
    assert sys.path == before


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("networks", {}, "--module networks: expected is package.module:attribute"),
        ("networks:", {}, "expected is package.module:attribute"),
        ("no_such.module:Net", {}, "there is no module 'no_such' here; install what"),
        (f"{HERE}:Nothing", {}, f"{HERE} has no Nothing"),
        (f"{HERE}:Small.Nothing", {}, f"{HERE} has no Small.Nothing"),
        (f"{HERE}:CONSTANT", {}, "is a int, no network or function"),
        (f"{HERE}:number", {}, "number makes a int, no torch.nn.Module"),
        (f"{HERE}:INSTANCE", {"width": 3}, "is a finished network and takes no --arg"),
        (f"{HERE}:failing", {"depth": 7}, r"failing\(depth=7\) fails: ValueError: no depth 7"),
        (f"{HERE}:Small", {"deep": "7"}, r"Small\(deep='7'\) fails: TypeError: .*'deep'"),
    ],
)
def test_what_can_not_be_built(name: str, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ConversionError, match=said):
        build(name, arguments)


def test_a_module_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_module.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConversionError, match="importing broken_module fails: ZeroDivisionError"):
        build("broken_module:Net", {})


def test_arguments_are_pythons_literals_or_text() -> None:
    given = ["depth=50", "rate=0.5", "shape=(1, 2)", "flag=True", "name=resnet", "text='5'", "a="]
    assert keywords(given) == {
        "depth": 50,
        "rate": 0.5,
        "shape": (1, 2),
        "flag": True,
        "name": "resnet",
        "text": "5",
        "a": "",
    }
    for wrong in ("depth", "=5", "a-b=5"):
        with pytest.raises(ConversionError, match="expected is name=value"):
            keywords([wrong])
