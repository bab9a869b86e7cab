from converters.classify.meanings import MEANINGS


def test_no_two_are_called_the_same() -> None:
    assert len({meaning.label for meaning in MEANINGS.values()}) == len(MEANINGS)


def test_times_are_not_shares() -> None:
    assert MEANINGS["run_ms"].shown(12.3456) == "12.346"
    assert MEANINGS["top_1"].shown(0.8875) == "88.8 %"
