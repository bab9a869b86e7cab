from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converters.export import ConversionError
from converters.importers.dump import Row
from converters.importers.links import Links, read_links, resolve


def rows(*links: tuple[int, int] | tuple[int, int, int]) -> list[Row]:
    return [
        Row(
            Path("PostLinks.xml"),
            line,
            {
                "PostId": str(link[0]),
                "RelatedPostId": str(link[1]),
                "LinkTypeId": str(link[2] if len(link) == 3 else 3),
            },
        )
        for line, link in enumerate(links, start=1)
    ]


def test_kinds_of_links() -> None:
    assert read_links(rows((2, 1), (3, 1, 1), (4, 4), (5, 1))) == Links({2: 1, 5: 1}, 3, 0, 0, 0)


def test_the_first_original_counts() -> None:
    assert read_links(rows((2, 1), (2, 3), (2, 1))) == Links({2: 1}, 3, 1, 0, 0)


def test_chains_lead_to_the_last_original() -> None:
    links = read_links(rows((4, 3), (3, 2), (2, 1), (5, 3)))
    assert links == Links({2: 1, 3: 1, 4: 1, 5: 1}, 4, 0, 3, 0)


def test_circles_end_at_the_oldest_question() -> None:
    links = read_links(rows((3, 2), (2, 4), (4, 3), (9, 4), (6, 7), (7, 6)))
    assert links.originals == {3: 2, 4: 2, 9: 2, 7: 6}
    assert links.cycles == 2


def test_a_long_chain() -> None:
    ends, cycles = resolve({number: number - 1 for number in range(200_000, 0, -1)})
    assert set(ends.values()) == {0}
    assert cycles == 0


@given(st.dictionaries(st.integers(0, 12), st.integers(0, 12)))
def test_an_original_is_nobody_s_duplicate(links: dict[int, int]) -> None:
    links = {one: other for one, other in links.items() if one != other}
    ends, cycles = resolve(links)
    assert not set(ends) & set(ends.values())
    assert set(links) - set(ends) <= set(ends.values())  # only a circle's end is no duplicate
    assert len(set(links) - set(ends)) == cycles
    for duplicate, end in ends.items():
        reached, at = {duplicate}, duplicate
        while at in links and links[at] not in reached:
            at = links[at]
            reached.add(at)
        assert end in reached
        assert end == at or links[at] in reached


def test_a_link_without_a_number() -> None:
    row = Row(Path("PostLinks.xml"), 7, {"LinkTypeId": "3", "PostId": "x1", "RelatedPostId": "2"})
    with pytest.raises(ConversionError, match=r"PostLinks\.xml:7: a row has no number, but 'x1',"):
        read_links([row])
    with pytest.raises(ConversionError, match=r"PostLinks\.xml:7: a row lacks PostId"):
        read_links([Row(Path("PostLinks.xml"), 7, {"LinkTypeId": "3"})])
