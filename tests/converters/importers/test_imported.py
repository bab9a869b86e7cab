from converters.importers.imported import Imported
from server.contract import Entry


def test_what_a_source_lacks_is_empty() -> None:
    entries = [Entry(id="a", question="A?")]
    assert Imported(entries) == Imported(entries, [], [], [], [], ())
    assert Imported(entries).test is not Imported(entries).test
