"""Draw test questions: the same ones for the same seed, whatever the order of the file."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import TypeVar

T = TypeVar("T")


def rank(seed: int, text: str) -> bytes:
    """What to sort texts by to draw some of them at random."""
    content = f"{seed} {text}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=16).digest()


def split(
    records: Sequence[T], texts: Sequence[str], groups: Sequence[Hashable], share: float, seed: int
) -> tuple[list[T], list[T]]:
    """`records` to train on and to test on: of each group `share` for the test, rounded down.

    `texts` and `groups` [n] are those of the records. A group has at least one record in the test,
    and at least one to train on where it has two or more.
    """
    places = defaultdict(list)
    for place, group in enumerate(groups):
        places[group].append(place)
    test: set[int] = set()
    for members in places.values():
        wanted = math.floor(len(members) * share + 1e-9)  # 100 * 0.29 is a little under 29
        number = max(1, min(wanted, len(members) - 1))
        test.update(sorted(members, key=lambda place: rank(seed, texts[place]))[:number])
    return (
        [record for place, record in enumerate(records) if place not in test],
        [record for place, record in enumerate(records) if place in test],
    )
