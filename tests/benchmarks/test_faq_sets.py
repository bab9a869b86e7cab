from collections import Counter
from pathlib import Path

from benchmarks import faq_sets
from benchmarks.faq_sets import QuestionSet
from tests import faq_set


def test_a_folder_of_a_set_or_of_sets(folder: Path) -> None:
    for given in (folder, folder.parent):
        (found,) = faq_sets.read([given])
        assert found.name == "tiny"
        assert list(found.entries) == list(faq_set.ENTRIES)
        assert len(found.train) == 4 * len(faq_set.DUPLICATES)
        assert found.no_match == list(faq_set.NO_MATCH)


def test_a_cut_keeps_so_many_of_each_entry(tiny: QuestionSet) -> None:
    cuts = {most: [one.id for one in tiny.cut(most)] for most in (0, 1, 4, None)}
    assert not cuts[0]
    assert set(Counter(one.entry for one in tiny.cut(4)).values()) == {4}
    assert set(cuts[1]) < set(cuts[4]) < set(cuts[None])
    assert len(cuts[None]) == len(tiny.train)
    assert [one.id for one in tiny.cut(1, seed=1)] != cuts[1]


def test_the_digest_follows_the_files(tiny: QuestionSet, folder: Path) -> None:
    before = tiny.digest
    table = folder / "no_match_train.jsonl"
    content = table.read_text(encoding="utf-8")
    table.write_text(content + '{"text": "one more"}\n', encoding="utf-8")
    assert tiny.digest != before
    table.write_text(content, encoding="utf-8")
    assert tiny.digest == before
