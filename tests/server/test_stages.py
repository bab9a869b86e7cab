"""The stop-watch of a call."""

from time import sleep

import pytest

from server.stages import STAGES, Stages


def test_the_stages_are_those_of_a_call_in_their_order() -> None:
    assert STAGES == ("decode", "queue", "infer", "encode")


def test_it_times_a_block_and_knows_nothing_of_others() -> None:
    stages = Stages()
    assert stages.seconds == {}
    with stages.timed("infer"):
        sleep(0.02)
    assert list(stages.seconds) == ["infer"]
    assert 0.02 <= stages.seconds["infer"] < 1


def test_a_block_that_fails_is_timed_too() -> None:
    stages = Stages()
    with pytest.raises(ValueError, match="no"), stages.timed("decode"):
        raise ValueError("no")
    assert "decode" in stages.seconds


def test_what_comes_in_parts_is_added_up() -> None:
    stages = Stages()
    stages.add("decode", 0.25)
    with stages.timed("decode"):
        pass
    stages.add("decode", 0.5)
    assert 0.75 <= stages.seconds["decode"] < 1
