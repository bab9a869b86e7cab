"""Stack Exchange dumps: questions with a score, and those that were closed as their duplicates.

`Posts.xml` is read twice, since an original's tags and score decide on duplicates and answers that
may stand before it.
"""

import argparse
from dataclasses import fields
from pathlib import Path

from converters.arguments import count
from converters.export import ConversionError
from converters.faq.steps import Step
from converters.importers.dump import rows
from converters.importers.imported import Imported
from converters.importers.links import Links, read_links
from converters.importers.posts import Choice, Posts

HELP = "A Stack Exchange dump: questions with a score, and those closed as their duplicates."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the files and which questions to take."""
    parser.add_argument("--posts", type=Path, required=True, metavar="Posts.xml")
    parser.add_argument("--links", type=Path, required=True, metavar="PostLinks.xml")
    parser.add_argument(
        "--tag", nargs="+", default=(), help="originals with one of these tags (default: all)"
    )
    parser.add_argument(
        "--min-score",
        type=int,
        default=1,
        metavar="N",
        help="originals with a score of N or more (default: 1)",
    )
    parser.add_argument(
        "--no-match",
        type=count,
        default=0,
        metavar="N",
        help="also N such questions without any duplicate, drawn by --seed, as questions that no "
        "entry answers",
    )
    switches = (
        ("--body", "a question is its title and its body, not its title alone"),
        ("--code", "with --body: keep blocks of code, which are left out otherwise"),
        ("--answered", "leave originals without an answer out"),
    )
    for flag, meaning in switches:
        parser.add_argument(flag, action="store_true", help=meaning)


def read(arguments: argparse.Namespace) -> Imported:
    """The dump's FAQ; raises ConversionError."""
    links = read_links(rows(arguments.links, "postlinks", "links"))
    if not links.originals:
        raise ConversionError(f"{arguments.links}: there is no link between duplicates in it")
    choice = Choice(**{field.name: getattr(arguments, field.name) for field in fields(Choice)})
    posts = Posts(choice, links)
    posts.take_originals(rows(arguments.posts, "posts", "originals"))
    if len(posts.originals) < 2:
        raise ConversionError(
            f"{arguments.posts}: {len(posts.originals)} originals are such as --tag and "
            "--min-score ask for, and a FAQ needs two; ask for less"
        )
    posts.take_duplicates_and_answers(rows(arguments.posts, "posts", "duplicates and answers"))
    return posts.imported(_steps(links))


def _steps(links: Links) -> tuple[Step, ...]:
    number = len(links.originals)
    return (
        Step("to one more original: left out", "links", links.second, links.number - links.second),
        Step("of a duplicate: given to its last original", "duplicates", links.chained, number),
        Step("in a circle: given to its oldest question", "circles", links.cycles, number),
    )
