"""Which question is whose duplicate, from a dump's links between questions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from converters.importers.dump import Row

DUPLICATE = "3"  # the LinkTypeId


@dataclass(frozen=True)
class Links:
    """The final original of each duplicate, by post id, and what was found on the way."""

    originals: dict[int, int]
    number: int  # of links between duplicates
    second: int  # links to one more original; the first counts
    chained: int  # duplicates of a duplicate
    cycles: int


def read_links(rows: Iterable[Row]) -> Links:
    """The links of kind duplicate; a question linked to itself is none."""
    first: dict[int, int] = {}
    number = second = 0
    for row in rows:
        if row.text("LinkTypeId") != DUPLICATE:
            continue
        number += 1
        duplicate, original = row.number("PostId"), row.number("RelatedPostId")
        if duplicate != original and first.setdefault(duplicate, original) != original:
            second += 1
    originals, cycles = resolve(first)
    chained = sum(first[duplicate] != original for duplicate, original in originals.items())
    return Links(originals, number, second, chained, cycles)


def resolve(links: Mapping[int, int]) -> tuple[dict[int, int], int]:
    """The end of the chain of links from each duplicate, and the number of cycles.

    A cycle ends at its question with the smallest id, the oldest, which so is no duplicate.
    """
    ends: dict[int, int] = {}
    cycles = 0
    for start in links:
        path: dict[int, None] = {}  # an ordered set
        at = start
        while at in links and at not in ends and at not in path:
            path[at] = None
            at = links[at]
        if at in path:
            cycles += 1
            ring = list(path)
            end = min(ring[ring.index(at) :])
        else:
            end = ends.get(at, at)
        ends.update(dict.fromkeys(path, end))
    return {duplicate: end for duplicate, end in ends.items() if duplicate != end}, cycles
