from pathlib import Path

from converters.faq.data import Duplicate
from converters.importers.dump import Row
from converters.importers.imported import Imported
from converters.importers.links import Links
from converters.importers.posts import Choice, Posts
from server.contract import Entry


def row(**attributes: object) -> Row:
    return Row(Path("Posts.xml"), 1, {name: str(value) for name, value in attributes.items()})


def question(post: int, title: str, **more: object) -> Row:
    return row(Id=post, PostTypeId=1, **{"Title": title, "Score": 1, "Tags": "<js>", **more})


def answer(post: int, to: int, body: str, score: int = 0) -> Row:
    return row(Id=post, PostTypeId=2, ParentId=to, Body=body, Score=score)


POSTS = [
    answer(90, 1, "<p>before it</p>", -3),
    question(1, "Sort?", AcceptedAnswerId=12),
    question(2, " Copy\n it? ", Score=0),
    question(3, "Join?", Tags="|c|js|"),
    question(4, "Parse?", Tags="<json><c>"),
    question(5, "sort it", Score=-9, Tags=""),
    question(6, "join it"),
    question(7, "copy it"),
    question(8, ""),
    row(Id=9, PostTypeId=5, Body="a tag's wiki"),
    answer(11, 1, "<p>popular</p>", 50),
    answer(12, 1, "<p>accepted <code>x</code></p>", 1),
    answer(13, 3, "<p>first</p>", 2),
    answer(14, 3, "<p>best</p>", 3),
    answer(15, 3, "<p>as good</p>", 3),
    *(question(post, f"other {post}", Score=post % 2) for post in range(20, 60)),
]
LINKS = Links({5: 1, 8: 1, 6: 3, 7: 2, 70: 4, 71: 99}, 6, 0, 0, 0)


def imported(choice: Choice, posts: list[Row] = POSTS) -> Imported:
    reader = Posts(choice, LINKS)
    reader.take_originals(posts)
    reader.take_duplicates_and_answers(posts)
    return reader.imported()


def test_originals_by_score_and_what_belongs_to_them() -> None:
    found = imported(Choice())
    assert found.entries == [
        Entry(id="1", question="Sort?", answer="accepted `x`"),
        Entry(id="3", question="Join?", answer="best"),
        Entry(id="4", question="Parse?", answer=None),
    ]
    assert found.duplicates == [Duplicate("sort it", 0), Duplicate("join it", 1)]
    assert [one.id for one in found.duplicates] == ["5", "6"]
    assert (found.test, found.no_match, found.orphans) == ([], [], [])
    assert [(step.name, step.count, step.left, step.examples) for step in found.report] == [
        ("not in Posts.xml", 1, 4, ()),
        ("score too low", 1, 3, (" Copy it?".strip(),)),
        ("without an answer: kept", 1, 3, ("Parse?",)),
        ("absent, or of originals left out", 4, 2, ()),
    ]


def test_the_order_of_the_posts_does_not_matter() -> None:
    forwards, backwards = imported(Choice(no_match=5)), imported(Choice(no_match=5), POSTS[::-1])
    assert forwards.entries[0] == backwards.entries[0]
    assert forwards.duplicates == backwards.duplicates
    assert forwards.no_match == backwards.no_match


def test_tags_in_both_forms() -> None:
    assert [entry.id for entry in imported(Choice(("c",))).entries] == ["3", "4"]
    assert [entry.id for entry in imported(Choice(("json", "js"), 0)).entries] == list("1234")
    assert imported(Choice(("j",))).entries == []
    report = {step.name: step for step in imported(Choice(("c",))).report}
    assert report["without the tags"].count == 2
    assert report["without the tags"].option == "--tag c"


def test_answered() -> None:
    found = imported(Choice(answered=True))
    assert [entry.id for entry in found.entries] == ["1", "3"]
    assert "without an answer: dropped" in {step.name for step in found.report}


def test_no_match() -> None:
    found = imported(Choice(no_match=7, seed=1)).no_match
    assert len(set(found)) == 7
    assert all(text.startswith("other ") and int(text[6:]) % 2 for text in found)
    assert found == imported(Choice(no_match=7, seed=1)).no_match
    assert found != imported(Choice(no_match=7, seed=2)).no_match
    assert len(imported(Choice(no_match=500)).no_match) == 20  # all there are


BODY = """<blockquote><p><b>Possible Duplicate:</b><br><a href="x">The answer</a></p></blockquote>
<p>I have &lt;b&gt; &amp;amp; more</p><pre><code>let x</code></pre>"""


def test_bodies() -> None:
    posts = [question(1, "Sort?", Body="<p>How"), question(5, "sort it", Body=BODY)]
    found = imported(Choice(body=True), posts)
    assert found.entries[0].question == "Sort?\nHow"
    assert found.duplicates[0].text == "sort it\nI have <b> &amp; more"
    code = imported(Choice(body=True, code=True), posts).duplicates[0].text
    assert code == "sort it\nI have <b> &amp; more\nlet x"
    assert imported(Choice(body=True), [question(1, "Sort?")]).entries[0].question == "Sort?"
