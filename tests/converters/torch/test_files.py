"""Which kind of file it is, and files that are none."""

import zipfile
from pathlib import Path

import pytest
import torch

from converters.export import ConversionError
from converters.torch.files import load_network
from tests.converters.torch import saved
from tests.converters.torch.networks import Small


def test_torchscript(tmp_path: Path) -> None:
    network, is_program = load_network(saved.script(tmp_path))
    assert not is_program
    assert not network.training
    torch.testing.assert_close(network(saved.EXAMPLE), Small().eval()(saved.EXAMPLE))


def test_torch_export(tmp_path: Path) -> None:
    program, is_program = load_network(saved.program(tmp_path))
    assert is_program
    torch.testing.assert_close(program.module()(saved.EXAMPLE), Small().eval()(saved.EXAMPLE))


@pytest.mark.parametrize("whole", [False, True])
def test_weights_and_pickled_networks_are_told_apart(whole: bool, tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save(Small() if whole else Small().state_dict(), path)
    with pytest.raises(ConversionError, match=r"holds weights alone, .* give the weights with"):
        load_network(path)


def test_other_and_damaged_files(tmp_path: Path) -> None:
    scripted = saved.script(tmp_path)
    other = tmp_path / "network.h5"
    other.write_bytes(b"\x89HDF")
    with pytest.raises(ConversionError, match=r"network\.h5 is no TorchScript file"):
        load_network(other)
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("network/constants.pkl", b"")
    with pytest.raises(ConversionError, match=r"network\.h5 can't be loaded: "):
        load_network(other)
    scripted.write_bytes(scripted.read_bytes()[:500])
    with pytest.raises(ConversionError, match=r"script\.pt is no TorchScript file"):
        load_network(scripted)
