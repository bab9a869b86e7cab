from converters.report.section import SHOWN, Cell, Section, chance, count, short


def test_a_long_list_is_cut_and_counted() -> None:
    made = Section.of("x", "X", range(1000), lambda value: [count(value)], "", "", ("Number",))
    assert made.total == 1000
    assert len(made.rows) == SHOWN
    assert made.rows[-1] == [Cell(str(SHOWN - 1), number=True)]


def test_cells() -> None:
    assert count(12345).text == "12,345"
    assert chance(0.98765).text == "98.8 %"
    assert short("x" * 240) == "x" * 240
    assert short("x" * 241) == "x" * 239 + "…"
